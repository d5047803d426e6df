//! The last good configuration, kept beside the state: when the file is broken at the moment the daemon is killed,
//! `hearthd safe` still knows which outputs there are.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Where it is, in the state folder.
pub fn path(state: &Path) -> PathBuf {
    state.join("config.good.toml")
}

/// Replaces it with `text`, which may hold a password: nobody else can read it.
///
/// # Errors
/// When the disk does not take it; the one before stays.
pub(super) fn keep(state: &Path, text: &str) -> io::Result<()> {
    let kept = path(state);
    if fs::read_to_string(&kept).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::create_dir_all(state)?;
    let fresh = kept.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, &kept)
}
