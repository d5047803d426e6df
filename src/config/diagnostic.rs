//! Problems of a configuration file and how they are shown: what is wrong, where, and what to write instead.

use super::secrets::Secrets;
use std::{
    cell::RefCell,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

/// Whether a problem keeps the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is used; somebody should look at it.
    Warning,
}

/// One problem, with its place in the file. Displays as several lines without a line break at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to write or do instead.
    pub advice: String,
    /// The file.
    pub path: PathBuf,
    /// Where in the file; nothing when it is about the file as a whole.
    pub place: Option<Place>,
}

/// A stretch of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line's number, from 1.
    pub line: usize,
    /// The first character's number in the line, from 1.
    pub column: usize,
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// The line as it is shown, cut around the place when it is long.
    excerpt: String,
    /// Blanks and carets, to be shown under it.
    marks: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}: {}", self.message)?;
        let Some(place) = &self.place else {
            writeln!(f, "  --> {}", self.path.display())?;
            return write!(f, "   = {}", self.advice);
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len().max(2));
        writeln!(f, "{margin}--> {}:{}:{}", self.path.display(), place.line, place.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number:<width$} | {}", place.excerpt, width = margin.len())?;
        write!(f, "{margin} | {} {}", place.marks, self.advice)
    }
}

/// How many characters of a long line are shown.
const EXCERPT: usize = 110;
/// How many of them stand before the place, at most.
const EXCERPT_BEFORE: usize = 60;

impl Place {
    /// The place of `length` characters from `start` (counted from 0) in a line; what is `hidden` of its bytes is not shown.
    fn of(line: usize, text: &str, start: usize, length: usize, hidden: &[Range<usize>], bytes: Range<usize>) -> Place {
        // A line that fits is not cut at all.
        let fits = text.chars().nth(EXCERPT).is_none();
        let shown_from = if fits { 0 } else { start.saturating_sub(EXCERPT_BEFORE) };
        let letters = text.char_indices().enumerate().map(|(i, (byte, letter))| (i, byte, letter));
        let mut letters: Vec<(usize, usize, char)> = letters.skip(shown_from).take(EXCERPT + 1).collect();
        let cut = letters.len() > EXCERPT;
        letters.truncate(EXCERPT);
        let (before, after) = (if shown_from > 0 { "…" } else { "" }, if cut { "…" } else { "" });
        let is_hidden = |byte: usize| hidden.iter().any(|part| part.contains(&byte));
        let letter = |&(_, byte, c): &(usize, usize, char)| {
            if is_hidden(byte) && !c.is_whitespace() { '*' } else { visible(c) }
        };
        let columns = |from: usize, to: usize| -> usize {
            letters.iter().filter(|(i, ..)| (from..to).contains(i)).map(|(.., c)| width(*c)).sum()
        };
        let indent = before.chars().count() + columns(shown_from, start);
        Place {
            line,
            column: start + 1,
            bytes,
            excerpt: format!("{before}{}{after}", letters.iter().map(letter).collect::<String>()),
            marks: format!("{}{}", " ".repeat(indent), "^".repeat(columns(start, start + length).max(1))),
        }
    }
}

/// A character as a terminal can show it in one place: a tab as one blank, no control characters.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    }
}

/// How many columns of a terminal a character takes: none when it combines with the one before it, two when it is wide.
fn width(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036f}'
        | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05bd}'
        | '\u{064b}'..='\u{065f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20d0}'..='\u{20f0}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The problems of a refused file, in the order of its lines. At least one of them is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    /// How many errors there are in all.
    errors: usize,
    /// How many problems are not among `diagnostics`.
    more: usize,
}

/// Nobody reads more than this many problems at once.
const SHOWN: usize = 100;

impl Report {
    /// A report of one error about the file as a whole.
    pub fn about_file(path: &Path, message: String, advice: String) -> Report {
        let diagnostic = Diagnostic { severity: Severity::Error, message, advice, path: path.into(), place: None };
        Report { diagnostics: vec![diagnostic], errors: 1, more: 0 }
    }

