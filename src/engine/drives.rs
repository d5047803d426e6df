//! Drives that have not been answered yet.
//!
//! Wires on a bus answer late, or never. Each drive has an id of its own, and only the newest of an output counts: so an
//! answer is never taken for that of another drive, whatever was driven or reloaded since.

use crate::model::{DriveId, Level, OutputId};

/// The ledger of drives.
#[derive(Clone, Debug, Default)]
pub(super) struct Drives {
    last: u64,
    /// At most one of each output.
    open: Vec<Open>,
}

/// A drive without an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Open {
    id: DriveId,
    pub output: OutputId,
    pub level: Level,
    /// It began before the end: if it fails, it is tried again at once.
    pub has_another_chance: bool,
    /// Its output may have gone on by it, and by none before it.
    pub is_first_on: bool,
}

impl Drives {
    /// Begins a drive; an earlier one of this output does not count any more.
    pub fn begin(&mut self, output: OutputId, level: Level, is_first_on: bool) -> DriveId {
        self.forget(output);
        self.last += 1;
        let id = DriveId(self.last);
        self.open.push(Open { id, output, level, has_another_chance: false, is_first_on });
        id
    }

    /// The end has come: what is open by now is tried again at once if it fails.
    pub fn end(&mut self) {
        self.open.iter_mut().for_each(|open| open.has_another_chance = true);
    }

    /// The drive with this id, if its answer still counts.
    pub fn find(&self, id: DriveId) -> Option<Open> {
        self.open.iter().find(|open| open.id == id).copied()
    }

    /// It is answered: a second answer does not count.
    pub fn take(&mut self, id: DriveId) -> Option<Open> {
        let place = self.open.iter().position(|open| open.id == id)?;
        Some(self.open.swap_remove(place))
    }

    /// All whose answer still counts.
    pub fn ids(&self) -> Vec<DriveId> {
        self.open.iter().map(|open| open.id).collect()
    }

    /// No drive of this output counts any more.
    pub fn forget(&mut self, output: OutputId) {
        self.open.retain(|open| open.output != output);
    }

    /// The same after a reload; `now` is where an output is, if it is the same one on the same wire.
    pub fn moved(self, now: impl Fn(OutputId) -> Option<OutputId>) -> Drives {
        let moved = |open: Open| Some(Open { output: now(open.output)?, ..open });
        Drives { last: self.last, open: self.open.into_iter().filter_map(moved).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_drive_of_an_output_counts_and_only_once() {
        let mut drives = Drives::default();
        let (lamp, fan) = (OutputId(0), OutputId(1));
        let (first, other) = (drives.begin(lamp, Level::ON, false), drives.begin(fan, Level::ON, false));
        let second = drives.begin(lamp, Level::OFF, false);
        assert_eq!((drives.find(first), drives.take(first)), (None, None));
        assert_eq!(drives.take(second).map(|open| (open.output, open.level)), Some((lamp, Level::OFF)));
        assert_eq!(drives.take(second), None);
        assert_eq!(drives.find(other).map(|open| open.output), Some(fan));
    }

    #[test]
    fn after_a_reload_ids_go_on_and_what_went_is_forgotten() {
        let mut drives = Drives::default();
        let (gone, kept) = (drives.begin(OutputId(0), Level::ON, false), drives.begin(OutputId(1), Level::ON, false));
        let mut drives = drives.moved(|OutputId(place)| place.checked_sub(1).map(OutputId));
        assert_eq!(drives.find(gone), None);
        assert_eq!(drives.find(kept).map(|open| open.output), Some(OutputId(0)));
        let next = drives.begin(OutputId(1), Level::ON, false);
        assert!(next > kept && next > gone);
    }
}
