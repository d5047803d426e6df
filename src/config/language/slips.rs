//! Words that people write as they would say them, and what to write instead.

use super::words;

/// What is wrong with a condition that begins with `word`, and what to write.
pub(super) fn at_the_beginning(word: &str, next: &str) -> Option<(String, String)> {
    let day = words::DAYS.contains(&next) || words::DAYS.iter().any(|day| next.strip_suffix('s') == Some(day));
    let advice = match (word, next) {
        ("on" | "at" | "in", next) if day => format!("write `day is {}`", next.strip_suffix('s').unwrap_or(next)),
        ("on", "weekdays" | "weekday") => "write `weekday`".to_owned(),
        ("on" | "at", "weekends" | "weekend") => "write `weekend`".to_owned(),
        ("at", "night") => "write `dark`".to_owned(),
        ("at" | "in", "") => "begin with a name, `time`, `day` or `dark`".to_owned(),
        ("at", next) if next.starts_with(|c: char| c.is_ascii_digit()) || words::SUN.contains(&next) => {
            format!("a rule holds for a while: write `time after {next}` or `time between {next} and ...`")
        }
        ("until", next) => format!("write `time before {next}`, or a key of its own: until = \"...\""),
        ("sun", _) => "write `dark`, `daylight` or `sun.elevation < 0`".to_owned(),
        ("true", _) => "an output that is always on has the key default = \"on\" and needs no rule".to_owned(),
        ("on" | "at" | "in", _) => "begin with a name, `time`, `day` or `dark`".to_owned(),
        _ => return None,
    };
    Some((format!("a condition does not begin with `{word}`"), advice))
}

/// What to write instead of a name that is none.
pub(super) fn instead_of_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "it" => "leave out `it is`",
        "no" | "unless" => "write `not`",
        "if" | "when" | "while" | "during" | "the" | "only" => "leave it out",
        "from" => "write `time between ... and ...`",
        "always" => "an output that is always on has the key default = \"on\" and needs no rule",
        _ => return None,
    })
}

/// What to write where `word` follows `before` without anything that joins them.
pub(super) fn joint(before: &str, word: &str) -> Option<String> {
    Some(match (before, word) {
        (before, _) if instead_of_name(before).is_some() => {
            let advice = instead_of_name(before).unwrap_or_default();
            advice.replace("leave it out", &format!("leave out `{before}`")).replace("`not`", &format!("`not {word}`"))
        }
        ("more" | "greater" | "higher", "than") | (_, "more" | "greater" | "higher" | "over" | "exceeds") => {
            "write `above` or `>`".to_owned()
        }
        ("less" | "lower" | "smaller", "than") | (_, "less" | "lower" | "smaller" | "under") => {
            "write `below` or `<`".to_owned()
        }
        (_, "equals") => "write `==`".to_owned(),
        (sensor, "temperature" | "humidity" | "pressure") if sensor.starts_with(|c: char| c.is_ascii_lowercase()) => {
            format!("write `{sensor}.{word}`")
        }
        (name, "today") => format!("write `today({name})`"),
        (_, "after" | "before") => "write times as in `time after sunset + 30m`".to_owned(),
        (_, "in") => "write where as in `hall.occupied`".to_owned(),
        _ => return None,
    })
}
