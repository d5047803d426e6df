//! BMP180 and its forerunner BMP085 (Bosch, datasheet BST-BMP180-DS000).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::{ops::RangeInclusive, time::Duration};

const CALIBRATION: u8 = 0xaa;
const ID_REGISTER: u8 = 0xd0;
const ID: u8 = 0x55;
const CONTROL: u8 = 0xf4;
const DATA: u8 = 0xf6;
const MEASURE_TEMPERATURE: u8 = 0x2e;
const MEASURING_TEMPERATURE: Duration = Duration::from_millis(5);
/// The mean of eight (section 3.3.1).
const OVERSAMPLING: u8 = 3;
const MEASURE_PRESSURE: u8 = 0x34 | OVERSAMPLING << 6;
const MEASURING_PRESSURE: Duration = Duration::from_millis(26);
/// Pa, far beyond what it can measure.
const POSSIBLE: RangeInclusive<i64> = 0..=1_000_000;

/// Sleeps between measurements.
pub(super) struct Driver {
    device: Device,
    calibration: Calibration,
    /// Measured already; the pressure comes next.
    temperature: Option<[u8; 2]>,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(ID_REGISTER)?;
        device.check_id(id.into(), ID.into(), "BMP180")?;
        let bytes: [u8; 22] = device.read_from(CALIBRATION)?;
        // No word of a chip is 0 or 0xffff (section 3.4).
        if bytes.chunks_exact(2).any(|word| matches!(word, [0, 0] | [0xff, 0xff])) {
            return Err(device.fault("has lost its calibration"));
        }
        let calibration = Calibration::new(bytes);
        Ok(Driver { device, calibration, temperature: None })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.temperature = None;
        self.device.write(&[CONTROL, MEASURE_TEMPERATURE])?;
        Ok(MEASURING_TEMPERATURE)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let Some(temperature) = self.temperature else {
            self.temperature = Some(self.device.read_from(DATA)?);
            self.device.write(&[CONTROL, MEASURE_PRESSURE])?;
            return Ok(Fetched::NotYet(MEASURING_PRESSURE));
        };
        let bytes: [u8; 3] = self.device.read_from(DATA)?;
        self.device.doubt_by_word(&temperature, CALIBRATION)?;
        self.device.doubt_by_word(&bytes, CALIBRATION)?;
        let temperature = u16::from_be_bytes(temperature).into();
        let [high, middle, low] = bytes;
        let pressure = i64::from(u32::from_be_bytes([0, high, middle, low]) >> (8 - OVERSAMPLING));
        let readings = self.calibration.convert(temperature, pressure, OVERSAMPLING);
        let (celsius, pascal) = readings.ok_or_else(|| self.device.fault("has an impossible calibration"))?;
        Ok([(Quantity::Temperature, celsius), (Quantity::Pressure, pascal / 100.0)].into())
    }
}

/// The coefficients under their names of the datasheet (section 3.4, table 5).
struct Calibration {
    ac1: i64,
    ac2: i64,
    ac3: i64,
    ac4: i64,
    ac5: i64,
    ac6: i64,
    b1: i64,
    b2: i64,
    mc: i64,
    md: i64,
}

impl Calibration {
    fn new(bytes: [u8; 22]) -> Calibration {
        let signed = |n: usize| i64::from(i16::from_be_bytes([bytes[2 * n], bytes[2 * n + 1]]));
        let unsigned = |n: usize| i64::from(u16::from_be_bytes([bytes[2 * n], bytes[2 * n + 1]]));
        Calibration {
            ac1: signed(0),
            ac2: signed(1),
            ac3: signed(2),
            ac4: unsigned(3),
            ac5: unsigned(4),
            ac6: unsigned(5),
            b1: signed(6),
            b2: signed(7),
            // The ninth, MB, is in no formula.
            mc: signed(9),
            md: signed(10),
        }
    }

    /// °C and Pa, in the integers of section 3.5, figure 4; nothing where that would divide by zero, or
    /// overflow with coefficients that no chip has.
    fn convert(&self, temperature: i64, pressure: i64, oversampling: u8) -> Option<(f64, f64)> {
        let x1 = ((temperature - self.ac6) * self.ac5) >> 15;
        let x2 = (self.mc << 11).checked_div(x1 + self.md)?;
        let b5 = x1 + x2;
        let celsius = ((b5 + 8) >> 4) as f64 / 10.0;

        let b6 = b5 - 4_000;
        let x1 = (self.b2 * ((b6 * b6) >> 12)) >> 11;
        let x2 = (self.ac2 * b6) >> 11;
        let b3 = (((self.ac1 * 4 + x1 + x2) << oversampling) + 2) / 4;
        let x1 = (self.ac3 * b6) >> 13;
        let x2 = (self.b1 * ((b6 * b6) >> 12)) >> 16;
        let b4 = (self.ac4 * (((x1 + x2 + 2) >> 2) + 32_768)) >> 15;
        let b7 = (pressure - b3) * (50_000 >> oversampling);
        let p = (b7 * 2).checked_div(b4).filter(|p| POSSIBLE.contains(p))?;
        let x1 = ((p >> 8) * (p >> 8) * 3_038) >> 16;
        let x2 = (-7_357 * p) >> 16;
        Some((celsius, (p + ((x1 + x2 + 3_791) >> 4)) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::trace::{play, wired},
        Calibration,
    };
    use crate::model::Chip;

    /// The coefficients of the example in section 3.5.
    const BYTES: [i32; 11] = [408, -72, -14_383, 32_741, 32_757, 23_153, 6_190, 4, -32_768, -8_711, 2_868];

    fn bytes() -> [u8; 22] {
        let bytes: Vec<u8> = BYTES.iter().flat_map(|word| (*word as u16).to_be_bytes()).collect();
        bytes.try_into().unwrap()
    }

    #[test]
    fn the_worked_example_of_the_datasheet() {
        assert_eq!(Calibration::new(bytes()).convert(27_898, 23_843, 0), Some((15.0, 69_964.0)));
    }

    #[test]
    fn readings_and_what_can_go_wrong() {
        let hexadecimal: Vec<String> = bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let start = format!("w d0 r 55 / w aa r {}", hexadecimal.join(" "));
        // The same pressure with eight times the counts, so within a few Pa of the example.
        let trace = "w f4 2e / wait 5ms / w f6 r 6c fa / w f4 f4 / wait 26ms / w f6 r 5d 23 00";
        assert_eq!(play(&wired(Chip::Bmp180), &format!("{start} / {trace}")), "temperature 15, pressure 699.63");
        // The formulas of the datasheet, worked out apart: -12.1 °C, 65732 Pa.
        let cold = "w f4 2e / wait 5ms / w f6 r 61 a8 / w f4 f4 / wait 26ms / w f6 r 5d 23 00";
        assert_eq!(play(&wired(Chip::Bmp180), &format!("{start} / {cold}")), "temperature -12.1, pressure 657.32");
        for (trace, text) in [
            (
                "w d0 r 55 / w aa r ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff",
                "the chip at 0x77 has lost its calibration",
            ),
            ("w d0 r 58", "wrong chip at 0x77: an unknown chip (id 0x58), not BMP180"),
            ("w d0 r 55 absent", "nothing answers at 0x77 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Bmp180), trace), text);
        }
    }

    #[test]
    fn a_calibration_of_zeros_is_no_calibration() {
        assert_eq!(Calibration::new([0; 22]).convert(27_898, 23_843, 3), None);
    }
}
