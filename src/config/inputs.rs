//! `[inputs.NAME]`: what is read by interrupts.

use super::{
    diagnostic::Problems,
    ids, outputs,
    shape::{DAY, NameOrNames, OneOf, Period, SECOND, Text, Whole, Wire},
    table::{Id, Table},
    wording,
};
use crate::model::{ActiveLevel, Config, Input, InputKind, Line, Pull};
use std::{ops::Range, time::Duration};

const KIND: &[(&str, InputKind)] = &[
    ("motion", InputKind::Motion),
    ("door", InputKind::Door),
    ("window", InputKind::Window),
    ("button", InputKind::Button),
    ("switch", InputKind::Switch),
    ("leak", InputKind::Leak),
    ("smoke", InputKind::Smoke),
    ("contact", InputKind::Contact),
];
const PULL: &[(&str, Pull)] = &[("up", Pull::Up), ("down", Pull::Down), ("none", Pull::None), ("as-is", Pull::AsIs)];

/// An input as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub input: Input,
    toggles: Vec<(String, Range<usize>)>,
    sets: Vec<(String, Range<usize>)>,
    /// The place of its wire; nothing when the wire is not known.
    pub line: Option<Range<usize>>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let kind = table.required("kind", "What it is; decides defaults and how apps show it.", "\"motion\"", OneOf(KIND));
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let line = table.required("gpio", "Its wire: the BCM number, \"GPIO4\", or \"gpiochip1/4\".", "4", Wire);
    let active = table.optional(
        "active",
        "The electric level that means motion, open, pressed, wet. When absent: \"low\" for button, switch and contact (they \
         connect the wire to ground), \"high\" for the others (a door's magnet contact opens with the door).",
        OneOf(outputs::ACTIVE),
    );
    let pull = table.optional(
        "pull",
        "The resistor that holds the wire. When absent: \"up\" for door, window, button, switch and contact, \"as-is\" (what \
         the firmware set) for the others.",
        OneOf(PULL),
    );
    let debounce = table.defaulted(
        "debounce",
        "A change counts when the wire was steady for this long, 0s to 10s.",
        Period(Duration::ZERO..=10 * SECOND),
        Duration::from_millis(50),
    );
    let hold = table.defaulted(
        "hold",
        "It stays active for this long after its wire no longer is, 0s to 1d: for motion detectors that flicker.",
        Period(Duration::ZERO..=DAY),
        Duration::ZERO,
    );
    let double_gap = table.defaulted(
        "double_gap",
        "Of a button: presses that follow each other faster than this are a double or triple click, 100ms to 2s.",
        Period(Duration::from_millis(100)..=2 * SECOND),
        Duration::from_millis(350),
    );
    let long_after = table.defaulted(
        "long_after",
        "Of a button: held down for this long it is a long press, 300ms to 10s.",
        Period(Duration::from_millis(300)..=10 * SECOND),
        SECOND,
    );
    let toggles = table.optional(
        "toggles",
        "The outputs that each press of a button, or each flip of a switch, toggles.",
        NameOrNames("output"),
    );
    let sets = table.optional(
        "sets",
        "The outputs that are set as the switch stands, each time it is flipped.",
        NameOrNames("output"),
    );
    let max_rate = table.defaulted(
        "max_rate",
        "More changes than this within a second are a fault, until it is quiet again: 2 to 1000.",
        Whole(2..=1000),
        50,
    );
    let is_button = kind == Some(InputKind::Button);
    for key in ["double_gap", "long_after"] {
        if table.has(key) && !is_button && kind.is_some() {
            table.error_at(key, format!("`{key}` is for buttons"), "remove it, or write kind = \"button\"");
        }
    }
    for key in ["toggles", "sets"] {
        let fits = matches!(kind, None | Some(InputKind::Switch)) || is_button && key == "toggles";
        if table.has(key) && !fits {
            let message =
                if is_button { "a button has no position to set by" } else { "this is for a button or a switch" };
            let advice = if is_button { "write `toggles`" } else { "write kind = \"button\" or \"switch\", or a rule" };
            table.error_at(key, message, advice);
        }
    }
    // A name that stands alone has the place of its key.
    let placed = |key: &str, names: Option<Vec<(String, Range<usize>)>>| -> Vec<(String, Range<usize>)> {
        let place = |place: Range<usize>| if place.is_empty() { table.place_of(key) } else { place };
        names.into_iter().flatten().map(|(name, at)| (name, place(at))).collect()
    };
    let (usual_active, usual_pull) = match kind {
        Some(InputKind::Button | InputKind::Contact | InputKind::Switch) => (ActiveLevel::Low, Pull::Up),
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
            hold,
            double_gap,
            long_after,
            toggles: Vec::new(),
            sets: Vec::new(),
            max_rate: u32::try_from(max_rate).unwrap_or(u32::MAX),
        },
        toggles: placed("toggles", toggles),
        sets: placed("sets", sets),
        id: id.clone(),
    }
}

/// The input with its outputs found in `config`.
pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> Input {
    let mut input = draft.input;
    for (names, found) in [(draft.toggles, &mut input.toggles), (draft.sets, &mut input.sets)] {
        for (name, place) in names {
            match wording::output(&name, config) {
                Ok(output) if found.contains(&output) => {
                    problems.error(place, format!("`{name}` is listed twice"), "remove one of them");
                }
                Ok(output) => found.push(output),
                Err((message, advice)) => problems.error(place, message, advice),
            }
        }
    }
    input
}
