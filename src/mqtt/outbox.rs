//! What to publish next. Pure: it knows nothing of connections but when one starts.

mod devices;
mod faults;
mod kept;
mod order;
mod strangers;
mod vitals;

use super::Clearing;
use super::discovery::{self, Board, Device, Layout, Step};
use super::ledger::Record;
use super::reply::Answer;
use super::topics::{PointTopics, Topics};
use crate::house::Notification;
use crate::model::{Explanation, Kind, MqttSettings, Snapshot, Value, shown};
use order::{Group, Part, groups};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use vitals::VitalTopics;

/// This many told wait; then the oldest is dropped for each new one.
const TOLD: usize = 16_384;
/// What is said while nothing is wrong.
const NO_PROBLEM: &str = "none";

/// One message to publish, at QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) retain: bool,
    /// What it tells once, to be told again if the connection ends before the broker has it.
    pub(super) told: Option<Told>,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// To everybody.
    All(Notification),
    /// To whoever gave a command.
    Asker(Answer),
}

/// Compares the newest snapshot with what this connection was given.
#[derive(Debug)]
pub(super) struct Outbox {
    topics: Topics,
    discovery_prefix: Option<String>,
    /// The host of the broker, which may be reached at several ports.
    broker: String,
    snapshot: Arc<Snapshot>,
    points: Vec<PointTopics>,
    /// Which point and part a topic is.
    places: BTreeMap<String, (usize, Part)>,
    given: Vec<Given>,
    groups: Vec<Group>,
    /// By point: its group; None: it is another hub's, which tells of it itself.
    group_of: Vec<Option<usize>>,
    /// The groups of which something changed, each once, in the order in which they did: a point that never rests does not
    /// silence the others.
    to_compare: VecDeque<usize>,
    /// By group: whether it is there.
    is_to_compare: Vec<bool>,
    /// How many groups were never reached on this connection; after them it is told that we are online.
    to_reach: Option<usize>,
    /// The differences of one group, to be said in this order before anything newer.
    batch: VecDeque<Message>,
    board: Board,
    vitals: VitalTopics,
    /// What is announced with which device.
    layout: Layout,
    /// Devices to be announced.
    due: BTreeSet<Device>,
    /// Their announcements.
    announcements: VecDeque<Message>,
    /// Of the last announcement of each on this connection.
    announced: BTreeMap<Device, u64>,
    /// Devices of which Home Assistant is to let go, before anything is announced: something of theirs is now with another.
    moving: BTreeSet<Device>,
    /// Whether it was told so; and whether just now.
    let_go_said: bool,
    let_go_begins: bool,
    online_due: bool,
    online_said: bool,
    /// What is wrong with the hub itself, and what was last said of it.
    problem: Option<String>,
    problem_said: Option<String>,
    to_clear: VecDeque<String>,
    told: VecDeque<Told>,
    dropped: u64,
    /// An answer was asked for where none can go, and it was said.
    warned_of_reply: bool,
    /// What is wrong in the house is other than it was, and the hub tells after so many groups: all that waited then, so that
    /// a bus that fails has it told once, and not with each of its points; but also if there is always one more.
    faults_due: Option<usize>,
    closing: bool,
    clear_at_the_end: Option<String>,
    /// Retained topics of what is no longer there, until the broker has cleared them.
    gone_topics: BTreeSet<String>,
    clearing: bool,
    /// Components of what is no longer there, until Home Assistant has surely removed them.
    gone_components: Layout,
    step: Step,
    /// Whether Home Assistant is there; unknown after the broker was away.
    home_assistant: Option<bool>,
    /// What stays at the broker and in Home Assistant is other than it was.
    record_changed: bool,
    /// Parts that somebody else published last.
    foreign: BTreeSet<String>,
    /// Topics of which the broker did not take the last message, and may later.
    not_taken: BTreeSet<String>,
}

/// What this connection was given of one point.
#[derive(Clone, Debug, Default)]
struct Given {
    value: Option<Value>,
    text: Option<String>,
    explanation: Option<Arc<Explanation>>,
    because: Option<Arc<str>>,
    attributes: Option<String>,
    fault: Option<String>,
    /// Whether it was among the points in fault.
    is_counted: bool,
    online: Option<bool>,
}

