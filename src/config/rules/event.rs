//! Rules with `on`: they do something once, when something happens.

use super::sentence::{self, Condition, Sentence, Sentences};
use crate::{
    config::{
        diagnostic::Problems,
        language::{self, Kept, Scope},
        shape::{Flag, OneOf},
        table::Table,
    },
    model::{Action, EventRule, RunMode, Trigger},
};
use std::ops::Range;

/// The keys of rules with `while`, and what to write instead.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("while", "write `if` for what must be true at that moment, or make two rules of it"),
    ("until", "write when it ends in the action: \"set hall_light on for 10m\""),
    ("set", "write do = \"set hall_light on\""),
    ("notify", "write do = \"notify ...\""),
    ("notify_over", "write a second rule, with `on` for the end"),
    ("overrides", "remove it: what it does is a command, and wins over all rules with `while`"),
];
/// What to do about an `if` that is never true when the rule would act.
const NEVER: &str = "change `on` or `if`";
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
    catch_up: bool,
    catch_up_place: Range<usize>,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let on = table.optional(
        "on",
        "What makes it act: \"doorbell click\", \"time 07:30\", \"sunset - 10m\", \"every 15m\", \"hall_motion on\", any \
         condition that becomes true, or a list of these.",
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
    let catch_up = table.defaulted(
        "catch_up",
        "true: what came true, or what time came, while hearthd was off or a sensor lost counts when it is known again.",
        Flag,
        false,
    );
    let catch_up_place = table.place_of("catch_up");
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
        catch_up,
        catch_up_place,
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
        let parse = |text: &str, kept: &mut Kept| language::trigger(text, scope, kept);
        on.extend(sentence::read(sentence, kept, source, problems, parse));
    }
    let lasts = |trigger: &Trigger| matches!(trigger, Trigger::Becomes(_) | Trigger::At(_) | Trigger::Cron(_));
    if draft.catch_up && on.len() == draft.on.len() && !on.iter().any(lasts) {
        let message = "`catch_up` has no effect here: it is for conditions and times of day";
        let every = on.iter().any(|on| matches!(on, Trigger::Every(_) | Trigger::EveryDays(..)));
        let advice = if every { "remove it: `every` is always made up for" } else { "remove it, or name a condition" };
        problems.error(draft.catch_up_place, message, advice);
    }
    let condition = draft.condition.as_ref().and_then(|sentence| {
        text += &format!("if {}", sentence.text);
        sentence::read(sentence, kept, source, problems, |text, kept| language::condition(text, scope, kept))
    });
    if let (Some(condition), Some(sentence)) = (&condition, &draft.condition) {
        for trigger in &on {
            let place = sentence.place.clone();
            match trigger {
                Trigger::Becomes(begins) => {
                    let both = [begins.clone(), condition.clone()];
                    if let Some((message, _)) = language::contradiction(&both, scope.config, &kept.series) {
                        problems.error(place, message, NEVER);
                    }
                }
                // What is made up for comes at any time.
                Trigger::At(time) if !draft.catch_up => {
                    if let Some(message) = language::never_then(*time, condition, scope.config) {
                        problems.warning(place, message, NEVER);
                    }
                }
                _ => {}
            }
        }
    }
    let mut actions = Vec::new();
    for sentence in &draft.actions {
        let parse = |text: &str, _: &mut Kept| language::action(text, scope.config).map_err(|mistake| vec![mistake]);
        actions.extend(sentence::read(sentence, kept, source, problems, parse));
    }
    if let Some(sentence) = draft.actions.first()
        && !actions.is_empty()
        && actions.iter().all(|action| matches!(action, Action::Wait(_)))
    {
        let advice = "add what it does after the wait, such as \"set hall_light off\", or remove the rule";
        problems.warning(sentence.place.clone(), "the rule only waits", advice);
    }
    let (mode, catch_up, timers) = (draft.mode, draft.catch_up, kept.timers);
    Some(EventRule { name: name?.into(), on, condition, actions, mode, catch_up, timers, text })
}
