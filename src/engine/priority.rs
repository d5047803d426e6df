//! The priority array: from all that is asked of the outputs to what each is driven to.
//!
//! Outputs that have to do with each other (a cluster) are resolved together. First the visible ones: what is **asked** (manual,
//! climate, rule, default), then the `max_on` **limit**. One that works through parts is resolved at once and asks its
//! **parts**. Then, for every output with a line: **interlocks**, **minimum times**, and the highest filled slot wins. Wires are driven when the whole house is decided (`wires.rs`).

use super::{
    climate::Claimed,
    interlock, manual,
    order::Cluster,
    parts::{self, cover::Asks},
    slots::{Situation, Slots, Wish, highest},
    state::{ByItself, OutputState, Timestamp, Wire},
    view,
    wakeup::NextWakeup,
};
use crate::{
    clock::{Moment, Now},
    model::{Cause, Claim, Config, Explanation, InterlockId, Level, Method, Output, OutputId, Slot, Truth},
};
use std::{sync::Arc, time::Duration};

/// A pulse that could not begin within this time (its wire is in fault, another of its interlock is on) is left out: a gate
/// must not open long after the button was pressed.
const PULSE_PATIENCE: Duration = Duration::from_secs(5);

/// So many explanations that held before are kept for when they hold again.
const TOLD: usize = 4;

/// What came of it.
#[derive(Default)]
pub(super) struct Resolution {
    /// What must survive a restart changed.
    pub changed: bool,
    /// The outputs of which something changed that others look at.
    pub marked: Vec<OutputId>,
    /// Those that are somewhere else, by what their switches tell.
    pub moved: Vec<OutputId>,
    /// Those that are explained otherwise than before, and whether they are to be at another level.
    pub explained: Vec<(OutputId, bool)>,
}

/// Resolves the outputs of a cluster. `slots` are of all outputs, and empty before and after.
pub(super) fn resolve(
    situation: &Situation<'_>,
    cluster: &Cluster,
    outputs: &mut [OutputState],
    slots: &mut [Slots],
    wakeup: &mut NextWakeup,
) -> Resolution {
    let config = situation.config;
    let mut resolution = Resolution::default();
    for &id in cluster.outputs.iter().filter(|id| config.is_visible(**id)) {
        resolution.note(id, ask(id, situation, outputs, &mut slots[id.0], wakeup));
        if config[id].method == Method::Direct {
            continue;
        }
        let own = std::mem::replace(&mut slots[id.0], Slots::nothing());
        let (slot, claim) = settle(id, own, situation, outputs, &mut resolution, wakeup);
        let shown = (outputs[id.0].door.shown(), outputs[id.0].mover.shown());
        resolution.note(id, ask_parts(id, slot, &claim, situation, outputs, slots, wakeup));
        if (outputs[id.0].door.shown(), outputs[id.0].mover.shown()) != shown {
            outputs[id.0].since = Timestamp::of(situation.now);
            resolution.moved.push(id);
        }
    }
    if !situation.stopping {
        for &group in &cluster.interlocks {
            interlock::apply(InterlockId(group), situation, outputs, slots, wakeup);
        }
    }
    let with_lines = |id: &&OutputId| matches!(config[**id].method, Method::Direct | Method::Part { .. });
    for &id in cluster.outputs.iter().filter(with_lines) {
        let own = std::mem::replace(&mut slots[id.0], Slots::nothing());
        settle(id, own, situation, outputs, &mut resolution, wakeup);
    }
    resolution
}

/// How many commands hold outputs, and how many of them know what ends them. Resolving fills no slot beside those that
/// count as promised by themselves: another number means that one ended, or what it waits for is known now.
pub(super) fn commands_held(cluster: &Cluster, outputs: &[OutputState]) -> (usize, usize) {
    let held = || cluster.outputs.iter().filter_map(|id| outputs[id.0].manual.as_ref());
    (held().count(), held().filter(|command| command.waits_for_known()).count())
}

impl Resolution {
    fn note(&mut self, id: OutputId, changed: bool) {
        self.changed |= changed;
        self.marked.extend(changed.then_some(id));
    }
}

