//! What changed, so that only that is worked out anew.
//!
//! Whatever is worked out from something else has a [`Memo`]: whether anything that it looks at changed since, and when it
//! looks different by itself. Until then it comes to the same again. A rule that looks at what moves all the time is worked
//! out always. Who looks at what is known from the configuration, so that a change is a few bits set.

use super::facts::Alarm;
use crate::{
    clock::{Moment, Now},
    model::{
        Climate, ClimateId, Condition, Config, Control, EventRule, InputId, Method, Number, OutputFacet, OutputId,
        Point, Room, RoomId, Rule, RuleId, SensorId, Trigger,
    },
};

/// A wall clock that moved against the steady time by no more than this is looked at as if it had not, milliseconds.
const CLOCK_DRIFT: i64 = 100;

/// What is to be worked out anew.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    /// The memos of which something changed, by their numbers.
    due: Bits,
    /// Those that look at what moves all the time.
    moving: Bits,
    /// Who looks at each thing, in the order of [`Changes::place`].
    lookers: Vec<Bits>,
    /// Where the things of each kind begin in that order.
    begins: Begins,
    /// The clock as it was when everything was last worked out: how far its wall time was ahead of its moment,
    /// milliseconds, and whether it was known.
    clock: (i64, bool),
}

/// A set of memos.
#[derive(Clone, Debug)]
struct Bits(Box<[u64]>);

#[derive(Clone, Copy, Debug)]
struct Begins {
    inputs: usize,
    sensors: usize,
    rooms: usize,
    outputs: usize,
    climates: usize,
    claims: usize,
    rules: usize,
}

/// One thing that somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Mode,
    Dark,
    Input(InputId),
    Sensor(SensorId),
    Room(RoomId),
    Output(OutputId),
    Climate(ClimateId),
    /// What zones ask of an output.
    Claim(OutputId),
    Rule(RuleId),
    /// Something that is another at each instant.
    Moving,
}

/// Of something that is worked out from something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memo {
    number: usize,
    /// When it looks different by itself.
    anew: Option<Moment>,
}

/// Of everything in a house.
#[derive(Clone, Debug)]
pub(super) struct Memos {
    pub dark: Memo,
    pub rooms: Vec<Memo>,
    pub climates: Vec<Memo>,
    pub events: Vec<Memo>,
    pub rules: Vec<Memo>,
    /// When what is shown looks different although nobody looks at it.
    pub shown: Memo,
    /// The priority arrays of all outputs.
    pub outputs: Memo,
    /// That of one output, where no other output has to do with it.
    pub alone: Vec<Option<Memo>>,
}

/// Nothing of a house was worked out yet.
pub(super) fn watch(config: &Config, now: Now) -> (Changes, Memos) {
    let mut all: Vec<Vec<Look>> = Vec::new();
    let mut memo = |looks: Vec<Look>| {
        all.push(looks);
        Memo { number: all.len() - 1, anew: None }
    };
    let sensors = || (0..config.sensors.len()).map(|index| Look::Sensor(SensorId(index)));
    let outputs = || (0..config.outputs.len()).map(OutputId);
    let rules = (0..config.rules.len()).map(|index| Look::Rule(RuleId(index)));
    let rooms = (0..config.rooms.len()).map(|index| Look::Room(RoomId(index)));
    let climates = config.climates.iter().enumerate();
    let memos = Memos {
        dark: memo(config.dark.as_ref().map(|rule| of_rule(rule, config)).unwrap_or_default()),
        rooms: config.rooms.iter().map(|room| memo(of_room(room, config))).collect(),
        climates: climates.map(|(index, zone)| memo(of_climate(ClimateId(index), zone))).collect(),
        events: config.events.iter().map(|rule| memo(of_event(rule, config))).collect(),
        rules: config.rules.iter().map(|rule| memo(of_rule(rule, config))).collect(),
        shown: memo(sensors().chain(outputs().map(Look::Output)).collect()),
        outputs: memo(outputs().flat_map(|id| [Look::Output(id), Look::Claim(id)]).chain(rules).chain(rooms).collect()),
        alone: outputs().map(|id| of_output(id, config).map(&mut memo)).collect(),
    };
    (Changes::new(config, now, &all), memos)
}

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

    fn add(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, others)| *own |= others);
    }
}

