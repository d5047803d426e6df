//! Winsen MH-Z19B and C: carbon dioxide, told when it is asked (user's manual of the MH-Z19B, version 1.6, "UART").

use super::codec::{Step, Told, before, high_first};

const START: u8 = 0xff;
const READ: u8 = 0x86;
const BASELINE: u8 = 0x79;
const LENGTH: usize = 9;

/// What asks for a reading.
pub fn request() -> Vec<u8> {
    command(READ, 0)
}

/// What switches the automatic baseline on or off: once a day, the sensor takes the lowest it saw for fresh air.
pub fn baseline(on: bool) -> Vec<u8> {
    command(BASELINE, if on { 0xa0 } else { 0 })
}

fn command(which: u8, what: u8) -> Vec<u8> {
    let mut frame = vec![START, 1, which, what, 0, 0, 0, 0];
    frame.push(checksum(&frame));
    frame
}

/// Of all but the first byte: their sum and it are 0.
fn checksum(frame: &[u8]) -> u8 {
    frame[1..8].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

/// What stands at the beginning of these bytes.
pub fn step(bytes: &[u8]) -> Step {
    match before(START, bytes) {
        0 => {}
        skipped => return Step::Skip(skipped),
    }
    match bytes.get(1) {
        None => return Step::More,
        Some(&READ) => {}
        Some(_) => return Step::Skip(1),
    }
    let Some(frame) = bytes.get(..LENGTH) else { return Step::More };
    if checksum(frame) != frame[LENGTH - 1] {
        return Step::Wrong(1);
    }
    let told: Option<Told> = high_first(frame, 2).map(|co2| vec![("co2", co2)]);
    told.map_or(Step::Wrong(LENGTH), |told| Step::Frame(LENGTH, told))
}

#[cfg(test)]
mod tests {
    use super::{super::codec::tests::*, *};

    /// The answer of the manual's example of the command 0x86: 0x0260 is 608 ppm; the rest as sensors answer it.
    const ANSWER: [u8; 9] = [0xff, 0x86, 0x02, 0x60, 0x47, 0x00, 0x00, 0x00, 0xd1];

    #[test]
    fn an_answer_is_read() {
        let told = vec![("co2", 608.0)];
        assert_eq!(step(&ANSWER), Step::Frame(9, told.clone()));
        is_found_whatever_comes_before(step, &ANSWER, &told);
        is_refused_when_changed(step, &ANSWER, 0..9);
    }

    /// The commands as the manual writes them.
    #[test]
    fn commands_are_those_of_the_manual() {
        assert_eq!(request(), [0xff, 0x01, 0x86, 0, 0, 0, 0, 0, 0x79]);
        assert_eq!(baseline(true), [0xff, 0x01, 0x79, 0xa0, 0, 0, 0, 0, 0xe6]);
        assert_eq!(baseline(false), [0xff, 0x01, 0x79, 0x00, 0, 0, 0, 0, 0x86]);
    }
}
