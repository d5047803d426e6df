//! AM2320 and AM2321 (Aosong, "Digital Temperature and Humidity Sensor AM2320 Product Manual").

use super::{Device, Fetched, SensorDriver, checksum::modbus};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// The function of Modbus that reads; humidity and temperature are registers 0 to 3 (section 8.2.4).
const READ: u8 = 0x03;
const FIRST: u8 = 0;
const COUNT: u8 = 4;
/// At least 0.8 ms after waking it, at most 3 ms; at least 1.5 ms between question and answer.
const WAKING: Duration = Duration::from_millis(1);
const ANSWERING: Duration = Duration::from_millis(2);
/// It answers with what it measured last, and then measures: the second of two answers is of now. They must be at least 2 s
/// apart.
const MEASURING: Duration = Duration::from_millis(2_100);

/// Sleeps between measurements, and then does not answer to its address. It has no register that tells what it is.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }

    fn ask(&mut self) -> Result<[u8; 4], HardwareError> {
        // The address alone wakes it; it is too sleepy to acknowledge. Not every I2C controller can send an address without
        // a byte behind it.
        match self.0.write(&[0]) {
            Ok(()) | Err(HardwareError::NothingAnswers { .. }) => sleep(WAKING),
            Err(error) => return Err(error),
        }
        self.0.write(&[READ, FIRST, COUNT])?;
        sleep(ANSWERING);
        let [function, count, h1, h0, t1, t0, low, high] = self.0.read()?;
        if modbus(&[function, count, h1, h0, t1, t0]) != u16::from_le_bytes([low, high]) {
            return Err(self.0.checksum_error());
        }
        if (function, count) != (READ, COUNT) {
            return Err(self.0.fault("answers another question"));
        }
        Ok([h1, h0, t1, t0])
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.ask()?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [h1, h0, t1, t0] = self.ask()?;
        let percent = f64::from(u16::from_be_bytes([h1, h0])) / 10.0;
        // The highest bit is the sign, and the others are not the complement.
        let degrees = f64::from(u16::from_be_bytes([t1 & 0x7f, t0])) / 10.0;
        let celsius = if t1 & 0x80 == 0 { degrees } else { -degrees };
        Ok([(Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum::modbus,
        trace::{play, wired},
    };
    use crate::model::Chip;

    fn answer(humidity: u16, temperature: u16) -> String {
        let ([h1, h0], [t1, t0]) = (humidity.to_be_bytes(), temperature.to_be_bytes());
        let [low, high] = modbus(&[3, 4, h1, h0, t1, t0]).to_le_bytes();
        format!("w 03 00 04 / r 03 04 {h1:02x} {h0:02x} {t1:02x} {t0:02x} {low:02x} {high:02x}")
    }

    /// Sections 8.2.3, 50 % and 25 °C, and 8.2.4, 82.5 % and 27.7 °C, with their checksums; -10.1 °C of section 8.3.2.
    #[test]
    fn readings_and_what_can_go_wrong() {
        assert_eq!(answer(500, 250), "w 03 00 04 / r 03 04 01 f4 00 fa 31 a5");
        assert_eq!(answer(825, 277), "w 03 00 04 / r 03 04 03 39 01 15 e1 fe");
        let (before, warm, frost) = (answer(500, 250), answer(825, 277), answer(999, 0x8065));
        let text = "nothing answers at 0x5c on I2C bus 1: check wiring and address";
        for (trace, readings) in [
            // Asleep, and still awake.
            (format!("w 00 absent / {before} / wait 2s100ms / w 00 / {warm}"), "temperature 27.7, humidity 82.5"),
            (
                format!("w 00 absent / {before} / wait 2s100ms / w 00 absent / {frost}"),
                "temperature -10.1, humidity 99.9",
            ),
            (
                "w 00 absent / w 03 00 04 / r 03 04 01 f4 00 fb 31 a5".into(),
                "a wrong checksum from 0x5c: shorten the cable, or keep it away from mains and motors",
            ),
            ("w 00 absent / w 03 00 04 absent".into(), text),
        ] {
            assert_eq!(play(&wired(Chip::Am2320), &trace), readings, "{trace}");
        }
        let [low, high] = modbus(&[0x10, 4, 0, 0, 0, 0]).to_le_bytes();
        let other = format!("w 00 / w 03 00 04 / r 10 04 00 00 00 00 {low:02x} {high:02x}");
        assert_eq!(play(&wired(Chip::Am2320), &other), "the chip at 0x5c answers another question");
    }
}
