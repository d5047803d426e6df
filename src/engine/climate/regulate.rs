//! How much power a zone needs while its temperature is known.

use super::{
    asked::{Asked, Measured, Power, tenths},
    autotune::{Search, Step, Tuning},
    cycle::{Cycle, Need, Shape},
    outdoor,
    state::{Tuned, ZoneState},
    thermostat::{Direction, Goals},
};
use crate::{
    engine::facts::Facts,
    model::{Capability, Climate, ClimateMode, Control, Gains, HvacAction, Method, OutputId, Setpoints},
};
use std::time::Duration;

/// The water of a heating curve is kept this close to its value, degrees.
const FLOW_BAND: f64 = 3.0;

/// What a zone is steered by, besides the temperature.
#[derive(Clone, Copy)]
pub(super) struct Steering<'a> {
    pub zone: &'a Climate,
    pub mode: ClimateMode,
    pub setpoints: Setpoints,
    pub outdoor: Option<f64>,
    /// It may heat to its setpoint (not only against frost).
    pub heats: bool,
    /// It may cool.
    pub cools: bool,
}

/// Which way the zone's control steers.
pub(super) fn steered(zone: &Climate) -> Direction {
    if zone.heat.is_empty() { Direction::Cool } else { Direction::Heat }
}

/// Ends a search for PID numbers without a result.
pub(super) fn stop_tuning(state: &mut ZoneState, why: &str) {
    if matches!(state.tuning, Tuning::Running(_)) {
        state.tuning = Tuning::Failed(why.into());
    }
}

/// What the zone asks for now.
pub(super) fn step(steering: &Steering<'_>, state: &mut ZoneState, measured: Measured, facts: &mut Facts<'_>) -> Asked {
    let Steering { zone, setpoints, heats, cools, .. } = *steering;
    let way = steered(zone);
    let steers = if way == Direction::Heat { heats } else { cools };
    match &zone.control {
        Control::Pid(configured) if steers => {
            let configured = *configured;
            if let Some(asked) = tune(steering, state, measured, configured, facts) {
                return asked;
            }
            let gains = state.gains(configured);
            proportional(steering, state, measured, facts, |state, error, at| {
                let value = if way == Direction::Heat { measured.average } else { -measured.average };
                state.pid.sample(at, error, value, gains);
                state.pid.power(error, gains)
            })
        }
        Control::Tpi { inside, outside } if steers => {
            let beyond = steering.outdoor.map_or(0.0, |outdoor| {
                let goal = goal(setpoints, way);
                if way == Direction::Heat { goal - outdoor } else { outdoor - goal }
            });
            proportional(steering, state, measured, facts, |_, error, _| {
                (inside * error + outside * beyond).clamp(0.0, 100.0)
            })
        }
        control => {
            stop_tuning(state, "the zone had to stop");
            state.pid.forget_sample();
            two_point(steering, state, measured, control, facts)
        }
    }
}

