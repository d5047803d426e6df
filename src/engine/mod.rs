//! What should be on: pure decisions, no I/O, no clock, no random, no failure.
//!
//! # The contract
//! 1. Make an [`Engine`] from a configuration and, if there is one, the [`Memory`] of an earlier one.
//! 2. Claim each output's line with [`Engine::start_level`].
//! 3. Hand every [`Event`] to [`Engine::handle`] with the time, in the order in which they happened.
//! 4. Perform the effects it returns, in their order; answer each [`Effect::Drive`] with [`Event::Driven`], at once or
//!    whenever the wire does. One that [`Engine::awaits`] no more need not be performed.
//! 5. Where what it remembers is kept, [`Engine::keep`] gives what is to be kept before what comes after it is shown.
//!    Totals of counters wait for that.
//! 6. At [`Engine::next_wakeup`] at the latest, and soon after the wall clock was set, hand it [`Event::Wake`]. Early and
//!    late calls are harmless.
//!
//! The same events at the same times give the same effects. Inside, each call first *absorbs* the news and then *decides*
//! afresh what every output should be: rooms, rules, priority arrays. So a missed tick, a restart or a clock that jumps
//! costs nothing; the next call arrives at what should be. What looks only at things that did not change is left as it
//! was (`changes.rs`): that makes decisions quick and never another one.
//!
//! # Its files
//! - What happens comes in: `command`, `inputs`, `sensors` and `filters`, `wires` and `drives` (what outputs answered).
//! - What is worked out, and when: `decide` goes through the tasks of `order`, of which `changes` knows which are due;
//!   `wakeup` when one is by itself.
//! - Conditions: `condition` asks `facts`; `view` is the part of them that speaks of outputs. They decide `rules`, `rooms`,
//!   `climate`, `automations` and `notices`.
//! - Outputs: `priority` fills the `slots`, with `manual`, `interlock`, `guard` and, for what works through others, `parts`.
//! - What is to be done and shown: `effects`, `cells` and `points`; `why` and `foresight` for who asks.
//! - What people may set of the file: `settings`.
//! - What stays: `state` is what is known of each entity, `memory` all of that, `promises` what is written at once;
//!   `returns`, `history`, `today` and `usage` remember for them.

mod automations;
mod cells;
mod changes;
mod climate;
mod command;
mod condition;
mod decide;
mod drives;
mod effects;
mod facts;
mod filters;
mod foresight;
mod guard;
mod history;
mod inputs;
mod interlock;
mod manual;
mod memory;
mod mode;
mod notices;
mod order;
mod parts;
mod points;
mod priority;
mod promises;
mod returns;
mod rooms;
mod rules;
mod sensors;
mod settings;
mod slots;
mod state;
mod today;
mod usage;
mod view;
mod wakeup;
mod why;
mod wires;

pub use changes::Changed;
pub use effects::EffectQueue;
pub use memory::Memory;

use crate::{
    almanac::Calendar,
    clock::{Moment, Now},
    model::{
        AtStart, Click, Config, Effect, Event, EventUse, Explanation, InputId, LastNotice, Learnt, Level, Line, Method,
        Mover, Output, OutputId, Owner, Part, PastDay, Point, Quantity, ReadFailure, Refusal, RuleId, SensorId, Truth,
    },
};
use automations::AutomationState;
use cells::Cells;
use changes::Changes;
use chrono::{DateTime, Utc};
use climate::{Claimed, ZoneState};
use drives::Drives;
use guard::Contradictions;
use history::Readings;
use memory::series_name;
use order::Order;
use promises::Promises;
use returns::Return;
use slots::{Slots, Wish};
use state::{InputState, ModeState, OutputState, RoomState, RuleState, SensorState, Wire};
use std::{sync::Arc, time::Duration};
use today::Today;

/// The first pause before a failed wire is driven again; it doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(60);
/// After a start that began elsewhere, outputs are again where they were when all was read.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// So many days of the past are kept: of yesterday's, today's and tomorrow's.
const PAST_DAYS_MAX: usize = 3;

