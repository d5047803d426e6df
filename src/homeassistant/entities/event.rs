//! What happens: the clicks of a button on the wall.

use super::{About, Entity};
use crate::homeassistant::wire::Message;

const LISTED: u32 = 107;
const HAPPENED: u32 = 108;

/// See the module.
pub struct Event {
    /// The dotted name of its point.
    pub name: String,
    /// What can happen.
    pub words: Vec<String>,
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
    #[prost(string, repeated, tag = "9")]
    words: Vec<String>,
    #[prost(uint32, tag = "10")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Happened {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(string, tag = "2")]
    word: String,
    #[prost(uint32, tag = "3")]
    device: u32,
}

impl Entity for Event {
    fn kind(&self) -> &'static str {
        "event"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let words = self.words.clone();
        Message::new(LISTED, &Listed { object_id, key, name, icon, is_hidden, category, class, words, device })
    }

    fn happened(&self, about: &About, name: &str, word: &str) -> Option<Message> {
        // Home Assistant takes none that it was not told of.
        let is_ours = self.name == name && self.words.iter().any(|known| known == word);
        is_ours.then(|| Message::new(HAPPENED, &Happened { key: about.key, word: word.into(), device: about.device }))
    }
}
