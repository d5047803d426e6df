//! One instant, one state: nothing is done for what was true at no time.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Condition, Output, OutputId, Part, RunMode, Slot, Trigger};

fn say(b: &mut Builder, name: &str, condition: Condition) {
    let words = hearthd::model::Action::Notify(vec![Part::Text(name.into())]);
    b.event(name, vec![Trigger::Becomes(condition)], None, vec![words], RunMode::Single);
}

/// `a` follows `i`; `b` would be on while `a` is and `i` is not, which is never so.
fn never(b: &mut Builder) -> Condition {
    let (a, other, i) = (b.output(output("a")), OutputId(1), b.input("i"));
    b.output(Output { min_on: Some(mins(1)), ..output("b") });
    b.rule("A", is_on(i), &[(a, ON)]);
    let never = Condition::All(vec![output_is_on(a), not(is_on(i))]);
    b.rule("B", never.clone(), &[(other, ON)]);
    never
}

#[test]
fn what_is_true_at_no_time_switches_nothing_and_is_not_told() {
    let mut b = Builder::new();
    let never = never(&mut b);
    say(&mut b, "never", never);
    let mut house = House::new(b.build());
    house.input("i", false);
    assert_eq!(house.input("i", true), ["a ON: A"]);
    assert_eq!(house.input("i", false), ["a OFF: nobody asks for anything"]);
    assert_eq!(house.live(mins(5)), NOTHING);
}

