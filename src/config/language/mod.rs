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
//!            | "date" ("is" ["not"] | "in") DATE { ("or" | ",") DATE } | "date" "between" DATE "and" DATE
//!            | "night" "of" (DAY { ("or" | ",") DAY } | DATE { ("or" | ",") DATE } | "between" DATE "and" DATE | "holiday")
//!            | "mode" ("is" ["not"] | "in") WORD { ("or" | ",") WORD }
//!            | POINT "changed" "within" DURATION
//!            | "dark" | "daylight" | "weekday" | "weekend" | "holiday"
//! sum        = product { ("+" | "-") product }
//! product    = factor { ("*" | "/") factor }
//! factor     = "-" factor | "(" condition ")" | NUMBER [UNIT] | POINT
//!            | ("average" | "minimum" | "maximum" | "trend") "(" POINT "," DURATION ")"
//!            | "today" "(" POINT ")" | DURATION
//! TIME       = (HH:MM[:SS] | SUN [("+" | "-") DURATION]) { "spread" DURATION | "not" ("before" | "after") HH:MM }
//! SUN        = "sunrise" | "sunset" | ["nautical" | "astronomical"] ("dawn" | "dusk")
//! DATE       = DAY MONTH | MONTH
//! ```
//!
//! Event rules have sentences of their own: `trigger` for what happens, `action` for what is done.
//!
//! Text becomes tokens (`lexer`), tokens a tree (`parser`, `when`), and the tree a typed [`Condition`] (`typing`).

mod action;
mod cron;
mod dates;
mod every;
mod lexer;
mod names;
mod parser;
mod range;
mod slips;
mod states;
mod time_of_day;
mod times;
mod trigger;
mod typing;
mod when;
mod words;

#[cfg(test)]
mod tests;

pub use states::{all as state_words, meaning as state_meaning};

pub(super) use action::{action, message};
pub(super) use names::no_mode;
pub(super) use range::{contradiction, overlap};
pub(super) use times::never_then;
pub(super) use trigger::trigger;
pub(super) use typing::{Kept, Scope};
pub(super) use when::window;
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

/// The condition that `text` writes, with what the engine keeps for it.
pub(super) fn condition(text: &str, scope: &Scope<'_>, kept: &mut Kept) -> Result<Condition, Vec<Mistake>> {
    check_length(text, "condition", "\"dark and hall.occupied\"")?;
    let tokens = lexer::tokens(text, &scope.config.own_units()).map_err(|mistake| vec![mistake])?;
    let tree = parser::parse(&tokens, &scope.config.modes.list).map_err(|mistake| vec![mistake])?;
    typing::condition(&tree, scope, kept)
}

fn check_length(text: &str, what: &str, example: &str) -> Result<(), Vec<Mistake>> {
    let article = if what.starts_with(['a', 'e']) { "an" } else { "a" };
    if text.trim().is_empty() {
        let message = format!("an empty {what}");
        return Err(vec![Mistake::new(0..0, message, format!("write one such as {example}"))]);
    }
    if text.chars().count() > LONGEST {
        let message = format!("{article} {what} of more than {LONGEST} characters");
        return Err(vec![Mistake::new(0..0, message, "make several rules of it")]);
    }
    Ok(())
}
