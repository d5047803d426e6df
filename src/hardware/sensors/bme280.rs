//! BME280 (Bosch, datasheet BST-BME280-DS002) and BMP280 (BST-BMP280-DS001), which is the same without humidity.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Registers (BME280 datasheet section 5.3, table 18).
mod register {
    pub const CALIBRATION: u8 = 0x88;
    pub const ID: u8 = 0xd0;
    pub const RESET: u8 = 0xe0;
    pub const HUMIDITY_CALIBRATION: u8 = 0xe1;
    pub const CTRL_HUM: u8 = 0xf2;
    pub const STATUS: u8 = 0xf3;
    pub const CTRL_MEAS: u8 = 0xf4;
    pub const CONFIG: u8 = 0xf5;
    pub const DATA: u8 = 0xf7;
}

const RESET_WORD: u8 = 0xb6;
/// In STATUS: the calibration is being copied out of the chip's memory.
const IM_UPDATE: u8 = 1;
/// Humidity once.
const CTRL_HUM: u8 = 0b001;
/// A second of rest between measurements, no filter.
const CONFIG: u8 = 0b101 << 5;
/// Temperature once, pressure once, again and again.
const CTRL_MEAS: u8 = 0b001 << 5 | 0b001 << 2 | 0b11;
/// Longer than start-up and copying take (2 ms) and than one measurement (9.3 ms).
const PAUSE: Duration = Duration::from_millis(10);
/// What the data registers hold before the first measurement: 20 bits of temperature and pressure.
const NO_VALUE: u32 = 0x80000;
/// And 16 bits of humidity; also where that alone was left out of a measurement.
const NO_HUMIDITY: u16 = 0x8000;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Model {
    Bme280,
    Bmp280,
}

/// Measures once a second by itself; a reading is what it measured last.
pub(super) struct Driver {
    model: Model,
    device: Device,
    calibration: Calibration,
}

impl Driver {
    /// Checks that it is this chip, resets it, reads its calibration, and starts its measurements.
    pub fn start(model: Model, mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        if model_of(id) != Some(model) {
            return Err(device.wrong_chip(describe(id), model.name()));
        }
        device.write(&[register::RESET, RESET_WORD])?;
        sleep(PAUSE);
        if device.byte(register::STATUS)? & IM_UPDATE != 0 {
            return Err(device.fault("does not start up after a reset"));
        }
        let calibration = Calibration::read(model, &mut device)?;
        if model == Model::Bme280 {
            // Takes effect with the next write to CTRL_MEAS (section 5.4.3).
            device.write(&[register::CTRL_HUM, CTRL_HUM])?;
        }
        device.write(&[register::CONFIG, CONFIG])?;
        device.write(&[register::CTRL_MEAS, CTRL_MEAS])?;
        sleep(PAUSE);
        Ok(Driver { model, device, calibration })
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // All in one transfer, so that all are of one measurement (section 4.1).
        let mut data = [0; 8];
        match self.model {
            Model::Bme280 => data = self.device.read_from(register::DATA)?,
            Model::Bmp280 => data[..6].copy_from_slice(&self.device.read_from::<6>(register::DATA)?),
        }
        let twenty_bits = |at: usize| u32::from_be_bytes([0, data[at], data[at + 1], data[at + 2]]) >> 4;
        let (pressure, temperature) = (twenty_bits(0), twenty_bits(3));
        let humidity = u16::from_be_bytes([data[6], data[7]]);
        let length = if self.model == Model::Bme280 { 8 } else { 6 };
        self.device.doubt(&data[..length], [register::ID, register::CTRL_MEAS])?;
        if temperature == NO_VALUE || pressure == NO_VALUE {
            // It sleeps as after power-up: start it anew.
            return Err(self.device.fault("stopped measuring: its power failed"));
        }
        let fine = self.calibration.fine_temperature(temperature);
        let mut readings = vec![(Quantity::Temperature, fine / 5120.0)];
        if let Some(humidity_calibration) = self.calibration.humidity.as_ref().filter(|_| humidity != NO_HUMIDITY) {
            readings.push((Quantity::Humidity, humidity_calibration.percent(humidity, fine)));
        }
        readings.push((Quantity::Pressure, self.calibration.pascal(pressure, fine) / 100.0));
        Ok(Fetched::Readings(readings))
    }
}

impl Model {
    fn name(self) -> &'static str {
        match self {
            Model::Bme280 => "BME280",
            Model::Bmp280 => "BMP280",
        }
    }
}

fn model_of(id: u8) -> Option<Model> {
    match id {
        0x60 => Some(Model::Bme280),
        0x56..=0x58 => Some(Model::Bmp280),
        _ => None,
    }
}

