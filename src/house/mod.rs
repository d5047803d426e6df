//! The house as an adapter sees it: what is in force, the newest snapshot, what is told once, and doors for events,
//! commands and questions.
//!
//! An adapter is a task that is given a [`House`] and needs nothing else of the daemon: it follows reloads, takes leave when
//! [`House::stopping`] says so, and is watched by [`Adapters`] like any other. The daemon knows adapters by name only.

mod adapters;
mod commands;
pub mod editing;
mod history;
#[cfg(test)]
pub mod invented;
pub mod log;
mod notifications;
pub mod past;
mod questions;

pub use adapters::Adapters;
pub use commands::{Answerer, Reply, Request};
pub use history::{Ask, Change, Course, NoCourse, Past, Span, UNKNOWN};
pub use notifications::{Notice, Notification, Notifications, Refused, TOLD_MAX};
pub use questions::{Candidate, Difference, Explained, Foreseen, Move, Plan, Question, Ruled};

use crate::{
    clock::Clock,
    model::{BrokerStatus, Config, Event, Guest, Snapshot, Vitals},
};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// News that may wait for the control loop; then whoever brings more waits.
const QUEUE: usize = 1024;

/// Whoever edits waits for who edits already.
const EDITS: usize = 4;

/// Questions about the past wait for each other.
const PAST_QUEUE: usize = 8;

/// What an adapter gets of the daemon.
#[derive(Clone)]
pub struct House {
    /// The configuration in force: another one after a reload, before any snapshot of it.
    pub config: watch::Receiver<Arc<Config>>,
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What is told once.
    pub notifications: Notifications,
    /// What was read, pressed, driven.
    pub events: mpsc::Sender<Event>,
    /// Commands go here.
    pub requests: mpsc::Sender<Request>,
    /// Questions go here.
    pub questions: mpsc::Sender<Question>,
    /// Questions about the past go here.
    pub past: mpsc::Sender<Past>,
    /// What is asked about the configuration file goes here.
    pub edits: mpsc::Sender<editing::Edit>,
    /// How it stands with the broker.
    pub broker: watch::Receiver<BrokerStatus>,
    /// Who is connected by the API for Home Assistant.
    pub guests: watch::Receiver<Arc<[Guest]>>,
    /// What is wrong with the file, while another configuration than that is in force.
    pub refused: watch::Receiver<Option<String>>,
    /// Why the state cannot be saved, while it cannot.
    pub unsaved: watch::Receiver<Option<String>>,
    /// What the hub tells of itself.
    pub vitals: watch::Receiver<Arc<Vitals>>,
    /// Why the history cannot be written, while it cannot.
    pub unrecorded: watch::Receiver<Option<String>>,
    /// The daemon's clock.
    pub clock: Clock,
    stopping: watch::Receiver<bool>,
}

/// The daemon's end of a [`House`].
pub struct Ends {
    /// See [`House::config`].
    pub config: watch::Sender<Arc<Config>>,
    /// See [`House::snapshots`].
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// See [`House::events`].
    pub events: mpsc::Receiver<Event>,
    /// See [`House::requests`].
    pub requests: mpsc::Receiver<Request>,
    /// See [`House::questions`].
    pub questions: mpsc::Receiver<Question>,
    /// See [`House::past`].
    pub past: mpsc::Receiver<Past>,
    /// See [`House::edits`].
    pub edits: mpsc::Receiver<editing::Edit>,
    /// See [`House::broker`].
    pub broker: watch::Sender<BrokerStatus>,
    /// See [`House::guests`].
    pub guests: watch::Sender<Arc<[Guest]>>,
    /// See [`House::refused`].
    pub refused: watch::Sender<Option<String>>,
    /// See [`House::unsaved`].
    pub unsaved: watch::Sender<Option<String>>,
    /// See [`House::vitals`].
    pub vitals: watch::Sender<Arc<Vitals>>,
    /// See [`House::unrecorded`].
    pub unrecorded: watch::Sender<Option<String>>,
    /// True: adapters are to take leave.
    pub stopping: watch::Sender<bool>,
}

impl House {
    /// A house that looks like `first`.
    pub fn new(first: Arc<Snapshot>, clock: Clock) -> (House, Ends) {
        let (config_in, config) = watch::channel(first.config.clone());
        let (snapshots_in, snapshots) = watch::channel(first);
        let (events, events_out) = mpsc::channel(QUEUE);
        let (requests, requests_out) = mpsc::channel(QUEUE);
        // Each is answered by a copy of the engine: one at a time.
        let (questions, questions_out) = mpsc::channel(1);
        let (past, past_out) = mpsc::channel(PAST_QUEUE);
        let (edits, edits_out) = mpsc::channel(EDITS);
        let (broker_in, broker) = watch::channel(BrokerStatus::default());
        let (guests_in, guests) = watch::channel(Arc::from([]));
        let (refused_in, refused) = watch::channel(None);
        let (unsaved_in, unsaved) = watch::channel(None);
        let (vitals_in, vitals) = watch::channel(Arc::default());
        let (unrecorded_in, unrecorded) = watch::channel(None);
        let (stopping_in, stopping) = watch::channel(false);
        let notifications = Notifications::default();
        let ends = Ends {
            config: config_in,
            snapshots: snapshots_in,
            events: events_out,
            requests: requests_out,
            questions: questions_out,
            past: past_out,
            edits: edits_out,
            broker: broker_in,
            guests: guests_in,
            refused: refused_in,
            unsaved: unsaved_in,
            vitals: vitals_in,
            unrecorded: unrecorded_in,
            stopping: stopping_in,
        };
        let house = House {
            config,
            snapshots,
            notifications,
            events,
            requests,
            questions,
            past,
            edits,
            broker,
            guests,
            refused,
            unsaved,
            vitals,
            unrecorded,
            clock,
            stopping,
        };
        (house, ends)
    }

    /// What is wrong with the daemon itself, in one line for people; None: nothing.
    pub fn trouble(&self) -> Option<String> {
        let is_refused = self.refused.borrow().is_some();
        let refused = is_refused.then(|| "the configuration file is refused, an earlier one is in force".to_owned());
        let unsaved = self.unsaved.borrow().clone();
        let unrecorded = self.unrecorded.borrow().clone();
        refused.into_iter().chain(unsaved).chain(unrecorded).reduce(|all, trouble| format!("{all}; {trouble}"))
    }

    /// Waits until [`House::trouble`] may say something else; for ever once the daemon is gone.
    pub async fn trouble_changed(&mut self) {
        tokio::select! {
            Ok(()) = self.refused.changed() => {}
            Ok(()) = self.unsaved.changed() => {}
            Ok(()) = self.unrecorded.changed() => {}
            else => std::future::pending().await,
        }
    }

    /// Waits until adapters are to take leave: the last snapshot is there.
    pub async fn stopping(&mut self) {
        // Without the daemon nobody says so any more.
        let _ = self.stopping.wait_for(|stopping| *stopping).await;
    }
}
