//! The whole of [`Hardware`] on simulated wires, and what the tests of its parts share.

use super::{
    board::{Board, InputLine, OnEdge, OutputLine},
    sensors::{Fetched, SensorDriver},
    simulated::Wires,
    *,
};
use crate::{
    clock::Moment,
    model::{Chip, ClockTrust, Input, InputKind, Line, Output, OutputKind, Quantity, ReadFailure, Sensor},
};
use std::{
    sync::{Condvar, Mutex},
    thread::sleep,
    time::Duration,
};
use tokio::sync::mpsc::{Receiver, channel, error::TryRecvError};

mod learning;
mod sinks;

pub fn house(outputs: &[Output], inputs: &[Input], sensors: &[Sensor]) -> Arc<Config> {
    Arc::new(Config {
        outputs: outputs.into(),
        inputs: inputs.into(),
        sensors: sensors.into(),
        ..Config::empty("test")
    })
}

pub fn output(id: &str, line: u32) -> Output {
    Output::plain(id, OutputKind::Light, Line::Number(line))
}

pub fn input(id: &str) -> Input {
    Input::plain(id, InputKind::Button, Line::Number(4))
}

pub fn sensor(id: &str) -> Sensor {
    Sensor::plain(id, Chip::Lm75)
}

/// Writes down what happens to lines, and refuses those that it is told to.
#[derive(Clone, Default)]
pub struct Recorder {
    pub log: Arc<Mutex<Vec<String>>>,
    pub refuse: Arc<Mutex<Vec<String>>>,
    /// The buses that hang: whoever drives a line there waits.
    hanging: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Recorder {
    /// A bus hangs from now on, or no more.
    pub fn hang(&self, chip: &str, hangs: bool) {
        let (hanging, changed) = &*self.hanging;
        let mut hanging = hanging.lock().unwrap();
        hanging.retain(|one| one != chip);
        hanging.extend(hangs.then(|| chip.to_owned()));
        changed.notify_all();
    }

    fn wait(&self, line: &Line) {
        let Line::OnChip { chip, .. } = line else { return };
        let (hanging, changed) = &*self.hanging;
        drop(changed.wait_while(hanging.lock().unwrap(), |hanging| hanging.contains(chip)).unwrap());
    }

    fn check(&self, line: &Line) -> Result<(), HardwareError> {
        if self.refuse.lock().unwrap().contains(&line.to_string()) {
            return Err(HardwareError::LineBusy { line: line.to_string(), consumer: "a test".into() });
        }
        Ok(())
    }
}

impl Board for Recorder {
    fn claim_output(&self, line: &Line, _: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        self.check(line)?;
        self.wait(line);
        self.log.lock().unwrap().push(format!("{line} claimed at {level}"));
        Ok(Box::new(Recorded { recorder: self.clone(), line: line.clone() }))
    }

    fn claim_as_is(&self, line: &Line, _: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        self.check(line)?;
        self.log.lock().unwrap().push(format!("{line} claimed as it is"));
        Ok((Box::new(Recorded { recorder: self.clone(), line: line.clone() }), Level::ON))
    }

    fn claim_input(&self, input: &Input, _: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        self.check(&input.line)?;
        Ok(Box::new(Recorded { recorder: self.clone(), line: input.line.clone() }))
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        let chip = sensor.i2c().unwrap();
        Err(HardwareError::NothingAnswers { bus: chip.bus, address: chip.address })
    }
}

struct Recorded {
    recorder: Recorder,
    line: Line,
}

impl OutputLine for Recorded {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.recorder.check(&self.line)?;
        self.recorder.wait(&self.line);
        self.recorder.log.lock().unwrap().push(format!("{} to {level}", self.line));
        Ok(())
    }
}

impl InputLine for Recorded {
    fn is_active(&self) -> Result<bool, HardwareError> {
        self.recorder.check(&self.line).map(|()| true)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.recorder.log.lock().unwrap().push(format!("{} released", self.line));
    }
}

/// A day takes 24 s.
fn fast() -> Clock {
    Clock::accelerated(Moment::START, chrono::DateTime::UNIX_EPOCH, 3_600.0)
}

fn slow() -> Clock {
    Clock::system(Moment::START, ClockTrust::Always)
}

