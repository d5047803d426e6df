//! What an engine remembers over a restart or a reload, by name.

use super::{
    climate::ZoneState,
    happenings::HappeningState,
    history::Readings,
    returns::Return,
    state::{InputState, ModeState, OutputState, RoomState, RuleState, SensorState},
};
use crate::clock::{Moment, Now};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// All that must survive: commands, timers, hysteresis, how long outputs have been on, last values. It serialises to JSON
/// for the state file; unknown names in it are ignored and missing ones start anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    moment: Moment,
    wall: DateTime<Utc>,
    wall_known: bool,
    /// The machine was off since.
    #[serde(skip)]
    pub(super) power_was_cut: bool,
    /// Nobody can tell how long ago it was taken.
    #[serde(skip)]
    pub(super) pause_is_unknown: bool,
    /// How many commands were accepted so far.
    pub(super) commands: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) returns: Vec<Return>,
    pub(super) outputs: BTreeMap<Arc<str>, OutputState>,
    pub(super) inputs: BTreeMap<Arc<str>, InputState>,
    pub(super) sensors: BTreeMap<Arc<str>, SensorState>,
    pub(super) rooms: BTreeMap<Arc<str>, RoomState>,
    #[serde(default)]
    pub(super) climates: BTreeMap<Arc<str>, ZoneState>,
    pub(super) rules: BTreeMap<Arc<str>, RuleState>,
    #[serde(default)]
    pub(super) events: BTreeMap<Arc<str>, HappeningState>,
    #[serde(default)]
    pub(super) mode: Option<ModeState>,
    #[serde(default)]
    pub(super) dark: Option<RuleState>,
    #[serde(default)]
    pub(super) series: BTreeMap<Arc<str>, Readings>,
}

impl Memory {
    pub(super) fn empty(now: Now) -> Memory {
        Memory {
            moment: now.moment,
            wall: now.wall,
            wall_known: now.wall_known,
            power_was_cut: false,
            pause_is_unknown: false,
            commands: 0,
            returns: Vec::new(),
            outputs: BTreeMap::new(),
            inputs: BTreeMap::new(),
            sensors: BTreeMap::new(),
            rooms: BTreeMap::new(),
            climates: BTreeMap::new(),
            rules: BTreeMap::new(),
            events: BTreeMap::new(),
            mode: None,
            dark: None,
            series: BTreeMap::new(),
        }
    }

    /// The same, after a time in which the machine was off and no relay was on: what must have been off for a while
    /// (`min_off`) has only just gone off.
    #[must_use]
    pub fn after_power_cut(self) -> Memory {
        Memory { power_was_cut: true, ..self }
    }

    /// The same, after a time that nobody can tell the length of: what was read before may be long out of date.
    #[must_use]
    pub fn after_unknown_pause(mut self) -> Memory {
        self.pause_is_unknown = true;
        self.sensors.values_mut().for_each(SensorState::forget);
        self.climates.values_mut().for_each(ZoneState::forget_readings);
        self.inputs.values_mut().for_each(|input| (input.active, input.wire, input.held_until) = (None, None, None));
        self.series.clear();
        self
    }

    /// When it was taken; [`crate::clock::Clock::resumed`] tells how long ago that is.
    pub fn taken(&self) -> Now {
        Now { moment: self.moment, wall: self.wall, wall_known: self.wall_known }
    }
}
