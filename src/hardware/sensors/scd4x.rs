//! SCD40, SCD41 and SCD43 (Sensirion, datasheet SCD4x).

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{ChipSettings, Quantity},
};
use std::{thread::sleep, time::Duration};

/// Commands (section 3.5, table 9).
mod command {
    pub const START: u16 = 0x21b1;
    pub const READ: u16 = 0xec05;
    pub const STOP: u16 = 0x3f86;
    pub const SET_ALTITUDE: u16 = 0x2427;
    pub const SET_SELF_CALIBRATION: u16 = 0x2416;
    pub const IS_READY: u16 = 0xe4b8;
}

/// After a stop, and between two measurements.
const STOPPING: Duration = Duration::from_millis(500);
const CYCLE: Duration = Duration::from_secs(5);
const MEASURING_LONGER: Duration = Duration::from_millis(250);
/// Between a command and its answer.
const ANSWERING: Duration = Duration::from_millis(1);
/// In the answer to IS_READY: all zeros when it is not.
const READY: u16 = 0x7ff;

/// Measures every 5 s by itself, once it is set up.
pub(super) struct Driver {
    device: Device,
    altitude_m: u16,
    self_calibration: bool,
    measures: bool,
}

impl Driver {
    pub fn start(settings: &ChipSettings, device: Device) -> Driver {
        let ChipSettings { altitude_m, self_calibration, .. } = *settings;
        Driver { device, altitude_m, self_calibration, measures: false }
    }

    fn ask<const N: usize>(&mut self, command: u16) -> Result<[u16; N], HardwareError> {
        self.device.command(command)?;
        sleep(ANSWERING);
        self.device.words()
    }
}

impl SensorDriver for Driver {
    fn goes_on(&self) -> bool {
        true
    }

    fn measure(&mut self) -> Result<Duration, HardwareError> {
        if self.measures {
            return Ok(Duration::ZERO);
        }
        // It may still measure from before a restart; settings can be made only while it does not.
        self.device.command(command::STOP)?;
        Ok(STOPPING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if !self.measures {
            self.device.command_with(command::SET_ALTITUDE, &[self.altitude_m])?;
            sleep(ANSWERING);
            self.device.command_with(command::SET_SELF_CALIBRATION, &[self.self_calibration.into()])?;
            sleep(ANSWERING);
            self.device.command(command::START)?;
            self.measures = true;
            return Ok(Fetched::NotYet(CYCLE));
        }
        let [ready] = self.ask(command::IS_READY)?;
        if ready & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let [co2, temperature, humidity] = self.ask(command::READ)?.map(f64::from);
        if co2 == 0.0 {
            // There is no such air: it has not measured.
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        // Section 3.6.2.
        let celsius = -45.0 + 175.0 * temperature / 65_535.0;
        let percent = 100.0 * humidity / 65_535.0;
        Ok([(Quantity::Co2, co2), (Quantity::Temperature, celsius), (Quantity::Humidity, percent)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::Chip;

    const START: &str = "w 3f 86 / wait 500ms / w 24 27 00 00 81 / w 24 16 00 01 b0 / w 21 b1 / wait 5s";

    /// Section 3.6.2, example: 500 ppm, 25 °C, 37 %.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            (
                "w e4 b8 / r 80 06 04 / w ec 05 / r 01 f4 33 66 67 a2 5e b9 3c",
                "co2 500, temperature 25.0027, humidity 37.0016",
            ),
            (
                "w e4 b8 / r 80 00 a2 / wait 250ms / w e4 b8 / r 80 06 04 / w ec 05 / r 01 f4 33 00 00 81 00 00 81",
                "co2 500, temperature -45, humidity 0",
            ),
            (
                "w e4 b8 / r 80 06 04 / w ec 05 / r 00 00 81 66 67 a2 5e b9 3c / wait 250ms
                 w e4 b8 / r 80 00 a2 / wait 250ms / w e4 b8 / r 80 06 04 / w ec 05 / r 01 f4 33 66 67 a2 5e b9 3c",
                "co2 500, temperature 25.0027, humidity 37.0016",
            ),
            (
                "w e4 b8 / r 80 06 04 / w ec 05 / r 01 f5 33 66 67 a2 5e b9 3c",
                "a wrong checksum from 0x62: shorten the cable, or keep it away from mains and motors",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Scd4x), &format!("{START} / {trace}")), readings, "{trace}");
        }
        let text = "nothing answers at 0x62 on I2C bus 1: check wiring and address";
        assert_eq!(play(&wired(Chip::Scd4x), "w 3f 86 absent"), text);
    }

    /// Section 3.7.3, example: 1950 m is 0x079e with the checksum 0x09.
    #[test]
    fn settings_and_a_second_reading() {
        let mut chip = wired(Chip::Scd4x);
        chip.settings.altitude_m = 1_950;
        chip.settings.self_calibration = false;
        let start = "w 3f 86 / wait 500ms / w 24 27 07 9e 09 / w 24 16 00 00 81 / w 21 b1 / wait 5s";
        let read = "w e4 b8 / r 80 06 04 / w ec 05 / r 01 f4 33 66 67 a2 5e b9 3c";
        let readings = "co2 500, temperature 25.0027, humidity 37.0016";
        assert_eq!(play(&chip, &format!("{start} / {read} / {read}")), format!("{readings}; {readings}"));
    }
}
