//! A house that plays the daemon: it owns the engine, the time and the wires, and answers each drive.

use chrono::{DateTime, TimeDelta, Utc};
use hearthd::{
    clock::{Moment, Now},
    engine::{EffectQueue, Engine, Memory, Revision},
    model::{
        Cause, Command, Config, CoverSays, Effect, Event, Hold, Level, OutputId, Point, PointState, Quality, Quantity,
        ReadFailure, Snapshot, Source, Value,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// A wire took a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Driven {
    pub at: Moment,
    pub output: Arc<str>,
    pub level: Level,
    /// None: it was claimed with this level, at a start or a reconfiguration.
    pub cause: Option<Cause>,
    /// It went on while the wire of another member of its interlock was known to be in fault.
    pub beside_a_fault: bool,
}

#[derive(Clone)]
pub struct House {
    pub engine: Engine,
    pub config: Arc<Config>,
    pub now: Now,
    /// Outputs whose wire takes nothing.
    pub broken: BTreeSet<Arc<str>>,
    /// Those of which that was found out.
    pub faulty: BTreeSet<Arc<str>>,
    /// What each wire carries.
    pub wires: BTreeMap<Arc<str>, Level>,
    /// What each cover on the broker last told of itself.
    pub told: BTreeMap<Arc<str>, CoverSays>,
    /// Every success of a drive, and every claim.
    pub log: Vec<Driven>,
    /// Its engine works everything out anew each time.
    pub thorough: bool,
    /// The state file of a house that keeps one.
    pub kept: Option<Kept>,
}

/// What was last kept of a house: at once what somebody was promised, the rest now and then.
#[derive(Clone)]
pub struct Kept {
    pub text: String,
    revision: Revision,
    at: Moment,
    /// How often what nobody was promised is kept.
    other_every: Duration,
}

pub fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}Z").parse().unwrap()
}

impl House {
    /// A new house on a November day at noon.
    pub fn new(config: Arc<Config>) -> House {
        House::at(config, "2026-11-23T12:00:00")
    }

    /// A new house at this time, UTC.
    pub fn at(config: Arc<Config>, time: &str) -> House {
        House::start(config, None, Now { moment: Moment::START, wall: utc(time), wall_known: true })
    }

    pub fn start(config: Arc<Config>, memory: Option<Memory>, now: Now) -> House {
        let mut house = House {
            engine: Engine::new(config.clone(), memory, now),
            config,
            now,
            broken: BTreeSet::new(),
            faulty: BTreeSet::new(),
            wires: BTreeMap::new(),
            told: BTreeMap::new(),
            log: Vec::new(),
            thorough: false,
            kept: None,
        };
        let told = house.claim();
        house.send_all(told);
        house
    }

    /// A kill -9 and a start after `pause`, through the text of the state file. Returns what it did at the start.
    pub fn restart(&mut self, pause: Duration) -> Vec<String> {
        self.start_again(pause, |memory| memory)
    }

    /// As [`House::restart`], with the power gone for `pause`.
    pub fn power_cut(&mut self, pause: Duration) -> Vec<String> {
        self.wires.values_mut().for_each(|level| *level = Level::OFF);
        self.start_again(pause, Memory::after_power_cut)
    }

    /// As [`House::restart`], but nobody knows how long it took.
    pub fn restart_without_a_clock(&mut self) -> Vec<String> {
        self.start_again(Duration::ZERO, Memory::after_unknown_pause)
    }

    /// A kill -9 and a start at once, from what was last kept. It has not decided anything yet.
    pub fn restart_from_kept(&mut self) {
        let kept = self.kept.as_mut().expect("a house that keeps its state");
        self.engine = Engine::new(self.config.clone(), Some(serde_json::from_str(&kept.text).unwrap()), self.now);
        kept.revision = self.engine.revision();
        assert_eq!(self.claim(), [], "no wire is broken");
    }

