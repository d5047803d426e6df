//! The thread of one bus: drives as soon as they come, polls in between, one request at any time.

use super::{
    Share,
    device::{Device, Owed, pause, refused, write},
    pdu::{Answer, Exception, Request},
    rounds::{LAST_ROUND, Rounds},
    wire::{Failure, TRIES, Wire},
};
use crate::{
    clock::{Clock, Moment},
    model::{DriveId, Event, Level, ModbusForm, ModbusPoint},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::Duration,
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

/// Between two tries to report to a loop that is behind, in real time.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(20);
/// A device that did not answer so long ago is not asked again for another of its outputs.
const SPARED: Duration = Duration::from_secs(1);
/// So many answers missing one after the other, of whomever: the connection is made anew.
const SILENT_LINK: u32 = 3;
/// After a link that cannot be opened, this time passes before the next try, then twice as long,
const REOPEN_FIRST: Duration = Duration::from_secs(1);
/// but no longer than this.
const REOPEN_LAST: Duration = Duration::from_secs(30);
/// A relay takes this time to be where it was told, some devices more: it is read back so many times.
const READS_BACK: usize = 4;
const READ_BACK_EVERY: Duration = Duration::from_millis(50);
/// An answer is late by no more than so many time-outs.
const LATE: u32 = 2;
/// At the end, a link that cannot be opened has this time until the next round: a converter that is plugged in takes some.
const REOPEN_AT_END: Duration = Duration::from_millis(500);

/// What the thread of a bus is to do.
pub(super) enum Task {
    /// Another house is in force.
    Follow(Share),
    /// An output is to be driven.
    Drive(Drive),
    /// The end has come: what is driven from now on has no later chance.
    End,
}

/// An output that is to be driven.
pub(super) struct Drive {
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
pub(super) enum Answering {
    /// The control loop, by an event.
    Loop(DriveId),
    /// Somebody who waits.
    Waiting(Box<dyn FnOnce(Result<(), String>) + Send>),
}

/// What is to be done, in this order.
#[derive(Default)]
pub(super) struct Inbox {
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
    /// Adds a task. Of the drives of one output, only the newest is done. The end comes before all drives; what failed since,
    /// after those that nobody has tried.
    pub fn give(&self, task: Task) {
        let mut state = self.lock();
        if let Task::Drive(drive) = &task {
            state.tasks.retain(|other| !drives(other, &drive.point));
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
    fn give_back(&self, drive: Drive) {
        let mut state = self.lock();
        if state.tasks.iter().any(|other| drives(other, &drive.point)) {
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
    fn is_last(&self) -> bool {
        self.lock().is_last
    }

    fn has_drives(&self) -> bool {
        self.lock().tasks.iter().any(|task| matches!(task, Task::Drive(_)))
    }

    /// The devices that something is to be driven of in this round.
    fn addresses(&self, round: u8) -> BTreeSet<u8> {
        let state = self.lock();
        let address = |task: &Task| match task {
            Task::Drive(drive) if drive.round <= round => Some(drive.point.unit.address),
            Task::Drive(_) | Task::Follow(_) | Task::End => None,
        };
        state.tasks.iter().filter_map(address).collect()
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
    fn next(&self, wait: Duration) -> Option<Option<Task>> {
        let idle = |state: &mut State| state.tasks.is_empty() && !state.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), wait, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.ended).then(|| state.tasks.pop_front())
    }
}

fn drives(task: &Task, point: &Arc<ModbusPoint>) -> bool {
    matches!(task, Task::Drive(drive) if drive.point == *point)
}

/// What the thread holds.
pub(super) struct Bus {
    inbox: Arc<Inbox>,
    clock: Clock,
    events: Sender<Event>,
    /// What the loop had no room for.
    unsent: VecDeque<Event>,
    /// None: there is no bus of this name any more.
    wire: Option<Wire>,
    /// What people call the bus.
    name: Arc<str>,
    timeout: Duration,
    devices: BTreeMap<u8, Device>,
    /// Answers missing one after the other.
    missing: u32,
    /// Why the link cannot be opened, how often that was so, and when it is tried again.
    closed: Option<(String, u32, Moment)>,
    /// Outputs that the house has no more, as long as they are not left safe.
    leaving: Vec<Leaving>,
    rounds: Rounds,
}

/// An output that the house has no more.
struct Leaving {
    id: Arc<str>,
    point: Arc<ModbusPoint>,
    level: Level,
    /// How often it was tried in vain, and when it is tried next.
    tries: u32,
    due: Moment,
}

impl Bus {
    /// Of the bus at this place.
    pub fn new(place: &str, inbox: Arc<Inbox>, clock: Clock, events: Sender<Event>) -> Bus {
        Bus {
            name: place.into(),
            inbox,
            clock,
            events,
            unsent: VecDeque::new(),
            wire: None,
            timeout: Duration::ZERO,
            devices: BTreeMap::new(),
            missing: 0,
            closed: None,
            leaving: Vec::new(),
            rounds: Rounds::new(),
        }
    }

    pub fn run(mut self) {
        loop {
            self.send();
            let wait = match self.next_due() {
                // Nothing more is read while nobody has heard the last.
                _ if !self.unsent.is_empty() => QUEUE_FULL_WAIT,
                Some(due) => self.clock.real_time_until(due),
                None => Duration::MAX,
            };
            match self.inbox.next(wait) {
                None => return,
                Some(Some(task)) => self.work(task),
                Some(None) if self.unsent.is_empty() => self.poll(),
                Some(None) => {}
            }
        }
    }

    fn work(&mut self, task: Task) {
        match task {
            Task::Follow(share) => self.follow(share),
            Task::End => self.begin_round(1),
            Task::Drive(drive) => self.work_on(drive),
        }
    }

    fn work_on(&mut self, mut drive: Drive) {
        drive.round = drive.round.max(self.rounds.current().min(1));
        let (round, address) = (drive.round, drive.point.unit.address);
        if round > self.rounds.current() {
            self.begin_round(round);
        }
        // Whoever is known to be silent has no part in the first round: all others go before it.
        if round == 1 && self.is_left_out(address) {
            return self.inbox.give_back(Drive { round: round + 1, is_of_silent: true, ..drive });
        }
        drive.tries += u8::from(self.spared(address).is_none());
        let result = self.drive(&drive.point, drive.level);
        // The end may have come meanwhile.
        let has_another_chance = if round == 0 { self.inbox.is_last() } else { round < LAST_ROUND };
        if round == LAST_ROUND && !self.inbox.has_drives() {
            self.leave();
        }
        if result.is_err() && has_another_chance {
            return self.inbox.give_back(Drive { round: round + 1, ..drive });
        }
        match (result, drive.answer) {
            (result, Answering::Waiting(answer)) => answer(result.map_err(|failure| failure.text)),
            (Ok(()), Answering::Loop(drive)) => self.unsent.push_back(Event::Driven { drive, result: Ok(()) }),
            (Err(NotDriven { text, is_certain: true }), Answering::Loop(drive)) if round == 0 => {
                self.unsent.push_back(Event::Driven { drive, result: Err(text) });
            }
            // It may have been done, or in a round before.
            (Err(NotDriven { text, .. }), Answering::Loop(drive)) => {
                self.unsent.push_back(Event::Overdue { drive, text });
            }
        }
    }

    /// Whether nothing is driven of a device in the first round.
    fn is_left_out(&self, address: u8) -> bool {
        self.closed.is_none() && self.devices.get(&address).is_some_and(Device::is_silent)
    }

    /// At the end, everybody has another chance in each round; in it, who does not answer is asked once, whatever is to be
    /// driven there.
    fn begin_round(&mut self, round: u8) {
        if round > 1 && self.closed.is_some() {
            sleep(REOPEN_AT_END);
        }
        if round == 1 {
            for Leaving { id, point, level, .. } in &self.leaving {
                tracing::error!("{id} ({point}) is not there any more, and was not left {level}: a restart forgets it");
            }
        }
        self.rounds.begin(round, self.clock.now().moment);
        self.forgive();
    }

    /// Whoever did not answer is asked again at once, as if that was long ago; so are those that are leaving. Who did answer may
    /// have died since.
    fn forgive(&mut self) {
        self.devices.values_mut().for_each(|device| device.is_heard = false);
        let troubles = self.devices.values_mut().filter_map(|device| device.trouble.as_mut());
        troubles.for_each(|(_, since)| *since = Moment::START);
        self.closed.iter_mut().for_each(|(_, _, at)| *at = Moment::START);
        self.leaving.iter_mut().for_each(|leaving| leaving.due = Moment::START);
    }

    /// Takes over another house. Outputs that it does not have are left in their safe state first.
    fn follow(&mut self, share: Share) {
        let now = self.clock.now().moment;
        let addresses = share.inputs.iter().map(|(_, point)| point.unit.address);
        let addresses = addresses.chain(share.outputs.iter().map(|output| output.point.unit.address));
        let addresses = addresses.chain(share.sensors.iter().map(|sensor| sensor.sensor.unit.address));
        for address in addresses {
            self.devices.entry(address).or_insert_with(Device::new);
        }
        let poll = share.settings.as_ref().map_or(Duration::MAX, |settings| settings.poll);
        for (address, device) in &mut self.devices {
            for (point, state) in device.follow(*address, &share, poll, now) {
                let Some(level) = state.safe else { continue };
                self.leaving.push(Leaving { id: state.id, point, level, tries: 0, due: now });
            }
        }
        // Whoever drives the same place from now on knows better.
        let is_taken = |point: &ModbusPoint| share.outputs.iter().any(|output| output.point.overlaps(point));
        self.leaving.retain(|leaving| !is_taken(&leaving.point));
        // A bus that the house has no more is somebody else's afterwards: what it leaves there has two chances, now.
        let chances = if share.settings.is_some() { 1 } else { 2 };
        for _ in 0..chances {
            if !self.leaving.is_empty() {
                self.forgive();
                self.leave();
            }
        }
        if share.settings.is_none() {
            self.leaving.clear();
        }
        self.devices.retain(|_, device| !device.is_unused());
        match (share.settings, &mut self.wire) {
            (None, wire) => *wire = None,
            (Some(settings), wire) => {
                (self.name, self.timeout) = (settings.id.clone(), settings.timeout);
                match wire {
                    Some(wire) => wire.set(settings),
                    None => *wire = Some(Wire::new(settings)),
                }
                // Another setting may be what it lacked.
                self.closed = None;
            }
        }
    }

    /// Drives those that are leaving and due to their safe states.
    fn leave(&mut self) {
        for mut leaving in std::mem::take(&mut self.leaving) {
            let now = self.clock.now().moment;
            if leaving.due <= now {
                let Leaving { id, point, level, .. } = &leaving;
                match self.drive(point, *level) {
                    Ok(()) => {
                        tracing::info!("{id} is not there any more: left {level}");
                        continue;
                    }
                    Err(NotDriven { text, .. }) if leaving.tries == 0 => {
                        tracing::error!(
                            "{id} is not there any more, and was not left {level}: {text}; it is tried again"
                        );
                    }
                    Err(_) => {}
                }
                leaving.tries += 1;
                leaving.due = self.clock.now().moment + pause(leaving.tries);
            }
            self.leaving.push(leaving);
        }
    }

    /// When something is to be read, or an output to be left. None at the end: only drives count then.
    fn next_due(&self) -> Option<Moment> {
        self.wire.as_ref().filter(|_| self.rounds.began().is_none())?;
        let reads = self.devices.values().filter_map(|device| Some(device.next_due()?.0));
        let due = reads.chain(self.leaving.iter().map(|leaving| leaving.due)).min()?;
        Some(self.closed.as_ref().map_or(due, |(_, _, at)| due.max(*at)))
    }

    /// Reads the block that is due first, if one is.
    fn poll(&mut self) {
        let now = self.clock.now().moment;
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        self.leave();
        let due = self.devices.iter().filter_map(|(address, device)| Some((device.next_due()?, *address))).min();
        let Some(((_, job), address)) = due.filter(|((due, _), _)| *due <= now) else { return };
        let Some(block) = self.devices.get(&address).and_then(|device| device.block(job)) else { return };
        let request = block.request();
        let read = match self.ask(address, request) {
            Ok(Answer::Read(values)) => Ok(values),
            Ok(Answer::Exception(refusal)) => Err(refusal),
            Ok(Answer::Written) | Err(_) => return,
        };
        let (name, now) = (self.called(address), self.clock.now().moment);
        let mut events = Vec::new();
        if let Some(device) = self.devices.get_mut(&address) {
            device.take(&name, job, read, now, &mut events);
        }
        self.unsent.extend(events);
    }

    /// Asks a device, and notes whether it answers. That a gateway gets no answer is none.
    fn ask(&mut self, address: u8, request: Request) -> Result<Answer, NotDriven> {
        self.settle(address, request)?;
        let patience = self.patience(address);
        let answer = self.exchange(address, request, patience);
        self.note(address, request, answer, patience)
    }

    /// After an answer that did not come, where answers have no numbers, and before it could be taken for that to this request:
    /// the same is asked again, and whatever is said to that is not used, for it may be what was late. What comes after it is
    /// waited for.
    fn settle(&mut self, address: u8, request: Request) -> Result<(), NotDriven> {
        let Some(device) = self.devices.get(&address) else { return Ok(()) };
        let Some(Owed { request: owed, is_awake }) = device.owed.get(&request.likeness()).copied() else {
            return Ok(());
        };
        let patience = self.patience(address);
        let answer = self.exchange(address, owed, patience);
        let is_silent = answer == Err(Failure::Silent);
        let settled = match is_silent && is_awake {
            // It answered others since: this one it never answers.
            true => Ok(()),
            false => self.note(address, owed, answer, patience).map(drop),
        };
        let late = LATE * self.timeout;
        if let Some(wire) = &mut self.wire {
            // Otherwise the device is left alone for longer than that. At the end, others wait.
            if settled.is_ok() && self.rounds.began().is_none() {
                wire.listen(late);
            }
            if is_silent {
                wire.renew();
            }
        }
        // Twice in vain is enough.
        if let Some(device) = self.devices.get_mut(&address) {
            device.owed.remove(&request.likeness());
        }
        settled
    }

    /// One request.
    fn exchange(&mut self, address: u8, request: Request, patience: Duration) -> Result<Answer, Failure> {
        let Some(wire) = &mut self.wire else { return Err(Failure::Closed("its bus is not there".into())) };
        wire.ask(address, request, patience)
    }

    /// Whether what was just refused is as it was: an earlier try may have been carried out, though its answer was lost.
    fn changed_nothing(&self, refusal: Exception) -> bool {
        refusal.changed_nothing() && self.sent() <= 1
    }

    fn sent(&self) -> usize {
        self.wire.as_ref().map_or(0, Wire::sent)
    }

    /// How long an answer of a device is waited for.
    fn patience(&self, address: u8) -> Duration {
        self.rounds.patience(self.timeout, self.unheard(address), self.clock.now().moment)
    }

    /// How many devices are to be asked in this round of the end and were not, with this one.
    fn unheard(&self, address: u8) -> usize {
        let round = self.rounds.current();
        let mut addresses = if round == 0 { BTreeSet::new() } else { self.inbox.addresses(round) };
        addresses.retain(|other| {
            let is_heard = self.devices.get(other).is_some_and(|device| device.is_heard);
            let is_left_out = round == 1 && self.is_left_out(*other);
            !is_heard && !is_left_out && self.spared(*other).is_none()
        });
        addresses.insert(address);
        addresses.len()
    }

    fn note(
        &mut self,
        address: u8,
        request: Request,
        answer: Result<Answer, Failure>,
        patience: Duration,
    ) -> Result<Answer, NotDriven> {
        let (name, now) = (self.called(address), self.clock.now().moment);
        let numbers_requests = self.numbers_requests();
        let mut events = Vec::new();
        let (text, is_certain) = match answer {
            Ok(Answer::Exception(refusal)) if refusal.is_no_answer() => {
                self.link_works();
                (refusal.to_string(), self.changed_nothing(refusal))
            }
            Ok(answer) => {
                self.link_works();
                if let Some(device) = self.devices.get_mut(&address) {
                    device.answers(&name, &mut events);
                }
                self.unsent.extend(events);
                return Ok(answer);
            }
            Err(Failure::Closed(text)) => {
                self.note_closed(&text, now);
                return Err(NotDriven { text, is_certain: self.sent() == 0 });
            }
            Err(failure) => {
                self.missing += 1;
                if let Some(device) = self.devices.get_mut(&address)
                    && matches!(request, Request::Read { .. })
                    && !numbers_requests
                {
                    device.owed.insert(request.likeness(), Owed { request, is_awake: false });
                }
                if self.missing >= SILENT_LINK {
                    self.missing = 0;
                    self.wire.iter_mut().for_each(Wire::close);
                }
                match failure {
                    Failure::Corrupt => (
                        format!("its answers are garbled {TRIES} times: see the wiring, termination and baud rate"),
                        false,
                    ),
                    _ => (format!("no answer within {patience:?}"), false),
                }
            }
        };
        if let Some(device) = self.devices.get_mut(&address) {
            device.fails(&name, &text, Some(request), now, &mut events);
        }
        self.unsent.extend(events);
        Err(NotDriven { text, is_certain })
    }

    fn numbers_requests(&self) -> bool {
        self.wire.as_ref().is_some_and(Wire::numbers_requests)
    }

    /// Somebody answered.
    fn link_works(&mut self) {
        self.missing = 0;
        if self.closed.take().is_some() {
            tracing::info!("modbus {}: it is reached again", self.name);
        }
    }

    /// The link cannot be opened: nobody on it answers.
    fn note_closed(&mut self, text: &str, now: Moment) {
        let times = self.closed.as_ref().map_or(0, |(_, times, _)| *times);
        let pause = REOPEN_FIRST.saturating_mul(1 << times.min(5)).min(REOPEN_LAST);
        if times == 0 {
            tracing::warn!("modbus {}: {text}", self.name);
        }
        self.closed = Some((text.to_owned(), times + 1, now + pause));
        let mut events = Vec::new();
        for (address, device) in &mut self.devices {
            device.fails(&format!("{}/{address}", self.name), text, None, now, &mut events);
        }
        self.unsent.extend(events);
    }

    /// Why a device is not asked now: of many outputs of one that is away, one waits for its answer.
    fn spared(&self, address: u8) -> Option<String> {
        let now = self.clock.now().moment;
        let trouble = self.devices.get(&address).and_then(|device| device.trouble.as_ref());
        let late = if self.numbers_requests() { Duration::ZERO } else { LATE * self.timeout };
        let (trouble, closed) = match self.rounds.began() {
            // What is late could be taken for what is read back.
            None => (
                trouble.filter(|(_, since)| now.since(*since) < SPARED.max(late)),
                self.closed.as_ref().filter(|(_, _, at)| *at > now),
            ),
            Some(began) => {
                (trouble.filter(|(_, since)| *since >= began), self.closed.as_ref().filter(|(_, _, at)| *at > began))
            }
        };
        trouble.map(|(text, _)| text).or(closed.map(|(text, ..)| text)).cloned()
    }

    /// Drives an output and reads it back.
    fn drive(&mut self, point: &Arc<ModbusPoint>, level: Level) -> Result<(), NotDriven> {
        let address = point.unit.address;
        // `hearthd safe` drives what nobody reads.
        let device = self.devices.entry(address).or_insert_with(Device::new);
        device.is_written(point.place);
        if let Some(state) = device.outputs.get_mut(point) {
            (state.wanted, state.is_confirmed) = (Some(level), false);
        }
        if let Some(text) = self.spared(address) {
            return Err(NotDriven { text, is_certain: true });
        }
        self.write(point, level)?;
        if point.verify {
            self.verify(point, level)?;
        }
        if let Some(state) = self.devices.get_mut(&address).and_then(|device| device.outputs.get_mut(point)) {
            state.is_confirmed = true;
        }
        Ok(())
    }

    fn write(&mut self, point: &ModbusPoint, level: Level) -> Result<(), NotDriven> {
        let (address, name) = (point.unit.address, self.called(point.unit.address));
        for _ in 0..2 {
            let several = self.devices.get(&address).map_or([false; 2], |device| device.writes_several);
            let request = match write(point, level, several) {
                Some(request) => request,
                None => self.with_bit(point, level, several[1])?,
            };
            match self.ask(address, request)? {
                Answer::Exception(Exception::ILLEGAL_FUNCTION) if !is_several(request) => {
                    // Some have only the functions that write several at once.
                    let device = self.devices.entry(address).or_insert_with(Device::new);
                    device.writes_several[usize::from(!matches!(request, Request::WriteCoil { .. }))] = true;
                }
                Answer::Exception(refusal) => {
                    let text = refused(&name, point.place, refusal);
                    return Err(NotDriven { text, is_certain: self.changed_nothing(refusal) });
                }
                Answer::Read(_) | Answer::Written => return Ok(()),
            }
        }
        Err(NotDriven { text: refused(&name, point.place, Exception::ILLEGAL_FUNCTION), is_certain: true })
    }

    /// What writes a register with one bit set or not, and the others as they are.
    fn with_bit(&mut self, point: &ModbusPoint, level: Level, as_several: bool) -> Result<Request, NotDriven> {
        // Nothing is written yet.
        let raw = self.read(point).map_err(|failure| NotDriven { is_certain: true, ..failure })?;
        let bit = if let ModbusForm::Bit(bit) = point.form { 1 << bit } else { 0 };
        let value = if level.is_on() { raw | bit } else { raw & !bit };
        Ok(Request::WriteRegister { address: point.place.address, value, as_several })
    }

    fn read(&mut self, point: &ModbusPoint) -> Result<u16, NotDriven> {
        let (address, name) = (point.unit.address, self.called(point.unit.address));
        let request = Request::Read { bank: point.place.bank, address: point.place.address, count: 1 };
        match self.ask(address, request)? {
            Answer::Read(values) if values.len() == 1 => Ok(values[0]),
            Answer::Exception(refusal) => {
                Err(NotDriven { text: refused(&name, point.place, refusal), is_certain: false })
            }
            Answer::Read(_) | Answer::Written => {
                Err(NotDriven { text: format!("{name} does not tell {}", point.place), is_certain: false })
            }
        }
    }

    fn verify(&mut self, point: &ModbusPoint, level: Level) -> Result<(), NotDriven> {
        let mut raw = 0;
        for again in 0..READS_BACK {
            if again > 0 {
                sleep(READ_BACK_EVERY);
            }
            // It was written: what comes of a failure to read it nobody knows.
            raw = self.read(point).map_err(|failure| NotDriven { is_certain: false, ..failure })?;
            if point.form.is_at(raw, level) {
                return Ok(());
            }
        }
        let is = point.form.level(raw);
        let text = format!("{point} does not obey: it is {is} after {level} was written");
        // Some take longer than it was read back for.
        Err(NotDriven { text, is_certain: false })
    }

    /// What people call a device.
    fn called(&self, address: u8) -> String {
        format!("{}/{address}", self.name)
    }

    /// Reports as much as there is room for. When nobody listens any more, nothing is to be told.
    fn send(&mut self) {
        while let Some(event) = self.unsent.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Closed(_)) => self.unsent.clear(),
                Err(TrySendError::Full(event)) => {
                    self.unsent.push_front(event);
                    return;
                }
            }
        }
    }
}

/// Why an output was not driven.
struct NotDriven {
    text: String,
    /// It is as it was: nothing was asked, or it was refused.
    is_certain: bool,
}

fn is_several(request: Request) -> bool {
    matches!(request, Request::WriteCoil { as_several: true, .. } | Request::WriteRegister { as_several: true, .. })
}

#[cfg(test)]
mod tests;
