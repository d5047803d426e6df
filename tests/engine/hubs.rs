//! Outputs of another hub: what it does with them itself is its own affair, and contradicts nobody here.

use crate::{NOTHING, support::engine_config::*, support::engine_house::House};
use hearthd::model::{CoverSays, Event, Level, Quality};

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

/// It lost power a moment before, and remembers what was asked.
#[test]
fn a_hub_that_turns_out_to_be_gone_is_told_again_that_nobody_asks_any_more() {
    let mut house = house();
    let given_back = house.input("garage.door", true).len() + house.input("garage.door", false).len();
    assert_eq!(given_back, 2, "asked and given back");
    house.live(secs(179));
    assert_eq!(goes_away(&mut house), NOTHING);
    let again: Vec<_> = says(&mut house, ON).into_iter().chain(house.live(secs(60))).collect();
    assert_eq!(again.len(), 1, "{again:?}");
    // It gave a sign of life after it.
    house.live(secs(180));
    assert_eq!(goes_away(&mut house), NOTHING);
    assert_eq!(says(&mut house, ON), NOTHING);
    assert_eq!(house.live(mins(10)), NOTHING);
}

#[test]
fn a_hub_that_comes_back_without_what_was_asked_is_asked_again() {
    let mut house = house();
    assert_eq!(house.input("garage.door", true), ["garage.lamp ON: Door"]);
    assert_eq!(says(&mut house, OFF), NOTHING);
    assert_eq!(goes_away(&mut house), NOTHING);
    assert_eq!(says(&mut house, OFF), ["garage.lamp ON: Door"]);
}

/// A blind of the garage, which its hub moves.
const BLIND: &str = r#"
[mqtt]
url = "mqtt://localhost"

[inputs.bright]
kind = "switch"
gpio = 5

[hubs.garage]
outputs = { blind = "cover" }

[[rules]]
name = "Day"
while = "bright"
set = { garage.blind = "open" }
"#;

fn blind() -> House {
    let mut house = House::new(from_text(BLIND));
    assert_eq!(house.input("bright", false), NOTHING);
    assert_eq!(at(&mut house, 0), NOTHING);
    house
}

/// It says that it is there.
fn at(house: &mut House, position: u8) -> Vec<String> {
    moves(house.tells("garage.blind", CoverSays { position: Level::new(position), towards: None }))
}

/// What its hub is told.
fn moves(done: Vec<String>) -> Vec<String> {
    let is_told = |line: &String| line.starts_with("garage.blind.") && !line.contains(" OFF: ");
    done.into_iter().filter(is_told).map(|line| line[..line.find(':').unwrap()].to_owned()).collect()
}

const PARTS: [&str; 5] =
    ["garage.blind.open", "garage.blind.close", "garage.blind.stop", "garage.blind.to", "garage.blind.release"];
const RELEASE: [&str; 1] = ["garage.blind.release ON"];

