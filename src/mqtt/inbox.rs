//! What an incoming message is.

use super::discovery::{COMPONENTS_MAX, Device, Earlier};
use super::{Delivery, Qos, topics::Topics};
use crate::house::Refused;
use crate::model::{BY, Command, MqttSettings, Source, in_shell, shown};
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// No word that a point understands is longer than this, in bytes.
const LONGEST_PAYLOAD: usize = 64;
/// No hub has a longer name, in bytes.
const LONGEST_NAME: usize = 64;
/// No point has a longer name, in bytes; a topic may have 65,535.
const LONGEST_POINT: usize = 256;
/// Of so many devices, or single entities, an earlier announcement is read.
const DEVICES_MAX: usize = COMPONENTS_MAX;
/// How many retained commands of one connection are logged one by one.
const RETAINED_LOGGED: usize = 10;

/// Sorts the messages of one connection.
#[derive(Debug)]
pub struct Inbox {
    topics: Topics,
    birth_topic: String,
    discovery_prefix: Option<String>,
    discovery_single: bool,
    hub: String,
    retained_commands: usize,
    /// The devices of which an earlier announcement came.
    earlier_came: BTreeSet<Device>,
}

/// What an incoming message is.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// For the engine, which judges it.
    Command(Command),
    /// No engine need look at it.
    Refused(Refused),
    /// Home Assistant has started.
    Birth,
    /// Home Assistant is there, or not.
    HomeAssistant(bool),
    /// What an earlier run, or an earlier connection, told Home Assistant: to be read.
    EarlierDiscovery(Device, Vec<u8>),
    /// The same, read.
    Earlier(Device, Earlier),
    /// On a topic where only we should publish; it may be our own message.
    Ours(Heard),
    /// Nothing to us.
    Nothing,
}

/// What was heard on a topic of ours.
#[derive(Debug, PartialEq)]
pub struct Heard {
    /// Where.
    pub topic: String,
    /// Tells one payload from another, see `mark`.
    pub mark: u64,
    /// The payload was empty: what the broker kept is deleted.
    pub deleted: bool,
}

/// A number that tells one payload from another: to be compared, a message of any size is as good as its number.
pub(super) fn mark(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}

/// Topics that the broker is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) filter: String,
    pub(super) what: AskedFor,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedFor {
    Commands,
    /// Its birth, and what it was told earlier.
    HomeAssistant,
    /// To notice when somebody else publishes where only we should.
    Ours,
}

impl Asked {
    /// What we say ourselves comes back as well: it need not be acknowledged.
    pub(super) fn qos(&self) -> Qos {
        if self.what == AskedFor::Ours { Qos::AtMostOnce } else { Qos::AtLeastOnce }
    }
}

impl Inbox {
    /// For the connection of this hub.
    pub fn new(settings: &MqttSettings, hub: &str) -> Inbox {
        Inbox {
            topics: Topics::new(&settings.prefix),
            birth_topic: settings.birth_topic.clone(),
            discovery_prefix: settings.discovery_prefix.clone(),
            discovery_single: settings.discovery_single,
            hub: hub.into(),
            retained_commands: 0,
            earlier_came: BTreeSet::new(),
        }
    }

    pub(super) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// What to subscribe to so that commands come.
    pub(super) fn commands(&self) -> Vec<Asked> {
        let asked = |filter| Asked { filter, what: AskedFor::Commands };
        self.topics.command_filters().into_iter().map(asked).collect()
    }

    /// What to subscribe to for Home Assistant; `earlier`: and what it was told before.
    pub(super) fn home_assistant(&self, earlier: bool) -> Vec<Asked> {
        let Some(prefix) = &self.discovery_prefix else { return Vec::new() };
        let asked = |filter: String| Asked { filter, what: AskedFor::HomeAssistant };
        let devices = earlier.then(|| Device::filters(prefix, &self.hub, self.discovery_single)).into_iter().flatten();
        [self.birth_topic.clone()].into_iter().chain(devices).map(asked).collect()
    }

    /// What to subscribe to, to notice strangers.
    pub(super) fn ours(&self) -> Vec<Asked> {
        let asked = |filter| Asked { filter, what: AskedFor::Ours };
        self.topics.retained_filters().into_iter().map(asked).collect()
    }

