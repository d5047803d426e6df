//! Lists of names and words.

use super::{Shape, Wrong};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// Names of other entities, with their places.
pub(in crate::config) struct Names(pub &'static str);

impl Shape for Names {
    type Value = Vec<(String, Range<usize>)>;

    fn noun(&self) -> String {
        format!("a list of {}s by their names", self.0)
    }

    fn example(&self) -> String {
        "names in square brackets, such as [\"hall_motion\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        if items.iter().any(|item| item.get_ref().as_str().is_none()) {
            let advice = format!("write {}", self.example());
            return Err(Wrong::new(format!("{}s are listed by their names, in double quotes", self.0), advice));
        }
        Ok(items.iter().map(|item| Some((item.get_ref().as_str()?.to_owned(), item.span()))).collect())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(name, _)| json!(name)).collect()
    }
}

/// A list of words, with their places.
pub(in crate::config) struct Words(pub &'static str);

impl Shape for Words {
    type Value = Vec<(String, Range<usize>)>;

    fn noun(&self) -> String {
        format!("a list of {}s", self.0)
    }

    fn example(&self) -> String {
        "words in square brackets, such as [\"home\", \"away\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        match items.iter().map(|item| Some((item.get_ref().as_str()?.to_owned(), item.span()))).collect() {
            Some(words) => Ok(Some(words)),
            None => {
                Err(Wrong::new(format!("{}s are words in double quotes", self.0), format!("write {}", self.example())))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(word, _)| json!(word)).collect()
    }
}

/// The name of an entity, or a list of such names, with their places.
pub(in crate::config) struct NameOrNames(pub &'static str);

impl Shape for NameOrNames {
    type Value = Vec<(String, Range<usize>)>;

    fn noun(&self) -> String {
        format!("the name of an {} or a list of names", self.0)
    }

    fn example(&self) -> String {
        "a name in double quotes, or several in square brackets".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        match value {
            DeValue::String(name) => Ok(Some(vec![(name.to_string(), 0..0)])),
            _ => Names(self.0).read(value),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "type": "string" }, Names(self.0).schema()] })
    }

    fn show(&self, value: &Self::Value) -> Json {
        Names(self.0).show(value)
    }
}
