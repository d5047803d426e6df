//! The sentences of rules: text in the rule language, and where it stands in the file.

use crate::config::{
    diagnostic::Problems,
    language::{self, Kept, Mistake},
    shape::{Shape, Wrong},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// A sentence as written.
pub(in crate::config) struct Sentence {
    pub text: String,
    pub place: Range<usize>,
}

/// What is wrong with a sentence, at its places in the file. `source` is the text of the file.
fn report(mistakes: Vec<Mistake>, sentence: &Sentence, source: &str, problems: &Problems) {
    for Mistake { place, message, advice } in mistakes {
        problems.error(in_file(&place, sentence, source), message, advice);
    }
}

/// What `parse` makes of a sentence; nothing when something is wrong with it. That is reported, and what is probably not
/// meant is warned of.
pub(in crate::config) fn read<T>(
    sentence: &Sentence,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
    parse: impl FnOnce(&str, &mut Kept) -> Result<T, Vec<Mistake>>,
) -> Option<T> {
    kept.doubts.clear();
    let parsed = parse(&sentence.text, kept);
    for Mistake { place, message, advice } in kept.doubts.drain(..) {
        problems.warning(in_file(&place, sentence, source), message, advice);
    }
    parsed.map_err(|mistakes| report(mistakes, sentence, source, problems)).ok()
}

/// Where a part of a sentence stands in the file: exactly, unless escapes make the sentence differ from the file.
fn in_file(part: &Range<usize>, sentence: &Sentence, source: &str) -> Range<usize> {
    let written = source.get(sentence.place.clone()).unwrap_or_default();
    match written.find(&sentence.text) {
        Some(quotes) if !sentence.text.is_empty() => {
            let start = sentence.place.start + quotes;
            start + part.start..start + part.end
        }
        _ => sentence.place.clone(),
    }
}

/// A condition in the rule language.
pub(in crate::config) struct Condition;

impl Shape for Condition {
    type Value = String;

    fn noun(&self) -> String {
        "a condition".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"dark and hall.occupied\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        Ok(value.as_str().map(str::to_owned))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": language::LONGEST })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// One sentence, or a list of them.
pub(in crate::config) struct Sentences {
    /// `an event`, after "must be".
    pub noun: &'static str,
    /// One of them, with its quotes.
    pub example: &'static str,
}

impl Shape for Sentences {
    type Value = Vec<Sentence>;

    fn noun(&self) -> String {
        format!("{} or a list of them", self.noun)
    }

    fn example(&self) -> String {
        format!("it in double quotes, such as {}, or several in square brackets", self.example)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Sentence>>, Wrong> {
        let sentence = |value: &toml::Spanned<DeValue<'_>>| {
            Some(Sentence { text: value.get_ref().as_str()?.to_owned(), place: value.span() })
        };
        match value {
            DeValue::String(text) => Ok(Some(vec![Sentence { text: text.to_string(), place: 0..0 }])),
            DeValue::Array(items) if items.is_empty() => {
                Err(Wrong::new("an empty list", format!("write at least one, such as {}", self.example)))
            }
            DeValue::Array(items) => match items.iter().map(sentence).collect() {
                Some(sentences) => Ok(Some(sentences)),
                None => Err(Wrong::new(format!("not all of it is {}", self.noun), format!("write {}", self.example()))),
            },
            _ => Ok(None),
        }
    }

    fn schema(&self) -> Json {
        let one = json!({ "type": "string", "minLength": 1, "maxLength": language::LONGEST });
        json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
    }

    fn show(&self, sentences: &Vec<Sentence>) -> Json {
        sentences.iter().map(|sentence| json!(sentence.text)).collect()
    }
}
