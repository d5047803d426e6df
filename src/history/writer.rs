//! The thread that writes: takes what is new, keeps it for a minute, writes it in one go, and answers questions.
//!
//! It is in nobody's way: what it cannot write waits, within bounds, and is written when the disk takes it again.

use super::{
    Place,
    aside::set_aside,
    pack::Sample,
    pending::{Local, News, Pending},
    read::{self, Present},
    recorder::Item,
    retention,
    store::{Error, Store},
};
use crate::{
    clock::{Clock, Moment, Now},
    house::{Ask, Course, NoCourse, Past},
    model::{Config, HistorySettings, Zone},
};
use chrono::DateTime;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, watch};

/// A disk that took nothing is tried again after this.
const AGAIN: Duration = Duration::from_secs(10);
/// While nothing happens it is written now and then that all stayed as it was.
const SIGN_OF_LIFE: Duration = Duration::from_secs(600);
/// So far back is looked for what the log said last.
const ENTRIES_BACK: i64 = 5_000;

/// What the thread is told.
pub(super) enum Message {
    /// What is new in the house.
    Seen(Seen),
    /// What was told once: of which point (None: a notice), what, and why.
    Told(Now, Option<String>, String, Option<String>),
    /// Somebody asks; one of the few that may.
    Ask(Past, OwnedSemaphorePermit),
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

pub(super) struct Writer {
    place: Place,
    settings: HistorySettings,
    clock: Clock,
    trouble: Arc<watch::Sender<Option<String>>>,
    store: Option<Store>,
    pending: Pending,
    zone_written: Option<Zone>,
    /// When something was written last.
    written: Moment,
    due: Moment,
    /// All of the file was looked at: once, since that takes long.
    checked: bool,
    /// What the run before knew has ended.
    begun: bool,
    /// It was said that the oldest goes.
    said_room: bool,
    missed: u64,
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
            pending: Pending::default(),
            zone_written: None,
            written: now,
            due: now,
            checked: false,
            begun: false,
            said_room: false,
            missed: 0,
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
            if self.is_due(now) {
                self.write(now);
            }
        }
    }

    /// A file that took the last ones takes many at once before their time, too.
    fn is_due(&self, now: Now) -> bool {
        now.moment >= self.due || (self.store.is_some() && self.pending.is_many())
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Seen(seen) => self.see(seen),
            Message::Told(now, point, text, why) => {
                self.pending.date(now);
                let local = point.and_then(|name| self.pending.local(&name));
                self.pending.record(now, News::Entry(local, text, why));
            }
            Message::Ask(Past { ask, answer }, _asking) => {
                // Whoever asked may have gone away.
                if !answer.is_closed() {
                    self.pending.date(self.clock.now());
                    let _ = answer.send(self.answer(&ask));
                }
            }
        }
    }

    fn answer(&mut self, ask: &Ask) -> Result<Course, NoCourse> {
        let Some(store) = &mut self.store else {
            let trouble = self.trouble.borrow().clone();
            return Err(NoCourse::Trouble(trouble.unwrap_or_else(|| "the history is not open yet; ask again".into())));
        };
        // On a disk that takes nothing a new point gets none, and is not known.
        let _ = self.pending.number(|known| store.number_of(known));
        let until = self.pending.last.map_or(DateTime::UNIX_EPOCH, |last| last.wall);
        let present = Present { now: until, until, zone: self.pending.zone(), pending: &self.pending.batch() };
        let answer = read::course(store, ask, &present);
        answer.unwrap_or_else(|error| Err(NoCourse::Trouble(format!("the history cannot be read: {error}"))))
    }

    fn see(&mut self, Seen { now, config, items, missed }: Seen) {
        self.missed += missed;
        if missed > 0 && self.missed == missed {
            tracing::warn!("the history is behind: what was so only for a moment meanwhile is not in it");
        }
        if let Some(config) = config {
            self.pending.meet(config, now);
        }
        self.pending.date(now);
        for Item { place, value, entry } in items {
            let local = self.pending.places[place];
            self.pending.record(now, News::Value(local, value));
            if let Some((text, why)) = entry {
                self.pending.record(now, News::Entry(Some(local), text, why));
            }
        }
    }

    /// Writes what waits. When the file does not take it, it is tried again, opened anew.
    fn write(&mut self, now: Now) {
        self.pending.date(now);
        let result = self.try_to_write(now);
        self.due = now.moment + if result.is_ok() { self.settings.commit } else { AGAIN.min(self.settings.commit) };
        let told = match result {
            Ok(()) => None,
            Err(error) => {
                self.store = None;
                self.pending.forget_numbers();
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
        let Some(last) = self.pending.last else { return Ok(()) };
        let t = last.wall.timestamp_millis();
        if store.is_others()? {
            // What was imported may end now; the values do not.
            self.pending.tell_again(t);
        }
        if self.pending.waiting > 0 || now.moment.since(self.written) >= SIGN_OF_LIFE {
            self.pending.number(|known| store.number_of(known))?;
            store.append(&self.pending.batch(), t)?;
            self.pending.clear();
            self.written = now.moment;
        }
        if self.pending.config.is_some() && self.zone_written != Some(self.pending.zone()) {
            store.set_zone(self.pending.zone())?;
            self.zone_written = Some(self.pending.zone());
        }
        let is_full =
            (store.fold(t)? || store.size()? > self.settings.max_size) && retention::trim(store, &self.settings, t)?;
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
            self.checked = true;
        }
        if !self.begun {
            if let Some(until) = store.told_until()? {
                store.forget_values(until)?;
                self.pending.ahead = self.pending.ahead.max(store.latest()?);
            }
            self.pending.logged_before = store.last_entries(ENTRIES_BACK)?;
            self.pending.totals_before = store.last_totals()?;
            self.begun = true;
        }
        Ok(store)
    }

    /// Puts a damaged file out of the way, so that another can be begun. Says so, as what is wrong.
    fn begin_anew(&mut self, path: PathBuf, error: &Error, now: Now) -> String {
        match set_aside(&path, &now.wall.format("%Y%m%d-%H%M%S").to_string()) {
            Ok(aside) => {
                // It is begun after a pause: a disk that damages everything would damage one after the other.
                (self.checked, self.begun) = (false, false);
                // Those of the new file begin with what is known now.
                self.pending.logged.clear();
                if let Some(last) = self.pending.last {
                    self.pending.tell_again(last.wall.timestamp_millis());
                }
                format!("the history was damaged ({error}): it is set aside as {}, another is begun", aside.display())
            }
            Err(why) => format!("the history is damaged ({error}), and cannot be set aside: {why}"),
        }
    }

    fn end(mut self) {
        let now = self.clock.now();
        self.pending.date(now);
        if !self.pending.undated.is_empty() {
            let count = self.pending.undated.len();
            tracing::warn!("{count} changes are not in the history: the time was never known");
        }
        if let Some(last) = self.pending.last {
            let t = last.wall.timestamp_millis();
            // From here on nothing is known.
            let known: Vec<Local> = self.pending.values.keys().copied().collect();
            known.into_iter().for_each(|local| self.pending.push(local, Sample { t, value: None }));
        }
        self.write(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            course::sum_up,
            pending::WAITING_MAX,
            points::{Known, Shape},
        },
        *,
    };
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
        let config = writer.pending.config.is_none().then(|| {
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
        let present = Present { now: now.wall, until: now.wall, zone: Zone::UTC, pending: &writer.pending.batch() };
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
    fn a_clock_that_was_set_back_has_the_last_word_after_a_kill_too() {
        let folder = tempfile::TempDir::new().unwrap();
        let place = Place::File(folder.path().join("history.db"));
        let mut before = Writer { place: place.clone(), ..writer() };
        see(&mut before, at(0, 3_600, true), Some(0.0));
        see(&mut before, at(60, 3_600, true), Some(1.0));
        see(&mut before, at(120, 0, true), Some(0.0));
        before.write(at(120, 0, true));
        drop(before);
        let mut writer = Writer { place, ..writer() };
        see(&mut writer, at(180, 0, true), Some(0.0));
        writer.write(at(180, 0, true));
        let told = told(&mut writer, at(3_800, 0, true));
        assert_eq!(told.last(), Some(&("11-23T01:03:20".to_owned(), "OFF".to_owned())), "{told:?}");
    }

    #[test]
    fn a_meter_grows_while_nobody_reads_it() {
        let mut pending = Pending::default();
        let known = Known {
            name: "p".into(),
            was: Vec::new(),
            title: "P".into(),
            kind: Shape::Total,
            unit: "kWh".into(),
            decimals: None,
        };
        pending.points.push((known, Some(1)));
        for (s, total) in [(0, Some(5.0)), (10, None), (7_200, Some(9.0)), (7_300, None), (7_400, Some(2.0))] {
            pending.record(at(s, 0, true), News::Value(0, total));
        }
        let samples = &pending.batch().samples[&1];
        let (begin, end) = (at(0, 0, true).wall.timestamp_millis(), at(8_000, 0, true).wall.timestamp_millis());
        let sum = sum_up(samples, end, &[begin, end])[0];
        // One that was replaced begins anew.
        assert_eq!((sum.rose, sum.known_ms), (4.0, 10_000 + 100_000 + 600_000 + 1));
    }

    #[test]
    fn after_damage_there_is_a_pause_before_another_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("history.db");
        std::fs::write(&file, "no database".repeat(100)).unwrap();
        let mut writer = Writer { place: Place::File(file.clone()), ..writer() };
        see(&mut writer, at(0, 0, true), Some(1.0));
        writer.write(at(0, 0, true));
        assert!(writer.trouble.borrow().as_ref().is_some_and(|trouble| trouble.contains("is set aside as")));
        assert!(writer.due > at(0, 0, true).moment && !file.exists());
        writer.write(at(10, 0, true));
        assert_eq!(*writer.trouble.borrow(), None);
    }

    #[test]
    fn many_changes_are_written_before_their_time() {
        let mut writer = writer();
        writer.settings.commit = Duration::from_secs(3_600);
        see(&mut writer, at(0, 0, true), Some(0.0));
        writer.write(at(0, 0, true));
        let most = (1..).find(|i| {
            see(&mut writer, at(i / 100, 0, true), Some((i % 2) as f64));
            writer.is_due(at(i / 100, 0, true))
        });
        assert_eq!(most, Some(WAITING_MAX as i64 / 10));
        writer.write(at(100, 0, true));
        assert!(!writer.is_due(at(101, 0, true)) && writer.pending.lost == 0);
    }

    #[test]
    fn what_waits_for_a_disk_without_end_is_bounded_and_a_gap() {
        let mut writer = writer();
        for s in 0..=WAITING_MAX as i64 {
            see(&mut writer, at(s, 0, true), Some((s % 2) as f64));
        }
        assert!(
            writer.pending.waiting <= 2 && writer.pending.lost > 0,
            "{} wait, {} are lost",
            writer.pending.waiting,
            writer.pending.lost
        );
        let now = at(WAITING_MAX as i64, 0, true);
        let told = told(&mut writer, now);
        assert_eq!(told.len(), 1, "unknown before: {told:?}");
    }
}
