//! A whole house by the binary: real broker, simulated wires, people at the console and on MQTT.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use support::{Broker, House, Watcher, connect, retained, wait_until};

/// One light, one motion sensor, one room, and a rule that joins them.
fn hall(port: u16) -> String {
    format!(
        r#"
[hub]
id = "cottage"
latitude = 52.37
longitude = 4.89
timezone = "Europe/Amsterdam"

[mqtt]
url = "mqtt://127.0.0.1:{port}"

[hardware]
backend = "simulated"

[outputs.hall_light]
kind = "light"
gpio = 17
active = "low"

[outputs.pump]
kind = "switch"
gpio = 27

[inputs.hall_motion]
kind = "motion"
gpio = 4

[sensors.living]
chip = "bme280"
every = "1s"

[rooms.hall]
motion = ["hall_motion"]
empty_after = "5m"

[[rules]]
name = "Hall light after dark while somebody is there"
while = "dark and hall.occupied"
set = {{ hall_light = "on" }}
"#
    )
}

#[test]
fn a_command_is_manual_until_auto() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    watcher.wait_for("hearthd/cottage/hall_light/state", "OFF");

    watcher.publish("hearthd/cottage/hall_light/set", "ON");
    watcher.wait_for("hearthd/cottage/hall_light/state", "ON");
    watcher.wait_until("hearthd/cottage/hall_light/why", "the manual slot", |why| why.starts_with("manual: "));
    let kept = retained(broker.port, "hearthd/cottage");
    assert_eq!(kept["hearthd/cottage/hall_light/state"], "ON");
    assert_eq!(kept["hearthd/cottage/hall_light/why"], "manual: command by MQTT, until AUTO");
    assert!(!kept.contains_key("hearthd/cottage/error"));

    watcher.publish("hearthd/cottage/hall_light/set", "AUTO");
    watcher.wait_for("hearthd/cottage/hall_light/state", "OFF");
    watcher.wait_until("hearthd/cottage/hall_light/why", "the default", |why| why.starts_with("default: "));
}

#[test]
fn motion_after_dark_lights_the_hall_and_an_empty_minute_puts_it_out() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port).replace("\"5m\"", "\"1m\""));
    // A minute takes thirty seconds.
    house.up(&["--from", "2026-11-23T21:00:00", "--speed", "2"]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    watcher.wait_for("hearthd/cottage/hall/occupied/state", "OFF");
    watcher.wait_for("hearthd/cottage/hall_light/state", "OFF");

    house.ask(&["set", "hall_motion", "on"]);
    watcher.wait_for("hearthd/cottage/hall_motion/state", "ON");
    watcher.wait_for("hearthd/cottage/hall_light/state", "ON");
    watcher.wait_for("hearthd/cottage/hall_light/why", "rule: Hall light after dark while somebody is there");

    house.ask(&["set", "hall_motion", "off"]);
    watcher.wait_for("hearthd/cottage/hall_motion/state", "OFF");
    let still = local_seconds(&house, "hall_motion");
    watcher.wait_for("hearthd/cottage/hall_light/state", "OFF");
    let dark = local_seconds(&house, "hall_light");
    // A busy machine may be late, but not as late as the five minutes of the file.
    assert!((60..=120).contains(&(dark - still)), "a minute, not {} s", dark - still);
    watcher.wait_for("hearthd/cottage/hall/occupied/state", "OFF");
}

#[test]
fn motion_by_day_lights_nothing() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&["--from", "2026-11-23T12:00:00", "--speed", "1"]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    house.ask(&["set", "hall_motion", "on"]);
    watcher.wait_for("hearthd/cottage/hall/occupied/state", "ON");
    assert_eq!(house.value("hall_light"), "OFF");
}

#[test]
fn a_plan_says_what_would_change_and_changes_nothing() {
    let mut house = House::new(&hall(1));
    house.up(&["--from", "2026-11-23T12:00:00", "--speed", "1"]);
    let file = house.folder.path().join("new.toml");
    fs::write(&file, fs::read_to_string(&house.config).unwrap()).unwrap();
    let file_name = file.to_str().unwrap();
    assert_eq!(house.ask(&["plan", file_name]), "nothing would change\n");

    let old = fs::read_to_string(&house.config).unwrap();
    let new = old.replace("[outputs.hall_light]\n", "[outputs.hall_light]\ndefault = \"on\"\n");
    assert_ne!(new, old);
    fs::write(&file, new).unwrap();
    let plan = house.ask(&["plan", file_name]);
    assert!(plan.contains("+ outputs.hall_light.default: \"on\""), "{plan}");
    assert!(plan.contains("hall_light  OFF -> ON  default: nobody asks for anything"), "{plan}");
    assert_eq!(house.value("hall_light"), "OFF");

    fs::write(&file, "[hub]\nidd = \"x\"\n").unwrap();
    let refused = house.console(&["plan", file_name]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("new.toml:2:1"), "{refused:?}");
}

