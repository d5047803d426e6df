//! Climate zones: from what is measured and wished to what each zone asks of its outputs.
//!
//! A zone is worked out anew in every pass, like everything else: what it remembers ([`ZoneState`]) is only what the past
//! alone can tell. Its wishes fill the climate slot of its outputs ([`claims`]); a hand and all that is about safety win
//! over it.
//!
//! What is not known never heats: without a good temperature nothing is on but what `sensor_lost` allows, a window that
//! may be open counts as open, weather that is not known adds nothing, and while the time is not known, what the plan
//! said last goes on.

mod asked;
mod autotune;
mod claims;
mod command;
mod cycle;
mod effort;
mod exercise;
mod limited;
mod outdoor;
mod pid;
mod plan;
pub(super) mod points;
mod regulate;
pub(super) mod state;
mod target;
mod thermostat;
mod why;
mod window;

#[cfg(test)]
mod tests;

pub(super) use claims::{Claimed, claim};
pub(super) use limited::look_back;
pub(super) use points::{is_known, note_changes, number, point_value};
pub(super) use state::ZoneState;
pub(super) use why::{pending, slots};

use super::facts::Facts;
use crate::{
    clock::Moment,
    model::{
        Climate, ClimateAction, ClimateAlarm, ClimateId, ClimateMode, ClimateReason, HvacAction, OVERHEAT_APART,
        OVERHEAT_RELEASE, Point, Quantity, SensorId, SensorLost, Setpoints, Truth,
    },
};
use asked::{Asked, Measured, Power, action, tenths};
use effort::Work;
use regulate::Steering;
use state::{Shown, Wants};
use std::{sync::Arc, time::Duration};
use thermostat::Direction;

/// After a start, readings are waited for as long as this; a sensor that was lost for so long is an alarm.
const LOST_ALARM: Duration = Duration::from_secs(60);
/// What may not be on for this long while it is called is an alarm: two of an interlock take turns without one.
const LIMITED_ALARM: Duration = Duration::from_secs(60);
/// A sensor that was lost for this long will not be back at once: what `sensor_lost` allows begins.
const LOST_FOR_LONG: Duration = Duration::from_secs(600);
/// Percent of full power that keeps frost away, roughly.
const FROST_DUTY: u8 = 10;
/// The frost limit of a zone that has none, °C.
const FROST: f64 = 5.0;

/// Brings a zone up to date. Returns whether what must survive a restart changed.
pub(super) fn update(id: ClimateId, zone: &Climate, state: &mut ZoneState, facts: &mut Facts<'_>) -> bool {
    state.noted = false;
    let before = state.marks();
    let now = facts.now.moment;
    let (setpoints, preset) = target::resolve(zone, state, facts);
    let mode = state.mode(zone);
    let measured = measure(zone, facts);
    take_note(zone, state, measured, setpoints, now);
    let outdoor = zone.outdoor.and_then(|sensor| facts.reading(sensor, Quantity::Temperature));
    state.warm_outside = outdoor::too_warm(zone, outdoor, state.warm_outside);
    let open = contacts(zone, facts);
    let window = state.window.update(&zone.window, open, facts.now.moment, facts.wakeup);
    let steering = Steering {
        zone,
        mode,
        setpoints,
        outdoor,
        heats: mode.heats() && window.is_none() && !state.warm_outside && !state.overheated,
        cools: mode.cools() && window.is_none(),
    };
    let asked = match measured {
        Some(measured) => regulate::step(&steering, state, measured, facts),
        None => without_sensor(&steering, state, outdoor, facts),
    };
    let doing = asked.doing.unwrap_or_else(|| resting(&steering, state, window));
    let alarm = alarm(&steering, state, measured, asked.full, facts);
    let exercise =
        state.exercised.update(zone.exercise.as_ref(), facts.config, facts.outputs, facts.now.moment, facts.wakeup);
    let action = if state.kept_off { ClimateAction::Idle } else { action(mode, asked.heat, asked.cool) };
    let closed = (!zone.window.contacts.is_empty()).then(|| open == false.into());
    let reason = ClimateReason {
        zone: id,
        doing,
        current: measured.map(|measured| tenths(measured.average)),
        percent: asked.share,
        windows_closed: closed,
    };
    let same = state.shown.wants.take().filter(|wants| *wants.reason == reason).map(|wants| wants.reason);
    state.shown = Shown {
        setpoints,
        preset,
        current: measured.map(|measured| (measured.average * 100.0).round() / 100.0 + 0.0),
        action,
        alarm,
        wants: Some(Wants {
            heat: asked.heat,
            cool: asked.cool,
            fan: matches!(action, ClimateAction::Heating | ClimateAction::Cooling | ClimateAction::Fan),
            exercise,
            reason: same.unwrap_or_else(|| Arc::new(reason)),
        }),
        window: state.shown.window,
    };
    before != state.marks()
}

