//! The shapes of what only some chips have: channels, the place behind a multiplexer, one of a few numbers.

use super::{OneOf, Shape, Wrong, one_of, shorten};
use crate::{
    config::nearest::{self, Near},
    model::{CHIPS, Channel, Chip, Mux},
};
use serde_json::{Value as Json, json};
use std::sync::LazyLock;
use toml::de::DeValue;

/// A chip by one of its words.
pub(in crate::config) struct ChipWord;

/// Every word of every chip.
static CHIP: LazyLock<Vec<(&'static str, Chip)>> =
    LazyLock::new(|| CHIPS.iter().flat_map(|facts| facts.words.iter().map(|word| (*word, facts.chip))).collect());

/// Parts that people look for here and that are elsewhere: their words, and what to write.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["dht11", "dht21", "dht22", "am2301", "am2302"],
        "write iio = \"dht11\" instead: the kernel reads it, see docs/sensors.md",
    ),
    (&["ds18b20", "ds18s20", "ds1822"], "write onewire = \"auto\" instead: the kernel reads it, see docs/sensors.md"),
    (
        &["mcp23017", "pcf8574", "pca9555", "tca9555", "pca9535", "tca9535", "xl9535", "sx1509", "pca9685"],
        "it is an expander: write a table [expanders.NAME], see docs/configuration.md",
    ),
    (&["tca9548a", "pca9548a"], "it is a multiplexer: write mux = \"0x70/3\" for each chip behind it"),
    (&["ds3231", "ds1307", "pcf8563"], "it is a clock, which the kernel reads, see docs/sensors.md"),
    (&["mcp3008"], "write iio = \"mcp3008\" instead: the kernel reads it, see docs/sensors.md"),
];

impl Shape for ChipWord {
    type Value = Chip;

    fn noun(&self) -> String {
        "a chip".into()
    }

    fn example(&self) -> String {
        "one of the chips in docs/chips.md in double quotes, such as \"bme280\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Chip>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let small = text.to_lowercase();
        if let Some((_, chip)) = CHIP.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*chip));
        }
        match ELSEWHERE.iter().find(|(words, _)| words.contains(&small.as_str())) {
            Some((_, advice)) => Err(Wrong::new(format!("unknown chip \"{}\"", shorten(text)), *advice)),
            None => Err(unknown(text, CHIP.iter().map(|(word, _)| *word), &self.example())),
        }
    }

    fn schema(&self) -> Json {
        OneOf(&CHIP).schema()
    }

    fn show(&self, value: &Chip) -> Json {
        json!(value.word())
    }
}

/// What is wrong with the name of a chip that hearthd does not drive.
fn unknown<'n>(text: &str, words: impl IntoIterator<Item = &'n str>, example: &str) -> Wrong {
    let text_ = shorten(text);
    match nearest::chip(text, words) {
        Some(Near::Meant(near)) => Wrong::new(format!("unknown chip \"{text_}\""), format!("did you mean \"{near}\"?")),
        Some(Near::Other(near)) => {
            let advice = format!("the nearest of those that are is \"{near}\", which is another chip");
            Wrong::new(format!("the chip \"{text_}\" is not supported"), advice)
        }
        None => Wrong::new(format!("unknown chip \"{text_}\""), format!("write {example}")),
    }
}

/// A chip by one of its words, each with its meaning.
pub(in crate::config) struct ChipOf<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Shape for ChipOf<T> {
    type Value = T;

    fn noun(&self) -> String {
        OneOf(self.0).noun()
    }

    fn example(&self) -> String {
        OneOf(self.0).example()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<T>, Wrong> {
        let words = || self.0.iter().map(|(word, _)| *word);
        let wrong = |text: &str| unknown(text, words(), &self.example());
        OneOf(self.0).read(value).map_err(|other| value.as_str().map_or(other, wrong))
    }

    fn schema(&self) -> Json {
        OneOf(self.0).schema()
    }

    fn show(&self, value: &T) -> Json {
        OneOf(self.0).show(value)
    }
}

/// Some of a chip's channels, by their numbers.
pub(in crate::config) struct Channels;

impl Shape for Channels {
    type Value = Vec<Channel>;

    fn noun(&self) -> String {
        "a list of channels".into()
    }

    fn example(&self) -> String {
        "their numbers in square brackets, such as [1, 2]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Channel>>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let mut channels = Vec::new();
        for item in items {
            let number = item.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
            match number.and_then(Channel::numbered) {
                Some(channel) if channels.contains(&channel) => {
                    let message = format!("the channel {} stands here twice", channel.number());
                    return Err(Wrong::new(message, "remove one of them"));
                }
                Some(channel) => channels.push(channel),
                None => {
                    return Err(Wrong::new("channels are numbers from 1 to 4", format!("write {}", self.example())));
                }
            }
        }
        if channels.is_empty() {
            return Err(Wrong::new("no channel at all", "write at least one, such as [1]"));
        }
        channels.sort();
        Ok(Some(channels))
    }

    fn schema(&self) -> Json {
        let item = json!({ "type": "integer", "minimum": 1, "maximum": 4 });
        json!({ "type": "array", "items": item, "minItems": 1, "uniqueItems": true })
    }

    fn show(&self, value: &Vec<Channel>) -> Json {
        value.iter().map(|channel| json!(channel.number())).collect()
    }
}

/// A channel of an I2C multiplexer: `"0x70/3"`.
pub(in crate::config) struct MuxChannel;

impl Shape for MuxChannel {
    type Value = Mux;

    fn noun(&self) -> String {
        "a channel of a multiplexer".into()
    }

    fn example(&self) -> String {
        "its address (0x70 to 0x77), a slash and the channel (0 to 7): \"0x70/3\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Mux>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let parse = || {
            let (address, channel) = text.split_once('/')?;
            let address = u8::from_str_radix(address.strip_prefix("0x")?, 16).ok()?;
            let channel = channel.parse().ok()?;
            ((0x70..=0x77).contains(&address) && channel <= 7).then_some(Mux { address, channel })
        };
        parse().map(Some).ok_or_else(|| {
            let message = format!("\"{}\" is no channel of a multiplexer", shorten(text));
            Wrong::new(message, format!("write {}", self.example()))
        })
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^0x7[0-7]/[0-7]$" })
    }

    fn show(&self, value: &Mux) -> Json {
        json!(format!("{:#04x}/{}", value.address, value.channel))
    }
}

/// One of a few numbers.
pub(in crate::config) struct OneNumberOf(pub &'static [f64]);

impl Shape for OneNumberOf {
    type Value = f64;

    fn noun(&self) -> String {
        "a number".into()
    }

    fn example(&self) -> String {
        one_of(self.0.iter().map(f64::to_string).collect())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<f64>, Wrong> {
        let written = match value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) => integer.as_str(),
            _ => return Ok(None),
        };
        let number: Option<f64> = written.parse().ok();
        match self.0.iter().find(|known| number == Some(**known)) {
            Some(known) => Ok(Some(*known)),
            None => Err(Wrong::new(
                format!("{} is not one of the numbers that it can be", shorten(written)),
                format!("write {}", self.example()),
            )),
        }
    }

    fn schema(&self) -> Json {
        json!({ "enum": self.0 })
    }

    fn show(&self, value: &f64) -> Json {
        json!(value)
    }
}
