//! What was told to the broker and Home Assistant and stays there until somebody takes it back: it outlives connections,
//! and in the state folder this process.

use super::discovery::Platforms;
use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const FILE: &str = "mqtt.json";
/// A house of a thousand points takes a quarter of it.
const LARGEST: u64 = 1 << 20;

/// What stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// Whose components these are.
    pub(super) hub: String,
    /// The host of the broker that keeps the topics.
    pub(super) broker: String,
    /// Components that Home Assistant was told of, and those that it may not have removed.
    pub(super) components: Platforms,
    /// Retained topics.
    pub(super) topics: BTreeSet<String>,
}

/// The record, shared by all connections of a daemon.
#[derive(Debug, Default)]
pub struct Ledger {
    file: Option<PathBuf>,
    record: Mutex<Record>,
}

impl Ledger {
    /// The one of a state folder; without a folder, one that this process alone has.
    pub fn open(folder: Option<&Path>) -> Arc<Ledger> {
        let file = folder.map(|folder| folder.join(FILE));
        let record = file.as_deref().map(read).unwrap_or_default();
        Arc::new(Ledger { file, record: record.into() })
    }

    /// What stays now.
    pub(super) fn record(&self) -> Record {
        self.lock().clone()
    }

    /// From now on this stays. It is written by a thread of its own, at leisure: what is lost with it is tidiness.
    pub(super) fn keep(self: &Arc<Ledger>, record: Record) {
        *self.lock() = record;
        if self.file.is_some() {
            let ledger = self.clone();
            tokio::task::spawn_blocking(move || ledger.write());
        }
    }

    fn write(&self) {
        let Some(file) = &self.file else { return };
        // Held until it is written, so that the newest record is the last.
        let record = self.lock();
        let written = serde_json::to_vec(&*record).map_err(io::Error::from).and_then(|text| {
            let new = file.with_extension("new");
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&new, text)?;
            fs::rename(new, file)
        });
        if let Err(error) = written {
            tracing::debug!("cannot keep {}: {error}", file.display());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing, if there is no such file or none of ours.
fn read(file: &Path) -> Record {
    files::read(file, LARGEST).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            hub: "hut".into(),
            broker: "localhost:1883".into(),
            components: [("switch-pump".into(), "switch".into())].into(),
            topics: ["hearthd/hut/pump/state".into()].into(),
        }
    }

    #[test]
    fn it_outlives_the_process_in_a_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for place in [Some(folder.path()), None] {
            runtime.block_on(async {
                let ledger = Ledger::open(place);
                ledger.keep(record());
                assert_eq!(ledger.record(), record());
                ledger.write();
            });
            assert_eq!(Ledger::open(place).record(), if place.is_some() { record() } else { Record::default() });
        }
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        for text in [&b""[..], b"{", b"[]", b"\xff", &vec![b' '; 3 << 20]] {
            fs::write(&file, text).unwrap();
            assert_eq!(Ledger::open(Some(folder.path())).record(), Record::default());
        }
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        assert_eq!(Ledger::open(Some(folder.path())).record(), Record::default());
    }
}
