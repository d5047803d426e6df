//! The chips that have a driver, one row of facts each, and where and how one of them is wired.

use super::{Channel, Quantity};
use crate::clock::Moment;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A chip that has a driver. Its facts stand in [`CHIPS`], in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table says it")]
pub enum Chip {
    Lm75,
    Tmp102,
    Tmp105,
    Tmp117,
    Mcp9808,
    Tmp421,
    Emc1413,
    Mlx90614,
    Bme280,
    Bmp280,
    Bmp180,
    Bmp388,
    Bme680,
    Dps310,
    Sht3x,
    Sht4x,
    Shtc3,
    Htu21d,
    Aht10,
    Aht20,
    Hdc1080,
    Am2320,
    Bh1750,
    Tsl2561,
    Tsl2591,
    Veml7700,
    Opt3001,
    Max44009,
    Ltr390,
    Scd4x,
    Scd30,
    Sgp40,
    Sgp30,
    Ens160,
    Ccs811,
    Sps30,
    Ads1115,
    Ads1015,
    Ina219,
    Ina226,
    Ina260,
    Ina3221,
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
    /// `self_calibration`: whether the chip takes the best air of a week for fresh air.
    SelfCalibration,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const AT_WILL: (Duration, Duration) = (SECOND, DAY);

/// All chips.
pub static CHIPS: &[ChipFacts] = {
    use Channel::*;
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
            words: &["tmp105", "tmp75"],
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
            chip: Chip::Mcp9808,
            words: &["mcp9808"],
            quantities: &[Temperature],
            addresses: &[0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tmp421,
            words: &["tmp421"],
            quantities: &[Temperature, RemoteTemperature(One)],
            addresses: &[0x4c, 0x4d, 0x4e, 0x4f, 0x1c, 0x1d, 0x1e, 0x1f, 0x2a],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Emc1413,
            words: &["emc1413"],
            quantities: &[Temperature, RemoteTemperature(One), RemoteTemperature(Two)],
            addresses: &[0x4c, 0x4d, 0x5c, 0x6c, 0x1c, 0x3c],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Mlx90614,
            words: &["mlx90614"],
            quantities: &[Temperature, ObjectTemperature],
            addresses: &[0x5a],
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
        ChipFacts {
            chip: Chip::Bmp180,
            words: &["bmp180", "bmp085"],
            quantities: &[Temperature, Pressure],
            addresses: &[0x77],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Bmp388,
            words: &["bmp388", "bmp390"],
            quantities: &[Temperature, Pressure],
            addresses: &[0x77, 0x76],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Bme680,
            words: &["bme680", "bme688"],
            quantities: &[Temperature, Humidity, Pressure, GasResistance],
            addresses: &[0x76, 0x77],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Dps310,
            words: &["dps310"],
            quantities: &[Temperature, Pressure],
            addresses: &[0x77, 0x76],
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
            chip: Chip::Shtc3,
            words: &["shtc3"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x70],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Htu21d,
            words: &["htu21d", "si7021", "sht20", "sht21", "sht25"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x40],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Aht10,
            words: &["aht10"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x38, 0x39],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Aht20,
            words: &["aht20", "aht21", "aht25", "dht20", "am2301b"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x38],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Hdc1080,
            words: &["hdc1080"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x40],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Am2320,
            words: &["am2320", "am2321"],
            quantities: &[Temperature, Humidity],
            addresses: &[0x5c],
            every: (Duration::from_secs(5), DAY),
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Bh1750,
            words: &["bh1750"],
            quantities: &[Illuminance],
            addresses: &[0x23, 0x5c],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tsl2561,
            words: &["tsl2561"],
            quantities: &[Illuminance],
            addresses: &[0x39, 0x29, 0x49],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Tsl2591,
            words: &["tsl2591"],
            quantities: &[Illuminance],
            addresses: &[0x29],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Veml7700,
            words: &["veml7700"],
            quantities: &[Illuminance],
            addresses: &[0x10],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Opt3001,
            words: &["opt3001"],
            quantities: &[Illuminance],
            addresses: &[0x44, 0x45, 0x46, 0x47],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Max44009,
            words: &["max44009"],
            quantities: &[Illuminance],
            addresses: &[0x4a, 0x4b],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Ltr390,
            words: &["ltr390"],
            quantities: &[Illuminance, UvIndex],
            addresses: &[0x53],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Scd4x,
            words: &["scd4x", "scd40", "scd41", "scd43"],
            quantities: &[Co2, Temperature, Humidity],
            addresses: &[0x62],
            every: (Duration::from_secs(5), DAY),
            settings: &[Setting::SelfCalibration],
        },
        ChipFacts {
            chip: Chip::Scd30,
            words: &["scd30"],
            quantities: &[Co2, Temperature, Humidity],
            addresses: &[0x61],
            every: (Duration::from_secs(2), DAY),
            settings: &[Setting::SelfCalibration],
        },
        ChipFacts {
            chip: Chip::Sgp40,
            words: &["sgp40"],
            quantities: &[VocIndex],
            addresses: &[0x59],
            every: (SECOND, Duration::from_secs(10)),
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Sgp30,
            words: &["sgp30"],
            quantities: &[Eco2, Tvoc],
            addresses: &[0x58],
            every: (SECOND, SECOND),
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Ens160,
            words: &["ens160", "ens161"],
            quantities: &[AirQuality, Tvoc, Eco2],
            addresses: &[0x53, 0x52],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Ccs811,
            words: &["ccs811"],
            quantities: &[Eco2, Tvoc],
            addresses: &[0x5a, 0x5b],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Sps30,
            words: &["sps30"],
            quantities: &[Pm1, Pm25, Pm4, Pm10],
            addresses: &[0x69],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Ads1115,
            words: &["ads1115"],
            quantities: &[Voltage(One), Voltage(Two), Voltage(Three), Voltage(Four)],
            addresses: &[0x48, 0x49, 0x4a, 0x4b],
            every: AT_WILL,
            settings: &[Setting::Channels, Setting::FullScale],
        },
        ChipFacts {
            chip: Chip::Ads1015,
            words: &["ads1015"],
            quantities: &[Voltage(One), Voltage(Two), Voltage(Three), Voltage(Four)],
            addresses: &[0x48, 0x49, 0x4a, 0x4b],
            every: AT_WILL,
            settings: &[Setting::Channels, Setting::FullScale],
        },
        ChipFacts {
            chip: Chip::Ina219,
            words: &["ina219"],
            quantities: &[Voltage(Only), Current(Only), Power(Only)],
            addresses: &[
                0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
            ],
            every: AT_WILL,
            settings: &[Setting::Shunt],
        },
        ChipFacts {
            chip: Chip::Ina226,
            words: &["ina226"],
            quantities: &[Voltage(Only), Current(Only), Power(Only)],
            addresses: &[
                0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
            ],
            every: AT_WILL,
            settings: &[Setting::Shunt],
        },
        ChipFacts {
            chip: Chip::Ina260,
            words: &["ina260"],
            quantities: &[Voltage(Only), Current(Only), Power(Only)],
            addresses: &[
                0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
            ],
            every: AT_WILL,
            settings: &[],
        },
        ChipFacts {
            chip: Chip::Ina3221,
            words: &["ina3221"],
            quantities: &[
                Voltage(One),
                Current(One),
                Power(One),
                Voltage(Two),
                Current(Two),
                Power(Two),
                Voltage(Three),
                Current(Three),
                Power(Three),
            ],
            addresses: &[0x40, 0x41, 0x42, 0x43],
            every: AT_WILL,
            settings: &[Setting::Channels, Setting::Shunt],
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

/// What a chip, or its driver, has learnt of the air where it is: worth keeping over a restart for as long as the driver
/// says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    /// The word of the chip; another one makes nothing of it.
    pub chip: String,
    /// Understood by the driver alone.
    pub numbers: Vec<u32>,
    /// When it was so.
    pub at: Moment,
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
    /// The house above the sea, m, 0 to 3000: gases are thinner there. It is that of the hub.
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
