//! Wires that exist only in memory, for `hearthd demo`, for tests, and for machines without GPIO.

use super::{
    HardwareError,
    board::{Board, Edge, InputLine, OnEdge, OutputLine},
    outputs::bus,
    sensors::{Fetched, SensorDriver},
};
use crate::model::{Config, Input, Level, Line, Output, Quantity, Sensor};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The simulated wires, seen from the other end: sets inputs and readings, and looks at outputs. Clones are handles to
/// the same wires; they keep their state over a reload.
#[derive(Clone, Default)]
pub struct Wires(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A slow line became another.
    hastened: Condvar,
}

#[derive(Default)]
struct State {
    outputs: BTreeMap<Arc<str>, Line>,
    /// Those outputs that are driven over a bus.
    on_bus: BTreeSet<Arc<str>>,
    /// How long it takes to drive them.
    slow_lines: BTreeMap<Line, Duration>,
    /// By line, since an output that is renamed stays on its wire.
    levels: BTreeMap<Line, Level>,
    /// How often each went on since somebody last asked.
    rises: BTreeMap<Line, u32>,
    broken_lines: BTreeMap<Line, String>,
    inputs: BTreeMap<Arc<str>, InputWire>,
    sensors: BTreeMap<Arc<str>, SimulatedSensor>,
}

#[derive(Default)]
struct InputWire {
    active: bool,
    fault: Option<String>,
    on_edge: Option<Arc<OnEdge>>,
}

#[derive(Default)]
struct SimulatedSensor {
    readings: BTreeMap<Quantity, f64>,
    fault: Option<String>,
}

impl Wires {
    /// Sets the logical level of an input; hearthd hears of a change at once. False: there is no such input.
    pub fn set_input(&self, id: &str, active: bool) -> bool {
        let mut state = self.state();
        let Some(wire) = state.inputs.get_mut(id) else { return false };
        let changed = std::mem::replace(&mut wire.active, active) != active;
        let on_edge = wire.on_edge.clone();
        drop(state);
        if let (true, Some(on_edge)) = (changed, on_edge) {
            on_edge(Edge::To { level: active, at: None });
        }
        true
    }

    /// Gives a counter so many pulses; hearthd hears of them at once. False: there is no such input, or nobody listens.
    pub fn pulse(&self, id: &str, count: u32) -> bool {
        let on_edge = self.state().inputs.get(id).and_then(|wire| wire.on_edge.clone());
        on_edge.map(|on_edge| on_edge(Edge::Pulses { count, at: None })).is_some()
    }

    /// Breaks the wire of an input, or repairs it with nothing. False: there is no such input.
    pub fn break_input(&self, id: &str, fault: Option<String>) -> bool {
        let mut state = self.state();
        let Some(wire) = state.inputs.get_mut(id) else { return false };
        wire.fault = fault;
        let on_edge = wire.on_edge.clone();
        drop(state);
        if let Some(on_edge) = on_edge {
            on_edge(Edge::Lost);
        }
        true
    }

    /// Sets what a sensor measures from its next reading on, in the unit of the quantity. False: there is no such
    /// sensor, or its chip does not measure that.
    pub fn set_reading(&self, sensor: &str, quantity: Quantity, value: f64) -> bool {
        let mut state = self.state();
        let reading = state.sensors.get_mut(sensor).and_then(|sensor| sensor.readings.get_mut(&quantity));
        reading.map(|reading| *reading = value).is_some()
    }

    /// Breaks a sensor from its next reading on, or repairs it with nothing. False: there is no such sensor.
    pub fn fail_sensor(&self, sensor: &str, fault: Option<String>) -> bool {
        self.state().sensors.get_mut(sensor).map(|sensor| sensor.fault = fault).is_some()
    }

    /// Makes the line of an output refuse to be claimed and driven, or repairs it with nothing. False: there is no such
    /// output.
    pub fn break_output(&self, id: &str, fault: Option<String>) -> bool {
        let mut state = self.state();
        let Some(line) = state.outputs.get(id).cloned() else { return false };
        match fault {
            Some(fault) => state.broken_lines.insert(line, fault),
            None => state.broken_lines.remove(&line),
        };
        true
    }

    /// Makes each drive of an output take so long from now on, as on a slow bus; zero: no time, and what is under way is
    /// done at once. False: there is no such output, or it is on a line of the board, which takes no time.
    pub fn slow_output(&self, id: &str, delay: Duration) -> bool {
        let mut state = self.state();
        let Some(line) = state.outputs.get(id).filter(|_| state.on_bus.contains(id)).cloned() else { return false };
        if delay.is_zero() {
            state.slow_lines.remove(&line);
        } else {
            state.slow_lines.insert(line, delay);
        }
        drop(state);
        self.0.hastened.notify_all();
        true
    }

    /// What an output was last driven to; None: it was never driven, or there is no such output.
    pub fn output(&self, id: &str) -> Option<Level> {
        let state = self.state();
        state.levels.get(state.outputs.get(id)?).copied()
    }

