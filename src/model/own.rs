//! Quantities and units that a configuration names itself.

use super::{Config, Quantity, Unit, quantity::QuantityFacts};
use std::{
    cmp::Ordering,
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};

/// A quantity that a configuration names itself. Each is kept once for as long as the program runs, so that it is as small
/// as those of the table; two are the same when all that is known of them is.
#[derive(Clone, Copy, Debug)]
pub struct Own(&'static Kept);

#[derive(Debug)]
struct Kept {
    /// All that is known of it, in one line: what a state file calls it.
    text: String,
    facts: QuantityFacts,
}

/// So many are kept at most, some megabytes: far more than a house has and reloads and plans bring.
pub const OWN_MAX: usize = 10_000;

static KEPT: Mutex<BTreeMap<&'static str, Own>> = Mutex::new(BTreeMap::new());

impl Own {
    /// What a word, a unit's sign (empty: none), the decimals that are published and a plausible range describe. None: there
    /// were too many.
    pub fn new(word: &str, sign: &str, decimals: usize, range: RangeInclusive<f64>) -> Option<Own> {
        let text = format!("{word} {decimals} {} {} {sign}", range.start(), range.end());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = kept.get(&*text) {
            return Some(*own);
        }
        if kept.len() >= OWN_MAX {
            return None;
        }
        let words = Box::leak(Box::new([&*word.to_owned().leak()]));
        let facts = QuantityFacts::own(words, Unit::of(sign), range, decimals);
        let own = Own(Box::leak(Box::new(Kept { text, facts })));
        kept.insert(own.text(), own);
        Some(own)
    }

    /// What [`Own::text`] said.
    pub(super) fn read(text: &str) -> Option<Own> {
        let mut parts = text.splitn(5, ' ');
        let mut part = || parts.next();
        let (word, decimals, start, end, sign) = (part()?, part()?, part()?, part()?, part()?);
        Own::new(word, sign, decimals.parse().ok()?, start.parse().ok()?..=end.parse().ok()?)
    }

    pub(super) fn text(self) -> &'static str {
        &self.0.text
    }

    pub(super) fn facts(self) -> &'static QuantityFacts {
        &self.0.facts
    }
}

impl Config {
    /// The units that it names itself.
    pub fn own_units(&self) -> Vec<Unit> {
        let all = self.sensors.iter().flat_map(|sensor| sensor.measured()).map(Quantity::unit);
        let mut own: Vec<Unit> = all.filter(|unit| matches!(unit, Unit::Own(_))).collect();
        own.dedup();
        own
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Own) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Own {}

impl PartialOrd for Own {
    fn partial_cmp(&self, other: &Own) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Own {
    fn cmp(&self, other: &Own) -> Ordering {
        self.text().cmp(other.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_a_state_file_names_is_the_same() {
        let own = |sign: &str, decimals| Quantity::Own(Own::new("water_pressure", sign, decimals, 0.0..=10.5).unwrap());
        for quantity in [own("bar", 2), own("", 0), own("m\u{b2} per h", 1)] {
            let json = serde_json::to_string(&quantity).unwrap();
            assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity, "{json}");
        }
        assert!(own("bar", 2) != own("psi", 2) && own("bar", 2) != own("bar", 1));
        assert_eq!((own("bar", 2).word(), own("bar", 2).unit().with(1.5)), ("water_pressure", "1.5 bar".to_owned()));
        assert_eq!((own("°C", 1).unit(), own("", 1).unit()), (Unit::Celsius, Unit::Index));
        assert!(serde_json::from_str::<Quantity>("\"water_pressure 2 0 bar\"").is_err());
    }
}
