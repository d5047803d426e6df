//! The shape of how long something that is set holds: `"2h"`, `"room_empty"`.

use super::{DAY, Period, SECOND, Shape, Wrong, shorten};
use crate::{config::nearest, model::Hold};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// A duration of 1s to 365d, or `room_empty`.
pub(in crate::config) struct HowLong;

const PERIOD: fn() -> Period = || Period(SECOND..=365 * DAY);

impl Shape for HowLong {
    type Value = Hold;

    fn noun(&self) -> String {
        "a duration or \"room_empty\"".into()
    }

    fn example(&self) -> String {
        "a duration such as \"2h\", or \"room_empty\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Hold>, Wrong> {
        match value.as_str() {
            Some(Hold::ROOM_EMPTY) => Ok(Some(Hold::RoomEmpty)),
            // What begins with a number is to be a time.
            Some(text) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                let advice = match nearest::name(text, [Hold::ROOM_EMPTY]) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("write {}", self.example()),
                };
                Err(Wrong::new(format!("unknown word \"{}\"", shorten(text)), advice))
            }
            _ => PERIOD().read(value).map(|period| period.map(Hold::Time)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(room_empty|([0-9]+(d|h|m|s|ms))+)$" })
    }

    fn show(&self, value: &Hold) -> Json {
        json!(value.to_string())
    }
}
