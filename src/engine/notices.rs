//! What is told of states: a notice when a rule becomes active, and one when that is over.
//!
//! Each is told once, also over restarts: what was told is remembered. What began or ended while hearthd was off is told
//! when it is known again: not from what is only remembered, but as soon as all that the rule looks at was heard of anew.

use super::{
    Engine,
    facts::{Facts, facts},
    promises::Promised,
    state::Wire,
    wakeup::NextWakeup,
};
use crate::{
    clock::{Moment, Now},
    model::{Condition, Effect, LastNotice, OutputId, Point, RuleId},
};
use std::time::Duration;

/// After a start, what was lost is waited for as long as this.
const BACK_WITHIN: Duration = Duration::from_secs(60);

impl Engine {
    /// Tells what rules with a notice have to tell.
    pub(super) fn tell_states(&mut self, now: Now) -> Vec<Effect> {
        let config = self.config.clone();
        let mut effects = Vec::new();
        if self.stopping {
            return effects;
        }
        let mut wakeup = NextWakeup::default();
        for (index, rule) in config.rules.iter().enumerate() {
            let Some(notice) = &rule.notice else { continue };
            let (truth, told) = (self.rules[index].truth, self.rules[index].told);
            if !truth.is_known() || truth.is_true() == told {
                continue;
            }
            let mut facts = facts!(self, &config, now, &mut self.calendar, &mut wakeup);
            let mut parts = std::iter::once(&rule.condition).chain(&rule.until);
            let waits = parts
                .any(|part| !facts.is_settled(part, self.started) || told && facts.may_fail_again(part, self.started));
            if waits {
                continue;
            }
            self.rules[index].told = truth.is_true();
            // Or a kill soon after would have it told twice.
            self.promises.note(Promised::Rule(RuleId(index)));
            let parts = if truth.is_true() { &notice.begins } else { &notice.over };
            effects.push(Effect::Notify { rule: rule.name.clone(), text: self.say(parts, now), at: now.wall });
        }
        self.next_wakeup.into_iter().for_each(|moment| wakeup.at(moment));
        self.next_wakeup = wakeup.earliest();
        effects
    }
}

impl Engine {
    /// The last of what was told just now: a kill must not bring back the one before, which apps no longer show.
    pub(super) fn remember_notice(&mut self, effects: &[Effect]) {
        let told = effects.iter().rev().find_map(|effect| match effect {
            Effect::Notify { rule, text, at } => Some(LastNotice { text: text.clone(), rule: rule.clone(), at: *at }),
            _ => None,
        });
        if told.is_some() {
            self.last_notice = told;
            self.promises.note(Promised::House);
        }
    }
}

impl Facts<'_> {
    /// Whether nothing that a condition looks at is only remembered from before this process, which began at `started`:
    /// it was heard of since, or is not known anyway.
    pub fn is_settled(&mut self, condition: &Condition, started: Moment) -> bool {
        let config = self.config;
        let (mut values, mut losses) = (condition.points(config), Vec::new());
        gather_losses(condition, Duration::ZERO, &mut losses);
        let mut losses: Vec<Point> = losses.into_iter().map(|(point, _)| point).collect();
        values.retain(|point| !self.is_heard(*point, started));
        losses.retain(|point| !self.is_heard(*point, started));
        if !losses.is_empty() && self.now.moment < started + BACK_WITHIN {
            self.wakeup.at(started + BACK_WITHIN);
            // What is good by what is remembered is not lost.
            if losses.iter().any(|point| self.is_lost(*point)) {
                return false;
            }
        }
        values.iter().all(|point| self.is_lost(*point))
    }

    /// Whether a condition that was true before this process may be false only because the time of a wire that fails began
    /// anew with it.
    pub fn may_fail_again(&mut self, condition: &Condition, started: Moment) -> bool {
        let mut losses = Vec::new();
        gather_losses(condition, Duration::ZERO, &mut losses);
        losses.into_iter().any(|(point, held)| {
            let Point::Output(id) = point else { return false };
            let is_lost = self.is_lost(point);
            // The failure itself comes a little after the start.
            let until = started + if is_lost { held + BACK_WITHIN } else { BACK_WITHIN };
            let may = self.now.moment < until && (is_lost || self.is_untried(id));
            if may {
                self.wakeup.at(until);
            }
            may
        })
    }

    /// Whether a wire of an output has not answered to this process yet.
    fn is_untried(&self, id: OutputId) -> bool {
        let wires = |id: OutputId| match self.config.parts(id) {
            parts if parts.is_empty() => vec![id],
            parts => parts,
        };
        self.config
            .members(id)
            .into_iter()
            .flat_map(wires)
            .any(|id| matches!(self.outputs[id.0].wire, Wire::Untouched | Wire::Driving { .. }))
    }
}

/// The points of which a condition asks whether they are lost, and for how long.
fn gather_losses(condition: &Condition, held: Duration, losses: &mut Vec<(Point, Duration)>) {
    match condition {
        Condition::Lost(point) => losses.push((*point, held)),
        Condition::Held { condition, duration, .. } => gather_losses(condition, *duration, losses),
        _ => condition.parts().iter().for_each(|part| gather_losses(part, held, losses)),
    }
}
