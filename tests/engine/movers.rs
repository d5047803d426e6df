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

/// Of that, what makes it do something.
fn moves(done: Vec<String>) -> Vec<String> {
    presses(done).into_iter().filter(|line| !line.contains(" OFF: ")).collect()
}

/// The device, or the broker, cannot be reached any more.
fn goes_away(house: &mut House) {
    for part in ["open", "close", "stop", "to"] {
        house.break_wire(&format!("blind.{part}"));
        let (output, result) = (format!("blind.{part}").into(), Err("it is away".to_owned()));
        house.send(Event::WireFound { output, level: OFF, result });
    }
}

fn comes_back(house: &mut House) -> Vec<String> {
    house.broken.clear();
    let mut done = Vec::new();
    for part in ["open", "close", "stop", "to"] {
        done.extend(house.send(Event::WireReached { output: format!("blind.{part}").into() }));
    }
    moves(done)
}

const BY_MQTT: &str = "command by MQTT, until AUTO";
const LEFT: &str = "nobody asks for anything, it stays as it is";

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
    assert_eq!(moves(started), NOTHING, "a start moves nothing");
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
fn one_that_goes_the_wrong_way_does_not_follow() {
    let mut house = house();
    house.command("blind", "40");
    tells(&mut house, 100, Some(ON));
    house.live(secs(10));
    assert_eq!(house.point("blind").quality, Quality::Fault, "it goes up, and is to go down");
    assert!(house.point("blind").is_believed(&house.config), "where it is, it says");
    tells(&mut house, 90, Some(OFF));
    assert_eq!(house.point("blind").quality, Quality::Good);
    tells(&mut house, 70, Some(OFF));
    house.command("blind", "OPEN");
    tells(&mut house, 60, Some(OFF));
    house.live(secs(10));
    assert_eq!(house.point("blind").quality, Quality::Fault, "it goes on closing");
    tells(&mut house, 60, Some(ON));
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn what_cannot_be_reached_is_in_fault_and_is_moved_when_it_can() {
    let mut house = house();
    goes_away(&mut house);
    let blind = house.point("blind");
    assert_eq!((blind.quality, blind.fault.as_deref()), (Quality::Fault, Some("it is away")));
    assert!(!blind.is_believed(&house.config), "it was open when it was there");
    assert_eq!(moves(house.input("night", true)), NOTHING);
    assert_eq!(moves(house.input("night", false)), NOTHING, "nobody asks any more");
    assert_eq!(moves(house.input("night", true)), NOTHING);
    let pending = house.engine.reasons_of("blind", house.now).unwrap().pending;
    assert!(pending.iter().any(|pending| pending.what.contains("is left out if it cannot")), "{pending:?}");
    assert_eq!(moves(house.live(secs(599))), NOTHING);
    assert_eq!(comes_back(&mut house), ["blind.close ON: Night"]);
    tells(&mut house, 0, None);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn it_does_not_move_long_after_it_was_asked_to() {
    for (text, waits) in [(BLIND.to_owned(), 600), (gate(), 10)] {
        let mut house = House::new(from_text(&text));
        house.input("night", false);
        tells(&mut house, 0, None);
        goes_away(&mut house);
        assert_eq!(moves(house.command("blind", "OPEN")), NOTHING);
        assert_eq!(moves(house.live(secs(waits))), NOTHING);
        assert_eq!(comes_back(&mut house), NOTHING);
        let blind = house.point("blind");
        let left_out = "its last command could not be published, and is left out: ask again";
        assert_eq!((blind.quality, blind.fault.as_deref()), (Quality::Fault, Some(left_out)));
        assert_eq!(moves(house.live(secs(3600))), NOTHING);
        assert_eq!(presses(house.command("blind", "OPEN")), pressed("open", "ON", BY_MQTT));
        assert_eq!(house.point("blind").quality, Quality::Good);
    }
}

#[test]
fn a_stop_that_comes_too_late_is_none() {
    let mut house = house();
    tells(&mut house, 90, Some(OFF));
    goes_away(&mut house);
    assert_eq!(moves(house.command("blind", "STOP")), NOTHING);
    assert_eq!(comes_back(&mut house), NOTHING);
    assert_eq!(house.point("blind").quality, Quality::Fault, "it still says that it closes");
    tells(&mut house, 0, None);
    assert_eq!(house.point("blind").quality, Quality::Good);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
}

#[test]
fn what_waits_is_not_published_after_a_pause_of_unknown_length() {
    let mut house = house();
    goes_away(&mut house);
    house.command("blind", "CLOSE");
    house.broken.clear();
    let mut known = house.clone();
    assert_eq!(moves(known.restart(secs(60))), [format!("blind.close ON: {BY_MQTT}")]);
    assert_eq!(moves(known.restart(secs(600))), NOTHING);
    assert_eq!(moves(house.restart_without_a_clock()), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
}

#[test]
fn what_was_carried_out_is_not_done_again_after_a_kill() {
    let mut house = house();
    house.keep_every(secs(3600));
    goes_away(&mut house);
    house.command("blind", "CLOSE");
    assert_eq!(comes_back(&mut house), [format!("blind.close ON: {BY_MQTT}")]);
    let mut soon = house.clone();
    soon.restart_from_kept();
    assert_eq!(moves(soon.live(secs(3600))), NOTHING);
    tells(&mut house, 0, None);
    house.restart_from_kept();
    assert_eq!(moves(house.wake()), NOTHING);
    tells(&mut house, 0, None);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(house.point("blind").quality, Quality::Good);
}

#[test]
fn after_a_command_for_a_time_it_goes_back_where_it_was() {
    let mut house = house();
    tells(&mut house, 70, None);
    let hour = Some(secs(3600));
    assert_eq!(moves(house.command_for("blind", "CLOSE", hour)).len(), 1);
    tells(&mut house, 0, None);
    assert_eq!(moves(house.live(secs(3599))), NOTHING);
    assert_eq!(moves(house.live(secs(1))), [format!("blind.to 70 %: {LEFT}")]);
    tells(&mut house, 70, None);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    // Its device is away at that moment.
    house.command_for("blind", "CLOSE", hour);
    tells(&mut house, 0, None);
    goes_away(&mut house);
    assert_eq!(moves(house.live(secs(3660))), NOTHING);
    assert_eq!(comes_back(&mut house), [format!("blind.to 70 %: {LEFT}")]);
}

/// The same as a garage door.
fn gate() -> String {
    BLIND.replace("kind = \"cover\"", "kind = \"cover\"\nclass = \"garage\"")
}

#[test]
fn a_garage_door_closes_because_a_time_is_over_and_does_not_open() {
    let mut house = House::new(from_text(&gate()));
    house.input("night", false);
    tells(&mut house, 0, None);
    let hour = Some(secs(3600));
    house.command_for("blind", "OPEN", hour);
    tells(&mut house, 100, None);
    assert_eq!(moves(house.live(secs(3600))), [format!("blind.close ON: {LEFT}")]);
    tells(&mut house, 0, None);
    for before in [100, 30] {
        house.command("blind", &before.to_string());
        tells(&mut house, before, None);
        house.command_for("blind", "CLOSE", hour);
        tells(&mut house, 0, None);
        assert_eq!(moves(house.live(secs(7200))), NOTHING, "it was at {before}");
    }
}

#[test]
fn groups_and_scenes_move_each_once() {
    let more = "[outputs.shade]\nkind = \"cover\"\nzigbee2mqtt = \"shade\"\n\
                [outputs.all]\nkind = \"group\"\nmembers = [\"blind\", \"shade\"]\n\
                [scenes.cinema]\nset = { blind = \"30 %\", shade = \"closed\" }\n\
                [outputs.lamp]\nkind = \"light\"\ngpio = 6\n\
                [[rules]]\nname = \"Told\"\non = \"all changes\"\ndo = \"toggle lamp\"\n";
    let mut house = House::new(from_text(&BLIND.replace("[[rules]]", &format!("{more}[[rules]]"))));
    house.input("night", false);
    let both = |house: &mut House, blind: u8, shade: u8| {
        let says = |position| CoverSays { position: Level::new(position), towards: None };
        house.tells("blind", says(blind));
        house.tells("shade", says(shade));
    };
    let moves = |done: Vec<String>| -> Vec<String> {
        let is_part = |line: &String| line.contains(".") && !line.contains(" OFF: ") && !line.starts_with("lamp");
        done.into_iter().filter(is_part).map(|line| line[..line.find(':').unwrap()].to_owned()).collect()
    };
    assert_eq!(house.point("all").quality, Quality::Unknown);
    both(&mut house, 0, 0);
    assert_eq!(house.point("all").text().as_deref(), Some("closed"));
    let lamp = house.is_on("lamp");
    assert_eq!(moves(house.command("all", "OPEN")), ["blind.open ON", "shade.open ON"]);
    assert_eq!(house.is_on("lamp"), lamp, "they were told to, and are still closed");
    both(&mut house, 100, 100);
    assert_eq!(house.point("all").text().as_deref(), Some("open"));
    assert_ne!(house.is_on("lamp"), lamp);
    assert_eq!(moves(house.command("scene.cinema", "ON")), ["blind.to 30 %", "shade.close ON"]);
    both(&mut house, 30, 0);
    assert_eq!(house.live(secs(3600)), NOTHING);
    assert_eq!(moves(house.command("all", "TOGGLE")), ["blind.close ON", "shade.close ON"], "one is open");
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
    assert!(done.iter().all(|line| line.contains(" OFF: ")), "{done:?}");
}

#[test]
fn another_device_in_its_place_has_said_nothing() {
    let mut house = house();
    goes_away(&mut house);
    house.command("blind", "CLOSE");
    let other = BLIND.replace("zigbee2mqtt = \"blind\"", "zigbee2mqtt = \"other\"");
    assert_eq!(moves(house.reconfigure(from_text(&other))), NOTHING, "that was for the other");
    house.broken.clear();
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!((house.point("blind").quality, said(&house)), (Quality::Unknown, None));
    tells(&mut house, 100, None);
    assert_eq!(moves(house.command("blind", "AUTO")), NOTHING);
    assert_eq!(moves(house.live(secs(3600))), NOTHING);
    assert_eq!(presses(house.input("night", true)), pressed("close", "ON", "Night"));
}

#[test]
fn an_end_leaves_it_where_it_is() {
    let mut house = house();
    house.command("blind", "40");
    assert_eq!(presses(house.stop()), NOTHING);
}

#[test]
fn a_gate_is_toggled_only_where_somebody_knows_where_it_is() {
    let mut house = House::new(from_text(&gate()));
    house.input("night", false);
    assert_eq!(moves(house.command("blind", "TOGGLE")), NOTHING, "it has told nothing");
    assert_eq!(moves(house.command("blind", "OPEN")), [format!("blind.open ON: {BY_MQTT}")]);
    assert_eq!(moves(house.command("blind", "TOGGLE")), [format!("blind.stop ON: {BY_MQTT}")], "it can be stopped");
    tells(&mut house, 100, None);
    assert_eq!(moves(house.command("blind", "TOGGLE")), [format!("blind.close ON: {BY_MQTT}")]);
    tells(&mut house, 0, None);
    goes_away(&mut house);
    assert_eq!(moves(house.command("blind", "TOGGLE")), NOTHING, "nobody knows what becomes of it meanwhile");
    assert_eq!(comes_back(&mut house), NOTHING);
}

/// Two of them, in a group, and a button on the wall for each and both.
fn pair(class: &str) -> House {
    let more = format!(
        "[outputs.shade]\nkind = \"cover\"\n{class}zigbee2mqtt = \"shade\"\n\
         [outputs.all]\nkind = \"group\"\nmembers = [\"blind\", \"shade\"]\n\
         [inputs.button]\nkind = \"button\"\ngpio = 7\ntoggles = [\"blind\", \"shade\"]\n"
    );
    let one = BLIND.replace("kind = \"cover\"\n", &format!("kind = \"cover\"\n{class}"));
    let mut house = House::new(from_text(&one.replace("[[rules]]", &format!("{more}[[rules]]"))));
    house.input("night", false);
    house.input("button", false);
    house
}

#[test]
fn two_gates_are_stopped_whatever_is_known_of_them() {
    for toggle in ["all", "button"] {
        let mut house = pair("class = \"gate\"\n");
        let toggle = |house: &mut House| match toggle {
            "button" => house.input("button", true),
            group => house.command(group, "TOGGLE"),
        };
        assert_eq!(moves(toggle(&mut house)), NOTHING, "nobody knows which way they would go");
        house.input("button", false);
        tells(&mut house, 50, Some(ON));
        let stopped = moves(toggle(&mut house));
        assert!(stopped.iter().any(|line| line.starts_with("blind.stop ON")), "one that moves is stopped: {stopped:?}");
    }
}

#[test]
fn buttons_toggle_what_tells_nothing_as_commands_do() {
    for toggle in ["all", "button"] {
        let mut house = pair("");
        let parts = |done: Vec<String>| -> Vec<String> {
            let is_part = |line: &String| line.contains('.') && !line.contains(" OFF: ");
            done.into_iter().filter(is_part).map(|line| line[..line.find(':').unwrap()].to_owned()).collect()
        };
        house.command("all", "OPEN");
        house.live(secs(3600));
        assert_eq!(house.point("blind").quality, Quality::Fault, "it has told nothing, and was to open");
        let done = match toggle {
            "button" => house.input("button", true),
            group => house.command(group, "TOGGLE"),
        };
        assert_eq!(parts(done), ["blind.close ON", "shade.close ON"], "by {toggle}");
    }
}

#[test]
fn a_rule_moves_no_gate_because_it_is_new() {
    let mut house = House::new(from_text(&gate()));
    assert_eq!(moves(house.input("night", true)), NOTHING);
    assert_eq!(moves(tells(&mut house, 100, None)), NOTHING);
    house.input("night", false);
    assert_eq!(moves(house.input("night", true)), ["blind.close ON: Night"]);
}

#[test]
fn what_was_away_may_have_moved() {
    let more = "[outputs.lamp]\nkind = \"light\"\ngpio = 6\n[[rules]]\nname = \"Still\"\n\
                while = \"not (blind changed within 5m)\"\nset = { lamp = \"on\" }\n";
    let mut house = House::new(from_text(&format!("{BLIND}{more}")));
    house.input("night", false);
    tells(&mut house, 100, None);
    house.live(secs(600));
    assert!(house.is_on("lamp"));
    goes_away(&mut house);
    assert!(!house.is_on("lamp"));
    comes_back(&mut house);
    tells(&mut house, 100, None);
    house.live(secs(299));
    assert!(!house.is_on("lamp"), "it may have been closed meanwhile");
    house.live(secs(2));
    assert!(house.is_on("lamp"));
}

#[test]
fn what_moved_before_it_was_away_is_not_taken_to_move() {
    let mut house = pair("class = \"gate\"\n");
    tells(&mut house, 50, Some(ON));
    let says = CoverSays { position: Level::new(0), towards: None };
    house.tells("shade", says);
    goes_away(&mut house);
    let done = house.command("all", "TOGGLE");
    assert!(!done.iter().any(|line| line.contains("shade.stop ON")), "{done:?}");
    assert_eq!(house.point("blind").quality, Quality::Fault);
}
