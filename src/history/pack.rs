//! Courses and their sums as few bytes: each number by its difference from the one before. Pure.
//!
//! A time costs one or two bytes, since sensors are read at an even pace, and so does a value, since it is written with as many
//! decimals as it has and moves little. Nothing is lost: what does not fit is written as it is.

/// A point from a time on, until its next sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970, UTC.
    pub t: i64,
    /// Its value; None: it is not known.
    pub value: Option<f64>,
}

/// The most decimals that are worth looking for.
const DECIMALS_MAX: u8 = 9;
/// Whole numbers up to here are exact as floating-point numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// How a column is written: with so many decimals, or
const AS_IT_IS: u8 = 0x7f;
/// all the same, and then how that one is.
const ALL_THE_SAME: u8 = 0x80;
/// A column of more is none of ours.
const LONGEST: usize = 1 << 22;

/// Samples as bytes.
pub fn pack(samples: &[Sample]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 4 * samples.len());
    put(&mut out, samples.len() as u64);
    let (mut last, mut pace) = (0i64, 0i64);
    for sample in samples {
        let step = sample.t.wrapping_sub(last);
        put_signed(&mut out, step.wrapping_sub(pace));
        // The first step is from 1970.
        pace = if last == 0 { 0 } else { step };
        last = sample.t;
    }
    let unknown: Vec<usize> =
        samples.iter().enumerate().filter(|(_, sample)| sample.value.is_none()).map(|(place, _)| place).collect();
    put(&mut out, unknown.len() as u64);
    unknown.iter().fold(0, |before, place| {
        put(&mut out, (place - before) as u64);
        *place
    });
    let known: Vec<f64> = samples.iter().filter_map(|sample| sample.value).collect();
    pack_column(&mut out, &known);
    out
}

/// The samples that were packed; None: these bytes are something else.
pub fn unpack(bytes: &[u8]) -> Option<Vec<Sample>> {
    let mut rest = bytes;
    let count = length(take(&mut rest)?)?;
    let (mut last, mut pace) = (0i64, 0i64);
    let mut samples = Vec::with_capacity(count.min(rest.len()));
    for _ in 0..count {
        let step = take_signed(&mut rest)?.wrapping_add(pace);
        pace = if last == 0 { 0 } else { step };
        last = last.wrapping_add(step);
        samples.push(Sample { t: last, value: Some(0.0) });
    }
    let (unknown, mut place) = (length(take(&mut rest)?)?, 0usize);
    for _ in 0..unknown {
        place = place.checked_add(length(take(&mut rest)?)?)?;
        samples.get_mut(place)?.value = None;
    }
    let known = count.checked_sub(unknown)?;
    let values = unpack_column(&mut rest, known)?;
    let places = samples.iter_mut().filter_map(|sample| sample.value.as_mut());
    places.zip(values).for_each(|(place, value)| *place = value);
    rest.is_empty().then_some(samples)
}

/// Appends numbers, whose count is known otherwise.
pub fn pack_column(out: &mut Vec<u8>, values: &[f64]) {
    let (same, values) = match values {
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|value| value.to_bits() == first.to_bits()) => {
            (ALL_THE_SAME, &values[..1])
        }
        _ => (0, values),
    };
    match decimals(values) {
        Some(decimals) => {
            out.push(same | decimals);
            values.iter().fold(0, |before, value| {
                let scaled = scale(*value, decimals) as i64;
                put_signed(out, scaled - before);
                scaled
            });
        }
        None => {
            out.push(same | AS_IT_IS);
            values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        }
    }
}

/// Takes so many numbers off the beginning.
pub fn unpack_column(rest: &mut &[u8], count: usize) -> Option<Vec<f64>> {
    let (how, after) = rest.split_first()?;
    *rest = after;
    let written = if how & ALL_THE_SAME == 0 { count } else { 1 };
    let mut values = Vec::with_capacity(written.min(rest.len()));
    match how & !ALL_THE_SAME {
        AS_IT_IS => {
            for _ in 0..written {
                let (number, after) = rest.split_first_chunk()?;
                values.push(f64::from_le_bytes(*number));
                *rest = after;
            }
        }
        decimals if decimals <= DECIMALS_MAX => {
            let mut scaled = 0i64;
            for _ in 0..written {
                scaled = scaled.wrapping_add(take_signed(rest)?);
                values.push(scaled as f64 / power(decimals));
            }
        }
        _ => return None,
    }
    if written < count {
        values.resize(length(count as u64)?, *values.first()?);
    }
    Some(values)
}

