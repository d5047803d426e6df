//! What of the house is remembered, and for how long.

use std::time::Duration;

/// The table `[history]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySettings {
    /// How long each reading is kept as it was.
    pub keep_raw: Duration,
    /// How long sums of readings, changes and events are kept.
    pub keep: Duration,
    /// The most bytes that the file may have; the oldest goes first.
    pub max_size: u64,
    /// How often what is new is written.
    pub commit: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for HistorySettings {
    fn default() -> HistorySettings {
        HistorySettings { keep_raw: 30 * DAY, keep: 3650 * DAY, max_size: 500_000_000, commit: Duration::from_secs(60) }
    }
}
