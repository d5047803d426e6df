//! The house as a Homie device: the binary with a real mosquitto, held to the convention by a checker of our own.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "homie/convention.rs"]
mod convention;
mod support;

use std::{collections::BTreeMap, fs, io::Write, process::Stdio};
use support::{Broker, House, Watcher, programs::python, retained, wait_until};

const STATE: &str = "homie/5/my-hut/$state";

fn config(port: u16, more: &str) -> String {
    format!(
        r#"
[hub]
id = "my_hut"
name = "Hut"
latitude = 52.4
longitude = 4.9
[mqtt]
url = "mqtt://127.0.0.1:{port}"
homie = true
[hardware]
backend = "simulated"
[modes]
list = ["home", "away"]
[outputs.hall_light]
kind = "light"
gpio = 17
lock = true
power = 40
[outputs.lamp]
kind = "light"
pwm = 18
[outputs.odd_]
kind = "switch"
gpio = 16
[outputs.heater]
kind = "heater"
gpio = 22
[outputs.blind]
kind = "cover"
open_gpio = 23
close_gpio = 24
open_time = "20s"
close_time = "20s"
[inputs.hall_motion]
kind = "motion"
gpio = 4
[inputs.bell]
kind = "button"
gpio = 5
[sensors.living]
chip = "bme280"
address = 0x76
every = "1s"
[inputs.meter]
kind = "counter"
gpio = 6
measures = "energy"
pulses_per_unit = 1000
[rooms.hall]
motion = ["hall_motion"]
empty_after = "5m"
[climate.living_room]
sensor = "living.temperature"
heat = "heater"
target = 20
frost = "off"
[scenes.evening]
set = {{ hall_light = "on" }}
{more}
"#
    )
}

/// What the broker keeps of the device, once it is as the convention asks.
fn kept(port: u16) -> BTreeMap<String, String> {
    wait_until("the device is ready", || retained(port, "homie").get(STATE).is_some_and(|state| state == "ready"));
    // What was told for the first time while that was taken is not in it.
    let mut kept = retained(port, "homie");
    kept.remove("homie/marker");
    kept
}

fn assert_good(kept: &BTreeMap<String, String>) {
    let wrong = convention::wrong_with("my-hut", kept);
    assert!(wrong.is_empty(), "{wrong:#?}\n{kept:#?}");
}

fn topic(property: &str) -> String {
    format!("homie/5/my-hut/{property}")
}

#[test]
fn the_device_is_as_the_convention_asks_and_follows_commands() {
    let broker = Broker::start();
    let mut house = House::new(&config(broker.port, ""));
    let watcher = Watcher::start(broker.port, "homie/#");
    house.up(&[]);
    watcher.wait_for(STATE, "ready");
    // `init` and the description come before all values, `ready` after them.
    let order: Vec<String> = watcher.all_of_any("homie/5/").into_iter().map(|message| message.topic).collect();
    assert_eq!(order[..2], [STATE.to_owned(), topic("$description")]);
    let ready = watcher.all_of_any("homie/5/").iter().position(|message| message.payload == "ready").unwrap();
    assert!(order.iter().position(|said| *said == topic("lamp/level")).unwrap() < ready);
    watcher.wait_until(&topic("living/temperature"), "a reading", |text| !text.is_empty());
    assert_good(&kept(broker.port));
    let kept = kept(broker.port);
    for (property, value) in
        [("hall-light/state", "false"), ("lamp/level", "0"), ("mode/state", "home"), ("hall-light/lock", "false")]
    {
        assert_eq!(kept.get(&topic(property)).map(String::as_str), Some(value), "{property}");
    }

    // Everything that is settable takes what its description says, and shows it.
    let set = |property: &str, payload: &str, shows: (&str, &str)| {
        watcher.publish(&topic(&format!("{property}/set")), payload);
        watcher.wait_for(&topic(shows.0), shows.1);
    };
    set("hall-light/state", "true", ("hall-light/state", "true"));
    assert_eq!(house.value("hall_light"), "ON");
    set("lamp/level", "40", ("lamp/level", "40"));
    set("odd--x/state", "true", ("odd--x/state", "true"));
    assert_eq!(house.value("odd_"), "ON");
    set("lamp/state", "false", ("lamp/level", "0"));
    set("hall-light/state-command", "auto", ("hall-light/state", "false"));
    set("scene/evening", "ON", ("hall-light/state", "true"));
    set("mode/state", "away", ("mode/state", "away"));
    set("living-room/mode", "heat", ("living-room/mode", "heat"));
    set("living-room/target", "19.25", ("living-room/target", "19.25"));
    set("living-room/command", "auto", ("living-room/target", "20"));
    set("blind/state-command", "open", ("blind/state", "opening"));
    set("meter/energy", "1234.5", ("meter/energy", "1234.500"));
    assert_good(&self::kept(broker.port));
}

#[test]
fn a_controller_of_others_finds_reads_and_commands_it() {
    let broker = Broker::start();
    let mut house = House::new(&config(broker.port, ""));
    house.up(&[]);
    let kept = kept(broker.port);
    let paths =
        kept.keys().filter_map(|topic| topic.strip_prefix("homie/5/my-hut/")).filter(|path| !path.starts_with('$'));
    let paths: Vec<&str> = paths.collect();
    assert!(paths.len() > 20, "{paths:?}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/homie/controller.py");
    let commands = ["hall-light/state=true", "lamp/level=40", "mode/state=away", "living-room/target=19.25"];
    let mut controller = python("python3");
    controller.args([script, &broker.port.to_string(), "my-hut"]).args(commands).stdin(Stdio::piped());
    let mut controller = controller.spawn().unwrap();
    controller.stdin.take().unwrap().write_all(paths.join("\n").as_bytes()).unwrap();
    assert!(controller.wait().unwrap().success(), "see above what it says");
    assert_eq!(house.value("hall_light"), "ON");
    assert_eq!(house.value("lamp.level"), "40");
}