fn open(config: &Arc<Config>, clock: Clock, room: usize) -> (Hardware, Wires, Receiver<Event>) {
    let (events, received) = channel(room);
    let start = vec![Level::OFF; config.outputs.len()];
    let hardware = Hardware::open(config, &start, clock, events);
    let wires = hardware.wires().expect("simulated");
    (hardware, wires, received)
}

/// Drives an output on a line of the board.
fn drive(hardware: &mut Hardware, output: usize, level: Level) -> Result<(), HardwareError> {
    hardware.drive(DriveId(1), OutputId(output), level).expect("it answers at once")
}

/// The next event, or nothing within five seconds. When it was is left out.
fn next(events: &mut Receiver<Event>) -> Option<Event> {
    for _ in 0..1_000 {
        match events.try_recv() {
            Ok(Event::InputRead { input, result, .. }) => return Some(Event::InputRead { input, result, at: None }),
            Ok(event) => return Some(event),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => sleep(Duration::from_millis(5)),
        }
    }
    None
}

/// Skips other events until this one comes.
fn wait_for(events: &mut Receiver<Event>, expected: Option<Event>) {
    let skipped: Vec<_> = (0..500).map(|_| next(events)).take_while(|event| *event != expected).collect();
    assert!(skipped.len() < 500, "no {expected:?} but {:?}", skipped.last());
}

fn read(input: &str, result: Result<bool, &str>) -> Option<Event> {
    Some(Event::InputRead { input: input.into(), result: result.map_err(String::from), at: None })
}

fn celsius(sensor: &str, value: f64) -> Option<Event> {
    Some(Event::SensorRead { sensor: sensor.into(), result: Ok(vec![(Quantity::Temperature, value)]) })
}

fn failed(sensor: &str, text: &str, fault: bool) -> Option<Event> {
    Some(Event::SensorRead { sensor: sensor.into(), result: Err(ReadFailure { text: text.into(), fault }) })
}

#[test]
fn outputs_start_at_their_level_and_follow() {
    let config = house(&[output("light", 17), output("fan", 27)], &[], &[]);
    let (events, _received) = channel(8);
    let mut hardware = Hardware::open(&config, &[Level::ON, Level::OFF], slow(), events);
    assert_eq!(hardware.backend(), Backend::Simulated);
    let wires = hardware.wires().unwrap();
    assert_eq!((wires.output("light"), wires.output("fan")), (Some(Level::ON), Some(Level::OFF)));
    drive(&mut hardware, 1, Level::ON).unwrap();
    assert_eq!(wires.output("fan"), Some(Level::ON));
    assert!(wires.break_output("fan", Some("the fuse is blown".into())));
    let error = drive(&mut hardware, 1, Level::OFF).unwrap_err();
    assert_eq!((error.to_string().as_str(), wires.output("fan")), ("the fuse is blown", Some(Level::ON)));
    assert!(wires.break_output("fan", None));
    drive(&mut hardware, 1, Level::OFF).unwrap();
    assert_eq!(wires.output("fan"), Some(Level::OFF));
    assert_eq!((wires.output("lift"), wires.break_output("lift", None)), (None, false));
}

#[test]
fn inputs_report_at_start_and_each_change_and_no_more() {
    let (_hardware, wires, mut events) = open(&house(&[], &[input("button")], &[]), slow(), 8);
    assert_eq!(next(&mut events), read("button", Ok(false)));
    assert!(wires.set_input("button", true) && wires.set_input("button", true));
    assert_eq!(next(&mut events), read("button", Ok(true)));
    assert!(wires.set_input("button", false));
    assert_eq!(next(&mut events), read("button", Ok(false)));
    for _ in 0..3 {
        wires.set_input("button", true);
        wires.set_input("button", false);
        assert_eq!(next(&mut events), read("button", Ok(true)), "a short press is a press");
        assert_eq!(next(&mut events), read("button", Ok(false)));
    }
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    assert!(!wires.set_input("doorbell", true));
}

