//! What Home Assistant tells of its own entities: inputs and sensors of the house. One client is asked, the first that offers it;
//! when it goes, the next.

use super::{
    message::state::{ASKED, Asked, Told},
    wire::Message,
};
use crate::{
    clock::{Moment, Now},
    house::House,
    model::{Config, Event, Quantity, Remote, Sensor, Via},
    remote::Points,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::sleep,
};

/// So much that is told may wait; then the client is not read.
const NEWS: usize = 256;
/// What has a unit has told it within this time: everything is asked again meanwhile.
const UNIT_WITHIN: Duration = Duration::from_secs(90);
/// And what is there has told something.
const HEARD_WITHIN: Duration = Duration::from_secs(120);
/// The attribute in which the unit of a state is told.
const UNIT: &str = "unit_of_measurement";

/// Where clients get what is to be asked for, and bring what they are told. Clones are of the same.
#[derive(Clone)]
pub struct Door {
    wanted: watch::Receiver<Arc<[Arc<str>]>>,
    news: mpsc::Sender<News>,
    turn: Arc<Semaphore>,
}

/// What became known.
enum News {
    /// A client is asked from now on.
    Up,
    /// What it tells.
    Told(Told),
    /// It is asked no more.
    Gone,
}

/// The client that has it is the one that is asked.
pub struct Turn {
    wanted: watch::Receiver<Arc<[Arc<str>]>>,
    news: mpsc::Sender<News>,
    /// What it was asked to tell each change of: Home Assistant tells as often as it was asked.
    asked: BTreeSet<Arc<str>>,
    _one: Option<OwnedSemaphorePermit>,
}

impl Door {
    /// Waits until nobody else is asked.
    pub async fn turn(&self) -> Turn {
        // The semaphore is never closed.
        let one = self.turn.clone().acquire_owned().await.ok();
        let _ = self.news.send(News::Up).await;
        let (mut wanted, news) = (self.wanted.clone(), self.news.clone());
        wanted.mark_unchanged();
        Turn { wanted, news, asked: BTreeSet::new(), _one: one }
    }
}

