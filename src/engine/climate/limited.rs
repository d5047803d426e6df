//! What safety makes of what a zone calls: a limit or an interlock may keep it off.

use super::state::ZoneState;
use crate::{
    clock::Now,
    engine::state::OutputState,
    model::{Climate, Config, Method, OutputId, Slot},
};

/// The outputs after all is decided.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Resolved<'a> {
    pub config: &'a Config,
    pub outputs: &'a [OutputState],
    pub now: Now,
}

/// Takes note of it. Returns whether the zone is to be shown otherwise than before.
pub(in crate::engine) fn look_back(zone: &Climate, state: &mut ZoneState, house: Resolved<'_>) -> bool {
    let before = (state.kept_off, state.limited_since);
    let called: &[OutputId] = match &state.shown.wants {
        Some(wants) if wants.heat.percent > 0 => &zone.heat,
        Some(wants) if wants.cool.percent > 0 => &zone.cool,
        _ => &[],
    };
    let blocked = called.iter().any(|id| house.is_blocked(*id));
    let any_on = called.iter().any(|id| house.is_on(*id));
    // Between two parts of a cycle nothing is asked that could be kept off: it stays as it was.
    state.kept_off = !called.is_empty() && !any_on && (blocked || state.kept_off);
    let limited = state.kept_off || called.iter().any(|id| house.outputs[id.0].tripped);
    state.limited_since = limited.then(|| state.limited_since.unwrap_or(house.now.moment));
    before != (state.kept_off, state.limited_since)
}

impl Resolved<'_> {
    /// What holds an output or one of its parts off although it is asked to be on: the output.
    pub fn blocking(&self, id: OutputId) -> Option<OutputId> {
        let is_held = |id: &OutputId| {
            let state = &self.outputs[id.0];
            let held = state.explanation.as_ref().is_some_and(|explanation| {
                explanation.winner == Slot::Safety && !explanation.level.is_on() && explanation.asked().level.is_on()
            });
            held || state.tripped
        };
        std::iter::once(id).chain(self.config.parts(id)).find(is_held)
    }

    fn is_blocked(&self, id: OutputId) -> bool {
        self.blocking(id).is_some()
    }

    /// Whether current flows in its wire.
    fn is_on(&self, id: OutputId) -> bool {
        match self.config[id].method {
            Method::SlowPwm { wire, .. } => self.outputs[wire.0].level.is_on(),
            _ => self.outputs[id.0].level.is_on(),
        }
    }
}
