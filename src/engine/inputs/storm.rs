//! An input that changes, or tells clicks, far too often: a loose contact, a broken sensor, a missing resistor, a device that
//! repeats itself.

use crate::{clock::Moment, model::Input};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Changes are counted over this.
const WINDOW: Duration = Duration::from_secs(1);
/// It is over when the wire was quiet for this long.
const QUIET: Duration = Duration::from_secs(10);

/// Counts the changes of a wire, or what a device tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct Storm {
    /// When the count began.
    since: Moment,
    edges: u32,
    /// While there is a storm: when it will be over.
    ends: Option<Moment>,
}

impl Storm {
    /// Counts a change. Returns whether a storm began.
    pub fn edge(&mut self, now: Moment, max_rate: u32) -> bool {
        self.edges(now, 1, max_rate)
    }

    /// Counts changes that are told together. Returns whether a storm began.
    pub fn edges(&mut self, now: Moment, count: u32, max_rate: u32) -> bool {
        if now >= self.since + WINDOW || now < self.since {
            (self.since, self.edges) = (now, 0);
        }
        self.edges = self.edges.saturating_add(count);
        if self.edges <= max_rate {
            return false;
        }
        self.ends.replace(now + QUIET).is_none()
    }

    /// When it will be over, if there is one.
    pub fn ends(&self) -> Option<Moment> {
        self.ends
    }

    /// What to say of the input.
    pub fn fault(&self, input: &Input) -> Option<Arc<str>> {
        let max_rate = input.max_rate;
        self.ends.map(|_| {
            match input.line.is_wire() {
                true => format!(
                    "it changes more than {max_rate} times a second: look for a loose contact or a missing resistor"
                ),
                false => format!(
                    "it tells more than {max_rate} changes or clicks a second: a broken device, or another program?"
                ),
            }
            .into()
        })
    }
}
