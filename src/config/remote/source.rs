//! What names a point on the broker: a topic, or a device of a short form.

use super::{
    AVAILABLE, UNAVAILABLE, check_words,
    forms::{Channels, FORMS, Form, Name, SLEEPER_STALE_AFTER},
    shapes::{Channel, ChannelName, Pointer, StateWords},
    shared,
};
use crate::{
    config::{
        mqtt::Topic,
        shape::{Text, shorten},
        table::Table,
    },
    model::{Availability, Via, Words},
};
use std::{ops::Range, sync::Arc, time::Duration};

/// Of which table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
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
    pub topic: Option<Arc<str>>,
    pub device: Option<Device>,
    pub availability: Vec<Availability>,
    pub time: Option<Arc<str>>,
    /// What brings it.
    pub via: Via,
}

impl Source {
    /// Reports keys that are of a wire.
    pub fn refuse(&self, of_wires: &[&str], what: &str, table: &Table<'_>) {
        for key in of_wires.iter().filter(|key| table.has(key)) {
            let advice = format!("remove it: this {what} is on {} (`{}`)", self.via.name(), self.key);
            table.error_at(key, format!("`{key}` is of a wire"), advice);
        }
    }

    /// Reports a pointer into what is no JSON.
    pub fn refuse_pointer(&self, place: Option<Range<usize>>, table: &Table<'_>) {
        if let (Some(place), Via::HomeAssistant) = (place, self.via) {
            table.error(place, "a state of Home Assistant is no JSON", "write attribute = \"its_attribute\" instead");
        }
    }
}

/// One device of a short form.
pub(super) struct Device {
    pub form: &'static Form,
    /// What stands for `{}`, `{kind}` and `{part}`.
    pub name: String,
    pub kind: Option<String>,
    pub part: String,
    pub channel: Option<Channel>,
    /// What stands for `{entity}`: where Home Assistant tells its state.
    pub entity: String,
}

impl Device {
    /// A template with what is known of the device; `kind` where its name does not say one.
    pub fn fill(&self, template: &str, kind: &str) -> Arc<str> {
        let filled = self
            .with_channel(template)
            .replace("{kind}", self.kind.as_deref().unwrap_or(kind))
            .replace("{part}", &self.part);
        filled.replace("{entity}", &self.entity).replace("{}", &self.name).into()
    }

    fn with_channel(&self, template: &str) -> String {
        let said = self.channel.as_ref().map(Channel::to_string).unwrap_or_default();
        let number = match self.form.channels {
            Channels::From(first) if said.is_empty() => first.to_string(),
            _ => said.clone(),
        };
        let ending = if said.is_empty() { String::new() } else { format!("_{said}") };
        template.replace("{n}", &number).replace("{N}", &said).replace("{_n}", &ending)
    }

    /// Whether a command says which channel it is for. Where none is written there is no question.
    pub fn is_named_in(&self, templates: [&str; 2]) -> bool {
        let names = |template: &str| ["{n}", "{N}", "{_n}"].iter().any(|mark| template.contains(mark));
        self.channel.is_none() || self.form.channels == Channels::None || templates.into_iter().any(names)
    }

    /// Whether it sleeps and wakes to tell something. What says that it is away says only that.
    fn sleeps(&self) -> bool {
        self.form.sleepers.iter().any(|beginning| self.name.starts_with(beginning))
    }

    /// The topics that say whether it is there.
    fn availability(&self) -> Vec<Arc<str>> {
        let topics = self.form.availability.iter().filter(|_| !self.sleeps());
        topics.map(|topic| self.fill(topic, "")).collect()
    }

    /// Its readings are stale after this, when the file does not say.
    pub fn stale_after(&self) -> Duration {
        if self.sleeps() { SLEEPER_STALE_AFTER } else { self.form.stale_after }
    }

    /// An input of it is in fault after this, when the file does not say: nothing else tells that its battery is empty.
    pub fn silent_for(&self) -> Option<Duration> {
        self.sleeps().then_some(SLEEPER_STALE_AFTER)
    }

    /// As [`Device::fill`], of a payload in which `{}` is for a level.
    pub fn fill_payload(&self, template: &str) -> Arc<str> {
        self.with_channel(template).into()
    }
}

/// The keys of the short forms, in the order of the table, each once.
pub fn short_forms() -> impl Iterator<Item = &'static str> {
    FORMS
        .iter()
        .enumerate()
        .filter(|(at, form)| !FORMS[..*at].iter().any(|other| other.key == form.key))
        .map(|(_, form)| form.key)
}

/// The keys that say where a point on the broker is.
pub(in crate::config) fn source_keys() -> impl Iterator<Item = &'static str> {
    ["mqtt"].into_iter().chain(short_forms())
}

/// Whether a table is of a point on the broker, or means to be: also with a misspelt key, which is reported as one.
pub(in crate::config) fn is_meant(table: &Table<'_>) -> bool {
    source_keys().any(|key| table.has(key)) || table.has_like(&source_keys().collect::<Vec<_>>())
}

/// What only a topic has.
const OF_TOPICS: [&str; 4] = ["availability", "available", "unavailable", "time"];

