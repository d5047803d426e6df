//! The shapes of what a point on the broker says of itself.

use crate::{
    config::{
        nearest,
        shape::{Shape, Wrong, one_of, shorten},
    },
    model::{Click, LEVEL_MARK, Quantity, Unit},
};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use toml::de::DeValue;

/// Longer payloads, pointers and names are a slip.
const LONGEST: usize = 500;
/// More words, quantities or clicks are a slip.
const MOST: usize = 40;

/// A JSON pointer; empty: the whole payload.
pub(super) struct Pointer;

impl Shape for Pointer {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a JSON pointer".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"/temperature\" or \"/ENERGY/Power\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        value.as_str().map(pointer).transpose()
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(/.*)?$", "maxLength": LONGEST })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

fn pointer(text: &str) -> Result<Arc<str>, Wrong> {
    if text.chars().any(char::is_control) || text.len() > LONGEST {
        return Err(Wrong::new("too long, or with control characters", "write a pointer such as \"/temperature\""));
    }
    if !text.is_empty() && !text.starts_with('/') {
        // `temperature`, or `value_json.ENERGY.Power` as in Home Assistant's templates.
        let path = text.trim_start_matches("value_json").trim_start_matches('.').replace('.', "/");
        return Err(Wrong::new(
            format!("\"{}\" does not begin with a slash", shorten(text)),
            format!("write \"/{}\"", shorten(&path)),
        ));
    }
    Ok(text.into())
}

/// What is published, or the beginning of it.
pub(super) struct Payload;

impl Shape for Payload {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a payload".into()
    }

    fn example(&self) -> String {
        "it in quotes, such as \"ON\" or '{\"state\":\"ON\"}'".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        word(value).map(|word| checked(&word)).transpose()
    }

    fn schema(&self) -> Json {
        json!({ "type": ["string", "boolean", "integer"] })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

fn checked(payload: &str) -> Result<Arc<str>, Wrong> {
    if payload.is_empty() || payload.len() > LONGEST || payload.chars().any(char::is_control) {
        Err(Wrong::new("a payload has 1 to 500 characters on one line", "write what the device takes, such as \"ON\""))
    } else {
        Ok(payload.into())
    }
}

/// A word as JSON writes it.
fn word(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// A payload for a level, with a place for the number.
pub(super) struct LevelPayload;

impl Shape for LevelPayload {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a payload".into()
    }

    fn example(&self) -> String {
        "it in single quotes, with {} for the number, such as '{\"brightness\":{}}'".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.matches(LEVEL_MARK).count() != 1 {
            return Err(Wrong::new("the place of the number is not clear", format!("write {}", self.example())));
        }
        checked(text).map(Some)
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "\\{\\}" })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

/// A word, or several that mean the same.
pub(super) struct StateWords;

impl Shape for StateWords {
    type Value = Vec<Arc<str>>;

    fn noun(&self) -> String {
        "a word or a list of words".into()
    }

    fn example(&self) -> String {
        "what the device says, such as true, \"ON\" or [\"open\", \"tilted\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Arc<str>>>, Wrong> {
        let Some(list) = value.as_array() else {
            return Ok(Payload.read(value)?.map(|word| vec![word]));
        };
        if list.is_empty() || list.len() > MOST {
            return Err(Wrong::new("an empty list, or a very long one", format!("write {}", self.example())));
        }
        let words: Result<Option<Vec<_>>, Wrong> = list
            .iter()
            .map(|item| Payload.read(item.get_ref()).transpose())
            .collect::<Option<Result<Vec<_>, _>>>()
            .transpose();
        words
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [Payload.schema(), { "type": "array", "items": Payload.schema(), "minItems": 1 }] })
    }

    fn show(&self, value: &Vec<Arc<str>>) -> Json {
        value.iter().map(|word| json!(&**word)).collect()
    }
}

/// `{ single = "click", hold = "long" }`
pub(super) struct Clicks;

impl Shape for Clicks {
    type Value = Vec<(Arc<str>, Click)>;

    fn noun(&self) -> String {
        "a table of clicks".into()
    }

    fn example(&self) -> String {
        "what the device says and which click that is: { single = \"click\", hold = \"long\" }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(entries) = value.as_table() else { return Ok(None) };
        if entries.is_empty() || entries.len() > MOST {
            return Err(Wrong::new("an empty table, or a very long one", format!("write {}", self.example())));
        }
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let clicks = entries.into_iter().map(|(key, value)| {
            let written = value.get_ref().as_str().unwrap_or_default();
            let found = Click::WORDS.iter().find(|(word, _)| *word == written);
            let known = || one_of(Click::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect());
            let (_, click) = found.ok_or_else(|| {
                Wrong::new(format!("no click for `{}`", shorten(key.get_ref())), format!("write {}", known()))
            })?;
            Ok((checked(key.get_ref())?, *click))
        });
        clicks.collect::<Result<_, Wrong>>().map(Some)
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = Click::WORDS.iter().map(|(word, _)| *word).collect();
        json!({ "type": "object", "additionalProperties": { "enum": words }, "minProperties": 1 })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(word, click)| (word.to_string(), json!(click.word()))).collect()
    }
}

/// What is read of one quantity: where it is told, and how its number is to be taken.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Reading {
    pub quantity: Quantity,
    /// None: as the device usually tells it.
    pub pointer: Option<Arc<str>>,
    pub scale: Option<f64>,
    pub offset: f64,
}

/// `{ temperature = "/t", power = { pointer = "/p", unit = "kW" } }`, or the names alone.
pub(in crate::config) struct Readings;

const EXAMPLE: &str = "quantities with their pointers: { temperature = \"/temperature\" }, or, of a short form, \
                       [\"temperature\", \"humidity\"]";