    /// What a message is.
    pub fn sort(&mut self, message: &Delivery) -> Incoming {
        if let Some(point) = self.topics.commanded_point(&message.topic) {
            return self.command(point, message);
        }
        let topic = &message.topic;
        let prefix = self.discovery_prefix.as_ref();
        let device = prefix.and_then(|prefix| Device::of_topic(topic, prefix, &self.hub));
        if let Some(device) = device.clone().filter(|_| message.retain) {
            // Of a broker that sends several, one is enough.
            return match self.earlier_came.len() < DEVICES_MAX && self.earlier_came.insert(device.clone()) {
                true => Incoming::EarlierDiscovery(device, message.payload.clone()),
                false => Incoming::Nothing,
            };
        }
        if self.discovery_prefix.is_some() && *topic == self.birth_topic {
            return match (&*message.payload, message.retain) {
                (b"online", false) => Incoming::Birth,
                // A retained birth is an old one; everything was just sent anyway.
                (b"online", true) => Incoming::HomeAssistant(true),
                (b"offline", _) => Incoming::HomeAssistant(false),
                _ => Incoming::Nothing,
            };
        }
        if device.is_some() || self.topics.is_of_a_point(topic) || self.topics.is_of_the_hub(topic) {
            let deleted = message.payload.is_empty();
            return Incoming::Ours(Heard { topic: topic.clone(), mark: mark(&message.payload), deleted });
        }
        Incoming::Nothing
    }

    fn command(&mut self, point: String, message: &Delivery) -> Incoming {
        if message.retain {
            self.retained_commands += 1;
            if self.retained_commands <= RETAINED_LOGGED {
                let topic = &message.topic;
                let delete = match topic.len() {
                    0..=LONGEST_POINT => format!("mosquitto_pub -r -n -t {}", in_shell(topic)),
                    _ => "mosquitto_sub --remove-retained, see docs/mqtt.md".into(),
                };
                let topic = shown(&start(topic.as_bytes(), LONGEST_POINT)).into_owned();
                tracing::warn!("ignored a retained command on {topic}: it is old news; delete it with {delete}");
            }
            return Incoming::Nothing;
        }
        let refused = |reason: String| {
            Incoming::Refused(Refused {
                point: start(point.as_bytes(), LONGEST_POINT),
                payload: start(&message.payload, 64),
                reason,
            })
        };
        let too_long =
            |bytes: usize| refused(format!("the payload has {bytes} bytes; a command has at most {LONGEST_PAYLOAD}"));
        if point.len() > LONGEST_POINT {
            return refused("no such point: the name is too long".into());
        }
        if message.payload.len() > LONGEST_PAYLOAD + BY.len() + LONGEST_NAME {
            return too_long(message.payload.len());
        }
        let Ok(payload) = std::str::from_utf8(&message.payload) else {
            return refused("the payload is not UTF-8 text".into());
        };
        let (payload, source) = by_whom(payload);
        if payload.len() > LONGEST_PAYLOAD {
            return too_long(payload.len());
        }
        Incoming::Command(Command { source, payload: payload.into(), hold: None, point })
    }
}

/// A command, and who gives it: another hub gives its name after it.
fn by_whom(payload: &str) -> (&str, Source) {
    let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    let is_name = |name: &str| (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_letter);
    match payload.rsplit_once(BY).filter(|(_, name)| is_name(name)) {
        Some((command, name)) => (command, Source::Peer(name.into())),
        None => (payload, Source::Mqtt),
    }
}

