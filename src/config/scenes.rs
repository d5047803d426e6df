//! `[scenes.NAME]`: several outputs set at once.

use super::{
    diagnostic::Problems,
    ids,
    rules::{Setting, Settings, resolve_settings},
    shape::{DAY, Period, SECOND},
    table::{Id, Table},
};
use crate::model::{Config, Scene};
use std::{ops::Range, time::Duration};

/// A scene as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    set: Vec<Setting>,
    hold: Option<Duration>,
    hold_place: Range<usize>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let called = ids::called(id, table);
    let set = table.required("set", "What it sets.", "{ hall_light = \"on\" }", Settings);
    if set.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("set", "the scene sets nothing", "write what it sets: { hall_light = \"on\" }");
    }
    let hold =
        table.optional("for", "How long it holds; when absent, as long as any command.", Period(SECOND..=365 * DAY));
    Draft { id: id.clone(), called, set: set.unwrap_or_default(), hold, hold_place: table.place_of("for") }
}

pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> Scene {
    let set = resolve_settings(draft.set, config, problems);
    let pulses = set.iter().find_map(|(output, _)| config[*output].pulse.map(|_| &config[*output].id));
    if let Some(output) = pulses.filter(|_| draft.hold.is_some()) {
        problems.error(
            draft.hold_place,
            format!("`{output}` has a pulse of its own and holds nothing for a time"),
            "leave `for` out, or the output",
        );
    }
    Scene { name: draft.called.name, id: draft.id.text.into(), set, hold: draft.hold }
}
