//! Windows of local time: whether one holds, and when that next changes.

use super::{
    local_time::local_instant,
    sun::{self, SunDay},
};
use crate::model::{Anchor, Hub, TimeOfDay};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeMap;

/// The hub's calendar: its zone and the sun over it. Sun days are worked out once and kept.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: chrono_tz::Tz,
    latitude: f64,
    longitude: f64,
    days: BTreeMap<NaiveDate, Option<SunDay>>,
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
        Calendar { zone: hub.timezone, latitude: hub.latitude, longitude: hub.longitude, days: BTreeMap::new() }
    }

    /// Whether `now` is in the window of any day; nothing where the sun cannot be worked out.
    pub fn within(&mut self, from: TimeOfDay, to: TimeOfDay, next_day: bool, now: DateTime<Utc>) -> Option<Held> {
        let today = self.local_date(now);
        let mut edges = Edges::at(now);
        // Yesterday's window may reach into today, and tomorrow's begin today (`sunrise - 8h`).
        for date in [today.pred_opt()?, today, today.succ_opt()?] {
            let last = if next_day { date.succ_opt()? } else { date };
            edges.add(self.instant(date, from)?, self.instant(last, to)?);
        }
        Some(edges.held())
    }

    /// Whether the sun is up (above -0.833°).
    pub fn daylight(&mut self, now: DateTime<Utc>) -> Option<Held> {
        self.sun_above(now, |day| (day.sunrise, day.sunset))
    }

    /// Whether the sun is more than 6° below the horizon.
    pub fn dark(&mut self, now: DateTime<Utc>) -> Option<Held> {
        let light = self.sun_above(now, |day| (day.dawn, day.dusk))?;
        Some(Held { holds: !light.holds, ..light })
    }

    /// The height of the sun, degrees.
    pub fn sun_elevation(&self, now: DateTime<Utc>) -> Option<f64> {
        sun::elevation(now, self.latitude, self.longitude)
    }

    /// The local weekday, Monday 0, and when the day ends.
    pub fn weekday(&self, now: DateTime<Utc>) -> (u32, Option<DateTime<Utc>>) {
        let today = self.local_date(now);
        let ends = today.succ_opt().and_then(|tomorrow| local_instant(tomorrow, 0, self.zone));
        (today.weekday().num_days_from_monday(), ends)
    }

    fn sun_above(
        &mut self,
        now: DateTime<Utc>,
        interval: impl Fn(SunDay) -> (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<Held> {
        let today = self.local_date(now);
        let mut edges = Edges::at(now);
        for date in [today.pred_opt()?, today, today.succ_opt()?] {
            let (from, to) = interval(self.sun(date)?);
            edges.add(from, to);
        }
        Some(edges.held())
    }

    fn instant(&mut self, date: NaiveDate, time: TimeOfDay) -> Option<DateTime<Utc>> {
        if time.anchor == Anchor::Midnight {
            return local_instant(date, time.offset_s, self.zone);
        }
        let day = self.sun(date)?;
        let event = match time.anchor {
            Anchor::Dawn => day.dawn,
            Anchor::Sunrise => day.sunrise,
            Anchor::Sunset => day.sunset,
            Anchor::Dusk | Anchor::Midnight => day.dusk,
        };
        event.checked_add_signed(TimeDelta::seconds(time.offset_s.into()))
    }

    fn sun(&mut self, date: NaiveDate) -> Option<SunDay> {
        if let Some(day) = self.days.get(&date) {
            return *day;
        }
        let day = sun::day(date, self.latitude, self.longitude, self.zone);
        // A handful of days is in use at a time; a stepped clock must not pile them up.
        if self.days.len() >= 16 {
            self.days.clear();
        }
        self.days.insert(date, day);
        day
    }

    fn local_date(&self, now: DateTime<Utc>) -> NaiveDate {
        // At the ends of chrono's calendar the offset would overflow; such a clock is wrong by millennia anyway.
        let clamped = now.clamp(DateTime::<Utc>::MIN_UTC + Days::new(2), DateTime::<Utc>::MAX_UTC - Days::new(2));
        clamped.with_timezone(&self.zone).date_naive()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClockTrust;

    fn calendar(zone: &str) -> Calendar {
        Calendar::new(&Hub {
            id: "h".into(),
            name: "h".into(),
            latitude: 52.37,
            longitude: 4.89,
            altitude_m: None,
            timezone: zone.parse().unwrap(),
            clock: ClockTrust::Always,
        })
    }

    fn clock(hour: i32, minute: i32) -> TimeOfDay {
        TimeOfDay { anchor: Anchor::Midnight, offset_s: (hour * 60 + minute) * 60 }
    }

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    #[test]
    fn a_window_over_midnight_is_one_window() {
        let mut calendar = calendar("Europe/Amsterdam");
        let mut at = |time| calendar.within(clock(22, 0), clock(6, 30), true, utc(time)).unwrap();
        assert_eq!(at("2026-01-10T20:59:59"), Held { holds: false, changes: Some(utc("2026-01-10T21:00:00")) });
        assert_eq!(at("2026-01-10T21:00:00"), Held { holds: true, changes: Some(utc("2026-01-11T05:30:00")) });
        assert!(at("2026-01-11T05:29:59").holds);
        assert_eq!(at("2026-01-11T05:30:00"), Held { holds: false, changes: Some(utc("2026-01-11T21:00:00")) });
    }

    #[test]
    fn windows_in_the_hour_of_the_change() {
        let mut calendar = calendar("Europe/Amsterdam");
        let mut at = |time| calendar.within(clock(2, 15), clock(2, 45), false, utc(time)).unwrap().holds;
        assert!(!at("2026-03-29T01:00:00"), "both ends are the jump: no window that night");
        assert!(at("2026-10-25T00:20:00") && !at("2026-10-25T01:20:00"), "once in the doubled hour");
    }

    #[test]
    fn a_morning_window_is_empty_when_the_sun_is_up_before_it() {
        let mut calendar = calendar("Europe/Amsterdam");
        let sunrise = TimeOfDay { anchor: Anchor::Sunrise, offset_s: 0 };
        let mut at = |time| calendar.within(clock(6, 30), sunrise, false, utc(time)).unwrap().holds;
        assert!(at("2026-12-21T06:00:00") && !at("2026-06-21T06:00:00"));
    }

    #[test]
    fn dark_and_daylight_around_the_clock() {
        let mut calendar = calendar("Europe/Amsterdam");
        for (time, dark, daylight) in [
            ("2026-11-23T05:00:00", true, false),
            ("2026-11-23T07:10:00", false, false),
            ("2026-11-23T12:00:00", false, true),
            ("2026-11-23T17:00:00", true, false),
        ] {
            let (is_dark, is_day) = (calendar.dark(utc(time)).unwrap(), calendar.daylight(utc(time)).unwrap());
            assert_eq!((is_dark.holds, is_day.holds), (dark, daylight), "{time}");
            assert!(is_dark.changes > Some(utc(time)) && is_day.changes > Some(utc(time)));
        }
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        let mut calendar = calendar("Pacific/Auckland");
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            calendar.within(clock(22, 0), clock(6, 0), true, now);
            calendar.dark(now);
            calendar.weekday(now);
            calendar.sun_elevation(now);
        }
    }
}
