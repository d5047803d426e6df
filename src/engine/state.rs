//! What the engine knows of each entity. These survive restarts as they are (see [`Memory`](super::Memory)).

use super::{
    filters::FilterState,
    manual::Manual,
    parts::{cover::Travel, slow_pwm::Owed},
    usage::Meter,
};
use crate::{
    clock::{Moment, Now},
    model::{Explanation, Level, Quality, Quantity, Sensor, Truth},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A moment together with the wall time it stands for, kept so that texts about it do not flicker with the clocks' drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Timestamp {
    pub moment: Moment,
    pub wall: DateTime<Utc>,
}

impl Timestamp {
    pub fn of(now: Now) -> Timestamp {
        Timestamp { moment: now.moment, wall: now.wall }
    }

    pub fn after(now: Now, duration: Duration) -> Timestamp {
        let moment = now.moment + duration;
        Timestamp { moment, wall: now.wall_at(moment) }
    }

    pub fn plus(self, duration: Duration) -> Timestamp {
        let wall = chrono::TimeDelta::from_std(duration).ok().and_then(|delta| self.wall.checked_add_signed(delta));
        Timestamp { moment: self.moment + duration, wall: wall.unwrap_or(self.wall) }
    }

    /// Follows a wall clock that was set since.
    pub fn follow(&mut self, now: Now) {
        let wall = now.wall_at(self.moment);
        if (wall - self.wall).abs() > chrono::TimeDelta::seconds(2) {
            self.wall = wall;
        }
    }
}

/// An output and its wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OutputState {
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
    /// Of a pulse: when it was last asked for; nothing: since it was last asked for nothing else was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulse_from: Option<Moment>,
    /// Of slow PWM.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub owed: Owed,
    /// Of a cover.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub travel: Travel,
    #[serde(skip)]
    pub wire: Wire,
    #[serde(skip)]
    pub explanation: Option<Arc<Explanation>>,
}

/// How sure the engine is of a wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Wire {
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
pub(super) struct Failure {
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
            last_on: full(),
            locked: false,
            meter: Meter::new(now.moment),
            pulse_from: None,
            owed: Owed::default(),
            travel: Travel::default(),
            wire: Wire::Untouched,
            explanation: None,
        }
    }

    /// At a start, its wire is claimed at another level than it had; the last that is known of it is of `taken`.
    pub fn begin_anew(&mut self, level: Level, pulse: bool, taken: Moment, now: Now) {
        self.meter.change(taken, self.level, level);
        self.meter.skip_to(now.moment);
        // A pulse that a start cut short is not given again.
        self.tripped |= pulse && self.level.is_on();
        (self.level, self.since) = (level, Timestamp::of(now));
    }

    /// Whether current may flow: also when it is being driven on, or nobody knows.
    pub fn may_be_on(&self) -> bool {
        self.level.is_on()
            || self.failure().is_some()
            || matches!(self.wire, Wire::Driving { level, .. } if level.is_on())
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.wire {
            Wire::Failed(failure) => Some(failure),
            Wire::Driving { failure, .. } => failure.as_ref(),
            Wire::Untouched | Wire::Confirmed => None,
        }
    }
}

/// An input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct InputState {
    pub active: Option<bool>,
    pub changed: Option<DateTime<Utc>>,
    pub fault: Option<Arc<str>>,
}

impl InputState {
    pub fn quality(&self) -> Quality {
        match (&self.fault, self.active) {
            (Some(_), _) => Quality::Fault,
            (None, Some(_)) => Quality::Good,
            (None, None) => Quality::Unknown,
        }
    }

    pub fn truth(&self) -> Truth {
        match (&self.fault, self.active) {
            (None, Some(active)) => active.into(),
            _ => Truth::Unknown,
        }
    }
}

/// A sensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SensorState {
    pub readings: BTreeMap<Quantity, Reading>,
    pub fault: Option<Arc<str>>,
    /// What its filters remember.
    #[serde(default)]
    pub filters: BTreeMap<Quantity, FilterState>,
}

/// One number a sensor gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    pub value: f64,
    /// When it was read.
    pub at: Moment,
    /// When the value last became another.
    pub changed: DateTime<Utc>,
}

impl SensorState {
    /// The quality of one of its readings, and the moment at which a good one becomes stale.
    pub fn quality(&self, sensor: &Sensor, quantity: Quantity, now: Moment) -> (Quality, Option<Moment>) {
        match self.readings.get(&quantity) {
            _ if self.fault(quantity).is_some() => (Quality::Fault, None),
            None => (Quality::Unknown, None),
            Some(reading) => {
                let stale = reading.at + sensor.stale_after;
                if now < stale { (Quality::Good, Some(stale)) } else { (Quality::Stale, None) }
            }
        }
    }

    /// What is wrong with one of its readings: the sensor, the reading itself, or one that it is worked out from.
    pub fn fault(&self, quantity: Quantity) -> Option<&Arc<str>> {
        let of = |quantity: &Quantity| self.filters.get(quantity).and_then(FilterState::fault);
        let own = || of(&quantity);
        self.fault.as_ref().or_else(own).or_else(|| quantity.ingredients().iter().find_map(of))
    }

    /// What was read before may be long out of date.
    pub fn forget(&mut self) {
        self.readings.clear();
        self.filters.clear();
    }
}

/// A room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RoomState {
    /// When motion was last seen.
    pub motion_seen: Option<Moment>,
    pub changed: Option<DateTime<Utc>>,
    #[serde(with = "truth")]
    pub occupied: Truth,
}

impl Default for RoomState {
    fn default() -> RoomState {
        RoomState { motion_seen: None, changed: None, occupied: Truth::Unknown }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RuleState {
    /// The conditions as written: another text starts anew.
    pub text: String,
    /// With `until`: `while` was true and `until` not since.
    pub latched: bool,
    /// One for each `for`.
    pub timers: Vec<Timer>,
    #[serde(skip, default = "unknown")]
    pub truth: Truth,
}

/// The timer of a `for`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Timer {
    /// Since when its condition has been true.
    pub certain: Option<Moment>,
    /// Since when it has been true or unknown: as long ago it may have become true.
    pub possible: Option<Moment>,
}

fn full() -> Level {
    Level::ON
}

fn is_plain<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn unknown() -> Truth {
    Truth::Unknown
}

/// An optional boolean in the state file.
mod truth {
    use super::Truth;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(truth: &Truth, serializer: S) -> Result<S::Ok, S::Error> {
        match truth {
            Truth::True => Some(true),
            Truth::False => Some(false),
            Truth::Unknown => None,
        }
        .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Truth, D::Error> {
        Ok(Option::<bool>::deserialize(deserializer)?.map_or(Truth::Unknown, Truth::from))
    }
}
