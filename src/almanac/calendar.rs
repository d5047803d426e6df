//! Windows of local time: whether one holds, and when that next changes.

use super::{
    chance::{self, Chance},
    local_time::local_instant,
    sun::{self, Course, Horizon},
};
use crate::model::{Anchor, Condition, Date, Holidays, Hub, Spread, TimeOfDay, Zone};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeMap;

/// The hub's calendar: its zone and the sun over it. What was worked out is kept as long as it holds: every rule asks anew
/// whenever anything happens.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub(super) zone: Zone,
    latitude: f64,
    longitude: f64,
    holidays: Holidays,
    /// Two houses are not alike by chance.
    seed: u64,
    noons: BTreeMap<NaiveDate, Option<DateTime<Utc>>>,
    /// When the sun rises and sets through a horizon: only those that somebody asks for.
    crossings: BTreeMap<(NaiveDate, Twilight), Option<Rising>>,
    today: Option<Today>,
    /// As many as the configuration has windows.
    answers: BTreeMap<Question, Answer>,
}

/// The local date of an instant.
#[derive(Clone, Copy, Debug)]
struct Today {
    now: DateTime<Utc>,
    date: NaiveDate,
    end: Option<DateTime<Utc>>,
}

/// What conditions ask of the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Within(TimeOfDay, TimeOfDay, bool),
    PresenceSimulation(TimeOfDay, TimeOfDay, bool, u64),
    Daylight,
    Dark,
}

/// A height of the sun at which something begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Twilight {
    Day,
    Civil,
    Nautical,
    Astronomical,
}

/// When the sun rises and when it sets.
pub(super) type Rising = (DateTime<Utc>, DateTime<Utc>);

/// A handful of days is in use at a time, each with its twilights; a stepped clock must not pile them up.
const KEPT: usize = 32;

/// Twelve o'clock, seconds after midnight.
pub(super) const NOON: i32 = 43_200;

/// A day of the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: NaiveDate,
    /// Its first instant.
    pub begin: DateTime<Utc>,
    /// The first instant of the next.
    pub end: DateTime<Utc>,
}

/// What is so from one instant to another, that one excluded.
#[derive(Clone, Copy, Debug)]
struct Answer {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    held: Held,
}

/// A condition on the time: whether it holds, and when that next changes, if within about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether it holds now.
    pub holds: bool,
    /// When to ask again.
    pub changes: Option<DateTime<Utc>>,
}

impl Calendar {
    /// The calendar of this place.
    pub fn new(hub: &Hub) -> Calendar {
        Calendar {
            zone: hub.timezone,
            latitude: hub.latitude,
            longitude: hub.longitude,
            holidays: hub.holidays.clone(),
            seed: chance::hash(hub.id.as_bytes()),
            noons: BTreeMap::new(),
            crossings: BTreeMap::new(),
            today: None,
            answers: BTreeMap::new(),
        }
    }

    /// Whether `now` is in the window of any day; nothing where the sun cannot be worked out.
    pub fn within(&mut self, from: TimeOfDay, to: TimeOfDay, next_day: bool, now: DateTime<Utc>) -> Option<Held> {
        self.answer(Question::Within(from, to, next_day), now, |calendar, today| {
            let mut edges = Edges::at(now);
            // Yesterday's window may reach into today, and tomorrow's begin today (`sunrise - 8h`).
            for date in [today.pred_opt()?, today, today.succ_opt()?] {
                let last = if next_day { date.succ_opt()? } else { date };
                edges.add(calendar.instant(date, from)?, calendar.instant(last, to)?);
            }
            Some(edges.held())
        })
    }

    /// Whether the sun is up (above -0.833°).
    pub fn daylight(&mut self, now: DateTime<Utc>) -> Option<Held> {
        self.sun_above(Question::Daylight, now, Twilight::Day)
    }

    /// Whether the sun is more than 6° below the horizon.
    pub fn dark(&mut self, now: DateTime<Utc>) -> Option<Held> {
        let light = self.sun_above(Question::Dark, now, Twilight::Civil)?;
        Some(Held { holds: !light.holds, ..light })
    }

    /// The height of the sun, degrees.
    pub fn sun_elevation(&self, now: DateTime<Utc>) -> Option<f64> {
        sun::elevation(now, self.latitude, self.longitude)
    }

    /// Whether today is such a day.
    pub fn day(&mut self, such: &Condition, now: DateTime<Utc>) -> Option<Held> {
        let today = self.today(now);
        Some(Held { holds: self.is_such(today.date, such)?, changes: today.end })
    }

    /// The local day that an instant is in; nothing at the ends of the calendar.
    pub fn day_of(&mut self, now: DateTime<Utc>) -> Option<Day> {
        let Today { date, end, .. } = self.today(now);
        Some(Day { date, begin: local_instant(date, 0, self.zone)?, end: end? })
    }

