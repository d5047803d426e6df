//! Pulses: on for a moment, and never longer.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use std::time::Duration;

const GATE: &str = "[outputs.gate]\nkind = \"switch\"\ngpio = 17\npulse = \"500ms\"\n";
const MS: Duration = Duration::from_millis(1);

#[test]
fn a_pulse_ends_by_itself_and_a_second_one_begins_it_anew() {
    let mut house = House::new(from_text(GATE));
    assert_eq!(house.command("gate", "ON"), ["gate ON: command by MQTT, until AUTO"]);
    assert_eq!(house.live(499 * MS), NOTHING);
    assert_eq!(house.live(MS), ["gate OFF: its pulse of 500ms is over, off until it is asked anew"]);
    assert_eq!(house.why("gate"), "default: nobody asks for anything");
    house.command("gate", "TOGGLE");
    house.live(300 * MS);
    assert_eq!(house.command("gate", "ON"), NOTHING);
    assert_eq!(house.live(499 * MS), NOTHING);
    assert_eq!(house.live(MS).len(), 1);
}

#[test]
fn a_rule_gives_one_pulse_each_time_it_becomes_active() {
    let mut house = House::new(from_text(&format!(
        "{GATE}[inputs.bell]\nkind = \"button\"\ngpio = 4\n\
         [[rules]]\nname = \"Bell\"\nwhile = \"bell\"\nset = {{ gate = \"on\" }}\n"
    )));
    assert_eq!(house.input("bell", true), ["gate ON: Bell"]);
    assert_eq!(house.live(mins(5)).len(), 1);
    assert!(!house.is_on("gate"));
    house.restart(secs(1));
    house.live(mins(5));
    assert!(!house.is_on("gate"), "it was asked once");
    house.input("bell", false);
    assert_eq!(house.input("bell", true), ["gate ON: Bell"]);
}

#[test]
fn a_pulse_that_a_restart_cut_short_is_not_given_again() {
    let mut house = House::new(from_text(GATE));
    house.command("gate", "ON");
    house.live(100 * MS);
    house.restart(100 * MS);
    assert!(!house.is_on("gate"));
    house.live(mins(1));
    assert!(house.log.iter().filter(|driven| driven.level.is_on()).count() == 1);
    assert_eq!(house.command("gate", "ON").len(), 1, "and the next one comes");
}

#[test]
fn a_pulse_that_cannot_begin_is_left_out() {
    let mut house = House::new(from_text(GATE));
    house.break_wire("gate");
    house.command("gate", "ON");
    house.live(secs(6));
    house.mend_wire("gate");
    house.live(mins(5));
    assert!(!house.log.iter().any(|driven| driven.level.is_on()));
    assert_eq!(house.why("gate"), "default: nobody asks for anything");
}

#[test]
fn off_ends_it_and_holds_nothing() {
    let mut house = House::new(from_text(GATE));
    house.command("gate", "ON");
    assert_eq!(house.command("gate", "OFF").len(), 1);
    assert_eq!(house.command("gate", "ON").len(), 1);
}
