//! Smoothing: the middle one of the last readings, the mean of those, and the exponential average of that.

use crate::model::Filter;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The last readings, as far as a filter needs them. While it fills, what is there counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Window {
    /// Of the median, newest last.
    readings: VecDeque<f64>,
    /// Of the average, newest last.
    medians: VecDeque<f64>,
    ema: Option<f64>,
}

impl Window {
    /// What `value` becomes.
    pub fn smooth(&mut self, filter: &Filter, value: f64) -> f64 {
        let value = match filter.median {
            Some(count) => median(keep(&mut self.readings, count, value)),
            None => value,
        };
        let value = match filter.average {
            Some(count) => mean(keep(&mut self.medians, count, value)),
            None => value,
        };
        let Some(share) = filter.ema else { return value };
        let smoothed = self.ema.map_or(value, |before| before + share * (value - before));
        self.ema = Some(smoothed);
        smoothed
    }
}

/// Adds the newest and lets go of what is beyond `count`.
fn keep(window: &mut VecDeque<f64>, count: usize, newest: f64) -> &VecDeque<f64> {
    window.push_back(newest);
    window.drain(..window.len().saturating_sub(count.max(1)));
    window
}

/// Of an even number, the mean of the middle two.
fn median(window: &VecDeque<f64>) -> f64 {
    let mut sorted: Vec<f64> = window.iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

#[expect(clippy::cast_precision_loss, reason = "a window has at most a few hundred readings")]
fn mean(window: &VecDeque<f64>) -> f64 {
    window.iter().sum::<f64>() / window.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(filter: &Filter, values: &[f64]) -> Vec<f64> {
        let mut window = Window::default();
        values.iter().map(|value| window.smooth(filter, *value)).collect()
    }

    #[test]
    fn a_median_drops_the_odd_one_out() {
        let filter = Filter { median: Some(3), ..Filter::NONE };
        assert_eq!(run(&filter, &[20.0, 21.0, 85.0, 21.0, 22.0]), [20.0, 20.5, 21.0, 21.0, 22.0]);
    }

    #[test]
    fn an_average_is_that_of_the_last_ones() {
        let filter = Filter { average: Some(2), ..Filter::NONE };
        assert_eq!(run(&filter, &[20.0, 22.0, 24.0]), [20.0, 21.0, 23.0]);
    }

    #[test]
    fn an_exponential_average_goes_the_same_share_of_the_way_each_time() {
        let filter = Filter { ema: Some(0.5), ..Filter::NONE };
        assert_eq!(run(&filter, &[20.0, 24.0, 24.0, 24.0]), [20.0, 22.0, 23.0, 23.5]);
    }

    #[test]
    fn a_window_that_becomes_shorter_forgets() {
        let mut window = Window::default();
        for value in [1.0, 2.0, 3.0, 4.0] {
            window.smooth(&Filter { average: Some(4), ..Filter::NONE }, value);
        }
        assert!((window.smooth(&Filter { average: Some(2), ..Filter::NONE }, 6.0) - 5.0).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn smoothing_stays_within_what_was_read(
            values in prop::collection::vec(-1e6..1e6, 1..200),
            median in prop::option::of(1usize..20),
            average in prop::option::of(1usize..20),
            ema in prop::option::of(0.01..=1.0),
        ) {
            let filter = Filter { median, average, ema, ..Filter::NONE };
            let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)));
            for smoothed in run(&filter, &values) {
                prop_assert!((least - 1e-6..=most + 1e-6).contains(&smoothed), "{smoothed} not in {least}..{most}");
            }
        }
    }
}
