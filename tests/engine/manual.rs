//! When a command ends by itself.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Command, Event, Hold, Source};

/// A lamp that follows motion in the hall.
fn hall(manual_for: &str) -> House {
    House::new(from_text(&format!(
        "[inputs.motion]\nkind = \"motion\"\ngpio = 4\n\
         [rooms.hall]\nmotion = [\"motion\"]\nempty_after = \"5m\"\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\nmanual_for = \"{manual_for}\"\n\
         [[rules]]\nname = \"Motion\"\nwhile = \"motion\"\nset = {{ lamp = \"on\" }}\n"
    )))
}

#[test]
fn until_it_would_change_by_itself() {
    let mut house = hall("next_change");
    house.input("motion", false);
    let by = "lamp ON: command by MQTT, until the next automatic change";
    assert_eq!(house.command("lamp", "ON"), [by]);
    assert_eq!(house.live(mins(60)), NOTHING);
    house.restart(secs(30));
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until the next automatic change");
    assert_eq!(house.input_fails("motion"), NOTHING, "an unknown is no change");
    assert_eq!(house.input("motion", true), NOTHING, "the rule takes over");
    assert_eq!(house.why("lamp"), "rule: Motion");
    assert_eq!(house.command("lamp", "OFF").len(), 1);
    assert_eq!(house.input("motion", false), NOTHING);
    assert_eq!(house.why("lamp"), "default: nobody asks for anything");
}

#[test]
fn until_the_room_is_empty() {
    let mut house = hall("room_empty");
    house.input("motion", true);
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF: command by MQTT, until hall is empty"]);
    house.live(mins(30));
    house.input("motion", false);
    house.live(mins(4));
    house.restart(secs(1));
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until hall is empty");
    house.live(mins(1));
    assert_eq!(house.why("lamp"), "default: nobody asks for anything");
}

#[test]
fn a_command_for_an_empty_room_waits_for_somebody_to_come() {
    let mut house = hall("room_empty");
    house.input("motion", false);
    house.command("lamp", "ON");
    assert_eq!(house.live(secs(299)), NOTHING);
    assert_eq!(house.live(secs(1)), ["lamp OFF: nobody asks for anything"]);
    house.command("lamp", "ON");
    house.live(mins(4));
    house.input("motion", true);
    house.input("motion", false);
    assert_eq!(house.live(secs(299)), NOTHING, "somebody came");
    assert_eq!(house.live(secs(1)), ["lamp OFF: nobody asks for anything"]);
}

#[test]
fn until_a_time_of_day_on_the_clock_on_the_wall() {
    let mut house = hall("22:30");
    assert_eq!(house.command("lamp", "ON"), ["lamp ON: command by MQTT, until 2026-11-23 22:30:00"]);
    house.set_clock("2026-11-23T21:29:30");
    assert_eq!(house.live(secs(29)), NOTHING);
    assert_eq!(house.live(secs(1)), ["lamp OFF: nobody asks for anything"]);
    assert_eq!(house.command("lamp", "ON"), ["lamp ON: command by MQTT, until 2026-11-24 22:30:00"]);
    house.command("lamp", "AUTO");
    house.now.wall_known = false;
    let waiting = "lamp ON: command by MQTT, until its time of day, when the clock is known";
    assert_eq!(house.command("lamp", "ON"), [waiting]);
    assert_eq!(house.live(mins(60)), NOTHING);
    house.now.wall_known = true;
    house.wake();
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until 2026-11-24 22:30:00");
}

#[test]
fn a_time_that_is_said_counts_more() {
    let mut house = hall("next_change");
    house.input("motion", false);
    house.command_for("lamp", "ON", Some(mins(10)));
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until 2026-11-23 13:10:00");
    assert_eq!(house.live(mins(10)), ["lamp OFF: nobody asks for anything"]);
}

/// Whatever the file says of commands that do not say it, and whatever somebody set of that.
#[test]
fn a_command_that_says_until_the_room_is_empty() {
    let mut house = hall("10m\"\nsettable = true\ndefault = \"hold");
    let empty = Some(Hold::RoomEmpty);
    house.input("motion", false);
    house.live(mins(10));
    house.command("lamp.manual_for", "2");
    assert_eq!(house.command_held("lamp", "ON", empty), ["lamp ON: command by MQTT, until hall is empty"]);
    house.input("motion", true);
    house.live(mins(60));
    house.input("motion", false);
    house.live(mins(4));
    house.restart(secs(1));
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until hall is empty");
    assert_eq!(house.live(mins(2)), ["lamp OFF: nobody asks for anything, it stays as it is"], "as it was before");
    house.command_held("lamp", "ON", empty);
    house.command("lamp", "AUTO");
    assert_ne!(house.why("lamp"), "manual: command by MQTT, until hall is empty");
}

