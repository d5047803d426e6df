//! Local dates and times as people write them.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// `2026-07-15`.
///
/// # Errors
/// What to write instead.
pub fn date(text: &str) -> Result<NaiveDate, String> {
    let date = text.parse().ok().filter(|date: &NaiveDate| (1970..=9999).contains(&date.year()));
    date.ok_or_else(|| "write a date such as 2026-07-15".into())
}

/// `2026-11-23T21:00`, also with seconds.
///
/// # Errors
/// What to write instead.
pub fn date_and_time(text: &str) -> Result<NaiveDateTime, String> {
    let parsed = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|form| {
        NaiveDateTime::parse_from_str(text, form).ok().filter(|time| (1970..=9999).contains(&time.year()))
    });
    parsed.ok_or_else(|| "write a date and a time such as 2026-11-23T21:00".into())
}

/// Either; a date alone is its midnight.
///
/// # Errors
/// What to write instead.
pub fn date_or_time(text: &str) -> Result<NaiveDateTime, String> {
    let midnight = || date(text).ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    date_and_time(text).or_else(|wrong| midnight().ok_or(wrong))
}
