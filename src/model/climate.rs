//! Climate zones: thermostats, as plain data. All temperatures are in °C, all gains in percent of full power.

use super::table::table;
use super::{DaySet, InputId, OutputId, RoomId, SensorId, Unit};
use serde::{Deserialize, Serialize};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};

/// One thermostat. It always fills the climate slot of its outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Climate {
    /// The key of its table; its points are `id.target`, `id.mode`, ...
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// The room that it says it is in.
    pub room: Option<RoomId>,
    /// The sensors whose temperatures are averaged; those that are not good are left out. At least one.
    pub sensors: Vec<SensorId>,
    /// What warms it.
    pub heat: Vec<OutputId>,
    /// What cools it.
    pub cool: Vec<OutputId>,
    /// What runs while it warms or cools, and in [`ClimateMode::FanOnly`].
    pub fan: Vec<OutputId>,
    /// Its mode until somebody sets another.
    pub mode: ClimateMode,
    /// What it holds when neither a hand, a preset nor the plan asks for anything else.
    pub target: Setpoints,
    /// In the order of the file.
    pub presets: Vec<Preset>,
    /// The week, in the order of the file; each period lasts until the next begins.
    pub plan: Vec<PlanPeriod>,
    /// How long a target set by hand holds.
    pub manual_for: TargetFor,
    /// Warming begins this far below the target, cooling this far above it.
    pub deadband: f64,
    /// Warming ends this far above the target, cooling this far below it.
    pub overrun: f64,
    /// Once begun, warming or cooling lasts at least this long (unless the zone must stop), and so does each `on` of a
    /// cycle.
    pub min_on: Duration,
    /// Once ended, it rests at least this long, and so does each `off` of a cycle.
    pub min_off: Duration,
    /// Between warming and cooling lies at least this much.
    pub min_idle: Duration,
    /// How the need is worked out. It steers `heat`, or `cool` if nothing warms; otherwise `cool` goes by hysteresis.
    pub control: Control,
    /// How long one on and off of a relay lasts that is driven by a percentage.
    pub cycle: Duration,
    /// When a window is open.
    pub window: WindowWatch,
    /// At this temperature warming begins in every mode, also with an open window; nothing where nothing warms.
    pub frost: Option<f64>,
    /// From this temperature on what warms is cut off, whoever asks for it; nothing where nothing warms.
    pub overheat: Option<f64>,
    /// The temperature outside.
    pub outdoor: Option<SensorId>,
    /// No warming while it is at least this warm outside.
    pub heat_below: Option<f64>,
    /// What is done when no temperature is good any more.
    pub sensor_lost: SensorLost,
    /// At full power for this long without effect: an alarm.
    pub failure_after: Option<Duration>,
    /// What must not stand still.
    pub exercise: Option<Exercise>,
    /// A door that must not stay open, and from when on it is an alarm.
    pub door: Option<(InputId, Duration)>,
}

