//! From what is decided to the wires that are to be driven, and what they answer.

use super::{
    Engine, RETRY_FIRST, RETRY_LAST, change_is_promised,
    drives::Open,
    order::Dependency,
    parts,
    promises::Promised,
    state::{Failure, Manual, OutputState, Timestamp, Wire},
};
use crate::{
    clock::Now,
    model::{Cause, CoverSays, DriveId, Effect, Level, Line, Method, Output, OutputId, RuleId, Slot, Source},
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
        let mut wanted: Vec<(usize, OutputId)> =
            ids.filter(|(_, id)| must_drive(&config[*id], &self.outputs[id.0], now)).collect();
        let waiting = self.waiting(&wanted);
        wanted.retain(|each| !waiting.contains(each));
        self.undriven.extend(waiting.into_iter().map(|(place, _)| place));
        wanted.sort_by_key(|(_, id)| {
            let works_by_parts = !matches!(config[*id].method, Method::Direct | Method::Part { .. });
            (self.outputs[id.0].decided().is_on(), !works_by_parts, *id)
        });
        let drives = wanted.into_iter().filter_map(|(_, output)| {
            let asked = self.outputs[output.0].asked;
            let (level, cause) = begin_drive(&config[output], &mut self.outputs[output.0], now)?;
            let state = &mut self.outputs[output.0];
            if state.asked != asked {
                self.promises.note(Promised::Output(output));
            }
            let is_on_by_it = level.is_on() && !state.level.is_on();
            let is_first_on = is_on_by_it && state.on_from.is_none();
            if is_on_by_it {
                state.may_have_gone_on = true;
                state.on_from.get_or_insert(now.moment);
                if change_is_promised(&config[output]) {
                    self.promises.note(Promised::Output(output));
                }
            }
            self.changes.seen(Dependency::Explained(output));
            Some(Effect::Drive { drive: self.drives.begin(output, level, is_first_on), output, level, cause })
        });
        drives.collect()
    }

    /// Of what is to be driven, with the places of their clusters: what goes on because a rule looks at an output of another
    /// cluster that has not taken its level. What waits only for each other, or for such, waits for nothing.
    fn waiting(&self, wanted: &[(usize, OutputId)]) -> Vec<(usize, OutputId)> {
        let rests_on = |&(place, id): &(usize, OutputId), holds: &dyn Fn(&(usize, OutputId)) -> bool| {
            let rule = rule_that_switches_on(&self.outputs[id.0]);
            rule.into_iter().flat_map(|rule| &self.order.rests_on[rule.0]).any(|other| {
                let state = &self.outputs[other.0];
                let goes = || wanted.iter().any(|each| each.1 == *other && each.0 != place && holds(each));
                state.failure().is_none() && (state.is_under_way() || goes())
            })
        };
        let held: Vec<_> = wanted.iter().copied().filter(|each| rests_on(each, &|_| true)).collect();
        let mut waiting = Vec::new();
        loop {
            let goes_first = |each: &(usize, OutputId)| !held.contains(each) || waiting.contains(each);
            let waits = |each: &&(usize, OutputId)| !waiting.contains(*each) && rests_on(each, &goes_first);
            let more: Vec<_> = held.iter().filter(waits).copied().collect();
            if more.is_empty() {
                return waiting;
            }
            waiting.extend(more);
        }
    }

    /// The output and the level of a drive whose answer still counts: none of an output that was driven again, found at
    /// another level or taken away since.
    pub fn awaits(&self, drive: DriveId) -> Option<(OutputId, Level)> {
        self.drives.find(drive).map(|open| (open.output, open.level))
    }

    pub(super) fn absorb_driven(&mut self, now: Now, drive: DriveId, result: Result<(), String>) {
        if let Some(open) = self.drives.take(drive) {
            let state = &mut self.outputs[open.output.0];
            match &result {
                Ok(()) => state.contradictions.obeys(),
                // It is no answer that is late: the wire did not take it. By a drive before this one it may be on all the same.
                Err(_) if open.is_first_on && !state.level.is_on() => state.on_from = None,
                Err(_) => {}
            }
            if std::mem::take(&mut state.is_taken_back) && result.is_ok() {
                let line = self.config[open.output].line.as_ref().and_then(Line::remote);
                state.asked = false;
                state.given_back = line.and_then(|remote| remote.gone_within()).map(|within| now.moment + within);
                self.promises.note(Promised::Output(open.output));
            }
            self.absorb_answer(now, open, result);
        }
    }

    /// The drive stays open: as long as the output is not driven again, a late answer tells how its wire is.
    pub(super) fn absorb_overdue(&mut self, now: Now, drive: DriveId, text: String) {
        let open = self.drives.find(drive).filter(|open| self.outputs[open.output.0].is_under_way());
        if let Some(open) = open {
            self.absorb_answer(now, open, Err(text));
        }
    }

    fn absorb_answer(&mut self, now: Now, open: Open, result: Result<(), String>) {
        self.absorb_level(now, open.output, open.level, result);
        if let Wire::Failed(failure) = &mut self.outputs[open.output.0].wire
            && open.has_another_chance
        {
            failure.retry = now.moment;
        }
    }

    pub(super) fn absorb_cover(&mut self, now: Now, output: &str, says: CoverSays) {
        let is_mover = |id: &OutputId| self.config[*id].method.mover().is_some();
        let Some(id) = self.config.find_output(output).filter(is_mover) else { return };
        let state = &mut self.outputs[id.0];
        let before = state.mover.shown();
        state.mover.hear(says);
        if state.mover.shown() != before {
            state.since = Timestamp::of(now);
        }
        self.unpromised += 1;
        self.changes.output(id, &self.config);
    }

    pub(super) fn absorb_found(&mut self, now: Now, output: &str, level: Level, result: Result<(), String>) {
        let Some(id) = self.config.find_output(output) else { return };
        let is_lent = self.config[id].is_lent();
        // How the level was before a drive is of no account: its own answer tells how it is after it.
        let state = &mut self.outputs[id.0];
        let wanted = state.decided();
        if result.is_err() && state.given_back.take().is_some_and(|until| now.moment < until) {
            state.asked = true;
            self.promises.note(Promised::Output(id));
        }
        match result {
            Err(_) if state.is_under_way() => return,
            // What another hub says of its own output contradicts nobody here.
            Err(_) if state.wire == Wire::Confirmed && !is_lent => {
                state.contradictions.found(wanted, now.moment);
            }
            // A hub that was away is asked anew: what it did at its end was no last word.
            Err(_) if state.is_left_to_its_hub() => {
                state.manual = None;
                self.promises.note(Promised::Output(id));
            }
            Err(_) => {}
            Ok(()) => {
                self.drives.forget(id);
                // What a start or a reload claimed otherwise, no device did.
                if level == wanted {
                    state.contradictions.obeys();
                } else if state.wire != Wire::Untouched && !is_lent {
                    state.contradictions.found(wanted, now.moment);
                }
                // A pulse that was cut short is over too.
                state.tripped |= state.pulse_from.is_some() && state.level.is_on() && !level.is_on();
                self.yield_to_its_hub(id, level);
            }
        }
        self.absorb_level(now, id, level, result);
    }

    /// What another hub does with its own output counts more than what was asked from here, until that becomes another: both
    /// would switch it to and fro for ever.
    fn yield_to_its_hub(&mut self, id: OutputId, level: Level) {
        let remote = self.config[id].line.as_ref().and_then(Line::remote);
        let Some(owner) = remote.and_then(|remote| remote.owner.as_ref()) else { return };
        let state = &mut self.outputs[id.0];
        let yielded = state.is_left_to_its_hub();
        let differs = state.wire == Wire::Confirmed && state.asks_another_hub() && state.decided() != level;
        if !yielded && !differs {
            return;
        }
        match &mut state.manual {
            Some(manual) if yielded => manual.level = level,
            // What was asked from here may be there still, below or after it: it is taken back when nobody asks any more.
            manual => {
                self.commands = self.commands.saturating_add(1);
                *manual = Some(Manual::until_next_change(level, Source::Hub(owner.name.clone()), self.commands));
            }
        }
        self.promises.note(Promised::Output(id));
    }

    /// What an output that could not be reached did not take is tried now. Of another hub's, it is heard what it is.
    pub(super) fn absorb_reached(&mut self, now: Now, output: &str) {
        let Some(id) = self.config.find_output(output).filter(|id| !self.config[*id].is_lent()) else {
            return;
        };
        let state = &mut self.outputs[id.0];
        if let Wire::Failed(failure) = &mut state.wire {
            failure.retry = now.moment;
            state.contradictions.reached();
            self.changes.output(id, &self.config);
        }
    }

    fn absorb_level(&mut self, now: Now, output: OutputId, level: Level, result: Result<(), String>) {
        self.changes.output(output, &self.config);
        let state = &mut self.outputs[output.0];
        // It was driven on and taken back, or failed then: it may have been on until now.
        let was_on_unseen = result.is_ok() && std::mem::take(&mut state.may_have_gone_on) && !level.is_on();
        match &result {
            Ok(()) if was_on_unseen => parts::lose(output, &self.config, &mut self.outputs),
            Ok(()) if state.level != level => parts::settle(output, &self.config, &mut self.outputs, now),
            Ok(()) => {}
            Err(_) => parts::lose(output, &self.config, &mut self.outputs),
        }
        // A cover that was told to move is not told again after a kill.
        if let Method::Part { of } = self.config[output].method
            && result.is_ok()
            && self.config[of].method.mover().is_some()
        {
            self.promises.note(Promised::Output(of));
        }
        let state = &mut self.outputs[output.0];
        match result {
            Ok(()) => {
                if state.level != level {
                    state.meter.change(now.moment, state.level, level);
                    self.unpromised += 1;
                }
                state.show(level, now.moment);
                if state.is_back(level) {
                    state.left = None;
                }
                if level.is_on() {
                    state.last_on = level;
                }
                // What was on already, or answered at once, is known to be on since then.
                let at_once = state.on_from == Some(now.moment);
                if !level.is_on() || at_once {
                    state.on_from = None;
                }
                let failed = state.failure().is_some() && !level.is_on();
                if state.level.is_on() != level.is_on() || was_on_unseen || failed {
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
                if !level.is_on() && state.may_have_gone_on {
                    state.since = Timestamp::of(now);
                }
                let pause = RETRY_FIRST.saturating_mul(1 << before.min(6)).min(RETRY_LAST);
                let (count, retry) = (before.saturating_add(1), now.moment + pause);
                state.wire = Wire::Failed(Failure { text: text.into(), level, count, retry });
            }
        }
    }
}

