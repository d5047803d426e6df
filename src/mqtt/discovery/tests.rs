//! Every payload is held against what Home Assistant accepts: it says nothing about what it drops.

use super::*;
use crate::model::{
    CHIPS, Climate, ClimateFacet, ClimateId, Condition, Config, Control, Gains, Input, InputKind, ManualFor, Method,
    Modes, Output, OutputId, OutputKind, Preset, RoomId, Rule, Scene, Sensor, SensorId, Setpoints, Settable, Vital,
};
use crate::mqtt::house;
use std::{collections::BTreeSet, time::Duration};

/// Short forms in use, all of them older than 2025, and what they stand for.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("atype", "automation_type"),
    ("avty", "availability"),
    ("bri_scl", "brightness_scale"),
    ("avty_mode", "availability_mode"),
    ("cmd_t", "command_topic"),
    ("cmd_tpl", "command_template"),
    ("cmps", "components"),
    ("dev", "device"),
    ("dev_cla", "device_class"),
    ("ent_cat", "entity_category"),
    ("ic", "icon"),
    ("json_attr_t", "json_attributes_topic"),
    ("json_attr_tpl", "json_attributes_template"),
    ("act_t", "action_topic"),
    ("curr_temp_t", "current_temperature_topic"),
    ("mode_cmd_t", "mode_command_topic"),
    ("mode_stat_t", "mode_state_topic"),
    ("o", "origin"),
    ("ops", "options"),
    ("pr_mode_cmd_t", "preset_mode_command_topic"),
    ("pr_mode_stat_t", "preset_mode_state_topic"),
    ("pr_modes", "preset_modes"),
    ("temp_cmd_t", "temperature_command_topic"),
    ("temp_hi_cmd_t", "temperature_high_command_topic"),
    ("temp_hi_stat_t", "temperature_high_state_topic"),
    ("temp_lo_cmd_t", "temperature_low_command_topic"),
    ("temp_lo_stat_t", "temperature_low_state_topic"),
    ("temp_stat_t", "temperature_state_topic"),
    ("temp_unit", "temperature_unit"),
    ("p", "platform"),
    ("pct_cmd_t", "percentage_command_topic"),
    ("pct_stat_t", "percentage_state_topic"),
    ("pl", "payload"),
    ("pl_off", "payload_off"),
    ("pl_on", "payload_on"),
    ("pl_prs", "payload_press"),
    ("spd_rng_max", "speed_range_max"),
    ("stat_cla", "state_class"),
    ("stat_t", "state_topic"),
    ("stype", "subtype"),
    ("t", "topic"),
    ("uniq_id", "unique_id"),
    ("unit_of_meas", "unit_of_measurement"),
    ("val_tpl", "value_template"),
];

/// The only keys of the root; one more and Home Assistant refuses everything.
const ROOT: &[&str] = &[
    "device",
    "origin",
    "components",
    "availability",
    "availability_topic",
    "availability_mode",
    "availability_template",
    "payload_available",
    "payload_not_available",
    "state_topic",
    "command_topic",
    "qos",
    "encoding",
];

/// Keys of every entity; `platform` and `unique_id` are required.
const ENTITY: &[&str] = &[
    "platform",
    "unique_id",
    "name",
    "default_entity_id",
    "entity_category",
    "icon",
    "enabled_by_default",
    "json_attributes_topic",
    "json_attributes_template",
    "availability",
    "availability_mode",
    "qos",
];

/// By platform: required keys, other keys, device classes.
type Platform = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);
const PLATFORMS: &[Platform] = &[
    (
        "light",
        &["command_topic"],
        &["state_topic", "brightness_command_topic", "brightness_state_topic", "brightness_scale"],
        &[],
    ),
    (
        "fan",
        &["command_topic"],
        &[
            "state_topic",
            "percentage_command_topic",
            "percentage_state_topic",
            "percentage_command_template",
            "percentage_value_template",
            "speed_range_max",
        ],
        &[],
    ),
    (
        "cover",
        &["command_topic"],
        &[
            "state_topic",
            "position_topic",
            "set_position_topic",
            "payload_open",
            "payload_close",
            "payload_stop",
            "state_open",
            "state_closed",
            "device_class",
        ],
        &["awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter", "window"],
    ),
    (
        "valve",
        &["command_topic"],
        &[
            "state_topic",
            "reports_position",
            "payload_open",
            "payload_close",
            "state_open",
            "state_closed",
            "device_class",
        ],
        &["water", "gas"],
    ),
    ("siren", &["command_topic"], &["state_topic", "command_template", "support_duration", "support_volume_set"], &[]),
    (
        "number",
        &["command_topic"],
        &["state_topic", "min", "max", "step", "mode", "unit_of_measurement", "device_class"],
        &["duration", "temperature"],
    ),
    ("switch", &["command_topic"], &["state_topic", "device_class"], &["outlet", "switch"]),
    ("button", &["command_topic"], &["payload_press", "device_class"], &["identify", "restart", "update"]),
    ("select", &["command_topic", "options"], &["state_topic"], &[]),
    ("event", &["state_topic", "event_types"], &["value_template", "device_class"], &["button", "doorbell", "motion"]),
    ("scene", &["command_topic"], &["payload_on"], &[]),
    (
        "binary_sensor",
        &["state_topic"],
        &["device_class", "off_delay", "expire_after", "value_template", "payload_on", "payload_off"],
        &[
            "battery",
            "battery_charging",
            "carbon_monoxide",
            "cold",
            "connectivity",
            "door",
            "garage_door",
            "gas",
            "heat",
            "light",
            "lock",
            "moisture",
            "motion",
            "moving",
            "occupancy",
            "opening",
            "plug",
            "power",
            "presence",
            "problem",
            "running",
            "safety",
            "smoke",
            "sound",
            "tamper",
            "update",
            "vibration",
            "window",
        ],
    ),
    (
        "sensor",
        &["state_topic"],
        &[
            "device_class",
            "unit_of_measurement",
            "state_class",
            "suggested_display_precision",
            "expire_after",
            "options",
        ],
        &[
            "temperature",
            "humidity",
            "atmospheric_pressure",
            "illuminance",
            "carbon_dioxide",
            "volatile_organic_compounds_parts",
            "aqi",
            "pm1",
            "pm25",
            "pm10",
            "voltage",
            "current",
            "power",
            "energy",
            "water",
            "gas",
            "volume",
            "volume_flow_rate",
            "enum",
            "battery",
            "moisture",
            "power_factor",
            "pressure",
            "carbon_monoxide",
            "timestamp",
            "data_size",
            "duration",
        ],
    ),
    ("device_automation", &["automation_type", "topic", "type", "subtype"], &["payload"], &[]),
    (
        "climate",
        &["modes"],
        &[
            "mode_state_topic",
            "mode_command_topic",
            "temperature_state_topic",
            "temperature_command_topic",
            "temperature_low_state_topic",
            "temperature_low_command_topic",
            "temperature_high_state_topic",
            "temperature_high_command_topic",
            "current_temperature_topic",
            "action_topic",
            "preset_modes",
            "preset_mode_state_topic",
            "preset_mode_command_topic",
            "min_temp",
            "max_temp",
            "temp_step",
            "precision",
            "temperature_unit",
        ],
        &[],
    ),
];

/// In full, as Home Assistant expands it.
fn expand(object: &Value) -> BTreeMap<String, Value> {
    let long = |key: &String| {
        ABBREVIATIONS.iter().find(|(short, _)| short == key).map_or(key.clone(), |(_, long)| (*long).into())
    };
    object.as_object().expect("an object").iter().map(|(key, value)| (long(key), value.clone())).collect()
}