impl Climate {
    /// The modes that it can have.
    pub fn modes(&self) -> impl Iterator<Item = ClimateMode> + '_ {
        ClimateMode::ALL.into_iter().filter(|mode| match mode {
            ClimateMode::Off => true,
            ClimateMode::Heat => !self.heat.is_empty(),
            ClimateMode::Cool => !self.cool.is_empty(),
            ClimateMode::HeatCool => self.does_both(),
            ClimateMode::FanOnly => !self.fan.is_empty(),
        })
    }

    /// All its outputs; one may come twice.
    pub fn outputs(&self) -> impl Iterator<Item = OutputId> + '_ {
        self.heat.iter().chain(&self.cool).chain(&self.fan).copied()
    }

    /// Whether it warms and cools: it has two targets.
    pub fn does_both(&self) -> bool {
        !self.heat.is_empty() && !self.cool.is_empty()
    }

    /// What the file may give as a target: all that the cut-off at `overheat` lets it reach.
    pub fn limits(&self) -> RangeInclusive<f64> {
        let highest = self.overheat.map_or(HIGHEST_TARGET, |limit| hundredths(limit - self.overrun - OVERHEAT_APART));
        self.frost.unwrap_or(LOWEST_TARGET)..=highest
    }

    /// Why these cannot be setpoints of the zone, and what to write instead; None: they can.
    pub fn unfit(&self, setpoints: Setpoints) -> Option<(String, String)> {
        let range = self.limits();
        let outside = [setpoints.heat, setpoints.cool].into_iter().flatten().find(|setpoint| !range.contains(setpoint));
        if let Some(outside) = outside {
            let what = format!("{outside} °C is outside of {} to {} °C", range.start(), range.end());
            let advice = match (self.frost, self.overheat) {
                (Some(frost), _) if outside < frost => format!("write at least {frost}, or a lower `frost`"),
                (_, Some(_)) if outside > *range.end() => {
                    format!(
                        "write at most {} (half a degree and overrun below `overheat`), or a higher `overheat`",
                        range.end()
                    )
                }
                _ => format!("write {} to {}", range.start(), range.end()),
            };
            return Some((what, advice));
        }
        if let (Some(heat), Some(cool)) = (setpoints.heat, setpoints.cool)
            && cool < heat + SETPOINTS_APART
        {
            let what = format!("it would warm to {heat} °C and cool to {cool} °C, closer than half a degree");
            let advice = format!("let it cool to {} or more", heat + SETPOINTS_APART);
            return Some((what, advice));
        }
        None
    }

    /// What a target can be set to by hand. Where nothing warms there is no limit to go by: what the file asks for, and
    /// some degrees more either way.
    pub fn range(&self) -> RangeInclusive<f64> {
        let limits = self.limits();
        if !self.heat.is_empty() {
            let lowest = self.frost.unwrap_or(LOWEST_ROOM.min(self.lowest_setpoint()));
            return lowest..=*limits.end();
        }
        let (lowest, highest) = (self.lowest_setpoint() - COOLING_REACH, self.highest_setpoint() + COOLING_REACH);
        lowest.max(*limits.start())..=highest.min(*limits.end())
    }

    /// What one of its targets can be set to by hand: of a lower and an upper one, each leaves room for the other.
    pub fn target_range(&self, facet: ClimateFacet) -> RangeInclusive<f64> {
        let range = self.range();
        if !self.does_both() {
            return range;
        }
        let (lowest, highest) = (range.start() + SETPOINTS_APART, range.end() - SETPOINTS_APART);
        match facet {
            ClimateFacet::CoolTarget => lowest..=*range.end(),
            // Whichever of the two it is.
            ClimateFacet::Setpoint => lowest..=highest,
            _ => *range.start()..=highest,
        }
    }

    fn setpoints(&self) -> impl Iterator<Item = f64> + '_ {
        let planned = self.plan.iter().filter_map(|period| match &period.ask {
            PlanAsk::Setpoints(setpoints) => Some(*setpoints),
            PlanAsk::Preset(_) => None,
        });
        let all = std::iter::once(self.target).chain(self.presets.iter().map(|preset| preset.setpoints)).chain(planned);
        all.flat_map(|setpoints| [setpoints.heat, setpoints.cool]).flatten()
    }

    fn lowest_setpoint(&self) -> f64 {
        self.setpoints().reduce(f64::min).unwrap_or(LOWEST_TARGET)
    }

    /// The highest temperature that the file asks for, °C.
    pub fn highest_setpoint(&self) -> f64 {
        self.setpoints().reduce(f64::max).unwrap_or(HIGHEST_TARGET)
    }

    /// The points of this zone.
    pub fn facets(&self) -> impl Iterator<Item = ClimateFacet> + '_ {
        ClimateFacet::ALL.into_iter().filter(|facet| match facet {
            ClimateFacet::CoolTarget | ClimateFacet::Setpoint => self.does_both(),
            ClimateFacet::Preset => !self.presets.is_empty(),
            ClimateFacet::Tuning => matches!(self.control, Control::Pid(_)),
            _ => true,
        })
    }

    /// The preset of this name.
    pub fn find_preset(&self, name: &str) -> Option<&Preset> {
        self.presets.iter().find(|preset| &*preset.name == name)
    }
}

