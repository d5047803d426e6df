//! Other hubs of hearthd, by what they announce to Home Assistant, as tables of `[hubs]`.

use super::{Tables, home_assistant::KINDS, quoted};
use hearthd::model::{OutputKind, Quantity};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What a hub has that another may use, in the order of their ids.
#[derive(Default)]
pub(super) struct Hub {
    inputs: BTreeMap<String, &'static str>,
    sensors: BTreeMap<String, Vec<String>>,
    /// With what stands behind their names.
    outputs: BTreeMap<String, String>,
    /// Where its topics are.
    prefix: String,
}

/// What stands behind the name of an output.
fn kind(kind: &str, levels: bool) -> String {
    if levels { format!("{{ kind = \"{kind}\", levels = true }}") } else { quoted(kind) }
}

/// The id of a hub that announces itself here; None: what announces is no hub.
pub(super) fn id(topic: &[&str]) -> Option<String> {
    topic.iter().find_map(|part| part.strip_prefix("hearthd_")).map(str::to_owned)
}

impl Hub {
    pub(super) fn of(prefix: &str) -> Hub {
        Hub { prefix: prefix.to_owned(), ..Hub::default() }
    }

    /// One of its entities, with all keys in full.
    pub(super) fn learn(&mut self, platform: &str, told: &Map<String, Json>) {
        let text = |key: &str| told.get(key).and_then(Json::as_str);
        let point = text("state_topic")
            .and_then(|topic| topic.strip_prefix(&*self.prefix)?.strip_prefix('/')?.strip_suffix("/state"));
        // What the hub tells of itself, and all that belongs to another point, is for people.
        let Some(point) = point.filter(|point| !point.starts_with("hub/") && !told.contains_key("entity_category"))
        else {
            return;
        };
        let class = text("device_class").unwrap_or_default();
        let words: Vec<&str> = point.split('/').collect();
        // Anybody may have announced it: what is no name of a point is not to be pasted.
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !words.iter().all(|word| !word.is_empty() && word.bytes().all(is_letter)) {
            return;
        }
        match (platform, words.as_slice()) {
            ("binary_sensor", _) => {
                let kind = KINDS.iter().find(|(theirs, _)| *theirs == class).map_or("contact", |(_, kind)| *kind);
                self.inputs.insert(words.join("."), kind);
            }
            ("event", [button, "event"]) => drop(self.inputs.insert((*button).to_owned(), "button")),
            ("sensor", [sensor, quantity]) if Quantity::find(quantity).is_some() => {
                self.sensors.entry((*sensor).to_owned()).or_default().push((*quantity).to_owned());
            }
            ("light" | "switch" | "fan" | "siren", [output]) => {
                let levels = ["brightness_command_topic", "percentage_command_topic"];
                let levels = levels.iter().any(|key| told.contains_key(*key));
                self.outputs.insert((*output).to_owned(), kind(platform, levels));
            }
            ("valve", [output] | [output, "level"]) => {
                self.outputs.insert((*output).to_owned(), kind(platform, words.len() > 1));
            }
            ("cover", [output]) => {
                // A cover takes positions where nothing else is said.
                let levels = if told.contains_key("set_position_topic") { "" } else { ", levels = false" };
                let class = OutputKind::Cover.facts().classes.iter().find(|known| **known == class);
                let class = class.map_or_else(String::new, |class| format!(", class = \"{class}\""));
                let kind = match levels.is_empty() && class.is_empty() {
                    true => quoted(platform),
                    false => format!("{{ kind = \"{platform}\"{class}{levels} }}"),
                };
                self.outputs.insert((*output).to_owned(), kind);
            }
            _ => {}
        }
    }

    /// Its table.
    pub(super) fn add(&self, id: &str, tables: &mut Tables) {
        let list = |key: &str, all: Vec<String>| {
            if all.is_empty() { String::new() } else { format!("{key} = {{ {} }}\n", all.join(", ")) }
        };
        let name = |name: &String| if name.contains('.') { quoted(name) } else { name.clone() };
        let inputs = self.inputs.iter().map(|(id, kind)| format!("{} = \"{kind}\"", name(id))).collect();
        let sensors = self.sensors.iter().map(|(id, read)| {
            let read: Vec<String> = read.iter().map(|word| quoted(word)).collect();
            format!("{id} = [{}]", read.join(", "))
        });
        let outputs = self.outputs.iter().map(|(id, kind)| format!("{id} = {kind}"));
        let keys =
            [list("inputs", inputs), list("sensors", sensors.collect()), list("outputs", outputs.collect())].concat();
        // Its table may be called otherwise than it is.
        let which = match self.prefix == format!("hearthd/{id}") {
            true => format!("id = {}\n", quoted(id)),
            false => format!("prefix = {}\n", quoted(&self.prefix)),
        };
        if !keys.is_empty() {
            tables.add("hubs", id, &format!("{which}{keys}"));
        }
    }
}
