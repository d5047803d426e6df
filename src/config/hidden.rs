//! A configuration as it may be shown: what is secret in it is covered, and can be sent back so.
//!
//! What stands for a secret counts only where that secret is, once. Elsewhere it would be told to whoever reads what is made of
//! it: the name of a room, a topic, a remark that is shown the next time. For the same reason a text that comes from afar names
//! no other file of which messages repeat words.

use super::{
    diagnostic::{Problems, Report, Source},
    keys::Keys,
    secrets::{PLAIN_KEYS, Secrets, is_key_itself, joined, user_and_password},
};
use std::{collections::BTreeSet, ops::Range, path::Path};

const BEFORE: &str = "‹hidden ";
const AFTER: char = '›';

/// What is wrong in a file that these name is told with its words.
const QUOTED: [&str; 2] = ["hub.holidays", "hub.tests"];

/// A text with its secrets covered.
pub struct Covered {
    /// As it may be shown.
    pub text: String,
    secrets: Vec<Secret>,
    /// What stands at [`QUOTED`].
    quoted: [Option<String>; 2],
}

struct Secret {
    letters: String,
    place: Place,
}

/// Of what a secret is a part.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Value(Vec<String>),
    /// It is a remark.
    Nowhere,
    /// The text is not TOML.
    Unknown,
}

impl Place {
    fn of(keys: Option<&Keys>, bytes: &Range<usize>) -> Place {
        let Some(keys) = keys else { return Place::Unknown };
        let touched: Vec<String> = keys.touched(bytes).map(|key| key.path.clone()).collect();
        if touched.is_empty() { Place::Nowhere } else { Place::Value(touched) }
    }
}

/// The secrets of a text, in its order: of one that is TOML, values and no more than them.
fn parts(text: &str, keys: Option<&Keys>) -> Vec<Range<usize>> {
    let found = Secrets::of(text).all();
    let Some(keys) = keys else { return found };
    let mut parts = Vec::new();
    for part in found {
        let mut done = part.start;
        let mut values: Vec<_> = keys.touched(&part).filter_map(|key| Some((key, key.value.clone()?))).collect();
        values.sort_by_key(|(_, value)| value.start);
        for (key, value) in values {
            let name = key.path.rsplit('.').next().unwrap_or_default();
            if PLAIN_KEYS.contains(&name) && !is_key_itself(&text[value.clone()]) {
                let login = user_and_password(&text[value.clone()], name == "url");
                parts.extend(login.map(|login| value.start + login.start..value.start + login.end));
            } else {
                parts.extend(lines(text, &value));
            }
            done = done.max(value.end);
        }
        // A remark behind it may be an earlier one.
        let remark = text.get(done..part.end).map_or(part.end, |rest| part.end - rest.trim_start().len());
        if remark < part.end {
            parts.push(remark..part.end);
        }
    }
    joined(parts)
}

/// A stretch line by line: each line of the text stays one.
fn lines(text: &str, part: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = part.start;
    text[part.clone()].split_inclusive('\n').map(move |line| {
        let whole = start..start + line.trim_end().len();
        start += line.len();
        whole
    })
}

/// A text whose secrets are back in it.
pub struct Uncovered {
    /// The text. If it is not TOML, what has the shape of the secrets stands in their place.
    pub text: String,
    /// Of each secret: its bytes in `text`, and how many characters more the cover has.
    filled: Vec<(Range<usize>, isize)>,
}

impl Covered {
    /// Covers the secrets of `text`.
    pub fn of(text: &str) -> Covered {
        let keys = Keys::of(text);
        let quoted = QUOTED.map(|path| keys.as_ref().and_then(|keys| Some(text[keys.value(path)?].to_owned())));
        let mut covered = Covered { text: String::with_capacity(text.len()), secrets: Vec::new(), quoted };
        let mut done = 0;
        for bytes in parts(text, keys.as_ref()) {
            let letters = &text[bytes.clone()];
            covered.text += &text[done..bytes.start];
            covered.secrets.push(Secret { letters: letters.to_owned(), place: Place::of(keys.as_ref(), &bytes) });
            covered.text += &format!("{BEFORE}{}{AFTER}", covered.secrets.len());
            done = bytes.end;
        }
        covered.text += &text[done..];
        covered
    }

