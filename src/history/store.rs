//! The file: an SQLite database of few, large rows, so that little is written for much.
//!
//! | table | a row |
//! | --- | --- |
//! | `points` | a point, its name and what its values are |
//! | `tail` | all samples since the commit before; folded each hour |
//! | `raw` | the samples of a point in one hour, the first of them at its beginning |
//! | `fives`, `hours` | the sums of a point over each 5 minutes, each hour of one day (UTC) |
//! | `log` | what a point became and why, what was clicked, what was said |
//!
//! The keys of `raw`, `fives`, `hours` and `log` are a time above the number of a point, so rows are appended in the order of time,
//! each into the same page as its neighbours. A table with one row for each sample would write five hundred times as much. Days
//! are made of hours when somebody asks: theirs begin at midnight of the house.

use crate::{files, model::Zone};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// An hour, ms.
pub(super) const HOUR: i64 = 3_600_000;
/// A day, ms.
pub(super) const DAY: i64 = 24 * HOUR;
/// The shortest span that is summed up, ms.
pub(super) const FIVE: i64 = 300_000;
/// The lowest bits of a key are the number of a point.
pub(super) const POINT_BITS: u32 = 20;
pub(super) const POINT_MASK: i64 = (1 << POINT_BITS) - 1;
/// What belongs to no point: notices.
pub(super) const NO_POINT: i64 = 0;
/// Of a file that others write, too.
const BUSY: Duration = Duration::from_secs(5);
const APPLICATION: i64 = 0x6865_6864;
const VERSION: i64 = 1;
/// A commit is about half a page.
const SETTINGS: &str = "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 2000000;";
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, kind TEXT NOT NULL,
                         unit TEXT NOT NULL, decimals INTEGER);
    CREATE TABLE tail (number INTEGER PRIMARY KEY, until INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE raw (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE fives (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE hours (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE log (key INTEGER PRIMARY KEY, value TEXT NOT NULL, why TEXT);
    CREATE INDEX log_of_point ON log (key & 1048575, key);";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system does not let us.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// SQLite cannot: the disk is full, read-only, gone.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is in it is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It is another program's, or a later hearthd's.
    #[error("{0}")]
    Foreign(String),
}

impl Error {
    /// Whether another file is to be begun.
    pub fn is_damage(&self) -> bool {
        match self {
            Error::Damaged(_) => true,
            Error::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
            Error::Io(_) | Error::Foreign(_) => false,
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Error>;

/// The open file.
pub struct Store {
    pub(super) connection: Connection,
    path: Option<PathBuf>,
    /// What changes when others write.
    version: i64,
}

impl Store {
    /// Opens the file, and makes it if there is none, for this user alone. None: a history in memory.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged or somebody else's.
    pub fn open(path: Option<&Path>) -> Result<Store> {
        let connection = match path {
            Some(path) => {
                files::writable(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(path, flags)?
            }
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(32);
        let mut store = Store { connection, path: path.map(Path::to_owned), version: 0 };
        let is_new = store.pragma("user_version")? == 0 && store.pragma("schema_version")? == 0;
        if !is_new {
            store.is_ours()?;
        }
        store.connection.execute_batch(SETTINGS)?;
        if is_new {
            let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};");
            store.at_once(|store| Ok(store.connection.execute_batch(&format!("{SCHEMA} {marks}"))?))?;
        }
        store.version = store.pragma("data_version")?;
        Ok(store)
    }

    /// Opens a file that is there to be read, whoever writes it. `at_rest`: nobody does, and nothing may be written beside it.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged or somebody else's.
    pub fn open_to_read(path: &Path, at_rest: bool) -> Result<Store> {
        files::to_read(path)?;
        let name = path.as_os_str().as_encoded_bytes().iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let uri = format!("file:{name}{}", if at_rest { "?immutable=1" } else { "" });
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri, flags)?;
        connection.busy_timeout(BUSY)?;
        let store = Store { connection, path: Some(path.to_owned()), version: 0 };
        store.is_ours()?;
        Ok(store)
    }

    fn is_ours(&self) -> Result<()> {
        match (self.pragma("application_id")?, self.pragma("user_version")?) {
            (APPLICATION, VERSION) => Ok(()),
            (APPLICATION, _) => Err(Error::Foreign("it was written by a later hearthd".into())),
            _ => Err(Error::Foreign("it is the database of another program".into())),
        }
    }

    pub(super) fn pragma(&self, name: &str) -> Result<i64> {
        Ok(self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
    }

    /// Whether another process has written since the last time.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_others(&mut self) -> Result<bool> {
        let version = self.pragma("data_version")?;
        Ok(std::mem::replace(&mut self.version, version) != version)
    }

    /// The bytes that hold something, with the log of writes beside them.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn size(&self) -> Result<u64> {
        let pages = self.pragma("page_count")? - self.pragma("freelist_count")?;
        let used = u64::try_from(pages * self.pragma("page_size")?).unwrap_or(0);
        let log = self.path.as_ref().and_then(|path| fs::metadata(files::beside(path, "-wal")).ok());
        Ok(used + log.map_or(0, |log| log.len()))
    }

    /// Copies all of it into an empty file.
    ///
    /// # Errors
    /// When one of them cannot be read or written.
    pub fn copy_to(&self, to: &Path) -> Result<()> {
        let name = to.to_str().ok_or_else(|| Error::Foreign(format!("{} is no text", to.display())))?;
        self.connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }

    /// Where it is; None: in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether all of it can be read.
    ///
    /// # Errors
    /// When it can not.
    pub fn check(&self) -> Result<()> {
        let said: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if said == "ok" { Ok(()) } else { Err(Error::Damaged(said)) }
    }

    /// All in one go, or nothing.
    pub(super) fn at_once<T>(&mut self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| {
            self.connection.execute_batch("COMMIT")?;
            Ok(done)
        });
        if done.is_err() {
            // After some errors SQLite has rolled it back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    /// The zone of the house, as it was when something was written last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn zone(&self) -> Result<Zone> {
        let mut name = self.connection.prepare("SELECT value FROM meta WHERE name = 'zone'")?;
        let name: Option<String> = name.query_row([], |row| row.get(0)).optional()?;
        Ok(name.and_then(|name| Zone::find(&name)).unwrap_or(Zone::UTC))
    }

    /// Keeps the zone of the house, for those who read the file alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_zone(&self, zone: Zone) -> Result<()> {
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('zone', ?1)", [zone.name()])?;
        Ok(())
    }

    pub(super) fn get(&self, table: &str, key: i64) -> Result<Option<Vec<u8>>> {
        let mut row = self.connection.prepare_cached(&format!("SELECT data FROM {table} WHERE key = ?1"))?;
        Ok(row.query_row([key], |row| row.get(0)).optional()?)
    }

    pub(super) fn put(&self, table: &str, key: i64, data: &[u8]) -> Result<()> {
        let mut row = self.connection.prepare_cached(&format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2)"))?;
        row.execute(params![key, data])?;
        Ok(())
    }

    pub(super) fn meta(&self, name: &str) -> Result<Option<i64>> {
        let mut row = self.connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        Ok(row.query_row([name], |row| row.get(0)).optional()?)
    }

    pub(super) fn set_meta(&self, name: &str, value: i64) -> Result<()> {
        let mut row = self.connection.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
        row.execute(params![name, value])?;
        Ok(())
    }
}

/// The key of a row of a point, by the number of its hour or day, or by its time. All that is later than a key can say is as
/// late as one can.
pub(super) fn key(time: i64, id: i64) -> i64 {
    const LATEST: i64 = i64::MAX >> POINT_BITS;
    time.clamp(0, LATEST) << POINT_BITS | id
}
