//! INA226 (Texas Instruments, datasheet SBOS547): voltage and current of one line.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, ChipSettings, Quantity},
};
use std::time::Duration;

const CONFIGURATION: u8 = 0x00;
const SHUNT_VOLTAGE: u8 = 0x01;
const BUS_VOLTAGE: u8 = 0x02;
const STATUS: u8 = 0x06;
const DIE_ID: u8 = 0xff;
const ID: u16 = 0x2260;
/// The mean of 16, 1.1 ms for each, both voltages, once (section 7.6.1).
const MEASURE: u16 = 0b0100_0101_0010_0011;
/// 16 times 2.2 ms, and 10 %.
const MEASURING: Duration = Duration::from_millis(39);
const MEASURING_LONGER: Duration = Duration::from_millis(2);
/// In the status: measured.
const READY: u16 = 1 << 3;
/// V of the lowest bits (sections 7.6.2 and 7.6.3).
const SHUNT_STEP: f64 = 2.5e-6;
const BUS_STEP: f64 = 1.25e-3;

/// Sleeps between measurements. Its own calibration is not used: current and power are worked out here.
pub(super) struct Driver {
    device: Device,
    shunt_ohm: f64,
}

impl Driver {
    pub fn start(settings: &ChipSettings, mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DIE_ID)?;
        // The lower four bits are the revision.
        device.check_id(id & 0xfff0, ID, "INA226")?;
        Ok(Driver { device, shunt_ohm: settings.shunt_ohm })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.set_word(CONFIGURATION, MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.device.word(STATUS)? & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let (shunt, bus) = (self.device.read_from(SHUNT_VOLTAGE)?, self.device.read_from(BUS_VOLTAGE)?);
        self.device.doubt_by_word(&[shunt, bus].concat(), DIE_ID)?;
        // A current that is too strong for the shunt reads as the most.
        let shunt = f64::from(i16::from_be_bytes(shunt));
        let volt = f64::from(u16::from_be_bytes(bus)) * BUS_STEP;
        let ampere = shunt * SHUNT_STEP / self.shunt_ohm;
        Ok([
            (Quantity::Voltage(Channel::Only), volt),
            (Quantity::Current(Channel::Only), ampere),
            (Quantity::Power(Channel::Only), volt * ampere),
        ]
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Section 7.5.1, table 1: 10 A through 2 mΩ at 11.98 V. Negative: section 7.6.2, -80 mV is 0x8300.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let mut chip = wired(Chip::Ina226);
        chip.settings.shunt_ohm = 0.002;
        let trace = "w ff r 22 60 / w 00 45 23 / wait 39ms / w 06 r 00 08 / w 01 r 1f 40 / w 02 r 25 70";
        assert_eq!(play(&chip, trace), "voltage 11.98, current 10, power 119.8");
        let trace = "w ff r 22 61 / w 00 45 23 / wait 39ms / w 06 r 00 00 / wait 2ms / w 06 r 00 08
            w 01 r 83 00 / w 02 r 25 70";
        assert_eq!(play(&chip, trace), "voltage 11.98, current -40, power -479.2");
        for (trace, text) in [
            ("w ff r 00 00", "wrong chip at 0x40: an unknown chip (id 0x00), not INA226"),
            ("w ff r 22 60 absent", "nothing answers at 0x40 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&chip, trace), text);
        }
    }
}
