//! The devices of the kernel that are known: what each shows, under which names, and in which units, by the sources of
//! their drivers (Linux 6.1 to 6.18).
//!
//! Most keep to the kernel's document Documentation/ABI/testing/sysfs-bus-iio. Some do not, and stay so.

use super::Quantity::{self, *};

/// In which unit a driver shows a quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KernelUnit {
    /// As the kernel's document says.
    Documented,
    /// In that of the quantity itself.
    Own,
    /// 1 stands for all of it, of a concentration.
    Fraction,
    /// In that of the quantity where `scale` is less than this, as older kernels have it or all; else as documented.
    OwnBelowScale(f64),
    /// In that of the quantity where the number could be one, else as documented: it changed from one to the other.
    OwnIfPlausible,
}

/// One of its values: the quantity, the kernel's name of it, and the unit.
pub type KernelValue = (Quantity, &'static str, KernelUnit);

/// A device of Industrial I/O.
pub struct KernelFacts {
    /// What its file `name` says, and the names by which it is sold or announced.
    pub names: &'static [&'static str],
    /// What it reads.
    pub values: &'static [KernelValue],
}

/// The row of a device; what follows an `@` does not count.
pub fn kernel_facts(device: &str) -> Option<&'static KernelFacts> {
    let name = device.split('@').next().unwrap_or(device);
    IIO.iter().find(|facts| facts.names.contains(&name))
}

const fn usual(quantity: Quantity, name: &'static str) -> KernelValue {
    (quantity, name, KernelUnit::Documented)
}

const TEMPERATURE: KernelValue = usual(Temperature, "temp");
const HUMIDITY: KernelValue = usual(Humidity, "humidityrelative");
const PRESSURE: KernelValue = usual(Pressure, "pressure");
const ILLUMINANCE: KernelValue = usual(Illuminance, "illuminance");
const CO2: KernelValue = usual(Co2, "concentration_co2");

/// In percent and parts of it.
const GASES: &[KernelValue] = &[usual(Eco2, "concentration_co2"), usual(Tvoc, "concentration_voc")];
/// Of whole.
const GASES_OF_WHOLE: &[KernelValue] =
    &[(Eco2, "concentration_co2", KernelUnit::Fraction), (Tvoc, "concentration_voc", KernelUnit::Fraction)];
/// A degree, a percent for each count, and not a thousandth: of drivers that all have 14 bits or more.
const WHOLE: KernelUnit = KernelUnit::OwnBelowScale(0.1);
const AIR_IN_WHOLE: &[KernelValue] = &[(Temperature, "temp", WHOLE), (Humidity, "humidityrelative", WHOLE)];

/// Devices of Industrial I/O. Where `name` is but the address (`1-0040`), the device is found by what it was announced as.
pub static IIO: &[KernelFacts] = &[
    KernelFacts { names: &["bme280"], values: &[TEMPERATURE, HUMIDITY, PRESSURE] },
    // Humidity is in percent; the pressure was in hPa before Linux 6.10.
    KernelFacts {
        names: &["bme680", "bme688"],
        values: &[
            TEMPERATURE,
            (Humidity, "humidityrelative", KernelUnit::OwnIfPlausible),
            (Pressure, "pressure", KernelUnit::OwnIfPlausible),
            usual(GasResistance, "resistance"),
        ],
    },
    KernelFacts {
        names: &[
            "bmp085", "bmp180", "bmp280", "bmp380", "bmp580", "dps310", "ms5607", "ms5611", "ms5637", "ms5805",
            "ms5837", "mpl3115",
        ],
        values: &[TEMPERATURE, PRESSURE],
    },
    KernelFacts {
        names: &[
            "dht11", "am2315", "htu21", "si7020", "hdc100x", "hdc1000", "hdc1008", "hdc1010", "hdc1050", "hdc1080",
            "ens210",
        ],
        values: &[TEMPERATURE, HUMIDITY],
    },
    KernelFacts { names: &["hdc2010", "hdc2080"], values: &[TEMPERATURE, HUMIDITY] },
    KernelFacts { names: &["hdc3020", "hdc3021", "hdc3022"], values: AIR_IN_WHOLE },
    KernelFacts { names: &["hts221"], values: AIR_IN_WHOLE },
    KernelFacts { names: &["scd30"], values: &[TEMPERATURE, HUMIDITY, CO2] },
    KernelFacts { names: &["scd40"], values: &[TEMPERATURE, HUMIDITY, CO2] },
    KernelFacts { names: &["scd41"], values: &[TEMPERATURE, HUMIDITY, CO2] },
    KernelFacts { names: &["sunrise_co2"], values: &[TEMPERATURE, CO2] },
    // Shown as the sensor says it, and no scale beside it.
    KernelFacts { names: &["mh-z19b", "mhz19b"], values: &[(Co2, "concentration_co2", KernelUnit::Own)] },
    KernelFacts { names: &["ccs811"], values: GASES },
    KernelFacts { names: &["ens160"], values: GASES },
    KernelFacts { names: &["sgp30"], values: GASES_OF_WHOLE },
    KernelFacts { names: &["ams-iaq-core", "iaq-core"], values: GASES_OF_WHOLE },
    KernelFacts { names: &["vz89x", "vz89te"], values: GASES_OF_WHOLE },
    KernelFacts { names: &["sgp40"], values: &[(VocIndex, "concentration", KernelUnit::Own)] },
    KernelFacts {
        names: &[
            "bh1710", "bh1715", "bh1721", "bh1750", "bh1751", "tsl4531", "tsl2591", "opt3001", "max44009", "veml6030",
            "veml6035", "veml7700",
        ],
        values: &[ILLUMINANCE],
    },
    KernelFacts { names: &["tsl2560", "tsl2561", "tsl2562", "tsl2563"], values: &[usual(Illuminance, "illuminance0")] },
    KernelFacts { names: &["ltr390"], values: &[ILLUMINANCE, usual(UvIndex, "uvindex")] },
    KernelFacts {
        names: &["sps30"],
        values: &[
            usual(Pm1, "massconcentration_pm1"),
            usual(Pm25, "massconcentration_pm2p5"),
            usual(Pm4, "massconcentration_pm4"),
            usual(Pm10, "massconcentration_pm10"),
        ],
    },
    KernelFacts {
        names: &["pms7003"],
        values: &[
            usual(Pm1, "massconcentration_pm1"),
            usual(Pm25, "massconcentration_pm2p5"),
            usual(Pm10, "massconcentration_pm10"),
        ],
    },
    KernelFacts {
        names: &["mlx90614", "mlx90615"],
        values: &[usual(Temperature, "temp_ambient"), usual(ObjectTemperature, "temp_object")],
    },
    // One driver, which gives all of them one name.
    KernelFacts {
        names: &[
            "maxim_thermocouple",
            "max6675",
            "max31855",
            "max31855k",
            "max31855j",
            "max31855n",
            "max31855s",
            "max31855t",
            "max31855e",
            "max31855r",
        ],
        values: &[TEMPERATURE],
    },
    KernelFacts { names: &["tmp116", "tmp117", "max31856", "max31865", "mcp9600", "mcp9601"], values: &[TEMPERATURE] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_device_and_every_quantity_of_it_one_value() {
        let mut names: Vec<_> = IIO.iter().flat_map(|facts| facts.names).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        for facts in IIO {
            let mut quantities: Vec<_> = facts.values.iter().map(|(quantity, ..)| quantity).collect();
            quantities.sort();
            quantities.dedup();
            assert_eq!(quantities.len(), facts.values.len(), "{:?}", facts.names);
        }
    }
}
