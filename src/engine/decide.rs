//! The order in which a house is worked out: inputs, zones, rooms, event rules; rules and outputs until nothing changes; event
//! rules that look at outputs; and at last the wires (`wires.rs`).
//!
//! What rules see of an output is what is decided of it in this instant. So no wire is driven, and no event happens, for a
//! state that was at no time. What an interlock or a minimum time waits for is what wires do.

use super::{
    Engine,
    changes::Which,
    climate,
    facts::facts,
    order::{Dependency, Task},
    priority,
    promises::Promised,
    rooms, rules,
    slots::Situation,
    state::Timestamp,
    today::Shown,
    view::View,
    wakeup::NextWakeup,
};
use crate::{
    clock::Now,
    model::{ClimateId, Effect, Method, OutputId, RoomId, RuleId, SensorId},
};
use std::{collections::BTreeSet, ops::Range, time::Duration};

/// What still changes after so many rounds of one instant is in a circle.
const ROUNDS_MAX: usize = 12;
/// The outputs that change in the last so many rounds belong to it.
const ROUNDS_WATCHED: usize = 4;
/// Circles are cut so often in one instant; what still changes then is left for the next event.
const CUTS_MAX: usize = 4;
/// How long an output that was cut out of a circle is held off before it is tried again.
const OUT_OF_THE_CIRCLE: Duration = Duration::from_secs(60);

/// What is decided in one instant.
#[derive(Default)]
pub(super) struct Instant {
    /// The clusters that were worked out.
    touched: Vec<usize>,
    /// The zones.
    zones: Vec<ClimateId>,
    /// What must survive a restart changed.
    changed: bool,
    /// The outputs of which another level was decided in this round.
    turned: Vec<OutputId>,
}

impl Engine {
    /// Works out what every output should be.
    pub(super) fn decide(&mut self, now: Now) -> Vec<Effect> {
        if self.changes.is_clock_set(now) {
            self.tell_times();
        }
        self.changes.follow(now);
        self.set_back(now);
        let mut instant = Instant::default();
        let mut effects = std::mem::take(&mut self.notes);
        effects.extend(self.settle_instant(now, &mut instant));
        for id in std::mem::take(&mut instant.zones) {
            climate::note_changes(&self.config[id], &mut self.climates[id.0], now);
        }
        self.unpromised += u64::from(instant.changed);
        effects.extend(self.drive(instant.touched, now));
        // At the end, times of day have no turn any more.
        if now.wall_known && !self.stopping {
            self.last_wall = self.last_wall.max(Some(now.wall));
        }
        self.next_wakeup = self.changes.next_wakeup().into_iter().chain(self.next_return()).min();
        effects.extend(self.tell_states(now));
        self.remember_notice(&effects);
        effects
    }

    /// The next decision is worked out from nothing, whatever changed: it comes to the same, unless the state was changed by
    /// other ways than events.
    #[doc(hidden)]
    pub fn forget_decisions(&mut self) {
        self.changes.everything();
    }

    /// Works out everything until nothing changes any more.
    fn settle_instant(&mut self, now: Now, instant: &mut Instant) -> Vec<Effect> {
        let order = self.order.clone();
        let mut effects = Vec::new();
        let (mut early, mut late) = (Which::Due, Which::Due);
        loop {
            // What was done may make something else happen; that ends, because no rule acts without end in one instant.
            loop {
                self.work(early, order.early.clone(), now, instant);
                if early == Which::Due {
                    effects.extend(self.tell_clicks(now));
                }
                if self.stopping || !self.happen(early, order.early_events.clone(), now, &mut effects) {
                    break;
                }
                early = Which::Unsettled;
            }
            early = Which::Unsettled;
            self.settle_outputs(late, now, instant, &mut effects);
            if self.stopping || !self.happen(late, order.late_events.clone(), now, &mut effects) {
                break;
            }
            late = Which::Unsettled;
        }
        self.happened.clear();
        for (at, parts) in std::mem::take(&mut self.unsaid) {
            if let Some(Effect::Notify { text, .. }) = effects.get_mut(at) {
                *text = self.say(&parts, now);
            }
        }
        self.starting &= self.stopping;
        effects
    }

