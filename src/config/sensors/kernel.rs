//! The keys of a sensor that a driver of the kernel reads: `iio`, `hwmon`, `onewire`, `cpu`, `quantities`.

use crate::{
    config::{
        modbus,
        nearest::{self, Near},
        remote::{self, Medium, Reading, Readings, once},
        serial,
        shape::{Flag, Shape, Text, Wrong, all_parts, one_of, shorten},
        table::Table,
    },
    model::{IIO, KernelChannel, KernelSource, Quantity, kernel_facts},
};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use toml::de::{DeArray, DeValue};

/// Those of Hardware Monitoring that read more than a temperature.
const HUMID_HWMON: &[&str] = &["sht3x", "sht4x", "shtc1", "shtc3", "shtw1", "sht21", "aht10", "aht20", "hih6130"];

/// The kernel's name of a fan with a tachometer that it drives itself, such as that of a Raspberry Pi 5.
const FAN: &str = "pwmfan";

/// The keys, as far as they are written and right.
pub(super) struct Draft {
    /// Every key that names a source.
    pub written: Vec<&'static str>,
    pub source: Option<KernelSource>,
    /// What `quantities` says of a sensor on the broker.
    pub readings: Option<Vec<Reading>>,
    /// What it says of a sensor on a serial port.
    pub words: Option<serial::Words>,
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
        "What is read of an iio or hwmon device, and the kernel's name of it: { temperature = \"temp2\" }; of a sensor on the \
         broker, where it stands in a JSON payload: { temperature = \"/temperature\" }; of one on Modbus, its register: \
         { temperature = { input_register = 1, type = \"i16\", scale = 0.1 } }; of one on a serial port, their names: [\"power\"].",
        Quantities { of: Of::table(table) },
    );
    let (quantities, readings, words) = match quantities {
        Some(Said::Kernel(channels)) => (Some(channels), None, None),
        Some(Said::Remote(readings)) => (None, Some(readings), None),
        Some(Said::Serial(words)) => (None, None, Some(words)),
        None => (None, None, None),
    };
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
    Draft { written, source, readings, words }
}

fn known_iio(device: &str, table: &Table<'_>) -> Vec<KernelChannel> {
    let Some(facts) = kernel_facts(device) else {
        let message = format!("what the device \"{}\" reads is not known", shorten(device));
        let say = "say it, with the kernel's names: quantities = { temperature = \"temp\" }";
        let known = IIO.iter().flat_map(|facts| facts.names.iter().copied());
        let advice = match nearest::chip(device, known) {
            Some(Near::Meant(near)) => format!("did you mean \"{near}\"?"),
            Some(Near::Other(near)) => format!("{say}; nearest of those known is \"{near}\", another chip"),
            None => say.into(),
        };
        table.error_at("iio", message, advice);
        return Vec::new();
    };
    facts.values.iter().map(|&(quantity, name, _)| KernelChannel { quantity, name: name.into() }).collect()
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

/// What `quantities` says.
enum Said {
    Kernel(Vec<KernelChannel>),
    Remote(Vec<Reading>),
    Serial(serial::Words),
}

/// One of them, by what else the table has.
struct Quantities {
    of: Of,
}

/// What reads the quantities.
enum Of {
    Kernel,
    Broker,
    /// With what is known of the device, if it is.
    Modbus(Option<&'static modbus::Profile>),
    Serial,
}

impl Of {
    fn table(table: &Table<'_>) -> Of {
        match () {
            () if modbus::is_meant(table) => Of::Modbus(table.text_of("profile").and_then(modbus::find)),
            () if serial::is_meant(table) => Of::Serial,
            () if remote::is_meant(table) => Of::Broker,
            () => Of::Kernel,
        }
    }

    /// What its quantities look like, if no driver of the kernel has them.
    fn readings(&self) -> Option<Readings> {
        match self {
            Of::Kernel | Of::Serial => None,
            Of::Broker => Some(Readings(Medium::Broker)),
            Of::Modbus(_) => Some(Readings(Medium::Modbus)),
        }
    }
}

/// The quantities that a profile knows, by their names.
fn named(names: &DeArray<'_>, profile: &modbus::Profile) -> Result<Vec<Reading>, Wrong> {
    let words = || profile.readings.iter().map(|row| row.quantity.word());
    let readings = all_parts(names.iter().map(|name| {
        let word = name.get_ref().as_str().unwrap_or_default();
        let row = profile.readings.iter().find(|row| row.quantity.word() == word).ok_or_else(|| {
            let advice = match nearest::name(word, words()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("write {}", one_of(words().map(|word| format!("\"{word}\"")).collect())),
            };
            Wrong::new(format!("the {} does not read `{}`", profile.title, shorten(word)), advice).at(name.span())
        })?;
        Ok(Reading { place: name.span(), ..row.clone() })
    }))?;
    once(readings)
}

impl Shape for Quantities {
    type Value = Said;

    fn noun(&self) -> String {
        if let Of::Serial = self.of {
            return serial::Names.noun();
        }
        self.of.readings().map_or_else(|| Channels.noun(), |readings| readings.noun())
    }

    fn example(&self) -> String {
        if let Of::Serial = self.of {
            return serial::Names.example();
        }
        self.of.readings().map_or_else(|| Channels.example(), |readings| readings.example())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Said>, Wrong> {
        match (&self.of, self.of.readings(), value) {
            (Of::Modbus(Some(profile)), _, DeValue::Array(names)) if !names.is_empty() => {
                named(names, profile).map(|readings| Some(Said::Remote(readings)))
            }
            (Of::Serial, ..) => Ok(serial::Names.read(value)?.map(Said::Serial)),
            (_, Some(readings), _) => Ok(readings.read(value)?.map(Said::Remote)),
            (_, None, _) => Ok(Channels.read(value)?.map(Said::Kernel)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [Channels.schema(), Readings(Medium::Broker).schema(), serial::Names.schema()] })
    }

    fn show(&self, value: &Said) -> Json {
        match value {
            Said::Kernel(channels) => Channels.show(channels),
            Said::Remote(readings) => Readings(Medium::Broker).show(readings),
            Said::Serial(words) => serial::Names.show(words),
        }
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
