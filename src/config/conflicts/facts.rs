//! What cannot be so at once. Nothing that can be is ever said to contradict; that two things exclude each other for
//! reasons which are not here (it is never warm and dark in some house) is not known.

use super::{
    numbers::{self, Limit},
    search::Literal,
    windows::Window,
};
use crate::model::{Condition, Config, Date, Point};

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
    if is_lost_and_read(case, new) {
        return true;
    }
    if let Some(window) = Window::of(new, config) {
        let others: Vec<Window> = case.iter().filter_map(|known| Window::of(known, config)).collect();
        return window.never_meets(&others) || on_no_day(case, new, config);
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
        Condition::Day(_) | Condition::Date(_) | Condition::Night(_) => on_no_day(case, new, config),
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
        // What has been so for ten minutes has been so for five, and did not change within them.
        Condition::Held { .. } | Condition::Changed { .. } if is_held_and_changed(case, new) => true,
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

/// Whether nothing good is known of a point while something is known of it: neither true nor false is what it is unknown
/// from. Outputs are decided whatever their wires do, and what was over a time is known for longer.
fn is_lost_and_read(case: &[Literal<'_>], new: &Literal<'_>) -> bool {
    fn lost(literal: &Literal<'_>) -> Option<Point> {
        match literal.condition {
            Condition::Lost(point) if literal.holds => Some(*point),
            _ => None,
        }
    }
    // What follows from darkness is so only while it is known.
    let reads = |literal: &Literal<'_>, lost: Point| match literal.condition {
        _ if literal.implied => false,
        Condition::On(point) => {
            *point == lost && matches!(point, Point::Input(_) | Point::Occupied(_) | Point::Asleep(_))
        }
        Condition::Compare(left, _, right) => [left, right].into_iter().any(|number| numbers::reads(number, lost)),
        _ => false,
    };
    case.iter().any(|known| {
        lost(new).is_some_and(|lost| reads(known, lost)) || lost(known).is_some_and(|lost| reads(new, lost))
    })
}

/// Whether an input or a room has been so for longer than it has not changed.
fn is_held_and_changed(case: &[Literal<'_>], new: &Literal<'_>) -> bool {
    let of = |one: &Literal<'_>, other: &Literal<'_>| {
        let (Condition::Held { condition, duration, .. }, Condition::Changed { point, within }) =
            (one.condition, other.condition)
        else {
            return false;
        };
        let of = match &**condition {
            Condition::Not(inner) => inner,
            condition => condition,
        };
        let is_read = matches!(point, Point::Input(_) | Point::Occupied(_) | Point::Asleep(_));
        one.holds && other.holds && is_read && *of == Condition::On(*point) && within <= duration
    };
    case.iter().any(|known| of(known, new) || of(new, known))
}

/// Whether no half of a day fits all that is said of days, dates, nights (from noon to noon) and times of the clock.
fn on_no_day(case: &[Literal<'_>], new: &Literal<'_>, config: &Config) -> bool {
    let all = || case.iter().chain([new]);
    let windows: Vec<Window> = all().filter_map(|literal| Window::of(literal, config)).collect();
    let fits = |is_such: &dyn Fn(&Condition) -> Option<bool>, last: &dyn Fn(&Condition) -> Option<bool>, morning| {
        all().all(|literal| {
            let such = match literal.condition {
                // The night of a morning is that of the day before.
                Condition::Night(day) => {
                    if morning {
                        last(day)
                    } else {
                        is_such(day)
                    }
                }
                day => is_such(day),
            };
            such.is_none_or(|such| such == literal.holds)
        })
    };
    let day_of_week = |day: u32| {
        move |condition: &Condition| match condition {
            Condition::Day(days) => Some(days.contains(day)),
            _ => None,
        }
    };
    let date_of_year = |date: Date| {
        move |condition: &Condition| match condition {
            Condition::Date(ranges) => Some(ranges.iter().any(|range| range.contains(date))),
            _ => None,
        }
    };
    ![true, false].into_iter().any(|morning| {
        let mut before = Date { month: 12, day: 31 };
        !Window::half_of_day(morning).never_meets(&windows)
            && (0..7).any(|day| fits(&day_of_week(day), &day_of_week((day + 6) % 7), morning))
            && Date::all().any(|date| {
                let last = std::mem::replace(&mut before, date);
                // Of the first of March, in most years.
                let of_march = (date == Date { month: 3, day: 1 }).then_some(Date { month: 2, day: 28 });
                [Some(last), of_march]
                    .into_iter()
                    .flatten()
                    .any(|last| fits(&date_of_year(date), &date_of_year(last), morning))
            })
    })
}