    /// Works out rules and outputs until nothing changes. What never ends is a circle: its outputs are off.
    fn settle_outputs(&mut self, mut which: Which, now: Now, instant: &mut Instant, effects: &mut Vec<Effect>) {
        let late = self.order.late.clone();
        for _ in 0..CUTS_MAX {
            let mut circle = BTreeSet::new();
            for round in 0..ROUNDS_MAX {
                instant.turned.clear();
                self.work(which, late.clone(), now, instant);
                which = Which::Unsettled;
                if !self.changes.is_unsettled(late.clone()) {
                    return;
                }
                if round + ROUNDS_WATCHED >= ROUNDS_MAX {
                    circle.extend(instant.turned.iter().copied());
                }
            }
            for id in circle {
                self.cut_circle(id, now, effects);
            }
        }
    }

    /// Takes an output out of a circle for a while.
    fn cut_circle(&mut self, id: OutputId, now: Now, effects: &mut Vec<Effect>) {
        let id = match self.config[id].method {
            Method::Part { of } => of,
            _ => id,
        };
        if matches!(self.config[id].method, Method::Group { .. }) {
            return;
        }
        let until = Timestamp::after(now, OUT_OF_THE_CIRCLE).moment;
        let before = self.outputs[id.0].in_circle_until.replace(until);
        self.changes.output(id, &self.config);
        let rule = self.wishes[id.0].first().map(|wish| self.config[wish.rule].name.clone());
        if let Some(rule) = rule.filter(|_| before.is_none()) {
            let text = format!("{} would be switched on and off without end: it stays off", self.config[id].id);
            effects.push(Effect::Note { about: rule, text: text.into() });
        }
    }

    /// Works out what is due of a range of tasks.
    fn work(&mut self, which: Which, range: Range<usize>, now: Now, instant: &mut Instant) {
        let order = self.order.clone();
        let mut start = range.start;
        while let Some(number) = self.changes.next(which, start..range.end) {
            start = number + 1;
            let mut own = NextWakeup::default();
            let changed = match order.tasks[number] {
                Task::Input(id) => self.update_input(id, now, &mut own),
                Task::Sensor(id) => self.look_ahead(id, now, &mut own),
                Task::Dark => self.update_dark(now, &mut own),
                Task::Climate(id) => self.update_climate(id, now, instant, &mut own),
                Task::Room(id) => self.update_room(id, now, &mut own),
                Task::Rule(id) => self.update_rule(id, now, &mut own),
                Task::Outputs(place) => self.update_outputs(number, place, now, instant, &mut own),
                Task::Group(id) => self.update_group(id, now),
                Task::LookBack(id) => self.look_back_at(id, now, instant),
                Task::Today(place) => self.update_today(place, now, &mut own),
                Task::Event(_) => false,
            };
            instant.changed |= changed;
            self.changes.note(number, changed, own);
        }
    }

    /// Notes when a reading is shown as stale: also one that no rule looks at.
    fn look_ahead(&mut self, id: SensorId, now: Now, wakeup: &mut NextWakeup) -> bool {
        let (sensor, state) = (&self.config[id], &self.sensors[id.0]);
        for quantity in sensor.quantities() {
            if let (_, Some(stale)) = state.quality(sensor, quantity, now.moment) {
                wakeup.at(stale);
            }
        }
        self.changes.seen(Dependency::Sensor(id));
        false
    }

    fn update_rule(&mut self, id: RuleId, now: Now, wakeup: &mut NextWakeup) -> bool {
        let (rule, state) = (&self.config[id], &mut self.rules[id.0]);
        let before = state.truth;
        let changed = rules::update(rule, state, &mut facts!(self, &self.config, now, &mut self.calendar, wakeup));
        if state.truth != before {
            state.since = before.is_known().then_some(now.moment);
            self.changes.rule(id);
        }
        changed
    }

    /// Works out who is in a room.
    fn update_room(&mut self, id: RoomId, now: Now, wakeup: &mut NextWakeup) -> bool {
        let mut state = std::mem::take(&mut self.rooms[id.0]);
        let before = state.shown();
        let changed = rooms::update(id, &mut state, &mut facts!(self, &self.config, now, &mut self.calendar, wakeup));
        if state.shown() != before {
            self.changes.room(id);
        }
        self.changes.seen(Dependency::Room(id));
        self.rooms[id.0] = state;
        changed
    }

