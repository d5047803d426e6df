//! What no message may show: messages go to logs that others read, and people send them on.
//!
//! It is found in the text as it stands, line by line, because a file with mistakes is no tree yet: a password may lack its
//! quotes, its key may be misspelt, its table may be called otherwise.

use std::ops::Range;

/// The keys of `[mqtt]` whose values are no secret.
const PLAIN_KEYS: [&str; 8] =
    ["url", "username", "client_id", "prefix", "discovery", "discovery_prefix", "birth_topic", "keep_alive"];

/// Parts of names by which a password goes.
const PASSWORD_WORDS: [&str; 13] = [
    "password",
    "passwd",
    "pass",
    "passphrase",
    "passcode",
    "passwort",
    "pwd",
    "psw",
    "pw",
    "psk",
    "secret",
    "token",
    "credential",
];

/// Our own words in messages about `[mqtt]`: that they occur in a secret tells nothing.
const OUR_WORDS: &str = "mqtt://localhost:1883 password_file passwords username missing unknown table true false";

/// What stands around a text, or was meant to.
const QUOTES: [char; 7] = ['"', '\'', '“', '”', '„', '‘', '’'];

/// No password is longer; a file of a megabyte must be refused at once.
const LONGEST: usize = 1_000;
/// So many secrets are looked for in each message, near its line and elsewhere.
const FAR: usize = 100;

/// Shared letters in a row, from which on a message is taken to repeat a secret.
const TELLING: usize = 4;

/// The secrets of one text.
pub(super) struct Secrets<'t> {
    text: &'t str,
    /// Stretches of bytes that are shown nowhere, in the order of the text, each within one line.
    hidden: Vec<Range<usize>>,
    /// Other values of `[mqtt]`: the line may be shown, but nothing repeats them.
    values: Vec<Range<usize>>,
}

impl<'t> Secrets<'t> {
    pub fn of(text: &'t str) -> Secrets<'t> {
        let mut secrets = Secrets { text, hidden: Vec::new(), values: Vec::new() };
        let mut in_mqtt = false;
        let mut open: Option<&'static str> = None;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end().len();
            if let Some(closing) = open {
                secrets.hidden.push(start..end);
                open = (!line.contains(closing)).then_some(closing);
            } else {
                if let Some(header) = line.trim_start().strip_prefix('[') {
                    in_mqtt =
                        is_mqtt(header.trim_start_matches('[').split([']', '.', '\n']).next().unwrap_or_default());
                }
                open = secrets.scan(start, line.trim_end(), in_mqtt);
            }
            start += line.len();
        }
        secrets
    }

    /// Notes the secrets of one line; what closes a secret that goes on in the next.
    fn scan(&mut self, start: usize, line: &str, in_mqtt: bool) -> Option<&'static str> {
        let mut in_mqtt = in_mqtt && !line.trim_start().starts_with(['[', '#']);
        if in_mqtt && let Some(value) = line.trim_start().strip_prefix('=') {
            self.hidden.push(start + line.len() - value.len()..start + line.len());
            return None;
        }
        let words = words(line);
        for (i, word) in words.iter().enumerate() {
            let name = &line[word.clone()];
            let rest = line[word.end..].trim_start_matches(['"', '\'']).trim_start();
            let value = line.len() - rest.trim_start_matches(['=', ':', '.']).trim_start().len();
            // A key stands before `=`, or first in a line that lacks it.
            let is_key = rest.starts_with('=') || i == 0 && !rest.starts_with('.');
            if !is_key && !rest.starts_with('.') {
                continue;
            }
            if is_mqtt(name) && rest.starts_with(['=', '.', ':']) {
                in_mqtt = true;
                if value < line.len() && is_key && !line[value..].starts_with('{') {
                    self.hidden.push(start + value..start + line.len());
                    return unclosed(&line[value..]);
                }
                continue;
            }
            let plain = PLAIN_KEYS.contains(&name);
            if is_key && value < line.len() && (is_password(name) || in_mqtt && !plain) {
                self.hidden.push(start + value..start + line.len());
                return unclosed(&line[value..]);
            }
            if in_mqtt && is_key && value < line.len() {
                let next = words[i + 1..].iter().find(|next| {
                    let after = line[next.end..].trim_start();
                    after.starts_with('=') && line[..next.start].trim_end().ends_with(',')
                });
                let end = next.map_or(line.len(), |next| next.start);
                self.values.push(start + value..start + end);
                self.hidden.extend(
                    user_and_password(&line[value..end], name == "url")
                        .map(|Range { start: from, end }| start + value + from..start + value + end),
                );
            }
        }
        if !in_mqtt {
            self.hidden.extend(user_and_password(line, false).map(|part| start + part.start..start + part.end));
        }
        None
    }

    /// The parts of a line that are not shown, in bytes from its beginning.
    pub fn in_line(&self, line: Range<usize>) -> Vec<Range<usize>> {
        let within = self.hidden.iter().filter(|hidden| hidden.start < line.end && hidden.end > line.start);
        within.map(|hidden| hidden.start.max(line.start) - line.start..hidden.end.min(line.end) - line.start).collect()
    }

    /// A message about a place in the text, or an advice, without what it repeats of secrets.
    pub fn redact(&self, message: String, lines: &Range<usize>) -> String {
        let letters: Vec<char> = message.chars().collect();
        let mut starred = vec![false; letters.len()];
        let is_near = |part: &Range<usize>| part.start <= lines.end && part.end >= lines.start;
        let far = self.hidden.iter().filter(|part| !is_near(part) && part.len() >= 2 * TELLING).take(FAR);
        for part in self.hidden.iter().filter(|part| is_near(part)).take(FAR).chain(far) {
            star_repeated(&letters, secret_letters(&self.text[part.clone()]), TELLING, &mut starred);
        }
        for part in self.values.iter().filter(|part| is_near(part)).take(FAR) {
            star_repeated(&letters, secret_letters(&self.text[part.clone()]), usize::MAX, &mut starred);
        }
        if starred.iter().all(|starred| !starred) {
            return message;
        }
        letters.iter().zip(starred).map(|(letter, starred)| if starred { '*' } else { *letter }).collect()
    }
}

