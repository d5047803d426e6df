//! `[[rules]]`: what should be true while a condition holds, and what is done once, on an event.

mod event;
mod level;
mod order;
mod sentence;
mod settings;

pub(super) use sentence::{Condition, Sentence, report};
pub(super) use settings::{Setting, Settings, resolve as resolve_settings};

use super::{
    diagnostic::Problems,
    language::{Kept, Scope},
    shape::Text,
    table::Table,
};
use crate::model::{EventRule, Rule};
use order::{Order, Placed};
use std::{collections::BTreeMap, ops::Range};

/// A rule as far as its own table tells.
pub(super) struct Draft {
    name: Option<(String, Range<usize>)>,
    kind: Kind,
}

enum Kind {
    Level(level::Draft),
    Event(event::Draft),
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let name = table.required(
        "name",
        "A sentence for people: it is shown as the reason for what the rule does.",
        "\"Hall light after dark\"",
        Text,
    );
    let name = name.map(|name| (name, table.place_of("name")));
    let (level, event) = (level::read(table), event::read(table));
    let on_an_event = table.has("on") || table.has("do") && !table.has("while");
    let kind = if on_an_event { Kind::Event(event) } else { Kind::Level(level) };
    let (foreign, wanted): (&[(&str, &str)], _) = match &kind {
        Kind::Event(_) => (event::FOREIGN, event::WANTED),
        Kind::Level(_) => (level::FOREIGN, level::WANTED),
    };
    for (key, advice) in foreign.iter().filter(|(key, _)| table.has(key)) {
        let (this, other) = if on_an_event { ("on", "while") } else { ("while", "on") };
        let message = format!("`{key}` belongs to rules with `{other}`, and this one has `{this}`");
        if table.has(this) {
            table.error_at(key, message, *advice);
        } else {
            table.error_at(key, format!("`{key}` belongs to rules with `{other}`"), *advice);
        }
    }
    for (key, example) in wanted {
        table.want(key, example);
    }
    Draft { name, kind }
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
