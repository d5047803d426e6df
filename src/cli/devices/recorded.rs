//! What is on the broker by sequences of messages as the documents of zigbee2mqtt and Home Assistant describe them. All that is printed is
//! pasted into a file, which is checked.

use super::toml;
use hearthd::config;
use std::path::Path;

fn printed(heard: &[(&str, &str)]) -> String {
    let heard: Vec<(String, String)> =
        heard.iter().map(|(topic, said)| (topic.to_string(), said.to_string())).collect();
    let printed = toml(&heard, "homeassistant", "home");
    let house = format!("[hub]\nid = \"home\"\n[mqtt]\nurl = \"mqtt://localhost\"\n{printed}");
    if let Err(report) = config::parse(Path::new("pasted.toml"), &house) {
        panic!("{report}\n{house}");
    }
    printed
}

/// The keys of remotes, and what endpoints read, by the list of zigbee2mqtt.
#[test]
fn endpoints_and_keys_of_zigbee2mqtt_are_told_apart() {
    let devices = r#"[
        {"friendly_name":"Hall remote","type":"EndDevice","definition":{"exposes":[
            {"type":"enum","name":"action","property":"action","access":1,"values":["on","off","brightness_move_up",
                "brightness_move_down","brightness_stop"]},
            {"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%"}]}},
        {"friendly_name":"dimmer","type":"EndDevice","definition":{"exposes":[
            {"type":"enum","name":"action","property":"action","access":1,"values":["on_press","on_press_release","on_hold",
                "on_hold_release","off_press","off_press_release","off_hold","off_hold_release"]}]}},
        {"friendly_name":"scenes","type":"EndDevice","definition":{"exposes":[
            {"type":"enum","name":"action","property":"action","access":1,"values":["1_single","1_double","1_hold","2_single"]}]}},
        {"friendly_name":"bell","type":"EndDevice","definition":{"exposes":[
            {"type":"enum","name":"action","property":"action","access":1,"values":["single","double","hold","release"]}]}},
        {"friendly_name":"cube","type":"EndDevice","definition":{"exposes":[
            {"type":"enum","name":"action","property":"action","access":1,"values":["shake","slide","fall"]}]}},
        {"friendly_name":"two gangs","type":"Router","definition":{"exposes":[
            {"type":"switch","endpoint":"l1","features":[
                {"type":"binary","name":"state","property":"state_l1","endpoint":"l1","value_on":"ON","value_off":"OFF","access":7}]},
            {"type":"switch","endpoint":"l2","features":[
                {"type":"binary","name":"state","property":"state_l2","endpoint":"l2","value_on":"ON","value_off":"OFF","access":7}]},
            {"type":"enum","name":"action","property":"action","access":1,"values":["on_l1","off_l1","toggle_l2"]}]}},
        {"friendly_name":"stairs","type":"EndDevice","definition":{"exposes":[
            {"type":"binary","name":"occupancy","property":"occupancy_1","endpoint":"1","value_on":true,"value_off":false,"access":1},
            {"type":"binary","name":"occupancy","property":"occupancy_2","endpoint":"2","value_on":true,"value_off":false,"access":1},
            {"type":"numeric","name":"temperature","property":"temperature_1","endpoint":"1","unit":"°C","access":1}]}},
        {"friendly_name":"sashes","type":"EndDevice","definition":{"exposes":[
            {"type":"binary","name":"contact","property":"contact_left","endpoint":"left","value_on":false,"value_off":true,"access":1},
            {"type":"binary","name":"water_leak","property":"water_leak","value_on":true,"value_off":false,"access":1}]}}]"#;
    assert_eq!(
        printed(&[("zigbee2mqtt/bridge/devices", devices)]),
        r#"
[inputs.hall_remote_on]
kind = "button"
zigbee2mqtt = "Hall remote"
clicks = { "on" = "click", "brightness_move_up" = "long" }

[inputs.hall_remote_off]
kind = "button"
zigbee2mqtt = "Hall remote"
clicks = { "off" = "click", "brightness_move_down" = "long" }

[sensors.hall_remote]
zigbee2mqtt = "Hall remote"
quantities = ["battery"]

[inputs.dimmer_on]
kind = "button"
zigbee2mqtt = "dimmer"
clicks = { "on_press_release" = "click", "on_hold" = "long" }

[inputs.dimmer_off]
kind = "button"
zigbee2mqtt = "dimmer"
clicks = { "off_press_release" = "click", "off_hold" = "long" }

[inputs.scenes_1]
kind = "button"
zigbee2mqtt = "scenes"
clicks = { "1_single" = "click", "1_double" = "double", "1_hold" = "long" }

[inputs.scenes_2]
kind = "button"
zigbee2mqtt = "scenes"
clicks = { "2_single" = "click" }

[inputs.bell]
kind = "button"
zigbee2mqtt = "bell"
clicks = { "single" = "click", "double" = "double", "hold" = "long" }

[outputs.two_gangs]
kind = "switch"
zigbee2mqtt = "two gangs"
channel = "l1"

[outputs.two_gangs_2]
kind = "switch"
zigbee2mqtt = "two gangs"
channel = "l2"

[inputs.two_gangs_on_l1]
kind = "button"
zigbee2mqtt = "two gangs"
clicks = { "on_l1" = "click" }

[inputs.two_gangs_off_l1]
kind = "button"
zigbee2mqtt = "two gangs"
clicks = { "off_l1" = "click" }

[inputs.two_gangs_toggle_l2]
kind = "button"
zigbee2mqtt = "two gangs"
clicks = { "toggle_l2" = "click" }

[inputs.stairs_1]
kind = "motion"
zigbee2mqtt = "stairs"
channel = "1"

[inputs.stairs_2]
kind = "motion"
zigbee2mqtt = "stairs"
channel = "2"

[sensors.stairs]
zigbee2mqtt = "stairs"
channel = "1"
quantities = ["temperature"]

[inputs.sashes]
kind = "leak"
zigbee2mqtt = "sashes"

[inputs.sashes_left]
kind = "door"
zigbee2mqtt = "sashes"
channel = "left"
"#
    );
}