#[test]
fn a_counter_tells_its_pulses_and_that_its_line_can_be_read() {
    let meter = Input { kind: InputKind::Counter, ..input("meter") };
    let (_hardware, wires, mut events) = open(&house(&[], &[meter], &[]), slow(), 8);
    assert_eq!(next(&mut events), read("meter", Ok(false)));
    assert!(wires.pulse("meter", 3));
    let Some(Event::Pulsed { input, count: 3, .. }) = next(&mut events) else { panic!("no pulses") };
    assert_eq!(&*input, "meter");
    wires.set_input("meter", true);
    wires.break_input("meter", Some("cut".into()));
    assert_eq!(next(&mut events), read("meter", Err("cut")), "its level is nobody's business");
    wires.break_input("meter", None);
    assert_eq!(next(&mut events), read("meter", Ok(false)));
    assert!(wires.pulse("meter", 1) && !wires.pulse("other", 1));
    assert!(matches!(next(&mut events), Some(Event::Pulsed { count: 1, .. })));
}

#[test]
fn a_broken_input_is_told_once_and_recovers() {
    let (_hardware, wires, mut events) = open(&house(&[], &[input("button")], &[]), slow(), 8);
    assert_eq!(next(&mut events), read("button", Ok(false)));
    wires.break_input("button", Some("cut".into()));
    assert_eq!(next(&mut events), read("button", Err("cut")));
    wires.break_input("button", Some("cut".into()));
    wires.set_input("button", true);
    wires.break_input("button", None);
    assert_eq!(next(&mut events), read("button", Ok(true)));
}

#[test]
fn an_input_that_cannot_be_claimed_is_tried_again() {
    let board = Recorder::default();
    board.refuse.lock().unwrap().push("GPIO 4".into());
    let (sender, mut events) = channel(8);
    let inputs = Inputs::start(Arc::new(board.clone()), fast(), sender);
    inputs.watch_missing(&house(&[], &[input("button")], &[]));
    let busy = "GPIO 4 is in use by a test: stop that program or choose another line";
    assert_eq!(next(&mut events), read("button", Err(busy)));
    board.refuse.lock().unwrap().clear();
    assert_eq!(next(&mut events), read("button", Ok(true)));
    board.refuse.lock().unwrap().push("GPIO 4".into());
    assert_eq!(next(&mut events), read("button", Err(busy)), "it is looked at without an edge, too");
}

#[test]
fn a_loop_that_is_behind_loses_no_edge_and_blocks_nobody() {
    let (hardware, wires, mut events) = open(&house(&[], &[input("button")], &[sensor("living")]), fast(), 1);
    wait_for(&mut events, read("button", Ok(false)));
    for active in [true, false, true] {
        wires.set_input("button", active);
        sleep(Duration::from_millis(60));
    }
    for active in [true, false, true] {
        wait_for(&mut events, read("button", Ok(active)));
    }
    sleep(Duration::from_millis(60));
    // With the queue full again, this must still return.
    drop(hardware);
}

#[test]
fn a_sensor_fails_goes_into_fault_and_recovers() {
    let (_hardware, wires, mut events) = open(&house(&[], &[], &[sensor("living")]), fast(), 1);
    assert_eq!(next(&mut events), celsius("living", 21.0));
    assert!(wires.set_reading("living", Quantity::Temperature, -3.5));
    assert!(!wires.set_reading("living", Quantity::Humidity, 50.0), "an LM75 has none");
    assert!(!wires.set_reading("attic", Quantity::Temperature, 50.0));
    wait_for(&mut events, celsius("living", -3.5));
    assert!(wires.fail_sensor("living", Some("off".into())));
    wait_for(&mut events, failed("living", "off", false));
    assert_eq!(next(&mut events), failed("living", "off", false));
    assert_eq!(next(&mut events), failed("living", "off", true));
    assert!(wires.fail_sensor("living", None));
    wait_for(&mut events, celsius("living", -3.5));
    for impossible in [1_000.0, f64::NAN] {
        wires.set_reading("living", Quantity::Temperature, impossible);
        let text = format!("temperature {impossible} °C cannot be true: check the wiring, or the chip is broken");
        wait_for(&mut events, failed("living", &text, false));
        wires.set_reading("living", Quantity::Temperature, 20.0);
        wait_for(&mut events, celsius("living", 20.0));
    }
}

