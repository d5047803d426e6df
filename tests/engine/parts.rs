//! Outputs that work through parts: slow PWM, covers.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Quality, Value};
use std::time::Duration;

const HEATER: &str = "[outputs.heater]\nkind = \"heater\"\ngpio = 17\nslow_pwm = \"10s\"\nmax_on = \"10m\"\n";
const BLIND: &str = "[outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\n\
                     open_time = \"20s\"\nclose_time = \"10s\"\nstop = \"1s\"\n";

fn text(house: &House, point: &str) -> Option<String> {
    house.point(point).text()
}

#[test]
fn slow_pwm_is_on_for_its_share_and_off_with_its_limit() {
    let mut house = House::new(from_text(HEATER));
    let by = "command by MQTT, until AUTO";
    let on = format!("heater.wire ON: {by}");
    let off = "heater.wire OFF: heater does not need it now";
    assert_eq!(house.command("heater.level", "30"), [format!("heater 30 %: {by}"), on.clone()]);
    assert_eq!(house.live(secs(3)), [off]);
    assert_eq!(house.live(secs(7)), [on.as_str()]);
    assert_eq!((text(&house, "heater"), text(&house, "heater.level")), (Some("ON".into()), Some("30".into())));
    house.restart(secs(1));
    assert!(house.is_on("heater.wire"), "what it owes is kept");
    house.live(Duration::from_millis(3_429));
    assert!(!house.is_on("heater.wire"), "and given");
    house.live(mins(30));
    assert_eq!(house.why("heater"), format!("manual: {by}"), "it was never on without a break");
    house.command("heater.level", "100");
    house.live(mins(10));
    assert_eq!(house.why("heater"), "safety: on for its max_on of 10m, off until nothing asks for it any more");
    assert!(!house.is_on("heater.wire"));
    assert_eq!(house.live(mins(10)), NOTHING);
}

#[test]
fn slow_pwm_at_the_ends_does_not_switch() {
    let mut house = House::new(from_text(HEATER));
    assert_eq!(house.command("heater", "ON").len(), 2);
    assert_eq!(house.live(mins(5)), NOTHING);
    assert_eq!(house.command("heater", "OFF").len(), 2);
    assert_eq!(house.live(mins(5)), NOTHING);
}

#[test]
fn a_cover_is_moved_by_time() {
    let mut house = House::new(from_text(BLIND));
    assert_eq!((text(&house, "blind"), text(&house, "blind.position")), (Some("stopped".into()), None));
    assert_eq!(house.point("blind.position").quality, Quality::Unknown);
    let by = "command by MQTT, until AUTO";
    let rested = format!("blind.close ON: {by}");
    assert_eq!(house.command("blind", "CLOSE").last(), None, "it is taken for closed, and rests first");
    assert_eq!(house.live(secs(1)), [rested], "but nobody knows");
    assert_eq!(text(&house, "blind").as_deref(), Some("closing"));
    assert_eq!(house.live(secs(11)), ["blind.close OFF: blind does not need it now"]);
    assert_eq!(
        (text(&house, "blind").as_deref(), text(&house, "blind.position").as_deref()),
        (Some("closed"), Some("0"))
    );

    assert_eq!(house.command("blind.position", "40").len(), 1);
    assert_eq!(house.live(secs(1)), [format!("blind.open ON: {by}")]);
    house.live(secs(4));
    assert_eq!(
        (text(&house, "blind").as_deref(), text(&house, "blind.position").as_deref()),
        (Some("opening"), Some("20"))
    );
    assert_eq!(house.live(secs(4)), ["blind.open OFF: blind does not need it now"]);
    assert_eq!(
        (text(&house, "blind").as_deref(), text(&house, "blind.position").as_deref()),
        (Some("stopped"), Some("40"))
    );
    assert_eq!(house.command("blind", "AUTO"), NOTHING, "when nobody asks it stays");
    assert_eq!(house.why("blind"), "default: nobody asks for anything, it stays as it is");
}

#[test]
fn a_cover_stops_and_turns_round_with_a_rest() {
    let mut house = House::new(from_text(BLIND));
    house.command("blind", "OPEN");
    house.live(secs(30));
    house.command("blind", "CLOSE");
    house.live(secs(4));
    assert_eq!(text(&house, "blind.position").as_deref(), Some("60"));
    let stopped = house.command("blind", "STOP");
    assert_eq!(stopped, ["blind.close OFF: blind does not need it now", "blind 60 %: command by MQTT, until AUTO"]);
    assert_eq!(house.live(mins(1)), NOTHING);
    house.command("blind", "TOGGLE");
    house.live(secs(2));
    assert_eq!(text(&house, "blind").as_deref(), Some("closing"));
    assert_eq!(house.command("blind", "OPEN")[0], "blind.close OFF: blind does not need it now");
    assert_eq!(house.live(Duration::from_millis(999)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["blind.open ON: command by MQTT, until AUTO"]);
}

#[test]
fn a_rule_moves_a_cover_and_where_it_is_can_be_asked() {
    let mut house = House::new(from_text(&format!(
        "{BLIND}[inputs.glare]\nkind = \"contact\"\ngpio = 4\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
         [[rules]]\nname = \"Shade\"\nwhile = \"glare\"\nset = {{ blind = 30 }}\n\
         [[rules]]\nname = \"Lamp\"\nwhile = \"blind.position < 50\"\nset = {{ lamp = \"on\" }}\n"
    )));
    assert_eq!(house.live(mins(1)), NOTHING, "an unknown position turns nothing on");
    house.input("glare", true);
    house.live(mins(1));
    assert_eq!(text(&house, "blind.position").as_deref(), Some("30"));
    assert!(house.is_on("lamp"));
    house.input("glare", false);
    assert_eq!(house.live(mins(1)), NOTHING);
}

#[test]
fn a_stop_on_the_way_and_a_start_go_on_and_a_power_cut_loses_the_position() {
    let mut house = House::new(from_text(BLIND));
    house.command("blind", "OPEN");
    house.live(secs(30));
    house.command("blind.position", "50");
    house.live(secs(3));
    assert!(house.stop().contains(&"blind.close OFF: hearthd is stopping: safe state".to_owned()));
    house.restart(secs(60));
    house.live(secs(10));
    assert_eq!(text(&house, "blind.position").as_deref(), Some("50"));

    house.command("blind.position", "10");
    house.live(secs(2));
    house.power_cut(secs(60));
    assert_eq!(house.point("blind.position").value, None);
    house.live(secs(60));
    assert_eq!(house.point("blind.position").value, Some(Value::Level(hearthd::model::Level::new(10).unwrap())));
}

#[test]
fn a_wire_that_fails_on_the_way_loses_the_position_and_the_other_stays_off() {
    let mut house = House::new(from_text(BLIND));
    house.command("blind", "OPEN");
    house.live(secs(10));
    house.break_wire("blind.open");
    house.command("blind", "CLOSE");
    house.live(secs(30));
    assert!(!house.is_on("blind.close"), "nobody knows whether the other is off");
    assert_eq!(house.point("blind").fault.as_deref(), Some("broken wire"));
    house.mend_wire("blind.open");
    house.live(mins(2));
    assert_eq!(text(&house, "blind").as_deref(), Some("closed"));
}
