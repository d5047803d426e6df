//! DPS310 (Infineon, datasheet v1.2).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Registers (section 7).
mod register {
    pub const PRESSURE: u8 = 0x00;
    pub const TEMPERATURE: u8 = 0x03;
    pub const PRESSURE_CONFIGURATION: u8 = 0x06;
    pub const TEMPERATURE_CONFIGURATION: u8 = 0x07;
    pub const MEASURE: u8 = 0x08;
    pub const ID: u8 = 0x0d;
    pub const COEFFICIENTS: u8 = 0x10;
    pub const COEFFICIENT_SOURCE: u8 = 0x28;
}

/// Without these, some chips tell 60 °C at 20 °C: registers that no datasheet has, and what Infineon's own driver writes
/// to them at each start.
const THERMOMETER_CURE: [[u8; 2]; 5] = [[0x0e, 0xa5], [0x0f, 0x96], [0x62, 0x02], [0x0e, 0x00], [0x0f, 0x00]];

/// Part number 0, revision 1 (section 7.9).
const ID: u8 = 0x10;
/// The emulated one of QEMU has no such register.
const ID_OF_QEMU: u8 = 0xff;
/// Of the configurations: the pressure is the mean of eight, the temperature is measured once.
const EIGHT_TIMES: u8 = 0b011;
const ONCE: u8 = 0b000;
/// The counts of full scale with these (section 4.9.3, table 9).
const PRESSURE_SCALE: f64 = 7_864_320.0;
const TEMPERATURE_SCALE: f64 = 524_288.0;
/// At most 14.8 ms (section 4.9.1, table 16).
const MEASURING: Duration = Duration::from_millis(20);
const MEASURING_LONGER: Duration = Duration::from_millis(5);
/// In MEASURE: what is to be measured once, and what is ready.
const MEASURE_PRESSURE: u8 = 0b001;
const MEASURE_TEMPERATURE: u8 = 0b010;
const PRESSURE_READY: u8 = 1 << 4;
const TEMPERATURE_READY: u8 = 1 << 5;
const COEFFICIENTS_READY: u8 = 1 << 7;

/// Sleeps between measurements.
pub(super) struct Driver {
    device: Device,
    calibration: Calibration,
    /// A part of full scale, measured already; the pressure comes next.
    temperature: Option<f64>,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        if id != ID_OF_QEMU {
            device.check_id(id.into(), ID.into(), "DPS310")?;
        }
        if device.byte(register::MEASURE)? & COEFFICIENTS_READY == 0 {
            return Err(device.fault("has not started up yet"));
        }
        // The coefficients are of one of two thermometers; that one must be used (section 7.14).
        let external = device.byte(register::COEFFICIENT_SOURCE)? & 1 << 7;
        device.write(&[register::PRESSURE_CONFIGURATION, EIGHT_TIMES])?;
        device.write(&[register::TEMPERATURE_CONFIGURATION, external | ONCE])?;
        let bytes = device.read_from(register::COEFFICIENTS)?;
        device.check_coefficients(&bytes)?;
        for write in &THERMOMETER_CURE {
            device.write(write)?;
        }
        let calibration = Calibration::new(bytes);
        Ok(Driver { device, calibration, temperature: None })
    }

    /// Asks for one measurement. The upper bits are the chip's.
    fn ask(&mut self, what: u8) -> Result<Duration, HardwareError> {
        let flags = self.device.byte(register::MEASURE)? & 0xf0;
        self.device.write(&[register::MEASURE, flags | what])?;
        Ok(MEASURING)
    }

    /// 24 bits in two's complement.
    fn counts(&mut self, register: u8) -> Result<f64, HardwareError> {
        let bytes = self.device.read_from(register)?;
        // Its coefficients are as good as an id, which the emulated one has not.
        self.device.doubt(&bytes, [register::COEFFICIENTS, register::COEFFICIENTS + 1])?;
        let [high, middle, low] = bytes;
        Ok(f64::from(i32::from_be_bytes([high, middle, low, 0]) >> 8))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.temperature = None;
        self.ask(MEASURE_TEMPERATURE)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let ready = self.device.byte(register::MEASURE)?;
        let Some(temperature) = self.temperature else {
            if ready & TEMPERATURE_READY == 0 {
                return Ok(Fetched::NotYet(MEASURING_LONGER));
            }
            self.temperature = Some(self.counts(register::TEMPERATURE)? / TEMPERATURE_SCALE);
            return self.ask(MEASURE_PRESSURE).map(Fetched::NotYet);
        };
        if ready & PRESSURE_READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let pressure = self.counts(register::PRESSURE)? / PRESSURE_SCALE;
        let celsius = self.calibration.celsius(temperature);
        let pascal = self.calibration.pascal(pressure, temperature);
        Ok([(Quantity::Temperature, celsius), (Quantity::Pressure, pascal / 100.0)].into())
    }
}

