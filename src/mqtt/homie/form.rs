//! Values as Homie writes them, and back: data types, formats, payloads.

use crate::model::{Kind, PointSpec, Unit, number};
use std::ops::RangeInclusive;

/// What the payloads of a property are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// `true` and `false`; in people's words, when it is false and when it is true.
    Boolean(Option<(&'static str, &'static str)>),
    /// Whole numbers.
    Integer(RangeInclusive<f64>),
    /// Numbers.
    Float(RangeInclusive<f64>),
    /// One of these words.
    Enum(Vec<String>),
}

impl Form {
    /// That of a point, and its unit. None: its values cannot be told, since it has no word for any.
    pub(super) fn of(spec: &PointSpec) -> Option<(Form, &'static str)> {
        Some(match &spec.kind {
            Kind::Switch(_) => {
                let words = (spec.state_word(false), spec.state_word(true));
                (Form::Boolean(Some(words).filter(|(off, on)| !off.is_empty() && !on.is_empty())), "")
            }
            Kind::Level(_) => (Form::Integer(0.0..=100.0), Unit::Percent.sign()),
            // A total that can be set to a meter's number takes decimals, too.
            Kind::Number(about) if about.decimals == Some(0) && spec.commands.is_none() => {
                (Form::Integer(about.range.clone()), about.unit.sign())
            }
            Kind::Number(about) => (Form::Float(about.range.clone()), about.unit.sign()),
            Kind::Word(words) | Kind::Event(words) => (Form::Enum(words.clone()).named()?, ""),
        })
    }

    /// The words without those that a format cannot say. None: none is left.
    pub(super) fn named(self) -> Option<Form> {
        let Form::Enum(words) = self else { return Some(self) };
        let mut kept: Vec<String> = Vec::new();
        for word in words {
            if !word.is_empty() && !word.contains(',') && !kept.contains(&word) {
                kept.push(word);
            }
        }
        (!kept.is_empty()).then_some(Form::Enum(kept))
    }

    /// The word for it in a description.
    pub(super) fn datatype(&self) -> &'static str {
        match self {
            Form::Boolean(_) => "boolean",
            Form::Integer(_) => "integer",
            Form::Float(_) => "float",
            Form::Enum(_) => "enum",
        }
    }

    /// The format in a description. No step: a value need not be on that in which people like to set it.
    pub(super) fn format(&self) -> Option<String> {
        match self {
            Form::Boolean(words) => words.map(|(off, on)| format!("{off},{on}")),
            Form::Integer(range) | Form::Float(range) => {
                let bound = |bound: &f64| if bound.is_finite() { number::shortest(*bound) } else { String::new() };
                let format = format!("{}:{}", bound(range.start()), bound(range.end()));
                (format != ":").then_some(format)
            }
            Form::Enum(words) => Some(words.join(",")),
        }
    }

    /// The payload for a value as the house writes it. None: it is none that the format knows.
    pub(super) fn payload(&self, text: &str) -> Option<String> {
        match self {
            Form::Boolean(_) => match text {
                "ON" => Some("true".into()),
                "OFF" => Some("false".into()),
                _ => None,
            },
            Form::Integer(_) => text.parse::<i64>().is_ok().then(|| text.to_owned()),
            Form::Float(_) => is_float(text).then(|| text.to_owned()),
            Form::Enum(words) => words.iter().any(|word| word == text).then(|| text.to_owned()),
        }
    }

    /// What the house is to be told for the payload of a `set` topic.
    ///
    /// # Errors
    /// What it should be, when it is not valid.
    pub(super) fn command(&self, payload: &str) -> Result<String, String> {
        let wrong = || match self {
            Form::Boolean(_) => "true or false".to_owned(),
            Form::Integer(_) => format!("a whole number in {}", self.format().unwrap_or_default()),
            Form::Float(_) => format!("a number in {}", self.format().unwrap_or_default()),
            Form::Enum(words) => format!("one of {}", words.join(", ")),
        };
        let within = |range: &RangeInclusive<f64>, number: Option<f64>| {
            number.filter(|number| range.contains(number)).map(number::shortest)
        };
        let command = match self {
            Form::Boolean(_) => match payload {
                "true" => Some("ON".to_owned()),
                "false" => Some("OFF".to_owned()),
                _ => None,
            },
            Form::Integer(range) => {
                let plain = !payload.starts_with('+');
                let number = payload.parse::<i32>().ok().filter(|_| plain);
                within(range, number.map(f64::from))
            }
            Form::Float(range) => within(range, payload.parse().ok().filter(|_| is_float(payload))),
            Form::Enum(words) => words.iter().any(|word| word == payload).then(|| payload.to_owned()),
        };
        command.ok_or_else(wrong)
    }
}

/// Whether the convention takes it for a number: digits, one point, a sign, an exponent.
fn is_float(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '-' | 'e' | 'E' | '.');
    !text.is_empty() && text.chars().all(allowed) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_both_ways() {
        let boolean = Form::Boolean(Some(("closed", "open")));
        assert_eq!((boolean.datatype(), boolean.format().as_deref()), ("boolean", Some("closed,open")));
        assert_eq!(boolean.payload("ON").as_deref(), Some("true"));
        assert_eq!(boolean.command("false").as_deref(), Ok("OFF"));
        let level = Form::Integer(0.0..=100.0);
        assert_eq!(level.format().as_deref(), Some("0:100"));
        assert_eq!(level.command("40").as_deref(), Ok("40"));
        let target = Form::Float(-20.0..=30.5);
        assert_eq!(target.format().as_deref(), Some("-20:30.5"));
        assert_eq!(target.command("2.15e1").as_deref(), Ok("21.5"));
        assert_eq!(target.command("-18").as_deref(), Ok("-18"));
        let word = Form::Enum(vec!["off".into(), "heat".into()]);
        assert_eq!((word.payload("heat").as_deref(), word.payload("cool")), (Some("heat"), None));
    }

    #[test]
    fn what_is_not_valid_is_refused_with_what_would_be() {
        let level = Form::Integer(0.0..=100.0);
        for payload in ["", "-", "+10", "-1", "101", "40.0", " 40", "1e2"] {
            assert_eq!(level.command(payload).unwrap_err(), "a whole number in 0:100", "{payload}");
        }
        let float = Form::Float(0.0..=f64::INFINITY);
        for payload in ["", "-", "NaN", "inf", "+1", "1,5", "-0.1", "1 ", "1e999"] {
            assert_eq!(float.command(payload).unwrap_err(), "a number in 0:", "{payload}");
        }
        assert_eq!(Form::Boolean(None).command("TRUE").unwrap_err(), "true or false");
        assert_eq!(Form::Enum(vec!["heat".into()]).command("HEAT").unwrap_err(), "one of heat");
    }

    #[test]
    fn a_format_says_each_word_once_and_none_that_it_cannot() {
        let words = |words: &[&str]| Form::Enum(words.iter().map(ToString::to_string).collect());
        assert_eq!(words(&["a", "", "b,c", "a"]).named(), Some(words(&["a"])));
        assert_eq!(words(&[""]).named(), None);
        assert_eq!(Form::Float(f64::NEG_INFINITY..=f64::INFINITY).format(), None);
    }
}
