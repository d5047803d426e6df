//! A damaged file is put out of the way, for whoever may want to look at it.

use crate::files::beside;
use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

/// Of damaged files that were set aside, so many are kept.
const ASIDE_MAX: usize = 3;

/// Renames the file and what SQLite has beside it. Of those that were set aside before, the oldest goes.
pub(super) fn set_aside(path: &Path, time: &str) -> io::Result<PathBuf> {
    let aside = beside(path, &format!(".corrupt-{time}"));
    fs::rename(path, &aside)?;
    // The log of writes belongs to it. What is not there need not go.
    let _ = fs::rename(beside(path, "-wal"), beside(&aside, "-wal"));
    let _ = fs::remove_file(beside(path, "-shm"));
    let mut before = all(path);
    while before.len() > ASIDE_MAX
        && let Some((oldest, _)) = before.pop_front()
    {
        remove(&oldest);
    }
    Ok(aside)
}

/// Those that were set aside, the oldest first, and how many bytes each has.
pub(super) fn all(path: &Path) -> VecDeque<(PathBuf, u64)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return VecDeque::new();
    };
    let start = format!("{name}.corrupt-");
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut files: Vec<PathBuf> = names
        .filter(|name| name.starts_with(&start) && !name.ends_with("-wal"))
        .map(|name| folder.join(name))
        .collect();
    files.sort();
    let bytes = |file: &Path| fs::metadata(file).map_or(0, |metadata| metadata.len());
    files
        .into_iter()
        .map(|file| (bytes(&file) + bytes(&beside(&file, "-wal")), file))
        .map(|(size, file)| (file, size))
        .collect()
}

/// For ever.
pub(super) fn remove(aside: &Path) {
    let _ = fs::remove_file(aside);
    let _ = fs::remove_file(beside(aside, "-wal"));
}
