//! The thread of one port: opens it, asks where its device wants to be asked, and tells what comes.

use super::{
    Share,
    codec::{Codec, Told},
};
use crate::{
    clock::{Clock, Moment},
    links::port::{self, REOPEN_LAST, pause},
    model::{ClockTrust, Event, ReadFailure},
    threads::Reports,
};
use rustix::event::{PollFd, PollFlags};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, PoisonError},
    thread::sleep,
    time::Duration,
};
use tokio::sync::mpsc::Sender;

/// A device that lost its power has forgotten that it is to tell more: it is told again, not more often than this.
const GREET_AGAIN: Duration = Duration::from_secs(5);
/// A telegram that comes a little before the next one is due is the next one.
const EARLY: u32 = 4;
/// What one command changes takes a device so long.
const BETWEEN_COMMANDS: Duration = Duration::from_millis(50);
/// Nothing is waited for longer at once.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the thread holds.
pub(super) struct Listener {
    share: Share,
    next: Arc<Mutex<Option<Share>>>,
    woken: UnixStream,
    /// Of real time: bytes keep to no other.
    clock: Clock,
    reports: Reports,
    open: Option<File>,
    codec: Codec,
    /// How often the port could not be opened, and when it is tried again.
    tries: (u32, Moment),
    /// When a frame came last, or the port was opened.
    heard: Moment,
    greeted: Moment,
    ask_at: Moment,
    /// What is wrong.
    trouble: Option<String>,
    /// When what a sensor reads was told last.
    read: BTreeMap<Arc<str>, Moment>,
    /// What was told of inputs last.
    told: BTreeMap<Arc<str>, Result<bool, String>>,
    /// What the device was found not to tell.
    lacks: BTreeSet<&'static str>,
}

impl Listener {
    pub fn new(share: Share, next: Arc<Mutex<Option<Share>>>, woken: UnixStream, events: Sender<Event>) -> Listener {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let now = clock.now().moment;
        Listener {
            codec: share.port.kind.codec(),
            share,
            next,
            woken,
            clock,
            reports: Reports::new(events),
            open: None,
            tries: (0, now),
            heard: now,
            greeted: now,
            ask_at: now,
            trouble: None,
            read: BTreeMap::new(),
            told: BTreeMap::new(),
            lacks: BTreeSet::new(),
        }
    }

    pub fn run(mut self) {
        loop {
            if self.reports.send().is_break() {
                return;
            }
            let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(share) = next {
                self.follow(share);
            }
            let now = self.clock.now().moment;
            if let Err(error) = self.work(now) {
                self.close(&error, now);
            }
            if self.wait().is_break() {
                return;
            }
        }
    }

    /// Takes over what another house has there. A port that is set as before stays open.
    fn follow(&mut self, share: Share) {
        let before = std::mem::replace(&mut self.share, share);
        if before.port.kind != self.share.port.kind {
            self.codec = self.share.port.kind.codec();
            (self.open, self.tries) = (None, (0, self.clock.now().moment));
            self.trouble = None;
        } else if before.port.greeting(before.is_detailed()) != self.share.port.greeting(self.share.is_detailed())
            && let Err(error) = self.greet()
        {
            self.close(&error, self.clock.now().moment);
        }
        // What is new is read at once, and what is as before keeps its pace.
        self.read.retain(|id, _| {
            let is_it = |share: &Share| share.sensors.iter().find(|sensor| sensor.id == *id).cloned();
            is_it(&before).is_some_and(|sensor| Some(sensor) == is_it(&self.share))
        });
        self.told.retain(|id, _| {
            let is_it = |share: &Share| share.inputs.iter().find(|(input, _)| input == id).cloned();
            is_it(&before).is_some_and(|input| Some(input) == is_it(&self.share))
        });
        self.lacks.clear();
        self.ask_at = self.clock.now().moment;
        if let Some(text) = self.trouble.clone() {
            self.tell_trouble(&text);
        }
    }

