//! Interlocks: of the outputs of a group, at most one is on.

use super::{
    slots::{Situation, Slots},
    state::{OutputState, Wire},
    wakeup::NextWakeup,
};
use crate::model::{Cause, InterlockId, Method, OutputId};
use std::{cmp::Reverse, time::Duration};

/// Lets at most one member of a group be on.
///
/// A member within its `min_on` stays. Otherwise the member wins that is asked to be on by the highest slot; among
/// commands the latest, among rules the earliest of the file, then the order of the file. It goes on when all others are
/// known to have been off for the group's wait: not while the wire of one is in fault. One whose own wire is in fault may
/// have gone off meanwhile.
pub(super) fn apply(
    id: InterlockId,
    situation: &Situation<'_>,
    outputs: &[OutputState],
    slots: &mut [Slots],
    wakeup: &mut NextWakeup,
) {
    let (now, group) = (situation.now.moment, &situation.config[id]);
    let output = |index: usize| &situation.config.outputs[index];
    let members: Vec<usize> = situation.members[id.0].iter().map(|member| member.0).collect();
    let mut within = |index: usize, minimum: Option<Duration>| {
        let end = minimum.map(|minimum| outputs[index].since.moment + minimum).filter(|end| now < *end);
        if let Some(end) = end {
            wakeup.at(end);
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
        let (slot, claim) = slots[index].asks();
        let rule = match claim.cause {
            Cause::Rule(rule) => rule.0,
            _ => 0,
        };
        // A part was commanded by way of the output that it belongs to.
        let commanded = match output(index).method {
            Method::Part { of } => of.0,
            _ => index,
        };
        (*slot, Reverse(outputs[commanded].manual.as_ref().map_or(0, |manual| manual.order)), rule, index)
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
            wakeup.at(rested);
            blocked_by = blocked_by.or(Some(other));
        }
        if slots[other].safety.is_none() && (slots[other].wanted().is_on() || held.contains(&other)) {
            slots[other].safety = Some(Cause::Interlock { group: id, other: OutputId(winner) });
        }
    }
    let is_on = outputs[winner].level.is_on() && outputs[winner].failure().is_none();
    if let Some(other) = blocked_by.filter(|_| !is_on) {
        slots[winner].safety = Some(Cause::Interlock { group: id, other: OutputId(other) });
    }
}
