//! Why an output, a room or a climate zone is as it is, and why not otherwise.

use super::{
    Engine, climate,
    condition::{self, evaluate},
    facts::{Facts, facts},
    foresight, rooms,
    state::{OutputState, RuleState, Timestamp},
    wakeup::NextWakeup,
};
use crate::{
    clock::Now,
    model::{
        Cause, Claim, Climate, ClimateFacet, ClimateId, Condition, InputId, Method, Number, Outlook, OutputFacet,
        OutputId, PartReason, PastDay, Pending, Point, ReasonSlot, Reasons, RoomId, Rule, RuleId, RuleNow, RuleReason,
        RulesNow, SceneId, Slot, Summary, Truth, Value, WireReason, duration,
    },
};
use std::time::Duration;

impl Engine {
    /// Of an output and what follows from it, what asks for it and what the rules about it look at; of a room, what can show
    /// that somebody is there; of a zone's point, what asks for its value; what is waited for and what comes next. Takes some
    /// milliseconds: it runs a copy of the house ahead.
    pub fn reasons(&self, point: Point, now: Now) -> Reasons {
        match point {
            Point::Output(id) => self.output_reasons(id, now),
            // What it is follows from what the output is.
            Point::OutputFacet(id, facet) if facet.is_decided() => {
                Reasons { slots: self.output_slots(id), ..self.output_reasons(id, now) }
            }
            Point::Occupied(id) => self.room_reasons(id, false, now),
            Point::Asleep(id) => self.room_reasons(id, true, now),
            Point::Climate(id, facet) => self.facet_reasons(id, facet, now),
            Point::Setting(setting) => Reasons { slots: self.setting_slots(setting), ..Reasons::default() },
            Point::Mode => Reasons { slots: self.mode_slots(), ..Reasons::default() },
            _ => Reasons::default(),
        }
    }

    /// As [`Engine::reasons`], of what has this name: a point, or a zone as a whole. Nothing if nothing has: a reload may
    /// have taken it away.
    pub fn reasons_of(&self, name: &str, now: Now) -> Option<Reasons> {
        let of_point = self.config.find_point(name).map(|point| self.reasons(point, now));
        let of_scene = || Some(self.reasons_of_scene(self.config.find_scene(name.strip_prefix("scene.")?)?, now));
        of_point.or_else(of_scene).or_else(|| Some(self.reasons_of_zone(self.config.find_climate(name)?, now)))
    }

    /// Of a scene: what it sets, each with whether that is so.
    fn reasons_of_scene(&self, id: SceneId, now: Now) -> Reasons {
        let view = self.view(now);
        let is = |output: OutputId| match self.config.capability(output).moves() {
            // It is where it is, whatever was asked.
            true => view.facet(output, OutputFacet::Position).value,
            false => Some(Value::Level(view.decided(output))),
        };
        let sets = self.config[id].set.iter().map(|(output, level)| PartReason {
            text: format!("{} {}", self.config[*output].id, self.config.level_text(*output, *level)),
            truth: match is(*output) {
                Some(Value::Level(is)) if view.output(*output).is_believed(&self.config) => (is == *level).into(),
                _ => Truth::Unknown,
            },
            points: vec![Point::Output(*output)],
            numbers: Vec::new(),
        });
        Reasons { signs: sets.collect(), ..Reasons::default() }
    }

    /// What is expected within a day, if nothing happens in the house but that time goes on. Takes some milliseconds, as
    /// [`Engine::reasons`] does.
    pub fn outlook(&self, now: Now) -> Outlook {
        foresight::outlook(self, now)
    }

    /// How it stands with each rule.
    pub fn rules_now(&self, now: Now) -> RulesNow {
        let since = |moment| now.wall_known.then(|| now.wall_at(moment));
        let mut rules: Vec<RuleNow> = self
            .rules
            .iter()
            .map(|state| RuleNow { active: state.truth, since: state.since.and_then(since), holds: Vec::new() })
            .collect();
        for output in self.config.visible_outputs() {
            let explanation = self.outputs[output.0].explanation.as_ref();
            let first = explanation.and_then(|explanation| explanation.slots.first());
            let Some((Slot::Rule, claim)) = first else { continue };
            if let Cause::Rule(rule) | Cause::RuleUnknown(rule) | Cause::RuleStays(rule) = claim.cause {
                rules[rule.0].holds.push(output);
            }
        }
        RulesNow { rules, events: self.events.iter().map(|state| state.now()).collect() }
    }

