//! Devices whose registers are known: each a file of `profiles/`, in the language of the configuration.

use crate::{
    config::{
        remote::{Medium, Reading, Readings, Register},
        shape::Shape,
    },
    model::{Bank, ModbusAsk, ModbusForm, ModbusKind, ModbusPlace},
};
use std::sync::LazyLock;
use toml::de::{DeTable, DeValue};

/// A device whose registers are known.
pub(in crate::config) struct Profile {
    /// What the configuration calls it.
    pub word: &'static str,
    /// What people call it.
    pub title: String,
    /// What it reads.
    pub readings: Vec<Reading>,
    /// Of two registers, the first one has the low half.
    pub low_first: bool,
    /// Its relays.
    pub outputs: Option<Channels>,
    /// Its inputs.
    pub inputs: Option<Channels>,
}

/// Relays or inputs that lie one after the other.
#[derive(Clone, Copy)]
pub(in crate::config) struct Channels {
    first: ModbusPlace,
    pub count: u16,
    pub form: ModbusForm,
}

impl Channels {
    /// Where one is, counted from 1.
    pub fn place(self, channel: u16) -> Option<ModbusPlace> {
        let offset = channel.checked_sub(1).filter(|_| channel <= self.count)?;
        Some(ModbusPlace { address: self.first.address + offset, ..self.first })
    }
}

macro_rules! profiles {
    ($($word:literal),+ $(,)?) => { &[$(($word, include_str!(concat!("profiles/", $word, ".toml")))),+] };
}

const FILES: &[(&str, &str)] = profiles![
    "eletechsup-relay-8",
    "pzem-004t",
    "pzem-016",
    "pzem-017",
    "sdm120",
    "sdm230",
    "sdm630",
    "sdm72d",
    "senseair-s8",
    "waveshare-io-8",
    "waveshare-relay-8",
    "waveshare-relay-d-8",
    "xy-md02",
];

/// Their tests hold that all are right.
static PROFILES: LazyLock<Vec<Profile>> =
    LazyLock::new(|| FILES.iter().filter_map(|(word, text)| parse(word, text)).collect());

/// Their words.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    FILES.iter().map(|(word, _)| *word)
}

/// The device of this word.
pub(in crate::config) fn find(word: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.word == word)
}

/// The devices that are known, to be looked for on a bus.
pub fn modbus_kinds() -> Vec<ModbusKind> {
    PROFILES.iter().map(Profile::kind).collect()
}

impl Profile {
    fn kind(&'static self) -> ModbusKind {
        let readings = self.readings.iter().filter_map(|reading| reading.register.as_ref());
        let number = |register: &Register| ModbusAsk {
            place: register.place,
            count: register.number.registers(),
            number: Some(register.number),
        };
        let channels = [self.outputs, self.inputs].into_iter().flatten();
        let all_of = |channels: Channels| ModbusAsk { place: channels.first, count: channels.count, number: None };
        let count = |channels: Option<Channels>| channels.map_or(0, |channels| channels.count);
        ModbusKind {
            word: self.word,
            title: &self.title,
            asks: readings.map(number).chain(channels.map(all_of)).collect(),
            low_first: self.low_first,
            is_sensor: !self.readings.is_empty(),
            relays: count(self.outputs),
            inputs: count(self.inputs),
        }
    }
}

fn parse(word: &'static str, text: &str) -> Option<Profile> {
    let table = DeTable::parse(text).ok()?;
    let table = table.get_ref();
    let readings = match table.get("quantities") {
        Some(quantities) => Readings(Medium::Modbus).read(quantities.get_ref()).ok()??,
        None => Vec::new(),
    };
    let channels =
        |key: &str, is_driven: bool| table.get(key).and_then(|value| channels(value.get_ref().as_table()?, is_driven));
    Some(Profile {
        word,
        title: table.get("title")?.get_ref().as_str()?.to_owned(),
        readings,
        low_first: table.get("word_order").is_some_and(|order| order.get_ref().as_str() == Some("low-first")),
        outputs: channels("outputs", true),
        inputs: channels("inputs", false),
    })
}

/// What is driven has to be where something can be written.
fn channels(table: &DeTable<'_>, is_driven: bool) -> Option<Channels> {
    let number = |key: &str| match table.get(key)?.get_ref() {
        DeValue::Integer(number) => u16::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    let (bank, address) = Bank::WORDS.into_iter().find_map(|(key, bank)| Some((bank, number(key)?)))?;
    if is_driven && !bank.facts().is_written {
        return None;
    }
    let form = match bank.facts().is_of_bits {
        true => ModbusForm::Whole,
        false => ModbusForm::Numbers { off: number("off").unwrap_or(0), on: number("on").unwrap_or(1) },
    };
    Some(Channels { first: ModbusPlace { bank, address }, count: number("count")?, form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_whole_profile() {
        for (word, text) in FILES {
            let profile = find(word).unwrap_or_else(|| panic!("{word} cannot be read"));
            let table = DeTable::parse(text).unwrap();
            let has = |key| table.get_ref().contains_key(key);
            assert!(has("source") && !profile.title.is_empty(), "{word}");
            let known = ["title", "source", "word_order", "quantities", "outputs", "inputs"];
            assert!(table.get_ref().keys().all(|key| known.contains(&&**key.get_ref())), "{word}");
            assert_eq!(
                (has("quantities"), has("outputs"), has("inputs")),
                (!profile.readings.is_empty(), profile.outputs.is_some(), profile.inputs.is_some()),
                "{word}: what is named is not understood, or outputs are where nothing can be written"
            );
            for reading in &profile.readings {
                assert!(reading.register.is_some(), "{word}: {}", reading.quantity.word());
            }
        }
    }

    #[test]
    fn what_is_only_read_is_no_output() {
        let outputs = |bank: &str| {
            let text = format!("title = \"board\"\nsource = \"none\"\noutputs = {{ {bank} = 0, count = 8 }}\n");
            parse("board", &text).unwrap().outputs.is_some()
        };
        let found = ["coil", "register", "discrete_input", "input_register"].map(outputs);
        assert_eq!(found, [true, true, false, false]);
    }
}
