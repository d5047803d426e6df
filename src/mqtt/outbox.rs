//! What to publish next. Pure: it knows nothing of connections but when one starts.

use super::discovery::{self, Platforms};
use super::topics::{PointTopics, Topics};
use super::{Clearing, Told};
use crate::model::{ClimateFacet, Config, Explanation, MqttSettings, Point, Quality, Snapshot, Value};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// This many told wait; then the oldest is dropped for each new one.
const TOLD: usize = 16_384;
/// State, reason, availability.
const PARTS: usize = 3;

/// One message to publish, at QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) retain: bool,
    /// What it tells once, to be told again if the connection ends before the broker has it.
    pub(super) told: Option<Told>,
}

/// Compares the newest snapshot with what this connection was given.
#[derive(Debug)]
pub(super) struct Outbox {
    topics: Topics,
    discovery_prefix: Option<String>,
    snapshot: Arc<Snapshot>,
    points: Vec<PointTopics>,
    given: Vec<Given>,
    /// The next place to compare: all states come first, then all reasons, then all availabilities. It goes round, and
    /// moves on after each message, so that a point that never rests does not silence the others.
    place: usize,
    /// How many places were not compared since the snapshot changed.
    to_compare: usize,
    /// How many places were never reached on this connection; after them it is told that we are online.
    to_reach: Option<usize>,
    discovery_due: bool,
    online_due: bool,
    to_clear: VecDeque<String>,
    told: VecDeque<Told>,
    dropped: u64,
    closing: bool,
    clear_at_the_end: Option<String>,
    /// Retained topics of what is no longer there, and its components, until [`Outbox::forget_gone`].
    gone_topics: BTreeSet<String>,
    gone_components: Platforms,
}

/// What this connection was given of one point.
#[derive(Clone, Debug, Default)]
struct Given {
    value: Option<Value>,
    text: Option<String>,
    explanation: Option<Arc<Explanation>>,
    because: Option<Arc<str>>,
    online: Option<bool>,
}

impl Outbox {
    pub(super) fn new(settings: &MqttSettings, snapshot: Arc<Snapshot>) -> Outbox {
        let topics = Topics::new(&settings.prefix);
        let mut outbox = Outbox {
            points: point_topics(&topics, &snapshot.config),
            topics,
            discovery_prefix: settings.discovery_prefix.clone(),
            snapshot,
            given: Vec::new(),
            place: 0,
            to_compare: 0,
            to_reach: None,
            discovery_due: false,
            online_due: false,
            to_clear: VecDeque::new(),
            told: VecDeque::new(),
            dropped: 0,
            closing: false,
            clear_at_the_end: None,
            gone_topics: BTreeSet::new(),
            gone_components: Platforms::new(),
        };
        outbox.start();
        outbox
    }

    /// A connection begins: everything is told from the start, `online` last.
    pub(super) fn start(&mut self) {
        self.tell_all();
        self.online_due = false;
        self.to_reach = Some(self.points.len() * PARTS);
        self.to_clear = self.gone_topics.iter().cloned().collect();
        // Nobody presses a button now because somebody did while the broker was away.
        self.told.retain(|told| !matches!(told, Told::Clicked(..)));
    }

    /// Home Assistant has started: everything is told again, `online` before the states.
    pub(super) fn birth(&mut self) {
        self.tell_all();
        self.online_due = self.to_reach.is_none();
    }

    /// The house is now like this.
    pub(super) fn update(&mut self, snapshot: Arc<Snapshot>) {
        if Arc::ptr_eq(&snapshot, &self.snapshot) {
            return;
        }
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        if Arc::ptr_eq(&before.config, &self.snapshot.config) {
            self.to_compare = self.points.len() * PARTS;
        } else {
            self.reload(&before.config);
        }
    }

    /// What an earlier run announced: it may have had points that are gone.
    pub(super) fn earlier_discovery(&mut self, payload: &[u8]) {
        let (components, topics) = discovery::read(payload, &self.topics);
        let now = discovery::platforms(&self.snapshot.config);
        let known = self.gone_components.len();
        self.gone_components.extend(components.into_iter().filter(|(id, _)| !now.contains_key(id)));
        self.discovery_due |= self.gone_components.len() > known;
        self.gone(topics);
    }

    /// Whether points that are gone are still named.
    pub(super) fn names_gone(&self) -> bool {
        !self.gone_components.is_empty() || !self.gone_topics.is_empty()
    }

    /// Home Assistant has removed what is gone; it need not be named again.
    pub(super) fn forget_gone(&mut self) {
        self.discovery_due |= !self.gone_components.is_empty();
        self.gone_components.clear();
        self.gone_topics.clear();
    }

    /// Something is to be told once.
    pub(super) fn tell(&mut self, told: Told) {
        if self.told.len() == TOLD {
            self.told.pop_front();
            self.dropped += 1;
        }
        self.told.push_back(told);
    }

    /// The broker may not have got this answer: it is the next again, if there is room.
    pub(super) fn tell_again(&mut self, told: Told) {
        if self.told.len() < TOLD {
            self.told.push_front(told);
        }
    }

    /// No more will come: after all that is still to be said, `offline` is the last. Topics that are not to be left are
    /// cleared instead, the hub's availability after its `offline`.
    pub(super) fn close(&mut self, clearing: Clearing) {
        (self.closing, self.online_due, self.to_reach) = (true, false, None);
        if clearing.topics {
            self.to_compare = 0;
            self.to_clear.extend(self.points.iter().flat_map(PointTopics::all).map(String::from));
            self.clear_at_the_end = Some(self.topics.availability());
        }
        if clearing.discovery
            && let Some(prefix) = &self.discovery_prefix
        {
            self.discovery_due = false;
            self.to_clear.push_front(discovery::topic(prefix, &self.snapshot.config.hub.id));
        }
    }