    /// `edited`, which was made of the covered text, with the secrets in it.
    ///
    /// # Errors
    /// When something stands for a secret in another place than the secret's, or for a second time, or another file is named of
    /// which messages would repeat words.
    pub fn uncover(&self, edited: &str, path_for_messages: &Path) -> Result<Uncovered, Report> {
        let refused_in = |text: &str, place: Range<usize>, message: &str, help: String| {
            let problems = Problems::default();
            problems.error(place, message, help);
            problems.settle(&Source { path: path_for_messages.into(), text: text.to_owned() }).map(|_| ())
        };
        let refused = |place, message: &str, help| refused_in(edited, place, message, help);
        let back = |number: usize| match &self.secrets[number].place {
            Place::Value(keys) => format!("put it back to {}, or write the value itself", keys.join(", ")),
            Place::Nowhere | Place::Unknown => "write the value itself".to_owned(),
        };
        let mut met = BTreeSet::new();
        for (cover, number) in self.covers(edited) {
            if !met.insert(number) {
                refused(cover, "this stands for something hidden, and does so twice", back(number))?;
            }
        }
        let whole = self.fill(edited, str::to_owned);
        let Some(keys) = Keys::of(&whole.text) else {
            let shape = |letters: &str| letters.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect();
            let shaped = self.fill(edited, shape);
            // A text that is only in order without what is hidden must not be written.
            if Keys::of(&shaped.text).is_some()
                && let Some((cover, number)) = self.covers(edited).next()
            {
                refused(cover, "what this stands for does not fit in here", back(number))?;
            }
            return Ok(shaped);
        };
        let hidden = parts(&whole.text, Some(&keys));
        for ((bytes, _), (cover, number)) in whole.filled.iter().zip(self.covers(edited)) {
            let place = Place::of(Some(&keys), bytes);
            let around = hidden.partition_point(|part| part.start <= bytes.start).checked_sub(1);
            let is_hidden = around.is_some_and(|around| hidden[around].end >= bytes.end);
            if !is_hidden || (place != Place::Nowhere && place != self.secrets[number].place) {
                refused(cover, "this stands for something hidden, which is no part of this", back(number))?;
            }
        }
        for (path, known) in QUOTED.into_iter().zip(&self.quoted) {
            let Some(named) = keys.value(path).filter(|named| known.as_deref() != Some(&whole.text[named.clone()]))
            else {
                continue;
            };
            let help = match known {
                Some(known) => format!("write {known}, or change it on the machine itself"),
                None => "leave it out, or write it on the machine itself".to_owned(),
            };
            let message = "the file that this names is not changed from afar: messages repeat what is in it";
            refused_in(&whole.text, named, message, help)?;
        }
        Ok(whole)
    }

    /// The covers of an edited text: where each is, and the place of the secret for which it stands.
    fn covers(&self, edited: &str) -> impl Iterator<Item = (Range<usize>, usize)> {
        edited.match_indices(BEFORE).filter_map(|(start, _)| {
            let number = start + BEFORE.len();
            // No further than its digits: there may be many that never end.
            let end = number + edited[number..].find(|c: char| !c.is_ascii_digit())?;
            let place = edited[number..end].parse::<usize>().ok()?.checked_sub(1)?;
            edited[end..].starts_with(AFTER).then_some(())?;
            (place < self.secrets.len()).then_some((start..end + AFTER.len_utf8(), place))
        })
    }

    fn fill(&self, edited: &str, made: impl Fn(&str) -> String) -> Uncovered {
        let mut filled = Uncovered { text: String::with_capacity(edited.len()), filled: Vec::new() };
        let mut done = 0;
        for (cover, number) in self.covers(edited) {
            let secret = &self.secrets[number];
            filled.text += &edited[done..cover.start];
            let start = filled.text.len();
            filled.text += &made(&secret.letters);
            let length = |text: &str| text.chars().count().cast_signed();
            filled.filled.push((start..filled.text.len(), length(&edited[cover.clone()]) - length(&secret.letters)));
            done = cover.end;
        }
        filled.text += &edited[done..];
        filled
    }
}

impl Uncovered {
    /// The column in the covered text of a character of this one; both from 1.
    pub fn column(&self, line: usize, column: usize) -> usize {
        let start = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
        let rest = &self.text[start..];
        let at = start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(byte, _)| byte);
        let before = self.filled.iter().filter(|(bytes, _)| bytes.start >= start && bytes.end <= at);
        let more: isize = before.map(|(_, more)| more).sum();
        column.saturating_add_signed(more).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[hub]\nid = \"h\"\nname = \"Home\"\n[mqtt]\nurl = \"mqtt://localhost:1883\"\nusername = \"me\"\n\
                        password = \"opensesame\" # as ever\n# password = \"once\"\n";

    fn uncover(edited: &str) -> Result<String, Report> {
        Covered::of(TEXT).uncover(edited, Path::new("c.toml")).map(|uncovered| uncovered.text)
    }

    #[test]
    fn what_is_shown_has_no_secrets_and_comes_back_with_them() {
        let covered = Covered::of(TEXT);
        assert!(!covered.text.contains("sesame") && !covered.text.contains("once"), "{}", covered.text);
        assert!(
            covered.text.contains("password = ‹hidden 1›") && covered.text.contains("localhost:1883\"\n"),
            "{}",
            covered.text
        );
        assert_eq!(uncover(&covered.text).unwrap(), TEXT);
        let other = covered.text.replace("Home", "House");
        assert_eq!(uncover(&other).unwrap(), TEXT.replace("Home", "House"));
        let renewed = covered.text.replace("‹hidden 1›", "\"new\"");
        assert_eq!(uncover(&renewed).unwrap(), TEXT.replace("opensesame", "new"));
    }

