//! What a key can be set to: each shape reads one kind of value and describes itself, in words and as JSON schema.

mod address;
mod chip;
mod class;
mod hold;
mod names;
mod period;
mod wire;

pub(super) use address::Address;
pub(super) use chip::{Channels, ChipOf, ChipWord, MuxChannel, OneNumberOf};
pub(super) use class::Class;
pub(super) use hold::HowLong;
pub(super) use names::{NameOrNames, Names, Words};
pub(super) use period::{DAY, Period, SECOND, meant_duration};
pub(super) use wire::{PwmWire, Wire, Wires};

use super::nearest;
use serde_json::{Value as Json, json};
use std::ops::{Range, RangeInclusive};
use toml::de::DeValue;

/// One kind of value.
pub(super) trait Shape {
    /// What it becomes.
    type Value;

    /// `a duration`, after "must be".
    fn noun(&self) -> String;

    /// What to write, after "write".
    fn example(&self) -> String;

    /// The value; nothing when it is of another TOML type.
    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong>;

    /// Its JSON schema.
    fn schema(&self) -> Json;

    /// A value as JSON, for the schema's default.
    fn show(&self, value: &Self::Value) -> Json;
}

/// Why a value of the right type is refused.
pub(super) struct Wrong {
    pub message: String,
    pub advice: String,
    /// Where in the value; None: the whole of it.
    pub place: Option<Range<usize>>,
    /// What is wrong with it besides.
    others: Vec<Wrong>,
}

impl Wrong {
    pub fn new(message: impl Into<String>, advice: impl Into<String>) -> Wrong {
        Wrong { message: message.into(), advice: advice.into(), place: None, others: Vec::new() }
    }

    /// The same, at a place in the value.
    pub fn at(self, place: Range<usize>) -> Wrong {
        Wrong { place: self.place.or(Some(place)), ..self }
    }

    /// This and another.
    pub fn and(mut self, other: Wrong) -> Wrong {
        self.others.push(other);
        self
    }

    /// All that is wrong, each by itself.
    pub fn each(mut self) -> Vec<Wrong> {
        let others = std::mem::take(&mut self.others);
        [self].into_iter().chain(others.into_iter().flat_map(Wrong::each)).collect()
    }
}

/// The parts of a value, or all that is wrong with any of them.
pub(super) fn all_parts<T>(parts: impl IntoIterator<Item = Result<T, Wrong>>) -> Result<Vec<T>, Wrong> {
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Ok(part) => right.push(part),
            Err(why) => wrong.push(why),
        }
    }
    wrong.into_iter().reduce(Wrong::and).map_or(Ok(right), Err)
}

/// Text for people, in one line.
pub(super) struct Text;

impl Shape for Text {
    type Value = String;

    fn noun(&self) -> String {
        "text".into()
    }

