//! The state file: what must survive a restart, a kill or a power cut.
//!
//! Two files in one folder, used by turns. A generation is one line, appended (`lines.rs`). With another boot id the machine
//! was off meanwhile, and so were the relays. A killed process leaves at most a torn last line, which does not count. Syncing
//! makes the lines survive a power cut; when a file has grown and is synced, the other one is written over and takes over. So
//! at any instant one of them holds a generation that the disk has confirmed. The valid line with the highest number counts,
//! with those that it is laid over.
//!
//! On a full disk they go on by turns in the space that they have: some is set aside for that, as empty lines.

mod lines;

use crate::{engine::Memory, files};
use lines::{boot_id, read};
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    thread::JoinHandle,
};

const FILES: [&str; 2] = ["state.0.jsonl", "state.1.jsonl"];
/// A file that has grown to this hands over to the other.
const FULL: u64 = 256 << 10;
/// A file keeps this much space when it is written over, or that of two generations if they need more.
const ROOM: u64 = 16 << 10;

/// Keeps a [`Memory`] in a folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    boot: String,
    sequence: u64,
    /// Of the last whole generation in the file in use.
    whole: u64,
    turn: usize,
    /// Nothing until it is first needed.
    file: Option<File>,
    size: u64,
    /// Of the last whole generation that was saved.
    generation_size: u64,
    /// Of the last line.
    line_size: u64,
    #[cfg(test)]
    assumed_size: Option<u64>,
    /// A disk that has no room beyond these sizes of the files.
    #[cfg(test)]
    full_beyond: Option<[u64; 2]>,
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
            whole: 0,
            turn,
            file: None,
            size: 0,
            generation_size: 0,
            line_size: 0,
            #[cfg(test)]
            assumed_size: None,
            #[cfg(test)]
            full_beyond: None,
            syncing: None,
            synced: 0,
        };
        (store, best.map(|(.., memory)| memory), warnings)
    }

    /// Where it keeps them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes the last whole generation took.
    pub fn generation_size(&self) -> u64 {
        #[cfg(test)]
        if let Some(size) = self.assumed_size {
            return size;
        }
        self.generation_size
    }

    /// How many bytes were saved last.
    pub fn line_size(&self) -> u64 {
        #[cfg(test)]
        if let Some(size) = self.assumed_size {
            return size;
        }
        self.line_size
    }

    #[cfg(test)]
    pub fn assume_generation_size(&mut self, size: u64) {
        self.assumed_size = Some(size);
    }

    /// Writes a generation; of `part`, what differs from the last one, only that, where it can be read with what is in the
    /// file. It survives the end of this process, but not yet a power cut.
    ///
    /// # Errors
    /// When the folder cannot be written to, or the disk is full or broken; the generation before stays.
    pub fn save(&mut self, memory: &Memory, part: Option<&Memory>) -> io::Result<()> {
        let length = self.length()?;
        // Somebody may have cut the file.
        let part = part.filter(|_| self.size > 0 && self.size <= length);
        let line = self.line(part.unwrap_or(memory))?;
        let written = line.len() as u64;
        let (whole, written) = match self.put(line, length) {
            // The other file is needed for as long as the disk has not confirmed this one.
            Err(error) if is_full(&error) && self.size > 0 => {
                let size = self.size;
                let file = self.file()?;
                file.set_len(size)?;
                file.sync_all()?;
                self.begin(1 - self.turn)?;
                let (line, length) = (self.line(memory)?, self.length()?);
                let written = line.len() as u64;
                self.put(line, length)?;
                (true, written)
            }
            result => result.map(|()| (part.is_none(), written))?,
        };
        self.line_size = written;
        self.sequence = self.sequence.saturating_add(1);
        if whole {
            (self.generation_size, self.whole) = (self.line_size, self.sequence);
        }
        Ok(())
    }

    /// The next one.
    fn line(&self, memory: &Memory) -> io::Result<Vec<u8>> {
        lines::line(memory, self.sequence.saturating_add(1), &self.boot, self.whole)
    }

    /// Writes a line at the end of the file in use, which is `length` bytes long; if it has just begun, over what is in it,
    /// whose space it keeps.
    fn put(&mut self, line: Vec<u8>, length: u64) -> io::Result<()> {
        let (size, room) = (self.size, self.room());
        let mut bytes = line;
        if size == 0 {
            bytes.resize(bytes.len().max(length.min(room) as usize), b'\n');
        } else if length < size {
            // Somebody has cut it, perhaps within a line.
            bytes.insert(0, b'\n');
        }
        let at = size.min(length);
        let end = at + bytes.len() as u64;
        #[cfg(test)]
        if self.full_beyond.is_some_and(|beyond| end > beyond[self.turn]) {
            let part = bytes.len() / 2;
            self.file()?.write_all_at(&bytes[..part], at)?;
            return Err(ErrorKind::StorageFull.into());
        }
        let file = self.opened()?;
        file.write_all_at(&bytes, at)?;
        // What was there before, or is left of a line that did not fit.
        if length > end {
            file.set_len(end)?;
        }
        self.size = end;
        Ok(())
    }

    fn room(&self) -> u64 {
        ROOM.max(2 * self.generation_size)
    }

    /// Sees to it that the other file has its space, should the disk be full one day.
    fn set_aside(&self) -> io::Result<()> {
        let other = files::writable(&self.folder.join(FILES[1 - self.turn]))?;
        let (length, room) = (other.metadata()?.len(), self.room());
        if length < room {
            other.write_all_at(&vec![b'\n'; (room - length) as usize], length)?;
        }
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
            } else if self.size > 0 {
                // If that fails, the disk is full already.
                let _ = self.set_aside();
            }
            return Ok(true);
        }
        let (file, folder) = (self.file()?.try_clone()?, files::folder(&self.folder)?);
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
        self.length()?;
        self.opened()
    }

    /// How long the file in use is, with one question to the kernel.
    fn length(&mut self) -> io::Result<u64> {
        if let Some(file) = &self.file {
            let metadata = file.metadata()?;
            if metadata.nlink() > 0 {
                return Ok(metadata.len());
            }
        }
        self.begin(self.turn)?;
        Ok(self.opened()?.metadata()?.len())
    }

    /// The file that [`Store::length`] has just seen.
    fn opened(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Uses one of the two files from now on, from its beginning. What is in it stays until something is written.
    fn begin(&mut self, turn: usize) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        self.file = Some(files::writable(&self.folder.join(FILES[turn]))?);
        (self.turn, self.size, self.synced, self.syncing) = (turn, 0, 0, None);
        Ok(())
    }
}

