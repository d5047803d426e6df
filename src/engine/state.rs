//! What the engine knows of each entity. These survive restarts as they are (see [`Memory`](super::Memory)).

mod manual;
mod output;
mod timestamp;
mod turned;

use super::{
    filters::FilterState,
    inputs::{clicks::Clicking, counting::Counting, storm::Storm},
    settings::Settings,
};
use crate::{
    clock::{Moment, Now},
    model::{Learnt, Modes, Quality, Quantity, Room, RoomCause, Rule, Sensor, SettableKind, Sign, Source, Truth},
};
use chrono::{DateTime, Utc};
pub(super) use manual::{ByItself, Manual, Release};
pub(super) use output::{Failure, OutputState, Wire, motion};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
pub(super) use timestamp::{Timestamp, is_plain};
pub(super) use turned::Turned;

/// An input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct InputState {
    /// As it counts: a held one stays active.
    pub active: Option<bool>,
    pub changed: Option<DateTime<Utc>>,
    pub fault: Option<Arc<str>>,
    /// What its wire was last read to be.
    #[serde(default)]
    pub wire: Option<bool>,
    /// Until when it stays active although its wire is not.
    #[serde(default)]
    pub held_until: Option<Moment>,
    /// When its wire was last seen to go on, while there was nothing wrong with it.
    #[serde(default)]
    pub rose: Option<Moment>,
    /// When its wire was last known to be on: it went off, was read again or lost then.
    #[serde(default)]
    pub last_on: Option<Moment>,
    #[serde(default)]
    pub storm: Storm,
    #[serde(default)]
    pub turned: Turned,
    /// This process has read it, or heard that it cannot be read.
    #[serde(skip)]
    pub seen: bool,
    /// What was just heard of it is of then: of what came after it, more may be on its way.
    #[serde(skip)]
    pub heard: Option<Moment>,
    #[serde(skip)]
    pub clicking: Clicking,
    /// Of a counter.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub counting: Counting,
    /// How it was last clicked, and when.
    #[serde(default)]
    pub last_click: Option<(Arc<str>, DateTime<Utc>)>,
}

impl InputState {
    /// Makes it count as active or not. Returns whether that is new.
    pub fn turn(&mut self, active: bool, now: Now) -> bool {
        if self.active == Some(active) {
            return false;
        }
        (self.active, self.changed) = (Some(active), Some(now.wall));
        true
    }

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

    /// Whether its wire itself is on, without any hold.
    pub fn is_wire_on(&self) -> bool {
        self.fault.is_none() && self.wire == Some(true)
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
    /// What its chip has learnt of the air. The engine keeps it and makes nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learnt: Option<Learnt>,
    /// While one of its quantities was never heard of: since when that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Moment>,
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
    /// The quality of one of its readings, and the moment at which one that is not stale becomes so; where nothing was ever
    /// heard of the sensor, all of them.
    pub fn quality(&self, sensor: &Sensor, quantity: Quantity, now: Moment) -> (Quality, Option<Moment>) {
        if self.fault(quantity).is_some() {
            return (Quality::Fault, None);
        }
        let (fresh, since) = match self.readings.get(&quantity) {
            Some(reading) => (Quality::Good, Some(reading.at)),
            None => (Quality::Unknown, self.awaited),
        };
        let stale = since.map(|since| since + sensor.stale_after);
        match stale.is_some_and(|stale| stale <= now) {
            true => (Quality::Stale, None),
            false => (fresh, stale),
        }
    }

    /// What is wrong with one of its readings: the sensor, the reading itself, or one that it is worked out from.
    pub fn fault(&self, quantity: Quantity) -> Option<&Arc<str>> {
        let of = |quantity: &Quantity| self.filters.get(quantity).and_then(FilterState::fault);
        let own = || of(&quantity);
        self.fault.as_ref().or_else(own).or_else(|| quantity.ingredients().iter().find_map(of))
    }

    /// Whether nothing was ever heard of one of its quantities.
    pub fn lacks(&self, sensor: &Sensor) -> bool {
        sensor.quantities().any(|quantity| !self.readings.contains_key(&quantity))
    }

    /// What was read before may be long out of date.
    pub fn forget(&mut self) {
        self.readings.clear();
        self.filters.clear();
        (self.learnt, self.awaited) = (None, None);
    }
}

/// A room. When it was that somebody moved or that doors were closed, its inputs know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RoomState {
    pub changed: Option<DateTime<Utc>>,
    #[serde(with = "truth")]
    pub occupied: Truth,
    #[serde(default)]
    pub turned: Turned,
    /// Somebody is closed in.
    #[serde(default)]
    pub closed_in: bool,
    /// Its `occupied_while` is true.
    #[serde(default)]
    pub evident: bool,
    /// Its `asleep_while` keeps it occupied: somebody was there when that began, or came since.
    #[serde(default = "no", with = "truth")]
    pub kept: Truth,
    /// It is occupied, and its `asleep_while` is true.
    #[serde(default = "unknown", with = "truth")]
    pub asleep: Truth,
    #[serde(default)]
    pub asleep_changed: Option<DateTime<Utc>>,
    #[serde(default)]
    pub asleep_turned: Turned,
    /// The sign other than motion that ended last, and when.
    #[serde(default)]
    pub last: Option<(Sign, Moment)>,
    /// What doors were before is of no account: hearthd did not see whether somebody left.
    #[serde(default)]
    pub unseen_until: Option<Moment>,
    #[serde(default)]
    pub occupied_while: Option<RuleState>,
    #[serde(default)]
    pub asleep_while: Option<RuleState>,
    /// The time that its cause speaks of.
    #[serde(default)]
    pub told: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_plain")]
    pub settings: Settings,
    #[serde(skip)]
    pub cause: Option<RoomCause>,
}

