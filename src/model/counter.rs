//! Counters: what the pulses of a meter or a tachometer mean.

use super::{Channel, Quantity};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How pulses become a total and a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// What each pulse is a part of.
    pub measures: Measures,
    /// Pulses for one unit of the total (kWh, m³, revolution, time), more than 0.
    pub pulses_per_unit: f64,
    /// Without a pulse for this long, the rate is zero.
    pub zero_after: Duration,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measures {
    /// Electric energy, kWh; its rate is a power, W.
    Energy,
    /// Water, m³; its rate is a flow, L/min.
    Water,
    /// Gas, m³; its rate is a flow, L/min.
    Gas,
    /// Another volume, m³; its rate is a flow, L/min.
    Volume,
    /// Revolutions a minute. They have no total.
    Rotation,
    /// How often; its rate is how often in a minute.
    Count,
}

impl Measures {
    /// The total that the pulses add up to.
    pub fn total(self) -> Option<Quantity> {
        match self {
            Measures::Energy => Some(Quantity::Energy),
            Measures::Water | Measures::Gas | Measures::Volume => Some(Quantity::Volume),
            Measures::Rotation => None,
            Measures::Count => Some(Quantity::Count),
        }
    }

    /// How fast it grows.
    pub fn rate(self) -> Quantity {
        match self {
            Measures::Energy => Quantity::Power(Channel::Only),
            Measures::Water | Measures::Gas | Measures::Volume => Quantity::Flow,
            Measures::Rotation => Quantity::FanSpeed,
            Measures::Count => Quantity::Rate,
        }
    }

    /// Both, in the order in which its points are listed.
    pub fn quantities(self) -> impl Iterator<Item = Quantity> {
        [self.total(), Some(self.rate())].into_iter().flatten()
    }

    /// The rate, in its unit, of one unit of the total in a second.
    pub fn rate_of_one_a_second(self) -> f64 {
        match self {
            // W s in a kWh.
            Measures::Energy => 3.6e6,
            // L/min in a m³/s.
            Measures::Water | Measures::Gas | Measures::Volume => 60_000.0,
            Measures::Rotation | Measures::Count => 60.0,
        }
    }
}
