//! Keeps the newest memory, and the configuration in force, on a disk that may be slow, full, read-only or gone: now,
//! confirmed soon, and tried again.

use super::{
    budget::{Budget, earned_in},
    last_good,
    store::Store,
};
use crate::{clock::Moment, config::Sources, engine::Memory};
use std::{io, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long a saved generation waits for others before the disk is made to keep it.
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// What a sync writes beside what was saved: the file system's own blocks.
const SYNC_BYTES: u64 = 8 << 10;
/// What nobody was promised is saved this often at the most,
const OTHER_EVERY: Duration = Duration::from_secs(30);
/// and writes at the most this many bytes a day: kind to an SD card, whatever the size of the house.
const OTHER_BYTES_PER_DAY: u64 = 8_000_000;
/// How long a disk that fails is left alone, unless there is more to save.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// While the budget is low, what was promised is told this much later at the most, so that one write serves many.
const MERGE_FOR: Duration = Duration::from_secs(1);

/// Holds the store. A memory that could not be saved is saved as soon as the disk takes it.
pub struct Keeper {
    store: Store,
    budget: Budget,
    newest: Option<Memory>,
    /// What of the newest is not saved yet.
    unsaved: Unsaved,
    unsynced: bool,
    /// The budget was used up, which was said; until half of it is there again.
    overdrawn: bool,
    saved_at: Option<Moment>,
    in_force: Option<Arc<Sources>>,
    due: Option<Moment>,
    /// Why it cannot be saved, for all who want to know.
    trouble: watch::Sender<Option<String>>,
}

/// What is to be saved.
#[derive(Debug)]
enum Unsaved {
    None,
    Part(Box<Memory>),
    Whole,
}

impl Keeper {
    /// Due at once, so that a folder that cannot be used is told at the start.
    pub fn new(store: Store, now: Moment, trouble: watch::Sender<Option<String>>) -> Keeper {
        Keeper {
            store,
            budget: Budget::new(now),
            newest: None,
            unsaved: Unsaved::None,
            unsynced: false,
            overdrawn: false,
            saved_at: None,
            in_force: None,
            due: Some(now),
            trouble,
        }
    }

    /// How long after one generation of what nobody was promised (timers, counters) the next may be saved.
    pub fn other_every(&self) -> Duration {
        OTHER_EVERY.max(Duration::from_secs(self.store.generation_size().saturating_mul(86_400) / OTHER_BYTES_PER_DAY))
    }

    /// When [`Keeper::keep`] is to be called without a new memory.
    pub fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Until when another memory is to wait for more, so that one write serves them all. Where it could not be saved then
    /// either, it need not wait.
    pub fn merge_until(&mut self, now: Moment) -> Option<Moment> {
        let merges = self.budget.is_low() && self.wait(now).is_zero();
        self.saved_at.filter(|_| merges).map(|saved| saved + MERGE_FOR)
    }

    /// Another configuration is in force; it is kept when [`Keeper::keep`] is called next. Nobody waits for that: until then,
    /// it is that of the file.
    pub fn take_in_force(&mut self, sources: Arc<Sources>, now: Moment) {
        (self.in_force, self.due) = (Some(sources), Some(now));
    }

    /// Saves a new memory, and does what is due. Trouble is logged once, and once when it is over.
    pub fn keep(&mut self, memory: Option<Memory>, now: Moment) {
        let is_due = self.due.is_some_and(|due| now >= due);
        if memory.is_none() && !is_due {
            return;
        }
        if let Some(memory) = memory {
            self.take(memory);
        }
        let kept = if is_due { self.keep_in_force() } else { Ok(()) };
        let result = self.save_within_budget(now).and_then(|()| if is_due { self.sync(now) } else { Ok(false) });
        let result = kept.and(result);
        self.due = match result {
            Ok(true) if self.is_unsaved() => Some(now + self.wait(now)),
            Ok(true) => None,
            Ok(false) if is_due => Some(now + SYNC_AFTER),
            Ok(false) => self.due.or(Some(now + SYNC_AFTER)),
            Err(_) => Some(now + RETRY_AFTER),
        };
        self.report(&result);
    }

    /// Lays it over what is not saved yet.
    fn take(&mut self, memory: Memory) {
        self.unsaved = match std::mem::replace(&mut self.unsaved, Unsaved::Whole) {
            _ if !memory.is_part() => Unsaved::Whole,
            Unsaved::None => Unsaved::Part(Box::new(memory.clone())),
            Unsaved::Part(part) => Unsaved::Part(Box::new(part.absorb(memory.clone()))),
            Unsaved::Whole => Unsaved::Whole,
        };
        self.newest = Some(match self.newest.take() {
            Some(newest) => newest.absorb(memory),
            None => memory,
        });
    }

    fn is_unsaved(&self) -> bool {
        !matches!(self.unsaved, Unsaved::None)
    }

    /// Saves and syncs what is left, whatever the budget says.
    pub fn close(mut self) {
        let kept = self.keep_in_force();
        let saved = self.save().and_then(|_| self.store.close());
        for error in [kept, saved].into_iter().filter_map(Result::err) {
            tracing::error!("the state could not be saved at the end: {error}");
        }
    }

    fn keep_in_force(&mut self) -> io::Result<()> {
        if let Some(sources) = &self.in_force {
            last_good::keep(self.store.folder(), sources)?;
            self.in_force = None;
        }
        Ok(())
    }

    fn save_within_budget(&mut self, now: Moment) -> io::Result<()> {
        if !self.is_unsaved() {
            return Ok(());
        }
        if !self.wait(now).is_zero() {
            if !self.overdrawn {
                tracing::warn!(
                    "so much is commanded that the state is now saved every {} s only, to spare the disk: a kill may lose \
                     what was commanded since",
                    earned_in(self.store.line_size() + SYNC_BYTES).as_secs().max(1)
                );
            }
            self.overdrawn = true;
            return Ok(());
        }
        let bytes = self.save()?;
        self.budget.spend(bytes, now);
        (self.saved_at, self.unsynced) = (Some(now), true);
        self.overdrawn &= self.budget.is_low();
        Ok(())
    }

    /// How long the budget makes the next generation wait.
    fn wait(&mut self, now: Moment) -> Duration {
        self.budget.wait(self.store.line_size(), now)
    }

    /// Returns how many bytes that took.
    fn save(&mut self) -> io::Result<u64> {
        let Some(newest) = self.newest.as_ref() else { return Ok(0) };
        match &self.unsaved {
            Unsaved::None => return Ok(0),
            Unsaved::Part(part) => self.store.save(newest, Some(part))?,
            Unsaved::Whole => self.store.save(newest, None)?,
        }
        self.unsaved = Unsaved::None;
        Ok(self.store.line_size())
    }

    fn sync(&mut self, now: Moment) -> io::Result<bool> {
        // A disk that failed to sync may have dropped what it was given.
        let synced = self.store.sync().inspect_err(|_| self.unsaved = Unsaved::Whole)?;
        if synced && std::mem::take(&mut self.unsynced) {
            self.budget.spend(SYNC_BYTES, now);
        }
        Ok(synced)
    }

    fn report(&mut self, result: &io::Result<bool>) {
        let was = self.trouble.borrow().clone();
        match result {
            Err(error) => {
                let text = format!("the state cannot be saved in {}: {error}", self.store.folder().display());
                if was.is_none() {
                    tracing::error!(
                        "{text}; hearthd goes on and tries again, but a restart before then loses commands and timers \
                         (another folder: --state)"
                    );
                }
                self.trouble.send_if_modified(|trouble| trouble.replace(text.clone()) != Some(text));
            }
            Ok(true) if was.is_some() => {
                tracing::info!("the state is saved again");
                self.trouble.send_replace(None);
            }
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::store::tests::memory;
    use std::fs;
    use tempfile::TempDir;

    fn keeper(folder: &std::path::Path) -> Keeper {
        Keeper::new(Store::open(folder).0, Moment::START, watch::Sender::new(None))
    }

    #[test]
    fn the_larger_the_house_the_rarer_its_timers_are_saved() {
        let folder = TempDir::new().unwrap();
        let mut keeper = keeper(folder.path());
        keeper.keep(Some(memory(1)), Moment::START);
        assert_eq!(keeper.other_every(), OTHER_EVERY, "a small house");
        keeper.store.assume_generation_size(100_000);
        let a_day = Duration::from_secs(86_400);
        let written = 100_000 * (a_day.as_secs() / keeper.other_every().as_secs());
        assert!((7_900_000..=OTHER_BYTES_PER_DAY).contains(&written), "{written}");
    }

    #[test]
    fn what_could_not_be_saved_is_saved_when_the_disk_works_again() {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("state");
        fs::write(&place, "a file where the folder should be").unwrap();
        let mut now = Moment::START;
        let mut keeper = keeper(&place);
        let trouble = keeper.trouble.subscribe();
        keeper.keep(None, now);
        assert!(trouble.borrow().is_some(), "known before there is anything to save");
        let newest = memory(5);
        keeper.take_in_force(Arc::default(), now);
        keeper.keep(Some(newest.clone()), now);
        assert_eq!(keeper.due(), Some(now + RETRY_AFTER));

        fs::remove_file(&place).unwrap();
        keeper.keep(None, now);
        assert!(Store::open(&place).1.is_none(), "not before it is due");
        while let Some(due) = keeper.due() {
            now = due;
            keeper.keep(None, now);
        }
        assert_eq!(*trouble.borrow(), None);
        assert_eq!(Store::open(&place).1, Some(newest));
        assert!(last_good::path(&place).exists());
    }

    /// As the publisher does it: ten commands a second for two hours.
    #[test]
    fn a_flood_is_merged_then_saved_now_and_then_and_nothing_is_left_behind() {
        let folder = TempDir::new().unwrap();
        let mut keeper = keeper(folder.path());
        let (mut written, mut told_late, mut told_before) = (0, 0, 0);
        let mut step = |keeper: &mut Keeper, tenth: i64| {
            let now = Moment::from_millis(tenth * 100);
            if keeper.merge_until(now).is_some_and(|until| now < until) {
                told_late += 1;
                return;
            }
            let sequence = keeper.saved_at;
            keeper.keep(Some(memory(tenth)), now);
            // The generation of a house with a hundred points.
            keeper.store.assume_generation_size(15_000);
            match keeper.saved_at != sequence {
                true => written += 15_000,
                false => told_before += 1,
            }
        };
        for tenth in 1..=72_000 {
            step(&mut keeper, tenth);
        }
        assert!((32_000_000..37_000_000).contains(&written), "{written} bytes");
        assert!(
            told_late > 5_000 && told_before > 5_000,
            "{told_late} merged, {told_before} told before they were kept"
        );
        assert!(keeper.is_unsaved() && keeper.due().is_some());
        let due = keeper.due().unwrap();
        keeper.keep(None, due);
        assert!(!keeper.is_unsaved() || keeper.due().is_some_and(|next| next > due), "it is not forgotten");
        keeper.close();
        let kept = Store::open(folder.path()).1.unwrap();
        assert_eq!(kept.taken().moment, Moment::from_millis(72_000));
    }
}
