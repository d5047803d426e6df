//! What is on serial ports: one sensor each, which tells all it knows at once.

use super::table::table;
use super::{Config, Line, Own, Parity, Quantity};
use std::{fmt, sync::Arc, time::Duration};

/// A serial port with a device that speaks by itself or when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialPort {
    /// The key of its table: what sensors and inputs name.
    pub id: Arc<str>,
    /// The device file.
    pub port: Arc<str>,
    /// What is connected.
    pub kind: SerialKind,
    /// Whether it sets its zero point by itself; None: it is left as it is.
    pub automatic_baseline: Option<bool>,
}

/// How a serial line is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialSettings {
    /// Bits a second.
    pub baud: u32,
    /// 7 or 8.
    pub data_bits: u8,
    /// The bit that is checked.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
}

/// One number that a device tells.
#[derive(Clone, Copy, Debug)]
pub struct SerialValue {
    /// What it is called; of a quantity that is known, its word.
    pub word: &'static str,
    /// Of one that is not known: unit, decimals and the most it can be.
    own: (&'static str, usize, f64),
    /// When it is read.
    pub is: Given,
}

/// When a number is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// If the file names no quantities.
    Usually,
    /// If the file names it.
    Named,
    /// If the file names it, for which the device is to tell more than it usually does.
    Detailed,
}

/// What is known of a kind of device.
#[derive(Debug)]
pub struct SerialFacts {
    /// What people call it.
    pub title: &'static str,
    /// How its line is set.
    pub settings: SerialSettings,
    /// The numbers that it tells.
    pub values: &'static [SerialValue],
    /// What of it is on or off; the first is meant where the file does not say.
    pub states: &'static [&'static str],
    /// It tells nothing unless it is asked.
    pub is_asked: bool,
    /// Without a word for so long, it is silent; one that is asked, when three answers are missing.
    pub silent_after: Duration,
    /// It sets its zero point by itself, unless that is switched off.
    pub has_baseline: bool,
}

const fn known(word: &'static str) -> SerialValue {
    SerialValue { word, own: ("", 0, 0.0), is: Given::Usually }
}

const fn own(word: &'static str, unit: &'static str, decimals: usize, most: f64) -> SerialValue {
    SerialValue { word, own: (unit, decimals, most), is: Given::Usually }
}

impl SerialValue {
    const fn named(self) -> SerialValue {
        SerialValue { is: Given::Named, ..self }
    }

    const fn detailed(self) -> SerialValue {
        SerialValue { is: Given::Detailed, ..self }
    }

    /// What it measures. None: there are too many quantities that nobody knows.
    pub fn quantity(&self) -> Option<Quantity> {
        let (unit, decimals, most) = self.own;
        Quantity::find(self.word).or_else(|| Own::new(self.word, unit, decimals, 0.0..=most).map(Quantity::Own))
    }
}

const fn line(baud: u32) -> SerialSettings {
    SerialSettings { baud, data_bits: 8, parity: Parity::None, stop_bits: 1 }
}

const fn device(title: &'static str, settings: SerialSettings, values: &'static [SerialValue]) -> SerialFacts {
    let silent_after = Duration::from_secs(10);
    SerialFacts { title, settings, values, states: &[], is_asked: false, silent_after, has_baseline: false }
}

const METER: &[SerialValue] = &[
    known("power"),
    own("power_returned", "W", 0, 100_000.0),
    known("energy"),
    own("energy_returned", "kWh", 3, 1e9),
    own("energy_1", "kWh", 3, 1e9).named(),
    own("energy_2", "kWh", 3, 1e9).named(),
    own("energy_returned_1", "kWh", 3, 1e9).named(),
    own("energy_returned_2", "kWh", 3, 1e9).named(),
    own("tariff", "", 0, 9_999.0).named(),
    own("gas", "m³", 3, 1e9).named(),
    own("water", "m³", 3, 1e9).named(),
    known("voltage_1").named(),
    known("voltage_2").named(),
    known("voltage_3").named(),
    known("current_1").named(),
    known("current_2").named(),
    known("current_3").named(),
    known("power_1").named(),
    known("power_2").named(),
    known("power_3").named(),
    own("power_returned_1", "W", 0, 100_000.0).named(),
    own("power_returned_2", "W", 0, 100_000.0).named(),
    own("power_returned_3", "W", 0, 100_000.0).named(),
    own("average_demand", "W", 0, 100_000.0).named(),
    own("maximum_demand", "W", 0, 100_000.0).named(),
    own("power_failures", "", 0, 99_999.0).named(),
    own("long_power_failures", "", 0, 99_999.0).named(),
];

