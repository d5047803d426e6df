//! The names of sensors, outputs and inputs in a zone: one, or a list.

use crate::{
    config::{
        diagnostic::Problems,
        nearest,
        shape::{Shape, Wrong, shorten},
        suggestions,
    },
    model::{Config, InputId, Method, OutputId, Point, Quantity, SensorId},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// A name and where it stands.
pub(super) struct Name {
    pub text: String,
    pub place: Range<usize>,
}

/// One name, or a list of them: what they are names of, and an example.
pub(super) struct OneOrMore(pub &'static str, pub &'static str);

impl Shape for OneOrMore {
    /// Each with its place, if it stands in a list.
    type Value = Vec<(String, Option<Range<usize>>)>;

    fn noun(&self) -> String {
        format!("the name of an {}, or a list of them", self.0).replace("an reading", "a reading")
    }

    fn example(&self) -> String {
        format!("a name such as {}, or several in square brackets", self.1)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        if let Some(name) = value.as_str() {
            return Ok(Some(vec![(name.to_owned(), None)]));
        }
        let Some(items) = value.as_array() else { return Ok(None) };
        if items.is_empty() {
            return Err(Wrong::new("an empty list", format!("write {}", self.example())));
        }
        let names: Option<Vec<_>> =
            items.iter().map(|item| Some((item.get_ref().as_str()?.to_owned(), Some(item.span())))).collect();
        match names {
            Some(names) => Ok(Some(names)),
            None => {
                Err(Wrong::new(format!("{}s are listed by their names", self.0), format!("write {}", self.example())))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true },
        ] })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(name, _)| json!(name)).collect()
    }
}

/// Finds each name once.
fn find<T: PartialEq>(
    names: &[Name],
    problems: &Problems,
    find: impl Fn(&str) -> Result<T, (String, String)>,
) -> Vec<T> {
    let mut found = Vec::new();
    for Name { text, place } in names {
        if problems.are_enough() {
            break;
        }
        match find(text) {
            Ok(one) if found.contains(&one) => {
                problems.error(place.clone(), format!("`{}` is listed twice", shorten(text)), "remove one of them");
            }
            Ok(one) => found.push(one),
            Err((message, advice)) => problems.error(place.clone(), message, advice),
        }
    }
    found
}

pub(super) fn outputs(names: &[Name], config: &Config, problems: &Problems) -> Vec<OutputId> {
    find(names, problems, |name| {
        let known = config.visible_outputs().map(|output| &*config[output].id);
        let output = config.find_output(name).ok_or_else(|| suggestions::not_found("output", name, known, config))?;
        match config[output].method {
            // Its members are asked for; which of them a message would speak of is not clear.
            Method::Group { .. } => Err((format!("`{name}` is a group"), "name its members".to_owned())),
            Method::Door(_) => {
                Err((format!("`{name}` is a door with one button"), "name what warms or cools".to_owned()))
            }
            _ => Ok(output),
        }
    })
}

pub(super) fn inputs(names: &[Name], config: &Config, problems: &Problems) -> Vec<InputId> {
    find(names, problems, |name| suggestions::binary_input(name, config))
}

/// Sensors by the names of their temperatures.
pub(super) fn readings(names: &[Name], config: &Config, problems: &Problems) -> Vec<SensorId> {
    find(names, problems, |name| match config.find_point(name) {
        Some(Point::Reading(sensor, Quantity::Temperature)) => Ok(sensor),
        Some(Point::Reading(..)) => {
            Err((format!("`{}` is not a temperature", shorten(name)), "name a temperature".into()))
        }
        _ => {
            let temperatures: Vec<String> = config
                .points()
                .filter(|point| matches!(point, Point::Reading(_, Quantity::Temperature)))
                .map(|point| config.point_name(point))
                .collect();
            let known: Vec<&str> = temperatures.iter().map(String::as_str).collect();
            let whole = format!("{name}.temperature");
            let advice = match nearest::name(name, known.iter().copied()) {
                _ if known.contains(&whole.as_str()) => format!("write \"{whole}\""),
                Some(near) => format!("did you mean \"{near}\"?"),
                None if known.is_empty() => "add a sensor first: [sensors.some_name]".into(),
                None => format!("write one of {}", suggestions::list(&known)),
            };
            Err((format!("unknown temperature `{}`", shorten(name)), advice))
        }
    })
}
