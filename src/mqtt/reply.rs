//! Answers to commands that ask for one: MQTT 5 names a topic for it, and data by which the asker knows what it is about.

use super::homie;
use super::topics::Topics;
use crate::house::Refused;
use crate::model::{Command, Config, Snapshot};
use serde::Serialize;

/// A topic for answers has at most so many bytes.
const LONGEST_TOPIC: usize = 200;
/// So has what is sent back with an answer.
const LONGEST_CORRELATION: usize = 128;

/// Levels of topics on which programs of houses take commands: hearthd, zigbee2mqtt, Tasmota, Shelly.
const COMMANDING: [&str; 5] = ["set", "request", "cmnd", "command", "rpc"];

/// Where the sender of a command wants its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    pub(super) topic: String,
    /// Sent back as it came.
    pub(super) correlation: Option<Vec<u8>>,
}

impl ReplyTo {
    /// Of what is too long, no more than shows that is kept.
    pub fn new(mut topic: String, mut correlation: Option<Vec<u8>>) -> ReplyTo {
        if topic.len() > LONGEST_TOPIC {
            topic = topic.chars().take(LONGEST_TOPIC + 1).collect();
        }
        if let Some(data) = &mut correlation {
            data.truncate(LONGEST_CORRELATION + 1);
            data.shrink_to_fit();
        }
        ReplyTo { topic, correlation }
    }

    /// Why no answer goes there. hearthd may write where those who command it may not, and what it writes to itself, to another
    /// hub or to a device would be a command again.
    pub(super) fn why_not(&self, topics: &Topics, config: &Config) -> Option<String> {
        let topic = &*self.topic;
        let below = |base: &str| topic.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        let discovery = config.mqtt.as_ref().and_then(|mqtt| mqtt.discovery_prefix.as_deref());
        if topic.len() > LONGEST_TOPIC {
            return Some(format!("it has more than {LONGEST_TOPIC} bytes"));
        }
        if self.correlation.as_ref().is_some_and(|data| data.len() > LONGEST_CORRELATION) {
            return Some(format!("its correlation data have more than {LONGEST_CORRELATION} bytes"));
        }
        let is_none = topic.is_empty() || topic.contains(['+', '#']) || topic.chars().any(char::is_control);
        if is_none || topic.starts_with('$') {
            return Some("it is no topic to publish on".into());
        }
        let is_ours = topics.is_ours(topic) && !topics.is_for_answers(topic);
        if is_ours || below(homie::ROOT) || discovery.is_some_and(below) {
            return Some(format!("it is one of hearthd's own; under its prefix, answers go to {}", topics.answers()));
        }
        let is_command = topic.split('/').any(|level| COMMANDING.contains(&level));
        if is_command || config.remote_commands().contains(topic) {
            return Some("devices are commanded there".into());
        }
        if config.remote_states().contains(topic) {
            return Some("devices tell there what they are".into());
        }
        None
    }
}

/// What came of a command, for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) to: ReplyTo,
    /// JSON.
    pub(super) payload: String,
}

#[derive(Serialize)]
struct Body<'a> {
    point: &'a str,
    payload: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Body<'_> {
    fn answer(&self, to: ReplyTo) -> Answer {
        // A few strings always make a JSON object.
        Answer { to, payload: serde_json::to_string(self).unwrap_or_default() }
    }
}

impl Answer {
    /// `after` is the house after the command.
    pub(super) fn accepted(to: ReplyTo, command: &Command, after: &Snapshot) -> Answer {
        let Command { point, payload, .. } = command;
        let state = after.find(point);
        let (value, why) = (state.and_then(|state| state.text()), state.and_then(|state| state.why()));
        Body { point, payload, result: "accepted", state: value, why, reason: None }.answer(to)
    }

    /// In the words of `PREFIX/error`.
    pub(super) fn refused(to: ReplyTo, Refused { point, payload, reason }: &Refused) -> Answer {
        Body { point, payload, result: "refused", state: None, why: None, reason: Some(reason) }.answer(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use std::path::Path;

    /// What is wrong with such a topic.
    fn why_not(topic: &str) -> Option<String> {
        let text = "[hub]\nid = \"cottage\"\n[mqtt]\nurl = \"mqtt://b\"\n[hardware]\nbackend = \"simulated\"\n\
                    [outputs.plug]\nkind = \"switch\"\nmqtt = \"plug/power\"\n";
        let config = config::parse(Path::new("config.toml"), text).unwrap().config;
        ReplyTo::new(topic.into(), None).why_not(&Topics::new("hearthd/cottage"), &config)
    }

    #[test]
    fn an_answer_goes_where_nobody_takes_it_for_anything_else() {
        for topic in
            ["phone/answers", "a", "hearthd/cottage/answers/phone", "hearthd/cottage/answers", "hearthd/cottage2/x"]
        {
            assert_eq!(why_not(topic), None, "{topic}");
        }
        for topic in [
            "",
            "a/+",
            "a/#",
            "a\nb",
            "$SYS/x",
            &"x".repeat(201),
            &"ä".repeat(40_000),
            "hearthd/cottage/lamp/set",
            "hearthd/cottage/lamp/state",
            "hearthd/cottage/availability",
            "hearthd/cottage/error",
            "hearthd/cottage/answers/set",
            "hearthd/cottage/answers/x/set",
            "hearthd/cottage/answers/x/state",
            "hearthd/cottage/answers/why",
            "hearthd/barn/lamp/set",
            "homeassistant/switch/x/config",
            "homeassistant/status",
            "homie/5/cottage/lamp/state/set",
            "zigbee2mqtt/lamp/set",
            "plug/power",
        ] {
            assert!(why_not(topic).is_some(), "{topic}");
        }
    }

    #[test]
    fn no_more_is_kept_than_shows_that_it_is_too_long() {
        let to = ReplyTo::new("ä".repeat(60_000), Some(vec![1; 60_000]));
        assert!(
            to.topic.len() < 3 * LONGEST_TOPIC && to.correlation.as_ref().unwrap().len() == LONGEST_CORRELATION + 1
        );
        let long = ReplyTo::new("a".into(), Some(vec![1; 129]));
        let config = Config::empty("cottage");
        assert!(long.why_not(&Topics::new("x"), &config).unwrap().contains("correlation"));
    }
}
