//! VEML7700 (Vishay, datasheet 84286 and application note 84323).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

const CONFIGURATION: u8 = 0x00;
const LIGHT: u8 = 0x04;
const SHUT_DOWN: u16 = 1;

/// A sensitivity: the bits of gain and integration time (datasheet, table 1), lx for each count (application note,
/// "Resolution and maximum detection range": 0.0042 lx with gain 2 and 800 ms, and in proportion), and how long it
/// takes, with the 2.5 ms of waking up and a tenth for the chip's own clock.
struct Range {
    configuration: u16,
    lux_per_count: f64,
    measuring: Duration,
}

const RANGES: [Range; 3] = [
    // Gain 2, 400 ms
    Range { configuration: 0b01 << 11 | 0b0010 << 6, lux_per_count: 0.0084, measuring: Duration::from_millis(450) },
    // Gain 1/4, 100 ms
    Range { configuration: 0b11 << 11, lux_per_count: 0.2688, measuring: Duration::from_millis(120) },
    // Gain 1/8, 25 ms
    Range { configuration: 0b10 << 11 | 0b1100 << 6, lux_per_count: 2.1504, measuring: Duration::from_millis(40) },
];

/// More than this many counts: the next range.
const MANY: u16 = 60_000;
/// Fewer than this many: the range before, next time.
const FEW: u16 = 1_000;
/// Brighter than this, counts are no longer in proportion to the light.
const CURVED_LUX: f64 = 1_000.0;
const FULL_SUN_LUX: f64 = 140_000.0;

/// Finds the sensitivity by itself: 0.01 lx to 141 klx. Not all of these chips have a register that tells what they are.
pub(super) struct Driver {
    device: Device,
    range: usize,
}

impl Driver {
    pub fn start(device: Device) -> Driver {
        Driver { device, range: 0 }
    }

    /// Registers are of 16 bits, the lower byte first.
    fn configure(&mut self, configuration: u16) -> Result<(), HardwareError> {
        let [low, high] = configuration.to_le_bytes();
        self.device.write(&[CONFIGURATION, low, high])
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        // Settings are changed while it is shut down (application note, figure "Refresh time").
        let range = &RANGES[self.range];
        self.configure(range.configuration | SHUT_DOWN)?;
        self.configure(range.configuration)?;
        Ok(range.measuring)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let bytes = self.device.read_from(LIGHT)?;
        // The two bytes of every configuration above differ.
        self.device.doubt_by_word(&bytes, CONFIGURATION)?;
        let counts = u16::from_le_bytes(bytes);
        let range = &RANGES[self.range];
        if counts > MANY && self.range + 1 < RANGES.len() {
            self.range += 1;
            return self.measure().map(Fetched::NotYet);
        }
        if counts < FEW {
            self.range = self.range.saturating_sub(1);
        }
        let lux = f64::from(counts) * range.lux_per_count;
        Ok([(Quantity::Illuminance, if lux > CURVED_LUX { straightened(lux) } else { lux })].into())
    }
}

/// The correction for bright light (application note, "Correction formula"). Beyond full sun it soon has no meaning.
fn straightened(lux: f64) -> f64 {
    ((((6.0135e-13 * lux - 9.3924e-9) * lux + 8.1488e-5) * lux + 1.0023) * lux).min(FULL_SUN_LUX)
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// 1480 counts with gain 1/4 and 100 ms are the example of the application note, 397.8 lx with its newer factors.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w 00 81 08 / w 00 80 08 / wait 450ms / w 04 r 10 27", "illuminance 84"),
            ("w 00 81 08 / w 00 80 08 / wait 450ms / w 04 r 00 00 / w 00 r 80 08", "illuminance 0"),
            (
                "w 00 81 08 / w 00 80 08 / wait 450ms / w 04 r ff ff / w 00 r 80 08 # too bright
                 w 00 01 18 / w 00 00 18 / wait 120ms / w 04 r c8 05",
                "illuminance 397.824",
            ),
            (
                "w 00 81 08 / w 00 80 08 / wait 450ms / w 04 r ff ff / w 00 r 80 08
                 w 00 01 18 / w 00 00 18 / wait 120ms / w 04 r ff ff / w 00 r 00 18
                 w 00 01 13 / w 00 00 13 / wait 40ms / w 04 r 10 27 # 10000 counts: 21504 lx before the correction
                 w 00 01 13 / w 00 00 13 / wait 40ms / w 04 r 64 00 # a cloud: the range before, next time
                 w 00 01 18 / w 00 00 18 / wait 120ms / w 04 r e8 03",
                "illuminance 94427.1503; illuminance 215.04; illuminance 268.8",
            ),
            (
                "w 00 81 08 / w 00 80 08 / wait 450ms / w 04 r ff ff / w 00 r 80 08 # full sun, and more
                 w 00 01 18 / w 00 00 18 / wait 120ms / w 04 r ff ff / w 00 r 00 18
                 w 00 01 13 / w 00 00 13 / wait 40ms / w 04 r ff ff / w 00 r 00 13",
                "illuminance 140000",
            ),
            ("w 00 81 08 absent", "nothing answers at 0x10 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Veml7700), trace), readings, "{trace}");
        }
    }
}