/// Fills the slots of an output that people see. Returns whether what must survive a restart changed.
fn ask(
    id: OutputId,
    situation: &Situation<'_>,
    outputs: &mut [OutputState],
    slots: &mut Slots,
    wakeup: &mut NextWakeup,
) -> bool {
    let on_since = on_since(id, situation.config, outputs);
    let (output, state, now) = (&situation.config[id], &mut outputs[id.0], situation.now);
    let automatic = automatic(id, output, situation);
    let back = state.manual.as_ref().and_then(|manual| manual.back);
    let mut changed = manual::expire(&mut state.manual, output, situation, automatic, wakeup);
    if state.manual.is_none() && back.is_some() {
        state.left = back;
    }
    // Nobody else wants to know.
    let asked_on = output.pulse.is_some() && highest(&asked(id, output, state, situation)).1.level.is_on();
    changed |= pulse(output, state, asked_on, may_be_asked_on(id, output, state, situation), now, wakeup);
    // A pulse that is over took the command with it that asked for it.
    changed |= limit(output, state, on_since, may_be_asked_on(id, output, state, situation), now, wakeup);
    state.since.follow(now);
    let cause = output.pulse.map(|length| Cause::Pulse { length }).or_else(|| max_on(output));
    (slots.safety, slots.safety_level) = if situation.stopping {
        (Some(Cause::Shutdown), safe(output, state))
    } else {
        let tripped = cause.filter(|_| state.tripped);
        let cut_off = tripped.or_else(|| situation.claimed(id).and_then(Claimed::cut_off));
        changed |= state.guard.update(now.moment, wakeup);
        guarded(cut_off, output, state)
    };
    if let Some(until) = state.in_circle_until.filter(|until| now.moment < *until && !situation.stopping) {
        wakeup.at(until);
        (slots.safety, slots.safety_level) = (Some(Cause::Circle), Level::OFF);
    }
    slots.asked = asked(id, output, state, situation);
    if slots.asked.len() > 1 || state.tripped || state.is_back(state.level) {
        state.left = None;
    }
    changed
}

/// What safety asks for: what there is already, else that an output rests that rules switch too often.
fn guarded(cause: Option<Cause>, output: &Output, state: &OutputState) -> (Option<Cause>, Level) {
    if cause.is_some() || state.guard.held().is_none() {
        return (cause, Level::OFF);
    }
    let level = if output.interlock.is_some() { Level::OFF } else { safe(output, state) };
    (Some(Cause::TooOften { max_rate: output.max_rate }), level)
}

/// Fills the slots of an output's parts, which is itself decided to be so.
fn ask_parts(
    id: OutputId,
    slot: Slot,
    claim: &Claim,
    situation: &Situation<'_>,
    outputs: &mut [OutputState],
    slots: &mut [Slots],
    wakeup: &mut NextWakeup,
) -> bool {
    let (config, now) = (situation.config, situation.now);
    let remembered = |state: &OutputState| (state.owed, state.travel, state.door, state.mover);
    let before = remembered(&outputs[id.0]);
    let asks = match claim.cause {
        _ if slot < Slot::Manual => Asks::Stays,
        Cause::Held if outputs[id.0].left.is_none() => Asks::Nothing,
        Cause::RuleStays(_) => Asks::Stays,
        _ if slot == Slot::Manual && outputs[id.0].manual.as_ref().is_some_and(|manual| manual.stands) => Asks::Stays,
        _ => Asks::For(claim.level),
    };
    let levels = match config[id].method {
        Method::SlowPwm { wire, .. } if situation.holds_phases && claim.level.is_on() => vec![outputs[wire.0].level],
        _ => parts::asked(id, claim.level, asks, situation, outputs, wakeup),
    };
    let mut changed = before != remembered(&outputs[id.0]);
    let owed = outputs[id.0].mover.is_owed();
    for (part, level) in config.parts(id).into_iter().zip(levels) {
        let (output, state) = (&config[part], &mut outputs[part.0]);
        // What gives a cover back to its hub is told by the cause whether there is anything to give back.
        let owes = || {
            let release = config[id].method.mover().and_then(|mover| mover.release);
            release == Some(part) && owed
        };
        let asked = if level.is_on() {
            (slot.max(Slot::Manual), Claim { level, cause: claim.cause.clone() })
        } else if owes() {
            (Slot::Default, Claim { level, cause: claim.cause.clone() })
        } else {
            (Slot::Default, Claim { level, cause: Cause::Part(id) })
        };
        let on_since = state.on_since();
        changed |= limit(output, state, on_since, level.is_on(), now, wakeup);
        state.since.follow(now);
        let slots = &mut slots[part.0];
        (slots.safety, slots.safety_level) = if situation.stopping {
            (Some(Cause::Shutdown), safe(output, state))
        } else {
            // The limit of the whole is one of its wires as well: no `min_on` of theirs prolongs it.
            let of_whole =
                (slot == Slot::Safety && matches!(claim.cause, Cause::MaxOn { .. })).then(|| claim.cause.clone());
            changed |= state.guard.update(now.moment, wakeup);
            guarded(of_whole.or_else(|| max_on(output).filter(|_| state.tripped)), output, state)
        };
        slots.asked = vec![asked];
    }
    changed
}

