//! Windows of the day that never meet. The sun's times are compared with each other by their order on every day and at
//! every place, never with the clock: that would differ from place to place.

use super::search::Literal;
use crate::model::{Anchor, Condition, Config, TimeOfDay};

const DAY_S: i64 = 86_400;
const NOON_S: i32 = 43_200;

/// Of each day, from `from` to `to`, its end excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    from: TimeOfDay,
    to: TimeOfDay,
    /// `to` is of the day after `from`.
    next_day: bool,
}

impl Window {
    /// When the literal holds, if it speaks of nothing but the time of day. What is outside a window is a window too.
    pub fn of(literal: &Literal<'_>, config: &Config) -> Option<Window> {
        const fn sun(anchor: Anchor) -> TimeOfDay {
            TimeOfDay::new(anchor, 0)
        }
        let inside = match literal.condition {
            Condition::TimeBetween { from, to, next_day } => Window { from: *from, to: *to, next_day: *next_day },
            // Where the hub says what is dark, that need not be the night.
            Condition::Dark if config.dark.is_none() => {
                Window { from: sun(Anchor::Dusk), to: sun(Anchor::Dawn), next_day: true }
            }
            Condition::Daylight => Window { from: sun(Anchor::Sunrise), to: sun(Anchor::Sunset), next_day: false },
            _ => return None,
        };
        let outside = Window { from: inside.to, to: inside.from, next_day: !inside.next_day };
        Some(if literal.holds { inside } else { outside })
    }

    /// Before noon, or from noon on.
    pub fn half_of_day(morning: bool) -> Window {
        let clock = |offset_s| TimeOfDay::new(Anchor::Midnight, offset_s);
        let (from, to) = if morning { (0, NOON_S) } else { (NOON_S, DAY_S as i32) };
        Window { from: clock(from), to: clock(to), next_day: false }
    }

    /// Whether no instant is in this window and all the others.
    pub fn never_meets(&self, others: &[Window]) -> bool {
        if others.iter().any(|other| self.is_apart_from(other)) {
            return true;
        }
        let clocks: Vec<Clock> = others.iter().chain([self]).filter_map(Clock::of).collect();
        // If windows on the clock meet at all, they do where one of them begins, or at midnight.
        let begins = clocks.iter().map(|clock| clock.from % DAY_S).chain([0]);
        !begins.into_iter().any(|at| clocks.iter().all(|clock| clock.contains(at)))
    }

    /// Whether each day's window ends before any of the other's begins, or begins after it ends.
    fn is_apart_from(&self, other: &Window) -> bool {
        // No window is as long as three days.
        (-3..=3).all(|day| {
            let (ends, other_ends) = (i64::from(self.next_day), day + i64::from(other.next_day));
            never_after((self.to, ends), (other.from, day)) || never_after((other.to, other_ends), (self.from, 0))
        })
    }
}

/// Whether the one time, on the day of that number, is certainly not after the other.
fn never_after((one, day): (TimeOfDay, i64), (other, other_day): (TimeOfDay, i64)) -> bool {
    if let (Some(one), Some(other)) = (on_the_clock(&one), on_the_clock(&other)) {
        return one + day * DAY_S <= other + other_day * DAY_S;
    }
    if one == other {
        return day == other_day || (day < other_day && one.spread.is_none());
    }
    let of_the_sun = [one, other].iter().all(|time| time.anchor != Anchor::Midnight && time.spread.is_none());
    // A bound the other way only makes it the more so.
    let loose = one.earliest_s.is_none() && other.latest_s.is_none();
    // The sun's events of a day are in the order of `Anchor`, and all before those of the next, polar days included.
    let in_order = day < other_day || (day == other_day && one.anchor <= other.anchor);
    of_the_sun && loose && in_order && one.offset_s <= other.offset_s
}

/// Seconds after midnight, of a time that is the same every day.
fn on_the_clock(time: &TimeOfDay) -> Option<i64> {
    let at = time.offset_s.max(time.earliest_s.unwrap_or(i32::MIN)).min(time.latest_s.unwrap_or(i32::MAX));
    time.is_fixed().then_some(i64::from(at))
}

/// A window between two times of the clock, in seconds after midnight.
struct Clock {
    from: i64,
    to: i64,
    next_day: bool,
}

impl Clock {
    fn of(window: &Window) -> Option<Clock> {
        Some(Clock { from: on_the_clock(&window.from)?, to: on_the_clock(&window.to)?, next_day: window.next_day })
    }

    fn contains(&self, at: i64) -> bool {
        let (begun, over) = (at >= self.from, at >= self.to);
        if self.next_day { begun || !over } else { begun && !over }
    }
}
