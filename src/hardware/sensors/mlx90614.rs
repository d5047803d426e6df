//! MLX90614 (Melexis, datasheet 3901090614): an infrared thermometer.

use super::{Device, Fetched, SensorDriver, checksum::crc8};
use crate::{hardware::HardwareError, model::Quantity};

/// In its RAM (section 8.4.5, table 7).
const AMBIENT: u8 = 0x06;
const OBJECT: u8 = 0x07;
/// The measurement failed.
const ERROR: u16 = 1 << 15;
/// K of the lowest bit (section 8.6).
const STEP: f64 = 0.02;
const ZERO_CELSIUS: f64 = 273.15;

/// Steps of 0.02 °C, from -70 °C to 382 °C. It measures by itself. It has no register that tells what it is. It is an
/// SMBus device: of the chips here, the one that must be asked and answer with no stop between.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver(device)
    }

    fn celsius(&mut self, register: u8) -> Result<f64, HardwareError> {
        let [low, high, checksum] = self.0.read_from(register)?;
        // SMBus's packet error code, which covers the whole exchange with both addresses (section 8.4.3).
        let address = self.0.address() << 1;
        if crc8(0x07, 0, &[address, register, address | 1, low, high]) != checksum {
            return Err(self.0.checksum_error());
        }
        let raw = u16::from_le_bytes([low, high]);
        if raw & ERROR != 0 {
            return Err(self.0.fault("could not measure"));
        }
        Ok(f64::from(raw) * STEP - ZERO_CELSIUS)
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let ambient = self.celsius(AMBIENT)?;
        let object = self.celsius(OBJECT)?;
        Ok([(Quantity::Temperature, ambient), (Quantity::ObjectTemperature, object)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum::crc8,
        trace::{play, wired},
    };
    use crate::model::Chip;

    /// 0x3ad2 of register 7 with the code 0x30 is the example of section 8.4.3.1; 0x27ad and 0x7fff are the ends of
    /// section 8.6.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let code = |register, word: u16| {
            let [low, high] = word.to_le_bytes();
            format!("w {register:02x} r {low:02x} {high:02x} {:02x}", crc8(7, 0, &[0xb4, register, 0xb5, low, high]))
        };
        assert_eq!(code(7, 0x3ad2), "w 07 r d2 3a 30");
        let wrong = "a wrong checksum from 0x5a: shorten the cable, or keep it away from mains and motors";
        for (trace, readings) in [
            (format!("{} / w 07 r d2 3a 30", code(6, 0x3a00)), "temperature 23.81, object_temperature 28.01"),
            (format!("{} / {}", code(6, 0x3a00), code(7, 0x27ad)), "temperature 23.81, object_temperature -70.01"),
            (format!("{} / {}", code(6, 0x3a00), code(7, 0x7fff)), "temperature 23.81, object_temperature 382.19"),
            (format!("{} / w 07 r d2 3b 30", code(6, 0x3a00)), wrong),
            (format!("{} / {}", code(6, 0x3a00), code(7, 0x8000)), "the chip at 0x5a could not measure"),
            ("w 06 r 00 00 00 absent".into(), "nothing answers at 0x5a on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Mlx90614), &trace), readings, "{trace}");
        }
    }
}
