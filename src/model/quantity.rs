//! What readings measure, and in which unit: two tables.

use super::Own;
use serde::{Deserialize, Serialize};
use std::{convert::identity, fmt, ops::RangeInclusive};

/// The class of what is 1 while something is wrong, otherwise 0.
pub const PROBLEM: &str = "problem";

/// What is known of a quantity.
#[derive(Debug)]
pub struct QuantityFacts {
    /// The word of the configuration and of topics; of what a chip can have several of, one for each [`Channel`].
    words: &'static [&'static str],
    /// Where the word will not do.
    title: Option<&'static str>,
    unit: Unit,
    plausible: RangeInclusive<f64>,
    decimals: usize,
    /// What Home Assistant calls it; None: it has no class for it.
    pub class: Option<&'static str>,
    ingredients: &'static [Quantity],
    /// Whether only who looks for what is wrong wants to see it.
    pub is_diagnostic: bool,
    /// What it is in every room alike; None: it depends on the weather, the room and who is there.
    pub usual: Option<Usual>,
}

/// What a quantity is in every room of a house of which nothing more is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// In the quantity's unit.
    pub value: f64,
    /// How far readings lie apart.
    pub noise: f64,
    /// How many steps a sensor has to one unit.
    pub steps: f64,
}

const fn row(
    words: &'static [&'static str],
    unit: Unit,
    plausible: RangeInclusive<f64>,
    decimals: usize,
) -> QuantityFacts {
    QuantityFacts {
        words,
        title: None,
        unit,
        plausible,
        decimals,
        class: None,
        ingredients: &[],
        is_diagnostic: false,
        usual: None,
    }
}

impl QuantityFacts {
    /// Of one that a configuration names itself. Nobody knows what it is as a rule: what is nearest to 0.
    pub(super) fn own(
        words: &'static [&'static str],
        unit: Unit,
        plausible: RangeInclusive<f64>,
        decimals: usize,
    ) -> QuantityFacts {
        let value = 0_f64.max(*plausible.start()).min(*plausible.end());
        row(words, unit, plausible, decimals).usual(value, 0.0, 1.0)
    }

    const fn titled(self, title: &'static str) -> QuantityFacts {
        QuantityFacts { title: Some(title), ..self }
    }

    /// What Home Assistant calls it.
    const fn class(self, class: &'static str) -> QuantityFacts {
        QuantityFacts { class: Some(class), ..self }
    }

    /// Of interest to who looks for what is wrong.
    const fn diagnostic(self) -> QuantityFacts {
        QuantityFacts { is_diagnostic: true, ..self }
    }

    /// From what it can be worked out.
    const fn from(self, ingredients: &'static [Quantity]) -> QuantityFacts {
        QuantityFacts { ingredients, ..self }
    }

    const fn usual(self, value: f64, noise: f64, steps: f64) -> QuantityFacts {
        QuantityFacts { usual: Some(Usual { value, noise, steps }), ..self }
    }
}

/// Declares [`Quantity`] from its rows. A row with `(Channel)` behind its name is of what a chip can have several of.
macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident $(($channel:ident))? = $row:expr;)+) => {
        /// What a number measures; each has one unit everywhere in hearthd.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum Quantity {
            $($(#[$doc])* $name $(($channel))?,)+
            /// One that the configuration names itself.
            Own(Own),
        }

        impl Quantity {
            /// All that are known, each with all its channels.
            pub fn all() -> impl Iterator<Item = Quantity> {
                let all: &[&[Quantity]] = &[$(quantities!(@all $name $($channel)?)),+];
                let of = |several: bool| all.iter().filter(move |channels| (channels.len() > 1) == several);
                of(false).chain(of(true)).flat_map(|channels| channels.iter().copied())
            }

            /// What else is known of it.
            pub fn facts(self) -> &'static QuantityFacts {
                match self {
                    $(Quantity::$name { .. } => {
                        const ROW: &QuantityFacts = &$row;
                        ROW
                    })+
                    Quantity::Own(own) => own.facts(),
                }
            }

            /// Which of the chip's inputs it belongs to, if it has several.
            pub fn channel(self) -> Channel {
                match self {
                    $($(Quantity::$name(channel) => identity::<$channel>(channel),)?)+
                    _ => Channel::Only,
                }
            }
        }
    };
    (@all $name:ident) => { &[Quantity::$name] };
    (@all $name:ident $channel:ident) => {
        &[
            Quantity::$name($channel::Only),
            Quantity::$name($channel::One),
            Quantity::$name($channel::Two),
            Quantity::$name($channel::Three),
            Quantity::$name($channel::Four),
        ]
    };
}

