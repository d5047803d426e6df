//! Inputs: from what their wires do to what counts.
//!
//! Between the two stand, in this order: the **storm** guard (what changes or clicks too often is in fault), the **hold** (a
//! motion detector that flickers stays active), and what follows from a change: **clicks**, bound switches. A **counter** is
//! neither on nor off: its pulses become readings.

pub(super) mod clicks;
mod counter;
pub(super) mod counting;
pub(super) mod storm;

use super::{Engine, command::Goal, wakeup::NextWakeup};
use crate::{
    clock::{Moment, Now},
    model::{Click, Effect, InputId, InputKind, Level, OutputId, Source, Truth},
};

impl Engine {
    /// Takes in what a wire was read to be, or why it cannot be read. `at`: since then, if not only since now; news may come
    /// late, and what is timed is timed from when it happened.
    pub(super) fn absorb_input(&mut self, now: Now, id: &str, result: Result<bool, String>, at: Option<Moment>) {
        let Some(id) = self.order.inputs.get(id).copied() else { return };
        if self.config[id].counts() {
            return self.absorb_line(id, result);
        }
        self.changes.input(id);
        let stamp = at.map(|at| at.min(now.moment));
        let at = stamp.unwrap_or(now.moment);
        let then = Now { moment: at, wall: now.wall_at(at), ..now };
        let (input, state) = (&self.config[id], &mut self.inputs[id.0]);
        state.heard = stamp;
        let before = state.truth();
        let was_on = state.is_wire_on();
        let seen = std::mem::replace(&mut state.seen, true);
        let mut rises = false;
        match result {
            Ok(wire) => {
                rises = wire && state.wire == Some(false);
                let is_edge = state.wire.replace(wire).is_some_and(|was| was != wire);
                if is_edge && state.storm.edge(at, input.max_rate) {
                    self.unpromised += 1;
                }
                state.fault = state.storm.fault(input);
                // Nobody knows when a wire that could not be read went off: then it is not held.
                if is_edge && !wire && state.active == Some(true) && !input.hold.is_zero() {
                    state.held_until = Some(at + input.hold);
                } else if wire || state.held_until.is_none() {
                    state.held_until = None;
                    if state.turn(wire, then) {
                        self.unpromised += 1;
                    }
                }
            }
            Err(text) => (state.fault, state.wire) = (Some(text.into()), None),
        }
        if was_on || state.is_wire_on() {
            state.last_on = Some(at);
        }
        if rises && state.is_wire_on() {
            state.rose = Some(at);
        }
        let after = state.truth();
        state.turned.follow(after, at);
        self.turned(id, before, after, seen, then);
    }

    /// Takes in a click that a device has made out itself; its first press is not seen, so a single click toggles.
    pub(super) fn absorb_click(&mut self, now: Now, id: &str, click: Click) {
        let Some(id) = self.order.inputs.get(id).copied().filter(|id| self.config[*id].clicks()) else { return };
        let (input, state) = (&self.config[id], &mut self.inputs[id.0]);
        let before = state.truth();
        let storm_began = state.storm.edge(now.moment, input.max_rate);
        if storm_began {
            state.fault = state.storm.fault(input);
            let after = state.truth();
            state.turned.follow(after, now.moment);
            self.unpromised += 1;
            self.changes.input(id);
            self.turned(id, before, after, true, now);
        }
        // Until it was quiet for a while, none of them is believed.
        if self.inputs[id.0].storm.ends().is_some() {
            return;
        }
        self.click(id, vec![click]);
        if click == Click::Single {
            let config = self.config.clone();
            self.toggle_together(&config[id].toggles, &Source::Switch(config[id].id.clone()), now);
        }
    }

    /// Lets the hold and the storm of an input end and clicks come to their ends. Returns whether what must survive a
    /// restart changed.
    pub(super) fn update_input(&mut self, id: InputId, now: Now, wakeup: &mut NextWakeup) -> bool {
        let mut changed = false;
        let state = &mut self.inputs[id.0];
        let before = state.truth();
        // Late news does not end what later news, on its way, may prolong: the next wake-up does.
        let heard = state.heard.take().unwrap_or(now.moment);
        match state.held_until {
            Some(until) if heard >= until => {
                self.changes.input(id);
                state.held_until = None;
                changed |= state.turn(false, now);
            }
            Some(until) => wakeup.at(until),
            None => {}
        }
        if let Some(ends) = state.storm.ends() {
            if now.moment >= ends {
                self.changes.input(id);
                state.storm = storm::Storm::default();
                state.fault = None;
                changed = true;
            } else {
                wakeup.at(ends);
            }
        }
        let after = state.truth();
        state.turned.follow(after, now.moment);
        if before != after {
            self.turned(id, before, after, true, now);
        }
        let (input, state) = (&self.config[id], &mut self.inputs[id.0]);
        if input.clicks() {
            let clicks = state.clicking.update(input, heard, wakeup);
            self.click(id, clicks);
        }
        if self.config[id].counts() { self.update_counter(id, now, wakeup) || changed } else { changed }
    }

    /// Event rules are to hear of clicks.
    fn click(&mut self, id: InputId, clicks: Vec<Click>) {
        if !clicks.is_empty() {
            self.changes.click(id);
            self.happened.extend(clicks.into_iter().map(|click| (id, click)));
        }
    }

    /// Tells of clicks, once each, and keeps the last.
    pub(super) fn tell_clicks(&mut self, now: Now) -> Vec<Effect> {
        let tell = |&(input, click): &(InputId, Click)| {
            self.inputs[input.0].last_click = Some((click.word().into(), now.wall));
            Effect::Clicked { input, click }
        };
        self.happened.iter().map(tell).collect()
    }

    /// What follows from an input's becoming active or inactive. `seen`: not by its first reading in this process.
    fn turned(&mut self, id: InputId, before: Truth, after: Truth, seen: bool, now: Now) {
        let config = self.config.clone();
        let input = &config[id];
        // What happened while nobody was looking is not an event.
        let known = seen && before != Truth::Unknown && after != Truth::Unknown && before != after;
        if input.clicks() {
            let clicking = &mut self.inputs[id.0].clicking;
            let clicks = match (known, after.is_true()) {
                (true, true) => clicking.press(input, now.moment),
                (true, false) => clicking.release(input, now.moment),
                (false, _) if before != after => clicking.forget(),
                (false, _) => Vec::new(),
            };
            self.click(id, clicks);
        }
        if known && (after.is_true() || input.kind == InputKind::Switch) {
            self.toggle_together(&input.toggles, &Source::Switch(input.id.clone()), now);
        }
        if known {
            for output in &input.sets {
                self.command_by_switch(*output, Level::from_on(after.is_true()), id, now);
            }
        }
    }

    fn command_by_switch(&mut self, output: OutputId, level: Level, input: InputId, now: Now) {
        let source = Source::Switch(self.config[input].id.clone());
        let outputs = self.without_lost(&[output], now);
        let members = outputs.into_iter().flat_map(|output| self.config.members(output));
        let goals: Vec<_> = members.map(|member| (member, Goal::Level(level))).collect();
        self.fill_manual(&goals, &source, None, now);
    }
}
