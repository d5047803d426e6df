//! Reads TOML tables key by key and collects all problems. The same calls, made on a blank table, describe the keys:
//! that record is the JSON schema, so the schema and the reader cannot differ.

use super::{
    diagnostic::Problems,
    nearest,
    shape::{Shape, shorten},
};
use serde_json::{Map, Value as Json, json};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A table that is being read.
pub(super) struct Table<'t> {
    problems: &'t Problems,
    /// What messages call it: `[outputs.hall_light]`.
    title: String,
    /// Its header, or its braces.
    place: Range<usize>,
    /// None: a blank table, in which every key is absent and nothing is wrong.
    entries: Option<&'t DeTable<'t>>,
    /// The keys that exist here, as far as they were asked for.
    asked: Vec<&'static str>,
    /// Filled in blank tables only.
    properties: Map<String, Json>,
    required: Vec<&'static str>,
    /// Required keys that are absent, each with an example of a value.
    missing: Vec<(&'static str, String)>,
}

/// The name of an entity, the key of its table.
#[derive(Clone, Debug)]
pub(super) struct Id {
    pub text: String,
    pub place: Range<usize>,
}

impl<'t> Table<'t> {
    /// The whole file.
    pub fn root(entries: &'t DeTable<'t>, problems: &'t Problems) -> Table<'t> {
        Table { entries: Some(entries), ..Table::blank(problems) }
    }

    /// A table without keys that describes itself.
    pub fn blank(problems: &'t Problems) -> Table<'t> {
        Table {
            problems,
            title: String::new(),
            place: 0..0,
            entries: None,
            asked: Vec::new(),
            properties: Map::new(),
            required: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The value of a key that must be there; nothing when it is missing or wrong, which is reported. `example` is a
    /// value as a user would write it.
    pub fn required<S: Shape>(&mut self, key: &'static str, about: &str, example: &str, shape: S) -> Option<S::Value> {
        self.describe(key, about, None, &shape);
        self.required.push(key);
        let entries = self.entries?;
        let Some(value) = entries.get(key) else {
            self.missing.push((key, example.to_owned()));
            return None;
        };
        self.read(key, value, &shape)
    }

    /// The value of a key that may be there; nothing also when it is wrong, which is reported.
    pub fn optional<S: Shape>(&mut self, key: &'static str, about: &str, shape: S) -> Option<S::Value> {
        self.describe(key, about, None, &shape);
        let value = self.entries?.get(key)?;
        self.read(key, value, &shape)
    }

    /// The value of a key, or `default` when it is absent (or wrong, which is reported).
    pub fn defaulted<S: Shape>(&mut self, key: &'static str, about: &str, shape: S, default: S::Value) -> S::Value {
        self.describe(key, about, Some(shape.show(&default)), &shape);
        let value = self.entries.and_then(|entries| entries.get(key));
        value.and_then(|value| self.read(key, value, &shape)).unwrap_or(default)
    }

    /// Asks that a key is there which is needed only together with others. `example` is a value as a user would write it.
    pub fn want(&mut self, key: &'static str, example: &str) {
        if self.is_real() && !self.has(key) {
            self.missing.push((key, example.to_owned()));
        }
    }

    /// Whether this is a table of the file, not a blank one.
    pub fn is_real(&self) -> bool {
        self.entries.is_some()
    }

    /// Reports a key as missing that only some tables must have, with an example of a value.
    pub fn missing(&mut self, key: &'static str, example: &str) {
        if self.is_real() {
            self.missing.push((key, example.to_owned()));
        }
    }

    /// Marks a table as one that must be there.
    pub fn require(&mut self, key: &'static str) {
        self.required.push(key);
    }

    /// Where the value of a key stands; the table's header when it is absent.
    pub fn place_of(&self, key: &str) -> Range<usize> {
        self.entries.and_then(|entries| entries.get(key)).map_or_else(|| self.place.clone(), Spanned::span)
    }

    /// The value of a key as it is written, if it is text.
    pub fn text_of(&self, key: &str) -> Option<&'t str> {
        self.entries?.get(key)?.get_ref().as_str()
    }

    /// The keys of a table in this one, in the order of the file.
    pub fn keys_of(&self, key: &str) -> Vec<&'t str> {
        let table = self.entries.and_then(|entries| entries.get(key)?.get_ref().as_table());
        table.map(in_file_order).into_iter().flatten().map(|(key, _)| key.get_ref().as_ref()).collect()
    }

    /// Whether the key is written.
    pub fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }

    /// Whether there is a key that looks like one of these, misspelt.
    pub fn has_like(&self, keys: &[&'static str]) -> bool {
        let mut written = self.entries.into_iter().flat_map(|entries| entries.keys());
        written.any(|key| {
            !keys.contains(&&**key.get_ref()) && nearest::name(key.get_ref(), keys.iter().copied()).is_some()
        })
    }

    /// Reports an error at the value of a key (or the header, when it is absent).
    pub fn error_at(&self, key: &str, message: impl Into<String>, advice: impl Into<String>) {
        self.problems.error(self.place_of(key), message, advice);
    }

    /// Reports what somebody should look at, at the value of a key.
    pub fn warning_at(&self, key: &str, message: impl Into<String>, advice: impl Into<String>) {
        self.problems.warning(self.place_of(key), message, advice);
    }

    /// Reports what somebody should look at, at a place of the file.
    pub fn warning(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.problems.warning(place, message, advice);
    }

    /// Reports an error at a place of the file.
    pub fn error(&self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.problems.error(place, message, advice);
    }

    /// A table of its own, `[key]`. When it is absent, `read` gets a blank one, in which nothing is wrong.
    pub fn table<T>(&mut self, key: &'static str, about: &str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        self.asked.push(key);
        match self.entries.and_then(|entries| entries.get(key)) {
            Some(value) => match self.child(self.nested(key), value) {
                Some(child) => child.read_with(read).0,
                None => {
                    let advice = format!("write a table: {}", self.nested(key));
                    self.problems.error(value.span(), wrong_type(key, "a table", value.get_ref()), advice);
                    Table::blank(&Problems::default()).read_with(read).0
                }
            },
            None => {
                let (result, schema) = Table::blank(&Problems::default()).read_with(read);
                self.properties.insert(key.into(), described(schema, about));
                result
            }
        }
    }

    /// Tables by name, `[key.NAME]`, in the order of the file.
    pub fn tables_by_name<T>(
        &mut self,
        key: &'static str,
        about: &str,
        read: impl Fn(&Id, &mut Table<'_>) -> T,
    ) -> Vec<T> {
        self.asked.push(key);
        let Some(entries) = self.entries else {
            let id = Id { text: String::new(), place: 0..0 };
            let (_, entity) = Table::blank(self.problems).read_with(|table| read(&id, table));
            let names = json!({ "pattern": "^[a-z][a-z0-9_]*$" });
            let schema = json!({ "type": "object", "propertyNames": names, "additionalProperties": entity });
            self.properties.insert(key.into(), described(schema, about));
            return Vec::new();
        };
        let Some(value) = entries.get(key) else { return Vec::new() };
        let advice = |name: &str| format!("write a table for each: {}", self.nested(&format!("{key}.{name}")));
        let DeValue::Table(named) = value.get_ref() else {
            self.problems.error(value.span(), wrong_type(key, "a table", value.get_ref()), advice("some_name"));
            return Vec::new();
        };
        in_file_order(named)
            .into_iter()
            .filter_map(|(name, value)| {
                let id = Id { text: name.get_ref().to_string(), place: name.span() };
                let Some(child) = self.child(self.nested(&format!("{key}.{}", id.text)), value) else {
                    let message = wrong_type(&id.text, "a table", value.get_ref());
                    self.problems.error(id.place, message, advice(&id.text));
                    return None;
                };
                Some(child.read_with(|table| read(&id, table)).0)
            })
            .collect()
    }

    /// A list of tables, `[[key]]`, in the order of the file.
    pub fn list<T>(&mut self, key: &'static str, about: &str, read: impl Fn(&mut Table<'_>) -> T) -> Vec<T> {
        self.asked.push(key);
        let Some(entries) = self.entries else {
            let (_, item) = Table::blank(self.problems).read_with(&read);
            self.properties.insert(key.into(), described(json!({ "type": "array", "items": item }), about));
            return Vec::new();
        };
        let Some(value) = entries.get(key) else { return Vec::new() };
        let title = format!("[{}]", self.nested(key));
        let wrong = |value: &Spanned<DeValue<'_>>| {
            let named = value.get_ref().as_table().and_then(|table| {
                let (name, first) = in_file_order(table).into_iter().next()?;
                first.get_ref().as_table().map(|_| name.get_ref().to_string())
            });
            let advice = match named {
                Some(name) => format!("write {title} and, below it, name = \"{}\"", shorten(&name)),
                None => format!("write {title}, with two brackets, above each"),
            };
            self.problems.error(value.span(), wrong_type(key, "a list of tables", value.get_ref()), advice);
        };
        let DeValue::Array(items) = value.get_ref() else {
            wrong(value);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| match self.child(title.clone(), item) {
                Some(child) => Some(child.read_with(&read).0),
                None => {
                    wrong(item);
                    None
                }
            })
            .collect()
    }

    /// Reports the keys that nobody asked for and those that are missing; returns the schema.
    pub fn finish(mut self) -> Json {
        let entries = self.entries.map(|entries| in_file_order(entries)).unwrap_or_default();
        for (key, _) in entries {
            if !self.asked.iter().any(|asked| asked == key.get_ref()) {
                let meant = self.unknown_key(key);
                // What is misspelt is not missing.
                self.missing.retain(|(missing, _)| meant != Some(missing));
            }
        }
        for (key, example) in &self.missing {
            let message = format!("missing key `{key}` in {}", self.title);
            self.problems.error(self.place.clone(), message, format!("add {key} = {example}"));
        }
        json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }

    /// What messages call a table in this one: `[sensors.living.filter]`.
    fn nested(&self, key: &str) -> String {
        match self.title.trim_matches(['[', ']']) {
            "" => format!("[{key}]"),
            outer => format!("[{outer}.{key}]"),
        }
    }

    /// Reports it, and returns the key that was probably meant.
    fn unknown_key(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Option<&'static str> {
        let name = shorten(key.get_ref());
        let (message, all) = if self.title.is_empty() {
            (format!("unknown table [{name}]"), "the tables of a configuration are")
        } else {
            (format!("unknown key `{name}` in {}", self.title), "the keys here are")
        };
        let meant = nearest::name(key.get_ref(), self.asked.iter().copied());
        let advice = match meant {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("{all} {}", self.asked.join(", ")),
        };
        self.problems.error(key.span(), message, advice);
        meant
    }

    /// Whether a key looks like a misspelt one of those that exist.
    pub fn has_misspelt_key(&self) -> bool {
        let keys = self.entries.into_iter().flat_map(|entries| entries.keys());
        let mut unknown = keys.filter(|key| !self.asked.iter().any(|asked| asked == key.get_ref()));
        unknown.any(|key| nearest::name(key.get_ref(), self.asked.iter().copied()).is_some())
    }

    fn child<'c>(&'c self, title: String, value: &'c Spanned<DeValue<'c>>) -> Option<Table<'c>>
    where
        't: 'c,
    {
        let entries = value.get_ref().as_table()?;
        Some(Table { title, place: value.span(), entries: Some(entries), ..Table::blank(self.problems) })
    }

