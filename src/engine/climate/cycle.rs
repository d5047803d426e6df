//! Time-proportional switching: a relay that is on for a share of every cycle.
//!
//! The share is decided at the beginning of a cycle and holds to its end, but for two things: a need of nothing ends it at
//! once, and who asks for more than before need not wait. Outputs that take any level follow the need by steps.

use super::asked::Power;
use crate::{clock::Moment, engine::wakeup::NextWakeup};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What takes any level is moved by at least this many percent, but to nothing and to all.
const LEVEL_STEP: f64 = 3.0;

/// What a cycle is begun for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Need {
    /// Of full power, 0 to 100.
    pub percent: f64,
    /// What is to be held, °C; higher means more power.
    pub goal: f64,
}

/// How long a cycle and its parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Shape {
    pub cycle: Duration,
    /// No `on` is shorter.
    pub min_on: Duration,
    /// No `off` is shorter.
    pub min_off: Duration,
    /// Its outputs take any level: it need not wait for the next cycle.
    pub any_level: bool,
}

/// The cycle that is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Cycle {
    begun: Option<Moment>,
    /// What was decided, percent.
    percent: u8,
    /// What it was decided for.
    goal: f64,
    /// It is on for this long from its beginning.
    on_ms: i64,
    /// What earlier cycles gave too little (or too much, negative) because a part would have been too short.
    owed_ms: i64,
}

impl Cycle {
    /// The power to give now. A need of nothing switches off at once.
    pub fn step(&mut self, need: Need, shape: Shape, now: Moment, wakeup: &mut NextWakeup) -> Power {
        let cycle_ms = milliseconds(shape.cycle).max(1);
        let elapsed_ms = |begun: Moment| now.as_millis().saturating_sub(begun.as_millis());
        // A cycle ends by time; one that began in the future is of a state file that is none.
        self.begun = self.begun.filter(|begun| (0..cycle_ms).contains(&elapsed_ms(*begun)));
        if need.percent <= 0.0 {
            let given_ms = self.begun.map_or(0, elapsed_ms);
            (self.on_ms, self.owed_ms, self.percent) = (self.on_ms.min(given_ms), 0, 0);
        } else if self.begun.is_none() || self.is_cut_short(need, shape, now, wakeup) {
            self.begin(need, shape, cycle_ms, now);
        } else if shape.any_level {
            self.follow(need);
        }
        self.goal = self.goal.min(need.goal);
        let Some(begun) = self.begun else { return Power::default() };
        let on_end = self.on_end(begun);
        let relay = now < on_end;
        wakeup.at(if relay { on_end } else { begun + shape.cycle });
        Power { percent: self.percent, relay }
    }

    /// Whether a new cycle begins before its time: somebody asks for more, and the relay was off for long enough.
    fn is_cut_short(&self, need: Need, shape: Shape, now: Moment, wakeup: &mut NextWakeup) -> bool {
        let Some(begun) = self.begun.filter(|_| need.goal > self.goal && need.percent > f64::from(self.percent)) else {
            return false;
        };
        let on_end = self.on_end(begun);
        let rested = on_end + shape.min_off;
        if now >= on_end && now < rested {
            wakeup.at(rested);
            return false;
        }
        true
    }

    fn on_end(&self, begun: Moment) -> Moment {
        begun + Duration::from_millis(u64::try_from(self.on_ms).unwrap_or(0))
    }

