//! Modbus: registers and coils of devices as inputs, sensors and outputs.
//!
//! ```text
//!  drives, another house ──> Inbox ──> Bus ──> Wire ──> serial port or TCP
//!                                       |
//!                                       └──> events: what was read, what was driven
//! ```
//!
//! - **A thread for each bus** (`bus.rs`): one request is under way there at any time. Drives go before polls; nobody waits for
//!   a bus but those of its own outputs.
//! - **No answer is taken for another's** (`frame.rs`, `bus/ask.rs`): what does not fit the request is passed over. Answers of RTU
//!   have no number; so after one that did not come, and before what could take it for its own, the same is asked again, its
//!   answer is thrown away, and what comes late is waited for.
//! - **A device that is silent costs the others one time-out, now and then**: it is asked again at longer and longer intervals.
//!   So does a register that a device does not answer for, and its other registers are read and written meanwhile.
//! - **An output is what it is read to be**: it is written, read back, and looked at from then on.
//! - **At the end, the dead share a time** (`rounds.rs`): however many are silent, those behind them are reached.
//! - **No policy**, as with all hardware.

pub mod blocks;
mod bus;
mod device;
pub mod frame;
pub mod pdu;
mod rounds;
pub mod scan;
mod wire;

use crate::{
    clock::{Clock, Moment},
    model::{
        ClockTrust, Config, DriveId, Event, Level, Line, ModbusBus, ModbusPoint, ModbusSensor, OutputId, SensorSource,
    },
    threads::Worker,
};
use bus::{Answering, Bus, Drive, Inbox, Task};
use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::Duration,
};
use tokio::sync::mpsc::Sender;

/// At the end, buses are waited for no longer than this, all together.
const SAFE_WITHIN: Duration = Duration::from_secs(4);
/// After that, threads that still ask are waited for no longer than this.
const PORTS_WITHIN: Duration = Duration::from_secs(1);

/// All buses of the house. Dropping it ends their threads after what they are at.
pub struct Modbus {
    /// By where they are: a bus keeps its thread whatever it is called.
    buses: BTreeMap<String, Running>,
    clock: Clock,
    events: Sender<Event>,
}

struct Running {
    inbox: Arc<Inbox>,
    /// None: the system has no thread left.
    thread: Option<Worker>,
}

/// What a house has on one bus.
#[derive(Clone, Debug)]
struct Share {
    /// None: the house has the bus no more.
    settings: Option<ModbusBus>,
    sensors: Vec<SensorShare>,
    inputs: Vec<(Arc<str>, Arc<ModbusPoint>)>,
    outputs: Vec<OutputShare>,
}

#[derive(Clone, Debug)]
struct SensorShare {
    id: Arc<str>,
    every: Duration,
    sensor: ModbusSensor,
}

#[derive(Clone, Debug)]
struct OutputShare {
    id: Arc<str>,
    point: Arc<ModbusPoint>,
    /// None: it is left as it is.
    safe: Option<Level>,
}

impl Modbus {
    /// Starts what this house has there. What it reads and what is answered comes by the events.
    pub fn open(config: &Config, clock: Clock, events: Sender<Event>) -> Modbus {
        let mut modbus = Modbus { buses: BTreeMap::new(), clock, events };
        modbus.reconfigure(config);
        modbus
    }

    /// Takes over another configuration, and waits for nobody: outputs that it does not have are left in their safe state by the
    /// thread of their bus.
    pub fn reconfigure(&mut self, config: &Config) {
        let mut shares: BTreeMap<String, Share> =
            self.buses.keys().map(|place| (place.clone(), Share::none())).collect();
        if !config.hardware.plays_remote {
            for bus in &config.modbus {
                shares.insert(bus.link.place(), Share::of(config, bus));
            }
        }
        for (place, share) in shares {
            // A house without points there opens nothing.
            if share.is_empty() && !self.buses.contains_key(&place) {
                continue;
            }
            self.running(&place).inbox.give(Task::Follow(share));
        }
    }

    /// Drives an output, which is answered later. None: it is not on Modbus.
    ///
    /// # Errors
    /// When it cannot be answered later.
    pub fn drive(
        &mut self,
        drive: DriveId,
        config: &Config,
        output: OutputId,
        level: Level,
    ) -> Option<Result<(), String>> {
        let point = config.modbus_output(output)?.clone();
        let Some(bus) = config.find_modbus(&point.unit.bus) else { return Some(Err("its bus is not there".into())) };
        let running = self.running(&bus.link.place());
        if running.thread.is_none() {
            return Some(Err("no thread is left for its bus".into()));
        }
        running.inbox.give(Task::Drive(Drive::new(point, level, Answering::Loop(drive))));
        Some(Ok(()))
    }

    /// The end has come. What is driven from now on is tried whatever was wrong before, and again after all others if it fails.
    pub fn end(&self) {
        self.buses.values().for_each(|bus| bus.inbox.give(Task::End));
    }

    /// Begins to drive every output to its safe state, off before on, in an emergency, as after [`Modbus::end`]; what else was
    /// to be driven is not. Those that hold are left as they are, and those that `except` has at the same place of the same bus.
    pub fn make_safe(&mut self, config: &Config, except: Option<&Config>) -> MadeSafe {
        let (answers, answered) = mpsc::channel();
        let mut results = BTreeMap::new();
        self.buses.values().for_each(|bus| bus.inbox.forget_drives());
        for (output, point, level) in safe_levels(config, except) {
            let Some(bus) = config.find_modbus(&point.unit.bus) else { continue };
            results.insert(output, Err(format!("{} did not answer within {SAFE_WITHIN:?}", bus.link.place())));
            let answers = answers.clone();
            // Whoever asked may have waited long enough.
            let answer = Answering::Waiting(Box::new(move |result| drop(answers.send((output, result)))));
            self.alive(bus).inbox.give(Task::Drive(Drive { round: 1, ..Drive::new(point, level, answer) }));
        }
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let end = clock.now().moment + SAFE_WITHIN;
        MadeSafe { results, answered, clock, end }
    }

