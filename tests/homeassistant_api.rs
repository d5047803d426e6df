//! The API for Home Assistant: the binary, asked and commanded by the client that Home Assistant itself has.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "homeassistant_api/clock.rs"]
mod clock;
mod support;

use hearthd::{config, model::Config};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
};
use support::{House, PATIENCE, free_port, programs::python, wait_until};

/// A house that Home Assistant reaches at this port.
fn small(port: u16, more: &str) -> String {
    format!(
        "[hub]\nid = \"my_hut\"\nname = \"Hut\"\n[hardware]\nbackend = \"simulated\"\n\
         [homeassistant]\nlisten = \"127.0.0.1:{port}\"\n{more}\n\
         [inputs.hall_motion]\nkind = \"motion\"\ngpio = 27\n\
         [rooms.hall]\nmotion = [\"hall_motion\"]\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n\
         [outputs.lamp]\nkind = \"light\"\npwm = 18\n\
         [outputs.fan]\nkind = \"fan\"\nspeeds = [5, 6, 13]\n"
    )
}

/// With every kind of point.
fn full(port: u16) -> String {
    let text = fs::read_to_string("tests/homeassistant/house.toml").unwrap();
    let text = text.replace("MQTT_PORT\"", "1\"\ndiscovery = \"off\"");
    let text = text.replace("[http]\nlisten = \"127.0.0.1:HTTP_PORT\"\n", "");
    format!("{text}\n[homeassistant]\nlisten = \"127.0.0.1:{port}\"\n")
}

fn key(house: &House) -> String {
    let state = house.folder.path().join("state");
    let asked = ["homeassistant", "key", "--state", state.to_str().unwrap()];
    // The house does not wait until it is made.
    wait_until("there is a key", || house.console(&asked).status.success());
    house.ask(&asked).trim_end().to_owned()
}

/// Home Assistant's client.
struct Client {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start() -> Client {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homeassistant_api/client.py");
        let mut python = python("python3");
        let mut process = python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Client { process, input, output }
    }

    /// One that is connected and has listed all.
    fn connected(port: u16, key: Option<&str>) -> (Client, Value) {
        let mut client = Client::start();
        // It may be that the server has only just begun, or begins anew.
        wait_until("it is let in", || {
            client.said(json!({ "do": "connect", "port": port, "key": key }))["error"].is_null()
        });
        let listed = client.ask(json!({ "do": "list" }));
        client.ask(json!({ "do": "subscribe" }));
        (client, listed)
    }

    fn said(&mut self, what: Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{what}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{what}: {line}"))
    }

    fn ask(&mut self, what: Value) -> Value {
        let said = self.said(what.clone());
        assert!(said["error"].is_null(), "{what}: {said}");
        said["answer"].clone()
    }

    /// The class of the error with which it cannot connect.
    fn refused(port: u16, key: Option<&str>) -> String {
        let said = Client::start().said(json!({ "do": "connect", "port": port, "key": key }));
        said["error"].as_str().unwrap_or_else(|| panic!("it is let in: {said}")).to_owned()
    }

    /// Home Assistant has an entity with this state.
    fn has(&mut self, entity: &str, attribute: Option<&str>, state: &str) {
        self.ask(json!({ "do": "entity", "entity": entity, "attribute": attribute, "state": state }));
    }

    fn call(&mut self, method: &str, with: Value) {
        self.ask(json!({ "do": "call", "method": method, "with": with }));
    }

    fn action(&mut self, name: &str, with: Value) -> Value {
        self.ask(json!({ "do": "action", "name": name, "with": with }))
    }

    /// The newest state of each entity by type and key.
    fn states(&mut self) -> BTreeMap<(String, u64), Value> {
        let states = self.ask(json!({ "do": "states" }));
        let of = |state: &Value| (state["type"].as_str().unwrap().to_owned(), state["key"].as_u64().unwrap());
        states.as_array().unwrap().iter().map(|state| (of(state), state.clone())).collect()
    }

    fn wait_for(&mut self, what: &str, holds: impl Fn(&BTreeMap<(String, u64), Value>) -> bool) {
        wait_until(what, || holds(&self.states()));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// The entity of this type and object id.
fn entity<'l>(listed: &'l Value, kind: &str, object_id: &str) -> &'l Value {
    let entities = listed["entities"].as_array().unwrap();
    let is_it = |entity: &&Value| entity["type"] == format!("{kind}Info") && entity["object_id"] == object_id;
    entities.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {object_id}"))
}

