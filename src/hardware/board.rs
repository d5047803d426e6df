//! What a backend must offer.

use super::{HardwareError, sensors::SensorDriver};
use crate::model::{Config, Input, Level, Line, Output, Sensor};
use std::time::Duration;

/// A way to the wires. Levels are logical here: what is active low is resolved below, once.
pub(super) trait Board: Send + Sync {
    /// Takes over what a configuration says of the chips between the board and its lines.
    fn lay(&self, _: &Config) {}

    /// False when a thread of its own has ended by a panic.
    fn is_healthy(&self) -> bool {
        true
    }

    /// Takes `line`, that of `output`, and drives it to `level` in the same request, so that it never passes through the
    /// other level.
    fn claim_output(&self, line: &Line, output: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError>;

    /// Takes `line`, that of `output`, as it is, without driving it to another level, and tells which level that is.
    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError>;

    /// Takes the line of an input and has its debounced changes told; of a counter, its pulses.
    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError>;

    /// Finds and sets up the chip of a sensor. May block for as long as the bus does.
    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError>;
}

/// Called from a thread of the backend. Must neither block nor fail.
pub(super) type OnEdge = Box<dyn Fn(Edge) + Send + Sync>;

/// What is told of an input's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// It went to a logical level.
    To {
        level: bool,
        /// When, on the kernel's monotonic clock; None: now.
        at: Option<Duration>,
    },
    /// Of a counter: it became active so many times since this was last told.
    Pulses {
        count: u32,
        /// When the last time was, on the kernel's monotonic clock; None: now.
        at: Option<Duration>,
    },
    /// It was lost.
    Lost,
}

/// A claimed output. Dropping it releases the line and does not drive it; what the wire does then is the backend's.
pub(super) trait OutputLine: Send {
    /// Drives the line. A transition may still be on its way when this returns.
    fn drive(&mut self, level: Level) -> Result<(), HardwareError>;

    /// Reads back whether the line is as it was last driven, where it can be read; and what went wrong with it since.
    fn verify(&mut self) -> Result<(), HardwareError> {
        Ok(())
    }
}

/// A claimed input, released by dropping it.
pub(super) trait InputLine: Send {
    /// The level at this moment.
    fn is_active(&self) -> Result<bool, HardwareError>;
}
