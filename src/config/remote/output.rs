//! An output on the broker.

use super::{
    CONFIRM_WITHIN, OFF_WORDS, ON_WORDS, check_words, forms,
    shapes::{LevelPayload, Payload, Pointer, StateWords},
    shared,
    source::{Device, Of, Source, source, time_of},
};
use crate::{
    config::{
        mqtt::Topic,
        shape::{Flag, Period, SECOND, Whole},
        table::Table,
    },
    model::{Commanded, LEVEL_MARK, OutputKind, Remote, RemoteLevel, Told, Words},
};
use std::{ops::Range, sync::Arc, time::Duration};

/// The keys that only outputs on the broker have.
const OUTPUT_KEYS: [&str; 15] = [
    "on",
    "off",
    "state_topic",
    "pointer",
    "state_on",
    "state_off",
    "levels",
    "level",
    "level_topic",
    "level_max",
    "level_state_topic",
    "level_pointer",
    "ask",
    "confirm_within",
    "optimistic",
];
/// Keys of the general form that say nothing without another, and how that one is written.
const NEEDS: [(&str, &str, &[&str]); 2] = [
    ("level", "level = '{\"brightness\":{}}'", &["level_topic", "level_max", "level_state_topic", "level_pointer"]),
    (
        "state_topic",
        "state_topic = \"its/topic\"",
        &["pointer", "state_on", "state_off", "level_state_topic", "level_pointer", "confirm_within"],
    ),
];
/// What is of wires, and is not refused for want of a wire anyway.
const OF_WIRES: [&str; 1] = ["active"];

