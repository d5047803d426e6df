//! What the engine does, one behaviour a test: an event in, the complete list of what is done out.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../support"]
mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
}

mod changed;
mod chatter;
mod clock;
mod commands;
mod contradictions;
mod counters;
mod doors;
mod drives;
mod events;
mod forms;
mod hubs;
mod inputs;
mod instant;
mod interlock;
mod levels;
mod limits;
mod manual;
mod movers;
mod parts;
mod presence;
mod promises;
mod published;
mod pulse;
mod reload;
mod rooms;
mod rules;
mod sensors;
mod settings;
mod still;
mod stop;
mod today;
mod unknown;
mod why;
mod wires;
mod zones;

/// Nothing is done.
const NOTHING: [&str; 0] = [];
