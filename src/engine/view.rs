//! What outputs look like to people, who see what their wires carry, and to conditions, which see what is decided.

use super::{
    parts::cover,
    state::{Failure, OutputState, Wire, motion},
};
use crate::{
    clock::{Moment, Now},
    model::{
        Capability, Config, Level, Method, OutputFacet, OutputId, Point, PointState, Quality, Truth, Usage, Value,
    },
};
use std::sync::Arc;

/// An output as a point.
pub(super) fn output(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> PointState {
    let state = &outputs[id.0];
    let value = match config.capability(id) {
        Capability::Position => Value::Word(cover_word(config, outputs, id, now).into()),
        _ => Value::Level(state.level),
    };
    PointState {
        point: Point::Output(id),
        changed: Some(state.since.wall),
        explanation: state.explanation.clone(),
        usage: Some(usage(config, outputs, id)),
        ..good_or_fault(config, outputs, id, Some(value))
    }
}

/// What an output shows besides.
pub(super) fn facet(
    config: &Config,
    outputs: &[OutputState],
    id: OutputId,
    facet: OutputFacet,
    now: Now,
) -> PointState {
    let state = &outputs[id.0];
    let power = config[id].power.unwrap_or_default();
    let value = match facet {
        OutputFacet::Level => Some(Value::Level(state.level)),
        OutputFacet::Lock => Some(Value::Switch(state.locked)),
        OutputFacet::Power => Some(Value::Number(power * f64::from(flowing(config, outputs, id)) / 100.0)),
        OutputFacet::Energy => Some(Value::Number(power * full_hours(config, outputs, id, now).0 / 1000.0)),
        OutputFacet::Position => position(config, outputs, id, now).map(Value::Level),
    };
    let unknown = value.is_none();
    let point = Point::OutputFacet(id, facet);
    let state = PointState { point, ..good_or_fault(config, outputs, id, value) };
    if unknown && state.quality == Quality::Good { PointState { quality: Quality::Unknown, ..state } } else { state }
}

/// What an output is to be; a group, as its members.
pub(super) fn decided(config: &Config, outputs: &[OutputState], id: OutputId) -> Level {
    let Method::Group { members, all } = &config[id].method else { return outputs[id.0].decided() };
    together(*all, members.iter().map(|member| decided(config, outputs, *member)))
}

/// What a group is whose members have these levels.
pub(super) fn together(all: bool, levels: impl Iterator<Item = Level>) -> Level {
    if all { levels.min() } else { levels.max() }.unwrap_or(Level::OFF)
}

/// A number of an output by what is decided, while its wires are in order.
pub(super) fn number(
    config: &Config,
    outputs: &[OutputState],
    id: OutputId,
    facet: OutputFacet,
    now: Now,
) -> Option<f64> {
    let flows = |id: OutputId| decided(config, outputs, id).percent();
    let number = match facet {
        OutputFacet::Lock => return None,
        OutputFacet::Level => f64::from(flows(id)),
        OutputFacet::Power => {
            let most = counted(config, id).into_iter().map(flows).max().unwrap_or(0);
            config[id].power.unwrap_or_default() * f64::from(most) / 100.0
        }
        OutputFacet::Energy => config[id].power.unwrap_or_default() * full_hours(config, outputs, id, now).0 / 1000.0,
        OutputFacet::Position => f64::from(position(config, outputs, id, now)?.percent()),
    };
    (quality(config, outputs, id) == Quality::Good).then_some(number)
}

/// Whether an output is to be on; a cover, whether it is open at all; a group, as its members.
pub(super) fn is_on(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> Truth {
    let of = |id: &OutputId| is_on(config, outputs, *id, now);
    match &config[id].method {
        _ if quality(config, outputs, id) != Quality::Good => Truth::Unknown,
        Method::Group { members, all: true } => members.iter().map(of).fold(Truth::True, Truth::and),
        Method::Group { members, all: false } => members.iter().map(of).fold(Truth::False, Truth::or),
        Method::Cover(_) => position(config, outputs, id, now).map_or(Truth::Unknown, |level| level.is_on().into()),
        _ => outputs[id.0].decided().is_on().into(),
    }
}

/// When something of an output looks different by itself.
pub(super) fn shown_anew(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> Option<Moment> {
    config[id].power.and_then(|_| full_hours(config, outputs, id, now).1)
}

/// Where a cover is, or a group of covers, as far as that is known.
fn position(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> Option<Level> {
    match &config[id].method {
        Method::Cover(cover) => {
            let (position, _) = outputs[id.0].travel.shown(cover, motion(cover, outputs), now.moment);
            whole_percent(position?)
        }
        Method::Group { members, all } => {
            let positions = members.iter().map(|member| position(config, outputs, *member, now));
            Some(together(*all, positions.collect::<Option<Vec<_>>>()?.into_iter()))
        }
        _ => None,
    }
}

/// A position in thousandths of a percent, rounded.
pub(super) fn whole_percent(position: i64) -> Option<Level> {
    Level::new(u8::try_from((position + 500) / 1000).ok()?)
}

fn cover_word(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> &'static str {
    match way(config, outputs, id) {
        Some(cover::Way::Opening) => "opening",
        Some(cover::Way::Closing) => "closing",
        None => match position(config, outputs, id, now) {
            Some(Level::OFF) => "closed",
            Some(Level::ON) => "open",
            _ => "stopped",
        },
    }
}

/// Which way a cover moves, or the first of a group that does.
fn way(config: &Config, outputs: &[OutputState], id: OutputId) -> Option<cover::Way> {
    match &config[id].method {
        Method::Cover(cover) => motion(cover, outputs).map(|(way, _)| way),
        Method::Group { members, .. } => members.iter().find_map(|member| way(config, outputs, *member)),
        _ => None,
    }
}

fn good_or_fault(config: &Config, outputs: &[OutputState], id: OutputId, value: Option<Value>) -> PointState {
    let too_often = || {
        let id = once_too_often(config, outputs, id)?;
        let rate = config[id].max_rate;
        Some(format!("rules switch it more than {rate} times a second: do they work against each other?").into())
    };
    let contradiction = || contradiction(config, outputs, id).map(Arc::from);
    let fault = failure(config, outputs, id).map(|failure| failure.text.clone()).or_else(contradiction);
    let fault: Option<Arc<str>> = fault.or_else(too_often);
    let quality = quality(config, outputs, id);
    let value = value.filter(|_| quality != Quality::Unknown);
    let point = Point::Output(id);
    PointState { point, value, quality, changed: None, fault, explanation: None, because: None, usage: None }
}

/// How far to trust what an output shows.
pub(super) fn quality(config: &Config, outputs: &[OutputState], id: OutputId) -> Quality {
    let in_fault = failure(config, outputs, id).is_some()
        || contradiction(config, outputs, id).is_some()
        || once_too_often(config, outputs, id).is_some();
    // Nobody here knows what another hub does with its output before that is heard of.
    let is_unknown = || config[id].is_of_another_hub() && outputs[id.0].wire == Wire::Untouched;
    match in_fault {
        true => Quality::Fault,
        false if is_unknown() => Quality::Unknown,
        false => Quality::Good,
    }
}

/// The wire that rules switch too often: its own, or that of one of its parts.
fn once_too_often(config: &Config, outputs: &[OutputState], id: OutputId) -> Option<OutputId> {
    let parts = config.parts(id).into_iter();
    std::iter::once(id).chain(parts).find(|id| outputs[id.0].guard.held().is_some())
}

/// What is to be said of a wire that is otherwise by itself again and again: its own, or that of one of its parts.
fn contradiction(config: &Config, outputs: &[OutputState], id: OutputId) -> Option<&'static str> {
    let parts = config.parts(id).into_iter();
    std::iter::once(id).chain(parts).find_map(|id| outputs[id.0].contradiction())
}

/// What is wrong with its wire, or with that of one of its parts.
fn failure<'a>(config: &Config, outputs: &'a [OutputState], id: OutputId) -> Option<&'a Failure> {
    let parts = config.parts(id).into_iter();
    std::iter::once(id).chain(parts).find_map(|id| outputs[id.0].failure())
}

/// The wires that an output's use is counted at: of speeds, the output's own levels tell it.
fn counted(config: &Config, id: OutputId) -> Vec<OutputId> {
    match &config[id].method {
        Method::SlowPwm { .. } | Method::KickStart { .. } | Method::Cover(_) => config.parts(id),
        _ => vec![id],
    }
}

fn usage(config: &Config, outputs: &[OutputState], id: OutputId) -> Usage {
    counted(config, id).into_iter().fold(Usage::default(), |sum, id| {
        let state = &outputs[id.0];
        Usage {
            cycles: sum.cycles + state.meter.cycles,
            on_before: sum.on_before + state.meter.on_before(),
            on_since: sum.on_since.or(state.level.is_on().then(|| state.meter.at())),
        }
    })
}

/// What flows now, percent of full power.
fn flowing(config: &Config, outputs: &[OutputState], id: OutputId) -> u8 {
    counted(config, id).into_iter().map(|id| outputs[id.0].level.percent()).max().unwrap_or(0)
}

fn full_hours(config: &Config, outputs: &[OutputState], id: OutputId, now: Now) -> (f64, Option<Moment>) {
    let each =
        counted(config, id).into_iter().map(|id| outputs[id.0].meter.full_hours(now.moment, outputs[id.0].level));
    each.fold((0.0, None), |(sum, next), (hours, anew)| {
        let next = match (next, anew) {
            (Some(next), Some(anew)) => Some(next.min(anew)),
            (next, anew) => next.or(anew),
        };
        (sum + hours, next)
    })
}
