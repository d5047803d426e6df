//! `{ front_door = "door" }`: points of another hub, and what each is.

use crate::{
    config::shape::{Shape, Wrong},
    model::{InputKind, OutputKind, Quantity},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One point as it is written.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// As rules over there write it.
    pub name: String,
    pub place: Range<usize>,
    /// What it is: one word, or of a sensor several.
    pub words: Vec<(String, Range<usize>)>,
    /// Of an output: whether it takes levels, if that is said.
    pub levels: Option<bool>,
    /// Of a cover: its class.
    pub class: Option<(String, Range<usize>)>,
}

/// Points of one sort.
pub(super) struct Points {
    example: &'static str,
    sort: Sort,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Inputs,
    Sensors,
    Outputs,
}

impl Points {
    pub const INPUTS: Points = Points { example: "{ front_door = \"door\" }", sort: Sort::Inputs };
    pub const SENSORS: Points = Points { example: "{ attic = \"temperature\" }", sort: Sort::Sensors };
    pub const OUTPUTS: Points = Points { example: "{ lamp = \"light\" }", sort: Sort::Outputs };

    fn all(&self, table: &DeTable<'_>, before: &str, found: &mut Vec<Named>) -> Result<(), Wrong> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = format!("{before}{}", key.get_ref());
            let named = |words| Named { name: name.clone(), place: key.span(), words, levels: None, class: None };
            let wrong = || Wrong::new(format!("what `{name}` is must be a word"), format!("write {}", self.example));
            let word = |value: &Spanned<DeValue<'_>>| Some((value.get_ref().as_str()?.to_owned(), value.span()));
            match value.get_ref() {
                DeValue::String(_) => found.push(named(word(value).into_iter().collect())),
                DeValue::Array(items) if self.sort == Sort::Sensors => {
                    let words: Option<Vec<_>> = items.iter().map(word).collect();
                    found.push(named(words.ok_or_else(wrong)?));
                }
                DeValue::Table(fields) if self.sort == Sort::Outputs => {
                    let known =
                        |field: &&Spanned<_>| matches!(AsRef::as_ref(field.get_ref()), "kind" | "levels" | "class");
                    let unknown = fields.keys().find(|field| !known(field));
                    if let Some(unknown) = unknown {
                        let message = format!("`{}` is not known of `{name}`", unknown.get_ref());
                        return Err(Wrong::new(
                            message,
                            format!("write {name} = {{ kind = \"light\", levels = true }}"),
                        ));
                    }
                    let kind = fields.get("kind").and_then(word).ok_or_else(wrong)?;
                    let levels = match fields.get("levels").map(Spanned::get_ref) {
                        None => None,
                        Some(DeValue::Boolean(levels)) => Some(*levels),
                        Some(_) => {
                            return Err(Wrong::new(
                                "`levels` is true or false",
                                "write levels = true or levels = false",
                            ));
                        }
                    };
                    let class = match fields.get("class") {
                        None => None,
                        Some(class) => Some(word(class).ok_or_else(|| {
                            Wrong::new(
                                "`class` is a word",
                                format!("write {name} = {{ kind = \"cover\", class = \"gate\" }}"),
                            )
                        })?),
                    };
                    found.push(Named { levels, class, ..named(vec![kind]) });
                }
                // `hall.occupied = "motion"` is a table within the table.
                DeValue::Table(inner) if before.is_empty() => self.all(inner, &format!("{name}."), found)?,
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }
}

impl Shape for Points {
    type Value = Vec<Named>;

    fn noun(&self) -> String {
        "a table of names, and what each is".into()
    }

    fn example(&self) -> String {
        format!("the names, and what each is: {}", self.example)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(table) = value.as_table() else { return Ok(None) };
        let mut found = Vec::new();
        self.all(table, "", &mut found)?;
        if found.is_empty() {
            return Err(Wrong::new("no names", format!("write {}", self.example)));
        }
        Ok(Some(found))
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = match self.sort {
            Sort::Inputs => {
                InputKind::WORDS.iter().filter(|(_, kind)| *kind != InputKind::Counter).map(|(word, _)| *word).collect()
            }
            Sort::Sensors => Quantity::all().map(Quantity::word).collect(),
            Sort::Outputs => OutputKind::WORDS.iter().map(|(word, _)| *word).collect(),
        };
        let word = json!({ "enum": words });
        let of = match self.sort {
            Sort::Inputs => {
                json!({ "anyOf": [word, { "type": "object", "additionalProperties": word, "minProperties": 1 }] })
            }
            Sort::Sensors => json!({ "anyOf": [word, { "type": "array", "items": word, "minItems": 1 }] }),
            Sort::Outputs => json!({ "anyOf": [word, {
                "type": "object",
                "properties": { "kind": word, "levels": { "type": "boolean" }, "class": { "enum": OutputKind::Cover.facts().classes } },
                "required": ["kind"],
                "additionalProperties": false,
            }] }),
        };
        json!({ "type": "object", "additionalProperties": of, "minProperties": 1 })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|named| json!(named.name)).collect()
    }
}
