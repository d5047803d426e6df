//! When something began, for people as well.

use crate::clock::{Moment, Now};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A moment together with the wall time it stands for, kept so that texts about it do not flicker with the clocks' drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Timestamp {
    pub moment: Moment,
    pub wall: DateTime<Utc>,
}

impl Timestamp {
    pub fn of(now: Now) -> Timestamp {
        Timestamp { moment: now.moment, wall: now.wall }
    }

    pub fn after(now: Now, duration: Duration) -> Timestamp {
        let moment = now.moment + duration;
        Timestamp { moment, wall: now.wall_at(moment) }
    }

    pub fn plus(self, duration: Duration) -> Timestamp {
        let wall = chrono::TimeDelta::from_std(duration).ok().and_then(|delta| self.wall.checked_add_signed(delta));
        Timestamp { moment: self.moment + duration, wall: wall.unwrap_or(self.wall) }
    }

    /// Follows a wall clock that was set since.
    pub fn follow(&mut self, now: Now) {
        let ahead = |wall: DateTime<Utc>, moment: Moment| wall.timestamp_millis().saturating_sub(moment.as_millis());
        let drift_ms = ahead(now.wall, now.moment).saturating_sub(ahead(self.wall, self.moment));
        if drift_ms.saturating_abs() > 2_000 {
            self.wall = now.wall_at(self.moment);
        }
    }
}

/// Whether a value need not be kept: it is what it is when nothing was.
pub(in crate::engine) fn is_plain<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
