//! Covers on the broker, which move by themselves and tell where they are.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{CoverSays, Event, Level, Quality};

const BLIND: &str = "[mqtt]\nurl = \"mqtt://localhost\"\n[inputs.night]\nkind = \"switch\"\ngpio = 5\n\
                     [outputs.blind]\nkind = \"cover\"\nzigbee2mqtt = \"blind\"\n\
                     [[rules]]\nname = \"Night\"\nwhile = \"night\"\nset = { blind = \"closed\" }\n";

fn house() -> House {
    let mut house = House::new(from_text(BLIND));
    assert_eq!(house.input("night", false), NOTHING);
    assert_eq!((said(&house), house.point("blind").quality), (None, Quality::Unknown));
    assert_eq!(tells(&mut house, 100, None), NOTHING);
    assert_eq!(said(&house).as_deref(), Some("open"));
    house
}

fn tells(house: &mut House, position: u8, towards: Option<Level>) -> Vec<String> {
    let says = CoverSays { position: Level::new(position), towards };
    house.send(Event::CoverTold { output: "blind".into(), says })
}

fn said(house: &House) -> Option<String> {
    house.point("blind").text()
}

fn pressed(part: &str, level: &str, why: &str) -> Vec<String> {
    vec![format!("blind.{part} {level}: {why}"), format!("blind.{part} OFF: blind does not need it now")]
}

/// What went to its topics.
fn presses(done: Vec<String>) -> Vec<String> {
    done.into_iter().filter(|line| line.starts_with("blind.")).collect()
}

const BY_MQTT: &str = "command by MQTT, until AUTO";

#[test]
fn each_command_is_one_press_and_what_it_tells_is_where_it_is() {
    let mut house = house();
    assert_eq!(presses(house.command("blind", "CLOSE")), pressed("close", "ON", BY_MQTT));
    assert_eq!(tells(&mut house, 80, Some(OFF)), NOTHING);
    assert_eq!(
        (said(&house).as_deref(), house.point("blind.position").text().as_deref()),
        (Some("closing"), Some("80"))
    );
    assert_eq!(presses(house.command("blind", "STOP")), pressed("stop", "ON", BY_MQTT));
    assert_eq!(tells(&mut house, 75, None), NOTHING);
    assert_eq!(said(&house).as_deref(), Some("stopped"));
    assert_eq!(presses(house.command("blind", "40")), pressed("to", "40 %", BY_MQTT));
    assert_eq!(tells(&mut house, 41, None), NOTHING);
    assert_eq!(presses(house.command("blind", "+10")), pressed("to", "51 %", BY_MQTT));
    tells(&mut house, 51, None);
    assert_eq!(presses(house.command("blind", "TOGGLE")), pressed("close", "ON", BY_MQTT));
    tells(&mut house, 30, Some(OFF));
    assert_eq!(presses(house.command("blind", "TOGGLE")), pressed("stop", "ON", BY_MQTT), "on its way it is stopped");
    tells(&mut house, 0, None);
    assert_eq!(presses(house.command("blind", "OPEN")), pressed("open", "ON", BY_MQTT));
    tells(&mut house, 100, None);
    assert_eq!(house.live(secs(3600)), NOTHING);
    assert_eq!(house.point("blind").fault, None);
}

#[test]
fn whoever_moves_it_is_not_fought_and_a_rule_asks_once() {
    let mut house = house();
    assert_eq!(presses(house.input("night", true)), pressed("close", "ON", "Night"));
    tells(&mut house, 0, None);
    assert_eq!(tells(&mut house, 60, None), NOTHING, "somebody opened it by its own switch");
    assert_eq!(house.live(secs(3600)), NOTHING);
    let started = house.restart(secs(5));
    assert!(started.iter().all(|line| !line.contains(" ON:")), "a start moves nothing: {started:?}");
    tells(&mut house, 60, None);
    assert_eq!(house.live(secs(60)), NOTHING);
    assert_eq!(presses(house.input("night", false)), NOTHING);
    assert_eq!(presses(house.input("night", true)), pressed("close", "ON", "Night"), "the next night");
}

