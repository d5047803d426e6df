//! Counters: from pulses to a total and a rate.
//!
//! The **total** is kept in whole pulses, so that it is as exact after a year as on the first day. What is shown of it is
//! never more than what was handed over to be kept: after a kill it does not go backwards.
//!
//! The **rate** is worked out from the time between pulses, over all that came since it was last shown. While none comes,
//! it is at most one pulse in the time since the last; after `zero_after` it is zero. It is not known before two pulses,
//! or that much silence, were heard on a line that works. A new process goes on with what the last one knew, if that was
//! less than `zero_after` ago: it heard nothing since.

use crate::{
    clock::Moment,
    model::{Counter, Measures},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Pulses are told a little late, many together: so short a silence says nothing.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// A total is set to a multiple of this part of its unit.
const PARTS: f64 = 1e6;

/// What a counter has counted. It begins at nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Counting {
    /// What it counts and by which constant: pulses of another one are worth something else.
    meaning: Option<(Measures, f64)>,
    /// The total before the first of `pulses`, in millionths of its unit.
    base: u64,
    pub(super) pulses: u64,
    /// So many of `pulses` were handed over to be kept, and may be shown.
    #[serde(skip)]
    pub(super) kept: u64,
    /// The rate as it was last shown, pulses a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    #[serde(skip)]
    pub(super) pace: Pace,
    /// When its points were last brought up to date.
    #[serde(skip)]
    pub(super) shown_at: Option<Moment>,
    /// Somebody else says what it reads (a simulation), or nothing is to change it (a look ahead).
    #[serde(skip)]
    pub still: bool,
}

/// How fast pulses come, as far as this process has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pace {
    /// Since when its line works without a break.
    pub(super) heard: Option<Moment>,
    /// The pulse from which `pulses` are counted, which follow it.
    from: Option<Moment>,
    pub(super) pulses: u64,
    last: Option<Moment>,
    /// Pulses a second.
    pub(super) rate: Option<f64>,
}

impl Counting {
    /// A new process goes on with what was kept, so long ago; of pulses while there was none, nothing is known.
    pub(super) fn begin(&mut self, counter: &Counter, ago: Duration) {
        let rate = self.rate.filter(|rate| rate.is_finite() && ago < counter.zero_after);
        let pace = Pace { rate, ..Pace::default() };
        *self =
            Counting { meaning: self.meaning, base: self.base, pulses: self.pulses, rate, pace, ..Counting::default() };
        self.kept = self.pulses;
    }

    /// Pulses from now on mean this.
    pub(super) fn adopt(&mut self, counter: &Counter) {
        let meaning = (counter.measures, counter.pulses_per_unit);
        match self.meaning.replace(meaning) {
            Some(before) if before == meaning => {}
            // The meter is the same: what it showed is worth what it was.
            Some((measures, constant)) if measures == meaning.0 => {
                self.base = self.base.saturating_add(parts(self.kept as f64 / constant));
                (self.pulses, self.kept) = (self.pulses - self.kept, 0);
                (self.pace.rate, self.rate) = (None, None);
            }
            Some(_) => *self = Counting { meaning: self.meaning, still: self.still, ..Counting::default() },
            None => {}
        }
    }

    /// Counts pulses, the last of which was at `at`.
    pub(super) fn count(&mut self, count: u32, at: Moment) {
        self.pulses = self.pulses.saturating_add(count.into());
        let pace = &mut self.pace;
        match pace.from {
            Some(_) => pace.pulses = pace.pulses.saturating_add(count.into()),
            // When those before the last of them were is not told.
            None => pace.from = Some(at),
        }
        pace.last = pace.last.max(Some(at));
    }

    /// What it counted by constant, as far as that was handed over to be kept.
    pub(super) fn total(&self, counter: &Counter) -> f64 {
        self.base as f64 / PARTS + self.kept as f64 / counter.pulses_per_unit
    }

    /// Sets the total to what a meter shows.
    pub(super) fn set(&mut self, total: f64) {
        (self.base, self.pulses, self.kept) = (parts(total), 0, 0);
        self.shown_at = None;
    }
}

fn parts(total: f64) -> u64 {
    (total * PARTS).round() as u64
}

impl Pace {
    /// Brings the rate up to date.
    pub(super) fn work_out(&mut self, counter: &Counter, now: Moment) {
        let (Some(from), Some(last)) = (self.from, self.last) else {
            let silence = self.heard.map(|heard| now.since(heard)).unwrap_or_default();
            self.fall(counter, silence);
            return;
        };
        if self.pulses > 0 && last > from {
            self.rate = Some(self.pulses as f64 / last.since(from).as_secs_f64());
            (self.from, self.pulses) = (Some(last), 0);
        }
        self.fall(counter, now.since(last));
    }

    /// No pulse came for so long.
    pub(super) fn fall(&mut self, counter: &Counter, silence: Duration) {
        if silence >= counter.zero_after {
            // The next pulse ends a time that tells nothing of what is then.
            *self = Pace { heard: self.heard, rate: Some(0.0), ..Pace::default() };
        } else if let Some(rate) = self.rate.as_mut().filter(|_| silence > TOLD_WITHIN) {
            *rate = rate.min(1.0 / silence.as_secs_f64());
        }
    }

