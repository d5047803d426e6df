//! PCF8574 and PCF8574A (NXP, data sheet PCF8574; PCF8574A): 8 pins that are low outputs or, with a weak pull-up, high
//! outputs and inputs at once (section 8.1, quasi-bidirectional I/Os).

use super::pins::{Bus, Pins, changed, not_held};
use crate::{hardware::HardwareError, model::Pull};

/// The chip has no register that tells its latch, so it is kept here. At first it is what the pins read: a pin that an
/// earlier process holds down stays down until it is claimed.
pub(super) struct Pcf8574 {
    address: u8,
    bus: Bus,
    latch: Option<u8>,
}

impl Pcf8574 {
    pub fn new(address: u8, bus: Bus) -> Pcf8574 {
        Pcf8574 { address, bus, latch: None }
    }

    fn pins(&mut self) -> Result<u8, HardwareError> {
        let mut byte = [0];
        self.bus.read(self.address, &mut byte)?;
        Ok(byte[0])
    }

    /// Writes all pins, also when nothing differs: the chip may have lost its power since.
    fn put_bit(&mut self, pin: u8, set: bool) -> Result<(), HardwareError> {
        let before = match self.latch {
            Some(latch) => latch,
            None => self.pins()?,
        };
        let latch = changed(before, pin, set);
        self.bus.write(self.address, &[latch])?;
        self.latch = Some(latch);
        Ok(())
    }
}

impl Pins for Pcf8574 {
    fn output(&mut self, pin: u8, high: bool) -> Result<(), HardwareError> {
        self.put_bit(pin, high)?;
        let is_high = self.pins()? >> pin & 1 == 1;
        if is_high == high { Ok(()) } else { Err(not_held(self.address)) }
    }

    /// The weak pull-up is always there.
    fn input(&mut self, pin: u8, _: Pull) -> Result<(), HardwareError> {
        self.put_bit(pin, true)
    }

    fn levels(&mut self) -> Result<u16, HardwareError> {
        self.pins().map(u16::from)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Latch, *};

    #[test]
    fn other_pins_stay_as_they_were_found() {
        let chip = Latch::new(0x38, 0b1111_0110);
        let mut pins = Pcf8574::new(0x38, Box::new(chip.clone()));
        pins.output(1, false).unwrap();
        assert_eq!(chip.latch(), 0b1111_0100, "bit 0 and 3 were down and stay so");
        pins.output(3, true).unwrap();
        assert_eq!(chip.latch(), 0b1111_1100);
    }

    #[test]
    fn an_input_is_a_high_pin_that_others_may_pull_down() {
        let chip = Latch::new(0x20, 0xff);
        let mut pins = Pcf8574::new(0x20, Box::new(chip.clone()));
        pins.input(7, Pull::Up).unwrap();
        chip.pull_down(0b1000_0000);
        assert_eq!(pins.levels().unwrap(), 0x7f);
        pins.output(0, false).unwrap();
        assert_eq!(chip.latch(), 0b1111_1110, "an input that is pulled down is not held down by us");
    }

    #[test]
    fn a_pin_that_cannot_rise_is_found_and_lost_power_is_made_good() {
        let chip = Latch::new(0x20, 0xff);
        let mut pins = Pcf8574::new(0x20, Box::new(chip.clone()));
        chip.pull_down(0b0000_0001);
        let text = pins.output(0, true).unwrap_err().to_string();
        assert_eq!(text, "the chip at 0x20 does not get an output to its level: its pin is overloaded or shorted");
        pins.output(1, false).unwrap();
        chip.lose_power();
        pins.output(2, true).unwrap();
        assert_eq!(chip.latch(), 0b1111_1101);
    }
}