    /// From now on it keeps its state as the daemon does.
    pub fn keep_every(&mut self, other_every: Duration) {
        let (revision, at) = (self.engine.revision(), self.now.moment);
        let text = serde_json::to_string(&self.engine.keep(true, self.now)).unwrap();
        self.kept = Some(Kept { text, revision, at, other_every });
    }

    fn keep(&mut self) {
        let (revision, now) = (self.engine.revision(), self.now);
        let Some(kept) = &mut self.kept else { return };
        let whole = revision.best_effort != kept.revision.best_effort && now.moment.since(kept.at) >= kept.other_every;
        if !whole && revision.durable == kept.revision.durable {
            return;
        }
        let memory = self.engine.keep(whole, now);
        if !memory.is_part() {
            (kept.revision.best_effort, kept.at) = (revision.best_effort, now.moment);
        }
        kept.revision.durable = revision.durable;
        // As it is written and read again, a part over what was kept before.
        let text = serde_json::to_string(&memory).unwrap();
        let again: Memory = serde_json::from_str(&text).unwrap();
        let before: Memory = serde_json::from_str(&kept.text).unwrap();
        let kept_now = if memory.is_part() { before.absorb(again.as_part()) } else { again };
        kept.text = serde_json::to_string(&kept_now).unwrap();
    }

    fn start_again(&mut self, pause: Duration, meanwhile: fn(Memory) -> Memory) -> Vec<String> {
        let text = serde_json::to_string(&self.engine.memory(self.now)).unwrap();
        self.pass(pause);
        let memory = meanwhile(serde_json::from_str(&text).unwrap());
        self.engine = Engine::new(self.config.clone(), Some(memory), self.now);
        let told = self.claim();
        self.send_all(told)
    }

    pub fn reconfigure(&mut self, config: Arc<Config>) -> Vec<String> {
        let old = std::mem::replace(&mut self.config, config.clone());
        let effects = self.handle(Event::Reconfigure(config.clone()));
        self.wires.retain(|id, _| config.find_output(id).is_some());
        self.broken.retain(|id| config.find_output(id).is_some());
        self.told.retain(|id, _| config.find_output(id).is_some());
        let is_new = |id: &OutputId| {
            let (output, before) = (&config[*id], old.find_output(&config[*id].id).map(|id| &old[id]));
            before.is_none_or(|before| before.line != output.line || before.active != output.active)
        };
        let new: Vec<_> = (0..config.outputs.len()).map(OutputId).filter(is_new).collect();
        let told = self.claim_these(&new);
        let mut done = if told.is_empty() { Vec::new() } else { self.send_all(told) };
        done.extend(self.perform(effects));
        done
    }

    /// Hands over one event, performs all that follows, and returns it as text.
    pub fn send(&mut self, event: Event) -> Vec<String> {
        let effects = self.handle(event);
        let done = self.perform(effects);
        self.keep();
        done
    }

    fn send_all(&mut self, events: Vec<Event>) -> Vec<String> {
        let effects = self.engine.handle_all(self.now, events);
        let done = self.perform(effects);
        self.keep();
        done
    }

    /// Everything that can be read is read again, and found as it was: as after a start.
    pub fn read_again(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        let snapshot = self.engine.snapshot(self.now);
        for state in &snapshot.points {
            let name = self.config.point_name(state.point);
            done.extend(match (state.point, state.quality, &state.value) {
                (Point::Input(_), Quality::Good, Some(Value::Switch(active))) => self.input(&name, *active),
                (Point::Input(_), Quality::Fault, _) => self.input_fails(&name),
                (Point::Reading(sensor, _), Quality::Good, Some(Value::Number(number))) => {
                    let id = self.config[sensor].id.clone();
                    self.reads(&id, *number)
                }
                _ => Vec::new(),
            });
        }
        for (id, says) in self.told.clone() {
            done.extend(self.tells(&id, says));
        }
        done
    }

    pub fn wake(&mut self) -> Vec<String> {
        self.send(Event::Wake)
    }

