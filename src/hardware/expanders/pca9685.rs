//! PCA9685 (NXP, data sheet PCA9685): 16 PWM channels of 12 bits, all of one frequency.

use super::pins::Bus;
use crate::hardware::HardwareError;
use std::{thread::sleep, time::Duration};

/// Registers (section 7.3, table 4).
mod register {
    pub const MODE1: u8 = 0x00;
    /// Four of each channel: when it goes on and off, 12 bits each.
    pub const LED0: u8 = 0x06;
    pub const PRE_SCALE: u8 = 0xfe;
}

/// MODE1 (table 5): the oscillator is off.
const SLEEP: u8 = 1 << 4;
/// MODE1: registers are written one after the other.
const AUTO_INCREMENT: u8 = 1 << 5;
/// MODE1: channels go on where they were when the oscillator stopped; written as 1 to do so.
const RESTART: u8 = 1 << 7;
/// The oscillator needs 500 µs (table 5, note 2).
const OSCILLATOR: Duration = Duration::from_millis(1);
const OSCILLATOR_HZ: f64 = 25e6;
/// Steps of a period.
const STEPS: f64 = 4096.0;
/// In the high byte of either moment: on, or off, for good (section 7.3.3).
const FOR_GOOD: u8 = 1 << 4;

pub(super) struct Pca9685 {
    address: u8,
    bus: Bus,
}

impl Pca9685 {
    pub fn new(address: u8, bus: Bus) -> Pca9685 {
        Pca9685 { address, bus }
    }

    /// Makes a channel high for this share of the time, 0.0 to 1.0, at a frequency of 24 to 1526 Hz. A chip that sleeps, as after its power came back, is
    /// woken after the channel is set, so that it starts where it should.
    pub fn duty(&mut self, channel: u8, share: f64, frequency: f64) -> Result<(), HardwareError> {
        let mode = self.get(register::MODE1)?;
        let fits = self.get(register::PRE_SCALE)? == pre_scale(frequency);
        let awake = mode & SLEEP == 0;
        if !fits && awake {
            // The frequency can be set only while it sleeps.
            self.put(register::MODE1, AUTO_INCREMENT | SLEEP)?;
        } else if mode & !SLEEP != AUTO_INCREMENT {
            self.put(register::MODE1, AUTO_INCREMENT | mode & SLEEP)?;
        }
        if !fits {
            self.put(register::PRE_SCALE, pre_scale(frequency))?;
        }
        let [on, off] = moments(share);
        let first = register::LED0 + 4 * channel;
        self.bus.write(self.address, &[first, on[0], on[1], off[0], off[1]])?;
        if !fits || !awake {
            self.put(register::MODE1, AUTO_INCREMENT)?;
            sleep(OSCILLATOR);
            self.put(register::MODE1, AUTO_INCREMENT | RESTART)?;
        }
        let mut held = [0; 4];
        self.bus.write_read(self.address, &[first], &mut held)?;
        if held == [on[0], on[1], off[0], off[1]] {
            Ok(())
        } else {
            Err(HardwareError::ChipFault { address: self.address, what: "does not keep what is written to it" })
        }
    }

    /// Fails when the chip does not answer.
    pub fn is_there(&mut self) -> Result<(), HardwareError> {
        self.get(register::MODE1).map(drop)
    }

    fn get(&mut self, register: u8) -> Result<u8, HardwareError> {
        let mut byte = [0];
        self.bus.write_read(self.address, &[register], &mut byte)?;
        Ok(byte[0])
    }

    fn put(&mut self, register: u8, byte: u8) -> Result<(), HardwareError> {
        self.bus.write(self.address, &[register, byte])
    }
}

/// Section 7.3.5: round(25 MHz / (4096 * frequency)) - 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what the register holds")]
fn pre_scale(frequency: f64) -> u8 {
    ((OSCILLATOR_HZ / (STEPS * frequency)).round() - 1.0).clamp(3.0, 255.0) as u8
}

/// When a channel goes on and when off, each low byte first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 12 bits and one more")]
fn moments(share: f64) -> [[u8; 2]; 2] {
    match (share.clamp(0.0, 1.0) * STEPS).round() as u16 {
        0 => [[0, 0], [0, FOR_GOOD]],
        4096 => [[0, FOR_GOOD], [0, 0]],
        off => [[0, 0], off.to_le_bytes()],
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Registers, *};

    /// As after power-up (table 4): asleep, 200 Hz, all channels off.
    fn fresh() -> (Registers, Pca9685) {
        let chip = Registers::new(0x40, &[(register::MODE1, 0x11), (register::PRE_SCALE, 0x1e)]);
        (chip.clone(), Pca9685::new(0x40, Box::new(chip)))
    }

    #[test]
    fn a_fresh_chip_wakes_up_with_its_channel_set() {
        let (chip, mut pwm) = fresh();
        pwm.duty(4, 0.25, 1000.0).unwrap();
        assert_eq!(
            chip.take_writes(),
            [
                vec![0x00, 0x30],
                vec![0xfe, 0x05],
                vec![0x16, 0x00, 0x00, 0x00, 0x04],
                vec![0x00, 0x20],
                vec![0x00, 0xa0]
            ]
        );
    }

    #[test]
    fn a_chip_that_runs_is_not_stopped() {
        let (chip, mut pwm) = fresh();
        chip.set(&[(register::MODE1, 0x20), (register::PRE_SCALE, 0x05)]);
        pwm.duty(0, 1.0, 1000.0).unwrap();
        pwm.duty(0, 0.0, 1000.0).unwrap();
        assert_eq!(chip.take_writes(), [vec![0x06, 0x00, 0x10, 0x00, 0x00], vec![0x06, 0x00, 0x00, 0x00, 0x10]]);
    }

    /// Section 7.3.5: 200 Hz is 0x1e, 1526 Hz is the limit of 0x03; 24 Hz is near that of 0xff.
    #[test]
    fn frequencies_of_the_data_sheet() {
        assert_eq!([200.0, 24.0, 1526.0].map(pre_scale), [0x1e, 0xfd, 0x03]);
    }
}
