//! What should be on: pure decisions, no I/O, no clock.

mod memory;

pub use memory::Memory;

use crate::{
    clock::{Moment, Now},
    model::{Config, Effect, Event, Level, OutputId, Snapshot},
};
use std::sync::Arc;

/// Decides every output.
pub struct Engine {}

impl Engine {
    /// An engine for `config` that goes on from `memory`.
    pub fn new(_config: Arc<Config>, _memory: Option<Memory>, _now: Now) -> Engine {
        todo!()
    }
    /// What to claim the output's line with, before anything is decided.
    pub fn start_level(&self, _output: OutputId) -> Level {
        todo!()
    }
    /// Takes in one event and returns everything to do, in order. Never fails, never blocks.
    pub fn handle(&mut self, _now: Now, _event: Event) -> Vec<Effect> {
        todo!()
    }
    /// When to call `handle` with [`Event::Wake`] at the latest; early and late calls are harmless.
    pub fn next_wakeup(&self) -> Moment {
        todo!()
    }
    /// A picture of the house.
    pub fn snapshot(&self, _now: Now) -> Snapshot {
        todo!()
    }
    /// All that must survive a restart.
    pub fn memory(&self, _now: Now) -> Memory {
        todo!()
    }
}
