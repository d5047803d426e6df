//! What a device of zigbee2mqtt is, by what it exposes. One with several relays or lamps (endpoints) tells of each by keys that
//! end with its name.

use super::{Tables, clicks::Key, quoted};
use hearthd::model::Quantity;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What its binary values are.
const INPUTS: [(&str, &str); 4] =
    [("occupancy", "motion"), ("contact", "door"), ("water_leak", "leak"), ("smoke", "smoke")];

/// What is read of it.
const READINGS: [&str; 11] = [
    "temperature",
    "humidity",
    "pressure",
    "illuminance",
    "co2",
    "pm25",
    "power",
    "voltage",
    "current",
    "energy",
    "battery",
];

/// The tables of a device of zigbee2mqtt's list.
pub(super) fn device(tables: &mut Tables, device: &Json) {
    let Some(name) = device["friendly_name"].as_str().filter(|_| device["type"] != "Coordinator") else { return };
    let exposes = device["definition"]["exposes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut properties = BTreeSet::new();
    collect(exposes, &mut properties);
    let mut endpoints: Vec<&str> = Vec::new();
    for endpoint in exposes.iter().filter_map(|expose| expose["endpoint"].as_str()) {
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    let channels = || [None].into_iter().chain(endpoints.iter().copied().map(Some));
    let key = |channel: Option<&str>| {
        let channel = channel.map(|name| format!("channel = {}\n", quoted(name))).unwrap_or_default();
        format!("zigbee2mqtt = {}\n{channel}", quoted(name))
    };
    let called = |channel: Option<&str>| format!("{name} {}", channel.unwrap_or_default());
    let property = |word: &str, channel: Option<&str>| match channel {
        Some(channel) => format!("{word}_{channel}"),
        None => word.to_owned(),
    };
    let has = |word: &str, channel: Option<&str>| properties.contains(&*property(word, channel));
    for channel in channels() {
        let key = key(channel);
        for cover in exposes.iter().filter(|expose| expose["type"] == "cover") {
            let has_own = |word: &str| {
                let own = property(word, channel);
                cover["features"].as_array().into_iter().flatten().any(|one| one["property"] == *own)
            };
            if has_own("state") {
                let levels = if has_own("position") { "" } else { "levels = false\n" };
                tables.add("outputs", name, &format!("kind = \"cover\"\n{key}{levels}"));
            }
        }
        if has("state", channel) {
            let is_light = has("brightness", channel);
            let (kind, levels) = if is_light { ("light", "levels = true\n") } else { ("switch", "") };
            tables.add("outputs", name, &format!("kind = \"{kind}\"\n{key}{levels}"));
        }
    }
    for channel in channels() {
        for (_, kind) in INPUTS.into_iter().filter(|(property, _)| has(property, channel)) {
            tables.add("inputs", &called(channel), &format!("kind = \"{kind}\"\n{}", key(channel)));
        }
    }
    buttons(tables, name, exposes);
    for channel in channels() {
        let known = READINGS.into_iter().filter(|word| has(word, channel) && Quantity::find(word).is_some());
        // That of a battery is told in millivolts.
        let read = known.filter(|word| *word != "voltage" || !has("battery", None));
        let read: Vec<String> = read.map(quoted).collect();
        if !read.is_empty() {
            tables.add("sensors", name, &format!("{}quantities = [{}]\n", key(channel), read.join(", ")));
        }
    }
}

/// Of each of its keys a table: what they do is told in one place.
fn buttons(tables: &mut Tables, name: &str, exposes: &[Json]) {
    if !exposes.iter().any(|expose| expose["property"] == "action") {
        return;
    }
    tables.zigbee.insert(name.to_owned());
    let device = format!("kind = \"button\"\nzigbee2mqtt = {}\n", quoted(name));
    let mut said = actions(exposes).peekable();
    if said.peek().is_none() {
        return tables.add("inputs", name, &device);
    }
    let keys = Key::all(said);
    for key in &keys {
        let key_name = if keys.len() > 1 { &*key.name } else { "" };
        tables.add("inputs", &format!("{name} {key_name}"), &format!("{device}{}", key.line()));
    }
}

/// The names of all properties in what a device exposes.
fn collect<'j>(exposes: &'j [Json], properties: &mut BTreeSet<&'j str>) {
    for expose in exposes {
        // They have a `state` too, and are no switches.
        if matches!(expose["type"].as_str(), Some("cover" | "lock" | "climate")) {
            continue;
        }
        properties.extend(expose["property"].as_str());
        collect(expose["features"].as_array().map(Vec::as_slice).unwrap_or_default(), properties);
    }
}

/// All action values that a device of zigbee2mqtt may tell.
fn actions(exposes: &[Json]) -> impl Iterator<Item = &str> {
    let action = |expose: &&Json| expose["name"] == "action" || expose["property"] == "action";
    exposes
        .iter()
        .filter(action)
        .flat_map(|expose| expose["values"].as_array().into_iter().flatten())
        .filter_map(Json::as_str)
}
