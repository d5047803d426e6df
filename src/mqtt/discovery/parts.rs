//! A device with many entities is announced in several messages, because some clients and brokers take none that is large.
//!
//! Which part an entity is in follows from its id and from how many there are: what is full is halved, by the next bit of a
//! hash. So an entity more or less moves no other, unless something has to be halved, or fits in one again.

use super::Device;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// No announcement is larger, in bytes, but for what is gone and named beside the rest for a while. Clients of
/// microcontrollers count the bytes of a message, with its topic, in 16 bits (PubSubClient of Arduino); the smallest limit of
/// a broker that we know of is 128 KiB (AWS IoT Core).
pub(super) const LARGEST: usize = 60_000;
/// What JSON writes around a component: quotes of its id, a colon, a comma.
const AROUND: usize = 4;
/// By then each has a part of its own.
const BITS: u32 = 16;

/// The parts of a device; what is beside the components takes so many bytes.
pub(super) fn of(
    device: Device,
    components: Map<String, Value>,
    beside: usize,
) -> impl Iterator<Item = (Device, Map<String, Value>)> {
    let mut parts = BTreeMap::new();
    halve(components, 0, 0, LARGEST.saturating_sub(beside), &mut parts);
    parts.into_iter().map(move |(number, components)| (device.part(number), components))
}

fn halve(
    components: Map<String, Value>,
    number: u32,
    bit: u32,
    room: usize,
    parts: &mut BTreeMap<u32, Map<String, Value>>,
) {
    let size: usize = components.iter().map(|(id, described)| id.len() + described.to_string().len() + AROUND).sum();
    if size <= room || bit == BITS {
        if !components.is_empty() {
            parts.insert(number, components);
        }
        return;
    }
    let (stays, leaves): (Map<_, _>, Map<_, _>) =
        components.into_iter().partition(|(id, _)| (hash(id) >> bit) & 1 == 0);
    halve(stays, number, bit + 1, room, parts);
    halve(leaves, number | (1 << bit), bit + 1, room, parts);
}

/// FNV-1a: the same in each version of this program, or entities would move at an update.
fn hash(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    const BESIDE: usize = 500;

    /// By part, the ids of so many components of some 430 bytes.
    fn parts(count: usize) -> BTreeMap<Device, BTreeSet<String>> {
        let component = |n| (format!("switch-lamp_{n}"), json!({ "p": "switch", "stat_t": "x".repeat(400) }));
        let all: Map<String, Value> = (0..count).map(component).collect();
        let sized = |(device, components): (Device, Map<String, Value>)| {
            let size = json!({ "cmps": components }).to_string().len();
            assert!(size <= LARGEST, "{device:?} of {count} has {size}");
            (device, components.into_iter().map(|(id, _)| id).collect())
        };
        let parts: BTreeMap<_, BTreeSet<String>> = of(Device::hub(), all, BESIDE).map(sized).collect();
        assert_eq!(parts.values().map(BTreeSet::len).sum::<usize>(), count, "each is in one of them");
        parts
    }

    #[test]
    fn one_more_moves_no_other_unless_a_part_is_halved() {
        let mut before = parts(0);
        assert!(before.is_empty());
        let mut halved = 0;
        for count in 1..700 {
            let after = parts(count);
            let moved = |(device, ids): (&Device, &BTreeSet<String>)| {
                let leave = ids.difference(&after[device]).count();
                (leave > 0).then_some((leave, ids.len()))
            };
            let moved: Vec<(usize, usize)> = before.iter().filter_map(moved).collect();
            match moved[..] {
                [] => assert_eq!(after.len().max(1), before.len().max(1), "{count}"),
                [(leave, all)] => {
                    assert!(leave * 4 > all && leave * 4 < all * 3, "about half of them: {leave} of {all}");
                    halved += 1;
                }
                _ => panic!("{count}: {moved:?}"),
            }
            before = after;
        }
        assert_eq!(before.len(), halved + 1);
        assert!((6..=10).contains(&before.len()), "{} of them are more than half full", before.len());
    }

    #[test]
    fn what_is_small_is_whole_and_one_monster_is_alone() {
        assert_eq!(parts(50).into_keys().collect::<Vec<_>>(), [Device::hub()]);
        let monster = Map::from_iter([("switch-a".to_owned(), json!("x".repeat(2 * LARGEST)))]);
        assert_eq!(of(Device::hub(), monster, BESIDE).count(), 1);
    }
}
