//! Configurations built by hand, without a file.

use hearthd::model::{
    Action, AtStart, Chip, Climate, Comparison, Condition, Config, EventRule, Hold, Input, InputId, InputKind,
    Interlock, InterlockId, Level, Line, Modes, Number, Output, OutputId, OutputKind, Point, Quantity, Room, RoomId,
    Rule, RunMode, Sensor, SensorId, SensorSource, Series, SeriesId, TimeOfDay, Trigger, WiredChip, Zone,
};
use std::{sync::Arc, time::Duration};

pub const ON: Level = Level::ON;
pub const OFF: Level = Level::OFF;

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn mins(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// A plain output without limits: a light that is off unless something asks for it.
pub fn output(id: &str) -> Output {
    Output { at_start: AtStart::Restore, ..Output::plain(id, OutputKind::Light, Line::Named(id.into())) }
}

/// Adds entities one by one and gives out their ids.
#[derive(Clone)]
pub struct Builder(Config);

impl Builder {
    /// An empty house in Amsterdam.
    pub fn new() -> Builder {
        let mut config = Config::empty("test");
        config.hub.timezone = Zone::find("Europe/Amsterdam").unwrap();
        Builder(config)
    }

    pub fn place(&mut self, latitude: f64, longitude: f64, timezone: Zone) {
        (self.0.hub.latitude, self.0.hub.longitude, self.0.hub.timezone) = (latitude, longitude, timezone);
    }

    pub fn output(&mut self, output: Output) -> OutputId {
        self.0.outputs.push(output);
        OutputId(self.0.outputs.len() - 1)
    }

    /// An interlock of these outputs.
    pub fn interlock(&mut self, id: &str, wait: Duration, members: &[OutputId]) -> InterlockId {
        self.0.interlocks.push(Interlock { id: id.into(), wait });
        let group = InterlockId(self.0.interlocks.len() - 1);
        for member in members {
            self.0.outputs[member.0].interlock = Some(group);
        }
        group
    }

    pub fn input(&mut self, id: &str) -> InputId {
        self.0.inputs.push(Input::plain(id, InputKind::Motion, Line::Named(id.into())));
        InputId(self.0.inputs.len() - 1)
    }

    /// A thermometer whose readings are stale after a minute and a half.
    pub fn sensor(&mut self, id: &str) -> SensorId {
        let address = 0x48 + u8::try_from(self.0.sensors.len()).unwrap();
        let source = SensorSource::I2c(WiredChip { address, ..WiredChip::plain(Chip::Lm75) });
        let plain = Sensor::plain(id, Chip::Lm75);
        self.0.sensors.push(Sensor { source, every: secs(30), stale_after: secs(90), ..plain });
        SensorId(self.0.sensors.len() - 1)
    }

    pub fn room(&mut self, id: &str, motion: &[InputId], empty_after: Duration) -> RoomId {
        self.0.rooms.push(Room { empty_after, ..Room::plain(id, motion.to_vec()) });
        RoomId(self.0.rooms.len() - 1)
    }

    /// Changes what a room is besides its motion inputs.
    pub fn change_room(&mut self, id: RoomId, change: impl FnOnce(&mut Room)) {
        change(&mut self.0.rooms[id.0]);
    }

    pub fn climate(&mut self, zone: Climate) {
        self.0.climates.push(zone);
    }

    pub fn rule(&mut self, name: &str, condition: Condition, set: &[(OutputId, Level)]) {
        self.push_rule(name, condition, None, set);
    }

    pub fn rule_until(&mut self, name: &str, condition: Condition, until: Condition, set: &[(OutputId, Level)]) {
        self.push_rule(name, condition, Some(until), set);
    }

    pub fn push_rule(
        &mut self,
        name: &str,
        mut condition: Condition,
        mut until: Option<Condition>,
        set: &[(OutputId, Level)],
    ) {
        let text = format!("{condition:?} until {until:?}");
        let mut timers = 0;
        number_timers(&mut condition, &mut timers);
        if let Some(until) = &mut until {
            number_timers(until, &mut timers);
        }
        self.0.rules.push(Rule { name: name.into(), condition, until, set: set.to_vec(), notice: None, timers, text });
    }

    /// The words of `mode`; the first is the start.
    pub fn modes(&mut self, words: &[&str]) {
        self.0.modes = Modes { list: words.iter().map(|word| (*word).into()).collect(), start: 0 };
    }

    /// Changes what an input is besides its wire.
    pub fn change_input(&mut self, id: InputId, change: impl FnOnce(&mut Input)) {
        change(&mut self.0.inputs[id.0]);
    }

    /// A series of a thermometer's readings to look back on.
    pub fn series(&mut self, sensor: SensorId, window: Duration) -> SeriesId {
        let series = Series { sensor, quantity: Quantity::Temperature, window };
        let known = self.0.series.iter().position(|known| *known == series);
        SeriesId(known.unwrap_or_else(|| {
            self.0.series.push(series);
            self.0.series.len() - 1
        }))
    }

    /// An event rule.
    pub fn event(
        &mut self,
        name: &str,
        mut on: Vec<Trigger>,
        mut condition: Option<Condition>,
        actions: Vec<Action>,
        mode: RunMode,
    ) {
        let text = format!("{on:?} if {condition:?}");
        let mut timers = 0;
        for trigger in &mut on {
            if let Trigger::Becomes(condition) = trigger {
                number_timers(condition, &mut timers);
            }
        }
        if let Some(condition) = &mut condition {
            number_timers(condition, &mut timers);
        }
        self.0.events.push(EventRule {
            name: name.into(),
            on,
            condition,
            actions,
            mode,
            catch_up: false,
            timers,
            text,
        });
    }

    pub fn build(&self) -> Arc<Config> {
        Arc::new(self.0.clone())
    }
}

/// What a room asks.
pub fn asked(mut condition: Condition) -> Option<Rule> {
    let (text, mut timers) = (format!("{condition:?}"), 0);
    number_timers(&mut condition, &mut timers);
    Some(Rule { name: "asked".into(), condition, until: None, set: Vec::new(), notice: None, timers, text })
}

fn number_timers(condition: &mut Condition, next: &mut usize) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter_mut().for_each(|part| number_timers(part, next)),
        Condition::Not(part) => number_timers(part, next),
        Condition::Held { condition, timer, .. } => {
            *timer = *next;
            *next += 1;
            number_timers(condition, next);
        }
        _ => {}
    }
}

