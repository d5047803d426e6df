//! A history whose points are functions of time, for tests.

use super::{Ask, Change, Course, Span};
use crate::model::duration;
use chrono::{DateTime, FixedOffset, TimeDelta};

/// What is told of when nobody says: 23 to 29 November 2026.
pub const FROM: &str = "2026-11-23T00:00:00+01:00";
/// Its end.
pub const TO: &str = "2026-11-30T00:00:00+01:00";

/// A time of RFC 3339.
pub fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// What a point is at a time.
pub type Past<'p> = &'p dyn Fn(&str, DateTime<FixedOffset>) -> Option<f64>;

/// An answer of a history that looks each five minutes, by the question alone.
pub fn course(ask: &Ask, past: Past<'_>, total: bool) -> Option<Course> {
    let begin = ask.from.as_deref().map_or(time(FROM), |from| if from == "7d" { time(FROM) } else { time(from) });
    let end = ask.to.as_deref().map_or(time(TO), time);
    past(&ask.point, begin)?;
    let every = ask
        .every
        .as_deref()
        .map_or(TimeDelta::days(1), |every| TimeDelta::from_std(duration::parse(every).unwrap()).unwrap());
    let step = TimeDelta::minutes(5);
    let value = |at| past(&ask.point, at).unwrap();
    let (mut spans, mut changes, mut at) = (Vec::new(), Vec::new(), begin);
    while at < end {
        let times = (0..every.num_minutes() / 5).map(|n| at + step * i32::try_from(n).unwrap());
        let values: Vec<(f64, f64)> = times.map(|at| (value(at - step), value(at))).collect();
        let (count, now) = (values.len() as f64, || values.iter().map(|(_, now)| *now));
        spans.push(Span {
            time: at.to_rfc3339(),
            known_s: every.num_seconds() as f64,
            min: now().fold(f64::INFINITY, f64::min),
            mean: now().sum::<f64>() / count,
            max: now().fold(f64::NEG_INFINITY, f64::max),
            on_s: Some(now().filter(|now| *now > 0.0).count() as f64 * 300.0),
            starts: Some(values.iter().filter(|(before, now)| *before == 0.0 && *now > 0.0).count() as u64),
            grew: total.then(|| value(at + every) - value(at)),
            energy_kwh: None,
        });
        at += every;
    }
    let mut at = begin;
    while at < end {
        let (before, now) = (value(at - step) > 0.0, value(at) > 0.0);
        if before != now {
            changes.push(Change { time: at.to_rfc3339(), value: if now { "ON" } else { "OFF" }.into(), why: None });
        }
        at += step;
    }
    Some(Course { from: begin.to_rfc3339(), to: end.to_rfc3339(), spans, changes, ..Course::default() })
}