    fn output_reasons(&self, output: OutputId, now: Now) -> Reasons {
        let rules = self.rule_reasons(output, now);
        let pending = self.pending(output, &rules, now);
        let wires = self.wire_reasons(output);
        let next = foresight::next_of_output(self, output, now);
        Reasons { rules, pending: sorted(pending), wires, ..Reasons::default() }.ahead(next)
    }

    /// The priority array of an output.
    fn output_slots(&self, id: OutputId) -> Vec<ReasonSlot> {
        let filled = self.outputs[id.0].explanation.iter().flat_map(|explanation| &explanation.slots);
        let slot = |(slot, claim): &(Slot, Claim)| {
            ReasonSlot::new(slot.word(), self.config.level_text(id, claim.level), claim.cause.describe(&self.config))
        };
        filled.map(slot).collect()
    }

    /// The wire of slow PWM, and any other part that is held.
    fn wire_reasons(&self, output: OutputId) -> Vec<WireReason> {
        let slow = matches!(self.config[output].method, Method::SlowPwm { .. });
        let parts = self.config.parts(output).into_iter().filter_map(|wire| {
            let state = &self.outputs[wire.0];
            let explanation = state.explanation.clone()?;
            let (level, since) = (state.level, state.since.wall);
            (slow || explanation.winner <= Slot::Protect).then_some(WireReason { wire, level, since, explanation })
        });
        parts.collect()
    }

    /// Of a zone as a whole: what it does and why, its points and its outputs.
    pub fn reasons_of_zone(&self, id: ClimateId, now: Now) -> Reasons {
        let zone = &self.config[id];
        let points = zone.facets().map(|facet| Point::Climate(id, facet));
        let points = points.chain(driven(zone).into_iter().map(Point::Output)).collect();
        // Whatever it holds or does next.
        let looked_at = [ClimateFacet::Target, ClimateFacet::CoolTarget, ClimateFacet::Mode, ClimateFacet::Action];
        let next = foresight::next_of_zone(self, id, &looked_at, now);
        Reasons { points, ..self.reasons_within(id, ClimateFacet::Action, now) }.ahead(next)
    }

    fn facet_reasons(&self, id: ClimateId, facet: ClimateFacet, now: Now) -> Reasons {
        let next = foresight::next_of_zone(self, id, &[facet], now);
        self.reasons_within(id, facet, now).ahead(next)
    }

    /// What asks for the value of a zone's point, and what is waited for.
    fn reasons_within(&self, id: ClimateId, facet: ClimateFacet, now: Now) -> Reasons {
        let (zone, state) = (&self.config[id], &self.climates[id.0]);
        let mut pending = climate::pending(state, now);
        if facet == ClimateFacet::Action {
            for output in driven(zone) {
                let name = &self.config[output].id;
                let of = |pending: Pending| Pending { what: format!("{name}: {}", pending.what), ..pending };
                pending.extend(self.pending(output, &[], now).into_iter().map(of));
            }
        }
        let slots = climate::slots(zone, state, facet, self.view(now));
        Reasons { slots, pending: sorted(pending), ..Reasons::default() }
    }

    /// What can show that somebody is in a room, and when it will be empty.
    fn room_reasons(&self, id: RoomId, asleep: bool, now: Now) -> Reasons {
        let (room, state) = (&self.config[id], &self.rooms[id.0]);
        let inputs = |inputs: &[InputId]| inputs.iter().copied().map(Point::Input).collect();
        let moves = rooms::motion(room, &self.inputs);
        let sign = |text: &str, truth, points| PartReason { text: text.into(), truth, points, numbers: Vec::new() };
        let mut signs = vec![sign("motion", moves, inputs(&room.motion))];
        if !room.doors.is_empty() {
            signs.push(sign("all doors closed, and motion since", state.closed_in.into(), inputs(&room.doors)));
        }
        for (rule, asked) in [(&room.occupied_while, &state.occupied_while), (&room.asleep_while, &state.asleep_while)]
        {
            let (Some(rule), Some(asked)) = (rule, asked) else { continue };
            let text = format!("{}: {}", rule.name, rule.condition.describe(&self.config));
            let points = rule.condition.plain_points();
            let numbers = self.numbers(&rule.condition, now);
            signs.push(PartReason { text, truth: asked.truth, points, numbers });
        }
        let empty = self.empties(id, now).filter(|ends| ends.moment > now.moment);
        let pending = empty.map(|ends| Pending { what: format!("{} is empty", room.id), ends: ends.wall });
        let next = foresight::next_of_room(self, id, asleep, now);
        Reasons { signs, pending: pending.into_iter().collect(), ..Reasons::default() }.ahead(next)
    }

