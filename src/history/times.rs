//! Times as people write them, and spans of the clock on the wall. Pure.

use crate::model::{Zone, duration};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use std::time::Duration;

/// How long spans are when nobody says.
const STEPS: [Duration; 16] = {
    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }
    const DAY: u64 = 86_400;
    [
        s(10),
        s(60),
        s(300),
        s(900),
        s(1_800),
        s(3_600),
        s(7_200),
        s(10_800),
        s(21_600),
        s(43_200),
        s(DAY),
        s(2 * DAY),
        s(7 * DAY),
        s(30 * DAY),
        s(90 * DAY),
        s(365 * DAY),
    ]
};
/// 2200-01-01: no history is asked about later times, s.
const LATEST: i64 = 7_258_118_400;
const DAY: Duration = Duration::from_secs(86_400);

/// The time that `text` writes.
///
/// # Errors
/// What to write instead.
pub(super) fn parse(text: &str, zone: Zone, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let local = |time: NaiveDateTime| zone.from_local_datetime(&time).earliest().map(|time| time.to_utc());
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
    let written = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let written = written.or_else(|| {
        let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        time.and_then(local)
    });
    let written = written.or_else(|| text.parse::<NaiveDate>().ok().map(|date| midnight(date, zone)));
    let today = || now.with_timezone(&zone).date_naive();
    let written = written.or_else(|| match text {
        "now" => Some(now),
        "today" => Some(midnight(today(), zone)),
        "yesterday" => today().pred_opt().map(|date| midnight(date, zone)),
        _ => {
            let ago = TimeDelta::from_std(duration::parse(text).ok()?).ok()?;
            now.checked_sub_signed(ago)
        }
    });
    let is_ours = |time: &DateTime<Utc>| (0..LATEST).contains(&time.timestamp());
    written.filter(is_ours).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        format!(
            "{:?} is no time; write a date and a time such as 2026-11-23T21:00, a date, yesterday, today, now, or how long \
             ago, such as 24h",
            shown
        )
    })
}

/// The beginnings of spans from the one that has `from` in it to the end of the last before `to`, ms.
pub(super) fn edges(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    every: Duration,
    zone: Zone,
    most: usize,
) -> Option<Vec<i64>> {
    let date = from.with_timezone(&zone).date_naive();
    let mut edges = Vec::new();
    let end = to.timestamp_millis();
    if is_days(every) {
        let days = Days::new(every.as_secs() / DAY.as_secs());
        let mut date = date;
        loop {
            edges.push(midnight(date, zone).timestamp_millis());
            if edges.last().is_some_and(|edge| *edge >= end) && edges.len() > 1 {
                return Some(edges);
            }
            if edges.len() > most {
                return None;
            }
            date = date.checked_add_days(days)?;
        }
    }
    let step = i64::try_from(every.as_millis()).ok().filter(|step| *step > 0)?;
    let base = midnight(date, zone).timestamp_millis();
    let mut edge = base + (from.timestamp_millis() - base).div_euclid(step) * step;
    if (end - edge) / step > most as i64 {
        return None;
    }
    edges.push(edge);
    while edge < end || edges.len() < 2 {
        edge += step;
        edges.push(edge);
    }
    Some(edges)
}

/// How long spans are to be, so that there are no more than `spans`.
pub(super) fn step(from: DateTime<Utc>, to: DateTime<Utc>, spans: usize) -> Duration {
    let whole = (to - from).to_std().unwrap_or_default();
    let least = whole.div_f64(spans.max(1) as f64);
    STEPS.into_iter().find(|step| *step >= least).unwrap_or(STEPS[STEPS.len() - 1])
}

/// Whether spans are whole days, which begin at midnight, however long they are.
fn is_days(every: Duration) -> bool {
    every >= DAY && every.subsec_nanos() == 0 && every.as_secs().is_multiple_of(DAY.as_secs())
}

/// The first moment of a day.
fn midnight(date: NaiveDate, zone: Zone) -> DateTime<Utc> {
    zone.midnight(date).map(|time| time.to_utc()).unwrap_or_else(|| date.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let zone = Zone::find("Europe/Amsterdam").unwrap();
        let now = utc("2026-11-23T20:00:00Z");
        for (text, expected) in [
            ("2026-11-23T21:00", "2026-11-23T20:00:00Z"),
            ("2026-11-23 21:00:30", "2026-11-23T20:00:30Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-07-01T00:00:00+00:00", "2026-07-01T00:00:00Z"),
            ("24h", "2026-11-22T20:00:00Z"),
            ("yesterday", "2026-11-21T23:00:00Z"),
            ("today", "2026-11-22T23:00:00Z"),
            ("now", "2026-11-23T20:00:00Z"),
        ] {
            assert_eq!(parse(text, zone, now), Ok(utc(expected)), "{text}");
        }
        for text in ["", "soon", "2026-13-01", "25:00", "9999999d", "1950-01-01", "2300-01-01", "2026-03-29T02:30"] {
            assert!(parse(text, zone, now).is_err_and(|why| why.contains("write a date")), "{text}");
        }
    }

    #[test]
    fn days_begin_at_midnight_when_clocks_change() {
        let zone = Zone::find("Europe/Amsterdam").unwrap();
        let edges = edges(utc("2026-10-24T10:00:00Z"), utc("2026-10-26T10:00:00Z"), DAY, zone, 100).unwrap();
        let hours: Vec<i64> = edges.windows(2).map(|span| (span[1] - span[0]) / 3_600_000).collect();
        assert_eq!(hours, [24, 25, 24]);
        // In Beirut there is no midnight on this day.
        let zone = Zone::find("Asia/Beirut").unwrap();
        let beginning = midnight(NaiveDate::from_ymd_opt(2026, 3, 29).unwrap(), zone);
        assert_eq!(beginning, utc("2026-03-28T22:00:00Z"));
    }

    #[test]
    fn spans_hold_the_whole_time_that_was_asked_for() {
        let (from, to) = (utc("2026-11-23T20:07:00Z"), utc("2026-11-23T21:01:00Z"));
        let edges = |every: u64, most| super::edges(from, to, Duration::from_secs(every), Zone::UTC, most);
        let minutes = edges(900, 100).unwrap();
        assert_eq!(minutes.first().copied(), Some(utc("2026-11-23T20:00:00Z").timestamp_millis()));
        assert_eq!(minutes.last().copied(), Some(utc("2026-11-23T21:15:00Z").timestamp_millis()));
        assert_eq!(edges(1, 100), None);
        assert_eq!(step(from, to, 60), Duration::from_secs(60));
        assert_eq!(step(from, from, 60), Duration::from_secs(10));
    }
}
