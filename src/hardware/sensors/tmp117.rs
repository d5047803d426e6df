//! TMP117 (Texas Instruments, datasheet SNOSD82).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

const TEMPERATURE: u8 = 0x00;
const DEVICE_ID: u8 = 0x0f;
/// The lower 12 bits of the id; the others are the revision (section 7.6.11).
const ID: u16 = 0x117;
/// °C of the lowest bit (section 7.3.1).
const STEP: f64 = 0.007_812_5;
/// What the register holds until the first measurement after power-up (section 7.6.2).
const NO_VALUE: i16 = i16::MIN;
/// Between two measurements as it does them from power-up on: the mean of eight, once a second.
const CYCLE: Duration = Duration::from_secs(1);

/// Steps of 1/128 °C. It measures by itself.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DEVICE_ID)? & 0xfff;
        device.check_id(id, ID, "TMP117")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.0.read_from(TEMPERATURE)?;
        self.0.doubt_by_word(&bytes, DEVICE_ID)?;
        let steps = i16::from_be_bytes(bytes);
        if steps == NO_VALUE {
            return Ok(Fetched::NotYet(CYCLE));
        }
        Ok([(Quantity::Temperature, f64::from(steps) * STEP)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section 7.3.1, table of the temperature data format.
    #[test]
    fn the_table_of_the_datasheet() {
        for (trace, readings) in [
            ("w 0f r 01 17 / w 00 r 7f ff", "temperature 255.9922"),
            ("w 0f r 01 17 / w 00 r 32 00", "temperature 100"),
            ("w 0f r 11 17 / w 00 r 0c 80", "temperature 25"),
            ("w 0f r 01 17 / w 00 r 00 01", "temperature 0.0078"),
            ("w 0f r 01 17 / w 00 r ff ff / w 0f r 01 17", "temperature -0.0078"),
            ("w 0f r 01 17 / w 00 r f3 80", "temperature -25"),
            ("w 0f r 01 17 / w 00 r 80 00 / wait 1s / w 00 r 0c 80", "temperature 25"),
            ("w 0f r 00 00", "wrong chip at 0x48: an unknown chip (id 0x00), not TMP117"),
            ("w 0f r 00 00 absent", "nothing answers at 0x48 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tmp117), trace), readings, "{trace}");
        }
    }
}
