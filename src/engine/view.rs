//! What outputs look like to people, who see what their wires carry, and to conditions, which see what is decided.

use super::{
    parts::{cover, mover::Lapse},
    state::{Failure, OutputState, Wire, motion},
};
use crate::{
    clock::{Moment, Now},
    model::{Config, Level, Method, OutputFacet, OutputId, Point, PointState, Quality, Slot, Truth, Usage, Value},
};
use std::sync::Arc;

/// The outputs of a house at one instant.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub config: &'a Config,
    pub outputs: &'a [OutputState],
    pub now: Now,
}

impl<'a> View<'a> {
    /// An output as a point.
    pub fn output(self, id: OutputId) -> PointState {
        let state = &self.outputs[id.0];
        let value = match self.config.capability(id) {
            takes if !takes.moves() => Some(Value::Level(state.level)),
            _ => self.is_known(id).then(|| Value::Word(self.cover_word(id).into())),
        };
        PointState {
            point: Point::Output(id),
            changed: Some(state.since.wall),
            explanation: state.explanation.clone(),
            usage: Some(self.usage(id)),
            ..self.good_or_fault(id, value)
        }
    }

    /// What an output shows besides.
    pub fn facet(self, id: OutputId, facet: OutputFacet) -> PointState {
        let state = &self.outputs[id.0];
        let power = self.config[id].power.unwrap_or_default();
        let value = match facet {
            OutputFacet::Level => Some(Value::Level(state.level)),
            OutputFacet::Lock => Some(Value::Switch(state.locked)),
            OutputFacet::Power => Some(Value::Number(power * f64::from(self.flowing(id)) / 100.0)),
            OutputFacet::Energy => Some(Value::Number(power * self.full_hours(id).0 / 1000.0)),
            OutputFacet::Position => self.position(id).map(Value::Level),
        };
        let unknown = value.is_none();
        let point = Point::OutputFacet(id, facet);
        let state = PointState { point, ..self.good_or_fault(id, value) };
        if unknown && state.quality == Quality::Good {
            PointState { quality: Quality::Unknown, ..state }
        } else {
            state
        }
    }

    /// What an output is to be; a group, as its members.
    pub fn decided(self, id: OutputId) -> Level {
        let Method::Group { members, all } = &self.config[id].method else { return self.outputs[id.0].decided() };
        together(*all, members.iter().map(|member| self.decided(*member)))
    }

    /// A number of an output by what is decided, while its wires are in order.
    pub fn number(self, id: OutputId, facet: OutputFacet) -> Option<f64> {
        let flows = |id: OutputId| self.decided(id).percent();
        let number = match facet {
            OutputFacet::Lock => return None,
            OutputFacet::Level => f64::from(flows(id)),
            OutputFacet::Power => {
                let most = self.counted(id).into_iter().map(flows).max().unwrap_or(0);
                self.config[id].power.unwrap_or_default() * f64::from(most) / 100.0
            }
            OutputFacet::Energy => self.config[id].power.unwrap_or_default() * self.full_hours(id).0 / 1000.0,
            OutputFacet::Position => f64::from(self.position(id)?.percent()),
        };
        let tells = facet == OutputFacet::Position && self.config.tells_itself(id) && self.is_known(id);
        (tells || self.quality(id) == Quality::Good).then_some(number)
    }

    /// Whether an output is to be on; a cover, whether it is open at all; a group, as its members.
    pub fn is_on(self, id: OutputId) -> Truth {
        let of = |id: &OutputId| self.is_on(*id);
        match &self.config[id].method {
            // What its switches tell is so whatever its button does.
            Method::Door(_) => self.outputs[id.0].door.is_open(),
            // Where it is, it says, also when it did not follow.
            Method::Mover(_) if self.failure(id).is_none() => self.outputs[id.0].mover.is_open(),
            // Each member says itself whether it is known.
            _ if self.quality(id) != Quality::Good && !self.config.tells_itself(id) => Truth::Unknown,
            Method::Mover(_) => Truth::Unknown,
            Method::Group { members, all: true } => members.iter().map(of).fold(Truth::True, Truth::and),
            Method::Group { members, all: false } => members.iter().map(of).fold(Truth::False, Truth::or),
            Method::Cover(_) => self.position(id).map_or(Truth::Unknown, |level| level.is_on().into()),
            _ => self.outputs[id.0].decided().is_on().into(),
        }
    }

