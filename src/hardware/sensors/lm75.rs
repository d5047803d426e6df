//! LM75 and its many clones (National Semiconductor LM75, datasheet DS012658).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};

const TEMPERATURE: u8 = 0x00;
/// From power-up on 80 °C, which is 0x5000; nobody sets it.
const UPPER_LIMIT: u8 = 0x03;
/// °C of the lowest of 9 bits (section 1.3).
const STEP: f64 = 0.5;

/// Steps of 0.5 °C. The chip measures by itself from power-up on and has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // Two's complement, left-aligned; the shift keeps the sign. The bits below are undefined.
        let bytes = self.0.read_from(TEMPERATURE)?;
        self.0.doubt_by_word(&bytes, UPPER_LIMIT)?;
        let steps = i16::from_be_bytes(bytes) >> 7;
        Ok([(Quantity::Temperature, f64::from(steps) * STEP)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section 1.3, table of digital outputs.
    #[test]
    fn the_table_of_the_datasheet() {
        for (trace, readings) in [
            ("w 00 r 7d 00", "temperature 125"),
            ("w 00 r 19 00", "temperature 25"),
            ("w 00 r 00 80", "temperature 0.5"),
            ("w 00 r 00 00 / w 03 r 50 00", "temperature 0"),
            ("w 00 r ff 80", "temperature -0.5"),
            ("w 00 r e7 00", "temperature -25"),
            ("w 00 r c9 00", "temperature -55"),
            ("w 00 r 19 60", "temperature 25"),
            ("w 00 r 00 00 absent", "nothing answers at 0x48 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Lm75), trace), readings, "{trace}");
        }
    }
}
