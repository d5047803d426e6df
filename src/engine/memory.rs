//! What an engine remembers over a restart or a reload, by name.

use super::{
    automations::AutomationState,
    climate::ZoneState,
    history::Readings,
    returns::Return,
    state::{InputState, ModeState, OutputState, RoomState, RuleState, SensorState},
    today::Today,
};
use crate::clock::{Moment, Now};
use crate::model::{Config, LastNotice, OutputId, Owner, PastDay, Point, PointSpec, Series, Truth, duration};
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
    /// It is of what somebody was promised since the last one only.
    #[serde(skip)]
    pub(super) part: bool,
    /// How many commands were accepted so far.
    pub(super) commands: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) returns: Vec<Return>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) outputs: BTreeMap<Arc<str>, OutputState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) inputs: BTreeMap<Arc<str>, InputState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) sensors: BTreeMap<Arc<str>, SensorState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) rooms: BTreeMap<Arc<str>, RoomState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) climates: BTreeMap<Arc<str>, ZoneState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) rules: BTreeMap<Arc<str>, RuleState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) events: BTreeMap<Arc<str>, AutomationState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<ModeState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_notice: Option<LastNotice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dark: Option<RuleState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) series: BTreeMap<Arc<str>, Readings>,
    /// By the names of points.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) today: BTreeMap<Arc<str>, Today>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) past_days: Vec<PastDay>,
}

impl Memory {
    pub(super) fn empty(now: Now) -> Memory {
        Memory {
            moment: now.moment,
            wall: now.wall,
            wall_known: now.wall_known,
            power_was_cut: false,
            pause_is_unknown: false,
            part: false,
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
            last_notice: None,
            dark: None,
            series: BTreeMap::new(),
            today: BTreeMap::new(),
            past_days: Vec::new(),
        }
    }

    /// Whether it is of what somebody was promised since the last one only, to be laid over that.
    pub fn is_part(&self) -> bool {
        self.part
    }

    /// The same, as a part that was read again.
    #[must_use]
    pub fn as_part(self) -> Memory {
        Memory { part: true, ..self }
    }

    /// The same, in the house of `config`: what was renamed has what is noted under a former name. Something under its own
    /// is newer, and counts instead; but not if this is of the house that runs (`at_reload`): there that is something else,
    /// which is gone now or has another name.
    #[must_use]
    pub(super) fn renamed(mut self, config: &Config, at_reload: bool) -> Memory {
        fn give<T>(states: &mut BTreeMap<Arc<str>, T>, was: &[Arc<str>], is: &Arc<str>, at_reload: bool) {
            if !at_reload && states.contains_key(is) {
                return;
            }
            // The last one first: there is the newest.
            if let Some(state) = was.iter().rev().find_map(|was| states.remove(was)) {
                states.insert(is.clone(), state);
            }
        }
        if config.renamed.is_empty() {
            return self;
        }
        let outputs = (0..config.outputs.len()).map(OutputId).map(Owner::Output);
        let others = config.renamed.iter().map(|(owner, _)| *owner).filter(|owner| !matches!(owner, Owner::Output(_)));
        for owner in outputs.chain(others) {
            let is = config.owner_id(owner);
            let was = &config.former_ids(owner);
            match owner {
                Owner::Output(_) => give(&mut self.outputs, was, is, at_reload),
                Owner::Input(_) => give(&mut self.inputs, was, is, at_reload),
                Owner::Sensor(_) => give(&mut self.sensors, was, is, at_reload),
                Owner::Room(_) => give(&mut self.rooms, was, is, at_reload),
                Owner::Zone(_) => give(&mut self.climates, was, is, at_reload),
                Owner::House => {}
            }
        }
        for series in &config.series {
            let is = series_name(config, *series);
            let rest = is.strip_prefix(&*config[series.sensor].id).unwrap_or_default();
            let former = config.former_ids(Owner::Sensor(series.sensor));
            let was: Vec<Arc<str>> = former.iter().map(|was| format!("{was}{rest}").into()).collect();
            give(&mut self.series, &was, &is, at_reload);
        }
        for spec in config.specs().iter().filter(|spec| !spec.was.is_empty()) {
            let was: Vec<Arc<str>> = spec.was.iter().map(|was| was.as_str().into()).collect();
            give(&mut self.today, &was, &spec.name.as_str().into(), at_reload);
        }
        for pending in &mut self.returns {
            let is_of = |spec: &&PointSpec| spec.was.iter().any(|was| pending.is_of(was));
            if let Some(spec) = config.specs().iter().find(is_of) {
                pending.moves_to(&spec.name);
            }
        }
        self
    }

    /// With a later one laid over it: of what that does not speak, this one tells.
    #[must_use]
    pub fn absorb(self, later: Memory) -> Memory {
        fn over<T>(mut before: BTreeMap<Arc<str>, T>, later: BTreeMap<Arc<str>, T>) -> BTreeMap<Arc<str>, T> {
            before.extend(later);
            before
        }
        if !later.part {
            return later;
        }
        Memory {
            outputs: over(self.outputs, later.outputs),
            inputs: over(self.inputs, later.inputs),
            sensors: over(self.sensors, later.sensors),
            rooms: over(self.rooms, later.rooms),
            climates: over(self.climates, later.climates),
            rules: over(self.rules, later.rules),
            events: over(self.events, later.events),
            series: over(self.series, later.series),
            today: over(self.today, later.today),
            dark: self.dark,
            past_days: self.past_days,
            part: self.part,
            ..later
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
        let moment = self.moment;
        self.outputs.values_mut().for_each(|output| {
            output.mover.wait_no_more();
            output.turned.follow(Truth::Unknown, moment);
        });
        self.series.clear();
        self
    }

    /// When it was taken; [`crate::clock::Clock::resumed`] tells how long ago that is.
    pub fn taken(&self) -> Now {
        Now { moment: self.moment, wall: self.wall, wall_known: self.wall_known }
    }
}

/// What a series of readings is remembered by.
pub(super) fn series_name(config: &Config, series: Series) -> Arc<str> {
    let reading = config.point_name(Point::Reading(series.sensor, series.quantity));
    format!("{reading} over {}", duration::spell(series.window)).into()
}
