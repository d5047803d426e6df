//! What to publish next. Pure: it knows nothing of connections but when one starts.

use super::device::{Device, Property};
use crate::model::{Quality, Snapshot, shown};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// So many events and lines of the log wait; then the oldest is left out.
const ONCE: usize = 1_024;
/// The alert about the hub itself.
const HUB: &str = "hub";

/// One message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    /// The broker keeps it. What it does not keep is sent at most once.
    pub(super) retain: bool,
}

fn retained(topic: String, payload: impl Into<String>) -> Message {
    Message { topic, payload: payload.into(), retain: true }
}

/// Compares the newest snapshot with what this connection was given.
#[derive(Debug)]
pub(super) struct Outbox {
    snapshot: Arc<Snapshot>,
    /// None: the device is only taken back.
    device: Option<Device>,
    /// By property: what was told; None: nothing yet; empty: that there is nothing.
    said: Vec<Option<String>>,
    /// By place in the configuration's list: the property that shows the point.
    property_of: BTreeMap<usize, usize>,
    to_compare: VecDeque<usize>,
    is_to_compare: Vec<bool>,
    /// To be said before anything else, in this order.
    first: VecDeque<Message>,
    /// Alerts that the broker keeps, by topic; empty: of before, not yet looked at.
    alerts: BTreeMap<String, String>,
    problem: Option<String>,
    problem_due: bool,
    /// Commands are heard: the device is ready once all was told.
    is_listening: bool,
    is_ready: bool,
    once: VecDeque<Message>,
    /// What the broker keeps of what is there no longer.
    gone: BTreeSet<String>,
    record_changed: bool,
    farewell: Option<Message>,
}

impl Outbox {
    /// `kept` is what earlier connections left at this broker; `is_on`: there is to be a device.
    pub(super) fn new(snapshot: Arc<Snapshot>, is_on: bool, kept: BTreeSet<String>) -> Outbox {
        let device = is_on.then(|| Device::of(&snapshot.config));
        let mut outbox = Outbox {
            snapshot,
            device,
            said: Vec::new(),
            property_of: BTreeMap::new(),
            to_compare: VecDeque::new(),
            is_to_compare: Vec::new(),
            first: VecDeque::new(),
            alerts: BTreeMap::new(),
            problem: None,
            problem_due: false,
            is_listening: false,
            is_ready: false,
            once: VecDeque::new(),
            gone: BTreeSet::new(),
            record_changed: false,
            farewell: None,
        };
        outbox.leave(kept);
        outbox.describe();
        outbox
    }

    pub(super) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// The broker lets us read commands.
    pub(super) fn listening(&mut self) {
        self.is_listening = true;
    }

    /// The house is now like this.
    pub(super) fn update(&mut self, snapshot: Arc<Snapshot>) {
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        if Arc::ptr_eq(&before.config, &self.snapshot.config) {
            let changed: Vec<usize> = self.snapshot.changes_since(&before).collect();
            changed.into_iter().filter_map(|place| self.property_of.get(&place).copied()).for_each(|property| {
                compare(&mut self.to_compare, &mut self.is_to_compare, property);
            });
        } else if let Some(device) = &mut self.device {
            let new = Device::of(&self.snapshot.config);
            let kept: BTreeSet<String> = device.kept_topics().chain(self.alerts.keys().cloned()).collect();
            *device = new;
            self.leave(kept);
            self.describe();
        }
    }

    /// What is wrong with the hub itself; None: all is well.
    pub(super) fn problem(&mut self, problem: Option<String>) {
        self.problem_due |= self.problem != problem;
        self.problem = problem;
    }

    /// Something happened at a point.
    pub(super) fn happened(&mut self, point: &str, word: &str) {
        let Some(property) = self.device.as_ref().and_then(|device| device.event(point)) else { return };
        if let Some(payload) = property.form.payload(word) {
            let topic = property.topic.clone();
            self.once(Message { topic, payload, retain: false });
        }
    }

    /// A line for the log.
    pub(super) fn warn(&mut self, line: &str) {
        if let Some(device) = &self.device {
            let topic = device.log_topic();
            self.once(Message { topic, payload: shown(line).into_owned(), retain: false });
        }
    }

    /// A property was commanded: its value is told, so that whoever commanded sees what became of it.
    pub(super) fn answer(&mut self, property: usize) {
        if let Some(said) = self.said.get_mut(property) {
            *said = None;
            compare(&mut self.to_compare, &mut self.is_to_compare, property);
        }
    }

    /// No more will come: `disconnected` is the last; or the device is to go.
    pub(super) fn close(&mut self, take_back: bool) {
        let Some(device) = &self.device else { return };
        if take_back {
            let kept: BTreeSet<String> = device.kept_topics().chain(self.alerts.keys().cloned()).collect();
            self.device = None;
            self.to_compare.clear();
            self.leave(kept);
            self.first = self.gone_in_order().collect();
        } else {
            self.farewell = Some(retained(device.state_topic(), "disconnected"));
        }
    }

    /// What the broker keeps, or may keep.
    pub(super) fn record(&self) -> BTreeSet<String> {
        let device = self.device.iter().flat_map(Device::kept_topics);
        device.chain(self.alerts.keys().cloned()).chain(self.gone.iter().cloned()).collect()
    }

    /// As [`Outbox::record`], if it is another than when this was last asked.
    pub(super) fn changed_record(&mut self) -> Option<BTreeSet<String>> {
        std::mem::take(&mut self.record_changed).then(|| self.record())
    }

