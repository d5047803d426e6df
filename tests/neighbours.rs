//! hearthd with other programs of a house, themselves: `scripts/neighbours` installs them and runs this.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use support::{Broker, House, Watcher, free_port, wait_until};

/// A program of Node.js, and what it says.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
}

impl Program {
    fn start(command: &mut Command) -> Program {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("scripts/neighbours installs it");
        let (stdin, stdout, said) = (child.stdin.take(), child.stdout.take().unwrap(), Arc::<Mutex<String>>::default());
        let hears = said.clone();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("{line}");
                hears.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Program { child, stdin, said }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn wait_for(&self, text: &str) {
        wait_until(&format!("it says {text:?}"), || self.said.lock().unwrap().contains(text));
    }

    fn forget(&self) {
        self.said.lock().unwrap().clear();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of `tests` with what npm installed there.
fn installed(folder: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    assert!(
        folder.join("node_modules").exists(),
        "npm ci in {} comes first: scripts/neighbours does it",
        folder.display()
    );
    folder
}

fn house(port: u16, rest: &str) -> House {
    let hardware = "[hub]\nid = \"cottage\"\n[hardware]\nbackend = \"simulated\"\n";
    House::new(&format!("{hardware}[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n{rest}"))
}

#[test]
fn a_motion_sensor_of_zigbee2mqtt_switches_a_bulb_of_it() {
    let (broker, folder) = (Broker::start(), tempfile::tempdir().unwrap());
    let mut zigbee = Command::new("node");
    zigbee.arg(installed("zigbee2mqtt").join("radio.cjs")).arg(folder.path()).arg(broker.port.to_string());
    let mut zigbee = Program::start(&mut zigbee);
    zigbee.wait_for("Zigbee2MQTT started");

    // What `detect` lists can be used as it is.
    let found = house(broker.port, "").ask(&["detect", "--mqtt"]);
    println!("{found}");
    let rule = "[[rules]]\nname = \"Hall\"\nwhile = \"hall_motion is on\"\nset = { hall_bulb = 40 }\n";
    let mut house = house(broker.port, &format!("{found}{rule}"));
    house.up(&[]);
    wait_until("the bulb is where it should be", || house.value("hall_bulb") == "OFF");

    zigbee.forget();
    zigbee.tell("motion on");
    zigbee.wait_for("> moveToLevelWithOnOff {\"zclVersion\":3,\"onOff\":1,\"currentLevel\":102}");
    wait_until("the bulb has confirmed it", || {
        house.value("hall_bulb") == "ON" && house.value("hall_bulb.level") == "40"
    });
    zigbee.tell("temperature 21.5");
    wait_until("the temperature arrives", || house.ask(&["status"]).contains("21.50"));
    zigbee.tell("motion off");
    zigbee.wait_for("> off ");
    wait_until("the bulb has confirmed it", || house.value("hall_bulb") == "OFF");

    // Somebody switches it off at its own switch: the house wants it on.
    zigbee.tell("motion on");
    wait_until("the bulb is on", || house.value("hall_bulb") == "ON");
    zigbee.forget();
    zigbee.tell("bulb off");
    zigbee.wait_for("> moveToLevelWithOnOff");
    wait_until("the bulb is on again", || house.value("hall_bulb") == "ON");

    // It ends: the house knows nothing of its devices any more.
    drop(zigbee.stdin.take());
    zigbee.wait_for("Stopped Zigbee2MQTT");
    let quality = || {
        house.status()["points"].as_array().unwrap().iter().find(|p| p["id"] == "hall_motion").unwrap()["quality"]
            .clone()
    };
    wait_until("the motion sensor is in fault", || quality() == "fault");
}

#[test]
fn node_red_reads_a_sensor_and_switches_a_light() {
    let (broker, folder) = (Broker::start(), tempfile::tempdir().unwrap());
    let watcher = Watcher::start(broker.port, "hearthd/#");
    let mut house =
        house(broker.port, "[sensors.living]\nchip = \"bme280\"\n[outputs.hall_light]\nkind = \"light\"\ngpio = 17\n");
    house.up(&[]);
    house.ask(&["set", "living.temperature", "22"]);
    let place = installed("nodered");
    let mut node_red = Command::new("node");
    node_red.arg(place.join("node_modules/node-red/red.js")).arg("-s").arg(place.join("settings.js"));
    node_red.arg("-u").arg(folder.path());
    node_red.env("FLOWS", place.join("flows.json"));
    node_red.env("MQTT_PORT", broker.port.to_string()).env("HTTP_PORT", free_port().to_string());
    let node_red = Program::start(&mut node_red);
    node_red.wait_for("Connected to broker");
    for (degrees, light) in [("27", "ON"), ("23", "OFF"), ("26.5", "ON")] {
        house.ask(&["set", "living.temperature", degrees]);
        watcher.wait_for("hearthd/cottage/hall_light/state", light);
        assert_eq!(house.value("hall_light"), light);
    }
    assert_eq!(watcher.all("hearthd/cottage/error"), []);
}
