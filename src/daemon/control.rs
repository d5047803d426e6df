//! The control loop's body: news in, outputs driven, a picture out.

use super::{
    plan::{InForce, plan},
    publisher::Pass,
};
use crate::{
    clock::{Clock, Moment},
    config::{self, Sources},
    engine::{Engine, Revision},
    hardware::{Hardware, simulated::Wires},
    http::{Answerer, Explained, Question, Reply, Request},
    model::{
        Cause, Command, Config, Effect, Event, Kind, Level, Method, Output, OutputId, Owner, Quality, Refusal,
        Snapshot, Source, number, shown,
    },
    mqtt::{Notice, Refused, Told},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// No honest pass comes near this. Outputs that switch each other in a circle would go on for ever; they have the loop
/// only now and then.
const DRIVES_AT_ONCE: usize = 4096;
const BACKLOG_AFTER: Duration = Duration::from_secs(1);
/// A level that moves by less, in percent, is not worth a line in the log.
const SMALL_STEP: u8 = 10;
/// How often every output line is read back.
const VERIFY_EVERY: Duration = Duration::from_secs(50);
/// The engine is woken at least this often, so that a wall clock that was set is noticed.
const WAKE_AT_LEAST: Duration = Duration::from_secs(60);

/// The engine, the hardware and what one pass gathers.
pub struct Control {
    engine: Engine,
    hardware: Hardware,
    config: Arc<Config>,
    /// What it was read from.
    sources: Arc<Sources>,
    clock: Clock,
    last: Arc<Snapshot>,
    saved: Revision,
    saved_at: Moment,
    verified_at: Moment,
    /// Whoever waits for the answer to the command in hand.
    asking: Option<Answerer>,
    /// Drives that a pass had no room for.
    backlog: VecDeque<(OutputId, Level, Cause)>,
    next: Pass,
    stopped: bool,
}

impl Control {
    /// Claims the lines at the engine's start levels and makes the first decision.
    pub fn start(engine: Engine, in_force: InForce, clock: Clock, events: mpsc::Sender<Event>) -> Control {
        let InForce { config, sources } = in_force;
        let mut hardware = Hardware::open(config.clone(), &start_levels(&engine, &config), clock.clone(), events);
        hardware.recall(&engine.learnt());
        let now = clock.now();
        let last = Arc::new(engine.snapshot(now));
        let mut control = Control {
            saved: Revision::default(),
            saved_at: now.moment,
            verified_at: now.moment,
            engine,
            hardware,
            config,
            next: Pass { in_force: Some(sources.clone()), ..Pass::default() },
            sources,
            clock,
            last,
            asking: None,
            backlog: VecDeque::new(),
            stopped: false,
        };
        control.tell_kept();
        control.wake();
        control
    }

    /// Time has passed.
    pub fn wake(&mut self) {
        self.handle(Event::Wake);
    }

    /// Reads the output lines back, when it is time. Asked in every pass: where news never ends, nothing wakes the loop.
    pub fn verify(&mut self) {
        let now = self.clock.now().moment;
        if now.since(self.verified_at) < VERIFY_EVERY {
            return;
        }
        self.verified_at = now;
        for (output, level, error) in self.hardware.verify() {
            self.handle(Event::Driven { output, level, result: Err(error.to_string()) });
        }
    }

    /// Tells the engine what lines carry that were taken as they are. Returns which.
    fn tell_kept(&mut self) -> Vec<OutputId> {
        let kept = self.hardware.kept();
        if !kept.is_empty() {
            let driven = |&(output, level): &(OutputId, Level)| Event::Driven { output, level, result: Ok(()) };
            let effects = self.engine.handle_all(self.clock.now(), kept.iter().map(driven));
            self.perform(effects);
        }
        kept.into_iter().map(|(output, _)| output).collect()
    }

    /// Takes in one event and does what follows from it.
    pub fn handle(&mut self, event: Event) {
        let effects = self.engine.handle(self.clock.now(), event);
        self.perform(effects);
    }

    /// A command that waits for its answer.
    pub fn request(&mut self, request: Request) {
        let Request { command, answer } = request;
        if let Some(result) = self.move_wire(&command) {
            self.next.replies.push(Reply { answer, result });
            return;
        }
        self.asking = Some(answer);
        self.handle(Event::Command(command));
    }

    /// Answers a question about the engine from a copy of it, beside the control loop.
    pub fn answer_aside(&self, question: Question) {
        let (engine, now) = (self.engine.clone(), self.clock.now());
        let in_force = InForce { config: self.config.clone(), sources: self.sources.clone() };
        // Whoever asked may have gone away.
        tokio::task::spawn_blocking(move || match question {
            Question::Why(name, answer) => {
                let explained = |reasons| Explained { config: in_force.config.clone(), reasons };
                drop(answer.send(engine.reasons_of(&name, now).map(explained)));
            }
            Question::Plan(candidate, answer) => drop(answer.send(plan(&in_force, &engine, now, &candidate))),
        });
    }

    /// Takes in another configuration. Returns whether it differs.
    ///
    /// # Errors
    /// Why it cannot come into force while the daemon runs.
    pub fn reconfigure(&mut self, InForce { config, sources }: InForce) -> Result<bool, &'static str> {
        if *config == *self.config {
            (self.sources, self.next.in_force) = (sources.clone(), Some(sources));
            return Ok(false);
        }
        if config.hardware != self.config.hardware || config.hub.clock != self.config.hub.clock {
            return Err("[hardware] and hub.clock take effect with a restart (`systemctl restart hearthd`)");
        }
        let mut effects = self.engine.handle(self.clock.now(), Event::Reconfigure(config.clone()));
        self.hardware.reconfigure(config.clone(), &start_levels(&self.engine, &config));
        (self.config, self.sources) = (config, sources.clone());
        // Kept only now: `hearthd safe` has to know the wires that were driven up to here.
        self.next.in_force = Some(sources);
        // What was decided before their levels were known counts no more.
        let kept = self.tell_kept();
        effects.retain(|effect| !matches!(effect, Effect::Drive { output, .. } if kept.contains(output)));
        self.perform(effects);
        tracing::info!("the changed configuration is in force: {}", self.status());
        Ok(true)
    }

    /// Tells people what is wrong with hearthd itself, or is well again.
    pub fn notify(&mut self, text: String) {
        self.tell_notice("hearthd".into(), text);
    }

    fn tell_notice(&mut self, rule: String, text: String) {
        let now = self.clock.now().wall.with_timezone(&self.config.hub.timezone);
        let time = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
        self.next.told.push(Told::Notice(Notice { text, rule, time }));
    }

    /// Drives every output to its safe state.
    pub fn stop(&mut self) {
        self.handle(Event::Stop);
        self.stopped = true;
    }

    /// What this pass has to tell.
    ///
    /// What nobody was promised is handed over to be kept when the last such time is `save_other_every` ago.
    pub fn pass(&mut self, save_other_every: Duration) -> Pass {
        let now = self.clock.now();
        let snapshot = Arc::new(self.engine.snapshot(now));
        report_quality(&self.last, &snapshot);
        self.last = snapshot.clone();
        let revision = self.engine.revision();
        let due = revision.promised != self.saved.promised
            || revision != self.saved && now.moment.since(self.saved_at) >= save_other_every;
        let mut pass = std::mem::take(&mut self.next);
        if due {
            (self.saved, self.saved_at) = (revision, now.moment);
            pass.memory = Some(self.engine.memory(now));
            self.engine.memory_goes_first();
        }
        pass.snapshot = Some(snapshot);
        pass
    }

    /// As [`Control::pass`], with everything that is to survive.
    pub fn last_pass(&mut self) -> Pass {
        let mut pass = self.pass(Duration::MAX);
        pass.memory = Some(self.engine.memory(self.clock.now()));
        pass
    }

    /// The newest picture.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.last.clone()
    }

    /// On simulated hardware, the other ends of the wires.
    pub fn wires(&self) -> Option<Wires> {
        self.hardware.wires()
    }

    /// False after a panic of a thread of the hardware: what it read would stay as it was for ever.
    pub fn is_whole(&self) -> bool {
        self.hardware.is_whole()
    }

    /// When the engine wants to be woken.
    pub fn next_wakeup(&self) -> Moment {
        let now = self.clock.now().moment;
        let at_least = now + if self.backlog.is_empty() { WAKE_AT_LEAST } else { BACKLOG_AFTER };
        self.engine.next_wakeup().map_or(at_least, |engine| engine.min(at_least))
    }

    /// One line for `systemctl status`.
    pub fn status(&self) -> String {
        let config = &self.config;
        format!("{}: {}; {} hardware", config.hub.id, config.contents(), self.hardware.backend().word())
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        self.take(effects);
        for _ in 0..DRIVES_AT_ONCE {
            let Some((output, level, cause)) = self.backlog.pop_front() else { return };
            let before = self.engine.start_level(output);
            let result = self.hardware.drive(output, level);
            let name = &self.config[output].id;
            match &result {
                Ok(()) => {
                    let text = self.config.level_text(output, level);
                    let cause = cause.describe(&self.config);
                    if is_small_step(before, level) || self.is_modulated(output) {
                        tracing::debug!("{name} {text}: {cause}");
                    } else {
                        tracing::info!("{name} {text}: {cause}");
                    }
                }
                // The hardware has said so, once.
                Err(error) => tracing::debug!("{name} cannot be driven {level}: {error}"),
            }
            let result = result.map_err(|error| error.to_string());
            let more = self.engine.handle(self.clock.now(), Event::Driven { output, level, result });
            self.take(more);
        }
        if !self.backlog.is_empty() {
            tracing::error!(
                "outputs switch each other without an end: they go on slowly; `hearthd why` shows the causes"
            );
        }
    }

    /// Whether it is the wire of slow PWM, which goes on and off all day.
    fn is_modulated(&self, output: OutputId) -> bool {
        match self.config[output].method {
            Method::Part { of } => matches!(self.config[of].method, Method::SlowPwm { .. }),
            _ => false,
        }
    }

    /// Gives the answers at once, and puts the drives in line.
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Drive { output, level, cause } => self.backlog.push_back((output, level, cause)),
                Effect::Answer { command, result } => self.answer(command, result),
                Effect::Notify { rule, text } => {
                    tracing::info!("{rule}: {text}");
                    self.tell_notice(rule.to_string(), text);
                }
                Effect::Clicked { input, click } => {
                    tracing::info!("{} {}", self.config[input].id, click.word());
                    self.next.told.push(Told::Clicked(self.config.event_name(input), click.word()));
                }
                Effect::Note { rule, text } => tracing::info!("{rule}: {text}"),
            }
        }
    }

    fn answer(&mut self, command: Command, result: Result<(), Refusal>) {
        if let Some(answer) = self.asking.take_if(|_| command.source == Source::Console) {
            self.next.replies.push(Reply { answer, result });
        } else if let Err(refusal) = result {
            tracing::debug!("refused {} for {}: {refusal}", shown(&command.payload), shown(&command.point));
            let Command { point, payload, .. } = command;
            self.next.told.push(Told::Refused(Refused { point, payload, reason: refusal.to_string() }));
        }
    }

    /// On simulated hardware, a command for an input or a reading moves its wire: it is how a person plays the house.
    fn move_wire(&self, command: &Command) -> Option<Result<(), Refusal>> {
        // AUTO is for outputs: the engine says so.
        let wires = self.hardware.wires().filter(|_| !command.payload.eq_ignore_ascii_case("AUTO"))?;
        let held = || Refusal::NoHold { why: "a simulated wire stays as it is set".into() };
        if let Some((input, ..)) = self.config.find_counter(&command.point) {
            let count = command.payload.parse().ok().filter(|count| (1..=1_000_000).contains(count));
            let Some(count) = count else { return Some(Err(Refusal::BadValue { expected: "how many pulses".into() })) };
            if command.hold.is_some() {
                return Some(Err(held()));
            }
            wires.pulse(&self.config[input].id, count);
            return Some(Ok(()));
        }
        let spec = self.config.spec(self.config.find_point(&command.point)?)?;
        let bad_value = |expected: &str| Some(Err(Refusal::BadValue { expected: expected.into() }));
        match (spec.owner, &spec.kind) {
            // Its pulses are played, above; its total is set as on a real board.
            (Owner::Sensor(id), _) if self.config[id].counter().is_some() => return None,
            (Owner::Input(_), Kind::Switch(_)) | (Owner::Sensor(_), _) if command.hold.is_some() => {
                return Some(Err(held()));
            }
            (Owner::Input(id), Kind::Switch(_)) => {
                let word = command.payload.to_ascii_lowercase();
                let Some(active) = config::state_meaning(&word, spec.point, &self.config) else {
                    return bad_value("ON or OFF");
                };
                wires.set_input(&self.config[id].id, active);
            }
            (Owner::Sensor(id), Kind::Number(number)) => match number::plain(&command.payload) {
                Some(value) if number.range.contains(&value) => {
                    wires.set_reading(&self.config[id].id, number.quantity?, value);
                }
                _ => return bad_value("a plausible number"),
            },
            _ => return None,
        }
        Some(Ok(()))
    }
}

