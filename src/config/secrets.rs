//! What no message may show: messages go to logs that others read, and people send them on.
//!
//! It is found in the text as it stands, line by line, because a file with mistakes is no tree yet: a password may lack its
//! quotes, its key may be misspelt, its table may be called otherwise.

use crate::model::NoiseKey;
use std::ops::Range;

/// The keys of `[mqtt]`, of `[homeassistant]` and of who may come in over HTTP, whose values are no secret.
pub(super) const PLAIN_KEYS: [&str; 18] = [
    "url",
    "version",
    "username",
    "client_id",
    "prefix",
    "discovery",
    "discovery_prefix",
    "birth_topic",
    "homie",
    "keep_alive",
    "connect_timeout",
    "ca_file",
    "cert_file",
    "server_name",
    "scope",
    "listen",
    "allow_plaintext",
    "mdns",
];

/// Keys whose values are names of files: messages repeat them.
const FILE_KEYS: [&str; 5] = ["password_file", "ca_file", "cert_file", "key_file", "hash_file"];

/// Names by which the table `[mqtt]` goes.
const BROKER_WORDS: [&str; 3] = ["mqtt", "broker", "mosquitto"];

/// Other keys whose values messages repeat.
const TOLD_KEYS: [&str; 2] = ["scope", "listen"];

/// Other tables whose values are secrets, but for plain keys and names of files.
const SECRET_TABLES: [&str; 3] = ["http.users", "http.tokens", "homeassistant"];

/// Tables in which `mqtt` is a topic.
const POINTS: [&str; 3] = ["inputs.", "outputs.", "sensors."];

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
    /// Those of them that are the secret to the letter, and no value with quotes or a comment.
    exact: Vec<Range<usize>>,
    /// Other values of `[mqtt]`: the line may be shown, but nothing repeats them.
    values: Vec<Range<usize>>,
}

