//! Wires: failures, start and stop, and the picture of the house.

use crate::{
    NOTHING,
    support::{
        engine_config::*,
        engine_house::{House, utc},
    },
};
use hearthd::model::{AtStart, Event, Output, Quality, SafeState, Slot, Value};
use std::time::Duration;

fn lamp() -> House {
    let mut b = Builder::new();
    b.output(output("lamp"));
    House::new(b.build())
}

#[test]
fn at_start_every_wire_is_driven_once() {
    let mut b = Builder::new();
    b.output(output("lamp"));
    b.output(Output { default: ON, ..output("pump") });
    let mut house = House::new(b.build());
    assert_eq!(house.log.iter().filter(|driven| driven.cause.is_some()).count(), 2);
    assert_eq!(house.wake(), NOTHING);
}

#[test]
fn a_failed_wire_is_tried_again_ever_more_slowly_and_recovers() {
    let mut house = lamp();
    house.break_wire("lamp");
    assert_eq!(house.command("lamp", "ON"), ["lamp ON: command by MQTT, until AUTO (fails)"]);
    let point = house.point("lamp");
    assert_eq!((point.quality, point.fault.as_deref()), (Quality::Fault, Some("broken wire")));
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let before = house.now.moment;
        while house.live(secs(1)).is_empty() {}
        pauses.push(house.now.moment.since(before).as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    house.mend_wire("lamp");
    assert_eq!(house.live(mins(2)), ["lamp ON: command by MQTT, until AUTO"]);
    assert_eq!(house.point("lamp").quality, Quality::Good);
    house.break_wire("lamp");
    house.command("lamp", "OFF");
    assert_eq!(house.live(secs(1)).len(), 1, "the pauses begin anew");
}

#[test]
fn a_failed_wire_is_tried_at_once_when_something_else_is_wanted() {
    let mut house = lamp();
    house.break_wire("lamp");
    house.command("lamp", "ON");
    house.live(mins(10));
    house.mend_wire("lamp");
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF: command by MQTT, until AUTO"]);
}

#[test]
fn stop_drives_the_safe_states_whatever_is_asked() {
    let mut b = Builder::new();
    for (id, safe) in [("off", SafeState::Off), ("on", SafeState::On), ("hold", SafeState::Hold)] {
        b.output(Output { safe, min_on: Some(mins(60)), ..output(id) });
    }
    let mut house = House::new(b.build());
    house.command("off", "ON");
    house.command("hold", "ON");
    assert_eq!(house.stop(), ["off OFF: hearthd is stopping: safe state", "on ON: hearthd is stopping: safe state"]);
    assert!(house.is_on("hold"));
    assert_eq!(house.live(mins(10)), NOTHING);
    assert_eq!(house.why("off"), "safety: hearthd is stopping: safe state");
}

#[test]
fn stop_tries_a_failed_wire_once_more() {
    let mut house = lamp();
    house.command("lamp", "ON");
    house.break_wire("lamp");
    house.command("lamp", "OFF");
    house.live(mins(10));
    house.mend_wire("lamp");
    assert_eq!(house.stop(), ["lamp OFF: hearthd is stopping: safe state"]);
}

#[test]
fn a_restart_keeps_commands_and_drives_what_was_on() {
    let mut house = lamp();
    house.command_for("lamp", "ON", Some(mins(10)));
    house.live(mins(1));
    assert_eq!(house.restart(mins(2)), ["lamp ON: command by MQTT, until 2026-11-23 13:10:00"]);
    assert_eq!(house.live(secs(419)), NOTHING);
    assert_eq!(house.live(secs(1)), ["lamp OFF: nobody asks for anything"]);
}

#[test]
fn early_and_late_calls_are_harmless() {
    let mut house = lamp();
    house.command_for("lamp", "ON", Some(secs(10)));
    for _ in 0..9 {
        house.pass(secs(1));
        assert_eq!(house.wake(), NOTHING);
    }
    house.pass(mins(60));
    assert_eq!(house.wake(), ["lamp OFF: nobody asks for anything"]);
    house.now.moment = hearthd::clock::Moment::START;
    assert_eq!(house.wake(), NOTHING);
}

#[test]
fn the_picture_shows_values_quality_and_when_they_changed() {
    let mut b = Builder::new();
    let motion = b.input("motion");
    b.output(output("lamp"));
    b.room("hall", &[motion], mins(5));
    b.sensor("living");
    let mut house = House::new(b.build());
    assert_eq!((house.point("motion").value, house.point("motion").quality), (None, Quality::Unknown));
    assert_eq!((house.point("motion").changed, house.point("hall.occupied").changed), (None, None));
    house.live(secs(1));
    house.input("motion", true);
    house.reads("living", 20.5);
    house.command("lamp", "ON");
    house.live(secs(1));
    house.input("motion", true);
    house.reads("living", 20.5);
    let changed = Some(utc("2026-11-23T12:00:01"));
    for (name, value, text) in [
        ("motion", Value::Switch(true), "ON"),
        ("hall.occupied", Value::Switch(true), "ON"),
        ("lamp", Value::Level(ON), "ON"),
        ("living.temperature", Value::Number(20.5), "20.50"),
    ] {
        let point = house.point(name);
        assert_eq!(
            (point.value.clone(), point.quality, point.changed),
            (Some(value), Quality::Good, changed),
            "{name}"
        );
        assert_eq!(point.text().as_deref(), Some(text));
    }
    house.live(secs(1));
    house.reads("living", 20.75);
    assert_eq!(house.point("living.temperature").changed, Some(utc("2026-11-23T12:00:03")));
}

#[test]
fn an_explanation_lists_all_filled_slots_from_high_to_low() {
    let mut b = Builder::new();
    let (lamp, motion) =
        (b.output(Output { min_on: Some(mins(1)), max_on: Some(mins(2)), ..output("lamp") }), b.input("motion"));
    b.rule("Motion", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("motion", true);
    house.command("lamp", "OFF");
    let slots = |house: &House| -> Vec<_> {
        let explanation = house.point("lamp").explanation.unwrap();
        explanation.slots.iter().map(|(slot, claim)| (*slot, claim.level)).collect()
    };
    assert_eq!(slots(&house), [(Slot::Protect, ON), (Slot::Manual, OFF), (Slot::Rule, ON), (Slot::Default, OFF)]);
    house.command("lamp", "AUTO");
    house.live(mins(2));
    assert_eq!(slots(&house), [(Slot::Safety, OFF), (Slot::Rule, ON), (Slot::Default, OFF)]);
    assert_eq!(house.point("lamp").explanation.unwrap().asked().level, ON);
}

#[test]
fn a_level_that_nobody_asked_for_is_put_right() {
    let mut house = lamp();
    let event = Event::WireFound { output: "lamp".into(), level: ON, result: Ok(()) };
    assert_eq!(house.send(event), ["lamp OFF: nobody asks for anything"]);
    house.live(Duration::from_secs(1));
}

#[test]
fn what_a_wire_carries_already_is_kept_until_somebody_asks() {
    let mut b = Builder::new();
    b.output(Output { at_start: AtStart::Keep, default_holds: true, ..output("pump") });
    let now = House::new(b.build()).now;
    let mut engine = hearthd::engine::Engine::new(b.build(), None, now);
    let driven = Event::WireFound { output: "pump".into(), level: ON, result: Ok(()) };
    assert_eq!(engine.handle(now, driven), [], "it was told before anything was decided");
    let pump = engine.snapshot(now).find("pump").unwrap().clone();
    assert_eq!(pump.text().as_deref(), Some("ON"));
    assert_eq!(pump.explanation.unwrap().line, "default: nobody asks for anything, it stays as it is");
}
