//! BMP388 (Bosch, datasheet BST-BMP388-DS001) and BMP390 (BST-BMP390-DS002), which differ in their ids only.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Registers (BMP388 datasheet, section 4.2).
mod register {
    pub const ID: u8 = 0x00;
    pub const STATUS: u8 = 0x03;
    pub const DATA: u8 = 0x04;
    pub const POWER: u8 = 0x1b;
    pub const OVERSAMPLING: u8 = 0x1c;
    pub const CALIBRATION: u8 = 0x31;
    pub const COMMAND: u8 = 0x7e;
}

const RESET: u8 = 0xb6;
const RESETTING: Duration = Duration::from_millis(10);
/// Pressure and temperature, once.
const MEASURE: u8 = 0b01 << 4 | 0b11;
/// Pressure eight times, temperature once.
const OVERSAMPLING: u8 = 0b011;
/// At most 20.7 ms (section 3.9.2).
const MEASURING: Duration = Duration::from_millis(22);
const MEASURING_LONGER: Duration = Duration::from_millis(5);
/// In the status: both have been measured.
const READY: u8 = 0b11 << 5;

/// Sleeps between measurements.
pub(super) struct Driver {
    device: Device,
    calibration: Calibration,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        if !matches!(id, 0x50 | 0x60) {
            return Err(device.wrong_chip(format!("an unknown chip (id {id:#04x})"), "BMP388 or BMP390"));
        }
        device.write(&[register::COMMAND, RESET])?;
        sleep(RESETTING);
        let bytes = device.read_from(register::CALIBRATION)?;
        device.check_coefficients(&bytes)?;
        let calibration = Calibration::new(bytes);
        Ok(Driver { device, calibration })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.write(&[register::OVERSAMPLING, OVERSAMPLING])?;
        self.device.write(&[register::POWER, MEASURE])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.device.byte(register::STATUS)? & READY != READY {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let bytes = self.device.read_from(register::DATA)?;
        self.device.doubt(&bytes, [register::ID, register::OVERSAMPLING])?;
        let [p0, p1, p2, t0, t1, t2] = bytes;
        let (pressure, temperature) = (u32::from_le_bytes([p0, p1, p2, 0]), u32::from_le_bytes([t0, t1, t2, 0]));
        let celsius = self.calibration.celsius(temperature.into());
        let pascal = self.calibration.pascal(pressure.into(), celsius);
        Ok([(Quantity::Temperature, celsius), (Quantity::Pressure, pascal / 100.0)].into())
    }
}

/// The coefficients as numbers (section 9.1).
struct Calibration {
    t: [f64; 3],
    p: [f64; 11],
}

impl Calibration {
    fn new(bytes: [u8; 21]) -> Calibration {
        let unsigned = |at: usize| f64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let signed = |at: usize| f64::from(i16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let small = |at: usize| f64::from(i8::from_le_bytes([bytes[at]]));
        let over = |number: f64, power: i32| number / 2f64.powi(power);
        Calibration {
            t: [over(unsigned(0), -8), over(unsigned(2), 30), over(small(4), 48)],
            p: [
                over(signed(5) - 16_384.0, 20),
                over(signed(7) - 16_384.0, 29),
                over(small(9), 32),
                over(small(10), 37),
                over(unsigned(11), -3),
                over(unsigned(13), 6),
                over(small(15), 8),
                over(small(16), 15),
                over(signed(17), 48),
                over(small(19), 48),
                over(small(20), 65),
            ],
        }
    }

    /// Section 9.2.
    fn celsius(&self, raw: f64) -> f64 {
        let [t1, t2, t3] = self.t;
        let above = raw - t1;
        above * t2 + above * above * t3
    }

    /// Section 9.3.
    fn pascal(&self, raw: f64, t: f64) -> f64 {
        let [p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11] = self.p;
        let offset = p5 + t * (p6 + t * (p7 + t * p8));
        let linear = raw * (p1 + t * (p2 + t * (p3 + t * p4)));
        let curved = raw * raw * (p9 + t * p10) + raw * raw * raw * p11;
        offset + linear + curved
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w 00 r 50 / w 7e b6 / w 31 r 23 6b 58 49 f6 5c ff ce f4 23 00 ea 63 6e 79 f3 f6 aa 43 12 c4";

    /// A real chip, as the tests of another project (elixir-sensors/bmp3xx) have it: 30.4993 °C, 100876.0063 Pa.
    #[test]
    fn readings_of_a_real_chip() {
        let trace = "w 1c 03 / w 1b 13 / wait 22ms / w 03 r 60 / w 04 r 97 9f 6d 73 d8 85";
        let readings = "temperature 30.4993, pressure 1008.7601";
        assert_eq!(play(&wired(Chip::Bmp388), &format!("{START} / {trace}")), readings);
    }

    #[test]
    fn cold_air_and_what_can_go_wrong() {
        // By hand: (0x500000 - 27427 * 256) * 18776 / 2^30 = -31.0986; that squared, * -10 / 2^48: -0.1124 more.
        let trace = "w 1c 03 / w 1b 13 / wait 22ms / w 03 r 20 / wait 5ms / w 03 r 60 / w 04 r 97 9f 6d 00 00 50";
        let readings = play(&wired(Chip::Bmp388), &format!("{START} / {trace}"));
        assert!(readings.starts_with("temperature -31.2109, pressure "), "{readings}");
        for (trace, text) in [
            ("w 00 r 58", "wrong chip at 0x77: an unknown chip (id 0x58), not BMP388 or BMP390"),
            ("w 00 r 50 absent", "nothing answers at 0x77 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Bmp388), trace), text);
        }
    }
}
