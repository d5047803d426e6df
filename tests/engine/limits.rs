//! Limits of one output: `max_on`, `min_on`, `min_off`.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::model::{AtStart, Line, Output, PwmChannel};

/// A heater that a thermometer asks for below 20 °C.
fn heater(heater: Output) -> House {
    let mut b = Builder::new();
    let (heater, room) = (b.output(heater), b.sensor("room"));
    b.rule("Cold", colder(room, 20.0), &[(heater, ON)]);
    House::new(b.build())
}

#[test]
fn min_on_keeps_it_on() {
    let mut house = heater(Output { min_on: Some(secs(60)), ..output("heater") });
    house.reads("room", 19.0);
    house.live(secs(10));
    assert_eq!(house.reads("room", 21.0), NOTHING);
    assert_eq!(house.why("heater"), "protect: min_on keeps it on until 2026-11-23 13:01:00");
    assert_eq!(house.live(secs(49)), NOTHING);
    assert_eq!(house.live(secs(1)), ["heater OFF: nobody asks for anything"]);
}

#[test]
fn min_off_keeps_it_off_also_at_the_very_first_start_and_for_commands() {
    let mut house = heater(Output { min_off: Some(secs(60)), at_start: AtStart::On, default: ON, ..output("heater") });
    assert!(!house.is_on("heater"), "nobody knows how long it was off");
    house.live(secs(10));
    assert_eq!(house.command("heater", "ON"), NOTHING);
    assert_eq!(house.why("heater"), "protect: min_off keeps it off until 2026-11-23 13:01:00");
    assert_eq!(house.live(secs(50)), ["heater ON: command by MQTT, until AUTO"]);
    assert_eq!(house.command("heater", "OFF"), ["heater OFF: command by MQTT, until AUTO"]);
    assert_eq!(house.command("heater", "AUTO"), NOTHING);
    assert_eq!(house.restart(secs(30)), ["heater OFF: min_off keeps it off until 2026-11-23 13:02:00"]);
    assert_eq!(house.live(secs(29)), NOTHING);
    assert_eq!(house.live(secs(1)), ["heater ON: nobody asks for anything"]);
}

#[test]
fn a_compressor_rests_after_a_power_cut_and_a_lamp_does_not() {
    let mut b = Builder::new();
    b.output(Output { min_off: Some(secs(60)), ..output("compressor") });
    b.output(output("lamp"));
    let mut house = House::new(b.build());
    house.live(mins(2));
    house.command("compressor", "ON");
    house.command("lamp", "ON");
    house.live(mins(2));
    house.restart(secs(5));
    assert!(house.is_on("compressor") && house.is_on("lamp"), "the wires kept their levels");
    house.power_cut(secs(5));
    assert!(!house.is_on("compressor") && house.is_on("lamp"));
    assert!(house.why("compressor").starts_with("protect: min_off keeps it off"));
    house.live(secs(60));
    assert!(house.is_on("compressor"));
}

#[test]
fn what_was_read_before_a_pause_of_unknown_length_counts_no_more() {
    let mut house = heater(output("heater"));
    house.reads("room", 19.0);
    assert!(house.is_on("heater"));
    house.restart(secs(1));
    assert!(house.is_on("heater"));
    house.restart_without_a_clock();
    assert!(!house.is_on("heater"));
    house.reads("room", 19.0);
    assert!(house.is_on("heater"));
}

#[test]
fn max_on_switches_off_until_the_rule_ends() {
    let mut house = heater(Output { max_on: Some(secs(80)), min_on: Some(secs(300)), ..output("heater") });
    house.reads("room", 19.0);
    house.live(secs(40));
    house.reads("room", 18.0);
    assert_eq!(house.live(secs(39)), NOTHING);
    assert_eq!(house.live(secs(1)), ["heater OFF: on for its max_on of 1m20s, off until nothing asks for it any more"]);
    house.reads("room", 19.0);
    assert_eq!(house.live(secs(60)), NOTHING);
    assert_eq!(house.restart(secs(1)).len(), 1, "it is driven, and still off");
    assert!(!house.is_on("heater"));
    assert_eq!(house.reads("room", 21.0), NOTHING);
    assert_eq!(house.reads("room", 19.0), ["heater ON: Cold"]);
}

#[test]
fn a_command_releases_max_on() {
    let mut house = heater(Output { max_on: Some(secs(60)), ..output("heater") });
    house.command("heater", "ON");
    assert_eq!(house.live(mins(5)).len(), 1);
    assert_eq!(house.command("heater", "ON"), ["heater ON: command by MQTT, until AUTO"]);
    assert_eq!(house.live(secs(59)), NOTHING);
    assert_eq!(house.live(secs(1)).len(), 1, "and it counts anew");
}

#[test]
fn a_sensor_that_is_lost_for_a_moment_does_not_release_max_on() {
    let mut house = heater(Output { max_on: Some(secs(60)), ..output("heater") });
    house.reads("room", 19.0);
    house.live(secs(60));
    house.read_fails("room", true);
    assert_eq!(house.reads("room", 19.0), NOTHING);
    assert!(house.why("heater").starts_with("safety: on for its max_on"));
}

#[test]
fn max_on_counts_through_a_restart() {
    let mut house = heater(Output { max_on: Some(secs(60)), ..output("heater") });
    house.command("heater", "ON");
    house.live(secs(40));
    house.restart(secs(10));
    assert_eq!(house.live(secs(9)), NOTHING);
    assert_eq!(house.live(secs(1)).len(), 1);
    assert!(!house.is_on("heater"));
}

