//! What there is in a house, counted in words.

use super::{Condition, Config, OutputId, Rule};

impl Config {
    /// `7 outputs, 3 inputs, 10 rules`: what people wrote down, of each kind that there is.
    pub fn contents(&self) -> String {
        let written = self.rules.iter().filter(|rule| rule.made_by().is_none()).count();
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

impl Config {
    /// The lights that go on and off as if somebody were there.
    pub fn simulated_lights(&self) -> Vec<OutputId> {
        let parts = self.rules.iter().flat_map(|rule| rule.condition.parts());
        let light = |part: &Condition| match part {
            Condition::PresenceSimulation { light, .. } => Some(*light),
            _ => None,
        };
        parts.filter_map(light).collect()
    }
}

impl Rule {
    /// The key that it is made of, if nobody wrote it.
    pub fn made_by(&self) -> Option<&'static str> {
        let simulates = |part: &Condition| matches!(part, Condition::PresenceSimulation { .. });
        match &self.condition {
            Condition::All(parts) if parts.iter().any(simulates) => Some("modes.presence"),
            Condition::Due { .. } => Some("min_on_daily"),
            _ => None,
        }
    }
}
