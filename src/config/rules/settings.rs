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
enum Wanted {
    /// On or off.
    Switch(Level),
    /// Open or closed: said of covers alone.
    Cover(Level),
    /// A number: percent.
    Percent(Level),
    /// A number with its sign: surely percent.
    PercentInWords(Level),
    /// The speed of a fan that has a few of them, from 1.
    Speed(u8),
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
    let output = wording::output(name, config).map_err(|(message, advice)| {
        problems.error(setting.output_place, message, advice);
    });
    let wrong = match setting.level {
        Err(wrong) => wrong,
        Ok(wanted) => match level_of(wanted, config.takes(output.ok()?)) {
            Ok(level) => return Some((output.ok()?, level)),
            Err(wrong) => wrong,
        },
    };
    problems.error(setting.level_place, format!("`{name}` {}", wrong.message), wrong.advice);
    None
}

/// The level that an output of this kind takes for it, or why it takes none.
fn level_of(wanted: Wanted, takes: Takes) -> Result<Level, Wrong> {
    match (wanted, takes) {
        (Wanted::Percent(_) | Wanted::PercentInWords(_), Takes::OnOff) => {
            Err(Wrong::new("is a relay: on or off, no levels", "write \"on\" or \"off\", or give it pwm or slow_pwm"))
        }
        (Wanted::Percent(level), Takes::Steps(count)) if takes.sounds_like_a_speed(level.percent()) => {
            let advice = format!("write \"speed {0}\", or \"{0} %\" if you mean that", level.percent());
            Err(Wrong::new(format!("has {count} speeds, and a number is percent"), advice))
        }
        (Wanted::Speed(step), Takes::Steps(count)) if (1..=count).contains(&step) => {
            Ok(Takes::level_of_step(step, count))
        }
        (Wanted::Speed(step), Takes::Steps(count)) => Err(Wrong::new(
            format!("has no speed {step}"),
            format!("write \"speed 1\" to \"speed {count}\", or \"off\""),
        )),
        (Wanted::Speed(_), _) => Err(Wrong::new("has no speeds", "write \"on\", \"off\" or a level from 0 to 100")),
        (Wanted::Cover(_), Takes::OnOff | Takes::Percent | Takes::Steps(_)) => {
            Err(Wrong::new("is not a cover", "write \"on\" or \"off\""))
        }
        (Wanted::Switch(level) | Wanted::Cover(level) | Wanted::Percent(level) | Wanted::PercentInWords(level), _) => {
            Ok(takes.fit(level))
        }
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

const LEVEL: [(&str, Wanted); 4] = [
    ("on", Wanted::Switch(Level::ON)),
    ("off", Wanted::Switch(Level::OFF)),
    ("open", Wanted::Cover(Level::ON)),
    ("closed", Wanted::Cover(Level::OFF)),
];

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
            { "type": "string", "pattern": "^([0-9]{1,3} ?%|speed [0-9]{1,3})$" },
        ] });
        json!({ "type": "object", "minProperties": 1, "additionalProperties": level })
    }

    fn show(&self, settings: &Vec<Setting>) -> Json {
        let is_on = |setting: &Setting| match setting.level {
            Ok(Wanted::Switch(level) | Wanted::Cover(level)) => level.is_on(),
            Ok(Wanted::Percent(level) | Wanted::PercentInWords(level)) => level.is_on(),
            Ok(Wanted::Speed(step)) => step > 0,
            Err(_) => false,
        };
        settings.iter().map(|setting| (setting.output.clone(), json!(is_on(setting)))).collect()
    }
}

fn level(value: &DeValue<'_>) -> Result<Wanted, Wrong> {
    let advice = "write \"on\", \"off\" or a level from 0 to 100; \"open\" or \"closed\" for a cover";
    match value {
        DeValue::Boolean(on) => Ok(Wanted::Switch(Level::from_on(*on))),
        DeValue::String(text) => {
            if let Some((_, wanted)) = LEVEL.iter().find(|(word, _)| word == text) {
                return Ok(*wanted);
            }
            if let Some(step) = text.strip_prefix("speed ").and_then(|step| step.trim().parse().ok()) {
                return Ok(Wanted::Speed(step));
            }
            let number = text.strip_suffix('%').map(|number| number.trim_end().parse::<u8>().ok());
            match number {
                Some(Some(number)) => Level::new(number)
                    .map(Wanted::PercentInWords)
                    .ok_or_else(|| Wrong::new(format!("cannot be {number} %"), "write 0 to 100")),
                _ => Err(Wrong::new(
                    format!("cannot be \"{}\"", shorten(text)),
                    match nearest::name(text, LEVEL.iter().map(|(word, _)| *word)) {
                        Some(word) => format!("did you mean \"{word}\"?"),
                        None => advice.to_owned(),
                    },
                )),
            }
        }
        DeValue::Integer(_) => {
            let number = Whole(0..=100).read(value)?.and_then(|number| u8::try_from(number).ok());
            let level = number.and_then(Level::new).map(Wanted::Percent);
            level.ok_or_else(|| Wrong::new("is on or off, or at a level", advice))
        }
        DeValue::Float(_) => Err(Wrong::new("takes whole percents", advice)),
        _ => Err(Wrong::new("is on or off, or at a level", advice)),
    }
}
