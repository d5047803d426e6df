//! CCS811 (ams, datasheet DS000459).

use super::{Device, Fetched, SensorDriver, readings_within};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Registers (table 13).
mod register {
    pub const STATUS: u8 = 0x00;
    pub const MODE: u8 = 0x01;
    pub const RESULT: u8 = 0x02;
    pub const BASELINE: u8 = 0x11;
    pub const HARDWARE_ID: u8 = 0x20;
    pub const START: u8 = 0xf4;
    pub const RESET: u8 = 0xff;
}

const ID: u8 = 0x81;
/// What must follow RESET.
const RESET_WORD: [u8; 4] = [0x11, 0xe5, 0x72, 0x8a];
const RESETTING: Duration = Duration::from_millis(20);
/// In the status: its program runs; has one; has new numbers; has an error.
const RUNS: u8 = 1 << 7;
const HAS_PROGRAM: u8 = 1 << 4;
const NEW: u8 = 1 << 3;
const ERROR: u8 = 1;
/// A measurement a second.
const EVERY_SECOND: u8 = 1 << 4;
const CYCLE: Duration = Duration::from_secs(1);
const MEASURING_LONGER: Duration = Duration::from_millis(100);
/// The most that it can tell (section "ALG_RESULT_DATA"); more are the numbers of a chip that just started.
const MOST_ECO2: u16 = 29_206;

/// It must have run for so long before its baseline is set or means anything; then that is kept every hour, and counts for
/// a week (application note AN000370; the week is ours).
const CONDITIONING: Duration = Duration::from_secs(20 * 60);
const TELL_LEARNT: Duration = Duration::from_secs(3_600);
const LEARNT_COUNTS: Duration = Duration::from_secs(7 * 86_400);

/// Measures every second by itself. Its numbers mean something after 20 minutes, and after two days of a new chip. It
/// stretches the clock of the bus: see docs/chips.md.
pub(super) struct Driver {
    device: Device,
    started: bool,
    /// What it had learnt before, to be set after so many readings.
    recalled: Option<[u8; 2]>,
    until_set: u32,
    /// How many readings are left until its baseline is asked for.
    until_asked: u32,
    ask_every: u32,
    /// To be told.
    learnt: Option<[u8; 2]>,
}

impl Driver {
    pub fn start(every: Duration, mut device: Device) -> Result<Driver, HardwareError> {
        let id = device.byte(register::HARDWARE_ID)?;
        device.check_id(id.into(), ID.into(), "CCS811")?;
        let [a, b, c, d] = RESET_WORD;
        device.write(&[register::RESET, a, b, c, d])?;
        sleep(RESETTING);
        if device.byte(register::STATUS)? & HAS_PROGRAM == 0 {
            return Err(device.fault("has lost its program"));
        }
        device.write(&[register::START])?;
        sleep(RESETTING);
        if device.byte(register::STATUS)? & RUNS == 0 {
            return Err(device.fault("does not start its program"));
        }
        device.write(&[register::MODE, EVERY_SECOND])?;
        let ask_every = readings_within(TELL_LEARNT, every);
        Ok(Driver {
            device,
            started: false,
            recalled: None,
            until_set: readings_within(CONDITIONING, every),
            until_asked: ask_every,
            ask_every,
            learnt: None,
        })
    }

