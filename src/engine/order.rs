//! What is worked out by itself, what it looks at, and in which order: each after all that it looks at.
//!
//! So a rule that looks at an output sees what is decided of it in this instant, and nothing is ever worked out from a
//! state that was at no time. What goes round in a circle sees the rest of it as it was and is worked out again until nothing
//! changes (`decide.rs`).

use crate::model::{
    Climate, ClimateId, Condition, Config, Control, EventRule, InputId, Method, OutputFacet, OutputId, Point, Read,
    Room, RoomId, Rule, RuleId, SensorId, Trigger,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// Something that is worked out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Holds, clicks and pulses of an input.
    Input(InputId),
    /// When a sensor's readings are stale.
    Sensor(SensorId),
    Dark,
    Climate(ClimateId),
    Room(RoomId),
    /// An event rule, by its place.
    Event(usize),
    /// What became of a point today, by its place.
    Today(usize),
    Rule(RuleId),
    /// The priority arrays of outputs that have to do with each other, by its place.
    Outputs(usize),
    Group(OutputId),
    /// What became of what a zone called.
    LookBack(ClimateId),
}

/// One thing that somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dependency {
    Mode,
    Dark,
    Input(InputId),
    /// It was clicked.
    Click(InputId),
    Sensor(SensorId),
    Room(RoomId),
    /// What somebody set of it.
    SetRoom(RoomId),
    /// What somebody commands it, and what its wire does.
    Wire(OutputId),
    /// What is decided of it, as conditions see it.
    Output(OutputId),
    /// Why it is so.
    Explained(OutputId),
    /// What somebody commands a zone.
    Climate(ClimateId),
    /// What a zone shows.
    Zone(ClimateId),
    /// What zones ask of an output.
    Claim(OutputId),
    Rule(RuleId),
    /// What became of a point today.
    Today(Point),
    /// Something that is another at each instant.
    Moving,
}

/// Outputs that have to do with each other: one with its parts, members of an interlock.
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    /// In the order of the configuration.
    pub outputs: Vec<OutputId>,
    /// The places of the interlocks among them.
    pub interlocks: Vec<usize>,
}

/// All of a house.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub tasks: Vec<Task>,
    /// What each task looks at.
    pub looks: Vec<Vec<Dependency>>,
    pub clusters: Vec<Cluster>,
    /// The members of each interlock.
    pub members: Vec<Vec<OutputId>>,
    /// By output: the zones that drive it.
    pub zones: Vec<Vec<ClimateId>>,
    /// By name.
    pub inputs: BTreeMap<Arc<str>, InputId>,
    pub sensors: BTreeMap<Arc<str>, SensorId>,
    /// By sensor: the places of the series of its readings.
    pub series: Vec<Vec<usize>>,
    /// The inputs that count.
    pub counters: Vec<InputId>,
    /// The points of which some condition asks what became of them today, in their order.
    pub today: Vec<Point>,
    /// By zone: its task.
    pub climates: Vec<usize>,
    /// By rule: the outputs, and their parts, by which it is decided.
    pub rests_on: Vec<Vec<OutputId>>,
    /// What does not depend on outputs, but for rules.
    pub early: Range<usize>,
    pub early_events: Range<usize>,
    pub late: Range<usize>,
    pub late_events: Range<usize>,
}

