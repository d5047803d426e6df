//! Doors with one button.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Level, Quality};
use std::time::Duration;

const GARAGE: &str = "[inputs.shut]\nkind = \"door\"\ngpio = 5\n[inputs.up]\nkind = \"switch\"\ngpio = 6\n\
                      [outputs.garage]\nkind = \"cover\"\nbutton_gpio = 17\nclosed_switch = \"shut\"\n\
                      open_switch = \"up\"\nopen_time = \"10s\"\nclose_time = \"20s\"\n";
const PRESSED: &str = "garage.button ON: command by MQTT, until AUTO";
const RELEASED: &str = "garage.button OFF: garage does not need it now";

fn closed_garage() -> House {
    let mut house = House::new(from_text(GARAGE));
    house.input("shut", false);
    house.input("up", false);
    house.live(secs(20));
    house
}

fn said(house: &House) -> Option<String> {
    house.point("garage").text()
}

fn half_a_second() -> Duration {
    Duration::from_millis(500)
}

#[test]
fn one_press_moves_a_door_and_its_switches_tell_where_it_is() {
    let mut house = closed_garage();
    assert_eq!(house.command("garage", "OPEN"), ["garage ON: command by MQTT, until AUTO", PRESSED]);
    assert_eq!(said(&house).as_deref(), Some("opening"));
    assert_eq!(house.live(half_a_second()), [RELEASED]);
    house.input("shut", true);
    assert_eq!(house.live(secs(8)), NOTHING);
    assert_eq!(house.input("up", true), NOTHING);
    assert_eq!(said(&house).as_deref(), Some("open"));
    assert_eq!(house.command("garage", "OPEN"), NOTHING, "it is");
    assert_eq!(house.command("garage", "STOP"), NOTHING, "it stands");

    house.input("up", false);
    assert_eq!(said(&house).as_deref(), Some("closing"), "by somebody else");
    assert_eq!(house.command("garage", "STOP"), [PRESSED]);
    assert_eq!(said(&house).as_deref(), Some("stopped"));
    house.live(secs(60));
    assert_eq!((said(&house).as_deref(), house.point("garage").fault), (Some("stopped"), None));
}

#[test]
fn what_is_asked_on_the_way_waits_for_the_end() {
    let mut house = closed_garage();
    house.command("garage", "OPEN");
    house.live(secs(1));
    house.input("shut", true);
    assert_eq!(house.command("garage", "CLOSE"), ["garage OFF: command by MQTT, until AUTO"]);
    let pending = house.engine.reasons_of("garage", house.now).unwrap().pending;
    assert_eq!(pending[0].what, "it is open, or in fault");
    house.live(secs(8));
    assert_eq!(house.input("up", true), NOTHING, "its motor still runs: a press would stop it");
    assert_eq!(house.live(Duration::from_millis(1999)), NOTHING);
    assert_eq!(said(&house).as_deref(), Some("open"));
    assert_eq!(house.live(Duration::from_millis(1)), [PRESSED]);
    assert_eq!(said(&house).as_deref(), Some("closing"));
}

#[test]
fn without_a_switch_there_it_rests_at_the_end_too_before_it_is_pressed_again() {
    let mut house = House::new(from_text(&GARAGE.replace("open_switch = \"up\"\n", "")));
    house.input("shut", false);
    house.live(secs(20));
    house.command("garage", "OPEN");
    house.input("shut", true);
    house.command("garage", "CLOSE");
    assert_eq!(house.live(secs(11)), [RELEASED]);
    assert_eq!(house.live(secs(1)), [PRESSED]);
}