    /// When something of an output looks different by itself.
    pub fn shown_anew(self, id: OutputId) -> Option<Moment> {
        self.config[id].power.and_then(|_| self.full_hours(id).1)
    }

    /// Where a cover is, or a group of covers, as far as that is known.
    fn position(self, id: OutputId) -> Option<Level> {
        match &self.config[id].method {
            Method::Cover(cover) => {
                let (position, _) =
                    self.outputs[id.0].travel.shown(cover, motion(cover, self.outputs), self.now.moment);
                whole_percent(position?)
            }
            Method::Door(_) => self.outputs[id.0].door.end(),
            Method::Mover(_) => self.outputs[id.0].mover.position(),
            Method::Group { members, all } => {
                let positions = members.iter().map(|member| self.position(*member));
                Some(together(*all, positions.collect::<Option<Vec<_>>>()?.into_iter()))
            }
            _ => None,
        }
    }

    fn cover_word(self, id: OutputId) -> &'static str {
        match self.way(id) {
            Some(cover::Way::Opening) => "opening",
            Some(cover::Way::Closing) => "closing",
            None => match self.position(id) {
                Some(Level::OFF) => "closed",
                Some(Level::ON) => "open",
                _ => "stopped",
            },
        }
    }

    /// Which way a cover moves, or the first of a group that does.
    fn way(self, id: OutputId) -> Option<cover::Way> {
        match &self.config[id].method {
            Method::Cover(cover) => motion(cover, self.outputs).map(|(way, _)| way),
            Method::Door(_) => self.outputs[id.0].door.way(),
            Method::Mover(_) => self.outputs[id.0].mover.way(),
            Method::Group { members, .. } => members.iter().find_map(|member| self.way(*member)),
            _ => None,
        }
    }

    fn good_or_fault(self, id: OutputId, value: Option<Value>) -> PointState {
        let too_often = || {
            let id = self.once_too_often(id)?;
            let rate = self.config[id].max_rate;
            Some(format!("rules switch it more than {rate} times a second: do they work against each other?").into())
        };
        let contradiction = || self.contradiction(id).map(Arc::from);
        let fault = self.failure(id).map(|failure| failure.text.clone()).or_else(contradiction);
        let fault: Option<Arc<str>> = fault.or_else(too_often).or_else(|| self.own_fault(id).map(Arc::from));
        let quality = self.quality(id);
        let value = value.filter(|_| quality != Quality::Unknown);
        let point = Point::Output(id);
        PointState { point, value, quality, changed: None, fault, explanation: None, because: None, usage: None }
    }

    /// How far to trust what an output shows.
    pub fn quality(self, id: OutputId) -> Quality {
        let in_fault =
            self.failure(id).is_some() || self.contradiction(id).is_some() || self.once_too_often(id).is_some();
        let in_fault = in_fault || self.own_fault(id).is_some();
        // Nobody here knows what another hub does with its output before that is heard of.
        let is_unheard = || self.config[id].is_lent() && self.outputs[id.0].wire == Wire::Untouched;
        let is_unknown = || is_unheard() || !self.is_known(id);
        match in_fault {
            true => Quality::Fault,
            false if is_unknown() => Quality::Unknown,
            false => Quality::Good,
        }
    }

    /// Whether it is known where it is: of a door, by its switches; of a group, where all its members are.
    pub fn is_known(self, id: OutputId) -> bool {
        match &self.config[id].method {
            Method::Door(_) => self.outputs[id.0].door.is_known(),
            // What it said before it was away is not so for ever.
            Method::Mover(_) => self.outputs[id.0].mover.is_known() && self.failure(id).is_none(),
            Method::Group { members, .. } => members.iter().all(|member| self.is_known(*member)),
            _ => true,
        }
    }

    fn own_fault(self, id: OutputId) -> Option<String> {
        match &self.config[id].method {
            Method::Door(door) => self.outputs[id.0].door.fault(door),
            Method::Mover(mover) => {
                let lapse = self.outputs[id.0].mover.fault()?;
                let (topic, within) = mover.told_within();
                Some(match lapse {
                    Lapse::Unpublished => "its last command could not be published, and is left out: ask again".into(),
                    Lapse::Unfollowed if self.is_known(id) => {
                        format!("{topic} does not follow: it says {} {within} after the command", self.cover_word(id))
                    }
                    Lapse::Unfollowed => format!("{topic} says nothing within {within} of the command"),
                })
            }
            _ => None,
        }
    }

    /// The wire that rules switch too often: its own, or that of one of its parts.
    fn once_too_often(self, id: OutputId) -> Option<OutputId> {
        let parts = self.config.parts(id).into_iter();
        std::iter::once(id).chain(parts).find(|id| self.outputs[id.0].guard.held().is_some())
    }

    /// What is to be said of a wire that is otherwise by itself again and again: its own, or that of one of its parts.
    fn contradiction(self, id: OutputId) -> Option<&'static str> {
        let parts = self.config.parts(id).into_iter();
        std::iter::once(id).chain(parts).find_map(|id| self.outputs[id.0].contradiction())
    }

    /// What is wrong with its wire, or with that of one of its parts.
    fn failure(self, id: OutputId) -> Option<&'a Failure> {
        let parts = self.config.parts(id).into_iter();
        std::iter::once(id).chain(parts).find_map(|id| self.outputs[id.0].failure())
    }

    /// The wires that an output's use is counted at: of speeds, the output's own levels tell it.
    fn counted(self, id: OutputId) -> Vec<OutputId> {
        match &self.config[id].method {
            Method::SlowPwm { .. }
            | Method::KickStart { .. }
            | Method::Cover(_)
            | Method::Door(_)
            | Method::Mover(_) => self.config.parts(id),
            _ => vec![id],
        }
    }

    fn usage(self, id: OutputId) -> Usage {
        self.counted(id).into_iter().fold(Usage::default(), |sum, id| {
            let state = &self.outputs[id.0];
            Usage {
                cycles: sum.cycles + state.meter.cycles,
                on_before: sum.on_before + state.meter.on_before(),
                on_since: sum.on_since.or(state.level.is_on().then(|| state.meter.at())),
            }
        })
    }

    /// What flows now, percent of full power.
    fn flowing(self, id: OutputId) -> u8 {
        self.counted(id).into_iter().map(|id| self.outputs[id.0].level.percent()).max().unwrap_or(0)
    }

    fn full_hours(self, id: OutputId) -> (f64, Option<Moment>) {
        let each = self
            .counted(id)
            .into_iter()
            .map(|id| self.outputs[id.0].meter.full_hours(self.now.moment, self.outputs[id.0].level));
        each.fold((0.0, None), |(sum, next), (hours, anew)| {
            let next = match (next, anew) {
                (Some(next), Some(anew)) => Some(next.min(anew)),
                (next, anew) => next.or(anew),
            };
            (sum + hours, next)
        })
    }

    /// What holds an output or one of its parts off although it is asked to be on: the output.
    pub fn blocking(self, id: OutputId) -> Option<OutputId> {
        let is_held = |id: &OutputId| {
            let state = &self.outputs[id.0];
            let held = state.explanation.as_ref().is_some_and(|explanation| {
                explanation.winner == Slot::Safety && !explanation.level.is_on() && explanation.asked().level.is_on()
            });
            held || state.tripped
        };
        std::iter::once(id).chain(self.config.parts(id)).find(is_held)
    }

    /// Whether current flows in its wire.
    pub fn is_live(self, id: OutputId) -> bool {
        match self.config[id].method {
            Method::SlowPwm { wire, .. } => self.outputs[wire.0].level.is_on(),
            _ => self.outputs[id.0].level.is_on(),
        }
    }
}

/// What a group is whose members have these levels.
pub(super) fn together(all: bool, levels: impl Iterator<Item = Level>) -> Level {
    if all { levels.min() } else { levels.max() }.unwrap_or(Level::OFF)
}

/// A position in thousandths of a percent, rounded.
pub(super) fn whole_percent(position: i64) -> Option<Level> {
    Level::new(u8::try_from((position + 500) / 1000).ok()?)
}
