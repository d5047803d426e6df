//! Whole filters: what is shown of a row of readings.

use super::*;
use crate::model::Plausible;
use proptest::prelude::*;

const STALE: Duration = Duration::from_secs(25);

/// What is shown after each reading, ten seconds apart; nothing where none was believed.
fn shown(filter: &Filter, readings: &[f64]) -> Vec<Option<f64>> {
    let mut state = FilterState::default();
    let moments = (0..).map(|n| Moment::from_millis(n * 10_000));
    let mut shown = None;
    let pass = |(value, now): (&f64, Moment)| {
        match state.pass(Quantity::Temperature, filter, *value, now, STALE)? {
            Passed::Shown(value) => shown = Some(value),
            Passed::HeldBack => {}
        }
        shown
    };
    readings.iter().zip(moments).map(pass).collect()
}

fn all(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn without_a_filter_nothing_happens() {
    assert_eq!(shown(&Filter::NONE, &[20.0, 20.01, -5.0, 200.0]), all(&[20.0, 20.01, -5.0, 200.0]));
    assert_eq!(shown(&Filter::NONE, &[f64::NAN]), [None]);
}

#[test]
fn a_reading_is_corrected_judged_limited_smoothed_and_rounded() {
    let filter = Filter {
        multiply: Some(2.0),
        offset: 1.0,
        plausible: Plausible { max: Some(50.0), ..Plausible::default() },
        clamp: Some((10.0, 30.0)),
        average: Some(2),
        round_to: Some(0.5),
        ..Filter::NONE
    };
    // 21, 51 (not plausible after the correction), 41 taken for 30, 24.2.
    assert_eq!(
        shown(&filter, &[10.0, 25.0, 20.0, 11.6]),
        [Some(21.0), None, Some(25.5), Some(27.0)],
        "what was not believed takes no part in the average"
    );
}

#[test]
fn small_changes_are_held_back_but_not_for_ever() {
    let filter = Filter { delta: Some(Delta::Absolute(0.5)), ..Filter::NONE };
    assert_eq!(shown(&filter, &[20.0, 20.4, 20.3, 20.5, 20.1]), all(&[20.0, 20.0, 20.0, 20.5, 20.5]));
    let filter = Filter { heartbeat: Some(Duration::from_secs(30)), ..filter };
    assert_eq!(shown(&filter, &[20.0, 20.4, 20.3, 20.2, 20.1]), all(&[20.0, 20.0, 20.0, 20.2, 20.2]));
    let filter = Filter { delta: Some(Delta::Percent(10.0)), ..Filter::NONE };
    assert_eq!(shown(&filter, &[100.0, 109.0, 111.0, 121.0, 0.0, 0.1]), all(&[100.0, 100.0, 111.0, 111.0, 0.0, 0.1]));
}

#[test]
fn a_throttle_lets_one_through_now_and_then() {
    let filter = Filter { throttle: Some(Duration::from_secs(30)), ..Filter::NONE };
    assert_eq!(shown(&filter, &[1.0, 2.0, 3.0, 4.0, 5.0]), all(&[1.0, 1.0, 1.0, 4.0, 4.0]));
}

#[test]
fn three_readings_that_cannot_be_true_are_a_fault_until_one_can() {
    let filter = Filter { plausible: Plausible { max: Some(45.0), ..Plausible::default() }, ..Filter::NONE };
    let mut state = FilterState::default();
    let mut pass = |value, ms| {
        state.pass(Quantity::Temperature, &filter, value, Moment::from_millis(ms), STALE);
        state.fault().cloned()
    };
    assert_eq!((pass(85.0, 0), pass(85.0, 10_000)), (None, None));
    assert_eq!(pass(85.0, 20_000).as_deref(), Some("temperature 85 °C is not plausible: above 45 °C"));
    assert_eq!(pass(20.0, 30_000), None);
    assert_eq!(pass(85.0, 40_000), None, "counted anew");
}

#[test]
fn a_jump_is_believed_once_what_was_before_is_stale() {
    let rate = Plausible { max_rate_per_minute: Some(3.0), ..Plausible::default() };
    let filter = Filter { plausible: rate, average: Some(5), ..Filter::NONE };
    assert_eq!(
        shown(&filter, &[20.0, 80.0, 80.0, 80.0, 80.2]),
        [Some(20.0), None, None, Some(80.0), Some(80.1)],
        "and it does not mix with what was before"
    );
}

proptest! {
    #[test]
    fn any_filter_survives_any_reading(
        readings in prop::collection::vec(prop::num::f64::ANY, 0..60),
        multiply in prop::option::of(-1e6..1e6),
        offset in -1e6..1e6,
        median in prop::option::of(1usize..9),
        ema in prop::option::of(0.01..=1.0),
        round_to in prop::option::of(1e-6..1e6),
        delta in prop::option::of(1e-6..1e6),
    ) {
        let filter = Filter {
            multiply, offset, median, ema, round_to, delta: delta.map(Delta::Absolute),
            clamp: Some((-40.0, 60.0)), ..Filter::NONE
        };
        for value in shown(&filter, &readings).into_iter().flatten() {
            prop_assert!(value.is_finite());
            let slack = round_to.unwrap_or(0.0) + 1e-9;
            prop_assert!((-40.0 - slack..=60.0 + slack).contains(&value), "{value}");
        }
    }
}
