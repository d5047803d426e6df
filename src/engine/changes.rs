//! What changed, so that only that is worked out anew.
//!
//! Each [`Task`](super::order::Task) is known by its place in the order. It is **due** when anything that it looks at changed,
//! or when it looks different by itself. Until then it comes to the same again. What looks at what moves all the time is
//! due always. Who looks at what is known from the configuration, so that a change costs as much as it has dependents.

use super::{
    order::{Dependency, Order},
    wakeup::NextWakeup,
};
use crate::{
    clock::{Moment, Now},
    model::{ClimateId, Config, InputId, Method, OutputId, Point, RoomId, RuleId, SensorId},
};
use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};

/// A wall clock that moved against the steady time by no more than this is looked at as if it had not, milliseconds.
const CLOCK_DRIFT: i64 = 100;

/// Something of a house that changed, for whoever watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// The mode of the house.
    Mode,
    /// What an input is.
    Input(InputId),
    /// The readings of a sensor, or their quality.
    Sensor(SensorId),
    /// Whether somebody is in a room, or asleep there.
    Room(RoomId),
    /// What an output is, or why.
    Output(OutputId),
    /// What a climate zone shows.
    Climate(ClimateId),
    /// Whether a rule is active.
    Rule(RuleId),
}

/// What is to be worked out anew.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    due: Bits,
    /// Those of which something that they look at changed since they were last worked out.
    unsettled: Bits,
    /// Those that look at what moves all the time.
    moving: Bits,
    /// Who looks at each thing, in the order of [`Changes::place`].
    dependents: Vec<Vec<u32>>,
    /// What changed since somebody who watches last asked, in the order of [`Changes::place`].
    news: Bits,
    /// The same as a list.
    told: Vec<u32>,
    /// Where the things of each kind begin in that order.
    begins: Begins,
    /// The points of which somebody looks at what became of them today, in their order.
    today: Vec<Point>,
    /// By task: when it looks different by itself.
    anew: Vec<Option<Moment>>,
    /// The same by time, with some that hold no more.
    wakeups: BinaryHeap<Reverse<(Moment, u32)>>,
    /// The clock as it was when everything was last worked out: how far its wall time was ahead of its moment,
    /// milliseconds, and whether it was known.
    clock: (i64, bool),
}

/// A set of tasks.
#[derive(Clone, Debug)]
struct Bits(Box<[u64]>);

#[derive(Clone, Copy, Debug)]
struct Begins {
    inputs: usize,
    clicks: usize,
    sensors: usize,
    rooms: usize,
    outputs: usize,
    climates: usize,
    rules: usize,
    today: usize,
}

/// So many wake-ups are kept at least.
const WAKEUPS_KEPT: usize = 64;

/// So many things are looked at of each output, of each zone, and of each room.
const OF_OUTPUT: usize = 4;
const OF_CLIMATE: usize = 2;
const OF_ROOM: usize = 2;

impl Bits {
    fn none(of: usize) -> Bits {
        Bits(vec![0; of.div_ceil(64)].into())
    }

    fn set(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    fn clear(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    fn contains(&self, number: usize) -> bool {
        self.0[number / 64] >> (number % 64) & 1 == 1
    }

    /// The first of a range.
    fn first(&self, range: Range<usize>) -> Option<usize> {
        let mut place = range.start / 64;
        let mut bits = self.0.get(place)? & (u64::MAX << (range.start % 64));
        while bits == 0 {
            place += 1;
            if place * 64 >= range.end {
                return None;
            }
            bits = *self.0.get(place)?;
        }
        let number = place * 64 + bits.trailing_zeros() as usize;
        (number < range.end).then_some(number)
    }
}

/// Which tasks are worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All that are due.
    Due,
    /// In one instant for the second time: those that look at something that changed meanwhile.
    Unsettled,
}

impl Changes {
    /// Nothing of a house was worked out yet.
    pub fn new(config: &Config, order: &Order, now: Now) -> Changes {
        // The mode and the darkness come first.
        let inputs = 2;
        let clicks = inputs + config.inputs.len();
        let sensors = clicks + config.inputs.len();
        let rooms = sensors + config.sensors.len();
        let outputs = rooms + config.rooms.len() * OF_ROOM;
        let climates = outputs + config.outputs.len() * OF_OUTPUT;
        let rules = climates + config.climates.len() * OF_CLIMATE;
        let today = rules + config.rules.len();
        let all = today + order.today.len();
        let none = Bits::none(order.tasks.len());
        let mut changes = Changes {
            due: none.clone(),
            unsettled: none.clone(),
            moving: none,
            dependents: vec![Vec::new(); all],
            news: Bits::none(all),
            told: Vec::new(),
            begins: Begins { inputs, clicks, sensors, rooms, outputs, climates, rules, today },
            today: order.today.clone(),
            anew: vec![None; order.tasks.len()],
            wakeups: BinaryHeap::new(),
            clock: (ahead(now), now.wall_known),
        };
        for (task, looks) in order.looks.iter().enumerate() {
            for look in looks {
                match changes.place(*look) {
                    Some(place) => changes.dependents[place].push(u32::try_from(task).unwrap_or(u32::MAX)),
                    None => changes.moving.set(task),
                }
            }
        }
        changes.everything();
        (0..changes.dependents.len()).for_each(|place| changes.tell(place));
        changes
    }

