//! SCD30 (Sensirion, "Interface description Sensirion SCD30", version 1.0).

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{ChipSettings, Quantity},
};
use std::{thread::sleep, time::Duration};

/// Commands (section 1.4).
mod command {
    pub const START: u16 = 0x0010;
    pub const SET_INTERVAL: u16 = 0x4600;
    pub const IS_READY: u16 = 0x0202;
    pub const READ: u16 = 0x0300;
    pub const SELF_CALIBRATION: u16 = 0x5306;
    pub const ALTITUDE: u16 = 0x5102;
}

/// Between a command and its answer: more than 3 ms (section 1.1).
const ANSWERING: Duration = Duration::from_millis(4);
/// Between two measurements, in seconds, as from the factory.
const INTERVAL_S: u16 = 2;
const MEASURING_LONGER: Duration = Duration::from_millis(250);
/// Instead of the air's pressure: none, so that the altitude counts.
const NO_PRESSURE: u16 = 0;

/// Measures every 2 s by itself. It stretches the clock of the bus, up to 150 ms once a day, which the I2C of Raspberry
/// Pis before the 5 gets wrong unless the bus is slow: see docs/chips.md.
pub(super) struct Driver(Device);

impl Driver {
    pub fn start(settings: &ChipSettings, device: Device) -> Result<Driver, HardwareError> {
        let mut driver = Driver(device);
        // These are kept in a memory that wears out: they are written only when they differ.
        driver.set(command::ALTITUDE, settings.altitude_m)?;
        driver.set(command::SELF_CALIBRATION, settings.self_calibration.into())?;
        driver.set(command::SET_INTERVAL, INTERVAL_S)?;
        driver.0.command_with(command::START, &[NO_PRESSURE])?;
        Ok(driver)
    }

    fn ask<const N: usize>(&mut self, command: u16) -> Result<[u16; N], HardwareError> {
        self.0.command(command)?;
        sleep(ANSWERING);
        self.0.words()
    }

    fn set(&mut self, command: u16, value: u16) -> Result<(), HardwareError> {
        if self.ask(command)? != [value] {
            self.0.command_with(command, &[value])?;
            sleep(ANSWERING);
        }
        Ok(())
    }
}

impl SensorDriver for Driver {
    fn goes_on(&self) -> bool {
        true
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.ask(command::IS_READY)? == [0] {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        // Floating-point numbers of IEEE 754, the higher word first (section 1.4.5).
        let [c1, c0, t1, t0, h1, h0] = self.ask(command::READ)?.map(u32::from);
        let number = |high: u32, low: u32| f64::from(f32::from_bits(high << 16 | low));
        let co2 = number(c1, c0);
        if co2 <= 0.0 {
            // The first ones after power-up.
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        Ok([(Quantity::Co2, co2), (Quantity::Temperature, number(t1, t0)), (Quantity::Humidity, number(h1, h0))].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w 51 02 / r 00 00 81 / w 53 06 / r 00 01 b0 / w 46 00 / r 00 02 e3 / w 00 10 00 00 81";

    /// Section 1.4.5, example: 439.09 ppm, 27.2 °C, 48.8 %.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let read = "w 02 02 / r 00 01 b0 / w 03 00 / r";
        for (trace, readings) in [
            (
                format!("{read} 43 db cb 8c 2e 8f 41 d9 70 e7 ff f5 42 43 bf 3a 1b 74"),
                "co2 439.0952, temperature 27.2383, humidity 48.8067",
            ),
            (
                // -12.5 °C is 0xc1480000; none of 0 ppm is told.
                format!(
                    "w 02 02 / r 00 00 81 / wait 250ms / {read} 00 00 81 00 00 81 00 00 81 00 00 81 00 00 81 00 00 81
                     wait 250ms / {read} 43 db cb 8c 2e 8f c1 48 5b 00 00 81 42 43 bf 3a 1b 74"
                ),
                "co2 439.0952, temperature -12.5, humidity 48.8067",
            ),
            (
                format!("{read} 43 db cb 8c 2e 8f 41 d9 70 e7 ff f5 42 43 bf 3a 1b 75"),
                "a wrong checksum from 0x61: shorten the cable, or keep it away from mains and motors",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Scd30), &format!("{START} / {trace}")), readings, "{trace}");
        }
        let text = "nothing answers at 0x61 on I2C bus 1: check wiring and address";
        assert_eq!(play(&wired(Chip::Scd30), "w 51 02 absent"), text);
    }

    #[test]
    fn settings_are_written_when_they_differ() {
        let mut chip = wired(Chip::Scd30);
        chip.settings.altitude_m = 1_950;
        chip.settings.self_calibration = false;
        let trace = "w 51 02 / r 00 00 81 / w 51 02 07 9e 09 / w 53 06 / r 00 01 b0 / w 53 06 00 00 81
            w 46 00 / r 00 01 b0 / w 46 00 00 02 e3 / w 00 10 00 00 81
            w 02 02 / r 00 01 b0 / w 03 00 / r 43 db cb 8c 2e 8f 41 d9 70 e7 ff f5 42 43 bf 3a 1b 74";
        assert_eq!(play(&chip, trace), "co2 439.0952, temperature 27.2383, humidity 48.8067");
    }
}
