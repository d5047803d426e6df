//! SHTC3 (Sensirion, datasheet SHTC3).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

const WAKE_UP: u16 = 0x3517;
const SLEEP: u16 = 0xb098;
const READ_ID: u16 = 0xefc8;
/// Temperature first, without clock stretching, in normal mode (section 5.3, table 10).
const MEASURE: u16 = 0x7866;
/// It wakes up in at most 240 µs (section 3.1, table 5).
const WAKING_UP: Duration = Duration::from_millis(1);
/// At most 12.1 ms.
const MEASURING: Duration = Duration::from_millis(13);
/// The bits of the id that are the same in every SHTC3 (section 5.7, table 15).
const ID_MASK: u16 = 0x083f;
const ID: u16 = 0x0807;

/// Sleeps between measurements.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        device.command(WAKE_UP)?;
        sleep(WAKING_UP);
        device.command(READ_ID)?;
        let [id] = device.words()?;
        device.check_id(id & ID_MASK, ID, "SHTC3")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.0.command(WAKE_UP)?;
        sleep(WAKING_UP);
        self.0.command(MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [temperature, humidity] = self.0.words()?.map(f64::from);
        self.0.command(SLEEP)?;
        // Section 5.11.
        let celsius = -45.0 + 175.0 * temperature / 65_536.0;
        let percent = 100.0 * humidity / 65_536.0;
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w 35 17 / w ef c8 / r 08 87 5b";

    #[test]
    fn readings_and_what_can_go_wrong() {
        let wrong = "a wrong checksum from 0x70: shorten the cable, or keep it away from mains and motors";
        for (trace, readings) in [
            ("w 35 17 / w 78 66 / wait 13ms / r 80 00 a2 80 00 a2 / w b0 98", "temperature 42.5, humidity 50"),
            ("w 35 17 / w 78 66 / wait 13ms / r 00 00 81 00 00 81 / w b0 98", "temperature -45, humidity 0"),
            ("w 35 17 / w 78 66 / wait 13ms / r 80 00 a2 80 01 a2", wrong),
        ] {
            assert_eq!(play(&wired(Chip::Shtc3), &format!("{START} / {trace}")), readings, "{trace}");
        }
    }

    #[test]
    fn another_chip_and_none() {
        for (trace, text) in [
            ("w 35 17 / w ef c8 / r 00 00 81", "wrong chip at 0x70: an unknown chip (id 0x00), not SHTC3"),
            ("w 35 17 absent", "nothing answers at 0x70 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Shtc3), trace), text);
        }
    }
}
