//! Wires: outputs, inputs and sensors behind one type, on three backends.
//!
//! - `rppal`: a Raspberry Pi. Outputs by its registers, inputs by the kernel's edge interrupts.
//! - `chardev`: any Linux board, by the kernel's GPIO character device.
//! - `simulated`: no wires at all, on any machine.
//!
//! What is on topics of the broker, on Modbus or on serial ports is none of its business ([`Config::wired`]), but for a demo, which plays it.
//!
//! I2C sensors are read through `/dev/i2c-N` on both real backends. Nothing here decides what an output should be; it is
//! told, and it tells what it reads. Trouble with a wire never stops the rest: it is logged once with its cure, reported
//! as an event or as the answer to a drive, and tried again until it is over.
//!
//! Whatever may take its time has a thread of its own: sensors and inputs, and each bus that outputs are driven over
//! (`sink.rs`). A bus that hangs holds up its own outputs and nothing else.

mod board;
mod buses;
mod chardev;
mod choice;
mod claims;
pub mod detect;
mod edge_queue;
mod edges;
mod error;
mod expanders;
mod i2c;
mod inputs;
mod kernel;
mod lines;
mod lineset;
mod machine;
mod outputs;
mod pins;
mod pwm;
mod rppal;
pub mod sensors;
pub mod simulated;
mod sink;
pub mod vitals;

pub use choice::resolve;
pub use error::HardwareError;
pub use outputs::drive_safe;

use crate::{
    clock::Clock,
    model::{Backend, Config, DriveId, Event, Learnt, Level, OutputId},
};
use buses::Buses;
use choice::Chosen;
use inputs::Inputs;
use outputs::{Outputs, RELOAD_WITHIN, START_WITHIN};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc::Sender;

/// All wires of the house. Dropping it ends all its threads and releases the lines: those of outputs, of inputs and of
/// sensors are waited for half a second each, however many hang. It drives nothing on the way, so who ends the daemon drives the safe states before.
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
    /// so that no relay clicks. Inputs are reported at once and at each change, sensors at once and each `every`. A bus that
    /// hangs is waited for two seconds at most, for what is off and then for what is on.
    ///
    /// It never fails as a whole: see the module.
    pub fn open(config: &Config, start: &[Level], clock: Clock, events: Sender<Event>) -> Hardware {
        let config = Arc::new(config.wired());
        let chosen = choice::choose(&config.hardware);
        let outputs = Outputs::new(chosen.board.clone(), events.clone());
        let inputs = Inputs::start(chosen.board.clone(), clock.clone(), events.clone());
        let buses = Buses::start(chosen.board.clone(), clock, events);
        let mut hardware = Hardware { config, chosen, outputs, kept: Vec::new(), inputs, buses };
        hardware.claim_missing(start, START_WITHIN);
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

    /// False when a thread that reads or drives wires has ended by a panic.
    pub fn is_healthy(&self) -> bool {
        self.outputs.is_healthy()
            && self.inputs.is_healthy()
            && self.buses.is_healthy()
            && self.chosen.board.is_healthy()
    }

    /// Drives an output of the current configuration, claiming its line first if that failed before. Lines of the board
    /// answer at once; None: it is driven over a bus, which answers later, by [`Event::Driven`].
    pub fn drive(&mut self, drive: DriveId, output: OutputId, level: Level) -> Option<Result<(), HardwareError>> {
        self.outputs.drive(drive, &self.config, output, level)
    }

    /// Drives outputs in an emergency, off before on. Buses are waited for, six seconds at most in all; what else they
    /// were to do is left undone.
    pub fn drive_all(&mut self, levels: &[(OutputId, Level)]) {
        self.outputs.drive_all(&self.config, levels);
    }

    /// Tells the sensors that have a driver what their chips had learnt before.
    pub fn recall(&mut self, learnt: &[(Arc<str>, Learnt)]) {
        self.buses.recall(learnt);
    }

    /// The levels of the lines that were just claimed otherwise than they were to be, each told once.
    pub fn kept(&mut self) -> Vec<(OutputId, Level)> {
        std::mem::take(&mut self.kept)
    }

    /// Looks at every output line: the outputs that are not as they were last driven, each with that level and what is
    /// wrong. Of those on buses, that is told later, by [`Event::WireFound`].
    pub fn verify(&mut self) -> Vec<(Arc<str>, Level, HardwareError)> {
        self.outputs.verify()
    }

    /// Takes over a new configuration. A line that is an output with the same active level before and after stays
    /// claimed and is not touched. Other outputs of before are left in their safe state and released, others of now are
    /// claimed at their level of `start`. Inputs and sensors that did not change go on undisturbed. The backend stays: another
    /// one takes a restart.
    pub fn reconfigure(&mut self, config: &Config, start: &[Level]) {
        let config = Arc::new(config.wired());
        self.outputs.release_others(&self.config, &config);
        self.inputs.release_others(&config, |line| line.is_moved(&self.config, &config));
        self.config = config;
        self.claim_missing(start, RELOAD_WITHIN);
    }

    fn claim_missing(&mut self, start: &[Level], patience: Duration) {
        if let Some(wires) = &self.chosen.wires {
            wires.lay(&self.config);
        }
        self.chosen.board.lay(&self.config);
        self.kept = self.outputs.claim_missing(&self.config, start, patience);
        self.inputs.watch_missing(&self.config);
        self.buses.read(&self.config);
    }
}

#[cfg(test)]
mod tests;
