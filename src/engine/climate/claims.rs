//! What zones ask of one output. Several may: it is on while any of them calls.

use super::state::{Power, ZoneState};
use crate::model::{Cause, Claim, Climate, ClimateId, ClimateReason, Config, Doing, Level, OutputId, Takes};
use std::sync::Arc;

/// The zones that have this output.
fn zones<'a>(
    output: OutputId,
    config: &'a Config,
    states: &'a [ZoneState],
) -> impl Iterator<Item = (ClimateId, &'a Climate, &'a ZoneState)> {
    let zones = config.climates.iter().zip(states).enumerate();
    zones
        .filter(move |(_, (zone, _))| zone.outputs().any(|other| other == output))
        .map(|(i, (z, s))| (ClimateId(i), z, s))
}

/// What fills the climate slot of an output: the zone that asks for most of it, the first of the file among equals.
/// Nothing for an output that no zone has.
pub(in crate::engine) fn claim(output: OutputId, config: &Config, states: &[ZoneState]) -> Option<Claim> {
    let mut most: Option<(Level, Arc<ClimateReason>)> = None;
    for (_, zone, state) in zones(output, config, states) {
        let Some(wants) = &state.shown.wants else { continue };
        let mut power = Power::default();
        for (outputs, its) in [(&zone.heat, wants.heat), (&zone.cool, wants.cool), (&zone.fan, Power::all(wants.fan))] {
            if outputs.contains(&output) {
                power = Power { percent: power.percent.max(its.percent), relay: power.relay || its.relay };
            }
        }
        let mut level = if config.takes(output) == Takes::OnOff { Level::from_on(power.relay) } else { power.level() };
        let mut reason = wants.reason.clone();
        if !level.is_on() && wants.exercise.contains(&output) {
            (level, reason) =
                (Level::ON, Arc::new(ClimateReason { doing: Doing::Exercise, percent: None, ..(*reason).clone() }));
        }
        if most.as_ref().is_none_or(|(highest, _)| level > *highest) {
            most = Some((level, reason));
        }
    }
    most.map(|(level, reason)| Claim { level, cause: Cause::Climate(reason) })
}

/// Whether a zone asks for the output to be on, or may when what it does not know is found out. Nothing for an output that
/// no zone has.
pub(in crate::engine) fn may_claim(output: OutputId, config: &Config, states: &[ZoneState]) -> Option<bool> {
    let claim = claim(output, config, states)?;
    let may = claim.level.is_on()
        || zones(output, config, states).any(|(_, zone, state)| {
            let mode = state.mode(zone);
            state.lost_since.is_some()
                && (mode.heats() && zone.heat.contains(&output) || mode.cools() && zone.cool.contains(&output))
        });
    Some(may)
}

/// Why what warms is cut off: all zones that it warms are too hot.
pub(in crate::engine) fn cut_off(output: OutputId, config: &Config, states: &[ZoneState]) -> Option<Cause> {
    let mut warmed = zones(output, config, states).filter(|(_, zone, _)| zone.heat.contains(&output)).peekable();
    let (first, zone, _) = *warmed.peek()?;
    let limit = zone.overheat?;
    warmed.all(|(_, _, state)| state.overheated).then_some(Cause::Overheat { zone: first, limit })
}
