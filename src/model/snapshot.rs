//! Snapshots of the whole house: what MQTT, the console and the demo show.

use super::{
    Because, Claim, Config, Level, ManualFor, OutputId, Point, PointSpec, Quality, Settable, Slot, Value, number,
    of_minutes,
};
use crate::clock::{Moment, Now};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{ops::Deref, sync::Arc, time::Duration};

/// All points at one moment. Readers ask it what changed since an earlier one; nobody locks the engine.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the points are points of.
    pub config: Arc<Config>,
    /// When it was taken.
    pub now: Now,
    /// How many changes there were up to now, over reloads too: the number of the newest one.
    pub seq: u64,
    /// In the order of [`Config::points`].
    pub points: Vec<Cell>,
}

/// A point with the number of its last change. Snapshots share what did not change between them.
#[derive(Clone, Debug)]
pub struct Cell {
    /// [`Snapshot::seq`] when it last became another.
    pub seq: u64,
    state: Arc<PointState>,
}

impl Deref for Cell {
    type Target = PointState;

    fn deref(&self) -> &PointState {
        &self.state
    }
}

/// Two cells are equal that show the same, whenever that changed.
impl PartialEq for Cell {
    fn eq(&self, other: &Cell) -> bool {
        self.state == other.state
    }
}

/// One point at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct PointState {
    /// Which.
    pub point: Point,
    /// Its last value, whatever its quality; nothing before the first.
    pub value: Option<Value>,
    /// How far to trust it.
    pub quality: Quality,
    /// When the value last changed, by the wall clock of then; of an output, by the wall clock as it was set since.
    pub changed: Option<DateTime<Utc>>,
    /// What is wrong, when the quality is `Fault`: one line for people.
    pub fault: Option<Arc<str>>,
    /// Of an output: what holds its value.
    pub explanation: Option<Arc<Explanation>>,
    /// Of a room's points, why they are so, and of a climate zone's, the mode's and what people may set, what holds their
    /// value.
    pub because: Option<Because>,
    /// Of an output: how much it was used.
    pub usage: Option<Usage>,
}

impl PointState {
    /// Whether its value is so: what tells where it is is there, also when it did not move as it was to.
    pub fn is_believed(&self, config: &Config) -> bool {
        let tells = || matches!(self.point, Point::Output(id) if config.tells_itself(id));
        self.quality == Quality::Good || self.quality == Quality::Fault && self.value.is_some() && tells()
    }

    /// What is wrong with its value, as one line for people; None: it is good.
    pub fn wrong(&self) -> Option<&str> {
        match self.quality {
            Quality::Good => None,
            Quality::Unknown => Some("nothing was heard yet"),
            Quality::Stale => Some("nothing was heard for too long"),
            Quality::Fault => Some(self.fault.as_deref().unwrap_or("fault")),
        }
    }
}

/// How much an output was used since it was first there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How often it went on.
    pub cycles: u64,
    /// How long it was on, without the time since `on_since`.
    pub on_before: Duration,
    /// Since when it is on.
    pub on_since: Option<Moment>,
}

impl Usage {
    /// How long it was on in all.
    pub fn on_time(&self, now: Moment) -> Duration {
        self.on_before + self.on_since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

/// The priority array of an output, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The slot that wins.
    pub winner: Slot,
    /// What that slot asks for.
    pub level: Level,
    /// One line: the winning slot and its cause, `rule: Hall light after dark`.
    pub line: String,
    /// All filled slots, highest first; the last is the relinquish default.
    pub slots: Vec<(Slot, Claim)>,
}

/// How it stands with the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BrokerStatus {
    /// Whether the broker has accepted us and the connection holds.
    pub connected: bool,
    /// Tries to connect that failed since the last connection.
    pub attempts: u32,
    /// Why there is no connection, or why the last one ended; of a connection, what it does not carry: one line.
    pub error: Option<String>,
}

