//! Points of other hubs: what of their messages may be believed, and when. It neither connects nor reads a clock.
//!
//! A hub tells its points retained, so what the broker keeps is as good as news, but only while three things hold: the hub is
//! there (its availability, which is its last will as well), it has shown so lately (it repeats it, see
//! [`SIGN_OF_LIFE`](crate::model::SIGN_OF_LIFE)), and it says of the very point that it is good. What is told of a point waits
//! here until all that is known, and is told again when it is so again.

use super::payload::Payload;
use crate::{
    clock::{Moment, Now},
    model::{Config, InputKind, Line, OtherHub, Remote, SensorSource, duration},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What a broker keeps comes within this time, if it comes at all.
const GRACE: Duration = Duration::from_secs(5);

/// What a point is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Passed {
    /// It can be believed, after it could not.
    Opened,
    /// This was said of it, on this topic.
    Says(Arc<str>, Vec<u8>),
    /// What was said on this topic is not known there any more.
    Unknown(Arc<str>),
    /// Nobody knows what it is, for this reason.
    Gone(String),
}

/// All other hubs, and what this house uses of them.
pub(crate) struct Gate {
    hubs: BTreeMap<Arc<str>, Hub>,
    /// By the id that they have here.
    points: BTreeMap<Arc<str>, Used>,
}

/// One hub, by the topic on which it says that it is there.
struct Hub {
    name: Arc<str>,
    silent_after: Duration,
    /// What it said last on this connection.
    is_there: Option<bool>,
    /// When it did, or when we began to listen.
    sign: Moment,
    /// Since when it is there, as far as we heard.
    since: Option<Moment>,
    is_silent: bool,
}

/// What is used of a hub under one id.
struct Used {
    owner: Arc<OtherHub>,
    /// Where it is told.
    topics: BTreeSet<Arc<str>>,
    /// It tells what happens, which is over then.
    is_event: bool,
    /// By topic: whether the hub says that it is good.
    good: BTreeMap<Arc<str>, Good>,
    /// What was last said on each topic.
    said: BTreeMap<Arc<str>, Vec<u8>>,
    /// On this connection, all was heard that says that it can be believed.
    is_open: bool,
    /// What was last told of it: that it can be believed, or why not.
    told: Option<Result<(), String>>,
}

/// Whether a hub says of a point that it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Good {
    NotHeard,
    Yes,
    No,
    /// What it said was deleted: it has no such point any more.
    Deleted,
}

/// What all that was heard comes to.
enum Verdict {
    Open,
    /// More may come at any moment.
    Wait,
    Gone(String),
}

impl Gate {
    /// Of no hubs yet.
    pub(crate) fn new() -> Gate {
        Gate { hubs: BTreeMap::new(), points: BTreeMap::new() }
    }

    /// Takes over a configuration; what stays the same keeps what is known of it.
    pub(crate) fn follow(&mut self, config: &Config, now: Now) {
        let (mut hubs, mut points) = (std::mem::take(&mut self.hubs), std::mem::take(&mut self.points));
        for (id, used) in owned(config) {
            let alive = used.owner.alive.clone();
            let hub = hubs.remove(&alive).unwrap_or_else(|| Hub::new(&used.owner, now));
            let hub = self.hubs.entry(alive).or_insert(hub);
            (hub.name, hub.silent_after) = (used.owner.name.clone(), used.owner.silent_after);
            let is_same = |before: &Used| before.owner == used.owner && before.topics == used.topics;
            let used = points.remove(&id).filter(is_same).unwrap_or(used);
            self.points.insert(id, used);
        }
    }

    /// The topics that say what can be believed.
    pub(crate) fn topics(&self) -> impl Iterator<Item = Arc<str>> {
        let good = self.points.values().flat_map(|point| point.good.keys().cloned());
        self.hubs.keys().cloned().chain(good)
    }

    /// There is a connection, on which everything is heard anew.
    pub(crate) fn connected(&mut self, now: Now) {
        for hub in self.hubs.values_mut() {
            (hub.is_there, hub.sign, hub.since, hub.is_silent) = (None, now.moment, None, false);
        }
        for point in self.points.values_mut() {
            point.good.values_mut().for_each(|good| *good = Good::NotHeard);
            point.said.clear();
            point.is_open = false;
        }
    }

