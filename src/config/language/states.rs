//! The words for on and off, by what they are said of.

use crate::model::{Config, Point};

/// Words that fit everything that is on or off.
const COMMON: [(&str, bool); 6] =
    [("on", true), ("off", false), ("true", true), ("false", false), ("active", true), ("inactive", false)];

/// Whether `word` says of `point` that it is on; nothing when it does not fit.
pub fn meaning(word: &str, point: Point, config: &Config) -> Option<bool> {
    COMMON.iter().chain(point.states(config)).find(|(known, _)| *known == word).map(|(_, on)| *on)
}

/// The usual pair of words for `point`, the one for on first.
pub(super) fn usual(point: Point, config: &Config) -> (&'static str, &'static str) {
    match point.states(config) {
        [(on, _), (off, _)] => (on, off),
        _ => ("on", "off"),
    }
}

/// All words that fit `point`.
pub fn all(point: Point, config: &Config) -> impl Iterator<Item = &'static str> {
    point.states(config).iter().chain(&COMMON).map(|(word, _)| *word)
}
