//! How long to wait before the next try to connect, and whether another client fights us for the connection.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// A connection that lived this long was not fought for.
pub(super) const STEADY: Duration = Duration::from_secs(60);

const SHORTEST_MS: u64 = 1_000;
/// While the broker is away. To see whether it is back costs next to nothing, and people wait for it.
const LONGEST_AWAY_MS: u64 = 4_000;
/// While it is there and does not take us.
const LONGEST_MS: u64 = 60_000;
/// This many connections in a row that the broker accepted and soon closed mean that another client has our id.
const FIGHT: u32 = 3;

/// Nothing after a good connection: a broker that has ended refuses the next one, which tells it from one that threw us out.
/// Then it doubles from 1 s, spread by a fifth so that the daemons of a house do not return to the broker in step.
#[derive(Debug)]
pub(super) struct Backoff {
    next_ms: u64,
    dice: u64,
    cut_short: u32,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        // The standard library seeds its hash maps from the system's random numbers: one such seed is all we need.
        Backoff { next_ms: SHORTEST_MS, dice: RandomState::new().build_hasher().finish() | 1, cut_short: 0 }
    }

    /// How long to wait now; `away`: for a broker that may be back in a moment.
    pub(super) fn wait(&mut self, away: bool) -> Duration {
        let longest = if away && self.cut_short < FIGHT { LONGEST_AWAY_MS } else { LONGEST_MS };
        let base = self.next_ms.min(longest);
        self.next_ms = (base * 2).clamp(SHORTEST_MS, LONGEST_MS);
        let spread = self.below(base / 5 + 1);
        Duration::from_millis(if base == longest { base - spread } else { base + spread })
    }

    /// The connection does what it should: waiting begins anew, unless it is being fought for.
    pub(super) fn good(&mut self) {
        if self.cut_short + 1 < FIGHT {
            self.next_ms = 0;
        }
    }

    /// The connection lived for [`STEADY`].
    pub(super) fn steady(&mut self) {
        (self.next_ms, self.cut_short) = (0, 0);
    }

    /// A try to connect ended: `cut_short` if the broker accepted us and closed the connection before it was steady. True
    /// when that happens in a row.
    pub(super) fn is_fight(&mut self, cut_short: bool) -> bool {
        self.cut_short = if cut_short { self.cut_short.saturating_add(1) } else { 0 };
        self.cut_short >= FIGHT
    }

    /// A random number below `bound` (xorshift64), which must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(backoff: &mut Backoff, away: bool, count: usize) -> Vec<u64> {
        (0..count).map(|_| backoff.wait(away).as_millis() as u64).collect()
    }

    #[test]
    fn waits_double_up_to_a_minute_and_begin_again_after_a_good_connection() {
        let mut backoff = Backoff::new();
        for (wait, base) in waits(&mut backoff, false, 6).into_iter().zip([1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
        {
            assert!((base..=base + base / 5).contains(&wait), "{wait} for {base}");
        }
        assert!(waits(&mut backoff, false, 3).iter().all(|wait| (48_000..=60_000).contains(wait)));
        backoff.good();
        let again = waits(&mut backoff, false, 2);
        assert!(again[0] == 0 && again[1] <= 1_200, "{again:?}");
    }

    #[test]
    fn a_broker_that_is_back_waits_less_than_five_seconds_however_long_it_was_away() {
        let mut backoff = Backoff::new();
        assert!(waits(&mut backoff, true, 1_000).iter().all(|wait| *wait <= 4_000));
        assert!(waits(&mut backoff, true, 48).iter().all(|wait| *wait >= 3_200), "and is not pestered");
    }

    #[test]
    fn two_daemons_do_not_wait_in_step() {
        assert_ne!(waits(&mut Backoff::new(), false, 6), waits(&mut Backoff::new(), false, 6));
    }

    #[test]
    fn a_fight_is_three_short_connections_in_a_row() {
        let mut backoff = Backoff::new();
        assert_eq!([true, true, true].map(|short| backoff.is_fight(short)), [false, false, true]);
        assert_eq!([false, true, true, true].map(|short| backoff.is_fight(short)), [false, false, false, true]);
        backoff.steady();
        assert!(!backoff.is_fight(true));
    }

    #[test]
    fn who_fights_becomes_slower_and_who_restarts_does_not() {
        for (fights, longest) in [(true, 48_000..=60_000), (false, 1_000..=1_200)] {
            let mut backoff = Backoff::new();
            let mut last = 0;
            for _ in 0..12 {
                backoff.good();
                assert!(!backoff.is_fight(true) || fights);
                last = waits(&mut backoff, true, 1)[0];
                if !fights {
                    // It is not there, and then it is.
                    backoff.is_fight(false);
                    last = waits(&mut backoff, true, 1)[0];
                }
            }
            assert!(longest.contains(&last), "{last}");
        }
    }
}
