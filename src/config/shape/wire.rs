//! The shape of a wire: `17`, `"GPIO17"`, `"gpiochip1/4"`.

use super::{Shape, Whole, Wrong, shorten};
use crate::model::Line;
use serde_json::{Value as Json, json};
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
