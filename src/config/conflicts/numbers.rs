//! Comparisons that exclude each other: of the same two numbers, or of one thing with two limits.

use crate::{
    config::interval::Interval,
    model::{Comparison, Number, Point, Read},
};
use std::cmp::Ordering;

/// A comparison that holds.
pub(super) struct Limit<'r> {
    left: &'r Number,
    comparison: Comparison,
    right: &'r Number,
}

impl<'r> Limit<'r> {
    /// `left comparison right`, or its opposite.
    pub fn of(left: &'r Number, comparison: Comparison, right: &'r Number, holds: bool) -> Limit<'r> {
        Limit { left, comparison: if holds { comparison } else { comparison.negated() }, right }
    }

    /// Two constants that do not compare so.
    pub fn is_impossible(&self) -> bool {
        matches!((self.left, self.right), (Number::Constant(l), Number::Constant(r)) if !self.comparison.holds(*l, *r))
    }

    /// Whether both cannot hold at once.
    pub fn excludes(&self, other: &Limit<'_>) -> bool {
        if let Some(comparison) = other.as_of(self.left, self.right) {
            return ![Ordering::Less, Ordering::Equal, Ordering::Greater]
                .into_iter()
                .any(|order| admits(self.comparison, order) && admits(comparison, order));
        }
        let (Some(one), Some(other)) = (self.linear(), other.linear()) else { return false };
        let other = match (one.of, other.of) {
            (its, others) if its == others => other,
            ((a, Some(b)), (c, Some(d))) if a == d && b == c => {
                Linear { comparison: other.comparison.mirrored(), limit: -other.limit, ..other }
            }
            _ => return false,
        };
        let intervals = (Interval::of(one.comparison, one.limit), Interval::of(other.comparison, other.limit));
        let (Some(its), Some(others)) = intervals else { return false };
        if one.is_exact && other.is_exact { !its.meets(others) } else { !its.meets(widened(others)) }
    }

    /// The comparison said of these two numbers in this order, if it is of them.
    fn as_of(&self, left: &Number, right: &Number) -> Option<Comparison> {
        if self.left == left && self.right == right {
            Some(self.comparison)
        } else if self.left == right && self.right == left {
            Some(self.comparison.mirrored())
        } else {
            None
        }
    }

    fn linear(&self) -> Option<Linear<'r>> {
        let ((left, added_left), (right, added_right)) = (without_constant(self.left), without_constant(self.right));
        let limit = added_right - added_left;
        let whole = |part: &Number, number: &Number| std::ptr::eq(part, number);
        Some(match (left, right) {
            (Some(left), None) => {
                let is_exact = whole(left, self.left);
                Linear { of: (left, None), comparison: self.comparison, limit, is_exact }
            }
            (None, Some(right)) => {
                let is_exact = whole(right, self.right);
                Linear { of: (right, None), comparison: self.comparison.mirrored(), limit: -limit, is_exact }
            }
            (Some(left), Some(_)) => Linear { of: (left, right), comparison: self.comparison, limit, is_exact: false },
            (None, None) => return None,
        })
    }
}

/// Whether a number is made of what a sensor reads now, and of nothing but that if it is lost.
pub(super) fn reads(number: &Number, point: Point) -> bool {
    let mut found = false;
    number.reads(&mut |read| found |= matches!(point, Point::Reading(..)) && read == Read::Value(point));
    found
}

/// A number, or one less another, compared with a limit.
struct Linear<'r> {
    of: (&'r Number, Option<&'r Number>),
    comparison: Comparison,
    limit: f64,
    /// The limit is as written, without a rounded sum.
    is_exact: bool,
}

/// `garden.temperature + 3` as `garden.temperature` and 3.
fn without_constant(number: &Number) -> (Option<&Number>, f64) {
    let plus = |number, constant: f64| {
        let (rest, sum) = without_constant(number);
        (rest, sum + constant)
    };
    match number {
        Number::Constant(value) => (None, *value),
        Number::Length(length) => (None, length.as_secs_f64()),
        Number::Add(left, right) => match (&**left, &**right) {
            (number, Number::Constant(value)) | (Number::Constant(value), number) => plus(number, *value),
            _ => (Some(number), 0.0),
        },
        Number::Subtract(left, right) => match &**right {
            Number::Constant(value) => plus(left, -value),
            _ => (Some(number), 0.0),
        },
        _ => (Some(number), 0.0),
    }
}

fn admits(comparison: Comparison, order: Ordering) -> bool {
    match order {
        Ordering::Less => comparison.holds(0.0, 1.0),
        Ordering::Equal => comparison.holds(0.0, 0.0),
        Ordering::Greater => comparison.holds(1.0, 0.0),
    }
}

/// So much wider that no rounding of sums puts a number outside which is inside.
fn widened(interval: Interval) -> Interval {
    let slack = |end: f64| if end.is_finite() { 1e-6 * (1.0 + end.abs()) } else { 0.0 };
    Interval {
        low: interval.low - slack(interval.low),
        high: interval.high + slack(interval.high),
        low_in: true,
        high_in: true,
    }
}