/// A group is what its members are. Returns whether its level became another.
pub(super) fn stand_for(id: OutputId, outputs: &mut [OutputState], config: &Config, now: Now) -> bool {
    let Method::Group { members, all } = &config[id].method else { return false };
    let all = *all;
    let level = view::together(all, members.iter().map(|member| outputs[member.0].level));
    // At a start, wires that were claimed at another level have not been driven yet.
    let shown: Option<Vec<Level>> = members.iter().map(|member| outputs[member.0].shown(now.moment)).collect();
    let shown = shown.map(|levels| view::together(all, levels.into_iter()));
    let on = members.iter().filter(|member| outputs[member.0].level.is_on()).count();
    let cause = Cause::Members { on, of: members.len(), all };
    let state = &mut outputs[id.0];
    let changed = state.level != level;
    if state.level.is_on() != level.is_on() {
        state.since = Timestamp::of(now);
    }
    if let Some(shown) = shown {
        state.show(shown, now.moment);
    }
    state.level = level;
    state.since.follow(now);
    let asked = vec![(Slot::Default, Claim { level, cause })];
    explain(state, &Slots { asked, ..Slots::nothing() }, config);
    changed
}

/// Decides an output.
fn settle(
    id: OutputId,
    mut slots: Slots,
    situation: &Situation<'_>,
    outputs: &mut [OutputState],
    resolution: &mut Resolution,
    wakeup: &mut NextWakeup,
) -> (Slot, Claim) {
    let (output, state) = (&situation.config[id], &mut outputs[id.0]);
    slots.protect = minimum(output, state, slots.wanted(), situation.now, wakeup);
    let before = state.decided();
    if explain(state, &slots, situation.config) {
        resolution.explained.push((id, state.decided() != before));
    }
    let held_off = state.contradictions.held_off(state.decided(), situation.now.moment);
    let again = match &state.wire {
        // Another hub's is tried while it is asked from here, or that is to be taken back.
        Wire::Failed(failure) if output.is_lent() => (state.asked || state.asks_another_hub()).then_some(failure.retry),
        Wire::Failed(failure) if failure.level == state.decided() => {
            Some(held_off.map_or(failure.retry, |until| until.max(failure.retry)))
        }
        Wire::Failed(_) => held_off,
        Wire::Confirmed => held_off.filter(|_| state.level != state.decided()),
        Wire::Untouched | Wire::Driving { .. } => None,
    };
    again.into_iter().for_each(|again| wakeup.at(again));
    slots.winner()
}