/// Whether a level moves a little only, as a thermostat moves it all day.
fn is_small_step(before: Level, after: Level) -> bool {
    before != after && before.is_on() && after.is_on() && before.percent().abs_diff(after.percent()) < SMALL_STEP
}

/// Whatever ends the loop but an orderly stop (a panic, a dead thread), outputs end in their safe states.
impl Drop for Control {
    fn drop(&mut self) {
        if !self.stopped {
            let safe = |(index, output): (usize, &Output)| Some((OutputId(index), output.safe.level()?));
            let mut levels: Vec<_> = self.config.outputs.iter().enumerate().filter_map(safe).collect();
            // Off before on: members of an interlock may be among them.
            levels.sort_by_key(|(_, level)| *level);
            for (output, level) in levels {
                let _ = self.hardware.drive(output, level);
            }
        }
    }
}

fn start_levels(engine: &Engine, config: &Config) -> Vec<Level> {
    (0..config.outputs.len()).map(|index| engine.start_level(OutputId(index))).collect()
}

/// Logs points that went bad and points that are good again.
fn report_quality(before: &Snapshot, after: &Snapshot) {
    if !Arc::ptr_eq(&before.config, &after.config) {
        return;
    }
    for (before, now) in before.points.iter().zip(&after.points) {
        let name = || after.config.point_name(now.point);
        match (before.quality, now.quality) {
            (before, now) if before == now => {}
            (Quality::Unknown, Quality::Good) => {}
            (_, Quality::Good) => tracing::info!("{} is good again", name()),
            (_, Quality::Fault) => {
                tracing::warn!("{} is in fault: {}", name(), now.fault.as_deref().unwrap_or("no reason given"));
            }
            (_, Quality::Stale) => tracing::warn!("{} is stale: no reading for too long", name()),
            (_, Quality::Unknown) => tracing::info!("{} is not known any more", name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, model::ClockTrust};
    use std::path::Path;

    #[test]
    fn whatever_ends_the_loop_outputs_end_safe() {
        let text = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n\
                    [outputs.a]\nkind = \"switch\"\ngpio = 5\nat_start = \"on\"\n\
                    [outputs.b]\nkind = \"switch\"\ngpio = 6\nsafe = \"on\"\n\
                    [outputs.c]\nkind = \"switch\"\ngpio = 13\nat_start = \"on\"\nsafe = \"hold\"\n";
        let config = Arc::new(config::parse(Path::new("hut.toml"), text).unwrap().config);
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let engine = Engine::new(config.clone(), None, clock.now());
        let (events, _news) = mpsc::channel(64);
        let in_force = InForce { config: config.clone(), sources: Arc::default() };
        let mut control = Control::start(engine, in_force, clock, events);
        let command = |point: &str| {
            Event::Command(Command { source: Source::Mqtt, point: point.into(), payload: "ON".into(), hold: None })
        };
        control.handle(command("a"));
        control.handle(command("c"));
        let wires = control.wires().unwrap();
        let levels = || ["a", "b", "c"].map(|id| wires.output(id).is_some_and(Level::is_on));
        assert_eq!(levels(), [true, false, true]);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _control = control;
            panic!("a bug in the loop");
        }));
        assert!(panicked.is_err());
        assert_eq!(levels(), [false, true, true]);
    }
    #[tokio::test]
    async fn a_question_is_answered_by_the_house_in_force() {
        let house = |outputs: &[&str]| {
            let text = |id: &&str| format!("[outputs.{id}]\nkind = \"switch\"\n");
            let outputs = outputs.iter().zip(5..).map(|(id, gpio)| text(id) + &format!("gpio = {gpio}\n"));
            let outputs: String = outputs.collect();
            let text = format!("[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n{outputs}");
            Arc::new(config::parse(Path::new("hut.toml"), &text).unwrap().config)
        };
        let (before, after) = (house(&["a", "b", "c"]), house(&["c"]));
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let engine = Engine::new(before.clone(), None, clock.now());
        let (events, _news) = mpsc::channel(64);
        let of = |config: &Arc<Config>| InForce { config: config.clone(), sources: Arc::default() };
        let mut control = Control::start(engine, of(&before), clock, events);
        let ask = async |control: &Control, name: &str| {
            let (sender, answer) = tokio::sync::oneshot::channel();
            control.answer_aside(Question::Why(name.into(), sender));
            answer.await.unwrap().map(|explained| explained.config)
        };
        assert!(ask(&control, "b").await.is_some_and(|config| Arc::ptr_eq(&config, &before)));
        control.reconfigure(of(&after)).unwrap();
        assert!(ask(&control, "b").await.is_none());
        assert!(ask(&control, "c").await.is_some_and(|config| Arc::ptr_eq(&config, &after)));
    }
}
