//! What an incoming message is.

use super::{Refused, discovery, topics::Topics};
use crate::model::{Command, MqttSettings, Source};
use rumqttc::Publish;

/// No word that a point understands is longer than this, in bytes.
const LONGEST_PAYLOAD: usize = 64;
/// No point has a longer name, in bytes; a topic may have 65,535.
const LONGEST_POINT: usize = 256;
/// How many retained commands of one connection are logged one by one.
const RETAINED_LOGGED: usize = 10;

/// Sorts the messages of one connection.
#[derive(Debug)]
pub struct Inbox {
    topics: Topics,
    birth_topic: String,
    discovery_topic: Option<String>,
    retained_commands: usize,
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
    /// What an earlier run, or an earlier connection, told Home Assistant.
    EarlierDiscovery(Vec<u8>),
    /// Nothing to us.
    Nothing,
}

impl Inbox {
    /// For the connection of this hub.
    pub fn new(settings: &MqttSettings, hub: &str) -> Inbox {
        Inbox {
            topics: Topics::new(&settings.prefix),
            birth_topic: settings.birth_topic.clone(),
            discovery_topic: settings.discovery_prefix.as_deref().map(|prefix| discovery::topic(prefix, hub)),
            retained_commands: 0,
        }
    }

    /// The topics to subscribe to.
    pub(super) fn filters(&self) -> Vec<String> {
        let mut filters = Vec::from(self.topics.command_filters());
        if let Some(discovery_topic) = &self.discovery_topic {
            filters.extend([self.birth_topic.clone(), discovery_topic.clone()]);
        }
        filters
    }

    /// What a message is.
    pub fn sort(&mut self, message: &Publish) -> Incoming {
        if let Some(point) = self.topics.commanded_point(&message.topic) {
            return self.command(point, message);
        }
        match &self.discovery_topic {
            // A retained birth is an old one; everything was just sent anyway.
            Some(_) if message.topic == self.birth_topic && &*message.payload == b"online" && !message.retain => {
                Incoming::Birth
            }
            Some(topic) if *topic == message.topic && message.retain => {
                Incoming::EarlierDiscovery(message.payload.to_vec())
            }
            _ => Incoming::Nothing,
        }
    }

    fn command(&mut self, point: String, message: &Publish) -> Incoming {
        if message.retain {
            self.retained_commands += 1;
            if self.retained_commands <= RETAINED_LOGGED {
                tracing::warn!(
                    "ignored a retained command on {}: it is old news; delete it with mosquitto_pub -r -n -t {}",
                    message.topic,
                    message.topic
                );
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
        if point.len() > LONGEST_POINT {
            return refused("no such point: the name is too long".into());
        }
        if message.payload.len() > LONGEST_PAYLOAD {
            return refused(format!(
                "the payload has {} bytes; a command has at most {LONGEST_PAYLOAD}",
                message.payload.len()
            ));
        }
        match std::str::from_utf8(&message.payload) {
            Err(_) => refused("the payload is not UTF-8 text".into()),
            Ok(payload) => {
                Incoming::Command(Command { source: Source::Mqtt, payload: payload.into(), hold: None, point })
            }
        }
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
    use rumqttc::QoS;

    fn sort(topic: &str, payload: impl Into<Vec<u8>>, retain: bool) -> Incoming {
        let mut message = Publish::new(topic, QoS::AtLeastOnce, payload);
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
        assert_eq!(sort("homeassistant/status", "offline", false), Incoming::Nothing);
        assert_eq!(sort("homeassistant/status", "online", true), Incoming::Nothing);
        assert_eq!(sort("homeassistant/other", "online", false), Incoming::Nothing);
    }

    #[test]
    fn only_the_retained_discovery_is_an_earlier_one() {
        let topic = "homeassistant/device/hearthd_cottage/config";
        assert_eq!(sort(topic, "{}", true), Incoming::EarlierDiscovery(b"{}".to_vec()));
        assert_eq!(sort(topic, "{}", false), Incoming::Nothing);
    }
}