    /// A message came in. What follows from it, by the ids of points.
    pub(crate) fn hear(&mut self, topic: &str, bytes: &[u8], now: Now) -> Vec<(Arc<str>, Passed)> {
        let mut passed = Vec::new();
        let says = match &*Payload::of(bytes).availability().to_ascii_lowercase() {
            "online" => Some(true),
            "offline" | "" => Some(false),
            _ => None,
        };
        if let (Some(hub), Some(is_there)) = (self.hubs.get_mut(topic), says) {
            hub.is_there = Some(is_there);
            (hub.sign, hub.is_silent) = (now.moment, false);
            hub.since = if is_there { hub.since.or(Some(now.moment)) } else { None };
            let of_hub = |point: &&mut Used| *point.owner.alive == *topic;
            for point in self.points.values_mut().filter(of_hub) {
                // What it does not say anew, it stands by.
                point.is_open = false;
            }
        }
        for (id, point) in &mut self.points {
            let is_hub = *point.owner.alive == *topic;
            if let (Some(good), Some(says)) = (point.good.get_mut(topic), says) {
                *good = match says {
                    true => Good::Yes,
                    false if bytes.is_empty() => Good::Deleted,
                    false => Good::No,
                };
                let detail = point.owner.details.iter().find(|detail| *detail.good == *topic);
                let told = detail.filter(|_| point.is_open && !bytes.is_empty()).map(|detail| detail.told.clone());
                passed.extend(told.and_then(|told| Some((id.clone(), point.says(&told)?))));
            } else if let Some(told) = point.topics.get(topic) {
                let told = told.clone();
                match bytes.is_empty() {
                    true => drop(point.said.remove(&told)),
                    false if point.is_event => {}
                    false => drop(point.said.insert(told.clone(), bytes.to_vec())),
                }
                if point.is_open && !bytes.is_empty() {
                    let says = || Passed::Says(told.clone(), bytes.to_vec());
                    let says = if point.is_event { Some(says()) } else { point.says(&told) };
                    passed.extend(says.map(|says| (id.clone(), says)));
                }
                continue;
            } else if !is_hub {
                continue;
            }
            if let Some(hub) = self.hubs.get(&point.owner.alive) {
                point.judge(id, hub, now, &mut passed);
            }
        }
        passed
    }

    /// Time has passed: who was silent for too long is gone, and what did not come by now does not come.
    pub(crate) fn update(&mut self, now: Now) -> Vec<(Arc<str>, Passed)> {
        let mut passed = Vec::new();
        for hub in self.hubs.values_mut() {
            hub.is_silent |= now.moment >= hub.sign + hub.silent_after;
        }
        for (id, point) in &mut self.points {
            if let Some(hub) = self.hubs.get(&point.owner.alive) {
                point.judge(id, hub, now, &mut passed);
            }
        }
        passed
    }

    /// When [`Gate::update`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        let silent = self.hubs.values().filter(|hub| !hub.is_silent).map(|hub| hub.sign + hub.silent_after);
        let waits = |point: &&Used| point.told.is_none() || point.good.values().any(|good| *good == Good::NotHeard);
        let waiting = self.points.values().filter(waits).filter(|point| !matches!(point.told, Some(Err(_))));
        let heard = waiting.filter_map(|point| {
            let hub = self.hubs.get(&point.owner.alive)?;
            match hub.is_there {
                None if point.told.is_none() => Some(hub.sign + GRACE),
                Some(true) => hub.since.map(|since| since + GRACE),
                _ => None,
            }
        });
        silent.chain(heard).min()
    }

    /// Why a cover, or a part of it, cannot be moved, as far as is known: one that is away or in fault there.
    pub(crate) fn closed(&self, id: &str) -> Option<String> {
        self.points.get(id)?.told.clone()?.err()
    }

    /// Whether all was heard by which this can be believed.
    pub(crate) fn is_open(&self, id: &str) -> bool {
        self.points.get(id).is_some_and(|point| point.is_open)
    }

    /// Why a point cannot be commanded, as far as is known. One that is in fault there can.
    pub(crate) fn absence(&self, remote: &Remote) -> Option<String> {
        let owner = remote.owner.as_ref()?;
        let point = self.points.values().find(|point| point.owner == *owner)?;
        let is_there = point.good.values().all(|good| matches!(good, Good::Yes | Good::No));
        let gone = point.told.clone().and_then(Result::err).filter(|_| !is_there);
        self.hubs.get(&owner.alive).and_then(Hub::is_gone).or(gone)
    }
}