/// Of a group each member until its own room is empty; nothing is set where one is in none.
#[test]
fn only_what_is_in_a_room_holds_until_that_is_empty() {
    let text = |room: &str| {
        format!(
            "[inputs.motion]\nkind = \"motion\"\ngpio = 4\n[inputs.other]\nkind = \"motion\"\ngpio = 5\n\
             [rooms.hall]\nmotion = [\"motion\"]\nempty_after = \"5m\"\n\
             [rooms.attic]\nmotion = [\"other\"]\nempty_after = \"20m\"\n[modes]\nlist = [\"home\", \"away\"]\n\
             [outputs.lamp]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\nlock = true\n\
             [outputs.desk]\nkind = \"light\"\ngpio = 18\n{room}[outputs.door]\nkind = \"switch\"\ngpio = 19\n\
             room = \"hall\"\npulse = \"1s\"\n[outputs.all]\nkind = \"group\"\nmembers = [\"lamp\", \"desk\"]\n\
             [scenes.evening]\nset = {{ lamp = \"on\", desk = \"on\" }}\n"
        )
    };
    let mut house = House::new(from_text(&text("")));
    let refused = |house: &mut House, point: &str, payload: &str| {
        let answer = house.command_held(point, payload, Some(Hold::RoomEmpty));
        assert_eq!(answer.len(), 1, "{point}: {answer:?}");
        answer[0].clone()
    };
    for (point, payload, why) in [
        ("all", "ON", "desk is in no room"),
        ("scene.evening", "ON", "desk is in no room"),
        ("lamp.lock", "ON", "only outputs and scenes"),
        ("mode", "away", "only outputs and scenes"),
        ("lamp", "AUTO", "AUTO is for good"),
        ("door", "ON", "a pulse of its own"),
    ] {
        let answer = refused(&mut house, point, payload);
        assert!(answer.starts_with("refused") && answer.contains(why), "{point}: {answer}");
    }
    let mut house = House::new(from_text(&text("room = \"attic\"\n")));
    house.input("motion", false);
    house.input("other", false);
    for point in ["all", "scene.evening"] {
        house.live(mins(30));
        let on = ["lamp ON: command by MQTT, until hall is empty", "desk ON: command by MQTT, until attic is empty"];
        assert_eq!(house.command_held(point, "ON", Some(Hold::RoomEmpty)), on);
        assert_eq!(house.live(mins(5)), ["lamp OFF: nobody asks for anything"]);
        assert_eq!(house.live(mins(15)), ["desk OFF: nobody asks for anything"]);
    }
}

/// What a hub takes back is its own, of a group each member's.
#[test]
fn another_hub_gives_back_what_it_asked_and_nothing_else() {
    let mut house = House::new(from_text(
        "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[outputs.desk]\nkind = \"light\"\ngpio = 18\n\
         [outputs.all]\nkind = \"group\"\nmembers = [\"lamp\", \"desk\"]\n",
    ));
    let by = |house: &mut House, hub: &str, point: &str, payload: &str| {
        let command =
            Command { source: Source::Peer(hub.into()), point: point.into(), payload: payload.into(), hold: None };
        house.send(Event::Command { command, request: None })
    };
    let on = ["lamp ON: command by barn (MQTT), until AUTO", "desk ON: command by barn (MQTT), until AUTO"];
    assert_eq!(by(&mut house, "barn", "all", "ON"), on);
    house.command("lamp", "ON");
    assert_eq!(by(&mut house, "shed", "all", "AUTO"), NOTHING);
    assert_eq!(by(&mut house, "barn", "lamp", "AUTO"), NOTHING, "it is of another now");
    assert_eq!(house.why("lamp"), "manual: command by MQTT, until AUTO");
    house.restart(secs(60));
    assert_eq!(by(&mut house, "barn", "all", "AUTO"), ["desk OFF: nobody asks for anything"]);
    assert_eq!(house.command("all", "AUTO"), ["lamp OFF: nobody asks for anything"]);
}
