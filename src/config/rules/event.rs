//! Rules with `on`: they do something once, when something happens.

use super::sentence::{Condition, Sentence, Sentences, report};
use crate::{
    config::{
        diagnostic::Problems,
        language::{self, Kept, Scope},
        shape::OneOf,
        table::Table,
    },
    model::{Action, EventRule, RunMode},
};

/// The keys of rules with `while`, and what to write instead.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("while", "write `if` for what must be true at that moment, or make two rules of it"),
    ("until", "write when it ends in the action: \"set hall_light on for 10m\""),
    ("set", "write do = \"set hall_light on\""),
    ("overrides", "remove it: what it does is a command, and wins over all rules with `while`"),
];
/// What it cannot do without.
pub(super) const WANTED: &[(&str, &str)] = &[("on", "\"doorbell click\""), ("do", "\"toggle hall_light\"")];

const MODE: &[(&str, RunMode)] =
    &[("single", RunMode::Single), ("restart", RunMode::Restart), ("queued", RunMode::Queued)];

/// What the table of such a rule tells.
pub(super) struct Draft {
    on: Vec<Sentence>,
    condition: Option<Sentence>,
    actions: Vec<Sentence>,
    mode: RunMode,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let on = table.optional(
        "on",
        "What makes it act: \"doorbell click\", \"time 07:30\", \"sunset - 10m\", \"hall_motion on\", any condition that \
         becomes true, or a list of these.",
        Sentences { noun: "an event", example: "\"doorbell click\"" },
    );
    let condition = table.optional("if", "It acts only if this is true at that moment.", Condition);
    let actions = table.optional(
        "do",
        "What it does, in this order: \"toggle hall_light\", \"set hall_light on for 10m\", \"wait 5s\".",
        Sentences { noun: "an action", example: "\"toggle hall_light\"" },
    );
    let mode = table.defaulted(
        "mode",
        "When it happens again before the actions are over: \"single\" leaves it out, \"restart\" begins anew, \"queued\" \
         does it afterwards (10 at most).",
        OneOf(MODE),
        RunMode::Single,
    );
    // A sentence that stands alone has the place of its key.
    let placed = |key: &str, sentences: Option<Vec<Sentence>>| -> Vec<Sentence> {
        let place = |sentence: Sentence| match sentence.place.is_empty() {
            true => Sentence { place: table.place_of(key), ..sentence },
            false => sentence,
        };
        sentences.into_iter().flatten().map(place).collect()
    };
    Draft {
        on: placed("on", on),
        condition: condition.map(|text| Sentence { text, place: table.place_of("if") }),
        actions: placed("do", actions),
        mode,
    }
}

pub(super) fn resolve(
    name: Option<String>,
    draft: Draft,
    scope: &Scope<'_>,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
) -> Option<EventRule> {
    let mut text = String::new();
    let mut on = Vec::new();
    for sentence in &draft.on {
        text += &format!("on {} ", sentence.text);
        match language::trigger(&sentence.text, scope, kept) {
            Ok(trigger) => on.push(trigger),
            Err(mistakes) => report(mistakes, sentence, source, problems),
        }
    }
    let condition = draft.condition.as_ref().and_then(|sentence| {
        text += &format!("if {}", sentence.text);
        match language::condition(&sentence.text, scope, kept) {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                report(mistakes, sentence, source, problems);
                None
            }
        }
    });
    let mut actions = Vec::new();
    for sentence in &draft.actions {
        match language::action(&sentence.text, scope.config) {
            Ok(action) => actions.push(action),
            Err(mistake) => report(vec![mistake], sentence, source, problems),
        }
    }
    if let Some(sentence) = draft.actions.first()
        && !actions.is_empty()
        && actions.iter().all(|action| matches!(action, Action::Wait(_)))
    {
        let advice = "add what it does after the wait, such as \"set hall_light off\", or remove the rule";
        problems.warning(sentence.place.clone(), "the rule only waits", advice);
    }
    Some(EventRule { name: name?.into(), on, condition, actions, mode: draft.mode, timers: kept.timers, text })
}