/// The coldest target, such as a freezer's.
pub const LOWEST_TARGET: f64 = -30.0;
/// The hottest target, such as a boiler's.
pub const HIGHEST_TARGET: f64 = 95.0;
/// So far apart are what is warmed to and what is cooled to, at the least.
pub const SETPOINTS_APART: f64 = 0.5;
/// So much colder than the cut-off is it before what warms may go on again, if it need not be warmer for its target.
pub const OVERHEAT_RELEASE: f64 = 2.0;
/// So far below the cut-off warming ends at the highest target, so that the one is not taken for the other.
pub const OVERHEAT_APART: f64 = 0.5;
/// The lowest target that is offered where there is no limit against frost and the file asks for none lower.
const LOWEST_ROOM: f64 = 5.0;
/// So far from what the file asks for a target can be set where nothing warms.
const COOLING_REACH: f64 = 10.0;

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

table! {
    /// What a zone may do.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ClimateMode {
        /// Nothing but frost protection.
        Off = "off";
        /// Warm.
        Heat = "heat";
        /// Cool.
        Cool = "cool";
        /// Either.
        HeatCool = "heat_cool";
        /// Only move the air.
        FanOnly = "fan_only";
    }
}

impl ClimateMode {
    /// Whether it may warm.
    pub fn heats(self) -> bool {
        matches!(self, ClimateMode::Heat | ClimateMode::HeatCool)
    }

    /// Whether it may cool.
    pub fn cools(self) -> bool {
        matches!(self, ClimateMode::Cool | ClimateMode::HeatCool)
    }
}

table! {
    /// What a zone is doing, apart from its mode.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ClimateAction {
        /// Its mode is off.
        #[default]
        Off = "off";
        /// Warming.
        Heating = "heating";
        /// Cooling.
        Cooling = "cooling";
        /// Neither.
        Idle = "idle";
        /// Moving the air.
        Fan = "fan";
    }
}

table! {
    /// What somebody should look at, the gravest first. A row says what it means.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ClimateAlarm: &'static str {
        /// What warms is cut off.
        Overheat = "overheat", "what warms is cut off: it is too hot";
        /// No temperature is good.
        SensorLost = "sensor_lost", "no temperature is good";
        /// It calls, and a limit or an interlock keeps off what it calls.
        Limited = "limited", "a limit or an interlock keeps off what it calls";
        /// It warms and does not get warmer.
        HeatingFailed = "heating_failed", "it heats and does not get warmer";
        /// It cools and does not get colder.
        CoolingFailed = "cooling_failed", "it cools and does not get colder";
        /// The door was left open.
        DoorOpen = "door_open", "the door was left open";
    }
}

impl ClimateAlarm {
    /// What it means: one line for people.
    pub fn sentence(self) -> &'static str {
        self.facts()
    }
}

table! {
    /// One of the points of a zone. The word is the second part of its name; a row has the unit of what is a number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ClimateFacet: Option<Unit> {
        /// `zone.target`: what it warms to; of a zone that only cools, what it cools to.
        Target = "target", Some(Unit::Celsius);
        /// `zone.cool_target`: what a zone that does both cools to.
        CoolTarget = "cool_target", Some(Unit::Celsius);
        /// `zone.setpoint`: of a zone that does both, the target that alone counts in its mode; nothing where both do or
        /// neither does.
        Setpoint = "setpoint", Some(Unit::Celsius);
        /// `zone.measured`: what it measures.
        Measured = "measured", Some(Unit::Celsius);
        /// `zone.mode`
        Mode = "mode", None;
        /// `zone.preset`; `none`: no preset.
        Preset = "preset", None;
        /// `zone.action`
        Action = "action", None;
        /// `zone.alarm`; `none`: all is well.
        Alarm = "alarm", None;
        /// `zone.tuning`, set by `START` and `STOP`: how far the search for PID numbers is.
        Tuning = "tuning", None;
    }
}

impl ClimateFacet {
    /// The unit of its number, if it is one.
    pub fn unit(self) -> Option<Unit> {
        *self.facts()
    }

    /// The words that it can have; empty for what is a number, and for words that nobody can list.
    pub fn words(self, zone: &Climate) -> Vec<&str> {
        match self {
            ClimateFacet::Mode => zone.modes().map(ClimateMode::word).collect(),
            ClimateFacet::Preset => {
                zone.presets.iter().map(|preset| &*preset.name).chain(std::iter::once("none")).collect()
            }
            ClimateFacet::Action => ClimateAction::ALL.into_iter().map(ClimateAction::word).collect(),
            ClimateFacet::Alarm => {
                ClimateAlarm::ALL.into_iter().map(ClimateAlarm::word).chain(std::iter::once("none")).collect()
            }
            ClimateFacet::Tuning => vec!["idle", "running", "failed"],
            ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Setpoint | ClimateFacet::Measured => {
                Vec::new()
            }
        }
    }

