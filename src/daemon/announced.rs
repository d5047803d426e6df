//! What a changed configuration announces otherwise: topics on MQTT, entities in Home Assistant.

use crate::{
    house::Difference,
    model::{Config, MqttSettings, Snapshot},
    mqtt::discovery,
};
use std::collections::BTreeMap;

/// Points that gain or lose topics, as `{state,set,why,fault,availability}`; where all topics begin otherwise, that is said
/// first, once, and not with each point.
pub fn topics(old: &Snapshot, new: &Snapshot) -> Vec<Difference> {
    let place = |mqtt: &MqttSettings| format!("{}/#", mqtt.prefix);
    let (before, after) = (old.config.mqtt.as_ref().map(place), new.config.mqtt.as_ref().map(place));
    let there = before.is_some() && after.is_some();
    let mut told: Vec<Difference> = difference("all topics", before, after).into_iter().collect();
    if there {
        told.extend(differences(&leaves(old), &leaves(new)));
    }
    told
}

/// Entities that appear, disappear or become other than they were. Where the device is another, that is said first, once:
/// all its entities are new then.
pub fn entities(old: &Config, new: &Config) -> Vec<Difference> {
    let place = |config: &Config| {
        let prefix = config.mqtt.as_ref()?.discovery_prefix.as_ref()?;
        Some(discovery::topic(prefix, &config.hub.id))
    };
    let (before, after) = (place(old), place(new));
    let there = before.is_some() && after.is_some();
    let mut told: Vec<Difference> = difference("device", before, after).into_iter().collect();
    if !there {
        return told;
    }
    // Under one and the same id of the hub and beginning of topics, or all would differ.
    let (before, after) = (discovery::entities(old, &new.hub.id), discovery::entities(new, &new.hub.id));
    let mut ids: Vec<&String> = before.keys().chain(after.keys()).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let (was, is) = (before.get(id), after.get(id));
        let differing = |these: Option<&discovery::Entity>, others: Option<&discovery::Entity>| {
            let (these, others) = (these?, others);
            let is_other = |key: &str, value: &String| others.is_none_or(|others| others.facts.get(key) != Some(value));
            // Of one that comes or goes, its name is enough.
            let facts = these.facts.iter().filter(|(key, value)| match others {
                Some(_) => is_other(key, value),
                None => *key == "name",
            });
            let facts: Vec<String> = facts.map(|(key, value)| format!("{key} {value}")).collect();
            Some(if facts.is_empty() { "-".into() } else { facts.join(", ") })
        };
        if was != is {
            let name = was.or(is).map(|entity| entity.id.clone()).unwrap_or_default();
            told.extend(difference(&name, differing(was, is), differing(is, was)));
        }
    }
    told
}

/// The topics of each point, scene and zone, below its own path.
fn leaves(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let config = &snapshot.config;
    let points = snapshot.described().map(|(spec, state)| {
        let set = if spec.commands.is_some() { ",set" } else { "" };
        let why = match (state.why(), spec.is_decided) {
            (None, _) => "",
            (Some(_), false) => ",why",
            (Some(_), true) => ",why,attributes",
        };
        (spec.name.replace('.', "/"), format!("{{state{set}{why},fault,availability}}"))
    });
    let scenes = config.scenes.iter().map(|scene| (format!("scene/{}", scene.id), "{set}".to_owned()));
    let wholes = config.specs().iter().filter_map(|spec| Some((spec.whole.clone()?, "{set}".to_owned())));
    points.chain(scenes).chain(wholes).collect()
}

/// What differs between two maps, in the order of their keys.
pub fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Difference> {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter_map(|key| difference(key, before.get(key).cloned(), after.get(key).cloned())).collect()
}

fn difference(what: &str, before: Option<String>, after: Option<String>) -> Option<Difference> {
    (before != after).then(|| Difference { what: what.to_owned(), before, after })
}
