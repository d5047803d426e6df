//! SGP40 (Sensirion, datasheet SGP40), and the index that Sensirion's algorithm makes of its signal.

use super::{Device, Fetched, SensorDriver};
use crate::{hardware::HardwareError, model::Quantity};
use gas_index_algorithm::{AlgorithmType, GasIndexAlgorithm};
use std::time::Duration;

/// With humidity and temperature of the air (section 3.1, table 8).
const MEASURE: u16 = 0x260f;
/// 50 % and 25 °C, for want of anything better.
const USUAL_AIR: [u16; 2] = [0x8000, 0x6666];
/// At most 30 ms.
const MEASURING: Duration = Duration::from_millis(32);

/// Gives an index after 45 s, which means something after an hour and gets better for a day. What the algorithm has
/// learnt is lost when the driver starts anew. The chip has no register in common with others that tells what it is.
pub(super) struct Driver {
    device: Device,
    algorithm: GasIndexAlgorithm,
}

impl Driver {
    /// `every`: the algorithm counts its time by readings.
    pub fn start(every: Duration, device: Device) -> Driver {
        Driver { device, algorithm: GasIndexAlgorithm::new(AlgorithmType::Voc, every.as_secs_f32()) }
    }
}

impl SensorDriver for Driver {
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        self.device.command_with(MEASURE, &USUAL_AIR)?;
        Ok(MEASURING)
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        let [signal] = self.device.words()?;
        Ok(match self.algorithm.process(signal.into()) {
            // It listens first.
            0 => Fetched::Readings(Vec::new()),
            index => [(Quantity::VocIndex, f64::from(index))].into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum,
        trace::{play, wired},
    };
    use crate::model::Chip;

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
}
