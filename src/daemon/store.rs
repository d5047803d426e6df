//! The state file: what must survive a restart, a kill or a power cut.
//!
//! Two files in one folder, used by turns. A generation is one line, appended: a checksum, a sequence number, the kernel's
//! boot id and the [`Memory`] as JSON. With another boot id the machine was off meanwhile, and so were the relays. A killed process leaves at most a torn last line, which does not count. Syncing makes the lines
//! survive a power cut; when a file has grown and is synced, the other one is emptied and takes over. So at any instant one
//! of them holds a generation that the disk has confirmed. The valid line with the highest number counts.

use crate::engine::Memory;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread::JoinHandle,
};

const FILES: [&str; 2] = ["state.0.jsonl", "state.1.jsonl"];
/// A file that has grown to this hands over to the other.
const FULL: u64 = 256 << 10;
/// No state of a house comes near this; a larger file is not ours.
const SIZE_MAX: u64 = 16 << 20;

/// Half of all moments: a state that claims a later one is not ours, and time could not go on from there.
const LAST_MOMENT: i64 = i64::MAX / 2;

/// Keeps a [`Memory`] in a folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    boot: String,
    sequence: u64,
    turn: usize,
    /// Nothing until it is first needed.
    file: Option<File>,
    size: u64,
    /// Of the last generation that was saved.
    generation_size: u64,
    /// The disk at work, and the size that will then be safe.
    syncing: Option<(JoinHandle<io::Result<()>>, u64)>,
    synced: u64,
}

impl Store {
    /// Reads what is in the folder; nothing is written yet. Each damaged file gives one warning for the log.
    pub fn open(folder: &Path) -> (Store, Option<Memory>, Vec<String>) {
        let boot = boot_id();
        let (mut best, mut warnings): (Option<(usize, u64, Memory)>, _) = (None, Vec::new());
        for (index, name) in FILES.iter().enumerate() {
            let path = folder.join(name);
            let (last, damage) = read(&path, &boot);
            warnings.extend(damage.map(|damage| (path.display().to_string(), damage)));
            if let Some((sequence, memory)) = last
                && best.as_ref().is_none_or(|(_, other, _)| sequence > *other)
            {
                best = Some((index, sequence, memory));
            }
        }
        let then = match best {
            Some((index, ..)) => format!("the house goes on with what {} says", FILES[index]),
            None => "the house begins anew, without the commands, timers and counters of before".into(),
        };
        let warnings = warnings.into_iter().map(|(path, damage)| format!("{path}: {damage}; {then}")).collect();
        // A fresh file, so that nothing is ever appended to a torn line; the best one stays until this is synced.
        let turn = best.as_ref().map_or(0, |(index, ..)| 1 - index);
        let sequence = best.as_ref().map_or(0, |(_, sequence, _)| *sequence);
        let store = Store {
            folder: folder.to_owned(),
            boot,
            sequence,
            turn,
            file: None,
            size: 0,
            generation_size: 0,
            syncing: None,
            synced: 0,
        };
        (store, best.map(|(.., memory)| memory), warnings)
    }

    /// Where it keeps them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes the last generation took.
    pub fn generation_size(&self) -> u64 {
        self.generation_size
    }

    #[cfg(test)]
    pub fn assume_generation_size(&mut self, size: u64) {
        self.generation_size = size;
    }

    /// Writes a generation. It survives the end of this process, but not yet a power cut.
    ///
    /// # Errors
    /// When the folder cannot be written to, or the disk is full or broken; the generation before stays.
    pub fn save(&mut self, memory: &Memory) -> io::Result<()> {
        let json = serde_json::to_string(memory)?;
        let sequence = self.sequence.saturating_add(1);
        let body = format!("{sequence} {} {json}", self.boot);
        let size = self.size;
        let mut file = self.file()?;
        // What is left of a line that did not fit ends here.
        let end = if file.metadata()?.len() == size { "" } else { "\n" };
        let line = format!("{end}{:08x} {body}\n", crc32fast::hash(body.as_bytes()));
        file.write_all(line.as_bytes())?;
        self.size = file.metadata()?.len();
        self.generation_size = line.len() as u64;
        self.sequence = sequence;
        Ok(())
    }