    /// False after a panic of one of the threads.
    pub fn is_healthy(&self) -> bool {
        self.buses.values().all(|bus| bus.thread.as_ref().is_none_or(Worker::is_running))
    }

    /// Where no thread is or one that died, it is another one, which is told how the bus is reached, and reads nothing.
    fn alive(&mut self, bus: &ModbusBus) -> &Running {
        let place = bus.link.place();
        let is_alive = |running: &mut Running| running.thread.as_ref().is_some_and(Worker::is_running);
        if !self.buses.get_mut(&place).is_some_and(is_alive) {
            self.buses.remove(&place);
            let share = Share { settings: Some(bus.clone()), ..Share::none() };
            self.running(&place).inbox.give(Task::Follow(share));
        }
        self.running(&place)
    }

    /// Ends the threads, and waits a moment for those that still ask: whoever comes next needs their ports.
    fn give_ports_back(mut self) {
        self.buses.values().for_each(|bus| bus.inbox.end());
        Worker::join_all_within(PORTS_WITHIN, self.buses.values_mut().filter_map(|bus| bus.thread.take()));
    }

    fn running(&mut self, place: &str) -> &Running {
        let (clock, events) = (&self.clock, &self.events);
        self.buses.entry(place.to_owned()).or_insert_with_key(|place| {
            let inbox = Arc::<Inbox>::default();
            let bus = Bus::new(place, inbox.clone(), clock.clone(), events.clone());
            Running { inbox, thread: Worker::spawn(&format!("modbus {place}"), move || bus.run()) }
        })
    }
}

impl Drop for Modbus {
    fn drop(&mut self) {
        self.buses.values().for_each(|bus| bus.inbox.end());
    }
}

impl Share {
    fn none() -> Share {
        Share { settings: None, sensors: Vec::new(), inputs: Vec::new(), outputs: Vec::new() }
    }

    fn of(config: &Config, bus: &ModbusBus) -> Share {
        let sensors = config.sensors.iter().filter_map(|sensor| match &sensor.source {
            SensorSource::Modbus(there) if there.unit.bus == bus.id => {
                Some(SensorShare { id: sensor.id.clone(), every: sensor.every, sensor: there.clone() })
            }
            _ => None,
        });
        let is_there = |point: &&Arc<ModbusPoint>| point.unit.bus == bus.id;
        let inputs = config.inputs.iter().filter_map(|input| {
            let point = input.line.modbus().filter(is_there)?;
            Some((input.id.clone(), point.clone()))
        });
        let outputs = config.outputs.iter().filter_map(|output| {
            let point = output.line.as_ref().and_then(Line::modbus).filter(is_there)?;
            Some(OutputShare { id: output.id.clone(), point: point.clone(), safe: output.safe_level() })
        });
        Share {
            settings: Some(bus.clone()),
            sensors: sensors.collect(),
            inputs: inputs.collect(),
            outputs: outputs.collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.sensors.is_empty() && self.inputs.is_empty() && self.outputs.is_empty()
    }
}

/// Outputs that are being driven to their safe states.
pub struct MadeSafe {
    /// What became of each; at first, that it was not answered.
    results: BTreeMap<OutputId, Result<(), String>>,
    answered: mpsc::Receiver<(OutputId, Result<(), String>)>,
    /// Of real time.
    clock: Clock,
    end: Moment,
}

impl MadeSafe {
    /// Waits until all are answered, for four seconds from the beginning at most. Returns what became of each.
    pub fn wait(mut self) -> BTreeMap<OutputId, Result<(), String>> {
        while let Ok((output, result)) = self.answered.recv_timeout(self.end.since(self.clock.now().moment)) {
            self.results.insert(output, result);
        }
        self.results
    }
}

/// Drives every output on Modbus to its safe state, as [`Modbus::make_safe`] does, without a running daemon. By id.
pub fn drive_safe(config: &Config, except: Option<&Config>) -> Vec<(Arc<str>, Result<(), String>)> {
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let (events, _nobody) = tokio::sync::mpsc::channel(1);
    let mut modbus = Modbus { buses: BTreeMap::new(), clock, events };
    let results = modbus.make_safe(config, except).wait();
    modbus.give_ports_back();
    results.into_iter().map(|(id, result)| (config[id].id.clone(), result)).collect()
}

/// What is to be driven to be safe, off before on. What `except` has at the same place of the same bus, it knows better.
fn safe_levels(config: &Config, except: Option<&Config>) -> Vec<(OutputId, Arc<ModbusPoint>, Level)> {
    let is_taken = |point: &Arc<ModbusPoint>| {
        let bus = |config: &Config, point: &ModbusPoint| Some(config.find_modbus(&point.unit.bus)?.link.place());
        except.is_some_and(|house| {
            let mut theirs = house.outputs.iter().filter_map(|output| output.line.as_ref()?.modbus());
            theirs.any(|their| bus(house, their) == bus(config, point) && their.overlaps(point))
        })
    };
    let points = (0..config.outputs.len()).map(OutputId).filter_map(|id| Some((id, config.modbus_output(id)?.clone())));
    let levels = points
        .filter(|(_, point)| !is_taken(point))
        .filter_map(|(id, point)| Some((id, point, config[id].safe_level()?)));
    let mut levels: Vec<_> = levels.collect();
    levels.sort_by_key(|(.., level)| level.is_on());
    levels
}
