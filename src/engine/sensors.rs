//! Takes in what a sensor read.

use super::{
    filters::{self, Passed},
    state::{Reading, SensorState},
};
use crate::{
    clock::{Moment, Now},
    model::{Quality, Quantity, Sensor},
};

/// Passes what was measured through the filters, then works out what follows from it.
pub(super) fn take(sensor: &Sensor, state: &mut SensorState, measured: Vec<(Quantity, f64)>, now: Now) {
    for (quantity, value) in measured {
        pass(sensor, state, quantity, value, now.moment, now);
    }
    for &quantity in &sensor.derived {
        let good = |ingredient| match state.quality(sensor, ingredient, now.moment) {
            (Quality::Good, _) => state.readings.get(&ingredient),
            _ => None,
        };
        let ingredient = |ingredient| good(ingredient).map(|reading| reading.value);
        if let Some(value) = filters::derive(quantity, sensor, ingredient) {
            // It is no newer than the oldest that it is worked out from.
            let at = quantity.ingredients().iter().filter_map(|ingredient| Some(good(*ingredient)?.at)).min();
            pass(sensor, state, quantity, value, at.unwrap_or(now.moment), now);
        }
    }
    state.awaited = state.awaited.filter(|_| state.lacks(sensor));
}

/// Passes one reading that was taken at `at` through its filter.
fn pass(sensor: &Sensor, state: &mut SensorState, quantity: Quantity, value: f64, at: Moment, now: Now) {
    let passed = match sensor.filters.get(&quantity) {
        Some(filter) => {
            state.filters.entry(quantity).or_default().pass(quantity, filter, value, at, sensor.stale_after)
        }
        None => {
            // What a filter of before a reload remembers tells nothing any more.
            state.filters.remove(&quantity);
            // A number that is none would make the whole memory unreadable.
            Some(Passed::Shown(value)).filter(|_| value.is_finite())
        }
    };
    let before = state.readings.get(&quantity).copied();
    let reading = match (passed, before) {
        (None, _) => return,
        (Some(Passed::Shown(value)), before) => {
            // Zero has no sign.
            let value = value + 0.0;
            let changed = before.filter(|before| before.value == value).map_or(now.wall, |before| before.changed);
            Reading { value, at, changed }
        }
        (Some(Passed::HeldBack), Some(before)) => Reading { at, ..before },
        (Some(Passed::HeldBack), None) => return,
    };
    state.readings.insert(quantity, reading);
}
