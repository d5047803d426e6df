//! What the hub tells of itself and of the machine that it runs on: one row each.

use super::table::table;
use super::{Category, Course};
use std::collections::BTreeMap;

/// What is known of one of them.
pub struct VitalFacts {
    /// What people call it.
    pub title: &'static str,
    /// What its values are.
    pub kind: VitalKind,
    /// The device class of Home Assistant; None: it has none.
    pub class: Option<&'static str>,
    /// How apps show it, as a Material Design icon; None: by its class.
    pub icon: Option<&'static str>,
}

/// What the values of a vital are.
pub enum VitalKind {
    /// `ON` or `OFF`.
    Switch,
    /// A number, with its unit and how its course is summed up.
    Number(&'static str, Course),
    /// One of these words, with a line that says why.
    Word(&'static [&'static str]),
    /// Any other line of text, also a time as RFC 3339.
    Text,
    /// What people are told: as much of it as fits into a state, and its parts beside it.
    Message,
    /// It can be pressed, and has no value.
    Button,
}

const fn row(title: &'static str, kind: VitalKind, class: Option<&'static str>) -> VitalFacts {
    VitalFacts { title, kind, class, icon: None }
}

impl VitalFacts {
    const fn icon(self, icon: &'static str) -> VitalFacts {
        VitalFacts { icon: Some(icon), ..self }
    }

    /// Who wants to see it.
    pub fn category(&self) -> Category {
        match self.kind {
            VitalKind::Button => Category::Config,
            _ => Category::Diagnostic,
        }
    }
}

table! {
    /// What the hub tells of itself, or can be told to do.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Vital: VitalFacts {
        /// When hearthd was started.
        Started = "started", row("Last restart", VitalKind::Text, Some("timestamp"));
        /// When the machine was started.
        Booted = "booted", row("Machine started", VitalKind::Text, Some("timestamp"));
        /// Whether the file is in force.
        Config = "config", row("Configuration", VitalKind::Word(&["good", "refused"]), Some("enum"));
        /// Whether the time of day is known.
        Time = "time", row("Time synchronised", VitalKind::Switch, None).icon("mdi:clock-check-outline");
        /// Release of the kernel.
        Kernel = "kernel", row("Kernel", VitalKind::Text, None).icon("mdi:penguin");
        /// Date of a Raspberry Pi's boot loader.
        Firmware = "firmware", row("Firmware", VitalKind::Text, None).icon("mdi:chip");
        /// °C, whole.
        CpuTemperature = "cpu_temperature",
            row("CPU temperature", VitalKind::Number("°C", Course::Measurement), Some("temperature"));
        /// What of the memory is in use, %, whole.
        Memory = "memory", row("Memory in use", VitalKind::Number("%", Course::Measurement), None).icon("mdi:memory");
        /// What is free where state is kept, GB, tenths.
        DiskFree = "disk_free", row("Disk free", VitalKind::Number("GB", Course::Measurement), Some("data_size"));
        /// Written since boot to the disk or card on which state is kept, by all programs, GB, tenths.
        Written = "written",
            row("Written to the disk", VitalKind::Number("GB", Course::TotalIncreasing), Some("data_size"));
        /// Transfers on I2C buses that failed since hearthd was started.
        I2cErrors = "i2c_errors",
            row("I2C errors", VitalKind::Number("", Course::TotalIncreasing), None).icon("mdi:alert-circle-outline");
        /// What people were told last, by a rule or by hearthd itself.
        LastNotice = "last_notice", row("Last notice", VitalKind::Message, None).icon("mdi:message-text-clock-outline");
        /// Writes a line to the log, so that one finds which hub it is.
        Identify = "identify", row("Identify", VitalKind::Button, Some("identify"));
        /// Ends hearthd in order; systemd starts it again.
        Restart = "restart", row("Restart", VitalKind::Button, Some("restart"));
    }
}

/// What a button takes.
pub const PRESS: &str = "PRESS";

impl Vital {
    /// As a point would be called: `hub.started`.
    pub fn name(self) -> String {
        format!("hub.{}", self.word())
    }

    /// The button of this name.
    pub fn button(name: &str) -> Option<Vital> {
        let is_it = |vital: &Vital| matches!(vital.facts().kind, VitalKind::Button) && vital.name() == name;
        Vital::ALL.into_iter().find(is_it)
    }
}

/// What there is on this machine, as it is now. Of what cannot be read any more, the value is empty.
pub type Vitals = BTreeMap<Vital, VitalState>;

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VitalState {
    /// Rounded as it is shown; of a button nothing.
    pub value: String,
    /// One line: why it is so.
    pub why: Option<String>,
    /// The parts of a message, whole: its text, who told it and when.
    pub parts: BTreeMap<&'static str, String>,
}

impl From<String> for VitalState {
    fn from(value: String) -> VitalState {
        VitalState { value, ..VitalState::default() }
    }
}

/// The longest text that Home Assistant takes for a state, in characters.
const STATE_MAX: usize = 255;

/// As much of a text as fits into a state.
pub fn fitting_state(text: &str) -> String {
    if text.chars().count() <= STATE_MAX {
        return text.to_owned();
    }
    text.chars().take(STATE_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ClimateFacet, OutputFacet, Quantity, SettableKind};
    use super::*;

    #[test]
    fn no_point_of_something_called_hub_has_the_same_name() {
        let facets = OutputFacet::WORDS.iter().map(|(word, _)| *word);
        let facets = facets.chain(ClimateFacet::WORDS.iter().map(|(word, _)| *word));
        let facets = facets.chain(SettableKind::WORDS.iter().map(|(word, _)| *word));
        let facets = facets.chain(Quantity::all().map(Quantity::word)).chain(["occupied", "asleep", "event"]);
        for facet in facets {
            assert!(Vital::ALL.into_iter().all(|vital| vital.word() != facet), "{facet}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_state_is_cut_between_two_characters() {
        let (fits, long) = ("ü".repeat(255), "ü".repeat(256));
        assert_eq!(fitting_state(&fits), fits);
        assert_eq!(fitting_state(&long), format!("{}…", "ü".repeat(254)));
    }

    #[test]
    fn buttons_are_found_by_their_names() {
        assert_eq!(Vital::button("hub.restart"), Some(Vital::Restart));
        assert_eq!((Vital::button("hub.started"), Vital::button("restart")), (None, None));
    }
}