#[test]
fn what_people_set_of_the_file_outlives_a_kill_and_gives_way_to_the_file() {
    let broker = Broker::start();
    let file = hall(broker.port)
        .replace("gpio = 27\n", "gpio = 27\nmanual_for = \"30m\"\nsettable = true\nroom = \"hall\"\n")
        .replace("empty_after = \"5m\"\n", "empty_after = \"5m\"\nsettable = true\n");
    let mut house = House::new(&file);
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "#");
    watcher.wait_for("hearthd/cottage/pump/manual_for/state", "30");
    let announced = |component: &str| -> serde_json::Value {
        let device = watcher.last("homeassistant/device/hearthd_cottage/hall/config").unwrap();
        serde_json::from_str::<serde_json::Value>(&device).unwrap()["cmps"][component].clone()
    };
    watcher.wait_until("homeassistant/device/hearthd_cottage/hall/config", "the room", |text| {
        text.contains("empty_after")
    });
    let topic = |leaf: &str| format!("hearthd/cottage/pump/manual_for/{leaf}");
    assert_eq!(
        announced("number-pump-manual_for"),
        serde_json::json!({
            "p": "number",
            "uniq_id": "hearthd_cottage_pump.manual_for",
            "default_entity_id": "number.cottage_pump_manual_for",
            "name": "Pump manual for",
            "stat_t": topic("state"),
            "cmd_t": topic("set"),
            "avty": [{ "t": "hearthd/cottage/availability" }, { "t": topic("availability") }],
            "avty_mode": "all",
            "json_attr_t": topic("attributes"),
            "json_attr_tpl": "{{ value }}",
            "min": 0.5,
            "max": 10080.0,
            "step": 0.5,
            "mode": "box",
            "unit_of_meas": "min",
            "dev_cla": "duration",
            "ic": "mdi:timer-sand",
            "ent_cat": "config",
        })
    );
    let before = watcher.all_of_any("homeassistant/").len();
    watcher.publish(&topic("set"), "45");
    watcher.wait_for(&topic("state"), "45");
    watcher.wait_for(&topic("why"), "manual: command by MQTT, until AUTO; the file says 30 min");
    watcher.wait_until(&topic("attributes"), "that it is by hand", |text| text.contains("\"manual\":true"));
    watcher.publish("hearthd/cottage/hall/empty_after/set", "1000000");
    watcher.wait_until("hearthd/cottage/error", "a refusal", |text| text.contains("write 0.5 to 1440 min, or AUTO"));
    assert!(
        house.ask(&["set", "hall.empty_after", "2m30s"]).contains("hall.empty_after is 2.5 min. manual: command by")
    );
    watcher.wait_for("hearthd/cottage/hall/empty_after/state", "2.5");
    assert_eq!(watcher.all_of_any("homeassistant/").len(), before, "nothing is announced anew for it");
    house.kill();
    house.up(&[]);
    assert_eq!(house.value("pump.manual_for"), "45");
    let why = house.ask(&["why", "pump.manual_for"]);
    assert!(why.contains("> manual   45 min  command by MQTT, until AUTO"), "{why}");
    assert!(why.contains("  default  30 min  the file (overruled by manual)"), "{why}");
    assert!(house.ask(&["status"]).contains("the file says 30 min"));

    let new = file.replace("\"30m\"", "\"1h\"");
    let planned = house.folder.path().join("new.toml");
    fs::write(&planned, &new).unwrap();
    let plan = house.ask(&["plan", planned.to_str().unwrap()]);
    assert!(plan.contains("set by hand, and over\n  ~ pump.manual_for: 45 min -> 60 min\n"), "{plan}");
    fs::write(&house.config, &new).unwrap();
    watcher.wait_for(&topic("state"), "60");
    house.wait_for_log("pump.manual_for: 45 min, set by hand, is over: the file now says 60 min");
    assert_eq!(watcher.last("hearthd/cottage/hall/empty_after/state").as_deref(), Some("2.5"), "that is still set");
    assert!(house.ask(&["auto", "hall.empty_after"]).contains("hall.empty_after is 5 min. default: the file"));
}

/// When a point last changed, in seconds of the house's clock.
fn local_seconds(house: &House, point: &str) -> i64 {
    let why: serde_json::Value = serde_json::from_str(&house.ask(&["why", point, "--json"])).unwrap();
    let changed = why["point"]["changed"].as_str().expect("it has changed");
    chrono::DateTime::parse_from_rfc3339(changed).unwrap().timestamp()
}