    /// How many errors were found, warnings not counted. After some hundreds nobody looked for more.
    pub fn count(&self) -> usize {
        self.errors
    }

    /// The first hundred problems, warnings among them only if all fit, in the order of the file's lines.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// All problems, with an empty line between two.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            write!(f, "{}{diagnostic}", if i > 0 { "\n\n" } else { "" })?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n\nand {more} more"),
        }
    }
}

impl std::error::Error for Report {}

/// The text of a configuration file, and what messages call the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// Collects the problems of one source, so that all are reported at once.
#[derive(Default)]
pub struct Problems(RefCell<Vec<Problem>>);

/// A problem whose place is a range of bytes of the source's text.
struct Problem {
    severity: Severity,
    place: Range<usize>,
    message: String,
    advice: String,
}

impl Problems {
    /// Something for which the source is refused, its place in bytes of the text.
    pub fn error(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), advice.into());
    }

    /// Something to look at, its place in bytes of the text.
    pub fn warning(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Warning, place, message.into(), advice.into());
    }

    /// Whether so many were found that looking for more, with a nearest name for each, is not worth the time.
    pub fn are_enough(&self) -> bool {
        self.0.borrow().len() > 2 * SHOWN
    }

    /// Whether the source will be refused.
    pub fn has_errors(&self) -> bool {
        self.0.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    fn add(&self, severity: Severity, place: Range<usize>, message: String, advice: String) {
        self.0.borrow_mut().push(Problem { severity, place, message, advice });
    }

    /// The warnings, if there is nothing worse.
    ///
    /// # Errors
    /// All problems, if one of them is an error.
    pub fn settle(self, source: &Source) -> Result<Vec<Diagnostic>, Report> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| (problem.place.start, problem.severity));
        let all = problems.len();
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        if all > SHOWN && errors > 0 {
            problems.retain(|problem| problem.severity == Severity::Error);
        }
        problems.truncate(SHOWN);
        let lines = Lines::of(&source.text);
        let secrets = Secrets::of(&source.text);
        let diagnostics: Vec<Diagnostic> = problems
            .into_iter()
            .map(|Problem { severity, place, message, advice }| {
                let around = lines.around(&place);
                let [message, advice] = [message, advice].map(|text| secrets.redact(text, &around));
                let place = Some(lines.place(place, &secrets));
                Diagnostic { severity, message, advice, path: source.path.clone(), place }
            })
            .collect();
        let more = all - diagnostics.len();
        if errors > 0 { Err(Report { diagnostics, errors, more }) } else { Ok(diagnostics) }
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i + 1);
        Lines { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The number of the line that a byte is in, from 1, and the line's bytes.
    fn line(&self, byte: usize) -> (usize, Range<usize>) {
        let line = self.starts.partition_point(|&first| first <= byte);
        (line, self.starts[line - 1]..self.starts.get(line).map_or(self.text.len(), |next| next - 1))
    }

    /// The whole lines that some bytes are in.
    fn around(&self, bytes: &Range<usize>) -> Range<usize> {
        self.line(bytes.start).1.start..self.line(bytes.end).1.end
    }

    fn place(&self, bytes: Range<usize>, secrets: &Secrets<'_>) -> Place {
        let start = floor_char_boundary(self.text, bytes.start);
        let end = floor_char_boundary(self.text, bytes.end);
        let (line, Range { start: line_start, end: line_end }) = self.line(start);
        let text = self.text[line_start..line_end].trim_end_matches('\r');
        let start_in_line = (start - line_start).min(text.len());
        let end_in_line = (end.max(start) - line_start).min(text.len());
        let bytes = line_start + start_in_line..line_start + end_in_line;
        let start = text[..start_in_line].chars().count();
        let hidden = secrets.in_line(line_start..line_end);
        Place::of(line, text, start, text[start_in_line..end_in_line].chars().count(), &hidden, bytes)
    }
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
