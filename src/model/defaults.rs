//! The plainest of everything, to begin from when a house is built by hand: in tests, and by tools that need no file.

use super::{
    ActiveLevel, AtStart, Backend, Chip, Climate, ClimateMode, ClockTrust, Config, Control, Dimming, HardwareSettings,
    HistorySettings, Holidays, Hub, Input, InputId, InputKind, Level, Line, ManualFor, Method, Modes, Output,
    OutputKind, Pull, Room, SafeState, Sensor, SensorId, SensorLost, SensorSource, Setpoints, Specs, TargetFor,
    WindowWatch, WiredChip, Zone,
};
use std::{collections::BTreeMap, time::Duration};

impl Config {
    /// A house with nothing in it, near Amsterdam and on UTC: simulated, without a broker, its clock believed.
    pub fn empty(hub: &str) -> Config {
        Config {
            hub: Hub {
                id: hub.into(),
                name: hub.into(),
                latitude: 52.37,
                longitude: 4.89,
                altitude_m: None,
                timezone: Zone::UTC,
                clock: ClockTrust::Always,
                holidays: Holidays::default(),
                tests: None,
            },
            mqtt: None,
            http: None,
            homeassistant: None,
            history: Some(HistorySettings::default()),
            energy: None,
            hardware: HardwareSettings { backend: Backend::Simulated, gpiochip: None, plays_remote: false },
            outputs: Vec::new(),
            inputs: Vec::new(),
            sensors: Vec::new(),
            expanders: Vec::new(),
            modbus: Vec::new(),
            serial: Vec::new(),
            rooms: Vec::new(),
            climates: Vec::new(),
            rules: Vec::new(),
            events: Vec::new(),
            scenes: Vec::new(),
            modes: Modes::default(),
            dark: None,
            series: Vec::new(),
            interlocks: Vec::new(),
            renamed: Vec::new(),
            settable: Vec::new(),
            specs: Specs::default(),
        }
    }
}

impl Output {
    /// An output without limits, active high, off unless something asks for it.
    pub fn plain(id: &str, kind: OutputKind, line: Line) -> Output {
        Output {
            id: id.into(),
            name: id.into(),
            kind,
            line: Some(line),
            method: Method::Direct,
            dimming: Dimming::PLAIN,
            steps: None,
            active: ActiveLevel::High,
            at_start: AtStart::Off,
            safe: SafeState::Off,
            default: Level::OFF,
            default_holds: false,
            max_on: None,
            max_on_rest: None,
            min_on: None,
            min_off: None,
            min_on_daily: None,
            interlock: None,
            pulse: None,
            max_rate: Output::MAX_RATE,
            manual_for: ManualFor::Auto,
            room: None,
            class: None,
            lock: false,
            power: None,
        }
    }
}

impl Input {
    /// An input that is active high, without a pull resistor or debounce.
    pub fn plain(id: &str, kind: InputKind, line: Line) -> Input {
        Input {
            id: id.into(),
            name: id.into(),
            kind,
            line,
            active: ActiveLevel::High,
            pull: Pull::None,
            debounce: Duration::ZERO,
            hold: Duration::ZERO,
            double_gap: Duration::from_millis(350),
            long_after: Duration::from_secs(1),
            toggles: Vec::new(),
            sets: Vec::new(),
            max_rate: 50,
            room: None,
            class: None,
        }
    }
}

impl Room {
    /// A room without doors that is empty five minutes after the last motion.
    pub fn plain(id: &str, motion: Vec<InputId>) -> Room {
        Room {
            id: id.into(),
            name: id.into(),
            motion,
            doors: Vec::new(),
            empty_after: Duration::from_secs(300),
            settle: Duration::from_secs(60),
            forget_after: Duration::from_secs(12 * 3600),
            occupied_while: None,
            asleep_while: None,
        }
    }
}

impl Climate {
    /// A zone that warms to 20 °C by hysteresis, with a sensor but no outputs yet.
    pub fn plain(id: &str, sensor: SensorId) -> Climate {
        Climate {
            id: id.into(),
            name: id.into(),
            room: None,
            sensors: vec![sensor],
            heat: Vec::new(),
            cool: Vec::new(),
            fan: Vec::new(),
            mode: ClimateMode::Heat,
            target: Setpoints { heat: Some(20.0), cool: None },
            presets: Vec::new(),
            plan: Vec::new(),
            manual_for: TargetFor::Auto,
            deadband: 0.5,
            overrun: 0.5,
            min_on: Duration::ZERO,
            min_off: Duration::ZERO,
            min_idle: Duration::ZERO,
            control: Control::Hysteresis,
            cycle: Duration::from_secs(600),
            window: WindowWatch {
                contacts: Vec::new(),
                delay: Duration::from_secs(30),
                slope: None,
                slope_for: Duration::from_secs(1800),
            },
            frost: Some(5.0),
            overheat: Some(35.0),
            outdoor: None,
            heat_below: None,
            sensor_lost: SensorLost::Off,
            failure_after: None,
            exercise: None,
            door: None,
        }
    }
}

impl Sensor {
    /// A sensor on bus 1 at its chip's usual address, read every 10 s and stale after 30 s.
    pub fn plain(id: &str, chip: Chip) -> Sensor {
        Sensor {
            id: id.into(),
            name: id.into(),
            source: SensorSource::I2c(WiredChip::plain(chip)),
            every: Duration::from_secs(10),
            stale_after: Duration::from_secs(30),
            derived: Vec::new(),
            filters: BTreeMap::new(),
            altitude_m: None,
            room: None,
            class: None,
        }
    }
}
