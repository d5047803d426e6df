//! Conditions evaluated: three-valued, and without side effects but for the timers of `for`.

use super::{facts::Facts, state::Timer};
use crate::{
    clock::Moment,
    model::{Condition, Number, Truth},
};
use std::time::Duration;

/// The value of a condition now. All of it is evaluated each time, so that each `for` sees every change of what it times.
pub(super) fn evaluate(condition: &Condition, timers: &mut [Timer], facts: &mut Facts<'_>) -> Truth {
    match condition {
        Condition::All(parts) => parts.iter().fold(Truth::True, |truth, part| truth.and(evaluate(part, timers, facts))),
        Condition::Any(parts) => parts.iter().fold(Truth::False, |truth, part| truth.or(evaluate(part, timers, facts))),
        Condition::Not(part) => !evaluate(part, timers, facts),
        Condition::Held { condition, duration, timer } => {
            let truth = evaluate(condition, timers, facts);
            held(truth, *duration, &mut timers[*timer], facts)
        }
        Condition::On(point) => facts.is_on(*point),
        Condition::ClimateIs(zone, facet, word) => facts.climate_is(*zone, *facet, word),
        Condition::Compare(left, comparison, right) => match (number(left, facts), number(right, facts)) {
            (Some(left), Some(right)) => comparison.holds(left, right).into(),
            _ => Truth::Unknown,
        },
        Condition::TimeBetween { from, to, next_day } => {
            facts.on_the_clock(|calendar, now| calendar.within(*from, *to, *next_day, now.wall))
        }
        Condition::Dark => facts.dark(),
        Condition::Daylight => facts.on_the_clock(|calendar, now| calendar.daylight(now.wall)),
        Condition::Day(_) | Condition::Date(_) | Condition::Holiday => {
            facts.on_the_clock(|calendar, now| calendar.day(condition, now.wall))
        }
        Condition::Night(day) => facts.on_the_clock(|calendar, now| calendar.night(day, now.wall)),
        Condition::Lost(point) => facts.is_lost(*point).into(),
        Condition::Mode(modes) => facts.mode(modes),
        Condition::Changed { point, within } => facts.changed(*point, *within),
        Condition::PresenceSimulation { from, to, next_day, seed } => {
            facts.on_the_clock(|calendar, now| calendar.pretended(*from, *to, *next_day, *seed, now.wall))
        }
    }
}

/// Whether what is `truth` now has been true for `duration`. After a time in which it was unknown, that is unknown
/// until it has been true for so long for certain.
fn held(truth: Truth, duration: Duration, timer: &mut Timer, facts: &mut Facts<'_>) -> Truth {
    let now = facts.now.moment;
    timer.possible = (truth != Truth::False).then(|| timer.possible.unwrap_or(now));
    timer.certain = truth.is_true().then(|| timer.certain.unwrap_or(now));
    let mut full = |since: Option<Moment>| {
        let end = since.map(|since| since + duration);
        if let Some(end) = end.filter(|end| now < *end) {
            facts.wakeup.at(end);
        }
        end.is_some_and(|end| now >= end)
    };
    match (truth, full(timer.certain), full(timer.possible)) {
        (Truth::True, true, _) => Truth::True,
        (Truth::True, false, false) | (Truth::False, ..) => Truth::False,
        (Truth::True, false, true) | (Truth::Unknown, ..) => Truth::Unknown,
    }
}

/// A number, if all it is made of is known and it is finite.
pub(super) fn number(number: &Number, facts: &mut Facts<'_>) -> Option<f64> {
    let mut both = |left: &Number, right: &Number, operation: fn(f64, f64) -> f64| {
        let (left, right) = (self::number(left, facts), self::number(right, facts));
        Some(operation(left?, right?))
    };
    let value = match number {
        Number::Constant(value) => *value,
        Number::Reading(sensor, quantity) => facts.reading(*sensor, *quantity)?,
        Number::Output(output, facet) => facts.of_output(*output, *facet)?,
        Number::Climate(zone, facet) => facts.climate_number(*zone, *facet)?,
        Number::SunElevation => facts.sun_elevation()?,
        Number::Over(summary, series) => facts.over(*summary, *series)?,
        Number::Add(left, right) => both(left, right, |l, r| l + r)?,
        Number::Subtract(left, right) => both(left, right, |l, r| l - r)?,
        Number::Multiply(left, right) => both(left, right, |l, r| l * r)?,
        Number::Divide(left, right) => both(left, right, |l, r| l / r)?,
    };
    value.is_finite().then_some(value)
}
