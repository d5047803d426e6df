//! Numbers of the file that somebody set otherwise, where it says `settable = true`.
//!
//! They are no other configuration: whoever decides by such a number looks here first. So a set number costs what a command
//! costs, and a snapshot stays one of the same house. Each is remembered with what the file said then. When the file says
//! something else, or what was set fits no longer, the file counts again and the log says so.

use super::{Engine, promises::Promised};
use crate::{
    clock::Now,
    model::{
        Because, Cause, Climate, ClimateId, Config, Effect, ManualEnd, OutputId, Owner, ReasonSlot, Refusal, RoomId,
        Setpoints, Settable, SettableKind, Source, Unit, number, of_minutes,
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What was set of one output, room or zone, by the word of each number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Settings(BTreeMap<Arc<str>, ByHand>);

/// A number that somebody set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ByHand {
    value: f64,
    /// What the file said then: it replaces that only.
    instead_of: f64,
    by: Source,
    at: DateTime<Utc>,
}

impl Settings {
    /// A number, where somebody set it.
    fn number(&self, word: &str) -> Option<f64> {
        self.0.get(word).map(|set| set.value)
    }

    /// A time, where somebody set it.
    pub fn time(&self, kind: SettableKind) -> Option<Duration> {
        self.number(kind.word()).map(of_minutes)
    }

    /// The setpoints of one of a zone's presets: as they were set, else as the file says.
    pub fn preset(&self, zone: &Climate, name: &str) -> Option<Setpoints> {
        let file = zone.find_preset(name)?.setpoints;
        // Most of the time, nothing is set.
        if self.0.is_empty() {
            return Some(file);
        }
        let set = |kind: SettableKind| self.number(&kind.of_preset(name));
        let heat = file.heat.map(|file| set(SettableKind::Heat).unwrap_or(file));
        Some(Setpoints { heat, cool: file.cool.map(|file| set(SettableKind::Cool).unwrap_or(file)) })
    }

    /// Keeps what may still be set, where the file says what it said then, and what fits.
    fn keep_fitting(&mut self, owner: Owner, config: &Config, over: &mut Vec<Effect>) {
        let mut is_over = |word: &str, value: String, why: String| {
            let about = format!("{}.{word}", config.owner_id(owner)).into();
            over.push(Effect::Note { about, text: format!("{value}, set by hand, is over: {why}").into() });
        };
        self.0.retain(|word, set| {
            let setting = config.find_settable(config.owner_id(owner), word).filter(|setting| setting.owner() == owner);
            let (value, why) = match setting.map(|setting| (setting, config.settable_in_file(setting))) {
                Some((setting, Some(file))) if file != set.instead_of => {
                    (setting.text(set.value), format!("the file now says {}", setting.text(file)))
                }
                Some((setting, Some(_))) if config.settable_range(setting).contains(&set.value) => return true,
                Some((setting, _)) => (setting.text(set.value), "it is out of bounds now".into()),
                None => (number::shortest(set.value), "it is not settable any more".into()),
            };
            is_over(word, value, why);
            false
        });
        let Owner::Zone(id) = owner else { return };
        for preset in &config[id].presets {
            let set = self.preset(&config[id], &preset.name);
            let Some((what, _)) = set.and_then(|set| config[id].unfit(set)) else { continue };
            for kind in [SettableKind::Heat, SettableKind::Cool] {
                let word = kind.of_preset(&preset.name);
                if let Some(set) = self.0.remove(&*word) {
                    is_over(&word, Unit::Celsius.with(number::shortest(set.value)), what.clone());
                }
            }
        }
    }
}

impl Engine {
    fn settings(&self, owner: Owner) -> Option<&Settings> {
        Some(match owner {
            Owner::Output(id) => &self.outputs[id.0].settings,
            Owner::Room(id) => &self.rooms[id.0].settings,
            Owner::Zone(id) => &self.climates[id.0].settings,
            Owner::Input(_) | Owner::Sensor(_) | Owner::House => return None,
        })
    }

    fn settings_mut(&mut self, owner: Owner) -> Option<&mut Settings> {
        Some(match owner {
            Owner::Output(id) => &mut self.outputs[id.0].settings,
            Owner::Room(id) => &mut self.rooms[id.0].settings,
            Owner::Zone(id) => &mut self.climates[id.0].settings,
            Owner::Input(_) | Owner::Sensor(_) | Owner::House => return None,
        })
    }

    fn set_by_hand(&self, setting: Settable) -> Option<&ByHand> {
        self.settings(setting.owner())?.0.get(&*self.config.settable_word(setting))
    }

    /// What counts now, in its unit: what somebody set, else what the file says.
    pub(super) fn setting(&self, setting: Settable) -> Option<f64> {
        self.set_by_hand(setting).map(|set| set.value).or_else(|| self.config.settable_in_file(setting))
    }

    /// Since when it is so, where somebody set it.
    pub(super) fn setting_changed(&self, setting: Settable) -> Option<DateTime<Utc>> {
        self.set_by_hand(setting).map(|set| set.at)
    }

    /// What asks for its value, the highest first.
    pub(super) fn setting_slots(&self, setting: Settable) -> Vec<ReasonSlot> {
        let by_hand = self.set_by_hand(setting).map(|set| {
            let cause = Cause::Manual { source: set.by.clone(), until: ManualEnd::Auto }.describe(&self.config);
            ReasonSlot::new("manual", setting.text(set.value), cause).held(Some(&set.by), ManualEnd::Auto)
        });
        let file = self.config.settable_in_file(setting);
        let file = file.map(|file| ReasonSlot::new("default", setting.text(file), "the file".into()));
        by_hand.into_iter().chain(file).collect()
    }

    /// The one line of it: who set it, and what the file says.
    pub(super) fn setting_because(&self, setting: Settable) -> Option<Because> {
        let mut slots = self.setting_slots(setting).into_iter();
        let mut because = slots.next()?.because();
        if let Some(file) = slots.next() {
            because.line = format!("{}; the file says {}", because.line, file.value).into();
        }
        Some(because)
    }

    /// Sets a number, or lets the file count again.
    pub(super) fn set_setting(
        &mut self,
        setting: Settable,
        value: Option<f64>,
        by: &Source,
        now: Now,
    ) -> Result<Promised, Refusal> {
        let Some(instead_of) = self.config.settable_in_file(setting) else { return Err(Refusal::ReadOnly) };
        self.refuse_unfit(setting, value.unwrap_or(instead_of))?;
        let word: Arc<str> = self.config.settable_word(setting).into();
        if let Some(settings) = self.settings_mut(setting.owner()) {
            match value {
                Some(value) => {
                    settings.0.insert(word, ByHand { value, instead_of, by: by.clone(), at: now.wall });
                }
                None => drop(settings.0.remove(&word)),
            }
        }
        Ok(match setting {
            // It is looked at when the next command comes.
            Settable::ManualFor(id) => {
                self.changes.output(id, &self.config);
                Promised::Output(id)
            }
            Settable::EmptyAfter(id) => {
                self.changes.set_room(id);
                Promised::Room(id)
            }
            Settable::Heat(id, _) | Settable::Cool(id, _) => {
                self.changes.climate(id);
                Promised::Zone(id)
            }
        })
    }

    /// What warms and what cools are not to fight each other.
    fn refuse_unfit(&self, setting: Settable, value: f64) -> Result<(), Refusal> {
        let (zone, setpoints) = match setting {
            Settable::Heat(id, preset) => {
                (id, Setpoints { heat: Some(value), cool: self.setting(Settable::Cool(id, preset)) })
            }
            Settable::Cool(id, preset) => {
                (id, Setpoints { heat: self.setting(Settable::Heat(id, preset)), cool: Some(value) })
            }
            Settable::ManualFor(_) | Settable::EmptyAfter(_) => return Ok(()),
        };
        match self.config[zone].unfit(setpoints) {
            Some((what, advice)) => Err(Refusal::Unfit { what, advice }),
            None => Ok(()),
        }
    }

    /// Lets the file count again where what was set is no longer in its place ([`Settings::keep_fitting`]), and tells the
    /// log.
    pub(super) fn check_settings(&mut self) {
        let (config, mut over) = (self.config.clone(), Vec::new());
        let outputs =
            self.outputs.iter_mut().enumerate().map(|(id, state)| (Owner::Output(OutputId(id)), &mut state.settings));
        let rooms = self.rooms.iter_mut().enumerate().map(|(id, state)| (Owner::Room(RoomId(id)), &mut state.settings));
        let zones =
            self.climates.iter_mut().enumerate().map(|(id, state)| (Owner::Zone(ClimateId(id)), &mut state.settings));
        for (owner, settings) in outputs.chain(rooms).chain(zones) {
            settings.keep_fitting(owner, &config, &mut over);
        }
        if !over.is_empty() {
            self.promises.note(Promised::Whole);
        }
        self.notes.extend(over);
    }
}
