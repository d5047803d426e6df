//! What the past of a house comes to: what was measured, what was on and what it cost, how well rooms were kept warm, who was
//! where, and what was other than usual. Made of answers of the history; pure.

mod comfort;
mod covers;
pub mod html;
mod make;
pub mod text;
mod unusual;

#[cfg(test)]
mod tests;

pub use make::{Wanted, make, time};

/// Why there is none where something was recorded, but not then.
pub const NOTHING: &str = "nothing was recorded in that time";

use chrono::{DateTime, FixedOffset, NaiveDate};
use schemars::JsonSchema;
use serde::Serialize;

/// What the past of a house comes to. Hours are hours, shares are 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// What the house is called.
    pub hub: String,
    /// Its beginning, at a midnight of the house.
    pub from: DateTime<FixedOffset>,
    /// Its end.
    pub to: DateTime<FixedOffset>,
    /// What stands before an amount of money, where energy has a price.
    pub currency: Option<String>,
    /// What was measured.
    pub numbers: Vec<Number>,
    /// What was driven.
    pub outputs: Vec<Used>,
    /// What was seen to be on or open.
    pub inputs: Vec<Used>,
    /// What was moved open and closed.
    pub covers: Vec<Moved>,
    /// What was counted.
    pub meters: Vec<Meter>,
    /// How warm it was where that is held.
    pub zones: Vec<Comfort>,
    /// Who was where.
    pub rooms: Vec<Occupancy>,
    /// How cold and how warm it was outside.
    pub degree_days: Vec<DegreeDays>,
    /// What was other than usual, in words.
    pub unusual: Vec<String>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Number {
    /// The dotted name of its point.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// How many decimals it is shown with.
    pub decimals: usize,
    /// The least value.
    pub min: f64,
    /// The mean, by time.
    pub mean: f64,
    /// The greatest value.
    pub max: f64,
    /// How long it was known.
    pub known_h: f64,
    /// Each day of which something is known.
    pub days: Vec<NumberDay>,
}

/// A day of a number.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NumberDay {
    /// Which.
    pub date: NaiveDate,
    /// The least value.
    pub min: f64,
    /// The mean, by time.
    pub mean: f64,
    /// The greatest value.
    pub max: f64,
    /// How long it was known.
    pub known_h: f64,
}

/// How something was used that is on or off.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Used {
    /// The dotted name of its point.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How long it was known.
    pub known_h: f64,
    /// How long it was on.
    pub on_h: f64,
    /// How often it went on.
    pub starts: u64,
    /// The longest time for which it was on without a break.
    pub longest: Option<Longest>,
    /// The energy that it took, kWh.
    pub energy_kwh: Option<f64>,
    /// What that cost.
    pub cost: Option<f64>,
    /// Each day of which something is known.
    pub days: Vec<UsedDay>,
}

impl Used {
    /// The share of the time that is known in which it was on.
    pub fn duty(&self) -> f64 {
        duty(self.on_h, self.known_h)
    }
}

impl UsedDay {
    /// As [`Used::duty`], of the day.
    pub fn duty(&self) -> f64 {
        duty(self.on_h, self.known_h)
    }
}

fn duty(on_h: f64, known_h: f64) -> f64 {
    if known_h > 0.0 { on_h / known_h } else { 0.0 }
}

/// A day of what is on or off.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UsedDay {
    /// Which.
    pub date: NaiveDate,
    /// How long it was known.
    pub known_h: f64,
    /// How long it was on.
    pub on_h: f64,
    /// How often it went on.
    pub starts: u64,
    /// The energy that it took, kWh.
    pub energy_kwh: Option<f64>,
    /// What that cost.
    pub cost: Option<f64>,
}

/// The longest time for which something was on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Longest {
    /// Since when.
    pub from: DateTime<FixedOffset>,
    /// How long.
    pub hours: f64,
}

/// How a cover or a door was moved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Moved {
    /// The dotted name of its point.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How often it began to open.
    pub opened: u64,
    /// How often it began to close.
    pub closed: u64,
    /// How long it was not closed, in hours: also while hearthd did not run, if it was open before.
    pub open_h: f64,
    /// The longest time for which it was not closed without a break.
    pub longest: Option<Longest>,
}

/// What was counted, such as energy or water.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Meter {
    /// The dotted name of its point.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// How many decimals it is shown with.
    pub decimals: usize,
    /// By how much it grew.
    pub grew: f64,
    /// What that cost, of energy that has a price.
    pub cost: Option<f64>,
    /// Each day of which something is known.
    pub days: Vec<MeterDay>,
}

/// A day of what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MeterDay {
    /// Which.
    pub date: NaiveDate,
    /// By how much it grew.
    pub grew: f64,
    /// What that cost, of energy that has a price.
    pub cost: Option<f64>,
}

/// How well a zone was kept at its target.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comfort {
    /// The zone.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How long both its temperature and its target were known.
    pub known_h: f64,
    /// How long it was colder than it was to be by more than [`COMFORT_K`] and its deadband.
    pub cold_h: f64,
    /// How long it was warmer, of a zone that cools.
    pub warm_h: f64,
    /// By how much it was colder at the worst, K.
    pub coldest_k: f64,
}

/// When somebody was in a room.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Occupancy {
    /// The room.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How long somebody was there, from Monday to Sunday.
    pub occupied_h: [f64; 7],
    /// The share of the time with somebody in it, for each hour of the day, from Monday to Sunday; None: not known.
    pub week: [[Option<f64>; 24]; 7],
}

/// How cold and how warm it was outside, as energy agencies count it.
///
/// Source: Eurostat, "Energy statistics - cooling and heating degree days": of days with a mean of 15 °C or less, 18 °C less the
/// mean; of days with 24 °C or more, the mean less 21 °C.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DegreeDays {
    /// The point that measured it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Heating degree days, K d.
    pub heating: f64,
    /// Cooling degree days, K d.
    pub cooling: f64,
    /// Of how many days.
    pub days: usize,
}

/// How far a zone may be from its target, K. Rooms as people want them move by so much: the deadband of most thermostats and
/// what is measured meanwhile.
pub const COMFORT_K: f64 = 1.0;

/// Of a day of which so many hours are known, a mean counts.
const WHOLE_DAY_H: f64 = 20.0;
