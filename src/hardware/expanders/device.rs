//! One expander and the thread that talks to it. Whoever drives a pin waits for a moment only: a stuck bus delays nobody.

use super::{
    mcp23017::Mcp23017,
    pca9555::Pca9555,
    pca9685::Pca9685,
    pcf8574::Pcf8574,
    pins::{Bus, Pins},
    sx1509::Sx1509,
};
use crate::{
    hardware::{
        HardwareError,
        board::{Edge, OnEdge},
    },
    model::{Expander, ExpanderChip, Pull},
    threads::Worker,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// An answer takes a few milliseconds; longer than this nobody waits for one.
const PATIENCE: Duration = Duration::from_millis(100);
/// With an interrupt line, inputs are looked at this often without one: an edge may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// All pins are set anew and read back this often, since a chip that lost its power does not say so.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// The first pause after a failure; it doubles.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Opens the bus anew: after a failure nothing is known of the old one.
pub(super) type OpenBus = Box<dyn Fn() -> Result<Bus, HardwareError> + Send>;

/// Ends with its thread when it is dropped.
pub(super) struct Device {
    shared: Arc<Shared>,
    worker: Mutex<Option<Worker>>,
}

/// What a pin is driven to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drive {
    /// Electrically high or low.
    Level(bool),
    /// High for this share of the time, 0.0 to 1.0.
    Duty(f64),
}

struct Shared {
    state: Mutex<State>,
    /// Something is to be done, or was done.
    changed: Condvar,
}

struct State {
    settings: Expander,
    outputs: BTreeMap<u8, Output>,
    inputs: BTreeMap<u8, Input>,
    /// Somebody asks for a look: an interrupt came, or a pin is wanted while the chip is in trouble.
    look: bool,
    /// Why the chip cannot be used; until it is over, nobody waits for it.
    trouble: Option<String>,
    ended: bool,
}

struct Output {
    drive: Drive,
    /// What came of it; nothing while it is to be done.
    done: Option<Result<(), String>>,
}

struct Input {
    pull: Pull,
    debounce: Duration,
    on_edge: Arc<OnEdge>,
    /// The level that counts; nothing before the first look.
    level: Option<Result<bool, String>>,
    /// Another level, and for how long it was seen.
    candidate: Duration,
}