/// The coefficients under their names of the datasheet (section 7.11).
struct Calibration {
    c0: f64,
    c1: f64,
    c00: f64,
    c10: f64,
    c01: f64,
    c11: f64,
    c20: f64,
    c21: f64,
    c30: f64,
}

impl Calibration {
    fn new(bytes: [u8; 18]) -> Calibration {
        let b = bytes.map(u32::from);
        // Numbers of 12 and 20 bits in two's complement, which share bytes.
        let signed = |bits: u32, width: u32| f64::from((bits << (32 - width)) as i32 >> (32 - width));
        let word = |at: usize| f64::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]));
        Calibration {
            c0: signed(b[0] << 4 | b[1] >> 4, 12),
            c1: signed((b[1] & 0x0f) << 8 | b[2], 12),
            c00: signed(b[3] << 12 | b[4] << 4 | b[5] >> 4, 20),
            c10: signed((b[5] & 0x0f) << 16 | b[6] << 8 | b[7], 20),
            c01: word(8),
            c11: word(10),
            c20: word(12),
            c21: word(14),
            c30: word(16),
        }
    }

    /// Section 4.9.2.
    fn celsius(&self, t: f64) -> f64 {
        self.c0 * 0.5 + self.c1 * t
    }

    /// Section 4.9.1.
    fn pascal(&self, p: f64, t: f64) -> f64 {
        self.c00 + p * (self.c10 + p * (self.c20 + p * self.c30)) + t * self.c01 + t * p * (self.c11 + p * self.c21)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// What the chip that QEMU emulates answers.
    const START: &str = "w 0d r 10 / w 08 r f0 / w 28 r 90 / w 06 03 / w 07 80
        w 10 r 0e 1e dd 13 ca 5f 21 52 f9 c6 04 d1 db 47 00 5b fb 3a
        w 0e a5 / w 0f 96 / w 62 02 / w 0e 00 / w 0f 00";

    /// By hand for that chip: c0 225, c1 -291, c00 81061, c10 -57006, c01 -1594, c11 1233, c20 -9401, c21 91, c30 -1222.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let trace = "w 08 r f0 / w 08 f2 / wait 20ms / w 08 r f0 / w 03 r 02 69 a6
            w 08 r f0 / w 08 f1 / wait 20ms / w 08 r f0 / w 00 r fe 2f ee";
        assert_eq!(play(&wired(Chip::Dps310), &format!("{START} / {trace}")), "temperature 24.7384, pressure 814.3368");
        // It counts down when it gets warmer.
        let cold = "w 08 r c0 / w 08 c2 / wait 20ms / w 08 r c0 / wait 5ms / w 08 r e0 / w 03 r 04 00 00
            w 08 r c0 / w 08 c1 / wait 20ms / w 08 r c0 / wait 5ms / w 08 r d0 / w 00 r fe 2f ee";
        assert_eq!(play(&wired(Chip::Dps310), &format!("{START} / {cold}")), "temperature -33, pressure 811.1371");
        for (trace, text) in [
            ("w 0d r 11", "wrong chip at 0x77: an unknown chip (id 0x11), not DPS310"),
            ("w 0d r 10 / w 08 r 40", "the chip at 0x77 has not started up yet"),
            ("w 0d r 10 absent", "nothing answers at 0x77 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Dps310), trace), text);
        }
    }
}
