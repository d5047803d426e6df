//! A number that people set: the level of a switch, a number of the file.

use super::{About, Entity, Place, Seen, Wish, finite};
use crate::homeassistant::wire::{Fault, Message};
use std::ops::RangeInclusive;

const LISTED: u32 = 49;
const STATE: u32 = 50;
const COMMAND: u32 = 51;
/// How it is shown: a field, or a slider.
const BOX: i32 = 1;
const SLIDER: i32 = 2;
/// Home Assistant wants an end: no number of a house is farther.
const FARTHEST: f64 = 1e9;

/// See the module.
pub struct Number {
    /// The point.
    pub at: Place,
    /// What it can be.
    pub range: RangeInclusive<f64>,
    /// In which steps.
    pub step: f64,
    /// The sign of its unit; empty: none.
    pub unit: &'static str,
    /// Whether it is a level.
    pub is_level: bool,
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
    #[prost(float, tag = "6")]
    min: f32,
    #[prost(float, tag = "7")]
    max: f32,
    #[prost(float, tag = "8")]
    step: f32,
    #[prost(bool, tag = "9")]
    is_hidden: bool,
    #[prost(int32, tag = "10")]
    category: i32,
    #[prost(string, tag = "11")]
    unit: String,
    #[prost(int32, tag = "12")]
    mode: i32,
    #[prost(string, tag = "13")]
    class: String,
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

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(float, tag = "2")]
    number: f32,
}

impl Entity for Number {
    fn kind(&self) -> &'static str {
        "number"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, class, category, is_hidden, device } = about.clone();
        let end = |end: &f64| end.clamp(-FARTHEST, FARTHEST) as f32;
        let listed = Listed {
            object_id,
            key,
            name,
            icon,
            min: end(self.range.start()),
            max: end(self.range.end()),
            step: self.step as f32,
            is_hidden,
            category,
            unit: self.unit.into(),
            mode: if self.is_level { SLIDER } else { BOX },
            class,
            device,
        };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let number = seen.number(self.at.place);
        let (key, device) = (about.key, about.device);
        Some(Message::new(STATE, &State { key, number: number.unwrap_or(0.0), is_missing: number.is_none(), device }))
    }

    fn places(&self) -> Vec<usize> {
        vec![self.at.place]
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        let number = finite(command.read::<Command>()?.number)?;
        let number = if self.is_level { number.round() } else { number };
        Ok(vec![self.at.told(number.to_string())])
    }
}
