//! Industrial I/O: `/sys/bus/iio/devices/iio:deviceN` (kernel document Documentation/ABI/testing/sysfs-bus-iio).
//!
//! A channel is either processed, `in_temp_input`, or raw: (`in_temp_raw` + `in_temp_offset`) * `in_temp_scale`, where
//! offset and scale may be those of all channels of the type (`in_voltage_scale`).

use super::sysfs;
use crate::{
    hardware::{
        HardwareError,
        sensors::{Fetched, SensorDriver},
    },
    model::{KernelChannel, Quantity},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A DHT22 can be asked every two seconds, and does not understand every question: its driver answers EIO or ETIMEDOUT.
const DHT_RETRIES: u32 = 2;
const DHT_REST: Duration = Duration::from_millis(2_050);

/// One device; found anew at each start, for its number moves.
pub(super) struct Driver {
    folder: PathBuf,
    channels: Vec<KernelChannel>,
    /// How often a measurement is tried again at once.
    retries: u32,
    failed: u32,
}

impl Driver {
    pub fn start(root: &Path, device: &str, channels: &[KernelChannel]) -> Result<Driver, HardwareError> {
        let folder = sysfs::device(&root.join("bus/iio/devices"), "IIO", device)?;
        let retries = if device.starts_with("dht11") || device.starts_with("dht22") { DHT_RETRIES } else { 0 };
        Ok(Driver { folder, channels: channels.to_vec(), retries, failed: 0 })
    }

    fn read_once(&self) -> Result<Vec<(Quantity, f64)>, HardwareError> {
        self.channels.iter().map(|channel| Ok((channel.quantity, self.value(channel)?))).collect()
    }

    /// In the unit of the quantity.
    fn value(&self, channel: &KernelChannel) -> Result<f64, HardwareError> {
        let name = channel.name.strip_prefix("in_").unwrap_or(&channel.name);
        let file = |suffix: &str| self.folder.join(format!("in_{name}_{suffix}"));
        let in_its_unit = match sysfs::number_if_there(&file("input"))? {
            Some(value) => value,
            None => {
                (sysfs::number(&file("raw"))? + self.shared(name, "offset", 0.0)?) * self.shared(name, "scale", 1.0)?
            }
        };
        Ok(in_its_unit * factor(name))
    }

    /// Offset or scale: the channel's own, or that of all channels of its type.
    fn shared(&self, name: &str, suffix: &str, absent: f64) -> Result<f64, HardwareError> {
        let without_numbers: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
        for name in [name, &without_numbers, kind(name)] {
            if let Some(value) = sysfs::number_if_there(&self.folder.join(format!("in_{name}_{suffix}")))? {
                return Ok(value);
            }
        }
        Ok(absent)
    }
}

impl SensorDriver for Driver {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        match self.read_once() {
            Err(_) if self.failed < self.retries => {
                self.failed += 1;
                Ok(Fetched::NotYet(DHT_REST))
            }
            result => {
                self.failed = 0;
                result.map(Fetched::Readings)
            }
        }
    }
}

/// `voltage` of `voltage0`, `temp` of `temp_object`.
fn kind(name: &str) -> &str {
    name.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or(name)
}

