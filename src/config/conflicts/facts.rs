//! What cannot be so at once. Nothing that can be is ever said to contradict; that two things exclude each other for
//! reasons which are not here (it is never warm and dark in some house) is not known.

use super::{numbers::Limit, search::Literal, windows::Window};
use crate::model::{Condition, Config, Date};

/// Whether two parts of conditions always have the same value. Each `for` has its own timer, but they run alike.
pub(super) fn same(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (
            Condition::Held { condition: one, duration: its, .. },
            Condition::Held { condition: other, duration: others, .. },
        ) => its == others && same(one, other),
        _ => one == other,
    }
}

/// Whether `new` cannot hold beside the literals of `case`, which do not contradict each other.
pub(super) fn contradict(case: &[Literal<'_>], new: &Literal<'_>, config: &Config) -> bool {
    if case.iter().any(|known| known.holds != new.holds && same(known.condition, new.condition)) {
        return true;
    }
    if let Some(window) = Window::of(new, config) {
        let others: Vec<Window> = case.iter().filter_map(|known| Window::of(known, config)).collect();
        return window.never_meets(&others);
    }
    let all = || case.iter().chain([new]);
    let fits = |fits: &dyn Fn(&Condition) -> Option<bool>| {
        all().all(|literal| fits(literal.condition).is_none_or(|fits| fits == literal.holds))
    };
    match new.condition {
        Condition::Compare(left, comparison, right) => {
            let limit = Limit::of(left, *comparison, right, new.holds);
            limit.is_impossible()
                || case.iter().any(|known| match known.condition {
                    Condition::Compare(left, comparison, right) => {
                        limit.excludes(&Limit::of(left, *comparison, right, known.holds))
                    }
                    _ => false,
                })
        }
        Condition::Day(_) => !(0..7).any(|day| {
            fits(&|condition| match condition {
                Condition::Day(days) => Some(days.contains(day)),
                _ => None,
            })
        }),
        Condition::Date(_) => !days_of_a_year().any(|date| {
            fits(&|condition| match condition {
                Condition::Date(ranges) => Some(ranges.iter().any(|range| range.contains(date))),
                _ => None,
            })
        }),
        Condition::Mode(_) => !(0..config.modes.list.len()).any(|mode| {
            fits(&|condition| match condition {
                Condition::Mode(modes) => Some(modes.contains(&mode)),
                _ => None,
            })
        }),
        Condition::ClimateIs(zone, facet, word) if new.holds => case.iter().any(|known| {
            known.holds
                && matches!(known.condition, Condition::ClimateIs(z, f, w) if (z, f) == (zone, facet) && w != word)
        }),
        // What has been so for ten minutes has been so for five.
        Condition::Held { .. } => case.iter().any(|known| match yes_and_no(known, new) {
            Some((
                Condition::Held { condition, duration, .. },
                Condition::Held { condition: denied, duration: shorter, .. },
            )) => same(condition, denied) && shorter <= duration,
            _ => false,
        }),
        // What has changed within five minutes has changed within ten.
        Condition::Changed { .. } => case.iter().any(|known| match yes_and_no(known, new) {
            Some((Condition::Changed { point, within }, Condition::Changed { point: denied, within: longer })) => {
                point == denied && longer >= within
            }
            _ => false,
        }),
        _ => false,
    }
}

/// Of two literals the condition that holds and the one that does not, if they are such.
fn yes_and_no<'r>(one: &Literal<'r>, other: &Literal<'r>) -> Option<(&'r Condition, &'r Condition)> {
    match (one.holds, other.holds) {
        (true, false) => Some((one.condition, other.condition)),
        (false, true) => Some((other.condition, one.condition)),
        _ => None,
    }
}

/// The days of a leap year.
fn days_of_a_year() -> impl Iterator<Item = Date> {
    let last = |month: u32| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).flat_map(move |month| (1..=last(month)).map(move |day| Date { month, day }))
}