    /// Moves the level, if that is worth it.
    fn follow(&mut self, need: Need) {
        let moved = (need.percent - f64::from(self.percent)).abs();
        if moved >= LEVEL_STEP || need.percent >= 100.0 {
            self.percent = whole(need.percent);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most a cycle, in milliseconds")]
    fn begin(&mut self, need: Need, shape: Shape, cycle_ms: i64, now: Moment) {
        let (percent, was_on) = (need.percent, self.begun.is_some_and(|begun| now < self.on_end(begun)));
        let full = percent >= 100.0;
        let wanted_ms = (percent.min(100.0) / 100.0 * cycle_ms as f64) as i64 + self.owed_ms;
        // To the nearest second: what is left of it is owed.
        let whole_ms = (wanted_ms + 500).div_euclid(1000) * 1000;
        let (min_on, min_off) = (milliseconds(shape.min_on), milliseconds(shape.min_off));
        self.on_ms = if full || cycle_ms - whole_ms < min_off.max(1) {
            cycle_ms
        } else if whole_ms < min_on.max(1) {
            // What is on must not go off too soon.
            if was_on { min_on } else { 0 }
        } else {
            whole_ms
        };
        self.owed_ms = if full { 0 } else { (wanted_ms - self.on_ms).clamp(-cycle_ms, cycle_ms) };
        (self.begun, self.goal) = (Some(now), need.goal);
        if shape.any_level { self.follow(need) } else { self.percent = whole(percent) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn whole(percent: f64) -> u8 {
    percent.clamp(0.0, 100.0).round() as u8
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        cycle: Duration::from_secs(600),
        min_on: Duration::from_secs(60),
        min_off: Duration::from_secs(60),
        any_level: false,
    };

    /// A zone's life: each step is a second, a need of percent and a goal; what it gives then.
    fn powers(shape: Shape, steps: &[(i64, f64, f64)]) -> Vec<(u8, bool)> {
        let mut cycle = Cycle::default();
        let step = |&(second, percent, goal): &(i64, f64, f64)| {
            let need = Need { percent, goal };
            let power = cycle.step(need, shape, Moment::from_millis(second * 1000), &mut NextWakeup::default());
            (power.percent, power.relay)
        };
        steps.iter().map(step).collect()
    }

    /// The seconds on and the changes in `cycles` cycles of a need.
    fn run(percent: f64, cycles: i64) -> (i64, usize) {
        let steps: Vec<_> = (0..cycles * 600).map(|second| (second, percent, 20.0)).collect();
        let states = powers(SHAPE, &steps);
        let on = states.iter().filter(|(_, on)| *on).count();
        (i64::try_from(on).unwrap(), states.windows(2).filter(|pair| pair[0].1 != pair[1].1).count())
    }

    #[test]
    fn a_share_of_every_cycle() {
        assert_eq!(run(40.0, 3), (3 * 240, 5));
        assert_eq!(run(100.0, 3), (1_800, 0));
        assert_eq!(run(0.0, 3), (0, 0));
    }

    #[test]
    fn parts_that_are_too_short_are_made_up_later() {
        // 5 % of 600 s is 30 s: every second cycle gives 60 s.
        assert_eq!(run(5.0, 4).0, 2 * 60);
        // 95 %: the off of 30 s is saved up to one of 60 s.
        let (on, _) = run(95.0, 4);
        assert_eq!(on, 4 * 570);
    }

    #[test]
    fn nothing_is_needed_and_it_stops_at_once() {
        let steps = [(0, 50.0, 20.0), (10, 0.0, 20.0), (20, 50.0, 20.0), (600, 50.0, 20.0)];
        assert_eq!(
            powers(SHAPE, &steps),
            [(50, true), (0, false), (0, false), (50, true)],
            "not before the cycle is over"
        );
    }

    #[test]
    fn the_share_is_decided_at_the_beginning_of_a_cycle() {
        let steps = [(0, 50.0, 20.0), (100, 48.0, 20.0), (299, 52.0, 20.0), (300, 70.0, 20.0), (600, 43.0, 20.0)];
        assert_eq!(powers(SHAPE, &steps), [(50, true), (50, true), (50, true), (50, false), (43, true)]);
    }

    #[test]
    fn who_asks_for_more_need_not_wait_but_for_the_minimum() {
        let steps = [(0, 10.0, 17.0), (70, 100.0, 21.0), (119, 100.0, 21.0), (120, 100.0, 21.0), (400, 80.0, 21.0)];
        assert_eq!(powers(SHAPE, &steps), [(10, true), (10, false), (10, false), (100, true), (100, true)]);
        // Less is asked for: what was begun goes on.
        assert_eq!(powers(SHAPE, &[(0, 60.0, 21.0), (100, 20.0, 17.0)]), [(60, true), (60, true)]);
    }

    #[test]
    fn any_level_follows_by_steps_and_goes_to_the_ends_at_once() {
        let shape = Shape { any_level: true, ..SHAPE };
        let needs = [2.0, 3.0, 5.9, 6.0, 97.5, 99.0, 100.0, 98.0, 0.6, 0.0, 0.6];
        let steps: Vec<_> = (0..).zip(needs).map(|(second, percent)| (second, percent, 20.0)).collect();
        let levels: Vec<u8> = powers(shape, &steps).into_iter().map(|(percent, _)| percent).collect();
        assert_eq!(levels, [0, 3, 3, 6, 98, 98, 100, 100, 1, 0, 0]);
    }
}
