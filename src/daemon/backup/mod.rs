//! All that makes a house in one file, and a house from that file: its configuration with what that names, its state, its
//! history.

mod archive;
mod restore;

use crate::{
    config,
    files::{self, beside},
    history,
};
use anyhow::Context;
use archive::Archive;
pub use restore::{Restored, restore};
use std::{
    fs, io,
    path::{Component, Path},
};

/// The folders in a backup.
const CONFIG: &str = "config";
const STATE: &str = "state";
/// No other file than the history is larger, bytes.
const LARGEST: u64 = 64 << 20;

/// Writes a backup, also while hearthd runs. Returns what is not in it, in words.
///
/// # Errors
/// When something cannot be read, or the file cannot be written; then one of before stays.
pub fn backup(file: &Path, config: &Path, state: &Path) -> anyhow::Result<Vec<String>> {
    let (new, copy) = (beside(file, ".new"), beside(file, ".history.new"));
    let left_out = write(file, &new, &copy, config, state).and_then(|left_out| {
        fs::rename(&new, file)?;
        Ok(left_out)
    });
    let _ = fs::remove_file(&copy);
    if left_out.is_err() {
        let _ = fs::remove_file(&new);
    }
    left_out.with_context(|| format!("no backup was made: {}", file.display()))
}

fn write(file: &Path, new: &Path, copy: &Path, config: &Path, state: &Path) -> anyhow::Result<Vec<String>> {
    let _ = fs::remove_file(new);
    let mut archive = Archive::new(files::writable(new).with_context(|| format!("cannot write {}", new.display()))?);
    // As they are at one moment: the daemon may cut them at the next.
    let mut add = |name: String, path: &Path| -> anyhow::Result<()> {
        let bytes = files::read(path, LARGEST).with_context(|| format!("cannot read {}", path.display()))?;
        archive.add(&name, bytes.len() as u64, &bytes[..]).with_context(|| format!("cannot write {}", new.display()))
    };
    let mut left_out = Vec::new();
    let name = config.file_name().and_then(|name| name.to_str()).unwrap_or("config.toml");
    add(format!("{CONFIG}/{name}"), config)?;
    match config::named(config) {
        Ok(named) => {
            for (name, path) in named {
                match is_inside(Path::new(&name)) {
                    true => add(format!("{CONFIG}/{name}"), &path)?,
                    false => left_out.push(format!("{} lies elsewhere; keep it yourself", path.display())),
                }
            }
        }
        Err(_) => left_out.push(format!("{} has errors: what it names is not in the backup", config.display())),
    }
    let folder = fs::read_dir(state).with_context(|| format!("cannot read the state in {}", state.display()))?;
    let mut names: Vec<String> = folder
        .filter_map(|entry| Some(entry.ok()?).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with(history::FILE) && !name.ends_with(".new"))
        .collect();
    // A backup that is kept there is no part of the next.
    let is_it = |name: &str| matches!((file.canonicalize(), state.join(name).canonicalize()), (Ok(a), Ok(b)) if a == b);
    names.retain(|name| !is_it(name));
    names.sort();
    for name in names {
        add(format!("{STATE}/{name}"), &state.join(&name))?;
    }
    let database = state.join(history::FILE);
    if database.exists() {
        history::copy(&database, copy).map_err(anyhow::Error::msg)?;
        let copied = files::to_read(copy)
            .and_then(|file| archive.add(&format!("{STATE}/{}", history::FILE), file.metadata()?.len(), file));
        copied.with_context(|| format!("cannot write {}", new.display()))?;
    }
    archive.end().with_context(|| format!("cannot write {}", new.display()))?;
    Ok(left_out)
}

/// Whether a path from within a folder stays there.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
}

/// Has the disk confirm what a folder lists.
fn sync(folder: &Path) -> io::Result<()> {
    files::folder(folder)?.sync_all()
}
