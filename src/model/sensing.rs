//! Inputs and sensors: what is read.

use super::{ActiveLevel, Line};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Something binary that is read by interrupts.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The key of its table, `[a-z][a-z0-9_]*`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What it is; decides how apps show it.
    pub kind: InputKind,
    /// The wire.
    pub line: Line,
    /// Which electric level means active (motion, open, pressed, wet).
    pub active: ActiveLevel,
    /// The resistor that holds the wire when nothing drives it.
    pub pull: Pull,
    /// A change counts only after the wire was steady for this long.
    pub debounce: Duration,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum InputKind {
    Motion,
    Door,
    Window,
    Button,
    Leak,
    Smoke,
    Contact,
}

/// A pull resistor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pull {
    /// Towards the supply.
    Up,
    /// Towards ground.
    Down,
    /// None.
    None,
    /// Whatever the firmware set.
    AsIs,
}

/// A device that gives readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// The key of its table, `[a-z][a-z0-9_]*`; its points are `id.quantity`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// Which driver reads it.
    pub chip: Chip,
    /// The I2C bus, as in `/dev/i2c-1`.
    pub bus: u8,
    /// The 7-bit I2C address.
    pub address: u8,
    /// How often it is read.
    pub every: Duration,
    /// A reading older than this is stale.
    pub stale_after: Duration,
}

/// The chips that have a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Chip {
    Lm75,
    Tmp102,
    Tmp105,
    Bme280,
    Bmp280,
}

impl Chip {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Chip::Lm75 => "lm75",
            Chip::Tmp102 => "tmp102",
            Chip::Tmp105 => "tmp105",
            Chip::Bme280 => "bme280",
            Chip::Bmp280 => "bmp280",
        }
    }

    /// What it reads, in the order in which its points are listed.
    pub fn quantities(self) -> &'static [Quantity] {
        match self {
            Chip::Lm75 | Chip::Tmp102 | Chip::Tmp105 => &[Quantity::Temperature],
            Chip::Bme280 => &[Quantity::Temperature, Quantity::Humidity, Quantity::Pressure],
            Chip::Bmp280 => &[Quantity::Temperature, Quantity::Pressure],
        }
    }

    /// The addresses that its pins can select; the first is the usual one.
    pub fn addresses(self) -> &'static [u8] {
        match self {
            Chip::Lm75 | Chip::Tmp105 => &[0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
            Chip::Tmp102 => &[0x48, 0x49, 0x4a, 0x4b],
            Chip::Bme280 | Chip::Bmp280 => &[0x76, 0x77],
        }
    }
}

/// What a number measures; each has one unit everywhere in hearthd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// °C
    Temperature,
    /// Relative humidity, %
    Humidity,
    /// Air pressure, hPa
    Pressure,
}

impl Quantity {
    /// The word of the configuration and of topics.
    pub fn word(self) -> &'static str {
        match self {
            Quantity::Temperature => "temperature",
            Quantity::Humidity => "humidity",
            Quantity::Pressure => "pressure",
        }
    }

    /// The unit as it is shown.
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::Temperature => "°C",
            Quantity::Humidity => "%",
            Quantity::Pressure => "hPa",
        }
    }

    /// The other spellings of the unit that a rule may use.
    pub fn unit_spellings(self) -> &'static [&'static str] {
        match self {
            Quantity::Temperature => &["°C", "C"],
            Quantity::Humidity => &["%"],
            Quantity::Pressure => &["hPa"],
        }
    }

    /// What can be met on Earth and read by the chips; a reading outside is a fault, a limit outside never acts.
    pub fn plausible(self) -> std::ops::RangeInclusive<f64> {
        match self {
            Quantity::Temperature => -60.0..=150.0,
            Quantity::Humidity => 0.0..=100.0,
            Quantity::Pressure => 300.0..=1100.0,
        }
    }

    /// How many decimals are published.
    pub fn decimals(self) -> usize {
        match self {
            Quantity::Temperature => 2,
            Quantity::Humidity | Quantity::Pressure => 1,
        }
    }
}