impl Explanation {
    /// What the output is asked to be by the highest of the slots from `manual` down, whatever a limit or a minimum time
    /// makes of it.
    pub fn asked(&self) -> &Claim {
        let highest = self.slots.iter().find(|(slot, _)| *slot >= Slot::Manual);
        &highest.unwrap_or(&self.slots[self.slots.len() - 1]).1
    }
}

impl Snapshot {
    /// What a house shows first, after `seq` changes before: each point counts as changed. `points` are in the order of
    /// [`Config::points`].
    pub fn new(config: Arc<Config>, now: Now, seq: u64, points: impl Iterator<Item = PointState>) -> Snapshot {
        let mut snapshot = Snapshot { config, now, seq: seq + 1, points: Vec::new() };
        snapshot.points.extend(points.map(|state| Cell { seq: seq + 1, state: Arc::new(state) }));
        snapshot
    }

    /// The point at a place is this now.
    pub fn set(&mut self, place: usize, state: PointState) {
        if *self.points[place] != state {
            self.seq += 1;
            self.points[place] = Cell { seq: self.seq, state: Arc::new(state) };
        }
    }

    /// The places of what changed since an earlier snapshot; all, if that is of another configuration.
    pub fn changes_since<'a>(&'a self, earlier: &Snapshot) -> impl Iterator<Item = usize> + use<'a> {
        let seq = if Arc::ptr_eq(&self.config, &earlier.config) { earlier.seq } else { 0 };
        self.points.iter().enumerate().filter(move |(_, cell)| cell.seq > seq).map(|(place, _)| place)
    }

    /// All points, described and as they are.
    pub fn described(&self) -> impl Iterator<Item = (&PointSpec, &PointState)> {
        self.config.specs().iter().zip(self.points.iter().map(Deref::deref))
    }

    /// The state of a point of this snapshot's configuration.
    pub fn get(&self, point: Point) -> Option<&PointState> {
        self.points.iter().map(Deref::deref).find(|state| state.point == point)
    }

    /// For how long a command of an output holds that does not say it: as somebody set it, or as the file has it.
    pub fn manual_for(&self, id: OutputId) -> ManualFor {
        match self.get(Point::Setting(Settable::ManualFor(id))).and_then(|state| state.value.as_ref()) {
            Some(Value::Number(minutes)) => ManualFor::Time(of_minutes(*minutes)),
            _ => self.config[id].manual_for,
        }
    }

    /// The state of the point of this name.
    pub fn find(&self, name: &str) -> Option<&PointState> {
        self.get(self.config.find_point(name)?)
    }
}

impl PointState {
    /// One line for people: what holds an output's or a zone's value, why a room is occupied or empty.
    pub fn why(&self) -> Option<&str> {
        self.explanation.as_ref().map(|explanation| &*explanation.line).or_else(|| Some(&*self.because.as_ref()?.line))
    }

    /// Whether its value is so now. Of what is read, only while it is good: what was read last need not be so any more.
    pub fn is_known(&self) -> bool {
        let is_driven = matches!(self.point, Point::Output(_) | Point::OutputFacet(..));
        is_driven || self.quality == Quality::Good
    }

    /// [`PointState::text`], of what is known.
    pub fn known_text(&self) -> Option<String> {
        self.text().filter(|_| self.is_known())
    }

    /// The value as MQTT, the console and people read it: `ON`, `OFF`, `21.50`; nothing before the first value.
    pub fn text(&self) -> Option<String> {
        let on = |on: bool| if on { "ON" } else { "OFF" }.to_owned();
        Some(match (self.value.as_ref()?, self.point.decimals()) {
            (Value::Switch(is_on), _) => on(*is_on),
            (Value::Level(level), _) if self.point.is_level() => level.percent().to_string(),
            (Value::Level(level), _) => on(level.is_on()),
            (Value::Number(number), Some(decimals)) => number::fixed(*number, decimals),
            (Value::Number(number), None) => number::shortest(*number),
            (Value::Word(word), _) => word.to_string(),
        })
    }
}
