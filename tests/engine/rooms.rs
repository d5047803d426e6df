//! Rooms: who is closed in, who sleeps, and what a restart or a reload makes of it. What a day of them looks like is in
//! `tests/scenarios/rooms_*`.

use crate::support::{engine_config::*, engine_house::*};
use hearthd::model::{Condition, Point, Quality, RoomId, Truth, Value};
use std::{sync::Arc, time::Duration};

/// A bath with a motion detector and, if asked for, its door; the lamp tells whether somebody is there.
fn bath(with_door: bool) -> Arc<hearthd::model::Config> {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let motion = builder.input("motion");
    let door = builder.input("door");
    let room = builder.room("bath", &[motion], mins(5));
    if with_door {
        builder.change_room(room, |room| room.doors = vec![door]);
    }
    builder.rule("Light", occupied(room), &[(lamp, ON)]);
    builder.build()
}

/// Somebody went in, shut the door and moved, an hour ago.
fn closed_in(config: Arc<hearthd::model::Config>) -> House {
    let mut house = House::new(config);
    house.input("motion", false);
    house.input("door", true);
    house.input("door", false);
    house.live(secs(10));
    house.input("motion", true);
    house.live(secs(5));
    house.input("motion", false);
    house.live(mins(60));
    house
}

#[test]
fn a_reload_that_adds_doors_knows_who_is_closed_in() {
    let mut house = closed_in(bath(false));
    assert!(!house.is_on("lamp"), "without a door, an hour without motion is an empty room");
    house.reconfigure(bath(true));
    assert!(house.is_on("lamp"));
    let because = |house: &House| house.point("bath.occupied").because;
    assert_eq!(because(&house), because(&closed_in(bath(true))));
    house.reconfigure(bath(false));
    house.live(mins(6));
    assert!(!house.is_on("lamp"), "{:?}", house.point("bath.occupied"));
}

#[test]
fn a_restart_keeps_the_box_and_a_time_that_nobody_saw_opens_it() {
    let mut house = closed_in(bath(true));
    house.restart(secs(20));
    drop((house.input("motion", false), house.input("door", false)));
    house.live(mins(60));
    assert!(house.is_on("lamp"));
    for unseen in [(|house| house.power_cut(mins(10))) as fn(&mut House) -> Vec<String>, House::restart_without_a_clock]
    {
        let mut house = house.clone();
        unseen(&mut house);
        drop((house.input("motion", false), house.input("door", false)));
        assert!(!house.is_on("lamp"), "{:?}", house.point("bath.occupied"));
        house.live(mins(2));
        drop((house.input("motion", true), house.input("motion", false)));
        house.live(mins(60));
        assert!(house.is_on("lamp"), "one motion is enough");
    }
}

/// Also if the house was asleep when its time was over.
#[test]
fn a_late_wake_up_misses_no_settling() {
    let mut house = House::new(bath(true));
    drop((house.input("door", true), house.input("motion", true), house.input("door", false)));
    house.pass(secs(61));
    house.input("motion", false);
    house.live(mins(60));
    assert!(house.is_on("lamp"));
}

/// The door is opened and shut in one instant, and whoever was in may be out.
#[test]
fn a_door_that_opens_for_no_time_opens() {
    let mut house = closed_in(bath(true));
    drop((house.input("door", true), house.input("door", false)));
    house.live(mins(5) - Duration::from_millis(1));
    assert!(house.is_on("lamp"));
    house.live(secs(1));
    assert!(!house.is_on("lamp"));
}

/// A hold bridges motion; what the wire does within it counts all the same.
#[test]
fn motion_within_a_hold_is_of_somebody_inside() {
    let mut builder = Builder::new();
    let (motion, door) = (builder.input("motion"), builder.input("door"));
    builder.change_input(motion, |input| input.hold = mins(2));
    let room = builder.room("bath", &[motion], mins(5));
    builder.change_room(room, |room| room.doors = vec![door]);
    let mut house = House::new(builder.build());
    drop((house.input("door", true), house.input("motion", true), house.input("motion", false)));
    house.input("door", false);
    let mut left = house.clone();
    house.live(secs(30));
    drop((house.input("motion", true), house.input("motion", false)));
    house.live(mins(60));
    left.live(mins(60));
    let is = |house: &House| house.point("bath.occupied").value;
    assert_eq!((is(&house), is(&left)), (Some(Value::Switch(true)), Some(Value::Switch(false))));
}

/// A bedroom whose `asleep_while` is the input `night`.
fn bedroom() -> House {
    let mut builder = Builder::new();
    let (motion, night) = (builder.input("motion"), builder.input("night"));
    let room = builder.room("bedroom", &[motion], mins(5));
    builder.change_room(room, |room| room.asleep_while = asked(is_on(night)));
    House::new(builder.build())
}

