//! Windows of time: whether they end on the day after they begin.

use crate::model::{Anchor, TimeOfDay};

/// Whether a window from `from` to `to` ends on the next day; nothing when it is empty.
///
/// The clock's own times simply compare. Between the clock and the sun it is decided once, so that a window does not
/// change its kind with the seasons: by what the words mean at the latitudes where people live.
pub(super) fn ends_next_day(from: TimeOfDay, to: TimeOfDay) -> Option<bool> {
    const fn hour(hour: i32) -> i32 {
        hour * 3600
    }
    let morning = Anchor::rises;
    Some(match (from.anchor, to.anchor) {
        _ if from == to => return None,
        (Anchor::Midnight, Anchor::Midnight) => to.offset_s < from.offset_s,
        (Anchor::Midnight, sun) if morning(sun) => from.offset_s >= hour(12),
        (Anchor::Midnight, _) => from.offset_s >= hour(21),
        (sun, Anchor::Midnight) if morning(sun) => to.offset_s < hour(3),
        (_, Anchor::Midnight) => to.offset_s < hour(12),
        (one, other) if one == other => to.offset_s < from.offset_s,
        (one, other) => one > other,
    })
}
