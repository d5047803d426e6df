//! A damaged file is put out of the way, for whoever may want to look at it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Of damaged files that were set aside, so many are kept.
const ASIDE_MAX: usize = 3;

/// Renames the file and what SQLite has beside it. Of those that were set aside before, the oldest goes.
pub(super) fn set_aside(path: &Path, time: &str) -> io::Result<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = beside(&format!(".corrupt-{time}"));
    fs::rename(path, &aside)?;
    // The log of writes belongs to it. What is not there need not go.
    let _ = fs::rename(beside("-wal"), beside(&format!(".corrupt-{time}-wal")));
    let _ = fs::remove_file(beside("-shm"));
    if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        let start = format!("{name}.corrupt-");
        let names = fs::read_dir(folder)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut before: Vec<String> = names.filter(|n| n.starts_with(&start) && !n.ends_with("-wal")).collect();
        before.sort();
        for old in before.iter().rev().skip(ASIDE_MAX) {
            let _ = fs::remove_file(folder.join(old));
            let _ = fs::remove_file(folder.join(format!("{old}-wal")));
        }
    }
    Ok(aside)
}
