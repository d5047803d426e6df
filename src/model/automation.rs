//! What happens once, on an event: rules with `on` and `do`, scenes, the modes of the house.

use super::{Condition, Cron, InputId, Level, OutputId, Point, TimeOfDay};
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
    /// How long that holds; nothing: as for any command.
    pub hold: Option<Duration>,
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
    /// hearthd has started.
    Start,
}

/// A way in which a button is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Click {
    /// Once, and let go.
    Single,
    /// Twice.
    Double,
    /// Three times.
    Triple,
    /// More often than that.
    Many,
    /// Held down.
    Long,
}

impl Click {
    /// All of them.
    pub const ALL: [Click; 5] = [Click::Single, Click::Double, Click::Triple, Click::Many, Click::Long];

    /// Its word, as MQTT has it.
    pub fn word(self) -> &'static str {
        match self {
            Click::Single => "click",
            Click::Double => "double",
            Click::Triple => "triple",
            Click::Many => "many",
            Click::Long => "long",
        }
    }
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
        hold: Option<Duration>,
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

/// What becomes of an event while the actions of an earlier one are not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// It is left out.
    Single,
    /// The actions begin anew.
    Restart,
    /// It waits for its turn.
    Queued,
}

impl RunMode {
    /// The most events that wait for their turn.
    pub const QUEUE: usize = 10;
}
