//! Levels: lamps that dim, fans with speeds, how much an output was used, locks.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Level, Line, Method, Output, OutputId, OutputKind, PwmChannel, Value};

fn dimmed(id: &str) -> Output {
    Output { line: Some(Line::Pwm(PwmChannel::Pin(18))), ..output(id) }
}

fn percent(level: u8) -> Level {
    Level::new(level).unwrap()
}

fn number(house: &House, point: &str) -> f64 {
    match house.point(point).value {
        Some(Value::Number(number)) => number,
        other => panic!("{point}: {other:?}"),
    }
}

fn text(house: &House, point: &str) -> String {
    house.point(point).text().unwrap()
}

#[test]
fn on_means_the_last_level_also_after_a_restart() {
    let mut b = Builder::new();
    b.output(dimmed("lamp"));
    let mut house = House::new(b.build());
    assert_eq!(house.command("lamp", "ON"), ["lamp ON: command by MQTT, until AUTO"]);
    assert_eq!(house.command("lamp.level", "40"), ["lamp 40 %: command by MQTT, until AUTO"]);
    assert_eq!((text(&house, "lamp"), text(&house, "lamp.level")), ("ON".into(), "40".into()));
    assert_eq!(house.command("lamp", "ON"), NOTHING, "it is on: Home Assistant sends the brightness and then ON");
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF: command by MQTT, until AUTO"]);
    assert_eq!(text(&house, "lamp.level"), "0");
    house.restart(secs(5));
    assert_eq!(house.command("lamp", "TOGGLE"), ["lamp 40 %: command by MQTT, until AUTO"]);
    assert_eq!(house.command("lamp", "70"), ["lamp 70 %: command by MQTT, until AUTO"]);
    assert_eq!(house.command("lamp.level", "AUTO"), ["lamp OFF: nobody asks for anything"]);
    for payload in ["101", "-0", "-101", "ON", "", "4e1"] {
        let refused = ["refused: not a value for this point; write 0 to 100, or AUTO"];
        assert_eq!(house.command("lamp.level", payload), refused, "{payload}");
    }
}

#[test]
fn a_rule_holds_a_level_and_a_relay_knows_only_on_and_off() {
    let mut b = Builder::new();
    let (lamp, relay, motion) = (b.output(dimmed("lamp")), b.output(output("relay")), b.input("motion"));
    b.rule("Night light", is_on(motion), &[(lamp, percent(20)), (relay, percent(20))]);
    let mut house = House::new(b.build());
    assert_eq!(house.input("motion", true), ["lamp 20 %: Night light", "relay ON: Night light"]);
}

#[test]
fn speeds_are_one_relay_each_and_never_two() {
    let mut b = Builder::new();
    let part = |id: &str| Output { method: Method::Part { of: OutputId(0) }, ..output(id) };
    let stages = vec![OutputId(1), OutputId(2), OutputId(3)];
    let fan = Output::plain("fan", OutputKind::Fan, Line::Number(0));
    b.output(Output { line: None, method: Method::Speeds { stages: stages.clone(), kick: secs(2) }, ..fan });
    for id in ["fan.speed_1", "fan.speed_2", "fan.speed_3"] {
        b.output(part(id));
    }
    b.interlock("fan", secs(1), &stages);
    let mut house = House::new(b.build());
    let by = "command by MQTT, until AUTO";
    assert_eq!(
        house.command("fan.level", "30"),
        [format!("fan 33 %: {by}")],
        "all have been off for a second first, and it begins with the highest speed"
    );
    assert_eq!(house.live(secs(1)), [format!("fan.speed_3 ON: {by}")]);
    assert_eq!(
        house.live(secs(2)),
        ["fan.speed_3 OFF: fan does not need it now".into(), format!("fan.speed_1 ON: {by}")]
    );
    assert_eq!(text(&house, "fan.level"), "33");
    assert_eq!(
        house.command("fan", "60"),
        ["fan.speed_1 OFF: fan does not need it now".into(), format!("fan 67 %: {by}")]
    );
    assert_eq!(house.live(secs(1)), [format!("fan.speed_2 ON: {by}")]);
    house.break_wire("fan.speed_2");
    house.command("fan", "OFF");
    assert_eq!(house.point("fan").fault.as_deref(), Some("broken wire"), "what is wrong with a part is shown");
}

