//! What there is for Home Assistant: a file for each kind of entity, with its messages, what is said of it, how its state is
//! told and what its commands mean to the house. No policy: the engine judges the commands.

mod binary_sensor;
mod button;
mod climate;
mod cover;
mod event;
mod fan;
mod light;
mod number;
mod select;
mod sensor;
mod switch;
mod text_sensor;
mod valve;

pub use binary_sensor::{BinarySensor, Sign};
pub use button::Button;
pub use climate::Thermostat;
pub use cover::Cover;
pub use event::Event;
pub use fan::Fan;
pub use light::Light;
pub use number::Number;
pub use select::Select;
pub use sensor::{Measured, Sensor};
pub use switch::Switch;
pub use text_sensor::{Text, TextSensor};
pub use valve::Valve;

use super::wire::{Fault, Message};
use crate::model::{PointState, Quality, Snapshot, Value, Vital, VitalState, Vitals};
use std::sync::Arc;

/// What is said of every entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Part of what Home Assistant knows it by; the same over renames.
    pub object_id: String,
    /// The number by which states and commands name it.
    pub key: u32,
    /// What people call it beside the name of its device.
    pub name: String,
    /// An icon of Material Design; empty: by its class.
    pub icon: String,
    /// The device class; empty: none.
    pub class: String,
    /// 0: for everybody, 1: it changes how the house works, 2: for who looks for what is wrong.
    pub category: i32,
    /// Whether people have to ask for it first.
    pub is_hidden: bool,
    /// The device of its room; 0: the hub's.
    pub device: u32,
}

/// A kind of entity.
pub trait Entity: Send + Sync {
    /// Its word, of which its id is made.
    fn kind(&self) -> &'static str;

    /// What is said of it when entities are listed.
    fn describe(&self, about: &About) -> Message;

    /// How it is; None: that is not known yet, or it has no state.
    fn state(&self, _: &About, _: &Seen) -> Option<Message> {
        None
    }

    /// The points of the snapshot that its state is made of, by their places; none: it is made of other things.
    fn places(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Whether its state is made of what the hub tells of itself, too.
    fn looks_at_hub(&self) -> bool {
        self.places().is_empty()
    }

    /// That something happened at the point of this dotted name, if it tells of that.
    fn happened(&self, _: &About, _name: &str, _word: &str) -> Option<Message> {
        None
    }

    /// The number of the message that commands it; None: it is only seen.
    fn commanded_by(&self) -> Option<u32> {
        None
    }

    /// What a command asks of the house.
    ///
    /// # Errors
    /// When it is none.
    fn wishes(&self, _: &Message, _: &Seen) -> Result<Vec<Wish>, Fault> {
        Ok(Vec::new())
    }
}

/// A command of the house: the dotted name of a point, and what it is told.
pub type Wish = (String, String);

/// All that states are made of.
#[derive(Clone)]
pub struct Seen {
    /// The house.
    pub snapshot: Arc<Snapshot>,
    /// The hub.
    pub vitals: Arc<Vitals>,
    /// What is wrong with the daemon.
    pub trouble: Option<String>,
}

impl Seen {
    fn point(&self, place: usize) -> Option<&PointState> {
        self.snapshot.points.get(place).map(|cell| &**cell)
    }

    fn vital(&self, vital: Vital) -> Option<&VitalState> {
        self.vitals.get(&vital)
    }

    fn is_in_fault(&self, place: usize) -> bool {
        self.point(place).is_some_and(|state| state.quality == Quality::Fault)
    }

    /// Whether it is on, as far as that was ever known.
    fn is_on(&self, place: usize) -> Option<bool> {
        match self.point(place)?.value.as_ref()? {
            Value::Switch(on) => Some(*on),
            Value::Level(level) => Some(level.is_on()),
            Value::Number(_) | Value::Word(_) => None,
        }
    }

    /// Percent, as far as they were ever known.
    fn percent(&self, place: usize) -> Option<u8> {
        match self.point(place)?.value.as_ref()? {
            Value::Level(level) => Some(level.percent()),
            Value::Switch(_) | Value::Number(_) | Value::Word(_) => None,
        }
    }

    /// A number that is so now.
    fn number(&self, place: usize) -> Option<f32> {
        let state = self.point(place).filter(|state| state.is_known())?;
        match state.value.as_ref()? {
            // The API has no longer ones.
            Value::Number(number) => Some(*number as f32).filter(|number| number.is_finite()),
            Value::Level(level) => Some(level.percent().into()),
            Value::Switch(_) | Value::Word(_) => None,
        }
    }

    /// A word, as far as it was ever known.
    fn word(&self, place: usize) -> Option<&str> {
        match self.point(place)?.value.as_ref()? {
            Value::Word(word) => Some(word),
            Value::Switch(_) | Value::Level(_) | Value::Number(_) => None,
        }
    }
}

/// A point of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is in snapshots.
    pub place: usize,
    /// Its dotted name.
    pub name: String,
}

impl Place {
    fn told(&self, payload: impl Into<String>) -> Wish {
        (self.name.clone(), payload.into())
    }

    fn on_or_off(&self, on: bool) -> Wish {
        self.told(if on { "ON" } else { "OFF" })
    }

    /// A share of 0.0 to 1.0, as percent.
    fn share(&self, share: f32) -> Result<Wish, Fault> {
        Ok(self.told(finite(share.clamp(0.0, 1.0) * 100.0)?.round().to_string()))
    }
}

/// The part of an output that has a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The point.
    pub at: Place,
    /// How many speeds it has; None: 0 to 100 %.
    pub steps: Option<u8>,
}

fn finite(number: f32) -> Result<f32, Fault> {
    if number.is_finite() { Ok(number) } else { Err(Fault::Malformed("no number")) }
}

/// Where something is that opens, and where it goes, by its word: 0.0 closed, 1.0 open; 0 stands, 1 opens, 2 closes.
fn opening(seen: &Seen, at: &Place, part: Option<&Part>) -> Option<(f32, i32)> {
    let (end, moves) = match (seen.word(at.place), seen.is_on(at.place)) {
        (Some("open"), _) | (_, Some(true)) => (1.0, 0),
        (Some("closed"), _) | (_, Some(false)) => (0.0, 0),
        (Some("opening"), _) => (0.5, 1),
        (Some("closing"), _) => (0.5, 2),
        (Some(_), _) => (0.5, 0),
        (None, None) => return None,
    };
    let percent = part.and_then(|part| seen.percent(part.at.place));
    Some((percent.map_or(end, |percent| f32::from(percent) / 100.0), moves))
}