#[test]
fn a_timer_and_a_latch_see_no_false_state() {
    let mut b = Builder::new();
    let never = never(&mut b);
    let (i, fan) = (b.input("other"), b.output(output("fan")));
    b.rule_until("Latch", never.clone(), is_on(i), &[(fan, ON)]);
    let recent = Condition::All(vec![
        output_is_on(OutputId(0)),
        not(Condition::Changed { point: hearthd::model::Point::Output(OutputId(0)), within: secs(5) }),
    ]);
    let lamp = b.output(output("lamp"));
    b.rule("Settled", recent, &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("other", false);
    house.input("i", false);
    house.live(mins(1));
    assert_eq!(house.input("i", true), ["a ON: A"]);
    assert_eq!(house.live(secs(5)), ["lamp ON: Settled"]);
    assert_eq!(house.input("i", false), ["a OFF: nobody asks for anything", "lamp OFF: nobody asks for anything"]);
    assert_eq!(house.live(mins(5)), NOTHING);
}

#[test]
fn a_command_until_the_next_change_is_not_ended_by_a_false_state() {
    let mut b = Builder::new();
    never(&mut b);
    let mut config = (*b.build()).clone();
    config.outputs[1].manual_for = hearthd::model::ManualFor::NextChange;
    let mut house = House::new(config.into());
    house.input("i", false);
    house.input("i", true);
    house.command("b", "ON");
    house.live(mins(5));
    assert_eq!(house.input("i", false), ["a OFF: nobody asks for anything"]);
    assert!(house.is_on("b"));
}

#[test]
fn what_a_rule_does_at_once_was_never_otherwise() {
    let mut b = Builder::new();
    let (lamp, i) = (b.output(output("lamp")), b.input("i"));
    b.rule("Light", is_on(i), &[(lamp, ON)]);
    b.event("Not now", vec![Trigger::Becomes(is_on(i))], None, vec![command("lamp", "OFF", None)], RunMode::Single);
    say(&mut b, "light", output_is_on(lamp));
    let mut house = House::new(b.build());
    house.input("i", false);
    assert_eq!(house.input("i", true), NOTHING);
    assert_eq!(house.why("lamp"), "manual: command by the rule \"Not now\", until AUTO");
    assert_eq!(house.command("lamp", "AUTO"), ["notify \"light\": light", "lamp ON: Light"]);
}

#[test]
fn what_follows_another_output_waits_for_its_wire() {
    let mut b = Builder::new();
    let (pump, valve, i) = (b.output(output("pump")), b.output(output("valve")), b.input("i"));
    b.rule("Pump", output_is_on(valve), &[(pump, ON)]);
    b.rule("Valve", is_on(i), &[(valve, ON)]);
    let mut house = House::new(b.build());
    house.input("i", false);
    assert_eq!(house.input("i", true), ["valve ON: Valve", "pump ON: Pump"]);
    house.input("i", false);
    house.break_wire("valve");
    assert_eq!(house.input("i", true), ["valve ON: Valve (fails)"]);
    assert!(!house.log.iter().rev().take(1).any(|driven| &*driven.output == "pump" && driven.level.is_on()));
    house.mend_wire("valve");
    assert_eq!(house.live(secs(1)), ["valve ON: Valve", "pump ON: Pump"]);
}

#[test]
fn a_chain_of_rules_is_decided_in_one_instant_whatever_its_order() {
    let mut b = Builder::new();
    let outputs: Vec<_> = (0..20).map(|index| b.output(output(&format!("o{index}")))).collect();
    let i = b.input("i");
    for pair in outputs.windows(2) {
        b.rule(&format!("after {}", pair[1].0), output_is_on(pair[1]), &[(pair[0], ON)]);
    }
    b.rule("last", is_on(i), &[(outputs[19], ON)]);
    let mut house = House::new(b.build());
    house.input("i", false);
    assert_eq!(house.input("i", true).len(), 20);
    assert_eq!(house.input("i", false).len(), 20);
    assert_eq!(house.live(mins(1)), NOTHING);
}

#[test]
fn two_of_an_interlock_that_ask_for_each_other_stay_off_and_say_why() {
    let mut b = Builder::new();
    let (up, down, i) = (b.output(output("up")), b.output(output("down")), b.input("i"));
    b.interlock("shutter", secs(0), &[up, down]);
    b.rule("Down", output_is_on(up), &[(down, ON)]);
    b.rule("Up", is_on(i), &[(up, ON)]);
    let mut house = House::new(b.build());
    house.input("i", false);
    let told = |rule, output| format!("note {rule}: {output} would be switched on and off without end: it stays off");
    assert_eq!(house.input("i", true), [told("Up", "up"), told("Down", "down")]);
    assert_eq!(house.live(mins(30)), NOTHING);
    assert_eq!(house.why("up"), "safety: rules would switch it on and off without end: it stays off");
    assert_eq!(house.input("i", false), NOTHING);
    assert_eq!(house.live(mins(2)), NOTHING);
    assert_eq!(house.why("up"), "default: nobody asks for anything");
}

#[test]
fn a_rule_against_itself_ends_at_once() {
    let mut b = Builder::new();
    let lamp = b.output(output("lamp"));
    b.rule("Against itself", not(output_is_on(lamp)), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    assert!(!house.log.iter().any(|driven| driven.level.is_on()), "{:?}", house.log);
    assert_eq!(house.live(mins(10)), NOTHING);
    // A hand takes it out of the circle.
    assert_eq!(house.command("lamp", "ON"), ["lamp ON: command by MQTT, until AUTO"]);
    assert_eq!(house.point("lamp").explanation.unwrap().winner, Slot::Manual);
}

#[test]
fn what_holds_itself_holds() {
    let mut b = Builder::new();
    let (lamp, button, stop) = (b.output(output("lamp")), b.input("button"), b.input("stop"));
    let holds = Condition::Any(vec![is_on(button), output_is_on(lamp)]);
    b.rule("Hold", Condition::All(vec![holds, not(is_on(stop))]), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("stop", false);
    house.input("button", false);
    assert_eq!(house.input("button", true), ["lamp ON: Hold"]);
    assert_eq!(house.input("button", false), NOTHING);
    assert_eq!(house.live(mins(10)), NOTHING);
    assert_eq!(house.input("stop", true), ["lamp OFF: nobody asks for anything"]);
    assert_eq!(house.input("stop", false), NOTHING);
}
