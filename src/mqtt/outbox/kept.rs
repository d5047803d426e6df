//! What stays at the broker and in Home Assistant when it is there no longer, and how it goes.

use super::Outbox;
use crate::mqtt::discovery::{self, Earlier, Platforms, Step};
use crate::mqtt::{Clearing, ledger::Record};

impl Outbox {
    /// What an earlier run announced: it may have had points that are gone.
    pub(in crate::mqtt) fn earlier_discovery(&mut self, earlier: Earlier) {
        self.gone(earlier.components, earlier.topics.into_iter().collect());
    }

    /// What stays at the broker and in Home Assistant; nothing, if it is what it was when this was last asked.
    pub(in crate::mqtt) fn changed_record(&mut self) -> Option<Record> {
        std::mem::take(&mut self.record_changed).then(|| self.record())
    }

    pub(super) fn record(&self) -> Record {
        let config = &self.snapshot.config;
        let used = self.places.keys().cloned().chain([self.topics.availability(), self.topics.problem()]);
        let discovery_topic = self.discovery_prefix.as_ref().map(|prefix| discovery::topic(prefix, &config.hub.id));
        let announced = if discovery_topic.is_some() { discovery::platforms(config) } else { Platforms::new() };
        Record {
            hub: config.hub.id.to_string(),
            broker: self.broker.clone(),
            components: announced.into_iter().chain(self.gone_components.clone()).collect(),
            topics: used.chain(discovery_topic).chain(self.gone_topics.iter().cloned()).collect(),
        }
    }

    /// What stays after a farewell that cleared this.
    pub(in crate::mqtt) fn record_after(&self, clearing: Clearing) -> Record {
        let (mut record, discovery) = (self.record(), self.announced_topic());
        if clearing.topics {
            record.topics.retain(|topic| Some(topic) == discovery.as_ref());
        }
        if clearing.discovery {
            record.components.clear();
            record.topics.retain(|topic| Some(topic) != discovery.as_ref());
        }
        record
    }

    /// Whether retained topics wait to be cleared: Home Assistant must have time to let go of them first, or it complains
    /// of each.
    pub(in crate::mqtt) fn has_to_clear(&self) -> bool {
        !self.gone_topics.is_empty() && !self.clearing
    }

    /// Home Assistant has had its time.
    pub(in crate::mqtt) fn clear(&mut self) {
        self.to_clear = self.gone_topics.iter().cloned().collect();
        self.clearing = true;
    }

    /// The broker has acknowledged everything.
    pub(in crate::mqtt) fn all_acknowledged(&mut self) {
        if self.clearing && self.to_clear.is_empty() {
            self.gone_topics.clear();
            (self.clearing, self.record_changed) = (false, true);
        }
    }

    /// Whether Home Assistant, now that it is there, has to be told the next step of what is gone in a while.
    pub(in crate::mqtt) fn has_a_step(&self) -> bool {
        !self.gone_components.is_empty() && self.home_assistant == Some(true) && !self.discovery_due
    }

    /// Home Assistant has had its time for the last step.
    pub(in crate::mqtt) fn next_step(&mut self) {
        match self.step.next() {
            Some(step) => self.step = step,
            None => {
                self.gone_components.clear();
                (self.step, self.record_changed) = (Step::Removed, true);
            }
        }
        self.discovery_due = true;
    }

    /// Of these components and topics, those that are used no more are to go, and none that are used again.
    pub(super) fn gone(&mut self, components: Platforms, topics: Vec<String>) {
        let now = discovery::platforms(&self.snapshot.config);
        self.gone_components.retain(|id, _| !now.contains_key(id));
        let known = self.gone_components.len();
        if self.discovery_prefix.is_some() {
            let gone = components.into_iter().filter(|(id, _)| !now.contains_key(id));
            self.gone_components.extend(gone.take(discovery::COMPONENTS_MAX.saturating_sub(known)));
        }
        if self.gone_components.len() > known {
            // Home Assistant that is there removes it at once; if it is not, all begins when it is.
            self.step = if self.home_assistant == Some(true) { Step::RemovedAtLast } else { Step::Removed };
            self.discovery_due = true;
        }
        let used = [Some(self.topics.availability()), Some(self.topics.problem()), self.announced_topic()];
        self.gone_topics.extend(topics);
        self.gone_topics.retain(|topic| !self.places.contains_key(topic) && !used.contains(&Some(topic.clone())));
        self.to_clear.retain(|topic| self.gone_topics.contains(topic));
        (self.clearing, self.record_changed) = (false, true);
    }
}
