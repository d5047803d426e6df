//! `hearthd detect`: what is wired to this machine, as TOML to paste: tables for what hearthd reads, comments for the rest.

use hearthd::{
    hardware::detect::{self, Findings, GpioChip, I2cBus, I2cDevice, KernelDevice, Released},
    model::{CHIPS, kernel_facts},
};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    io::{self, Write as _},
    path::PathBuf,
};

/// What `hearthd detect` can be told.
#[derive(clap::Args)]
pub struct Arguments {
    /// Scan this I2C bus (N of /dev/i2c-N) and no other; may be given again
    #[arg(long, value_name = "N")]
    bus: Vec<u8>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Listen to the broker of the configuration for devices instead
    #[arg(long, conflicts_with_all = ["bus", "json"])]
    pub mqtt: bool,
    /// Ask all addresses of this bus of the configuration, [modbus.NAME], instead
    #[arg(long, value_name = "NAME", conflicts_with_all = ["bus", "json", "mqtt"])]
    pub modbus: Option<String>,
    /// Of that bus, ask these addresses only, for example 1-32
    #[arg(long, value_name = "FIRST-LAST", requires = "modbus", value_parser = super::modbus::addresses)]
    pub addresses: Option<std::ops::RangeInclusive<u8>>,
    /// Look below this folder instead of /
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true)]
    root: PathBuf,
}

/// Looks, and prints.
///
/// # Errors
/// When a bus that was asked for is not there.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let findings = detect::detect(&arguments.root, &arguments.bus);
    if let Some(absent) = arguments.bus.iter().find(|bus| !findings.i2c.iter().any(|found| found.number == **bus)) {
        let there: Vec<String> = findings.i2c.iter().map(|bus| bus.number.to_string()).collect();
        let there = if there.is_empty() { String::new() } else { format!(" (there is {})", there.join(", ")) };
        anyhow::bail!("there is no I2C bus {absent}{there}: {}", detect::i2c_cure(&arguments.root));
    }
    if arguments.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        write!(io::stdout(), "{}", toml(&findings)?)?;
    }
    Ok(())
}

fn toml(findings: &Findings) -> Result<String, fmt::Error> {
    let mut text = String::new();
    writeln!(text, "# {}", findings.board.as_deref().unwrap_or("This machine"))?;
    machine(&mut text, findings)?;
    for missing in &findings.missing {
        writeln!(text, "# There is no {}.\n#   {}.", missing.what, missing.cure)?;
    }
    let mut names = Names::default();
    for bus in &findings.i2c {
        i2c(&mut text, bus, &mut names)?;
    }
    kernel(&mut text, findings, &mut names)?;
    for chip in &findings.pwm {
        let lines = if chip.channels == 1 { "1 channel" } else { &format!("{} channels", chip.channels) };
        writeln!(text, "\n# {} ({}): {lines} of PWM", chip.name, chip.device)?;
        if let Some(pins) = &chip.pins {
            let pins: Vec<_> = pins.iter().map(|(pin, channel)| format!("GPIO {pin} (channel {channel})")).collect();
            let pins =
                if pins.is_empty() { "at no pin: an overlay must lead it there".into() } else { pins.join(", ") };
            writeln!(text, "#   {pins}")?;
        }
    }
    for chip in &findings.gpio {
        gpio(&mut text, chip)?;
    }
    if text.lines().count() == 1 {
        writeln!(text, "# Nothing is wired to it that hearthd could use.")?;
    }
    Ok(text)
}

/// How hearthd would reach its wires, and what becomes of them without it.
fn machine(text: &mut String, findings: &Findings) -> fmt::Result {
    if let Some(numbers) = &findings.gpio_numbers {
        let because = findings.backend_because.as_ref().map(|because| format!(" ({because})")).unwrap_or_default();
        writeln!(text, "# backend = \"auto\" is {} here{because}.", findings.backend)?;
        writeln!(text, "# GPIO numbers: {numbers}.")?;
    }
    let becomes = match findings.released {
        None => return Ok(()),
        // rppal does not ask the kernel for outputs.
        Some(_) if findings.backend == "rppal" => "goes on as it was last driven",
        Some(Released::StaysDriven) => "goes on as it was last driven (an option of this kernel)",
        Some(Released::BecomesInput) => "becomes an input",
        Some(Released::NotKnown) => "becomes an input or goes on: this kernel does not tell",
    };
    writeln!(
        text,
        "# An output whose program dies {becomes}; `hearthd safe`, which the service runs then, drives it."
    )?;
    if findings.released == Some(Released::StaysDriven) && findings.backend == "chardev" {
        writeln!(
            text,
            "#   To have it become an input at once, write dtparam=strict_gpiod into config.txt and restart."
        )?;
    }
    Ok(())
}

