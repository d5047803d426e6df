//! The plant: which outputs warm and cool which air, directly or by way of valves, pumps, a boiler and its water. It is worked
//! out once, from the configuration alone: what the zones name, else what the ids and the rules say.

use super::rooms::{Air, Influence, OUTDOORS, Places, word};
use crate::model::{Climate, Config, Control, OutputId, OutputKind, Point, Quantity};

/// Words of an id that say that a sensor is in the water of a heating.
const WATER: [&str; 9] = ["buffer", "tank", "flow", "return", "boiler", "water", "store", "cylinder", "dhw"];
/// Words that say that it is not, whatever the others say.
const NO_WATER: [&str; 3] = ["room", "leak", "rain"];
/// Words of what carries warmth, whatever its kind.
const EMITTERS: [&str; 6] = ["radiator", "floor", "underfloor", "heating", "trv", "convector"];
/// Words of valves that have nothing to do with it.
const PLUMBING: [&str; 9] = ["water", "gas", "main", "irrigation", "sprinkler", "drip", "shut", "shutoff", "drain"];

/// Water that is this much warmer than a room warms it with full power.
const FULL_WARMTH_K: f64 = 30.0;

/// What warms and cools each air.
pub(super) struct Plant {
    /// For each air.
    ways: Vec<Ways>,
    /// The air that is the water which warms the rooms.
    water: Option<usize>,
}

#[derive(Clone, Default)]
struct Ways {
    heat: Way,
    cool: Way,
    fans: Vec<OutputId>,
}

/// How warmth (or cold) comes to one air.
#[derive(Clone, Default)]
struct Way {
    /// Each by itself, such as an electric heater.
    direct: Vec<OutputId>,
    /// Side by side, such as the valves of two radiators: one is enough.
    gates: Vec<OutputId>,
    /// Of several rooms, such as the pump of a floor: needed besides.
    shared: Vec<OutputId>,
    /// What makes it; none: it comes from elsewhere and is always there.
    sources: Vec<OutputId>,
    from_water: bool,
}

impl Way {
    fn is_indirect(&self) -> bool {
        self.from_water || [&self.gates, &self.shared, &self.sources].iter().any(|outputs| !outputs.is_empty())
    }

    fn exists(&self) -> bool {
        self.is_indirect() || !self.direct.is_empty()
    }

    fn outputs(&self) -> impl Iterator<Item = OutputId> + '_ {
        [&self.direct, &self.gates, &self.shared, &self.sources].into_iter().flatten().copied()
    }

    /// How far it is open, from 0 to 1.
    fn open(&self, power: &dyn Fn(OutputId) -> f64) -> f64 {
        let own = if self.gates.is_empty() { 1.0 } else { strongest(&self.gates, power) };
        self.shared.iter().map(|id| power(*id)).fold(own, f64::min)
    }

    /// How much of its full power comes, from 0 to 1. `water_c`: what flows in it; `air_c`: where it flows to.
    fn power(&self, water_c: Option<f64>, air_c: f64, power: &dyn Fn(OutputId) -> f64) -> f64 {
        let direct = strongest(&self.direct, power);
        if !self.is_indirect() {
            return direct;
        }
        let source = match water_c.filter(|_| self.from_water) {
            Some(water_c) => ((water_c - air_c) / FULL_WARMTH_K).clamp(0.0, 1.0),
            None if self.sources.is_empty() => 1.0,
            None => strongest(&self.sources, power),
        };
        direct.max(self.open(power) * source)
    }
}

fn strongest(outputs: &[OutputId], power: &dyn Fn(OutputId) -> f64) -> f64 {
    outputs.iter().map(|id| power(*id)).fold(0.0, f64::max)
}

/// Whether the sensor of this number is in water.
pub(super) fn is_water(config: &Config, sensor: usize, places: &mut Places) -> bool {
    let its = &config.sensors[sensor];
    let says = |words: &[&str]| its.id.split('_').any(|part| words.contains(&part));
    let by_name = says(&WATER) && !says(&NO_WATER) && places.of(&its.id) != OUTDOORS;
    let flows = config.climates.iter().filter_map(flow);
    its.measured().any(|quantity| quantity == Quantity::Temperature)
        && (by_name || flows.into_iter().any(|flow| flow == sensor))
}

/// The sensor of the water that a zone warms to a curve.
fn flow(zone: &Climate) -> Option<usize> {
    match &zone.control {
        Control::Curve { flow, .. } => flow.map(|sensor| sensor.0),
        _ => None,
    }
}

