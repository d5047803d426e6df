//! The order in which a house is worked out: inputs, zones, rooms, event rules, rules, outputs.

use super::{
    Engine, climate,
    facts::{Alarm, facts},
    picture,
    priority::{self, Situation},
    rooms, rules,
    state::OutputState,
};
use crate::{
    clock::Now,
    model::{ClimateId, Effect, OutputId, RuleId},
};

/// A pass is made again when what zones show became another by it; a house in which that never ends goes on with the next
/// event.
const PASSES_MAX: usize = 3;

impl Engine {
    /// Works out what every output should be.
    pub(super) fn decide(&mut self, now: Now) -> Vec<Effect> {
        self.changes.follow(now);
        let mut effects = Vec::new();
        for _ in 0..PASSES_MAX {
            let mut alarm = Alarm::default();
            effects.extend(self.pass(now, &mut alarm));
            self.next_wakeup = alarm.earliest();
            // What a zone shows of its limits, rules may look at.
            if !self.look_back_at_climates(now) {
                break;
            }
        }
        effects.extend(self.tell_states(now));
        for (zone, state) in self.config.climates.iter().zip(&mut self.climates) {
            climate::note_changes(zone, state, now);
        }
        effects
    }

    /// The next decision is worked out from nothing, whatever changed: it comes to the same, unless the state was changed by
    /// other ways than events.
    #[doc(hidden)]
    pub fn forget_decisions(&mut self) {
        self.changes.everything();
    }

    /// One pass over everything.
    fn pass(&mut self, now: Now, alarm: &mut Alarm) -> Vec<Effect> {
        let config = self.config.clone();
        let mut changed = self.update_inputs(now, alarm);
        changed |= self.update_dark(now, alarm);
        let mut effects = Vec::new();
        loop {
            changed |= self.update_climates(now, alarm);
            changed |= self.update_rooms(now, alarm);
            if self.stopping {
                break;
            }
            let (done, acted) = self.happen(now, alarm);
            effects.extend(done);
            // What was done may make something else happen; that ends, because no rule acts without end in one instant.
            if !acted {
                break;
            }
        }
        changed |= self.update_rules(now, alarm);
        self.look_ahead(now, alarm);
        if !self.memos.outputs.holds(&self.changes, now.moment, alarm) {
            let situation = Situation {
                config: &config,
                rules: &self.rules,
                wishes: &self.wishes,
                rooms: &self.rooms,
                claims: &self.claims,
                stopping: self.stopping,
                now,
            };
            let mut own = Alarm::default();
            let held = commands_held(&self.outputs);
            let (changes, alone) = (&mut self.changes, &mut self.memos.alone);
            let resolved = priority::resolve(&situation, &mut self.outputs, changes, alone, &mut own);
            self.revision.promised += u64::from(commands_held(&self.outputs) != held);
            self.memos.outputs.note(&mut self.changes, resolved.changed, own, alarm);
            resolved.marked.into_iter().for_each(|id| self.changes.output(id, &config));
            changed |= resolved.changed;
            effects.extend(resolved.drives);
        }
        self.revision.other += u64::from(changed);
        effects
    }

    /// Notes when something that is shown looks different by itself: also what no rule looks at.
    fn look_ahead(&mut self, now: Now, alarm: &mut Alarm) {
        if self.memos.shown.holds(&self.changes, now.moment, alarm) {
            return;
        }
        let mut own = Alarm::default();
        for (sensor, state) in self.config.sensors.iter().zip(&self.sensors) {
            for quantity in sensor.quantities() {
                if let (_, Some(stale)) = state.quality(sensor, quantity, now.moment) {
                    own.at(stale);
                }
            }
        }
        for id in self.config.visible_outputs() {
            if let Some(anew) = picture::shown_anew(&self.config, &self.outputs, id, now) {
                own.at(anew);
            }
        }
        self.memos.shown.note(&mut self.changes, false, own, alarm);
    }

