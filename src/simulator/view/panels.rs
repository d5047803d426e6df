//! The parts of the box, each as lines of a given width.

use super::{
    Row,
    line::{Line, Look, Paint},
};
use crate::{
    model::{Config, Kind, Owner, PointSpec, PointState, Quality, Role, SensorId, Slot, Snapshot, Unit, Value, number},
    simulator::journal::{Entry, Journal, Tone, is_on, local},
};
use chrono::{NaiveDate, TimeDelta};

/// `1 hall_light  ● ON   4m  rule: Hall light after dark while somebody is there`
pub(super) fn outputs(snapshot: &Snapshot, look: Look, width: usize) -> Vec<Row> {
    let states: Vec<_> = of_role(snapshot, Role::Output).map(|(_, state)| state).collect();
    if states.is_empty() {
        return vec![Row::still(Line::new(look).fit(Paint::Dim, "no outputs in this configuration", width))];
    }
    let names: Vec<_> = states.iter().map(|state| snapshot.config.point_name(state.point)).collect();
    let name_width = longest(&names).min(22.min(width / 3));
    let today = local(&snapshot.config, snapshot.now.wall).date();
    let row = |(i, (state, name)): (usize, (&&PointState, &String))| {
        let number = if i < 9 { (i + 1).to_string() } else { String::new() };
        let (paint, mark, word) = match (state.quality, &state.value) {
            (Quality::Fault, _) => (Paint::Trouble, look.sign("×", "x"), "FAULT"),
            (_, None) => (Paint::Dim, " ", "?"),
            _ if is_on(state) => (Paint::Active, look.sign("●", "*"), "ON"),
            _ => (Paint::Dim, look.sign("○", "."), "OFF"),
        };
        let line = Line::new(look).fit(Paint::Dim, &number, 2);
        let line = line.fit(Paint::Plain, name, name_width).blank(1);
        let line = line.put(paint, mark).blank(1).fit(paint, word, 5);
        let line = line.fit_right(Paint::Dim, &since(snapshot, state), 6).blank(2);
        let room = line.room(width);
        match (&state.fault, &state.explanation) {
            (Some(fault), _) => line.fit(Paint::Trouble, fault, room),
            (None, Some(explanation)) => why(line, &without(&today, &explanation.line), Some(explanation.winner), room),
            (None, None) => line,
        }
    };
    let lines = states.iter().zip(&names).enumerate().map(row);
    lines.zip(&states).map(|(line, state)| Row { line, changed: state.changed }).collect()
}

/// `hall  occupied  3m`
pub(super) fn inputs_and_rooms(snapshot: &Snapshot, look: Look, width: usize) -> Vec<Row> {
    let config = &snapshot.config;
    let states = rooms_then_inputs(snapshot);
    let words_width = if width >= 27 { WORDS } else { 9 };
    let names: Vec<_> = states.iter().map(|(spec, _)| short_name(config, spec)).collect();
    let name_width = longest(&names).min(width.saturating_sub(words_width));
    let row = |((spec, state), name): (&(&PointSpec, &PointState), &String)| {
        let word = match spec.owner {
            Owner::Input(id) => config[id].kind.says(is_on(state)),
            _ => spec.state_word(is_on(state)),
        };
        let (paint, word) = match state.quality {
            Quality::Fault => (Paint::Trouble, "FAULT"),
            Quality::Stale => (Paint::Warning, "stale"),
            Quality::Unknown => (Paint::Dim, "unknown"),
            Quality::Good if is_on(state) => (Paint::Active, word),
            Quality::Good => (Paint::Dim, word),
        };
        let line = Line::new(look).fit(Paint::Plain, name, name_width).blank(1);
        let room = line.room(width);
        match &state.fault {
            Some(fault) => line.fit(Paint::Trouble, &format!("FAULT {fault}"), room),
            None if room < 15 => line.fit(paint, word, room),
            None => line.fit(paint, word, room - 6).fit_right(Paint::Dim, &since(snapshot, state), 6),
        }
    };
    let lines = states.iter().zip(&names).map(row);
    let rows: Vec<_> = lines.zip(&states).map(|(line, (_, state))| Row { line, changed: state.changed }).collect();
    if rows.is_empty() { vec![Row::still(Line::new(look).fit(Paint::Dim, "none", width))] } else { rows }
}

/// The cells of `occupied 23h59m` and the blank before it.
const WORDS: usize = 16;