    /// Sets and asks the baseline when it is time. Its two bytes are none but the chip's.
    fn keep_baseline(&mut self) -> Result<(), HardwareError> {
        self.until_set = self.until_set.saturating_sub(1);
        self.until_asked = self.until_asked.saturating_sub(1);
        if self.until_set == 0
            && let Some([first, second]) = self.recalled.take()
        {
            self.device.write(&[register::BASELINE, first, second])?;
        }
        if self.until_asked == 0 && self.until_set == 0 {
            self.until_asked = self.ask_every;
            self.learnt = Some(self.device.read_from(register::BASELINE)?);
        }
        Ok(())
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(if std::mem::replace(&mut self.started, true) { Duration::ZERO } else { CYCLE })
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [eco1, eco0, tvoc1, tvoc0, status] = self.device.read_from(register::RESULT)?;
        if status & RUNS == 0 {
            return Err(self.device.fault("stopped measuring: its power failed"));
        }
        if status & ERROR != 0 {
            return Err(self.device.fault("tells of an error: its heater, or its supply"));
        }
        let (eco2, tvoc) = (u16::from_be_bytes([eco1, eco0]), u16::from_be_bytes([tvoc1, tvoc0]));
        if status & NEW == 0 || eco2 > MOST_ECO2 {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        self.keep_baseline()?;
        Ok([(Quantity::Eco2, f64::from(eco2)), (Quantity::Tvoc, f64::from(tvoc))].into())
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn learnt(&mut self) -> Option<Vec<u32>> {
        self.learnt.take().map(|baseline| baseline.map(u32::from).to_vec())
    }

    fn recall(&mut self, learnt: &[u32], age: Duration) -> Result<(), HardwareError> {
        let baseline: Vec<u8> = learnt.iter().filter_map(|byte| u8::try_from(*byte).ok()).collect();
        self.recalled = baseline.try_into().ok().filter(|_| age <= LEARNT_COUNTS);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, play_learning, wired};
    use crate::model::Chip;
    use std::time::Duration;

    const START: &str = "w 20 r 81 / w ff 11 e5 72 8a / w 00 r 10 / w f4 / w 00 r 90 / w 01 10 / wait 1s";

    /// By the register tables; the datasheet has no worked example. The ends of both scales are 400 and 29206 ppm, 0 and
    /// 32768 ppb.
    #[test]
    fn readings_and_what_can_go_wrong() {
        for (trace, readings) in [
            ("w 02 r 01 90 00 00 98", "eco2 400, tvoc 0"),
            ("w 02 r 72 16 80 00 98 / w 02 r 03 20 00 3c 98", "eco2 29206, tvoc 32768; eco2 800, tvoc 60"),
            ("w 02 r fd fd fd fd 98 / wait 100ms / w 02 r 01 90 00 00 98", "eco2 400, tvoc 0"),
            ("w 02 r 01 90 00 00 90 / wait 100ms / w 02 r 01 91 00 00 98", "eco2 401, tvoc 0"),
            ("w 02 r 01 90 00 00 99", "the chip at 0x5a tells of an error: its heater, or its supply"),
            ("w 02 r 00 00 00 00 10", "the chip at 0x5a stopped measuring: its power failed"),
        ] {
            assert_eq!(play(&wired(Chip::Ccs811), &format!("{START} / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            ("w 20 r 00", "wrong chip at 0x5a: an unknown chip (id 0x00), not CCS811"),
            ("w 20 r 81 absent", "nothing answers at 0x5a on I2C bus 1: check wiring and address"),
            ("w 20 r 81 / w ff 11 e5 72 8a / w 00 r 00", "the chip at 0x5a has lost its program"),
            (
                "w 20 r 81 / w ff 11 e5 72 8a / w 00 r 10 / w f4 / w 00 r 10",
                "the chip at 0x5a does not start its program",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Ccs811), trace), text);
        }
    }

    /// An hour of readings every 10 s. What was learnt before is set after 20 minutes, not earlier.
    #[test]
    fn its_baseline_is_kept_and_set() {
        let chip = wired(Chip::Ccs811);
        let read = "w 02 r 01 90 00 00 98\n";
        let asked = "w 11 r a3 84";
        let hour = format!("{START}\n{} / {asked}", read.repeat(360).trim());
        assert_eq!(play_learning(&chip, None, &hour).1, [[0xa3, 0x84]]);

        let recalled = |age| Some((&[0xa3u32, 0x84][..], Duration::from_secs(age)));
        let set = format!("{START}\n{} / w 11 a3 84\n{} / {asked}", read.repeat(120).trim(), read.repeat(240).trim());
        assert_eq!(play_learning(&chip, recalled(7 * 86_400), &set).1, [[0xa3, 0x84]]);
        assert_eq!(play_learning(&chip, recalled(7 * 86_400 + 1), &hour).1, [[0xa3, 0x84]], "too old to be set");
    }
}