    fn empties(&self, id: RoomId, now: Now) -> Option<Timestamp> {
        let moment = rooms::empties(&self.config[id], &self.rooms[id.0], &self.config, &self.inputs)?;
        Some(Timestamp { moment, wall: now.wall_at(moment) })
    }

    fn rule_reasons(&self, output: OutputId, now: Now) -> Vec<RuleReason> {
        let (mut calendar, mut wakeup) = (self.calendar.clone(), NextWakeup::default());
        let mut facts = facts!(self, &self.config, now, &mut calendar, &mut wakeup);
        let about = self.config.rules.iter().zip(&self.rules).enumerate().filter_map(|(index, (rule, state))| {
            let (_, level) = rule.set.iter().find(|(set, _)| *set == output)?;
            let parts = parts(rule, state).into_iter().filter_map(|(condition, wanted)| {
                let truth = evaluate(condition, &mut state.timers.clone(), &mut facts);
                // What ends it is of no account before it begins, unless it keeps it from beginning.
                if !wanted && !state.latched && truth == Truth::False {
                    return None;
                }
                let until = if wanted { "" } else { "until " };
                let text = as_on(condition, &mut facts).unwrap_or_else(|| condition.describe(&self.config));
                let text = format!("{until}{text}");
                let numbers = self.numbers(condition, now);
                Some(PartReason { text, truth, points: condition.plain_points(), numbers })
            });
            Some(RuleReason { rule: RuleId(index), level: *level, active: state.truth, parts: parts.collect() })
        });
        about.collect()
    }

    /// What a condition compares that is no point, each with its value.
    fn numbers(&self, condition: &Condition, now: Now) -> Vec<String> {
        let (mut calendar, mut wakeup) = (self.calendar.clone(), NextWakeup::default());
        let mut facts = facts!(self, &self.config, now, &mut calendar, &mut wakeup);
        let mut numbers = Vec::new();
        condition.each_number(&mut |number| {
            let (decimals, unit) = match number {
                Number::Constant(_)
                | Number::Length(_)
                | Number::Reading(..)
                | Number::Output(..)
                | Number::Climate(..) => return,
                Number::Over(summary, series) => {
                    let quantity = self.config[*series].quantity;
                    let hour = if *summary == Summary::Trend { "/h" } else { "" };
                    (quantity.decimals(), format!(" {}{hour}", quantity.unit()))
                }
                Number::Today(point) => match self.config.grows_in(*point) {
                    Some(unit) => (3, format!(" {unit}")),
                    None => {
                        let today = facts.today(*point).map(|today| Duration::from_secs(today.value as u64));
                        let today = today.map_or("unknown".into(), duration::spell);
                        return numbers.push(format!("{} {today}", number.describe(&self.config)));
                    }
                },
                _ => (2, String::new()),
            };
            let value = condition::number(number, &mut facts);
            let value = value.map_or("unknown".into(), |value| format!("{value:.decimals$}{unit}"));
            numbers.push(format!("{} {value}", number.describe(&self.config)));
        });
        numbers
    }

