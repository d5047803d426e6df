//! Time-proportional switching: a relay that is on for a share of every cycle.

use crate::{clock::Moment, engine::facts::Alarm};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a cycle and its parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Shape {
    pub cycle: Duration,
    /// No `on` is shorter.
    pub min_on: Duration,
    /// No `off` is shorter.
    pub min_off: Duration,
}

/// The cycle that is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Cycle {
    begun: Option<Moment>,
    /// It is on for this long from its beginning.
    on_ms: i64,
    /// What earlier cycles gave too little (or too much, negative) because a part would have been too short.
    owed_ms: i64,
}

impl Cycle {
    /// Whether the relay is to be on now, of a need of `percent`. A need of nothing switches off at once.
    pub fn step(&mut self, percent: f64, shape: Shape, now: Moment, alarm: &mut Alarm) -> bool {
        let cycle_ms = milliseconds(shape.cycle).max(1);
        let elapsed_ms = |begun: Moment| now.as_millis().saturating_sub(begun.as_millis());
        // A cycle ends by time; one that began in the future is of a state file that is none.
        self.begun = self.begun.filter(|begun| (0..cycle_ms).contains(&elapsed_ms(*begun)));
        if percent <= 0.0 {
            self.on_ms = 0;
            self.owed_ms = 0;
        } else if self.begun.is_none() {
            self.begin(percent, shape, cycle_ms, now);
        }
        let Some(begun) = self.begun else { return false };
        let on_end = begun + Duration::from_millis(u64::try_from(self.on_ms).unwrap_or(0));
        let on = now < on_end;
        alarm.at(if on { on_end } else { begun + shape.cycle });
        on
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most a cycle, in milliseconds")]
    fn begin(&mut self, percent: f64, shape: Shape, cycle_ms: i64, now: Moment) {
        let full = percent >= 100.0;
        let wanted_ms = (percent.min(100.0) / 100.0 * cycle_ms as f64) as i64 + self.owed_ms;
        // To the nearest second: what is left of it is owed.
        let whole_ms = (wanted_ms + 500).div_euclid(1000) * 1000;
        let (min_on, min_off) = (milliseconds(shape.min_on), milliseconds(shape.min_off));
        self.on_ms = if full || cycle_ms - whole_ms < min_off.max(1) {
            cycle_ms
        } else if whole_ms < min_on.max(1) {
            0
        } else {
            whole_ms
        };
        self.owed_ms = if full { 0 } else { (wanted_ms - self.on_ms).clamp(-cycle_ms, cycle_ms) };
        self.begun = Some(now);
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape =
        Shape { cycle: Duration::from_secs(600), min_on: Duration::from_secs(60), min_off: Duration::from_secs(60) };

    /// The seconds on and the changes in `cycles` cycles of a need.
    fn run(percent: f64, cycles: i64) -> (i64, usize) {
        let (mut cycle, mut alarm) = (Cycle::default(), Alarm::default());
        let states: Vec<bool> = (0..cycles * 600)
            .map(|second| cycle.step(percent, SHAPE, Moment::from_millis(second * 1000), &mut alarm))
            .collect();
        let on = states.iter().filter(|on| **on).count();
        (i64::try_from(on).unwrap(), states.windows(2).filter(|pair| pair[0] != pair[1]).count())
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
        let (mut cycle, mut alarm) = (Cycle::default(), Alarm::default());
        assert!(cycle.step(50.0, SHAPE, Moment::from_millis(0), &mut alarm));
        assert!(!cycle.step(0.0, SHAPE, Moment::from_millis(10_000), &mut alarm));
        assert!(!cycle.step(50.0, SHAPE, Moment::from_millis(20_000), &mut alarm), "not before the cycle is over");
        assert!(cycle.step(50.0, SHAPE, Moment::from_millis(600_000), &mut alarm));
    }
}
