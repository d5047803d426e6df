//! Event rules: what counts as becoming true.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Action, Condition, Part, RunMode, Trigger};

/// Motion while the door is open or it is warm.
fn house() -> House {
    let mut b = Builder::new();
    let (motion, door, living) = (b.input("motion"), b.input("door"), b.sensor("living"));
    let either = Condition::Any(vec![is_on(door), warmer(living, 26.0)]);
    let on = vec![Trigger::Becomes(Condition::All(vec![is_on(motion), either]))];
    b.event("Somebody", on, None, vec![Action::Notify(vec![Part::Text("hello".into())])], RunMode::Single);
    House::new(b.build())
}

const TOLD: [&str; 1] = ["notify \"hello\": Somebody"];

#[test]
fn what_is_known_to_become_true_counts_whatever_a_part_is() {
    let mut house = house();
    house.input("motion", false);
    house.input("door", true);
    assert_eq!(house.input("motion", true), TOLD, "the thermometer was never read");
    house.input("motion", false);
    house.input("door", false);
    assert_eq!(house.input("motion", true), NOTHING, "nobody knows");
    assert_eq!(house.input("door", true), TOLD);
    assert_eq!(house.input("door", false), NOTHING);
    assert_eq!(house.input("door", true), NOTHING, "it may have been true all the time");
}

#[test]
fn a_sensor_that_is_lost_meanwhile_swallows_nothing_that_is_known() {
    let mut house = house();
    house.input("motion", true);
    house.input("door", false);
    house.reads("living", 20.0);
    house.read_fails("living", true);
    assert_eq!(house.live(mins(5)), NOTHING);
    assert_eq!(house.input("door", true), TOLD);
}

#[test]
fn what_is_found_out_is_no_event() {
    let mut house = house();
    house.input("door", false);
    house.input("motion", false);
    assert_eq!(house.input("motion", true), NOTHING);
    assert_eq!(house.reads("living", 27.0), NOTHING, "the first reading");
    house.reads("living", 20.0);
    assert_eq!(house.reads("living", 27.0), TOLD);
    house.reads("living", 20.0);
    house.read_fails("living", true);
    assert_eq!(house.reads("living", 27.0), NOTHING, "it was lost in between");
}

#[test]
fn a_start_is_no_event_also_with_a_sensor_that_is_never_read() {
    let mut house = house();
    house.input("door", false);
    house.input("motion", true);
    house.reads("living", 20.0);
    house.restart(secs(10));
    assert_eq!(house.input("door", true), NOTHING, "its first reading");
    assert_eq!(house.input("motion", true), NOTHING);
    house.input("motion", false);
    assert_eq!(house.input("motion", true), TOLD);
}
