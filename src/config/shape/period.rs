//! The shape of a duration: `"1h30m"`.

use super::{Shape, Wrong, shorten};
use crate::model::duration;
use serde_json::{Value as Json, json};
use std::{ops::RangeInclusive, time::Duration};
use toml::de::DeValue;

/// A duration within limits.
pub(in crate::config) struct Period(pub RangeInclusive<Duration>);

pub(in crate::config) const SECOND: Duration = Duration::from_secs(1);
pub(in crate::config) const DAY: Duration = Duration::from_secs(86_400);

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
            return Err(Wrong::new("a duration needs a unit", self.with_units(&number.to_string())));
        }
        let Some(text) = value.as_str() else { return Ok(None) };
        let period = duration::parse(text).map_err(|message| {
            let (what, advice) = message.split_once("; ").unwrap_or((&message, "write it like \"5m\""));
            let advice = match meant_duration(text) {
                Some(meant) => format!("write \"{meant}\""),
                None if text.parse::<u32>().is_ok() => self.with_units(text),
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

impl Period {
    /// The durations in range that a number without a unit may mean.
    fn with_units(&self, number: &str) -> String {
        let units = [("ms", "milliseconds"), ("s", "seconds"), ("m", "minutes")];
        let fits =
            |unit: &str| duration::parse(&format!("{number}{unit}")).is_ok_and(|period| self.0.contains(&period));
        let meant: Vec<String> = units
            .into_iter()
            .filter(|(unit, _)| fits(unit))
            .map(|(unit, noun)| format!("\"{number}{unit}\" for {noun}"))
            .collect();
        if meant.is_empty() { format!("write {}", self.example()) } else { format!("write {}", meant.join(" or ")) }
    }
}

/// The duration that somebody means who writes `5 minutes`.
pub(in crate::config) fn meant_duration(text: &str) -> Option<String> {
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
