//! Event rules: what is done once, when something happens.
//!
//! # What counts as happening
//! - A **condition becomes true** when it was last known to be false, and now is known to be true, while hearthd runs: as a
//!   whole, whatever is unknown of its parts. That a part which was unknown is found to be so is no event: neither the first
//!   reading of a point after a start, nor the first after it was lost.
//! - States that last are looked at, not those in between: what rules decide in an instant is decided before.
//!   A rule with `catch_up` remembers what it knew last, over restarts too: what is true when it is known again, and was not
//!   when it was last known, counts.
//! - A **time of day** happens once. After a time in which hearthd was off, or the clock was not known or jumped over it, it
//!   is made up for if it is no more than [`CATCH_UP`] ago, or the rule has `catch_up`. What comes `every` so often is made
//!   up for always, once.
//! - A rule that happens too often is left out for the rest of the second, so that rules that set each other off end.
//!
//! What is not done for such a reason is told, not dropped in silence.

use super::{
    Engine,
    changes::Which,
    climate,
    condition::evaluate,
    facts::{Facts, facts},
    order::Task,
    promises::Promised,
    state::Timer,
    wakeup::NextWakeup,
};
use crate::{
    almanac::Calendar,
    clock::{Moment, Now},
    model::{
        Action, Click, Command, Condition, Config, Effect, EventRule, EventRuleNow, EventUse, InputId, LastEvent,
        LeftOut, OutputFacet, Part, Point, RunMode, Source, Trigger, Truth, Value,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc, time::Duration};

/// A time of day that was missed is made up for within this time.
const CATCH_UP: TimeDelta = TimeDelta::minutes(5);
/// A wall clock that is set back by more than this was wrong before: times of day begin anew.
const SET_BACK: TimeDelta = TimeDelta::hours(25);
/// The same for cron's intervals, which are an hour at most.
const INTERVAL_BACK: TimeDelta = TimeDelta::hours(1);
/// More often than this in a [`WINDOW`], a rule does not act.
const MOST: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);
/// Times of day are looked for at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(6 * 3600);

/// What became of a rule that did what it does.
const ACTED: &str = "it acted";

/// An event rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AutomationState {
    /// Triggers and condition as written: another text starts anew.
    text: String,
    /// One for each `for`.
    timers: Vec<Timer>,
    /// Up to when times of day have had their turn.
    told: Option<DateTime<Utc>>,
    /// The actions under way, and those that wait for their turn.
    runs: Vec<Run>,
    /// How often it acted in this window.
    window: Moment,
    count: u32,
    /// With `catch_up`: what each trigger's condition was when it was last known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<Option<bool>>,
    /// What last became of it, and when; nothing of what came while the time was not known.
    pub last: Option<(DateTime<Utc>, Arc<str>)>,
    /// What became of it since this process began.
    #[serde(skip)]
    pub used: EventUse,
    /// One for each trigger.
    #[serde(default)]
    watches: Vec<Watch>,
    /// The next time of day at which it may act.
    #[serde(skip)]
    next: Option<DateTime<Utc>>,
}

/// Where the actions of one event are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// The place of the next action.
    next: usize,
    /// When it is due.
    due: Moment,
}

/// What a trigger saw last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    /// All points that it looks at were read by this process.
    #[serde(skip)]
    armed: bool,
    /// Whether its condition is true, while that is known.
    #[serde(skip)]
    is: Option<bool>,
    /// Whether it was true before that became unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<bool>,
    /// While it is unknown: which of its parts are known.
    #[serde(skip)]
    parts: Vec<bool>,
    /// The value of its point.
    #[serde(skip)]
    value: Option<Value>,
}

impl AutomationState {
    /// A rule of which nothing is known.
    pub fn new(rule: &EventRule) -> AutomationState {
        AutomationState {
            text: rule.text.clone(),
            timers: vec![Timer::default(); rule.timers],
            told: None,
            runs: Vec::new(),
            window: Moment::START,
            count: 0,
            known: if rule.catch_up { vec![None; rule.on.len()] } else { Vec::new() },
            last: None,
            used: EventUse::default(),
            watches: vec![Watch::default(); rule.on.len()],
            next: None,
        }
    }

