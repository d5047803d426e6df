//! The report as plain text, for a terminal.

use super::{
    Recording,
    findings::{self, Finding},
    sums::{CELLS, NumberSum, TrackSum},
};
use crate::{
    almanac::sun,
    model::{Config, Kind, OutputId, Owner, Point, PointSpec, Role, duration, number},
    simulator::scenario::columns,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// The columns of the table of days: in all, and of its dates.
const WIDEST: usize = 100;
const DATE: usize = 10;
/// From empty to full.
const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Up to here every change is printed, and up to there each day.
const CHANGES_UP_TO: TimeDelta = TimeDelta::days(2);
const DAYS_UP_TO: usize = 31;

/// All of it, in lines.
pub fn lines(recording: &Recording) -> Vec<String> {
    let mut lines = Vec::new();
    let short = recording.until - recording.from <= CHANGES_UP_TO;
    if short && recording.complete {
        lines.extend(columns(&recording.lines, &recording.config, recording.from, recording.until));
        lines.push(String::new());
    }
    lines.extend(lanes(recording));
    lines.extend(days(recording));
    lines.extend(readings(recording));
    lines.extend(findings(recording));
    if !(short && recording.complete) {
        let trouble = trouble(recording);
        if !trouble.is_empty() {
            lines.extend([String::new(), "Trouble:".into()]);
            lines.extend(trouble.iter().map(|line| format!("  {line}")));
        }
    }
    let left_out = findings::left_out(recording).unwrap_or_default().sentences();
    if !left_out.is_empty() {
        lines.extend([String::new(), "Not modelled:".into()]);
        lines.extend(left_out.iter().map(|item| format!("  {item}")));
    }
    lines
}

/// A lane for each output and room, below one for the daylight.
fn lanes(recording: &Recording) -> Vec<String> {
    let config = &recording.config;
    let (from, until) = (recording.from, recording.until);
    let zone = config.hub.timezone;
    let local = |at: DateTime<Utc>| at.with_timezone(&zone);
    let name = |text: &str| format!("{text:<width$}", width = width(recording));
    let with_energy = config.outputs.iter().any(|output| output.power.is_some());
    let energy_head = if with_energy { "       kWh" } else { "" };
    let mut lines = vec![
        format!(
            "{}, {} of its life: {} to {}",
            config.hub.name,
            duration::spell((until - from).to_std().unwrap_or_default()),
            local(from).format("%a %-d %b %Y %H:%M"),
            local(until).format("%a %-d %b %Y %H:%M")
        ),
        config.contents(),
        String::new(),
        format!("{}  {}        on  times{energy_head}", name(""), scale(recording)),
        format!("{}  {}", name("daylight"), daylight(recording)),
    ];
    for id in config.visible_outputs() {
        let usage = recording.usage(id, from, until);
        let energy = match recording.energy_kwh(id, &usage) {
            Some(energy) => format!("  {energy:>8.2}"),
            None => String::new(),
        };
        let lane: String = recording.shares(id).iter().copied().map(bar).collect();
        lines.push(format!("{}  {lane}  {:>8}  {:>5}{energy}", name(&config[id].id), spell(usage.on), usage.times));
    }
    for ((point, _), sum) in recording.tracks.iter().zip(&recording.track_sums) {
        let (Some(Role::Occupied), TrackSum::Binary(sum)) = (config.spec(*point).map(|spec| spec.role), sum) else {
            continue;
        };
        let lane: String = sum.cells.iter().copied().map(bar).collect();
        let (on, times) = (spell(sum.on), sum.times);
        lines.push(format!("{}  {lane}  {on:>8}  {times:>5}", name(&config.point_name(*point))));
    }
    lines
}

/// A line for each day, with the hours of each output.
fn days(recording: &Recording) -> Vec<String> {
    let days = recording.days();
    if !(3..=DAYS_UP_TO).contains(&days.len()) {
        return Vec::new();
    }
    let used: Vec<OutputId> = recording.config.visible_outputs().filter(|id| recording.was_on(*id)).collect();
    let width = |id: OutputId| recording.config[id].id.len().max(11) + 2;
    // As many outputs beside each other as there is room for.
    let mut blocks: Vec<(usize, Vec<OutputId>)> = Vec::new();
    for id in used {
        match blocks.last_mut().filter(|(taken, _)| taken + width(id) <= WIDEST) {
            Some((taken, block)) => {
                *taken += width(id);
                block.push(id);
            }
            None => blocks.push((DATE + width(id), vec![id])),
        }
    }
    let mut lines = Vec::new();
    for (_, block) in blocks {
        let head: String = block.iter().map(|id| format!("{:>1$}", recording.config[*id].id, width(*id))).collect();
        lines.extend([String::new(), format!("{:<DATE$}{head}", "on, times")]);
        for (date, begin, end) in &days {
            let cells = block.iter().map(|id| {
                let usage = recording.usage(*id, *begin, *end);
                let text =
                    if usage.on.is_zero() { "-".into() } else { format!("{} {:>3}x", spell(usage.on), usage.times) };
                format!("{text:>0$}", width(*id))
            });
            lines.push(format!("{:<DATE$}{}", date.format("%a %-d %b").to_string(), cells.collect::<String>()));
        }
    }
    lines
}

fn tenths(number: f64) -> String {
    number::fixed(number, 1)
}

/// The range of each reading.
fn readings(recording: &Recording) -> Vec<String> {
    let mut lines = Vec::new();
    let range = |sum: &NumberSum, unit: &str| {
        let (low, high, mean) = (sum.lowest?, sum.highest?, sum.mean()?);
        Some(format!("{} to {} {unit}, {} on average", tenths(low), tenths(high), tenths(mean)))
    };
    for ((point, _), sum) in recording.tracks.iter().zip(&recording.track_sums) {
        let TrackSum::Number(sum) = sum else { continue };
        let name = recording.config.point_name(*point);
        let unknown = sum.unknown();
        let gap = match unknown * 100 / sum.samples.max(1) {
            _ if unknown == 0 => String::new(),
            percent => format!("; unknown for {percent} % of the time"),
        };
        let text =
            range(sum, &unit(&recording.config, *point)).map_or_else(|| "never known".into(), |text| text + &gap);
        lines.push(format!("{name:<width$}  {text}", width = width(recording)));
    }
    if let Some(text) = range(&recording.outdoor_sum, "°C") {
        lines.push(format!("{:<width$}  {text}", "outside", width = width(recording)));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

/// What is worth a look, under a line for each kind.
fn findings(recording: &Recording) -> Vec<String> {
    let mut lines = Vec::new();
    for Finding { title, items } in findings::all(recording) {
        lines.extend([String::new(), format!("{title}:")]);
        lines.extend(items.iter().map(|item| format!("  {item}")));
    }
    lines
}

/// The unit of a point that is a number.
pub(crate) fn unit(config: &Config, point: Point) -> String {
    match config.spec(point).map(|spec| &spec.kind) {
        Some(Kind::Number(number)) => number.unit.to_string(),
        _ => String::new(),
    }
}

/// What went wrong, the first of it.
pub(super) fn trouble(recording: &Recording) -> Vec<String> {
    const MOST: usize = 20;
    let trouble: Vec<_> = recording.lines.iter().filter(|line| line.change.trouble).cloned().collect();
    let shown = &trouble[..trouble.len().min(MOST)];
    let mut lines = columns(shown, &recording.config, recording.from, recording.until);
    let more = trouble.len() - shown.len() + recording.more_trouble;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Where in the lanes which time is.
fn scale(recording: &Recording) -> String {
    let zone = recording.config.hub.timezone;
    let length = recording.until - recording.from;
    let form = match length.num_days() {
        0..=2 => "%H:%M",
        3..=60 => "%-d %b",
        61..=730 => "%b",
        _ => "%Y",
    };
    let mut text = String::new();
    let mut last = String::new();
    while text.chars().count() < CELLS {
        let cell = i32::try_from(text.chars().count()).unwrap_or_default();
        let at = recording.from + length / CELLS as i32 * cell;
        let word = at.with_timezone(&zone).format(form).to_string();
        // A day or a month is named where it begins.
        text += &format!("{:<8}", if word == last { "" } else { &word });
        last = word;
    }
    text.chars().take(CELLS).collect()
}

fn daylight(recording: &Recording) -> String {
    let hub = &recording.config.hub;
    let step = (recording.until - recording.from) / CELLS as i32;
    let cells = (0..CELLS as i32).map(|cell| {
        let begin = recording.from + step * cell;
        // A cell of days shows how much of them is light.
        let light = (0..24).filter(|part| {
            let at = begin + step / 24 * *part;
            sun::is_up(at, hub.latitude, hub.longitude).is_some_and(|up| up)
        });
        bar(light.count() as f64 / 24.0)
    });
    cells.collect()
}

fn bar(share: f64) -> char {
    let full = BARS.len() - 1;
    // A little is shown as a little, and nearly all as not quite all.
    let index = match share {
        share if share <= 0.0 => 0,
        share if share >= 0.999 => full,
        share => ((share * full as f64).round() as usize).clamp(1, full - 1),
    };
    BARS[index]
}

/// Of the column of names.
fn width(recording: &Recording) -> usize {
    let is_shown = |spec: &&PointSpec| !matches!(spec.owner, Owner::Output(_)) || spec.role == Role::Output;
    let names = recording.config.specs().iter().filter(is_shown).map(|spec| spec.name.chars().count());
    names.max().unwrap_or(0).max(8)
}

/// To the millisecond below ten seconds, to the second below an hour, to the minute below ten days, to the hour above.
pub(in crate::simulator) fn spell(time: TimeDelta) -> String {
    if time < TimeDelta::seconds(10) {
        return duration::spell(time.to_std().unwrap_or_default());
    }
    let seconds = u64::try_from(time.num_seconds()).unwrap_or_default();
    let unit = match seconds {
        0..3_600 => 1,
        3_600..864_000 => 60,
        _ => 3_600,
    };
    // Hours are easier to compare than days.
    let rounded = seconds / unit * unit;
    if rounded >= 86_400 && unit == 60 {
        return format!("{}h{:02}m", rounded / 3_600, rounded / 60 % 60);
    }
    if unit == 3_600 {
        return format!("{}h", rounded / 3_600);
    }
    duration::spell(Duration::from_secs(rounded))
}