impl Device {
    /// Starts the thread; it talks to the chip as soon as a pin is used.
    pub fn start(settings: Expander, open: OpenBus) -> Device {
        let name = format!("expander {}", settings.id);
        let state = State {
            settings,
            outputs: BTreeMap::new(),
            inputs: BTreeMap::new(),
            look: false,
            trouble: None,
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let thread = Thread { shared: shared.clone(), open, chip: None, retry: RETRY_FIRST, failing: false };
        Device { shared, worker: Mutex::new(Worker::spawn(&name, move || thread.run())) }
    }

    /// The expander as it was last configured.
    pub fn settings(&self) -> Expander {
        self.shared.lock().settings.clone()
    }

    /// Other settings of the same chip in the same place.
    pub fn update(&self, settings: Expander) {
        self.shared.lock().settings = settings;
        self.shared.changed.notify_all();
    }

    /// False after a panic of its thread.
    pub fn is_healthy(&self) -> bool {
        self.worker.lock().is_ok_and(|worker| worker.as_ref().is_none_or(Worker::is_running))
    }

    /// Drives a pin and waits for the answer, for [`PATIENCE`] at most. Only the newest of several is done.
    pub fn drive(&self, pin: u8, drive: Drive) -> Result<(), HardwareError> {
        let mut state = self.shared.lock();
        state.outputs.insert(pin, Output { drive, done: None });
        let state = self.shared.ask(state, |state| state.outputs.get(&pin).is_some_and(|output| output.done.is_none()));
        match state.outputs.get(&pin).and_then(|output| output.done.clone()) {
            Some(result) => result.map_err(HardwareError::Expander),
            None => Err(state.no_answer()),
        }
    }

    /// Whether a pin is as it was last driven: what was seen of it at that time or since, without asking the chip.
    pub fn verify(&self, pin: u8) -> Result<(), HardwareError> {
        let state = self.shared.lock();
        match state.outputs.get(&pin).and_then(|output| output.done.clone()) {
            Some(Err(text)) => Err(HardwareError::Expander(text)),
            _ if state.trouble.is_some() => Err(state.no_answer()),
            _ => Ok(()),
        }
    }

    /// Watches a pin from now on; its level is told at the first look and at each change.
    pub fn watch(&self, pin: u8, pull: Pull, debounce: Duration, on_edge: OnEdge) -> Result<(), HardwareError> {
        let mut state = self.shared.lock();
        let input = Input { pull, debounce, on_edge: Arc::new(on_edge), level: None, candidate: Duration::ZERO };
        state.inputs.insert(pin, input);
        let state = self.shared.ask(state, |state| state.inputs.get(&pin).is_some_and(|input| input.level.is_none()));
        state.level(pin).map(drop)
    }

    /// Whether a watched pin is high, as it was last seen.
    pub fn level(&self, pin: u8) -> Result<bool, HardwareError> {
        self.shared.lock().level(pin)
    }

    /// The pin stays as it is and is nobody's.
    pub fn release(&self, pin: u8) {
        let mut state = self.shared.lock();
        state.outputs.remove(&pin);
        state.inputs.remove(&pin);
    }

    /// What the interrupt line calls: looks at the inputs at once.
    pub fn look(&self) -> impl Fn() + Send + Sync + 'static {
        let shared = Arc::downgrade(&self.shared);
        move || {
            if let Some(shared) = shared.upgrade() {
                shared.lock().look = true;
                shared.changed.notify_all();
            }
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Ok(Some(worker)) = self.worker.get_mut().map(Option::take) {
            worker.join();
        }
    }
}

impl Shared {
    /// Wakes the thread and waits for its answer, unless the chip is in trouble.
    fn ask<'s>(&'s self, mut state: MutexGuard<'s, State>, open: impl Fn(&mut State) -> bool) -> MutexGuard<'s, State> {
        self.changed.notify_all();
        if state.trouble.is_some() {
            state.look = true;
            return state;
        }
        let (mut state, timeout) =
            self.changed.wait_timeout_while(state, PATIENCE, open).unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            state.trouble = Some(state.no_answer().to_string());
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn level(&self, pin: u8) -> Result<bool, HardwareError> {
        match self.inputs.get(&pin).and_then(|input| input.level.clone()) {
            Some(level) => level.map_err(HardwareError::Expander),
            None => Err(self.no_answer()),
        }
    }

    fn no_answer(&self) -> HardwareError {
        match &self.trouble {
            Some(text) => HardwareError::Expander(text.clone()),
            None => HardwareError::NoAnswerInTime { bus: self.settings.bus, address: self.settings.address },
        }
    }

    /// Whether anything is to be done before time is up.
    fn is_idle(&self) -> bool {
        let settled = self.outputs.values().all(|output| output.done.is_some());
        settled && self.inputs.values().all(|input| input.level.is_some()) && !self.look && !self.ended
    }

    /// How long to rest when nothing is to be done.
    fn rest(&self) -> Duration {
        let unsteady = self.inputs.values().any(|input| !input.candidate.is_zero());
        match &self.settings.interrupt {
            _ if self.inputs.is_empty() => CHECK_EVERY,
            Some(_) if !unsteady => LOOK_AGAIN,
            _ => self.settings.poll,
        }
    }
}

/// What the thread holds.
struct Thread {
    shared: Arc<Shared>,
    open: OpenBus,
    /// Nothing after a failure.
    chip: Option<Chip>,
    retry: Duration,
    failing: bool,
}

enum Chip {
    Pins(Box<dyn Pins>),
    Pwm(Pca9685),
}

/// What is to be done in one turn.
struct Work {
    outputs: Vec<(u8, Drive)>,
    inputs: Vec<(u8, Pull)>,
    /// Looks at the inputs; the time since the last look.
    look: Option<Duration>,
}

impl Thread {
    fn run(mut self) {
        let mut since_check = Duration::ZERO;
        let mut all = true;
        loop {
            let rest = if self.failing { self.retry } else { self.shared.lock().rest() };
            let Some((timed_out, work)) = self.wait(rest, all) else { return };
            since_check += if timed_out { rest } else { Duration::ZERO };
            all = since_check >= CHECK_EVERY;
            if all {
                since_check = Duration::ZERO;
            }
            if let Err(error) = self.work(&work) {
                self.fail(&error);
                all = true;
            }
        }
    }

    /// Rests until there is something to do; None: the device is no longer used.
    fn wait(&self, rest: Duration, all: bool) -> Option<(bool, Work)> {
        let state = self.shared.lock();
        let failing = self.failing;
        // While it fails, only somebody who asks makes it try again before the pause is over.
        let idle = move |state: &mut State| if failing { !state.look && !state.ended } else { state.is_idle() };
        let (mut state, timeout) =
            self.shared.changed.wait_timeout_while(state, rest, idle).unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            return None;
        }
        let timed_out = timeout.timed_out();
        let new = state.inputs.values().any(|input| input.level.is_none());
        let look = std::mem::take(&mut state.look) || timed_out || new;
        let due = |output: &Output| all || output.done.is_none();
        let outputs = state.outputs.iter().filter(|(_, output)| due(output)).map(|(&pin, o)| (pin, o.drive)).collect();
        let due = |input: &Input| all || !matches!(input.level, Some(Ok(_)));
        let inputs = state.inputs.iter().filter(|(_, input)| due(input)).map(|(&pin, i)| (pin, i.pull)).collect();
        let look = look && (failing || !state.inputs.is_empty());
        let passed = if timed_out { rest } else { Duration::ZERO };
        Some((timed_out, Work { outputs, inputs, look: look.then_some(passed) }))
    }

