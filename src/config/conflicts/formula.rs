//! Conditions without `not`: what must be so, and what must not, for a condition to be true or false.

use super::search::Literal;
use crate::model::Condition;

/// What must be so.
#[derive(Clone, Debug)]
pub(super) enum Formula<'r> {
    All(Vec<Formula<'r>>),
    Any(Vec<Formula<'r>>),
    Literal(Literal<'r>),
}

impl<'r> Formula<'r> {
    /// What makes `condition` true, or false.
    pub fn of(condition: &'r Condition, holds: bool) -> Formula<'r> {
        Formula::within(condition, holds, false)
    }

    /// `implied`: it follows from something that is said anyway.
    fn within(condition: &'r Condition, holds: bool, implied: bool) -> Formula<'r> {
        let each = |parts: &'r [Condition]| parts.iter().map(|part| Formula::within(part, holds, implied)).collect();
        let literal = Formula::Literal(Literal { condition, holds, implied });
        match (condition, holds) {
            (Condition::All(parts), true) | (Condition::Any(parts), false) => Formula::All(each(parts)),
            (Condition::All(parts), false) | (Condition::Any(parts), true) => Formula::Any(each(parts)),
            (Condition::Not(part), _) => Formula::within(part, !holds, implied),
            // What has been so for a while is so. What has not been may be so all the same.
            (Condition::Held { condition, .. }, true) => {
                Formula::All(vec![literal, Formula::within(condition, true, true)])
            }
            _ => literal,
        }
    }
}
