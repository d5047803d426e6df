//! One output on the broker: what it was told, whether it follows, and what it does by itself.

use super::{payload::Found, points::Message};
use crate::{
    clock::{Moment, Now},
    model::{DriveId, Event, Level, Remote, RemoteLevel, Told, duration},
};
use std::{sync::Arc, time::Duration};

/// What is known of it.
pub(crate) struct OutputPoint {
    pub(crate) remote: Arc<Remote>,
    /// What it was last driven to, or went to by itself; None: nobody has driven it yet.
    wanted: Option<Level>,
    /// It is known to be so.
    is_confirmed: bool,
    /// What it last said; None: nothing since it was driven to something else.
    says: Option<bool>,
    /// What it last said of its level; None: nothing since there is a connection.
    says_level: Option<Said>,
    /// When it was last driven; None: never.
    driven: Option<Moment>,
    /// What it said of its level when it was driven last.
    said_before: Option<f64>,
    /// A level that it was driven to, and the number at which it came to rest then: it has steps of its own.
    own_step: Option<(Level, f64)>,
    pending: Option<Pending>,
    /// What was last logged to be wrong with it.
    complaint: String,
    /// Of another hub's: its last drive asked for something, which was not taken back.
    pub(crate) is_asked: bool,
    /// Of another hub's: it was there, and did not do what it was last asked.
    is_unfollowed: bool,
    /// It went elsewhere by itself since it was last driven, which was logged.
    is_astray: bool,
}

/// The number by which a device tells its level.
struct Said {
    number: f64,
    /// Since when it says so.
    since: Moment,
    /// It said another before.
    moved: bool,
    /// It said so, or says so again, since it was driven.
    is_news: bool,
    /// It rests there, which the engine was told.
    is_found: bool,
}

/// A device that goes to a level so near to the one that it was driven to, in percent, has steps of its own.
const NEAR: f64 = 20.0;

/// A drive that is not answered yet.
struct Pending {
    drive: DriveId,
    level: Level,
    due: Moment,
    is_published: bool,
    purpose: Purpose,
}

/// What a drive is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is to be so.
    Want,
    /// It is to be safe.
    Safe,
    /// What was asked of another hub is taken back: the level tells nothing.
    TakeBack,
}

/// What is to be published, in this order.
pub(crate) struct Order {
    pub(crate) drive: DriveId,
    pub(crate) messages: Vec<(Arc<str>, String)>,
    /// And then this, which makes the device tell its state.
    pub(crate) ask: Option<(Arc<str>, String)>,
    /// They are of use for so many seconds; None: whenever they arrive.
    pub(crate) useful_s: Option<u32>,
}

impl OutputPoint {
    pub(crate) fn new(remote: Arc<Remote>) -> OutputPoint {
        OutputPoint {
            remote,
            wanted: None,
            is_confirmed: false,
            says: None,
            says_level: None,
            driven: None,
            said_before: None,
            own_step: None,
            pending: None,
            complaint: String::new(),
            is_asked: false,
            is_unfollowed: false,
            is_astray: false,
        }
    }

    /// It is to be driven; a drive before, which nobody answered, is of no account any more.
    /// `asks`: somebody asks for it, which counts of a part of another hub's cover.
    pub(crate) fn drive(&mut self, drive: DriveId, level: Level, purpose: Purpose, asks: bool, now: Now) {
        let Some(command) = &self.remote.command else { return };
        let due = now.moment + command.confirm_within;
        (self.wanted, self.is_confirmed, self.is_astray) = (Some(level), false, false);
        self.driven = Some(now.moment);
        self.pending = Some(Pending { drive, level, due, is_published: false, purpose });
        (self.is_asked, self.is_unfollowed) = (!self.remote.is_press() || asks || self.is_asked, false);
    }

    /// Whether it is to press something of a cover of another hub: only of one that is there, or it would be lost.
    pub(crate) fn needs_its_hub(&self) -> bool {
        let is_on = self.pending.as_ref().is_some_and(|pending| pending.level.is_on());
        self.remote.owner.is_some() && self.remote.is_press() && is_on
    }

    /// Another hub's: it can be believed again.
    pub(crate) fn is_there_again(&mut self) {
        self.is_unfollowed = false;
    }

