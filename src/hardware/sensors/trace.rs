//! Plays a bus trace to a driver and tells what it reads, for the tests of all chips.
//!
//! A trace is one step a line, or several with `/` between them; bytes are in hexadecimal.
//!
//! | step | the driver must then |
//! | --- | --- |
//! | `w f4 27` | write these bytes |
//! | `r 19 00` | read as many bytes, and gets these |
//! | `w f7 r 65 5a c0` | write, and read after a repeated start |
//! | `@73 w 01` | the same at another address than its own |
//! | `... absent` | the same, and nothing acknowledges |
//! | `wait 9ms` | leave the bus to others for so long |

use super::{Fetched, start};
use crate::{
    hardware::HardwareError,
    model::{Chip, Quantity, WiredChip, duration},
};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A chip at its usual address with its usual settings.
pub fn wired(chip: Chip) -> WiredChip {
    WiredChip::plain(chip)
}

/// Starts the driver of the chip and reads it until the trace is at its end, or until an error. The readings, with at
/// most four decimals; those of several measurements with `; ` between them; and the error as text.
pub fn play(chip: &WiredChip, trace: &str) -> String {
    let (told, _) = play_learning(chip, None, trace);
    told.join("; ")
}

/// The same of a chip that learns: it goes on with what was learnt so long ago. The readings and errors, and what it has
/// learnt.
pub fn play_learning(
    chip: &WiredChip,
    recalled: Option<(&[u32], Duration)>,
    trace: &str,
) -> (Vec<String>, Vec<Vec<u32>>) {
    let script = Script::new(trace);
    let (mut told, mut learnt) = (Vec::new(), Vec::new());
    if let Err(error) = read_all(chip, recalled, &script, &mut told, &mut learnt) {
        told.push(error.to_string());
    }
    assert!(script.is_done(), "the driver has not done: {:?}\nit told: {told:?}", script.0.lock().unwrap());
    (told, learnt)
}

fn read_all(
    chip: &WiredChip,
    recalled: Option<(&[u32], Duration)>,
    script: &Script,
    told: &mut Vec<String>,
    learnt: &mut Vec<Vec<u32>>,
) -> Result<(), HardwareError> {
    let bus = ScriptedBus { address: chip.address, script: script.clone() };
    let mut driver = start(chip, Duration::from_secs(10), bus)?;
    if let Some((numbers, age)) = recalled {
        driver.recall(numbers, age)?;
    }
    while !script.is_done() {
        let wait = driver.measure()?;
        if !wait.is_zero() {
            script.wait(wait);
        }
        let readings = loop {
            match driver.fetch()? {
                Fetched::Readings(readings) => break readings,
                Fetched::NotYet(wait) => script.wait(wait),
            }
        };
        told.push(show(&readings));
        learnt.extend(driver.learnt());
    }
    Ok(())
}

fn show(readings: &[(Quantity, f64)]) -> String {
    let one = |(quantity, value): &(Quantity, f64)| {
        let number = format!("{value:.4}");
        format!("{} {}", quantity.word(), number.trim_end_matches('0').trim_end_matches('.'))
    };
    readings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The steps that are left.
#[derive(Clone)]
pub struct Script(Arc<Mutex<VecDeque<String>>>);

impl Script {
    pub fn new(trace: &str) -> Script {
        let steps = trace
            .lines()
            .flat_map(|line| line.split('#').next().unwrap_or("").split('/'))
            .map(|step| step.trim().to_owned());
        Script(Arc::new(Mutex::new(steps.filter(|step| !step.is_empty()).collect())))
    }

    fn next(&self, done: &str) -> String {
        self.0.lock().unwrap().pop_front().unwrap_or_else(|| panic!("the trace ends before the driver's: {done}"))
    }

    pub fn is_done(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn wait(&self, wait: Duration) {
        let done = format!("wait {}", duration::spell(wait));
        assert_eq!(self.next(&done), done);
    }
}

/// A chip at an address that answers as its script says.
pub struct ScriptedBus {
    pub address: u8,
    pub script: Script,
}

impl ErrorType for ScriptedBus {
    type Error = HardwareError;
}

impl I2c for ScriptedBus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        let mut done = if address == self.address { String::new() } else { format!("@{address:02x} ") };
        for operation in operations.iter() {
            match operation {
                Operation::Write(bytes) => done += &format!("w {} ", hexadecimal(bytes)),
                Operation::Read(bytes) => done += &format!("r {} ", vec!["??"; bytes.len()].join(" ")),
            }
        }
        let step = self.script.next(&done);
        let (step, absent) = step.strip_suffix(" absent").map_or((&*step, false), |step| (step, true));
        let (sent, received) = match step.split_once("r ") {
            Some((sent, received)) => (sent, parse(received)),
            None => (step, Vec::new()),
        };
        let unknown =
            if received.is_empty() { String::new() } else { format!("r {}", vec!["??"; received.len()].join(" ")) };
        let expected = format!("{} {unknown}", sent.trim());
        assert_eq!(done.trim(), expected.trim(), "in the trace: {step}");
        if absent {
            return Err(HardwareError::NothingAnswers { bus: 1, address });
        }
        let reads = operations.iter_mut().filter_map(|operation| match operation {
            Operation::Read(bytes) => Some(bytes),
            Operation::Write(_) => None,
        });
        for bytes in reads {
            bytes.copy_from_slice(&received);
        }
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn parse(bytes: &str) -> Vec<u8> {
    let byte = |text| u8::from_str_radix(text, 16).unwrap_or_else(|_| panic!("{text} is no byte"));
    bytes.split_whitespace().map(byte).collect()
}
