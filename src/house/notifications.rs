//! What is told once, to every adapter that listens.

use crate::model::Config;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// So many wait to be told to one adapter: more than a storm of 10,000 wrong commands. Beyond, they are counted and left out.
pub const TOLD_MAX: usize = 16_384;

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// A command was refused; only the adapter that brought it hears of it.
    Refused(Refused),
    /// A rule has something to say to people, or the daemon itself.
    Notice(Notice),
    /// A button was clicked: the dotted name of its event, and how.
    Clicked(String, &'static str),
}

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The dotted name that it spoke of.
    pub point: String,
    /// Its payload, or the start of it.
    pub payload: String,
    /// What was wrong and what to write instead: one line.
    pub reason: String,
}

/// What a rule has to say to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// The rule.
    pub rule: String,
    /// When: local time, RFC 3339.
    pub time: String,
}

impl Notice {
    /// What is told by `rule` at this moment, in the house of `config`.
    pub fn new(text: String, rule: &str, at: DateTime<Utc>, config: &Config) -> Notice {
        Notice { text, rule: rule.into(), time: config.hub.on_the_clock(at) }
    }
}

/// Those who listen.
#[derive(Clone, Debug, Default)]
pub struct Notifications(Arc<Mutex<Vec<mpsc::Sender<Notification>>>>);

impl Notifications {
    /// What is told from now on, until the receiver is gone; and the sender, for [`super::Answerer::Refusals`].
    pub fn listen(&self) -> (mpsc::Sender<Notification>, mpsc::Receiver<Notification>) {
        let (sender, receiver) = mpsc::channel(TOLD_MAX);
        self.listeners().push(sender.clone());
        (sender, receiver)
    }

    /// Tells all who listen. Returns how many times one was too slow to be told.
    pub fn tell(&self, told: &[Notification]) -> usize {
        if told.is_empty() {
            return 0;
        }
        let mut listeners = self.listeners();
        listeners.retain(|listener| !listener.is_closed());
        let missed =
            |listener: &mpsc::Sender<_>| told.iter().filter(|item| listener.try_send((*item).clone()).is_err()).count();
        listeners.iter().map(missed).sum()
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, Vec<mpsc::Sender<Notification>>> {
        // Nothing that panics runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_listen_are_told_and_who_is_gone_is_forgotten() {
        let notifications = Notifications::default();
        let click = |count: usize| vec![Notification::Clicked("bell".into(), "click"); count];
        assert_eq!(notifications.tell(&click(1)), 0, "nobody missed it");
        let (_, mut quick) = notifications.listen();
        let (_, slow) = notifications.listen();
        assert_eq!(notifications.tell(&click(TOLD_MAX)), 0);
        while quick.try_recv().is_ok() {}
        assert_eq!(notifications.tell(&click(2)), 2, "for the slow one there is no room");
        assert!(quick.try_recv().is_ok());
        drop(slow);
        assert_eq!(notifications.tell(&click(1)), 0);
        assert_eq!(notifications.listeners().len(), 1);
    }
}
