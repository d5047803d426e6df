//! The calendar at certain hours.

use super::{Ever, calendar::*};
use crate::model::{Anchor, ClockTrust, Condition, Cron, DaySet, Holidays, Hub, Spread, TimeOfDay, Trigger, Zone};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use std::time::Duration;

fn hub(zone: &str) -> Hub {
    Hub {
        id: "h".into(),
        name: "h".into(),
        latitude: 52.37,
        longitude: 4.89,
        altitude_m: None,
        timezone: zone.parse().unwrap(),
        clock: ClockTrust::Always,
        holidays: Holidays::default(),
        tests: None,
    }
}

fn calendar(zone: &str) -> Calendar {
    Calendar::new(&hub(zone))
}

fn clock(hour: i32, minute: i32) -> TimeOfDay {
    TimeOfDay::clock((hour * 60 + minute) * 60)
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
    let sunrise = TimeOfDay::new(Anchor::Sunrise, 0);
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
fn a_bounded_time_of_the_sun_stays_within_its_bounds() {
    let mut calendar = calendar("Europe/Amsterdam");
    let bounded =
        TimeOfDay { earliest_s: Some(17 * 3600), latest_s: Some(21 * 3600), ..TimeOfDay::new(Anchor::Sunset, 0) };
    let mut next = |after| calendar.next_time(bounded, utc(after)).unwrap();
    assert_eq!(next("2026-12-21T00:00:00"), utc("2026-12-21T16:00:00"), "the sun sets at half past four");
    assert_eq!(next("2026-06-21T00:00:00"), utc("2026-06-21T19:00:00"), "the sun sets after ten");
    let april = next("2026-04-10T00:00:00");
    assert!(utc("2026-04-10T18:20:00") < april && april < utc("2026-04-10T18:32:00"), "{april}");
}

#[test]
fn a_spread_time_differs_from_day_to_day_and_stays_the_same_on_a_day() {
    let spread = TimeOfDay { spread: Some(Spread { most_s: 900, seed: 7 }), ..clock(22, 0) };
    let at = |day: u32| {
        let mut calendar = calendar("UTC");
        calendar.next_time(spread, utc(&format!("2026-11-{day:02}T12:00:00"))).unwrap()
    };
    let shifts: std::collections::BTreeSet<_> =
        (1..=28).map(|day| (at(day) - utc(&format!("2026-11-{day:02}T22:00:00"))).num_seconds()).collect();
    assert!(shifts.iter().all(|shift| (-900..=900).contains(shift)) && shifts.len() > 20, "{shifts:?}");
    assert!(shifts.first() < Some(&-300) && shifts.last() > Some(&300), "{shifts:?}");
    assert_eq!(at(5), at(5));
}

#[test]
fn times_in_the_hour_of_the_change_come_once() {
    let mut calendar = calendar("Europe/Amsterdam");
    let half_past_two = clock(2, 30);
    assert_eq!(calendar.next_time(half_past_two, utc("2026-03-28T12:00:00")), Some(utc("2026-03-29T01:00:00")));
    assert_eq!(calendar.next_time(half_past_two, utc("2026-03-29T01:00:00")), Some(utc("2026-03-30T00:30:00")));
    assert_eq!(calendar.next_time(half_past_two, utc("2026-10-24T12:00:00")), Some(utc("2026-10-25T00:30:00")));
    assert_eq!(calendar.next_time(half_past_two, utc("2026-10-25T00:30:00")), Some(utc("2026-10-26T01:30:00")));
}

#[test]
fn somebody_seems_to_be_there_for_a_part_of_the_evening() {
    let mut calendar = calendar("UTC");
    let (mut on, mut evenings) = (0, std::collections::BTreeSet::new());
    for day in 1..=28 {
        let mut evening = Vec::new();
        for minute in 0..240 {
            let now = utc(&format!("2026-11-{day:02}T18:00:00")) + TimeDelta::minutes(minute);
            let held = calendar.pretended(clock(18, 0), clock(22, 0), false, 3, now).unwrap();
            assert!(held.changes.is_none_or(|changes| changes > now));
            evening.push(held.holds);
        }
        on += evening.iter().filter(|on| **on).count();
        evenings.insert(evening);
    }
    assert_eq!(evenings.len(), 28, "no two evenings are alike");
    assert!((28 * 80..28 * 200).contains(&on), "{on} minutes of {}", 28 * 240);
    let late = utc("2026-11-05T22:00:00");
    assert!(!calendar.pretended(clock(18, 0), clock(22, 0), false, 3, late).unwrap().holds);
}

#[test]
fn the_ends_of_the_calendar_do_not_panic() {
    let mut calendar = calendar("Pacific/Auckland");
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        calendar.within(clock(22, 0), clock(6, 0), true, now);
        calendar.dark(now);
        calendar.sun_elevation(now);
        calendar.day(&Condition::Holiday, now);
        calendar.night(&Condition::Holiday, now);
        calendar.next_time(TimeOfDay::new(Anchor::Dusk, 0), now);
        calendar.pretended(clock(22, 0), clock(6, 0), true, 1, now);
    }
}