    fn place(&self, look: Dependency) -> Option<usize> {
        let of_output = |id: OutputId, which: usize| self.begins.outputs + id.0 * OF_OUTPUT + which;
        let of_climate = |id: ClimateId, which: usize| self.begins.climates + id.0 * OF_CLIMATE + which;
        let of_room = |id: RoomId, which: usize| self.begins.rooms + id.0 * OF_ROOM + which;
        Some(match look {
            Dependency::Mode => 0,
            Dependency::Dark => 1,
            Dependency::Input(id) => self.begins.inputs + id.0,
            Dependency::Click(id) => self.begins.clicks + id.0,
            Dependency::Sensor(id) => self.begins.sensors + id.0,
            Dependency::Room(id) => of_room(id, 0),
            Dependency::SetRoom(id) => of_room(id, 1),
            Dependency::Wire(id) => of_output(id, 0),
            Dependency::Output(id) => of_output(id, 1),
            Dependency::Explained(id) => of_output(id, 2),
            Dependency::Claim(id) => of_output(id, 3),
            Dependency::Climate(id) => of_climate(id, 0),
            Dependency::Zone(id) => of_climate(id, 1),
            Dependency::Rule(id) => self.begins.rules + id.0,
            Dependency::Today(point) => self.begins.today + self.today.binary_search(&point).ok()?,
            Dependency::Moving => return None,
        })
    }

    fn mark(&mut self, look: Dependency) {
        let Some(place) = self.place(look) else { return };
        self.tell(place);
        for dependent in &self.dependents[place] {
            self.due.set(*dependent as usize);
            self.unsettled.set(*dependent as usize);
        }
    }

