//! Doors with one button: when it is pressed, and where the door is.
//!
//! The button opens, stops and closes in turn, and nothing tells which comes next. So:
//! - The **end switches** are the truth. The door is where they say, whoever moved it; where they are not known, it is not
//!   moved. What rules ask meanwhile waits, as a fault, and is done when they have told for a while and it is still asked.
//!   What somebody asks once does not wait: who asked it has long gone when they tell.
//!   What it did while they did not tell, nobody knows: it is no move.
//! - A move is **finished** before another begins: who asks for the other end on the way, and still does there, gets it from
//!   the end that the door reaches. A switch tells before the motor rests, so that is pressed a little later. Only STOP
//!   presses while it moves.
//! - A door that stands between its ends may go the wrong way first. It is then pressed **once more** at that end, but not
//!   where its last move says that it goes the right way: then something was in its way. Nothing else is pressed twice: what
//!   does not arrive in time is in fault until somebody asks again or a switch tells.
//! - Nothing is asked by a **start**: what rules ask when they are first known, and for a while after a start or a reload,
//!   is taken for done.

use super::cover::{Asks, Way};
use crate::{
    clock::Moment,
    engine::wakeup::NextWakeup,
    model::{Door, Level, Truth, duration},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// For so long after a start or a reload nothing is pressed but for a command, and after its switches began to tell again
/// nothing that had to wait for them.
const QUIET: Duration = Duration::from_secs(10);
/// A press that could not begin within this time is left out: the door must not move long after it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// For so long after a door has arrived its motor may still run: pressed then, it would stop.
const RUNS_OUT: Duration = Duration::from_secs(2);
/// For so long after it was stopped its switches may still tell that it left.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// What a move may take beyond its time, and a fifth of that.
const BEYOND: Duration = Duration::from_secs(2);

/// What of a door is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct DoorState {
    /// Where it was last asked to be; None: nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Level>,
    #[serde(skip)]
    run: Run,
}

/// What of it ends with the process: no press outlives a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    /// What its switches tell now.
    ends: Ends,
    /// Where they last said that it was; None: nobody has heard of it yet.
    at: Option<At>,
    /// Which way it moves, as far as that can be known, and since when.
    moves: Option<Move>,
    /// Which way it last moved.
    last: Option<Way>,
    /// When its last move ended by itself.
    arrived: Option<Moment>,
    /// It was stopped between its ends.
    stopped: bool,
    /// When it was last stopped.
    halted: Option<Moment>,
    /// Where it is to be.
    goal: Option<Level>,
    /// That was asked once, and does not wait for the switches.
    once: bool,
    /// How often the button was pressed for that.
    presses: u8,
    /// The first time, nobody knew which way it would go.
    blind: bool,
    /// And that may have been the wrong one, as far as its last move tells.
    astray: bool,
    /// It had to wait for its switches, and is not pressed before.
    after: Option<Moment>,
    /// It is to be stopped.
    stop: bool,
    /// The button is being pressed since then.
    press: Option<Moment>,
    fault: Option<Fault>,
    /// Until then, and then until it is known what rules ask, that is taken for done.
    quiet: Option<Moment>,
    /// It looks ahead: a door arrives in time.
    ahead: bool,
    /// What its switches are to tell there.
    expected: Option<Ends>,
}

/// Where a door is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Closed,
    Open,
    /// At no end that has a switch.
    Between,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    way: Way,
    since: Moment,
    /// Its button was pressed for it.
    ours: bool,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It did not arrive there in time.
    Late(Way),
    /// It is still at the end that it was to leave.
    Stuck(Way),
    /// It went another way, or was moved, before it arrived there.
    TurnedBack(Way),
    /// The button was not pressed.
    NotPressed,
}

/// What the switches at its ends tell: whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Ends {
    pub closed: Truth,
    /// None: there is no such switch.
    pub open: Option<Truth>,
    /// This process has heard of all of them; before, they are as remembered.
    pub is_heard: bool,
}

/// The wire of the button.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Button {
    /// It is pressed, as far as known.
    pub on: bool,
    /// Since when it is as it is.
    pub since: Moment,
    /// It is not known to be released.
    pub may_be_on: bool,
    /// Its wire is in fault.
    pub failed: bool,
}

