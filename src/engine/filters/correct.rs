//! Correcting a reading: calibration, factor, offset; and rounding.

use crate::model::Filter;

/// What is true when `measured` was measured.
pub(super) fn correct(filter: &Filter, measured: f64) -> f64 {
    calibrated(&filter.calibrate, measured) * filter.multiply.unwrap_or(1.0) + filter.offset
}

/// On the straight lines through `points`, which are sorted by their first number; beyond the ends the last line goes on.
/// A single point moves everything by as much.
fn calibrated(points: &[(f64, f64)], measured: f64) -> f64 {
    match points {
        [] => measured,
        [(from, to)] => measured + (to - from),
        _ => {
            let above = points.partition_point(|(from, _)| *from < measured).clamp(1, points.len() - 1);
            let ((x0, y0), (x1, y1)) = (points[above - 1], points[above]);
            y0 + (measured - x0) * (y1 - y0) / (x1 - x0)
        }
    }
}

/// The multiple of `step` that is nearest. Where a whole number of steps makes 1, the result has no more decimals than
/// the step: 21.3, not 21.300000000000001.
pub(super) fn round_to(value: f64, step: f64) -> f64 {
    let per_unit = (1.0 / step).round();
    if per_unit >= 1.0 && (per_unit * step - 1.0).abs() < 1e-9 {
        (value * per_unit).round() / per_unit
    } else {
        (value / step).round() * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibrations_go_through_their_points() {
        let points = [(0.8, 0.0), (50.0, 51.0), (99.0, 100.0)];
        for (measured, truth) in points {
            assert!((calibrated(&points, measured) - truth).abs() < 1e-12);
        }
        assert!((calibrated(&points, 25.4) - 25.5).abs() < 1e-12, "halfway");
        assert!((calibrated(&[(0.0, 10.0), (10.0, 30.0)], -5.0) - 0.0).abs() < 1e-12, "on beyond the ends");
        assert!((calibrated(&[(0.0, 10.0), (10.0, 30.0)], 15.0) - 40.0).abs() < 1e-12);
        assert!((calibrated(&[(20.0, 19.5)], 25.0) - 24.5).abs() < 1e-12, "one point moves all");
    }

    #[test]
    fn the_factor_comes_before_the_offset() {
        let filter = Filter { calibrate: vec![(1.0, 2.0)], multiply: Some(10.0), offset: -0.5, ..Filter::NONE };
        assert!((correct(&filter, 3.0) - 39.5).abs() < 1e-12);
        assert!((correct(&Filter::NONE, 3.0) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn rounding_leaves_no_dust() {
        for (value, step, rounded) in
            [(21.34, 0.1, "21.3"), (0.29, 0.1, "0.3"), (21.3, 0.5, "21.5"), (1013.0, 5.0, "1015"), (-0.26, 0.5, "-0.5")]
        {
            assert_eq!(round_to(value, step).to_string(), rounded);
        }
    }
}
