//! A switch: whatever is on or off and is no light or fan. A siren is one, too: Home Assistant knows none by this API.

use super::{About, Entity, Place, Seen, Wish};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 17;
const STATE: u32 = 26;
const COMMAND: u32 = 33;

/// See the module.
pub struct Switch {
    /// The point.
    pub at: Place,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(string, tag = "1")]
    object_id: String,
    #[prost(fixed32, tag = "2")]
    key: u32,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "5")]
    icon: String,
    #[prost(bool, tag = "7")]
    is_hidden: bool,
    #[prost(int32, tag = "8")]
    category: i32,
    #[prost(string, tag = "9")]
    class: String,
    #[prost(uint32, tag = "10")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    is_on: bool,
    #[prost(uint32, tag = "3")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "2")]
    is_on: bool,
}

impl Entity for Switch {
    fn kind(&self) -> &'static str {
        "switch"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        Message::new(LISTED, &Listed { object_id, key, name, icon, is_hidden, category, class, device })
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let is_on = seen.is_on(self.at.place)?;
        Some(Message::new(STATE, &State { key: about.key, is_on, device: about.device }))
    }

    fn places(&self) -> Vec<usize> {
        vec![self.at.place]
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        Ok(vec![self.at.on_or_off(command.read::<Command>()?.is_on)])
    }
}
