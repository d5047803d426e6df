//! Reads the sensors: one thread for each I2C bus, 1-Wire bus and device of the kernel, so that a stuck one delays only its
//! own sensors.

use super::{
    HardwareError,
    board::Board,
    kernel,
    sensors::{Fetched, SensorDriver},
};
use crate::{
    clock::{Clock, Moment},
    model::{Config, Event, Learnt, Quantity, ReadFailure, Sensor, SensorSource},
    threads::{QUEUE_FULL_WAIT, Worker},
};
use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

/// A sensor in trouble is tried again after its `every`, then after twice as long each time, and at least this often.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// So many failures one after the other are a fault.
const FAULT_AFTER: u32 = 3;
/// A chip that measures for longer than this is in trouble.
const LONGEST_MEASUREMENT: Duration = Duration::from_secs(30);
/// An accelerated clock does not make a sensor report more often than this, in real time, unless it would go stale.
const PACE: Duration = Duration::from_millis(5);

/// The threads of all buses that have sensors.
pub(super) struct Buses {
    board: Arc<dyn Board>,
    clock: Clock,
    events: Sender<Event>,
    /// By the name of the thread.
    buses: BTreeMap<String, Bus>,
}

struct Bus {
    /// Takes what its thread is told; closing it ends the thread.
    told: mpsc::Sender<Told>,
    worker: Option<Worker>,
}

/// What the thread of a bus is told.
enum Told {
    /// The new list of its sensors.
    Sensors(Vec<Sensor>),
    /// What chips had learnt before this start; of other buses too.
    Learnt(Vec<(Arc<str>, Learnt)>),
}

impl Buses {
    /// Starts without any sensor.
    pub fn start(board: Arc<dyn Board>, clock: Clock, events: Sender<Event>) -> Buses {
        Buses { board, clock, events, buses: BTreeMap::new() }
    }

    /// Reads the sensors of this configuration from now on. Those that did not change keep their drivers and schedule.
    pub fn read(&mut self, config: &Config) {
        let mut lists: BTreeMap<String, Vec<Sensor>> = self.buses.keys().map(|bus| (bus.clone(), Vec::new())).collect();
        for sensor in config.devices() {
            lists.entry(bus_name(&sensor.source)).or_default().push(sensor.clone());
        }
        for (name, list) in lists {
            if list.is_empty() {
                self.stop(&name);
                continue;
            }
            let bus = self.buses.entry(name).or_insert_with_key(|name| {
                let (told, inbox) = mpsc::channel();
                let (board, clock, events) = (self.board.clone(), self.clock.clone(), self.events.clone());
                let readers = Readers { board, clock, events, inbox, readers: Vec::new() };
                Bus { told, worker: Worker::spawn(name, move || readers.run()) }
            });
            // A closed inbox means that nobody listens to the events any more: the daemon is ending.
            let _ = bus.told.send(Told::Sensors(list));
        }
    }

    /// Tells what chips had learnt before this start.
    pub fn recall(&mut self, learnt: &[(Arc<str>, Learnt)]) {
        for bus in self.buses.values().filter(|_| !learnt.is_empty()) {
            let _ = bus.told.send(Told::Learnt(learnt.to_vec()));
        }
    }

    /// False after a panic of one of the threads.
    pub fn is_healthy(&self) -> bool {
        self.buses.values().all(|bus| bus.worker.as_ref().is_none_or(Worker::is_running))
    }

    fn stop(&mut self, name: &str) {
        if let Some(Bus { told, worker: Some(worker) }) = self.buses.remove(name) {
            drop(told);
            worker.join();
        }
    }
}

impl Drop for Buses {
    fn drop(&mut self) {
        // All are told before any is waited for.
        let buses = std::mem::take(&mut self.buses);
        let workers: Vec<_> = buses.into_values().filter_map(|bus| bus.worker).collect();
        Worker::join_all(workers);
    }
}

/// What the thread of one bus holds.
struct Readers {
    board: Arc<dyn Board>,
    clock: Clock,
    events: Sender<Event>,
    inbox: Receiver<Told>,
    readers: Vec<Reader>,
}

/// One sensor and its schedule.
struct Reader {
    sensor: Sensor,
    driver: Option<Box<dyn SensorDriver>>,
    /// When to read next, or, while it measures, when to look for the result.
    due: Moment,
    /// When the measurement began that is still going on.
    measuring_since: Option<Moment>,
    failures: u32,
    /// What its chip had learnt when it was last asked.
    learnt: Option<Learnt>,
    /// That is new, and to be told.
    has_learnt: bool,
}

