//! How outputs carry out what they are asked: by a line of their own, or through other outputs.

use super::{Config, InputId, OutputId, OutputKind, Remote, duration};
use std::{fmt, sync::Arc, time::Duration};

/// How an output carries out what it is asked.
///
/// An output with one line of its own drives it. The others work through *parts*: outputs that the configuration does not
/// name, each with one line and the whole priority array, so that interlocks and minimum times hold at the wires.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// It drives its line itself: a relay on or off, PWM at a level.
    Direct,
    /// Its part is on for a share of the time.
    SlowPwm {
        /// The part.
        wire: OutputId,
        /// Time from one switching on to the next, at least.
        period: Duration,
        /// The share of the time at 1 % and at 100 %.
        range: PowerRange,
    },
    /// Its part follows, but begins at full power, so that a motor gets going.
    KickStart {
        /// The part.
        wire: OutputId,
        /// For so long.
        kick: Duration,
    },
    /// One part for each speed, the slowest first; at most one is on.
    Speeds {
        /// The parts.
        stages: Vec<OutputId>,
        /// It begins with the highest speed for so long.
        kick: Duration,
    },
    /// A blind, an awning, a gate: it is moved by time.
    Cover(Cover),
    /// A garage door or a gate whose opener has one button: it opens, stops and closes in turn.
    Door(Door),
    /// A cover on the broker: it moves by itself where it is asked to be, and tells where it is.
    Mover(Mover),
    /// Stands for its members: what is asked of it is asked of them.
    Group {
        /// Outputs that are no groups.
        members: Vec<OutputId>,
        /// Whether it is on when all members are, or when any is.
        all: bool,
    },
    /// A part of another output; people do not see it.
    Part {
        /// Of which.
        of: OutputId,
    },
}

/// How a cover moves. Its level is its position: 0 closed, 100 open.
#[derive(Clone, Debug, PartialEq)]
pub struct Cover {
    /// The part that opens it.
    pub open: OutputId,
    /// The part that closes it.
    pub close: OutputId,
    /// From closed to open.
    pub open_time: Duration,
    /// From open to closed.
    pub close_time: Duration,
}

/// How a door moves whose opener has one button. Its level is 0 closed, 100 open, with nothing between that it can be asked
/// for. Where it is, its end switches tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Door {
    /// The part that presses the button.
    pub button: OutputId,
    /// For how long.
    pub press: Duration,
    /// Between two presses.
    pub rest: Duration,
    /// From closed to open.
    pub open_time: Duration,
    /// From open to closed.
    pub close_time: Duration,
    /// The switch at the closed end.
    pub closed: InputId,
    /// The switch at the open end; None: what is not closed is taken for open.
    pub open: Option<InputId>,
}

/// A cover on the broker. Each of its parts is one press, which is published once. Its level is 0 closed, 100 open.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// Where it tells what it is, and how it is commanded.
    pub remote: Arc<Remote>,
    /// The part that opens it.
    pub open: OutputId,
    /// The part that closes it.
    pub close: OutputId,
    /// The part that stops it.
    pub stop: OutputId,
    /// The part that moves it to the position that is its level; None: it takes no positions.
    pub to: Option<OutputId>,
    /// Of another hub's: the part that gives it back, so that it decides again; None: it is this house's own.
    pub release: Option<OutputId>,
    /// A garage door, a gate or a door: it does not open because a time is over, and does not move long after it was asked to.
    pub is_gate: bool,
}

impl Method {
    /// The cover on the broker that it is, if it is one.
    pub fn mover(&self) -> Option<&Mover> {
        if let Method::Mover(mover) = self { Some(mover) } else { None }
    }
}

/// What an output can be asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// On or off.
    OnOff,
    /// Any level from 0 to 100 %.
    Percent,
    /// This many speeds, at even distances: 3 are 33, 67 and 100 %.
    Steps(u8),
    /// A position from 0 (closed) to 100 (open).
    Position,
    /// Open or closed; it can be stopped between.
    Ends,
}

