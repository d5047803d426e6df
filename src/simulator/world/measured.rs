//! Temperatures outside that somebody has measured, from a CSV file.

use crate::{
    config::{Problems, Report, Source},
    model::Zone,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use std::ops::Range;

/// A course of temperatures: at least two, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured(Vec<(DateTime<Utc>, f64)>);

/// What the weather of Earth allows, °C.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -90.0..=60.0;

impl Measured {
    /// Reads lines of a time and a temperature in °C, separated by `,` or `;`. Times are those of `zone`, or say their own
    /// offset. A first line without numbers names the columns.
    ///
    /// # Errors
    /// The lines that are not so.
    pub fn read(source: &Source, zone: Zone) -> Result<Measured, Report> {
        let problems = Problems::default();
        let mut course: Vec<(DateTime<Utc>, f64)> = Vec::new();
        let mut start = 0;
        for (number, line) in source.text.split_inclusive('\n').enumerate() {
            let place = start..start + line.trim_end().len();
            start += line.len();
            let separator = if line.contains(';') { ';' } else { ',' };
            let (time, temperature) = line.split_once(separator).unwrap_or((line, ""));
            let temperature = temperature.split(separator).next().unwrap_or_default().trim().trim_matches('"');
            // Where `;` separates, a comma is a decimal one.
            let temperature = temperature.replace(',', ".");
            let time = time.trim().trim_matches('"');
            if line.trim().is_empty() || number == 0 && !time.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if let Some(point) = point(time, &temperature, zone, place.clone(), &problems) {
                if course.last().is_some_and(|last| last.0 >= point.0) {
                    problems.error(place, "not later than the line before", "put the lines in order of time");
                    continue;
                }
                course.push(point);
            }
        }
        if course.len() < 2 {
            problems.error(0..0, "fewer than two temperatures", "write lines such as 2026-01-01 00:00,3.5");
        }
        problems.settle(source)?;
        Ok(Measured(course))
    }

    /// The first and the last instant.
    pub fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.0[0].0, self.0[self.0.len() - 1].0)
    }

    /// The temperature at an instant: between two points on a line, beyond them as at the end.
    pub(super) fn at(&self, time: DateTime<Utc>) -> f64 {
        let next = self.0.partition_point(|(at, _)| *at <= time);
        match (next.checked_sub(1).map(|before| self.0[before]), self.0.get(next)) {
            (Some((from, start)), Some((to, end))) => {
                let part = (time - from).num_milliseconds() as f64 / (*to - from).num_milliseconds() as f64;
                start + (end - start) * part
            }
            (Some((_, value)), None) | (None, Some(&(_, value))) => value,
            (None, None) => 0.0,
        }
    }
}

fn point(
    time: &str,
    temperature: &str,
    zone: Zone,
    place: Range<usize>,
    problems: &Problems,
) -> Option<(DateTime<Utc>, f64)> {
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(time, form).ok())
        .or_else(|| time.parse::<NaiveDate>().ok().and_then(|date| date.and_hms_opt(12, 0, 0)))
        .and_then(|local| zone.from_local_datetime(&local).earliest())
        .map(|instant| instant.to_utc());
    let instant = local.or_else(|| DateTime::parse_from_rfc3339(time).ok().map(|instant| instant.to_utc()));
    let value = temperature.parse::<f64>().ok().filter(|value| PLAUSIBLE.contains(value));
    match (instant, value) {
        (Some(instant), Some(value)) => Some((instant, value)),
        (None, _) => {
            problems.error(place, "does not begin with a time", "write 2026-01-01 00:00,3.5");
            None
        }
        (_, None) => {
            problems.error(place, format!("`{temperature}` is not a temperature in °C"), "write 2026-01-01 00:00,3.5");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Measured, Report> {
        Measured::read(
            &Source { path: "weather.csv".into(), text: text.into() },
            Zone::find("Europe/Amsterdam").unwrap(),
        )
    }

    #[test]
    fn temperatures_between_two_points_lie_on_a_line() {
        let course = read("time,outdoor\n2026-01-01 00:00,2\n2026-01-01T02:00:00+01:00,4,x\n").unwrap();
        let at = |text: &str| course.at(text.parse().unwrap());
        assert_eq!(
            [at("2025-12-31T23:30:00Z"), at("2025-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")],
            [2.5, 2.0, 4.0]
        );
    }

    #[test]
    fn slips_are_pointed_at() {
        let message = read("2026-01-01 00:00;2,5°\n2025-12-31 00:00,1\nyesterday,3\n").unwrap_err().to_string();
        for part in ["`2.5°` is not a temperature", "weather.csv:1:1", "does not begin with a time", "weather.csv:3:1"]
        {
            assert!(message.contains(part), "{message}");
        }
    }
}
