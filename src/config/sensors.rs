//! `[sensors.NAME]`: what gives readings.

use super::{
    diagnostic::Problems,
    ids,
    shape::{DAY, OneOf, Period, SECOND, Text, Whole, one_of},
    table::{Id, Table},
};
use crate::model::{Chip, Sensor, duration};
use std::{collections::BTreeMap, ops::Range, time::Duration};

const CHIP: &[(&str, Chip)] = &[
    ("lm75", Chip::Lm75),
    ("tmp102", Chip::Tmp102),
    ("tmp105", Chip::Tmp105),
    ("bme280", Chip::Bme280),
    ("bmp280", Chip::Bmp280),
];

/// A sensor as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub sensor: Sensor,
    /// The place of its address, or of its header; nothing when chip or address are not known.
    address: Option<Range<usize>>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let chip = table.required("chip", "Which chip it is.", "\"bme280\"", OneOf(CHIP));
    let name = table.optional("name", "What people call it; made from the table's name when absent.", Text);
    let address =
        table.optional("address", "Its I2C address, such as 0x76; the chip's usual one when absent.", Whole(0..=0xff));
    let bus = table.defaulted("bus", "The I2C bus: 1 is /dev/i2c-1.", Whole(0..=255), 1);
    let every = table.defaulted("every", "How often it is read, 1s to 1d.", Period(SECOND..=DAY), 10 * SECOND);
    let stale_after = table.optional(
        "stale_after",
        "A reading older than this no longer counts; three times `every` and 5s when absent.",
        Period(SECOND..=30 * DAY),
    );

    let mut address_known = chip.is_some() && (address.is_some() || !table.has("address"));
    if let (Some(chip), Some(written)) = (chip, address)
        && !chip.addresses().iter().any(|possible| i64::from(*possible) == written)
    {
        address_known = false;
        let possible: Vec<String> = chip.addresses().iter().map(|address| format!("{address:#04x}")).collect();
        let message = format!("a {} is never at the address {written:#04x}", chip.word());
        table.error_at("address", message, format!("write {}", one_of(possible)));
    }
    if let Some(stale_after) = stale_after
        && stale_after < every
    {
        let (every, stale) = (duration::spell(every), duration::spell(stale_after));
        let message = format!("a reading would be stale ({stale}) before the next one ({every})");
        table.error_at("stale_after", message, format!("write {every} or longer"));
    }
    // The bme280 stands in for an unknown chip because it measures all that a rule may ask for.
    let chip = chip.unwrap_or(Chip::Bme280);
    Draft {
        address: address_known.then(|| table.place_of("address")),
        sensor: Sensor {
            id: id.text.as_str().into(),
            name: name.unwrap_or_else(|| ids::for_people(&id.text)),
            chip,
            bus: u8::try_from(bus).unwrap_or(u8::MAX),
            address: address.and_then(|a| u8::try_from(a).ok()).or(chip.addresses().first().copied()).unwrap_or(0),
            every,
            stale_after: stale_after.unwrap_or(3 * every + Duration::from_secs(5)),
        },
        id: id.clone(),
    }
}

/// Reports sensors that share an address of a bus.
pub(super) fn check_addresses(drafts: &[Draft], problems: &Problems) {
    let mut first: BTreeMap<(u8, u8), &Draft> = BTreeMap::new();
    for draft in drafts {
        let Some(place) = &draft.address else { continue };
        let Sensor { bus, address, .. } = draft.sensor;
        match first.get(&(bus, address)) {
            Some(other) => problems.error(
                place.clone(),
                format!("{} and {} are both at address {address:#04x} of I2C bus {bus}", draft.id.text, other.id.text),
                match draft.sensor.chip.addresses().iter().find(|free| !first.contains_key(&(bus, **free))) {
                    Some(free) => format!("write another address, such as {free:#04x}, and wire the chip for it"),
                    None => "write another bus: no address of this chip is left here".into(),
                },
            ),
            None => {
                first.insert((bus, address), draft);
            }
        }
    }
}