fn key_of(listed: &Value, kind: &str, object_id: &str) -> u64 {
    entity(listed, kind, object_id)["key"].as_u64().unwrap()
}

fn wait_for_value(house: &House, point: &str, wanted: &str) {
    wait_until(&format!("{point} is {wanted}"), || house.value(point) == wanted);
}

/// What Home Assistant calls what has this platform.
fn type_of(platform: &str) -> &'static str {
    match platform {
        "light" => "LightInfo",
        "fan" => "FanInfo",
        "cover" => "CoverInfo",
        "valve" => "ValveInfo",
        "climate" => "ClimateInfo",
        "number" => "NumberInfo",
        "select" => "SelectInfo",
        "event" => "EventInfo",
        "binary_sensor" => "BinarySensorInfo",
        "sensor" => "SensorInfo",
        // Home Assistant knows no siren by this API.
        _ => "SwitchInfo",
    }
}

/// Each point that is an entity, by what it is to be.
fn expected(config: &Config) -> BTreeSet<(&'static str, String)> {
    let specs = config.specs().iter().filter_map(|spec| Some((spec, config.entity(spec)?)));
    let of = |(spec, entity): (&hearthd::model::PointSpec, hearthd::model::Entity<'_>)| {
        let is_text = entity.platform == "sensor" && matches!(spec.kind, hearthd::model::Kind::Word(_));
        let kind = if is_text { "TextSensorInfo" } else { type_of(entity.platform) };
        (kind, entity.first_name.replace('.', "-"))
    };
    specs.map(of).collect()
}