    /// The next message, if there is anything to say. It counts as given.
    pub(super) fn next(&mut self) -> Option<Message> {
        if std::mem::take(&mut self.discovery_due)
            && let Some(message) = self.discovery()
        {
            return Some(message);
        }
        if let Some(topic) = self.to_clear.pop_front() {
            return Some(retained(topic, String::new()));
        }
        if std::mem::take(&mut self.online_due) {
            return Some(retained(self.topics.availability(), "online".into()));
        }
        loop {
            if self.to_reach == Some(0) {
                self.to_reach = None;
                return Some(retained(self.topics.availability(), "online".into()));
            }
            if self.to_compare == 0 {
                break;
            }
            let place = self.place;
            self.place = (place + 1) % (self.points.len() * PARTS);
            self.to_compare -= 1;
            self.to_reach = self.to_reach.map(|places| places - 1);
            if let Some(message) = self.difference(place) {
                return Some(message);
            }
        }
        if let Some(told) = self.told.pop_front() {
            return Some(self.once(told));
        }
        if std::mem::take(&mut self.closing) {
            return Some(retained(self.topics.availability(), "offline".into()));
        }
        self.clear_at_the_end.take().map(|topic| retained(topic, String::new()))
    }

    fn tell_all(&mut self) {
        self.given = vec![Given::default(); self.points.len()];
        self.place = 0;
        self.to_compare = self.points.len() * PARTS;
        self.discovery_due = true;
    }

    fn reload(&mut self, before: &Config) {
        let topics_before = std::mem::replace(&mut self.points, point_topics(&self.topics, &self.snapshot.config));
        let gone: Vec<String> = topics_before.iter().flat_map(|point| point.all().map(String::from)).collect();
        self.gone_components.extend(discovery::platforms(before));
        let now = discovery::platforms(&self.snapshot.config);
        self.gone_components.retain(|id, _| !now.contains_key(id));
        self.tell_all();
        self.to_reach = self.to_reach.map(|_| self.points.len() * PARTS);
        self.gone(gone);
    }

    /// Clears those of these topics that nothing uses any more, and none that something uses again.
    fn gone(&mut self, topics: Vec<String>) {
        let used: BTreeSet<&str> = self.points.iter().flat_map(PointTopics::all).collect();
        self.gone_topics.extend(topics);
        self.gone_topics.retain(|topic| !used.contains(&**topic));
        self.to_clear = self.gone_topics.iter().cloned().collect();
    }

    fn discovery(&self) -> Option<Message> {
        let config = &self.snapshot.config;
        let topic = discovery::topic(self.discovery_prefix.as_ref()?, &config.hub.id);
        let payload = discovery::payload(config, &self.topics, &self.gone_components);
        Some(retained(topic, payload.unwrap_or_default()))
    }

    fn difference(&mut self, place: usize) -> Option<Message> {
        let point = place % self.points.len();
        let (state, topics) = (self.snapshot.points.get(point)?, &self.points[point]);
        let given = &mut self.given[point];
        match place / self.points.len() {
            // What happens is told when it does.
            0 if matches!(state.point, Point::Event(_)) => None,
            0 => {
                if given.value == state.value && state.value.is_some() {
                    return None;
                }
                given.value.clone_from(&state.value);
                // A thermostat of Home Assistant looks at no availability of what it measures: it forgets it so.
                let is_measured = matches!(state.point, Point::Climate(_, ClimateFacet::Measured));
                let text = state.text().or_else(|| is_measured.then(|| "None".to_owned()));
                // Two numbers may read the same.
                let text = text.filter(|text| given.text.as_ref() != Some(text))?;
                given.text = Some(text.clone());
                Some(retained(topics.state.clone(), text))
            }
            1 if state.because.is_some() => {
                let because = state.because.as_ref()?;
                let same = given.because.as_ref() == Some(because);
                given.because = Some(because.clone());
                (!same).then(|| retained(topics.why.clone(), because.to_string()))
            }
            1 => {
                let explanation = state.explanation.as_ref()?;
                let same = given
                    .explanation
                    .as_ref()
                    .is_some_and(|given| Arc::ptr_eq(given, explanation) || given.line == explanation.line);
                given.explanation = Some(explanation.clone());
                (!same).then(|| retained(topics.why.clone(), explanation.line.clone()))
            }
            _ => {
                let online = state.quality == Quality::Good;
                (given.online.replace(online) != Some(online))
                    .then(|| retained(topics.availability.clone(), if online { "online" } else { "offline" }.into()))
            }
        }
    }

    fn once(&mut self, told: Told) -> Message {
        if self.told.is_empty() && self.dropped > 0 {
            tracing::warn!("{} refusals and notices were not told: there were too many", self.dropped);
            self.dropped = 0;
        }
        // A few strings always make a JSON object.
        let (topic, payload) = match &told {
            Told::Refused(refused) => (self.topics.error(), serde_json::to_string(refused).unwrap_or_default()),
            Told::Notice(notice) => (self.topics.notify(), serde_json::to_string(notice).unwrap_or_default()),
            Told::Clicked(point, click) => (self.topics.of_point(point).state, (*click).to_owned()),
        };
        Message { topic, payload, retain: false, told: Some(told) }
    }
}

fn point_topics(topics: &Topics, config: &Config) -> Vec<PointTopics> {
    config.points().map(|point| topics.of_point(&config.point_name(point))).collect()
}

fn retained(topic: String, payload: String) -> Message {
    Message { topic, payload, retain: true, told: None }
}

#[cfg(test)]
mod tests;