    /// Lets the thermostats see what became of what they called. Returns whether they show anything else for it.
    fn look_back_at_climates(&mut self, now: Now) -> bool {
        if self.stopping {
            return false;
        }
        let house = climate::Resolved { config: &self.config, outputs: &self.outputs, now };
        let mut changed = false;
        for (index, (zone, state)) in self.config.climates.iter().zip(&mut self.climates).enumerate() {
            if climate::look_back(zone, state, house) {
                self.changes.climate(ClimateId(index));
                changed = true;
            }
        }
        self.revision.other += u64::from(changed);
        changed
    }

    fn update_rules(&mut self, now: Now, alarm: &mut Alarm) -> bool {
        let mut changed = false;
        let rules = self.config.rules.iter().zip(&mut self.rules).zip(&mut self.memos.rules);
        for (index, ((rule, state), memo)) in rules.enumerate() {
            if memo.holds(&self.changes, now.moment, alarm) {
                continue;
            }
            let (mut own, before) = (Alarm::default(), state.truth);
            let its = rules::update(rule, state, &mut facts!(self, &self.config, now, &mut self.calendar, &mut own));
            memo.note(&mut self.changes, its, own, alarm);
            if state.truth != before {
                self.changes.rule(RuleId(index));
            }
            changed |= its;
        }
        changed
    }

    /// Works out who is where.
    fn update_rooms(&mut self, now: Now, alarm: &mut Alarm) -> bool {
        let mut changed = false;
        for &id in &self.room_order {
            if self.memos.rooms[id.0].holds(&self.changes, now.moment, alarm) {
                continue;
            }
            let mut own = Alarm::default();
            let mut state = std::mem::take(&mut self.rooms[id.0]);
            let before = state.picture();
            let its = rooms::update(id, &mut state, &mut facts!(self, &self.config, now, &mut self.calendar, &mut own));
            self.memos.rooms[id.0].note(&mut self.changes, its, own, alarm);
            if state.picture() != before {
                self.changes.room(id);
            }
            self.rooms[id.0] = state;
            changed |= its;
        }
        changed
    }

    /// Lets the thermostats look at the house.
    fn update_climates(&mut self, now: Now, alarm: &mut Alarm) -> bool {
        let (mut changed, mut looked) = (false, false);
        // None of them looks at another.
        let mut states = std::mem::take(&mut self.climates);
        for (index, (zone, state)) in self.config.climates.iter().zip(&mut states).enumerate() {
            let memo = &mut self.memos.climates[index];
            if memo.holds(&self.changes, now.moment, alarm) {
                continue;
            }
            let mut own = Alarm::default();
            let mut facts = facts!(self, &self.config, now, &mut self.calendar, &mut own);
            let held = state.commands_held();
            let its = climate::update(ClimateId(index), zone, state, &mut facts);
            self.revision.promised += u64::from(state.commands_held() != held);
            memo.note(&mut self.changes, its, own, alarm);
            (changed, looked) = (changed | its, true);
        }
        self.climates = states;
        if looked {
            let claims = climate::claims(&self.config, &self.climates);
            for index in (0..claims.len()).filter(|index| self.claims.get(*index) != claims.get(*index)) {
                self.changes.claim(OutputId(index));
            }
            self.claims = claims;
        }
        changed
    }

    /// Brings up to date what `dark` means, where that is not left to the sun.
    fn update_dark(&mut self, now: Now, alarm: &mut Alarm) -> bool {
        let (Some(rule), Some(mut state)) = (&self.config.dark, self.dark.take()) else { return false };
        let (mut own, before) = (Alarm::default(), state.truth);
        let mut changed = false;
        if !self.memos.dark.holds(&self.changes, now.moment, alarm) {
            changed =
                rules::update(rule, &mut state, &mut facts!(self, &self.config, now, &mut self.calendar, &mut own));
            self.memos.dark.note(&mut self.changes, changed, own, alarm);
            if state.truth != before {
                self.changes.dark();
            }
        }
        self.dark = Some(state);
        changed
    }
}

/// How many commands hold outputs, and how many of them know what ends them. A pass fills no slot beside those that count
/// as promised by themselves: another number means that one ended, or what it waits for is known now.
fn commands_held(outputs: &[OutputState]) -> (usize, usize) {
    let held = || outputs.iter().filter_map(|state| state.manual.as_ref());
    (held().count(), held().filter(|command| command.waits_for_known()).count())
}
