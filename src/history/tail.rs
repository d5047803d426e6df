//! The tail: what each commit appends, until it is folded, and the log beside it.

use super::{
    fold::samples_of,
    pack::{self, Sample, pack, unpack},
    store::{Error, HOUR, POINT_BITS, POINT_MASK, Result, Store, key},
};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;

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

impl Store {
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

    pub(super) fn append_tail(&self, samples: &Samples, now: i64) -> Result<()> {
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
}

fn take_packed(rest: &mut &[u8]) -> Option<(i64, Vec<Sample>)> {
    let id = i64::try_from(pack::take(rest)?).ok()?;
    let length = usize::try_from(pack::take(rest)?).ok()?;
    let (packed, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((id, unpack(packed)?))
}
