//! Outputs that work through parts: what each part is asked to be.

pub(super) mod cover;
pub(super) mod door;
pub(super) mod mover;
pub(super) mod slow_pwm;

use super::{
    slots::Situation,
    state::{OutputState, motion},
    wakeup::NextWakeup,
};
use crate::{
    clock::{Moment, Now},
    model::{Capability, Config, Level, Method, Output, OutputId, Truth},
};
use cover::{Asks, Way};
use door::{Button, Ends};
use slow_pwm::Times;
use std::time::Duration;

/// What each part of an output is asked to be, in the order of [`Config::parts`], while the output itself is asked for
/// `level`. A cover that nobody asks, or that was stopped, stays where it is.
pub(super) fn asked(
    id: OutputId,
    level: Level,
    asks: Asks,
    situation: &Situation<'_>,
    outputs: &mut [OutputState],
    wakeup: &mut NextWakeup,
) -> Vec<Level> {
    let (config, now) = (situation.config, situation.now);
    match &config[id].method {
        Method::Direct | Method::Part { .. } | Method::Group { .. } => Vec::new(),
        Method::SlowPwm { wire, range, .. } => {
            let (part, times) = (&outputs[wire.0], times(config, id));
            let line = (part.level.is_on(), part.since.moment);
            let share = range.scale(f64::from(level.percent()) / 100.0);
            vec![Level::from_on(outputs[id.0].owed.is_on(share, line, times, now.moment, wakeup))]
        }
        Method::KickStart { kick, .. } => {
            let kicked = level.is_on() && kicks(&outputs[id.0], *kick, now.moment, wakeup);
            vec![if kicked { Level::ON } else { level }]
        }
        Method::Speeds { stages, kick } => {
            let count = stages.len();
            let step = Capability::step(u8::try_from(count).unwrap_or(u8::MAX), level).into();
            let kicked = level.is_on() && kicks(&outputs[id.0], *kick, now.moment, wakeup);
            let step = if kicked { count } else { step };
            (1..=count).map(|stage| Level::from_on(stage == step)).collect()
        }
        Method::Cover(cover) => {
            let motion = motion(cover, outputs);
            let travel = &mut outputs[id.0].travel;
            if let Asks::For(level) = asks {
                travel.follow(level);
            }
            let way = travel.way(cover, motion, now.moment, wakeup);
            if let (_, Some(anew)) = travel.shown(cover, motion, now.moment) {
                wakeup.at(anew);
            }
            [Way::Opening, Way::Closing].map(|each| Level::from_on(way == Some(each))).to_vec()
        }
        Method::Mover(mover) => {
            let pressed = outputs[id.0].mover.pressed(mover);
            let is_pressed = pressed.is_some_and(|(part, level)| outputs[part.0].is_confirmed_at(level));
            let is_away = outputs[mover.stop.0].failure().is_some();
            let pressed = outputs[id.0].mover.step(mover, asks, is_pressed, is_away, now.moment, wakeup);
            let state = &mut outputs[id.0];
            // What a start does not know yet is as it was; what is away may move unseen.
            if state.mover.is_known() {
                let is_open = if is_away { Truth::Unknown } else { state.mover.is_open() };
                state.turned.follow(is_open, now.moment);
            }
            let level =
                |part: OutputId| pressed.filter(|(pressed, _)| *pressed == part).map_or(Level::OFF, |(_, level)| level);
            config.parts(id).into_iter().map(level).collect()
        }
        Method::Door(door) => {
            let part = &outputs[door.button.0];
            let button = Button {
                on: part.level.is_on(),
                since: part.since.moment,
                may_be_on: part.may_be_on() || part.is_under_way(),
                failed: part.failure().is_some(),
            };
            let mut switches = std::iter::once(door.closed).chain(door.open);
            let ends = Ends {
                closed: situation.is_at_end(door.closed, false),
                open: door.open.map(|switch| situation.is_at_end(switch, true)),
                is_heard: switches.all(|switch| situation.inputs[switch.0].seen),
            };
            let state = &mut outputs[id.0];
            let is_pressed = state.door.step(door, ends, asks, button, now.moment, wakeup);
            state.turned.follow(state.door.is_open(), now.moment);
            vec![Level::from_on(is_pressed)]
        }
    }
}

/// The line of a part is about to be at another level: what its output counts is brought up to now.
pub(super) fn settle(part: OutputId, config: &Config, outputs: &mut [OutputState], now: Now) {
    let Method::Part { of } = config[part].method else { return };
    match &config[of].method {
        Method::SlowPwm { wire, .. } => {
            let (on, times) = (outputs[wire.0].level.is_on(), times(config, of));
            outputs[of.0].owed.settle(now.moment, on, times);
        }
        Method::Cover(cover) => {
            let motion = motion(cover, outputs);
            outputs[of.0].travel.settle(cover, motion, now.moment);
        }
        _ => {}
    }
}

/// Nobody knows what the line of a part did: a cover may be anywhere.
pub(super) fn lose(part: OutputId, config: &Config, outputs: &mut [OutputState]) {
    if let Method::Part { of } = config[part].method {
        outputs[of.0].travel.lose();
    }
}

/// Whether it is just getting going.
fn kicks(output: &OutputState, kick: Duration, now: Moment, wakeup: &mut NextWakeup) -> bool {
    if kick.is_zero() {
        return false;
    }
    let end = output.since.moment + kick;
    if output.level.is_on() && now < end {
        wakeup.at(end);
    }
    !output.level.is_on() || now < end
}

fn times(config: &Config, id: OutputId) -> Times {
    let Method::SlowPwm { wire, period, .. } = &config[id].method else {
        return Times { period: Duration::ZERO, min_on: Duration::ZERO, min_off: Duration::ZERO };
    };
    let limit = |limit: fn(&Output) -> Option<Duration>| limit(&config[*wire]).unwrap_or_default();
    Times { period: *period, min_on: limit(|part| part.min_on), min_off: limit(|part| part.min_off) }
}
