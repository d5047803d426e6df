//! Points on the broker: `mqtt = "topic"` and what belongs to it, or the short forms, which fill that in.

mod forms;
mod input;
mod output;
mod own;
mod readings;
mod sensor;
mod shapes;
mod source;

use super::{diagnostic::Problems, shape::shorten, table::Table};
use crate::model::{MqttSettings, Remote, RemoteSensor, Via, Words};
use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

pub(super) use input::input;
pub(super) use output::{count_speeds, output};
pub(super) use own::check_units;
pub(super) use readings::{Medium, Reading, Readings, Register, once};
pub(super) use sensor::sensor;
pub use source::short_forms;
pub(super) use source::{is_meant, source_keys};

/// A reading of the general form is stale after this, when the file does not say.
const STALE_AFTER: Duration = Duration::from_secs(3_600);
/// What Home Assistant tells by its own connection is asked for again each minute.
const STALE_AT_HOME: Duration = Duration::from_secs(180);
const SHORTEST_AT_HOME: Duration = Duration::from_secs(120);
/// The state of an output follows a command within this time, when the file does not say.
pub(super) const CONFIRM_WITHIN: Duration = Duration::from_secs(3);
/// What devices say when they do not say it otherwise.
const ON_WORDS: &[&str] = &["ON", "true", "1"];
const OFF_WORDS: &[&str] = &["OFF", "false", "0"];
const AVAILABLE: &[&str] = &["online", "true", "1"];
const UNAVAILABLE: &[&str] = &["offline", "false", "0"];

/// Reports a time in which Home Assistant is not asked again.
pub(super) fn check_stale(via: Via, stale_after: Option<Duration>, table: &Table<'_>) {
    if via == Via::HomeAssistant && stale_after.is_some_and(|stale_after| stale_after < SHORTEST_AT_HOME) {
        let message = "Home Assistant is asked each minute, and tells of changes only between";
        table.error_at("stale_after", message, "write 2m or longer, or remove it for 3m");
    }
}

fn shared(words: &[&str]) -> Vec<Arc<str>> {
    words.iter().map(|word| Arc::from(*word)).collect()
}

/// Reports a word that means both.
fn check_words(words: &Words, key: &str, table: &Table<'_>) {
    let (both, example) = match key {
        "available" => ("available and unavailable", "available = \"up\" and unavailable = \"down\""),
        _ => ("on and off", "on = \"open\" and off = \"closed\""),
    };
    if let Some(word) = words.on.iter().find(|word| words.off.iter().any(|off| off.eq_ignore_ascii_case(word))) {
        let message = format!("\"{}\" would be {both}", shorten(word));
        table.error_at(key, message, format!("write what is said in the other state, too: {example}"));
    }
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
    let mut commanded: BTreeMap<Cow<'_, str>, Vec<(Part<'_>, &str)>> = BTreeMap::new();
    let mut entities = BTreeMap::new();
    for claim in claims {
        let via = claim.sensor.map(|sensor| sensor.via).or(claim.remote.map(|remote| remote.via));
        if via == Some(Via::HomeAssistant) {
            check_entity(&claim, &mut entities, problems);
            continue;
        }
        let Some(mqtt) = mqtt else {
            let advice = "add [mqtt] and, on the line after it, url = \"mqtt://localhost:1883\"; for an entity of Home \
                          Assistant, [homeassistant] does as well";
            problems.error(claim.place.clone(), "this is on the broker, and there is no [mqtt] to say which", advice);
            continue;
        };
        let command = claim.remote.and_then(|remote| remote.command.as_ref());
        let of_sensor =
            claim.sensor.iter().flat_map(|sensor| sensor.channels.iter().map(|channel| &channel.told.topic));
        let told = claim.remote.into_iter().flat_map(Remote::told).chain(of_sensor);
        let levels = command.and_then(|command| command.level.as_ref()).map(|level| &level.topic);
        let topics = told.chain(command.map(|command| &command.topic)).chain(levels);
        let is_ours = |topic: &&Arc<str>| topic.strip_prefix(&*mqtt.prefix).is_some_and(|rest| rest.starts_with('/'));
        for topic in topics.filter(is_ours).take(1) {
            let message = format!("`{}` is one of hearthd's own topics", shorten(topic));
            problems.error(claim.place.clone(), message, "write the topic of the device");
        }
        let Some(command) = command else { continue };
        let (topic, part) = relay(&command.topic, &command.on);
        let there = commanded.entry(topic).or_default();
        if let Some((known, other)) = there.iter().rev().find(|(known, _)| known.meets(&part)) {
            let message = format!("`{other}` is commanded there already");
            let advice = match *known == part {
                true => "each device is commanded by one output only: remove one",
                false => {
                    "a state without the name of a gang is for the first: name one in both (`channel`), or remove one"
                }
            };
            problems.error(claim.place.clone(), message, advice);
        }
        there.push((part, claim.id));
    }
}

