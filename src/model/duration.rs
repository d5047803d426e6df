//! Durations as people write them: `90s`, `5m`, `1h30m`, `2d`, `250ms`.

use std::time::Duration;

/// Units from long to short, with their milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The duration that `text` writes: whole numbers with units, longest first, each unit at most once.
///
/// # Errors
/// One line for people that says what is wrong and what to write.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = |what: &str| Err(format!("{what}; write a duration such as \"90s\", \"5m\" or \"1h30m\""));
    if text.is_empty() {
        return wrong("an empty duration");
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return wrong("a duration without a unit");
    }
    let (mut rest, mut total_ms, mut next_unit) = (text, 0u64, 0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let Some(position) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return wrong("not a duration");
        };
        if number.is_empty() || position < next_unit {
            return wrong("not a duration");
        }
        let ms = number.parse::<u64>().ok().and_then(|n| n.checked_mul(UNITS[position].1));
        match ms.and_then(|ms| total_ms.checked_add(ms)) {
            // 100 years: more is a slip, and sums of it would overflow the calendar.
            Some(sum) if sum <= 100 * 366 * UNITS[0].1 => total_ms = sum,
            _ => return wrong("too long a duration"),
        }
        (rest, next_unit) = (after, position + 1);
    }
    Ok(Duration::from_millis(total_ms))
}

/// The shortest way to write a duration, to the millisecond: `1h30m`, `1m30s`, `250ms`, `0s`.
pub fn spell(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    if rest == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    for (unit, ms) in UNITS {
        let count = rest / u128::from(ms);
        rest %= u128::from(ms);
        if count > 0 {
            text += &format!("{count}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_spelt() {
        for (text, ms) in [("0s", 0), ("250ms", 250), ("1m30s", 90_000), ("1h30m", 5_400_000), ("2d", 172_800_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)));
            assert_eq!(spell(Duration::from_millis(ms)), text);
        }
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn slips_are_refused() {
        for text in
            ["", "5", "m", "5 m", "5x", "1m1h", "1m1m", "-5m", "1.5h", "99999999999999999999d", "200000d", "5µs"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