quantities! {
    /// Of the air, or of the chip itself.
    Temperature = row(&["temperature"], Unit::Celsius, -60.0..=150.0, 2).class("temperature");
    /// Of what an infrared sensor looks at.
    ObjectTemperature = row(&["object_temperature"], Unit::Celsius, -70.0..=400.0, 2).class("temperature");
    /// Of a diode that is wired to the chip.
    RemoteTemperature(Channel) = row(
        &["remote_temperature", "remote_temperature_1", "remote_temperature_2", "remote_temperature_3", "remote_temperature_4"],
        Unit::Celsius, -70.0..=200.0, 2,
    ).class("temperature");
    /// Relative humidity.
    Humidity = row(&["humidity"], Unit::Percent, 0.0..=100.0, 1).class("humidity");
    /// Air pressure.
    Pressure = row(&["pressure"], Unit::Hectopascal, 300.0..=1100.0, 1).class("atmospheric_pressure");
    /// How bright it is to the eye.
    Illuminance = row(&["illuminance"], Unit::Lux, 0.0..=200_000.0, 1).class("illuminance");
    /// How strongly the sun burns the skin, on the scale of the World Health Organization.
    // The highest ever measured on the ground is 43.
    UvIndex = row(&["uv_index"], Unit::Index, 0.0..=100.0, 1).titled("UV index");
    /// Carbon dioxide, measured.
    Co2 = row(&["co2"], Unit::PartsPerMillion, 0.0..=40_000.0, 0)
        .titled("CO2").class("carbon_dioxide").usual(600.0, 20.0, 1.0);
    /// Carbon dioxide, guessed from other gases: what people would have breathed out beside them.
    Eco2 = row(&["eco2"], Unit::PartsPerMillion, 0.0..=65_000.0, 0)
        .titled("CO2 equivalent").class("carbon_dioxide").usual(600.0, 20.0, 1.0);
    /// Volatile organic compounds, all together.
    Tvoc = row(&["tvoc"], Unit::PartsPerBillion, 0.0..=65_000.0, 0)
        .titled("TVOC").class("volatile_organic_compounds_parts").usual(100.0, 5.0, 1.0);
    /// Sensirion's: 100 is the average of the last day, 1 to 500.
    VocIndex = row(&["voc_index"], Unit::Index, 0.0..=500.0, 0).titled("VOC index").usual(100.0, 5.0, 1.0);
    /// The German Umweltbundesamt's: 1 excellent to 5 unhealthy.
    AirQuality = row(&["air_quality"], Unit::Index, 1.0..=5.0, 0).class("aqi").usual(1.0, 0.0, 1.0);
    /// Fine dust, particles of less than 1 µm.
    Pm1 = row(&["pm1"], Unit::MicrogramsPerCubicMetre, 0.0..=10_000.0, 1)
        .titled("PM1").class("pm1").usual(5.0, 1.0, 10.0);
    /// Of less than 2.5 µm.
    Pm25 = row(&["pm25"], Unit::MicrogramsPerCubicMetre, 0.0..=10_000.0, 1)
        .titled("PM2.5").class("pm25").usual(5.0, 1.0, 10.0);
    /// Of less than 4 µm.
    // Home Assistant has a class for it only since a short time.
    Pm4 = row(&["pm4"], Unit::MicrogramsPerCubicMetre, 0.0..=10_000.0, 1).titled("PM4").usual(5.0, 1.0, 10.0);
    /// Of less than 10 µm.
    Pm10 = row(&["pm10"], Unit::MicrogramsPerCubicMetre, 0.0..=10_000.0, 1)
        .titled("PM10").class("pm10").usual(5.0, 1.0, 10.0);
    /// Of a heated metal oxide: falls when the air gets worse.
    GasResistance = row(&["gas_resistance"], Unit::Ohm, 0.0..=1e8, 0).usual(50_000.0, 500.0, 1.0);
    /// Voltage.
    Voltage(Channel) = row(
        &["voltage", "voltage_1", "voltage_2", "voltage_3", "voltage_4"], Unit::Volt, -1_000.0..=1_000.0, 3,
    ).class("voltage").usual(5.0, 0.02, 1_000.0);
    /// Electric current; negative when it flows backwards.
    Current(Channel) = row(
        &["current", "current_1", "current_2", "current_3", "current_4"], Unit::Ampere, -1_000.0..=1_000.0, 3,
    ).class("current").usual(0.5, 0.01, 1_000.0);
    /// Electric power; negative when it flows backwards.
    Power(Channel) = row(
        &["power", "power_1", "power_2", "power_3", "power_4"], Unit::Watt, -100_000.0..=100_000.0, 2,
    ).class("power").usual(2.5, 0.05, 100.0);
    /// To what the air must cool down for its vapour to condense: from temperature and humidity.
    DewPoint = row(&["dew_point"], Unit::Celsius, -120.0..=100.0, 1).class("temperature").from(OF_AIR);
    /// Water vapour in the air: from temperature and humidity.
    AbsoluteHumidity = row(&["absolute_humidity"], Unit::GramsPerCubicMetre, 0.0..=1_000.0, 1)
        .class("absolute_humidity").from(OF_AIR).usual(10.0, 0.0, 10.0);
    /// How warm it feels in the shade: from temperature and humidity.
    HeatIndex = row(&["heat_index"], Unit::Celsius, -120.0..=300.0, 1).class("temperature").from(OF_AIR);
    /// What the air pressure would be at sea level: from pressure and altitude.
    SeaLevelPressure = row(&["sea_level_pressure"], Unit::Hectopascal, 300.0..=2_000.0, 1)
        .class("atmospheric_pressure").from(&[Quantity::Pressure]);
    /// 1 while the supply of the machine is too low, otherwise 0.
    Undervoltage = row(&["undervoltage"], Unit::Index, 0.0..=1.0, 0).class(PROBLEM).diagnostic().usual(0.0, 0.0, 1.0);
    /// 1 while the processor is slowed down, otherwise 0.
    Throttled = row(&["throttled"], Unit::Index, 0.0..=1.0, 0).class(PROBLEM).diagnostic().usual(0.0, 0.0, 1.0);
    /// How fast a fan turns.
    FanSpeed = row(&["fan_speed"], Unit::RevolutionsPerMinute, 0.0..=100_000.0, 0).usual(1_200.0, 20.0, 1.0);
    /// What is left in the battery of a device on the broker.
    Battery = row(&["battery"], Unit::Percent, 0.0..=100.0, 0).class("battery").diagnostic().usual(90.0, 0.0, 1.0);
    // Counters, here to the end, are not read: a simulated world moves their wires.
    /// Electric energy, as a meter counts it.
    Energy = row(&["energy"], Unit::KilowattHour, 0.0..=TOTAL_MAX, 3).class("energy").usual(0.0, 0.0, 1.0);
    /// Water, gas or oil, as a meter counts it.
    Volume = row(&["volume"], Unit::CubicMetre, 0.0..=TOTAL_MAX, 3).class("volume").usual(0.0, 0.0, 1.0);
    /// Volume in time.
    Flow = row(&["flow"], Unit::LitresPerMinute, 0.0..=1e6, 2).class("volume_flow_rate").usual(0.0, 0.0, 1.0);
    /// How often something happened.
    Count = row(&["count"], Unit::Index, 0.0..=TOTAL_MAX, 0).usual(0.0, 0.0, 1.0);
    /// How often it happens now.
    Rate = row(&["rate"], Unit::TimesPerMinute, 0.0..=1e6, 1).usual(0.0, 0.0, 1.0);
}

