//! What is announced to Home Assistant, and when. What was announced with one device and is now with another must not be
//! there twice, nor be removed in between, or its history goes: first Home Assistant is told to let go of all that the
//! former device has, and given time for it; then all devices are announced as they are.

use super::{Message, Outbox, retained};
use crate::mqtt::discovery::{self, Device};
use crate::mqtt::inbox::mark;
use std::collections::BTreeSet;

impl Outbox {
    /// The devices that have anything, had it and are to lose it, or are being emptied; and the hub.
    fn devices(&self) -> BTreeSet<Device> {
        let all = self.layout.keys().chain(self.gone_components.keys()).chain(&self.moving);
        // The hub is taken away where it has nothing left; where entities are announced one by one, it never had.
        all.cloned().chain((!self.is_single()).then(Device::hub)).collect()
    }

    /// Whether entities are announced one by one.
    pub(super) fn is_single(&self) -> bool {
        self.snapshot.config.mqtt.as_ref().is_some_and(|mqtt| mqtt.discovery_single)
    }

    /// Where they are announced; nowhere, if nothing is to be.
    pub(super) fn discovery_topics(&self) -> BTreeSet<String> {
        let Some(prefix) = &self.discovery_prefix else { return BTreeSet::new() };
        self.devices().iter().map(|device| device.topic(prefix, &self.snapshot.config.hub.id)).collect()
    }

    pub(super) fn all_devices_due(&mut self) {
        self.announcements.clear();
        self.due = self.devices();
    }

    /// The device that a topic announces.
    pub(super) fn device_of(&self, topic: &str) -> Option<Device> {
        Device::of_topic(topic, self.discovery_prefix.as_ref()?, &self.snapshot.config.hub.id)
    }

    /// Whether Home Assistant was told just now to let go of devices, so that its time for it begins.
    pub(in crate::mqtt) fn begins_to_let_go(&mut self) -> bool {
        std::mem::take(&mut self.let_go_begins)
    }

    /// Home Assistant has let go of the devices that something moves away from.
    pub(in crate::mqtt) fn moved(&mut self) {
        self.all_devices_due();
        self.moving.clear();
        (self.let_go_said, self.record_changed) = (false, true);
    }

    /// The next message of the discovery.
    pub(super) fn discovery(&mut self) -> Option<Message> {
        if self.announcements.is_empty() {
            self.announce();
        }
        self.announcements.pop_front()
    }

    fn announce(&mut self) {
        let Some(prefix) = self.discovery_prefix.clone() else {
            self.due.clear();
            return;
        };
        let (config, is_single) = (self.snapshot.config.clone(), self.is_single());
        let mut say = |device: Device, payload: String| {
            let topic = device.topic(&prefix, &config.hub.id);
            let said = self.announced.insert(device.clone(), mark(payload.as_bytes()));
            // Home Assistant complains of a device that is taken away twice.
            let is_known = payload.is_empty() && said == Some(mark(b"")) && !device.is_hub();
            if !is_known {
                self.announcements.push_back(retained(topic, payload));
            }
        };
        if !self.moving.is_empty() {
            if !self.let_go_said {
                self.moving.iter().for_each(|device| say(device.clone(), discovery::LET_GO.into()));
                (self.let_go_said, self.let_go_begins) = (true, true);
            }
        } else if !self.due.is_empty() {
            let (topics, gone, step) = (&self.topics, &self.gone_components, self.step);
            let mut all = discovery::announcements(&config, topics, &self.board, gone, step);
            // An entity and a component have one name in Home Assistant, which complains of each that is cleared when it has it
            // from the other.
            let (former, due): (Vec<Device>, Vec<Device>) =
                std::mem::take(&mut self.due).into_iter().partition(|device| device.component().is_some() != is_single);
            // Home Assistant finds what has moved with its new device before its former one goes.
            let (there, taken_away): (Vec<Device>, Vec<Device>) =
                due.into_iter().partition(|device| all.contains_key(device));
            for device in former.into_iter().chain(there).chain(taken_away) {
                let payload = all.remove(&device).unwrap_or_default();
                say(device, payload);
            }
        }
    }
}
