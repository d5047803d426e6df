//! The world around the wires: weather, rooms that warm and cool, and people who walk through them. Pure: the same
//! configuration, start and seed make the same day, whatever the machine.
//!
//! Which wire belongs to which room is guessed from its id: `hall_light` is in the hall, `bedroom_fan` cools what the
//! sensor `bedroom` reads. Any configuration will do; what has no wires is not seen.

mod random;
mod weather;

mod rooms;

mod people;

mod measured;

mod virtual_world;

pub use measured::Measured;
pub use virtual_world::VirtualWorld;

use crate::model::{Chip, Config, InputKind, OutputId, OutputKind, Quantity};
use chrono::{DateTime, TimeDelta, Utc};
use people::{Doing, Household, describe};
use random::Random;
use rooms::{Air, HALL, Influence, OUTDOORS, Place, Places, word};
use std::sync::Arc;
use weather::{Sky, Weather};

/// A house with people in it, at one instant.
pub struct World {
    wall: DateTime<Utc>,
    seed: u64,
    weather: Weather,
    /// The weather at `wall`.
    sky: Sky,
    household: Household,
    places: Places,
    airs: Vec<Air>,
    /// What heats and cools which of `airs`.
    machines: Vec<Machine>,
    probes: Vec<Probe>,
    wires: Vec<Wire>,
}

/// News on a wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Stimulus {
    /// An input moved.
    Input {
        /// Its id.
        id: Arc<str>,
        /// Motion, open, pressed, wet.
        active: bool,
    },
    /// What a sensor would read now.
    Reading {
        /// The sensor's id.
        sensor: Arc<str>,
        /// What it reads.
        quantity: Quantity,
        /// In the unit of the quantity, finite.
        value: f64,
    },
}

struct Machine {
    output: Arc<str>,
    id: OutputId,
    kind: OutputKind,
    air: usize,
    /// In the time that is now passing: from 0 to 1.
    power: f64,
}

struct Probe {
    sensor: Arc<str>,
    quantities: Vec<Quantity>,
    /// How fine its steps of a temperature are.
    steps_per_celsius: f64,
    air: usize,
}

struct Wire {
    id: Arc<str>,
    kind: InputKind,
    place: Place,
    /// What was last told of it; nothing before the first time.
    active: Option<bool>,
    /// Somebody who is in nobody's plan passes by.
    visited: bool,
}

/// What happened longer ago than this has left the inputs again.
const INPUTS_REMEMBER: TimeDelta = TimeDelta::seconds(60);

/// Within that time, people and rooms move in steps of at most this length ...
const FINE_STEP: TimeDelta = TimeDelta::seconds(10);

/// ... and before it in steps of this one, longer ones only when more than [`MOST_STEPS`] would be needed.
const COARSE_STEP: TimeDelta = TimeDelta::minutes(5);
const MOST_STEPS: i64 = 1_000;

/// How strongly the sun shines into one room and the next; the second is under the roof.
const SUN_K: [f64; 4] = [6.0, 13.0, 5.0, 8.0];

impl World {
    /// A world for this configuration. `seed` makes days differ; same seed, same day.
    pub fn new(config: &Config, start: DateTime<Utc>, seed: u64) -> World {
        World::with_weather(config, start, seed, None)
    }

    /// As [`World::new`], with the temperatures outside that were measured once.
    pub fn with_weather(config: &Config, start: DateTime<Utc>, seed: u64, measured: Option<Measured>) -> World {
        let weather = Weather { latitude: config.hub.latitude, longitude: config.hub.longitude, seed, measured };
        let sky = weather.at(start);
        let mut places = Places::new();
        let mut airs: Vec<Air> = Vec::new();
        let probes = config.sensors.iter().map(|sensor| {
            let word = word(&sensor.id);
            let air = airs.iter().position(|air| air.word == word).unwrap_or_else(|| {
                airs.push(Air::new(places.of(&sensor.id), word, &sky, SUN_K[airs.len() % SUN_K.len()]));
                airs.len() - 1
            });
            let steps_per_celsius = match sensor.i2c().map(|chip| chip.chip) {
                Some(Chip::Lm75) => 2.0,
                Some(Chip::Tmp102 | Chip::Tmp105) => 16.0,
                _ => 100.0,
            };
            // The pulses of a counter are nothing that the air does.
            let quantities = if sensor.counter().is_some() { Vec::new() } else { sensor.measured().collect() };
            Probe { sensor: sensor.id.clone(), quantities, steps_per_celsius, air }
        });
        let probes: Vec<Probe> = probes.collect();
        // A thermostat acts on what it measures, whatever the names say.
        let air_of_sensor: Vec<usize> = probes.iter().map(|probe| probe.air).collect();
        let machines = config.visible_outputs().filter_map(|id| {
            let output = &config[id];
            let zone = config.climates.iter().find(|zone| zone.outputs().any(|used| used == id));
            let sensed = zone.and_then(|zone| zone.sensors.first()).map(|sensor| air_of_sensor[sensor.0]);
            let air = sensed.or_else(|| air_of(&output.id, &airs, &places))?;
            airs[air].has_heater |= output.kind == OutputKind::Heater;
            Some(Machine { output: output.id.clone(), id, kind: output.kind, air, power: 0.0 })
        });
        let machines = machines.collect();
        let wires = config.inputs.iter().enumerate().map(|(i, input)| {
            let room = config.rooms.iter().find(|room| room.motion.iter().any(|id| id.0 == i));
            let place = places.of(room.map_or(&input.id, |room| &room.id));
            Wire { id: input.id.clone(), kind: input.kind, place, active: None, visited: false }
        });
        let wires = wires.collect();
        let household = Household::new(seed, config.hub.timezone, places.others().collect());
        World { wall: start, seed, weather, sky, household, places, airs, machines, probes, wires }
    }