#[test]
fn a_full_house_is_listed_told_and_commanded() {
    let port = free_port();
    let text = full(port);
    let config = config::parse(Path::new("house.toml"), &text).unwrap().config;
    let mut house = House::new(&text);
    house.up(&[]);
    let (mut client, listed) = Client::connected(port, Some(&key(&house)));

    let device = &listed["device"];
    assert_eq!((&device["name"], &device["friendly_name"]), (&"hearthd-full".into(), &"Full house".into()));
    assert_eq!(device["api_encryption_supported"], true);
    let rooms: Vec<&str> =
        device["devices"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    assert_eq!(rooms, ["Hall", "Living room", "Bath", "Cellar"]);
    let areas: Vec<&str> =
        device["areas"].as_array().unwrap().iter().map(|area| area["name"].as_str().unwrap()).collect();
    assert_eq!(areas, rooms);

    let entities = listed["entities"].as_array().unwrap();
    let found: BTreeSet<(&str, String)> = entities
        .iter()
        .map(|entity| (entity["type"].as_str().unwrap(), entity["object_id"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(found.len(), entities.len(), "none is there twice");
    let keys: BTreeSet<u64> = entities.iter().map(|entity| entity["key"].as_u64().unwrap()).collect();
    assert_eq!(keys.len(), entities.len(), "each has a key of its own");
    let missing: Vec<_> = expected(&config).into_iter().filter(|one| !found.contains(one)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let named = |entity: &Value| {
        let (kind, name) = (entity["type"].as_str()?.to_owned(), entity["name"].as_str()?.to_owned());
        Some((kind, entity["device_id"].as_u64()?, name))
    };
    let names: BTreeSet<_> = entities.iter().filter_map(named).collect();
    assert_eq!(names.len(), entities.len(), "no two of a kind in a device are called the same");
    assert!(!found.iter().any(|(kind, _)| *kind == "SirenInfo"));

    // What is known of is told, and no more.
    let sensors =
        |kind: &str| matches!(kind, "SensorInfo" | "BinarySensorInfo" | "TextSensorInfo" | "NumberInfo" | "SelectInfo");
    let told = |info: &str| info.replace("Info", "State");
    let with_state = entities.iter().filter(|entity| sensors(entity["type"].as_str().unwrap()));
    let with_state: Vec<(String, u64)> =
        with_state.map(|entity| (told(entity["type"].as_str().unwrap()), entity["key"].as_u64().unwrap())).collect();
    client.wait_for("the state of each is told", |states| with_state.iter().all(|of| states.contains_key(of)));
    for (object_id, point, set, number) in [
        ("living-temperature", "living.temperature", "21.25", 21.25),
        ("living-humidity", "living.humidity", "40", 40.0),
        ("hall-illuminance", "hall.illuminance", "120", 120.0),
    ] {
        let key = key_of(&listed, "Sensor", object_id);
        house.ask(&["set", point, set]);
        client.wait_for(&format!("{point} is {set}"), |states| {
            let state = &states[&("SensorState".to_owned(), key)];
            state["missing_state"] == false && state["state"] == number
        });
    }
    let door = key_of(&listed, "BinarySensor", "terrace_door");
    house.ask(&["set", "terrace_door", "open"]);
    client.wait_for("the door is open", |states| states[&("BinarySensorState".to_owned(), door)]["state"] == true);

    commands(&house, &mut client, &listed);
    thermostats(&house, &mut client, &listed);
    happenings(&house, &mut client, &listed);
    assert!(house.stop());
    assert_eq!(client.ask(json!({ "do": "ended" })), true, "it was told that we go");
}

/// Every kind of command does what it says, and is seen.
fn commands(house: &House, client: &mut Client, listed: &Value) {
    for (method, kind, object_id, with, point, value) in [
        ("light_command", "Light", "reading_lamp", json!({ "state": true }), "reading_lamp", "ON"),
        (
            "light_command",
            "Light",
            "living_lamp",
            json!({ "state": true, "brightness": 0.4 }),
            "living_lamp.level",
            "40",
        ),
        (
            "light_command",
            "Light",
            "living_lamp",
            json!({ "state": true, "brightness": 0.0 }),
            "living_lamp.level",
            "1",
        ),
        ("light_command", "Light", "living_lamp", json!({ "state": false }), "living_lamp", "OFF"),
        ("fan_command", "Fan", "bath_fan", json!({ "state": true, "speed_level": 2 }), "bath_fan.level", "67"),
        ("fan_command", "Fan", "attic_fan", json!({ "speed_level": 35 }), "attic_fan.level", "35"),
        ("fan_command", "Fan", "cellar_fan", json!({ "state": true }), "cellar_fan", "ON"),
        ("fan_command", "Fan", "cellar_fan", json!({ "state": false }), "cellar_fan", "OFF"),
        ("switch_command", "Switch", "coffee", json!({ "state": true }), "coffee", "ON"),
        ("switch_command", "Switch", "siren", json!({ "state": true }), "siren", "ON"),
        ("switch_command", "Switch", "siren", json!({ "state": false }), "siren", "OFF"),
        ("switch_command", "Switch", "coffee-lock", json!({ "state": true }), "coffee.lock", "ON"),
        ("number_command", "Number", "bath_heater-level", json!({ "state": 30.0 }), "bath_heater.level", "30"),
        ("cover_command", "Cover", "living_blind", json!({ "position": 0.5 }), "living_blind.position", "50"),
        ("cover_command", "Cover", "bath_shutter", json!({ "position": 1.0 }), "bath_shutter", "open"),
        ("cover_command", "Cover", "garage_door", json!({ "position": 1.0 }), "garage_door", "ON"),
        ("valve_command", "Valve", "garden_valve", json!({ "position": 1.0 }), "garden_valve", "ON"),
        ("valve_command", "Valve", "bath_valve", json!({ "position": 0.3 }), "bath_valve.level", "30"),
        ("select_command", "Select", "mode", json!({ "state": "away" }), "mode", "away"),
        ("button_command", "Button", "scene-evening", json!({}), "living_lamp.level", "30"),
        ("button_command", "Button", "reading_lamp-auto", json!({}), "reading_lamp", "OFF"),
    ] {
        let mut with = with;
        with["key"] = key_of(listed, kind, object_id).into();
        client.call(method, with);
        wait_for_value(house, point, value);
    }
    let lamp = key_of(listed, "Light", "living_lamp");
    client.wait_for("the lamp is seen to be dimmed", |states| {
        let state = &states[&("LightState".to_owned(), lamp)];
        state["state"] == true && (state["brightness"].as_f64().unwrap() - 0.3).abs() < 1e-6
    });
    let blind = key_of(listed, "Cover", "living_blind");
    client.wait_for("the blind is seen to be half open", |states| {
        let state = &states[&("CoverState".to_owned(), blind)];
        state["position"] == 0.5 && state["current_operation"] == 0
    });
    assert!(house.ask(&["why", "cellar_fan"]).contains("command by Home Assistant"));
}

fn thermostats(house: &House, client: &mut Client, listed: &Value) {
    let (living, bath) = (key_of(listed, "Climate", "living"), key_of(listed, "Climate", "bath"));
    // Heat and cool, off, heat.
    for (with, point, value) in [
        (json!({ "key": living, "mode": 1 }), "living.mode", "heat_cool"),
        (
            json!({ "key": living, "target_temperature_low": 27.5, "target_temperature_high": 29 }),
            "living.target",
            "27.5",
        ),
        (
            json!({ "key": living, "target_temperature_low": 20, "target_temperature_high": 23.5 }),
            "living.cool_target",
            "23.5",
        ),
        (json!({ "key": living, "custom_preset": "eco" }), "living.preset", "eco"),
        (json!({ "key": living, "preset": 0 }), "living.preset", "none"),
        (json!({ "key": bath, "target_temperature": 21.111_111 }), "bath.target", "21.11"),
        (json!({ "key": bath, "mode": 0 }), "bath.mode", "off"),
        (json!({ "key": bath, "mode": 3 }), "bath.mode", "heat"),
    ] {
        client.call("climate_command", with);
        wait_for_value(house, point, value);
    }
    client
        .call("climate_command", json!({ "key": living, "target_temperature_low": 20, "target_temperature_high": 24 }));
    client.wait_for("the thermostat shows both targets", |states| {
        let state = &states[&("ClimateState".to_owned(), living)];
        state["target_temperature_low"] == 20.0 && state["target_temperature_high"] == 24.0 && state["mode"] == 1
    });
    let described = entity(listed, "Climate", "living");
    assert_eq!(described["supported_modes"], json!([0, 3, 2, 1]));
    assert_eq!(described["supported_custom_presets"], json!(["away", "eco"]));
}

/// What is told once: refusals, clicks, notices, answers of actions.
fn happenings(house: &House, client: &mut Client, listed: &Value) {
    let happened = |client: &mut Client, what: &str, holds: &dyn Fn(&Value) -> bool| {
        wait_until(what, || client.ask(json!({ "do": "happened" })).as_array().unwrap().iter().any(holds));
    };
    let living = key_of(listed, "Climate", "living");
    client.call("climate_command", json!({ "key": living, "target_temperature_low": 99 }));
    happened(client, "a refusal is told", &|told| {
        let (event, reason) = (&told["service"], told["data"]["reason"].as_str().unwrap_or_default());
        event == "esphome.hearthd_refused" && told["data"]["point"] == "living.target" && reason.contains("°C")
    });
    client.call("switch_command", json!({ "key": 12, "state": true }));
    happened(client, "an unknown key is told", &|told| {
        told["data"]["reason"].as_str().unwrap_or_default().starts_with("no such entity")
    });
    house.ask(&["set", "bell", "on"]);
    house.ask(&["set", "bell", "off"]);
    let bell = key_of(listed, "Event", "bell-event");
    happened(client, "a click is told", &|told| told["key"] == bell && told["event_type"] == "click");
    happened(client, "a notice is told", &|told| {
        told["service"] == "esphome.hearthd_notice" && told["data"]["text"] == "Somebody is at the door"
    });

    assert_eq!(listed["actions"], json!(["set_for", "auto", "scene"]));
    let done = |answer: &Value| answer["done"] == true;
    assert!(done(&client.action("set_for", json!({ "point": "living_lamp", "value": "40", "duration": "2h" }))));
    assert_eq!(house.value("living_lamp.level"), "40");
    assert!(house.ask(&["why", "living_lamp"]).contains("until"));
    assert!(done(&client.action("auto", json!({ "point": "living_lamp" }))));
    assert_eq!(house.value("living_lamp"), "OFF");
    assert!(done(&client.action("scene", json!({ "name": "evening" }))));
    assert_eq!(house.value("living_lamp.level"), "30");
    for (name, with, text) in [
        ("set_for", json!({ "point": "hall_light", "value": "ON", "duration": "soon" }), "write the duration"),
        ("auto", json!({ "point": "nothing" }), "no such point"),
        ("scene", json!({ "name": "morning" }), "no such point"),
    ] {
        let answer = client.action(name, with);
        assert!(!done(&answer) && answer["error"].as_str().unwrap().contains(text), "{name}: {answer}");
    }
}

#[test]
fn who_has_no_key_or_another_one_is_told_so_and_stays_out() {
    let port = free_port();
    let mut house = House::new(&small(port, ""));
    house.up(&[]);
    let right = key(&house);
    let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    wait_until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert_eq!(Client::refused(port, Some(zero)), "InvalidEncryptionKeyAPIError");
    assert_eq!(Client::refused(port, None), "RequiresEncryptionAPIError");
    house.wait_for_log("it has another key; the right one is shown by `hearthd homeassistant key`");
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[1, 255, 255], &[1, 0, 0, 1, 0, 49], &[0; 4096], &[255; 70_000]] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may hang up before it was told all.
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        assert!(heard.len() < 200, "{heard:?}");
    }
    let (mut client, listed) = Client::connected(port, Some(&right));
    client.call("light_command", json!({ "key": key_of(&listed, "Light", "hall_light"), "state": true }));
    wait_for_value(&house, "hall_light", "ON");
    assert!(!house.log().contains(&right) && !house.log().contains("panicked"));

    // The same device with the same key after a kill.
    house.kill();
    house.up(&[]);
    let mut again = Client::start();
    wait_until("it is let in again", || {
        again.said(json!({ "do": "connect", "port": port, "key": right }))["error"].is_null()
    });
    let after = again.ask(json!({ "do": "list" }));
    assert_eq!(after["device"]["mac_address"], listed["device"]["mac_address"]);
    assert_eq!(after["entities"], listed["entities"]);
}

#[test]
fn in_the_clear_only_where_the_file_says_so() {
    let port = free_port();
    let mut house = House::new(&small(port, "allow_plaintext = true"));
    house.up(&[]);
    house.wait_for_log("NOT encrypted");
    let (mut client, listed) = Client::connected(port, None);
    assert_eq!(listed["device"]["api_encryption_supported"], false);
    client.call("light_command", json!({ "key": key_of(&listed, "Light", "lamp"), "state": true, "brightness": 0.5 }));
    wait_for_value(&house, "lamp.level", "50");
    // No address is to have all the room.
    let greeted = |_| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Who has said hello stays.
        stream
            .write_all(b"\0\x08\x01\x0a\x02HA\x10\x01\x18\x11")
            .and_then(|()| stream.read_exact(&mut [0; 3]))
            .ok()
            .map(|()| stream)
    };
    let streams: Vec<Option<TcpStream>> = (0..20).map(greeted).collect();
    let places = streams.iter().flatten().count();
    assert_eq!(places, 15, "there are 16 places for an address, and one was taken");
    drop(streams);
    wait_until("there is room again", || greeted(0).is_some());

    let some = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    assert_eq!(Client::refused(port, Some(some)), "EncryptionPlaintextAPIError");

    // Who says nothing is let go, and who takes nothing.
    let mut silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0, "it was closed");
    let mut deaf = TcpStream::connect(("127.0.0.1", port)).unwrap();
    deaf.set_write_timeout(Some(PATIENCE)).unwrap();
    let list = [&b"\0\0\x01"[..], &b"\0\0\x0b".repeat(1_000)].concat();
    let _ = (0..20).try_for_each(|_| deaf.write_all(&list));
    house.wait_for_log("it does not take what it is told");
    client.call("light_command", json!({ "key": key_of(&listed, "Light", "lamp"), "state": false }));
    wait_for_value(&house, "lamp", "OFF");
}

#[test]
fn who_is_connected_is_told() {
    let port = free_port();
    let mut house = House::new(&small(port, ""));
    house.up(&[]);
    let before = house.status();
    assert_eq!(before["homeassistant"], json!({ "connected": 0, "clients": [] }));
    assert!(house.ask(&["status"]).contains("\nHome Assistant is not connected\n"));
    let right = key(&house);
    let (mut first, _) = Client::connected(port, Some(&right));
    let (second, _) = Client::connected(port, Some(&right));
    wait_until("both are told of", || house.status()["homeassistant"]["connected"] == 2);
    let status = house.status();
    let clients = status["homeassistant"]["clients"].as_array().unwrap();
    for client in clients {
        assert!(client["name"].as_str().unwrap().starts_with("aioesphomeapi"), "{client}");
        assert_eq!((&client["address"], &client["encrypted"]), (&"127.0.0.1".into(), &true.into()));
        assert!(client["since"].as_str().unwrap() >= before["time"].as_str().unwrap(), "{status}");
    }
    assert_eq!(clients.len(), 2);
    assert!(house.ask(&["status"]).contains("\nconnected: aioesphomeapi"));
    first.ask(json!({ "do": "disconnect" }));
    wait_until("one is gone", || house.status()["homeassistant"]["connected"] == 1);
    drop((first, second));
    wait_until("both are gone", || house.status()["homeassistant"]["connected"] == 0);

    // In the clear, by a name that would act on a terminal.
    let open = small(port, "allow_plaintext = true");
    fs::write(&house.config, &open).unwrap();
    house.wait_for_log("NOT encrypted");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"\0\x0a\x01\x0a\x08H\x1b[2J\nx!").unwrap();
    wait_until("it is told of", || house.status()["homeassistant"]["connected"] == 1);
    let told = house.ask(&["status"]);
    let line = told.lines().find(|line| line.starts_with("connected: ")).unwrap();
    assert!(line.starts_with("connected: H\\u{1b}[2J\\nx! at 127.0.0.1 since 2"), "{line}");
    assert!(line.ends_with(", NOT encrypted"), "{line}");
    // Without the table there is nothing to tell.
    let table = format!("[homeassistant]\nlisten = \"127.0.0.1:{port}\"\nallow_plaintext = true\n");
    fs::write(&house.config, open.replace(&table, "")).unwrap();
    wait_until("nothing is told", || house.status()["homeassistant"].is_null());
}