/// More than any meter of a house shows.
const TOTAL_MAX: f64 = 1e9;

const OF_AIR: &[Quantity] = &[Quantity::Temperature, Quantity::Humidity];

impl Quantity {
    /// The known quantity of a word.
    pub fn find(word: &str) -> Option<Quantity> {
        Quantity::all().find(|quantity| quantity.word() == word)
    }

    /// The word of the configuration and of topics.
    pub fn word(self) -> &'static str {
        self.facts().words[self.channel() as usize]
    }

    /// What people call it: `dew point`, `CO2`.
    pub fn title(self) -> String {
        self.facts().title.map_or_else(|| self.word().replace('_', " "), str::to_owned)
    }

    /// The unit of its numbers.
    pub fn unit(self) -> Unit {
        self.facts().unit
    }

    /// What can be met on Earth and read by the chips; a reading outside is a fault, a limit outside never acts.
    pub fn plausible(self) -> RangeInclusive<f64> {
        self.facts().plausible.clone()
    }

    /// How many decimals are published.
    pub fn decimals(self) -> usize {
        self.facts().decimals
    }

    /// What it can be worked out from, when the sensor measures that.
    pub fn ingredients(self) -> &'static [Quantity] {
        self.facts().ingredients
    }
}

impl From<Quantity> for &'static str {
    fn from(quantity: Quantity) -> &'static str {
        match quantity {
            Quantity::Own(own) => own.text(),
            known => known.word(),
        }
    }
}