    /// Opens, asks, reads: all that is due.
    fn work(&mut self, now: Moment) -> io::Result<()> {
        if self.open.is_none() {
            if now < self.tries.1 {
                return Ok(());
            }
            let settings = self.share.port.kind.facts().settings;
            self.open = Some(port::open(&self.share.port.port, settings, false)?);
            self.codec.forget();
            (self.heard, self.ask_at) = (now, now);
            self.greet()?;
        }
        if self.share.port.kind.facts().is_asked && now >= self.ask_at {
            self.ask_at = now + self.share.every();
            self.say(&super::mhz19::request())?;
        }
        let mut bytes = [0; 1024];
        let Some(open) = self.open.as_mut().filter(|_| self.reports.are_sent()) else { return Ok(()) };
        match open.read(&mut bytes) {
            // A port at its end is one that is no more.
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                for told in self.codec.take(&bytes[..count]) {
                    self.take(&told, now)?;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if now >= self.heard + self.share.silent_after() && self.trouble.is_none() {
            let (name, place) = (self.share.port.kind.facts().title, &self.share.port.port);
            let wrong = match self.codec.wrong() {
                0 => String::new(),
                count => format!(" ({count} frames came with a wrong checksum: see its kind and its wires)"),
            };
            self.fail(format!("nothing is heard of the {name} on {place}{wrong}"));
        }
        Ok(())
    }

    fn greet(&mut self) -> io::Result<()> {
        self.greeted = self.clock.now().moment;
        for command in self.share.port.greeting(self.share.is_detailed()) {
            self.say(&command)?;
            sleep(BETWEEN_COMMANDS);
        }
        Ok(())
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            // A few bytes are far less than what the system takes at once.
            Some(open) => open.write_all(bytes),
            None => Ok(()),
        }
    }

    /// The port is gone, or cannot be opened.
    fn close(&mut self, error: &io::Error, now: Moment) {
        self.open = None;
        let times = self.tries.0.saturating_add(1);
        self.tries = (times, now + pause(times).min(REOPEN_LAST));
        self.fail(port::describe(&self.share.port.port, error));
    }

    fn fail(&mut self, text: String) {
        if self.trouble.as_ref() == Some(&text) {
            return;
        }
        tracing::warn!("serial {}: {text}", self.share.port.id);
        self.tell_trouble(&text);
        self.trouble = Some(text);
    }

    fn tell_trouble(&mut self, text: &str) {
        for sensor in &self.share.sensors {
            let result = Err(ReadFailure { text: text.to_owned(), fault: true });
            self.reports.push(Event::SensorRead { sensor: sensor.id.clone(), result });
        }
        // The next thing that is heard is news.
        self.read.clear();
        for (id, _) in self.share.inputs.clone() {
            self.tell(&id, Err(text.to_owned()));
        }
    }

    fn tell(&mut self, input: &Arc<str>, result: Result<bool, String>) {
        if self.told.insert(input.clone(), result.clone()).as_ref() != Some(&result) {
            self.reports.push(Event::InputRead { input: input.clone(), result, at: None });
        }
    }

    /// Passes on what the device told.
    fn take(&mut self, told: &Told, now: Moment) -> io::Result<()> {
        (self.heard, self.tries.0) = (now, 0);
        if self.trouble.take().is_some() {
            tracing::info!("serial {}: the {} is heard again", self.share.port.id, self.share.port.kind.facts().title);
        }
        let value = |word: &str| told.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        for (id, state) in self.share.inputs.clone() {
            if let Some(value) = value(state.word) {
                self.tell(&id, Ok((value != 0.0) != state.inverted));
            }
        }
        let mut missing = BTreeSet::new();
        for sensor in &self.share.sensors {
            let wait = sensor.every - sensor.every / EARLY;
            if self.read.get(&sensor.id).is_some_and(|read| now < *read + wait) {
                continue;
            }
            self.read.insert(sensor.id.clone(), now);
            let mut readings = Vec::new();
            for channel in &sensor.sensor.channels {
                match value(channel.word) {
                    Some(value) if channel.quantity.plausible().contains(&value) => {
                        readings.push((channel.quantity, value));
                    }
                    Some(_) => {}
                    None => {
                        missing.insert((channel.word, channel.is_detailed));
                    }
                }
            }
            self.reports.push(Event::SensorRead { sensor: sensor.id.clone(), result: Ok(readings) });
        }
        if missing.iter().any(|(_, is_detailed)| *is_detailed) && now >= self.greeted + GREET_AGAIN {
            self.greet()?;
        }
        // A device that was just told to tell more does not do so at once.
        for (word, _) in missing.into_iter().filter(|(_, is_detailed)| !is_detailed) {
            if self.lacks.insert(word) {
                let (id, name) = (&self.share.port.id, self.share.port.kind.facts().title);
                tracing::warn!("serial {id}: this {name} does not tell `{word}`");
            }
        }
        Ok(())
    }

    /// Waits for bytes, for another house or for what is due next. Break: nobody listens any more.
    fn wait(&mut self) -> std::ops::ControlFlow<()> {
        let now = self.clock.now().moment;
        let facts = self.share.port.kind.facts();
        let due = match self.open {
            None => self.tries.1,
            Some(_) => {
                let silent = self.trouble.is_none().then(|| self.heard + self.share.silent_after());
                let ask = facts.is_asked.then_some(self.ask_at);
                silent.into_iter().chain(ask).min().unwrap_or(now + LONGEST_WAIT)
            }
        };
        // While nobody takes what was heard, nothing else is due.
        let limit = self.reports.wait().unwrap_or_else(|| due.since(now).min(LONGEST_WAIT));
        let mut fds = vec![PollFd::new(&self.woken, PollFlags::IN)];
        // Nothing more is read while nobody has heard the last.
        if let Some(open) = self.open.as_ref().filter(|_| self.reports.are_sent()) {
            fds.push(PollFd::new(open, PollFlags::IN));
        }
        if let Err(error) = port::wait(&mut fds, limit) {
            tracing::error!("serial {}: {error}", self.share.port.id);
            return std::ops::ControlFlow::Break(());
        }
        let mut bytes = [0; 16];
        match self.woken.read(&mut bytes) {
            Ok(0) => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        }
    }
}