    /// The point whose value it is in this mode: of a setpoint, one of the two targets, or none; of others, itself.
    pub fn meant(self, mode: ClimateMode) -> Option<ClimateFacet> {
        match (self, mode) {
            (ClimateFacet::Setpoint, ClimateMode::Heat) => Some(ClimateFacet::Target),
            (ClimateFacet::Setpoint, ClimateMode::Cool) => Some(ClimateFacet::CoolTarget),
            (ClimateFacet::Setpoint, ClimateMode::Off | ClimateMode::HeatCool | ClimateMode::FanOnly) => None,
            (facet, _) => Some(facet),
        }
    }

    /// Whether it is a temperature.
    pub fn is_temperature(self) -> bool {
        self.unit().is_some()
    }
}

/// What a zone holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setpoints {
    /// It is warmed to this; nothing where nothing warms.
    pub heat: Option<f64>,
    /// It is cooled to this; nothing where nothing cools.
    pub cool: Option<f64>,
}

impl Setpoints {
    /// What its point `target` shows.
    pub fn target(self) -> Option<f64> {
        self.heat.or(self.cool)
    }
}

/// Setpoints with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// `away`, `night`, ...; never `none`.
    pub name: Arc<str>,
    /// What it stands for.
    pub setpoints: Setpoints,
}

/// A period of the weekly plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPeriod {
    /// On which days it begins.
    pub days: DaySet,
    /// When, in seconds after local midnight.
    pub begins_s: i32,
    /// What it asks for.
    pub ask: PlanAsk,
}

/// What a period of the plan asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanAsk {
    /// These.
    Setpoints(Setpoints),
    /// The preset of this name, which exists.
    Preset(Arc<str>),
}

/// How long a target set by hand holds when its command does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFor {
    /// Until the plan's next period begins.
    NextPeriod,
    /// For so long.
    Time(Duration),
    /// Until AUTO.
    Auto,
}

/// How the need of warmth (or cold) is worked out.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// All or nothing, between deadband and overrun.
    Hysteresis,
    /// Time-proportional with indoor and outdoor coefficients.
    Tpi {
        /// Percent for each degree that the room is too cold.
        inside: f64,
        /// Percent for each degree that it is colder outside than the target.
        outside: f64,
    },
    /// Proportional, integral, derivative.
    Pid(Gains),
    /// A heating curve.
    Curve {
        /// Points of (°C outside, value), by rising temperature outside; at least two.
        points: Vec<(f64, f64)>,
        /// The sensor of the water that is warmed to the value, °C; None: the value is a percentage.
        flow: Option<SensorId>,
    },
}

/// The numbers of a PID controller in its standard form.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gains {
    /// Percent of full power for each degree.
    pub kp: f64,
    /// In this time the integral adds as much as the proportional part; zero: no integral.
    pub ti: Duration,
    /// The slope counts so far ahead; zero: no derivative.
    pub td: Duration,
}

/// When a window counts as open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowWatch {
    /// Contacts, of which each one counts.
    pub contacts: Vec<InputId>,
    /// Open for so long.
    pub delay: Duration,
    /// Falling by more than so many degrees an hour means an open window.
    pub slope: Option<f64>,
    /// What falls for longer than this falls for another reason.
    pub slope_for: Duration,
}

/// What is done with what warms (or, in a zone that only cools, with what cools) when no temperature is good any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorLost {
    /// Nothing is on.
    Off,
    /// A little: a tenth of the time, unless it is known to be above the frost limit outside.
    Frost,
    /// This percentage.
    Percent(u8),
}

/// What must not stand still for long, such as a pump.
#[derive(Clone, Debug, PartialEq)]
pub struct Exercise {
    /// Which of the zone's outputs.
    pub outputs: Vec<OutputId>,
    /// Off for so long, ...
    pub every: Duration,
    /// ... it runs for so long.
    pub run: Duration,
}
