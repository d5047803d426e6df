//! What a key can be set to: each shape reads one kind of value and describes itself, in words and as JSON schema.

use super::nearest;
use crate::model::{Line, duration};
use serde_json::{Value as Json, json};
use std::{
    ops::{Range, RangeInclusive},
    time::Duration,
};
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
}

impl Wrong {
    pub fn new(message: impl Into<String>, advice: impl Into<String>) -> Wrong {
        Wrong { message: message.into(), advice: advice.into() }
    }
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
            Some(number) if self.0.contains(&number) => Ok(Some(number)),
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

/// A duration within limits.
pub(super) struct Period(pub RangeInclusive<Duration>);

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

impl Shape for Period {
    type Value = Duration;

    fn noun(&self) -> String {
        "a duration".into()
    }

    fn example(&self) -> String {
        "a duration in double quotes, such as \"90s\", \"5m\" or \"1h30m\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Duration>, Wrong> {
        if let DeValue::Integer(number) = value {
            return Err(Wrong::new(
                "a duration needs a unit",
                format!("write \"{number}s\" for seconds or \"{number}m\" for minutes"),
            ));
        }
        let Some(text) = value.as_str() else { return Ok(None) };
        let period = duration::parse(text).map_err(|message| {
            let (what, advice) = message.split_once("; ").unwrap_or((&message, "write it like \"5m\""));
            let advice = match meant_duration(text) {
                Some(meant) => format!("write \"{meant}\""),
                None if text.parse::<u32>().is_ok() => {
                    format!("write \"{text}s\" for seconds or \"{text}m\" for minutes")
                }
                None => advice.to_owned(),
            };
            Wrong::new(format!("{what}: \"{}\"", shorten(text)), advice)
        })?;
        if self.0.contains(&period) {
            Ok(Some(period))
        } else {
            let (least, most) = (duration::spell(*self.0.start()), duration::spell(*self.0.end()));
            Err(Wrong::new(format!("{text} is out of range"), format!("write {least} to {most}")))
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^([0-9]+(d|h|m|s|ms))+$" })
    }

    fn show(&self, value: &Duration) -> Json {
        json!(duration::spell(*value))
    }
}

/// The duration that somebody means who writes `5 minutes`.
pub(super) fn meant_duration(text: &str) -> Option<String> {
    let mut meant = String::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = match after[..letters].to_lowercase().as_str() {
            "d" | "day" | "days" => "d",
            "h" | "hr" | "hrs" | "hour" | "hours" => "h",
            "m" | "min" | "mins" | "minute" | "minutes" => "m",
            "s" | "sec" | "secs" | "second" | "seconds" => "s",
            "ms" | "msec" | "millisecond" | "milliseconds" => "ms",
            _ => return None,
        };
        meant += number;
        meant += unit;
        rest = after[letters..].trim_start();
    }
    duration::parse(&meant).is_ok().then_some(meant)
}

/// Names of other entities, with their places.
pub(super) struct Names(pub &'static str);

impl Shape for Names {
    type Value = Vec<(String, Range<usize>)>;

    fn noun(&self) -> String {
        format!("a list of {}s by their names", self.0)
    }

    fn example(&self) -> String {
        "names in square brackets, such as [\"hall_motion\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        Ok(items.iter().map(|item| Some((item.get_ref().as_str()?.to_owned(), item.span()))).collect())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(name, _)| json!(name)).collect()
    }
}

/// A wire: a number, or the kernel's name of it, or chip and number.
pub(super) struct Wire;

/// The highest line number.
const LAST_LINE: u32 = 1023;

impl Shape for Wire {
    type Value = Line;

    fn noun(&self) -> String {
        "a GPIO".into()
    }

    fn example(&self) -> String {
        "its number, such as 17 (the BCM number, not the position on the header)".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Line>, Wrong> {
        if let DeValue::Integer(_) = value {
            let number = Whole(0..=i64::from(LAST_LINE)).read(value)?;
            return Ok(number.and_then(|number| u32::try_from(number).ok()).map(Line::Number));
        }
        let Some(text) = value.as_str() else { return Ok(None) };
        if let Ok(number) = text.parse::<u32>() {
            return Err(Wrong::new(
                format!("\"{number}\" is text, not a number"),
                format!("write {number}, without quotes"),
            ));
        }
        if let Some((chip, offset)) = text.split_once('/') {
            return match offset.parse::<u32>() {
                Ok(offset) if offset <= LAST_LINE && is_line_name(chip) => {
                    Ok(Some(Line::OnChip { chip: chip.to_owned(), offset }))
                }
                _ => Err(Wrong::new(
                    format!("\"{}\" names no line of a chip", shorten(text)),
                    "write the chip, a slash and the line's number: \"gpiochip1/4\"",
                )),
            };
        }
        let capitals = text.to_uppercase();
        if capitals.starts_with("GPIO") && capitals != text {
            Err(Wrong::new(format!("unknown line \"{}\"", shorten(text)), format!("write \"{}\"", shorten(&capitals))))
        } else if is_line_name(text) {
            Ok(Some(Line::Named(text.to_owned())))
        } else {
            let advice = "write a number such as 17, a name such as \"GPIO17\", or \"gpiochip1/4\"";
            Err(Wrong::new(format!("\"{}\" is not the name of a line", shorten(text)), advice))
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": LAST_LINE },
            { "type": "string", "pattern": "^[A-Za-z0-9_.:-]+(/[0-9]+)?$" },
        ] })
    }

    fn show(&self, value: &Line) -> Json {
        match value {
            Line::Number(number) => json!(number),
            Line::Named(name) => json!(name),
            Line::OnChip { chip, offset } => json!(format!("{chip}/{offset}")),
        }
    }
}

fn is_line_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
}
