//! Numbers between two ends.

use crate::model::Comparison;

/// Numbers between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub low: f64,
    pub high: f64,
    /// Whether the ends belong to it.
    pub low_in: bool,
    pub high_in: bool,
}

impl Interval {
    /// The numbers that compare so with `limit`; nothing when that is no interval.
    pub fn of(comparison: Comparison, limit: f64) -> Option<Interval> {
        let all = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY, low_in: true, high_in: true };
        Some(match comparison {
            Comparison::Less => Interval { high: limit, high_in: false, ..all },
            Comparison::LessOrEqual => Interval { high: limit, ..all },
            Comparison::Greater => Interval { low: limit, low_in: false, ..all },
            Comparison::GreaterOrEqual => Interval { low: limit, ..all },
            Comparison::Equal => Interval { low: limit, high: limit, ..all },
            Comparison::NotEqual => return None,
        })
    }

    pub fn meets(self, other: Interval) -> bool {
        let low = self.low.max(other.low);
        let high = self.high.min(other.high);
        let inside = |at: f64| self.contains(at) && other.contains(at);
        low < high || (low == high && inside(low))
    }

    pub fn contains(self, at: f64) -> bool {
        (if self.low_in { at >= self.low } else { at > self.low })
            && (if self.high_in { at <= self.high } else { at < self.high })
    }
}
