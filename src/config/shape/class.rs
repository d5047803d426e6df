//! What Home Assistant is to call something among its like.

use super::{Shape, Wrong, nearest, one_of, shorten};
use crate::model::{InputKind, OutputKind, Unit};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// One of the classes that there are for something.
pub(in crate::config) struct Class {
    /// All that any such thing can have.
    all: Vec<&'static str>,
    /// What this one can have.
    here: Vec<&'static str>,
    /// What this one is: `a light`.
    what: &'static str,
}

impl Class {
    /// Of an input; None: it is not known which kind it is.
    pub fn of_input(kind: Option<InputKind>) -> Class {
        let all = InputKind::ALL.into_iter().flat_map(|kind| kind.facts().classes).copied();
        let known = kind.map(InputKind::facts);
        Class::new(all, known.map(|facts| facts.classes), known.map_or("", |facts| facts.noun))
    }

    /// Of an output; None: it is not known which kind it is. A group is what its members are.
    pub fn of_output(kind: Option<OutputKind>, is_group: bool) -> Class {
        let all = OutputKind::ALL.into_iter().flat_map(|kind| kind.facts().classes).copied();
        match kind {
            _ if is_group => Class::new(all, Some(&[]), "groups"),
            kind => Class::new(all, kind.map(|kind| kind.facts().classes), "outputs of this kind"),
        }
    }

    /// Of a sensor: whether it fits one is seen when it is known what it measures.
    pub fn of_sensor() -> Class {
        Class::new(Unit::ALL.iter().flat_map(|unit| unit.classes()).copied(), None, "")
    }

    fn new(
        all: impl Iterator<Item = &'static str>,
        here: Option<&'static [&'static str]>,
        what: &'static str,
    ) -> Class {
        let mut all: Vec<&str> = all.collect();
        all.sort_unstable();
        all.dedup();
        Class { here: here.map_or_else(|| all.clone(), <[_]>::to_vec), all, what }
    }
}

impl Shape for Class {
    type Value = &'static str;

    fn noun(&self) -> String {
        "one of a few words".into()
    }

    fn example(&self) -> String {
        one_of(self.here.iter().map(|word| format!("\"{word}\"")).collect())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<&'static str>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let Class { here, what, .. } = self;
        if here.is_empty() {
            return Err(Wrong::new(format!("Home Assistant has no classes for {what}"), "remove the line"));
        }
        here.iter().find(|word| **word == text).map(|word| Some(*word)).ok_or_else(|| {
            let nearest = nearest::name(text, here.iter().copied());
            // `garage_door` for a cover, `garage` for a contact.
            let part = || here.iter().copied().find(|word| text.starts_with(word) || word.starts_with(text));
            let advice = match nearest.or_else(part) {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => format!("write {}", self.example()),
            };
            Wrong::new(format!("unknown word \"{}\"", shorten(text)), advice)
        })
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "enum": self.all })
    }

    fn show(&self, value: &&'static str) -> Json {
        json!(value)
    }
}
