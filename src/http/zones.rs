//! What the file says of climate zones: their presets and their week.

use crate::model::{
    Climate, Config, DaySet, Kind, Owner, PlanAsk, PlanPeriod, Preset, Quantity, SensorId, Setpoints, TargetFor,
    TimeOfDay, duration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A climate zone as the file has it; how it is, its points tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneShape {
    /// `living_room`: its points are `living_room.target`, `living_room.mode` and so on.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The point of the temperature outside, if it names one.
    pub outdoor: Option<String>,
    /// What it holds when nobody asks for anything else.
    pub target: SetpointsShape,
    /// In the order of the file.
    pub presets: Vec<PresetShape>,
    /// Its week; each period lasts until the next begins.
    pub plan: Vec<PeriodShape>,
    /// How long a target set by hand holds when its command does not say: `next_period`, `auto`, or a duration such as `2h`.
    pub manual_for: String,
}

/// What a zone holds, °C.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetpointsShape {
    /// It heats to this; null where nothing heats.
    pub heat: Option<f64>,
    /// It cools to this; null where nothing cools.
    pub cool: Option<f64>,
}

/// Setpoints with a name. Where people may set them, the points `living_room.night_heat` and `living_room.night_cool` tell
/// what they are now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PresetShape {
    /// The word that `living_room.preset` takes.
    pub name: String,
    /// What it stands for.
    #[serde(flatten)]
    pub setpoints: SetpointsShape,
}

/// A period of a week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeriodShape {
    /// The days on which it begins: Monday is 1, Sunday 7.
    pub days: Vec<u32>,
    /// When, by the clock of the house: `06:30`.
    pub at: String,
    /// The preset that it asks for; null: it has setpoints of its own.
    pub preset: Option<String>,
    /// Its own setpoints.
    #[serde(flatten)]
    pub setpoints: SetpointsShape,
}

pub(super) fn zones(config: &Config) -> Vec<ZoneShape> {
    config.climates.iter().map(|zone| shape(config, zone)).collect()
}

fn shape(config: &Config, zone: &Climate) -> ZoneShape {
    ZoneShape {
        id: zone.id.to_string(),
        name: zone.name.clone(),
        outdoor: zone.outdoor.and_then(|sensor| temperature(config, sensor)),
        target: zone.target.into(),
        presets: zone.presets.iter().map(PresetShape::from).collect(),
        plan: zone.plan.iter().map(PeriodShape::from).collect(),
        manual_for: manual_for(zone),
    }
}

/// For how long a target set by hand holds.
pub(super) fn manual_for(zone: &Climate) -> String {
    match zone.manual_for {
        TargetFor::NextPeriod => "next_period".into(),
        TargetFor::Auto => "auto".into(),
        TargetFor::Time(time) => duration::spell(time),
    }
}

/// The name of the point of a sensor's temperature.
fn temperature(config: &Config, sensor: SensorId) -> Option<String> {
    let is_it = |kind: &Kind| matches!(kind, Kind::Number(number) if number.quantity == Some(Quantity::Temperature));
    let mut specs = config.specs().iter();
    Some(specs.find(|spec| spec.owner == Owner::Sensor(sensor) && is_it(&spec.kind))?.name.clone())
}

impl From<Setpoints> for SetpointsShape {
    fn from(Setpoints { heat, cool }: Setpoints) -> SetpointsShape {
        SetpointsShape { heat, cool }
    }
}

impl From<&Preset> for PresetShape {
    fn from(preset: &Preset) -> PresetShape {
        PresetShape { name: preset.name.to_string(), setpoints: preset.setpoints.into() }
    }
}

impl From<&PlanPeriod> for PeriodShape {
    fn from(PlanPeriod { days, begins_s, ask }: &PlanPeriod) -> PeriodShape {
        let (preset, setpoints) = match ask {
            PlanAsk::Setpoints(setpoints) => (None, *setpoints),
            PlanAsk::Preset(name) => (Some(name.to_string()), Setpoints::default()),
        };
        let at = TimeOfDay::clock(*begins_s).to_string();
        PeriodShape { days: iso(*days), at, preset, setpoints: setpoints.into() }
    }
}

/// Days as ISO 8601 counts them.
fn iso(days: DaySet) -> Vec<u32> {
    (0..7).filter(|day| days.contains(*day)).map(|day| day + 1).collect()
}
