//! Hours that are over become a row for each point, days that are over become sums.

use super::{
    course::{Sum, pack_sums, put_in_order, sum_up},
    pack::{Sample, pack, unpack},
    store::{DAY, Error, FIVE, HOUR, POINT_BITS, POINT_MASK, Result, Store, key},
};
use std::collections::{BTreeMap, BTreeSet};

/// A value is carried on for so many hours of which nothing was folded; more is a mistake of a clock.
const CARRIED_HOURS: i64 = 100;

impl Store {
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
}

pub(super) fn samples_of(key: i64, data: &[u8]) -> Result<Vec<Sample>> {
    unpack(data).ok_or_else(|| Error::Damaged(format!("row {key} of readings")))
}