    /// Lets time run to `wall` with the outputs as they are (from 0, off, to 1, fully on), and tells what changed on the
    /// wires: inputs that moved (all of them the first time), and every reading as it is now. Time that does not run
    /// forward changes nothing.
    pub fn advance(&mut self, wall: DateTime<Utc>, power: &dyn Fn(&str) -> f64) -> Vec<Stimulus> {
        self.machines.iter_mut().for_each(|machine| machine.power = power(&machine.output));
        if wall <= self.wall && self.wires.iter().all(|wire| wire.active.is_some()) {
            return self.readings();
        }
        let recent = wall - INPUTS_REMEMBER;
        self.pass(recent, COARSE_STEP);
        let seen = self.pass(wall, FINE_STEP);
        let mut news = Vec::new();
        for (wire, seen) in self.wires.iter_mut().zip(seen) {
            let active = seen | std::mem::take(&mut wire.visited);
            if wire.active != Some(active) {
                wire.active = Some(active);
                news.push(Stimulus::Input { id: wire.id.clone(), active });
            }
        }
        news.extend(self.readings());
        news
    }

    /// Somebody walks through the hall (where there is no motion sensor in the hall: past the first one of the house):
    /// the next `advance` sees it, a later one sees it gone. Tells the input's id.
    pub fn walk_through_hall(&mut self) -> Option<Arc<str>> {
        let motion = |wire: &&mut Wire| wire.kind == InputKind::Motion;
        let in_hall = self.wires.iter().any(|wire| wire.kind == InputKind::Motion && wire.place == HALL);
        let wire = self.wires.iter_mut().filter(motion).find(|wire| !in_hall || wire.place == HALL)?;
        wire.visited = true;
        Some(wire.id.clone())
    }

    /// The air outside, °C.
    pub fn outdoor_c(&self) -> f64 {
        self.sky.outdoor_c
    }

    /// Where everybody is: `everybody asleep`, `one in the hall, one out`.
    pub fn describe_people(&mut self) -> String {
        describe(&self.household.at(self.wall), &self.places.names)
    }

    /// Lets time run to `end`, in equal steps, and tells which wires sensed something at the end of any.
    fn pass(&mut self, end: DateTime<Utc>, longest_step: TimeDelta) -> Vec<bool> {
        let start = self.wall;
        let total_ms = (end - start).num_milliseconds().max(0);
        let longest_ms = longest_step.num_milliseconds();
        let steps = ((total_ms + longest_ms - 1) / longest_ms).min(MOST_STEPS);
        let mut seen = vec![false; self.wires.len()];
        for step in 1..=steps {
            let step_ms = total_ms * step / steps - total_ms * (step - 1) / steps;
            self.wall += TimeDelta::milliseconds(step_ms);
            self.sky = self.weather.at(self.wall);
            let doings = self.household.at(self.wall);
            self.warm_and_cool(step_ms as f64 / 3_600_000.0, &doings);
            for (seen, wire) in seen.iter_mut().zip(&self.wires) {
                *seen |= wire.senses(&doings);
            }
        }
        seen
    }

    fn warm_and_cool(&mut self, hours: f64, doings: &[Doing; 2]) {
        for (i, air) in self.airs.iter_mut().enumerate() {
            let mut influence = Influence {
                people: doings.iter().filter(|doing| doing.place == Some(air.place)).count(),
                ..<_>::default()
            };
            for machine in self.machines.iter().filter(|machine| machine.air == i) {
                let power = match machine.kind {
                    OutputKind::Heater => &mut influence.heater,
                    OutputKind::Cooler => &mut influence.cooler,
                    OutputKind::Fan => &mut influence.fan,
                    _ => continue,
                };
                *power = power.max(machine.power);
            }
            influence.window_open = self
                .wires
                .iter()
                .any(|wire| wire.kind == InputKind::Window && wire.active == Some(true) && wire.place == air.place);
            air.advance(hours, &self.sky, &influence);
        }
    }

