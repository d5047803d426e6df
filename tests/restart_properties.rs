//! What a kill and a new start change in a house that has everything a file can say: nothing, or what is stated.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
    pub mod engine_texts;
}

use hearthd::model::{Level, Method};
use proptest::prelude::*;
use std::time::Duration;
use support::{
    engine_house::House,
    engine_texts::{Step, World, steps, text_plan},
};

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

proptest! {
    #![proptest_config(cases(80))]

    /// Killed at random instants and started again at the same instant from the text of its state file, a house goes on
    /// as one that never stopped, once its inputs and sensors are read again: what its wires carry and why, every point,
    /// and all that it remembers. Only half a click is forgotten, so the button is let go before.
    #[test]
    fn a_restart_changes_nothing(plan in text_plan(), steps in steps()) {
        let mut steady = House::at(plan.config(), plan.begins());
        let mut restarted = steady.clone();
        let mut world = World::default();
        for step in &steps {
            if let Step::Restart = step {
                world.clone().end_clicks(&mut steady);
                world.end_clicks(&mut restarted);
                steady.wake();
                restarted.restart(Duration::ZERO);
                world.read_all(&mut steady);
                world.read_all(&mut restarted);
            } else {
                world.clone().take(&mut steady, step);
                world.take(&mut restarted, step);
            }
            prop_assert_eq!(wires(&steady), wires(&restarted));
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&steady), picture(&restarted));
            let kept = |house: &House| serde_json::to_string(&house.engine.memory(house.now)).unwrap();
            prop_assert_eq!(kept(&steady), kept(&restarted));
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
