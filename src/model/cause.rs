//! Why an output is as it is: the slots of the priority array and the causes that fill them.

use super::table::table;
use super::{ClimateId, ClimateReason, Config, InterlockId, Level, OutputId, RoomId, RuleId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc, time::Duration};

table! {
    /// The slots of an output's priority array, highest first; the highest filled one wins.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Slot {
        /// Limits, interlocks, faults, shutdown.
        Safety = "safety";
        /// Minimum on and off times.
        Protect = "protect";
        /// Somebody's command.
        Manual = "manual";
        /// A thermostat.
        Climate = "climate";
        /// The first active rule of the file.
        Rule = "rule";
        /// The relinquish default: always filled.
        Default = "default";
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Who gave a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A message on a `set` topic.
    Mqtt,
    /// Another hub, which gave its name with its message on a `set` topic.
    Peer(Arc<str>),
    /// Home Assistant, by the native API.
    HomeAssistant,
    /// The console or another program on the Unix socket.
    Console,
    /// A page or another program over HTTP: the user or the token of this name; empty where nobody has to say who they are.
    Http(Arc<str>),
    /// The event rule of this name.
    Rule(Arc<str>),
    /// The input of this id: a switch or button on the wall.
    Switch(Arc<str>),
    /// The other hub of this name, whose output it is: it was not commanded, it was found so.
    Hub(Arc<str>),
}

impl Source {
    /// Whether it is a person or another program, not a rule.
    pub fn is_outside(&self) -> bool {
        self.is_remote() || matches!(self, Source::Switch(_) | Source::Hub(_))
    }

    /// Whether it came over a connection, so that a lock holds it off.
    pub fn is_remote(&self) -> bool {
        matches!(self, Source::Mqtt | Source::Peer(_) | Source::HomeAssistant | Source::Console | Source::Http(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Mqtt => "MQTT",
            Source::Peer(name) => return write!(f, "{name} (MQTT)"),
            Source::HomeAssistant => "Home Assistant",
            Source::Console => "the console",
            Source::Http(who) if who.is_empty() => "HTTP",
            Source::Http(who) => return write!(f, "{who} (HTTP)"),
            Source::Rule(name) => return write!(f, "the rule \"{name}\""),
            Source::Switch(input) => input,
            Source::Hub(name) => name,
        })
    }
}

/// What a filled slot asks for, and due to what.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What it asks for.
    pub level: Level,
    /// Why.
    pub cause: Cause,
}

/// Why a slot is filled. Times are absolute, so that a cause stays equal while nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The daemon is ending.
    Shutdown,
    /// On for `limit`; now it rests, or is locked until nothing asks for it any more.
    MaxOn {
        /// The limit.
        limit: Duration,
        /// How long it rests; None: it is locked.
        rest: Option<Duration>,
    },
    /// Another member of the group is on, or was a moment ago, or comes first.
    Interlock {
        /// The group.
        group: InterlockId,
        /// The other member.
        other: OutputId,
    },
    /// Rules that look at each other's outputs would switch it on and off without end.
    Circle,
    /// What it warms is too hot.
    Overheat {
        /// The zone that it warms.
        zone: ClimateId,
        /// From this temperature on, °C.
        limit: f64,
    },
    /// Rules switch it too often: it rests in its safe state.
    TooOften {
        /// More often than this, times a second.
        max_rate: u32,
    },
    /// It went on too recently to go off.
    MinOn {
        /// When it may.
        until: DateTime<Utc>,
    },
    /// It went off too recently to go on.
    MinOff {
        /// When it may.
        until: DateTime<Utc>,
    },
    /// Somebody's command.
    Manual {
        /// Whose.
        source: Source,
        /// When it ends.
        until: ManualEnd,
    },
    /// What a zone asks for, and why.
    Climate(Arc<ClimateReason>),
    /// An active rule.
    Rule(RuleId),
    /// A rule that would switch it off, whose condition is not known: an unknown counts as off.
    RuleUnknown(RuleId),
    /// A rule that would move a cover, whose condition is not known: it stays where it is.
    RuleStays(RuleId),
    /// It was on for its pulse and waits to be asked anew.
    Pulse {
        /// How long it is on.
        length: Duration,
    },
    /// A part of another output that does not need it now.
    Part(OutputId),
    /// So many of its members are on.
    Members {
        /// On.
        on: usize,
        /// Of so many.
        of: usize,
        /// The group is on when all of them are, not when any is.
        all: bool,
    },
    /// Nobody asks: it stays as it is.
    Held,
    /// Nobody asks.
    Default,
}

