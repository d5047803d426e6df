//! Commands: what a text means for a point, or why it is refused.

use super::{
    Engine,
    manual::members,
    parts::cover,
    picture,
    state::{ModeState, OutputState},
};
use crate::{
    clock::Now,
    model::{
        ClimateFacet, ClimateId, Command, Config, Level, Method, OutputFacet, OutputId, Point, Refusal, Source, Takes,
    },
};
use std::time::Duration;

const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(365 * 86_400);

/// What is asked of an output.
enum Wish {
    /// To follow its rules again.
    Auto,
    Level(Level),
    /// A cover is to stand still.
    Stop,
}

impl Engine {
    /// Does what a command means, or says why not; a refused command changes nothing.
    pub(super) fn command(&mut self, command: &Command, now: Now) -> Result<(), Refusal> {
        match self.config.find_point(&command.point) {
            Some(Point::Output(id)) => {
                let wish = self.wish(id, command, now)?;
                self.fulfil(id, wish, command, now)
            }
            Some(Point::OutputFacet(id, OutputFacet::Level | OutputFacet::Position)) => {
                let wish = match command.payload.as_str() {
                    "AUTO" => Wish::Auto,
                    text => Wish::Level(percent(text).ok_or_else(|| expected("0 to 100, or AUTO"))?),
                };
                self.fulfil(id, wish, command, now)
            }
            Some(Point::OutputFacet(id, OutputFacet::Lock)) => self.lock(id, &command.payload),
            Some(Point::Climate(id, facet)) => self.command_zone(id, facet, command, now),
            Some(
                Point::OutputFacet(_, OutputFacet::Power | OutputFacet::Energy)
                | Point::Input(_)
                | Point::Occupied(_)
                | Point::Asleep(_)
                | Point::Event(_),
            ) => Err(Refusal::ReadOnly),
            Some(Point::Reading(sensor, quantity)) if command.hold.is_none() => {
                self.set_total(sensor, quantity, &command.payload)
            }
            Some(Point::Reading(..)) => Err(expected("a value without a time: it is what the meter shows")),
            Some(Point::Mode) => self.command_mode(&command.payload, now),
            None if command.point.starts_with("scene.") => self.command_scene(command, now),
            None => Err(self.unknown(&command.point)),
        }
    }

    /// What a word or a number asks of an output.
    fn wish(&self, id: OutputId, command: &Command, now: Now) -> Result<Wish, Refusal> {
        let (takes, state) = (self.config.takes(id), &self.outputs[id.0]);
        let word = command.payload.as_str();
        if let Method::Cover(cover) = &self.config[id].method {
            let moving = cover::motion(&self.outputs[cover.open.0], &self.outputs[cover.close.0]).is_some();
            return match word {
                "AUTO" => Ok(Wish::Auto),
                "OPEN" | "ON" => Ok(Wish::Level(Level::ON)),
                "CLOSE" | "OFF" => Ok(Wish::Level(Level::OFF)),
                "STOP" => Ok(Wish::Stop),
                "TOGGLE" if moving => Ok(Wish::Stop),
                "TOGGLE" => {
                    let open = picture::position(cover, &self.outputs, id, now).unwrap_or(state.level).is_on();
                    Ok(Wish::Level(Level::from_on(!open)))
                }
                _ => percent(word)
                    .map(Wish::Level)
                    .ok_or_else(|| expected("OPEN, CLOSE, STOP, TOGGLE, AUTO or 0 to 100")),
            };
        }
        let asked = asked(state);
        let on = if asked.is_on() { asked } else { last_on(takes, state) };
        match (word, takes) {
            ("AUTO", _) => Ok(Wish::Auto),
            ("ON", _) => Ok(Wish::Level(on)),
            ("OFF", _) => Ok(Wish::Level(Level::OFF)),
            ("TOGGLE", _) => Ok(Wish::Level(if asked.is_on() { Level::OFF } else { on })),
            (word, Takes::OnOff) if percent(word).is_some() => {
                Err(Refusal::NoLevels { output: self.config[id].id.to_string() })
            }
            (_, Takes::OnOff) => Err(expected("ON, OFF, TOGGLE or AUTO")),
            (word, _) => percent(word).map(Wish::Level).ok_or_else(|| expected("ON, OFF, TOGGLE, AUTO or 0 to 100")),
        }
    }

    /// Fills or empties the manual slot.
    fn fulfil(&mut self, id: OutputId, wish: Wish, command: &Command, now: Now) -> Result<(), Refusal> {
        let from_outside = matches!(command.source, Source::Mqtt | Source::Console);
        let locked = |id: &OutputId| from_outside && self.outputs[id.0].locked;
        if let Some(locked) = members(&self.config, id).into_iter().find(locked) {
            return Err(Refusal::Locked { output: self.config[locked].id.to_string() });
        }
        let level = match wish {
            Wish::Auto => {
                self.release_manual(id);
                return Ok(());
            }
            Wish::Level(level) => level,
            Wish::Stop => self.outputs[id.0].level,
        };
        // A rule may pulse an output for less than a second.
        let by_rule = matches!(command.source, Source::Rule(_));
        if !by_rule && command.hold.is_some_and(|hold| !(HOLD_MIN..=HOLD_MAX).contains(&hold)) {
            return Err(Refusal::BadHold);
        }
        let stop = matches!(wish, Wish::Stop).then(|| self.stands_at(id, now));
        self.fill_manual(id, stop.flatten().unwrap_or(level), &command.source, command.hold, now);
        if stop.is_some() {
            self.outputs[id.0].travel.stay();
        }
        Ok(())
    }

