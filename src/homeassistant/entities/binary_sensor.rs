//! A binary sensor: something that is so or not.

use super::{About, Entity, Seen};
use crate::{homeassistant::wire::Message, model::Vital};

const LISTED: u32 = 12;
const STATE: u32 = 21;

/// What tells it.
pub enum Sign {
    /// The point at this place: it is on, or a number other than 0.
    Point(usize),
    /// Whether any of the points at these places is in fault.
    Fault(Vec<usize>),
    /// Whether something is wrong with the daemon, or with one of these.
    Trouble(Vec<usize>),
    /// What the hub tells of itself.
    Hub(Vital),
    /// That Home Assistant is connected.
    Connected,
}

/// See the module.
pub struct BinarySensor {
    /// What tells it.
    pub of: Sign,
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
    class: String,
    /// Home Assistant shows by itself whether it is connected.
    #[prost(bool, tag = "6")]
    is_connection: bool,
    #[prost(bool, tag = "7")]
    is_hidden: bool,
    #[prost(string, tag = "8")]
    icon: String,
    #[prost(int32, tag = "9")]
    category: i32,
    #[prost(uint32, tag = "10")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    is_on: bool,
    #[prost(bool, tag = "3")]
    is_missing: bool,
    #[prost(uint32, tag = "4")]
    device: u32,
}

impl Entity for BinarySensor {
    fn kind(&self) -> &'static str {
        "binary_sensor"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let is_connection = matches!(self.of, Sign::Connected);
        let listed = Listed { object_id, key, name, class, is_connection, is_hidden, icon, category, device };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let in_fault = |places: &[usize]| places.iter().any(|place| seen.is_in_fault(*place));
        let is_on = match &self.of {
            Sign::Point(place) => {
                let is_known = seen.point(*place).is_some_and(|state| state.is_known());
                let number = || seen.number(*place).map(|number| number != 0.0);
                if is_known { seen.is_on(*place).or_else(number) } else { None }
            }
            Sign::Fault(places) => Some(in_fault(places)),
            Sign::Trouble(places) => Some(seen.trouble.is_some() || in_fault(places)),
            Sign::Hub(vital) => match seen.vital(*vital)?.value.as_str() {
                "ON" => Some(true),
                "OFF" => Some(false),
                _ => None,
            },
            Sign::Connected => Some(true),
        };
        let (key, device) = (about.key, about.device);
        let state = State { key, is_on: is_on.unwrap_or(false), is_missing: is_on.is_none(), device };
        Some(Message::new(STATE, &state))
    }

    fn looks_at_hub(&self) -> bool {
        matches!(self.of, Sign::Trouble(_) | Sign::Hub(_))
    }

    fn places(&self) -> Vec<usize> {
        match &self.of {
            Sign::Point(place) => vec![*place],
            Sign::Fault(places) | Sign::Trouble(places) => places.clone(),
            Sign::Hub(_) | Sign::Connected => Vec::new(),
        }
    }
}
