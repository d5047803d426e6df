//! An output on the broker.

use super::{
    CONFIRM_WITHIN, OFF_WORDS, ON_WORDS, check_words,
    forms::{self, CoverRow},
    shapes::{LevelPayload, Payload, Pointer, StateWords},
    shared,
    source::{Device, Of, Source, source, time_of},
};
use crate::{
    config::{
        mqtt::Topic,
        shape::{Flag, Period, SECOND, Whole, shorten},
        table::Table,
    },
    model::{Commanded, LEVEL_MARK, Moves, OutputKind, Remote, RemoteLevel, Told, Via, Words},
};
use std::{ops::Range, sync::Arc, time::Duration};

/// The keys that only outputs on the broker have.
const OUTPUT_KEYS: [&str; 19] = [
    "on",
    "off",
    "state_topic",
    "pointer",
    "state_on",
    "state_off",
    "stop_with",
    "state_opening",
    "state_closing",
    "state_stopped",
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
/// The keys of covers.
const COVER_KEYS: [&str; 4] = ["stop_with", "state_opening", "state_closing", "state_stopped"];
/// A cover begins to move within this time, when the file does not say.
const CONFIRM_COVER_WITHIN: Duration = Duration::from_secs(10);
/// What is of wires, and is not refused for want of a wire anyway.
const OF_WIRES: [&str; 1] = ["active"];

/// An output on the broker, if it is one.
pub(in crate::config) fn output(
    kind: Option<OutputKind>,
    wires: &[&'static str],
    table: &mut Table<'_>,
) -> Option<(Remote, Range<usize>)> {
    let source = source(Of::Output, wires, &OUTPUT_KEYS, Via::Broker, table);
    let on =
        table.optional("on", "What is published to switch it on; \"ON\", of a cover \"OPEN\", when absent.", Payload);
    let off = table.optional(
        "off",
        "What is published to switch it off; \"OFF\", of a cover \"CLOSE\", when absent.",
        Payload,
    );
    let stop = table.optional("stop_with", "Of a cover: what is published to stop it; \"STOP\" when absent.", Payload);
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
    let moves = CoverKeys {
        stop,
        opening: table.optional(
            "state_opening",
            "Of a cover: what state_topic says while it opens; opening when absent.",
            StateWords,
        ),
        closing: table.optional(
            "state_closing",
            "Of a cover: what state_topic says while it closes; closing when absent.",
            StateWords,
        ),
        stopped: table.optional(
            "state_stopped",
            "Of a cover: what state_topic says when it stands between its ends; stopped when absent.",
            StateWords,
        ),
    };
    let levels = table.defaulted(
        "levels",
        "Of a short form: whether it takes levels, as a lamp that can be dimmed; a cover takes positions unless this is false.",
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
        "Its state has to follow within this time, 500ms to 1m, or it is in fault; 10s for a cover when absent.",
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
    let is_cover = kind == Some(OutputKind::Cover);
    if !is_cover {
        for key in COVER_KEYS.into_iter().filter(|key| table.has(key)) {
            table.error_at(key, format!("`{key}` is of a cover"), "write kind = \"cover\", or remove it");
        }
    }
    let levels = levels || is_cover && !table.has("levels");
    let is_usual = is_cover && !table.has("confirm_within");
    let confirm_within = if is_usual { CONFIRM_COVER_WITHIN } else { confirm_within };
    let mut remote = match &source.device {
        None => {
            let topic = source.topic.clone()?;
            for (needed, line, keys) in NEEDS {
                // Where a cover is, its position alone may tell.
                let may_stand_alone =
                    |key: &str| is_cover && ["level_state_topic", "level_pointer", "confirm_within"].contains(&key);
                let alone = |key: &&&str| !(table.has(needed) || needed == "state_topic" && may_stand_alone(key));
                for key in keys.iter().filter(|key| table.has(key)).filter(alone) {
                    let line = if is_cover && needed == "level" { "level = \"{}\"" } else { line };
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
            let (usual_on, usual_off) = if is_cover { ("OPEN", "CLOSE") } else { ("ON", "OFF") };
            let (on, off) = (on.unwrap_or_else(|| usual_on.into()), off.unwrap_or_else(|| usual_off.into()));
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
            let level_topic_told =
                level_state_topic.map(Into::into).or_else(|| state.as_ref().map(|state| state.topic.clone()));
            let level_state = level_topic_told
                .filter(|_| is_level_told && (is_cover || state.is_some()))
                .map(|topic| Told { topic, pointer: level_pointer.unwrap_or_default() });
            if is_cover && state.is_none() && level_state.is_none() && table.is_real() {
                table.error_at(
                    "mqtt",
                    "a cover that does not tell where it is",
                    "add state_topic = \"its/topic\", or level_state_topic for its position",
                );
            }
            let level = level.map(|payload| {
                let topic = level_topic.map_or_else(|| topic.clone(), Into::into);
                RemoteLevel { payload, full, state: level_state, ..RemoteLevel::plain(topic) }
            });
            let usual = |payload: &Arc<str>, words: &[&str], of_cover: &[&str]| {
                if is_cover { shared(of_cover) } else { said(payload, words) }
            };
            let words = Words {
                on: state_on.unwrap_or_else(|| usual(&on, ON_WORDS, forms::COVER.open)),
                off: state_off.unwrap_or_else(|| usual(&off, OFF_WORDS, forms::COVER.closed)),
            };
            let (stop, moves) = moves.read(&forms::COVER);
            let (stop, moves) = if is_cover { (Some(stop), Some(moves)) } else { (None, None) };
            let command = Commanded { topic, on, off: Some(off), stop, level, ask, confirm_within };
            Remote { state, words, moves, command: Some(command), ..plain(&source) }
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
    if is_cover && table.has("optimistic") {
        table.error_at("optimistic", "a cover is where it says that it is", "remove it");
    } else if optimistic {
        remote.state = None;
        if let Some(level) = remote.command.as_mut().and_then(|command| command.level.as_mut()) {
            level.state = None;
        }
    }
    check_words(&remote.words, "state_on", table);
    check_moves(&remote, table);
    Some((remote, source.place))
}

/// A fan that takes the number of a speed takes as many as this.
pub(in crate::config) fn count_speeds(remote: &mut Remote, count: i64) {
    let level = remote.command.as_mut().and_then(|command| command.level.as_mut());
    if let (Some(level), Ok(count)) = (level.filter(|level| level.then_on), u32::try_from(count)) {
        level.full = count;
    }
}

/// What a table says of a cover.
struct CoverKeys {
    stop: Option<Arc<str>>,
    opening: Option<Vec<Arc<str>>>,
    closing: Option<Vec<Arc<str>>>,
    stopped: Option<Vec<Arc<str>>>,
}

impl CoverKeys {
    /// What stops it, and its words; as most have them where the table does not say.
    fn read(self, usual: &CoverRow) -> (Arc<str>, Moves) {
        let words = moves_of(usual);
        let moves = Moves {
            opening: self.opening.unwrap_or(words.opening),
            closing: self.closing.unwrap_or(words.closing),
            stopped: self.stopped.unwrap_or(words.stopped),
            also: None,
        };
        (self.stop.unwrap_or_else(|| usual.stop.into()), moves)
    }
}

fn moves_of(row: &CoverRow) -> Moves {
    Moves { opening: shared(row.opening), closing: shared(row.closing), stopped: shared(row.stopped), also: None }
}

/// Reports a word of a cover that means two things.
fn check_moves(remote: &Remote, table: &Table<'_>) {
    let Some(moves) = &remote.moves else { return };
    let all = [
        ("state_on", "open", &remote.words.on),
        ("state_off", "closed", &remote.words.off),
        ("state_opening", "opening", &moves.opening),
        ("state_closing", "closing", &moves.closing),
        ("state_stopped", "stopped", &moves.stopped),
    ];
    for (place, (key, meaning, words)) in all.iter().enumerate().skip(2) {
        for (other_key, other, others) in &all[..place] {
            let both = words.iter().find(|word| others.iter().any(|other| other.eq_ignore_ascii_case(word)));
            if let Some(word) = both {
                let key = if table.has(key) { key } else { other_key };
                let message = format!("\"{}\" would be {other} and {meaning}", shorten(word));
                table.error_at(
                    key,
                    message,
                    "write what it says in the other state, too, such as state_opening = \"opening\"",
                );
            }
        }
    }
}

fn plain(source: &Source) -> Remote {
    Remote { availability: source.availability.clone(), time: time_of(source), ..Remote::plain(source.via) }
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
        let is_cover = kind == Some(OutputKind::Cover);
        let is_named = row.cover.is_some() == is_cover && device.kind.as_deref().is_none_or(|kind| kind == row.kind);
        is_named && (is_of_kind || device.kind.is_some()) && (!levels || row.level.is_some())
    };
    let Some(row) = device.form.outputs.iter().find(fits) else {
        let title = device.form.title;
        let (key, message) = match device.form.outputs.is_empty() {
            true => (source.key, format!("{title} tells states here and takes no commands")),
            // A cover takes them where it can.
            false if levels && kind != Some(OutputKind::Cover) => {
                ("levels", format!("{title} takes no levels for this"))
            }
            false => (source.key, format!("{title} has no such output")),
        };
        table.error_at(key, message, "write the topic that takes commands: mqtt = \"its/topic\"");
        return None;
    };
    let told = |topic, pointer| Told { topic: device.fill(topic, row.kind), pointer: device.fill(pointer, row.kind) };
    if let Some(level) = row.level.filter(|level| levels && !device.is_named_in([level.topic, level.payload])) {
        let message = format!("{} takes levels of the whole device, not of a channel", device.form.title);
        let advice = format!(
            "remove `levels` or `channel`, or write the whole with mqtt = \"{}\", level = '{}' and level_topic = \"{}\"",
            device.fill(row.command, row.kind),
            device.fill_payload(level.payload),
            device.fill(level.topic, row.kind)
        );
        table.error_at("levels", message, advice);
    }
    let level = row.level.filter(|_| levels).map(|level| RemoteLevel {
        topic: device.fill(level.topic, row.kind),
        payload: device.fill_payload(level.payload),
        full: level.full,
        state: (!level.state.is_empty()).then(|| told(level.state, level.pointer)),
        then_on: level.then_on,
    });
    debug_assert!(
        level.as_ref().is_none_or(|level| level.payload.contains(LEVEL_MARK)),
        "the table says where the number goes"
    );
    Some(Remote {
        state: Some(told(row.state, row.pointer)),
        words: Words {
            on: shared(row.cover.map_or(ON_WORDS, |cover| cover.open)),
            off: shared(row.cover.map_or(OFF_WORDS, |cover| cover.closed)),
        },
        moves: row
            .cover
            .map(|cover| Moves { also: cover.also.map(|topic| device.fill(topic, row.kind)), ..moves_of(&cover) }),
        command: Some(Commanded {
            topic: device.fill(row.command, row.kind),
            on: device.fill_payload(row.on),
            off: Some(device.fill_payload(row.off)),
            stop: row.cover.map(|cover| device.fill_payload(cover.stop)),
            level,
            ask: row.ask.map(|ask| device.fill_payload(ask)),
            confirm_within,
        }),
        ..plain(source)
    })
}
