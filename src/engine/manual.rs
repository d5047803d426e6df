//! The manual slot: somebody's command, and when it ends.

use super::{
    Engine,
    command::Goal,
    promises::Promised,
    slots::Situation,
    state::{ByItself, Manual, Release, Timestamp},
    wakeup::NextWakeup,
};
use crate::{
    almanac::local_instant,
    clock::Now,
    model::{
        Hold, Level, ManualEnd, ManualFor, Method, Mover, Output, OutputId, RoomId, SettableKind, Source, Truth, Zone,
    },
};
use chrono::{DateTime, Utc};

impl Engine {
    /// Fills the manual slots of these outputs: a command that was understood, or an action. `hold` is how long; None: as
    /// the output's `manual_for` says.
    pub(super) fn fill_manual(&mut self, goals: &[(OutputId, Goal)], source: &Source, hold: Option<Hold>, now: Now) {
        if goals.is_empty() {
            return;
        }
        self.commands = self.commands.saturating_add(1);
        for (id, goal) in goals.iter().copied() {
            self.promises.note(Promised::Output(id));
            // It is not asked for good: afterwards it is as it was, where nobody else asks.
            let back = hold.is_some().then(|| self.goes_back_to(id, goal, now)).flatten();
            let output = &self.config[id];
            // As somebody set it, else as the file says.
            let set = self.outputs[id.0].settings.time(SettableKind::ManualFor);
            let (until, release) = ends(output, hold.or(set.map(Hold::Time)), now);
            let (level, stands) = match goal {
                Goal::Level(level) => (self.config.capability(id).fit(level), false),
                Goal::Stand(level) => (level, true),
            };
            self.changes.output(id, &self.config);
            let (source, order) = (source.clone(), self.commands);
            let by_hand = source.is_outside();
            let state = &mut self.outputs[id.0];
            state.manual = Some(Manual { level, source, order, until, release, stands, back });
            // Who asks again after a limit has seen it: the output may go on once more.
            (state.tripped, state.in_circle_until, state.left) = (false, None, None);
            if by_hand {
                state.guard.let_go();
            }
            if output.pulse.is_some() {
                state.pulse_from = level.is_on().then_some(now.moment);
                if !level.is_on() {
                    // It ends the pulse and holds nothing.
                    (state.manual, state.tripped) = (None, true);
                }
            }
            match (&output.method, goal) {
                (Method::Cover(_), Goal::Stand(_)) => state.travel.stay(),
                (Method::Cover(_), Goal::Level(level)) => state.travel.go(level),
                (Method::Mover(_), Goal::Stand(_)) => state.mover.stop(now.moment),
                (Method::Mover(_), Goal::Level(_)) => state.mover.go(level, now.moment),
                (Method::Door(_), Goal::Stand(_)) => state.door.stop(),
                (Method::Door(_), Goal::Level(level)) => state.door.go(level, !by_hand, now.moment),
                _ => {}
            }
        }
    }

    /// What an output that stays as it is left goes back to after a command for a time.
    fn goes_back_to(&self, id: OutputId, goal: Goal, now: Now) -> Option<Level> {
        let (output, state) = (&self.config[id], &self.outputs[id.0]);
        let before = state.manual.as_ref().and_then(|manual| manual.back);
        let is = || match &output.method {
            // No door opens because a time is over.
            Method::Door(_) | Method::Mover(Mover { is_gate: true, .. }) => {
                self.position(id, now).filter(|level| !level.is_on())
            }
            Method::Cover(_) | Method::Mover(_) => self.position(id, now),
            _ => Some(state.left_at()),
        };
        if matches!((&output.method, goal), (Method::Door(_), Goal::Stand(_))) {
            return None;
        }
        // Another hub decides what becomes of its own output; but a cover would stay there.
        if output.default_holds && !output.is_lent() { before.or_else(is) } else { None }
    }

    /// Empties those of these outputs.
    pub(super) fn release_manual(&mut self, outputs: &[OutputId]) {
        self.commands = self.commands.saturating_add(1);
        for id in outputs.iter().copied() {
            self.promises.note(Promised::Output(id));
            self.changes.output(id, &self.config);
            let state = &mut self.outputs[id.0];
            (state.manual, state.tripped, state.left) = (None, false, None);
            state.guard.let_go();
        }
    }
}

fn ends(output: &Output, hold: Option<Hold>, now: Now) -> (Option<Timestamp>, Option<Release>) {
    let timed = |duration| (Some(Timestamp::after(now, duration)), None);
    match (hold, output.manual_for) {
        (Some(Hold::Time(time)), _) | (None, ManualFor::Time(time)) => timed(time),
        (None, ManualFor::Auto) => (None, None),
        (None, ManualFor::NextChange) => (None, Some(Release::NextChange { automatic: None })),
        (Some(Hold::RoomEmpty), _) | (None, ManualFor::RoomEmpty) => {
            (None, Some(Release::RoomEmpty { seen: false, since: now.moment }))
        }
        (None, ManualFor::TimeOfDay(_)) => (None, Some(Release::TimeOfDay { wall: None })),
    }
}

