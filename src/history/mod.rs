//! What the house remembers: readings as they were, their sums for years, what changed and why, clicks and notices.
//!
//! ```text
//!  snapshots, clicks, notices ──> recorder ──> writer (a thread) ──> history.db
//!            questions (HTTP) ───────────────>   |    store: tail ──each hour──> raw ──each day──> fives, hours
//!                                                '──> read (also alone, on a file at rest)
//! ```
//!
//! Nothing waits for it. What it cannot take is left out and said; the newest picture is never lost, since it is compared with
//! the last one that the thread was given.

mod aside;
mod course;
mod fold;
mod import;
mod lights;
mod pack;
mod pending;
mod points;
mod read;
mod recorder;
mod retention;
mod store;
mod tail;
mod times;
mod writer;

use crate::{
    clock::Now,
    files,
    house::{Ask, Course, House, NoCourse, Notification, Past},
    model::{HistorySettings, Snapshot},
};
use chrono::DateTime;
pub use lights::repeat_lights;
use points::Shape;
use read::Present;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
};
use store::Store;
use tail::Batch;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use writer::{Message, Seen, Writer};

/// So many pictures of the house wait for the thread,
const QUEUE: usize = 4_096;
/// and so many questions, which may take long.
const ASKING: usize = 16;
/// The file, in the folder of the state.
pub const FILE: &str = "history.db";

/// Where a history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In memory, until hearthd ends.
    Memory,
    /// Nowhere: there is none.
    Nowhere,
}

impl Place {
    fn path(&self) -> Option<&Path> {
        match self {
            Place::File(path) => Some(path),
            Place::Memory | Place::Nowhere => None,
        }
    }
}

/// What became of a point, by a file whose hearthd does not run, or by one that it is writing at this time.
///
/// # Errors
/// When the question is wrong, or the file cannot be read.
pub fn look(path: &Path, ask: &Ask, now: Now) -> Result<Course, NoCourse> {
    // Beside a file at rest nothing is to be made: it may be another user's.
    let is_at_rest = !files::beside(path, "-wal").exists();
    let answer = Store::open_to_read(path, is_at_rest).and_then(|store| {
        let until = store.told_until()?.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
        let present = Present { now: now.wall, until, zone: store.zone()?, pending: &Batch::default() };
        read::course(&store, ask, &present)
    });
    answer.unwrap_or_else(|why| Err(NoCourse::Trouble(format!("the history {} cannot be read: {why}", path.display()))))
}

/// Copies a file, which hearthd may be writing meanwhile, as it is at one moment; for this user alone.
///
/// # Errors
/// When one of them cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let _ = fs::remove_file(to);
    let copied = files::writable(to).map_err(store::Error::from).and_then(|_| Store::open(Some(from))?.copy_to(to));
    copied.map_err(|why| format!("the history {} cannot be copied: {why}", from.display()))
}

/// Looks through all of a file that nobody writes.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<(), String> {
    let checked = Store::open_to_read(path, true).and_then(|store| store.check());
    checked.map_err(|why| format!("the history {} cannot be used: {why}", path.display()))
}

/// Adds what a table tells of a point to a file, which hearthd may be writing meanwhile. Returns how many lines there were.
///
/// # Errors
/// What is wrong with the table, and then nothing was added; or why the file cannot be written, which may be in the middle: the
/// same table can be given again.
pub fn import(path: &Path, point: &str, text: &str, now: Now) -> Result<usize, String> {
    let cannot = |why: store::Error| format!("the history {} cannot be written: {why}", path.display());
    let mut store = Store::open(Some(path)).map_err(cannot)?;
    let (id, known) = read::find(&store, point).map_err(cannot)?.map_err(|why| why.to_string())?;
    if known.kind == Shape::Word {
        return Err(format!("{point} has words, which cannot be imported; only numbers and what is on or off can"));
    }
    let samples = import::samples(text, &known, store.zone().map_err(cannot)?, now.wall)?;
    let count = samples.iter().filter(|sample| sample.value.is_some()).count();
    store.add(id, known.kind, samples, now.wall.timestamp_millis()).map_err(cannot)?;
    Ok(count)
}

/// Records a house as its newest configuration says and answers questions about its past, until it is stopping.
///
/// `trouble` is told why it cannot be written.
pub fn attach(
    house: &House,
    place: Place,
    questions: mpsc::Receiver<Past>,
    trouble: watch::Sender<Option<String>>,
) -> impl Future<Output = ()> + use<> {
    let (house, trouble) = (house.clone(), Arc::new(trouble));
    async move {
        let mut attached = Attached { house, place, questions, trouble };
        while attached.until_other_settings().await {}
    }
}

struct Attached {
    house: House,
    place: Place,
    questions: mpsc::Receiver<Past>,
    trouble: Arc<watch::Sender<Option<String>>>,
}

/// The thread, and what tells it.
struct Thread {
    messages: SyncSender<Message>,
    ended: oneshot::Receiver<()>,
    /// The picture that it was given last.
    seen: Option<Arc<Snapshot>>,
    /// So many after that it was not given, since it was busy.
    missed: u64,
    asking: Arc<Semaphore>,
}

