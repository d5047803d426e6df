//! Points that are somebody else's to tell: where their state is told, and where they are commanded.

use super::{Cause, Click, Config, Level, Line, Method, Output, OutputId, Owner, Quantity, SafeState, Sensor, Source};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// What brings what a point tells, when it is no wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Topics of the broker.
    Broker,
    /// The states of Home Assistant, by its own connection to us. Topics are the ids of entities then, such as
    /// `sensor.garden`, and those of an attribute `climate.hall/current_temperature`.
    HomeAssistant,
}

impl Via {
    /// How people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Via::Broker => "the broker",
            Via::HomeAssistant => "Home Assistant",
        }
    }
}

/// An input or output that somebody else tells of, instead of a wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remote {
    /// Where its state is told; None: it never is.
    pub state: Option<Told>,
    /// What a state says when it is on (motion, open, pressed, wet), and when it is off.
    pub words: Words,
    /// What says whether it is there. Where nothing is said it is believed to be well.
    pub availability: Vec<Availability>,
    /// Of an input: after this long without a message it is in fault; None: it may be silent for as long as it likes.
    pub stale_after: Option<Duration>,
    /// Where its messages say when they were made, as a JSON pointer; empty: they do not.
    pub time: Arc<str>,
    /// Of a button: which words are which clicks.
    pub clicks: Vec<(Arc<str>, Click)>,
    /// Of a button: where its messages count its clicks, as a JSON pointer, because they repeat the last; empty: each message
    /// is a click of its own.
    pub counter: Arc<str>,
    /// How it is commanded; None: it is an input.
    pub command: Option<Commanded>,
    /// Of a cover: what its state says while it moves, and when it stands between its ends; its words are of its ends.
    pub moves: Option<Moves>,
    /// Whose point it is, if another hearthd's.
    pub owner: Option<Arc<OtherHub>>,
    /// What brings it.
    pub via: Via,
}

/// Another hearthd on the broker, as far as one of its points goes. It tells its points retained, says of each whether it can
/// be believed, and gives signs of life ([`SIGN_OF_LIFE`]): its points are believed as far as all of that says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OtherHub {
    /// What the file calls it.
    pub name: Arc<str>,
    /// Where it says that it is there; also its last will.
    pub alive: Arc<str>,
    /// What takes back whatever was asked of its outputs from here: it decides again. What others asked of them stays.
    pub release: Arc<str>,
    /// The names of the points there, each with where it is told whether that is good.
    pub points: Vec<(Arc<str>, Arc<str>)>,
    /// What it tells besides, and may not know while the rest is good.
    pub details: Vec<Detail>,
    /// Without a sign of life for so long, it is taken to be gone.
    pub silent_after: Duration,
}

/// A point of another hub beside those that make up what is used of it: the position of a cover.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail {
    /// Its name there.
    pub name: Arc<str>,
    /// Where it is told.
    pub told: Arc<str>,
    /// Where it is told whether that is known.
    pub good: Arc<str>,
}

/// Between a command and the name of the hub that gives it.
pub const BY: &str = " by ";

/// A hub on a broker repeats that it is there each time so long is over: a last will that the broker forgot, as one does that
/// was killed, is no reason to believe the hub for ever.
pub const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// A value in the messages of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The topic, without wildcards.
    pub topic: Arc<str>,
    /// Where in a JSON payload it stands, as a JSON pointer (RFC 6901) in which `*` stands for any key; empty: it is the
    /// whole payload.
    pub pointer: Arc<str>,
}

impl Told {
    /// Whether it is an attribute of an entity of Home Assistant, and not a state.
    pub fn is_attribute(&self) -> bool {
        self.topic.contains('/')
    }
}

impl Remote {
    /// One that tells nothing, takes nothing and is this house's own.
    pub fn plain(via: Via) -> Remote {
        Remote {
            state: None,
            words: Words { on: Vec::new(), off: Vec::new() },
            availability: Vec::new(),
            stale_after: None,
            time: "".into(),
            clicks: Vec::new(),
            counter: "".into(),
            command: None,
            moves: None,
            owner: None,
            via,
        }
    }

