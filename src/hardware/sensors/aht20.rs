//! AHT20 and its kin AHT21, AHT25, DHT20, AM2301B (Aosong, "AHT20 Product manuals" A1), and the older AHT10.

use super::{Device, Fetched, SensorDriver, checksum, device::is_monotone};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

const STATUS: u8 = 0x71;
/// In the status: it measures; its calibration is loaded.
const BUSY: u8 = 1 << 7;
const CALIBRATED: u8 = 1 << 3;
/// Loads the calibration; of an AHT10, of the others (section 5.4).
const INITIALIZE: [u8; 3] = [0xbe, 0x08, 0x00];
const INITIALIZE_AHT10: [u8; 3] = [0xe1, 0x08, 0x00];
const INITIALIZING: Duration = Duration::from_millis(10);
const MEASURE: [u8; 3] = [0xac, 0x33, 0x00];
const MEASURING: Duration = Duration::from_millis(80);
const MEASURING_LONGER: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Model {
    /// Sends no checksum.
    Aht10,
    Aht20,
}

/// Sleeps between measurements. It has no register that tells what it is.
pub(super) struct Driver {
    model: Model,
    device: Device,
}

impl Driver {
    pub fn start(model: Model, mut device: Device) -> Result<Driver, HardwareError> {
        if device.byte(STATUS)? & CALIBRATED == 0 {
            device.write(if model == Model::Aht10 { &INITIALIZE_AHT10 } else { &INITIALIZE })?;
            sleep(INITIALIZING);
        }
        Ok(Driver { model, device })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.write(&MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [status, h2, h1, shared, t1, t0] = match self.model {
            Model::Aht10 => self.device.read()?,
            Model::Aht20 => {
                let [bytes @ .., checksum] = self.device.read::<7>()?;
                if checksum::sensirion(&bytes) != checksum {
                    return Err(self.device.checksum_error());
                }
                bytes
            }
        };
        if status & BUSY != 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        if status & CALIBRATED == 0 {
            return Err(self.device.fault("has lost its calibration: check its supply, and SDA"));
        }
        let data = [h2, h1, shared, t1, t0];
        // All zeros would be 0 % at -50 °C.
        if data == [0; 5] || is_monotone(&data) && status == h2 {
            return Err(self.device.monotone());
        }
        // 20 bits each, which share a byte (section 6).
        let part = |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(1 << 20);
        let percent = 100.0 * part([0, h2 >> 4, h2 << 4 | h1 >> 4, h1 << 4 | shared >> 4]);
        let celsius = 200.0 * part([0, shared & 0x0f, t1, t0]) - 50.0;
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum,
        trace::{play, wired},
    };
    use crate::model::Chip;

    /// 0x80000 of 20 bits is half the scale, 0x60000 three eighths, 0x20000 one eighth.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let crc = |bytes: &[u8]| format!("{:02x}", checksum::sensirion(bytes));
        let warm = crc(&[0x18, 0x80, 0, 0x06, 0, 0]);
        let cold = crc(&[0x18, 0x80, 0, 0x02, 0, 0]);
        let busy = crc(&[0x98, 0x80, 0, 0x06, 0, 0]);
        let wrong = "a wrong checksum from 0x38: shorten the cable, or keep it away from mains and motors";
        for (trace, readings) in [
            (format!("w 71 r 18 / w ac 33 00 / wait 80ms / r 18 80 00 06 00 00 {warm}"), "temperature 25, humidity 50"),
            (
                format!("w 71 r 18 / w ac 33 00 / wait 80ms / r 18 80 00 02 00 00 {cold}"),
                "temperature -25, humidity 50",
            ),
            (
                format!(
                    "w 71 r 00 / w be 08 00 / w ac 33 00 / wait 80ms / r 98 80 00 06 00 00 {busy} / wait 10ms \
                     / r 18 80 00 06 00 00 {warm}"
                ),
                "temperature 25, humidity 50",
            ),
            (format!("w 71 r 18 / w ac 33 00 / wait 80ms / r 18 80 00 06 00 01 {warm}"), wrong),
            ("w 71 r 18 absent".into(), "nothing answers at 0x38 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Aht20), &trace), readings, "{trace}");
        }
    }

    #[test]
    fn an_aht10_sends_no_checksum() {
        let trace = "w 71 r 00 / w e1 08 00 / w ac 33 00 / wait 80ms / r 18 ff ff f6 00 00";
        assert_eq!(play(&wired(Chip::Aht10), trace), "temperature 25, humidity 99.9999");
        let lost = "the chip at 0x38 has lost its calibration: check its supply, and SDA";
        let trace = "w 71 r 00 / w e1 08 00 / w ac 33 00 / wait 80ms / r 00 00 00 00 00 00";
        assert_eq!(play(&wired(Chip::Aht10), trace), lost);
        let dead = "the chip at 0x38 answers every question alike: check its supply, and SDA";
        let trace = "w 71 r 18 / w ac 33 00 / wait 80ms / r 18 00 00 00 00 00";
        assert_eq!(play(&wired(Chip::Aht10), trace), dead);
    }
}
