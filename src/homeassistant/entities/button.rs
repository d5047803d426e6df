//! A button: it tells the house one thing.

use super::{About, Entity, Seen, Wish};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 61;
const COMMAND: u32 = 62;

/// See the module.
pub struct Button {
    /// What it tells.
    pub wish: Wish,
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
    #[prost(uint32, tag = "9")]
    device: u32,
}

impl Entity for Button {
    fn kind(&self) -> &'static str {
        "button"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        Message::new(LISTED, &Listed { object_id, key, name, icon, is_hidden, category, class, device })
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, _: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        Ok(vec![self.wish.clone()])
    }
}