impl Default for RoomState {
    fn default() -> RoomState {
        RoomState {
            changed: None,
            occupied: Truth::Unknown,
            turned: Turned::default(),
            closed_in: false,
            evident: false,
            kept: Truth::False,
            asleep: Truth::Unknown,
            asleep_changed: None,
            asleep_turned: Turned::default(),
            last: None,
            unseen_until: None,
            occupied_while: None,
            asleep_while: None,
            told: None,
            settings: Settings::default(),
            cause: None,
        }
    }
}

impl RoomState {
    /// What others see of it.
    pub fn shown(&self) -> impl PartialEq + use<> {
        (self.occupied, self.turned, self.asleep, self.asleep_turned)
    }

    /// How long nothing has shown anybody when it is empty: as somebody set it, else as the file says.
    pub fn empty_after(&self, room: &Room) -> Duration {
        self.settings.time(SettableKind::EmptyAfter).unwrap_or(room.empty_after)
    }

    /// The remembered state of `room`; `unseen_until`: until then nobody saw whether somebody left.
    pub fn remembered(self, room: &Room, unseen_until: Option<Moment>) -> RoomState {
        let fitting = |rule: &Option<Rule>, state: Option<RuleState>| {
            let rule = rule.as_ref()?;
            Some(state.filter(|state| state.fits(rule)).unwrap_or_else(|| RuleState::new(rule)))
        };
        RoomState {
            occupied_while: fitting(&room.occupied_while, self.occupied_while),
            asleep_while: fitting(&room.asleep_while, self.asleep_while),
            closed_in: self.closed_in && unseen_until.is_none(),
            unseen_until: unseen_until.or(self.unseen_until),
            // Its ids may be of another configuration.
            cause: None,
            ..self
        }
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
    /// Of a rule with a notice: it was told that it is active, and not yet that this is over.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub told: bool,
    #[serde(skip, default = "unknown")]
    pub truth: Truth,
    /// Since when; None: it was not known before that.
    #[serde(skip)]
    pub since: Option<Moment>,
}

impl RuleState {
    /// A rule of which nothing is known.
    pub fn new(rule: &Rule) -> RuleState {
        let timers = vec![Timer::default(); rule.timers];
        RuleState { text: rule.text.clone(), latched: false, timers, told: false, truth: Truth::Unknown, since: None }
    }

    /// Whether this is the state of `rule`.
    pub fn fits(&self, rule: &Rule) -> bool {
        self.text == rule.text && self.timers.len() == rule.timers
    }
}

/// The mode of the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ModeState {
    pub word: Arc<str>,
    pub changed: DateTime<Utc>,
    /// When it last became another one.
    pub turned: Option<Moment>,
    /// Who set it; None: nobody, it is what the house began with, or where it turned, an earlier version did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Source>,
    /// Its place in the list.
    #[serde(skip)]
    pub place: usize,
}

impl ModeState {
    /// The mode to begin with: the remembered one, if it still exists.
    pub fn new(modes: &Modes, remembered: Option<ModeState>, now: Now) -> Option<ModeState> {
        let start = modes.list.get(modes.start)?;
        let kept = remembered.and_then(|state| Some(ModeState { place: modes.find(&state.word)?, ..state }));
        Some(kept.unwrap_or_else(|| ModeState {
            word: start.clone(),
            changed: now.wall,
            turned: None,
            by: None,
            place: modes.start,
        }))
    }
}

/// The timer of a `for`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Timer {
    /// Since when its condition has been true.
    pub certain: Option<Moment>,
    /// Since when it has been true or unknown: as long ago it may have become true.
    pub possible: Option<Moment>,
}

fn unknown() -> Truth {
    Truth::Unknown
}

fn no() -> Truth {
    Truth::False
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