#[test]
fn a_kick_start_comes_with_going_on_and_with_nothing_else() {
    let mut b = Builder::new();
    let fan = Output::plain("fan", OutputKind::Fan, Line::Number(0));
    b.output(Output { line: None, method: Method::KickStart { wire: OutputId(1), kick: secs(2) }, ..fan });
    b.output(Output { method: Method::Part { of: OutputId(0) }, ..dimmed("fan.wire") });
    let mut house = House::new(b.build());
    let by = "command by MQTT, until AUTO";
    assert_eq!(house.command("fan.level", "20"), [format!("fan 20 %: {by}"), format!("fan.wire ON: {by}")]);
    assert_eq!(house.live(secs(2)), [format!("fan.wire 20 %: {by}")]);
    assert_eq!(house.command("fan.level", "30"), [format!("fan 30 %: {by}"), format!("fan.wire 30 %: {by}")]);
    house.command("fan", "OFF");
    assert_eq!(house.command("fan", "ON"), [format!("fan 30 %: {by}"), format!("fan.wire ON: {by}")]);
}

#[test]
fn use_and_energy_are_counted_over_restarts() {
    let mut b = Builder::new();
    b.output(Output { power: Some(60.0), ..dimmed("lamp") });
    let mut house = House::new(b.build());
    house.command("lamp", "ON");
    assert_eq!(number(&house, "lamp.power"), 60.0);
    house.live(mins(60));
    house.restart(secs(0));
    house.command("lamp.level", "50");
    assert_eq!(number(&house, "lamp.power"), 30.0);
    house.live(mins(60));
    house.command("lamp", "OFF");
    assert_eq!(text(&house, "lamp.energy"), "0.090");
    house.command("lamp", "ON");
    house.command("lamp", "OFF");
    let usage = house.point("lamp").usage.unwrap();
    assert_eq!((usage.cycles, usage.on_time(house.now.moment)), (2, mins(120)));
}

#[test]
fn a_lock_refuses_commands_and_no_rule() {
    let mut b = Builder::new();
    let (lamp, motion) = (b.output(Output { lock: true, ..output("lamp") }), b.input("motion"));
    b.rule("Motion", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    assert_eq!(house.command("lamp.lock", "ON"), NOTHING);
    let refused = ["refused: lamp is locked; lamp.lock OFF unlocks it"];
    assert_eq!(house.command("lamp", "ON"), refused);
    assert_eq!(house.input("motion", true), ["lamp ON: Motion"]);
    house.restart(secs(1));
    assert_eq!(house.command("lamp", "AUTO"), refused);
    assert_eq!(house.command("lamp.lock", "OFF"), NOTHING);
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF: command by MQTT, until AUTO"]);
}

#[test]
fn a_group_is_what_its_members_are_and_asks_them() {
    let mut b = Builder::new();
    let (one, other) = (b.output(output("one")), b.output(output("other")));
    let group = |id: &str, all| Output {
        line: None,
        method: Method::Group { members: vec![one, other], all },
        ..Output::plain(id, OutputKind::Switch, Line::Number(0))
    };
    b.output(group("any", false));
    b.output(group("both", true));
    let mut house = House::new(b.build());
    house.command("one", "ON");
    assert_eq!((text(&house, "any"), text(&house, "both")), ("ON".into(), "OFF".into()));
    assert_eq!(house.why("any"), "default: 1 of 2 members is on; one is enough");
    assert_eq!(house.why("both"), "default: 1 of 2 members is on; all must be");
    assert_eq!(house.command("both", "TOGGLE"), ["other ON: command by MQTT, until AUTO"]);
    assert_eq!(text(&house, "both"), "ON");
    assert_eq!(house.command("any", "AUTO").len(), 2);
    assert_eq!(text(&house, "any"), "OFF");
}

/// A group becomes what its members are after they are driven; rules hear of it with the next decision, also of a level.
#[test]
fn a_rule_hears_of_the_level_of_a_group() {
    let mut house = House::new(from_text(
        "[outputs.lamp]\nkind = \"light\"\npwm = 18\n[outputs.spot]\nkind = \"light\"\npwm = 19\n\
         [outputs.lights]\nkind = \"group\"\nmembers = [\"lamp\", \"spot\"]\n\
         [[rules]]\nname = \"Tell\"\non = \"lights changes\"\ndo = \"notify changed\"\n",
    ));
    let mut told = |level: &str| {
        let done = [house.command("lamp.level", level), house.wake()].concat();
        done.iter().filter(|line| line.starts_with("notify")).count()
    };
    assert_eq!((told("50"), told("60"), told("60")), (1, 1, 0));
}
