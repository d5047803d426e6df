//! What zones ask of outputs. Several may ask one: it is on while any of them calls.

use super::{
    asked::Power,
    state::{Wants, ZoneState},
};
use crate::model::{Capability, Cause, Claim, Climate, ClimateId, ClimateReason, Config, HvacAction, Level, OutputId};
use std::sync::Arc;

/// What the zones of one output come to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Claimed {
    level: Level,
    reason: Arc<ClimateReason>,
    /// Whether a zone asks for it to be on, or may when what it does not know is found out.
    pub may_be_on: bool,
    /// A zone that it warms and the limit of that, while all zones that it warms are too hot.
    too_hot: Option<(ClimateId, f64)>,
    /// A zone that it warms is not too hot.
    wanted_warm: bool,
}

impl Claimed {
    /// What fills the climate slot: the zone that asks for most, the first of the file among equals.
    pub fn claim(&self) -> Claim {
        Claim { level: self.level, cause: Cause::Climate(self.reason.clone()) }
    }

    /// Why what warms is cut off.
    pub fn cut_off(&self) -> Option<Cause> {
        self.too_hot.filter(|_| !self.wanted_warm).map(|(zone, limit)| Cause::Overheat { zone, limit })
    }
}

/// What `zones`, which are all that drive it, ask of an output; nothing where no zone asks for anything yet.
pub(in crate::engine) fn claim(
    output: OutputId,
    zones: &[ClimateId],
    config: &Config,
    states: &[ZoneState],
) -> Option<Claimed> {
    let mut all: Option<Claimed> = None;
    for &id in zones {
        let (zone, state) = (&config[id], &states[id.0]);
        let Some(wants) = &state.shown.wants else { continue };
        let (level, reason) = asked(output, zone, wants, config);
        let claimed = all.get_or_insert_with(|| Claimed {
            level,
            reason: reason.clone(),
            may_be_on: false,
            too_hot: None,
            wanted_warm: false,
        });
        if level > claimed.level {
            (claimed.level, claimed.reason) = (level, reason);
        }
        claimed.may_be_on |= level.is_on() || may_ask(output, zone, state);
        if let Some(limit) = zone.overheat.filter(|_| zone.heat.contains(&output)) {
            if state.overheated {
                claimed.too_hot = claimed.too_hot.or(Some((id, limit)));
            } else {
                claimed.wanted_warm = true;
            }
        }
    }
    all
}

/// What one zone asks of one of its outputs.
fn asked(output: OutputId, zone: &Climate, wants: &Wants, config: &Config) -> (Level, Arc<ClimateReason>) {
    let mut power = Power::default();
    for (outputs, its) in [(&zone.heat, wants.heat), (&zone.cool, wants.cool), (&zone.fan, Power::all(wants.fan))] {
        if outputs.contains(&output) {
            power = Power { percent: power.percent.max(its.percent), relay: power.relay || its.relay };
        }
    }
    let level =
        if config.capability(output) == Capability::OnOff { Level::from_on(power.relay) } else { power.level() };
    if !level.is_on() && wants.exercise.contains(&output) {
        let reason = ClimateReason { doing: HvacAction::Exercise, percent: None, ..(*wants.reason).clone() };
        return (Level::ON, Arc::new(reason));
    }
    (level, wants.reason.clone())
}

/// Whether a zone that does not know its temperature could ask for the output.
fn may_ask(output: OutputId, zone: &Climate, state: &ZoneState) -> bool {
    let mode = state.mode(zone);
    state.lost_since.is_some()
        && (mode.heats() && zone.heat.contains(&output) || mode.cools() && zone.cool.contains(&output))
}