/// Zones whose clocks change by an hour, by half an hour, at midnight, in the south, and never.
const ZONES: [&str; 8] = [
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "UTC",
];

fn local(at: DateTime<Utc>, zone: &str) -> chrono::NaiveDateTime {
    at.with_timezone(&zone.parse::<Zone>().unwrap()).naive_local()
}

#[test]
fn intervals_are_the_same_distance_always() {
    for zone in ZONES {
        let calendar = calendar(zone);
        for minutes in [7u64, 15, 60, 240] {
            let step = TimeDelta::minutes(i64::try_from(minutes).unwrap());
            let next = |after| calendar.next_step(Duration::from_secs(minutes * 60), after).unwrap();
            let (mut at, end) = (next(utc("2027-02-15T00:00:00")), utc("2028-03-15T00:00:00"));
            while at < end {
                // Wherever one asks between the two, such as after a restart, it is the same.
                assert_eq!(next(at), at + step, "{zone} {minutes}");
                assert_eq!(next(at + step / 3), at + step, "{zone} {minutes}");
                at += step;
            }
        }
        let quarter = local(calendar.next_step(Duration::from_secs(900), utc("2027-01-09T12:00:01")).unwrap(), zone);
        assert_eq!((quarter.minute() % 15, quarter.second()), (0, 0), "{zone}");
    }
}

#[test]
fn days_are_counted_by_the_calendar() {
    for zone in ZONES {
        let mut calendar = calendar(zone);
        for (days, hour, minute) in [(1, 2, 30), (2, 0, 0), (3, 6, 0), (31, 23, 59)] {
            let time = clock(hour, minute);
            let mut next = |after| calendar.next_of_days(days, time, after).unwrap();
            let mut at = next(utc("2026-12-31T00:00:00"));
            while at < utc("2032-06-01T00:00:00") {
                let then = next(at);
                assert_eq!(next(at + (then - at) / 2), then);
                let (day, later) = (local(at, zone), local(then, zone));
                assert_eq!((later.date() - day.date()).num_days(), i64::from(days), "{zone} {at}");
                let shown = later.num_seconds_from_midnight() as i32 - (hour * 60 + minute) * 60;
                // What clocks skip comes at the jump.
                assert!((0..=3600).contains(&shown) && (shown == 0 || local(then, zone).hour() < 4), "{zone} {then}");
                at = then;
            }
        }
    }
}

fn cron(text: &str) -> Cron {
    let rule = format!("[[rules]]\nname = \"r\"\non = \"cron {text}\"\ndo = \"toggle a\"");
    let house = format!("[hub]\nid = \"h\"\n[outputs.a]\nkind = \"light\"\ngpio = 17\n{rule}\n");
    match &crate::config::parse("h.toml".as_ref(), &house).unwrap().config.events[0].on[0] {
        Trigger::Cron(cron) => cron.clone(),
        other => panic!("{other:?}"),
    }
}