#[test]
fn the_log_is_shown_as_far_as_it_is_asked_for() {
    let port = free_port();
    let mut house = House::new(&small(port, ""));
    house.up(&[]);
    let right = key(&house);
    let (mut all, listed) = Client::connected(port, Some(&right));
    let (mut errors, _) = Client::connected(port, Some(&right));
    all.ask(json!({ "do": "logs", "level": 7 }));
    errors.ask(json!({ "do": "logs", "level": 1 }));
    let log = |client: &mut Client| client.ask(json!({ "do": "log" })).as_array().unwrap().clone();
    let says = |client: &mut Client, level: u32, text: &str| {
        log(client).iter().any(|entry| entry[0] == level && entry[1].as_str().unwrap().starts_with(text))
    };
    let light = key_of(&listed, "Light", "hall_light");
    all.call("light_command", json!({ "key": light, "state": true }));
    wait_until("the command is in it", || says(&mut all, 3, "hall_light ON: command by Home Assistant"));
    assert_eq!(log(&mut errors), [] as [Value; 0]);
    // What is refused is an error, which both see, with the lines that belong to it.
    fs::write(&house.config, small(port, "colour = \"red\"")).unwrap();
    wait_until("the error is in it", || says(&mut errors, 1, "") && says(&mut all, 1, ""));
    assert!(log(&mut errors).iter().all(|entry| entry[0] == 1));
    for line in log(&mut all) {
        let first = line[1].as_str().unwrap().lines().next().unwrap().to_owned();
        assert!(house.log().contains(&first), "nothing that the log does not show: {first}");
        assert!(!first.contains(&right));
    }
    // No more of it.
    all.ask(json!({ "do": "logs", "level": 0 }));
    all.call("light_command", json!({ "key": light, "state": false }));
    house.wait_for_log("hall_light OFF: command by Home Assistant");
    all.wait_for("it is off", |states| states[&("LightState".to_owned(), light)]["state"] == false);
    assert!(!says(&mut all, 3, "hall_light OFF"));
}

