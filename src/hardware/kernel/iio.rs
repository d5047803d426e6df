//! Industrial I/O: `/sys/bus/iio/devices/iio:deviceN` (kernel document Documentation/ABI/testing/sysfs-bus-iio).
//!
//! A channel is either processed, `in_temp_input`, or raw: (`in_temp_raw` + `in_temp_offset`) * `in_temp_scale`, where
//! offset and scale may be those of all channels of the type (`in_voltage_scale`). That is in the unit of the document, but
//! for the drivers that do not keep to it.

use super::sysfs;
use crate::{
    hardware::{
        HardwareError,
        sensors::{Fetched, SensorDriver},
    },
    model::{KernelChannel, KernelFacts, KernelUnit, Quantity, Unit, kernel_facts},
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
    /// What is known of it.
    facts: Option<&'static KernelFacts>,
    channels: Vec<KernelChannel>,
    /// How often a measurement is tried again at once.
    retries: u32,
    failed: u32,
}

impl Driver {
    pub fn start(root: &Path, device: &str, channels: &[KernelChannel]) -> Result<Driver, HardwareError> {
        let facts = kernel_facts(device);
        let folder =
            sysfs::device(&root.join("bus/iio/devices"), "IIO", device, facts.map_or(&[], |facts| facts.names))?;
        // The configuration may call it by its address.
        let facts = facts.or_else(|| sysfs::names(&folder).iter().find_map(|name| kernel_facts(name)));
        let retries = if device.starts_with("dht11") || device.starts_with("dht22") { DHT_RETRIES } else { 0 };
        Ok(Driver { folder, facts, channels: channels.to_vec(), retries, failed: 0 })
    }

    fn read_once(&self) -> Result<Vec<(Quantity, f64)>, HardwareError> {
        self.channels.iter().map(|channel| Ok((channel.quantity, self.value(channel)?))).collect()
    }

