//! What is not known: an unknown never turns anything on.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Condition, Output, Quality, Value};
use std::sync::Arc;

#[test]
fn a_sensor_that_was_never_heard_turns_nothing_on() {
    let mut b = Builder::new();
    let (fan, heater, room) = (b.output(output("fan")), b.output(output("heater")), b.sensor("room"));
    b.rule("Warm", warmer(room, 20.0), &[(fan, ON)]);
    b.rule("Not warm", not(warmer(room, 20.0)), &[(heater, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.live(secs(89)), NOTHING);
    assert_eq!(house.point("room.temperature").quality, Quality::Unknown);
    // By then it should have said something.
    assert_eq!(house.live(secs(1)), NOTHING);
    let point = house.point("room.temperature");
    assert_eq!((point.quality, point.value), (Quality::Stale, None));
    assert_eq!(house.live(mins(5)), NOTHING);
    assert!(!house.is_on("fan") && !house.is_on("heater"));
    assert_eq!(house.reads("room", 21.0), ["fan ON: Warm"]);
}

#[test]
fn a_sensor_is_awaited_from_when_it_is_new() {
    let quality = |house: &House| house.point("room.temperature").quality;
    let mut b = Builder::new();
    b.sensor("room");
    let config = b.build();
    let mut house = House::new(config.clone());
    house.live(mins(2));
    assert_eq!(quality(&house), Quality::Stale);
    // A reload and a start begin nothing anew, unless nobody knows how long it was off.
    house.reconfigure(Arc::new((*config).clone()));
    assert_eq!(quality(&house), Quality::Stale);
    house.restart(secs(1));
    assert_eq!(quality(&house), Quality::Stale);
    house.restart_without_a_clock();
    assert_eq!(quality(&house), Quality::Unknown);
    house.live(mins(2));
    assert_eq!(quality(&house), Quality::Stale);

    let mut house = House::new(Builder::new().build());
    house.live(mins(10));
    house.reconfigure(config);
    assert_eq!(quality(&house), Quality::Unknown);
    house.live(mins(2));
    assert_eq!(quality(&house), Quality::Stale);
}

#[test]
fn a_reading_goes_stale_by_time_alone() {
    let mut b = Builder::new();
    let (fan, room) = (b.output(output("fan")), b.sensor("room"));
    b.rule("Warm", warmer(room, 20.0), &[(fan, ON)]);
    let mut house = House::new(b.build());
    house.reads("room", 21.0);
    assert_eq!(house.live(secs(89)), NOTHING);
    assert_eq!(house.point("room.temperature").quality, Quality::Good);
    assert_eq!(house.live(secs(1)), ["fan OFF: nobody asks for anything"]);
    let point = house.point("room.temperature");
    assert_eq!((point.quality, point.value), (Quality::Stale, Some(Value::Number(21.0))));
}

#[test]
fn one_failed_reading_is_nothing_and_a_fault_is() {
    let mut b = Builder::new();
    let (fan, room) = (b.output(output("fan")), b.sensor("room"));
    b.rule("Warm", warmer(room, 20.0), &[(fan, ON)]);
    let mut house = House::new(b.build());
    house.reads("room", 21.0);
    assert_eq!(house.read_fails("room", false), NOTHING);
    assert_eq!(house.read_fails("room", true), ["fan OFF: nobody asks for anything"]);
    let point = house.point("room.temperature");
    assert_eq!((point.quality, point.fault.as_deref()), (Quality::Fault, Some("no answer")));
    assert_eq!(house.reads("room", 21.0), ["fan ON: Warm"]);
    assert_eq!(house.point("room.temperature").quality, Quality::Good);
}

#[test]
fn a_number_that_is_none_is_no_reading() {
    let mut b = Builder::new();
    b.sensor("room");
    let mut house = House::new(b.build());
    for number in [f64::NAN, f64::INFINITY] {
        house.reads("room", number);
        assert_eq!(house.point("room.temperature").value, None);
        house.restart(secs(1));
    }
}

#[test]
fn a_rule_that_switches_off_does_so_also_while_it_is_unknown() {
    let mut b = Builder::new();
    let (heater, window, room) = (b.output(output("heater")), b.input("window"), b.sensor("room"));
    b.rule("Window open", is_on(window), &[(heater, OFF)]);
    b.rule("Cold", colder(room, 20.0), &[(heater, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.reads("room", 19.0), NOTHING);
    assert_eq!(house.why("heater"), "rule: Window open (its condition is unknown, which counts as off)");
    assert_eq!(house.input("window", false), ["heater ON: Cold"]);
    assert_eq!(
        house.input_fails("window"),
        ["heater OFF: Window open (its condition is unknown, which counts as off)"]
    );
    let window = house.point("window");
    assert_eq!((window.quality, window.value), (Quality::Fault, Some(Value::Switch(false))));
}

#[test]
fn after_a_glitch_a_for_is_unknown_until_it_is_full_again() {
    let mut b = Builder::new();
    let (heater, window) = (b.output(Output { default: ON, ..output("heater") }), b.input("window"));
    b.rule("Window open for long", held(is_on(window), mins(5)), &[(heater, OFF)]);
    let mut house = House::new(b.build());
    house.input("window", true);
    house.live(mins(10));
    assert!(!house.is_on("heater"));
    house.input_fails("window");
    assert_eq!(house.input("window", true), NOTHING, "it may have been open all the time");
    assert_eq!(house.why("heater"), "rule: Window open for long (its condition is unknown, which counts as off)");
    house.live(mins(5));
    assert_eq!(house.why("heater"), "rule: Window open for long");
    assert_eq!(house.input("window", false), ["heater ON: nobody asks for anything"]);
}

#[test]
fn hysteresis_goes_on_where_it_was_when_the_sensor_is_back() {
    let mut b = Builder::new();
    let (fan, room) = (b.output(output("fan")), b.sensor("room"));
    b.rule_until("Warm", warmer(room, 26.0), colder(room, 24.5), &[(fan, ON)]);
    let mut house = House::new(b.build());
    house.reads("room", 27.0);
    assert_eq!(house.read_fails("room", true), ["fan OFF: nobody asks for anything"]);
    assert_eq!(house.reads("room", 25.0), ["fan ON: Warm"]);
}

#[test]
fn what_is_settled_without_the_unknown_is_known() {
    let mut b = Builder::new();
    let (lamp, known, unknown) = (b.output(output("lamp")), b.input("known"), b.input("unknown"));
    b.rule("Either", Condition::Any(vec![is_on(known), is_on(unknown)]), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.input("known", true), ["lamp ON: Either"]);
}

#[test]
fn a_room_is_empty_only_when_all_its_inputs_are_known_to_be_still() {
    let mut b = Builder::new();
    let (near, far) = (b.input("near"), b.input("far"));
    b.room("hall", &[near, far], mins(5));
    let mut house = House::new(b.build());
    house.input("near", false);
    assert_eq!(house.point("hall.occupied").quality, Quality::Unknown);
    house.input("far", false);
    assert_eq!(house.point("hall.occupied").value, Some(Value::Switch(false)));
    house.input("near", true);
    house.input_fails("near");
    house.live(mins(4));
    assert_eq!(house.point("hall.occupied").value, Some(Value::Switch(true)), "motion was seen not long ago");
    house.live(mins(1));
    assert_eq!(house.point("hall.occupied").value, None);
}

#[test]
fn an_output_that_failed_is_unknown_also_while_it_is_tried_again() {
    let mut b = Builder::new();
    // The answer for `other` comes while `pump` is being tried.
    let (alarm, other, pump) = (b.output(output("alarm")), b.output(output("other")), b.output(output("pump")));
    b.rule("Pump off", not(output_is_on(pump)), &[(alarm, ON)]);
    let switch = b.input("switch");
    b.rule("Other", is_on(switch), &[(other, ON)]);
    let mut house = House::new(b.build());
    house.command("alarm", "OFF");
    house.break_wire("pump");
    house.break_wire("other");
    house.command("pump", "ON");
    house.input("switch", true);
    house.command("alarm", "AUTO");
    let done = house.live(mins(10));
    assert!(done.iter().all(|line| !line.starts_with("alarm")), "{done:?}");
    assert_eq!(house.point("pump").quality, Quality::Fault);
}
