//! A thermostat: the points of a climate zone as one.

use super::{About, Entity, Place, Seen, Wish, finite};
use crate::{
    homeassistant::wire::{Fault, Message},
    model::ClimateFacet,
};
use std::{collections::BTreeMap, ops::RangeInclusive};

const LISTED: u32 = 46;
const STATE: u32 = 47;
const COMMAND: u32 = 48;
/// Modes and actions by their numbers.
const MODES: [(&str, i32); 5] = [("off", 0), ("heat_cool", 1), ("cool", 2), ("heat", 3), ("fan_only", 4)];
const ACTIONS: [(&str, i32); 5] = [("off", 0), ("cooling", 2), ("heating", 3), ("idle", 4), ("fan", 6)];
/// The preset that stands for none.
const NO_PRESET: i32 = 0;
const NONE: &str = "none";
/// What it can do: show the temperature and what it is doing, take two targets.
const SHOWS_TEMPERATURE: u32 = 1;
const TAKES_TWO: u32 = 2;
const SHOWS_ACTION: u32 = 32;

/// Where the points of the zone are, by what they are.
pub type Zone = BTreeMap<ClimateFacet, Place>;

/// See the module.
pub struct Thermostat {
    /// Its points.
    pub zone: Zone,
    /// The modes that it can have.
    pub modes: Vec<&'static str>,
    /// The names of its presets.
    pub presets: Vec<String>,
    /// What its targets can be, °C.
    pub range: RangeInclusive<f64>,
    /// Whether it has a lower and an upper target.
    pub does_both: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(string, tag = "1")]
    object_id: String,
    #[prost(fixed32, tag = "2")]
    key: u32,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(bool, tag = "5")]
    shows_temperature: bool,
    #[prost(bool, tag = "6")]
    takes_two: bool,
    #[prost(int32, repeated, tag = "7")]
    modes: Vec<i32>,
    #[prost(float, tag = "8")]
    min: f32,
    #[prost(float, tag = "9")]
    max: f32,
    #[prost(float, tag = "10")]
    step: f32,
    #[prost(bool, tag = "12")]
    shows_action: bool,
    #[prost(int32, repeated, tag = "16")]
    presets: Vec<i32>,
    #[prost(string, repeated, tag = "17")]
    named_presets: Vec<String>,
    #[prost(bool, tag = "18")]
    is_hidden: bool,
    #[prost(string, tag = "19")]
    icon: String,
    #[prost(int32, tag = "20")]
    category: i32,
    #[prost(float, tag = "21")]
    shown_step: f32,
    #[prost(uint32, tag = "26")]
    device: u32,
    #[prost(uint32, tag = "27")]
    abilities: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(int32, tag = "2")]
    mode: i32,
    #[prost(float, tag = "3")]
    measured: f32,
    #[prost(float, tag = "4")]
    target: f32,
    #[prost(float, tag = "5")]
    low: f32,
    #[prost(float, tag = "6")]
    high: f32,
    #[prost(int32, tag = "8")]
    action: i32,
    #[prost(int32, tag = "12")]
    preset: i32,
    #[prost(string, tag = "13")]
    named_preset: String,
    #[prost(uint32, tag = "16")]
    device: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(bool, tag = "2")]
    has_mode: bool,
    #[prost(int32, tag = "3")]
    mode: i32,
    #[prost(bool, tag = "4")]
    has_target: bool,
    #[prost(float, tag = "5")]
    target: f32,
    #[prost(bool, tag = "6")]
    has_low: bool,
    #[prost(float, tag = "7")]
    low: f32,
    #[prost(bool, tag = "8")]
    has_high: bool,
    #[prost(float, tag = "9")]
    high: f32,
    #[prost(bool, tag = "18")]
    has_preset: bool,
    #[prost(int32, tag = "19")]
    preset: i32,
    #[prost(bool, tag = "20")]
    has_named_preset: bool,
    #[prost(string, tag = "21")]
    named_preset: String,
}

impl Thermostat {
    fn number(&self, facet: ClimateFacet, seen: &Seen) -> f32 {
        self.zone.get(&facet).and_then(|at| seen.number(at.place)).unwrap_or(f32::NAN)
    }