/// An output on the broker, if it is one.
pub(in crate::config) fn output(
    kind: Option<OutputKind>,
    wires: &[&'static str],
    table: &mut Table<'_>,
) -> Option<(Remote, Range<usize>)> {
    let source = source(Of::Output, wires, &OUTPUT_KEYS, table);
    let on = table.optional("on", "What is published to switch it on; \"ON\" when absent.", Payload);
    let off = table.optional("off", "What is published to switch it off; \"OFF\" when absent.", Payload);
    let state_topic = table.optional(
        "state_topic",
        "The topic on which it tells its state. Without it nobody knows whether it does what it is told.",
        Topic,
    );
    let pointer =
        table.optional("pointer", "Where in the JSON of state_topic its state stands, such as \"/state\".", Pointer);
    let state_on = table.optional(
        "state_on",
        "What state_topic says when it is on: a word or a list; what `on` is, and ON, true or 1, when absent.",
        StateWords,
    );
    let state_off = table.optional("state_off", "What state_topic says when it is off.", StateWords);
    let levels = table.defaulted(
        "levels",
        "Of a short form: whether it takes levels, as a lamp that can be dimmed.",
        Flag,
        false,
    );
    let level = table.optional(
        "level",
        "What is published for a level, with {} for the number, such as '{\"brightness\":{}}': it then takes levels.",
        LevelPayload,
    );
    let level_topic =
        table.optional("level_topic", "Where a level is published; the topic of `mqtt` when absent.", Topic);
    let level_max = table.defaulted("level_max", "The number that is 100 %, 1 to 65535.", Whole(1..=65_535), 100);
    let level_state_topic = table.optional(
        "level_state_topic",
        "The topic on which it tells its level, as such a number; `state_topic` when absent and `level_pointer` is there. \
         Without both, nobody knows whether its level is what it is told.",
        Topic,
    );
    let level_pointer = table.optional(
        "level_pointer",
        "Where in the JSON of level_state_topic its level stands, such as \"/brightness\".",
        Pointer,
    );
    let ask = table.optional("ask", "What is published after each command, so that it tells its state.", Payload);
    let confirm_within = table.defaulted(
        "confirm_within",
        "Its state has to follow within this time, 500ms to 1m, or it is in fault.",
        Period(Duration::from_millis(500)..=60 * SECOND),
        CONFIRM_WITHIN,
    );
    let optimistic = table.defaulted(
        "optimistic",
        "Of a short form: whether it is believed to do what it is told, though it tells its state.",
        Flag,
        false,
    );
    let source = source?;
    source.refuse(&OF_WIRES, "output", table);
    if kind == Some(OutputKind::Cover) {
        table.error_at("kind", "covers on the broker are not supported yet", "leave it out, or drive it by two relays");
        return None;
    }
    let mut remote = match &source.device {
        None => {
            let topic = source.topic.clone()?;
            for (needed, line, keys) in NEEDS {
                for key in keys.iter().filter(|key| table.has(key) && !table.has(needed)) {
                    table.error_at(key, format!("`{key}` without `{needed}`"), format!("add {line}, or remove it"));
                }
            }
            for key in ["levels", "optimistic"].into_iter().filter(|key| table.has(key)) {
                let advice = if key == "levels" {
                    "write level = '{\"brightness\":{}}'"
                } else {
                    "without `state_topic` it is: remove it"
                };
                table.error_at(key, format!("`{key}` is of a short form"), advice);
            }
            let (on, off) = (on.unwrap_or_else(|| "ON".into()), off.unwrap_or_else(|| "OFF".into()));
            if on == off && table.is_real() {
                table.error_at(
                    if table.has("off") { "off" } else { "on" },
                    "`on` and `off` publish the same: what toggles cannot be tried again",
                    "write what switches it on, and what switches it off",
                );
            }
            let said =
                |payload: &Arc<str>, words: &[&str]| [payload.clone()].into_iter().chain(shared(words)).collect();
            let full = u32::try_from(level_max).unwrap_or(100);
            let state = state_topic.map(|topic| Told { topic: topic.into(), pointer: pointer.unwrap_or_default() });
            let is_level_told = level_state_topic.is_some() || level_pointer.is_some();
            let level_state = state.as_ref().filter(|_| is_level_told).map(|state| Told {
                topic: level_state_topic.map_or_else(|| state.topic.clone(), Into::into),
                pointer: level_pointer.unwrap_or_default(),
            });
            let level = level.map(|payload| {
                let topic = level_topic.map_or_else(|| topic.clone(), Into::into);
                RemoteLevel { topic, payload, full, state: level_state }
            });
            let words = Words {
                on: state_on.unwrap_or_else(|| said(&on, ON_WORDS)),
                off: state_off.unwrap_or_else(|| said(&off, OFF_WORDS)),
            };
            let command = Commanded { topic, on, off, level, ask, confirm_within };
            Remote { state, words, command: Some(command), ..plain(&source) }
        }
        Some(device) => {
            for key in OUTPUT_KEYS.into_iter().filter(|key| table.has(key)) {
                if !["levels", "confirm_within", "optimistic"].contains(&key) {
                    let advice = format!(
                        "{} knows it: remove it, or write the whole with mqtt = \"its/topic\"",
                        device.form.title
                    );
                    table.error_at(key, format!("`{key}` beside `{}`", source.key), advice);
                }
            }
            by_form(device, kind, levels, confirm_within, &source, table)?
        }
    };
    if optimistic {
        remote.state = None;
        if let Some(level) = remote.command.as_mut().and_then(|command| command.level.as_mut()) {
            level.state = None;
        }
    }
    check_words(&remote.words, "state_on", table);
    Some((remote, source.place))
}

fn plain(source: &Source) -> Remote {
    Remote {
        state: None,
        words: Words { on: Vec::new(), off: Vec::new() },
        availability: source.availability.clone(),
        stale_after: None,
        time: time_of(source),
        clicks: Vec::new(),
        counter: "".into(),
        command: None,
        owner: None,
    }
}

/// An output as the row of its device says.
fn by_form(
    device: &Device,
    kind: Option<OutputKind>,
    levels: bool,
    confirm_within: Duration,
    source: &Source,
    table: &Table<'_>,
) -> Option<Remote> {
    let fits = |row: &&forms::OutputRow| {
        let is_of_kind = row.kinds.is_empty() || kind.is_some_and(|kind| row.kinds.contains(&kind));
        // A name that says its kind is believed.
        let is_named = device.kind.as_deref().is_none_or(|kind| kind == row.kind);
        is_named && (is_of_kind || device.kind.is_some()) && (!levels || row.level.is_some())
    };
    let Some(row) = device.form.outputs.iter().find(fits) else {
        let title = device.form.title;
        let (key, message) = match device.form.outputs.is_empty() {
            true => (source.key, format!("{title} tells states here and takes no commands")),
            false if levels => ("levels", format!("{title} takes no levels for this")),
            false => (source.key, format!("{title} has no such output")),
        };
        table.error_at(key, message, "write the topic that takes commands: mqtt = \"its/topic\"");
        return None;
    };
    let told = |topic, pointer: &str| Told { topic: device.fill(topic, row.kind), pointer: pointer.into() };
    let level = row.level.filter(|_| levels).map(|level| RemoteLevel {
        topic: device.fill(level.topic, row.kind),
        payload: device.fill_payload(level.payload),
        full: level.full,
        state: (!level.state.is_empty()).then(|| told(level.state, level.pointer)),
    });
    debug_assert!(
        level.as_ref().is_none_or(|level| level.payload.contains(LEVEL_MARK)),
        "the table says where the number goes"
    );
    Some(Remote {
        state: Some(told(row.state, row.pointer)),
        words: Words { on: shared(ON_WORDS), off: shared(OFF_WORDS) },
        command: Some(Commanded {
            topic: device.fill(row.command, row.kind),
            on: row.on.into(),
            off: row.off.into(),
            level,
            ask: row.ask.map(Into::into),
            confirm_within,
        }),
        ..plain(source)
    })
}
