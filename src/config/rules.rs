//! `[[rules]]`: what should be true while a condition holds.

use super::{
    circles::{self, Circle},
    diagnostic::Problems,
    language::{self, Mistake, Scope},
    nearest,
    shape::{Shape, Text, Whole, Wrong, shorten},
    table::Table,
    wording,
};
use crate::model::{Config, Level, Method, OutputId, Rule, Takes};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, ops::Range};
use toml::de::DeValue;

/// A rule as far as its own table tells.
pub(super) struct Draft {
    name: Option<(String, Range<usize>)>,
    condition: Option<Sentence>,
    until: Option<Sentence>,
    set: Vec<Setting>,
}

/// A condition as written.
struct Sentence {
    text: String,
    place: Range<usize>,
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

/// `hall_light = "on"`
struct Setting {
    output: String,
    output_place: Range<usize>,
    /// What is wrong with it, otherwise.
    level: Result<Wanted, Wrong>,
    level_place: Range<usize>,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let name = table.required(
        "name",
        "A sentence for people: it is shown as the reason for what the rule does.",
        "\"Hall light after dark\"",
        Text,
    );
    let condition = table.required(
        "while",
        "The rule is active while this is true, such as \"dark and hall.occupied\".",
        "\"dark and hall.occupied\"",
        Condition,
    );
    let until = table.optional(
        "until",
        "With it, the rule stays active after `while` has ended until this becomes true.",
        Condition,
    );
    let set = table.required("set", "What it asks for while it is active.", "{ hall_light = \"on\" }", Settings);
    if set.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("set", "the rule sets nothing", "write what it sets: { hall_light = \"on\" }");
    }
    let sentence = |key: &str, text: String| Sentence { text, place: table.place_of(key) };
    Draft {
        name: name.map(|name| (name, table.place_of("name"))),
        condition: condition.map(|text| sentence("while", text)),
        until: until.map(|text| sentence("until", text)),
        set: set.unwrap_or_default(),
    }
}

/// The rules with all names found in `config`, as far as they are right. `source` is the text of the file.
pub(super) fn resolve(
    drafts: Vec<Draft>,
    config: &Config,
    placed: bool,
    source: &str,
    problems: &Problems,
) -> Vec<Rule> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut places = Vec::new();
    let scope = Scope { config, placed };
    let mut rules = Vec::new();
    for draft in drafts {
        if problems.are_enough() {
            break;
        }
        if let Some((name, place)) = &draft.name {
            match names.get(name) {
                Some(first) => {
                    let line = source.get(..*first).unwrap_or_default().matches('\n').count() + 1;
                    problems.error(
                        place.clone(),
                        format!("another rule has this name, on line {line}"),
                        "give it a name of its own: it is the rule's identity",
                    );
                }
                None => {
                    names.insert(name.clone(), place.start);
                }
            }
        }
        let mut timers = 0;
        let mut parse = |sentence: &Sentence| -> Option<crate::model::Condition> {
            match language::condition(&sentence.text, &scope, &mut timers) {
                Ok(condition) => Some(condition),
                Err(mistakes) => {
                    for Mistake { place, message, advice } in mistakes {
                        problems.error(in_file(&place, sentence, source), message, advice);
                    }
                    None
                }
            }
        };
        let condition = draft.condition.as_ref().and_then(&mut parse);
        let until = draft.until.as_ref().and_then(&mut parse);
        if let (Some(condition), Some(until), Some(sentence)) = (&condition, &until, &draft.until)
            && let Some((message, advice)) = language::overlap(condition, until, config)
        {
            problems.warning(sentence.place.clone(), message, advice);
        }
        let text = match (&draft.condition, &draft.until) {
            (Some(condition), Some(until)) => format!("{} until {}", condition.text, until.text),
            (Some(condition), None) => condition.text.clone(),
            _ => String::new(),
        };
        let set = draft.set.into_iter().filter_map(|setting| resolve_setting(setting, config, problems)).collect();
        let set = with_members(set, config);
        if let (Some((name, _)), Some(condition), Some(sentence)) = (draft.name, condition, draft.condition) {
            rules.push(Rule { name: name.into(), condition, until, set, timers, text });
            places.push(sentence.place);
        }
    }
    rules_in_circles(&rules, &places, config, problems);
    rules
}

/// A rule that works against itself would switch its output for ever.
fn rules_in_circles(rules: &[Rule], places: &[Range<usize>], config: &Config, problems: &Problems) {
    for Circle { rule, output, through } in circles::find(rules) {
        let output = &config[output].id;
        let how = through.map(|other| format!(" through the rule \"{}\"", rules[other].name)).unwrap_or_default();
        problems.error(
            places[rule].clone(),
            format!("this condition ends itself{how}: the rule sets {output}, and would switch it on and off for ever"),
            "ask for what causes the change (a sensor, a room, the time) and not for the output",
        );
    }
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

/// Where a part of a sentence stands in the file: exactly, unless escapes make the sentence differ from the file.
fn in_file(part: &Range<usize>, sentence: &Sentence, source: &str) -> Range<usize> {
    let written = source.get(sentence.place.clone()).unwrap_or_default();
    match written.find(&sentence.text) {
        Some(quotes) if !sentence.text.is_empty() => {
            let start = sentence.place.start + quotes;
            start + part.start..start + part.end
        }
        _ => sentence.place.clone(),
    }
}

/// A condition in the rule language.
struct Condition;

impl Shape for Condition {
    type Value = String;

    fn noun(&self) -> String {
        "a condition".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"dark and hall.occupied\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        Ok(value.as_str().map(str::to_owned))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": language::LONGEST })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// What a rule sets: outputs, on or off.
struct Settings;

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
    let advice = "write \"on\", \"off\" or a level from 0 to 100";
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
