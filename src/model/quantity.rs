//! What readings measure, and in which unit.

use serde::{Deserialize, Serialize};
use std::{fmt, ops::RangeInclusive};

/// What a number measures; each has one unit everywhere in hearthd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Quantity {
    /// Of the air, or of the chip itself.
    Temperature,
    /// Of what an infrared sensor looks at.
    ObjectTemperature,
    /// Of a diode that is wired to the chip.
    RemoteTemperature(Channel),
    /// Relative humidity.
    Humidity,
    /// Air pressure.
    Pressure,
    /// How bright it is to the eye.
    Illuminance,
    /// How strongly the sun burns the skin, on the scale of the World Health Organization.
    UvIndex,
    /// Carbon dioxide, measured.
    Co2,
    /// Carbon dioxide, guessed from other gases: what people would have breathed out beside them.
    Eco2,
    /// Volatile organic compounds, all together.
    Tvoc,
    /// Sensirion's: 100 is the average of the last day, 1 to 500.
    VocIndex,
    /// The German Umweltbundesamt's: 1 excellent to 5 unhealthy.
    AirQuality,
    /// Fine dust, particles of less than 1 µm.
    Pm1,
    /// Of less than 2.5 µm.
    Pm25,
    /// Of less than 4 µm.
    Pm4,
    /// Of less than 10 µm.
    Pm10,
    /// Of a heated metal oxide: falls when the air gets worse.
    GasResistance,
    /// Voltage.
    Voltage(Channel),
    /// Electric current; negative when it flows backwards.
    Current(Channel),
    /// Electric power; negative when it flows backwards.
    Power(Channel),
    /// To what the air must cool down for its vapour to condense: from temperature and humidity.
    DewPoint,
    /// Water vapour in the air: from temperature and humidity.
    AbsoluteHumidity,
    /// How warm it feels in the shade: from temperature and humidity.
    HeatIndex,
    /// What the air pressure would be at sea level: from pressure and altitude.
    SeaLevelPressure,
    /// 1 while the supply of the machine is too low, otherwise 0.
    Undervoltage,
    /// 1 while the processor is slowed down, otherwise 0.
    Throttled,
    /// How fast a fan turns.
    FanSpeed,
    /// Electric energy, as a meter counts it.
    Energy,
    /// Water, gas or oil, as a meter counts it.
    Volume,
    /// Volume in time.
    Flow,
    /// How often something happened.
    Count,
    /// How often it happens now.
    Rate,
}

/// Which of several inputs of one chip, by the number that the words of its points end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Channel {
    /// The chip has but one: no number.
    Only,
    One,
    Two,
    Three,
    Four,
}

/// A unit; only numbers of the same unit can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Unit {
    Celsius,
    Percent,
    Hectopascal,
    Lux,
    PartsPerMillion,
    PartsPerBillion,
    MicrogramsPerCubicMetre,
    /// A scale of its own.
    Index,
    Ohm,
    Volt,
    Ampere,
    Watt,
    GramsPerCubicMetre,
    RevolutionsPerMinute,
    KilowattHour,
    CubicMetre,
    LitresPerMinute,
    TimesPerMinute,
}

/// More than any meter of a house shows.
const TOTAL_MAX: f64 = 1e9;

struct Facts {
    word: &'static str,
    unit: Unit,
    plausible: RangeInclusive<f64>,
    decimals: usize,
}

impl Quantity {
    /// All of them, each with all its channels.
    pub fn all() -> impl Iterator<Item = Quantity> {
        let single = [
            Quantity::Temperature,
            Quantity::ObjectTemperature,
            Quantity::Humidity,
            Quantity::Pressure,
            Quantity::Illuminance,
            Quantity::UvIndex,
            Quantity::Co2,
            Quantity::Eco2,
            Quantity::Tvoc,
            Quantity::VocIndex,
            Quantity::AirQuality,
            Quantity::Pm1,
            Quantity::Pm25,
            Quantity::Pm4,
            Quantity::Pm10,
            Quantity::GasResistance,
            Quantity::DewPoint,
            Quantity::AbsoluteHumidity,
            Quantity::HeatIndex,
            Quantity::SeaLevelPressure,
            Quantity::Undervoltage,
            Quantity::Throttled,
            Quantity::FanSpeed,
            Quantity::Energy,
            Quantity::Volume,
            Quantity::Flow,
            Quantity::Count,
            Quantity::Rate,
        ];
        let several = [Quantity::RemoteTemperature, Quantity::Voltage, Quantity::Current, Quantity::Power];
        single.into_iter().chain(several.into_iter().flat_map(|quantity| Channel::ALL.map(quantity)))
    }

