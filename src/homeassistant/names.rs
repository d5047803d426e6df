//! What Home Assistant knows us and our entities by. All of it follows from ids of the file, first ones if they were renamed, so
//! that an entity stays the same while its name, its room and everything else change.

use std::collections::{BTreeMap, BTreeSet};

/// The longest name of a device, in bytes.
const DEVICE_MAX: usize = 31;

/// The name of the device: that of the network, made of the hub's id.
pub fn device(hub: &str) -> String {
    let name = format!("hearthd-{}", hub.replace('_', "-"));
    let name = name.trim_end_matches('-');
    if name.len() <= DEVICE_MAX {
        return name.to_owned();
    }
    // Ids have no letters of more than a byte.
    let kept = name.get(..DEVICE_MAX - 9).unwrap_or_default().trim_end_matches('-');
    format!("{kept}-{:08x}", hash(hub))
}

/// A number for each of these words, never 0, and no two have the same.
pub fn numbers<'w>(words: impl Iterator<Item = &'w str>) -> BTreeMap<&'w str, u32> {
    let words: BTreeSet<&str> = words.collect();
    let mut taken = BTreeSet::from([0]);
    let mut number = |word| {
        let again = (1..).map(|count| hash(&format!("{word}#{count}")));
        let number = std::iter::once(hash(word)).chain(again).find(|number| taken.insert(*number));
        (word, number.unwrap_or_default())
    };
    words.into_iter().map(&mut number).collect()
}

/// FNV-1a: the same in each version of this program.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// An entity before it has a name that no other of its kind in its device has.
pub struct Unnamed<'n> {
    /// Its device and its kind.
    pub group: (u32, &'static str),
    /// What it is called beside its device.
    pub within: String,
    /// All of its name.
    pub title: &'n str,
    /// Its id.
    pub id: &'n str,
}

/// The names. Two that are called the same have their whole names, and if these are the same, the later one its id as well.
pub fn distinct(all: &[Unnamed<'_>]) -> Vec<String> {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for one in all {
        *counts.entry((one.group, one.within.as_str())).or_default() += 1;
    }
    let name = |one: &Unnamed<'_>| {
        let is_alone = counts.get(&(one.group, one.within.as_str())) == Some(&1);
        if is_alone { one.within.clone() } else { one.title.to_owned() }
    };
    let mut names: Vec<String> = all.iter().map(name).collect();
    let mut taken = BTreeSet::new();
    for (name, one) in names.iter_mut().zip(all) {
        if !taken.insert((one.group, name.to_lowercase())) {
            *name = format!("{name} ({})", one.id);
            taken.insert((one.group, name.to_lowercase()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_has_a_name_of_the_network() {
        assert_eq!(device("cottage"), "hearthd-cottage");
        assert_eq!(device("my_house_"), "hearthd-my-house");
        let long = device(&"long_name_".repeat(6));
        assert!(long.len() <= 31 && long.starts_with("hearthd-long-name-"), "{long}");
        assert_ne!(long, device(&"long_name_".repeat(5)));
    }

    #[test]
    fn no_two_have_a_number_and_none_is_0() {
        // These have the same hash.
        let (one, other) = ("costarring", "liquid");
        assert_eq!(hash(one), hash(other));
        let found = numbers([other, one, "c"].into_iter());
        assert_eq!((found[one], found[other]), (hash(one), hash("liquid#1")), "the first keeps it, whatever the order");
        assert_eq!(found.values().collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn what_is_called_the_same_is_told_apart() {
        let one = |group, within: &str, title, id| Unnamed { group, within: within.into(), title, id };
        let all = [
            one((1, "light"), "Light", "Hall light", "a"),
            one((1, "light"), "Light", "Light", "b"),
            one((2, "light"), "Light", "Attic light", "c"),
            one((1, "switch"), "Light", "Hall light", "d"),
            one((1, "fan"), "", "Hall", "e"),
            one((1, "sensor"), "Air", "Air", "f"),
            one((1, "sensor"), "Air", "Air", "g"),
        ];
        assert_eq!(distinct(&all), ["Hall light", "Light", "Light", "Light", "", "Air", "Air (g)"]);
    }
}