    /// Whether what it tells would be told by another one elsewhere, or in other words.
    pub fn tells_otherwise(&self, other: &Remote) -> bool {
        let level = |remote: &Remote| remote.command.as_ref().and_then(|command| command.level.clone());
        (&self.state, &self.words, &self.moves) != (&other.state, &other.words, &other.moves)
            || level(self) != level(other)
    }

    /// Whether it is one press, which nothing takes back.
    pub fn is_press(&self) -> bool {
        self.command.as_ref().is_some_and(|command| command.off.is_none())
    }

    /// Whether it is the press that gives back what was asked of another hub.
    pub fn gives_back(&self) -> bool {
        let (on, owner) = (self.command.as_ref().map(|command| &command.on), self.owner.as_ref());
        self.is_press() && owner.is_some_and(|owner| on == Some(&owner.release))
    }

    /// Of another hub's: within which time it is known that its hub was gone.
    pub fn gone_within(&self) -> Option<Duration> {
        self.owner.as_ref().map(|owner| owner.silent_after)
    }

    /// The topics on which it tells of itself, that of its state first.
    pub fn told(&self) -> impl Iterator<Item = &Arc<str>> {
        let level = self.command.iter().filter_map(|command| command.level.as_ref()?.state.as_ref());
        let also = self.moves.iter().filter_map(|moves| moves.also.as_ref());
        self.state.iter().chain(level).map(|told| &told.topic).chain(also)
    }
}

/// The words of a state. Capitals and small letters are the same; `true`, `1` and `null` are what JSON writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Words {
    /// Any of them is on.
    pub on: Vec<Arc<str>>,
    /// Any of them is off.
    pub off: Vec<Arc<str>>,
}

impl Words {
    /// What a word means; None: it is none of them.
    pub fn meaning(&self, word: &str) -> Option<bool> {
        let is_of = |words: &[Arc<str>]| words.iter().any(|one| one.eq_ignore_ascii_case(word));
        if is_of(&self.on) { Some(true) } else { is_of(&self.off).then_some(false) }
    }
}

/// The words of a cover that is at neither of its ends, beside [`Words`]: there on is open and off is closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moves {
    /// Any of them is opening.
    pub opening: Vec<Arc<str>>,
    /// Any of them is closing.
    pub closing: Vec<Arc<str>>,
    /// Any of them is standing somewhere.
    pub stopped: Vec<Arc<str>>,
    /// Another topic than those of state and position that tells both, at the same pointers.
    pub also: Option<Arc<str>>,
}

/// What a cover says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverSays {
    /// Where it is: 0 closed, 100 open; None: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Level>,
    /// The end that it moves to; None: it stands still, as far as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub towards: Option<Level>,
}

/// A topic that says whether a device is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Availability {
    /// The topic. Its payload is the word, or JSON with the word as its `state`.
    pub topic: Arc<str>,
    /// What it says when the device is there (on), and when it is not.
    pub words: Words,
}

/// How an output on the broker is commanded. Commands are never retained.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commanded {
    /// Where `on` and `off` go.
    pub topic: Arc<str>,
    /// What switches it on.
    pub on: Arc<str>,
    /// What switches it off; None: nothing does, it was one press.
    pub off: Option<Arc<str>>,
    /// Of a cover, which `on` opens and `off` closes: what stops it.
    pub stop: Option<Arc<str>>,
    /// Of one with levels: how they are asked.
    pub level: Option<RemoteLevel>,
    /// What makes it tell its state, sent to `topic` after each command.
    pub ask: Option<Arc<str>>,
    /// Its state has to follow within this time.
    pub confirm_within: Duration,
}

/// How the level of a light, fan, valve or cover on the broker is asked, and told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteLevel {
    /// Where it goes.
    pub topic: Arc<str>,
    /// What goes there; `{}` stands for the number.
    pub payload: Arc<str>,
    /// The number for 100 %.
    pub full: u32,
    /// Where the device tells its level, as such a number; None: it never does.
    pub state: Option<Told>,
    /// It switches nothing on by itself: what does is published after it.
    pub then_on: bool,
}

impl RemoteLevel {
    /// One that goes to this topic and is nothing but its number, 1 to 100, and is told nowhere.
    pub fn plain(topic: Arc<str>) -> RemoteLevel {
        RemoteLevel { topic, payload: LEVEL_MARK.into(), full: 100, state: None, then_on: false }
    }

