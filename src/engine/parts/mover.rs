//! Covers on the broker: what is pressed, and whether they follow. Where they are, they tell themselves, whoever moves them.

use super::cover::{Asks, Way};
use crate::{
    clock::Moment,
    engine::wakeup::NextWakeup,
    model::{CoverSays, Level, Mover, OutputId, Truth, duration},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is known of such a cover. A command is not lost by a start; what it told of itself counts when it is told anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct MoverState {
    /// Where it was last asked to be; None: nobody asks, or it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Level>,
    /// Somebody asked something of it, or nobody did, and that was seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_asked: bool,
    /// What is to be published, or is just being, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    press: Option<(Press, Moment)>,
    /// What was published last, until when it has to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    awaited: Option<(Press, Moment)>,
    /// What it did not follow, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfollowed: Option<(Press, Lapse)>,
    /// Of another hub's: it was told something from here, or was about to be, and was not given back. What it was not told it
    /// does not give back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    owed: bool,
    /// It was given back; until then its hub may turn out to have been gone, which never heard that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given_back: Option<Moment>,
    /// What it last told, perhaps before a start: then it shows whether anything changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<CoverSays>,
    /// It told so since this engine was made.
    #[serde(skip)]
    is_heard: bool,
    /// It looks ahead: a cover does as it is told.
    #[serde(skip)]
    ahead: bool,
}

/// What it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Press {
    Go(Level),
    Stop,
    /// Its own hub decides again.
    Release,
}

/// Why it did not do what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::engine) enum Lapse {
    /// It was told, and does not move.
    Unfollowed,
    /// It could not be told.
    Unpublished,
}

impl MoverState {
    /// It is on other topics: nothing is known of it, and nothing is pressed because of that. `is_moved`: it is commanded at
    /// another, where nothing was told from here.
    pub fn begin(&mut self, is_moved: bool) {
        let MoverState { to, was_asked, owed, given_back, .. } = *self;
        let (owed, given_back) = (owed && !is_moved, given_back.filter(|_| !is_moved));
        *self = MoverState { to, was_asked, owed, given_back, ..MoverState::default() };
    }

    /// Nobody knows how long ago the engine before this one ended: what waited then waits no more.
    pub fn wait_no_more(&mut self) {
        // What is to be given back still is.
        if let Some((press, _)) = self.press.take().filter(|(press, _)| *press != Press::Release) {
            self.unfollowed = Some((press, Lapse::Unpublished));
        }
        self.owed |= self.given_back.take().is_some();
    }

    /// Somebody asks that it is there, perhaps once more.
    pub fn go(&mut self, goal: Level, now: Moment) {
        (self.to, self.was_asked) = (Some(goal), true);
        self.publish(Press::Go(goal), now);
    }

    /// It is to stand still.
    pub fn stop(&mut self, now: Moment) {
        (self.to, self.was_asked) = (None, true);
        self.publish(Press::Stop, now);
    }

    fn publish(&mut self, press: Press, now: Moment) {
        (self.press, self.awaited, self.unfollowed) = (Some((press, now)), None, None);
    }

    /// It tells of itself.
    pub fn hear(&mut self, says: CoverSays) {
        // Also what it said before a start: then it may be nearer now.
        let before = self.told.and_then(|told| told.position);
        self.tell(says);
        let now = *self;
        let follows = |press| now.follows(press) || now.comes_nearer(before, press);
        self.awaited = now.awaited.filter(|(press, _)| !follows(*press));
        self.unfollowed = now.unfollowed.filter(|(press, _)| !follows(*press));
    }

    fn tell(&mut self, says: CoverSays) {
        (self.told, self.is_heard) = (Some(says), true);
    }

    /// What it says of itself; None: nobody has heard of it yet.
    fn says(&self) -> Option<CoverSays> {
        self.told.filter(|_| self.is_heard)
    }

    /// The engine runs ahead.
    pub fn look_ahead(&mut self) {
        self.ahead = true;
    }

    /// The part that is pressed now, and to which level.
    pub fn pressed(&self, mover: &Mover) -> Option<(OutputId, Level)> {
        Some(match self.press?.0 {
            Press::Stop => (mover.stop, Level::ON),
            Press::Go(Level::OFF) => (mover.close, Level::ON),
            Press::Go(Level::ON) => (mover.open, Level::ON),
            Press::Go(level) => mover.to.map_or((mover.open, Level::ON), |to| (to, level)),
            Press::Release => (mover.release?, Level::ON),
        })
    }

