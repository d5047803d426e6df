//! The effects that are still to be performed, in their order: the same for the daemon, simulations and tests.

use super::Engine;
use crate::model::Effect;
use std::collections::VecDeque;

/// No honest instant has more drives. Outputs that switch each other in a circle would go on for ever; whoever performs
/// them leaves the rest for a second later.
const DRIVES_AT_ONCE: usize = 4096;

/// Effects in line. What an answer to one of them leads to is added at the end.
#[derive(Clone, Debug, Default)]
pub struct EffectQueue {
    effects: VecDeque<Effect>,
    /// Drives since it was last worked off.
    drives: usize,
}

impl EffectQueue {
    /// Puts effects in line.
    pub fn add(&mut self, effects: Vec<Effect>) {
        self.effects.extend(effects);
    }

    /// What to perform next; None: all is done, or enough for now. Drives that `engine` does not await any more are
    /// left out: their outputs were driven otherwise since, or are gone.
    pub fn next(&mut self, engine: &Engine) -> Option<Effect> {
        while self.drives < DRIVES_AT_ONCE {
            let Some(effect) = self.effects.pop_front() else { break };
            if let Effect::Drive { drive, cause, .. } = effect {
                let Some((output, level)) = engine.awaits(drive) else { continue };
                self.drives += 1;
                // After a reload, the same output may have another place.
                return Some(Effect::Drive { drive, output, level, cause });
            }
            return Some(effect);
        }
        self.drives = 0;
        None
    }

    /// Whether there is more to do.
    pub fn is_behind(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Follows a reload: the ids in what is in line are of before. Drives of outputs that stay get the cause that they have
    /// now; clicks are left out.
    pub fn follow(&mut self, engine: &Engine) {
        self.effects.retain_mut(|effect| match effect {
            Effect::Drive { drive, cause, .. } => {
                let output = engine.awaits(*drive).map(|(output, _)| output);
                let decided = output.and_then(|output| engine.explanation(output)?.slots.first());
                decided.map(|(_, claim)| *cause = claim.cause.clone()).is_some()
            }
            Effect::Clicked { .. } => false,
            Effect::Answer { .. } | Effect::Notify { .. } | Effect::Note { .. } => true,
        });
    }

    /// Leaves undone what is in line.
    pub fn clear(&mut self) {
        self.effects.clear();
    }
}