/// Ends the command of an output when its time is over. `automatic` is what the output would be by itself; None: that is not
/// known. Returns whether what must survive a restart changed.
pub(super) fn expire(
    manual: &mut Option<Manual>,
    output: &Output,
    situation: &Situation<'_>,
    automatic: Option<ByItself>,
    wakeup: &mut NextWakeup,
) -> bool {
    let Some(command) = manual else { return false };
    let before = command.release;
    let mut over = false;
    if let Some(until) = &mut command.until {
        over = situation.now.moment >= until.moment;
        until.follow(situation.now);
        if !over {
            wakeup.at(until.moment);
        }
    }
    if let Some(release) = &mut command.release {
        over |= released(release, output, situation, automatic, wakeup);
    }
    let changed = over || command.release != before;
    if over {
        *manual = None;
    }
    changed
}

fn released(
    release: &mut Release,
    output: &Output,
    situation: &Situation<'_>,
    automatic: Option<ByItself>,
    wakeup: &mut NextWakeup,
) -> bool {
    let now = situation.now;
    match release {
        Release::NextChange { automatic: before } => match (*before, automatic) {
            (Some(before), Some(now)) => before != now,
            (None, known) => {
                *before = known;
                false
            }
            (Some(_), None) => false,
        },
        Release::RoomEmpty { seen, since } => {
            // A reload may have taken the room away: then it holds until AUTO.
            let Some(room) = output.room else { return false };
            let occupied = situation.rooms[room.0].occupied;
            *seen |= occupied.is_true();
            let entered_by = *since + situation.rooms[room.0].empty_after(&situation.config[room]);
            if !*seen && now.moment < entered_by {
                wakeup.at(entered_by);
            }
            occupied == Truth::False && (*seen || now.moment >= entered_by)
        }
        Release::TimeOfDay { wall } => {
            if !now.wall_known {
                return false;
            }
            if wall.is_none()
                && let ManualFor::TimeOfDay(seconds) = output.manual_for
            {
                *wall = next_time_of_day(seconds, now.wall, situation.config.hub.timezone);
            }
            let over = wall.is_some_and(|wall| now.wall >= wall);
            if let Some(wall) = wall.filter(|_| !over) {
                wakeup.at(now.moment_at(wall));
            }
            over
        }
    }
}

/// When local clocks next show `seconds` after midnight.
fn next_time_of_day(seconds: u32, now: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
    let today = now.with_timezone(&zone).date_naive();
    let offset = i32::try_from(seconds).ok()?;
    [Some(today), today.succ_opt()]
        .into_iter()
        .flatten()
        .filter_map(|date| local_instant(date, offset, zone))
        .find(|instant| *instant > now)
}

impl Manual {
    /// What nobody asked for here, and that stands until what the output would be by itself becomes another.
    pub fn until_next_change(level: Level, source: Source, order: u64) -> Manual {
        let release = Some(Release::NextChange { automatic: None });
        Manual { level, source, order, until: None, release, stands: false, back: None }
    }

    /// When it ends, if that is known.
    pub fn until_time(&self, now: Now) -> Option<Timestamp> {
        self.until.or(match self.release {
            Some(Release::TimeOfDay { wall: Some(wall) }) => Some(Timestamp { moment: now.moment_at(wall), wall }),
            _ => None,
        })
    }

    /// Whether it ends with something of which it is known by now what that is.
    pub fn waits_for_known(&self) -> bool {
        match self.release {
            Some(Release::NextChange { automatic }) => automatic.is_some(),
            Some(Release::RoomEmpty { seen, .. }) => seen,
            Some(Release::TimeOfDay { wall }) => wall.is_some(),
            None => false,
        }
    }

    /// When it ends, for people.
    pub fn end(&self, room: Option<RoomId>) -> ManualEnd {
        match (self.until, self.release) {
            (Some(until), _) => ManualEnd::At(until.wall),
            (None, Some(Release::NextChange { .. })) => ManualEnd::NextChange,
            (None, Some(Release::RoomEmpty { .. })) => room.map_or(ManualEnd::Auto, ManualEnd::RoomEmpty),
            (None, Some(Release::TimeOfDay { wall })) => wall.map_or(ManualEnd::TimeOfDay, ManualEnd::At),
            (None, None) => ManualEnd::Auto,
        }
    }
}
