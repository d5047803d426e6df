//! HTU21D (TE Connectivity, datasheet HPC199), Si7021 (Silicon Labs) and SHT20, SHT21, SHT25 (Sensirion): all speak
//! the same language.

use super::{Device, Fetched, SensorDriver, checksum::crc8};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Without holding the bus (commands of table "List of commands").
const MEASURE_TEMPERATURE: u8 = 0xf3;
const MEASURE_HUMIDITY: u8 = 0xf5;
/// The slowest of them, the SHT21, with 14 and with 12 bits.
const MEASURING_TEMPERATURE: Duration = Duration::from_millis(85);
const MEASURING_HUMIDITY: Duration = Duration::from_millis(30);

/// Sleeps between measurements. These chips have no register in common that tells what they are.
pub(super) struct Driver {
    device: Device,
    /// Measured already; the humidity comes next.
    celsius: Option<f64>,
}

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver { device, celsius: None }
    }

    /// A part of the whole scale, 0 to 1. The two lowest bits are a status.
    fn part(&mut self) -> Result<f64, HardwareError> {
        let [high, low, checksum] = self.device.read()?;
        if crc8(0x31, 0, &[high, low]) != checksum {
            return Err(self.device.checksum_error());
        }
        // The checksum of zeros is zero; and both scales begin below what can be.
        if [high, low] == [0; 2] {
            return Err(self.device.monotone());
        }
        Ok(f64::from(u16::from_be_bytes([high, low & !0b11])) / 65_536.0)
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.celsius = None;
        self.device.write(&[MEASURE_TEMPERATURE])?;
        Ok(MEASURING_TEMPERATURE)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let part = self.part()?;
        // Section "Conversion of signal outputs".
        let Some(celsius) = self.celsius else {
            self.celsius = Some(-46.85 + 175.72 * part);
            self.device.write(&[MEASURE_HUMIDITY])?;
            return Ok(Fetched::NotYet(MEASURING_HUMIDITY));
        };
        // Near its ends the scale goes beyond what can be.
        let percent = (-6.0 + 125.0 * part).clamp(0.0, 100.0);
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 0x683a with the checksum 0x7c and 0x4e85 with 0x6b are the examples of the HTU21D's datasheet: 24.7 °C, 32.3 %.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w f3 / wait 85ms / r 68 3a 7c / w f5 / wait 30ms / r 4e 85 6b", "temperature 24.6864, humidity 32.3377"),
            (
                "w f3 / wait 85ms / r 00 00 00",
                "the chip at 0x40 answers every question alike: check its supply, and SDA",
            ),
            (
                "w f3 / wait 85ms / r 68 3a 7c / w f5 / wait 30ms / r 00 00 00",
                "the chip at 0x40 answers every question alike: check its supply, and SDA",
            ),
            (
                "w f3 / wait 85ms / r 68 3a 7c / w f5 / wait 30ms / r 4e 85 6c",
                "a wrong checksum from 0x40: shorten the cable, or keep it away from mains and motors",
            ),
            ("w f3 absent", "nothing answers at 0x40 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Htu21d), trace), readings, "{trace}");
        }
    }
}