/// Whether the wire is to be driven now: it differs, was not touched yet, or failed a while ago or for another level.
fn must_drive(output: &Output, state: &OutputState, now: Now) -> bool {
    let level = state.decided();
    match &state.wire {
        _ if state.explanation.is_none() => false,
        // Who has the last word there keeps it.
        _ if state.is_held_by_its_hub() => false,
        // Of another hub's output, only what is asked from here and what is to be taken back is anybody's business.
        wire if output.is_lent() && !matches!(wire, Wire::Driving { .. }) => {
            let asks = state.asks_another_hub();
            let differs = asks != state.asked || asks && (state.level != level || *wire == Wire::Untouched);
            let may = |failure: &Failure| asks && failure.level != level || now.moment >= failure.retry;
            (differs || asks && state.failure().is_some()) && state.failure().is_none_or(may)
        }
        Wire::Confirmed | Wire::Failed(_) if state.contradictions.held_off(level, now.moment).is_some() => false,
        Wire::Untouched => true,
        Wire::Confirmed => state.level != level,
        // What is taken back is not first switched on by a bus that answers late; but for what, once on, is to stay on for a
        // while. Going on waits for the answer: how long it has been off counts.
        Wire::Driving { level: driven, .. } => {
            let may_be_short = output.min_on.is_none() || state.winner() == Some(Slot::Safety);
            driven.is_on() && !level.is_on() && answers_late(output) && may_be_short
        }
        Wire::Failed(failure) => failure.level != level || now.moment >= failure.retry,
    }
}

/// Whether its wire answers only after other things may have happened.
fn answers_late(output: &Output) -> bool {
    output.line.as_ref().is_some_and(|line| !line.is_direct())
}

/// Its wire is being driven to what was decided from now on.
fn begin_drive(output: &Output, state: &mut OutputState, now: Now) -> Option<(Level, Cause)> {
    let (slot, claim) = state.explanation.as_ref()?.slots.first()?.clone();
    // What a start claims otherwise and drives back at once is no switching.
    let differs = state.level != claim.level && state.wire != Wire::Untouched;
    if differs && output.line.is_some() && is_by_rules(slot, &claim.cause) {
        state.guard.switched(output.max_rate, now.moment);
    }
    state.contradictions.driven(now.moment);
    // A pulse that is cut short is over too.
    state.tripped |= state.pulse_from.is_some() && state.may_be_on() && !claim.level.is_on();
    if output.is_lent() {
        state.is_taken_back = !claim.cause.asks_another_hub();
        (state.asked, state.given_back) = (true, None);
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
