//! What is read of a sensor on the broker: quantities, and where each is told.

use super::{
    own,
    shapes::{MOST, Pointer, pointer},
};
use crate::{
    config::{
        nearest,
        shape::{Shape, Wrong, all_parts, is_word, one_of, shorten},
    },
    model::Quantity,
};
use serde_json::{Value as Json, json};
use std::{
    borrow::Cow,
    ops::{Range, RangeInclusive},
    sync::Arc,
};
use toml::{Spanned, de::DeValue};

/// What is read of one quantity: where it is told, and how its number is to be taken.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Reading {
    pub quantity: Quantity,
    /// None: as the device usually tells it.
    pub pointer: Option<Arc<str>>,
    pub scale: Option<f64>,
    pub offset: f64,
    /// The file names the unit in which it is told.
    pub has_unit: bool,
    /// Where the file says so.
    pub place: Range<usize>,
}

impl Reading {
    /// As the device usually tells it.
    pub fn usual(quantity: Quantity, place: Range<usize>) -> Reading {
        Reading { quantity, pointer: None, scale: None, offset: 0.0, has_unit: false, place }
    }
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
        let many = match value {
            DeValue::Array(names) => names.len(),
            DeValue::Table(entries) => entries.len(),
            _ => return Ok(None),
        };
        if many == 0 || many > MOST {
            return Err(Wrong::new("no quantities, or very many", format!("write {EXAMPLE}")));
        }
        let readings = match value {
            DeValue::Table(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.span().start);
                all_parts(entries.into_iter().map(|(key, value)| reading(key, value)))
            }
            names => all_parts(names.as_array().into_iter().flatten().map(|name| {
                let word = name.get_ref().as_str();
                let word = word.ok_or_else(|| Wrong::new("a quantity is a text", "write one such as \"temperature\""));
                let found = word.and_then(quantity).map_err(|wrong| wrong.at(name.span()))?;
                Ok(Reading::usual(found, name.span()))
            })),
        }?;
        let is_twice =
            |at: usize, word: &str| readings[..at].iter().any(|before: &Reading| before.quantity.word() == word);
        let once = readings.iter().enumerate().map(|(at, one)| match one.quantity.word() {
            word if is_twice(at, word) => {
                Err(Wrong::new(format!("`{word}` is listed twice"), "remove one of them").at(one.place.clone()))
            }
            _ => Ok(()),
        });
        all_parts(once)?;
        Ok(Some(readings))
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
    /// Of each that is written, the key and the place of its value.
    pub places: Vec<(String, Range<usize>)>,
    /// The place of the quantity.
    pub place: Range<usize>,
}

impl Fields {
    /// What is wrong with a field, or with the quantity where that is not written.
    pub fn wrong(&self, key: &str, message: impl Into<String>, advice: impl Into<String>) -> Wrong {
        let place = self.places.iter().find(|(written, _)| written == key).map(|(_, place)| place);
        Wrong::new(message, advice).at(place.unwrap_or(&self.place).clone())
    }

    /// Takes in what a table says.
    fn take(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), Wrong> {
        let wrong = |noun, example| Wrong::new(format!("`{key}` must be {noun}"), format!("write {example}"));
        let number = |example| decimal(value).ok_or_else(|| wrong("a number", example));
        let text = |example| value.as_str().ok_or_else(|| wrong("text", example));
        match key {
            "pointer" => self.pointer = Some(pointer(text("pointer = \"/temperature\"")?)?),
            "unit" => self.unit = Some(text("unit = \"°F\"")?.to_owned()),
            "scale" => {
                let scale = number("scale = 0.1")?;
                if scale == 0.0 {
                    let advice = "write by what the number is multiplied, such as scale = 0.1, or remove it";
                    return Err(Wrong::new("with `scale = 0` every reading would be 0", advice));
                }
                self.scale = Some(scale);
            }
            "offset" => self.offset = Some(number("offset = -1.5")?),
            "min" => self.min = Some(number("min = 0")?),
            "max" => self.max = Some(number("max = 10")?),
            "decimals" => {
                let number = value.as_integer().and_then(|number| number.as_str().parse().ok());
                let decimals = number.filter(|number| DECIMALS.contains(number));
                self.decimals = Some(decimals.ok_or_else(|| wrong("a whole number from 0 to 6", "decimals = 1"))?);
            }
            other => {
                let advice = match nearest::name(other, FIELDS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("what is said of one is {}", FIELDS.join(", ")),
                };
                return Err(Wrong::new(format!("`{}` is not for a quantity", shorten(other)), advice));
            }
        }
        Ok(())
    }
}