    #[test]
    fn a_key_where_its_file_should_be_named_is_not_shown() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let text = |name: &str| format!("[homeassistant]\nlisten = \"0.0.0.0:6053\"\nkey_file = \"{name}\"\n");
        assert_eq!(Covered::of(&text(key)).text, text(key).replace(&format!("\"{key}\""), "‹hidden 1›"));
        assert_eq!(Covered::of(&text("ha.key")).text, text("ha.key"));
    }

    #[test]
    fn a_secret_counts_only_in_its_own_place() {
        let shown = Covered::of(TEXT).text;
        for (from, to) in [
            ("\"Home\"", "‹hidden 1›"),
            ("\"me\"", "‹hidden 1›"),
            ("\"mqtt://localhost:1883\"", "‹hidden 1›"),
            ("[hub]", "[rooms.‹hidden 1›]\n[hub]"),
            ("[hub]", "# ‹hidden 1›\n[hub]"),
        ] {
            let wrong = uncover(&shown.replace(from, to)).unwrap_err();
            assert!(wrong.to_string().contains("mqtt.password"), "{wrong}");
            assert!(!wrong.to_string().contains("sesame"), "{wrong}");
        }
        // Spelled so, it would be shown the next time.
        let spelled = shown.replace("[mqtt]", "[\"\\u006dqtt\"]").replace("password = ‹", "\"p\\u0061ssword\" = ‹");
        assert!(uncover(&spelled).unwrap_err().to_string().contains("mqtt.password"));
        // In a text of several lines it would look as if it stood in the table.
        let moved = shown.replace("password = ‹hidden 1›", "password = \"x\"");
        let wrong = uncover(&moved.replace("\"Home\"", "'''\n[mqtt]\npassword = ‹hidden 1›\n'''")).unwrap_err();
        assert_eq!(wrong.diagnostics()[0].place.as_ref().map(|place| place.line), Some(5));
        // What is not TOML is told of with what only looks like it.
        let broken = uncover(&shown.replace("[hub]", "[hub")).unwrap();
        assert!(!broken.contains("sesame") && broken.contains("password = \"xxxxxxxxxx\""), "{broken}");
        // There is no such secret: it is text like any other.
        assert!(uncover(&shown.replace("‹hidden 1›", "‹hidden 9›")).unwrap().contains("‹hidden 9›"));
    }

    /// Whoever may try texts would read them so, and make a text without end.
    #[test]
    fn a_secret_stands_once_and_no_other_file_is_named() {
        let shown = Covered::of(TEXT).text;
        let many = "# password = ‹hidden 1›\n".repeat(50_000) + &shown;
        assert!(uncover(&many).unwrap_err().to_string().contains("does so twice"));
        let add = |name: &str| shown.replace("[mqtt]", &format!("{name} = \"days.txt\"\n[mqtt]"));
        for name in ["holidays", "tests", "\"h\\u006flidays\""] {
            let wrong = uncover(&add(name)).unwrap_err().to_string();
            assert!(wrong.contains("not changed from afar") && wrong.contains("leave it out"), "{wrong}");
        }
        let before = TEXT.replace("[mqtt]", "holidays = \"days.txt\"\n[mqtt]");
        let covered = Covered::of(&before);
        assert_eq!(covered.uncover(&covered.text, Path::new("c")).unwrap().text, before);
        assert!(covered.uncover(&shown, Path::new("c")).is_ok(), "it may go");
        let wrong = covered.uncover(&covered.text.replace("days.txt", "/etc/passwd"), Path::new("c"));
        assert!(wrong.err().unwrap().to_string().contains("write \"days.txt\""));
    }

    #[test]
    fn what_only_its_shape_makes_a_toml_text_is_not_written() {
        let twice = Covered::of(TEXT).text.replace("# password = ", "once = 1\n");
        let error = uncover(&twice.replace("‹hidden 3›", "‹hidden 3› = 2")).unwrap_err().to_string();
        assert!(error.contains("does not fit in here"), "{error}");
    }

    #[test]
    fn a_secret_of_several_lines_stays_as_long() {
        let text = "[hub]\nid = \"h\"\n[mqtt]\nurl = \"mqtt://me:word@localhost:1883\"\npassword = \"\"\"\nopen\nsesame\"\"\"\nhomie = true\n";
        let covered = Covered::of(text);
        assert_eq!(covered.text.lines().count(), text.lines().count());
        for secret in ["me:", ":word", "open", "sesame"] {
            assert!(!covered.text.contains(secret), "{}", covered.text);
        }
        assert!(
            covered.text.contains("@localhost:1883\"\n") && covered.text.ends_with("\nhomie = true\n"),
            "{}",
            covered.text
        );
        assert_eq!(covered.uncover(&covered.text, Path::new("c")).unwrap().text, text);
    }

    #[test]
    fn columns_are_those_of_what_is_shown() {
        let text = "[hub]\nid = \"h\" # http://me:word@localhost\n";
        let covered = Covered::of(text);
        assert!(covered.text.contains("‹hidden 1›@localhost"), "{}", covered.text);
        let uncovered = covered.uncover(&covered.text, Path::new("c")).unwrap();
        let at = |text: &str| text.lines().nth(1).unwrap().chars().position(|c| c == '@').unwrap() + 1;
        assert_eq!(uncovered.column(2, at(text)), at(&covered.text));
        assert_eq!(uncovered.column(2, 1), 1);
    }
}
