//! The configuration in force, kept beside the state with all the files that it was read from: when the file is broken, or
//! another, at the moment the daemon is killed, `hearthd safe` still knows which outputs there are, and the next start has
//! a house to go on with.

use crate::{
    config::{self, Loaded, Sources},
    files,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// All that a configuration may be read from, with room for escapes.
const LARGEST: u64 = 8 * files::WRITTEN;

/// Where it is, in the state folder.
pub fn path(state: &Path) -> PathBuf {
    state.join("config.good.toml")
}

/// What is kept there; nothing when nothing is, or nothing that can still be used.
pub fn read(state: &Path) -> Option<Loaded> {
    let kept = path(state);
    let text = files::read_text(&kept, LARGEST).ok()?;
    // Once it was the text of the file alone.
    let sources = toml::from_str(&text).unwrap_or_else(|_| Sources::of_text(&kept, &text));
    config::again(&sources).ok()
}

/// Replaces it. It may hold a password: nobody else can read it.
///
/// # Errors
/// When the disk does not take it; the one before stays.
pub(super) fn keep(state: &Path, sources: &Sources) -> io::Result<()> {
    let kept = path(state);
    let text = toml::to_string(sources).map_err(io::Error::other)?;
    if files::read_text(&kept, LARGEST).is_ok_and(|before| before == text) {
        return Ok(());
    }
    files::replace(&kept, text.as_bytes(), |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn what_is_kept_is_what_was_read_with_all_its_files() {
        let (folder, state) = (tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap());
        let file = folder.path().join("config.toml");
        let text = "[hub]\nid = \"h\"\nholidays = \"days.txt\"\ntests = \"t.toml\"\n[mqtt]\nurl = \"mqtt://localhost\"\n\
                    username = \"me\"\npassword_file = \"word\"\n[[rules]]\nname = \"'''\\\"\"\nwhile = \"holiday\"\n\
                    set = { a = \"on\" }\n[outputs.a]\nkind = \"switch\"\ngpio = 5\n";
        fs::write(&file, text).unwrap();
        fs::write(folder.path().join("days.txt"), "12-25\n").unwrap();
        fs::write(folder.path().join("t.toml"), "# none\n").unwrap();
        fs::write(folder.path().join("word"), "secret\n").unwrap();
        let mut loaded = config::load(&file).unwrap();
        // Whatever the zone of this machine is.
        loaded.sources.zone = "Asia/Tokyo".into();
        loaded = config::again(&loaded.sources).unwrap();
        assert_eq!(loaded.config.mqtt.as_ref().unwrap().password, Some(crate::model::Password("secret".into())));
        keep(state.path(), &loaded.sources).unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        let kept = read(state.path()).unwrap();
        assert_eq!(kept, loaded);
        assert_eq!(kept.config.hub.timezone.name(), "Asia/Tokyo");
        let mode = fs::metadata(path(state.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_an_older_hearthd_kept_still_counts() {
        let state = tempfile::TempDir::new().unwrap();
        fs::write(path(state.path()), "[hub]\nid = \"old\"\n").unwrap();
        assert_eq!(&*read(state.path()).unwrap().config.hub.id, "old");
        fs::write(path(state.path()), "nonsense").unwrap();
        assert_eq!(read(state.path()), None);
    }
}
