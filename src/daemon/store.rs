//! The state file: what must survive a restart, a kill or a power cut.
//!
//! Two slots in one folder, written by turns. A save replaces a slot by rename, so a killed process leaves the whole old
//! or the whole new one; a [`Store::sync`] makes it last through a power cut, and only then does the turn go to the other
//! slot. So one slot always holds a generation that the disk has confirmed. Each carries a sequence number and a
//! checksum; the valid one with the higher number counts.

use crate::engine::Memory;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

const SLOTS: [&str; 2] = ["state.0.json", "state.1.json"];
/// No house needs more; a larger file is not ours.
const SIZE_MAX: u64 = 16 << 20;

/// Keeps a [`Memory`] in a folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    sequence: u64,
    /// The slot to write next.
    turn: usize,
    unsynced: bool,
}

#[derive(Serialize)]
struct Saved<'a> {
    sequence: u64,
    memory: &'a Memory,
}

#[derive(Deserialize)]
struct Loaded {
    sequence: u64,
    memory: Memory,
}

impl Store {
    /// Opens the folder, making it if need be, and reads what is there. Each damaged slot gives one warning for the log.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<(Store, Option<Memory>, Vec<String>)> {
        fs::create_dir_all(folder)?;
        let (mut best, mut warnings): (Option<(usize, Loaded)>, _) = (None, Vec::new());
        for (slot, name) in SLOTS.iter().enumerate() {
            let path = folder.join(name);
            match read(&path) {
                Ok(None) => {}
                Ok(Some(loaded)) if best.as_ref().is_some_and(|(_, other)| other.sequence > loaded.sequence) => {}
                Ok(Some(loaded)) => best = Some((slot, loaded)),
                Err(problem) => warnings.push(format!("{}: {problem}; it is left out", path.display())),
            }
        }
        let turn = best.as_ref().map_or(0, |(slot, _)| 1 - slot);
        let sequence = best.as_ref().map_or(0, |(_, loaded)| loaded.sequence);
        let store = Store { folder: folder.to_owned(), sequence, turn, unsynced: false };
        Ok((store, best.map(|(_, loaded)| loaded.memory), warnings))
    }

    /// Writes a generation. It survives the end of this process, but not yet a power cut.
    ///
    /// # Errors
    /// When the disk is full or broken; the last generation stays.
    pub fn save(&mut self, memory: &Memory) -> io::Result<()> {
        let saved = Saved { sequence: self.sequence + 1, memory };
        let mut text = serde_json::to_string(&saved)?;
        text += &format!("\n{:08x}\n", crc32fast::hash(text.as_bytes()));
        let fresh = self.folder.join("state.new");
        File::create(&fresh)?.write_all(text.as_bytes())?;
        fs::rename(&fresh, self.folder.join(SLOTS[self.turn]))?;
        self.sequence += 1;
        self.unsynced = true;
        Ok(())
    }

    /// Makes the last generation survive a power cut, as far as the disk keeps its word.
    ///
    /// # Errors
    /// When the disk refuses; the generation before stays in the other slot.
    pub fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.unsynced) {
            File::open(self.folder.join(SLOTS[self.turn]))?.sync_all()?;
            File::open(&self.folder)?.sync_all()?;
            self.turn = 1 - self.turn;
        }
        Ok(())
    }
}

/// The generation in a slot; nothing if there is no file.
fn read(path: &Path) -> Result<Option<Loaded>, String> {
    let text = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(metadata) if metadata.len() > SIZE_MAX => return Err("larger than any state of hearthd".into()),
        Ok(_) => fs::read_to_string(path).map_err(|error| error.to_string())?,
    };
    let damaged = || "damaged (its checksum does not fit)".to_owned();
    let (json, checksum) = text.trim_end_matches('\n').rsplit_once('\n').ok_or_else(damaged)?;
    if format!("{:08x}", crc32fast::hash(json.as_bytes())) != checksum {
        return Err(damaged());
    }
    serde_json::from_str(json).map(Some).map_err(|error| format!("not a state of this version of hearthd ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, clock::Moment, model::ClockTrust};
    use tempfile::TempDir;

    /// A memory that can be told from others by its moment.
    fn memory(moment: i64) -> Memory {
        let now = Clock::system(Moment::from_millis(moment), ClockTrust::Always).now();
        serde_json::from_value(serde_json::json!({
            "moment": moment, "wall": now.wall, "wall_known": true, "commands": 0,
            "outputs": {}, "inputs": {}, "sensors": {}, "rooms": {}, "rules": {},
        }))
        .unwrap()
    }

    fn moment(folder: &TempDir) -> (Option<i64>, usize) {
        let (_, memory, warnings) = Store::open(folder.path()).unwrap();
        (memory.map(|memory| memory.taken().moment.as_millis()), warnings.len())
    }

    #[test]
    fn the_last_generation_comes_back() {
        let folder = TempDir::new().unwrap();
        assert_eq!(moment(&folder), (None, 0));
        let (mut store, ..) = Store::open(folder.path()).unwrap();
        for generation in 1..=5 {
            store.save(&memory(generation)).unwrap();
            if generation % 2 == 0 {
                store.sync().unwrap();
            }
            assert_eq!(moment(&folder), (Some(generation), 0));
        }
        let (mut store, ..) = Store::open(folder.path()).unwrap();
        store.save(&memory(6)).unwrap();
        assert_eq!(moment(&folder), (Some(6), 0));
    }

    #[test]
    fn a_slot_torn_anywhere_leaves_the_last_synced_generation_and_one_warning() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path()).unwrap();
        store.save(&memory(1)).unwrap();
        store.sync().unwrap();
        store.save(&memory(2)).unwrap();
        let torn = folder.path().join(SLOTS[1]);
        let whole = fs::read(&torn).unwrap();
        for length in 0..whole.len() - 1 {
            fs::write(&torn, &whole[..length]).unwrap();
            assert_eq!(moment(&folder), (Some(1), 1), "cut at {length}");
        }
        fs::write(&torn, vec![0; whole.len()]).unwrap();
        assert_eq!(moment(&folder), (Some(1), 1), "zeroes");
        fs::write(&torn, &whole).unwrap();
        assert_eq!(moment(&folder), (Some(2), 0));
    }

    #[test]
    fn both_slots_damaged_begin_anew_and_can_be_written() {
        let folder = TempDir::new().unwrap();
        for name in SLOTS {
            fs::write(folder.path().join(name), "rubbish").unwrap();
        }
        assert_eq!(moment(&folder), (None, 2));
        let (mut store, ..) = Store::open(folder.path()).unwrap();
        store.save(&memory(1)).unwrap();
        store.sync().unwrap();
        assert_eq!(moment(&folder), (Some(1), 1));
        store.save(&memory(2)).unwrap();
        assert_eq!(moment(&folder), (Some(2), 0));
    }
}
