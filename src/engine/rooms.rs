//! Rooms: whether somebody is there.

use super::{
    facts::Alarm,
    state::{InputState, RoomState},
};
use crate::{
    clock::Now,
    model::{Room, Truth},
};

/// A room is occupied while any of its motion inputs is active and for `empty_after` after the last was; it is empty when
/// that has passed and all of them are known to be still. Returns whether it changed.
pub(super) fn update(room: &Room, state: &mut RoomState, inputs: &[InputState], now: Now, alarm: &mut Alarm) -> bool {
    let motion = room.motion.iter().fold(Truth::False, |truth, input| truth.or(inputs[input.0].truth()));
    let held = state.motion_seen.map(|seen| seen + room.empty_after).filter(|end| now.moment < *end);
    if let Some(end) = held {
        alarm.at(end);
    }
    let occupied = motion.or(held.is_some().into());
    let changed = occupied != state.occupied;
    if changed {
        state.occupied = occupied;
        state.changed = Some(now.wall);
    }
    state.turned.follow(occupied, now.moment);
    changed
}
