//! `hearthd detect --mqtt`: what is on the broker, as TOML to paste.

mod clicks;
mod home_assistant;
mod other_hubs;
#[cfg(test)]
mod recorded;
mod shelly;
mod triggers;
mod zigbee;

use hearthd::{
    config,
    model::{MqttSettings, shown},
    mqtt::remote,
};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

/// Listens to the broker of the configuration, or to the one on this machine, and prints.
///
/// # Errors
/// When the broker cannot be asked.
pub fn run(file: &Path) -> anyhow::Result<()> {
    let loaded = config::load(file).ok().map(|loaded| loaded.config);
    let own = loaded.as_ref().map(|config| config.hub.id.clone()).unwrap_or_default();
    let configured = loaded.and_then(|config| config.mqtt);
    let settings = configured.map_or_else(local, Ok)?;
    let place = format!("{}:{}", settings.host, settings.port);
    let heard = super::block_on(async { Ok(remote::survey(&settings).await) })?;
    let heard = heard.map_err(|why| anyhow::anyhow!("the broker at {place} cannot be asked: {why}"))?;
    let discovery = settings.discovery_prefix.as_deref().unwrap_or("homeassistant");
    write!(io::stdout(), "# The broker at {place}\n{}", toml(&heard, discovery, &own))?;
    Ok(())
}

/// The broker of this machine.
fn local() -> anyhow::Result<MqttSettings> {
    let text = "[hub]\nid = \"hearthd\"\n[mqtt]\nurl = \"mqtt://localhost\"\n";
    let loaded = config::parse(Path::new("--mqtt"), text).map_err(|report| anyhow::anyhow!("{report}"))?;
    loaded.config.mqtt.ok_or_else(|| anyhow::anyhow!("no broker"))
}

/// Tables for all that was announced, but by the hub `own`.
fn toml(heard: &[(String, String)], discovery: &str, own: &str) -> String {
    let mut tables = Tables::default();
    for (topic, payload) in heard {
        let announced = topic.strip_prefix(discovery).and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/config"));
        if let Some(announced) = announced {
            home_assistant::announcement(&mut tables, &announced.split('/').collect::<Vec<_>>(), payload);
            continue;
        }
        let parts: Vec<&str> = topic.split('/').collect();
        match parts.as_slice() {
            ["zigbee2mqtt", "bridge", "devices"] => {
                let devices: Vec<Json> = serde_json::from_str(payload).unwrap_or_default();
                devices.iter().for_each(|device| zigbee::device(&mut tables, device));
            }
            ["tasmota", "discovery", _, "config"] => tables.tasmota(&serde_json::from_str(payload).unwrap_or_default()),
            ["tasmota", "discovery", device, "sensors"] => {
                // What it is called is announced beside it.
                let beside = format!("tasmota/discovery/{device}/config");
                let config = heard.iter().find(|(topic, _)| *topic == beside);
                let config: Json =
                    config.and_then(|(_, payload)| serde_json::from_str(payload).ok()).unwrap_or_default();
                let told: Json = serde_json::from_str(payload).unwrap_or_default();
                if let Some(topic) = config["t"].as_str() {
                    tables.tasmota_sensors(topic, &told["sn"]);
                }
            }
            ["tele", name, "LWT"] => tables.tasmota_by_name(name),
            ["shellies", id, "online"] | [id, "online"] if id.starts_with("shelly") => shelly::device(&mut tables, id),
            _ => {}
        }
    }
    for place in std::mem::take(&mut tables.triggers) {
        place.add(&mut tables);
    }
    for (id, hub) in std::mem::take(&mut tables.hubs).into_iter().filter(|(id, _)| id != own) {
        hub.add(&id, &mut tables);
    }
    if tables.text.is_empty() {
        return "# No device announces itself there: zigbee2mqtt, Tasmota and Shelly do, where they are connected, and what \
                Home Assistant is told of.\n"
            .into();
    }
    tables.text
}

/// What the chips of a Tasmota call their readings, and what they are here.
const TASMOTA_READINGS: [(&str, &str); 5] = [
    ("Temperature", "temperature"),
    ("Humidity", "humidity"),
    ("Pressure", "pressure"),
    ("Illuminance", "illuminance"),
    ("CarbonDioxide", "co2"),
];

