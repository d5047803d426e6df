//! Sensors on serial ports, with the real binary: what devices would say is written into pseudo-terminals.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use hearthd::links::serial::dsmr::crc16;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use support::{Broker, House, Watcher, wait_until};
use tempfile::TempDir;

/// A device behind a serial port, which is a link as udev makes them.
struct Device {
    link: PathBuf,
    wire: File,
}

impl Device {
    fn plug_in(link: &Path) -> Device {
        // The daemon inherits it not: it would keep the line up when the device is gone.
        let wire = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&wire).unwrap();
        unlockpt(&wire).unwrap();
        // Nothing is echoed before the port is opened.
        let mut settings = tcgetattr(&wire).unwrap();
        settings.make_raw();
        tcsetattr(&wire, OptionalActions::Now, &settings).unwrap();
        rustix::io::ioctl_fionbio(&wire, true).unwrap();
        let name = ptsname(&wire, Vec::new()).unwrap();
        symlink(name.to_str().unwrap(), link).unwrap();
        Device { link: link.into(), wire: wire.into() }
    }

    fn pull_out(self) {
        fs::remove_file(&self.link).unwrap();
    }

    fn say(&mut self, bytes: &[u8]) {
        self.wire.write_all(bytes).unwrap();
    }

    /// What it was told since the last time, after waiting for it a moment.
    fn hear(&mut self) -> Vec<u8> {
        let limit = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], Some(&limit)).unwrap();
        let mut bytes = [0; 256];
        match self.wire.read(&mut bytes) {
            Ok(count) => bytes[..count].to_vec(),
            // While nobody has the port open, it is at its end.
            Err(error) if error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::EIO) => {
                Vec::new()
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Says it again and again, until a point is so.
    fn until(&mut self, house: &House, point: &str, value: &str, bytes: &[u8]) {
        wait_until(&format!("{point} is {value}"), || {
            self.say(bytes);
            house.value(point).starts_with(value)
        });
    }
}

fn telegram(power: &str, energy: &str) -> Vec<u8> {
    let text = format!(
        "/ISK5\\2M550T-1012\r\n\r\n1-0:1.8.1({energy}*kWh)\r\n1-0:1.8.2(000002.000*kWh)\r\n1-0:1.7.0({power}*kW)\r\n\
         0-1:24.1.0(003)\r\n0-1:24.2.1(101209112500W)(12785.123*m3)\r\n!"
    );
    format!("{text}{:04X}\r\n", crc16(text.as_bytes())).into_bytes()
}

fn radar(state: u8, distance: u8) -> Vec<u8> {
    let said = [0x0d, 0, 2, 0xaa, state, distance, 0, 40, distance, 0, 50, distance, 0, 0x55, 0];
    [&[0xf4, 0xf3, 0xf2, 0xf1], &said[..], &[0xf8, 0xf7, 0xf6, 0xf5]].concat()
}

fn dust(pm25: u16) -> Vec<u8> {
    let mut frame = vec![0x42, 0x4d, 0, 28];
    let numbers = [1, 1, 1, 4, pm25, 12, 0, 0, 0, 0, 0, 0, 0_u16];
    frame.extend(numbers.into_iter().flat_map(u16::to_be_bytes));
    let sum: u16 = frame.iter().map(|byte| u16::from(*byte)).sum();
    frame.extend(sum.to_be_bytes());
    frame
}

fn quality(house: &House, point: &str) -> String {
    let why: Value = serde_json::from_str(&house.ask(&["why", point, "--json"])).unwrap();
    why["point"]["quality"].as_str().unwrap_or_default().to_owned()
}

fn hut(text: &str) -> House {
    House::new(&format!("[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n{text}"))
}

