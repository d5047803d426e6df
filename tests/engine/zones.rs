//! Climate zones as they are commanded: one target or two, and given back as a whole.

use crate::support::{engine_config::*, engine_house::*};

fn house() -> House {
    let mut house = House::new(from_text(
        "[outputs.heater]\nkind = \"heater\"\ngpio = 17\n[outputs.cooler]\nkind = \"cooler\"\ngpio = 18\n\
         [sensors.room]\nchip = \"tmp102\"\n\
         [climate.attic]\nsensor = \"room.temperature\"\nheat = \"heater\"\ncool = \"cooler\"\ntarget = 20\n\
         cool_target = 25\npid = { kp = 40, ti = \"30m\" }\npresets = { away = { heat = 15, cool = 30 } }\n\
         [climate.cooler]\nsensor = \"room.temperature\"\ncool = \"cooler\"\nmode = \"off\"\ntarget = 12\n",
    ));
    house.reads("room", 21.0);
    house
}

fn texts(house: &House) -> [Option<String>; 3] {
    ["attic.target", "attic.cool_target", "attic.setpoint"].map(|point| house.point(point).text())
}

fn shown(target: &str, cool_target: &str, setpoint: &str) -> [Option<String>; 3] {
    [target, cool_target, setpoint].map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[test]
fn one_target_goes_with_the_mode_and_moves_the_other_out_of_its_way() {
    let mut house = house();
    assert_eq!(texts(&house), shown("20", "25", ""), "its mode is heat_cool");
    house.command("attic.mode", "heat");
    assert_eq!(texts(&house), shown("20", "25", "20"));
    house.command("attic.setpoint", "26.5");
    assert_eq!(texts(&house), shown("26.5", "27", "26.5"));
    house.command("attic.mode", "cool");
    assert_eq!(texts(&house), shown("26.5", "27", "27"));
    house.command("attic.setpoint", "-4");
    assert_eq!(texts(&house), shown("22.5", "23", "23"), "so much less");
    assert_eq!(house.point("attic.setpoint").why(), house.point("attic.cool_target").why());
    house.command("attic.setpoint", "AUTO");
    assert_eq!(texts(&house), shown("20", "25", "25"));
    house.command("attic.mode", "off");
    assert_eq!(texts(&house), shown("20", "25", ""));
}

#[test]
fn one_target_is_refused_where_there_are_two_or_none() {
    let mut house = house();
    for mode in ["heat_cool", "off"] {
        house.command("attic.mode", mode);
        for payload in ["22", "+1"] {
            let said = house.command("attic.setpoint", payload);
            let refused = format!(
                "refused: one target is for heat and cool, and the mode of attic is {mode}; write attic.target or attic.cool_target"
            );
            assert_eq!(said, [refused]);
        }
    }
    house.command("attic.mode", "heat");
    for payload in ["4.9", "34", "warm"] {
        let said = house.command("attic.setpoint", payload);
        assert_eq!(said, ["refused: not a value for this point; write 5.5 to 33.5 °C, or AUTO"], "{payload}");
    }
    assert_eq!(texts(&house), shown("20", "25", "20"));
    let said = house.command("cooler.setpoint", "14");
    assert!(said[0].starts_with("refused: no such point"), "it has one target anyway: {said:?}");
}

#[test]
fn a_zone_is_given_back_as_a_whole() {
    let mut house = house();
    house.command("attic.preset", "away");
    house.command("attic.target", "22");
    house.command_for("attic.mode", "heat", Some(mins(10)));
    assert_eq!(house.command("attic", "auto"), ["heater OFF: attic holds 20 °C (21 °C)"]);
    assert_eq!(texts(&house), shown("20", "25", ""));
    assert_eq!(house.point("attic.preset").text().as_deref(), Some("none"));
    for point in ["attic.mode", "attic.target", "attic.preset"] {
        assert!(house.point(point).why().unwrap().starts_with("default: "), "{point}");
    }
    house.command("attic.mode", "cool");
    house.live(mins(11));
    assert_eq!(house.point("attic.mode").text().as_deref(), Some("cool"), "nothing comes back");
}

#[test]
fn what_else_a_zone_is_told_is_refused_with_what_to_write() {
    let mut house = house();
    let refused = "refused: not a value for this point; write AUTO, or set one of its points, such as attic.mode";
    for payload in ["heat", "OFF", "21", ""] {
        assert_eq!(house.command("attic", payload), [refused], "{payload}");
    }
    let held = house.command_for("attic", "AUTO", Some(mins(5)));
    assert_eq!(held, ["refused: it cannot hold for a time: AUTO is for good; leave the time out"]);
}

#[test]
fn the_name_of_an_output_is_the_outputs() {
    let mut house = house();
    house.command("cooler.mode", "cool");
    house.command("cooler", "ON");
    house.command("cooler", "AUTO");
    assert!(house.point("cooler.mode").why().unwrap().starts_with("manual: "), "it is the output that was given back");
}

/// The room swings around its target; numbers by Tyreus and Luyben follow from a period of an hour and how far it swings.
#[test]
fn the_numbers_that_were_found_are_told_and_kept_until_auto() {
    let mut house = house();
    house.command("attic.mode", "heat");
    house.command("attic.tuning", "START");
    let why = |house: &House| house.point("attic.tuning").why().map(str::to_owned);
    for step in 0..1_200_u32 {
        let phase = f64::from(step % 240) / 4.0;
        // Up for half an hour and down again, half a degree around the target.
        let above = if phase < 30.0 { phase / 30.0 } else { 2.0 - phase / 30.0 };
        house.reads("room", 19.5 + above);
        house.live(secs(15));
    }
    assert_eq!(house.point("attic.tuning").text().as_deref(), Some("idle"), "{:?}", why(&house));
    let found = why(&house).unwrap();
    assert!(found.starts_with("manual: kp ") && found.ends_with(" ti 2h12m, td 9m31s, as found"), "{found}");
    house.restart(secs(5));
    house.command("attic", "AUTO");
    assert_eq!(why(&house), Some(found));
    house.command("attic.tuning", "AUTO");
    assert_eq!(why(&house).as_deref(), Some("default: kp 40, ti 30m, td 0s, as in the file"));
}

#[test]
fn the_search_for_pid_numbers_says_which_are_in_use() {
    let mut house = house();
    let tuning = |house: &House| {
        (house.point("attic.tuning").text().unwrap(), house.point("attic.tuning").why().map(str::to_owned))
    };
    let told = |word: &str, why: &str| (word.to_owned(), Some(why.to_owned()));
    assert_eq!(tuning(&house), told("idle", "default: kp 40, ti 30m, td 0s, as in the file"));
    house.command("attic.tuning", "START");
    assert_eq!(tuning(&house), told("running", "manual: kp 40, ti 30m, td 0s until others are found"));
    house.command("attic", "AUTO");
    assert_eq!(tuning(&house).0, "running", "it is nothing that a hand holds");
    house.read_fails("room", true);
    assert_eq!(tuning(&house), told("failed", "manual: the sensor was lost; kp 40, ti 30m, td 0s"));
    house.command("attic.tuning", "AUTO");
    assert_eq!(tuning(&house), told("idle", "default: kp 40, ti 30m, td 0s, as in the file"));
}

#[test]
fn what_holds_a_target_is_told_in_parts_and_no_reading_changes_it() {
    let mut house = house();
    let told = |house: &House| house.point("attic.target").attributes(&house.config).unwrap();
    let by_file = told(&house);
    assert_eq!(
        (&*by_file.why, by_file.slot, by_file.manual),
        ("default: the target of the file", Some("default"), false)
    );
    house.reads("room", 22.5);
    assert_eq!(told(&house), by_file);
    house.command_for("attic.target", "22", Some(mins(30)));
    let by_hand = told(&house);
    assert_eq!((by_hand.slot, by_hand.manual, by_hand.rule.as_deref()), (Some("manual"), true, None));
    assert_eq!(by_hand.until.as_deref(), Some("2026-11-23T13:30:00+01:00"));
}