    /// The device, or the broker, is back: what failed need not wait. Of another hub's, the engine hears at once what it is,
    /// and asks anew if it still wants to.
    pub(crate) fn reached(&self, id: &Arc<str>) -> Option<Event> {
        let failed = self.wanted.is_some() && !self.is_confirmed && self.pending.is_none();
        let is_lent = self.remote.owner.is_some() && !self.remote.is_press();
        (failed && !is_lent).then(|| Event::WireReached { output: id.clone() })
    }

    /// What is to be published now, once for each drive; no messages where there is nothing to say.
    pub(crate) fn take_order(&mut self) -> Option<Order> {
        let command = self.remote.command.as_ref()?;
        let pending = self.pending.as_mut().filter(|pending| !pending.is_published)?;
        pending.is_published = true;
        if let (Some(owner), Purpose::TakeBack) = (&self.remote.owner, pending.purpose) {
            let messages = vec![(command.topic.clone(), owner.release.to_string())];
            return Some(Order { drive: pending.drive, messages, ask: None, useful_s: None });
        }
        // What does not follow is told again, and a cover is not moved later: a command that a broker keeps for a device that is
        // away would be carried out at any time, beside whatever is on by then. What makes it safe may come late.
        let is_press = command.off.is_none();
        let is_for_now = (self.remote.state.is_some() || is_press) && pending.purpose == Purpose::Want;
        let within_s = command.confirm_within.as_millis().div_ceil(1_000);
        let useful_s = u32::try_from(within_s).ok().filter(|_| is_for_now);
        // What it said before tells nothing of whether it follows.
        self.says = self.says.filter(|says| *says == pending.level.is_on());
        self.said_before = self.says_level.as_ref().map(|said| said.number);
        if let Some(said) = &mut self.says_level {
            (said.moved, said.is_news) = (false, false);
        }
        let messages = command.messages(pending.level);
        let ask = command.ask.as_ref().filter(|_| !messages.is_empty());
        let ask = ask.map(|ask| (command.topic.clone(), ask.to_string()));
        Some(Order { drive: pending.drive, messages, ask, useful_s })
    }

    /// A connection is lost: what it was given may never have left it.
    pub(crate) fn publish_again(&mut self) {
        // What it said before tells nothing of what it does now.
        (self.says, self.says_level) = (None, None);
        if let Some(pending) = &mut self.pending {
            pending.is_published = false;
        }
    }

    /// The broker has taken the command. Whether that is all that can be known depends on what the device says.
    pub(crate) fn taken(&mut self, id: &Arc<str>, drive: DriveId, events: &mut Vec<Event>) {
        let Some(pending) = self.pending.as_ref().filter(|pending| pending.drive == drive) else { return };
        if pending.purpose == Purpose::TakeBack {
            self.is_asked = false;
            self.confirm(events);
            let says = self.says;
            return self.found_of_another_hub(id, says, events);
        }
        if self.remote.state.is_none() || self.is_said_to_be(pending.level) {
            self.confirm(events);
        }
    }

    /// The broker does not pass the command on.
    pub(crate) fn not_taken(&mut self, id: &Arc<str>, drive: DriveId, why: &str, events: &mut Vec<Event>) {
        let Some(pending) = self.pending.as_ref().filter(|pending| pending.drive == drive) else { return };
        // Another hub's output is in fault until it does what is asked: what it says now is no answer.
        self.is_unfollowed = pending.purpose != Purpose::TakeBack;
        self.fail(id, &format!("the broker does not let us command it: {why}"), events);
    }

    fn confirm(&mut self, events: &mut Vec<Event>) {
        if let Some(Pending { drive, .. }) = self.pending.take() {
            self.is_confirmed = true;
            self.complaint.clear();
            events.push(Event::Driven { drive, result: Ok(()) });
        }
    }

    /// A message came in.
    pub(crate) fn hear(&mut self, id: &Arc<str>, message: &Message<'_>, events: &mut Vec<Event>) {
        let is_about = [self.hear_state(id, message), self.hear_level(id, message)];
        let Some(on) = self.says.filter(|_| is_about.contains(&true)) else { return };
        if self.remote.owner.is_some() && self.pending.is_none() {
            return self.found_of_another_hub(id, Some(on), events);
        }
        if let Some(pending) = &self.pending {
            let follows = pending.is_published && pending.purpose != Purpose::TakeBack;
            if follows && self.is_said_to_be(pending.level) && !message.retained {
                self.confirm(events);
            }
            return;
        }
        // What nobody drove yet may be as it likes.
        let Some(wanted) = self.wanted else { return };
        if self.is_said_to_be(wanted) {
            if !std::mem::replace(&mut self.is_confirmed, true) {
                events.push(Event::WireFound { output: id.clone(), level: wanted, result: Ok(()) });
            }
        } else if self.is_confirmed && wanted.is_on() != on {
            // Another level while it is on counts when it has come to rest: it may be on its way.
            self.found_astray(id, events);
        }
    }