/// The filled slots up to `manual`, lowest first.
fn asked(id: OutputId, output: &Output, state: &OutputState, situation: &Situation<'_>) -> Vec<(Slot, Claim)> {
    let mut asked = Vec::with_capacity(Slot::ALL.len());
    asked.push((Slot::Default, rest(output, state)));
    let takes = situation.config.capability(id);
    let by_rule = || {
        situation.wishes(id).find_map(|(Wish { rule, level }, truth)| {
            let cause = match (truth, level.is_on()) {
                (Truth::True, _) => Cause::Rule(rule),
                // An unknown never turns anything on, also not by taking its hand off what it held off.
                (Truth::Unknown, false) => Cause::RuleUnknown(rule),
                _ => return None,
            };
            Some(Claim { level, cause })
        })
    };
    let first_rule = if takes.moves() { cover_by_rules(id, state, situation) } else { by_rule() };
    asked.extend(first_rule.map(|claim| (Slot::Rule, claim)));
    asked.extend(situation.claimed(id).map(|claimed| (Slot::Climate, claimed.claim())));
    if let Some(manual) = &state.manual {
        let cause = Cause::Manual { source: manual.source.clone(), until: manual.end(output.room) };
        asked.push((Slot::Manual, Claim { level: manual.level, cause }));
    }
    asked.iter_mut().for_each(|(_, claim)| claim.level = takes.fit(claim.level));
    asked
}

/// What rules ask of a cover. An unknown moves it neither way: it goes only where it would go whatever the unknown is.
fn cover_by_rules(id: OutputId, state: &OutputState, situation: &Situation<'_>) -> Option<Claim> {
    let mut unknown: Option<Wish> = None;
    let mut agree = true;
    for (wish, truth) in situation.wishes(id).filter(|(_, truth)| *truth != Truth::False) {
        agree &= unknown.is_none_or(|before| before.level == wish.level);
        if truth.is_true() && agree {
            return Some(Claim { level: wish.level, cause: Cause::Rule(wish.rule) });
        }
        unknown.get_or_insert(wish);
        if truth.is_true() {
            break;
        }
    }
    unknown.map(|Wish { rule, .. }| Claim { level: state.level, cause: Cause::RuleStays(rule) })
}

/// What it is when nobody asks.
fn rest(output: &Output, state: &OutputState) -> Claim {
    if output.default_holds {
        Claim { level: state.left.unwrap_or_else(|| state.left_at()), cause: Cause::Held }
    } else {
        Claim { level: output.default, cause: Cause::Default }
    }
}

/// What it would be without a command; None: that is not known.
fn automatic(id: OutputId, output: &Output, situation: &Situation<'_>) -> Option<ByItself> {
    if let Some(claimed) = situation.claimed(id) {
        return Some(ByItself::At(claimed.claim().level));
    }
    for (wish, truth) in situation.wishes(id) {
        match truth {
            Truth::True => return Some(ByItself::At(wish.level)),
            Truth::Unknown => return None,
            Truth::False => {}
        }
    }
    Some(if output.default_holds { ByItself::Left {} } else { ByItself::At(output.default) })
}

/// Whether it is asked to be on, or would be if what is unknown turned out so.
fn may_be_asked_on(id: OutputId, output: &Output, state: &OutputState, situation: &Situation<'_>) -> bool {
    if let Some(manual) = &state.manual {
        return manual.level.is_on();
    }
    if let Some(claimed) = situation.claimed(id) {
        return claimed.may_be_on;
    }
    for (wish, truth) in situation.wishes(id) {
        match truth {
            Truth::True => return wish.level.is_on(),
            Truth::Unknown if wish.level.is_on() => return true,
            Truth::Unknown | Truth::False => {}
        }
    }
    rest(output, state).level.is_on()
}

/// What it is left in.
fn safe(output: &Output, state: &OutputState) -> Level {
    output.safe_level().unwrap_or_else(|| state.left_at())
}

/// Since when an output is on without a break, as its `max_on` counts. Slow PWM breaks off in each period.
fn on_since(id: OutputId, config: &Config, outputs: &[OutputState]) -> Option<Moment> {
    let counted = match &config[id].method {
        Method::SlowPwm { wire, .. } => *wire,
        _ => id,
    };
    outputs[counted.0].on_since()
}

fn max_on(output: &Output) -> Option<Cause> {
    output.max_on.map(|limit| Cause::MaxOn { limit, rest: output.max_on_rest })
}

