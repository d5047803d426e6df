//! Sensors on serial ports: carbon dioxide, dust, presence by radar, smart meters.
//!
//! ```text
//!  another house ──> Running ──> Listener ──> serial port
//!                                   |  Codec: bytes to frames, by the file of its kind
//!                                   └──> events: what was told
//! ```
//!
//! - **A thread for each port** (`listener.rs`), which waits for bytes, for another house, and for the next time to ask.
//! - **Each kind of device is a file** that finds its frames among bytes, and nothing else; and a row of
//!   `src/model/serial.rs`: how its line is set, and what it tells.
//! - **A port that goes comes back**: it is tried again for as long as the house has it.
//! - **No policy**, as with all hardware.

pub mod codec;
pub mod dsmr;
pub mod ld2410;
mod listener;
pub mod mhz19;
pub mod pms5003;

use crate::{
    model::{Config, Event, SensorSource, SerialKind, SerialPort, SerialSensor, SerialState},
    threads::Worker,
};
use codec::Codec;
use listener::Listener;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc::Sender;

impl SerialKind {
    /// What finds its frames.
    fn codec(self) -> Codec {
        Codec::new(match self {
            SerialKind::Mhz19 => mhz19::step,
            SerialKind::Pms5003 => pms5003::step,
            SerialKind::Ld2410 => ld2410::step,
            SerialKind::Dsmr => dsmr::step,
            SerialKind::Dsmr2 => dsmr::step_unchecked,
        })
    }
}

impl SerialPort {
    /// The commands that are given to its device when the port is opened.
    fn greeting(&self, is_detailed: bool) -> Vec<Vec<u8>> {
        match self.kind {
            SerialKind::Mhz19 => self.automatic_baseline.map(mhz19::baseline).into_iter().collect(),
            SerialKind::Ld2410 if is_detailed => ld2410::engineering(),
            _ => Vec::new(),
        }
    }
}

/// What a house has on one port.
#[derive(Clone, Debug, PartialEq)]
struct Share {
    port: SerialPort,
    sensors: Vec<SensorShare>,
    inputs: Vec<(Arc<str>, Arc<SerialState>)>,
}

#[derive(Clone, Debug, PartialEq)]
struct SensorShare {
    id: Arc<str>,
    every: Duration,
    sensor: SerialSensor,
}

impl Share {
    /// None: nothing of the house is there.
    fn of(config: &Config, port: &SerialPort) -> Option<Share> {
        let sensors = config.sensors.iter().filter_map(|sensor| match &sensor.source {
            SensorSource::Serial(there) if there.port == port.id => {
                Some(SensorShare { id: sensor.id.clone(), every: sensor.every, sensor: there.clone() })
            }
            _ => None,
        });
        let inputs = config.inputs.iter().filter_map(|input| {
            let state = input.line.serial().filter(|state| state.port == port.id)?;
            Some((input.id.clone(), state.clone()))
        });
        let share = Share { port: port.clone(), sensors: sensors.collect(), inputs: inputs.collect() };
        (!share.sensors.is_empty() || !share.inputs.is_empty()).then_some(share)
    }

    /// Whether the device is to tell more than it usually does.
    fn is_detailed(&self) -> bool {
        self.sensors.iter().flat_map(|sensor| &sensor.sensor.channels).any(|channel| channel.is_detailed)
    }

    /// How often something is read.
    fn every(&self) -> Duration {
        self.sensors.iter().map(|sensor| sensor.every).min().unwrap_or(Duration::MAX)
    }

    /// Without a word for so long, its device is silent.
    fn silent_after(&self) -> Duration {
        let facts = self.port.kind.facts();
        if facts.is_asked { self.every().saturating_mul(3) } else { facts.silent_after }
    }
}

/// All ports of the house. Dropping it ends their threads.
pub struct Serial {
    /// By their device files.
    ports: BTreeMap<Arc<str>, Running>,
    events: Sender<Event>,
}

struct Running {
    /// What the house has there from now on.
    next: Arc<Mutex<Option<Share>>>,
    /// A byte wakes the thread; its end ends it.
    wake: UnixStream,
    /// None: the system has no thread left.
    thread: Option<Worker>,
}

impl Serial {
    /// Listens to what this house has there.
    pub fn open(config: &Config, events: Sender<Event>) -> Serial {
        let mut serial = Serial { ports: BTreeMap::new(), events };
        serial.reconfigure(config);
        serial
    }

    /// Takes over another configuration, and waits for nobody. A port that stays as it is stays open.
    pub fn reconfigure(&mut self, config: &Config) {
        let shares: Vec<Share> = match config.hardware.plays_remote {
            true => Vec::new(),
            false => config.serial.iter().filter_map(|port| Share::of(config, port)).collect(),
        };
        let kept: BTreeSet<&Arc<str>> = shares.iter().map(|share| &share.port.port).collect();
        self.ports.retain(|port, _| kept.contains(port));
        for share in shares {
            match self.ports.get_mut(&share.port.port) {
                Some(running) => running.give(share),
                None => match Running::start(share.clone(), self.events.clone()) {
                    Ok(running) => drop(self.ports.insert(share.port.port.clone(), running)),
                    Err(error) => tracing::error!("nobody listens to {}: {error}", share.port.port),
                },
            }
        }
    }

    /// False after a panic of one of the threads.
    pub fn is_healthy(&self) -> bool {
        self.ports.values().all(|running| running.thread.as_ref().is_none_or(Worker::is_running))
    }
}

impl Running {
    fn start(share: Share, events: Sender<Event>) -> std::io::Result<Running> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let next = Arc::<Mutex<Option<Share>>>::default();
        let name = format!("serial {}", share.port.port);
        let listener = Listener::new(share, next.clone(), woken, events);
        Ok(Running { next, wake, thread: Worker::spawn(&name, move || listener.run()) })
    }

    fn give(&mut self, share: Share) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(share);
        // Where there is no room, others are there to wake it.
        let _ = self.wake.write(&[0]);
    }
}