/// From the unit of the kernel's document to ours.
fn factor(name: &str) -> f64 {
    match kind(name) {
        // Milli degrees, milli percent, millivolt, milliampere, milliwatt.
        "temp" | "humidityrelative" | "voltage" | "current" | "power" => 0.001,
        // Kilopascal to hPa.
        "pressure" => 10.0,
        // Percent to ppm.
        "concentration" => 10_000.0,
        // Lux, µg/m³, ohm and the rest.
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Tree, *};
    use crate::model::Quantity::{Humidity, Pressure, Temperature};

    fn start(tree: &Tree, device: &str, list: &[(Quantity, &str)]) -> Result<Driver, HardwareError> {
        let channel = |&(quantity, name): &(Quantity, &str)| KernelChannel { quantity, name: name.into() };
        let channels: Vec<KernelChannel> = list.iter().map(channel).collect();
        Driver::start(tree.root(), device, &channels)
    }

    fn read(tree: &Tree, device: &str, list: &[(Quantity, &str)]) -> Result<Vec<(Quantity, f64)>, String> {
        tree.told(start(tree, device, list).and_then(|mut driver| driver.fetch()))
    }

    /// What the kernel's bmp280 driver shows for a BME280 (all channels processed).
    #[test]
    fn processed_channels() {
        let tree = Tree::new(&[
            ("bus/iio/devices/iio:device1/name", "bme280\n"),
            ("bus/iio/devices/iio:device1/in_temp_input", "25080\n"),
            ("bus/iio/devices/iio:device1/in_pressure_input", "100.653265625\n"),
            ("bus/iio/devices/iio:device1/in_humidityrelative_input", "45123\n"),
            ("bus/iio/devices/iio:device0/name", "bh1750\n"),
        ]);
        let list = [(Temperature, "temp"), (Humidity, "humidityrelative"), (Pressure, "pressure")];
        let readings = read(&tree, "bme280", &list).unwrap();
        let expected = [(Temperature, 25.08), (Humidity, 45.123), (Pressure, 1_006.532_656_25)];
        for ((quantity, value), (of, should)) in readings.into_iter().zip(expected) {
            assert!(quantity == of && (value - should).abs() < 1e-9, "{quantity:?} {value}");
        }
    }

    /// What the kernel's hdc100x driver shows: raw channels with offset and scale; a negative temperature.
    #[test]
    fn raw_channels() {
        let tree = Tree::new(&[
            ("bus/iio/devices/iio:device0/name", "hdc1080\n"),
            ("bus/iio/devices/iio:device0/in_temp_raw", "11960\n"),
            ("bus/iio/devices/iio:device0/in_temp_offset", "-15887.515151\n"),
            ("bus/iio/devices/iio:device0/in_temp_scale", "2.517700195\n"),
        ]);
        let readings = read(&tree, "hdc1080", &[(Temperature, "temp")]).unwrap();
        assert!((readings[0].1 - -9.888).abs() < 0.001, "{readings:?}");
    }

    #[test]
    fn a_scale_of_all_channels_of_a_type() {
        let tree = Tree::new(&[
            ("bus/iio/devices/iio:device0/name", "mlx90614\n"),
            ("bus/iio/devices/iio:device0/in_temp_object_raw", "15000\n"),
            ("bus/iio/devices/iio:device0/in_temp_offset", "-13657.5\n"),
            ("bus/iio/devices/iio:device0/in_temp_scale", "20\n"),
        ]);
        assert_eq!(read(&tree, "mlx90614", &[(Temperature, "in_temp_object")]), Ok(vec![(Temperature, 26.85)]));
    }

    #[test]
    fn a_device_is_also_found_by_the_beginning_of_its_name() {
        let tree = Tree::new(&[
            ("bus/iio/devices/iio:device0/name", "dht11@4\n"),
            ("bus/iio/devices/iio:device0/in_temp_input", "-1500\n"),
        ]);
        assert_eq!(read(&tree, "dht11", &[(Temperature, "temp")]), Ok(vec![(Temperature, -1.5)]));
        tree.write("bus/iio/devices/iio:device1/name", "dht11@11\n");
        let text = "there is no single IIO device dht11: several have this name: write another of dht11@4, dht11@11";
        assert_eq!(read(&tree, "dht11", &[(Temperature, "temp")]), Err(text.into()));
        assert!(read(&tree, "dht11@4", &[(Temperature, "temp")]).is_ok());
    }

    #[test]
    fn a_dht22_is_asked_three_times() {
        let tree = Tree::new(&[("bus/iio/devices/iio:device0/name", "dht11@4\n")]);
        let mut driver = start(&tree, "dht11", &[(Temperature, "temp")]).unwrap();
        for _ in 0..2 {
            assert!(matches!(driver.fetch(), Ok(Fetched::NotYet(rest)) if rest > Duration::from_secs(2)));
        }
        assert!(driver.fetch().is_err());
        assert!(matches!(driver.fetch(), Ok(Fetched::NotYet(_))));
        tree.write("bus/iio/devices/iio:device0/in_temp_input", "-1500\n");
        assert_eq!(tree.told(driver.fetch()), Ok(vec![(Temperature, -1.5)]));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let tree = Tree::new(&[("bus/iio/devices/iio:device0/name", "bmp280\n")]);
        let text = "there is no single IIO device bme280: the kernel shows bmp280; check the dtoverlay and the wiring";
        assert_eq!(read(&tree, "bme280", &[(Temperature, "temp")]), Err(text.into()));
        let absent = read(&tree, "bmp280", &[(Temperature, "temp")]).unwrap_err();
        assert!(
            absent.starts_with("cannot read /sys/bus/iio/devices/iio:device0/in_temp_raw: No such file"),
            "{absent}"
        );
        tree.write("bus/iio/devices/iio:device0/in_temp_input", "nan?\n");
        let text = "/sys/bus/iio/devices/iio:device0/in_temp_input holds \"nan?\", which is not a number";
        assert_eq!(read(&tree, "bmp280", &[(Temperature, "temp")]), Err(text.into()));
    }
}