impl Outbox {
    /// `record` is what earlier connections left.
    pub(super) fn new(settings: &MqttSettings, snapshot: Arc<Snapshot>, record: Record, board: Board) -> Outbox {
        let topics = Topics::new(&settings.prefix);
        let mut outbox = Outbox {
            vitals: VitalTopics::of(&board.vitals, &topics),
            topics,
            discovery_prefix: settings.discovery_prefix.clone(),
            broker: settings.host.clone(),
            snapshot,
            points: Vec::new(),
            places: BTreeMap::new(),
            given: Vec::new(),
            groups: Vec::new(),
            group_of: Vec::new(),
            to_compare: VecDeque::new(),
            is_to_compare: Vec::new(),
            to_reach: None,
            batch: VecDeque::new(),
            board,
            layout: Layout::new(),
            due: BTreeSet::new(),
            announcements: VecDeque::new(),
            announced: BTreeMap::new(),
            moving: BTreeSet::new(),
            let_go_said: false,
            let_go_begins: false,
            online_due: false,
            online_said: false,
            problem: None,
            problem_said: None,
            to_clear: VecDeque::new(),
            told: VecDeque::new(),
            dropped: 0,
            warned_of_reply: false,
            faults_due: None,
            closing: false,
            clear_at_the_end: None,
            gone_topics: BTreeSet::new(),
            clearing: false,
            gone_components: Layout::new(),
            step: Step::Removed,
            home_assistant: None,
            record_changed: true,
            foreign: BTreeSet::new(),
            not_taken: BTreeSet::new(),
        };
        outbox.index();
        if record.hub == *outbox.snapshot.config.hub.id {
            if outbox.discovery_prefix.is_some() {
                outbox.moving.extend(record.moving.iter().cloned());
            }
            outbox.gone(record.layout(), Vec::new());
        }
        if record.broker == outbox.broker {
            outbox.gone(Layout::new(), record.topics.into_iter().collect());
        }
        outbox.start();
        outbox
    }

    /// A connection begins: everything is told from the start, `online` last.
    pub(super) fn start(&mut self) {
        self.tell_all();
        (self.online_due, self.online_said) = (false, false);
        self.to_reach = Some(self.groups.len());
        (self.problem_said, self.clearing, self.let_go_said) = (None, false, false);
        self.announced.clear();
        self.home_assistant = None;
        self.foreign.clear();
        self.not_taken.clear();
        self.vitals.said.clear();
        self.count_faults();
        // With the announcement of another hub its device goes, and nobody listens to its topics any more.
        self.to_clear = self.gone_topics.iter().filter(|topic| topic.ends_with("/config")).cloned().collect();
        // Nobody presses a button now because somebody did while the broker was away.
        self.told.retain(|told| !matches!(told, Told::All(Notification::Clicked(..))));
    }

    /// Home Assistant has started: everything is told again, `online` before the states.
    pub(super) fn birth(&mut self) {
        self.home_assistant = Some(true);
        self.step = Step::Removed;
        self.tell_all();
        self.online_due = self.to_reach.is_none();
    }

    /// Other hubs believe that we are there as long as we say so now and then.
    pub(super) fn sign_of_life(&mut self) {
        if self.online_said && !self.closing {
            self.online_due = true;
            // What is wrong with a point may be worded anew with each of its messages.
            self.faults_are_due();
        }
    }

    /// Home Assistant is there or not, without having started just now.
    pub(super) fn home_assistant(&mut self, is_there: bool) {
        self.home_assistant = Some(is_there);
    }

    /// The house is now like this.
    pub(super) fn update(&mut self, snapshot: Arc<Snapshot>) {
        if Arc::ptr_eq(&snapshot, &self.snapshot) {
            return;
        }
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        if Arc::ptr_eq(&before.config, &self.snapshot.config) {
            let changed: Vec<usize> = self.snapshot.changes_since(&before).collect();
            changed.into_iter().for_each(|point| self.compare(point));
        } else {
            self.reload();
        }
    }

    /// What is wrong with the hub itself; None: all is well.
    pub(super) fn problem(&mut self, problem: Option<String>) {
        self.problem = problem;
    }

    /// Something is to be told once.
    pub(super) fn tell(&mut self, told: Notification) {
        self.queue(Told::All(told));
    }

    /// Whoever gave a command is to be told what came of it.
    pub(super) fn answer(&mut self, answer: Answer) {
        let Some(wrong) = answer.to.why_not(&self.topics, &self.snapshot.config) else {
            return self.queue(Told::Asker(answer));
        };
        let topic = shown(&answer.to.topic);
        if std::mem::replace(&mut self.warned_of_reply, true) {
            tracing::debug!("no answer goes to {topic}: {wrong}");
        } else {
            tracing::warn!("no answer goes to {topic}, where a command asks for it: {wrong}; see docs/mqtt.md");
        }
    }

