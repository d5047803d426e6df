//! What is read of a sensor on the broker or on Modbus: quantities, and where each is told.

use super::{
    own,
    shapes::{MOST, Pointer, pointer},
};
use crate::{
    config::{
        nearest,
        shape::{Shape, Wrong, all_parts, is_word, one_of, shorten},
    },
    model::{Bank, ModbusNumber, ModbusPlace, Quantity},
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
    /// On Modbus. None: as the device usually has it.
    pub register: Option<Register>,
    pub scale: Option<f64>,
    pub offset: f64,
    /// The file names the unit in which it is told.
    pub has_unit: bool,
    /// Where the file says so.
    pub place: Range<usize>,
}

/// What holds a number on Modbus.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Register {
    pub place: ModbusPlace,
    pub number: ModbusNumber,
}

impl Reading {
    /// As the device usually tells it.
    pub fn usual(quantity: Quantity, place: Range<usize>) -> Reading {
        Reading { quantity, pointer: None, register: None, scale: None, offset: 0.0, has_unit: false, place }
    }
}

/// `{ temperature = "/t", power = { pointer = "/p", unit = "kW" } }`, or the names alone.
pub(in crate::config) struct Readings(pub Medium);

/// By what a sensor tells its readings.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::config) enum Medium {
    #[default]
    Broker,
    Modbus,
}

impl Medium {
    fn example(self) -> &'static str {
        match self {
            Medium::Broker => {
                "quantities with their pointers: { temperature = \"/temperature\" }, or, of a short form, \
                 [\"temperature\", \"humidity\"]"
            }
            Medium::Modbus => {
                "{ temperature = { input_register = 1, type = \"i16\", scale = 0.1 } }, or names that a profile knows"
            }
        }
    }

    /// What says where a quantity is.
    fn place_of(self, word: &str) -> String {
        match self {
            Medium::Broker => format!("pointer = \"/{word}\""),
            Medium::Modbus => "input_register = 0".into(),
        }
    }

    /// What can be said of a quantity there.
    fn fields(self) -> impl Iterator<Item = &'static str> + Clone {
        FIELDS.into_iter().filter(move |field| match self {
            Medium::Broker => !OF_MODBUS.contains(field),
            Medium::Modbus => *field != "pointer",
        })
    }

    /// What to say of a field that can be said only elsewhere.
    fn foreign(self, field: &str) -> Wrong {
        match self {
            Medium::Broker => {
                let advice =
                    "remove it; what is on Modbus has modbus = \"rs485/1\" in the place of its topic or device";
                Wrong::new(format!("`{field}` is of a sensor on Modbus"), advice)
            }
            Medium::Modbus => {
                let advice = "remove it; on Modbus a register says where it is: input_register = 0";
                Wrong::new(format!("`{field}` is of a sensor on the broker"), advice)
            }
        }
    }
}

impl Shape for Readings {
    type Value = Vec<Reading>;

    fn noun(&self) -> String {
        "a table or a list of quantities".into()
    }

