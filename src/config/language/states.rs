//! The words for on and off, by what they are said of.

use crate::model::{Config, InputKind, OutputKind, Point};

/// Words that fit everything that is on or off.
const COMMON: [(&str, bool); 6] =
    [("on", true), ("off", false), ("true", true), ("false", false), ("active", true), ("inactive", false)];

/// Words for `point` besides [`COMMON`], the one for on first.
fn own(point: Point, config: &Config) -> &'static [(&'static str, bool)] {
    match point {
        Point::Input(input) => match config[input].kind {
            InputKind::Door | InputKind::Window => &[("open", true), ("closed", false)],
            InputKind::Leak => &[("wet", true), ("dry", false)],
            InputKind::Button => &[("pressed", true), ("released", false)],
            InputKind::Motion | InputKind::Smoke | InputKind::Contact => &[],
        },
        Point::Output(output) => match config[output].kind {
            OutputKind::Valve | OutputKind::Cover => &[("open", true), ("closed", false)],
            _ => &[],
        },
        Point::Occupied(_) => &[("occupied", true), ("empty", false)],
        Point::Reading(..) => &[],
    }
}

/// Whether `word` says of `point` that it is on; nothing when it does not fit.
pub(super) fn meaning(word: &str, point: Point, config: &Config) -> Option<bool> {
    COMMON.iter().chain(own(point, config)).find(|(known, _)| *known == word).map(|(_, on)| *on)
}

/// The usual pair of words for `point`, the one for on first.
pub(super) fn usual(point: Point, config: &Config) -> (&'static str, &'static str) {
    match own(point, config) {
        [(on, _), (off, _)] => (on, off),
        _ => ("on", "off"),
    }
}

/// All words that fit `point`.
pub(super) fn all(point: Point, config: &Config) -> impl Iterator<Item = &'static str> {
    own(point, config).iter().chain(&COMMON).map(|(word, _)| *word)
}
