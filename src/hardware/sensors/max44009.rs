//! MAX44009 (Maxim, datasheet 19-5719).

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

const CONFIGURATION: u8 = 0x02;
const HIGH: u8 = 0x03;
const LOW: u8 = 0x04;
/// All ones from power-up on; nobody sets it.
const THRESHOLD_TIMER: u8 = 0x07;
/// Finds its range by itself, every 800 ms.
const AUTOMATIC: u8 = 0;
/// With a tenth for the chip's own clock.
const CYCLE: Duration = Duration::from_millis(880);
/// lx for the lowest bit of the mantissa when the exponent is 0 (register 0x04).
const STEP: f64 = 0.045;
/// Stands for more than can be measured.
const TOO_BRIGHT: u8 = 0xf;
const MOST: f64 = STEP * (255 << 14) as f64;

/// 0.045 lx to 188 klx; what is brighter reads as that. It measures by itself, with less than a microampere. It has no
/// register that tells what it is.
pub(super) struct Driver {
    device: Device,
    started: bool,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        device.write(&[CONFIGURATION, AUTOMATIC])?;
        Ok(Driver { device, started: false })
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(if std::mem::replace(&mut self.started, true) { Duration::ZERO } else { CYCLE })
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        // The datasheet asks for both bytes in one transfer, with a repeated start between them: the I2C controller of
        // Raspberry Pis cannot read twice in one. So the first is looked at again: a new value came between them if it
        // differs, and the next one is far away.
        let before = self.device.byte(HIGH)?;
        let mut low = self.device.byte(LOW)?;
        let high = self.device.byte(HIGH)?;
        if high != before {
            low = self.device.byte(LOW)?;
        }
        // Zeros are darkness, ones too bright, or a dead wire.
        self.device.doubt(&[before, low], [CONFIGURATION, THRESHOLD_TIMER])?;
        let (exponent, mantissa) = (high >> 4, high << 4 | low & 0xf);
        let lux = STEP * f64::from(u32::from(mantissa) << exponent);
        Ok([(Quantity::Illuminance, if exponent == TOO_BRIGHT { MOST } else { lux })].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    /// Those of register 0x04. (Its third is of the exponent 0, not 1 as printed: 17 steps.)
    #[test]
    fn the_examples_of_the_datasheet() {
        for (high, low, readings) in [
            ("00", "00", "illuminance 0"),
            ("00", "01", "illuminance 0.045"),
            ("01", "00", "illuminance 0.72"),
            ("01", "01", "illuminance 0.765"),
            ("11", "01", "illuminance 1.53"),
            ("ef", "0e", "illuminance 187269.12"),
            ("ef", "0f", "illuminance 188006.4"),
            // Too bright.
            ("ff", "0f", "illuminance 188006.4"),
            ("f0", "00", "illuminance 188006.4"),
        ] {
            let lives = if high == low { " / w 02 r 00 / w 07 r ff" } else { "" };
            let trace = format!("w 02 00 / wait 880ms / w 03 r {high} / w 04 r {low} / w 03 r {high}{lives}");
            assert_eq!(play(&wired(Chip::Max44009), &trace), readings, "{high} {low}");
        }
    }

    #[test]
    fn what_can_go_wrong() {
        // 2^3 * 0x80 steps became 2^4 * 0x42 between the two bytes.
        let trace = "w 02 00 / wait 880ms / w 03 r 38 / w 04 r 02 / w 03 r 44 / w 04 r 02
            w 03 r 44 / w 04 r 03 / w 03 r 44";
        assert_eq!(play(&wired(Chip::Max44009), trace), "illuminance 47.52; illuminance 48.24");
        let text = "nothing answers at 0x4a on I2C bus 1: check wiring and address";
        assert_eq!(play(&wired(Chip::Max44009), "w 02 00 absent"), text);
    }
}