/// Panics at the first thing that Home Assistant would refuse or drop.
fn validate(payload: &str) {
    let root = expand(&serde_json::from_str(payload).expect("JSON"));
    for key in root.keys() {
        assert!(ROOT.contains(&key.as_str()), "root key {key}");
    }
    assert!(!(root.contains_key("availability") && root.contains_key("availability_topic")));
    let device = root["device"].as_object().expect("device");
    for (key, value) in device {
        let known = ["ids", "name", "mf", "mdl", "sw", "hw", "sn", "sa", "via_device", "cu"];
        assert!(known.contains(&key.as_str()) && !value.is_null(), "device key {key}");
    }
    assert!(device["ids"].as_array().is_some_and(|ids| !ids.is_empty()));
    let origin = root["origin"].as_object().expect("origin");
    assert!(origin["name"].is_string());
    assert!(origin.keys().all(|key| ["name", "sw", "url"].contains(&key.as_str())));
    let components = root["components"].as_object().expect("components");
    assert!(!components.is_empty());
    let mut unique = BTreeMap::new();
    for (id, component) in components {
        let id_is_safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(id.chars().all(id_is_safe), "component id {id}");
        if component.as_object().is_some_and(|keys| keys.len() == 1) {
            continue; // removed
        }
        validate_component(id, &expand(component), root.contains_key("availability_topic"));
        if component["p"] == "device_automation" {
            let key = (component["type"].to_string(), component["stype"].to_string());
            assert_eq!(unique.insert(key, id), None, "{id}: another trigger has its type and subtype");
            continue;
        }
        let key = (component["p"].to_string(), component["uniq_id"].to_string());
        assert_eq!(unique.insert(key, id), None, "{id}: unique_id");
        assert_eq!(unique.insert(("entity id".into(), component["default_entity_id"].to_string()), id), None, "{id}");
    }
}

fn validate_component(id: &str, component: &BTreeMap<String, Value>, root_has_topic: bool) {
    let platform = component["platform"].as_str().expect("platform");
    let (_, required, optional, classes) =
        PLATFORMS.iter().find(|(name, ..)| *name == platform).unwrap_or_else(|| panic!("{id}: platform {platform}"));
    let is_entity = platform != "device_automation";
    let of_all: &[&str] = if is_entity { &["unique_id", "name", "default_entity_id"] } else { &["platform"] };
    for key in required.iter().chain(of_all) {
        assert!(component.contains_key(*key), "{id} lacks {key}");
    }
    for (key, value) in component {
        let of_all = if is_entity { ENTITY } else { of_all };
        let known = [of_all, required, optional].iter().any(|keys| keys.contains(&key.as_str()));
        assert!(known, "{id}: {platform} has no key {key}");
        if key.ends_with("topic") {
            assert!(value.as_str().is_some_and(|topic| topic.starts_with("hearthd/")), "{id}: {key} {value}");
        }
    }
    if !is_entity {
        return assert_eq!(component["automation_type"], "trigger", "{id}: no other is known");
    }
    assert!(component["default_entity_id"].as_str().is_some_and(|entity| {
        entity
            .strip_prefix(platform)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|object| object.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    }));
    if let Some(class) = component.get("device_class") {
        assert!(classes.contains(&class.as_str().expect("text")), "{id}: device class {class}");
    }
    if let Some(category) = component.get("entity_category") {
        assert!(["config", "diagnostic"].contains(&category.as_str().expect("text")), "{id}: {category}");
    }
    if let Some(availability) = component.get("availability") {
        assert!(!root_has_topic, "{id}: Home Assistant refuses a component with both availability keys");
        let list = availability.as_array().expect("a list");
        assert!(list.iter().all(|entry| entry["t"].is_string()));
        assert!(list.len() < 2 || component["availability_mode"] == "all");
    }
    if platform == "valve" && component.contains_key("reports_position") {
        let words = ["payload_open", "payload_close", "state_open", "state_closed"];
        assert!(words.iter().all(|key| !component.contains_key(*key)), "{id}: refused beside a position");
    }
    if platform == "climate" {
        let words = |key: &str| -> Vec<String> { serde_json::from_value(component[key].clone()).expect("words") };
        assert!(
            words("modes").iter().all(|mode| {
                ["auto", "off", "cool", "heat", "dry", "fan_only", "heat_cool"].contains(&mode.as_str())
            })
        );
        assert!(words("modes").contains(&"off".to_owned()), "{id}: nobody could switch it off");
        let presets = component.contains_key("preset_modes");
        assert_eq!(presets, component.contains_key("preset_mode_command_topic"), "{id}: one without the other");
        assert!(!presets || !words("preset_modes").contains(&"none".to_owned()), "{id}: `none` is refused");
        assert!([0.1, 0.5, 1.0].contains(&component["precision"].as_f64().expect("a number")));
        assert!(component["min_temp"].as_f64() < component["max_temp"].as_f64());
    }
    let number = |key: &str, usual: f64| component.get(key).map_or(usual, |value| value.as_f64().expect("a number"));
    // What Home Assistant takes as one word of several.
    let choices = |key: &str| {
        let words: Vec<String> = serde_json::from_value(component[key].clone()).expect("words");
        let different: BTreeSet<&String> = words.iter().collect();
        assert!(!words.is_empty() && different.len() == words.len(), "{id}: {key} {words:?}");
        assert!(words.iter().all(|word| !word.is_empty() && word != "None"), "{id}: {key} {words:?}");
    };
    let together = |one: &str, other: &str| {
        assert_eq!(component.contains_key(one), component.contains_key(other), "{id}: {one} without {other}");
    };
    match platform {
        "number" => {
            assert!(number("min", 1.0) < number("max", 100.0), "{id}: an empty range");
            assert!(number("step", 1.0) >= 0.001, "{id}: a step of nothing");
            let mode = component.get("mode").map_or("auto", |mode| mode.as_str().expect("text"));
            assert!(["auto", "box", "slider"].contains(&mode), "{id}: mode {mode}");
            let class = component.get("device_class").map_or("", |class| class.as_str().expect("text"));
            let units: &[&str] = match class {
                "duration" => &["d", "h", "min", "s", "ms"],
                "temperature" => &["°C", "°F", "K"],
                _ => &["%"],
            };
            assert!(units.contains(&component["unit_of_measurement"].as_str().expect("text")), "{id}");
        }
        "fan" => {
            together("percentage_command_topic", "percentage_state_topic");
            assert!(1.0 < number("speed_range_max", 100.0), "{id}: one speed is no range");
        }
        "light" => {
            together("brightness_command_topic", "brightness_state_topic");
            assert!(number("brightness_scale", 255.0) >= 1.0, "{id}");
        }
        "cover" => {
            together("set_position_topic", "position_topic");
            assert!(
                ["state_topic", "position_topic"].iter().any(|key| component.contains_key(*key)),
                "{id}: it would be believed to be where it was sent"
            );
            // Home Assistant takes the first that fits.
            let different = |keys: &[(&str, &str)]| {
                let word = |(key, usual): &(&str, &str)| match component.get(*key) {
                    Some(Value::Null) => format!("no {key}"),
                    word => word.map_or(*usual, |word| word.as_str().expect("a word")).to_owned(),
                };
                let words: BTreeSet<String> = keys.iter().map(word).collect();
                assert_eq!(words.len(), keys.len(), "{id}: {words:?}");
            };
            different(&[("payload_open", "OPEN"), ("payload_close", "CLOSE"), ("payload_stop", "STOP")]);
            different(&[
                ("state_open", "open"),
                ("state_opening", "opening"),
                ("state_closed", "closed"),
                ("state_closing", "closing"),
                ("state_stopped", "stopped"),
            ]);
        }
        "select" => choices("options"),
        "event" => choices("event_types"),
        _ => {}
    }
    if component.get("device_class").is_some_and(|class| class == "enum") {
        assert!(component["options"].as_array().is_some_and(|options| !options.is_empty()));
        assert!(!component.contains_key("unit_of_measurement") && !component.contains_key("state_class"), "{id}");
    } else if platform == "sensor" {
        let unit_of_class = [
            ("temperature", "°C"),
            ("humidity", "%"),
            ("moisture", "%"),
            ("battery", "%"),
            ("power_factor", "%"),
            ("pressure", "hPa"),
            ("carbon_monoxide", "ppm"),
            ("atmospheric_pressure", "hPa"),
            ("illuminance", "lx"),
            ("carbon_dioxide", "ppm"),
            ("volatile_organic_compounds_parts", "ppb"),
            ("aqi", ""),
            // Older ones take the micro sign only, newer ones the Greek letter too.
            ("pm1", "\u{b5}g/m³"),
            ("pm25", "\u{b5}g/m³"),
            ("pm10", "\u{b5}g/m³"),
            ("voltage", "V"),
            ("current", "A"),
            ("power", "W"),
            ("energy", "kWh"),
            ("water", "m³"),
            ("gas", "m³"),
            ("volume", "m³"),
            ("volume_flow_rate", "L/min"),
            ("data_size", "GB"),
            ("timestamp", ""),
        ];
        let text = |key| component.get(key).map_or("", |value| value.as_str().expect("text"));
        let pair = (text("device_class"), text("unit_of_measurement"));
        assert!(pair.0.is_empty() || unit_of_class.contains(&pair), "{id}: {pair:?}");
        // Home Assistant takes these as totals only.
        let is_total = ["energy", "water", "gas", "volume"].contains(&pair.0);
        let may_count = pair.0.is_empty() || pair.0 == "data_size";
        let counts = may_count && component.get("state_class").is_some_and(|class| class == "total_increasing");
        let is_text = ["", "timestamp"].contains(&pair.0) && pair.1.is_empty();
        let class = if is_total || counts { "total_increasing" } else { "measurement" };
        assert!(is_text || component["state_class"] == class, "{id}");
    }
}

