//! A house as a device of Homie: nodes for what it has, properties for its points.

use super::form::Form;
use crate::model::{Config, Kind, PointSpec};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The beginning of all topics; the convention fixes the version in it.
pub(in crate::mqtt) const ROOT: &str = "homie/5";
/// The version of the convention, as descriptions say it.
const VERSION: &str = "5.0";
/// The property of a point whose name is one word.
const STATE: &str = "state";

/// The device of a hub, with the topics of everything.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Device {
    base: String,
    /// The document that describes it.
    pub(super) description: String,
    pub(super) properties: Vec<Property>,
    by_topic: BTreeMap<String, usize>,
}

/// A property of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    /// Where its value is told.
    pub(super) topic: String,
    /// The dotted name of what it is, or commands.
    pub(super) point: String,
    /// Where that stands in the configuration's list; None: there is nothing that it shows.
    pub(super) place: Option<usize>,
    pub(super) form: Form,
    /// The last part of the topic of its alert; None: another property tells.
    pub(super) alert: Option<String>,
    pub(super) title: String,
    pub(super) settable: bool,
    /// Whether it has a state. What has none happens, or is only commanded.
    pub(super) retained: bool,
}

/// The id of a word of ours: the convention knows no underscores, and until version 5 no hyphens at either end, to which
/// controllers hold devices still.
fn id(word: &str) -> String {
    let id = word.replace('_', "-");
    // With a hyphen of its own: `lamp_` is not to be `lamp_x`. An id of a hub may begin so.
    let before = if id.starts_with('-') { "x-" } else { "" };
    let after = if id.ends_with('-') { "-x" } else { "" };
    format!("{before}{id}{after}")
}

/// The topic of a hub's device.
pub fn base(hub: &str) -> String {
    format!("{ROOT}/{}", id(hub))
}

/// Where the state of a hub's device is told; also the last will.
pub(super) fn state_topic(hub: &str) -> String {
    format!("{}/$state", base(hub))
}

impl Device {
    pub(super) fn of(config: &Config) -> Device {
        let base = base(&config.hub.id);
        let mut nodes = Nodes::of(base.clone());
        // Another hub tells of its points itself.
        for (place, spec) in config.specs().iter().enumerate() {
            if config.is_of_another_hub(spec.owner) {
                continue;
            }
            nodes.add_point(config, place, spec);
        }
        for scene in &config.scenes {
            let node = Named { word: "scene".into(), title: "Scenes".into() };
            let form = Form::Enum(vec!["ON".into()]);
            let scene_point = format!("scene.{}", scene.id);
            nodes.add(node, id(&scene.id), "", Property::commanded(scene_point, scene.name.clone(), form));
        }
        let described: Map<String, Json> =
            nodes.described.into_iter().map(|(id, (name, properties))| (id, node(&name, properties))).collect();
        let mut document = json!({ "homie": VERSION, "name": config.hub.name, "nodes": described });
        // The same house has the same version after a restart.
        document["version"] = json!(crc32fast::hash(document.to_string().as_bytes()));
        let by_topic = nodes.properties.iter().enumerate();
        let by_topic = by_topic.map(|(place, property)| (property.topic.clone(), place)).collect();
        Device { base, description: document.to_string(), properties: nodes.properties, by_topic }
    }

    pub(super) fn state_topic(&self) -> String {
        format!("{}/$state", self.base)
    }

    pub(super) fn description_topic(&self) -> String {
        format!("{}/$description", self.base)
    }

    /// Where it is told that something is wrong, under an id.
    pub(super) fn alert_topic(&self, id: &str) -> String {
        format!("{}/$alert/{id}", self.base)
    }

    pub(super) fn log_topic(&self) -> String {
        format!("{}/$log/warn", self.base)
    }

    /// What matches every command.
    pub(super) fn command_filter(&self) -> String {
        format!("{}/+/+/set", self.base)
    }

    /// Whether a topic is one of this device.
    pub(super) fn has_topic(&self, topic: &str) -> bool {
        topic.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/'))
    }

    /// What the broker keeps of it, but alerts.
    pub(super) fn kept_topics(&self) -> impl Iterator<Item = String> {
        let values = self.properties.iter().filter(|property| property.retained).map(|property| property.topic.clone());
        [self.state_topic(), self.description_topic()].into_iter().chain(values)
    }

    /// The property that a `set` topic commands.
    pub(super) fn commanded(&self, topic: &str) -> Option<usize> {
        self.by_topic.get(topic.strip_suffix("/set")?).copied().filter(|place| self.properties[*place].settable)
    }

    /// The property on which it is told what happens at a point.
    pub(super) fn event(&self, point: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.point == point && !property.retained && !property.settable)
    }
}

struct Named {
    /// What its id is made of.
    word: String,
    title: String,
}

