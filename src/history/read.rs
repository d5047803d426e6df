//! Answers about the past: what is folded from its sums, the rest from the samples themselves.

use super::{
    course::{Sum, put_in_order, sum_up, unpack_sums},
    pack::Sample,
    points::{Known, Shape},
    store::{DAY, Error, FIVE, HOUR, NO_POINT, POINT_BITS, POINT_MASK, Result, Store, key},
    tail::{Batch, Entry},
    times,
};
use crate::{
    house::{Ask, Change, Course, NoCourse, Span, UNKNOWN},
    model::{Zone, duration, nearest},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::time::Duration;

/// No answer has more spans,
const SPANS_MAX: usize = 5_000;
/// nor more changes.
const CHANGES_MAX: usize = 2_000;
/// Of more time than this, spans are made of sums, and changes of inputs are told of no more: samples are read into memory.
const RAW_MOST: i64 = 2 * DAY;
const SWITCHED_MOST: i64 = 7 * DAY;
/// When nobody says how many.
const SPANS: usize = 300;
const A_DAY: TimeDelta = TimeDelta::days(1);
/// Watts over milliseconds in a kilowatt-hour.
const PER_KWH: f64 = 3.6e9;
/// What is asked for what rules had to say.
const NOTICES: &str = "notices";

/// What the file does not tell.
pub(super) struct Present<'p> {
    /// The time now.
    pub now: DateTime<Utc>,
    /// Up to when something is known, which is now while it is recorded.
    pub until: DateTime<Utc>,
    /// The zone of the house.
    pub zone: Zone,
    /// What is not written yet.
    pub pending: &'p Batch,
}

/// What became of a point.
///
/// # Errors
/// When the file cannot be read; inside, when the question is wrong.
pub(super) fn course(store: &Store, ask: &Ask, present: &Present<'_>) -> Result<std::result::Result<Course, NoCourse>> {
    // All of it at one moment, whoever else writes meanwhile.
    let _moment = store.connection.unchecked_transaction()?;
    let (id, known) = match find(store, &ask.point)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let wanted = match Wanted::read(ask, present) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Err(NoCourse::Wrong(why))),
    };
    // The first hour of which more is left than sums.
    let raw_from = match (first(store, "fives")?, first(store, "raw")?) {
        (Some(day), Some(hour)) if day < hour.div_euclid(24) => hour * HOUR,
        (Some(_), None) => i64::MAX,
        _ => i64::MIN,
    };
    let Some(edges) = wanted.edges(raw_from, present.zone) else {
        return Ok(Err(NoCourse::Wrong(wanted.too_many())));
    };
    let course = Reader { store, id, known, present, edges };
    course.answer().map(Ok)
}

pub(super) fn find(store: &Store, name: &str) -> Result<std::result::Result<(i64, Known), NoCourse>> {
    // A report asks thousands of times: a house's points are looked through only for who writes a name by hand.
    if let Some(found) = store.point(name)? {
        return Ok(Ok(found));
    }
    if name == NOTICES {
        let (name, title) = (NOTICES.to_owned(), "Notices".to_owned());
        let known = Known { name, was: Vec::new(), title, kind: Shape::Word, unit: String::new(), decimals: None };
        return Ok(Ok((NO_POINT, known)));
    }
    let points = store.points()?;
    let near = nearest(name, points.iter().map(|(_, known)| &*known.name).chain([NOTICES]));
    let advice = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "`hearthd status` lists the points".into(),
    };
    Ok(Err(NoCourse::UnknownPoint(format!("{name}: nothing was recorded of such a point; {advice}"))))
}

/// A question, understood.
struct Wanted {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    every: Duration,
}

impl Wanted {
    fn read(ask: &Ask, present: &Present<'_>) -> std::result::Result<Wanted, String> {
        let time = |text: &Option<String>, name: &str| {
            let time = text.as_deref().map(|text| times::parse(text, present.zone, present.now));
            time.transpose().map_err(|why| format!("{name}: {why}"))
        };
        let to = time(&ask.to, "to")?.unwrap_or(present.now);
        let from = time(&ask.from, "from")?.or_else(|| to.checked_sub_signed(A_DAY)).unwrap_or(to);
        if from >= to {
            let shown = |time: DateTime<Utc>| local(time, present.zone);
            return Err(format!(
                "from {} is not before to {}; write an earlier from, or a later to",
                shown(from),
                shown(to)
            ));
        }
        let every = ask.every.as_deref().map(duration::parse).transpose().map_err(|why| format!("every: {why}"))?;
        if every.is_some_and(|every| every < Duration::from_secs(1)) {
            return Err("every: spans are no shorter than a second; write \"1s\" or more".into());
        }
        let spans = ask.spans.unwrap_or(SPANS).clamp(1, SPANS_MAX);
        let every = every.unwrap_or_else(|| times::step(from, to, spans));
        Ok(Wanted { from, to, every })
    }

