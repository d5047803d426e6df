//! OPT3001 (Texas Instruments, datasheet SBOS681).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

const RESULT: u8 = 0x00;
const CONFIGURATION: u8 = 0x01;
const DEVICE_ID: u8 = 0x7f;
const ID: u16 = 0x3001;
/// Finds its range by itself, 800 ms, once, latched (section 7.6.1.1.2): then it sleeps.
const MEASURE: u16 = 0b1100_1010_0001_0000;
/// In the configuration: the measurement has ended.
const READY: u16 = 1 << 7;
/// The exponents that there are.
const EXPONENT_MOST: u16 = 11;
/// 800 ms, 10 % at most (section 6.5), and finding the range.
const MEASURING: Duration = Duration::from_millis(900);
const MEASURING_LONGER: Duration = Duration::from_millis(50);

/// 0.01 lx to 83.9 klx; what is brighter reads as that.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DEVICE_ID)?;
        device.check_id(id, ID, "OPT3001")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.0.set_word(CONFIGURATION, MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.0.word(CONFIGURATION)? & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let bytes = self.0.read_from(RESULT)?;
        self.0.doubt_by_word(&bytes, DEVICE_ID)?;
        let result = u16::from_be_bytes(bytes);
        // Section 7.6.1.1.1, equation 3.
        let (exponent, mantissa) = (result >> 12, result & 0xfff);
        if exponent > EXPONENT_MOST {
            return Err(self.0.fault("tells more than it can measure"));
        }
        let lux = 0.01 * f64::from(1u32 << exponent) * f64::from(mantissa);
        Ok([(Quantity::Illuminance, lux)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section 7.6.1.1.1, table 9.
    #[test]
    fn the_table_of_the_datasheet() {
        for (result, readings) in [
            ("00 01", "illuminance 0.01"),
            ("0f ff", "illuminance 40.95"),
            ("34 56", "illuminance 88.8"),
            ("78 9a", "illuminance 2818.56"),
            ("88 00", "illuminance 5242.88"),
            ("bf ff", "illuminance 83865.6"),
        ] {
            let trace = format!("w 7f r 30 01 / w 01 ca 10 / wait 900ms / w 01 r ca 90 / w 00 r {result}");
            assert_eq!(play(&wired(Chip::Opt3001), &trace), readings, "{result}");
        }
    }

    #[test]
    fn what_can_go_wrong() {
        for (trace, readings) in [
            (
                "w 7f r 30 01 / w 01 ca 10 / wait 900ms / w 01 r ca 10 / wait 50ms / w 01 r ca 90 / w 00 r 00 01",
                "illuminance 0.01",
            ),
            ("w 7f r 30 01 / w 01 ca 10 / wait 900ms / w 01 r ca 90 / w 00 r 00 00 / w 7f r 30 01", "illuminance 0"),
            (
                "w 7f r 30 01 / w 01 ca 10 / wait 900ms / w 01 r ca 90 / w 00 r cf fe",
                "the chip at 0x44 tells more than it can measure",
            ),
            ("w 7f r 00 00", "wrong chip at 0x44: an unknown chip (id 0x00), not OPT3001"),
            ("w 7f r 00 00 absent", "nothing answers at 0x44 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Opt3001), trace), readings, "{trace}");
        }
    }
}
