//! Numbers of the file that people set: what counts, what is kept, and when the file counts again.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::engine::Engine;
use std::{sync::Arc, time::Duration};

/// A lamp, a hall and a zone that warms and cools, with all that can be set.
const HOUSE: &str = r#"
[outputs.lamp]
kind = "light"
gpio = 4
manual_for = "1h"
settable = true
[outputs.heater]
kind = "heater"
gpio = 5
[outputs.cooler]
kind = "cooler"
gpio = 6
min_off = "5m"
[inputs.motion]
kind = "motion"
gpio = 24
[sensors.living]
chip = "tmp102"
[rooms.hall]
motion = ["motion"]
empty_after = "5m"
settable = true
[climate.zone]
sensor = "living.temperature"
heat = "heater"
cool = "cooler"
target = 20
cool_target = 26
presets = { away = { heat = 15, cool = 28 }, night = { heat = 17, cool = 27 } }
settable = true
[[rules]]
name = "Somebody is there"
while = "hall.occupied"
set = { lamp = "on" }
"#;

fn house() -> House {
    House::new(from_text(HOUSE))
}

/// As the file with this in place of that.
fn edited(this: &str, that: &str) -> Arc<hearthd::model::Config> {
    assert!(HOUSE.contains(this));
    from_text(&HOUSE.replace(this, that))
}

fn value(house: &House, point: &str) -> String {
    house.point(point).text().unwrap()
}

fn because(house: &House, point: &str) -> String {
    house.point(point).because.unwrap().line.to_string()
}

#[test]
fn a_number_counts_from_when_it_is_set_until_auto() {
    let mut house = house();
    assert_eq!(value(&house, "hall.empty_after"), "5");
    assert_eq!(because(&house, "hall.empty_after"), "default: the file");
    house.input("motion", true);
    house.input("motion", false);
    assert_eq!(house.live(mins(2)), NOTHING);
    // The room is empty at once: nobody has moved for two minutes.
    assert_eq!(house.command("hall.empty_after", "2"), ["lamp OFF: nobody asks for anything"]);
    assert_eq!(value(&house, "hall.empty_after"), "2");
    let said = "manual: command by MQTT, until AUTO; the file says 5 min";
    assert_eq!(because(&house, "hall.empty_after"), said);
    // And occupied again: it is not five minutes yet.
    assert_eq!(house.command("hall.empty_after", "AUTO"), ["lamp ON: Somebody is there"]);
    assert_eq!(because(&house, "hall.empty_after"), "default: the file");
    assert_eq!(house.live(secs(180)), ["lamp OFF: nobody asks for anything"]);
}

#[test]
fn commands_hold_as_long_as_was_set_before_them() {
    let mut house = house();
    house.command("lamp", "ON");
    house.command("lamp.manual_for", "10");
    assert_eq!(house.live(mins(59)), NOTHING, "the one before holds as it was to");
    house.command("lamp", "ON");
    assert_eq!(house.live(mins(9)), NOTHING);
    assert_eq!(house.live(mins(1)), ["lamp OFF: nobody asks for anything"]);
    house.command("lamp.manual_for", "1m30s");
    assert_eq!(value(&house, "lamp.manual_for"), "1.5");
    house.command_for("lamp", "ON", Some(mins(3)));
    assert_eq!(house.live(mins(2)), NOTHING, "who says how long is heard");
}

#[test]
fn a_preset_holds_what_was_set_at_once_and_whatever_asked_for_it() {
    let mut house = house();
    house.reads("living", 20.0);
    house.command("zone.preset", "away");
    assert_eq!((value(&house, "zone.target"), value(&house, "zone.cool_target")), ("15".into(), "28".into()));
    house.command("zone.away_heat", "16.5");
    assert_eq!((value(&house, "zone.target"), value(&house, "zone.cool_target")), ("16.5".into(), "28".into()));
    house.command("zone.night_heat", "18");
    assert_eq!(value(&house, "zone.target"), "16.5", "that is another preset");
    house.command("zone", "AUTO");
    assert_eq!(value(&house, "zone.away_heat"), "16.5", "what the zone is given back is not what was set of the file");
}

