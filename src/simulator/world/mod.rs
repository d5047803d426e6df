//! The world around the wires: weather, rooms that warm and cool, and people who walk through them. Pure: the same
//! configuration, start and seed make the same day, whatever the machine.
//!
//! Which wire belongs to which room is guessed from its id: `hall_light` is in the hall, `bedroom_fan` cools what the
//! sensor `bedroom` reads. Any configuration will do; what has no wires is not seen.

mod random;
mod weather;

mod rooms;

mod heating;

mod openers;

mod people;

mod measured;

mod left_out;

mod virtual_world;

pub use left_out::{NotModelled, not_modelled};
pub use measured::Measured;
pub use people::PEOPLE;
pub use virtual_world::VirtualWorld;

use crate::model::{Chip, Config, InputId, InputKind, OutputId, Quantity, SensorId, Zone};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use heating::Plant;
use openers::Opener;
use people::{Doing, Household, Sense, Span, describe};
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
    plant: Plant,
    /// For each output of the configuration.
    machines: Vec<Machine>,
    probes: Vec<Probe>,
    wires: Vec<Wire>,
    openers: Vec<Opener>,
    /// How often the button of each was pressed since `wall`.
    pressed: Vec<u32>,
    timezone: Zone,
    /// When buttons are pressed on a day, for each wire.
    presses: Option<(NaiveDate, Vec<Vec<Span>>)>,
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
    /// It does something to an air.
    acts: bool,
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
    sense: Sense,
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

/// While a door moves, in none shorter than this.
const LEAST_STEP: TimeDelta = TimeDelta::milliseconds(200);

