//! MCP23017 (Microchip, datasheet DS20001952): 16 pins, each an output, or an input with a pull-up if asked for.

use super::pins::{Bus, Pins, changed, not_held};
use crate::{hardware::HardwareError, model::Pull};

/// Registers of port A as after power-up (IOCON.BANK = 0, table 3-1); those of port B follow each.
mod register {
    pub const IODIR: u8 = 0x00;
    pub const GPINTEN: u8 = 0x04;
    pub const INTCON: u8 = 0x08;
    pub const IOCON: u8 = 0x0a;
    pub const GPPU: u8 = 0x0c;
    pub const GPIO: u8 = 0x12;
    pub const OLAT: u8 = 0x14;
}

/// IOCON: one interrupt line for both ports (MIRROR), pulled low by an open drain (ODR).
const IOCON_INTERRUPT: u8 = 1 << 6 | 1 << 2;

/// Nothing is kept here: what the chip holds is asked of it each time, so that it may lose its power at any moment.
pub(super) struct Mcp23017 {
    address: u8,
    bus: Bus,
    interrupts: bool,
}

impl Mcp23017 {
    /// `interrupts`: a change of an input is to pull the interrupt line down.
    pub fn new(address: u8, bus: Bus, interrupts: bool) -> Mcp23017 {
        Mcp23017 { address, bus, interrupts }
    }

    fn get(&mut self, register: u8) -> Result<u8, HardwareError> {
        let mut byte = [0];
        self.bus.write_read(self.address, &[register], &mut byte)?;
        Ok(byte[0])
    }

    /// Writes a register unless it holds that already.
    fn put(&mut self, register: u8, byte: u8) -> Result<(), HardwareError> {
        if self.get(register)? == byte {
            return Ok(());
        }
        self.bus.write(self.address, &[register, byte])
    }

    /// Sets or clears the bit of a pin in a register of its port.
    fn put_bit(&mut self, register: u8, pin: u8, set: bool) -> Result<(), HardwareError> {
        let register = register + pin / 8;
        let byte = changed(self.get(register)?, pin % 8, set);
        self.put(register, byte)
    }
}

impl Pins for Mcp23017 {
    fn output(&mut self, pin: u8, high: bool) -> Result<(), HardwareError> {
        // The latch first: a pin that becomes an output goes straight to its level.
        self.put_bit(register::OLAT, pin, high)?;
        self.put_bit(register::IODIR, pin, false)?;
        let is_high = self.get(register::GPIO + pin / 8)? >> (pin % 8) & 1 == 1;
        if is_high == high { Ok(()) } else { Err(not_held(self.address)) }
    }

    fn input(&mut self, pin: u8, pull: Pull) -> Result<(), HardwareError> {
        self.put_bit(register::IODIR, pin, true)?;
        if pull != Pull::AsIs {
            self.put_bit(register::GPPU, pin, pull == Pull::Up)?;
        }
        if self.interrupts {
            self.put(register::IOCON, IOCON_INTERRUPT)?;
            // At each change, against what it was before.
            self.put_bit(register::INTCON, pin, false)?;
            self.put_bit(register::GPINTEN, pin, true)?;
        }
        Ok(())
    }

    fn levels(&mut self) -> Result<u16, HardwareError> {
        let mut bytes = [0; 2];
        self.bus.write_read(self.address, &[register::GPIO], &mut bytes)?;
        Ok(u16::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Registers, *};

    fn started() -> (Registers, Mcp23017) {
        let chip = Registers::new(0x20, &[(register::IODIR, 0xff), (register::IODIR + 1, 0xff)]);
        (chip.clone(), Mcp23017::new(0x20, Box::new(chip), false))
    }

    /// An output pin reads what its latch says.
    fn follow(chip: &Registers) {
        chip.on_write(|registers| {
            for port in 0..2 {
                let outputs = !registers[usize::from(register::IODIR + port)];
                let latch = registers[usize::from(register::OLAT + port)];
                let pins = &mut registers[usize::from(register::GPIO + port)];
                *pins = *pins & !outputs | latch & outputs;
            }
        });
    }

    #[test]
    fn the_latch_is_written_before_the_direction() {
        let (chip, mut pins) = started();
        follow(&chip);
        pins.output(11, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x15, 0x08], vec![0x01, 0xf7]]);
        pins.output(11, true).unwrap();
        assert_eq!(chip.take_writes(), [[0u8; 0]; 0], "nothing that is so already is written");
        pins.output(11, false).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x15, 0x00]]);
    }

    #[test]
    fn after_a_loss_of_power_everything_is_set_again() {
        let (chip, mut pins) = started();
        follow(&chip);
        pins.output(0, true).unwrap();
        chip.set(&[(register::IODIR, 0xff), (register::OLAT, 0), (register::GPIO, 0)]);
        chip.take_writes();
        pins.output(0, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x14, 0x01], vec![0x00, 0xfe]]);
    }

    #[test]
    fn an_output_that_something_holds_down_is_found() {
        let (_, mut pins) = started();
        let text = pins.output(3, true).unwrap_err().to_string();
        assert_eq!(text, "the chip at 0x20 does not get an output to its level: its pin is overloaded or shorted");
    }

    #[test]
    fn inputs_with_and_without_a_pull_up_and_an_interrupt() {
        let (chip, mut pins) = started();
        pins.input(8, Pull::Up).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x0d, 0x01]]);
        pins.input(8, Pull::None).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x0d, 0x00]]);
        let mut pins = Mcp23017::new(0x20, Box::new(chip.clone()), true);
        pins.input(0, Pull::AsIs).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x0a, 0x44], vec![0x04, 0x01]]);
        chip.set(&[(register::GPIO, 0x34), (register::GPIO + 1, 0x12)]);
        assert_eq!(pins.levels().unwrap(), 0x1234);
    }
}
