//! Text to tokens.

use super::{Mistake, words};
use crate::model::Unit;
use std::ops::Range;

/// The smallest parts of a condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// `dark`, `bedroom.temperature`
    Word(&'t str),
    /// `26`, `26°C`, `10m`: the number and what follows it without a blank.
    Number(f64, &'t str),
    /// `22:30`, in seconds after midnight; 24:00 is 86,400.
    Time(i32),
    /// `°C`, `%`
    Unit(&'t str),
    /// `<=`, `(`
    Symbol(&'static str),
    /// After the last one.
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Lexeme<'t> {
    pub token: Token<'t>,
    pub text: &'t str,
    pub place: Range<usize>,
}

/// Longer ones first.
const SYMBOLS: [&str; 13] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ","];

/// What people write who know other languages, and what it is here.
const SLIPS: [(&str, &str, &str); 14] = [
    ("&&", "`&&` is not used here", "write `and`"),
    ("||", "`||` is not used here", "write `or`"),
    ("&", "`&` is not used here", "write `and`"),
    ("|", "`|` is not used here", "write `or`"),
    ("=>", "`=>` is not used here", "write `>=`"),
    ("=<", "`=<` is not used here", "write `<=`"),
    ("<>", "`<>` is not used here", "write `!=`"),
    ("=", "a single `=` is not used here", "write `==` for numbers, or `is` as in `front_door is open`"),
    ("!", "`!` is not used here", "write `not`"),
    ("'", "quotes are not used inside a condition", "remove it"),
    ("\"", "quotes are not used inside a condition", "remove it"),
    ("`", "quotes are not used inside a condition", "remove it"),
    ("≥", "`≥` is not used here", "write `>=`"),
    ("≤", "`≤` is not used here", "write `<=`"),
];

/// All tokens, with [`Token::End`] at the end. `units` are those that the configuration names itself.
pub(super) fn tokens<'t>(text: &'t str, units: &[Unit]) -> Result<Vec<Lexeme<'t>>, Mistake> {
    let mut lexemes = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        let (token, length) = match rest.chars().next() {
            None => break,
            Some(c) if c.is_ascii_digit() => number(rest, at, units)?,
            Some(_) if compound_unit(rest, units).is_some() => {
                let unit = compound_unit(rest, units).unwrap_or_default();
                (Token::Unit(unit), unit.len())
            }
            Some(c) if is_letter(c) => word(rest, at)?,
            Some('°' | '%') => {
                let length =
                    rest.find(|c: char| !matches!(c, '°' | '%') && !c.is_ascii_alphabetic()).unwrap_or(rest.len());
                (Token::Unit(&rest[..length]), length)
            }
            Some(c) => symbol(rest, c, at)?,
        };
        let place = at..at + length;
        lexemes.push(Lexeme { token, text: &text[place.clone()], place });
        at += length;
    }
    let end = text.trim_end().len();
    lexemes.push(Lexeme { token: Token::End, text: "", place: end..end });
    Ok(lexemes)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// The unit of more than letters, such as `L/min`, that a text begins with. It is no division: nothing follows that would
/// make a name or a function of its end.
fn compound_unit<'t>(text: &'t str, own: &[Unit]) -> Option<&'t str> {
    let units = Unit::ALL.iter().chain(own).flat_map(|unit| unit.spellings()).filter(|unit| run(unit) != **unit);
    let ends = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '('));
    units.filter_map(|unit| text.strip_prefix(unit).filter(|after| ends(after)).map(|_| &text[..unit.len()])).next()
}

/// Everything that sticks to a word or a number.
fn run(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '°' | '%'))).unwrap_or(text.len());
    &text[..end]
}

fn word(rest: &str, at: usize) -> Result<(Token<'_>, usize), Mistake> {
    let word = run(rest);
    let place = at..at + word.len();
    let small = word.to_lowercase();
    if word != small && words::is_reserved(&small) {
        return Err(Mistake::new(place, format!("`{word}` is written in small letters"), format!("write `{small}`")));
    }
    if word.ends_with('.') || word.contains("..") {
        return Err(Mistake::new(place, format!("`{word}` is not a name"), "write a name such as `hall.occupied`"));
    }
    Ok((Token::Word(word), word.len()))
}