/// Marks in `letters` what also stands in `secret`: so many letters in a row, or all of it.
fn star_repeated(letters: &[char], secret: &str, telling: usize, starred: &mut [bool]) {
    let secret: Vec<char> = secret.chars().take(LONGEST).collect();
    let length = secret.len().min(telling);
    if length == 0 || length > letters.len() {
        return;
    }
    for at in 0..=letters.len() - length {
        let (end, piece) = (at + length, &letters[at..at + length]);
        // A short secret is one only where it stands alone.
        let alone =
            !(at > 0 && letters[at - 1].is_alphanumeric() || letters.get(end).is_some_and(|c| c.is_alphanumeric()));
        let ours = || OUR_WORDS.contains(&piece.iter().collect::<String>());
        if (length >= TELLING || alone) && secret.windows(length).any(|window| window == piece) && !ours() {
            starred[at..end].fill(true);
        }
    }
}

/// A value without quotes and comment; nothing of a number or a duration, which is no secret.
fn secret_letters(value: &str) -> &str {
    let value = value.trim();
    let value = match value.strip_prefix(QUOTES) {
        Some(quoted) => quoted.split(QUOTES).find(|part| !part.is_empty()).unwrap_or(quoted),
        None => value.split(" #").next().unwrap_or(value).trim_end_matches([',', '}', ' ']),
    };
    let number = value.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if number.bytes().all(|b| b.is_ascii_digit()) && value.len() - number.len() <= 2 { "" } else { value }
}

/// The words of a line: keys may consist of letters, digits, `_` and `-`.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (i, c) in line.char_indices() {
        if c.is_alphanumeric() || matches!(c, '_' | '-') {
            match words.last_mut() {
                Some(word) if word.end == i => word.end += c.len_utf8(),
                _ => words.push(i..i + c.len_utf8()),
            }
        }
    }
    words
}

/// Whether a table of this name is, or was meant to be, `[mqtt]`.
fn is_mqtt(name: &str) -> bool {
    let name = name.trim().trim_matches(['"', '\'']).to_lowercase();
    name == "broker" || name.len() >= 3 && strsim::damerau_levenshtein(&name, "mqtt") <= 2 && name.starts_with('m')
}

/// Whether a key of this name is, or was meant to be, a password.
fn is_password(name: &str) -> bool {
    let name = name.to_lowercase();
    let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    name.split(['_', '-']).any(|part| PASSWORD_WORDS.contains(&part))
        || joined.len() >= 5 && strsim::damerau_levenshtein(&joined, "password") <= 2
}

/// User and password in the address of a server: what stands between `://` and `@`. In the value of a `url`, also what
/// stands before an `@` without `://`, and what was written in the place of the port.
fn user_and_password(text: &str, is_url: bool) -> Option<Range<usize>> {
    let scheme = text.find("://").map(|at| at + 3);
    let from = match scheme {
        Some(from) => from,
        None if is_url => text.len() - text.trim_start_matches(['"', '\'']).len(),
        None => return None,
    };
    if let Some(at) = text[from..].rfind('@') {
        return Some(from..from + at);
    }
    let port = from + text[from..].rfind(':')? + 1;
    let end = text[port..].find(['"', '\'', '/']).map_or(text.len(), |length| port + length);
    (is_url && scheme.is_some() && !text[port..end].bytes().all(|b| b.is_ascii_digit() || b == b']'))
        .then_some(port..end)
}

/// What closes a value that goes on in the next line.
fn unclosed(value: &str) -> Option<&'static str> {
    let pairs = [("\"\"\"", "\"\"\""), ("'''", "'''"), ("[", "]"), ("{", "}")];
    let (opening, closing) = pairs.into_iter().find(|(opening, _)| value.starts_with(opening))?;
    (!value[opening.len()..].contains(closing)).then_some(closing)
}

#[cfg(test)]
mod tests;
