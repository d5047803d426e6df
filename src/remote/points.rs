//! What is known of the points on the broker, and what is to be told of them: messages in, events out. It neither connects
//! nor reads a clock.

use super::{
    covers::CoverPoint,
    hubs::{Gate, Passed},
    outputs::{Order, OutputPoint},
    payload::{Found, LONGEST, Payload, SHOWN},
};
use crate::{
    clock::{Moment, Now, Zone},
    model::{
        Availability, Config, Event, InputId, Line, OutputId, Owner, Quantity, ReadFailure, Remote, RemoteSensor,
        SensorId, Via, duration, shown,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Without a connection for so long, nobody knows what became of a point that may be silent for ever otherwise.
const LOST_AFTER: Duration = Duration::from_secs(120);

/// What an input that may be silent for ever said so long ago, the broker may have kept for ever.
const RETAINED_FOR: Duration = Duration::from_secs(86_400);

/// All points that are brought one way.
pub(crate) struct Points {
    via: Via,
    zone: Zone,
    inputs: BTreeMap<Arc<str>, InputPoint>,
    sensors: BTreeMap<Arc<str>, SensorPoint>,
    pub(crate) outputs: BTreeMap<Arc<str>, OutputPoint>,
    pub(crate) covers: BTreeMap<Arc<str>, CoverPoint>,
    /// What says that a device is not there.
    offline: BTreeSet<Availability>,
    /// The topics of availability of which an unknown word was logged.
    puzzling: BTreeSet<Arc<str>>,
    /// Since when there is no connection; None: there is one.
    away_since: Option<Moment>,
    /// What of other hubs can be believed.
    gate: Gate,
}

struct InputPoint {
    remote: Arc<Remote>,
    /// When it was heard of, in a message that is believed.
    heard: Option<Moment>,
    /// What was last told of it; None: nothing yet.
    told: Option<Result<bool, String>>,
    /// Of a button that counts its clicks: how many it last told; None: nothing since there is a connection, or since
    /// it is back.
    count: Option<u64>,
    /// That its messages have nothing at its pointer was logged.
    is_puzzling: bool,
}

struct SensorPoint {
    remote: RemoteSensor,
    stale_after: Duration,
    heard: bool,
    is_puzzling: bool,
    /// What it last told.
    last: Vec<(Quantity, f64)>,
}

impl Points {
    /// Those of a house, of which nothing is known yet.
    pub(crate) fn new(via: Via, now: Now) -> Points {
        Points {
            via,
            zone: Zone::UTC,
            inputs: BTreeMap::new(),
            sensors: BTreeMap::new(),
            outputs: BTreeMap::new(),
            covers: BTreeMap::new(),
            offline: BTreeSet::new(),
            puzzling: BTreeSet::new(),
            away_since: Some(now.moment),
            gate: Gate::new(),
        }
    }

    /// It is another broker: what one says is nothing that the other said.
    pub(crate) fn forget(&mut self) {
        let Points { via: _, zone: _, inputs, sensors, outputs: _, covers, offline, puzzling, away_since: _, gate } =
            self;
        inputs.clear();
        sensors.clear();
        covers.clear();
        offline.clear();
        puzzling.clear();
        *gate = Gate::new();
    }

    /// Takes over a configuration; what stays the same keeps what is known of it.
    pub(crate) fn follow(&mut self, config: &Config, now: Now) {
        if self.via == Via::Broker {
            self.gate.follow(config, now);
        }
        self.zone = config.hub.timezone;
        let mut before = std::mem::take(&mut self.inputs);
        for (index, input) in config.inputs.iter().enumerate() {
            let Some(remote) = input.line.remote().filter(|remote| remote.via == self.via) else { continue };
            let same = config
                .ids_before(Owner::Input(InputId(index)))
                .find_map(|id| before.remove(&id))
                .filter(|point| point.remote == *remote);
            let new =
                || InputPoint { remote: remote.clone(), heard: None, told: None, count: None, is_puzzling: false };
            self.inputs.insert(input.id.clone(), same.unwrap_or_else(new));
        }
        let mut before = std::mem::take(&mut self.sensors);
        for (index, sensor) in config.sensors.iter().enumerate() {
            let Some(remote) = sensor.remote().filter(|remote| remote.via == self.via) else { continue };
            let same = config
                .ids_before(Owner::Sensor(SensorId(index)))
                .find_map(|id| before.remove(&id))
                .filter(|point| point.remote == *remote);
            let new = || SensorPoint {
                remote: remote.clone(),
                stale_after: sensor.stale_after,
                heard: false,
                is_puzzling: false,
                last: Vec::new(),
            };
            let point = SensorPoint { stale_after: sensor.stale_after, ..same.unwrap_or_else(new) };
            self.sensors.insert(sensor.id.clone(), point);
        }
        let mut before = std::mem::take(&mut self.outputs);
        for (index, output) in config.outputs.iter().enumerate() {
            let remote = output.line.as_ref().and_then(Line::remote).filter(|remote| remote.via == self.via);
            let Some(remote) = remote else { continue };
            let same = config
                .ids_before(Owner::Output(OutputId(index)))
                .find_map(|id| before.remove(&id))
                .filter(|point| point.remote == *remote);
            self.outputs.insert(output.id.clone(), same.unwrap_or_else(|| OutputPoint::new(remote.clone())));
        }
        let mut before = std::mem::take(&mut self.covers);
        for (index, output) in config.outputs.iter().enumerate() {
            let Some(mover) = output.method.mover().filter(|mover| mover.remote.via == self.via) else { continue };
            let same = config
                .ids_before(Owner::Output(OutputId(index)))
                .find_map(|id| before.remove(&id))
                .filter(|point| point.remote == mover.remote);
            self.covers.insert(output.id.clone(), same.unwrap_or_else(|| CoverPoint::new(mover.remote.clone())));
        }
    }

    /// The topics to be asked for, each once: first those that say who is there, so that what is retained of others is not
    /// believed.
    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        let outputs = self.outputs.values().map(|point| &point.remote);
        let covers = self.covers.values().map(|point| &point.remote);
        let remotes = self.inputs.values().map(|point| &point.remote).chain(outputs).chain(covers);
        let there = self.availabilities().map(|(_, there)| there.topic.clone()).chain(self.gate.topics());
        let mut topics: Vec<Arc<str>> = there.collect::<BTreeSet<_>>().into_iter().collect();
        let told = remotes.flat_map(|remote| remote.told());
        let of_sensors = self.sensors.values().flat_map(|point| &point.remote.channels);
        let told = told.chain(of_sensors.map(|channel| &channel.told.topic));
        let told: BTreeSet<Arc<str>> = told.filter(|topic| !topics.contains(topic)).cloned().collect();
        topics.extend(told);
        topics
    }

    /// There is a connection, from which everything is heard anew; or there is none any more.
    pub(crate) fn connected(&mut self, is_connected: bool, now: Now) {
        if is_connected {
            // What the broker keeps of it comes again.
            self.offline.clear();
            self.away_since = None;
            self.gate.connected(now);
            self.covers.values_mut().for_each(|cover| cover.is_to_ask = true);
            // What was clicked while nobody listened is long over.
            self.inputs.values_mut().for_each(|point| point.count = None);
        } else if self.away_since.is_none() {
            self.away_since = Some(now.moment);
        }
    }

    /// A message came in.
    pub(crate) fn hear(&mut self, topic: &str, bytes: &[u8], retained: bool, now: Now) -> Vec<Event> {
        let mut events = Vec::new();
        if bytes.len() > LONGEST {
            tracing::debug!("a message of {} bytes on {} is not looked at", bytes.len(), shown(topic));
            return events;
        }
        let payload = Payload::of(bytes);
        let message = Message { topic, payload: &payload, retained, zone: self.zone, now };
        // A retained click is none, whoever owns the button.
        let passed = self.gate.hear(topic, bytes, now);
        self.pass(passed, retained, now, &mut events);
        self.hear_availability(&message, &mut events);
        let offline = &self.offline;
        for (id, point) in self.inputs.iter_mut().filter(|(_, point)| point.remote.owner.is_none()) {
            point.hear(id, &message, offline, &mut events);
        }
        for (id, point) in self.sensors.iter_mut().filter(|(_, point)| point.remote.owner.is_none()) {
            point.hear(id, &message, offline, &mut events);
        }
        for (id, point) in self.outputs.iter_mut().filter(|(_, point)| point.remote.owner.is_none()) {
            let is_away = point.remote.availability.iter().any(|there| offline.contains(there));
            if !(retained && is_away) {
                point.hear(id, &message, &mut events);
            }
        }
        for (id, point) in self.covers.iter_mut().filter(|(_, point)| point.remote.owner.is_none()) {
            let is_away = point.remote.availability.iter().any(|there| offline.contains(there));
            if !(retained && is_away) {
                point.hear(id, &message, &mut events);
            }
        }
        events
    }

    /// Tells points of other hubs what of them can be believed.
    fn pass(&mut self, passed: Vec<(Arc<str>, Passed)>, retained: bool, now: Now, events: &mut Vec<Event>) {
        for (id, passed) in passed {
            let payload = match &passed {
                Passed::Says(_, bytes) => Payload::of(bytes),
                Passed::Opened | Passed::Unknown(_) | Passed::Gone(_) => Payload::of(b""),
            };
            let zone = self.zone;
            let message = |topic, retained| Message { topic, payload: &payload, retained, zone, now };
            if let Some(point) = self.inputs.get_mut(&id) {
                match &passed {
                    // Between two clicks nobody presses it.
                    Passed::Opened if !point.remote.clicks.is_empty() => point.tell(&id, Ok(false), events),
                    Passed::Opened | Passed::Unknown(_) => {}
                    Passed::Says(topic, _) => {
                        let is_kept = retained && !point.remote.clicks.is_empty();
                        point.hear(&id, &message(topic, is_kept), &BTreeSet::new(), events);
                    }
                    Passed::Gone(text) => point.tell(&id, Err(text.clone()), events),
                }
            } else if let Some(point) = self.sensors.get_mut(&id) {
                match &passed {
                    Passed::Opened | Passed::Unknown(_) => {}
                    Passed::Says(topic, _) => point.hear(&id, &message(topic, false), &BTreeSet::new(), events),
                    Passed::Gone(text) => events.push(point.fail(&id, text.clone())),
                }
            } else if let Some(point) = self.outputs.get_mut(&id) {
                match &passed {
                    Passed::Opened => {
                        point.is_there_again();
                        events.extend(point.reached(&id).filter(|_| point.remote.is_press()));
                    }
                    Passed::Unknown(_) => {}
                    Passed::Says(topic, _) => point.hear(&id, &message(topic, false), events),
                    Passed::Gone(text) => point.fail(&id, text, events),
                }
            } else if let Some(cover) = self.covers.get_mut(&id) {
                match &passed {
                    Passed::Says(topic, _) => cover.hear(&id, &message(topic, false), events),
                    Passed::Unknown(topic) => cover.lose(&id, topic, events),
                    // Its parts are not there either.
                    Passed::Opened | Passed::Gone(_) => {}
                }
            }
        }
    }

    /// What says of the points whether they are there, each with a point of which it says so.
    fn availabilities(&self) -> impl Iterator<Item = (&Arc<str>, &Availability)> {
        let inputs = self.inputs.iter().map(|(id, point)| (id, &point.remote.availability));
        let sensors = self.sensors.iter().map(|(id, point)| (id, &point.remote.availability));
        let outputs = self.outputs.iter().map(|(id, point)| (id, &point.remote.availability));
        inputs.chain(sensors).chain(outputs).flat_map(|(id, all)| all.iter().map(move |there| (id, there)))
    }

    fn hear_availability(&mut self, message: &Message<'_>, events: &mut Vec<Event>) {
        let told = self.availabilities().filter(|(_, there)| *there.topic == *message.topic);
        let told: BTreeMap<Availability, Arc<str>> = told.map(|(id, there)| (there.clone(), id.clone())).collect();
        let word = if told.is_empty() { String::new() } else { message.payload.availability() };
        // Without a word, somebody took back what the broker kept.
        for (there, id) in told.into_iter().filter(|_| !word.is_empty()) {
            match there.words.meaning(&word) {
                None => self.puzzle(&there, &id, &word),
                Some(true) => {
                    if self.offline.remove(&there) {
                        // What it said before it was away may be long over.
                        let back = self.covers.values_mut().filter(|cover| cover.remote.availability.contains(&there));
                        back.for_each(|cover| cover.is_to_ask = true);
                    }
                    let outputs = self.outputs.iter().filter(|(_, point)| point.remote.availability.contains(&there));
                    events.extend(outputs.filter_map(|(id, point)| point.reached(id)));
                }
                Some(false) => self.gone(there, message, events),
            }
        }
    }

    /// What is said of a device that is not there.
    fn gone(&mut self, there: Availability, message: &Message<'_>, events: &mut Vec<Event>) {
        let text = format!("{} says {}", there.topic, message.payload.shown());
        for (id, point) in self.inputs.iter_mut().filter(|(_, point)| point.remote.availability.contains(&there)) {
            // What is clicked while it is away is long over when it is back.
            point.count = None;
            point.tell(id, Err(text.clone()), events);
        }
        for (id, point) in self.sensors.iter_mut().filter(|(_, point)| point.remote.availability.contains(&there)) {
            events.push(point.fail(id, text.clone()));
        }
        for (id, point) in self.outputs.iter_mut().filter(|(_, point)| point.remote.availability.contains(&there)) {
            point.fail(id, &text, events);
        }
        self.offline.insert(there);
    }

    /// Logs a word that says neither that a device is there nor that it is not, once for each topic.
    fn puzzle(&mut self, there: &Availability, id: &str, word: &str) {
        if self.puzzling.insert(there.topic.clone()) {
            let (topic, word) = (&there.topic, word.chars().take(SHOWN).collect::<String>());
            let (on, off) = (there.words.on.join(" or "), there.words.off.join(" or "));
            tracing::warn!(
                "{topic} says {word:?} of {id}, which is neither {on} (available) nor {off} (unavailable): it counts for \
                 nothing; add available = {word:?} or unavailable = {word:?} to {id}"
            );
        }
    }

    /// What is to be published now for the outputs.
    pub(crate) fn orders(&mut self) -> Vec<(Arc<str>, Order)> {
        let mut orders = Vec::new();
        let mut given_back = Vec::new();
        for (id, point) in &mut self.outputs {
            if point.needs_its_hub() && !self.gate.is_open(id) {
                continue;
            }
            let gives_back = point.needs_its_hub() && point.remote.gives_back();
            let Some(order) = point.take_order() else { continue };
            orders.push((id.clone(), order));
            given_back.extend(point.remote.owner.clone().filter(|_| gives_back));
        }
        let is_given_back =
            |point: &&mut OutputPoint| point.remote.owner.as_ref().is_some_and(|owner| given_back.contains(owner));
        self.outputs.values_mut().filter(is_given_back).for_each(|part| part.is_asked = false);
        orders
    }

    /// Why a device is not there, as far as the broker says.
    pub(crate) fn absence(&self, id: &str, remote: &Remote) -> Option<String> {
        if remote.owner.is_some() && remote.is_press() {
            return self.gate.closed(id);
        }
        if let Some(gone) = self.gate.absence(remote) {
            return Some(gone);
        }
        let there = remote.availability.iter().find(|there| self.offline.contains(*there))?;
        Some(format!("{} says that it is offline", there.topic))
    }

    /// Looks at what is silent for too long and at commands that nobody followed.
    pub(crate) fn update(&mut self, now: Now) -> Vec<Event> {
        let mut events = Vec::new();
        if self.away_since.is_none() {
            let passed = self.gate.update(now);
            self.pass(passed, false, now, &mut events);
        }
        let no_connection = format!("no connection to {}", self.via.name());
        let lost = self.away_since.filter(|since| now.moment.since(*since) >= LOST_AFTER).is_some();
        for (id, point) in &mut self.inputs {
            // What was never heard of is unknown, and what is in fault stays so.
            let is_good = matches!(point.told, Some(Ok(_)));
            let silent = point.stale_at().is_some_and(|at| now.moment >= at);
            if is_good && silent {
                let topic = point.remote.state.as_ref().map_or("", |told| &told.topic);
                let limit = point.remote.stale_after.map(duration::spell).unwrap_or_default();
                point.tell(id, Err(format!("nothing came on {topic} for {limit}")), &mut events);
            } else if is_good && lost && point.remote.stale_after.is_none() {
                point.tell(id, Err(no_connection.clone()), &mut events);
            }
        }
        for (id, point) in &mut self.outputs {
            if lost {
                point.fail(id, &no_connection, &mut events);
            }
            point.update(id, self.away_since.is_some(), now, &mut events);
        }
        events
    }

    /// When [`Points::update`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        let is_good = |point: &&InputPoint| matches!(point.told, Some(Ok(_)));
        let stale = self.inputs.values().filter(is_good).filter_map(InputPoint::stale_at);
        let drives = self.outputs.values().filter_map(OutputPoint::due);
        let waits = self.inputs.values().any(|point| is_good(&point) && point.remote.stale_after.is_none())
            || self.outputs.values().any(OutputPoint::is_good);
        let lost = self.away_since.filter(|_| waits).map(|since| since + LOST_AFTER);
        let hubs = if self.away_since.is_none() { self.gate.next_due() } else { None };
        stale.chain(drives).chain(lost).chain(hubs).min()
    }
}

