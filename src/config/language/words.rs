//! The words of the language.

/// Words with a meaning in the language; no entity can have such a name.
const RESERVED: [&str; 49] = [
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
    "pressed",
    "released",
    "until",
];

/// The days of a week; the place in the list is the number that a `DaySet` wants.
pub(super) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What a point can be said to be.
pub(super) const STATES: [&str; 14] = [
    "on", "off", "open", "closed", "true", "false", "active", "inactive", "wet", "dry", "occupied", "empty", "pressed",
    "released",
];

/// Conditions of one word.
pub(super) const ATOMS: [&str; 4] = ["dark", "daylight", "weekday", "weekend"];

/// Events of the sun that times count from.
pub(super) const SUN: [&str; 4] = ["dawn", "sunrise", "sunset", "dusk"];

/// Whether `word` has a meaning in the language.
pub(in crate::config) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