    fn readings(&self) -> Vec<Stimulus> {
        let mut readings = Vec::new();
        for (i, probe) in self.probes.iter().enumerate() {
            for (quantity, value) in self.measure(i) {
                readings.push(Stimulus::Reading { sensor: probe.sensor.clone(), quantity, value });
            }
        }
        readings
    }

    /// What the sensor of this number reads now.
    fn measure(&self, sensor: usize) -> Vec<(Quantity, f64)> {
        let probe = &self.probes[sensor];
        let mut noise = Random::new(self.seed, &[20, sensor as u64, self.wall.timestamp_millis() as u64]);
        let read = |&quantity| (quantity, probe.read(quantity, &self.airs[probe.air], &self.sky, noise.unit() - 0.5));
        probe.quantities.iter().map(read).collect()
    }
}

impl Probe {
    /// What the sensor makes of the air: `noise` from -0.5 to 0.5, and its resolution.
    fn read(&self, quantity: Quantity, air: &Air, sky: &Sky, noise: f64) -> f64 {
        let (exact, spread, steps_per_unit) = match quantity {
            Quantity::Temperature
            | Quantity::ObjectTemperature
            | Quantity::RemoteTemperature(_)
            | Quantity::DewPoint
            | Quantity::HeatIndex => (air.temperature_c, 0.04, self.steps_per_celsius),
            Quantity::Humidity => (air.humidity_percent(), 0.4, 10.0),
            Quantity::Pressure | Quantity::SeaLevelPressure => (sky.pressure_hpa, 0.2, 10.0),
            // A window lets in a hundredth of the light.
            Quantity::Illuminance if air.place == OUTDOORS => (1.0 + 100_000.0 * sky.sunshine, 1.0, 1.0),
            Quantity::Illuminance => (1.0 + 1_000.0 * sky.sunshine, 1.0, 1.0),
            // Glass keeps it out.
            Quantity::UvIndex if air.place == OUTDOORS => (8.0 * sky.sunshine, 0.0, 10.0),
            Quantity::UvIndex => (0.0, 0.0, 10.0),
            Quantity::Co2 | Quantity::Eco2 => (600.0, 20.0, 1.0),
            Quantity::Tvoc | Quantity::VocIndex => (100.0, 5.0, 1.0),
            Quantity::AirQuality => (1.0, 0.0, 1.0),
            Quantity::Pm1 | Quantity::Pm25 | Quantity::Pm4 | Quantity::Pm10 => (5.0, 1.0, 10.0),
            Quantity::GasResistance => (50_000.0, 500.0, 1.0),
            Quantity::AbsoluteHumidity => (10.0, 0.0, 10.0),
            Quantity::Voltage(_) => (5.0, 0.02, 1_000.0),
            Quantity::Current(_) => (0.5, 0.01, 1_000.0),
            Quantity::Power(_) => (2.5, 0.05, 100.0),
            Quantity::Undervoltage | Quantity::Throttled => (0.0, 0.0, 1.0),
            Quantity::FanSpeed => (1_200.0, 20.0, 1.0),
            // Counters are not read: a world moves their wires.
            Quantity::Energy | Quantity::Volume | Quantity::Flow | Quantity::Count | Quantity::Rate => (0.0, 0.0, 1.0),
        };
        ((exact + noise * spread) * steps_per_unit).round() / steps_per_unit
    }
}

impl Wire {
    /// Whether the people, as they are, make it active.
    fn senses(&self, doings: &[Doing; 2]) -> bool {
        doings.iter().any(|doing| match self.kind {
            InputKind::Motion => doing.moving && doing.place == Some(self.place),
            InputKind::Door | InputKind::Contact => doing.just_left.is_some_and(|from| {
                // The front door divides what is out of the house from the rest.
                let side = |place: Option<Place>| match self.place {
                    HALL | OUTDOORS => place.is_none_or(|place| place == OUTDOORS),
                    here => place == Some(here),
                };
                side(from) != side(doing.place)
            }),
            InputKind::Window => doing.airing,
            InputKind::Button => doing.going_to_bed,
            InputKind::Switch | InputKind::Leak | InputKind::Smoke | InputKind::Counter => false,
        })
    }
}

/// The air that an output acts on: of the same word, else of the same place, else the first one indoors.
fn air_of(output: &str, airs: &[Air], places: &Places) -> Option<usize> {
    let same_word = airs.iter().position(|air| air.word == word(output));
    let same_place = || places.find(output).and_then(|place| airs.iter().position(|air| air.place == place));
    same_word.or_else(same_place).or_else(|| airs.iter().position(|air| air.place != OUTDOORS))
}

#[cfg(test)]
mod tests;
