//! The shapes of what a point on the broker says of itself.

use crate::{
    config::shape::{Shape, Whole, Wrong, all_parts, one_of, shorten},
    model::{Click, LEVEL_MARK},
};
use serde_json::{Value as Json, json};
use std::{fmt, sync::Arc};
use toml::de::DeValue;

/// Longer payloads, pointers and names are a slip.
pub(super) const LONGEST: usize = 500;
/// More words, quantities or clicks are a slip.
pub(super) const MOST: usize = 40;

/// A JSON pointer; empty: the whole payload.
pub(super) struct Pointer;

impl Shape for Pointer {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a JSON pointer".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"/temperature\" or \"/ENERGY/Power\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        value.as_str().map(pointer).transpose()
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(/([^~]|~[01])*)?$", "maxLength": LONGEST })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

pub(super) fn pointer(text: &str) -> Result<Arc<str>, Wrong> {
    if text.chars().any(char::is_control) || text.len() > LONGEST {
        return Err(Wrong::new("too long, or with control characters", "write a pointer such as \"/temperature\""));
    }
    let escapes = text.split('~').skip(1);
    if let Some(wrong) = escapes.map(|rest| rest.chars().next()).find(|next| !matches!(next, Some('0' | '1'))) {
        let written: String = ['~'].into_iter().chain(wrong).collect();
        let advice = "in a JSON pointer ~ is written ~0, and a / in a key ~1";
        return Err(Wrong::new(format!("`{written}` is no escape"), advice));
    }
    if !text.is_empty() && !text.starts_with('/') {
        // `temperature`, or `value_json.ENERGY.Power` as in Home Assistant's templates.
        let path = text.trim_start_matches("value_json").trim_start_matches('.').replace('.', "/");
        return Err(Wrong::new(
            format!("\"{}\" does not begin with a slash", shorten(text)),
            format!("write \"/{}\"", shorten(&path)),
        ));
    }
    Ok(text.into())
}

/// One of several relays, lamps or keys of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Number(i64),
    Named(Arc<str>),
}

impl fmt::Display for Channel {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Channel::Number(number) => number.fmt(to),
            Channel::Named(name) => name.fmt(to),
        }
    }
}

/// The number or the name of a channel.
pub(super) struct ChannelName;

/// In bytes; devices say `l1`, `left`, `top_right`.
const LONGEST_CHANNEL: usize = 32;
const CHANNELS: Whole = Whole(0..=64);

impl Shape for ChannelName {
    type Value = Channel;

    fn noun(&self) -> String {
        "a channel".into()
    }

    fn example(&self) -> String {
        "its number without quotes, such as 1, or its name, such as \"left\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Channel>, Wrong> {
        let Some(name) = value.as_str() else { return Ok(CHANNELS.read(value)?.map(Channel::Number)) };
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (1..=LONGEST_CHANNEL).contains(&name.len()) && name.bytes().all(is_letter) {
            return Ok(Some(Channel::Named(name.into())));
        }
        let message = format!("no channel is called \"{}\"", shorten(name));
        Err(Wrong::new(message, "write what stands after `state_` in what the device tells, such as \"l1\""))
    }

    fn schema(&self) -> Json {
        let name = json!({ "type": "string", "pattern": "^[A-Za-z0-9_]+$", "maxLength": LONGEST_CHANNEL });
        json!({ "anyOf": [CHANNELS.schema(), name] })
    }

    fn show(&self, value: &Channel) -> Json {
        match value {
            Channel::Number(number) => json!(number),
            Channel::Named(name) => json!(&**name),
        }
    }
}

/// What is published, or the beginning of it.
pub(super) struct Payload;

impl Shape for Payload {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a payload".into()
    }

    fn example(&self) -> String {
        "it in quotes, such as \"ON\" or '{\"state\":\"ON\"}'".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        word(value).map(|word| checked(&word)).transpose()
    }

    fn schema(&self) -> Json {
        json!({ "type": ["string", "boolean", "integer"] })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

fn checked(payload: &str) -> Result<Arc<str>, Wrong> {
    if payload.is_empty() || payload.len() > LONGEST || payload.chars().any(char::is_control) {
        Err(Wrong::new("a payload has 1 to 500 characters on one line", "write what the device takes, such as \"ON\""))
    } else {
        Ok(payload.into())
    }
}

/// A word as JSON writes it.
fn word(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// A payload for a level, with a place for the number.
pub(super) struct LevelPayload;

impl Shape for LevelPayload {
    type Value = Arc<str>;

    fn noun(&self) -> String {
        "a payload".into()
    }

    fn example(&self) -> String {
        "it in single quotes, with {} for the number, such as '{\"brightness\":{}}'".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Arc<str>>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.matches(LEVEL_MARK).count() != 1 {
            return Err(Wrong::new("the place of the number is not clear", format!("write {}", self.example())));
        }
        checked(text).map(Some)
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "\\{\\}" })
    }

    fn show(&self, value: &Arc<str>) -> Json {
        json!(&**value)
    }
}

/// A word, or several that mean the same.
pub(super) struct StateWords;

impl Shape for StateWords {
    type Value = Vec<Arc<str>>;

    fn noun(&self) -> String {
        "a word or a list of words".into()
    }

    fn example(&self) -> String {
        "what the device says, such as true, \"ON\" or [\"open\", \"tilted\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<Arc<str>>>, Wrong> {
        let Some(list) = value.as_array() else {
            return Ok(Payload.read(value)?.map(|word| vec![word]));
        };
        if list.is_empty() || list.len() > MOST {
            return Err(Wrong::new("an empty list, or a very long one", format!("write {}", self.example())));
        }
        let words: Result<Option<Vec<_>>, Wrong> = list
            .iter()
            .map(|item| Payload.read(item.get_ref()).transpose())
            .collect::<Option<Result<Vec<_>, _>>>()
            .transpose();
        words
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [Payload.schema(), { "type": "array", "items": Payload.schema(), "minItems": 1 }] })
    }

    fn show(&self, value: &Vec<Arc<str>>) -> Json {
        value.iter().map(|word| json!(&**word)).collect()
    }
}

/// `{ single = "click", hold = "long" }`
pub(super) struct Clicks;

impl Shape for Clicks {
    type Value = Vec<(Arc<str>, Click)>;

    fn noun(&self) -> String {
        "a table of clicks".into()
    }

    fn example(&self) -> String {
        "what the device says and which click that is: { single = \"click\", hold = \"long\" }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(entries) = value.as_table() else { return Ok(None) };
        if entries.is_empty() || entries.len() > MOST {
            return Err(Wrong::new("an empty table, or a very long one", format!("write {}", self.example())));
        }
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let clicks = entries.into_iter().map(|(key, value)| {
            let written = value.get_ref().as_str().unwrap_or_default();
            let found = Click::WORDS.iter().find(|(word, _)| *word == written);
            let known = || one_of(Click::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect());
            let (_, click) = found.ok_or_else(|| {
                let message = format!("no click for `{}`", shorten(key.get_ref()));
                Wrong::new(message, format!("write {}", known())).at(value.span())
            })?;
            Ok((checked(key.get_ref()).map_err(|wrong| wrong.at(key.span()))?, *click))
        });
        all_parts(clicks).map(Some)
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = Click::WORDS.iter().map(|(word, _)| *word).collect();
        json!({ "type": "object", "additionalProperties": { "enum": words }, "minProperties": 1 })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(word, click)| (word.to_string(), json!(click.word()))).collect()
    }
}
