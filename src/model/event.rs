//! What can happen to the engine and what it wants done: both closed lists.

use super::{
    Cause, Click, ClimateMode, Config, CoverSays, Hold, InputId, Learnt, Level, OutputId, PastDay, Quantity, Source,
};
use crate::clock::Moment;
use chrono::{DateTime, Utc};
use std::{fmt, sync::Arc};

/// Everything that can happen to the engine. Hardware names its points, so that news of an entity that a reload has
/// just removed is dropped and never taken for another's.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Time has passed.
    Wake,
    /// An input was read, at start or because its wire changed. `true` is active.
    InputRead {
        /// The input's id.
        input: Arc<str>,
        /// Its value, or why it cannot be read.
        result: Result<bool, String>,
        /// When its wire changed, by the time stamp that the kernel gave it; None: now, as far as is known.
        at: Option<Moment>,
    },
    /// A button that tells its clicks itself, without being read, told one.
    InputClicked {
        /// The input's id.
        input: Arc<str>,
        /// Which.
        click: Click,
    },
    /// A counter has counted pulses. Where a reload has made the input something else, they mean nothing.
    Pulsed {
        /// The input's id.
        input: Arc<str>,
        /// How many there were since the last such event, at least 1.
        count: u32,
        /// When the last of them was, by the time stamp that the kernel gave it where there is one.
        at: Moment,
    },
    /// A sensor was read.
    SensorRead {
        /// The sensor's id.
        sensor: Arc<str>,
        /// Finite numbers in the units of their quantities, or why there are none.
        result: Result<Vec<(Quantity, f64)>, ReadFailure>,
    },
    /// A sensor's chip has another calibration, such as the baseline of a gas sensor, to be kept over a restart.
    SensorLearnt {
        /// The sensor's id.
        sensor: Arc<str>,
        /// What.
        learnt: Learnt,
    },
    /// The answer to [`Effect::Drive`], at once or later. Of an output that was driven again since, or that a reload took
    /// away, it means nothing any more.
    Driven {
        /// Which drive.
        drive: DriveId,
        /// Whether the wire took the level.
        result: Result<(), String>,
    },
    /// A drive has not been answered for too long: the wire may carry anything. Its answer still counts when it comes.
    Overdue {
        /// Which drive.
        drive: DriveId,
        /// For people: how long that is.
        text: String,
    },
    /// What the wire of an output is, without being driven just now: it was claimed at another level than it was to be, or
    /// does not read as it was last driven.
    WireFound {
        /// The output's id.
        output: Arc<str>,
        /// With `Ok`, the level that it has; with `Err`, the one that it should have.
        level: Level,
        /// Whether it has it, or why not.
        result: Result<(), String>,
    },
    /// A device that could not be reached can be again: what it did not take is to be tried once more.
    WireReached {
        /// The output's id.
        output: Arc<str>,
    },
    /// A cover on the broker tells where it is and whether it moves.
    CoverTold {
        /// The output's id.
        output: Arc<str>,
        /// All that it says now.
        says: CoverSays,
    },
    /// What is known of a day of the past, which lights may repeat two weeks later.
    Remembered(PastDay),
    /// Somebody wishes something.
    Command {
        /// What.
        command: Command,
        /// Who waits for the answer, if anybody does.
        request: Option<RequestId>,
    },
    /// The file was edited and is good. State of all that kept its identity is carried over.
    Reconfigure(Arc<Config>),
    /// The process is asked to end: drive the safe state.
    Stop,
}

/// One drive of one output. Within a run of hearthd, none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriveId(pub u64);

/// A command whose answer somebody waits for. Whoever takes commands in gives them out and knows whom each is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Why a sensor gave no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFailure {
    /// For people: device, what was wrong, what to do.
    pub text: String,
    /// It failed often enough to be called broken.
    pub fault: bool,
}

/// A wish by a person or a program, as it came in. The engine refuses what it cannot mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Who wishes.
    pub source: Source,
    /// The dotted name of a point.
    pub point: String,
    /// `ON`, `OFF`, `TOGGLE`, `AUTO`, a number, or another word of the point.
    pub payload: String,
    /// How long it holds; None: as the output's configuration says.
    pub hold: Option<Hold>,
}

