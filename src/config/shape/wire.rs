//! The shapes of wires: `17`, `"GPIO17"`, `"gpiochip1/4"`, several of them, and PWM channels.

use super::{Shape, Whole, Wrong, shorten};
use crate::model::{HeaderPin, LAST_ON_HEADER, Line, PwmChannel};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// A wire: a number, or the kernel's name of it, or chip and number.
pub(in crate::config) struct Wire;

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
        if let Some((word, number)) = numbered(text) {
            let what = match word {
                "" => format!("\"{}\" is text, not a number", shorten(text)),
                _ => format!("unknown line \"{}\"", shorten(text)),
            };
            let advice = match HeaderPin::meaning(number) {
                Some(meaning) if number > LAST_ON_HEADER || word == "pin" => meaning,
                None if word == "pin" => "the pin header has the positions 1 to 40: write the GPIO (BCM) number".into(),
                _ if number > LAST_LINE => format!("write a number from 0 to {LAST_LINE}"),
                _ if word.is_empty() => format!("write {number}, without quotes"),
                _ => format!("write {number} or \"GPIO{number}\""),
            };
            return Err(Wrong::new(what, advice));
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
        // A number with a point or an exponent is nobody's name.
        if is_line_name(text) && text.parse::<f64>().is_err() {
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
            Line::Pwm(_) => PwmWire.show(value),
            Line::Remote(_) | Line::Modbus(_) | Line::Serial(_) => Json::Null,
        }
    }
}

/// The number of a text that is meant as one, and the word before it if that is none of the kernel's: `pin` for a position on
/// the header. Nothing for what may be a kernel's name of a line, such as `GPIO17`, or `PIN_40` of another board.
fn numbered(text: &str) -> Option<(&'static str, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (word, number) = text.split_at(digits);
    let number = number.strip_suffix(".0").unwrap_or(number).parse().ok()?;
    let bare = word.trim_end_matches([' ', '#']);
    match bare.to_lowercase().as_str() {
        "" => Some(("", number)),
        "gpio" | "bcm" if word != "GPIO" => Some(("GPIO", number)),
        "pin" | "header" | "header pin" | "physical" | "j8" if bare.len() < word.len() => Some(("pin", number)),
        _ => None,
    }
}

/// Several wires, with their places.
pub(in crate::config) struct Wires;

impl Shape for Wires {
    type Value = Vec<(Line, Range<usize>)>;

    fn noun(&self) -> String {
        "a list of GPIOs".into()
    }

    fn example(&self) -> String {
        "their numbers in square brackets, such as [5, 6, 13]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let mut lines = Vec::new();
        for item in items {
            match Wire.read(item.get_ref())? {
                Some(line) => lines.push((line, item.span())),
                None => return Err(Wrong::new("not a list of GPIOs", format!("write {}", self.example()))),
            }
        }
        Ok(Some(lines))
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": Wire.schema(), "minItems": 2 })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(line, _)| Wire.show(line)).collect()
    }
}

/// A PWM wire: `18`, `"pwmchip0/1"`, `"NAME/3"`.
pub(in crate::config) struct PwmWire;

/// The pins of a Raspberry Pi that its PWM reaches.
const PWM_PINS: [u32; 4] = [12, 13, 18, 19];
/// No chip has more channels.
const LAST_CHANNEL: u32 = 63;

impl Shape for PwmWire {
    type Value = Line;

    fn noun(&self) -> String {
        "a PWM wire".into()
    }

    fn example(&self) -> String {
        "12, 13, 18 or 19 (BCM numbers), or chip and channel such as \"pwmchip0/1\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Line>, Wrong> {
        let advice = format!("write {}", self.example());
        if let DeValue::Integer(_) = value {
            let number = Whole(0..=i64::from(LAST_LINE)).read(value)?.and_then(|number| u32::try_from(number).ok());
            return match number {
                Some(pin) if !PWM_PINS.contains(&pin) => {
                    let position = HeaderPin::meaning(pin).filter(|_| pin > LAST_ON_HEADER);
                    let advice = position.map_or(advice.clone(), |position| format!("{advice}; {position}"));
                    Err(Wrong::new(format!("GPIO {pin} has no PWM"), advice))
                }
                pin => Ok(pin.map(|pin| Line::Pwm(PwmChannel::Pin(pin)))),
            };
        }
        let Some(text) = value.as_str() else { return Ok(None) };
        let parts = text.split_once('/').map(|(chip, channel)| (chip, channel.parse::<u32>()));
        match parts {
            Some((chip, Ok(channel))) if channel <= LAST_CHANNEL && is_line_name(chip) => {
                Ok(Some(Line::Pwm(PwmChannel::OnChip { chip: chip.to_owned(), channel })))
            }
            _ => Err(Wrong::new(format!("\"{}\" is no PWM channel", shorten(text)), advice)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "enum": PWM_PINS },
            { "type": "string", "pattern": "^[A-Za-z0-9_.:-]+/[0-9]+$" },
        ] })
    }

    fn show(&self, value: &Line) -> Json {
        match value {
            Line::Pwm(PwmChannel::Pin(pin)) => json!(pin),
            Line::Pwm(PwmChannel::OnChip { chip, channel }) => json!(format!("{chip}/{channel}")),
            other => Wire.show(other),
        }
    }
}

fn is_line_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
}