    pub fn input(&mut self, id: &str, active: bool) -> Vec<String> {
        self.send(Event::InputRead { input: id.into(), result: Ok(active), at: None })
    }

    /// News of an input that comes late: it was so `ago`.
    pub fn input_ago(&mut self, id: &str, active: bool, ago: Duration) -> Vec<String> {
        let at = Moment::from_millis(self.now.moment.as_millis() - i64::try_from(ago.as_millis()).unwrap());
        self.send(Event::InputRead { input: id.into(), result: Ok(active), at: Some(at) })
    }

    pub fn input_fails(&mut self, id: &str) -> Vec<String> {
        self.send(Event::InputRead { input: id.into(), result: Err("line lost".into()), at: None })
    }

    pub fn pulses(&mut self, id: &str, count: u32) -> Vec<String> {
        self.send(Event::Pulsed { input: id.into(), count, at: self.now.moment })
    }

    pub fn reads(&mut self, id: &str, temperature: f64) -> Vec<String> {
        self.send(Event::SensorRead { sensor: id.into(), result: Ok(vec![(Quantity::Temperature, temperature)]) })
    }

    pub fn read_fails(&mut self, id: &str, fault: bool) -> Vec<String> {
        let failure = ReadFailure { text: "no answer".into(), fault };
        self.send(Event::SensorRead { sensor: id.into(), result: Err(failure) })
    }

    /// A cover on the broker tells of itself.
    pub fn tells(&mut self, id: &str, says: CoverSays) -> Vec<String> {
        self.told.insert(id.into(), says);
        self.send(Event::CoverTold { output: id.into(), says })
    }

    pub fn command(&mut self, point: &str, payload: &str) -> Vec<String> {
        self.command_for(point, payload, None)
    }

    pub fn command_for(&mut self, point: &str, payload: &str, hold: Option<Duration>) -> Vec<String> {
        self.command_held(point, payload, hold.map(Hold::Time))
    }

    pub fn command_held(&mut self, point: &str, payload: &str, hold: Option<Hold>) -> Vec<String> {
        let source = Source::Mqtt;
        let command = Command { source, point: point.into(), payload: payload.into(), hold };
        self.send(Event::Command { command, request: None })
    }

    pub fn stop(&mut self) -> Vec<String> {
        self.send(Event::Stop)
    }

    /// Lives through `duration`, waking the engine when it wants to be woken, and at the end.
    pub fn live(&mut self, duration: Duration) -> Vec<String> {
        let end = self.now.moment + duration;
        let mut done = Vec::new();
        while let Some(due) = self.engine.next_wakeup().filter(|due| *due < end) {
            // A wake-up that is due already costs a millisecond, so that an engine that never rests is found out.
            let next = due.max(self.now.moment + Duration::from_millis(1));
            self.pass(next.since(self.now.moment));
            done.extend(self.wake());
        }
        self.pass(end.since(self.now.moment));
        done.extend(self.wake());
        done
    }

    /// Time passes and nobody wakes the engine.
    pub fn pass(&mut self, duration: Duration) {
        self.now.moment = self.now.moment + duration;
        let delta = TimeDelta::from_std(duration).unwrap();
        self.now.wall = self.now.wall.checked_add_signed(delta).unwrap_or(self.now.wall);
    }

    /// Somebody sets the wall clock.
    pub fn set_clock(&mut self, time: &str) -> Vec<String> {
        self.now.wall = utc(time);
        self.wake()
    }

    pub fn break_wire(&mut self, id: &str) {
        self.broken.insert(id.into());
    }

    pub fn mend_wire(&mut self, id: &str) {
        self.broken.remove(id);
    }

    pub fn point(&self, name: &str) -> PointState {
        self.engine.snapshot(self.now).find(name).unwrap().clone()
    }

