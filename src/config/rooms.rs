//! `[rooms.NAME]`: groups of motion inputs, whose `occupied` is worked out.

use super::{
    diagnostic::Problems,
    ids,
    shape::{DAY, Names, Period, SECOND, Text},
    table::{Id, Table},
    wording,
};
use crate::model::{Config, Room, RoomId};
use std::ops::Range;

/// A room as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub room: Room,
    motion: Vec<(String, Range<usize>)>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let motion =
        table.required("motion", "The inputs that show that somebody is there.", "[\"hall_motion\"]", Names("input"));
    let empty_after = table.defaulted(
        "empty_after",
        "The room is empty when none of its inputs was active for this long, 1s to 1d.",
        Period(SECOND..=DAY),
        300 * SECOND,
    );
    if motion.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("motion", "a room without inputs is never occupied", "name its inputs: [\"hall_motion\"]");
    }
    Draft {
        room: Room {
            id: id.text.as_str().into(),
            name: name.unwrap_or_else(|| ids::for_people(&id.text)),
            motion: Vec::new(),
            empty_after,
        },
        id: id.clone(),
        motion: motion.unwrap_or_default(),
    }
}

/// The room with its inputs found in `config`.
pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> Room {
    let mut room = draft.room;
    for (name, place) in draft.motion {
        if problems.are_enough() {
            break;
        }
        match wording::binary_input(&name, config) {
            Ok(input) if room.motion.contains(&input) => {
                problems.error(place, format!("`{name}` is listed twice"), "remove one of them");
            }
            Ok(input) => room.motion.push(input),
            Err((message, advice)) => problems.error(place, message, advice),
        }
    }
    room
}

/// The room that an output says it is in.
pub(super) fn find((name, place): (String, Range<usize>), config: &Config, problems: &Problems) -> Option<RoomId> {
    let found = config.rooms.iter().position(|room| *room.id == *name).map(RoomId);
    if found.is_none() {
        let rooms = config.rooms.iter().map(|room| &*room.id);
        let (message, advice) = wording::not_found("room", &name, rooms, config);
        problems.error(place, message, advice);
    }
    found
}
