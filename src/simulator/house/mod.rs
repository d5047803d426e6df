//! A house on a virtual clock: plays the daemon and the wires around the real engine, so that days pass in milliseconds.
//!
//! Two times run here: the **true time** of the world, in which things happen, and the **hub's clock**, which is what the
//! engine is told. They differ only when something is said of the clock.

mod probe;

pub use probe::Trouble;

use crate::{
    clock::{Moment, Now},
    engine::{Changed, EffectQueue, Engine, Memory},
    model::{Command, Config, Effect, Event, EventUse, InputId, Level, Method, OutputId, Quantity, Refusal, SensorId},
};
use chrono::{DateTime, TimeDelta, Utc};
use probe::Probe;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Outputs that switch each other in a circle go on so much later.
const BACKLOG_AFTER: TimeDelta = TimeDelta::seconds(1);
/// A wake-up that is due already costs this much, so that an engine that never rests is found out.
const LEAST_STEP: TimeDelta = TimeDelta::milliseconds(1);

/// The engine, the wires at its ends, and the time.
pub struct House {
    config: Arc<Config>,
    engine: Engine,
    time: DateTime<Utc>,
    moment: Moment,
    clock_ahead: TimeDelta,
    clock_known: bool,
    wires: Vec<OutputWire>,
    inputs: Vec<Result<bool, String>>,
    probes: Vec<Probe>,
    /// When each of them is read, by time.
    readings: BTreeSet<(DateTime<Utc>, usize)>,
    /// By probe: the same.
    planned: Vec<Option<DateTime<Utc>>>,
    /// What changed is not known: all may have.
    unwatched: bool,
    broker: bool,
    asleep: Option<Asleep>,
    effects: EffectQueue,
    refused: Vec<(Command, Refusal)>,
    /// The buttons of doors that were pressed.
    pressed: Vec<OutputId>,
    said: Vec<Said>,
    /// Of the engines before this one.
    events_before: Vec<EventUse>,
    passes: u64,
}

/// What an event rule said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// To people.
    Notice {
        /// The rule.
        rule: Arc<str>,
        /// What it says.
        text: String,
    },
    /// To the log: what it did not do and why, or that a setting by hand is over.
    Note {
        /// The rule, or the point.
        about: Arc<str>,
        /// One line.
        text: Arc<str>,
    },
}

struct OutputWire {
    level: Level,
    broken: bool,
}

/// hearthd does not run.
struct Asleep {
    /// The text of its state file.
    memory: String,
    ending: Ending,
    until: DateTime<Utc>,
}

/// How hearthd ends for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It is asked to, as by `systemctl restart`.
    Restart,
    /// It is killed; its outputs are driven to their safe states, as systemd does with `hearthd safe`.
    Crash,
    /// The power is gone: no relay is on.
    PowerCut,
}

impl Ending {
    /// Its word, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Restart => "restart",
            Ending::Crash => "crash",
            Ending::PowerCut => "power_cut",
        }
    }

    /// For people.
    pub fn describe(self) -> &'static str {
        match self {
            Ending::Restart => "hearthd restarted",
            Ending::Crash => "hearthd was killed",
            Ending::PowerCut => "no power",
        }
    }
}

impl House {
    /// A house that is not running yet: inputs are inactive, sensors give nothing.
    pub fn new(config: Arc<Config>, time: DateTime<Utc>) -> House {
        let now = Now { moment: Moment::START, wall: time, wall_known: true };
        House {
            engine: Engine::new(config.clone(), None, now),
            time,
            moment: now.moment,
            clock_ahead: TimeDelta::zero(),
            clock_known: true,
            wires: config.outputs.iter().map(|_| OutputWire { level: Level::OFF, broken: false }).collect(),
            inputs: config.inputs.iter().map(|_| Ok(false)).collect(),
            probes: config.sensors.iter().map(|sensor| Probe::new(sensor.every)).collect(),
            readings: BTreeSet::new(),
            planned: vec![None; config.sensors.len()],
            unwatched: true,
            broker: true,
            asleep: Some(Asleep { memory: String::new(), ending: Ending::Restart, until: time }),
            effects: EffectQueue::default(),
            refused: Vec::new(),
            pressed: Vec::new(),
            said: Vec::new(),
            events_before: vec![EventUse::default(); config.events.len()],
            passes: 0,
            config,
        }
    }

