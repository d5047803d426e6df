//! SHT30, SHT31 and SHT35 (Sensirion, datasheet SHT3x-DIS).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Once, with high repeatability and without clock stretching, which a Raspberry Pi gets wrong (section 4.3, table 9).
const MEASURE: u16 = 0x2400;
/// At most 15.5 ms (table 4).
const MEASURING: Duration = Duration::from_millis(16);

/// Sleeps between measurements. It has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.0.command(MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [temperature, humidity] = self.0.words()?.map(f64::from);
        // Section 4.13.
        let celsius = -45.0 + 175.0 * temperature / 65_535.0;
        let percent = 100.0 * humidity / 65_535.0;
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 0x6666 is two fifths of the scale; 0xbeef with the checksum 0x92 is the example of section 4.12.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w 24 00 / wait 16ms / r 66 66 93 be ef 92", "temperature 25, humidity 74.5846"),
            ("w 24 00 / wait 16ms / r 00 00 81 ff ff ac", "temperature -45, humidity 100"),
            (
                "w 24 00 / wait 16ms / r 66 66 93 be ef 93",
                "a wrong checksum from 0x44: shorten the cable, or keep it away from mains and motors",
            ),
            ("w 24 00 absent", "nothing answers at 0x44 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Sht3x), trace), readings, "{trace}");
        }
    }
}
