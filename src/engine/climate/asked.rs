//! What a zone measures and what it asks for, at one instant.

use super::{effort::FULL, thermostat::Direction};
use crate::{
    clock::Moment,
    model::{ClimateAction, ClimateMode, HvacAction, Level},
};

/// What the sensors of a zone say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// The average of those that are good, °C.
    pub average: f64,
    /// The highest of them, °C.
    pub highest: f64,
    /// When the newest was read.
    pub at: Moment,
    /// The water of a heating curve, °C; nothing where none is measured.
    pub flow: Option<f64>,
}

/// What a zone asks for, before it is told to its outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub heat: Power,
    pub cool: Power,
    /// Which way goes all the power there is.
    pub full: Direction,
    /// The percentage, where it is neither all nor nothing.
    pub share: Option<u8>,
    /// None: there is nothing to do.
    pub doing: Option<HvacAction>,
}

/// How much is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Power {
    /// 0 to 100, for outputs that take a level.
    pub percent: u8,
    /// For relays.
    pub relay: bool,
}

impl Power {
    pub fn all(on: bool) -> Power {
        Power { percent: if on { 100 } else { 0 }, relay: on }
    }

    /// Whether it is as good as all there is.
    pub fn is_full(self) -> bool {
        self.percent >= FULL
    }

    pub fn level(self) -> Level {
        Level::new(self.percent).unwrap_or(Level::ON)
    }
}

/// Rounded to tenths, without a minus before zero.
pub(super) fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0 + 0.0
}

/// What a zone in this mode does when it asks for this.
pub(super) fn action(mode: ClimateMode, heat: Power, cool: Power) -> ClimateAction {
    if heat.percent > 0 {
        ClimateAction::Heating
    } else if cool.percent > 0 {
        ClimateAction::Cooling
    } else {
        match mode {
            ClimateMode::Off => ClimateAction::Off,
            ClimateMode::FanOnly => ClimateAction::Fan,
            _ => ClimateAction::Idle,
        }
    }
}
