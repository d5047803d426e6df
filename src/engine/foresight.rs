//! What comes next by itself: the engine run ahead on a copy, while nothing happens in the house.

use super::Engine;
use crate::{
    clock::Now,
    model::{Effect, Event, Explanation, Level, OutputId, RoomId, Truth, Upcoming},
};
use chrono::{DateTime, Utc};
use std::{collections::VecDeque, time::Duration};

/// How far ahead it looks.
const HORIZON: Duration = Duration::from_secs(24 * 3600);
/// The most steps it takes: a house that changes more often than that says nothing of tomorrow.
const STEPS_MAX: usize = 2000;

/// The next change of what an output is asked to be or why, if all inputs and readings stay as they are and every wire
/// does as it is told; nothing, if there is none within a day.
pub(super) fn next_of_output(engine: &Engine, output: OutputId, now: Now) -> Option<Upcoming> {
    let mut first = None;
    next_change(engine, now, |copy, at| {
        let explanation = copy.outputs[output.0].explanation.as_ref()?;
        let first = first.get_or_insert_with(|| explanation.clone());
        let (level, line) = (Some(explanation.level), explanation.line.clone());
        differs(first, explanation).then_some(Upcoming { at, level, line })
    })
}

/// The next change of whether a room is occupied, or somebody sleeps there, on the same terms.
pub(super) fn next_of_room(engine: &Engine, room: RoomId, asleep: bool, now: Now) -> Option<Upcoming> {
    let mut first = None;
    next_change(engine, now, |copy, at| {
        let state = &copy.rooms[room.0];
        let truth = if asleep { state.asleep } else { state.occupied };
        let first = *first.get_or_insert(truth);
        let level = (truth != Truth::Unknown).then(|| Level::from_on(truth.is_true()));
        let line = state.cause.as_ref().map(|(_, line)| line.to_string()).unwrap_or_default();
        (truth != first).then_some(Upcoming { at, level, line })
    })
}

/// Runs a copy of the engine ahead until `look`, which is shown it first as it is, finds something.
fn next_change(
    engine: &Engine,
    now: Now,
    mut look: impl FnMut(&Engine, DateTime<Utc>) -> Option<Upcoming>,
) -> Option<Upcoming> {
    let mut copy = engine.clone();
    let end = now.moment + HORIZON;
    for reading in copy.sensors.iter_mut().flat_map(|sensor| sensor.readings.values_mut()) {
        reading.at = end;
    }
    copy.still_counters();
    settle(&mut copy, now, Event::Wake);
    look(&copy, now.wall);
    for _ in 0..STEPS_MAX {
        let moment = copy.next_wakeup().filter(|next| *next <= end)?;
        let then = Now { moment, wall: now.wall_at(moment), wall_known: now.wall_known };
        settle(&mut copy, then, Event::Wake);
        if let Some(found) = look(&copy, then.wall) {
            return Some(found);
        }
    }
    None
}

fn differs(one: &Explanation, other: &Explanation) -> bool {
    one.level != other.level || one.winner != other.winner || one.line != other.line
}

impl Engine {
    /// The engine as it would be after this event, if every wire did as it is told. Nothing is done to this one.
    #[must_use]
    pub fn rehearse(&self, now: Now, event: Event) -> Engine {
        let mut copy = self.clone();
        settle(&mut copy, now, event);
        copy
    }
}

/// One event, and every wire takes what it is driven to.
fn settle(engine: &mut Engine, now: Now, event: Event) {
    let mut effects = VecDeque::from(engine.handle(now, event));
    for _ in 0..STEPS_MAX {
        let Some(effect) = effects.pop_front() else { return };
        if let Effect::Drive { output, level, .. } = effect {
            effects.extend(engine.handle(now, Event::Driven { output, level, result: Ok(()) }));
        }
    }
}