/// What can be said of a quantity.
const FIELDS: [&str; 7] = ["pointer", "unit", "scale", "offset", "decimals", "min", "max"];

fn reading(key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Result<Reading, Wrong> {
    let (word, place) = (&**key.get_ref(), key.span());
    if let Some(text) = value.get_ref().as_str() {
        let found = quantity(word).map_err(|wrong| wrong.at(place.clone()));
        return match (found, pointer(text).map_err(|wrong| wrong.at(value.span()))) {
            (Ok(found), Ok(pointer)) => Ok(Reading { pointer: Some(pointer), ..Reading::usual(found, place) }),
            (Err(wrong), Ok(_)) | (Ok(_), Err(wrong)) => Err(wrong),
            (Err(wrong), Err(other)) => Err(wrong.and(other)),
        };
    }
    let Some(written) = value.get_ref().as_table() else {
        let advice = "write \"/temperature\", or { pointer = \"/t\", unit = \"°F\" }";
        return Err(Wrong::new(format!("`{word}` is no pointer"), advice).at(value.span()));
    };
    let mut written: Vec<_> = written.iter().collect();
    written.sort_by_key(|(key, _)| key.span().start);
    let places = written.iter().map(|(key, value)| (key.get_ref().to_string(), value.span())).collect();
    let mut fields = Fields { places, place: place.clone(), ..Fields::default() };
    let taken = all_parts(written.into_iter().map(|(key, value)| {
        let is_known = FIELDS.contains(&&**key.get_ref());
        let place = if is_known { value.span() } else { key.span() };
        fields.take(key.get_ref(), value.get_ref()).map_err(|wrong| wrong.at(place))
    }));
    match (taken, Quantity::find(word)) {
        (Ok(_), Some(known)) => reading_of(known, fields),
        (Ok(_), None) => own::reading(word, fields).map_err(|wrong| wrong.at(place)),
        // One of somebody's own is what its fields say.
        (Err(wrong), None) => Err(wrong),
        (Err(wrong), Some(known)) => Err(match reading_of(known, fields) {
            Ok(_) => wrong,
            Err(other) => wrong.and(other),
        }),
    }
}

/// How many decimals a quantity can have.
const DECIMALS: RangeInclusive<usize> = 0..=6;

/// What is read of a known quantity, in a unit of which its own can be made.
fn reading_of(quantity: Quantity, fields: Fields) -> Result<Reading, Wrong> {
    let word = quantity.word();
    let own = [("decimals", fields.decimals.is_some()), ("min", fields.min.is_some()), ("max", fields.max.is_some())];
    let foreign = own.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| {
        let message = format!("`{key}` is of a quantity that you name yourself, and {word} is known");
        let advice = format!("remove it; limits are `plausible` of [sensors.NAME.filter.{word}]");
        Err::<(), Wrong>(fields.wrong(key, message, advice))
    });
    all_parts(foreign)?;
    let (usual, offset) = match &fields.unit {
        Some(sign) => {
            let (scale, offset) = quantity.unit().converted(sign).ok_or_else(|| {
                let message = format!("\"{}\" is no unit of {word}", shorten(sign));
                fields.wrong("unit", message, units(quantity))
            })?;
            (Some(scale), offset)
        }
        None => (None, 0.0),
    };
    Ok(Reading {
        quantity,
        pointer: fields.pointer,
        scale: fields.scale.or(usual),
        offset: fields.offset.unwrap_or(offset),
        has_unit: fields.unit.is_some(),
        place: fields.place,
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

fn units(quantity: Quantity) -> String {
    let unit = quantity.unit();
    let all: Vec<String> = [unit.sign()]
        .into_iter()
        .filter(|sign| !sign.is_empty())
        .chain(unit.others())
        .map(|sign| format!("\"{sign}\""))
        .collect();
    if all.is_empty() {
        return "it has no unit: remove it, or write a scale".into();
    }
    format!("write {}; or give it a name of your own, which may have any unit", one_of(all))
}
