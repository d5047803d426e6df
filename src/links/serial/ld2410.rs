//! Hi-Link LD2410, B and C: presence by radar, told ten times a second by itself (serial communication protocol of the LD2410,
//! V1.02: 2.2 commands, 2.3 radar data).

use super::codec::{Step, Told, before, low_first};

const START: [u8; 4] = [0xf4, 0xf3, 0xf2, 0xf1];
const END: [u8; 4] = [0xf8, 0xf7, 0xf6, 0xf5];
/// Of what it tells: type, head, state, distances and energies, tail and check.
const BASIC: usize = 13;
/// More would be more gates than it has.
const LONGEST: usize = 64;
const ENGINEERING: u8 = 1;
/// The gates of 75 cm that it tells of one by one.
const GATES: usize = 9;

const MOVING: [&str; GATES] = [
    "moving_gate_0",
    "moving_gate_1",
    "moving_gate_2",
    "moving_gate_3",
    "moving_gate_4",
    "moving_gate_5",
    "moving_gate_6",
    "moving_gate_7",
    "moving_gate_8",
];
const STILL: [&str; GATES] = [
    "still_gate_0",
    "still_gate_1",
    "still_gate_2",
    "still_gate_3",
    "still_gate_4",
    "still_gate_5",
    "still_gate_6",
    "still_gate_7",
    "still_gate_8",
];

/// What has it tell of each gate, until it loses its power: commands are open, engineering mode on, commands are closed.
pub fn engineering() -> Vec<Vec<u8>> {
    [&[0xff, 0, 1, 0][..], &[0x62, 0], &[0xfe, 0]].map(command).into()
}

fn command(what: &[u8]) -> Vec<u8> {
    let length = u16::try_from(what.len()).unwrap_or(0).to_le_bytes();
    [&[0xfd, 0xfc, 0xfb, 0xfa], &length[..], what, &[4, 3, 2, 1]].concat()
}

/// What stands at the beginning of these bytes. There is no checksum: all that is fixed has to be right, and all that can be
/// impossible must not be.
pub fn step(bytes: &[u8]) -> Step {
    match before(START[0], bytes) {
        0 => {}
        skipped => return Step::Skip(skipped),
    }
    if !bytes.iter().zip(START).all(|(byte, expected)| *byte == expected) {
        return Step::Skip(1);
    }
    let Some(&[low, high]) = bytes.get(4..6).and_then(|length| length.first_chunk()) else { return Step::More };
    let length = usize::from(u16::from_le_bytes([low, high]));
    if !(BASIC..=LONGEST).contains(&length) {
        return Step::Wrong(1);
    }
    let Some(frame) = bytes.get(..6 + length + END.len()) else {
        // Another one begins in it: the rest of this one was lost.
        let next = bytes[1..].windows(START.len()).position(|four| four == START);
        return next.map_or(Step::More, |at| Step::Wrong(at + 1));
    };
    let (said, end) = frame[6..].split_at(length);
    match tell(said).filter(|_| end == END) {
        Some(told) => Step::Frame(frame.len(), told),
        None => Step::Wrong(1),
    }
}

