//! Reports of a house whose past is a function of time.

use super::{Report, Wanted, html, make, text};
use crate::{
    config,
    house::{Ask, Change, Course, Span},
    model::{Config, duration},
};
use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike, Utc};
use std::convert::Infallible;

/// The days that are told of: 23 to 29 November 2026.
const FROM: &str = "2026-11-23T00:00:00+01:00";
const TO: &str = "2026-11-30T00:00:00+01:00";

fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// What a point is at a time.
type Past<'p> = &'p dyn Fn(&str, DateTime<FixedOffset>) -> Option<f64>;

/// An answer of a history that looks each five minutes, by the question alone.
fn course(ask: &Ask, past: Past<'_>, total: bool) -> Option<Course> {
    let begin = ask.from.as_deref().map_or(time(FROM), |from| if from == "7d" { time(FROM) } else { time(from) });
    let end = ask.to.as_deref().map_or(time(TO), time);
    past(&ask.point, begin)?;
    let every = ask
        .every
        .as_deref()
        .map_or(TimeDelta::days(1), |every| TimeDelta::from_std(duration::parse(every).unwrap()).unwrap());
    let step = TimeDelta::minutes(5);
    let value = |at| past(&ask.point, at).unwrap();
    let (mut spans, mut changes, mut at) = (Vec::new(), Vec::new(), begin);
    while at < end {
        let times = (0..every.num_minutes() / 5).map(|n| at + step * i32::try_from(n).unwrap());
        let values: Vec<(f64, f64)> = times.map(|at| (value(at - step), value(at))).collect();
        let (count, now) = (values.len() as f64, || values.iter().map(|(_, now)| *now));
        spans.push(Span {
            time: at.to_rfc3339(),
            known_s: every.num_seconds() as f64,
            min: now().fold(f64::INFINITY, f64::min),
            mean: now().sum::<f64>() / count,
            max: now().fold(f64::NEG_INFINITY, f64::max),
            on_s: Some(now().filter(|now| *now > 0.0).count() as f64 * 300.0),
            starts: Some(values.iter().filter(|(before, now)| *before == 0.0 && *now > 0.0).count() as u64),
            grew: total.then(|| value(at + every) - value(at)),
            energy_kwh: None,
        });
        at += every;
    }
    let mut at = begin;
    while at < end {
        let (before, now) = (value(at - step) > 0.0, value(at) > 0.0);
        if before != now {
            changes.push(Change { time: at.to_rfc3339(), value: if now { "ON" } else { "OFF" }.into(), why: None });
        }
        at += step;
    }
    Some(Course { from: begin.to_rfc3339(), to: end.to_rfc3339(), spans, changes, ..Course::default() })
}

const HUT: &str = r#"
hub = { id = "hut", name = "Hut <b>", timezone = "Europe/Amsterdam" }
hardware = { backend = "simulated" }
energy = { price = ["daily 07:00 0.40", "daily 23:30 0.20"] }
rooms.hall.motion = ["motion"]
inputs.motion = { kind = "motion", gpio = 4 }
inputs.back_door = { kind = "door", gpio = 5 }
sensors.living.chip = "sht31"
sensors.outside = { chip = "sht31", address = 0x45 }
outputs.heater = { kind = "heater", gpio = 22, power = 1000 }
outputs.pump = { kind = "switch", gpio = 23 }
climate.zone = { sensor = "living.temperature", outdoor = "outside.temperature", heat = "heater", target = 20 }
"#;

fn house() -> Config {
    config::parse("config.toml".as_ref(), HUT).unwrap().config
}

fn report(config: &Config, past: Past<'_>) -> Report {
    let mut source = |ask: &Ask| Ok::<_, Infallible>(course(ask, past, ask.point.ends_with("energy")));
    make(config, &Wanted::default(), time(TO).with_timezone(&Utc), &mut source).unwrap().unwrap()
}

fn is_this_week(at: DateTime<FixedOffset>) -> bool {
    at >= time(FROM)
}

/// All is each day as the day before.
fn as_ever(point: &str, at: DateTime<FixedOffset>) -> Option<f64> {
    let hour = f64::from(at.hour()) + f64::from(at.minute()) / 60.0;
    let within = |from: f64, to: f64| Some(f64::from(u8::from((from..to).contains(&hour))));
    match point {
        "heater" => within(22.5, 24.0),
        // A kWh an hour, while the heater is on; it is counted from November on.
        "heater.energy" => Some(f64::from(at.ordinal()) * 1.5 + (hour - 22.5).clamp(0.0, 1.5)),
        "pump" => within(8.0, 9.0),
        "back_door" => within(17.0, 17.25),
        "hall.occupied" => within(18.0, 22.0),
        "living.temperature" | "zone.measured" => Some(19.5 + (hour / 6.0).floor() / 2.0),
        "zone.target" => Some(20.0),
        "outside.temperature" => Some((hour / 12.0).floor() * 4.0 + 5.0),
        _ => None,
    }
}