/// Every minute around the changes of the clock, as a cron that looks at it would see it.
#[test]
fn cron_goes_on_in_real_time_where_it_is_an_interval() {
    for zone in ZONES {
        let calendar = calendar(zone);
        for text in ["*/15 * * * *", "*/7 * * * *", "7 * * * *", "*/10 0-5 * * *", "0,30 * 1-31 * *"] {
            let cron = cron(text);
            let (start, end) = (utc("2026-01-01T00:00:00"), utc("2027-01-01T00:00:00"));
            let offset = |at: DateTime<Utc>| local(at, zone) - at.naive_utc();
            for day in 0..365 {
                let (from, to) = (start + TimeDelta::days(day), start + TimeDelta::days(day + 1));
                if offset(from) == offset(to) || to > end {
                    continue;
                }
                let fits = |at: &DateTime<Utc>| {
                    let shown = local(*at, zone);
                    let (hour, minute) = (shown.hour(), shown.minute());
                    cron.hours >> hour & 1 == 1 && cron.minutes >> minute & 1 == 1
                };
                let minutes = (0..2 * 1440).map(|minute| from - TimeDelta::hours(12) + TimeDelta::minutes(minute));
                let (mut at, last) = (from - TimeDelta::hours(12) - TimeDelta::seconds(1), to + TimeDelta::hours(12));
                for expected in minutes.filter(fits).filter(|at| *at < last) {
                    at = calendar.next_cron(&cron, at).unwrap();
                    assert_eq!(at, expected, "{text} {zone}");
                }
            }
        }
        // A time is no interval: once on each day.
        let cron = cron("30 2 * * *");
        let mut at = utc("2026-01-01T12:00:00");
        for day in 1..=730 {
            at = calendar.next_cron(&cron, at).unwrap();
            let expected = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(day);
            let shown = local(at, zone).date();
            assert!(shown == expected, "{zone} {at}");
        }
    }
}

#[test]
fn a_night_is_from_noon_to_noon() {
    let mut calendar = calendar("Europe/Amsterdam");
    let friday = Condition::Day(DaySet::from_days([4]));
    let mut at = |time| calendar.night(&friday, utc(time)).unwrap();
    assert_eq!(at("2026-11-27T10:59:59"), Held { holds: false, changes: Some(utc("2026-11-27T11:00:00")) });
    assert_eq!(at("2026-11-27T11:00:00"), Held { holds: true, changes: Some(utc("2026-11-28T11:00:00")) });
    assert!(at("2026-11-28T10:59:59").holds && !at("2026-11-28T11:00:00").holds);
}

#[test]
fn what_is_ever_so() {
    use Condition::{All, Any, Date, Day, Daylight, Held as For, Night, Not};
    let hub = |latitude: f64| Hub { latitude, longitude: 0.0, ..hub("UTC") };
    let ever = |latitude, condition: &Condition| super::ever(condition, &hub(latitude), true);
    let window = |from, to, next_day| Condition::TimeBetween { from, to, next_day };
    let (sunset, sunrise) = (TimeOfDay::new(Anchor::Sunset, 0), TimeOfDay::new(Anchor::Sunrise, 0));
    let (after_sunset, before_sunrise) = (window(sunset, clock(24, 0), false), window(clock(0, 0), sunrise, false));
    let late = All(vec![Daylight, window(clock(22, 30), clock(24, 0), false)]);
    assert_eq!(ever(52.0, &All(vec![after_sunset.clone(), before_sunrise.clone()])), Ever::Never);
    assert_eq!(ever(52.0, &Any(vec![after_sunset, before_sunrise])), Ever::Sometimes);
    assert_eq!((ever(20.0, &late), ever(69.0, &late)), (Ever::NotHere, Ever::Sometimes));
    let friday = Day(DaySet::from_days([4]));
    let sunday = Day(DaySet::from_days([6]));
    let leap = Date(vec![crate::model::DateRange {
        first: crate::model::Date { month: 2, day: 29 },
        last: crate::model::Date { month: 2, day: 29 },
    }]);
    assert_eq!(ever(52.0, &All(vec![Night(Box::new(friday.clone())), sunday])), Ever::Never);
    assert_eq!(ever(52.0, &All(vec![friday.clone(), leap])), Ever::Sometimes);
    let ten = window(clock(22, 0), clock(22, 10), false);
    let held =
        |minutes: u64| For { condition: Box::new(ten.clone()), duration: Duration::from_secs(minutes * 60), timer: 0 };
    assert_eq!((ever(52.0, &held(9)), ever(52.0, &held(10))), (Ever::Sometimes, Ever::Never));
    assert_eq!(ever(52.0, &All(vec![friday.clone(), Not(Box::new(friday))])), Ever::Never);
    assert_eq!(ever(69.0, &All(vec![Daylight, window(clock(0, 0), clock(0, 1), false)])), Ever::Sometimes);
}