impl Plant {
    /// The plant of a house: `air_of_sensor` for each sensor.
    pub(super) fn new(config: &Config, airs: &[Air], air_of_sensor: &[usize], places: &Places) -> Plant {
        let builder = Builder { config, airs, air_of_sensor, places };
        let mut ways = vec![Ways::default(); airs.len()];
        let mut central = builder.zones(&mut ways);
        builder.others(&mut ways, &mut central);
        builder.valves_of_rules(&mut ways, &central);
        let rooms: Vec<usize> = (0..airs.len()).filter(|air| airs[*air].is_room()).collect();
        if !rooms.iter().any(|air| ways[*air].heat.exists()) {
            rooms.iter().for_each(|air| ways[*air].heat.sources.clone_from(&central));
        }
        // The water that rooms are warmed with is not itself warmed by way of valves, as a hot water cylinder is.
        let is_store = |air: &usize| airs[*air].water && ways[*air].heat.gates.is_empty();
        let water = (0..airs.len())
            .filter(is_store)
            .find(|air| ways[*air].heat.exists())
            .or_else(|| (0..airs.len()).find(is_store).filter(|_| !central.is_empty()));
        if let Some(water) = water.map(|water| &mut ways[water].heat).filter(|way| !way.exists()) {
            water.direct.clone_from(&central);
        }
        let warms_water: Vec<OutputId> = water.map(|water| ways[water].heat.outputs().collect()).unwrap_or_default();
        for (_, way) in ways.iter_mut().enumerate().filter(|(index, _)| Some(*index) != water) {
            let heat = &mut way.heat;
            if !heat.is_indirect() {
                continue;
            }
            let by_water = heat.sources.is_empty() || heat.sources.iter().any(|id| warms_water.contains(id));
            heat.from_water |= water.is_some() && by_water;
            if heat.sources.is_empty() && !heat.from_water {
                heat.sources.clone_from(&central);
            }
        }
        Plant { ways, water }
    }

    /// Whether something warms this air.
    pub(super) fn heats(&self, air: usize) -> bool {
        self.ways[air].heat.exists()
    }

    /// Whether an output does anything to any air.
    pub(super) fn uses(&self, output: OutputId) -> bool {
        let used = |ways: &Ways| {
            ways.heat.outputs().chain(ways.cool.outputs()).chain(ways.fans.iter().copied()).any(|id| id == output)
        };
        self.ways.iter().any(used)
    }

    /// What the outputs do to an air, each with its power from 0 to 1.
    pub(super) fn influence(&self, air: usize, airs: &[Air], power: &dyn Fn(OutputId) -> f64) -> Influence {
        let ways = &self.ways[air];
        let (water_c, air_c) = (self.water.map(|water| airs[water].temperature_c), airs[air].temperature_c);
        Influence {
            heater: ways.heat.power(water_c, air_c, power),
            cooler: ways.cool.power(None, air_c, power),
            fan: strongest(&ways.fans, power),
            drawn: if self.water == Some(air) { self.drawn(power) } else { 0.0 },
            ..<_>::default()
        }
    }

    /// How much of the water's warmth the rooms take, from 0 to 1.
    fn drawn(&self, power: &dyn Fn(OutputId) -> f64) -> f64 {
        let open: Vec<f64> =
            self.ways.iter().filter(|ways| ways.heat.from_water).map(|ways| ways.heat.open(power)).collect();
        open.iter().sum::<f64>() / open.len().max(1) as f64
    }
}

/// What is looked at to find the ways.
struct Builder<'h> {
    config: &'h Config,
    airs: &'h [Air],
    air_of_sensor: &'h [usize],
    places: &'h Places,
}