/// From which `min_off` on it is kept at once that a part went on or off.
const PART_REST_MIN: Duration = Duration::from_secs(60);

/// Decides every output of a house. See the [module](self) for its contract.
#[derive(Clone, Debug)]
pub struct Engine {
    config: Arc<Config>,
    calendar: Calendar,
    outputs: Vec<OutputState>,
    inputs: Vec<InputState>,
    sensors: Vec<SensorState>,
    rooms: Vec<RoomState>,
    climates: Vec<ZoneState>,
    rules: Vec<RuleState>,
    wishes: Vec<Vec<Wish>>,
    events: Vec<AutomationState>,
    mode: Option<ModeState>,
    dark: Option<RuleState>,
    series: Vec<Readings>,
    /// In the order of the points.
    today: Vec<(Point, Today)>,
    /// Days of the past that lights repeat, the oldest first; a few.
    past_days: Vec<PastDay>,
    commands: u64,
    returns: Vec<Return>,
    last_notice: Option<LastNotice>,
    /// When this process began.
    started: Moment,
    /// Event rules have not yet heard of the start.
    starting: bool,
    /// Notices of this instant, by their place among its effects: said when all is decided.
    unsaid: Vec<(usize, Vec<Part>)>,
    /// Clicks that event rules have not yet heard of.
    happened: Vec<(InputId, Click)>,
    stopping: bool,
    next_wakeup: Option<Moment>,
    promises: Promises,
    /// How often anything else changed that must survive a restart.
    unpromised: u64,
    /// What is worked out, and in which order.
    order: Arc<Order>,
    changes: Changes,
    /// What climate zones ask for, by output.
    claims: Vec<Option<Claimed>>,
    /// It looks ahead: wires of slow PWM stay in the phase that they are in.
    holds_phases: bool,
    /// A place for the slots of outputs while they are resolved.
    slots: Vec<Slots>,
    /// Clusters with an output that waits until another has taken its level.
    undriven: Vec<usize>,
    drives: Drives,
    /// The wall time of the last decision at which it was known.
    last_wall: Option<DateTime<Utc>>,
    cells: Cells,
    /// What the log is to be told with the next decision.
    notes: Vec<Effect>,
}

/// Counts changes of what must survive a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Of what somebody was promised: commands until they end, what event rules did, when outputs with a limit or a rest
    /// went on or off. To be kept before it is shown.
    pub durable: u64,
    /// Of what a restart would otherwise begin anew: timers, hysteresis, occupancy. To be kept now and then. Readings alone
    /// do not count: they are read again.
    pub best_effort: u64,
}

impl Engine {
    /// An engine for `config` that goes on from `memory`.
    pub fn new(config: Arc<Config>, memory: Option<Memory>, now: Now) -> Engine {
        let memory = memory.unwrap_or_else(|| Memory::empty(now));
        let (power_was_cut, taken) = (memory.power_was_cut, memory.taken().moment);
        let ago = if memory.pause_is_unknown { Duration::MAX } else { now.moment.since(taken) };
        let memory = memory.renamed(&config, false);
        let mut engine = Engine::remember(config, memory, now);
        // Nobody reads them at a start: what they are now is heard when they say it.
        for (input, state) in engine.config.inputs.iter().zip(&mut engine.inputs) {
            if !input.line.is_wire() {
                (state.active, state.wire, state.held_until) = (None, None, None);
            }
        }
        for index in 0..engine.outputs.len() {
            let (output, state) = (&engine.config.outputs[index], &mut engine.outputs[index]);
            let level = match output.at_start {
                AtStart::Off => Level::OFF,
                // A compressor that lost its power rests before it starts again.
                _ if power_was_cut && output.min_off.is_some() => Level::OFF,
                AtStart::On if goes_on_undecided(output) && !state.tripped => Level::ON,
                // What the wire carries is told when it is claimed.
                AtStart::On | AtStart::Restore | AtStart::Keep => state.level,
            };
            if level != state.level {
                // Until it was last heard of, it was as it was; since then nobody knows.
                let (id, pulse, last) = (OutputId(index), output.pulse.is_some(), Now { moment: taken, ..now });
                parts::settle(id, &engine.config, &mut engine.outputs, last);
                engine.promises.count += u64::from(change_is_promised(output));
                engine.outputs[index].begin_anew(level, pulse, taken, now);
                parts::lose(OutputId(index), &engine.config, &mut engine.outputs);
            } else if engine.outputs[index].may_have_gone_on {
                engine.outputs[index].goes_off_now(output.pulse.is_some(), now);
            }
        }
        engine.begin_doors(true, now);
        engine.start_interlocked(now);
        let begins_elsewhere = |id: &OutputId| engine.outputs[id.0].begins_elsewhere();
        let ids = (0..engine.outputs.len()).map(OutputId);
        let elsewhere: Vec<OutputId> =
            ids.filter(|id| begins_elsewhere(id) || engine.config.members(*id).iter().any(begins_elsewhere)).collect();
        for id in elsewhere {
            engine.outputs[id.0].goes_elsewhere(now.moment + SETTLED_AFTER);
        }
        engine.begin_counting(ago);
        engine.today.iter_mut().for_each(|(_, state)| state.begin(taken, ago));
        engine.starting = true;
        engine
    }