#[test]
fn the_console_sets_explains_and_gives_back() {
    let mut house = House::new(&hall(1));
    house.up(&[]);
    assert!(house.ask(&["set", "hall_light", "on", "--for", "2h"]).contains("hall_light is ON"));
    let why = house.ask(&["why", "hall_light"]);
    assert!(why.contains("> manual     ON  command by the console, until "), "{why}");
    assert!(why.contains("  default   OFF  nobody asks for anything"), "{why}");
    assert!(house.ask(&["status"]).contains("hall_light"));
    assert!(house.ask(&["auto", "hall_light"]).contains("hall_light is OFF"));

    assert!(String::from_utf8_lossy(&house.console(&["auto", "living.temperature"]).stderr).contains("read, not set"));
    for (arguments, complaint) in [
        (["set", "hall_lihgt", "on"], "did you mean hall_light?"),
        (["set", "hall_light", "maybe"], "write ON, OFF, TOGGLE or AUTO"),
        (["set", "living.temperature", "warm"], "a plausible number"),
        (["set", "hall.occupied", "on"], "read, not set"),
    ] {
        let output = house.console(&arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(error.contains(complaint), "{error}");
    }
    house.kill();
    let output = house.console(&["status"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hearthd is not running"));
}

#[test]
fn everything_is_told_again_when_the_broker_comes_back_empty_or_late() {
    let mut broker = Broker::reserve();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    assert!(house.ask(&["set", "hall_light", "on"]).contains("ON"), "it works without a broker");

    let mut told = Vec::new();
    for round in 0..3 {
        broker.up();
        let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
        watcher.wait_for("hearthd/cottage/availability", "online");
        let kept = retained(broker.port, "hearthd/cottage");
        assert_eq!(kept["hearthd/cottage/hall_light/state"], "ON", "round {round}");
        assert_eq!(retained(broker.port, "homeassistant").len(), 2, "the hub and the hall");
        told.push(kept.keys().cloned().collect::<Vec<_>>());
        drop(watcher);
        broker.kill();
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[1], told[2]);
}

#[test]
fn sigterm_leaves_safe_outputs_and_an_offline_house() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    house.ask(&["set", "pump", "on"]);
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    assert!(house.stop(), "exit code 0");
    let kept = retained(broker.port, "hearthd/cottage");
    assert_eq!(kept["hearthd/cottage/availability"], "offline");
    assert_eq!(kept["hearthd/cottage/pump/state"], "OFF");
    assert!(!house.socket().exists());

    // A command by hand outlives the restart.
    house.up(&[]);
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    assert_eq!(house.value("pump"), "ON");
}

#[test]
fn refused_commands_are_answered_and_change_nothing() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    let megabyte = vec![b'x'; 1 << 20];
    let wrong: [(&str, &[u8]); 12] = [
        ("hall_light", b"on "),
        ("hall_light", b""),
        ("hall_light", b"NaN"),
        ("hall_light", b"1e999"),
        ("hall_light", b"-0"),
        ("hall_light", b"{\"state\":\"ON\"}"),
        ("hall_light", b"\xff\xfe"),
        ("hall_light", &megabyte),
        ("hall_lihgt", b"ON"),
        ("living/temperature", b"21"),
        ("hall_motion", b"ON"),
        ("hall/occupied", b"ON"),
    ];
    for (point, payload) in wrong {
        watcher.publish(&format!("hearthd/cottage/{point}/set"), payload);
    }
    let errors = || watcher.all("hearthd/cottage/error");
    wait_until("all are answered", || errors().len() == wrong.len());
    for (error, (point, _)) in errors().iter().zip(wrong) {
        let json: serde_json::Value = serde_json::from_str(&error.payload).unwrap();
        assert_eq!(json["point"], point.replace('/', "."));
        assert!(
            json["payload"].is_string() && json["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
            "{json}"
        );
        assert!(!error.retained);
    }
    assert_eq!(house.value("hall_light"), "OFF");

    watcher.publish_retained("hearthd/cottage/pump/set", "ON");
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    // As a retained command it comes again with every subscription, and must not act.
    watcher.publish("hearthd/cottage/pump/set", "OFF");
    watcher.wait_for("hearthd/cottage/pump/state", "OFF");
    house.kill();
    house.up(&[]);
    watcher.wait_for("hearthd/cottage/availability", "online");
    house.wait_for_log("retained");
    assert_eq!(house.value("pump"), "OFF");
}

#[test]
fn a_storm_of_commands_ends_in_the_last_one() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/+/state");
    for round in 0..10_000 {
        let payload = if round % 3 == 0 { "ON" } else { "OFF" };
        watcher
            .publish(&format!("hearthd/cottage/{}/set", if round % 2 == 0 { "pump" } else { "hall_light" }), payload);
    }
    watcher.publish("hearthd/cottage/pump/set", "ON");
    watcher.publish("hearthd/cottage/hall_light/set", "ON");
    // These are the last messages of each; nothing may come after them.
    watcher.wait_for("hearthd/cottage/hall_light/state", "ON");
    wait_until("the console agrees", || house.value("pump") == "ON" && house.value("hall_light") == "ON");
    wait_until("the broker retains it", || {
        let kept = retained(broker.port, "hearthd/cottage");
        ["pump", "hall_light"].iter().all(|output| kept[&format!("hearthd/cottage/{output}/state")] == "ON")
    });
}

#[test]
fn a_storm_of_wrong_commands_is_answered_to_the_last() {
    const STORM: usize = 10_000;
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    for round in 0..STORM {
        watcher.publish("hearthd/cottage/pump/set", format!("nonsense {round}"));
    }
    watcher.publish("hearthd/cottage/pump/set", "ON");
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    let answered = || watcher.all("hearthd/cottage/error").len();
    wait_until("all are answered", || answered() >= STORM);
    assert_eq!(answered(), STORM);
}

#[test]
fn a_reload_takes_the_good_and_refuses_the_bad() {
    let broker = Broker::start();
    let good = hall(broker.port);
    let mut house = House::new(&good);
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    house.ask(&["set", "hall_light", "on"]);
    watcher.wait_for("hearthd/cottage/hall_light/state", "ON");
    house.wait_for_log("hall_light ON");
    let log = house.log_handle();
    let switched = || log().matches("hall_light ON").count() + log().matches("hall_light OFF").count();
    let before = switched();

    // Saved as editors do: a new file moved over the old one.
    let fresh = house.folder.path().join("config.toml.new");
    fs::write(&fresh, good.clone() + "\n[outputs.porch]\nkind = \"light\"\ngpio = 22\n").unwrap();
    fs::rename(&fresh, &house.config).unwrap();
    watcher.wait_for("hearthd/cottage/porch/state", "OFF");
    assert_eq!(house.value("hall_light"), "ON", "the command is still there");
    assert_eq!(switched(), before, "an unrelated edit moves no relay");

    // Broken: refused with its place, and everything stays.
    fs::write(&house.config, good.replace("gpio = 27", "gpoi = 27")).unwrap();
    house.wait_for_log("config.toml:21:1");
    house.wait_for_log("the old one stays in force");
    assert_eq!(house.value("porch"), "OFF");

    // Truncated by an editor in the middle of its work, then whole again without the porch.
    fs::write(&house.config, "").unwrap();
    fs::write(&house.config, &good).unwrap();
    wait_until("the porch is gone", || !house.ask(&["status"]).contains("porch"));
    wait_until("the broker forgets it", || {
        !retained(broker.port, "hearthd/cottage").keys().any(|topic| topic.contains("porch"))
    });

    // Deleted: the old one stays. A symlink in its place is as good as a file.
    fs::remove_file(&house.config).unwrap();
    wait_until("the loss is noticed", || house.log().matches("the old one stays in force").count() >= 2);
    assert_eq!(house.value("hall_light"), "ON");
    for (name, gpio) in [("first", 23), ("second", 24)] {
        let target = house.folder.path().join(format!("{name}.toml"));
        fs::write(&target, good.clone() + &format!("\n[outputs.{name}]\nkind = \"light\"\ngpio = {gpio}\n")).unwrap();
        let link = house.folder.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        fs::rename(&link, &house.config).unwrap();
        watcher.wait_for(&format!("hearthd/cottage/{name}/state"), "OFF");
    }
    assert!(house.is_running());
    assert_eq!(switched(), before);

    // SIGHUP reloads as well, and says what it refuses each time it is asked.
    fs::write(&house.config, "nonsense").unwrap();
    house.wait_for_log("error:");
    let refusals = house.log().matches("the old one stays in force").count();
    house.signal("HUP");
    wait_until("the refusal is repeated", || house.log().matches("the old one stays in force").count() > refusals);
}

/// Every kind of point that a person can set.
fn all_kinds(port: u16) -> String {
    let more = r#"
[outputs.lamp]
kind = "light"
pwm = 18
lock = true
[outputs.blind]
kind = "cover"
open_gpio = 5
close_gpio = 6
open_time = "20s"
close_time = "20s"
[outputs.heater]
kind = "heater"
gpio = 22
[outputs.all_lights]
kind = "group"
members = ["hall_light", "lamp"]
[climate.stove]
sensor = "living.temperature"
heat = "heater"
target = 20
presets = { away = 14 }
[modes]
list = ["home", "away"]
[scenes.evening]
set = { lamp = 30 }
"#;
    hall(port) + more
}

#[test]
fn every_kind_of_point_is_set_and_shown_at_the_console() {
    let mut house = House::new(&all_kinds(1));
    house.up(&[]);
    for (point, value, answer) in [
        ("hall_light", "On", "hall_light is ON. manual: "),
        ("lamp", "10", "lamp is ON 10 %. manual: "),
        ("lamp", "+10", "lamp is ON 20 %. manual: "),
        ("lamp", "-5", "lamp is ON 15 %. manual: "),
        ("lamp.level", "40", "lamp.level is 40 %"),
        ("lamp.lock", "on", "lamp.lock is ON"),
        ("lamp.lock", "off", "lamp.lock is OFF"),
        ("blind", "open", "blind is "),
        ("blind", "closed", "blind is "),
        ("stove.target", "22", "stove.target is 22 °C"),
        ("stove.preset", "away", "stove.preset is away"),
        ("mode", "away", "mode is away"),
        ("mode", "home", "mode is home"),
        ("scene.evening", "on", "scene.evening is given"),
        ("hall_motion", "on", "hall_motion: the simulated wire is set to on"),
        ("living.temperature", "19.5", "living.temperature: the simulated wire is set to 19.5"),
    ] {
        let said = house.console(&["set", point, value]);
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(text.starts_with(answer), "{point} {value}: {said:?}");
    }
    for point in ["mode", "lamp.lock"] {
        let refused = house.console(&["auto", point]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("so there is no AUTO for it; write"), "{refused:?}");
    }
    let why = house.ask(&["why", "lamp"]);
    assert!(why.contains("nobody asks for anything (overruled by manual)"), "{why}");
    house.ask(&["set", "lamp.lock", "on"]);
    let status = house.ask(&["status"]);
    for shown in
        ["stove.target", "stove.preset", "stove.action", "stove.alarm", "\nhouse\n  mode", "ON 30 %", ", locked"]
    {
        assert!(status.contains(shown), "{shown} in {status}");
    }
}

#[test]
fn a_zone_takes_one_target_or_two_and_is_given_back_by_one_payload() {
    let broker = Broker::start();
    let attic = r#"
[outputs.heater]
kind = "heater"
gpio = 22
[outputs.cooler]
kind = "cooler"
gpio = 23
[climate.attic]
sensor = "living.temperature"
heat = "heater"
cool = "cooler"
target = 20
cool_target = 25
presets = { away = { heat = 15, cool = 30 } }
"#;
    let mut house = House::new(&(hall(broker.port) + attic));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "#");
    let prefix = "hearthd/cottage/attic";
    let set = |point: &str, payload: &str| watcher.publish(&format!("{prefix}/{point}/set"), payload);
    let shows = |point: &str, payload: &str| watcher.wait_for(&format!("{prefix}/{point}/state"), payload);

    // As a thermostat of Home Assistant does, by the topics that it is told of.
    let discovery = "homeassistant/device/hearthd_cottage/config";
    watcher.wait_until(discovery, "the discovery", |text| text.contains("climate-attic"));
    let announced: serde_json::Value = serde_json::from_str(&retained(broker.port, discovery)[discovery]).unwrap();
    let thermostat = &announced["cmps"]["climate-attic"];
    let topic = |key: &str| thermostat[key].as_str().unwrap().to_owned();
    watcher.wait_for(&topic("temp_stat_t"), "None");
    watcher.publish(&topic("mode_cmd_t"), "cool");
    watcher.wait_for(&topic("temp_stat_t"), "25");
    watcher.publish(&topic("temp_cmd_t"), "23.5");
    watcher.wait_for(&topic("temp_hi_stat_t"), "23.5");
    watcher.wait_for(&topic("temp_stat_t"), "23.5");
    watcher.wait_for(&topic("temp_lo_stat_t"), "20");
    set("mode", "heat");
    shows("setpoint", "20");
    set("setpoint", "21");
    shows("target", "21");
    set("mode", "heat_cool");
    shows("setpoint", "None");
    set("setpoint", "22");
    watcher.wait_until("hearthd/cottage/error", "the refusal", |text| {
        text.contains("one target is for heat and cool, and the mode of attic is heat_cool")
    });
    shows("target", "21");

    // Its button gives all of it back.
    set("preset", "away");
    shows("target", "15");
    set("target", "18");
    set("mode", "heat");
    shows("setpoint", "18");
    let button = &announced["cmps"]["button-attic"];
    assert_eq!(button["ent_cat"], "config");
    watcher.publish(button["cmd_t"].as_str().unwrap(), button["pl_prs"].as_str().unwrap());
    shows("mode", "heat_cool");
    for (point, value) in [("target", "20"), ("cool_target", "25"), ("setpoint", "None"), ("preset", "none")] {
        shows(point, value);
    }
    watcher.wait_for(&format!("{prefix}/mode/why"), "default: the mode of the file");

    // So does the console.
    set("mode", "off");
    shows("mode", "off");
    assert_eq!(house.ask(&["auto", "attic"]), "attic.mode is heat_cool. default: the mode of the file\n");
    set("mode", "cool");
    shows("mode", "cool");
    house.ask(&["set", "attic", "auto"]);
    assert_eq!(house.value("attic.mode"), "heat_cool");
    let refused = house.console(&["set", "attic", "heat"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("write AUTO, or set one of its points, such as attic.mode"), "{said}");
}

#[test]
fn a_hub_that_moves_leaves_nothing_at_its_old_place() {
    let (broker, other) = (Broker::start(), Broker::start());
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    let kept =
        |port: u16, prefix: &str| retained(port, prefix).into_iter().filter(|(_, text)| !text.is_empty()).count();
    assert!(kept(broker.port, "hearthd/cottage") > 5 && kept(broker.port, "homeassistant") == 2);

    let barn = hall(broker.port).replace("\"cottage\"", "\"barn\"");
    fs::write(&house.config, &barn).unwrap();
    watcher.wait_for("hearthd/barn/availability", "online");
    assert_eq!(kept(broker.port, "hearthd/cottage"), 0);
    let announced = retained(broker.port, "homeassistant");
    assert_eq!(
        announced.keys().collect::<Vec<_>>(),
        ["homeassistant/device/hearthd_barn/config", "homeassistant/device/hearthd_barn/hall/config"]
    );

    // Without discovery.
    watcher.forget();
    fs::write(&house.config, barn.replace("[hardware]", "discovery = false\n[hardware]")).unwrap();
    watcher.wait_for("hearthd/barn/availability", "online");
    assert_eq!((kept(broker.port, "homeassistant"), kept(broker.port, "hearthd/barn") > 5), (0, true));

    // At another broker.
    let there = Watcher::start(other.port, "hearthd/#");
    fs::write(&house.config, barn.replace(&broker.port.to_string(), &other.port.to_string())).unwrap();
    there.wait_for("hearthd/barn/availability", "online");
    assert_eq!(kept(broker.port, "hearthd/barn"), 0);
}

#[test]
fn another_prefix_is_announced_before_the_old_topics_go() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    watcher.wait_for("hearthd/cottage/hall_light/state", "OFF");
    watcher.forget();
    // Changed while it does not run, or while it does.
    for (prefix, before, runs) in [("home", "hearthd/cottage", true), ("house", "home", false)] {
        if !runs {
            assert!(house.stop());
        }
        fs::write(
            &house.config,
            hall(broker.port).replace("[hardware]", &format!("prefix = \"{prefix}\"\n[hardware]")),
        )
        .unwrap();
        if !runs {
            house.up(&[]);
        }
        watcher.wait_for(&format!("{before}/hall_light/state"), "");
        let told = watcher.all_of_any("");
        let place = |holds: &dyn Fn(&support::Message) -> bool| told.iter().position(holds).expect("it was told");
        let announced = place(&|message| {
            message.topic.starts_with("homeassistant/")
                && message.payload.contains(&format!("\"{prefix}/hall_light/state"))
        });
        let cleared = place(&|message| message.topic.starts_with(before) && message.payload.is_empty());
        assert!(announced < cleared, "Home Assistant complains of each topic that it still uses: {told:?}");
        wait_until("nothing is left", || {
            retained(broker.port, before).values().all(|payload| payload.is_empty() || payload == "x")
        });
        watcher.forget();
    }
}

