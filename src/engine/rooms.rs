//! Rooms: whether somebody is there.
//!
//! What shows that somebody is in a room, its **signs**: a motion input is active; all doors are **closed** and somebody
//! moved inside since ("a wasp in a box": what was in when the box was shut is in until it is opened); its
//! `occupied_while` is true; it was occupied and its `asleep_while` is true. After the last sign has ended it stays
//! occupied for `empty_after`.
//!
//! Nothing of this is counted in steps: doors and motion inputs remember when they last did what, and every pass works
//! out the room from that. So it makes no difference whether hearthd was restarted, or the doors were added by a reload.

use super::{
    facts::Facts,
    rules,
    state::{InputState, RoomState, RuleState, Timestamp},
    wakeup::NextWakeup,
};
use crate::{
    clock::{Moment, Now},
    model::{Config, InputId, Room, RoomCause, RoomId, Rule, Sign, Truth},
};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Motion that begins less than this after the closing may still be of somebody who has left: detectors answer late, and
/// they see the door move.
const ECHO: Duration = Duration::from_secs(2);
/// Motion detectors need so long after they got power; before that they see what is not there.
const WARM_UP: Duration = Duration::from_secs(60);

/// How it stands with the doors of a room.
#[derive(Clone, Copy, PartialEq)]
enum Doors {
    /// One at least is open, or nobody knows.
    Open,
    /// All are closed, and nobody is known to be inside.
    Closed,
    /// All are closed since then, and somebody has moved inside.
    ClosedIn { since: Moment },
    /// That was so, but the last motion is too long ago.
    Forgotten { moved: Moment },
}

/// Brings a room up to date. Returns whether what must survive a restart changed.
pub(super) fn update(id: RoomId, state: &mut RoomState, facts: &mut Facts<'_>) -> bool {
    let (config, now) = (facts.config, facts.now.moment);
    let room = &config[id];
    let before = remembered(state);
    let (evidence, timers) = ask(room.occupied_while.as_ref(), &mut state.occupied_while, facts);
    let (sleep, more_timers) = ask(room.asleep_while.as_ref(), &mut state.asleep_while, facts);
    let motion = motion(room, facts.inputs);
    let doors = doors(room, state, facts.inputs, now, facts.wakeup);

    // What was a sign until now is one that has just ended.
    let closed_in = matches!(doors, Doors::ClosedIn { .. });
    let was_let_out = state.closed_in && matches!(doors, Doors::Open | Doors::Closed);
    let ended = [
        (Sign::Closed, was_let_out),
        (Sign::Evidence, state.evident && !evidence.is_true()),
        (Sign::Asleep, state.kept.is_true() && !sleep.is_true()),
    ];
    for (sign, _) in ended.into_iter().filter(|(_, ended)| *ended) {
        state.last = Some((sign, now));
    }
    (state.closed_in, state.evident) = (closed_in, evidence.is_true());
    let last = last_sign(room, state, config, facts.inputs);
    let empty_after = state.empty_after(room);
    let held = last.filter(|(_, at)| now < *at + empty_after);
    if let Some((_, at)) = held {
        facts.wakeup.at(at + empty_after);
    }
    let awake = motion.or(closed_in.into()).or(evidence).or(held.is_some().into());
    // Whoever lies still was there before; a condition alone brings nobody.
    state.kept = sleep.and(if awake.is_true() { Truth::True } else { state.kept });
    let occupied = awake.or(state.kept);
    turn(state, occupied, sleep.and(occupied), facts.now);

    let active = room.motion.iter().find(|input| facts.inputs[input.0].truth().is_true());
    let cause = match (active, doors, held) {
        (Some(input), ..) => RoomCause::Motion(*input),
        (_, Doors::ClosedIn { since }, _) => RoomCause::Closed { since: stamp(state, since, facts.now) },
        _ if evidence.is_true() => RoomCause::Evidence,
        _ if state.kept.is_true() => RoomCause::Asleep,
        (.., Some((sign, at))) => RoomCause::Lately { sign, until: stamp(state, at, facts.now) },
        _ if occupied == Truth::Unknown => {
            let unknown = |input: &&InputId| facts.inputs[input.0].truth() == Truth::Unknown;
            let conditions = [(Sign::Evidence, evidence), (Sign::Asleep, state.kept)].into_iter();
            RoomCause::Unknown {
                inputs: room.motion.iter().filter(unknown).copied().collect(),
                conditions: conditions.filter(|(_, truth)| *truth == Truth::Unknown).map(|(sign, _)| sign).collect(),
            }
        }
        (_, Doors::Forgotten { moved }, None) => RoomCause::Forgotten { since: stamp(state, moved, facts.now) },
        _ => RoomCause::Nobody { since: last.map(|(_, at)| stamp(state, at, facts.now)) },
    };
    state.cause = Some(cause);
    timers || more_timers || before != remembered(state)
}