/// One message, as all points look at it.
pub(crate) struct Message<'m> {
    pub(crate) topic: &'m str,
    pub(crate) payload: &'m Payload<'m>,
    /// The broker kept it: it is told again, not news.
    pub(crate) retained: bool,
    zone: Zone,
    pub(crate) now: Now,
}

impl Message<'_> {
    /// Whether it was kept, and is older than what is believed; as far as it says when it was made. While the clock
    /// is not known, nobody knows how old it is.
    fn is_too_old(&self, time: &str, limit: Duration) -> bool {
        let made = self.payload.made(time, self.zone).filter(|_| self.retained);
        made.is_some_and(|made| !self.now.wall_known || (self.now.wall - made).to_std().is_ok_and(|age| age >= limit))
    }
}

impl InputPoint {
    fn stale_at(&self) -> Option<Moment> {
        Some(self.heard? + self.remote.stale_after?)
    }

    fn hear(
        &mut self,
        id: &Arc<str>,
        message: &Message<'_>,
        offline: &BTreeSet<Availability>,
        events: &mut Vec<Event>,
    ) {
        let remote = self.remote.clone();
        let Some(told) = remote.state.as_ref().filter(|told| *told.topic == *message.topic) else { return };
        let found = message.payload.at(&told.pointer);
        if !remote.clicks.is_empty() {
            return self.hear_click(id, found, message, events);
        }
        // A device that is away has said nothing since; one that says something is there, whatever is said of it.
        let is_away = remote.availability.iter().any(|there| offline.contains(there));
        if message.retained && is_away || message.is_too_old(&remote.time, remote.stale_after.unwrap_or(RETAINED_FOR)) {
            tracing::debug!("{id}: what is retained on {} is too old", told.topic);
            return;
        }
        let meaning = match found {
            Found::Absent => {
                if !std::mem::replace(&mut self.is_puzzling, true) {
                    tracing::info!("{id}: the message on {} has nothing at `{}`", told.topic, shown(&told.pointer));
                }
                return;
            }
            Found::Word(word) => remote.words.meaning(&word),
            Found::Unreadable => None,
        };
        self.heard = Some(message.now.moment);
        let result = meaning.ok_or_else(|| {
            let words = |words: &[Arc<str>]| words.join(" or ");
            let (on, off) = (words(&remote.words.on), words(&remote.words.off));
            format!("{} says {}, which is neither {on} (on) nor {off} (off)", told.topic, message.payload.shown())
        });
        self.tell(id, result, events);
    }

