//! What a chip with pins must offer.

use crate::{hardware::HardwareError, model::Pull};
use embedded_hal::i2c::I2c;

/// Any bus.
pub(super) type Bus = Box<dyn I2c<Error = HardwareError> + Send>;

/// Pins that are outputs or inputs. Levels are electric here. Every call sets what it needs anew, so that a chip that lost
/// its power is as it should be after the next one.
pub(super) trait Pins: Send {
    /// Makes a pin an output at a level, through no other level on the way, and reads it back.
    ///
    /// # Errors
    /// The chip does not answer, or the pin does not follow.
    fn output(&mut self, pin: u8, high: bool) -> Result<(), HardwareError>;

    /// Makes a pin an input.
    fn input(&mut self, pin: u8, pull: Pull) -> Result<(), HardwareError>;

    /// The levels of all pins, pin 0 in the lowest bit.
    fn levels(&mut self) -> Result<u16, HardwareError>;
}

/// `byte` with one bit set or cleared.
pub(super) fn changed(byte: u8, bit: u8, set: bool) -> u8 {
    if set { byte | 1 << bit } else { byte & !(1 << bit) }
}

/// An output that reads otherwise than it was driven.
pub(super) fn not_held(address: u8) -> HardwareError {
    HardwareError::ChipFault { address, what: "does not get an output to its level: its pin is overloaded or shorted" }
}
