//! What a text asks of a point. There is one judge of words, numbers and times to hold: commands of every kind, rules, scenes
//! and tests go by it, so that what `hearthd check` accepts is understood later.

use super::{
    Capability, Climate, ClimateFacet, ClimateId, ClimateMode, Config, Hold, Level, Method, OutputFacet, OutputId,
    Point, Preset, Quantity, Refusal, SceneId, SensorId, Settable, duration,
    number::{self, Amount},
};

/// What is asked, and of what.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Of an output.
    Output(OutputId, Ask),
    /// Of its lock: on, off or the opposite.
    Lock(OutputId, Ask),
    /// Of a point of a zone.
    Zone(ClimateId, ClimateFacet, ZoneAsk),
    /// A zone is to follow the plan and the file again: its mode, its preset and its targets.
    ZoneAuto(ClimateId),
    /// The total of a counter is this.
    Total(SensorId, Quantity, f64),
    /// The house is to be in the mode of this place.
    Mode(usize),
    /// A scene is to be given.
    Scene(SceneId),
    /// A number of the file is to be this, in its unit; None: what the file says.
    Setting(Settable, Option<f64>),
}

/// What is asked of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To follow its rules again.
    Auto,
    /// To be on, at its last level; open.
    On,
    /// To be off; closed.
    Off,
    /// The opposite of what it is asked to be; of a cover that moves, to stand still.
    Toggle,
    /// Of a cover: to stand still.
    Stop,
    /// To be at this level.
    Level(Level),
    /// So many percent more, or less: -100 to 100, not 0.
    By(i8),
}

/// What is asked of a point of a zone.
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneAsk {
    /// To follow the plan, or the file, again.
    Auto,
    /// This temperature, °C.
    Target(f64),
    /// So many degrees more, or less.
    By(f64),
    /// This mode.
    Mode(ClimateMode),
    /// The preset of this name, which exists.
    Preset(std::sync::Arc<str>),
    /// No preset.
    NoPreset,
    /// To begin the search for PID numbers, or to end it.
    Tune(bool),
}

const SWITCHED: [(&str, Ask); 4] = [("on", Ask::On), ("off", Ask::Off), ("toggle", Ask::Toggle), ("auto", Ask::Auto)];
const OPENED: [(&str, Ask); 3] = [("open", Ask::On), ("closed", Ask::Off), ("close", Ask::Off)];
const MOVED: [(&str, Ask); 1] = [("stop", Ask::Stop)];
const LOCKED: [(&str, Ask); 5] =
    [("on", Ask::On), ("off", Ask::Off), ("toggle", Ask::Toggle), ("locked", Ask::On), ("unlocked", Ask::Off)];

/// Targets are kept in hundredths of a degree: every whole and half °F is shown as it was set.
pub(super) fn hundredths(degrees: f64) -> f64 {
    (degrees * 100.0).round() / 100.0 + 0.0
}

impl Config {
    /// What `text` asks of the point, or scene, of this name; `hold`: for how long, if it is not for good.
    ///
    /// # Errors
    /// Why it asks nothing.
    pub fn wish(&self, name: &str, text: &str, hold: Option<Hold>) -> Result<Wish, Refusal> {
        let wish = self.wish_for_good(name, text)?;
        let Some(hold) = hold else { return Ok(wish) };
        if let Some(why) = self.no_hold(&wish) {
            return Err(Refusal::NoHold { why });
        }
        match hold {
            Hold::Time(_) => Ok(wish),
            Hold::RoomEmpty => self.in_rooms(&wish).map(|()| wish),
        }
    }

    /// Refuses what cannot be until a room is empty: of each output that it sets there is one.
    fn in_rooms(&self, wish: &Wish) -> Result<(), Refusal> {
        let outputs = match wish {
            Wish::Output(id, _) => vec![*id],
            Wish::Scene(id) => self[*id].set.iter().map(|(output, _)| *output).collect(),
            _ => return Err(Refusal::NoRoom { output: None }),
        };
        match outputs.into_iter().find_map(|id| self.without_room(id)) {
            Some(without) => Err(Refusal::NoRoom { output: Some(self[without].id.to_string()) }),
            None => Ok(()),
        }
    }

    /// The output itself, or the first member of a group, that is in no room.
    pub fn without_room(&self, id: OutputId) -> Option<OutputId> {
        self.members(id).into_iter().find(|member| self[*member].room.is_none())
    }

