//! Many days at once: a lane for each output, a cell for each day or week.

use super::{colour, day::Scale, escape, lanes};
use crate::simulator::report::{Recording, text::spell};
use chrono::{DateTime, NaiveDate, Utc};

/// With more days than this, a cell is a week.
const CELLS: usize = 100;

type Part = (NaiveDate, DateTime<Utc>, DateTime<Utc>);

pub(super) fn section(recording: &Recording, days: &[Part]) -> String {
    let config = &recording.config;
    let scale = Scale::new(recording.from, recording.until);
    let size = if days.len() > CELLS { 7 } else { 1 };
    let parts: Vec<Part> = days.chunks(size).map(|week| (week[0].0, week[0].1, week[week.len() - 1].2)).collect();
    let mut rows = dates(&parts, &scale);
    for id in lanes(recording) {
        let used: Vec<_> = parts.iter().map(|(_, from, until)| recording.usage(id, *from, *until)).collect();
        let share = |index: usize| {
            let (_, from, until): Part = parts[index];
            used[index].on.num_seconds() as f64 / (until - from).num_seconds().max(1) as f64
        };
        let fullest = (0..parts.len()).map(share).fold(0.0, f64::max);
        let cells: String = parts
            .iter()
            .enumerate()
            .filter(|(index, _)| share(*index) > 0.0)
            .map(|(index, (date, from, until))| {
                let usage = &used[index];
                let (left, right) = (scale.percent(*from), scale.percent(*until));
                let what = match size {
                    1 => date.format("%a %-d %b").to_string(),
                    _ => date.format("week from %-d %b").to_string(),
                };
                let side = if left > 55.0 { " end" } else { "" };
                format!(
                    "<i class=\"cell{side}\" tabindex=0 style=\"left:{left:.3}%;width:{:.3}%;--level:{:.2}\" \
                     data-t=\"{what}\n{}, {}×\"></i>",
                    right - left,
                    0.12 + 0.88 * share(index) / fullest,
                    spell(usage.on),
                    usage.times
                )
            })
            .collect();
        let usage = recording.usage(id, recording.from, recording.until);
        let sum = if usage.on.is_zero() { String::new() } else { format!("{} · {}×", spell(usage.on), usage.times) };
        rows += &format!(
            "<div class=row style=\"{}\"><div class=name>{}</div><div class=track>{cells}</div><div \
             class=use>{sum}</div></div>\n",
            colour(config[id].kind),
            escape(&config[id].name)
        );
    }
    let each = if size == 1 { "a cell for each day" } else { "a cell for each week" };
    format!(
        "<section>\n<div class=head><h2>All days</h2><span>{each}: the stronger, the longer it was \
         on</span></div>\n{rows}</section>\n"
    )
}

/// The first of each month, or some days.
fn dates(parts: &[Part], scale: &Scale) -> String {
    let months = parts.len() > 45;
    let every = (parts.len() / 8).max(1);
    let mut last = String::new();
    let mut spans = String::new();
    for (index, (date, from, _)) in parts.iter().enumerate() {
        let text = date.format(if months { "%b" } else { "%-d %b" }).to_string();
        let wanted = if months { text != last } else { index % every == 0 };
        if wanted && scale.percent(*from) < 97.0 {
            spans += &format!("<span style=\"left:{:.2}%\">{text}</span>", scale.percent(*from));
            last = text;
        }
    }
    format!(
        "<div class=\"row scale\"><div class=name></div><div class=hours>{spans}</div><div class=use></div></div>\n"
    )
}
