//! What Home Assistant is told, so that every point shows up there by itself: a device for the hub and one for each room,
//! one component for each point.
//!
//! One payload describes a whole device (device-based discovery), or a part of a large one. Home Assistant refuses all of
//! it for one unknown key at its root, and silently drops unknown keys of components; the tests hold both against its list.
//! Abbreviated keys are used where they are old; keys from after 2024 are written in full, because an older Home Assistant
//! drops a short form that it does not know.

mod component;
mod device;
mod earlier;
mod entity;
mod farewell;
mod hub;
mod parts;

pub use device::{Board, Device};
pub(super) use earlier::{COMPONENTS_MAX, TOPICS_MAX};
pub use earlier::{Earlier, read};
pub use entity::{Entity, entities};
pub use farewell::Step;

use super::topics::Topics;
use crate::model::Config;
use component::{About, components};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where the hub is announced, retained. Its rooms are below that: see [`Device::topic`].
pub fn topic(discovery_prefix: &str, hub: &str) -> String {
    Device::hub().topic(discovery_prefix, hub)
}

/// Said in place of an announcement, it has Home Assistant let go of all entities of the device and remember them, so that
/// another device can take them over, with their history.
pub(super) const LET_GO: &str = r#"{"migrate_discovery":true}"#;

/// The ids of components, with the platform of each.
pub type Platforms = BTreeMap<String, String>;

/// Which components are announced with which device, or which part of one.
pub type Layout = BTreeMap<Device, Platforms>;

/// The announcements of a whole hub, as its settings want them. Components in `gone` are named by their platform alone, which removes them, or as the
/// step wants it. A device that has nothing is not among them.
pub fn announcements(
    config: &Config,
    topics: &Topics,
    board: &Board,
    gone: &Layout,
    step: Step,
) -> BTreeMap<Device, String> {
    let mut all = places(config, topics, board);
    for (device, gone) in gone {
        // A device that has nothing else is taken away, and all that it had with it.
        if !all.contains_key(device) && step.is_removal() {
            continue;
        }
        let components = all.entry(device.clone()).or_default();
        for (id, component) in farewell::components(gone, step, &config.hub.id, topics) {
            components.entry(id).or_insert(component);
        }
    }
    all.retain(|_, components| !components.is_empty());
    let payload = |device: &Device, components: Map<String, Value>| {
        if let Some(id) = device.component() {
            return single(config, topics, board, components[id].clone());
        }
        let mut root = root(device, config, topics, board);
        root["cmps"] = components.into();
        root.to_string()
    };
    all.into_iter().map(|(device, components)| (device.clone(), payload(&device, components))).collect()
}

/// What is said of a device beside its components.
fn root(device: &Device, config: &Config, topics: &Topics, board: &Board) -> Value {
    json!({
        "dev": device.described(config, board),
        "o": origin(),
        // As a list: Home Assistant copies it to the components that have none, and refuses a component that ends up
        // with both this key and `availability_topic`.
        "avty": [{ "t": topics.availability() }],
        "qos": 1,
        "cmps": {},
    })
}

/// Who announces.
fn origin() -> Value {
    let mut origin = json!({ "name": "hearthd", "sw": env!("CARGO_PKG_VERSION") });
    match env!("CARGO_PKG_REPOSITORY") {
        "" => {}
        url => origin["url"] = url.into(),
    }
    origin
}

/// The components by the announcement that tells of them; a single entity says itself with which device it is.
fn places(config: &Config, topics: &Topics, board: &Board) -> BTreeMap<Device, Map<String, Value>> {
    let all = components(config, topics, board);
    if !config.mqtt.as_ref().is_some_and(|mqtt| mqtt.discovery_single) {
        let parts = |(device, components)| {
            let beside = root(&device, config, topics, board).to_string().len();
            parts::of(device, components, beside)
        };
        return all.into_iter().flat_map(parts).collect();
    }
    let of_device = |(device, components): (Device, Map<String, Value>)| {
        let dev = device.described(config, board);
        components.into_iter().map(move |(id, mut described)| {
            described["dev"] = dev.clone();
            (Device::single(&id), Map::from_iter([(id, described)]))
        })
    };
    all.into_iter().flat_map(of_device).collect()
}

/// The announcement of a single entity.
fn single(config: &Config, topics: &Topics, board: &Board, mut described: Value) -> String {
    if let Some(described) = described.as_object_mut() {
        // What is gone is with the hub, until it is forgotten.
        described.entry("dev").or_insert_with(|| Device::hub().described(config, board));
        let platform = described.remove("p");
        if platform.is_some_and(|platform| platform != component::AUTOMATION) {
            described.entry("avty").or_insert_with(|| json!([{ "t": topics.availability() }]));
        }
        described.extend([("o".to_owned(), origin()), ("qos".to_owned(), 1.into())]);
    }
    described.to_string()
}

/// The components of a configuration with these topics, on such a computer.
pub fn layout(config: &Config, topics: &Topics, board: &Board) -> Layout {
    let platform = |described: Value| described["p"].as_str().unwrap_or_default().to_owned();
    let platforms = |components: Map<String, Value>| -> Platforms {
        components.into_iter().map(|(id, described)| (id, platform(described))).collect()
    };
    let all = places(config, topics, board);
    all.into_iter().map(|(device, components)| (device, platforms(components))).collect()
}

#[cfg(test)]
mod tests;
