//! A text: a word, a line, why something is as it is.

use super::{About, Entity, Seen};
use crate::{
    homeassistant::wire::Message,
    model::{Vital, fitting_state},
};

const LISTED: u32 = 18;
const STATE: u32 = 27;

/// Where the text is from.
pub enum Text {
    /// The value of the point at this place.
    Value(usize),
    /// What holds that value.
    Why(usize),
    /// What the hub tells of itself.
    Hub(Vital),
}

/// See the module.
pub struct TextSensor {
    /// Where the text is from.
    pub of: Text,
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

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(string, tag = "2")]
    text: String,
    #[prost(bool, tag = "3")]
    is_missing: bool,
    #[prost(uint32, tag = "4")]
    device: u32,
}

impl Entity for TextSensor {
    fn kind(&self) -> &'static str {
        "text_sensor"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        Message::new(LISTED, &Listed { object_id, key, name, icon, is_hidden, category, class, device })
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let text = match self.of {
            Text::Value(place) => seen.point(place).and_then(|state| state.known_text()),
            Text::Why(place) => seen.point(place).and_then(|state| state.why().map(str::to_owned)),
            Text::Hub(vital) => seen.vital(vital).map(|state| state.value.clone()).filter(|text| !text.is_empty()),
        };
        let (is_missing, text) = (text.is_none(), text.as_deref().map(fitting_state).unwrap_or_default());
        Some(Message::new(STATE, &State { key: about.key, text, is_missing, device: about.device }))
    }

    fn places(&self) -> Vec<usize> {
        match self.of {
            Text::Value(place) | Text::Why(place) => vec![place],
            Text::Hub(_) => Vec::new(),
        }
    }
}
