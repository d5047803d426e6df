//! Commands: what they do, how they end, how they are refused.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{InputId, ManualFor, Output, Quality, Value};

/// A lamp with a rule, an input, a room and a sensor.
fn house() -> House {
    let mut b = Builder::new();
    let (lamp, motion) = (b.output(output("hall_light")), b.input("motion"));
    b.output(Output { manual_for: ManualFor::Time(mins(10)), ..output("fan") });
    b.room("hall", &[InputId(0)], mins(5));
    b.sensor("living");
    b.rule("Motion", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(b.build());
    house.input("motion", false);
    house
}

#[test]
fn a_command_beats_rules_until_auto() {
    let mut house = house();
    assert_eq!(house.command("hall_light", "ON"), ["hall_light ON: command by MQTT, until AUTO"]);
    assert_eq!(house.why("hall_light"), "manual: command by MQTT, until AUTO");
    assert_eq!(house.command("hall_light", "OFF"), ["hall_light OFF: command by MQTT, until AUTO"]);
    assert_eq!(house.input("motion", true), NOTHING);
    assert_eq!(house.live(mins(600)), NOTHING);
    assert_eq!(house.command("hall_light", "AUTO"), ["hall_light ON: Motion"]);
    assert_eq!(house.why("hall_light"), "rule: Motion");
    house.input("motion", false);
    assert_eq!(house.why("hall_light"), "default: nobody asks for anything");
}

#[test]
fn toggle_is_the_opposite_of_what_is_asked() {
    let mut house = house();
    house.input("motion", true);
    assert_eq!(house.command("hall_light", "TOGGLE"), ["hall_light OFF: command by MQTT, until AUTO"]);
    assert_eq!(house.command("hall_light", "TOGGLE"), ["hall_light ON: command by MQTT, until AUTO"]);
}

#[test]
fn toggle_within_min_on_counts_what_was_asked_and_not_the_wire() {
    let mut b = Builder::new();
    b.output(Output { min_on: Some(mins(2)), ..output("fan") });
    let mut house = House::new(b.build());
    house.command("fan", "TOGGLE");
    house.command("fan", "TOGGLE");
    assert!(house.is_on("fan"));
    house.command("fan", "TOGGLE");
    assert_eq!(house.live(mins(5)), NOTHING, "asked three times: on");
}

#[test]
fn toggle_after_max_on_asks_for_it_again() {
    let mut b = Builder::new();
    b.output(Output { max_on: Some(mins(2)), ..output("iron") });
    let mut house = House::new(b.build());
    house.command("iron", "ON");
    house.live(mins(3));
    assert_eq!(house.command("iron", "TOGGLE"), ["iron ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_command_ends_with_its_time() {
    let mut house = house();
    house.command_for("hall_light", "ON", Some(mins(2)));
    assert_eq!(house.why("hall_light"), "manual: command by MQTT, until 2026-11-23 13:02:00");
    assert_eq!(house.live(secs(119)), NOTHING);
    assert_eq!(house.live(secs(1)), ["hall_light OFF: nobody asks for anything"]);
}

#[test]
fn manual_for_ends_a_command_that_does_not_say() {
    let mut house = house();
    house.command("fan", "ON");
    assert_eq!(house.live(secs(599)), NOTHING);
    assert_eq!(house.live(secs(1)), ["fan OFF: nobody asks for anything"]);
    house.command_for("fan", "ON", Some(mins(20)));
    assert_eq!(house.live(secs(1_199)), NOTHING, "a command that says is kept");
}

#[test]
fn what_means_nothing_is_refused_and_changes_nothing() {
    let mut house = house();
    let bad_value = "refused: not a value for this point; write ON, OFF, TOGGLE or AUTO";
    for payload in ["on ", "", "NaN", "1e999", "-0", "ON\n", "ON ON", "true", "open", "\u{0}"] {
        assert_eq!(house.command("hall_light", payload), [bad_value], "{payload:?}");
    }
    let no_levels = "refused: hall_light is a relay: ON or OFF, no levels";
    assert_eq!(house.command("hall_light", "40"), [no_levels]);
    assert_eq!(house.command("hall_light", "40"), [no_levels]);
    let read_only = "refused: this point is read, not set";
    for point in ["motion", "living.temperature", "hall.occupied"] {
        assert_eq!(house.command(point, "ON"), [read_only], "{point}");
    }
    assert_eq!(house.command("hall_lihgt", "ON"), ["refused: no such point; did you mean hall_light?"]);
    for point in ["garage", "", "living", "hall_light.colour", &"x".repeat(1_000_000)] {
        assert_eq!(house.command(point, "ON"), ["refused: no such point"]);
    }
    let bad_hold = "refused: a command holds for 1s to 365d";
    for hold in [secs(0), secs(366 * 86_400), std::time::Duration::MAX] {
        assert_eq!(house.command_for("hall_light", "ON", Some(hold)), [bad_hold]);
    }
    assert_eq!(house.why("hall_light"), "default: nobody asks for anything");
    house.stop();
    assert_eq!(house.command("hall_light", "ON"), ["refused: hearthd is stopping"]);
}

#[test]
fn a_storm_of_commands_ends_with_the_last() {
    let mut house = house();
    for _ in 0..5_000 {
        house.command("hall_light", "ON");
        house.command("hall_light", "OFF");
    }
    assert_eq!(house.point("hall_light").value, Some(Value::Level(OFF)));
    assert_eq!(house.point("hall_light").quality, Quality::Good);
}

#[test]
fn a_promise_and_a_timer_are_told_apart() {
    let mut house = house();
    let before = house.engine.revision();
    house.command("nothing", "ON");
    assert_eq!(house.engine.revision(), before);
    house.command("hall_light", "AUTO");
    assert_eq!(house.engine.revision().durable, before.durable + 1);
    let before = house.engine.revision();
    house.reads("living", 20.0);
    assert_eq!(house.engine.revision(), before);
    house.input("motion", true);
    assert!(house.engine.revision().best_effort > before.best_effort);
    assert_eq!(house.engine.revision().durable, before.durable);
}

/// What a point is announced to take, the engine takes, and nothing else.
#[test]
fn what_takes_no_command_is_known_beforehand() {
    let house = House::new(from_text(
        "[modes]\nlist = [\"home\", \"away\"]\n[outputs.lamp]\nkind = \"light\"\npwm = 18\npower = 9\nlock = true\n\
         [outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\nopen_time = \"9s\"\nclose_time = \"9s\"\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 7\n[inputs.motion]\nkind = \"motion\"\ngpio = 8\n\
         [inputs.button]\nkind = \"button\"\ngpio = 9\n[inputs.meter]\nkind = \"counter\"\nmeasures = \"energy\"\ngpio = 10\n\
         [sensors.room]\nchip = \"tmp102\"\naddress = 0x48\n[rooms.hall]\nmotion = [\"motion\"]\n\
         [climate.zone]\nsensor = \"room.temperature\"\nheat = \"heater\"\ntarget = 20\n",
    ));
    let mut taken = 0;
    for point in house.config.points() {
        let name = house.config.point_name(point);
        let refused = house.clone().command(&name, "nonsense");
        let read_only = refused == [format!("refused: {}", hearthd::model::Refusal::ReadOnly)];
        assert_eq!(house.config.is_commanded(point), !read_only, "{name}: {refused:?}");
        taken += usize::from(!read_only);
    }
    assert!((1..house.config.points().count()).contains(&taken), "{taken}");
}
