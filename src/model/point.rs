//! Points: every value of a house that can be read or commanded, and their names.

use super::table::table;
use super::{
    Capability, ClimateFacet, ClimateId, Config, InputId, OutputId, Quantity, RoomId, SensorId, Settable, Unit,
};

/// Words for being on and off, in this order; empty: those two only.
pub type States = &'static [(&'static str, bool)];

pub(super) const OPEN: States = &[("open", true), ("closed", false)];

/// One addressable value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// `hall_light`
    Output(OutputId),
    /// `hall_light.level`
    OutputFacet(OutputId, OutputFacet),
    /// `hall_motion`
    Input(InputId),
    /// `living.temperature`
    Reading(SensorId, Quantity),
    /// `hall.occupied`
    Occupied(RoomId),
    /// `bedroom.asleep`
    Asleep(RoomId),
    /// `living_room.target`
    Climate(ClimateId, ClimateFacet),
    /// `mode`
    Mode,
    /// `doorbell.event`: how a button was last pressed. What happens is no state: it is told once and not retained.
    Event(InputId),
    /// `hall.empty_after`: a number of the file that people may set.
    Setting(Settable),
}

impl Point {
    /// The words that people have for its being on and off, in this order, where there are better ones than those.
    pub fn states(self, config: &Config) -> States {
        match self {
            Point::Input(input) => config[input].kind.states(),
            Point::Output(output) if config.opens(output) => OPEN,
            Point::OutputFacet(_, OutputFacet::Lock) => &[("locked", true), ("unlocked", false)],
            Point::Occupied(_) => &[("occupied", true), ("empty", false)],
            Point::Asleep(_) => &[("asleep", true), ("awake", false)],
            Point::Output(_)
            | Point::Reading(..)
            | Point::OutputFacet(..)
            | Point::Climate(..)
            | Point::Mode
            | Point::Event(_)
            | Point::Setting(_) => &[],
        }
    }

    /// How many decimals of its number are published; None: as many as there are, or it is no number.
    pub fn decimals(self) -> Option<usize> {
        match self {
            Point::OutputFacet(_, facet) => Some(facet.decimals()),
            Point::Reading(_, quantity) => Some(quantity.decimals()),
            _ => None,
        }
    }

    /// Whether it is a percentage, and not on or off.
    pub fn is_level(self) -> bool {
        matches!(self, Point::OutputFacet(_, OutputFacet::Level | OutputFacet::Position))
    }
}

table! {
    /// What an output shows besides being on or off. The word is the second of its point; a row has the unit of what is a
    /// number, and how many decimals of that are published.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum OutputFacet: (Option<Unit>, usize) {
        /// 0 to 100 %.
        Level = "level", (Some(Unit::Percent), 0);
        /// Of a cover: 0 closed, 100 open.
        Position = "position", (Some(Unit::Percent), 0);
        /// Whether it refuses commands.
        Lock = "lock", (None, 0);
        /// What it takes now, W.
        Power = "power", (Some(Unit::Watt), 1);
        /// What it has taken so far, kWh.
        Energy = "energy", (Some(Unit::KilowattHour), 3);
    }
}

impl OutputFacet {
    /// The unit of its number, if it is one.
    pub fn unit(self) -> Option<Unit> {
        self.facts().0
    }

    /// Whether it is as it is because the output is as it is: a lock is not.
    pub fn is_decided(self) -> bool {
        self != OutputFacet::Lock
    }

    /// How many decimals of its number are published.
    pub fn decimals(self) -> usize {
        self.facts().1
    }
}