impl DoorState {
    /// A start or a reload: nothing is pressed because of it. `anew`: what went on before does not go on.
    pub fn begin(&mut self, anew: bool, now: Moment) {
        if anew {
            self.run = Run::default();
        }
        // What was pressed is watched on.
        (self.run.goal, self.run.stop, self.run.quiet) = (None, false, Some(now + QUIET));
    }

    /// Somebody asks once that it is there. For `by_itself`, no person does.
    pub fn go(&mut self, goal: Level, by_itself: bool, now: Moment) {
        self.to = Some(goal);
        if !by_itself || self.quiet_until(now).is_none() {
            self.run.begin(goal);
            self.run.once = true;
        }
    }

    /// It is to stop, if it moves.
    pub fn stop(&mut self) {
        self.to = None;
        (self.run.goal, self.run.stop) = (None, true);
    }

    /// The engine runs ahead: the door does as it is told.
    pub fn look_ahead(&mut self) {
        self.run.ahead = true;
    }

    /// Until when what rules ask does not move it, after a start or a reload.
    pub fn quiet_until(&self, now: Moment) -> Option<Moment> {
        self.run.quiet.filter(|until| now < *until)
    }

    /// Whether the button is to be pressed now.
    pub fn step(
        &mut self,
        door: &Door,
        ends: Ends,
        asks: Asks,
        button: Button,
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> bool {
        self.run.look(self.run.expected.unwrap_or(ends), now);
        self.hear(asks, now, wakeup);
        self.run.follow(door, now, wakeup);
        self.run.press(door, button, now, wakeup)
    }

    fn hear(&mut self, asks: Asks, now: Moment, wakeup: &mut NextWakeup) {
        let quiet = self.quiet_until(now);
        quiet.into_iter().for_each(|until| wakeup.at(until));
        match asks {
            Asks::Stays => {
                // What will be asked when that is known was asked before, but what waits is not pressed for it.
                if self.run.goal.is_some() && self.run.presses == 0 {
                    (self.to, self.run.goal) = (None, None);
                }
                return;
            }
            Asks::For(level) => {
                if self.run.quiet.is_none() && self.to != Some(level) {
                    self.run.begin(level);
                }
                self.to = Some(level);
            }
            Asks::Nothing => {
                // What was pressed without knowing which way it goes is brought to its end.
                if self.run.presses == 0 {
                    self.run.goal = None;
                }
                if quiet.is_none() {
                    self.to = None;
                }
            }
        }
        self.run.quiet = quiet;
    }

    /// Whether its switches tell where it is.
    pub fn is_known(&self) -> bool {
        self.run.ends.at().is_some()
    }

    /// The end at which it is; None: at neither, or nobody knows.
    pub fn end(&self) -> Option<Level> {
        match self.run.ends.at()? {
            At::Closed => Some(Level::OFF),
            _ => self.run.is_open().then_some(Level::ON),
        }
    }

    /// Whether it is open at all.
    pub fn is_open(&self) -> Truth {
        match self.run.ends {
            Ends { closed: Truth::True, open: Some(Truth::True), .. } => Truth::Unknown,
            Ends { closed: Truth::Unknown, open: Some(Truth::True), .. } => Truth::True,
            Ends { closed, .. } => !closed,
        }
    }

    /// Which way it moves.
    pub fn way(&self) -> Option<Way> {
        self.run.moves.map(|moves| moves.way).filter(|_| self.is_known())
    }

    /// Whether it moves, or is about to.
    pub fn is_under_way(&self) -> bool {
        self.run.moves.is_some() || self.run.goal.is_some()
    }

    /// Until when it waits although its switches tell again.
    pub fn waits_until(&self, now: Moment) -> Option<Moment> {
        self.run.after.filter(|until| now < *until && self.run.goal.is_some())
    }

    /// Where it is to arrive, and by when it is in fault if it does not.
    pub fn awaited(&self, door: &Door) -> Option<(&'static str, Moment)> {
        let moves = self.run.moves.filter(|moves| moves.ours)?;
        Some((end(moves.way), moves.since + self.run.allows(door, moves.way)))
    }

    /// What is wrong with it.
    pub fn fault(&self, door: &Door) -> Option<String> {
        let time = |way| duration::spell(self.run.allows(door, way));
        Some(match self.run.fault {
            _ if self.run.ends.are_both() => "both of its end switches say that it is there; a magnet contact at the open end is an input of kind \"switch\"".into(),
            None => {
                let goal = self.run.goal.filter(|_| self.run.moves.is_none() && !self.is_known())?;
                format!("it is to be {}, and its end switches do not tell where it is", end(towards(goal)))
            }
            Some(Fault::Late(way)) => format!("it did not reach its {} end within {}", end(way), time(way)),
            Some(Fault::Stuck(way)) => {
                format!("its button was pressed, and after {} it is still {}", time(way), end(way.opposite()))
            }
            Some(Fault::TurnedBack(way)) => {
                format!("it turned back before it was {}: something may be in its way", end(way))
            }
            Some(Fault::NotPressed) => "its button could not be pressed".into(),
        })
    }

    /// What looks otherwise when it changes.
    pub fn shown(&self) -> impl PartialEq + use<> {
        (self.is_known(), self.end(), self.is_open(), self.way(), self.run.fault)
    }
}

impl Run {
    fn begin(&mut self, goal: Level) {
        (self.goal, self.presses, self.blind, self.stop, self.fault) = (Some(goal), 0, false, false, None);
        (self.astray, self.after, self.once) = (false, None, false);
    }