    fn pending(&self, id: OutputId, rules: &[RuleReason], now: Now) -> Vec<Pending> {
        let (output, state) = (&self.config[id], &self.outputs[id.0]);
        let mut pending = Vec::new();
        let mut add = |what: String, ends: Timestamp| {
            if ends.moment > now.moment {
                pending.push(Pending { what, ends: now.wall_at(ends.moment) });
            }
        };
        // A limit counts from when the output may have gone on, whenever its wire answered.
        let begins = |state: &OutputState, name: &str| {
            let moment = state.on_since().filter(|_| name == "max_on").unwrap_or(state.since.moment);
            Timestamp { moment, ..state.since }
        };
        let on = state.level.is_on();
        let limits = [("min_on", output.min_on, on), ("max_on", output.max_on, on), ("min_off", output.min_off, !on)];
        for (name, limit, _) in limits.into_iter().filter(|(.., applies)| *applies) {
            let slow = matches!(output.method, Method::SlowPwm { .. });
            if let Some(limit) = limit.filter(|_| !slow) {
                add(format!("{name} is over"), begins(state, name).plus(limit));
            }
        }
        if let Method::SlowPwm { wire, .. } = output.method {
            let (part, line, on) = (&self.config[wire], &self.outputs[wire.0], self.outputs[wire.0].level.is_on());
            for (name, limit, applies) in
                [("min_on", part.min_on, on), ("max_on", output.max_on, on), ("min_off", part.min_off, !on)]
            {
                if let Some(limit) = limit.filter(|_| applies) {
                    add(format!("{name} of {} is over", part.id), begins(line, name).plus(limit));
                }
            }
        }
        if let Some(rest) = output.max_on_rest.filter(|_| state.tripped && !on) {
            add("the rest after max_on is over".into(), state.since.plus(rest));
        }
        if let Some(until) = state.manual.as_ref().and_then(|manual| manual.until_time(now)) {
            add("the command ends".into(), until);
        }
        if let Method::Door(door) = &output.method {
            let wall = |moment| Timestamp { moment, wall: now.wall_at(moment) };
            if let Some((end, by)) = state.door.awaited(door) {
                add(format!("it is {end}, or in fault"), wall(by));
            }
            if let Some(until) = state.door.waits_until(now.moment) {
                add("it is moved: its end switches tell again where it is".into(), wall(until));
            }
            if let Some(until) = state.door.quiet_until(now.moment) {
                add("rules move it again, after a start or a reload".into(), wall(until));
            }
        }
        if let Method::Mover(mover) = &output.method {
            let wall = |moment| Timestamp { moment, wall: now.wall_at(moment) };
            if let Some(until) = state.mover.waits_until(mover) {
                add("what it is to be told is left out if it cannot be published".into(), wall(until));
            }
            if let Some(by) = state.mover.awaited_until() {
                add("it moves, or is in fault".into(), wall(by));
            }
        }
        let held_off = state.contradiction().and_then(|_| state.contradictions.held_off(state.decided(), now.moment));
        if let Some(moment) = held_off {
            add("it is driven back".into(), Timestamp { moment, wall: now.wall_at(moment) });
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
        let looks_at = |point| rules.iter().flat_map(|reason| &reason.parts).any(|part| part.points.contains(&point));
        for index in 0..self.rooms.len() {
            let id = RoomId(index);
            if let Some(ends) = self.empties(id, now).filter(|_| looks_at(Point::Occupied(id))) {
                add(format!("{} is empty", self.config[id].id), ends);
            }
        }
        pending
    }
}

/// What a zone drives, each once.
fn driven(zone: &Climate) -> Vec<OutputId> {
    let mut outputs: Vec<OutputId> = zone.outputs().collect();
    outputs.sort();
    outputs.dedup();
    outputs
}

/// Of a light that repeats a day of the past: which.
fn as_on(condition: &Condition, facts: &mut Facts<'_>) -> Option<String> {
    let Condition::PresenceSimulation { light, from, to, .. } = condition else { return None };
    let (today, _) = facts.past_day(*light)?;
    let day = PastDay::before(today)?;
    Some(format!("as on {}, between {from} and {to}", day.format("%A %-d %B")))
}

fn sorted(mut pending: Vec<Pending>) -> Vec<Pending> {
    pending.sort_by_key(|pending| pending.ends);
    pending
}

/// What must all be so for a rule to be active, and what ends it once it is (`false`).
fn parts<'r>(rule: &'r Rule, state: &RuleState) -> Vec<(&'r Condition, bool)> {
    let until = rule.until.iter().map(|until| (until, false));
    match &rule.condition {
        _ if state.latched && rule.until.is_some() => until.collect(),
        Condition::All(parts) => parts.iter().map(|part| (part, true)).chain(until).collect(),
        condition => std::iter::once((condition, true)).chain(until).collect(),
    }
}

/// Shows each `for` of a condition: what must hold, for how long, and its timer.
fn each_held(condition: &Condition, show: &mut impl FnMut(&Condition, Duration, usize)) {
    if let Condition::Held { condition, duration, timer } = condition {
        show(condition, *duration, *timer);
    }
    condition.parts().iter().for_each(|part| each_held(part, show));
}
