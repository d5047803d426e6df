//! What points can be told, for those who offer commands, and for refusals that say what to write.

use super::{
    Capability, Climate, ClimateFacet, ClimateMode, Config, OutputFacet, OutputId, Point, Quantity, Refusal, SensorId,
};

/// What a point can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// The words that it understands, besides numbers.
    pub words: Vec<String>,
    /// What to write: `ON, OFF, TOGGLE or AUTO`.
    pub expected: String,
}

impl Commands {
    fn new<W: ToString>(words: impl IntoIterator<Item = W>, expected: impl Into<String>) -> Option<Commands> {
        Some(Commands { words: words.into_iter().map(|word| word.to_string()).collect(), expected: expected.into() })
    }
}

/// More speeds than these are seldom meant by a word.
const SPEEDS_AS_WORDS: u8 = 10;

impl Config {
    /// What a point can be told; None: it only shows something.
    pub fn commands(&self, point: Point) -> Option<Commands> {
        match point {
            Point::Output(id) => self.commands_of_output(id),
            Point::OutputFacet(_, OutputFacet::Level | OutputFacet::Position) => {
                Commands::new(["auto"], "0 to 100, or AUTO")
            }
            Point::OutputFacet(_, OutputFacet::Lock) => {
                Commands::new(["on", "off", "toggle", "locked", "unlocked"], "ON, OFF or TOGGLE")
            }
            Point::Climate(id, facet) => self[id].commands(facet),
            Point::Mode => Commands::new(&self.modes.list, self.modes.list.join(", ")),
            Point::Setting(setting) => {
                let range = self.settable_range(setting);
                let range = format!("{} to {}", range.start(), range.end());
                Commands::new(["auto"], format!("{}, or AUTO", setting.facts().unit.with(range)))
            }
            // A total can be set to what the meter shows.
            Point::Reading(id, quantity) if self.is_total(id, quantity) => {
                let range = quantity.plausible();
                let expected = format!("what the meter shows, {} to {}", range.start(), range.end());
                Commands::new([""; 0], quantity.unit().with(expected))
            }
            Point::OutputFacet(_, OutputFacet::Power | OutputFacet::Energy)
            | Point::Reading(..)
            | Point::Input(_)
            | Point::Occupied(_)
            | Point::Asleep(_)
            | Point::Event(_) => None,
        }
    }

    /// Whether a point takes commands, or only shows something.
    pub fn is_commanded(&self, point: Point) -> bool {
        self.commands(point).is_some()
    }

    /// That a point does not understand what it was told.
    pub fn bad_value(&self, point: Point) -> Refusal {
        bad_value(self.commands(point))
    }

    /// Whether a reading is the total of a counter.
    pub fn is_total(&self, sensor: SensorId, quantity: Quantity) -> bool {
        self[sensor].counter().is_some_and(|counter| counter.measures.total() == Some(quantity))
    }

    fn commands_of_output(&self, id: OutputId) -> Option<Commands> {
        let takes = self.capability(id);
        let speeds = if let Capability::Steps(count) = takes { count.min(SPEEDS_AS_WORDS) } else { 0 };
        let words = self.words(id).map(|(word, _)| word.to_owned());
        let words = words.chain((1..=speeds).map(|step| format!("speed {step}")));
        let expected = match takes {
            Capability::OnOff if self.opens(id) => "OPEN, CLOSE, TOGGLE or AUTO".into(),
            Capability::OnOff => "ON, OFF, TOGGLE or AUTO".into(),
            Capability::Percent => "ON, OFF, TOGGLE, AUTO or 0 to 100".into(),
            Capability::Steps(count) => format!("ON, OFF, TOGGLE, AUTO, speed 1 to speed {count} or 0 to 100"),
            Capability::Position => "OPEN, CLOSE, STOP, TOGGLE, AUTO or 0 to 100".into(),
            Capability::Ends => "OPEN, CLOSE, STOP, TOGGLE or AUTO".into(),
        };
        Commands::new(words, expected)
    }
}

impl Climate {
    /// What one of the zone's points can be told; None: it only shows something.
    pub fn commands(&self, facet: ClimateFacet) -> Option<Commands> {
        match facet {
            ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Setpoint => {
                let range = self.target_range(facet);
                Commands::new(["auto"], format!("{} to {} °C, or AUTO", range.start(), range.end()))
            }
            ClimateFacet::Mode => {
                let modes: Vec<&str> = self.modes().map(ClimateMode::word).collect();
                let expected = format!("{} or AUTO", modes.join(", "));
                Commands::new(modes.into_iter().chain(["auto"]), expected)
            }
            ClimateFacet::Preset => {
                let names: Vec<&str> = self.presets.iter().map(|preset| &*preset.name).collect();
                let expected = format!("{}, none or AUTO", names.join(", "));
                Commands::new(names.into_iter().chain(["none", "auto"]), expected)
            }
            ClimateFacet::Tuning => Commands::new(["start", "stop", "auto"], "START, STOP or AUTO"),
            ClimateFacet::Measured | ClimateFacet::Action | ClimateFacet::Alarm => None,
        }
    }

    /// That one of the zone's points does not understand what it was told.
    pub fn bad_value(&self, facet: ClimateFacet) -> Refusal {
        bad_value(self.commands(facet))
    }
}

fn bad_value(commands: Option<Commands>) -> Refusal {
    commands.map_or(Refusal::ReadOnly, |commands| Refusal::BadValue { expected: commands.expected })
}