/// A state of Home Assistant has one unit, and is converted by it.
fn check_entity<'d>(claim: &Claim<'d>, entities: &mut BTreeMap<&'d str, &'static str>, problems: &Problems) {
    let channels = claim.sensor.into_iter().flat_map(|sensor| &sensor.channels);
    for channel in channels.filter(|channel| !channel.told.is_attribute()) {
        let (entity, sign) = (&*channel.told.topic, channel.quantity.unit().sign());
        let known = *entities.entry(entity).or_insert(sign);
        if known != sign {
            let message = format!("`{}` is read in {known} and in {sign}", shorten(entity));
            problems.error(claim.place.clone(), message, "it has one unit: read it as one quantity");
        }
    }
}

/// What of a device a command on its topic is for.
#[derive(PartialEq, Eq)]
enum Part<'c> {
    /// What is told apart by the whole command.
    Command(&'c str),
    /// One of its relays, by name; empty: whichever is the first.
    Gang(String),
}

impl Part<'_> {
    /// Whether both may be the same relay.
    fn meets(&self, other: &Part<'_>) -> bool {
        let is_first = |part: &Part<'_>| *part == Part::Gang(String::new());
        let are_gangs = matches!((self, other), (Part::Gang(_), Part::Gang(_)));
        self == other || are_gangs && (is_first(self) || is_first(other))
    }
}

/// The one name of what is commanded. Tasmota calls its first relay `POWER` as well as `POWER1`; zigbee2mqtt takes a state
/// without a name for that of the first gang.
fn relay<'c>(topic: &'c str, on: &'c str) -> (Cow<'c, str>, Part<'c>) {
    if topic.starts_with("cmnd/") && topic.ends_with("/POWER") {
        return (format!("{topic}1").into(), Part::Command(on));
    }
    let is_zigbee = topic.starts_with("zigbee2mqtt/") && topic.ends_with("/set");
    let gang = is_zigbee.then(|| gang(on)).flatten();
    (topic.into(), gang.map_or(Part::Command(on), Part::Gang))
}

/// The gang that a command to zigbee2mqtt is for; None: it is for no state, but for a setting of the device.
fn gang(on: &str) -> Option<String> {
    // A word alone is a state, too.
    let Ok(command) = serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(on) else {
        return Some(String::new());
    };
    let names = |key: &String| if key == "state" { Some("") } else { key.strip_prefix("state_") }.map(str::to_owned);
    command.keys().find_map(names)
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
    use super::{
        forms::{FORMS, Name},
        source::Device,
    };
    use crate::model::LEVEL_MARK;

    #[test]
    fn every_row_of_every_form_leads_to_a_topic() {
        for form in FORMS {
            let device = Device {
                form,
                name: "node".into(),
                kind: (form.name == Name::Dotted).then(|| "sensor".into()),
                part: "entity".into(),
                channel: None,
                entity: "sensor.entity".into(),
            };
            assert!((form.fits)(form.example), "{}: {}", form.key, form.example);
            let inputs = form.inputs.iter().flat_map(|row| [row.topic, row.pointer]);
            let readings = form.readings.iter().flat_map(|row| [row.topic, row.pointer]);
            let outputs = form.outputs.iter().flat_map(|row| [row.command, row.state, row.pointer]);
            let levels = || form.outputs.iter().filter_map(|row| row.level);
            let of_levels = levels().flat_map(|level| [level.topic, level.state, level.pointer]);
            for template in
                inputs.chain(readings).chain(outputs).chain(of_levels).chain(form.availability.iter().copied())
            {
                let filled = device.fill(template, "kind");
                assert!(!filled.contains(['{', '}', '+', '#']), "{}: {template} is {filled}", form.key);
            }
            for row in form.outputs {
                let stop = row.cover.map(|cover| cover.stop);
                let payloads = [row.on, row.off].into_iter().chain(row.ask).chain(stop);
                assert!(
                    payloads.into_iter().all(|payload| !device.fill_payload(payload).contains("n}")),
                    "{}",
                    row.command
                );
            }
            for level in levels() {
                assert_eq!(device.fill_payload(level.payload).matches(LEVEL_MARK).count(), 1, "{}", level.payload);
                assert!(level.full > 0);
            }
        }
    }
}
