//! What had another id before. Home apps know it by that, and what is remembered was noted under it.

use super::{Config, Owner, RoomId};
use std::sync::Arc;

impl Config {
    /// The id of that of which a point is a part.
    pub fn owner_id(&self, owner: Owner) -> &Arc<str> {
        match owner {
            Owner::Output(id) => &self[id].id,
            Owner::Input(id) => &self[id].id,
            Owner::Sensor(id) => &self[id].id,
            Owner::Room(id) => &self[id].id,
            Owner::Zone(id) => &self[id].id,
            Owner::House => &self.hub.id,
        }
    }

    /// The ids that something had before it was renamed, the first one first; of a part of an output, too.
    pub fn former_ids(&self, owner: Owner) -> Vec<Arc<str>> {
        let of = |owner| self.renamed.iter().find(|(of, _)| *of == owner).map(|(_, was)| was.clone());
        let of_part = || {
            let Owner::Output(id) = owner else { return None };
            let (whole, part) = self[id].id.split_once('.')?;
            let was = of(Owner::Output(self.find_output(whole)?))?;
            Some(was.iter().map(|was| format!("{was}.{part}").into()).collect())
        };
        if self.renamed.is_empty() { Vec::new() } else { of(owner).or_else(of_part).unwrap_or_default() }
    }

    /// The ids by which something may be found in the house that ran before, the first that is there: the newest former one
    /// first, because nothing else can have that now; then its own.
    pub fn ids_before(&self, owner: Owner) -> impl Iterator<Item = Arc<str>> + use<> {
        self.former_ids(owner).into_iter().rev().chain([self.owner_id(owner).clone()])
    }

    /// The id by which home apps know something: its first.
    pub fn first_id(&self, owner: Owner) -> Arc<str> {
        self.former_ids(owner).into_iter().next().unwrap_or_else(|| self.owner_id(owner).clone())
    }

    /// The room that home apps know by this id.
    pub fn room_by_first_id(&self, id: &str) -> Option<RoomId> {
        (0..self.rooms.len()).map(RoomId).find(|room| *self.first_id(Owner::Room(*room)) == *id)
    }
}
