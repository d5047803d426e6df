//! Hours that are over become a row for each point, days that are over become sums.

use super::{
    course::{Sum, pack_sums, put_in_order, sum_up},
    pack::{Sample, pack, unpack},
    points::Shape,
    store::{DAY, Error, FIVE, HOUR, POINT_BITS, POINT_MASK, Result, Store, key},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A value is carried on for so many hours of which nothing was folded; more is a mistake of a clock.
const CARRIED_HOURS: i64 = 100;

/// So many samples are added at once; each time another hearthd may wait.
const AT_ONCE: usize = 20_000;
/// So long it has time to write.
const PAUSE: Duration = Duration::from_millis(200);

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
            // A first run may have waited long for the time.
            let first = tail.values().flatten().map(|sample| sample.t.div_euclid(HOUR)).min();
            let folded = store.meta("folded")?.unwrap_or(first.unwrap_or(hour).min(hour));
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

    /// Adds samples of the past to a point, which may lie between others; where one says that nothing is known, it is again
    /// what it was. Bit by bit, so that a hearthd that is writing meanwhile need not wait.
    ///
    /// # Errors
    /// When it cannot be written; then some of it is, and the same can be added again.
    pub fn add(&mut self, id: i64, kind: Shape, samples: Vec<Sample>, now: i64) -> Result<()> {
        // What is known is carried on as far as it is told, by a run that may have been killed since.
        let until = self.told_until()?.unwrap_or(now);
        if self.meta("folded")?.is_none_or(|folded| folded < until.div_euclid(HOUR)) {
            self.fold(until)?;
        }
        let samples = self.fitted(id, kind, samples, until)?;
        for (place, part) in samples.chunks(AT_ONCE).enumerate() {
            if place > 0 {
                std::thread::sleep(PAUSE);
            }
            self.at_once(|store| store.add_part(id, part, until))?;
        }
        Ok(())
    }

    /// Samples between those that are there, which are told of until then.
    fn fitted(&self, id: i64, kind: Shape, samples: Vec<Sample>, until: i64) -> Result<Vec<Sample>> {
        let tail = self.tail_of(id)?;
        let (mut fitted, mut is_gap, mut total) = (Vec::with_capacity(samples.len()), false, None);
        for Sample { t, mut value } in samples {
            match value {
                None if t <= until => value = self.value_at(id, t, &tail)?,
                None => {}
                // What a meter grew by while nobody read it counts when it is read again.
                Some(read) if kind == Shape::Total => {
                    let before = total.replace(read).filter(|before| is_gap && *before < read);
                    if before.is_some() && self.value_at(id, t - 1, &tail)?.is_none() {
                        fitted.push(Sample { t: t - 1, value: before });
                    }
                }
                Some(_) => {}
            }
            is_gap = value.is_none();
            fitted.push(Sample { t, value });
        }
        Ok(fitted)
    }

    fn add_part(&self, id: i64, part: &[Sample], until: i64) -> Result<()> {
        let hour = self.meta("folded")?.unwrap_or(until.div_euclid(HOUR));
        let (over, rest): (Vec<_>, Vec<_>) = part.iter().partition(|sample| sample.t < hour * HOUR);
        let mut days = BTreeSet::new();
        self.fold_point(id, over, hour..hour, &mut days)?;
        if !rest.is_empty() {
            let until = self.told_until()?.unwrap_or(until);
            self.append_tail(&BTreeMap::from([(id, rest)]), until)?;
        }
        self.sum_up_days(&days, hour.div_euclid(24))
    }

    /// What a point was at a time, with what is not folded of it; None: that was not known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn value_at(&self, id: i64, t: i64, tail: &[Sample]) -> Result<Option<f64>> {
        let mut samples = Vec::new();
        if let Some(folded) = self.meta("folded")? {
            // What was known in the last hour that is folded goes on.
            let hour = t.div_euclid(HOUR).min(folded - 1);
            samples = self.samples(id, hour, hour + 1)?;
        }
        samples.extend(tail);
        put_in_order(&mut samples);
        Ok(samples.iter().rev().find(|sample| sample.t <= t).and_then(|sample| sample.value))
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
