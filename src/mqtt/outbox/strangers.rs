//! What others publish where only we should.

use std::collections::BTreeSet;

use super::{Given, Outbox, Part, availability};
use crate::mqtt::inbox::{Heard, mark};

impl Outbox {
    /// Something was heard on a topic where only we should publish. True if it is not what we said there last; it may be
    /// what we said before.
    pub(in crate::mqtt) fn heard(&mut self, heard: &Heard) -> bool {
        let said = |text: Option<&str>| text.map(|text| mark(text.as_bytes()));
        let last = if let Some((point, part)) = self.places.get(&heard.topic) {
            self.given[*point].said(*part).map(|text| mark(text.as_bytes()))
        } else if heard.topic == self.topics.availability() {
            said(self.online_said.then_some("online"))
        } else if heard.topic == self.topics.problem() {
            said(self.problem_said.as_deref())
        } else if let Some(said) = self.vitals.said.get(&heard.topic) {
            Some(mark(said.as_bytes()))
        } else if !heard.deleted {
            // Who deletes a device in Home Assistant has it delete this.
            self.device_of(&heard.topic).and_then(|device| self.announced.get(&device).copied())
        } else {
            None
        };
        if self.closing || last.is_none_or(|last| last == heard.mark) {
            self.foreign.remove(&heard.topic);
            return false;
        }
        self.foreign.insert(heard.topic.clone());
        true
    }

    /// Where somebody else had the last word we say again what we said. Returns the first of these topics, and how many.
    pub(in crate::mqtt) fn set_right(&mut self) -> Option<(String, usize)> {
        let foreign = std::mem::take(&mut self.foreign);
        self.forget(&foreign);
        foreign.first().map(|first| (first.clone(), foreign.len()))
    }

    /// The broker did not take what we said there, for now. False: it is not to be said again.
    pub(in crate::mqtt) fn not_taken(&mut self, topic: String) -> bool {
        let is_kept = self.places.contains_key(&topic)
            || topic == self.topics.availability()
            || topic == self.topics.problem()
            || self.vitals.said.contains_key(&topic)
            || self.device_of(&topic).is_some()
            || self.gone_topics.contains(&topic);
        is_kept && {
            self.not_taken.insert(topic);
            true
        }
    }

    /// What the broker did not take is said again, as it is now.
    pub(in crate::mqtt) fn say_again(&mut self) {
        let topics = std::mem::take(&mut self.not_taken);
        if self.clearing {
            self.to_clear.extend(topics.intersection(&self.gone_topics).cloned());
        }
        self.forget(&topics);
    }

    /// Nothing is known of what the broker keeps there.
    fn forget(&mut self, topics: &BTreeSet<String>) {
        for topic in topics {
            match self.places.get(topic) {
                Some((point, part)) => {
                    let point = *point;
                    self.given[point].forget(*part);
                    self.compare(point);
                }
                None if *topic == self.topics.availability() => self.online_due = true,
                None if *topic == self.topics.problem() => self.problem_said = None,
                None if self.vitals.said.remove(topic).is_some() => {}
                None => {
                    let device = self.device_of(topic);
                    self.due.extend(device);
                }
            }
        }
    }
}

impl Given {
    /// What was said of a part.
    fn said(&self, part: Part) -> Option<&str> {
        match part {
            Part::State => self.text.as_deref(),
            Part::Why => self.because.as_deref().or(self.explanation.as_ref().map(|explanation| &*explanation.line)),
            Part::Attributes => self.attributes.as_deref(),
            Part::Fault => self.fault.as_deref(),
            Part::Availability => self.online.map(availability),
        }
    }

    fn forget(&mut self, part: Part) {
        match part {
            Part::State => (self.value, self.text) = (None, None),
            Part::Why => (self.because, self.explanation) = (None, None),
            Part::Attributes => self.attributes = None,
            Part::Fault => self.fault = None,
            Part::Availability => self.online = None,
        }
    }
}
