//! Whatever comes on a serial port, in whatever pieces: never a panic, no more is kept than one frame takes, and what is told is a
//! number. The input is two bytes (what kind it is, and in which pieces it comes) and what comes.

#![no_main]

use hearthd::links::serial::{
    codec::{Codec, MOST, Step},
    dsmr, ld2410, mhz19, pms5003,
};
use libfuzzer_sys::fuzz_target;

const KINDS: [fn(&[u8]) -> Step; 5] =
    [dsmr::step, dsmr::step_unchecked, ld2410::step, pms5003::step, mhz19::step];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[kind, piece], said)) = bytes.split_first_chunk() else { return };
    let step = KINDS[usize::from(kind) % KINDS.len()];
    let mut codec = Codec::new(step);
    for piece in said.chunks(usize::from(piece).max(1)) {
        for (word, value) in codec.take(piece).into_iter().flatten() {
            assert!(!word.is_empty() && value.is_finite());
        }
        assert!(codec.kept() < MOST);
    }
});
