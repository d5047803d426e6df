//! The rule language: a small typed language for conditions that reads like a sentence.
//!
//! ```text
//! condition  = and { "or" and }
//! and        = held { "and" held }
//! held       = not [ "for" DURATION ]
//! not        = "not" not | comparison
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=" | "above" | "below" | "at" "least" | "at" "most") sum
//!                  | "between" sum "and" sum
//!                  | "is" ["not"] STATE ]
//!            | "time" ("between" TIME "and" TIME | "after" TIME | "before" TIME)
//!            | "day" ("is" ["not"] | "in") DAY { ("or" | ",") DAY } | "day" "between" DAY "and" DAY
//!            | "dark" | "daylight" | "weekday" | "weekend"
//! sum        = product { ("+" | "-") product }
//! product    = factor { ("*" | "/") factor }
//! factor     = "-" factor | "(" condition ")" | NUMBER [UNIT] | POINT
//! TIME       = HH:MM[:SS] | ("dawn" | "sunrise" | "sunset" | "dusk") [("+" | "-") DURATION]
//! ```
//!
//! Text becomes tokens (`lexer`), tokens a tree (`parser`, `when`), and the tree a typed [`Condition`] (`typing`).

mod lexer;
mod names;
mod parser;
mod range;
mod slips;
mod states;
mod time_of_day;
mod typing;
mod when;
mod words;

#[cfg(test)]
mod tests;

pub use states::{all as state_words, meaning as state_meaning};

pub(super) use range::overlap;
pub(super) use typing::Scope;
pub(super) use words::is_reserved;

use crate::model::Condition;
use std::ops::Range;

/// The most characters that a condition has.
pub(super) const LONGEST: usize = 1000;

/// What is wrong with a part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Bytes of the condition's text.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub advice: String,
}

impl Mistake {
    fn new(place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake { place, message: message.into(), advice: advice.into() }
    }
}

/// The condition that `text` writes. `timers` counts the `for` durations of a rule.
pub(super) fn condition(text: &str, scope: &Scope<'_>, timers: &mut usize) -> Result<Condition, Vec<Mistake>> {
    if text.trim().is_empty() {
        return Err(vec![Mistake::new(0..0, "an empty condition", "write one such as \"dark and hall.occupied\"")]);
    }
    if text.chars().count() > LONGEST {
        let message = format!("a condition of more than {LONGEST} characters");
        return Err(vec![Mistake::new(0..0, message, "make several rules of it")]);
    }
    let tokens = lexer::tokens(text).map_err(|mistake| vec![mistake])?;
    let tree = parser::parse(&tokens).map_err(|mistake| vec![mistake])?;
    typing::condition(&tree, scope, timers)
}