impl Builder<'_> {
    fn kind(&self, id: OutputId) -> OutputKind {
        self.config[id].kind
    }

    /// The ways that zones name. Returns the heaters that warm more than one room's air.
    fn zones(&self, ways: &mut [Ways]) -> Vec<OutputId> {
        let mut central = Vec::new();
        for zone in &self.config.climates {
            let mut airs: Vec<usize> = zone.sensors.iter().map(|sensor| self.air_of_sensor[sensor.0]).collect();
            airs.dedup();
            let flow = flow(zone).map(|sensor| self.air_of_sensor[sensor]);
            for air in airs {
                let way = &mut ways[air];
                self.way(zone, |zone| &zone.heat, OutputKind::Heater, &mut way.heat, &mut central);
                let fans = zone.cool.iter().chain(&zone.fan).filter(|id| self.kind(**id) == OutputKind::Fan);
                way.fans.extend(fans);
                self.way(zone, |zone| &zone.cool, OutputKind::Cooler, &mut way.cool, &mut Vec::new());
                // What holds its water to a curve warms the water, and the water the room.
                if let Some(flow) = flow.filter(|flow| *flow != air) {
                    way.heat.from_water = true;
                    let heaters = std::mem::take(&mut way.heat.direct).into_iter().chain(way.heat.sources.drain(..));
                    let heaters: Vec<OutputId> = heaters.collect();
                    central.extend(&heaters);
                    ways[flow].heat.direct.extend(heaters);
                }
            }
        }
        central
    }

    /// Adds what a zone names to a way. A machine that it shares with other zones, or reaches by way of valves, is a source.
    fn way(
        &self,
        zone: &Climate,
        list: impl Fn(&Climate) -> &Vec<OutputId>,
        machine: OutputKind,
        way: &mut Way,
        central: &mut Vec<OutputId>,
    ) {
        let zones = |id: OutputId| self.config.climates.iter().filter(|zone| list(zone).contains(&id)).count();
        let is_gate = |id: OutputId| {
            self.kind(id) != machine && !(machine == OutputKind::Cooler && self.kind(id) == OutputKind::Fan)
        };
        let behind_gates = |id: OutputId| {
            let zones = self.config.climates.iter().filter(|zone| list(zone).contains(&id));
            zones.flat_map(&list).any(|other| is_gate(*other))
        };
        for id in list(zone).iter().copied() {
            let (is_machine, is_shared) = (self.kind(id) == machine, zones(id) > 1);
            let place = match () {
                () if is_machine && (is_shared || behind_gates(id)) => {
                    central.extend((!central.contains(&id)).then_some(id));
                    &mut way.sources
                }
                () if is_machine => &mut way.direct,
                () if !is_gate(id) => continue,
                () if is_shared => &mut way.shared,
                () => &mut way.gates,
            };
            if !place.contains(&id) {
                place.push(id);
            }
        }
    }

    /// What no zone names: it acts on the air that its id tells, else on the air that its rules look at; a heater without
    /// either is a boiler for all.
    fn others(&self, ways: &mut [Ways], central: &mut Vec<OutputId>) {
        let zoned = |id: OutputId| self.config.climates.iter().any(|zone| zone.outputs().any(|used| used == id));
        for id in self.config.visible_outputs().filter(|id| !zoned(*id)) {
            let kind = self.kind(id);
            if !matches!(kind, OutputKind::Heater | OutputKind::Cooler | OutputKind::Fan) {
                continue;
            }
            let own = self.air_of(id);
            let looked_at = self.airs_of_rules(id);
            let list = |way: &'_ mut Ways| match kind {
                OutputKind::Heater => way.heat.direct.push(id),
                OutputKind::Cooler => way.cool.direct.push(id),
                _ => way.fans.push(id),
            };
            match own {
                Some(air) => {
                    list(&mut ways[air]);
                    if self.airs[air].water {
                        central.push(id);
                    }
                }
                // Where it warms several rooms, valves may be between.
                None if kind == OutputKind::Heater => {
                    looked_at.iter().for_each(|air| ways[*air].heat.sources.push(id));
                    central.push(id);
                }
                None => looked_at.iter().for_each(|air| list(&mut ways[*air])),
            }
        }
    }

    /// Valves that rules move, in rooms that no zone warms.
    fn valves_of_rules(&self, ways: &mut [Ways], central: &[OutputId]) {
        let zoned = |id: OutputId| self.config.climates.iter().any(|zone| zone.outputs().any(|used| used == id));
        let has_water = self.airs.iter().any(|air| air.water);
        for id in self.config.visible_outputs().filter(|id| !zoned(*id)) {
            let says = |words: &[&str]| self.config[id].id.split('_').any(|part| words.contains(&part));
            let carries = match self.kind(id) {
                OutputKind::Valve => says(&EMITTERS) || !(says(&PLUMBING) || central.is_empty() && !has_water),
                OutputKind::Switch => says(&EMITTERS),
                _ => false,
            };
            let air = self.air_of(id).filter(|air| carries && self.airs[*air].is_room());
            let zone_warms = |air: usize| {
                let zones = self.config.climates.iter().filter(|zone| !zone.heat.is_empty());
                zones.flat_map(|zone| &zone.sensors).any(|sensor| self.air_of_sensor[sensor.0] == air)
            };
            if let Some(air) = air.filter(|air| !zone_warms(*air)) {
                ways[air].heat.gates.push(id);
            }
        }
    }

    /// The air that the id of an output tells: of the same word, else of the same place.
    fn air_of(&self, id: OutputId) -> Option<usize> {
        let id = &self.config[id].id;
        let same_word = self.airs.iter().position(|air| air.word == word(id));
        let in_place = |place| self.airs.iter().position(|air| air.place == place && !air.water);
        same_word.or_else(|| self.places.find(id).and_then(in_place)).filter(|air| self.airs[*air].place != OUTDOORS)
    }

    /// The rooms whose temperatures the rules of an output look at.
    fn airs_of_rules(&self, id: OutputId) -> Vec<usize> {
        let rules = self.config.rules.iter().filter(|rule| rule.set.iter().any(|(set, _)| *set == id));
        let points = rules.flat_map(|rule| rule.condition.points(self.config));
        let mut airs: Vec<usize> = points
            .filter_map(|point| match point {
                Point::Reading(sensor, Quantity::Temperature) => self.air_of_sensor.get(sensor.0).copied(),
                _ => None,
            })
            .filter(|air| self.airs[*air].is_room())
            .collect();
        airs.sort_unstable();
        airs.dedup();
        airs
    }
}