/// The announcements of all devices, each held against the rules.
fn announced(config: &Config, gone: &Layout, step: Step) -> BTreeMap<Device, Value> {
    let all = announcements(config, &Topics::new("hearthd/cottage"), &Board::default(), gone, step);
    let mut unique = BTreeMap::new();
    let mut read = |(device, payload): (Device, String)| {
        validate(&payload);
        let announced: Value = serde_json::from_str(&payload).unwrap();
        for (id, component) in announced["cmps"].as_object().unwrap() {
            let key = (component["p"].to_string(), component["uniq_id"].to_string());
            let other = unique.insert(key, id.clone()).filter(|_| component["uniq_id"].is_string());
            assert_eq!(other, None, "{id}: the same entity with two devices");
        }
        (device, announced)
    };
    all.into_iter().map(&mut read).collect()
}

/// The hub's own announcement, with the components of all devices.
fn announce(config: &Config) -> Value {
    let all = announced(config, &Layout::new(), Step::Removed);
    let mut hub = all[&Device::hub()].clone();
    for components in all.values().map(|announced| announced["cmps"].as_object().unwrap()) {
        hub["cmps"].as_object_mut().unwrap().extend(components.clone());
    }
    hub
}

/// Of a machine that tells all there is.
fn full_board() -> Board {
    let vitals = Vital::ALL.into_iter().map(|vital| (vital, Default::default())).collect();
    Board { vitals: std::sync::Arc::new(vitals), ..Board::default() }
}

/// What each hub tells, on any machine.
const OF_THE_HUB: [&str; 5] = [
    "binary_sensor-hub-connectivity",
    "binary_sensor-hub-faults",
    "binary_sensor-hub-problem",
    "event-hub-notice",
    "event-hub-refusal",
];

fn hall() -> Device {
    Device::of(&house::config(&[]), Some(RoomId(0)))
}

#[test]
fn a_zone_is_one_thermostat_with_its_alarm() {
    let mut config = house::config(&[("heater", OutputKind::Heater), ("cooler", OutputKind::Cooler)]);
    let heats = Climate { heat: vec![OutputId(0)], ..Climate::plain("living", SensorId(0)) };
    let both = Climate {
        cool: vec![OutputId(1)],
        target: Setpoints { heat: Some(20.0), cool: Some(25.0) },
        presets: vec![Preset { name: "away".into(), setpoints: Setpoints { heat: Some(16.0), cool: Some(28.0) } }],
        ..Climate { id: "attic".into(), ..heats.clone() }
    };
    let cools = Climate {
        id: "fridge".into(),
        heat: Vec::new(),
        cool: vec![OutputId(1)],
        frost: None,
        overheat: None,
        target: Setpoints { heat: None, cool: Some(5.0) },
        ..heats.clone()
    };
    config.climates = vec![heats, both, cools];
    let announced = announce(&config);
    let components = &announced["cmps"];
    assert_eq!(components["climate-living"]["default_entity_id"], "climate.cottage_living");
    assert_eq!(components["climate-living"]["temp_cmd_t"], "hearthd/cottage/living/target/set");
    assert_eq!(components["climate-living"]["modes"], json!(["off", "heat"]));
    assert_eq!(components["climate-living"]["curr_temp_t"], "hearthd/cottage/living/measured/state");
    assert_eq!(components["climate-attic"]["temp_lo_cmd_t"], "hearthd/cottage/attic/target/set");
    assert_eq!(components["climate-attic"]["temp_hi_stat_t"], "hearthd/cottage/attic/cool_target/state");
    assert_eq!(components["climate-attic"]["temp_cmd_t"], "hearthd/cottage/attic/setpoint/set");
    assert_eq!(components["climate-attic"]["temp_stat_t"], "hearthd/cottage/attic/setpoint/state");
    assert_eq!(components["climate-attic"]["json_attr_t"], "hearthd/cottage/attic/target/attributes");
    assert_eq!(components["climate-living"]["temp_lo_cmd_t"], Value::Null);
    assert_eq!(components["climate-attic"]["modes"], json!(["off", "heat", "cool", "heat_cool"]));
    assert_eq!(components["climate-attic"]["pr_modes"], json!(["away"]));
    assert_eq!(components["sensor-living-alarm"]["ops"][0], "none");
    let range = |zone: &str| [&components[zone]["min_temp"], &components[zone]["max_temp"]].map(Value::clone);
    assert_eq!(range("climate-fridge"), [json!(-5.0), json!(15.0)], "not all that there is");
    let lowest_and_highest = config.climates[1].range();
    let within = [lowest_and_highest.start() + 0.5, lowest_and_highest.end() - 0.5].map(Value::from);
    assert_eq!(range("climate-attic"), within, "what either target takes");
    let button = &components["button-attic"];
    assert_eq!((&button["cmd_t"], &button["pl_prs"]), (&json!("hearthd/cottage/attic/set"), &json!("AUTO")));
    assert_eq!((&button["name"], &button["ent_cat"]), (&json!("living auto"), &json!("config")));
    let ids: Vec<&String> = components.as_object().unwrap().keys().filter(|id| id.contains("living")).collect();
    assert_eq!(ids, ["button-living", "climate-living", "sensor-living-alarm", "sensor-living-temperature"]);
}

/// What people may set of the file: numbers in the category of what changes how the house works.
#[test]
fn what_is_settable_is_a_number_within_its_bounds() {
    let mut config = house::config(&[("heater", OutputKind::Heater), ("cooler", OutputKind::Cooler)]);
    let presets = vec![Preset { name: "away".into(), setpoints: Setpoints { heat: Some(16.0), cool: Some(28.0) } }];
    let target = Setpoints { heat: Some(20.0), cool: Some(25.0) };
    let (heat, cool) = (vec![OutputId(0)], vec![OutputId(1)]);
    config.climates = vec![Climate { heat, cool, target, presets, ..Climate::plain("attic", SensorId(0)) }];
    config.outputs[0].manual_for = ManualFor::Time(Duration::from_secs(5_400));
    config.settable = vec![
        Settable::ManualFor(OutputId(0)),
        Settable::EmptyAfter(RoomId(0)),
        Settable::Heat(ClimateId(0), 0),
        Settable::Cool(ClimateId(0), 0),
    ];
    let components = &announce(&config)["cmps"];
    for (id, unit, class, range) in [
        ("number-heater-manual_for", "min", "duration", 0.5..=10_080.0),
        ("number-hall-empty_after", "min", "duration", 0.5..=1_440.0),
        ("number-attic-away_heat", "°C", "temperature", config.climates[0].target_range(ClimateFacet::Target)),
        ("number-attic-away_cool", "°C", "temperature", config.climates[0].target_range(ClimateFacet::CoolTarget)),
    ] {
        let number = &components[id];
        assert_eq!([&number["unit_of_meas"], &number["dev_cla"], &number["ent_cat"]], [unit, class, "config"], "{id}");
        assert_eq!((&number["min"], &number["max"]), (&json!(range.start()), &json!(range.end())), "{id}");
    }
}

