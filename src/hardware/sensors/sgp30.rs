//! SGP30 (Sensirion, datasheet SGP30, version 1.0).

use super::{Device, Fetched, SensorDriver, readings_within};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Commands (section "Measurement communication", table 10).
mod command {
    pub const START: u16 = 0x2003;
    pub const MEASURE: u16 = 0x2008;
    pub const FEATURE_SET: u16 = 0x202f;
}

/// In the upper four bits of the feature set.
const PRODUCT_TYPE: u16 = 0;
/// At most 10 ms for these, 12 ms for a measurement (table 10).
const ANSWERING: Duration = Duration::from_millis(11);
const MEASURING: Duration = Duration::from_millis(13);
/// For so long after its start it says 400 ppm and 0 ppb, whatever the air.
const SETTLING: Duration = Duration::from_secs(15);

/// Must be read every second, for the algorithm in it. What that has learnt is lost when the driver starts anew. It is not
/// told the humidity of the air.
pub(super) struct Driver {
    device: Device,
    /// How many readings mean nothing yet.
    settling: u32,
}

impl Driver {
    pub fn start(every: Duration, mut device: Device) -> Result<Driver, HardwareError> {
        device.command(command::FEATURE_SET)?;
        sleep(ANSWERING);
        let [features] = device.words()?;
        device.check_id(features >> 12, PRODUCT_TYPE, "SGP30")?;
        device.command(command::START)?;
        sleep(ANSWERING);
        Ok(Driver { device, settling: readings_within(SETTLING, every) })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.command(command::MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [eco2, tvoc] = self.device.words()?.map(f64::from);
        if self.settling > 0 {
            self.settling -= 1;
            return Ok(Fetched::Readings(Vec::new()));
        }
        Ok([(Quantity::Eco2, eco2), (Quantity::Tvoc, tvoc)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w 20 2f / r 00 22 65 / w 20 03";

    /// By the formats of the datasheet, which has no worked example. The ends of both scales are 400 and 60000 ppm, 0 and
    /// 60000 ppb. Two readings of 10 s each are within the first 15 s.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let measure = "w 20 08 / wait 13ms / r";
        let settle = format!("{measure} 01 90 4c 00 00 81 / {measure} 01 90 4c 00 00 81");
        for (trace, readings) in [
            (format!("{settle} / {measure} 01 90 4c 00 00 81"), "; ; eco2 400, tvoc 0"),
            (format!("{settle} / {measure} ea 60 a2 ea 60 a2"), "; ; eco2 60000, tvoc 60000"),
            (
                format!("{measure} 01 90 4c 00 00 82"),
                "a wrong checksum from 0x58: shorten the cable, or keep it away from mains and motors",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Sgp30), &format!("{START} / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            // An SGPC3.
            ("w 20 2f / r 10 06 49", "wrong chip at 0x58: an unknown chip (id 0x01), not SGP30"),
            ("w 20 2f absent", "nothing answers at 0x58 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Sgp30), trace), text);
        }
    }
}
