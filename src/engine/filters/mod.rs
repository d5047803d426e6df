//! From what a sensor measured to what counts: corrected, judged, limited, smoothed, rounded, and shown or held back.
//!
//! A step that looks back forgets what is older than the sensor's `stale_after`: after a gap it begins anew, so that an
//! average never mixes yesterday with today.

mod correct;
mod derived;
mod judge;
mod smooth;

pub(super) use derived::derive;

use crate::{
    clock::Moment,
    model::{Delta, Filter, Quantity},
};
use serde::{Deserialize, Serialize};
use smooth::Window;
use std::{sync::Arc, time::Duration};

/// So many readings of a quantity that cannot be true, one after the other, are a fault.
const FAULT_AFTER: u32 = 3;

/// What the filter of one quantity remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FilterState {
    /// The last corrected reading that was believed.
    believed: Option<Seen>,
    window: Window,
    /// What is shown.
    shown: Option<Seen>,
    /// How many readings in a row were not believed.
    rejected: u32,
    /// Why the last one was not.
    reason: Option<Arc<str>>,
}

/// A number and when it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    value: f64,
    at: Moment,
}

/// What becomes of a reading that is believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Passed {
    /// It is what the point shows from now on.
    Shown(f64),
    /// The point goes on to show what it shows, which was confirmed.
    HeldBack,
}

impl FilterState {
    /// What is wrong with the quantity, when too many readings in a row could not be believed.
    pub fn fault(&self) -> Option<&Arc<str>> {
        self.reason.as_ref().filter(|_| self.rejected >= FAULT_AFTER)
    }

    /// Takes in a reading that was taken at `now`; nothing when it is not believed.
    pub fn pass(
        &mut self,
        quantity: Quantity,
        filter: &Filter,
        measured: f64,
        now: Moment,
        stale_after: Duration,
    ) -> Option<Passed> {
        let value = correct::correct(filter, measured);
        let before = self.believed.filter(|seen| now < seen.at + stale_after);
        let last = before.map(|seen| (seen.value, now.since(seen.at)));
        if let Err(reason) = judge::judge(quantity, &filter.plausible, value, last) {
            self.rejected = self.rejected.saturating_add(1);
            self.reason = Some(reason.into());
            return None;
        }
        (self.rejected, self.reason) = (0, None);
        if before.is_none() {
            (self.window, self.shown) = (Window::default(), None);
        }
        self.believed = Some(Seen { value, at: now });
        let limited = filter.clamp.map_or(value, |(least, most)| value.clamp(least, most));
        let smoothed = self.window.smooth(filter, limited);
        let value = filter.round_to.map_or(smoothed, |step| correct::round_to(smoothed, step));
        if self.shown.is_some_and(|shown| holds_back(filter, shown, value, now)) {
            return Some(Passed::HeldBack);
        }
        self.shown = Some(Seen { value, at: now });
        Some(Passed::Shown(value))
    }
}

/// Whether what is shown stays.
fn holds_back(filter: &Filter, shown: Seen, value: f64, now: Moment) -> bool {
    let since = now.since(shown.at);
    if filter.heartbeat.is_some_and(|heartbeat| since >= heartbeat) {
        return false;
    }
    let change = (value - shown.value).abs();
    let too_small = match filter.delta {
        None => false,
        Some(Delta::Absolute(delta)) => change < delta,
        Some(Delta::Percent(percent)) => change < shown.value.abs() * percent / 100.0,
    };
    too_small || filter.throttle.is_some_and(|throttle| since < throttle)
}

#[cfg(test)]
mod tests;
