//! Conditions without `not`: what must be so, and what must not, for a condition to be true or false.

use super::search::Literal;
use crate::model::{Condition, Rule};

/// What must be so.
#[derive(Clone, Debug)]
pub(super) enum Formula<'r> {
    All(Vec<Formula<'r>>),
    Any(Vec<Formula<'r>>),
    Literal(Literal<'r>),
}

impl<'r> Formula<'r> {
    /// What makes `condition` true, or false. `dark`: what the hub says of darkness, if it does.
    pub fn of(condition: &'r Condition, holds: bool, dark: Option<&'r Rule>) -> Formula<'r> {
        Formula::within(condition, holds, dark, false)
    }

    /// `implied`: it follows from something that is said anyway.
    fn within(condition: &'r Condition, holds: bool, dark: Option<&'r Rule>, implied: bool) -> Formula<'r> {
        let each =
            |parts: &'r [Condition]| parts.iter().map(|part| Formula::within(part, holds, dark, implied)).collect();
        let literal = Formula::Literal(Literal { condition, holds, implied });
        match (condition, holds) {
            (Condition::All(parts), true) | (Condition::Any(parts), false) => Formula::All(each(parts)),
            (Condition::All(parts), false) | (Condition::Any(parts), true) => Formula::Any(each(parts)),
            (Condition::Not(part), _) => Formula::within(part, !holds, dark, implied),
            // What has been so for a while is so. What has not been may be so all the same.
            (Condition::Held { condition, .. }, true) => {
                Formula::All(vec![literal, Formula::within(condition, true, dark, true)])
            }
            // Where the hub says what is dark, that is so when it is dark, and is not when it is not.
            (Condition::Dark, _) => match dark {
                Some(rule) => Formula::All(vec![literal, Formula::of_dark(rule, holds)]),
                None => literal,
            },
            _ => literal,
        }
    }

    /// What follows from darkness, or from its opposite, as the hub explains it. With `until` it goes on until that is true.
    fn of_dark(rule: &'r Rule, holds: bool) -> Formula<'r> {
        let part = |condition, holds| Formula::within(condition, holds, None, true);
        match (&rule.until, holds) {
            (None, _) => part(&rule.condition, holds),
            (Some(until), true) => part(until, false),
            (Some(until), false) => Formula::Any(vec![part(&rule.condition, false), part(until, true)]),
        }
    }
}
