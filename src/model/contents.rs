//! What there is in a house, counted in words.

use super::{Condition, Config, Rule};

impl Config {
    /// `7 outputs, 3 inputs, 10 rules`: what people wrote down, of each kind that there is.
    pub fn contents(&self) -> String {
        let written = self.rules.iter().filter(|rule| !rule.pretends()).count();
        let counts = [
            (self.visible_outputs().count(), "output"),
            (self.inputs.len(), "input"),
            (self.devices().count(), "sensor"),
            (self.rooms.len(), "room"),
            (self.climates.len(), "climate zone"),
            (written + self.events.len(), "rule"),
            (self.scenes.len(), "scene"),
        ];
        let words: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
            .collect();
        if words.is_empty() { "nothing in it yet".into() } else { words.join(", ") }
    }
}

impl Rule {
    /// Whether nobody wrote it: it is made of `[modes.presence]`.
    pub fn pretends(&self) -> bool {
        match &self.condition {
            Condition::All(parts) => parts.iter().any(|part| matches!(part, Condition::PresenceSimulation { .. })),
            _ => false,
        }
    }
}
