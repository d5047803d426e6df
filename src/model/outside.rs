//! Text that others chose (topics, payloads, answers of a broker), made fit to be shown to people and pasted by them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text in which nothing acts on a terminal, ends a line or turns the direction of reading: such characters are written
/// as Rust writes them, `\n`, `\u{1b}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// As [`shown`], but the ends of lines stay.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && acts(character))
}

/// A text without the numbers that Rust adds to what the system says: `No such file or directory (os error 2)`.
pub fn without_error_numbers(text: &str) -> Cow<'_, str> {
    const MARK: &str = " (os error ";
    let mut plain = Cow::Borrowed(text);
    while let Some(start) = plain.find(MARK) {
        let after = start + MARK.len();
        let digits = plain[after..].bytes().take_while(u8::is_ascii_digit).count();
        if !plain[after + digits..].starts_with(')') {
            break;
        }
        plain.to_mut().replace_range(start..=after + digits, "");
    }
    plain
}

/// A text as one word of a shell's command line that means nothing else there.
pub fn in_shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.into();
    }
    if !text.chars().any(|character| acts(character) || matches!(character, '\'' | '\\')) {
        return format!("'{text}'");
    }
    // The shells of Debian and macOS know this form; in it, too, nothing is run.
    let mut word = String::from("$'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => word.extend(['\\', character]),
            character if acts(character) => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            character => word.push(character),
        }
    }
    word.push('\'');
    word
}

fn escaped(text: &str, is_to_be: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_to_be) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_to_be(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.into()
}

/// Control characters, other ends of lines, and marks that turn the direction of reading or are not seen at all.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_shown_as_it_is() {
        for (text, expected) in [
            ("hearthd/hut/pump/set", "hearthd/hut/pump/set"),
            ("größer als 20 °C", "größer als 20 °C"),
            ("x\n  error: the house burns", "x\\n  error: the house burns"),
            ("\r\u{1b}[2Jempty", "\\r\\u{1b}[2Jempty"),
            ("a\u{85}b\u{2028}c\u{9b}31m", "a\\u{85}b\\u{2028}c\\u{9b}31m"),
            ("file\u{202e}txt.exe", "file\\u{202e}txt.exe"),
        ] {
            assert_eq!(shown(text), expected);
            assert!(!shown(text).chars().any(acts));
        }
        assert_eq!(shown_lines("a\n\u{1b}b\r\nc"), "a\n\\u{1b}b\\r\nc");
    }

    #[test]
    fn a_word_for_a_shell_is_one_word_and_runs_nothing() {
        let words = [
            "hearthd/hut/pump/set",
            "$(reboot)",
            "`reboot`",
            "a;reboot",
            "a b",
            "it's",
            "",
            "-h",
            "a\nb",
            "\\",
            "\u{1b}",
            "ü & $HOME",
            "*",
            "~",
            "!!",
            "a|b>c",
            "\u{202e}x",
        ];
        for word in words {
            let quoted = in_shell(word);
            assert!(!quoted.chars().any(acts), "{quoted:?}");
            let said =
                std::process::Command::new("bash").args(["-c", &format!("printf %s {quoted}")]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), word, "{quoted}");
        }
        assert_eq!(in_shell("hearthd/$(reboot)/set"), "'hearthd/$(reboot)/set'");
    }
}
