//! `[inputs.NAME]`: what is read by interrupts.

use super::{
    ids, outputs,
    shape::{OneOf, Period, SECOND, Text, Wire},
    table::{Id, Table},
};
use crate::model::{ActiveLevel, Input, InputKind, Line, Pull};
use std::{ops::Range, time::Duration};

const KIND: &[(&str, InputKind)] = &[
    ("motion", InputKind::Motion),
    ("door", InputKind::Door),
    ("window", InputKind::Window),
    ("button", InputKind::Button),
    ("leak", InputKind::Leak),
    ("smoke", InputKind::Smoke),
    ("contact", InputKind::Contact),
];
const PULL: &[(&str, Pull)] = &[("up", Pull::Up), ("down", Pull::Down), ("none", Pull::None), ("as-is", Pull::AsIs)];

/// An input as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub input: Input,
    /// The place of its wire; nothing when the wire is not known.
    pub line: Option<Range<usize>>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let kind = table.required("kind", "What it is; decides defaults and how apps show it.", "\"motion\"", OneOf(KIND));
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let line = table.required("gpio", "Its wire: the BCM number, \"GPIO4\", or \"gpiochip1/4\".", "4", Wire);
    let active = table.optional(
        "active",
        "The electric level that means motion, open, pressed, wet. When absent: \"low\" for button and contact (they \
         connect the wire to ground), \"high\" for the others (a door's magnet contact opens with the door).",
        OneOf(outputs::ACTIVE),
    );
    let pull = table.optional(
        "pull",
        "The resistor that holds the wire. When absent: \"up\" for door, window, button and contact, \"as-is\" (what \
         the firmware set) for the others.",
        OneOf(PULL),
    );
    let debounce = table.defaulted(
        "debounce",
        "A change counts when the wire was steady for this long, 0s to 10s.",
        Period(Duration::ZERO..=10 * SECOND),
        Duration::from_millis(50),
    );
    let (usual_active, usual_pull) = match kind {
        Some(InputKind::Button | InputKind::Contact) => (ActiveLevel::Low, Pull::Up),
        Some(InputKind::Door | InputKind::Window) => (ActiveLevel::High, Pull::Up),
        _ => (ActiveLevel::High, Pull::AsIs),
    };
    Draft {
        line: line.is_some().then(|| table.place_of("gpio")),
        input: Input {
            id: id.text.as_str().into(),
            name: name.unwrap_or_else(|| ids::for_people(&id.text)),
            kind: kind.unwrap_or(InputKind::Contact),
            line: line.unwrap_or(Line::Number(0)),
            active: active.unwrap_or(usual_active),
            pull: pull.unwrap_or(usual_pull),
            debounce,
        },
        id: id.clone(),
    }
}
