//! SX1509 (Semtech, datasheet SX1507/SX1508/SX1509): 16 pins, each an output, or an input with a pull-up or pull-down if
//! asked for. Its LED drivers, keypad scanner and debouncing stay as they are after power-up: off.

use super::pins::{Bus, Pins, changed, not_held};
use crate::{hardware::HardwareError, model::Pull};

/// Registers of bank B, pins 8 to 15 (section "Detailed Description of Registers"); those of bank A follow each.
mod register {
    pub const PULL_UP: u8 = 0x06;
    pub const PULL_DOWN: u8 = 0x08;
    pub const DIRECTION: u8 = 0x0e;
    pub const DATA: u8 = 0x10;
    pub const INTERRUPT_MASK: u8 = 0x12;
    /// Of pins 0 to 3, two bits each; those of the next four pins are before it, and so on.
    pub const SENSE_OF_FIRST: u8 = 0x17;
}

/// In SENSE: both edges.
const BOTH_EDGES: u8 = 0b11;

/// The chip tells the levels of its pins and not its latches, so these are kept here, one a bank. At first they are what
/// the pins read, which for outputs is the same. It is never reset: outputs of an earlier process hold their levels.
pub(super) struct Sx1509 {
    address: u8,
    bus: Bus,
    interrupts: bool,
    /// Of bank A and B.
    latches: [Option<u8>; 2],
}

impl Sx1509 {
    /// `interrupts`: a change of an input is to pull the interrupt line down.
    pub fn new(address: u8, bus: Bus, interrupts: bool) -> Sx1509 {
        Sx1509 { address, bus, interrupts, latches: [None; 2] }
    }

    fn get(&mut self, register: u8) -> Result<u8, HardwareError> {
        let mut byte = [0];
        self.bus.write_read(self.address, &[register], &mut byte)?;
        Ok(byte[0])
    }

    /// Changes a register, unless it is so already.
    fn update(&mut self, register: u8, change: impl FnOnce(u8) -> u8) -> Result<(), HardwareError> {
        let before = self.get(register)?;
        let byte = change(before);
        if byte == before { Ok(()) } else { self.bus.write(self.address, &[register, byte]) }
    }

    /// Sets or clears the bit of a pin in a register of its bank.
    fn put_bit(&mut self, register: u8, pin: u8, set: bool) -> Result<(), HardwareError> {
        self.update(of_bank(register, pin), |byte| changed(byte, pin % 8, set))
    }
}

/// The register of a pin's bank, by that of bank B.
fn of_bank(register: u8, pin: u8) -> u8 {
    register + 1 - pin / 8
}

impl Pins for Sx1509 {
    fn output(&mut self, pin: u8, high: bool) -> Result<(), HardwareError> {
        let (data, bank) = (of_bank(register::DATA, pin), usize::from(pin / 8));
        let before = match self.latches[bank] {
            Some(latch) => latch,
            None => self.get(data)?,
        };
        // The latch first: a pin that becomes an output goes straight to its level. It is also written when nothing
        // differs: the chip may have lost its power since.
        let latch = changed(before, pin % 8, high);
        self.bus.write(self.address, &[data, latch])?;
        self.latches[bank] = Some(latch);
        self.put_bit(register::DIRECTION, pin, false)?;
        let is_high = self.get(data)? >> (pin % 8) & 1 == 1;
        if is_high == high { Ok(()) } else { Err(not_held(self.address)) }
    }

    fn input(&mut self, pin: u8, pull: Pull) -> Result<(), HardwareError> {
        self.put_bit(register::DIRECTION, pin, true)?;
        if pull != Pull::AsIs {
            // Never both at once.
            let down_last = pull == Pull::Down;
            let [first, last] = if down_last {
                [register::PULL_UP, register::PULL_DOWN]
            } else {
                [register::PULL_DOWN, register::PULL_UP]
            };
            self.put_bit(first, pin, false)?;
            self.put_bit(last, pin, pull != Pull::None)?;
        }
        if self.interrupts {
            let place = pin % 4 * 2;
            self.update(register::SENSE_OF_FIRST - pin / 4, |byte| byte | BOTH_EDGES << place)?;
            self.put_bit(register::INTERRUPT_MASK, pin, false)?;
        }
        Ok(())
    }

    /// Reading them gives up the interrupt.
    fn levels(&mut self) -> Result<u16, HardwareError> {
        let mut bytes = [0; 2];
        self.bus.write_read(self.address, &[register::DATA], &mut bytes)?;
        Ok(u16::from_be_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Registers, *};

    /// As after power-up, with inputs that are low. An output pin reads what was written.
    fn started(interrupts: bool) -> (Registers, Sx1509) {
        let chip = Registers::new(0x3e, &[(0x0e, 0xff), (0x0f, 0xff), (0x12, 0xff), (0x13, 0xff)]);
        chip.on_write(|registers| {
            for bank in 0..2 {
                registers[0x10 + bank] &= !registers[0x0e + bank];
            }
        });
        (chip.clone(), Sx1509::new(0x3e, Box::new(chip), interrupts))
    }

    #[test]
    fn the_latch_is_written_before_the_direction() {
        let (chip, mut pins) = started(false);
        // The model forgets a latch until its pin is an output.
        chip.on_write(|_| {});
        pins.output(11, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x10, 0x08], vec![0x0e, 0xf7]]);
        pins.output(2, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x11, 0x04], vec![0x0f, 0xfb]]);
        pins.output(2, false).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x11, 0x00]]);
    }

    #[test]
    fn others_hold_their_levels() {
        let (chip, mut pins) = started(false);
        // Of an earlier process: pins 0 and 1 are outputs, one of them high.
        chip.set(&[(0x0f, 0xfc), (0x11, 0x02)]);
        pins.output(0, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x11, 0x03]]);
        // Something pulls pin 1 down: it is not held down by us for that.
        chip.set(&[(0x11, 0x01)]);
        pins.output(0, false).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x11, 0x02]]);
    }

    #[test]
    fn after_a_loss_of_power_everything_is_set_again() {
        let (chip, mut pins) = started(false);
        chip.on_write(|_| {});
        pins.output(0, true).unwrap();
        chip.set(&[(0x0f, 0xff), (0x11, 0x00)]);
        chip.take_writes();
        pins.output(0, true).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x11, 0x01], vec![0x0f, 0xfe]]);
    }

    #[test]
    fn an_output_that_something_holds_down_is_found() {
        let (chip, mut pins) = started(false);
        chip.on_write(|registers| registers[0x11] = 0);
        let text = pins.output(3, true).unwrap_err().to_string();
        assert_eq!(text, "the chip at 0x3e does not get an output to its level: its pin is overloaded or shorted");
    }

    #[test]
    fn inputs_with_resistors_and_an_interrupt() {
        let (chip, mut pins) = started(false);
        pins.input(8, Pull::Up).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x06, 0x01]]);
        pins.input(8, Pull::Down).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x06, 0x00], vec![0x08, 0x01]]);
        pins.input(8, Pull::None).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x08, 0x00]]);
        let (chip, mut pins) = started(true);
        pins.input(6, Pull::AsIs).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x16, 0x30], vec![0x13, 0xbf]]);
        pins.input(15, Pull::AsIs).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x14, 0xc0], vec![0x12, 0x7f]]);
        chip.set(&[(0x10, 0x12), (0x11, 0x34)]);
        assert_eq!(pins.levels().unwrap(), 0x1234);
        chip.unplug(true);
        let text = "nothing answers at 0x3e on I2C bus 1: check wiring and address";
        assert_eq!(pins.levels().unwrap_err().to_string(), text);
    }
}