    /// The number that stands for a level. What is to be on is never rounded to off.
    fn number(&self, level: Level) -> u32 {
        let number = (u64::from(level.percent()) * u64::from(self.full) + 50) / 100;
        u32::try_from(number).unwrap_or(self.full).max(1)
    }

    /// The level of one that is on and tells this number.
    pub fn level(&self, number: f64) -> Level {
        let percent = (number * 100.0 / f64::from(self.full)).round().clamp(1.0, 100.0);
        Level::new(percent as u8).unwrap_or(Level::ON)
    }

    /// The position of a cover that tells this number.
    pub fn position(&self, number: f64) -> Level {
        let percent = (number * 100.0 / f64::from(self.full)).round().clamp(0.0, 100.0);
        Level::new(percent as u8).unwrap_or(Level::ON)
    }

    /// Whether a number is that of a level. Devices round: one percent more or less is the same.
    pub fn is_at(&self, number: f64, level: Level) -> bool {
        self.is_near(number, level, 1.0)
    }

    /// Whether a number is that of a level, but for so many percent.
    pub fn is_near(&self, number: f64, level: Level, percent: f64) -> bool {
        (number - f64::from(self.number(level))).abs() * 100.0 <= f64::from(self.full) * percent
    }
}

/// Where what stands for the number in [`RemoteLevel::payload`].
pub const LEVEL_MARK: &str = "{}";

impl Commanded {
    /// The topic and the payload that ask for a level; None: there is nothing to say.
    fn message(&self, level: Level) -> Option<(&Arc<str>, String)> {
        match &self.level {
            Some(way) if level.is_on() => {
                Some((&way.topic, way.payload.replace(LEVEL_MARK, &way.number(level).to_string())))
            }
            _ if level.is_on() => Some((&self.topic, self.on.to_string())),
            _ => Some((&self.topic, self.off.as_ref()?.to_string())),
        }
    }
}

impl Commanded {
    /// The topics and payloads that bring it to a level, in this order: where the level does not switch it on, what does is the last.
    pub fn messages(&self, level: Level) -> Vec<(Arc<str>, String)> {
        let follows = level.is_on() && self.level.as_ref().is_some_and(|way| way.then_on);
        let then_on = follows.then(|| (&self.topic, self.on.to_string()));
        let all = self.message(level).into_iter().chain(then_on);
        all.map(|(topic, payload)| (topic.clone(), payload)).collect()
    }
}

/// A sensor that somebody else tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteSensor {
    /// What it reads, in the order in which its points are listed.
    pub channels: Vec<RemoteChannel>,
    /// As of [`Remote::availability`].
    pub availability: Vec<Availability>,
    /// As of [`Remote::time`].
    pub time: Arc<str>,
    /// As of [`Remote::owner`].
    pub owner: Option<Arc<OtherHub>>,
    /// As of [`Remote::via`].
    pub via: Via,
}

/// One quantity of a sensor on the broker.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteChannel {
    /// What it becomes.
    pub quantity: Quantity,
    /// Where it is told.
    pub told: Told,
    /// From what is told to the unit of the quantity: multiplied by this,
    pub scale: f64,
    /// and then this is added.
    pub offset: f64,
}

impl Line {
    /// The topics that it is, if it is no wire.
    pub fn remote(&self) -> Option<&Arc<Remote>> {
        match self {
            Line::Remote(remote) => Some(remote),
            Line::Number(_)
            | Line::Named(_)
            | Line::OnChip { .. }
            | Line::Pwm(_)
            | Line::Modbus(_)
            | Line::Serial(_) => None,
        }
    }
}

impl Output {
    /// What it is driven to at the end; None: it stays as it is. A member of an interlock is not switched on any more: the others
    /// may be on or have just been.
    pub fn safe_level(&self) -> Option<Level> {
        self.safe.level().filter(|level| !level.is_on() || self.interlock.is_none())
    }

    /// Whether another hub decides it: what is asked of it here is a command there, and is taken back when nobody asks here
    /// any more.
    pub fn is_of_another_hub(&self) -> bool {
        self.is_lent() || self.method.mover().is_some_and(|mover| mover.remote.owner.is_some())
    }