#[test]
fn the_broker_s_absence_is_told_to_systemd() {
    let mut house = House::new(&hall(1));
    let notify = house.folder.path().join("notify");
    let systemd = std::os::unix::net::UnixDatagram::bind(&notify).unwrap();
    systemd.set_read_timeout(Some(support::PATIENCE)).unwrap();
    house.spawn_with(&[("NOTIFY_SOCKET", notify.to_str().unwrap())]);
    let mut message = [0; 4096];
    loop {
        let length = systemd.recv(&mut message).expect("it tells in time");
        if String::from_utf8_lossy(&message[..length]).contains("broker: connection refused") {
            return;
        }
    }
}

#[test]
fn the_socket_answers_without_a_date_which_there_is_none_of_before_1970() {
    use std::io::{Read, Write};
    let mut house = House::new(&hall(1));
    house.up(&[]);
    let mut stream = connect(&house.socket());
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.to_lowercase().contains("\r\ndate:"), "{answer}");
}

#[test]
fn a_refused_file_is_named_by_the_status_until_it_is_mended() {
    let good = hall(1);
    let mut house = House::new(&good);
    house.up(&[]);
    assert!(!house.ask(&["status"]).contains("file is refused"));
    for (bad, named) in [
        (good.replace("gpio = 27", "gpoi = 27"), "config.toml:21:1"),
        (good.replace("[hardware]", "[hardware]\ngpiochip = 0"), "config.toml"),
        (good.replace("\"Europe/Amsterdam\"", "\"Europe/Amsterdam\"\nclock = \"always\""), "systemctl restart"),
    ] {
        fs::write(&house.config, bad).unwrap();
        wait_until(named, || house.ask(&["status"]).contains(named));
        assert!(house.ask(&["status"]).contains("hearthd check"));
        fs::write(&house.config, &good).unwrap();
        wait_until("it is mended", || house.status()["config_refused"].is_null());
    }
}

