//! The tail: what each commit appends, until it is folded, and the log beside it.

use super::{
    course::put_in_order,
    fold::samples_of,
    pack::{self, Sample, pack, unpack},
    points::{Series, Shape},
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

/// So many hours are looked back for what a meter said last.
const METER_BACK: i64 = 7 * 24;
/// More entries of a point than this at the same time are none.
const AT_ONCE: i64 = 1_000;

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
                for t in *t..*t + AT_ONCE {
                    if insert.execute(params![key(t, *id), value, why])? == 1 {
                        break;
                    }
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
        let mut samples = Samples::new();
        let until = self.each_of_tail(|id, packed| {
            samples.entry(id).or_default().extend(unpack(packed)?);
            Some(())
        })?;
        Ok((samples, until))
    }

    /// Those of one point, in the order in which they were written.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tail_of(&self, point: i64) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        self.each_of_tail(|id, packed| {
            if id == point {
                samples.extend(unpack(packed)?);
            }
            Some(())
        })?;
        Ok(samples)
    }

    fn each_of_tail(&self, mut take: impl FnMut(i64, &[u8]) -> Option<()>) -> Result<Option<i64>> {
        let mut rows = self.connection.prepare_cached("SELECT until, data FROM tail ORDER BY number")?;
        let mut rows = rows.query([])?;
        let mut until = None;
        while let Some(row) = rows.next()? {
            until = Some(row.get(0)?);
            let mut rest = row.get_ref(1)?.as_blob().map_err(|error| Error::Damaged(error.to_string()))?;
            while !rest.is_empty() {
                let taken = take_packed(&mut rest).and_then(|(id, packed)| take(id, packed));
                taken.ok_or_else(|| Error::Damaged("in the tail".into()))?;
            }
        }
        Ok(until)
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

    /// Says that after `until` nothing is known of any point: what was known when hearthd ended was not known afterwards.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_values(&mut self, until: i64) -> Result<()> {
        let mut unknown = Samples::new();
        for (id, _) in self.points()? {
            if self.value_at(id, until, &self.tail_of(id)?)?.is_some() {
                unknown.insert(id, vec![Sample { t: until + 1, value: None }]);
            }
        }
        if unknown.is_empty() { Ok(()) } else { self.append(&Batch { samples: unknown, log: Vec::new() }, until + 1) }
    }

    /// The end of all that it tells, which is later than [`Store::told_until`] where a clock was set back.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn latest(&self) -> Result<Option<i64>> {
        let raw: Option<i64> = self.connection.query_row("SELECT max(key) FROM raw", [], |row| row.get(0))?;
        let tail = self.tail()?.0;
        let last = tail.values().flatten().map(|sample| sample.t).max();
        Ok(last.max(raw.map(|key| ((key >> POINT_BITS) + 1) * HOUR)))
    }

    /// What each meter said last, within [`METER_BACK`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_totals(&self) -> Result<BTreeMap<Series, f64>> {
        let mut totals = BTreeMap::new();
        let folded = self.meta("folded")?.unwrap_or(0);
        for (id, known) in self.points()?.into_iter().filter(|(_, known)| known.kind == Shape::Total) {
            let mut tail = self.tail_of(id)?;
            put_in_order(&mut tail);
            let mut value = last_known(&tail);
            let sql =
                format!("SELECT key, data FROM raw WHERE key >= ?1 AND key & {POINT_MASK} = ?2 ORDER BY key DESC");
            let mut rows = self.connection.prepare_cached(&sql)?;
            let mut rows = rows.query([key(folded - METER_BACK, 0), id])?;
            while value.is_none()
                && let Some(row) = rows.next()?
            {
                let (of, data): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
                value = last_known(&samples_of(of, &data)?);
            }
            totals.extend(value.map(|value| (known.series(), value)));
        }
        Ok(totals)
    }

    /// Of each point, what the log said of it last, as far back as so many rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn last_entries(&self, rows: i64) -> Result<BTreeMap<Series, String>> {
        let names: BTreeMap<i64, Series> = self.points()?.into_iter().map(|(id, known)| (id, known.series())).collect();
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

fn take_packed<'d>(rest: &mut &'d [u8]) -> Option<(i64, &'d [u8])> {
    let id = i64::try_from(pack::take(rest)?).ok()?;
    let length = usize::try_from(pack::take(rest)?).ok()?;
    let (packed, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((id, packed))
}

fn last_known(samples: &[Sample]) -> Option<f64> {
    samples.iter().rev().find_map(|sample| sample.value)
}
