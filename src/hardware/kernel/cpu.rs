//! The processor: its temperature, and what the firmware of a Raspberry Pi says of its power.

use super::sysfs;
use crate::{
    hardware::{
        HardwareError,
        sensors::{Fetched, SensorDriver},
    },
    model::Quantity,
};
use std::path::{Path, PathBuf};

/// The flags of the firmware, in hexadecimal (Raspberry Pi documentation, `vcgencmd get_throttled`).
const UNDERVOLTAGE: u32 = 1 << 0;
/// The clock is held down: capped, throttled, or at the soft temperature limit.
const THROTTLED: u32 = 1 << 1 | 1 << 2 | 1 << 3;

/// The first thermal zone, in m°C (kernel document Documentation/driver-api/thermal/sysfs-api.rst).
const TEMPERATURE: &str = "class/thermal/thermal_zone0/temp";
/// The Raspberry Pi's kernel only.
const FLAGS: &str = "devices/platform/soc/soc:firmware/get_throttled";
/// The driver raspberrypi-hwmon of every kernel: 1 while the supply is too low.
const VOLT: &str = "rpi_volt";

pub(super) struct Driver {
    root: PathBuf,
}

impl Driver {
    pub fn start(root: &Path) -> Driver {
        Driver { root: root.into() }
    }

    /// 1 while the supply is too low; nothing where no firmware watches it.
    fn undervoltage(&self, flags: Option<u32>) -> Result<Option<bool>, HardwareError> {
        match sysfs::device(&self.root.join("class/hwmon"), "hwmon", VOLT, &[]) {
            Ok(folder) => Ok(sysfs::number_if_there(&folder.join("in0_lcrit_alarm"))?.map(|alarm| alarm > 0.0)),
            Err(_) => Ok(flags.map(|flags| flags & UNDERVOLTAGE != 0)),
        }
    }

    fn flags(&self) -> Result<Option<u32>, HardwareError> {
        let path = self.root.join(FLAGS);
        if !path.exists() {
            return Ok(None);
        }
        let text = sysfs::text(&path)?;
        let flags = u32::from_str_radix(text.trim_start_matches("0x"), 16);
        flags.map(Some).map_err(|_| HardwareError::NotANumber { path: path.display().to_string(), text })
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let mut readings = vec![(Quantity::Temperature, sysfs::number(&self.root.join(TEMPERATURE))? / 1000.0)];
        let flags = self.flags()?;
        let as_number = |on: bool| f64::from(u8::from(on));
        readings.extend(self.undervoltage(flags)?.map(|low| (Quantity::Undervoltage, as_number(low))));
        readings.extend(flags.map(|flags| (Quantity::Throttled, as_number(flags & THROTTLED != 0))));
        Ok(Fetched::Readings(readings))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Tree, *};

    fn read(tree: &Tree) -> Vec<(Quantity, f64)> {
        tree.told(Driver::start(tree.root()).fetch()).unwrap()
    }

    #[test]
    fn temperature_and_flags() {
        let tree = Tree::new(&[(TEMPERATURE, "51121\n")]);
        assert_eq!(read(&tree), [(Quantity::Temperature, 51.121)], "a board without flags");
        // Undervoltage and throttling now, and both since the start.
        tree.write(FLAGS, "50005\n");
        let all = |low, throttled| {
            vec![(Quantity::Temperature, 51.121), (Quantity::Undervoltage, low), (Quantity::Throttled, throttled)]
        };
        assert_eq!(read(&tree), all(1.0, 1.0));
        tree.write(FLAGS, "50000\n");
        assert_eq!(read(&tree), all(0.0, 0.0), "what was is not what is");
        tree.write("class/hwmon/hwmon1/name", "rpi_volt\n");
        tree.write("class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
        assert_eq!(read(&tree), all(1.0, 0.0));
    }
}
