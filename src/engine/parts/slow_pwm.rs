//! Slow PWM: a line that is on for a share of the time.
//!
//! What is owed is summed up: each millisecond adds the wanted share and takes away what was given. The line goes on when
//! nothing was given too much and off when a whole swing was. The swing is that of one period, or as much as the minimum
//! times need: phases that would be too short are merged, and what they owe is carried over.

use crate::{clock::Moment, engine::wakeup::NextWakeup};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A share of one, in ten-thousandths.
const ONE: i64 = 10_000;

/// What is owed up to `at`, in ten-thousandths of milliseconds, and the share that is wanted since. In whole numbers, so
/// that it does not matter how often it was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct Owed {
    owed: i64,
    share: i64,
    at: Moment,
}

/// The times of a slow PWM output.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Times {
    pub period: Duration,
    pub min_on: Duration,
    pub min_off: Duration,
}

impl Owed {
    /// The line goes on or off, having been `on` until now.
    pub fn settle(&mut self, now: Moment, on: bool, times: Times) {
        let elapsed = ms(now.since(self.at));
        let given = if on { ONE } else { 0 };
        let most = ONE.saturating_mul(ms(times.period.max(times.min_on).max(times.min_off)));
        let owed = self.owed.saturating_add((self.share - given).saturating_mul(elapsed));
        (self.owed, self.at) = (owed.clamp(-most, most), now.max(self.at));
    }

    /// Whether the line, `on` since `since`, is to be on now. `share` is of the time, 0.0 to 1.0.
    pub fn is_on(
        &mut self,
        share: f64,
        (on, since): (bool, Moment),
        times: Times,
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> bool {
        let share = ((share * ONE as f64).round() as i64).clamp(0, ONE);
        if share != self.share {
            self.settle(now, on, times);
            if self.share == 0 && !on && now >= since + times.period {
                // It rested: what was given too much long ago is forgotten.
                self.owed = 0;
            }
            self.share = share;
        }
        if share == 0 || share == ONE {
            return share == ONE;
        }
        let mut current = *self;
        current.settle(now, on, times);
        let swing = swing(share, times);
        let (due, rate) = if on { (current.owed + swing, ONE - share) } else { (-current.owed, share) };
        if due > 0 {
            let wait = due.div_euclid(rate) + i64::from(due.rem_euclid(rate) > 0);
            wakeup.at(Moment::from_millis(now.as_millis().saturating_add(wait)));
        }
        (due > 0) == on
    }
}

/// How much more than wanted is given by the end of each phase on.
fn swing(share: i64, times: Times) -> i64 {
    let period = share * (ONE - share) / ONE * ms(times.period);
    period.max((ONE - share) * ms(times.min_on)).max(share * ms(times.min_off))
}

fn ms(duration: Duration) -> i64 {
    // A hundred years fit, also in ten-thousandths.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(100 * 366 * 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(period: u64, min_on: u64, min_off: u64) -> Times {
        let [period, min_on, min_off] = [period, min_on, min_off].map(Duration::from_secs);
        Times { period, min_on, min_off }
    }

    /// The lengths of the phases at a constant share, in milliseconds, the first on.
    fn phases(share: f64, times: Times, count: usize) -> Vec<i64> {
        let (mut owed, mut on, mut since) = (Owed::default(), false, Moment::START);
        let (mut now, mut phases) = (Moment::START, Vec::new());
        while phases.len() < count {
            let mut wakeup = NextWakeup::default();
            let wanted = owed.is_on(share, (on, since), times, now, &mut wakeup);
            if wanted != on {
                owed.settle(now, on, times);
                if now != since || on {
                    phases.push(now.since(since).as_millis() as i64);
                }
                (on, since) = (wanted, now);
                continue;
            }
            now = wakeup.earliest().expect("it changes again");
        }
        phases
    }

    #[test]
    fn a_share_of_each_period() {
        assert_eq!(phases(0.3, times(10, 0, 0), 4), [3_000, 7_000, 3_000, 7_000]);
        assert_eq!(phases(0.5, times(10, 0, 0), 4), [5_000, 5_000, 5_000, 5_000]);
        assert_eq!(phases(0.01, times(10, 0, 0), 3), [100, 9_900, 100]);
    }

    #[test]
    fn minimum_times_make_phases_longer_and_keep_the_share() {
        assert_eq!(phases(0.1, times(10, 5, 5), 4), [5_000, 45_000, 5_000, 45_000]);
        assert_eq!(phases(0.9, times(10, 5, 5), 4), [45_000, 5_000, 45_000, 5_000]);
    }

    #[test]
    fn nothing_and_everything_do_not_switch() {
        let mut wakeup = NextWakeup::default();
        let mut owed = Owed::default();
        let times = times(10, 0, 0);
        assert!(!owed.is_on(0.0, (false, Moment::START), times, Moment::START, &mut wakeup));
        assert!(owed.is_on(1.0, (false, Moment::START), times, Moment::START, &mut wakeup));
        assert_eq!(wakeup.earliest(), None);
    }
}
