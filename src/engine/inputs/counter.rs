//! Counters: pulses in, what is shown out.

use super::counting::{Counting, Pace};
use crate::{
    clock::{Moment, Now},
    engine::{Engine, sensors, wakeup::NextWakeup},
    model::{InputId, Point, Quantity, SensorId},
};
use std::time::Duration;

impl Engine {
    /// Takes in pulses of a counter.
    pub(in crate::engine) fn absorb_pulses(&mut self, now: Now, id: &str, count: u32, at: Moment) {
        let Some((input, _, counter)) = self.config.find_counter(id) else { return };
        self.changes.input(input);
        let (input, state) = (&self.config[input], &mut self.inputs[input.0]);
        if state.storm.edges(at.min(now.moment), count, input.max_rate) {
            self.unpromised += 1;
        }
        state.fault = state.fault.take().or_else(|| state.storm.fault(input));
        // Of a storm, nobody knows which are pulses.
        if state.storm.ends().is_none() {
            state.counting.adopt(counter);
            state.counting.count(count, at.min(now.moment));
            self.unpromised += 1;
        }
    }

    /// A counter can be read, or why it cannot be.
    pub(super) fn absorb_line(&mut self, id: InputId, result: Result<bool, String>) {
        let (input, state) = (&self.config[id], &mut self.inputs[id.0]);
        let fault = match result {
            Ok(_) => state.storm.fault(input),
            Err(text) => Some(text.into()),
        };
        if state.fault != fault {
            self.changes.input(id);
            state.fault = fault;
            self.unpromised += 1;
        }
    }

    /// Brings what a counter shows up to date, at its own pace. Returns whether what must survive a restart changed.
    pub(in crate::engine) fn update_counter(&mut self, id: InputId, now: Now, wakeup: &mut NextWakeup) -> bool {
        let config = self.config.clone();
        let Some((_, sensor, counter)) = config.find_counter(&config[id].id) else { return false };
        let state = &mut self.inputs[id.0];
        let (every, counting, readings) = (config[sensor].every, &mut state.counting, &mut self.sensors[sensor.0]);
        let mut changed = false;
        counting.adopt(counter);
        if readings.fault != state.fault {
            self.changes.sensor(sensor);
            readings.fault.clone_from(&state.fault);
            counting.shown_at = None;
            changed = true;
        }
        if counting.still {
            return changed;
        }
        match (&state.fault, counting.pace.heard) {
            (Some(_), _) => (counting.pace, counting.rate) = (Pace::default(), None),
            (None, None) => counting.pace.heard = Some(now.moment),
            (None, Some(_)) => {}
        }
        let next = |counting: &Counting| match (counting.shown_at, counting.pace.ends(counter)) {
            (Some(shown), Some(ends)) if ends > shown => (shown + every).min(ends),
            (Some(shown), _) => shown + every,
            (None, _) => now.moment,
        };
        if now.moment >= next(counting) {
            self.changes.sensor(sensor);
            counting.pace.work_out(counter, now.moment);
            counting.shown_at = Some(now.moment);
            counting.rate = counting.pace.rate;
            let rate = counting.pace.rate.map(|hertz| {
                let rate = hertz / counter.pulses_per_unit * counter.measures.facts().rate_of_one_a_second;
                (counter.measures.rate(), rate)
            });
            if rate.is_none() {
                readings.readings.remove(&counter.measures.rate());
            }
            let total = counter.measures.total().map(|total| (total, counting.total(counter)));
            sensors::take(&config[sensor], readings, total.into_iter().chain(rate).collect(), now);
            for (series, window) in config.series.iter().zip(&mut self.series) {
                let read = readings.readings.get(&series.quantity).filter(|_| series.sensor == sensor);
                if let Some(read) = read.filter(|read| read.at == now.moment) {
                    window.add(read.value, read.at, series.window, config[sensor].stale_after);
                }
            }
        }
        wakeup.at(next(counting));
        changed
    }

    /// A new process begins, so long after the last one was heard of.
    pub(in crate::engine) fn begin_counting(&mut self, ago: Duration) {
        let config = self.config.clone();
        for (input, state) in config.inputs.iter().zip(&mut self.inputs).filter(|(input, _)| input.counts()) {
            let Some((_, sensor, counter)) = config.find_counter(&input.id) else { continue };
            state.counting.begin(counter, ago);
            if state.counting.rate.is_none() {
                self.sensors[sensor.0].readings.remove(&counter.measures.rate());
            }
        }
    }

    /// Nothing that counters show changes any more.
    pub(in crate::engine) fn still_counters(&mut self) {
        self.inputs.iter_mut().for_each(|input| input.counting.still = true);
    }

    /// What counts for a total that can be set to what the meter shows.
    pub(in crate::engine) fn set_total(&mut self, sensor: SensorId, quantity: Quantity, total: f64) {
        let id = &self.config[sensor].id;
        let counter = self.config.find_counter(id).filter(|(.., counter)| counter.measures.total() == Some(quantity));
        if let Some((input, ..)) = counter {
            self.inputs[input.0].counting.set(total);
            self.set_total_of_today(Point::Reading(sensor, quantity), total);
            self.changes.input(input);
        }
    }

    /// What [`Engine::memory`] gave last goes to be kept before anything is shown that this engine says from now on: what
    /// was counted up to now may be shown.
    pub fn mark_persisted(&mut self) {
        for id in &self.order.counters {
            let counting = &mut self.inputs[id.0].counting;
            counting.kept = counting.pulses;
        }
    }
}
