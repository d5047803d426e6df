//! Readings looked back on: their average, lowest, highest and trend over a while.
//!
//! A window is kept as some sixty spans of time, each with the mean, lowest and highest of its readings: memory is bounded
//! whatever the sensor's rhythm. A reading counts from when it was read until the next one, if that comes before it is
//! stale; otherwise the time after it is a gap. What is asked for is known when the readings cover four fifths of the
//! window, and while the sensor's own reading is good. It changes with each reading and not in between.

use crate::{clock::Moment, model::Summary};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, time::Duration};

/// Into how many spans a window is divided.
const SPANS: u32 = 60;
/// The part of a window that must be covered.
const ENOUGH: f64 = 0.8;

/// The readings of one quantity over the last while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Readings {
    /// Oldest first.
    spans: VecDeque<Span>,
    /// The last reading, and when it was.
    last: Option<(Moment, f64)>,
}

/// A part of the window: its number since the beginning of time, milliseconds covered, their integral, lowest, highest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Span(i64, u64, f64, f64, f64);

impl Readings {
    /// Takes in a reading. The one before it counts until now unless it went stale.
    pub fn add(&mut self, value: f64, now: Moment, window: Duration, stale_after: Duration) {
        let width = width(window);
        let (now_ms, window_ms) = (now.as_millis(), i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
        if let Some((at, before)) = self.last.replace((now, value))
            && now.since(at) <= stale_after
        {
            let mut from = at.as_millis().max(now_ms.saturating_sub(window_ms));
            while from < now_ms {
                let number = from.div_euclid(width);
                let to = number.saturating_add(1).saturating_mul(width).min(now_ms);
                let length = u64::try_from(to - from).unwrap_or(0);
                let span = self.span(number, before);
                span.1 += length;
                span.2 += before * (to - from) as f64;
                from = to.max(from + 1);
            }
        }
        self.span(now_ms.div_euclid(width), value);
        let oldest = now_ms.saturating_sub(window_ms).div_euclid(width);
        while self.spans.front().is_some_and(|span| span.0 < oldest) {
            self.spans.pop_front();
        }
        // After a moment that went backwards there may be spans of the future.
        let newest = now_ms.div_euclid(width);
        self.spans.retain(|span| span.0 <= newest);
    }

    /// What they come to; nothing until there are enough.
    pub fn summary(&self, summary: Summary, window: Duration) -> Option<f64> {
        let (mut covered, mut integral) = (0, 0.0);
        for Span(_, length, sum, ..) in &self.spans {
            (covered, integral) = (covered + length, integral + sum);
        }
        if (covered as f64) < window.as_millis() as f64 * ENOUGH {
            return None;
        }
        match summary {
            Summary::Average => Some(integral / covered as f64),
            Summary::Minimum => self.spans.iter().map(|span| span.3).min_by(f64::total_cmp),
            Summary::Maximum => self.spans.iter().map(|span| span.4).max_by(f64::total_cmp),
            Summary::Trend => self.slope(width(window)),
        }
    }

    /// The slope per hour of the line with the least squares through the means of the spans.
    fn slope(&self, width_ms: i64) -> Option<f64> {
        let first = self.spans.front()?.0;
        let spans_per_hour = 3_600_000.0 / width_ms as f64;
        // Weight w, place x and mean y of each, by the sums of w, wx, wy, wxx and wxy. Places count from the middle, or
        // rounding would take its share of the differences below.
        let middle = (self.spans.back()?.0 - first) as f64 / 2.0;
        let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for Span(number, length, sum, ..) in self.spans.iter().filter(|span| span.1 > 0) {
            let (length, x) = (*length as f64, (number - first) as f64 - middle);
            w += length;
            wx += length * x;
            wy += sum;
            wxx += length * x * x;
            wxy += sum * x;
        }
        let slope = (wxy - wx * wy / w) / (wxx - wx * wx / w);
        Some(slope * spans_per_hour).filter(|slope| slope.is_finite())
    }

    /// The span of this number, which is one of the newest. `value` was read in it.
    fn span(&mut self, number: i64, value: f64) -> &mut Span {
        let place = self.spans.iter().rposition(|span| span.0 <= number).map_or(0, |place| place + 1);
        let known = place.checked_sub(1).filter(|place| self.spans[*place].0 == number);
        let place = known.unwrap_or_else(|| {
            self.spans.insert(place, Span(number, 0, 0.0, value, value));
            place
        });
        let span = &mut self.spans[place];
        (span.3, span.4) = (span.3.min(value), span.4.max(value));
        span
    }
}

/// The length of a span, milliseconds.
fn width(window: Duration) -> i64 {
    i64::try_from(window.as_millis().div_ceil(SPANS.into())).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Readings each 30 s for `minutes`, the value being a function of the minute.
    fn readings(minutes: i64, value: impl Fn(f64) -> f64) -> Readings {
        let mut readings = Readings::default();
        for half in 0..=minutes * 2 {
            let at = Moment::from_millis(half * 30_000);
            readings.add(value(half as f64 / 2.0), at, HOUR, Duration::from_secs(90));
        }
        readings
    }

    #[test]
    fn it_is_known_when_four_fifths_are_covered() {
        assert_eq!(readings(47, |_| 20.0).summary(Summary::Average, HOUR), None);
        assert_eq!(readings(48, |_| 20.0).summary(Summary::Average, HOUR), Some(20.0));
    }

    #[test]
    fn a_ramp_has_its_slope_mean_and_ends() {
        let ramp = readings(240, |minute| 10.0 + minute / 20.0);
        let near = |summary, expected: f64| {
            let found = ramp.summary(summary, HOUR).unwrap();
            assert!((found - expected).abs() < 0.08, "{summary:?}: {found}, not {expected}");
        };
        near(Summary::Trend, 3.0);
        near(Summary::Average, 20.5);
        near(Summary::Minimum, 19.0);
        near(Summary::Maximum, 22.0);
        assert!(ramp.spans.len() <= SPANS as usize + 1);
    }

    #[test]
    fn a_gap_counts_for_nothing() {
        let mut gap = readings(60, |_| 20.0);
        let later = Moment::from_millis(75 * 60_000);
        gap.add(30.0, later, HOUR, Duration::from_secs(90));
        assert_eq!(gap.summary(Summary::Average, HOUR), None, "15 of 60 minutes are missing");
        for half in 1..=8 {
            gap.add(30.0, later + Duration::from_secs(half * 30), HOUR, Duration::from_secs(90));
        }
        assert_eq!(gap.summary(Summary::Maximum, HOUR), None);
    }

    #[test]
    fn the_mean_is_over_time_not_over_readings() {
        let mut readings = Readings::default();
        let mut add = |second: u64, value| {
            readings.add(value, Moment::START + Duration::from_secs(second), Duration::from_secs(60), HOUR);
        };
        add(0, 10.0);
        add(30, 20.0);
        (31..=60).for_each(|second| add(second, 20.0));
        assert_eq!(readings.summary(Summary::Average, Duration::from_secs(60)), Some(15.0));
    }
}