#[test]
fn the_search_for_pid_numbers_is_a_sensor_with_a_button_for_each_word() {
    let mut config = house::config(&[("heater", OutputKind::Heater)]);
    let gains = Gains { kp: 30.0, ti: Duration::from_secs(1_200), td: Duration::ZERO };
    let zone =
        Climate { heat: vec![OutputId(0)], control: Control::Pid(gains), ..Climate::plain("living", SensorId(0)) };
    config.climates = vec![zone];
    let components = &announce(&config)["cmps"];
    let sensor = &components["sensor-living-tuning"];
    assert_eq!(sensor["ops"], json!(["idle", "running", "failed"]));
    assert_eq!(sensor["json_attr_t"], "hearthd/cottage/living/tuning/attributes");
    for (id, word) in [("start", "START"), ("stop", "STOP")] {
        let button = &components[format!("button-living-tuning-{id}")];
        assert_eq!((&button["cmd_t"], &button["pl_prs"]), (&json!("hearthd/cottage/living/tuning/set"), &json!(word)));
    }
    assert_eq!(components["button-living-tuning"]["uniq_id"], "hearthd_cottage_living.tuning.auto");
}

#[test]
fn a_zone_with_the_name_of_an_output_has_no_button_for_that_is_the_outputs() {
    let mut config = house::config(&[("heater", OutputKind::Heater)]);
    config.climates = vec![Climate { heat: vec![OutputId(0)], ..Climate::plain("heater", SensorId(0)) }];
    let components = &announce(&config)["cmps"];
    assert!(components["climate-heater"].is_object());
    assert_eq!(components["button-heater"]["cmd_t"], "hearthd/cottage/heater/set");
}

#[test]
fn a_small_house_is_announced_like_this() {
    let config = house::config(&[("hall_light", OutputKind::Light)]);
    let availability = |point: &str| json!([{ "t": "hearthd/cottage/availability" }, { "t": format!("hearthd/cottage/{point}/availability") }]);
    let expected = json!({
        "dev": {
            "ids": ["hearthd_cottage"], "name": "Cottage", "mf": "hearthd", "mdl": "hearthd",
            "sw": env!("CARGO_PKG_VERSION"),
        },
        "o": { "name": "hearthd", "sw": env!("CARGO_PKG_VERSION") },
        "avty": [{ "t": "hearthd/cottage/availability" }],
        "qos": 1,
        "cmps": {
            "binary_sensor-hub-problem": {
                "p": "binary_sensor",
                "uniq_id": "hearthd_cottage_hub.problem",
                "default_entity_id": "binary_sensor.cottage_hub_problem",
                "name": "Problem",
                "stat_t": "hearthd/cottage/problem",
                "val_tpl": "{{ 'OFF' if value == 'none' else 'ON' }}",
                "json_attr_t": "hearthd/cottage/problem",
                "json_attr_tpl": "{{ {'why': value} | tojson }}",
                "dev_cla": "problem",
                "ent_cat": "diagnostic",
            },
            "binary_sensor-hub-faults": {
                "p": "binary_sensor",
                "uniq_id": "hearthd_cottage_hub.faults",
                "default_entity_id": "binary_sensor.cottage_hub_faults",
                "name": "Faults",
                "stat_t": "hearthd/cottage/hub/faults/state",
                "val_tpl": "{{ 'OFF' if value == '0' else 'ON' }}",
                "json_attr_t": "hearthd/cottage/hub/faults/attributes",
                "dev_cla": "problem",
                "ent_cat": "diagnostic",
            },
            "binary_sensor-hub-connectivity": {
                "p": "binary_sensor",
                "uniq_id": "hearthd_cottage_hub.connectivity",
                "default_entity_id": "binary_sensor.cottage_hub_connectivity",
                "name": "Connectivity",
                "stat_t": "hearthd/cottage/availability",
                "pl_on": "online",
                "pl_off": "offline",
                "dev_cla": "connectivity",
                "ent_cat": "diagnostic",
                "avty": [],
            },
            "event-hub-notice": {
                "p": "event",
                "uniq_id": "hearthd_cottage_hub.notice",
                "default_entity_id": "event.cottage_hub_notice",
                "name": "Notice",
                "stat_t": "hearthd/cottage/notify",
                "event_types": ["notice"],
                "val_tpl": "{{ dict(value_json, event_type='notice') | tojson }}",
                "ent_cat": "diagnostic",
                "ic": "mdi:message-text-outline",
            },
            "event-hub-refusal": {
                "p": "event",
                "uniq_id": "hearthd_cottage_hub.refusal",
                "default_entity_id": "event.cottage_hub_refusal",
                "name": "Refused command",
                "stat_t": "hearthd/cottage/error",
                "event_types": ["refused"],
                "val_tpl": "{{ dict(value_json, event_type='refused') | tojson }}",
                "ent_cat": "diagnostic",
                "ic": "mdi:hand-back-left-outline",
            },
            "light-hall_light": {
                "p": "light", "uniq_id": "hearthd_cottage_hall_light", "default_entity_id": "light.cottage_hall_light",
                "name": "hall light",
                "stat_t": "hearthd/cottage/hall_light/state", "cmd_t": "hearthd/cottage/hall_light/set",
                "json_attr_t": "hearthd/cottage/hall_light/attributes", "json_attr_tpl": "{{ value }}",
                "avty": availability("hall_light"), "avty_mode": "all",
            },
            "button-hall_light": {
                "p": "button", "uniq_id": "hearthd_cottage_hall_light.auto",
                "default_entity_id": "button.cottage_hall_light_auto", "name": "hall light auto",
                "cmd_t": "hearthd/cottage/hall_light/set", "pl_prs": "AUTO", "ent_cat": "config", "ic": "mdi:refresh-auto",
            },
            "binary_sensor-hall_motion": {
                "p": "binary_sensor", "uniq_id": "hearthd_cottage_hall_motion",
                "default_entity_id": "binary_sensor.cottage_hall_motion", "name": "Motion", "dev_cla": "motion",
                "stat_t": "hearthd/cottage/hall_motion/state", "avty": availability("hall_motion"), "avty_mode": "all",
            },
            "sensor-living-temperature": {
                "p": "sensor", "uniq_id": "hearthd_cottage_living.temperature",
                "default_entity_id": "sensor.cottage_living_temperature", "name": "Living room temperature",
                "dev_cla": "temperature", "unit_of_meas": "°C", "stat_cla": "measurement",
                "suggested_display_precision": 1,
                "stat_t": "hearthd/cottage/living/temperature/state",
                "avty": availability("living/temperature"), "avty_mode": "all",
            },
            "binary_sensor-hall-occupied": {
                "p": "binary_sensor", "uniq_id": "hearthd_cottage_hall.occupied",
                "default_entity_id": "binary_sensor.cottage_hall_occupied", "name": "Occupied",
                "dev_cla": "occupancy",
                "json_attr_t": "hearthd/cottage/hall/occupied/attributes", "json_attr_tpl": "{{ value }}",
                "stat_t": "hearthd/cottage/hall/occupied/state",
                "avty": availability("hall/occupied"), "avty_mode": "all",
            },
        },
    });
    let announced = announce(&config);
    assert_eq!(announced, expected, "{announced:#}");
}

