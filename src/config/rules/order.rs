//! The order of rules: the key `overrides`, and warnings of rules that want different things at the same time.

use crate::{
    config::{
        conflicts::{self, Conflict, Kind, Wishes},
        diagnostic::Problems,
        nearest,
        shape::{Names, Shape, Wrong, shorten},
        table::Table,
    },
    model::{Config, Level, OutputId, Point, Rule},
};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, ops::Range};
use toml::de::DeValue;

/// Which later rules a rule is meant to win over.
pub(super) enum Overrides {
    All,
    Named(Vec<(String, Range<usize>)>),
}

pub(super) fn read(table: &mut Table<'_>) -> Option<Overrides> {
    table.optional(
        "overrides",
        "The later rules over whose wishes this one is meant to win: their names, or \"all\". `hearthd check` then does \
         not warn of them. It changes nothing about who wins.",
        Later,
    )
}

struct Later;

impl Shape for Later {
    type Value = Overrides;

    fn noun(&self) -> String {
        "a list of rules by their names, or \"all\"".into()
    }

    fn example(&self) -> String {
        "names in square brackets, such as [\"Hall light after dark\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Overrides>, Wrong> {
        match value {
            DeValue::String(word) if word == "all" => Ok(Some(Overrides::All)),
            DeValue::String(name) => {
                let message = format!("\"{}\" is not in a list", shorten(name));
                Err(Wrong::new(message, format!("write [\"{name}\"], or \"all\" for all later rules")))
            }
            DeValue::Array(names) if names.is_empty() => {
                Err(Wrong::new("an empty list", "name the rules, or remove the line"))
            }
            _ => Ok(Names("rule").read(value)?.map(Overrides::Named)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "enum": ["all"] }, { "minItems": 1, "type": "array", "items": { "type": "string" } }] })
    }

    fn show(&self, value: &Overrides) -> Json {
        match value {
            Overrides::All => json!("all"),
            Overrides::Named(names) => names.iter().map(|(name, _)| json!(name)).collect(),
        }
    }
}

/// Where a rule with `while` stands in the file, and what it says of its place among the others.
pub(super) struct Placed {
    pub name: Range<usize>,
    pub overrides: Option<Overrides>,
}

/// The order of a file's rules.
pub(in crate::config) struct Order {
    /// Of the rules with `while`, as many as are right.
    pub(super) places: Vec<Placed>,
    /// All rules, each with the place of its name.
    pub(super) names: BTreeMap<String, usize>,
}

impl Order {
    /// Reports what is wrong with it. `config` is whole; `source` is the text of the file.
    pub fn check(&self, config: &Config, source: &str, problems: &Problems) {
        // The rules of the file come first.
        let rules = &config.rules[..self.places.len()];
        // What a rule with a mistake would set is not known.
        let whole = !problems.has_errors();
        let check = Check { order: self, rules, whole, config, source, problems };
        let meant: Vec<Option<Vec<usize>>> = (0..rules.len()).map(|rule| check.overridden(rule)).collect();
        if problems.has_errors() {
            return;
        }
        let is_meant = |earlier: usize, later: usize| meant[earlier].as_ref().is_none_or(|all| all.contains(&later));
        for conflict in conflicts::find(rules, config, is_meant) {
            check.warn(&conflict);
        }
    }
}

struct Check<'c> {
    order: &'c Order,
    rules: &'c [Rule],
    /// No mistake was found in the file so far.
    whole: bool,
    config: &'c Config,
    source: &'c str,
    problems: &'c Problems,
}

