//! What was seen and is not written yet: dated, compared with what was so before, and bounded.

use super::{
    pack::Sample,
    points::{Known, Series, Shape},
    recorder,
    store::NO_POINT,
    tail::{Batch, Entry},
};
use crate::{
    clock::{Moment, Now},
    model::{Config, Kind, Zone},
};
use std::{collections::BTreeMap, sync::Arc};

/// So many samples and entries wait for a disk that takes none, or for a clock that is not set: a few megabytes.
pub(super) const WAITING_MAX: usize = 100_000;
/// When so many wait, they are written before it is time.
const MANY: usize = WAITING_MAX / 10;
/// A clock that moves by so much more or less than time does was set.
const JUMP_MS: i64 = 60_000;

/// A point, by its place in `Pending::points`.
pub(super) type Local = usize;

/// Something to be recorded, as soon as it is known when it was.
pub(super) enum News {
    Value(Local, Option<f64>),
    Entry(Option<Local>, String, Option<String>),
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Pending {
    /// Every point seen in this run, and its number in the file, as far as that is known.
    pub points: Vec<(Known, Option<i64>)>,
    named: BTreeMap<Series, Local>,
    pub config: Option<Arc<Config>>,
    /// The points of the configuration, in their order.
    pub places: Vec<Local>,
    /// What is not written yet.
    samples: BTreeMap<Local, Vec<Sample>>,
    entries: Vec<(i64, Option<Local>, String, Option<String>)>,
    pub waiting: usize,
    /// What was seen while it was not known when that was.
    pub undated: Vec<(Moment, News)>,
    /// What the samples say of each point last.
    pub values: BTreeMap<Local, f64>,
    /// What the log says of each point last.
    pub logged: BTreeMap<Local, String>,
    /// What it said when the file was opened first, of points that are not met yet.
    pub logged_before: BTreeMap<Series, String>,
    /// What each meter said last, also while it is not known what it says.
    totals: BTreeMap<Local, f64>,
    /// What it said when the file was opened first, of meters that are not met yet.
    pub totals_before: BTreeMap<Series, f64>,
    /// The last time that was known.
    pub last: Option<Now>,
    /// There are samples of the future, up to then, ms: the clock was set back. Then the values are to be told again.
    pub ahead: Option<i64>,
    pub lost: u64,
}

impl Pending {
    pub fn zone(&self) -> Zone {
        self.config.as_ref().map_or(Zone::UTC, |config| config.hub.timezone)
    }

    /// Another configuration is in force: what is no point any more is not known any more.
    pub fn meet(&mut self, config: Arc<Config>, now: Now) {
        let places = config.specs().iter().map(|spec| {
            let known = recorder::known(spec);
            let series = known.series();
            // What was renamed goes on, unless there is more under its new name.
            for was in known.was.iter().rev() {
                if self.named.contains_key(&series) {
                    break;
                }
                let was = (was.clone(), series.1.clone());
                if let Some(local) = self.named.remove(&was) {
                    self.named.insert(series.clone(), local);
                    continue;
                }
                if let Some(text) = self.logged_before.remove(&was) {
                    self.logged_before.entry(series.clone()).or_insert(text);
                }
                if let Some(total) = self.totals_before.remove(&was) {
                    self.totals_before.entry(series.clone()).or_insert(total);
                }
            }
            let local = match self.named.get(&series) {
                Some(local) => *local,
                None => {
                    let local = self.points.len();
                    self.logged.extend(self.logged_before.remove(&series).map(|text| (local, text)));
                    self.totals.extend(self.totals_before.remove(&series).map(|total| (local, total)));
                    self.named.insert(series, local);
                    self.points.push((known.clone(), None));
                    local
                }
            };
            // Its name may have been another series' meanwhile.
            if self.points[local].0 != known || !self.places.contains(&local) {
                self.points[local] = (known, None);
            }
            local
        });
        let places: Vec<Local> = places.collect();
        for gone in self.values.keys().copied().filter(|local| !places.contains(local)).collect::<Vec<_>>() {
            self.record(now, News::Value(gone, None));
        }
        (self.places, self.config) = (places, Some(config));
    }

