//! What comes next by itself: the engine run ahead on a copy, while nothing happens in the house.

use super::{Engine, state::Timestamp};
use crate::{
    clock::Now,
    model::{Effect, Event, Explanation, OutputId, Upcoming},
};
use std::{collections::VecDeque, time::Duration};

/// How far ahead it looks.
const HORIZON: Duration = Duration::from_secs(24 * 3600);
/// The most steps it takes: a house that changes more often than that says nothing of tomorrow.
const STEPS_MAX: usize = 2000;

/// The next change of what an output is asked to be or why, if all inputs and readings stay as they are and every wire
/// does as it is told; nothing, if there is none within a day.
pub(super) fn next_change(engine: &Engine, output: OutputId, now: Now) -> Option<Upcoming> {
    let mut copy = engine.clone();
    let end = now.moment + HORIZON;
    for reading in copy.sensors.iter_mut().flat_map(|sensor| sensor.readings.values_mut()) {
        reading.at = end;
    }
    copy.still_counters();
    settle(&mut copy, now, Event::Wake);
    let first = copy.outputs[output.0].explanation.clone()?;
    for _ in 0..STEPS_MAX {
        let moment = copy.next_wakeup().filter(|next| *next <= end)?;
        let then = Now { moment, wall: now.wall_at(moment), wall_known: now.wall_known };
        settle(&mut copy, then, Event::Wake);
        let explanation = copy.outputs[output.0].explanation.as_ref()?;
        if differs(&first, explanation) {
            let at = Timestamp::of(then).wall;
            return Some(Upcoming { at, level: explanation.level, line: explanation.line.clone() });
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