    /// Lets `read` ask for all keys, then looks for others; the schema comes with the result.
    fn read_with<T>(mut self, read: impl FnOnce(&mut Table<'_>) -> T) -> (T, Json) {
        let result = read(&mut self);
        (result, self.finish())
    }

    fn describe<S: Shape>(&mut self, key: &'static str, about: &str, default: Option<Json>, shape: &S) {
        self.asked.push(key);
        if self.entries.is_none() {
            let mut schema = described(shape.schema(), about);
            if let (Some(default), Json::Object(schema)) = (default, &mut schema) {
                schema.insert("default".into(), default);
            }
            self.properties.insert(key.into(), schema);
        }
    }

    fn read<S: Shape>(&self, key: &str, value: &Spanned<DeValue<'_>>, shape: &S) -> Option<S::Value> {
        match shape.read(value.get_ref()) {
            Ok(Some(read)) => return Some(read),
            Ok(None) => self.problems.error(
                value.span(),
                wrong_type(key, &shape.noun(), value.get_ref()),
                meant(value.get_ref(), shape).unwrap_or_else(|| format!("write {}", shape.example())),
            ),
            Err(wrong) => {
                for wrong in wrong.each() {
                    let place = wrong.place.unwrap_or_else(|| value.span());
                    self.problems.error(place, format!("`{key}`: {}", wrong.message), wrong.advice);
                }
            }
        }
        None
    }
}

/// What to write where only the quotes are wrong: a number that has them, a text that lacks them.
fn meant<S: Shape>(value: &DeValue<'_>, shape: &S) -> Option<String> {
    let fits = |written: &String| {
        let line = format!("key = {written}");
        let table = DeTable::parse(&line).ok();
        let read = table.as_ref().and_then(|table| Some(shape.read(table.get_ref().get("key")?.get_ref())));
        matches!(read, Some(Ok(Some(_)))) && written.len() <= 40
    };
    let written = match value {
        DeValue::String(text) => vec![(text.trim().to_owned(), "without quotes")],
        DeValue::Integer(number) => vec![(format!("\"{number}\""), "in double quotes")],
        DeValue::Float(number) => {
            let whole = number.as_str().trim_end_matches('0').trim_end_matches('.').to_owned();
            vec![(whole, "a whole number"), (format!("\"{number}\""), "in double quotes")]
        }
        _ => return None,
    };
    let (written, how) = written.into_iter().find(|(written, _)| fits(written))?;
    Some(format!("write {written}, {how}"))
}

/// The entries of a table as they stand in the file.
fn in_file_order<'a, 't>(
    entries: &'a DeTable<'t>,
) -> Vec<(&'a Spanned<std::borrow::Cow<'t, str>>, &'a Spanned<DeValue<'t>>)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn wrong_type(key: &str, noun: &str, value: &DeValue<'_>) -> String {
    let found = match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("`{key}` must be {noun}, not {found}")
}

fn described(mut schema: Json, about: &str) -> Json {
    if let Json::Object(schema) = &mut schema {
        schema.insert("description".into(), about.into());
    }
    schema
}