const fn gate(word: &'static str) -> SerialValue {
    own(word, "%", 0, 100.0).detailed()
}

const RADAR: &[SerialValue] = &[
    own("distance", "cm", 0, 65_535.0),
    own("moving_distance", "cm", 0, 65_535.0),
    own("moving_energy", "%", 0, 100.0),
    own("still_distance", "cm", 0, 65_535.0),
    own("still_energy", "%", 0, 100.0),
    gate("moving_gate_0"),
    gate("moving_gate_1"),
    gate("moving_gate_2"),
    gate("moving_gate_3"),
    gate("moving_gate_4"),
    gate("moving_gate_5"),
    gate("moving_gate_6"),
    gate("moving_gate_7"),
    gate("moving_gate_8"),
    gate("still_gate_0"),
    gate("still_gate_1"),
    gate("still_gate_2"),
    gate("still_gate_3"),
    gate("still_gate_4"),
    gate("still_gate_5"),
    gate("still_gate_6"),
    gate("still_gate_7"),
    gate("still_gate_8"),
    own("light", "", 0, 255.0).detailed(),
];

table! {
    /// A kind of device on a serial port.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the titles say it")]
    pub enum SerialKind: SerialFacts {
        Mhz19 = "mh-z19",
            SerialFacts { is_asked: true, has_baseline: true, ..device("Winsen MH-Z19", line(9_600), &[known("co2")]) };
        Pms5003 = "pms5003",
            device("Plantower PMS5003", line(9_600), &[known("pm1"), known("pm25"), known("pm10")]);
        Ld2410 = "ld2410",
            SerialFacts { states: &["presence", "moving", "still"], ..device("Hi-Link LD2410", line(256_000), RADAR) };
        Dsmr = "dsmr",
            SerialFacts { silent_after: Duration::from_secs(60), ..device("smart meter", line(115_200), METER) };
        /// Of the time before version 4, and without a checksum.
        Dsmr2 = "dsmr-2", SerialFacts {
            silent_after: Duration::from_secs(60),
            ..device("smart meter", SerialSettings { data_bits: 7, parity: Parity::Even, ..line(9_600) }, METER)
        };
    }
}

/// What a sensor reads of a device on a serial port.
#[derive(Clone, Debug, PartialEq)]
pub struct SerialSensor {
    /// The port.
    pub port: Arc<str>,
    /// What is read.
    pub channels: Vec<SerialChannel>,
}

/// One number of a sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct SerialChannel {
    /// What it becomes.
    pub quantity: Quantity,
    /// What the device calls it.
    pub word: &'static str,
    /// The device is to tell more than it usually does.
    pub is_detailed: bool,
}

/// What an input is of a device on a serial port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SerialState {
    /// The port.
    pub port: Arc<str>,
    /// What the device calls it.
    pub word: &'static str,
    /// It is active while the device says no.
    pub inverted: bool,
}

impl fmt::Display for SerialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.word, self.port)
    }
}

impl Line {
    /// What it is of a device on a serial port, if it is no wire.
    pub fn serial(&self) -> Option<&Arc<SerialState>> {
        match self {
            Line::Serial(state) => Some(state),
            _ => None,
        }
    }
}

impl Config {
    /// The serial port of this name.
    pub fn find_serial(&self, id: &str) -> Option<&SerialPort> {
        self.serial.iter().find(|port| &*port.id == id)
    }

    /// Whether a port of this name is another device in another house.
    pub(super) fn has_other_port(&self, id: &str, other: &Config) -> bool {
        let device = |config: &Config| config.find_serial(id).map(|port| (port.port.clone(), port.kind));
        device(self) != device(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_whole() {
        for (word, kind) in SerialKind::WORDS {
            let facts = kind.facts();
            assert!(facts.values.iter().any(|value| value.is == Given::Usually), "{word}");
            let words: BTreeSet<&str> = facts.values.iter().map(|value| value.word).collect();
            assert_eq!(words.len(), facts.values.len(), "{word} gives something twice");
            for value in facts.values {
                let is_known = Quantity::find(value.word).is_some();
                assert!(is_known != (value.own.2 > 0.0), "{word}: {} is known or says its most", value.word);
                assert_eq!(value.quantity().unwrap().word(), value.word);
            }
        }
    }
}