/// A button is held down for this long: a click.
const PRESSED_FOR: TimeDelta = TimeDelta::milliseconds(200);

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
        let zone_of = |sensor: usize| config.climates.iter().position(|zone| zone.sensors.contains(&SensorId(sensor)));
        // Of each air, the zone that measures it.
        let mut zones: Vec<Option<usize>> = Vec::new();
        let probes = config.sensors.iter().enumerate().map(|(index, sensor)| {
            let (word, place, zone) = (word(&sensor.id), places.of(&sensor.id), zone_of(index));
            let water = heating::is_water(config, index, &mut places);
            // Rooms of two zones are two rooms, whatever their names begin with.
            let same = |(air, its): (&Air, &Option<usize>)| {
                (&*air.word, air.place, air.water) == (word, place, water)
                    && (zone.is_none() || its.is_none() || zone == *its)
            };
            let air = airs.iter().zip(&zones).position(same).unwrap_or_else(|| {
                airs.push(Air::new(place, word, water, &sky, SUN_K[airs.len() % SUN_K.len()]));
                zones.push(None);
                airs.len() - 1
            });
            zones[air] = zones[air].or(zone);
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
        let air_of_sensor: Vec<usize> = probes.iter().map(|probe| probe.air).collect();
        let plant = Plant::new(config, &airs, &air_of_sensor, &places);
        for (index, air) in airs.iter_mut().enumerate() {
            air.heated = plant.heats(index);
            let target_c = zones[index].and_then(|zone| config.climates[zone].target.heat);
            if let Some(target_c) = target_c.filter(|_| air.heated && air.is_room()) {
                air.was_kept_at(target_c, &sky);
            }
        }
        let machines = config.outputs.iter().enumerate().map(|(index, output)| {
            let id = OutputId(index);
            Machine { output: output.id.clone(), id, acts: plant.uses(id), power: 0.0 }
        });
        let machines = machines.collect();
        let openers = openers::openers(config, start);
        let end_switches: Vec<InputId> = openers.iter().flat_map(Opener::switches).map(|(switch, _)| switch).collect();
        let wires = config.inputs.iter().enumerate().map(|(i, input)| {
            let room = config.rooms.iter().find(|room| room.motion.iter().any(|id| id.0 == i));
            let place = places.of(room.map_or(&input.id, |room| &room.id));
            let is_moved = end_switches.contains(&InputId(i));
            let sense = if is_moved { Sense::Nothing } else { Sense::of(input.kind, place, &input.id) };
            Wire { id: input.id.clone(), kind: input.kind, place, sense, active: None, visited: false }
        });
        let wires = wires.collect();
        let timezone = config.hub.timezone;
        let household = Household::new(seed, timezone, places.others().collect());
        let presses = None;
        World {
            wall: start,
            seed,
            weather,
            sky,
            household,
            places,
            airs,
            plant,
            machines,
            probes,
            wires,
            pressed: vec![0; openers.len()],
            openers,
            timezone,
            presses,
        }
    }

    /// Lets time run to `wall` with the outputs as they are (from 0, off, to 1, fully on), and tells what changed on the
    /// wires: inputs that moved (all of them the first time), and every reading as it is now. Time that does not run
    /// forward changes nothing.
    pub fn advance(&mut self, wall: DateTime<Utc>, power: &dyn Fn(&str) -> f64) -> Vec<Stimulus> {
        self.machines.iter_mut().filter(|machine| machine.acts).for_each(|m| m.power = power(&m.output));
        if wall <= self.wall && self.wires.iter().all(|wire| wire.active.is_some()) {
            return self.readings();
        }
        let begins = self.wall;
        let recent = wall - INPUTS_REMEMBER;
        self.pass(recent, COARSE_STEP);
        let since = self.wall;
        let mut seen = self.pass(wall, FINE_STEP);
        self.press(since, &mut seen);
        self.move_doors(begins, &mut seen);
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

    /// The buttons of doors are pressed so often since the last `advance`: `times` tells it of each output that presses one,
    /// by its id.
    pub fn press_buttons(&mut self, times: impl Fn(&str) -> u32) {
        for (opener, pressed) in self.openers.iter().zip(&mut self.pressed) {
            *pressed = pressed.saturating_add(times(&self.machines[opener.button.0].output));
        }
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

    /// After how long it should be asked again: a button that is pressed is soon let go.
    pub fn step(&self) -> TimeDelta {
        let pressed = |wire: &Wire| matches!(wire.sense, Sense::Press(_)) && wire.active == Some(true);
        if self.wires.iter().any(pressed) {
            return PRESSED_FOR;
        }
        let moves = self.openers.iter().filter_map(|opener| Some((opener.next()? - self.wall).max(LEAST_STEP)));
        self.openers.iter().map(Opener::patience).chain(moves).fold(FINE_STEP, TimeDelta::min)
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

    /// Adds the buttons that were pressed after `since` to what was seen.
    fn press(&mut self, since: DateTime<Utc>, seen: &mut [bool]) {
        let date = self.wall.with_timezone(&self.timezone).date_naive();
        if self.presses.as_ref().is_none_or(|(day, _)| *day != date) {
            let senses: Vec<Sense> = self.wires.iter().map(|wire| wire.sense.press()).collect();
            self.presses = Some((date, self.household.script(date, &senses)));
        }
        let Some((date, presses)) = &self.presses else { return };
        for (seen, spans) in seen.iter_mut().zip(presses) {
            *seen |= spans.iter().any(|(from_s, _)| {
                let at = crate::almanac::local_instant(*date, *from_s, self.timezone);
                at.is_some_and(|at| since < at && at <= self.wall)
            });
        }
    }

    /// Moves the doors from `begins` to now as their buttons were pressed, evenly in that time, and adds what their switches
    /// are to what was seen.
    fn move_doors(&mut self, begins: DateTime<Utc>, seen: &mut [bool]) {
        for (opener, pressed) in self.openers.iter_mut().zip(&mut self.pressed) {
            let times = i32::try_from(std::mem::take(pressed)).unwrap_or(i32::MAX);
            for press in 0..times {
                opener.press(begins + (self.wall - begins) / times * press);
            }
            opener.run(self.wall);
            opener.switches().for_each(|(switch, active)| seen[switch.0] = active);
        }
    }

    fn warm_and_cool(&mut self, hours: f64, doings: &[Doing; 2]) {
        for i in 0..self.airs.len() {
            let place = self.airs[i].place;
            let influence = Influence {
                people: doings.iter().filter(|doing| doing.place == Some(place)).count(),
                window_open: self
                    .wires
                    .iter()
                    .any(|wire| wire.kind == InputKind::Window && wire.active == Some(true) && wire.place == place),
                ..self.plant.influence(i, &self.airs, &|id| self.machines[id.0].power)
            };
            self.airs[i].advance(hours, &self.sky, &influence);
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
            Quantity::UvIndex if air.place == OUTDOORS => (8.0 * sky.sunshine, 0.0, 10.0),
            other => other.facts().usual.map_or((0.0, 0.0, 1.0), |usual| (usual.value, usual.noise, usual.steps)),
        };
        ((exact + noise * spread) * steps_per_unit).round() / steps_per_unit
    }
}

impl Wire {
    /// Whether the people, as they are, make it active. Buttons are pressed by [`World::press`].
    fn senses(&self, doings: &[Doing; 2]) -> bool {
        doings.iter().any(|doing| match self.sense {
            Sense::Motion(place) => doing.moving && doing.place == Some(place),
            Sense::Door(door) => doing.just_left.is_some_and(|from| {
                // The front door divides what is out of the house from the rest.
                let side = |place: Option<Place>| match door {
                    HALL | OUTDOORS => place.is_none_or(|place| place == OUTDOORS),
                    here => place == Some(here),
                };
                side(from) != side(doing.place)
            }),
            Sense::Window => doing.airing,
            Sense::WallSwitch(place) => doing.lit && doing.place == Some(place),
            Sense::Press(_) | Sense::Nothing => false,
        })
    }
}

#[cfg(test)]
mod tests;