/// Trips an output that was on for its `max_on`. It is rearmed when it has rested; without a rest, when nothing asks for it
/// any more (an unknown may ask). What has a rest goes on by itself after it, so a command to be on ends with its trip:
/// nobody may think of it any more. Returns whether what must survive a restart changed.
fn limit(
    output: &Output,
    state: &mut OutputState,
    on_since: Option<Moment>,
    may_be_asked_on: bool,
    now: Now,
    wakeup: &mut NextWakeup,
) -> bool {
    let before = (state.tripped, state.manual.is_some());
    match output.max_on.zip(on_since).map(|(limit, since)| since + limit) {
        Some(end) if now.moment >= end => state.tripped = true,
        Some(end) => wakeup.at(end),
        None => {}
    }
    if output.max_on.is_none() && output.pulse.is_none() {
        state.tripped = false;
    }
    if state.tripped && output.max_on_rest.is_some() && state.manual.as_ref().is_some_and(|by| by.level.is_on()) {
        state.manual = None;
    }
    // A wire of slow PWM may be held on after the whole is off.
    if state.tripped && !state.level.is_on() && on_since.is_none() {
        let rested = output.max_on_rest.map(|rest| state.since.moment + rest);
        if let Some(end) = rested.filter(|end| now.moment < *end) {
            wakeup.at(end);
        }
        state.tripped = rested.map_or(may_be_asked_on, |end| now.moment < end);
    }
    before != (state.tripped, state.manual.is_some())
}

/// Trips a pulse when its time is over, counted from when its wire went on or it was asked again. A command is fulfilled
/// with it. Returns whether what must survive a restart changed.
fn pulse(
    output: &Output,
    state: &mut OutputState,
    asked_on: bool,
    may_be_asked_on: bool,
    now: Now,
    wakeup: &mut NextWakeup,
) -> bool {
    let Some(length) = output.pulse else { return false };
    let before = (state.tripped, state.pulse_from);
    if !may_be_asked_on {
        state.pulse_from = None;
    } else if asked_on && !state.tripped {
        let from = *state.pulse_from.get_or_insert(now.moment);
        let on = state.level.is_on();
        let end = if on { state.since.moment.max(from) + length } else { from + PULSE_PATIENCE };
        if now.moment >= end {
            state.tripped = true;
        } else {
            wakeup.at(end);
        }
    }
    let fulfilled = state.tripped && state.manual.as_ref().is_some_and(|manual| manual.level.is_on());
    if fulfilled {
        state.manual = None;
    }
    fulfilled || before != (state.tripped, state.pulse_from)
}

/// Holds an output for its minimum time.
fn minimum(output: &Output, state: &OutputState, wanted: Level, now: Now, wakeup: &mut NextWakeup) -> Option<Claim> {
    if wanted.is_on() == state.level.is_on() {
        return None;
    }
    let minimum = if state.level.is_on() { output.min_on } else { output.min_off }?;
    let until = state.since.plus(minimum);
    if now.moment >= until.moment && !state.is_off_unconfirmed() {
        return None;
    }
    if now.moment < until.moment {
        wakeup.at(until.moment);
    }
    let cause =
        if state.level.is_on() { Cause::MinOn { until: until.wall } } else { Cause::MinOff { until: until.wall } };
    Some(Claim { level: state.level, cause })
}

/// Keeps the resolved array for people to read. Returns whether it is another one.
fn explain(state: &mut OutputState, slots: &Slots, config: &Config) -> bool {
    let safety = slots.safety.clone().map(|cause| (Slot::Safety, Claim { level: slots.safety_level, cause }));
    let protect = slots.protect.clone().map(|claim| (Slot::Protect, claim));
    let filled = || safety.iter().chain(&protect).chain(slots.asked.iter().rev());
    let is_so = |explanation: &Arc<Explanation>| explanation.slots.iter().eq(filled());
    if state.explanation.as_ref().is_some_and(is_so) {
        return false;
    }
    // Most outputs go to and fro between a few.
    let told = state.told.iter().position(is_so).map(|place| state.told.remove(place));
    let explanation = told.unwrap_or_else(|| {
        let slots: Vec<_> = filled().cloned().collect();
        let (winner, claim) = &slots[0];
        let (winner, level, line) = (*winner, claim.level, format!("{winner}: {}", claim.cause.describe(config)));
        Arc::new(Explanation { winner, level, line, slots })
    });
    if let Some(before) = state.explanation.replace(explanation) {
        state.told.truncate(TOLD - 1);
        state.told.insert(0, before);
    }
    true
}
