//! Why the points of a zone are as they are: what each could be, the highest first, as an output has its priority array.

use super::{
    asked::action,
    autotune::Tuning,
    state::{HandEnd, HandTarget, Planned, ZoneState},
};
use crate::{
    clock::Now,
    engine::state::Timestamp,
    engine::view::View,
    model::{
        Cause, Climate, ClimateFacet, Config, Control, ManualEnd, Pending, ReasonSlot, Setpoints, Source, duration,
    },
};

/// What asks for the value of a point, the highest first: that one holds it. Empty for what nobody asks for.
pub(in crate::engine) fn slots(
    zone: &Climate,
    state: &ZoneState,
    facet: ClimateFacet,
    house: View<'_>,
) -> Vec<ReasonSlot> {
    let slot = ReasonSlot::new;
    let config = house.config;
    let Some(facet) = facet.meant(state.mode(zone)) else { return Vec::new() };
    match facet {
        ClimateFacet::Target | ClimateFacet::CoolTarget => {
            let of = |setpoints: Setpoints| {
                let number = if facet == ClimateFacet::Target { setpoints.target() } else { setpoints.cool };
                number.map_or_else(|| "-".into(), |number| format!("{number} °C"))
            };
            let mut slots = Vec::new();
            if let Some(manual) = &state.manual {
                let (source, end) = (manual.by.as_ref(), end(manual, state));
                slots.push(slot("manual", of(manual.setpoints), by(source, end, config)).held(source, end));
            }
            let preset = |name: &str| state.settings.preset(zone, name);
            if let Some(hand) = &state.preset
                && let Some(setpoints) = preset(&hand.name)
            {
                let (source, end) = (hand.by.as_ref(), until(hand.until));
                let cause = format!("preset {}, {}", hand.name, by(source, end, config));
                slots.push(slot("manual", of(setpoints), cause).held(source, end));
            }
            let planned = state.planned.as_ref().and_then(|planned| match planned {
                Planned::Setpoints(setpoints) => Some((*setpoints, String::new())),
                Planned::Preset(name) => Some((preset(name)?, format!("preset {name}, "))),
            });
            if let Some((setpoints, preset)) = planned {
                let planned = slot("plan", of(setpoints), format!("{preset}{}", period(state, config)));
                slots.push(ReasonSlot { until: state.shown.window.map(|window| window.ends), ..planned });
            }
            slots.push(slot("default", of(zone.target), "the target of the file".into()));
            slots
        }
        ClimateFacet::Mode => {
            let by_hand = state.mode.filter(|mode| zone.modes().any(|possible| possible == *mode)).map(|mode| {
                slot("manual", mode.word().into(), by(state.mode_by.as_ref(), until(state.mode_until), config))
            });
            let file = slot("default", zone.mode.word().into(), "the mode of the file".into());
            by_hand.into_iter().chain([file]).collect()
        }
        ClimateFacet::Preset => {
            let mut slots = Vec::new();
            if let Some(manual) = &state.manual {
                let cause = format!("a target by hand, {}", by(manual.by.as_ref(), end(manual, state), config));
                slots.push(slot("manual", "none".into(), cause));
            }
            if let Some(hand) = &state.preset {
                let cause = by(hand.by.as_ref(), until(hand.until), config);
                slots.push(slot("manual", hand.name.to_string(), cause));
            }
            match &state.planned {
                Some(Planned::Preset(name)) => slots.push(slot("plan", name.to_string(), period(state, config))),
                Some(Planned::Setpoints(_)) => slots.push(slot("plan", "none".into(), period(state, config))),
                None => {}
            }
            slots.push(slot("default", "none".into(), "nobody asks for a preset".into()));
            slots
        }
        ClimateFacet::Action => {
            let Some(wants) = &state.shown.wants else { return Vec::new() };
            let called = if wants.heat.percent > 0 { &zone.heat } else { &zone.cool };
            let safety = called.iter().find_map(|id| house.blocking(*id)).filter(|_| state.kept_off).and_then(|id| {
                let explanation = house.outputs[id.0].explanation.as_ref()?;
                let cause = explanation.slots.first()?.1.cause.describe(config);
                Some(slot("safety", "idle".into(), format!("{}: {cause}", config[id].id)))
            });
            let calls = action(state.mode(zone), wants.heat, wants.cool).word();
            let claim = slot("climate", calls.into(), wants.reason.describe(config));
            safety.into_iter().chain([claim]).collect()
        }
        ClimateFacet::Alarm => {
            let alarm = state.shown.alarm.map(|alarm| slot("climate", alarm.word().into(), alarm.sentence().into()));
            alarm.into_iter().collect()
        }
        ClimateFacet::Tuning => {
            let Control::Pid(configured) = zone.control else { return Vec::new() };
            let gains = state.gains(configured);
            let numbers =
                format!("kp {}, ti {}, td {}", gains.kp, duration::spell(gains.ti), duration::spell(gains.td));
            vec![match &state.tuning {
                Tuning::Running(_) => slot("manual", "running".into(), format!("{numbers} until others are found")),
                Tuning::Failed(why) => slot("manual", "failed".into(), format!("{why}; {numbers}")),
                Tuning::Idle if gains != configured => slot("manual", "idle".into(), format!("{numbers}, as found")),
                Tuning::Idle => slot("default", "idle".into(), format!("{numbers}, as in the file")),
            }]
        }
        ClimateFacet::Setpoint | ClimateFacet::Measured => Vec::new(),
    }
}

/// What time will end in a zone.
pub(in crate::engine) fn pending(state: &ZoneState, now: Now) -> Vec<Pending> {
    let mut pending = Vec::new();
    let mut add = |what: &str, ends| pending.push(Pending { what: what.into(), ends });
    if let Some(HandTarget { end: HandEnd::At(until), .. }) = &state.manual {
        add("the target set by hand ends", until.wall);
    }
    if let Some(until) = state.preset.as_ref().and_then(|preset| preset.until) {
        add("the preset set by hand ends", until.wall);
    }
    if let Some(until) = state.mode_until {
        add("the mode set by hand ends", until.wall);
    }
    if let Some(window) = state.shown.window {
        add("the plan's next period begins", window.ends);
    }
    pending.retain(|pending| pending.ends > now.wall);
    pending
}

/// `command by MQTT, until AUTO`
fn by(source: Option<&Source>, until: ManualEnd, config: &Config) -> String {
    match source {
        Some(source) => Cause::Manual { source: source.clone(), until }.describe(config),
        None => format!("by hand, until {}", until.describe(config)),
    }
}

fn until(until: Option<Timestamp>) -> ManualEnd {
    until.map_or(ManualEnd::Auto, |until| ManualEnd::At(until.wall))
}

fn end(manual: &HandTarget, state: &ZoneState) -> ManualEnd {
    match &manual.end {
        HandEnd::Auto => ManualEnd::Auto,
        HandEnd::At(until) => ManualEnd::At(until.wall),
        HandEnd::Period(_) => state.shown.window.map_or(ManualEnd::NextPeriod, |window| ManualEnd::At(window.ends)),
    }
}

/// The period of the plan that is on.
fn period(state: &ZoneState, config: &Config) -> String {
    match state.shown.window {
        Some(window) => format!(
            "the plan since {}, until {}",
            ManualEnd::At(window.begins).describe(config),
            ManualEnd::At(window.ends).describe(config)
        ),
        None => "the plan, as it said before the time was unknown".into(),
    }
}
