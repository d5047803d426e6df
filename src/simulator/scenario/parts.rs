//! A scenario file as its parts: free text, `--- house`, `--- from`, `--- log`.

use crate::config::{Problems, nearest_name};
use std::ops::Range;

/// A stretch of the file.
#[derive(Clone, Debug)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    /// In bytes of the file.
    pub place: Range<usize>,
}

/// The parts, as they were found.
#[derive(Default)]
pub(super) struct Parts<'t> {
    pub about: &'t str,
    /// The lines of the configuration.
    pub house: Option<Range<usize>>,
    /// The words after `--- from`.
    pub span: Option<Vec<Word<'t>>>,
    /// Whether the last of them is `world`.
    pub world: bool,
    /// The lines below it, in words; comments and blank lines left out.
    pub lines: Vec<Vec<Word<'t>>>,
    /// The words after `--- log with`.
    pub also: Vec<Word<'t>>,
    /// The lines of the log.
    pub log: Option<Range<usize>>,
}

const KNOWN: [&str; 3] = ["house", "from", "log"];
const ORDER: &str = "the parts come in this order: text, `--- house`, `--- from ... for ...`, `--- log`";

impl<'t> Parts<'t> {
    /// Splits a file; what is wrong with its parts goes to `problems`.
    pub(super) fn of(text: &'t str, problems: &Problems) -> Parts<'t> {
        let headers: Vec<Range<usize>> = lines(text).filter(|line| is_header(&text[line.clone()])).collect();
        let first = headers.first().map_or(text.len(), |header| header.start);
        let mut parts = Parts { about: &text[..first], ..Parts::default() };
        let mut last = 0;
        for (index, header) in headers.iter().enumerate() {
            let begin = (header.end + 1).min(text.len());
            let body = begin..headers.get(index + 1).map_or(text.len(), |next| next.start);
            let mut header_words = words(text, header.clone());
            header_words.remove(0);
            let name = header_words.first().map_or("", |word| word.text);
            let Some(rank) = KNOWN.iter().position(|known| *known == name) else {
                let advice = match nearest_name(name, KNOWN) {
                    Some(near) => format!("did you mean `--- {near}`?"),
                    None => ORDER.into(),
                };
                problems.error(header.clone(), "no part of a scenario begins so", advice);
                continue;
            };
            if rank < last {
                problems.error(header.clone(), format!("`--- {name}` comes too late, or twice"), ORDER);
                continue;
            }
            last = rank + 1;
            match name {
                "house" => parts.house = Some(body),
                "from" => {
                    parts.world = header_words.pop_if(|word| word.text == "world").is_some();
                    parts.span = Some(header_words.split_off(1));
                    parts.lines = lines(&text[body.clone()])
                        .map(|line| words(text, body.start + line.start..body.start + line.end))
                        .filter(|line| !line.is_empty())
                        .collect();
                }
                _ => {
                    parts.log = Some(body);
                    parts.also = with(header_words.split_off(1), problems);
                }
            }
        }
        if parts.span.is_none() {
            let end = text.len();
            problems.error(
                end..end,
                "the scenario does not say when it plays",
                "add a line such as `--- from 2026-11-23 17:00 for 1h`",
            );
        }
        parts
    }
}

/// What is logged besides the outputs: `with hall.occupied, mode`.
fn with<'t>(words: Vec<Word<'t>>, problems: &Problems) -> Vec<Word<'t>> {
    let Some(first) = words.first() else { return Vec::new() };
    if first.text != "with" {
        problems.error(
            first.place.clone(),
            "only `with` follows `--- log`",
            "write `--- log with hall.occupied`, or nothing",
        );
        return Vec::new();
    }
    words[1..]
        .iter()
        .map(|word| {
            let text = word.text.trim_end_matches(',');
            Word { text, place: word.place.start..word.place.start + text.len() }
        })
        .collect()
}

/// `---` or `--- something`; what a user has written `---house` is taken for one, too.
fn is_header(line: &str) -> bool {
    line.starts_with("---")
}

/// The lines, without their line breaks.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let begin = start;
        start += line.len();
        begin..begin + line.trim_end_matches(['\n', '\r']).len()
    })
}

/// The words of a line, without a comment.
fn words(text: &str, line: Range<usize>) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut at = line.start;
    for word in text[line].split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        if bare.starts_with('#') {
            break;
        }
        if !bare.is_empty() {
            found.push(Word { text: bare, place: at..at + bare.len() });
        }
        at += word.len();
    }
    found
}
