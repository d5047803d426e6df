//! What to say about names that are not found.

use super::{nearest, shape::shorten};
use crate::model::{Config, InputId, OutputId};

/// What is wrong with `name` where the name of a `kind` is wanted, of which `known` exist, and what to write.
pub(super) fn not_found<'n>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
    config: &Config,
) -> (String, String) {
    let known: Vec<&str> = known.collect();
    let message = match kind_of(name, config) {
        Some(other) => {
            let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("`{name}` is {other}, not {article} {kind}")
        }
        None => format!("unknown {kind} `{}`", shorten(name)),
    };
    let advice = match nearest::name(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("add [{kind}s.{}]", if name.is_empty() { "some_name" } else { name }),
        None => format!("write one of {}, or add [{kind}s.{}]", list(&known), shorten(name)),
    };
    (message, advice)
}

/// The output of this name that people see, or what is wrong with the name and what to write.
pub(super) fn output(name: &str, config: &Config) -> Result<OutputId, (String, String)> {
    config.find_output(name).filter(|id| config.is_visible(*id)).ok_or_else(|| {
        let known = config.visible_outputs().map(|id| &*config[id].id);
        not_found("output", name, known, config)
    })
}

/// The input of this name that is on or off; or what is wrong with it and what to write.
pub(super) fn binary_input(name: &str, config: &Config) -> Result<InputId, (String, String)> {
    let known = config.inputs.iter().filter(|input| !input.counts()).map(|input| &*input.id);
    match config.find_input(name) {
        Some(input) if config[input].counts() => {
            Err((format!("`{name}` is a counter, which is neither on nor off"), "name another input".into()))
        }
        Some(input) => Ok(input),
        None => Err(not_found("input", name, known, config)),
    }
}

/// What the entity of this name is, with its article.
pub(super) fn kind_of(name: &str, config: &Config) -> Option<&'static str> {
    if let Some(output) = config.find_output(name) {
        Some(if config.is_visible(output) { "an output" } else { "a part of an output" })
    } else if config.find_counter(name).is_some() {
        Some("a counter")
    } else if config.find_input(name).is_some() {
        Some("an input")
    } else if config.find_sensor(name).is_some() {
        Some("a sensor")
    } else if config.rooms.iter().any(|room| &*room.id == name) {
        Some("a room")
    } else if config.find_climate(name).is_some() {
        Some("a climate zone")
    } else {
        None
    }
}

/// A few names of many.
pub(super) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += ", ...";
    }
    text
}
