//! Which key stands where in a text that is TOML.

use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The keys of a text, in no order.
pub struct Keys(Vec<Key>);

/// A key, or the name of a table.
pub(super) struct Key {
    /// Its tables and itself: `outputs.lamp.gpio`; tables of a list have numbers, from 1.
    pub path: String,
    /// Where it stands, with its value if that is no table.
    bytes: Range<usize>,
    /// Where that value is.
    pub value: Option<Range<usize>>,
}

impl Keys {
    /// None: the text is not TOML.
    pub fn of(text: &str) -> Option<Keys> {
        let mut keys = Keys(Vec::new());
        keys.add_table("", DeTable::parse(text).ok()?.get_ref());
        Some(keys)
    }

    /// The key of which these bytes are a part; None: they are a remark.
    pub fn at(&self, place: &Range<usize>) -> Option<&str> {
        let around = |key: &&Key| key.bytes.start <= place.start && place.end <= key.bytes.end;
        self.0.iter().find(around).map(|key| &*key.path)
    }

    /// Where the value of a key is.
    pub(super) fn value(&self, path: &str) -> Option<Range<usize>> {
        self.0.iter().find(|key| key.path == path)?.value.clone()
    }

    /// The keys that have any of these bytes.
    pub(super) fn touched(&self, place: &Range<usize>) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(|key| key.bytes.start < place.end && place.start < key.bytes.end)
    }

    fn add_table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref();
            let below = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            self.add(below, Some(key.span()), value);
        }
    }

    /// `key`: where it stands, if it has one of its own.
    fn add(&mut self, path: String, key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>) {
        let is_list = |items: &[Spanned<DeValue<'_>>]| items.iter().any(|item| item.get_ref().is_table());
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(&path, table),
            DeValue::Array(items) if is_list(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| self.add(format!("{path}.{}", index + 1), None, item));
            }
            _ => {
                let value = value.span();
                let bytes = key.map_or(value.start, |key| key.start)..value.end;
                return self.0.push(Key { path, bytes, value: Some(value) });
            }
        }
        self.0.extend(key.map(|bytes| Key { path, bytes, value: None }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_key_whose_value_is_there() {
        let text = "[hub]\nid = \"h\" # a remark\n[outputs.lamp]\ngpio = 5\nlight = { colour = \"red\" }\n\
                    [[rules]]\nname = \"a\"\n[[rules]]\nname = \"b\"\n";
        let keys = Keys::of(text).unwrap();
        let at = |what: &str| {
            let from = text.find(what).unwrap();
            keys.at(&(from..from + what.len())).map(str::to_owned)
        };
        for (what, key) in [
            ("h\"", Some("hub.id")),
            ("remark", None),
            ("outputs", Some("outputs")),
            ("gpio", Some("outputs.lamp.gpio")),
            ("red", Some("outputs.lamp.light.colour")),
            ("\"a\"", Some("rules.1.name")),
            ("\"b\"", Some("rules.2.name")),
        ] {
            assert_eq!(at(what).as_deref(), key, "{what}");
        }
        assert!(Keys::of("[hub\n").is_none());
    }
}