#[test]
fn what_nobody_asks_any_more_is_not_pressed_at_the_end() {
    let night = "[inputs.night]\nkind = \"switch\"\ngpio = 7\n\
                 [[rules]]\nname = \"Shut\"\nwhile = \"night\"\nset = { garage = \"closed\" }\n";
    let is_closed_again = |then: &[&dyn Fn(&mut House)]| {
        let mut house = House::new(from_text(&format!("{GARAGE}{night}")));
        for input in ["shut", "up", "night"] {
            house.input(input, false);
        }
        house.live(secs(20));
        house.command("garage", "OPEN");
        house.command("garage", "AUTO");
        house.live(secs(1));
        house.input("shut", true);
        for what in then {
            what(&mut house);
            house.live(secs(1));
        }
        house.input("up", true);
        house.live(secs(60));
        house.log.iter().filter(|driven| &*driven.output == "garage.button" && driven.level.is_on()).count() > 1
    };
    let input = |on| move |house: &mut House| drop(house.input("night", on));
    let command = |word| move |house: &mut House| drop(house.command("garage", word));
    let fails = |house: &mut House| drop(house.input_fails("night"));
    assert!(is_closed_again(&[&input(true)]));
    assert!(!is_closed_again(&[&input(true), &input(false)]), "a rule that no longer asks");
    assert!(!is_closed_again(&[&input(true), &fails]), "a rule of which nobody knows whether it asks");
    assert!(is_closed_again(&[&input(true), &fails, &input(true)]), "and that asks after all");
    assert!(is_closed_again(&[&command("CLOSE")]));
    assert!(!is_closed_again(&[&command("CLOSE"), &command("AUTO")]), "a command that was taken back");
}

#[test]
fn what_was_pressed_from_half_way_is_brought_to_its_end_though_nobody_asks_any_more() {
    let mut house = House::new(from_text(GARAGE));
    for input in ["shut", "up"] {
        house.input(input, true);
    }
    house.live(secs(20));
    for word in ["CLOSE", "STOP", "CLOSE", "AUTO"] {
        house.command("garage", word);
        house.live(secs(2));
        house.input("up", false);
    }
    // It had been closing, so the press opens it.
    house.input("up", true);
    house.live(secs(10));
    let pressed = house.log.iter().filter(|driven| &*driven.output == "garage.button" && driven.level.is_on());
    assert_eq!(pressed.count(), 4, "and once more, to close it");
}

#[test]
fn after_a_time_a_door_goes_back_to_closed_at_most() {
    let mut house = closed_garage();
    house.command_for("garage", "OPEN", Some(secs(5)));
    house.input("shut", true);
    assert_eq!(house.live(secs(6)), [RELEASED, "garage OFF: nobody asks for anything, it stays as it is"]);
    house.input("up", true);
    assert_eq!(house.live(secs(1)), NOTHING, "it is open");
    assert_eq!(house.live(secs(1)), ["garage.button ON: nobody asks for anything, it stays as it is"]);
    house.input("up", false);
    house.input("shut", false);
    house.live(secs(5));

    house.command("garage", "OPEN");
    house.live(secs(1));
    house.input("shut", true);
    house.input("up", true);
    house.live(secs(5));
    house.command_for("garage", "CLOSE", Some(mins(1)));
    house.input("up", false);
    house.live(secs(10));
    house.input("shut", false);
    house.live(mins(10));
    assert!(!house.is_on("garage.button") && said(&house).as_deref() == Some("closed"));
    let on = house.log.iter().filter(|driven| &*driven.output == "garage.button" && driven.level.is_on());
    assert_eq!(on.count(), 4);
}

#[test]
fn a_door_that_does_not_arrive_is_in_fault_and_is_not_pressed_again() {
    let mut house = closed_garage();
    house.command("garage", "OPEN");
    house.live(secs(14));
    let door = house.point("garage");
    assert_eq!(door.fault.as_deref(), Some("its button was pressed, and after 14s it is still closed"));
    assert_eq!((door.text().as_deref(), door.quality), (Some("closed"), Quality::Fault));
    assert!(door.is_believed(&house.config));
    assert_eq!(house.live(mins(10)), NOTHING);
    house.input("shut", true);
    assert_eq!(house.point("garage").quality, Quality::Good, "it moves after all");
    house.input("up", true);

    house.live(secs(2));
    house.command("garage", "CLOSE");
    house.input("up", false);
    house.live(secs(26));
    assert_eq!(house.point("garage").fault.as_deref(), Some("it did not reach its closed end within 26s"));
    assert_eq!(house.live(mins(10)), NOTHING);
    assert_eq!(house.command("garage", "CLOSE"), [PRESSED], "asked once more");
}