/// Whether a write failed for want of space: on the disk, of a quota, or by a limit of this process.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

fn finished(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the sync thread panicked")))
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
                store.save(&memory(generation), None).unwrap();
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
        store.save(&memory(1), None).unwrap();
        let first = store.size as usize;
        store.save(&memory(2), None).unwrap();
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
        store.save(&memory(1), None).unwrap();
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        let mut ends = vec![0];
        for generation in 2..=4 {
            store.save(&memory(generation), None).unwrap();
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

    /// With `commands` and one rule, as a part or not.
    fn with_rule(moment: i64, commands: u64, rule: &str) -> Memory {
        let mut json = serde_json::to_value(memory(moment)).unwrap();
        json["commands"] = commands.into();
        json["rules"][rule] = serde_json::json!({ "text": "x", "latched": false, "timers": [], "told": true });
        serde_json::from_value(json).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Bytes of one line of a file are turned over: that line does not count, the others do.
    #[test]
    fn parts_are_laid_over_what_was_saved_before_in_the_same_file() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        let whole = with_rule(1, 1, "a");
        store.save(&whole, None).unwrap();
        let mut ends = vec![store.size as usize];
        let (mut newest, mut parts) = (vec![whole.clone()], Vec::new());
        for (moment, rule) in [(2, "b"), (3, "c"), (4, "b")] {
            let part = with_rule(moment, moment as u64, rule).as_part();
            parts.push(part.clone());
            newest.push(newest[newest.len() - 1].clone().absorb(part.clone()));
            store.save(&newest[newest.len() - 1], Some(&part)).unwrap();
            ends.push(store.size as usize);
        }
        assert!(ends[1] - ends[0] < 2 * ends[0], "{ends:?}");
        let path = folder.path().join(FILES[0]);
        let bytes = fs::read(&path).unwrap();
        let found = || read(&path, &boot_id()).0.map(|(_, memory)| memory);
        assert_eq!(found().as_ref(), newest.last());
        for length in ends[0]..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            let before = ends.iter().rposition(|end| *end <= length + 1).unwrap();
            assert_eq!(found().as_ref(), Some(&newest[before]), "cut at {length}");
        }
        let mut spoilt = bytes.clone();
        spoilt[ends[1] + 20] ^= 1;
        fs::write(&path, &spoilt).unwrap();
        let (kept, damage) = read(&path, &boot_id());
        let expected = newest[1].clone().absorb(parts[2].clone());
        assert_eq!((kept.map(|(_, memory)| memory), damage.is_some()), (Some(expected), true));
        // Without the whole one there is nothing to lay them over.
        spoilt[20] ^= 1;
        fs::write(&path, &spoilt).unwrap();
        assert_eq!(found(), None);
        // Nor is there over another one: a file that was taken over and whose first page the disk never got.
        let other = TempDir::new().unwrap();
        let (mut store_before, ..) = Store::open(other.path());
        (5..8).for_each(|moment| store_before.save(&memory(moment), None).unwrap());
        let old = fs::read(other.path().join(FILES[0])).unwrap();
        fs::write(&path, [&old[..], &bytes[ends[2]..]].concat()).unwrap();
        let (kept, damage) = read(&path, &boot_id());
        assert_eq!((kept.map(|(_, memory)| memory.taken().moment.as_millis()), damage.is_some()), (Some(7), true));
        // A fresh file begins with a whole one.
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&newest[3], Some(&parts[2])).unwrap();
        assert_eq!(
            read(&folder.path().join(FILES[store.turn]), &boot_id()).0.map(|(_, memory)| memory),
            Some(newest[3].clone())
        );
    }

    #[test]
    fn a_deleted_folder_is_made_again() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1), None).unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        store.save(&memory(2), None).unwrap();
        sync(&mut store);
        assert_eq!(found(&folder), (Some(2), 0));
    }

    #[test]
    fn what_did_not_fit_does_not_spoil_the_next_line() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1), None).unwrap();
        // As a full disk leaves it.
        let path = folder.path().join(FILES[0]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"01234567 2 {\"mom"].concat()).unwrap();
        assert_eq!(found(&folder), (Some(1), 1));
        store.save(&memory(2), None).unwrap();
        store.save(&memory(3), None).unwrap();
        assert_eq!(found(&folder), (Some(3), 0));
    }

    #[test]
    fn a_handover_that_fails_leaves_the_file_in_use() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1), None).unwrap();
        sync(&mut store);
        store.size = FULL;
        store.synced = FULL;
        let other = folder.path().join(FILES[1]);
        fs::remove_file(&other).unwrap();
        fs::create_dir(&other).unwrap();
        for _ in 0..3 {
            store.sync().unwrap_err();
        }
        fs::remove_dir(&other).unwrap();
        assert_eq!(found(&folder), (Some(1), 0));
        assert!(store.sync().unwrap());
        store.save(&memory(2), None).unwrap();
        assert_eq!(found(&folder), (Some(2), 0));
    }

    /// With every write refused that would make a file larger, as on a full disk, from each fill of the files on.
    #[test]
    fn on_a_full_disk_the_newest_generation_is_kept_in_the_space_that_is_there() {
        for before in [1, 2, 20, 90] {
            let folder = TempDir::new().unwrap();
            let (mut store, ..) = Store::open(folder.path());
            (1..=before).for_each(|generation| store.save(&memory(generation), None).unwrap());
            sync(&mut store);
            for generation in before + 1..before + 100 {
                // What the disk has is what the files have; nothing is added to it.
                let sizes = FILES.map(|name| fs::metadata(folder.path().join(name)).unwrap().len());
                store.full_beyond = Some(sizes.map(|size| size.next_multiple_of(4096)));
                store.save(&memory(generation), None).unwrap();
                assert_eq!(found(&folder).0, Some(generation), "after {before}");
            }
            // There is space again.
            store.full_beyond = None;
            store.save(&memory(1_000), None).unwrap();
            sync(&mut store);
            assert_eq!(found(&folder), (Some(1_000), 0));
            assert_eq!(Store::open(folder.path()).2, [""; 0]);
        }
    }

    /// A line that was written over and torn, with what was there before behind it.
    #[test]
    fn a_torn_line_over_another_leaves_the_generation_before() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        (1..=5).for_each(|generation| store.save(&memory(generation), None).unwrap());
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(6), None).unwrap();
        let whole = fs::read(folder.path().join(FILES[1])).unwrap();
        let other = fs::read(folder.path().join(FILES[0])).unwrap();
        let line = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for length in 0..whole.len() - 1 {
            let torn = [&whole[..length], &other[length.min(other.len())..]].concat();
            fs::write(folder.path().join(FILES[1]), &torn).unwrap();
            // Where both end alike, none of the line is missing.
            let is_healthy = length > line || torn[length..=line] == whole[length..=line];
            assert_eq!(found(&folder).0, Some(if is_healthy { 6 } else { 5 }), "torn at {length}");
        }
    }

    /// One bit of any byte turned over: the generation that it is in does not count, all others do.
    #[test]
    fn a_bit_that_is_turned_over_costs_one_generation() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        (1..=3).for_each(|generation| store.save(&memory(generation), None).unwrap());
        let path = folder.path().join(FILES[0]);
        let whole = fs::read(&path).unwrap();
        let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 1 << bit;
            fs::write(&path, &spoilt).unwrap();
            let (newest, warnings) = found(&folder);
            match at {
                // Two lines in one: both are lost. The last line's own end is not needed to read it.
                at if at + 1 == last => assert_eq!(newest, Some(1), "byte {at}"),
                at if at + 1 == whole.len() => assert!(newest.is_some_and(|newest| newest >= 2) && warnings == 1),
                at if at >= last => assert_eq!((newest, warnings), (Some(2), 1), "byte {at}"),
                at => assert_eq!(newest, Some(3), "byte {at}"),
            }
        }
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_waited_for() {
        let folder = TempDir::new().unwrap();
        for name in FILES {
            assert!(std::process::Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
        }
        let (mut store, memory_before, warnings) = Store::open(folder.path());
        assert!(memory_before.is_none() && warnings.len() == 2, "{warnings:?}");
        assert_eq!(store.save(&memory(1), None).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_state_at_the_end_of_time_does_not_count() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1), None).unwrap();
        for moment in [i64::MAX, -1] {
            store.save(&memory(moment), None).unwrap();
            assert_eq!(found(&folder), (Some(1), 1));
        }
    }

    #[test]
    fn a_damaged_file_leaves_the_confirmed_one() {
        let folder = TempDir::new().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(1), None).unwrap();
        store.close().unwrap();
        let (mut store, ..) = Store::open(folder.path());
        store.save(&memory(2), None).unwrap();
        assert_eq!(found(&folder), (Some(2), 0));
        fs::write(folder.path().join(FILES[1]), "rubbish").unwrap();
        assert_eq!(found(&folder), (Some(1), 1));
    }
}