    /// The edges of the spans. Where only sums are left, they are no finer than those.
    fn edges(&self, raw_from: i64, zone: Zone) -> Option<Vec<i64>> {
        let edges = times::edges(self.from, self.to, self.every, zone, SPANS_MAX)?;
        let is_short = edges[edges.len() - 1] - edges[0] <= RAW_MOST;
        if edges[0] >= raw_from && is_short || are_multiples(&edges, FIVE) {
            return Some(edges);
        }
        let five = Duration::from_millis(FIVE.unsigned_abs());
        let fives = self.every.as_millis().div_ceil(five.as_millis());
        let every = five * u32::try_from(fives).ok()?;
        times::edges(self.from, self.to, every, zone, SPANS_MAX)
    }

    fn too_many(&self) -> String {
        let advice = times::step(self.from, self.to, SPANS_MAX);
        format!(
            "spans of {} are more than {SPANS_MAX} in that time; write every as {} or more, or ask for less time",
            duration::spell(self.every),
            duration::spell(advice)
        )
    }
}

/// The time in the unit of its table at which its first row is.
fn first(store: &Store, table: &str) -> Result<Option<i64>> {
    let first = store.connection.query_row(&format!("SELECT min(key) FROM {table}"), [], |row| row.get(0));
    Ok(first.map(|first: Option<i64>| first.map(|first| first >> POINT_BITS))?)
}

fn are_multiples(edges: &[i64], of: i64) -> bool {
    edges.iter().all(|edge| edge % of == 0)
}

struct Reader<'r> {
    store: &'r Store,
    id: i64,
    known: Known,
    present: &'r Present<'r>,
    edges: Vec<i64>,
}