    fn wish_for_good(&self, name: &str, text: &str) -> Result<Wish, Refusal> {
        if let Some(scene) = name.strip_prefix("scene.") {
            let id = self.find_scene(scene).ok_or(Refusal::UnknownPoint { nearest: None })?;
            return if text.eq_ignore_ascii_case("on") {
                Ok(Wish::Scene(id))
            } else {
                Err(Refusal::BadValue { expected: "ON".into() })
            };
        }
        if let Some(id) = self.find_zone(name) {
            let expected = format!("AUTO, or set one of its points, such as {name}.{}", ClimateFacet::Mode.word());
            let is_auto = text.eq_ignore_ascii_case("auto");
            return if is_auto { Ok(Wish::ZoneAuto(id)) } else { Err(Refusal::BadValue { expected }) };
        }
        let point = self.find_point(name).ok_or_else(|| {
            let relay = name.strip_suffix(".level").and_then(|output| self.find_output(output));
            match relay.filter(|id| self.capability(*id) == Capability::OnOff) {
                Some(id) => Refusal::NoLevels { output: self[id].id.to_string() },
                None => Refusal::UnknownPoint { nearest: None },
            }
        })?;
        match point {
            Point::Output(id) => self.ask(id, text).map(|ask| Wish::Output(id, ask)),
            Point::OutputFacet(id, OutputFacet::Level | OutputFacet::Position) => {
                let ask = if text.eq_ignore_ascii_case("auto") { Some(Ask::Auto) } else { self.amount(id, text)? };
                ask.map(|ask| Wish::Output(id, ask)).ok_or_else(|| self.bad_value(point))
            }
            Point::OutputFacet(_, OutputFacet::Lock) if text.eq_ignore_ascii_case("auto") => {
                Err(Refusal::NoAuto { expected: "ON or OFF".into() })
            }
            Point::OutputFacet(id, OutputFacet::Lock) => {
                let ask = find(&LOCKED, text).ok_or_else(|| self.bad_value(point))?;
                Ok(Wish::Lock(id, ask))
            }
            Point::Climate(id, facet) => self[id].ask(facet, text).map(|ask| Wish::Zone(id, facet, ask)),
            Point::Mode => {
                let place = self.modes.list.iter().position(|mode| mode.eq_ignore_ascii_case(bare(text)));
                place.map(Wish::Mode).ok_or_else(|| match self.bad_value(point) {
                    Refusal::BadValue { expected } if text.eq_ignore_ascii_case("auto") => Refusal::NoAuto { expected },
                    refusal => refusal,
                })
            }
            Point::Setting(setting) => self.ask_settable(setting, bare(text)).map(|ask| Wish::Setting(setting, ask)),
            Point::Reading(sensor, quantity) if self.is_total(sensor, quantity) => {
                let range = quantity.plausible();
                let total = number::plain(text).filter(|total| range.contains(total) && !text.starts_with('-'));
                Ok(Wish::Total(sensor, quantity, total.ok_or_else(|| self.bad_value(point))?))
            }
            Point::OutputFacet(_, OutputFacet::Power | OutputFacet::Energy)
            | Point::Reading(..)
            | Point::Input(_)
            | Point::Occupied(_)
            | Point::Asleep(_)
            | Point::Event(_) => Err(Refusal::ReadOnly),
        }
    }

    /// Why what is asked cannot be for a time, if it cannot.
    fn no_hold(&self, wish: &Wish) -> Option<String> {
        let pulse = |id: OutputId| {
            let pulse = |id: &OutputId| Some((self[*id].id.clone(), self[*id].pulse?));
            let (id, length) = self.members(id).iter().find_map(pulse)?;
            Some(format!("{id} has a pulse of its own, {}", duration::spell(length)))
        };
        match wish {
            Wish::Output(_, Ask::Auto)
            | Wish::Zone(_, _, ZoneAsk::Auto)
            | Wish::ZoneAuto(_)
            | Wish::Setting(_, None) => Some("AUTO is for good".into()),
            Wish::Output(id, _) => pulse(*id),
            Wish::Zone(_, _, ZoneAsk::NoPreset) => Some("no preset is for good".into()),
            Wish::Zone(_, _, ZoneAsk::Tune(_)) => Some("a tuning takes the time that it takes".into()),
            Wish::Zone(_, _, ZoneAsk::Target(_) | ZoneAsk::By(_) | ZoneAsk::Mode(_) | ZoneAsk::Preset(_)) => None,
            Wish::Setting(_, Some(_)) => Some("a setting is for good".into()),
            Wish::Total(..) => Some("the total is what the meter shows".into()),
            Wish::Scene(id) => self[*id].set.iter().find_map(|(output, _)| pulse(*output)),
            Wish::Lock(..) | Wish::Mode(_) => None,
        }
    }

    /// What `text` asks of an output.
    ///
    /// # Errors
    /// Why it asks nothing.
    pub fn ask(&self, id: OutputId, text: &str) -> Result<Ask, Refusal> {
        if let Some((_, ask)) = self.words(id).find(|(word, _)| word.eq_ignore_ascii_case(bare(text))) {
            return Ok(ask);
        }
        self.amount(id, text)?.ok_or_else(|| self.bad_value(Point::Output(id)))
    }

    /// The words that an output understands, besides numbers and speeds.
    pub fn words(&self, id: OutputId) -> impl Iterator<Item = (&'static str, Ask)> + use<> {
        let opened = if self.opens(id) { OPENED.as_slice() } else { &[] };
        let moved = if self.capability(id).moves() { MOVED.as_slice() } else { &[] };
        opened.iter().chain(&SWITCHED).chain(moved).copied()
    }