impl Config {
    /// All points: outputs with what belongs to each, inputs, readings, rooms, climate zones, each in the order of the file;
    /// then the mode, events, and what is settable.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        let outputs = self.visible_outputs().flat_map(|id| {
            let facets = self.facets(id).map(move |facet| Point::OutputFacet(id, facet));
            std::iter::once(Point::Output(id)).chain(facets)
        });
        // What a counter has to show is its readings.
        let inputs = (0..self.inputs.len()).map(InputId).filter(|input| !self[*input].counts()).map(Point::Input);
        let readings = self
            .sensors
            .iter()
            .enumerate()
            .flat_map(|(i, sensor)| sensor.quantities().map(move |quantity| Point::Reading(SensorId(i), quantity)));
        let rooms = (0..self.rooms.len()).map(RoomId).flat_map(|id| {
            let asleep = self[id].asleep_while.is_some().then_some(Point::Asleep(id));
            std::iter::once(Point::Occupied(id)).chain(asleep)
        });
        let climates = self
            .climates
            .iter()
            .enumerate()
            .flat_map(|(i, zone)| zone.facets().map(move |facet| Point::Climate(ClimateId(i), facet)));
        let mode = (!self.modes.list.is_empty()).then_some(Point::Mode);
        let events = (0..self.inputs.len()).map(InputId).filter(|input| self[*input].clicks()).map(Point::Event);
        let settings = self.settable.iter().copied().map(Point::Setting);
        outputs.chain(inputs).chain(readings).chain(rooms).chain(climates).chain(mode).chain(events).chain(settings)
    }

    /// The dotted name of a point, as rules and commands write it.
    pub fn point_name(&self, point: Point) -> String {
        match point {
            Point::Output(id) => self[id].id.to_string(),
            Point::OutputFacet(id, facet) => format!("{}.{}", self[id].id, facet.word()),
            Point::Input(id) => self[id].id.to_string(),
            Point::Reading(id, quantity) => format!("{}.{}", self[id].id, quantity.word()),
            Point::Occupied(id) => format!("{}.occupied", self[id].id),
            Point::Asleep(id) => format!("{}.asleep", self[id].id),
            Point::Climate(id, facet) => format!("{}.{}", self[id].id, facet.word()),
            Point::Mode => "mode".into(),
            Point::Event(id) => format!("{}.event", self[id].id),
            Point::Setting(setting) => {
                format!("{}.{}", self.owner_id(setting.owner()), self.settable_word(setting))
            }
        }
    }

    /// The dotted name of the point that tells how a button was pressed.
    pub fn event_name(&self, button: InputId) -> String {
        self.point_name(Point::Event(button))
    }

    /// What people call a point: `Living room dew point`.
    pub fn title(&self, point: Point) -> String {
        match point {
            Point::Output(id) => self[id].name.clone(),
            Point::OutputFacet(id, facet) => format!("{} {}", self[id].name, facet.word()),
            Point::Input(id) => self[id].name.clone(),
            Point::Reading(id, quantity) => format!("{} {}", self[id].name, quantity.title()),
            Point::Occupied(id) => format!("{} occupied", self[id].name),
            Point::Asleep(id) => format!("{} asleep", self[id].name),
            Point::Climate(id, facet) => format!("{} {}", self[id].name, facet.word().replace('_', " ")),
            Point::Mode => "Mode".into(),
            Point::Event(id) => format!("{} event", self[id].name),
            Point::Setting(setting) => {
                let word = self.settable_word(setting).replace('_', " ");
                format!("{} {word}", self.owner_name(setting.owner()))
            }
        }
    }

    /// The point of a dotted name. What is of another hub has its name before a point of its own: `garage.lamp.level`.
    pub fn find_point(&self, name: &str) -> Option<Point> {
        let output = || self.find_output(name).filter(|id| self.is_visible(*id)).map(Point::Output);
        let input = || self.find_input(name).filter(|input| !self[*input].counts()).map(Point::Input);
        match name.rsplit_once('.') {
            None if name == "mode" => (!self.modes.list.is_empty()).then_some(Point::Mode),
            None => output().or_else(input),
            Some((owner, word)) => output().or_else(input).or_else(|| self.find_part(owner, word)),
        }
    }

    /// The zone that a command of this name is for as a whole; None, too, where an output or input has its name.
    pub fn find_zone(&self, name: &str) -> Option<ClimateId> {
        self.find_climate(name).filter(|_| self.find_point(name).is_none())
    }

    /// The point of this word that an entity has besides its own.
    fn find_part(&self, owner: &str, word: &str) -> Option<Point> {
        match word {
            "occupied" if self.find_room(owner).is_some() => self.find_room(owner).map(Point::Occupied),
            "asleep" if self.find_room(owner).is_some() => {
                self.find_room(owner).filter(|id| self[*id].asleep_while.is_some()).map(Point::Asleep)
            }
            "event" if self.find_input(owner).is_some() => {
                self.find_input(owner).filter(|input| self[*input].clicks()).map(Point::Event)
            }
            _ => {
                let reading = || {
                    let id = self.find_sensor(owner)?;
                    let quantity = self[id].quantities().find(|quantity| quantity.word() == word)?;
                    Some(Point::Reading(id, quantity))
                };
                let of_output = self.find_facet(owner, word);
                of_output
                    .or_else(|| self.find_zone_point(owner, word))
                    .or_else(reading)
                    .or_else(|| self.find_settable(owner, word).map(Point::Setting))
            }
        }
    }

    /// The number that people may set of what has this id, by its word.
    pub fn find_settable(&self, owner: &str, word: &str) -> Option<Settable> {
        let is_it =
            |setting: &&Settable| **self.owner_id(setting.owner()) == *owner && self.settable_word(**setting) == word;
        self.settable.iter().find(is_it).copied()
    }

    fn find_facet(&self, output: &str, word: &str) -> Option<Point> {
        let id = self.find_output(output)?;
        self.facets(id).find(|facet| facet.word() == word).map(|facet| Point::OutputFacet(id, facet))
    }

    /// What an output shows besides being on or off. The word is the second of its point; a row has the unit of what is a
    /// number, and how many decimals of that are published.
    pub fn facets(&self, id: OutputId) -> impl Iterator<Item = OutputFacet> + use<> {
        let (takes, output) = (self.capability(id), &self[id]);
        let facets = [
            matches!(takes, Capability::Percent | Capability::Steps(_)).then_some(OutputFacet::Level),
            (takes == Capability::Position).then_some(OutputFacet::Position),
            output.lock.then_some(OutputFacet::Lock),
            output.power.map(|_| OutputFacet::Power),
            output.power.map(|_| OutputFacet::Energy),
        ];
        facets.into_iter().flatten()
    }

    fn find_zone_point(&self, zone: &str, word: &str) -> Option<Point> {
        let id = self.find_climate(zone)?;
        self[id].facets().find(|facet| facet.word() == word).map(|facet| Point::Climate(id, facet))
    }
}
