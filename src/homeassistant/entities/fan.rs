//! A fan: on or off, and as fast as its output can be.

use super::{About, Entity, Part, Place, Seen, Wish};
use crate::{
    homeassistant::wire::{Fault, Message},
    model::{Capability, Level},
};

const LISTED: u32 = 14;
const STATE: u32 = 23;
const COMMAND: u32 = 31;

/// See the module.
pub struct Fan {
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
    #[prost(bool, tag = "6")]
    has_speeds: bool,
    #[prost(int32, tag = "8")]
    speeds: i32,
    #[prost(bool, tag = "9")]
    is_hidden: bool,
    #[prost(string, tag = "10")]
    icon: String,
    #[prost(int32, tag = "11")]
    category: i32,
    #[prost(uint32, tag = "13")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    is_on: bool,
    #[prost(int32, tag = "6")]
    speed: i32,
    #[prost(uint32, tag = "8")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "2")]
    has_state: bool,
    #[prost(bool, tag = "3")]
    is_on: bool,
    #[prost(bool, tag = "10")]
    has_speed: bool,
    #[prost(int32, tag = "11")]
    speed: i32,
}

impl Entity for Fan {
    fn kind(&self) -> &'static str {
        "fan"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, category, is_hidden, device, .. } = about.clone();
        let speeds = self.level.as_ref().map_or(1, |level| level.steps.unwrap_or(100)).max(1).into();
        let has_speeds = self.level.is_some();
        Message::new(LISTED, &Listed { object_id, key, name, has_speeds, speeds, is_hidden, icon, category, device })
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let is_on = seen.is_on(self.at.place)?;
        let speed = self.level.as_ref().and_then(|level| {
            let percent = seen.percent(level.at.place)?;
            Some(level.steps.map_or(percent, |count| Capability::step(count, Level::new(percent).unwrap_or(Level::ON))))
        });
        let (key, device) = (about.key, about.device);
        Some(Message::new(STATE, &State { key, is_on, speed: speed.unwrap_or(u8::from(is_on)).into(), device }))
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
            (Some(level), Command { has_speed: true, speed, .. }) => {
                let speed = u8::try_from(speed.clamp(0, 100)).unwrap_or(0);
                let percent = level.steps.map_or(speed, |count| Capability::level_of_step(speed, count).percent());
                vec![level.at.told(percent.to_string())]
            }
            (_, Command { has_state: true, .. }) => vec![self.at.on_or_off(true)],
            _ => Vec::new(),
        })
    }
}