#[test]
fn what_the_file_could_not_say_is_refused_in_the_same_words() {
    let mut house = house();
    for (point, payload, words) in [
        ("zone.away_heat", "40", "40 °C is outside of 5 to 34 °C; write at most 34"),
        ("zone.away_heat", "1", "1 °C is outside of 5 to 34 °C; write at least 5, or a lower `frost`"),
        ("zone.away_heat", "27.8", "it would warm to 27.8 °C and cool to 28 °C, closer than half a degree"),
        ("zone.away_cool", "15.2", "it would warm to 15 °C and cool to 15.2 °C, closer than half a degree"),
        ("hall.empty_after", "0", "write 0.5 to 1440 min, or AUTO"),
        ("hall.empty_after", "+5", "write 0.5 to 1440 min, or AUTO"),
        ("lamp.manual_for", "ON", "write 0.5 to 10080 min, or AUTO"),
    ] {
        let before = house.engine.memory(house.now);
        let refused = house.command(point, payload).join("\n");
        assert!(refused.contains(words), "{point} {payload}: {refused}");
        assert_eq!(house.engine.memory(house.now), before);
    }
    // What the file says of one may no longer fit to what was set of the other.
    assert_eq!(house.command("zone.away_heat", "14"), NOTHING);
    assert_eq!(house.command("zone.away_cool", "15"), NOTHING);
    let refused = house.command("zone.away_heat", "AUTO").join("\n");
    assert!(refused.contains("it would warm to 15 °C and cool to 15 °C"), "{refused}");
    let refused = house.command_for("hall.empty_after", "3", Some(mins(5))).join("\n");
    assert!(refused.contains("it cannot hold for a time"), "{refused}");
}

#[test]
fn a_restart_and_an_edit_elsewhere_keep_it_and_its_first_decision_knows_it() {
    let mut house = house();
    house.command("hall.empty_after", "2");
    house.command("zone.away_heat", "16");
    house.command("lamp.manual_for", "7");
    let before = ["hall.empty_after", "zone.away_heat", "lamp.manual_for"].map(|point| house.point(point));
    house.input("motion", true);
    house.input("motion", false);
    house.live(secs(119));
    let done = house.restart(secs(1));
    assert!(!house.is_on("lamp"), "two minutes are over when it starts: {done:?}");
    house.reconfigure(edited("kind = \"heater\"", "kind = \"heater\"\nmin_off = \"1m\""));
    assert_eq!(["hall.empty_after", "zone.away_heat", "lamp.manual_for"].map(|point| house.point(point)), before);
}

#[test]
fn when_the_file_says_something_else_it_counts_and_the_log_says_so() {
    let set = [("hall.empty_after", "2"), ("zone.away_heat", "16"), ("zone.away_cool", "24"), ("lamp.manual_for", "7")];
    let all_set = || {
        let mut house = house();
        set.iter().for_each(|(point, payload)| assert_eq!(house.command(point, payload), NOTHING));
        house
    };
    for (this, that, point, is, note) in [
        (
            "\"5m\"\nsettable",
            "\"8m\"\nsettable",
            "hall.empty_after",
            "8",
            "2 min, set by hand, is over: the file now says 8 min",
        ),
        ("heat = 15", "heat = 14", "zone.away_heat", "14", "16 °C, set by hand, is over: the file now says 14 °C"),
        ("\"1h\"", "\"2h\"", "lamp.manual_for", "120", "7 min, set by hand, is over: the file now says 120 min"),
    ] {
        let notes = [format!("note {point}: {note}")];
        let mut house = all_set();
        let notes_of = |done: Vec<String>| done.into_iter().filter(|line| line.starts_with("note")).collect::<Vec<_>>();
        assert_eq!(notes_of(house.reconfigure(edited(this, that))), notes);
        assert_eq!(value(&house, point), is);
        for (other, payload) in set.iter().filter(|(other, _)| *other != point) {
            assert_eq!(value(&house, other), *payload, "{other} stays while {point} goes");
        }
        // The same where the file was edited while hearthd was off.
        let mut house = all_set();
        house.config = edited(this, that);
        assert_eq!(notes_of(house.restart(secs(60))), notes);
        assert_eq!(value(&house, point), is);
        assert_eq!(notes_of(house.restart(secs(60))), NOTHING, "once");
    }
}

