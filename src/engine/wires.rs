//! From what is decided to the wires that are to be driven.

use super::{
    Engine,
    state::{OutputState, Wire},
};
use crate::{
    clock::Now,
    model::{Cause, Effect, Method, Output, OutputId, RuleId, Slot},
};

impl Engine {
    /// Drives the wires that differ from what was decided, off before on. What goes on because a rule looks at another
    /// output waits until that one has taken its level.
    pub(super) fn drive(&mut self, touched: Vec<usize>, now: Now) -> Vec<Effect> {
        if touched.is_empty() && self.undriven.is_empty() {
            return Vec::new();
        }
        let (config, order) = (self.config.clone(), self.order.clone());
        let mut clusters = touched;
        clusters.append(&mut self.undriven);
        clusters.sort_unstable();
        clusters.dedup();
        let ids = clusters.iter().flat_map(|place| order.clusters[*place].outputs.iter().map(move |id| (*place, *id)));
        let mut wanted: Vec<(usize, OutputId)> = ids.filter(|(_, id)| must_drive(&self.outputs[id.0], now)).collect();
        let is_taken = |other: &OutputId, place: usize| {
            let state = &self.outputs[other.0];
            let to_come = wanted.iter().any(|(of, id)| id == other && *of != place);
            state.failure().is_some() || !to_come && !state.is_under_way()
        };
        let waits = |(place, id): &(usize, OutputId)| {
            let rule = rule_that_switches_on(&self.outputs[id.0]);
            rule.is_some_and(|rule| !order.rests_on[rule.0].iter().all(|other| is_taken(other, *place)))
        };
        let waiting: Vec<(usize, OutputId)> = wanted.iter().copied().filter(waits).collect();
        // What waits for each other waits for nothing.
        if waiting.len() < wanted.len() || self.outputs.iter().any(OutputState::is_under_way) {
            wanted.retain(|each| !waiting.contains(each));
            self.undriven.extend(waiting.into_iter().map(|(place, _)| place));
        }
        wanted.sort_by_key(|(_, id)| {
            let works_by_parts = !matches!(config[*id].method, Method::Direct | Method::Part { .. });
            (self.outputs[id.0].decided().is_on(), !works_by_parts, *id)
        });
        let taken = wanted.into_iter().map(|(_, id)| take(id, &config[id], &mut self.outputs[id.0], now));
        taken.flatten().collect()
    }
}

/// Whether the wire is to be driven now: it differs, was not touched yet, or failed a while ago or for another level.
fn must_drive(state: &OutputState, now: Now) -> bool {
    let level = state.decided();
    match &state.wire {
        _ if state.explanation.is_none() => false,
        Wire::Untouched => true,
        Wire::Confirmed => state.level != level,
        Wire::Driving { .. } => false,
        Wire::Failed(failure) => failure.level != level || now.moment >= failure.retry,
    }
}

/// Has it driven to what was decided.
fn take(id: OutputId, output: &Output, state: &mut OutputState, now: Now) -> Option<Effect> {
    let (slot, claim) = state.explanation.as_ref()?.slots.first()?.clone();
    // What a start claims otherwise and drives back at once is no switching.
    let differs = state.level != claim.level && state.wire != Wire::Untouched;
    if differs && output.line.is_some() && is_by_rules(slot, &claim.cause) {
        state.guard.switched(output.max_rate, now.moment);
    }
    state.wire = Wire::Driving { level: claim.level, failure: state.failure().cloned() };
    Some(Effect::Drive { output: id, level: claim.level, cause: claim.cause })
}

/// Whether an output is switched by what the house decides itself, not for safety and by no command from outside. Of parts,
/// only going on counts: whose doing it was that they go off is not told.
fn is_by_rules(slot: Slot, cause: &Cause) -> bool {
    match cause {
        Cause::Manual { source, .. } => !source.is_outside(),
        Cause::Part(_) => false,
        _ => slot > Slot::Protect,
    }
}

/// The rule by which an output that is off is to be on.
fn rule_that_switches_on(state: &OutputState) -> Option<RuleId> {
    let (_, claim) = state.explanation.as_ref().filter(|_| !state.level.is_on())?.slots.first()?;
    match claim.cause {
        Cause::Rule(rule) if claim.level.is_on() => Some(rule),
        _ => None,
    }
}