#[test]
fn a_reload_restarts_only_what_changed() {
    let before = house(&[output("light", 17)], &[input("button"), input("door")], &[sensor("living"), sensor("attic")]);
    let (mut hardware, wires, mut events) = open(&before, slow(), 16);
    drive(&mut hardware, 0, Level::ON).unwrap();
    let mut first: Vec<_> = (0..4).map(|_| format!("{:?}", next(&mut events))).collect();
    first.sort();
    assert!(first[3].contains("living") && first[0].contains("button"), "{first:?}");
    wires.set_input("door", true);
    assert_eq!(next(&mut events), read("door", Ok(true)));

    let debounced = Input { debounce: Duration::from_millis(30), name: "Front".into(), ..input("door") };
    let renamed = Input { name: "The button".into(), ..input("button") };
    let faster = Sensor { every: Duration::from_secs(5), ..sensor("attic") };
    let after = house(&[output("fan", 27), output("lamp", 17)], &[renamed, debounced], &[sensor("living"), faster]);
    hardware.reconfigure(&after, &[Level::ON, Level::OFF]);
    assert_eq!(wires.output("fan"), Some(Level::ON));
    assert_eq!(wires.output("lamp"), Some(Level::ON), "the same line as before, not driven to its start");
    assert_eq!(wires.output("light"), None);
    let mut news = [next(&mut events), next(&mut events)];
    news.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(news, [read("door", Ok(true)), celsius("attic", 21.0)]);
    sleep(Duration::from_millis(100));
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty), "the others went on undisturbed");
}

/// A board with a bug.
struct Trap;

impl Board for Trap {
    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        Ok((self.claim_output(line, output, Level::OFF)?, Level::OFF))
    }

    fn claim_output(&self, _: &Line, _: &Output, _: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        panic!("a bug")
    }

    fn claim_input(&self, _: &Input, _: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        panic!("a bug")
    }

    fn start_sensor(&self, _: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        panic!("a bug")
    }
}

#[test]
fn a_thread_that_panics_is_missed() {
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let (events, _news) = channel(16);
    let inputs = Inputs::start(Arc::new(Trap), clock.clone(), events.clone());
    let mut buses = Buses::start(Arc::new(Trap), clock, events);
    let config = house(&[], &[input("motion")], &[sensor("living")]);
    assert!(inputs.is_healthy() && buses.is_healthy());
    inputs.watch_missing(&config);
    buses.read(&config);
    for _ in 0..2_000 {
        if !inputs.is_healthy() && !buses.is_healthy() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("a dead thread counts as alive");
}

/// A bus with one chip that takes its time and others that do not.
struct Patience;

struct Measuring {
    takes: u32,
}

impl SensorDriver for Measuring {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(Duration::from_millis(if self.takes == 0 { 0 } else { 200 }))
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        match self.takes.checked_sub(1) {
            Some(left) => {
                self.takes = left;
                Ok(Fetched::NotYet(Duration::from_millis(200)))
            }
            None => Ok([(Quantity::Temperature, 20.0)].into()),
        }
    }
}

impl Board for Patience {
    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        Ok((self.claim_output(line, output, Level::OFF)?, Level::OFF))
    }

    fn claim_output(&self, _: &Line, _: &Output, _: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        panic!("there is none")
    }

    fn claim_input(&self, _: &Input, _: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        panic!("there is none")
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        Ok(Box::new(Measuring {
            takes: match &*sensor.id {
                "slow" => 3,
                "endless" => u32::MAX,
                _ => 0,
            },
        }))
    }
}

#[test]
fn a_chip_that_measures_does_not_hold_up_others() {
    let (events, mut news) = channel(16);
    let mut buses = Buses::start(Arc::new(Patience), slow(), events);
    let every = |id: &str, seconds| Sensor { every: Duration::from_secs(seconds), ..sensor(id) };
    buses.read(&house(&[], &[], &[every("slow", 60), every("quick", 60), every("other", 60)]));
    let order: Vec<_> = (0..3).map(|_| next(&mut news)).collect();
    assert_eq!(order, [celsius("quick", 20.0), celsius("other", 20.0), celsius("slow", 20.0)]);
}

#[test]
fn a_measurement_that_never_ends_is_a_failure() {
    let (events, mut news) = channel(16);
    let clock = Clock::accelerated(Moment::START, chrono::DateTime::UNIX_EPOCH, 600.0);
    let mut buses = Buses::start(Arc::new(Patience), clock, events);
    buses.read(&house(&[], &[], &[sensor("endless")]));
    assert_eq!(next(&mut news), failed("endless", "its measurement does not end", false));
}
