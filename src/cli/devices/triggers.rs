//! Device triggers of Home Assistant (`device_automation`): each announces one click of one key, so those of a key are gathered.

use super::{
    Tables,
    clicks::{self, Key},
    home_assistant::Component,
    quoted,
};

/// zigbee2mqtt repeats there what its devices do, as text alone.
const ZIGBEE: &str = "zigbee2mqtt/";

/// What is told in one place.
#[derive(Default)]
pub(super) struct Place {
    topic: String,
    pointer: String,
    device: String,
    availability: String,
    keys: Vec<Key>,
}

impl Component<'_> {
    /// Gathers what it says of a key. A trigger that any message fires is left out: nothing would tell its clicks apart.
    pub(super) fn trigger(&self, places: &mut Vec<Place>) {
        let text = |key: &str| self.text(key).unwrap_or_default();
        let (topic, said) = (text("topic"), text("payload"));
        let Some(pointer) = self.pointer("value_template") else { return };
        if topic.is_empty() || said.is_empty() || text("automation_type") != "trigger" {
            return;
        }
        // The type says which click of the key that is the subtype; or all is in one word, beside a type such as `action`.
        let kind = text("type");
        let typed = kind.strip_prefix("button_").or(Some(kind)).and_then(clicks::read);
        let meaning = match typed.filter(|meaning| meaning.key.is_empty()) {
            Some(typed) => Some(typed.of_key(text("subtype"))),
            None if kind.starts_with("button_") => None,
            None => clicks::read(text("subtype")).or_else(|| clicks::read(said)),
        };
        let Some(meaning) = meaning else { return };
        let named = self.told.get("device").and_then(|device| device["name"].as_str());
        let place = places.iter().position(|place| place.topic == topic && place.pointer == pointer);
        let place = place.unwrap_or_else(|| {
            let device = named.or(self.text("unique_id")).unwrap_or(self.id).to_owned();
            places.push(Place {
                topic: topic.to_owned(),
                pointer,
                device,
                availability: self.availability(),
                keys: Vec::new(),
            });
            places.len() - 1
        });
        Key::of(&mut places[place].keys, &meaning.key.clone()).add(said, meaning);
    }
}

impl Place {
    /// Its tables, unless its device has said already what it does.
    pub(super) fn add(self, tables: &mut Tables) {
        let device = self.topic.strip_prefix(ZIGBEE).and_then(|rest| rest.strip_suffix("/action"));
        if device.is_some_and(|device| tables.zigbee.contains(device)) {
            return;
        }
        let pointer = match self.pointer.is_empty() {
            true => String::new(),
            false => format!("pointer = {}\n", quoted(&self.pointer)),
        };
        for key in self.keys.iter().filter(|key| key.is_pressed()) {
            let keys = format!(
                "kind = \"button\"\nmqtt = {}\n{pointer}{}{}",
                quoted(&self.topic),
                key.line(),
                self.availability
            );
            tables.add("inputs", &format!("{} {}", self.device, key.name), &keys);
        }
    }
}