    /// Takes in what a message says of on and off, if anything.
    fn hear_state(&mut self, id: &Arc<str>, message: &Message<'_>) -> bool {
        let Some(told) = self.remote.state.as_ref().filter(|told| *told.topic == *message.topic) else { return false };
        let Found::Word(word) = message.payload.at(&told.pointer) else { return false };
        let meaning = self.remote.words.meaning(&word);
        if meaning.is_none() {
            tracing::debug!("{id}: {} says {}, neither on nor off", told.topic, message.payload.shown());
        }
        self.says = meaning.or(self.says);
        meaning.is_some()
    }

    /// Takes in what a message says of its level, if anything.
    fn hear_level(&mut self, id: &Arc<str>, message: &Message<'_>) -> bool {
        let told = self.level_told().map(|(_, told)| told).filter(|told| *told.topic == *message.topic);
        let Some(told) = told else { return false };
        let Found::Word(word) = message.payload.at(&told.pointer) else { return false };
        let Some(number) = word.parse().ok().filter(|number: &f64| number.is_finite()) else {
            tracing::debug!("{id}: {} says {}, in which is no level", told.topic, message.payload.shown());
            return false;
        };
        let before = self.says_level.take();
        let same = before.as_ref().filter(|said| said.number == number);
        let since = same.map_or(message.now.moment, |said| said.since);
        let moved = same.map_or(before.is_some(), |said| said.moved);
        let is_found = same.is_some_and(|said| said.is_found);
        self.says_level = Some(Said { number, since, moved, is_news: true, is_found });
        true
    }

    /// How its level is asked, and where it is told, if it is.
    fn level_told(&self) -> Option<(&RemoteLevel, &Told)> {
        let way = self.remote.command.as_ref()?.level.as_ref()?;
        Some((way, way.state.as_ref()?))
    }

    /// Whether all that it says is that it has this level.
    fn is_said_to_be(&self, level: Level) -> bool {
        let is_level = || match (self.level_told(), &self.says_level) {
            // Some never tell a level, though they could.
            (None, _) | (_, None) => true,
            (Some((way, _)), Some(said)) => {
                way.is_at(said.number, level) || self.own_step == Some((level, said.number))
            }
        };
        self.says == Some(level.is_on()) && (!level.is_on() || is_level())
    }

    /// It is not where it was driven.
    fn found_astray(&mut self, id: &Arc<str>, events: &mut Vec<Event>) {
        let Some(on) = self.says else { return };
        let said = self.level_told().zip(self.says_level.as_ref()).filter(|_| on);
        let level = said.map_or(Level::from_on(on), |((way, _), said)| way.level(said.number));
        if !std::mem::replace(&mut self.is_astray, true) {
            tracing::info!("{id} went {level} by itself");
        }
        self.wanted = Some(level);
        if let Some(said) = &mut self.says_level {
            said.is_found = true;
        }
        events.push(Event::WireFound { output: id.clone(), level, result: Ok(()) });
    }

    /// Whether it went, when it was driven, to a level beside the one that it was driven to, which is its own step then.
    fn takes_own_step(&mut self) -> bool {
        let (Some((way, _)), Some(said), Some(wanted), Some(driven)) =
            (self.level_told(), &self.says_level, self.wanted, self.driven)
        else {
            return false;
        };
        let within = self.remote.command.as_ref().map(|command| command.confirm_within).unwrap_or_default();
        let has_moved = said.is_news && self.said_before != Some(said.number) && said.since <= driven + within * 2;
        let is_own = self.says == Some(true) && wanted.is_on() && has_moved && way.is_near(said.number, wanted, NEAR);
        if is_own {
            self.own_step = Some((wanted, said.number));
        }
        is_own
    }

