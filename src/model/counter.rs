//! Counters: what the pulses of a meter or a tachometer mean.

use super::{Channel, Quantity, table::table};
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

table! {
    /// What is counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Measures: Counted {
        /// Electric energy, kWh; its rate is a power, W. W s in a kWh: 3,600,000.
        Energy = "energy", counted(Some(Quantity::Energy), Quantity::Power(Channel::Only), 3.6e6);
        /// Water, m³; its rate is a flow, L/min. Home Assistant's energy page takes water and gas by their own classes only.
        Water = "water", Counted { class: Some("water"), ..counted(Some(Quantity::Volume), Quantity::Flow, 60_000.0) };
        /// Gas, m³; its rate is a flow, L/min.
        Gas = "gas", Counted { class: Some("gas"), ..counted(Some(Quantity::Volume), Quantity::Flow, 60_000.0) };
        /// Another volume, m³; its rate is a flow, L/min.
        Volume = "volume", counted(Some(Quantity::Volume), Quantity::Flow, 60_000.0);
        /// Revolutions a minute. They have no total.
        Rotation = "rotation", counted(None, Quantity::FanSpeed, 60.0);
        /// How often; its rate is how often in a minute.
        Count = "count", counted(Some(Quantity::Count), Quantity::Rate, 60.0);
    }
}

/// What is known of what is counted.
pub struct Counted {
    total: Option<Quantity>,
    rate: Quantity,
    /// The rate, in its unit, of one unit of the total in a second.
    pub rate_of_one_a_second: f64,
    /// What Home Assistant calls the total, where that is more than its quantity.
    pub class: Option<&'static str>,
}

const fn counted(total: Option<Quantity>, rate: Quantity, rate_of_one_a_second: f64) -> Counted {
    Counted { total, rate, rate_of_one_a_second, class: None }
}

impl Measures {
    /// The total that the pulses add up to.
    pub fn total(self) -> Option<Quantity> {
        self.facts().total
    }

    /// How fast it grows.
    pub fn rate(self) -> Quantity {
        self.facts().rate
    }

    /// The total and the rate, in the order in which its points are listed.
    pub fn quantities(self) -> impl Iterator<Item = Quantity> {
        [self.total(), Some(self.rate())].into_iter().flatten()
    }
}
