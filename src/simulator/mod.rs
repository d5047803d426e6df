//! The simulated house of `hearthd demo`: a world that moves the wires, and a view of what the engine makes of it.
//!
//! ```text
//!  world ──stimuli──> simulated wires ──events──> daemon, engine ──snapshots──> journal, view
//!    ^                                                 │
//!    └────────────── outputs, on or off ───────────────┘
//! ```

pub mod world;

pub mod journal;

pub mod view;

#[cfg(test)]
mod fixtures;
