//! Filters and what is worked out from readings, as seen by points and rules.

use crate::support::{engine_config::*, engine_house::House};
use hearthd::model::{
    Chip, Config, Delta, Event, Filter, Learnt, Plausible, Quality, Quantity, ReadFailure, Sensor, Value,
};
use std::{sync::Arc, time::Duration};

fn filtered(filter: Filter) -> Arc<Config> {
    let mut b = Builder::new();
    b.sensor("room");
    let mut config = (*b.build()).clone();
    config.sensors[0].filters.insert(Quantity::Temperature, filter);
    Arc::new(config)
}

/// A BME280 that gives all that can be worked out.
fn weather() -> Arc<Config> {
    let derived = vec![Quantity::DewPoint, Quantity::AbsoluteHumidity, Quantity::HeatIndex, Quantity::SeaLevelPressure];
    let sensor = Sensor { derived, altitude_m: Some(500.0), ..Sensor::plain("room", Chip::Bme280) };
    Arc::new(Config { sensors: vec![sensor], ..Config::empty("test") })
}

fn read(house: &mut House, readings: &[(Quantity, f64)]) {
    house.send(Event::SensorRead { sensor: "room".into(), result: Ok(readings.to_vec()) });
}

fn number(house: &House, point: &str) -> Option<f64> {
    match house.point(point).value {
        Some(Value::Number(number)) => Some((number * 100.0).round() / 100.0),
        _ => None,
    }
}

#[test]
fn rules_see_what_the_filter_makes_of_a_reading() {
    let mut b = Builder::new();
    let (fan, room) = (b.output(output("fan")), b.sensor("room"));
    b.rule("Warm", warmer(room, 26.0), &[(fan, ON)]);
    let mut config = (*b.build()).clone();
    config.sensors[0].filters.insert(Quantity::Temperature, Filter { offset: -2.0, ..Filter::NONE });
    let mut house = House::new(Arc::new(config));
    assert!(house.reads("room", 27.0).is_empty());
    assert_eq!(house.reads("room", 28.5), ["fan ON: Warm"]);
    assert_eq!(number(&house, "room.temperature"), Some(26.5));
}

#[test]
fn a_reading_that_is_held_back_keeps_the_point_fresh() {
    let mut house = House::new(filtered(Filter { delta: Some(Delta::Absolute(1.0)), ..Filter::NONE }));
    house.reads("room", 20.0);
    for _ in 0..10 {
        house.live(secs(30));
        house.reads("room", 20.5);
    }
    let point = house.point("room.temperature");
    assert_eq!((point.quality, point.value), (Quality::Good, Some(Value::Number(20.0))));
    house.live(secs(90));
    assert_eq!(house.point("room.temperature").quality, Quality::Stale);
}

#[test]
fn what_cannot_be_true_is_never_shown_and_becomes_a_fault() {
    let plausible = Plausible { max: Some(45.0), ..Plausible::default() };
    let mut house = House::new(filtered(Filter { plausible, ..Filter::NONE }));
    house.reads("room", 20.0);
    for expected in [Quality::Good, Quality::Good, Quality::Fault] {
        house.live(secs(10));
        house.reads("room", 85.0);
        let point = house.point("room.temperature");
        assert_eq!((point.quality, point.value), (expected, Some(Value::Number(20.0))));
    }
    assert_eq!(
        house.point("room.temperature").fault.as_deref(),
        Some("temperature 85 °C is not plausible: above 45 °C")
    );
    house.restart(secs(1));
    assert_eq!(house.point("room.temperature").quality, Quality::Fault, "also after a restart");
    house.reads("room", 21.0);
    assert_eq!(house.point("room.temperature").quality, Quality::Good);
}

#[test]
fn a_filter_that_a_reload_takes_away_leaves_nothing_behind() {
    let plausible = Plausible { max: Some(45.0), ..Plausible::default() };
    let mut house = House::new(filtered(Filter { plausible, ..Filter::NONE }));
    for _ in 0..3 {
        house.reads("room", 85.0);
    }
    let mut b = Builder::new();
    b.sensor("room");
    house.reconfigure(b.build());
    house.reads("room", 85.0);
    let point = house.point("room.temperature");
    assert_eq!((point.quality, point.value), (Quality::Good, Some(Value::Number(85.0))));
}

#[test]
fn an_average_goes_on_over_a_short_restart_and_not_over_an_unknown_one() {
    let mut house = House::new(filtered(Filter { average: Some(4), ..Filter::NONE }));
    house.reads("room", 20.0);
    house.reads("room", 22.0);
    house.restart(secs(30));
    house.reads("room", 24.0);
    assert_eq!(number(&house, "room.temperature"), Some(22.0));
    house.restart_without_a_clock();
    house.reads("room", 24.0);
    assert_eq!(number(&house, "room.temperature"), Some(24.0));
}

