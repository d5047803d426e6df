//! One output on the broker: what it was told, whether it follows, and what it does by itself.

use super::{payload::Found, points::Message};
use crate::{
    clock::{Moment, Now},
    model::{DriveId, Event, Level, Remote, duration},
};
use std::sync::Arc;

/// What is known of it.
pub(super) struct OutputPoint {
    pub(super) remote: Arc<Remote>,
    /// What it was last driven to, or went to by itself; None: nobody has driven it yet.
    wanted: Option<Level>,
    /// It is known to be so.
    is_confirmed: bool,
    /// What it last said; None: nothing since it was driven to something else.
    says: Option<bool>,
    pending: Option<Pending>,
    /// What was last logged to be wrong with it.
    complaint: String,
    /// It went elsewhere by itself since it was last driven, which was logged.
    is_astray: bool,
}

/// A drive that is not answered yet.
struct Pending {
    drive: DriveId,
    level: Level,
    due: Moment,
    is_published: bool,
}

/// What is to be published, in this order.
pub(super) struct Order {
    pub(super) drive: DriveId,
    pub(super) messages: Vec<(Arc<str>, String)>,
}

impl OutputPoint {
    pub(super) fn new(remote: Arc<Remote>) -> OutputPoint {
        OutputPoint {
            remote,
            wanted: None,
            is_confirmed: false,
            says: None,
            pending: None,
            complaint: String::new(),
            is_astray: false,
        }
    }

    /// It is to be driven; a drive before, which nobody answered, is of no account any more.
    pub(super) fn drive(&mut self, drive: DriveId, level: Level, now: Now) {
        let Some(command) = &self.remote.command else { return };
        let due = now.moment + command.confirm_within;
        (self.wanted, self.is_confirmed, self.is_astray) = (Some(level), false, false);
        self.pending = Some(Pending { drive, level, due, is_published: false });
    }

    /// The device, or the broker, is back: what failed need not wait.
    pub(super) fn reached(&self, id: &Arc<str>) -> Option<Event> {
        let failed = self.wanted.is_some() && !self.is_confirmed && self.pending.is_none();
        failed.then(|| Event::WireReached { output: id.clone() })
    }

    /// What is to be published now, once for each drive.
    pub(super) fn take_order(&mut self) -> Option<Order> {
        let command = self.remote.command.as_ref()?;
        let pending = self.pending.as_mut().filter(|pending| !pending.is_published)?;
        pending.is_published = true;
        // What it said before tells nothing of whether it follows.
        self.says = self.says.filter(|says| *says == pending.level.is_on());
        let (topic, payload) = command.message(pending.level);
        let asks = command.ask.iter().map(|ask| (command.topic.clone(), ask.to_string()));
        let messages = [(topic.clone(), payload)].into_iter().chain(asks).collect();
        Some(Order { drive: pending.drive, messages })
    }

    /// A connection is lost: what it was given may never have left it.
    pub(super) fn publish_again(&mut self) {
        // What it said before tells nothing of what it does now.
        self.says = None;
        if let Some(pending) = &mut self.pending {
            pending.is_published = false;
        }
    }

    /// The broker has taken the command. Whether that is all that can be known depends on what the device says.
    pub(super) fn taken(&mut self, drive: DriveId, events: &mut Vec<Event>) {
        let Some(pending) = self.pending.as_ref().filter(|pending| pending.drive == drive) else { return };
        let says_so = self.says == Some(pending.level.is_on());
        if self.remote.state.is_none() || says_so {
            self.confirm(events);
        }
    }

    fn confirm(&mut self, events: &mut Vec<Event>) {
        if let Some(Pending { drive, .. }) = self.pending.take() {
            self.is_confirmed = true;
            self.complaint.clear();
            events.push(Event::Driven { drive, result: Ok(()) });
        }
    }

    /// A message came in.
    pub(super) fn hear(&mut self, id: &Arc<str>, message: &Message<'_>, events: &mut Vec<Event>) {
        let remote = self.remote.clone();
        let Some(told) = remote.state.as_ref().filter(|told| *told.topic == *message.topic) else { return };
        let Found::Word(word) = message.payload.at(&told.pointer) else { return };
        let Some(on) = remote.words.meaning(&word) else {
            tracing::debug!("{id}: {} says {}, neither on nor off", told.topic, message.payload.shown());
            return;
        };
        self.says = Some(on);
        if let Some(pending) = &self.pending {
            if pending.is_published && pending.level.is_on() == on && !message.retained {
                self.confirm(events);
            }
            return;
        }
        // What nobody drove yet may be as it likes.
        let Some(wanted) = self.wanted else { return };
        let found = |level| Event::WireFound { output: id.clone(), level, result: Ok(()) };
        if wanted.is_on() == on {
            if !std::mem::replace(&mut self.is_confirmed, true) {
                events.push(found(wanted));
            }
        } else if self.is_confirmed {
            let level = Level::from_on(on);
            if !std::mem::replace(&mut self.is_astray, true) {
                tracing::info!("{id} went {level} by itself");
            }
            self.wanted = Some(level);
            events.push(found(level));
        }
    }

    /// The drive was answered as failed before it began.
    pub(super) fn give_up(&mut self) {
        self.pending = None;
    }

    /// Nobody can reach it, or it does not follow.
    pub(super) fn fail(&mut self, id: &Arc<str>, text: &str, events: &mut Vec<Event>) {
        if let Some(Pending { drive, .. }) = self.pending.take() {
            events.push(Event::Driven { drive, result: Err(text.into()) });
            self.complain(id, text);
        } else if let Some(level) = self.wanted.filter(|_| self.is_confirmed) {
            events.push(Event::WireFound { output: id.clone(), level, result: Err(text.into()) });
            self.complain(id, text);
        }
        self.is_confirmed = false;
    }

    /// Answers a drive that nobody followed in time.
    pub(super) fn update(&mut self, id: &Arc<str>, is_away: bool, now: Now, events: &mut Vec<Event>) {
        let over = self.pending.take_if(|pending| now.moment >= pending.due);
        let Some(Pending { drive, is_published, .. }) = over else { return };
        let within =
            self.remote.command.as_ref().map(|command| duration::spell(command.confirm_within)).unwrap_or_default();
        let state = self.remote.state.as_ref().map(|told| &*told.topic);
        let text = match (is_away || !is_published, state, self.says) {
            (true, ..) => "no connection to the broker".to_owned(),
            (false, None, _) => format!("the broker did not take the command within {within}"),
            (false, Some(topic), None) => format!("{topic} says nothing within {within} of the command"),
            (false, Some(topic), Some(on)) => {
                format!("{topic} does not follow: it says {} {within} after the command", Level::from_on(on))
            }
        };
        self.complain(id, &text);
        events.push(Event::Driven { drive, result: Err(text) });
    }

    /// Logs what is wrong, once for each tale.
    fn complain(&mut self, id: &Arc<str>, text: &str) {
        if self.complaint != text {
            tracing::warn!("output {id}: {text}");
            self.complaint = text.to_owned();
        }
    }

    /// When a drive is to be answered at the latest.
    pub(super) fn due(&self) -> Option<Moment> {
        self.pending.as_ref().map(|pending| pending.due)
    }

    /// Whether it is known to be as it should.
    pub(super) fn is_good(&self) -> bool {
        self.is_confirmed
    }
}