impl Changes {
    /// `all`: what each memo looks at.
    fn new(config: &Config, now: Now, all: &[Vec<Look>]) -> Changes {
        // The mode and the darkness come first.
        let inputs = 2;
        let sensors = inputs + config.inputs.len();
        let rooms = sensors + config.sensors.len();
        let outputs = rooms + config.rooms.len();
        let climates = outputs + config.outputs.len();
        let claims = climates + config.climates.len();
        let rules = claims + config.outputs.len();
        let none = Bits::none(all.len());
        let mut changes = Changes {
            due: none.clone(),
            moving: none.clone(),
            lookers: vec![none; rules + config.rules.len()],
            begins: Begins { inputs, sensors, rooms, outputs, climates, claims, rules },
            clock: (ahead(now), now.wall_known),
        };
        for (number, look) in
            all.iter().enumerate().flat_map(|(number, looks)| looks.iter().map(move |look| (number, look)))
        {
            match changes.place(*look) {
                Some(place) => changes.lookers[place].set(number),
                None => changes.moving.set(number),
            }
        }
        changes.everything();
        changes
    }

    fn place(&self, look: Look) -> Option<usize> {
        Some(match look {
            Look::Mode => 0,
            Look::Dark => 1,
            Look::Input(id) => self.begins.inputs + id.0,
            Look::Sensor(id) => self.begins.sensors + id.0,
            Look::Room(id) => self.begins.rooms + id.0,
            Look::Output(id) => self.begins.outputs + id.0,
            Look::Climate(id) => self.begins.climates + id.0,
            Look::Claim(id) => self.begins.claims + id.0,
            Look::Rule(id) => self.begins.rules + id.0,
            Look::Moving => return None,
        })
    }

    fn mark(&mut self, look: Look) {
        if let Some(place) = self.place(look) {
            self.due.add(&self.lookers[place]);
        }
    }

    pub fn input(&mut self, id: InputId) {
        self.mark(Look::Input(id));
    }

    pub fn sensor(&mut self, id: SensorId) {
        self.mark(Look::Sensor(id));
    }

    /// Who is in a room changed, and with it when commands end.
    pub fn room(&mut self, id: RoomId) {
        self.mark(Look::Room(id));
    }

    /// What an output is, or what is asked of it.
    pub fn output(&mut self, id: OutputId, config: &Config) {
        self.mark(Look::Output(id));
        if let Method::Part { of } = config[id].method {
            self.mark(Look::Output(of));
        }
    }

    pub fn climate(&mut self, id: ClimateId) {
        self.mark(Look::Climate(id));
    }

    pub fn mode(&mut self) {
        self.mark(Look::Mode);
    }

    pub fn dark(&mut self) {
        self.mark(Look::Dark);
    }

    /// Whether a rule is active.
    pub fn rule(&mut self, id: RuleId) {
        self.mark(Look::Rule(id));
    }

    /// What zones ask of an output.
    pub fn claim(&mut self, id: OutputId) {
        self.mark(Look::Claim(id));
    }

    pub fn everything(&mut self) {
        self.due.0.fill(u64::MAX);
    }

    /// A clock that was set changes everything.
    pub fn follow(&mut self, now: Now) {
        let (before, known) = self.clock;
        if known != now.wall_known || (ahead(now) - before).abs() > CLOCK_DRIFT {
            self.clock = (ahead(now), now.wall_known);
            self.everything();
        }
    }
}

/// How far the wall time is ahead of the moment, milliseconds.
fn ahead(now: Now) -> i64 {
    now.wall.timestamp_millis().saturating_sub(now.moment.as_millis())
}

impl Memo {
    /// Whether it comes to the same as when it last looked; then the alarm is set for when that ends.
    pub fn holds(&self, changes: &Changes, now: Moment, alarm: &mut Alarm) -> bool {
        if changes.due.contains(self.number) || self.anew.is_some_and(|anew| now >= anew) {
            return false;
        }
        self.anew.into_iter().for_each(|anew| alarm.at(anew));
        true
    }

    /// It looked; `own` is when what it saw changes by itself. What `changed` by that itself is looked at once more.
    pub fn note(&mut self, changes: &mut Changes, changed: bool, own: Alarm, alarm: &mut Alarm) {
        if changed || changes.moving.contains(self.number) {
            changes.due.set(self.number);
        } else {
            changes.due.clear(self.number);
        }
        self.anew = own.earliest();
        self.anew.into_iter().for_each(|anew| alarm.at(anew));
    }
}

fn of_rule(rule: &Rule, config: &Config) -> Vec<Look> {
    let mut looks = Vec::new();
    look_at_rule(rule, config, &mut looks);
    looks
}

/// Of its conditions; times of day and clicks are another matter.
fn of_event(rule: &EventRule, config: &Config) -> Vec<Look> {
    let mut looks = Vec::new();
    rule.condition.iter().for_each(|condition| look_at(condition, config, &mut looks));
    for trigger in &rule.on {
        match trigger {
            Trigger::Becomes(condition) => look_at(condition, config, &mut looks),
            Trigger::Changes(point) => look_at_point(*point, config, &mut looks),
            Trigger::Click(..)
            | Trigger::Start
            | Trigger::At(_)
            | Trigger::Cron(_)
            | Trigger::Every(_)
            | Trigger::EveryDays(..) => {}
        }
    }
    looks
}