#[test]
fn a_meter_is_read_vanishes_and_returns() {
    let broker = Broker::start();
    let folder = TempDir::new().unwrap();
    let port = folder.path().join("meter");
    let mut meter = Device::plug_in(&port);
    let mut house = hut(&format!(
        "[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n[serial.meter]\nport = \"{}\"\nkind = \"dsmr\"\n\
         [sensors.house]\nserial = \"meter\"\nevery = \"1s\"\nstale_after = \"1h\"\nquantities = [\"power\", \"energy\", \"gas\"]\n",
        broker.port,
        port.display()
    ));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/hut/#");
    meter.until(&house, "house.power", "1193", &telegram("01.193", "123456.789"));
    for (topic, value) in [("power", "1193"), ("energy", "123458.789"), ("gas", "12785.123")] {
        watcher.wait_until(&format!("hearthd/hut/house/{topic}/state"), value, |last| last.starts_with(value));
    }
    // Rubbish, a wrong checksum and half a telegram tell nothing; what follows does.
    let mut wrong = telegram("09.999", "123456.789");
    let at = wrong.len() - 3;
    wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
    let whole = telegram("00.250", "123456.789");
    let bytes = [&b"\xff\x00 rubbish"[..], &wrong, &whole[..60], &whole].concat();
    meter.until(&house, "house.power", "250", &bytes);
    assert!(watcher.all("hearthd/hut/house/power/state").iter().all(|message| !message.payload.starts_with("9999")));

    meter.pull_out();
    wait_until("the meter is missed", || quality(&house, "house.power") == "fault");
    let mut meter = Device::plug_in(&port);
    meter.until(&house, "house.power", "777", &telegram("00.777", "123456.790"));
    assert_eq!(quality(&house, "house.power"), "good");
    assert!(house.stop(), "it ends well while a port is open");
}

#[test]
fn whatever_is_connected_is_heard_and_asked() {
    let folder = TempDir::new().unwrap();
    let port = |name: &str| folder.path().join(name);
    let (mut radar_at, mut dust_at, mut air_at) =
        (Device::plug_in(&port("radar")), Device::plug_in(&port("dust")), Device::plug_in(&port("air")));
    let table =
        |name: &str, kind: &str| format!("[serial.{name}]\nport = \"{}\"\nkind = \"{kind}\"\n", port(name).display());
    let text = [
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n".into(),
        table("radar", "ld2410"),
        table("dust", "pms5003"),
        table("air", "mh-z19"),
        "automatic_baseline = false\n\
         [inputs.desk]\nkind = \"motion\"\nserial = \"radar\"\n\
         [inputs.typing]\nkind = \"motion\"\nserial = \"radar\"\nvalue = \"moving\"\n\
         [sensors.target]\nserial = \"radar\"\nevery = \"1s\"\n\
         [sensors.air]\nserial = \"dust\"\nevery = \"1s\"\n\
         [sensors.breath]\nserial = \"air\"\nevery = \"1s\"\n\
         [rooms.study]\nmotion = [\"desk\"]\n"
            .into(),
    ]
    .concat();
    let mut house = House::new(&text);
    house.up(&[]);
    let mut asked = Vec::new();
    let (baseline, read) = ([0xff, 1, 0x79, 0, 0, 0, 0, 0, 0x86], [0xff, 1, 0x86, 0, 0, 0, 0, 0, 0x79]);
    wait_until("it is asked for its reading", || {
        asked.extend(air_at.hear());
        asked.starts_with(&[baseline, read].concat())
    });
    air_at.until(&house, "breath.co2", "608", &[0xff, 0x86, 0x02, 0x60, 0x47, 0, 0, 0, 0xd1]);
    dust_at.until(&house, "air.pm25", "7", &dust(7));
    radar_at.until(&house, "desk", "ON", &radar(2, 81));
    wait_until("the study is occupied", || house.value("study.occupied") == "ON");
    assert_eq!(house.value("typing"), "OFF");
    radar_at.until(&house, "typing", "ON", &radar(3, 81));
    radar_at.until(&house, "target.still_distance", "81", &radar(3, 81));
    radar_at.until(&house, "desk", "OFF", &radar(0, 0));
    assert!(radar_at.hear().is_empty(), "a radar is told nothing as long as nobody wants to know more");

    // A reload that wants more of one port: that one is asked, and the others stay open.
    let more = "[sensors.gates]\nserial = \"radar\"\nquantities = [\"still_gate_3\"]\nevery = \"1s\"\n";
    fs::write(&house.config, format!("{text}{more}")).unwrap();
    let mut told = Vec::new();
    wait_until("engineering mode is asked for", || {
        told.extend(radar_at.hear());
        told.windows(2).any(|pair| pair == [0x62, 0])
    });
    let mut rest = asked.split_off(18);
    rest.extend(air_at.hear());
    assert!(!rest.windows(9).any(|command| command == baseline), "the other port was opened anew: {rest:02x?}");
    dust_at.until(&house, "air.pm25", "9", &dust(9));
    assert!(house.stop());
}
