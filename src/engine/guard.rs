//! A guard on how often an output is switched by rules: what works against itself must not wear a relay out.
//!
//! Each switching is paid for with `1 / max_rate` seconds, and ten seconds may be owed. What owes more is held in its safe
//! state for a minute, and twice as long each time it happens again, up to an hour. Nothing that is done for safety counts or
//! is kept from being done, nor does what people and other programs command.

use super::wakeup::NextWakeup;
use crate::clock::Moment;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const OWED_MAX: Duration = Duration::from_secs(10);
const REST_FIRST: Duration = Duration::from_secs(60);
const REST_LAST: Duration = Duration::from_secs(3600);
/// After so long without a rest, the next is a first one again.
const CALM: Duration = Duration::from_secs(2 * 3600);

/// How often an output was switched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guard {
    /// Until then it owes.
    owes_until: Moment,
    /// It is held until then.
    until: Option<Moment>,
    rests: u32,
}

impl Guard {
    /// It is switched. Returns whether that was too often.
    pub fn switched(&mut self, max_rate: u32, now: Moment) -> bool {
        self.owes_until = self.owes_until.max(now) + Duration::from_secs(1) / max_rate.max(1);
        if self.until.is_some() || self.owes_until.since(now) <= OWED_MAX {
            return false;
        }
        let rest = REST_FIRST.saturating_mul(1 << self.rests.min(6)).min(REST_LAST);
        (self.until, self.rests) = (Some(now + rest), self.rests.saturating_add(1));
        true
    }

    /// Until when it is held, if it is.
    pub fn held(&self) -> Option<Moment> {
        self.until
    }

    /// Lets it go when it has rested. Returns whether it does.
    pub fn update(&mut self, now: Moment, wakeup: &mut NextWakeup) -> bool {
        match self.until {
            Some(until) if now >= until => {
                (self.until, self.owes_until) = (None, now);
                true
            }
            Some(until) => {
                wakeup.at(until);
                false
            }
            None => {
                if self.rests > 0 && now >= self.owes_until + CALM {
                    self.rests = 0;
                }
                false
            }
        }
    }

    /// Somebody asks for it: it need not rest.
    pub fn let_go(&mut self) {
        *self = Guard::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_its_rate_goes_on_for_ever_and_a_chatter_ends_soon() {
        let at = |ms: u64| Moment::START + Duration::from_millis(ms);
        let mut steady = Guard::default();
        assert!((0..10_000).all(|count| !steady.switched(4, at(count * 250))));
        let mut chatter = Guard::default();
        assert_eq!((0..1_000).position(|count| chatter.switched(4, at(count * 4))), Some(40));
        let mut rests = Vec::new();
        let mut now = at(4_000);
        for _ in 0..8 {
            let until = chatter.held().unwrap();
            rests.push(until.since(now).as_secs().div_ceil(60));
            assert!(chatter.update(until, &mut NextWakeup::default()));
            now = until;
            while !chatter.switched(4, now) {}
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
