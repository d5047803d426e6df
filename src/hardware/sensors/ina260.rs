//! INA260 (Texas Instruments, datasheet SBOS656): voltage and current of one line, with the resistor in the chip.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, Quantity},
};
use std::time::Duration;

const CONFIGURATION: u8 = 0x00;
const CURRENT: u8 = 0x01;
const BUS_VOLTAGE: u8 = 0x02;
const STATUS: u8 = 0x06;
const DIE_ID: u8 = 0xff;
const ID: u16 = 0x2270;
/// The mean of 16, 1.1 ms for each, both, once (section 8.6.1).
const MEASURE: u16 = 0b0110_0101_0010_0011;
/// 16 times 2.2 ms, and 10 %.
const MEASURING: Duration = Duration::from_millis(39);
const MEASURING_LONGER: Duration = Duration::from_millis(2);
/// In the status: measured.
const READY: u16 = 1 << 3;
/// A and V of the lowest bits (sections 8.6.2 and 8.6.3).
const CURRENT_STEP: f64 = 1.25e-3;
const BUS_STEP: f64 = 1.25e-3;

/// Sleeps between measurements. The power is worked out here: that of the chip has no sign.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DIE_ID)?;
        // The lower four bits are the revision.
        device.check_id(id & 0xfff0, ID, "INA260")?;
        Ok(Driver(device))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.0.set_word(CONFIGURATION, MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.0.word(STATUS)? & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let (current, bus) = (self.0.read_from(CURRENT)?, self.0.read_from(BUS_VOLTAGE)?);
        self.0.doubt_by_word(&[current, bus].concat(), DIE_ID)?;
        let ampere = f64::from(i16::from_be_bytes(current)) * CURRENT_STEP;
        let volt = f64::from(u16::from_be_bytes(bus)) * BUS_STEP;
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

    /// By the steps of sections 8.6.2 and 8.6.3: 8000 steps of current, 9584 of voltage; the ends of both registers.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let measure = "w 00 65 23 / wait 39ms / w 06 r 00 08";
        for (trace, readings) in [
            (
                format!("w ff r 22 70 / {measure} / w 01 r 1f 40 / w 02 r 25 70"),
                "voltage 11.98, current 10, power 119.8",
            ),
            (
                format!("w ff r 22 71 / {measure} / w 01 r ff ff / w 02 r 00 01"),
                "voltage 0.0013, current -0.0013, power -0",
            ),
            (
                "w ff r 22 70 / w 00 65 23 / wait 39ms / w 06 r 00 00 / wait 2ms / w 06 r 00 08
                 w 01 r 80 00 / w 02 r 70 80"
                    .into(),
                "voltage 36, current -40.96, power -1474.56",
            ),
            ("w ff r 22 60".into(), "wrong chip at 0x40: an unknown chip (id 0x2260), not INA260"),
            ("w ff r 22 70 absent".into(), "nothing answers at 0x40 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Ina260), &trace), readings, "{trace}");
        }
    }
}
