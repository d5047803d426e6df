//! Any text as a configuration file: a house or a list of problems, never a panic. A house runs.

#![no_main]

use chrono::DateTime;
use hearthd::{
    clock::{Moment, Now},
    config,
    engine::Engine,
    model::Event,
};
use libfuzzer_sys::fuzz_target;
use std::{path::Path, sync::Arc};

fuzz_target!(|text: &str| {
    match config::parse(Path::new("config.toml"), text) {
        Ok(loaded) => {
            let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
            let mut engine = Engine::new(Arc::new(loaded.config), None, now);
            engine.handle(now, Event::Wake);
            serde_json::to_string(&engine.memory(now)).expect("what must survive can be written");
            engine.snapshot(now);
        }
        Err(report) => drop(report.to_string()),
    }
});
