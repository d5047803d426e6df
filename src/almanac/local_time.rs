//! Which instant a time on the local clock is.
//!
//! Daylight saving: a time that the clock skips is the instant of the jump; a time that it shows twice is the first.

use crate::model::Zone;
use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

/// The instant at which local clocks show `offset_s` seconds after midnight of `date` (negative: the day before; 86,400:
/// the end of the day). Nothing at the ends of the calendar.
pub fn local_instant(date: NaiveDate, offset_s: i32, zone: Zone) -> Option<DateTime<Utc>> {
    let local = date.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::seconds(offset_s.into()))?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant.to_utc()),
        LocalResult::None => {
            // In the gap: local clocks show less before the jump and more after it. Find the jump to the second.
            let (mut before, mut after) = (
                local.and_utc().checked_sub_signed(TimeDelta::hours(26))?,
                local.and_utc().checked_add_signed(TimeDelta::hours(26))?,
            );
            while after - before > TimeDelta::seconds(1) {
                let middle = before + (after - before) / 2;
                if middle.with_timezone(&zone).naive_local() < local { before = middle } else { after = middle }
            }
            DateTime::from_timestamp(after.timestamp(), 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    #[test]
    fn a_skipped_time_is_the_jump_and_a_doubled_time_is_the_first() {
        let zone = Zone::find("Europe/Amsterdam").unwrap();
        let spring = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        assert_eq!(local_instant(spring, 2 * 3600 + 1800, zone), Some(utc("2026-03-29T01:00:00")));
        let autumn = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap();
        assert_eq!(local_instant(autumn, 2 * 3600 + 1800, zone), Some(utc("2026-10-25T00:30:00")));
        // Cairo skips midnight itself.
        let cairo = NaiveDate::from_ymd_opt(2026, 4, 24).unwrap();
        assert_eq!(local_instant(cairo, 0, Zone::find("Africa/Cairo").unwrap()), Some(utc("2026-04-23T22:00:00")));
    }
}
