//! Hardware monitoring: `/sys/class/hwmon/hwmonN` (kernel document Documentation/hwmon/sysfs-interface.rst).

use super::sysfs;
use crate::{
    hardware::{
        HardwareError,
        sensors::{Fetched, SensorDriver},
    },
    model::KernelChannel,
};
use std::path::{Path, PathBuf};

/// One device; found anew at each start, for its number moves.
pub(super) struct Driver {
    folder: PathBuf,
    channels: Vec<KernelChannel>,
}

impl Driver {
    /// A channel is called by its file, `temp1`, or by its label, as `sensors` of the package lm-sensors shows it.
    pub fn start(root: &Path, device: &str, channels: &[KernelChannel]) -> Result<Driver, HardwareError> {
        let folder = sysfs::device(&root.join("class/hwmon"), "hwmon", device, &[])?;
        let found = |channel: &KernelChannel| {
            let name = labelled(&folder, &channel.name).unwrap_or_else(|| channel.name.to_string());
            KernelChannel { quantity: channel.quantity, name: name.into() }
        };
        let channels = channels.iter().map(found).collect();
        Ok(Driver { folder, channels })
    }

    fn value(&self, name: &str) -> Result<f64, HardwareError> {
        let file = |suffix: &str| self.folder.join(format!("{name}_{suffix}"));
        if sysfs::number_if_there(&file("fault"))?.is_some_and(|fault| fault > 0.0) {
            let folder = self.folder.display();
            return Err(HardwareError::KernelFault {
                what: format!("{folder}/{name}_fault says that the sensor is broken"),
            });
        }
        Ok(sysfs::number(&file("input"))? * factor(name))
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let read = |channel: &KernelChannel| Ok((channel.quantity, self.value(&channel.name)?));
        self.channels.iter().map(read).collect::<Result<_, _>>().map(Fetched::Readings)
    }
}

/// The channel whose `_label` says this.
fn labelled(folder: &Path, label: &str) -> Option<String> {
    sysfs::entries(folder).into_iter().find_map(|path| {
        let channel = sysfs::name(&path).strip_suffix("_label")?.to_owned();
        (sysfs::text(&path).ok()? == label).then_some(channel)
    })
}

/// From the unit of the kernel's document to ours.
fn factor(name: &str) -> f64 {
    match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        // Microwatt.
        "power" => 1e-6,
        // Microjoule to kWh.
        "energy" => 1.0 / 3.6e12,
        // Revolutions per minute, and PWM values.
        "fan" | "pwm" => 1.0,
        // Milli degrees, milli percent, millivolt, milliampere.
        _ => 0.001,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Tree, *};
    use crate::model::{
        Channel,
        Quantity::{self, Humidity, Temperature},
    };

    fn read(tree: &Tree, device: &str, quantity: Quantity, name: &str) -> Result<Vec<(Quantity, f64)>, String> {
        let channels = [KernelChannel { quantity, name: name.into() }];
        tree.told(Driver::start(tree.root(), device, &channels).and_then(|mut driver| driver.fetch()))
    }

    #[test]
    fn channels_by_name_and_by_label() {
        let tree = Tree::new(&[
            ("class/hwmon/hwmon0/name", "cpu_thermal\n"),
            ("class/hwmon/hwmon0/temp1_input", "48312\n"),
            ("class/hwmon/hwmon3/name", "sht3x\n"),
            ("class/hwmon/hwmon3/temp1_input", "-4250\n"),
            ("class/hwmon/hwmon3/humidity1_input", "61200\n"),
            ("class/hwmon/hwmon3/temp2_input", "30000\n"),
            ("class/hwmon/hwmon3/temp2_label", "Board\n"),
        ]);
        assert_eq!(read(&tree, "cpu_thermal", Temperature, "temp1"), Ok(vec![(Temperature, 48.312)]));
        assert_eq!(read(&tree, "sht3x", Temperature, "temp1"), Ok(vec![(Temperature, -4.25)]));
        assert_eq!(read(&tree, "sht3x", Humidity, "humidity1"), Ok(vec![(Humidity, 61.2)]));
        assert_eq!(read(&tree, "sht3x", Temperature, "Board"), Ok(vec![(Temperature, 30.0)]));
    }

    #[test]
    fn every_kind_of_channel_has_its_unit() {
        let tree = Tree::new(&[
            ("class/hwmon/hwmon0/name", "pwmfan\n"),
            ("class/hwmon/hwmon0/fan1_input", "2931\n"),
            ("class/hwmon/hwmon1/name", "ina219\n"),
            ("class/hwmon/hwmon1/in1_input", "4988\n"),
            ("class/hwmon/hwmon1/curr1_input", "-350\n"),
            ("class/hwmon/hwmon1/power1_input", "1745000\n"),
            ("class/hwmon/hwmon1/energy1_input", "9000000000000\n"),
        ]);
        assert_eq!(read(&tree, "pwmfan", Quantity::FanSpeed, "fan1"), Ok(vec![(Quantity::FanSpeed, 2931.0)]));
        for (quantity, channel, value) in [
            (Quantity::Voltage(Channel::Only), "in1", 4.988),
            (Quantity::Current(Channel::Only), "curr1", -0.35),
            (Quantity::Power(Channel::Only), "power1", 1.745),
            (Quantity::Energy, "energy1", 2.5),
        ] {
            let read = read(&tree, "ina219", quantity, channel).unwrap()[0].1;
            assert!((read - value).abs() < 1e-9, "{channel}: {read}");
        }
    }

    #[test]
    fn a_fault_of_the_chip_is_no_reading() {
        let tree = Tree::new(&[
            ("class/hwmon/hwmon0/name", "emc1403\n"),
            ("class/hwmon/hwmon0/temp2_input", "-128000\n"),
            ("class/hwmon/hwmon0/temp2_fault", "1\n"),
        ]);
        let text = "/sys/class/hwmon/hwmon0/temp2_fault says that the sensor is broken";
        assert_eq!(read(&tree, "emc1403", Temperature, "temp2"), Err(text.into()));
        tree.write("class/hwmon/hwmon0/temp2_fault", "0\n");
        assert_eq!(read(&tree, "emc1403", Temperature, "temp2"), Ok(vec![(Temperature, -128.0)]));
        let text = "there is no single hwmon device lm75: the kernel shows emc1403; check the dtoverlay and the wiring";
        assert_eq!(read(&tree, "lm75", Temperature, "temp1"), Err(text.into()));
    }
}