    /// Takes in what the switches tell.
    fn look(&mut self, ends: Ends, now: Moment) {
        let before = std::mem::replace(&mut self.ends, ends);
        let Some(at) = ends.at() else { return };
        if before.at().is_none() && self.goal.is_some() && self.presses == 0 {
            self.after = Some(now + QUIET);
        }
        if (before.at().is_none() || !before.is_heard) && self.moves.is_none() {
            // Where it is, it may have been for long.
            if self.at.replace(at) != Some(at) {
                (self.last, self.fault, self.stopped) = (at.came(), None, false);
            }
            return;
        }
        let Some(before) = self.at.replace(at).filter(|before| *before != at) else { return };
        self.fault = None;
        let way = match at {
            At::Closed => return self.arrive(Way::Closing, now),
            At::Open => return self.arrive(Way::Opening, now),
            At::Between if before == At::Closed => Way::Opening,
            At::Between => Way::Closing,
        };
        self.stopped = self.moves.is_none() && self.halted.is_some_and(|halted| now < halted + TOLD_WITHIN);
        if self.stopped {
            self.last = Some(way);
            return;
        }
        if self.moves.is_none_or(|moves| moves.way != way) {
            self.moves = Some(Move { way, since: now, ours: false });
        }
    }

    fn arrive(&mut self, way: Way, now: Moment) {
        self.end_move(way, now);
        self.stopped = false;
    }

    fn end_move(&mut self, way: Way, now: Moment) {
        (self.moves, self.last, self.arrived, self.stop) = (None, Some(way), Some(now), false);
    }

    /// What time makes of a move.
    fn follow(&mut self, door: &Door, now: Moment, wakeup: &mut NextWakeup) {
        let Some(moves) = self.moves else {
            self.stop = false;
            return;
        };
        let end = moves.since + self.allows(door, moves.way);
        if now < end {
            return wakeup.at(end);
        }
        if self.ahead {
            let is_open = moves.way == Way::Opening;
            let ends = Ends { closed: (!is_open).into(), open: door.open.map(|_| is_open.into()), is_heard: true };
            self.expected = Some(ends);
            self.look(ends, now);
        }
        self.end_move(moves.way, now);
        let opened = moves.way == Way::Opening && self.at == Some(At::Between) && door.open.is_none();
        if opened || self.ahead {
            return;
        }
        self.stopped = self.at == Some(At::Between);
        if moves.ours {
            let left = matches!(
                (self.at, moves.way),
                (Some(At::Between) | None, _) | (Some(At::Open), Way::Opening) | (Some(At::Closed), Way::Closing)
            );
            self.fault = Some(if left { Fault::Late(moves.way) } else { Fault::Stuck(moves.way) });
            self.goal = None;
        }
    }

    /// How long a move may take.
    fn allows(&self, door: &Door, way: Way) -> Duration {
        let time = if way == Way::Opening { door.open_time } else { door.close_time };
        match door.open {
            // It may go the other way.
            _ if self.blind => beyond(door.open_time.max(door.close_time)),
            // Nothing tells that it is open but the time.
            None if way == Way::Opening && self.at != Some(At::Closed) => time,
            _ => beyond(time),
        }
    }