/// `said` has at least the length of [`BASIC`].
fn tell(said: &[u8]) -> Option<Told> {
    let [kind, 0xaa, state, rest @ .., 0x55, _check] = said else { return None };
    if *state > 3 || !(1..=2).contains(kind) {
        return None;
    }
    let flag = |mask: u8| f64::from(u8::from(state & mask != 0));
    let byte = |at: usize| rest.get(at).map(|byte| f64::from(*byte));
    let energy = |at: usize| byte(at).filter(|energy| *energy <= 100.0);
    let mut told = vec![
        ("presence", flag(3)),
        ("moving", flag(1)),
        ("still", flag(2)),
        ("moving_distance", low_first(rest, 0)?),
        ("moving_energy", energy(2)?),
        ("still_distance", low_first(rest, 3)?),
        ("still_energy", energy(5)?),
        ("distance", low_first(rest, 6)?),
    ];
    if *kind == ENGINEERING {
        // The last gate of each, then the energies of all.
        let last = |at: usize| rest.get(at).map(|last| usize::from(*last)).filter(|last| *last < GATES);
        let (moving, still) = (last(8)?, last(9)?);
        let gates = [(MOVING, 10, moving), (STILL, 11 + moving, still)];
        for (words, first, last) in gates {
            for (gate, word) in words.into_iter().enumerate().take(last + 1) {
                told.push((word, energy(first + gate)?));
            }
        }
        // Only newer ones tell how bright it is.
        told.extend(byte(12 + moving + still).map(|light| ("light", light)));
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::{super::codec::tests::*, *};

    /// The example of a basic frame in the protocol (2.3.1): state 2 (still), moving target 81 cm with energy 0, still target 0 cm
    /// with energy 59, detection at 0 cm.
    const BASIC_FRAME: [u8; 23] = [
        0xf4, 0xf3, 0xf2, 0xf1, 0x0d, 0x00, 0x02, 0xaa, 0x02, 0x51, 0x00, 0x00, 0x00, 0x00, 0x3b, 0x00, 0x00, 0x55,
        0x00, 0xf8, 0xf7, 0xf6, 0xf5,
    ];
    /// Its example of engineering mode (2.3.2): state 3, moving target 30 cm with energy 60, still target 0 cm with 57; gates to
    /// 8 and 8; then moving 60 34 5 3 3 4 3 6 5, still 0 0 57 16 19 6 6 8 4, and two bytes that it does not tell of.
    const DETAILED_FRAME: [u8; 45] = [
        0xf4, 0xf3, 0xf2, 0xf1, 0x23, 0x00, 0x01, 0xaa, 0x03, 0x1e, 0x00, 0x3c, 0x00, 0x00, 0x39, 0x00, 0x00, 0x08,
        0x08, 0x3c, 0x22, 0x05, 0x03, 0x03, 0x04, 0x03, 0x06, 0x05, 0x00, 0x00, 0x39, 0x10, 0x13, 0x06, 0x06, 0x08,
        0x04, 0x03, 0x05, 0x55, 0x00, 0xf8, 0xf7, 0xf6, 0xf5,
    ];

    fn told(frame: &[u8]) -> Told {
        match step(frame) {
            Step::Frame(length, told) if length == frame.len() => told,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_modes_are_read() {
        let basic = vec![
            ("presence", 1.0),
            ("moving", 0.0),
            ("still", 1.0),
            ("moving_distance", 81.0),
            ("moving_energy", 0.0),
            ("still_distance", 0.0),
            ("still_energy", 59.0),
            ("distance", 0.0),
        ];
        assert_eq!(told(&BASIC_FRAME), basic);
        is_found_whatever_comes_before(step, &BASIC_FRAME, &basic);
        let detailed = told(&DETAILED_FRAME);
        let value = |word| detailed.iter().find(|(told, _)| *told == word).map(|(_, value)| *value);
        let words = ["moving", "still", "moving_gate_0", "moving_gate_8", "still_gate_2", "still_gate_8", "light"];
        let expected = [1.0, 1.0, 60.0, 5.0, 57.0, 4.0, 3.0].map(Some);
        assert_eq!(words.map(value), expected);
        assert_eq!(detailed.len(), 8 + 2 * GATES + 1);
        is_found_whatever_comes_before(step, &DETAILED_FRAME, &detailed);
    }

    #[test]
    fn what_is_fixed_has_to_be_right() {
        let fixed = || (0..8).chain(17..18).chain(19..23);
        is_refused_when_changed(step, &BASIC_FRAME, fixed());
        let wrong = |at: usize, byte| {
            let mut frame = BASIC_FRAME;
            frame[at] = byte;
            Codec::new(step).take(&frame)
        };
        use super::super::codec::Codec;
        assert!(wrong(8, 4).is_empty() && wrong(11, 101).is_empty() && wrong(4, 200).is_empty());
    }

    /// The commands of 2.2.1, 2.2.3 and 2.2.2.
    #[test]
    fn engineering_mode_is_asked_for_as_the_protocol_has_it() {
        let asked: Vec<String> = engineering().concat().iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            asked.join(" "),
            "FD FC FB FA 04 00 FF 00 01 00 04 03 02 01 FD FC FB FA 02 00 62 00 04 03 02 01 \
             FD FC FB FA 02 00 FE 00 04 03 02 01"
        );
    }
}
