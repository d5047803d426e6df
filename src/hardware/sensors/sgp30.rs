//! SGP30 (Sensirion, datasheet SGP30, version 1.0).

use super::{Device, Fetched, SensorDriver, readings_within};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Commands (section "Measurement communication", table 10).
mod command {
    pub const START: u16 = 0x2003;
    pub const MEASURE: u16 = 0x2008;
    pub const FEATURE_SET: u16 = 0x202f;
    pub const BASELINE: u16 = 0x2015;
    pub const SET_BASELINE: u16 = 0x201e;
}

/// In the upper four bits of the feature set.
const PRODUCT_TYPE: u16 = 0;
/// At most 10 ms for these, 12 ms for a measurement (table 10).
const ANSWERING: Duration = Duration::from_millis(11);
const MEASURING: Duration = Duration::from_millis(13);
/// For so long after its start it says 400 ppm and 0 ppb, whatever the air.
const SETTLING: Duration = Duration::from_secs(15);
/// Its baseline is good after half a day, is to be kept every hour, and counts for a week (section "Setting the baseline").
const LEARNING: Duration = Duration::from_secs(12 * 3_600);
const TELL_LEARNT: Duration = Duration::from_secs(3_600);
const LEARNT_COUNTS: Duration = Duration::from_secs(7 * 86_400);

/// Must be read every second, for the algorithm in it, whose baseline is kept. It is not told the humidity of the air.
pub(super) struct Driver {
    device: Device,
    /// How many readings mean nothing yet.
    settling: u32,
    /// How many readings it needs to learn, and until its baseline is asked for.
    learning: u32,
    until_asked: u32,
    ask_every: u32,
    /// To be told.
    learnt: Option<[u16; 2]>,
}

impl Driver {
    pub fn start(every: Duration, mut device: Device) -> Result<Driver, HardwareError> {
        device.command(command::FEATURE_SET)?;
        sleep(ANSWERING);
        let [features] = device.words()?;
        device.check_id(features >> 12, PRODUCT_TYPE, "SGP30")?;
        device.command(command::START)?;
        sleep(ANSWERING);
        let ask_every = readings_within(TELL_LEARNT, every);
        Ok(Driver {
            device,
            settling: readings_within(SETTLING, every),
            learning: readings_within(LEARNING, every),
            until_asked: ask_every,
            ask_every,
            learnt: None,
        })
    }

    /// Asks for its baseline: of CO2 and of the organic compounds.
    fn ask_baseline(&mut self) -> Result<(), HardwareError> {
        self.until_asked = self.ask_every;
        self.device.command(command::BASELINE)?;
        sleep(ANSWERING);
        let baseline: [u16; 2] = self.device.words()?;
        if baseline == [0; 2] {
            // It was not started.
            return Err(self.device.fault("stopped measuring: its power failed"));
        }
        if self.learning == 0 {
            self.learnt = Some(baseline);
        }
        Ok(())
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.command(command::MEASURE)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [eco2, tvoc] = self.device.words()?.map(f64::from);
        self.learning = self.learning.saturating_sub(1);
        self.until_asked = self.until_asked.saturating_sub(1);
        if self.until_asked == 0 {
            self.ask_baseline()?;
        }
        if self.settling > 0 {
            self.settling -= 1;
            return Ok(Fetched::Readings(Vec::new()));
        }
        Ok([(Quantity::Eco2, eco2), (Quantity::Tvoc, tvoc)].into())
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn learnt(&mut self) -> Option<Vec<u32>> {
        self.learnt.take().map(|baseline| baseline.map(u32::from).to_vec())
    }

    fn recall(&mut self, learnt: &[u32], age: Duration) -> Result<(), HardwareError> {
        let baseline: Vec<u16> = learnt.iter().filter_map(|word| u16::try_from(*word).ok()).collect();
        if let &[eco2, tvoc] = baseline.as_slice()
            && age <= LEARNT_COUNTS
            && (eco2, tvoc) != (0, 0)
        {
            // It is told the other way round (section "Setting the baseline").
            self.device.command_with(command::SET_BASELINE, &[tvoc, eco2])?;
            sleep(ANSWERING);
            self.learning = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, play_learning, wired};
    use crate::model::Chip;
    use std::time::Duration;

    const START: &str = "w 20 2f / r 00 22 65 / w 20 03";

    /// By the formats of the datasheet, which has no worked example. The ends of both scales are 400 and 60000 ppm, 0 and
    /// 60000 ppb. Two readings of 10 s each are within the first 15 s.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let measure = "w 20 08 / wait 13ms / r";
        let settle = format!("{measure} 01 90 4c 00 00 81 / {measure} 01 90 4c 00 00 81");
        for (trace, readings) in [
            (format!("{settle} / {measure} 01 90 4c 00 00 81"), "; ; eco2 400, tvoc 0"),
            (format!("{settle} / {measure} ea 60 a2 ea 60 a2"), "; ; eco2 60000, tvoc 60000"),
            (
                format!("{measure} 01 90 4c 00 00 82"),
                "a wrong checksum from 0x58: shorten the cable, or keep it away from mains and motors",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Sgp30), &format!("{START} / {trace}")), readings, "{trace}");
        }
        for (trace, text) in [
            // An SGPC3.
            ("w 20 2f / r 10 06 49", "wrong chip at 0x58: an unknown chip (id 0x01), not SGP30"),
            ("w 20 2f absent", "nothing answers at 0x58 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Sgp30), trace), text);
        }
    }

    /// Half a day of readings every 10 s; its baseline is asked for every hour, and told from then on.
    #[test]
    fn its_baseline_is_kept_and_set() {
        let chip = wired(Chip::Sgp30);
        let measure = "w 20 08 / wait 13ms / r 01 90 4c 00 00 81\n";
        let an_hour = format!(
            "{}w 20 08 / wait 13ms / r 01 90 4c 00 00 81 / w 20 15 / r be ef 92 01 90 4c\n",
            measure.repeat(359)
        );
        let half_a_day = format!("{START}\n{}", an_hour.repeat(12));
        let (told, learnt) = play_learning(&chip, None, &half_a_day);
        assert_eq!((told.len(), learnt), (12 * 360, vec![vec![0xbeef, 0x0190]]));

        let week = Duration::from_secs(7 * 86_400);
        let set = format!("{START} / w 20 1e 01 90 4c be ef 92\n{an_hour}");
        let (_, learnt) = play_learning(&chip, Some((&[0xbeef, 0x0190], week)), &set);
        assert_eq!(learnt, [[0xbeef, 0x0190]], "good from the first hour on");
        let too_old = Some((&[0xbeef, 0x0190][..], week + Duration::from_secs(1)));
        assert_eq!(play_learning(&chip, too_old, &format!("{START}\n{an_hour}")).1, [[0u32; 0]; 0]);
    }

    /// It was never told to start: then it has no baseline.
    #[test]
    fn a_loss_of_power_is_noticed() {
        let measure = "w 20 08 / wait 13ms / r 01 90 4c 00 00 81\n";
        let trace = format!("{START}\n{} / w 20 15 / r 00 00 81 00 00 81", measure.repeat(360).trim());
        let (told, _) = play_learning(&wired(Chip::Sgp30), None, &trace);
        assert_eq!(told.last().unwrap(), "the chip at 0x58 stopped measuring: its power failed");
    }
}