/// What a rule commands.
pub fn command(point: &str, payload: &str, hold: Option<Duration>) -> Action {
    Action::Command { point: point.into(), payload: payload.into(), hold: hold.map(Hold::Time) }
}

pub fn is_on(input: InputId) -> Condition {
    Condition::On(Point::Input(input))
}

pub fn output_is_on(output: OutputId) -> Condition {
    Condition::On(Point::Output(output))
}

pub fn occupied(room: RoomId) -> Condition {
    Condition::On(Point::Occupied(room))
}

pub fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

pub fn held(condition: Condition, duration: Duration) -> Condition {
    Condition::Held { condition: Box::new(condition), duration, timer: 0 }
}

pub fn warmer(sensor: SensorId, than: f64) -> Condition {
    compare(sensor, Comparison::Greater, than)
}

pub fn colder(sensor: SensorId, than: f64) -> Condition {
    compare(sensor, Comparison::Less, than)
}

pub fn compare(sensor: SensorId, comparison: Comparison, with: f64) -> Condition {
    Condition::Compare(Number::Reading(sensor, Quantity::Temperature), comparison, Number::Constant(with))
}

/// A window of clock time, as minutes of the day; over midnight if it ends before it begins.
pub fn between(from: i32, to: i32) -> Condition {
    let time = |minutes: i32| TimeOfDay::clock(minutes * 60);
    Condition::TimeBetween { from: time(from), to: time(to), next_day: to <= from }
}

/// Minutes of the day.
pub const fn at(hour: i32, minute: i32) -> i32 {
    hour * 60 + minute
}

/// The house of a configuration file's text; its hub is there already.
pub fn from_text(text: &str) -> Arc<Config> {
    try_text(text).unwrap_or_else(|report| panic!("{report}"))
}

/// The same, or what is wrong with it.
pub fn try_text(text: &str) -> Result<Arc<Config>, hearthd::config::Report> {
    let text = format!("[hub]\nid = \"test\"\ntimezone = \"Europe/Amsterdam\"\n{text}");
    Ok(Arc::new(hearthd::config::parse(std::path::Path::new("test.toml"), &text)?.config))
}