    /// What is to be pressed now. `is_pressed`: the broker has taken what was pressed; `is_away`: it cannot be reached. Then
    /// what is asked waits for a while, but STOP does not: what it was to stop is over when it can.
    pub fn step(
        &mut self,
        mover: &Mover,
        asks: Asks,
        is_pressed: bool,
        is_away: bool,
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> Option<(OutputId, Level)> {
        match self.press.take_if(|_| is_pressed) {
            // What it did not follow, nobody asks of it any more.
            Some((Press::Release, _)) => {
                (self.owed, self.unfollowed) = (false, None);
                self.given_back = mover.remote.gone_within().map(|within| now + within);
            }
            Some((press, _)) => {
                if let (true, Press::Go(level)) = (self.ahead, press) {
                    self.tell(CoverSays { position: Some(level), towards: None });
                }
                let due = now + mover.confirm_within();
                self.awaited = (!self.follows(press) && !self.ahead).then_some((press, due));
            }
            None => {}
        }
        if let Some(until) = self.given_back {
            self.owed |= is_away && now < until;
            match is_away || now >= until {
                true => self.given_back = None,
                false => wakeup.at(until),
            }
        }
        match asks {
            // What a rule asks when a gate is first there is no reason to move it.
            Asks::For(level) if mover.is_gate && !self.was_asked => (self.to, self.was_asked) = (Some(level), true),
            Asks::For(level) if self.to != Some(level) => self.go(level, now),
            Asks::For(_) | Asks::Stays => {}
            Asks::Nothing => {
                // What could not be published yet is not any more when nobody asks for it.
                self.press.take_if(|(press, _)| matches!(press, Press::Go(_)));
                (self.to, self.was_asked) = (None, true);
                // Given back before it moves, it might not: nobody would ask there any more.
                if self.owed && self.press.is_none() && self.awaited.is_none_or(|(_, due)| now >= due) {
                    self.press = Some((Press::Release, now));
                }
            }
        }
        if let Some((press, since)) = self.moving_press() {
            let over = since + mover.waits();
            if now >= over || is_away && press == Press::Stop {
                self.press = None;
                self.unfollowed = (!self.follows(press)).then_some((press, Lapse::Unpublished));
            } else {
                wakeup.at(over);
            }
        }
        match self.awaited {
            Some((press, due)) if now >= due => {
                (self.awaited, self.unfollowed) = (None, Some((press, Lapse::Unfollowed)));
            }
            Some((_, due)) => wakeup.at(due),
            None => {}
        }
        let pressed = self.pressed(mover).filter(|_| !is_away);
        self.owed |= pressed.is_some() && mover.release.is_some();
        pressed
    }

    /// Of another hub's: whether it is to be given back when nobody here asks any more.
    pub fn is_owed(&self) -> bool {
        self.owed
    }

    /// Whether it has told where it is.
    pub fn is_known(&self) -> bool {
        self.says().is_some()
    }

    /// Whether it is open at all, as far as it says.
    pub fn is_open(&self) -> Truth {
        self.position().map_or(Truth::Unknown, |position| position.is_on().into())
    }

    /// Where it is, as far as it says.
    pub fn position(&self) -> Option<Level> {
        self.says()?.position
    }

    /// Which way it says that it moves.
    pub fn way(&self) -> Option<Way> {
        let towards = self.says()?.towards?;
        Some(if towards.is_on() { Way::Opening } else { Way::Closing })
    }

    /// Where it is on its way to, or about to be.
    pub fn goal(&self) -> Option<Level> {
        self.to.filter(|_| self.is_under_way())
    }

    /// Whether it moves, or is about to.
    pub fn is_under_way(&self) -> bool {
        self.is_pressing() || self.awaited.is_some() || self.way().is_some()
    }

    /// Whether it is told something just now, or waits for it.
    pub fn is_pressing(&self) -> bool {
        self.moving_press().is_some()
    }

    /// What it is told, or waits to be told, that is to move or stop it.
    fn moving_press(&self) -> Option<(Press, Moment)> {
        self.press.filter(|(press, _)| *press != Press::Release)
    }

    /// Until when what waits may be published.
    pub fn waits_until(&self, mover: &Mover) -> Option<Moment> {
        self.moving_press().map(|(_, since)| since + mover.waits())
    }

    /// Until when it has to follow.
    pub fn awaited_until(&self) -> Option<Moment> {
        self.awaited.map(|(_, due)| due)
    }

    /// Why it did not do what it was told.
    pub fn fault(&self) -> Option<Lapse> {
        self.unfollowed.map(|(_, lapse)| lapse)
    }

    /// What looks otherwise when it changes.
    pub fn shown(&self) -> impl PartialEq + use<> {
        (self.told, self.unfollowed)
    }

    /// Whether what it says is what it does when it is told so.
    fn follows(&self, press: Press) -> bool {
        let Some(CoverSays { position, towards }) = self.says() else { return false };
        let Press::Go(goal) = press else { return towards.is_none() };
        // Devices round, and some say no more than that they are not closed.
        let is_there = position.is_some_and(|position| position.percent().abs_diff(goal.percent()) <= 1);
        let goes_there = |end: Level| match position {
            _ if goal == Level::ON || goal == Level::OFF => end == goal,
            Some(position) => end.is_on() == (goal > position),
            None => true,
        };
        // Where it says that it is may be where it was.
        towards.map_or(is_there, goes_there)
    }

    /// Whether it is nearer to where it is to be than it was: some devices never say that they move.
    fn comes_nearer(&self, before: Option<Level>, press: Press) -> bool {
        let (Press::Go(goal), Some(before), Some(position)) = (press, before, self.position()) else { return false };
        let far = |level: Level| level.percent().abs_diff(goal.percent());
        far(position) < far(before)
    }
}

/// So long after it was asked for, a cover may still be told what could not be published before.
const WAITS: Duration = Duration::from_secs(600);
/// A gate must not move long after it was asked to.
const GATE_WAITS: Duration = Duration::from_secs(10);

impl Mover {
    /// How long what is to be published may wait.
    fn waits(&self) -> Duration {
        if self.is_gate { GATE_WAITS } else { WAITS }
    }

    /// Within which time it has to follow.
    fn confirm_within(&self) -> Duration {
        self.remote.command.as_ref().map(|command| command.confirm_within).unwrap_or_default()
    }

    /// For people: where it tells what it is, and within which time it has to follow.
    pub(in crate::engine) fn told_within(&self) -> (&str, String) {
        let told = self.remote.told().next().map_or("", |topic| topic);
        (told, duration::spell(self.confirm_within()))
    }
}