    fn word<'s>(&self, facet: ClimateFacet, seen: &'s Seen) -> Option<&'s str> {
        seen.word(self.zone.get(&facet)?.place)
    }

    /// Tells a point of the zone, which has it or did not offer it.
    fn told(&self, facet: ClimateFacet, payload: String) -> Result<Wish, Fault> {
        self.zone.get(&facet).map(|at| at.told(payload)).ok_or(Fault::Malformed("what this thermostat does not have"))
    }

    fn target(&self, facet: ClimateFacet, target: f32) -> Result<Wish, Fault> {
        self.told(facet, finite(target)?.to_string())
    }
}

impl Entity for Thermostat {
    fn kind(&self) -> &'static str {
        "climate"
    }

    fn describe(&self, about: &About) -> Message {
        let About { object_id, key, name, icon, category, is_hidden, device, .. } = about.clone();
        let number = |word: &&str| MODES.iter().find(|(known, _)| known == word).map(|(_, number)| *number);
        let listed = Listed {
            object_id,
            key,
            name,
            shows_temperature: true,
            takes_two: self.does_both,
            modes: self.modes.iter().filter_map(number).collect(),
            min: *self.range.start() as f32,
            max: *self.range.end() as f32,
            step: 0.5,
            shows_action: true,
            presets: if self.presets.is_empty() { Vec::new() } else { vec![NO_PRESET] },
            named_presets: self.presets.clone(),
            is_hidden,
            icon,
            category,
            shown_step: 0.1,
            device,
            abilities: SHOWS_TEMPERATURE | SHOWS_ACTION | if self.does_both { TAKES_TWO } else { 0 },
        };
        Message::new(LISTED, &listed)
    }

    fn state(&self, about: &About, seen: &Seen) -> Option<Message> {
        let number = |words: &[(&str, i32)], word: Option<&str>| {
            words.iter().find(|(known, _)| Some(*known) == word).map(|(_, number)| *number)
        };
        let mode = number(&MODES, self.word(ClimateFacet::Mode, seen))?;
        let (target, high) = (self.number(ClimateFacet::Target, seen), self.number(ClimateFacet::CoolTarget, seen));
        let state = State {
            key: about.key,
            mode,
            measured: self.number(ClimateFacet::Measured, seen),
            target: if self.does_both { f32::NAN } else { target },
            low: if self.does_both { target } else { f32::NAN },
            high: if self.does_both { high } else { f32::NAN },
            action: number(&ACTIONS, self.word(ClimateFacet::Action, seen)).unwrap_or(0),
            preset: NO_PRESET,
            named_preset: self
                .word(ClimateFacet::Preset, seen)
                .filter(|word| *word != NONE)
                .unwrap_or_default()
                .to_owned(),
            device: about.device,
        };
        Some(Message::new(STATE, &state))
    }

    fn places(&self) -> Vec<usize> {
        self.zone.values().map(|at| at.place).collect()
    }

    fn commanded_by(&self) -> Option<u32> {
        Some(COMMAND)
    }

    fn wishes(&self, command: &Message, seen: &Seen) -> Result<Vec<Wish>, Fault> {
        let command: Command = command.read()?;
        let mut wishes = Vec::new();
        if command.has_mode {
            let (word, _) = MODES
                .iter()
                .find(|(_, number)| *number == command.mode)
                .ok_or(Fault::Malformed("what this thermostat does not have"))?;
            wishes.push(self.told(ClimateFacet::Mode, (*word).to_owned())?);
        }
        if command.has_named_preset {
            wishes.push(self.told(ClimateFacet::Preset, command.named_preset)?);
        } else if command.has_preset && command.preset == NO_PRESET {
            wishes.push(self.told(ClimateFacet::Preset, NONE.to_owned())?);
        }
        if command.has_target {
            let facet = if self.does_both { ClimateFacet::Setpoint } else { ClimateFacet::Target };
            wishes.push(self.target(facet, command.target)?);
        }
        let low = command.has_low.then(|| self.target(ClimateFacet::Target, command.low)).transpose()?;
        let high = command.has_high.then(|| self.target(ClimateFacet::CoolTarget, command.high)).transpose()?;
        // That first which leaves room for the other.
        let rises = command.low > self.number(ClimateFacet::Target, seen);
        wishes.extend(if rises { [high, low] } else { [low, high] }.into_iter().flatten());
        Ok(wishes)
    }
}