#[test]
fn a_switch_that_tells_late_that_a_stopped_door_left_is_no_move() {
    let mut house = closed_garage();
    house.command("garage", "OPEN");
    house.live(secs(1));
    assert_eq!(house.command("garage", "STOP"), ["garage OFF: command by MQTT, until AUTO", PRESSED]);
    house.live(secs(1));
    house.input("shut", true);
    assert_eq!(said(&house).as_deref(), Some("stopped"));
    house.live(secs(2));
    house.input("shut", false);
    house.input("shut", true);
    assert_eq!(said(&house).as_deref(), Some("opening"), "by somebody else");
}

#[test]
fn where_nobody_knows_where_it_is_it_is_not_moved() {
    let mut house = closed_garage();
    house.input_fails("shut");
    assert_eq!((house.point("garage").quality, said(&house)), (Quality::Unknown, None));
    let refused = "refused: nobody knows where garage is: an end switch does not tell, or both say that it is there";
    assert_eq!(house.command("garage", "OPEN"), [refused]);
    house.input("shut", false);
    assert_eq!(house.live(mins(1)), NOTHING, "it was refused");
    house.input("up", true);
    let door = house.point("garage");
    let both = "both of its end switches say that it is there; a magnet contact at the open end is an input of kind \"switch\"";
    assert_eq!(door.fault.as_deref(), Some(both));
    assert!(door.value.is_none() && !door.is_believed(&house.config));
    assert_eq!(house.command("garage", "CLOSE"), [refused]);
}

#[test]
fn a_button_that_could_not_be_pressed_is_not_pressed_late() {
    let mut house = closed_garage();
    house.break_wire("garage.button");
    house.command("garage", "OPEN");
    assert_eq!(said(&house).as_deref(), Some("closed"));
    house.mend_wire("garage.button");
    assert_eq!(house.live(mins(10)).iter().filter(|done| done.contains("ON")).count(), 0);
    assert!(!house.is_on("garage.button"));
    house.command("garage", "OPEN");
    assert!(house.is_on("garage.button"));
}

#[test]
fn a_door_changes_when_its_switches_say_so_whatever_was_asked() {
    let mut house = House::new(from_text(&format!(
        "{GARAGE}[outputs.lamp]\nkind = \"light\"\ngpio = 20\n\
         [[rules]]\nname = \"Open\"\non = \"garage changes\"\ndo = \"toggle lamp\"\n"
    )));
    house.input("shut", false);
    house.input("up", false);
    house.live(secs(20));
    house.command("garage", "OPEN");
    house.live(secs(5));
    assert_eq!(house.wires["lamp"], Level::OFF, "it is pressed, and does not move yet");
    house.input("shut", true);
    assert_eq!(house.wires["lamp"], Level::ON);
    // By its remote.
    house.input("up", true);
    house.live(mins(1));
    house.input("up", false);
    house.live(secs(10));
    assert_eq!(house.wires["lamp"], Level::ON, "not closed yet");
    house.input("shut", false);
    assert_eq!(house.wires["lamp"], Level::OFF);
}

#[test]
fn a_rule_moves_a_door_again_that_somebody_else_moved() {
    let mut house = House::new(from_text(&format!(
        "{GARAGE}[inputs.night]\nkind = \"switch\"\ngpio = 7\n\
         [[rules]]\nname = \"Shut\"\nwhile = \"night\"\nset = {{ garage = \"closed\" }}\n"
    )));
    house.input("shut", true);
    house.input("up", true);
    house.input("night", true);
    assert_eq!(house.live(mins(1)), NOTHING, "at a start, what rules ask is taken for done");
    house.restart(Duration::ZERO);
    assert_eq!(house.read_again().iter().chain(&house.live(mins(1))).count(), 0, "and at the next");
    house.input("night", false);
    assert_eq!(house.input("night", true), ["garage.button ON: Shut"]);
    house.stop();
    house.restart(secs(1));
    house.read_again();
    assert_eq!(house.wires["garage.button"], Level::OFF);
    assert_eq!(house.live(mins(1)), NOTHING);
}

