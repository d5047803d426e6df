//! TOML syntax: the text as a tree, or its errors in plain words.

use super::diagnostic::{Problems, Report, Source};
use std::ops::Range;
use toml::{Spanned, de::DeTable};

/// More errors than this are the consequence of others.
const MOST: usize = 20;

/// The tree, if it is whole enough to look for other problems.
pub(super) fn read<'s>(source: &'s Source, problems: &Problems) -> Result<Option<Spanned<DeTable<'s>>>, Report> {
    let text = &source.text;
    let (tree, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() && tree.get_ref().is_empty() {
        return Err(Report::about_file(
            &source.path,
            "the file holds no configuration".into(),
            "the smallest one is two lines: [hub] and, below it, id = \"home\"".into(),
        ));
    }
    let mut whole = true;
    let mut last_line = None;
    for error in errors.iter().take(MOST) {
        let place = error.span().unwrap_or(0..0);
        let line = line_of(text, place.start);
        if error.message() == "duplicate key" {
            duplicate(text, place, problems);
        } else {
            whole = false;
            // One slip makes several errors in its line; the first is the one to read.
            if last_line != Some(line) {
                let (message, advice) = in_plain_words(error.message(), text, &place);
                problems.error(place, message, advice);
            }
        }
        last_line = Some(line);
    }
    Ok(whole.then_some(tree))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

fn duplicate(text: &str, place: Range<usize>, problems: &Problems) {
    let key = text.get(place.clone()).unwrap_or_default();
    let line = line_of(text, place.start);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let this = lines.get(line).copied().unwrap_or_default();
    let header = this.starts_with('[');
    let same = |other: &str| {
        if header {
            other.split(']').next() == this.split(']').next()
        } else {
            other.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
        }
    };
    let before = lines[..line.min(lines.len())].iter().enumerate().rev();
    let first =
        before.take_while(|(_, other)| header || !other.starts_with('[')).filter(|(_, other)| same(other)).last();
    let what = if header {
        format!("the table {}", this.split(']').next().unwrap_or(this).to_owned() + "]")
    } else {
        format!("`{key}`")
    };
    let wher = first.map(|(line, _)| format!(", first on line {}", line + 1)).unwrap_or_default();
    problems.error(place, format!("{what} is written twice{wher}"), "keep one of them");
}

/// What the parser says, for people who do not know its terms.
fn in_plain_words(message: &str, text: &str, place: &Range<usize>) -> (String, String) {
    let _ = (text, place);
    match message.split_once(", expected ") {
        Some((what, expected)) => (what.to_owned(), format!("expected {expected}")),
        None => (message.to_owned(), "see https://toml.io".to_owned()),
    }
}