/// When a manual command ends. AUTO ends it at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualEnd {
    /// With AUTO only.
    Auto,
    /// At this time.
    At(DateTime<Utc>),
    /// At a time of day that can be told when the wall clock is known.
    TimeOfDay,
    /// When what it would be by itself becomes another.
    NextChange,
    /// When this room is empty.
    RoomEmpty(RoomId),
    /// When the plan's next period begins, at a time that can be told when the wall clock is known.
    NextPeriod,
}

impl ManualEnd {
    /// What comes after "until", in local time.
    pub fn describe(self, config: &Config) -> String {
        match self {
            ManualEnd::Auto => "AUTO".to_owned(),
            ManualEnd::At(time) => local(time, config),
            ManualEnd::TimeOfDay => "its time of day, when the clock is known".into(),
            ManualEnd::NextChange => "the next automatic change".into(),
            ManualEnd::RoomEmpty(room) => format!("{} is empty", config[room].id),
            ManualEnd::NextPeriod => "the plan's next period".into(),
        }
    }
}

fn local(time: DateTime<Utc>, config: &Config) -> String {
    time.with_timezone(&config.hub.timezone).format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Cause {
    /// One line for people, in local time, without the slot's name: `Hall light after dark`.
    pub fn describe(&self, config: &Config) -> String {
        match self {
            Cause::Shutdown => "hearthd is stopping: safe state".into(),
            Cause::MaxOn { limit, rest } => {
                let limit = super::duration::spell(*limit);
                match rest {
                    Some(rest) => format!("on for its max_on of {limit}, rests for {}", super::duration::spell(*rest)),
                    None => format!("on for its max_on of {limit}, off until nothing asks for it any more"),
                }
            }
            Cause::Interlock { group, other } => {
                format!("interlock {} with {}", config[*group].id, config[*other].id)
            }
            Cause::Circle => "rules would switch it on and off without end: it stays off".into(),
            Cause::Overheat { zone, limit } => {
                format!("{} is too hot, off above {limit} °C", config[*zone].id)
            }
            Cause::Climate(reason) => reason.describe(config),
            Cause::TooOften { max_rate } => {
                format!(
                    "rules switch it more than {max_rate} times a second, it rests: do they work against each other?"
                )
            }
            Cause::MinOn { until } => format!("min_on keeps it on until {}", local(*until, config)),
            Cause::MinOff { until } => format!("min_off keeps it off until {}", local(*until, config)),
            Cause::Manual { source, until } => {
                format!("command by {source}, until {}", until.describe(config))
            }
            Cause::Rule(rule) => config[*rule].name.to_string(),
            Cause::RuleUnknown(rule) => {
                format!("{} (its condition is unknown, which counts as off)", config[*rule].name)
            }
            Cause::RuleStays(rule) => {
                format!("{} (its condition is unknown: it stays where it is)", config[*rule].name)
            }
            Cause::Pulse { length } => {
                format!("its pulse of {} is over, off until it is asked anew", super::duration::spell(*length))
            }
            Cause::Part(of) => format!("{} does not need it now", config[*of].id),
            Cause::Members { on, of, all } => {
                let (is, needed) =
                    (if *on == 1 { "is" } else { "are" }, if *all { "all must be" } else { "one is enough" });
                format!("{on} of {of} members {is} on; {needed}")
            }
            Cause::Held => "nobody asks for anything, it stays as it is".into(),
            Cause::Default => "nobody asks for anything".into(),
        }
    }
}
