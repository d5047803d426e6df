//! From bytes to frames: what is whole and right is found among rubbish, and no more is kept than one frame takes.

/// What a device tells at once: each value by its word, see the rows of [`crate::model::SerialKind`].
pub type Told = Vec<(&'static str, f64)>;

/// What stands at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The beginning of a frame, or nothing.
    More,
    /// So many bytes that belong to no frame.
    Skip(usize),
    /// So many bytes that look like a frame and are none: its checksum is wrong.
    Wrong(usize),
    /// A frame of so many bytes, and what it tells.
    Frame(usize, Told),
}

/// No frame is longer: a telegram of a smart meter with four meters behind it has some 1,500 bytes.
pub const MOST: usize = 4096;

/// Finds the frames of one kind of device.
pub struct Codec {
    step: fn(&[u8]) -> Step,
    kept: Vec<u8>,
    /// Since the last frame that was right, so many were wrong.
    wrong: u32,
}

impl Codec {
    /// Frames as `step` knows them.
    pub fn new(step: fn(&[u8]) -> Step) -> Codec {
        Codec { step, kept: Vec::new(), wrong: 0 }
    }

    /// How many frames were wrong since the last one that was right.
    pub fn wrong(&self) -> u32 {
        self.wrong
    }

    /// How many bytes of a frame that is not whole are kept.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// What comes next begins anew.
    pub fn forget(&mut self) {
        (self.kept, self.wrong) = (Vec::new(), 0);
    }

    /// Takes in what came, and returns what whole frames tell, in order.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Told> {
        let mut told = Vec::new();
        for piece in bytes.chunks(MOST / 4) {
            self.kept.extend_from_slice(piece);
            let mut at = 0;
            while at < self.kept.len() {
                let left = &self.kept[at..];
                let length = match (self.step)(left) {
                    // What is longer than any frame did not begin one.
                    Step::More if left.len() < MOST => break,
                    Step::More => 1,
                    Step::Skip(length) => length,
                    Step::Wrong(length) => {
                        self.wrong = self.wrong.saturating_add(1);
                        length
                    }
                    Step::Frame(length, values) => {
                        self.wrong = 0;
                        told.push(values);
                        length
                    }
                };
                at += length.clamp(1, left.len());
            }
            self.kept.drain(..at);
        }
        told
    }
}

/// How many bytes stand before the first that can begin a frame.
pub(super) fn before(start: u8, bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == start).unwrap_or(bytes.len())
}

/// Two bytes, the higher one first.
pub(super) fn high_first(bytes: &[u8], at: usize) -> Option<f64> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]).into())
}

/// Two bytes, the lower one first.
pub(super) fn low_first(bytes: &[u8], at: usize) -> Option<f64> {
    Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]).into())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [fn(&[u8]) -> Step; 5] = [
        super::super::mhz19::step,
        super::super::pms5003::step,
        super::super::ld2410::step,
        super::super::dsmr::step,
        super::super::dsmr::step_unchecked,
    ];

    /// What holds of each good frame of each kind: it is found whole, split at each byte, and behind rubbish; not when it is
    /// cut off or any of `checked` is another byte; and what follows a frame that is cut off is found all the same.
    pub fn is_found_whatever_comes_before(step: fn(&[u8]) -> Step, frame: &[u8], told: &Told) {
        let all = |pieces: &[&[u8]]| {
            let mut codec = Codec::new(step);
            pieces.iter().flat_map(|piece| codec.take(piece)).collect::<Vec<_>>()
        };
        let one = vec![told.clone()];
        assert_eq!(all(&[frame]), one);
        for at in 0..=frame.len() {
            let (first, rest) = frame.split_at(at);
            assert_eq!(all(&[first, rest]), one, "split at {at}");
        }
        let bytes: Vec<&[u8]> = frame.chunks(1).collect();
        assert_eq!(all(&bytes), one, "byte by byte");
        for rubbish in
            [&b"\xff\xff\x86"[..], b"\x00", b"BM\x00\x1c", b"\xf4\xf3\xf2", b"/ISK!", b"\r\n!B0\r\n", &[0xaa; 5000]]
        {
            // What a start of a frame in the rubbish promised has to come first.
            let found = all(&[rubbish, frame, frame, frame]);
            assert!(found.len() >= 2 && found.iter().all(|found| found == told), "behind {rubbish:02x?}: {found:?}");
        }
        for at in 1..frame.len() - 2 {
            let found = all(&[&frame[..at], frame, frame]);
            assert!(!found.is_empty() && found.iter().all(|found| found == told), "cut off at {at}: {found:?}");
        }
    }

    /// None of these bytes may be another one.
    pub fn is_refused_when_changed(step: fn(&[u8]) -> Step, frame: &[u8], which: impl Iterator<Item = usize>) {
        for at in which {
            let mut changed = frame.to_vec();
            changed[at] ^= 0x04;
            assert_eq!(Codec::new(step).take(&changed), Vec::<Told>::new(), "byte {at} is another");
        }
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        for step in KINDS {
            for piece in [&b"/"[..], b"/a", b"\xff\x86", b"BM", b"\xf4\xf3\xf2\xf1\x23\x00", b"("] {
                let mut codec = Codec::new(step);
                codec.take(piece);
                for _ in 0..200 {
                    codec.take(&piece.repeat(100));
                    codec.take(&[b'1'; 500]);
                    assert!(codec.kept() < MOST, "{piece:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_grow(pieces in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(&b"/!()*-:.01\r\n\xff\x86\xf4\xf3\xf2\xf1\xf8\xf7\xf6\xf5\xaa\x55\x00\x0d\x23BM\x1c"[..])],
            0..300), 0..20)) {
            for step in KINDS {
                let mut codec = Codec::new(step);
                for piece in &pieces {
                    for (word, value) in codec.take(piece).into_iter().flatten() {
                        prop_assert!(value.is_finite(), "{}", word);
                    }
                    prop_assert!(codec.kept() < MOST);
                }
            }
        }
    }
}