/// All or nothing, or as a heating curve says.
fn two_point(
    steering: &Steering<'_>,
    state: &mut ZoneState,
    measured: Measured,
    control: &Control,
    facts: &mut Facts<'_>,
) -> Asked {
    let Steering { zone, setpoints, heats, cools, .. } = *steering;
    let now = facts.now.moment;
    let curve = match control {
        Control::Curve { points, flow } => Some((points, flow.is_some())),
        _ => None,
    };
    let wanted = setpoints.heat.filter(|_| heats);
    let frost = zone.frost.filter(|_| !state.overheated && !zone.heat.is_empty());
    // What protects from frost begins at the limit itself.
    let limit = frost.map(|frost| frost + zone.deadband);
    let against_frost = wanted.is_none() && limit.is_some();
    // With a heating curve the room only limits: the water has the power it needs.
    let deadband = if curve.is_some() && !against_frost { 0.0 } else { zone.deadband };
    let goals = Goals {
        heat: match (wanted, limit) {
            (Some(wanted), Some(limit)) => Some(wanted.max(limit)),
            (wanted, limit) => wanted.or(limit),
        },
        cool: setpoints.cool.filter(|_| cools),
        deadband,
    };
    let waits = state.thermostat.step(measured.average, goals, zone, now, facts.wakeup);
    let direction = state.thermostat.direction;
    let target = tenths(goal(setpoints, direction));
    let mut asked = Asked {
        heat: Power::all(direction == Direction::Heat),
        cool: Power::all(direction == Direction::Cool),
        full: direction,
        share: None,
        doing: match direction {
            Direction::Heat if against_frost => Some(HvacAction::Frost(frost.unwrap_or_default())),
            Direction::Heat => Some(HvacAction::Heating(target)),
            Direction::Cool => Some(HvacAction::Cooling(target)),
            Direction::Rest if waits => {
                let way = if goals.cool.is_some_and(|cool| measured.average >= cool) {
                    Direction::Cool
                } else {
                    steered(zone)
                };
                Some(HvacAction::Resting(tenths(goal(setpoints, way))))
            }
            Direction::Rest => None,
        },
    };
    let Some((points, measures_flow)) = curve.filter(|_| direction == Direction::Heat) else {
        (state.cycle, state.flow_heating) = (Cycle::default(), false);
        return asked;
    };
    let higher = setpoints.heat.unwrap_or_default() - zone.target.heat.unwrap_or_default();
    let value = outdoor::curve(points, steering.outdoor, higher);
    if let Some(flow) = measured.flow.filter(|_| measures_flow) {
        let band = if state.flow_heating { FLOW_BAND } else { -FLOW_BAND };
        state.flow_heating = flow < value + band;
        asked.heat = Power::all(state.flow_heating);
        asked.full = if state.flow_heating { Direction::Heat } else { Direction::Rest };
        asked.doing = Some(HvacAction::Flow { wanted: tenths(value), heating: state.flow_heating });
    } else if !against_frost {
        asked.heat = share(steering, state, value, facts);
        asked.full = if asked.heat.is_full() { Direction::Heat } else { Direction::Rest };
        asked.share = partly(asked.heat);
    }
    asked
}

/// A share of full power that is worked out; what the zone cannot steer so goes by hysteresis.
fn proportional(
    steering: &Steering<'_>,
    state: &mut ZoneState,
    measured: Measured,
    facts: &mut Facts<'_>,
    need: impl FnOnce(&mut ZoneState, f64, crate::clock::Moment) -> f64,
) -> Asked {
    let Steering { zone, setpoints, cools, .. } = *steering;
    let (now, way) = (facts.now.moment, steered(zone));
    if way == Direction::Heat && state.thermostat.direction != Direction::Heat {
        let cool = setpoints.cool.filter(|_| cools);
        let goals = Goals { heat: None, cool, deadband: zone.deadband };
        state.thermostat.step(measured.average, goals, zone, now, facts.wakeup);
        if state.thermostat.direction == Direction::Cool {
            state.pid.forget_sample();
            state.cycle = Cycle::default();
            let cool = Power::all(true);
            let doing = Some(HvacAction::Cooling(tenths(goal(setpoints, Direction::Cool))));
            return Asked { cool, full: Direction::Cool, doing, ..Asked::default() };
        }
    }
    let goal = goal(setpoints, way);
    let error = if way == Direction::Heat { goal - measured.average } else { measured.average - goal };
    let mut need = need(state, error, measured.at);
    let waits = need >= 0.5
        && state.thermostat.direction == Direction::Rest
        && !state.thermostat.may_go(way, zone, now, facts.wakeup);
    if waits {
        need = 0.0;
    }
    state.thermostat.turn(if need >= 0.5 { way } else { Direction::Rest }, now);
    let power = share(steering, state, need, facts);
    let target = tenths(goal);
    let doing = match way {
        _ if waits => Some(HvacAction::Resting(target)),
        _ if power.percent == 0 => None,
        Direction::Heat => Some(HvacAction::Heating(target)),
        Direction::Cool | Direction::Rest => Some(HvacAction::Cooling(target)),
    };
    let full = if power.is_full() { way } else { Direction::Rest };
    let share = partly(power);
    let (heat, cool) = if way == Direction::Heat { (power, Power::default()) } else { (Power::default(), power) };
    Asked { heat, cool, full, share, doing }
}

