//! `[inputs.NAME]`: what is read by interrupts.

use super::{
    diagnostic::Problems,
    ids, modbus, remote, serial,
    shape::{Class, DAY, Decimal, NameOrNames, OneOf, Period, SECOND, Whole, Wire, Word},
    suggestions,
    table::{Id, Table},
};
use crate::model::{
    ActiveLevel, Config, Counter, Input, InputKind, Line, Measures, ModbusPoint, Pull, Sensor, SensorSource,
    SerialState, Via,
};
use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

/// An input as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    pub input: Input,
    toggles: Vec<(String, Range<usize>)>,
    sets: Vec<(String, Range<usize>)>,
    /// The place of its wire; nothing when the wire is not known, or it has none.
    pub line: Option<Range<usize>>,
    /// The place of its topic or of its device, if it is on the broker, on Modbus or on a serial port.
    elsewhere: Option<Range<usize>>,
    /// What it is of a serial port, if it is there.
    serial: Option<serial::Named>,
    /// What a counter shows.
    counted: Option<Sensor>,
    /// The room that it names.
    pub room: Option<(String, Range<usize>)>,
}

impl Draft {
    /// What a counter shows, as a sensor of its name.
    pub fn counted(&self) -> Option<&Sensor> {
        self.counted.as_ref()
    }

    /// What it is on the broker, if it is there.
    pub fn claim(&self) -> Option<remote::Claim<'_>> {
        let (remote, place) = (self.input.line.remote()?, self.elsewhere.as_ref()?);
        Some(remote::Claim { id: &self.id.text, place, sensor: None, remote: Some(remote) })
    }

    /// What it is on Modbus, if it is there.
    pub fn modbus_claim(&self) -> Option<modbus::Claim<'_>> {
        let (point, place) = (self.input.line.modbus()?, self.elsewhere.as_ref()?);
        Some(modbus::Claim { id: &self.id.text, place, unit: &point.unit, output: None, is_in_interlock: false })
    }
}

impl Draft {
    /// Finds what it is of its serial port, if it is on one.
    pub fn find_serial(&mut self, ports: &[serial::Draft], problems: &Problems) {
        if let (Some(named), Line::Serial(state)) = (&self.serial, &mut self.input.line)
            && let Some(word) = serial::state(named, ports, problems)
        {
            Arc::make_mut(state).word = word;
        }
    }
}