#[test]
fn one_that_does_not_follow_is_in_fault_until_it_does_or_is_asked_again() {
    let mut house = house();
    house.command("blind", "CLOSE");
    let pending = house.engine.reasons_of("blind", house.now).unwrap().pending;
    assert!(pending.iter().any(|pending| pending.what.contains("it moves, or is in fault")), "{pending:?}");
    assert_eq!(house.live(secs(9)), NOTHING);
    assert_eq!(house.point("blind").quality, Quality::Good);
    assert_eq!(house.live(secs(1)), NOTHING);
    let blind = house.point("blind");
    assert_eq!(blind.quality, Quality::Fault);
    assert_eq!(blind.fault.as_deref(), Some("zigbee2mqtt/blind does not follow: it says open 10s after the command"));
    assert_eq!(house.live(secs(3600)), NOTHING, "it is not moved hours later");
    tells(&mut house, 90, Some(OFF));
    assert_eq!(house.point("blind").quality, Quality::Good, "late is better than never");
    tells(&mut house, 90, None);
    assert_eq!(house.point("blind").quality, Quality::Good, "stopped by somebody");
    house.command("blind", "CLOSE");
    house.live(secs(60));
    assert_eq!(house.point("blind").quality, Quality::Fault);
    assert_eq!(presses(house.command("blind", "OPEN")), pressed("open", "ON", BY_MQTT));
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn one_that_never_says_that_it_moves_follows_when_it_comes_nearer() {
    let mut house = house();
    house.command("blind", "CLOSE");
    house.live(secs(5));
    assert_eq!(tells(&mut house, 80, None), NOTHING);
    assert_eq!(house.live(secs(60)), NOTHING);
    assert_eq!((said(&house).as_deref(), house.point("blind").quality), (Some("stopped"), Quality::Good));
    house.command("blind", "CLOSE");
    tells(&mut house, 90, None);
    house.live(secs(10));
    assert_eq!(house.point("blind").quality, Quality::Fault, "the other way");
    tells(&mut house, 85, None);
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn what_cannot_be_reached_is_in_fault_and_is_moved_when_it_can() {
    let mut house = house();
    for part in ["open", "close", "stop", "to"] {
        house.break_wire(&format!("blind.{part}"));
        let (output, result) = (format!("blind.{part}").into(), Err("it is away".to_owned()));
        house.send(Event::WireFound { output, level: OFF, result });
    }
    let blind = house.point("blind");
    assert_eq!((blind.quality, blind.fault.as_deref()), (Quality::Fault, Some("it is away")));
    assert_eq!(presses(house.input("night", true)), NOTHING);
    assert_eq!(presses(house.input("night", false)), NOTHING, "nobody asks any more");
    assert_eq!(presses(house.input("night", true)), NOTHING);
    for part in ["open", "close", "stop", "to"] {
        house.mend_wire(&format!("blind.{part}"));
    }
    let done = presses(house.live(secs(120)));
    assert!(done.contains(&"blind.close ON: Night".to_owned()), "{done:?}");
    assert_eq!(done.iter().filter(|line| !line.contains("OFF")).count(), 1, "{done:?}");
}

#[test]
fn what_nobody_asks_any_more_when_it_can_be_reached_is_left_out() {
    let mut house = house();
    house.break_wire("blind.stop");
    house.send(Event::WireFound { output: "blind.stop".into(), level: OFF, result: Err("it is away".into()) });
    assert_eq!(presses(house.input("night", true)), NOTHING);
    house.input("night", false);
    house.mend_wire("blind.stop");
    let done = house.live(secs(600));
    assert!(done.iter().all(|line| !line.contains(" ON:")), "{done:?}");
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn without_positions_it_is_open_or_closed() {
    let text = BLIND.replace("\"blind\"\n[[", "\"blind\"\nlevels = false\n[[");
    let mut house = House::new(from_text(&text));
    house.input("night", false);
    let says = |house: &mut House, position, towards| {
        house.send(Event::CoverTold { output: "blind".into(), says: CoverSays { position, towards } })
    };
    says(&mut house, Some(ON), None);
    assert_eq!(presses(house.command("blind", "40")), NOTHING, "refused");
    assert_eq!(presses(house.command("blind", "CLOSE")), pressed("close", "ON", BY_MQTT));
    says(&mut house, None, Some(OFF));
    assert_eq!(said(&house).as_deref(), Some("closing"));
    says(&mut house, Some(OFF), None);
    assert_eq!(said(&house).as_deref(), Some("closed"));
    assert_eq!(presses(house.command("blind", "TOGGLE")), pressed("open", "ON", BY_MQTT));
}

#[test]
fn a_new_name_and_other_rules_leave_it_where_it_is() {
    let mut house = house();
    house.command("blind", "CLOSE");
    tells(&mut house, 0, None);
    let renamed =
        BLIND.replace("[outputs.blind]", "[outputs.shade]\nwas = \"blind\"").replace("blind = \"cl", "shade = \"cl");
    assert_eq!(presses(house.reconfigure(from_text(&renamed))), NOTHING);
    let shade = house.point("shade");
    assert_eq!((shade.text().as_deref(), shade.quality), (Some("closed"), Quality::Good));
    let done = house.live(secs(3600));
    assert!(done.iter().all(|line| !line.contains(" ON:")), "{done:?}");
}

#[test]
fn an_end_leaves_it_where_it_is() {
    let mut house = house();
    house.command("blind", "40");
    assert_eq!(presses(house.stop()), NOTHING);
}