/// The first `count` characters of what may be text.
fn start(bytes: &[u8], count: usize) -> String {
    // A character has at most four bytes, so a cut inside of one lies behind the characters that are kept.
    String::from_utf8_lossy(&bytes[..bytes.len().min(count * 4)]).chars().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    fn sort(topic: &str, payload: impl Into<Vec<u8>>, retain: bool) -> Incoming {
        let mut message = Delivery::new(topic, payload);
        message.retain = retain;
        Inbox::new(&house::settings(), "cottage").sort(&message)
    }

    fn refusal(topic: &str, payload: impl Into<Vec<u8>>) -> Refused {
        match sort(topic, payload, false) {
            Incoming::Refused(refused) => refused,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_pass_exactly_as_they_came() {
        for payload in ["ON", "on ", "", "NaN", "1e999", "-0", "\0"] {
            match sort("hearthd/cottage/hall_light/set", payload, false) {
                Incoming::Command(command) => {
                    assert_eq!((&*command.point, &*command.payload), ("hall_light", payload));
                    assert_eq!((command.source, command.hold), (Source::Mqtt, None));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn another_hub_gives_its_name_after_its_command() {
        let (most, name) = ("x".repeat(LONGEST_PAYLOAD), "n".repeat(LONGEST_NAME));
        for (payload, command, source) in [
            ("OPEN by garage", "OPEN", Source::Peer("garage".into())),
            ("ON", "ON", Source::Mqtt),
            ("ON by ", "ON by ", Source::Mqtt),
            ("ON by the garage", "ON by the garage", Source::Mqtt),
            ("by garage", "by garage", Source::Mqtt),
            (&*format!("{most} by {name}"), &*most, Source::Peer(name.as_str().into())),
        ] {
            match sort("hearthd/cottage/hall_light/set", payload, false) {
                Incoming::Command(sorted) => assert_eq!((&*sorted.payload, sorted.source), (command, source)),
                other => panic!("{other:?}"),
            }
        }
        let long = refusal("hearthd/cottage/hall_light/set", format!("{most}x by garage"));
        assert_eq!(long.reason, "the payload has 65 bytes; a command has at most 64");
    }

    #[test]
    fn a_retained_command_is_nothing() {
        assert_eq!(sort("hearthd/cottage/hall_light/set", "ON", true), Incoming::Nothing);
    }

    #[test]
    fn what_no_point_could_understand_is_refused_here_and_shown_short() {
        let long = refusal("hearthd/cottage/hall_light/set", "ä".repeat(500_000));
        assert_eq!((long.point.as_str(), long.payload.chars().count()), ("hall_light", 64));
        assert_eq!(long.reason, "the payload has 1000000 bytes; a command has at most 64");
        let binary = refusal("hearthd/cottage/living/temperature/set", [b'O', 0xff]);
        assert_eq!((binary.point.as_str(), binary.payload.as_str()), ("living.temperature", "O\u{fffd}"));
        assert_eq!(binary.reason, "the payload is not UTF-8 text");
        let far = refusal(&format!("hearthd/cottage/{}/set", "x".repeat(60_000)), "ON");
        assert_eq!(far.point.len(), LONGEST_POINT);
    }

    #[test]
    fn home_assistant_is_born_on_its_topic_only() {
        assert_eq!(sort("homeassistant/status", "online", false), Incoming::Birth);
        assert_eq!(sort("homeassistant/status", "offline", false), Incoming::HomeAssistant(false));
        assert_eq!(sort("homeassistant/status", "online", true), Incoming::HomeAssistant(true), "but not just now");
        assert_eq!(sort("homeassistant/status", "", true), Incoming::Nothing);
        assert_eq!(sort("homeassistant/other", "online", false), Incoming::Nothing);
    }

    #[test]
    fn only_the_retained_discovery_is_an_earlier_one() {
        let topic = "homeassistant/device/hearthd_cottage/config";
        assert_eq!(sort(topic, "{}", true), Incoming::EarlierDiscovery(Device::hub(), b"{}".to_vec()));
        assert!(matches!(sort(topic, "{}", false), Incoming::Ours(heard) if heard.mark == mark(b"{}")));
        let mut message = Delivery::new(topic, "{}");
        message.retain = true;
        let mut inbox = Inbox::new(&house::settings(), "cottage");
        inbox.sort(&message);
        assert_eq!(inbox.sort(&message), Incoming::Nothing, "one is enough");
    }

    #[test]
    fn what_comes_where_only_we_publish_is_looked_at() {
        for (topic, deleted) in [("lamp/state", false), ("living/temperature/why", true), ("availability", false)] {
            let topic = format!("hearthd/cottage/{topic}");
            let payload = if deleted { "" } else { "offline" };
            let heard = Heard { topic: topic.clone(), mark: mark(payload.as_bytes()), deleted };
            assert_eq!(sort(&topic, payload, false), Incoming::Ours(heard));
        }
        assert_eq!(sort("hearthd/cottage/error", "x", false), Incoming::Nothing);
    }
}
