//! What is asked of a bus, in the order in which it is done.

use crate::{
    links::modbus::Share,
    model::{DriveId, Level, ModbusPoint},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What the thread of a bus is to do.
pub(in crate::links::modbus) enum Task {
    /// Another house is in force.
    Follow(Share),
    /// An output is to be driven.
    Drive(Drive),
    /// The end has come: what is driven from now on has no later chance.
    End,
}

/// An output that is to be driven.
pub(in crate::links::modbus) struct Drive {
    pub point: Arc<ModbusPoint>,
    pub level: Level,
    pub answer: Answering,
    /// At the end, the round in which it is tried, from 1; before, 0.
    pub round: u8,
    /// Its device was known to be silent.
    pub is_of_silent: bool,
    /// How often it was tried.
    pub tries: u8,
}

impl Drive {
    /// Not at the end, and not tried yet.
    pub fn new(point: Arc<ModbusPoint>, level: Level, answer: Answering) -> Drive {
        Drive { point, level, answer, round: 0, is_of_silent: false, tries: 0 }
    }

    /// Those that were tried more often come later in a round, and those that are expected to fail.
    fn order(&self) -> (bool, u8) {
        (self.is_of_silent, self.tries)
    }
}

/// Who is told what became of a drive.
pub(in crate::links::modbus) enum Answering {
    /// The control loop, by an event.
    Loop(DriveId),
    /// Somebody who waits.
    Waiting(Box<dyn FnOnce(Result<(), String>) + Send>),
}

/// What is to be done, in this order.
#[derive(Default)]
pub(in crate::links::modbus) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    /// The end was given.
    is_last: bool,
    ended: bool,
}

impl Inbox {
    /// Adds a task. Of drives of the same, or of what is part of it, only the newest is done. The end comes before all drives;
    /// what failed since, after those that nobody has tried.
    pub fn give(&self, task: Task) {
        let mut state = self.lock();
        if let Task::Drive(drive) = &task {
            let is_over = |other: &Task| matches!(other, Task::Drive(other) if other.point.is_part_of(&drive.point));
            state.tasks.retain(|other| !is_over(other));
        }
        match task {
            Task::End => {
                state.is_last = true;
                state.tasks.push_front(task);
            }
            Task::Drive(_) => {
                let has_failed = |other: &Task| matches!(other, Task::Drive(other) if other.round > 1);
                let at = state.tasks.iter().position(has_failed).unwrap_or(state.tasks.len());
                state.tasks.insert(at, task);
            }
            Task::Follow(_) => state.tasks.push_back(task),
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What is to be driven so far is not.
    pub fn forget_drives(&self) {
        self.lock().tasks.retain(|task| !matches!(task, Task::Drive(_)));
    }

    /// Puts a drive behind all others, but for those of its round that come later; unless the same output is to be driven
    /// anew.
    pub(super) fn give_back(&self, drive: Drive) {
        let mut state = self.lock();
        let is_newer = |other: &Task| matches!(other, Task::Drive(other) if other.point.overlaps(&drive.point));
        if state.tasks.iter().any(is_newer) {
            return;
        }
        let comes_later = |other: &Task| match other {
            Task::Drive(other) => other.round == drive.round && other.order() > drive.order(),
            Task::Follow(_) | Task::End => false,
        };
        let at = state.tasks.iter().position(comes_later).unwrap_or(state.tasks.len());
        state.tasks.insert(at, Task::Drive(drive));
    }

    /// Whether the end was given, though its thread may be at something else yet.
    pub(super) fn is_last(&self) -> bool {
        self.lock().is_last
    }

    pub(super) fn has_drives(&self) -> bool {
        self.lock().tasks.iter().any(|task| matches!(task, Task::Drive(_)))
    }

    /// The thread ends after what it is at.
    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task, at most so long. The outer None: it is to end.
    pub(super) fn next(&self, wait: Duration) -> Option<Option<Task>> {
        let idle = |state: &mut State| state.tasks.is_empty() && !state.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), wait, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.ended).then(|| state.tasks.pop_front())
    }
}
