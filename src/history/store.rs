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

use super::{
    course::{Sum, pack_sums, put_in_order, sum_up},
    pack::{self, Sample, pack, unpack},
};
use crate::{files, model::Zone};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
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
const POINT_MASK: i64 = (1 << POINT_BITS) - 1;
/// What belongs to no point: notices.
pub(super) const NO_POINT: i64 = 0;
/// A value is carried on for so many hours of which nothing was folded; more is a mistake of a clock.
const CARRIED_HOURS: i64 = 100;
/// Of a file that others write, too.
const BUSY: Duration = Duration::from_secs(5);
const APPLICATION: i64 = 0x6865_6864;
const VERSION: i64 = 1;
/// A commit is about half a page.
const SETTINGS: &str = "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 10000000;";
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, kind TEXT NOT NULL,
                         unit TEXT NOT NULL, decimals INTEGER);
    CREATE TABLE tail (number INTEGER PRIMARY KEY, until INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE raw (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE fives (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE hours (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE log (key INTEGER PRIMARY KEY, value TEXT NOT NULL, why TEXT);";

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

/// What is known of a point besides its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its dotted name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What its samples are.
    pub kind: Shape,
    /// Its unit; empty: none.
    pub unit: String,
    /// How many decimals are shown; None: as many as there are.
    pub decimals: Option<usize>,
}

/// What the samples of a point are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Number,
    /// A number that grows, such as a meter's.
    Total,
    /// 0 or 1.
    Switch,
    /// 0 to 100.
    Level,
    /// It has none, only words in the log.
    Word,
}

const SHAPES: [(&str, Shape); 5] = [
    ("number", Shape::Number),
    ("total", Shape::Total),
    ("switch", Shape::Switch),
    ("level", Shape::Level),
    ("word", Shape::Word),
];

impl Shape {
    /// Its word in the file and in answers.
    pub fn word(self) -> &'static str {
        SHAPES.iter().find(|(_, shape)| *shape == self).map_or("", |(word, _)| word)
    }
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Milliseconds since 1970, UTC.
    pub t: i64,
    /// Of which point.
    pub id: i64,
    /// What it became.
    pub value: String,
    /// Why.
    pub why: Option<String>,
}

/// By the numbers of their points.
pub(super) type Samples = BTreeMap<i64, Vec<Sample>>;

/// What is written at once.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What each point became.
    pub samples: Samples,
    /// In the order of time.
    pub log: Vec<Entry>,
}