#[test]
fn every_kind_of_point_is_one_that_home_assistant_accepts() {
    use {InputKind::*, OutputKind::*};
    let outputs = [Light, Fan, OutputKind::Switch, Heater, Cooler, Valve, Cover, Siren];
    let inputs = [Motion, Door, Window, Button, InputKind::Switch, Leak, Smoke, Contact];
    let mut config = house::config(&outputs.map(|kind| (kind.word(), kind)));
    config.inputs = inputs.iter().map(|kind| house::input(&format!("{kind:?}_in").to_lowercase(), *kind)).collect();
    config.sensors.extend(CHIPS.iter().map(|facts| Sensor::plain(facts.words[0], facts.chip)));
    config.modes = Modes { list: vec!["home".into(), "away".into()], start: 0 };
    config.scenes.push(Scene { id: "evening".into(), name: "Evening".into(), set: vec![], hold: None });
    let announced = announce(&config);
    let components = announced["cmps"].as_object().unwrap();
    // Besides: a button for each output, five triggers of the button, a scene, and what the hub tells.
    assert_eq!(components.len(), config.points().count() + outputs.len() + 5 + 1 + OF_THE_HUB.len());
    for (id, key, value) in [
        ("siren-siren", "cmd_tpl", json!("{{ value }}")),
        ("valve-valve", "state_open", json!("ON")),
        ("cover-cover", "payload_close", json!("CLOSE")),
        ("cover-cover", "payload_stop", Value::Null),
        ("cover-cover", "ic", Value::Null),
        ("fan-fan", "dev_cla", Value::Null),
        ("switch-switch", "dev_cla", json!("switch")),
        ("switch-heater", "ic", json!("mdi:radiator")),
        ("binary_sensor-leak_in", "dev_cla", json!("moisture")),
        ("binary_sensor-button_in", "dev_cla", Value::Null),
        ("event-button_in-event", "stat_t", json!("hearthd/cottage/button_in/event/state")),
        ("select-mode", "options", json!(["home", "away"])),
        ("scene-scene-evening", "cmd_t", json!("hearthd/cottage/scene/evening/set")),
        ("sensor-bme280-pressure", "unit_of_meas", json!("hPa")),
        ("sensor-sps30-pm25", "dev_cla", json!("pm25")),
        ("sensor-sps30-pm4", "dev_cla", Value::Null),
        ("sensor-ltr390-uv_index", "unit_of_meas", Value::Null),
    ] {
        assert_eq!(components[id].get(key).cloned().unwrap_or_default(), value, "{id} {key}");
    }
}

#[test]
fn counters_fit_the_energy_page() {
    use crate::model::{Counter, Measures, SensorSource};
    use std::time::Duration;
    let all = [
        ("m_energy", Measures::Energy),
        ("m_water", Measures::Water),
        ("m_gas", Measures::Gas),
        ("m_volume", Measures::Volume),
        ("m_rotation", Measures::Rotation),
        ("m_count", Measures::Count),
    ];
    let mut config = house::config(&[]);
    (config.inputs, config.sensors, config.rooms) = (vec![], vec![], vec![]);
    for (id, measures) in all {
        let counter = Counter { measures, pulses_per_unit: 1.0, zero_after: Duration::from_secs(300) };
        let source = SensorSource::Counter(counter);
        config.sensors.push(Sensor { source, ..Sensor::plain(id, CHIPS[0].chip) });
    }
    let announced = announce(&config);
    let components = announced["cmps"].as_object().unwrap();
    assert_eq!(components.len(), 11 + OF_THE_HUB.len(), "{components:#?}");
    for (id, class, state_class, unit) in [
        ("m_energy-energy", json!("energy"), "total_increasing", json!("kWh")),
        ("m_energy-power", json!("power"), "measurement", json!("W")),
        ("m_water-volume", json!("water"), "total_increasing", json!("m³")),
        ("m_water-flow", json!("volume_flow_rate"), "measurement", json!("L/min")),
        ("m_gas-volume", json!("gas"), "total_increasing", json!("m³")),
        ("m_volume-volume", json!("volume"), "total_increasing", json!("m³")),
        ("m_rotation-fan_speed", Value::Null, "measurement", json!("rpm")),
        ("m_count-count", Value::Null, "total_increasing", Value::Null),
        ("m_count-rate", Value::Null, "measurement", json!("/min")),
    ] {
        let component = &components[&format!("sensor-{id}")];
        let found = ["dev_cla", "stat_cla", "unit_of_meas"].map(|key| component.get(key).cloned().unwrap_or_default());
        assert_eq!(found, [class, json!(state_class), unit], "{id}");
    }
}

