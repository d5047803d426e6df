//! `[[rules]]`: what should be true while a condition holds.

use super::{
    circles::{self, Circle},
    diagnostic::Problems,
    language::{self, Mistake, Scope},
    nearest,
    shape::{Shape, Text, Wrong, shorten},
    table::Table,
    wording,
};
use crate::model::{Config, Level, OutputId, Rule};
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

/// `hall_light = "on"`
struct Setting {
    output: String,
    output_place: Range<usize>,
    /// What is wrong with it, otherwise.
    level: Result<Level, Wrong>,
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
    let output = config.find_output(name);
    if output.is_none() {
        let outputs = config.outputs.iter().map(|output| &*output.id);
        let (message, advice) = wording::not_found("output", name, outputs, config);
        problems.error(setting.output_place, message, advice);
    }
    match setting.level {
        Ok(level) => Some((output?, level)),
        Err(wrong) => {
            problems.error(setting.level_place, format!("`{name}` {}", wrong.message), wrong.advice);
            None
        }
    }
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

const LEVEL: &[(&str, Level)] = &[("on", Level::ON), ("off", Level::OFF)];

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
        let words: Vec<Json> = LEVEL.iter().map(|(word, _)| json!(word)).chain([json!(true), json!(false)]).collect();
        json!({ "type": "object", "minProperties": 1, "additionalProperties": { "enum": words } })
    }

    fn show(&self, settings: &Vec<Setting>) -> Json {
        settings
            .iter()
            .map(|setting| (setting.output.clone(), json!(setting.level.as_ref().is_ok_and(|l| l.is_on()))))
            .collect()
    }
}

fn level(value: &DeValue<'_>) -> Result<Level, Wrong> {
    let advice = "write \"on\" or \"off\"";
    match value {
        DeValue::Boolean(on) => Ok(Level::from_on(*on)),
        DeValue::String(text) => match LEVEL.iter().find(|(word, _)| word == text) {
            Some((_, level)) => Ok(*level),
            None => Err(Wrong::new(
                format!("cannot be \"{}\"", shorten(text)),
                match nearest::name(text, LEVEL.iter().map(|(word, _)| *word)) {
                    Some(word) => format!("did you mean \"{word}\"?"),
                    None => advice.to_owned(),
                },
            )),
        },
        DeValue::Integer(_) | DeValue::Float(_) => Err(Wrong::new("is a relay: on or off, no numbers", advice)),
        _ => Err(Wrong::new("is a relay: on or off", advice)),
    }
}
