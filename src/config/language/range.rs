//! Conditions that can never be true, or end as they begin, as far as that is cheap to see.

use super::times;
use crate::{
    config::{conflicts, interval::Interval},
    model::{Comparison, Condition, Config, Number, Point, Quantity, SensorId, Series},
};

/// What a limit is set on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measured {
    Reading(SensorId, Quantity),
    SunElevation,
}

impl Measured {
    fn name(self, config: &Config) -> String {
        match self {
            Measured::Reading(sensor, quantity) => config.point_name(Point::Reading(sensor, quantity)),
            Measured::SunElevation => "sun.elevation".into(),
        }
    }

    fn possible(self) -> Interval {
        let (low, high) = match self {
            Measured::Reading(_, quantity) => (*quantity.plausible().start(), *quantity.plausible().end()),
            Measured::SunElevation => (-90.0, 90.0),
        };
        Interval { low, high, low_in: true, high_in: true }
    }

    fn unit(self) -> &'static str {
        match self {
            Measured::Reading(_, quantity) => quantity.unit().sign(),
            Measured::SunElevation => "degrees",
        }
    }
}

/// A number compared with a constant, whichever side that is on.
fn limit(condition: &Condition) -> Option<(Measured, Comparison, f64)> {
    let measured = |number: &Number| match number {
        Number::Reading(sensor, quantity) => Some(Measured::Reading(*sensor, *quantity)),
        Number::SunElevation => Some(Measured::SunElevation),
        _ => None,
    };
    let Condition::Compare(left, comparison, right) = condition else { return None };
    match (left, right) {
        (number, Number::Constant(limit)) => Some((measured(number)?, *comparison, *limit)),
        (Number::Constant(limit), number) => Some((measured(number)?, comparison.mirrored(), *limit)),
        _ => None,
    }
}

/// Why a single comparison is a slip: its limit is beyond what can be measured, or at its very end.
pub(super) fn out_of_reach(condition: &Condition, config: &Config) -> Option<(String, String)> {
    let (measured, comparison, limit) = limit(condition)?;
    let possible = measured.possible();
    let never = Interval::of(comparison, limit).is_some_and(|interval| !interval.meets(possible));
    if possible.contains(limit) && !never {
        return None;
    }
    let (name, unit) = (measured.name(config), measured.unit());
    let reach = format!("{name} is between {} and {} {unit}", possible.low, possible.high);
    let message =
        if never { format!("this can never be true: {reach}") } else { format!("{limit} is out of range: {reach}") };
    Some((message.trim_end().to_owned(), "write a number within that range".to_owned()))
}

/// Why conditions can never be true together. `series` are those of the file so far.
pub(in crate::config) fn contradiction(
    parts: &[Condition],
    config: &Config,
    series: &[Series],
) -> Option<(String, String)> {
    limits_apart(parts, config).or_else(|| {
        let exclusive = conflicts::exclusive(parts, config)?;
        // It gets them when all of the file is read.
        let config = Config { series: series.to_vec(), ..config.clone() };
        let texts: Vec<String> = exclusive.iter().map(|part| format!("`{}`", part.describe(&config))).collect();
        let message = format!("this can never be true: {} are never so at once", texts.join(" and "));
        Some((message, times::advice(&Condition::All(parts.to_vec()))))
    })
}

fn limits_apart(parts: &[Condition], config: &Config) -> Option<(String, String)> {
    let limits: Vec<_> = parts
        .iter()
        .filter_map(limit)
        .filter_map(|(measured, comparison, limit)| Some((measured, Interval::of(comparison, limit)?)))
        .collect();
    let apart = |(i, (measured, interval)): (usize, &(Measured, Interval))| {
        let other = limits[..i].iter().find(|(other, its)| other == measured && !its.meets(*interval));
        other.map(|_| *measured)
    };
    let measured = limits.iter().enumerate().find_map(apart)?;
    Some((
        format!("this can never be true: no {} fits both limits", measured.name(config)),
        "write `or` between them, or change a limit".into(),
    ))
}

/// Why a rule with this `while` and this `until` would end and begin at once: both can be true.
pub(in crate::config) fn overlap(
    condition: &Condition,
    until: &Condition,
    config: &Config,
) -> Option<(String, String)> {
    fn parts(condition: &Condition) -> &[Condition] {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => parts,
            single => std::slice::from_ref(single),
        }
    }
    if condition == until {
        return Some((
            "`until` is the same as `while`".into(),
            "write when the rule ends, or leave `until` out".into(),
        ));
    }
    // One part of `until` is enough to end the rule, and `while` must hold as a whole.
    if matches!(condition, Condition::Any(_)) || matches!(until, Condition::All(_)) {
        return None;
    }
    let limits = |condition| parts(condition).iter().filter_map(limit);
    for (measured, comparison, limit) in limits(condition) {
        for (other, until_comparison, until_limit) in limits(until) {
            let (Some(begins), Some(ends)) =
                (Interval::of(comparison, limit), Interval::of(until_comparison, until_limit))
            else {
                continue;
            };
            if measured == other && begins.meets(ends) {
                let name = measured.name(config);
                let advice = match comparison {
                    Comparison::Greater | Comparison::GreaterOrEqual => {
                        format!("write a lower limit, such as `{name} < {}`", limit - 1.0)
                    }
                    _ => format!("write a higher limit, such as `{name} > {}`", limit + 1.0),
                };
                return Some((format!("`while` and `until` can both be true: {name} fits both limits"), advice));
            }
        }
    }
    None
}