    /// The broker has acknowledged everything.
    pub(super) fn all_acknowledged(&mut self) {
        if self.first.is_empty() && !self.gone.is_empty() {
            self.gone.clear();
            self.record_changed = true;
        }
    }

    /// The next message, if there is anything to say. It counts as given.
    pub(super) fn next(&mut self) -> Option<Message> {
        if let Some(message) = self.first.pop_front() {
            return Some(message);
        }
        if std::mem::take(&mut self.problem_due)
            && let Some(message) = self.alert(HUB.to_owned(), self.problem.clone())
        {
            return Some(message);
        }
        while let Some(property) = self.to_compare.pop_front() {
            self.is_to_compare[property] = false;
            if let Some(alert) = self.alert_of(property) {
                // Its value follows.
                compare_first(&mut self.to_compare, &mut self.is_to_compare, property);
                return Some(alert);
            }
            if let Some(value) = self.value_of(property) {
                return Some(value);
            }
        }
        let device = self.device.as_ref()?;
        if self.is_listening && !self.is_ready {
            self.is_ready = true;
            return Some(retained(device.state_topic(), "ready"));
        }
        if let Some(message) = self.once.pop_front() {
            return Some(message);
        }
        self.farewell.take()
    }

    /// The device as it is now: `init`, the description, and all values anew.
    fn describe(&mut self) {
        self.first = self.gone_in_order().collect();
        self.is_ready = false;
        let Some(device) = &self.device else { return };
        // What is gone of the device itself goes when its description says nothing of it any more.
        let (ours, others): (Vec<Message>, Vec<Message>) =
            self.first.drain(..).partition(|message| device.has_topic(&message.topic));
        self.first.extend(others);
        self.first.push_back(retained(device.state_topic(), "init"));
        self.first.push_back(retained(device.description_topic(), device.description.clone()));
        self.first.extend(ours);
        let count = device.properties.len();
        self.said = vec![None; count];
        let shown = device.properties.iter().enumerate();
        self.property_of = shown.filter_map(|(at, property)| Some((property.place?, at))).collect();
        self.to_compare = (0..count).collect();
        self.is_to_compare = vec![true; count];
        self.alerts.values_mut().for_each(String::clear);
        self.problem_due = true;
        self.record_changed = true;
    }

    /// Of these topics, those that are used no more are to be cleared.
    fn leave(&mut self, kept: BTreeSet<String>) {
        self.gone.extend(kept);
        self.alerts.clear();
        if let Some(device) = &self.device {
            let alerts = device.properties.iter().filter_map(|property| property.alert.as_deref());
            let alerts: BTreeSet<String> = alerts.chain([HUB]).map(|id| device.alert_topic(id)).collect();
            // Whether one still holds is seen when its point is looked at.
            self.alerts = self.gone.intersection(&alerts).map(|topic| (topic.clone(), String::new())).collect();
            let used: BTreeSet<String> = device.kept_topics().chain(alerts).collect();
            self.gone.retain(|topic| !used.contains(topic));
        }
        self.record_changed = true;
    }

    /// A device ceases to be with its `$state`: that goes first.
    fn gone_in_order(&self) -> impl Iterator<Item = Message> {
        let (states, others): (Vec<&String>, Vec<&String>) =
            self.gone.iter().partition(|topic| topic.ends_with("/$state"));
        states.into_iter().chain(others).map(|topic| retained(topic.clone(), "")).collect::<Vec<_>>().into_iter()
    }

    fn once(&mut self, message: Message) {
        if self.once.len() == ONCE {
            self.once.pop_front();
        }
        self.once.push_back(message);
    }

    fn value_of(&mut self, place: usize) -> Option<Message> {
        let property = self.device.as_ref()?.properties.get(place).filter(|property| property.retained)?;
        let state = self.snapshot.points.get(property.place?)?;
        let text = state.known_text().and_then(|text| property.form.payload(&text)).unwrap_or_default();
        let said = self.said.get_mut(place)?;
        if said.as_ref() == Some(&text) {
            return None;
        }
        *said = Some(text.clone());
        Some(retained(property.topic.clone(), text))
    }

    fn alert_of(&mut self, place: usize) -> Option<Message> {
        let property: &Property = self.device.as_ref()?.properties.get(place)?;
        let (id, state) = (property.alert.clone()?, self.snapshot.points.get(property.place?)?);
        let wrong = state.wrong().filter(|_| state.quality != Quality::Unknown);
        let text = wrong.map(|wrong| format!("{}: {wrong}", property.title));
        self.alert(id, text)
    }

    /// What has not been told yet of an alert: None as its text means that it is over.
    fn alert(&mut self, id: String, text: Option<String>) -> Option<Message> {
        let topic = self.device.as_ref()?.alert_topic(&id);
        match text {
            Some(text) if self.alerts.get(&topic) == Some(&text) => None,
            Some(text) => {
                self.record_changed |= self.alerts.insert(topic.clone(), text.clone()).is_none();
                Some(retained(topic, text))
            }
            None => {
                self.alerts.remove(&topic)?;
                self.record_changed = true;
                Some(retained(topic, ""))
            }
        }
    }
}

fn compare(queue: &mut VecDeque<usize>, is_in: &mut [bool], property: usize) {
    if !std::mem::replace(&mut is_in[property], true) {
        queue.push_back(property);
    }
}

fn compare_first(queue: &mut VecDeque<usize>, is_in: &mut [bool], property: usize) {
    if !std::mem::replace(&mut is_in[property], true) {
        queue.push_front(property);
    }
}
