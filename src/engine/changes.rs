//! What changed, so that only that is worked out anew.
//!
//! Every change of what conditions look at is counted. Whoever looked keeps a [`Memo`]: the count of then, and when it looks
//! different by itself. Until then, and while nothing that it looks at has a later count, it comes to the same again. A rule
//! that looks at what moves all the time is worked out always.

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

/// How many changes there were, and which of them was the last of each thing.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    count: u64,
    inputs: Vec<u64>,
    sensors: Vec<u64>,
    any_sensor: u64,
    rooms: Vec<u64>,
    outputs: Vec<u64>,
    any_output: u64,
    climates: Vec<u64>,
    /// What zones ask for, by output.
    claims: Vec<u64>,
    rules: Vec<u64>,
    mode: u64,
    dark: u64,
    asked: u64,
    everything: u64,
    /// The clock as it was when everything was last worked out: how far its wall time was ahead of its moment,
    /// milliseconds, and whether it was known.
    clock: (i64, bool),
}

/// One thing that somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Input(InputId),
    Sensor(SensorId),
    /// All of them.
    Sensors,
    Room(RoomId),
    Output(OutputId),
    /// All of them.
    Outputs,
    Climate(ClimateId),
    /// What zones ask of an output.
    Claim(OutputId),
    Rule(RuleId),
    Mode,
    Dark,
    /// What the priority array is filled from.
    Asked,
    /// Something that is another at each instant.
    Moving,
}

/// What somebody looks at, and how it was when it last did.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    looks: Vec<Look>,
    /// The count of then; nothing: it never looked.
    at: Option<u64>,
    anew: Option<Moment>,
}

/// Of everything in a house that is worked out from something else.
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

impl Memos {
    pub fn new(config: &Config) -> Memos {
        let climates = config.climates.iter().enumerate();
        Memos {
            dark: config.dark.as_ref().map(|rule| Memo::of_rule(rule, config)).unwrap_or_default(),
            rooms: config.rooms.iter().map(|room| Memo::of_room(room, config)).collect(),
            climates: climates.map(|(index, zone)| Memo::of_climate(ClimateId(index), zone)).collect(),
            events: config.events.iter().map(|rule| Memo::of_event(rule, config)).collect(),
            rules: config.rules.iter().map(|rule| Memo::of_rule(rule, config)).collect(),
            shown: Memo::new(vec![Look::Sensors, Look::Outputs]),
            outputs: Memo::new(vec![Look::Asked]),
            alone: (0..config.outputs.len()).map(|index| Memo::of_output(OutputId(index), config)).collect(),
        }
    }
}

impl Changes {
    pub fn new(config: &Config, now: Now) -> Changes {
        Changes {
            count: 0,
            inputs: vec![0; config.inputs.len()],
            sensors: vec![0; config.sensors.len()],
            any_sensor: 0,
            rooms: vec![0; config.rooms.len()],
            outputs: vec![0; config.outputs.len()],
            any_output: 0,
            climates: vec![0; config.climates.len()],
            claims: vec![0; config.outputs.len()],
            rules: vec![0; config.rules.len()],
            mode: 0,
            dark: 0,
            asked: 0,
            everything: 0,
            clock: (ahead(now), now.wall_known),
        }
    }

    /// The next one.
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    pub fn input(&mut self, id: InputId) {
        self.inputs[id.0] = self.next();
    }

    pub fn sensor(&mut self, id: SensorId) {
        self.sensors[id.0] = self.next();
        self.any_sensor = self.count;
    }

    /// Who is in a room changed, and with it when commands end.
    pub fn room(&mut self, id: RoomId) {
        self.rooms[id.0] = self.next();
        self.asked = self.count;
    }

    /// What an output is, or what is asked of it.
    pub fn output(&mut self, id: OutputId, config: &Config) {
        self.outputs[id.0] = self.next();
        if let Method::Part { of } = config[id].method {
            self.outputs[of.0] = self.count;
        }
        (self.any_output, self.asked) = (self.count, self.count);
    }

    pub fn climate(&mut self, id: ClimateId) {
        self.climates[id.0] = self.next();
    }

    pub fn mode(&mut self) {
        self.mode = self.next();
    }

    pub fn dark(&mut self) {
        self.dark = self.next();
    }

    /// Whether a rule is active.
    pub fn rule(&mut self, id: RuleId) {
        self.rules[id.0] = self.next();
        self.asked = self.count;
    }

    /// What zones ask of an output.
    pub fn claim(&mut self, id: OutputId) {
        self.claims[id.0] = self.next();
        self.asked = self.count;
    }

    pub fn everything(&mut self) {
        self.everything = self.next();
    }

