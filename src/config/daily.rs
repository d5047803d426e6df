//! `min_on_daily` of outputs: what makes up before midnight for what is missing.

use crate::model::{Condition, Config, Level, OutputId, Rule, duration};

/// The rules by which outputs are on for as long as they must be each day. They come after all others, which then say at
/// which hours of the day, and which may forbid it.
pub(super) fn rules(config: &Config) -> Vec<Rule> {
    let rule = |id: OutputId| {
        let output = &config[id];
        let least = output.min_on_daily?;
        let condition = Condition::Due { output: id, least };
        Some(Rule {
            name: format!("At least {} a day: {}", duration::spell(least), output.name).into(),
            text: format!("{condition:?}"),
            condition,
            until: None,
            set: vec![(id, Level::ON)],
            notice: None,
            timers: 0,
        })
    };
    config.visible_outputs().filter_map(rule).collect()
}
