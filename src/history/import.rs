//! Readings of before, from a table with times and values (CSV).

use super::{
    pack::Sample,
    points::{Known, Shape},
    store::HOUR,
    times,
};
use crate::model::{Zone, number};
use chrono::{DateTime, Utc};

/// A value that another did not follow counts for so long, ms: nobody says that it stayed so.
const HOLDS: i64 = HOUR;
/// Before this nobody recorded anything: 2000-01-01.
const FIRST: i64 = 946_684_800_000;

/// The samples that lines such as `2026-11-23T21:00,20.5` tell of a point, in the order of time.
///
/// # Errors
/// The first line that is wrong, its number first, and what to write instead.
pub(super) fn samples(text: &str, known: &Known, zone: Zone, now: DateTime<Utc>) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match sample(line, known, zone, now) {
            Ok(sample) => samples.push(sample),
            // The names of the columns.
            Err(_) if place == 0 && line.to_lowercase().contains("time") => {}
            Err(why) => return Err(format!("line {}: {why}", place + 1)),
        }
    }
    if samples.is_empty() {
        return Err("there is no line with a time and a value; write lines such as 2026-11-23T21:00,20.5".into());
    }
    samples.sort_by_key(|sample| sample.t);
    let ends = samples.iter().enumerate().map(|(place, sample)| {
        let next = samples.get(place + 1).map_or(i64::MAX, |next| next.t);
        (next - sample.t > HOLDS).then_some(Sample { t: (sample.t + HOLDS).min(now.timestamp_millis()), value: None })
    });
    let mut all: Vec<Sample> =
        samples.iter().copied().zip(ends).flat_map(|(sample, end)| [Some(sample), end]).flatten().collect();
    all.sort_by_key(|sample| sample.t);
    Ok(all)
}

fn sample(line: &str, known: &Known, zone: Zone, now: DateTime<Utc>) -> Result<Sample, String> {
    let cells: Vec<&str> = line.split([',', ';']).map(|cell| cell.trim().trim_matches('"')).collect();
    let [time, value, ..] = cells[..] else {
        return Err("write a time, a comma and a value, such as 2026-11-23T21:00,20.5".into());
    };
    let t = times::parse(time, zone, now)?.timestamp_millis();
    if t < FIRST || t > now.timestamp_millis() {
        return Err(format!("{time} is not in the past, after 2000; write when it was"));
    }
    let switched = match value.to_lowercase().as_str() {
        "on" => Some(1.0),
        "off" => Some(0.0),
        _ => None,
    };
    let value = match known.kind {
        Shape::Switch => switched.or_else(|| number::plain(value).filter(|value| [0.0, 1.0].contains(value))),
        _ => number::plain(value),
    };
    let advice = if known.kind == Shape::Switch { "ON or OFF" } else { "a number such as 20.5, with a point" };
    let value = value.ok_or_else(|| format!("{:?} is no value of {}; write {advice}", cells[1], known.name))?;
    Ok(Sample { t, value: Some(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: Shape) -> Result<Vec<(i64, Option<f64>)>, String> {
        let known =
            Known { name: "p".into(), was: Vec::new(), title: "P".into(), kind, unit: String::new(), decimals: None };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let samples = samples(text, &known, Zone::UTC, now)?;
        Ok(samples.into_iter().map(|sample| (sample.t / 1000, sample.value)).collect())
    }

    #[test]
    fn a_table_is_read_in_any_order_and_its_gaps_are_gaps() {
        let text =
            "time,value\n2026-11-23T01:00:00Z,20.5\n\n2026-11-23T00:30:00Z,\"-3\",more\n2026-11-23T05:00:00Z;7\n";
        let zero = 1_795_392_000;
        let expected = vec![
            (zero + 1_800, Some(-3.0)),
            (zero + 3_600, Some(20.5)),
            (zero + 7_200, None),
            (zero + 18_000, Some(7.0)),
            (zero + 21_600, None),
        ];
        assert_eq!(read(text, Shape::Number), Ok(expected));
        assert_eq!(read("2026-11-23,ON", Shape::Switch).map(|all| all[0].1), Ok(Some(1.0)));
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, kind, expected) in [
            ("", Shape::Number, "no line with a time"),
            ("time,value", Shape::Number, "no line with a time"),
            ("2026-11-23T01:00,20.5\nx,1", Shape::Number, "line 2: \"x\" is no time"),
            ("2026-11-23T01:00", Shape::Number, "line 1: write a time, a comma"),
            ("2026-11-23T01:00,20:5", Shape::Number, "line 1: \"20:5\" is no value of p; write a number"),
            ("2026-11-23T01:00,2", Shape::Switch, "write ON or OFF"),
            ("2030-01-01,1", Shape::Number, "is not in the past"),
            ("1999-01-01,1", Shape::Number, "is not in the past"),
        ] {
            let why = read(text, kind).unwrap_err();
            assert!(why.contains(expected), "{text:?}: {why}");
        }
    }
}