    /// The quantity of a word.
    pub fn find(word: &str) -> Option<Quantity> {
        Quantity::all().find(|quantity| quantity.word() == word)
    }

    /// The one table of quantities.
    fn facts(self) -> Facts {
        use Unit::*;
        let facts = |word, unit, plausible, decimals| Facts { word, unit, plausible, decimals };
        match self {
            Quantity::Temperature => facts("temperature", Celsius, -60.0..=150.0, 2),
            Quantity::ObjectTemperature => facts("object_temperature", Celsius, -70.0..=400.0, 2),
            Quantity::RemoteTemperature(n) => facts(n.pick(REMOTE_TEMPERATURE), Celsius, -70.0..=200.0, 2),
            Quantity::Humidity => facts("humidity", Percent, 0.0..=100.0, 1),
            Quantity::Pressure => facts("pressure", Hectopascal, 300.0..=1100.0, 1),
            Quantity::Illuminance => facts("illuminance", Lux, 0.0..=200_000.0, 1),
            // The highest ever measured on the ground is 43.
            Quantity::UvIndex => facts("uv_index", Index, 0.0..=100.0, 1),
            Quantity::Co2 => facts("co2", PartsPerMillion, 0.0..=40_000.0, 0),
            Quantity::Eco2 => facts("eco2", PartsPerMillion, 0.0..=65_000.0, 0),
            Quantity::Tvoc => facts("tvoc", PartsPerBillion, 0.0..=65_000.0, 0),
            Quantity::VocIndex => facts("voc_index", Index, 0.0..=500.0, 0),
            Quantity::AirQuality => facts("air_quality", Index, 1.0..=5.0, 0),
            Quantity::Pm1 => facts("pm1", MicrogramsPerCubicMetre, 0.0..=10_000.0, 1),
            Quantity::Pm25 => facts("pm25", MicrogramsPerCubicMetre, 0.0..=10_000.0, 1),
            Quantity::Pm4 => facts("pm4", MicrogramsPerCubicMetre, 0.0..=10_000.0, 1),
            Quantity::Pm10 => facts("pm10", MicrogramsPerCubicMetre, 0.0..=10_000.0, 1),
            Quantity::GasResistance => facts("gas_resistance", Ohm, 0.0..=1e8, 0),
            Quantity::Voltage(n) => facts(n.pick(VOLTAGE), Volt, -1_000.0..=1_000.0, 3),
            Quantity::Current(n) => facts(n.pick(CURRENT), Ampere, -1_000.0..=1_000.0, 3),
            Quantity::Power(n) => facts(n.pick(POWER), Watt, -100_000.0..=100_000.0, 2),
            Quantity::DewPoint => facts("dew_point", Celsius, -120.0..=100.0, 1),
            Quantity::AbsoluteHumidity => facts("absolute_humidity", GramsPerCubicMetre, 0.0..=1_000.0, 1),
            Quantity::HeatIndex => facts("heat_index", Celsius, -120.0..=300.0, 1),
            Quantity::SeaLevelPressure => facts("sea_level_pressure", Hectopascal, 300.0..=2_000.0, 1),
            Quantity::Undervoltage => facts("undervoltage", Index, 0.0..=1.0, 0),
            Quantity::Throttled => facts("throttled", Index, 0.0..=1.0, 0),
            Quantity::FanSpeed => facts("fan_speed", RevolutionsPerMinute, 0.0..=100_000.0, 0),
            Quantity::Energy => facts("energy", KilowattHour, 0.0..=TOTAL_MAX, 3),
            Quantity::Volume => facts("volume", CubicMetre, 0.0..=TOTAL_MAX, 3),
            Quantity::Flow => facts("flow", LitresPerMinute, 0.0..=1e6, 2),
            Quantity::Count => facts("count", Index, 0.0..=TOTAL_MAX, 0),
            Quantity::Rate => facts("rate", TimesPerMinute, 0.0..=1e6, 1),
        }
    }