const OFF_AT_SIX: &str = "[[test]]\nname = \"Off\"\nat = \"2026-11-23 18:00\"\nexpect = { pump = \"off\" }\n";

/// The house with tests that it has to pass.
fn tested(tests: &str) -> String {
    hall(1).replace("id = \"cottage\"", &format!("id = \"cottage\"\ntests = \"{tests}\""))
}

#[test]
fn what_check_refuses_the_daemon_refuses_and_what_it_takes_the_daemon_takes() {
    let false_test = OFF_AT_SIX.replace("pump = \"off\"", "pump = \"on\"");
    let beside: [(&str, Option<&str>); 5] = [
        ("nowhere.toml", None),
        ("false.toml", Some(&false_test)),
        ("empty.toml", Some("")),
        ("config.toml", None),
        ("unknown.toml", Some("[[test]]\nname = \"x\"\nat = \"2026-11-23 18:00\"\nexpect = { nothing = \"on\" }\n")),
    ];
    let mut running = House::new(&hall(1));
    running.up(&[]);
    for (name, text) in beside {
        let mut house = House::new(&tested(name));
        let file = house.config.clone();
        if let Some(text) = text {
            fs::write(file.with_file_name(name), text).unwrap();
        }
        let check = house.console(&["check"]);
        let complaint = String::from_utf8_lossy(&check.stderr).into_owned();
        assert_eq!(check.status.code(), Some(1), "{name}: {complaint}");
        assert!(complaint.contains(name), "{complaint}");
        assert_eq!(running.console(&["plan", file.to_str().unwrap()]).status.code(), Some(1), "{name}");
        house.spawn(&[]);
        wait_until("it ends", || !house.is_running());
        house.wait_for_log(complaint.lines().next().unwrap());
        // At a reload, too.
        if let Some(text) = text {
            fs::write(running.folder.path().join(name), text).unwrap();
        }
        fs::write(&running.config, tested(name)).unwrap();
        wait_until(&format!("{name} is refused"), || !running.status()["config_refused"].is_null());
        fs::write(&running.config, hall(1)).unwrap();
        wait_until("it is mended", || running.status()["config_refused"].is_null());
    }
    fs::write(running.folder.path().join("true.toml"), OFF_AT_SIX).unwrap();
    fs::write(&running.config, tested("true.toml")).unwrap();
    assert!(running.console(&["check"]).status.success());
    running.signal("HUP");
    running.wait_for_log("the changed configuration is in force");
    running.kill();
    running.up(&[]);
    assert!(running.status()["config_refused"].is_null());
}

