//! The kernel's GPIO character device (uAPI v2, Linux 5.10 or newer): any Linux board.

use super::{
    HardwareError,
    board::{Board, InputLine, OnEdge, OutputLine},
    claims::Claim,
    edges::Edges,
    i2c::LinuxBus,
    kernel,
    lines::{Lines, Place},
    machine::Machine,
    pwm::{Dimmer, sysfs::Chips},
    sensors::{self, SensorDriver},
};
use crate::model::{ActiveLevel, Config, Input, Level, Line, Output, Pull, Sensor, SensorSource};
use gpiocdev::{
    Request,
    line::{Bias, EdgeDetection, Value},
    request::Builder,
};
use std::{path::Path, sync::Arc};

/// What the kernel shows as the user of our lines.
const CONSUMER: &str = "hearthd";

/// Active low is told to the kernel with the request; above it all levels are logical.
///
/// What a released line does is up to the driver of its chip. On a Raspberry Pi mainline kernels make it an input, and the
/// relay falls back to where its board pulls it; the kernels of Raspberry Pi leave it driven, unless they are told otherwise
/// (see [`Released`](super::machine::Released)). Most others leave it as it is. So nothing here relies on either: whoever
/// ends the daemon drives the safe states.
pub(super) struct Chardev {
    pub lines: Lines,
    pwm: Chips,
}

impl Chardev {
    pub fn new(machine: &Machine, gpiochip: Option<String>) -> Chardev {
        Chardev { lines: Lines::new(machine.clone(), gpiochip), pwm: Chips::new(machine.clone()) }
    }
}

impl Board for Chardev {
    fn lay(&self, config: &Config) {
        self.pwm.lay(config);
    }

    fn claim_output(&self, line: &Line, output: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        if let Line::Pwm(channel) = line {
            let place = self.pwm.find(channel)?;
            let claim = self.lines.claim_pwm(place.resource(), &place.pins, &output.id, line)?;
            let port = self.pwm.open(&place, output.dimming.frequency)?;
            let dimmer = Dimmer::start(Box::new(port), output, level)?;
            return Ok(Box::new(ClaimedPwm { dimmer, _claim: claim }));
        }
        let place = self.lines.find(line)?;
        let claim = self.lines.claim(&place, &output.id)?;
        let request = request(&place, output.active, |builder| builder.as_output(value(level)))?;
        Ok(Box::new(ClaimedOutput { request, place, driven: level, _claim: claim }))
    }

    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        let place = self.lines.find(line)?;
        let claim = self.lines.claim(&place, &output.id)?;
        let request = request(&place, output.active, Builder::as_is)?;
        let now = request.value(place.offset).map_err(|error| place.failed("read", error))?;
        // In the same request: to release it in between could move the relay.
        let mut config = request.config();
        config.as_output(now);
        request.reconfigure(&config).map_err(|error| place.failed("take", error))?;
        let level = Level::from_on(now == Value::Active);
        Ok((Box::new(ClaimedOutput { request, place, driven: level, _claim: claim }), level))
    }

    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        let place = self.lines.find(&input.line)?;
        let claim = self.lines.claim(&place, &input.id)?;
        let request = request(&place, input.active, |builder| {
            // Logical, as all levels: rising is to become active.
            let edges = if input.counts() { EdgeDetection::RisingEdge } else { EdgeDetection::BothEdges };
            builder.as_input().with_bias(bias(input.pull)).with_edge_detection(edges);
            if input.debounce.is_zero() { builder } else { builder.with_debounce_period(input.debounce) }
        })?;
        let request = Arc::new(request);
        let edges = Edges::watch(&input.id, request.clone(), input.counts(), on_edge)
            .map_err(|source| HardwareError::Os { what: format!("cannot watch {place}"), source })?;
        Ok(Box::new(ClaimedInput { _edges: edges, request, place, _claim: claim }))
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        match &sensor.source {
            SensorSource::I2c(chip) => sensors::start(chip, sensor.every, LinuxBus::open(chip.bus)?),
            SensorSource::Kernel(source) => kernel::start(source, Path::new(kernel::ROOT)),
            _ => Err(HardwareError::NeverReady),
        }
    }
}

fn request(
    place: &Place,
    active: ActiveLevel,
    direction: impl FnOnce(&mut Builder) -> &mut Builder,
) -> Result<Request, HardwareError> {
    let mut builder = Request::builder();
    builder.on_chip(&place.chip).with_consumer(CONSUMER).with_line(place.offset);
    let builder = direction(&mut builder);
    let builder = match active {
        ActiveLevel::High => builder.as_active_high(),
        ActiveLevel::Low => builder.as_active_low(),
    };
    builder.request().map_err(|error| place.claim_failed(error))
}

fn value(level: Level) -> Value {
    if level.is_on() { Value::Active } else { Value::Inactive }
}

/// Nothing leaves the resistors as they are.
fn bias(pull: Pull) -> Option<Bias> {
    match pull {
        Pull::Up => Some(Bias::PullUp),
        Pull::Down => Some(Bias::PullDown),
        Pull::None => Some(Bias::Disabled),
        Pull::AsIs => None,
    }
}

struct ClaimedOutput {
    request: Request,
    place: Place,
    driven: Level,
    /// Given back after the line.
    _claim: Claim,
}

struct ClaimedPwm {
    dimmer: Dimmer,
    _claim: Claim,
}

impl OutputLine for ClaimedPwm {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.dimmer.drive(level)
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        self.dimmer.verify()
    }
}

impl OutputLine for ClaimedOutput {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.driven = level;
        let result = self.request.set_value(self.place.offset, value(level));
        result.map(drop).map_err(|error| self.place.failed("drive", error))
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        let read = self.request.value(self.place.offset).map_err(|error| self.place.failed("read", error))?;
        if read == value(self.driven) {
            return Ok(());
        }
        Err(HardwareError::ReadsOtherwise { line: self.place.to_string(), driven: self.driven })
    }
}

struct ClaimedInput {
    /// Ends before the request is closed.
    _edges: Edges,
    request: Arc<Request>,
    place: Place,
    _claim: Claim,
}

impl InputLine for ClaimedInput {
    fn is_active(&self) -> Result<bool, HardwareError> {
        let value = self.request.value(self.place.offset);
        value.map(|value| value == Value::Active).map_err(|error| self.place.failed("read", error))
    }
}
