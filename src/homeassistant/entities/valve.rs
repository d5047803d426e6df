//! A valve: it opens and closes.

use super::{About, Entity, Part, Place, Seen, Wish, cover, opening};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 109;
const STATE: u32 = 110;
const COMMAND: u32 = 111;

/// See the module.
pub struct Valve {
    /// The output.
    pub at: Place,
    /// How far it is open, if that is known.
    pub level: Option<Part>,
    /// Whether it takes its time, so that it can be stopped.
    pub moves: bool,
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
    #[prost(bool, tag = "6")]
    is_hidden: bool,
    #[prost(int32, tag = "7")]
    category: i32,
    #[prost(string, tag = "8")]
    class: String,
    #[prost(bool, tag = "10")]
    has_position: bool,
    #[prost(bool, tag = "11")]
    has_stop: bool,
    #[prost(uint32, tag = "12")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(float, tag = "2")]
    position: f32,
    #[prost(int32, tag = "3")]
    moves: i32,
    #[prost(uint32, tag = "4")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "2")]
    has_position: bool,
    #[prost(float, tag = "3")]
    position: f32,
    #[prost(bool, tag = "4")]
    stop: bool,
}

impl Entity for Valve {
    fn kind(&self) -> &'static str {
        "valve"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let (has_position, has_stop) = (self.level.is_some(), self.moves);
        let listed = Listed { object_id, key, name, icon, is_hidden, category, class, has_position, has_stop, device };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let (position, moves) = opening(seen, &self.at, self.level.as_ref())?;
        Some(Message::new(STATE, &State { key: about.key, position, moves, device: about.device }))
    }

    fn places(&self) -> Vec<usize> {
        [&self.at].into_iter().chain(self.level.as_ref().map(|part| &part.at)).map(|at| at.place).collect()
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        let Command { has_position, position, stop } = command.read()?;
        cover::wishes(&self.at, self.level.as_ref(), stop, has_position.then_some(position))
    }
}