    /// A click that the broker kept was one when somebody pressed the button, long ago.
    fn hear_click(&mut self, id: &Arc<str>, found: Found, message: &Message<'_>, events: &mut Vec<Event>) {
        let Found::Word(word) = found else { return };
        let click =
            self.remote.clicks.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word)).map(|(_, click)| *click);
        let is_new = self.count(message);
        if message.retained {
            if click.is_some() {
                tracing::info!("{id}: the broker keeps a click on {}, which is none", shown(message.topic));
            }
            return;
        }
        self.heard = Some(message.now.moment);
        // Between two clicks nobody presses it.
        self.tell(id, Ok(false), events);
        if !is_new {
            return;
        }
        match click {
            Some(click) => events.push(Event::InputClicked { input: id.clone(), click }),
            None => tracing::debug!("{id}: {} is no click of this button", shown(&word)),
        }
    }

    /// Takes in how many clicks a message counts, and whether the last is new: another number than a message before counted. One
    /// that has a new battery begins to count anew.
    fn count(&mut self, message: &Message<'_>) -> bool {
        if self.remote.counter.is_empty() {
            return true;
        }
        let Found::Word(word) = message.payload.at(&self.remote.counter) else { return false };
        let Ok(count) = word.parse::<u64>() else { return false };
        self.count.replace(count).is_some_and(|before| count != before)
    }

    fn tell(&mut self, id: &Arc<str>, result: Result<bool, String>, events: &mut Vec<Event>) {
        if self.told.as_ref() == Some(&result) {
            return;
        }
        match (&result, &self.told) {
            (Err(_), Some(Err(_))) | (Ok(_), None | Some(Ok(_))) => {}
            (Err(text), _) => tracing::warn!("input {id}: {text}"),
            (Ok(_), Some(Err(_))) => tracing::info!("input {id} works again"),
        }
        self.told = Some(result.clone());
        events.push(Event::InputRead { input: id.clone(), result, at: None });
    }
}