#[test]
fn what_is_worked_out_follows_its_ingredients() {
    let mut house = House::new(weather());
    let all = [(Quantity::Temperature, 25.0), (Quantity::Humidity, 50.0), (Quantity::Pressure, 954.61)];
    read(&mut house, &all);
    let derived = ["room.dew_point", "room.absolute_humidity", "room.sea_level_pressure", "room.heat_index"];
    assert_eq!(derived.map(|point| number(&house, point)), [Some(13.85), Some(11.48), Some(1013.25), Some(24.86)]);
    house.live(secs(20));
    read(&mut house, &all[..1]);
    house.live(secs(15));
    assert_eq!(house.point("room.temperature").quality, Quality::Good);
    assert_eq!(house.point("room.dew_point").quality, Quality::Stale, "the humidity is too old");
    let failure = ReadFailure { text: "no answer".into(), fault: true };
    house.send(Event::SensorRead { sensor: "room".into(), result: Err(failure) });
    assert_eq!(house.point("room.dew_point").quality, Quality::Fault);
}

#[test]
fn what_is_worked_out_is_in_fault_with_an_ingredient() {
    let mut config = (*weather()).clone();
    let plausible = Plausible { min: Some(10.0), ..Plausible::default() };
    config.sensors[0].filters.insert(Quantity::Humidity, Filter { plausible, ..Filter::NONE });
    let mut house = House::new(Arc::new(config));
    for _ in 0..3 {
        read(&mut house, &[(Quantity::Temperature, 25.0), (Quantity::Humidity, 0.0)]);
    }
    let quality = |point: &str| house.point(point).quality;
    assert_eq!([quality("room.temperature"), quality("room.dew_point")], [Quality::Good, Quality::Fault]);
    assert_eq!(quality("room.sea_level_pressure"), Quality::Unknown);
}

/// What a chip has learnt goes through the state file, with the moment at which it was so; where nobody knows how long ago
/// that is, it is forgotten.
#[test]
fn what_a_chip_has_learnt_is_kept_over_a_restart() {
    let mut b = Builder::new();
    b.sensor("room");
    let mut house = House::new(b.build());
    let learnt = Learnt { chip: "sgp40".into(), numbers: vec![0xffff_ffff, 0], at: house.now.moment };
    let before = house.engine.revision();
    house.send(Event::SensorLearnt { sensor: "room".into(), learnt: learnt.clone() });
    assert_ne!(house.engine.revision(), before, "it is worth a write");
    house.send(Event::SensorLearnt { sensor: "stranger".into(), learnt: learnt.clone() });
    house.restart(Duration::from_secs(90));
    assert_eq!(house.engine.learnt(), [("room".into(), learnt.clone())]);
    assert_eq!(house.now.moment.since(learnt.at), Duration::from_secs(90));
    house.restart_without_a_clock();
    assert_eq!(house.engine.learnt(), []);
}

/// A sensor at the freezing point gives the negative zero now and then; nobody is shown it.
#[test]
fn zero_has_no_sign() {
    use hearthd::{http::shape, model::Reasons};
    let mut b = Builder::new();
    b.sensor("room");
    let mut house = House::new(b.build());
    for (reading, shown, json) in [(-0.0, "0.00", "0.0"), (-0.001, "0.00", "-0.001"), (-0.01, "-0.01", "-0.01")] {
        house.reads("room", reading);
        assert_eq!(house.point("room.temperature").text().as_deref(), Some(shown));
        let snapshot = house.engine.snapshot(house.now);
        let value = shape::why(&snapshot, "room.temperature", &Reasons::default()).unwrap().point.value.unwrap();
        assert_eq!(value.to_string(), json);
    }
}

#[test]
fn each_number_of_a_device_on_the_broker_is_waited_for_by_itself() {
    let mut house = House::new(from_text(
        "[mqtt]\nurl = \"mqtt://localhost\"\n[sensors.room]\nmqtt = \"room\"\nstale_after = \"10m\"\n\
         quantities = { temperature = \"/t\", humidity = \"/h\" }\n",
    ));
    for _ in 0..3 {
        read(&mut house, &[(Quantity::Temperature, 20.0)]);
        assert_eq!(house.point("room.humidity").quality, Quality::Unknown);
        house.live(secs(240));
    }
    assert_eq!(house.point("room.temperature").quality, Quality::Good);
    assert_eq!(house.point("room.humidity").quality, Quality::Stale, "for twelve minutes, nothing was told of it");
    read(&mut house, &[(Quantity::Humidity, 50.0)]);
    assert_eq!(house.point("room.humidity").quality, Quality::Good);
}

#[test]
fn a_chip_that_answers_may_have_nothing_to_tell_yet() {
    let mut house = House::new(weather());
    for _ in 0..10 {
        read(&mut house, &[(Quantity::Temperature, 20.0)]);
        house.live(secs(20));
    }
    assert_eq!(house.point("room.humidity").quality, Quality::Unknown);
    house.live(secs(3600));
    assert_eq!(house.point("room.humidity").quality, Quality::Stale, "it answers no more");
}
