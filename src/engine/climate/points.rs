//! The points of a zone, as they are shown and as rules read them.

use super::{
    autotune::Tuning,
    state::{Seen, Told, ZoneState},
};
use crate::{
    clock::Now,
    model::{Climate, ClimateFacet, Truth, Value},
};

/// The value of a point; nothing before it is known.
pub(in crate::engine) fn point_value(zone: &Climate, state: &ZoneState, facet: ClimateFacet) -> Option<Value> {
    if !is_known(zone, state, facet) {
        return None;
    }
    number(zone, state, facet).map(Value::Number).or_else(|| Some(Value::Word(word(zone, state, facet)?.into())))
}

/// Whether a point has a value.
pub(in crate::engine) fn is_known(zone: &Climate, state: &ZoneState, facet: ClimateFacet) -> bool {
    // Before the first pass nothing is known.
    number(zone, state, facet).is_some() || state.shown.wants.is_some() && word(zone, state, facet).is_some()
}

/// Notes since when the points are as they are.
pub(in crate::engine) fn note_changes(zone: &Climate, state: &mut ZoneState, now: Now) {
    if std::mem::replace(&mut state.noted, true) {
        return;
    }
    for facet in ClimateFacet::ALL {
        let told = match number(zone, state, facet) {
            Some(number) => Told::Number(number),
            None => match word(zone, state, facet).filter(|_| state.shown.wants.is_some()) {
                // Most stay as they are.
                Some(word) if state.seen.get(&facet).is_some_and(|seen| seen.told.is(word)) => continue,
                Some(word) => Told::Text(word.into()),
                None => {
                    state.seen.remove(&facet);
                    continue;
                }
            },
        };
        if state.seen.get(&facet).is_none_or(|seen| seen.told != told) {
            state.seen.insert(facet, Seen { told, since: now.wall });
        }
    }
}

/// A temperature of the zone.
pub(in crate::engine) fn number(zone: &Climate, state: &ZoneState, facet: ClimateFacet) -> Option<f64> {
    match facet.meant(state.mode(zone))? {
        ClimateFacet::Target => state.shown.setpoints.target(),
        ClimateFacet::CoolTarget => state.shown.setpoints.cool,
        ClimateFacet::Measured => state.shown.current,
        _ => None,
    }
}

/// Whether a point of the zone has this word.
pub(in crate::engine) fn is_word(zone: &Climate, state: &ZoneState, facet: ClimateFacet, asked: &str) -> Truth {
    // Before the first pass nothing is known.
    if state.shown.wants.is_none() {
        return Truth::Unknown;
    }
    word(zone, state, facet).map_or(Truth::Unknown, |word| (word == asked).into())
}

fn word<'s>(zone: &Climate, state: &'s ZoneState, facet: ClimateFacet) -> Option<&'s str> {
    match facet {
        ClimateFacet::Mode => Some(state.mode(zone).word()),
        ClimateFacet::Preset => Some(state.shown.preset.as_deref().unwrap_or("none")),
        ClimateFacet::Action => Some(state.shown.action.word()),
        ClimateFacet::Alarm => Some(state.shown.alarm.map_or("none", |alarm| alarm.word())),
        ClimateFacet::Tuning => Some(match state.tuning {
            Tuning::Idle => "idle",
            Tuning::Running(_) => "running",
            Tuning::Failed(_) => "failed",
        }),
        ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Setpoint | ClimateFacet::Measured => None,
    }
}
