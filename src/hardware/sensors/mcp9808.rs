//! MCP9808 (Microchip, datasheet DS25095).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};

const TEMPERATURE: u8 = 0x05;
const MANUFACTURER_ID: u8 = 0x06;
const MANUFACTURER: u16 = 0x0054;
const DEVICE_ID: u8 = 0x07;
/// The upper byte; the lower one is the revision (section 5.1.6).
const DEVICE: u16 = 0x04;
/// °C of the lowest of 13 bits (section 5.1.3).
const STEP: f64 = 0.0625;

/// Steps of 1/16 °C. It measures four times a second from power-up on.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let manufacturer = device.word(MANUFACTURER_ID)?;
        device.check_id(manufacturer, MANUFACTURER, "MCP9808")?;
        let id = device.word(DEVICE_ID)? >> 8;
        device.check_id(id, DEVICE, "MCP9808")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // Two's complement of 13 bits below three flags, which are shifted out; the shift back keeps the sign.
        let bytes = self.0.read_from(TEMPERATURE)?;
        self.0.doubt_by_word(&bytes, MANUFACTURER_ID)?;
        let steps = (i16::from_be_bytes(bytes) << 3) >> 3;
        Ok([(Quantity::Temperature, f64::from(steps) * STEP)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 0xc194 is the example of section 5.1.3.1 (two flags set); the others are figure 5-1 and register 5-4.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let start = "w 06 r 00 54 / w 07 r 04 00";
        for (trace, readings) in [
            ("w 05 r c1 94", "temperature 25.25"),
            ("w 05 r 07 d0", "temperature 125"),
            ("w 05 r 00 01", "temperature 0.0625"),
            ("w 05 r 1f ff", "temperature -0.0625"),
            ("w 05 r 3e c0", "temperature -20"),
            ("w 05 r 1d 80", "temperature -40"),
            ("w 05 r 00 00 absent", "nothing answers at 0x18 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Mcp9808), &format!("{start} / {trace}")), readings, "{trace}");
        }
        let text = "wrong chip at 0x18: an unknown chip (id 0x05), not MCP9808";
        assert_eq!(play(&wired(Chip::Mcp9808), "w 06 r 00 54 / w 07 r 05 00"), text);
    }
}
