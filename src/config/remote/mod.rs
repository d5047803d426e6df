//! Points on the broker: `mqtt = "topic"` and what belongs to it, or the short forms, which fill that in.

mod forms;
mod shapes;

use super::{
    diagnostic::Problems,
    mqtt::Topic,
    shape::{DAY, Flag, Period, SECOND, Text, Whole, one_of, shorten},
    table::Table,
};
use crate::model::{
    Commanded, InputKind, LEVEL_MARK, MqttSettings, OutputKind, Remote, RemoteChannel, RemoteLevel, RemoteSensor, Told,
    Words,
};
use forms::{FORMS, Form, Name};
use shapes::{Clicks, LevelPayload, Payload, Pointer, StateWords};
use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

pub(super) use shapes::{Reading, Readings};

/// A reading of the general form is stale after this, when the file does not say.
const STALE_AFTER: Duration = Duration::from_secs(3_600);
/// What devices say when they do not say it otherwise.
const ON_WORDS: &[&str] = &["ON", "true", "1"];
const OFF_WORDS: &[&str] = &["OFF", "false", "0"];

/// Of which table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Input,
    Sensor,
    Output,
}

/// What names the point: a topic of the general form, or a device of a short one.
pub(super) struct Source {
    /// The key that names it.
    pub key: &'static str,
    /// Its place.
    pub place: Range<usize>,
    topic: Option<Arc<str>>,
    device: Option<Device>,
    availability: Vec<Arc<str>>,
    time: Option<Arc<str>>,
}

/// One device of a short form.
struct Device {
    form: &'static Form,
    /// What stands for `{}`, `{kind}` and `{part}`.
    name: String,
    kind: Option<String>,
    part: String,
    channel: Option<i64>,
}

impl Device {
    /// A template with what is known of the device; `kind` where its name does not say one.
    fn fill(&self, template: &str, kind: &str) -> Arc<str> {
        let number = self.channel.or(self.form.first_channel).map(|channel| channel.to_string()).unwrap_or_default();
        let numbered = self.channel.map(|channel| channel.to_string()).unwrap_or_default();
        let filled = template.replace("{n}", &number).replace("{N}", &numbered);
        let filled = filled.replace("{kind}", self.kind.as_deref().unwrap_or(kind)).replace("{part}", &self.part);
        filled.replace("{}", &self.name).into()
    }

    /// As [`Device::fill`], of a payload in which `{}` is for a level.
    fn fill_payload(&self, template: &str) -> Arc<str> {
        let number = self.channel.or(self.form.first_channel).unwrap_or_default();
        template.replace("{n}", &number.to_string()).into()
    }
}

/// The keys of the short forms, in the order of the table, each once.
fn short_forms() -> impl Iterator<Item = &'static str> {
    FORMS
        .iter()
        .enumerate()
        .filter(|(at, form)| !FORMS[..*at].iter().any(|other| other.key == form.key))
        .map(|(_, form)| form.key)
}

/// The keys that say where a point on the broker is.
pub(super) fn source_keys() -> impl Iterator<Item = &'static str> {
    ["mqtt"].into_iter().chain(short_forms())
}

/// Whether a table is of a point on the broker, or means to be: also with a misspelt key, which is reported as one.
pub(super) fn is_meant(table: &Table<'_>) -> bool {
    source_keys().any(|key| table.has(key)) || table.has_like(&source_keys().collect::<Vec<_>>())
}

