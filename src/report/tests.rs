//! Reports of a house whose past is a function of time.

use super::{Report, Wanted, html, text};
use crate::{
    config,
    house::{
        Ask,
        invented::{FROM, Past, TO, course, time},
        past::Source,
    },
    model::Config,
};
use chrono::{DateTime, Datelike, FixedOffset, Timelike, Utc};
use std::convert::Infallible;

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

/// The report of what is asked for.
fn make<E>(config: &Config, wanted: &Wanted, now: DateTime<Utc>, source: Source<'_, E>) -> Result<Option<Report>, E> {
    match super::time(config, wanted, now, source)? {
        Some(time) => super::make(config, time, source),
        None => Ok(None),
    }
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
    let day = &heater.days[1];
    assert_eq!((day.date.to_string().as_str(), day.on_h, day.starts, day.duty()), ("2026-11-24", 1.5, 1, 1.5 / 24.0));
    assert_eq!((heater.days.len(), day.energy_kwh, day.cost), (7, Some(1.5), Some(0.5)));
    let living = &report.numbers[0];
    assert_eq!((living.min, living.mean, living.max, living.days.len()), (19.5, 20.25, 21.0, 7));
    // Days of 7 °C each.
    let days = &report.degree_days[0];
    assert_eq!((days.heating, days.cooling, days.days), (77.0, 0.0, 7));
    let hall = &report.rooms[0];
    assert_eq!((hall.occupied_h, hall.week[2][18], hall.week[2][22]), ([4.0; 7], Some(1.0), Some(0.0)));
    assert_eq!(report.unusual, [""; 0]);
    let zone = &report.zones[0];
    assert_eq!((zone.known_h, zone.cold_h, zone.warm_h), (168.0, 0.0, 0.0));

    let text = text::lines(&report).join("\n");
    for line in [
        "Hut <b>, Mon 23 November 2026 to Sun 29 November 2026",
        "  Heater  10h30m  1h30m          6 %      7    1h30m  10.50  € 3.50",
        "                          0     6     12    18      occupied",
        "  Hall, Monday to Friday  ··················████··       20h",
        "  Hall, weekend           ··················████··        8h",
        "  None: all is as it was",
        "                 day     on  of the time  times   kWh    cost",
        "  Heater  Tue 24 Nov  1h30m          6 %      1  1.50  € 0.50",
        "  Pump    Sun 29 Nov     1h          4 %      1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let page = html::page(&report);
    assert!(page.contains("<h1>Hut &lt;b&gt;</h1>") && page.contains("<td>€ 3.50"), "{page}");
    assert!(page.contains("<td>Heater<td>Tue 24 Nov<td>1h30m<td>6 %<td>1<td>1.50<td>€ 0.50"), "{page}");
    assert!(page.contains(">23 Nov</span>") && page.contains(">29 Nov</span>"), "each day has its date");
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
    assert_eq!(said("pump", hours(8, 14)), ["Pump was on for 6h a day; before, on the same weekdays, for 1h to 1h"]);
    let often = |at: DateTime<FixedOffset>, _| f64::from(u8::from((8..20).contains(&at.hour()) && at.minute() < 5));
    assert_eq!(said("pump", often), ["Pump went on 12 times a day; before, on the same weekdays, 1 to 1 times"]);
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
    let noisy = |at: DateTime<FixedOffset>, usual: f64| usual + f64::from(at.minute() % 2) * 4.0;
    assert_eq!(
        said("living.temperature", noisy),
        [
            "Living temperature moves by 4.0 °C within an hour; before, by 0.0 °C at the most, nearly always: look at its \
          wires and its sensor"
        ]
    );
    // By its own past, also where others move by as much.
    let flutters = |at: DateTime<FixedOffset>, usual: f64| usual + f64::from(at.minute() / 5 % 2) * 1.2;
    let told = said("living.temperature", flutters);
    assert!(told[0].starts_with("Living temperature moves by 1.2 °C within an hour; before, by 0.0 °C"), "{told:?}");
    let little = |at: DateTime<FixedOffset>, usual: f64| usual + f64::from(at.minute() / 5 % 2) * 0.9;
    assert_eq!(said("living.temperature", little), [""; 0]);
}

#[test]
fn what_is_so_each_week_is_usual() {
    let past = |name: &str, at: DateTime<FixedOffset>| match name {
        // A sauna on Saturdays.
        "pump" => Some(f64::from(u8::from(at.weekday() == chrono::Weekday::Sat && (16..21).contains(&at.hour())))),
        // A light sensor in spring, a room that is warmed now.
        "living.temperature" if is_this_week(at) => Some(20.0 + f64::from(at.minute() / 30) * 0.5),
        _ => as_ever(name, at),
    };
    assert_eq!(report(&house(), &past).unusual, [""; 0]);
}

#[test]
fn whole_days_are_compared_with_the_same_weekdays_at_any_hour() {
    let past = |name: &str, at: DateTime<FixedOffset>| match name {
        "pump" if at >= time("2026-11-22T00:00:00+01:00") => Some(f64::from(u8::from((8..14).contains(&at.hour())))),
        _ => as_ever(name, at),
    };
    let wanted = Wanted { from: Some("2026-11-22T00:00:00+01:00".into()), to: None };
    // Today is not over, however late it is; then it is.
    for now in ["2026-11-29T12:00:00+01:00", "2026-11-29T23:00:00+01:00", TO] {
        let mut source = |ask: &Ask| Ok::<_, Infallible>(course(ask, &past, ask.point.ends_with("energy")));
        let report = make(&house(), &wanted, time(now).to_utc(), &mut source).unwrap().unwrap();
        let said = "Pump was on for 6h a day; before, on the same weekdays, for 1h to 1h";
        assert_eq!(report.unusual, [said], "{now}");
    }
}

#[test]
fn a_door_that_is_open_since_long_ago_is_told() {
    let past = |name: &str, at: DateTime<FixedOffset>| match name {
        "back_door" if at >= time("2026-11-21T20:00:00+01:00") => Some(1.0),
        _ => as_ever(name, at),
    };
    let report = report(&house(), &past);
    let wanted = "Back door was open for 8d4h from Sat 21 Nov 20:00; before, for 15m at the most";
    assert_eq!(report.unusual, [wanted]);
    assert_eq!(report.inputs[0].longest.map(|longest| longest.hours), Some(196.0));
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