pub(super) fn read(id: &Id, home: Via, table: &mut Table<'_>) -> Draft {
    let kind = table.required(
        "kind",
        "What it is; decides defaults and how apps show it.",
        "\"motion\"",
        OneOf(&InputKind::WORDS),
    );
    let is_counter = kind == Some(InputKind::Counter);
    let measures = table.optional(
        "measures",
        "Of a counter, what its pulses are: \"energy\" (kWh, W), \"water\", \"gas\" or another \"volume\" (m³, L/min),          \"rotation\" of a fan (rpm) or a plain \"count\" (times, times a minute).",
        OneOf(&Measures::WORDS),
    );
    let called = ids::called_now(id, table);
    let line = table.optional("gpio", "Its wire: the BCM number, \"GPIO4\", or \"gpiochip1/4\".", Wire);
    if !table.has("gpio") && !remote::is_meant(table) && !modbus::is_meant(table) && !serial::is_meant(table) {
        table.missing("gpio", "4");
    }
    let remote = remote::input(kind, home, table);
    let modbus = modbus::input(kind, table);
    let on_serial = serial::input(kind, table);
    let active = table.optional(
        "active",
        "The electric level that means motion, open, pressed, wet. When absent: \"low\" for button, switch, contact \
         and counter (they connect the wire to ground), \"high\" for the others (a door's magnet contact opens with the door).",
        OneOf(&ActiveLevel::WORDS),
    );
    let pull = table.optional(
        "pull",
        "The resistor that holds the wire. When absent: \"up\" for door, window, button, switch, contact and counter, \
         \"as-is\" (what the firmware set) for the others.",
        OneOf(&Pull::WORDS),
    );
    let debounce = table.defaulted(
        "debounce",
        "A change counts when the wire was steady for this long, 0s to 10s. When absent, of a counter 1ms, and 0s if it \
         measures rotation.",
        Period(Duration::ZERO..=10 * SECOND),
        match measures.filter(|_| is_counter) {
            Some(Measures::Rotation) => Duration::ZERO,
            _ if is_counter => Duration::from_millis(1),
            _ => Duration::from_millis(50),
        },
    );
    let hold = table.defaulted(
        "hold",
        "It stays active for this long after its wire no longer is, 0s to 1d: for motion detectors that flicker.",
        Period(Duration::ZERO..=DAY),
        Duration::ZERO,
    );
    let double_gap = table.defaulted(
        "double_gap",
        "Of a button: presses that follow each other faster than this are a double or triple click, 100ms to 2s.",
        Period(Duration::from_millis(100)..=2 * SECOND),
        Duration::from_millis(350),
    );
    let long_after = table.defaulted(
        "long_after",
        "Of a button: held down for this long it is a long press, 300ms to 10s.",
        Period(Duration::from_millis(300)..=10 * SECOND),
        SECOND,
    );
    let toggles = table.optional(
        "toggles",
        "The outputs that each press of a button, or each flip of a switch, toggles.",
        NameOrNames("output"),
    );
    let sets = table.optional(
        "sets",
        "The outputs that are set as the switch stands, each time it is flipped.",
        NameOrNames("output"),
    );
    let max_rate = table.defaulted(
        "max_rate",
        "More changes (of a counter: pulses) than this within a second are a fault, until it is quiet again: 2 to 1000. \
         When absent, three quarters of what `debounce` lets through, 50 at the most; of a counter 1000.",
        Whole(2..=1000),
        if is_counter { 1000 } else { usual_max_rate(debounce) },
    );
    let class = table.optional(
        "class",
        "What Home Assistant is to call it, such as \"garage_door\"; made from `kind` when absent. Of a button, \"doorbell\".",
        Class::of_input(kind),
    );
    let room = table.optional(
        "room",
        "The room that it is in; when absent, the one that has it among its motion or doors.",
        Word,
    );
    let counted = read_counter(id, measures, is_counter, table);
    if is_counter {
        table.want("measures", "\"energy\"");
        if table.has("hold") {
            table.error_at("hold", "a counter is neither on nor off: there is nothing to hold", "remove it");
        }
    } else if kind.is_some() {
        for key in COUNTER_KEYS.into_iter().filter(|key| table.has(key)) {
            table.error_at(key, format!("`{key}` is for counters"), "remove it, or write kind = \"counter\"");
        }
    }
    let is_button = kind == Some(InputKind::Button);
    for key in ["double_gap", "long_after"] {
        if table.has(key) && !is_button && kind.is_some() {
            table.error_at(key, format!("`{key}` is for buttons"), "remove it, or write kind = \"button\"");
        }
    }
    for key in ["toggles", "sets"] {
        let fits = matches!(kind, None | Some(InputKind::Switch)) || is_button && key == "toggles";
        if table.has(key) && !fits {
            let message =
                if is_button { "a button has no position to set by" } else { "this is for a button or a switch" };
            let advice = if is_button { "write `toggles`" } else { "write kind = \"button\" or \"switch\", or a rule" };
            table.error_at(key, message, advice);
        }
    }
    // A name that stands alone has the place of its key.
    let placed = |key: &str, names: Option<Vec<(String, Range<usize>)>>| -> Vec<(String, Range<usize>)> {
        let place = |place: Range<usize>| if place.is_empty() { table.place_of(key) } else { place };
        names.into_iter().flatten().map(|(name, at)| (name, place(at))).collect()
    };
    let on_broker = remote.map(|(remote, place)| (Line::Remote(Arc::new(remote)), place));
    let on_modbus = modbus.map(|(point, place)| {
        let inverted = active == Some(ActiveLevel::Low);
        (Line::Modbus(Arc::new(ModbusPoint { inverted, ..point })), place)
    });
    let of_port = on_serial.as_ref().map(|named| {
        let inverted = active == Some(ActiveLevel::Low);
        let state = SerialState { port: named.port.as_str().into(), word: "", inverted };
        (Line::Serial(Arc::new(state)), named.place.clone())
    });
    let (elsewhere, elsewhere_at) = on_broker.or(on_modbus).or(of_port).unzip();
    let (usual_active, usual_pull) =
        kind.map_or((ActiveLevel::High, Pull::AsIs), |kind| (kind.facts().active, kind.facts().pull));
    Draft {
        room: room.map(|room| (room, table.place_of("room"))),
        line: line.is_some().then(|| table.place_of("gpio")),
        elsewhere: elsewhere_at,
        serial: on_serial,
        input: Input {
            id: id.text.as_str().into(),
            name: called.name.clone(),
            kind: kind.unwrap_or(InputKind::Contact),
            line: elsewhere.or(line).unwrap_or(Line::Number(0)),
            active: active.unwrap_or(usual_active),
            pull: pull.unwrap_or(usual_pull),
            debounce,
            hold,
            double_gap,
            long_after,
            toggles: Vec::new(),
            sets: Vec::new(),
            max_rate: u32::try_from(max_rate).unwrap_or(u32::MAX),
            room: None,
            class,
        },
        toggles: placed("toggles", toggles),
        sets: placed("sets", sets),
        counted: counted.map(|sensor| Sensor { name: called.name.clone(), ..sensor }),
        id: id.clone(),
        called,
    }
}