    /// The same, for another configuration or process; nothing if `rule` is another one.
    pub fn resumed(mut self, rule: &EventRule) -> Option<AutomationState> {
        if self.text != rule.text || self.timers.len() != rule.timers {
            return None;
        }
        // Other actions than those under way are not gone on with.
        self.runs.retain(|run| run.next <= rule.actions.len());
        // A start is no event. What was not known then, is known one day.
        self.watches.resize(rule.on.len(), Watch::default());
        self.watches.iter_mut().for_each(|watch| *watch = Watch { before: watch.before, ..Watch::default() });
        self.known.resize(if rule.catch_up { rule.on.len() } else { 0 }, None);
        Some(self)
    }

    /// How it stands with it, for people.
    pub fn now(&self) -> EventRuleNow {
        let last = self.last.as_ref().map(|(at, what)| {
            let left_out = (**what != *ACTED).then(|| what.clone());
            LastEvent { at: *at, left_out }
        });
        EventRuleNow { acted: self.used.acted, last }
    }

    /// All times of day up to `last` have had their turn.
    pub fn tell(&mut self, last: Option<DateTime<Utc>>) {
        if self.told.is_some() {
            self.told = self.told.max(last);
        }
    }

    /// Whether all that its conditions look at was read.
    fn is_armed(&self, rule: &EventRule) -> bool {
        rule.on.iter().zip(&self.watches).all(|(on, watch)| watch.armed || !matches!(on, Trigger::Becomes(_)))
    }

