//! A sensor: a number that is measured.

use super::{About, Entity, Seen};
use crate::{
    homeassistant::wire::Message,
    model::{Course, Vital},
};

const LISTED: u32 = 16;
const STATE: u32 = 25;

/// What is measured.
pub enum Measured {
    /// The point at this place.
    Point(usize),
    /// What the hub tells of itself.
    Hub(Vital),
}

/// See the module.
pub struct Sensor {
    /// What is measured.
    pub of: Measured,
    /// The sign of its unit; empty: none.
    pub unit: &'static str,
    /// How many decimals are shown; None: as many as are told.
    pub decimals: Option<usize>,
    /// How its course is summed up.
    pub course: Option<Course>,
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
    #[prost(string, tag = "6")]
    unit: String,
    #[prost(int32, tag = "7")]
    decimals: i32,
    #[prost(string, tag = "9")]
    class: String,
    #[prost(int32, tag = "10")]
    course: i32,
    #[prost(bool, tag = "12")]
    is_hidden: bool,
    #[prost(int32, tag = "13")]
    category: i32,
    #[prost(uint32, tag = "14")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(float, tag = "2")]
    number: f32,
    #[prost(bool, tag = "3")]
    is_missing: bool,
    #[prost(uint32, tag = "4")]
    device: u32,
}

impl Entity for Sensor {
    fn kind(&self) -> &'static str {
        "sensor"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let course = match self.course {
            None => 0,
            Some(Course::Measurement) => 1,
            Some(Course::TotalIncreasing) => 2,
        };
        let (unit, decimals) = (self.unit.to_owned(), self.decimals.map_or(3, |count| count.try_into().unwrap_or(3)));
        let listed = Listed { object_id, key, name, icon, unit, decimals, class, course, is_hidden, category, device };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let number = match self.of {
            Measured::Point(place) => seen.number(place),
            Measured::Hub(vital) => seen.vital(vital).and_then(|state| state.value.parse().ok()),
        };
        let number = number.filter(|number: &f32| number.is_finite());
        let (key, device) = (about.key, about.device);
        Some(Message::new(STATE, &State { key, number: number.unwrap_or(0.0), is_missing: number.is_none(), device }))
    }

    fn places(&self) -> Vec<usize> {
        match self.of {
            Measured::Point(place) => vec![place],
            Measured::Hub(_) => Vec::new(),
        }
    }
}
