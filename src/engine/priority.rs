//! The priority array: from all that is asked of the outputs to what each is driven to.
//!
//! One pass over the house, in this order: what is **asked** (manual, rule, default), the `max_on` **limit**, the
//! **interlocks**, the **minimum times**; then the highest filled slot of each output wins, and the wires that differ are
//! driven, off before on.

use super::{
    facts::Alarm,
    state::{OutputState, RuleState, Wire},
};
use crate::{
    clock::Now,
    model::{
        Cause, Claim, Config, Effect, Explanation, Interlock, InterlockId, Level, Output, OutputId, RuleId, Slot, Truth,
    },
};
use std::{cmp::Reverse, sync::Arc, time::Duration};

/// What is decided from: everything but the outputs themselves.
pub(super) struct Situation<'a> {
    pub config: &'a Config,
    pub rules: &'a [RuleState],
    pub stopping: bool,
    pub now: Now,
}

/// The slots of one output as they fill up. `asked` is never empty: its last is the relinquish default.
struct Slots {
    safety: Option<Cause>,
    safety_level: Level,
    protect: Option<Claim>,
    asked: Vec<(Slot, Claim)>,
}

/// Resolves all outputs. Returns the wires to drive and whether what must survive a restart changed.
pub(super) fn resolve(
    situation: &Situation<'_>,
    outputs: &mut [OutputState],
    alarm: &mut Alarm,
) -> (Vec<Effect>, bool) {
    let config = situation.config;
    let mut changed = false;
    let mut slots = Vec::with_capacity(outputs.len());
    for (index, state) in outputs.iter_mut().enumerate() {
        let output = &config.outputs[index];
        changed |= expire(state, situation.now, alarm);
        let asked = asked(OutputId(index), output, state, situation);
        let may_be_asked_on = may_be_asked_on(OutputId(index), output, state, situation);
        changed |= limit(output, state, may_be_asked_on, situation.now, alarm);
        state.since.follow(situation.now);
        let (safety, safety_level) = if situation.stopping {
            (Some(Cause::Shutdown), safe(output, state))
        } else {
            (output.max_on.filter(|_| state.tripped).map(|limit| Cause::MaxOn { limit }), Level::OFF)
        };
        slots.push(Slots { safety, safety_level, protect: None, asked });
    }
    if !situation.stopping {
        for (index, group) in config.interlocks.iter().enumerate() {
            interlock(InterlockId(index), group, situation, outputs, &mut slots, alarm);
        }
    }
    let mut effects = Vec::new();
    for (index, (state, mut slots)) in outputs.iter_mut().zip(slots).enumerate() {
        slots.protect = minimum(&config.outputs[index], state, slots.wanted(), situation.now, alarm);
        let claim = explain(state, slots, config);
        if must_drive(state, claim.level, situation.now, alarm) {
            state.wire = Wire::Driving { level: claim.level, failure: state.failure().cloned() };
            effects.push(Effect::Drive { output: OutputId(index), level: claim.level, cause: claim.cause });
        }
    }
    effects.sort_by_key(|effect| matches!(effect, Effect::Drive { level, .. } if level.is_on()));
    (effects, changed)
}

impl Slots {
    /// What it is to be, minimum times apart.
    fn wanted(&self) -> Level {
        if self.safety.is_some() { self.safety_level } else { self.asked[0].1.level }
    }
}

/// Ends a manual command whose time is over.
fn expire(state: &mut OutputState, now: Now, alarm: &mut Alarm) -> bool {
    let Some(until) = state.manual.as_mut().and_then(|manual| manual.until.as_mut()) else { return false };
    if now.moment >= until.moment {
        state.manual = None;
        return true;
    }
    until.follow(now);
    alarm.at(until.moment);
    false
}

/// The filled slots from `manual` down, highest first.
fn asked(id: OutputId, output: &Output, state: &OutputState, situation: &Situation<'_>) -> Vec<(Slot, Claim)> {
    let mut asked = Vec::with_capacity(3);
    if let Some(manual) = &state.manual {
        let cause = Cause::Manual { source: manual.source.clone(), until: manual.until.map(|until| until.wall) };
        asked.push((Slot::Manual, Claim { level: manual.level, cause }));
    }
    let first_rule =
        situation.config.rules.iter().zip(situation.rules).enumerate().find_map(|(index, (rule, state))| {
            let (_, level) = rule.set.iter().find(|(output, _)| *output == id)?;
            let cause = match (state.truth, level.is_on()) {
                (Truth::True, _) => Cause::Rule(RuleId(index)),
                // An unknown never turns anything on, also not by taking its hand off what it held off.
                (Truth::Unknown, false) => Cause::RuleUnknown(RuleId(index)),
                _ => return None,
            };
            Some(Claim { level: *level, cause })
        });
    asked.extend(first_rule.map(|claim| (Slot::Rule, claim)));
    asked.push((Slot::Default, Claim { level: output.default, cause: Cause::Default }));
    asked
}

/// Whether it is asked to be on, or would be if what is unknown turned out so.
fn may_be_asked_on(id: OutputId, output: &Output, state: &OutputState, situation: &Situation<'_>) -> bool {
    if let Some(manual) = &state.manual {
        return manual.level.is_on();
    }
    for (rule, state) in situation.config.rules.iter().zip(situation.rules) {
        let Some((_, level)) = rule.set.iter().find(|(output, _)| *output == id) else { continue };
        match state.truth {
            Truth::True => return level.is_on(),
            Truth::Unknown if level.is_on() => return true,
            Truth::Unknown | Truth::False => {}
        }
    }
    output.default.is_on()
}

