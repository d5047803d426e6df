//! What stays at the broker and in Home Assistant when it is there no longer, and how it goes.

use super::Outbox;
use crate::mqtt::discovery::{COMPONENTS_MAX, Device, Earlier, Layout, Platforms, Step, TOPICS_MAX};
use crate::mqtt::{Clearing, ledger::Record};
use std::collections::{BTreeMap, BTreeSet};

impl Outbox {
    /// What an earlier run announced: it may have had points that are gone.
    pub(in crate::mqtt) fn earlier_discovery(&mut self, device: Device, earlier: Earlier) {
        self.gone([(device, earlier.components)].into(), earlier.topics.into_iter().collect());
    }

    /// What stays at the broker and in Home Assistant; nothing, if it is what it was when this was last asked.
    pub(in crate::mqtt) fn changed_record(&mut self) -> Option<Record> {
        std::mem::take(&mut self.record_changed).then(|| self.record())
    }

    pub(super) fn record(&self) -> Record {
        let config = &self.snapshot.config;
        let used = self.places.keys().cloned().chain([self.topics.availability(), self.topics.problem()]);
        let used = used.chain(self.vitals.wanted.keys().cloned());
        let mut rooms = self.gone_components.clone();
        if self.discovery_prefix.is_some() {
            for (device, components) in &self.layout {
                rooms.entry(device.clone()).or_default().extend(components.clone());
            }
        }
        Record {
            hub: config.hub.id.to_string(),
            broker: self.broker.clone(),
            components: rooms.remove(&Device::hub()).unwrap_or_default(),
            rooms,
            moving: self.moving.clone(),
            topics: used.chain(self.discovery_topics()).chain(self.gone_topics.iter().cloned()).collect(),
        }
    }

    /// What stays after a farewell that cleared this.
    pub(in crate::mqtt) fn record_after(&self, clearing: Clearing) -> Record {
        let (mut record, discovery) = (self.record(), self.discovery_topics());
        if clearing.topics {
            record.topics.retain(|topic| discovery.contains(topic));
        }
        if clearing.discovery {
            (record.components, record.rooms, record.moving) = Default::default();
            record.topics.retain(|topic| !discovery.contains(topic));
        }
        record
    }

    /// Whether retained topics wait to be cleared: Home Assistant must have time to let go of them first, or it complains
    /// of each.
    pub(in crate::mqtt) fn has_to_clear(&self) -> bool {
        !self.gone_topics.is_empty() && !self.clearing && self.moving.is_empty()
    }

    /// Home Assistant has had its time.
    pub(in crate::mqtt) fn clear(&mut self) {
        self.to_clear = self.gone_topics.iter().cloned().collect();
        self.clearing = true;
    }

    /// The broker has acknowledged everything. What it did not take for now is still to be cleared.
    pub(in crate::mqtt) fn all_acknowledged(&mut self) {
        if self.clearing && self.to_clear.is_empty() {
            let before = self.gone_topics.len();
            self.gone_topics.retain(|topic| self.not_taken.contains(topic));
            self.clearing = !self.gone_topics.is_empty();
            self.record_changed |= !self.clearing || self.gone_topics.len() < before;
        }
    }

    /// Whether Home Assistant, now that it is there, has to be told the next step of what is gone in a while.
    pub(in crate::mqtt) fn has_a_step(&self) -> bool {
        let is_said = self.moving.is_empty() && self.due.is_empty() && self.announcements.is_empty();
        let is_there = self.home_assistant == Some(true) || self.step == Step::LetGo;
        !self.gone_components.is_empty() && is_said && is_there
    }

    /// Home Assistant has had its time for the last step.
    pub(in crate::mqtt) fn next_step(&mut self) {
        // Also those that lose their last: with nothing left, they are taken away.
        self.all_devices_due();
        match self.step.next(self.home_assistant == Some(true)) {
            Some(step) => self.step = step,
            None => {
                self.gone_components.clear();
                (self.step, self.record_changed) = (Step::Removed, true);
            }
        }
    }

    /// Of these components and topics, those that are used no more are to go, and none that are used again; those that are
    /// with another device now are to move.
    pub(super) fn gone(&mut self, components: Layout, topics: Vec<String>) {
        let mut now = BTreeMap::new();
        for (device, platforms) in &self.layout {
            now.extend(platforms.keys().map(|id| (id.as_str(), device)));
        }
        self.gone_components.values_mut().for_each(|gone| gone.retain(|id, _| !now.contains_key(id.as_str())));
        self.gone_components.retain(|_, gone| !gone.is_empty());
        let mut known: usize = self.gone_components.values().map(Platforms::len).sum();
        let (known_before, moving_before) = (known, self.moving.len());
        let is_single = self.is_single();
        for (device, platforms) in components.into_iter().filter(|_| self.discovery_prefix.is_some()) {
            for (id, platform) in platforms {
                match now.get(id.as_str()) {
                    Some(here) if **here == device => {}
                    Some(_) => drop(self.moving.insert(device.clone())),
                    None if known < COMPONENTS_MAX => {
                        // What Home Assistant knows by one form it does not take back by the other.
                        let place = device.in_form(&id, is_single);
                        // Nothing else may be announced where it was.
                        if let Some(prefix) = self.discovery_prefix.as_ref().filter(|_| place != device) {
                            self.gone_topics.insert(device.topic(prefix, &self.snapshot.config.hub.id));
                        }
                        let before = self.gone_components.entry(place).or_default().insert(id, platform);
                        known += usize::from(before.is_none());
                    }
                    None => {}
                }
            }
        }
        if self.moving.len() > moving_before {
            self.let_go_said = false;
        }
        if known > known_before || self.moving.len() > moving_before {
            self.step = match self.home_assistant {
                _ if !self.moving.is_empty() => Step::LetGo,
                // Home Assistant that is there removes it at once; if it is not, all begins when it is.
                Some(true) => Step::RemovedAtLast,
                _ => Step::Removed,
            };
            self.all_devices_due();
        }
        let used = self.discovery_topics().into_iter().chain([self.topics.availability(), self.topics.problem()]);
        let used: BTreeSet<String> = used.chain(self.vitals.wanted.keys().cloned()).collect();
        let is_gone = |topic: &String| !self.places.contains_key(topic) && !used.contains(topic);
        self.gone_topics.retain(is_gone);
        let room = TOPICS_MAX.saturating_sub(self.gone_topics.len());
        // Of those that are here already nothing is to be kept in mind: they take no room.
        let new: Vec<String> =
            topics.into_iter().filter(|topic| is_gone(topic) && !self.gone_topics.contains(topic)).take(room).collect();
        self.gone_topics.extend(new);
        self.to_clear.retain(|topic| self.gone_topics.contains(topic));
        (self.clearing, self.record_changed) = (false, true);
    }
}
