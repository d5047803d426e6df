//! HDC1080 (Texas Instruments, datasheet SNAS672).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

const MEASURE: u8 = 0x00;
const CONFIGURATION: u8 = 0x02;
const DEVICE_ID: u8 = 0xff;
const ID: u16 = 0x1050;
/// Both quantities in sequence, 14 bits each, no heater (section 8.6.3).
const BOTH: u16 = 0x1000;
/// At most 6.35 ms and 6.5 ms (section 7.5).
const MEASURING: Duration = Duration::from_millis(15);

/// Sleeps between measurements.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DEVICE_ID)?;
        device.check_id(id, ID, "HDC1080")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        // Each time, because a chip that lost its power in between measures only one of them.
        self.0.set_word(CONFIGURATION, BOTH)?;
        self.0.write(&[MEASURE])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.0.read()?;
        // All zeros would be 0 % at -40 °C, and the lowest two bits of either are always zero.
        if bytes == [0; 4] || bytes == [0xff; 4] {
            return Err(self.0.monotone());
        }
        self.0.doubt_by_word(&bytes, DEVICE_ID)?;
        let [t1, t0, h1, h0] = bytes;
        let part = |bytes| f64::from(u16::from_be_bytes(bytes)) / 65_536.0;
        // Sections 8.6.1 and 8.6.2.
        let celsius = 165.0 * part([t1, t0]) - 40.0;
        let percent = 100.0 * part([h1, h0]);
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// The ends, the middle and a quarter of both scales.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w ff r 10 50 / w 02 10 00 / w 00 / wait 15ms / r 80 00 80 00", "temperature 42.5, humidity 50"),
            ("w ff r 10 50 / w 02 10 00 / w 00 / wait 15ms / r 20 00 40 00", "temperature -19.375, humidity 25"),
            ("w ff r 10 50 / w 02 10 00 / w 00 / wait 15ms / r 00 00 ff fc", "temperature -40, humidity 99.9939"),
            (
                "w ff r 10 50 / w 02 10 00 / w 00 / wait 15ms / r 00 00 00 00",
                "the chip at 0x40 answers every question alike: check its supply, and SDA",
            ),
            ("w ff r 10 00", "wrong chip at 0x40: an unknown chip (id 0x1000), not HDC1080"),
            ("w ff r 10 50 absent", "nothing answers at 0x40 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Hdc1080), trace), readings, "{trace}");
        }
    }
}
