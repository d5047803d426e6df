//! What a zone is to hold: a target by hand, else a preset by hand, else the plan, else the configured target.

use super::{
    plan,
    state::{HandEnd, HandTarget, Planned, ZoneState},
};
use crate::{
    engine::{facts::Facts, state::Timestamp},
    model::{Climate, PlanAsk, Setpoints},
};
use std::sync::Arc;

/// The setpoints now, and the preset that they are from. What has ended is removed.
///
/// While the time of day is not known, what the plan said last goes on; if it never said anything, the configured
/// target holds.
pub(super) fn resolve(zone: &Climate, state: &mut ZoneState, facts: &mut Facts<'_>) -> (Setpoints, Option<Arc<str>>) {
    follow_plan(zone, state, facts);
    expire(zone, state, facts);
    if let Some(manual) = &state.manual {
        return (manual.setpoints, None);
    }
    automatic(zone, state)
}

/// The setpoints without a target by hand.
pub(super) fn automatic(zone: &Climate, state: &ZoneState) -> (Setpoints, Option<Arc<str>>) {
    let planned = match &state.planned {
        Some(Planned::Preset(name)) => Some(name),
        _ => None,
    };
    let by_hand = state.preset.as_ref().map(|preset| &preset.name);
    let preset = |name: &Arc<str>| Some((state.settings.preset(zone, name)?, Some(name.clone())));
    if let Some(preset) = by_hand.or(planned).and_then(preset) {
        return preset;
    }
    match &state.planned {
        Some(Planned::Setpoints(setpoints)) => (*setpoints, None),
        _ => (zone.target, None),
    }
}

/// Notes what the plan says.
fn follow_plan(zone: &Climate, state: &mut ZoneState, facts: &mut Facts<'_>) {
    if zone.plan.is_empty() {
        state.planned = None;
        return;
    }
    let now = facts.now;
    if !now.wall_known {
        state.shown.window = None;
        return;
    }
    if state.shown.window.is_none_or(|window| !window.contains(now.wall)) {
        state.shown.window = plan::window_at(&zone.plan, facts.config.hub.timezone, now.wall);
    }
    let Some(window) = state.shown.window else { return };
    facts.wakeup.at(now.moment_at(window.ends));
    let Some(ask) = plan::ask(&zone.plan, window) else { return };
    let same = match (ask, &state.planned) {
        (PlanAsk::Setpoints(ask), Some(Planned::Setpoints(planned))) => ask == planned,
        (PlanAsk::Preset(ask), Some(Planned::Preset(planned))) => ask == planned,
        _ => false,
    };
    if !same {
        state.planned = Some(match ask {
            PlanAsk::Setpoints(setpoints) => Planned::Setpoints(*setpoints),
            PlanAsk::Preset(name) => Planned::Preset(name.clone()),
        });
    }
}

/// Ends what was set by hand for a while.
fn expire(zone: &Climate, state: &mut ZoneState, facts: &mut Facts<'_>) {
    let begins = state.shown.window.map(|window| window.begins);
    if let Some(HandTarget { end, .. }) = &mut state.manual {
        let over = match end {
            HandEnd::Auto => false,
            HandEnd::At(until) => is_over(until, facts),
            HandEnd::Period(during) => match (*during, begins) {
                _ if zone.plan.is_empty() => false,
                (Some(during), Some(begins)) => during != begins,
                (None, Some(_)) => {
                    *during = begins;
                    false
                }
                (_, None) => false,
            },
        };
        if over {
            state.manual = None;
        }
    }
    if state.preset.as_mut().and_then(|preset| preset.until.as_mut()).is_some_and(|until| is_over(until, facts)) {
        state.preset = None;
    }
    // A preset that the file no longer has asks for nothing.
    if state.preset.as_ref().is_some_and(|preset| zone.find_preset(&preset.name).is_none()) {
        state.preset = None;
    }
}

/// Whether this time has come; if not, it is waited for.
fn is_over(until: &mut Timestamp, facts: &mut Facts<'_>) -> bool {
    until.follow(facts.now);
    let over = facts.now.moment >= until.moment;
    if !over {
        facts.wakeup.at(until.moment);
    }
    over
}