#[test]
fn what_is_wrong_with_the_machine_is_a_problem() {
    use crate::model::{KernelSource, SensorSource};
    let mut config = house::config(&[]);
    config.sensors =
        vec![Sensor { source: SensorSource::Kernel(KernelSource::Cpu), ..Sensor::plain("cpu", CHIPS[0].chip) }];
    let announced = announce(&config);
    for quantity in ["undervoltage", "throttled"] {
        let component = &announced["cmps"][&format!("binary_sensor-cpu-{quantity}")];
        let found = ["dev_cla", "pl_on", "pl_off", "ent_cat"].map(|key| component[key].clone());
        assert_eq!(found, ["problem", "1", "0", "diagnostic"].map(|fact| json!(fact)), "{component}");
        assert_eq!((&component["unit_of_meas"], &component["stat_cla"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn levels_speeds_and_positions_are_announced() {
    use crate::model::{Cover, Door, InputId, Line, Method, OutputId, PwmChannel};
    let mut config = house::config(&[
        ("lamp", OutputKind::Light),
        ("fan", OutputKind::Fan),
        ("blind", OutputKind::Cover),
        ("boiler", OutputKind::Heater),
        ("garage", OutputKind::Cover),
    ]);
    let pwm = |pin| Some(Line::Pwm(PwmChannel::Pin(pin)));
    let part = |id: &str, of: usize| Output {
        method: Method::Part { of: OutputId(of) },
        ..house::output(id, OutputKind::Switch)
    };
    (config.outputs[0].line, config.outputs[0].lock) = (pwm(18), true);
    (config.outputs[1].line, config.outputs[1].steps) = (pwm(19), Some(3));
    let seconds = std::time::Duration::from_secs;
    let cover = Cover { open: OutputId(5), close: OutputId(6), open_time: seconds(20), close_time: seconds(20) };
    config.outputs[2].method = Method::Cover(cover);
    let range = crate::model::PowerRange::FULL;
    config.outputs[3].method = Method::SlowPwm { wire: OutputId(7), period: seconds(10), range };
    config.outputs[3].power = Some(2000.0);
    let (button, closed, open) = (OutputId(8), InputId(0), None);
    let (press, rest, open_time, close_time) = (seconds(1), seconds(1), seconds(15), seconds(15));
    config.outputs[4].method = Method::Door(Door { button, press, rest, open_time, close_time, closed, open });
    let parts = [("blind.open", 2), ("blind.close", 2), ("boiler.wire", 3), ("garage.button", 4)];
    config.outputs.extend(parts.map(|(id, of)| part(id, of)));
    let announced = announce(&config);
    let components = &announced["cmps"];
    for (id, key, value) in [
        ("light-lamp", "brightness_command_topic", json!("hearthd/cottage/lamp/level/set")),
        ("light-lamp", "brightness_state_topic", json!("hearthd/cottage/lamp/level/state")),
        ("light-lamp", "bri_scl", json!(100)),
        ("switch-lamp-lock", "cmd_t", json!("hearthd/cottage/lamp/lock/set")),
        ("fan-fan", "pct_cmd_t", json!("hearthd/cottage/fan/level/set")),
        ("fan-fan", "spd_rng_max", json!(3)),
        ("fan-fan", "percentage_command_template", json!("{{ (value | int * 100 / 3) | round(0) | int }}")),
        ("fan-fan", "percentage_value_template", json!("{{ (value | int * 3 / 100) | round(0) | int }}")),
        ("cover-blind", "stat_t", json!("hearthd/cottage/blind/state")),
        ("cover-blind", "set_position_topic", json!("hearthd/cottage/blind/position/set")),
        ("cover-garage", "cmd_t", json!("hearthd/cottage/garage/set")),
        ("cover-garage", "stat_t", json!("hearthd/cottage/garage/state")),
        ("cover-garage", "set_position_topic", Value::Null),
        ("cover-garage", "state_open", Value::Null),
        ("switch-boiler", "cmd_t", json!("hearthd/cottage/boiler/set")),
        ("number-boiler-level", "max", json!(100)),
        ("number-boiler-level", "ent_cat", json!("config")),
        ("sensor-boiler-energy", "stat_cla", json!("total_increasing")),
    ] {
        assert_eq!(components[id][key], value, "{id} {key}");
    }
    assert_eq!(
        components.as_object().unwrap().keys().filter(|id| id.contains("open")).count(),
        0,
        "parts are not shown"
    );
}

/// What the broker tells of them is no concern of Home Assistant's: it knows them by the hub's own topics and words.
#[test]
fn covers_on_the_broker_are_announced_as_those_of_wires() {
    let text = r#"
        [hub]
        id = "cottage"
        [mqtt]
        url = "mqtt://localhost"
        [outputs.blind]
        kind = "cover"
        class = "blind"
        zigbee2mqtt = "blind"
        [outputs.curtain]
        kind = "cover"
        zigbee2mqtt = "curtain"
        levels = false
        [outputs.garage]
        kind = "cover"
        class = "garage"
        mqtt = "gate/cmd"
        on = "up"
        off = "down"
        stop_with = "halt"
        state_topic = "gate"
        state_on = "top"
        state_off = "bottom"
        [outputs.shades]
        kind = "group"
        members = ["blind", "curtain"]
    "#;
    let config = crate::config::parse(std::path::Path::new("c"), text).unwrap().config;
    let announced = announce(&config);
    let components = &announced["cmps"];
    for id in ["blind", "curtain", "garage"] {
        let cover = &components[format!("cover-{id}")];
        assert_eq!(cover["cmd_t"], format!("hearthd/cottage/{id}/set"));
        assert_eq!(cover["stat_t"], format!("hearthd/cottage/{id}/state"));
        assert_eq!(cover["payload_stop"], components["cover-blind"]["payload_stop"], "{id}: all of them stop");
        assert_eq!(cover.get("state_open"), None, "{id}: its own words are the broker's");
    }
    assert_eq!(components["cover-blind"]["position_topic"], "hearthd/cottage/blind/position/state");
    assert_eq!(components["cover-curtain"].get("position_topic"), None);
    assert_eq!(components["cover-garage"].get("position_topic"), None);
    assert_eq!(components["cover-garage"]["dev_cla"], "garage");
    assert!(components["cover-shades"].is_object());
}

#[test]
fn what_is_gone_is_named_by_its_platform_only() {
    let config = house::config(&[("lamp", OutputKind::Fan)]);
    let before =
        layout(&house::config(&[("lamp", OutputKind::Light)]), &Topics::new("hearthd/cottage"), &Board::default());
    let announced = &announced(&config, &before, Step::Removed)[&Device::hub()];
    assert_eq!(announced["cmps"]["light-lamp"], json!({ "p": "light" }), "a light that became a fan is gone");
    assert_eq!(announced["cmps"]["fan-lamp"]["cmd_t"], "hearthd/cottage/lamp/set");
    assert_eq!(announced["cmps"]["button-lamp"]["pl_prs"], "AUTO", "what is still there is not removed");
}

#[test]
fn an_announcement_can_be_read_again() {
    let config = house::config(&[("lamp", OutputKind::Light)]);
    let topics = Topics::new("hearthd/cottage");
    let (mut read_layout, mut read_topics) = (Layout::new(), BTreeSet::new());
    for (device, announced) in announcements(&config, &topics, &Board::default(), &Layout::new(), Step::Removed) {
        let earlier = read(&device, announced.as_bytes(), &topics);
        read_layout.insert(device, earlier.components);
        read_topics.extend(earlier.topics);
    }
    assert_eq!(read_layout, layout(&config, &Topics::new("hearthd/cottage"), &Board::default()));
    let with_why = |name: &String| topics.of_point(name).all().map(String::from);
    let mut expected: Vec<_> =
        config.points().map(|point| config.point_name(point)).flat_map(|name| with_why(&name)).collect();
    let is_decided = |topic: &str| topic.contains("lamp") || topic.contains("occupied");
    expected.retain(|topic| !(topic.ends_with("/why") || topic.ends_with("/attributes")) || is_decided(topic));
    expected.extend([topics.faults().state, topics.faults().attributes]);
    expected.sort();
    assert_eq!(read_topics.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_gone_is_described_once_more_as_its_platform_wants_it() {
    let config = house::config(&[]);
    let gone: Platforms =
        PLATFORMS.iter().map(|(name, ..)| (format!("{name}-attic-old_one"), (*name).to_owned())).collect();
    let gone = [(hall(), gone)].into();
    let announce = |step| -> Value {
        let topics = Topics::new("hearthd/cottage");
        let all = announcements(&config, &topics, &Board::default(), &gone, step);
        serde_json::from_str(&all[&hall()]).expect("JSON")
    };
    let (described, removed) = (announce(Step::Described), announce(Step::Removed));
    for (platform, required, optional, _) in PLATFORMS {
        let id = format!("{platform}-attic-old_one");
        assert_eq!(removed["cmps"][&id], json!({ "p": platform }));
        if *platform == "device_automation" {
            assert_eq!(described["cmps"][&id], removed["cmps"][&id], "Home Assistant keeps no registry of them");
            continue;
        }
        let component = expand(&described["cmps"][&id]);
        let unique = if *platform == "button" { ".auto" } else { "" };
        assert_eq!(component["unique_id"], format!("hearthd_cottage_attic.old_one{unique}"));
        assert!(required.iter().all(|key| component.contains_key(*key)), "{id}: {component:?}");
        // Home Assistant drops the topics that a platform has no use for; it refuses options of a sensor that is no enum.
        let is_known = |key: &str| [ENTITY, required, optional].iter().any(|keys| keys.contains(&key));
        assert!(component.keys().all(|key| is_known(key) || key.ends_with("_topic")), "{id}: {component:?}");
    }
}

#[test]
fn a_bedroom_tells_whether_somebody_sleeps() {
    let mut config = house::config(&[]);
    config.modes.list = vec!["home".into(), "night".into()];
    config.rooms[0].asleep_while = Some(Rule {
        name: "asleep_while".into(),
        condition: Condition::Mode(vec![1]),
        until: None,
        set: Vec::new(),
        notice: None,
        timers: 0,
        text: "mode is night".into(),
    });
    let announced = announce(&config);
    let asleep = &announced["cmps"]["binary_sensor-hall-asleep"];
    assert_eq!((&asleep["name"], &asleep["ic"]), (&json!("Asleep"), &json!("mdi:sleep")));
    assert_eq!(asleep["stat_t"], "hearthd/cottage/hall/asleep/state");
}

#[test]
fn what_others_wrote_is_not_read() {
    let topics = Topics::new("hearthd/cottage");
    for payload in
        ["", "null", "[]", "{\"cmps\":[]}", "{\"cmps\":{\"a\":1,\"b\":{\"stat_t\":\"x/state\",\"avty\":7}}}", "\u{0}"]
    {
        assert_eq!(read(&Device::hub(), payload.as_bytes(), &topics), Default::default(), "{payload}");
    }
}

#[test]
fn what_is_in_a_room_is_with_the_room() {
    let mut config = house::config(&[("hall_light", OutputKind::Light), ("pump", OutputKind::Switch)]);
    config.hub.name = "Hall".into();
    config.outputs[0].room = Some(RoomId(0));
    config.sensors[0].room = Some(RoomId(0));
    config.sensors.push(Sensor::plain("hall", CHIPS[0].chip));
    config.climates = vec![Climate { name: "Hall".into(), ..Climate::plain("warmth", SensorId(0)) }];
    let all = announced(&config, &Layout::new(), Step::Removed);
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), [Device::hub(), hall()], "the hub first: rooms name it");
    let ids = |device: &Device| all[device]["cmps"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let expected = OF_THE_HUB.into_iter().chain(["button-pump", "switch-pump"]).collect::<BTreeSet<_>>();
    assert_eq!(ids(&Device::hub()), expected.into_iter().collect::<Vec<_>>());
    let in_hall = &all[&hall()];
    assert_eq!(
        in_hall["dev"],
        json!({
            "ids": ["hearthd_cottage.hall"], "name": "Hall", "mf": "hearthd", "mdl": "Room", "sa": "Hall",
            "via_device": "hearthd_cottage",
        })
    );
    for (id, name, unique) in [
        ("light-hall_light", json!("Light"), "hearthd_cottage_hall_light"),
        ("button-hall_light", json!("Light auto"), "hearthd_cottage_hall_light.auto"),
        ("sensor-living-temperature", json!("Living room temperature"), "hearthd_cottage_living.temperature"),
        ("sensor-hall-temperature", json!("Temperature"), "hearthd_cottage_hall.temperature"),
        ("climate-warmth", Value::Null, "hearthd_cottage_warmth"),
    ] {
        assert_eq!((&in_hall["cmps"][id]["name"], &in_hall["cmps"][id]["uniq_id"]), (&name, &json!(unique)), "{id}");
    }
    let entity = format!("light.{}", "cottage_hall_light");
    assert_eq!(in_hall["cmps"]["light-hall_light"]["default_entity_id"], entity, "as before there were rooms");
}

#[test]
fn a_board_is_told_of_as_the_hub_s() {
    let board = Board {
        model: Some("Raspberry Pi 5".into()),
        serial: Some("10000000abcd".into()),
        revision: Some("c04170".into()),
        ..Board::default()
    };
    let topics = Topics::new("hearthd/cottage");
    let all = announcements(&house::config(&[]), &topics, &board, &Layout::new(), Step::Removed);
    all.values().for_each(|payload| validate(payload));
    let hub: Value = serde_json::from_str(&all[&Device::hub()]).unwrap();
    let told = ["mdl", "sn", "hw"].map(|key| hub["dev"][key].as_str().unwrap().to_owned());
    assert_eq!(told, ["Raspberry Pi 5", "10000000abcd", "c04170"]);
    let in_hall: Value = serde_json::from_str(&all[&hall()]).unwrap();
    assert!(in_hall["dev"].get("sn").is_none() && in_hall["dev"].get("sw").is_none());
}

#[test]
fn all_that_a_machine_can_tell_is_accepted() {
    let board = full_board();
    let all =
        announcements(&house::config(&[]), &Topics::new("hearthd/cottage"), &board, &Layout::new(), Step::Removed);
    validate(&all[&Device::hub()]);
    let hub: Value = serde_json::from_str(&all[&Device::hub()]).unwrap();
    for (id, key, value) in [
        ("sensor-hub-started", "dev_cla", json!("timestamp")),
        ("sensor-hub-memory", "unit_of_meas", json!("%")),
        ("sensor-hub-written", "stat_cla", json!("total_increasing")),
        ("sensor-hub-config", "json_attr_t", json!("hearthd/cottage/hub/config/why")),
        ("binary_sensor-hub-time", "stat_t", json!("hearthd/cottage/hub/time/state")),
        ("button-hub-restart", "cmd_t", json!("hearthd/cottage/hub/restart/set")),
        ("button-hub-identify", "ent_cat", json!("config")),
    ] {
        assert_eq!(hub["cmps"][id][key], value, "{id} {key}");
    }
    // Where it is not started again, the button goes.
    let gone = [(Device::hub(), [("button-hub-restart".into(), "button".into())].into())].into();
    let described = &announced_unchecked(&gone)["cmps"]["button-hub-restart"];
    assert_eq!(described["uniq_id"], hub["cmps"]["button-hub-restart"]["uniq_id"]);
}

fn announced_unchecked(gone: &Layout) -> Value {
    let topics = Topics::new("hearthd/cottage");
    let all = announcements(&house::config(&[]), &topics, &Board::default(), gone, Step::Described);
    serde_json::from_str(&all[&Device::hub()]).unwrap()
}

#[test]
fn each_click_starts_automations_of_its_own() {
    let mut config = house::config(&[]);
    config.rooms[0].name = "Hall".into();
    config.inputs.push(Input { name: "Hall bell".into(), ..house::input("bell", InputKind::Button) });
    config.inputs[1].room = Some(RoomId(0));
    let announced = announce(&config);
    let of_bell = announced["cmps"].as_object().unwrap().iter().filter(|(id, _)| id.starts_with("device_automation"));
    let types: Vec<_> = of_bell.map(|(id, of)| (id.as_str(), of["type"].as_str().unwrap())).collect();
    let expected = [
        ("click", "short_press"),
        ("double", "double_press"),
        ("long", "long_press"),
        ("many", ""),
        ("triple", "triple_press"),
    ];
    let expected = expected.map(|(click, kind)| {
        let kind = if kind.is_empty() { click.to_owned() } else { format!("button_{kind}") };
        (format!("device_automation-bell-event-{click}"), kind)
    });
    assert_eq!(types, expected.each_ref().map(|(id, kind)| (id.as_str(), kind.as_str())));
    let click = &announced["cmps"]["device_automation-bell-event-click"];
    assert_eq!(
        (&click["t"], &click["pl"], &click["stype"]),
        (&json!("hearthd/cottage/bell/event/state"), &json!("click"), &json!("Bell"))
    );
}

/// Each is accepted that would be in the announcement of a device, and says with which it is.
#[test]
fn single_entities_are_what_they_are_in_a_device() {
    let loaded = crate::config::parse(std::path::Path::new("config.toml"), include_str!("../../../config.toml"));
    let mut config = loaded.unwrap().config;
    let topics = Topics::new("hearthd/cottage");
    let together = components(&config, &topics, &full_board());
    config.mqtt.as_mut().unwrap().discovery_single = true;
    let all = announcements(&config, &topics, &full_board(), &Layout::new(), Step::Removed);
    assert_eq!(all.len(), together.values().map(Map::len).sum::<usize>());
    for (device, components) in together {
        for (id, component) in components {
            let single = Device::single(&id);
            let mut said: Value = serde_json::from_str(&all[&single]).unwrap();
            let said = said.as_object_mut().unwrap();
            let topic = single.topic("homeassistant", "cottage");
            assert_eq!(
                topic,
                format!("homeassistant/{}/hearthd_cottage/{id}/config", component["p"].as_str().unwrap())
            );
            let mut root = json!({ "cmps": {} });
            for key in ["dev", "o", "qos"] {
                root[key] = said.remove(key).unwrap();
            }
            said.insert("p".into(), component["p"].clone());
            assert_eq!(root["dev"], device.described(&config, &full_board()), "{id}");
            root["cmps"][&id] = said.clone().into();
            validate(&root.to_string());
            // What the root of a device says for all.
            if component.get("avty").is_none() {
                let of_hub = said.remove("avty").unwrap_or(json!([{ "t": "hearthd/cottage/availability" }]));
                assert_eq!(of_hub, json!([{ "t": "hearthd/cottage/availability" }]), "{id}");
            }
            assert_eq!(Value::from(said.clone()), component, "{id}");
        }
    }
}

/// As docs/mqtt.md tells them.
#[test]
fn the_sizes_of_announcements_are_those_of_the_document() {
    let document = std::fs::read_to_string("docs/mqtt.md").unwrap();
    let board = full_board();
    let shipped = crate::config::parse(std::path::Path::new("config.toml"), include_str!("../../../config.toml"));
    // Switches, with a button each, ten in a room that tells whether somebody is there.
    let house = |entities: usize, per_room: usize| {
        let of_outputs = entities - OF_THE_HUB.len() - Vital::ALL.len();
        let outputs = if per_room == 0 { of_outputs / 2 } else { of_outputs * per_room / (2 * per_room + 1) };
        let names: Vec<String> = (0..outputs).map(|n| format!("ceiling_light_{n}")).collect();
        let outputs: Vec<(&str, OutputKind)> = names.iter().map(|name| (&**name, OutputKind::Switch)).collect();
        let mut config = house::config(&outputs);
        (config.inputs, config.sensors, config.rooms) = Default::default();
        for (n, output) in config.outputs.iter_mut().enumerate().filter(|_| per_room > 0) {
            if n % per_room == 0 {
                config.rooms.push(crate::model::Room::plain(&format!("room_{}", n / per_room), vec![]));
            }
            output.room = Some(RoomId(n / per_room));
        }
        config
    };
    for (name, config) in [
        ("that of `config.toml`", shipped.unwrap().config),
        ("of ten outputs in each room", house(200, 10)),
        ("the same, larger", house(700, 10)),
        ("without rooms", house(700, 0)),
    ] {
        let all = announcements(&config, &Topics::new("hearthd/cottage"), &board, &Layout::new(), Step::Removed);
        all.values().for_each(|payload| validate(payload));
        let entities: usize =
            layout(&config, &Topics::new("hearthd/cottage"), &board).values().map(BTreeMap::len).sum();
        let sizes = all.values().map(String::len);
        let (sum, largest) = (sizes.clone().sum::<usize>(), sizes.max().unwrap());
        println!("{name}: {entities} components, {} devices, {sum} bytes, the largest {largest}", all.len());
        let kilobytes = |bytes: usize| format!("{} kB", bytes.div_ceil(1000));
        let row = format!("| {name} | {entities} | {} | {} | {} |", all.len(), kilobytes(sum), kilobytes(largest));
        assert!(document.contains(&row), "docs/mqtt.md has no line\n{row}");
    }
}

#[test]
fn a_room_that_is_gone_is_taken_away_or_described_once_more() {
    let mut config = house::config(&[("lamp", OutputKind::Light)]);
    config.rooms.clear();
    let gone: Layout = [(hall(), [("binary_sensor-hall-occupied".into(), "binary_sensor".into())].into())].into();
    for step in [Step::Removed, Step::RemovedAtLast] {
        assert!(!announced(&config, &gone, step).contains_key(&hall()), "an empty payload takes it away");
    }
    for step in [Step::LetGo, Step::Described] {
        let all = announcements(&config, &Topics::new("hearthd/cottage"), &Board::default(), &gone, step);
        let in_hall: Value = serde_json::from_str(&all[&hall()]).unwrap();
        assert_eq!(
            (&in_hall["dev"]["ids"], &in_hall["dev"]["name"]),
            (&json!(["hearthd_cottage.hall"]), &json!("hall"))
        );
        assert_eq!(in_hall["cmps"]["binary_sensor-hall-occupied"]["uniq_id"], "hearthd_cottage_hall.occupied");
    }
}

#[test]
fn a_house_without_points_announces_no_device() {
    let mut config = house::config(&[]);
    (config.inputs, config.sensors, config.rooms) = (vec![], vec![], vec![]);
    assert_eq!(announced(&config, &Layout::new(), Step::Removed), BTreeMap::new());
}

/// What people look at first, of many outputs with all that belongs to each.
#[test]
fn a_house_of_31_outputs_shows_31_things_to_switch() {
    use crate::model::{Line, PwmChannel};
    let mut config = house::config(&[]);
    (config.inputs, config.sensors, config.rooms) = Default::default();
    let kinds = OutputKind::ALL.into_iter().cycle();
    config.outputs = (0..31).zip(kinds).map(|(n, kind)| house::output(&format!("output_{n}"), kind)).collect();
    for output in &mut config.outputs {
        (output.lock, output.power) = (true, Some(60.0));
        if !matches!(output.kind, OutputKind::Siren | OutputKind::Cover) {
            output.line = Some(Line::Pwm(PwmChannel::Pin(18)));
        }
    }
    let announced = announce(&config);
    let components = announced["cmps"].as_object().unwrap();
    let primary = components.values().filter(|component| component.get("ent_cat").is_none());
    assert_eq!((primary.count(), components.len()), (31, 31 * 5 + 12 + OF_THE_HUB.len()));
}

#[test]
fn each_class_that_a_file_may_say_is_one_of_its_platform() {
    use crate::model::Unit;
    let of = |platform: &str| PLATFORMS.iter().find(|(name, ..)| *name == platform).unwrap().3;
    for facts in OutputKind::ALL.map(OutputKind::facts) {
        assert!(facts.classes.iter().all(|class| of(facts.platform).contains(class)), "{}", facts.platform);
    }
    for kind in InputKind::ALL {
        let platform = if kind == InputKind::Button { "event" } else { "binary_sensor" };
        assert!(kind.facts().classes.iter().all(|class| of(platform).contains(class)), "{kind:?}");
    }
    assert!(Unit::ALL.iter().flat_map(|unit| unit.classes()).all(|class| of("sensor").contains(class)));
}

#[test]
fn what_the_file_calls_something_is_what_home_assistant_shows() {
    let mut config = house::config(&[("pump", OutputKind::Switch), ("blind", OutputKind::Cover)]);
    (config.outputs[0].class, config.outputs[1].class) = (Some("outlet"), Some("blind"));
    config.inputs = vec![house::input("garage", InputKind::Contact), house::input("bell", InputKind::Button)];
    (config.inputs[0].class, config.inputs[1].class) = (Some("garage_door"), Some("doorbell"));
    let bme280 = CHIPS.iter().find(|facts| facts.words[0] == "bme280").unwrap().chip;
    config.sensors = vec![Sensor { class: Some("moisture"), ..Sensor::plain("soil", bme280) }];
    let announced = announce(&config);
    for (id, class) in [
        ("switch-pump", Some("outlet")),
        ("cover-blind", Some("blind")),
        ("binary_sensor-garage", Some("garage_door")),
        ("binary_sensor-bell", None),
        ("event-bell-event", Some("doorbell")),
        ("sensor-soil-humidity", Some("moisture")),
        ("sensor-soil-temperature", Some("temperature")),
    ] {
        assert_eq!(announced["cmps"][id].get("dev_cla").and_then(Value::as_str), class, "{id}");
    }
}

#[test]
fn a_valve_with_a_level_and_a_group_of_covers_are_such() {
    use crate::model::{Line, PwmChannel};
    let mut config =
        house::config(&[("radiator", OutputKind::Valve), ("a", OutputKind::Cover), ("b", OutputKind::Cover)]);
    config.outputs[0].line = Some(Line::Pwm(PwmChannel::Pin(18)));
    let group = Method::Group { members: vec![OutputId(1), OutputId(2)], all: false };
    config.outputs.push(Output { method: group, line: None, ..house::output("blinds", OutputKind::Switch) });
    let announced = announce(&config);
    let components = &announced["cmps"];
    let valve = &components["valve-radiator"];
    assert_eq!(
        (&valve["cmd_t"], &valve["reports_position"]),
        (&json!("hearthd/cottage/radiator/level/set"), &json!(true))
    );
    assert_eq!(valve["stat_t"], "hearthd/cottage/radiator/level/state");
    assert!(components.get("number-radiator-level").is_none());
    assert_eq!(components["cover-blinds"]["state_closed"], "OFF");
}

#[test]
fn a_group_of_lights_is_a_light_and_a_mixed_one_a_switch() {
    let mut config = house::config(&[("a", OutputKind::Light), ("b", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let group = |id: &str, members: &[usize]| Output {
        method: Method::Group { members: members.iter().copied().map(OutputId).collect(), all: false },
        line: None,
        ..house::output(id, OutputKind::Switch)
    };
    config.outputs.extend([group("lights", &[0, 1]), group("mixed", &[0, 2])]);
    let components = &components(&config, &Topics::new("hearthd/cottage"), &Board::default())[&Device::hub()];
    assert!(components.contains_key("light-lights") && components.contains_key("switch-mixed"));
    assert!(components["light-lights"].get("dev_cla").is_none());
    let named = &layout(&config, &Topics::new("hearthd/cottage"), &Board::default())[&Device::hub()];
    assert!(components.keys().all(|id| named.contains_key(id)) && named.len() == components.len());
}
