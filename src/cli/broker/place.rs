//! Where files are written, whose they are, and that there is never half of one.

use anyhow::Context;
use hearthd::files;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

/// The system, or a folder that is to become one.
pub struct Place {
    root: Option<PathBuf>,
}

impl Place {
    pub fn new(root: Option<&Path>) -> Place {
        Place { root: root.map(Path::to_owned) }
    }

    /// Whether it is not the system that runs.
    pub fn is_staged(&self) -> bool {
        self.root.is_some()
    }

    /// Where an absolute path is.
    pub fn of(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => path.into(),
        }
    }
}

/// To whom a file is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// A user of the system with the group of the same name; None in a place that is staged.
    pub fn named(place: &Place, name: &str) -> anyhow::Result<Option<Owner>> {
        if place.is_staged() {
            return Ok(None);
        }
        let users = files::read_text(Path::new("/etc/passwd"), files::SYSTEM).context("cannot read /etc/passwd")?;
        let user = number(&users, name).with_context(|| format!("there is no user {name}: reinstall its package"))?;
        Ok(Some(Owner { user, group: group(name)?.unwrap_or(0) }))
    }

    /// Whoever has `file`, and a group if there is one of this name; None in a place that is staged.
    pub fn beside(place: &Place, file: &Path, group_name: &str) -> anyhow::Result<Option<Owner>> {
        if place.is_staged() {
            return Ok(None);
        }
        let has = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Some(Owner { user: has.uid(), group: group(group_name)?.unwrap_or(has.gid()) }))
    }
}

fn group(name: &str) -> anyhow::Result<Option<u32>> {
    let groups = files::read_text(Path::new("/etc/group"), files::SYSTEM).context("cannot read /etc/group")?;
    Ok(number(&groups, name))
}

/// The number of a name in a list such as `/etc/passwd`.
fn number(list: &str, name: &str) -> Option<u32> {
    let mut lines = list.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?)
}

/// Writes a file in one step: nobody finds half of it, or reads it before it is only theirs.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &str, mode: u32, owner: Option<Owner>) -> anyhow::Result<()> {
    let written = files::replace(path, text.as_bytes(), |new| {
        if let Some(Owner { user, group }) = owner {
            chown(new, Some(user), Some(group))?;
        }
        fs::set_permissions(new, Permissions::from_mode(mode))
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// As [`write`]: the file stays whose it is, and a link stays one.
///
/// # Errors
/// When it cannot be written.
pub fn rewrite(path: &Path, text: &str) -> anyhow::Result<()> {
    let path = path.canonicalize().with_context(|| format!("cannot write {}", path.display()))?;
    let has = fs::metadata(&path).with_context(|| format!("cannot write {}", path.display()))?;
    write(&path, text, has.mode() & 0o7777, Some(Owner { user: has.uid(), group: has.gid() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\nmosquitto:x:107:113::/var/lib/mosquitto:/usr/sbin/nologin\nbroken\n";
        assert_eq!(number(list, "mosquitto"), Some(107));
        assert_eq!((number(list, "root"), number(list, "broken"), number(list, "mosq")), (Some(0), None, None));
    }

    #[test]
    fn a_secret_is_never_readable_by_others_and_a_rewritten_file_keeps_its_mode() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("a/secret");
        write(&file, "one", 0o640, None).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rewrite(&link, "two").unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap(), fs::metadata(&file).unwrap().mode() & 0o777),
            ("two".into(), 0o640)
        );
        assert!(link.is_symlink());
    }
}
