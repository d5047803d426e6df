//! What conditions say of time that is never so, or is not what was meant: found by going through a year.

use crate::{
    almanac::{self, Ever},
    model::{Anchor, Condition, Config, TimeOfDay},
};

/// Whether a condition is never so, and what to write instead.
pub(super) fn never(condition: &Condition, config: &Config) -> Option<(Ever, String)> {
    // One window between times of one kind, or one day, is sometimes so.
    if !worth_a_look(condition) {
        return None;
    }
    match almanac::ever(condition, &config.hub, config.dark.is_none()) {
        Ever::Sometimes => None,
        never => Some((never, advice(condition))),
    }
}

/// Why something that happens at a time of the day never finds its condition true.
pub(in crate::config) fn never_then(time: TimeOfDay, condition: &Condition, config: &Config) -> Option<String> {
    // Bounds may make one of the two instants the other, and chance tells another second each day.
    if time.earliest_s.is_some() || time.latest_s.is_some() || time.spread.is_some() {
        return None;
    }
    let to = TimeOfDay { offset_s: time.offset_s + 1, ..time };
    let then = Condition::TimeBetween { from: time, to, next_day: false };
    let both = Condition::All(vec![then, condition.clone()]);
    match almanac::ever(&both, &config.hub, config.dark.is_none()) {
        Ever::Sometimes => None,
        Ever::NotHere => Some(format!("this is never true at {time} where the house is")),
        Ever::Never => Some(format!("this is never true at {time}")),
    }
}

fn worth_a_look(condition: &Condition) -> bool {
    match condition {
        Condition::TimeBetween { from, to, .. } if is_plain(*from) && is_plain(*to) => {
            from.anchor != to.anchor && !is_edge(*from) && !is_edge(*to)
        }
        Condition::TimeBetween { .. } => true,
        Condition::Held { condition, .. } => speaks_of_time(condition) > 0,
        _ => speaks_of_time(condition) > 1,
    }
}

/// Whether it is a time of the clock, or the sun's event itself.
fn is_plain(time: TimeOfDay) -> bool {
    time == TimeOfDay::new(time.anchor, if time.anchor == Anchor::Midnight { time.offset_s } else { 0 })
}

/// Whether it is the beginning or the end of the day, as in `time after sunset`.
fn is_edge(time: TimeOfDay) -> bool {
    time.is_fixed() && matches!(time.offset_s, 0 | 86_400)
}

/// How many of its parts do.
fn speaks_of_time(condition: &Condition) -> usize {
    match condition {
        Condition::TimeBetween { .. }
        | Condition::Dark
        | Condition::Daylight
        | Condition::Day(_)
        | Condition::Date(_)
        | Condition::Night(_) => 1,
        _ => condition.parts().iter().map(speaks_of_time).sum(),
    }
}

/// What to write instead of what is never so.
pub(super) fn advice(condition: &Condition) -> String {
    let windows: Vec<(TimeOfDay, TimeOfDay)> = std::iter::once(condition)
        .chain(condition.parts())
        .filter_map(|part| match part {
            Condition::TimeBetween { from, to, .. } => Some((*from, *to)),
            _ => None,
        })
        .collect();
    let end_of_day = |time: TimeOfDay| time.is_fixed() && time.offset_s == 86_400;
    let begin_of_day = |time: TimeOfDay| time.anchor == Anchor::Midnight && time.is_fixed() && time.offset_s == 0;
    match (condition, &windows[..]) {
        (Condition::Held { .. }, _) => "write a shorter `for`, or a longer window".into(),
        (_, [(from, end), (begin, to)] | [(begin, to), (from, end)]) if end_of_day(*end) && begin_of_day(*begin) => {
            format!("write `time between {from} and {to}` for the night")
        }
        (Condition::TimeBetween { .. }, _) => "change one of its ends".into(),
        _ => "write `or` between them, or change one".into(),
    }
}

/// Why a day and a window over midnight are probably not what is meant: the hours after midnight are of another night.
pub(super) fn cut_at_midnight(parts: &[Condition], config: &Config) -> Option<(String, String)> {
    let day = parts.iter().find_map(|part| match part {
        Condition::Not(inner) => is_some_days(inner).then_some((&**inner, "not ")),
        part => is_some_days(part).then_some((part, "")),
    });
    let ((day, not), (from, to)) = day.zip(parts.iter().find_map(over_midnight))?;
    let night = Condition::Night(Box::new(day.clone())).describe(config);
    let (day, window) = (day.describe(config), format!("time between {from} and {to}"));
    Some((
        format!(
            "`{window}` goes over midnight, and `{not}{day}` looks at the day that it is: of such a day this is the first \
             hours, until {to}, and those from {from}, not one night"
        ),
        format!("write `{not}{night} and {window}` for the night that begins on such a day"),
    ))
}

/// Whether it is so on some days and on others not.
fn is_some_days(condition: &Condition) -> bool {
    match condition {
        Condition::Day(days) => !(0..7).all(|day| days.contains(day)),
        Condition::Date(_) | Condition::Holiday => true,
        _ => false,
    }
}

/// A window that goes over midnight, in any part of it.
fn over_midnight(condition: &Condition) -> Option<(TimeOfDay, TimeOfDay)> {
    match condition {
        Condition::TimeBetween { from, to, next_day: true } if !is_edge(*to) => Some((*from, *to)),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().find_map(over_midnight),
        Condition::Held { condition, .. } => over_midnight(condition),
        // Not by day is by night.
        Condition::Not(part) => match **part {
            Condition::TimeBetween { from, to, next_day: false } if !is_edge(from) && !is_edge(to) => Some((to, from)),
            _ => None,
        },
        _ => None,
    }
}
