//! Lights of an empty house, as they were two weeks ago.

use crate::{
    NOTHING,
    support::{
        engine_config::*,
        engine_house::{House, utc},
    },
};
use hearthd::model::{Event, PastDay};

/// Monday 30 November, two hours before anything; the window is until 23:00.
fn house(time: &str) -> House {
    let text = "[modes]\nlist = [\"home\", \"vacation\"]\nstart = \"vacation\"\n\
                [modes.presence]\nwhen = \"vacation\"\noutputs = [\"hall\", \"porch\"]\nbetween = \"16:00 and 23:00\"\n\
                [outputs.hall]\nkind = \"light\"\ngpio = 17\n[outputs.porch]\nkind = \"light\"\ngpio = 18\n";
    House::at(from_text(text), time)
}

/// In the hall from 17:30 to 18:15 and from 22:50 on, and before the window.
fn monday(date: &str) -> Event {
    let minutes = |from: i32, to: i32| (from * 60, to * 60);
    let hall = vec![minutes(600, 630), minutes(1050, 1095), minutes(1370, 1440)];
    let on = [("hall".into(), hall), ("porch".into(), Vec::new())];
    Event::Remembered(PastDay { date: date.parse().unwrap(), on: on.into() })
}

const HALL_ON: &str = "hall ON: As if somebody were there: Hall";
const HALL_OFF: &str = "hall OFF: nobody asks for anything";

#[test]
fn lights_do_what_they_did_on_the_same_weekday_two_weeks_ago() {
    let mut house = house("2026-11-30T08:00:00");
    house.send(monday("2026-11-16"));
    assert_eq!(house.live(mins(8 * 60 + 30) - secs(1)), NOTHING, "what was before the window is not repeated");
    assert_eq!(house.live(secs(1)), [HALL_ON]);
    let reasons = house.engine.reasons_of("hall", house.now).unwrap();
    let texts: Vec<_> = reasons.rules[0].parts.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(texts, ["mode is vacation", "as on Monday 16 November, between 16:00 and 23:00"]);
    // Each wire is driven to what it is to be: it is remembered.
    assert_eq!(house.restart(secs(1)), ["porch OFF: nobody asks for anything", HALL_ON]);
    assert_eq!(house.live(mins(45) - secs(2)), NOTHING);
    assert_eq!(house.live(secs(1)), [HALL_OFF]);
    assert_eq!(house.live(mins(4 * 60 + 35)), [HALL_ON]);
    assert_eq!(house.live(mins(10)), [HALL_OFF], "the window ends");
    assert_eq!(house.command("mode", "home"), NOTHING);
    house.set_clock("2026-11-30T16:45:00");
    assert!(!house.is_on("hall"), "somebody is there");
}

#[test]
fn on_days_of_which_nothing_is_known_they_go_on_and_off_by_chance() {
    let (mut told, mut untold) = (house("2026-11-30T08:00:00"), house("2026-11-30T08:00:00"));
    told.send(monday("2026-11-16"));
    // Of Tuesday; and too old a day, and one of the future.
    told.send(monday("2026-11-01"));
    told.send(monday("2026-12-24"));
    let tuesday = utc("2026-11-30T23:00:00");
    for house in [&mut told, &mut untold] {
        house.live(mins(40 * 60));
    }
    let of_tuesday = |house: &House| {
        let lines = house.log.iter().filter(|driven| house.now.wall_at(driven.at) > tuesday);
        lines.map(|driven| (driven.at, driven.output.clone(), driven.level)).collect::<Vec<_>>()
    };
    assert_eq!(of_tuesday(&told), of_tuesday(&untold));
    assert!(of_tuesday(&told).len() > 4);
    assert_ne!(told.log, untold.log);
}

#[test]
fn few_days_are_kept_and_the_newest_word_of_one_counts() {
    let mut house = house("2026-11-30T08:00:00");
    for date in ["2026-11-14", "2026-11-15", "2026-11-16", "2026-11-17"] {
        house.send(monday(date));
    }
    let later = PastDay { date: "2026-11-16".parse().unwrap(), on: [("hall".into(), vec![(61_200, 64_800)])].into() };
    house.send(Event::Remembered(later));
    let kept = serde_json::to_value(house.engine.memory(house.now)).unwrap()["past_days"].clone();
    let dates: Vec<_> = kept.as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2026-11-15", "2026-11-16", "2026-11-17"]);
    assert_eq!(kept[1]["on"]["hall"], serde_json::json!([[61_200, 64_800]]));
}

#[test]
fn days_of_a_wrong_clock_do_not_push_out_those_that_are_needed() {
    let mut house = house("2026-11-30T08:00:00");
    for date in ["2031-01-01", "2031-01-02", "2031-01-03", "2026-11-16", "2031-01-04"] {
        house.send(monday(date));
    }
    let kept = serde_json::to_value(house.engine.memory(house.now)).unwrap()["past_days"].clone();
    let dates: Vec<_> = kept.as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap()).collect();
    assert!(dates.contains(&"2026-11-16") && dates.len() == 3, "{dates:?}");
}

#[test]
fn a_day_that_is_told_again_changes_nothing() {
    let mut house = house("2026-11-30T08:00:00");
    house.send(monday("2026-11-16"));
    let before = house.engine.revision();
    house.send(monday("2026-11-16"));
    assert_eq!(house.engine.revision(), before);
    house.send(monday("2026-11-17"));
    assert_ne!(house.engine.revision(), before);
}
