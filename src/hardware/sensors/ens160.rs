//! ENS160 (ScioSense, datasheet SC-001224-DS) and ENS161.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Registers (section 16).
mod register {
    pub const PART_ID: u8 = 0x00;
    pub const MODE: u8 = 0x10;
    pub const STATUS: u8 = 0x20;
}

const STANDARD: u8 = 0x02;
/// In the status: it measures; there are new numbers.
const MEASURES: u8 = 1 << 7;
const NEW: u8 = 1 << 1;
/// How good the numbers are: good; warming up, 3 minutes; the first hour of its life; useless.
const VALIDITY: u8 = 0b11 << 2;
const GOOD: u8 = 0b00 << 2;
const USELESS: u8 = 0b11 << 2;
const MEASURING_LONGER: Duration = Duration::from_millis(100);

/// Measures every second by itself, and tells nothing while it warms up. It is not told the humidity of the air.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = u16::from_le_bytes(device.read_from(register::PART_ID)?);
        if !matches!(id, 0x0160 | 0x0161) {
            return Err(device.wrong_chip(format!("an unknown chip (id {id:#06x})"), "ENS160 or ENS161"));
        }
        device.write(&[register::MODE, STANDARD])?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn goes_on(&self) -> bool {
        true
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.0.read_from(register::STATUS)?;
        self.0.doubt_by_word(&bytes, register::PART_ID)?;
        let [status, index, tvoc0, tvoc1, eco0, eco1] = bytes;
        if status & MEASURES == 0 {
            return Err(self.0.fault("stopped measuring: its power failed"));
        }
        match status & VALIDITY {
            GOOD => {}
            USELESS => return Err(self.0.fault("says that its numbers are useless")),
            _ => return Ok(Fetched::Readings(Vec::new())),
        }
        if status & NEW == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        // The upper bits of the index are reserved.
        let index = f64::from(index & 0b111);
        let tvoc = f64::from(u16::from_le_bytes([tvoc0, tvoc1]));
        let eco2 = f64::from(u16::from_le_bytes([eco0, eco1]));
        Ok([(Quantity::AirQuality, index), (Quantity::Tvoc, tvoc), (Quantity::Eco2, eco2)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// By the register table of section 16; the datasheet has no worked example.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let start = "w 00 r 60 01 / w 10 02";
        for (trace, readings) in [
            ("w 20 r 82 02 2c 01 58 02", "air_quality 2, tvoc 300, eco2 600"),
            ("w 20 r 82 05 e8 fd e8 fd", "air_quality 5, tvoc 65000, eco2 65000"),
            ("w 20 r 80 02 2c 01 58 02 / wait 100ms / w 20 r 82 01 00 00 90 01", "air_quality 1, tvoc 0, eco2 400"),
            ("w 20 r 86 00 00 00 00 00 / w 20 r 8a 00 00 00 00 00", "; "),
            ("w 20 r 8e 00 00 00 00 00", "the chip at 0x53 says that its numbers are useless"),
            ("w 20 r 00 00 00 00 00 00 / w 00 r 60 01", "the chip at 0x53 stopped measuring: its power failed"),
        ] {
            assert_eq!(play(&wired(Chip::Ens160), &format!("{start} / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            ("w 00 r 81 00", "wrong chip at 0x53: an unknown chip (id 0x0081), not ENS160 or ENS161"),
            ("w 00 r 00 00 absent", "nothing answers at 0x53 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Ens160), trace), text);
        }
    }
}
