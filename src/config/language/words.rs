//! The words of the language.

use crate::model::Summary;

/// Words with a meaning in the language; no entity can have such a name.
const RESERVED: [&str; 87] = [
    "and",
    "or",
    "not",
    "for",
    "is",
    "between",
    "above",
    "below",
    "at",
    "least",
    "most",
    "in",
    "time",
    "after",
    "before",
    "day",
    "weekday",
    "weekend",
    "dark",
    "daylight",
    "sun",
    "dawn",
    "sunrise",
    "sunset",
    "dusk",
    "noon",
    "midnight",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "on",
    "off",
    "open",
    "closed",
    "true",
    "false",
    "active",
    "inactive",
    "wet",
    "dry",
    "occupied",
    "empty",
    "asleep",
    "awake",
    "pressed",
    "released",
    "until",
    "mode",
    "date",
    "holiday",
    "changed",
    "changes",
    "within",
    "average",
    "minimum",
    "maximum",
    "trend",
    "today",
    "spread",
    "nautical",
    "astronomical",
    "cron",
    "click",
    "double",
    "triple",
    "long",
    "press",
    "scene",
    "hub",
    "notify",
    "wait",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The days of a week; the place in the list is the number that a `DaySet` wants.
pub(super) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The months of a year, in their order, with the days that each can have.
pub(super) const MONTHS: [(&str, u32); 12] = [
    ("january", 31),
    ("february", 29),
    ("march", 31),
    ("april", 30),
    ("may", 31),
    ("june", 30),
    ("july", 31),
    ("august", 31),
    ("september", 30),
    ("october", 31),
    ("november", 30),
    ("december", 31),
];

/// What a point can be said to be.
pub(super) const STATES: [&str; 16] = [
    "on", "off", "open", "closed", "true", "false", "active", "inactive", "wet", "dry", "occupied", "empty", "asleep",
    "awake", "pressed", "released",
];

/// Conditions of one word.
pub(super) const ATOMS: [&str; 5] = ["dark", "daylight", "weekday", "weekend", "holiday"];

/// Events of the sun that times count from.
pub(super) const SUN: [&str; 4] = ["dawn", "sunrise", "sunset", "dusk"];

/// What makes one number of many.
pub(super) const SUMMARIES: [(&str, Summary); 4] = [
    ("average", Summary::Average),
    ("minimum", Summary::Minimum),
    ("maximum", Summary::Maximum),
    ("trend", Summary::Trend),
];

/// Whether `word` has a meaning in the language.
pub(in crate::config) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
