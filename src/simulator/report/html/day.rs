//! The chart of one day: a lane for each output, room and door, over night and daylight, and the readings as lines.

use super::{
    bars::{Bar, blended, draw},
    colour, escape, lanes, plot,
};
use crate::{
    almanac::sun,
    model::{OutputId, Owner, PointSpec, Slot},
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
        Track::Binary(changes) => Some((recording.config.spec(*point)?, changes)),
        _ => None,
    });
    let quiet: String = binary
        .filter(|(spec, _)| !recording.config.is_told_by_room(spec))
        .map(|(spec, changes)| lane(recording, spec, changes, &scale, from, until))
        .collect();
    if !quiet.is_empty() {
        rows += &format!("<div class=gap></div>\n<div class=thin>\n{quiet}</div>\n");
    }
    rows += &plot::panels(recording, &scale, from, until);
    let local = |at: DateTime<Utc>| at.with_timezone(&recording.config.hub.timezone).format("%H:%M").to_string();
    let gone: String = absences(recording, from, until)
        .filter(|(_, begin, end)| *end - *begin >= TimeDelta::minutes(1))
        .map(|(what, begin, end)| format!("<span class=alert>{what} {}–{}</span>", local(begin), local(end)))
        .collect();
    format!(
        "<section style=\"--sky:{}\">\n<div class=head><h2>{}</h2><span>{}</span>{gone}</div>\n{rows}{}</section>\n",
        sky(recording, date, &scale),
        date.format("%A %-d %B %Y"),
        sun_times(recording, date),
        legend(recording, &rows),
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
    let (mut on, mut kept_off) = (Vec::new(), Vec::new());
    for (span, begin, end) in within(&recording.outputs[id.0], |span| span.from, from, until) {
        let class = match (span.level.is_on(), span.winner()) {
            (true, Some(Slot::Manual)) => "bar hand",
            (true, Some(Slot::Safety | Slot::Protect)) => "bar held",
            (true, _) => "bar",
            (false, Some(Slot::Safety | Slot::Protect)) => "bar cut",
            (false, _) => continue,
        };
        let level = if span.level.is_on() { f64::from(span.level.percent()) / 100.0 } else { 1.0 };
        let what = format!("{} {}", span.level, span.why()).trim().to_owned();
        let list = if span.level.is_on() { &mut on } else { &mut kept_off };
        list.push(Bar { class, level, what, begin, end });
    }
    let bars = drawn(recording, on, kept_off, scale, from, until);
    let usage = recording.usage(id, from, until);
    let sum = if usage.on.is_zero() { String::new() } else { format!("{} · {}×", spell(usage.on), usage.times) };
    row(&config[id].name, &colour(config[id].kind), &bars, &sum)
}

/// A room or an input.
fn lane(
    recording: &Recording,
    spec: &PointSpec,
    changes: &[(DateTime<Utc>, Option<bool>)],
    scale: &Scale,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> String {
    let (of, word) = match spec.owner {
        Owner::Room(_) => ("--of:var(--mark-room)", spec.state_word(true)),
        _ => ("--of:var(--mark-input)", "active"),
    };
    let (mut active, mut unknown, mut on) = (Vec::new(), Vec::new(), TimeDelta::zero());
    for ((_, value), begin, end) in within(changes, |(at, _)| *at, from, until) {
        let bar = |class, what: &str| Bar { class, level: 1.0, what: what.into(), begin, end };
        match value {
            Some(true) => {
                on += end - begin;
                active.push(bar("bar", word));
            }
            None => unknown.push(bar("bar cut", "unknown")),
            Some(false) => {}
        }
    }
    let bars = drawn(recording, active, unknown, scale, from, until);
    row(&spec.title, of, &bars, &if on.is_zero() { String::new() } else { spell(on) })
}

/// The bars of a lane, over the times in which hearthd did not run.
fn drawn(
    recording: &Recording,
    on: Vec<Bar>,
    kept_off: Vec<Bar>,
    scale: &Scale,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> String {
    let gone = absences(recording, from, until).map(|(what, begin, end)| Bar {
        class: "gone",
        level: 1.0,
        what: what.into(),
        begin,
        end,
    });
    let bars = blended(on, scale).into_iter().chain(blended(kept_off, scale)).chain(gone);
    bars.map(|bar| draw(&bar, recording.config.hub.timezone, scale)).collect()
}

/// The times in which hearthd did not run.
fn absences(
    recording: &Recording,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> impl Iterator<Item = (&'static str, DateTime<Utc>, DateTime<Utc>)> + '_ {
    within(&recording.absences, |(at, _)| *at, from, until)
        .filter_map(|((_, ending), begin, end)| Some(((*ending)?.describe(), begin, end)))
}

fn row(name: &str, colour: &str, bars: &str, sum: &str) -> String {
    format!(
        "<div class=row style=\"{colour}\"><div class=name>{}</div><div class=track>{bars}</div><div \
         class=use>{sum}</div></div>\n",
        escape(name)
    )
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

/// What the looks of bars mean, as far as they occur in `rows`.
fn legend(recording: &Recording, rows: &str) -> String {
    let by = if recording.config.climates.is_empty() { "on by a rule" } else { "on by a rule or a climate zone" };
    let looks = [
        ("", by, true),
        ("hand", "by hand", rows.contains("bar hand")),
        ("held", "kept on by a limit", rows.contains("bar held")),
        ("cut", "kept off, or unknown", rows.contains("bar cut")),
        ("gone", "hearthd did not run", rows.contains("class=\"gone")),
        ("part", "height: level, or share of the time", rows.contains("--level")),
    ];
    let entries: String = looks
        .into_iter()
        .filter(|(.., occurs)| *occurs)
        .map(|(class, text, _)| format!("<span><b><i class=\"bar {class}\"></i></b>{text}</span>"))
        .collect();
    format!("<div class=legend>{entries}<span>touch a bar: why</span></div>\n")
}
