//! Numbers as they are written and shown: one grammar wherever a person or a program gives one, one way to show one.

/// A number that is asked for, with what its sign means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// This much: `40`, `to 40`, `to -18`.
    To(f64),
    /// This much more, or less: `+10`, `by 10`, `by -2`.
    By(f64),
    /// `-18`: this much below zero where numbers can be negative, and so much less elsewhere.
    Minus(f64),
}

/// More digits say nothing.
const LONGEST: usize = 64;

impl Amount {
    /// The amount that `text` writes, with or without its `unit`.
    pub fn read(text: &str, unit: &str) -> Option<Amount> {
        let text = text.strip_suffix(unit).map_or(text, str::trim_end);
        if let Some(number) = after_word(text, "to") {
            return plain(number).map(Amount::To);
        }
        if let Some(number) = after_word(text, "by") {
            return plain(number.strip_prefix('+').unwrap_or(number)).map(Amount::By);
        }
        match text.split_at_checked(1) {
            Some(("+", number)) => unsigned(number).map(Amount::By),
            Some(("-", number)) => unsigned(number).map(Amount::Minus),
            _ => unsigned(text).map(Amount::To),
        }
    }
}

/// What follows `word` and a blank; the word in capitals or small letters.
pub fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (first, rest) = text.split_once(' ')?;
    first.eq_ignore_ascii_case(word).then(|| rest.trim_start())
}

/// A plain decimal number: digits, perhaps a point with more digits, perhaps a minus before it. No exponent, no comma.
pub fn plain(text: &str) -> Option<f64> {
    match text.strip_prefix('-') {
        Some(number) => unsigned(number).map(|number| 0.0 - number),
        None => unsigned(text),
    }
}

fn unsigned(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = match text.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(text),
    };
    text.parse().ok().filter(|_| is_plain && text.len() <= LONGEST)
}

/// A number with so many decimals, for people and other programs. A little below zero is not `-0.0`.
pub fn fixed(number: f64, decimals: usize) -> String {
    without_negative_zero(format!("{number:.decimals$}"))
}

/// A number in as few digits as it takes; zero has no sign.
pub fn shortest(number: f64) -> String {
    without_negative_zero(number.to_string())
}

fn without_negative_zero(text: String) -> String {
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero { text.trim_start_matches('-').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_is_and_what_is_none() {
        for (text, amount) in [
            ("40", Amount::To(40.0)),
            ("21.11111111111111", Amount::To(21.11111111111111)),
            ("40 %", Amount::To(40.0)),
            ("40%", Amount::To(40.0)),
            ("to -18", Amount::To(-18.0)),
            ("+10", Amount::By(10.0)),
            ("BY 10 %", Amount::By(10.0)),
            ("by -2.5", Amount::By(-2.5)),
            ("-18", Amount::Minus(18.0)),
        ] {
            assert_eq!(Amount::read(text, "%"), Some(amount), "{text:?}");
        }
        let long = "1".repeat(65);
        for text in [
            "", "%", "+", "-", "--1", "+-1", "1.", ".5", "1.2.3", "2e1", "1e999", "NaN", "inf", "0x10", "1,5", "1_0",
            " 1", "1 0", "٣", "to", "by", "to +1", "by --1", &long,
        ] {
            assert_eq!(Amount::read(text, "%"), None, "{text:?}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!([-0.0, -0.004, 0.0].map(|number| fixed(number, 2)), ["0.00", "0.00", "0.00"]);
        assert_eq!(fixed(-0.006, 2), "-0.01");
        assert_eq!([-0.0, -0.5, 21.11].map(shortest), ["0", "-0.5", "21.11"]);
        assert!(plain("-0").is_some_and(f64::is_sign_positive));
    }
}
