//! Whether a reading can be true where its sensor is.

use crate::model::{Plausible, Quantity, duration, number};
use std::time::Duration;

/// Readings in shorter order than this are taken to be so far apart: two in one instant would change infinitely fast.
const SHORTEST: Duration = Duration::from_secs(1);

/// Judges a corrected reading by its limits and, if `last` tells what was believed how long ago, by its change.
///
/// # Errors
/// Why it cannot be true, for people.
pub(super) fn judge(
    quantity: Quantity,
    plausible: &Plausible,
    value: f64,
    last: Option<(f64, Duration)>,
) -> Result<(), String> {
    let Plausible { min, max, max_rate_per_minute } = plausible;
    let told = |number: f64| quantity.unit().with(shown(number));
    let wrong = |why: String| Err(format!("{} {} is not plausible: {why}", quantity.word(), told(value)));
    if !value.is_finite() {
        return wrong("it is not a number".into());
    }
    if let Some(min) = min.filter(|min| value < *min) {
        return wrong(format!("below {}", told(min)));
    }
    if let Some(max) = max.filter(|max| value > *max) {
        return wrong(format!("above {}", told(max)));
    }
    if let (Some(rate), Some((before, ago))) = (max_rate_per_minute, last) {
        let change = value - before;
        if change.abs() > rate * ago.max(SHORTEST).as_secs_f64() / 60.0 {
            let moved = if change > 0.0 { "rose" } else { "fell" };
            return wrong(format!(
                "it {moved} by {} in {}, more than {} a minute",
                told(change.abs()),
                duration::spell(Duration::from_secs(ago.as_secs().max(1))),
                told(*rate)
            ));
        }
    }
    Ok(())
}

/// At most two decimals, and none that say nothing.
fn shown(number: f64) -> String {
    let text = number::fixed(number, 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: f64, last: Option<(f64, u64)>) -> Result<(), String> {
        let plausible = Plausible { min: Some(-10.0), max: Some(45.0), max_rate_per_minute: Some(3.0) };
        let last = last.map(|(value, seconds)| (value, Duration::from_secs(seconds)));
        judge(Quantity::Temperature, &plausible, value, last)
    }

    #[test]
    fn limits_belong_to_what_is_plausible() {
        assert_eq!((told(-10.0, None), told(45.0, None)), (Ok(()), Ok(())));
        assert_eq!(told(-10.5, None), Err("temperature -10.5 °C is not plausible: below -10 °C".into()));
        assert_eq!(told(85.0, None), Err("temperature 85 °C is not plausible: above 45 °C".into()));
        assert!(told(f64::NAN, None).is_err() && told(f64::INFINITY, None).is_err());
    }

    #[test]
    fn a_change_is_judged_by_the_time_it_took() {
        assert_eq!(told(21.5, Some((21.0, 10))), Ok(()));
        assert_eq!(
            told(20.0, Some((21.0, 10))),
            Err("temperature 20 °C is not plausible: it fell by 1 °C in 10s, more than 3 °C a minute".into())
        );
        assert_eq!(told(20.0, Some((21.0, 20))), Ok(()));
        assert!(told(22.0, Some((21.0, 0))).is_err(), "at once");
    }
}