fn i2c(text: &mut String, bus: &I2cBus, names: &mut Names) -> fmt::Result {
    writeln!(text, "\n# I2C bus {} ({})", bus.number, bus.name)?;
    if let Some(why) = &bus.not_scanned {
        writeln!(text, "#   not scanned: {why}")?;
    } else if bus.devices.is_empty() {
        writeln!(text, "#   nothing answers")?;
    }
    for device in &bus.devices {
        writeln!(text, "#   {:#04x} {}", device.address, description(device))?;
    }
    for device in &bus.devices {
        // What it says it is, or, to be uncommented, what is likely.
        let (mark, words) = match &device.chip {
            Some(word) => ("", std::slice::from_ref(word)),
            None => ("# ", device.may_be.as_slice()),
        };
        if let Some((table, word)) = words.iter().find_map(|word| Some((table(word)?, word))) {
            writeln!(text, "\n{mark}[{table}.{}]\n{mark}chip = \"{word}\"", names.next(word))?;
            if bus.number != 1 {
                writeln!(text, "{mark}bus = {}", bus.number)?;
            }
            writeln!(text, "{mark}address = {:#04x}", device.address)?;
        }
    }
    Ok(())
}

fn description(device: &I2cDevice) -> String {
    match (&device.driver, device.chip, device.may_be.split_last()) {
        (Some(driver), ..) => format!("belongs to the kernel's driver {driver}"),
        (None, Some(word), _) => word.into(),
        (None, None, Some((only, []))) => format!("may be {only}"),
        (None, None, Some((last, others))) => format!("may be {} or {last}", others.join(", ")),
        (None, None, None) => "something that hearthd does not know".into(),
    }
}

/// Where the configuration has it, if hearthd has a driver for it.
fn table(word: &str) -> Option<&'static str> {
    match word {
        "mcp23017" | "pcf8574" | "pcf8574a" | "pca9555" | "sx1509" | "pca9685" => Some("expanders"),
        _ => CHIPS.iter().any(|facts| facts.words.contains(&word)).then_some("sensors"),
    }
}

/// What the kernel reads.
fn kernel(text: &mut String, findings: &Findings, names: &mut Names) -> fmt::Result {
    for thermometer in &findings.onewire {
        writeln!(text, "\n[sensors.{}]\nonewire = \"{thermometer}\"", names.next("ds18b20"))?;
    }
    for device in &findings.iio {
        let values = kernel_facts(&device.name).map(|facts| facts.values);
        let quantity = |channel: &str| match values {
            Some(values) => values.iter().find(|(_, name, _)| *name == channel).map(|(quantity, ..)| quantity.word()),
            None => usual_quantity(channel),
        };
        let known = device.channels.iter().filter_map(|channel| Some((quantity(channel)?, channel)));
        let known: Vec<_> = known.map(|(quantity, channel)| format!("{quantity} = \"{channel}\"")).collect();
        if known.is_empty() {
            writeln!(text, "\n# iio device {}: {}", device.name, device.channels.join(", "))?;
        } else {
            let name = names.next(device.name.split('@').next().unwrap_or_default());
            writeln!(text, "\n[sensors.{name}]\niio = \"{}\"\nquantities = {{ {} }}", device.name, known.join(", "))?;
        }
    }
    for KernelDevice { name, channels } in &findings.hwmon {
        writeln!(text, "\n# hwmon device {name}: {}", channels.join(", "))?;
        if name == CPU {
            writeln!(text, "[sensors.{}]\ncpu = true", names.next("cpu"))?;
        } else if is_sensor(name) && channels.iter().any(|channel| channel == "temp1") {
            writeln!(text, "[sensors.{}]\nhwmon = \"{name}\"", names.next(name))?;
        }
    }
    Ok(())
}

/// The word of the configuration for what a channel of IIO reads, of a device that is not known.
fn usual_quantity(channel: &str) -> Option<&'static str> {
    Some(match channel {
        "temp" | "temp_ambient" => "temperature",
        "temp_object" => "object_temperature",
        "humidityrelative" => "humidity",
        "pressure" => "pressure",
        "illuminance" => "illuminance",
        "concentration_co2" => "co2",
        "massconcentration_pm1" => "pm1",
        "massconcentration_pm2p5" => "pm25",
        "massconcentration_pm4" => "pm4",
        "massconcentration_pm10" => "pm10",
        _ => return None,
    })
}

/// The processor of a Raspberry Pi.
const CPU: &str = "cpu_thermal";

/// Not the machine's own: power supply, disks, the processor of a PC.
fn is_sensor(hwmon: &str) -> bool {
    !["rpi_volt", "coretemp", "k10temp", "acpitz", "nvme", "drivetemp", "rp1_adc", "pwmfan"].contains(&hwmon)
}

fn gpio(text: &mut String, chip: &GpioChip) -> fmt::Result {
    writeln!(text, "\n# {} ({}): {} lines", chip.name, chip.label, chip.lines.len())?;
    let free = chip.lines.iter().filter(|line| line.consumer.is_none()).map(|line| line.offset);
    writeln!(text, "#   free: {}", ranges(free))?;
    for line in &chip.lines {
        if let Some(consumer) = &line.consumer {
            let name = line.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
            let direction = if line.output { "output" } else { "input" };
            writeln!(text, "#   {}{name}: {direction}, held by {consumer}", line.offset)?;
        }
    }
    Ok(())
}

/// `2-4, 7`
fn ranges(numbers: impl Iterator<Item = u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let spelled = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    spelled.collect::<Vec<_>>().join(", ")
}

/// Names for tables, each once.
#[derive(Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    fn next(&mut self, word: &str) -> String {
        let word: String =
            word.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
        let used = self.0.entry(word.clone()).or_default();
        *used += 1;
        if *used == 1 { word } else { format!("{word}_{used}") }
    }
}
