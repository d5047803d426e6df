//! The world of a simulation: it says when the next wire moves, so that time can jump there.

use super::{Measured, PRESSED_FOR, World, openers::Opener, people::Sense};
use crate::{
    almanac::local_instant,
    model::{Config, InputId, InputKind, OutputId, Quantity, SensorId, Zone},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::VecDeque;

/// A [`World`] in which time goes from one event to the next.
pub struct VirtualWorld {
    world: World,
    zone: Zone,
    /// The day whose moves are in `moves`, and those of it that are still to come.
    day: Option<NaiveDate>,
    moves: VecDeque<(DateTime<Utc>, InputId, bool)>,
}

/// The air is worked out in steps of at most this length.
const STEP: TimeDelta = TimeDelta::minutes(5);

impl VirtualWorld {
    /// A world for this configuration that begins at `start`. `measured`: temperatures outside that take the place of the
    /// built-in climate.
    pub fn new(config: &Config, start: DateTime<Utc>, seed: u64, measured: Option<Measured>) -> VirtualWorld {
        let world = World::with_weather(config, start, seed, measured);
        VirtualWorld { world, zone: config.hub.timezone, day: None, moves: VecDeque::new() }
    }

    /// The same with so many people at home, of two.
    #[must_use]
    pub fn with_people(mut self, at_home: usize) -> VirtualWorld {
        self.world.household.at_home = at_home;
        self
    }

    /// When the next wire moves, or when to ask again; nothing in a house without inputs.
    pub fn next_move(&mut self) -> Option<DateTime<Utc>> {
        if self.world.wires.is_empty() {
            return None;
        }
        let doors = self.world.openers.iter().filter_map(Opener::next).min();
        doors.into_iter().chain(self.next_of_people()).min()
    }

    fn next_of_people(&mut self) -> Option<DateTime<Utc>> {
        if self.moves.is_empty() {
            self.plan_next_day()?;
        }
        let midnight = || local_instant(self.day?.succ_opt()?, 0, self.zone);
        self.moves.front().map(|(at, ..)| *at).or_else(midnight)
    }

    /// The button of a door is pressed.
    pub fn press(&mut self, time: DateTime<Utc>, button: OutputId) {
        let openers = self.world.openers.iter_mut();
        openers.filter(|opener| opener.button == button).for_each(|opener| opener.press(time));
    }

    /// The wires that have moved by `time`, in order.
    pub fn moves(&mut self, time: DateTime<Utc>) -> Vec<(InputId, bool)> {
        let mut moved = Vec::new();
        while let Some((_, input, active)) = self.moves.front().copied().filter(|(at, ..)| *at <= time) {
            self.moves.pop_front();
            if self.world.wires[input.0].kind == InputKind::Window {
                // An open window cools from now on.
                self.run(time);
                self.world.wires[input.0].active = Some(active);
            }
            moved.push((input, active));
        }
        for opener in &mut self.world.openers {
            opener.run(time);
            for (switch, active) in opener.switches() {
                if self.world.wires[switch.0].active.replace(active) != Some(active) {
                    moved.push((switch, active));
                }
            }
        }
        moved
    }

    /// Lets the air live on to `time`.
    pub fn run(&mut self, time: DateTime<Utc>) {
        if time > self.world.wall {
            self.world.pass(time, STEP);
        }
    }

    /// The outputs have these powers, from 0 to 1, from `time` on.
    pub fn power(&mut self, time: DateTime<Utc>, power: impl Fn(OutputId) -> f64) {
        if self.world.machines.iter().any(|machine| machine.acts && machine.power != power(machine.id)) {
            self.run(time);
            self.world.machines.iter_mut().for_each(|machine| machine.power = power(machine.id));
        }
    }

    /// What a sensor reads now.
    pub fn measure(&self, sensor: SensorId) -> Vec<(Quantity, f64)> {
        self.world.measure(sensor.0)
    }

    /// The air outside at any time, °C.
    pub fn outdoor_c(&self, time: DateTime<Utc>) -> f64 {
        self.world.weather.at(time).outdoor_c
    }

    /// Works out the moves of the day after the last one; nothing at the end of the calendar.
    fn plan_next_day(&mut self) -> Option<()> {
        let start = self.world.wall;
        let day = match self.day {
            Some(day) => day.succ_opt()?,
            None => start.with_timezone(&self.zone).date_naive(),
        };
        let senses: Vec<Sense> = self.world.wires.iter().map(|wire| wire.sense).collect();
        let mut moves = Vec::new();
        for (index, spans) in self.world.household.script(day, &senses).into_iter().enumerate() {
            for (from_s, to_s) in spans {
                let from = local_instant(day, from_s, self.zone)?;
                let to = match senses[index] {
                    Sense::Press(_) => from + PRESSED_FOR,
                    _ => local_instant(day, to_s, self.zone)?,
                };
                // What a skipped hour leaves nothing of does not happen.
                if from < to {
                    moves.extend([(from, InputId(index), true), (to, InputId(index), false)]);
                }
            }
        }
        // A wire that ends and begins at one instant ends first.
        moves.sort_by_key(|(at, input, active)| (*at, input.0, *active));
        moves.retain(|(at, ..)| *at >= start);
        (self.day, self.moves) = (Some(day), moves.into());
        Some(())
    }
}
