//! Which topic means what. A point `a.b` is the path `a/b` under the prefix.

use std::sync::Arc;

/// No word of a point's name is longer, in bytes.
const LONGEST_WORD: usize = 128;

/// What is retained of a point.
const LEAVES: [&str; 5] = ["state", "why", "attributes", "fault", "availability"];

/// The topics of one hub.
#[derive(Clone, Debug)]
pub struct Topics {
    prefix: Arc<str>,
}

/// The retained topics of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointTopics {
    /// `ON`, `OFF`, a number.
    pub state: String,
    /// One line: what holds the value. Of outputs and rooms only.
    pub why: String,
    /// The same in parts, as JSON, without readings.
    pub attributes: String,
    /// One line: what is wrong with its value; `none` if it is good.
    pub fault: String,
    /// `online` or `offline`.
    pub availability: String,
}

impl PointTopics {
    /// All of them.
    pub fn all(&self) -> [&str; 5] {
        [&self.state, &self.why, &self.attributes, &self.fault, &self.availability]
    }
}

impl Topics {
    /// The topics under `prefix`, which has no slash at its end and no wildcards: `hearthd/cottage`.
    pub fn new(prefix: &str) -> Topics {
        Topics { prefix: prefix.into() }
    }

    /// Whether the daemon is there; also the last will.
    pub fn availability(&self) -> String {
        format!("{}/availability", self.prefix)
    }

    /// Where refused commands are answered.
    pub fn error(&self) -> String {
        format!("{}/error", self.prefix)
    }

    /// Where it is told what is wrong with the hub itself.
    pub fn problem(&self) -> String {
        format!("{}/problem", self.prefix)
    }

    /// How many points of the house are in fault, and as its attributes which, and why.
    pub fn faults(&self) -> PointTopics {
        self.of_point("hub.faults")
    }

    /// Where rules tell people something.
    pub fn notify(&self) -> String {
        format!("{}/notify", self.prefix)
    }

    /// The filters that match every command: points of one word and of two.
    pub fn command_filters(&self) -> [String; 2] {
        [format!("{}/+/set", self.prefix), format!("{}/+/+/set", self.prefix)]
    }

    /// The filters that match all that we publish and the broker keeps, but the discovery.
    pub fn retained_filters(&self) -> Vec<String> {
        let of_points =
            LEAVES.iter().flat_map(|leaf| ["+", "+/+"].map(|path| format!("{}/{path}/{leaf}", self.prefix)));
        [self.availability(), self.problem()].into_iter().chain(of_points).collect()
    }

    /// The topics of the point of this dotted name.
    pub fn of_point(&self, name: &str) -> PointTopics {
        PointTopics {
            state: self.leaf(name, "state"),
            why: self.leaf(name, "why"),
            attributes: self.leaf(name, "attributes"),
            fault: self.leaf(name, "fault"),
            availability: self.leaf(name, "availability"),
        }
    }

    /// Where the point of this dotted name is commanded.
    pub fn set(&self, name: &str) -> String {
        self.leaf(name, "set")
    }

    /// The dotted name that a command topic speaks of; nothing for any other topic.
    pub fn commanded_point(&self, topic: &str) -> Option<String> {
        let path = self.below_prefix(topic)?.strip_suffix("/set")?;
        match path.split_once('/') {
            None => Some(path.into()),
            Some((first, second)) if !second.contains('/') => Some(format!("{first}.{second}")),
            Some(_) => None,
        }
    }

    /// Whether a topic is a retained one of some point of this hub, known or not.
    pub fn is_of_a_point(&self, topic: &str) -> bool {
        let is_word = |word: &str| {
            (1..=LONGEST_WORD).contains(&word.len())
                && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        self.below_prefix(topic).and_then(|rest| rest.rsplit_once('/')).is_some_and(|(path, leaf)| {
            path.split('/').count() <= 2 && path.split('/').all(is_word) && LEAVES.contains(&leaf)
        })
    }

    /// Whether a topic is the hub's own and the broker keeps what is published there.
    pub fn is_of_the_hub(&self, topic: &str) -> bool {
        matches!(self.below_prefix(topic), Some("availability" | "problem"))
    }

    /// Where answers may go that are to stay under the prefix.
    pub fn answers(&self) -> String {
        format!("{}/answers/...", self.prefix)
    }

    /// Whether a topic is one of those, and nothing else.
    pub fn is_for_answers(&self, topic: &str) -> bool {
        let path = self.below_prefix(topic).and_then(|rest| rest.strip_prefix("answers"));
        path.is_some_and(|path| path.is_empty() || path.starts_with('/'))
            && self.commanded_point(topic).is_none()
            && !self.is_of_a_point(topic)
    }

    /// Whether a topic is under the prefix.
    pub fn is_ours(&self, topic: &str) -> bool {
        self.below_prefix(topic).is_some()
    }

    fn below_prefix<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(&*self.prefix)?.strip_prefix('/')
    }

    fn leaf(&self, point: &str, leaf: &str) -> String {
        format!("{}/{}/{leaf}", self.prefix, point.replace('.', "/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_point_is_a_path_both_ways() {
        let topics = Topics::new("hearthd/cottage");
        for (point, path) in [("hall_light", "hall_light"), ("living.temperature", "living/temperature")] {
            assert_eq!(topics.of_point(point).state, format!("hearthd/cottage/{path}/state"));
            assert_eq!(topics.set(point), format!("hearthd/cottage/{path}/set"));
            assert_eq!(topics.commanded_point(&topics.set(point)).as_deref(), Some(point));
        }
    }

    #[test]
    fn only_set_topics_below_the_prefix_command() {
        let topics = Topics::new("hearthd/cottage");
        for topic in [
            "hearthd/cottage/set",
            "hearthd/cottage/hall_light/state",
            "hearthd/cottage/a/b/c/set",
            "hearthd/cottage2/hall_light/set",
            "hearthd/hall_light/set",
            "other/hearthd/cottage/hall_light/set",
        ] {
            assert_eq!(topics.commanded_point(topic), None, "{topic}");
        }
    }

    #[test]
    fn retained_topics_of_points_are_told_from_the_hub_s_own() {
        let topics = Topics::new("hearthd/cottage");
        for topic in topics.of_point("living.temperature").all() {
            assert!(topics.is_of_a_point(topic), "{topic}");
        }
        for topic in [
            "hearthd/cottage/availability",
            "hearthd/cottage/error",
            "hearthd/barn/lamp/state",
            "hearthd/cottage//state",
            "hearthd/cottage/+/state",
            "hearthd/cottage/a\nb/state",
            "hearthd/cottage/a/b/c/state",
            "x",
        ] {
            assert!(!topics.is_of_a_point(topic), "{topic}");
        }
        assert!(topics.is_of_the_hub("hearthd/cottage/problem") && !topics.is_of_the_hub("hearthd/cottage/error"));
    }
}