#[test]
fn two_hundred_cuts_change_nothing() {
    for (more, encrypted) in [("", true), ("allow_plaintext = true", false)] {
        let port = free_port();
        let text = full(port) + more;
        let mut house = House::new(&text);
        house.up(&[]);
        let right = encrypted.then(|| key(&house));
        let mut client = Client::start();
        let asked = json!({ "do": "cuts", "port": port, "key": right, "count": 100, "seed": 7 });
        let reached = client.ask(asked);
        assert_eq!(reached["lost"], 100);
        let (connected, all) = (reached["connected"].as_u64().unwrap(), reached["listed"].as_u64().unwrap());
        assert!((20..100).contains(&connected) && all > 5, "cut in each part of it: {reached}");
        let (mut client, listed) = Client::connected(port, right.as_deref());
        let light = key_of(&listed, "Light", "reading_lamp");
        client.call("light_command", json!({ "key": light, "state": true }));
        wait_for_value(&house, "reading_lamp", "ON");
        client.wait_for("it is seen", |states| {
            states.get(&("LightState".to_owned(), light)).is_some_and(|state| state["state"] == true)
        });
        assert!(!house.log().contains("panicked"));
        assert!(house.stop());
    }
}

#[test]
fn a_reload_that_changes_the_list_has_clients_come_again() {
    let port = free_port();
    let text = small(port, "");
    let mut house = House::new(&text);
    house.up(&[]);
    let right = key(&house);
    let (mut client, before) = Client::connected(port, Some(&right));
    // What is no matter of the list leaves clients alone.
    fs::write(&house.config, text.replace("name = \"Hut\"", "name = \"Hut\"\nlatitude = 52.0\nlongitude = 5.0"))
        .unwrap();
    house.wait_for_log("the changed configuration is in force");
    client.call("light_command", json!({ "key": key_of(&before, "Light", "lamp"), "state": true, "brightness": 0.2 }));
    wait_for_value(&house, "lamp.level", "20");
    assert!(!house.log().contains("has left"), "{}", house.log());

    let renamed = text.replace("[outputs.lamp]", "[outputs.desk_lamp]\nwas = \"lamp\"");
    let (without, _) = renamed.split_once("[outputs.fan]").unwrap();
    fs::write(&house.config, without).unwrap();
    assert_eq!(client.ask(json!({ "do": "ended" })), true, "it was asked to leave");
    let (mut client, after) = Client::connected(port, Some(&right));
    let kinds =
        |listed: &Value| listed["entities"].as_array().unwrap().iter().filter(|one| one["type"] == "FanInfo").count();
    assert_eq!((kinds(&before), kinds(&after)), (1, 0));
    assert_eq!(key_of(&after, "Light", "lamp"), key_of(&before, "Light", "lamp"), "it goes by its first name");
    assert_eq!(entity(&after, "Light", "lamp")["name"], "Desk lamp");
    client.call("light_command", json!({ "key": key_of(&after, "Light", "lamp"), "state": true, "brightness": 0.3 }));
    wait_for_value(&house, "desk_lamp.level", "30");

    // Another key, and who has the one before is kept out.
    let given = house.ask(&["homeassistant", "new-key"]);
    fs::write(house.folder.path().join("ha.key"), &given).unwrap();
    fs::write(&house.config, without.replace("[inputs.hall_motion]", "key_file = \"ha.key\"\n[inputs.hall_motion]"))
        .unwrap();
    assert_eq!(client.ask(json!({ "do": "ended" })), true);
    let (_, listed) = Client::connected(port, Some(given.trim_end()));
    assert_eq!(listed["entities"], after["entities"]);
    assert_eq!(Client::refused(port, Some(&right)), "InvalidEncryptionKeyAPIError");
    assert_eq!(key(&house), given.trim_end());

    fs::write(
        &house.config,
        without.replace("[homeassistant]\n", "").replace(&format!("listen = \"127.0.0.1:{port}\"\n"), ""),
    )
    .unwrap();
    wait_until("it is not served any more", || TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// A house with entities of Home Assistant in its rules.
fn borrowing(port: u16) -> String {
    small(
        port,
        "[inputs.porch]\nkind = \"motion\"\nhomeassistant = \"binary_sensor.porch\"\n\
         [inputs.anna]\nkind = \"contact\"\nhomeassistant = \"person.anna\"\non = \"home\"\noff = [\"not_home\", \"work\"]\n\
         [sensors.garden]\nhomeassistant = \"sensor.garden_temperature\"\n\
         [sensors.boiler]\nhomeassistant = \"water_heater.boiler\"\nattribute = \"current_temperature\"\n\
         quantities = [\"temperature\"]\n\
         [[rules]]\nname = \"Lamp\"\nwhile = \"porch and garden.temperature < 15\"\nset = { lamp = \"on\" }\n",
    )
}

#[test]
fn entities_of_home_assistant_take_part_in_rules() {
    let port = free_port();
    let text = borrowing(port);
    let mut house = House::new(&text);
    house.up(&[]);
    let right = key(&house);
    let mut client = Client::start();
    client.has("sensor.garden_temperature", None, "68");
    client.has("sensor.garden_temperature", Some("unit_of_measurement"), "°F");
    client.has("binary_sensor.porch", None, "off");
    client.has("person.anna", None, "work");
    client.has("water_heater.boiler", Some("current_temperature"), "55.5");
    wait_until("it is let in", || {
        client.said(json!({ "do": "connect", "port": port, "key": right }))["error"].is_null()
    });
    client.ask(json!({ "do": "list" }));
    client.ask(json!({ "do": "subscribe" }));
    for (point, value) in
        [("garden.temperature", "20.00"), ("boiler.temperature", "55.50"), ("porch", "OFF"), ("anna", "OFF")]
    {
        wait_for_value(&house, point, value);
    }
    client.has("binary_sensor.porch", None, "on");
    wait_for_value(&house, "porch", "ON");
    assert_eq!(house.value("lamp"), "OFF", "it is warm");
    client.has("sensor.garden_temperature", None, "50");
    wait_for_value(&house, "lamp", "ON");
    client.has("person.anna", None, "home");
    wait_for_value(&house, "anna", "ON");

    // What is no number, or none of its kind, is a fault, and turns nothing on.
    client.has("sensor.garden_temperature", None, "unavailable");
    house.wait_for_log("sensor.garden_temperature says `unavailable`");
    wait_for_value(&house, "lamp", "OFF");
    client.has("sensor.garden_temperature", Some("unit_of_measurement"), "°C");
    client.has("sensor.garden_temperature", None, "4");
    wait_for_value(&house, "lamp", "ON");
    client.has("sensor.garden_temperature", Some("unit_of_measurement"), "gal");
    client.has("sensor.garden_temperature", None, "3");
    house.wait_for_log("sensor.garden_temperature says `3 gal`");
    wait_for_value(&house, "lamp", "OFF");
    client.has("sensor.garden_temperature", Some("unit_of_measurement"), "°C");
    client.has("sensor.garden_temperature", None, "4");
    wait_for_value(&house, "lamp", "ON");

    // Another one is asked for without a new connection, as the entities of the house are the same.
    client.has("binary_sensor.gate", None, "off");
    fs::write(&house.config, text.replace("binary_sensor.porch", "binary_sensor.gate")).unwrap();
    wait_for_value(&house, "lamp", "OFF");
    let asks = |client: &mut Client| client.ask(json!({ "do": "asked" }));
    wait_until("it is asked for", || {
        asks(&mut client).as_array().unwrap().iter().any(|one| one == "binary_sensor.gate")
    });
    let asked = asks(&mut client);
    let times = |topic: &str| asked.as_array().unwrap().iter().filter(|one| *one == topic).count();
    assert_eq!((times("binary_sensor.gate"), times("sensor.garden_temperature")), (1, 1), "{asked}");

    // A second one is asked when the first has gone.
    let mut second = Client::start();
    second.has("binary_sensor.gate", None, "on");
    second.has("sensor.garden_temperature", Some("unit_of_measurement"), "°C");
    second.has("sensor.garden_temperature", None, "4");
    second.ask(json!({ "do": "connect", "port": port, "key": right }));
    second.ask(json!({ "do": "list" }));
    second.ask(json!({ "do": "subscribe" }));
    client.has("person.anna", None, "not_home");
    wait_for_value(&house, "anna", "OFF");
    assert_eq!(second.ask(json!({ "do": "asked" })), json!([]));
    assert_eq!(house.value("lamp"), "OFF");
    client.ask(json!({ "do": "disconnect" }));
    wait_for_value(&house, "lamp", "ON");
}
