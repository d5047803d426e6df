//! At the end: in which rounds drives are tried, and how long an answer is waited for in each.
//!
//! Whoever ends hearthd has some seconds for all of a bus, and nobody knows who on it is dead. So the more time was waited in
//! vain, the less is waited for the next: those behind the dead are reached. Who answers costs the others nothing.

use crate::clock::Moment;
use std::time::Duration;

/// What fails is tried again after all others, in so many rounds.
pub(super) const LAST_ROUND: u8 = 3;
/// Each round but the last has about this time to wait in vain, of the four seconds that `hearthd safe` has, and the five of a stop;
const IN_VAIN: Duration = Duration::from_millis(1_500);
/// so much of what is left of it goes to the next that does not answer.
const SHARE: u32 = 5;
/// In them, an answer is waited for no longer than this,
const IN_HURRY: Duration = Duration::from_millis(300);
/// and not less long: most devices answer sooner.
const LEAST: Duration = Duration::from_millis(100);

pub(super) struct Rounds {
    /// The one that has begun, from 1; 0: it is not the end.
    round: u8,
    /// When that was.
    began: Moment,
    /// How long was waited in it for answers that did not come.
    waited: Duration,
    /// The longest and the shortest wait in a round that is not the last.
    pub in_hurry: [Duration; 2],
}

impl Rounds {
    /// It is not the end.
    pub fn new() -> Rounds {
        Rounds { round: 0, began: Moment::START, waited: Duration::ZERO, in_hurry: [IN_HURRY, LEAST] }
    }

    pub fn begin(&mut self, round: u8, now: Moment) {
        (self.round, self.began, self.waited) = (round, now, Duration::ZERO);
    }

    pub fn current(&self) -> u8 {
        self.round
    }

    /// When the current one began, if it is the end.
    pub fn began(&self) -> Option<Moment> {
        (self.round > 0).then_some(self.began)
    }

    /// An answer did not come within this time.
    pub fn missed(&mut self, patience: Duration) {
        self.waited += patience;
    }

    /// How long an answer is waited for. Whoever is slow is known by nobody: in the last round it has all the time it needs.
    pub fn patience(&self, timeout: Duration) -> Duration {
        if self.round == 0 || self.round == LAST_ROUND {
            return timeout;
        }
        let [longest, least] = self.in_hurry;
        let share = IN_VAIN.saturating_sub(self.waited) / SHARE;
        share.max(least).min(longest).min(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(500);

    /// How long each of so many is waited for in a round, if none answers.
    fn waits(round: u8, dead: usize) -> Vec<u128> {
        let mut rounds = Rounds::new();
        rounds.begin(round, Moment::START);
        let waits = (0..dead).map(|_| {
            let patience = rounds.patience(TIMEOUT);
            rounds.missed(patience);
            patience.as_millis()
        });
        waits.collect()
    }

    #[test]
    fn the_dead_leave_time_for_those_behind_them() {
        for round in [1, 2] {
            assert_eq!(waits(round, 8), [300, 240, 192, 153, 122, 100, 100, 100]);
            assert!(waits(round, 20).iter().sum::<u128>() < 2_700);
        }
    }

    #[test]
    fn who_answers_takes_nothing_from_others() {
        let mut rounds = Rounds::new();
        rounds.begin(1, Moment::START);
        assert_eq!(rounds.patience(TIMEOUT), IN_HURRY, "nothing was waited in vain");
        rounds.missed(IN_VAIN);
        assert_eq!(rounds.patience(TIMEOUT), LEAST);
        rounds.begin(2, Moment::START);
        assert_eq!(rounds.patience(TIMEOUT), IN_HURRY, "each round anew");
        assert_eq!(rounds.patience(Duration::from_millis(20)), Duration::from_millis(20));
    }

    #[test]
    fn in_the_last_round_who_is_slow_has_the_time_it_needs() {
        assert_eq!(waits(LAST_ROUND, 30), [500; 30]);
        assert_eq!(waits(0, 30), [500; 30], "nor is anybody in a hurry before the end");
    }
}