impl Order {
    pub fn of(config: &Config) -> Order {
        let mut builder = Builder::new(config);
        let inputs = (0..config.inputs.len()).map(|index| Task::Input(InputId(index)));
        let sensors = (0..config.sensors.len()).map(|index| Task::Sensor(SensorId(index)));
        let mut tasks: Vec<Task> = inputs.chain(sensors).collect();
        let outputs = (0..config.outputs.len()).map(OutputId);
        // A circle is cut where a rule or a room looks at an output.
        outputs.for_each(|id| builder.visit(builder.task_of(id)));
        (0..config.rules.len()).for_each(|index| builder.visit(Task::Rule(RuleId(index))));
        (0..config.climates.len()).for_each(|index| builder.visit(Task::LookBack(ClimateId(index))));
        (0..config.rooms.len()).for_each(|index| builder.visit(Task::Room(RoomId(index))));
        (0..builder.today.len()).for_each(|place| builder.visit(Task::Today(place)));
        builder.visit(Task::Dark);
        let events: Vec<Task> = (0..config.events.len()).map(Task::Event).collect();
        let is_late = |task: &Task| matches!(task, Task::Rule(_)) || builder.is_late(*task);
        let mut part = |all: &[Task], late: bool| {
            let begins = tasks.len();
            tasks.extend(all.iter().filter(|task| is_late(task) == late));
            begins..tasks.len()
        };
        let (mut early, early_events) = (part(&builder.order, false), part(&events, false));
        let (late, late_events) = (part(&builder.order, true), part(&events, true));
        early.start = 0;
        let looks = tasks.iter().map(|task| builder.looks(*task)).collect();
        let rests_on = (0..config.rules.len()).map(|index| builder.rests_on(RuleId(index))).collect();
        let place = |id| tasks.iter().position(|task| *task == Task::Climate(id)).unwrap_or_default();
        let climates = (0..config.climates.len()).map(|index| place(ClimateId(index))).collect();
        let inputs =
            config.inputs.iter().enumerate().map(|(index, input)| (input.id.clone(), InputId(index))).collect();
        let sensors =
            config.sensors.iter().enumerate().map(|(index, sensor)| (sensor.id.clone(), SensorId(index))).collect();
        let mut series = vec![Vec::new(); config.sensors.len()];
        config.series.iter().enumerate().for_each(|(place, each)| series[each.sensor.0].push(place));
        let counters = (0..config.inputs.len()).map(InputId).filter(|id| config[*id].counts()).collect();
        let Builder { clusters, members, zones, today, .. } = builder;
        Order {
            tasks,
            looks,
            clusters,
            members,
            zones,
            inputs,
            sensors,
            series,
            counters,
            today,
            climates,
            rests_on,
            early,
            early_events,
            late,
            late_events,
        }
    }
}

struct Builder<'c> {
    config: &'c Config,
    clusters: Vec<Cluster>,
    /// By output; None: a group.
    cluster: Vec<Option<usize>>,
    members: Vec<Vec<OutputId>>,
    zones: Vec<Vec<ClimateId>>,
    /// By output: the rules that set it.
    rules: Vec<Vec<RuleId>>,
    today: Vec<Point>,
    order: Vec<Task>,
    seen: BTreeSet<Task>,
    /// Those of `order` that depend on outputs.
    late: BTreeSet<Task>,
}

