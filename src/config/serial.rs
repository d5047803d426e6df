//! `[serial.NAME]`: ports with one device each; and `serial = "NAME"`, by which sensors and inputs are what it tells.

use super::{
    diagnostic::Problems,
    modbus, nearest, remote,
    shape::{Flag, OneOf, Shape, Word, Wrong, all_parts, one_of, shorten},
    table::{Id, Table},
};
use crate::model::{Given, InputKind, SerialChannel, SerialKind, SerialPort};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, ops::Range};
use toml::de::DeValue;

/// A port as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub port: Option<SerialPort>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let port = table.required(
        "port",
        "The serial port, such as \"/dev/serial0\" (the UART of a Raspberry Pi) or one of /dev/serial/by-id.",
        "\"/dev/serial0\"",
        modbus::Port,
    );
    let kind = table.required(
        "kind",
        "What is connected: \"mh-z19\" (carbon dioxide), \"pms5003\" (dust), \"ld2410\" (presence by radar), \"dsmr\" (a smart \
         meter's P1 port) or \"dsmr-2\" (one from before version 4).",
        "\"dsmr\"",
        OneOf(&SerialKind::WORDS),
    );
    let automatic_baseline = table.optional(
        "automatic_baseline",
        "Of a sensor for carbon dioxide: whether it takes the lowest of each day for fresh air. When absent, it is left as it is.",
        Flag,
    );
    if let Some(kind) = kind.filter(|kind| !kind.facts().has_baseline && table.has("automatic_baseline")) {
        let message = format!("the {} has no baseline", kind.facts().title);
        table.error_at("automatic_baseline", message, "remove it: it is of sensors for carbon dioxide");
    }
    let text = id.text.as_str().into();
    let both = port.zip(kind);
    let port = both.map(|(port, kind)| SerialPort { id: text, port: port.into(), kind, automatic_baseline });
    Draft { id: id.clone(), port }
}

/// Whether a table is of a point on a serial port, or means to be.
pub(super) fn is_meant(table: &Table<'_>) -> bool {
    table.has("serial")
}

/// What a point names, to be found when all ports are known.
pub(super) struct Named {
    /// The port.
    pub port: String,
    /// Where the file says so.
    pub place: Range<usize>,
    /// What of its device; nothing: what is usual.
    pub words: Option<Words>,
}

/// Words, and where each of them stands.
pub(super) type Words = Vec<(String, Range<usize>)>;

/// The port of a point. `wires` are keys of what a point cannot be besides, and `of_wires` what goes with these.
fn source(wires: &[&'static str], of_wires: &[&str], table: &mut Table<'_>) -> Option<Named> {
    let port =
        table.optional("serial", "Instead of a wire, a device on a serial port: the NAME of [serial.NAME].", Word);
    if !is_meant(table) {
        return None;
    }
    let others = wires.iter().copied().chain(remote::source_keys()).chain(["modbus"]);
    if let Some(other) = others.into_iter().find(|key| table.has(key)) {
        table.error_at(other, format!("`{other}` beside `serial`"), "a point is in one place only: remove one");
        return None;
    }
    for key in of_wires.iter().filter(|key| table.has(key)) {
        table.error_at(key, format!("`{key}` is of a wire"), "remove it: this is on a serial port");
    }
    Some(Named { port: port?, place: table.place_of("serial"), words: None })
}

/// A sensor on a serial port, if it is one.
pub(super) fn sensor(
    wires: &[&'static str],
    of_chips: &[&str],
    words: Option<Words>,
    table: &mut Table<'_>,
) -> Option<Named> {
    let named = source(wires, of_chips, table)?;
    Some(Named { words, ..named })
}

/// An input on a serial port, if it is one.
pub(super) fn input(kind: Option<InputKind>, table: &mut Table<'_>) -> Option<Named> {
    let named = source(&["gpio"], &["pull", "debounce"], table);
    let value = table.optional(
        "value",
        "Of an input on a serial port: what of its device it is, \"presence\" when absent, \"moving\" or \"still\".",
        Word,
    );
    if !is_meant(table) && table.has("value") {
        table.error_at("value", "`value` is of an input on a serial port", "add serial = \"radar\", or remove it");
    }
    let named = named?;
    if let Some(kind @ (InputKind::Counter | InputKind::Button)) = kind {
        let message = format!("no device on a serial port is {}", kind.facts().noun);
        table.error_at("kind", message, "write kind = \"motion\"");
        return None;
    }
    Some(Named { words: value.map(|value| vec![(value, table.place_of("value"))]), ..named })
}

/// The port that a point names. What is wrong with its own table is said there.
fn find<'d>(named: &Named, drafts: &'d [Draft], problems: &Problems) -> Option<&'d SerialPort> {
    let name = &named.port;
    if let Some(draft) = drafts.iter().find(|draft| draft.id.text == *name) {
        return draft.port.as_ref();
    }
    let names = drafts.iter().map(|draft| draft.id.text.as_str());
    let advice = match nearest::name(name, names.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if drafts.is_empty() => {
            format!("add [serial.{name}] and, on the lines after it, port = \"/dev/serial0\" and kind = \"dsmr\"")
        }
        None => format!("write {}", one_of(names.map(|name| format!("\"{name}\"")).collect())),
    };
    problems.error(named.place.clone(), format!("there is no [serial.{}]", shorten(name)), advice);
    None
}

