//! Outputs: what is driven, by which line, and within which limits.

use super::table::table;
use super::{Dimming, InterlockId, Level, ManualFor, Method, ModbusPoint, PwmChannel, Remote, RoomId, SerialState};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Something driven: on or off, at a level, or to a position.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The key of its table, `[a-z][a-z0-9_]*`: its point and its part of every topic.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What it is; decides defaults and how apps show it.
    pub kind: OutputKind,
    /// The wire, or the topics; None: it works through others, as its `method` says.
    pub line: Option<Line>,
    /// How it carries out what it is asked.
    pub method: Method,
    /// Of a PWM line: how a level becomes power.
    pub dimming: Dimming,
    /// It has this many speeds, at even distances.
    pub steps: Option<u8>,
    /// Which electric level switches it on.
    pub active: ActiveLevel,
    /// What it is driven to when the daemon starts, before anything is decided.
    pub at_start: AtStart,
    /// What it is left in when the daemon ends, however it ends.
    pub safe: SafeState,
    /// The relinquish default.
    pub default: Level,
    /// Nobody asks: it stays as it is, and `default` counts only until somebody did.
    pub default_holds: bool,
    /// On for longer than this, it is switched off. Of slow PWM, what counts is how long its wire is on without a break.
    pub max_on: Option<Duration>,
    /// After its `max_on` it rests for this long and may be asked again; None: it stays off until nothing asks for it any
    /// more.
    pub max_on_rest: Option<Duration>,
    /// Once on, it stays on for at least this long (safety excepted).
    pub min_on: Option<Duration>,
    /// Once off, it stays off for at least this long.
    pub min_off: Option<Duration>,
    /// It is on for at least this long each day: what is missing is made up for before midnight.
    pub min_on_daily: Option<Duration>,
    /// The group of which at most one member is on at any time.
    pub interlock: Option<InterlockId>,
    /// Asked to be on, it is on for this long only; off again until it is asked anew.
    pub pulse: Option<Duration>,
    /// Rules may switch it so many times a second, averaged over ten seconds; what is more often ends in a rest.
    pub max_rate: u32,
    /// What Home Assistant is to call it among its like, if the file says so.
    pub class: Option<&'static str>,
    /// How long a manual command holds when it does not say.
    pub manual_for: ManualFor,
    /// Where it is.
    pub room: Option<RoomId>,
    /// Whether it can be locked against commands.
    pub lock: bool,
    /// What it takes at 100 %, W.
    pub power: Option<f64>,
}

impl Output {
    /// As often as rules may switch an output that does not say: slow PWM of one second needs twice a second.
    pub const MAX_RATE: u32 = 4;
}

/// What is known of a kind of output.
pub struct OutputFacts {
    /// How apps show one that is on or off, as a Material Design icon; None: they have a sign of their own.
    pub icon: Option<&'static str>,
    /// The platform of Home Assistant that shows one.
    pub platform: &'static str,
    /// What Home Assistant calls it among its like, when the file does not say; None: nothing.
    pub class: Option<&'static str>,
    /// What the file may say instead.
    pub classes: &'static [&'static str],
    /// Whether it is said to be open or closed.
    pub opens: bool,
    /// What it is driven to at start, when the file does not say.
    pub at_start: AtStart,
}

const fn row(platform: &'static str, icon: Option<&'static str>, at_start: AtStart) -> OutputFacts {
    OutputFacts { icon, platform, class: None, classes: &[], opens: false, at_start }
}

impl OutputFacts {
    const fn opens(self) -> OutputFacts {
        OutputFacts { opens: true, ..self }
    }

