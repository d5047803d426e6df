//! Inputs, sensors and outputs on Modbus: `modbus = "rs485/5"`, and what of the device they are.

use super::{
    Profile,
    profile::Channels,
    shapes::{AtShape, ProfileWord},
};
use crate::{
    config::{
        remote::{self, Reading},
        shape::{Flag, OneOf, Whole, one_of},
        table::Table,
    },
    model::{
        Bank, InputKind, ModbusChannel, ModbusForm, ModbusPlace, ModbusPoint, ModbusSensor, ModbusUnit, OutputKind,
    },
};
use std::ops::Range;

/// Which half of a number is first.
const ORDERS: &[(&str, bool)] = &[("high-first", false), ("low-first", true)];
/// A number is rather that of a manual, if it is one of so many behind the first of these.
const OF_A_MANUAL: i64 = 9_999;

/// Whether a table is of a point on Modbus, or means to be.
pub(in crate::config) fn is_meant(table: &Table<'_>) -> bool {
    table.has("modbus")
}

/// A device.
struct Source {
    place: Range<usize>,
    unit: ModbusUnit,
    channel: Option<u16>,
    profile: Option<&'static Profile>,
}

/// The keys that all points on Modbus have. `own` are others that only they have; `wires` are those of what a point cannot be
/// besides, and `of_wires` what goes with these.
fn source(own: &[&str], wires: &[&'static str], of_wires: &[&str], table: &mut Table<'_>) -> Option<Source> {
    let at = table.optional(
        "modbus",
        "Instead of a wire, a device on Modbus by its bus and address: \"rs485/5\"; with a profile, also which of its relays or \
         inputs, from 1: \"rs485/1/3\".",
        AtShape,
    );
    let profile = table.optional(
        "profile",
        "Of a device on Modbus whose registers are known: its name, such as \"sdm120\" (docs/modbus.md lists them).",
        ProfileWord,
    );
    if !is_meant(table) {
        for key in own.iter().chain(["profile"].iter()).filter(|key| table.has(key)) {
            let advice = "add modbus = \"rs485/1\", its bus and address, or remove it";
            table.error_at(key, format!("`{key}` is of a point on Modbus"), advice);
        }
        return None;
    }
    let others = wires.iter().copied().chain(remote::source_keys());
    if let Some(other) = others.into_iter().find(|key| table.has(key)) {
        table.error_at(other, format!("`{other}` beside `modbus`"), "a point is in one place only: remove one");
        return None;
    }
    for key in of_wires.iter().filter(|key| table.has(key)) {
        table.error_at(key, format!("`{key}` is of a wire"), "remove it: this is on Modbus");
    }
    let at = at?;
    if table.has("profile") && profile.is_none() {
        return None;
    }
    Some(Source { place: table.place_of("modbus"), unit: at.unit, channel: at.channel, profile })
}

/// Where an input or output is, by the keys of the tables that are written.
struct Written {
    places: Vec<ModbusPlace>,
    bit: Option<u8>,
}

fn written(banks: impl Iterator<Item = Bank>, table: &mut Table<'_>) -> Written {
    let mut places = Vec::new();
    for bank in banks {
        let key = bank.word();
        let about = format!(
            "Of a point on Modbus: its {}, as the address is sent, 0 to 65535 (a manual that counts from 1 has one more).",
            bank.facts().noun
        );
        let Some(address) = table.optional(key, &about, Whole(0..=65_535)) else { continue };
        if let Some((message, advice)) = of_manual(bank, address) {
            table.warning_at(key, message, advice);
        }
        places.extend(u16::try_from(address).ok().map(|address| ModbusPlace { bank, address }));
    }
    let bit = table.optional("bit", "Which bit of the register it is, 0 (the lowest) to 15.", Whole(0..=15));
    Written { places, bit: bit.and_then(|bit| u8::try_from(bit).ok()) }
}

/// What to say of an address that is rather the number of a manual.
fn of_manual(bank: Bank, address: i64) -> Option<(String, String)> {
    let first = i64::from(bank.facts().first_of_manuals?);
    if !(first..first + OF_A_MANUAL).contains(&address) {
        return None;
    }
    let message = format!("{address} is sent as it is, and looks like the number in a manual");
    Some((message, format!("if it is, write {} = {}", bank.word(), address - first)))
}

impl Source {
    /// Where a point is: as it is written, or as the profile has it.
    fn place(
        &self,
        written: &Written,
        channels: impl Fn(&Profile) -> Option<Channels>,
        what: &str,
        example: (&'static str, &str),
        table: &mut Table<'_>,
    ) -> Option<(ModbusPlace, ModbusForm)> {
        if let [_, second, ..] = written.places[..] {
            table.error_at(second.bank.word(), format!("a second place of one {what}"), "write one of them");
            return None;
        }
        if let Some(place) = written.places.first() {
            let key = place.bank.word();
            if self.channel.is_some() {
                let message = format!("a number behind the address, beside `{key}`");
                table.error_at("modbus", message, format!("write modbus = \"{}\"", self.unit));
            }
            if self.profile.is_some() {
                let message = format!("`profile` beside `{key}`: both say where the {what} is");
                table.error_at("profile", message, "remove one of them");
            }
            return match (place.bank.facts().is_of_bits, written.bit) {
                (true, Some(_)) => {
                    table.error_at("bit", format!("a {} is one bit itself", place.bank.facts().noun), "remove `bit`");
                    None
                }
                (true, None) => Some((*place, ModbusForm::Whole)),
                (false, Some(bit)) => Some((*place, ModbusForm::Bit(bit))),
                (false, None) => Some((*place, ModbusForm::Numbers { off: 0, on: 1 })),
            };
        }
        if Bank::ALL.iter().any(|bank| table.has(bank.word())) {
            // It was reported.
            return None;
        }
        if table.has("bit") {
            table.error_at("bit", "`bit` without a register", "add register = 0, or remove it");
            return None;
        }
        let Some(profile) = self.profile else {
            table.missing(example.0, example.1);
            return None;
        };
        let title = &profile.title;
        let Some(channels) = channels(profile) else {
            table.error_at(
                "profile",
                format!("the {title} has no {what}s"),
                format!("say where it is: {} = {}", example.0, example.1),
            );
            return None;
        };
        let place = self.channel.and_then(|channel| channels.place(channel));
        if place.is_none() {
            let last = channels.count;
            let message = match self.channel {
                Some(channel) => format!("the {title} has no {what} {channel}"),
                None => format!("which {what} of the {title} is not said"),
            };
            table.error_at("modbus", message, format!("write \"{}/1\" to \"{}/{last}\"", self.unit, self.unit));
        }
        Some((place?, channels.form))
    }
}

/// An input on Modbus, if it is one.
pub(in crate::config) fn input(kind: Option<InputKind>, table: &mut Table<'_>) -> Option<(ModbusPoint, Range<usize>)> {
    let source = source(
        &["coil", "discrete_input", "register", "input_register", "bit"],
        &["gpio"],
        &["pull", "debounce"],
        table,
    );
    let written = written(Bank::ALL.into_iter(), table);
    let source = source?;
    if kind == Some(InputKind::Counter) {
        let advice = "let the device count, and read its register as a sensor: [sensors.NAME] with quantities";
        table.error_at("kind", "a counter counts the pulses of a wire, which are over before a bus is asked", advice);
        return None;
    }
    let example = ("discrete_input", "0");
    let (place, form) = source.place(&written, |profile| profile.inputs, "input", example, table)?;
    Some((ModbusPoint { unit: source.unit, place, form, inverted: false, verify: false }, source.place))
}

/// An output on Modbus, if it is one.
pub(in crate::config) fn output(
    kind: Option<OutputKind>,
    wires: &[&'static str],
    table: &mut Table<'_>,
) -> Option<(ModbusPoint, Range<usize>)> {
    let source = source(&["coil", "register", "bit", "full", "verify"], wires, &["active"], table);
    let written = written(Bank::ALL.into_iter().filter(|bank| bank.facts().is_written), table);
    let full = table.optional(
        "full",
        "Of a light, fan or valve in a register: the number for 100 %, 1 to 65535; 0 is off. When absent, it is 1 for on.",
        Whole(1..=65_535),
    );
    let verify = table.defaulted(
        "verify",
        "Of an output on Modbus: whether it is read back. false is for what cannot be read: it is taken to do what it took, and \
         nobody sees if it does not.",
        Flag,
        true,
    );
    let source = source?;
    if kind == Some(OutputKind::Cover) {
        let advice = "write one output of kind \"switch\" for each of its relays, with an interlock";
        table.error_at("kind", "covers by Modbus are not known", advice);
        return None;
    }
    let (place, mut form) = source.place(&written, |profile| profile.outputs, "relay", ("coil", "0"), table)?;
    if let (ModbusForm::Bit(_), false) = (form, verify) {
        let message = "`verify = false` beside `bit`: a bit is written by reading its register, so it can be read back";
        table.error_at("verify", message, "remove it, or write the whole register: remove `bit`");
    }
    if let Some(full) = full.and_then(|full| u16::try_from(full).ok()) {
        if !matches!(form, ModbusForm::Numbers { .. }) || source.profile.is_some() {
            let message = "`full` is of a whole register";
            table.error_at("full", message, "write register = 0 beside it, without bit, or remove it");
            return None;
        }
        if kind.is_some_and(|kind| !matches!(kind, OutputKind::Light | OutputKind::Fan | OutputKind::Valve)) {
            table.error_at("full", "`full` is of a light, fan or valve: others are on or off", "remove it");
        }
        form = ModbusForm::Level { full };
    }
    Some((ModbusPoint { unit: source.unit, place, form, inverted: false, verify }, source.place))
}

/// A sensor on Modbus, if it is one.
pub(in crate::config) fn sensor(
    wires: &[&'static str],
    of_chips: &[&str],
    readings: Option<Vec<Reading>>,
    table: &mut Table<'_>,
) -> Option<(ModbusSensor, Range<usize>)> {
    let source = source(&["word_order"], wires, of_chips, table);
    let order = table.optional(
        "word_order",
        "Of a sensor on Modbus: which of two registers has the higher half of the number: \"high-first\", or as the profile \
         says, when absent; or \"low-first\".",
        OneOf(ORDERS),
    );
    let source = source?;
    if source.channel.is_some() {
        let advice = format!("write modbus = \"{}\"", source.unit);
        table.error_at("modbus", "the number behind the address is of relays and inputs", advice);
    }
    let rows = source.profile.map_or(&[][..], |profile| &profile.readings);
    if readings.is_none() && table.has("quantities") {
        return None;
    }
    let place = table.place_of("profile");
    let usual = || rows.iter().map(|row| Reading { place: place.clone(), ..row.clone() }).collect();
    let readings: Vec<Reading> = readings.unwrap_or_else(usual);
    if readings.is_empty() {
        match source.profile {
            Some(profile) => {
                table.error_at(
                    "profile",
                    format!("the {} reads nothing", profile.title),
                    "write its relays as outputs",
                );
            }
            None => {
                table.missing("quantities", "{ temperature = { input_register = 1, type = \"i16\", scale = 0.1 } }")
            }
        }
        return None;
    }
    let low_first = order.unwrap_or_else(|| source.profile.is_some_and(|profile| profile.low_first));
    let (mut channels, mut is_warned) = (Vec::new(), false);
    for reading in readings {
        let row = rows.iter().find(|row| row.quantity.word() == reading.quantity.word());
        let (register, scale) = match (&reading.register, row) {
            (Some(register), _) => {
                let (bank, address) = (register.place.bank, register.place.address.into());
                // One is enough: whoever mistook one mistook all.
                if let Some((message, advice)) = of_manual(bank, address).filter(|_| !is_warned) {
                    table.warning(reading.place.clone(), message, advice);
                    is_warned = true;
                }
                (register.clone(), reading.scale.unwrap_or(1.0))
            }
            (None, Some(row)) => match row.register.clone() {
                Some(register) => (register, reading.scale.or(row.scale).unwrap_or(1.0)),
                None => continue,
            },
            (None, None) => {
                let word = reading.quantity.word();
                let message = format!("which register holds `{word}` is not known");
                let advice = format!("say it: {word} = {{ input_register = 0, type = \"u16\" }}");
                let advice = match rows.iter().map(|row| row.quantity.word()).collect::<Vec<_>>() {
                    words if words.is_empty() => advice,
                    words => format!(
                        "{advice}; the profile knows {}",
                        one_of(words.into_iter().map(str::to_owned).collect())
                    ),
                };
                table.error(reading.place, message, advice);
                continue;
            }
        };
        channels.push(ModbusChannel {
            quantity: reading.quantity,
            place: register.place,
            number: register.number,
            low_first,
            scale,
            offset: reading.offset,
        });
    }
    Some((ModbusSensor { unit: source.unit, channels }, source.place))
}
