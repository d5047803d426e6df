//! ADS1115 (Texas Instruments, datasheet SBAS444) and ADS1015 (SBAS473): four voltages.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, ChipSettings, Quantity},
};
use std::time::Duration;

const CONVERSION: u8 = 0x00;
const CONFIGURATION: u8 = 0x01;
/// In the configuration (ADS1115, section 9.6.3): begin, or, when read, finished.
const START: u16 = 1 << 15;
/// An input against ground.
const SINGLE_ENDED: u16 = 1 << 14;
const ONCE: u16 = 1 << 8;
const NO_COMPARATOR: u16 = 0b11;
/// 128 measurements a second, one of them with 10 % of room (section 7.5) and waking up.
const MEASURING: Duration = Duration::from_millis(9);
const MEASURING_LONGER: Duration = Duration::from_millis(1);
/// The steps of half the scale.
const HALF_SCALE: f64 = 32_768.0;

#[derive(Clone, Copy)]
pub(super) enum Model {
    Ads1015,
    Ads1115,
}

/// Sleeps between measurements. It has no register that tells what it is.
pub(super) struct Driver {
    device: Device,
    channels: Vec<Channel>,
    full_scale_v: f64,
    /// All but input and start.
    configuration: u16,
    /// What was last written there.
    asked: u16,
    /// What was measured so far; the next channel is being measured.
    readings: Vec<(Quantity, f64)>,
}

impl Driver {
    pub fn start(model: Model, settings: &ChipSettings, device: Device) -> Driver {
        let range = match settings.full_scale_v {
            v if v > 5.0 => 0b000u16,
            v if v > 3.0 => 0b001,
            v if v > 1.5 => 0b010,
            v if v > 0.75 => 0b011,
            v if v > 0.4 => 0b100,
            _ => 0b101,
        };
        let rate = match model {
            Model::Ads1015 => 0b000u16,
            Model::Ads1115 => 0b100,
        };
        Driver {
            device,
            channels: settings.channels.clone(),
            full_scale_v: settings.full_scale_v,
            configuration: range << 9 | ONCE | rate << 5 | NO_COMPARATOR,
            asked: 0,
            readings: Vec::new(),
        }
    }

    /// Begins with the next channel; nothing when all are done.
    fn next(&mut self) -> Result<Option<Duration>, HardwareError> {
        let Some(channel) = self.channels.get(self.readings.len()) else { return Ok(None) };
        let input = (channel.number() as u16 - 1) << 12;
        self.asked = START | SINGLE_ENDED | input | self.configuration;
        self.device.set_word(CONFIGURATION, self.asked)?;
        Ok(Some(MEASURING))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.readings.clear();
        self.next().map(|wait| wait.unwrap_or_default())
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let Some(&channel) = self.channels.get(self.readings.len()) else {
            return Ok(Fetched::Readings(Vec::new()));
        };
        let configuration = self.device.word(CONFIGURATION)?;
        if configuration | START != self.asked {
            return Err(self.device.fault("has lost its set-up: check its supply, and SDA"));
        }
        if configuration & START == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        // More than full scale reads as that. Those of an ADS1015 are of 12 bits, left-aligned.
        let steps = i16::from_be_bytes(self.device.read_from(CONVERSION)?);
        self.readings.push((Quantity::Voltage(channel), f64::from(steps) / HALF_SCALE * self.full_scale_v));
        Ok(match self.next()? {
            Some(wait) => Fetched::NotYet(wait),
            None => Fetched::Readings(std::mem::take(&mut self.readings)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::{Channel, Chip};

    /// Section 9.3.3, table "Input signal versus ideal output code", with a full scale of 4.096 V: 0x7fff, 0x4000 (half),
    /// one step below zero, and the lowest.
    #[test]
    fn four_voltages() {
        let mut chip = wired(Chip::Ads1115);
        chip.settings.full_scale_v = 4.096;
        let trace = "w 01 c3 83 / wait 9ms / w 01 r c3 83 / w 00 r 7f ff
            w 01 d3 83 / wait 9ms / w 01 r 53 83 / wait 1ms / w 01 r d3 83 / w 00 r 40 00
            w 01 e3 83 / wait 9ms / w 01 r e3 83 / w 00 r ff ff
            w 01 f3 83 / wait 9ms / w 01 r f3 83 / w 00 r 80 00";
        assert_eq!(play(&chip, trace), "voltage_1 4.0959, voltage_2 2.048, voltage_3 -0.0001, voltage_4 -4.096");
    }

    #[test]
    fn one_channel_and_every_range() {
        for (full_scale, configuration, readings) in [
            (6.144, "d1 83", "voltage_2 3.072"),
            (4.096, "d3 83", "voltage_2 2.048"),
            (2.048, "d5 83", "voltage_2 1.024"),
            (1.024, "d7 83", "voltage_2 0.512"),
            (0.512, "d9 83", "voltage_2 0.256"),
            (0.256, "db 83", "voltage_2 0.128"),
        ] {
            let mut chip = wired(Chip::Ads1115);
            chip.settings.full_scale_v = full_scale;
            chip.settings.channels = vec![Channel::Two];
            let trace = format!("w 01 {configuration} / wait 9ms / w 01 r {configuration} / w 00 r 40 00");
            assert_eq!(play(&chip, &trace), readings);
        }
    }

    #[test]
    fn an_ads1015_and_none() {
        let mut chip = wired(Chip::Ads1015);
        chip.settings.channels = vec![Channel::One];
        assert_eq!(play(&chip, "w 01 c1 03 / wait 9ms / w 01 r c1 03 / w 00 r 7f f0"), "voltage_1 6.141");
        let text = "nothing answers at 0x48 on I2C bus 1: check wiring and address";
        assert_eq!(play(&chip, "w 01 c1 03 absent"), text);
    }
}
