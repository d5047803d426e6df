//! PCA9555 (NXP, data sheet PCA9555) and TCA9555: 16 pins, each an output or an input with a weak pull-up; and the same
//! without pull-ups: PCA9535, TCA9535, XL9535.

use super::pins::{Bus, Pins, changed, not_held};
use crate::{hardware::HardwareError, model::Pull};

/// Registers of port 0 (section 6.2, table 4); those of port 1 follow each.
mod register {
    pub const INPUT: u8 = 0x00;
    pub const OUTPUT: u8 = 0x02;
    pub const CONFIGURATION: u8 = 0x06;
}

/// Nothing is kept here: what the chip holds is asked of it each time, so that it may lose its power at any moment.
pub(super) struct Pca9555 {
    address: u8,
    bus: Bus,
}

impl Pca9555 {
    pub fn new(address: u8, bus: Bus) -> Pca9555 {
        Pca9555 { address, bus }
    }

    fn get(&mut self, register: u8) -> Result<u8, HardwareError> {
        let mut byte = [0];
        self.bus.write_read(self.address, &[register], &mut byte)?;
        Ok(byte[0])
    }

    /// Sets or clears the bit of a pin in a register of its port, unless it is so already.
    fn put_bit(&mut self, register: u8, pin: u8, set: bool) -> Result<(), HardwareError> {
        let register = register + pin / 8;
        let before = self.get(register)?;
        let byte = changed(before, pin % 8, set);
        if byte == before { Ok(()) } else { self.bus.write(self.address, &[register, byte]) }
    }
}

impl Pins for Pca9555 {
    fn output(&mut self, pin: u8, high: bool) -> Result<(), HardwareError> {
        // The latch first: a pin that becomes an output goes straight to its level.
        self.put_bit(register::OUTPUT, pin, high)?;
        self.put_bit(register::CONFIGURATION, pin, false)?;
        let is_high = self.get(register::INPUT + pin / 8)? >> (pin % 8) & 1 == 1;
        if is_high == high { Ok(()) } else { Err(not_held(self.address)) }
    }

    /// The pull-ups are always there, or never. Every change of an input pulls the interrupt line down.
    fn input(&mut self, pin: u8, _: Pull) -> Result<(), HardwareError> {
        self.put_bit(register::CONFIGURATION, pin, true)
    }

    /// Reading a port gives up its interrupt.
    fn levels(&mut self) -> Result<u16, HardwareError> {
        // In this order: left at register 0, a chip of Texas Instruments may forget an interrupt when another one on the
        // bus is read (their datasheet SCPS131, section 8.4.1.1).
        let low = self.get(register::INPUT)?;
        let high = self.get(register::INPUT + 1)?;
        Ok(u16::from_le_bytes([low, high]))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Registers, *};

    /// As after power-up: all pins are inputs, all latches high (section 6.2). An output pin reads what its latch says.
    fn started() -> (Registers, Pca9555) {
        let chip = Registers::new(0x20, &[(0x02, 0xff), (0x03, 0xff), (0x06, 0xff), (0x07, 0xff)]);
        chip.on_write(|registers| {
            for port in 0..2 {
                let (latch, outputs) = (registers[0x02 + port], !registers[0x06 + port]);
                registers[port] = registers[port] & !outputs | latch & outputs;
            }
        });
        (chip.clone(), Pca9555::new(0x20, Box::new(chip)))
    }

    #[test]
    fn the_latch_is_written_before_the_direction() {
        let (chip, mut pins) = started();
        pins.output(11, false).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x03, 0xf7], vec![0x07, 0xf7]]);
        pins.output(11, false).unwrap();
        assert_eq!(chip.take_writes(), [[0u8; 0]; 0], "nothing that is so already is written");
        pins.output(11, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x03, 0xff]]);
        pins.output(0, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x06, 0xfe]], "its latch is high from the beginning");
    }

    #[test]
    fn after_a_loss_of_power_everything_is_set_again() {
        let (chip, mut pins) = started();
        pins.output(0, false).unwrap();
        chip.set(&[(0x02, 0xff), (0x06, 0xff), (0x00, 0xff)]);
        chip.take_writes();
        pins.output(0, false).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x02, 0xfe], vec![0x06, 0xfe]]);
    }

    #[test]
    fn an_output_that_something_holds_down_is_found() {
        let (chip, mut pins) = started();
        chip.on_write(|registers| registers[0] = 0);
        let text = pins.output(3, true).unwrap_err().to_string();
        assert_eq!(text, "the chip at 0x20 does not get an output to its level: its pin is overloaded or shorted");
    }

    #[test]
    fn inputs_of_both_ports_are_read() {
        let (chip, mut pins) = started();
        pins.output(9, false).unwrap();
        chip.take_writes();
        pins.input(9, Pull::Up).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x07, 0xff]]);
        chip.set(&[(0x00, 0x34), (0x01, 0x12)]);
        assert_eq!(pins.levels().unwrap(), 0x1234);
        chip.unplug(true);
        let text = "nothing answers at 0x20 on I2C bus 1: check wiring and address";
        assert_eq!(pins.levels().unwrap_err().to_string(), text);
    }
}
