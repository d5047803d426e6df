//! Houses that are not there: the one of `hearthd demo`, and those of `hearthd simulate` and of the scenario files.
//!
//! The demo runs the daemon itself, on simulated wires, with a world at their other end and a view of what comes of it:
//!
//! ```text
//!  world ──stimuli──> simulated wires ──events──> daemon, engine ──snapshots──> journal, view
//!    ^                                                 │
//!    └────────────── outputs, on or off ───────────────┘
//! ```
//!
//! A simulation runs the engine alone, on a virtual clock: a [`house`] plays the daemon, [`play`] lets time pass, a
//! [`report`] is made of what is seen.

pub mod house;

pub mod play;

pub mod watch;

pub mod scenario;

pub mod expectations;

pub mod report;

pub mod replay;

pub mod trial;

pub mod world;

pub mod journal;

pub mod view;

#[cfg(test)]
mod fixtures;
