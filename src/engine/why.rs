//! Why an output is as it is, and why not otherwise.

use super::{
    Engine,
    condition::evaluate,
    facts::{Alarm, Facts},
    foresight,
    state::{RuleState, Timestamp},
};
use crate::{
    clock::Now,
    model::{
        Condition, OutputId, PartReason, Pending, Point, Reasons, RoomId, Rule, RuleId, RuleReason, Truth, duration,
    },
};
use std::time::Duration;

impl Engine {
    /// What the rules about an output look at, what is waited for and what comes next. Takes some milliseconds: it runs a
    /// copy of the house ahead.
    pub fn reasons(&self, output: OutputId, now: Now) -> Reasons {
        let rules = self.rule_reasons(output, now);
        let mut pending = self.pending(output, &rules, now);
        pending.sort_by_key(|pending| pending.ends);
        Reasons { rules, pending, next: foresight::next_change(self, output, now) }
    }

    fn rule_reasons(&self, output: OutputId, now: Now) -> Vec<RuleReason> {
        let (mut calendar, mut alarm) = (self.calendar.clone(), Alarm::default());
        let mut facts = Facts {
            config: &self.config,
            now,
            outputs: &self.outputs,
            inputs: &self.inputs,
            sensors: &self.sensors,
            rooms: &self.rooms,
            climates: &self.climates,
            mode: self.mode.as_ref(),
            series: &self.series,
            dark: self.dark.as_ref(),
            calendar: &mut calendar,
            alarm: &mut alarm,
        };
        let about = self.config.rules.iter().zip(&self.rules).enumerate().filter_map(|(index, (rule, state))| {
            let (_, level) = rule.set.iter().find(|(set, _)| *set == output)?;
            let parts = parts(rule, state).into_iter().map(|(condition, wanted)| {
                let truth = evaluate(condition, &mut state.timers.clone(), &mut facts);
                let until = if wanted { "" } else { "until " };
                let text = format!("{until}{}", condition.describe(&self.config));
                PartReason { text, truth, points: condition.points(&self.config) }
            });
            Some(RuleReason { rule: RuleId(index), level: *level, active: state.truth, parts: parts.collect() })
        });
        about.collect()
    }

    fn pending(&self, id: OutputId, rules: &[RuleReason], now: Now) -> Vec<Pending> {
        let (output, state) = (&self.config[id], &self.outputs[id.0]);
        let mut pending = Vec::new();
        let mut add = |what: String, ends: Timestamp| {
            if ends.moment > now.moment {
                pending.push(Pending { what, ends: now.wall_at(ends.moment) });
            }
        };
        let on = state.level.is_on();
        let limits = [("min_on", output.min_on, on), ("max_on", output.max_on, on), ("min_off", output.min_off, !on)];
        for (name, limit, _) in limits.into_iter().filter(|(.., applies)| *applies) {
            if let Some(limit) = limit {
                add(format!("{name} is over"), state.since.plus(limit));
            }
        }
        if let Some(until) = state.manual.as_ref().and_then(|manual| manual.until_time(now)) {
            add("the command ends".into(), until);
        }
        for reason in rules {
            let (rule, state) = (&self.config[reason.rule], &self.rules[reason.rule.0]);
            each_held(&rule.condition, &mut |condition, length, timer| {
                if let Some(since) = state.timers.get(timer).and_then(|timer| timer.certain) {
                    let what = format!("{} for {}", condition.describe(&self.config), duration::spell(length));
                    add(what, Timestamp { moment: since, wall: now.wall_at(since) }.plus(length));
                }
            });
        }
        let parts = || rules.iter().flat_map(|reason| &reason.parts);
        for (index, (room, state)) in self.config.rooms.iter().zip(&self.rooms).enumerate() {
            let occupied = Point::Occupied(RoomId(index));
            let moving = room.motion.iter().any(|input| self.inputs[input.0].truth() != Truth::False);
            let looked_at = || parts().any(|part| part.points.contains(&occupied));
            if let Some(seen) = state.motion_seen.filter(|_| !moving && looked_at()) {
                let since = Timestamp { moment: seen, wall: now.wall_at(seen) };
                add(format!("{} is empty", room.id), since.plus(room.empty_after));
            }
        }
        pending
    }
}

/// What must all be so for a rule to be active, and what ends it once it is (`false`).
fn parts<'r>(rule: &'r Rule, state: &RuleState) -> Vec<(&'r Condition, bool)> {
    match (&rule.until, &rule.condition) {
        (Some(until), _) if state.latched => vec![(until, false)],
        (_, Condition::All(parts)) => parts.iter().map(|part| (part, true)).collect(),
        (_, condition) => vec![(condition, true)],
    }
}

/// Shows each `for` of a condition: what must hold, for how long, and its timer.
fn each_held(condition: &Condition, show: &mut impl FnMut(&Condition, Duration, usize)) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| each_held(part, show)),
        Condition::Not(part) => each_held(part, show),
        Condition::Held { condition, duration, timer } => {
            show(condition, *duration, *timer);
            each_held(condition, show);
        }
        _ => {}
    }
}