#[test]
fn sleep_keeps_whoever_is_there_and_brings_nobody() {
    let mut house = bedroom();
    drop((house.input("motion", false), house.input("night", true)));
    house.live(mins(60));
    assert_eq!(house.point("bedroom.asleep").text().as_deref(), Some("OFF"), "nobody is there");
    drop((house.input("motion", true), house.input("motion", false)));
    house.live(mins(60));
    assert_eq!(house.point("bedroom.asleep").text().as_deref(), Some("ON"));
    // Not before the time is over is anybody gone, and who knows what a lost line says.
    house.input_fails("night");
    house.live(mins(4));
    assert_eq!(house.point("bedroom.occupied").text().as_deref(), Some("ON"));
    house.live(mins(4));
    let (occupied, asleep) = (house.point("bedroom.occupied"), house.point("bedroom.asleep"));
    assert_eq!((occupied.quality, asleep.quality), (Quality::Unknown, Quality::Unknown));
    assert_eq!(occupied.why(), Some("not known: night"));
    house.input("night", false);
    assert_eq!(house.point("bedroom.occupied").text().as_deref(), Some("OFF"));
}

/// The room was empty before the night began, although nobody was looking then.
#[test]
fn a_night_that_begins_while_hearthd_is_stopped_brings_nobody_back() {
    let mut house = bedroom();
    drop((house.input("night", false), house.input("motion", true), house.input("motion", false)));
    house.restart(mins(30));
    drop((house.input("night", true), house.input("motion", false)));
    assert_eq!(house.point("bedroom.occupied").text().as_deref(), Some("OFF"));
}

/// Whatever their order in the file, a room sees another as it is now.
#[test]
fn a_room_may_ask_about_another() {
    let mut builder = Builder::new();
    let (motion, bath_motion) = (builder.input("motion"), builder.input("bath_motion"));
    let suite = builder.room("suite", &[motion], mins(5));
    let bath = builder.room("bath", &[bath_motion], mins(5));
    builder.change_room(suite, |room| room.occupied_while = asked(held(occupied(bath), mins(1))));
    let mut house = House::new(builder.build());
    drop((house.input("motion", false), house.input("bath_motion", true)));
    house.live(mins(1));
    let asked = house.point("suite.occupied");
    assert_eq!((asked.text().as_deref(), asked.why()), (Some("ON"), Some("bath.occupied for 1m")));
    house.input("bath_motion", false);
    house.live(mins(5));
    let until = house.point("suite.occupied").because.unwrap();
    assert_eq!(&*until.line, "bath.occupied for 1m until 2026-11-23 13:06:00");
    assert_eq!(until.until, Some(utc("2026-11-23T12:11:00")), "then it is empty");
}

#[test]
fn a_room_tells_why_and_until_when() {
    let mut house = closed_in(bath(true));
    let room = Point::Occupied(RoomId(0));
    let reasons = house.engine.reasons(room, house.now);
    let signs: Vec<_> = reasons.signs.iter().map(|sign| (&*sign.text, sign.truth)).collect();
    assert_eq!(signs, [("motion", Truth::False), ("all doors closed, and motion since", Truth::True)]);
    assert_eq!(house.point("bath.occupied").why(), Some("closed since 2026-11-23 13:00:00, and somebody moved inside"));
    let forgotten = utc("2026-11-24T00:00:15");
    assert_eq!((&*reasons.pending[0].what, reasons.pending[0].ends), ("bath is empty", forgotten));
    let next = reasons.next.unwrap();
    assert_eq!((next.at, next.value.as_str()), (forgotten, "OFF"));
    assert_eq!(next.line, "closed, but nobody has moved for 12h, since 2026-11-23 13:00:15");

    house.input("door", true);
    let because = house.point("bath.occupied").because.unwrap().line;
    assert_eq!(&*because, "closed with somebody inside until 2026-11-23 14:00:15");
    let next = house.engine.reasons(room, house.now).next.unwrap();
    assert_eq!((next.at, next.value.as_str()), (utc("2026-11-23T13:05:15"), "OFF"));
    house.live(mins(10));
    let because = house.point("bath.occupied").because.unwrap().line;
    assert_eq!(&*because, "no sign of anybody since 2026-11-23 14:00:15");
}

/// What another evidence ends with begins the time anew, and what it does not know keeps nobody.
#[test]
fn other_evidence_occupies_by_itself() {
    let mut builder = Builder::new();
    let (motion, sensor) = (builder.input("motion"), builder.sensor("tv"));
    let room = builder.room("living", &[motion], mins(5));
    builder.change_room(room, |room| room.occupied_while = asked(Condition::All(vec![warmer(sensor, 20.0)])));
    let mut house = House::new(builder.build());
    house.input("motion", false);
    assert_eq!(house.point("living.occupied").quality, Quality::Unknown);
    house.reads("tv", 30.0);
    assert_eq!(house.point("living.occupied").text().as_deref(), Some("ON"));
    house.reads("tv", 10.0);
    house.live(mins(5) - secs(1));
    house.reads("tv", 10.0);
    assert_eq!(house.point("living.occupied").text().as_deref(), Some("ON"));
    house.live(secs(2));
    assert_eq!(house.point("living.occupied").text().as_deref(), Some("OFF"));
}
