//! Devices on Modbus, with the real binary: pymodbus plays them, over TCP and over a pair of pseudo-terminals whose line can
//! be bad.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    thread::sleep,
    time::Duration,
};
use support::{House, free_port, programs::python, wait_until};

const COIL: u8 = 1;
const DISCRETE: u8 = 2;
const REGISTER: u8 = 3;
const INPUT: u8 = 4;

/// What plays the devices.
struct Devices {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The serial port that leads to them, if one does.
    port: PathBuf,
}

impl Devices {
    fn start(what: &Value) -> Devices {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modbus/devices.py");
        let mut process = python("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let mut devices = Devices { process, input, output, port: PathBuf::new() };
        let said = devices.said(what);
        devices.port = said["port"].as_str().unwrap_or_default().into();
        devices
    }

    fn on_a_line(units: &[u8]) -> Devices {
        Devices::start(&json!({ "units": units }))
    }

    fn said(&mut self, what: &Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{what}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{what}: {line}"))
    }

    fn set(&mut self, unit: u8, function: u8, address: u16, values: &[u16]) {
        let values = match function {
            COIL | DISCRETE => json!(values.iter().map(|value| *value != 0).collect::<Vec<_>>()),
            _ => json!(values),
        };
        self.said(&json!({ "do": "set", "unit": unit, "function": function, "address": address, "values": values }));
    }

    fn get(&mut self, unit: u8, function: u8, address: u16) -> u64 {
        let what = json!({ "do": "get", "unit": unit, "function": function, "address": address, "count": 1 });
        self.said(&what)["answer"][0].as_u64().unwrap()
    }

    fn wait_for(&mut self, unit: u8, function: u8, address: u16, value: u64) {
        let what = format!("{address} of unit {unit} is {value}");
        wait_until(&what, || self.get(unit, function, address) == value);
    }

    /// What happens to the next answers.
    fn line(&mut self, fault: &str, times: u32, delay: f64) {
        self.said(&json!({ "do": "line", "fault": fault, "times": times, "delay": delay }));
    }

    fn wait_until_faults_are_over(&mut self) {
        wait_until("all faults of the line are over", || self.said(&json!({ "do": "faults" }))["answer"] == 0);
    }

    fn units(&mut self, what: &str, units: &[u8]) {
        self.said(&json!({ "do": what, "units": units }));
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

fn hut(text: &str) -> House {
    House::new(&format!("[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n{text}"))
}

/// A bus whose outputs are single bits or registers.
fn outputs(port: &Path, of_bus: &str, outputs: &[(&str, u8, &str)]) -> String {
    let bus = format!("[modbus.rs485]\nport = \"{}\"\npoll = \"50ms\"\n{of_bus}\n", port.display());
    outputs.iter().fold(bus, |text, (name, unit, place)| {
        format!("{text}[outputs.{name}]\nkind = \"switch\"\nmodbus = \"rs485/{unit}\"\n{place}\n")
    })
}

/// `hearthd safe`, as systemd runs it after the daemon; whether all were left safe, and what it said.
fn make_safe(house: &House) -> (bool, String) {
    let state = house.folder.path().join("state");
    let output = house.console(&["safe", "--state", state.to_str().unwrap()]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn waits(house: &House, point: &str, value: &str) {
    wait_until(&format!("{point} is {value}"), || house.value(point) == value);
}

/// The number that a point has, if it has one.
fn number(house: &House, point: &str) -> Option<f64> {
    house.value(point).split(' ').next()?.parse().ok()
}

/// Whether a point is in fault, and what for.
fn fault(house: &House, point: &str) -> String {
    let why: Value = serde_json::from_str(&house.ask(&["why", point, "--json"])).unwrap();
    match why["point"]["quality"].as_str() {
        Some("fault") => why["point"]["fault"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn waits_for_fault(house: &House, point: &str, text: &str) {
    wait_until(&format!("{point} is in fault: {text}"), || fault(house, point).contains(text));
}

/// A bus, with everything that can be on one.
fn everything(bus: &str) -> String {
    format!(
        "[modbus.rs485]\n{bus}\npoll = \"50ms\"\ntimeout = \"300ms\"\n\
         [sensors.meter]\nmodbus = \"rs485/1\"\nprofile = \"sdm120\"\nquantities = [\"voltage\", \"energy\", \"frequency\"]\nevery = \"1s\"\n\
         [sensors.air]\nmodbus = \"rs485/2\"\nprofile = \"xy-md02\"\nevery = \"1s\"\n\
         [sensors.tank]\nmodbus = \"rs485/2\"\nevery = \"1s\"\nword_order = \"low-first\"\n\
         quantities = {{ volume = {{ register = 100, type = \"i32\", scale = 0.001 }}, level = {{ register = 150, unit = \"cm\", offset = -5, decimals = 0 }} }}\n\
         [inputs.door]\nkind = \"door\"\nmodbus = \"rs485/2\"\ndiscrete_input = 3\n\
         [inputs.alarm]\nkind = \"contact\"\nmodbus = \"rs485/2\"\nregister = 7\nbit = 4\nactive = \"low\"\n\
         [outputs.relay]\nkind = \"switch\"\nmodbus = \"rs485/2/1\"\nprofile = \"waveshare-relay-8\"\n\
         [outputs.pump]\nkind = \"switch\"\nmodbus = \"rs485/2\"\nregister = 20\nbit = 2\n\
         [outputs.lamp]\nkind = \"light\"\nmodbus = \"rs485/2\"\nregister = 30\nfull = 1000\n"
    )
}

fn all_works(house: &House, devices: &mut Devices) {
    devices.set(1, INPUT, 0, &[0x4366, 0x3333]);
    devices.set(1, INPUT, 0x46, &[0x4248, 0]);
    devices.set(1, INPUT, 0x48, &[0x42f6, 0xe979]);
    devices.set(2, INPUT, 1, &[0xff33, 546]);
    devices.set(2, REGISTER, 100, &[0x86a1, 0x0001]);
    devices.set(2, REGISTER, 150, &[155]);
    for (point, value) in [
        ("meter.voltage", "230.2"),
        ("meter.frequency", "50"),
        ("meter.energy", "123.456"),
        ("air.temperature", "-20.5"),
        ("air.humidity", "54.6"),
        ("tank.volume", "100.001"),
        ("tank.level", "150"),
        ("door", "OFF"),
        ("alarm", "ON"),
    ] {
        wait_until(&format!("{point} is {value}"), || house.value(point).starts_with(value));
    }
    devices.set(2, DISCRETE, 3, &[1]);
    devices.set(2, REGISTER, 7, &[0x10]);
    waits(house, "door", "ON");
    waits(house, "alarm", "OFF");

    devices.set(2, REGISTER, 20, &[0xff00]);
    house.ask(&["set", "relay", "on"]);
    house.ask(&["set", "pump", "on"]);
    house.ask(&["set", "lamp", "40"]);
    devices.wait_for(2, COIL, 0, 1);
    devices.wait_for(2, REGISTER, 20, 0xff04);
    devices.wait_for(2, REGISTER, 30, 400);
    waits(house, "relay", "ON");
    waits(house, "pump", "ON");
    wait_until("the lamp is at 40 %", || number(house, "lamp.level") == Some(40.0));
    // As when its board lost its power.
    devices.set(2, COIL, 0, &[0]);
    house.wait_for_log("relay went OFF by itself");
    devices.wait_for(2, COIL, 0, 1);
    house.ask(&["set", "pump", "off"]);
    devices.wait_for(2, REGISTER, 20, 0xff00);
}

#[test]
fn all_that_can_be_there_works_over_tcp() {
    let port = free_port();
    let mut house = hut(&everything(&format!("url = \"tcp://127.0.0.1:{port}\"")));
    house.up(&[]);
    house.wait_for_log(&format!("modbus rs485: 127.0.0.1:{port}: "));
    for point in ["meter.voltage", "air.temperature", "tank.level"] {
        assert_eq!(number(&house, point), None, "nobody has read {point}");
    }
    let mut devices = Devices::start(&json!({ "units": [1, 2], "tcp": port }));
    all_works(&house, &mut devices);
    drop(devices);
    waits_for_fault(&house, "air.temperature", &format!("127.0.0.1:{port}"));
    waits_for_fault(&house, "door", &format!("127.0.0.1:{port}"));
    let mut devices = Devices::start(&json!({ "units": [1, 2], "tcp": port }));
    devices.set(2, INPUT, 1, &[215, 500]);
    // What it was, whatever became of it meanwhile.
    devices.wait_for(2, COIL, 0, 1);
    waits(&house, "air.temperature", "21.50");
    assert!(house.stop());
    assert_eq!(devices.get(2, COIL, 0), 0, "safe");
}

#[test]
fn frames_of_rtu_travel_over_tcp() {
    let port = free_port();
    let mut devices = Devices::start(&json!({ "units": [1, 2], "tcp": port, "framer": "rtu" }));
    let mut house = hut(&everything(&format!("url = \"rtu+tcp://127.0.0.1:{port}\"")));
    house.up(&[]);
    all_works(&house, &mut devices);
}

/// The house believes each number that is said of a place, and none that is not, whatever the line does.
#[test]
fn on_a_bad_serial_line_no_answer_is_taken_for_another() {
    let mut devices = Devices::on_a_line(&[1, 2]);
    let port = devices.port.display().to_string();
    let mut text = everything(&format!("port = \"{port}\""));
    // Two that differ by their place only: of an answer nobody can tell whose it is.
    for (name, address) in [("first", 10), ("second", 60), ("third", 110)] {
        write!(
            text,
            "[sensors.{name}]\nmodbus = \"rs485/1\"\nevery = \"1s\"\nquantities = {{ rate = {{ register = {address} }} }}\n"
        )
        .unwrap();
        devices.set(1, REGISTER, address, &[address]);
    }
    let mut house = hut(&text);
    house.up(&[]);
    all_works(&house, &mut devices);
    let right = |house: &House| {
        [("first.rate", 10.0), ("second.rate", 60.0), ("third.rate", 110.0)].iter().all(|(point, expected)| {
            let said = number(house, point);
            assert!(said.is_none_or(|said| said == *expected), "{point} is {said:?}");
            said.is_some()
        })
    };
    wait_until("all are read", || right(&house));
    for (fault, times, delay) in
        [("corrupt", 6, 0.0), ("cut", 4, 0.0), ("other", 4, 0.0), ("noise", 10, 0.0), ("lost", 4, 0.0)]
    {
        devices.line(fault, times, delay);
        wait_until(&format!("{times} answers were {fault}"), || {
            right(&house);
            devices.said(&json!({ "do": "faults" }))["answer"] == 0
        });
        // News of each comes through again.
        let news = 100 + times as u16;
        devices.set(2, INPUT, 2, &[news * 2]);
        let expected = Some(f64::from(news * 2) / 10.0);
        wait_until(&format!("it is read again after {fault}"), || {
            right(&house) && number(&house, "air.humidity") == expected
        });
    }
    house.ask(&["set", "relay", "off"]);
    devices.wait_for(2, COIL, 0, 0);
}

/// Answers that come after the time-out, and before nobody expects them any more.
#[test]
fn on_a_serial_line_no_late_answer_is_taken_for_another() {
    let mut devices = Devices::on_a_line(&[1]);
    let mut text = format!("[modbus.rs485]\nport = \"{}\"\ntimeout = \"2s\"\n", devices.port.display());
    let (places, mut all) = ([("first", 10), ("second", 60), ("third", 110)], Vec::new());
    for (name, address) in places {
        write!(
            text,
            "[sensors.{name}]\nmodbus = \"rs485/1\"\nevery = \"1s\"\nquantities = {{ rate = {{ register = {address} }} }}\n"
        )
        .unwrap();
        devices.set(1, REGISTER, address, &[address]);
        all.push((format!("{name}.rate"), [f64::from(address), f64::from(address + 1)]));
    }
    let mut house = hut(&text);
    house.up(&[]);
    let all_are = |at: usize| {
        let are = all.iter().filter(|(point, right)| {
            let said = number(&house, point);
            assert!(said.is_none_or(|said| right.contains(&said)), "{point} is {said:?}");
            said == Some(right[at])
        });
        are.count() == all.len()
    };
    wait_until("all are read", || all_are(0));
    devices.line("late", 2, 3.0);
    wait_until("two answers were late", || {
        all_are(0);
        devices.said(&json!({ "do": "faults" }))["answer"] == 0
    });
    for (_, address) in places {
        devices.set(1, REGISTER, address, &[address + 1]);
    }
    wait_until("all are read again", || all_are(1));
}

#[test]
fn a_relay_board_obeys_or_is_in_fault_and_is_left_safe() {
    let mut devices = Devices::on_a_line(&[1]);
    let port = devices.port.display().to_string();
    let relays = |names: &[(&str, u8)]| {
        let bus = format!("[modbus.cabinet]\nport = \"{port}\"\npoll = \"50ms\"\ntimeout = \"300ms\"\n");
        names.iter().fold(bus, |text, (name, relay)| {
            format!("{text}[outputs.{name}]\nkind = \"switch\"\nmodbus = \"cabinet/1/{relay}\"\nprofile = \"eletechsup-relay-8\"\nat_start = \"restore\"\n")
        })
    };
    let head = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n";
    let mut house = House::new(&format!("{head}{}", relays(&[("boiler", 1), ("pump", 2)])));
    house.up(&[]);
    // This board says 1 and 0 of what is written as 0x100 and 0x200: pymodbus has what was written.
    devices.wait_for(1, REGISTER, 1, 0x200);
    waits_for_fault(&house, "boiler", "register 1 of cabinet/1 does not obey: it is ON after OFF was written");

    let relays = |names: &[(&str, u8)]| {
        let bus = format!("[modbus.cabinet]\nport = \"{port}\"\npoll = \"50ms\"\ntimeout = \"300ms\"\n");
        names.iter().fold(bus, |text, (name, relay)| {
            format!("{text}[outputs.{name}]\nkind = \"switch\"\nmodbus = \"cabinet/1/{relay}\"\nprofile = \"waveshare-relay-8\"\nat_start = \"restore\"\n")
        })
    };
    fs::write(&house.config, format!("{head}{}", relays(&[("boiler", 1), ("pump", 2), ("fan", 3)]))).unwrap();
    house.wait_for_log("the changed configuration is in force");
    for (name, coil) in [("boiler", 0), ("pump", 1), ("fan", 2)] {
        house.ask(&["set", name, "on"]);
        devices.wait_for(1, COIL, coil, 1);
        waits(&house, name, "ON");
    }
    // What a reload takes away is left safe; what it gives another name stays as it is.
    fs::write(&house.config, format!("{head}{}", relays(&[("boiler", 1), ("well_pump", 2)]))).unwrap();
    house.wait_for_log("fan is not there any more: left OFF");
    devices.wait_for(1, COIL, 2, 0);
    assert_eq!(devices.get(1, COIL, 0), 1, "a reload touches no wire that stays");

    devices.units("stuck", &[1]);
    house.console(&["set", "boiler", "off"]);
    waits_for_fault(&house, "boiler", "coil 0 of cabinet/1 does not obey: it is ON after OFF was written");
    devices.units("stuck", &[]);
    devices.wait_for(1, COIL, 0, 0);
    waits(&house, "boiler", "OFF");

    house.ask(&["set", "boiler", "on"]);
    devices.wait_for(1, COIL, 0, 1);
    assert!(house.stop());
    assert_eq!(devices.get(1, COIL, 0), 0, "safe after SIGTERM");

    house.up(&[]);
    house.ask(&["set", "boiler", "on"]);
    devices.wait_for(1, COIL, 0, 1);
    house.kill();
    assert_eq!(devices.get(1, COIL, 0), 1, "nobody is told of a kill");
    let (all_safe, told) = make_safe(&house);
    assert!(all_safe && told.contains("boiler: safe"), "{told}");
    assert_eq!(devices.get(1, COIL, 0), 0);
}

/// Some say nothing of what they do not have, where they are to refuse it.
#[test]
fn a_register_that_is_never_answered_for_keeps_no_other_waiting() {
    let mut devices = Devices::on_a_line(&[1]);
    devices.said(&json!({ "do": "deaf", "at": [[1, REGISTER, 40]] }));
    devices.set(1, REGISTER, 60, &[17]);
    let sensor = |name, every, register| {
        format!(
            "[sensors.{name}]\nmodbus = \"rs485/1\"\nevery = \"{every}\"\nquantities = {{ rate = {{ register = {register} }} }}\n"
        )
    };
    // Of the answer to one register nobody can tell whether it is that to another.
    let text = outputs(
        &devices.port,
        "timeout = \"200ms\"",
        &[("relay", 1, "coil = 0"), ("pump", 1, "register = 20"), ("fan", 1, "register = 21\nbit = 3")],
    );
    let mut house = hut(&(text + &sensor("unheard", "1s", 40) + &sensor("heard", "2s", 60)));
    house.up(&[]);
    waits_for_fault(&house, "unheard.rate", "no answer within 200ms");
    let switched = |house: &House, devices: &mut Devices, (word, state): (&str, &str), bit: u64| {
        for name in ["relay", "pump", "fan"] {
            house.console(&["set", name, word]);
            waits(house, name, state);
        }
        devices.wait_for(1, COIL, 0, bit);
        devices.wait_for(1, REGISTER, 20, bit);
        devices.wait_for(1, REGISTER, 21, bit << 3);
    };
    switched(&house, &mut devices, ("on", "ON"), 1);
    wait_until("the other one is read", || number(&house, "heard.rate") == Some(17.0));
    devices.set(1, REGISTER, 60, &[18]);
    wait_until("the other one is read again", || number(&house, "heard.rate") == Some(18.0));
    switched(&house, &mut devices, ("off", "OFF"), 0);
    devices.said(&json!({ "do": "deaf", "at": [] }));
    devices.set(1, REGISTER, 40, &[4]);
    wait_until("it is answered after all", || number(&house, "unheard.rate") == Some(4.0));
}

#[test]
fn a_dead_board_keeps_no_other_from_being_left_safe() {
    let mut devices = Devices::on_a_line(&[1, 2]);
    let names: Vec<(String, u8, String)> =
        (0..16_u8).map(|at| (format!("relay_{at}"), 1 + at / 8, format!("coil = {}", at % 8))).collect();
    let named: Vec<(&str, u8, &str)> = names.iter().map(|(name, unit, coil)| (&**name, *unit, &**coil)).collect();
    let mut house = hut(&outputs(&devices.port, "timeout = \"200ms\"", &named));
    let all_on = |house: &mut House, devices: &mut Devices| {
        devices.units("dead", &[]);
        house.up(&[]);
        for (at, (name, unit, _)) in named.iter().enumerate() {
            house.ask(&["set", name, "on"]);
            devices.wait_for(*unit, COIL, at as u16 % 8, 1);
        }
        devices.units("dead", &[1]);
    };
    all_on(&mut house, &mut devices);
    house.kill();
    let (all_safe, told) = make_safe(&house);
    assert!(!all_safe);
    for (at, (name, unit, _)) in named.iter().enumerate() {
        assert_eq!(devices.get(*unit, COIL, at as u16 % 8), u64::from(*unit == 1), "{name}: {told}");
        let expected = if *unit == 1 { format!("error: {name}: ") } else { format!("{name}: safe") };
        assert!(told.contains(&expected), "{told}");
    }
    all_on(&mut house, &mut devices);
    house.stop();
    for coil in 0..8 {
        assert_eq!(devices.get(2, COIL, coil), 0, "{coil}, after SIGTERM");
    }
}

/// In the time that there is at the end, with as many of them as would use it up one after the other.
#[test]
fn however_many_boards_are_dead_the_one_behind_them_is_left_safe() {
    const LAST: u8 = 17;
    let units: Vec<u8> = (1..=LAST).collect();
    let mut devices = Devices::on_a_line(&units);
    let names: Vec<String> = units.iter().map(|unit| format!("relay_{unit:02}")).collect();
    let named: Vec<(&str, u8, &str)> =
        units.iter().zip(&names).map(|(unit, name)| (&**name, *unit, "coil = 0\ndefault = \"on\"")).collect();
    let mut house = hut(&outputs(&devices.port, "baud = 115200", &named));
    let all_on_and_all_but_the_last_dead = |house: &mut House, devices: &mut Devices| {
        devices.units("dead", &[]);
        house.up(&[]);
        units.iter().for_each(|unit| devices.wait_for(*unit, COIL, 0, 1));
        devices.units("dead", &units[..units.len() - 1]);
    };
    all_on_and_all_but_the_last_dead(&mut house, &mut devices);
    house.kill();
    let (all_safe, told) = make_safe(&house);
    assert!(!all_safe, "{told}");
    assert_eq!([devices.get(1, COIL, 0), devices.get(LAST, COIL, 0)], [1, 0], "{told}");
    all_on_and_all_but_the_last_dead(&mut house, &mut devices);
    house.stop();
    assert_eq!([devices.get(1, COIL, 0), devices.get(LAST, COIL, 0)], [1, 0], "after SIGTERM");
}

#[test]
fn a_board_that_only_writes_several_at_once_is_left_safe() {
    let mut devices = Devices::on_a_line(&[1]);
    devices.units("several", &[1]);
    let both = [("relay", 1, "coil = 3"), ("pump", 1, "register = 20")];
    let mut house = hut(&outputs(&devices.port, "", &both));
    house.up(&[]);
    for name in ["relay", "pump"] {
        house.ask(&["set", name, "on"]);
    }
    devices.wait_for(1, COIL, 3, 1);
    devices.wait_for(1, REGISTER, 20, 1);
    house.kill();
    // It does not know what the daemon had found out.
    let (all_safe, told) = make_safe(&house);
    assert!(all_safe && told.contains("relay: safe") && told.contains("pump: safe"), "{told}");
    assert_eq!((devices.get(1, COIL, 3), devices.get(1, REGISTER, 20)), (0, 0));
}

#[test]
fn what_failed_a_moment_ago_is_tried_at_the_end() {
    let folder = tempfile::TempDir::new().unwrap();
    let port = folder.path().join("converter");
    let mut devices = Devices::on_a_line(&[1]);
    symlink(&devices.port, &port).unwrap();
    let mut house = hut(&outputs(&port, "timeout = \"300ms\"", &[("relay", 1, "coil = 0")]));
    let on = |house: &mut House, devices: &mut Devices| {
        house.up(&[]);
        house.ask(&["set", "relay", "on"]);
        devices.wait_for(1, COIL, 0, 1);
        waits(house, "relay", "ON");
    };
    on(&mut house, &mut devices);
    devices.line("lost", 1, 0.0);
    devices.wait_until_faults_are_over();
    // Whether it is missed by now or not: the output is left safe.
    sleep(Duration::from_millis(400));
    assert!(house.stop());
    assert_eq!(devices.get(1, COIL, 0), 0, "after a lost answer");

    on(&mut house, &mut devices);
    devices.units("dead", &[1]);
    fs::remove_file(&port).unwrap();
    house.wait_for_log("is the converter plugged in?");
    symlink(&devices.port, &port).unwrap();
    devices.units("dead", &[]);
    assert_eq!(devices.get(1, COIL, 0), 1);
    assert!(house.stop());
    assert_eq!(devices.get(1, COIL, 0), 0, "after a port that was away");
}

/// A picture of what is read in two requests is half old when a drive comes between them.
#[test]
fn a_drive_between_two_reads_is_not_taken_back() {
    let mut devices = Devices::on_a_line(&[1]);
    let text = outputs(&devices.port, "timeout = \"500ms\"", &[("relay", 1, "coil = 0")]);
    let mut house = hut(&format!("{text}[inputs.door]\nkind = \"door\"\nmodbus = \"rs485/1\"\ndiscrete_input = 3\n"));
    house.up(&[]);
    waits(&house, "door", "OFF");
    // So slow that half of the commands come while the first one is read.
    devices.line("late", 1_000_000, 0.1);
    for _ in 0..8 {
        for (word, state) in [("on", "ON"), ("off", "OFF")] {
            house.ask(&["set", "relay", word]);
            waits(&house, "relay", state);
            let log = house.log();
            assert!(!log.contains("by itself"), "{log}");
        }
    }
}

#[test]
fn what_a_reload_takes_away_is_left_safe_as_soon_as_it_answers() {
    let mut devices = Devices::on_a_line(&[1, 2]);
    let config = |named: &[(&str, u8, &str)]| {
        let head = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n";
        format!("{head}{}", outputs(&devices.port, "timeout = \"200ms\"", named))
    };
    let (boiler, pump, fan) = (("boiler", 1, "coil = 0"), ("pump", 1, "coil = 1"), ("fan", 2, "coil = 0"));
    let (all, less) = (config(&[boiler, pump, fan]), config(&[fan]));
    let taken_over = config(&[fan, ("well_pump", 1, "coil = 1\nverify = false\ndefault = \"on\"")]);
    let mut house = House::new(&all);
    house.up(&[]);
    for (name, unit, coil) in [("boiler", 1, 0), ("pump", 1, 1), ("fan", 2, 0)] {
        house.ask(&["set", name, "on"]);
        devices.wait_for(unit, COIL, coil, 1);
    }
    devices.units("dead", &[1]);
    fs::write(&house.config, less).unwrap();
    for name in ["boiler", "pump"] {
        house.wait_for_log(&format!("{name} is not there any more, and was not left OFF: "));
    }
    // What is an output again is left to that one.
    fs::write(&house.config, taken_over).unwrap();
    wait_until("well_pump is there", || house.console(&["why", "well_pump"]).status.success());
    devices.units("dead", &[]);
    house.wait_for_log("boiler is not there any more: left OFF");
    devices.wait_for(1, COIL, 0, 0);
    devices.wait_for(1, COIL, 1, 1);
    assert!(!house.log().contains("pump is not there any more: left OFF"));
    assert_eq!(devices.get(2, COIL, 0), 1);
}

#[test]
fn a_port_that_vanishes_comes_back() {
    let folder = tempfile::TempDir::new().unwrap();
    let port = folder.path().join("converter");
    let mut devices = Devices::on_a_line(&[3]);
    symlink(&devices.port, &port).unwrap();
    devices.set(3, INPUT, 1, &[200, 500]);
    let mut house = hut(&format!(
        "[modbus.rs485]\nport = \"{}\"\ntimeout = \"200ms\"\n[sensors.air]\nmodbus = \"rs485/3\"\nprofile = \"xy-md02\"\nevery = \"1s\"\n",
        port.display()
    ));
    house.up(&[]);
    waits(&house, "air.temperature", "20.00");
    fs::remove_file(&port).unwrap();
    drop(devices);
    waits_for_fault(&house, "air.temperature", "is the converter plugged in?");
    let mut devices = Devices::on_a_line(&[3]);
    devices.set(3, INPUT, 1, &[210, 500]);
    symlink(&devices.port, &port).unwrap();
    waits(&house, "air.temperature", "21.00");
}

/// The figure is printed; no time is a test.
#[test]
fn one_dead_device_of_thirty_keeps_no_other_waiting() {
    const DEAD: u8 = 13;
    let units: Vec<u8> = (1..=30).collect();
    let mut devices = Devices::on_a_line(&units);
    let mut text = format!("[modbus.rs485]\nport = \"{}\"\nbaud = 115200\n", devices.port.display());
    for unit in &units {
        devices.set(*unit, INPUT, 1, &[u16::from(*unit) * 10, 500]);
        write!(text, "[sensors.room_{unit}]\nmodbus = \"rs485/{unit}\"\nprofile = \"xy-md02\"\nevery = \"1s\"\n")
            .unwrap();
    }
    let mut house = hut(&text);
    let asked = |devices: &mut Devices, times: usize| {
        let mut of_unit: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        wait_until(&format!("all are asked {times} times"), || {
            for request in devices.said(&json!({ "do": "requests" }))["answer"].as_array().unwrap() {
                of_unit.entry(request[1].as_u64().unwrap()).or_default().push(request[0].as_f64().unwrap());
            }
            units.iter().all(|unit| *unit == DEAD || of_unit.get(&u64::from(*unit)).is_some_and(|at| at.len() >= times))
        });
        let gaps = of_unit.iter().filter(|(unit, _)| **unit != u64::from(DEAD));
        let mut gaps: Vec<f64> = gaps.flat_map(|(_, at)| at.windows(2).map(|pair| pair[1] - pair[0])).collect();
        gaps.sort_by(f64::total_cmp);
        let of = |share: f64| gaps[((gaps.len() - 1) as f64 * share) as usize];
        let dead = of_unit.get(&u64::from(DEAD)).map_or(0, Vec::len);
        format!(
            "{} polls, p50 {:.3} s, p99 {:.3} s, longest {:.3} s; unit {DEAD} was asked {dead} times",
            gaps.len(),
            of(0.5),
            of(0.99),
            of(1.0)
        )
    };
    house.up(&[]);
    for unit in &units {
        waits(&house, &format!("room_{unit}.temperature"), &format!("{unit}.00"));
    }
    devices.said(&json!({ "do": "requests" }));
    let all_well = asked(&mut devices, 15);
    devices.units("dead", &[DEAD]);
    waits_for_fault(&house, &format!("room_{DEAD}.temperature"), "no answer within 500ms");
    devices.said(&json!({ "do": "requests" }));
    let one_dead = asked(&mut devices, 15);
    for unit in units.iter().filter(|unit| **unit != DEAD) {
        assert_eq!(house.value(&format!("room_{unit}.temperature")), format!("{unit}.00"));
    }
    eprintln!("between two polls of a device, each asked once a second: all well: {all_well}; one dead: {one_dead}");
    devices.units("dead", &[]);
    devices.set(DEAD, INPUT, 1, &[777, 500]);
    waits(&house, &format!("room_{DEAD}.temperature"), "77.70");
}

/// Also a device of which nothing is known, and one that the configuration has.
#[test]
fn a_bus_is_scanned_on_request() {
    let mut devices = Devices::on_a_line(&[3, 9]);
    // The first is no meter of three phases, the second a board of relays.
    devices.said(&json!({ "do": "deaf", "at": [[3, 4, 52], [9, 2, 0], [9, 4, 0], [9, 4, 1], [9, 3, 1]] }));
    // It answers for those that are not there, too.
    devices.units("dead", &[1, 2, 4, 5, 6, 7, 8, 10]);
    let bus = format!("[modbus.rs485]\nport = \"{}\"\ntimeout = \"2s\"\n", devices.port.display());
    let house = hut(&format!("{bus}[outputs.lamp]\nkind = \"light\"\nmodbus = \"rs485/9\"\ncoil = 3\n"));
    let detect = |name: &str| house.console(&["detect", "--modbus", name, "--addresses", "1-10"]);
    let said = String::from_utf8(detect("rs485").stdout).unwrap();
    assert!(said.contains("asked 1 to 10, 2 answer."), "{said}");
    let [third, ninth] = said.split("\n# Address ").skip(1).collect::<Vec<_>>().try_into().unwrap();
    assert!(third.starts_with("3: it answers as ") && third.contains("XY-MD02"), "{said}");
    assert!(!third.contains("SDM630"), "it has not its power: {said}");
    assert!(!third.contains("In the configuration") && ninth.contains("#   In the configuration: lamp."), "{said}");
    assert!(ninth.contains("# profile = \"waveshare-relay-8\"") && !ninth.contains("xy-md02"), "{said}");

    // Each table, without its marks, is right.
    let paragraphs: Vec<String> = third.split("# [").skip(1).map(|table| table.replace("# ", "")).collect();
    assert!(paragraphs.len() > 3, "{third}");
    for table in paragraphs {
        let kept = table.lines().filter(|line| !line.contains("The first of"));
        hut(&format!("{bus}[{}", kept.collect::<Vec<_>>().join("\n"))).ask(&["check"]);
    }

    // A running house has its port for itself, also against root.
    let mut running =
        hut(&format!("{bus}[inputs.door]\nkind = \"contact\"\nmodbus = \"rs485/3\"\ndiscrete_input = 4\n"));
    running.up(&[]);
    waits(&running, "door", "OFF");
    let refused = running.console(&["detect", "--modbus", "rs485", "--addresses", "1-2"]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && why.contains("is in use by another program"), "{why}");

    let wired = hut(&format!("{bus}[modbus.wired]\nport = \"/dev/hearthd-none\"\n"));
    for (name, reason) in
        [("rs484", "has no [modbus.rs484]: there is rs485, wired"), ("wired", "is the converter plugged in?")]
    {
        let refused = wired.console(&["detect", "--modbus", name]);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && why.contains(reason), "{why}");
    }
}
