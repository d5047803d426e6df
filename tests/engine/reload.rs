//! Reloads: what kept its identity keeps its state.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{ActiveLevel, InputId, Line, Output, OutputId, Owner, SensorId, Value};

/// A house with a lamp by a rule of five minutes and a fan by hysteresis; `more` edits it.
fn config(more: impl FnOnce(&mut Builder)) -> Builder {
    let mut b = Builder::new();
    let (lamp, fan) = (b.output(output("lamp")), b.output(Output { min_on: Some(mins(2)), ..output("fan") }));
    let (door, room) = (b.input("door"), b.sensor("room"));
    b.rule("Door", held(is_on(door), mins(5)), &[(lamp, ON)]);
    b.rule_until("Warm", warmer(room, 26.0), colder(room, 24.0), &[(fan, ON)]);
    more(&mut b);
    b
}

#[test]
fn an_unrelated_edit_drives_nothing_and_keeps_timers_and_hysteresis() {
    let mut house = House::new(config(|_| {}).build());
    house.reads("room", 27.0);
    house.reads("room", 25.0);
    house.input("door", true);
    house.live(mins(1));
    let edited = config(|b| {
        let garden = b.output(output("garden"));
        b.rule("Garden", is_on(InputId(0)), &[(garden, OFF)]);
    });
    assert_eq!(house.reconfigure(edited.build()), ["garden OFF: Garden"], "only what is new");
    house.reads("room", 25.0);
    assert!(house.is_on("fan"), "hysteresis was kept");
    assert_eq!(house.live(secs(60)), NOTHING);
    house.reads("room", 25.0);
    assert_eq!(house.live(secs(60)), NOTHING);
    house.reads("room", 25.0);
    assert_eq!(house.live(secs(60)), NOTHING);
    house.reads("room", 25.0);
    assert_eq!(house.live(secs(60)), ["lamp ON: Door"], "five minutes after the door, not after the edit");
}

#[test]
fn an_edit_elsewhere_in_the_order_keeps_commands_by_name() {
    let mut house = House::new(config(|_| {}).build());
    house.command("lamp", "ON");
    let mut b = Builder::new();
    b.output(output("first"));
    b.output(output("lamp"));
    assert_eq!(house.reconfigure(b.build()), ["first OFF: nobody asks for anything"]);
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until AUTO");
    assert!(house.is_on("lamp"));
}

#[test]
fn a_changed_rule_starts_anew() {
    let rule = |limit: f64| {
        let mut b = Builder::new();
        let (fan, room) = (b.output(output("fan")), b.sensor("room"));
        b.rule_until("Warm", warmer(room, limit), colder(room, 24.0), &[(fan, ON)]);
        b.build()
    };
    let mut house = House::new(rule(26.0));
    house.reads("room", 27.0);
    house.reads("room", 25.0);
    assert_eq!(house.reconfigure(rule(26.5)), ["fan OFF: nobody asks for anything"]);
    assert_eq!(house.reconfigure(rule(24.5)), ["fan ON: Warm"]);
}

#[test]
fn a_renamed_rule_is_named_in_the_explanation() {
    let rule = |name: &str| {
        let mut b = Builder::new();
        let (lamp, switch) = (b.output(output("lamp")), b.input("switch"));
        b.rule(name, is_on(switch), &[(lamp, ON)]);
        b.build()
    };
    let mut house = House::new(rule("Old name"));
    house.input("switch", true);
    assert_eq!(house.reconfigure(rule("New name")), NOTHING);
    assert_eq!(house.why("lamp"), "rule: New name");
}

#[test]
fn a_removed_output_is_forgotten() {
    let mut house = House::new(config(|_| {}).build());
    house.command("lamp", "ON");
    let mut b = Builder::new();
    b.output(output("fan"));
    assert_eq!(house.reconfigure(b.build()), NOTHING);
    assert_eq!(house.command("lamp", "ON"), ["refused: no such point"]);
    assert_eq!(house.reconfigure(config(|_| {}).build()), ["lamp OFF: nobody asks for anything"]);
}

