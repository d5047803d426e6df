//! What has stood still for long is moved for a while, so that it does not get stuck.

use crate::{
    clock::Moment,
    engine::{state::OutputState, wakeup::NextWakeup},
    model::{Config, Exercise, OutputId},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// When each output was moved last, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::engine) struct Exercised(BTreeMap<Arc<str>, Moment>);

impl Exercised {
    /// When anything was moved last.
    pub fn last(&self) -> Option<Moment> {
        self.0.values().max().copied()
    }

    /// What is to run now.
    pub fn update(
        &mut self,
        exercise: Option<&Exercise>,
        config: &Config,
        outputs: &[OutputState],
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> Vec<OutputId> {
        let Some(exercise) = exercise else {
            self.0.clear();
            return Vec::new();
        };
        self.0.retain(|name, _| exercise.outputs.iter().any(|output| config[*output].id == *name));
        let mut run = Vec::new();
        for output in &exercise.outputs {
            let name = &config[*output].id;
            let state = &outputs[output.0];
            let begun = self.0.get(name).copied();
            let end = begun.map(|begun| begun + exercise.run);
            if let Some(end) = end.filter(|end| now < *end) {
                wakeup.at(end);
                run.push(*output);
                continue;
            }
            if state.level.is_on() {
                continue;
            }
            let due = state.since.moment.max(end.unwrap_or(Moment::START)) + exercise.every;
            if now >= due {
                self.0.insert(name.clone(), now);
                wakeup.at(now + exercise.run);
                run.push(*output);
            } else {
                wakeup.at(due);
            }
        }
        run
    }
}