impl TryFrom<String> for Quantity {
    type Error = String;

    fn try_from(word: String) -> Result<Quantity, String> {
        let own = || Own::read(&word).map(Quantity::Own);
        Quantity::find(&word).or_else(own).ok_or_else(|| format!("unknown quantity {word}"))
    }
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

impl Channel {
    /// The channel of this number from 1 on; nothing for others.
    pub fn numbered(number: usize) -> Option<Channel> {
        [Channel::One, Channel::Two, Channel::Three, Channel::Four].get(number.checked_sub(1)?).copied()
    }

    /// 1 and so on; 0 for the only one.
    pub fn number(self) -> usize {
        self as usize
    }
}

/// What is known of a unit.
#[derive(Debug, PartialEq, Eq)]
pub struct UnitFacts {
    sign: &'static str,
    noun: &'static str,
    spellings: &'static [&'static str],
    classes: &'static [&'static str],
}

const fn unit(sign: &'static str, noun: &'static str, spellings: &'static [&'static str]) -> UnitFacts {
    UnitFacts { sign, noun, spellings, classes: &[] }
}

impl UnitFacts {
    const fn classes(self, classes: &'static [&'static str]) -> UnitFacts {
        UnitFacts { classes, ..self }
    }
}

/// Declares [`Unit`] from its rows: how it is shown, what numbers of it are called, how a rule may write it.
macro_rules! units {
    ($($(#[$doc:meta])* $name:ident = $row:expr;)+) => {
        /// A unit; only numbers of the same unit can be compared.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the signs say it")]
        pub enum Unit {
            $($(#[$doc])* $name,)+
            /// One that the configuration names itself.
            Own(&'static UnitFacts),
        }

        impl Unit {
            /// All that are known.
            pub const ALL: &[Unit] = &[$(Unit::$name),+];

            fn facts(self) -> &'static UnitFacts {
                match self {
                    $(Unit::$name => {
                        const ROW: &UnitFacts = &$row;
                        ROW
                    })+
                    Unit::Own(own) => own,
                }
            }
        }
    };
}

units! {
    Celsius = unit("°C", "a temperature", &["°C", "C"]);
    Percent = unit("%", "a humidity", &["%"]).classes(&["humidity", "moisture", "battery", "power_factor"]);
    Hectopascal = unit("hPa", "a pressure", &["hPa"]).classes(&["atmospheric_pressure", "pressure"]);
    Lux = unit("lx", "a brightness", &["lx", "lux"]);
    PartsPerMillion = unit("ppm", "a concentration", &["ppm"]).classes(&["carbon_dioxide", "carbon_monoxide"]);
    PartsPerBillion = unit("ppb", "a trace of gas", &["ppb"]);
    // The micro sign, and the letter mu, which looks the same.
    MicrogramsPerCubicMetre = unit("\u{b5}g/m³", "an amount of dust", &["\u{b5}g/m³", "\u{3bc}g/m³", "ug/m3"]);
    /// A scale of its own.
    Index = unit("", "an index", &[]);
    Ohm = unit("Ω", "a resistance", &["Ω", "ohm"]);
    Volt = unit("V", "a voltage", &["V"]);
    Ampere = unit("A", "a current", &["A"]);
    Watt = unit("W", "a power", &["W"]);
    GramsPerCubicMetre = unit("g/m³", "an absolute humidity", &["g/m³"]);
    RevolutionsPerMinute = unit("rpm", "a speed", &["rpm"]);
    KilowattHour = unit("kWh", "an energy", &["kWh"]);
    CubicMetre = unit("m³", "a volume", &["m³", "m3"]);
    LitresPerMinute = unit("L/min", "a flow", &["L/min", "l/min"]);
    TimesPerMinute = unit("/min", "a rate", &["/min"]);
    Minute = unit("min", "a time", &["min"]).classes(&["duration"]);
}

impl Unit {
    /// The unit of a sign, which is one that the configuration names itself if it is not known. Its facts stay as long as
    /// the program runs: who asks keeps them, see [`Own`].
    pub(super) fn of(sign: &str) -> Unit {
        let known = Unit::ALL.iter().find(|unit| unit.sign() == sign || unit.spellings().contains(&sign));
        known.copied().unwrap_or_else(|| {
            let spellings = &*Box::leak(Box::new([&*sign.to_owned().leak()]));
            let noun = format!("a number in {sign}").leak();
            Unit::Own(Box::leak(Box::new(unit(spellings[0], noun, spellings))))
        })
    }

    /// How it is shown; empty for a scale of its own.
    pub fn sign(self) -> &'static str {
        self.facts().sign
    }

    /// How a rule may write it; the first is how it is shown.
    pub fn spellings(self) -> &'static [&'static str] {
        self.facts().spellings
    }

    /// By what a number in the unit of another sign is multiplied, and what is then added, to have it in this one.
    pub fn converted(self, sign: &str) -> Option<(f64, f64)> {
        if self.sign() == sign || self.spellings().contains(&sign) {
            return Some((1.0, 0.0));
        }
        let row = CONVERSIONS.iter().find(|(known, to, ..)| *known == sign && *to == self);
        row.map(|(_, _, scale, offset)| (*scale, *offset))
    }

    /// The signs of the other units that are known for it.
    pub fn others(self) -> impl Iterator<Item = &'static str> {
        CONVERSIONS.iter().filter(move |(_, to, ..)| *to == self).map(|(sign, ..)| *sign)
    }

    /// What Home Assistant can be told that something in it is.
    pub fn classes(self) -> &'static [&'static str] {
        self.facts().classes
    }

    /// What numbers of it are called: `a temperature`.
    pub fn noun(self) -> &'static str {
        self.facts().noun
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

/// The units in which devices tell what is kept in another: the sign, the unit, and what makes one of the other.
const CONVERSIONS: &[(&str, Unit, f64, f64)] = &[
    ("°F", Unit::Celsius, 5.0 / 9.0, -160.0 / 9.0),
    ("K", Unit::Celsius, 1.0, -273.15),
    ("Pa", Unit::Hectopascal, 0.01, 0.0),
    ("kPa", Unit::Hectopascal, 10.0, 0.0),
    ("mbar", Unit::Hectopascal, 1.0, 0.0),
    ("mmHg", Unit::Hectopascal, 1.333_224, 0.0),
    ("inHg", Unit::Hectopascal, 33.863_89, 0.0),
    ("mV", Unit::Volt, 0.001, 0.0),
    ("mA", Unit::Ampere, 0.001, 0.0),
    ("kW", Unit::Watt, 1_000.0, 0.0),
    ("mW", Unit::Watt, 0.001, 0.0),
    ("Wh", Unit::KilowattHour, 0.001, 0.0),
    ("MWh", Unit::KilowattHour, 1_000.0, 0.0),
    ("J", Unit::KilowattHour, 1.0 / 3_600_000.0, 0.0),
    ("L", Unit::CubicMetre, 0.001, 0.0),
    ("m³/h", Unit::LitresPerMinute, 1_000.0 / 60.0, 0.0),
    ("klx", Unit::Lux, 1_000.0, 0.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted() {
        let converted =
            |number: f64, sign, unit: Unit| unit.converted(sign).map(|(scale, offset)| number * scale + offset);
        assert!((converted(68.0, "°F", Unit::Celsius).unwrap() - 20.0).abs() < 1e-9);
        assert!((converted(-40.0, "°F", Unit::Celsius).unwrap() + 40.0).abs() < 1e-9);
        assert_eq!(converted(1500.0, "Wh", Unit::KilowattHour), Some(1.5));
        assert_eq!(converted(20.0, "°C", Unit::Celsius), Some(20.0));
        assert_eq!(Unit::Watt.converted("Wh"), None);
    }

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
