//! A sensor on the broker.

use super::{
    STALE_AFTER, STALE_AT_HOME,
    forms::Name,
    readings::Reading,
    source::{Device, Of, source, time_of},
};
use crate::{
    config::table::Table,
    model::{RemoteChannel, RemoteSensor, Told, Via},
};
use std::{ops::Range, time::Duration};

/// A sensor on the broker, if it is one, and when its readings are stale.
pub(in crate::config) fn sensor(
    wires: &[&'static str],
    readings: Option<Vec<Reading>>,
    home: Via,
    table: &mut Table<'_>,
) -> Option<(RemoteSensor, Range<usize>, Duration)> {
    let source = source(Of::Sensor, wires, &[], home, table)?;
    let mut readings = readings;
    if readings.is_none() && table.has("quantities") {
        return None;
    }
    let rows = source.device.as_ref().map_or(&[][..], |device| device.form.readings);
    let place = table.place_of("quantities");
    let plain = |quantity| Reading::usual(quantity, place.clone());
    if let (None, Some(device)) = (&readings, &source.device) {
        let usual: Vec<Reading> = match device.form.name {
            Name::Whole => rows.iter().filter(|row| row.usual).map(|row| plain(row.quantity)).collect(),
            // The name of what it reads ends the name of the entity, as a rule.
            Name::Parted | Name::Dotted => {
                let word = device.part.replace('-', "_");
                rows.iter()
                    .find(|row| word.ends_with(row.quantity.word()))
                    .map(|row| plain(row.quantity))
                    .into_iter()
                    .collect()
            }
        };
        readings = Some(usual).filter(|usual| !usual.is_empty());
    }
    let Some(readings) = readings else {
        let example = if source.device.is_some() { "[\"temperature\"]" } else { "{ temperature = \"/temperature\" }" };
        table.missing("quantities", example);
        return None;
    };
    let mut channels = Vec::new();
    let is_entity = source.device.as_ref().is_some_and(|device| device.form.name == Name::Dotted);
    for reading in readings {
        let points_into = reading.pointer.as_ref().is_some_and(|pointer| !pointer.is_empty());
        source.refuse_pointer(points_into.then(|| reading.place.clone()), table);
        let row = rows.iter().find(|row| row.quantity == reading.quantity);
        // What a device tells besides is as a rule where it tells the rest.
        // An entity has one state, whatever that is.
        let near = row.or(rows.first().filter(|_| is_entity || reading.pointer.is_some()));
        let topic = match (&source.device, near, &source.topic) {
            (Some(device), Some(row), _) => device.fill(row.topic, "sensor"),
            (None, _, Some(topic)) if reading.pointer.is_some() => topic.clone(),
            (device, ..) => {
                let word = reading.quantity.word();
                let title = device.as_ref().map_or("a topic", |device| device.form.title);
                let message = format!("where {title} tells `{word}` is not known");
                table.error(reading.place, message, format!("say it: quantities = {{ {word} = \"/{word}\" }}"));
                continue;
            }
        };
        let pointer = match (&source.device, row) {
            (Some(device), Some(row)) => reading.pointer.unwrap_or_else(|| device.fill(row.pointer, "")),
            _ => reading.pointer.unwrap_or_default(),
        };
        let scale = reading.scale.or(row.map(|row| row.scale)).unwrap_or(1.0);
        let told = Told { topic, pointer };
        if source.via == Via::HomeAssistant && reading.has_unit && !told.is_attribute() {
            let advice = "remove `unit`; `offset` and `scale` come after it";
            table.error(reading.place.clone(), "Home Assistant itself tells the unit of a state", advice);
        }
        channels.push(RemoteChannel { quantity: reading.quantity, told, scale, offset: reading.offset });
    }
    let stale_after = match source.via {
        Via::Broker => source.device.as_ref().map_or(STALE_AFTER, Device::stale_after),
        Via::HomeAssistant => STALE_AT_HOME,
    };
    let time = time_of(&source);
    let remote = RemoteSensor { channels, availability: source.availability, time, owner: None, via: source.via };
    Some((remote, source.place, stale_after))
}
