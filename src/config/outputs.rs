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

/// A group of outputs while its members are gathered.
struct Group {
    interlock: Interlock,
    first: Id,
    members: usize,
    /// The member whose safe state is on.
    safe_on: Option<Id>,
    /// The member that says how long the wait is.
    waiting: Option<Id>,
}

/// Joins the outputs that name the same word into groups, in the order of their first members.
pub(super) fn join_interlocks(drafts: &mut [Draft], problems: &Problems) -> Vec<Interlock> {
    let mut groups: Vec<Group> = Vec::new();
    for draft in drafts {
        let Some(word) = &draft.interlock else { continue };
        let place = groups.iter().position(|group| *group.interlock.id == **word).unwrap_or_else(|| {
            let interlock = Interlock { id: word.as_str().into(), wait: INTERLOCK_WAIT };
            groups.push(Group { interlock, first: draft.id.clone(), members: 0, safe_on: None, waiting: None });
            groups.len() - 1
        });
        draft.output.interlock = Some(InterlockId(place));
        let group = &mut groups[place];
        group.members += 1;
        if draft.output.safe == SafeState::On {
            match &group.safe_on {
                None => group.safe_on = Some(draft.id.clone()),
                Some(other) => problems.error(
                    draft.id.place.clone(),
                    format!("{} and {} of the group `{word}` both have the safe state on", draft.id.text, other.text),
                    "write safe = \"off\" for one of them: at most one member is ever on",
                ),
            }
        }
        let Some((wait, at)) = draft.wait.take() else { continue };
        let agreed = group.interlock.wait;
        match &group.waiting {
            None => {
                group.interlock.wait = wait;
                group.waiting = Some(draft.id.clone());
            }
            Some(other) if agreed != wait => problems.error(
                at,
                format!(
                    "{} and {} are in the group `{word}` with different waits, {} and {}",
                    draft.id.text,
                    other.text,
                    duration::spell(wait),
                    duration::spell(agreed)
                ),
                "write the same wait for both, or for one of them only",
            ),
            Some(_) => {}
        }
    }
    for group in groups.iter().filter(|group| group.members == 1) {
        let (name, word) = (&group.first.text, &group.interlock.id);
        problems.warning(
            group.first.place.clone(),
            format!("{name} is alone in its interlock group `{word}`"),
            format!("add interlock = \"{word}\" to the other outputs of the group"),
        );
    }
    groups.into_iter().map(|group| group.interlock).collect()
}
