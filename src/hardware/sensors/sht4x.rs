//! SHT40, SHT41 and SHT45 (Sensirion, datasheet SHT4x).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Both quantities with high precision (section 4.5, table 8).
const MEASURE: u8 = 0xfd;
/// At most 8.3 ms (table 5).
const MEASURING: Duration = Duration::from_millis(10);

/// Sleeps between measurements. It has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.0.write(&[MEASURE])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [temperature, humidity] = self.0.words()?.map(f64::from);
        // Section 4.6, equations 1 and 2. Near its ends the scale of humidity goes beyond what can be.
        let celsius = -45.0 + 175.0 * temperature / 65_535.0;
        let percent = (-6.0 + 125.0 * humidity / 65_535.0).clamp(0.0, 100.0);
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 0x6666 is two fifths of the scale.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w fd / wait 10ms / r 66 66 93 66 66 93", "temperature 25, humidity 44"),
            ("w fd / wait 10ms / r 00 00 81 00 00 81", "temperature -45, humidity 0"),
            ("w fd / wait 10ms / r ff ff ac ff ff ac", "temperature 130, humidity 100"),
            (
                "w fd / wait 10ms / r 66 66 93 66 67 93",
                "a wrong checksum from 0x44: shorten the cable, or keep it away from mains and motors",
            ),
            ("w fd absent", "nothing answers at 0x44 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Sht4x), trace), readings, "{trace}");
        }
    }
}