/// The chips that are met at these addresses.
fn describe(id: u8) -> String {
    let name = match id {
        0x50 => "BMP388",
        0x55 => "BMP180",
        0x61 => "BME680",
        _ => model_of(id).map_or("an unknown chip", Model::name),
    };
    format!("{name} (id {id:#04x})")
}

/// The coefficients of one chip under their names of the datasheet, `dig_T1` and so on (section 4.2.2, table 16).
struct Calibration {
    t1: f64,
    t: [f64; 2],
    p1: f64,
    p: [f64; 8],
    humidity: Option<HumidityCalibration>,
}

struct HumidityCalibration {
    h: [f64; 6],
}

/// The formulas in double precision (BME280 section 8.1, BMP280 section 8.1): they cannot overflow, whatever the bytes.
impl Calibration {
    fn read(model: Model, device: &mut Device) -> Result<Self, HardwareError> {
        // The byte before the last is reserved; the last is H1, which a BMP280 does not have.
        let bytes: [u8; 26] = device.read_from(register::CALIBRATION)?;
        device.check_coefficients(&bytes[..24])?;
        let unsigned = |n: usize| f64::from(u16::from_le_bytes([bytes[2 * n], bytes[2 * n + 1]]));
        let signed = |n: usize| f64::from(i16::from_le_bytes([bytes[2 * n], bytes[2 * n + 1]]));
        let humidity = if model == Model::Bme280 {
            let humidity_bytes = device.read_from(register::HUMIDITY_CALIBRATION)?;
            device.check_coefficients(&humidity_bytes)?;
            Some(HumidityCalibration::new(bytes[25], humidity_bytes))
        } else {
            None
        };
        Ok(Calibration {
            t1: unsigned(0),
            t: [signed(1), signed(2)],
            p1: unsigned(3),
            p: std::array::from_fn(|n| signed(4 + n)),
            humidity,
        })
    }

    /// `t_fine`: the temperature in 1/5120 °C, on which the others depend.
    fn fine_temperature(&self, raw: u32) -> f64 {
        let (raw, [t2, t3]) = (f64::from(raw), self.t);
        let linear = (raw / 16_384.0 - self.t1 / 1_024.0) * t2;
        let square = (raw / 131_072.0 - self.t1 / 8_192.0).powi(2) * t3;
        linear + square
    }

    fn pascal(&self, raw: u32, fine: f64) -> f64 {
        let [p2, p3, p4, p5, p6, p7, p8, p9] = self.p;
        let t = fine / 2.0 - 64_000.0;
        let offset = (t * t * p6 / 32_768.0 + t * p5 * 2.0) / 4.0 + p4 * 65_536.0;
        let scale = (1.0 + (p3 * t * t / 524_288.0 + p2 * t) / 524_288.0 / 32_768.0) * self.p1;
        // A scale of 0 gives no finite number, which the caller refuses.
        let p = (1_048_576.0 - f64::from(raw) - offset / 4_096.0) * 6_250.0 / scale;
        p + (p9 * p * p / 2_147_483_648.0 + p * p8 / 32_768.0 + p7) / 16.0
    }
}

impl HumidityCalibration {
    /// From 0xa1 and 0xe1 to 0xe7. H4 and H5 are signed numbers of 12 bits that share a byte.
    fn new(h1: u8, bytes: [u8; 7]) -> HumidityCalibration {
        let [h2_low, h2_high, h3, h4_high, shared, h5_high, h6] = bytes;
        let twelve_bits = |high: u8, low: u8| f64::from(i16::from_be_bytes([high, low << 4]) >> 4);
        HumidityCalibration {
            h: [
                h1.into(),
                i16::from_le_bytes([h2_low, h2_high]).into(),
                h3.into(),
                twelve_bits(h4_high, shared & 0x0f),
                twelve_bits(h5_high, shared >> 4),
                i8::from_be_bytes([h6]).into(),
            ],
        }
    }

    fn percent(&self, raw: u16, fine: f64) -> f64 {
        let [h1, h2, h3, h4, h5, h6] = self.h;
        let t = fine - 76_800.0;
        let slope = h2 / 65_536.0 * (1.0 + h6 / 67_108_864.0 * t * (1.0 + h3 / 67_108_864.0 * t));
        let h = (f64::from(raw) - (h4 * 64.0 + h5 / 16_384.0 * t)) * slope;
        (h * (1.0 - h1 * h / 524_288.0)).clamp(0.0, 100.0)
    }
}

#[cfg(test)]
mod tests;
