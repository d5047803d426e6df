//! Interlocks: at most one of a group.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{AtStart, Output, SafeState};
use std::time::Duration;

/// The two directions of a shutter and the two inputs that ask for them, `up` first in the file of rules too.
fn shutter(wait: Duration, up: Output, down: Output) -> Builder {
    let mut b = Builder::new();
    let (up, down) = (b.output(up), b.output(down));
    b.interlock("shutter", wait, &[up, down]);
    let (morning, evening) = (b.input("morning"), b.input("evening"));
    b.rule("Evening", is_on(evening), &[(down, ON)]);
    b.rule("Morning", is_on(morning), &[(up, ON)]);
    b
}

fn plain(wait: Duration) -> House {
    let mut house = House::new(shutter(wait, output("up"), output("down")).build());
    house.input("morning", false);
    house.input("evening", false);
    house.live(mins(5));
    house
}

#[test]
fn the_other_goes_off_first_and_rests() {
    let mut house = plain(secs(2));
    assert_eq!(house.command("up", "ON"), ["up ON: command by MQTT, until AUTO"]);
    assert_eq!(house.command("down", "ON"), ["up OFF: interlock shutter with down"]);
    assert_eq!(house.why("down"), "safety: interlock shutter with up");
    assert_eq!(house.live(Duration::from_millis(1_999)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["down ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_command_beats_a_rule_and_the_latest_command_the_others() {
    let mut house = plain(secs(0));
    house.input("evening", true);
    assert_eq!(
        house.command("up", "ON"),
        ["down OFF: interlock shutter with up", "up ON: command by MQTT, until AUTO"]
    );
    assert_eq!(
        house.command("down", "ON"),
        ["up OFF: interlock shutter with down", "down ON: command by MQTT, until AUTO"]
    );
    assert_eq!(
        house.command("up", "ON"),
        ["down OFF: interlock shutter with up", "up ON: command by MQTT, until AUTO"]
    );
}

#[test]
fn among_rules_the_earlier_of_the_file_wins() {
    let mut house = plain(secs(0));
    house.input("morning", true);
    assert_eq!(house.input("evening", true), ["up OFF: interlock shutter with down", "down ON: Evening"]);
    assert_eq!(house.input("evening", false), ["down OFF: nobody asks for anything", "up ON: Morning"]);
}

#[test]
fn among_defaults_the_earlier_output_of_the_file_wins() {
    let on = |id| Output { default: ON, at_start: AtStart::On, ..output(id) };
    let mut house = House::new(shutter(secs(1), on("up"), on("down")).build());
    assert!(!house.is_on("up") && !house.is_on("down"), "at the first start nobody knows how long they rested");
    house.input("morning", false);
    house.input("evening", false);
    house.live(secs(5));
    assert!(house.is_on("up") && !house.is_on("down"));
}

#[test]
fn the_min_on_of_the_other_is_waited_for_to_the_millisecond() {
    let mut house =
        House::new(shutter(secs(1), Output { min_on: Some(secs(20)), ..output("up") }, output("down")).build());
    house.input("evening", false);
    house.live(secs(5));
    house.input("morning", true);
    assert_eq!(house.command("down", "ON"), NOTHING);
    assert_eq!(house.live(Duration::from_millis(19_999)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["up OFF: interlock shutter with down"]);
    assert_eq!(house.live(secs(1)), ["down ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_member_within_its_min_off_lets_another_go_first() {
    let mut house =
        House::new(shutter(secs(0), Output { min_off: Some(secs(20)), ..output("up") }, output("down")).build());
    house.input("morning", false);
    assert_eq!(house.input("evening", true), ["down ON: Evening"]);
    assert_eq!(house.command("up", "ON"), NOTHING);
    assert_eq!(house.live(secs(20)), ["down OFF: interlock shutter with up", "up ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_broken_wire_blocks_the_others_until_it_obeys_and_has_rested() {
    let mut house = plain(secs(2));
    house.command("up", "ON");
    house.break_wire("up");
    assert_eq!(house.command("down", "ON"), ["up OFF: interlock shutter with down (fails)"]);
    house.live(mins(10));
    assert!(house.is_on("up") && !house.is_on("down"));
    house.mend_wire("up");
    assert_eq!(house.live(secs(63)), ["up OFF: interlock shutter with down", "down ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_wire_that_failed_to_go_on_counts_as_on_until_it_is_off_and_rested() {
    let mut house = plain(secs(5));
    house.break_wire("up");
    house.command("up", "ON");
    house.live(mins(5));
    house.mend_wire("up");
    assert_eq!(house.command("up", "AUTO"), ["up OFF: nobody asks for anything"]);
    assert_eq!(house.command("down", "ON"), NOTHING);
    assert_eq!(house.live(secs(4)), NOTHING);
    assert_eq!(house.live(secs(1)), ["down ON: command by MQTT, until AUTO"]);
}

#[test]
fn stopping_switches_no_member_on() {
    let safe_on = |id| Output { safe: SafeState::On, ..output(id) };
    let mut house = House::new(shutter(secs(5), output("up"), safe_on("down")).build());
    house.command("up", "ON");
    house.live(secs(5));
    assert_eq!(house.stop(), ["up OFF: hearthd is stopping: safe state"]);
}

#[test]
fn members_that_a_reload_joins_end_with_one_on() {
    let mut b = Builder::new();
    let (left, right) = (b.output(output("left")), b.output(output("right")));
    let mut house = House::new(b.build());
    house.command("left", "ON");
    house.command("right", "ON");
    b.interlock("pair", secs(1), &[left, right]);
    assert_eq!(house.reconfigure(b.build()), ["left OFF: interlock pair with right"]);
}

#[test]
fn members_that_an_edit_joined_while_it_was_stopped_start_with_one_on() {
    let mut b = Builder::new();
    let (left, right) = (b.output(output("left")), b.output(output("right")));
    let mut house = House::new(b.build());
    house.command("left", "ON");
    house.command("right", "ON");
    b.interlock("pair", secs(5), &[left, right]);
    house.config = b.build();
    house.log.clear();
    house.restart(secs(60));
    let claims: Vec<_> = house.log.iter().filter(|driven| driven.cause.is_none()).map(|driven| driven.level).collect();
    assert_eq!(claims, [ON, OFF]);
}

#[test]
fn a_member_that_a_reload_adds_does_not_start_on() {
    let mut b = Builder::new();
    let pair = |names: &[&str]| {
        let mut b = Builder::new();
        let members: Vec<_> =
            names.iter().map(|id| b.output(Output { default: ON, at_start: AtStart::On, ..output(id) })).collect();
        b.interlock("pair", secs(1), &members);
        b.build()
    };
    b.output(output("unused"));
    let mut house = House::new(pair(&["old", "older"]));
    house.live(secs(2));
    assert!(house.is_on("old"));
    assert_eq!(
        house.reconfigure(pair(&["new", "old", "older"]))[..2],
        ["new OFF: interlock pair with old", "old OFF: interlock pair with new"]
    );
}

/// `down` was on when something happened to `up`.
fn down_on_and_up_broken() -> House {
    let mut house = plain(secs(2));
    house.command("down", "ON");
    house.live(secs(5));
    house.break_wire("up");
    house
}

#[test]
fn after_a_power_cut_nothing_goes_on_beside_a_faulty_wire() {
    for start in [House::power_cut, House::restart] {
        let mut house = down_on_and_up_broken();
        house.wires.insert("down".into(), OFF);
        start(&mut house, secs(20));
        assert!(!house.is_on("down"), "{:?}", house.log);
        assert_eq!(house.why("down"), "safety: interlock shutter with up");
        house.live(mins(10));
        assert!(!house.is_on("down"));
        house.mend_wire("up");
        let done = house.live(secs(63));
        assert_eq!(done, ["up OFF: nobody asks for anything", "down ON: command by MQTT, until AUTO"]);
    }
}

#[test]
fn a_wire_that_works_again_does_not_go_on_beside_a_faulty_one() {
    let mut house = down_on_and_up_broken();
    house.break_wire("down");
    house.wires.insert("down".into(), OFF);
    house.power_cut(secs(20));
    house.live(mins(1));
    house.mend_wire("down");
    house.live(mins(10));
    assert!(!house.is_on("down"), "{:?}", house.log);
    house.mend_wire("up");
    house.live(mins(2));
    assert!(house.is_on("down"));
}

#[test]
fn what_is_on_stays_on_when_another_fails() {
    let mut house = down_on_and_up_broken();
    assert_eq!(house.command("up", "ON"), ["down OFF: interlock shutter with up"]);
    house.command("up", "AUTO");
    assert_eq!(house.live(mins(1)), NOTHING, "nobody has tried the broken wire");
    assert!(house.is_on("down"));
}
