//! How much may be written to the disk, whatever comes in: an SD card wears out by it.

use crate::clock::Moment;
use std::time::Duration;

/// What may be written in a day, in bytes,
const A_DAY: u64 = 32_000_000;
/// and what may be written at once, when little was for a day.
const SAVED_UP: u64 = 32_000_000;
const MS_PER_DAY: u64 = 86_400_000;

/// Fills steadily, and is spent by writing.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    at: Moment,
}

impl Budget {
    /// A full one.
    pub fn new(now: Moment) -> Budget {
        Budget { left: SAVED_UP, at: now }
    }

    /// Takes note of `bytes` that were written.
    pub fn spend(&mut self, bytes: u64, now: Moment) {
        self.fill(now);
        self.left = self.left.saturating_sub(bytes);
    }

    /// Whether so little is left that writes are to be merged.
    pub fn is_low(&self) -> bool {
        self.left < SAVED_UP / 2
    }

    /// How long `bytes` have to wait.
    pub fn wait(&mut self, bytes: u64, now: Moment) -> Duration {
        self.fill(now);
        earned_in(bytes.min(SAVED_UP).saturating_sub(self.left))
    }

    fn fill(&mut self, now: Moment) {
        let ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let earned = ms.saturating_mul(A_DAY) / MS_PER_DAY;
        // What is less than a byte is not lost.
        if earned > 0 {
            (self.left, self.at) = (self.left.saturating_add(earned).min(SAVED_UP), now);
        }
    }
}

/// How long it takes until so many bytes may be written.
pub fn earned_in(bytes: u64) -> Duration {
    Duration::from_millis(bytes.saturating_mul(MS_PER_DAY).div_ceil(A_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_often_it_is_asked_no_more_is_spent_than_a_day_gives() {
        let mut budget = Budget::new(Moment::START);
        let mut spent = 0;
        for tenth in 0..864_000 {
            let now = Moment::from_millis(tenth * 100);
            if budget.wait(15_000, now).is_zero() {
                budget.spend(15_000, now);
                spent += 15_000;
            }
        }
        assert!((60_000_000..=A_DAY + SAVED_UP).contains(&spent), "{spent}");
        assert!(budget.is_low());
    }

    #[test]
    fn it_says_how_long_to_wait() {
        let (mut budget, now) = (Budget::new(Moment::START), Moment::START);
        budget.spend(SAVED_UP, now);
        let wait = budget.wait(16_000, now);
        assert_eq!(wait, Duration::from_millis(43_200));
        assert_eq!(budget.wait(16_000, now + wait), Duration::ZERO);
        assert!(budget.wait(u64::MAX, now) <= Duration::from_secs(86_400), "nothing waits for ever");
    }
}
