//! What happens once, on an event: rules with `on` and `do`, scenes, the modes of the house.

use super::table::table;
use super::{Condition, Cron, Hold, InputId, Level, OutputId, Point, TimeOfDay};
use std::{sync::Arc, time::Duration};

/// A selector of the whole house, such as `home`, `away`, `night`. Without words there is no point `mode`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Its words, in the order of the file.
    pub list: Vec<Arc<str>>,
    /// The place of the one a new house begins with.
    pub start: usize,
}

impl Modes {
    /// The place of this word.
    pub fn find(&self, word: &str) -> Option<usize> {
        self.list.iter().position(|mode| &**mode == word)
    }
}

/// Several outputs set at once, by hand or by a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The key of its table; it is commanded as `scene.id`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What it sets.
    pub set: Vec<(OutputId, Level)>,
    /// How long that holds; None: as for any command.
    pub hold: Option<Hold>,
}

/// Does something once when something happens.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRule {
    /// A sentence for people; unique among all rules; its identity over a reload.
    pub name: Arc<str>,
    /// What makes it act: any of these.
    pub on: Vec<Trigger>,
    /// It acts only if this is true at that moment.
    pub condition: Option<Condition>,
    /// What it does, one after the other.
    pub actions: Vec<Action>,
    /// What becomes of an event while the actions of an earlier one are not over.
    pub mode: RunMode,
    /// What came true, or what time came, while nobody could know it counts when it is known again.
    pub catch_up: bool,
    /// How many `for` durations its conditions hold; their timers are numbered from 0.
    pub timers: usize,
    /// Triggers and condition as written; when it changes, all state starts anew.
    pub text: String,
}

/// What makes an event rule act.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A button was pressed in this way.
    Click(InputId, Click),
    /// The condition becomes true: it was known to be false, and then known to be true.
    Becomes(Condition),
    /// The point has another value than before.
    Changes(Point),
    /// This time of the day.
    At(TimeOfDay),
    /// These times.
    Cron(Cron),
    /// Again and again, this far apart in real time. Each is a whole number of these after midnight of 1 January 2000 on
    /// the local clock.
    Every(Duration),
    /// This time of each so many days, counted from 1 January 2000.
    EveryDays(u32, TimeOfDay),
    /// hearthd has started.
    Start,
}

table! {
    /// A way in which a button is pressed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Click {
        /// Once, and let go.
        Single = "click";
        /// Twice.
        Double = "double";
        /// Three times.
        Triple = "triple";
        /// More often than that.
        Many = "many";
        /// Held down.
        Long = "long";
    }
}

impl Trigger {
    /// Whether it is of the time alone.
    pub fn is_timed(&self) -> bool {
        matches!(self, Trigger::At(_) | Trigger::Cron(_) | Trigger::Every(_) | Trigger::EveryDays(..))
    }
}

/// What is told about a state: once when it begins, once when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When it begins.
    pub begins: Vec<Part>,
    /// When it is over.
    pub over: Vec<Part>,
}

/// One thing that an event rule does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Gives a command, as somebody over MQTT could.
    Command {
        /// The dotted name of a point, or `scene.NAME`.
        point: Arc<str>,
        /// What it is set to, in the words of commands: `ON`, `TOGGLE`, `away`.
        payload: Arc<str>,
        /// How long it holds, if it does not hold as usual.
        hold: Option<Hold>,
    },
    /// Tells people something.
    Notify(Vec<Part>),
    /// Does nothing for a while.
    Wait(Duration),
}

/// A part of a text for people.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// As written.
    Text(String),
    /// The value of a point, as MQTT has it.
    Value(Point),
}

table! {
    /// What becomes of an event while the actions of an earlier one are not over.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RunMode {
        /// It is left out.
        Single = "single";
        /// The actions begin anew.
        Restart = "restart";
        /// It waits for its turn.
        Queued = "queued";
    }
}

impl RunMode {
    /// The most events that wait for their turn.
    pub const QUEUE: usize = 10;
}

table! {
    /// Why an event rule did nothing although its event happened, or was to happen. The word is for programs, a row for
    /// people.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the rows say it")]
    pub enum LeftOut: &'static str {
        IfFalse = "if_false", "its `if` was not true";
        IfUnknown = "if_unknown", "its `if` was not known";
        NotOver = "not_over", "its actions were not over";
        QueueFull = "queue_full", "too many events waited for their turn";
        TooOften = "too_often", "it happened too often within a second";
        /// Its time came while hearthd was off, or the clock was set over it.
        Missed = "missed", "its time was missed";
    }
}

impl LeftOut {
    /// For people.
    pub fn describe(self) -> &'static str {
        self.facts()
    }
}

/// What became of the events of a rule, each counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventUse {
    /// It did what it does.
    pub acted: u64,
    /// In the order of [`LeftOut::ALL`].
    left_out: [u64; LeftOut::ALL.len()],
}

impl EventUse {
    /// One more that was left out.
    pub fn leave_out(&mut self, why: LeftOut) {
        self.left_out[why as usize] += 1;
    }

    /// The reasons for which some were left out, each with how many.
    pub fn left_out(&self) -> impl Iterator<Item = (LeftOut, u64)> + use<> {
        LeftOut::ALL.into_iter().zip(self.left_out).filter(|(_, count)| *count > 0)
    }

    /// How often it happened, or was to happen.
    pub fn happened(&self) -> u64 {
        self.acted + self.left_out.iter().sum::<u64>()
    }
}

impl std::ops::AddAssign for EventUse {
    fn add_assign(&mut self, more: EventUse) {
        self.acted += more.acted;
        for (sum, count) in self.left_out.iter_mut().zip(more.left_out) {
            *sum += count;
        }
    }
}
