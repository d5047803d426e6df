//! When a command ends by itself.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{Command, Event, Source};

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
