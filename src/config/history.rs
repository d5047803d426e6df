//! `[history]`: what of the house is remembered, and for how long.

use super::{
    shape::{DAY, Period, SECOND, Shape, Wrong, shorten},
    table::Table,
};
use crate::model::{HistorySettings, duration};
use serde_json::{Value as Json, json};
use std::ops::RangeInclusive;
use toml::de::DeValue;

/// The table is there: something is remembered.
pub(super) fn read(table: &mut Table<'_>) -> HistorySettings {
    let defaults = HistorySettings::default();
    let keep_raw = table.defaulted(
        "keep_raw",
        "How long each reading is kept as it was.",
        Period(2 * DAY..=3650 * DAY),
        defaults.keep_raw,
    );
    let keep = table.defaulted(
        "keep",
        "How long sums of readings (5 minutes, 1 hour), changes with their reasons and events are kept.",
        Period(2 * DAY..=36_500 * DAY),
        defaults.keep,
    );
    let max_size = table.defaulted(
        "max_size",
        "The most that the file may take on the disk; the oldest goes first.",
        Bytes(10_000_000..=100_000_000_000),
        defaults.max_size,
    );
    let commit = table.defaulted(
        "commit",
        "How often what is new is written; a kill loses no more than that.",
        Period(SECOND..=3_600 * SECOND),
        defaults.commit,
    );
    if keep < keep_raw {
        let key = if table.has("keep") { "keep" } else { "keep_raw" };
        let [keep, raw] = [keep, keep_raw].map(duration::spell);
        let message = format!("`keep` is {keep}, shorter than `keep_raw`, which is {raw}");
        table.error_at(key, message, format!("write keep = \"{raw}\" or longer, or a shorter `keep_raw`"));
    }
    HistorySettings { keep_raw, keep, max_size, commit }
}

/// An amount of memory on a disk.
struct Bytes(RangeInclusive<u64>);

const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];

/// The shortest way to write it.
fn spell(bytes: u64) -> String {
    let (unit, size) = UNITS.into_iter().find(|(_, size)| bytes.is_multiple_of(*size)).unwrap_or(("", 1));
    format!("{}{unit}", bytes / size)
}

impl Shape for Bytes {
    type Value = u64;

    fn noun(&self) -> String {
        "a size".into()
    }

    fn example(&self) -> String {
        "a size in double quotes, such as \"500MB\" or \"2GB\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<u64>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let lower = text.trim().to_lowercase();
        let letters = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
        let (number, unit) = lower.split_at(letters);
        let unit = UNITS.into_iter().find(|(name, _)| name.to_lowercase() == unit.trim_start());
        let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, (_, size))| number.checked_mul(size));
        match bytes {
            Some(bytes) if self.0.contains(&bytes) => Ok(Some(bytes)),
            Some(_) => {
                let (least, most) = (spell(*self.0.start()), spell(*self.0.end()));
                Err(Wrong::new(
                    format!("{} is out of range", shorten(text)),
                    format!("write \"{least}\" to \"{most}\""),
                ))
            }
            None => Err(Wrong::new(format!("not a size: \"{}\"", shorten(text)), format!("write {}", self.example()))),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^[0-9]+ ?([kK][bB]|[mM][bB]|[gG][bB])$" })
    }

    fn show(&self, value: &u64) -> Json {
        json!(spell(*value))
    }
}
