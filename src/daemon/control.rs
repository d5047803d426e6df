//! The control loop's body: news in, outputs driven (`control/perform.rs`), a snapshot out.

mod perform;

use super::{
    plan::{InForce, plan},
    publisher::Pass,
    simulated::move_wire,
    systemd,
    under_way::UnderWay,
};
use crate::{
    clock::{Clock, Moment},
    config::Sources,
    engine::{EffectQueue, Engine, Revision},
    hardware::{Hardware, simulated::Wires},
    house::{Answerer, Explained, Foreseen, Question, Reply, Request, Ruled},
    links::{modbus::Modbus, serial::Serial},
    model::{
        Config, DriveId, Event, Level, Output, OutputId, PRESS, Quality, Refusal, RequestId, Snapshot, Source, Vital,
    },
    mqtt::remote::Door,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// Outputs that switch each other in a circle go on so much later: they have the loop only now and then.
const BACKLOG_AFTER: Duration = Duration::from_secs(1);
/// How often every output line is read back.
const VERIFY_EVERY: Duration = Duration::from_secs(50);
/// A bus that has not answered a drive for so long, of real time, hangs: the output is in fault until it answers.
pub const DRIVE_WITHIN: Duration = Duration::from_secs(5);
/// The engine is woken at least this often, so that a wall clock that was set is noticed.
const WAKE_AT_LEAST: Duration = Duration::from_secs(60);
/// Whoever presses more often fills no log.
const IDENTIFY_EVERY: Duration = Duration::from_secs(1);

/// The engine, the hardware and what one pass gathers.
pub struct Control {
    engine: Engine,
    hardware: Hardware,
    modbus: Modbus,
    serial: Serial,
    /// To what is on the broker.
    door: Door,
    config: Arc<Config>,
    /// Where adapters see it.
    config_shown: watch::Sender<Arc<Config>>,
    /// What it was read from.
    sources: Arc<Sources>,
    clock: Clock,
    last: Arc<Snapshot>,
    saved: Revision,
    saved_at: Moment,
    verified_at: Moment,
    /// Who waits for the answers to commands.
    asking: BTreeMap<RequestId, Answerer>,
    requests: u64,
    effects: EffectQueue,
    under_way: UnderWay,
    /// Drives over buses that the command in hand has begun.
    begun: Vec<DriveId>,
    /// Answers that wait for the drives that their command has begun: they show what the wires made of it.
    held: Vec<(Reply, Vec<DriveId>)>,
    /// Refusals of this pass that the one who asked had no room for.
    untold: usize,
    next: Pass,
    /// Somebody asked for a restart.
    is_to_restart: bool,
    /// When it last said which hub it is.
    identified: Option<Moment>,
    stopped: bool,
}

impl Control {
    /// Claims the lines at the engine's start levels and makes the first decision. Another configuration will be put into
    /// `config_shown`.
    pub fn start(
        mut engine: Engine,
        in_force: InForce,
        clock: Clock,
        events: mpsc::Sender<Event>,
        door: Door,
        config_shown: watch::Sender<Arc<Config>>,
    ) -> Control {
        let InForce { config, sources } = in_force;
        let modbus = Modbus::open(&config, clock.clone(), events.clone());
        let serial = Serial::open(&config, events.clone());
        let mut hardware = Hardware::open(&config, &start_levels(&engine, &config), clock.clone(), events);
        hardware.recall(&engine.learnt());
        let now = clock.now();
        let last = Arc::new(engine.publish(now));
        let mut control = Control {
            saved: Revision::default(),
            saved_at: now.moment,
            verified_at: now.moment,
            engine,
            hardware,
            modbus,
            serial,
            door,
            config,
            config_shown,
            next: Pass { in_force: Some(sources.clone()), ..Pass::default() },
            sources,
            clock,
            last,
            asking: BTreeMap::new(),
            requests: 0,
            effects: EffectQueue::default(),
            under_way: UnderWay::default(),
            begun: Vec::new(),
            held: Vec::new(),
            untold: 0,
            is_to_restart: false,
            identified: None,
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

    /// Reads the output lines back when it is time, and looks for drives that are overdue. Asked in every pass: where news
    /// never ends, nothing wakes the loop.
    pub fn supervise(&mut self) {
        let now = self.clock.now().moment;
        for drive in self.under_way.take_overdue(now) {
            let text = format!("no answer within {} s: its bus or device hangs", DRIVE_WITHIN.as_secs());
            // It may be answered yet.
            let effects = self.engine.handle(self.clock.now(), Event::Overdue { drive, text });
            self.perform(effects);
        }
        if now.since(self.verified_at) < VERIFY_EVERY {
            return;
        }
        self.verified_at = now;
        for (output, level, error) in self.hardware.verify() {
            self.handle(Event::WireFound { output, level, result: Err(error.to_string()) });
        }
    }

    /// Tells the engine what lines carry that were claimed otherwise than they were to be.
    fn tell_kept(&mut self) {
        let kept = self.hardware.kept();
        if !kept.is_empty() {
            let found = |(output, level): (OutputId, Level)| Event::WireFound {
                output: self.config[output].id.clone(),
                level,
                result: Ok(()),
            };
            let effects = self.engine.handle_all(self.clock.now(), kept.into_iter().map(found));
            self.perform(effects);
        }
    }

    /// Takes in one event and does what follows from it.
    pub fn handle(&mut self, event: Event) {
        if let Event::Driven { drive, result } = &event
            && let Some(line) = self.under_way.end(*drive)
        {
            perform::log_drive(&line, result);
        }
        // What says so itself says nothing more.
        if let Event::Overdue { drive, .. } = &event {
            self.under_way.end(*drive);
        }
        let effects = self.engine.handle(self.clock.now(), event);
        self.perform(effects);
    }

    /// A command that waits for its answer.
    pub fn request(&mut self, request: Request) {
        let Request { command, answer } = request;
        // It is a person at the console who plays the house.
        let played = self.hardware.wires().filter(|_| command.source == Source::Console);
        let played = played.and_then(|wires| move_wire(&wires, &self.config, &command));
        let answer = match (played, answer) {
            (Some(result), Answerer::Once(to)) => return self.next.replies.push(Reply { to, result }),
            (_, answer) => answer,
        };
        // They are entities of home apps; elsewhere they are no points.
        let is_home_app = matches!(command.source, Source::Mqtt | Source::Peer(_) | Source::HomeAssistant);
        let button = Vital::button(&command.point).filter(|_| is_home_app);
        if let Some(button) = button.filter(|button| self.can_be_pressed(*button)) {
            let pressed = self.press(button, &command.payload);
            return self.give_answer(Some(answer), command, pressed);
        }
        self.requests += 1;
        let id = RequestId(self.requests);
        self.asking.insert(id, answer);
        self.begun.clear();
        let before = self.next.replies.len();
        self.handle(Event::Command { command, request: Some(id) });
        if !self.begun.is_empty() {
            let begun = std::mem::take(&mut self.begun);
            self.held.extend(self.next.replies.drain(before..).map(|reply| (reply, begun.clone())));
        }
    }

    fn can_be_pressed(&self, button: Vital) -> bool {
        button != Vital::Restart || systemd::starts_us_again()
    }

    /// Does what a button of the hub itself is for: no engine knows of it.
    fn press(&mut self, button: Vital, payload: &str) -> Result<(), Refusal> {
        if !payload.eq_ignore_ascii_case(PRESS) {
            return Err(Refusal::BadValue { expected: PRESS.into() });
        }
        if button == Vital::Restart {
            tracing::warn!("a restart is asked for over MQTT");
            self.is_to_restart = true;
        } else if self.identified.is_none_or(|last| self.clock.now().moment.since(last) >= IDENTIFY_EVERY) {
            self.identified = Some(self.clock.now().moment);
            tracing::info!("it is me: {}, {}", self.config.hub.name, self.status());
        }
        Ok(())
    }

    /// Whether somebody asked for a restart.
    pub fn is_to_restart(&self) -> bool {
        self.is_to_restart
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
            Question::Outlook(answer) => {
                let outlook = engine.outlook(now);
                drop(answer.send(Foreseen { config: in_force.config, outlook, now: now.wall }));
            }
            Question::Rules(answer) => {
                drop(answer.send(Ruled { config: in_force.config, rules: engine.rules_now(now) }));
            }
            Question::Plan(candidate, answer) => drop(answer.send(plan(&in_force, &engine, now, &candidate))),
        });
    }

    /// Takes in another configuration.
    ///
    /// # Errors
    /// Why it cannot come into force while the daemon runs.
    pub fn reconfigure(&mut self, InForce { config, sources }: InForce) -> Result<(), &'static str> {
        if *config == *self.config {
            (self.sources, self.next.in_force) = (sources.clone(), Some(sources));
            return Ok(());
        }
        if config.hardware != self.config.hardware || config.hub.clock != self.config.hub.clock {
            return Err("[hardware] and hub.clock take effect with a restart (`systemctl restart hearthd`)");
        }
        let effects = self.engine.handle(self.clock.now(), Event::Reconfigure(config.clone()));
        self.hardware.reconfigure(&config, &start_levels(&self.engine, &config));
        self.modbus.reconfigure(&config);
        self.serial.reconfigure(&config);
        self.config_shown.send_replace(config.clone());
        (self.config, self.sources) = (config, sources.clone());
        // Kept only now: `hearthd safe` has to know the wires that were driven up to here.
        self.next.in_force = Some(sources);
        self.under_way.follow(&self.engine);
        self.effects.follow(&self.engine);
        // What was decided before their levels were known counts no more.
        self.tell_kept();
        self.under_way.follow(&self.engine);
        self.perform(effects);
        tracing::info!("the changed configuration is in force: {}", self.status());
        Ok(())
    }

    /// Tells people what is wrong with hearthd itself, or is well again.
    pub fn notify(&mut self, text: String) {
        self.tell_notice("hearthd", text, self.clock.now().wall);
    }

    /// Drives every output to its safe state. Those on buses answer later.
    pub fn stop(&mut self) {
        self.modbus.end();
        self.handle(Event::Stop);
    }

    /// The outputs whose bus has not answered yet.
    pub fn undriven(&self) -> Vec<&str> {
        self.under_way.outputs().map(|output| &**output).collect()
    }

    /// What this pass has to tell.
    ///
    /// What nobody was promised is handed over to be kept when the last such time is `save_other_every` ago.
    pub fn pass(&mut self, save_other_every: Duration) -> Pass {
        let now = self.clock.now();
        let snapshot = Arc::new(self.engine.publish(now));
        report_quality(&self.last, &snapshot);
        self.last = snapshot.clone();
        let revision = self.engine.revision();
        let whole =
            revision.best_effort != self.saved.best_effort && now.moment.since(self.saved_at) >= save_other_every;
        for (reply, begun) in std::mem::take(&mut self.held) {
            if begun.iter().any(|drive| self.under_way.is_awaited(*drive)) {
                self.held.push((reply, begun));
            } else {
                self.next.replies.push(reply);
            }
        }
        self.begun.clear();
        let untold = std::mem::take(&mut self.untold);
        if untold > 0 {
            tracing::warn!("{untold} refusals were not told: there are too many");
        }
        let mut pass = std::mem::take(&mut self.next);
        if whole || revision.durable != self.saved.durable {
            let memory = self.engine.keep(whole, now);
            if !memory.is_part() {
                (self.saved.best_effort, self.saved_at) = (revision.best_effort, now.moment);
            }
            self.saved.durable = revision.durable;
            pass.memory = Some(memory);
        }
        pass.snapshot = Some(snapshot);
        pass
    }

    /// As [`Control::pass`], with everything that is to survive. What is not driven by now will not be.
    pub fn last_pass(&mut self) -> Pass {
        self.stopped = true;
        self.under_way = UnderWay::default();
        let mut pass = self.pass(Duration::MAX);
        pass.memory = Some(self.engine.memory(self.clock.now()));
        pass
    }

    /// On simulated hardware, the other ends of the wires.
    pub fn wires(&self) -> Option<Wires> {
        self.hardware.wires()
    }

    /// False after a panic of a thread of the hardware: what it read would stay as it was for ever.
    pub fn is_healthy(&self) -> bool {
        self.hardware.is_healthy() && self.modbus.is_healthy() && self.serial.is_healthy()
    }

    /// When the engine wants to be woken.
    pub fn next_wakeup(&self) -> Moment {
        let now = self.clock.now().moment;
        let at_least = now + if self.effects.is_behind() { BACKLOG_AFTER } else { WAKE_AT_LEAST };
        // An answer is overdue when its time is over, not when it ends.
        let overdue = self.under_way.next_due().map(|due| due + Duration::from_millis(1));
        [self.engine.next_wakeup(), overdue].into_iter().flatten().fold(at_least, Moment::min)
    }

    /// One line for `systemctl status`.
    pub fn status(&self) -> String {
        let config = &self.config;
        format!("{}: {}; {} hardware", config.hub.id, config.contents(), self.hardware.backend().word())
    }
}

