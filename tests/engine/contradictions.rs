//! Devices and wires that are otherwise than they were driven, by themselves and again and again.

use crate::{NOTHING, support::engine_config::*, support::engine_house::House};
use hearthd::model::{Event, Level, Output, OutputId, Point, Quality};
use std::time::Duration;

/// A lamp that is asked to be on or off.
fn lamp(on: bool) -> House {
    let mut b = Builder::new();
    b.output(output("lamp"));
    let mut house = House::new(b.build());
    if on {
        house.command("lamp", "ON");
    }
    house
}

fn goes(house: &mut House, level: Level) -> Vec<String> {
    house.send(Event::WireFound { output: "lamp".into(), level, result: Ok(()) })
}

/// It goes to the other level as soon as it was driven, for ever. The drives of each minute, after one of them so many
/// seconds until the next at most.
fn contradicts(house: &mut House, level: Level, minutes: usize) -> Vec<usize> {
    let mut drives = Vec::new();
    for _ in 0..minutes {
        let mut count = 0;
        for _ in 0..600 {
            count += goes(house, level).len();
            count += house.live(Duration::from_millis(100)).len();
        }
        drives.push(count);
    }
    drives
}

#[test]
fn a_device_that_contradicts_for_ever_is_driven_ever_less_often() {
    let mut house = lamp(true);
    let drives = contradicts(&mut house, OFF, 10);
    assert!(drives[0] <= 8 && drives[1..].iter().all(|count| (1..=2).contains(count)), "{drives:?}");
    let point = house.point("lamp");
    assert_eq!(point.quality, Quality::Fault);
    assert!(point.fault.as_deref().unwrap().starts_with("it goes off by itself again and again"), "{point:?}");
    assert_eq!(point.text().as_deref(), Some("OFF"), "and it is shown as it is");
    let pending = house.engine.reasons(Point::Output(OutputId(0)), house.now).pending;
    assert_eq!(pending.iter().map(|pending| &*pending.what).collect::<Vec<_>>(), ["it is driven back"]);
}

#[test]
fn what_goes_on_by_itself_is_switched_off_again_within_ten_seconds_for_ever() {
    let mut house = lamp(false);
    let drives = contradicts(&mut house, ON, 10);
    assert!(drives[0] <= 12 && drives[1..].iter().all(|count| (5..=7).contains(count)), "{drives:?}");
    assert!(house.point("lamp").fault.as_deref().unwrap().starts_with("it goes on by itself again and again"));
}

#[test]
fn neither_commands_nor_safety_make_a_storm_of_it() {
    let mut b = Builder::new();
    b.output(Output { max_on: Some(secs(5)), ..output("lamp") });
    let mut house = House::new(b.build());
    house.command("lamp", "ON");
    house.live(secs(6));
    assert!(house.why("lamp").starts_with("safety: on for its max_on"), "{}", house.why("lamp"));
    let drives = contradicts(&mut house, ON, 5);
    assert!(drives[0] <= 12 && drives[1..].iter().all(|count| (5..=7).contains(count)), "{drives:?}");
}

#[test]
fn what_obeys_again_is_right_at_once() {
    let mut house = lamp(true);
    contradicts(&mut house, OFF, 3);
    assert_eq!(house.point("lamp").quality, Quality::Fault);
    assert_eq!(goes(&mut house, ON), NOTHING);
    assert_eq!(house.point("lamp").quality, Quality::Good, "by its own word");
    contradicts(&mut house, OFF, 1);
    assert_eq!(house.point("lamp").quality, Quality::Fault);
    let driven = house.live(secs(60));
    assert_eq!(driven.len(), 1, "{driven:?}");
    assert_eq!(house.point("lamp").quality, Quality::Good, "as it was driven");
    assert_eq!(house.live(mins(10)), NOTHING);
    assert_eq!(goes(&mut house, OFF).len(), 1, "after a while it is trusted as before");
}

#[test]
fn somebody_who_presses_its_button_is_answered_at_once() {
    let mut house = lamp(true);
    for _ in 0..100 {
        assert_eq!(goes(&mut house, OFF).len(), 1);
        assert_eq!(house.point("lamp").quality, Quality::Good);
        house.live(mins(3));
    }
}

#[test]
fn who_wants_it_off_does_not_wait_as_long_as_who_wants_it_on() {
    let mut house = lamp(true);
    contradicts(&mut house, OFF, 5);
    assert_eq!(house.command("lamp", "OFF"), NOTHING, "it is off");
    assert_eq!(house.point("lamp").quality, Quality::Good);
    goes(&mut house, ON);
    house.live(secs(10));
    assert!(!house.is_on("lamp") && house.point("lamp").text().as_deref() == Some("OFF"));
}

#[test]
fn what_can_be_reached_again_is_driven_at_once_but_not_as_often_as_that_is_said() {
    let mut house = lamp(false);
    house.break_wire("lamp");
    assert_eq!(house.command("lamp", "ON").len(), 1);
    house.live(secs(30));
    let reached = |house: &mut House| house.send(Event::WireReached { output: "lamp".into() });
    assert_eq!(reached(&mut house), ["lamp ON: command by MQTT, until AUTO (fails)"]);
    let mut drives = 0;
    for _ in 0..600 {
        drives += reached(&mut house).len() + house.live(Duration::from_millis(100)).len();
    }
    assert!((1..=12).contains(&drives), "{drives}");
    house.mend_wire("lamp");
    house.live(secs(60));
    assert!(house.is_on("lamp"));
    assert_eq!(house.point("lamp").quality, Quality::Good);
    assert_eq!(reached(&mut house), NOTHING);
    assert_eq!(house.send(Event::WireReached { output: "nobody".into() }), NOTHING);
}