    /// When it falls to zero if no pulse comes.
    pub(super) fn ends(&self, counter: &Counter) -> Option<Moment> {
        self.last.or(self.heard).filter(|_| self.rate != Some(0.0)).map(|last| last + counter.zero_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Moment {
        Moment::from_millis(ms)
    }

    fn meter(measures: Measures, pulses_per_unit: f64, zero_after_s: u64) -> Counter {
        Counter { measures, pulses_per_unit, zero_after: Duration::from_secs(zero_after_s) }
    }

    fn rate(counting: &mut Counting, counter: &Counter, ms: i64) -> Option<f64> {
        counting.pace.work_out(counter, at(ms));
        counting.pace.rate
    }

    #[test]
    fn the_rate_is_measured_between_pulses_and_falls_while_none_comes() {
        let counter = meter(Measures::Energy, 1000.0, 300);
        let mut counting = Counting::default();
        counting.pace.heard = Some(at(0));
        assert_eq!(rate(&mut counting, &counter, 1_000), None);
        counting.count(1, at(2_000));
        assert_eq!(rate(&mut counting, &counter, 10_000), None, "one pulse tells nothing yet");
        counting.count(1, at(12_000));
        assert_eq!(rate(&mut counting, &counter, 20_000), Some(0.1));
        counting.count(4, at(22_000));
        assert_eq!(rate(&mut counting, &counter, 22_500), Some(0.4), "from pulse to pulse, whenever it is asked");
        assert_eq!(rate(&mut counting, &counter, 32_000), Some(0.1), "none for 10 s");
        assert_eq!(rate(&mut counting, &counter, 321_999), Some(1.0 / 299.999));
        assert_eq!(rate(&mut counting, &counter, 322_000), Some(0.0));
        counting.count(1, at(400_000));
        assert_eq!(rate(&mut counting, &counter, 400_000), Some(0.0), "what was before it tells nothing");
        counting.count(1, at(401_000));
        assert_eq!(rate(&mut counting, &counter, 402_000), Some(1.0));
    }

    #[test]
    fn silence_is_zero_only_where_somebody_listens() {
        let counter = meter(Measures::Rotation, 2.0, 5);
        let mut counting = Counting::default();
        assert_eq!(rate(&mut counting, &counter, 60_000), None);
        counting.pace.heard = Some(at(60_000));
        assert_eq!(rate(&mut counting, &counter, 64_999), None);
        assert_eq!(rate(&mut counting, &counter, 65_000), Some(0.0));
    }

    #[test]
    fn a_new_process_goes_on_with_the_rate_and_lets_it_fall() {
        let counter = meter(Measures::Energy, 1000.0, 300);
        for (pause_s, expected) in [(0, Some(0.5)), (299, Some(0.5)), (300, None)] {
            let mut counting = Counting { rate: Some(0.5), ..Counting::default() };
            counting = serde_json::from_str(&serde_json::to_string(&counting).unwrap()).unwrap();
            counting.begin(&counter, Duration::from_secs(pause_s));
            assert_eq!(rate(&mut counting, &counter, 1_000), expected, "after {pause_s} s");
            counting.pace.heard = Some(at(1_000));
            assert_eq!(rate(&mut counting, &counter, 11_000), expected.map(|_| 0.1), "none for 10 s");
            assert_eq!(rate(&mut counting, &counter, 301_000), Some(0.0));
        }
        let mut counting = Counting { rate: Some(0.5), ..Counting::default() };
        counting.begin(&counter, Duration::ZERO);
        counting.pace.heard = Some(at(0));
        counting.count(1, at(1_000));
        assert_eq!(rate(&mut counting, &counter, 1_500), Some(0.5), "one pulse tells nothing yet");
        counting.count(1, at(2_000));
        assert_eq!(rate(&mut counting, &counter, 2_500), Some(1.0));
    }

    #[test]
    fn what_came_in_a_long_pause_is_no_rate() {
        let counter = meter(Measures::Energy, 1000.0, 300);
        let mut counting = Counting { rate: Some(0.5), ..Counting::default() };
        counting.begin(&counter, Duration::from_secs(36_000));
        counting.pace.heard = Some(at(0));
        // The kernel kept them for whoever comes: when they were, nobody knows.
        counting.count(5_000, at(10));
        assert_eq!(rate(&mut counting, &counter, 20), None);
        counting.count(1, at(2_010));
        assert_eq!(rate(&mut counting, &counter, 2_020), Some(0.5));
        // Nor is one after hours in which none came.
        assert_eq!(rate(&mut counting, &counter, 36_000_000), Some(0.0));
        counting.count(5_000, at(36_000_000));
        assert_eq!(rate(&mut counting, &counter, 36_000_010), Some(0.0));
    }

    #[test]
    fn a_total_is_exact_and_keeps_its_worth_with_another_constant() {
        let (old, new) = (meter(Measures::Energy, 1000.0, 300), meter(Measures::Energy, 800.0, 300));
        let mut counting = Counting::default();
        counting.adopt(&old);
        counting.set(12_345.6);
        (0..1_000_000).for_each(|_| counting.count(1, at(0)));
        assert_eq!(counting.total(&old), 12_345.6, "not kept yet");
        counting.kept = counting.pulses;
        assert_eq!(counting.total(&old), 13_345.6);
        counting.count(8, at(0));
        counting.adopt(&new);
        assert_eq!(counting.total(&new), 13_345.6);
        counting.kept = counting.pulses;
        assert_eq!(counting.total(&new), 13_345.61);
        counting.adopt(&meter(Measures::Water, 800.0, 300));
        assert_eq!(counting.total(&new), 0.0, "another meter begins anew");
    }
}
