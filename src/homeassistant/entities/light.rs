//! A light: on or off, and as bright as its output can be.

use super::{About, Entity, Part, Place, Seen, Wish, finite};
use crate::homeassistant::wire::{Fault, Message};

const LISTED: u32 = 15;
const STATE: u32 = 24;
const COMMAND: u32 = 32;
/// Colour modes: on or off, or with a brightness.
const ON_OFF: i32 = 1;
const BRIGHTNESS: i32 = 3;

/// See the module.
pub struct Light {
    /// The output.
    pub at: Place,
    /// Its level, if it has one.
    pub level: Option<Part>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(string, tag = "1")]
    object_id: String,
    #[prost(fixed32, tag = "2")]
    key: u32,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(int32, repeated, tag = "12")]
    colour_modes: Vec<i32>,
    #[prost(bool, tag = "13")]
    is_hidden: bool,
    #[prost(string, tag = "14")]
    icon: String,
    #[prost(int32, tag = "15")]
    category: i32,
    #[prost(uint32, tag = "16")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    is_on: bool,
    #[prost(float, tag = "3")]
    brightness: f32,
    #[prost(int32, tag = "11")]
    colour_mode: i32,
    #[prost(uint32, tag = "14")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "2")]
    has_state: bool,
    #[prost(bool, tag = "3")]
    is_on: bool,
    #[prost(bool, tag = "4")]
    has_brightness: bool,
    #[prost(float, tag = "5")]
    brightness: f32,
}

impl Light {
    fn colour_mode(&self) -> i32 {
        if self.level.is_some() { BRIGHTNESS } else { ON_OFF }
    }
}

impl Entity for Light {
    fn kind(&self) -> &'static str {
        "light"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, category, is_hidden, device, .. } = about.clone();
        let colour_modes = vec![self.colour_mode()];
        Message::new(LISTED, &Listed { object_id, key, name, colour_modes, is_hidden, icon, category, device })
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let is_on = seen.is_on(self.at.place)?;
        let percent = self.level.as_ref().filter(|_| is_on).and_then(|level| seen.percent(level.at.place));
        let brightness = percent.map_or(0.0, |percent| f32::from(percent) / 100.0);
        let (key, device) = (about.key, about.device);
        Some(Message::new(STATE, &State { key, is_on, brightness, colour_mode: self.colour_mode(), device }))
    }

    fn places(&self) -> Vec<usize> {
        [&self.at].into_iter().chain(self.level.as_ref().map(|level| &level.at)).map(|at| at.place).collect()
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        let command: Command = command.read()?;
        Ok(match (&self.level, command) {
            (_, Command { has_state: true, is_on: false, .. }) => vec![self.at.on_or_off(false)],
            // It is to be on: what is dark would not be.
            (Some(level), Command { has_brightness: true, brightness, .. }) => {
                vec![level.at.share(finite(brightness)?.max(0.01))?]
            }
            (_, Command { has_state: true, .. }) => vec![self.at.on_or_off(true)],
            _ => Vec::new(),
        })
    }
}
