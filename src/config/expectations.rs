//! The tests beside a configuration (`config.test.toml`): what is given, and what is then expected. Read as the
//! configuration is, so that every slip has its place; what the names stand for is found out when they are run.

use super::{
    diagnostic::{Problems, Report, Source},
    shape::{Shape, Text, Wrong},
    syntax,
    table::Table,
};
use crate::model::duration;
use chrono::NaiveDateTime;
use serde_json::{Value as Json, json};
use std::{ops::Range, time::Duration};
use toml::{Spanned, de::DeValue};

/// One test: a story in steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// A sentence for people.
    pub name: String,
    /// The local time of its first step, and where that stands.
    pub at: (NaiveDateTime, Range<usize>),
    /// In order of time.
    pub steps: Vec<Step>,
}

/// What happens at one instant, and what is expected then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// How long after the step before.
    pub after: Duration,
    /// Points and the values they are given.
    pub given: Vec<Entry>,
    /// Lines as a scenario has them, without a time.
    pub happens: Vec<Line>,
    /// Points and the values they are to have.
    pub expect: Vec<Entry>,
    /// Outputs and a part of their reason.
    pub why: Vec<Entry>,
}

/// A point and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The dotted name as written.
    pub point: String,
    /// Where the name stands, in bytes of the text.
    pub point_place: Range<usize>,
    /// As text: numbers as they are written, true and false as `on` and `off`.
    pub value: String,
    /// Where the value stands.
    pub value_place: Range<usize>,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Without its quotes.
    pub text: String,
    /// Where it stands, in bytes of the text.
    pub place: Range<usize>,
}

/// Reads the tests of a file, as far as they can be read; what is wrong with them goes to `problems`.
///
/// # Errors
/// The file holds nothing.
pub fn expectations(source: &Source, problems: &Problems) -> Result<Vec<Expectation>, Report> {
    let mut tests = Vec::new();
    if let Some(document) = syntax::read(source, problems)? {
        let mut root = Table::root(document.get_ref(), problems);
        tests = root.list("test", "What the house is expected to do.", read).into_iter().flatten().collect();
        if !root.has("test") {
            problems.error(0..0, "the file holds no test", "begin each test with a line [[test]]");
        }
        root.finish();
    }
    Ok(tests)
}

fn read(table: &mut Table<'_>) -> Option<Expectation> {
    let name = table.required("name", "A sentence for people.", "\"Somebody comes home after dark\"", Text);
    let at = table.required("at", "The local time of the first step.", "\"2026-11-23 18:00\"", LocalTime);
    let at_place = table.place_of("at");
    let first = step(table, Duration::ZERO);
    let later = table.list("steps", "What comes after that.", |table| {
        let after = table.required("after", "How long after the step before.", "\"5m\"", Span).unwrap_or_default();
        step(table, after)
    });
    let steps: Vec<Step> = std::iter::once(first).chain(later).collect();
    if steps.iter().all(|step| step.expect.is_empty() && step.why.is_empty()) {
        table.error_at("expect", "the test expects nothing", "add expect = { hall_light = \"on\" }");
    }
    Some(Expectation { name: name?, at: (at?, at_place), steps })
}

fn step(table: &mut Table<'_>, after: Duration) -> Step {
    Step {
        after,
        given: table.optional("given", "Points and the values they have from now on.", Entries).unwrap_or_default(),
        happens: table.optional("happens", "Lines as a scenario has them.", Lines).unwrap_or_default(),
        expect: table.optional("expect", "Points and the values they are to have.", Entries).unwrap_or_default(),
        why: table.optional("why", "Outputs and a part of their reason.", Entries).unwrap_or_default(),
    }
}

/// `2026-11-23 18:00`, as text or as a TOML time.
struct LocalTime;

impl Shape for LocalTime {
    type Value = NaiveDateTime;

    fn noun(&self) -> String {
        "a local date and time".into()
    }

    fn example(&self) -> String {
        "one such as \"2026-11-23 18:00\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<NaiveDateTime>, Wrong> {
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            _ => return Ok(None),
        };
        let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
        let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
        time.map(Some).ok_or_else(|| Wrong::new("not a local date and time", format!("write {}", self.example())))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string" })
    }

    fn show(&self, value: &NaiveDateTime) -> Json {
        json!(value.to_string())
    }
}

/// A time between two steps.
struct Span;

impl Shape for Span {
    type Value = Duration;

    fn noun(&self) -> String {
        "a duration".into()
    }

    fn example(&self) -> String {
        "one such as \"90s\", \"5m\" or \"1h30m\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Duration>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        duration::parse(text).map(Some).map_err(|_| Wrong::new("not a duration", format!("write {}", self.example())))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string" })
    }

    fn show(&self, value: &Duration) -> Json {
        json!(duration::spell(*value))
    }
}

/// Points and values: `{ hall_light = "on", living.temperature = 18.5 }`.
struct Entries;

impl Shape for Entries {
    type Value = Vec<Entry>;

    fn noun(&self) -> String {
        "points and their values".into()
    }

    fn example(&self) -> String {
        "them in braces, such as { hall_motion = \"on\", living.temperature = 18.5 }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Entry>>, Wrong> {
        let DeValue::Table(table) = value else { return Ok(None) };
        let mut entries = Vec::new();
        for (key, value) in table {
            // `living.temperature = 18.5` is to TOML a table `living`.
            match value.get_ref() {
                DeValue::Table(facets) => {
                    for (facet, value) in facets {
                        let name = format!("{}.{}", key.get_ref(), facet.get_ref());
                        entries.push(entry(name, key.span().start..facet.span().end, value)?);
                    }
                }
                _ => entries.push(entry(key.get_ref().to_string(), key.span(), value)?),
            }
        }
        entries.sort_by_key(|entry| entry.value_place.start);
        Ok(Some(entries))
    }

    fn schema(&self) -> Json {
        json!({ "type": "object" })
    }

    fn show(&self, _: &Vec<Entry>) -> Json {
        json!({})
    }
}

fn entry(point: String, point_place: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Entry, Wrong> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(on) => if *on { "on" } else { "off" }.to_owned(),
        _ => return Err(Wrong::new(format!("`{point}` is no text and no number"), "write \"on\" or a number")),
    };
    Ok(Entry { point, point_place, value: text, value_place: value.span() })
}

/// A list of texts.
struct Lines;

impl Shape for Lines {
    type Value = Vec<Line>;

    fn noun(&self) -> String {
        "a list of texts".into()
    }

    fn example(&self) -> String {
        "them in brackets, such as [\"restart for 10s\", \"living lost\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Line>>, Wrong> {
        let DeValue::Array(items) = value else { return Ok(None) };
        let line = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str()?.to_owned();
            Some(Line { text, place: item.span() })
        };
        Ok(items.iter().map(line).collect())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" } })
    }

    fn show(&self, _: &Vec<Line>) -> Json {
        json!([])
    }
}
