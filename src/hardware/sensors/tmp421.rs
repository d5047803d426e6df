//! TMP421 (Texas Instruments, datasheet SBOS398): itself and a diode.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, Quantity},
};

/// Registers (table 3): the higher and the lower byte of each.
mod register {
    pub const OWN: (u8, u8) = (0x00, 0x10);
    pub const DIODE: (u8, u8) = (0x01, 0x11);
    pub const MANUFACTURER_ID: u8 = 0xfe;
    pub const DEVICE_ID: u8 = 0xff;
}

const MANUFACTURER: u8 = 0x55;
const DEVICE: u8 = 0x21;
/// In the lower byte: no diode is there.
const OPEN: i16 = 1;
/// °C of the lowest of 12 bits.
const STEP: f64 = 0.0625;

/// Steps of 1/16 °C, from -55 °C to 127 °C. It measures eight times a second from power-up on.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let manufacturer = device.byte(register::MANUFACTURER_ID)?;
        device.check_id(manufacturer.into(), MANUFACTURER.into(), "TMP421")?;
        let id = device.byte(register::DEVICE_ID)?;
        device.check_id(id.into(), DEVICE.into(), "TMP421")?;
        Ok(Driver(device))
    }

    fn word(&mut self, (high, low): (u8, u8)) -> Result<i16, HardwareError> {
        Ok(i16::from_be_bytes([self.0.byte(high)?, self.0.byte(low)?]))
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // Two's complement, left-aligned; the shift keeps the sign.
        let celsius = |word: i16| f64::from(word >> 4) * STEP;
        let (own, diode) = (self.word(register::OWN)?, self.word(register::DIODE)?);
        let bytes = [own.to_be_bytes(), diode.to_be_bytes()].concat();
        self.0.doubt(&bytes, [register::MANUFACTURER_ID, register::DEVICE_ID])?;
        let mut readings = vec![(Quantity::Temperature, celsius(own))];
        if diode & OPEN == 0 {
            readings.push((Quantity::RemoteTemperature(Channel::One), celsius(diode)));
        }
        Ok(Fetched::Readings(readings))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Table 1, temperature data format of the standard range, and table 2, the decimals.
    #[test]
    fn the_tables_of_the_datasheet() {
        for (trace, readings) in [
            ("w 00 r 19 / w 10 r 00 / w 01 r 7f / w 11 r f0", "temperature 25, remote_temperature_1 127.9375"),
            ("w 00 r ff / w 10 r c0 / w 01 r e7 / w 11 r 00", "temperature -0.25, remote_temperature_1 -25"),
            ("w 00 r c9 / w 10 r 00 / w 01 r c9 / w 11 r 01", "temperature -55"),
        ] {
            let trace = format!("w fe r 55 / w ff r 21 / {trace}");
            assert_eq!(play(&wired(Chip::Tmp421), &trace), readings, "{trace}");
        }
        for (trace, text) in [
            ("w fe r 55 / w ff r 23", "wrong chip at 0x4c: an unknown chip (id 0x23), not TMP421"),
            ("w fe r 55 absent", "nothing answers at 0x4c on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Tmp421), trace), text);
        }
    }
}