impl Reader<'_> {
    fn answer(self) -> Result<Course> {
        let (first, last) = (self.edges[0], self.edges[self.edges.len() - 1]);
        // Of what has only words, there is nothing to sum up.
        let sums = if self.known.kind == Shape::Word { Vec::new() } else { self.sums()? };
        let (changes, more) = self.changes(first, last.min(self.present.until.timestamp_millis() + 1))?;
        let spans = self.edges.iter().zip(&sums).filter(|(_, sum)| sum.known_ms > 0);
        let spans = spans.filter_map(|(t, sum)| self.span(*t, sum)).collect();
        let Known { name, title, kind, unit, decimals, .. } = &self.known;
        Ok(Course {
            id: name.clone(),
            name: title.clone(),
            kind: kind.word().into(),
            unit: (!unit.is_empty()).then(|| unit.clone()),
            decimals: *decimals,
            from: self.time(first),
            to: self.time(last),
            every_s: (self.edges[1] - first) as f64 / 1e3,
            spans,
            changes,
            more,
        })
    }

    fn time(&self, t: i64) -> String {
        local(DateTime::from_timestamp_millis(t).unwrap_or_default(), self.present.zone)
    }

    fn span(&self, t: i64, sum: &Sum) -> Option<Span> {
        let kind = self.known.kind;
        let can_be_on = matches!(kind, Shape::Switch | Shape::Level);
        let is_power = kind == Shape::Number && self.known.unit == "W";
        // As many decimals as are shown, and two more: what the sums hold.
        let digits = 10f64.powi(i32::try_from(self.known.decimals.unwrap_or(2)).unwrap_or(2) + 2);
        let round = |value: f64| (value * digits).round() / digits;
        Some(Span {
            time: self.time(t),
            known_s: sum.known_ms as f64 / 1e3,
            min: sum.min,
            mean: round(sum.mean()?),
            max: sum.max,
            on_s: can_be_on.then_some(sum.on_ms as f64 / 1e3),
            starts: can_be_on.then_some(sum.starts),
            grew: (kind == Shape::Total).then(|| round(sum.rose)),
            energy_kwh: is_power.then(|| (sum.integral / PER_KWH * 1e6).round() / 1e6),
        })
    }

    fn sums(&self) -> Result<Vec<Sum>> {
        let edges = &self.edges;
        let mut sums = vec![Sum::NOTHING; edges.len() - 1];
        let (first_edge, last_edge) = (edges[0], edges[edges.len() - 1]);
        let table = [("hours", HOUR), ("fives", FIVE)].into_iter().find(|(_, width)| are_multiples(edges, *width));
        let mut from = first_edge;
        if let Some((table, width)) = table {
            let summed = self.store.meta("summed")?.unwrap_or(0);
            let first_day = first(self.store, table)?.unwrap_or(summed).max(first_edge.div_euclid(DAY));
            let end = (summed * DAY).min(last_edge);
            let mut place = 0;
            for day in first_day..(end + DAY - 1).div_euclid(DAY) {
                let Some(data) = self.store.get(table, key(day, self.id))? else { continue };
                let day_sums = unpack_sums(&data).ok_or_else(|| Error::Damaged(format!("day {day} of sums")))?;
                for (number, sum) in day_sums {
                    let t = day * DAY + number as i64 * width;
                    if (first_edge..end).contains(&t) {
                        while edges[place + 1] <= t {
                            place += 1;
                        }
                        sums[place].add(&sum);
                    }
                }
            }
            from = end.max(first_edge);
        }
        if from < last_edge {
            let rest: Vec<i64> = edges.iter().map(|edge| *edge.max(&from)).collect();
            let samples = self.samples(from, last_edge)?;
            let end = last_edge.min(self.present.until.timestamp_millis());
            sums.iter_mut().zip(sum_up(&samples, end, &rest)).for_each(|(sum, more)| sum.add(&more));
        }
        Ok(sums)
    }

    /// All samples of some time, with the one before.
    fn samples(&self, from: i64, to: i64) -> Result<Vec<Sample>> {
        let folded = self.store.meta("folded")?.unwrap_or(0);
        let hour = from.div_euclid(HOUR).max(first(self.store, "raw")?.unwrap_or(folded));
        let until = folded.min(to.div_euclid(HOUR) + 1);
        let mut samples = self.store.samples(self.id, hour, until.max(hour))?;
        samples.extend(self.store.tail_of(self.id)?);
        samples.extend(self.present.pending.samples.get(&self.id).into_iter().flatten());
        put_in_order(&mut samples);
        Ok(samples)
    }

    /// What it became within some time, and whether there is more.
    fn changes(&self, from: i64, to: i64) -> Result<(Vec<Change>, bool)> {
        let is_of = |entry: &&Entry| entry.id == self.id && (from..to).contains(&entry.t);
        let mut entries: Vec<Entry> = self.present.pending.log.iter().filter(is_of).cloned().collect();
        entries.reverse();
        let mut rows = self.store.connection.prepare_cached(&entries_query())?;
        let mut rows = rows.query([key(from, 0), key(to, 0), self.id])?;
        while let Some(row) = rows.next()? {
            let t: i64 = row.get(0)?;
            entries.push(Entry { t: t >> POINT_BITS, id: self.id, value: row.get(1)?, why: row.get(2)? });
        }
        if entries.is_empty() && self.known.kind == Shape::Switch {
            entries = self.switched(from, to)?;
        }
        let more = entries.len() > CHANGES_MAX;
        entries.truncate(CHANGES_MAX);
        let change = |entry: Entry| Change { time: self.time(entry.t), value: entry.value, why: entry.why };
        Ok((entries.into_iter().rev().map(change).collect(), more))
    }

    /// The changes of a switch of which the log says nothing, the newest first, as far back as its samples are kept.
    fn switched(&self, from: i64, to: i64) -> Result<Vec<Entry>> {
        let samples = self.samples(from.max(to - SWITCHED_MOST), to)?;
        let word = |value: Option<f64>| match value {
            Some(value) if value > 0.0 => "ON",
            Some(_) => "OFF",
            None => UNKNOWN,
        };
        // The first was so before, or it is the first that is known.
        let changed = samples.windows(2).map(|pair| pair[1]).filter(|sample| (from..to).contains(&sample.t));
        let mut entries: Vec<Entry> = changed
            .map(|sample| Entry { t: sample.t, id: self.id, value: word(sample.value).into(), why: None })
            .collect();
        entries.reverse();
        Ok(entries)
    }
}

/// The newest entries of a point (?3) between two keys, one more than are told.
pub(super) fn entries_query() -> String {
    format!(
        "SELECT key, value, why FROM log WHERE key >= ?1 AND key < ?2 AND key & {POINT_MASK} = ?3
         ORDER BY key DESC LIMIT {}",
        CHANGES_MAX + 1
    )
}

/// A time for people and programs, in the zone of the house.
fn local(time: DateTime<Utc>, zone: Zone) -> String {
    let format = if time.timestamp_subsec_millis() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    time.with_timezone(&zone).to_rfc3339_opts(format, false)
}