    /// Lets a thermostat look at the house.
    fn update_climate(&mut self, id: ClimateId, now: Now, instant: &mut Instant, wakeup: &mut NextWakeup) -> bool {
        let config = self.config.clone();
        let mut state = std::mem::take(&mut self.climates[id.0]);
        let held = state.commands_held();
        let mut facts = facts!(self, &config, now, &mut self.calendar, wakeup);
        let changed = climate::update(id, &config[id], &mut state, &mut facts);
        if state.commands_held() != held {
            self.promises.note(Promised::Zone(id));
        }
        self.climates[id.0] = state;
        instant.zones.push(id);
        self.changes.zone(id);
        for output in config[id].outputs() {
            let claim = climate::claim(output, &self.order.zones[output.0], &config, &self.climates);
            if self.claims[output.0] != claim {
                self.claims[output.0] = claim;
                self.changes.claim(output);
            }
        }
        changed
    }

    /// Lets a thermostat see what became of what it called. What it shows for it, rules may look at.
    fn look_back_at(&mut self, id: ClimateId, now: Now, instant: &mut Instant) -> bool {
        let house = View { config: &self.config, outputs: &self.outputs, now };
        if self.stopping || !climate::look_back(&self.config[id], &mut self.climates[id.0], house) {
            return false;
        }
        let mut own = NextWakeup::default();
        let changed = self.update_climate(id, now, instant, &mut own);
        self.changes.note(self.order.climates[id.0], changed, own);
        true
    }

    /// Brings up to date what `dark` means, where that is not left to the sun.
    fn update_dark(&mut self, now: Now, wakeup: &mut NextWakeup) -> bool {
        let (Some(rule), Some(mut state)) = (&self.config.dark, self.dark.take()) else { return false };
        let before = state.truth;
        let changed = rules::update(rule, &mut state, &mut facts!(self, &self.config, now, &mut self.calendar, wakeup));
        if state.truth != before {
            self.changes.dark();
        }
        self.dark = Some(state);
        changed
    }

    /// Brings up to date what conditions ask of today of a point, by its place.
    fn update_today(&mut self, place: usize, now: Now, wakeup: &mut NextWakeup) -> bool {
        let (point, mut state) = self.today[place];
        let mut facts = facts!(self, &self.config, now, &mut self.calendar, wakeup);
        let day = facts.day();
        let shown = match self.config.grows_in(point) {
            Some(_) => Shown::Total(facts.total(point)),
            None => Shown::On(facts.is_on(point).is_true()),
        };
        let changed = state.update(day, shown, now);
        let is_due = state.is_due(now.moment, wakeup);
        self.today[place].1 = state;
        if changed {
            self.changes.today(point);
        }
        changed || is_due
    }

    /// Decides outputs that have to do with each other.
    fn update_outputs(
        &mut self,
        number: usize,
        place: usize,
        now: Now,
        instant: &mut Instant,
        wakeup: &mut NextWakeup,
    ) -> bool {
        let (config, order) = (self.config.clone(), self.order.clone());
        let cluster = &order.clusters[place];
        instant.touched.push(place);
        let situation = Situation {
            config: &config,
            members: &order.members,
            rules: &self.rules,
            wishes: &self.wishes,
            rooms: &self.rooms,
            inputs: &self.inputs,
            claims: &self.claims,
            stopping: self.stopping,
            holds_phases: self.holds_phases,
            now,
        };
        let held = priority::commands_held(cluster, &self.outputs);
        let resolved = priority::resolve(&situation, cluster, &mut self.outputs, &mut self.slots, wakeup);
        if priority::commands_held(cluster, &self.outputs) != held {
            cluster.outputs.iter().take(1).for_each(|id| self.promises.note(Promised::Output(*id)));
        }
        for id in resolved.marked {
            self.changes.wire(id);
        }
        for id in resolved.moved {
            self.changes.decided(id, &config);
        }
        for (id, turned) in resolved.explained {
            self.changes.explained(id);
            if turned {
                self.changes.decided(id, &config);
                instant.turned.push(id);
            }
        }
        // What it changed of itself, it has taken into account.
        self.changes.settle(number);
        for id in &cluster.outputs {
            self.changes.seen(Dependency::Explained(*id));
            if let Some(anew) = self.view(now).shown_anew(*id) {
                wakeup.at(anew);
            }
        }
        resolved.changed
    }

    /// A group is what its members are.
    fn update_group(&mut self, id: OutputId, now: Now) -> bool {
        let config = self.config.clone();
        if priority::stand_for(id, &mut self.outputs, &config, now) {
            self.changes.output(id, &config);
        }
        self.changes.explained(id);
        false
    }
}
