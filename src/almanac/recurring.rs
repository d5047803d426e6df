//! What comes again: the times of cron, intervals, every so many days.

use super::{calendar::Calendar, local_time::local_instant};
use crate::model::{Cron, TimeOfDay};
use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use std::time::Duration;

/// Intervals and days are counted from here, so that a restart or a reload does not begin anew.
const ORIGIN: NaiveDate = match NaiveDate::from_ymd_opt(2000, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

impl Calendar {
    /// The first time after `after` that fits, within the next eight years.
    pub fn next_cron(&self, cron: &Cron, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.local_date(after);
        // The earliest time of a day is not always its first: while the clock goes forward, several are one instant.
        let on = |date: NaiveDate| {
            let instants = cron.times().flat_map(|seconds| self.instants(cron, date, seconds)).flatten();
            instants.filter(|at| *at > after).min()
        };
        (-1..=8 * 366i64)
            .filter_map(|step| today.checked_add_signed(TimeDelta::days(step)))
            .filter(|date| cron.on(*date))
            .find_map(on)
    }

    /// When a time of a date is the time of `cron`: once, and of an interval whenever clocks show it. What they skip is made
    /// up for at the jump, unless an interval goes on in the hour that is shown then.
    fn instants(&self, cron: &Cron, date: NaiveDate, seconds: i32) -> [Option<DateTime<Utc>>; 2] {
        let first = local_instant(date, seconds, self.zone);
        if !cron.interval {
            return [first, None];
        }
        let local = date.and_time(NaiveTime::MIN) + TimeDelta::seconds(seconds.into());
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(_) => [first, None],
            LocalResult::Ambiguous(_, second) => [first, Some(second.to_utc())],
            LocalResult::None => {
                let goes_on = |at: &DateTime<Utc>| cron.hours >> at.with_timezone(&self.zone).hour() & 1 == 1;
                [first.filter(|jump| !goes_on(jump)), None]
            }
        }
    }

    /// The first time after `after` of those that are this far apart. It is the same distance always, whatever clocks do.
    pub fn next_step(&self, step: Duration, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let origin = local_instant(ORIGIN, 0, self.zone)?;
        let step = i64::try_from(step.as_millis()).ok().filter(|step| *step > 0)?;
        let steps = (after - origin).num_milliseconds().div_euclid(step) + 1;
        origin.checked_add_signed(TimeDelta::try_milliseconds(steps.checked_mul(step)?)?)
    }

    /// The first time after `after` at which this time of each so many days comes.
    pub fn next_of_days(&mut self, days: u32, time: TimeOfDay, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = i64::from(days.max(1));
        let today = i64::from(self.local_date(after).num_days_from_ce() - ORIGIN.num_days_from_ce());
        let mut next: Option<DateTime<Utc>> = None;
        // A day's event may be on the day before or after it.
        for turn in today.div_euclid(days) - 1..=today.div_euclid(days) + 2 {
            let date = ORIGIN.checked_add_signed(TimeDelta::days(turn * days))?;
            let at = self.instant(date, time)?;
            if at > after {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        next
    }
}
