//! `hearthd detect --modbus NAME`: which devices are on a bus, as TOML to paste.

use hearthd::{
    config,
    links::modbus::scan::{self, Found, scan},
    model::{Config, Line, ModbusBus, ModbusKind, ModbusUnit, SensorSource},
};
use std::{
    io::{self, IsTerminal, Write},
    ops::RangeInclusive,
    path::Path,
};

/// Asks each address of a bus of the configuration, and prints.
///
/// # Errors
/// When there is no such bus, or when it cannot be asked.
pub fn run(file: &Path, name: &str, addresses: Option<RangeInclusive<u8>>) -> anyhow::Result<()> {
    let config = config::load(file).map_err(|report| anyhow::anyhow!("{report}"))?.config;
    let Some(bus) = config.find_modbus(name) else {
        let there: Vec<&str> = config.modbus.iter().map(|bus| &*bus.id).collect();
        let advice = match there.as_slice() {
            [] => "describe it there first, with its port and its speed: docs/modbus.md".to_owned(),
            names => format!("there is {}", names.join(", ")),
        };
        anyhow::bail!("{} has no [modbus.{name}]: {advice}", file.display());
    };
    let addresses = addresses.unwrap_or(scan::ADDRESSES);
    let kinds = config::modbus_kinds();
    let is_watched = io::stderr().is_terminal();
    let found = scan(bus, addresses.clone(), &kinds, |address| {
        if is_watched {
            // Where it is not seen, nothing is lost.
            let _ = write!(io::stderr(), "\r{address} of {} ", addresses.end());
        }
    });
    if is_watched {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let found = found.map_err(|why| anyhow::anyhow!("{why}{}", hint(bus)))?;
    write!(io::stdout(), "{}", toml(&config, bus, &addresses, &kinds, &found))?;
    Ok(())
}

/// Reads `1-32`, or one address alone.
///
/// # Errors
/// When it is no range of addresses that devices can have.
pub fn addresses(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse().ok().filter(|address| scan::ADDRESSES.contains(address));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => {
            Err(format!("write addresses from {} to {}, such as 1-32", scan::ADDRESSES.start(), scan::ADDRESSES.end()))
        }
    }
}

/// A port is for one program alone.
fn hint(bus: &ModbusBus) -> String {
    format!("\nIf hearthd runs, stop it for as long as this takes: it has {} open", bus.link.place())
}

fn toml(
    config: &Config,
    bus: &ModbusBus,
    addresses: &RangeInclusive<u8>,
    kinds: &[ModbusKind],
    found: &[Found],
) -> String {
    let mut text = format!(
        "# [modbus.{}] at {}: asked {} to {}, {}.\n",
        bus.id,
        bus.link.place(),
        addresses.start(),
        addresses.end(),
        match found.len() {
            0 => "none answers: look at speed and parity, at A and B, and at the power of the devices".to_owned(),
            1 => "one answers".to_owned(),
            count => format!("{count} answer"),
        }
    );
    for Found { address, is_garbled, may_be } in found {
        let unit = ModbusUnit { bus: bus.id.clone(), address: *address };
        let kind = |word: &&str| kinds.iter().find(|kind| kind.word == *word);
        let may_be: Vec<&ModbusKind> = may_be.iter().filter_map(kind).collect();
        let titles: Vec<&str> = may_be.iter().map(|kind| kind.title).collect();
        let is = match (is_garbled, titles.is_empty()) {
            (true, _) => "what it answers is garbled: two devices with this address, or another speed".to_owned(),
            (false, true) => "no device that hearthd knows: see docs/modbus.md, any other device".to_owned(),
            (false, false) => format!("it answers as {}", titles.join(", or ")),
        };
        text += &format!("\n# Address {address}: {is}.\n");
        let known = known(config, &unit);
        if !known.is_empty() {
            text += &format!("#   In the configuration: {}.\n", known.join(", "));
        }
        for kind in may_be {
            text += &tables(&unit, kind);
        }
    }
    text
}

/// To be uncommented by who sees that it is this device.
fn tables(unit: &ModbusUnit, kind: &ModbusKind) -> String {
    let word = kind.word;
    let name = word.replace('-', "_");
    let table = |what: &str, kind: &str, channel: &str| {
        format!("# [{what}]\n{kind}# modbus = \"{unit}{channel}\"\n# profile = \"{word}\"\n")
    };
    let mut text = String::new();
    if kind.is_sensor {
        text += &table(&format!("sensors.{name}_{}", unit.address), "", "");
    }
    if kind.relays > 0 {
        let which = format!("#   The first of {} relays:\n", kind.relays);
        text += &(which + &table(&format!("outputs.relay_{}_1", unit.address), "# kind = \"switch\"\n", "/1"));
    }
    if kind.inputs > 0 {
        let which = format!("#   The first of {} inputs:\n", kind.inputs);
        text += &(which + &table(&format!("inputs.input_{}_1", unit.address), "# kind = \"contact\"\n", "/1"));
    }
    text
}

/// What the configuration has of a device.
fn known<'c>(config: &'c Config, unit: &ModbusUnit) -> Vec<&'c str> {
    let sensors = config.sensors.iter().filter_map(|sensor| match &sensor.source {
        SensorSource::Modbus(there) if there.unit == *unit => Some(&*sensor.id),
        _ => None,
    });
    let is_there = |line: &Line| line.modbus().is_some_and(|point| point.unit == *unit);
    let inputs = config.inputs.iter().filter(|input| is_there(&input.line)).map(|input| &*input.id);
    let outputs = config.outputs.iter().filter(|output| output.line.as_ref().is_some_and(is_there));
    sensors.chain(inputs).chain(outputs.map(|output| &*output.id)).collect()
}