/// What the daemon must do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Drive an output and come back with [`Event::Driven`], however late.
    Drive {
        /// What the answer is to name.
        drive: DriveId,
        /// Which output.
        output: OutputId,
        /// To what.
        level: Level,
        /// Why, for the log.
        cause: Cause,
    },
    /// Answer a command. Accepted means that it counts from now on: as an output's manual slot, a target, the mode, a lock, a
    /// total. [`Snapshot`](super::Snapshot) tells what came of it.
    Answer {
        /// As it came in.
        command: Command,
        /// As it came with it.
        request: Option<RequestId>,
        /// Accepted, or why not.
        result: Result<(), Refusal>,
    },
    /// Tell people something.
    Notify {
        /// The event rule that wants it told.
        rule: Arc<str>,
        /// In one line.
        text: String,
        /// When it became so.
        at: DateTime<Utc>,
    },
    /// Tell that a button was clicked.
    Clicked {
        /// Which.
        input: InputId,
        /// How.
        click: Click,
    },
    /// Write a line to the log: what an event rule did not do, that the output of a rule is held off, that a setting by hand
    /// is over.
    Note {
        /// The rule, or the point.
        about: Arc<str>,
        /// One line.
        text: Arc<str>,
    },
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such point.
    UnknownPoint {
        /// The nearest name that can be commanded, if one is near.
        nearest: Option<String>,
    },
    /// The point is read, not set.
    ReadOnly,
    /// The payload is none of the words for this point.
    BadValue {
        /// What it should be.
        expected: String,
    },
    /// It would not fit to the rest of the configuration.
    Unfit {
        /// What is wrong.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// There is nothing that `AUTO` could give the point back to.
    NoAuto {
        /// What it can be set to.
        expected: String,
    },
    /// An output that is on or off was given a level.
    NoLevels {
        /// Its id.
        output: String,
    },
    /// Somebody locked the output.
    Locked {
        /// Its id.
        output: String,
    },
    /// The time to hold is zero or longer than a year.
    BadHold,
    /// What is asked cannot be for a time.
    NoHold {
        /// Why.
        why: String,
    },
    /// What is asked cannot be until a room is empty.
    NoRoom {
        /// The output that is in no room; None: it is not asked of an output.
        output: Option<String>,
    },
    /// More or less than now is asked, and nobody knows how it is now.
    NotKnown,
    /// It is not known at which end a door is, or whether at any.
    NoEnds {
        /// Its id.
        output: String,
    },
    /// A zone has no one target in this mode.
    NoSetpoint {
        /// Its id.
        zone: String,
        /// The mode that it is in.
        mode: ClimateMode,
    },
    /// hearthd is stopping.
    Stopping,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownPoint { nearest: Some(nearest) } => write!(f, "no such point; did you mean {nearest}?"),
            Refusal::UnknownPoint { nearest: None } => f.write_str("no such point"),
            Refusal::ReadOnly => f.write_str("this point is read, not set"),
            Refusal::BadValue { expected } => write!(f, "not a value for this point; write {expected}"),
            Refusal::Unfit { what, advice } => write!(f, "{what}; {advice}"),
            Refusal::NoAuto { expected } => {
                write!(f, "it stays as it is set, so there is no AUTO for it; write {expected}")
            }
            Refusal::NoLevels { output } => write!(f, "{output} is a relay: ON or OFF, no levels"),
            Refusal::Locked { output } => write!(f, "{output} is locked; {output}.lock OFF unlocks it"),
            Refusal::BadHold => f.write_str("a command holds for 1s to 365d"),
            Refusal::NoHold { why } => write!(f, "it cannot hold for a time: {why}; leave the time out"),
            Refusal::NoRoom { output: Some(output) } => {
                write!(
                    f,
                    "{output} is in no room that could be empty; write a time such as 2h, or give it a `room` in the file"
                )
            }
            Refusal::NoRoom { output: None } => {
                f.write_str("only outputs and scenes are held until a room is empty; write a time such as 2h")
            }
            Refusal::NoEnds { output } => {
                write!(f, "nobody knows where {output} is: an end switch does not tell, or both say that it is there")
            }
            Refusal::NotKnown => {
                f.write_str("how far open it is now is not known; write 0 to 100, or move it to an end first")
            }
            Refusal::NoSetpoint { zone, mode } => write!(
                f,
                "one target is for heat and cool, and the mode of {zone} is {}; write {zone}.target or {zone}.cool_target",
                mode.word()
            ),
            Refusal::Stopping => f.write_str("hearthd is stopping"),
        }
    }
}