    /// The first instant after a day.
    pub fn end_of(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        local_instant(date.succ_opt()?, 0, self.zone)
    }

    /// Whether it is the night of such a day: from its noon to the next.
    pub fn night(&mut self, such: &Condition, now: DateTime<Utc>) -> Option<Held> {
        let today = self.today(now).date;
        let noon = |date| local_instant(date, NOON, self.zone);
        let (date, changes) = match noon(today) {
            Some(noon) if now < noon => (today.pred_opt()?, Some(noon)),
            _ => (today, today.succ_opt().and_then(noon)),
        };
        Some(Held { holds: self.is_such(date, such)?, changes })
    }

    /// Whether a date is such a day; nothing where that is no question of days.
    pub(super) fn is_such(&self, date: NaiveDate, such: &Condition) -> Option<bool> {
        match such {
            Condition::Day(days) => Some(days.contains(date.weekday().num_days_from_monday())),
            Condition::Date(ranges) => {
                let date = Date { month: date.month(), day: date.day() };
                Some(ranges.iter().any(|range| range.contains(date)))
            }
            Condition::Holiday => Some(self.holidays.contains(date)),
            _ => None,
        }
    }

    /// Whether a light that pretends that somebody is there is on: by turns off and on for a while, from some moment of
    /// the window to its end.
    pub fn pretended(
        &mut self,
        from: TimeOfDay,
        to: TimeOfDay,
        next_day: bool,
        seed: u64,
        now: DateTime<Utc>,
    ) -> Option<Held> {
        self.answer(Question::PresenceSimulation(from, to, next_day, seed), now, |calendar, today| {
            let mut edges = Edges::at(now);
            for date in [today.pred_opt()?, today, today.succ_opt()?] {
                let last = if next_day { date.succ_opt()? } else { date };
                let (mut begin, end) = (calendar.instant(date, from)?, calendar.instant(last, to)?);
                let mut chance = Chance::of_day(calendar.seed ^ seed, date);
                // Bounded: each turn takes ten minutes at the least, and no window is longer than two days.
                for _ in 0..288 {
                    begin = begin.checked_add_signed(TimeDelta::seconds(chance.between(300, 2400)))?;
                    let over = begin.checked_add_signed(TimeDelta::seconds(chance.between(600, 3600)))?;
                    if begin >= end {
                        break;
                    }
                    edges.add(begin, over.min(end));
                    begin = over;
                }
            }
            Some(edges.held())
        })
    }

    /// Whether `now` is within one of these times of a day, in seconds after its midnight on the local clock.
    pub fn within_day(&self, date: NaiveDate, times: &[(i32, i32)], now: DateTime<Utc>) -> Option<Held> {
        let mut edges = Edges::at(now);
        for (from, to) in times {
            edges.add(local_instant(date, *from, self.zone)?, local_instant(date, *to, self.zone)?);
        }
        Some(edges.held())
    }

