//! What conditions ask of today: how long something was on since midnight, by how much a meter grew.
//!
//! Kept for those points only of which some condition asks. A day is one of the local calendar, with 23 or 25 hours where
//! clocks change. While nobody knows the time, nothing is known of today; counting goes on, and counts if it is still the
//! same day when the time is known again. It is written so that it does not matter how often it was looked at.

use super::{Engine, wakeup::NextWakeup};
use crate::{
    almanac::Day,
    clock::{Moment, Now},
    model::{Config, Point},
};
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A process that begins so soon after the last one goes on counting what was on meanwhile.
const RESTARTED_WITHIN: Duration = Duration::from_secs(60);
/// While something is on, what is remembered of it becomes another so often, so that a kill loses no more.
const STEP: Duration = Duration::from_secs(300);
/// A clock that is set back over midnight by no more than this leaves the day as it is: nothing is due once more.
const SET_BACK: TimeDelta = TimeDelta::hours(1);
/// A difference of totals is told in millionths: the last digits of large ones come of rounding.
const DIGITS: f64 = 1e6;
/// A meter that shows less than this part of what it showed has begun anew; otherwise it was corrected.
const BEGAN_ANEW: f64 = 0.5;

/// What became of one point on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Today {
    /// None: it was never known.
    date: Option<NaiveDate>,
    sum: Sum,
    /// The time was not known since then: what was counted may be of another day.
    #[serde(skip)]
    is_unsure: bool,
    /// Another meter is in its place, whose first reading is where it goes on from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_other_meter: bool,
    /// The last step at which it was on.
    #[serde(skip)]
    step: Option<Moment>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Sum {
    /// It is off, and was on for so many milliseconds.
    Off(u64),
    /// It is on as if it had gone on then and been on ever since.
    On(Moment),
    /// What a meter showed when the day began, and what it showed last.
    Meter(f64, f64),
}

impl Default for Sum {
    fn default() -> Sum {
        Sum::Off(0)
    }
}

/// What its point shows.
pub(super) enum Shown {
    /// Whether it is on, as far as is known.
    On(bool),
    /// What a meter shows, while that is known.
    Total(Option<f64>),
}

/// What a condition sees of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// Seconds on, or by how much it grew.
    pub value: f64,
    /// It is on, so that the value grows by one in each second.
    pub runs: bool,
    /// Of which day.
    pub date: NaiveDate,
}

impl Today {
    /// What is known of it, as long as the time is.
    pub fn seen(&self, now: Now) -> Option<Seen> {
        let date = self.date.filter(|_| now.wall_known)?;
        let (value, runs) = match self.sum {
            Sum::Off(ms) => (seconds(ms), false),
            Sum::On(since) => (seconds(elapsed(since, now.moment)), true),
            Sum::Meter(from, last) => (((last - from) * DIGITS).round() / DIGITS, false),
        };
        Some(Seen { value, runs, date })
    }

    /// A process begins, so long after the last one was heard of at `taken`. What a meter grew by meanwhile counts.
    pub fn begin(&mut self, taken: Moment, ago: Duration) {
        if ago > RESTARTED_WITHIN && matches!(self.sum, Sum::On(_)) {
            self.switch(false, taken);
        }
    }

    /// What counts for a meter that was set to another number by hand.
    fn set(&mut self, total: f64) {
        if let Sum::Meter(from, last) = self.sum {
            self.sum = Sum::Meter(from + total - last, total);
        }
    }

    /// The meter is another one: that the totals of the two differ is no use.
    pub fn goes_on_with_another_meter(&mut self) {
        self.is_other_meter = matches!(self.sum, Sum::Meter(..));
    }

    /// Whether what a kill would lose of it was not remembered for a step. It looks again at the next.
    pub fn is_due(&mut self, now: Moment, wakeup: &mut NextWakeup) -> bool {
        if !matches!(self.sum, Sum::On(_)) {
            self.step = None;
            return false;
        }
        // All of them at once.
        let length = i64::try_from(STEP.as_millis()).unwrap_or(i64::MAX);
        let step = Moment::from_millis(now.as_millis().div_euclid(length) * length);
        wakeup.at(step + STEP);
        self.step.replace(step) != Some(step)
    }