#[test]
fn a_toggle_goes_by_where_it_is_and_a_press_does_not_move_to_another_wire() {
    let wall = "[outputs.doors]\nkind = \"group\"\nmembers = [\"garage\"]\n\
                [inputs.wall]\nkind = \"button\"\ngpio = 8\ntoggles = [\"garage\"]\n";
    let config = |gpio: &str| from_text(&format!("{GARAGE}{wall}").replace("button_gpio = 17", gpio));
    let mut house = House::new(config("button_gpio = 17"));
    for (input, active) in [("shut", false), ("up", false), ("wall", false)] {
        house.input(input, active);
    }
    house.live(secs(20));
    house.command("garage", "OPEN");
    house.live(secs(1));
    house.input("shut", true);
    house.input("up", true);
    // It is shut by somebody else.
    house.input("up", false);
    house.live(secs(19));
    house.input("shut", false);
    house.live(secs(2));
    assert!(
        house.input("wall", true).iter().any(|done| done.starts_with("garage.button ON")),
        "it was asked to be open"
    );
    house.live(secs(1));
    house.input("shut", true);
    house.input("up", true);
    house.live(secs(2));
    assert!(house.command("doors", "TOGGLE").contains(&PRESSED.to_owned()));
    assert_eq!(house.point("doors").text().as_deref(), Some("closing"));
    house.reconfigure(config("button_gpio = 27"));
    house.live(mins(1));
    let on = house.log.iter().filter(|driven| &*driven.output == "garage.button" && driven.level.is_on());
    assert_eq!(on.count(), 3);
}

#[test]
fn the_outlook_takes_a_door_to_arrive() {
    let mut house = House::new(from_text(&format!(
        "{GARAGE}[[rules]]\nname = \"Shut\"\nwhile = \"time between 13:30 and 14:00\"\nset = {{ garage = \"closed\" }}\n"
    )));
    house.input("shut", true);
    house.input("up", true);
    house.live(mins(1));
    let expected = house.engine.outlook(house.now).changes.into_iter().map(|change| change.next.value);
    assert_eq!(expected.collect::<Vec<_>>(), ["closing", "closed"]);
    assert_eq!(said(&house).as_deref(), Some("open"));
}

/// How often the button was pressed.
fn presses(house: &House) -> usize {
    house.log.iter().filter(|driven| &*driven.output == "garage.button" && driven.level.is_on()).count()
}

const SHUT_AT_NIGHT: &str = "[inputs.night]\nkind = \"switch\"\ngpio = 7\n\
                             [[rules]]\nname = \"Shut\"\nwhile = \"night\"\nset = { garage = \"closed\" }\n";

/// A door that is open, with a rule that shuts it at night.
fn open_by_day() -> House {
    let mut house = House::new(from_text(&format!("{GARAGE}{SHUT_AT_NIGHT}")));
    for (input, active) in [("shut", true), ("up", true), ("night", false)] {
        house.input(input, active);
    }
    house.live(secs(20));
    house
}

#[test]
fn what_turns_back_on_the_right_way_from_half_open_is_not_pressed_again() {
    let mut house = closed_garage();
    house.command("garage", "OPEN");
    house.live(secs(1));
    house.input("shut", true);
    house.command("garage", "STOP");
    house.live(secs(5));
    // It was opening, so the next press closes it.
    assert!(house.command("garage", "CLOSE").contains(&PRESSED.to_owned()));
    assert_eq!(said(&house).as_deref(), Some("closing"));
    house.live(secs(2));
    // A light barrier opens it again.
    house.input("up", true);
    house.live(mins(5));
    assert_eq!(presses(&house), 3);
    let fault = "it turned back before it was closed: something may be in its way";
    assert_eq!(house.point("garage").fault.as_deref(), Some(fault));
    assert_eq!(said(&house).as_deref(), Some("open"));
    house.command("garage", "CLOSE");
    assert_eq!((presses(&house), house.point("garage").fault), (4, None), "asked once more");
}