/// The keys that all points on the broker have. `wires` are the keys of what a point cannot be besides.
fn source(of: Of, wires: &[&'static str], own: &[&'static str], table: &mut Table<'_>) -> Option<Source> {
    let about = match of {
        Of::Output => "Instead of a wire, the topic of the broker on which it is commanded.",
        _ => "Instead of a wire or chip, the topic of the broker on which it is told.",
    };
    let topic = table.optional("mqtt", about, Topic);
    let mut named: Vec<(&'static str, String)> = Vec::new();
    for key in short_forms() {
        let form = FORMS.iter().find(|form| form.key == key);
        let (title, example) = form.map_or(("", ""), |form| (form.title, form.example));
        let about = format!("Instead of a wire, a device of {title} by its name, such as \"{example}\".");
        named.extend(table.optional(key, &about, Text).map(|name| (key, name)));
    }
    let channel = table.optional(
        "channel",
        "Of a device with several: which, as it numbers them itself (Tasmota from 1, Shelly from 0).",
        Whole(0..=64),
    );
    let availability = table.optional(
        "availability",
        "The topic on which the broker says whether the device is there: online or offline, true or false, 1 or 0.",
        Topic,
    );
    let time = table.optional(
        "time",
        "Where its messages say when they were made, as a JSON pointer: what is retained and older than `stale_after` is \
         not believed.",
        Pointer,
    );
    let written: Vec<&'static str> = source_keys().filter(|key| table.has(key)).collect();
    let [key, rest @ ..] = written.as_slice() else {
        let is_alone = !is_meant(table);
        for key in
            own.iter().copied().chain(["channel", "availability", "time"]).filter(|key| is_alone && table.has(key))
        {
            table.error_at(
                key,
                format!("`{key}` is of a point on the broker"),
                "add mqtt = \"its/topic\" or a short form such as zigbee2mqtt = \"its_name\", or remove it",
            );
        }
        return None;
    };
    let other = rest.first().copied().or_else(|| wires.iter().copied().find(|wire| table.has(wire)));
    if let Some(other) = other {
        table.error_at(other, format!("`{other}` beside `{key}`"), "a point is in one place only: remove one");
        return None;
    }
    let place = table.place_of(key);
    let device = match named.pop() {
        Some((key, name)) => Some(device(key, &name, channel, table)?),
        None => {
            if table.has("channel") {
                table.error_at("channel", "`channel` is of a short form", "remove it: `mqtt` names the whole topic");
            }
            None
        }
    };
    if topic.is_none() && device.is_none() {
        return None;
    }
    let usual = device.iter().flat_map(|device| device.form.availability.iter().map(|topic| device.fill(topic, "")));
    let availability = availability.map_or_else(|| usual.collect(), |topic| vec![topic.into()]);
    Some(Source { key, place, topic: topic.map(Into::into), device, availability, time })
}

/// The device that a short form names; None: that was reported.
fn device(key: &'static str, name: &str, channel: Option<i64>, table: &Table<'_>) -> Option<Device> {
    let form = FORMS.iter().find(|form| form.key == key && (form.fits)(name))?;
    let refuse = |message: String, advice: String| {
        table.error_at(key, message, advice);
        None
    };
    let is_topic = !name.split('/').any(str::is_empty)
        && !name.contains(['+', '#'])
        && !name.starts_with('$')
        && !name.chars().any(char::is_control);
    if !is_topic {
        let message = format!("\"{}\" cannot be part of a topic", shorten(name));
        return refuse(message, format!("write the name that {} has for it, such as \"{}\"", form.title, form.example));
    }
    if channel.is_some() && form.first_channel.is_none() {
        table.error_at("channel", format!("a device of {} has no channels", form.title), "remove it");
    }
    let device = |name: &str, kind: Option<&str>, part: &str| {
        let (name, kind, part) = (name.to_owned(), kind.map(str::to_owned), part.to_owned());
        Some(Device { form, name, kind, part, channel })
    };
    let parts: Vec<&str> = name.split('/').collect();
    match (form.name, parts.as_slice(), name.split_once('.')) {
        (Name::Whole, ..) => device(name, None, ""),
        (Name::Parted, [node, part], _) => device(node, None, part),
        (Name::Parted, [node, kind, part], _) => device(node, Some(kind), part),
        (Name::Dotted, [_], Some((kind, part))) if !kind.is_empty() && !part.is_empty() => {
            device(name, Some(kind), part)
        }
        _ => refuse(
            format!("\"{}\" is no name of {}", shorten(name), form.title),
            format!("write it as in \"{}\"", form.example),
        ),
    }
}

fn shared(words: &[&str]) -> Vec<Arc<str>> {
    words.iter().map(|word| Arc::from(*word)).collect()
}

/// The keys that only inputs on the broker have.
const INPUT_KEYS: [&str; 5] = ["pointer", "on", "off", "clicks", "stale_after"];
/// What is of a wire.
const OF_WIRES: [&str; 3] = ["active", "pull", "debounce"];

/// An input on the broker, if it is one.
pub(super) fn input(kind: Option<InputKind>, table: &mut Table<'_>) -> Option<(Remote, Range<usize>)> {
    let source = source(Of::Input, &["gpio"], &INPUT_KEYS, table);
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
        "Of an input on the broker: after this long without a message it is in fault, 1s to 30d; never when absent.",
        Period(SECOND..=30 * DAY),
    );
    let source = source?;
    for key in OF_WIRES.into_iter().filter(|key| table.has(key)) {
        table.error_at(
            key,
            format!("`{key}` is of a wire"),
            format!("remove it: this input is on the broker (`{}`)", source.key),
        );
    }
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
    let remote = Remote {
        state: Some(Told { topic, pointer: pointer.unwrap_or(usual_pointer) }),
        words,
        time: time_of(&source),
        availability: source.availability,
        stale_after,
        clicks: clicks.or(usual_clicks).filter(|_| is_button).unwrap_or_default(),
        command: None,
    };
    Some((remote, source.place))
}