    /// Whether it is another hub's and on or off: its line holds what is asked. A cover there is told each thing once.
    pub fn is_lent(&self) -> bool {
        let is_whole = !matches!(self.method, Method::Part { .. });
        is_whole && self.line.as_ref().and_then(Line::remote).is_some_and(|remote| remote.owner.is_some())
    }
}

impl Cause {
    /// Whether an output of another hub that is so for this reason is asked to be so from here.
    pub fn asks_another_hub(&self) -> bool {
        match self {
            Cause::Manual { source, .. } => !matches!(source, Source::Hub(_)),
            Cause::Shutdown
            | Cause::Held
            | Cause::Default
            | Cause::TooOften { .. }
            | Cause::Circle
            | Cause::Part(_) => false,
            _ => true,
        }
    }
}

impl Config {
    /// Whether driving an output for this reason takes back what was asked of another hub.
    pub fn takes_back(&self, output: OutputId, cause: &Cause) -> bool {
        self[output].is_lent() && !cause.asks_another_hub()
    }

    /// Whether a point is another hub's, which tells of it itself.
    pub fn is_of_another_hub(&self, owner: Owner) -> bool {
        match owner {
            Owner::Output(id) => self[id].is_of_another_hub(),
            Owner::Input(id) => self[id].line.remote().is_some_and(|remote| remote.owner.is_some()),
            Owner::Sensor(id) => self[id].remote().is_some_and(|remote| remote.owner.is_some()),
            Owner::Room(_) | Owner::Zone(_) | Owner::House => false,
        }
    }

    /// What a part of a cover makes it say where nobody plays the cover: it is there at once.
    pub fn moved_at_once(&self, part: OutputId, level: Level) -> Option<(Arc<str>, CoverSays)> {
        let Method::Part { of } = self[part].method else { return None };
        let Method::Mover(mover) = &self[of].method else { return None };
        let position = match part {
            _ if !level.is_on() || part == mover.stop || Some(part) == mover.release => return None,
            part if part == mover.close => Level::OFF,
            _ => level,
        };
        Some((self[of].id.clone(), CoverSays { position: Some(position), towards: None }))
    }

    /// The cover of another hub that is given back when this part is at this level.
    pub fn given_back_by(&self, part: OutputId, level: Level) -> Option<OutputId> {
        let Method::Part { of } = self[part].method else { return None };
        let is_release = self[of].method.mover().is_some_and(|mover| mover.release == Some(part));
        (is_release && level.is_on()).then_some(of)
    }

    /// The topics of an output, if the broker is to be told: none in a demo, which plays them.
    pub fn remote_output(&self, id: OutputId) -> Option<&Arc<Remote>> {
        self[id].line.as_ref().and_then(Line::remote).filter(|_| !self.hardware.plays_remote)
    }

    /// The topics where outputs on the broker are commanded.
    pub fn remote_commands(&self) -> BTreeSet<&str> {
        let lines = self.outputs.iter().filter_map(|output| output.line.as_ref());
        let commands = lines.filter_map(Line::remote).filter_map(|remote| remote.command.as_ref());
        commands.flat_map(|way| [Some(&*way.topic), way.level.as_ref().map(|level| &*level.topic)]).flatten().collect()
    }

    /// The inputs and outputs that are brought so.
    fn remotes(&self, via: Via) -> impl Iterator<Item = &Arc<Remote>> + Clone {
        let lines = self.outputs.iter().filter_map(|output| output.line.as_ref());
        let lines = lines.chain(self.inputs.iter().map(|input| &input.line));
        let covers = self.outputs.iter().filter_map(|output| output.method.mover()).map(|mover| &mover.remote);
        lines.filter_map(Line::remote).chain(covers).filter(move |remote| remote.via == via)
    }

    /// The sensors that are brought so.
    pub fn remote_sensors(&self, via: Via) -> impl Iterator<Item = &RemoteSensor> + Clone {
        self.sensors.iter().filter_map(Sensor::remote).filter(move |remote| remote.via == via)
    }

