//! The chart of one day: a lane for each output, room and door, over night and daylight, and the readings as lines.

use super::{colour, escape, lanes, plot};
use crate::{
    engine::sun,
    model::{InputKind, Level, OutputId, Point, Slot},
    simulator::report::{Recording, Track, text::spell, within},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Where an instant is in the chart, percent of its width.
pub(super) struct Scale {
    from: DateTime<Utc>,
    length_ms: f64,
}

impl Scale {
    pub(super) fn new(from: DateTime<Utc>, until: DateTime<Utc>) -> Scale {
        Scale { from, length_ms: (until - from).num_milliseconds().max(1) as f64 }
    }

    pub(super) fn percent(&self, at: DateTime<Utc>) -> f64 {
        (at - self.from).num_milliseconds() as f64 / self.length_ms * 100.0
    }
}

pub(super) fn section(recording: &Recording, date: NaiveDate, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let scale = Scale::new(from, until);
    let mut rows = hours(recording, &scale, from, until);
    for id in lanes(recording) {
        rows += &output(recording, id, &scale, from, until);
    }
    let binary = recording.tracks.iter().filter_map(|(point, track)| match track {
        Track::Binary(changes) => Some((*point, changes)),
        _ => None,
    });
    let quiet: String = binary
        .filter(|(point, _)| is_shown(recording, *point))
        .map(|(point, changes)| lane(recording, point, changes, &scale, from, until))
        .collect();
    if !quiet.is_empty() {
        rows += &format!("<div class=gap></div>\n<div class=thin>\n{quiet}</div>\n");
    }
    rows += &plot::panels(recording, &scale, from, until);
    format!(
        "<section style=\"--sky:{}\">\n<div class=head><h2>{}</h2><span>{}</span></div>\n{rows}{}</section>\n",
        sky(recording, date, &scale),
        date.format("%A %-d %B %Y"),
        sun_times(recording, date),
        legend(),
    )
}

/// The hours above the lanes, at even distances.
fn hours(recording: &Recording, scale: &Scale, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let zone = recording.config.hub.timezone;
    let step = (until - from) / 8;
    let spans: String = (0..=8)
        .map(|index| {
            let at = from + step * index;
            let text = match (index, at.with_timezone(&zone).format("%H:%M").to_string()) {
                (8, text) if text == "00:00" => "24:00".to_owned(),
                (_, text) => text,
            };
            format!("<span style=\"left:{:.2}%\">{text}</span>", scale.percent(at))
        })
        .collect();
    format!(
        "<div class=\"row scale\"><div class=name></div><div class=hours>{spans}</div><div class=use></div></div>\n"
    )
}

fn output(recording: &Recording, id: OutputId, scale: &Scale, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let config = &recording.config;
    let mut bars = String::new();
    for (span, begin, end) in within(&recording.outputs[id.0], |span| span.from, from, until) {
        let class = match (span.level.is_on(), span.winner()) {
            (true, Some(Slot::Manual)) => "bar hand",
            (true, Some(Slot::Safety | Slot::Protect)) => "bar held",
            (true, _) => "bar",
            (false, Some(Slot::Safety | Slot::Protect)) => "bar cut",
            (false, _) => continue,
        };
        let level = if span.level.is_on() { 0.3 + 0.7 * f64::from(span.level.percent()) / 100.0 } else { 1.0 };
        let what = format!("{} {}", span.level, span.why());
        bars += &bar(class, level, what.trim(), recording, scale, begin, end);
    }
    let usage = recording.usage(id, from, until);
    let sum = if usage.on.is_zero() { String::new() } else { format!("{} · {}×", spell(usage.on), usage.times) };
    row(&config[id].name, &colour(config[id].kind), &bars, &sum)
}

/// A room or an input.
fn lane(
    recording: &Recording,
    point: Point,
    changes: &[(DateTime<Utc>, Option<bool>)],
    scale: &Scale,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> String {
    let config = &recording.config;
    let (name, of, word) = match point {
        Point::Occupied(room) => (format!("{} occupied", config[room].name), "--of:var(--room)", "occupied"),
        Point::Asleep(room) => (format!("{} asleep", config[room].name), "--of:var(--room)", "asleep"),
        Point::Input(input) => (config[input].name.clone(), "--of:var(--input)", "active"),
        _ => (config.point_name(point), "--of:var(--input)", "active"),
    };
    let (mut bars, mut on) = (String::new(), TimeDelta::zero());
    for ((_, value), begin, end) in within(changes, |(at, _)| *at, from, until) {
        match value {
            Some(true) => {
                on += end - begin;
                bars += &bar("bar", 0.85, word, recording, scale, begin, end);
            }
            None => bars += &bar("bar cut", 1.0, "unknown", recording, scale, begin, end),
            Some(false) => {}
        }
    }
    row(&name, of, &bars, &if on.is_zero() { String::new() } else { spell(on) })
}

fn bar(
    class: &str,
    level: f64,
    what: &str,
    recording: &Recording,
    scale: &Scale,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
) -> String {
    let zone = recording.config.hub.timezone;
    let (left, right) = (scale.percent(begin), scale.percent(end));
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M:%S").to_string();
    let side = if left > 55.0 { " end" } else { "" };
    format!(
        "<i class=\"{class}{side}\" tabindex=0 style=\"left:{left:.3}%;width:{:.3}%;--level:{level:.2}\" data-t=\"{}–{} \
         ({})\n{}\"></i>",
        right - left,
        local(begin),
        local(end),
        spell(end - begin),
        escape(what)
    )
}

fn row(name: &str, colour: &str, bars: &str, sum: &str) -> String {
    format!(
        "<div class=row style=\"{colour}\"><div class=name>{}</div><div class=track>{bars}</div><div \
         class=use>{sum}</div></div>\n",
        escape(name)
    )
}

/// Rooms, and inputs that no room tells of.
fn is_shown(recording: &Recording, point: Point) -> bool {
    match point {
        Point::Input(id) => {
            let told_by_room = recording.config.rooms.iter().any(|room| room.motion.contains(&id));
            recording.config[id].kind != InputKind::Motion || !told_by_room
        }
        _ => true,
    }
}

/// From night over dawn to day and back, as a gradient.
fn sky(recording: &Recording, date: NaiveDate, scale: &Scale) -> String {
    let hub = &recording.config.hub;
    let Some(day) = sun::day(date, hub.latitude, hub.longitude, hub.timezone) else { return "var(--day)".into() };
    let at = |instant| scale.percent(instant).clamp(0.0, 100.0);
    format!(
        "linear-gradient(to right,var(--night) {:.2}%,var(--day) {:.2}%,var(--day) {:.2}%,var(--night) {:.2}%)",
        at(day.dawn),
        at(day.sunrise),
        at(day.sunset),
        at(day.dusk)
    )
}

fn sun_times(recording: &Recording, date: NaiveDate) -> String {
    let hub = &recording.config.hub;
    let Some(day) = sun::day(date, hub.latitude, hub.longitude, hub.timezone) else { return String::new() };
    let local = |at: DateTime<Utc>| at.with_timezone(&hub.timezone).format("%H:%M");
    match day.sunset - day.sunrise {
        light if light.is_zero() => "the sun does not rise".into(),
        light if light >= TimeDelta::minutes(1_439) => "the sun does not set".into(),
        _ => format!("sunrise {}, sunset {}", local(day.sunrise), local(day.sunset)),
    }
}

fn legend() -> String {
    let level = Level::ON;
    let entry = |class: &str, text: &str| {
        format!("<span><i class=\"bar {class}\" style=\"--of:var(--light);position:relative;top:0\"></i>{text}</span>")
    };
    format!(
        "<div class=legend>{}{}{}<span><i style=\"border-bottom:3px solid var(--limit);border-radius:0\"></i>kept \
         off</span><span>touch a bar: why</span></div>\n",
        entry("", &format!("{level} by a rule")),
        entry("hand", "by hand"),
        entry("held", "kept on by a limit"),
    )
}
