//! Whether a window is open: by its contact, or because the temperature falls as nothing else makes it fall.

use crate::{
    clock::Moment,
    engine::wakeup::NextWakeup,
    model::{HvacAction, Truth, WindowWatch},
};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, time::Duration};

/// The slope is taken over this time, ...
const SLOPE_OVER: Duration = Duration::from_secs(600);
/// ... from at least half of it, ...
const SLOPE_FROM: Duration = Duration::from_secs(300);
/// ... and from readings that lie this far apart.
const SLOPE_STEP: Duration = Duration::from_secs(30);

/// What is known of the windows of a zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Openness {
    /// Since when not all contacts are known to be closed.
    not_closed_since: Option<Moment>,
    /// Since when the slope says open.
    steep_since: Option<Moment>,
    /// It fell for too long to be a window: not asked again before it rises.
    ignored: bool,
    samples: VecDeque<(Moment, f64)>,
}

impl Openness {
    /// Forgets the readings: they are not of one stretch of time any more.
    pub fn forget(&mut self) {
        self.samples.clear();
    }

    /// What it knows but for the readings.
    pub fn marks(&self) -> (Option<Moment>, Option<Moment>, bool) {
        (self.not_closed_since, self.steep_since, self.ignored)
    }

    /// Takes in a reading.
    pub fn sample(&mut self, watch: &WindowWatch, at: Moment, value: f64) {
        if watch.slope.is_none() {
            return;
        }
        if self.samples.back().is_none_or(|(last, _)| at >= *last + SLOPE_STEP) {
            self.samples.push_back((at, value));
            while self.samples.front().is_some_and(|(first, _)| at > *first + SLOPE_OVER) {
                self.samples.pop_front();
            }
        }
    }

    /// Why no heat is to go out of the window, if so.
    /// `open`: whether any contact is.
    pub fn update(
        &mut self,
        watch: &WindowWatch,
        open: Truth,
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> Option<HvacAction> {
        self.not_closed_since = (open != Truth::False).then(|| self.not_closed_since.unwrap_or(now));
        if let Some(since) = self.not_closed_since {
            let end = since + watch.delay;
            if now >= end {
                return Some(if open.is_true() { HvacAction::WindowOpen } else { HvacAction::WindowUnknown });
            }
            wakeup.at(end);
        }
        self.by_slope(watch, now, wakeup).then_some(HvacAction::WindowBySlope)
    }

    fn by_slope(&mut self, watch: &WindowWatch, now: Moment, wakeup: &mut NextWakeup) -> bool {
        let Some(limit) = watch.slope else { return false };
        let slope = self.slope();
        if slope.is_some_and(|slope| slope >= 0.0) {
            (self.steep_since, self.ignored) = (None, false);
        } else if slope.is_some_and(|slope| slope <= -limit) && !self.ignored {
            self.steep_since = self.steep_since.or(Some(now));
        }
        let Some(since) = self.steep_since else { return false };
        let end = since + watch.slope_for;
        if now >= end {
            (self.steep_since, self.ignored) = (None, true);
            return false;
        }
        wakeup.at(end);
        true
    }

    /// Degrees an hour, by least squares.
    fn slope(&self) -> Option<f64> {
        let ((first, _), (last, _)) = (*self.samples.front()?, *self.samples.back()?);
        if last.since(first) < SLOPE_FROM {
            return None;
        }
        let points = || self.samples.iter().map(|(at, value)| (at.since(first).as_secs_f64() / 3600.0, *value));
        let count = f64::from(u32::try_from(self.samples.len()).ok()?);
        let (mean_x, mean_y) = points().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
        let (above, below) = points().fold((0.0, 0.0), |(above, below), (x, y)| {
            (above + (x - mean_x) * (y - mean_y), below + (x - mean_x).powi(2))
        });
        (below > 0.0).then(|| above / below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slope of readings 30 s apart.
    fn slope(values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let watch = WindowWatch { slope: Some(3.0), ..WindowWatch::default() };
        let mut openness = Openness::default();
        for (index, value) in values.into_iter().enumerate() {
            openness.sample(&watch, Moment::from_millis(index as i64 * 30_000), value);
        }
        openness.slope()
    }

    #[test]
    fn the_slope_is_per_hour_and_needs_five_minutes() {
        let falling = |count: usize| (0..count).map(|step| 21.0 - step as f64 * 0.05);
        assert_eq!(slope(falling(10)), None);
        let steep = slope(falling(11)).unwrap();
        assert!((steep + 6.0).abs() < 1e-9, "{steep}");
    }

    #[test]
    fn one_step_of_a_coarse_sensor_is_no_open_window() {
        // An LM75 reads in half degrees.
        let coarse = slope((0..21).map(|step| if step < 10 { 21.0 } else { 20.5 })).unwrap();
        assert!(coarse < 0.0 && coarse > -5.0, "{coarse}");
    }
}
