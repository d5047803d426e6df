//! The keys of a sensor that a driver of the kernel reads: `iio`, `hwmon`, `onewire`, `cpu`, `quantities`.

use crate::{
    config::{
        nearest,
        shape::{Flag, Shape, Text, Wrong, shorten},
        table::Table,
    },
    model::{KernelChannel, KernelSource, Quantity},
};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use toml::de::DeValue;

/// What devices of Industrial I/O are known to read, by the kernel's names of them.
const IIO: &[(&[&str], &[Quantity])] = {
    use Quantity::*;
    &[
        (&["bme280"], &[Temperature, Humidity, Pressure]),
        (&["bme680"], &[Temperature, Humidity, Pressure, GasResistance]),
        (
            &["bmp085", "bmp180", "bmp280", "bmp380", "bmp580", "dps310", "ms5611", "ms5637", "mpl3115"],
            &[Temperature, Pressure],
        ),
        (
            &["dht11", "am2315", "htu21", "si7020", "hts221", "hdc1000", "hdc1080", "hdc2010", "hdc2080", "hdc3020"],
            &[Temperature, Humidity],
        ),
        (&["scd30", "scd40", "scd41"], &[Temperature, Humidity, Co2]),
        (&["bh1750", "tsl4531", "opt3001", "max44009", "veml6030", "veml7700"], &[Illuminance]),
        (&["sps30"], &[Pm1, Pm25, Pm4, Pm10]),
        (&["pms7003"], &[Pm1, Pm25, Pm10]),
        (&["mlx90614"], &[Temperature, ObjectTemperature]),
        (&["tmp117", "max31855", "max31856", "max6675", "mcp9600"], &[Temperature]),
    ]
};
/// Those of Hardware Monitoring that read more than a temperature.
const HUMID_HWMON: &[&str] = &["sht3x", "sht4x", "shtc1", "shtc3", "shtw1", "sht21", "aht10", "aht20", "hih6130"];

/// The kernel's name of a fan with a tachometer that it drives itself, such as that of a Raspberry Pi 5.
const FAN: &str = "pwmfan";

/// The keys, as far as they are written and right.
pub(super) struct Draft {
    /// Every key that names a source.
    pub written: Vec<&'static str>,
    pub source: Option<KernelSource>,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let iio = table.optional("iio", "A device of the kernel's Industrial I/O by its name, such as \"bme280\".", Text);
    let hwmon =
        table.optional("hwmon", "A device of the kernel's Hardware Monitoring by its name: \"cpu_thermal\".", Text);
    let onewire = table.optional(
        "onewire",
        "A 1-Wire thermometer such as a DS18B20: \"28-0316a279f0ff\", or \"auto\" when there is only one.",
        Thermometer,
    );
    let cpu = table.optional("cpu", "The machine's own processor: its temperature and power supply.", Flag);
    let quantities = table.optional(
        "quantities",
        "What is read of an iio or hwmon device, and the kernel's name of it: { temperature = \"temp2\" }.",
        Channels,
    );
    if quantities.is_some() && !table.has("iio") && !table.has("hwmon") {
        table.error_at("quantities", "`quantities` is for a source `iio` or `hwmon`", "remove the line");
    }
    let source = iio
        .map(|device| {
            let channels = quantities.clone().unwrap_or_else(|| known_iio(&device, table));
            KernelSource::Iio { device: device.into(), channels }
        })
        .or_else(|| {
            let device = hwmon?;
            let channels = quantities.unwrap_or_else(|| known_hwmon(&device));
            Some(KernelSource::Hwmon { device: device.into(), channels })
        })
        .or(onewire.map(|device| KernelSource::OneWire { device }))
        .or(cpu.filter(|cpu| *cpu).map(|_| KernelSource::Cpu));
    let written = ["iio", "hwmon", "onewire", "cpu"].into_iter().filter(|key| table.has(key)).collect();
    Draft { written, source }
}

fn known_iio(device: &str, table: &Table<'_>) -> Vec<KernelChannel> {
    let name = device.split('@').next().unwrap_or(device);
    let quantities = IIO.iter().find(|(names, _)| names.contains(&name)).map(|(_, quantities)| *quantities);
    if quantities.is_none() {
        let message = format!("what the device \"{}\" reads is not known", shorten(device));
        let known = IIO.iter().flat_map(|(names, _)| names.iter().copied());
        let advice = match nearest::name(device, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "say it, with the kernel's names: quantities = { temperature = \"temp\" }".into(),
        };
        table.error_at("iio", message, advice);
    }
    let channel = |&quantity| KernelChannel { quantity, name: usual_channel(name, quantity).into() };
    quantities.unwrap_or_default().iter().map(channel).collect()
}

