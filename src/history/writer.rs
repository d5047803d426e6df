//! The thread that writes: takes what is new, keeps it for a minute, writes it in one go, and answers questions.
//!
//! It is in nobody's way: what it cannot write waits, within bounds, and is written when the disk takes it again.

use super::{
    Place,
    pack::Sample,
    read::{self, Present},
    recorder::{self, Item},
    retention,
    store::{Batch, Entry, Error, Known, NO_POINT, Store},
};
use crate::{
    clock::{Clock, Moment, Now},
    house::{Ask, Course, NoCourse, Past},
    model::{Config, HistorySettings, Kind, Zone},
};
use chrono::DateTime;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::watch;

/// So many samples and entries wait for a disk that takes none, or for a clock that is not set: a few megabytes.
const WAITING_MAX: usize = 100_000;
/// A disk that took nothing is tried again after this.
const AGAIN: Duration = Duration::from_secs(10);
/// While nothing happens it is written now and then that all stayed as it was.
const SIGN_OF_LIFE: Duration = Duration::from_secs(600);
/// A clock that moves by so much more or less than time does was set.
const JUMP_MS: i64 = 60_000;
/// So far back is looked for what the log said last.
const ENTRIES_BACK: i64 = 5_000;
/// Of damaged files that were set aside, so many are kept.
const ASIDE_MAX: usize = 3;

/// What the thread is told.
pub(super) enum Message {
    /// What is new in the house.
    Seen(Seen),
    /// What was told once: of which point (None: a notice), what, and why.
    Told(Now, Option<String>, String, Option<String>),
    /// Somebody asks.
    Ask(Past),
}

/// What is new in the house.
pub(super) struct Seen {
    /// When.
    pub now: Now,
    /// Its points, when they are others than before.
    pub config: Option<Arc<Config>>,
    /// What they became.
    pub items: Vec<Item>,
    /// So many pictures before it were not looked at.
    pub missed: u64,
}

/// A point, by its place in `Writer::points`.
type Local = usize;

/// Something to be recorded, as soon as it is known when it was.
enum News {
    Value(Local, Option<f64>),
    Entry(Option<Local>, String, Option<String>),
}

pub(super) struct Writer {
    place: Place,
    settings: HistorySettings,
    clock: Clock,
    trouble: Arc<watch::Sender<Option<String>>>,
    store: Option<Store>,
    /// Every point seen in this run, and its number in the file, as far as that is known.
    points: Vec<(Known, Option<i64>)>,
    named: BTreeMap<String, Local>,
    config: Option<Arc<Config>>,
    /// The points of the configuration, in their order.
    places: Vec<Local>,
    /// What is not written yet.
    samples: BTreeMap<Local, Vec<Sample>>,
    entries: Vec<(i64, Option<Local>, String, Option<String>)>,
    waiting: usize,
    /// What was seen while it was not known when that was.
    undated: Vec<(Moment, News)>,
    /// What the samples say of each point last.
    values: BTreeMap<Local, f64>,
    /// What the log says of each point last.
    logged: BTreeMap<Local, String>,
    /// What it said when the file was opened first, of points that are not met yet.
    logged_before: BTreeMap<String, String>,
    /// The last time that was known.
    last: Option<Now>,
    /// There are samples of the future, up to then, ms: the clock was set back. Then the values are to be told again.
    ahead: Option<i64>,
    zone_written: Option<Zone>,
    /// When something was written last.
    written: Moment,
    due: Moment,
    /// All of the file was looked at.
    checked: bool,
    /// It was said that the oldest goes.
    said_room: bool,
    missed: u64,
    lost: u64,
}

impl Writer {
    pub fn new(
        place: Place,
        settings: HistorySettings,
        clock: Clock,
        trouble: Arc<watch::Sender<Option<String>>>,
    ) -> Writer {
        let now = clock.now().moment;
        Writer {
            place,
            settings,
            clock,
            trouble,
            store: None,
            points: Vec::new(),
            named: BTreeMap::new(),
            config: None,
            places: Vec::new(),
            samples: BTreeMap::new(),
            entries: Vec::new(),
            waiting: 0,
            undated: Vec::new(),
            values: BTreeMap::new(),
            logged: BTreeMap::new(),
            logged_before: BTreeMap::new(),
            last: None,
            ahead: None,
            zone_written: None,
            written: now,
            due: now,
            checked: false,
            said_room: false,
            missed: 0,
            lost: 0,
        }
    }