#[test]
fn what_a_rule_asks_while_its_switches_do_not_tell_is_said_and_done_later() {
    let mut house = open_by_day();
    house.input_fails("up");
    house.input_fails("shut");
    house.live(mins(5));
    house.input("night", true);
    let door = house.point("garage");
    let fault = "it is to be closed, and its end switches do not tell where it is";
    assert_eq!((door.fault.as_deref(), door.quality, door.value), (Some(fault), Quality::Fault, None));
    assert_eq!(house.live(mins(60)), NOTHING);
    house.input("shut", true);
    assert_eq!(house.input("up", true), NOTHING, "whoever mended them may still be there");
    assert_eq!(house.point("garage").fault, None);
    let pending = house.engine.reasons_of("garage", house.now).unwrap().pending;
    assert_eq!(pending[0].what, "it is moved: its end switches tell again where it is");
    assert_eq!(house.live(secs(9)), NOTHING);
    assert_eq!(house.live(secs(1)), ["garage.button ON: Shut"]);
}

#[test]
fn what_is_not_asked_any_more_when_its_switches_tell_again_is_not_done() {
    let mut house = open_by_day();
    house.input_fails("up");
    house.input_fails("shut");
    house.input("night", true);
    house.input("night", false);
    assert_eq!(house.point("garage").fault, None);
    house.input("shut", true);
    house.input("up", true);
    house.live(mins(5));
    assert_eq!(presses(&house), 0);
}

#[test]
fn what_is_there_when_its_switches_tell_again_is_not_pressed() {
    let mut house = open_by_day();
    house.input_fails("up");
    house.input_fails("shut");
    house.input("night", true);
    house.input("up", false);
    house.input("shut", false);
    house.live(mins(5));
    assert_eq!((presses(&house), said(&house).as_deref()), (0, Some("closed")));
}

#[test]
fn a_door_that_was_moved_while_nobody_looked_does_not_move() {
    for is_restart in [true, false] {
        let mut house = closed_garage();
        if is_restart {
            house.power_cut(mins(60));
        } else {
            house.input_fails("shut");
            house.live(mins(60));
        }
        house.input("shut", true);
        house.input("up", false);
        assert_eq!(said(&house).as_deref(), Some("stopped"), "{is_restart}");
        house.input("up", true);
        house.input("up", false);
        assert_eq!(said(&house).as_deref(), Some("closing"), "{is_restart}: this was seen");
    }
}

#[test]
fn a_door_changed_when_its_switches_said_so() {
    let mut house = House::new(from_text(&format!(
        "{GARAGE}[outputs.lamp]\nkind = \"light\"\ngpio = 20\n\
         [[rules]]\nname = \"Lit\"\nwhile = \"garage changed within 5m\"\nset = {{ lamp = \"on\" }}\n"
    )));
    house.input("shut", false);
    house.input("up", false);
    house.live(mins(6));
    house.command("garage", "OPEN");
    house.live(secs(2));
    assert!(!house.is_on("lamp"), "it is asked, and does not move yet");
    house.input("shut", true);
    assert!(house.is_on("lamp"));
    house.input("up", true);
    house.live(mins(5));
    assert!(!house.is_on("lamp"));
    // By its remote.
    house.input("up", false);
    house.input("shut", false);
    assert!(house.is_on("lamp"));
    house.live(mins(4));
    house.restart(secs(30));
    house.read_again();
    assert!(house.is_on("lamp"), "four and a half minutes ago");
    house.live(secs(30));
    assert!(!house.is_on("lamp"));
}

