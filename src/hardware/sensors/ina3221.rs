//! INA3221 (Texas Instruments, datasheet SBOS576): voltage and current of three lines.

use super::{Device, Fetched, SensorDriver};
use crate::{
    hardware::HardwareError,
    model::{Channel, ChipSettings, Quantity},
};
use std::time::Duration;

const CONFIGURATION: u8 = 0x00;
/// That of the first channel; then the voltages of its bus, of the next shunt, and so on (section 8.6, table 3).
const SHUNT_VOLTAGE: u8 = 0x01;
const STATUS: u8 = 0x0f;
const DIE_ID: u8 = 0xff;
const ID: u16 = 0x3220;
/// Channel 1 of three.
const FIRST_CHANNEL: u16 = 1 << 14;
/// The mean of 16, 1.1 ms for each, both voltages, once (section 8.6.2.1).
const MEASURE: u16 = 0b0000_0101_0010_0011;
/// 16 times 2.2 ms, and 10 %, for each channel.
const MEASURING: Duration = Duration::from_millis(39);
const MEASURING_LONGER: Duration = Duration::from_millis(2);
/// In the status: measured.
const READY: u16 = 1;
/// V of the lowest bits, above three that are always 0 (sections 8.6.2.2 and 8.6.2.3).
const SHUNT_STEP: f64 = 40e-6;
const BUS_STEP: f64 = 8e-3;

/// Sleeps between measurements.
pub(super) struct Driver {
    device: Device,
    shunt_ohm: f64,
    channels: Vec<Channel>,
}

impl Driver {
    pub fn start(settings: &ChipSettings, mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.word(DIE_ID)?;
        device.check_id(id, ID, "INA3221")?;
        Ok(Driver { device, shunt_ohm: settings.shunt_ohm, channels: settings.channels.clone() })
    }

    /// The voltages of shunt and bus of a channel.
    fn volts(&mut self, channel: Channel) -> Result<(f64, f64), HardwareError> {
        let register = SHUNT_VOLTAGE + 2 * (channel.number() as u8 - 1);
        let (shunt, bus) = (self.device.read_from(register)?, self.device.read_from(register + 1)?);
        self.device.doubt_by_word(&[shunt, bus].concat(), DIE_ID)?;
        let volt = |bytes, step| f64::from(i16::from_be_bytes(bytes) >> 3) * step;
        Ok((volt(shunt, SHUNT_STEP), volt(bus, BUS_STEP)))
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        let used = self.channels.iter().map(|channel| FIRST_CHANNEL >> (channel.number() - 1));
        self.device.set_word(CONFIGURATION, MEASURE | used.fold(0, |all, one| all | one))?;
        Ok(MEASURING * self.channels.len() as u32)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.device.word(STATUS)? & READY == 0 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        let mut readings = Vec::new();
        for channel in self.channels.clone() {
            let (shunt, volt) = self.volts(channel)?;
            let ampere = shunt / self.shunt_ohm;
            readings.extend([
                (Quantity::Voltage(channel), volt),
                (Quantity::Current(channel), ampere),
                (Quantity::Power(channel), volt * ampere),
            ]);
        }
        Ok(Fetched::Readings(readings))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::{Channel, Chip};

    /// Section 8.6.2.2: -80 mV across the shunt is 0xc180. By hand: 1000 steps of 40 µV and 1500 of 8 mV.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let trace = "w ff r 32 20 / w 00 75 23 / wait 117ms / w 0f r 00 00 / wait 2ms / w 0f r 00 01
            w 01 r 1f 40 / w 02 r 2e e0
            w 03 r c1 80 / w 04 r 2e e0
            w 05 r 00 00 / w 06 r 00 00 / w ff r 32 20";
        let readings = "voltage_1 12, current_1 0.4, power_1 4.8, voltage_2 12, current_2 -0.8, power_2 -9.6, \
                        voltage_3 0, current_3 0, power_3 0";
        assert_eq!(play(&wired(Chip::Ina3221), trace), readings);
        let mut second = wired(Chip::Ina3221);
        second.settings.channels = vec![Channel::Two];
        second.settings.shunt_ohm = 0.01;
        let trace = "w ff r 32 20 / w 00 25 23 / wait 39ms / w 0f r 00 01 / w 03 r 1f 40 / w 04 r 2e e0";
        assert_eq!(play(&second, trace), "voltage_2 12, current_2 4, power_2 48");
        for (trace, text) in [
            ("w ff r 22 60", "wrong chip at 0x40: an unknown chip (id 0x2260), not INA3221"),
            ("w ff r 32 20 absent", "nothing answers at 0x40 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&second, trace), text);
        }
    }
}