    /// When the level that it says, and that it was not driven to, has come to rest. A device that fades tells levels on its
    /// way: driven back from each of them it would never arrive.
    fn rests_at(&self) -> Option<Moment> {
        let wanted = self.wanted.filter(|wanted| wanted.is_on() && self.is_confirmed && self.pending.is_none())?;
        let said = self.says_level.as_ref().filter(|said| self.says == Some(true) && !said.is_found)?;
        let within = self.remote.command.as_ref()?.confirm_within;
        (!self.is_said_to_be(wanted)).then(|| said.since + within)
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
    pub(crate) fn give_up(&mut self) {
        self.pending = None;
    }

    /// Nobody can reach it, or it does not follow.
    pub(crate) fn fail(&mut self, id: &Arc<str>, text: &str, events: &mut Vec<Event>) {
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

    /// Answers a drive that nobody followed in time, and looks at where it came to rest.
    pub(crate) fn update(&mut self, id: &Arc<str>, is_away: bool, now: Now, events: &mut Vec<Event>) {
        if self.rests_at().is_some_and(|at| now.moment >= at) {
            if !self.takes_own_step() {
                self.found_astray(id, events);
            }
            return;
        }
        if self.pending.as_ref().is_none_or(|pending| now.moment < pending.due) {
            return;
        }
        let within = self.remote.command.as_ref().map(|command| command.confirm_within).unwrap_or_default();
        let is_done =
            self.pending.as_ref().is_some_and(|pending| pending.is_published && pending.purpose != Purpose::TakeBack);
        // Of one on its way it is looked at where it comes to rest.
        if is_done && (self.is_on_its_way(within, now) || self.takes_own_step()) {
            return self.confirm(events);
        }
        let Some(Pending { drive, level, is_published, purpose, .. }) = self.pending.take() else { return };
        let takes_back = purpose == Purpose::TakeBack;
        let within = duration::spell(within);
        let state = self.remote.state.as_ref().map(|told| &*told.topic);
        self.is_unfollowed = !is_away && is_published && !takes_back;
        // It is on, as it should be: then it is its level that does not follow.
        let of_level = self.level_told().filter(|_| level.is_on() && self.says == Some(true));
        let of_level = of_level.map(|told| (told, self.says_level.as_ref().filter(|said| said.is_news)));
        let text = match (is_away || !is_published, state.filter(|_| !takes_back), self.says, &of_level) {
            (true, ..) if !is_away && self.remote.owner.is_some() => {
                let hub = self.remote.owner.as_ref().map_or("", |owner| &owner.name);
                format!("the hub {hub} does not say whether it is there")
            }
            (true, ..) => "no connection to the broker".to_owned(),
            (false, None, ..) => format!("the broker did not take the command within {within}"),
            (false, Some(topic), None, _) => format!("{topic} says nothing within {within} of the command"),
            (false, Some(topic), Some(on), None) => {
                format!("{topic} does not follow: it says {} {within} after the command", Level::from_on(on))
            }
            (false, Some(_), Some(_), Some(((_, told), None))) => {
                format!("{} says no level within {within} of the command", told.topic)
            }
            (false, Some(_), Some(_), Some(((way, told), Some(said)))) => {
                let percent = way.level(said.number).percent();
                format!("{} does not follow: it says {percent} % {within} after the command", told.topic)
            }
        };
        // What was published may have been done, whoever says nothing of it; it is on if it says so, at whatever level.
        let is_contradicted = state.is_some() && self.says.is_some() && of_level.is_none();
        self.complain(id, &text);
        events.push(match is_published && !is_contradicted {
            true => Event::Overdue { drive, text },
            false => Event::Driven { drive, result: Err(text) },
        });
    }

    /// Whether it tells one level after another since it was driven to one, as one that fades.
    fn is_on_its_way(&self, within: Duration, now: Now) -> bool {
        let is_asked = self.pending.as_ref().is_some_and(|pending| pending.is_published && pending.level.is_on());
        let moves = |said: &Said| said.moved && said.is_news && now.moment < said.since + within / 2;
        is_asked && self.says == Some(true) && self.says_level.as_ref().is_some_and(moves)
    }

    /// Logs what is wrong, once for each tale.
    fn complain(&mut self, id: &Arc<str>, text: &str) {
        if self.complaint != text {
            tracing::warn!("output {id}: {text}");
            self.complaint = text.to_owned();
        }
    }

    /// When a drive is to be answered at the latest.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.pending.as_ref().map(|pending| pending.due).or_else(|| self.rests_at())
    }

    /// Whether it is known to be as it should.
    pub(crate) fn is_good(&self) -> bool {
        self.is_confirmed
    }
}