    /// It is on or off from now on.
    fn switch(&mut self, on: bool, now: Moment) {
        self.sum = match (self.sum, on) {
            (Sum::Off(ms), true) => Sum::On(Moment::from_millis(now.as_millis() - i64::try_from(ms).unwrap_or(0))),
            (Sum::On(since), false) => Sum::Off(elapsed(since, now)),
            (Sum::Meter(..), _) => Sum::Off(0),
            (sum, _) => sum,
        };
    }

    /// A meter shows so much.
    fn read(&mut self, total: f64) {
        if std::mem::take(&mut self.is_other_meter) {
            self.set(total);
        }
        self.sum = match self.sum {
            Sum::Meter(from, last) if total >= last => Sum::Meter(from, total),
            Sum::Meter(from, last) if total < last * BEGAN_ANEW => Sum::Meter(from - last, total),
            Sum::Meter(from, last) => Sum::Meter(from + total - last, total),
            Sum::Off(_) | Sum::On(_) => Sum::Meter(total, total),
        };
    }

    /// Another day began at `midnight`.
    fn turn(&mut self, date: NaiveDate, midnight: Moment, now: Moment) {
        let from = if self.is_unsure || self.date.is_none() { now } else { midnight };
        self.sum = match self.sum {
            Sum::Off(_) => Sum::Off(0),
            Sum::On(since) => Sum::On(since.max(from)),
            Sum::Meter(_, last) => Sum::Meter(last, last),
        };
        self.date = Some(date);
    }

    /// Brings it up to date, on this day if the time is known. Returns whether it became another.
    pub fn update(&mut self, day: Option<Day>, shown: Shown, now: Now) -> bool {
        let before = *self;
        match day {
            Some(day) => {
                let is_over = self.date.is_none_or(|date| date < day.date);
                let is_set_back = self.date.is_some_and(|date| date > day.date) && now.wall + SET_BACK < day.end;
                if is_over || is_set_back {
                    self.turn(day.date, now.moment_at(day.begin), now.moment);
                }
                self.is_unsure = false;
            }
            None => self.is_unsure = true,
        }
        match shown {
            Shown::On(on) => self.switch(on, now.moment),
            Shown::Total(total) => total.into_iter().for_each(|total| self.read(total)),
        }
        *self != before
    }
}

impl Engine {
    /// The total of a meter is set by hand: nothing of that was used.
    pub(super) fn set_total_of_today(&mut self, point: Point, total: f64) {
        let found = self.today.binary_search_by_key(&point, |(point, _)| *point);
        if let Ok(place) = found {
            self.today[place].1.set(total);
            self.changes.today(point);
        }
    }
}

/// What it is remembered by.
pub(super) fn name(config: &Config, point: Point) -> Arc<str> {
    config.point_name(point).into()
}

fn elapsed(since: Moment, now: Moment) -> u64 {
    u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX)
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    #[test]
    fn it_does_not_matter_how_often_it_was_switched_in_one_instant() {
        let mut today = Today::default();
        today.switch(true, at(100));
        let steady = today;
        today.switch(false, at(160));
        assert_eq!(today.sum, Sum::Off(60_000));
        today.switch(true, at(160));
        assert_eq!(today, steady);
        today.switch(false, at(200));
        today.switch(true, at(300));
        today.switch(false, at(301));
        assert_eq!(today.sum, Sum::Off(101_000));
    }

    #[test]
    fn a_meter_that_begins_anew_goes_on_and_one_that_is_corrected_used_nothing() {
        let grown = |today: &Today| match today.sum {
            Sum::Meter(from, last) => last - from,
            other => panic!("{other:?}"),
        };
        let mut today = Today::default();
        for (total, expected) in [(100.0, 0.0), (101.5, 1.5), (101.0, 1.5), (102.0, 2.5), (0.5, 3.0), (1.0, 3.5)] {
            today.read(total);
            assert_eq!(grown(&today), expected, "at {total}");
        }
        today.set(500.0);
        today.read(500.25);
        assert_eq!(grown(&today), 3.75);
    }

    #[test]
    fn a_short_pause_counts_and_a_long_one_does_not() {
        let mut today = Today::default();
        today.switch(true, at(0));
        let mut restarted = today;
        restarted.begin(at(100), RESTARTED_WITHIN);
        assert_eq!(restarted, today);
        restarted.begin(at(100), RESTARTED_WITHIN + Duration::from_millis(1));
        assert_eq!(restarted.sum, Sum::Off(100_000));
    }
}
