//! Conditions: the typed tree that a rule's text becomes. `config` parses it, the engine evaluates it.

use super::{ClimateFacet, ClimateId, OutputFacet, OutputId, Point, Quantity, SensorId};
use std::{sync::Arc, time::Duration};

/// What a rule asks about the house. Its value is three-valued ([`Truth`](super::Truth)).
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// True when all are.
    All(Vec<Condition>),
    /// True when any is.
    Any(Vec<Condition>),
    /// True when it is false.
    Not(Box<Condition>),
    /// True when `condition` has been true without a break for `duration`.
    Held {
        /// What must be true.
        condition: Box<Condition>,
        /// For how long.
        duration: Duration,
        /// The number of this `for` within its rule, from 0, `while` before `until`.
        timer: usize,
    },
    /// The binary point (output, input, occupancy) is on.
    On(Point),
    /// A point of a climate zone has this word.
    ClimateIs(ClimateId, ClimateFacet, Arc<str>),
    /// Two numbers compared.
    Compare(Number, Comparison, Number),
    /// Within a window of local time, `from` included, `to` excluded.
    TimeBetween {
        /// Its beginning.
        from: TimeOfDay,
        /// Its end.
        to: TimeOfDay,
        /// `to` is of the day after `from`. Otherwise a day on which `to` comes first has no such window
        /// (`time between 06:00 and sunrise`, in June).
        next_day: bool,
    },
    /// Between dusk and dawn: the sun is more than 6° below the horizon.
    Dark,
    /// Between sunrise and sunset.
    Daylight,
    /// Today, in local time, is one of these.
    Day(DaySet),
}

/// A number that a condition compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// As written.
    Constant(f64),
    /// What a sensor last read.
    Reading(SensorId, Quantity),
    /// What an output shows as a number: `lamp.level`, `blind.position`, `heater.power`.
    Output(OutputId, OutputFacet),
    /// A temperature of a climate zone, °C.
    Climate(ClimateId, ClimateFacet),
    /// The height of the sun's centre over the horizon, degrees, with refraction.
    SunElevation,
    /// Sum.
    Add(Box<Number>, Box<Number>),
    /// Difference.
    Subtract(Box<Number>, Box<Number>),
    /// Product.
    Multiply(Box<Number>, Box<Number>),
    /// Quotient; unknown when it is not finite.
    Divide(Box<Number>, Box<Number>),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    /// Whether `left` and `right` compare so.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
        }
    }
}

/// A time of the local day: `22:30`, `sunset - 15m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// What it counts from.
    pub anchor: Anchor,
    /// Seconds after the anchor; negative before it. `22:30` is midnight and 81,000 s; 86,400 is the end of the day.
    pub offset_s: i32,
}

/// What a time of day counts from. On days without the event: in polar day dawn and sunrise are the solar midnight
/// before noon, sunset and dusk the one after; in polar night all four are solar noon. So the day's length runs
/// smoothly into 24 h and 0 h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// 00:00 on the clock on the wall.
    Midnight,
    /// The sun rises through -6° (civil dawn).
    Dawn,
    /// The sun's upper limb appears (-0.833°).
    Sunrise,
    /// The sun's upper limb disappears (-0.833°).
    Sunset,
    /// The sun sinks through -6° (civil dusk).
    Dusk,
}

/// A set of weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySet(u8);

impl DaySet {
    /// From Monday (0) to Sunday (6), as `chrono::Weekday::num_days_from_monday` counts.
    pub fn from_days(days: impl IntoIterator<Item = u32>) -> DaySet {
        DaySet(days.into_iter().fold(0, |set, day| set | 1 << (day % 7)))
    }

    /// Whether `day` (Monday 0) is in it.
    pub fn contains(self, day: u32) -> bool {
        self.0 >> (day % 7) & 1 == 1
    }
}
