//! The thread of a bus that outputs are driven over: whoever has one driven does not wait for it.
//!
//! What is to be done waits in line, of each output only the newest level. So the line is never longer than there are
//! outputs (and reloads while the bus hangs), and what a bus does when it is back is what is wanted then.

use super::{HardwareError, board::Board, lineset::LineSet};
use crate::{
    model::{Config, DriveId, Event, Level, Line, Output, OutputId},
    threads::{QUEUE_FULL_WAIT, Worker},
};
use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

/// A bus with outputs. Dropped, it leaves undone what is in line, ends its thread and releases its lines.
pub(super) struct Sink {
    inbox: Arc<Inbox>,
    /// None: the system has no thread left.
    worker: Option<Worker>,
    /// The lines that its thread was told to claim.
    pub lines: BTreeSet<Line>,
}

/// A level for an output.
pub(super) struct Drive {
    pub drive: DriveId,
    /// The house that the output is of.
    pub config: Arc<Config>,
    pub output: OutputId,
    pub level: Level,
}

enum Task {
    Drive(Drive),
    Work(Box<dyn FnOnce(&mut LineSet) + Send>),
    Verify,
}

#[derive(Default)]
struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    /// Its loop is at its end: nobody reads events any more.
    is_unheard: bool,
    ended: bool,
}

impl Drive {
    fn output(&self) -> &Output {
        &self.config[self.output]
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.is_unheard || self.ended
    }
}

impl Sink {
    /// Starts the thread of the bus of this name. It answers drives by events.
    pub fn start(name: &str, board: Arc<dyn Board>, events: Sender<Event>) -> Sink {
        let inbox = Arc::<Inbox>::default();
        let ours = inbox.clone();
        let worker = Worker::spawn(&format!("outputs {name}"), move || ours.run(LineSet::new(board), &events));
        Sink { inbox, worker, lines: BTreeSet::new() }
    }

    /// Has an output driven; of one that still waits in line, only this level counts. False: there is no thread.
    pub fn drive(&mut self, drive: Drive) -> bool {
        self.lines.extend(drive.output().line.clone());
        let mut state = self.inbox.lock();
        let of_same = |task: &&mut Task| matches!(task, Task::Drive(one) if one.output().line == drive.output().line);
        match state.tasks.iter_mut().find(of_same) {
            Some(task) => *task = Task::Drive(drive),
            None => state.tasks.push_back(Task::Drive(drive)),
        }
        drop(state);
        self.inbox.changed.notify_one();
        self.worker.is_some()
    }

    /// Has something else done with the lines, after what is in line.
    pub fn work(&self, work: impl FnOnce(&mut LineSet) + Send + 'static) {
        self.inbox.lock().tasks.push_back(Task::Work(Box::new(work)));
        self.inbox.changed.notify_one();
    }

    /// Has the lines read back; what is wrong is told by events.
    pub fn verify(&self) {
        let mut state = self.inbox.lock();
        if !state.tasks.iter().any(|task| matches!(task, Task::Verify)) {
            state.tasks.push_back(Task::Verify);
            self.inbox.changed.notify_one();
        }
    }

    /// Leaves undone the drives in line that are not to be kept.
    pub fn keep_drives(&self, keep: impl Fn(&Output) -> bool) {
        self.inbox.lock().tasks.retain(|task| match task {
            Task::Drive(drive) => keep(drive.output()),
            Task::Work(_) | Task::Verify => true,
        });
    }

    /// For a last drive of all: leaves undone the drives in line, and reports nothing more, for which the thread might wait.
    pub fn fall_silent(&self) {
        self.keep_drives(|_| false);
        self.inbox.lock().is_unheard = true;
        self.inbox.changed.notify_one();
    }

    /// False after a panic of its thread.
    pub fn is_healthy(&self) -> bool {
        self.worker.as_ref().is_none_or(Worker::is_running)
    }

    /// Ends several, which are waited for together.
    pub fn end_all(mut sinks: Vec<Sink>) {
        // All are told before any is waited for.
        sinks.iter().for_each(Sink::end);
        Worker::join_all(sinks.iter_mut().filter_map(|sink| sink.worker.take()));
    }

    /// Tells the thread to end after what it is at.
    fn end(&self) {
        let mut state = self.inbox.lock();
        state.ended = true;
        // Dropped when the lock is given back: it may hold the last handle of something that ends slowly.
        let _undone = mem::take(&mut state.tasks);
        drop(state);
        self.inbox.changed.notify_one();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end();
        if let Some(worker) = self.worker.take() {
            worker.join();
        }
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut lines: LineSet, events: &Sender<Event>) {
        while let Some(task) = self.next() {
            match task {
                Task::Drive(drive) => {
                    let result = lines.drive(drive.output(), drive.level).map_err(|error| error.to_string());
                    self.tell(events, Event::Driven { drive: drive.drive, result });
                }
                Task::Work(work) => work(&mut lines),
                Task::Verify => {
                    for (output, level, error) in lines.verify() {
                        self.tell(events, Event::WireFound { output, level, result: Err(error.to_string()) });
                    }
                }
            }
        }
    }

    /// Waits for something to do; None: it is to end.
    fn next(&self) -> Option<Task> {
        let idle = |state: &mut State| state.tasks.is_empty() && !state.ended;
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        state.tasks.pop_front()
    }

    /// Tells the loop, whenever it has room.
    fn tell(&self, events: &Sender<Event>, mut event: Event) {
        while let Err(TrySendError::Full(back)) = events.try_send(event) {
            event = back;
            let wait = self.changed.wait_timeout_while(self.lock(), QUEUE_FULL_WAIT, |state| !state.is_over());
            if wait.unwrap_or_else(PoisonError::into_inner).0.is_over() {
                return;
            }
        }
    }
}

/// Answers of sinks that somebody waits for, but not for ever.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<(Mutex<Vec<Answer>>, Condvar)>);

/// The output, and what came of it.
pub(super) type Answer = (OutputId, Result<Option<Level>, HardwareError>);

impl Answers {
    pub fn give(&self, answer: Answer) {
        let (given, changed) = &*self.0;
        given.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
        changed.notify_one();
    }

    /// Those that came within `patience`: `count`, if all did.
    pub fn wait(&self, count: usize, patience: Duration) -> Vec<Answer> {
        let (given, changed) = &*self.0;
        let given = given.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |given: &mut Vec<Answer>| given.len() < count;
        let waited = changed.wait_timeout_while(given, patience, missing);
        mem::take(&mut *waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}
