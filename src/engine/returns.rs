//! What a point goes back to when the time of a command is over, where nothing else would decide it: the mode of the house or
//! of a zone, and locks.

use super::{Engine, state::Timestamp};
use crate::{
    clock::{Moment, Now},
    model::{ClimateFacet, ClimateMode, Command, Hold, Source, Wish},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A point and what it was before somebody set it for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Return {
    point: Arc<str>,
    /// In the words of commands.
    before: Arc<str>,
    /// Who had set that.
    by: Source,
    until: Timestamp,
}

impl Return {
    /// Whether it is of the point of this name.
    pub fn is_of(&self, name: &str) -> bool {
        *self.point == *name
    }

    /// The point has another name now.
    pub fn moves_to(&mut self, name: &str) {
        self.point = name.into();
    }
}

impl Engine {
    /// Notes what the point of a command goes back to if it is for a time, and forgets what it was to go back to if not.
    pub(super) fn note_return(&mut self, wish: &Wish, command: &Command, now: Now) {
        let earlier = self.forget_return(&command.point);
        let Some(Hold::Time(hold)) = command.hold else { return };
        let until = Timestamp::after(now, hold);
        let pending = match earlier {
            Some(earlier) => Some(Return { until, ..earlier }),
            None => self.as_it_is(wish).map(|(before, by)| Return {
                point: command.point.as_str().into(),
                before,
                by: by.unwrap_or_else(|| command.source.clone()),
                until,
            }),
        };
        self.returns.extend(pending);
    }

    /// A point goes back to nothing any more; what it was to go back to.
    pub(super) fn forget_return(&mut self, point: &str) -> Option<Return> {
        let place = self.returns.iter().position(|pending| *pending.point == *point)?;
        Some(self.returns.remove(place))
    }

    /// What a point is set to now, and by whom, if it goes back to that.
    fn as_it_is(&self, wish: &Wish) -> Option<(Arc<str>, Option<Source>)> {
        match wish {
            Wish::Lock(id, _) => Some((if self.outputs[id.0].locked { "ON" } else { "OFF" }.into(), None)),
            Wish::Mode(_) => self.mode.as_ref().map(|mode| (mode.word.clone(), None)),
            Wish::Zone(id, ClimateFacet::Mode, _) => {
                let state = &self.climates[id.0];
                Some((state.mode.map_or("AUTO", ClimateMode::word).into(), state.mode_by.clone()))
            }
            Wish::Output(..)
            | Wish::Zone(..)
            | Wish::ZoneAuto(_)
            | Wish::Total(..)
            | Wish::Scene(_)
            | Wish::Setting(..) => None,
        }
    }

    /// Sets back what was set for a time that is over.
    pub(super) fn set_back(&mut self, now: Now) {
        for pending in &mut self.returns {
            pending.until.follow(now);
        }
        let due = |pending: &Return| now.moment >= pending.until.moment;
        let over: Vec<Return> = self.returns.iter().filter(|pending| due(pending)).cloned().collect();
        self.returns.retain(|pending| !due(pending));
        for Return { point, before, by, .. } in over {
            let command = Command { source: by, point: point.to_string(), payload: before.to_string(), hold: None };
            // What a reload took away has nothing to go back to.
            let _ = self.command(&command, now);
        }
    }

    /// When something is set back next.
    pub(super) fn next_return(&self) -> Option<Moment> {
        self.returns.iter().map(|pending| pending.until.moment).min()
    }
}
