//! From what is decided to the wires that are to be driven, and what they answer.

use super::{
    Engine, RETRY_FIRST, RETRY_LAST, change_is_promised, parts,
    promises::Promised,
    state::{Failure, OutputState, Timestamp, Wire},
};
use crate::{
    clock::Now,
    model::{Cause, DriveId, Effect, Level, Method, Output, OutputId, RuleId, Slot},
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
        let drives = wanted.into_iter().filter_map(|(_, output)| {
            let (level, cause) = take(&config[output], &mut self.outputs[output.0], now)?;
            let state = &mut self.outputs[output.0];
            if level.is_on() && !state.level.is_on() && change_is_promised(&config[output]) {
                state.may_have_gone_on = true;
                self.promises.note(Promised::Output(output));
            }
            Some(Effect::Drive { drive: self.drives.begin(output, level), output, level, cause })
        });
        drives.collect()
    }

    /// The output and the level of a drive whose answer still counts: none of an output that was driven again, found at
    /// another level or taken away since.
    pub fn awaits(&self, drive: DriveId) -> Option<(OutputId, Level)> {
        self.drives.find(drive).map(|open| (open.output, open.level))
    }

    pub(super) fn absorb_driven(&mut self, now: Now, drive: DriveId, result: Result<(), String>) {
        if let Some(open) = self.drives.take(drive) {
            self.outputs[open.output.0].may_have_gone_on = false;
            self.absorb_level(now, open.output, open.level, result);
        }
    }

    /// The drive stays open: as long as the output is not driven again, a late answer tells how its wire is.
    pub(super) fn absorb_overdue(&mut self, now: Now, drive: DriveId, text: String) {
        let open = self.drives.find(drive).filter(|open| self.outputs[open.output.0].is_under_way());
        if let Some(open) = open {
            self.absorb_level(now, open.output, open.level, Err(text));
        }
    }

    pub(super) fn absorb_found(&mut self, now: Now, output: &str, level: Level, result: Result<(), String>) {
        let Some(id) = self.config.find_output(output) else { return };
        // How the level was before a drive is of no account: its own answer tells how it is after it.
        match result {
            Err(_) if self.outputs[id.0].is_under_way() => return,
            Err(_) => {}
            Ok(()) => {
                self.drives.forget(id);
                self.outputs[id.0].may_have_gone_on = false;
            }
        }
        self.absorb_level(now, id, level, result);
    }

    fn absorb_level(&mut self, now: Now, output: OutputId, level: Level, result: Result<(), String>) {
        self.changes.output(output, &self.config);
        match &result {
            Ok(()) if self.outputs[output.0].level != level => {
                parts::settle(output, &self.config, &mut self.outputs, now);
            }
            Ok(()) => {}
            Err(_) => parts::lose(output, &self.config, &mut self.outputs),
        }
        let state = &mut self.outputs[output.0];
        match result {
            Ok(()) => {
                if state.level != level {
                    state.meter.change(now.moment, state.level, level);
                    self.unpromised += 1;
                }
                state.show(level, now.moment);
                if state.left == Some(level) {
                    state.left = None;
                }
                if state.pulse_from.is_some() && state.level.is_on() && !level.is_on() {
                    // A pulse that was cut short is over too.
                    state.tripped = true;
                }
                if level.is_on() {
                    state.last_on = level;
                }
                // A wire that failed may have been on until now.
                if state.level.is_on() != level.is_on() || state.failure().is_some() && !level.is_on() {
                    state.since = Timestamp::of(now);
                    if change_is_promised(&self.config[output]) {
                        self.promises.note(Promised::Output(output));
                    } else {
                        self.unpromised += 1;
                    }
                }
                (state.level, state.wire) = (level, Wire::Confirmed);
            }
            Err(text) => {
                let before = state.failure().map_or(0, |failure| failure.count);
                let pause = RETRY_FIRST.saturating_mul(1 << before.min(6)).min(RETRY_LAST);
                let (count, retry) = (before.saturating_add(1), now.moment + pause);
                state.wire = Wire::Failed(Failure { text: text.into(), level, count, retry });
            }
        }
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
fn take(output: &Output, state: &mut OutputState, now: Now) -> Option<(Level, Cause)> {
    let (slot, claim) = state.explanation.as_ref()?.slots.first()?.clone();
    // What a start claims otherwise and drives back at once is no switching.
    let differs = state.level != claim.level && state.wire != Wire::Untouched;
    if differs && output.line.is_some() && is_by_rules(slot, &claim.cause) {
        state.guard.switched(output.max_rate, now.moment);
    }
    state.wire = Wire::Driving { level: claim.level, failure: state.failure().cloned() };
    Some((claim.level, claim.cause))
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
