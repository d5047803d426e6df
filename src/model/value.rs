//! Values of points and how far they can be trusted.

use super::table::table;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// What an output is driven to, in percent, 0 to 100. A relay knows only [`Level::OFF`] and [`Level::ON`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(u8);

impl Level {
    /// Nothing flows: 0 %.
    pub const OFF: Level = Level(0);
    /// Fully on: 100 %.
    pub const ON: Level = Level(100);

    /// The level of `percent`, or nothing above 100.
    pub const fn new(percent: u8) -> Option<Level> {
        if percent <= 100 { Some(Level(percent)) } else { None }
    }

    /// [`Level::ON`] or [`Level::OFF`].
    pub const fn from_on(on: bool) -> Level {
        if on { Level::ON } else { Level::OFF }
    }

    /// Whether anything flows at all.
    pub const fn is_on(self) -> bool {
        self.0 > 0
    }

    /// 0 to 100.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Level::OFF => f.write_str("OFF"),
            Level::ON => f.write_str("ON"),
            Level(percent) => write!(f, "{percent} %"),
        }
    }
}

/// Kleene's three-valued logic: what is known of a condition. An unknown operand leaves the result unknown unless the
/// other operand settles it (`false and unknown` is false, `true or unknown` is true).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Certainly not.
    False,
    /// A point it depends on is unknown, stale or in fault, or the time of day is not known.
    Unknown,
    /// Certainly.
    True,
}

impl Truth {
    /// Whether it is one or the other.
    pub fn is_known(self) -> bool {
        self != Truth::Unknown
    }

    /// Both: the lesser of the two.
    #[must_use]
    pub fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// Either: the greater of the two.
    #[must_use]
    pub fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    /// Whether it is certain.
    pub fn is_true(self) -> bool {
        self == Truth::True
    }
}

/// `!unknown` is unknown.
impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}

/// The value of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Of an input or a room's occupancy.
    Switch(bool),
    /// Of an output.
    Level(Level),
    /// Of a reading, in the unit of its [`Quantity`](super::Quantity). Always finite.
    Number(f64),
    /// One of a few words, such as a mode.
    Word(Arc<str>),
}

table! {
    /// How far the value of a point can be trusted. Only `Good` values take part in decisions.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Quality {
        /// Heard of recently and in order.
        Good = "good";
        /// The last value is older than the point's limit.
        Stale = "stale";
        /// The device says or shows that it does not work.
        Fault = "fault";
        /// Nothing was heard yet.
        Unknown = "unknown";
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{False, True, Unknown};
    use super::*;

    #[test]
    fn kleene_tables() {
        for (a, b, and, or) in [
            (True, True, True, True),
            (True, Unknown, Unknown, True),
            (True, False, False, True),
            (Unknown, Unknown, Unknown, Unknown),
            (Unknown, False, False, Unknown),
            (False, False, False, False),
        ] {
            assert_eq!(a.and(b), and, "{a:?} and {b:?}");
            assert_eq!(b.and(a), and, "{b:?} and {a:?}");
            assert_eq!(a.or(b), or, "{a:?} or {b:?}");
            assert_eq!(b.or(a), or, "{b:?} or {a:?}");
        }
        assert_eq!((!True, !Unknown, !False), (False, Unknown, True));
    }

    #[test]
    fn levels_end_at_a_hundred() {
        assert_eq!(Level::new(100), Some(Level::ON));
        assert_eq!(Level::new(101), None);
        assert_eq!(Level::new(40).map(|level| level.to_string()).as_deref(), Some("40 %"));
    }
}
