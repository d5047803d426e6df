//! What became of a point within a span of time: how long it was known, its least, mean and greatest, how long it was on. Pure.
//!
//! A point has each value until the next, so all of it is weighed by time, not by how often it was read.

use super::pack::{self, Sample};

/// A span of time of a point, summed up. Sums of neighbouring spans add up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// How long its value was known, ms.
    pub known_ms: i64,
    /// The least value; infinite while none was known.
    pub min: f64,
    /// The greatest value; infinite while none was known.
    pub max: f64,
    /// The values times the milliseconds that each was so.
    pub integral: f64,
    /// How long it was more than 0, ms.
    pub on_ms: i64,
    /// How often it went from 0 to more.
    pub starts: u64,
    /// By how much it rose in all; falls are not taken off.
    pub rose: f64,
}

impl Sum {
    /// Of no time at all.
    pub const NOTHING: Sum =
        Sum { known_ms: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, integral: 0.0, on_ms: 0, starts: 0, rose: 0.0 };

    /// The mean by time; None: it was not known.
    pub fn mean(&self) -> Option<f64> {
        (self.known_ms > 0).then(|| (self.integral / self.known_ms as f64).max(self.min).min(self.max))
    }

    /// With another span of the same point.
    pub fn add(&mut self, other: &Sum) {
        self.known_ms += other.known_ms;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.integral += other.integral;
        self.on_ms += other.on_ms;
        self.starts += other.starts;
        self.rose += other.rose;
    }

    fn holds(&mut self, value: f64, ms: i64) {
        self.known_ms += ms;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.integral += value * ms as f64;
        if value > 0.0 {
            self.on_ms += ms;
        }
    }

    fn becomes(&mut self, before: f64, value: f64) {
        self.starts += u64::from(before <= 0.0 && value > 0.0);
        self.rose += (value - before).max(0.0);
    }
}

/// Sums up what samples in the order of time tell of the spans between `edges` (ascending). The last sample holds until `end`.
pub fn sum_up(samples: &[Sample], end: i64, edges: &[i64]) -> Vec<Sum> {
    let mut sums = vec![Sum::NOTHING; edges.len().saturating_sub(1)];
    let mut span = 0;
    let mut before: Option<f64> = None;
    for (place, sample) in samples.iter().enumerate() {
        let until = samples.get(place + 1).map_or(end, |next| next.t.min(end));
        while span < sums.len() && edges[span + 1] <= sample.t {
            span += 1;
        }
        if span == sums.len() {
            break;
        }
        if let (Some(before), Some(value)) = (before, sample.value)
            && sample.t >= edges[span]
            && sample.t < end
        {
            sums[span].becomes(before, value);
        }
        before = sample.value;
        let Some(value) = sample.value else { continue };
        let mut at = span;
        while at < sums.len() && edges[at] < until {
            let ms = until.min(edges[at + 1]) - sample.t.max(edges[at]);
            if ms > 0 {
                sums[at].holds(value, ms);
            }
            at += 1;
        }
    }
    sums
}

/// Puts samples in order; of two of the same time the later given counts, and what says the same as before is left out.
pub fn put_in_order(samples: &mut Vec<Sample>) {
    samples.sort_by_key(|sample| sample.t);
    let mut kept: Vec<Sample> = Vec::with_capacity(samples.len());
    for sample in samples.iter() {
        match kept.last_mut() {
            Some(last) if last.t == sample.t => *last = *sample,
            _ => kept.push(*sample),
        }
    }
    kept.dedup_by(|sample, before| sample.value == before.value);
    *samples = kept;
}

/// Sums of equal spans as bytes, each with its number among them. Those of which nothing is known are left out.
pub fn pack_sums(sums: &[Sum]) -> Vec<u8> {
    let known: Vec<(usize, &Sum)> = sums.iter().enumerate().filter(|(_, sum)| sum.known_ms > 0).collect();
    let mut out = Vec::new();
    pack::put(&mut out, known.len() as u64);
    let numbers: Vec<f64> = known.iter().map(|(number, _)| *number as f64).collect();
    // By steps: where none is left out, they are all the same.
    let steps: Vec<f64> = numbers.iter().scan(-1.0, |last, n| Some(n - std::mem::replace(last, *n))).collect();
    pack::pack_column(&mut out, &steps);
    let columns = COLUMNS.map(|column| known.iter().map(|(_, sum)| (column.get)(sum)).collect::<Vec<f64>>());
    // The mean with three more decimals than what it is the mean of.
    let decimals = pack::decimals(&[&columns[1][..], &columns[2]].concat()).map(|decimals| i32::from(decimals) + 3);
    for (place, mut column) in columns.into_iter().enumerate() {
        if let (MEAN, Some(decimals)) = (place, decimals) {
            let power = 10f64.powi(decimals.min(9));
            column.iter_mut().for_each(|mean| *mean = (*mean * power).round() / power);
        }
        pack::pack_column(&mut out, &column);
    }
    out
}

/// The sums that were packed, each with its number; None: these bytes are something else.
pub fn unpack_sums(bytes: &[u8]) -> Option<Vec<(usize, Sum)>> {
    let mut rest = bytes;
    let count = usize::try_from(pack::take(&mut rest)?).ok().filter(|count| *count <= 1 << 16)?;
    let steps = pack::unpack_column(&mut rest, count)?;
    let mut sums: Vec<(usize, Sum)> = steps
        .iter()
        .scan(-1.0, |number, step| {
            *number += step;
            Some((*number as usize, Sum::NOTHING))
        })
        .collect();
    for column in &COLUMNS {
        let values = pack::unpack_column(&mut rest, count)?;
        sums.iter_mut().zip(values).for_each(|((_, sum), value)| (column.set)(sum, value));
    }
    rest.is_empty().then_some(sums)
}

