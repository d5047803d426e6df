//! One output on the broker: what it was told, whether it follows, and what it does by itself.

use super::{payload::Found, points::Message};
use crate::{
    clock::{Moment, Now},
    model::{DriveId, Event, Level, RELEASE, Remote, duration},
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
    /// Of another hub's: its last drive asked for something, which was not taken back.
    pub(super) is_asked: bool,
    /// Of another hub's: it was there, and did not do what it was last asked.
    is_unfollowed: bool,
    /// It went elsewhere by itself since it was last driven, which was logged.
    is_astray: bool,
}

/// A drive that is not answered yet.
struct Pending {
    drive: DriveId,
    level: Level,
    due: Moment,
    is_published: bool,
    /// What was asked of another hub is taken back: the level tells nothing.
    takes_back: bool,
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
            is_asked: false,
            is_unfollowed: false,
            is_astray: false,
        }
    }

    /// It is to be driven; a drive before, which nobody answered, is of no account any more.
    pub(super) fn drive(&mut self, drive: DriveId, level: Level, takes_back: bool, now: Now) {
        let Some(command) = &self.remote.command else { return };
        let due = now.moment + command.confirm_within;
        (self.wanted, self.is_confirmed, self.is_astray) = (Some(level), false, false);
        self.pending = Some(Pending { drive, level, due, is_published: false, takes_back });
        (self.is_asked, self.is_unfollowed) = (true, false);
    }

    /// Another hub's: it can be believed again.
    pub(super) fn is_there_again(&mut self) {
        self.is_unfollowed = false;
    }

    /// The device, or the broker, is back: what failed need not wait. Of another hub's, the engine hears at once what it is,
    /// and asks anew if it still wants to.
    pub(super) fn reached(&self, id: &Arc<str>) -> Option<Event> {
        let failed = self.wanted.is_some() && !self.is_confirmed && self.pending.is_none();
        (failed && self.remote.owner.is_none()).then(|| Event::WireReached { output: id.clone() })
    }

    /// What is to be published now, once for each drive.
    pub(super) fn take_order(&mut self) -> Option<Order> {
        let command = self.remote.command.as_ref()?;
        let pending = self.pending.as_mut().filter(|pending| !pending.is_published)?;
        pending.is_published = true;
        if self.remote.owner.is_some() && pending.takes_back {
            let messages = vec![(command.topic.clone(), RELEASE.into())];
            return Some(Order { drive: pending.drive, messages });
        }
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
    pub(super) fn taken(&mut self, id: &Arc<str>, drive: DriveId, events: &mut Vec<Event>) {
        let Some(pending) = self.pending.as_ref().filter(|pending| pending.drive == drive) else { return };
        if pending.takes_back {
            self.is_asked = false;
            self.confirm(events);
            let says = self.says;
            return self.found_of_another_hub(id, says, events);
        }
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
        if self.remote.owner.is_some() && self.pending.is_none() {
            return self.found_of_another_hub(id, Some(on), events);
        }
        if let Some(pending) = &self.pending {
            let follows = pending.is_published && !pending.takes_back;
            if follows && pending.level.is_on() == on && !message.retained {
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

    /// What another hub's output is said to be, while nothing is asked of it just now. One that did not do what it was asked
    /// stays in fault until it does, or is asked for something else.
    fn found_of_another_hub(&mut self, id: &Arc<str>, says: Option<bool>, events: &mut Vec<Event>) {
        let Some(on) = says else { return };
        let level = self.wanted.filter(|wanted| wanted.is_on() == on).unwrap_or(Level::from_on(on));
        let differs = self.wanted != Some(level);
        if self.is_unfollowed && differs || self.is_confirmed && !differs {
            return;
        }
        (self.wanted, self.is_confirmed, self.is_unfollowed) = (Some(level), true, false);
        self.complaint.clear();
        events.push(Event::WireFound { output: id.clone(), level, result: Ok(()) });
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
        } else if let Some(level) = self.level_in_doubt(text) {
            events.push(Event::WireFound { output: id.clone(), level, result: Err(text.into()) });
            self.complain(id, text);
        }
        self.is_confirmed = false;
    }

    /// What it is known to be, if that is in doubt from now on. Another hub's, also if it was never heard of.
    fn level_in_doubt(&self, text: &str) -> Option<Level> {
        match self.remote.owner.is_some() {
            true => (self.complaint != text).then_some(self.wanted.unwrap_or(Level::OFF)),
            false => self.wanted.filter(|_| self.is_confirmed),
        }
    }

    /// Answers a drive that nobody followed in time.
    pub(super) fn update(&mut self, id: &Arc<str>, is_away: bool, now: Now, events: &mut Vec<Event>) {
        let over = self.pending.take_if(|pending| now.moment >= pending.due);
        let Some(Pending { drive, is_published, takes_back, .. }) = over else { return };
        let within =
            self.remote.command.as_ref().map(|command| duration::spell(command.confirm_within)).unwrap_or_default();
        let state = self.remote.state.as_ref().map(|told| &*told.topic);
        self.is_unfollowed = !is_away && is_published && !takes_back;
        let text = match (is_away || !is_published, state.filter(|_| !takes_back), self.says) {
            (true, ..) => "no connection to the broker".to_owned(),
            (false, None, _) => format!("the broker did not take the command within {within}"),
            (false, Some(topic), None) => format!("{topic} says nothing within {within} of the command"),
            (false, Some(topic), Some(on)) => {
                format!("{topic} does not follow: it says {} {within} after the command", Level::from_on(on))
            }
        };
        // What was published may have been done, whoever says nothing of it.
        let is_contradicted = state.is_some() && self.says.is_some();
        self.complain(id, &text);
        events.push(match is_published && !is_contradicted {
            true => Event::Overdue { drive, text },
            false => Event::Driven { drive, result: Err(text) },
        });
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
