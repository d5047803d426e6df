//! Any text as the condition of a rule in the shipped house: a rule that can be evaluated or a mistake with its place,
//! never a panic.

#![no_main]

use chrono::DateTime;
use hearthd::{
    clock::{Moment, Now},
    config,
    engine::Engine,
    model::Event,
};
use libfuzzer_sys::fuzz_target;
use std::{path::Path, sync::Arc, time::Duration};

const HOUSE: &str = include_str!("../../config.toml");

fuzz_target!(|condition: &str| {
    let quoted = serde_json::to_string(condition).expect("a string is always JSON");
    let text =
        format!("{HOUSE}\n[[rules]]\nname = \"The fuzzed rule\"\nwhile = {quoted}\nset = {{ hall_light = \"on\" }}\n");
    match config::parse(Path::new("config.toml"), &text) {
        Ok(loaded) => {
            let mut now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
            let mut engine = Engine::new(Arc::new(loaded.config), None, now);
            for _ in 0..3 {
                engine.handle(now, Event::Wake);
                now.moment = engine.next_wakeup().unwrap_or(now.moment + Duration::from_secs(60));
                now.wall = now.wall_at(now.moment);
            }
        }
        Err(report) => drop(report.to_string()),
    }
});
