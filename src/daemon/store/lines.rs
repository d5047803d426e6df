//! The lines of a state file: a checksum, a sequence number, the kernel's boot id and the [`Memory`] as JSON; after a `+` and
//! the number of a whole one only what changed of it since, to be laid over that one and those between. A file begins with a
//! whole one.

use crate::{engine::Memory, files};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// No state of a house comes near this; a larger file is not ours.
const SIZE_MAX: u64 = 16 << 20;
/// Digits of the checksum that each line begins with.
const CHECKSUM: usize = 8;
/// Before what is laid over the lines before it.
const PART: &str = "+";
/// Half of all moments: a state that claims a later one is not ours, and time could not go on from there.
const LAST_MOMENT: i64 = i64::MAX / 2;

/// A generation as a line; of a part, `whole` is the number of the one that it is laid over.
pub(super) fn line(memory: &Memory, sequence: u64, boot: &str, whole: u64) -> io::Result<Vec<u8>> {
    // The checksum is known last.
    let mut line = format!("{:08x} {sequence} {boot} ", 0).into_bytes();
    if memory.is_part() {
        line.extend(format!("{PART}{whole}").into_bytes());
    }
    serde_json::to_writer(&mut line, memory)?;
    let (checksum, body) = line.split_at_mut(CHECKSUM + 1);
    checksum[..CHECKSUM].copy_from_slice(format!("{:08x}", crc32fast::hash(body)).as_bytes());
    line.push(b'\n');
    Ok(line)
}

/// The last valid generation in a file, and what is wrong with the file. `boot` is the id of this boot.
pub(super) fn read(path: &Path, boot: &str) -> (Option<(u64, Memory)>, Option<String>) {
    let bytes = match files::read(path, SIZE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return (None, None),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return (None, Some("it is not a state file of hearthd".into()));
        }
        Err(error) => return (None, Some(error.to_string())),
    };
    let mut damaged = !bytes.is_empty() && !bytes.ends_with(b"\n");
    let mut best: Option<(u64, Memory)> = None;
    let mut last_whole = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Some(Line { sequence, over, memory }) = line_of(line, boot) else {
            damaged = true;
            continue;
        };
        best = match (best, over) {
            // What a longer file left behind.
            (Some(best), _) if sequence <= best.0 => Some(best),
            (_, None) => {
                last_whole = sequence;
                Some((sequence, memory))
            }
            (Some((_, before)), Some(whole)) if whole == last_whole => Some((sequence, before.absorb(memory))),
            // What it was laid over is not there.
            (best, Some(_)) => {
                damaged = true;
                best
            }
        };
    }
    let damage = damaged.then(|| match best {
        Some(_) => "a part of it is damaged and does not count".to_owned(),
        None => "it is damaged and nothing in it counts".to_owned(),
    });
    (best, damage)
}

/// One line that is sound.
struct Line {
    sequence: u64,
    /// Of a part: the whole generation that it is laid over.
    over: Option<u64>,
    memory: Memory,
}

fn line_of(line: &[u8], boot: &str) -> Option<Line> {
    let (checksum, body) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let sound = checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()));
    let mut parts = body.splitn(3, ' ');
    let (sequence, saved_boot, json) = (parts.next()?, parts.next()?, parts.next().filter(|_| sound)?);
    let (over, memory) = match json.strip_prefix(PART) {
        Some(part) => {
            let (whole, json) = part.split_at(part.find('{')?);
            (Some(whole.parse().ok()?), serde_json::from_str::<Memory>(json).ok()?.as_part())
        }
        None => (None, serde_json::from_str(json).ok()?),
    };
    let memory = if saved_boot == boot { memory } else { memory.after_power_cut() };
    let sane = (0..=LAST_MOMENT).contains(&memory.taken().moment.as_millis());
    Some(Line { sequence: sequence.parse().ok()?, over, memory }).filter(|_| sane)
}

/// Changes with every boot of the machine; the same word each time where the kernel does not tell.
pub(super) fn boot_id() -> String {
    let id = files::read_text("/proc/sys/kernel/random/boot_id".as_ref(), files::SYSTEM).unwrap_or_default();
    let id: String = id.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    if id.is_empty() { "unknown".into() } else { id }
}