impl Shape for Readings {
    type Value = Vec<Reading>;

    fn noun(&self) -> String {
        "a table or a list of quantities".into()
    }

    fn example(&self) -> String {
        EXAMPLE.into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let readings: Result<Vec<Reading>, Wrong> = match value {
            DeValue::Array(names) => names
                .iter()
                .map(|name| {
                    let name = name.get_ref().as_str().unwrap_or_default();
                    Ok(Reading { quantity: quantity(name)?, pointer: None, scale: None, offset: 0.0 })
                })
                .collect(),
            DeValue::Table(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.span().start);
                entries.into_iter().map(|(key, value)| reading(key.get_ref(), value.get_ref())).collect()
            }
            _ => return Ok(None),
        };
        let readings = readings?;
        if readings.is_empty() || readings.len() > MOST {
            return Err(Wrong::new("no quantities, or very many", format!("write {EXAMPLE}")));
        }
        let twice = readings
            .iter()
            .enumerate()
            .find(|(at, one)| readings[..*at].iter().any(|other| other.quantity == one.quantity));
        match twice {
            Some((_, one)) => {
                Err(Wrong::new(format!("`{}` is listed twice", one.quantity.word()), "remove one of them"))
            }
            None => Ok(Some(readings)),
        }
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = told().map(Quantity::word).collect();
        let fields = json!({
            "type": "object",
            "properties": {
                "pointer": Pointer.schema(), "unit": { "type": "string" }, "scale": { "type": "number" },
                "offset": { "type": "number" },
            },
            "additionalProperties": false,
        });
        json!({ "anyOf": [
            { "type": "array", "items": { "enum": words }, "minItems": 1 },
            {
                "type": "object",
                "propertyNames": { "enum": words },
                "additionalProperties": { "anyOf": [Pointer.schema(), fields] },
                "minProperties": 1,
            },
        ] })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|reading| json!(reading.quantity.word())).collect()
    }
}

/// What a device can tell itself.
fn told() -> impl Iterator<Item = Quantity> {
    Quantity::all()
}

fn quantity(word: &str) -> Result<Quantity, Wrong> {
    told().find(|quantity| quantity.word() == word).ok_or_else(|| {
        let near = nearest::name(word, told().map(Quantity::word));
        let advice = near.map_or_else(|| format!("write {EXAMPLE}"), |near| format!("did you mean `{near}`?"));
        Wrong::new(format!("unknown quantity `{}`", shorten(word)), advice)
    })
}

fn reading(word: &str, value: &DeValue<'_>) -> Result<Reading, Wrong> {
    let quantity = quantity(word)?;
    let plain = Reading { quantity, pointer: None, scale: None, offset: 0.0 };
    if let Some(text) = value.as_str() {
        return Ok(Reading { pointer: Some(pointer(text)?), ..plain });
    }
    let whole = || {
        Wrong::new(format!("`{word}` is no pointer"), "write \"/temperature\", or { pointer = \"/t\", unit = \"°F\" }")
    };
    let mut reading = plain;
    for (key, value) in value.as_table().ok_or_else(whole)? {
        match (&**key.get_ref(), value.get_ref()) {
            ("pointer", DeValue::String(text)) => reading.pointer = Some(pointer(text)?),
            ("unit", DeValue::String(sign)) => {
                let (scale, offset) = conversion(sign, quantity.unit()).ok_or_else(|| {
                    Wrong::new(format!("\"{}\" is no unit of {word}", shorten(sign)), units(quantity))
                })?;
                (reading.scale, reading.offset) = (Some(scale), offset);
            }
            ("scale", number) => reading.scale = Some(decimal(number).filter(|scale| *scale != 0.0).ok_or_else(whole)?),
            ("offset", number) => reading.offset = decimal(number).ok_or_else(whole)?,
            (other, _) => {
                let message = format!("`{}` is not for a quantity, or has a wrong value", shorten(other));
                return Err(Wrong::new(message, "write pointer and unit as texts, scale and offset as numbers"));
            }
        }
    }
    Ok(reading)
}

fn decimal(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|number: &f64| number.is_finite())
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

/// By what a number in one unit is multiplied and what is then added to have it in another.
fn conversion(sign: &str, unit: Unit) -> Option<(f64, f64)> {
    if unit.sign() == sign || unit.spellings().contains(&sign) {
        return Some((1.0, 0.0));
    }
    let row = CONVERSIONS.iter().find(|(known, to, ..)| *known == sign && *to == unit);
    row.map(|(_, _, scale, offset)| (*scale, *offset))
}

fn units(quantity: Quantity) -> String {
    let unit = quantity.unit();
    let others = CONVERSIONS.iter().filter(|(_, to, ..)| *to == unit).map(|(sign, ..)| *sign);
    let all: Vec<String> = [unit.sign()]
        .into_iter()
        .filter(|sign| !sign.is_empty())
        .chain(others)
        .map(|sign| format!("\"{sign}\""))
        .collect();
    if all.is_empty() { "it has no unit: remove it, or write a scale".into() } else { format!("write {}", one_of(all)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted() {
        let converted = |number: f64, sign, unit| conversion(sign, unit).map(|(scale, offset)| number * scale + offset);
        assert!((converted(68.0, "°F", Unit::Celsius).unwrap() - 20.0).abs() < 1e-9);
        assert!((converted(-40.0, "°F", Unit::Celsius).unwrap() + 40.0).abs() < 1e-9);
        assert_eq!(converted(1500.0, "Wh", Unit::KilowattHour), Some(1.5));
        assert_eq!(converted(20.0, "°C", Unit::Celsius), Some(20.0));
        assert_eq!(conversion("Wh", Unit::Watt), None);
    }
}
