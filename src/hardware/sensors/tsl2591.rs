//! TSL2591 (ams, datasheet TSL2591 v2-00).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// With the command bits "normal operation" (page 14).
mod register {
    pub const ENABLE: u8 = 0xa0;
    pub const CONTROL: u8 = 0xa1;
    pub const ID: u8 = 0xb2;
    pub const STATUS: u8 = 0xb3;
    pub const DATA: u8 = 0xb4;
}

const ID: u8 = 0x50;
/// Power and light sensors on; off.
const ON: u8 = 0x03;
const OFF: u8 = 0x00;
/// In the status: the measurement has ended.
const VALID: u8 = 1;
/// 200 ms of integration, at most 8 % longer (page 8).
const MEASURING: Duration = Duration::from_millis(220);
const MEASURING_LONGER: Duration = Duration::from_millis(20);
const INTEGRATION_MS: f64 = 200.0;
/// How many counts there can be.
const MOST: u16 = 65_535;

/// CONTROL and the gain that it stands for (page 16), each with 200 ms.
const RANGES: [(u8, f64); 3] = [(0x21, 428.0), (0x11, 25.0), (0x01, 1.0)];

/// Finds the sensitivity by itself: 0.001 lx to about 60 klx in the sun, and 134 klx of light without infrared. What is too
/// bright for it reads as the latter.
pub(super) struct Driver {
    device: Device,
    range: usize,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        device.check_id(id.into(), ID.into(), "TSL2591")?;
        Ok(Driver { device, range: 0 })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.write(&[register::ENABLE, OFF])?;
        self.device.write(&[register::CONTROL, RANGES[self.range].0])?;
        self.device.write(&[register::ENABLE, ON])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.device.byte(register::STATUS)? & VALID == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let bytes = self.device.read_from(register::DATA)?;
        self.device.doubt(&bytes, [register::ID, register::CONTROL])?;
        let [v0, v1, i0, i1] = bytes;
        let (visible, infrared) = (u16::from_le_bytes([v0, v1]), u16::from_le_bytes([i0, i1]));
        let (_, gain) = RANGES[self.range];
        let counts = visible.max(infrared);
        if counts >= MOST - MOST / 16 && self.range + 1 < RANGES.len() {
            self.range += 1;
            return self.measure().map(Fetched::NotYet);
        }
        if counts < MOST / 64 {
            self.range = self.range.saturating_sub(1);
        }
        // The formula of two channels at their ends says dark.
        let saturated = self.range + 1 == RANGES.len() && counts == MOST;
        let (visible, infrared) = if saturated { (MOST, 0) } else { (visible, infrared) };
        Ok([(Quantity::Illuminance, lux(visible.into(), infrared.into(), gain))].into())
    }
}

/// The datasheet has no formula; this is the one that ams gave for it later and that others use, with 408 counts for each
/// lx, millisecond and unit of gain.
fn lux(visible: f64, infrared: f64, gain: f64) -> f64 {
    if visible <= 0.0 {
        return 0.0;
    }
    let counts_per_lux = INTEGRATION_MS * gain / 408.0;
    ((visible - infrared) * (1.0 - infrared / visible) / counts_per_lux).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// By hand: (2000 - 500) * (1 - 500/2000) / (200 * 428 / 408) = 5.3621; with gain 25 the divisor is 12.2549.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w a0 00 / w a1 21 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r d0 07 f4 01", "illuminance 5.3621"),
            (
                "w a0 00 / w a1 21 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r 00 00 00 00 / w b2 r 50 / w a1 r 21",
                "illuminance 0",
            ),
            (
                "w a0 00 / w a1 21 / w a0 03 / wait 220ms / w b3 r 00 / wait 20ms / w b3 r 01 / w b4 r ff ff 00 00
                 w a0 00 / w a1 11 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r d0 07 f4 01
                 w a0 00 / w a1 11 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r 00 01 00 00
                 w a0 00 / w a1 21 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r d0 07 f4 01",
                "illuminance 91.8; illuminance 20.8896; illuminance 5.3621",
            ),
            (
                // Full sun, in which both channels come to their ends.
                "w a0 00 / w a1 21 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r ff ff ff ff / w b2 r 50 / w a1 r 21
                 w a0 00 / w a1 11 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r ff ff ff ff / w b2 r 50 / w a1 r 11
                 w a0 00 / w a1 01 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r ff ff ff ff / w b2 r 50 / w a1 r 01
                 w a0 00 / w a1 01 / w a0 03 / wait 220ms / w b3 r 01 / w b4 r ff ff 00 80",
                "illuminance 133691.4; illuminance 133691.4",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Tsl2591), &format!("w b2 r 50 / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            ("w b2 r 0a", "wrong chip at 0x29: an unknown chip (id 0x0a), not TSL2591"),
            ("w b2 r 50 absent", "nothing answers at 0x29 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tsl2591), trace), text);
        }
    }
}
