//! When something that is on or off became the other.

use crate::{clock::Moment, model::Truth};
use serde::{Deserialize, Serialize};

/// When something that is on or off last became the other, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct Turned {
    /// When it last did.
    pub at: Option<Moment>,
    /// Since when it has been known without a break; before, it may have turned unseen.
    pub known: Option<Moment>,
    /// What it was, while it is known.
    was: Option<bool>,
}

impl Turned {
    /// It is this now.
    pub fn follow(&mut self, truth: Truth, now: Moment) {
        let is = match truth {
            Truth::True => Some(true),
            Truth::False => Some(false),
            Truth::Unknown => None,
        };
        match (self.was, is) {
            (Some(was), Some(is)) if was != is => self.at = Some(now),
            (None, Some(_)) => self.known = Some(now),
            (Some(_), None) => self.known = None,
            _ => {}
        }
        self.was = is;
    }
}