    /// The word of the configuration and of topics.
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// What people call it: `dew point`, `CO2`.
    pub fn title(self) -> String {
        match self {
            Quantity::Co2 => "CO2".into(),
            Quantity::Eco2 => "CO2 equivalent".into(),
            Quantity::Tvoc => "TVOC".into(),
            Quantity::VocIndex => "VOC index".into(),
            Quantity::UvIndex => "UV index".into(),
            Quantity::Pm1 => "PM1".into(),
            Quantity::Pm25 => "PM2.5".into(),
            Quantity::Pm4 => "PM4".into(),
            Quantity::Pm10 => "PM10".into(),
            _ => self.word().replace('_', " "),
        }
    }

    /// The unit of its numbers.
    pub fn unit(self) -> Unit {
        self.facts().unit
    }

    /// What can be met on Earth and read by the chips; a reading outside is a fault, a limit outside never acts.
    pub fn plausible(self) -> RangeInclusive<f64> {
        self.facts().plausible
    }

    /// How many decimals are published.
    pub fn decimals(self) -> usize {
        self.facts().decimals
    }

    /// What it can be worked out from, when the sensor measures that.
    pub fn ingredients(self) -> &'static [Quantity] {
        match self {
            Quantity::DewPoint | Quantity::AbsoluteHumidity | Quantity::HeatIndex => {
                &[Quantity::Temperature, Quantity::Humidity]
            }
            Quantity::SeaLevelPressure => &[Quantity::Pressure],
            _ => &[],
        }
    }

    /// Which of the chip's inputs it belongs to, if it has several.
    pub fn channel(self) -> Channel {
        match self {
            Quantity::RemoteTemperature(channel)
            | Quantity::Voltage(channel)
            | Quantity::Current(channel)
            | Quantity::Power(channel) => channel,
            _ => Channel::Only,
        }
    }
}

impl From<Quantity> for &'static str {
    fn from(quantity: Quantity) -> &'static str {
        quantity.word()
    }
}

impl TryFrom<String> for Quantity {
    type Error = String;

    fn try_from(word: String) -> Result<Quantity, String> {
        Quantity::find(&word).ok_or_else(|| format!("unknown quantity {word}"))
    }
}

type Words = [&'static str; 5];
const REMOTE_TEMPERATURE: Words = [
    "remote_temperature",
    "remote_temperature_1",
    "remote_temperature_2",
    "remote_temperature_3",
    "remote_temperature_4",
];
const VOLTAGE: Words = ["voltage", "voltage_1", "voltage_2", "voltage_3", "voltage_4"];
const CURRENT: Words = ["current", "current_1", "current_2", "current_3", "current_4"];
const POWER: Words = ["power", "power_1", "power_2", "power_3", "power_4"];

impl Channel {
    const ALL: [Channel; 5] = [Channel::Only, Channel::One, Channel::Two, Channel::Three, Channel::Four];

    fn pick(self, words: Words) -> &'static str {
        words[self as usize]
    }

    /// The channel of this number from 1 on; nothing for others.
    pub fn numbered(number: usize) -> Option<Channel> {
        [Channel::One, Channel::Two, Channel::Three, Channel::Four].get(number.checked_sub(1)?).copied()
    }

    /// 1 and so on; 0 for the only one.
    pub fn number(self) -> usize {
        self as usize
    }
}

impl Unit {
    /// All of them.
    pub const ALL: [Unit; 18] = [
        Unit::Celsius,
        Unit::Percent,
        Unit::Hectopascal,
        Unit::Lux,
        Unit::PartsPerMillion,
        Unit::PartsPerBillion,
        Unit::MicrogramsPerCubicMetre,
        Unit::Index,
        Unit::Ohm,
        Unit::Volt,
        Unit::Ampere,
        Unit::Watt,
        Unit::GramsPerCubicMetre,
        Unit::RevolutionsPerMinute,
        Unit::KilowattHour,
        Unit::CubicMetre,
        Unit::LitresPerMinute,
        Unit::TimesPerMinute,
    ];