    /// The true time.
    pub fn time(&self) -> DateTime<Utc> {
        self.time
    }

    /// What the engine is told of the time.
    pub fn now(&self) -> Now {
        Now { moment: self.moment, wall: self.time + self.clock_ahead, wall_known: self.clock_known }
    }

    /// The house's configuration.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The engine; while hearthd does not run, as it was last.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Why hearthd does not run, while it does not.
    pub fn ended_by(&self) -> Option<Ending> {
        self.asleep.as_ref().map(|asleep| asleep.ending)
    }

    /// What an output was last driven to; of a group, what its members are.
    pub fn wire(&self, output: OutputId) -> Level {
        let Method::Group { members, all } = &self.config[output].method else { return self.wires[output.0].level };
        let levels = members.iter().map(|member| self.wires[member.0].level);
        if *all { levels.min() } else { levels.max() }.unwrap_or(Level::OFF)
    }

    /// What became of an event rule's events so far, by its place in the configuration.
    pub fn event_use(&self, event: usize) -> EventUse {
        let mut sum = self.events_before[event];
        sum += self.engine.event_use(event);
        sum
    }

    /// How often the engine decided.
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// What rules said since this was last asked.
    pub fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// The buttons of doors that were pressed since this was last asked.
    pub fn take_pressed(&mut self) -> Vec<OutputId> {
        std::mem::take(&mut self.pressed)
    }

    /// The commands that were refused since this was last asked.
    pub fn take_refused(&mut self) -> Vec<(Command, Refusal)> {
        std::mem::take(&mut self.refused)
    }