/// Each click is announced by itself, also in the announcement of a device.
#[test]
fn triggers_of_home_assistant_are_gathered_into_buttons() {
    let trigger = |kind: &str, subtype: &str, payload: &str, topic: &str, device: &str| {
        format!(
            r#"{{"automation_type":"trigger","type":"{kind}","subtype":"{subtype}","payload":"{payload}","topic":"{topic}",
                "device":{{"identifiers":["x"],"name":"{device}"}}}}"#
        )
    };
    // zigbee2mqtt under another base topic, and one of which its list has told already.
    let [single, double, release] = ["1_single", "1_double", "1_release"]
        .map(|said| trigger("action", said, said, "home/z/remote/action", "remote"));
    let known = trigger("action", "single", "single", "zigbee2mqtt/bell/action", "bell");
    let listed = trigger("action", "single", "single", "zigbee2mqtt/away/action", "away");
    let devices = r#"[{"friendly_name":"bell","type":"EndDevice","definition":{"exposes":[
        {"type":"enum","name":"action","property":"action","values":["single"]}]}}]"#;
    // A program that says the key and the click apart, in JSON.
    let wall = |kind: &str, payload: &str| {
        format!(
            r#"{{"atype":"trigger","type":"button_{kind}","stype":"button_1","pl":"{payload}","~":"wall","t":"~/event",
                "val_tpl":"{{{{ value_json.event }}}}","dev":{{"ids":["w"]}}}}"#
        )
    };
    let (press, released, long) = (wall("short_press", "D"), wall("short_release", "S"), wall("long_press", "L"));
    let (let_go, any) = (wall("long_release", "on"), wall("short_press", ""));
    let panel = r#"{"dev":{"ids":["p"],"name":"Panel"},"o":{"name":"panel"},"avty_t":"panel/up","cmps":{
        "a":{"p":"device_automation","atype":"trigger","t":"panel/keys","type":"button_short_press","stype":"Turn On","pl":"1"},
        "b":{"p":"device_automation","atype":"trigger","t":"panel/keys","type":"button_double_press","stype":"Turn On","pl":"11"},
        "c":{"p":"device_automation","atype":"trigger","t":"panel/keys","type":"button_short_press","stype":"Turn Off","pl":"2"},
        "d":{"p":"device_automation","atype":"trigger","t":"panel/keys","type":"shaken","stype":"panel","pl":"3"}}}"#;
    let knob = r#"{"stat_t":"knob","evt_typ":["1_single","2_single","turn"]}"#;
    let at = |name: &str| format!("homeassistant/device_automation/{name}/config");
    let topics =
        ["0x01/a", "0x01/b", "0x01/c", "0x02/a", "0x03/a", "wall/s", "wall/r", "wall/l", "wall/g", "wall/any"].map(at);
    let payloads = [&single, &double, &release, &known, &listed, &press, &released, &long, &let_go, &any];
    let mut heard: Vec<(&str, &str)> =
        topics.iter().zip(payloads).map(|(topic, said)| (topic.as_str(), said.as_str())).collect();
    heard.extend([
        ("homeassistant/device/panel/config", panel),
        ("homeassistant/event/knob/config", knob),
        ("zigbee2mqtt/bridge/devices", devices),
    ]);
    assert_eq!(
        printed(&heard),
        r#"
[inputs.knob_1]
kind = "button"
mqtt = "knob"
pointer = "/event_type"
clicks = { "1_single" = "click" }

[inputs.knob_2]
kind = "button"
mqtt = "knob"
pointer = "/event_type"
clicks = { "2_single" = "click" }

[inputs.bell]
kind = "button"
zigbee2mqtt = "bell"
clicks = { "single" = "click" }

[inputs.remote_1]
kind = "button"
mqtt = "home/z/remote/action"
clicks = { "1_single" = "click", "1_double" = "double" }

[inputs.away]
kind = "button"
mqtt = "zigbee2mqtt/away/action"
clicks = { "single" = "click" }

[inputs.wall_button_1]
kind = "button"
mqtt = "wall/event"
pointer = "/event"
clicks = { "S" = "click", "L" = "long" }

[inputs.panel_turn_on]
kind = "button"
mqtt = "panel/keys"
clicks = { "1" = "click", "11" = "double" }
availability = "panel/up"

[inputs.panel_turn_off]
kind = "button"
mqtt = "panel/keys"
clicks = { "2" = "click" }
availability = "panel/up"
"#
    );
}