/// The kernel's name of a channel (Documentation/ABI/testing/sysfs-bus-iio).
fn usual_channel(device: &str, quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Temperature if device == "mlx90614" => "temp_ambient",
        Quantity::ObjectTemperature => "temp_object",
        Quantity::Humidity => "humidityrelative",
        Quantity::Pressure => "pressure",
        Quantity::Illuminance => "illuminance",
        Quantity::Co2 => "concentration_co2",
        Quantity::GasResistance => "resistance",
        Quantity::Pm1 => "massconcentration_pm1",
        Quantity::Pm25 => "massconcentration_pm2p5",
        Quantity::Pm4 => "massconcentration_pm4",
        Quantity::Pm10 => "massconcentration_pm10",
        _ => "temp",
    }
}

fn known_hwmon(device: &str) -> Vec<KernelChannel> {
    let channel = |quantity, name: &str| KernelChannel { quantity, name: name.into() };
    if device == FAN {
        return vec![channel(Quantity::FanSpeed, "fan1")];
    }
    let mut channels = vec![channel(Quantity::Temperature, "temp1")];
    if HUMID_HWMON.contains(&device) {
        channels.push(channel(Quantity::Humidity, "humidity1"));
    }
    channels
}

/// `"28-0316a279f0ff"` or `"auto"`; nothing is the only one.
struct Thermometer;

impl Shape for Thermometer {
    type Value = Option<Arc<str>>;

    fn noun(&self) -> String {
        "the number of a thermometer".into()
    }

    fn example(&self) -> String {
        "\"auto\" when there is only one, or a name from /sys/bus/w1/devices such as \"28-0316a279f0ff\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let name = text.to_lowercase();
        let hexadecimal = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
        match name.split_once('-') {
            _ if name == "auto" => Ok(Some(None)),
            Some((family, number)) if hexadecimal(family, 2) && hexadecimal(number, 12) => Ok(Some(Some(name.into()))),
            _ => {
                let message = format!("\"{}\" is not the name of a 1-Wire device", shorten(text));
                Err(Wrong::new(message, format!("write {}", self.example())))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(auto|[0-9a-fA-F]{2}-[0-9a-fA-F]{12})$" })
    }

    fn show(&self, value: &Self::Value) -> Json {
        json!(value.as_deref().unwrap_or("auto"))
    }
}

/// `{ temperature = "temp2" }`
struct Channels;

impl Shape for Channels {
    type Value = Vec<KernelChannel>;

    fn noun(&self) -> String {
        "a table".into()
    }

    fn example(&self) -> String {
        "quantities with the kernel's names of them: { temperature = \"temp2\" }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(entries) = value.as_table() else { return Ok(None) };
        let advice = || format!("write {}", self.example());
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let channels: Result<Vec<_>, Wrong> = entries
            .into_iter()
            .map(|(key, value)| {
                let word = key.get_ref();
                let quantity = measured().find(|quantity| quantity.word() == word).ok_or_else(|| {
                    let near = nearest::name(word, measured().map(Quantity::word));
                    let advice = near.map_or_else(advice, |near| format!("did you mean `{near}`?"));
                    Wrong::new(format!("unknown quantity `{}`", shorten(word)), advice)
                })?;
                let name = value.get_ref().as_str().filter(|name| is_channel(name));
                let name = name.ok_or_else(|| Wrong::new(format!("`{word}` needs the kernel's name"), advice()))?;
                Ok(KernelChannel { quantity, name: name.into() })
            })
            .collect();
        match channels? {
            none if none.is_empty() => Err(Wrong::new("an empty table", advice())),
            channels => Ok(Some(channels)),
        }
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = measured().map(Quantity::word).collect();
        json!({
            "type": "object",
            "propertyNames": { "enum": words },
            "additionalProperties": { "type": "string" },
            "minProperties": 1,
        })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|channel| (channel.quantity.word().to_owned(), json!(&*channel.name))).collect()
    }
}

/// What a device can read itself.
fn measured() -> impl Iterator<Item = Quantity> {
    Quantity::all().filter(|quantity| quantity.ingredients().is_empty())
}

/// A part of a file's name, or a label.
fn is_channel(name: &str) -> bool {
    (1..=64).contains(&name.len()) && !name.contains('/') && !name.chars().any(char::is_control)
}