impl Capability {
    /// Whether it opens and closes and takes its time for it, so that it can be stopped on the way.
    pub fn moves(self) -> bool {
        matches!(self, Capability::Position | Capability::Ends)
    }

    /// The level that an output takes when it is asked for `percent`; the speed above, if it has speeds.
    pub fn fit(self, level: super::Level) -> super::Level {
        match self {
            Capability::OnOff | Capability::Ends => super::Level::from_on(level.is_on()),
            Capability::Percent | Capability::Position => level,
            Capability::Steps(count) => Capability::level_of_step(Capability::step(count, level), count),
        }
    }

    /// The speed of `count` that a level stands for, 0 (off) to `count`.
    pub fn step(count: u8, level: super::Level) -> u8 {
        let step = (u32::from(level.percent()) * u32::from(count)).div_ceil(100);
        // The rounded level of a step must not be taken for the step above: 67 % of 3 is the second.
        let below = step.saturating_sub(1);
        let rounded = (below * 100 + u32::from(count) / 2) / u32::from(count.max(1));
        let step = if below > 0 && u32::from(level.percent()) <= rounded { below } else { step };
        u8::try_from(step).unwrap_or(count)
    }

    /// The level that is so many percent above `base`, or below; with speeds, at least one of them further.
    pub fn changed_by(self, base: super::Level, percent: i8) -> super::Level {
        let moved = |from: u8, by: i32, most: u8| {
            u8::try_from((i32::from(from) + by).clamp(0, i32::from(most))).unwrap_or(most)
        };
        match self {
            Capability::Steps(count) => {
                let steps = (i32::from(percent.unsigned_abs()) * i32::from(count) + 50) / 100;
                let by = i32::from(percent.signum()) * steps.max(1);
                Capability::level_of_step(moved(Capability::step(count, base), by, count), count)
            }
            _ => super::Level::new(moved(base.percent(), percent.into(), 100)).unwrap_or(super::Level::ON),
        }
    }

    /// Whether `percent` was probably meant as the number of a speed: it is one, and less than the slowest is in percent.
    pub fn sounds_like_a_speed(self, percent: u8) -> bool {
        match self {
            Capability::Steps(count) => {
                (1..=count).contains(&percent) && percent < Capability::level_of_step(1, count).percent()
            }
            Capability::OnOff | Capability::Percent | Capability::Position | Capability::Ends => false,
        }
    }

    /// The level of a speed.
    pub fn level_of_step(step: u8, count: u8) -> super::Level {
        let percent = (u32::from(step.min(count)) * 100 + u32::from(count) / 2) / u32::from(count.max(1));
        super::Level::new(u8::try_from(percent).unwrap_or(100)).unwrap_or(super::Level::ON)
    }
}

/// How a PWM line turns a level into power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dimming {
    /// Of the pulses, Hz.
    pub frequency: f64,
    /// The eye's curve: power is the level to this power. 1 is a straight line.
    pub gamma: f64,
    /// From 0 to 100 % and back takes this long.
    pub transition: Duration,
    /// The power at 1 % and at 100 %.
    pub range: PowerRange,
}

impl Dimming {
    /// A straight line without transition, at 1 kHz.
    pub const PLAIN: Dimming =
        Dimming { frequency: 1000.0, gamma: 1.0, transition: Duration::ZERO, range: PowerRange::FULL };

    /// The share of the time that the line is high, 0.0 to 1.0, at a level from 0.0 to 1.0. Zero means zero.
    pub fn duty(&self, level: f64) -> f64 {
        self.range.scale(level.clamp(0.0, 1.0).powf(self.gamma))
    }
}

/// The share of full power at the lowest and at the highest level. Zero stays zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerRange {
    /// Just above 0 %, 0.0 to 1.0.
    pub min: f64,
    /// At 100 %, 0.0 to 1.0.
    pub max: f64,
}

