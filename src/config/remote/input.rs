//! An input on the broker.

use super::{
    OFF_WORDS, ON_WORDS, STALE_AT_HOME, check_stale, check_words,
    forms::Channels,
    shapes::{Clicks, Pointer, StateWords},
    shared,
    source::{Device, Of, source, time_of},
};
use crate::{
    config::{
        shape::{DAY, Period, SECOND, one_of},
        table::Table,
    },
    model::{InputKind, Remote, Told, Via, Words},
};
use std::{ops::Range, sync::Arc};

/// The keys that only inputs on the broker have.
const INPUT_KEYS: [&str; 5] = ["pointer", "on", "off", "clicks", "stale_after"];
/// What is of a wire.
const OF_WIRES: [&str; 3] = ["active", "pull", "debounce"];

/// An input on the broker, if it is one.
pub(in crate::config) fn input(
    kind: Option<InputKind>,
    home: Via,
    table: &mut Table<'_>,
) -> Option<(Remote, Range<usize>)> {
    let source = source(Of::Input, &["gpio"], &INPUT_KEYS, home, table);
    let pointer =
        table.optional("pointer", "Where in a JSON payload its state stands, such as \"/occupancy\".", Pointer);
    let on = table.optional(
        "on",
        "What its topic says when it is active (motion, open, pressed, wet): a word or a list; ON, true or 1 when absent.",
        StateWords,
    );
    let off = table.optional("off", "What its topic says when it is not: OFF, false or 0 when absent.", StateWords);
    let clicks = table.optional(
        "clicks",
        "Of a button on the broker: what it says, and which click that is, such as { single = \"click\" }.",
        Clicks,
    );
    let stale_after = table.optional(
        "stale_after",
        "Of an input that is no wire: after this long without a message it is in fault, 1s to 30d. When absent, 3m for one of \
         Home Assistant, which is asked each minute, and 25h for a Shelly that sleeps (but a button); else never.",
        Period(SECOND..=30 * DAY),
    );
    let source = source?;
    source.refuse(&OF_WIRES, "input", table);
    check_stale(source.via, stale_after, table);
    source.refuse_pointer(table.has("pointer").then(|| table.place_of("pointer")), table);
    let kind = kind?;
    let is_button = kind == InputKind::Button;
    let foreign: &[&str] = if is_button { &["on", "off", "double_gap", "long_after"] } else { &["clicks"] };
    for key in foreign.iter().filter(|key| table.has(key)) {
        let message = if is_button {
            format!("`{key}` is not for a button on the broker")
        } else {
            "`clicks` is for buttons".into()
        };
        let advice = if is_button {
            "the device tells its clicks itself: write `clicks`"
        } else {
            "write kind = \"button\", or `on` and `off`"
        };
        table.error_at(key, message, advice);
    }
    if kind == InputKind::Counter {
        let advice = "let the device count, and read what it says as a sensor: [sensors.NAME] with quantities = { energy = \"/energy\" }";
        table.error_at("kind", "a counter counts the pulses of a wire, which do not travel over a broker", advice);
        return None;
    }
    let row = match &source.device {
        None => None,
        Some(device) => match device.form.inputs.iter().find(|row| row.kinds.contains(&kind)) {
            Some(row) => Some(row),
            None => {
                let kinds = device
                    .form
                    .inputs
                    .iter()
                    .flat_map(|row| row.kinds.iter())
                    .map(|kind| format!("\"{}\"", kind.word()));
                let mut kinds: Vec<String> = kinds.collect();
                kinds.sort_unstable();
                kinds.dedup();
                let message = format!("how {} tells of {} is not known", device.form.title, kind.facts().noun);
                let advice = format!("write its topic, mqtt = \"its/topic\", or make its kind {}", one_of(kinds));
                table.error_at(source.key, message, advice);
                return None;
            }
        },
    };
    let is_told_apart = source.device.as_ref().is_some_and(|device| device.form.channels == Channels::Named);
    if is_button && is_told_apart && table.has("channel") {
        let advice = "remove it, and say which clicks are meant: clicks = { single_left = \"click\" }";
        table.error_at("channel", "a device tells of all its keys in one place", advice);
    }
    if is_button && clicks.is_none() && row.is_none() {
        if !table.has("clicks") {
            table.missing("clicks", "{ single = \"click\" }");
        }
        return None;
    }
    let (topic, usual_pointer) = match (&source.device, row) {
        (Some(device), Some(row)) => (device.fill(row.topic, "binary_sensor"), device.fill(row.pointer, "")),
        _ => (source.topic.clone()?, Arc::from("")),
    };
    let usual = |words: &[&str], of_row: Option<&'static [&'static str]>| {
        shared(of_row.filter(|of_row| !of_row.is_empty()).unwrap_or(words))
    };
    let words = Words {
        on: on.unwrap_or_else(|| usual(ON_WORDS, row.map(|row| row.on))),
        off: off.unwrap_or_else(|| usual(OFF_WORDS, row.map(|row| row.off))),
    };
    check_words(&words, "on", table);
    let usual_clicks = row.map(|row| row.clicks.iter().map(|(word, click)| (Arc::from(*word), *click)).collect());
    // A button may be silent for as long as nobody presses it.
    let usual_stale = match source.via {
        Via::Broker => source.device.as_ref().filter(|_| !is_button).and_then(Device::silent_for),
        Via::HomeAssistant => Some(STALE_AT_HOME),
    };
    let remote = Remote {
        state: Some(Told { topic, pointer: pointer.unwrap_or(usual_pointer) }),
        words,
        time: time_of(&source),
        availability: source.availability,
        stale_after: stale_after.or(usual_stale),
        clicks: clicks.or(usual_clicks).filter(|_| is_button).unwrap_or_default(),
        counter: row.map_or("", |row| row.counter).into(),
        ..Remote::plain(source.via)
    };
    Some((remote, source.place))
}