    fn example(&self) -> String {
        self.0.example().into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let many = match value {
            DeValue::Array(names) => names.len(),
            DeValue::Table(entries) => entries.len(),
            _ => return Ok(None),
        };
        if many == 0 || many > MOST {
            return Err(Wrong::new("no quantities, or very many", format!("write {}", self.example())));
        }
        let readings = match value {
            DeValue::Table(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.span().start);
                all_parts(entries.into_iter().map(|(key, value)| reading(self.0, key, value)))
            }
            names => all_parts(names.as_array().into_iter().flatten().map(|name| {
                let word = name.get_ref().as_str();
                let word = word.ok_or_else(|| Wrong::new("a quantity is a text", "write one such as \"temperature\""));
                let found = word.and_then(|word| quantity(word, self.0)).map_err(|wrong| wrong.at(name.span()))?;
                Ok(Reading::usual(found, name.span()))
            })),
        }?;
        once(readings).map(Some)
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = Quantity::all().map(Quantity::word).collect();
        let number = json!({ "type": "number" });
        let register = json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX });
        let fields = json!({
            "type": "object",
            "properties": {
                "pointer": Pointer.schema(), "unit": { "type": "string" }, "scale": number, "offset": number,
                "decimals": { "type": "integer", "minimum": DECIMALS.start(), "maximum": DECIMALS.end() },
                "min": number, "max": number, "register": register, "input_register": register,
                "type": { "enum": ModbusNumber::WORDS.map(|(word, _)| word) },
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

/// Refuses a quantity that is listed twice.
pub(in crate::config) fn once(readings: Vec<Reading>) -> Result<Vec<Reading>, Wrong> {
    let is_twice = |at: usize, word: &str| readings[..at].iter().any(|before| before.quantity.word() == word);
    let each = readings.iter().enumerate().map(|(at, one)| match one.quantity.word() {
        word if is_twice(at, word) => {
            Err(Wrong::new(format!("`{word}` is listed twice"), "remove one of them").at(one.place.clone()))
        }
        _ => Ok(()),
    });
    all_parts(each)?;
    Ok(readings)
}

fn quantity(word: &str, medium: Medium) -> Result<Quantity, Wrong> {
    Quantity::find(word).ok_or_else(|| unknown(word, medium))
}

pub(super) fn unknown(word: &str, medium: Medium) -> Wrong {
    let advice = match nearest::name(word, Quantity::all().map(Quantity::word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if is_word(word) => {
            let place = medium.place_of(word);
            format!("one of your own needs its unit: {{ {word} = {{ {place}, unit = \"bar\" }} }}")
        }
        None => format!("write {}", medium.example()),
    };
    Wrong::new(format!("unknown quantity `{}`", shorten(word)), advice)
}

/// What a table says of a quantity.
#[derive(Default)]
pub(super) struct Fields {
    pub medium: Medium,
    pub pointer: Option<Arc<str>>,
    pub register: Option<ModbusPlace>,
    pub number: Option<ModbusNumber>,
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

    /// What holds it on Modbus, if a table says so.
    pub fn register(&self) -> Result<Option<Register>, Wrong> {
        let number = self.number.unwrap_or(ModbusNumber::U16);
        let Some(place) = self.register else {
            return match self.number {
                Some(_) => {
                    Err(self.wrong("type", "`type` without a register", "add input_register = 0 or register = 0"))
                }
                None => Ok(None),
            };
        };
        if place.address.checked_add(number.registers() - 1).is_none() {
            let key = place.bank.word();
            let message = format!("no register is behind {}, and {} takes two", place.address, number.word());
            return Err(self.wrong(key, message, "write a smaller address"));
        }
        Ok(Some(Register { place, number }))
    }

    /// Takes in what a table says.
    fn take(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), Wrong> {
        let wrong = |noun, example| Wrong::new(format!("`{key}` must be {noun}"), format!("write {example}"));
        let number = |example| decimal(value).ok_or_else(|| wrong("a number", example));
        let text = |example| value.as_str().ok_or_else(|| wrong("text", example));
        match key {
            known if FIELDS.contains(&known) && !self.medium.fields().any(|field| field == known) => {
                return Err(self.medium.foreign(known));
            }
            "pointer" => self.pointer = Some(pointer(text("pointer = \"/temperature\"")?)?),
            "register" | "input_register" => {
                let number = value.as_integer();
                let address = number.and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok());
                let address = address.ok_or_else(|| wrong("a whole number from 0 to 65535", "input_register = 0"))?;
                if self.register.is_some() {
                    let message = "`register` beside `input_register`";
                    return Err(Wrong::new(message, "a number is in one of the two tables: remove one"));
                }
                let bank = if key == "register" { Bank::Register } else { Bank::InputRegister };
                self.register = Some(ModbusPlace { bank, address });
            }
            "type" => {
                let word = text("type = \"u16\"")?;
                let found = ModbusNumber::WORDS.iter().find(|(known, _)| *known == word);
                let known = || one_of(ModbusNumber::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect());
                let (_, number) = found.ok_or_else(|| {
                    Wrong::new(format!("\"{}\" is no type of a register", shorten(word)), format!("write {}", known()))
                })?;
                self.number = Some(*number);
            }
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
                let advice = match nearest::name(other, self.medium.fields()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let fields: Vec<_> = self.medium.fields().collect();
                        format!("what is said of one is {}", fields.join(", "))
                    }
                };
                return Err(Wrong::new(format!("`{}` is not for a quantity", shorten(other)), advice));
            }
        }
        Ok(())
    }
}

/// What can be said of a quantity.
const FIELDS: [&str; 10] =
    ["pointer", "register", "input_register", "type", "unit", "scale", "offset", "decimals", "min", "max"];
const OF_MODBUS: [&str; 3] = ["register", "input_register", "type"];

fn reading(medium: Medium, key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Result<Reading, Wrong> {
    let (word, place) = (&**key.get_ref(), key.span());
    if let Some(text) = value.get_ref().as_str().filter(|_| medium == Medium::Broker) {
        let found = quantity(word, medium).map_err(|wrong| wrong.at(place.clone()));
        return match (found, pointer(text).map_err(|wrong| wrong.at(value.span()))) {
            (Ok(found), Ok(pointer)) => Ok(Reading { pointer: Some(pointer), ..Reading::usual(found, place) }),
            (Err(wrong), Ok(_)) | (Ok(_), Err(wrong)) => Err(wrong),
            (Err(wrong), Err(other)) => Err(wrong.and(other)),
        };
    }
    let Some(written) = value.get_ref().as_table() else {
        let (message, advice) = match medium {
            Medium::Broker => ("is no pointer", "write \"/temperature\", or { pointer = \"/t\", unit = \"°F\" }"),
            Medium::Modbus => ("does not say a register", "write { input_register = 0, type = \"u16\" }"),
        };
        return Err(Wrong::new(format!("`{word}` {message}"), advice).at(value.span()));
    };
    let mut written: Vec<_> = written.iter().collect();
    written.sort_by_key(|(key, _)| key.span().start);
    let places = written.iter().map(|(key, value)| (key.get_ref().to_string(), value.span())).collect();
    let mut fields = Fields { medium, places, place: place.clone(), ..Fields::default() };
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
    let of_unit = fields.unit.as_ref().map(|sign| {
        quantity.unit().converted(sign).ok_or_else(|| {
            let message = format!("\"{}\" is no unit of {word}", shorten(sign));
            fields.wrong("unit", message, units(quantity))
        })
    });
    let of_unit = of_unit.transpose()?;
    let register = fields.register()?;
    if fields.medium == Medium::Modbus && of_unit.is_some() && register.is_none() {
        let advice = "remove it, since the profile knows its unit; or add input_register = 0 or register = 0";
        return Err(fields.wrong("unit", "`unit` without a register", advice));
    }
    let (scale, offset) = match (fields.medium, of_unit) {
        // What a register holds becomes a number of that unit first.
        (Medium::Modbus, Some((scale, offset))) => {
            (Some(fields.scale.unwrap_or(1.0) * scale), fields.offset.unwrap_or(0.0) * scale + offset)
        }
        (_, of_unit) => {
            let (usual, offset) = of_unit.unzip();
            (fields.scale.or(usual), fields.offset.or(offset).unwrap_or(0.0))
        }
    };
    let has_unit = fields.unit.is_some();
    Ok(Reading { quantity, register, pointer: fields.pointer, scale, offset, has_unit, place: fields.place })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a raw number becomes.
    fn read(medium: Medium, fields: Fields, quantity: Quantity, raw: f64) -> f64 {
        let place = ModbusPlace { bank: Bank::Register, address: 0 };
        let register = (medium == Medium::Modbus).then_some(place);
        let reading = reading_of(quantity, Fields { medium, register, ..fields }).ok().unwrap();
        raw * reading.scale.unwrap_or(1.0) + reading.offset
    }

    #[test]
    fn a_register_is_scaled_to_its_unit_and_then_converted() {
        let fields = |unit: &str, scale, offset| Fields { unit: Some(unit.into()), scale, offset, ..Fields::default() };
        let power = Quantity::find("power").unwrap();
        let modbus = |fields, quantity, raw| read(Medium::Modbus, fields, quantity, raw);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        // 68.0 °F in tenths; 0.123 kW in thousandths; 20 °C as a number that begins at -40 °F.
        near(modbus(fields("°F", Some(0.1), None), Quantity::Temperature, 680.0), 20.0);
        near(modbus(fields("kW", Some(0.001), None), power, 123.0), 123.0);
        near(modbus(fields("°F", None, Some(-40.0)), Quantity::Temperature, 108.0), 20.0);
        near(modbus(fields("kW", None, None), power, 2.0), 2_000.0);
        near(modbus(Fields { scale: Some(0.1), ..Fields::default() }, power, 20.0), 2.0);
        // On the broker, a scale is the whole conversion.
        near(read(Medium::Broker, fields("kW", Some(10.0), None), power, 2.0), 20.0);
        near(read(Medium::Broker, fields("°F", None, None), Quantity::Temperature, 68.0), 20.0);
    }
}
