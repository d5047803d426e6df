//! TOML syntax: the text as a tree, or its errors in plain words.

use super::diagnostic::{Problems, Report, Source};
use std::ops::Range;
use toml::{Spanned, de::DeTable};

/// More errors than this are the consequence of others.
const MOST: usize = 20;
/// With so many wrong lines, and half of all, a text is not meant as TOML.
const PROSE: usize = 10;
/// What the parser says of a key that is there already.
const DUPLICATE: &str = "duplicate key";
/// What is written with two brackets, once for each.
const LISTS: [&str; 3] = ["rules", "test", "test.steps"];

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
    let mut errors: Vec<_> = errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message())).collect();
    errors.sort_by_key(|(place, _)| place.start);
    refuse_prose(source, &errors)?;
    let mut whole = true;
    let mut second_table = false;
    let mut last_line = None;
    for (place, message) in errors.into_iter().take(MOST) {
        if message == DUPLICATE {
            second_table |= duplicate(text, place, second_table, problems);
            continue;
        }
        whole = false;
        // One slip makes several errors in its line; the first is the one to read.
        let line = line_of(text, place.start);
        if last_line.replace(line) == Some(line) {
            continue;
        }
        let (message, advice) = in_plain_words(message, text, &place);
        let other_language = message == YAML || message == JSON;
        problems.error(place, message, advice);
        if other_language {
            break;
        }
    }
    Ok(whole.then_some(tree))
}

