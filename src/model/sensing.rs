//! Inputs and sensors: what is read.

use super::point::{OPEN, States};
use super::table::table;
use super::{
    ActiveLevel, Counter, Filter, KernelSource, Line, ModbusSensor, OutputId, Quantity, RemoteSensor, RoomId,
    SerialSensor, WiredChip,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Something binary, or a counter of pulses, that is read by interrupts.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The key of its table, `[a-z][a-z0-9_]*`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What it is; decides how apps show it.
    pub kind: InputKind,
    /// The wire, or the topics.
    pub line: Line,
    /// Which electric level means active (motion, open, pressed, wet).
    pub active: ActiveLevel,
    /// The resistor that holds the wire when nothing drives it.
    pub pull: Pull,
    /// A change counts only after the wire was steady for this long.
    pub debounce: Duration,
    /// It stays active for this long after its wire no longer is.
    pub hold: Duration,
    /// Of a button: presses that follow each other faster than this are one double or triple click.
    pub double_gap: Duration,
    /// Of a button: held down for this long it is a long press.
    pub long_after: Duration,
    /// Each press, or each flip of a switch, toggles these.
    pub toggles: Vec<OutputId>,
    /// Each flip sets these as the switch then stands.
    pub sets: Vec<OutputId>,
    /// More changes than this within a second are a fault.
    pub max_rate: u32,
    /// The room that it says it is in.
    pub room: Option<RoomId>,
    /// What Home Assistant is to call it, if the file says so; of a button, what is told of its clicks.
    pub class: Option<&'static str>,
}

impl Input {
    /// Whether clicks of it are told.
    pub fn clicks(&self) -> bool {
        self.kind == InputKind::Button
    }

    /// Whether its pulses are counted.
    pub fn counts(&self) -> bool {
        self.kind == InputKind::Counter
    }
}

/// What is known of a kind of input.
pub struct InputFacts {
    /// What people call one.
    pub noun: &'static str,
    /// What it says when it is active, and when it is not.
    pub says: States,
    /// Whether rules know it by these words, too.
    pub in_rules: bool,
    /// What Home Assistant calls it, when the file does not say; None: it has no class for it.
    pub class: Option<&'static str>,
    /// What the file may say instead.
    pub classes: &'static [&'static str],
    /// Which electric level is active, when the file does not say.
    pub active: ActiveLevel,
    /// The resistor that holds the wire, when the file does not say.
    pub pull: Pull,
}

const fn row(noun: &'static str, says: States) -> InputFacts {
    InputFacts {
        noun,
        says,
        in_rules: false,
        class: None,
        classes: BINARY_CLASSES,
        active: ActiveLevel::High,
        pull: Pull::AsIs,
    }
}

/// What Home Assistant can call something that is on or off and read.
const BINARY_CLASSES: &[&str] = &[
    "battery",
    "battery_charging",
    "carbon_monoxide",
    "cold",
    "connectivity",
    "door",
    "garage_door",
    "gas",
    "heat",
    "light",
    "lock",
    "moisture",
    "motion",
    "moving",
    "occupancy",
    "opening",
    "plug",
    "power",
    "presence",
    "problem",
    "running",
    "safety",
    "smoke",
    "sound",
    "tamper",
    "update",
    "vibration",
    "window",
];

impl InputFacts {
    const fn in_rules(self) -> InputFacts {
        InputFacts { in_rules: true, ..self }
    }

    const fn class(self, class: &'static str) -> InputFacts {
        InputFacts { class: Some(class), ..self }
    }

    const fn classes(self, classes: &'static [&'static str]) -> InputFacts {
        InputFacts { classes, ..self }
    }

    const fn wired(self, active: ActiveLevel, pull: Pull) -> InputFacts {
        InputFacts { active, pull, ..self }
    }
}

table! {
    /// What an input is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(missing_docs, reason = "the words say it")]
    pub enum InputKind: InputFacts {
        Motion = "motion", row("a motion detector", &[("motion", true), ("still", false)]).class("motion");
        // A magnet contact opens with the door.
        Door = "door", row("a door", OPEN).in_rules().class("door").wired(ActiveLevel::High, Pull::Up);
        Window = "window", row("a window", OPEN).in_rules().class("window").wired(ActiveLevel::High, Pull::Up);
        // These connect the wire to ground.
        Button = "button", row("a button", &[("pressed", true), ("released", false)]).in_rules().classes(&["button", "doorbell"]).wired(ActiveLevel::Low, Pull::Up);
        Switch = "switch", row("a switch", &[("on", true), ("off", false)]).wired(ActiveLevel::Low, Pull::Up);
        Leak = "leak", row("a leak detector", &[("wet", true), ("dry", false)]).in_rules().class("moisture");
        Smoke = "smoke", row("a smoke detector", &[("smoke", true), ("clear", false)]).class("smoke");
        Contact = "contact", row("a contact", OPEN).wired(ActiveLevel::Low, Pull::Up);
        /// Its pulses count: it is neither on nor off. What it measures is a sensor of the same name.
        Counter = "counter", row("a counter", &[]).classes(&[]).wired(ActiveLevel::Low, Pull::Up);
    }
}