#[test]
fn an_output_on_another_wire_keeps_its_state_and_is_driven_there() {
    let moved = |line: &str, active| {
        let mut b = Builder::new();
        b.output(Output { line: Some(Line::Named(line.into())), active, ..output("lamp") });
        b.build()
    };
    let mut house = House::new(moved("GPIO17", ActiveLevel::High));
    house.command("lamp", "ON");
    let driven = ["lamp ON: command by MQTT, until AUTO"];
    assert_eq!(house.reconfigure(moved("GPIO27", ActiveLevel::High)), driven);
    assert_eq!(house.reconfigure(moved("GPIO27", ActiveLevel::Low)), driven);
    assert_eq!(house.reconfigure(moved("GPIO27", ActiveLevel::Low)), NOTHING);
    assert_eq!(house.engine.start_level(OutputId(0)), ON);
}

#[test]
fn a_reload_keeps_what_is_wrong_with_a_wire_and_the_stop() {
    let mut house = House::new(config(|_| {}).build());
    house.break_wire("lamp");
    house.command("lamp", "ON");
    let edited = config(|b| {
        b.output(output("garden"));
    });
    assert_eq!(house.reconfigure(edited.build()), ["garden OFF: nobody asks for anything"]);
    assert!(house.point("lamp").fault.is_some());
    house.stop();
    house.reconfigure(config(|_| {}).build());
    assert_eq!(house.command("lamp", "ON"), ["refused: hearthd is stopping"]);
}

#[test]
fn news_of_what_is_not_there_is_dropped() {
    let mut house = House::new(config(|_| {}).build());
    assert_eq!(house.input("nobody", true), NOTHING);
    assert_eq!(house.reads("nobody", 20.0), NOTHING);
    assert_eq!(house.read_fails("nobody", true), NOTHING);
}

/// The house of [`config`] with other names for a lamp, a door and a thermometer.
fn renamed() -> std::sync::Arc<hearthd::model::Config> {
    let mut config = (*config(|_| {}).build()).clone();
    config.outputs[0].id = "light".into();
    config.inputs[0].id = "gate".into();
    config.sensors[0].id = "probe".into();
    let was = |owner, id: &str| (owner, vec![id.into()]);
    config.renamed = vec![
        was(Owner::Output(OutputId(0)), "lamp"),
        was(Owner::Input(InputId(0)), "door"),
        was(Owner::Sensor(SensorId(0)), "room"),
    ];
    config.into()
}

#[test]
fn what_was_renamed_goes_on_at_a_reload_and_at_a_start() {
    for is_reload in [true, false] {
        let mut house = House::new(config(|_| {}).build());
        house.input("door", true);
        house.reads("room", 27.0);
        house.command("lamp", "ON");
        house.live(mins(1));
        house.reads("room", 25.0);
        if is_reload {
            assert_eq!(house.reconfigure(renamed()), NOTHING, "no wire is driven");
        } else {
            let memory = house.engine.memory(house.now);
            house = House::start(renamed(), Some(memory), house.now);
        }
        assert_eq!(house.why("light"), "manual: command by MQTT, until AUTO");
        assert!(house.is_on("light") && house.is_on("fan"), "{is_reload}");
        assert_eq!(house.point("probe.temperature").value, Some(Value::Number(25.0)));
        house.command("light", "AUTO");
        assert!(!house.is_on("light"));
        house.reads("probe", 25.0);
        house.input("gate", true);
        assert_eq!(house.live(secs(60)), NOTHING);
        // What it has under its new name counts from now on, also if the old one comes back.
        house.command("light", "ON");
        let mut memory = serde_json::to_value(house.engine.memory(house.now)).unwrap();
        assert_eq!(memory["outputs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["fan", "light"]);
        let mut stale = memory["outputs"]["light"].clone();
        stale["manual"] = serde_json::Value::Null;
        memory["outputs"]["lamp"] = stale;
        let house = House::start(renamed(), Some(serde_json::from_value(memory).unwrap()), house.now);
        assert_eq!(house.why("light"), "manual: command by MQTT, until AUTO");
    }
}

/// One output is taken away, and another gets its name.
#[test]
fn a_name_that_something_else_had_brings_nothing_of_it() {
    let mut house = House::new(config(|_| {}).build());
    house.command("fan", "ON");
    assert!(house.is_on("fan"));
    let mut b = Builder::new();
    b.output(output("lamp"));
    let mut config = (*b.build()).clone();
    config.outputs[0].id = "fan".into();
    config.renamed = vec![(Owner::Output(OutputId(0)), vec!["lamp".into()])];
    house.reconfigure(config.into());
    assert!(!house.is_on("fan"), "the lamp was off");
    assert_eq!(house.why("fan"), "default: nobody asks for anything");
}
