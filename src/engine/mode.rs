//! The mode of the house: who set it.

use super::{Engine, state::ModeState};
use crate::{
    clock::Now,
    model::{ManualEnd, ReasonSlot, Source},
};

impl Engine {
    /// The house is in the mode of this place in the list from now on.
    pub(super) fn set_mode(&mut self, place: usize, by: &Source, now: Now) {
        let (modes, Some(state)) = (&self.config.modes, &mut self.mode) else { return };
        if state.place != place {
            self.changes.mode();
            let (word, by) = (modes.list[place].clone(), Some(by.clone()));
            *state = ModeState { word, changed: now.wall, turned: Some(now.moment), by, place };
        }
    }

    /// What the mode is due to; empty where there is none. A mode always has a reason: a broker would keep an earlier one.
    pub(super) fn mode_slots(&self) -> Vec<ReasonSlot> {
        let slot = |state: &ModeState| {
            let (slot, cause) = match &state.by {
                Some(Source::Rule(name)) => ("rule", name.to_string()),
                Some(source) => ("manual", format!("command by {source}")),
                // A state file of an earlier version tells only that somebody did.
                None if state.turned.is_some() => ("default", "as it was left; it is not known who set it".into()),
                None if state.place == self.config.modes.start => ("default", "the mode of the file".into()),
                None => ("default", "as it was before the file named another to begin with".into()),
            };
            ReasonSlot::new(slot, state.word.to_string(), cause).held(state.by.as_ref(), ManualEnd::Auto)
        };
        self.mode.as_ref().map(slot).into_iter().collect()
    }
}