/// Whether any contact of its windows is open.
fn contacts(zone: &Climate, facts: &Facts<'_>) -> Truth {
    zone.window.contacts.iter().fold(Truth::False, |truth, input| truth.or(facts.is_on(Point::Input(*input))))
}

/// The temperatures that are good; nothing when one that is needed is not.
fn measure(zone: &Climate, facts: &mut Facts<'_>) -> Option<Measured> {
    let mut read = |sensor: SensorId| {
        let value = facts.reading(sensor, Quantity::Temperature)?;
        let at = facts.sensors[sensor.0].readings.get(&Quantity::Temperature)?.at;
        Some((value, at))
    };
    let readings: Vec<(f64, Moment)> = zone.sensors.iter().filter_map(|sensor| read(*sensor)).collect();
    let flow = match zone.control {
        crate::model::Control::Curve { flow: Some(sensor), .. } => Some(read(sensor)?.0),
        _ => None,
    };
    let at = readings.iter().map(|(_, at)| *at).max()?;
    let highest = readings.iter().map(|(value, _)| *value).fold(f64::MIN, f64::max);
    let average = readings.iter().map(|(value, _)| *value).sum::<f64>() / readings.len() as f64;
    Some(Measured { average, highest, at, flow })
}

/// Notes what follows from the measurement alone.
fn take_note(zone: &Climate, state: &mut ZoneState, measured: Option<Measured>, setpoints: Setpoints, now: Moment) {
    match measured {
        Some(measured) => {
            state.lost_since = None;
            state.window.sample(&zone.window, measured.at, measured.average);
            if let Some(limit) = zone.overheat {
                // It ends no colder than where warming to the target ends by itself.
                let needed =
                    setpoints.heat.map_or(f64::MIN, |target| target + zone.overrun).min(limit - OVERHEAT_APART);
                let bound = if state.overheated { needed.max(limit - OVERHEAT_RELEASE) } else { limit };
                state.overheated = measured.highest.max(measured.flow.unwrap_or(f64::MIN)) >= bound;
            }
        }
        // What was too hot stays cut off until somebody has seen that it is not.
        None => {
            if state.lost_since.is_none() {
                let first_pass = state.shown.wants.is_none();
                (state.lost_since, state.unread) = (Some(now), first_pass);
            }
            state.forget_readings();
        }
    }
    state.overheated &= zone.overheat.is_some();
}

/// What `sensor_lost` allows, after a while.
fn without_sensor(
    steering: &Steering<'_>,
    state: &mut ZoneState,
    outdoor: Option<f64>,
    facts: &mut Facts<'_>,
) -> Asked {
    let Steering { zone, heats, cools, .. } = *steering;
    let now = facts.now.moment;
    state.thermostat.turn(Direction::Rest, now);
    state.flow_heating = false;
    regulate::stop_tuning(state, "the sensor was lost");
    let allowed = match zone.sensor_lost {
        SensorLost::Off => 0,
        SensorLost::Frost if outdoor.is_some_and(|outdoor| outdoor > zone.frost.unwrap_or(FROST)) => 0,
        SensorLost::Frost => FROST_DUTY,
        SensorLost::Percent(percent) => percent,
    };
    let way = regulate::steered(zone);
    let may = if way == Direction::Heat { heats } else { cools };
    let begins = state.lost_since.map(|since| since + LOST_FOR_LONG);
    let power = match begins {
        Some(begins) if may && now < begins => {
            facts.wakeup.at(begins);
            state.cycle = cycle::Cycle::default();
            Power::default()
        }
        _ => {
            let allowed = if may { allowed } else { 0 };
            Power { percent: allowed, ..regulate::share(steering, state, allowed.into(), facts) }
        }
    };
    let share = (power.percent > 0).then_some(power.percent);
    let (heat, cool) = if way == Direction::Heat { (power, Power::default()) } else { (Power::default(), power) };
    let wanted = steering.mode != ClimateMode::Off && steering.mode != ClimateMode::FanOnly;
    let doing =
        if waits_for_first_reading(zone, state, facts) { HvacAction::FirstReading } else { HvacAction::SensorLost };
    Asked { heat, cool, full: Direction::Rest, share, doing: wanted.then_some(doing) }
}