    fn example(&self) -> String {
        "it in double quotes".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.trim().is_empty() {
            Err(Wrong::new("empty text", "write something, or remove the line"))
        } else if text.chars().any(char::is_control) {
            Err(Wrong::new("control characters in the text", "write it in one line of plain characters"))
        } else if text.chars().count() > 200 {
            Err(Wrong::new("longer than 200 characters", "shorten it"))
        } else {
            Ok(Some(text.to_owned()))
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": 200 })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// A name that is made of few letters, because it becomes part of topics and of rules.
pub(super) struct Word;

impl Shape for Word {
    type Value = String;

    fn noun(&self) -> String {
        "a word".into()
    }

    fn example(&self) -> String {
        "a word in double quotes".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if is_word(text) { Ok(Some(text.to_owned())) } else { Err(not_a_word(text)) }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9_]+$", "maxLength": 64 })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// Whether `text` has only small letters, digits and underscores, and not too many.
pub(super) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What to say about a text that is not a word.
pub(super) fn not_a_word(text: &str) -> Wrong {
    let simple: String =
        text.trim().to_lowercase().chars().map(|c| if matches!(c, ' ' | '-' | '.' | '/') { '_' } else { c }).collect();
    let advice = if is_word(&simple) {
        format!("write \"{simple}\"")
    } else {
        "write at most 64 of the letters a-z, digits and _".to_owned()
    };
    let what =
        if text.len() > 64 { "is longer than 64 characters" } else { "has characters other than a-z, 0-9 and _" };
    Wrong::new(format!("\"{}\" {what}", shorten(text)), advice)
}

/// Foreign text in a message.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

/// `true` or `false`.
pub(super) struct Flag;

impl Shape for Flag {
    type Value = bool;

    fn noun(&self) -> String {
        "true or false".into()
    }

    fn example(&self) -> String {
        "true or false, without quotes".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<bool>, Wrong> {
        Ok(value.as_bool())
    }

    fn schema(&self) -> Json {
        json!({ "type": "boolean" })
    }

    fn show(&self, value: &bool) -> Json {
        json!(value)
    }
}

/// One of several words, each with its meaning.
pub(super) struct OneOf<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> OneOf<T> {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(word, _)| *word)
    }
}

impl<T: Copy + PartialEq> Shape for OneOf<T> {
    type Value = T;

    fn noun(&self) -> String {
        "one of a few words".into()
    }

    fn example(&self) -> String {
        one_of(self.words().map(|word| format!("\"{word}\"")).collect())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<T>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        match self.0.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => Err(Wrong::new(
                format!("unknown word \"{}\"", shorten(text)),
                match nearest::name(text, self.words()) {
                    Some(word) => format!("did you mean \"{word}\"?"),
                    None => format!("write {}", self.example()),
                },
            )),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "enum": self.words().collect::<Vec<_>>() })
    }

    fn show(&self, value: &T) -> Json {
        json!(self.0.iter().find(|(_, meaning)| meaning == value).map(|(word, _)| word))
    }
}

/// `a`, `a or b`, `one of a, b or c`
pub(super) fn one_of(words: Vec<String>) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, [first])) => format!("{first} or {last}"),
        Some((last, rest)) => format!("one of {} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// A whole number within limits.
pub(super) struct Whole(pub RangeInclusive<i64>);

impl Whole {
    fn limits(&self) -> String {
        format!("{} to {}", self.0.start(), self.0.end())
    }
}

impl Shape for Whole {
    type Value = i64;

    fn noun(&self) -> String {
        "a whole number".into()
    }

    fn example(&self) -> String {
        format!("a number from {}, without quotes", self.limits())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<i64>, Wrong> {
        let Some(integer) = value.as_integer() else { return Ok(None) };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if self.0.contains(&number) => Ok(Some(number)),
            _ => {
                Err(Wrong::new(format!("{integer} is out of range"), format!("write a number from {}", self.limits())))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "integer", "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn show(&self, value: &i64) -> Json {
        json!(value)
    }
}

/// A number within limits.
pub(super) struct Decimal(pub RangeInclusive<f64>);

impl Shape for Decimal {
    type Value = f64;

    fn noun(&self) -> String {
        "a number".into()
    }

    fn example(&self) -> String {
        format!("a number from {} to {}, without quotes", self.0.start(), self.0.end())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<f64>, Wrong> {
        let (written, number) = match value {
            DeValue::Float(float) => (float.to_string(), float.as_str().parse::<f64>().ok()),
            DeValue::Integer(integer) if integer.radix() == 10 => {
                (integer.to_string(), integer.as_str().parse::<f64>().ok())
            }
            _ => return Ok(None),
        };
        match number {
            // Zero has no sign.
            Some(number) if self.0.contains(&number) => Ok(Some(number + 0.0)),
            _ => Err(Wrong::new(
                format!("{written} is out of range"),
                format!("write a number from {} to {}", self.0.start(), self.0.end()),
            )),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "number", "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn show(&self, value: &f64) -> Json {
        json!(value)
    }
}