/// What is described so far.
struct Nodes {
    base: String,
    /// By word.
    ids: BTreeMap<String, String>,
    alerts: BTreeSet<String>,
    /// By id: the name, and descriptions of properties.
    described: BTreeMap<String, (String, Map<String, Json>)>,
    properties: Vec<Property>,
}

impl Property {
    /// One that is only commanded.
    fn commanded(point: String, title: String, form: Form) -> Property {
        let topic = String::new();
        Property { topic, point, place: None, form, alert: None, title, settable: true, retained: false }
    }
}

/// An id that is not taken: `lamp_` and `lamp__x` would have the same.
fn free(wanted: String, is_taken: impl Fn(&str) -> bool) -> String {
    let (mut id, mut number) = (wanted.clone(), 1);
    while is_taken(&id) {
        number += 1;
        id = format!("{wanted}-{number}");
    }
    id
}

impl Nodes {
    fn of(base: String) -> Nodes {
        let (ids, alerts) = Default::default();
        Nodes { base, ids, alerts, described: BTreeMap::new(), properties: Vec::new() }
    }

    fn add_point(&mut self, config: &Config, place: usize, spec: &PointSpec) {
        let (node, property) = spec.name.split_once('.').unwrap_or((&spec.name, STATE));
        let named = || Named { word: node.to_owned(), title: config.owner_name(spec.owner).to_owned() };
        let property = id(property);
        let is_event = matches!(spec.kind, Kind::Event(_));
        let words = spec.commands.as_ref().map(|commands| &commands.words[..]).unwrap_or_default();
        let mut other_words: Vec<String> = words.to_vec();
        if let Some((form, unit)) = Form::of(spec) {
            let settable = spec.commands.is_some()
                && match &form {
                    // A state such as `opening` cannot be commanded.
                    Form::Enum(states) => states.iter().all(|state| words.contains(state)),
                    Form::Boolean(_) | Form::Integer(_) | Form::Float(_) => true,
                };
            match &form {
                Form::Enum(states) if settable => other_words.retain(|word| !states.contains(word)),
                Form::Boolean(_) => other_words.retain(|word| !matches!(&**word, "on" | "off")),
                Form::Enum(_) | Form::Integer(_) | Form::Float(_) => {}
            }
            let alert = (!spec.is_part() && !is_event).then(String::new);
            let told = Property {
                topic: String::new(),
                point: spec.name.clone(),
                place: Some(place),
                form,
                alert,
                title: spec.title.clone(),
                settable,
                retained: !is_event,
            };
            self.add(named(), property.clone(), unit, told);
        }
        // What is no state, such as giving a light back to the rules.
        if let Some(form) = Form::Enum(other_words).named() {
            let title = format!("{} command", spec.title);
            let command = Property::commanded(spec.name.clone(), title, form);
            self.add(named(), format!("{property}-command"), "", command);
        }
        if let Some(whole) = &spec.whole {
            let (node, form) = (named(), Form::Enum(vec!["auto".into()]));
            let command = Property::commanded(whole.clone(), format!("{} command", node.title), form);
            self.add(node, "command".into(), "", command);
        }
    }

    /// A property with an id such as this, the next that is free.
    fn add(&mut self, node: Named, wanted: String, unit: &str, mut property: Property) {
        let Property { form, title, settable, retained, .. } = &property;
        let mut described = json!({ "name": title, "datatype": form.datatype() });
        let more = [
            ("format", form.format().map(Json::from)),
            ("unit", (!unit.is_empty()).then(|| unit.into())),
            ("settable", settable.then(|| true.into())),
            ("retained", (!retained).then(|| false.into())),
        ];
        more.into_iter().filter_map(|(key, value)| Some((key, value?))).for_each(|(key, value)| described[key] = value);
        let new = || free(id(&node.word), |id| self.described.contains_key(id));
        let of_node = self.ids.entry(node.word.clone()).or_insert_with(new);
        let (_, properties) = self.described.entry(of_node.clone()).or_insert((node.title, Map::new()));
        let id = free(wanted, |id| properties.contains_key(id));
        property.topic = format!("{}/{of_node}/{id}", self.base);
        if let Some(alert) = &mut property.alert {
            *alert = free(format!("{of_node}--{id}"), |id| self.alerts.contains(id));
            self.alerts.insert(alert.clone());
        }
        properties.insert(id, described);
        self.properties.push(property);
    }
}

fn node(name: &str, properties: Map<String, Json>) -> Json {
    json!({ "name": name, "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn no_id_begins_or_ends_with_a_hyphen() {
        for (word, expected) in [
            ("hall_light", "hall-light"),
            ("lamp_", "lamp--x"),
            ("_lamp", "x--lamp"),
            ("_", "x---x"),
            ("lamp_x", "lamp-x"),
        ] {
            assert_eq!(id(word), expected);
        }
    }
}