/// Whatever ends the loop but an orderly stop (a panic, a dead thread), outputs end in their safe states.
impl Drop for Control {
    fn drop(&mut self) {
        if !self.stopped {
            let safe = |(index, output): (usize, &Output)| Some((OutputId(index), output.safe.level()?));
            let levels: Vec<_> = self.config.wired().outputs.iter().enumerate().filter_map(safe).collect();
            // On a thread of its own: this one may belong to a runtime.
            let config = self.config.clone();
            let remote =
                std::thread::Builder::new().spawn(move || drop(crate::mqtt::remote::drive_safe(&config, None)));
            let on_modbus = self.modbus.make_safe(&self.config, None);
            self.hardware.drive_all(&levels);
            on_modbus.wait();
            let _ = remote.map(std::thread::JoinHandle::join);
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
    for place in after.changes_since(before) {
        let (before, now) = (&before.points[place], &after.points[place]);
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
    use crate::{
        config,
        model::{ClockTrust, Command, Source},
        mqtt::remote,
    };
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
        let mut control =
            Control::start(engine, in_force, clock, events, remote::door().0, watch::Sender::new(config.clone()));
        let command = |point: &str| {
            let command = Command { source: Source::Mqtt, point: point.into(), payload: "ON".into(), hold: None };
            Event::Command { command, request: None }
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

    /// mosquitto on a free port. Ends with the value.
    struct Mosquitto(std::process::Child, u16);

    impl Mosquitto {
        fn start() -> Mosquitto {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let start = |program| {
                let (none, port) = (std::process::Stdio::null, port.to_string());
                std::process::Command::new(program).args(["-p", &port]).stdout(none()).stderr(none()).spawn()
            };
            let child = start("mosquitto").or_else(|_| start("/usr/sbin/mosquitto"));
            Mosquitto(child.expect("these tests need mosquitto: sudo apt-get install mosquitto"), port)
        }

        /// A client in the plainest words of MQTT 3.1.1 that hears everything at QoS 0.
        fn listen(&self) -> std::net::TcpStream {
            use std::io::{Read, Write};
            let connect = || std::net::TcpStream::connect(("127.0.0.1", self.1));
            let mut stream = (0..6_000)
                .find_map(|_| connect().inspect_err(|_| std::thread::sleep(Duration::from_millis(10))).ok())
                .expect("mosquitto listens");
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut acknowledged = [0; 4 + 5];
            stream.write_all(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03spy").unwrap();
            stream.write_all(b"\x82\x06\x00\x01\x00\x01#\x00").unwrap();
            stream.read_exact(&mut acknowledged).unwrap();
            assert_eq!(acknowledged[..4], [0x20, 2, 0, 0], "it lets us in");
            assert_eq!(acknowledged[4..], [0x90, 3, 0, 1, 0], "and read all");
            stream
        }
    }

    impl Drop for Mosquitto {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_panic_tells_outputs_on_the_broker_their_safe_states() {
        use std::io::Read;
        let broker = Mosquitto::start();
        let mut heard = broker.listen();
        let text = format!(
            "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n[hardware]\nbackend = \"simulated\"\n\
             [outputs.plug]\nkind = \"switch\"\nmqtt = \"plug/set\"\n\
             [outputs.lamp]\nkind = \"switch\"\nmqtt = \"lamp/set\"\nsafe = \"on\"\n\
             [outputs.pump]\nkind = \"switch\"\nmqtt = \"pump/set\"\nsafe = \"hold\"\n",
            broker.1
        );
        let config = Arc::new(config::parse(Path::new("hut.toml"), &text).unwrap().config);
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let engine = Engine::new(config.clone(), None, clock.now());
        let (events, _news) = mpsc::channel(64);
        let in_force = InForce { config: config.clone(), sources: Arc::default() };
        let control =
            Control::start(engine, in_force, clock, events, remote::door().0, watch::Sender::new(config.clone()));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _control = control;
            panic!("a bug in the loop");
        }));
        assert!(panicked.is_err());
        // All are on their way when the panic is over; in between, nobody published anything else.
        let (mut said, mut part) = (Vec::new(), [0; 256]);
        let has = |said: &[u8], message: &[u8]| said.windows(message.len()).any(|part| part == message);
        while !(has(&said, b"\x00\x08plug/setOFF") && has(&said, b"\x00\x08lamp/setON")) {
            let read = heard.read(&mut part).expect("they are told");
            assert!(read > 0, "mosquitto hung up");
            said.extend_from_slice(&part[..read]);
        }
        assert!(!has(&said, b"pump/set"), "it stays as it is");
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
        let mut control =
            Control::start(engine, of(&before), clock, events, remote::door().0, watch::Sender::new(before.clone()));
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