/// With how few decimals all of these are exact.
pub fn decimals(values: &[f64]) -> Option<u8> {
    let is_exact = |value: f64, decimals: u8| {
        let scaled = scale(value, decimals);
        // By way of a whole number, in which zero would lose its sign.
        scaled.abs() < EXACT && (scaled as i64 as f64 / power(decimals)).to_bits() == value.to_bits()
    };
    let mut least = 0;
    for value in values {
        while !is_exact(*value, least) {
            least += 1;
            if least > DECIMALS_MAX {
                return None;
            }
        }
    }
    // More decimals may not fit what fewer did.
    values.iter().all(|value| is_exact(*value, least)).then_some(least)
}

fn scale(value: f64, decimals: u8) -> f64 {
    (value * power(decimals)).round()
}

fn power(decimals: u8) -> f64 {
    10f64.powi(decimals.into())
}

fn length(number: u64) -> Option<usize> {
    usize::try_from(number).ok().filter(|length| *length <= LONGEST)
}

/// A whole number, seven bits a byte, the lowest first.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes what [`put`] wrote off the beginning.
pub fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Small ones of either sign are short.
fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)) as u64);
}

fn take_signed(rest: &mut &[u8]) -> Option<i64> {
    let number = take(rest)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-100_000i64..100_000, 0u8..=9).prop_map(|(number, decimals)| number as f64 / power(decimals)),
            any::<f64>().prop_filter("numbers", |number| !number.is_nan()),
            Just(0.0),
            Just(-0.0),
            Just(f64::INFINITY),
            Just(9.1e15),
        ]
    }

    fn sample() -> impl Strategy<Value = Sample> {
        let time = prop_oneof![any::<i64>(), 1_700_000_000_000i64..1_700_000_100_000, Just(0)];
        (time, proptest::option::weighted(0.9, number())).prop_map(|(t, value)| Sample { t, value })
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(samples in proptest::collection::vec(sample(), 0..200)) {
            let unpacked = unpack(&pack(&samples)).unwrap();
            prop_assert_eq!(&unpacked, &samples);
            let bits = |samples: &[Sample]| samples.iter().map(|s| s.value.map(f64::to_bits)).collect::<Vec<_>>();
            prop_assert_eq!(bits(&unpacked), bits(&samples), "to the last bit");
        }

        #[test]
        fn the_same_again_is_packed_too(value in number(), count in 0usize..500) {
            let samples: Vec<Sample> = (0..count).map(|i| Sample { t: i as i64 * 7, value: Some(value) }).collect();
            prop_assert_eq!(unpack(&pack(&samples)), Some(samples));
        }

        #[test]
        fn other_bytes_are_refused_or_read_as_something(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            // Neither a panic nor memory without end.
            let _ = unpack(&bytes);
        }

        #[test]
        fn what_is_cut_short_is_refused(samples in proptest::collection::vec(sample(), 1..50), cut in any::<proptest::sample::Index>()) {
            let bytes = pack(&samples);
            prop_assert_eq!(unpack(&bytes[..cut.index(bytes.len())]), None);
        }
    }

    #[test]
    fn a_reading_each_ten_seconds_costs_few_bytes() {
        let reading =
            |i: i64| Sample { t: 1_700_000_000_000 + i * 10_000 + i % 3, value: Some(2_000.0 + (i % 7) as f64) };
        let samples: Vec<Sample> = (0..360)
            .map(reading)
            .map(|sample| Sample { value: sample.value.map(|value| (value / 100.0 * 1e2).round() / 1e2), ..sample })
            .collect();
        assert!(pack(&samples).len() <= 360 * 2 + 20, "{}", pack(&samples).len());
    }
}