#[test]
fn what_fits_no_longer_or_may_not_be_set_any_more_is_over() {
    let mut hot = house();
    hot.command("zone.away_heat", "33");
    assert_eq!(value(&hot, "zone.away_heat"), "15", "what cools is in the way");
    hot.command("zone.away_cool", "34");
    hot.command("zone.away_heat", "33");
    let done = hot.reconfigure(edited("cool_target = 26", "cool_target = 26\noverheat = 33"));
    assert!(
        done.contains(&"note zone.away_heat: 33 °C, set by hand, is over: it is out of bounds now".to_owned()),
        "{done:?}"
    );
    assert_eq!((value(&hot, "zone.away_heat"), value(&hot, "zone.away_cool")), ("15".into(), "28".into()));

    let mut near = house();
    near.command("zone.away_heat", "27");
    let done = near.reconfigure(edited("cool = 28", "cool = 26"));
    let why = "it would warm to 27 °C and cool to 26 °C, closer than half a degree";
    assert!(done.contains(&format!("note zone.away_heat: 27 °C, set by hand, is over: {why}")), "{done:?}");

    let mut unset = house();
    unset.command("hall.empty_after", "2");
    let done = unset.reconfigure(edited("\"5m\"\nsettable = true", "\"5m\""));
    assert!(
        done.contains(&"note hall.empty_after: 2, set by hand, is over: it is not settable any more".to_owned()),
        "{done:?}"
    );
    unset.reconfigure(from_text(HOUSE));
    assert_eq!(value(&unset, "hall.empty_after"), "5");
}

#[test]
fn what_is_renamed_keeps_what_was_set() {
    let mut house = house();
    house.command("hall.empty_after", "2");
    let renamed =
        HOUSE.replace("[rooms.hall]", "[rooms.entry]\nwas = \"hall\"").replace("hall.occupied", "entry.occupied");
    house.reconfigure(from_text(&renamed));
    assert_eq!(value(&house, "entry.empty_after"), "2");
}

/// It is no reload: nobody who compares pictures takes it for another house.
#[test]
fn a_picture_is_one_of_the_same_house_in_which_that_changed() {
    let mut house = house();
    let before = house.engine.publish(house.now);
    house.command("zone.night_heat", "18");
    let after = house.engine.publish(house.now);
    assert!(Arc::ptr_eq(&before.config, &after.config));
    let changed = after.points.iter().filter(|cell| cell.seq > before.seq);
    let names: Vec<String> = changed.map(|cell| house.config.point_name(cell.point)).collect();
    assert_eq!(names, ["zone.night_heat"]);
    let fresh = Engine::snapshot(&house.engine, house.now);
    assert_eq!(fresh.points, after.points);
}

/// A room with doors is not occupied for longer than it is forgotten.
#[test]
fn what_is_said_elsewhere_in_the_table_bounds_it() {
    let with_doors =
        HOUSE.replace("motion = [\"motion\"]\n", "motion = [\"motion\"]\ndoors = [\"door\"]\nforget_after = \"20m\"\n");
    let text = format!("{with_doors}[inputs.door]\nkind = \"door\"\ngpio = 25\n");
    let mut house = House::new(from_text(&text));
    assert!(house.command("hall.empty_after", "21")[0].contains("write 0.5 to 20 min"));
    assert_eq!(house.command("hall.empty_after", "20"), NOTHING);
    // What the file itself says is always allowed.
    let short = House::new(edited("empty_after = \"5m\"", "empty_after = \"15s\""));
    assert_eq!(
        short.config.commands(short.config.find_point("hall.empty_after").unwrap()).unwrap().expected,
        "0.25 to 1440 min, or AUTO"
    );
}

/// It counts as it was written; what is shown can be set.
#[test]
fn a_time_that_is_no_round_part_of_a_minute_is_shown_in_hundredths() {
    for (file, shown, expected) in
        [("20s", "0.33", "0.33 to 1440 min, or AUTO"), ("10s", "0.17", "0.16 to 1440 min, or AUTO")]
    {
        let mut house = House::new(edited("empty_after = \"5m\"", &format!("empty_after = \"{file}\"")));
        assert_eq!(value(&house, "hall.empty_after"), shown);
        let point = house.config.find_point("hall.empty_after").unwrap();
        assert_eq!(house.config.commands(point).unwrap().expected, expected);
        assert_eq!(house.command("hall.empty_after", shown), NOTHING);
        assert_eq!(house.command("hall.empty_after", file), NOTHING);
    }
    let mut house = house();
    house.input("motion", true);
    house.input("motion", false);
    house.command("hall.empty_after", "100s");
    assert_eq!(value(&house, "hall.empty_after"), "1.67");
    assert_eq!(house.live(Duration::from_millis(99_999)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["lamp OFF: nobody asks for anything"]);
    // A bound that has hundredths stays as it is.
    let frost = from_text(&HOUSE.replace("target = 20\n", "target = 20\nfrost = 5.1\n"));
    let point = frost.find_point("zone.away_heat").unwrap();
    assert!(frost.commands(point).unwrap().expected.starts_with("5.1 to "));
}