    fn acts_too_often(&mut self, now: Moment) -> bool {
        if now >= self.window + WINDOW || now < self.window {
            (self.window, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        self.count > MOST
    }
}

/// What became of an event.
enum Outcome {
    Acts,
    /// It does not; told to the log if it is not plainly by the rule's own words.
    Not {
        why: LeftOut,
        text: String,
        worth_telling: bool,
    },
}

impl Engine {
    /// Lets event rules of a range of tasks act, once. Returns whether anything may look different now.
    pub(super) fn happen(&mut self, which: Which, range: Range<usize>, now: Now, effects: &mut Vec<Effect>) -> bool {
        let (config, order) = (self.config.clone(), self.order.clone());
        // What happens but once happens the first time.
        let first = which == Which::Due;
        let clicks = if first { self.happened.clone() } else { Vec::new() };
        let starting = first && self.starting;
        let (mut acted, mut start, mut looked) = (false, range.start, Vec::new());
        while let Some(number) = self.changes.next(which, start..range.end) {
            start = number + 1;
            let Task::Event(index) = order.tasks[number] else { continue };
            let rule = &config.events[index];
            let mut own = NextWakeup::default();
            let due = due(rule, &mut self.events[index], &mut self.calendar, now, &mut own);
            let outcome = self.outcome(index, rule, (&clicks, starting, due), now, &mut own);
            // What was not read yet may be read without becoming another.
            let unsettled = outcome.is_some() || !self.events[index].is_armed(rule);
            self.changes.note(number, unsettled, own);
            looked.push((number, index));
            let Some(outcome) = outcome else { continue };
            let state = &mut self.events[index];
            match outcome {
                Outcome::Acts => {
                    state.last = now.wall_known.then(|| (now.wall, ACTED.into())).or(state.last.take());
                    state.used.acted += 1;
                    state.runs.push(Run { next: 0, due: now.moment });
                    self.promises.note(Promised::Event(index));
                    acted = true;
                }
                Outcome::Not { why, text, worth_telling } => {
                    state.used.leave_out(why);
                    let text: Arc<str> = text.into();
                    state.last = now.wall_known.then(|| (now.wall, text.clone())).or(state.last.take());
                    if worth_telling {
                        effects.push(Effect::Note { about: rule.name.clone(), text });
                    }
                }
            }
        }
        for (number, index) in looked {
            let mut own = NextWakeup::default();
            acted |= self.proceed(index, &config.events[index], now, &mut own, effects);
            own.earliest().into_iter().for_each(|due| self.changes.wake_by(number, due));
        }
        acted
    }

    /// All times of day up to the last decision have had their turn.
    pub(super) fn tell_times(&mut self) {
        let last = self.last_wall.take();
        self.events.iter_mut().for_each(|state| state.tell(last));
    }

    /// What becomes of a rule now; nothing if nothing happened.
    fn outcome(
        &mut self,
        index: usize,
        rule: &EventRule,
        (clicks, starting, due): (&[(InputId, Click)], bool, Option<Due>),
        now: Now,
        wakeup: &mut NextWakeup,
    ) -> Option<Outcome> {
        let not = |why, text: String| Some(Outcome::Not { why, text, worth_telling: true });
        let state = &mut self.events[index];
        let mut facts = facts!(self, &self.config, now, &mut self.calendar, wakeup);
        let mut happens = due == Some(Due::Now);
        let known = state.known.clone();
        for (place, (trigger, watch)) in rule.on.iter().zip(&mut state.watches).enumerate() {
            happens |= match trigger {
                Trigger::Click(input, click) => clicks.contains(&(*input, *click)),
                Trigger::Start => starting,
                Trigger::At(_) | Trigger::Cron(_) | Trigger::Every(_) | Trigger::EveryDays(..) => false,
                Trigger::Becomes(condition) if rule.catch_up => {
                    let (timers, known) = (&mut state.timers, &mut state.known[place]);
                    watch.is_news(condition, known, timers, &mut facts, self.started)
                }
                Trigger::Becomes(condition) => watch.becomes(condition, &mut state.timers, &mut facts, self.started),
                Trigger::Changes(point) => watch.changes(*point, &facts),
            };
        }
        // Looked at in any case: its `for` must see every change.
        let allowed =
            rule.condition.as_ref().map_or(Truth::True, |allowed| evaluate(allowed, &mut state.timers, &mut facts));
        if happens && rule.catch_up && allowed == Truth::Unknown && due != Some(Due::Now) {
            // It counts when that is known.
            state.known = known;
            return None;
        }
        // Or a kill soon after would have it counted again, or not at all.
        if state.known != known {
            self.promises.note(Promised::Event(index));
        }
        if !happens {
            return match due {
                Some(Due::Missed(at)) => {
                    let at = at.with_timezone(&self.config.hub.timezone).format("%Y-%m-%d %H:%M");
                    let text = format!(
                        "{at} was missed: hearthd was off, or the clock was set; that is too long ago to make up for"
                    );
                    not(LeftOut::Missed, text)
                }
                _ => None,
            };
        }
        match allowed {
            Truth::Unknown => {
                return not(LeftOut::IfUnknown, "it happened, but its `if` is not known: nothing was done".into());
            }
            Truth::False => {
                let text = "it happened while its `if` was not true: nothing was done".into();
                return Some(Outcome::Not { why: LeftOut::IfFalse, text, worth_telling: false });
            }
            Truth::True => {}
        }
        if state.acts_too_often(now.moment) {
            let first = state.count == MOST + 1;
            let text = format!("it happens more than {MOST} times a second: do rules set each other off?");
            return Some(Outcome::Not { why: LeftOut::TooOften, text, worth_telling: first });
        }
        match rule.mode {
            RunMode::Single if !state.runs.is_empty() => {
                not(LeftOut::NotOver, "it happened again before its actions were over: that was left out".into())
            }
            RunMode::Queued if state.runs.len() > RunMode::QUEUE => {
                let text = format!("more than {} events wait for their turn: one was left out", RunMode::QUEUE);
                not(LeftOut::QueueFull, text)
            }
            RunMode::Restart => {
                state.runs.clear();
                Some(Outcome::Acts)
            }
            RunMode::Single | RunMode::Queued => Some(Outcome::Acts),
        }
    }

    /// Does what is due of a rule's actions. Returns whether anything was done.
    fn proceed(
        &mut self,
        index: usize,
        rule: &EventRule,
        now: Now,
        wakeup: &mut NextWakeup,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let mut acted = false;
        while let Some(run) = self.events[index].runs.first().copied() {
            if now.moment < run.due {
                wakeup.at(run.due);
                break;
            }
            acted = true;
            // Or a kill soon after would have it done twice.
            self.promises.note(Promised::Event(index));
            let Some(action) = rule.actions.get(run.next) else {
                let state = &mut self.events[index];
                state.runs.remove(0);
                // The next one's waits count from now.
                if let Some(next) = state.runs.first_mut() {
                    next.due = next.due.max(now.moment);
                }
                continue;
            };
            let pause = match action {
                Action::Wait(pause) => *pause,
                Action::Command { .. } | Action::Notify(_) => Duration::ZERO,
            };
            self.events[index].runs[0] = Run { next: run.next + 1, due: now.moment + pause };
            if let Action::Notify(parts) = action {
                self.unsaid.push((effects.len(), parts.clone()));
            }
            effects.extend(self.perform(rule, action, now));
        }
        acted
    }

    fn perform(&mut self, rule: &EventRule, action: &Action, now: Now) -> Option<Effect> {
        match action {
            Action::Wait(_) => None,
            Action::Notify(_) => Some(Effect::Notify { rule: rule.name.clone(), text: String::new(), at: now.wall }),
            Action::Command { point, payload, hold } => {
                let command = Command {
                    source: Source::Rule(rule.name.clone()),
                    point: point.to_string(),
                    payload: payload.to_string(),
                    hold: *hold,
                };
                let refusal = self.command(&command, now).err()?;
                let held = hold.map(|hold| format!(" for {hold}")).unwrap_or_default();
                let text = format!("{point} {payload}{held} was refused: {refusal}");
                Some(Effect::Note { about: rule.name.clone(), text: text.into() })
            }
        }
    }

    pub(super) fn say(&self, parts: &[Part], now: Now) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(point) => self.decided_state(*point, now).known_text().unwrap_or_else(|| "unknown".into()),
        };
        parts.iter().map(part).collect()
    }
}

