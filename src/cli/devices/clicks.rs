//! The clicks of buttons and remotes, in the words of others: which key they are of, and which click here.
//!
//! zigbee2mqtt says both in one word: `single`, `single_left`, `1_double`, `button_2_hold`, `on_press_release`.

use super::quoted;

/// What is said of a click, the longest first where one ends another.
const WORDS: [(&str, &str); 25] = [
    ("press_release", CLICK),
    ("short_release", CLICK),
    ("quadruple_press", MANY),
    ("quintuple_press", MANY),
    ("double_press", DOUBLE),
    ("triple_press", TRIPLE),
    ("short_press", CLICK),
    ("single_push", CLICK),
    ("double_push", DOUBLE),
    ("triple_push", TRIPLE),
    ("long_press", LONG),
    ("long_push", LONG),
    ("quadruple", MANY),
    ("quintuple", MANY),
    ("pressed", CLICK),
    ("single", CLICK),
    ("double", DOUBLE),
    ("triple", TRIPLE),
    ("click", CLICK),
    ("press", CLICK),
    ("push", CLICK),
    ("hold", LONG),
    ("long", LONG),
    ("many", MANY),
    ("tap", CLICK),
];
const CLICK: &str = "click";
const DOUBLE: &str = "double";
const TRIPLE: &str = "triple";
const LONG: &str = "long";
const MANY: &str = "many";
/// Words that say of a key what it asks for, and nothing of how it was pressed.
const ASKS: [&str; 3] = ["on", "off", "toggle"];
/// What two of these keys tell while they are held, and whose hold that is.
const HELD: [(&str, &str); 2] = [("brightness_move_up", "on"), ("brightness_move_down", "off")];

/// What one thing that is said means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The key that it is of; empty where there is one only.
    pub key: String,
    /// The click, in the words of the file.
    pub click: &'static str,
    /// It is said when the key is let go of, so that what is said of the same when it goes down is no click yet.
    is_release: bool,
}

impl Meaning {
    /// The same click of this key.
    pub fn of_key(self, key: &str) -> Meaning {
        Meaning { key: key.to_ascii_lowercase(), ..self }
    }
}

/// Reads a word; None: it is no click, such as `release` or `shake`.
pub(super) fn read(said: &str) -> Option<Meaning> {
    let said = said.to_ascii_lowercase();
    let meaning = |key: &str, click| Meaning { key: key.to_owned(), click, is_release: said.contains("_release") };
    if let Some((_, key)) = HELD.iter().find(|(word, _)| *word == said) {
        return Some(meaning(key, LONG));
    }
    let ends_a_click = |word: &str| matches!(word, "release" | "released" | "stop");
    let is_click_at_its_end = ["press_release", "short_release"].iter().any(|word| said.ends_with(word));
    if said.split('_').any(ends_a_click) && !is_click_at_its_end {
        return None;
    }
    for (word, click) in WORDS {
        let before = said.strip_suffix(word).and_then(|rest| rest.strip_suffix('_').or(rest.is_empty().then_some("")));
        let after = || said.strip_prefix(word).and_then(|rest| rest.strip_prefix('_'));
        if let Some(key) = before.or_else(after) {
            let is_two_clicks = WORDS.iter().any(|(other, _)| *other == key);
            return (!is_two_clicks).then(|| meaning(key, click));
        }
    }
    let asks = |word: &str| said == word || said.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'));
    ASKS.into_iter().any(asks).then(|| meaning(&said, CLICK))
}

/// What is said of one key, and which click each of it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// Its name; empty where there is one only.
    pub name: String,
    said: Vec<(String, Meaning)>,
}

impl Key {
    /// The keys of which these things are said, in their order.
    pub fn all<'s>(said: impl IntoIterator<Item = &'s str>) -> Vec<Key> {
        let mut keys = Vec::new();
        for said in said {
            if let Some(meaning) = read(said) {
                Key::of(&mut keys, &meaning.key.clone()).add(said, meaning);
            }
        }
        keys.retain(Key::is_pressed);
        keys
    }

    /// A knob that is turned is no key that is held.
    pub fn is_pressed(&self) -> bool {
        self.said.iter().any(|(said, _)| HELD.iter().all(|(held, _)| held != said))
    }

    /// The one of this name.
    pub fn of<'k>(keys: &'k mut Vec<Key>, name: &str) -> &'k mut Key {
        let place = keys.iter().position(|key| key.name == name).unwrap_or(keys.len());
        if place == keys.len() {
            keys.push(Key { name: name.to_owned(), said: Vec::new() });
        }
        &mut keys[place]
    }

    /// This is said of it, too.
    pub fn add(&mut self, said: &str, meaning: Meaning) {
        if self.said.iter().all(|(known, _)| !known.eq_ignore_ascii_case(said)) {
            self.said.push((said.to_owned(), meaning));
        }
    }

    /// As a line of its table.
    pub fn line(&self) -> String {
        let is_told_at_its_end = self.said.iter().any(|(_, meaning)| meaning.is_release);
        let is_one = |meaning: &Meaning| meaning.is_release || meaning.click != CLICK || !is_told_at_its_end;
        let clicks = self.said.iter().filter(|(_, meaning)| is_one(meaning));
        let clicks: Vec<String> =
            clicks.map(|(said, meaning)| format!("{} = \"{}\"", quoted(said), meaning.click)).collect();
        format!("clicks = {{ {} }}\n", clicks.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_which_key_and_which_click() {
        for (said, key, click) in [
            ("single", "", CLICK),
            ("hold", "", LONG),
            ("single_left", "left", CLICK),
            ("1_double", "1", DOUBLE),
            ("double_l2", "l2", DOUBLE),
            ("button_2_hold", "button_2", LONG),
            ("arrow_left_click", "arrow_left", CLICK),
            ("on_press_release", "on", CLICK),
            ("quadruple_both", "both", MANY),
            ("button_short_press", "button", CLICK),
            ("button_long_press", "button", LONG),
            ("toggle", "toggle", CLICK),
            ("toggle_hold", "toggle", LONG),
            ("on_l1", "on_l1", CLICK),
            ("brightness_move_down", "off", LONG),
        ] {
            let meaning = read(said).map(|meaning| (meaning.key, meaning.click));
            assert_eq!(meaning, Some((key.to_owned(), click)), "{said}");
        }
        for said in
            ["release", "long_release", "hold_release_left", "brightness_stop", "shake", "", "once", "double_hold"]
        {
            assert_eq!(read(said), None, "{said}");
        }
    }

    #[test]
    fn what_is_said_of_several_keys_is_told_apart() {
        let lines = |said: &[&str]| -> Vec<(String, String)> {
            Key::all(said.iter().copied()).into_iter().map(|key| (key.name.clone(), key.line())).collect()
        };
        let pair = |key: &str, line: &str| (key.to_owned(), format!("clicks = {{ {line} }}\n"));
        assert_eq!(
            lines(&["on", "off", "brightness_move_up", "brightness_move_down", "brightness_stop"]),
            [
                pair("on", r#""on" = "click", "brightness_move_up" = "long""#),
                pair("off", r#""off" = "click", "brightness_move_down" = "long""#)
            ]
        );
        // It says that it is down before anybody knows whether it is held.
        assert_eq!(
            lines(&["on_press", "on_press_release", "on_hold", "on_hold_release"]),
            [pair("on", r#""on_press_release" = "click", "on_hold" = "long""#)]
        );
        assert_eq!(lines(&["toggle", "brightness_move_up"]), [pair("toggle", r#""toggle" = "click""#)]);
        assert_eq!(lines(&["shake", "slide"]), []);
    }
}
