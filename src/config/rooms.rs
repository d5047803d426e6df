//! `[rooms.NAME]`: groups of inputs, whose `occupied` is worked out.

use super::{
    diagnostic::Problems,
    ids,
    language::{self, Kept, Scope},
    oscillation::{self, SelfHeld},
    rules::{Condition, Sentence, read_sentence},
    settable,
    shape::{DAY, Names, Period, SECOND},
    suggestions,
    table::{Id, Table},
};
use crate::model::{Condition as Held, Config, InputId, InputKind, Point, Room, RoomId, Rule};
use std::ops::Range;

pub(super) type Mention = (String, Range<usize>);

const OCCUPIED_WHILE: &str = "occupied_while";
const ASLEEP_WHILE: &str = "asleep_while";

/// A room as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    pub room: Room,
    /// Whether people may set its numbers.
    pub settable: bool,
    motion: Vec<Mention>,
    doors: Vec<Mention>,
    asked: Asked,
}

/// The conditions of a room as written.
#[derive(Default)]
pub(super) struct Asked {
    occupied_while: Option<Sentence>,
    asleep_while: Option<Sentence>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let called = ids::called_now(id, table);
    let motion =
        table.required("motion", "The inputs that show that somebody is there.", "[\"hall_motion\"]", Names("input"));
    let doors = table.optional(
        "doors",
        "All doors of the room. While they are closed, whoever moved inside is still there, however still.",
        Names("input"),
    );
    let empty_after = table.defaulted(
        "empty_after",
        "The room is empty when nothing has shown anybody for this long, 1s to 1d.",
        Period(SECOND..=DAY),
        300 * SECOND,
    );
    let settable = settable::read("empty_after", table);
    let settle = table.defaulted(
        "settle",
        "Motion that goes on for longer than this after the doors were closed is of somebody inside, 1s to 1h. Write more \
         than the time for which the detectors stay active by themselves.",
        Period(SECOND..=3600 * SECOND),
        60 * SECOND,
    );
    let forget_after = table.defaulted(
        "forget_after",
        "Whoever was closed in but has not moved for this long is believed to have left unseen, 1m to 7d.",
        Period(60 * SECOND..=7 * DAY),
        DAY / 2,
    );
    let mut sentence = |key, about| {
        let text = table.optional(key, about, Condition)?;
        Some(Sentence { text, place: table.place_of(key) })
    };
    let asked = Asked {
        occupied_while: sentence(OCCUPIED_WHILE, "What else shows that somebody is there, such as \"tv.power > 20\"."),
        asleep_while: sentence(
            ASLEEP_WHILE,
            "While this is true, such as \"mode is night\", an occupied room stays occupied; gives the point NAME.asleep.",
        ),
    };
    if motion.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("motion", "a room without inputs is never occupied", "name its inputs: [\"hall_motion\"]");
    }
    if doors.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("doors", "a list without doors", "name them: [\"bath_door\"], or remove the line");
    }
    for key in ["settle", "forget_after"] {
        if table.has(key) && !table.has("doors") {
            table.error_at(key, format!("`{key}` without `doors`"), "add doors = [\"bath_door\"], or remove the line");
        }
    }
    if forget_after < empty_after && doors.is_some() {
        let key = if table.has("forget_after") { "forget_after" } else { "empty_after" };
        table.error_at(key, "`forget_after` is shorter than `empty_after`", "write a longer `forget_after`");
    }
    // What they ask is found when all names are known; until then they only say that they are there.
    let asked_later = |name: &str, sentence: &Option<Sentence>| {
        sentence.as_ref().map(|sentence| rule(name, Held::All(Vec::new()), 0, sentence))
    };
    Draft {
        room: Room {
            name: called.name.clone(),
            empty_after,
            settle,
            forget_after,
            occupied_while: asked_later(OCCUPIED_WHILE, &asked.occupied_while),
            asleep_while: asked_later(ASLEEP_WHILE, &asked.asleep_while),
            ..Room::plain(&id.text, Vec::new())
        },
        settable,
        id: id.clone(),
        called,
        motion: motion.unwrap_or_default(),
        doors: doors.unwrap_or_default(),
        asked,
    }
}

/// The room with its inputs found in `config`, and what it asks.
pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> (Room, Asked) {
    let mut room = draft.room;
    let mut taken = Vec::new();
    room.motion = inputs(draft.motion, &mut taken, config, problems, |_, _| {});
    room.doors = inputs(draft.doors, &mut taken, config, problems, |door, place| {
        let kind = config[door].kind;
        if matches!(kind, InputKind::Door | InputKind::Window | InputKind::Contact) {
            return;
        }
        let message = format!("`{}` is {}, not a door", config[door].id, kind.facts().noun);
        problems.error(place.clone(), message, "name inputs of kind \"door\", \"window\" or \"contact\"");
    });
    (room, draft.asked)
}

