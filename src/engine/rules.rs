//! Rules: levels, not events. A rule is active as long as its condition is true.

use super::{condition::evaluate, facts::Facts, state::RuleState};
use crate::model::{Rule, Truth};

/// Brings a rule's state up to date. Returns whether what must survive a restart changed.
///
/// With `until`, `while` switches the rule on and `until` switches it off; it goes on only while `until` is known to be
/// false. What is not known asserts nothing, but the latch stays, so that the rule goes on when the sensor is back.
pub(super) fn update(rule: &Rule, state: &mut RuleState, facts: &mut Facts<'_>) -> bool {
    let before = (state.latched, state.timers.clone());
    let wanted = evaluate(&rule.condition, &mut state.timers, facts);
    state.truth = match &rule.until {
        None => wanted,
        Some(until) => {
            let over = evaluate(until, &mut state.timers, facts);
            match (state.latched, wanted, over) {
                (true, _, Truth::True) => state.latched = false,
                (false, Truth::True, Truth::False) => state.latched = true,
                _ => {}
            }
            if state.latched { !over } else { wanted.and(!over) }
        }
    };
    before.0 != state.latched || before.1 != state.timers
}
