//! How much each output was used: how often it went on, for how long, and how much it took.

use crate::{clock::Moment, model::Level};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Energy is counted on while an output is on, and shown anew at moments this far apart, the same for all outputs.
const SHOWN_EVERY: Duration = Duration::from_secs(300);
/// Percent milliseconds in an hour at full power.
const HOUR: f64 = 100.0 * 3_600_000.0;

/// Counts up to `at`; from then on it runs at the output's level. In whole numbers, so that it does not matter how often
/// it was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meter {
    /// How often it went on.
    pub cycles: u64,
    /// Milliseconds on, at whatever level.
    on_ms: u64,
    /// The sum of its percent in each millisecond.
    percent_ms: u64,
    at: Moment,
}

impl Meter {
    /// A new one.
    pub fn new(now: Moment) -> Meter {
        Meter { at: now, ..Meter::default() }
    }

    /// The level becomes another.
    pub fn change(&mut self, now: Moment, from: Level, to: Level) {
        *self = self.counted(now, from);
        self.cycles += u64::from(!from.is_on() && to.is_on());
    }

    /// From here on it counts again: nobody knows what was between.
    pub fn skip_to(&mut self, now: Moment) {
        self.at = now;
    }

    /// How long it was on up to the last change.
    pub fn on_before(&self) -> Duration {
        Duration::from_millis(self.on_ms)
    }

    /// The moment of the last change.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// Hours at full power, to be shown at `now`, and the moment at which to show it anew.
    pub fn full_hours(&self, now: Moment, level: Level) -> (f64, Option<Moment>) {
        let step = i64::try_from(SHOWN_EVERY.as_millis()).unwrap_or(i64::MAX);
        let last = Moment::from_millis(now.as_millis().div_euclid(step).saturating_mul(step));
        let counted = if last > self.at { self.counted(last, level) } else { *self };
        (counted.percent_ms as f64 / HOUR, level.is_on().then(|| last + SHOWN_EVERY))
    }

    fn counted(&self, now: Moment, level: Level) -> Meter {
        let elapsed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let percent_ms = elapsed.saturating_mul(level.percent().into());
        Meter {
            on_ms: self.on_ms.saturating_add(if level.is_on() { elapsed } else { 0 }),
            percent_ms: self.percent_ms.saturating_add(percent_ms),
            at: now.max(self.at),
            cycles: self.cycles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_the_same_however_often_it_is_looked_at() {
        let at = |s: i64| Moment::from_millis(s * 1000);
        let half = Level::new(50).unwrap();
        let mut meter = Meter::new(at(0));
        meter.change(at(100), Level::OFF, Level::ON);
        meter.change(at(3_700), Level::ON, half);
        assert_eq!((meter.cycles, meter.on_before()), (1, Duration::from_secs(3_600)));
        assert_eq!(meter.full_hours(at(3_700), half), (1.0, Some(at(3_900))));
        assert_eq!(meter.full_hours(at(3_899), half).0, 1.0, "shown in steps");
        let shown = meter.full_hours(at(3_900 + 600), half).0;
        assert!((shown - (1.0 + 800.0 / 7_200.0)).abs() < 1e-9, "{shown}");
        meter.change(at(7_300), half, Level::OFF);
        assert_eq!(meter.full_hours(at(90_000), Level::OFF), (1.5, None));
    }
}
