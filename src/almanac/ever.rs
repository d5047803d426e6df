//! Whether what is said of time is ever so: the year is gone through, and what does not speak of time may be anything.

use super::{
    calendar::{Calendar, NOON, Twilight},
    local_time::local_instant,
};
use crate::model::{Anchor, Condition, Hub, TimeOfDay};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// When a condition can be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ever {
    /// At some time.
    Sometimes,
    /// At no time where this house is.
    NotHere,
    /// At no time anywhere.
    Never,
}

/// A leap year: it has every day that there is.
const YEAR: i32 = 2028;
/// Where people live, degrees north.
const LATITUDES: [f64; 5] = [-35.0, 0.0, 35.0, 60.0, 68.0];
/// So many days apart the sun is looked at: it takes long to work out, and from one to the next it moves little.
const SUN_EVERY: i64 = 15;
/// How many days are looked at then.
const SUN_DAYS: i64 = 2;

/// When a condition can be true for this hub. `dark_by_sun`: what `dark` means is not said otherwise.
pub fn ever(condition: &Condition, hub: &Hub, dark_by_sun: bool) -> Ever {
    let Some(year) = NaiveDate::from_ymd_opt(YEAR, 1, 1) else { return Ever::Sometimes };
    let dated = is_dated(condition);
    let is_ever = |hub: &Hub, first, days, looks| {
        let range = Range { calendar: Calendar::new(hub), first, days, dated, dark_by_sun, looks };
        range.spans(condition).is_none_or(|spans| !spans.is_empty())
    };
    // Of most conditions a few days are enough; only what is never so takes the whole year, and one without 29 February.
    let next = year + TimeDelta::days(366);
    if ![(year, 9), (year, 366), (next, 365)].into_iter().any(|(first, days)| is_ever(hub, first, days, Looks::Days)) {
        return Ever::Never;
    }
    let in_sun = |latitude, every: i64| {
        let hub = Hub { latitude, ..hub.clone() };
        (0..366 / every).any(|step| is_ever(&hub, year + TimeDelta::days(step * every), SUN_DAYS, Looks::Sun))
    };
    // What is so for some days only falls between the few that are looked at first.
    if in_sun(hub.latitude, SUN_EVERY) || in_sun(hub.latitude, SUN_DAYS) {
        Ever::Sometimes
    } else if LATITUDES.into_iter().any(|latitude| in_sun(latitude, SUN_EVERY)) {
        Ever::NotHere
    } else {
        Ever::Never
    }
}

/// Whether a condition speaks of dates.
fn is_dated(condition: &Condition) -> bool {
    match condition {
        Condition::Date(_) => true,
        Condition::Night(day) => is_dated(day),
        _ => condition.parts().iter().any(is_dated),
    }
}

/// So many days before the others are looked at, at most, for what has been so for a time.
const BEFORE_MOST: i64 = 8;

/// What is looked at; the rest may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    /// The clock, weekdays and dates.
    Days,
    /// The clock and the sun.
    Sun,
}

/// Times from one included to one excluded, in their order, apart from each other.
type Spans = Vec<Span>;
type Span = (DateTime<Utc>, DateTime<Utc>);

/// The days that are gone through.
struct Range {
    calendar: Calendar,
    first: NaiveDate,
    days: i64,
    /// Some date is spoken of: on which weekday it is differs from year to year.
    dated: bool,
    dark_by_sun: bool,
    looks: Looks,
}

impl Range {
    /// When a condition can be true; nothing at the ends of the calendar.
    fn spans(mut self, condition: &Condition) -> Option<Spans> {
        self.possible(condition, true)
    }