    /// Whether the button is to be pressed now.
    fn press(&mut self, door: &Door, button: Button, now: Moment, wakeup: &mut NextWakeup) -> bool {
        if let Some(from) = self.press {
            let end = if button.on { button.since + door.press } else { from + PATIENCE };
            if now < end && !button.failed {
                wakeup.at(end);
                return true;
            }
            self.press = None;
            if !button.on {
                self.give_up(Fault::NotPressed);
            }
            return false;
        }
        let stops = self.stop && self.moves.is_some();
        let way = if stops { None } else { self.next() };
        if !stops && way.is_none() {
            return false;
        }
        if button.failed {
            self.give_up(Fault::NotPressed);
            return false;
        }
        let rested = button.since + door.rest;
        let rested = match self.arrived {
            Some(arrived) if !stops => rested.max(arrived + RUNS_OUT),
            _ => rested,
        };
        let rested = self.after.filter(|_| !stops).map_or(rested, |after| rested.max(after));
        if now < rested {
            wakeup.at(rested);
        }
        if button.may_be_on || now < rested {
            return false;
        }
        self.press = Some(now);
        wakeup.at(now + PATIENCE);
        match way {
            None => {
                (self.last, self.halted) = (self.moves.map(|moves| moves.way), Some(now));
                (self.moves, self.stopped, self.stop) = (None, self.at == Some(At::Between), false);
            }
            Some(way) => {
                let is_known = self.last.map(Way::opposite) == self.goal.map(towards);
                self.blind = self.is_between();
                (self.astray, self.stopped) = (self.blind && !is_known, false);
                self.presses += 1;
                self.moves = Some(Move { way, since: now, ours: true });
            }
        }
        true
    }

    /// Which way it goes when its button is pressed for its goal, as far as that can be told; None: it is not pressed.
    fn next(&mut self) -> Option<Way> {
        let goal = self.goal.filter(|_| self.moves.is_none())?;
        let Some(at) = self.ends.at().filter(|_| self.ends.is_heard) else {
            // What was pressed was watched until nobody could tell any more; what a rule asks waits.
            let may_wait = !self.once || self.ends.at().is_some();
            self.goal = self.goal.filter(|_| self.presses == 0 && may_wait);
            return None;
        };
        let is_there = match at {
            At::Closed => !goal.is_on(),
            At::Open | At::Between => goal.is_on() && self.is_open(),
        };
        let again = self.presses == 1 && self.astray;
        if is_there || self.presses > 0 && !again {
            self.goal = None;
            if !is_there {
                self.fault = Some(Fault::TurnedBack(towards(goal)));
            }
            return None;
        }
        Some(if self.is_between() { self.last.map_or(towards(goal), Way::opposite) } else { towards(goal) })
    }

    fn give_up(&mut self, fault: Fault) {
        (self.moves, self.goal, self.stop, self.fault) = (None, None, false, Some(fault));
    }

    /// Whether it stands between its ends, so that nobody knows which way it goes next.
    fn is_between(&self) -> bool {
        self.at == Some(At::Between) && !self.is_open()
    }

    /// Whether it is taken for open: at the end there, or without a switch there, not closed and not stopped.
    fn is_open(&self) -> bool {
        match self.at {
            Some(At::Open) => true,
            Some(At::Between) => self.ends.open.is_none() && !self.stopped,
            Some(At::Closed) | None => false,
        }
    }
}

impl Default for Ends {
    fn default() -> Ends {
        Ends { closed: Truth::Unknown, open: None, is_heard: false }
    }
}

impl Ends {
    /// Where the door is; None: that is not known.
    fn at(self) -> Option<At> {
        match (self.closed, self.open) {
            _ if self.are_both() => None,
            (Truth::True, _) => Some(At::Closed),
            (_, Some(Truth::True)) => Some(At::Open),
            (Truth::False, Some(Truth::False) | None) => Some(At::Between),
            _ => None,
        }
    }

    fn are_both(self) -> bool {
        self.closed.is_true() && self.open.is_some_and(Truth::is_true)
    }
}

impl At {
    /// Which way it came there; None: either.
    fn came(self) -> Option<Way> {
        match self {
            At::Closed => Some(Way::Closing),
            At::Open => Some(Way::Opening),
            At::Between => None,
        }
    }
}

/// Which way it goes to be so.
fn towards(goal: Level) -> Way {
    if goal.is_on() { Way::Opening } else { Way::Closing }
}

/// What a door is when it arrives.
fn end(way: Way) -> &'static str {
    if way == Way::Opening { "open" } else { "closed" }
}

fn beyond(time: Duration) -> Duration {
    time.mul_f64(1.2) + BEYOND
}
