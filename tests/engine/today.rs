//! What conditions ask of today, from local midnight on.

use crate::{
    NOTHING,
    support::{
        engine_config::*,
        engine_house::{House, utc},
    },
};
use hearthd::{
    clock::{Moment, Now},
    model::{Event, Quantity},
};
use std::time::Duration;

const PUMP: &str = "[outputs.pump]\nkind = \"switch\"\ngpio = 17\n";
const LAMP: &str = "[outputs.lamp]\nkind = \"light\"\ngpio = 18\n";

fn house(text: &str, time: &str) -> House {
    House::at(from_text(text), time)
}

/// A pump that runs for four hours while a switch is on, and its lamp while it did so for at least one.
fn pump(time: &str) -> House {
    let text = format!(
        "{PUMP}{LAMP}[inputs.switch]\nkind = \"switch\"\ngpio = 4\n\
         [[rules]]\nname = \"Pump\"\nwhile = \"switch and today(pump) < 4h\"\nset = {{ pump = \"on\" }}\n\
         [[rules]]\nname = \"Lamp\"\nwhile = \"today(pump) >= 1h\"\nset = {{ lamp = \"on\" }}\n"
    );
    let mut house = house(&text, time);
    house.input("switch", true);
    house
}

fn hours(hours: u64) -> Duration {
    mins(hours * 60)
}

