//! The shape of `manual_for`: how long a command holds.

use crate::{
    config::{
        nearest,
        shape::{DAY, Period, SECOND, Shape, Wrong, shorten},
    },
    model::ManualFor,
};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// A duration, a word or a time of day.
pub(super) struct Hold;

const PERIOD: fn() -> Period = || Period(SECOND..=365 * DAY);

impl Shape for Hold {
    type Value = ManualFor;

    fn noun(&self) -> String {
        "a duration, a word or a time of day".into()
    }

    fn example(&self) -> String {
        "a duration such as \"2h\", a time of day such as \"22:30\", \"next_change\", \"room_empty\" or \"auto\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<ManualFor>, Wrong> {
        let Some(text) = value.as_str() else {
            return PERIOD().read(value).map(|period| period.map(ManualFor::Time));
        };
        if let Some((_, meaning)) = ManualFor::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        if let Some((hour, minute)) = text.split_once(':') {
            return match time_of_day(hour, minute) {
                Some(seconds) => Ok(Some(ManualFor::TimeOfDay(seconds))),
                None => Err(Wrong::new(
                    format!("\"{}\" is not a time of day", shorten(text)),
                    "write hours and minutes, such as \"22:30\"",
                )),
            };
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return PERIOD().read(value).map(|period| period.map(ManualFor::Time));
        }
        let advice = match nearest::name(text, ManualFor::WORDS.iter().map(|(word, _)| *word)) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("write {}", self.example()),
        };
        Err(Wrong::new(format!("unknown word \"{}\"", shorten(text)), advice))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(auto|next_change|room_empty|[0-9]{1,2}:[0-9]{2}|([0-9]+(d|h|m|s|ms))+)$" })
    }

    fn show(&self, value: &ManualFor) -> Json {
        json!(value.to_string())
    }
}

/// Seconds after midnight.
fn time_of_day(hour: &str, minute: &str) -> Option<u32> {
    let number = |text: &str, most: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number <= most)
    };
    Some(number(hour, 23)? * 3600 + number(minute, 59).filter(|_| minute.len() == 2)? * 60)
}
