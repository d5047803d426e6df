//! What the Homie convention 5.0 asks of devices, as a list of what is wrong with the messages that a broker keeps.

use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A property as its description has it.
pub struct Property {
    datatype: String,
    format: Option<String>,
    pub retained: bool,
}

impl Property {
    /// Whether a payload is one of this property.
    pub fn takes(&self, payload: &str) -> bool {
        let within = |number: f64| {
            let mut parts = self.format.as_deref().unwrap_or(":").split(':');
            let mut bound = || parts.next().filter(|part| !part.is_empty()).map(|part| part.parse::<f64>().unwrap());
            let (min, max, step) = (bound(), bound(), bound());
            let on_step = |step: f64| {
                let steps = (number - min.or(max).unwrap_or(0.0)) / step;
                (steps - steps.round()).abs() < 1e-9
            };
            min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max) && step.is_none_or(on_step)
        };
        match &*self.datatype {
            "boolean" => matches!(payload, "true" | "false"),
            "integer" => is_integer(payload) && within(payload.parse().unwrap()),
            "float" => is_float(payload) && within(payload.parse().unwrap()),
            "enum" => self.format.as_ref().unwrap().split(',').any(|word| word == payload),
            "string" => true,
            other => panic!("the checker does not know payloads of {other}"),
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok()
}

fn is_float(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'e' | b'E' | b'.');
    text.bytes().all(allowed) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_id(text: &str) -> bool {
    // Version 4 says that of the ends, and controllers still do.
    !text.is_empty()
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

const DEVICE: [(&str, Is); 9] = [
    ("homie", Is::Text),
    ("version", Is::Integer),
    ("nodes", Is::Object),
    ("name", Is::Text),
    ("type", Is::Text),
    ("children", Is::Texts),
    ("root", Is::Text),
    ("parent", Is::Text),
    ("extensions", Is::Texts),
];
const NODE: [(&str, Is); 3] = [("name", Is::Text), ("type", Is::Text), ("properties", Is::Object)];
const PROPERTY: [(&str, Is); 6] = [
    ("name", Is::Text),
    ("datatype", Is::Text),
    ("format", Is::Text),
    ("settable", Is::Flag),
    ("retained", Is::Flag),
    ("unit", Is::Text),
];

#[derive(Clone, Copy)]
enum Is {
    Text,
    Integer,
    Flag,
    Object,
    Texts,
}

/// Only known fields, each of its type: all of them are "not nullable".
fn fields(what: &str, object: &Json, known: &[(&str, Is)], wrong: &mut Vec<String>) -> Map<String, Json> {
    let Some(object) = object.as_object() else {
        wrong.push(format!("{what} is no object"));
        return Map::new();
    };
    for (key, value) in object {
        let right = known.iter().find(|(name, _)| name == key).is_some_and(|(_, is)| match is {
            Is::Text => value.is_string(),
            Is::Integer => value.is_i64() || value.is_u64(),
            Is::Flag => value.is_boolean(),
            Is::Object => value.is_object(),
            Is::Texts => value.as_array().is_some_and(|items| items.iter().all(Json::is_string)),
        });
        if !right {
            wrong.push(format!("{what}: {key}: {value}"));
        }
    }
    object.clone()
}

/// The properties that a description describes, by `node/property`.
pub fn description(text: &str, wrong: &mut Vec<String>) -> BTreeMap<String, Property> {
    let document = serde_json::from_str(text).unwrap_or(Json::Null);
    let device = fields("device", &document, &DEVICE, wrong);
    let version = device.get("homie").and_then(Json::as_str).unwrap_or_default();
    if !version.strip_prefix("5.").is_some_and(is_integer) || !device.contains_key("version") {
        wrong.push(format!("version {version} of the convention, or none of the document"));
    }
    if device.contains_key("root") || device.contains_key("parent") {
        wrong.push("a root device names no root and no parent".into());
    }
    let mut properties = BTreeMap::new();
    let nodes = device.get("nodes").and_then(Json::as_object).cloned().unwrap_or_default();
    for (node_id, node) in &nodes {
        let node = fields(node_id, node, &NODE, wrong);
        for (id, property) in node.get("properties").and_then(Json::as_object).cloned().unwrap_or_default() {
            let what = format!("{node_id}/{id}");
            if !is_id(node_id) || !is_id(&id) {
                wrong.push(format!("{what}: an id has a to z, 0 to 9 and -"));
            }
            let property = fields(&what, &property, &PROPERTY, wrong);
            let text = |key: &str| property.get(key).and_then(Json::as_str).map(str::to_owned);
            let flag = |key: &str, default| property.get(key).and_then(Json::as_bool).unwrap_or(default);
            let (datatype, format) = (text("datatype").unwrap_or_default(), text("format"));
            if !is_format(&datatype, format.as_deref()) {
                wrong.push(format!("{what}: {datatype} with the format {format:?}"));
            }
            properties.insert(what, Property { datatype, format, retained: flag("retained", true) });
        }
    }
    properties
}

fn is_format(datatype: &str, format: Option<&str>) -> bool {
    let numbers = |is_number: fn(&str) -> bool| {
        let parts: Vec<&str> = format.unwrap_or(":").split(':').collect();
        let is_bound = |part: &&str| part.is_empty() || is_number(part);
        let is_step = |step: &&str| is_number(step) && step.parse::<f64>().is_ok_and(|step| step > 0.0);
        (2..=3).contains(&parts.len()) && parts[..2].iter().all(is_bound) && parts.get(2).is_none_or(is_step)
    };
    let words = || format.map(|format| format.split(',').collect::<Vec<_>>()).unwrap_or_default();
    match datatype {
        "boolean" => format.is_none() || words().len() == 2 && words().iter().all(|word| !word.is_empty()),
        "integer" => numbers(is_integer),
        "float" => numbers(is_float),
        "enum" => {
            let mut words = words();
            let count = words.len();
            words.sort_unstable();
            words.dedup();
            count > 0 && words.len() == count && !words.contains(&"")
        }
        "string" | "datetime" | "duration" | "json" => true,
        "color" => !words().is_empty() && words().iter().all(|way| matches!(*way, "rgb" | "hsv" | "xyz")),
        _ => false,
    }
}

/// What is wrong with a device, by all that the broker keeps below `homie/5/`.
pub fn wrong_with(device: &str, kept: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let topic = |leaf: &str| format!("homie/5/{device}/{leaf}");
    let state = kept.get(&topic("$state")).map(String::as_str).unwrap_or_default();
    if !is_id(device) || !["init", "ready", "disconnected", "sleeping", "lost"].contains(&state) {
        wrong.push(format!("{device} is {state:?}"));
    }
    let text = kept.get(&topic("$description")).map(String::as_str).unwrap_or_default();
    let properties = description(text, &mut wrong);
    for (topic, payload) in kept {
        let levels: Vec<&str> = topic.split('/').collect();
        match levels[..] {
            ["homie", "5", of, "$state" | "$description"] if of == device => {}
            ["homie", "5", of, "$alert", id] if of == device && is_id(id) => {}
            ["homie", "5", of, node, id] if of == device => match properties.get(&format!("{node}/{id}")) {
                Some(property) if !property.retained => wrong.push(format!("{topic} is kept, and must not be")),
                Some(property) if !property.takes(payload) => wrong.push(format!("{topic} is {payload:?}")),
                Some(_) => {}
                None => wrong.push(format!("{topic} is not described")),
            },
            _ => wrong.push(format!("{topic} is none of the convention")),
        }
    }
    wrong
}