impl Watch {
    /// Whether a condition is true that was not when it was last `known`: nothing while what it looks at is only remembered.
    fn is_news(
        &mut self,
        condition: &Condition,
        known: &mut Option<bool>,
        timers: &mut [Timer],
        facts: &mut Facts<'_>,
        started: Moment,
    ) -> bool {
        let truth = evaluate(condition, timers, facts);
        self.armed |= facts.is_settled(condition, started);
        let may_go_on = !truth.is_true() && *known == Some(true) && facts.may_fail_again(condition, started);
        if !self.armed || !truth.is_known() || may_go_on {
            return false;
        }
        known.replace(truth.is_true()) != Some(true) && truth.is_true()
    }

    fn becomes(&mut self, condition: &Condition, timers: &mut [Timer], facts: &mut Facts<'_>, started: Moment) -> bool {
        let mut truth = evaluate(condition, timers, facts);
        if !self.armed {
            self.armed = condition.points(facts.config).into_iter().all(|point| facts.is_heard(point, started));
        }
        facts.read_since = (!self.armed).then_some(started);
        if !self.armed {
            truth = evaluate(condition, &mut timers.to_vec(), facts);
        }
        let was_known = self.is.is_some();
        let found = match truth {
            Truth::Unknown => {
                self.before = self.is.take().or(self.before);
                self.parts = parts_known(condition, facts);
                false
            }
            known => {
                let before = self.before.take();
                let was = self.is.replace(known.is_true()).or(before);
                was == Some(false) && known.is_true() && (was_known || !self.learns(condition, facts))
            }
        };
        facts.read_since = None;
        found
    }

    /// Whether a part that was unknown is known now.
    fn learns(&self, condition: &Condition, facts: &mut Facts<'_>) -> bool {
        let now = parts_known(condition, facts);
        now.len() != self.parts.len() || self.parts.iter().zip(now).any(|(before, now)| !before && now)
    }

