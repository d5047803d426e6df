//! Conditions evaluated: three-valued, and without side effects but for the timers of `for`.

use super::{facts::Facts, state::Timer};
use crate::{
    clock::Moment,
    model::{Condition, Number, Truth},
};
use std::time::Duration;

/// How often a comparison is looked at of numbers that go on by themselves and not along a line.
const LOOK_AT_A_CURVE: Duration = Duration::from_secs(60);

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
            (Some(one), Some(other)) => {
                wake_when_they_meet(one - other, pace(left, facts).zip(pace(right, facts)), facts);
                comparison.holds(one, other).into()
            }
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
        Condition::Due { output, least } => facts.due(*output, *least),
        Condition::PresenceSimulation { light, from, to, next_day, seed } => match facts.past_day(*light) {
            None => facts.on_the_clock(|calendar, now| calendar.pretended(*from, *to, *next_day, *seed, now.wall)),
            Some((date, on)) => {
                let within = facts.on_the_clock(|calendar, now| calendar.within(*from, *to, *next_day, now.wall));
                within.and(facts.on_the_clock(|calendar, now| calendar.within_day(date, on, now.wall)))
            }
        },
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
        Number::Length(length) => length.as_secs_f64(),
        Number::Reading(sensor, quantity) => facts.reading(*sensor, *quantity)?,
        Number::Output(output, facet) => facts.of_output(*output, *facet)?,
        Number::Climate(zone, facet) => facts.climate_number(*zone, *facet)?,
        Number::Today(point) => facts.today(*point)?.value,
        Number::SunElevation => facts.sun_elevation()?,
        Number::Over(summary, series) => facts.over(*summary, *series)?,
        Number::Add(left, right) => both(left, right, |l, r| l + r)?,
        Number::Subtract(left, right) => both(left, right, |l, r| l - r)?,
        Number::Multiply(left, right) => both(left, right, |l, r| l * r)?,
        Number::Divide(left, right) => both(left, right, |l, r| l / r)?,
    };
    value.is_finite().then_some(value)
}

/// By how much a number becomes more in each second by itself, until something happens; None: not by the same all the time.
fn pace(number: &Number, facts: &mut Facts<'_>) -> Option<f64> {
    match number {
        Number::Today(point) => Some(if facts.today(*point).is_some_and(|today| today.runs) { 1.0 } else { 0.0 }),
        Number::Add(left, right) => Some(pace(left, facts)? + pace(right, facts)?),
        Number::Subtract(left, right) => Some(pace(left, facts)? - pace(right, facts)?),
        Number::Multiply(left, right) => match (pace(left, facts)?, pace(right, facts)?) {
            (0.0, 0.0) => Some(0.0),
            (pace, 0.0) => Some(pace * self::number(right, facts)?),
            (0.0, pace) => Some(pace * self::number(left, facts)?),
            _ => None,
        },
        Number::Divide(left, right) => match (pace(left, facts)?, pace(right, facts)?) {
            (0.0, 0.0) => Some(0.0),
            (pace, 0.0) => Some(pace / self::number(right, facts)?),
            _ => None,
        },
        Number::Constant(_)
        | Number::Length(_)
        | Number::Reading(..)
        | Number::Output(..)
        | Number::Climate(..)
        | Number::Over(..)
        | Number::SunElevation => Some(0.0),
    }
}

/// Notes when two numbers that are `apart` meet, and when they part again, which is a millisecond later.
fn wake_when_they_meet(apart: f64, paces: Option<(f64, f64)>, facts: &mut Facts<'_>) {
    let now = facts.now.moment;
    let Some((one, other)) = paces else { return facts.wakeup.at(now + LOOK_AT_A_CURVE) };
    if one == other {
        return;
    }
    let ms = apart / (other - one) * 1000.0;
    // Sums of seconds are rounded; what is written are whole milliseconds.
    let whole = if (ms - ms.round()).abs() < 1e-3 { ms.round() } else { ms.ceil() };
    if whole >= 0.0 && whole.is_finite() {
        facts.wakeup.at(now + Duration::from_millis((whole as u64).max(1)));
    }
}
