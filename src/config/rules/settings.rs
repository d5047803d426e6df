//! What rules and scenes set: `{ hall_light = "on" }`.

use crate::{
    config::{
        diagnostic::Problems,
        nearest,
        shape::{Shape, Whole, Wrong, shorten},
        wording,
    },
    model::{Config, Level, Method, OutputId, Takes},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// `hall_light = "on"`
pub(in crate::config) struct Setting {
    pub output: String,
    pub output_place: Range<usize>,
    /// What is wrong with it, otherwise.
    level: Result<Wanted, Wrong>,
    level_place: Range<usize>,
}

/// What an output is set to.
#[derive(Clone, Copy)]
struct Wanted {
    level: Level,
    /// Said of covers alone.
    of_a_cover: bool,
    /// Said in percent.
    percent: bool,
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
    let output = config.find_output(name).filter(|id| config.is_visible(*id));
    if output.is_none() {
        let outputs = config.visible_outputs().map(|id| &*config[id].id);
        let (message, advice) = wording::not_found("output", name, outputs, config);
        problems.error(setting.output_place, message, advice);
    }
    let wrong = match setting.level {
        Err(wrong) => wrong,
        Ok(wanted) => match unfit(wanted, config.takes(output?)) {
            None => return Some((output?, config.takes(output?).fit(wanted.level))),
            Some(wrong) => wrong,
        },
    };
    problems.error(setting.level_place, format!("`{name}` {}", wrong.message), wrong.advice);
    None
}

/// What an output of this kind cannot be set to.
fn unfit(wanted: Wanted, takes: Takes) -> Option<Wrong> {
    match takes {
        Takes::OnOff if wanted.percent => {
            Some(Wrong::new("is a relay: on or off, no levels", "write \"on\" or \"off\", or give it pwm or slow_pwm"))
        }
        Takes::Position => None,
        _ if wanted.of_a_cover => Some(Wrong::new("is not a cover", "write \"on\" or \"off\"")),
        _ => None,
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
                all.push((*member, config.takes(*member).fit(level)));
            }
        }
    }
    all
}

/// What a rule sets: outputs, on or off.
pub(in crate::config) struct Settings;

const LEVEL: [(&str, Level, bool); 4] =
    [("on", Level::ON, false), ("off", Level::OFF, false), ("open", Level::ON, true), ("closed", Level::OFF, true)];

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
        let mut settings: Vec<Setting> = entries
            .iter()
            .map(|(output, value)| Setting {
                output: output.get_ref().to_string(),
                output_place: output.span(),
                level: level(value.get_ref()),
                level_place: value.span(),
            })
            .collect();
        settings.sort_by_key(|setting| setting.output_place.start);
        Ok(Some(settings))
    }

    fn schema(&self) -> Json {
        let words: Vec<Json> = LEVEL.iter().map(|(word, ..)| json!(word)).chain([json!(true), json!(false)]).collect();
        let level = json!({ "anyOf": [
            { "enum": words },
            { "type": "integer", "minimum": 0, "maximum": 100 },
            { "type": "string", "pattern": "^[0-9]{1,3} ?%$" },
        ] });
        json!({ "type": "object", "minProperties": 1, "additionalProperties": level })
    }

    fn show(&self, settings: &Vec<Setting>) -> Json {
        settings
            .iter()
            .map(|setting| {
                (setting.output.clone(), json!(setting.level.as_ref().is_ok_and(|wanted| wanted.level.is_on())))
            })
            .collect()
    }
}

fn level(value: &DeValue<'_>) -> Result<Wanted, Wrong> {
    let advice = "write \"on\", \"off\" or a level from 0 to 100; \"open\" or \"closed\" for a cover";
    let percent = |level| Wanted { level, of_a_cover: false, percent: true };
    match value {
        DeValue::Boolean(on) => Ok(Wanted { level: Level::from_on(*on), of_a_cover: false, percent: false }),
        DeValue::String(text) => {
            if let Some((_, level, of_a_cover)) = LEVEL.iter().find(|(word, ..)| word == text) {
                return Ok(Wanted { level: *level, of_a_cover: *of_a_cover, percent: false });
            }
            let number = text.strip_suffix('%').map(|number| number.trim_end().parse::<u8>().ok());
            match number {
                Some(Some(number)) => Level::new(number)
                    .map(percent)
                    .ok_or_else(|| Wrong::new(format!("cannot be {number} %"), "write 0 to 100")),
                _ => Err(Wrong::new(
                    format!("cannot be \"{}\"", shorten(text)),
                    match nearest::name(text, LEVEL.iter().map(|(word, ..)| *word)) {
                        Some(word) => format!("did you mean \"{word}\"?"),
                        None => advice.to_owned(),
                    },
                )),
            }
        }
        DeValue::Integer(_) => {
            let number = Whole(0..=100).read(value)?.and_then(|number| u8::try_from(number).ok());
            number.and_then(Level::new).map(percent).ok_or_else(|| Wrong::new("is on or off, or at a level", advice))
        }
        DeValue::Float(_) => Err(Wrong::new("takes whole percents", advice)),
        _ => Err(Wrong::new("is on or off, or at a level", advice)),
    }
}
