//! `[modes]`: the modes of the house, and the light that pretends that somebody is there.

use super::{
    diagnostic::Problems,
    language::{self, Kept, Scope},
    rules::{Condition, Sentence, read_sentence},
    shape::{Names, Word, Words, is_word, not_a_word, shorten},
    suggestions,
    table::Table,
};
use crate::model::{Condition as Held, Level, Modes, OutputId, OutputKind, Rule};
use std::{ops::Range, sync::Arc};

const USUAL: [&str; 4] = ["home", "away", "night", "vacation"];

/// What the table tells.
pub(super) struct Draft {
    pub modes: Modes,
    presence: Option<Presence>,
}

/// `[modes.presence]`
struct Presence {
    when: Option<(String, Range<usize>)>,
    outputs: Vec<(String, Range<usize>)>,
    between: Option<Sentence>,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let usual = USUAL.map(|mode| (mode.to_owned(), 0..0)).to_vec();
    let list = table.defaulted("list", "The words of the point `mode`.", Words("mode"), usual);
    let start =
        table.optional("start", "The mode that a new house begins with; the first of the list when absent.", Word);
    let mut words: Vec<Arc<str>> = Vec::new();
    for (word, place) in &list {
        let place = if place.is_empty() { table.place_of("list") } else { place.clone() };
        if language::is_reserved(word) {
            let message = format!("`{word}` is a word of the rule language");
            table.error(place, message, format!("choose another, such as \"{word}_time\""));
        } else if !is_word(word) {
            let wrong = not_a_word(word);
            table.error(place, format!("the mode {}", wrong.message), wrong.advice);
        } else if words.iter().any(|known| **known == **word) {
            table.error(place, format!("\"{word}\" is listed twice"), "remove one of them");
        } else {
            words.push(word.as_str().into());
        }
    }
    if list.is_empty() {
        table.error_at("list", "a list without modes", "name some, or remove the line");
    }
    let mut modes = Modes { list: words, start: 0 };
    if let Some(start) = start {
        match modes.find(&start) {
            Some(place) => modes.start = place,
            None => {
                let names: Vec<&str> = modes.list.iter().map(|mode| &**mode).collect();
                let advice = format!("write one of {}", suggestions::list(&names));
                table.error_at("start", format!("\"{}\" is not in the list", shorten(&start)), advice);
            }
        }
    }
    let has_presence = table.has("presence");
    let presence = table.table(
        "presence",
        "Lights that go on and off as if somebody were there: as they did two weeks ago, where the history knows that day, else by \
         chance.",
        |table| Presence {
            when: table
                .required("when", "The mode in which they do.", "\"vacation\"", Word)
                .map(|word| (word, table.place_of("when"))),
            outputs: table
                .required("outputs", "The lights.", "[\"hall_light\"]", Names("output"))
                .unwrap_or_default(),
            between: table
                .required("between", "When it is likely that somebody is up.", "\"sunset and 23:00\"", Condition)
                .map(|text| Sentence { text, place: table.place_of("between") }),
        },
    );
    Draft { modes, presence: has_presence.then_some(presence) }
}

/// The rules by which lights pretend that somebody is there. They come after all others.
pub(super) fn presence(
    draft: Draft,
    scope: &Scope<'_>,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
) -> Vec<Rule> {
    let Some(Presence { when: Some((when, when_place)), outputs, between: Some(between) }) = draft.presence else {
        return Vec::new();
    };
    let config = scope.config;
    let mode = config.modes.find(&when);
    if mode.is_none() {
        let (message, advice) = language::no_mode(&when, &config.modes);
        problems.error(when_place, message, advice);
    }
    kept.timers = 0;
    let parse = |text: &str, kept: &mut Kept| language::window(text, scope, kept);
    let window = read_sentence(&between, kept, source, problems, parse);
    let mut rules = Vec::new();
    for (name, place) in outputs {
        let output = match suggestions::output(&name, config) {
            Ok(output) => output,
            Err((message, advice)) => {
                problems.error(place, message, advice);
                continue;
            }
        };
        let kind = config[output].kind;
        if config.capability(output).moves()
            || !matches!(kind, OutputKind::Light | OutputKind::Switch | OutputKind::Fan)
        {
            let message = format!("`{name}` is no light, and nobody is there to see what it does");
            problems.error(place, message, "name lights, or a switch such as a radio");
            continue;
        }
        let (Some(mode), Some((from, to, next_day))) = (mode, window) else { continue };
        let seed = name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(byte.into()));
        let pretended = Held::PresenceSimulation { light: output, from, to, next_day, seed };
        rules.push(rule(output, &config[output].name, Held::All(vec![Held::Mode(vec![mode]), pretended])));
    }
    rules
}

fn rule(output: OutputId, name: &str, condition: Held) -> Rule {
    Rule {
        name: format!("As if somebody were there: {name}").into(),
        text: format!("{condition:?}"),
        condition,
        until: None,
        set: vec![(output, Level::ON)],
        notice: None,
        timers: 0,
    }
}
