//! A choice of words: the mode of the house.

use super::{About, Entity, Place, Seen, Wish};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 52;
const STATE: u32 = 53;
const COMMAND: u32 = 54;

/// See the module.
pub struct Select {
    /// The point.
    pub at: Place,
    /// The words.
    pub options: Vec<String>,
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
    #[prost(string, repeated, tag = "6")]
    options: Vec<String>,
    #[prost(bool, tag = "7")]
    is_hidden: bool,
    #[prost(int32, tag = "8")]
    category: i32,
    #[prost(uint32, tag = "9")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(string, tag = "2")]
    word: String,
    #[prost(bool, tag = "3")]
    is_missing: bool,
    #[prost(uint32, tag = "4")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(string, tag = "2")]
    word: String,
}

impl Entity for Select {
    fn kind(&self) -> &'static str {
        "select"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, category, is_hidden, device, .. } = about.clone();
        let options = self.options.clone();
        Message::new(LISTED, &Listed { object_id, key, name, icon, options, is_hidden, category, device })
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let word = seen.word(self.at.place);
        let (is_missing, word) = (word.is_none(), word.unwrap_or_default().to_owned());
        Some(Message::new(STATE, &State { key: about.key, word, is_missing, device: about.device }))
    }

    fn places(&self) -> Vec<usize> {
        vec![self.at.place]
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        Ok(vec![self.at.told(command.read::<Command>()?.word)])
    }
}
