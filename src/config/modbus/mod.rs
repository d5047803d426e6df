//! `[modbus.NAME]`: buses of devices; and `modbus = "NAME/1"`, by which inputs, sensors and outputs are there.

mod point;
mod profile;
mod shapes;

use super::{
    diagnostic::Problems,
    nearest,
    shape::{OneOf, Period, SECOND, Whole, one_of},
    table::{Id, Table},
};
use crate::model::{ModbusBus, ModbusLink, ModbusPoint, ModbusUnit, Parity, duration};
use std::{collections::BTreeMap, ops::Range, time::Duration};

pub(super) use point::{input, is_meant, output, sensor};
pub use profile::modbus_kinds;
pub(super) use profile::{Profile, find};
pub(super) use shapes::Port;

const MS: Duration = Duration::from_millis(1);
/// An output of an interlock is read at least this often.
const INTERLOCK_POLL: Duration = Duration::from_secs(10);
/// What is written where there is no bus.
const EXAMPLE: &str = "port = \"/dev/ttyUSB0\"";

/// A bus as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub bus: Option<ModbusBus>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let port = table.optional(
        "port",
        "The serial port, such as \"/dev/ttyUSB0\" or, which stays the same, one of /dev/serial/by-id.",
        shapes::Port,
    );
    let url = table.optional(
        "url",
        "Instead of a serial port, \"tcp://192.168.1.20:502\" (Modbus TCP), or \"rtu+tcp://192.168.1.20:4001\" of a \
         converter that passes on bytes.",
        shapes::Url,
    );
    let baud = table.defaulted(
        "baud",
        "Of a serial port: bits a second, as all devices on it are set, 300 to 1000000.",
        Whole(300..=1_000_000),
        9_600,
    );
    let parity = table.defaulted(
        "parity",
        "Of a serial port: as all devices on it are set.",
        OneOf(&Parity::WORDS),
        Parity::None,
    );
    let stop_bits = table.defaulted("stop_bits", "Of a serial port: 1 or 2.", Whole(1..=2), 1);
    let timeout = table.optional(
        "timeout",
        "An answer begins within this time, 20ms to 10s; when absent, 500ms, and 1s over TCP.",
        Period(20 * MS..=10 * SECOND),
    );
    let poll = table.defaulted(
        "poll",
        "How often inputs and outputs are read, 20ms to 1h. Sensors have `every`.",
        Period(20 * MS..=3600 * SECOND),
        SECOND,
    );
    let pause = table.defaulted(
        "pause",
        "The bus is silent for this long before each request, 0s to 1s, beyond what the protocol asks: for devices that need it.",
        Period(Duration::ZERO..=SECOND),
        Duration::ZERO,
    );
    if url.is_some() {
        for key in ["port", "baud", "parity", "stop_bits"].into_iter().filter(|key| table.has(key)) {
            table.error_at(
                key,
                format!("`{key}` is of a serial port, and `url` leads over the network"),
                "remove one of them",
            );
        }
    } else if !table.has("port") && !table.has("url") {
        table.missing("port", "\"/dev/ttyUSB0\"");
    }
    let usual = if url.is_some() { SECOND } else { 500 * MS };
    let link = url.or_else(|| {
        let (baud, stop_bits) = (u32::try_from(baud).ok()?, u8::try_from(stop_bits).ok()?);
        Some(ModbusLink::Serial { port: port?.into(), baud, parity, stop_bits })
    });
    let id_text = id.text.as_str().into();
    let bus = |link| ModbusBus { id: id_text, link, timeout: timeout.unwrap_or(usual), poll, pause };
    Draft { id: id.clone(), bus: link.map(bus) }
}

/// A point on Modbus, as the house as a whole looks at it.
pub(super) struct Claim<'d> {
    pub id: &'d str,
    pub place: &'d Range<usize>,
    pub unit: &'d ModbusUnit,
    /// Of an output: where it is.
    pub output: Option<&'d ModbusPoint>,
    pub is_in_interlock: bool,
}

/// Points name buses that there are, each place is driven by one output, and no two buses are the same wires.
pub(super) fn check<'d>(claims: impl Iterator<Item = Claim<'d>>, drafts: &[Draft], problems: &Problems) {
    let mut places: BTreeMap<String, &str> = BTreeMap::new();
    for draft in drafts {
        let Some(bus) = &draft.bus else { continue };
        if let Some(other) = places.insert(bus.link.place(), &draft.id.text) {
            let message = format!("{} is [modbus.{other}] already", bus.link.place());
            problems.error(draft.id.place.clone(), message, format!("write modbus = \"{other}/1\" for what is on it"));
        }
    }
    let mut driven: Vec<(&ModbusPoint, &str)> = Vec::new();
    for Claim { id, place, unit, output, is_in_interlock } in claims {
        let bus = drafts.iter().find(|draft| *draft.id.text == *unit.bus);
        let poll = bus.and_then(|draft| draft.bus.as_ref()).map(|bus| bus.poll);
        if let Some(poll) = poll.filter(|poll| is_in_interlock && *poll > INTERLOCK_POLL) {
            let poll = duration::spell(poll);
            let message = format!(
                "{id} is in an interlock and is read each {poll}: if it goes on by itself, the others learn of it late"
            );
            let advice =
                format!("write poll = \"{}\" or less in [modbus.{}]", duration::spell(INTERLOCK_POLL), unit.bus);
            problems.warning(place.clone(), message, advice);
        }
        if bus.is_none() {
            let names = drafts.iter().map(|draft| draft.id.text.as_str());
            let advice = match nearest::name(&unit.bus, names.clone()) {
                Some(near) => format!("did you mean \"{near}/{}\"?", unit.address),
                None if drafts.is_empty() => format!("add [modbus.{}] and, on the line after it, {EXAMPLE}", unit.bus),
                None => format!("write {}", one_of(names.map(|name| format!("\"{name}/{}\"", unit.address)).collect())),
            };
            problems.error(place.clone(), format!("there is no [modbus.{}]", unit.bus), advice);
        }
        let Some(point) = output else { continue };
        let is_same = |(other, _): &&(&ModbusPoint, &str)| other.unit.bus == unit.bus && other.overlaps(point);
        if let Some((_, other)) = driven.iter().find(is_same) {
            let message = format!("{point} is driven by `{other}` already");
            problems.error(place.clone(), message, "each is driven by one output only: remove one");
        }
        driven.push((point, id));
    }
}