    /// In the unit of the quantity.
    fn value(&self, channel: &KernelChannel) -> Result<f64, HardwareError> {
        let name = channel.name.strip_prefix("in_").unwrap_or(&channel.name);
        let file = |suffix: &str| self.folder.join(format!("in_{name}_{suffix}"));
        let (value, scale) = match sysfs::number_if_there(&file("input"))? {
            Some(value) => (value, None),
            None => {
                let scale = self.shared(name, "scale", 1.0)?;
                ((sysfs::number(&file("raw"))? + self.shared(name, "offset", 0.0)?) * scale, Some(scale))
            }
        };
        let quantity = channel.quantity;
        let documented = value * factor(name, quantity);
        let values = self.facts.iter().flat_map(|facts| facts.values);
        let unit = values.copied().find(|(_, known, _)| *known == name).map(|(.., unit)| unit);
        Ok(match unit.unwrap_or(KernelUnit::Documented) {
            KernelUnit::Own => value,
            KernelUnit::Fraction => value * PERCENT * factor(name, quantity),
            KernelUnit::OwnBelowScale(limit) if scale.is_some_and(|scale| scale.abs() < limit) => value,
            KernelUnit::OwnIfPlausible if quantity.plausible().contains(&value) => value,
            KernelUnit::Documented | KernelUnit::OwnBelowScale(_) | KernelUnit::OwnIfPlausible => documented,
        })
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

const PERCENT: f64 = 100.0;

/// From the unit of the kernel's document to that of the quantity.
fn factor(name: &str, quantity: Quantity) -> f64 {
    match kind(name) {
        // Milli degrees, milli percent, millivolt, milliampere, milliwatt.
        "temp" | "humidityrelative" | "voltage" | "current" | "power" => 0.001,
        // Kilopascal to hPa.
        "pressure" => 10.0,
        // Joule to kWh.
        "energy" => 1.0 / 3.6e6,
        // Percent.
        "concentration" if quantity.unit() == Unit::PartsPerMillion => 1e4,
        "concentration" if quantity.unit() == Unit::PartsPerBillion => 1e7,
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

    /// Files of each driver as its source prints them, and what they mean.
    #[test]
    fn every_driver_in_its_own_units() {
        use Quantity::{Co2, Eco2, GasResistance, Illuminance, Tvoc, UvIndex, VocIndex};
        type Files = &'static [(&'static str, &'static str)];
        let cases: &[(&str, Files, Quantity, &str, f64)] = &[
            // val / 1000 of thousandths: percent.
            ("bme680", &[("in_humidityrelative_input", "45.123000000")], Humidity, "humidityrelative", 45.123),
            ("bme680", &[("in_humidityrelative_input", "45123")], Humidity, "humidityrelative", 45.123),
            ("bme680", &[("in_pressure_input", "100.977000000")], Pressure, "pressure", 1_009.77),
            // Before Linux 6.10.
            ("bme680", &[("in_pressure_input", "1009.770000000")], Pressure, "pressure", 1_009.77),
            ("bme680", &[("in_temp_input", "19310")], Temperature, "temp", 19.31),
            ("bme680", &[("in_resistance_input", "20467")], GasResistance, "resistance", 20_467.0),
            ("bme280", &[("in_humidityrelative_input", "45123")], Humidity, "humidityrelative", 45.123),
            (
                "ccs811",
                &[("in_concentration_co2_raw", "800"), ("in_concentration_co2_scale", "0.000100")],
                Eco2,
                "concentration_co2",
                800.0,
            ),
            (
                "ccs811",
                &[("in_concentration_voc_raw", "60"), ("in_concentration_voc_scale", "0.000000100")],
                Tvoc,
                "concentration_voc",
                60.0,
            ),
            (
                "ens160",
                &[("in_concentration_voc_raw", "300"), ("in_concentration_voc_scale", "0.000000100")],
                Tvoc,
                "concentration_voc",
                300.0,
            ),
            ("sgp30", &[("in_concentration_co2_input", "0.000450")], Eco2, "concentration_co2", 450.0),
            ("sgp30", &[("in_concentration_voc_input", "0.000000125")], Tvoc, "concentration_voc", 125.0),
            ("ams-iaq-core", &[("in_concentration_voc_input", "0.000000125")], Tvoc, "concentration_voc", 125.0),
            (
                "vz89x",
                &[
                    ("in_concentration_co2_raw", "13"),
                    ("in_concentration_co2_offset", "44.250000"),
                    ("in_concentration_co2_scale", "0.00000698689"),
                ],
                Eco2,
                "concentration_co2",
                400.0,
            ),
            ("sgp40", &[("in_concentration_input", "103.515625")], VocIndex, "concentration", 103.515_625),
            (
                "scd30",
                &[("in_concentration_co2_raw", "43909"), ("in_concentration_co2_scale", "0.000001")],
                Co2,
                "concentration_co2",
                439.09,
            ),
            (
                "scd41",
                &[("in_concentration_co2_raw", "500"), ("in_concentration_co2_scale", "0.000100")],
                Co2,
                "concentration_co2",
                500.0,
            ),
            (
                "scd41",
                &[("in_temp_raw", "26215"), ("in_temp_offset", "-16852.114286"), ("in_temp_scale", "2.670288085")],
                Temperature,
                "temp",
                25.001_6,
            ),
            (
                "sunrise_co2",
                &[("in_concentration_co2_raw", "500"), ("in_concentration_co2_scale", "0.000100000")],
                Co2,
                "concentration_co2",
                500.0,
            ),
            ("mh-z19b", &[("in_concentration_co2_raw", "612")], Co2, "concentration_co2", 612.0),
            // Degrees and percent for each count, and thousandths in newer kernels.
            (
                "hdc3020",
                &[("in_temp_raw", "26215"), ("in_temp_offset", "-16852"), ("in_temp_scale", "0.002670288")],
                Temperature,
                "temp",
                25.001_9,
            ),
            (
                "hdc3020",
                &[("in_temp_raw", "26215"), ("in_temp_offset", "-16852"), ("in_temp_scale", "2.670328832")],
                Temperature,
                "temp",
                25.002_3,
            ),
            (
                "hdc3020",
                &[("in_humidityrelative_raw", "32768"), ("in_humidityrelative_scale", "0.001525878")],
                Humidity,
                "humidityrelative",
                50.0,
            ),
            (
                "hts221",
                &[("in_temp_raw", "300"), ("in_temp_offset", "947.300000000"), ("in_temp_scale", "0.020000000")],
                Temperature,
                "temp",
                24.946,
            ),
            (
                "hts221",
                &[
                    ("in_humidityrelative_raw", "-4000"),
                    ("in_humidityrelative_offset", "-12000.000000000"),
                    ("in_humidityrelative_scale", "-0.003500000"),
                ],
                Humidity,
                "humidityrelative",
                56.0,
            ),
            (
                "hdc2010",
                &[("in_humidityrelative_raw", "32768"), ("in_humidityrelative_scale", "1.525878906")],
                Humidity,
                "humidityrelative",
                50.0,
            ),
            ("tsl2561", &[("in_illuminance0_input", "343")], Illuminance, "illuminance0", 343.0),
            ("ltr390", &[("in_uvindex_raw", "288"), ("in_uvindex_scale", "0.010416666")], UvIndex, "uvindex", 3.0),
        ];
        for &(device, files, quantity, channel, should) in cases {
            let tree = Tree::new(&[("bus/iio/devices/iio:device0/name", device)]);
            files.iter().for_each(|(file, text)| tree.write(&format!("bus/iio/devices/iio:device0/{file}"), text));
            let value = read(&tree, device, &[(quantity, channel)]).unwrap()[0].1;
            assert!((value - should).abs() <= should.abs() * 1e-4, "{device} {channel}: {value}, not {should}");
            let known = kernel_facts(device).unwrap().values.iter();
            assert!(known.copied().any(|(of, name, _)| (of, name) == (quantity, channel)), "{device} {channel}");
        }
    }

    /// The driver of the MAX31855 calls it by its own name, that of the HDC1080 by its address.
    #[test]
    fn a_device_is_found_by_what_it_was_announced_as() {
        let tree = Tree::new(&[
            (
                "devices/spi0.0/uevent",
                "DRIVER=maxim_thermocouple\nOF_COMPATIBLE_0=maxim,max31855k\nMODALIAS=spi:max31855k\n",
            ),
            ("devices/spi0.0/iio:device0/name", "maxim_thermocouple\n"),
            ("devices/spi0.0/iio:device0/in_temp_raw", "86\n"),
            ("devices/spi0.0/iio:device0/in_temp_scale", "250\n"),
            ("devices/1-0040/name", "hdc1080\n"),
            ("devices/1-0040/iio:device1/name", "1-0040\n"),
            ("devices/1-0040/iio:device1/in_temp_raw", "11960\n"),
        ]);
        tree.link("devices/spi0.0/iio:device0", "bus/iio/devices/iio:device0");
        tree.link("devices/1-0040/iio:device1", "bus/iio/devices/iio:device1");
        for device in ["maxim_thermocouple", "max31855", "max31855k"] {
            assert_eq!(read(&tree, device, &[(Temperature, "temp")]), Ok(vec![(Temperature, 21.5)]), "{device}");
        }
        for device in ["hdc1080", "1-0040"] {
            assert_eq!(read(&tree, device, &[(Temperature, "temp")]), Ok(vec![(Temperature, 11.96)]), "{device}");
        }
        // Two of one driver are told apart by what they were announced as.
        tree.write("devices/spi0.1/uevent", "OF_COMPATIBLE_0=maxim,max6675\n");
        tree.write("devices/spi0.1/iio:device2/name", "maxim_thermocouple\n");
        tree.write("devices/spi0.1/iio:device2/in_temp_raw", "40\n");
        tree.write("devices/spi0.1/iio:device2/in_temp_scale", "250\n");
        tree.link("devices/spi0.1/iio:device2", "bus/iio/devices/iio:device2");
        assert_eq!(read(&tree, "max6675", &[(Temperature, "temp")]), Ok(vec![(Temperature, 10.0)]));
        assert_eq!(read(&tree, "max31855k", &[(Temperature, "temp")]), Ok(vec![(Temperature, 21.5)]));
        let several = read(&tree, "maxim_thermocouple", &[(Temperature, "temp")]).unwrap_err();
        assert!(several.contains("several have this name: write another of"), "{several}");
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
