//! What a zone remembers. All of it survives restarts, but for what every pass works out anew.

use super::{
    asked::Power,
    autotune::Tuning,
    cycle::Cycle,
    effort::Effort,
    exercise::Exercised,
    pid::Pid,
    plan::Window,
    thermostat::{Direction, Thermostat},
    window::Openness,
};
use crate::{
    clock::Moment,
    engine::{
        settings::Settings,
        state::{Timestamp, is_plain},
    },
    model::{
        Climate, ClimateAction, ClimateAlarm, ClimateFacet, ClimateMode, ClimateReason, Gains, OutputId, Setpoints,
        Source,
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The state of one zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct ZoneState {
    /// As somebody set it; None: as configured.
    pub mode: Option<ClimateMode>,
    /// Who did.
    pub mode_by: Option<Source>,
    /// Until when, if it is for a time.
    pub mode_until: Option<Timestamp>,
    /// As somebody set it.
    pub preset: Option<HandPreset>,
    /// As somebody set it.
    pub manual: Option<HandTarget>,
    /// What the plan said when the time was last known.
    pub planned: Option<Planned>,
    pub thermostat: Thermostat,
    pub cycle: Cycle,
    /// Since when no temperature is good.
    pub lost_since: Option<Moment>,
    /// Nothing was lost: since the start no temperature was read.
    pub unread: bool,
    /// Nothing of what it calls is on, because of a limit or an interlock.
    pub kept_off: bool,
    /// Since when something that it calls may not be on.
    pub limited_since: Option<Moment>,
    /// What warms is cut off.
    pub overheated: bool,
    /// It was too warm outside for heating when that was last known.
    pub warm_outside: bool,
    /// The water of a heating curve is being warmed.
    pub flow_heating: bool,
    pub window: Openness,
    pub effort: Effort,
    pub exercised: Exercised,
    pub door_open_since: Option<Moment>,
    pub pid: Pid,
    pub tuning: Tuning,
    pub tuned: Option<Tuned>,
    #[serde(skip_serializing_if = "is_plain")]
    pub settings: Settings,
    /// What each point was last seen to be, and since when.
    pub seen: BTreeMap<ClimateFacet, Seen>,
    #[serde(skip)]
    pub shown: Shown,
    /// Since it was last worked out, it was noted in `seen`.
    #[serde(skip)]
    pub noted: bool,
}

/// A value and since when it is so, by the wall clock of then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Seen {
    #[serde(rename = "text")]
    pub told: Told,
    pub since: DateTime<Utc>,
}

/// What a point of a zone shows. Its text, in the state file: a word is never a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(in crate::engine) enum Told {
    Number(f64),
    Text(String),
}

impl From<String> for Told {
    fn from(text: String) -> Told {
        text.parse().map_or(Told::Text(text), Told::Number)
    }
}

impl From<Told> for String {
    fn from(told: Told) -> String {
        match told {
            Told::Number(number) => number.to_string(),
            Told::Text(text) => text,
        }
    }
}

impl Told {
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Told::Text(text) if text == word)
    }
}

/// A preset chosen by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct HandPreset {
    pub name: Arc<str>,
    /// None: until another, or AUTO.
    pub until: Option<Timestamp>,
    /// Whose command it was.
    #[serde(default)]
    pub by: Option<Source>,
}

/// A target set by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct HandTarget {
    pub setpoints: Setpoints,
    pub end: HandEnd,
    /// Whose command it was.
    #[serde(default)]
    pub by: Option<Source>,
}

/// When a target set by hand ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum HandEnd {
    /// With AUTO.
    Auto,
    /// Then.
    At(Timestamp),
    /// When another period of the plan is on than the one that began then; None: it was not known.
    Period(Option<DateTime<Utc>>),
}

/// What the plan said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Planned {
    Setpoints(Setpoints),
    Preset(Arc<str>),
}

/// PID numbers that were found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Tuned {
    /// Those that the file had then: they replace these only.
    pub instead_of: Gains,
    pub gains: Gains,
}

/// What a pass worked out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine) struct Shown {
    pub setpoints: Setpoints,
    pub preset: Option<Arc<str>>,
    pub current: Option<f64>,
    pub action: ClimateAction,
    pub alarm: Option<ClimateAlarm>,
    /// Nothing before the first pass.
    pub wants: Option<Wants>,
    /// The period of the plan that is on.
    pub window: Option<Window>,
}

/// What a zone asks of its outputs.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Wants {
    pub heat: Power,
    pub cool: Power,
    pub fan: bool,
    pub exercise: Vec<OutputId>,
    pub reason: Arc<ClimateReason>,
}

impl ZoneState {
    /// The gains in use: those that were found for these of the file, or these.
    pub fn gains(&self, configured: Gains) -> Gains {
        self.tuned.as_ref().filter(|tuned| tuned.instead_of == configured).map_or(configured, |tuned| tuned.gains)
    }

    /// Its mode now.
    pub fn mode(&self, zone: &Climate) -> ClimateMode {
        self.mode.filter(|mode| zone.modes().any(|possible| possible == *mode)).unwrap_or(zone.mode)
    }

    /// Whether somebody's preset and target hold, and whether it is known what ends the target.
    pub fn commands_held(&self) -> [bool; 3] {
        let end_is_known = |target: &HandTarget| !matches!(target.end, HandEnd::Period(None));
        [self.preset.is_some(), self.manual.is_some(), self.manual.as_ref().is_some_and(end_is_known)]
    }

    /// As a new engine takes it over.
    pub fn remembered(mut self, power_was_cut: bool, now: Moment) -> ZoneState {
        self.shown = Shown::default();
        if power_was_cut {
            // Nobody knows what ran until when: what must rest has only just stopped.
            self.thermostat.rested_from(now);
        }
        self
    }

    /// Forgets what was read before a pause of unknown length.
    pub fn forget_readings(&mut self) {
        self.window.forget();
        self.pid.forget_sample();
        self.effort.begin_anew();
    }

    /// What is worth a write to the disk when it changes: all but what every reading moves a little.
    pub fn marks(&self) -> Marks {
        let tuning = match &self.tuning {
            Tuning::Idle => (0, None),
            Tuning::Running(search) => (1, search.progress()),
            Tuning::Failed(_) => (2, None),
        };
        Marks {
            by_hand: (self.mode, self.preset.is_some(), self.manual.clone()),
            planned: self.planned.clone(),
            thermostat: self.thermostat,
            cycle: self.cycle,
            since: [self.lost_since, self.door_open_since, self.limited_since, self.exercised.last()],
            latches: [self.overheated, self.warm_outside, self.flow_heating, self.unread, self.kept_off],
            window: self.window.marks(),
            effort: self.effort.marks(),
            tuning,
            tuned: self.tuned.clone(),
        }
    }
}

/// The part of a state whose change is worth a write.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Marks {
    by_hand: (Option<ClimateMode>, bool, Option<HandTarget>),
    planned: Option<Planned>,
    thermostat: Thermostat,
    cycle: Cycle,
    since: [Option<Moment>; 4],
    latches: [bool; 5],
    window: (Option<Moment>, Option<Moment>, bool),
    effort: (Option<Direction>, Option<Moment>),
    tuning: (u8, Option<Moment>),
    tuned: Option<Tuned>,
}
