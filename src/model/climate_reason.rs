//! Why a climate zone asks for what it asks.

use super::{ClimateId, Config};

/// What a zone says of its outputs. Numbers are rounded to tenths, so that it stays equal while a sensor flickers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClimateReason {
    /// Which zone.
    pub zone: ClimateId,
    /// What it is doing.
    pub doing: HvacAction,
    /// What it measures, °C; nothing when it does not know.
    pub current: Option<f64>,
    /// Percent of full power, where that is neither all nor nothing.
    pub percent: Option<u8>,
    /// Whether all its window contacts are known to be closed; nothing when it has none.
    pub windows_closed: Option<bool>,
}

/// What a zone is doing. Temperatures in °C.
#[derive(Clone, Debug, PartialEq)]
pub enum HvacAction {
    /// Its mode is off.
    Off,
    /// It warms to this.
    Heating(f64),
    /// It cools to this.
    Cooling(f64),
    /// It is warm and cool enough; what it holds.
    Idle(f64),
    /// It waits for a minimum time.
    Resting(f64),
    /// Only the air moves.
    FanOnly,
    /// A window is open.
    WindowOpen,
    /// A window's contact does not tell; that counts as open.
    WindowUnknown,
    /// The temperature fell as if a window were open.
    WindowBySlope,
    /// It is above this outside.
    WarmOutside(f64),
    /// It protects from frost.
    Frost(f64),
    /// It was hotter than this.
    Overheated(f64),
    /// No temperature is good.
    SensorLost,
    /// No temperature was read since the start.
    FirstReading,
    /// The water has the temperature of the heating curve, or is warmed to it.
    Flow {
        /// What the curve asks for, °C.
        wanted: f64,
        /// Whether it is being warmed.
        heating: bool,
    },
    /// It looks for the numbers of its PID controller around this target.
    Tuning(f64),
    /// It moves what has stood still.
    Exercise,
}

impl ClimateReason {
    /// `living_room heating to 20.5 °C (19.8 °C, window closed)`
    pub fn describe(&self, config: &Config) -> String {
        self.text(config, true)
    }

    /// The same without what changes with readings.
    pub fn steady(&self, config: &Config) -> String {
        self.text(config, false)
    }

    fn text(&self, config: &Config, readings: bool) -> String {
        let doing = match &self.doing {
            HvacAction::Flow { heating: true, .. } if !readings => "heating its water".to_owned(),
            HvacAction::Flow { heating: false, .. } if !readings => "holds its water warm".to_owned(),
            HvacAction::Off => "is off".to_owned(),
            HvacAction::Heating(target) => format!("heating to {target} °C"),
            HvacAction::Cooling(target) => format!("cooling to {target} °C"),
            HvacAction::Idle(target) => format!("holds {target} °C"),
            HvacAction::Resting(target) => format!("waits for its minimum time before it goes on to {target} °C"),
            HvacAction::FanOnly => "moves the air only".to_owned(),
            HvacAction::WindowOpen => "has an open window".to_owned(),
            HvacAction::WindowUnknown => "does not know whether its window is closed".to_owned(),
            HvacAction::WindowBySlope => "gets cold as if a window were open".to_owned(),
            HvacAction::WarmOutside(limit) => format!("does not heat above {limit} °C outside"),
            HvacAction::Frost(limit) => format!("protects from frost below {limit} °C"),
            HvacAction::Overheated(limit) => format!("was hotter than {limit} °C"),
            HvacAction::SensorLost => "has lost its temperature sensor".to_owned(),
            HvacAction::FirstReading => "waits for its first temperature".to_owned(),
            HvacAction::Flow { wanted, heating: true } => format!("heating its water to {wanted} °C"),
            HvacAction::Flow { wanted, heating: false } => format!("holds its water at {wanted} °C"),
            HvacAction::Tuning(target) => format!("tuning its PID around {target} °C"),
            HvacAction::Exercise => "exercises what stood still".to_owned(),
        };
        let closed = self.windows_closed == Some(true);
        let details: Vec<String> = self
            .current
            .filter(|_| readings)
            .map(|current| format!("{current} °C"))
            .into_iter()
            .chain(self.percent.filter(|_| readings).map(|percent| format!("{percent} %")))
            .chain(closed.then(|| "window closed".to_owned()))
            .collect();
        let zone = &config[self.zone].id;
        if details.is_empty() { format!("{zone} {doing}") } else { format!("{zone} {doing} ({})", details.join(", ")) }
    }
}
