//! The chips that have a driver, one row of facts each, and where and how one of them is wired.

use super::{Channel, Quantity};
use std::time::Duration;

/// A chip that has a driver. Its facts stand in [`CHIPS`], in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table says it")]
pub enum Chip {
    Lm75,
    Tmp102,
    Tmp105,
    Tmp117,
    Sht3x,
    Sht4x,
    Bme280,
    Bmp280,
}

/// What is known of a chip without asking it.
pub struct ChipFacts {
    /// Which one.
    pub chip: Chip,
    /// The words of the configuration; the first is the one that is shown, others are names of the same thing.
    pub words: &'static [&'static str],
    /// What it reads, in the order in which its points are listed.
    pub quantities: &'static [Quantity],
    /// The addresses that its pins can select; the first is the usual one.
    pub addresses: &'static [u8],
    /// The shortest and the longest time between two readings that makes sense.
    pub every: (Duration, Duration),
    /// The keys that it has beside those of all sensors.
    pub settings: &'static [Setting],
}

/// A key of the configuration that only some chips have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `channels`: which inputs are used.
    Channels,
    /// `full_scale`: the highest voltage that is measured.
    FullScale,
    /// `shunt`: the resistor that the current flows through.
    Shunt,
    /// `altitude`: where the house stands, for gases, whose pressure falls with height.
    Altitude,
    /// `self_calibration`: whether the chip takes the best air of a week for fresh air.
    SelfCalibration,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const AT_WILL: (Duration, Duration) = (SECOND, DAY);

/// All chips.
pub static CHIPS: &[ChipFacts] = {
    use Quantity::*;
    &[
        ChipFacts {
            chip: Chip::Lm75,
            words: &["lm75"],
            quantities: &[Temperature],
            addresses: &[0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tmp102,
            words: &["tmp102"],
            quantities: &[Temperature],
            addresses: &[0x48, 0x49, 0x4a, 0x4b],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tmp105,
            words: &["tmp105"],
            quantities: &[Temperature],
            addresses: &[0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tmp117,
            words: &["tmp117"],
            quantities: &[Temperature],
            addresses: &[0x48, 0x49, 0x4a, 0x4b],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Sht3x,
            words: &["sht3x", "sht30", "sht31", "sht35"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x44, 0x45],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Sht4x,
            words: &["sht4x", "sht40", "sht41", "sht45"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x44, 0x45, 0x46],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Bme280,
            words: &["bme280"],
            quantities: &[Temperature, Humidity, Pressure],
            addresses: &[0x76, 0x77],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Bmp280,
            words: &["bmp280"],
            quantities: &[Temperature, Pressure],
            addresses: &[0x76, 0x77],
            every: AT_WILL,
            settings: &[],
        },
    ]
};

impl Chip {
    /// Its row of the table.
    pub fn facts(self) -> &'static ChipFacts {
        &CHIPS[self as usize]
    }

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        self.facts().words[0]
    }

    /// All that it reads, in the order in which its points are listed.
    pub fn quantities(self) -> &'static [Quantity] {
        self.facts().quantities
    }

    /// The addresses that its pins can select; the first is the usual one.
    pub fn addresses(self) -> &'static [u8] {
        self.facts().addresses
    }
}

/// A chip where it is wired, and how it is to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct WiredChip {
    /// Which one.
    pub chip: Chip,
    /// The I2C bus, as in `/dev/i2c-1`.
    pub bus: u8,
    /// The multiplexer between the bus and the chip.
    pub mux: Option<Mux>,
    /// The 7-bit I2C address.
    pub address: u8,
    /// What it has beside the keys of all sensors.
    pub settings: ChipSettings,
}

/// One channel of an I2C multiplexer TCA9548A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mux {
    /// Its own 7-bit address, 0x70 to 0x77.
    pub address: u8,
    /// 0 to 7.
    pub channel: u8,
}

/// The settings that only some chips have; the others take no notice of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipSettings {
    /// The inputs that are used, of a chip that has several.
    pub channels: Vec<Channel>,
    /// The highest voltage that is measured, V.
    pub full_scale_v: f64,
    /// The resistor that the current flows through, Ω.
    pub shunt_ohm: f64,
    /// The house above the sea, m.
    pub altitude_m: u16,
    /// Whether the chip takes the best air of a week for fresh air.
    pub self_calibration: bool,
}

impl ChipSettings {
    /// What a chip does when nothing is said.
    pub fn usual(chip: Chip) -> ChipSettings {
        let mut channels: Vec<Channel> = chip.quantities().iter().map(|quantity| quantity.channel()).collect();
        channels.sort();
        channels.dedup();
        channels.retain(|channel| *channel != Channel::Only);
        ChipSettings { channels, full_scale_v: 6.144, shunt_ohm: 0.1, altitude_m: 0, self_calibration: true }
    }
}

impl WiredChip {
    /// On bus 1 at the usual address, with the usual settings.
    pub fn plain(chip: Chip) -> WiredChip {
        let settings = ChipSettings::usual(chip);
        WiredChip { chip, bus: 1, mux: None, address: chip.addresses()[0], settings }
    }

    /// What it reads, with these settings.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> + '_ {
        let used = |channel| channel == Channel::Only || self.settings.channels.contains(&channel);
        self.chip.quantities().iter().copied().filter(move |quantity| used(quantity.channel()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        for (place, facts) in CHIPS.iter().enumerate() {
            assert_eq!(facts.chip as usize, place, "{:?}", facts.words);
            assert!(!facts.words.is_empty() && !facts.quantities.is_empty() && !facts.addresses.is_empty());
            assert!(facts.addresses.iter().all(|address| (0x08..=0x77).contains(address)), "{:?}", facts.words);
            assert!(facts.every.0 <= facts.every.1);
        }
    }

    #[test]
    fn every_word_means_one_chip() {
        let mut words: Vec<_> = CHIPS.iter().flat_map(|facts| facts.words).collect();
        let count = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
