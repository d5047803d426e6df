//! The names of entities: what they may look like, and that each is given once.

use super::{
    diagnostic::Problems,
    language,
    rules::line_of,
    shape::{NameOrNames, Text, is_word, not_a_word, shorten},
    table::{Id, Table},
};
use std::{collections::BTreeMap, ops::Range};

/// What people call an entity.
#[derive(Clone)]
pub(super) struct Called {
    pub name: String,
    /// Where the name stands; if it was made from the table's name, where that does.
    pub place: Range<usize>,
    /// Whether it stands there.
    pub is_written: bool,
    /// The ids that it had before.
    pub was: Vec<(String, Range<usize>)>,
}

/// A table with a name.
pub(super) struct Named {
    /// What it is of: `output`.
    pub kind: &'static str,
    pub id: Id,
    pub called: Called,
}

/// What the table of an entity says of its name.
pub(super) fn called(id: &Id, table: &mut Table<'_>) -> Called {
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let is_written = name.is_some();
    Called {
        place: if is_written { table.place_of("name") } else { id.place.clone() },
        name: name.unwrap_or_else(|| for_people(&id.text)),
        is_written,
        was: Vec::new(),
    }
}

/// The same of an entity that is remembered.
pub(super) fn called_now(id: &Id, table: &mut Table<'_>) -> Called {
    let called = called(id, table);
    let was = table.optional(
        "was",
        "The name that this table had before, or several, the first one first: home apps go on with what they know under it, \
         and so does what hearthd remembers.",
        NameOrNames("entity"),
    );
    let place = |place: Range<usize>| if place.is_empty() { table.place_of("was") } else { place };
    Called { was: was.into_iter().flatten().map(|(was, at)| (was, place(at))).collect(), ..called }
}

/// Reports former names that cannot be: one that something has, or two things had.
pub(super) fn check_former(named: &[Named], source: &str, problems: &Problems) {
    // Of outputs, inputs and sensors none has the name of another; a room or a zone may.
    let space = |kind: &str| if matches!(kind, "room" | "climate zone") { kind.to_owned() } else { String::new() };
    let mut former: BTreeMap<(String, &str), &Named> = BTreeMap::new();
    let all = named.iter().flat_map(|now| now.called.was.iter().map(move |(was, place)| (now, was, place)));
    for (now, was, place) in all {
        let is_same = |other: &&Named| space(other.kind) == space(now.kind) && other.id.text == *was;
        let (message, advice) = if !is_word(was) {
            let wrong = not_a_word(was);
            (wrong.message, wrong.advice)
        } else if *was == now.id.text {
            (format!("`{was}` is its name now"), "write the name that it had before, or remove the line".to_owned())
        } else if let Some(other) = named.iter().find(is_same) {
            let (kind, line) = (other.kind, line_of(source, other.id.place.start));
            match other.called.was.first() {
                Some((before, _)) => (
                    format!(
                        "`{was}` is the name of {} {kind} (line {line}), which says that it was `{before}`",
                        article(kind)
                    ),
                    "a former name is free: give that one a name that nothing had".to_owned(),
                ),
                None => (
                    format!("`{was}` is the name of {} {kind} (line {line})", article(kind)),
                    "a former name is free: rename that one, or remove this line".to_owned(),
                ),
            }
        } else if let Some(other) = former.insert((space(now.kind), was.as_str()), now) {
            let line = line_of(source, other.id.place.start);
            (
                format!("`{}` (line {line}) was `{was}`, too", other.id.text),
                "one of them can have been it: remove the line of the other".to_owned(),
            )
        } else {
            continue;
        };
        problems.error(place.clone(), format!("`was`: {message}"), advice);
    }
}

/// Reports an id that rules and topics could not write.
pub(super) fn check(id: &Id, problems: &Problems) {
    let text = &id.text;
    if language::is_reserved(text) {
        let message = format!("`{text}` is a word of the rule language");
        problems.error(id.place.clone(), message, format!("choose another name, such as {text}_1"));
    } else if !is_word(text) {
        let wrong = not_a_word(text);
        problems.error(id.place.clone(), format!("the name {}", wrong.message), wrong.advice.replace('"', "`"));
    } else if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message = format!("the name `{}` does not begin with a letter", shorten(text));
        problems.error(id.place.clone(), message, "begin it with one of a-z");
    }
}

/// Reports names that two outputs, inputs or sensors share.
pub(super) fn check_unique<'i>(ids: impl IntoIterator<Item = (&'static str, &'i Id)>, problems: &Problems) {
    let mut first: BTreeMap<&str, (&'static str, Range<usize>)> = BTreeMap::new();
    for (kind, id) in ids {
        match first.get(id.text.as_str()) {
            Some((other, place)) => {
                // The later one of the file is the one to rename.
                let place = if place.start > id.place.start { place.clone() } else { id.place.clone() };
                let message = format!("`{}` is the name of an {other} and of {} {kind}", id.text, article(kind));
                problems.error(place, message, "give one of them another name");
            }
            None => {
                first.insert(&id.text, (kind, id.place.clone()));
            }
        }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// `hall_light` becomes `Hall light`.
pub(super) fn for_people(id: &str) -> String {
    let spaced = id.replace('_', " ");
    let mut letters = spaced.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => spaced,
    }
}
