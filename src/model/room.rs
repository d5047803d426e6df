//! Rooms: what shows that somebody is there, and why a room is said to be occupied or empty.

use super::{Config, InputId, RoomId, Rule, duration};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Groups inputs; its `occupied` point is worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    /// The key of its table; its point is `id.occupied`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// Any of these occupies it.
    pub motion: Vec<InputId>,
    /// Its doors, all of them: while they are closed, who moved inside is still there. Empty: nothing is known of doors.
    pub doors: Vec<InputId>,
    /// It is empty when nothing has shown anybody for this long.
    pub empty_after: Duration,
    /// With doors: motion that goes on for longer than this after the closing is of somebody inside, not of somebody who
    /// has just left.
    pub settle: Duration,
    /// With doors: closed in, but without motion for this long, it is believed to be empty after all.
    pub forget_after: Duration,
    /// What else shows that somebody is there. It sets nothing.
    pub occupied_while: Option<Rule>,
    /// While this is true, an occupied room stays occupied. It sets nothing. With it, the room has the point `id.asleep`.
    pub asleep_while: Option<Rule>,
}

/// What shows that somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// A motion input.
    Motion,
    /// Closed doors, with motion since.
    Closed,
    /// Its `occupied_while`.
    Evidence,
    /// Its `asleep_while`.
    Asleep,
}

/// Why a room is occupied, empty or neither. Times are absolute, so that a cause stays equal while nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomCause {
    /// This input is active.
    Motion(InputId),
    /// All doors are closed since then, and somebody moved after that.
    Closed {
        /// Since then.
        since: DateTime<Utc>,
    },
    /// Its `occupied_while` is true.
    Evidence,
    /// Its `asleep_while` is true, and it was occupied.
    Asleep,
    /// The last sign of somebody is not old enough.
    Lately {
        /// What it was.
        sign: Sign,
        /// When it ended.
        until: DateTime<Utc>,
    },
    /// Nothing shows anybody.
    Nobody {
        /// When the last sign ended; None: there was none yet.
        since: Option<DateTime<Utc>>,
    },
    /// Somebody was closed in, but has not moved for `forget_after`.
    Forgotten {
        /// When somebody last moved.
        since: DateTime<Utc>,
    },
    /// Nothing shows anybody, but not all of it is known.
    Unknown {
        /// Motion inputs that are not known.
        inputs: Vec<InputId>,
        /// Conditions that are not known.
        conditions: Vec<Sign>,
    },
}

impl RoomCause {
    /// One line for people, in local time: `somebody moved until 2026-11-23 20:14:05`.
    pub fn describe(&self, id: RoomId, config: &Config) -> String {
        let room = &config[id];
        let at =
            |time: &DateTime<Utc>| time.with_timezone(&config.hub.timezone).format("%Y-%m-%d %H:%M:%S").to_string();
        match self {
            RoomCause::Motion(input) => format!("somebody moves ({})", config[*input].id),
            RoomCause::Closed { since } => format!("closed since {}, and somebody moved inside", at(since)),
            RoomCause::Evidence => room.asked(Sign::Evidence, config),
            RoomCause::Asleep => format!("asleep: {}", room.asked(Sign::Asleep, config)),
            RoomCause::Lately { sign, until } => {
                let what = match sign {
                    Sign::Motion => "somebody moved".into(),
                    Sign::Closed => "closed with somebody inside".into(),
                    Sign::Evidence => room.asked(Sign::Evidence, config),
                    Sign::Asleep => "asleep".into(),
                };
                format!("{what} until {}", at(until))
            }
            RoomCause::Nobody { since: Some(since) } => format!("no sign of anybody since {}", at(since)),
            RoomCause::Nobody { since: None } => "no sign of anybody yet".into(),
            RoomCause::Forgotten { since } => {
                format!("closed, but nobody has moved for {}, since {}", duration::spell(room.forget_after), at(since))
            }
            RoomCause::Unknown { inputs, conditions } => {
                let inputs = inputs.iter().map(|input| config[*input].id.to_string());
                let conditions = conditions.iter().map(|sign| room.asked(*sign, config));
                format!("not known: {}", inputs.chain(conditions).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl RoomCause {
    /// When it ends by itself, while nothing shows anybody, in a room that is empty after so long.
    pub fn ends(&self, empty_after: Duration) -> Option<DateTime<Utc>> {
        match self {
            RoomCause::Lately { until, .. } => until.checked_add_signed(TimeDelta::from_std(empty_after).ok()?),
            _ => None,
        }
    }
}

impl Room {
    /// The condition behind a sign, in the rule language.
    pub fn asked(&self, sign: Sign, config: &Config) -> String {
        let rule = match sign {
            Sign::Evidence => self.occupied_while.as_ref(),
            Sign::Asleep => self.asleep_while.as_ref(),
            Sign::Motion | Sign::Closed => None,
        };
        // Of a room whose condition a reload took away, nothing is left to tell.
        rule.map_or_else(|| "another sign".into(), |rule| rule.condition.describe(config))
    }
}
