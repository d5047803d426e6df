//! EMC1413 (SMSC, now Microchip, datasheet EMC1412/13/14): itself and two diodes.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, Quantity},
};
use std::time::Duration;

/// Registers (section 6, table 6.1): the whole degrees of each, and their parts.
mod register {
    pub const OWN: (u8, u8) = (0x00, 0x29);
    pub const FIRST_DIODE: (u8, u8) = (0x01, 0x10);
    pub const SECOND_DIODE: (u8, u8) = (0x23, 0x24);
    pub const CONFIGURATION: u8 = 0x03;
    pub const DIODE_FAULTS: u8 = 0x1b;
    pub const PRODUCT_ID: u8 = 0xfd;
    pub const MANUFACTURER_ID: u8 = 0xfe;
}

const MANUFACTURER: u8 = 0x5d;
const PRODUCT: u8 = 0x21;
/// In the configuration: numbers begin at -64 °C, not at 0 (section 5.6).
const EXTENDED: u8 = 1 << 2;
const EXTENDED_BEGINS: f64 = -64.0;
/// Longer than its cycle of four a second, so that the first numbers are of the chosen range.
const CYCLE: Duration = Duration::from_millis(300);

/// Steps of 0.125 °C. It measures by itself.
pub(super) struct Driver {
    device: Device,
    begins_celsius: f64,
    started: bool,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let manufacturer = device.byte(register::MANUFACTURER_ID)?;
        device.check_id(manufacturer.into(), MANUFACTURER.into(), "EMC1413")?;
        let product = device.byte(register::PRODUCT_ID)?;
        device.check_id(product.into(), PRODUCT.into(), "EMC1413")?;
        device.write(&[register::CONFIGURATION, EXTENDED])?;
        // The emulated one of QEMU stays as it is.
        let extended = device.byte(register::CONFIGURATION)? & EXTENDED != 0;
        let begins_celsius = if extended { EXTENDED_BEGINS } else { 0.0 };
        Ok(Driver { device, begins_celsius, started: false })
    }

    fn celsius(&mut self, (whole, part): (u8, u8)) -> Result<f64, HardwareError> {
        // Reading the whole degrees holds the parts (section 6.1).
        let bytes = [self.device.byte(whole)?, self.device.byte(part)?];
        self.device.doubt(&bytes, [register::MANUFACTURER_ID, register::PRODUCT_ID])?;
        let [whole, part] = bytes;
        Ok(self.begins_celsius + f64::from(whole) + f64::from(part >> 5) / 8.0)
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(if std::mem::replace(&mut self.started, true) { Duration::ZERO } else { CYCLE })
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let mut readings = vec![(Quantity::Temperature, self.celsius(register::OWN)?)];
        let faults = self.device.byte(register::DIODE_FAULTS)?;
        let diodes = [(Channel::One, register::FIRST_DIODE, 1 << 1), (Channel::Two, register::SECOND_DIODE, 1 << 2)];
        for (channel, registers, fault) in diodes {
            // Without a diode there is no number.
            if faults & fault == 0 {
                readings.push((Quantity::RemoteTemperature(channel), self.celsius(registers)?));
            }
        }
        Ok(Fetched::Readings(readings))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w fe r 5d / w fd r 21 / w 03 04 / w 03 r 04 / wait 300ms";

    /// Section 5.6, table of the extended range: -64 °C is 0, 0 °C is 64.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            (
                "w 00 r 59 / w 29 r 20 / w 1b r 00 / w 01 r 40 / w 10 r 00 / w 23 r 3f / w 24 r e0",
                "temperature 25.125, remote_temperature_1 0, remote_temperature_2 -0.125",
            ),
            ("w 00 r 00 / w 29 r 00 / w fe r 5d / w fd r 21 / w 1b r 06", "temperature -64"),
            (
                "w 00 r ff / w 29 r e0 / w 1b r 02 / w 23 r 40 / w 24 r 00",
                "temperature 191.875, remote_temperature_2 0",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Emc1413), &format!("{START} / {trace}")), readings, "{trace}");
        }
        let emulated = "w fe r 5d / w fd r 21 / w 03 04 / w 03 r 00 / wait 300ms
            w 00 r 19 / w 29 r 00 / w 1b r 00 / w 01 r 1e / w 10 r 00 / w 23 r 00 / w 24 r 00 / w fe r 5d / w fd r 21";
        let readings = "temperature 25, remote_temperature_1 30, remote_temperature_2 0";
        assert_eq!(play(&wired(Chip::Emc1413), emulated), readings);
        for (trace, text) in [
            ("w fe r 5d / w fd r 25", "wrong chip at 0x4c: an unknown chip (id 0x25), not EMC1413"),
            ("w fe r 5d absent", "nothing answers at 0x4c on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Emc1413), trace), text);
        }
    }
}
