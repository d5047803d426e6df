//! What rules and scenes set: `{ hall_light = "on" }`.

use crate::{
    config::{
        diagnostic::Problems,
        shape::{Shape, Whole, Wrong},
        suggestions,
    },
    model::{Ask, Config, Level, Method, OutputId},
};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::ops::Range;
use toml::{Spanned, de::DeValue};

type Key<'k> = Spanned<Cow<'k, str>>;

/// `hall_light = "on"`
pub(in crate::config) struct Setting {
    pub output: String,
    pub output_place: Range<usize>,
    /// As commands write it; or what is wrong with it.
    level: Result<String, Wrong>,
    level_place: Range<usize>,
}

/// What is set, with the outputs found in `config`, as far as it is right.
pub(in crate::config) fn resolve(
    settings: Vec<Setting>,
    config: &Config,
    problems: &Problems,
) -> Vec<(OutputId, Level)> {
    let set = settings.into_iter().filter_map(|setting| resolve_setting(setting, config, problems)).collect();
    with_members(set, config)
}

fn resolve_setting(setting: Setting, config: &Config, problems: &Problems) -> Option<(OutputId, Level)> {
    let name = &setting.output;
    let output = suggestions::output(name, config).map_err(|(message, advice)| {
        problems.error(setting.output_place, message, advice);
    });
    let wrong = match setting.level {
        Err(wrong) => (format!("`{name}` {}", wrong.message), wrong.advice),
        Ok(text) => match level_of(output.ok()?, &text, config) {
            Ok(level) => return Some((output.ok()?, level)),
            Err(wrong) => wrong,
        },
    };
    problems.error(setting.level_place, wrong.0, wrong.1);
    None
}

/// The level that a text holds an output at; or what is wrong with it, and what to write.
fn level_of(output: OutputId, text: &str, config: &Config) -> Result<Level, (String, String)> {
    const QUOTE: char = '"';
    let ask = config
        .ask(output, text)
        .map_err(|refusal| suggestions::refused(&config[output].id, text, &refusal, QUOTE, config))?;
    let wrong = suggestions::no_state(output, text, ask, config);
    match wrong.or_else(|| suggestions::slip(output, text, ask, QUOTE, config)) {
        Some(wrong) => Err(wrong),
        None => Ok(config.capability(output).fit(match ask {
            Ask::On => Level::ON,
            Ask::Level(level) => level,
            _ => Level::OFF,
        })),
    }
}

/// Groups stand for their members; what a rule says of a member itself counts more.
fn with_members(set: Vec<(OutputId, Level)>, config: &Config) -> Vec<(OutputId, Level)> {
    let is_group = |id: OutputId| matches!(config[id].method, Method::Group { .. });
    let (groups, mut all): (Vec<_>, Vec<_>) = set.into_iter().partition(|(id, _)| is_group(*id));
    for (group, level) in groups {
        let Method::Group { members, .. } = &config[group].method else { continue };
        for member in members {
            if !all.iter().any(|(id, _)| id == member) {
                all.push((*member, config.capability(*member).fit(level)));
            }
        }
    }
    all
}

/// What a rule sets: outputs, on or off.
pub(in crate::config) struct Settings;

impl Shape for Settings {
    type Value = Vec<Setting>;

    fn noun(&self) -> String {
        "a list of outputs and what they are set to".into()
    }

    fn example(&self) -> String {
        "it in braces, such as { hall_light = \"on\" }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Setting>>, Wrong> {
        let Some(entries) = value.as_table() else { return Ok(None) };
        let mut settings = Vec::new();
        let setting = |output: String, key: &Key<'_>, value: &Spanned<DeValue<'_>>| Setting {
            output,
            output_place: key.span(),
            level: level(value.get_ref()),
            level_place: value.span(),
        };
        for (key, value) in entries {
            match value.get_ref() {
                // `garage.lamp = "on"` is a table within the table.
                DeValue::Table(of_hub) => settings.extend(
                    of_hub
                        .iter()
                        .map(|(point, value)| setting(format!("{}.{}", key.get_ref(), point.get_ref()), point, value)),
                ),
                _ => settings.push(setting(key.get_ref().to_string(), key, value)),
            }
        }
        settings.sort_by_key(|setting| setting.output_place.start);
        Ok(Some(settings))
    }

    fn schema(&self) -> Json {
        let level = json!({ "anyOf": [
            { "enum": ["on", "off", "open", "closed", true, false] },
            { "type": "integer", "minimum": 0, "maximum": 100 },
            { "type": "string", "pattern": "^([0-9]{1,3} ?%?|speed [0-9]{1,3})$" },
        ] });
        let of_hub = json!({ "type": "object", "minProperties": 1, "additionalProperties": level });
        json!({ "type": "object", "minProperties": 1, "additionalProperties": { "anyOf": [level, of_hub] } })
    }

    fn show(&self, settings: &Vec<Setting>) -> Json {
        settings
            .iter()
            .map(|setting| (setting.output.clone(), json!(setting.level.as_deref().unwrap_or("?"))))
            .collect()
    }
}

/// What is written, in the words of commands.
fn level(value: &DeValue<'_>) -> Result<String, Wrong> {
    let advice = "write \"on\", \"off\" or a level from 0 to 100; \"open\" or \"closed\" for a cover";
    match value {
        DeValue::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(_) => {
            let number = Whole(0..=100).read(value)?;
            number.map(|number| number.to_string()).ok_or_else(|| Wrong::new("is on or off, or at a level", advice))
        }
        DeValue::Float(_) => Err(Wrong::new("takes whole percents", advice)),
        _ => Err(Wrong::new("is on or off, or at a level", advice)),
    }
}