    fn queue(&mut self, told: Told) {
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

    /// Retained commands are deleted before any state is said: one of them is too large to be read.
    pub(super) fn delete_commands(&mut self, topics: impl Iterator<Item = String>) {
        self.to_clear.extend(topics);
    }

    /// No more will come: after all that is still to be said, `offline` is the last. Topics that are not to be left are
    /// cleared instead, the hub's availability after its `offline`.
    pub(super) fn close(&mut self, clearing: Clearing) {
        (self.closing, self.online_due, self.to_reach) = (true, false, None);
        self.problem_said = Some(self.problem.clone().unwrap_or_else(|| NO_PROBLEM.into()));
        if clearing.topics {
            self.to_compare.clear();
            self.batch.clear();
            self.faults_due = None;
            let kept = self.points.iter().flat_map(PointTopics::all).filter(|topic| self.places.contains_key(*topic));
            self.to_clear.extend(kept.map(String::from));
            self.to_clear.push_back(self.topics.problem());
            self.to_clear.extend(std::mem::take(&mut self.vitals.wanted).into_keys());
            self.clear_at_the_end = Some(self.topics.availability());
        }
    }

    /// Takes back the announcement, if there is one, before anything else is cleared.
    pub(super) fn take_back_discovery(&mut self) {
        (self.due, self.moving) = Default::default();
        self.announcements.clear();
        let topics = self.discovery_topics();
        self.to_clear.extend(topics);
    }

    /// The next message, if there is anything to say. It counts as given.
    pub(super) fn next(&mut self) -> Option<Message> {
        if let Some(message) = self.discovery() {
            return Some(message);
        }
        if let Some(topic) = self.to_clear.pop_front() {
            return Some(retained(topic, String::new()));
        }
        let problem = self.problem.as_deref().unwrap_or(NO_PROBLEM);
        if self.problem_said.as_deref() != Some(problem) {
            self.problem_said = Some(problem.into());
            return Some(retained(self.topics.problem(), problem.into()));
        }
        if std::mem::take(&mut self.online_due) {
            return Some(self.online());
        }
        if let Some(message) = self.next_vital() {
            return Some(message);
        }
        loop {
            if let Some(message) = self.batch.pop_front() {
                return Some(message);
            }
            if self.faults_due == Some(0) {
                self.count_faults();
                if let Some(message) = self.next_vital() {
                    return Some(message);
                }
            }
            if self.to_reach == Some(0) {
                self.to_reach = None;
                return Some(self.online());
            }
            let Some(place) = self.to_compare.pop_front() else { break };
            self.is_to_compare[place] = false;
            self.to_reach = self.to_reach.map(|groups| groups - 1);
            self.faults_due = self.faults_due.map(|groups| groups.saturating_sub(1));
            let mut last = Vec::new();
            for part in 0..self.groups[place].len() {
                let (point, part) = self.groups[place][part];
                // What comes back is shown when its old value is not any more.
                let comes_back = part == Part::Availability && self.given[point].online == Some(false);
                let difference = self.difference(point, part);
                if comes_back { last.extend(difference) } else { self.batch.extend(difference) }
            }
            self.batch.extend(last);
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
        self.batch.clear();
        self.to_compare = (0..self.groups.len()).collect();
        self.is_to_compare = vec![true; self.groups.len()];
        self.to_reach = self.to_reach.map(|_| self.groups.len());
        self.all_devices_due();
    }

    /// Something of a point may not have been said yet.
    fn compare(&mut self, point: usize) {
        let Some(group) = self.group_of[point] else { return };
        if !std::mem::replace(&mut self.is_to_compare[group], true) {
            self.to_compare.push_back(group);
        }
    }

    fn index(&mut self) {
        let config = &self.snapshot.config;
        self.layout = discovery::layout(config, &self.topics, &self.board);
        self.points = config.specs().iter().map(|spec| self.topics.of_point(&spec.name)).collect();
        self.groups = groups(config);
        self.group_of = vec![None; self.points.len()];
        for (place, group) in self.groups.iter().enumerate() {
            group.iter().for_each(|(point, _)| self.group_of[*point] = Some(place));
        }
        let parts = |(place, topics): (usize, &PointTopics)| {
            [
                (&topics.state, Part::State),
                (&topics.why, Part::Why),
                (&topics.attributes, Part::Attributes),
                (&topics.fault, Part::Fault),
                (&topics.availability, Part::Availability),
            ]
            .map(|(topic, part)| (topic.clone(), (place, part)))
        };
        let specs = config.specs();
        let told = |(place, _): &(usize, &PointTopics)| !config.is_of_another_hub(specs[*place].owner);
        self.places = self.points.iter().enumerate().filter(told).flat_map(parts).collect();
        self.count_faults();
    }

    fn reload(&mut self) {
        let before = std::mem::take(&mut self.layout);
        let topics: Vec<String> = self.places.keys().cloned().collect();
        self.index();
        self.tell_all();
        self.gone(before, topics);
        self.record_changed = true;
    }

    fn online(&mut self) -> Message {
        self.online_said = true;
        retained(self.topics.availability(), "online".into())
    }

    /// What was not said yet of a part of a point.
    fn difference(&mut self, point: usize, part: Part) -> Option<Message> {
        let (state, topics) = (self.snapshot.points.get(point)?, &self.points[point]);
        let spec = self.snapshot.config.specs().get(point)?;
        let given = &mut self.given[point];
        match part {
            // What happens is told when it does.
            Part::State if matches!(spec.kind, Kind::Event(_)) => None,
            Part::State => {
                if given.value == state.value && state.value.is_some() {
                    return None;
                }
                given.value.clone_from(&state.value);
                // A thermostat of Home Assistant looks at no availability of its temperatures: it forgets them so.
                let is_number = spec.is_part() && matches!(spec.kind, Kind::Number(_));
                let text = state.text().or_else(|| is_number.then(|| "None".to_owned()));
                // Two numbers may read the same.
                let text = text.filter(|text| given.text.as_ref() != Some(text))?;
                given.text = Some(text.clone());
                Some(retained(topics.state.clone(), text))
            }
            Part::Why if state.because.is_some() => {
                let line = &state.because.as_ref()?.line;
                let same = given.because.as_ref() == Some(line);
                given.because = Some(line.clone());
                (!same).then(|| retained(topics.why.clone(), line.to_string()))
            }
            Part::Why => {
                let explanation = state.explanation.as_ref()?;
                let same = given
                    .explanation
                    .as_ref()
                    .is_some_and(|given| Arc::ptr_eq(given, explanation) || given.line == explanation.line);
                given.explanation = Some(explanation.clone());
                (!same).then(|| retained(topics.why.clone(), explanation.line.clone()))
            }
            Part::Attributes => {
                let attributes = state.attributes(&self.snapshot.config).filter(|_| spec.is_decided)?;
                // Texts and words always make a JSON object.
                let text = serde_json::to_string(&attributes).unwrap_or_default();
                (given.attributes.replace(text.clone()).as_ref() != Some(&text))
                    .then(|| retained(topics.attributes.clone(), text))
            }
            Part::Fault => {
                let is_counted = faults::is_counted(&self.snapshot.config, spec, state);
                let others = std::mem::replace(&mut given.is_counted, is_counted) != is_counted;
                let text = state.wrong().unwrap_or(NO_PROBLEM).to_owned();
                let is_news = given.fault.replace(text.clone()).as_ref() != Some(&text);
                let message = is_news.then(|| retained(topics.fault.clone(), text));
                if others {
                    self.faults_are_due();
                }
                message
            }
            Part::Availability => {
                let online = state.is_believed(&self.snapshot.config);
                (given.online.replace(online) != Some(online))
                    .then(|| retained(topics.availability.clone(), availability(online).into()))
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
            Told::All(Notification::Refused(refused)) => {
                (self.topics.error(), serde_json::to_string(refused).unwrap_or_default())
            }
            Told::All(Notification::Notice(notice)) => {
                (self.topics.notify(), serde_json::to_string(notice).unwrap_or_default())
            }
            Told::All(Notification::Clicked(point, click)) => (self.topics.of_point(point).state, (*click).to_owned()),
            Told::Asker(answer) => (answer.to.topic.clone(), answer.payload.clone()),
        };
        Message { topic, payload, retain: false, told: Some(told) }
    }
}

fn availability(online: bool) -> &'static str {
    if online { "online" } else { "offline" }
}

fn retained(topic: String, payload: String) -> Message {
    Message { topic, payload, retain: true, told: None }
}

#[cfg(test)]
mod large;
#[cfg(test)]
mod tests;