/// Changes come at least a `debounce` apart: a quarter fewer in a second than that allows, or no wire would ever reach it.
fn usual_max_rate(debounce: Duration) -> i64 {
    let most = 1_000_i64.checked_div(i64::try_from(debounce.as_millis()).unwrap_or(i64::MAX)).unwrap_or(i64::MAX);
    (most.saturating_mul(3) / 4).clamp(2, 50)
}

/// The keys that only counters have.
const COUNTER_KEYS: [&str; 4] = ["measures", "pulses_per_unit", "every", "zero_after"];

/// What a counter shows, if it is one.
fn read_counter(id: &Id, measures: Option<Measures>, is_counter: bool, table: &mut Table<'_>) -> Option<Sensor> {
    let pulses_per_unit = table.defaulted(
        "pulses_per_unit",
        "Of a counter: how many pulses are one kWh, m³, revolution or count, 0.000001 to 1000000000.",
        Decimal(1e-6..=1e9),
        1.0,
    );
    let every = table.defaulted(
        "every",
        "Of a counter: how often what it shows is renewed, 1s to 1h.",
        Period(SECOND..=3600 * SECOND),
        10 * SECOND,
    );
    let of_rotation = measures == Some(Measures::Rotation);
    let zero_after = table.defaulted(
        "zero_after",
        "Of a counter: without a pulse for this long its rate is zero, 1s to 1d. When absent, 5m, and 5s if it measures \
         rotation.",
        Period(SECOND..=DAY),
        if of_rotation { 5 * SECOND } else { 300 * SECOND },
    );
    let measures = measures.filter(|_| is_counter)?;
    Some(Sensor {
        id: id.text.as_str().into(),
        name: String::new(),
        source: SensorSource::Counter(Counter { measures, pulses_per_unit, zero_after }),
        every,
        // Its readings do not grow old: without pulses they fall.
        stale_after: STALE_NEVER,
        derived: Vec::new(),
        filters: BTreeMap::new(),
        altitude_m: None,
        room: None,
        class: None,
    })
}

/// Longer than any house lasts.
const STALE_NEVER: Duration = Duration::from_secs(1_000 * 365 * 86_400);

/// The input with its outputs found in `config`.
pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> Input {
    let mut input = draft.input;
    let find = |(name, place): &(String, Range<usize>)| Some((config.find_output(name)?, place.clone()));
    let toggles: Vec<_> = draft.toggles.iter().filter_map(find).collect();
    for (names, found) in [(draft.toggles, &mut input.toggles), (draft.sets, &mut input.sets)] {
        for (name, place) in names {
            match suggestions::output(&name, config) {
                Ok(output) if found.contains(&output) => {
                    problems.error(place, format!("`{name}` is listed twice"), "remove one of them");
                }
                Ok(output) => found.push(output),
                Err((message, advice)) => problems.error(place, message, advice),
            }
        }
    }
    for (output, place) in toggles.iter().filter(|(output, _)| input.sets.contains(output)) {
        let message = format!("`{}` is both set and toggled by this switch", config[*output].id);
        problems.error(place.clone(), message, "keep it in `sets` or in `toggles`: the two contradict each other");
    }
    input
}