impl InputKind {
    /// What it says for people: `open`, `still`.
    pub fn says(self, active: bool) -> &'static str {
        self.facts().says.iter().find(|(_, on)| *on == active).map_or("", |(word, _)| word)
    }

    /// Whether it is said to be open or closed.
    pub fn opens(self) -> bool {
        self.facts().says == OPEN
    }

    /// The words that rules have for its being active and not, besides on and off.
    pub fn states(self) -> States {
        if self.facts().in_rules { self.facts().says } else { &[] }
    }
}

table! {
    /// A pull resistor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum Pull {
        /// Towards the supply.
        Up = "up";
        /// Towards ground.
        Down = "down";
        /// None.
        None = "none";
        /// Whatever the firmware set.
        AsIs = "as-is";
    }
}

/// A device that gives readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// The key of its table, `[a-z][a-z0-9_]*`; its points are `id.quantity`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// Where its readings come from.
    pub source: SensorSource,
    /// How often it is read.
    pub every: Duration,
    /// A reading older than this is stale.
    pub stale_after: Duration,
    /// What is worked out from its readings.
    pub derived: Vec<Quantity>,
    /// What is done to its readings before they count.
    pub filters: BTreeMap<Quantity, Filter>,
    /// Where it stands above the sea, m, if that is known.
    pub altitude_m: Option<f64>,
    /// The room that it says it is in.
    pub room: Option<RoomId>,
    /// What Home Assistant is to call the first of its quantities that can be called so, if the file says so.
    pub class: Option<&'static str>,
}

/// Where readings come from.
#[derive(Clone, Debug, PartialEq)]
pub enum SensorSource {
    /// A chip on an I2C bus, read by hearthd's own driver.
    I2c(WiredChip),
    /// A device of the kernel.
    Kernel(KernelSource),
    /// The pulses of the input of the same name, counted by the engine.
    Counter(Counter),
    /// Topics of the broker.
    Remote(RemoteSensor),
    /// Registers of a device on Modbus.
    Modbus(ModbusSensor),
    /// What a device on a serial port tells.
    Serial(SerialSensor),
}

impl Sensor {
    /// The chip behind it, if hearthd reads one itself.
    pub fn i2c(&self) -> Option<&WiredChip> {
        match &self.source {
            SensorSource::I2c(chip) => Some(chip),
            _ => None,
        }
    }

    /// What counts for it, if it is a counter.
    pub fn counter(&self) -> Option<&Counter> {
        match &self.source {
            SensorSource::Counter(counter) => Some(counter),
            _ => None,
        }
    }

    /// What tells of it, if that is somebody else.
    pub fn remote(&self) -> Option<&RemoteSensor> {
        match &self.source {
            SensorSource::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// Whether somebody else tells of it.
    pub fn is_remote(&self) -> bool {
        self.remote().is_some()
    }

    /// Whether it is on this machine, not on topics of the broker, on a bus of devices or behind a serial port.
    pub fn is_wired(&self) -> bool {
        !matches!(self.source, SensorSource::Remote(_) | SensorSource::Modbus(_) | SensorSource::Serial(_))
    }

    /// All that it gives, in the order in which its points are listed.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> + '_ {
        self.measured().chain(self.derived.iter().copied())
    }

    /// What Home Assistant is to call a quantity of it, if the file says so of this one.
    pub fn called(&self, quantity: Quantity) -> Option<&'static str> {
        let fits = |quantity: &Quantity| self.class.is_some_and(|class| quantity.unit().classes().contains(&class));
        self.class.filter(|_| self.quantities().find(fits) == Some(quantity))
    }

    /// What it reads itself.
    pub fn measured(&self) -> impl Iterator<Item = Quantity> + '_ {
        let (chip, others) = match &self.source {
            SensorSource::I2c(chip) => (Some(chip.quantities()), Vec::new()),
            SensorSource::Kernel(source) => (None, source.quantities()),
            SensorSource::Counter(counter) => (None, counter.measures.quantities().collect()),
            SensorSource::Remote(remote) => (None, remote.channels.iter().map(|channel| channel.quantity).collect()),
            SensorSource::Modbus(there) => (None, there.channels.iter().map(|channel| channel.quantity).collect()),
            SensorSource::Serial(there) => (None, there.channels.iter().map(|channel| channel.quantity).collect()),
        };
        chip.into_iter().flatten().chain(others)
    }
}