    /// Until nobody tells it anything any more; then it writes what is left.
    pub fn run(mut self, messages: &Receiver<Message>) {
        // At once, so that a file that cannot be used is told at the start.
        self.write(self.clock.now());
        loop {
            match messages.recv_timeout(self.clock.real_time_until(self.due)) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            let now = self.clock.now();
            if now.moment >= self.due {
                self.write(now);
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Seen(seen) => self.see(seen),
            Message::Told(now, point, text, why) => {
                self.date(now);
                let local = point.and_then(|name| self.named.get(&name).copied());
                self.record(now, News::Entry(local, text, why));
            }
            Message::Ask(Past { ask, answer }) => {
                // Whoever asked may have gone away.
                if !answer.is_closed() {
                    self.date(self.clock.now());
                    let _ = answer.send(self.answer(&ask));
                }
            }
        }
    }

    fn zone(&self) -> Zone {
        self.config.as_ref().map_or(Zone::UTC, |config| config.hub.timezone)
    }

    fn answer(&mut self, ask: &Ask) -> Result<Course, NoCourse> {
        let Some(store) = &self.store else {
            let trouble = self.trouble.borrow().clone();
            return Err(NoCourse::Trouble(trouble.unwrap_or_else(|| "the history is not open yet; ask again".into())));
        };
        for (known, number) in &mut self.points {
            // On a disk that takes nothing a new point gets none, and is not known.
            *number = number.or_else(|| store.number_of(known).ok());
        }
        let until = self.last.map_or(DateTime::UNIX_EPOCH, |last| last.wall);
        let present = Present { now: until, until, zone: self.zone(), pending: &self.batch() };
        let answer = read::course(store, ask, &present);
        answer.unwrap_or_else(|error| Err(NoCourse::Trouble(format!("the history cannot be read: {error}"))))
    }

    fn see(&mut self, Seen { now, config, items, missed }: Seen) {
        self.missed += missed;
        if missed > 0 && self.missed == missed {
            tracing::warn!("the history is behind: what was so only for a moment meanwhile is not in it");
        }
        if let Some(config) = config {
            self.meet(config, now);
        }
        self.date(now);
        for Item { place, value, entry } in items {
            let local = self.places[place];
            self.record(now, News::Value(local, value));
            if let Some((text, why)) = entry {
                self.record(now, News::Entry(Some(local), text, why));
            }
        }
    }

    /// Another configuration is in force: what is no point any more is not known any more.
    fn meet(&mut self, config: Arc<Config>, now: Now) {
        let places = config.specs().iter().map(|spec| {
            let known = recorder::known(spec);
            match self.named.get(&known.name) {
                Some(local) => {
                    if self.points[*local].0 != known {
                        self.points[*local] = (known, None);
                    }
                    *local
                }
                None => {
                    let local = self.points.len();
                    if let Some(text) = self.logged_before.remove(&known.name) {
                        self.logged.insert(local, text);
                    }
                    self.named.insert(known.name.clone(), local);
                    self.points.push((known, None));
                    local
                }
            }
        });
        let places: Vec<Local> = places.collect();
        for gone in self.values.keys().copied().filter(|local| !places.contains(local)).collect::<Vec<_>>() {
            self.record(now, News::Value(gone, None));
        }
        (self.places, self.config) = (places, Some(config));
    }

    /// Time went on: what could not be dated can be, or the clock was set.
    fn date(&mut self, now: Now) {
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
    fn tell_again(&mut self, t: i64) {
        for (local, value) in self.values.clone() {
            self.push(local, Sample { t, value: Some(value) });
        }
    }

    fn record(&mut self, now: Now, news: News) {
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
                if self.values.get(&local).copied() != value {
                    self.push(local, Sample { t, value });
                }
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

    fn push(&mut self, local: Local, sample: Sample) {
        match sample.value {
            Some(value) => self.values.insert(local, value),
            None => self.values.remove(&local),
        };
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

    /// What waits, by the numbers of the file; without what has none there.
    fn batch(&self) -> Batch {
        let number = |local: Local| self.points[local].1;
        let samples = self.samples.iter().filter_map(|(local, samples)| Some((number(*local)?, samples.clone())));
        let log = self.entries.iter().filter_map(|(t, local, value, why)| {
            let id = local.map_or(Some(NO_POINT), number)?;
            Some(Entry { t: *t, id, value: value.clone(), why: why.clone() })
        });
        Batch { samples: samples.collect(), log: log.collect() }
    }

    /// Writes what waits. When the file does not take it, it is tried again, opened anew.
    fn write(&mut self, now: Now) {
        self.date(now);
        let result = self.try_to_write(now);
        self.due = now.moment + if result.is_ok() { self.settings.commit } else { AGAIN.min(self.settings.commit) };
        let told = match result {
            Ok(()) => None,
            Err(error) => {
                self.store = None;
                self.points.iter_mut().for_each(|(_, number)| *number = None);
                Some(match (self.place.path(), error.is_damage()) {
                    (Some(path), true) => self.begin_anew(path.to_owned(), &error, now),
                    _ => format!("the history cannot be written: {error}"),
                })
            }
        };
        match (&*self.trouble.borrow(), &told) {
            (None, Some(trouble)) => tracing::error!("{trouble}"),
            (Some(_), None) => tracing::info!("the history is written again"),
            _ => {}
        }
        self.trouble.send_if_modified(|trouble| std::mem::replace(trouble, told.clone()) != told);
    }

    fn try_to_write(&mut self, now: Now) -> Result<(), Error> {
        let mut store = match self.store.take() {
            Some(store) => store,
            None => self.open()?,
        };
        self.write_to(&mut store, now)?;
        self.store = Some(store);
        Ok(())
    }

    fn write_to(&mut self, store: &mut Store, now: Now) -> Result<(), Error> {
        // Of a house whose time was never known nothing can be written yet.
        let Some(last) = self.last else { return Ok(()) };
        let t = last.wall.timestamp_millis();
        if self.waiting > 0 || now.moment.since(self.written) >= SIGN_OF_LIFE {
            for (known, number) in &mut self.points {
                if number.is_none() {
                    *number = Some(store.number_of(known)?);
                }
            }
            store.append(&self.batch(), t)?;
            self.samples.clear();
            self.entries.clear();
            (self.waiting, self.written) = (0, now.moment);
        }
        if self.config.is_some() && self.zone_written != Some(self.zone()) {
            store.set_zone(self.zone())?;
            self.zone_written = Some(self.zone());
        }
        let is_full = store.fold(t)? && retention::trim(store, &self.settings, t)?;
        if is_full && !std::mem::replace(&mut self.said_room, true) {
            tracing::warn!("the history has reached its max_size: the oldest of it goes, readings before their sums");
        }
        Ok(())
    }

    /// Opens the file. The first time, all of it is looked at, and what the run before knew ends where that did.
    fn open(&mut self) -> Result<Store, Error> {
        let mut store = Store::open(self.place.path())?;
        self.zone_written = None;
        if !self.checked {
            store.check()?;
            if let Some(until) = store.told_until()? {
                store.forget_values(until + 1)?;
                self.ahead = self.ahead.max(Some(until + 1));
            }
            self.logged_before = store.last_entries(ENTRIES_BACK)?;
            self.checked = true;
        }
        Ok(store)
    }

    /// Puts a damaged file out of the way, so that another can be begun. Says so, as what is wrong.
    fn begin_anew(&mut self, path: PathBuf, error: &Error, now: Now) -> String {
        match set_aside(&path, &now.wall.format("%Y%m%d-%H%M%S").to_string()) {
            Ok(aside) => {
                (self.checked, self.due) = (false, now.moment);
                // Those of the new file begin with what is known now.
                self.logged.clear();
                if let Some(last) = self.last {
                    self.tell_again(last.wall.timestamp_millis());
                }
                format!("the history was damaged ({error}): it is set aside as {}, another is begun", aside.display())
            }
            Err(why) => format!("the history is damaged ({error}), and cannot be set aside: {why}"),
        }
    }

    fn end(mut self) {
        let now = self.clock.now();
        self.date(now);
        if !self.undated.is_empty() {
            let count = self.undated.len();
            tracing::warn!("{count} changes are not in the history: the time was never known");
        }
        if let Some(last) = self.last {
            let t = last.wall.timestamp_millis();
            // From here on nothing is known.
            let known: Vec<Local> = self.values.keys().copied().collect();
            known.into_iter().for_each(|local| self.push(local, Sample { t, value: None }));
        }
        self.write(now);
    }
}

/// Renames the file and what SQLite has beside it. Of those that were set aside before, the oldest goes.
fn set_aside(path: &Path, time: &str) -> io::Result<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = beside(&format!(".corrupt-{time}"));
    fs::rename(path, &aside)?;
    // The log of writes belongs to it. What is not there need not go.
    let _ = fs::rename(beside("-wal"), beside(&format!(".corrupt-{time}-wal")));
    let _ = fs::remove_file(beside("-shm"));
    if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        let start = format!("{name}.corrupt-");
        let names = fs::read_dir(folder)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut before: Vec<String> = names.filter(|n| n.starts_with(&start) && !n.ends_with("-wal")).collect();
        before.sort();
        for old in before.iter().rev().skip(ASIDE_MAX) {
            let _ = fs::remove_file(folder.join(old));
            let _ = fs::remove_file(folder.join(format!("{old}-wal")));
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        model::{ClockTrust, InputKind},
    };
    use chrono::TimeDelta;

    fn writer() -> Writer {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let (trouble, _) = watch::channel(None);
        Writer::new(Place::Memory, HistorySettings::default(), clock, Arc::new(trouble))
    }

    /// A house with a door, at a moment whose time is shown so much later than it is.
    fn at(s: i64, ahead_s: i64, wall_known: bool) -> Now {
        let wall = DateTime::from_timestamp(1_795_392_000, 0).unwrap() + TimeDelta::seconds(s + ahead_s);
        Now { moment: Moment::from_millis(s * 1_000), wall, wall_known }
    }

    fn see(writer: &mut Writer, now: Now, value: Option<f64>) {
        let config = writer.config.is_none().then(|| {
            let mut config = Config::empty("h");
            config.inputs.push(crate::model::Input::plain("door", InputKind::Door, crate::model::Line::Number(17)));
            Arc::new(config)
        });
        writer.take(Message::Seen(Seen { now, config, items: vec![Item { place: 0, value, entry: None }], missed: 0 }));
    }

    /// When it was open, as the time of day tells.
    fn told(writer: &mut Writer, now: Now) -> Vec<(String, String)> {
        writer.write(now);
        assert_eq!(*writer.trouble.borrow(), None);
        let ask = Ask {
            point: "door".into(),
            from: Some("2026-11-22".into()),
            to: Some("2027-11-25".into()),
            ..Ask::default()
        };
        let present = Present { now: now.wall, until: now.wall, zone: Zone::UTC, pending: &writer.batch() };
        let course = read::course(writer.store.as_ref().unwrap(), &ask, &present).unwrap().unwrap();
        course.changes.into_iter().map(|change| (change.time[5..19].to_owned(), change.value)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(time, value)| ((*time).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_happened_before_the_time_was_known_is_dated_afterwards() {
        let mut writer = writer();
        see(&mut writer, at(0, -1_000_000, false), Some(0.0));
        see(&mut writer, at(60, -1_000_000, false), Some(1.0));
        writer.write(at(60, -1_000_000, false));
        see(&mut writer, at(120, 0, true), Some(0.0));
        let told = told(&mut writer, at(180, 0, true));
        assert_eq!(told, pairs(&[("11-23T00:01:00", "ON"), ("11-23T00:02:00", "OFF")]));
    }

    #[test]
    fn a_clock_that_is_set_forward_leaves_a_gap() {
        let mut writer = writer();
        see(&mut writer, at(0, 0, true), Some(1.0));
        writer.write(at(60, 0, true));
        see(&mut writer, at(70, 3_600, true), Some(1.0));
        let told = told(&mut writer, at(80, 3_600, true));
        assert_eq!(told, pairs(&[("11-23T00:01:10", "unknown"), ("11-23T01:01:10", "ON")]));
    }

    #[test]
    fn a_clock_that_is_set_back_has_the_last_word_when_it_gets_there() {
        let mut writer = writer();
        see(&mut writer, at(0, 3_600, true), Some(0.0));
        see(&mut writer, at(60, 3_600, true), Some(1.0));
        // An hour back; now the door is closed, and stays so.
        see(&mut writer, at(120, 0, true), Some(0.0));
        writer.write(at(120, 0, true));
        let told = told(&mut writer, at(3_800, 0, true));
        assert_eq!(told.last(), Some(&("11-23T01:03:20".to_owned(), "OFF".to_owned())), "{told:?}");
    }

    #[test]
    fn what_waits_for_a_disk_without_end_is_bounded_and_a_gap() {
        let mut writer = writer();
        for s in 0..=WAITING_MAX as i64 {
            see(&mut writer, at(s, 0, true), Some((s % 2) as f64));
        }
        assert!(writer.waiting <= 2 && writer.lost > 0, "{} wait, {} are lost", writer.waiting, writer.lost);
        let now = at(WAITING_MAX as i64, 0, true);
        let told = told(&mut writer, now);
        assert_eq!(told.len(), 1, "unknown before: {told:?}");
    }
}