    /// How often an output went on since this was last asked; zero, too, if there is no such output.
    pub fn take_rises(&self, id: &str) -> u32 {
        let mut state = self.state();
        let line = state.outputs.get(id).cloned();
        line.and_then(|line| state.rises.remove(&line)).unwrap_or_default()
    }

    /// The logical level of an input; None: there is no such input.
    pub fn input(&self, id: &str) -> Option<bool> {
        self.state().inputs.get(id).map(|wire| wire.active)
    }

    /// Lays the wires of a configuration. What was there before keeps its state, what is no longer there goes.
    pub(super) fn lay(&self, config: &Config) {
        let mut state = self.state();
        let wired = config.outputs.iter().filter_map(|output| Some((output.id.clone(), output.line.clone()?)));
        state.outputs = wired.collect();
        let on_bus = config.outputs.iter().filter(|output| bus(output, config).is_some());
        state.on_bus = on_bus.map(|output| output.id.clone()).collect();
        let mut inputs = std::mem::take(&mut state.inputs);
        state.inputs = config
            .inputs
            .iter()
            .map(|input| (input.id.clone(), inputs.remove(&input.id).unwrap_or_default()))
            .collect();
        let mut sensors = std::mem::take(&mut state.sensors);
        state.sensors = config
            .devices()
            .map(|sensor| {
                let mut simulated = sensors.remove(&sensor.id).unwrap_or_default();
                let before = std::mem::take(&mut simulated.readings);
                let reading = |quantity| (quantity, *before.get(&quantity).unwrap_or(&usual(quantity)));
                simulated.readings = sensor.measured().map(reading).collect();
                (sensor.id.clone(), simulated)
            })
            .collect();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a sensor measures until somebody says otherwise.
fn usual(quantity: Quantity) -> f64 {
    match quantity {
        Quantity::Temperature | Quantity::ObjectTemperature | Quantity::RemoteTemperature(_) | Quantity::HeatIndex => {
            21.0
        }
        Quantity::DewPoint => 9.0,
        Quantity::AbsoluteHumidity => 8.0,
        Quantity::Humidity => 45.0,
        Quantity::Pressure | Quantity::SeaLevelPressure => 1013.0,
        Quantity::Illuminance => 300.0,
        Quantity::UvIndex => 1.0,
        other => other.facts().usual.map_or(0.0, |usual| usual.value),
    }
}

impl Board for Wires {
    fn claim_output(&self, line: &Line, _: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        let mut wire = OutputWire { wires: self.clone(), line: line.clone() };
        wire.drive(level)?;
        Ok(Box::new(wire))
    }

    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        let level = self.state().levels.get(line).copied().unwrap_or(Level::OFF);
        Ok((self.claim_output(line, output, level)?, level))
    }

    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        let mut state = self.state();
        let wire = state.inputs.entry(input.id.clone()).or_default();
        if let Some(fault) = &wire.fault {
            return Err(HardwareError::Simulated(fault.clone()));
        }
        wire.on_edge = Some(Arc::new(on_edge));
        Ok(Box::new(SimulatedInput { wires: self.clone(), id: input.id.clone() }))
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        Ok(Box::new(SimulatedChip { wires: self.clone(), id: sensor.id.clone() }))
    }
}

struct OutputWire {
    wires: Wires,
    line: Line,
}

impl OutputLine for OutputWire {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        let mut state = self.wires.state();
        if let Some(delay) = state.slow_lines.get(&self.line).copied() {
            let is_slow = |state: &mut State| state.slow_lines.contains_key(&self.line);
            let waited = self.wires.0.hastened.wait_timeout_while(state, delay, is_slow);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        match state.broken_lines.get(&self.line) {
            Some(fault) => Err(HardwareError::Simulated(fault.clone())),
            None => {
                let before = state.levels.insert(self.line.clone(), level).unwrap_or(Level::OFF);
                if level.is_on() && !before.is_on() {
                    let rises = state.rises.entry(self.line.clone()).or_default();
                    *rises = rises.saturating_add(1);
                }
                Ok(())
            }
        }
    }
}

struct SimulatedInput {
    wires: Wires,
    id: Arc<str>,
}

impl InputLine for SimulatedInput {
    fn is_active(&self) -> Result<bool, HardwareError> {
        match self.wires.state().inputs.get(&self.id) {
            Some(InputWire { fault: Some(fault), .. }) => Err(HardwareError::Simulated(fault.clone())),
            Some(wire) => Ok(wire.active),
            None => Err(HardwareError::Simulated(format!("{} is not wired any more", self.id))),
        }
    }
}

struct SimulatedChip {
    wires: Wires,
    id: Arc<str>,
}

impl SensorDriver for SimulatedChip {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        match self.wires.state().sensors.get(&self.id) {
            Some(SimulatedSensor { fault: Some(fault), .. }) => Err(HardwareError::Simulated(fault.clone())),
            Some(sensor) => Ok(Fetched::Readings(sensor.readings.iter().map(|(&one, &value)| (one, value)).collect())),
            None => Err(HardwareError::Simulated(format!("{} is not wired any more", self.id))),
        }
    }
}