impl Attached {
    /// Records with the settings in force; false: the house is stopping.
    async fn until_other_settings(&mut self) -> bool {
        let (_, mut told) = self.house.notifications.listen();
        let (mut snapshots, mut stopping) = (self.house.snapshots.clone(), self.house.clone());
        let settings = snapshots.borrow().config.history;
        let mut thread = match settings {
            Some(settings) if self.place != Place::Nowhere => self.start(settings),
            _ => None,
        };
        let goes_on = loop {
            let snapshot = snapshots.borrow_and_update().clone();
            if snapshot.config.history != settings {
                break true;
            }
            let is_dead = thread.as_mut().is_some_and(|thread| !thread.show(&snapshot));
            if is_dead {
                // A bug in what only remembers is no reason to stop a house.
                self.trouble.send_replace(Some(
                    "the history has failed: nothing is recorded until hearthd is restarted".into(),
                ));
                thread = None;
            }
            tokio::select! {
                biased;
                () = stopping.stopping() => {
                    let last = snapshots.borrow().clone();
                    thread.iter_mut().for_each(|thread| _ = thread.show(&last));
                    break false;
                }
                changed = snapshots.changed() => if changed.is_err() { break false },
                Some(told) = told.recv() => thread.iter().for_each(|thread| thread.tell(&snapshot, &told)),
                Some(past) = self.questions.recv() => self.ask(thread.as_ref(), past),
            }
        };
        if let Some(Thread { messages, ended, .. }) = thread {
            drop(messages);
            // It writes what is left.
            let _ = ended.await;
            self.trouble.send_replace(None);
        }
        goes_on
    }

    fn start(&self, settings: HistorySettings) -> Option<Thread> {
        let (messages, inbox) = sync_channel(QUEUE);
        let (ended_in, ended) = oneshot::channel();
        let writer = Writer::new(self.place.clone(), settings, self.house.clock.clone(), self.trouble.clone());
        let run = move || {
            writer.run(&inbox);
            let _ = ended_in.send(());
        };
        match std::thread::Builder::new().name("history".into()).spawn(run) {
            Ok(_) => Some(Thread::new(messages, ended)),
            Err(error) => {
                self.trouble.send_replace(Some(format!("no history is kept: the system gives no thread: {error}")));
                None
            }
        }
    }

    fn ask(&self, thread: Option<&Thread>, past: Past) {
        let Some(thread) = thread else {
            let why = match (&self.place, &*self.trouble.borrow()) {
                (_, Some(trouble)) => NoCourse::Trouble(trouble.clone()),
                (Place::Nowhere, None) => NoCourse::NotKept(
                    "no history is kept: this hearthd has no folder for it; give it one with `hearthd run --state FOLDER`"
                        .into(),
                ),
                (_, None) => NoCourse::NotKept(
                    "no history is kept; write a line [history] into the configuration file, and it begins".into(),
                ),
            };
            let _ = past.answer.send(Err(why));
            return;
        };
        thread.ask(past);
    }
}

impl Thread {
    fn new(messages: SyncSender<Message>, ended: oneshot::Receiver<()>) -> Thread {
        Thread { messages, ended, seen: None, missed: 0, asking: Arc::new(Semaphore::new(ASKING)) }
    }

    /// With no room for it, the answer's sender is dropped, and whoever asks hears that.
    fn ask(&self, past: Past) {
        if let Ok(asking) = self.asking.clone().try_acquire_owned() {
            let _ = self.messages.try_send(Message::Ask(past, asking));
        }
    }

    /// Gives it what is new; false: it has died. When it has no room, the next picture is compared with an older one.
    fn show(&mut self, snapshot: &Arc<Snapshot>) -> bool {
        let before = self.seen.as_deref();
        if before.is_some_and(|before| before.seq == snapshot.seq) {
            return true;
        }
        let items = recorder::items(before, snapshot);
        let is_met = before.is_some_and(|before| Arc::ptr_eq(&before.config, &snapshot.config));
        let config = (!is_met).then(|| snapshot.config.clone());
        if items.is_empty() && config.is_none() {
            self.seen = Some(snapshot.clone());
            return true;
        }
        match self.messages.try_send(Message::Seen(Seen { now: snapshot.now, config, items, missed: self.missed })) {
            Ok(()) => (self.seen, self.missed) = (Some(snapshot.clone()), 0),
            Err(TrySendError::Full(_)) => self.missed += 1,
            Err(TrySendError::Disconnected(_)) => return false,
        }
        true
    }

    /// Gives it what was told once. Of a flood, what it has no room for is left out.
    fn tell(&self, snapshot: &Snapshot, told: &Notification) {
        let message = match told {
            Notification::Clicked(name, click) => (Some(name.clone()), (*click).to_owned(), None),
            Notification::Notice(notice) => (None, notice.text.clone(), Some(notice.rule.clone())),
            Notification::Refused(_) => return,
        };
        let (point, text, why) = message;
        let _ = self.messages.try_send(Message::Told(snapshot.now, point, text, why));
    }
}

#[cfg(test)]
mod tests;
