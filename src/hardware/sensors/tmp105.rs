//! TMP105 (Texas Instruments, datasheet SBOS348).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};

const TEMPERATURE: u8 = 0x00;
/// From power-up on 80 °C, which is 0x5000; nobody sets it.
const UPPER_LIMIT: u8 = 0x03;
const CONFIGURATION: u8 = 0x01;
/// R1 and R0 of the configuration register: 12 bits. All else as at power-up: it measures by itself.
const TWELVE_BITS: u8 = 0b0110_0000;
/// °C, the lowest of 12 bits.
const STEP: f64 = 0.0625;

/// Steps of 0.0625 °C. The chip has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    /// Switches from the 9 bits of power-up (0.5 °C) to 12; the first reading may still have 9.
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        device.write(&[CONFIGURATION, TWELVE_BITS])?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // Two's complement, left-aligned; the shift keeps the sign.
        let bytes = self.0.read_from(TEMPERATURE)?;
        self.0.doubt_by_word(&bytes, UPPER_LIMIT)?;
        let steps = i16::from_be_bytes(bytes) >> 4;
        Ok([(Quantity::Temperature, f64::from(steps) * STEP)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section "Temperature Register", table of the 12-bit format.
    #[test]
    fn the_table_of_the_datasheet() {
        for (trace, readings) in [
            ("w 01 60 / w 00 r 7f f0", "temperature 127.9375"),
            ("w 01 60 / w 00 r 50 00", "temperature 80"),
            ("w 01 60 / w 00 r 19 00", "temperature 25"),
            ("w 01 60 / w 00 r 00 40", "temperature 0.25"),
            ("w 01 60 / w 00 r ff c0", "temperature -0.25"),
            ("w 01 60 / w 00 r e7 00", "temperature -25"),
            ("w 01 60 / w 00 r c9 00", "temperature -55"),
            ("w 01 60 / w 00 r 19 00 / w 00 r 19 10", "temperature 25; temperature 25.0625"),
            ("w 01 60 absent", "nothing answers at 0x48 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tmp105), trace), readings, "{trace}");
        }
    }
}
