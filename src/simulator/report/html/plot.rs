//! Readings as lines, one panel for each unit.

use super::{day::Scale, escape};
use crate::{
    model::{Kind, Owner, Point, SensorId, Unit, number},
    simulator::report::{Recording, Track},
};
use chrono::{DateTime, Utc};

/// One line of a panel.
struct Line<'r> {
    name: String,
    /// `stroke` and key colour.
    colour: String,
    /// `outside`, `target` or nothing.
    class: &'static str,
    samples: Vec<(DateTime<Utc>, Option<f64>)>,
    recording: &'r Recording,
}

/// More lines than this in one panel are a tangle.
const MOST: usize = 6;

/// A panel for temperatures with the air outside, and one for each other unit but air pressure.
pub(super) fn panels(recording: &Recording, scale: &Scale, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let mut units: Vec<Unit> = Vec::new();
    for (point, _) in &recording.tracks {
        if let Some((_, unit)) = reading(recording, *point)
            && !units.contains(&unit)
        {
            units.push(unit);
        }
    }
    units.retain(|unit| *unit != Unit::Hectopascal);
    units.sort_by_key(|unit| *unit != Unit::Celsius);
    let mut panels = String::new();
    for unit in units {
        let mut lines = lines(recording, unit, from, until);
        lines.truncate(MOST);
        if unit == Unit::Celsius && !recording.outdoor.is_empty() {
            let samples = recording.outdoor.iter().map(|(at, value)| (*at, Some(*value)));
            lines.push(Line {
                name: "outside".into(),
                colour: "var(--quiet)".into(),
                class: "outside",
                samples: cut(samples, from, until),
                recording,
            });
        }
        panels += &panel(&lines, unit, scale);
    }
    panels
}

fn lines(recording: &Recording, unit: Unit, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (point, track) in &recording.tracks {
        let (Some((sensor, of)), Track::Number(samples)) = (reading(recording, *point), track) else { continue };
        if of != unit {
            continue;
        }
        let several = recording.config[sensor].quantities().filter(|other| other.unit() == unit).count() > 1;
        let name = if several { recording.config.point_name(*point) } else { recording.config[sensor].id.to_string() };
        let colour = format!("var(--line{})", lines.len() % MOST);
        let samples = cut(samples.iter().copied(), from, until);
        lines.push(Line { name, colour, class: "", samples, recording });
    }
    lines
}

/// The sensor and the unit of a reading.
fn reading(recording: &Recording, point: Point) -> Option<(SensorId, Unit)> {
    let spec = recording.config.spec(point)?;
    match (spec.owner, &spec.kind) {
        (Owner::Sensor(id), Kind::Number(number)) => Some((id, number.unit)),
        _ => None,
    }
}

/// The samples of some time, with one before and one after it.
fn cut(
    samples: impl Iterator<Item = (DateTime<Utc>, Option<f64>)>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Option<f64>)> {
    samples.filter(|(at, _)| (from..=until).contains(at)).collect()
}

fn panel(lines: &[Line<'_>], unit: Unit, scale: &Scale) -> String {
    let values = || lines.iter().flat_map(|line| &line.samples).filter_map(|(_, value)| *value);
    let (Some(low), Some(high)) = (values().reduce(f64::min), values().reduce(f64::max)) else { return String::new() };
    let step = step(high - low);
    let (bottom, top) = ((low / step).floor() * step, (high / step).ceil() * step);
    let top = if top > bottom { top } else { bottom + step };
    let height = |value: f64| (top - value) / (top - bottom) * 100.0;
    let count = ((top - bottom) / step).round() as usize;
    let decimals = if step < 1.0 { 1 } else { 0 };
    let levels: String = (1..count)
        .map(|index| {
            let value = bottom + step * index as f64;
            format!(
                "<div class=level style=\"top:{:.2}%\"><span>{} {unit}</span></div>",
                height(value),
                number::fixed(value, decimals)
            )
        })
        .collect();
    let paths: String = lines.iter().map(|line| line.path(scale, &height)).collect();
    let keys: String = lines.iter().map(|line| line.key(unit)).collect();
    let low_panel = if unit == Unit::Celsius { "" } else { " low" };
    format!(
        "<div class=gap></div>\n<div class=row><div class=keys>{keys}</div><div class=\"plot{low_panel}\">{levels}<svg \
         viewBox=\"0 0 100 100\" preserveAspectRatio=none>{paths}</svg></div><div class=use></div></div>\n"
    )
}

/// A round distance of which a panel has a handful.
fn step(range: f64) -> f64 {
    let rough = (range / 4.0).max(0.1);
    let magnitude = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * magnitude >= rough).unwrap_or(10.0);
    factor * magnitude
}

impl Line<'_> {
    fn path(&self, scale: &Scale, height: &impl Fn(f64) -> f64) -> String {
        let mut path = String::new();
        let mut pen_is_down = false;
        let ended = |from: DateTime<Utc>, until: DateTime<Utc>| {
            let mut ends = self.recording.absences.iter().filter(|(_, ending)| ending.is_some());
            ends.any(|(at, _)| (from..=until).contains(at))
        };
        let mut before = None;
        for (at, value) in &self.samples {
            // Nobody read anything while hearthd did not run.
            pen_is_down &= before.replace(*at).is_some_and(|before| !ended(before, *at));
            let Some(value) = value else {
                pen_is_down = false;
                continue;
            };
            path += &format!(
                "{}{:.2} {:.2}",
                if pen_is_down { "L" } else { "M" },
                scale.percent(*at).clamp(0.0, 100.0),
                height(*value)
            );
            pen_is_down = true;
        }
        let class = if self.class.is_empty() { String::new() } else { format!(" class={}", self.class) };
        format!("<path{class} style=\"stroke:{}\" d=\"{path}\"/>", self.colour)
    }

    /// Its name, colour and range.
    fn key(&self, unit: Unit) -> String {
        let values = || self.samples.iter().filter_map(|(_, value)| *value);
        let range = match (values().reduce(f64::min), values().reduce(f64::max)) {
            (Some(low), Some(high)) => format!("{} to {} {unit}", number::fixed(low, 1), number::fixed(high, 1)),
            _ => "unknown".into(),
        };
        let dashed = if self.class.is_empty() { "" } else { " class=dashed" };
        let unknown = self.samples.iter().filter(|(_, value)| value.is_none()).count();
        let name =
            if unknown > 0 && self.recording.complete { format!("{} (gaps)", self.name) } else { self.name.clone() };
        format!("<span style=\"--of:{}\"><i{dashed}></i>{}<small>{range}</small></span>", self.colour, escape(&name))
    }
}
