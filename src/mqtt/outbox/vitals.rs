//! What the hub tells of itself.

use super::{Message, Outbox, retained};
use crate::model::{Vital, VitalKind, VitalState, Vitals};
use crate::mqtt::topics::Topics;
use std::{collections::BTreeMap, sync::Arc};

/// How Home Assistant is told that a value is not known.
const NOT_KNOWN: &str = "None";

/// Retained topics, with what is to be there and what this connection said.
#[derive(Debug, Default)]
pub(super) struct VitalTopics {
    pub(super) wanted: BTreeMap<String, String>,
    pub(super) said: BTreeMap<String, String>,
}

impl VitalTopics {
    /// Of these nothing was said yet.
    pub(super) fn of(vitals: &Vitals, topics: &Topics) -> VitalTopics {
        VitalTopics { wanted: wanted(vitals, topics), said: BTreeMap::new() }
    }

    fn next(&mut self) -> Option<Message> {
        let is_news = |(topic, payload): &(&String, &String)| self.said.get(*topic) != Some(*payload);
        let (topic, payload) = self.wanted.iter().find(is_news)?;
        self.said.insert(topic.clone(), payload.clone());
        Some(retained(topic.clone(), payload.clone()))
    }
}

impl Outbox {
    /// The hub is now like this. What it has more than before is announced.
    pub(in crate::mqtt) fn vitals(&mut self, vitals: &Arc<Vitals>) {
        if Arc::ptr_eq(vitals, &self.board.vitals) {
            return;
        }
        let before = std::mem::replace(&mut self.board.vitals, vitals.clone());
        let faults = self.topics.faults();
        self.vitals.wanted.retain(|topic, _| [&faults.state, &faults.attributes].contains(&topic));
        self.vitals.wanted.extend(wanted(vitals, &self.topics));
        if !before.keys().eq(vitals.keys()) {
            let before = std::mem::take(&mut self.layout);
            self.index();
            self.all_devices_due();
            self.gone(before, Vec::new());
        }
    }

    pub(super) fn next_vital(&mut self) -> Option<Message> {
        self.vitals.next()
    }
}

/// By topic.
fn wanted(vitals: &Vitals, topics: &Topics) -> BTreeMap<String, String> {
    let of_vital = |(vital, state): (&Vital, &VitalState)| {
        let of_point = topics.of_point(&vital.name());
        let value = if state.value.is_empty() { NOT_KNOWN } else { &state.value };
        let kind = &vital.facts().kind;
        let has_value = !matches!(kind, VitalKind::Button);
        let why = state.why.clone().map(|why| (of_point.why, why));
        // A few strings always make a JSON object.
        let parts = || (of_point.attributes, serde_json::to_string(&state.parts).unwrap_or_default());
        let parts = matches!(kind, VitalKind::Message).then(parts);
        has_value.then(|| (of_point.state, value.to_owned())).into_iter().chain(why).chain(parts)
    };
    vitals.iter().flat_map(of_vital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::{discovery::Board, house, ledger::Record};

    fn vitals(all: &[(Vital, &str)]) -> Arc<Vitals> {
        Arc::new(all.iter().map(|(vital, value)| (*vital, (*value).to_owned().into())).collect())
    }

    fn said(outbox: &mut Outbox) -> Vec<String> {
        let line = |message: Message| match message.payload.len() {
            ..300 => format!("{} {}", message.topic, message.payload),
            _ => message.topic,
        };
        std::iter::from_fn(|| outbox.next()).map(line).collect()
    }

    #[test]
    fn vitals_are_told_when_they_change_and_announced_when_there_are_more() {
        let snapshot = Arc::new(house::snapshot(&Arc::new(house::config(&[]))));
        let mut outbox = Outbox::new(&house::settings(), snapshot, Record::default(), Board::default());
        outbox.vitals(&vitals(&[(Vital::Memory, "20"), (Vital::Restart, "")]));
        let all = said(&mut outbox);
        assert!(all.contains(&"hearthd/cottage/hub/memory/state 20".into()), "{all:?}");
        assert!(all.iter().all(|line| !line.contains("restart")), "a button has no value");
        outbox.vitals(&vitals(&[(Vital::Memory, "20"), (Vital::Restart, "")]));
        assert_eq!(said(&mut outbox), [""; 0]);
        outbox.vitals(&vitals(&[(Vital::Memory, ""), (Vital::Restart, "")]));
        assert_eq!(said(&mut outbox), ["hearthd/cottage/hub/memory/state None"]);
        outbox.vitals(&vitals(&[(Vital::Memory, "21"), (Vital::Kernel, "6.12"), (Vital::Restart, "")]));
        let discovery =
            ["homeassistant/device/hearthd_cottage/config", "homeassistant/device/hearthd_cottage/hall/config"];
        let values = ["hearthd/cottage/hub/kernel/state 6.12", "hearthd/cottage/hub/memory/state 21"];
        assert_eq!(said(&mut outbox), discovery.iter().chain(&values).copied().collect::<Vec<_>>());
        let record = outbox.record();
        assert!(
            record.topics.contains("hearthd/cottage/hub/kernel/state"),
            "so that it is cleared where there is none"
        );
        assert_eq!(record.components["button-hub-restart"], "button");
        let board = Board { vitals: outbox.board.vitals.clone(), ..Board::default() };
        let snapshot = Arc::new(house::snapshot(&Arc::new(house::config(&[]))));
        let next = Outbox::new(&house::settings(), snapshot, record, board);
        assert!(next.gone_components.is_empty(), "none seems to be gone at the next start");
        outbox.start();
        let all = said(&mut outbox);
        assert!(values.iter().all(|line| all.contains(&(*line).into())), "the next connection begins anew");
    }
}
