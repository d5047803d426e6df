//! Outputs of another hub: what it does with them itself is its own affair, and contradicts nobody here.

use crate::{NOTHING, support::engine_config::*, support::engine_house::House};
use hearthd::model::{Event, Level, Quality};

const HOUSE: &str = r#"
[mqtt]
url = "mqtt://localhost"

[hubs.garage]
inputs = { door = "door" }
outputs = { lamp = "light" }

[[rules]]
name = "Door"
while = "garage.door is open"
set = { garage.lamp = "on" }
"#;

/// The lamp in the garage is off, as its hub says.
fn house() -> House {
    let mut house = House::new(from_text(HOUSE));
    assert_eq!(says(&mut house, OFF), NOTHING);
    assert_eq!(house.input("garage.door", false), NOTHING);
    house
}

fn says(house: &mut House, level: Level) -> Vec<String> {
    house.send(Event::WireFound { output: "garage.lamp".into(), level, result: Ok(()) })
}

fn goes_away(house: &mut House) -> Vec<String> {
    house.send(Event::WireFound { output: "garage.lamp".into(), level: ON, result: Err("garage is away".into()) })
}

#[test]
fn its_last_word_is_yielded_to_however_often_and_what_is_asked_next_waits_for_nothing() {
    let mut house = house();
    for round in 0..50 {
        assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door"], "{round}");
        for level in [OFF, ON, OFF] {
            assert_eq!(says(&mut house, level), NOTHING, "{round}");
            assert_eq!(house.why("garage.lamp"), "manual: command by garage, until the next automatic change");
        }
        let lamp = house.point("garage.lamp");
        assert_eq!(
            (lamp.quality, lamp.fault.clone(), lamp.text().as_deref()),
            (Quality::Good, None, Some("OFF")),
            "{round}"
        );
        house.input("garage.door", false);
        house.live(secs(1));
    }
}

#[test]
fn a_hub_that_was_away_is_asked_anew_at_once_however_often() {
    let mut house = house();
    assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door"]);
    for round in 0..50 {
        assert_eq!(goes_away(&mut house), NOTHING);
        assert_eq!(house.point("garage.lamp").quality, Quality::Fault);
        assert_eq!(says(&mut house, OFF), ["garage.lamp ON: Door"], "{round}");
        assert_eq!(house.point("garage.lamp").quality, Quality::Good);
        house.live(secs(1));
    }
}

#[test]
fn what_it_does_not_follow_is_tried_again_ever_more_slowly() {
    let mut house = house();
    house.break_wire("garage.lamp");
    assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door (fails)"]);
    let tries = house.live(mins(10));
    assert!((10..=16).contains(&tries.len()), "{tries:?}");
    let reached = Event::WireReached { output: "garage.lamp".into() };
    assert_eq!(house.send(reached), NOTHING, "what it is, its hub says");
    house.mend_wire("garage.lamp");
    assert_eq!(says(&mut house, OFF), ["garage.lamp ON: Door"]);
}

#[test]
fn what_it_did_not_follow_is_given_back_when_nobody_asks_any_more() {
    let mut house = house();
    house.break_wire("garage.lamp");
    house.input("garage.door", true);
    house.live(mins(10));
    house.mend_wire("garage.lamp");
    house.input("garage.door", false);
    let given_back = house.live(mins(2));
    assert_eq!(given_back.len(), 1, "{given_back:?}");
    assert_eq!(house.live(mins(10)), NOTHING);
}

/// Its orderly end says OFF; what was asked from here comes back with it.
#[test]
fn a_hub_that_starts_again_does_not_keep_what_nobody_asks_any_more() {
    for ends_meanwhile in [false, true] {
        let mut house = house();
        assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door"]);
        assert_eq!(says(&mut house, OFF), NOTHING, "it stops");
        assert_eq!(goes_away(&mut house), NOTHING);
        let mut given_back = if ends_meanwhile { house.input("garage.door", false) } else { Vec::new() };
        given_back.extend(says(&mut house, ON));
        given_back.extend(house.input("garage.door", false));
        given_back.extend(house.live(mins(2)));
        assert_eq!(given_back.len(), 1, "{ends_meanwhile}: {given_back:?}");
        assert_eq!(house.why("garage.lamp"), "default: nobody asks for anything, it stays as it is");
    }
}

#[test]
fn a_hub_that_comes_back_without_what_was_asked_is_asked_again() {
    let mut house = house();
    assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door"]);
    assert_eq!(says(&mut house, OFF), NOTHING);
    assert_eq!(goes_away(&mut house), NOTHING);
    assert_eq!(says(&mut house, OFF), ["garage.lamp ON: Door"]);
}