#[test]
fn a_comparison_turns_at_the_very_instant() {
    let mut house = pump("2026-11-23T07:00:00");
    assert!(house.is_on("pump"));
    house.live(mins(30));
    house.input("switch", false);
    house.live(hours(2));
    house.input("switch", true);
    assert_eq!(house.live(mins(30) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["lamp ON: Lamp"]);
    assert_eq!(house.live(hours(3) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["pump OFF: nobody asks for anything"]);
    // A new day begins at local midnight, ten hours later.
    assert_eq!(house.live(hours(10) - secs(1)), NOTHING);
    let mut turned = house.live(secs(1));
    turned.sort();
    assert_eq!(turned, ["lamp OFF: nobody asks for anything", "pump ON: Pump"]);
    assert_eq!(house.live(hours(4)), ["lamp ON: Lamp", "pump OFF: nobody asks for anything"]);
}

#[test]
fn what_is_on_over_midnight_counts_from_there() {
    let mut house = pump("2026-11-23T21:30:00");
    assert_eq!(house.live(mins(89)), ["lamp ON: Lamp"]);
    assert_eq!(house.live(mins(1)), ["lamp OFF: nobody asks for anything"], "midnight");
    assert_eq!(house.live(hours(1)), ["lamp ON: Lamp"]);
    assert_eq!(house.live(hours(3)), ["pump OFF: nobody asks for anything"]);
}

#[test]
fn days_on_which_clocks_change_begin_and_end_at_their_own_midnights() {
    // The first hour of the day, then until the next: 23 hours, 25, 24.
    for (begin, length) in [("2026-03-28T23:00:00", 23), ("2026-10-24T22:00:00", 25), ("2026-11-22T23:00:00", 24)] {
        let mut house = pump(begin);
        assert_eq!(house.live(hours(4)), ["lamp ON: Lamp", "pump OFF: nobody asks for anything"], "{begin}");
        assert_eq!(house.live(hours(length - 4) - Duration::from_millis(1)), NOTHING, "{begin}");
        assert_eq!(house.live(Duration::from_millis(1)).len(), 2, "{begin}");
    }
}

#[test]
fn while_the_time_is_unknown_so_is_today() {
    let text = format!(
        "{PUMP}{LAMP}[[rules]]\nname = \"Pump\"\nwhile = \"today(pump) < 1h\"\nset = {{ pump = \"on\" }}\n\
         [[rules]]\nname = \"Lamp\"\nwhile = \"not today(pump) >= 1h\"\nset = {{ lamp = \"on\" }}\n"
    );
    let now = Now { moment: Moment::START, wall: utc("2026-11-23T10:00:00"), wall_known: false };
    let mut house = House::start(from_text(&text), None, now);
    assert_eq!(house.live(mins(5)), NOTHING);
    assert!(!house.is_on("pump") && !house.is_on("lamp"));
    house.now.wall_known = true;
    assert_eq!(house.wake(), ["pump ON: Pump", "lamp ON: Lamp"]);
    house.live(mins(30));
    // What was on is still of the same day when it is known again.
    house.now.wall_known = false;
    assert_eq!(house.wake().len(), 2);
    house.live(mins(10));
    house.now.wall_known = true;
    assert_eq!(house.wake().len(), 2);
    assert_eq!(house.live(mins(30) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)).len(), 2);
}

#[test]
fn a_clock_that_is_set_back_over_midnight_does_not_begin_the_day_again() {
    let mut house = pump("2026-11-23T22:59:50");
    house.live(secs(20));
    assert_eq!(house.set_clock("2026-11-23T22:59:59"), NOTHING);
    house.live(secs(11));
    // Ten seconds after midnight, one that was shown twice, and ten more.
    assert_eq!(house.live(hours(1) - secs(21) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["lamp ON: Lamp"]);
}

#[test]
fn it_survives_a_restart_and_a_long_pause_counts_for_nothing() {
    let mut house = pump("2026-11-23T07:00:00");
    house.live(mins(40));
    house.restart(secs(1));
    house.input("switch", true);
    house.live(mins(10));
    house.restart(hours(2));
    house.input("switch", true);
    assert!(house.is_on("pump") && !house.is_on("lamp"));
    // A second of the first pause was counted.
    assert_eq!(house.live(mins(10) - secs(1) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), ["lamp ON: Lamp"]);
    // Another day.
    house.restart(hours(20));
    house.input("switch", true);
    assert!(house.is_on("pump") && !house.is_on("lamp"));
}

#[test]
fn inputs_rooms_and_groups_count_too() {
    let text = format!(
        "{PUMP}{LAMP}[outputs.both]\nkind = \"group\"\nmembers = [\"pump\", \"lamp\"]\n\
         [outputs.a]\nkind = \"switch\"\ngpio = 19\n[outputs.b]\nkind = \"switch\"\ngpio = 20\n[outputs.c]\nkind = \"switch\"\ngpio = 21\n\
         [inputs.motion]\nkind = \"motion\"\ngpio = 4\n[rooms.hall]\nmotion = [\"motion\"]\nempty_after = \"1m\"\n\
         [[rules]]\nname = \"A\"\nwhile = \"today(motion) >= 1m\"\nset = {{ a = \"on\" }}\n\
         [[rules]]\nname = \"B\"\nwhile = \"today(hall) at least 90s\"\nset = {{ b = \"on\" }}\n\
         [[rules]]\nname = \"C\"\nwhile = \"today(both) + today(motion) >= 3m\"\nset = {{ c = \"on\" }}\n"
    );
    let mut house = house(&text, "2026-11-23T10:00:00");
    house.input("motion", true);
    assert_eq!(house.live(secs(40)), NOTHING);
    house.input("motion", false);
    assert_eq!(house.live(secs(49)), NOTHING);
    assert_eq!(house.live(secs(1)), ["b ON: B"]);
    house.live(mins(10));
    house.input("motion", true);
    assert_eq!(house.live(secs(20)), ["a ON: A"]);
    house.command("lamp", "ON");
    // Both run, so that the sum grows by two in a second.
    assert_eq!(house.live(secs(59)), NOTHING);
    assert_eq!(house.live(secs(1)), ["c ON: C"]);
}

#[test]
fn a_meter_counts_from_what_it_showed_at_midnight() {
    let text = format!(
        "{LAMP}[inputs.water]\nkind = \"counter\"\ngpio = 4\nmeasures = \"water\"\npulses_per_unit = 1000\nmax_rate = 900\n\
         every = \"10s\"\n[[rules]]\nname = \"Lamp\"\nwhile = \"today(water.volume) > 0.3 m³\"\nset = {{ lamp = \"on\" }}\n"
    );
    let mut house = house(&text, "2026-11-23T22:00:00");
    let pulses = |house: &mut House, count| {
        house.pulses("water", count);
        house.engine.mark_persisted();
        house.live(secs(10))
    };
    assert_eq!(pulses(&mut house, 200), NOTHING);
    assert_eq!(house.command("water.volume", "5000"), NOTHING, "what is set was not used");
    assert_eq!(pulses(&mut house, 100), NOTHING);
    assert_eq!(pulses(&mut house, 1), ["lamp ON: Lamp"]);
    assert_eq!(house.live(hours(1)), ["lamp OFF: nobody asks for anything"], "midnight");
    assert_eq!(pulses(&mut house, 300), NOTHING);
    assert_eq!(pulses(&mut house, 1), ["lamp ON: Lamp"]);
}

#[test]
fn a_meter_goes_on_over_a_long_pause_and_begins_anew_over_midnight() {
    let text = format!(
        "{LAMP}[mqtt]\nurl = \"mqtt://broker\"\n[sensors.water]\nmqtt = \"water\"\nquantities = {{ volume = \"/v\" }}\n\
         stale_after = \"1h\"\n[[rules]]\nname = \"Shut off\"\nwhile = \"today(water.volume) > 0.3 m³\"\n\
         set = {{ lamp = \"on\" }}\n"
    );
    let read = |house: &mut House, total| {
        let result = Ok(vec![(Quantity::Volume, total)]);
        house.send(Event::SensorRead { sensor: "water".into(), result });
    };
    let leak = |time| {
        let mut house = house(&text, time);
        read(&mut house, 100.0);
        read(&mut house, 100.25);
        assert!(!house.is_on("lamp"));
        house
    };
    for pause in [secs(30), mins(2), hours(3)] {
        let mut house = leak("2026-11-23T10:00:00");
        read(&mut house, 100.4);
        house.power_cut(pause);
        read(&mut house, 100.4);
        assert!(house.is_on("lamp"), "{pause:?}: what was used stays used");
        let mut house = leak("2026-11-23T10:00:00");
        house.restart(pause);
        read(&mut house, 100.4);
        assert!(house.is_on("lamp"), "{pause:?}: and what was used meanwhile counts");
    }
    let mut house = leak("2026-11-23T22:59:00");
    read(&mut house, 100.4);
    house.restart(mins(2));
    read(&mut house, 100.4);
    assert!(!house.is_on("lamp"), "another day");
    read(&mut house, 100.75);
    assert!(house.is_on("lamp"), "and that counts from where the meter was");
}

#[test]
fn a_meter_on_the_broker_may_begin_anew() {
    let text = format!(
        "{LAMP}{PUMP}[mqtt]\nurl = \"mqtt://broker\"\n[sensors.grid]\nmqtt = \"grid\"\nquantities = {{ energy = \"/e\" }}\n\
         stale_after = \"1h\"\n[[rules]]\nname = \"Lamp\"\nwhile = \"today(grid.energy) >= 2 kWh\"\nset = {{ lamp = \"on\" }}\n"
    );
    let mut house = house(&text, "2026-11-23T10:00:00");
    let read = |house: &mut House, kwh| {
        let result = Ok(vec![(Quantity::Energy, kwh)]);
        house.send(Event::SensorRead { sensor: "grid".into(), result })
    };
    for kwh in [4000.0, 4001.0, 4000.9, 0.4] {
        assert_eq!(read(&mut house, kwh), NOTHING, "{kwh}");
    }
    assert_eq!(read(&mut house, 1.0), ["lamp ON: Lamp"]);
    // Lost, it is not known.
    assert_eq!(house.live(hours(1)), ["lamp OFF: nobody asks for anything"]);
    assert_eq!(read(&mut house, 1.0), ["lamp ON: Lamp"], "it tells again, and nothing was used");
    assert_eq!(house.read_fails("grid", true), ["lamp OFF: nobody asks for anything"]);
    assert_eq!(read(&mut house, 1.0), ["lamp ON: Lamp"]);
}

/// A pump that must run for four hours a day, and runs by a switch.
fn daily(time: &str) -> House {
    let text = format!(
        "{PUMP}min_on_daily = \"4h\"\n[inputs.switch]\nkind = \"switch\"\ngpio = 4\n\
         [[rules]]\nname = \"By hand\"\nwhile = \"switch\"\nset = {{ pump = \"on\" }}\n"
    );
    house(&text, time)
}

const DUE: &str = "pump ON: At least 4h a day: Pump";
const OVER: &str = "pump OFF: nobody asks for anything";

#[test]
fn what_is_missing_of_a_day_is_made_up_for_before_midnight() {
    let mut house = daily("2026-11-23T11:00:00");
    // At 20:00, for four hours.
    assert_eq!(house.live(hours(8) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), [DUE]);
    assert_eq!(house.live(hours(4) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), [OVER]);
    // The next day it has run for 90 minutes already, and the rest begins at 21:30.
    house.live(hours(10));
    house.input("switch", true);
    house.live(mins(90));
    house.input("switch", false);
    assert_eq!(house.live(hours(10) - Duration::from_millis(1)), NOTHING);
    assert_eq!(house.live(Duration::from_millis(1)), [DUE]);
    assert_eq!(house.live(mins(150)), [OVER]);
    // The day after that it ran for long enough.
    house.live(hours(10));
    house.input("switch", true);
    house.live(hours(4));
    assert_eq!(house.input("switch", false), [OVER]);
    assert_eq!(house.live(hours(10)), NOTHING);
}

#[test]
fn a_long_day_and_a_short_one_are_reckoned_with() {
    for (begin, noon_to_begin) in [("2026-03-29T10:00:00", 8), ("2026-10-25T11:00:00", 8)] {
        let mut house = daily(begin);
        assert_eq!(house.live(hours(noon_to_begin) - secs(1)), NOTHING, "{begin}");
        assert_eq!(house.live(secs(1)), [DUE], "{begin}");
        assert_eq!(house.live(hours(4)), [OVER], "{begin}");
    }
    // Begun at midnight, the last four hours of 23 and of 25.
    for (begin, length) in [("2026-03-28T23:00:00", 23), ("2026-10-24T22:00:00", 25)] {
        let mut house = daily(begin);
        assert_eq!(house.live(hours(length - 4) - secs(1)), NOTHING, "{begin}");
        assert_eq!(house.live(secs(1)), [DUE], "{begin}");
    }
}

#[test]
fn what_keeps_it_off_is_made_up_for_as_far_as_the_day_goes() {
    let mut house = daily("2026-11-23T18:30:00");
    assert_eq!(house.live(mins(30)), [DUE]);
    house.command_for("pump", "OFF", Some(hours(1)));
    assert!(!house.is_on("pump"));
    assert_eq!(house.live(hours(1)), [DUE]);
    assert_eq!(house.live(hours(3)), [OVER], "at midnight the day is over, and with it what was due");
    assert_eq!(house.live(hours(19)), NOTHING);
}

#[test]
fn a_clock_that_is_adjusted_does_not_switch_it_and_one_that_is_not_known_does_not_either() {
    assert!(daily("2026-11-23T19:30:00").is_on("pump"), "half an hour is lost");
    let mut house = daily("2026-11-23T18:00:00");
    assert_eq!(house.live(hours(1)), [DUE]);
    house.live(hours(1));
    assert_eq!(house.set_clock("2026-11-23T19:59:30"), NOTHING);
    assert_eq!(house.set_clock("2026-11-23T19:58:00"), [OVER], "so much is no adjustment");
    assert_eq!(house.live(mins(2)), [DUE]);
    house.now.wall_known = false;
    assert_eq!(house.wake(), [OVER]);
    assert_eq!(house.live(hours(1)), NOTHING);
    house.now.wall_known = true;
    assert_eq!(house.wake(), [DUE]);
}

#[test]
fn why_says_what_is_still_missing_and_foresight_when() {
    let mut house = daily("2026-11-23T11:00:00");
    house.input("switch", true);
    house.live(mins(90));
    house.input("switch", false);
    let reasons = house.engine.reasons_of("pump", house.now).unwrap();
    let due = &reasons.rules[1];
    assert_eq!(due.parts[0].text, "today(pump) < 4h, and no more of the day is left than that takes");
    assert_eq!(due.parts[0].numbers, ["today(pump) 1h30m"]);
    let outlook = house.engine.outlook(house.now);
    let told: Vec<_> = outlook.changes.iter().map(|change| (change.next.at, change.next.line.as_str())).collect();
    assert_eq!(told[0], (utc("2026-11-23T20:30:00"), "rule: At least 4h a day: Pump"));
    assert_eq!(told[1], (utc("2026-11-23T23:00:00"), "default: nobody asks for anything"));
}

#[test]
fn a_reload_to_another_meter_uses_nothing() {
    let config = |topic: &str| {
        from_text(&format!(
            "{LAMP}[mqtt]\nurl = \"mqtt://broker\"\n[sensors.water]\nmqtt = \"{topic}\"\nquantities = {{ volume = \"/v\" }}\n\
             stale_after = \"1h\"\n[[rules]]\nname = \"Lamp\"\nwhile = \"today(water.volume) >= 0.5 m³\"\n\
             set = {{ lamp = \"on\" }}\n"
        ))
    };
    let mut house = House::at(config("old"), "2026-11-23T10:00:00");
    let read = |house: &mut House, total| {
        let result = Ok(vec![(Quantity::Volume, total)]);
        house.send(Event::SensorRead { sensor: "water".into(), result });
        house.is_on("lamp")
    };
    assert!(!read(&mut house, 100.0) && !read(&mut house, 100.25));
    house.reconfigure(config("new"));
    house.restart(secs(1));
    assert!(!read(&mut house, 700.0), "the other meter shows more");
    assert!(!read(&mut house, 700.125));
    assert!(read(&mut house, 700.25), "and what was used before counts");
}

#[test]
fn a_kill_loses_five_minutes_of_what_is_on_at_most() {
    let mut house = pump("2026-11-23T07:00:00");
    house.keep_every(secs(30));
    house.live(mins(59));
    house.restart_from_kept();
    house.wake();
    house.input("switch", true);
    house.live(mins(6));
    assert!(house.is_on("lamp"), "an hour of 65 minutes");
    let mut idle = pump("2026-11-23T07:00:00");
    idle.input("switch", false);
    let before = idle.engine.revision();
    idle.live(mins(60));
    assert_eq!(idle.engine.revision(), before, "what is off is not remembered anew");
}