    /// What to claim an output's line with, before anything is decided.
    pub fn start_level(&self, output: OutputId) -> Level {
        self.outputs[output.0].level
    }

    /// Takes in one event and returns everything to do, in order. Never fails, never blocks.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = self.absorb(now, event);
        effects.extend(self.decide(now));
        effects
    }

    /// As [`Engine::handle`], for news of one and the same instant: all is taken in before anything is decided.
    pub fn handle_all(&mut self, now: Now, events: impl IntoIterator<Item = Event>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for event in events {
            effects.extend(self.absorb(now, event));
        }
        effects.extend(self.decide(now));
        effects
    }

    /// When to call [`Engine::handle`] with [`Event::Wake`] at the latest; None: by itself, nothing will change.
    pub fn next_wakeup(&self) -> Option<Moment> {
        self.next_wakeup
    }

    /// Tells whether [`Engine::memory`] became another.
    pub fn revision(&self) -> Revision {
        Revision { durable: self.promises.count, best_effort: self.unpromised }
    }

    /// All that must survive a restart.
    pub fn memory(&self, now: Now) -> Memory {
        fn by_name<T: Clone, N>(
            names: &[N],
            states: &[T],
            name: impl Fn(&N) -> &Arc<str>,
        ) -> impl Iterator<Item = (Arc<str>, T)> {
            names.iter().map(move |entity| name(entity).clone()).zip(states.iter().cloned())
        }
        let config = &self.config;
        let mut memory = self.memory_of_house(now);
        memory.outputs.extend(by_name(&config.outputs, &self.outputs, |output| &output.id));
        memory.inputs.extend(by_name(&config.inputs, &self.inputs, |input| &input.id));
        memory.sensors.extend(by_name(&config.sensors, &self.sensors, |sensor| &sensor.id));
        memory.rooms.extend(by_name(&config.rooms, &self.rooms, |room| &room.id));
        memory.climates.extend(by_name(&config.climates, &self.climates, |zone| &zone.id));
        memory.rules.extend(by_name(&config.rules, &self.rules, |rule| &rule.name));
        memory.events.extend(by_name(&config.events, &self.events, |rule| &rule.name));
        memory.events.values_mut().for_each(|state| state.tell(self.last_wall));
        memory.dark.clone_from(&self.dark);
        memory.past_days.clone_from(&self.past_days);
        let names = config.series.iter().map(|series| series_name(config, *series));
        memory.series.extend(names.zip(self.series.iter().cloned()));
        memory.today.extend(self.today.iter().map(|(point, state)| (today::name(config, *point), *state)));
        memory
    }

    /// What is of no entity.
    fn memory_of_house(&self, now: Now) -> Memory {
        let mut memory = Memory::empty(now);
        memory.commands = self.commands;
        memory.returns.clone_from(&self.returns);
        memory.mode.clone_from(&self.mode);
        memory.last_notice.clone_from(&self.last_notice);
        memory
    }

    /// What rules have told people last, also before this engine was made.
    pub fn last_notice(&self) -> Option<&LastNotice> {
        self.last_notice.as_ref()
    }

    /// What holds an output's value; the same allocation for as long as it stays so. Nothing before the first decision.
    pub fn explanation(&self, output: OutputId) -> Option<&Arc<Explanation>> {
        self.outputs[output.0].explanation.as_ref()
    }

    /// What the chips of sensors have learnt, by the ids of these.
    pub fn learnt(&self) -> Vec<(Arc<str>, Learnt)> {
        let all = self.config.sensors.iter().zip(&self.sensors);
        all.filter_map(|(sensor, state)| Some((sensor.id.clone(), state.learnt.clone()?))).collect()
    }

    /// Whether a rule is active.
    pub fn rule_truth(&self, rule: RuleId) -> Truth {
        self.rules[rule.0].truth
    }

    /// Whether an input is active, somebody in a room, or asleep there; unknown of other points.
    pub fn truth(&self, point: Point) -> Truth {
        match point {
            Point::Input(id) => self.inputs[id.0].truth(),
            Point::Occupied(id) => self.rooms[id.0].occupied,
            Point::Asleep(id) => self.rooms[id.0].asleep,
            _ => Truth::Unknown,
        }
    }

    /// What became of an event rule's events since this engine was made, by its place in [`Config::events`].
    pub fn event_use(&self, event: usize) -> EventUse {
        self.events[event].used
    }

    /// What changed since this was last asked, or may have: everything at first.
    pub fn take_changed(&mut self) -> Vec<Changed> {
        self.changes.take_news()
    }

    /// Records the news; only commands are answered right here.
    fn absorb(&mut self, now: Now, event: Event) -> Vec<Effect> {
        match event {
            Event::Wake => {}
            Event::InputRead { input, result, at } => self.absorb_input(now, &input, result, at),
            Event::InputClicked { input, click } => self.absorb_click(now, &input, click),
            Event::Pulsed { input, count, at } => self.absorb_pulses(now, &input, count, at),
            Event::SensorRead { sensor, result } => self.absorb_reading(now, &sensor, result),
            Event::SensorLearnt { sensor, learnt } => {
                if let Some(sensor) = self.config.find_sensor(&sensor) {
                    self.sensors[sensor.0].learnt = Some(learnt);
                    self.unpromised += 1;
                }
            }
            Event::Driven { drive, result } => self.absorb_driven(now, drive, result),
            Event::Overdue { drive, text } => self.absorb_overdue(now, drive, text),
            Event::WireFound { output, level, result } => self.absorb_found(now, &output, level, result),
            Event::CoverTold { output, says } => self.absorb_cover(now, &output, says),
            Event::WireReached { output } => self.absorb_reached(now, &output),
            Event::Command { command, request } => {
                let result = if self.stopping { Err(Refusal::Stopping) } else { self.command(&command, now) };
                return vec![Effect::Answer { command, request, result }];
            }
            Event::Remembered(day) => self.absorb_past_day(day, now),
            Event::Reconfigure(config) => self.reconfigure(config, now),
            Event::Stop => {
                self.stopping = true;
                self.drives.end();
                self.changes.everything();
                // It is the last chance of a wire that failed.
                for state in &mut self.outputs {
                    state.goes_elsewhere(now.moment + Duration::MAX);
                    state.contradictions.obeys();
                    if let Wire::Failed(failure) = &mut state.wire {
                        failure.retry = now.moment;
                    }
                }
            }
        }
        Vec::new()
    }

    fn absorb_reading(&mut self, now: Now, id: &str, result: Result<Vec<(Quantity, f64)>, ReadFailure>) {
        let Some(sensor) = self.order.sensors.get(id).copied() else { return };
        self.changes.sensor(sensor);
        let state = &mut self.sensors[sensor.0];
        if let Some(input) = self.order.inputs.get(id).copied().filter(|_| self.config[sensor].counter().is_some()) {
            self.inputs[input.0].counting.still = true;
            self.changes.input(input);
        }
        match result {
            Ok(measured) => {
                state.fault = None;
                // It answers, and has nothing to tell of the rest yet. Of what is not on this machine, each number may come by itself.
                if measured.is_empty() || self.config[sensor].is_wired() {
                    state.awaited = state.awaited.map(|_| now.moment);
                }
                sensors::take(&self.config[sensor], state, measured, now);
                for &place in &self.order.series[sensor.0] {
                    let series = self.config.series[place];
                    if let Some(read) = state.readings.get(&series.quantity) {
                        let stale_after = self.config[sensor].stale_after;
                        self.series[place].add(read.value, read.at, series.window, stale_after);
                    }
                }
            }
            Err(failure) if failure.fault => state.fault = Some(failure.text.into()),
            // A single failure is made good by the next reading, or the value goes stale.
            Err(_) => {}
        }
    }

    fn absorb_past_day(&mut self, mut day: PastDay, now: Now) {
        day.on.values_mut().for_each(|times| times.truncate(PastDay::TIMES_MAX));
        if self.past_days.contains(&day) {
            return;
        }
        self.past_days.retain(|known| known.date != day.date);
        self.past_days.push(day);
        // While the clock was wrong, other days were asked for.
        let today = now.wall.with_timezone(&self.config.hub.timezone).date_naive();
        let days = [today.pred_opt(), Some(today), today.succ_opt()].into_iter().flatten();
        let needed: Vec<_> = days.filter_map(PastDay::before).filter(|_| now.wall_known).collect();
        self.past_days.sort_by_key(|day| (needed.contains(&day.date), day.date));
        let too_many = self.past_days.len().saturating_sub(PAST_DAYS_MAX);
        self.past_days.drain(..too_many);
        self.past_days.sort_by_key(|day| day.date);
        self.unpromised += 1;
        self.changes.everything();
    }

    /// Goes on with another configuration: what kept its name keeps its state, and an output that kept its wire is not
    /// touched.
    fn reconfigure(&mut self, config: Arc<Config>, now: Now) {
        let memory = self.memory(now);
        let (stopping, started, starting) = (self.stopping, self.started, self.starting);
        let unpromised = self.unpromised + 1;
        let memory = memory.renamed(&config, true);
        let old = std::mem::replace(self, Engine::remember(config, memory, now));
        for (index, (output, state)) in self.config.outputs.iter().zip(&mut self.outputs).enumerate() {
            let owner = Owner::Output(OutputId(index));
            let before =
                self.config.ids_before(owner).find_map(|id| old.config.find_output(&id)).map(|id| &old.config[id]);
            if before.is_none_or(|before| !same_wire(&old.config, before, &self.config, output)) {
                (state.wire, state.may_have_gone_on, state.on_from) = (Wire::Untouched, false, None);
                state.contradictions = Contradictions::default();
            }
            // Their ids are of the old configuration.
            (state.explanation, state.told) = (None, Vec::new());
        }
        self.begin_doors(false, now);
        self.forget_other_devices(&old, now.moment);
        (self.stopping, self.started, self.starting) = (stopping, started, starting);
        // What it has to tell before it said anything.
        self.promises.count += old.promises.count;
        self.unpromised = unpromised;
        self.cells = old.cells.of_another_house();
        // A drive of an output that stays on its wire goes on.
        self.drives = old.drives.moved(|id| {
            let before = &old.config[id];
            let renamed = |id: &OutputId| self.config.former_ids(Owner::Output(*id)).contains(&before.id);
            let all = || (0..self.config.outputs.len()).map(OutputId);
            let now = all().find(renamed).or_else(|| self.config.find_output(&before.id))?;
            same_wire(&old.config, before, &self.config, &self.config[now]).then_some(now)
        });
        self.notes.splice(0..0, old.notes);
        self.start_interlocked(now);
    }

    /// Nothing moves a door because of a start or a reload, and no press of a cover goes on at another topic.
    fn begin_doors(&mut self, is_start: bool, now: Now) {
        for (index, output) in self.config.outputs.iter().enumerate() {
            if let Method::Mover(mover) = &output.method
                && self.outputs[mover.stop.0].wire == Wire::Untouched
            {
                for part in self.config.parts(OutputId(index)) {
                    self.outputs[part.0].level = Level::OFF;
                }
                if !is_start {
                    self.outputs[index].begin_mover(false);
                }
            }
            let Method::Door(door) = &output.method else { continue };
            let button = &mut self.outputs[door.button.0];
            let is_elsewhere = button.wire == Wire::Untouched;
            if is_elsewhere {
                // No press goes on at another wire.
                button.level = Level::OFF;
            }
            self.outputs[index].door.begin(is_start || is_elsewhere, now.moment);
        }
    }

    /// What another device on the broker or on Modbus said is not believed of the one in its place; nobody reads it at a reload.
    fn forget_other_devices(&mut self, old: &Engine, now: Moment) {
        let is_other = |id: InputId, line: &Line| {
            self.config
                .ids_before(Owner::Input(id))
                .find_map(|id| old.config.find_input(&id))
                .is_some_and(|before| old.config[before].line != *line || line.is_moved(&old.config, &self.config))
        };
        for (index, (input, state)) in self.config.inputs.iter().zip(&mut self.inputs).enumerate() {
            if !input.line.is_wire() && is_other(InputId(index), &input.line) {
                *state = InputState::default();
            }
        }
        for (index, (output, state)) in self.config.outputs.iter().zip(&mut self.outputs).enumerate() {
            let ids = self.config.ids_before(Owner::Output(OutputId(index)));
            let before = ids.into_iter().find_map(|id| old.config.find_output(&id));
            let before = before.and_then(|id| old.config[id].method.mover());
            let is_other = |(before, now): (&Mover, &Mover)| before.remote.tells_otherwise(&now.remote);
            if let Some((before, now)) = before.zip(output.method.mover()).filter(|both| is_other(*both)) {
                let topic = |mover: &Mover| mover.remote.command.as_ref().map(|command| command.topic.clone());
                state.begin_mover(topic(before) != topic(now));
            }
        }
        for (index, (sensor, state)) in self.config.sensors.iter().zip(&mut self.sensors).enumerate() {
            let owner = Owner::Sensor(SensorId(index));
            let before = self
                .config
                .ids_before(owner)
                .find_map(|id| old.config.find_sensor(&id))
                .map(|id| &old.config[id].source);
            if before.is_none_or(|before| *before == sensor.source) {
                continue;
            }
            if !sensor.is_wired() {
                *state = SensorState { awaited: Some(now), ..SensorState::default() };
            }
            // The totals of counters go on.
            let is_of = |point: &Point| matches!(point, Point::Reading(id, _) if id.0 == index);
            let today = self.today.iter_mut().filter(|(point, _)| sensor.counter().is_none() && is_of(point));
            today.for_each(|(_, state)| state.goes_on_with_another_meter());
        }
    }

    /// An engine whose entities have the state that `memory` has under their names.
    fn remember(config: Arc<Config>, mut memory: Memory, now: Now) -> Engine {
        let outputs = config.outputs.iter().map(|output| {
            memory.outputs.remove(&output.id).unwrap_or_else(|| {
                let level = if goes_on_undecided(output) { output.default } else { Level::OFF };
                OutputState::new(level, now)
            })
        });
        let rules = config.rules.iter().map(|rule| {
            let known = memory.rules.remove(&rule.name).filter(|state| state.fits(rule));
            known.unwrap_or_else(|| RuleState::new(rule))
        });
        let dark = config
            .dark
            .as_ref()
            .map(|rule| memory.dark.take().filter(|state| state.fits(rule)).unwrap_or_else(|| RuleState::new(rule)));
        let series = config
            .series
            .iter()
            .map(|series| memory.series.remove(&*series_name(&config, *series)).unwrap_or_default());
        let order = Order::of(&config);
        let known = |point: &Point| memory.today.remove(&today::name(&config, *point)).unwrap_or_default();
        let today = order.today.iter().copied().zip(order.today.iter().map(known)).collect();
        let changes = Changes::new(&config, &order, now);
        let unseen_until = rooms::unseen_until(memory.power_was_cut, memory.pause_is_unknown, now.moment);
        let mut engine = Engine {
            outputs: outputs.collect(),
            inputs: config.inputs.iter().map(|input| memory.inputs.remove(&input.id).unwrap_or_default()).collect(),
            sensors: config
                .sensors
                .iter()
                .map(|sensor| {
                    let state = memory.sensors.remove(&sensor.id).unwrap_or_default();
                    let awaited = state.lacks(sensor).then(|| state.awaited.unwrap_or(now.moment));
                    SensorState { awaited, ..state }
                })
                .collect(),
            rooms: config
                .rooms
                .iter()
                .map(|room| memory.rooms.remove(&room.id).unwrap_or_default().remembered(room, unseen_until))
                .collect(),
            climates: config
                .climates
                .iter()
                .map(|zone| {
                    memory.climates.remove(&zone.id).unwrap_or_default().remembered(memory.power_was_cut, now.moment)
                })
                .collect(),
            rules: rules.collect(),
            wishes: slots::wishes(&config),
            dark,
            series: series.collect(),
            today,
            past_days: memory.past_days,
            events: automations::resume(&config, memory.events),
            mode: ModeState::new(&config.modes, memory.mode, now),
            started: now.moment,
            starting: false,
            unsaid: Vec::new(),
            happened: Vec::new(),
            commands: memory.commands,
            returns: memory.returns,
            last_notice: memory.last_notice,
            calendar: Calendar::new(&config.hub),
            changes,
            order: Arc::new(order),
            claims: vec![None; config.outputs.len()],
            holds_phases: false,
            slots: config.outputs.iter().map(|_| Slots::nothing()).collect(),
            undriven: Vec::new(),
            drives: Drives::default(),
            last_wall: None,
            cells: Cells::default(),
            config,
            stopping: false,
            next_wakeup: Some(now.moment),
            promises: Promises::whole(0),
            unpromised: 0,
            notes: Vec::new(),
        };
        engine.check_settings();
        engine
    }

    /// Of each interlock, at most one member starts on: none beside one that this process has switched on already,
    /// otherwise the first.
    fn start_interlocked(&mut self, now: Now) {
        let mut taken = vec![false; self.config.interlocks.len()];
        for untouched in [false, true] {
            for (output, state) in self.config.outputs.iter().zip(&mut self.outputs) {
                let starts_on = state.may_be_on() && (state.wire == Wire::Untouched) == untouched;
                let Some(group) = output.interlock.filter(|_| starts_on) else { continue };
                if std::mem::replace(&mut taken[group.0], true) && untouched {
                    state.begin_anew(Level::OFF, output.pulse.is_some(), now.moment, now);
                }
            }
        }
    }
}

/// Whether an output may be switched on before anything is decided: not if something must first have been off for long
/// enough.
fn goes_on_undecided(output: &Output) -> bool {
    output.min_off.is_none() && output.interlock.is_none()
}

/// Whether a kill must not forget when an output went on or off: what has to rest after it would start too early, what may
/// not be on for longer would be on anew, a pulse would be given twice. Short rests and limits of slow PWM are left out, or
/// an SD card would be written to at each of its phases.
fn change_is_promised(output: &Output) -> bool {
    let is_part = matches!(output.method, Method::Part { .. });
    let least = if is_part { PART_REST_MIN } else { Duration::ZERO };
    output.interlock.is_some()
        || output.min_off.is_some_and(|rest| rest >= least)
        || output.pulse.is_some()
        || output.max_on.is_some() && !is_part
}

/// Whether the wire of an output is the same before and after a reload.
fn same_wire(old: &Config, before: &Output, new: &Config, after: &Output) -> bool {
    let stays = before.line == after.line && before.active == after.active && before.dimming == after.dimming;
    stays && before.line.as_ref().is_none_or(|line| !line.is_moved(old, new))
}
