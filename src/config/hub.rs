//! `[hub]`: the machine and the place.

use super::{
    nearest,
    shape::{Decimal, OneOf, Shape, Text, Word, Wrong, shorten},
    table::Table,
};
use crate::model::{ClockTrust, Hub};
use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use toml::de::DeValue;

const CLOCK: &[(&str, ClockTrust)] = &[("auto", ClockTrust::Auto), ("always", ClockTrust::Always)];

/// The hub, and whether it says where it is.
pub(super) fn read(table: &mut Table<'_>, system_zone: Tz) -> (Hub, bool) {
    let id = table
        .required(
            "id",
            "The hub's name in every topic and in Home Assistant: small letters, digits, _.",
            "\"home\"",
            Word,
        )
        .unwrap_or_default();
    let name = table.optional("name", "What people call it; the id when absent.", Text).unwrap_or_else(|| id.clone());
    let latitude =
        table.optional("latitude", "Degrees, north positive: for sunrise, dusk and so on.", Decimal(-90.0..=90.0));
    let longitude = table.optional("longitude", "Degrees, east positive.", Decimal(-180.0..=180.0));
    let altitude_m = table.optional(
        "altitude",
        "Metres above the sea, for sea_level_pressure and CO2 sensors.",
        Decimal(-500.0..=9_000.0),
    );
    let timezone = table
        .optional("timezone", "The IANA time zone of all times of day; the machine's when absent.", Zone)
        .unwrap_or(system_zone);
    let clock = table.defaulted(
        "clock",
        "When the time is believed: \"auto\" (when synchronised, or with a hardware clock) or \"always\".",
        OneOf(CLOCK),
        ClockTrust::Auto,
    );
    for (one, other) in [("latitude", "longitude"), ("longitude", "latitude")] {
        if table.has(one) && !table.has(other) {
            table.error_at(one, format!("`{one}` without `{other}`"), format!("add {other} = ... to [hub]"));
        }
    }
    let placed = table.has("latitude") && table.has("longitude");
    let (latitude, longitude) = (latitude.unwrap_or(0.0), longitude.unwrap_or(0.0));
    (Hub { id: id.into(), name, latitude, longitude, altitude_m, timezone, clock }, placed)
}

/// A time zone of the IANA database.
struct Zone;

impl Shape for Zone {
    type Value = Tz;

    fn noun(&self) -> String {
        "a time zone".into()
    }

    fn example(&self) -> String {
        "its name in double quotes, such as \"Europe/Amsterdam\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Tz>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let advice = match nearest::name(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
                Some(name) => format!("did you mean \"{name}\"?"),
                None => format!("write {}", self.example()),
            };
            Wrong::new(format!("unknown time zone \"{}\"", shorten(text)), advice)
        })
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "examples": ["Europe/Amsterdam", "UTC"] })
    }

    fn show(&self, value: &Tz) -> Json {
        json!(value.name())
    }
}
