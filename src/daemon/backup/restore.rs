//! A house from a backup: checked as a whole, made beside, and put in place by renaming.

use super::{CONFIG, STATE, archive, is_inside, sync};
use crate::{
    daemon::{lock, store::Store},
    files::{self, beside},
    history,
    http::trust::own_user,
};
use anyhow::{Context, bail};
use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

/// Whose files are, and how.
#[derive(Clone, Copy)]
struct Owned {
    mode: u32,
    user: u32,
    group: u32,
}

/// What was put where.
#[derive(Debug)]
pub struct Restored {
    /// The configuration and what it names.
    pub config: Vec<PathBuf>,
    /// What was in their place, and where the state of before is.
    pub before: Vec<PathBuf>,
}

/// Puts what `file` holds in place of the configuration and the state. `time` is in the names of what was there.
///
/// # Errors
/// When hearthd runs, the file is damaged, or something cannot be written. Then all is as before; if it was the last of it, the
/// state, files of the configuration are new already, with those of before beside them.
pub fn restore(file: &Path, config: &Path, state: &Path, time: &str) -> anyhow::Result<Restored> {
    let shown = file.display();
    let mut opened = files::to_read(file).with_context(|| format!("cannot read {shown}"))?;
    let mut names = Vec::new();
    let checked = archive::read(&mut opened, |name, _| {
        names.push(name.to_owned());
        Ok(())
    });
    checked.with_context(|| format!("{shown} cannot be used, and nothing was changed"))?;
    if let Some(strange) = names.iter().find(|name| place(name).is_none()) {
        bail!("{shown} cannot be used, and nothing was changed: {strange} belongs to no house");
    }
    let locked = lock::take(state).context("hearthd must not run meanwhile (`sudo systemctl stop hearthd`)")?;
    if locked.is_none() {
        bail!(
            "the state folder {} cannot be locked against a running hearthd, and nothing was changed",
            state.display()
        );
    }
    // What is there may be a link to it.
    let state = state.canonicalize().with_context(|| format!("cannot read {}", state.display()))?;
    let owned = self::owned(&state).with_context(|| format!("cannot read {}", state.display()))?;
    let new = beside(&state, ".new");
    let made = make_state(&mut opened, &new, owned);
    let result = made.and_then(|()| {
        let _locked = lock::take(&new)?;
        let restored = put_config(&mut opened, config, owned, time)?;
        let before = beside(&state, &format!(".before-{time}"));
        exchange(&new, &state, &before).with_context(|| format!("cannot replace {}", state.display()))?;
        Ok(Restored { before: restored.before.into_iter().chain([before]).collect(), ..restored })
    });
    if result.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    result
}

/// In which folder of the backup a name is, and its name there; None: it may not be there.
fn place(name: &str) -> Option<(&str, &Path)> {
    let (folder, rest) = name.split_once('/')?;
    let rest = Path::new(rest);
    let is_fit = is_inside(rest) && (folder == CONFIG || (folder == STATE && rest.components().count() == 1));
    is_fit.then_some((folder, rest))
}

fn make_state(opened: &mut File, new: &Path, owned: Owned) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", new.display());
    let _ = fs::remove_dir_all(new);
    fs::create_dir(new).with_context(cannot)?;
    archive::read(opened, |name, content| match place(name) {
        Some((STATE, name)) => {
            let path = new.join(name);
            let mut file = files::writable(&path)?;
            io::copy(content, &mut file)?;
            own(&path, Owned { mode: 0o600, ..owned })?;
            file.sync_all()
        }
        _ => Ok(()),
    })
    .with_context(cannot)?;
    own(new, owned).and_then(|()| sync(new)).with_context(cannot)?;
    // What was damaged already when it was saved helps nobody.
    let (_, memory, warnings) = Store::open(new);
    if memory.is_none() && !warnings.is_empty() {
        bail!("the state in the backup is damaged: {}", warnings.join("; "));
    }
    let database = new.join(history::FILE);
    if database.exists() {
        history::check(&database).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// Writes the configuration and what it names; what was there is kept.
fn put_config(opened: &mut File, config: &Path, owned: Owned, time: &str) -> anyhow::Result<Restored> {
    let mut restored = Restored { config: Vec::new(), before: Vec::new() };
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    // Who may read the file may read what it names.
    let new = self::owned(config).unwrap_or(Owned { mode: 0o640, user: 0, ..owned });
    let mut is_first = true;
    archive::read(opened, |name, content| {
        let Some((CONFIG, name)) = place(name) else { return Ok(()) };
        // The first is the configuration itself, whatever it was called.
        let path = if std::mem::take(&mut is_first) { config.to_owned() } else { folder.join(name) };
        let mut bytes = Vec::new();
        content.take(files::WRITTEN + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > files::WRITTEN {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let has = match self::owned(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => new,
            has => has?,
        };
        match files::read(&path, files::WRITTEN) {
            Ok(before) if before == bytes => return Ok(()),
            Ok(before) => {
                let kept = beside(&path, &format!(".before-{time}"));
                files::replace(&kept, &before, |new| own(new, has))?;
                restored.before.push(kept);
            }
            Err(_) => {}
        }
        files::replace(&path, &bytes, |new| own(new, has))?;
        restored.config.push(path);
        Ok(())
    })
    .with_context(|| format!("cannot write the configuration in {}", folder.display()))?;
    Ok(restored)
}

fn owned(path: &Path) -> io::Result<Owned> {
    let has = fs::metadata(path)?;
    Ok(Owned { mode: has.mode() & 0o7777, user: has.uid(), group: has.gid() })
}

/// Only root can give files away.
fn own(path: &Path, owned: Owned) -> io::Result<()> {
    if own_user().is_ok_and(|user| user == 0) {
        chown(path, Some(owned.user), Some(owned.group))?;
    }
    fs::set_permissions(path, Permissions::from_mode(owned.mode))
}

fn exchange(new: &Path, state: &Path, before: &Path) -> io::Result<()> {
    fs::rename(state, before)?;
    if let Err(error) = fs::rename(new, state) {
        fs::rename(before, state)?;
        return Err(error);
    }
    state.parent().map_or(Ok(()), sync)
}