    /// Whether an output is said to be open or closed; a group, if all its members are.
    pub fn opens(&self, id: OutputId) -> bool {
        match &self[id].method {
            Method::Group { members, .. } => !members.is_empty() && members.iter().all(|member| self.opens(*member)),
            Method::Cover(_) | Method::Door(_) | Method::Mover(_) => true,
            _ => self[id].kind.facts().opens,
        }
    }

    /// Itself, or the members of a group.
    pub fn members(&self, id: OutputId) -> Vec<OutputId> {
        match &self[id].method {
            Method::Group { members, .. } => members.clone(),
            _ => vec![id],
        }
    }

    /// The level, or the change of it, that a number or `speed 2` asks for; nothing where it is neither.
    fn amount(&self, id: OutputId, text: &str) -> Result<Option<Ask>, Refusal> {
        let takes = self.capability(id);
        if let Some(speed) = number::after_word(bare(text), "speed") {
            let Capability::Steps(count) = takes else { return Ok(None) };
            let step =
                number::plain(speed).filter(|step| step.fract() == 0.0 && (1.0..=f64::from(count)).contains(step));
            let refusal = || Refusal::BadValue { expected: format!("speed 1 to speed {count}") };
            return step.map(|step| Some(Ask::Level(Capability::level_of_step(step as u8, count)))).ok_or_else(refusal);
        }
        let by = |percent: f64| {
            let by = percent.round();
            (by != 0.0 && by.abs() <= 100.0).then_some(Ask::By(by as i8))
        };
        let ask = match Amount::read(text, "%") {
            Some(Amount::To(percent)) if (0.0..=100.0).contains(&percent) => {
                Level::new(percent.round() as u8).map(Ask::Level)
            }
            Some(Amount::By(percent)) => by(percent),
            Some(Amount::Minus(percent)) => by(-percent),
            Some(Amount::To(_)) | None => None,
        };
        match takes {
            Capability::OnOff if ask.is_some() => Err(Refusal::NoLevels { output: self[id].id.to_string() }),
            Capability::Ends => Ok(None),
            _ => Ok(ask),
        }
    }
}

impl Climate {
    /// What `text` asks of one of the zone's points.
    ///
    /// # Errors
    /// Why it asks nothing.
    pub fn ask(&self, facet: ClimateFacet, text: &str) -> Result<ZoneAsk, Refusal> {
        let is_auto = text.eq_ignore_ascii_case("auto");
        let word = bare(text);
        match facet {
            ClimateFacet::Measured | ClimateFacet::Action | ClimateFacet::Alarm => Err(Refusal::ReadOnly),
            _ if is_auto => Ok(ZoneAsk::Auto),
            ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Setpoint => {
                let range = self.target_range(facet);
                let below_zero = *range.start() < 0.0;
                let ask = match Amount::read(text, "°C") {
                    Some(Amount::To(target)) => Some(ZoneAsk::Target(hundredths(target))),
                    Some(Amount::Minus(target)) if below_zero => Some(ZoneAsk::Target(hundredths(-target))),
                    Some(Amount::By(by)) => Some(ZoneAsk::By(hundredths(by))),
                    Some(Amount::Minus(by)) => Some(ZoneAsk::By(hundredths(-by))),
                    None => None,
                };
                let is_good = |ask: &ZoneAsk| match ask {
                    ZoneAsk::Target(target) => range.contains(target),
                    ZoneAsk::By(by) => *by != 0.0,
                    _ => false,
                };
                ask.filter(is_good).ok_or_else(|| self.bad_value(facet))
            }
            ClimateFacet::Mode => {
                let mode = self.modes().find(|mode| mode.word().eq_ignore_ascii_case(word));
                mode.map(ZoneAsk::Mode).ok_or_else(|| self.bad_value(facet))
            }
            ClimateFacet::Preset if word.eq_ignore_ascii_case("none") => Ok(ZoneAsk::NoPreset),
            ClimateFacet::Preset => {
                let preset = self.presets.iter().find(|preset: &&Preset| preset.name.eq_ignore_ascii_case(word));
                preset.map(|preset| ZoneAsk::Preset(preset.name.clone())).ok_or_else(|| self.bad_value(facet))
            }
            ClimateFacet::Tuning => match word.to_ascii_lowercase().as_str() {
                "start" => Ok(ZoneAsk::Tune(true)),
                "stop" => Ok(ZoneAsk::Tune(false)),
                _ => Err(self.bad_value(facet)),
            },
        }
    }
}

/// Without the `to` that may stand before a value.
fn bare(text: &str) -> &str {
    number::after_word(text, "to").unwrap_or(text)
}

fn find(words: &[(&str, Ask)], text: &str) -> Option<Ask> {
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(bare(text))).map(|(_, ask)| *ask)
}
