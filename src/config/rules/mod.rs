//! `[[rules]]`: what should be true while a condition holds, and what is done once, on an event.

mod event;
mod level;
mod order;
mod sentence;
mod settings;

pub(super) use order::line_of;
pub(super) use sentence::{Condition, Sentence, read as read_sentence};
pub(super) use settings::{Setting, Settings, resolve as resolve_settings};

use super::{
    diagnostic::Problems,
    language::{Kept, Scope},
    shape::Text,
    table::Table,
};
use crate::model::{EventRule, Rule};
use order::{Order, Placed};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// A rule as far as its own table tells.
pub(super) struct Draft {
    name: Option<(String, Range<usize>)>,
    kind: Kind,
}

enum Kind {
    Level(level::Draft),
    Event(event::Draft),
}

/// `taken` are the names of the rules before it, and those that were proposed for them.
pub(super) fn read(table: &mut Table<'_>, taken: &RefCell<BTreeSet<String>>) -> Draft {
    let about = "A sentence for people: it is shown as the reason for what the rule does.";
    let mut proposed = proposed_name(table);
    let mut number = 1;
    while taken.borrow().contains(&proposed) {
        number += 1;
        proposed = format!("{} ({number})", proposed_name(table));
    }
    let name = table.required("name", about, &format!("\"{proposed}\""), Text);
    taken.borrow_mut().insert(name.clone().unwrap_or(proposed));
    let name = name.map(|name| (name, table.place_of("name")));
    let (level, event) = (level::read(table), event::read(table));
    let on_an_event = table.has("on") || table.has("do") && !table.has("while");
    let kind = if on_an_event { Kind::Event(event) } else { Kind::Level(level) };
    let (foreign, wanted): (&[(&str, &str)], _) = match &kind {
        Kind::Event(_) => (event::FOREIGN, event::WANTED),
        // What only tells something sets nothing.
        Kind::Level(_) if table.has("notify") => (level::FOREIGN, &level::WANTED[..1]),
        Kind::Level(_) => (level::FOREIGN, level::WANTED),
    };
    for (key, advice) in foreign.iter().filter(|(key, _)| table.has(key)) {
        let (this, other) = if on_an_event { ("on", "while") } else { ("while", "on") };
        if *key == "if" && !table.has("while") {
            let advice = "write while = ..., or add on = ... for what makes it act";
            table.error_at(key, "`if` alone does not make a rule", advice);
            continue;
        }
        let message = format!("`{key}` belongs to rules with `{other}`, and this one has `{this}`");
        if table.has(this) {
            table.error_at(key, message, *advice);
        } else {
            table.error_at(key, format!("`{key}` belongs to rules with `{other}`"), *advice);
        }
    }
    let says_if = table.has("if");
    for (key, example) in wanted.iter().filter(|(key, _)| *key != "while" || !says_if) {
        table.want(key, example);
    }
    Draft { name, kind }
}

/// A name for a rule that has none: what it says itself.
fn proposed_name(table: &Table<'_>) -> String {
    let sentence = ["while", "on", "if"].into_iter().find_map(|key| Some((key, table.text_of(key)?)));
    let effect = table.text_of("do").map(str::to_owned).or_else(|| {
        let set = table.keys_of("set");
        (!set.is_empty()).then(|| set.join(" and "))
    });
    let name = match (effect, sentence) {
        (Some(effect), Some((key, sentence))) => format!("{effect} {key} {sentence}"),
        (Some(name), None) => name,
        (None, Some((_, sentence))) => sentence.to_owned(),
        (None, None) => "what it does, in your words".to_owned(),
    };
    let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).take(60).collect();
    name.trim().to_owned()
}

/// The rules with all names found in `scope`, as far as they are right, and their order, to be checked when the
/// configuration is whole. `source` is the text of the file.
pub(super) fn resolve(
    drafts: Vec<Draft>,
    scope: &Scope<'_>,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
) -> (Vec<Rule>, Vec<EventRule>, Order) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let (mut conditions, mut places) = (Vec::new(), Vec::new());
    let (mut levels, mut events) = (Vec::new(), Vec::new());
    for Draft { name, kind } in drafts {
        if problems.are_enough() {
            break;
        }
        if let Some((name, place)) = &name {
            match names.get(name) {
                Some(first) => {
                    let line = order::line_of(source, *first);
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
        let (name, named) = name.unzip();
        kept.timers = 0;
        match kind {
            Kind::Level(draft) => {
                let resolved = level::resolve(name, draft, scope, kept, source, problems);
                if let (Some((rule, condition, overrides)), Some(name)) = (resolved, named) {
                    levels.push(rule);
                    conditions.push(condition);
                    places.push(Placed { name, overrides });
                }
            }
            Kind::Event(draft) => events.extend(event::resolve(name, draft, scope, kept, source, problems)),
        }
    }
    level::circles(&levels, &conditions, scope.config, problems);
    (levels, events, Order { places, names })
}