/// What a house uses of other hubs, by the id that it has here; nothing is known of it yet.
fn owned(config: &Config) -> Vec<(Arc<str>, Used)> {
    let mut all = Vec::new();
    let mut of_line = |id: &Arc<str>, line: &Line, is_event: bool| {
        let Some(remote) = line.remote() else { return };
        let Some(owner) = &remote.owner else { return };
        let topics = remote.state.iter().map(|told| told.topic.clone()).collect();
        all.push((id.clone(), Used::new(owner.clone(), topics, is_event)));
    };
    config.inputs.iter().for_each(|input| of_line(&input.id, &input.line, input.kind == InputKind::Button));
    for output in &config.outputs {
        output.line.iter().for_each(|line| of_line(&output.id, line, false));
    }
    // The parts of a cover are lines: they say whether it can be moved.
    for output in &config.outputs {
        let Some(mover) = output.method.mover() else { continue };
        let Some(owner) = &mover.remote.owner else { continue };
        all.push((output.id.clone(), Used::new(owner.clone(), mover.remote.told().cloned().collect(), false)));
    }
    for sensor in &config.sensors {
        let SensorSource::Remote(remote) = &sensor.source else { continue };
        let Some(owner) = &remote.owner else { continue };
        let topics = remote.channels.iter().map(|channel| channel.told.topic.clone()).collect();
        all.push((sensor.id.clone(), Used::new(owner.clone(), topics, false)));
    }
    all
}

impl Hub {
    fn new(owner: &OtherHub, now: Now) -> Hub {
        Hub {
            name: owner.name.clone(),
            silent_after: owner.silent_after,
            is_there: None,
            sign: now.moment,
            since: None,
            is_silent: false,
        }
    }

    fn is_gone(&self) -> Option<String> {
        let name = &self.name;
        match self.is_there {
            Some(false) => Some(format!("the hub {name} is offline")),
            _ if self.is_silent => {
                let silent = duration::spell(self.silent_after);
                Some(format!("the hub {name} has given no sign of life for {silent}"))
            }
            _ => None,
        }
    }
}

impl Used {
    fn new(owner: Arc<OtherHub>, topics: BTreeSet<Arc<str>>, is_event: bool) -> Used {
        let details = owner.details.iter().map(|detail| &detail.good);
        let good = owner.points.iter().map(|(_, topic)| topic).chain(details);
        let good = good.map(|topic| (topic.clone(), Good::NotHeard)).collect();
        Used { owner, topics, is_event, good, said: BTreeMap::new(), is_open: false, told: None }
    }

    /// The name there of what a topic says whether it is good.
    fn name_of(&self, topic: &str) -> &str {
        let details = self.owner.details.iter().map(|detail| (&detail.name, &detail.good));
        let mut all = self.owner.points.iter().map(|(name, good)| (name, good)).chain(details);
        all.find(|(_, good)| ***good == *topic).map_or("", |(name, _)| name)
    }

    /// What there is to say of this topic, as far as it was heard.
    fn says(&self, topic: &Arc<str>) -> Option<Passed> {
        let detail = self.owner.details.iter().find(|detail| detail.told == *topic);
        if detail.is_some_and(|detail| self.good.get(&detail.good) == Some(&Good::No)) {
            return Some(Passed::Unknown(topic.clone()));
        }
        Some(Passed::Says(topic.clone(), self.said.get(topic)?.clone()))
    }

    fn verdict(&self, hub: &Hub, now: Now) -> Verdict {
        if let Some(gone) = hub.is_gone() {
            return Verdict::Gone(gone);
        }
        let is_late = |since: Moment| now.moment >= since + GRACE;
        let Some(since) = hub.since else {
            // What was believed before a connection broke is believed until the hub is silent for too long.
            return match self.told.is_none() && is_late(hub.sign) {
                true => {
                    Verdict::Gone(format!("no hub {} is known at the broker: {} is empty", hub.name, self.owner.alive))
                }
                false => Verdict::Wait,
            };
        };
        let may_be_unknown = |topic: &Arc<str>| self.owner.details.iter().any(|detail| detail.good == *topic);
        let of = |wanted: Good| {
            let counts = |topic| wanted != Good::No || !may_be_unknown(topic);
            self.good.iter().find(|(topic, good)| **good == wanted && counts(topic)).map(|(topic, _)| topic)
        };
        if let Some(topic) = of(Good::Deleted) {
            Verdict::Gone(format!("the hub {} has no point {} any more", hub.name, self.name_of(topic)))
        } else if let Some(topic) = of(Good::No) {
            Verdict::Gone(format!("the hub {} says that {} cannot be believed", hub.name, self.name_of(topic)))
        } else if let Some(topic) = of(Good::NotHeard) {
            match is_late(since) {
                true => Verdict::Gone(format!("the hub {} has no point {}", hub.name, self.name_of(topic))),
                false => Verdict::Wait,
            }
        } else {
            Verdict::Open
        }
    }

