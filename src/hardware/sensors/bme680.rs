//! BME680 (Bosch, datasheet BST-BME680-DS001) and BME688 (BST-BME688-DS000), which counts gas in another way.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use calibration::Calibration;
use std::{thread::sleep, time::Duration};

mod calibration;
#[cfg(test)]
mod tests;

/// Registers (BME680 datasheet, section 5.2).
mod register {
    pub const CALIBRATION_3: u8 = 0x00;
    pub const STATUS: u8 = 0x1d;
    pub const HEATER_RESISTANCE: u8 = 0x5a;
    pub const HEATER_TIME: u8 = 0x64;
    pub const CTRL_GAS: u8 = 0x71;
    pub const CTRL_HUM: u8 = 0x72;
    pub const CTRL_MEAS: u8 = 0x74;
    pub const CALIBRATION_1: u8 = 0x8a;
    pub const ID: u8 = 0xd0;
    pub const RESET: u8 = 0xe0;
    pub const CALIBRATION_2: u8 = 0xe1;
    pub const VARIANT: u8 = 0xf0;
}

const ID: u8 = 0x61;
const RESET_WORD: u8 = 0xb6;
const RESETTING: Duration = Duration::from_millis(10);
/// Humidity once.
const CTRL_HUM: u8 = 0b001;
/// Temperature twice, pressure four times, now.
const CTRL_MEAS: u8 = 0b010 << 5 | 0b011 << 2 | 0b01;
/// The plate is heated to this, for 148 ms: 37 times 4 ms (section 5.3.3.4).
const HEATER_CELSIUS: f64 = 320.0;
const HEATER_TIME: u8 = 0b01 << 6 | 37;
/// 18 ms for the air (seven measurements of 2 ms and their breaks), the heating, and some room.
const MEASURING: Duration = Duration::from_millis(190);
const MEASURING_LONGER: Duration = Duration::from_millis(10);
/// In the status: there is a new measurement.
const NEW: u8 = 1 << 7;
/// With the gas: it was measured, and the plate had reached its temperature.
const GAS_GOOD: u8 = 0b11 << 4;

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Bme680,
    Bme688,
}

/// Sleeps between measurements; each heats the plate of the gas sensor.
pub(super) struct Driver {
    variant: Variant,
    device: Device,
    calibration: Calibration,
    /// The air around the plate, for its heating.
    ambient_celsius: f64,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::ID)?;
        if id != ID {
            let found = if id == 0x60 { "BME280" } else { "an unknown chip" };
            return Err(device.wrong_chip(format!("{found} (id {id:#04x})"), "BME680 or BME688"));
        }
        device.write(&[register::RESET, RESET_WORD])?;
        sleep(RESETTING);
        let variant = if device.byte(register::VARIANT)? == 1 { Variant::Bme688 } else { Variant::Bme680 };
        let (first, second) = (device.read_from(register::CALIBRATION_1)?, device.read_from(register::CALIBRATION_2)?);
        device.check_coefficients(&first)?;
        device.check_coefficients(&second)?;
        // The third holds little, which may be zero.
        let calibration = Calibration::new(first, second, device.read_from(register::CALIBRATION_3)?);
        Ok(Driver { variant, device, calibration, ambient_celsius: 25.0 })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        let resistance = self.calibration.heater_resistance(HEATER_CELSIUS, self.ambient_celsius);
        self.device.write(&[register::HEATER_RESISTANCE, resistance])?;
        self.device.write(&[register::HEATER_TIME, HEATER_TIME])?;
        // Measure gas, with the first of ten heater settings.
        self.device.write(&[register::CTRL_GAS, if self.variant == Variant::Bme688 { 1 << 5 } else { 1 << 4 }])?;
        self.device.write(&[register::CTRL_HUM, CTRL_HUM])?;
        self.device.write(&[register::CTRL_MEAS, CTRL_MEAS])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // 0x1d to 0x2d: status, air, and the gas of either variant.
        let data: [u8; 17] = self.device.read_from(register::STATUS)?;
        self.device.doubt(&data[..10], [register::ID, register::HEATER_TIME])?;
        if data[0] & NEW == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let twenty_bits = |at: usize| u32::from_be_bytes([0, data[at], data[at + 1], data[at + 2]]) >> 4;
        let fine = self.calibration.fine_temperature(twenty_bits(5).into());
        let celsius = fine / 5_120.0;
        self.ambient_celsius = celsius.clamp(-40.0, 85.0);
        let humidity = u16::from_be_bytes([data[8], data[9]]);
        let mut readings = vec![
            (Quantity::Temperature, celsius),
            (Quantity::Humidity, self.calibration.percent(humidity.into(), celsius)),
            (Quantity::Pressure, self.calibration.pascal(twenty_bits(2).into(), fine) / 100.0),
        ];
        let (high, low) = if self.variant == Variant::Bme688 { (data[15], data[16]) } else { (data[13], data[14]) };
        if low & GAS_GOOD == GAS_GOOD {
            let (counts, range) = (f64::from(u16::from_be_bytes([high, low]) >> 6), low & 0x0f);
            let ohm = match self.variant {
                Variant::Bme680 => self.calibration.gas_ohm(counts, range),
                // BME688 datasheet, section 3.8.1.
                Variant::Bme688 => 1e6 * f64::from(262_144u32 >> range) / (4_096.0 + 3.0 * (counts - 512.0)),
            };
            readings.push((Quantity::GasResistance, ohm));
        }
        Ok(Fetched::Readings(readings))
    }
}