    /// When it can be `wanted`.
    fn possible(&mut self, condition: &Condition, wanted: bool) -> Option<Spans> {
        match condition {
            Condition::All(parts) if wanted => {
                let mut all = self.whole()?;
                for part in parts {
                    all = both(&all, &self.possible(part, true)?);
                }
                Some(all)
            }
            Condition::Any(parts) if !wanted => {
                let mut all = self.whole()?;
                for part in parts {
                    all = both(&all, &self.possible(part, false)?);
                }
                Some(all)
            }
            Condition::All(parts) | Condition::Any(parts) => {
                let mut any = Spans::new();
                for part in parts {
                    any.extend(self.possible(part, wanted)?);
                }
                Some(in_order(any))
            }
            Condition::Not(part) => self.possible(part, !wanted),
            Condition::Held { condition, duration, .. } if wanted => {
                let duration = TimeDelta::from_std(*duration).ok()?;
                // Long enough before to know how long it has been so, where a few days tell.
                let before = (duration.num_days() + 1).min(BEFORE_MOST);
                let (first, days) = (self.first - TimeDelta::days(before), self.days + before);
                let mut range = Range { calendar: self.calendar.clone(), first, days, ..*self };
                let begin = range.begin()?;
                // What is so when the days begin may have been so for longer than they last.
                let held = |(from, to)| (if from == begin { from } else { from + duration }, to);
                let held: Spans = range.possible(condition, true)?.into_iter().map(held).collect();
                Some(both(&self.whole()?, &in_order(held)))
            }
            Condition::TimeBetween { from, to, next_day } if self.sees(*from) && self.sees(*to) => {
                let windows = self.windows(*from, *to, *next_day)?;
                self.either(windows, wanted)
            }
            Condition::Daylight if self.looks == Looks::Sun => self.light(Twilight::Day, wanted),
            Condition::Dark if self.looks == Looks::Sun && self.dark_by_sun => self.light(Twilight::Civil, !wanted),
            Condition::Day(_) | Condition::Date(_) if self.knows(condition) => self.of_days(condition, 0, wanted),
            Condition::Night(day) if self.knows(day) => self.of_days(day, NOON, wanted),
            _ => self.whole(),
        }
    }

    fn sees(&self, time: TimeOfDay) -> bool {
        self.looks == Looks::Sun || time.anchor == Anchor::Midnight
    }

    /// Whether this year tells of such days; holidays are of other years, too.
    fn knows(&self, such: &Condition) -> bool {
        self.looks == Looks::Days
            && match such {
                Condition::Day(_) => !self.dated,
                Condition::Date(_) => true,
                _ => false,
            }
    }

    /// The windows of all days, also of those before and after that reach in.
    fn windows(&mut self, from: TimeOfDay, to: TimeOfDay, next_day: bool) -> Option<Spans> {
        let dates = (-1..=self.days).map(|step| self.first + TimeDelta::days(step)).collect::<Vec<_>>();
        dates
            .into_iter()
            .map(|date| {
                let last = if next_day { date.succ_opt()? } else { date };
                Some((self.calendar.instant(date, from)?, self.calendar.instant(last, to)?))
            })
            .collect()
    }

    fn light(&mut self, twilight: Twilight, wanted: bool) -> Option<Spans> {
        let dates = (-1..=self.days).map(|step| self.first + TimeDelta::days(step)).collect::<Vec<_>>();
        let light = dates.into_iter().map(|date| self.calendar.sun(date, twilight)).collect::<Option<Spans>>()?;
        self.either(light, wanted)
    }

    /// The days that are such, each beginning so many seconds after its midnight.
    fn of_days(&mut self, such: &Condition, begins_s: i32, wanted: bool) -> Option<Spans> {
        let mut days = Spans::new();
        for date in (-1..=self.days).map(|step| self.first + TimeDelta::days(step)) {
            if self.calendar.is_such(date, such)? {
                let begin = |date| local_instant(date, begins_s, self.calendar.zone);
                days.push((begin(date)?, begin(date.succ_opt()?)?));
            }
        }
        self.either(days, wanted)
    }

    /// These times, or all others.
    fn either(&self, spans: Spans, wanted: bool) -> Option<Spans> {
        let (whole, spans) = (self.whole()?, in_order(spans));
        if wanted {
            return Some(both(&whole, &spans));
        }
        let ends = whole.iter().map(|(_, end)| *end);
        let begins = std::iter::once(self.begin()?).chain(spans.iter().map(|(_, to)| *to));
        let others: Spans =
            begins.zip(spans.iter().map(|(from, _)| *from).chain(ends)).filter(|(from, to)| from < to).collect();
        Some(both(&whole, &others))
    }

    fn begin(&self) -> Option<DateTime<Utc>> {
        local_instant(self.first, 0, self.calendar.zone)
    }

    fn whole(&self) -> Option<Spans> {
        Some(vec![(self.begin()?, local_instant(self.first + TimeDelta::days(self.days), 0, self.calendar.zone)?)])
    }
}

/// Sorted, without the empty ones, and joined where they meet.
fn in_order(mut spans: Spans) -> Spans {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut joined = Spans::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// When it is in both.
fn both(one: &[Span], other: &[Span]) -> Spans {
    let (mut at, mut its, mut all) = (0, 0, Spans::new());
    while let (Some((from, to)), Some((other_from, other_to))) = (one.get(at), other.get(its)) {
        let (begin, end) = (*from.max(other_from), *to.min(other_to));
        if begin < end {
            all.push((begin, end));
        }
        if to < other_to { at += 1 } else { its += 1 }
    }
    all
}
