//! Many days at once: a lane for each output, a cell for each day or week.

use super::{colour, day::Scale, escape, lanes};
use crate::{
    model::OutputId,
    simulator::report::{Recording, Use, text::spell},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// With more days than this, a cell is a week.
const CELLS: usize = 100;

type Part = (NaiveDate, DateTime<Utc>, DateTime<Utc>);

pub(super) fn section(recording: &Recording, days: &[Part]) -> String {
    let config = &recording.config;
    let scale = Scale::new(recording.from, recording.until);
    let size = if days.len() > CELLS { 7 } else { 1 };
    let parts: Vec<Part> = days.chunks(size).map(|week| (week[0].0, week[0].1, week[week.len() - 1].2)).collect();
    let usage = |id, (_, from, until): &Part| recording.usage(id, *from, *until);
    let share = |used: &Use, (_, from, until): &Part| {
        used.on.num_seconds() as f64 / (*until - *from).num_seconds().max(1) as f64
    };
    let lanes: Vec<(OutputId, Vec<Use>)> =
        lanes(recording).into_iter().map(|id| (id, parts.iter().map(|part| usage(id, part)).collect())).collect();
    // One scale for all rows: they are compared with each other.
    let all = lanes.iter().flat_map(|(_, used)| used.iter().zip(&parts));
    let fullest = all.map(|(used, part)| share(used, part)).fold(0.0, f64::max);
    let mut rows = dates(&parts, &scale);
    for (id, used) in lanes {
        let share = |index: usize| share(&used[index], &parts[index]);
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
    let full = spell(TimeDelta::minutes((fullest * 1_440.0).round() as i64));
    format!(
        "<section>\n<div class=head><h2>All days</h2><span>{each}: the stronger, the longer it was on; full colour is {full} \
         a day in all rows</span></div>\n{rows}</section>\n"
    )
}

/// A name needs this much of the width.
const NAME: f64 = 7.0;

/// The first of each month or year, or some days: as many as there is room for.
fn dates(parts: &[Part], scale: &Scale) -> String {
    let form = match parts {
        [(first, ..), .., (last, ..)] if (*last - *first).num_days() > 550 => "%Y",
        [(first, ..), .., (last, ..)] if (*last - *first).num_days() > 45 => "%b",
        _ => "%-d %b",
    };
    let mut begins: Vec<(f64, String)> = Vec::new();
    for (date, from, _) in parts {
        let text = date.format(form).to_string();
        if begins.last().is_none_or(|(_, last)| *last != text) {
            begins.push((scale.percent(*from), text));
        }
    }
    // The rest of a month before the first whole one gives way to it.
    if form != "%-d %b" && begins.get(1).is_some_and(|(at, _)| *at < NAME) {
        begins.remove(0);
    }
    let mut spans = String::new();
    let mut free = 0.0;
    for (at, text) in begins {
        if at >= free && at < 97.0 {
            spans += &format!("<span style=\"left:{at:.2}%\">{text}</span>");
            free = at + NAME;
        }
    }
    format!(
        "<div class=\"row scale\"><div class=name></div><div class=hours>{spans}</div><div class=use></div></div>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    /// The names above so many days from a date on, and where they are.
    fn names(from: (i32, u32, u32), days: usize) -> Vec<(f64, String)> {
        let from = Utc.with_ymd_and_hms(from.0, from.1, from.2, 0, 0, 0).unwrap();
        let day = |index: usize| from + TimeDelta::days(index as i64);
        let parts: Vec<Part> = (0..days).map(|i| (day(i).date_naive(), day(i), day(i + 1))).collect();
        let markup = dates(&parts, &Scale::new(from, day(days)));
        let spans = markup.split("<span style=\"left:").skip(1).map(|span| {
            let (at, rest) = span.split_once("%\">").unwrap();
            (at.parse().unwrap(), rest.split('<').next().unwrap().to_owned())
        });
        spans.collect()
    }

    #[test]
    fn names_do_not_overlap() {
        for (from, days) in [
            ((2026, 1, 28), 365),
            ((2026, 1, 1), 365),
            ((2026, 1, 30), 60),
            ((2026, 1, 12), 7),
            ((2020, 12, 30), 3_650),
        ] {
            let names = names(from, days);
            assert!(names.len() >= 2, "{from:?} {days}: {names:?}");
            assert!(names.windows(2).all(|pair| pair[1].0 - pair[0].0 >= NAME), "{from:?} {days}: {names:?}");
        }
        assert_eq!(names((2026, 1, 28), 365)[0].1, "Feb");
    }
}
