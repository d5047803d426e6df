//! What a kill and a new start change in a house that has everything a file can say: nothing, or what is stated.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
    pub mod engine_texts;
}

use hearthd::model::{Cell, Level, Method};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;
use support::{
    engine_house::House,
    engine_texts::{METER, Step, World, forgetful_plan, steps, text_plan},
};

/// How often a house keeps what nobody was promised: more seldom than a small one does.
const OTHER_EVERY: Duration = Duration::from_secs(100);

/// `PROPTEST_CASES=2560` tries ten times as many.
fn cases(number: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (number * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

/// What the wires carry; a group has none.
fn wires(house: &House) -> Vec<(&str, Level)> {
    let outputs = house.config.outputs.iter().filter(|output| !matches!(output.method, Method::Group { .. }));
    outputs.map(|output| (&*output.id, house.wires[&output.id])).collect()
}

/// As [`wires`], of outputs that do what is asked of them now: no part of a zone or of slow PWM, which go through cycles,
/// and nothing that stays as it was left.
fn settled_wires(house: &House) -> Vec<(&str, Level)> {
    let cycles = ["slow", "slow.wire", "boiler", "valve", "pump", "kept", "vent", "blind", "blind.open", "blind.close"];
    wires(house).into_iter().filter(|(id, _)| !cycles.contains(id)).collect()
}

/// Every point, but for the counter: its rate is not known after a start.
fn picture(house: &House) -> Vec<Cell> {
    let mut points = house.engine.snapshot(house.now).points;
    points.retain(|state| !house.config.point_name(state.point).starts_with(METER));
    points
}

/// All that it remembers, but for what it last showed of the counter.
fn memory(house: &House) -> Value {
    let mut memory = serde_json::to_value(house.engine.memory(house.now)).unwrap();
    memory["sensors"].as_object_mut().unwrap().remove(METER);
    forget_rates(&mut memory["inputs"]);
    memory
}

/// After a start, a counter's rate is what was shown last, and falls from there.
fn forget_rates(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.remove("rate");
        fields.values_mut().for_each(forget_rates);
    }
}

/// The part of it that a kill must not take: commands and since when they wait for what, what event rules are at, when
/// outputs with a limit or a rest went on or off.
fn promised(house: &House) -> Value {
    let memory = serde_json::to_value(house.engine.memory(house.now)).unwrap();
    let each = |kind: &str, of: &dyn Fn(&str, &Value) -> Value| -> Value {
        memory[kind].as_object().into_iter().flatten().map(|(name, state)| (name.clone(), of(name, state))).collect()
    };
    let output = |name: &str, state: &Value| {
        let output = &house.config[house.config.find_output(name).unwrap()];
        let is_part = matches!(output.method, Method::Part { .. });
        let rests = output.min_off.is_some_and(|rest| !is_part || rest >= Duration::from_secs(60));
        let limited =
            rests || output.interlock.is_some() || output.pulse.is_some() || !is_part && output.max_on.is_some();
        let switched = (limited && matches!(output.method, Method::Direct | Method::Part { .. }))
            .then(|| (state["level"] != 0, &state["since"]["moment"]));
        json!([state["manual"], state["locked"], state["settings"], switched])
    };
    let mut promised = json!({
        "commands": memory["commands"],
        "mode": memory["mode"],
        "outputs": each("outputs", &output),
        "rooms": each("rooms", &|_, state| state["settings"].clone()),
        "zones": each("climates", &|_, state| {
            json!([state["mode"], state["preset"], state["manual"], state["settings"]])
        }),
        "runs": each("events", &|_, state| state["runs"].clone()),
    });
    forget_wall(&mut promised);
    promised
}

/// What the counter shows.
fn total(house: &House) -> Option<f64> {
    match house.point("meter.energy").value? {
        hearthd::model::Value::Number(total) => Some(total),
        _ => None,
    }
}

/// The wall time of a moment, which follows the clock.
fn forget_wall(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("moment") {
                fields.remove("wall");
            }
            fields.values_mut().for_each(forget_wall);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_wall),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(80))]

    /// Killed at random instants and started again at the same instant from the text of its state file, a house goes on
    /// as one that never stopped, once its inputs and sensors are read again: what its wires carry and why, every point,
    /// and all that it remembers. Only half a click is forgotten, so the button is let go before; and what
    /// becomes true with the first reading is no event, so that is nothing new.
    #[test]
    fn a_restart_changes_nothing(plan in text_plan(), steps in steps()) {
        let mut steady = House::at(plan.config(), plan.begins());
        let mut restarted = steady.clone();
        let mut world = World::default();
        for step in &steps {
            if let Step::Restart = step {
                world.clone().end_clicks(&mut steady);
                world.end_clicks(&mut restarted);
                world.settle_filter(&mut steady);
                world.settle_filter(&mut restarted);
                steady.wake();
                steady.engine.mark_persisted();
                restarted.restart(Duration::ZERO);
                world.read_all(&mut steady);
                world.read_all(&mut restarted);
            } else {
                world.clone().take(&mut steady, step);
                world.take(&mut restarted, step);
            }
            prop_assert_eq!(wires(&steady), wires(&restarted));
            prop_assert_eq!(picture(&steady), picture(&restarted));
            prop_assert_eq!(memory(&steady), memory(&restarted));
        }
    }

    /// Killed at random instants and started from what its state file held then, which is up to `OTHER_EVERY` old, a house
    /// remembers all that somebody was promised as if it had been written that moment.
    #[test]
    fn a_kill_takes_nothing_that_was_promised(plan in text_plan(), steps in steps()) {
        let mut house = House::at(plan.config(), plan.begins());
        house.keep_every(OTHER_EVERY);
        let mut world = World::default();
        for step in &steps {
            if let Step::Restart = step {
                let (before, total) = (promised(&house), total(&house));
                house.restart_from_kept();
                prop_assert_eq!(before, promised(&house));
                house.wake();
                prop_assert!(total <= self::total(&house), "what a counter showed goes back from {:?}", total);
                world.read_all(&mut house);
            } else {
                world.take(&mut house, step);
            }
        }
    }

    /// What was not kept is forgotten, and so are its effects: once nothing new happened for as long as the longest of a
    /// house's timers takes, its wires carry what they would if it had never been killed.
    #[test]
    fn a_kill_is_made_good_in_time(plan in forgetful_plan(), steps in steps()) {
        let mut steady = House::at(plan.config(), plan.begins());
        steady.keep_every(OTHER_EVERY);
        let mut world = World::default();
        let mut kills = 0;
        for step in &steps {
            if !matches!(step, Step::Restart) {
                world.take(&mut steady, step);
            } else if kills < 3 {
                kills += 1;
                world.end_clicks(&mut steady);
                let (mut killed, mut unkilled) = (steady.clone(), steady.clone());
                killed.restart_from_kept();
                killed.wake();
                world.read_all(&mut killed);
                world.read_all(&mut unkilled);
                for minutes in [12, 1, 1] {
                    world.rest(&mut killed, Duration::from_secs(minutes * 60));
                    world.rest(&mut unkilled, Duration::from_secs(minutes * 60));
                    prop_assert_eq!(settled_wires(&unkilled), settled_wires(&killed));
                }
            }
        }
    }

    /// What looks only at things that did not change need not be worked out, whatever a file can say.
    #[test]
    fn what_did_not_change_need_not_be_worked_out(plan in text_plan(), steps in steps()) {
        let mut quick = House::at(plan.config(), plan.begins());
        let mut thorough = House { thorough: true, ..quick.clone() };
        let mut world = World::default();
        for step in &steps {
            if let Step::Restart = step {
                quick.restart(Duration::ZERO);
                thorough.restart(Duration::ZERO);
                world.read_all(&mut quick);
                world.read_all(&mut thorough);
            } else {
                world.clone().take(&mut quick, step);
                world.take(&mut thorough, step);
            }
            prop_assert_eq!(&quick.log, &thorough.log);
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&quick), picture(&thorough));
            let kept = |house: &House| serde_json::to_string(&house.engine.memory(house.now)).unwrap();
            prop_assert_eq!(kept(&quick), kept(&thorough));
        }
    }
}
