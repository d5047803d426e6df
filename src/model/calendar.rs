//! Times of day, days and dates, as rules write them.

use chrono::NaiveDate;
use std::{collections::BTreeSet, sync::Arc};

/// A time of the local day: `22:30`, `sunset - 15m`, `sunset spread 10m not before 16:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    /// What it counts from.
    pub anchor: Anchor,
    /// Seconds after the anchor; negative before it. `22:30` is midnight and 81,000 s; 86,400 is the end of the day.
    pub offset_s: i32,
    /// Each day it is earlier or later by chance.
    pub spread: Option<Spread>,
    /// Never before this time on the clock, seconds after midnight.
    pub earliest_s: Option<i32>,
    /// Never after this time on the clock, seconds after midnight.
    pub latest_s: Option<i32>,
}

impl TimeOfDay {
    /// The plain time `offset_s` seconds after `anchor`.
    pub const fn new(anchor: Anchor, offset_s: i32) -> TimeOfDay {
        TimeOfDay { anchor, offset_s, spread: None, earliest_s: None, latest_s: None }
    }

    /// A time on the clock, seconds after midnight.
    pub const fn clock(seconds: i32) -> TimeOfDay {
        TimeOfDay::new(Anchor::Midnight, seconds)
    }

    /// Whether it is the same on the clock every day.
    pub fn is_fixed(&self) -> bool {
        self.anchor == Anchor::Midnight && self.spread.is_none()
    }
}

/// By how much a time differs from day to day. The same hub gets the same times on the same day, also after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spread {
    /// At most this many seconds, either way.
    pub most_s: i32,
    /// Tells one time from another.
    pub seed: u64,
}

/// What a time of day counts from. On days without the event: in polar day what rises does so at the solar midnight
/// before noon, and what sets at the one after it; in polar night all are solar noon. So the day's length runs smoothly
/// into 24 h and 0 h. The same goes for each twilight by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// 00:00 on the clock on the wall.
    Midnight,
    /// The sun rises through -18°.
    AstronomicalDawn,
    /// The sun rises through -12°.
    NauticalDawn,
    /// The sun rises through -6° (civil dawn).
    Dawn,
    /// The sun's upper limb appears (-0.833°).
    Sunrise,
    /// The sun's upper limb disappears (-0.833°).
    Sunset,
    /// The sun sinks through -6° (civil dusk).
    Dusk,
    /// The sun sinks through -12°.
    NauticalDusk,
    /// The sun sinks through -18°.
    AstronomicalDusk,
}

impl Anchor {
    /// Whether it is before noon.
    pub fn rises(self) -> bool {
        matches!(self, Anchor::AstronomicalDawn | Anchor::NauticalDawn | Anchor::Dawn | Anchor::Sunrise)
    }
}

/// A set of weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySet(u8);

impl DaySet {
    /// From Monday (0) to Sunday (6), as `chrono::Weekday::num_days_from_monday` counts.
    pub fn from_days(days: impl IntoIterator<Item = u32>) -> DaySet {
        DaySet(days.into_iter().fold(0, |set, day| set | 1 << (day % 7)))
    }

    /// Whether a day is in both.
    pub fn meets(self, other: DaySet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `day` (Monday 0) is in it.
    pub fn contains(self, day: u32) -> bool {
        self.0 >> (day % 7) & 1 == 1
    }
}

/// A day of any year: month 1 to 12, day 1 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Date {
    pub month: u32,
    pub day: u32,
}

/// From one day of the year to another, both included; over the new year if the last comes before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub struct DateRange {
    pub first: Date,
    pub last: Date,
}

impl Date {
    /// All of a leap year.
    pub fn all() -> impl Iterator<Item = Date> {
        (1..=12).flat_map(|month| (1..=days_of(month)).map(move |day| Date { month, day }))
    }
}

/// How many days a month can have, 1 to 12.
fn days_of(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl DateRange {
    /// Whether it is one month, and all of it.
    pub fn is_month(&self) -> bool {
        let Date { month, day } = self.last;
        self.first == Date { month, day: 1 } && day == days_of(month)
    }

    /// Whether a day of the year is in it.
    pub fn contains(&self, date: Date) -> bool {
        if self.first <= self.last {
            (self.first..=self.last).contains(&date)
        } else {
            date >= self.first || date <= self.last
        }
    }
}

/// Days that are not like others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    /// Of one year.
    pub once: BTreeSet<NaiveDate>,
    /// Of every year.
    pub yearly: BTreeSet<Date>,
}

impl Holidays {
    /// Whether it is one.
    pub fn contains(&self, date: NaiveDate) -> bool {
        use chrono::Datelike;
        self.once.contains(&date) || self.yearly.contains(&Date { month: date.month(), day: date.day() })
    }
}

/// Times as `cron` writes them: minutes, hours, days of the month, months and weekdays that fit, each as a set of bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// 0 to 59.
    pub minutes: u64,
    /// 0 to 23.
    pub hours: u32,
    /// 1 to 31.
    pub days: u32,
    /// 1 to 12.
    pub months: u16,
    /// 0 (Sunday) to 6.
    pub weekdays: u8,
    /// When both days of the month and weekdays are limited, a day fits that is in either, as in every cron.
    pub either_day: bool,
    /// It is meant as an interval: it goes on in real time when clocks change, as in Debian's cron. Otherwise each of its
    /// times comes once on a day.
    pub interval: bool,
    /// As written.
    pub text: Arc<str>,
}

impl Cron {
    /// Whether something happens on this day.
    pub fn on(&self, date: NaiveDate) -> bool {
        use chrono::Datelike;
        let month = self.months >> date.month() & 1 == 1;
        let day = self.days >> date.day() & 1 == 1;
        let weekday = self.weekdays >> date.weekday().num_days_from_sunday() & 1 == 1;
        month && if self.either_day { day || weekday } else { day && weekday }
    }

    /// The times of a day at which it happens, in seconds after midnight.
    pub fn times(&self) -> impl Iterator<Item = i32> + '_ {
        (0..24i32)
            .filter(|hour| self.hours >> hour & 1 == 1)
            .flat_map(|hour| (0..60i32).map(move |minute| (hour, minute)))
            .filter(|(_, minute)| self.minutes >> minute & 1 == 1)
            .map(|(hour, minute)| hour * 3600 + minute * 60)
    }
}