/// One error instead of one for each line, where the text is something else altogether.
fn refuse_prose(source: &Source, errors: &[(Range<usize>, &str)]) -> Result<(), Report> {
    let not_toml = errors.iter().filter(|(_, message)| *message != DUPLICATE);
    // The errors come in the order of the text, which may have a hundred thousand lines of them.
    let text = source.text.as_bytes();
    let (mut wrong, mut counted_to) = (0, 0);
    for (place, _) in not_toml {
        let at = place.start.min(text.len());
        if wrong == 0 || text[counted_to..at].contains(&b'\n') {
            wrong += 1;
            counted_to = at;
        }
    }
    let all = source.text.lines().filter(|line| !line.trim().is_empty()).count();
    if wrong < PROSE || wrong * 2 < all {
        return Ok(());
    }
    Err(Report::about_file(
        &source.path,
        format!("this is not a configuration: {wrong} of its {all} lines are not TOML"),
        "give the path of a configuration file, such as config.toml".into(),
    ))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Reports a key or table that is there already, with the line where it is. Returns whether it is a table.
fn duplicate(text: &str, place: Range<usize>, within_second: bool, problems: &Problems) -> bool {
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
    if first.is_none() && within_second {
        // The keys of a table that is written twice are the same mistake.
        return false;
    }
    let what = if header {
        format!("the table {}", this.split(']').next().unwrap_or(this).to_owned() + "]")
    } else {
        format!("`{key}`")
    };
    let wher = first.map(|(line, _)| format!(", first on line {}", line + 1)).unwrap_or_default();
    let advice = match LISTS.iter().find(|list| what.ends_with(&format!("[{list}]")) && !what.contains("[[")) {
        Some(list) => format!("write [[{list}]], with two brackets, above each"),
        None => "keep one of them".to_owned(),
    };
    problems.error(place, format!("{what} is written twice{wher}"), advice);
    header
}

const YAML: &str = "this looks like YAML, not TOML";
const JSON: &str = "this looks like JSON, not TOML";
/// Signs that are quotes elsewhere.
const ODD_QUOTES: [char; 11] = ['“', '”', '„', '‘', '’', '`', '´', '«', '»', '‹', '›'];
/// Signs that stand between key and value elsewhere.
const ODD_EQUALS: [&str; 4] = ["===", "==", "=>", ":="];

/// What the parser says, for people who do not know its terms: what is wrong, and what to write.
fn in_plain_words(parser: &str, text: &str, place: &Range<usize>) -> (String, String) {
    let (what, expected) = parser.split_once(", expected ").unwrap_or((parser, ""));
    let here = text.get(place.clone()).unwrap_or_default();
    let line_start = text[..floor(text, place.start)].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default().trim();
    let key = line.split([' ', '=', ':']).next().unwrap_or_default();
    let say = |message: &str, advice: &str| (message.to_owned(), advice.to_owned());
    let assigned = line[key.len()..].trim_start();
    let value = assigned.trim_start_matches('=').trim_start();
    let bare = value.trim_matches(['"', '\'']);
    let odd_equals = ODD_EQUALS.into_iter().find(|sign| assigned.starts_with(sign)).unwrap_or_default();
    let is_one_text = !bare.is_empty() && !bare.contains(['"', '\'', '#', ',']);
    match what {
        _ if text.trim_start().starts_with('{') => {
            say(JSON, "write [table] on a line of its own, and below it key = value")
        }
        _ if !odd_equals.is_empty() => (format!("`{odd_equals}` between key and value"), "write `=`".to_owned()),
        "invalid basic string" | "invalid literal string" if is_one_text && value.ends_with(['"', '\'']) => {
            say("the text ends with another quote than it begins with", &format!("write \"{bare}\""))
        }
        "unexpected key or value" | "unexpected content"
            if is_one_text && (value.starts_with("\"\"") || value.starts_with("''")) =>
        {
            say("a text with two quotes on each side", &format!("write \"{bare}\""))
        }
        _ if line.starts_with(';') || line.starts_with("//") => say("a comment begins with `#`", "write `#`"),
        "key with no value" | "invalid unquoted key" if line.starts_with("- ") || line.ends_with(':') => {
            say(YAML, "write [table] on a line of its own, and below it key = value")
        }
        "key with no value" | "invalid unquoted key" if line[key.len()..].trim_start().starts_with(':') => {
            say("`:` between key and value", "write `=`")
        }
        "invalid unquoted key" if text[floor(text, place.start)..].starts_with(':') => {
            say("`:` between key and value", "write `=`")
        }
        "invalid unquoted key" if text[floor(text, place.start)..].starts_with(|c: char| !c.is_ascii()) => {
            say("a name with other letters than a-z", "write a-z, 0-9 and `_`; the key `name` takes any letters")
        }
        "unquoted keys cannot be empty" => say("no key before `=`", "write the key's name before it"),
        "key with no value" => (format!("no `=` after `{key}`"), format!("write {key} = ...")),
        "string values must be quoted" if here.is_empty() => {
            (format!("no value after `{key} =`"), "write one, or remove the line".to_owned())
        }
        "string values must be quoted" if here.starts_with(ODD_QUOTES) => {
            let bare = here.trim_matches(ODD_QUOTES);
            let kind = if here.starts_with('`') { "quotes of another kind" } else { "curly quotes" };
            (kind.to_owned(), format!("write \"{bare}\", with straight quotes"))
        }
        "string values must be quoted" => ("text without quotes".to_owned(), format!("write \"{here}\"")),
        "invalid time" | "invalid date" | "invalid date-time" | "invalid datetime" => {
            ("text without quotes".to_owned(), format!("write \"{here}\""))
        }
        "invalid basic string" | "invalid literal string" if expected == "`\"`" || expected == "`'`" => {
            ("the text is not closed before the end of the line".to_owned(), format!("write {expected} at its end"))
        }
        "missing escaped value" => say(
            "a backslash has a meaning of its own between double quotes",
            "write '...' in single quotes instead, or `\\\\`",
        ),
        "missing comma between key-value pairs" => say("no comma between two entries", "write `,` before this"),
        "missing comma between array elements"
            if text[..floor(text, place.start)].trim_end().ends_with('"') && line_start == place.start =>
        {
            say("the list above is not closed", "write `]` at its end")
        }
        "missing comma between array elements" => say("no comma between two entries", "write `,` before this"),
        "unclosed array" => say("the list is not closed", "write `]` at its end"),
        "unclosed inline table" => say("the braces are not closed", "write `}` at the end"),
        "unclosed table" => (format!("`{line}` has no closing bracket"), "write `]` here".to_owned()),
        "unclosed array table" => (format!("`{line}` has no two closing brackets"), "write `]]` here".to_owned()),
        "unexpected leading zero" => {
            let digits = text[floor(text, place.start)..].trim_start_matches('0');
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            (
                "a number with a leading zero".to_owned(),
                format!("write {}", if end == 0 { "0" } else { &digits[..end] }),
            )
        }
        "unexpected key or value" | "unexpected content" if decimal_comma(line).is_some() => {
            ("a comma in a number".to_owned(), format!("write {}", decimal_comma(line).unwrap_or_default()))
        }
        "unexpected key or value" | "unexpected content" => {
            say("something follows the value on the same line", "begin a new line before it, or remove it")
        }
        _ if what.contains("recurs") => say("brackets in brackets, too deep", "remove them"),
        _ if expected.is_empty() => (what.to_owned(), "see https://toml.io for how TOML is written".to_owned()),
        _ => (what.to_owned(), format!("write {expected}")),
    }
}

/// The number that is meant by `key = 52,37`.
fn decimal_comma(line: &str) -> Option<String> {
    let (_, value) = line.split_once('=')?;
    let (whole, rest) = value.split('#').next()?.trim().split_once(',')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole.trim_start_matches('-')) && digits(rest)).then(|| format!("{whole}.{rest}"))
}

/// The nearest place before `at` that is between two characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