/// What of the next lines is hidden, too.
#[derive(Clone, Copy)]
enum Open {
    /// All, up to what closes the value.
    Until(&'static str),
    /// What does not begin another entry: the value is not there yet, or not closed.
    Entry,
}

/// Stretches in the order of the text, those that overlap as one, and without empty ones.
pub(super) fn joined(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.retain(|part| !part.is_empty());
    parts.sort_by_key(|part| part.start);
    parts.dedup_by(|next, before| {
        let is_one = next.start < before.end;
        if is_one {
            before.end = before.end.max(next.end);
        }
        is_one
    });
    parts
}

impl<'t> Secrets<'t> {
    pub fn of(text: &'t str) -> Secrets<'t> {
        let mut secrets = Secrets { text, hidden: Vec::new(), exact: Vec::new(), values: Vec::new() };
        let (mut in_mqtt, mut in_point, mut braces) = (false, false, 0_usize);
        let mut open = None;
        let mut start = 0;
        for whole_line in text.split_inclusive('\n') {
            let line = whole_line.trim_end();
            match open {
                Some(Open::Until(closing)) => {
                    secrets.hidden.push(start..start + line.len());
                    open = open.filter(|_| !line.contains(closing));
                }
                Some(Open::Entry) if !begins_entry(line) => secrets.hidden.push(start..start + line.len()),
                _ => {
                    if let Some(header) = line.trim_start().strip_prefix('[') {
                        let name = header.trim_start_matches('[').split(']').next().unwrap_or_default();
                        in_mqtt = is_mqtt(name.split('.').next().unwrap_or_default())
                            || name.split(['.', '_', '-', ' ']).any(|part| BROKER_WORDS.contains(&part))
                            || SECRET_TABLES.iter().any(|table| name.starts_with(table));
                        in_point = POINTS.iter().any(|table| name.starts_with(table));
                    }
                    let opens;
                    (open, opens) = secrets.scan(start, line, in_mqtt || braces > 0, in_point);
                    if braces > 0 || opens {
                        braces = (braces + line.matches('{').count()).saturating_sub(line.matches('}').count());
                    }
                }
            }
            start += whole_line.len();
        }
        secrets
    }

    /// Notes the secrets of one line: what of the next lines is one, and whether the table of the broker is opened with a brace.
    fn scan(&mut self, start: usize, line: &str, in_mqtt: bool, in_point: bool) -> (Option<Open>, bool) {
        let is_header = line.trim_start().starts_with('[');
        let mut in_mqtt = in_mqtt && !is_header && !line.trim_start().starts_with('#');
        let mut opens = false;
        let hide = |secrets: &mut Self, from: usize| secrets.hidden.push(start + from..start + line.len());
        let words = words(line);
        let indent = line.len() - line.trim_start().len();
        // The end of a value whose key is on the line before, or a text without a key.
        if in_mqtt
            && (line[indent..].starts_with('=') || line[indent..].starts_with(QUOTES) && !line.contains(['=', ':']))
        {
            hide(self, indent);
            return (None, false);
        }
        for (i, word) in words.iter().enumerate() {
            let name = &line[word.clone()];
            let after = &line[word.end..];
            let rest = after.trim_start_matches(['"', '\'']).trim_start();
            let at = line.len() - rest.trim_start_matches(['=', ':', '.', '>', ' ', '\t']).len();
            let value = &line[at..];
            let is_assigned = rest.starts_with('=') || rest.starts_with(':') && !rest.starts_with("://");
            // A key stands before `=`, or first in a line that lacks it.
            let is_key = is_assigned || i == 0 && !rest.starts_with('.');
            let may_be_password =
                is_key || i == 0 || in_mqtt || rest.is_empty() || after.trim_start().starts_with(['"', '\'']);
            if may_be_password && is_password(name) && !(name.ends_with("_file") && is_path(value)) {
                hide(self, at);
                return (open(value), opens);
            }
            let is_topic = in_point && name == "mqtt" && !value.starts_with('{') && !value.contains("://");
            let is_secret = !PLAIN_KEYS.contains(&name) || is_key_itself(value);
            if is_mqtt(name) && !is_topic && (is_assigned || rest.starts_with('.')) {
                in_mqtt = true;
                opens |= value.starts_with('{');
                if is_key && !value.is_empty() && !value.starts_with('{') {
                    hide(self, at);
                    return (open(value), opens);
                }
            } else if in_mqtt && is_key && is_secret && !names_file(name, value) {
                hide(self, at);
                return (open(value), opens);
            } else if is_key && !value.is_empty() {
                let is_url = in_mqtt && name == "url" || ["url", "uri"].iter().any(|word| name.ends_with(word));
                let next = words[i + 1..].iter().find(|next| {
                    let after = line[next.end..].trim_start();
                    after.starts_with('=') && line[..next.start].trim_end().ends_with(',')
                });
                let end = next.map_or(line.len(), |next| next.start);
                if in_mqtt && !TOLD_KEYS.contains(&name) && !FILE_KEYS.contains(&name) {
                    self.values.push(start + at..start + end);
                }
                if in_mqtt || is_url {
                    self.hide_login(start + at, &line[at..end], is_url);
                }
                if in_mqtt && let Some(beside) = beside_value(&line[at..end]) {
                    self.hidden.push(start + at + beside..start + end);
                }
                if in_mqtt && next.is_none() && is_unclosed(value) {
                    return (Some(Open::Entry), opens);
                }
            }
        }
        if !in_mqtt {
            self.hide_login(start, line, false);
        }
        (None, opens)
    }

    /// Hides user and password in an address.
    fn hide_login(&mut self, start: usize, text: &str, is_url: bool) {
        let part = user_and_password(text, is_url).map(|part| start + part.start..start + part.end);
        self.hidden.extend(part.clone());
        self.exact.extend(part);
    }

    /// All that is shown nowhere, in the order of the text: nothing twice, and nothing that is empty.
    pub fn all(&self) -> Vec<Range<usize>> {
        joined(self.hidden.clone())
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
            for secret in secret_letters(&self.text[part.clone()]) {
                star_repeated(&letters, secret, TELLING, &mut starred);
            }
        }
        for part in self.exact.iter().filter(|part| is_near(part)).take(FAR) {
            star_repeated(&letters, &self.text[part.clone()], TELLING, &mut starred);
        }
        for part in self.values.iter().filter(|part| is_near(part)).take(FAR) {
            for value in secret_letters(&self.text[part.clone()]) {
                star_repeated(&letters, value, usize::MAX, &mut starred);
            }
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

/// What of a value is secret: it without quotes and comment, and what stands between its quotes; nothing of a short number or
/// a duration.
fn secret_letters(value: &str) -> Vec<&str> {
    let value = value.trim();
    let mut secrets = match value.starts_with(QUOTES) {
        true => {
            let within = value[..value.rfind(QUOTES).unwrap_or(0)].trim_matches(QUOTES);
            // Unclosed, or quotes and nothing else.
            let within = if within.is_empty() { value.trim_matches(QUOTES) } else { within };
            let is_list = within.split(QUOTES).skip(1).any(|after| after.starts_with([',', ' ', ':', '=']));
            let whole = (!is_list).then_some(within);
            whole.into_iter().chain(within.split(QUOTES)).collect()
        }
        false => vec![value.split(" #").next().unwrap_or(value).trim_end_matches([',', '}', ']', ' '])],
    };
    for secret in &mut secrets {
        let number = secret.trim_end_matches(|c: char| c.is_ascii_lowercase());
        if number.bytes().all(|b| b.is_ascii_digit()) && secret.len() - number.len() <= 2 {
            // Messages leave leading zeros out.
            *secret = if number.len() < TELLING { "" } else { secret.trim_start_matches('0') };
        }
    }
    secrets.retain(|secret| !secret.trim_matches([',', ' ']).is_empty());
    secrets
}

/// Where, in what follows a key, that begins which stands beside its one value.
fn beside_value(text: &str) -> Option<usize> {
    let end = match text.chars().next()? {
        quote if QUOTES.contains(&quote) => {
            let from = quote.len_utf8();
            from + text[from..]
                .find(QUOTES)
                .map(|at| at + text[from + at..].chars().next().map_or(0, char::len_utf8))?
        }
        '[' | '{' => 0,
        _ => text.find([' ', ',', '}', '#'])?,
    };
    let beside = text[end..].trim_start_matches([',', ' ', '}']);
    (!beside.is_empty() && !beside.starts_with('#')).then(|| text.len() - beside.len())
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
    BROKER_WORDS.contains(&&*name)
        || name.len() >= 3 && strsim::damerau_levenshtein(&name, "mqtt") <= 2 && name.starts_with('m')
}

/// Whether a key of this name is, or was meant to be, a password.
fn is_password(name: &str) -> bool {
    let name = name.to_lowercase();
    let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = joined.trim_start_matches("mqtt").trim_start_matches("broker");
    name.split(['_', '-']).any(|part| PASSWORD_WORDS.contains(&part))
        || PASSWORD_WORDS.iter().any(|word| *word == bare || word.len() > 5 && joined.contains(word))
        || joined.len() >= 5 && strsim::damerau_levenshtein(&joined, "password") <= 2
}

/// Whether a value is a key itself, where the name of its file should be.
pub(super) fn is_key_itself(value: &str) -> bool {
    value.contains("-----BEGIN") || secret_letters(value).into_iter().any(NoiseKey::is_meant)
}

/// Whether a key names a file, and its value is not what should stand in that file.
fn names_file(name: &str, value: &str) -> bool {
    FILE_KEYS.contains(&name)
        && !is_key_itself(value)
        && !["\"\"\"", "'''"].iter().any(|quotes| value.starts_with(quotes))
}

/// Whether a value is a path, as that of `password_file` should be: with a slash, or with an extension and nothing in it that
/// passwords are made of.
fn is_path(value: &str) -> bool {
    let path = secret_letters(value).into_iter().next().unwrap_or_default();
    let plain = path.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_' | '-'));
    path.starts_with(['/', '~', '.'])
        || plain && path.split_once('.').is_some_and(|(stem, end)| stem.len() * end.len() > 0)
}

/// User and password in the address of a server: what stands between `://` and `@`. In the value of a `url`, also what
/// stands before an `@` without `://`, and what was written in the place of the port.
pub(super) fn user_and_password(text: &str, is_url: bool) -> Option<Range<usize>> {
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

/// What of the lines after a value belongs to it.
fn open(value: &str) -> Option<Open> {
    let value = value.trim();
    for quotes in ["\"\"\"", "'''"] {
        if let Some(rest) = value.strip_prefix(quotes) {
            return (!rest.contains(quotes)).then_some(Open::Until(quotes));
        }
    }
    let is_missing = value.is_empty() || value.starts_with('#') || value.ends_with('\\') || value == ",";
    (is_missing || is_unclosed(value)).then_some(Open::Entry)
}

/// Whether a text, list or table is not closed on its line.
fn is_unclosed(value: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('[', ']'), ('{', '}'), ('“', '”'), ('„', '“')];
    let closing = pairs.into_iter().find(|(opening, _)| value.starts_with(*opening)).map(|(_, closing)| closing);
    let ends = |end: char| value.chars().skip(1).any(|c| c == end);
    match closing {
        // A bracket within a text closes nothing: the last one counts.
        Some(closing @ (']' | '}')) => !value.split(" #").next().unwrap_or(value).trim_end().ends_with([closing, '}']),
        Some(closing) => !ends(closing),
        None => false,
    }
}

/// Whether a line is a header, or `key = value`.
fn begins_entry(line: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim();
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '"' | '\''))
    };
    let line = line.trim();
    match line.strip_prefix('[') {
        Some(header) => header
            .trim_matches(['[', ']'])
            .split(']')
            .next()
            .is_some_and(|name| is_name(name) && !name.contains(['"', '\''])),
        None => line
            .split_once('=')
            .is_some_and(|(key, value)| is_name(key) && !value.trim_start_matches('=').trim().is_empty()),
    }
}

#[cfg(test)]
mod tests;
