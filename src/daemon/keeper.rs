//! Keeps the newest memory on a disk that may be slow, full, read-only or gone: now, confirmed soon, and tried again.

use super::store::Store;
use crate::{clock::Moment, engine::Memory};
use std::{io, time::Duration};

/// How long a saved generation waits for others before the disk is made to keep it.
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// What nobody was promised is saved this often at the most,
const OTHER_EVERY: Duration = Duration::from_secs(30);
/// and writes at the most this many bytes a day: kind to an SD card, whatever the size of the house.
const OTHER_BYTES_PER_DAY: u64 = 8_000_000;
/// How long a disk that fails is left alone, unless there is more to save.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Holds the store. A memory that could not be saved is saved as soon as the disk takes it.
pub struct Keeper {
    store: Store,
    newest: Option<Memory>,
    unsaved: bool,
    due: Option<Moment>,
    failing: bool,
}

impl Keeper {
    /// Due at once, so that a folder that cannot be used is told at the start.
    pub fn new(store: Store, now: Moment) -> Keeper {
        Keeper { store, newest: None, unsaved: false, due: Some(now), failing: false }
    }

    /// How long after one generation of what nobody was promised (timers, counters) the next may be saved.
    pub fn other_every(&self) -> Duration {
        OTHER_EVERY.max(Duration::from_secs(self.store.generation_size().saturating_mul(86_400) / OTHER_BYTES_PER_DAY))
    }

    /// When [`Keeper::keep`] is to be called without a new memory.
    pub fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Saves a new memory, and does what is due. Trouble is logged once, and once when it is over.
    pub fn keep(&mut self, memory: Option<Memory>, now: Moment) {
        let is_due = self.due.is_some_and(|due| now >= due);
        if memory.is_some() {
            (self.newest, self.unsaved) = (memory, true);
        } else if !is_due {
            return;
        }
        let result = self.save().and_then(|()| if is_due { self.sync() } else { Ok(false) });
        self.due = match result {
            Ok(true) => None,
            Ok(false) if is_due => Some(now + SYNC_AFTER),
            Ok(false) => self.due.or(Some(now + SYNC_AFTER)),
            Err(_) => Some(now + RETRY_AFTER),
        };
        self.report(&result);
    }

    /// Saves and syncs what is left.
    pub fn close(mut self) {
        if let Err(error) = self.save().and_then(|()| self.store.close()) {
            tracing::error!("the state could not be saved at the end: {error}");
        }
    }

    fn save(&mut self) -> io::Result<()> {
        if let Some(memory) = self.newest.as_ref().filter(|_| self.unsaved) {
            self.store.save(memory)?;
            self.unsaved = false;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<bool> {
        // A disk that failed to sync may have dropped what it was given.
        self.store.sync().inspect_err(|_| self.unsaved = true)
    }

    fn report(&mut self, result: &io::Result<bool>) {
        match result {
            Err(error) if !self.failing => {
                tracing::error!(
                    "the state cannot be saved in {}: {error}; hearthd goes on and tries again, but a restart before \
                     then loses commands and timers (another folder: --state)",
                    self.store.folder().display()
                );
                self.failing = true;
            }
            Ok(true) if self.failing => {
                tracing::info!("the state is saved again");
                self.failing = false;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_the_house_the_rarer_its_timers_are_saved() {
        let folder = TempDir::new().unwrap();
        let mut keeper = Keeper::new(Store::open(folder.path()).0, Moment::START);
        keeper.keep(Some(memory(1)), Moment::START);
        assert_eq!(keeper.other_every(), OTHER_EVERY, "a small house");
        keeper.store.assume_generation_size(100_000);
        let a_day = Duration::from_secs(86_400);
        let written = 100_000 * (a_day.as_secs() / keeper.other_every().as_secs());
        assert!((7_900_000..=OTHER_BYTES_PER_DAY).contains(&written), "{written}");
    }
    use crate::daemon::store::tests::memory;
    use std::fs;
    use tempfile::TempDir;

    #[test]
    fn what_could_not_be_saved_is_saved_when_the_disk_works_again() {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("state");
        fs::write(&place, "a file where the folder should be").unwrap();
        let mut now = Moment::START;
        let mut keeper = Keeper::new(Store::open(&place).0, now);
        keeper.keep(None, now);
        assert!(keeper.failing, "known before there is anything to save");
        let newest = memory(5);
        keeper.keep(Some(newest.clone()), now);
        assert_eq!(keeper.due(), Some(now + RETRY_AFTER));

        fs::remove_file(&place).unwrap();
        keeper.keep(None, now);
        assert!(Store::open(&place).1.is_none(), "not before it is due");
        while let Some(due) = keeper.due() {
            now = due;
            keeper.keep(None, now);
        }
        assert!(!keeper.failing);
        assert_eq!(Store::open(&place).1, Some(newest));
    }
}
