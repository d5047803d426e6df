//! Time: schedules follow the wall clock, timers never do.

use crate::{
    NOTHING,
    support::{
        engine_config::*,
        engine_house::{House, utc},
    },
};
use hearthd::{
    clock::{Moment, Now},
    model::{Condition, DaySet, Output},
};

/// A porch light from 18:00 to 23:30 and a timer of two hours on the same wire's neighbour.
fn porch(time: &str) -> House {
    let mut b = Builder::new();
    let (porch, button) = (b.output(output("porch")), b.input("button"));
    let pump = b.output(Output { min_on: Some(mins(120)), ..output("pump") });
    b.rule("Evening", between(at(18, 0), at(23, 30)), &[(porch, ON)]);
    b.rule("Button", is_on(button), &[(pump, ON)]);
    House::at(b.build(), time)
}

#[test]
fn a_window_of_time_begins_and_ends_to_the_second() {
    let mut house = porch("2026-11-23T16:59:58");
    assert_eq!(house.live(secs(1)), NOTHING);
    assert_eq!(house.live(secs(1)), ["porch ON: Evening"]);
    assert_eq!(house.live(secs(5 * 3600 + 1799)), NOTHING);
    assert_eq!(house.live(secs(1)), ["porch OFF: nobody asks for anything"]);
}

#[test]
fn while_the_time_is_unknown_nothing_is_on_by_it() {
    let mut b = Builder::new();
    let (porch, cellar) = (b.output(output("porch")), b.output(output("cellar")));
    b.rule("Evening", between(at(18, 0), at(23, 30)), &[(porch, ON)]);
    b.rule("Not by day", not(Condition::Daylight), &[(cellar, ON)]);
    let now = Now { moment: Moment::START, wall: utc("2026-11-23T19:00:00"), wall_known: false };
    let mut house = House::start(b.build(), None, now);
    assert_eq!(house.live(mins(5)), NOTHING);
    assert!(!house.is_on("porch") && !house.is_on("cellar"));
    house.now.wall_known = true;
    assert_eq!(house.wake(), ["porch ON: Evening", "cellar ON: Not by day"]);
    house.now.wall_known = false;
    assert_eq!(house.wake().len(), 2, "and off when it is lost");
}

#[test]
fn a_clock_that_is_stepped_by_years_moves_schedules_and_no_timer() {
    let mut house = porch("2026-11-23T12:00:00");
    house.input("button", true);
    house.live(mins(60));
    house.input("button", false);
    assert_eq!(house.set_clock("2046-11-23T19:00:00"), ["porch ON: Evening"]);
    assert_eq!(house.set_clock("1970-01-01T00:00:00"), ["porch OFF: nobody asks for anything"]);
    assert_eq!(house.why("pump"), "protect: min_on keeps it on until 1970-01-01 02:00:00");
    assert_eq!(house.live(secs(3_599)), NOTHING);
    assert_eq!(house.live(secs(1)), ["pump OFF: nobody asks for anything"]);
}

#[test]
fn a_command_that_ends_with_its_time_does_not_care_for_the_clock() {
    let mut house = porch("2026-11-23T12:00:00");
    house.command_for("porch", "ON", Some(mins(60)));
    assert_eq!(house.set_clock("2030-01-01T12:00:00"), NOTHING);
    assert_eq!(house.why("porch"), "manual: command by MQTT, until 2030-01-01 14:00:00");
    assert_eq!(house.live(secs(3_599)), NOTHING);
    assert_eq!(house.live(secs(1)), ["porch OFF: nobody asks for anything"]);
}

#[test]
fn a_clock_that_was_set_is_noticed_within_a_minute() {
    let mut house = porch("2026-11-23T12:00:00");
    house.now.wall = utc("2026-11-23T19:00:00");
    assert_eq!(house.live(secs(60)), ["porch ON: Evening"]);
}

#[test]
fn a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let night = |begin: &str| {
        let mut b = Builder::new();
        let lamp = b.output(output("lamp"));
        b.rule("Night", between(at(23, 0), at(7, 0)), &[(lamp, ON)]);
        let mut house = House::at(b.build(), begin);
        assert!(house.is_on("lamp"));
        let begin = house.now.moment;
        house.live(mins(24 * 60 - 1));
        let end = house.log.iter().rev().find(|driven| driven.level == OFF).unwrap().at;
        end.since(begin).as_secs() / 60
    };
    assert_eq!(night("2026-11-22T22:00:00"), 8 * 60);
    assert_eq!(night("2026-03-28T22:00:00"), 7 * 60);
    assert_eq!(night("2026-10-24T21:00:00"), 9 * 60);
}

#[test]
fn a_window_in_the_skipped_hour_does_not_come_and_in_the_doubled_hour_comes_once() {
    let windows = |date: &str| {
        let mut b = Builder::new();
        let lamp = b.output(output("lamp"));
        b.rule("Window", between(at(2, 15), at(2, 45)), &[(lamp, ON)]);
        let mut house = House::at(b.build(), date);
        house.live(mins(24 * 60)).iter().filter(|line| line.starts_with("lamp ON")).count()
    };
    assert_eq!(windows("2026-03-28T22:00:00"), 0);
    assert_eq!(windows("2026-10-24T22:00:00"), 1);
    assert_eq!(windows("2026-11-22T22:00:00"), 1);
}

#[test]
fn a_weekday_changes_at_local_midnight() {
    let mut b = Builder::new();
    let lamp = b.output(output("lamp"));
    b.rule("Tuesday", Condition::Day(DaySet::from_days([1])), &[(lamp, ON)]);
    let mut house = House::at(b.build(), "2026-11-23T22:59:59");
    assert_eq!(house.live(secs(1)), ["lamp ON: Tuesday"]);
    assert_eq!(house.live(secs(86_399)), NOTHING);
    assert_eq!(house.live(secs(1)).len(), 1);
}

#[test]
fn dark_and_daylight_follow_the_sun() {
    let mut b = Builder::new();
    let (night, day) = (b.output(output("night")), b.output(output("day")));
    b.rule("Dark", Condition::Dark, &[(night, ON)]);
    b.rule("Daylight", Condition::Daylight, &[(day, ON)]);
    let mut house = House::at(b.build(), "2026-11-23T12:00:00");
    assert!(house.is_on("day"));
    assert_eq!(
        house.live(mins(24 * 60)),
        [
            "day OFF: nobody asks for anything",
            "night ON: Dark",
            "night OFF: nobody asks for anything",
            "day ON: Daylight"
        ]
    );
}