/// The keys that all points have that others tell. `wires` are the keys of what a point cannot be besides; `home` brings what
/// Home Assistant tells.
pub(super) fn source(
    of: Of,
    wires: &[&'static str],
    own: &[&'static str],
    home: Via,
    table: &mut Table<'_>,
) -> Option<Source> {
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
        "Of a device with several: which, as it numbers them itself (Tasmota from 1, Shelly from 0), or as zigbee2mqtt calls \
         it: \"left\" where it tells of state_left.",
        ChannelName,
    );
    let attribute = match of {
        Of::Output => None,
        Of::Input | Of::Sensor => table.optional(
            "attribute",
            "Of an entity of Home Assistant: which of its attributes is meant, such as \"current_temperature\"; its state when \
             absent.",
            Text,
        ),
    };
    let availability = table.optional(
        "availability",
        "The topic that says whether the device is there, by its payload or the `state` of its JSON.",
        Topic,
    );
    let available = table.optional(
        "available",
        "What it says there when it is there: a word or a list; online, true or 1 when absent.",
        StateWords,
    );
    let unavailable = table.optional(
        "unavailable",
        "What it says there when it is not: a word or a list; offline, false or 0 when absent.",
        StateWords,
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
        for key in own
            .iter()
            .copied()
            .chain(["channel", "attribute"])
            .chain(OF_TOPICS)
            .filter(|key| is_alone && table.has(key))
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
        Some((key, name)) => Some(device(key, &name, channel, attribute.as_deref(), home, table)?),
        None => {
            if table.has("channel") {
                table.error_at("channel", "`channel` is of a short form", "remove it: `mqtt` names the whole topic");
            }
            None
        }
    };
    let is_home = device.as_ref().is_some_and(|device| device.form.name == Name::Dotted);
    if !is_home && table.has("attribute") {
        let advice = "remove it, or name an entity: homeassistant = \"climate.hall\"";
        table.error_at("attribute", "`attribute` is of an entity of Home Assistant", advice);
    }
    let via = if is_home { home } else { Via::Broker };
    if attribute.is_some_and(|attribute| attribute.contains(['/', '+', '#']) || attribute.chars().any(char::is_control))
    {
        table.error_at(
            "attribute",
            "no attribute is called so",
            "write it as Home Assistant's developer tools show it",
        );
    }
    if via == Via::HomeAssistant {
        for key in OF_TOPICS.into_iter().filter(|key| table.has(key)) {
            let advice = "remove it: Home Assistant itself says whether an entity is there";
            table.error_at(key, format!("`{key}` is of a topic on the broker"), advice);
        }
    }
    if topic.is_none() && device.is_none() {
        return None;
    }
    let topics: Vec<Arc<str>> = match availability {
        Some(topic) => vec![topic.into()],
        None if table.has("availability") => Vec::new(),
        None => device.as_ref().map(Device::availability).unwrap_or_default(),
    };
    let words = Words {
        on: available.unwrap_or_else(|| shared(AVAILABLE)),
        off: unavailable.unwrap_or_else(|| shared(UNAVAILABLE)),
    };
    check_words(&words, "available", table);
    for key in ["available", "unavailable"].into_iter().filter(|key| table.has(key)) {
        if topics.is_empty() && !table.has("availability") {
            let advice = "add availability = \"its/topic\", or remove it";
            table.error_at(key, format!("`{key}` without `availability`"), advice);
        }
    }
    let availability = topics.into_iter().map(|topic| Availability { topic, words: words.clone() }).collect();
    Some(Source { key, place, topic: topic.map(Into::into), device, availability, time, via })
}

/// The device that a short form names; None: that was reported.
fn device(
    key: &'static str,
    name: &str,
    channel: Option<Channel>,
    attribute: Option<&str>,
    home: Via,
    table: &Table<'_>,
) -> Option<Device> {
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
    match (form.channels, &channel) {
        (Channels::None, Some(_)) => {
            table.error_at("channel", format!("a device of {} has no channels", form.title), "remove it");
        }
        // What is below the first may be all of them at once, as Tasmota's POWER0 is.
        (Channels::From(first), Some(channel)) if !matches!(channel, Channel::Number(number) if *number >= first) => {
            let message = format!("{} numbers its channels", form.title);
            table.error_at("channel", message, format!("write its number, from {first}, without quotes"));
        }
        _ => {}
    }
    let device = |name: &str, kind: Option<&str>, part: &str| {
        let (name, kind, part) = (name.to_owned(), kind.map(str::to_owned), part.to_owned());
        let entity = match (home, attribute) {
            (Via::Broker, told) => {
                format!("homeassistant/{}/{part}/{}", kind.as_deref().unwrap_or_default(), told.unwrap_or("state"))
            }
            (Via::HomeAssistant, None) => name.clone(),
            (Via::HomeAssistant, Some(attribute)) => format!("{name}/{attribute}"),
        };
        Some(Device { form, name, kind, part, channel: channel.clone(), entity })
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

pub(super) fn time_of(source: &Source) -> Arc<str> {
    let usual = source.device.as_ref().map_or("", |device| device.form.time);
    source.time.clone().unwrap_or_else(|| usual.into())
}