struct Column {
    get: fn(&Sum) -> f64,
    set: fn(&mut Sum, f64),
}

/// Its place among the columns.
const MEAN: usize = 3;
const COLUMNS: [Column; 7] = [
    Column { get: |sum| sum.known_ms as f64, set: |sum, ms| sum.known_ms = ms as i64 },
    Column { get: |sum| sum.min, set: |sum, value| sum.min = value },
    Column { get: |sum| sum.max, set: |sum, value| sum.max = value },
    Column { get: |sum| sum.mean().unwrap_or(0.0), set: |sum, mean| sum.integral = mean * sum.known_ms as f64 },
    Column { get: |sum| sum.on_ms as f64, set: |sum, ms| sum.on_ms = ms as i64 },
    Column { get: |sum| sum.starts as f64, set: |sum, count| sum.starts = count as u64 },
    Column { get: |sum| sum.rose, set: |sum, rose| sum.rose = rose },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(t: i64, value: f64) -> Sample {
        Sample { t, value: Some(value) }
    }

    #[test]
    fn a_lamp_is_on_as_long_as_it_is() {
        let samples = [at(-50, 0.0), at(100, 1.0), at(250, 0.0), at(300, 1.0), Sample { t: 350, value: None }];
        let sums = sum_up(&samples, 400, &[0, 200, 400]);
        assert_eq!((sums[0].on_ms, sums[0].starts, sums[0].known_ms), (100, 1, 200));
        assert_eq!((sums[1].on_ms, sums[1].starts, sums[1].known_ms), (100, 1, 150));
        assert_eq!(sums[0].mean(), Some(0.5));
    }

    #[test]
    fn what_begins_again_did_not_rise_and_was_not_switched() {
        let unknown = |t| Sample { t, value: None };
        let samples = [at(0, 5.0), unknown(10), at(20, 9.0), at(30, 2.0), at(40, 3.5)];
        let sums = sum_up(&samples, 50, &[0, 50]);
        assert_eq!((sums[0].rose, sums[0].starts, sums[0].known_ms), (1.5, 0, 40));
        assert_eq!(sum_up(&[unknown(0)], 50, &[0, 50]), [Sum::NOTHING]);
        assert_eq!(Sum::NOTHING.mean(), None);
    }

    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        let value = proptest::option::weighted(0.8, (-50i32..50).prop_map(|value| f64::from(value.max(0)) / 2.0));
        proptest::collection::vec((0i64..10_000, value), 0..60).prop_map(|samples| {
            let mut samples = samples.into_iter().map(|(t, value)| Sample { t, value }).collect();
            put_in_order(&mut samples);
            samples
        })
    }

    proptest! {
        /// Against a plain count of every millisecond.
        #[test]
        fn sums_are_those_of_each_millisecond(samples in samples(), first in 0i64..5_000, widths in proptest::collection::vec(1i64..2_000, 1..6), end in 0i64..12_000) {
            let edges: Vec<i64> = std::iter::once(first).chain(widths.iter().scan(first, |edge, width| { *edge += width; Some(*edge) })).collect();
            let value_at = |t: i64| if t >= end { None } else { samples.iter().rev().find(|s| s.t <= t).and_then(|s| s.value) };
            for (span, sum) in edges.windows(2).zip(sum_up(&samples, end, &edges)) {
                let mut plain = Sum::NOTHING;
                for t in span[0]..span[1] {
                    if let Some(value) = value_at(t) { plain.holds(value, 1); }
                    if let (Some(before), Some(value)) = (value_at(t - 1), value_at(t)) { plain.becomes(before, value); }
                }
                prop_assert!((plain.integral - sum.integral).abs() < 1e-6);
                prop_assert!((plain.rose - sum.rose).abs() < 1e-9);
                prop_assert_eq!((plain.known_ms, plain.min, plain.max, plain.on_ms, plain.starts), (sum.known_ms, sum.min, sum.max, sum.on_ms, sum.starts));
            }
        }

        #[test]
        fn packed_sums_say_the_same(samples in samples(), width in 1i64..900) {
            let edges: Vec<i64> = (0..=12).map(|i| i * width).collect();
            let sums = sum_up(&samples, 10_000, &edges);
            let unpacked = unpack_sums(&pack_sums(&sums)).unwrap();
            let known: Vec<usize> = sums.iter().enumerate().filter(|(_, sum)| sum.known_ms > 0).map(|(i, _)| i).collect();
            prop_assert_eq!(unpacked.iter().map(|(i, _)| *i).collect::<Vec<_>>(), known);
            for (number, sum) in unpacked {
                let exact = sums[number];
                prop_assert!((sum.mean().unwrap() - exact.mean().unwrap()).abs() <= 0.000_501);
                prop_assert_eq!(Sum { integral: 0.0, ..sum }, Sum { integral: 0.0, ..exact });
            }
        }

        #[test]
        fn other_bytes_are_no_sums_or_some(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = unpack_sums(&bytes);
        }

        /// Whichever way a long span is cut, its parts add up to it.
        #[test]
        fn sums_of_parts_add_up(samples in samples(), cut in 1i64..9_999) {
            let whole = sum_up(&samples, 10_000, &[0, 10_000])[0];
            let mut added = Sum::NOTHING;
            sum_up(&samples, 10_000, &[0, cut, 10_000]).iter().for_each(|part| added.add(part));
            prop_assert!((whole.integral - added.integral).abs() < 1e-6 && (whole.rose - added.rose).abs() < 1e-9);
            prop_assert_eq!(Sum { integral: 0.0, rose: 0.0, ..added }, Sum { integral: 0.0, rose: 0.0, ..whole });
        }
    }
}
