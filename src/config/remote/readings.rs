//! What is read of a sensor on the broker: quantities, and where each is told.

use super::{
    own,
    shapes::{MOST, Pointer, pointer},
};
use crate::{
    config::{
        nearest,
        shape::{Shape, Wrong, is_word, one_of, shorten},
    },
    model::{Quantity, Unit},
};
use serde_json::{Value as Json, json};
use std::{ops::RangeInclusive, sync::Arc};
use toml::de::DeValue;

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
            .find(|(at, one)| readings[..*at].iter().any(|other| other.quantity.word() == one.quantity.word()));
        match twice {
            Some((_, one)) => {
                Err(Wrong::new(format!("`{}` is listed twice", one.quantity.word()), "remove one of them"))
            }
            None => Ok(Some(readings)),
        }
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = Quantity::all().map(Quantity::word).collect();
        let number = json!({ "type": "number" });
        let fields = json!({
            "type": "object",
            "properties": {
                "pointer": Pointer.schema(), "unit": { "type": "string" }, "scale": number, "offset": number,
                "decimals": { "type": "integer", "minimum": DECIMALS.start(), "maximum": DECIMALS.end() },
                "min": number, "max": number,
            },
            "additionalProperties": false,
        });
        json!({ "anyOf": [
            { "type": "array", "items": { "enum": words }, "minItems": 1 },
            {
                "type": "object",
                "propertyNames": { "anyOf": [{ "enum": words }, { "pattern": "^[a-z][a-z0-9_]{0,63}$" }] },
                "additionalProperties": { "anyOf": [Pointer.schema(), fields] },
                "minProperties": 1,
            },
        ] })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|reading| json!(reading.quantity.word())).collect()
    }
}

fn quantity(word: &str) -> Result<Quantity, Wrong> {
    Quantity::find(word).ok_or_else(|| unknown(word))
}

pub(super) fn unknown(word: &str) -> Wrong {
    let advice = match nearest::name(word, Quantity::all().map(Quantity::word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if is_word(word) => {
            format!("one of your own needs its unit: {{ {word} = {{ pointer = \"/{word}\", unit = \"bar\" }} }}")
        }
        None => format!("write {EXAMPLE}"),
    };
    Wrong::new(format!("unknown quantity `{}`", shorten(word)), advice)
}

/// What a table says of a quantity.
#[derive(Default)]
pub(super) struct Fields {
    pub pointer: Option<Arc<str>>,
    pub unit: Option<String>,
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    pub decimals: Option<usize>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

fn reading(word: &str, value: &DeValue<'_>) -> Result<Reading, Wrong> {
    if let Some(text) = value.as_str() {
        let plain = Reading { quantity: quantity(word)?, pointer: None, scale: None, offset: 0.0 };
        return Ok(Reading { pointer: Some(pointer(text)?), ..plain });
    }
    let whole = || {
        Wrong::new(format!("`{word}` is no pointer"), "write \"/temperature\", or { pointer = \"/t\", unit = \"°F\" }")
    };
    let mut fields = Fields::default();
    for (key, value) in value.as_table().ok_or_else(whole)? {
        match (&**key.get_ref(), value.get_ref(), decimal(value.get_ref())) {
            ("pointer", DeValue::String(text), _) => fields.pointer = Some(pointer(text)?),
            ("unit", DeValue::String(sign), _) => fields.unit = Some(sign.to_string()),
            ("scale", _, Some(scale)) if scale != 0.0 => fields.scale = Some(scale),
            ("offset", _, offset @ Some(_)) => fields.offset = offset,
            ("decimals", DeValue::Integer(number), _) if DECIMALS.contains(&number.as_str().parse().unwrap_or(-1)) => {
                fields.decimals = number.as_str().parse().ok();
            }
            ("min", _, min @ Some(_)) => fields.min = min,
            ("max", _, max @ Some(_)) => fields.max = max,
            (other, ..) => {
                let message = format!("`{}` is not for a quantity, or has a wrong value", shorten(other));
                let advice = "write pointer and unit as texts, scale, offset, min and max as numbers, decimals 0 to 6";
                return Err(Wrong::new(message, advice));
            }
        }
    }
    match Quantity::find(word) {
        Some(known) => reading_of(known, fields),
        None => own::reading(word, fields),
    }
}

/// How many decimals a quantity can have.
const DECIMALS: RangeInclusive<i64> = 0..=6;

/// What is read of a known quantity, in a unit of which its own can be made.
fn reading_of(quantity: Quantity, fields: Fields) -> Result<Reading, Wrong> {
    let word = quantity.word();
    let own = [("decimals", fields.decimals.is_some()), ("min", fields.min.is_some()), ("max", fields.max.is_some())];
    if let Some((key, _)) = own.iter().find(|(_, is_there)| *is_there) {
        let message = format!("`{key}` is of a quantity that you name yourself, and {word} is known");
        return Err(Wrong::new(message, format!("remove it; limits are `plausible` of [sensors.NAME.filter.{word}]")));
    }
    let (usual, offset) = match &fields.unit {
        Some(sign) => {
            let (scale, offset) = conversion(sign, quantity.unit())
                .ok_or_else(|| Wrong::new(format!("\"{}\" is no unit of {word}", shorten(sign)), units(quantity)))?;
            (Some(scale), offset)
        }
        None => (None, 0.0),
    };
    Ok(Reading {
        quantity,
        pointer: fields.pointer,
        scale: fields.scale.or(usual),
        offset: fields.offset.unwrap_or(offset),
    })
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
pub(super) fn conversion(sign: &str, unit: Unit) -> Option<(f64, f64)> {
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
    if all.is_empty() {
        return "it has no unit: remove it, or write a scale".into();
    }
    format!("write {}; or give it a name of your own, which may have any unit", one_of(all))
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
