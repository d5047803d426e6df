//! An output and its wire.

use super::{
    manual::Manual,
    timestamp::{Timestamp, is_plain},
    turned::Turned,
};
use crate::{
    clock::{Moment, Now},
    engine::{
        guard::{Contradictions, Guard},
        parts::{
            cover::{Motion, Travel, Way},
            door::DoorState,
            mover::MoverState,
            slow_pwm::Owed,
        },
        settings::Settings,
        usage::Meter,
    },
    model::{Cover, Explanation, Level, Slot, Source},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An output and its wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct OutputState {
    /// What the wire carries, as far as known.
    pub level: Level,
    /// Since when.
    pub since: Timestamp,
    pub manual: Option<Manual>,
    /// It was on for its `max_on`, and something still asks for it.
    pub tripped: bool,
    /// The last level that was not off: what ON means.
    #[serde(default = "full")]
    pub last_on: Level,
    /// Commands are refused.
    #[serde(default)]
    pub locked: bool,
    #[serde(default)]
    pub meter: Meter,
    /// When that was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_changed: Option<Moment>,
    /// What it was last seen to be, and when that became another: a start is no change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<Level>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Moment>,
    /// A stop or a start took it elsewhere: what it is until then is no change, whether it goes back or stays there.
    #[serde(skip)]
    returning: Option<Moment>,
    /// What it is to go back to when nobody asks; None: it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Level>,
    #[serde(default, skip_serializing_if = "is_plain")]
    pub settings: Settings,
    #[serde(default, skip_serializing_if = "is_plain")]
    pub guard: Guard,
    /// Of a pulse: when it was last asked for; None: since it was last asked for nothing else was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulse_from: Option<Moment>,
    /// Of slow PWM.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub owed: Owed,
    /// Of a cover.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub travel: Travel,
    /// Of a door with one button.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub door: DoorState,
    /// Of a cover on the broker.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub mover: MoverState,
    /// Of a door and of a cover on the broker: when it was last opened or closed, by what it tells.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub turned: Turned,
    /// It is off as far as known and was driven on, and no wire has answered since that it is on or off. It outlives a kill,
    /// after which nobody else would know.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub may_have_gone_on: bool,
    /// Of an output of another hub: it was asked to be something from here, and that was not taken back.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub asked: bool,
    /// It was taken back; until then its hub may turn out to have been gone, which never heard that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<Moment>,
    /// It is just being taken back.
    #[serde(skip)]
    pub is_taken_back: bool,
    /// Since when it may be on: it was driven on then, and its wire answered later or has not answered yet. None: since it is
    /// known to be on, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_from: Option<Moment>,
    #[serde(skip)]
    pub wire: Wire,
    #[serde(skip)]
    pub contradictions: Contradictions,
    /// Rules would switch it on and off without end; until then it is off.
    #[serde(skip)]
    pub in_circle_until: Option<Moment>,
    #[serde(skip)]
    pub explanation: Option<Arc<Explanation>>,
    /// Those that held before, the last first.
    #[serde(skip)]
    pub told: Vec<Arc<Explanation>>,
}

/// How sure the engine is of a wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine) enum Wire {
    /// Not driven yet by this process.
    #[default]
    Untouched,
    /// The wire took the level.
    Confirmed,
    /// It is being driven to this level. Until the answer is there, a failure is one still.
    Driving { level: Level, failure: Option<Failure> },
    /// The wire did not take the level; it may carry anything.
    Failed(Failure),
}

/// What is wrong with a wire.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Failure {
    pub text: Arc<str>,
    /// What it did not take.
    pub level: Level,
    /// How often in a row.
    pub count: u32,
    /// When to try again.
    pub retry: Moment,
}

impl OutputState {
    pub fn new(level: Level, now: Now) -> OutputState {
        OutputState {
            level,
            since: Timestamp::of(now),
            manual: None,
            tripped: false,
            settings: Settings::default(),
            last_on: full(),
            locked: false,
            lock_changed: None,
            shown: None,
            changed: None,
            returning: None,
            left: None,
            guard: Guard::default(),
            meter: Meter::new(now.moment),
            pulse_from: None,
            owed: Owed::default(),
            travel: Travel::default(),
            door: DoorState::default(),
            mover: MoverState::default(),
            turned: Turned::default(),
            may_have_gone_on: false,
            asked: false,
            given_back: None,
            is_taken_back: false,
            on_from: None,
            wire: Wire::Untouched,
            contradictions: Contradictions::default(),
            in_circle_until: None,
            explanation: None,
            told: Vec::new(),
        }
    }

    /// At a start, its wire is claimed at another level than it had; the last that is known of it is of `taken`.
    pub fn begin_anew(&mut self, level: Level, pulse: bool, taken: Moment, now: Now) {
        self.meter.change(taken, self.level, level);
        self.meter.skip_to(now.moment);
        // A pulse that a start cut short is not given again.
        self.tripped |= pulse && self.level.is_on();
        // At another brightness it is still on: `max_on` goes on counting.
        if self.level.is_on() != level.is_on() {
            self.since = Timestamp::of(now);
            self.on_from = None;
        }
        self.level = level;
    }