fn inputs(
    mentions: Vec<Mention>,
    taken: &mut Vec<InputId>,
    config: &Config,
    problems: &Problems,
    check: impl Fn(InputId, &Range<usize>),
) -> Vec<InputId> {
    let first = taken.len();
    for (name, place) in mentions {
        if problems.are_enough() {
            break;
        }
        match suggestions::binary_input(&name, config) {
            Ok(input) if taken.contains(&input) => {
                problems.error(place, format!("`{name}` is listed twice"), "remove one of them");
            }
            Ok(input) => {
                check(input, &place);
                taken.push(input);
            }
            Err((message, advice)) => problems.error(place, message, advice),
        }
    }
    taken[first..].to_vec()
}

/// What the rooms of `scope` ask: `occupied_while` and `asleep_while` of each.
pub(super) fn conditions(
    asked: &[Asked],
    scope: &Scope<'_>,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
) -> Vec<[Option<Rule>; 2]> {
    let mut parse = |name, sentence: &Option<Sentence>| {
        let sentence = sentence.as_ref()?;
        kept.timers = 0;
        let parse = |text: &str, kept: &mut Kept| language::condition(text, scope, kept);
        let condition = read_sentence(sentence, kept, source, problems, parse)?;
        Some(rule(name, condition, kept.timers, sentence))
    };
    let of = |asked: &Asked| [parse(OCCUPIED_WHILE, &asked.occupied_while), parse(ASLEEP_WHILE, &asked.asleep_while)];
    asked.iter().map(of).collect()
}

/// Reports rooms that are occupied because they are occupied.
pub(super) fn check(asked: &[Asked], config: &Config, problems: &Problems) {
    for (index, asked) in asked.iter().enumerate() {
        let id = RoomId(index);
        for (rule, sentence) in sentences(&config[id], asked) {
            let Some(way) = way_to(id, &rule.condition, config, &mut vec![false; config.rooms.len()]) else { continue };
            let through = way.map(|other| format!(" through {}", config[other].id)).unwrap_or_default();
            problems.error(
                sentence.place.clone(),
                format!("{} is explained by itself{through}", config[id].id),
                "ask for what shows that somebody is there: a sensor, an output, the mode",
            );
        }
    }
    for SelfHeld { room, output } in oscillation::self_held(&config.rules, config) {
        let Some((_, sentence)) = sentences(&config[room], &asked[room.0])
            .find(|(rule, _)| rule.condition.points(config).iter().any(|point| oscillation::is_of(*point, output)))
        else {
            continue;
        };
        let (room, output) = (&config[room].id, &config[output].id);
        problems.warning(
            sentence.place.clone(),
            format!("{output} is switched on while {room} is occupied, and then keeps it occupied"),
            "ask for something that a person switches, or `not` for this output",
        );
    }
}

fn sentences<'a>(room: &'a Room, asked: &'a Asked) -> impl Iterator<Item = (&'a Rule, &'a Sentence)> {
    let occupied = room.occupied_while.as_ref().zip(asked.occupied_while.as_ref());
    occupied.into_iter().chain(room.asleep_while.as_ref().zip(asked.asleep_while.as_ref()))
}

/// Whether a condition asks for a room, and through which other room it does.
fn way_to(room: RoomId, condition: &Held, config: &Config, seen: &mut [bool]) -> Option<Option<RoomId>> {
    let rooms = condition.points(config).into_iter().filter_map(|point| match point {
        Point::Occupied(other) | Point::Asleep(other) => Some(other),
        _ => None,
    });
    for other in rooms {
        if other == room {
            return Some(None);
        }
        if std::mem::replace(&mut seen[other.0], true) {
            continue;
        }
        let asked = [&config[other].occupied_while, &config[other].asleep_while].into_iter().flatten();
        let mut ways = asked.map(|rule| way_to(room, &rule.condition, config, seen));
        if ways.any(|way| way.is_some()) {
            return Some(Some(other));
        }
    }
    None
}

fn rule(name: &str, condition: Held, timers: usize, sentence: &Sentence) -> Rule {
    Rule {
        name: name.into(),
        condition,
        until: None,
        set: Vec::new(),
        notice: None,
        timers,
        text: sentence.text.clone(),
    }
}

/// The room that something says it is in.
pub(super) fn find((name, place): Mention, config: &Config, problems: &Problems) -> Option<RoomId> {
    let found = config.find_room(&name);
    if found.is_none() {
        let rooms = config.rooms.iter().map(|room| &*room.id);
        let (message, advice) = suggestions::not_found("room", &name, rooms, config);
        problems.error(place, message, advice);
    }
    found
}
