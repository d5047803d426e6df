//! What safety makes of what a zone calls: a limit or an interlock may keep it off.

use super::state::ZoneState;
use crate::{
    engine::view::View,
    model::{Climate, OutputId},
};

/// Takes note of it, after all is decided. Returns whether the zone is to be shown otherwise than before.
pub(in crate::engine) fn look_back(zone: &Climate, state: &mut ZoneState, house: View<'_>) -> bool {
    let before = (state.kept_off, state.limited_since);
    let called: &[OutputId] = match &state.shown.wants {
        Some(wants) if wants.heat.percent > 0 => &zone.heat,
        Some(wants) if wants.cool.percent > 0 => &zone.cool,
        _ => &[],
    };
    let blocked = called.iter().any(|id| house.blocking(*id).is_some());
    let any_on = called.iter().any(|id| house.is_live(*id));
    // Between two parts of a cycle nothing is asked that could be kept off: it stays as it was.
    state.kept_off = !called.is_empty() && !any_on && (blocked || state.kept_off);
    let limited = state.kept_off || called.iter().any(|id| house.outputs[id.0].tripped);
    state.limited_since = limited.then(|| state.limited_since.unwrap_or(house.now.moment));
    before != (state.kept_off, state.limited_since)
}