    /// When the house does something by itself the next time.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        if let Some(asleep) = &self.asleep {
            return Some(asleep.until);
        }
        let wake = self.engine.next_wakeup().map(|wake| {
            let wait_ms = wake.as_millis().saturating_sub(self.moment.as_millis());
            (self.time + TimeDelta::milliseconds(wait_ms)).max(self.time + LEAST_STEP)
        });
        let reading = self.readings.first().map(|(due, _)| *due);
        let backlog = self.effects.is_behind().then(|| self.time + BACKLOG_AFTER);
        [wake, reading, backlog].into_iter().flatten().min()
    }

    /// Lets time pass without doing anything; never backwards.
    pub fn pass(&mut self, until: DateTime<Utc>) {
        let passed = (until - self.time).to_std().unwrap_or_default();
        self.time += TimeDelta::from_std(passed).unwrap_or_default();
        if self.asleep.is_none() {
            self.moment = self.moment + passed;
        }
    }

    /// Does what is due by now: sensors are read, the engine is woken, hearthd starts again.
    pub fn wake(&mut self) {
        match &self.asleep {
            Some(asleep) if asleep.until > self.time => {}
            Some(_) => self.start(),
            None => self.handle_all([]),
        }
    }

    /// Takes in what changed around it, if it runs.
    fn refresh(&mut self) {
        if self.asleep.is_none() {
            self.handle_all([]);
        }
    }

    /// Several pieces of news of this instant, and whatever is due.
    pub fn handle_all(&mut self, news: impl IntoIterator<Item = Event>) {
        let mut events = self.due_readings();
        events.extend(news);
        if self.asleep.is_some() {
            return;
        }
        self.passes += 1;
        let effects = self.engine.handle_all(self.now(), events);
        // Whatever ends this house, it ends with the memory of that instant.
        self.engine.mark_persisted();
        self.perform(effects);
    }

    /// An input is moved, or its line is lost.
    pub fn set_input(&mut self, input: InputId, result: Result<bool, String>) {
        self.inputs[input.0].clone_from(&result);
        self.handle(Event::InputRead { input: self.config[input].id.clone(), result, at: None });
    }

    /// Pulses of a counter.
    pub fn pulse(&mut self, input: InputId, count: u32) {
        self.handle(Event::Pulsed { input: self.config[input].id.clone(), count, at: self.moment });
    }

    /// Several inputs are moved in one instant, in this order; then what is due is done.
    pub fn move_inputs(&mut self, moves: &[(InputId, bool)]) {
        let mut events = Vec::with_capacity(moves.len());
        for &(input, active) in moves {
            self.inputs[input.0] = Ok(active);
            events.push(Event::InputRead { input: self.config[input].id.clone(), result: Ok(active), at: None });
        }
        self.handle_all(events);
    }

    /// Asks `measure` what the sensors measure that are read by now; before the house starts, all of them. What a scenario
    /// has said of a quantity stays.
    pub fn measure(&mut self, mut measure: impl FnMut(SensorId) -> Vec<(Quantity, f64)>) {
        let due = if self.asleep.is_some() { (0..self.probes.len()).collect() } else { self.due_probes() };
        for index in due {
            self.probes[index].follow(&measure(SensorId(index)), self.time);
            self.plan(index);
        }
    }

    /// Which sensors are read by now.
    fn due_probes(&self) -> Vec<usize> {
        let mut due: Vec<usize> =
            self.readings.iter().take_while(|(due, _)| *due <= self.time).map(|(_, index)| *index).collect();
        due.sort_unstable();
        due
    }

    /// Something was done to a probe: it may be read at another time.
    fn plan(&mut self, index: usize) {
        let due = self.probes[index].due();
        if let Some(before) = std::mem::replace(&mut self.planned[index], due) {
            self.readings.remove(&(before, index));
        }
        self.readings.extend(due.map(|due| (due, index)));
    }

    /// What changed since this was last asked; None: anything may have.
    pub fn take_changed(&mut self) -> Option<Vec<Changed>> {
        let changed = self.engine.take_changed();
        (!std::mem::take(&mut self.unwatched)).then_some(changed)
    }

    /// Whether a sensor is read by `time`, or would be if hearthd ran.
    pub fn reads_by(&self, time: DateTime<Utc>) -> bool {
        self.asleep.is_some() || self.readings.first().is_some_and(|(due, _)| *due <= time)
    }

    /// What a sensor measures changes to `value`, evenly within `over`; at once when that is zero, and then it is read at
    /// once.
    pub fn set_reading(&mut self, sensor: SensorId, quantity: Quantity, value: f64, over: Duration) {
        self.probes[sensor.0].set(quantity, value, over, self.time);
        self.plan(sensor.0);
        self.refresh();
    }

    /// A sensor does not answer any more (`Some`: with this text), says nothing at all, or works again.
    pub fn trouble_sensor(&mut self, sensor: SensorId, trouble: Trouble) {
        self.probes[sensor.0].trouble(trouble, self.time);
        self.plan(sensor.0);
        self.refresh();
    }

    /// The wire of an output takes no level any more, or does again.
    pub fn break_wire(&mut self, output: OutputId, broken: bool) {
        self.wires[output.0].broken = broken;
    }

    /// Somebody commands something; while hearthd does not run, nobody hears it.
    pub fn command(&mut self, command: Command) {
        self.handle(Event::Command { command, request: None });
    }

    /// Whether there is a broker. The rules run on without one.
    pub fn has_broker(&self) -> bool {
        self.broker
    }

    /// The broker comes or goes.
    pub fn set_broker(&mut self, there: bool) {
        self.broker = there;
    }

    /// Whether the hub's clock is believed.
    pub fn set_clock_known(&mut self, known: bool) {
        self.clock_known = known;
        self.refresh();
    }

    /// The hub's clock is set: so much ahead of the true time.
    pub fn set_clock_ahead(&mut self, ahead: TimeDelta) {
        self.clock_ahead = ahead;
        self.refresh();
    }

    /// hearthd ends and starts again after `pause`.
    pub fn end(&mut self, ending: Ending, pause: Duration) {
        self.unwatched = true;
        let until = self.time + TimeDelta::from_std(pause).unwrap_or_default();
        if let Some(asleep) = &mut self.asleep {
            asleep.ending = asleep.ending.max(ending);
            asleep.until = asleep.until.max(until);
        } else {
            if ending == Ending::Restart {
                self.handle(Event::Stop);
            }
            let memory = serde_json::to_string(&self.engine.memory(self.now())).unwrap_or_default();
            self.asleep = Some(Asleep { memory, ending, until });
            self.effects.clear();
        }
        for (wire, output) in self.wires.iter_mut().zip(&self.config.outputs) {
            match ending {
                // A cover stays where it is.
                _ if matches!(output.method, Method::Cover(_) | Method::Door(_) | Method::Mover(_)) => {}
                Ending::PowerCut => wire.level = Level::OFF,
                Ending::Crash if !wire.broken => wire.level = output.safe.level().unwrap_or(wire.level),
                Ending::Crash | Ending::Restart => {}
            }
        }
    }

    /// As the daemon starts: the state file, the pause by the wall clock, the lines, the inputs, the sensors.
    fn start(&mut self) {
        let Some(asleep) = self.asleep.take() else { return };
        self.unwatched = true;
        let mut memory: Option<Memory> = serde_json::from_str(&asleep.memory).ok();
        if let Some(saved) = memory.as_ref().map(Memory::taken) {
            let pause = (self.now().wall - saved.wall).to_std().ok();
            let pause = pause.filter(|_| saved.wall_known && self.clock_known);
            self.moment = saved.moment + pause.unwrap_or_default();
            memory = memory.map(|memory| if pause.is_none() { memory.after_unknown_pause() } else { memory });
            memory =
                memory.map(|memory| if asleep.ending == Ending::PowerCut { memory.after_power_cut() } else { memory });
        }
        self.events_before = (0..self.config.events.len()).map(|event| self.event_use(event)).collect();
        self.engine = Engine::new(self.config.clone(), memory, self.now());
        let claimed = self.claim();
        self.handle_all(claimed);
        for (index, result) in self.inputs.clone().into_iter().enumerate() {
            self.handle(Event::InputRead { input: self.config.inputs[index].id.clone(), result, at: None });
        }
        for index in 0..self.probes.len() {
            self.probes[index].read_at(self.time);
            self.plan(index);
        }
        self.wake();
    }

    /// Claims the lines as the hardware does: off before on, and beside a faulty one of an interlock no other on.
    fn claim(&mut self) -> Vec<Event> {
        let mut told = Vec::new();
        let interlock = |index: usize| self.config.outputs[index].interlock;
        let broken: Vec<_> =
            (0..self.wires.len()).filter(|index| self.wires[*index].broken).filter_map(interlock).collect();
        for (index, wire) in self.wires.iter_mut().enumerate().filter(|(_, wire)| !wire.broken) {
            let output = OutputId(index);
            wire.level = self.engine.start_level(output);
            if wire.level.is_on() && interlock(index).is_some_and(|group| broken.contains(&group)) {
                wire.level = Level::OFF;
                let id = self.config[output].id.clone();
                told.push(Event::WireFound { output: id, level: wire.level, result: Ok(()) });
            }
        }
        told
    }

    fn handle(&mut self, event: Event) {
        self.handle_all([event]);
    }

    fn due_readings(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for index in self.due_probes() {
            if let Some(result) = self.probes[index].read(self.time) {
                events.push(Event::SensorRead { sensor: self.config.sensors[index].id.clone(), result });
            }
            self.plan(index);
        }
        events
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        self.effects.add(effects);
        while let Some(effect) = self.effects.next(&self.engine) {
            match effect {
                Effect::Drive { drive, output, level, cause } => {
                    // Nobody plays the other hub: what nobody asks for there is off.
                    let taken_back = self.config.takes_back(output, &cause);
                    let wire = &mut self.wires[output.0];
                    let result = if wire.broken { Err("the wire takes nothing".to_owned()) } else { Ok(()) };
                    if result.is_ok() {
                        let was_on = std::mem::replace(&mut wire.level, level).is_on();
                        let is_pressed = level.is_on() && !was_on;
                        self.pressed.extend(Some(output).filter(|_| is_pressed && self.config.is_button(output)));
                    }
                    self.passes += 1;
                    let now = self.now();
                    let moved = result.is_ok().then(|| self.config.moved_at_once(output, level)).flatten();
                    self.effects.add(self.engine.handle(now, Event::Driven { drive, result }));
                    if let Some((output, says)) = moved {
                        self.effects.add(self.engine.handle(now, Event::CoverTold { output, says }));
                    }
                    if taken_back {
                        self.wires[output.0].level = Level::OFF;
                        let (output, level) = (self.config[output].id.clone(), Level::OFF);
                        let off = Event::WireFound { output, level, result: Ok(()) };
                        self.effects.add(self.engine.handle(now, off));
                    }
                }
                Effect::Answer { command, result: Err(refusal), .. } => self.refused.push((command, refusal)),
                Effect::Notify { rule, text, .. } => self.said.push(Said::Notice { rule, text }),
                Effect::Note { about, text } => self.said.push(Said::Note { about, text }),
                Effect::Clicked { .. } | Effect::Answer { result: Ok(()), .. } => {}
            }
        }
    }
}
