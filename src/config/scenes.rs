//! `[scenes.NAME]`: several outputs set at once.

use super::{
    diagnostic::Problems,
    ids,
    rules::{Setting, Settings, resolve_settings},
    shape::HowLong,
    table::{Id, Table},
};
use crate::model::{Config, Hold, Scene};
use std::ops::Range;

/// A scene as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    set: Vec<Setting>,
    hold: Option<Hold>,
    hold_place: Range<usize>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let called = ids::called(id, table);
    let set = table.required("set", "What it sets.", "{ hall_light = \"on\" }", Settings);
    if set.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("set", "the scene sets nothing", "write what it sets: { hall_light = \"on\" }");
    }
    let hold = table.optional(
        "for",
        "How long it holds, or room_empty: each of its outputs until its room is empty; when absent, as long as any command.",
        HowLong,
    );
    Draft { id: id.clone(), called, set: set.unwrap_or_default(), hold, hold_place: table.place_of("for") }
}

pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> Scene {
    let set = resolve_settings(draft.set, config, problems);
    let pulses = set.iter().find_map(|(output, _)| config[*output].pulse.map(|_| &config[*output].id));
    if let Some(output) = pulses.filter(|_| draft.hold.is_some()) {
        problems.error(
            draft.hold_place.clone(),
            format!("`{output}` has a pulse of its own and holds nothing for a time"),
            "leave `for` out, or the output",
        );
    } else if draft.hold == Some(Hold::RoomEmpty) {
        for output in set.iter().filter_map(|(output, _)| config.without_room(*output)) {
            problems.error(
                draft.hold_place.clone(),
                format!("\"room_empty\", and `{}` is in no room", config[output].id),
                "add room = \"name_of_the_room\" to it, or write a duration such as \"2h\"",
            );
        }
    }
    Scene { name: draft.called.name, id: draft.id.text.into(), set, hold: draft.hold }
}
