//! Chance that can be repeated: the SplitMix64 generator (Steele, Lea and Flood, 2014), and noise made of it.

/// Numbers that look random and are the same for the same seed.
pub(super) struct Random(u64);

impl Random {
    /// The numbers of one `stream` (a person on a day, a sensor at an instant) of a world.
    pub(super) fn new(seed: u64, stream: &[u64]) -> Random {
        let state = stream.iter().fold(mix(seed), |state, part| mix(state ^ mix(*part)));
        Random(state)
    }

    /// From 0, included, to 1, excluded.
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // A double holds 53 bits.
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number from `low`, included, to `high`, excluded; `low` if there is none between.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.unit() * f64::from((high - low).max(0))) as i32
    }
}

/// Smooth noise from -1 to 1 that takes a new turn at every whole number of `at`.
pub(super) fn noise(seed: u64, stream: u64, at: f64) -> f64 {
    let knot = |index: f64| Random::new(seed, &[stream, index as i64 as u64]).unit() * 2.0 - 1.0;
    let (before, part) = (at.floor(), at - at.floor());
    let ease = part * part * (3.0 - 2.0 * part);
    knot(before) + (knot(before + 1.0) - knot(before)) * ease
}

fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_its_published_numbers() {
        // The first output of the reference implementation for the seed 1234567.
        assert_eq!(mix(1_234_567u64.wrapping_add(0x9e37_79b9_7f4a_7c15)), 6_457_827_717_110_365_317);
    }

    #[test]
    fn units_fill_their_range_evenly() {
        let mut random = Random::new(1, &[2, 3]);
        let mut tenths = [0; 10];
        for _ in 0..10_000 {
            tenths[(random.unit() * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn noise_is_smooth_and_bounded() {
        for step in -500..500 {
            let at = f64::from(step) / 50.0;
            let (here, next) = (noise(7, 1, at), noise(7, 1, at + 0.02));
            assert!((-1.0..=1.0).contains(&here) && (here - next).abs() < 0.1, "{at}: {here} {next}");
        }
        assert_ne!(noise(7, 1, 3.3), noise(8, 1, 3.3));
    }
}
