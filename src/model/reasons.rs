//! All there is to say about why an output, a room or a climate zone is as it is, why not otherwise, and what comes next.

use super::{Explanation, Level, ManualEnd, OutputId, Point, RuleId, Source, Truth};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// More than the priority array tells: what the rules about an output look at, what is waited for, what comes next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasons {
    /// Of a zone's point, and of what follows from an output: what asks for its value, the highest first.
    pub slots: Vec<ReasonSlot>,
    /// What it consists of: of a zone, its points and outputs.
    pub points: Vec<Point>,
    /// The wires behind an output that is no wire itself.
    pub wires: Vec<WireReason>,
    /// Of an output: the rules that set it, in the order of the file.
    pub rules: Vec<RuleReason>,
    /// Of a room: what can show that somebody is there, each with whether it does; of a scene: what it sets.
    pub signs: Vec<PartReason>,
    /// What is waited for, soonest first.
    pub pending: Vec<Pending>,
    /// The next change, if nothing else happens; None: none within a day, or none until `stays_until`.
    pub next: Option<Upcoming>,
    /// Until when it was looked ahead, if that was not a day: too much happens.
    pub stays_until: Option<DateTime<Utc>>,
}

/// What comes next by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Ahead {
    /// This change.
    Change(Upcoming),
    /// Nothing within a day.
    Nothing,
    /// Nothing until then; further it was not looked.
    NothingUntil(DateTime<Utc>),
}

/// What is expected of the house, if nothing happens in it but that time goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// Where the sun is yesterday, today and tomorrow; empty where the file does not say where the house is, or the time is
    /// not known.
    pub sun: Vec<SunTimes>,
    /// What changes of itself, the soonest first.
    pub changes: Vec<Expected>,
    /// When rules become active or are it no more, and those with `on` act, up to `until`: of each the first time, the
    /// soonest first.
    pub rules: Vec<RuleAhead>,
    /// Until when it was looked ahead.
    pub until: DateTime<Utc>,
}

/// What a rule does next by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleAhead {
    /// Its sentence.
    pub name: Arc<str>,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it is active then; None: it acts once.
    pub active: Option<Truth>,
}

/// How it stands with the rules of a house now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesNow {
    /// Those with `while`, in their order.
    pub rules: Vec<RuleNow>,
    /// Those with `on`, in their order.
    pub events: Vec<EventRuleNow>,
}

/// How it stands with a rule with `while`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleNow {
    /// Whether it is active.
    pub active: Truth,
    /// Since when; None: since before hearthd started, or before it was known, or the time is not.
    pub since: Option<DateTime<Utc>>,
    /// The outputs whose value it holds: nothing higher asks for them, and no rule before it.
    pub holds: Vec<OutputId>,
}

/// How it stands with a rule with `on`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRuleNow {
    /// How often it acted since the start.
    pub acted: u64,
    /// What last became of it, also before the start.
    pub last: Option<LastEvent>,
}

/// The last event of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEvent {
    /// When it happened, or was to happen.
    pub at: DateTime<Utc>,
    /// Why it was left out; None: the rule acted.
    pub left_out: Option<Arc<str>>,
}

/// A change of a point that is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Which.
    pub point: Point,
    /// Of an output with levels, how far it is on then; of a cover, how far open: 0 to 100.
    pub percent: Option<u8>,
    /// What it is then.
    pub next: Upcoming,
}

/// The sun's times of one local date. Where it does not go up or down, as conditions on it have it: in a polar day it is up
/// from one solar midnight to the next, in a polar night both are noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SunTimes {
    /// It rises through -6°.
    pub dawn: DateTime<Utc>,
    /// It rises through -0.833°.
    pub sunrise: DateTime<Utc>,
    /// It sinks through -0.833°.
    pub sunset: DateTime<Utc>,
    /// It sinks through -6°.
    pub dusk: DateTime<Utc>,
}

impl Reasons {
    /// With what comes next.
    #[must_use]
    pub fn ahead(self, ahead: Ahead) -> Reasons {
        let (next, stays_until) = match ahead {
            Ahead::Change(next) => (Some(next), None),
            Ahead::Nothing => (None, None),
            Ahead::NothingUntil(until) => (None, Some(until)),
        };
        Reasons { next, stays_until, ..self }
    }
}

/// What asks for the value of a zone's point, of a number that people may set, or of the mode of the house.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonSlot {
    /// `safety`, `manual`, `plan`, `climate`, `default`, or of the mode `rule`.
    pub slot: &'static str,
    /// What it asks for.
    pub value: String,
    /// Why.
    pub cause: String,
    /// The rule that commanded it.
    pub rule: Option<Arc<str>>,
    /// When it ends, if that is a time.
    pub until: Option<DateTime<Utc>>,
}

/// Why a point is as it is that has no priority array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// One line for people.
    pub line: Arc<str>,
    /// What holds its value, as [`ReasonSlot::slot`]; None: nothing does, it is worked out.
    pub slot: Option<&'static str>,
    /// The rule that commanded it.
    pub rule: Option<Arc<str>>,
    /// When that ends, if it is a time.
    pub until: Option<DateTime<Utc>>,
}

impl ReasonSlot {
    /// One that no rule commanded, and that ends at no time that is known.
    pub fn new(slot: &'static str, value: String, cause: String) -> ReasonSlot {
        ReasonSlot { slot, value, cause, rule: None, until: None }
    }

    /// The same, commanded by `source` and until `end`.
    #[must_use]
    pub fn held(self, source: Option<&Source>, end: ManualEnd) -> ReasonSlot {
        let rule = match source {
            Some(Source::Rule(name)) => Some(name.clone()),
            _ => None,
        };
        let until = match end {
            ManualEnd::At(until) => Some(until),
            _ => None,
        };
        ReasonSlot { rule, until, ..self }
    }

    /// Why a point is so whose value it holds.
    pub fn because(self) -> Because {
        let line = format!("{}: {}", self.slot, self.cause).into();
        Because { line, slot: Some(self.slot), rule: self.rule, until: self.until }
    }
}

/// A wire behind an output.
#[derive(Clone, Debug, PartialEq)]
pub struct WireReason {
    /// Which.
    pub wire: OutputId,
    /// What it carries.
    pub level: Level,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Its priority array.
    pub explanation: Arc<Explanation>,
}

/// How it stands with one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleReason {
    /// Which.
    pub rule: RuleId,
    /// What it would set.
    pub level: Level,
    /// Whether it is active.
    pub active: Truth,
    /// What must all be so, each with whether it is.
    pub parts: Vec<PartReason>,
}

/// A part of a condition, or a sign of somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReason {
    /// As one would write it in a rule.
    pub text: String,
    /// Whether it is so.
    pub truth: Truth,
    /// The points that it looks at.
    pub points: Vec<Point>,
    /// What it compares besides, each with its value: `average(living.temperature, 1h) 20.10 °C`.
    pub numbers: Vec<String>,
}

/// Something that time alone will end.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// For people: `min_on`, `hall is empty`.
    pub what: String,
    /// When.
    pub ends: DateTime<Utc>,
}

/// A change that time alone will bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Upcoming {
    /// When.
    pub at: DateTime<Utc>,
    /// What the output is then asked to be, whether the room is then occupied (or `unknown`), what the zone's point then is.
    pub value: String,
    /// Why: of an output or a zone's point, the slot and the cause that hold it then.
    pub line: String,
}