#[test]
fn what_is_not_valid_is_refused_and_the_value_told_again() {
    let broker = Broker::start();
    let mut house = House::new(&config(broker.port, ""));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "homie/#");
    watcher.wait_for(STATE, "ready");
    let log = topic("$log/warn");
    for (property, payload, says) in [
        ("hall-light/state", "ON", "hall_light: not valid: write true or false"),
        ("lamp/level", "+10", "lamp.level: not valid: write a whole number in 0:100"),
        ("living-room/mode", "HEAT", "living_room.mode: not valid: write one of "),
    ] {
        watcher.forget();
        watcher.publish(&topic(&format!("{property}/set")), payload);
        watcher.wait_until(&log, says, |line| line.starts_with(says));
        watcher.wait_until(&topic(property), "the value", |value| !value.is_empty());
        assert!(!watcher.all(&log)[0].retained);
    }
    watcher.publish(&topic("living/temperature/set"), "20");
    watcher.wait_until(&log, "no such property", |line| line.contains("living/temperature/set"));
    // What the engine refuses: a locked light.
    watcher.publish(&topic("hall-light/lock/set"), "true");
    watcher.wait_for(&topic("hall-light/lock"), "true");
    watcher.publish(&topic("hall-light/state/set"), "true");
    watcher.wait_until(&log, "the lock", |line| line.contains("hall_light is locked"));
    assert_eq!(watcher.last(&topic("hall-light/state")).as_deref(), Some("false"));
    // A retained command is old news.
    watcher.publish_retained(&topic("lamp/level/set"), "80");
    watcher.publish(&topic("lamp/level/set"), "30");
    watcher.wait_for(&topic("lamp/level"), "30");
    watcher.publish_retained(&topic("lamp/level/set"), "");
}

#[test]
fn a_reload_describes_it_anew_and_clears_what_is_gone() {
    let broker = Broker::start();
    let mut house = House::new(&config(broker.port, "[outputs.pump]\nkind = \"switch\"\ngpio = 27\n"));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "homie/#");
    watcher.wait_for(STATE, "ready");
    watcher.wait_for(&topic("pump/state"), "false");
    watcher.forget();
    fs::write(&house.config, config(broker.port, "")).unwrap();
    watcher.wait_for(&topic("pump/state"), "");
    watcher.wait_for(STATE, "ready");
    let states: Vec<String> = watcher.all(STATE).into_iter().map(|message| message.payload).collect();
    assert_eq!(states, ["init", "ready"]);
    let order: Vec<String> = watcher.all_of_any("homie/5/").into_iter().map(|message| message.topic).collect();
    let first = |topic: &str| order.iter().position(|said| said == topic).unwrap();
    assert!(first(STATE) < first(&topic("$description")));
    assert!(first(&topic("$description")) < first(&topic("pump/state")));
    let kept = kept(broker.port);
    assert_good(&kept);
    assert!(!kept.keys().any(|topic| topic.contains("/pump/")));
}

#[test]
fn switched_off_it_is_taken_back_running_or_not() {
    let broker = Broker::start();
    let on = config(broker.port, "");
    let off = on.replace("homie = true", "homie = false");
    let mut house = House::new(&on);
    house.up(&[]);
    assert_good(&kept(broker.port));
    let watcher = Watcher::start(broker.port, "homie/#");
    watcher.wait_for(STATE, "ready");
    watcher.forget();
    fs::write(&house.config, &off).unwrap();
    let nothing = || {
        let mut kept = retained(broker.port, "homie");
        kept.remove("homie/marker");
        kept.is_empty()
    };
    wait_until("the device is gone", nothing);
    let cleared = watcher.all_of_any("homie/5/").into_iter().find(|message| message.payload.is_empty());
    assert_eq!(cleared.unwrap().topic, STATE, "it ceases to be first");

    fs::write(&house.config, &on).unwrap();
    assert_good(&kept(broker.port));
    house.kill();
    watcher.wait_for(STATE, "lost");
    fs::write(&house.config, &off).unwrap();
    house.up(&[]);
    wait_until("the device is gone", nothing);
}

#[test]
fn its_end_is_told_and_a_broker_that_comes_back_gets_everything() {
    let mut broker = Broker::start();
    let mut house = House::new(&config(broker.port, ""));
    house.up(&[]);
    let before = kept(broker.port);
    broker.kill();
    broker.up();
    let after = kept(broker.port);
    assert_good(&after);
    assert_eq!(before[&topic("$description")], after[&topic("$description")]);

    let watcher = Watcher::start(broker.port, "homie/#");
    watcher.wait_for(STATE, "ready");
    house.kill();
    watcher.wait_for(STATE, "lost");
    house.up(&[]);
    watcher.wait_for(STATE, "ready");
    assert!(house.stop());
    watcher.wait_for(STATE, "disconnected");
    assert_good(&retained(broker.port, "homie/5"));
}
