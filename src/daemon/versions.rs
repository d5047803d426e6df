//! What the configuration file was before it was changed over HTTP: the last texts, in the state folder.

use crate::{files, model::Config};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// So many are kept.
const KEPT: usize = 20;
/// A text of the largest size, with all its escapes.
const LARGEST: u64 = 8 * files::WRITTEN;
const END: &str = ".toml";

/// What the file once was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Until when.
    pub until: DateTime<Utc>,
    /// Who changed it then.
    pub by: String,
    /// Its text. It may hold a password.
    pub text: String,
}

impl Earlier {
    /// Its end on the clock of the house.
    pub fn until(&self, config: &Config) -> String {
        config.hub.on_the_clock(self.until)
    }
}

/// The folder that holds them, for this user alone.
pub struct Versions(PathBuf);

impl Versions {
    /// Those of this state folder.
    pub fn of(state: &Path) -> Versions {
        Versions(state.join("config.versions"))
    }

    /// All of them by their numbers, which grow with time. What cannot be read is left out.
    pub fn all(&self) -> BTreeMap<u64, Earlier> {
        self.numbers().filter_map(|number| Some((number, self.read(number)?))).collect()
    }

    /// One of them.
    pub fn read(&self, number: u64) -> Option<Earlier> {
        toml::from_str(&files::read_text(&self.path(number), LARGEST).ok()?).ok()
    }

    /// Keeps one more, and returns its number.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn keep(&self, earlier: &Earlier) -> io::Result<u64> {
        let text = toml::to_string(earlier).map_err(io::Error::other)?;
        let next = self.numbers().max().map_or(1, |last| last + 1);
        files::replace(&self.path(next), text.as_bytes(), |_| Ok(()))?;
        Ok(next)
    }

    /// Lets the oldest go that are too many.
    pub fn trim(&self) {
        let mut numbers: Vec<u64> = self.numbers().collect();
        numbers.sort_unstable();
        let surplus = numbers.len().saturating_sub(KEPT);
        numbers.iter().take(surplus).for_each(|number| self.forget(*number));
    }

    /// Lets one go.
    pub fn forget(&self, number: u64) {
        // What cannot be removed is one more than need be.
        let _ = fs::remove_file(self.path(number));
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(END)?.parse().ok())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.0.join(format!("{number}{END}"))
    }
}

/// How many lines come and how many go between two texts.
pub fn lines_changed(before: &str, after: &str) -> (usize, usize) {
    let mut balance: BTreeMap<&str, isize> = BTreeMap::new();
    before.lines().for_each(|line| *balance.entry(line).or_default() -= 1);
    after.lines().for_each(|line| *balance.entry(line).or_default() += 1);
    let sum = |part: fn(isize) -> isize| balance.values().map(|count| part(*count).unsigned_abs()).sum();
    (sum(|count| count.max(0)), sum(|count| count.min(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_last_ones_are_kept_for_nobody_else() {
        let state = tempfile::TempDir::new().unwrap();
        let versions = Versions::of(state.path());
        assert!(versions.all().is_empty());
        let earlier = |n: usize| Earlier { until: DateTime::UNIX_EPOCH, by: "anna".into(), text: format!("# {n}\n") };
        for n in 1..=KEPT + 3 {
            versions.keep(&earlier(n)).unwrap();
            versions.trim();
        }
        fs::write(state.path().join("config.versions/notes.txt"), "not ours").unwrap();
        let all = versions.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!(all.first_key_value(), Some((&4, &earlier(4))));
        assert_eq!(versions.read(23), Some(earlier(23)));
        assert_eq!(versions.read(1), None);
        let mode = fs::metadata(versions.path(23)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn lines_are_counted_wherever_they_stand() {
        assert_eq!(lines_changed("a\nb\n", "b\na\n"), (0, 0));
        assert_eq!(lines_changed("a\nb\nb\n", "b\nc\nd\n"), (2, 2));
    }
}
