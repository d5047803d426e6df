//! What is done to the readings of one quantity of one sensor before they count.

use std::time::Duration;

/// The treatment of one quantity, in this order: corrected, judged, limited, smoothed, rounded, and shown or held back. An
/// absent step does nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// What was measured, what is true, by rising measured value: straight lines between them and on beyond the ends.
    pub calibrate: Vec<(f64, f64)>,
    /// A factor, after the calibration.
    pub multiply: Option<f64>,
    /// Added after the factor.
    pub offset: f64,
    /// A corrected reading that cannot be true counts as a failed one.
    pub plausible: Plausible,
    /// A reading outside is taken for the nearer of the two.
    pub clamp: Option<(f64, f64)>,
    /// The middle one of so many readings.
    pub median: Option<usize>,
    /// The mean of so many.
    pub average: Option<usize>,
    /// Exponential moving average: the share of the newest in the result, more than 0, at most 1.
    pub ema: Option<f64>,
    /// The nearest multiple of this, more than 0.
    pub round_to: Option<f64>,
    /// A smaller change than this is not shown.
    pub delta: Option<Delta>,
    /// Changes are shown at most this often.
    pub throttle: Option<Duration>,
    /// Whatever `delta` and `throttle` hold back is shown after this long.
    pub heartbeat: Option<Duration>,
}

/// What a quantity can be where this sensor is, in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plausible {
    /// Not less than this.
    pub min: Option<f64>,
    /// Not more than this.
    pub max: Option<f64>,
    /// It neither rises nor falls faster than this in a minute.
    pub max_rate_per_minute: Option<f64>,
}

/// How large a change is worth showing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delta {
    /// In the unit of the quantity.
    Absolute(f64),
    /// In percent of what is shown.
    Percent(f64),
}

impl Filter {
    /// The filter of a quantity that nobody asked one for.
    pub const NONE: Filter = Filter {
        calibrate: Vec::new(),
        multiply: None,
        offset: 0.0,
        plausible: Plausible { min: None, max: None, max_rate_per_minute: None },
        clamp: None,
        median: None,
        average: None,
        ema: None,
        round_to: None,
        delta: None,
        throttle: None,
        heartbeat: None,
    };
}