    /// A clock that was set changes everything.
    pub fn follow(&mut self, now: Now) {
        let (before, known) = self.clock;
        if known != now.wall_known || (ahead(now) - before).abs() > CLOCK_DRIFT {
            self.clock = (ahead(now), now.wall_known);
            self.everything();
        }
    }

    fn of(&self, look: Look) -> u64 {
        match look {
            Look::Input(id) => self.inputs[id.0],
            Look::Sensor(id) => self.sensors[id.0],
            Look::Sensors => self.any_sensor,
            Look::Room(id) => self.rooms[id.0],
            Look::Output(id) => self.outputs[id.0],
            Look::Outputs => self.any_output,
            Look::Climate(id) => self.climates[id.0],
            Look::Claim(id) => self.claims[id.0],
            Look::Rule(id) => self.rules[id.0],
            Look::Mode => self.mode,
            Look::Dark => self.dark,
            Look::Asked => self.asked,
            Look::Moving => u64::MAX,
        }
    }
}

/// How far the wall time is ahead of the moment, milliseconds.
fn ahead(now: Now) -> i64 {
    now.wall.timestamp_millis().saturating_sub(now.moment.as_millis())
}

impl Memo {
    fn new(looks: Vec<Look>) -> Memo {
        Memo { looks, at: None, anew: None }
    }

    fn of_rule(rule: &Rule, config: &Config) -> Memo {
        let mut looks = Vec::new();
        look_at_rule(rule, config, &mut looks);
        Memo::new(looks)
    }

    /// Of its conditions; times of day and clicks are another matter.
    fn of_event(rule: &EventRule, config: &Config) -> Memo {
        let mut looks = Vec::new();
        rule.condition.iter().for_each(|condition| look_at(condition, config, &mut looks));
        for trigger in &rule.on {
            match trigger {
                Trigger::Becomes(condition) => look_at(condition, config, &mut looks),
                Trigger::Changes(point) => look_at_point(*point, config, &mut looks),
                Trigger::Click(..) | Trigger::Start | Trigger::At(_) | Trigger::Cron(_) => {}
            }
        }
        Memo::new(looks)
    }

    fn of_room(room: &Room, config: &Config) -> Memo {
        let mut looks: Vec<Look> = room.motion.iter().chain(&room.doors).map(|input| Look::Input(*input)).collect();
        for rule in [&room.occupied_while, &room.asleep_while].into_iter().flatten() {
            look_at_rule(rule, config, &mut looks);
        }
        Memo::new(looks)
    }

    fn of_climate(id: ClimateId, zone: &Climate) -> Memo {
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
        Memo::new(looks)
    }

    /// Of an output that works through no parts, is none, and has no interlock.
    fn of_output(id: OutputId, config: &Config) -> Option<Memo> {
        let output = &config[id];
        if output.method != Method::Direct || output.interlock.is_some() || !config.is_visible(id) {
            return None;
        }
        let rules = config.rules.iter().enumerate().filter(|(_, rule)| rule.set.iter().any(|(set, _)| *set == id));
        let mut looks = vec![Look::Output(id), Look::Claim(id)];
        looks.extend(rules.map(|(index, _)| Look::Rule(RuleId(index))));
        looks.extend(output.room.map(Look::Room));
        Some(Memo::new(looks))
    }

    /// Whether it comes to the same as when it last looked; then the alarm is set for when that ends.
    pub fn holds(&self, changes: &Changes, now: Moment, alarm: &mut Alarm) -> bool {
        let Some(at) = self.at.filter(|at| *at >= changes.everything) else { return false };
        if self.anew.is_some_and(|anew| now >= anew) || self.looks.iter().any(|look| changes.of(*look) > at) {
            return false;
        }
        self.anew.into_iter().for_each(|anew| alarm.at(anew));
        true
    }

    /// It looked; `own` is when what it saw changes by itself. What `changed` by that itself is looked at once more.
    pub fn note(&mut self, changes: &Changes, changed: bool, own: Alarm, alarm: &mut Alarm) {
        (self.at, self.anew) = ((!changed).then_some(changes.count), own.earliest());
        self.anew.into_iter().for_each(|anew| alarm.at(anew));
    }
}

fn look_at_rule(rule: &Rule, config: &Config, looks: &mut Vec<Look>) {
    std::iter::once(&rule.condition).chain(&rule.until).for_each(|condition| look_at(condition, config, looks));
}

fn look_at(condition: &Condition, config: &Config, looks: &mut Vec<Look>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| look_at(part, config, looks)),
        Condition::Not(part) | Condition::Held { condition: part, .. } => look_at(part, config, looks),
        Condition::On(point) | Condition::Changed { point, .. } => look_at_point(*point, config, looks),
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