/// The width that [`inputs_and_rooms`] has use for, at most `limit`.
pub(super) fn width_of_inputs_and_rooms(snapshot: &Snapshot, limit: usize) -> usize {
    let states = rooms_then_inputs(snapshot);
    let names: Vec<_> = states.iter().map(|(spec, _)| short_name(&snapshot.config, spec)).collect();
    (longest(&names) + WORDS).max("Rooms and inputs".len() + 4).min(limit)
}

fn rooms_then_inputs(snapshot: &Snapshot) -> Vec<(&PointSpec, &PointState)> {
    of_role(snapshot, Role::Occupied).chain(of_role(snapshot, Role::Input)).collect()
}

fn of_role(snapshot: &Snapshot, role: Role) -> impl Iterator<Item = (&PointSpec, &PointState)> {
    snapshot.described().filter(move |(spec, _)| spec.role == role)
}

/// A room goes by its own name.
fn short_name(config: &Config, spec: &PointSpec) -> String {
    match spec.owner {
        Owner::Room(id) => config[id].id.to_string(),
        _ => spec.name.clone(),
    }
}

/// `living  20.3 °C  ▂▃▅▆▇▆▅▃  41.0 %  1013.2 hPa`: one line each; the course is that of the first quantity.
pub(super) fn sensors(snapshot: &Snapshot, journal: &Journal, look: Look, width: usize) -> Vec<Row> {
    let config = &snapshot.config;
    let names: Vec<_> = config.sensors.iter().map(|sensor| sensor.id.to_string()).collect();
    if names.is_empty() {
        return vec![Row::still(Line::new(look).fit(Paint::Dim, "no sensors in this configuration", width))];
    }
    let name_width = longest(&names).min(width / 3);
    // The course is worth more than the third quantity.
    let most = config.sensors.iter().map(|sensor| sensor.quantities().count()).max().unwrap_or(1);
    let room = width.saturating_sub(name_width + 1 + VALUE);
    let rest_width = [REST[0] + REST[1], REST[0]].into_iter().find(|rest| rest + 8 <= room).unwrap_or(0);
    let course_width = room.saturating_sub(2 + if most > 1 { rest_width } else { 0 }).min(48);
    let row = |(i, name): (usize, &String)| {
        let readings: Vec<_> = of_sensor(snapshot, SensorId(i)).collect();
        let mut line = Line::new(look).fit(Paint::Plain, name, name_width).blank(1);
        let Some((spec, first)) = readings.first() else { return line };
        if let Some(fault) = &first.fault {
            let room = line.room(width);
            return line.fit(Paint::Trouble, &format!("FAULT {fault}"), room);
        }
        let paint = quality_paint(first.quality);
        let value_width = VALUE.min(line.room(width));
        line = line.fit_right(paint, &reading(spec, first), value_width);
        let word = match first.quality {
            Quality::Good => "",
            Quality::Stale => " stale",
            Quality::Unknown => " unknown",
            Quality::Fault => " FAULT",
        };
        if !word.is_empty() {
            let room = line.room(width);
            return line.fit(paint, word, room);
        }
        if course_width >= 4 {
            line = line.blank(1).put(Paint::Rule, &course(journal, snapshot, spec, look, course_width)).blank(1);
        }
        for ((spec, state), cells) in readings.iter().skip(1).zip(REST) {
            if line.room(width) >= cells {
                line = line.fit_right(quality_paint(state.quality), &reading(spec, state), cells);
            }
        }
        line
    };
    // They change all the time; one that fails has changed for the eye.
    let failed = |i: usize| {
        of_sensor(snapshot, SensorId(i)).find_map(|(_, state)| state.changed.filter(|_| state.quality != Quality::Good))
    };
    names.iter().enumerate().map(row).enumerate().map(|(i, line)| Row { line, changed: failed(i) }).collect()
}

fn of_sensor(snapshot: &Snapshot, id: SensorId) -> impl Iterator<Item = (&PointSpec, &PointState)> {
    of_role(snapshot, Role::Reading).filter(move |(spec, _)| spec.owner == Owner::Sensor(id))
}

/// The cells of a sensor's first value, and of the others.
const VALUE: usize = 8;
const REST: [usize; 2] = [6, 10];

