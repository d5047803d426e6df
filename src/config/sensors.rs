//! `[sensors.NAME]`: what gives readings.

use super::{
    chips,
    diagnostic::Problems,
    ids,
    shape::{DAY, OneOf, Period, SECOND, Text},
    table::{Id, Table},
};
use crate::model::{Sensor, SensorSource, duration};
use std::time::Duration;

/// A sensor as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub sensor: Sensor,
    chip: chips::Draft,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let chip = table.required("chip", "Which chip it is.", "\"bme280\"", OneOf(&chips::CHIP));
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let wired = chips::read(chip, table);
    let every = table.defaulted("every", "How often it is read, 1s to 1d.", Period(SECOND..=DAY), 10 * SECOND);
    let stale_after = table.optional(
        "stale_after",
        "A reading older than this no longer counts; three times `every` and 5s when absent.",
        Period(SECOND..=30 * DAY),
    );

    if let Some(chip) = chip {
        chips::check_every(chip, every, table);
    }
    if let Some(stale_after) = stale_after
        && stale_after < every
    {
        let (every, stale) = (duration::spell(every), duration::spell(stale_after));
        let message = format!("a reading would be stale ({stale}) before the next one ({every})");
        table.error_at("stale_after", message, format!("write {every} or longer"));
    }
    Draft {
        sensor: Sensor {
            id: id.text.as_str().into(),
            name: name.unwrap_or_else(|| ids::for_people(&id.text)),
            source: SensorSource::I2c(wired.wired.clone()),
            every,
            stale_after: stale_after.unwrap_or(3 * every + Duration::from_secs(5)),
        },
        chip: wired,
        id: id.clone(),
    }
}

/// Reports sensors that share an address of a bus.
pub(super) fn check_addresses(drafts: &[Draft], problems: &Problems) {
    chips::check_addresses(drafts.iter().map(|draft| (&draft.id, &draft.chip)), problems);
}