impl<'c> Builder<'c> {
    fn new(config: &'c Config) -> Builder<'c> {
        let mut builder = Builder {
            config,
            clusters: Vec::new(),
            cluster: vec![None; config.outputs.len()],
            members: vec![Vec::new(); config.interlocks.len()],
            zones: vec![Vec::new(); config.outputs.len()],
            rules: vec![Vec::new(); config.outputs.len()],
            today: config.looked_at_by_day(),
            order: Vec::new(),
            seen: BTreeSet::new(),
            late: BTreeSet::new(),
        };
        for (index, zone) in config.climates.iter().enumerate() {
            for output in zone.outputs() {
                let zones = &mut builder.zones[output.0];
                if zones.last() != Some(&ClimateId(index)) {
                    zones.push(ClimateId(index));
                }
            }
        }
        for (index, rule) in config.rules.iter().enumerate() {
            rule.set.iter().for_each(|(output, _)| builder.rules[output.0].push(RuleId(index)));
        }
        for (index, output) in config.outputs.iter().enumerate() {
            if let Some(group) = output.interlock {
                builder.members[group.0].push(OutputId(index));
            }
        }
        for index in 0..config.outputs.len() {
            builder.gather(OutputId(index));
        }
        builder
    }

    /// Makes the cluster of an output that is in none.
    fn gather(&mut self, first: OutputId) {
        if self.cluster[first.0].is_some() || matches!(self.config[first].method, Method::Group { .. }) {
            return;
        }
        let place = self.clusters.len();
        let (mut cluster, mut open) = (Cluster::default(), vec![first]);
        while let Some(id) = open.pop() {
            if self.cluster[id.0].replace(place).is_some() {
                continue;
            }
            cluster.outputs.push(id);
            open.extend(self.config.parts(id));
            if let Method::Part { of } = self.config[id].method {
                open.push(of);
            }
            if let Some(group) = self.config[id].interlock {
                open.extend(&self.members[group.0]);
                cluster.interlocks.push(group.0);
            }
        }
        cluster.outputs.sort_unstable();
        cluster.interlocks.sort_unstable();
        cluster.interlocks.dedup();
        self.clusters.push(cluster);
    }

    /// What works out an output.
    fn task_of(&self, id: OutputId) -> Task {
        self.cluster[id.0].map_or(Task::Group(id), Task::Outputs)
    }

    /// Puts a task into the order, after all that it looks at.
    fn visit(&mut self, task: Task) {
        if !self.seen.insert(task) {
            return;
        }
        let needs = self.needs(task);
        needs.iter().for_each(|need| self.visit(*need));
        if self.is_late(task) {
            self.late.insert(task);
        }
        self.order.push(task);
    }

    fn is_late(&self, task: Task) -> bool {
        let of_outputs = |task: &Task| matches!(task, Task::Outputs(_) | Task::Group(_) | Task::LookBack(_));
        let is_late = |task: &Task| of_outputs(task) || self.late.contains(task);
        of_outputs(&task) || self.needs(task).iter().any(is_late)
    }

    /// What comes before a task.
    fn needs(&self, task: Task) -> Vec<Task> {
        let looks_back = matches!(task, Task::LookBack(_));
        let mut needs: Vec<Task> = Vec::new();
        for look in self.looks(task) {
            match look {
                Dependency::Dark => needs.push(Task::Dark),
                Dependency::Room(id) => needs.push(Task::Room(id)),
                Dependency::Rule(id) => needs.push(Task::Rule(id)),
                Dependency::Today(point) => needs.extend(self.today.binary_search(&point).map(Task::Today)),
                Dependency::Output(id) | Dependency::Explained(id) => needs.push(self.task_of(id)),
                Dependency::Zone(id) if looks_back => needs.push(Task::Climate(id)),
                Dependency::Zone(id) => needs.push(Task::LookBack(id)),
                // What a zone shows of its limits decides its fan.
                Dependency::Claim(id) => needs.extend(self.zones[id.0].iter().map(|zone| {
                    let called = [&self.config[*zone].heat, &self.config[*zone].cool];
                    let is_called = called.into_iter().any(|outputs| outputs.contains(&id));
                    if is_called { Task::Climate(*zone) } else { Task::LookBack(*zone) }
                })),
                Dependency::Mode
                | Dependency::Input(_)
                | Dependency::Click(_)
                | Dependency::Sensor(_)
                | Dependency::SetRoom(_)
                | Dependency::Wire(_)
                | Dependency::Climate(_)
                | Dependency::Moving => {}
            }
        }
        needs
    }

    fn looks(&self, task: Task) -> Vec<Dependency> {
        let config = self.config;
        let mut looks = match task {
            Task::Input(id) => vec![Dependency::Input(id)],
            Task::Sensor(id) => vec![Dependency::Sensor(id)],
            Task::Dark => config.dark.as_ref().map(|rule| of_rule(rule, config)).unwrap_or_default(),
            Task::Climate(id) => of_climate(id, &config[id]),
            Task::Room(id) => of_room(id, &config[id], config),
            Task::Event(index) => of_event(&config.events[index], config),
            Task::Rule(id) => of_rule(&config[id], config),
            Task::Today(place) => {
                let mut looks = Vec::new();
                look_at_point(self.today[place], config, &mut looks);
                looks
            }
            Task::Outputs(place) => self.clusters[place].outputs.iter().flat_map(|id| self.of_output(*id)).collect(),
            Task::Group(id) => {
                let members = leaves(id, config).into_iter();
                members.flat_map(|id| [Dependency::Wire(id), Dependency::Output(id)]).collect()
            }
            Task::LookBack(id) => {
                let called = config[id].heat.iter().chain(&config[id].cool);
                let wires = called.flat_map(|id| std::iter::once(*id).chain(config.parts(*id)));
                let of_wires = wires.flat_map(|id| [Dependency::Wire(id), Dependency::Explained(id)]);
                std::iter::once(Dependency::Zone(id)).chain(of_wires).collect()
            }
        };
        looks.sort_unstable();
        looks.dedup();
        looks
    }

    fn of_output(&self, id: OutputId) -> Vec<Dependency> {
        let mut looks = vec![Dependency::Wire(id)];
        if self.config.is_visible(id) {
            looks.push(Dependency::Claim(id));
            looks.extend(self.rules[id.0].iter().map(|rule| Dependency::Rule(*rule)));
            looks.extend(self.config[id].room.map(Dependency::Room));
        }
        if let Method::Door(door) = &self.config[id].method {
            looks.extend(door.open.into_iter().chain([door.closed]).map(Dependency::Input));
        }
        looks
    }

    /// The outputs, and their parts, that a rule is decided by, also by way of rooms.
    fn rests_on(&self, rule: RuleId) -> Vec<OutputId> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![Task::Rule(rule)];
        while let Some(task) = open.pop() {
            if !seen.insert(task) {
                continue;
            }
            for look in self.looks(task) {
                match look {
                    Dependency::Output(id) => {
                        let leaves = leaves(id, self.config).into_iter();
                        found.extend(leaves.flat_map(|id| self.config.parts(id).into_iter().chain([id])));
                    }
                    Dependency::Room(id) => open.push(Task::Room(id)),
                    Dependency::Dark => open.push(Task::Dark),
                    Dependency::Today(point) => open.extend(self.today.binary_search(&point).map(Task::Today)),
                    _ => {}
                }
            }
        }
        found.into_iter().collect()
    }
}