    fn stands_at(&self, id: OutputId, now: Now) -> Option<Level> {
        let Method::Cover(cover) = &self.config[id].method else { return None };
        picture::position(cover, &self.outputs, id, now)
    }

    fn lock(&mut self, id: OutputId, word: &str) -> Result<(), Refusal> {
        let locked = &mut self.outputs[id.0].locked;
        *locked = match word {
            "ON" => true,
            "OFF" => false,
            "TOGGLE" => !*locked,
            "AUTO" => return Err(Refusal::NoAuto { expected: "ON or OFF".into() }),
            _ => return Err(expected("ON, OFF or TOGGLE")),
        };
        self.changes.output(id, &self.config);
        self.commands = self.commands.saturating_add(1);
        self.revision.promised += 1;
        Ok(())
    }

    fn command_zone(&mut self, id: ClimateId, facet: ClimateFacet, command: &Command, now: Now) -> Result<(), Refusal> {
        check_hold(command)?;
        self.climates[id.0].command(&self.config[id], facet, &command.payload, (command.hold, &command.source), now)?;
        self.changes.climate(id);
        self.commands = self.commands.saturating_add(1);
        self.revision.promised += 1;
        Ok(())
    }

    fn unknown(&self, point: &str) -> Refusal {
        let relay = point.strip_suffix(".level").and_then(|output| self.config.find_output(output));
        match relay.filter(|id| self.config.takes(*id) == Takes::OnOff) {
            Some(id) => Refusal::NoLevels { output: self.config[id].id.to_string() },
            None => Refusal::UnknownPoint { nearest: nearest_output(point, &self.config) },
        }
    }

    /// Toggles several outputs as one: if any is asked to be on, all go off.
    pub(super) fn toggle_together(&mut self, outputs: &[OutputId], source: &Source, now: Now) {
        let any_on = outputs.iter().any(|output| asked(&self.outputs[output.0]).is_on());
        for output in outputs {
            let on = last_on(self.config.takes(*output), &self.outputs[output.0]);
            self.fill_manual(*output, if any_on { Level::OFF } else { on }, source, None, now);
        }
    }

    fn command_mode(&mut self, word: &str, now: Now) -> Result<(), Refusal> {
        let modes = &self.config.modes;
        let (Some(place), Some(state)) = (modes.find(word), &mut self.mode) else {
            let expected = modes.list.join(", ");
            return Err(if word == "AUTO" { Refusal::NoAuto { expected } } else { Refusal::BadValue { expected } });
        };
        if state.place != place {
            self.changes.mode();
            *state = ModeState { word: modes.list[place].clone(), changed: now.wall, turned: Some(now.moment), place };
        }
        self.commands = self.commands.saturating_add(1);
        self.revision.promised += 1;
        Ok(())
    }

    fn command_scene(&mut self, command: &Command, now: Now) -> Result<(), Refusal> {
        let config = self.config.clone();
        let name = command.point.trim_start_matches("scene.");
        let Some(id) = config.find_scene(name) else {
            let nearest = nearest(name, config.scenes.iter().map(|scene| &*scene.id));
            return Err(Refusal::UnknownPoint { nearest: nearest.map(|near| format!("scene.{near}")) });
        };
        if command.payload != "ON" {
            return Err(expected("ON"));
        }
        let scene = &config[id];
        let from_outside = matches!(command.source, Source::Mqtt | Source::Console);
        if let Some((locked, _)) = scene.set.iter().find(|(output, _)| from_outside && self.outputs[output.0].locked) {
            return Err(Refusal::Locked { output: config[*locked].id.to_string() });
        }
        for (output, level) in &scene.set {
            self.fill_manual(*output, *level, &command.source, command.hold.or(scene.hold), now);
        }
        Ok(())
    }
}

fn check_hold(command: &Command) -> Result<(), Refusal> {
    let bad = command.hold.is_some_and(|hold| !(HOLD_MIN..=HOLD_MAX).contains(&hold));
    if bad { Err(Refusal::BadHold) } else { Ok(()) }
}

fn expected(what: &str) -> Refusal {
    Refusal::BadValue { expected: what.into() }
}

/// A level as people and other programs write it: `40`, also `40.0`.
fn percent(text: &str) -> Option<Level> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    (0.0..=100.0).contains(&number).then(|| Level::new(number.round() as u8))?
}

/// The level that ON means for an output that is off.
fn last_on(takes: Takes, state: &OutputState) -> Level {
    if takes == Takes::OnOff { Level::ON } else { state.last_on }
}

/// What an output is asked to be, whatever a minimum time makes of it. What was on for its `max_on` is off for good, so
/// that a toggle asks for it again.
fn asked(output: &OutputState) -> Level {
    if output.tripped {
        return Level::OFF;
    }
    output.explanation.as_ref().map_or(output.level, |explanation| explanation.asked().level)
}

fn nearest_output(name: &str, config: &Config) -> Option<String> {
    nearest(name, config.visible_outputs().map(|id| &*config[id].id))
}

fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    // A name that is far longer than any point is not a slip of the finger, and comparing it would take long.
    if name.len() > 64 {
        return None;
    }
    let distance = |id: &str| strsim::damerau_levenshtein(id, name);
    let nearest = names.min_by_key(|id| distance(id))?;
    (distance(nearest) <= 2).then(|| nearest.to_owned())
}