impl Turn {
    /// Waits until something else is to be asked for.
    pub async fn changed(&mut self) {
        if self.wanted.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What is to be asked for: each change of what was not asked for yet, or, once more, how everything is now.
    pub fn asks(&mut self, again: bool) -> Vec<Message> {
        let wanted = if again { self.wanted.borrow().clone() } else { self.wanted.borrow_and_update().clone() };
        let asked = &mut self.asked;
        let topics = wanted.iter().filter(|topic| again || asked.insert(Arc::clone(topic)));
        let ask = |topic: &Arc<str>| {
            let (entity, attribute) = topic.split_once('/').unwrap_or((topic, ""));
            Message::new(ASKED, &Asked { entity: entity.into(), attribute: attribute.into(), once: again })
        };
        topics.map(ask).collect()
    }

    /// Passes on what the client tells.
    pub async fn tell(&self, told: Told) {
        let _ = self.news.send(News::Told(told)).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // With too much to be told yet, what it told becomes stale.
        let _ = self.news.try_send(News::Gone);
    }
}

/// Follows what clients tell until the house is stopping, and the door for them.
pub fn attach(house: &House) -> (Door, impl Future<Output = ()> + Send + use<>) {
    let (wanted_in, wanted) = watch::channel(Arc::from([]));
    let (news, news_out) = mpsc::channel(NEWS);
    let door = Door { wanted, news, turn: Arc::new(Semaphore::new(1)) };
    (door, follow(house.clone(), wanted_in, news_out))
}

async fn follow(mut house: House, wanted: watch::Sender<Arc<[Arc<str>]>>, mut news: mpsc::Receiver<News>) {
    let (clock, mut configs, events) = (house.clock.clone(), house.config.clone(), house.events.clone());
    let mut states = States::new(Points::new(Via::HomeAssistant, clock.now()));
    states.follow(&configs.borrow_and_update().clone(), clock.now(), &wanted);
    loop {
        let due = states.next_due().map_or(Duration::MAX, |due| clock.real_time_until(due));
        let told = tokio::select! {
            () = house.stopping() => return,
            changed = configs.changed() => {
                if changed.is_err() {
                    return;
                }
                states.follow(&configs.borrow_and_update().clone(), clock.now(), &wanted);
                Vec::new()
            }
            Some(news) = news.recv() => states.take(news, clock.now()),
            () = sleep(due) => states.update(clock.now()),
        };
        for event in told {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// What the file has of Home Assistant's, by the ids of inputs and sensors.
#[derive(Default, PartialEq)]
struct Followed {
    inputs: Vec<(Arc<str>, Arc<Remote>)>,
    /// With what becomes of a reading.
    sensors: Vec<Sensor>,
    is_played: bool,
}

impl Followed {
    fn of(config: &Config) -> Followed {
        let via = Via::HomeAssistant;
        let input = config.inputs.iter().filter_map(|input| Some((input.id.clone(), input.line.remote()?.clone())));
        let is_there = |sensor: &&Sensor| sensor.remote().is_some_and(|remote| remote.via == via);
        Followed {
            inputs: input.filter(|(_, remote)| remote.via == via).collect(),
            sensors: config.sensors.iter().filter(is_there).cloned().collect(),
            is_played: config.hardware.plays_remote,
        }
    }
}

/// What is known of them.
struct States {
    points: Points,
    /// Nothing was followed yet, where there is none.
    followed: Option<Followed>,
    /// What is to be told.
    topics: BTreeSet<Arc<str>>,
    /// What is read there, in any unit of its kind.
    readings: BTreeMap<Arc<str>, Quantity>,
    /// The unit in which each is told.
    units: BTreeMap<Arc<str>, String>,
    /// Since when numbers come of what has told no unit.
    bare: BTreeMap<Arc<str>, Moment>,
    /// A client is asked.
    is_up: bool,
    /// Since when, until it is looked at what it has told something of.
    asked: Option<Moment>,
    heard: BTreeSet<Arc<str>>,
}

impl States {
    fn new(points: Points) -> States {
        let (readings, units, bare) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (topics, heard) = (BTreeSet::new(), BTreeSet::new());
        States { points, followed: None, topics, readings, units, bare, is_up: false, asked: None, heard }
    }

    fn follow(&mut self, config: &Config, now: Now, wanted: &watch::Sender<Arc<[Arc<str>]>>) {
        self.points.follow(config, now);
        let followed = Some(Followed::of(config));
        // Most reloads change nothing of them: Home Assistant is not asked for everything again.
        if followed == self.followed {
            return;
        }
        self.followed = followed;
        self.topics = self.points.topics().into_iter().collect();
        let sensors = config.remote_sensors(Via::HomeAssistant);
        // An attribute has no unit.
        let channels = sensors.flat_map(|sensor| &sensor.channels);
        let states = channels.filter(|channel| !channel.told.is_attribute());
        self.readings = states.map(|channel| (channel.told.topic.clone(), channel.quantity)).collect();
        // No number is taken before its unit is known.
        let units = self.readings.keys().map(|entity| format!("{entity}/{UNIT}").into());
        let topics: Arc<[Arc<str>]> = match config.hardware.plays_remote {
            true => Arc::from([]),
            false => units.chain(self.topics.iter().cloned()).collect(),
        };
        // What is new may be on what was asked already, so all is told once more.
        wanted.send_replace(topics);
        self.begin(self.is_up, now);
    }

    /// Everything is asked for from now on, if there is a client.
    fn begin(&mut self, is_up: bool, now: Now) {
        self.is_up = is_up;
        self.asked = is_up.then_some(now.moment);
        self.heard.clear();
    }

    fn take(&mut self, news: News, now: Now) -> Vec<Event> {
        match news {
            News::Up => {
                // It may have other units by now.
                self.units.clear();
                self.begin(true, now);
                self.points.connected(true, now);
                Vec::new()
            }
            News::Gone => {
                self.begin(false, now);
                self.points.connected(false, now);
                Vec::new()
            }
            News::Told(Told { entity, state, attribute }) => {
                if attribute == UNIT && self.readings.contains_key(&*entity) {
                    let entity: Arc<str> = entity.into();
                    self.bare.remove(&entity);
                    self.units.insert(entity, state);
                    return Vec::new();
                }
                let topic = if attribute.is_empty() { entity } else { format!("{entity}/{attribute}") };
                self.hear(topic.into(), state, now)
            }
        }
    }

    fn hear(&mut self, topic: Arc<str>, state: String, now: Now) -> Vec<Event> {
        if self.asked.is_some() && self.topics.contains(&topic) {
            self.heard.insert(topic.clone());
        }
        let state = match (self.readings.get(&topic), self.units.get(&topic)) {
            (Some(quantity), Some(sign)) => in_own_unit(*quantity, sign, state),
            // Home Assistant tells the unit of what appears later only when it is asked again.
            (Some(_), None) if state.trim().parse::<f64>().is_ok() => {
                let since = *self.bare.entry(topic.clone()).or_insert(now.moment);
                if now.moment.since(since) < UNIT_WITHIN {
                    return Vec::new();
                }
                state
            }
            _ => state,
        };
        self.points.hear(&topic, state.as_bytes(), false, now)
    }

    fn next_due(&self) -> Option<Moment> {
        self.points.next_due().into_iter().chain(self.asked.map(|asked| asked + HEARD_WITHIN)).min()
    }

    fn update(&mut self, now: Now) -> Vec<Event> {
        if self.asked.take_if(|asked| now.moment.since(*asked) >= HEARD_WITHIN).is_some() {
            let heard = std::mem::take(&mut self.heard);
            for topic in self.topics.iter().filter(|topic| !heard.contains(*topic)) {
                let topic = topic.replacen('/', ", attribute ", 1);
                tracing::warn!(
                    "Home Assistant says nothing of {topic}: is it spelled as in its developer tools, States?"
                );
            }
        }
        self.points.update(now)
    }
}

/// A number as it would be told in the unit of its quantity. One in a unit that is none of that kind stays with it, so that it is
/// no number.
fn in_own_unit(quantity: Quantity, sign: &str, state: String) -> String {
    match (state.trim().parse::<f64>(), quantity.unit().converted(sign)) {
        (Err(_), _) => state,
        (Ok(_), None) => format!("{state} {sign}"),
        (Ok(_), Some((1.0, 0.0))) => state,
        (Ok(number), Some((scale, offset))) => (number * scale + offset).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_in_the_units_in_which_they_are_told() {
        let taken = |quantity, sign, state: &str| in_own_unit(quantity, sign, state.to_owned());
        assert_eq!(taken(Quantity::Temperature, "°C", "21.5"), "21.5");
        assert_eq!(taken(Quantity::Temperature, "°F", "-40").parse::<f64>().unwrap().round(), -40.0);
        assert_eq!(taken(Quantity::Pressure, "kPa", "101.3").parse::<f64>().unwrap().round(), 1013.0);
        assert_eq!(taken(Quantity::Temperature, "gal", "21.5"), "21.5 gal");
        assert_eq!(taken(Quantity::Temperature, "°F", "unavailable"), "unavailable");
    }

    const START: &str = "2026-11-30T12:00:00Z";

    fn at(seconds: u64) -> Now {
        let (since, start) = (Duration::from_secs(seconds), START.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        Now { moment: crate::clock::Moment::START + since, wall: start + since, wall_known: true }
    }

    fn told(entity: &str, state: &str) -> News {
        News::Told(Told { entity: entity.into(), state: state.into(), attribute: String::new() })
    }

    #[test]
    fn what_is_told_no_more_is_believed_no_more() {
        let text = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[homeassistant]\n\
                    [inputs.porch]\nkind = \"motion\"\nhomeassistant = \"binary_sensor.porch\"\n\
                    [sensors.garden]\nhomeassistant = \"sensor.garden_temperature\"\n";
        let config = crate::config::parse(std::path::Path::new("house.toml"), text).unwrap().config;
        let (wanted, mut asked) = watch::channel(Arc::from([]));
        let mut states = States::new(Points::new(Via::HomeAssistant, at(0)));
        states.follow(&config, at(0), &wanted);
        let topics: Vec<String> = asked.borrow().iter().map(|topic: &Arc<str>| topic.to_string()).collect();
        assert_eq!(
            topics,
            ["sensor.garden_temperature/unit_of_measurement", "binary_sensor.porch", "sensor.garden_temperature"]
        );
        assert!(states.take(News::Up, at(0)).is_empty());
        // No number counts before its unit is known, or before it is clear that it has none.
        assert_eq!(states.take(told("sensor.garden_temperature", "68"), at(0)), []);
        assert_eq!(states.take(told("sensor.garden_temperature", "68"), at(60)), []);
        let unit = |sign: &str| {
            News::Told(Told { entity: "sensor.garden_temperature".into(), state: sign.into(), attribute: UNIT.into() })
        };
        let read = |events: Vec<Event>| match events.as_slice() {
            [Event::SensorRead { result: Ok(readings), .. }] => readings[0].1,
            other => panic!("{other:?}"),
        };
        assert_eq!(read(states.take(told("sensor.garden_temperature", "20"), at(90))), 20.0);
        assert_eq!(states.take(unit("°F"), at(91)), []);
        assert!((read(states.take(told("sensor.garden_temperature", " 68"), at(91))) - 20.0).abs() < 1e-9);
        assert_eq!(states.take(told("binary_sensor.porch", "on"), at(91)).len(), 1);
        assert_eq!(states.take(told("binary_sensor.other", "on"), at(91)), []);
        states.take(News::Gone, at(92));
        assert_eq!(states.update(at(270)), []);
        assert_eq!(states.next_due(), Some(at(271).moment));
        match states.update(at(271)).as_slice() {
            [Event::InputRead { result: Err(text), .. }] => {
                assert_eq!(text, "nothing came on binary_sensor.porch for 3m");
            }
            other => panic!("{other:?}"),
        }
        // As it was, when it is told again.
        states.take(News::Up, at(300));
        assert_eq!(states.take(told("binary_sensor.porch", "on"), at(301)).len(), 1);
        // A reload asks for everything again where it changes something of it, and else for nothing.
        asked.mark_unchanged();
        let mut other = config.clone();
        other.hub.name = "Hut".into();
        states.follow(&other, at(350), &wanted);
        assert!(!asked.has_changed().unwrap());
        other.sensors.clear();
        states.follow(&other, at(360), &wanted);
        assert!(asked.has_changed().unwrap());
        assert_eq!(asked.borrow().iter().map(|topic| &**topic).collect::<Vec<_>>(), ["binary_sensor.porch"]);
        // In a demo nobody is asked.
        let mut played = config.clone();
        played.hardware.plays_remote = true;
        states.follow(&played, at(400), &wanted);
        assert!(asked.borrow().is_empty());
    }
}
