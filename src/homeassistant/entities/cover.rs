//! A cover: a blind, an awning, a gate.

use super::{About, Entity, Part, Place, Seen, Wish, finite, opening};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 13;
const STATE: u32 = 22;
const COMMAND: u32 = 30;

/// See the module.
pub struct Cover {
    /// The output.
    pub at: Place,
    /// Its position, if it has one.
    pub position: Option<Part>,
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
    #[prost(bool, tag = "6")]
    has_position: bool,
    #[prost(string, tag = "8")]
    class: String,
    #[prost(bool, tag = "9")]
    is_hidden: bool,
    #[prost(string, tag = "10")]
    icon: String,
    #[prost(int32, tag = "11")]
    category: i32,
    #[prost(bool, tag = "12")]
    has_stop: bool,
    #[prost(uint32, tag = "13")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(float, tag = "3")]
    position: f32,
    #[prost(int32, tag = "5")]
    moves: i32,
    #[prost(uint32, tag = "6")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "4")]
    has_position: bool,
    #[prost(float, tag = "5")]
    position: f32,
    #[prost(bool, tag = "8")]
    stop: bool,
}

impl Entity for Cover {
    fn kind(&self) -> &'static str {
        "cover"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let (has_position, has_stop) = (self.position.is_some(), self.moves);
        let listed = Listed { object_id, key, name, has_position, class, is_hidden, icon, category, has_stop, device };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let (position, moves) = opening(seen, &self.at, self.position.as_ref())?;
        Some(Message::new(STATE, &State { key: about.key, position, moves, device: about.device }))
    }

    fn places(&self) -> Vec<usize> {
        [&self.at].into_iter().chain(self.position.as_ref().map(|part| &part.at)).map(|at| at.place).collect()
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        let Command { has_position, position, stop } = command.read()?;
        wishes(&self.at, self.position.as_ref(), stop, has_position.then_some(position))
    }
}

/// What a cover or a valve is told: to stop, or to be at a position.
pub fn wishes(at: &Place, part: Option<&Part>, stop: bool, position: Option<f32>) -> Result<Vec<Wish>, Fault> {
    let Some(position) = position.filter(|_| !stop) else {
        return Ok(if stop { vec![at.told("STOP")] } else { Vec::new() });
    };
    let position = finite(position)?;
    Ok(vec![match part {
        Some(part) if position > 0.0 && position < 1.0 => part.at.share(position)?,
        _ => at.told(if position > 0.5 { "OPEN" } else { "CLOSE" }),
    }])
}