    fn judge(&mut self, id: &Arc<str>, hub: &Hub, now: Now, passed: &mut Vec<(Arc<str>, Passed)>) {
        match self.verdict(hub, now) {
            Verdict::Wait => {}
            Verdict::Open => {
                if self.told != Some(Ok(())) {
                    self.told = Some(Ok(()));
                    passed.push((id.clone(), Passed::Opened));
                }
                if !std::mem::replace(&mut self.is_open, true) {
                    let said = self.topics.iter().filter_map(|topic| self.says(topic));
                    passed.extend(said.map(|says| (id.clone(), says)));
                }
            }
            Verdict::Gone(text) => {
                self.is_open = false;
                if !matches!(&self.told, Some(Err(told)) if *told == text) {
                    self.told = Some(Err(text.clone()));
                    passed.push((id.clone(), Passed::Gone(text)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Detail, Input, Told, Via, Words};
    use chrono::{DateTime, Utc};

    fn at(seconds: u64) -> Now {
        let wall: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
        let since = Duration::from_secs(seconds);
        Now { moment: Moment::START + since, wall: wall + since, wall_known: true }
    }

    fn gate(kind: InputKind) -> Gate {
        let owner = OtherHub {
            name: "garage".into(),
            alive: "g/availability".into(),
            release: "AUTO by house".into(),
            points: vec![("door".into(), "g/door/availability".into())],
            details: Vec::new(),
            silent_after: Duration::from_secs(180),
        };
        let remote = Remote {
            state: Some(Told { topic: "g/door/state".into(), pointer: "".into() }),
            words: Words { on: vec!["ON".into()], off: vec!["OFF".into()] },
            owner: Some(Arc::new(owner)),
            ..Remote::plain(Via::Broker)
        };
        let input = Input::plain("garage.door", kind, Line::Remote(Arc::new(remote)));
        let config = Config { inputs: vec![input], ..Config::empty("house") };
        let mut gate = Gate::new();
        gate.follow(&config, at(0));
        gate.connected(at(0));
        gate
    }

    fn texts(passed: Vec<(Arc<str>, Passed)>) -> Vec<String> {
        let text = |(_, passed)| match passed {
            Passed::Opened => "opened".to_owned(),
            Passed::Says(topic, bytes) => format!("{topic} {}", String::from_utf8_lossy(&bytes)),
            Passed::Unknown(topic) => format!("{topic} is not known"),
            Passed::Gone(text) => text,
        };
        passed.into_iter().map(text).collect()
    }

    fn hear(gate: &mut Gate, topic: &str, payload: &str, seconds: u64) -> Vec<String> {
        texts(gate.hear(topic, payload.as_bytes(), at(seconds)))
    }

    fn open(gate: &mut Gate) {
        hear(gate, "g/availability", "online", 1);
        hear(gate, "g/door/availability", "online", 1);
        hear(gate, "g/door/state", "ON", 1);
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn what_is_told_waits_until_hub_and_point_are_good_in_whatever_order_that_is_heard() {
        let messages = [("g/availability", "online"), ("g/door/availability", "online"), ("g/door/state", "ON")];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut gate = gate(InputKind::Door);
            let all = order.map(|place| hear(&mut gate, messages[place].0, messages[place].1, 1)).concat();
            assert_eq!(all, ["opened", "g/door/state ON"], "{order:?}");
        }
    }

    #[test]
    fn a_last_will_ends_it_and_a_return_begins_it_again_with_what_was_said() {
        let mut gate = gate(InputKind::Door);
        open(&mut gate);
        assert_eq!(hear(&mut gate, "g/door/state", "OFF", 2), ["g/door/state OFF"]);
        assert_eq!(hear(&mut gate, "g/availability", "offline", 3), ["the hub garage is offline"]);
        // It tells all of its points before it says that it is there.
        assert_eq!(hear(&mut gate, "g/door/state", "ON", 4), NOTHING);
        assert_eq!(hear(&mut gate, "g/availability", "online", 4), ["opened", "g/door/state ON"]);
        assert_eq!(hear(&mut gate, "g/availability", "online", 60), ["g/door/state ON"], "it stands by that");
        let offline = hear(&mut gate, "g/door/availability", "offline", 61);
        assert_eq!(offline, ["the hub garage says that door cannot be believed"]);
        assert_eq!(hear(&mut gate, "g/door/availability", "online", 62), ["opened", "g/door/state ON"]);
    }

    #[test]
    fn a_hub_that_is_silent_is_gone_though_the_broker_still_says_that_it_is_there() {
        let mut gate = gate(InputKind::Door);
        open(&mut gate);
        assert_eq!(gate.next_due(), Some(at(181).moment));
        assert_eq!(texts(gate.update(at(180))), NOTHING);
        let text = "the hub garage has given no sign of life for 3m";
        assert_eq!(texts(gate.update(at(181))), [text]);
        assert_eq!(texts(gate.update(at(200))), NOTHING, "once");
        assert_eq!(gate.next_due(), None);
        assert_eq!(hear(&mut gate, "g/availability", "online", 201), ["opened", "g/door/state ON"]);
        // A broken connection alone says nothing of it, until it is silent for too long.
        gate.connected(at(300));
        assert_eq!(texts(gate.update(at(320))), NOTHING);
        assert_eq!(texts(gate.update(at(480))), [text]);
    }

    #[test]
    fn a_point_that_is_not_there_or_not_any_more_is_told() {
        let mut other = gate(InputKind::Door);
        hear(&mut other, "g/availability", "online", 1);
        assert_eq!(other.next_due(), Some(at(6).moment));
        assert_eq!(texts(other.update(at(6))), ["the hub garage has no point door"]);
        assert_eq!(other.next_due(), Some(at(181).moment));
        let mut renamed = gate(InputKind::Door);
        open(&mut renamed);
        assert_eq!(hear(&mut renamed, "g/door/state", "", 2), NOTHING);
        assert_eq!(hear(&mut renamed, "g/door/availability", "", 2), ["the hub garage has no point door any more"]);
        let mut nobody = gate(InputKind::Door);
        assert_eq!(nobody.next_due(), Some(at(5).moment));
        assert_eq!(texts(nobody.update(at(5))), ["no hub garage is known at the broker: g/availability is empty"]);
    }

    #[test]
    fn a_position_that_is_not_known_there_leaves_the_cover_good() {
        let mut gate = gate(InputKind::Door);
        let detail = Detail {
            name: "door.position".into(),
            told: "g/door/position/state".into(),
            good: "g/door/position/availability".into(),
        };
        for point in gate.points.values_mut() {
            let owner = OtherHub { details: vec![detail.clone()], ..OtherHub::clone(&point.owner) };
            let topics = ["g/door/state", "g/door/position/state"].map(Arc::from);
            *point = Used::new(Arc::new(owner), topics.into_iter().collect(), false);
        }
        open(&mut gate);
        assert_eq!(gate.next_due(), Some(at(6).moment), "it may have no position");
        let known = ["opened", "g/door/position/state is not known", "g/door/state ON"];
        assert_eq!(hear(&mut gate, "g/door/position/availability", "offline", 2), known);
        // What the broker kept of it is not so any more.
        assert_eq!(hear(&mut gate, "g/door/position/state", "40", 3), ["g/door/position/state is not known"]);
        assert_eq!(hear(&mut gate, "g/door/position/availability", "online", 4), ["g/door/position/state 40"]);
        assert_eq!(hear(&mut gate, "g/door/position/state", "50", 5), ["g/door/position/state 50"]);
        let again = ["g/door/position/state 50", "g/door/state ON"];
        assert_eq!(hear(&mut gate, "g/availability", "online", 60), again);
        let lost = ["g/door/position/state is not known"];
        assert_eq!(hear(&mut gate, "g/door/position/availability", "offline", 61), lost);
        let gone = ["the hub garage has no point door.position any more"];
        assert_eq!(hear(&mut gate, "g/door/position/availability", "", 62), gone);
        assert!(gate.closed("garage.door").is_some() && !gate.is_open("garage.door"));
        assert_eq!(gate.closed("garage.lamp"), None);
    }

    #[test]
    fn what_happened_is_not_told_again() {
        let mut gate = gate(InputKind::Button);
        hear(&mut gate, "g/door/state", "click", 1);
        open(&mut gate);
        assert_eq!(hear(&mut gate, "g/door/state", "double", 2), ["g/door/state double"]);
        assert_eq!(hear(&mut gate, "g/availability", "online", 60), NOTHING);
    }
}