    fn work(&mut self, work: &Work) -> Result<(), HardwareError> {
        if work.outputs.is_empty() && work.inputs.is_empty() && work.look.is_none() {
            return Ok(());
        }
        let settings = self.shared.lock().settings.clone();
        let chip = match &mut self.chip {
            Some(chip) => chip,
            none => none.insert(open_chip(&settings, (self.open)()?)),
        };
        for &(pin, drive) in &work.outputs {
            let result = chip.drive(pin, drive, settings.frequency);
            let text = result.as_ref().copied().map_err(ToString::to_string);
            self.shared.answer(pin, drive, text);
            match result {
                // That is the pin's, not the chip's.
                Ok(()) | Err(HardwareError::ChipFault { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for &(pin, pull) in &work.inputs {
            chip.input(pin, pull)?;
        }
        if let Some(passed) = work.look {
            let levels = chip.levels()?;
            self.shared.see(levels, passed);
        }
        if std::mem::take(&mut self.failing) {
            tracing::info!("expander {} works again", settings.id);
        }
        self.retry = RETRY_FIRST;
        self.shared.lock().trouble = None;
        Ok(())
    }

    /// Tells everybody, and begins anew after a pause that grows.
    fn fail(&mut self, error: &HardwareError) {
        self.chip = None;
        let text = error.to_string();
        let mut state = self.shared.lock();
        if self.failing {
            self.retry = (self.retry * 2).min(RETRY_MAX);
        } else {
            tracing::warn!("expander {}: {text}", state.settings.id);
        }
        self.failing = true;
        state.trouble = Some(text.clone());
        for output in state.outputs.values_mut().filter(|output| output.done.is_none()) {
            output.done = Some(Err(text.clone()));
        }
        let mut lost = Vec::new();
        for input in state.inputs.values_mut() {
            if input.level.replace(Err(text.clone())) != Some(Err(text.clone())) {
                lost.push(input.on_edge.clone());
            }
        }
        drop(state);
        self.shared.changed.notify_all();
        lost.iter().for_each(|on_edge| on_edge(Edge::Lost));
    }
}

impl Shared {
    fn answer(&self, pin: u8, drive: Drive, result: Result<(), String>) {
        let mut state = self.lock();
        if let Some(output) = state.outputs.get_mut(&pin).filter(|output| output.drive == drive) {
            output.done = Some(result);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes in the levels of all pins, `passed` after the last look.
    fn see(&self, levels: u16, passed: Duration) {
        let mut edges = Vec::new();
        let mut state = self.lock();
        for (pin, input) in &mut state.inputs {
            let high = levels >> pin & 1 == 1;
            match &input.level {
                Some(Ok(level)) if *level == high => {
                    input.candidate = Duration::ZERO;
                    continue;
                }
                Some(Ok(_)) if input.candidate < input.debounce => {
                    // The first look at a new level does not tell for how long it has been.
                    input.candidate += passed.max(Duration::from_millis(1));
                    continue;
                }
                _ => {}
            }
            (input.level, input.candidate) = (Some(Ok(high)), Duration::ZERO);
            edges.push((input.on_edge.clone(), high));
        }
        drop(state);
        self.changed.notify_all();
        edges.iter().for_each(|(on_edge, high)| on_edge(Edge::To { level: *high, at: None }));
    }
}

impl Chip {
    fn drive(&mut self, pin: u8, drive: Drive, frequency: f64) -> Result<(), HardwareError> {
        match (self, drive) {
            (Chip::Pins(pins), Drive::Level(high)) => pins.output(pin, high),
            (Chip::Pins(pins), Drive::Duty(share)) => pins.output(pin, share >= 0.5),
            (Chip::Pwm(pwm), Drive::Level(high)) => pwm.duty(pin, if high { 1.0 } else { 0.0 }, frequency),
            (Chip::Pwm(pwm), Drive::Duty(share)) => pwm.duty(pin, share, frequency),
        }
    }

    fn input(&mut self, pin: u8, pull: Pull) -> Result<(), HardwareError> {
        match self {
            Chip::Pins(pins) => pins.input(pin, pull),
            Chip::Pwm(_) => Ok(()),
        }
    }

    fn levels(&mut self) -> Result<u16, HardwareError> {
        match self {
            Chip::Pins(pins) => pins.levels(),
            Chip::Pwm(pwm) => pwm.is_there().map(|()| 0),
        }
    }
}

fn open_chip(settings: &Expander, bus: Bus) -> Chip {
    let address = settings.address;
    match settings.chip {
        ExpanderChip::Mcp23017 => Chip::Pins(Box::new(Mcp23017::new(address, bus, settings.interrupt.is_some()))),
        ExpanderChip::Pcf8574 => Chip::Pins(Box::new(Pcf8574::new(address, bus))),
        ExpanderChip::Pca9555 | ExpanderChip::Pca9535 => Chip::Pins(Box::new(Pca9555::new(address, bus))),
        ExpanderChip::Sx1509 => Chip::Pins(Box::new(Sx1509::new(address, bus, settings.interrupt.is_some()))),
        ExpanderChip::Pca9685 => Chip::Pwm(Pca9685::new(address, bus)),
    }
}
