//! Problems of a configuration file and how they are shown: what is wrong, where, and what to write instead.

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
    /// Its number, from 1.
    pub line: usize,
    /// The first character's number in the line, from 1.
    pub column: usize,
    /// How many characters, at least 1.
    pub length: usize,
    /// The whole line, without its line break.
    pub text: String,
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
        let (line, marks) = place.excerpt();
        let number = place.line.to_string();
        let margin = " ".repeat(number.len().max(2));
        writeln!(f, "{margin}--> {}:{}:{}", self.path.display(), place.line, place.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number:<width$} | {line}", width = margin.len())?;
        write!(f, "{margin} | {marks} {}", self.advice)
    }
}

/// How many characters of a long line are shown.
const EXCERPT: usize = 110;
/// How many of them stand before the place, at most.
const EXCERPT_BEFORE: usize = 60;

impl Place {
    /// The line as it is shown, cut around the place when it is long, and the carets under it.
    fn excerpt(&self) -> (String, String) {
        let all: Vec<char> = self.text.chars().collect();
        let place = (self.column - 1).min(all.len());
        let first = if all.len() <= EXCERPT { 0 } else { place.saturating_sub(EXCERPT_BEFORE) };
        let last = all.len().min(first + EXCERPT);
        let mark_end = (place + self.length).min(last);

        let shown = |from: usize, to: usize| all[from..to.max(from)].iter().map(|&c| visible(c)).collect::<String>();
        let columns = |from: usize, to: usize| all[from..to.max(from)].iter().map(|&c| width(c)).sum::<usize>();
        let (start, end) = (if first > 0 { "…" } else { "" }, if last < all.len() { "…" } else { "" });
        let line = format!("{start}{}{end}", shown(first, last));
        let indent = start.chars().count() + columns(first, place);
        let marks = format!("{}{}", " ".repeat(indent), "^".repeat(columns(place, mark_end).max(1)));
        (line, marks)
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

/// All problems of a refused file, in the order of its lines. At least one of them is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
}

/// Nobody reads more than this many problems at once.
const SHOWN: usize = 100;

impl Report {
    /// A report of one error about the file as a whole.
    pub(super) fn about_file(path: &Path, message: String, advice: String) -> Report {
        let severity = Severity::Error;
        Report { diagnostics: vec![Diagnostic { severity, message, advice, path: path.into(), place: None }] }
    }

    /// How many errors there are, warnings not counted.
    pub fn count(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// All of them, warnings too, in the order of the file's lines.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// All problems, with an empty line between two.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().take(SHOWN).enumerate() {
            write!(f, "{}{diagnostic}", if i > 0 { "\n\n" } else { "" })?;
        }
        match self.diagnostics.len().saturating_sub(SHOWN) {
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
pub(super) struct Problems(RefCell<Vec<Problem>>);

/// A problem whose place is a range of bytes of the source's text.
pub(super) struct Problem {
    severity: Severity,
    place: Range<usize>,
    message: String,
    advice: String,
}

impl Problems {
    pub fn error(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), advice.into());
    }

    pub fn warning(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Warning, place, message.into(), advice.into());
    }

    fn add(&self, severity: Severity, place: Range<usize>, message: String, advice: String) {
        self.0.borrow_mut().push(Problem { severity, place, message, advice });
    }

    /// The warnings, if there is nothing worse; otherwise everything.
    pub fn settle(self, source: &Source) -> Result<Vec<Diagnostic>, Report> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| (problem.place.start, problem.severity));
        let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
        let lines = Lines::of(&source.text);
        let diagnostics: Vec<Diagnostic> = problems
            .into_iter()
            .map(|Problem { severity, place, message, advice }| {
                let place = Some(lines.place(place));
                Diagnostic { severity, message, advice, path: source.path.clone(), place }
            })
            .collect();
        if failed { Err(Report { diagnostics }) } else { Ok(diagnostics) }
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

    fn place(&self, bytes: Range<usize>) -> Place {
        let start = floor_char_boundary(self.text, bytes.start);
        let end = floor_char_boundary(self.text, bytes.end);
        let line = self.starts.partition_point(|&first| first <= start);
        let line_start = self.starts[line - 1];
        let line_end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = self.text[line_start..line_end].trim_end_matches('\r');
        let start_in_line = (start - line_start).min(text.len());
        let end_in_line = (end.max(start) - line_start).min(text.len());
        Place {
            line,
            column: text[..start_in_line].chars().count() + 1,
            length: text[start_in_line..end_in_line].chars().count().max(1),
            text: text.to_owned(),
        }
    }
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
