//! What is told in which order. Home Assistant shows an entity anew with each message: what belongs to its state goes out
//! before the state itself, or for a moment the old reason, level or position is shown with the new state, and automations
//! run with it.

use crate::model::{Config, Point};

/// What is retained of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Why,
    State,
    Availability,
}

/// The parts of points that are one entity, in the order in which they are told; as places in the configuration's list.
pub(super) type Group = Vec<(usize, Part)>;

/// All that is told of a house.
pub(super) fn groups(config: &Config) -> Vec<Group> {
    let specs = config.specs();
    let mut groups: Vec<(Point, Group)> = Vec::new();
    // Another hub tells of its points itself.
    for (place, spec) in specs.iter().enumerate().filter(|(_, spec)| !config.is_of_another_hub(spec.owner)) {
        let parts = [Part::Why, Part::State, Part::Availability].map(|part| (place, part));
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
