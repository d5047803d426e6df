//! What is told in which order. Home Assistant shows an entity anew with each message: what belongs to its state goes out
//! before the state itself, or for a moment the old reason, level or position is shown with the new state, and automations
//! run with it.

use crate::model::{ClimateFacet, Config, OutputFacet, Point};

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
    let mut groups: Vec<(Point, Group)> = Vec::new();
    for (place, point) in config.points().enumerate() {
        let parts = [Part::Why, Part::State, Part::Availability].map(|part| (place, part));
        match groups.iter_mut().find(|(of, _)| *of == entity(point)) {
            Some((_, group)) => group.extend(parts),
            None => groups.push((entity(point), parts.into())),
        }
    }
    let points: Vec<Point> = config.points().collect();
    let in_order = |(_, mut group): (Point, Group)| {
        group.sort_by_key(|(place, part)| (*part, is_state_of_all(points[*place])));
        group
    };
    groups.into_iter().map(in_order).collect()
}

/// The point whose entity shows a point; of those with an entity of their own, itself.
fn entity(point: Point) -> Point {
    match point {
        Point::OutputFacet(id, OutputFacet::Level | OutputFacet::Position) => Point::Output(id),
        Point::Climate(id, facet) if facet != ClimateFacet::Alarm => Point::Climate(id, ClimateFacet::Mode),
        point => point,
    }
}

/// Whether the entity's state is this point's.
fn is_state_of_all(point: Point) -> bool {
    entity(point) == point
}