/// What to say of a word that a kind of device does not have.
fn unknown(word: &str, port: &SerialPort, words: Vec<&str>) -> (String, String) {
    let advice = match nearest::name(word, words.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write {}", one_of(words.into_iter().map(|word| format!("\"{word}\"")).collect())),
    };
    (format!("the {} does not tell `{}`", port.kind.facts().title, shorten(word)), advice)
}

/// What a sensor reads of its device.
pub(super) fn channels(named: &Named, drafts: &[Draft], problems: &Problems) -> Vec<SerialChannel> {
    let Some(port) = find(named, drafts, problems) else { return Vec::new() };
    let values = port.kind.facts().values;
    let found = match &named.words {
        None => values.iter().filter(|value| value.is == Given::Usually).collect(),
        Some(words) => {
            let mut found = Vec::new();
            for (word, place) in words {
                match values.iter().find(|value| value.word == word) {
                    Some(value) => found.push(value),
                    None => {
                        let (message, advice) = unknown(word, port, values.iter().map(|value| value.word).collect());
                        problems.error(place.clone(), message, advice);
                    }
                }
            }
            found
        }
    };
    let channel = |value: &crate::model::SerialValue| {
        Some(SerialChannel { quantity: value.quantity()?, word: value.word, is_detailed: value.is == Given::Detailed })
    };
    found.into_iter().filter_map(channel).collect()
}

/// What an input is of its device.
pub(super) fn state(named: &Named, drafts: &[Draft], problems: &Problems) -> Option<&'static str> {
    let port = find(named, drafts, problems)?;
    let (title, states) = (port.kind.facts().title, port.kind.facts().states);
    if states.is_empty() {
        let advice = format!("read it as a sensor: [sensors.NAME] with serial = \"{}\"", port.id);
        problems.error(named.place.clone(), format!("nothing of a {title} is on or off"), advice);
        return None;
    }
    let Some((word, place)) = named.words.iter().flatten().next() else { return states.first().copied() };
    let found = states.iter().copied().find(|state| state == word);
    if found.is_none() {
        let (message, advice) = unknown(word, port, states.to_vec());
        problems.error(place.clone(), message, advice);
    }
    found
}

/// No two tables are the same port.
pub(super) fn check(drafts: &[Draft], buses: &[modbus::Draft], problems: &Problems) {
    let place = |draft: &modbus::Draft| Some((draft.bus.as_ref()?.link.place(), format!("[modbus.{}]", draft.id.text)));
    let mut taken: BTreeMap<String, String> = buses.iter().filter_map(place).collect();
    for draft in drafts {
        let Some(port) = &draft.port else { continue };
        if let Some(other) = taken.insert(port.port.to_string(), format!("[serial.{}]", draft.id.text)) {
            let message = format!("{} is {other} already", port.port);
            problems.error(draft.id.place.clone(), message, "one device is on a serial port: remove one of the tables");
        }
    }
}

/// `["power", "gas"]`
pub(super) struct Names;

impl Shape for Names {
    type Value = Words;

    fn noun(&self) -> String {
        "a list of quantities".into()
    }

    fn example(&self) -> String {
        "what its device tells, such as [\"power\", \"gas\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Words>, Wrong> {
        let Some(names) = value.as_array() else { return Ok(None) };
        if names.is_empty() {
            return Err(Wrong::new(
                "no quantities",
                format!("write {}, or remove it for what is usual", self.example()),
            ));
        }
        let mut words = Words::new();
        let each = names.iter().map(|name| {
            let word = name.get_ref().as_str();
            let word = word.ok_or_else(|| Wrong::new("a quantity is a text", "write one such as \"power\""));
            let word = word.map_err(|wrong| wrong.at(name.span()))?;
            if words.iter().any(|(before, _)| before == word) {
                let message = format!("`{}` is listed twice", shorten(word));
                return Err(Wrong::new(message, "remove one of them").at(name.span()));
            }
            words.push((word.to_owned(), name.span()));
            Ok(())
        });
        all_parts(each)?;
        Ok(Some(words))
    }

    fn schema(&self) -> Json {
        let mut words: Vec<&str> =
            SerialKind::ALL.iter().flat_map(|kind| kind.facts().values).map(|value| value.word).collect();
        words.sort_unstable();
        words.dedup();
        json!({ "type": "array", "items": { "enum": words }, "minItems": 1 })
    }

    fn show(&self, value: &Words) -> Json {
        value.iter().map(|(word, _)| json!(word)).collect()
    }
}
