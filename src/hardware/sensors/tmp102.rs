//! TMP102 (Texas Instruments, datasheet SBOS397).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};

const TEMPERATURE: u8 = 0x00;
/// From power-up on 80 °C, which is 0x5000; nobody sets it.
const UPPER_LIMIT: u8 = 0x03;
/// °C of the lowest of 12 bits (section 7.3.1).
const STEP: f64 = 0.0625;
/// The lowest bit of the temperature: it has 13 bits (extended mode).
const EXTENDED: i16 = 1;

/// Steps of 0.0625 °C. The chip measures four times a second from power-up on and has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.0.read_from(TEMPERATURE)?;
        self.0.doubt_by_word(&bytes, UPPER_LIMIT)?;
        let word = i16::from_be_bytes(bytes);
        // Two's complement, left-aligned; the shift keeps the sign.
        let steps = word >> if word & EXTENDED == 0 { 4 } else { 3 };
        Ok([(Quantity::Temperature, f64::from(steps) * STEP)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section 7.3.1, tables of the 12-bit and, with the lowest bit set, the 13-bit format.
    #[test]
    fn the_tables_of_the_datasheet() {
        for (trace, readings) in [
            ("w 00 r 7f f0", "temperature 127.9375"),
            ("w 00 r 64 00", "temperature 100"),
            ("w 00 r 19 00", "temperature 25"),
            ("w 00 r 00 40", "temperature 0.25"),
            ("w 00 r 00 00 / w 03 r 50 00", "temperature 0"),
            ("w 00 r ff c0", "temperature -0.25"),
            ("w 00 r e7 00", "temperature -25"),
            ("w 00 r c9 00", "temperature -55"),
            ("w 00 r 4b 01", "temperature 150"),
            ("w 00 r f3 81", "temperature -25"),
            ("w 00 r 00 00 absent", "nothing answers at 0x48 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tmp102), trace), readings, "{trace}");
        }
    }
}