    /// Has the points that have no number in the file get one. Those of the configuration come last, since a name is theirs.
    ///
    /// # Errors
    /// The first; the others have theirs.
    pub fn number<E>(&mut self, mut number_of: impl FnMut(&Known) -> Result<i64, E>) -> Result<(), E> {
        let without = (0..self.points.len()).filter(|local| self.points[*local].1.is_none());
        let (present, gone): (Vec<Local>, Vec<Local>) = without.partition(|local| self.places.contains(local));
        let mut result = Ok(());
        for local in gone.into_iter().chain(present) {
            match number_of(&self.points[local].0) {
                Ok(number) => self.points[local].1 = Some(number),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// The file is closed: another may have other numbers.
    pub fn forget_numbers(&mut self) {
        self.points.iter_mut().for_each(|(_, number)| *number = None);
    }

    /// The point of this name.
    pub fn local(&self, name: &str) -> Option<Local> {
        self.places.iter().copied().find(|local| self.points[*local].0.name == name)
    }

    /// Time went on: what could not be dated can be, or the clock was set.
    pub fn date(&mut self, now: Now) {
        if !now.wall_known {
            return;
        }
        let t = now.wall.timestamp_millis();
        if let Some(last) = self.last.replace(now) {
            let expected = last.wall.timestamp_millis() + (now.moment.as_millis() - last.moment.as_millis());
            if t - expected > JUMP_MS {
                // Between the two nothing is known; from now on, what is.
                let values = self.values.clone();
                values.keys().for_each(|local| self.push(*local, Sample { t: expected, value: None }));
                values.into_iter().for_each(|(local, value)| self.push(local, Sample { t, value: Some(value) }));
            } else if expected - t > JUMP_MS {
                self.ahead = self.ahead.max(Some(expected));
                self.tell_again(t);
            }
        }
        if self.ahead.is_some_and(|ahead| t > ahead) {
            self.ahead = None;
            self.tell_again(t);
        }
        for (moment, news) in std::mem::take(&mut self.undated) {
            self.record(Now { wall: now.wall_at(moment), moment, wall_known: true }, news);
        }
    }

    /// Whatever older samples say, these are the values.
    pub fn tell_again(&mut self, t: i64) {
        for (local, value) in self.values.clone() {
            self.push(local, Sample { t, value: Some(value) });
        }
    }

    pub fn record(&mut self, now: Now, news: News) {
        if !now.wall_known {
            if self.undated.len() < WAITING_MAX {
                self.undated.push((now.moment, news));
            } else {
                self.lose(1);
            }
            return;
        }
        let t = now.wall.timestamp_millis();
        match news {
            News::Value(local, value) => {
                let before = self.values.get(&local).copied();
                if before == value {
                    return;
                }
                // What a meter grew by while nobody could read it counts when it is read again.
                let total = self.totals.get(&local).copied().filter(|total| value.is_some_and(|value| *total < value));
                if before.is_none() && total.is_some() {
                    self.push(local, Sample { t: t - 1, value: total });
                }
                self.push(local, Sample { t, value });
            }
            News::Entry(local, text, why) => {
                // Of a state it is told what is new; each click and each notice is new.
                let is_state = local.is_some_and(|local| self.is_state(local));
                if let Some(local) = local.filter(|_| is_state) {
                    if self.logged.get(&local).is_some_and(|last| *last == text) {
                        return;
                    }
                    self.logged.insert(local, text.clone());
                }
                self.entries.push((t, local, text, why));
                self.waiting += 1;
            }
        }
        if self.waiting > WAITING_MAX {
            self.give_up(t);
        }
    }

    /// Whether the log tells what it is, not what happened.
    fn is_state(&self, local: Local) -> bool {
        let spec = self.config.as_ref().and_then(|config| {
            let place = self.places.iter().position(|place| *place == local)?;
            config.specs().get(place)
        });
        spec.is_none_or(|spec| !matches!(spec.kind, Kind::Event(_)))
    }

    pub fn push(&mut self, local: Local, sample: Sample) {
        match sample.value {
            Some(value) => self.values.insert(local, value),
            None => self.values.remove(&local),
        };
        if self.points[local].0.kind == Shape::Total {
            self.totals.extend(sample.value.map(|total| (local, total)));
        }
        self.samples.entry(local).or_default().push(sample);
        self.waiting += 1;
    }

    /// There is no room to wait for the disk any longer: what waited is lost, and it is recorded that nothing is known of it.
    fn give_up(&mut self, now: i64) {
        self.lose(self.waiting as u64);
        let first = self.samples.values().filter_map(|samples| Some(samples.first()?.t)).min();
        let gap = first.unwrap_or(now);
        let locals: Vec<Local> = std::mem::take(&mut self.samples).into_keys().collect();
        self.entries.clear();
        self.waiting = 0;
        let values = self.values.clone();
        for local in locals {
            self.push(local, Sample { t: gap, value: None });
            if let Some(value) = values.get(&local) {
                self.push(local, Sample { t: now, value: Some(*value) });
            }
        }
    }

    fn lose(&mut self, count: u64) {
        if self.lost == 0 {
            tracing::error!(
                "the history loses what it cannot write: more than {WAITING_MAX} changes wait for the disk or the time"
            );
        }
        self.lost += count;
    }

    /// Whether they are too many to wait on.
    pub fn is_many(&self) -> bool {
        self.waiting >= MANY
    }

    /// It is written.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.entries.clear();
        self.waiting = 0;
    }

    /// What waits, by the numbers of the file; without what has none there.
    pub fn batch(&self) -> Batch {
        let number = |local: Local| self.points[local].1;
        let samples = self.samples.iter().filter_map(|(local, samples)| Some((number(*local)?, samples.clone())));
        let log = self.entries.iter().filter_map(|(t, local, value, why)| {
            let id = local.map_or(Some(NO_POINT), number)?;
            Some(Entry { t: *t, id, value: value.clone(), why: why.clone() })
        });
        Batch { samples: samples.collect(), log: log.collect() }
    }
}