#[test]
fn what_was_is_summed_up() {
    let report = report(&house(), &as_ever);
    let heater = &report.outputs[0];
    assert_eq!((&*heater.name, heater.on_h, heater.starts), ("Heater", 10.5, 7));
    assert_eq!(heater.longest.map(|longest| longest.hours), Some(1.5));
    assert_eq!(heater.duty(), 1.5 / 24.0);
    assert!((heater.energy_kwh.unwrap() - 10.5).abs() < 1e-6);
    // An hour of each day at 0.40, half an hour at 0.20.
    assert!((heater.cost.unwrap() - 7.0 * (0.4 + 0.1)).abs() < 1e-6, "{:?}", heater.cost);
    assert_eq!((report.outputs[1].energy_kwh, report.outputs[1].cost), (None, None));
    let living = &report.numbers[0];
    assert_eq!((living.min, living.mean, living.max, living.days.len()), (19.5, 20.25, 21.0, 7));
    // Days of 7 °C each.
    let days = &report.degree_days[0];
    assert_eq!((days.heating, days.cooling, days.days), (77.0, 0.0, 7));
    let hall = &report.rooms[0];
    assert_eq!((hall.occupied_h, hall.week[2][18], hall.week[2][22]), (28.0, Some(1.0), Some(0.0)));
    assert_eq!(report.unusual, [""; 0]);
    let zone = &report.zones[0];
    assert_eq!((zone.known_h, zone.cold_h, zone.warm_h), (168.0, 0.0, 0.0));

    let text = text::lines(&report).join("\n");
    for line in [
        "Hut <b>, Mon 23 November 2026 to Sun 29 November 2026",
        "  Heater  10h30m  1h30m          6 %      7    1h30m  10.50  € 3.50",
        "  Hall, Monday to Friday  ··················████··      1d4h",
        "  None: all is as it was",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let page = html::page(&report);
    assert!(page.contains("<h1>Hut &lt;b&gt;</h1>") && page.contains("<td>€ 3.50"), "{page}");
    assert!(!page.contains("http") && !page.contains("<script"), "it needs nothing else");
}

/// What is said of a week in which one point was otherwise than in all the weeks before.
fn said(point: &str, otherwise: impl Fn(DateTime<FixedOffset>, f64) -> f64) -> Vec<String> {
    let past = |name: &str, at| {
        let usual = as_ever(name, at)?;
        Some(if name == point && is_this_week(at) { otherwise(at, usual) } else { usual })
    };
    report(&house(), &past).unusual
}

#[test]
fn what_is_other_than_usual_is_said_with_its_figures() {
    let hours =
        |from: u32, to: u32| move |at: DateTime<FixedOffset>, _| f64::from(u8::from((from..to).contains(&at.hour())));
    assert_eq!(said("pump", hours(8, 14)), ["Pump was on for 6h a day; before, for 1h (1h to 1h)"]);
    assert_eq!(said("pump", hours(8, 9)), [""; 0]);
    let often = |at: DateTime<FixedOffset>, _| f64::from(u8::from((8..20).contains(&at.hour()) && at.minute() < 5));
    assert_eq!(said("pump", often), ["Pump went on 12 times a day; before, 1 times (1 to 1)"]);
    let all_night = |at: DateTime<FixedOffset>, usual: f64| {
        let is_night = time("2026-11-26T22:00:00+01:00") <= at && at < time("2026-11-27T07:00:00+01:00");
        if is_night { 1.0 } else { usual }
    };
    assert_eq!(
        said("back_door", all_night),
        ["Back door was open for 9h from Thu 26 Nov 22:00; before, for 15m at the most"]
    );
    let stuck = |at, usual: f64| if at > time("2026-11-27T21:00:00+01:00") { 9.0 } else { usual };
    assert_eq!(
        said("outside.temperature", stuck),
        ["Outside temperature is 9.0 °C all the time for 2 days; before, it moved by 4.0 °C a day: look at its sensor"]
    );
    let noisy = |at: DateTime<FixedOffset>, usual: f64| usual + f64::from(at.minute() % 2) * 3.0;
    assert_eq!(
        said("living.temperature", noisy),
        ["Living temperature moves by 3.0 °C within an hour; before, by 0.0 °C: look at its wires and its sensor"]
    );
}

#[test]
fn a_zone_that_does_not_become_warmer_is_told() {
    let past = |name: &str, at: DateTime<FixedOffset>| match name {
        "zone.measured" => Some(if is_this_week(at) { 17.0 } else { 20.0 }),
        "heater" => Some(f64::from(u8::from(is_this_week(at) && at.hour() < 5))),
        _ => as_ever(name, at),
    };
    let report = report(&house(), &past);
    let zone = &report.zones[0];
    assert_eq!((zone.cold_h, zone.warm_h, zone.coldest_k), (168.0, 0.0, 3.0));
    let wanted =
        "Zone was warmed from Mon 23 Nov 00:00 for 5 hours and went from 17.0 to 17.0 °C, with a target of 20.0 °C";
    assert!(report.unusual.iter().any(|said| said.starts_with(wanted)), "{:?}", report.unusual);
}

#[test]
fn nothing_recorded_is_no_report() {
    let made = make(&house(), &Wanted::default(), time(TO).to_utc(), &mut |_| Ok::<_, Infallible>(None));
    assert_eq!(made, Ok(None));
}
