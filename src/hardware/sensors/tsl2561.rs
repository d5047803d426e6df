//! TSL2561 in the packages T, FN and CL, which breakout boards have (TAOS, datasheet TAOS059).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// With the command bit; the last four with the word bit (page 13).
mod register {
    pub const CONTROL: u8 = 0x80;
    pub const TIMING: u8 = 0x81;
    pub const ID: u8 = 0x8a;
    pub const VISIBLE: u8 = 0xac;
    pub const INFRARED: u8 = 0xae;
}

const POWER_UP: u8 = 0x03;
const POWER_DOWN: u8 = 0x00;

/// A sensitivity (page 14): its TIMING, how long it takes, how many counts there can be, and what makes its counts those
/// of the highest one.
struct Range {
    timing: u8,
    measuring: Duration,
    most: u16,
    factor: f64,
}

/// 402 ms with gain 16, 402 ms with gain 1, 13.7 ms with gain 1 (table 6 and page 23).
const RANGES: [Range; 3] = [
    Range { timing: 0x12, measuring: Duration::from_millis(440), most: 65_535, factor: 1.0 },
    Range { timing: 0x02, measuring: Duration::from_millis(440), most: 65_535, factor: 16.0 },
    Range { timing: 0x00, measuring: Duration::from_millis(20), most: 5_047, factor: 16.0 * 322.0 / 11.0 },
];

/// Of the last range: light of which it sees only this much may be any brighter. (It begins to bend before its end.)
const SATURATED: u16 = 4_900;

/// Finds the sensitivity by itself: 0.03 lx to about 40 klx in the sun, and 72 klx of light without infrared. What is too
/// bright for it reads as the latter.
pub(super) struct Driver {
    device: Device,
    range: usize,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        // TSL2561CS 1, TSL2561T/FN/CL 5; the lower bits are the revision (page 16).
        if !matches!(id >> 4, 0b0001 | 0b0101) {
            return Err(device.wrong_chip(format!("an unknown chip (id {id:#04x})"), "TSL2561"));
        }
        Ok(Driver { device, range: 0 })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        let range = &RANGES[self.range];
        self.device.write(&[register::CONTROL, POWER_DOWN])?;
        self.device.write(&[register::TIMING, range.timing])?;
        self.device.write(&[register::CONTROL, POWER_UP])?;
        Ok(range.measuring)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let (visible, infrared) =
            (self.device.read_from(register::VISIBLE)?, self.device.read_from(register::INFRARED)?);
        self.device.doubt(&[visible, infrared].concat(), [register::ID, register::CONTROL])?;
        let (visible, infrared) = (u16::from_le_bytes(visible), u16::from_le_bytes(infrared));
        let range = &RANGES[self.range];
        let counts = visible.max(infrared);
        if counts >= range.most - range.most / 16 && self.range + 1 < RANGES.len() {
            self.range += 1;
            return self.measure().map(Fetched::NotYet);
        }
        if counts < range.most / 64 {
            self.range = self.range.saturating_sub(1);
        }
        // The formula of two channels at their ends says dark, or nearly so.
        let saturated = self.range + 1 == RANGES.len() && counts >= SATURATED;
        let (visible, infrared) = if saturated { (range.most, 0) } else { (visible, infrared) };
        Ok([(Quantity::Illuminance, lux(f64::from(visible) * range.factor, f64::from(infrared) * range.factor))].into())
    }
}

/// The piecewise formula of packages T, FN and CL (page 23), for counts of 402 ms with gain 16.
fn lux(visible: f64, infrared: f64) -> f64 {
    let ratio = infrared / visible;
    let lux = match ratio {
        0.0..=0.5 => 0.0304 * visible - 0.062 * visible * ratio.powf(1.4),
        0.5..=0.61 => 0.0224 * visible - 0.031 * infrared,
        0.61..=0.8 => 0.0128 * visible - 0.0153 * infrared,
        0.8..=1.3 => 0.00146 * visible - 0.00112 * infrared,
        // Darkness, or light of which the eye sees nothing.
        _ => 0.0,
    };
    lux.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// By hand: 0.0304 * 1000 - 0.062 * 1000 * 0.25^1.4 = 21.4976; the same counts with gain 1 mean 16 times as much.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w 80 00 / w 81 12 / w 80 03 / wait 440ms / w ac r e8 03 / w ae r fa 00", "illuminance 21.4976"),
            (
                "w 80 00 / w 81 12 / w 80 03 / wait 440ms / w ac r 00 00 / w ae r 00 00 / w 8a r 50 / w 80 r 03",
                "illuminance 0",
            ),
            (
                "w 80 00 / w 81 12 / w 80 03 / wait 440ms / w ac r ff ff / w ae r fa 00 # too bright
                 w 80 00 / w 81 02 / w 80 03 / wait 440ms / w ac r e8 03 / w ae r fa 00 # dim for it: the first again
                 w 80 00 / w 81 12 / w 80 03 / wait 440ms / w ac r e8 03 / w ae r fa 00",
                "illuminance 343.9614; illuminance 21.4976",
            ),
            (
                // Full sun, in which both channels come to their ends: not less than was read just below them.
                "w 80 00 / w 81 12 / w 80 03 / wait 440ms / w ac r ff ff / w ae r ff ff / w 8a r 50 / w 80 r 03
                 w 80 00 / w 81 02 / w 80 03 / wait 440ms / w ac r ff ff / w ae r ff ff / w 8a r 50 / w 80 r 03
                 w 80 00 / w 81 00 / w 80 03 / wait 20ms / w ac r 20 13 / w ae r b0 04
                 w 80 00 / w 81 00 / w 80 03 / wait 20ms / w ac r b7 13 / w ae r b7 13
                 w 80 00 / w 81 00 / w 80 03 / wait 20ms / w ac r b7 13 / w ae r 00 0f",
                "illuminance 49854.4817; illuminance 71860.4707; illuminance 71860.4707",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Tsl2561), &format!("w 8a r 50 / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            ("w 8a r 00", "wrong chip at 0x39: an unknown chip (id 0x00), not TSL2561"),
            ("w 8a r 00 absent", "nothing answers at 0x39 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tsl2561), trace), text);
        }
    }

    #[test]
    fn every_piece_of_the_formula() {
        for (infrared, expected) in [(0.0, 30.4), (500.0, 6.9065), (550.0, 5.35), (700.0, 2.09), (1_000.0, 0.34)] {
            assert!((super::lux(1_000.0, infrared) - expected).abs() < 0.001, "{}", super::lux(1_000.0, infrared));
        }
        assert_eq!((super::lux(1_000.0, 2_000.0), super::lux(0.0, 0.0)), (0.0, 0.0));
    }
}
