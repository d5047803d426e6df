//! `[outputs.NAME]`: what is driven, by which wire, within which limits.

use super::{
    diagnostic::Problems,
    ids,
    shape::{DAY, OneOf, Period, SECOND, Text, Wire, Word},
    table::{Id, Table},
};
use crate::model::{
    ActiveLevel, AtStart, Interlock, InterlockId, Level, Line, Output, OutputKind, SafeState, duration,
};
use std::{ops::Range, time::Duration};

const KIND: &[(&str, OutputKind)] = &[
    ("light", OutputKind::Light),
    ("fan", OutputKind::Fan),
    ("switch", OutputKind::Switch),
    ("heater", OutputKind::Heater),
    ("cooler", OutputKind::Cooler),
    ("valve", OutputKind::Valve),
    ("cover", OutputKind::Cover),
    ("siren", OutputKind::Siren),
];
pub(super) const ACTIVE: &[(&str, ActiveLevel)] = &[("high", ActiveLevel::High), ("low", ActiveLevel::Low)];
const AT_START: &[(&str, AtStart)] = &[("off", AtStart::Off), ("on", AtStart::On), ("restore", AtStart::Restore)];
const SAFE: &[(&str, SafeState)] = &[("off", SafeState::Off), ("on", SafeState::On), ("hold", SafeState::Hold)];
const LEVEL: &[(&str, Level)] = &[("off", Level::OFF), ("on", Level::ON)];

/// How long the others have been off before a member of a group goes on, when no member says.
const INTERLOCK_WAIT: Duration = Duration::from_millis(500);

/// An output as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub output: Output,
    /// The place of its wire; nothing when the wire is not known.
    pub line: Option<Range<usize>>,
    interlock: Option<String>,
    wait: Option<(Duration, Range<usize>)>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let limit = || Period(SECOND..=365 * DAY);
    let kind = table.required("kind", "What it is; decides defaults and how apps show it.", "\"light\"", OneOf(KIND));
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let line = table.required("gpio", "Its wire: the BCM number, \"GPIO17\", or \"gpiochip1/4\".", "17", Wire);
    let active = table.defaulted(
        "active",
        "The electric level that switches it on: \"low\" for most relay boards with opto-couplers.",
        OneOf(ACTIVE),
        ActiveLevel::High,
    );
    let at_start = table.optional(
        "at_start",
        "What it is driven to at start: \"restore\" (default of light, fan, switch), \"off\" (default of the others), \"on\".",
        OneOf(AT_START),
    );
    let safe =
        table.defaulted("safe", "What it is left in when hearthd ends, however it ends.", OneOf(SAFE), SafeState::Off);
    let default = table.defaulted("default", "What it is when nobody asks for anything.", OneOf(LEVEL), Level::OFF);
    let max_on = table.optional(
        "max_on",
        "On for longer than this, it goes off and stays off until nothing asks for it any more.",
        limit(),
    );
    let min_on = table.optional("min_on", "Once on, it stays on for at least this long.", limit());
    let min_off = table.optional("min_off", "Once off, it stays off for at least this long.", limit());
    let interlock =
        table.optional("interlock", "A word that several outputs share: at most one of them is on at any time.", Word);
    let wait = table.optional(
        "interlock_wait",
        "How long the others of the group have been off before it may go on, 0s to 60s; 500ms when absent.",
        Period(Duration::ZERO..=60 * SECOND),
    );
    let manual_for =
        table.optional("manual_for", "How long a command holds when it does not say; until AUTO when absent.", limit());

    if let (Some(min_on), Some(max_on)) = (min_on, max_on)
        && min_on > max_on
    {
        let (least, most) = (duration::spell(min_on), duration::spell(max_on));
        table.error_at(
            "min_on",
            format!("min_on ({least}) is longer than max_on ({most})"),
            format!("write at most {most}, or a longer max_on"),
        );
    }
    if table.has("interlock_wait") && !table.has("interlock") {
        table.error_at(
            "interlock_wait",
            "`interlock_wait` without `interlock`",
            "add interlock = \"name_of_the_group\"",
        );
    }
    Draft {
        line: line.is_some().then(|| table.place_of("gpio")),
        wait: wait.map(|wait| (wait, table.place_of("interlock_wait"))),
        interlock,
        output: Output {
            id: id.text.as_str().into(),
            name: name.unwrap_or_else(|| ids::for_people(&id.text)),
            kind: kind.unwrap_or(OutputKind::Switch),
            line: line.unwrap_or(Line::Number(0)),
            active,
            at_start: at_start.unwrap_or(match kind {
                Some(OutputKind::Light | OutputKind::Fan | OutputKind::Switch) => AtStart::Restore,
                _ => AtStart::Off,
            }),
            safe,
            default,
            max_on,
            min_on,
            min_off,
            interlock: None,
            manual_for,
        },
        id: id.clone(),
    }
}

/// Joins the outputs that name the same word into groups, in the order of their first members.
pub(super) fn join_interlocks(drafts: &mut [Draft], problems: &Problems) -> Vec<Interlock> {
    let mut groups: Vec<Interlock> = Vec::new();
    // For each group: how many members it has, the first of them, and who says the wait.
    let mut members: Vec<(usize, Id, Option<(String, Duration)>)> = Vec::new();
    for draft in drafts {
        let Some(word) = &draft.interlock else { continue };
        let group = groups.iter().position(|group| *group.id == **word).unwrap_or_else(|| {
            groups.push(Interlock { id: word.as_str().into(), wait: INTERLOCK_WAIT });
            members.push((0, draft.id.clone(), None));
            groups.len() - 1
        });
        draft.output.interlock = Some(InterlockId(group));
        let (count, _, said) = &mut members[group];
        *count += 1;
        match (&said, draft.wait.take()) {
            (None, Some((wait, _))) => {
                groups[group].wait = wait;
                *said = Some((draft.id.text.clone(), wait));
            }
            (Some((other, agreed)), Some((wait, place))) if *agreed != wait => problems.error(
                place,
                format!(
                    "{} and {other} are in the group `{word}` with different waits, {} and {}",
                    draft.id.text,
                    duration::spell(wait),
                    duration::spell(*agreed)
                ),
                "write the same wait for both, or for one of them only",
            ),
            _ => {}
        }
    }
    for (group, (count, id, _)) in groups.iter().zip(members) {
        if count == 1 {
            problems.warning(
                id.place,
                format!("{} is alone in its interlock group `{}`", id.text, group.id),
                format!("add interlock = \"{}\" to the other outputs of the group", group.id),
            );
        }
    }
    groups
}