fn of_room(room: &Room, config: &Config) -> Vec<Look> {
    let mut looks: Vec<Look> = room.motion.iter().chain(&room.doors).map(|input| Look::Input(*input)).collect();
    for rule in [&room.occupied_while, &room.asleep_while].into_iter().flatten() {
        look_at_rule(rule, config, &mut looks);
    }
    looks
}

fn of_climate(id: ClimateId, zone: &Climate) -> Vec<Look> {
    let flow = match zone.control {
        Control::Curve { flow, .. } => flow,
        _ => None,
    };
    let sensors = zone.sensors.iter().copied().chain(zone.outdoor).chain(flow);
    let inputs = zone.window.contacts.iter().copied().chain(zone.door.map(|(input, _)| input));
    let mut looks = vec![Look::Climate(id)];
    looks.extend(sensors.map(Look::Sensor));
    looks.extend(inputs.map(Look::Input));
    let exercised = zone.exercise.iter().flat_map(|exercise| exercise.outputs.iter().copied());
    looks.extend(zone.outputs().chain(exercised).map(Look::Output));
    looks
}

/// Of an output that works through no parts, is none, and has no interlock.
fn of_output(id: OutputId, config: &Config) -> Option<Vec<Look>> {
    let output = &config[id];
    if output.method != Method::Direct || output.interlock.is_some() || !config.is_visible(id) {
        return None;
    }
    let rules = config.rules.iter().enumerate().filter(|(_, rule)| rule.set.iter().any(|(set, _)| *set == id));
    let mut looks = vec![Look::Output(id), Look::Claim(id)];
    looks.extend(rules.map(|(index, _)| Look::Rule(RuleId(index))));
    looks.extend(output.room.map(Look::Room));
    Some(looks)
}

fn look_at_rule(rule: &Rule, config: &Config, looks: &mut Vec<Look>) {
    std::iter::once(&rule.condition).chain(&rule.until).for_each(|condition| look_at(condition, config, looks));
}

fn look_at(condition: &Condition, config: &Config, looks: &mut Vec<Look>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| look_at(part, config, looks)),
        Condition::Not(part) | Condition::Held { condition: part, .. } => look_at(part, config, looks),
        Condition::On(point) | Condition::Changed { point, .. } | Condition::Lost(point) => {
            look_at_point(*point, config, looks)
        }
        Condition::ClimateIs(..) => looks.push(Look::Moving),
        Condition::Compare(left, _, right) => {
            [left, right].into_iter().for_each(|side| look_at_number(side, config, looks))
        }
        Condition::Dark => looks.push(Look::Dark),
        Condition::Mode(_) => looks.push(Look::Mode),
        // Of these the calendar says when they change.
        Condition::TimeBetween { .. }
        | Condition::Daylight
        | Condition::Day(_)
        | Condition::Date(_)
        | Condition::Holiday
        | Condition::Night(_)
        | Condition::Pretended { .. } => {}
    }
}

fn look_at_number(number: &Number, config: &Config, looks: &mut Vec<Look>) {
    match number {
        Number::Constant(_) => {}
        Number::Reading(sensor, _) => looks.push(Look::Sensor(*sensor)),
        Number::Over(_, series) => looks.push(Look::Sensor(config[*series].sensor)),
        Number::Output(..) | Number::Climate(..) | Number::SunElevation => looks.push(Look::Moving),
        Number::Add(left, right)
        | Number::Subtract(left, right)
        | Number::Multiply(left, right)
        | Number::Divide(left, right) => {
            [left, right].into_iter().for_each(|side| look_at_number(side, config, looks));
        }
    }
}

fn look_at_point(point: Point, config: &Config, looks: &mut Vec<Look>) {
    match point {
        Point::Output(id) => match &config[id].method {
            Method::Cover(_) => looks.push(Look::Moving),
            Method::Group { members, .. } => {
                looks.push(Look::Output(id));
                members.iter().for_each(|member| look_at_point(Point::Output(*member), config, looks));
            }
            _ => looks.push(Look::Output(id)),
        },
        Point::OutputFacet(id, OutputFacet::Lock) => looks.push(Look::Output(id)),
        Point::Input(id) => looks.push(Look::Input(id)),
        Point::Reading(sensor, _) => looks.push(Look::Sensor(sensor)),
        Point::Occupied(id) | Point::Asleep(id) => looks.push(Look::Room(id)),
        Point::Mode => looks.push(Look::Mode),
        Point::OutputFacet(..) | Point::Climate(..) | Point::Event(_) => looks.push(Look::Moving),
    }
}
