//! How long to wait before the next try to connect, and whether another client fights us for the connection.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// A connection that lived this long was a good one: waiting starts again at the shortest.
pub(super) const STEADY: Duration = Duration::from_secs(60);

const SHORTEST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 60_000;
/// This many connections in a row that the broker accepted and soon closed mean that another client has our id.
const FIGHT: u32 = 3;

/// Doubles from 1 s to 60 s, spread by a fifth so that the daemons of a house do not return to the broker in step.
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

    /// How long to wait now.
    pub(super) fn wait(&mut self) -> Duration {
        let base = self.next_ms;
        self.next_ms = (base * 2).min(LONGEST_MS);
        let spread = self.below(base / 5 + 1);
        Duration::from_millis(if base == LONGEST_MS { base - spread } else { base + spread })
    }

    /// The connection lived for [`STEADY`].
    pub(super) fn steady(&mut self) {
        (self.next_ms, self.cut_short) = (SHORTEST_MS, 0);
    }

    /// A try to connect ended: `cut_short` if the broker accepted us and closed the connection before it was steady.
    /// True when that happens in a row.
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

    #[test]
    fn waits_double_up_to_a_minute_and_begin_again_after_a_steady_connection() {
        let mut backoff = Backoff::new();
        for base in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000] {
            let wait = backoff.wait().as_millis() as u64;
            assert!((base..=base + base / 5).contains(&wait), "{wait} for {base}");
        }
        for _ in 0..3 {
            assert!((48_000..=60_000).contains(&(backoff.wait().as_millis() as u64)));
        }
        backoff.steady();
        assert!(backoff.wait() <= Duration::from_millis(1_200));
    }

    #[test]
    fn two_daemons_do_not_wait_in_step() {
        let waits = |mut backoff: Backoff| (0..6).map(|_| backoff.wait()).collect::<Vec<_>>();
        assert_ne!(waits(Backoff::new()), waits(Backoff::new()));
    }

    #[test]
    fn a_fight_is_three_short_connections_in_a_row() {
        let mut backoff = Backoff::new();
        assert_eq!([true, true, true].map(|short| backoff.is_fight(short)), [false, false, true]);
        assert_eq!([false, true, true, true].map(|short| backoff.is_fight(short)), [false, false, false, true]);
        backoff.steady();
        assert!(!backoff.is_fight(true));
    }
}
