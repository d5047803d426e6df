//! Commands: what a text means for a point, or why it is refused.

use super::state::{Manual, OutputState, Timestamp};
use crate::{
    clock::Now,
    model::{Command, Config, Level, OutputId, Point, Refusal},
};
use std::time::Duration;

const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(365 * 86_400);

/// A command understood: the output and its new manual slot.
pub(super) type Meaning = (OutputId, Option<Manual>);

/// Works out what a command means. `asked` tells what an output is asked to be by now, for `TOGGLE`.
pub(super) fn understand(
    command: &Command,
    order: u64,
    config: &Config,
    outputs: &[OutputState],
    now: Now,
) -> Result<Meaning, Refusal> {
    let id = match config.find_point(&command.point) {
        Some(Point::Output(id)) => id,
        Some(Point::Input(_) | Point::Reading(..) | Point::Occupied(_)) => return Err(Refusal::ReadOnly),
        None => return Err(Refusal::UnknownPoint { nearest: nearest_output(&command.point, config) }),
    };
    let level = match command.payload.as_str() {
        "AUTO" => return Ok((id, None)),
        "ON" => Level::ON,
        "OFF" => Level::OFF,
        "TOGGLE" => Level::from_on(!asked(&outputs[id.0]).is_on()),
        _ => return Err(Refusal::BadValue { expected: "ON, OFF, TOGGLE or AUTO" }),
    };
    if command.hold.is_some_and(|hold| !(HOLD_MIN..=HOLD_MAX).contains(&hold)) {
        return Err(Refusal::BadHold);
    }
    let until = command.hold.or(config[id].manual_for).map(|hold| Timestamp::after(now, hold));
    Ok((id, Some(Manual { level, source: command.source, order, until })))
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
