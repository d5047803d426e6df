//! The thread of one bus: drives as soon as they come, polls in between, one request at any time.

mod ask;
mod drive;
mod inbox;

use super::{
    Share,
    device::Device,
    pdu::Answer,
    rounds::{LAST_ROUND, Rounds},
    wire::Wire,
};
use crate::{
    clock::{Clock, Moment},
    links::port::pause,
    model::{Event, Level, ModbusPoint},
    threads::Reports,
};
use drive::NotDriven;
use std::{collections::BTreeMap, sync::Arc, thread::sleep, time::Duration};
use tokio::sync::mpsc::Sender;

pub(super) use inbox::{Answering, Drive, Inbox, Task};

/// At the end, a link that cannot be opened has this time until the next round: a converter that is plugged in takes some.
const REOPEN_AT_END: Duration = Duration::from_millis(500);

/// What the thread holds.
pub(super) struct Bus {
    inbox: Arc<Inbox>,
    clock: Clock,
    reports: Reports,
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
            reports: Reports::new(events),
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
            // When nobody listens any more, outputs are driven all the same.
            let _ = self.reports.send();
            let wait = match (self.reports.wait(), self.next_due()) {
                // Nothing more is read while nobody has heard the last.
                (Some(wait), _) => wait,
                (None, Some(due)) => self.clock.real_time_until(due),
                (None, None) => Duration::MAX,
            };
            match self.inbox.next(wait) {
                None => return,
                Some(Some(task)) => self.work(task),
                Some(None) if self.reports.are_sent() => self.poll(),
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
            (Ok(()), Answering::Loop(drive)) => self.reports.push(Event::Driven { drive, result: Ok(()) }),
            (Err(NotDriven { text, is_certain: true }), Answering::Loop(drive)) if round == 0 => {
                self.reports.push(Event::Driven { drive, result: Err(text) });
            }
            // It may have been done, or in a round before.
            (Err(NotDriven { text, .. }), Answering::Loop(drive)) => {
                self.reports.push(Event::Overdue { drive, text });
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

    /// Whoever did not answer is asked again at once, as if that was long ago; so are those that are leaving.
    fn forgive(&mut self) {
        let troubles = self.devices.values_mut().filter_map(|device| device.trouble.as_mut());
        troubles.for_each(|(_, since)| *since = Moment::START);
        self.closed.iter_mut().for_each(|(_, _, at)| *at = Moment::START);
        self.leave_soon();
    }

    /// Those that are leaving need not wait.
    fn leave_soon(&mut self) {
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
                if let Some((text, ..)) = self.closed.take() {
                    self.closed = Some((text, 0, Moment::START));
                    self.forgive();
                }
            }
        }
    }

    /// Drives those that are leaving and due to their safe states.
    fn leave(&mut self) {
        let was_closed = self.closed.is_some();
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
        // One of them found that the link works again.
        if was_closed && self.closed.is_none() {
            self.leave_soon();
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
        self.reports.extend(events);
    }

    /// What people call a device.
    fn called(&self, address: u8) -> String {
        format!("{}/{address}", self.name)
    }
}

#[cfg(test)]
mod tests;
