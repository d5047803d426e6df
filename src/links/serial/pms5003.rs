//! Plantower PMS5003 (and 7003, A003): dust, told each second by itself (data manual of the PMS5003, version 2.3, appendix I).

use super::codec::{Step, Told, before, high_first};

const START: u8 = b'B';
const SECOND: u8 = b'M';
/// Two bytes to begin with, two of the length, thirteen numbers and the checksum.
const LENGTH: usize = 32;
/// Where the numbers of "atmospheric environment" are; those before them are for industrial dust.
const VALUES: [(&str, usize); 3] = [("pm1", 10), ("pm25", 12), ("pm10", 14)];

/// What stands at the beginning of these bytes.
pub fn step(bytes: &[u8]) -> Step {
    match before(START, bytes) {
        0 => {}
        skipped => return Step::Skip(skipped),
    }
    // Their length is that of what follows it.
    let is_start = bytes.iter().zip([START, SECOND, 0, LENGTH as u8 - 4]).all(|(byte, expected)| *byte == expected);
    if !is_start {
        return Step::Skip(1);
    }
    let Some(frame) = bytes.get(..LENGTH) else { return Step::More };
    let sum: f64 = frame[..LENGTH - 2].iter().map(|byte| f64::from(*byte)).sum();
    if high_first(frame, LENGTH - 2) != Some(sum) {
        return Step::Wrong(1);
    }
    let told: Told = VALUES.iter().filter_map(|(word, at)| Some((*word, high_first(frame, *at)?))).collect();
    Step::Frame(LENGTH, told)
}

#[cfg(test)]
mod tests {
    use super::{super::codec::tests::*, *};

    /// By the table of the manual: PM1.0 5, PM2.5 8, PM10 9 as industrial dust, then 4, 7 and 8 in the air, counts of particles,
    /// version 0x91 and error code 0.
    fn frame() -> Vec<u8> {
        let numbers = [5, 8, 9, 4, 7, 8, 0x0372, 0x0108, 0x0031, 0x0006, 0x0002, 0x0000, 0x9100_u16];
        let mut frame = vec![0x42, 0x4d, 0x00, 0x1c];
        frame.extend(numbers.into_iter().flat_map(u16::to_be_bytes));
        let sum: u16 = frame.iter().map(|byte| u16::from(*byte)).sum();
        frame.extend(sum.to_be_bytes());
        frame
    }

    #[test]
    fn a_frame_is_read() {
        let (frame, told) = (frame(), vec![("pm1", 4.0), ("pm25", 7.0), ("pm10", 8.0)]);
        assert_eq!(step(&frame), Step::Frame(32, told.clone()));
        is_found_whatever_comes_before(step, &frame, &told);
        is_refused_when_changed(step, &frame, 0..32);
    }
}