#[test]
fn max_on_counts_through_a_restart_that_makes_a_lamp_brighter() {
    let mut b = Builder::new();
    let line = Some(Line::Pwm(PwmChannel::Pin(18)));
    b.output(Output { line, max_on: Some(secs(60)), at_start: AtStart::On, ..output("lamp") });
    let mut house = House::new(b.build());
    house.command("lamp", "40");
    house.live(secs(50));
    house.restart(secs(5));
    house.live(secs(4));
    assert!(house.is_on("lamp"));
    house.live(secs(1));
    assert!(!house.is_on("lamp"), "{}", house.why("lamp"));
}

#[test]
fn what_must_rest_is_kept_at_once() {
    let mut b = Builder::new();
    b.output(Output { min_off: Some(secs(60)), ..output("compressor") });
    b.output(output("lamp"));
    let (up, down) = (b.output(output("up")), b.output(output("down")));
    b.interlock("shutter", secs(2), &[up, down]);
    let room = b.sensor("room");
    for (index, name) in ["compressor", "lamp", "up"].into_iter().enumerate() {
        let output = b.build().find_output(name).unwrap();
        b.rule(name, colder(room, 20.0 - index as f64), &[(output, ON)]);
    }
    let mut house = House::new(b.build());
    house.live(mins(2));
    let mut promised_at = |temperature: f64| {
        let before = house.engine.revision();
        let done = house.reads("room", temperature);
        assert_eq!(done.len(), 1, "{done:?}");
        let after = house.engine.revision();
        assert_ne!(before, after);
        before.durable != after.durable
    };
    assert!(promised_at(19.5), "the compressor goes on");
    assert!(!promised_at(18.5), "the lamp");
    assert!(promised_at(17.5), "a member of an interlock");
    assert!(promised_at(18.5));
    assert!(!promised_at(19.5));
    assert!(promised_at(20.5));
}

#[test]
fn that_a_power_cut_began_a_rest_is_kept_at_once() {
    let mut house = heater(Output { min_off: Some(secs(60)), ..output("heater") });
    house.live(mins(2));
    house.reads("room", 19.0);
    assert!(house.is_on("heater"));
    house.restart(secs(5));
    assert_eq!(house.engine.revision().durable, 0);
    house.power_cut(secs(5));
    assert!(!house.is_on("heater"));
    assert_eq!(house.engine.revision().durable, 1, "or a kill soon after would start it at once");
}

#[test]
fn at_start_off_and_on_come_before_the_first_decision() {
    let mut b = Builder::new();
    b.output(Output { at_start: AtStart::Off, ..output("careful") });
    b.output(Output { at_start: AtStart::On, ..output("bold") });
    let mut house = House::new(b.build());
    house.command("careful", "ON");
    house.log.clear();
    house.restart(secs(1));
    let claims: Vec<_> = house.log.iter().filter(|driven| driven.cause.is_none()).map(|driven| driven.level).collect();
    assert_eq!(claims, [OFF, ON]);
    assert!(house.is_on("careful") && !house.is_on("bold"), "then what is asked counts");
}

/// A house whose zone calls for its heater.
fn cold_zone() -> House {
    let mut house = House::new(from_text(
        "[outputs.heater]\nkind = \"heater\"\ngpio = 17\nmax_on = \"6h\"\n[sensors.living]\nchip = \"tmp102\"\nstale_after = \"2m\"\n\
         [climate.living]\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20\n",
    ));
    house.reads("living", 15.0);
    house
}

/// The sensor is read each minute, as much colder each time.
fn in_the_cold(house: &mut House, minutes: u32) -> Vec<String> {
    let mut done = Vec::new();
    for minute in 0..minutes {
        house.reads("living", 15.0 - f64::from(minute) * 0.02);
        done.extend(house.live(mins(1)));
    }
    done
}

#[test]
fn what_a_zone_drives_rests_after_max_on_and_goes_on() {
    let mut house = cold_zone();
    let off = "heater OFF: on for its max_on of 6h, rests for 30m";
    assert_eq!(in_the_cold(&mut house, 361), [off]);
    assert_eq!(house.point("living.action").text().as_deref(), Some("idle"));
    assert_eq!(house.point("living.action").why(), Some("safety: heater: on for its max_on of 6h, rests for 30m"));
    assert_eq!(in_the_cold(&mut house, 28), NOTHING);
    assert_eq!(house.point("living.alarm").text().as_deref(), Some("limited"));
    assert!(in_the_cold(&mut house, 3)[0].starts_with("heater ON: living heating to 20 °C"));
    assert_eq!(house.point("living.alarm").text().as_deref(), Some("none"));
    assert_eq!(house.point("living.action").text().as_deref(), Some("heating"));
}

#[test]
fn a_rest_goes_on_over_a_restart_and_a_command_ends_with_the_limit() {
    let mut house = cold_zone();
    house.command("heater", "ON");
    in_the_cold(&mut house, 365);
    assert!(house.why("heater").starts_with("safety: on for its max_on"));
    house.restart(mins(10));
    assert!(!house.is_on("heater"));
    in_the_cold(&mut house, 20);
    assert!(house.why("heater").starts_with("climate: living heating"), "the command is over: {}", house.why("heater"));
}