/// `18:42  hall_light  ON  rule: Hall light after dark while somebody is there`, newest first.
pub(super) fn happenings(journal: &Journal, look: Look, width: usize, rows: usize) -> Vec<Line> {
    let entries: Vec<&Entry> = journal.latest().take(rows).collect();
    let names: Vec<_> = entries.iter().map(|entry| entry.point.clone()).collect();
    let name_width = longest(&names).clamp(10, 22.min(width / 3).max(10));
    let row = |entry: &&Entry| {
        let paint = match entry.tone {
            Tone::Active => Paint::Active,
            Tone::Idle => Paint::Dim,
            Tone::Trouble => Paint::Trouble,
        };
        let line = Line::new(look).put(Paint::Dim, &entry.at.format("%H:%M").to_string()).blank(1);
        let room = line.room(width);
        let line = line.fit(Paint::Plain, &entry.point, name_width.min(room));
        let room = line.room(width);
        let line = line.blank(1.min(room)).fit(paint, &entry.what, 8.min(room.saturating_sub(1)));
        let room = line.room(width);
        if room < 6 { line } else { why(line.blank(1), &without(&entry.at.date(), &entry.why), None, room - 1) }
    };
    entries.iter().map(row).collect()
}

/// A time of the same day needs no date.
fn without(date: &NaiveDate, text: &str) -> String {
    text.replace(&format!("{date} "), "")
}

/// The slot in its colour, then the cause.
fn why(line: Line, text: &str, winner: Option<Slot>, width: usize) -> Line {
    let slot = winner.or_else(|| Slot::ALL.into_iter().find(|slot| text.starts_with(&format!("{slot}:"))));
    let paint = match slot {
        Some(Slot::Safety) => Paint::Trouble,
        Some(Slot::Protect) => Paint::Warning,
        Some(Slot::Manual) => Paint::Hand,
        Some(Slot::Climate | Slot::Rule) => Paint::Rule,
        Some(Slot::Default) | None => Paint::Dim,
    };
    let end = line.room(usize::MAX) - width;
    match text.split_once(": ") {
        Some((slot, cause)) if slot.len() + 2 < width && slot.chars().all(|c| c.is_ascii_lowercase()) => {
            let cause_paint = if paint == Paint::Dim { Paint::Dim } else { Paint::Plain };
            let line = line.put(paint, slot).put(Paint::Dim, ": ");
            let room = line.room(usize::MAX) - end;
            line.fit(cause_paint, cause, room)
        }
        _ => line.fit(paint, text, width),
    }
}

/// How long a point has had its value: `12s`, `4m`, `2h03m`, `3d`.
fn since(snapshot: &Snapshot, state: &PointState) -> String {
    let Some(changed) = state.changed else { return String::new() };
    let time = (snapshot.now.wall - changed).max(TimeDelta::zero());
    match (time.num_seconds(), time.num_minutes(), time.num_hours(), time.num_days()) {
        (s @ ..60, ..) => format!("{s}s"),
        (_, m @ ..60, ..) => format!("{m}m"),
        (_, m, h @ ..24, _) => format!("{h}h{:02}m", m % 60),
        (.., d @ ..1_000) => format!("{d}d"),
        (.., d) => format!("{}y", d / 365),
    }
}

/// `20.3 °C`: a tenth is enough for the eye.
fn reading(spec: &PointSpec, state: &PointState) -> String {
    match (&state.value, &spec.kind) {
        (Some(Value::Number(value)), Kind::Number(number)) => {
            let decimals = match number.unit {
                Unit::Celsius => 1,
                Unit::Volt | Unit::Ampere => 2,
                Unit::Own(_) => number.decimals.unwrap_or_default(),
                _ => 0,
            };
            number.unit.with(number::fixed(*value, decimals))
        }
        _ => "-".into(),
    }
}

fn quality_paint(quality: Quality) -> Paint {
    match quality {
        Quality::Good => Paint::Plain,
        Quality::Stale => Paint::Warning,
        Quality::Fault => Paint::Trouble,
        Quality::Unknown => Paint::Dim,
    }
}

/// The last quarters of an hour of a reading as a row of blocks, from the lowest to the highest among them.
fn course(journal: &Journal, snapshot: &Snapshot, spec: &PointSpec, look: Look, count: usize) -> String {
    let blocks: Vec<char> = look.sign("▁▂▃▄▅▆▇█", "_.,-=+*#").chars().collect();
    let values = journal.course(&spec.name, snapshot.now.wall, count);
    let known = || values.iter().copied().flatten();
    let (lowest, highest) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    // A change of less than one unit is drawn as what it is: small.
    let span = (highest - lowest).max(1.0);
    let block = |value: &Option<f64>| match value {
        Some(value) => {
            let height = (value - lowest) / span * (blocks.len() - 1) as f64;
            blocks[(height.round() as usize).min(blocks.len() - 1)]
        }
        None => ' ',
    };
    values.iter().map(block).collect()
}

fn longest(names: &[String]) -> usize {
    names.iter().map(|name| name.chars().map(super::line::cells).sum()).max().unwrap_or(0)
}
