//! One entity apart from the others, to be compared with what it was.

use super::{Board, Device, Topics, components};
use crate::model::Config;
use serde_json::Value;
use std::collections::BTreeMap;

/// An entity as Home Assistant is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// What Home Assistant calls it first: `light.cottage_hall_light`.
    pub id: String,
    /// All else that is said of it, by key; keys that people meet are written in full.
    pub facts: BTreeMap<String, String>,
}

/// The entities of a house by component, as if its hub had the id `hub`, and with topics that begin nowhere: so entities
/// of two houses differ only by what is said of them.
pub fn entities(config: &Config, hub: &str) -> BTreeMap<String, Entity> {
    let mut config = config.clone();
    config.hub.id = hub.into();
    let mut entities = BTreeMap::new();
    for (device, components) in components(&config, &Topics::new(""), &Board::default()) {
        // What starts automations is none.
        let described = components.into_iter().filter(|(_, described)| described.get("uniq_id").is_some());
        entities.extend(described.map(|(id, described)| (id, entity(&device, &described))));
    }
    entities
}

fn entity(device: &Device, described: &Value) -> Entity {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut facts: BTreeMap<String, String> =
        described.as_object().into_iter().flatten().map(|(key, value)| (in_full(key), plain(value))).collect();
    facts.extend(device.room().map(|room| ("room".into(), room.into())));
    Entity { id: facts.remove("default_entity_id").unwrap_or_default(), facts }
}

fn in_full(key: &str) -> String {
    match key {
        "dev_cla" => "device_class",
        "ic" => "icon",
        "ops" => "options",
        "pr_modes" => "preset_modes",
        "spd_rng_max" => "speeds",
        "stat_cla" => "state_class",
        "unit_of_meas" => "unit",
        key => key,
    }
    .into()
}