#[test]
fn a_cover_is_asked_once_and_given_back_once_it_follows() {
    let mut house = blind();
    assert_eq!(moves(house.live(secs(3600))), NOTHING, "nobody asked anything");
    assert_eq!(moves(house.input("bright", true)), ["garage.blind.open ON"]);
    assert_eq!(moves(house.input("bright", false)), NOTHING, "it might not move any more");
    assert_eq!(at(&mut house, 100), RELEASE);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    // Whoever stops it there has the last word.
    assert_eq!(moves(house.input("bright", true)), ["garage.blind.open ON"]);
    at(&mut house, 100);
    assert_eq!(at(&mut house, 50), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(moves(house.input("bright", false)), RELEASE);
}

/// What was told one hub is nothing to another.
#[test]
fn a_cover_of_a_hub_that_is_another_now_is_not_given_back() {
    let mut house = blind();
    house.input("bright", true);
    at(&mut house, 100);
    let other = BLIND.replace("[hubs.garage]\n", "[hubs.garage]\nid = \"shed\"\n");
    house.reconfigure(from_text(&other.replace("while = \"bright\"", "while = \"not bright\"")));
    assert_eq!(at(&mut house, 0), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
}

#[test]
fn a_cover_that_does_not_follow_is_given_back_and_is_good_then() {
    let mut house = blind();
    house.input("bright", true);
    house.input("bright", false);
    assert_eq!(moves(house.live(secs(14))), NOTHING);
    assert_eq!(moves(house.live(secs(1))), RELEASE);
    assert_eq!(house.point("garage.blind").quality, Quality::Good);
    house.input("bright", true);
    house.live(secs(15));
    let text = "hearthd/garage/blind/state does not follow: it says closed 15s after the command";
    assert_eq!(house.point("garage.blind").fault.as_deref(), Some(text));
}

#[test]
fn a_command_for_a_time_takes_a_cover_back_where_it_was_and_gives_it_back() {
    let mut house = blind();
    assert_eq!(moves(house.command_for("garage.blind", "OPEN", Some(secs(600)))), ["garage.blind.open ON"]);
    at(&mut house, 100);
    assert_eq!(moves(house.live(secs(600))), ["garage.blind.close ON"]);
    assert_eq!(at(&mut house, 0), RELEASE);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    // One that is stopped is held so, until AUTO.
    house.command("garage.blind", "OPEN");
    assert_eq!(moves(house.command("garage.blind", "STOP")), ["garage.blind.stop ON"]);
    at(&mut house, 20);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(moves(house.command("garage.blind", "AUTO")), RELEASE);
}

#[test]
fn what_is_unknown_here_gives_no_cover_back_and_an_end_moves_none() {
    let mut house = blind();
    house.input("bright", true);
    at(&mut house, 100);
    assert_eq!(moves(house.input_fails("bright")), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(moves(house.stop()), NOTHING);
    // A start remembers that it is to be given back; but not where the cover is.
    assert_eq!(moves(house.restart(secs(60))), NOTHING);
    assert_eq!(moves(house.input("bright", false)), RELEASE);
    assert_eq!(moves(house.restart(secs(60))), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
}

#[test]
fn a_cover_whose_hub_is_away_is_given_back_when_it_is_there_however_late() {
    let mut house = blind();
    house.input("bright", true);
    at(&mut house, 100);
    blind_is_away(&mut house);
    assert_eq!(moves(house.input("bright", false)), NOTHING);
    assert_eq!(moves(house.live(secs(86_400))), NOTHING);
    assert_eq!(house.point("garage.blind").quality, Quality::Fault);
    house.restart_without_a_clock();
    let mut done = moves(house.input("bright", false));
    done.extend(blind_is_back(&mut house));
    assert_eq!(done, RELEASE);
}

fn blind_is_away(house: &mut House) {
    for part in PARTS {
        let result = Err("the hub garage is offline".to_owned());
        house.break_wire(part);
        house.send(Event::WireFound { output: part.into(), level: OFF, result });
    }
}

fn blind_is_back(house: &mut House) -> Vec<String> {
    house.broken.clear();
    let reached = PARTS.map(|part| house.send(Event::WireReached { output: part.into() }));
    moves(reached.into_iter().flatten().chain(house.live(secs(60))).collect())
}

/// The broker took it; who had lost power a moment before never heard it.
#[test]
fn a_cover_whose_hub_turns_out_to_be_gone_is_given_back_again_when_it_is_there() {
    let mut house = blind();
    house.input("bright", true);
    at(&mut house, 100);
    assert_eq!(moves(house.input("bright", false)), RELEASE);
    house.live(secs(179));
    blind_is_away(&mut house);
    house.restart(secs(600));
    assert_eq!(moves(house.input("bright", false)), NOTHING);
    assert_eq!(blind_is_back(&mut house), RELEASE);
    // It gave a sign of life after it.
    house.live(secs(180));
    blind_is_away(&mut house);
    assert_eq!(blind_is_back(&mut house), NOTHING);
    // What was asked since is not given back.
    house.input("bright", true);
    at(&mut house, 100);
    assert_eq!(moves(house.input("bright", false)), RELEASE);
    house.input("bright", true);
    at(&mut house, 50);
    blind_is_away(&mut house);
    assert_eq!(blind_is_back(&mut house), NOTHING);
    assert_eq!(moves(house.input("bright", false)), RELEASE);
}
