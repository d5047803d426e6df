//! One request and its answer: whose it is, how long it is waited for, and what is known of a device and the link by it.

use super::{Bus, drive::NotDriven};
use crate::{
    clock::Moment,
    links::{
        modbus::{
            device::Owed,
            pdu::{Answer, Exception, Request},
            wire::{Failure, TRIES, Wire},
        },
        port::{REOPEN_LAST, pause},
    },
};
use std::time::Duration;

/// A device that did not answer so long ago is not asked again for another of its outputs.
const SPARED: Duration = Duration::from_secs(1);
/// So many answers missing one after the other, of whomever: the connection is made anew.
const SILENT_LINK: u32 = 3;
/// An answer is late by no more than so many time-outs.
const LATE: u32 = 2;

impl Bus {
    /// Asks a device, and notes whether it answers. That a gateway gets no answer is none.
    pub(super) fn ask(&mut self, address: u8, request: Request) -> Result<Answer, NotDriven> {
        self.settle(address, request)?;
        let patience = self.patience();
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
        let patience = self.patience();
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
    pub(super) fn changed_nothing(&self, refusal: Exception) -> bool {
        refusal.changed_nothing() && self.sent() <= 1
    }

    fn sent(&self) -> usize {
        self.wire.as_ref().map_or(0, Wire::sent)
    }

    /// How long an answer of a device is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.rounds.patience(self.timeout)
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
                self.reports.extend(events);
                return Ok(answer);
            }
            Err(Failure::Closed(text)) => {
                self.note_closed(&text, now);
                return Err(NotDriven { text, is_certain: self.sent() == 0 });
            }
            Err(failure) => {
                self.missing += 1;
                self.rounds.missed(patience);
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
        self.reports.extend(events);
        Err(NotDriven { text, is_certain })
    }

    fn numbers_requests(&self) -> bool {
        self.wire.as_ref().is_some_and(Wire::numbers_requests)
    }

    /// Somebody answered. Of the others nobody knows yet: what was not read and driven, while nobody was reached, is at once.
    fn link_works(&mut self) {
        self.missing = 0;
        let Some((text, ..)) = self.closed.take() else { return };
        tracing::info!("modbus {}: it is reached again", self.name);
        let mut events = Vec::new();
        self.devices.values_mut().for_each(|device| device.is_reached(&text, &mut events));
        self.reports.extend(events);
        self.leave_soon();
    }

    /// The link cannot be opened: nobody on it answers.
    pub(super) fn note_closed(&mut self, text: &str, now: Moment) {
        let times = self.closed.as_ref().map_or(0, |(_, times, _)| *times);
        if times == 0 {
            tracing::warn!("modbus {}: {text}", self.name);
        }
        let times = times.saturating_add(1);
        self.closed = Some((text.to_owned(), times, now + pause(times).min(REOPEN_LAST)));
        let mut events = Vec::new();
        for (address, device) in &mut self.devices {
            device.fails(&format!("{}/{address}", self.name), text, None, now, &mut events);
        }
        self.reports.extend(events);
    }

    /// Why a device is not asked now: of many outputs of one that is away, one waits for its answer.
    pub(super) fn spared(&self, address: u8) -> Option<String> {
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
}
