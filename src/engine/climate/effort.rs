//! Whether warming warms and cooling cools: full power for long without effect is a failure.

use super::thermostat::Direction;
use crate::{clock::Moment, engine::facts::Alarm};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Power from this percentage on is full power.
pub(super) const FULL: u8 = 90;
/// So many degrees are an effect.
const EFFECT: f64 = 0.3;

/// What full power has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Effort {
    /// Since when, and what was measured then.
    trial: Option<(Direction, Moment, f64)>,
    /// This way did not work when it was last tried.
    failed: Option<Direction>,
}

impl Effort {
    /// Takes note of what is measured while the zone gives full power this way (or rests). Returns which way fails.
    pub fn update(
        &mut self,
        full: Direction,
        current: f64,
        after: Duration,
        now: Moment,
        alarm: &mut Alarm,
    ) -> Option<Direction> {
        if full == Direction::Rest {
            self.trial = None;
            return self.failed;
        }
        let (_, since, from) = *match &mut self.trial {
            Some(trial) if trial.0 == full => trial,
            other => other.insert((full, now, current)),
        };
        let gained = if full == Direction::Heat { current - from } else { from - current };
        if gained >= EFFECT {
            self.trial = Some((full, now, current));
            self.failed = self.failed.filter(|failed| *failed != full);
        } else if gained < 0.0 && self.failed.is_none() && now < since + after {
            // It went the wrong way at first: the effect counts from the worst.
            self.trial = Some((full, since, current));
            alarm.at(since + after);
        } else if now >= since + after {
            self.failed = Some(full);
        } else {
            alarm.at(since + after);
        }
        self.failed
    }

    /// Which way did not work, and since when it is tried again.
    pub fn marks(&self) -> (Option<Direction>, Option<Moment>) {
        (self.failed, self.trial.map(|(_, since, _)| since))
    }

    /// What was measured before does not count any more.
    pub fn begin_anew(&mut self) {
        self.trial = None;
    }

    /// Nothing is tried: there is no failure either.
    pub fn clear(&mut self) {
        *self = Effort::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_full_power_without_effect_is_a_failure_until_it_works() {
        let (mut effort, mut alarm) = (Effort::default(), Alarm::default());
        let hour = Duration::from_secs(3600);
        let mut at = |minute: i64, full, current| {
            effort.update(full, current, hour, Moment::from_millis(minute * 60_000), &mut alarm)
        };
        use Direction::{Heat, Rest};
        assert_eq!(at(0, Heat, 18.0), None);
        assert_eq!(at(30, Heat, 17.5), None);
        assert_eq!(at(59, Heat, 17.7), None);
        assert_eq!(at(60, Heat, 17.7), Some(Heat));
        assert_eq!(at(70, Rest, 17.7), Some(Heat), "it is not mended by resting");
        assert_eq!(at(80, Heat, 17.7), Some(Heat));
        assert_eq!(at(90, Heat, 18.0), None);
        assert_eq!(at(140, Heat, 18.4), None);
        assert_eq!(at(199, Heat, 18.4), None);
        assert_eq!(at(200, Heat, 18.4), Some(Heat));
    }
}
