//! What was told to the broker and Home Assistant and stays there until somebody takes it back: it outlives connections,
//! and in the state folder this process.

use super::discovery::{Device, Layout, Platforms};
use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const FILE: &str = "mqtt.json";
const HOMIE_FILE: &str = "homie.json";
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
    /// Components of the hub's own device that Home Assistant was told of, and those that it may not have removed.
    pub(super) components: Platforms,
    /// The same of each room.
    pub(super) rooms: Layout,
    /// Devices that Home Assistant is to let go of, because something of theirs is now with another.
    pub(super) moving: BTreeSet<Device>,
    /// Retained topics.
    pub(super) topics: BTreeSet<String>,
}

impl Record {
    /// The components of all devices.
    pub(super) fn layout(&self) -> Layout {
        let mut layout = self.rooms.clone();
        layout.entry(Device::hub()).or_default().extend(self.components.clone());
        layout
    }
}

/// The record, shared by all connections of a daemon.
#[derive(Debug, Default)]
pub struct Ledger {
    file: Option<PathBuf>,
    record: Mutex<Record>,
    /// Whose turn it is to write: a disk that takes its time keeps nobody from the record.
    writing: Mutex<()>,
}

impl Ledger {
    /// The one of a state folder; without a folder, one that this process alone has.
    pub fn open(folder: Option<&Path>) -> Arc<Ledger> {
        Ledger::of_file(folder, FILE)
    }

    /// As [`Ledger::open`], of what the Homie device leaves.
    pub fn open_homie(folder: Option<&Path>) -> Arc<Ledger> {
        Ledger::of_file(folder, HOMIE_FILE)
    }

    fn of_file(folder: Option<&Path>, name: &str) -> Arc<Ledger> {
        let file = folder.map(|folder| folder.join(name));
        let record = file.as_deref().map(read).unwrap_or_default();
        Arc::new(Ledger { file, record: record.into(), writing: Mutex::default() })
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
        // The last to write finds the newest record.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_vec(&self.record()).map_err(io::Error::from);
        let written = text.and_then(|text| files::replace(file, &text, |_| Ok(())));
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
    use std::fs;

    fn hall() -> Device {
        Device::of_topic("x/device/hearthd_hut/hall/config", "x", "hut").unwrap()
    }

    #[test]
    fn what_was_kept_before_there_were_rooms_is_the_hub_s() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"hub":"hut","broker":"b:1","components":{"switch-pump":"switch"},"topics":["t"]}"#;
        fs::write(folder.path().join(FILE), text).unwrap();
        let kept = Ledger::open(Some(folder.path())).record();
        assert_eq!((kept.rooms.len(), kept.moving.len(), kept.topics.len()), (0, 0, 1));
        assert_eq!(kept.layout(), [(Device::hub(), [("switch-pump".into(), "switch".into())].into())].into());
        assert_eq!(record().layout().into_keys().collect::<Vec<_>>(), [Device::hub(), hall()]);
    }

    fn record() -> Record {
        Record {
            hub: "hut".into(),
            broker: "localhost:1883".into(),
            components: [("switch-pump".into(), "switch".into())].into(),
            moving: [Device::hub()].into(),
            rooms: [(hall(), [("light-lamp".into(), "light".into())].into())].into(),
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