    /// Has the disk confirm what was saved, in the background; called again, it tells how that went and does what is left.
    /// Returns whether all is confirmed.
    ///
    /// # Errors
    /// When the disk refuses; the last confirmed generation stays.
    pub fn sync(&mut self) -> io::Result<bool> {
        if let Some((thread, size)) = self.syncing.take_if(|(thread, _)| thread.is_finished()) {
            finished(thread)?;
            self.synced = size;
        }
        if self.syncing.is_some() {
            return Ok(false);
        }
        self.file()?;
        if self.synced == self.size {
            if self.size >= FULL {
                self.begin(1 - self.turn)?;
            }
            return Ok(true);
        }
        let (file, folder) = (self.file()?.try_clone()?, File::open(&self.folder)?);
        let sync = move || file.sync_data().and_then(|()| folder.sync_all());
        self.syncing = Some((std::thread::Builder::new().name("sync".into()).spawn(sync)?, self.size));
        Ok(false)
    }

    /// Has the disk confirm all that was saved, and waits for it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn close(mut self) -> io::Result<()> {
        if let Some((thread, _)) = self.syncing.take() {
            finished(thread)?;
        }
        self.file.map_or(Ok(()), |file| file.sync_all())
    }

    /// The file in use: a fresh one if there is none yet, or none any more.
    fn file(&mut self) -> io::Result<&File> {
        let deleted = |file: &File| file.metadata().is_ok_and(|metadata| metadata.nlink() == 0);
        if self.file.as_ref().is_none_or(deleted) {
            self.begin(self.turn)?;
        }
        self.file.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Begins one of the two files anew and uses it from now on.
    fn begin(&mut self, turn: usize) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(FILES[turn]);
        File::create(&path)?;
        self.file = Some(OpenOptions::new().append(true).open(path)?);
        (self.turn, self.size, self.synced, self.syncing) = (turn, 0, 0, None);
        Ok(())
    }
}

fn finished(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the sync thread panicked")))
}

/// The last valid generation in a file, and what is wrong with the file. `boot` is the id of this boot.
fn read(path: &Path, boot: &str) -> (Option<(u64, Memory)>, Option<String>) {
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (None, None),
        Ok(metadata) if metadata.len() > SIZE_MAX => return (None, Some("it is not a state file of hearthd".into())),
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return (None, Some(error.to_string())),
    };
    let whole = bytes.is_empty() || bytes.ends_with(b"\n");
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).rev();
    let generation = |line: &[u8]| generation(line, boot);
    let last = lines.next().and_then(generation);
    let damaged = !whole || last.is_none() && !bytes.is_empty();
    let best = last.or_else(|| lines.find_map(generation));
    let damage = damaged.then(|| match best {
        Some(_) => "its end is damaged and does not count".to_owned(),
        None => "it is damaged and nothing in it counts".to_owned(),
    });
    (best, damage)
}

fn generation(line: &[u8], boot: &str) -> Option<(u64, Memory)> {
    let (checksum, body) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let sound = checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()));
    let mut parts = body.splitn(3, ' ');
    let (sequence, saved_boot, json) = (parts.next()?, parts.next()?, parts.next().filter(|_| sound)?);
    let memory: Memory = serde_json::from_str(json).ok()?;
    let memory = if saved_boot == boot { memory } else { memory.after_power_cut() };
    let sane = (0..=LAST_MOMENT).contains(&memory.taken().moment.as_millis());
    Some((sequence.parse().ok()?, memory)).filter(|_| sane)
}

