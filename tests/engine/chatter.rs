//! Rules that work against each other must not wear a relay out; and nothing that is safe is kept from being done.

use crate::support::{engine_config::*, engine_house::House};
use hearthd::model::{Cause, Output, Quality};
use std::time::Duration;

/// Two outputs of an interlock, where one's being on asks for the other: `check` refuses it, and should it come about by
/// other ways, it ends.
fn at_each_other(wait: Duration) -> House {
    let mut b = Builder::new();
    let (one, two, on) = (b.output(output("one")), b.output(output("two")), b.input("on"));
    b.interlock("both", wait, &[one, two]);
    b.rule("Two after one", output_is_on(one), &[(two, ON)]);
    b.rule("One", is_on(on), &[(one, ON)]);
    House::new(b.build())
}

/// Two event rules that switch a lamp at each other's heels.
fn flickering() -> House {
    House::new(from_text(
        "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[inputs.go]\nkind = \"contact\"\ngpio = 4\n\
         [[rules]]\nname = \"On\"\non = [\"go on\", \"lamp off\"]\nif = \"go\"\ndo = [\"wait 50ms\", \"set lamp on\"]\n\
         [[rules]]\nname = \"Off\"\non = \"lamp on\"\nif = \"go\"\ndo = [\"wait 50ms\", \"set lamp off\"]\n",
    ))
}

fn switched(house: &House) -> usize {
    house.log.iter().filter(|driven| driven.cause.is_some()).count()
}

#[test]
fn outputs_that_ask_for_each_other_come_to_rest() {
    for wait in [Duration::ZERO, Duration::from_millis(100), secs(2)] {
        let mut house = at_each_other(wait);
        house.input("on", true);
        house.live(secs(30));
        assert!(switched(&house) < 100, "{wait:?}: {}", switched(&house));
        house.live(mins(24 * 60));
        assert!(switched(&house) < 5_000, "{wait:?}, in a day: {}", switched(&house));
    }
}

#[test]
fn what_is_switched_too_often_is_in_fault_and_rests() {
    let mut house = flickering();
    house.input("go", false);
    house.input("go", true);
    house.live(secs(30));
    let fault = "rules switch it more than 4 times a second: do they work against each other?";
    assert_eq!(house.point("lamp").fault.as_deref(), Some(fault));
    assert_eq!(
        house.why("lamp"),
        "safety: rules switch it more than 4 times a second, it rests: do they work against each other?"
    );
    assert!(!house.is_on("lamp"));
    assert!(switched(&house) < 100, "{}", switched(&house));
    house.live(mins(24 * 60));
    assert!(switched(&house) < 5_000, "in a day: {}", switched(&house));
    house.input("go", false);
    house.command("lamp", "OFF");
    house.live(mins(60));
    assert_eq!(house.point("lamp").quality, Quality::Good, "when it is over it is forgotten");
}

#[test]
fn it_rests_over_a_restart_and_a_hand_may_use_it() {
    let mut house = flickering();
    house.input("go", false);
    house.input("go", true);
    house.live(secs(10));
    assert_eq!(house.point("lamp").quality, Quality::Fault);
    house.restart(secs(1));
    assert_eq!(house.point("lamp").quality, Quality::Fault);
    house.command("lamp", "ON");
    assert_eq!(house.point("lamp").quality, Quality::Good);
}

#[test]
fn commands_from_outside_are_not_counted() {
    let mut house = at_each_other(Duration::ZERO);
    for _ in 0..1_000 {
        house.command("one", "ON");
        house.command("one", "OFF");
    }
    house.command("one", "ON");
    house.live(secs(1));
    assert!(house.is_on("one"));
    assert_eq!(house.point("one").quality, Quality::Good);
}

#[test]
fn what_is_safe_is_done_while_it_rests() {
    let mut b = Builder::new();
    let safe = hearthd::model::SafeState::On;
    let lamp = b.output(Output { safe, max_on: Some(mins(5)), ..output("lamp") });
    let switch = b.input("switch");
    b.rule("Switch", is_on(switch), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    for count in 0..200 {
        house.input("switch", count % 2 == 0);
    }
    assert_eq!(house.point("lamp").quality, Quality::Fault);
    assert!(house.is_on("lamp"), "its safe state is on");
    let late = house.live(mins(30));
    let is_limit = |cause: &Option<Cause>| matches!(cause, Some(Cause::MaxOn { .. }));
    assert!(
        !house.is_on("lamp") || late.is_empty() || house.log.iter().any(|driven| is_limit(&driven.cause)),
        "{late:?}"
    );
    house.stop();
    assert!(house.is_on("lamp"));
}

#[test]
fn slow_pwm_and_blinking_are_within_their_rate() {
    let mut house = House::new(from_text(
        "[outputs.heater]\nkind = \"heater\"\ngpio = 17\nslow_pwm = \"1s\"\n\
         [outputs.beacon]\nkind = \"siren\"\ngpio = 27\n[inputs.alarm]\nkind = \"contact\"\ngpio = 4\n\
         [[rules]]\nname = \"Warm\"\nwhile = \"alarm\"\nset = { heater = 50 }\n\
         [[rules]]\nname = \"On\"\non = [\"alarm on\", \"beacon off\"]\nif = \"alarm\"\ndo = [\"wait 300ms\", \"set beacon on\"]\n\
         [[rules]]\nname = \"Off\"\non = \"beacon on\"\ndo = [\"wait 300ms\", \"set beacon off\"]\n",
    ));
    house.input("alarm", false);
    house.input("alarm", true);
    house.live(mins(10));
    for point in ["heater", "beacon"] {
        assert_eq!(house.point(point).quality, Quality::Good, "{point}");
    }
    let on = |id: &str| house.log.iter().filter(|driven| *driven.output == *id && driven.level.is_on()).count();
    assert!(on("heater.wire") >= 590 && on("beacon") >= 900, "{} {}", on("heater.wire"), on("beacon"));
}
