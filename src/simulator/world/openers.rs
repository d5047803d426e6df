//! The openers of doors with one button: a press opens, stops and closes in turn, and the switches at the ends tell.
//! All doors are closed at first.

use crate::model::{Config, Door, InputId, Method, OutputId};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// So soon after it began to move its switch tells that a door has left.
const LEAVES_WITHIN: TimeDelta = TimeDelta::milliseconds(500);

/// So much of the way is none: it was summed up in parts.
const NO_MORE: f64 = 1e-9;

/// A door and its opener.
pub(super) struct Opener {
    /// The output that it is.
    pub door: OutputId,
    /// The output that presses its button.
    pub button: OutputId,
    /// Its end switches, and what they are at that end.
    closed: (InputId, bool),
    open: Option<(InputId, bool)>,
    opens_in: TimeDelta,
    closes_in: TimeDelta,
    /// Where it was at that time: 0 is closed, 1 open.
    position: f64,
    at: DateTime<Utc>,
    moves: Option<Way>,
    last: Way,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// All openers of a house at `start`.
pub(super) fn openers(config: &Config, start: DateTime<Utc>) -> Vec<Opener> {
    let door = |(index, method): (usize, &Method)| match method {
        Method::Door(door) => Some(Opener::new(OutputId(index), door, config, start)),
        _ => None,
    };
    config.outputs.iter().map(|output| &output.method).enumerate().filter_map(door).collect()
}

impl Opener {
    fn new(id: OutputId, door: &Door, config: &Config, start: DateTime<Utc>) -> Opener {
        let time = |time: Duration| TimeDelta::from_std(time).unwrap_or(TimeDelta::minutes(1));
        Opener {
            door: id,
            button: door.button,
            closed: (door.closed, !config[door.closed].kind.opens()),
            open: door.open.map(|switch| (switch, true)),
            opens_in: time(door.open_time),
            closes_in: time(door.close_time),
            position: 0.0,
            at: start,
            moves: None,
            last: Way::Down,
        }
    }

    /// Its button is pressed at that time, or now if that is later.
    pub(super) fn press(&mut self, time: DateTime<Utc>) {
        self.run(time);
        if self.moves.take().is_none() {
            self.last = if self.last == Way::Down { Way::Up } else { Way::Down };
            self.moves = Some(self.last);
        }
    }

    /// It moves on to that time.
    pub(super) fn run(&mut self, time: DateTime<Utc>) {
        let passed = (time - self.at).max(TimeDelta::zero());
        self.at += passed;
        let Some(way) = self.moves else { return };
        let part = passed.as_seconds_f64() / self.time(way).as_seconds_f64();
        let end = if way == Way::Up { 1.0 } else { 0.0 };
        self.position += if way == Way::Up { part } else { -part };
        let left = if way == Way::Up { end - self.position } else { self.position };
        if left <= NO_MORE {
            (self.position, self.moves) = (end, None);
        }
    }

    /// When one of its switches tells something else.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        let way = self.moves?;
        let left = if way == Way::Up { 1.0 - self.position } else { self.position };
        if left == 1.0 {
            return Some(self.at + LEAVES_WITHIN);
        }
        let left_ms = (self.time(way).as_seconds_f64() * (left - NO_MORE) * 1000.0).ceil();
        Some(self.at + TimeDelta::milliseconds(left_ms as i64))
    }

    /// What its switches are.
    pub(super) fn switches(&self) -> impl Iterator<Item = (InputId, bool)> {
        let told = |(switch, there): (InputId, bool), is_there: bool| (switch, is_there == there);
        let closed = told(self.closed, self.position == 0.0);
        std::iter::once(closed).chain(self.open.map(|open| told(open, self.position == 1.0)))
    }

    /// So seldom its button may be looked at: a move is not taken for late by whoever knows its time.
    pub(super) fn patience(&self) -> TimeDelta {
        self.opens_in.min(self.closes_in) + TimeDelta::seconds(1)
    }

    fn time(&self, way: Way) -> TimeDelta {
        if way == Way::Up { self.opens_in } else { self.closes_in }
    }
}
