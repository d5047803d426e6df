//! At the end: in which rounds drives are tried, and how long an answer is waited for in each.
//!
//! Whoever ends hearthd has some seconds for all of a bus, and nobody knows who on it is dead. So the rounds before the last
//! one have a time that is shared by all who have not been heard: however many are dead, those behind them are reached.

use crate::clock::Moment;
use std::time::Duration;

/// What fails is tried again after all others, in so many rounds.
pub(super) const LAST_ROUND: u8 = 3;
/// Each round but the last has this time, of the four seconds that `hearthd safe` has, and the five of a stop.
const SHARED: Duration = Duration::from_millis(1_500);
/// In them, an answer is waited for no longer than this,
const IN_HURRY: Duration = Duration::from_millis(300);
/// and not less long: most devices answer sooner.
const LEAST: Duration = Duration::from_millis(50);

pub(super) struct Rounds {
    /// The one that has begun, from 1; 0: it is not the end.
    round: u8,
    /// When that was.
    began: Moment,
    /// The longest and the shortest wait in a round that is not the last.
    pub in_hurry: [Duration; 2],
}

impl Rounds {
    /// It is not the end.
    pub fn new() -> Rounds {
        Rounds { round: 0, began: Moment::START, in_hurry: [IN_HURRY, LEAST] }
    }

    pub fn begin(&mut self, round: u8, now: Moment) {
        (self.round, self.began) = (round, now);
    }

    pub fn current(&self) -> u8 {
        self.round
    }

    /// When the current one began, if it is the end.
    pub fn began(&self) -> Option<Moment> {
        (self.round > 0).then_some(self.began)
    }

    /// How long an answer is waited for, while so many are unheard, whoever is asked among them. Whoever is slow is known by
    /// nobody: in the last round it has all the time it needs.
    pub fn patience(&self, timeout: Duration, unheard: usize, now: Moment) -> Duration {
        if self.round == 0 || self.round == LAST_ROUND {
            return timeout;
        }
        let [longest, least] = self.in_hurry;
        let left = SHARED.saturating_sub(now.since(self.began));
        let share = left / u32::try_from(unheard.max(1)).unwrap_or(u32::MAX);
        let share = Duration::from_millis(u64::try_from(share.as_millis()).unwrap_or(u64::MAX));
        share.max(least).min(longest).min(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(500);

    /// How long each of so many is waited for in a round, if none answers.
    fn waits(round: u8, dead: usize) -> Vec<u128> {
        let (mut rounds, mut now) = (Rounds::new(), Moment::from_millis(1_000_000));
        rounds.begin(round, now);
        let waits = (1..=dead).rev().map(|unheard| {
            let patience = rounds.patience(TIMEOUT, unheard, now);
            now = now + patience;
            patience.as_millis()
        });
        waits.collect()
    }

    #[test]
    fn the_dead_share_the_time_of_a_round() {
        for round in [1, 2] {
            assert_eq!(waits(round, 3), [300; 3]);
            assert_eq!(waits(round, 12), [125; 12]);
            assert_eq!(waits(round, 30), [50; 30], "as many as a line carries");
        }
    }

    #[test]
    fn in_the_last_round_who_is_slow_has_the_time_it_needs() {
        assert_eq!(waits(LAST_ROUND, 30), [500; 30]);
        assert_eq!(waits(0, 30), [500; 30], "nor is anybody in a hurry before the end");
        let mut rounds = Rounds::new();
        rounds.begin(1, Moment::START);
        assert_eq!(rounds.patience(Duration::from_millis(20), 30, Moment::START), Duration::from_millis(20));
        let late = Moment::START + Duration::from_secs(60);
        assert_eq!(rounds.patience(TIMEOUT, 1, late), LEAST);
    }
}