fn number<'t>(rest: &'t str, at: usize, units: &[Unit]) -> Result<(Token<'t>, usize), Mistake> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(rest);
    if rest[whole..].starts_with(':') {
        return time(rest, at);
    }
    let mut length = whole;
    if rest[whole..].starts_with('.') {
        let decimals = digits(&rest[whole + 1..]);
        if decimals == 0 {
            let place = at..at + whole + 1;
            return Err(Mistake::new(place, "a number ends with a point", format!("write {}", &rest[..whole])));
        }
        length += 1 + decimals;
    }
    let decimal_comma =
        rest[length..].strip_prefix(',').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    if decimal_comma {
        let decimals = digits(&rest[length + 1..]);
        let (whole, decimals) = (&rest[..length], &rest[length + 1..length + 1 + decimals]);
        let place = at..at + whole.len() + 1 + decimals.len();
        return Err(Mistake::new(place, "a comma in a number", format!("write {whole}.{decimals}")));
    }
    let suffix = compound_unit(&rest[length..], units).unwrap_or_else(|| run(&rest[length..]));
    let all = length + suffix.len();
    match rest[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => {
            twelve_hours(&rest[..all], number, suffix, at)?;
            Ok((Token::Number(number, suffix), all))
        }
        _ => Err(Mistake::new(at..at + all, "not a number", "write a number such as 26 or 24.5")),
    }
}

/// Refuses `10pm`, with the time that it means.
fn twelve_hours(written: &str, hour: f64, suffix: &str, at: usize) -> Result<(), Mistake> {
    let shift = match suffix.to_lowercase().as_str() {
        "am" => 0.0,
        "pm" => 12.0,
        _ => return Ok(()),
    };
    let advice = match hour % 12.0 + shift {
        hour if hour.fract() == 0.0 => format!("write {hour:02}:00"),
        _ => "write a time such as 22:00".to_owned(),
    };
    Err(Mistake::new(at..at + written.len(), "times are of 24 hours", advice))
}

fn time(rest: &str, at: usize) -> Result<(Token<'_>, usize), Mistake> {
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == ':')).unwrap_or(rest.len());
    let written = &rest[..length];
    let place = at..at + length;
    let wrong = |advice: &str| Err(Mistake::new(place.clone(), format!("`{written}` is not a time of day"), advice));
    let (clock, half) = match written.to_lowercase() {
        lower if lower.ends_with("am") || lower.ends_with("pm") => written.split_at(length - 2),
        _ => (written, ""),
    };
    let parts: Vec<Option<i32>> = clock
        .split(':')
        .map(|part| if part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None })
        .collect();
    let (hours, minutes, seconds) = match parts[..] {
        [Some(hours), Some(minutes)] if minutes < 60 => (hours, minutes, 0),
        [Some(hours), Some(minutes), Some(seconds)] if minutes < 60 && seconds < 60 => (hours, minutes, seconds),
        _ => return wrong("write hours and minutes with two digits, such as 07:30 or 22:00"),
    };
    if !half.is_empty() {
        let hours = hours % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
        return wrong(&format!("write {hours:02}:{minutes:02}"));
    }
    if clock.split(':').any(|part| part.len() != 2) {
        return wrong(&format!("write {hours:02}:{minutes:02}"));
    }
    match hours * 3600 + minutes * 60 + seconds {
        time @ 0..=86_400 => Ok((Token::Time(time), length)),
        _ => wrong("write 00:00 to 24:00"),
    }
}

fn symbol(rest: &str, first: char, at: usize) -> Result<(Token<'_>, usize), Mistake> {
    let slip = SLIPS.iter().find(|(slip, ..)| rest.starts_with(slip));
    let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
    match (slip, symbol) {
        (slip, Some(symbol)) if slip.is_none_or(|(slip, ..)| slip.len() < symbol.len() || slip == symbol) => {
            Ok((Token::Symbol(symbol), symbol.len()))
        }
        (Some((slip, message, advice)), _) => Err(Mistake::new(at..at + slip.len(), *message, *advice)),
        (None, Some(symbol)) => Ok((Token::Symbol(symbol), symbol.len())),
        (None, None) => {
            let place = at..at + first.len_utf8();
            let message = format!("unexpected character `{}`", first.escape_debug());
            Err(Mistake::new(place, message, "conditions are made of words, numbers and times"))
        }
    }
}