    fn changes(&mut self, point: Point, facts: &Facts<'_>) -> bool {
        let value = match point {
            // What tells where it is is there, whatever was asked of it.
            Point::Output(id) | Point::OutputFacet(id, OutputFacet::Level) if !facts.config.tells_itself(id) => {
                let level = facts.view().decided(id);
                facts.outputs[id.0].failure().is_none().then_some(Value::Level(level))
            }
            Point::OutputFacet(id, facet) => facts.view().facet(id, facet).value,
            Point::Climate(id, facet) => {
                facts.climates.get(id.0).and_then(|state| climate::point_value(&facts.config[id], state, facet))
            }
            Point::Mode => facts.mode.map(|mode| Value::Word(mode.word.clone())),
            Point::Input(id) if !facts.inputs[id.0].seen => None,
            point => match facts.is_on(point) {
                Truth::Unknown => None,
                truth => Some(Value::Switch(truth.is_true())),
            },
        };
        let was = std::mem::replace(&mut self.value, value);
        was.is_some() && self.value.is_some() && was != self.value
    }
}

/// Whether each of the parts of a condition that are not made of others is known.
fn parts_known(condition: &Condition, facts: &mut Facts<'_>) -> Vec<bool> {
    match condition.parts() {
        [] => vec![evaluate(condition, &mut [], facts).is_known()],
        parts => parts.iter().flat_map(|part| parts_known(part, facts)).collect(),
    }
}

/// What is due of a rule's times of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    /// The latest that is too long ago.
    Missed(DateTime<Utc>),
}

/// Lets the times of day of a rule have their turn up to now.
fn due(
    rule: &EventRule,
    state: &mut AutomationState,
    calendar: &mut Calendar,
    now: Now,
    wakeup: &mut NextWakeup,
) -> Option<Due> {
    let timed = || rule.on.iter().filter(|trigger| trigger.is_timed());
    if !now.wall_known || timed().next().is_none() {
        return None;
    }
    // What comes at a distance comes again after it, however far the clock is set back.
    let set_back = timed().map(|trigger| match trigger {
        Trigger::Every(step) => TimeDelta::from_std(*step).unwrap_or(SET_BACK),
        Trigger::Cron(cron) if cron.interval => INTERVAL_BACK,
        _ => SET_BACK,
    });
    let set_back = set_back.max().unwrap_or(SET_BACK).min(SET_BACK);
    let told = state.told.filter(|told| *told - now.wall <= set_back).unwrap_or(now.wall);
    if state.told != Some(told) {
        (state.told, state.next) = (Some(told), None);
    }
    let next_of = |trigger: &Trigger, after: DateTime<Utc>, calendar: &mut Calendar| match trigger {
        Trigger::At(time) => calendar.next_time(*time, after),
        Trigger::Cron(cron) => calendar.next_cron(cron, after),
        Trigger::Every(step) => calendar.next_step(*step, after),
        Trigger::EveryDays(days, time) => calendar.next_of_days(*days, *time, after),
        _ => None,
    };
    let after = |after: DateTime<Utc>, calendar: &mut Calendar| {
        timed().filter_map(|trigger| next_of(trigger, after, calendar)).min()
    };
    let next = match state.next {
        Some(next) => Some(next),
        None => after(told, calendar),
    };
    let mut found = None;
    if let Some(missed) = next.filter(|next| *next <= now.wall) {
        let mut counts = |trigger: &Trigger| {
            let always = rule.catch_up || matches!(trigger, Trigger::Every(_) | Trigger::EveryDays(..));
            let since = if always { told } else { told.max(now.wall - CATCH_UP) };
            next_of(trigger, since, calendar).is_some_and(|at| at <= now.wall)
        };
        found = Some(if timed().any(&mut counts) { Due::Now } else { Due::Missed(missed) });
        (state.told, state.next) = (Some(now.wall), after(now.wall, calendar));
    } else {
        (state.told, state.next) = (Some(told.max(now.wall)), next);
    }
    let look_again = now.moment + LOOK_AGAIN;
    wakeup.at(state.next.map_or(look_again, |next| now.moment_at(next).min(look_again)));
    found
}

/// The rules' states for `config`, with what is remembered of those that are still there.
pub(super) fn resume(
    config: &Config,
    mut remembered: std::collections::BTreeMap<Arc<str>, AutomationState>,
) -> Vec<AutomationState> {
    let state = |rule: &EventRule| {
        remembered
            .remove(&rule.name)
            .and_then(|state| state.resumed(rule))
            .unwrap_or_else(|| AutomationState::new(rule))
    };
    config.events.iter().map(state).collect()
}
