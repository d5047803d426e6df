//! What the house shows, in cells that are numbered by their changes: a snapshot is worked out anew only where something
//! changed since the last one.

use super::{Changed, Engine};
use crate::{
    clock::Now,
    model::{Config, Method, OutputId, Point, Settable, Snapshot},
};
use std::collections::{BTreeMap, BTreeSet};

/// The last snapshot, and what it goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// None: nothing of this house was shown yet.
    last: Option<Snapshot>,
    /// By what changed: the places of the points that may look different.
    places: BTreeMap<Changed, Vec<usize>>,
    /// The changes before the last reload.
    before: u64,
}

impl Cells {
    /// A reload begins anew, and goes on to count.
    pub fn of_another_house(&self) -> Cells {
        let before = self.last.as_ref().map_or(self.before, |last| last.seq);
        Cells { before, ..Cells::default() }
    }
}

impl Engine {
    /// What the house shows, worked out from nothing: each point counts as changed, so that nobody asks what changed between
    /// two of these.
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let points = self.config.points().map(|point| self.point_state(point, now));
        Snapshot::new(self.config.clone(), now, self.cells.before, points)
    }

    /// The same, by what changed since this was last called. It takes [`Engine::take_changed`] from others.
    pub fn publish(&mut self, now: Now) -> Snapshot {
        let changed = self.take_changed();
        let Some(mut last) = self.cells.last.take() else {
            let first = self.snapshot(now);
            self.cells.places = places(&self.config);
            self.cells.last = Some(first.clone());
            return first;
        };
        let of = |changed| self.cells.places.get(changed).into_iter().flatten().copied();
        let places: BTreeSet<usize> = changed.iter().flat_map(of).collect();
        for place in places {
            last.set(place, self.point_state(last.points[place].point, now));
        }
        last.now = now;
        self.cells.last = Some(last.clone());
        last
    }
}

fn places(config: &Config) -> BTreeMap<Changed, Vec<usize>> {
    let mut places: BTreeMap<Changed, Vec<usize>> = BTreeMap::new();
    for (place, point) in config.points().enumerate() {
        for changed in shown_by(point, config) {
            places.entry(changed).or_default().push(place);
        }
    }
    places
}

/// What a point looks different by.
fn shown_by(point: Point, config: &Config) -> Vec<Changed> {
    match point {
        Point::Output(id) | Point::OutputFacet(id, _) => wires(id, config).into_iter().map(Changed::Output).collect(),
        Point::Input(id) | Point::Event(id) => vec![Changed::Input(id)],
        Point::Reading(id, _) => vec![Changed::Sensor(id)],
        Point::Occupied(id) | Point::Asleep(id) => vec![Changed::Room(id)],
        // Its reasons name what became of what it called.
        Point::Climate(id, _) => {
            let called = config[id].outputs().flat_map(|id| wires(id, config)).map(Changed::Output);
            called.chain([Changed::Climate(id)]).collect()
        }
        Point::Mode => vec![Changed::Mode],
        Point::Setting(setting) => vec![match setting {
            Settable::ManualFor(id) => Changed::Output(id),
            Settable::EmptyAfter(id) => Changed::Room(id),
            Settable::Heat(id, _) | Settable::Cool(id, _) => Changed::Climate(id),
        }],
    }
}

/// An output, its parts, and the members of a group.
fn wires(id: OutputId, config: &Config) -> Vec<OutputId> {
    let members = match &config[id].method {
        Method::Group { members, .. } => members.iter().flat_map(|member| wires(*member, config)).collect(),
        _ => config.parts(id),
    };
    members.into_iter().chain([id]).collect()
}