    /// The first time after `after` at which this time of day comes.
    pub fn next_time(&mut self, time: TimeOfDay, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.local_date(after);
        // A day's event may be on the day before or after it.
        let mut next: Option<DateTime<Utc>> = None;
        for step in -2..=2i64 {
            let date = today.checked_add_signed(TimeDelta::days(step))?;
            let at = self.instant(date, time)?;
            if at > after {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        next
    }

    /// What was answered before, if it still holds; else what `work_out` makes of the local date.
    fn answer(
        &mut self,
        question: Question,
        now: DateTime<Utc>,
        work_out: impl FnOnce(&mut Calendar, NaiveDate) -> Option<Held>,
    ) -> Option<Held> {
        if let Some(answer) = self.answers.get(&question)
            && (answer.from..answer.to).contains(&now)
        {
            return Some(answer.held);
        }
        let today = self.today(now);
        let held = work_out(self, today.date)?;
        // Tomorrow looks at other days.
        if let Some(to) = [held.changes, today.end].into_iter().flatten().min() {
            self.answers.insert(question, Answer { from: now, to, held });
        }
        Some(held)
    }

    fn sun_above(&mut self, question: Question, now: DateTime<Utc>, twilight: Twilight) -> Option<Held> {
        self.answer(question, now, |calendar, today| {
            let mut edges = Edges::at(now);
            for date in [today.pred_opt()?, today, today.succ_opt()?] {
                let (from, to) = calendar.sun(date, twilight)?;
                edges.add(from, to);
            }
            Some(edges.held())
        })
    }

    pub(super) fn instant(&mut self, date: NaiveDate, time: TimeOfDay) -> Option<DateTime<Utc>> {
        let plain = self.plain_instant(date, time)?;
        let shift = time.spread.map_or(0, |Spread { most_s, seed }| {
            Chance::of_day(self.seed ^ seed, date).between(-i64::from(most_s), most_s.into())
        });
        let at = plain.checked_add_signed(TimeDelta::seconds(shift))?;
        let bound = |seconds: Option<i32>| seconds.and_then(|seconds| local_instant(date, seconds, self.zone));
        let at = bound(time.earliest_s).map_or(at, |earliest| at.max(earliest));
        Some(bound(time.latest_s).map_or(at, |latest| at.min(latest)))
    }

    fn plain_instant(&mut self, date: NaiveDate, time: TimeOfDay) -> Option<DateTime<Utc>> {
        if time.anchor == Anchor::Midnight {
            return local_instant(date, time.offset_s, self.zone);
        }
        let event = match time.anchor {
            Anchor::AstronomicalDawn => self.sun(date, Twilight::Astronomical)?.0,
            Anchor::NauticalDawn => self.sun(date, Twilight::Nautical)?.0,
            Anchor::Dawn => self.sun(date, Twilight::Civil)?.0,
            Anchor::Sunrise => self.sun(date, Twilight::Day)?.0,
            Anchor::Sunset => self.sun(date, Twilight::Day)?.1,
            Anchor::Dusk | Anchor::Midnight => self.sun(date, Twilight::Civil)?.1,
            Anchor::NauticalDusk => self.sun(date, Twilight::Nautical)?.1,
            Anchor::AstronomicalDusk => self.sun(date, Twilight::Astronomical)?.1,
        };
        event.checked_add_signed(TimeDelta::seconds(time.offset_s.into()))
    }

    /// When the sun rises and sets on a date.
    pub(super) fn sun(&mut self, date: NaiveDate, twilight: Twilight) -> Option<Rising> {
        if let Some(known) = self.crossings.get(&(date, twilight)) {
            return *known;
        }
        let noons = [date.pred_opt()?, date, date.succ_opt()?].map(|date| self.noon(date));
        let crossings = match noons {
            [Some(previous), Some(noon), Some(next)] => {
                Course::new(previous, noon, next, self.latitude, self.longitude).crossings(twilight.horizon())
            }
            _ => None,
        };
        keep(&mut self.crossings, (date, twilight), crossings, |(date, _)| *date);
        crossings
    }

    fn noon(&mut self, date: NaiveDate) -> Option<DateTime<Utc>> {
        if let Some(known) = self.noons.get(&date) {
            return *known;
        }
        let noon = sun::noon(date, self.longitude, self.zone);
        keep(&mut self.noons, date, noon, |date| *date);
        noon
    }

    fn today(&mut self, now: DateTime<Utc>) -> Today {
        if let Some(today) = self.today.filter(|today| today.now == now) {
            return today;
        }
        let date = self.local_date(now);
        let end = match self.today.filter(|today| today.date == date) {
            Some(today) => today.end,
            None => date.succ_opt().and_then(|tomorrow| local_instant(tomorrow, 0, self.zone)),
        };
        *self.today.insert(Today { now, date, end })
    }

    pub(super) fn local_date(&self, now: DateTime<Utc>) -> NaiveDate {
        // At the ends of chrono's calendar the offset would overflow; such a clock is wrong by millennia anyway.
        let clamped = now.clamp(DateTime::<Utc>::MIN_UTC + Days::new(2), DateTime::<Utc>::MAX_UTC - Days::new(2));
        clamped.with_timezone(&self.zone).date_naive()
    }
}

impl Twilight {
    fn horizon(self) -> Horizon {
        match self {
            Twilight::Day => Horizon::SunriseSunset,
            Twilight::Civil => Horizon::CivilTwilight,
            Twilight::Nautical => Horizon::NauticalTwilight,
            Twilight::Astronomical => Horizon::AstronomicalTwilight,
        }
    }
}

/// Adds what was worked out for a date, in the place of the first date, or of the last one when the clock was set back.
fn keep<K: Ord, V>(known: &mut BTreeMap<K, V>, key: K, value: V, date: impl Fn(&K) -> NaiveDate) {
    if known.len() >= KEPT {
        let is_of_the_last = known.last_key_value().is_some_and(|(last, _)| date(last) <= date(&key));
        if is_of_the_last {
            known.pop_first();
        } else {
            known.pop_last();
        }
    }
    known.insert(key, value);
}

/// Gathers intervals around one instant.
struct Edges {
    now: DateTime<Utc>,
    inside_until: Option<DateTime<Utc>>,
    next_begin: Option<DateTime<Utc>>,
}

impl Edges {
    fn at(now: DateTime<Utc>) -> Edges {
        Edges { now, inside_until: None, next_begin: None }
    }

    /// `from` included, `to` excluded; empty if `to` is not later.
    fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        if from >= to {
            return;
        }
        if from > self.now {
            self.next_begin = Some(self.next_begin.map_or(from, |begin| begin.min(from)));
        } else if to > self.now {
            self.inside_until = Some(self.inside_until.map_or(to, |end| end.max(to)));
        }
    }

    fn held(&self) -> Held {
        match self.inside_until {
            Some(end) => Held { holds: true, changes: Some(end) },
            None => Held { holds: false, changes: self.next_begin },
        }
    }
}
