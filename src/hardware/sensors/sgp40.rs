//! SGP40 (Sensirion, datasheet SGP40), and the index that Sensirion's algorithm makes of its signal.

use super::{Device, Fetched, SensorDriver, gas_index::GasIndex, readings_within};
use crate::{hardware::HardwareError, model::Quantity};
use std::{ops::RangeInclusive, time::Duration};

/// With humidity and temperature of the air (section 3.1, table 8).
const MEASURE: u16 = 0x260f;
/// 50 % and 25 °C, for want of anything better.
const USUAL_AIR: [u16; 2] = [0x8000, 0x6666];
/// At most 30 ms.
const MEASURING: Duration = Duration::from_millis(32);
/// What was learnt counts for so long without the chip (Sensirion, on the states of the algorithm), and is told twice in
/// that time.
const LEARNT_COUNTS: Duration = Duration::from_secs(600);
const TELL_LEARNT: Duration = Duration::from_secs(300);
/// Mean and deviation of a signal that can be.
const MEANS: RangeInclusive<f32> = 1.0..=32_767.0;
const DEVIATIONS: RangeInclusive<f32> = 0.1..=32_767.0;

/// Gives an index after 45 s, which means something after an hour and gets better for a day. The chip has no register in
/// common with others that tells what it is.
pub(super) struct Driver {
    device: Device,
    index: GasIndex,
    /// Every so many readings it tells what it has learnt; and how many are left until then.
    tell_every: u32,
    until_told: u32,
}

impl Driver {
    /// `every`: the algorithm counts its time by readings.
    pub fn start(every: Duration, device: Device) -> Driver {
        let tell_every = readings_within(TELL_LEARNT, every);
        Driver { device, index: GasIndex::new(every.as_secs_f32()), tell_every, until_told: tell_every }
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.command_with(MEASURE, &USUAL_AIR)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [signal] = self.device.words()?;
        self.until_told = self.until_told.saturating_sub(1);
        Ok(match self.index.next(signal) {
            // It listens first.
            None => Fetched::Readings(Vec::new()),
            Some(index) => [(Quantity::VocIndex, index)].into(),
        })
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn learnt(&mut self) -> Option<Vec<u32>> {
        if self.until_told > 0 {
            return None;
        }
        self.until_told = self.tell_every;
        self.index.learnt().map(|usual| usual.map(f32::to_bits).to_vec())
    }

    fn recall(&mut self, learnt: &[u32], age: Duration) -> Result<(), HardwareError> {
        let &[mean, deviation] = learnt else { return Ok(()) };
        let (mean, deviation) = (f32::from_bits(mean), f32::from_bits(deviation));
        if age <= LEARNT_COUNTS && MEANS.contains(&mean) && DEVIATIONS.contains(&deviation) {
            self.index.recall([mean, deviation]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum,
        trace::{play, play_learning, wired},
    };
    use crate::model::Chip;
    use std::time::Duration;

    fn signal(raw: u16) -> String {
        let [high, low] = raw.to_be_bytes();
        let checksum = checksum::sensirion(&[high, low]);
        format!("w 26 0f 80 00 a2 66 66 93 / wait 32ms / r {high:02x} {low:02x} {checksum:02x}")
    }

    /// Readings every 10 s for the whole trace; the last index of each stretch.
    fn indices(stretches: &[(u16, usize)]) -> Vec<f64> {
        let trace: Vec<_> = stretches.iter().flat_map(|(raw, count)| vec![signal(*raw); *count]).collect();
        let told = play(&wired(Chip::Sgp40), &trace.join("\n"));
        let told: Vec<_> = told.split("; ").map(|one| one.strip_prefix("voc_index ")).collect();
        let mut end = 0;
        let last = |(_, count): &(u16, usize)| {
            end += count;
            told[end - 1].and_then(|index| index.parse().ok()).unwrap_or(f64::NAN)
        };
        stretches.iter().map(last).collect()
    }

    /// A lower signal is more gas. Sensirion's documents: 100 is the usual air, more is worse, 500 the most.
    #[test]
    fn the_index_follows_the_air() {
        let [silent, usual, worse, better] = indices(&[(30_000, 3), (30_000, 2_000), (28_500, 6), (30_600, 20)])[..]
        else {
            panic!("four stretches")
        };
        assert!(silent.is_nan(), "nothing is told in the first 45 s");
        assert!((90.0..110.0).contains(&usual), "{usual}");
        assert!(worse > 150.0 && worse <= 500.0, "{worse}");
        assert!(better < usual, "{better}");
    }

    #[test]
    fn what_can_go_wrong() {
        for (trace, text) in [
            (
                "w 26 0f 80 00 a2 66 66 93 / wait 32ms / r 80 00 a3",
                "a wrong checksum from 0x59: shorten the cable, or keep it away from mains and motors",
            ),
            ("w 26 0f 80 00 a2 66 66 93 absent", "nothing answers at 0x59 on I2C bus 1: check wiring and address"),
        ] {
            assert_eq!(play(&wired(Chip::Sgp40), trace), text);
        }
    }

    /// Told every five minutes from three hours on. Ten minutes later it goes on with that, after a longer time anew.
    #[test]
    fn it_goes_on_with_what_it_has_learnt() {
        let chip = wired(Chip::Sgp40);
        let hours = |count: usize| vec![signal(29_000); count * 360].join("\n");
        let (_, learnt) = play_learning(&chip, None, &hours(4));
        assert_eq!(learnt.len(), 12, "{learnt:?}");
        let usual: Vec<f32> = learnt[11].iter().map(|bits| f32::from_bits(*bits)).collect();
        assert!((usual[0] - 9_000.0).abs() < 1.0 && usual[1] > 0.0, "{usual:?}");

        // The air is worse after a restart: it knows.
        let index = |age, learnt: &[u32]| {
            let worse = vec![signal(28_000); 20].join("\n");
            let (told, _) = play_learning(&chip, Some((learnt, Duration::from_secs(age))), &worse);
            told.last().and_then(|one| one.strip_prefix("voc_index ")?.parse::<f64>().ok()).unwrap()
        };
        assert!(index(600, &learnt[11]) > 300.0);
        assert!(index(601, &learnt[11]) < 120.0);
        for damaged in [vec![], vec![0, 0], vec![f32::NAN.to_bits(), 1], vec![1, 2, 3]] {
            assert!(index(0, &damaged) < 120.0, "{damaged:?}");
        }
    }
}
