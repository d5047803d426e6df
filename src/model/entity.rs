//! Which points are entities of home apps, and what these call them, in the words of Home Assistant.

use super::{Config, Kind, Owner, PROBLEM, PointSpec, Role, RoomId};
use std::sync::Arc;

/// A point as an entity by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity<'c> {
    /// The platform of Home Assistant: `light`.
    pub platform: &'static str,
    /// The dotted name of its point; of a thermostat, that of its zone.
    pub name: &'c str,
    /// The same name before it was renamed, by which home apps know it.
    pub first_name: Arc<str>,
    /// What people call it: `Hall light`.
    pub title: &'c str,
}

impl Config {
    /// The entity that a point is; None: it is shown with another.
    pub fn entity<'c>(&'c self, spec: &'c PointSpec) -> Option<Entity<'c>> {
        let own =
            |platform| Entity { platform, name: &spec.name, first_name: spec.first_name().into(), title: &spec.title };
        match spec.owner {
            Owner::Output(id) if spec.role == Role::Output => Some(own(self.looks_like(id).facts().platform)),
            Owner::Zone(id) if self.has_parts(spec) => {
                let (name, first_name) = (&*self[id].id, self.first_id(spec.owner));
                Some(Entity { platform: "climate", name, first_name, title: &self[id].name })
            }
            _ if spec.is_part() && !self.is_apart(spec) => None,
            // An event is shown beside its input, by the name of both.
            owner if spec.role == Role::Event => Some(Entity { title: self.owner_name(owner), ..own(platform(spec)) }),
            _ => Some(own(platform(spec))),
        }
    }

    /// Whether a part of an entity has one of its own all the same: a switch of Home Assistant knows no levels.
    fn is_apart(&self, spec: &PointSpec) -> bool {
        let Owner::Output(id) = spec.owner else { return false };
        spec.role == Role::Level && self.looks_like(id).facts().platform == "switch"
    }

    /// What something is called beside the name of its room, which home apps put before it: the rest of its name; None:
    /// both have the same.
    pub fn name_within(&self, room: Option<RoomId>, name: &str) -> Option<String> {
        let whole = || Some(name.to_owned());
        let Some(room) = room.map(|room| &self[room].name) else { return whole() };
        let begins = name.get(..room.len()).is_some_and(|begin| begin.to_lowercase() == room.to_lowercase());
        let rest = if begins { &name[room.len()..] } else { return whole() };
        if rest.is_empty() {
            return None;
        }
        let mut letters = rest.trim_start().chars();
        match letters.next() {
            Some(first) if rest.starts_with(' ') => Some(first.to_uppercase().chain(letters).collect()),
            _ => whole(),
        }
    }
}

/// The platform of a point that is an entity by itself.
fn platform(spec: &PointSpec) -> &'static str {
    match (&spec.kind, &spec.commands) {
        (Kind::Switch(_), Some(_)) => "switch",
        (Kind::Switch(_), None) => "binary_sensor",
        (Kind::Level(_), Some(_)) => "number",
        (Kind::Number(_), None) if spec.class == Some(PROBLEM) => "binary_sensor",
        // What is measured stays that, even if a meter can be set.
        (Kind::Number(_), Some(_)) if !spec.is_measured() => "number",
        // What it is told may be other words than those that it has.
        (Kind::Word(words), Some(commands)) if words.iter().all(|word| commands.words.contains(word)) => "select",
        (Kind::Level(_) | Kind::Number(_) | Kind::Word(_), _) => "sensor",
        (Kind::Event(_), _) => "event",
    }
}
