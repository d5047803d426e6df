//! Inputs whose news comes late: what is timed is timed from when it happened.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::*},
};
use hearthd::model::{InputKind, Value};
use std::time::Duration;

#[test]
fn a_hold_counts_from_the_edge_however_late_it_is_told() {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let motion = builder.input("motion");
    builder.change_input(motion, |input| input.hold = secs(10));
    builder.rule("Light", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(builder.build());
    drop((house.input("motion", false), house.input("motion", true)));
    house.live(secs(60));
    assert_eq!(house.input_ago("motion", false, secs(4)), NOTHING);
    house.live(secs(6) - Duration::from_millis(1));
    assert!(house.is_on("lamp"));
    house.live(Duration::from_millis(1));
    assert!(!house.is_on("lamp"));
    let motion = house.point("motion");
    assert_eq!((motion.value, motion.changed), (Some(Value::Switch(false)), Some(house.now.wall)));
}

/// Two clicks that were further apart than a double click is are told closer to each other: the first came late.
#[test]
fn clicks_are_told_apart_by_when_they_were() {
    let ms = Duration::from_millis;
    let told = |late: Duration| {
        let mut builder = Builder::new();
        let button = builder.input("button");
        builder.change_input(button, |input| {
            (input.kind, input.double_gap, input.long_after) = (InputKind::Button, ms(400), ms(1000));
        });
        let mut house = House::new(builder.build());
        house.input("button", false);
        house.live(secs(60));
        drop((house.input_ago("button", true, late + ms(50)), house.input_ago("button", false, late)));
        house.live(ms(300));
        drop((house.input("button", true), house.input("button", false)));
        house.live(secs(1));
        house.point("button.event").text()
    };
    assert_eq!(told(Duration::ZERO).as_deref(), Some("double"));
    assert_eq!(told(ms(150)).as_deref(), Some("click"));
}

/// No stamp makes something happen in the future.
#[test]
fn a_stamp_of_the_future_is_now() {
    let mut builder = Builder::new();
    let motion = builder.input("motion");
    builder.change_input(motion, |input| input.hold = secs(10));
    let mut house = House::new(builder.build());
    house.input("motion", true);
    house.live(secs(60));
    let at = Some(house.now.moment + secs(3600));
    house.send(hearthd::model::Event::InputRead { input: "motion".into(), result: Ok(false), at });
    house.live(secs(10));
    assert_eq!(house.point("motion").value, Some(Value::Switch(false)));
}
