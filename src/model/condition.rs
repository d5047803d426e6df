//! Conditions: the typed tree that a rule's text becomes. `config` parses it, the engine evaluates it.

use super::{
    ClimateFacet, ClimateId, DateRange, DaySet, OutputFacet, OutputId, Point, Quantity, SensorId, SeriesId, TimeOfDay,
};
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
    /// Between dusk and dawn: the sun is more than 6° below the horizon; or what the hub's `dark_while` says.
    Dark,
    /// Between sunrise and sunset.
    Daylight,
    /// Today, in local time, is one of these.
    Day(DaySet),
    /// Today, in local time, is within one of these.
    Date(Vec<DateRange>),
    /// Today is one of the days of [`Hub::holidays`](super::Hub::holidays).
    Holiday,
    /// It is the night of such a day (`Day`, `Date` or `Holiday`): from its noon to the next.
    Night(Box<Condition>),
    /// Nothing good is known of the point: it is in fault, too old, or was never read.
    Lost(Point),
    /// The house is in one of these modes, by their places in [`Modes::list`](super::Modes::list).
    Mode(Vec<usize>),
    /// The point became another less than `within` ago.
    Changed {
        /// A point that is on or off, or the mode.
        point: Point,
        /// How long ago.
        within: Duration,
    },
    /// What an output is to be on for each day, and was not yet, takes all that is left of today.
    Due {
        /// Of which output.
        output: OutputId,
        /// So long each day, less than a day.
        least: Duration,
    },
    /// Of a house in which nobody is: whether this light is to look as if somebody were, within a window of time.
    PresenceSimulation {
        /// Which light.
        light: OutputId,
        /// The window's beginning.
        from: TimeOfDay,
        /// Its end.
        to: TimeOfDay,
        /// As in `TimeBetween`.
        next_day: bool,
        /// Tells one light from another.
        seed: u64,
    },
}

impl Condition {
    /// Whether it holds as long as a part of it does: how `and` and `or` look from inside.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts,
            Condition::Not(part) => std::slice::from_ref(part),
            Condition::Held { condition, .. } => std::slice::from_ref(condition),
            _ => &[],
        }
    }
}

/// A number that a condition compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// As written.
    Constant(f64),
    /// A length of time as written, whose number is its seconds.
    Length(Duration),
    /// What a sensor last read.
    Reading(SensorId, Quantity),
    /// What an output shows as a number: `lamp.level`, `blind.position`, `heater.power`.
    Output(OutputId, OutputFacet),
    /// A temperature of a climate zone, °C.
    Climate(ClimateId, ClimateFacet),
    /// What a reading was over a time.
    Over(Summary, SeriesId),
    /// Of today, from local midnight on: by how much a meter grew; of what is on or off, for how many seconds it was on.
    Today(Point),
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

/// How many readings become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// The mean over time.
    Average,
    /// The lowest.
    Minimum,
    /// The highest.
    Maximum,
    /// The slope of the line that fits best, per hour.
    Trend,
}

/// The readings of one quantity over the last while, kept because some condition asks for their average, lowest, highest
/// or trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Of which sensor.
    pub sensor: SensorId,
    /// Which of its readings.
    pub quantity: Quantity,
    /// How far back.
    pub window: Duration,
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

    /// What holds of the same two numbers said the other way round: `a < b` is `b > a`.
    #[must_use]
    pub fn mirrored(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same @ (Comparison::Equal | Comparison::NotEqual) => same,
        }
    }

    /// What holds of the same two numbers where this does not.
    #[must_use]
    pub fn negated(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::GreaterOrEqual,
            Comparison::LessOrEqual => Comparison::Greater,
            Comparison::Greater => Comparison::LessOrEqual,
            Comparison::GreaterOrEqual => Comparison::Less,
            Comparison::Equal => Comparison::NotEqual,
            Comparison::NotEqual => Comparison::Equal,
        }
    }
}