fn time_of(source: &Source) -> Arc<str> {
    let usual = source.device.as_ref().map_or("", |device| device.form.time);
    source.time.clone().unwrap_or_else(|| usual.into())
}

/// Reports a word that means both.
fn check_words(words: &Words, key: &str, table: &Table<'_>) {
    if let Some(both) = words.on.iter().find(|word| words.off.iter().any(|off| off.eq_ignore_ascii_case(word))) {
        let message = format!("\"{}\" would be on and off", shorten(both));
        table.error_at(key, message, "write what is said in the other state, too: on = \"open\" and off = \"closed\"");
    }
}

/// A sensor on the broker, if it is one, and when its readings are stale.
pub(super) fn sensor(
    wires: &[&'static str],
    readings: Option<Vec<Reading>>,
    table: &mut Table<'_>,
) -> Option<(RemoteSensor, Range<usize>, Duration)> {
    let source = source(Of::Sensor, wires, &[], table)?;
    let mut readings = readings;
    if readings.is_none() && table.has("quantities") {
        return None;
    }
    let rows = source.device.as_ref().map_or(&[][..], |device| device.form.readings);
    let plain = |quantity| Reading { quantity, pointer: None, scale: None, offset: 0.0 };
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
    for reading in readings {
        let row = rows.iter().find(|row| row.quantity == reading.quantity);
        // What a device tells besides is as a rule where it tells the rest.
        let near = row.or(rows.first().filter(|_| reading.pointer.is_some()));
        let topic = match (&source.device, near, &source.topic) {
            (Some(device), Some(row), _) => device.fill(row.topic, "sensor"),
            (None, _, Some(topic)) if reading.pointer.is_some() => topic.clone(),
            (device, ..) => {
                let word = reading.quantity.word();
                let title = device.as_ref().map_or("a topic", |device| device.form.title);
                let message = format!("where {title} tells `{word}` is not known");
                table.error_at("quantities", message, format!("say it: quantities = {{ {word} = \"/{word}\" }}"));
                continue;
            }
        };
        let pointer = match (&source.device, row) {
            (Some(device), Some(row)) => reading.pointer.unwrap_or_else(|| device.fill(row.pointer, "")),
            _ => reading.pointer.unwrap_or_default(),
        };
        let scale = reading.scale.or(row.map(|row| row.scale)).unwrap_or(1.0);
        let told = Told { topic, pointer };
        channels.push(RemoteChannel { quantity: reading.quantity, told, scale, offset: reading.offset });
    }
    let stale_after = source.device.as_ref().map_or(STALE_AFTER, |device| device.form.stale_after);
    let time = time_of(&source);
    Some((RemoteSensor { channels, availability: source.availability, time }, source.place, stale_after))
}

/// The keys that only outputs on the broker have.
const OUTPUT_KEYS: [&str; 13] = [
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
    "ask",
    "confirm_within",
    "optimistic",
];
/// What is of wires, and is not refused for want of a wire anyway.
const NOT_FOR_REMOTE: [&str; 1] = ["active"];

/// An output on the broker, if it is one.
pub(super) fn output(
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
    let ask = table.optional("ask", "What is published after each command, so that it tells its state.", Payload);
    let confirm_within = table.defaulted(
        "confirm_within",
        "Its state has to follow within this time, 500ms to 1m, or it is in fault.",
        Period(Duration::from_millis(500)..=60 * SECOND),
        3 * SECOND,
    );
    let optimistic = table.defaulted(
        "optimistic",
        "Of a short form: whether it is believed to do what it is told, though it tells its state.",
        Flag,
        false,
    );
    let source = source?;
    for key in NOT_FOR_REMOTE.into_iter().filter(|key| table.has(key)) {
        let advice = format!("remove it: this output is on the broker (`{}`)", source.key);
        table.error_at(key, format!("`{key}` is of a wire"), advice);
    }
    if kind == Some(OutputKind::Cover) {
        table.error_at("kind", "covers on the broker are not supported yet", "leave it out, or drive it by two relays");
        return None;
    }
    let mut remote = match &source.device {
        None => {
            let topic = source.topic.clone()?;
            for key in ["level_topic", "level_max"].into_iter().filter(|key| table.has(key) && level.is_none()) {
                table.error_at(
                    key,
                    format!("`{key}` without `level`"),
                    "add level = '{\"brightness\":{}}', or remove it",
                );
            }
            for key in ["pointer", "state_on", "state_off", "confirm_within"] {
                if table.has(key) && state_topic.is_none() {
                    table.error_at(
                        key,
                        format!("`{key}` without `state_topic`"),
                        "add state_topic = \"its/topic\", or remove it",
                    );
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
            let level = level.map(|payload| {
                let topic = level_topic.map_or_else(|| topic.clone(), Into::into);
                RemoteLevel { topic, payload, full }
            });
            let words = Words {
                on: state_on.unwrap_or_else(|| said(&on, ON_WORDS)),
                off: state_off.unwrap_or_else(|| said(&off, OFF_WORDS)),
            };
            let state = state_topic.map(|topic| Told { topic: topic.into(), pointer: pointer.unwrap_or_default() });
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
        command: None,
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
    let level = row.level.filter(|_| levels).map(|(topic, payload, full)| RemoteLevel {
        topic: device.fill(topic, row.kind),
        payload: device.fill_payload(payload),
        full,
    });
    debug_assert!(
        level.as_ref().is_none_or(|level| level.payload.contains(LEVEL_MARK)),
        "the table says where the number goes"
    );
    Some(Remote {
        state: Some(Told { topic: device.fill(row.state, row.kind), pointer: row.pointer.into() }),
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

/// A point on the broker, as the house as a whole looks at it.
pub(super) struct Claim<'d> {
    pub id: &'d str,
    pub place: &'d Range<usize>,
    /// Of a sensor, what it reads.
    pub sensor: Option<&'d RemoteSensor>,
    /// Of any other.
    pub remote: Option<&'d Remote>,
}

/// Points on the broker need one, stay away from hearthd's own topics, and are commanded by one output only.
pub(super) fn check<'d>(claims: impl Iterator<Item = Claim<'d>>, mqtt: Option<&MqttSettings>, problems: &Problems) {
    let mut commanded: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for claim in claims {
        let Some(mqtt) = mqtt else {
            let advice = "add [mqtt] and, on the line after it, url = \"mqtt://localhost:1883\"";
            problems.error(claim.place.clone(), "this is on the broker, and there is no [mqtt] to say which", advice);
            continue;
        };
        let command = claim.remote.and_then(|remote| remote.command.as_ref());
        let told = claim.remote.and_then(|remote| remote.state.as_ref()).into_iter();
        let told =
            told.chain(claim.sensor.iter().flat_map(|sensor| sensor.channels.iter().map(|channel| &channel.told)));
        let levels = command.and_then(|command| command.level.as_ref()).map(|level| &level.topic);
        let topics = told.map(|told| &told.topic).chain(command.map(|command| &command.topic)).chain(levels);
        let is_ours = |topic: &&Arc<str>| topic.strip_prefix(&*mqtt.prefix).is_some_and(|rest| rest.starts_with('/'));
        for topic in topics.filter(is_ours).take(1) {
            let message = format!("`{}` is one of hearthd's own topics", shorten(topic));
            problems.error(claim.place.clone(), message, "write the topic of the device");
        }
        let Some(command) = command else { continue };
        if let Some(other) = commanded.insert((&command.topic, &command.on), claim.id) {
            let message = format!("`{other}` is commanded there already");
            problems.error(claim.place.clone(), message, "each device is commanded by one output only: remove one");
        }
    }
}

/// What speaks against an output on the broker in an interlock.
pub(super) fn in_interlock(remote: &Remote) -> Result<(&'static str, &'static str), (&'static str, &'static str)> {
    match remote.state {
        None => Err((
            "an interlock with an output that does not tell its state: nobody would know whether it is off",
            "add state_topic = \"its/topic\", or remove `interlock`",
        )),
        Some(_) => Ok((
            "an interlock over the broker: a command that is late can switch it on beside another",
            "let the device itself exclude the two, or wire them; what must never be on together needs a wire",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_form_leads_to_a_topic() {
        for form in FORMS {
            let device = Device {
                form,
                name: "node".into(),
                kind: (form.name == Name::Dotted).then(|| "sensor".into()),
                part: "entity".into(),
                channel: None,
            };
            assert!((form.fits)(form.example), "{}: {}", form.key, form.example);
            let inputs = form.inputs.iter().flat_map(|row| [row.topic, row.pointer]);
            let readings = form.readings.iter().flat_map(|row| [row.topic, row.pointer]);
            let outputs = form.outputs.iter().flat_map(|row| [row.command, row.state, row.pointer]);
            let levels = form.outputs.iter().filter_map(|row| Some(row.level?.0));
            for template in inputs.chain(readings).chain(outputs).chain(levels).chain(form.availability.iter().copied())
            {
                let filled = device.fill(template, "kind");
                assert!(!filled.contains(['{', '}', '+', '#']), "{}: {template} is {filled}", form.key);
            }
            for (_, payload, full) in form.outputs.iter().filter_map(|row| row.level) {
                assert_eq!(device.fill_payload(payload).matches(LEVEL_MARK).count(), 1, "{payload}");
                assert!(full > 0);
            }
        }
    }
}