#[test]
fn safe_and_a_restart_know_the_wires_of_before_a_refused_file() {
    let mut house = House::new(&hall(1));
    fs::write(house.folder.path().join("t.toml"), OFF_AT_SIX).unwrap();
    fs::write(&house.config, tested("t.toml")).unwrap();
    house.up(&[]);
    house.ask(&["set", "pump", "on"]);
    // The pump goes to another wire under another name, and the tests still speak of the old one.
    let moved = tested("t.toml").replace("[outputs.pump]", "[outputs.well]").replace("gpio = 27", "gpio = 22");
    fs::write(&house.config, moved).unwrap();
    house.wait_for_log("the changed configuration is refused");
    house.kill();
    let state = house.folder.path().join("state");
    let safe = house.ask(&["safe", "--state", state.to_str().unwrap()]);
    assert!(safe.contains("pump: safe") && safe.contains("well: safe"), "{safe}");
    assert_eq!(safe.matches("hall_light: safe").count(), 1, "each wire once: {safe}");

    house.up(&[]);
    assert_eq!(house.value("pump"), "ON", "as it was before the kill");
    assert!(house.ask(&["status"]).contains("the configuration file is refused, an earlier one is in force"));
    fs::write(&house.config, tested("t.toml")).unwrap();
    wait_until("it is mended", || house.status()["config_refused"].is_null());

    // Good, and refused all the same while the daemon runs: what runs is what is kept.
    let chip = "[hardware]\nbackend = \"chardev\"\ngpiochip = \"/dev/gpiochip77\"";
    let elsewhere = tested("t.toml").replace("[hardware]\nbackend = \"simulated\"", chip);
    fs::write(&house.config, elsewhere).unwrap();
    house.wait_for_log("take effect with a restart");
    house.kill();
    let safe = house.console(&["safe", "--state", state.to_str().unwrap()]);
    let (said, error) = (String::from_utf8_lossy(&safe.stdout), String::from_utf8_lossy(&safe.stderr));
    assert!(said.contains("pump: safe") && error.contains("error: pump: "), "the line of each chip: {said}{error}");
}

