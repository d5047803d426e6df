//! A thread that can be waited for without waiting for ever.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// A call into the kernel on a stuck I2C bus ends after about a second; longer than this nobody waits for a thread.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Worker {
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

    /// Waits for a thread that was asked to end; leaves it to itself if the kernel holds it.
    pub fn join(self) {
        match self.ended.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => tracing::warn!("{} does not end: its device hangs", self.name),
            _ => {
                if self.handle.join().is_err() {
                    tracing::error!("the thread {} had panicked", self.name);
                }
            }
        }
    }
}