    const fn classes(self, class: Option<&'static str>, classes: &'static [&'static str]) -> OutputFacts {
        OutputFacts { class, classes, ..self }
    }
}

const SWITCHES: &[&str] = &["outlet", "switch"];
const COVERS: &[&str] =
    &["awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter", "window"];

table! {
    /// What an output is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(missing_docs, reason = "the words say it")]
    pub enum OutputKind: OutputFacts {
        Light = "light", row("light", None, AtStart::Restore);
        Fan = "fan", row("fan", None, AtStart::Restore);
        Switch = "switch", row("switch", None, AtStart::Restore).classes(Some("switch"), SWITCHES);
        Heater = "heater", row("switch", Some("mdi:radiator"), AtStart::Off).classes(None, SWITCHES);
        Cooler = "cooler", row("switch", Some("mdi:snowflake"), AtStart::Off).classes(None, SWITCHES);
        Valve = "valve", row("valve", Some("mdi:valve"), AtStart::Off).opens().classes(None, &["water", "gas"]);
        Cover = "cover", row("cover", Some("mdi:window-shutter"), AtStart::Off).opens().classes(None, COVERS);
        Siren = "siren", row("siren", Some("mdi:bullhorn"), AtStart::Off);
    }
}

/// Which wire of the board, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// By number: the BCM number on a Raspberry Pi, the offset on the first chip elsewhere; or on the configured chip.
    Number(u32),
    /// By the name that the kernel has for it, such as `GPIO17`.
    Named(String),
    /// By chip (name or label) and offset: `gpiochip1/4`.
    OnChip {
        /// `gpiochip1`, or a label such as `pinctrl-bcm2711`.
        chip: String,
        /// The line on that chip, from 0.
        offset: u32,
    },
    /// A PWM channel: it carries any level.
    Pwm(PwmChannel),
    /// No wire: topics of the broker.
    Remote(Arc<Remote>),
    /// No wire: a coil or register of a device on Modbus.
    Modbus(Arc<ModbusPoint>),
    /// No wire: what a device on a serial port says; only of inputs.
    Serial(Arc<SerialState>),
}

impl Line {
    /// Whether it is on the board itself and is driven within microseconds. All others are driven over something that can be
    /// slow or hang.
    ///
    /// A line by its chip may be one of a chip on a bus that the kernel drives, and so may a line by its name, if that is
    /// not one of the header.
    pub fn is_direct(&self) -> bool {
        match self {
            Line::Number(_) => true,
            Line::Named(name) => name.starts_with("GPIO"),
            Line::OnChip { .. } | Line::Pwm(_) | Line::Remote(_) | Line::Modbus(_) | Line::Serial(_) => false,
        }
    }

    /// Whether it is a wire of this machine, not a topic of the broker, a place on a bus of devices or behind a serial port.
    pub fn is_wire(&self) -> bool {
        !matches!(self, Line::Remote(_) | Line::Modbus(_) | Line::Serial(_))
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Line::Number(number) => write!(f, "GPIO {number}"),
            Line::Named(name) => write!(f, "line {name}"),
            Line::OnChip { chip, offset } => write!(f, "line {offset} of {chip}"),
            Line::Pwm(channel) => write!(f, "{channel}"),
            Line::Modbus(point) => write!(f, "{point}"),
            Line::Serial(state) => write!(f, "{state}"),
            Line::Remote(remote) => {
                let command = remote.command.as_ref().map(|command| &command.topic);
                let topic = command.or(remote.state.as_ref().map(|told| &told.topic));
                write!(f, "topic {}", topic.map_or("", |topic| topic))
            }
        }
    }
}

table! {
    /// The electric level that means "on" or "active".
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum ActiveLevel {
        /// High is on.
        High = "high";
        /// Low is on, as on most relay boards with opto-couplers.
        Low = "low";
    }
}

table! {
    /// What an output is driven to at start.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum AtStart {
        /// Off.
        Off = "off";
        /// On.
        On = "on";
        /// What it was when the daemon ended; its relinquish default when that is not known.
        Restore = "restore";
        /// What its wire carries already, whoever drove it before.
        Keep = "keep";
    }
}

table! {
    /// What an output is left in when the daemon ends.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum SafeState {
        /// Off.
        Off = "off";
        /// On.
        On = "on";
        /// As it is.
        Hold = "hold";
    }
}

impl SafeState {
    /// The level to drive, or nothing to leave it as it is.
    pub fn level(self) -> Option<Level> {
        match self {
            SafeState::Off => Some(Level::OFF),
            SafeState::On => Some(Level::ON),
            SafeState::Hold => None,
        }
    }
}

/// A group of outputs of which at most one is on at any time, such as the two directions of a motor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interlock {
    /// The word that its members share.
    pub id: Arc<str>,
    /// How long all others have been off before a member may go on.
    pub wait: Duration,
}