/// The open file.
pub struct Store {
    pub(super) connection: Connection,
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
        let mut store = Store { connection };
        let is_new = store.pragma("user_version")? == 0 && store.pragma("schema_version")? == 0;
        if !is_new {
            store.is_ours()?;
        }
        store.connection.execute_batch(SETTINGS)?;
        if is_new {
            let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};");
            store.at_once(|store| Ok(store.connection.execute_batch(&format!("{SCHEMA} {marks}"))?))?;
        }
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
        let store = Store { connection };
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

    /// The number of a point, which it gets when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn number_of(&self, known: &Known) -> Result<i64> {
        let Known { name, title, kind, unit, decimals } = known;
        let decimals = decimals.map(|decimals| decimals as i64);
        self.connection
            .prepare_cached(
                "INSERT INTO points (name, title, kind, unit, decimals) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET title = ?2, kind = ?3, unit = ?4, decimals = ?5
                 WHERE title <> ?2 OR kind <> ?3 OR unit <> ?4 OR decimals IS NOT ?5",
            )?
            .execute(params![name, title, kind.word(), unit, decimals])?;
        let id = self
            .connection
            .prepare_cached("SELECT id FROM points WHERE name = ?1")?
            .query_row([name], |row| row.get(0))?;
        if id > POINT_MASK { Err(Error::Damaged(format!("point {name} has the number {id}"))) } else { Ok(id) }
    }

    /// The points that were ever recorded.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn points(&self) -> Result<Vec<(i64, Known)>> {
        let mut all =
            self.connection.prepare("SELECT id, name, title, kind, unit, decimals FROM points ORDER BY id")?;
        let rows = all.query_map([], |row| {
            let kind: String = row.get(3)?;
            let shape = SHAPES.iter().find(|(word, _)| *word == kind).map_or(Shape::Number, |(_, shape)| *shape);
            let decimals: Option<i64> = row.get(5)?;
            let decimals = decimals.and_then(|decimals| usize::try_from(decimals).ok());
            Ok((row.get(0)?, Known { name: row.get(1)?, title: row.get(2)?, kind: shape, unit: row.get(4)?, decimals }))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Appends what is new, as of `now`.
    ///
    /// # Errors
    /// When it cannot be written; then none of it is.
    pub fn append(&mut self, batch: &Batch, now: i64) -> Result<()> {
        self.at_once(|store| {
            store.append_tail(&batch.samples, now)?;
            let mut insert = store.connection.prepare_cached("INSERT OR IGNORE INTO log VALUES (?1, ?2, ?3)")?;
            for Entry { t, id, value, why } in &batch.log {
                // At the same millisecond, one after the other.
                let mut t = *t;
                while insert.execute(params![t << POINT_BITS | id, value, why])? == 0 {
                    t += 1;
                }
            }
            Ok(())
        })
    }

    fn append_tail(&self, samples: &Samples, now: i64) -> Result<()> {
        let mut data = Vec::new();
        for (id, samples) in samples.iter().filter(|(_, samples)| !samples.is_empty()) {
            let packed = pack(samples);
            pack::put(&mut data, *id as u64);
            pack::put(&mut data, packed.len() as u64);
            data.extend(packed);
        }
        self.connection
            .prepare_cached("INSERT INTO tail (until, data) VALUES (?1, ?2)")?
            .execute(params![now, data])?;
        Ok(())
    }

    /// The samples that are not folded yet, and up to when they tell.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tail(&self) -> Result<(Samples, Option<i64>)> {
        let mut rows = self.connection.prepare_cached("SELECT until, data FROM tail ORDER BY number")?;
        let mut rows = rows.query([])?;
        let (mut samples, mut until) = (Samples::new(), None);
        while let Some(row) = rows.next()? {
            until = Some(row.get(0)?);
            let data = row.get_ref(1)?.as_blob().map_err(|error| Error::Damaged(error.to_string()))?;
            let mut rest = data;
            while !rest.is_empty() {
                let (id, packed) = take_packed(&mut rest).ok_or_else(|| Error::Damaged("in the tail".into()))?;
                samples.entry(id).or_default().extend(packed);
            }
        }
        Ok((samples, until))
    }

    /// Up to when it tells; None: nothing was ever recorded.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn told_until(&self) -> Result<Option<i64>> {
        let until = "SELECT until FROM tail ORDER BY number DESC LIMIT 1";
        let tail = self.connection.query_row(until, [], |row| row.get(0)).optional()?;
        Ok(match tail {
            Some(until) => Some(until),
            None => self.meta("folded")?.map(|hour| hour * HOUR),
        })
    }

    /// Says that from `t` on nothing is known of any point: what was known when hearthd ended was not known afterwards.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_values(&mut self, t: i64) -> Result<()> {
        let last = self.last_values()?;
        if last.is_empty() {
            return Ok(());
        }
        let unknown = last.into_keys().map(|id| (id, vec![Sample { t, value: None }]));
        self.append(&Batch { samples: unknown.collect(), log: Vec::new() }, t)
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

    /// The last known value of each point, as far as its last sample tells one.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn last_values(&self) -> Result<BTreeMap<i64, f64>> {
        let mut last = BTreeMap::new();
        if let Some(folded) = self.meta("folded")? {
            let mut rows = self.connection.prepare("SELECT key, data FROM raw WHERE key >= ?1 AND key < ?2")?;
            let mut rows = rows.query([key(folded - 1, 0), key(folded, 0)])?;
            while let Some(row) = rows.next()? {
                let (of, data): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
                last.insert(of & POINT_MASK, samples_of(of, &data)?.last().and_then(|sample| sample.value));
            }
        }
        let tail = self.tail()?.0;
        last.extend(tail.into_iter().map(|(id, samples)| (id, samples.last().and_then(|sample| sample.value))));
        Ok(last.into_iter().filter_map(|(id, value)| Some((id, value?))).collect())
    }

    /// Of each point, what the log said of it last, as far back as so many rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn last_entries(&self, rows: i64) -> Result<BTreeMap<String, String>> {
        let names: BTreeMap<i64, String> = self.points()?.into_iter().map(|(id, known)| (id, known.name)).collect();
        let mut newest = self.connection.prepare("SELECT key, value FROM log ORDER BY key DESC LIMIT ?1")?;
        let mut newest = newest.query([rows])?;
        let mut last = BTreeMap::new();
        while let Some(row) = newest.next()? {
            let of: i64 = row.get(0)?;
            if let Some(name) = names.get(&(of & POINT_MASK)) {
                last.entry(name.clone()).or_insert(row.get(1)?);
            }
        }
        Ok(last)
    }

    /// Folds the hours that are over, and sums up the days that are. Says whether there were any.
    ///
    /// # Errors
    /// When it cannot be written; then all is as before.
    pub fn fold(&mut self, now: i64) -> Result<bool> {
        let hour = now.div_euclid(HOUR);
        if self.meta("folded")? == Some(hour) {
            return Ok(false);
        }
        self.at_once(|store| {
            let (tail, until) = store.tail()?;
            let folded = store.meta("folded")?.unwrap_or(hour);
            let mut known: BTreeSet<i64> = store.points_of("raw", folded - 1, folded)?;
            known.extend(tail.keys());
            let (mut days, mut left) = (BTreeSet::new(), BTreeMap::new());
            for id in known {
                let samples = tail.get(&id).cloned().unwrap_or_default();
                let (over, rest): (Vec<_>, Vec<_>) = samples.into_iter().partition(|sample| sample.t < hour * HOUR);
                store.fold_point(id, over, folded..hour, &mut days)?;
                left.insert(id, rest);
            }
            store.connection.execute("DELETE FROM tail", [])?;
            if let Some(until) = until {
                store.append_tail(&left, until)?;
            }
            store.set_meta("folded", hour)?;
            store.sum_up_days(&days, hour.div_euclid(24))?;
            Ok(true)
        })
    }

    /// Adds samples of the past to a point, which may lie between others.
    ///
    /// # Errors
    /// When it cannot be written; then none of it is.
    pub fn add(&mut self, id: i64, samples: Vec<Sample>, now: i64) -> Result<()> {
        self.fold(now)?;
        self.at_once(|store| {
            let hour = now.div_euclid(HOUR);
            let (over, rest): (Vec<_>, Vec<_>) = samples.into_iter().partition(|sample| sample.t < hour * HOUR);
            let mut days = BTreeSet::new();
            store.fold_point(id, over, hour..hour, &mut days)?;
            if !rest.is_empty() {
                let until = store.told_until()?.unwrap_or(now);
                store.append_tail(&BTreeMap::from([(id, rest)]), until)?;
            }
            store.sum_up_days(&days, hour.div_euclid(24))
        })
    }

    /// Folds samples of a point into its hours: those in which it has any, and `hours` as long as it has a value.
    fn fold_point(
        &self,
        id: i64,
        mut samples: Vec<Sample>,
        hours: std::ops::Range<i64>,
        days: &mut BTreeSet<(i64, i64)>,
    ) -> Result<()> {
        samples.sort_by_key(|sample| sample.t);
        let mut rest = &samples[..];
        let next_of = |rest: &[Sample]| rest.first().map(|sample| sample.t.div_euclid(HOUR));
        let mut hour = next_of(rest).unwrap_or(hours.start).min(hours.start);
        let mut carried = self.last_of_hour(id, hour - 1)?;
        let mut quiet = 0;
        loop {
            let (of_hour, later) = rest.split_at(rest.partition_point(|sample| sample.t.div_euclid(HOUR) <= hour));
            rest = later;
            quiet = if of_hour.is_empty() { quiet + 1 } else { 0 };
            let goes_on = carried.is_some() && hours.contains(&hour) && quiet <= CARRIED_HOURS;
            if of_hour.is_empty() && !goes_on {
                let Some(next) = next_of(rest) else { return Ok(()) };
                hour = next;
                carried = self.last_of_hour(id, hour - 1)?;
                continue;
            }
            let mut merged: Vec<Sample> = Vec::new();
            merged.extend(carried.map(|value| Sample { t: hour * HOUR, value: Some(value) }));
            merged.extend(self.hour(id, hour)?.unwrap_or_default());
            merged.extend(of_hour);
            put_in_order(&mut merged);
            carried = merged.last().and_then(|sample| sample.value);
            self.put("raw", key(hour, id), &pack(&merged))?;
            days.insert((hour.div_euclid(24), id));
            hour += 1;
        }
    }

    /// Sums up the days of these points that are over, and all days since the last time.
    fn sum_up_days(&self, changed: &BTreeSet<(i64, i64)>, today: i64) -> Result<()> {
        let first = self.connection.query_row("SELECT min(key) FROM raw", [], |row| row.get::<_, Option<i64>>(0))?;
        let first = first.map_or(today, |key| (key >> POINT_BITS).div_euclid(24));
        let from = self.meta("summed")?.unwrap_or(first).max(first);
        let mut due: BTreeSet<(i64, i64)> = changed.iter().filter(|(day, _)| *day < today).copied().collect();
        for day in from..today {
            due.extend(self.points_of("raw", day * 24, day * 24 + 24)?.into_iter().map(|id| (day, id)));
        }
        for (day, id) in due {
            self.sum_up_day(day, id)?;
        }
        if self.meta("summed")? != Some(today) {
            self.set_meta("summed", today)?;
        }
        Ok(())
    }

    fn sum_up_day(&self, day: i64, id: i64) -> Result<()> {
        let samples = self.samples(id, day * 24, day * 24 + 24)?;
        let edges: Vec<i64> = (0..=DAY / FIVE).map(|five| day * DAY + five * FIVE).collect();
        let fives = sum_up(&samples, (day + 1) * DAY, &edges);
        let hours: Vec<Sum> = fives
            .chunks((HOUR / FIVE) as usize)
            .map(|fives| {
                let mut hour = Sum::NOTHING;
                fives.iter().for_each(|five| hour.add(five));
                hour
            })
            .collect();
        self.put("fives", key(day, id), &pack_sums(&fives))?;
        self.put("hours", key(day, id), &pack_sums(&hours))
    }

    /// The folded samples of a point in some hours, with the last one before. Where an hour is missing, nothing is known.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn samples(&self, id: i64, from_hour: i64, to_hour: i64) -> Result<Vec<Sample>> {
        let mut all = Vec::new();
        if let Some(value) = self.last_of_hour(id, from_hour - 1)? {
            all.push(Sample { t: from_hour * HOUR - 1, value: Some(value) });
        }
        for hour in from_hour..to_hour {
            match self.hour(id, hour)? {
                Some(samples) => all.extend(samples),
                None => all.push(Sample { t: hour * HOUR, value: None }),
            }
        }
        put_in_order(&mut all);
        Ok(all)
    }

    fn hour(&self, id: i64, hour: i64) -> Result<Option<Vec<Sample>>> {
        let key = key(hour, id);
        self.get("raw", key)?.map(|data| samples_of(key, &data)).transpose()
    }

    fn last_of_hour(&self, id: i64, hour: i64) -> Result<Option<f64>> {
        Ok(self.hour(id, hour)?.and_then(|samples| samples.last()?.value))
    }

    /// The numbers of the points that have rows in some hours or days.
    fn points_of(&self, table: &str, from: i64, to: i64) -> Result<BTreeSet<i64>> {
        let sql = format!("SELECT DISTINCT key & {POINT_MASK} FROM {table} WHERE key >= ?1 AND key < ?2");
        let mut rows = self.connection.prepare_cached(&sql)?;
        let rows = rows.query_map([key(from, 0), key(to, 0)], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    pub(super) fn get(&self, table: &str, key: i64) -> Result<Option<Vec<u8>>> {
        let mut row = self.connection.prepare_cached(&format!("SELECT data FROM {table} WHERE key = ?1"))?;
        Ok(row.query_row([key], |row| row.get(0)).optional()?)
    }

    fn put(&self, table: &str, key: i64, data: &[u8]) -> Result<()> {
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

/// The key of a row of a point, by the number of its hour or day, or by its time.
pub(super) fn key(time: i64, id: i64) -> i64 {
    time << POINT_BITS | id
}

fn samples_of(key: i64, data: &[u8]) -> Result<Vec<Sample>> {
    unpack(data).ok_or_else(|| Error::Damaged(format!("row {key} of readings")))
}

fn take_packed(rest: &mut &[u8]) -> Option<(i64, Vec<Sample>)> {
    let id = i64::try_from(pack::take(rest)?).ok()?;
    let length = usize::try_from(pack::take(rest)?).ok()?;
    let (packed, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((id, unpack(packed)?))
}