impl PowerRange {
    /// From nothing to everything.
    pub const FULL: PowerRange = PowerRange { min: 0.0, max: 1.0 };

    /// The share of full power at `share` of the level, 0.0 to 1.0.
    pub fn scale(&self, share: f64) -> f64 {
        if share <= 0.0 { 0.0 } else { self.min + (self.max - self.min) * share }
    }
}

/// Which PWM channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PwmChannel {
    /// The board's own, by the BCM number of the pin: 12, 13, 18 or 19 on a Raspberry Pi.
    Pin(u32),
    /// By chip (a name of the kernel such as `pwmchip0`, or an expander of the configuration) and channel.
    OnChip {
        /// `pwmchip0`, or the expander's name.
        chip: String,
        /// From 0.
        channel: u32,
    },
}

impl fmt::Display for PwmChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PwmChannel::Pin(pin) => write!(f, "PWM of GPIO {pin}"),
            PwmChannel::OnChip { chip, channel } => write!(f, "PWM channel {channel} of {chip}"),
        }
    }
}

/// How long a command holds when it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualFor {
    /// Until somebody says AUTO.
    Auto,
    /// For this long.
    Time(Duration),
    /// Until what it would be by itself becomes another.
    NextChange,
    /// Until the output's room is empty.
    RoomEmpty,
    /// Until this time of the local day, in seconds after midnight.
    TimeOfDay(u32),
}

impl ManualFor {
    /// Those that are told by a word.
    pub const WORDS: [(&str, ManualFor); 3] =
        [("auto", ManualFor::Auto), ("next_change", ManualFor::NextChange), ("room_empty", ManualFor::RoomEmpty)];
}

/// As the file has it: `auto`, `2h`, `22:30`.
impl fmt::Display for ManualFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManualFor::Time(time) => f.write_str(&duration::spell(*time)),
            ManualFor::TimeOfDay(seconds) => write!(f, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60),
            ManualFor::Auto | ManualFor::NextChange | ManualFor::RoomEmpty => {
                let word = ManualFor::WORDS.iter().find(|(_, meaning)| meaning == self);
                word.map_or(Ok(()), |(word, _)| f.write_str(word))
            }
        }
    }
}

impl Config {
    /// What an output can be asked to be.
    pub fn capability(&self, id: OutputId) -> Capability {
        let output = &self[id];
        match (&output.method, output.steps) {
            (Method::Cover(_), _) => Capability::Position,
            (Method::Door(_), _) => Capability::Ends,
            (Method::Mover(mover), _) if mover.to.is_some() => Capability::Position,
            (Method::Mover(_), _) => Capability::Ends,
            (Method::Speeds { stages, .. }, _) => Capability::Steps(u8::try_from(stages.len()).unwrap_or(u8::MAX)),
            (Method::Group { members, .. }, _) => {
                let mut all = members.iter().map(|member| self.capability(*member));
                let first = all.next().unwrap_or(Capability::OnOff);
                // Some may take positions: all have ends.
                let moves = first.moves() && all.clone().all(Capability::moves);
                if all.all(|takes| takes == first) {
                    first
                } else if moves {
                    Capability::Ends
                } else {
                    Capability::OnOff
                }
            }
            (_, Some(count)) => Capability::Steps(count),
            (Method::SlowPwm { .. }, None) => Capability::Percent,
            (Method::KickStart { wire, .. }, None) => self.capability(*wire),
            (Method::Direct | Method::Part { .. }, None) if output.is_dimmed() => Capability::Percent,
            (Method::Direct | Method::Part { .. }, None) => Capability::OnOff,
        }
    }

    /// Whether an output tells where it is, whatever was asked of it: a door by its switches, a cover on the broker, and a
    /// group of such.
    pub fn tells_itself(&self, id: OutputId) -> bool {
        let tells = |id: &OutputId| matches!(self[*id].method, Method::Door(_) | Method::Mover(_));
        let members = self.members(id);
        !members.is_empty() && members.iter().all(tells)
    }

