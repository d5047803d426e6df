//! Wires: outputs, inputs and sensors behind one type, on three backends.
//!
//! - `rppal`: a Raspberry Pi. Outputs by its registers, inputs by the kernel's edge interrupts.
//! - `chardev`: any Linux board, by the kernel's GPIO character device.
//! - `simulated`: no wires at all, on any machine.
//!
//! I2C sensors are read through `/dev/i2c-N` on both real backends. Nothing here decides what an output should be; it is
//! told, and it tells what it reads. Trouble with a wire never stops the rest: it is logged once with its cure, reported
//! as an event or as the result of [`Hardware::drive`], and tried again until it is over.

mod bell;
mod board;
mod buses;
mod chardev;
mod choice;
mod claims;
pub mod detect;
mod edges;
mod error;
mod expanders;
mod i2c;
mod inputs;
mod kernel;
mod lines;
mod machine;
mod outputs;
mod pins;
mod pwm;
mod rppal;
pub mod sensors;
pub mod simulated;
mod worker;

pub use choice::resolve;
pub use error::HardwareError;
pub use outputs::drive_safe;

use crate::{
    clock::Clock,
    model::{Backend, Config, Event, Learnt, Level, Line, OutputId},
};
use buses::Buses;
use choice::Chosen;
use inputs::Inputs;
use outputs::Outputs;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// All wires of the house. Dropping it ends all its threads within a second and releases the lines; it drives nothing
/// on the way, so who ends the daemon drives the safe states before.
pub struct Hardware {
    config: Arc<Config>,
    chosen: Chosen,
    outputs: Outputs,
    kept: Vec<(OutputId, Level)>,
    inputs: Inputs,
    buses: Buses,
}

impl Hardware {
    /// Claims every line, outputs at their level of `start` (in the order of the configuration) in the request itself,
    /// so that no relay clicks. Inputs are reported at once and at each change, sensors at once and each `every`.
    ///
    /// It never fails as a whole: see the module.
    pub fn open(config: Arc<Config>, start: &[Level], clock: Clock, events: Sender<Event>) -> Hardware {
        let chosen = choice::choose(&config.hardware);
        let inputs = Inputs::start(chosen.board.clone(), clock.clone(), events.clone());
        let buses = Buses::start(chosen.board.clone(), clock, events);
        let mut hardware = Hardware { config, chosen, outputs: Outputs::default(), kept: Vec::new(), inputs, buses };
        hardware.claim_missing(start);
        hardware
    }

    /// The backend in use, never `Auto`.
    pub fn backend(&self) -> Backend {
        self.chosen.backend
    }

    /// The other end of the wires, on the simulated backend.
    pub fn wires(&self) -> Option<simulated::Wires> {
        self.chosen.wires.clone()
    }

    /// False when a thread that reads wires has ended by a panic.
    pub fn is_whole(&self) -> bool {
        self.inputs.is_whole() && self.buses.is_whole() && self.chosen.board.is_whole()
    }

    /// Drives an output of the current configuration, claiming its line first if that failed before.
    ///
    /// # Errors
    /// Why the wire is not at that level now.
    pub fn drive(&mut self, output: OutputId, level: Level) -> Result<(), HardwareError> {
        self.outputs.drive(&*self.chosen.board, &self.config[output], level)
    }

    /// Tells the sensors that have a driver what their chips had learnt before.
    pub fn recall(&mut self, learnt: &[(Arc<str>, Learnt)]) {
        self.buses.recall(learnt);
    }

    /// The levels of the lines that were just claimed otherwise than they were to be, each told once.
    pub fn kept(&mut self) -> Vec<(OutputId, Level)> {
        std::mem::take(&mut self.kept)
    }

    /// Looks at every output line: those that are not as they were last driven, each with that level and what is wrong.
    pub fn verify(&mut self) -> Vec<(OutputId, Level, HardwareError)> {
        self.outputs.verify(&self.config)
    }

    /// Takes over a new configuration. A line that is an output with the same active level before and after stays
    /// claimed and is not touched. Other outputs of before are left in their safe state and released, others of now are
    /// claimed at their level of `start`. Inputs and sensors that did not change go on undisturbed. The backend stays: another
    /// one takes a restart.
    pub fn reconfigure(&mut self, config: Arc<Config>, start: &[Level]) {
        let moved = |line: &Line| line.is_moved(&self.config, &config);
        self.outputs.release_others(&config, moved);
        self.inputs.release_others(&config, moved);
        self.config = config;
        self.claim_missing(start);
    }

    fn claim_missing(&mut self, start: &[Level]) {
        if let Some(wires) = &self.chosen.wires {
            wires.lay(&self.config);
        }
        self.chosen.board.lay(&self.config);
        self.kept = self.outputs.claim_missing(&*self.chosen.board, &self.config, start);
        self.inputs.watch_missing(&self.config);
        self.buses.read(&self.config);
    }
}

#[cfg(test)]
mod tests;