#[test]
fn the_last_good_house_has_its_holidays_when_their_file_is_gone() {
    let text = hall(1).replace("id = \"cottage\"", "id = \"cottage\"\nholidays = \"days.txt\"")
        + "[[rules]]\nname = \"Feast\"\nwhile = \"holiday\"\nset = { pump = \"on\" }\n";
    let mut house = House::new(&text);
    let days: String = (1..=12).flat_map(|month| (1..=28).map(move |day| format!("{month:02}-{day:02}\n"))).collect();
    fs::write(house.folder.path().join("days.txt"), days).unwrap();
    let time = ["--from", "2026-11-23T12:00:00", "--speed", "1"];
    house.up(&time);
    assert_eq!(house.value("pump"), "ON");
    wait_until("the good file is kept", || house.folder.path().join("state/config.good.toml").exists());
    house.kill();
    fs::write(&house.config, "nonsense").unwrap();
    fs::remove_file(house.folder.path().join("days.txt")).unwrap();
    house.up(&time);
    assert_eq!(house.value("pump"), "ON");
}

#[test]
fn a_state_folder_has_one_daemon() {
    let mut house = House::new(&hall(1));
    house.up(&[]);
    let state = house.folder.path().join("state");
    let second = house.folder.path().join("second.sock");
    let run = ["--socket", second.to_str().unwrap(), "run", "--state", state.to_str().unwrap()];
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_hearthd"))
        .arg("--config")
        .arg(&house.config)
        .args(run)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{error}");
    assert!(error.contains(state.to_str().unwrap()) && error.contains("--state"), "{error}");
    house.ask(&["safe", "--state", state.to_str().unwrap()]);
    house.kill();
    house.up(&[]);
}