#[test]
fn a_command_until_the_next_change_ends_when_a_rule_closes_it() {
    let blind = "[outputs.blind]\nkind = \"cover\"\nopen_gpio = 22\nclose_gpio = 23\nopen_time = \"10s\"\n\
                 close_time = \"10s\"\nmanual_for = \"next_change\"\n";
    let rule = SHUT_AT_NIGHT.replace("garage", "blind");
    let mut house = House::new(from_text(&format!("{blind}{rule}")));
    house.input("night", false);
    house.command("blind", "OPEN");
    house.live(mins(60));
    assert_eq!(house.why("blind"), "manual: command by MQTT, until the next automatic change");
    house.restart(secs(5));
    house.read_again();
    assert_eq!(house.input("night", true), ["blind OFF: Shut", "blind.close ON: Shut"]);
    house.live(secs(20));
    house.command("blind", "OPEN");
    house.live(secs(20));
    house.input("night", false);
    assert_eq!(house.why("blind"), "default: nobody asks for anything, it stays as it is");
    assert_eq!(house.point("blind").text().as_deref(), Some("open"));
}

#[test]
fn what_is_asked_once_while_its_switches_do_not_tell_is_never_done() {
    let wall = "[inputs.wall]\nkind = \"button\"\ngpio = 8\ntoggles = [\"garage\", \"lamp\"]\n\
                [inputs.lever]\nkind = \"switch\"\ngpio = 9\nsets = \"garage\"\n\
                [outputs.lamp]\nkind = \"light\"\ngpio = 20\n\
                [scenes.leave]\nset = { garage = \"closed\", lamp = \"on\" }\n\
                [scenes.come]\nset = { garage = \"open\" }\n";
    type Ask<'a> = (&'a str, &'a dyn Fn(&mut House));
    let asks: [Ask<'_>; 4] = [
        ("a button", &|house| drop(house.input("wall", true))),
        ("a lever", &|house| drop(house.input("lever", true))),
        ("a scene to close", &|house| drop(house.command("scene.leave", "ON"))),
        ("a scene to open", &|house| drop(house.command("scene.come", "ON"))),
    ];
    for (name, ask) in asks {
        let mut house = House::new(from_text(&format!("{GARAGE}{wall}")));
        for (input, active) in [("shut", true), ("up", true), ("wall", false), ("lever", false)] {
            house.input(input, active);
        }
        house.live(secs(20));
        house.input_fails("up");
        house.input_fails("shut");
        ask(&mut house);
        assert_eq!(house.point("garage").fault, None, "{name}: nothing waits");
        assert_eq!(house.is_on("lamp"), name == "a button", "{name}: a refused scene changes nothing");
        // It is closed by a remote, and the switches tell again in the evening.
        house.live(mins(600));
        house.input("up", false);
        house.input("shut", false);
        house.live(mins(5));
        assert_eq!((presses(&house), said(&house).as_deref()), (0, Some("closed")), "{name}");
    }
}

#[test]
fn a_command_whose_switches_stop_telling_before_it_is_pressed_is_not_done_later() {
    let mut house = closed_garage();
    house.command("garage", "OPEN");
    house.live(secs(1));
    house.input("shut", true);
    house.command("garage", "CLOSE");
    house.input_fails("shut");
    house.input_fails("up");
    house.live(mins(60));
    assert!(house.point("garage").fault.is_some(), "who asked is told");
    house.input("shut", true);
    house.input("up", true);
    house.live(mins(60));
    assert_eq!((presses(&house), said(&house).as_deref()), (1, Some("open")));
}

#[test]
fn a_button_stops_a_door_on_its_way_although_a_switch_does_not_tell() {
    let wall = "[inputs.wall]\nkind = \"button\"\ngpio = 8\ntoggles = [\"garage\"]\n";
    let mut house = House::new(from_text(&format!("{GARAGE}{wall}")));
    for (input, active) in [("shut", true), ("up", true), ("wall", false)] {
        house.input(input, active);
    }
    house.live(secs(20));
    house.input("wall", true);
    house.live(secs(2));
    house.input("up", false);
    house.input_fails("shut");
    house.input("wall", false);
    house.input("wall", true);
    assert_eq!(presses(&house), 2);
    house.live(mins(60));
    assert_eq!(presses(&house), 2);
}
