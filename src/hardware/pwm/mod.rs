//! PWM: lines that carry any level.
//!
//! A channel of any chip is a [`PwmPort`]: it is told which share of the time its line is high. What is the same for all
//! (gamma, the range of power, active low, transitions) is done here, above it.

mod dimmer;
pub(super) mod sysfs;

pub(super) use dimmer::Dimmer;

use super::HardwareError;

/// One channel of a PWM chip. Dropping it leaves the line as it is.
pub(super) trait PwmPort: Send {
    /// Has the line high for this share of the time, 0.0 to 1.0. May block for as long as the chip's bus does.
    fn set(&mut self, high: f64) -> Result<(), HardwareError>;
}