    /// What an output is asked to be, in words: `ON`, `40 %`; of a cover `OPEN`, `CLOSED`, `40 %`.
    pub fn level_text(&self, id: OutputId, level: super::Level) -> String {
        match (self.capability(id).moves(), level) {
            (true, super::Level::ON) => "OPEN".into(),
            (true, super::Level::OFF) => "CLOSED".into(),
            _ => level.to_string(),
        }
    }

    /// Whether people see an output: parts they do not.
    pub fn is_visible(&self, id: OutputId) -> bool {
        !matches!(self[id].method, Method::Part { .. })
    }

    /// Whether an output presses the button of a door.
    pub fn is_button(&self, id: OutputId) -> bool {
        let Method::Part { of } = self[id].method else { return false };
        matches!(self[of].method, Method::Door(_))
    }

    /// The outputs that people see, in the order of the file.
    pub fn visible_outputs(&self) -> impl Iterator<Item = OutputId> + '_ {
        (0..self.outputs.len()).map(OutputId).filter(|id| self.is_visible(*id))
    }

    /// The outputs through which one works; none for one with a line of its own.
    pub fn parts(&self, id: OutputId) -> Vec<OutputId> {
        match &self[id].method {
            Method::Direct | Method::Part { .. } | Method::Group { .. } => Vec::new(),
            Method::SlowPwm { wire, .. } | Method::KickStart { wire, .. } => vec![*wire],
            Method::Speeds { stages, .. } => stages.clone(),
            Method::Cover(cover) => vec![cover.open, cover.close],
            Method::Door(door) => vec![door.button],
            Method::Mover(mover) => {
                [mover.open, mover.close, mover.stop].into_iter().chain(mover.to).chain(mover.release).collect()
            }
        }
    }
}

impl super::Output {
    /// Whether its line carries levels: PWM, or topics that take them.
    pub fn is_dimmed(&self) -> bool {
        match &self.line {
            Some(super::Line::Pwm(_)) => true,
            Some(super::Line::Modbus(point)) => matches!(point.form, super::ModbusForm::Level { .. }),
            Some(super::Line::Remote(remote)) => remote.command.as_ref().is_some_and(|command| command.level.is_some()),
            _ => false,
        }
    }

    /// Whether it is a cover that moves by time.
    pub fn is_cover(&self) -> bool {
        self.kind == OutputKind::Cover && matches!(self.method, Method::Cover(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Level;

    fn level(percent: u8) -> Level {
        Level::new(percent).unwrap()
    }

    #[test]
    fn speeds_take_the_level_above_and_keep_their_own() {
        let takes = Capability::Steps(3);
        for (asked, got) in [(0, 0), (1, 33), (33, 33), (34, 67), (67, 67), (68, 100), (100, 100)] {
            assert_eq!(takes.fit(level(asked)), level(got), "{asked} %");
        }
        for count in 1..=100 {
            for step in 0..=count {
                let own = Capability::level_of_step(step, count);
                assert_eq!(Capability::step(count, own), step, "speed {step} of {count} is {own}");
            }
        }
    }

    #[test]
    fn zero_means_zero_and_the_rest_is_scaled() {
        let dimming = Dimming { range: PowerRange { min: 0.2, max: 0.8 }, ..Dimming::PLAIN };
        assert_eq!([dimming.duty(0.0), dimming.duty(0.5), dimming.duty(1.0)], [0.0, 0.5, 0.8]);
        let eye = Dimming { gamma: 2.8, ..Dimming::PLAIN };
        assert!((eye.duty(0.5) - 0.1436).abs() < 1e-4);
        assert_eq!((eye.duty(0.0), eye.duty(1.0)), (0.0, 1.0));
    }
}