    /// The topics by which points on the broker tell what they are and whether they are there.
    pub fn remote_states(&self) -> BTreeSet<&str> {
        let (remotes, sensors) = (self.remotes(Via::Broker), self.remote_sensors(Via::Broker));
        let told = remotes.clone().flat_map(|remote| remote.told()).map(|topic| &**topic);
        let there = remotes.flat_map(|remote| &remote.availability).map(|there| &*there.topic);
        let read = sensors.clone().flat_map(|remote| &remote.channels).map(|channel| &*channel.told.topic);
        let read_there = sensors.flat_map(|remote| &remote.availability).map(|there| &*there.topic);
        told.chain(there).chain(read).chain(read_there).collect()
    }

    /// Whether there is anything to ask for there.
    pub fn has_remote_points(&self, via: Via) -> bool {
        let any = self.remotes(via).next().is_some() || self.remote_sensors(via).next().is_some();
        any && !self.hardware.plays_remote
    }

    /// The house without what others tell and what is on Modbus or serial ports: what the hardware has to do with. Outputs keep their places.
    pub fn wired(&self) -> Config {
        let mut wired = self.clone();
        if !self.hardware.plays_remote {
            wired.inputs.retain(|input| input.line.is_wire());
            wired.sensors.retain(Sensor::is_wired);
            let mut half_seen = BTreeSet::new();
            for output in &mut wired.outputs {
                if output.line.take_if(|line| !line.is_wire()).is_some() {
                    half_seen.extend(output.interlock);
                }
            }
            // Whoever drives wires does not see whether the others of an interlock are off: beside them, none is left on.
            for output in &mut wired.outputs {
                if output.safe == SafeState::On && output.interlock.is_some_and(|group| half_seen.contains(&group)) {
                    output.safe = SafeState::Hold;
                }
            }
        }
        wired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_asked_in_the_numbers_of_the_device() {
        let level =
            RemoteLevel { payload: r#"{"brightness":{}}"#.into(), full: 254, ..RemoteLevel::plain("lamp/set".into()) };
        let lamp = Commanded {
            topic: "lamp/switch".into(),
            on: "ON".into(),
            off: Some("OFF".into()),
            stop: None,
            level: Some(level),
            ask: None,
            confirm_within: Duration::from_secs(3),
        };
        let asked = |percent| {
            let (topic, payload) = lamp.message(Level::new(percent).unwrap()).unwrap();
            format!("{topic} {payload}")
        };
        assert_eq!(asked(0), "lamp/switch OFF");
        assert_eq!(asked(1), r#"lamp/set {"brightness":3}"#);
        assert_eq!(asked(50), r#"lamp/set {"brightness":127}"#);
        assert_eq!(asked(100), r#"lamp/set {"brightness":254}"#);
        let plug = Commanded { level: None, ..lamp };
        assert_eq!(plug.message(Level::ON).unwrap().1, "ON");
        let press = Commanded { off: None, ..plug };
        assert_eq!((press.message(Level::ON).unwrap().1.as_str(), press.message(Level::OFF)), ("ON", None));
    }

    #[test]
    fn every_level_is_known_by_the_number_that_asks_for_it() {
        for full in [1, 3, 10, 99, 100, 254, 255, 1_000, 65_535] {
            let way = RemoteLevel { full, ..RemoteLevel::plain("t".into()) };
            for level in (1..=100).filter_map(Level::new) {
                let number = f64::from(way.number(level));
                assert!(way.is_at(number, level), "{level} of {full}");
                // What it is found at is never anything else than what it tells.
                assert!(way.is_at(number, way.level(number)), "{level} of {full}");
                if full >= 100 {
                    assert_eq!(way.level(number), level, "of {full}");
                }
            }
        }
        let at = |full, number, percent| {
            let way = RemoteLevel { full, ..RemoteLevel::plain("t".into()) };
            way.is_at(number, Level::new(percent).unwrap())
        };
        assert!(at(254, 104.0, 40) && !at(254, 105.0, 40), "asked was 102, and a percent is 2.54");
        assert!(at(3, 2.0, 67) && !at(3, 3.0, 67), "a fan with three speeds rounds nothing");
        assert!(at(65_535, 26_470.0, 40), "of eight bits inside");
    }
}