/// Changes with every boot of the machine; the same word each time where the kernel does not tell.
fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id: String = id.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    if id.is_empty() { "unknown".into() } else { id }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Moment},
        model::ClockTrust,
    };
    use tempfile::TempDir;

    /// A memory that can be told from others by its moment.
    pub fn memory(moment: i64) -> Memory {
        let now = Clock::system(Moment::from_millis(moment), ClockTrust::Always).now();
        serde_json::from_value(serde_json::json!({
            "moment": moment, "wall": now.wall, "wall_known": true, "commands": 0,
            "outputs": {}, "inputs": {}, "sensors": {}, "rooms": {}, "rules": {},
        }))
        .unwrap()
    }

    /// What a start would find, and how many warnings it would give.
    fn found(folder: &TempDir) -> (Option<i64>, usize) {
        let files = FILES.map(|name| read(&folder.path().join(name), &boot_id()));
        let warnings = files.iter().filter(|(_, damage)| damage.is_some()).count();
        let best = files.into_iter().filter_map(|(last, _)| last).max_by_key(|(sequence, _)| *sequence);
        (best.map(|(_, memory)| memory.taken().moment.as_millis()), warnings)
    }

    fn sync(store: &mut Store) {
        while !store.sync().unwrap() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_last_generation_comes_back_over_restarts_and_handovers() {
        let folder = TempDir::new().unwrap();
        let mut generation = 0;
        for _ in 0..4 {
            let (mut store, before, warnings) = Store::open(folder.path());
            assert_eq!(before.map_or(0, |memory| memory.taken().moment.as_millis()), generation);
            assert!(warnings.is_empty(), "{warnings:?}");
            assert_eq!(found(&folder).0.unwrap_or(0), generation, "opening loses nothing");
            for _ in 0..700 {
                generation += 1;
                store.save(&memory(generation)).unwrap();
                if generation % 100 == 0 {
                    sync(&mut store);
                    assert_eq!(found(&folder), (Some(generation), 0));
                }
            }
            store.size = FULL;
            sync(&mut store);
        }
        let sizes = FILES.map(|name| fs::metadata(folder.path().join(name)).unwrap().len());
        assert!(sizes.iter().all(|size| *size < 2 * FULL), "{sizes:?}");
    }

    #[test]
    fn a_file_torn_anywhere_gives_the_generation_before_and_one_warning() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        let first = store.size as usize;
        store.save(&memory(2)).unwrap();
        let path = folder.path().join(FILES[0]);
        let whole = fs::read(&path).unwrap();
        for length in first + 1..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let expected = if length == whole.len() - 1 { (Some(2), 1) } else { (Some(1), 1) };
            assert_eq!(found(&folder), expected, "cut at {length}");
            fs::write(&path, [&whole[..length], &vec![0; whole.len() - length]].concat()).unwrap();
            assert_eq!(found(&folder), (Some(1), 1), "zeroes from {length}");
        }
        fs::write(&path, vec![0; whole.len()]).unwrap();
        assert_eq!(found(&folder), (None, 1), "zeroes");
    }

    /// The file in use cut or blanked at every byte, while the other one holds the generation of the run before.
    #[test]
    fn whatever_happens_to_the_file_in_use_a_whole_generation_is_left() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        let mut ends = vec![0];
        for generation in 2..=4 {
            store.save(&memory(generation)).unwrap();
            ends.push(store.size as usize);
        }
        store.close().unwrap();
        let path = folder.path().join(FILES[1]);
        let whole = fs::read(&path).unwrap();
        for length in 0..=whole.len() {
            let kept = ends.iter().filter(|end| **end <= length).count() as i64;
            // A line that only lost its end of line is a whole generation in a damaged file.
            let kept_without_newline = ends.iter().filter(|end| **end <= length + 1).count() as i64;
            let on_a_line = ends.contains(&length);
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(found(&folder), (Some(kept_without_newline), usize::from(!on_a_line)), "cut at {length}");
            fs::write(&path, [&whole[..length], &vec![0; whole.len() - length]].concat()).unwrap();
            assert_eq!(found(&folder), (Some(kept), usize::from(length < whole.len())), "zeroes from {length}");
            let (_, memory, warnings) = Store::open(folder.path());
            assert_eq!((memory.is_some(), warnings.len()), (true, usize::from(length < whole.len())));
        }
    }

    #[test]
    fn a_deleted_folder_is_made_again() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        store.save(&memory(2)).unwrap();
        sync(&mut store);
        assert_eq!(found(&folder), (Some(2), 0));
    }

    #[test]
    fn what_did_not_fit_does_not_spoil_the_next_line() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        // As a full disk leaves it.
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILES[0])).unwrap();
        file.write_all(b"01234567 2 {\"mom").unwrap();
        assert_eq!(found(&folder), (Some(1), 1));
        store.save(&memory(2)).unwrap();
        store.save(&memory(3)).unwrap();
        assert_eq!(found(&folder), (Some(3), 0));
    }

    #[test]
    fn a_handover_that_fails_leaves_the_file_in_use() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        sync(&mut store);
        store.size = FULL;
        store.synced = FULL;
        let other = folder.path().join(FILES[1]);
        fs::create_dir(&other).unwrap();
        for _ in 0..3 {
            store.sync().unwrap_err();
        }
        fs::remove_dir(&other).unwrap();
        assert_eq!(found(&folder), (Some(1), 0));
        assert!(store.sync().unwrap());
        store.save(&memory(2)).unwrap();
        assert_eq!(found(&folder), (Some(2), 0));
    }

    #[test]
    fn a_state_at_the_end_of_time_does_not_count() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        for moment in [i64::MAX, -1] {
            store.save(&memory(moment)).unwrap();
            assert_eq!(found(&folder), (Some(1), 1));
        }
    }

    #[test]
    fn a_damaged_file_leaves_the_confirmed_one() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1)).unwrap();
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(2)).unwrap();
        assert_eq!(found(&folder), (Some(2), 0));
        fs::write(folder.path().join(FILES[1]), "rubbish").unwrap();
        assert_eq!(found(&folder), (Some(1), 1));
    }
}