impl Check<'_> {
    /// The rules over which `rule` is meant to win; None: over all later ones.
    fn overridden(&self, rule: usize) -> Option<Vec<usize>> {
        let listed = match &self.order.places[rule].overrides {
            None => return Some(Vec::new()),
            Some(Overrides::All) => return None,
            Some(Overrides::Named(names)) => names,
        };
        let mut found = Vec::new();
        for (name, place) in listed {
            match self.later(rule, name) {
                Ok(Some(later)) if found.contains(&later) => {
                    self.problems.error(place.clone(), "this rule is listed twice", "remove one of them");
                }
                Ok(later) => found.extend(later),
                Err(Wrong { message, advice, .. }) => self.problems.error(place.clone(), message, advice),
            }
        }
        Some(found)
    }

    /// The rule of this name that `rule` can win over; nothing when that rule itself has mistakes.
    fn later(&self, rule: usize, name: &str) -> Result<Option<usize>, Wrong> {
        let Some(start) = self.order.names.get(name) else {
            let known = || self.rules[rule + 1..].iter().map(|rule| &*rule.name);
            let advice = match nearest::name(name, self.order.names.keys().map(String::as_str)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => match known().next() {
                    Some(some) => format!("write the name of a later rule, such as \"{some}\""),
                    None => "remove it: no rule comes after this one".to_owned(),
                },
            };
            return Err(Wrong::new(format!("unknown rule \"{}\"", shorten(name)), advice));
        };
        let line = line_of(self.source, *start);
        let Some(other) = self.rules.iter().position(|rule| &*rule.name == name) else {
            return match self.config.events.iter().any(|event| &*event.name == name) {
                true => Err(Wrong::new(
                    format!("\"{name}\" (line {line}) is a rule with `on`: it gives commands, which win over rules"),
                    "name rules with `while`",
                )),
                false => Ok(None),
            };
        };
        let shared = |(output, _): &(OutputId, Level)| self.rules[rule].set.iter().any(|(its, _)| its == output);
        if other == rule {
            Err(Wrong::new("this is the rule itself", "name later rules"))
        } else if other < rule {
            let message = format!("\"{name}\" (line {line}) comes first, and wins over this rule");
            Err(Wrong::new(message, "move this rule before that one, or write the key there"))
        } else if self.whole && !self.rules[other].set.iter().any(shared) {
            let message = format!("\"{name}\" (line {line}) sets none of the outputs that this rule sets");
            Err(Wrong::new(message, "remove it: nothing is to be decided between them"))
        } else {
            Ok(Some(other))
        }
    }

    fn warn(&self, Conflict { earlier, later, wishes, kind }: &Conflict) {
        let Some(Wishes { output, earlier: early, later: late }) = wishes.first() else { return };
        let id = &self.config[*output].id;
        let (early, late) = (self.word(*output, *early), self.word(*output, *late));
        let more = match wishes.len() - 1 {
            0 => String::new(),
            1 => ", and another output too".into(),
            more => format!(", and {more} other outputs too"),
        };
        let (first, second) = (&self.rules[*earlier].name, &self.rules[*later].name);
        let line = |rule: usize| line_of(self.source, self.order.places[rule].name.start);
        match kind {
            Kind::Together(example) => {
                let example = example.as_ref().map(|text| format!(", for example while {text}")).unwrap_or_default();
                self.problems.warning(
                    self.order.places[*earlier].name.clone(),
                    format!(
                        "\"{first}\" wants {id} {early} and \"{second}\" (line {}) wants it {late}{more}{example}",
                        line(*later)
                    ),
                    format!(
                        "this rule wins: add overrides = [\"{second}\"] if that is meant, else change a condition or the \
                         order"
                    ),
                );
            }
            Kind::NeverThrough => self.problems.warning(
                self.order.places[*later].name.clone(),
                format!(
                    "\"{second}\" never has {id} {late}{more}: whenever it is active, so is \"{first}\" (line {}), which \
                     comes first and wants it {early}",
                    line(*earlier)
                ),
                "move it before that rule, change a condition, or remove it",
            ),
        }
    }

    /// The level in the words of the output.
    fn word(&self, output: OutputId, level: Level) -> String {
        if level != Level::ON && level != Level::OFF {
            return level.to_string();
        }
        let states = Point::Output(output).states(self.config);
        let word = states.iter().find(|(_, on)| *on == level.is_on()).map(|(word, _)| *word);
        word.unwrap_or(if level.is_on() { "on" } else { "off" }).to_owned()
    }
}

/// The number of the line, from 1, on which a byte of the text is.
pub(in crate::config) fn line_of(source: &str, byte: usize) -> usize {
    source.get(..byte).unwrap_or_default().matches('\n').count() + 1
}
