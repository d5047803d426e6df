//! Commands: what a text means for a point, or why it is refused.

use super::{
    Engine,
    state::{Manual, OutputState, Timestamp},
};
use crate::{
    clock::Now,
    model::{Command, Config, Level, OutputId, Point, Refusal},
};
use std::time::Duration;

const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(365 * 86_400);

impl Engine {
    /// Does what a command means, or says why not; a refused command changes nothing.
    pub(super) fn command(&mut self, command: &Command, now: Now) -> Result<(), Refusal> {
        match self.config.find_point(&command.point) {
            Some(Point::Output(id)) => self.command_output(id, command, now)?,
            Some(Point::Input(_) | Point::Reading(..) | Point::Occupied(_)) => return Err(Refusal::ReadOnly),
            None => return Err(Refusal::UnknownPoint { nearest: nearest_output(&command.point, &self.config) }),
        }
        self.commands = self.commands.saturating_add(1);
        self.revision.promised += 1;
        Ok(())
    }

    /// Fills or empties the manual slot of an output.
    fn command_output(&mut self, id: OutputId, command: &Command, now: Now) -> Result<(), Refusal> {
        let state = &mut self.outputs[id.0];
        let level = match command.payload.as_str() {
            "AUTO" => None,
            "ON" => Some(Level::ON),
            "OFF" => Some(Level::OFF),
            "TOGGLE" => Some(Level::from_on(!asked(state).is_on())),
            _ => return Err(Refusal::BadValue { expected: "ON, OFF, TOGGLE or AUTO".into() }),
        };
        if level.is_some() && command.hold.is_some_and(|hold| !(HOLD_MIN..=HOLD_MAX).contains(&hold)) {
            return Err(Refusal::BadHold);
        }
        let until = command.hold.or(self.config[id].manual_for).map(|hold| Timestamp::after(now, hold));
        let order = self.commands.saturating_add(1);
        state.manual = level.map(|level| Manual { level, source: command.source.clone(), order, until });
        // A person who asks again after a limit has seen it: the output may go on once more.
        state.tripped = false;
        Ok(())
    }
}

/// What an output is asked to be, whatever a minimum time makes of it. What was on for its `max_on` is off for good, so
/// that a toggle asks for it again.
fn asked(output: &OutputState) -> Level {
    if output.tripped {
        return Level::OFF;
    }
    output.explanation.as_ref().map_or(output.level, |explanation| explanation.asked().level)
}

fn nearest_output(name: &str, config: &Config) -> Option<String> {
    // A name that is far longer than any point is not a slip of the finger, and comparing it would take long.
    if name.len() > 64 {
        return None;
    }
    let distance = |id: &str| strsim::damerau_levenshtein(id, name);
    let nearest = config.outputs.iter().map(|output| &*output.id).min_by_key(|id| distance(id))?;
    (distance(nearest) <= 2).then(|| nearest.to_owned())
}