#[test]
fn two_daemons_with_one_client_id_do_not_end_each_other() {
    let broker = Broker::start();
    let (mut one, mut two) = (House::new(&hall(broker.port)), House::new(&hall(broker.port)));
    one.up(&[]);
    two.up(&[]);
    wait_until("one of them names the cause", || {
        [one.log(), two.log()].iter().any(|log| log.contains("client id") || log.contains("client_id"))
    });
    for house in [&mut one, &mut two] {
        house.ask(&["set", "pump", "on"]);
        assert!(house.is_running());
        assert_eq!(house.value("pump"), "ON");
    }
}

#[test]
fn the_hub_tells_how_it_is_and_is_started_again_where_somebody_does() {
    let broker = Broker::start();
    let mut house = House::new(&hall(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "#");
    watcher.wait_for("hearthd/cottage/hub/config/state", "good");
    let number = |text: &str| text.parse::<f64>().is_ok_and(|number| number >= 0.0);
    watcher.wait_until("hearthd/cottage/hub/memory/state", "a share", number);
    watcher.wait_until("hearthd/cottage/hub/disk_free/state", "GB", number);
    let is_time = |text: &str| text.ends_with('Z') && text.len() == "2026-11-29T10:00:00Z".len();
    watcher.wait_until("hearthd/cottage/hub/started/state", "a time", is_time);
    let discovery = "homeassistant/device/hearthd_cottage/config";
    watcher.wait_until(discovery, "the hub", |text| text.contains(r#""button-hub-identify""#));
    watcher.publish("hearthd/cottage/hub/identify/set", "PRESS");
    house.wait_for_log("it is me: cottage");
    watcher.publish("hearthd/cottage/hub/identify/set", "ON");
    watcher.wait_until("hearthd/cottage/error", "what to write", |text| text.contains("write PRESS"));
    // Nobody would start it again.
    assert!(!watcher.last(discovery).unwrap().contains("hub/restart"));
    watcher.publish("hearthd/cottage/hub/restart/set", "PRESS");
    watcher.wait_until("hearthd/cottage/error", "no button", |text| text.contains("no such point"));
    // A file that is refused is told of, and that it is mended.
    fs::write(&house.config, hall(broker.port).replace("\"switch\"", "\"swich\"")).unwrap();
    watcher.wait_for("hearthd/cottage/hub/config/state", "refused");
    watcher.wait_until("hearthd/cottage/hub/config/why", "the place", |why| why.contains("config.toml:"));
    fs::write(&house.config, hall(broker.port)).unwrap();
    watcher.wait_for("hearthd/cottage/hub/config/state", "good");
    watcher.wait_for("hearthd/cottage/hub/config/why", "none");
    assert!(house.stop());

    house.spawn_with(&[("NOTIFY_SOCKET", "/nowhere/notify")]);
    watcher.wait_until(discovery, "the button", |text| text.contains("hub/restart/set"));
    watcher.wait_for("hearthd/cottage/availability", "online");
    watcher.publish("hearthd/cottage/pump/set", "ON");
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    watcher.publish("hearthd/cottage/hub/restart/set", "press");
    watcher.wait_for("hearthd/cottage/pump/state", "OFF");
    watcher.wait_for("hearthd/cottage/availability", "offline");
    wait_until("the end", || !house.is_running());
    house.wait_for_log("ended to be started again");
}