/// Whether its sensors have not had the time to be read since the start; one that reports a fault has.
fn waits_for_first_reading(zone: &Climate, state: &ZoneState, facts: &mut Facts<'_>) -> bool {
    let Some(end) = state.lost_since.map(|since| since + LOST_ALARM).filter(|_| state.unread) else { return false };
    let faulty = |sensor: &SensorId| facts.sensors[sensor.0].fault(Quantity::Temperature).is_some();
    if facts.now.moment >= end || zone.sensors.iter().any(faulty) {
        return false;
    }
    facts.wakeup.at(end);
    true
}

/// Why a zone asks for nothing.
fn resting(steering: &Steering<'_>, state: &ZoneState, window: Option<HvacAction>) -> HvacAction {
    let Steering { zone, mode, setpoints, .. } = steering;
    match mode {
        ClimateMode::Off => HvacAction::Off,
        ClimateMode::FanOnly => HvacAction::FanOnly,
        _ => match (window, zone.overheat, zone.heat_below) {
            (Some(window), ..) => window,
            (None, Some(limit), _) if state.overheated && mode.heats() => HvacAction::Overheated(limit),
            (None, _, Some(limit)) if state.warm_outside && *mode == ClimateMode::Heat => {
                HvacAction::WarmOutside(limit)
            }
            _ => HvacAction::Idle(held(*mode, *setpoints)),
        },
    }
}

/// The setpoint that people think of in this mode.
fn held(mode: ClimateMode, setpoints: Setpoints) -> f64 {
    let held = if mode == ClimateMode::Cool { setpoints.cool } else { setpoints.target() };
    tenths(held.or(setpoints.target()).unwrap_or(0.0))
}

/// What somebody should look at. `full` is the way that all power goes.
fn alarm(
    steering: &Steering<'_>,
    state: &mut ZoneState,
    measured: Option<Measured>,
    full: Direction,
    facts: &mut Facts<'_>,
) -> Option<ClimateAlarm> {
    let (zone, now) = (steering.zone, facts.now.moment);
    let mut overdue = |since: Option<Moment>, after: Duration| {
        let end = since.map(|since| since + after);
        if let Some(end) = end.filter(|end| now < *end) {
            facts.wakeup.at(end);
        }
        end.is_some_and(|end| now >= end)
    };
    let lost = overdue(state.lost_since, LOST_ALARM);
    let limited = overdue(state.limited_since, LIMITED_ALARM);
    let door = zone.door.is_some_and(|(input, after)| {
        let open = facts.inputs[input.0].truth().is_true();
        state.door_open_since = open.then(|| state.door_open_since.unwrap_or(now));
        overdue(state.door_open_since, after)
    });
    let failed = match (zone.failure_after, measured) {
        (Some(after), Some(measured)) if steering.mode != ClimateMode::Off => {
            // What a hand or a limit holds is nobody's failure.
            let outputs = if full == Direction::Cool { &zone.cool } else { &zone.heat };
            let by_hand = outputs.iter().all(|output| facts.outputs[output.0].manual.is_some());
            let full = if by_hand || state.limited_since.is_some() { Direction::Rest } else { full };
            let rests = || zone.heat.iter().chain(&zone.cool).all(|output| !facts.outputs[output.0].level.is_on());
            let Setpoints { heat, cool } = steering.setpoints;
            let work = match full {
                Direction::Rest if rests() => Work::Rests,
                Direction::Rest => Work::Other,
                Direction::Heat => Work::Full(full, heat.map_or(0.0, |target| target - measured.average)),
                Direction::Cool => Work::Full(full, cool.map_or(0.0, |target| measured.average - target)),
            };
            state.effort.update(work, measured.average, after, now, facts.wakeup)
        }
        (Some(_), None) => None,
        _ => {
            state.effort.clear();
            None
        }
    };
    [
        state.overheated.then_some(ClimateAlarm::Overheat),
        lost.then_some(ClimateAlarm::SensorLost),
        limited.then_some(ClimateAlarm::Limited),
        (failed == Some(Direction::Heat)).then_some(ClimateAlarm::HeatingFailed),
        (failed == Some(Direction::Cool)).then_some(ClimateAlarm::CoolingFailed),
        door.then_some(ClimateAlarm::DoorOpen),
    ]
    .into_iter()
    .flatten()
    .next()
}
