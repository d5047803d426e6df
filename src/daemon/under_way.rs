//! Drives that a bus has not answered yet: what the log is to say of them, and when they are overdue.

use crate::{clock::Moment, engine::Engine, model::DriveId};
use std::{collections::BTreeMap, sync::Arc};

/// All drives without an answer; of each output, the newest.
#[derive(Default)]
pub struct UnderWay(BTreeMap<DriveId, Entry>);

struct Entry {
    output: Arc<str>,
    line: LogLine,
    /// When it is overdue; None: that was told.
    due: Option<Moment>,
}

/// What is logged when a wire took its level.
pub struct LogLine {
    /// The line.
    pub text: String,
    /// It is not worth the log of every day.
    pub is_small: bool,
}

impl LogLine {
    /// Logs it.
    pub fn log(&self) {
        if self.is_small {
            tracing::debug!("{}", self.text);
        } else {
            tracing::info!("{}", self.text);
        }
    }
}

impl UnderWay {
    /// A drive of an output has begun.
    pub fn begin(&mut self, drive: DriveId, output: Arc<str>, line: LogLine, due: Moment) {
        self.0.retain(|_, other| other.output != output);
        self.0.insert(drive, Entry { output, line, due: Some(due) });
    }

    /// It is answered. Returns what to log if the wire took the level; None: nobody waits for it any more.
    pub fn end(&mut self, drive: DriveId) -> Option<LogLine> {
        self.0.remove(&drive).map(|entry| entry.line)
    }

    /// Forgets the drives that the engine does not await any more.
    pub fn follow(&mut self, engine: &Engine) {
        self.0.retain(|drive, _| engine.awaits(*drive).is_some());
    }

    /// Those that are overdue now, each told once.
    pub fn take_overdue(&mut self, now: Moment) -> Vec<DriveId> {
        let is_overdue = |entry: &mut Entry| entry.due.take_if(|due| now > *due).is_some();
        self.0.iter_mut().filter_map(|(drive, entry)| is_overdue(entry).then_some(*drive)).collect()
    }

    /// When the next one is overdue.
    pub fn next_due(&self) -> Option<Moment> {
        self.0.values().filter_map(|entry| entry.due).min()
    }

    /// Whether its answer is still to come, and in time.
    pub fn is_awaited(&self, drive: DriveId) -> bool {
        self.0.get(&drive).is_some_and(|entry| entry.due.is_some())
    }

    /// The outputs of which an answer is still to come.
    pub fn outputs(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.values().map(|entry| &entry.output)
    }
}