/// Itself, or the members of a group.
fn leaves(id: OutputId, config: &Config) -> Vec<OutputId> {
    match &config[id].method {
        Method::Group { members, .. } => members.iter().flat_map(|member| leaves(*member, config)).collect(),
        _ => vec![id],
    }
}

fn of_rule(rule: &Rule, config: &Config) -> Vec<Dependency> {
    let mut looks = Vec::new();
    look_at_rule(rule, config, &mut looks);
    looks
}

/// Of its triggers and conditions; times of day are another matter.
fn of_event(rule: &EventRule, config: &Config) -> Vec<Dependency> {
    let mut looks = Vec::new();
    rule.condition.iter().for_each(|condition| look_at(condition, config, &mut looks));
    for trigger in &rule.on {
        match trigger {
            Trigger::Becomes(condition) => look_at(condition, config, &mut looks),
            Trigger::Changes(point) => look_at_point(*point, config, &mut looks),
            Trigger::Click(input, _) => looks.push(Dependency::Click(*input)),
            Trigger::Start | Trigger::At(_) | Trigger::Cron(_) | Trigger::Every(_) | Trigger::EveryDays(..) => {}
        }
    }
    looks
}

fn of_room(id: RoomId, room: &Room, config: &Config) -> Vec<Dependency> {
    let mut looks = vec![Dependency::SetRoom(id)];
    looks.extend(room.motion.iter().chain(&room.doors).map(|input| Dependency::Input(*input)));
    for rule in [&room.occupied_while, &room.asleep_while].into_iter().flatten() {
        look_at_rule(rule, config, &mut looks);
    }
    looks
}

fn of_climate(id: ClimateId, zone: &Climate) -> Vec<Dependency> {
    let flow = match zone.control {
        Control::Curve { flow, .. } => flow,
        _ => None,
    };
    let sensors = zone.sensors.iter().copied().chain(zone.outdoor).chain(flow);
    let inputs = zone.window.contacts.iter().copied().chain(zone.door.map(|(input, _)| input));
    let mut looks = vec![Dependency::Climate(id)];
    looks.extend(sensors.map(Dependency::Sensor));
    looks.extend(inputs.map(Dependency::Input));
    let exercised = zone.exercise.iter().flat_map(|exercise| exercise.outputs.iter().copied());
    looks.extend(zone.outputs().chain(exercised).map(Dependency::Wire));
    looks
}

fn look_at_rule(rule: &Rule, config: &Config, looks: &mut Vec<Dependency>) {
    std::iter::once(&rule.condition).chain(&rule.until).for_each(|condition| look_at(condition, config, looks));
}

fn look_at(condition: &Condition, config: &Config, looks: &mut Vec<Dependency>) {
    condition.reads(&mut |read| match read {
        Read::Value(point) | Read::Loss(point) => look_at_point(point, config, looks),
        Read::Today(point) => {
            looks.push(Dependency::Today(point));
            // Nothing is known of today while the meter is not, whatever it shows then.
            if config.grows_in(point).is_some() {
                look_at_point(point, config, looks);
            }
        }
        Read::Series(series) => looks.push(Dependency::Sensor(config[series].sensor)),
        Read::Dark => looks.push(Dependency::Dark),
        Read::Sun => looks.push(Dependency::Moving),
    });
}

fn look_at_point(point: Point, config: &Config, looks: &mut Vec<Dependency>) {
    match point {
        Point::Output(id) | Point::OutputFacet(id, _) => {
            looks.push(Dependency::Output(id));
            let leaves = leaves(id, config);
            looks.extend(leaves.iter().map(|id| Dependency::Output(*id)));
            // Where a cover is, and what was used, time alone changes.
            let moves = |id: &OutputId| matches!(config[*id].method, Method::Cover(_));
            let runs = matches!(point, Point::OutputFacet(_, OutputFacet::Energy));
            looks.extend((runs || leaves.iter().any(moves)).then_some(Dependency::Moving));
        }
        Point::Input(id) => looks.push(Dependency::Input(id)),
        Point::Reading(sensor, _) => looks.push(Dependency::Sensor(sensor)),
        Point::Occupied(id) | Point::Asleep(id) => looks.push(Dependency::Room(id)),
        Point::Mode => looks.push(Dependency::Mode),
        Point::Climate(zone, _) => looks.push(Dependency::Zone(zone)),
        Point::Event(id) => looks.push(Dependency::Click(id)),
        // No condition looks at one.
        Point::Setting(_) => {}
    }
}
