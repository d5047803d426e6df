//! A guard on how often an output is switched by rules: what works against itself must not wear a relay out.
//!
//! Each switching is paid for with `1 / max_rate` seconds, and ten seconds may be owed. What owes more is held in its safe
//! state for a minute, and twice as long each time it happens again, up to an hour. Nothing that is done for safety counts or
//! is kept from being done, nor does what people and other programs command.
//!
//! And a guard on how often an output is driven back that is found otherwise than it was driven: a device with a timer of its
//! own, or two programs that command it, would make that a storm as fast as the network carries it. Here it is of no account
//! who wants the output so, safety included: some answers are given at once, more after pauses. Those are short where it is to
//! be off, so that nothing stays on for long that must not.

use super::wakeup::NextWakeup;
use crate::{clock::Moment, model::Level};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const OWED_MAX: Duration = Duration::from_secs(10);
const REST_FIRST: Duration = Duration::from_secs(60);
const REST_LAST: Duration = Duration::from_secs(3600);
/// After so long without a rest, the next is a first one again.
const CALM: Duration = Duration::from_secs(2 * 3600);

/// So many drives answer at once what was found otherwise.
const ANSWERS_AT_ONCE: u32 = 5;
/// The pause after the last of them, which doubles up to the longest where the output is to be on.
const PAUSE_FIRST: Duration = Duration::from_secs(10);
const PAUSE_LONGEST: Duration = Duration::from_secs(60);
/// After so long without such a drive, the next is a first one again: longer than any pause.
const OBEYED_FOR: Duration = Duration::from_secs(120);

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

/// How often an output was driven back since its wire or device was otherwise by itself. It is of one process only: each
/// start drives it once anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contradictions {
    /// It was found otherwise, and not driven since.
    is_open: bool,
    /// It was to be held off when it was found so, and was not known to be right since.
    is_told: bool,
    /// Drives that answered it in a row, and the last of them.
    answers: u32,
    answered: Moment,
}

impl Contradictions {
    /// It was found otherwise than at `wanted`.
    pub fn found(&mut self, wanted: Level, now: Moment) {
        self.is_open = true;
        self.is_told |= self.held_off(wanted, now).is_some();
    }

    /// Somebody can reach it again: what it did not take is tried, as often as what it contradicts.
    pub fn reached(&mut self) {
        self.is_open = true;
    }

    /// It is as it should be, by its own word.
    pub fn obeys(&mut self) {
        (self.is_open, self.is_told) = (false, false);
    }

    /// It is driven now.
    pub fn driven(&mut self, now: Moment) {
        if std::mem::take(&mut self.is_open) {
            let in_a_row = now < self.answered + OBEYED_FOR;
            (self.answers, self.answered) = (if in_a_row { self.answers.saturating_add(1) } else { 1 }, now);
        }
    }

    /// Until when it is not driven to this level, if it is to wait.
    pub fn held_off(&self, level: Level, now: Moment) -> Option<Moment> {
        let more = self.answers.checked_sub(ANSWERS_AT_ONCE).filter(|_| self.is_open)?;
        let doubled = PAUSE_FIRST.saturating_mul(1 << more.min(6)).min(PAUSE_LONGEST);
        let until = self.answered + if level.is_on() { doubled } else { PAUSE_FIRST };
        (now < until).then_some(until)
    }

    /// What to say of an output that is at another level than `wanted`, if it does not come to rest.
    pub fn fault(&self, is: Level, wanted: Level) -> Option<&'static str> {
        let fault = match is.is_on() {
            true if wanted.is_on() => {
                "it goes to another level by itself again and again (a knob, another program?): it is driven back ever \
                 less often, every 60s at least"
            }
            true => {
                "it goes on by itself again and again (a button, another program?): it is driven back every 10s at most"
            }
            false => {
                "it goes off by itself again and again (a timer in the device, another program?): it is driven back ever \
                 less often, every 60s at least"
            }
        };
        self.is_told.then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_is_answered_at_once_at_first_and_then_ever_less_often() {
        let at = |seconds: u64| Moment::START + Duration::from_secs(seconds);
        let answers = |level: Level| {
            let mut device = Contradictions::default();
            let mut answers = Vec::new();
            for now in 0..300 {
                device.found(level, at(now));
                if device.held_off(level, at(now)).is_none() {
                    device.driven(at(now));
                    answers.push(now);
                }
            }
            assert!(device.fault(Level::ON, Level::OFF).is_some());
            device.obeys();
            assert!(device.fault(Level::ON, Level::OFF).is_none());
            device.found(level, at(300 + 120));
            assert_eq!(device.held_off(level, at(300 + 120)), None);
            answers
        };
        assert_eq!(answers(Level::ON), [0, 1, 2, 3, 4, 14, 34, 74, 134, 194, 254]);
        let off = answers(Level::OFF);
        assert_eq!(off[..7], [0, 1, 2, 3, 4, 14, 24]);
        assert_eq!(off.last(), Some(&294));
    }

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