/// What it is left in. A member of an interlock is not switched on any more: the others may be on or have just been.
fn safe(output: &Output, state: &OutputState) -> Level {
    let level = output.safe.level().filter(|level| !level.is_on() || output.interlock.is_none());
    level.unwrap_or(state.level)
}

/// Trips an output that was on for its `max_on`, and rearms it when nothing asks for it any more; an unknown may ask.
fn limit(output: &Output, state: &mut OutputState, may_be_asked_on: bool, now: Now, alarm: &mut Alarm) -> bool {
    let before = state.tripped;
    let end = output.max_on.filter(|_| state.level.is_on()).map(|limit| state.since.moment + limit);
    match end {
        Some(end) if now.moment >= end => state.tripped = true,
        Some(end) => alarm.at(end),
        None => {}
    }
    if !may_be_asked_on && !state.level.is_on() || output.max_on.is_none() {
        state.tripped = false;
    }
    before != state.tripped
}

/// Lets at most one member of a group be on.
///
/// A member within its `min_on` stays. Otherwise the member wins that is asked to be on by the highest slot; among
/// commands the latest, among rules the earliest of the file, then the order of the file. It goes on when all others are
/// known to have been off for the group's wait.
fn interlock(
    id: InterlockId,
    group: &Interlock,
    situation: &Situation<'_>,
    outputs: &[OutputState],
    slots: &mut [Slots],
    alarm: &mut Alarm,
) {
    let now = situation.now.moment;
    let output = |index: usize| &situation.config.outputs[index];
    let members: Vec<usize> = (0..outputs.len()).filter(|&index| output(index).interlock == Some(id)).collect();
    let mut within = |index: usize, minimum: Option<Duration>| {
        let end = minimum.map(|minimum| outputs[index].since.moment + minimum).filter(|end| now < *end);
        if let Some(end) = end {
            alarm.at(end);
        }
        end.is_some()
    };
    let mut held = |index: usize| {
        outputs[index].level.is_on() && slots[index].safety.is_none() && within(index, output(index).min_on)
    };
    let held: Vec<usize> = members.iter().copied().filter(|&index| held(index)).collect();
    let mut able = |index: usize| {
        slots[index].wanted().is_on() && (outputs[index].level.is_on() || !within(index, output(index).min_off))
    };
    let rank = |index: usize| {
        let (slot, claim) = &slots[index].asked[0];
        let rule = match claim.cause {
            Cause::Rule(rule) => rule.0,
            _ => 0,
        };
        (*slot, Reverse(outputs[index].manual.as_ref().map_or(0, |manual| manual.order)), rule, index)
    };
    let first = members.iter().copied().filter(|&index| able(index)).min_by_key(|&index| rank(index));
    let Some(winner) = held.first().copied().or(first) else { return };

    let mut blocked_by = None;
    for &other in members.iter().filter(|&&other| other != winner) {
        let state = &outputs[other];
        let rested = state.since.moment + group.wait;
        if state.wire != Wire::Confirmed || state.may_be_on() {
            blocked_by = Some(other);
        } else if now < rested {
            alarm.at(rested);
            blocked_by = blocked_by.or(Some(other));
        }
        if slots[other].safety.is_none() && (slots[other].wanted().is_on() || held.contains(&other)) {
            slots[other].safety = Some(Cause::Interlock { group: id, other: OutputId(winner) });
        }
    }
    if let Some(other) = blocked_by.filter(|_| !outputs[winner].level.is_on()) {
        slots[winner].safety = Some(Cause::Interlock { group: id, other: OutputId(other) });
    }
}

/// Holds an output for its minimum time.
fn minimum(output: &Output, state: &OutputState, wanted: Level, now: Now, alarm: &mut Alarm) -> Option<Claim> {
    if wanted.is_on() == state.level.is_on() {
        return None;
    }
    let minimum = if state.level.is_on() { output.min_on } else { output.min_off }?;
    let until = state.since.plus(minimum);
    if now.moment >= until.moment {
        return None;
    }
    alarm.at(until.moment);
    let cause =
        if state.level.is_on() { Cause::MinOn { until: until.wall } } else { Cause::MinOff { until: until.wall } };
    Some(Claim { level: state.level, cause })
}

/// Keeps the resolved array for people to read and returns what it comes to.
fn explain(state: &mut OutputState, slots: Slots, config: &Config) -> Claim {
    let safety = slots.safety.map(|cause| (Slot::Safety, Claim { level: slots.safety_level, cause }));
    let protect = slots.protect.map(|claim| (Slot::Protect, claim));
    let filled: Vec<(Slot, Claim)> = safety.into_iter().chain(protect).chain(slots.asked).collect();
    let (slot, winner) = filled[0].clone();
    if state.explanation.as_ref().is_none_or(|explanation| explanation.slots != filled) {
        let line = format!("{slot}: {}", winner.cause.describe(config));
        state.explanation = Some(Arc::new(Explanation { winner: slot, level: winner.level, line, slots: filled }));
    }
    winner
}

/// Whether the wire is to be driven now: it differs, was not touched yet, or failed a while ago or for another level.
fn must_drive(state: &OutputState, level: Level, now: Now, alarm: &mut Alarm) -> bool {
    match &state.wire {
        Wire::Untouched => true,
        Wire::Confirmed => state.level != level,
        Wire::Driving { .. } => false,
        Wire::Failed(failure) if failure.level != level || now.moment >= failure.retry => true,
        Wire::Failed(failure) => {
            alarm.at(failure.retry);
            false
        }
    }
}
