//! Rules and rooms.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};

#[test]
fn a_rule_holds_its_outputs_while_its_condition_is_true() {
    let mut b = Builder::new();
    let (lamp, fan, switch) = (b.output(output("lamp")), b.output(output("fan")), b.input("switch"));
    b.rule("Both", is_on(switch), &[(lamp, ON), (fan, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.input("switch", false), NOTHING);
    assert_eq!(house.input("switch", true), ["lamp ON: Both", "fan ON: Both"]);
    assert_eq!(house.input("switch", true), NOTHING);
    assert_eq!(house.live(mins(60)), NOTHING);
    assert_eq!(
        house.input("switch", false),
        ["lamp OFF: nobody asks for anything", "fan OFF: nobody asks for anything"]
    );
}

#[test]
fn the_earlier_rule_of_the_file_wins() {
    let mut b = Builder::new();
    let (lamp, first, second) = (b.output(output("lamp")), b.input("first"), b.input("second"));
    b.rule("Dark please", is_on(first), &[(lamp, OFF)]);
    b.rule("Light please", is_on(second), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("first", false);
    assert_eq!(house.input("second", true), ["lamp ON: Light please"]);
    assert_eq!(house.input("first", true), ["lamp OFF: Dark please"]);
    assert_eq!(house.input("first", false), ["lamp ON: Light please"]);
}

#[test]
fn until_holds_a_rule_in_the_band_between() {
    let mut b = Builder::new();
    let (fan, room) = (b.output(output("fan")), b.sensor("room"));
    b.rule_until("Warm", warmer(room, 26.0), colder(room, 24.5), &[(fan, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.reads("room", 25.0), NOTHING);
    assert_eq!(house.reads("room", 26.1), ["fan ON: Warm"]);
    assert_eq!(house.reads("room", 25.0), NOTHING);
    assert_eq!(house.reads("room", 24.4), ["fan OFF: nobody asks for anything"]);
    assert_eq!(house.reads("room", 25.0), NOTHING);
}

#[test]
fn a_for_waits_and_begins_again_after_a_break() {
    let mut b = Builder::new();
    let (siren, door) = (b.output(output("siren")), b.input("door"));
    b.rule("Door left open", held(is_on(door), mins(5)), &[(siren, ON)]);
    let mut house = House::new(b.build());
    house.input("door", true);
    assert_eq!(house.live(secs(299)), NOTHING);
    house.input("door", false);
    house.input("door", true);
    assert_eq!(house.live(secs(299)), NOTHING);
    assert_eq!(house.live(secs(1)), ["siren ON: Door left open"]);
    assert_eq!(house.input("door", false), ["siren OFF: nobody asks for anything"]);
}

#[test]
fn a_room_is_occupied_while_there_is_motion_and_for_a_while_after() {
    let mut b = Builder::new();
    let (lamp, near, far) = (b.output(output("lamp")), b.input("near"), b.input("far"));
    let hall = b.room("hall", &[near, far], mins(5));
    b.rule("Somebody is there", occupied(hall), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("near", false);
    house.input("far", false);
    assert_eq!(house.input("near", true), ["lamp ON: Somebody is there"]);
    assert_eq!(house.live(mins(20)), NOTHING, "motion goes on");
    house.input("near", false);
    assert_eq!(house.live(mins(4)), NOTHING);
    house.input("far", true);
    house.input("far", false);
    assert_eq!(house.live(secs(299)), NOTHING, "the last motion counts");
    assert_eq!(house.live(secs(1)), ["lamp OFF: nobody asks for anything"]);
}

#[test]
fn an_output_nobody_asks_for_has_its_default() {
    let mut b = Builder::new();
    let (pump, leak) = (b.output(hearthd::model::Output { default: ON, ..output("pump") }), b.input("leak"));
    b.rule("Leak", is_on(leak), &[(pump, OFF)]);
    let mut house = House::new(b.build());
    house.input("leak", false);
    assert!(house.is_on("pump"));
    assert_eq!(house.input("leak", true), ["pump OFF: Leak"]);
    assert_eq!(house.input("leak", false), ["pump ON: nobody asks for anything"]);
}

#[test]
fn outputs_are_switched_off_before_others_are_switched_on() {
    let mut b = Builder::new();
    let (first, second, switch) = (b.output(output("first")), b.output(output("second")), b.input("switch"));
    b.rule("Second", is_on(switch), &[(first, ON), (second, OFF)]);
    b.rule("First", not(is_on(switch)), &[(second, ON)]);
    let mut house = House::new(b.build());
    house.input("switch", false);
    assert_eq!(house.input("switch", true), ["second OFF: Second", "first ON: Second"]);
}

#[test]
fn a_rule_may_follow_another_output() {
    let mut b = Builder::new();
    let (pump, heater) = (b.output(output("pump")), b.output(output("heater")));
    b.rule("Pump with the heater", output_is_on(heater), &[(pump, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(
        house.command("heater", "ON"),
        ["heater ON: command by MQTT, until AUTO", "pump ON: Pump with the heater"]
    );
}
