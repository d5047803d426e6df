//! A thread that can be waited for without waiting for ever.

use crate::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// A call into the kernel on a stuck I2C bus ends after about a second; longer than this nobody waits for a thread.
const PATIENCE: Duration = Duration::from_millis(500);

/// One thread.
pub struct Worker {
    name: String,
    /// Closed by the end of the thread, however it ends.
    ended: Receiver<()>,
    handle: JoinHandle<()>,
}

impl Worker {
    /// Starts a thread; nothing if the system has none left, which is logged.
    pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Option<Worker> {
        let (alive, ended) = channel();
        let thread = Builder::new().name(name.into()).spawn(move || {
            let _alive = alive;
            work();
        });
        match thread {
            Ok(handle) => Some(Worker { name: name.into(), ended, handle }),
            Err(error) => {
                tracing::error!("no thread for {name}: {error}");
                None
            }
        }
    }

    /// Whether the thread still works.
    pub fn is_running(&self) -> bool {
        !self.handle.is_finished()
    }

    /// Waits for threads that were asked to end, for all of them together no longer than for one; leaves to themselves those
    /// that the kernel holds.
    pub fn join_all(workers: impl IntoIterator<Item = Worker>) {
        Worker::join_all_within(PATIENCE, workers);
    }

    /// As [`Worker::join_all`], for no longer than this.
    pub fn join_all_within(patience: Duration, workers: impl IntoIterator<Item = Worker>) {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let end = clock.now().moment + patience;
        workers.into_iter().for_each(|worker| worker.join_within(end.since(clock.now().moment)));
    }

    /// As [`Worker::join_all`], for one.
    pub fn join(self) {
        Worker::join_all([self]);
    }

    fn join_within(self, patience: Duration) {
        match self.ended.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => tracing::warn!("{} does not end: its device hangs", self.name),
            _ => {
                if self.handle.join().is_err() {
                    tracing::error!("the thread {} had panicked", self.name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// One after the other, two hundred of them would take more than a minute and a half.
    #[test]
    fn threads_that_hang_are_waited_for_together() {
        let (release, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let hangs = |number: usize| {
            let held = held.clone();
            Worker::spawn(&format!("bus {number}"), move || drop(held.lock().map(|held| held.recv()))).unwrap()
        };
        let workers: Vec<Worker> = (0..200).map(hangs).collect();
        let (done, joined) = channel();
        std::thread::spawn(move || {
            Worker::join_all(workers);
            done.send(())
        });
        joined.recv_timeout(Duration::from_secs(60)).expect("they are left to themselves");
        drop(release);
    }
}
