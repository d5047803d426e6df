//! BH1750FVI (ROHM, datasheet 2009.10 rev. B).

use super::{Device, Fetched, SensorDriver, device::is_monotone};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Once, in steps of about 1 lx; then it powers itself down.
const MEASURE: u8 = 0x20;
/// At most 180 ms at the usual sensitivity, and in proportion at others.
const MEASURING: Duration = Duration::from_millis(180);
/// Counts for each lx at the usual sensitivity (page 7).
const COUNTS_PER_LUX: f64 = 1.2;
/// The sensitivity, of which 69 is the usual one and 31 the lowest (page 11).
const USUAL: u8 = 69;
const LOWEST: u8 = 31;
/// Powers it up; forgets what it measured.
const WAKE_UP: u8 = 0x01;
const FORGET: u8 = 0x07;
/// All bits: it is brighter than can be counted.
const TOO_BRIGHT: u16 = u16::MAX;
/// Below this, at the lowest sensitivity, the usual one will do next time.
const DIM: u16 = 20_000;

/// Reads 0 to 121 klx: in full sun it changes to its lowest sensitivity, and what is brighter reads as the most. It has no
/// register at all, so that nothing tells darkness from a wire that is held down.
pub(super) struct Driver {
    device: Device,
    sensitivity: u8,
}

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver { device, sensitivity: USUAL }
    }
}

impl Driver {
    /// Fails when it answers as before after what it measured was reset to 0 (page 5).
    fn check_it_forgets(&mut self) -> Result<(), HardwareError> {
        self.device.write(&[WAKE_UP])?;
        self.device.write(&[FORGET])?;
        if self.device.read::<2>()? == [0; 2] { Ok(()) } else { Err(self.device.monotone()) }
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        // In two commands, the higher three bits first.
        self.device.write(&[0b0100_0000 | self.sensitivity >> 5])?;
        self.device.write(&[0b0110_0000 | self.sensitivity & 0b1_1111])?;
        self.device.write(&[MEASURE])?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.device.read()?;
        if is_monotone(&bytes) && bytes[0] != 0 {
            self.check_it_forgets()?;
        }
        let counts = u16::from_be_bytes(bytes);
        let sensitivity = self.sensitivity;
        if counts == TOO_BRIGHT && sensitivity == USUAL {
            self.sensitivity = LOWEST;
            return self.measure().map(Fetched::NotYet);
        }
        if counts < DIM {
            self.sensitivity = USUAL;
        }
        let lux = f64::from(counts) / COUNTS_PER_LUX * f64::from(USUAL) / f64::from(sensitivity);
        Ok([(Quantity::Illuminance, lux)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 0x8390 is the datasheet's example (page 7): 28067 lx.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w 42 / w 65 / w 20 / wait 180ms / r 83 90", "illuminance 28066.6667"),
            ("w 42 / w 65 / w 20 / wait 180ms / r 00 00", "illuminance 0"),
            ("w 42 absent", "nothing answers at 0x23 on I2C bus 1: check wiring and address"),
            (
                "w 42 / w 65 / w 20 / wait 180ms / r ff ff / w 01 / w 07 / r 00 00 # too bright
                 w 40 / w 7f / w 20 / wait 180ms / r ff ff / w 01 / w 07 / r 00 00
                 w 40 / w 7f / w 20 / wait 180ms / r 00 78 # a cloud: 120 / 1.2 * 69 / 31
                 w 42 / w 65 / w 20 / wait 180ms / r 00 78",
                "illuminance 121556.8548; illuminance 222.5806; illuminance 100",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Bh1750), trace), readings, "{trace}");
        }
    }
}
