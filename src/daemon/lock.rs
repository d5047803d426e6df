//! The lock on the state folder: two daemons that wrote there would each undo what the other keeps.
//!
//! The kernel drops it with the process, however that ends, so it is never left behind. `hearthd safe` does not ask for it:
//! it must work beside a daemon that hangs, and only reads.

use crate::files;
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Locks the folder for this process, for as long as the answer lives. Nothing where the folder cannot be made or its file
/// system has no locks: that is no reason not to control the house.
///
/// # Errors
/// When another process has it.
pub(super) fn take(folder: &Path) -> anyhow::Result<Option<File>> {
    match fs::create_dir_all(folder)
        .and_then(|()| files::folder(folder))
        .and_then(|opened| opened.try_lock().map_err(io::Error::from).map(|()| opened))
    {
        Ok(locked) => Ok(Some(locked)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => anyhow::bail!(
            "another hearthd keeps its state in {}: stop that one first, or give this one a folder of its own with --state",
            folder.display()
        ),
        Err(error) => {
            tracing::warn!("the state folder {} cannot be locked against a second hearthd: {error}", folder.display());
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_and_the_next_is_not() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = folder.path().join("state");
        let first = take(&state).unwrap();
        assert!(first.is_some());
        let refused = take(&state).unwrap_err().to_string();
        assert!(refused.contains(&*state.to_string_lossy()) && refused.contains("--state"), "{refused}");
        drop(first);
        assert!(take(&state).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_no_reason_to_stop() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(take(&file.path().join("state")).unwrap().is_none());
    }
}
