//! INA219 (Texas Instruments, datasheet SBOS448): voltage and current of one line.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, ChipSettings, Quantity},
};
use std::time::Duration;

const CONFIGURATION: u8 = 0x00;
const SHUNT_VOLTAGE: u8 = 0x01;
const BUS_VOLTAGE: u8 = 0x02;
/// 32 V, 320 mV across the shunt, both the mean of 16, once (section 8.6.2.1).
const MEASURE: u16 = 0b0011_1110_0110_0011;
/// Twice 8.51 ms (table 5), and 10 %.
const MEASURING: Duration = Duration::from_millis(19);
const MEASURING_LONGER: Duration = Duration::from_millis(2);
/// In the bus voltage: measured.
const READY: u16 = 1 << 1;
/// V of the lowest bits (sections 8.6.3.1 and 8.6.3.2).
const SHUNT_STEP: f64 = 10e-6;
const BUS_STEP: f64 = 4e-3;

/// Sleeps between measurements. Its own calibration is not used: current and power are worked out here. It has no
/// register that tells what it is.
pub(super) struct Driver {
    device: Device,
    shunt_ohm: f64,
}

impl Driver {
    pub fn start(settings: &ChipSettings, device: Device) -> Driver {
        Driver { device, shunt_ohm: settings.shunt_ohm }
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.set_word(CONFIGURATION, MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bus = self.device.word(BUS_VOLTAGE)?;
        if bus & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let shunt: [u8; 2] = self.device.read_from(SHUNT_VOLTAGE)?;
        self.device.doubt_by_word(&[bus.to_be_bytes(), shunt].concat(), CONFIGURATION)?;
        let volt = f64::from(bus >> 3) * BUS_STEP;
        // A current that is too strong for the shunt reads as the most.
        let shunt = f64::from(i16::from_be_bytes(shunt));
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

    /// Section 9.2, table 8: 10 A through 2 mΩ at 11.98 V. Negative: section 8.6.3.1, -320 mV is 0x8300.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let mut chip = wired(Chip::Ina219);
        chip.settings.shunt_ohm = 0.002;
        let trace = "w 00 3e 63 / wait 19ms / w 02 r 5d 9a / w 01 r 07 d0";
        assert_eq!(play(&chip, trace), "voltage 11.98, current 10, power 119.8");
        let chip = wired(Chip::Ina219);
        let trace = "w 00 3e 63 / wait 19ms / w 02 r 5d 98 / wait 2ms / w 02 r 5d 9a / w 01 r 83 00";
        assert_eq!(play(&chip, trace), "voltage 11.98, current -3.2, power -38.336");
        let text = "nothing answers at 0x40 on I2C bus 1: check wiring and address";
        assert_eq!(play(&chip, "w 00 3e 63 absent"), text);
    }
}
