//! What the weather has to do with it: the heating curve, and the warmth from which on nothing is heated.

use crate::model::Climate;

/// It must be this much colder than the limit again before heating goes on.
const BACK: f64 = 1.0;

/// Whether it is too warm outside for heating. While that is not known, what was known last goes on.
pub(super) fn too_warm(zone: &Climate, outdoor: Option<f64>, before: bool) -> bool {
    match (zone.heat_below, outdoor) {
        (None, _) => false,
        (Some(_), None) => before,
        (Some(limit), Some(outdoor)) if before => outdoor > limit - BACK,
        (Some(limit), Some(outdoor)) => outdoor >= limit,
    }
}

/// The value of a heating curve: linear between its points, level beyond them. It is made for the zone's configured
/// target; for another one it is read as if it were as much colder outside as the target is higher. While the temperature
/// outside is not known, it is the lowest value of the curve.
pub(super) fn curve(points: &[(f64, f64)], outdoor: Option<f64>, higher: f64) -> f64 {
    let lowest = points.iter().map(|(_, value)| *value).fold(f64::MAX, f64::min);
    let Some(outdoor) = outdoor.map(|outdoor| outdoor - higher) else { return lowest };
    let after = points.partition_point(|(at, _)| *at <= outdoor);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some((from, low)), Some((to, high))) => low + (high - low) * (outdoor - from) / (to - from),
        (Some((_, value)), None) | (None, Some((_, value))) => *value,
        (None, None) => lowest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::climate::tests::zone;

    #[test]
    fn a_curve_is_linear_between_its_points_and_level_beyond() {
        let points = [(-15.0, 55.0), (5.0, 35.0), (20.0, 25.0)];
        for (outdoor, higher, value) in [
            (Some(-30.0), 0.0, 55.0),
            (Some(-15.0), 0.0, 55.0),
            (Some(-5.0), 0.0, 45.0),
            (Some(5.0), 0.0, 35.0),
            (Some(12.5), 0.0, 30.0),
            (Some(40.0), 0.0, 25.0),
            (Some(-5.0), -2.0, 43.0),
            (None, 0.0, 25.0),
        ] {
            assert!((curve(&points, outdoor, higher) - value).abs() < 1e-9, "{outdoor:?}, {higher} higher");
        }
    }

    #[test]
    fn a_warm_day_is_over_a_degree_below_and_an_unknown_one_goes_on() {
        let zone = Climate { heat_below: Some(16.0), ..zone() };
        for (outdoor, before, after) in [
            (Some(15.9), false, false),
            (Some(16.0), false, true),
            (Some(15.1), true, true),
            (Some(15.0), true, false),
            (None, true, true),
            (None, false, false),
        ] {
            assert_eq!(too_warm(&zone, outdoor, before), after, "{outdoor:?} {before}");
        }
    }
}