impl Readers {
    fn run(mut self) {
        loop {
            let due = self.readers.iter().map(|reader| reader.due).min();
            let wait = due.map_or(Duration::MAX, |due| self.clock.real_time_until(due));
            match self.inbox.recv_timeout(wait) {
                Ok(told) => self.take(told),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if self.read_due().is_break() {
                        return;
                    }
                }
            }
        }
    }

    fn take(&mut self, told: Told) {
        let sensors = match told {
            Told::Sensors(sensors) => sensors,
            Told::Learnt(learnt) => {
                let now = self.clock.now().moment;
                self.readers.iter_mut().for_each(|reader| reader.recall_all(&learnt, now));
                return;
            }
        };
        let mut before = std::mem::take(&mut self.readers);
        for sensor in sensors {
            let mut reader = match before.iter().position(|reader| same_device(&reader.sensor, &sensor)) {
                Some(same) => before.swap_remove(same),
                None => {
                    // Read at another pace, the same chip has still learnt what it has.
                    let same = before.iter().find(|reader| same_chip(&reader.sensor, &sensor));
                    let learnt = same.and_then(|reader| reader.learnt.clone());
                    Reader { learnt, ..Reader::new(sensor.clone(), &self.clock) }
                }
            };
            reader.sensor = sensor;
            self.readers.push(reader);
        }
    }

    /// Reads the sensors that are due, and reports each before the next one can hold up the bus.
    fn read_due(&mut self) -> ControlFlow<()> {
        let now = self.clock.now().moment;
        while let Some(reader) = self.readers.iter_mut().find(|reader| reader.due <= now) {
            let Some(result) = reader.read(&*self.board, &self.clock) else { continue };
            reader.schedule(&self.clock);
            let sensor = reader.sensor.id.clone();
            let learnt = reader.learnt.clone().filter(|_| std::mem::take(&mut reader.has_learnt));
            self.report(Event::SensorRead { sensor: sensor.clone(), result })?;
            if let Some(learnt) = learnt {
                self.report(Event::SensorLearnt { sensor, learnt })?;
            }
        }
        ControlFlow::Continue(())
    }

    fn report(&mut self, mut event: Event) -> ControlFlow<()> {
        loop {
            event = match self.events.try_send(event) {
                Ok(()) => return ControlFlow::Continue(()),
                Err(TrySendError::Closed(_)) => return ControlFlow::Break(()),
                Err(TrySendError::Full(event)) => event,
            };
            match self.inbox.recv_timeout(QUEUE_FULL_WAIT) {
                Ok(told) => self.take(told),
                Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Reader {
    fn new(sensor: Sensor, clock: &Clock) -> Reader {
        Reader {
            sensor,
            driver: None,
            due: clock.now().moment,
            measuring_since: None,
            failures: 0,
            learnt: None,
            has_learnt: false,
        }
    }

    /// Takes its own of what chips had learnt before, unless it has learnt anew since.
    fn recall_all(&mut self, learnt: &[(Arc<str>, Learnt)], now: Moment) {
        let Some((_, learnt)) = learnt.iter().find(|(id, _)| *id == self.sensor.id) else { return };
        if self.learnt.is_none() {
            self.learnt = Some(learnt.clone());
            // What does not work now is tried again when the driver starts anew.
            let _ = self.recall(now);
        }
    }

    /// Has the driver go on with what its chip had learnt.
    fn recall(&mut self, now: Moment) -> Result<(), HardwareError> {
        match (&mut self.driver, &self.learnt) {
            (Some(driver), Some(learnt)) if Some(learnt.chip.as_str()) == chip_word(&self.sensor) => {
                driver.recall(&learnt.numbers, now.since(learnt.at))
            }
            _ => Ok(()),
        }
    }

    /// Reads once; nothing while the chip still measures, for then it is due again at the end of that. After a failure
    /// the driver is dropped: the chip may have lost its power, and with it its set-up. One that would notice is kept
    /// through failures of the transfer, until they are a fault.
    fn read(&mut self, board: &dyn Board, clock: &Clock) -> Option<Result<Vec<(Quantity, f64)>, ReadFailure>> {
        let result = match self.try_read(board, clock) {
            Ok(Fetched::NotYet(wait)) => {
                let since = *self.measuring_since.get_or_insert(self.due);
                self.due = clock.now().moment + wait;
                if self.due.since(since) <= LONGEST_MEASUREMENT {
                    return None;
                }
                Err(HardwareError::NeverReady)
            }
            Ok(Fetched::Readings(readings)) => Ok(readings),
            Err(error) => Err(error),
        };
        // The next reading is in step with the beginning of this one.
        self.due = self.measuring_since.take().unwrap_or(self.due);
        match &result {
            Ok(_) if self.failures > 0 => tracing::info!("sensor {} works again", self.sensor.id),
            Err(error) if self.failures == 0 => tracing::warn!("sensor {}: {error}", self.sensor.id),
            _ => {}
        }
        if let (Ok(_), Some(driver), Some(chip)) = (&result, &mut self.driver, chip_word(&self.sensor))
            && let Some(numbers) = driver.learnt()
        {
            self.learnt = Some(Learnt { chip: chip.into(), numbers, at: clock.now().moment });
            self.has_learnt = true;
        }
        Some(result.inspect(|_| self.failures = 0).map_err(|error| {
            self.failures = self.failures.saturating_add(1);
            let disturbed = error.is_of_transfer() && self.failures < FAULT_AFTER;
            self.driver.take_if(|driver| !(disturbed && driver.goes_on()));
            ReadFailure { text: error.to_string(), fault: self.failures >= FAULT_AFTER }
        }))
    }

    fn try_read(&mut self, board: &dyn Board, clock: &Clock) -> Result<Fetched, HardwareError> {
        if self.driver.is_none() {
            self.driver = Some(board.start_sensor(&self.sensor)?);
            self.recall(clock.now().moment).inspect_err(|_| self.driver = None)?;
        }
        let Some(driver) = &mut self.driver else { return Err(HardwareError::NeverReady) };
        if self.measuring_since.is_none() {
            let wait = driver.measure()?;
            if !wait.is_zero() {
                return Ok(Fetched::NotYet(wait));
            }
        }
        let fetched = driver.fetch()?;
        if let Fetched::Readings(readings) = &fetched
            && let Some(&(quantity, value)) = readings.iter().find(|(one, value)| !one.plausible().contains(value))
        {
            return Err(HardwareError::Implausible { quantity, value });
        }
        Ok(fetched)
    }

    /// Sets when to read next: in step with the last time, or from now on if that is past.
    fn schedule(&mut self, clock: &Clock) {
        let interval = interval(&self.sensor, self.failures, clock);
        let now = clock.now().moment;
        self.due = Some(self.due + interval).filter(|&due| due > now).unwrap_or(now + interval);
    }
}

/// What a sensor shares with those that wait for it.
fn bus_name(source: &SensorSource) -> String {
    match source {
        SensorSource::I2c(chip) => format!("i2c-{}", chip.bus),
        SensorSource::Kernel(source) => kernel::bus_name(source, Path::new(kernel::ROOT)),
        // Not read here at all.
        SensorSource::Counter(_) => "counters".into(),
        // Only where it is played.
        SensorSource::Remote(_) => "mqtt".into(),
        SensorSource::Modbus(_) => "modbus".into(),
        SensorSource::Serial(_) => "serial".into(),
    }
}

/// The chip that hearthd itself reads.
fn chip_word(sensor: &Sensor) -> Option<&'static str> {
    match &sensor.source {
        SensorSource::I2c(wired) => Some(wired.chip.word()),
        _ => None,
    }
}

/// Between two readings, by the clock.
fn interval(sensor: &Sensor, failures: u32, clock: &Clock) -> Duration {
    match failures.checked_sub(1) {
        None => {
            let pace = PACE.div_f64(clock.real_time(Duration::from_secs(1)).as_secs_f64().max(1e-6));
            sensor.every.max(pace.min(sensor.stale_after / 3))
        }
        Some(doublings) => sensor.every.saturating_mul(2u32.saturating_pow(doublings)).min(RETRY_MAX),
    }
}

/// Whether a driver and a schedule that were made for one serve the other.
fn same_device(a: &Sensor, b: &Sensor) -> bool {
    (&a.id, &a.source, a.every) == (&b.id, &b.source, b.every)
}

/// Whether it is the same chip, however often it is read.
fn same_chip(a: &Sensor, b: &Sensor) -> bool {
    (&a.id, &a.source) == (&b.id, &b.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hardware::tests::sensor, model::ClockTrust};

    #[test]
    fn failures_are_tried_again_ever_more_seldom() {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let pauses = |every| {
            let sensor = Sensor { every: Duration::from_secs(every), ..sensor("living") };
            [0, 1, 2, 3, 4, 100].map(|failures| interval(&sensor, failures, &clock).as_secs())
        };
        assert_eq!(pauses(10), [10, 10, 20, 40, 60, 60]);
        assert_eq!(pauses(300), [300, 60, 60, 60, 60, 60], "a sensor that is read seldom need not stay away so long");
    }

    #[test]
    fn an_accelerated_clock_does_not_flood_the_loop() {
        let clock = Clock::accelerated(Moment::START, chrono::DateTime::UNIX_EPOCH, 14_400.0);
        let pace = |stale_after| {
            let sensor = Sensor { stale_after: Duration::from_secs(stale_after), ..sensor("living") };
            interval(&sensor, 0, &clock).as_millis()
        };
        assert_eq!(pace(3_600), 72_000, "5 ms of real time");
        assert_eq!(pace(60), 20_000, "but soon enough not to go stale");
        assert_eq!(pace(6), 10_000, "and not more often than configured");
    }
}