    /// What is shown by what changed is what would be shown if all were worked out anew.
    pub fn publish(&mut self) -> Snapshot {
        self.wake();
        let published = self.engine.publish(self.now);
        for (shown, is) in published.points.iter().zip(&self.engine.snapshot(self.now).points) {
            assert_eq!(&**shown, &**is);
        }
        published
    }

    /// The winning slot and its cause.
    pub fn why(&self, output: &str) -> String {
        self.point(output).explanation.unwrap().line.clone()
    }

    pub fn is_on(&self, output: &str) -> bool {
        self.wires[output].is_on()
    }

    /// A new process claims all lines. What the engine is to hear of that, before anything is decided.
    fn claim(&mut self) -> Vec<Event> {
        let ids: Vec<_> = (0..self.config.outputs.len()).map(OutputId).collect();
        self.claim_these(&ids)
    }

    /// As the daemon does: off before on, and beside a line of an interlock that cannot be claimed no other on. What the
    /// engine is to hear of that.
    fn claim_these(&mut self, ids: &[OutputId]) -> Vec<Event> {
        let is_broken = |id: &OutputId| self.broken.contains(&self.config[*id].id);
        let faulty: Vec<_> =
            ids.iter().filter(|id| is_broken(id)).filter_map(|id| self.config[*id].interlock).collect();
        let mut told = Vec::new();
        for &id in ids {
            let (output, mut level) = (self.config[id].id.clone(), self.engine.start_level(id));
            if self.broken.contains(&output) {
                // It stays as it was.
                self.wires.entry(output).or_insert(Level::OFF);
                continue;
            }
            if level.is_on() && self.config[id].interlock.is_some_and(|group| faulty.contains(&group)) {
                level = Level::OFF;
                told.push(Event::WireFound { output: output.clone(), level, result: Ok(()) });
            }
            self.take_level(id, level, None);
        }
        told
    }

    /// A wire takes a level.
    fn take_level(&mut self, id: OutputId, level: Level, cause: Option<Cause>) {
        let (config, output) = (self.config.clone(), &self.config[id].id);
        self.faulty.remove(output);
        let goes_on = level.is_on() && !self.wires.get(output).is_some_and(|level| level.is_on());
        let beside = |other: &hearthd::model::Output| {
            config[id].interlock.is_some() && other.interlock == config[id].interlock && self.faulty.contains(&other.id)
        };
        let beside_a_fault = goes_on && config.outputs.iter().any(beside);
        self.wires.insert(output.clone(), level);
        self.log.push(Driven { at: self.now.moment, output: output.clone(), level, cause, beside_a_fault });
    }

    fn handle(&mut self, event: Event) -> Vec<Effect> {
        if self.thorough {
            self.engine.forget_decisions();
        }
        self.engine.handle(self.now, event)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Vec<String> {
        let mut queue = EffectQueue::default();
        queue.add(effects);
        let mut done = Vec::new();
        while let Some(effect) = queue.next(&self.engine) {
            match effect {
                Effect::Clicked { .. } | Effect::Answer { result: Ok(()), .. } => {}
                Effect::Notify { rule, text, .. } => done.push(format!("notify \"{text}\": {rule}")),
                Effect::Note { about, text } => done.push(format!("note {about}: {text}")),
                Effect::Answer { result: Err(refusal), .. } => done.push(format!("refused: {refusal}")),
                Effect::Drive { drive, output, level, cause } => {
                    let id = self.config[output].id.clone();
                    let text = format!("{id} {level}: {}", cause.describe(&self.config));
                    let result = if self.broken.contains(&id) { Err("broken wire".to_owned()) } else { Ok(()) };
                    if result.is_ok() {
                        self.take_level(output, level, Some(cause));
                        done.push(text);
                    } else {
                        self.faulty.insert(id);
                        done.push(format!("{text} (fails)"));
                    }
                    queue.add(self.handle(Event::Driven { drive, result }));
                }
            }
        }
        assert!(!queue.is_behind(), "an endless chain: {:#?}", &done[done.len() - 8..]);
        done
    }
}