/// Goes on with a search for PID numbers; nothing when none runs any more.
fn tune(
    steering: &Steering<'_>,
    state: &mut ZoneState,
    measured: Measured,
    configured: Gains,
    facts: &mut Facts<'_>,
) -> Option<Asked> {
    let Tuning::Running(search) = &mut state.tuning else { return None };
    let (zone, way, now) = (steering.zone, steered(steering.zone), facts.now.moment);
    let target = search.target;
    let error = if way == Direction::Heat { target - measured.average } else { measured.average - target };
    let on = match search.step(error, zone.deadband / 2.0, now, facts.wakeup) {
        Step::Power(on) => on,
        Step::Found(found) => {
            state.tuned = Some(Tuned { instead_of: configured, gains: found.gains });
            state.tuning = Tuning::Idle;
            state.pid.forget_sample();
            state.pid.begin_at(found.holding);
            return None;
        }
        Step::TooLong => {
            stop_tuning(state, "no swing within a day");
            return None;
        }
        Step::TooLittle => {
            stop_tuning(state, "the swing was too small");
            return None;
        }
    };
    state.thermostat.turn(if on { way } else { Direction::Rest }, now);
    state.cycle = Cycle::default();
    let power = Power::all(on);
    let (heat, cool) = if way == Direction::Heat { (power, Power::default()) } else { (Power::default(), power) };
    let doing = Some(HvacAction::Tuning(tenths(target)));
    Some(Asked { heat, cool, full: if on { way } else { Direction::Rest }, share: None, doing })
}

/// Begins a search around the setpoint of now.
pub(super) fn begin_tuning(zone: &Climate, state: &mut ZoneState, now: crate::clock::Moment) {
    let target = goal(state.shown.setpoints, steered(zone));
    state.tuning = Tuning::Running(Box::new(Search::begin(target, now)));
}

/// A percentage, as outputs take it: as it is, or as a share of a cycle.
pub(super) fn share(steering: &Steering<'_>, state: &mut ZoneState, percent: f64, facts: &mut Facts<'_>) -> Power {
    let zone = steering.zone;
    let percent = if percent < 0.5 { 0.0 } else { percent.min(100.0) };
    let way = steered(zone);
    let outputs = if way == Direction::Heat { &zone.heat } else { &zone.cool };
    let longest = |least: Duration, of: fn(&crate::model::Output) -> Option<Duration>| {
        let limits = outputs.iter().filter_map(|OutputId(index)| of(&facts.config.outputs[*index]));
        limits.max().unwrap_or_default().max(least)
    };
    let shape = Shape {
        cycle: zone.cycle,
        min_on: longest(zone.min_on, |output| output.min_on),
        min_off: longest(zone.min_off, |output| output.min_off),
        any_level: outputs.iter().any(|output| {
            facts.config.capability(*output) != Capability::OnOff
                && !matches!(facts.config[*output].method, Method::SlowPwm { .. })
        }),
    };
    let goal = goal(steering.setpoints, way);
    let need = Need { percent, goal: if way == Direction::Heat { goal } else { -goal } };
    state.cycle.step(need, shape, facts.now.moment, facts.wakeup)
}

/// The percentage, if it is worth telling.
fn partly(power: Power) -> Option<u8> {
    (power.percent > 0 && power.percent < 100).then_some(power.percent)
}

/// The setpoint of one way.
fn goal(setpoints: Setpoints, way: Direction) -> f64 {
    let goal = if way == Direction::Cool { setpoints.cool } else { setpoints.heat };
    goal.or(setpoints.target()).unwrap_or_default()
}