/// Until when nobody saw whether somebody left a room, of an engine that begins at `now`. After a power cut detectors
/// must warm up.
pub(super) fn unseen_until(power_was_cut: bool, pause_is_unknown: bool, now: Moment) -> Option<Moment> {
    if power_was_cut { Some(now + WARM_UP) } else { pause_is_unknown.then_some(now) }
}

/// When an occupied room will be empty, if nothing happens any more; None: not by time alone.
pub(super) fn empties(room: &Room, state: &RoomState, config: &Config, inputs: &[InputState]) -> Option<Moment> {
    let lasts = motion(room, inputs) != Truth::False || state.evident || state.kept.is_true();
    if lasts || !state.occupied.is_true() {
        return None;
    }
    let held = last_sign(room, state, config, inputs).map(|(_, at)| at + state.empty_after(room));
    let forgotten = last_moved(room, inputs).map(|moved| moved + room.forget_after).filter(|_| state.closed_in);
    held.max(forgotten)
}

/// Whether a motion input is active.
pub(super) fn motion(room: &Room, inputs: &[InputState]) -> Truth {
    room.motion.iter().fold(Truth::False, |truth, input| truth.or(inputs[input.0].truth()))
}

fn ask(rule: Option<&Rule>, state: &mut Option<RuleState>, facts: &mut Facts<'_>) -> (Truth, bool) {
    let (Some(rule), Some(state)) = (rule, state) else { return (Truth::False, false) };
    let changed = rules::update(rule, state, facts);
    (state.truth, changed)
}

/// Works out who is closed in from when doors and motion inputs last did what.
fn doors(room: &Room, state: &RoomState, inputs: &[InputState], now: Moment, wakeup: &mut NextWakeup) -> Doors {
    let closed =
        |input: &InputState| (input.truth() == Truth::False).then_some(input.turned.at.max(input.turned.known)?);
    let Some(closed) = room.doors.iter().map(|door| closed(&inputs[door.0])).collect::<Option<Vec<_>>>() else {
        return Doors::Open;
    };
    let Some(since) = closed.into_iter().max() else { return Doors::Open };
    let since = since.max(state.unseen_until.unwrap_or(since));
    let mut motion = room.motion.iter().map(|input| &inputs[input.0]);
    let settled = since + room.settle;
    let moves = motion.clone().any(InputState::is_wire_on);
    let last = if moves { Some(now) } else { last_moved(room, inputs) };
    let inside = last.is_some_and(|last| last >= settled)
        || motion.any(|input| input.rose.is_some_and(|rose| rose >= since + ECHO));
    match last {
        Some(moved) if inside => {
            let forgotten = moved + room.forget_after;
            if now >= forgotten {
                return Doors::Forgotten { moved };
            }
            wakeup.at(forgotten);
            Doors::ClosedIn { since }
        }
        _ => {
            if moves {
                wakeup.at(settled);
            }
            Doors::Closed
        }
    }
}

/// When the wire of a motion input was last on, as far as that has ended.
fn last_moved(room: &Room, inputs: &[InputState]) -> Option<Moment> {
    room.motion.iter().filter_map(|input| inputs[input.0].last_on).max()
}

/// The sign of somebody that ended last, and when. One that lasts still may have been seen before.
fn last_sign(room: &Room, state: &RoomState, config: &Config, inputs: &[InputState]) -> Option<(Sign, Moment)> {
    let moved = room.motion.iter().filter_map(|input| Some(inputs[input.0].last_on? + config[*input].hold)).max();
    let moved = moved.map(|at| (Sign::Motion, at));
    state.last.into_iter().chain(moved).max_by_key(|(_, at)| *at)
}

/// Makes the room's points what they are now.
fn turn(state: &mut RoomState, occupied: Truth, asleep: Truth, now: Now) {
    if state.occupied != occupied {
        (state.occupied, state.changed) = (occupied, Some(now.wall));
    }
    if state.asleep != asleep {
        (state.asleep, state.asleep_changed) = (asleep, Some(now.wall));
    }
    state.turned.follow(occupied, now.moment);
    state.asleep_turned.follow(asleep, now.moment);
}

/// The wall time of a moment, which does not flicker.
fn stamp(state: &mut RoomState, moment: Moment, now: Now) -> DateTime<Utc> {
    let mut stamp = state.told.filter(|told| told.moment == moment);
    let stamp = stamp.get_or_insert(Timestamp { moment, wall: now.wall_at(moment) });
    stamp.follow(now);
    state.told = Some(*stamp);
    stamp.wall
}

/// What of a room must survive a restart, without the timers of its conditions.
fn remembered(state: &RoomState) -> impl PartialEq + use<> {
    (state.occupied, state.asleep, state.kept, state.closed_in, state.last)
}