/// What Tasmota says of a relay that drives the motor of a shutter.
const SHUTTER: i64 = 3;

#[derive(Default)]
struct Tables {
    text: String,
    names: BTreeSet<String>,
    tasmota: BTreeSet<String>,
    /// Devices of zigbee2mqtt that said what they do.
    zigbee: BTreeSet<String>,
    triggers: Vec<triggers::Place>,
    hubs: BTreeMap<String, other_hubs::Hub>,
}

impl Tables {
    /// What is known of the hub of this id, whose topics are below `prefix`.
    fn hub(&mut self, id: &str, prefix: &str) -> &mut other_hubs::Hub {
        self.hubs.entry(id.to_owned()).or_insert_with(|| other_hubs::Hub::of(prefix))
    }

    /// A table, of a name that no other has.
    fn add(&mut self, table: &str, device: &str, keys: &str) {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let mut name: String = device.trim().chars().map(word).take(40).collect();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            name = format!("x{name}");
        }
        let mut unique = name.clone();
        let mut number = 2;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        self.text += &format!("\n[{table}.{unique}]\n{keys}");
    }

    /// What Tasmota says of a device: `t` is its topic, `rl` what its relays are.
    fn tasmota(&mut self, device: &Json) {
        let Some(topic) = device["t"].as_str() else { return };
        let kinds: Vec<i64> = device["rl"].as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
        // Two relays are a shutter.
        let relays = kinds.iter().filter(|kind| **kind != 0).count();
        let shutters = kinds.iter().filter(|kind| **kind == SHUTTER).count().div_ceil(2);
        if !self.tasmota.insert(topic.to_owned()) {
            return;
        }
        for shutter in 1..=shutters {
            let channel = if shutters > 1 { format!("channel = {shutter}\n") } else { String::new() };
            self.add("outputs", topic, &format!("kind = \"cover\"\ntasmota = {}\n{channel}", quoted(topic)));
        }
        let is_free = |relay: &usize| kinds.get(relay - 1) != Some(&SHUTTER);
        for relay in (1..=relays).filter(is_free) {
            let channel = if relays > 1 { format!("channel = {relay}\n") } else { String::new() };
            self.add("outputs", topic, &format!("kind = \"switch\"\ntasmota = {}\n{channel}", quoted(topic)));
        }
    }

    /// What the chips of a device tell: a table for each.
    fn tasmota_sensors(&mut self, topic: &str, told: &Json) {
        let key = format!("tasmota = {}\n", quoted(topic));
        for (chip, fields) in told.as_object().into_iter().flatten() {
            if chip == "ENERGY" {
                self.add("sensors", topic, &key);
                continue;
            }
            // The temperature of the processor is not that of a room.
            let known = TASMOTA_READINGS.into_iter().filter(|(field, _)| chip != "ESP32" && fields[*field].is_number());
            let read: Vec<String> =
                known.map(|(field, word)| format!("{word} = {}", quoted(&format!("/{chip}/{field}")))).collect();
            if !read.is_empty() {
                self.add("sensors", topic, &format!("{key}quantities = {{ {} }}\n", read.join(", ")));
            }
        }
    }

    /// A device that says no more than that it is there.
    fn tasmota_by_name(&mut self, topic: &str) {
        if self.tasmota.insert(topic.to_owned()) {
            self.add("outputs", topic, &format!("kind = \"switch\"\ntasmota = {}\n", quoted(topic)));
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(shown(text).into_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_can_be_pasted() {
        let devices = r#"[
            {"friendly_name":"Coordinator","type":"Coordinator"},
            {"friendly_name":"Hall motion","type":"EndDevice","definition":{"exposes":[
                {"type":"binary","property":"occupancy"},{"type":"numeric","property":"illuminance"},
                {"type":"numeric","property":"battery"},{"type":"numeric","property":"linkquality"}]}},
            {"friendly_name":"lamp","type":"Router","definition":{"exposes":[
                {"type":"light","features":[{"property":"state"},{"property":"brightness"}]}]}},
            {"friendly_name":"blind","type":"Router","definition":{"exposes":[{"type":"cover","features":[
                {"name":"state","property":"state"},{"name":"position","property":"position"}]}]}},
            {"friendly_name":"curtain","type":"Router","definition":{"exposes":[{"type":"cover","features":[
                {"name":"state","property":"state"}]}]}},
            {"friendly_name":"gangs","type":"Router","definition":{"exposes":[
                {"type":"switch","endpoint":"left","features":[{"name":"state","property":"state_left","endpoint":"left"}]},
                {"type":"light","endpoint":"right","features":[{"name":"state","property":"state_right"},
                    {"name":"brightness","property":"brightness_right"}]},
                {"type":"cover","endpoint":"top","features":[{"name":"state","property":"state_top"}]},
                {"type":"numeric","name":"power","property":"power_left","endpoint":"left"},
                {"type":"numeric","name":"voltage","property":"voltage"},
                {"type":"enum","property":"action","values":["single_left","single_right"]}]}},
            {"friendly_name":"new","type":"EndDevice","definition":null}]"#;
        let tasmota = r#"{"ip":"192.168.1.7","dn":"Plug","t":"plug3","rl":[1,0,0,0]}"#;
        let sensors = r#"{"sn":{"Time":"2026-11-29T08:00:00","ENERGY":{"Total":3.1,"Power":42},
            "DS18B20-1":{"Id":"01","Temperature":21.5},"AM2301":{"Temperature":20.5,"Humidity":44.2,"DewPoint":8.0},
            "ESP32":{"Temperature":41.7},"TempUnit":"C"},"ver":1}"#;
        let shutters = r#"{"dn":"Attic","t":"attic","rl":[3,3,1,3,3,0]}"#;
        let awning = r#"{"~":"awning","cmd_t":"~/set","stat_t":"~/state","pl_open":"UP","stat_clsd":"shut","pos_t":"~/pos",
            "set_pos_t":"~/pos/set","pos_open":200}"#;
        let louvre = r#"{"cmd_t":"louvre/set","pl_stop":null}"#;
        let temperature = r#"{"~":"porch","uniq_id":"porch_temperature","stat_t":"~/sensor/temperature/state","dev_cla":"temperature",
            "unit_of_meas":"°F","avty_t":"~/status","stat_cla":"measurement"}"#;
        let motion = r#"{"stat_t":"home/OMG/PIR","dev_cla":"motion","val_tpl":"{{ value_json['presence'] | default('') }}",
            "pl_on":"true","pl_off":"false","avty_t":"home/OMG/LWT","pl_avail":"Online","pl_not_avail":"Gone"}"#;
        let shed = r#"{"stat_t":"shed/door","dev_cla":"door","avty_t":"shed/st","avty_tpl":"{{ value_json.up }}"}"#;
        let cellar = r#"{"~":"cellar","stat_t":"~/leak","dev_cla":"moisture","avty_mode":"all",
            "avty":[{"t":"gateway/status"},{"t":"~/up","val_tpl":"{{ value_json.state }}","pl_not_avail":"gone"}]}"#;
        let any = r#"{"state_topic":"loft/smoke","device_class":"smoke","availability_mode":"any",
            "availability":[{"topic":"loft/a"},{"topic":"loft/b"}]}"#;
        let gate = r#"{"cmd_t":"gate/set","availability":[{"topic":"gate/up","payload_available":"yes","value_template":"{{ value }}"},
            {"topic":"gate/other","value_template":"{{ value_json.a + 1 }}"}]}"#;
        let garden = r#"{"dev":{"ids":["g"]},"o":{"name":"other"},"availability_topic":"garden/up","cmps":{
            "lamp":{"p":"light","schema":"json","brightness":true,"cmd_t":"garden/lamp/set","stat_t":"garden/lamp"},
            "pump":{"p":"switch","command_topic":"garden/pump/set","stat_t":"garden/pump","val_tpl":"{{ value_json.pump.state }}"},
            "spots":{"p":"light","cmd_t":"garden/spots/set","bri_cmd_t":"garden/spots/bri","bri_scl":100},
            "strip":{"p":"light","cmd_t":"garden/strip/set","stat_t":"garden/strip","bri_cmd_t":"garden/strip/bri",
                "bri_stat_t":"garden/strip/told","bri_val_tpl":"{{ value_json.b }}"},
            "tube":{"p":"light","cmd_t":"garden/tube/set","stat_t":"garden/tube","bri_cmd_t":"garden/tube/bri",
                "bri_stat_t":"garden/tube/told","bri_val_tpl":"{{ value | int * 2 }}"}}}"#;
        let fan = r#"{"cmd_t":"attic/fan/set","stat_t":"attic/fan","pct_cmd_t":"attic/fan/speed/set","pct_stat_t":"attic/fan/speed",
            "stat_val_tpl":"{{ value_json.on }}","spd_rng_min":1,"spd_rng_max":4}"#;
        let odd_fan = r#"{"cmd_t":"odd/set","pct_cmd_t":"odd/speed","pct_cmd_tpl":"{{ value * 2 }}"}"#;
        let tap = r#"{"cmd_t":"tap/set","stat_t":"tap","stat_closed":"shut","val_tpl":"{{ value_json.v }}"}"#;
        let horn = r#"{"cmd_t":"horn/set","stat_t":"horn","stat_val_tpl":"{{ value_json.state }}"}"#;
        let knob = r#"{"stat_t":"knob","evt_typ":["press","double_press","turn"]}"#;
        let barn = r#"{"o":{"name":"hearthd"},"avty":[{"t":"hearthd/barn/availability"}],"cmps":{
            "light-lamp":{"p":"light","stat_t":"hearthd/barn/lamp/state","brightness_command_topic":"x"},
            "button-lamp":{"p":"button","cmd_t":"hearthd/barn/lamp/set","ent_cat":"config"},
            "valve-tap":{"p":"valve","stat_t":"hearthd/barn/tap/level/state","reports_position":true},
            "cover-gate":{"p":"cover","dev_cla":"gate","stat_t":"hearthd/barn/gate/state"},
            "light-x":{"p":"light","stat_t":"hearthd/barn/x = 1\n[evil]/state"},
            "event-bell-event":{"p":"event","stat_t":"hearthd/barn/bell/event/state"},
            "sensor-lamp-power":{"p":"sensor","stat_t":"hearthd/barn/lamp/power/state","ent_cat":"diagnostic"},
            "binary_sensor-hub-problem":{"p":"binary_sensor","stat_t":"hearthd/barn/problem","ent_cat":"diagnostic"}}}"#;
        let loft = r#"{"o":{"name":"hearthd"},"avty":[{"t":"hearthd/barn/availability"}],"cmps":{
            "binary_sensor-loft-occupied":{"p":"binary_sensor","dev_cla":"occupancy","stat_t":"hearthd/barn/loft/occupied/state"},
            "binary_sensor-hatch":{"p":"binary_sensor","dev_cla":"door","stat_t":"hearthd/barn/hatch/state"},
            "sensor-loft-temperature":{"p":"sensor","stat_t":"hearthd/barn/loft/temperature/state"},
            "sensor-loft-humidity":{"p":"sensor","stat_t":"hearthd/barn/loft/humidity/state"}}}"#;
        let hut = r#"{"o":{"name":"hearthd"},"avty":[{"t":"my/hut/availability"}],"stat_t":"my/hut/lamp/state"}"#;
        let own = r#"{"o":{"name":"hearthd"},"avty":[{"t":"hearthd/home/availability"}],"cmps":{
            "light-own":{"p":"light","stat_t":"hearthd/home/own/state"}}}"#;
        let heard: Vec<(String, String)> = [
            ("zigbee2mqtt/bridge/devices", devices),
            ("tasmota/discovery/A8032A/config", tasmota),
            ("tasmota/discovery/A8032A/sensors", sensors),
            ("tasmota/discovery/UNKNOWN/sensors", sensors),
            ("tasmota/discovery/B8032A/config", shutters),
            ("tele/plug3/LWT", "Online"),
            ("homeassistant/cover/awning/config", awning),
            ("homeassistant/cover/louvre/config", louvre),
            ("shellyplus1-a8032a/online", "true"),
            ("other/online", "true"),
            ("shellies/shellyht-77/online", "true"),
            ("homeassistant/sensor/porch/temperature/config", temperature),
            ("homeassistant/binary_sensor/OMG_1/config", motion),
            ("homeassistant/binary_sensor/shed/config", shed),
            ("homeassistant/binary_sensor/cellar/config", cellar),
            ("homeassistant/binary_sensor/loft/config", any),
            ("homeassistant/switch/gate/config", gate),
            ("homeassistant/device/garden/config", garden),
            ("homeassistant/fan/attic_fan/config", fan),
            ("homeassistant/fan/odd_fan/config", odd_fan),
            ("homeassistant/valve/tap/config", tap),
            ("homeassistant/valve/mixer/config", r#"{"cmd_t":"mixer/set","stat_t":"mixer","pos":true}"#),
            ("homeassistant/siren/horn/config", horn),
            (
                "homeassistant/siren/buzzer/config",
                r#"{"cmd_t":"buzzer/set","stat_t":"buzzer","cmd_tpl":"{{ value }}"}"#,
            ),
            ("homeassistant/event/knob/config", knob),
            ("homeassistant/device/hearthd_barn/config", barn),
            ("homeassistant/device/hearthd_barn/loft/config", loft),
            (
                "homeassistant/binary_sensor/hearthd_hut/binary_sensor-hub-connectivity/config",
                r#"{"o":{"name":"hearthd"},"avty":[],"stat_t":"my/hut/availability"}"#,
            ),
            ("homeassistant/light/hearthd_hut/light-lamp/config", hut),
            ("homeassistant/device/hearthd_home/config", own),
            (
                "homeassistant/sensor/clever/config",
                r#"{"stat_t":"x","dev_cla":"humidity","val_tpl":"{{ value_json.h * 2 }}"}"#,
            ),
            ("homeassistant/switch/plug3/config", r#"{"stat_t":"stat/plug3/POWER","cmd_t":"cmnd/plug3/POWER"}"#),
        ]
        .map(|(topic, payload)| (topic.to_owned(), payload.to_owned()))
        .into();
        let toml = toml(&heard, "homeassistant", "home");
        assert_eq!(
            toml,
            r#"
[inputs.hall_motion]
kind = "motion"
zigbee2mqtt = "Hall motion"

[sensors.hall_motion_2]
zigbee2mqtt = "Hall motion"
quantities = ["illuminance", "battery"]

[outputs.lamp]
kind = "light"
zigbee2mqtt = "lamp"
levels = true

[outputs.blind]
kind = "cover"
zigbee2mqtt = "blind"

[outputs.curtain]
kind = "cover"
zigbee2mqtt = "curtain"
levels = false

[outputs.gangs]
kind = "switch"
zigbee2mqtt = "gangs"
channel = "left"

[outputs.gangs_2]
kind = "light"
zigbee2mqtt = "gangs"
channel = "right"
levels = true

[outputs.gangs_3]
kind = "cover"
zigbee2mqtt = "gangs"
channel = "top"
levels = false

[inputs.gangs_left]
kind = "button"
zigbee2mqtt = "gangs"
clicks = { "single_left" = "click" }

[inputs.gangs_right]
kind = "button"
zigbee2mqtt = "gangs"
clicks = { "single_right" = "click" }

[sensors.gangs_4]
zigbee2mqtt = "gangs"
quantities = ["voltage"]

[sensors.gangs_5]
zigbee2mqtt = "gangs"
channel = "left"
quantities = ["power"]

[outputs.plug3]
kind = "switch"
tasmota = "plug3"

[sensors.plug3_2]
tasmota = "plug3"
quantities = { temperature = "/AM2301/Temperature", humidity = "/AM2301/Humidity" }

[sensors.plug3_3]
tasmota = "plug3"
quantities = { temperature = "/DS18B20-1/Temperature" }

[sensors.plug3_4]
tasmota = "plug3"

[outputs.attic]
kind = "cover"
tasmota = "attic"
channel = 1

[outputs.attic_2]
kind = "cover"
tasmota = "attic"
channel = 2

[outputs.attic_3]
kind = "switch"
tasmota = "attic"
channel = 3

[outputs.awning]
kind = "cover"
mqtt = "awning/set"
on = "UP"
state_topic = "awning/state"
state_off = "shut"
level = "{}"
level_topic = "awning/pos/set"
level_max = 200
level_state_topic = "awning/pos"

[outputs.shellyplus1_a8032a]
kind = "switch"
shelly = "shellyplus1-a8032a"

[sensors.shellyht_77]
shelly = "shellyht-77"
quantities = ["temperature", "humidity", "battery"]

[sensors.porch_temperature]
mqtt = "porch/sensor/temperature/state"
quantities = { temperature = { pointer = "", unit = "°F" } }
availability = "porch/status"

[inputs.omg_1]
kind = "motion"
mqtt = "home/OMG/PIR"
pointer = "/presence"
on = "true"
off = "false"
availability = "home/OMG/LWT"
unavailable = "Gone"

[inputs.shed]
kind = "door"
mqtt = "shed/door"

[inputs.cellar]
kind = "leak"
mqtt = "cellar/leak"
# It has more topics for that: one is looked at.
availability = "cellar/up"
unavailable = "gone"

[inputs.loft]
kind = "smoke"
mqtt = "loft/smoke"

[outputs.gate]
kind = "switch"
mqtt = "gate/set"
# It has more topics for that: one is looked at.
availability = "gate/up"
available = "yes"

[outputs.lamp_2]
kind = "light"
mqtt = "garden/lamp/set"
on = '{"state":"ON"}'
off = '{"state":"OFF"}'
state_topic = "garden/lamp"
pointer = "/state"
state_on = "ON"
state_off = "OFF"
level = '{"state":"ON","brightness":{}}'
level_max = 255
level_pointer = "/brightness"
availability = "garden/up"

[outputs.pump]
kind = "switch"
mqtt = "garden/pump/set"
state_topic = "garden/pump"
pointer = "/pump/state"
availability = "garden/up"

[outputs.spots]
kind = "light"
mqtt = "garden/spots/set"
level = "{}"
level_topic = "garden/spots/bri"
level_max = 100
availability = "garden/up"

[outputs.strip]
kind = "light"
mqtt = "garden/strip/set"
state_topic = "garden/strip"
level = "{}"
level_topic = "garden/strip/bri"
level_max = 255
level_state_topic = "garden/strip/told"
level_pointer = "/b"
availability = "garden/up"

[outputs.tube]
kind = "light"
mqtt = "garden/tube/set"
state_topic = "garden/tube"
level = "{}"
level_topic = "garden/tube/bri"
level_max = 255
availability = "garden/up"

[outputs.attic_fan]
kind = "fan"
mqtt = "attic/fan/set"
state_topic = "attic/fan"
pointer = "/on"
level = "{}"
level_topic = "attic/fan/speed/set"
level_max = 4
level_state_topic = "attic/fan/speed"

[outputs.odd_fan]
kind = "fan"
mqtt = "odd/set"

[outputs.tap]
kind = "valve"
mqtt = "tap/set"
on = "OPEN"
off = "CLOSE"
state_topic = "tap"
pointer = "/v"
state_on = "open"
state_off = "shut"

[outputs.horn]
kind = "siren"
mqtt = "horn/set"
on = '{"state":"ON"}'
off = '{"state":"OFF"}'
state_topic = "horn"
pointer = "/state"
state_on = "ON"
state_off = "OFF"

[outputs.buzzer]
kind = "siren"
mqtt = "buzzer/set"
on = "ON"
off = "OFF"

[inputs.knob]
kind = "button"
mqtt = "knob"
pointer = "/event_type"
clicks = { "press" = "click", "double_press" = "double" }

[hubs.barn]
id = "barn"
inputs = { bell = "button", hatch = "door", "loft.occupied" = "motion" }
sensors = { loft = ["humidity", "temperature"] }
outputs = { gate = { kind = "cover", class = "gate", levels = false }, lamp = { kind = "light", levels = true }, tap = { kind = "valve", levels = true } }

[hubs.hut]
prefix = "my/hut"
outputs = { lamp = "light" }
"#
        );
        let house = format!("[hub]\nid = \"home\"\n[mqtt]\nurl = \"mqtt://localhost\"\n{toml}");
        config::parse(Path::new("pasted.toml"), &house).unwrap();
        assert!(super::toml(&[], "homeassistant", "home").starts_with("# No device"));
    }
}