    /// At a start, its wire is claimed off, and may have been on until now.
    pub fn goes_off_now(&mut self, pulse: bool, now: Now) {
        self.tripped |= pulse;
        (self.since, self.on_from) = (Timestamp::of(now), None);
    }

    /// A stop or a start takes it elsewhere, for `until` at the longest.
    pub fn goes_elsewhere(&mut self, until: Moment) {
        self.returning = Some(until);
    }

    /// At a start: whether it begins elsewhere than where it was seen.
    pub fn begins_elsewhere(&self) -> bool {
        self.shown.is_some_and(|shown| shown != self.level)
    }

    /// It is seen to be so now. To be called before `level` is set.
    pub fn show(&mut self, level: Level, now: Moment) {
        if let Some(until) = self.returning {
            if now < until {
                self.returning = self.returning.filter(|_| self.shown != Some(level));
                return;
            }
            (self.returning, self.shown) = (None, Some(self.level));
        }
        if self.shown.replace(level).is_some_and(|before| before != level) {
            self.changed = Some(now);
        }
    }

    /// What it was last seen to be; nothing while it is elsewhere for a moment.
    pub fn shown(&self, now: Moment) -> Option<Level> {
        match self.returning {
            Some(until) if now < until => None,
            Some(_) => Some(self.level),
            None => self.shown,
        }
    }

    /// Whether current may flow: also when it is being driven on, or nobody knows.
    pub fn may_be_on(&self) -> bool {
        self.level.is_on() || self.failure().is_some() || self.may_have_gone_on
    }

    /// Since when it is on, or may be, as far as a limit counts: never too late.
    pub fn on_since(&self) -> Option<Moment> {
        let known = self.level.is_on().then_some(self.since.moment);
        known.into_iter().chain(self.on_from).min()
    }

    /// What it is to be, by the last decision.
    pub fn decided(&self) -> Level {
        self.explanation.as_ref().map_or(self.level, |explanation| explanation.level)
    }

    /// The level that its wire has, or is just being driven to: how it is left, when nobody asks for another.
    pub fn left_at(&self) -> Level {
        match self.wire {
            Wire::Driving { level, .. } => level,
            Wire::Untouched | Wire::Confirmed | Wire::Failed(_) => self.level,
        }
    }

    /// Of a cover on the broker: nothing is known of it.
    pub fn begin_mover(&mut self, is_moved: bool) {
        self.mover.begin(is_moved);
        self.turned = Turned::default();
    }

    /// Whether it is as it was before a command for a time, when it is so. A door or a cover on the broker may have to
    /// wait until it can be moved.
    pub fn is_back(&self, level: Level) -> bool {
        self.left == Some(level) && !self.door.is_under_way() && !self.mover.is_pressing()
    }

    /// Whether it may have been on until now, and is to go off: how long it will have been off counts from an answer that
    /// is not there.
    pub fn is_off_unconfirmed(&self) -> bool {
        let driven = match &self.wire {
            Wire::Driving { level, .. } => level,
            Wire::Failed(failure) => &failure.level,
            Wire::Untouched | Wire::Confirmed => return false,
        };
        self.may_have_gone_on && !driven.is_on()
    }

    /// Of an output of another hub: whether somebody here asks for something.
    pub fn asks_another_hub(&self) -> bool {
        let claim = self.explanation.as_ref().and_then(|explanation| explanation.slots.first());
        claim.is_some_and(|(_, claim)| claim.cause.asks_another_hub())
    }

    /// Of an output of another hub: whether somebody there has had the last word.
    pub fn is_left_to_its_hub(&self) -> bool {
        matches!(&self.manual, Some(Manual { source: Source::Hub(_), .. }))
    }

    /// Whether that decides it now.
    pub fn is_held_by_its_hub(&self) -> bool {
        self.is_left_to_its_hub() && self.winner() == Some(Slot::Manual)
    }

    /// The slot that decides it.
    pub fn winner(&self) -> Option<Slot> {
        self.explanation.as_ref().map(|explanation| explanation.winner)
    }

    /// Whether its wire is known to have taken this level.
    pub fn is_confirmed_at(&self, level: Level) -> bool {
        self.level == level && self.wire == Wire::Confirmed
    }

    /// Whether its wire was driven and has not answered yet.
    pub fn is_under_way(&self) -> bool {
        matches!(self.wire, Wire::Driving { .. })
    }

    /// What to say of it while it is by itself at another level than it is to be, and is driven back only now and then.
    pub fn contradiction(&self) -> Option<&'static str> {
        let (is, wanted) = (self.level, self.decided());
        self.contradictions.fault(is, wanted).filter(|_| is != wanted)
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.wire {
            Wire::Failed(failure) => Some(failure),
            Wire::Driving { failure, .. } => failure.as_ref(),
            Wire::Untouched | Wire::Confirmed => None,
        }
    }
}

fn full() -> Level {
    Level::ON
}

/// How the motor of a cover runs; nothing also for both lines at once.
pub(in crate::engine) fn motion(cover: &Cover, outputs: &[OutputState]) -> Motion {
    let [open, close] = [cover.open, cover.close].map(|id| &outputs[id.0]);
    match (open.level.is_on(), close.level.is_on()) {
        (true, false) => Some((Way::Opening, open.since.moment)),
        (false, true) => Some((Way::Closing, close.since.moment)),
        _ => None,
    }
}
