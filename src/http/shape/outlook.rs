//! What is expected within a day.

use super::why::word;
use crate::{
    house::Foreseen,
    model::{Expected, RuleAhead, SunTimes},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answer of `GET /api/v1/outlook`: what is expected, if nothing happens in the house but that time goes on. All times are
/// RFC 3339, in the hub's zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// Now.
    pub time: String,
    /// Until when it was looked ahead: a day, or less where too much happens.
    pub until: String,
    /// Of yesterday, today and tomorrow; empty where the file does not say where the house is, or the time is not known.
    pub sun: Vec<SunShape>,
    /// What changes of itself, the soonest first: outputs, what zones are to hold, the mode.
    pub changes: Vec<ExpectedShape>,
    /// What rules do next up to `until`: of each the first time, the soonest first.
    #[serde(default)]
    pub rules: Vec<RuleAheadShape>,
}

/// What a rule does next by itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleAheadShape {
    /// Its sentence.
    pub name: String,
    /// When, RFC 3339.
    pub at: String,
    /// Whether it is active then: `yes`, `no` or `unknown`; null: it acts once.
    pub active: Option<String>,
}

/// The sun's times of one day. Where it stays up, they reach from one solar midnight to the next; where it stays down,
/// `sunrise` and `sunset` are the same.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SunShape {
    /// It rises through -6°.
    pub dawn: String,
    /// It appears.
    pub sunrise: String,
    /// It is gone.
    pub sunset: String,
    /// It sinks through -6°.
    pub dusk: String,
}

/// A change that is expected.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedShape {
    /// The dotted name of the point.
    pub id: String,
    /// When.
    pub at: String,
    /// What it is then, as MQTT has it.
    pub value: String,
    /// Of an output with levels: how far it is on then; of a cover: how far open. 0 to 100.
    #[serde(default)]
    pub percent: Option<u8>,
    /// The slot and the cause that hold it then; empty of what has none.
    pub why: String,
}

pub(in crate::http) fn outlook(Foreseen { config, outlook, now }: &Foreseen) -> Outlook {
    let local = |time| config.hub.on_the_clock(time);
    let sun = |sun: &SunTimes| SunShape {
        dawn: local(sun.dawn),
        sunrise: local(sun.sunrise),
        sunset: local(sun.sunset),
        dusk: local(sun.dusk),
    };
    let expected = |Expected { point, percent, next }: &Expected| ExpectedShape {
        id: config.point_name(*point),
        at: local(next.at),
        value: next.value.clone(),
        percent: *percent,
        why: next.line.clone(),
    };
    let rule = |rule: &RuleAhead| RuleAheadShape {
        name: rule.name.to_string(),
        at: local(rule.at),
        active: rule.active.map(word),
    };
    Outlook {
        time: local(*now),
        until: local(outlook.until),
        sun: outlook.sun.iter().map(sun).collect(),
        changes: outlook.changes.iter().map(expected).collect(),
        rules: outlook.rules.iter().map(rule).collect(),
    }
}
