//! What is told in which order. Home Assistant shows an entity anew with each message: what belongs to its state goes out
//! before the state itself, or for a moment the old reason, level or position is shown with the new state, and automations
//! run with it.

use crate::model::{Config, Point};

/// What is retained of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Why,
    Attributes,
    Fault,
    Availability,
    State,
}

/// The parts of points that are one entity, in the order in which they are told; as places in the configuration's list.
pub(super) type Group = Vec<(usize, Part)>;

/// All that is told of a house.
pub(super) fn groups(config: &Config) -> Vec<Group> {
    let specs = config.specs();
    let mut groups: Vec<(Point, Group)> = Vec::new();
    // Another hub tells of its points itself.
    for (place, spec) in specs.iter().enumerate().filter(|(_, spec)| !config.is_of_another_hub(spec.owner)) {
        let parts =
            [Part::Why, Part::Attributes, Part::Fault, Part::Availability, Part::State].map(|part| (place, part));
        match groups.iter_mut().find(|(of, _)| *of == spec.entity) {
            Some((_, group)) => group.extend(parts),
            None => groups.push((spec.entity, parts.into())),
        }
    }
    let in_order = |(_, mut group): (Point, Group)| {
        // The state of the entity itself comes last.
        group.sort_by_key(|(place, part)| (*part, !specs[*place].is_part()));
        group
    };
    groups.into_iter().map(in_order).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Of the house that hearthd comes with, which has a thing of nearly every kind.
    #[test]
    fn reasons_and_parts_go_out_before_the_state_of_their_entity() {
        let loaded = crate::config::parse(Path::new("config.toml"), include_str!("../../../config.toml"));
        let config = loaded.unwrap().config;
        let (specs, groups) = (config.specs(), groups(&config));
        let mut told: Vec<(usize, Part)> = groups.concat();
        for group in &groups {
            let at = |wanted: (usize, Part)| group.iter().position(|part| *part == wanted);
            for (place, spec) in specs.iter().enumerate() {
                let Some(state) = at((place, Part::State)) else { continue };
                assert!(at((place, Part::Why)) < Some(state), "{}", spec.name);
                assert!(at((place, Part::Availability)) < Some(state), "{}", spec.name);
                assert!(at((place, Part::Fault)) < at((place, Part::Availability)), "{}", spec.name);
                let entity = specs.iter().position(|other| other.point == spec.entity).unwrap();
                assert!(!spec.is_part() || Some(state) < at((entity, Part::State)), "{}", spec.name);
            }
        }
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), 5 * specs.len(), "each part is told once");
    }
}