    /// How it is shown; nothing for a scale of its own.
    pub fn sign(self) -> &'static str {
        self.spellings().first().unwrap_or(&"")
    }

    /// How a rule may write it; the first is how it is shown.
    pub fn spellings(self) -> &'static [&'static str] {
        match self {
            Unit::Celsius => &["°C", "C"],
            Unit::Percent => &["%"],
            Unit::Hectopascal => &["hPa"],
            Unit::Lux => &["lx", "lux"],
            Unit::PartsPerMillion => &["ppm"],
            Unit::PartsPerBillion => &["ppb"],
            // The micro sign, and the letter mu, which looks the same.
            Unit::MicrogramsPerCubicMetre => &["\u{b5}g/m³", "\u{3bc}g/m³", "ug/m3"],
            Unit::Index => &[],
            Unit::Ohm => &["Ω", "ohm"],
            Unit::Volt => &["V"],
            Unit::Ampere => &["A"],
            Unit::Watt => &["W"],
            Unit::GramsPerCubicMetre => &["g/m³"],
            Unit::RevolutionsPerMinute => &["rpm"],
            Unit::KilowattHour => &["kWh"],
            Unit::CubicMetre => &["m³", "m3"],
            Unit::LitresPerMinute => &["L/min", "l/min"],
            Unit::TimesPerMinute => &["/min"],
        }
    }

    /// What numbers of it are called: `a temperature`.
    pub fn noun(self) -> &'static str {
        match self {
            Unit::Celsius => "a temperature",
            Unit::Percent => "a humidity",
            Unit::Hectopascal => "a pressure",
            Unit::Lux => "a brightness",
            Unit::PartsPerMillion => "a concentration",
            Unit::PartsPerBillion => "a trace of gas",
            Unit::MicrogramsPerCubicMetre => "an amount of dust",
            Unit::Index => "an index",
            Unit::Ohm => "a resistance",
            Unit::Volt => "a voltage",
            Unit::Ampere => "a current",
            Unit::Watt => "a power",
            Unit::GramsPerCubicMetre => "an absolute humidity",
            Unit::RevolutionsPerMinute => "a speed",
            Unit::KilowattHour => "an energy",
            Unit::CubicMetre => "a volume",
            Unit::LitresPerMinute => "a flow",
            Unit::TimesPerMinute => "a rate",
        }
    }

    /// A number with its unit: `20.5 °C`, or `100` on a scale of its own.
    pub fn with(self, number: impl fmt::Display) -> String {
        format!("{number} {}", self.sign()).trim_end().to_owned()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_one_unit() {
        let mut spellings: Vec<_> = Unit::ALL.iter().flat_map(|unit| unit.spellings()).collect();
        let count = spellings.len();
        spellings.sort();
        spellings.dedup();
        assert_eq!(spellings.len(), count);
    }

    #[test]
    fn every_word_means_one_quantity() {
        for quantity in Quantity::all() {
            assert_eq!(Quantity::find(quantity.word()), Some(quantity));
        }
    }

    #[test]
    fn words_end_with_the_number_of_their_channel() {
        for number in 1..=4 {
            let channel = Channel::numbered(number).unwrap();
            assert_eq!(channel.number(), number);
            let quantities = [
                Quantity::Voltage(channel),
                Quantity::Current(channel),
                Quantity::Power(channel),
                Quantity::RemoteTemperature(channel),
            ];
            for quantity in quantities {
                assert!(quantity.word().ends_with(&format!("_{number}")), "{}", quantity.word());
            }
        }
        assert_eq!((Channel::numbered(0), Channel::numbered(5)), (None, None));
        assert_eq!(Quantity::Voltage(Channel::Only).word(), "voltage");
        assert_eq!((Unit::Celsius.with(20.5), Unit::Index.with(100)), ("20.5 °C".into(), "100".into()));
    }
}
