//! Expanders: chips on I2C whose pins are used like lines of the board, `box/3`.
//!
//! Each has a thread of its own. A level is written to the chip's latch before the pin becomes an output, and read back.
//! A chip that fails is tried again at growing intervals and then set up anew, all pins; so it is now and then anyway, since
//! a chip that lost its power for a moment does not say so.

mod device;
mod mcp23017;
mod pca9555;
mod pca9685;
mod pcf8574;
mod pins;
mod sx1509;
#[cfg(test)]
mod tests;

use super::{
    HardwareError,
    board::{Board, Edge, InputLine, OnEdge, OutputLine},
    claims::{Claim, Claims, Resource},
    i2c::LinuxBus,
    pwm::{Dimmer, PwmPort},
    sensors::SensorDriver,
};
use crate::model::{ActiveLevel, Config, Expander, Input, InputKind, Level, Line, Output, Pull, Sensor};
use device::{Device, Drive};
use pins::Bus;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A board with its expanders.
pub(super) struct WithExpanders {
    board: Arc<dyn Board>,
    open: fn(u8) -> Result<Bus, HardwareError>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    settings: Vec<Expander>,
    /// Those of which a pin was claimed, by id. They stay until they are no longer configured: ending a thread that is
    /// stuck takes time.
    attached: BTreeMap<Arc<str>, Arc<Attached>>,
}

/// An expander in use.
struct Attached {
    device: Device,
    /// As configured: without an interrupt line that can be had, the device polls.
    settings: Expander,
    /// Who uses which pin: what a reload gives to another may be held for a moment yet.
    claims: Claims,
    _interrupt: Option<Mutex<Box<dyn InputLine>>>,
}

impl WithExpanders {
    pub fn new(board: Arc<dyn Board>) -> WithExpanders {
        let open = |number| LinuxBus::open(number).map(|bus| Box::new(bus) as Bus);
        WithExpanders { board, open, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The expander and the pin that a line is; nothing when it is the board's own.
    fn find(&self, line: &Line) -> Option<(Arc<Attached>, u8)> {
        let mut state = self.state();
        let (settings, pin) = line.on_expander(&state.settings)?;
        let (settings, pin) = (settings.clone(), u8::try_from(pin).ok()?);
        let attached = state.attached.entry(settings.id.clone()).or_insert_with(|| Arc::new(self.attach(settings)));
        Some((attached.clone(), pin))
    }

    fn attach(&self, settings: Expander) -> Attached {
        let (open, bus) = (self.open, settings.bus);
        let mut used = settings.clone();
        let device = Device::start(used.clone(), Box::new(move || open(bus)));
        let interrupt = settings.interrupt.as_ref().and_then(|line| {
            let look = device.look();
            let input = Input {
                active: ActiveLevel::Low,
                pull: Pull::Up,
                debounce: Duration::ZERO,
                ..Input::plain(&settings.id, InputKind::Contact, line.clone())
            };
            let claimed = self.board.claim_input(&input, Box::new(move |_| look()));
            claimed
                .inspect_err(|error| {
                    tracing::warn!("expander {} is polled, for lack of its interrupt: {error}", settings.id);
                })
                .ok()
        });
        if interrupt.is_none() {
            used.interrupt = None;
            device.update(used);
        }
        Attached { device, settings, claims: Claims::default(), _interrupt: interrupt.map(Mutex::new) }
    }
}

impl Board for WithExpanders {
    /// Chips that are wired otherwise than before get a new thread when their pins are claimed again.
    fn lay(&self, config: &Config) {
        self.board.lay(config);
        let mut state = self.state();
        state.settings.clone_from(&config.expanders);
        state.attached.retain(|id, attached| {
            let now = config.expanders.iter().find(|expander| expander.id == *id);
            let same = now.filter(|now| attached.settings.is_wired_as(now));
            if let Some(now) = same {
                let interrupt = attached.device.settings().interrupt;
                attached.device.update(Expander { interrupt, ..now.clone() });
            }
            same.is_some()
        });
    }

    fn is_healthy(&self) -> bool {
        self.state().attached.values().all(|attached| attached.device.is_healthy())
    }

    fn claim_output(&self, line: &Line, output: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        let Some((attached, pin)) = self.find(line) else { return self.board.claim_output(line, output, level) };
        let claimed = Pin::claim(&attached, pin, &output.id, line)?;
        if let Line::Pwm(_) = line {
            let dimmer = Dimmer::start(Box::new(claimed), output, level)?;
            return Ok(Box::new(ExpanderDimmer { dimmer, attached, pin }));
        }
        let mut line = ExpanderOutput { pin: claimed, active: output.active };
        line.drive(level)?;
        Ok(Box::new(line))
    }

    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        match self.find(line) {
            // After a power cut its pins are inputs, and what they read is not what they were driven to.
            Some(_) => Ok((self.claim_output(line, output, Level::OFF)?, Level::OFF)),
            None => self.board.claim_as_is(line, output),
        }
    }

    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        let Some((attached, pin)) = self.find(&input.line) else { return self.board.claim_input(input, on_edge) };
        let active = input.active;
        let on_edge = Box::new(move |edge| match edge {
            Edge::To { level, at } => on_edge(Edge::To { level: is_active(level, active), at }),
            Edge::Pulses { .. } | Edge::Lost => on_edge(edge),
        });
        let line = ExpanderInput { pin: Pin::claim(&attached, pin, &input.id, &input.line)?, active };
        attached.device.watch(pin, input.pull, input.debounce, on_edge)?;
        Ok(Box::new(line))
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        self.board.start_sensor(sensor)
    }
}

fn is_active(high: bool, active: ActiveLevel) -> bool {
    high == (active == ActiveLevel::High)
}

/// A pin in use; it is nobody's when this is dropped.
struct Pin {
    attached: Arc<Attached>,
    pin: u8,
    /// Given back after the pin.
    _claim: Claim,
}

impl Pin {
    fn claim(attached: &Arc<Attached>, pin: u8, user: &Arc<str>, line: &Line) -> Result<Pin, HardwareError> {
        let claim = attached.claims.take(vec![Resource::Pin(pin)], user, &line.to_string())?;
        Ok(Pin { attached: attached.clone(), pin, _claim: claim })
    }

    fn drive(&self, drive: Drive) -> Result<(), HardwareError> {
        self.attached.device.drive(self.pin, drive)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.attached.device.release(self.pin);
    }
}

struct ExpanderOutput {
    pin: Pin,
    active: ActiveLevel,
}

impl OutputLine for ExpanderOutput {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.pin.drive(Drive::Level(is_active(level.is_on(), self.active)))
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        self.pin.attached.device.verify(self.pin.pin)
    }
}

/// A PWM channel, as the dimmer above it sees it.
impl PwmPort for Pin {
    fn set(&mut self, high: f64) -> Result<(), HardwareError> {
        self.drive(Drive::Duty(high))
    }
}

struct ExpanderDimmer {
    dimmer: Dimmer,
    attached: Arc<Attached>,
    pin: u8,
}

impl OutputLine for ExpanderDimmer {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.dimmer.drive(level)
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        self.dimmer.verify().and_then(|()| self.attached.device.verify(self.pin))
    }
}

struct ExpanderInput {
    pin: Pin,
    active: ActiveLevel,
}

impl InputLine for ExpanderInput {
    fn is_active(&self) -> Result<bool, HardwareError> {
        self.pin.attached.device.level(self.pin.pin).map(|high| is_active(high, self.active))
    }
}
