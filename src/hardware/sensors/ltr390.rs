//! LTR-390UV-01 (Lite-On, datasheet DS86-2015-0004): light and the ultraviolet part of it.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use std::time::Duration;

/// Registers (section 7).
mod register {
    pub const CONTROL: u8 = 0x00;
    pub const RATE: u8 = 0x04;
    pub const GAIN: u8 = 0x05;
    pub const PART_ID: u8 = 0x06;
    pub const STATUS: u8 = 0x07;
    pub const LIGHT: u8 = 0x0d;
    pub const ULTRAVIOLET: u8 = 0x10;
}

/// In the upper half of the part id; the lower one is the revision.
const ID: u8 = 0xb;
/// CONTROL: asleep, or measuring one of the two.
const ASLEEP: u8 = 0;
const LIGHT: u8 = 1 << 1;
const ULTRAVIOLET: u8 = 1 << 3 | 1 << 1;
/// In the status: measured since the last look.
const NEW: u8 = 1 << 3;

/// RATE: 18 bits in 100 ms, again after as long; 20 bits in 400 ms, again after 500 ms.
const FAST: u8 = 0b0010 << 4 | 0b010;
const SLOW: u8 = 0b100;
/// With 10 ms of waking up, and a tenth for the chip's own clock.
const MEASURING_LIGHT: Duration = Duration::from_millis(120);
const MEASURING_ULTRAVIOLET: Duration = Duration::from_millis(450);
const MEASURING_LONGER: Duration = Duration::from_millis(20);

/// GAIN and what it stands for.
const RANGES: [(u8, f64); 3] = [(4, 18.0), (1, 3.0), (0, 1.0)];
const MOST_SENSITIVE: u8 = RANGES[0].0;
/// How many counts of light there can be.
const MOST: u32 = (1 << 18) - 1;
/// Numbers of ultraviolet have 20 bits.
const MOST_ULTRAVIOLET: u32 = (1 << 20) - 1;
/// lx for each count in 100 ms with gain 1 (section "ALS Lux formula").
const LUX_PER_COUNT: f64 = 0.6;
/// In 400 ms with gain 18 (section 4.6).
const COUNTS_PER_UV_INDEX: f64 = 2_300.0;

/// Measures light, then ultraviolet, and sleeps until the next time. Finds the sensitivity for light by itself: 0.03 lx to
/// 157 klx. No window is reckoned with.
pub(super) struct Driver {
    device: Device,
    range: usize,
    /// lx, while it measures ultraviolet.
    light: Option<f64>,
}

impl Driver {
    pub fn start(mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::PART_ID)?;
        device.check_id((id >> 4).into(), ID.into(), "LTR390")?;
        Ok(Driver { device, range: 0, light: None })
    }

    /// Counts of light or ultraviolet, of which there can be `most`.
    fn counts(&mut self, register: u8, most: u32) -> Result<u32, HardwareError> {
        let bytes: [u8; 3] = self.device.read_from(register)?;
        self.device.doubt(&bytes, [register::PART_ID, register::GAIN])?;
        let counts = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        if counts > most { Err(self.device.fault("tells more than it can count")) } else { Ok(counts) }
    }

    fn begin(&mut self, what: u8, rate: u8, gain: u8) -> Result<(), HardwareError> {
        self.device.write(&[register::CONTROL, ASLEEP])?;
        self.device.write(&[register::RATE, rate])?;
        self.device.write(&[register::GAIN, gain])?;
        // Looking at it forgets what was measured before.
        self.device.byte(register::STATUS)?;
        self.device.write(&[register::CONTROL, what])
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.light = None;
        self.begin(LIGHT, FAST, RANGES[self.range].0)?;
        Ok(MEASURING_LIGHT)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.device.byte(register::STATUS)? & NEW == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        if let Some(lux) = self.light {
            let counts = self.counts(register::ULTRAVIOLET, MOST_ULTRAVIOLET)?;
            self.device.write(&[register::CONTROL, ASLEEP])?;
            let index = f64::from(counts) / COUNTS_PER_UV_INDEX;
            return Ok([(Quantity::Illuminance, lux), (Quantity::UvIndex, index)].into());
        }
        let counts = self.counts(register::LIGHT, MOST)?;
        if counts > MOST - MOST / 16 && self.range + 1 < RANGES.len() {
            self.range += 1;
            return self.measure().map(Fetched::NotYet);
        }
        let (_, gain) = RANGES[self.range];
        self.light = Some(LUX_PER_COUNT * f64::from(counts) / gain);
        if counts < MOST / 32 {
            self.range = self.range.saturating_sub(1);
        }
        self.begin(ULTRAVIOLET, SLOW, MOST_SENSITIVE)?;
        Ok(Fetched::NotYet(MEASURING_ULTRAVIOLET))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const UV: &str = "w 00 00 / w 04 04 / w 05 04 / w 07 r 00 / w 00 0a / wait 450ms";

    fn light(gain: &str) -> String {
        format!("w 00 00 / w 04 22 / w 05 {gain} / w 07 r 08 / w 00 02 / wait 120ms")
    }

    /// By the formulas, since the datasheet has no worked example: 3000 counts with gain 18 are 0.6 * 3000 / 18 lx, 2300 of
    /// ultraviolet the index 1; the most that 18 bits hold with gain 1 are the 157 klx of its first page.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let (dark, brighter, sun) = (light("04"), light("01"), light("00"));
        for (trace, readings) in [
            (
                format!("{dark} / w 07 r 08 / w 0d r b8 0b 00 / {UV} / w 07 r 08 / w 10 r fc 08 00 / w 00 00"),
                "illuminance 100, uv_index 1",
            ),
            (
                format!(
                    "{dark} / w 07 r 00 / wait 20ms / w 07 r 08 / w 0d r 00 00 00 / w 06 r b2 / w 05 r 04
                     {UV} / w 07 r 00 / wait 20ms / w 07 r 08 / w 10 r 00 00 00 / w 06 r b2 / w 05 r 04 / w 00 00"
                ),
                "illuminance 0, uv_index 0",
            ),
            (
                // Too bright twice, then full sun; a cloud: the range before, next time.
                format!(
                    "{dark} / w 07 r 08 / w 0d r ff ff 03 / {brighter} / w 07 r 08 / w 0d r ff ff 03
                     {sun} / w 07 r 08 / w 0d r ff ff 03 / {UV} / w 07 r 08 / w 10 r d8 59 00 / w 00 00
                     {sun} / w 07 r 08 / w 0d r e8 03 00 / {UV} / w 07 r 08 / w 10 r 98 08 00 / w 00 00
                     {brighter} / w 07 r 08 / w 0d r 10 27 00 / {UV} / w 07 r 08 / w 10 r 98 08 00 / w 00 00"
                ),
                "illuminance 157285.8, uv_index 10; illuminance 600, uv_index 0.9565; illuminance 2000, uv_index 0.9565",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Ltr390), &format!("w 06 r b2 / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            ("w 06 r 92", "wrong chip at 0x53: an unknown chip (id 0x09), not LTR390"),
            ("w 06 r b2 absent", "nothing answers at 0x53 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Ltr390), trace), text);
        }
    }
}