impl SensorPoint {
    fn hear(
        &mut self,
        id: &Arc<str>,
        message: &Message<'_>,
        offline: &BTreeSet<Availability>,
        events: &mut Vec<Event>,
    ) {
        let remote = &self.remote;
        let of_topic = remote.channels.iter().filter(|channel| *channel.told.topic == *message.topic);
        let mut of_topic = of_topic.peekable();
        if of_topic.peek().is_none() {
            return;
        }
        let is_away = remote.availability.iter().any(|there| offline.contains(there));
        if message.retained && is_away || message.is_too_old(&remote.time, self.stale_after) {
            tracing::debug!("{id}: what is retained on {} is too old", shown(message.topic));
            return;
        }
        let mut readings = Vec::new();
        for channel in of_topic {
            let value = match message.payload.at(&channel.told.pointer) {
                Found::Absent => continue,
                Found::Word(word) => word.parse::<f64>().ok(),
                Found::Unreadable => None,
            };
            let value = value.map(|value| value * channel.scale + channel.offset);
            match value.filter(|value| channel.quantity.plausible().contains(value)) {
                Some(value) => readings.push((channel.quantity, value)),
                None => {
                    let (word, shown) = (channel.quantity.word(), message.payload.shown());
                    let text = format!("{} says {shown}, in which is no plausible {word}", channel.told.topic);
                    events.push(self.fail(id, text));
                    return;
                }
            }
        }
        if readings.is_empty() {
            if !self.heard && !std::mem::replace(&mut self.is_puzzling, true) {
                tracing::info!("{id}: the message on {} has none of its quantities", shown(message.topic));
            }
            return;
        }
        // What the broker tells again is no news: it becomes stale as if it were silent.
        if message.retained && readings.iter().all(|reading| self.last.contains(reading)) {
            return;
        }
        self.last.retain(|(known, _)| readings.iter().all(|(quantity, _)| quantity != known));
        self.last.extend(readings.iter().copied());
        self.heard = true;
        events.push(Event::SensorRead { sensor: id.clone(), result: Ok(readings) });
    }

    fn fail(&mut self, id: &Arc<str>, text: String) -> Event {
        Event::SensorRead { sensor: id.clone(), result: Err(ReadFailure { text, fault: true }) }
    }
}