    fn tell(&mut self, place: usize) {
        if !self.news.contains(place) {
            self.news.set(place);
            self.told.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }

    /// What changed since this was last asked, each once.
    pub fn take_news(&mut self) -> Vec<Changed> {
        let told = std::mem::take(&mut self.told);
        told.iter().for_each(|place| self.news.clear(*place as usize));
        let mut news: Vec<Changed> = told.into_iter().filter_map(|place| self.changed(place as usize)).collect();
        news.sort_unstable();
        news.dedup();
        news
    }

    /// What of it somebody who watches sees.
    fn changed(&self, place: usize) -> Option<Changed> {
        let Begins { inputs, clicks, sensors, rooms, outputs, climates, rules, today } = self.begins;
        Some(match place {
            0 => Changed::Mode,
            1 => return None,
            place if place < clicks => Changed::Input(InputId(place - inputs)),
            place if place < sensors => Changed::Input(InputId(place - clicks)),
            place if place < rooms => Changed::Sensor(SensorId(place - sensors)),
            place if place < outputs => Changed::Room(RoomId((place - rooms) / OF_ROOM)),
            place if place < climates => Changed::Output(OutputId((place - outputs) / OF_OUTPUT)),
            place if place < rules => Changed::Climate(ClimateId((place - climates) / OF_CLIMATE)),
            place if place < today => Changed::Rule(RuleId(place - rules)),
            _ => return None,
        })
    }

    /// It may look different from outside, and not to what looks at it here: a reading is stale, a room has another cause.
    pub fn seen(&mut self, what: Dependency) {
        self.place(what).into_iter().for_each(|place| self.tell(place));
    }

    pub fn input(&mut self, id: InputId) {
        self.mark(Dependency::Input(id));
    }

    pub fn click(&mut self, id: InputId) {
        self.mark(Dependency::Click(id));
    }

    pub fn sensor(&mut self, id: SensorId) {
        self.mark(Dependency::Sensor(id));
    }

    /// Who is in a room changed, and with it when commands end.
    pub fn room(&mut self, id: RoomId) {
        self.mark(Dependency::Room(id));
    }

    /// What somebody set of a room; when commands end that end with it.
    pub fn set_room(&mut self, id: RoomId) {
        self.mark(Dependency::SetRoom(id));
        self.mark(Dependency::Room(id));
    }

    /// What somebody commands an output, or what its wire does.
    pub fn output(&mut self, id: OutputId, config: &Config) {
        let whole = match config[id].method {
            Method::Part { of } => Some(of),
            _ => None,
        };
        for id in whole.into_iter().chain([id]) {
            self.mark(Dependency::Wire(id));
            self.mark(Dependency::Output(id));
        }
    }

    /// What an output does by itself of what it is commanded.
    pub fn wire(&mut self, id: OutputId) {
        self.mark(Dependency::Wire(id));
    }

    /// What is decided of an output.
    pub fn decided(&mut self, id: OutputId, config: &Config) {
        self.mark(Dependency::Output(id));
        if let Method::Part { of } = config[id].method {
            self.mark(Dependency::Output(of));
        }
    }

    /// Why an output is as it is.
    pub fn explained(&mut self, id: OutputId) {
        self.mark(Dependency::Explained(id));
    }

    /// What somebody commands a zone.
    pub fn climate(&mut self, id: ClimateId) {
        self.mark(Dependency::Climate(id));
    }

    /// What a zone shows.
    pub fn zone(&mut self, id: ClimateId) {
        self.mark(Dependency::Zone(id));
    }

    pub fn mode(&mut self) {
        self.mark(Dependency::Mode);
    }

    pub fn dark(&mut self) {
        self.mark(Dependency::Dark);
    }

    /// Whether a rule is active.
    pub fn rule(&mut self, id: RuleId) {
        self.mark(Dependency::Rule(id));
    }

    /// What became of a point today.
    pub fn today(&mut self, point: Point) {
        self.mark(Dependency::Today(point));
    }

    /// What zones ask of an output.
    pub fn claim(&mut self, id: OutputId) {
        self.mark(Dependency::Claim(id));
    }

    pub fn everything(&mut self) {
        (0..self.anew.len()).for_each(|task| self.due.set(task));
    }

    /// Whether the clock was set since everything was last worked out.
    pub fn is_clock_set(&self, now: Now) -> bool {
        let (before, known) = self.clock;
        known != now.wall_known || (ahead(now) - before).abs() > CLOCK_DRIFT
    }

    /// Time passed. A clock that was set changes everything.
    pub fn follow(&mut self, now: Now) {
        if self.is_clock_set(now) {
            self.clock = (ahead(now), now.wall_known);
            self.everything();
        }
        while let Some(Reverse((at, task))) = self.wakeups.peek().copied().filter(|Reverse((at, _))| *at <= now.moment)
        {
            self.wakeups.pop();
            if self.anew[task as usize] == Some(at) {
                self.anew[task as usize] = None;
                self.due.set(task as usize);
            }
        }
    }

    /// The next task of a range that is to be worked out; it counts as worked out from now on.
    pub fn next(&mut self, which: Which, range: Range<usize>) -> Option<usize> {
        let bits = if which == Which::Due { &self.due } else { &self.unsettled };
        let task = bits.first(range)?;
        self.unsettled.clear(task);
        Some(task)
    }

    /// A task was worked out; `own` is when what it saw changes by itself. What `changed` by that itself is looked at once
    /// more, at the next occasion.
    pub fn note(&mut self, task: usize, changed: bool, own: NextWakeup) {
        if changed || self.moving.contains(task) {
            self.due.set(task);
        } else {
            self.due.clear(task);
        }
        self.wake(task, own.earliest());
    }

    /// Sets the wake-up of a task.
    fn wake(&mut self, task: usize, anew: Option<Moment>) {
        if self.anew[task] != anew {
            self.anew[task] = anew;
            let number = u32::try_from(task).unwrap_or(u32::MAX);
            self.wakeups.extend(anew.map(|anew| Reverse((anew, number))));
        }
    }

    /// A task has something to do at `moment` too.
    pub fn wake_by(&mut self, task: usize, moment: Moment) {
        let earliest = self.anew[task].map_or(moment, |anew| anew.min(moment));
        self.wake(task, Some(earliest));
    }

    /// When the next task is due by itself.
    pub fn next_wakeup(&mut self) -> Option<Moment> {
        // Those that hold no more are few, or are thrown away.
        if self.wakeups.len() > WAKEUPS_KEPT + 4 * self.anew.len() {
            let all = self.anew.iter().zip(0..).filter_map(|(anew, task)| anew.map(|anew| Reverse((anew, task))));
            self.wakeups = all.collect();
        }
        while let Some(Reverse((at, task))) = self.wakeups.peek().copied() {
            if self.anew[task as usize] == Some(at) {
                return Some(at);
            }
            self.wakeups.pop();
        }
        None
    }

    /// A task has taken into account what changed up to now.
    pub fn settle(&mut self, task: usize) {
        self.unsettled.clear(task);
    }

    /// Whether a task of this range is to be worked out once more in this instant.
    pub fn is_unsettled(&self, range: Range<usize>) -> bool {
        self.unsettled.first(range).is_some()
    }
}

/// How far the wall time is ahead of the moment, milliseconds.
fn ahead(now: Now) -> i64 {
    now.wall.timestamp_millis().saturating_sub(now.moment.as_millis())
}
