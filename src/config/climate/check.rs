//! What is wrong or unsafe in a zone as a whole, and between zones.

use super::{Checked, names::Name, plan, unfit};
use crate::{
    config::diagnostic::Problems,
    model::{Climate, ClimateMode, Config, Control, OutputId, OutputKind, SensorId, SensorLost, duration},
};
use std::time::Duration;

/// A lost sensor that is noticed later than this wants a second limit.
const NOTICED_LATE: Duration = Duration::from_secs(1800);

/// Reports what is wrong within a zone.
pub(in crate::config) fn check(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    let (heats, cools) = (!checked.heat.is_empty(), !checked.cool.is_empty());
    let places = &checked.places;
    if !heats && !cools && places.written("fan").is_none() {
        problems.error(
            checked.id.place.clone(),
            "a climate without outputs does nothing",
            "add heat = \"living_heater\", cool = ... or fan = ...",
        );
        return;
    }
    if heats && cools && places.written("cool_target").is_none() {
        problems.error(
            places.of_key("cool"),
            "it warms and cools, but it is not said what it cools to",
            "add cool_target = 25",
        );
    } else if let Some(place) = places.written("cool_target").filter(|_| !(heats && cools)) {
        problems.error(place, "`cool_target` is for a zone that warms and cools", "write `target` only");
    } else if let Some(wrong) = unfit(zone.target, zone) {
        let key =
            if zone.target.heat.is_some_and(|heat| zone.limits().contains(&heat)) { "cool_target" } else { "target" };
        problems.error(places.of_key(key), wrong.message, wrong.advice);
    }
    if !zone.modes().any(|mode| mode == zone.mode) {
        let lacks = match zone.mode {
            ClimateMode::Heat => "heat",
            ClimateMode::FanOnly => "fan",
            ClimateMode::HeatCool if !heats => "heat",
            _ => "cool",
        };
        problems.error(
            places.of_key("mode"),
            format!("the mode {} without `{lacks}`", zone.mode.word()),
            format!("add {lacks} = \"...\", or choose another mode"),
        );
    }
    for key in ["frost", "overheat", "heat_below"] {
        if let Some(place) = places.written(key).filter(|_| !heats) {
            problems.error(place, format!("`{key}` in a zone that does not warm"), "remove it, or add heat = \"...\"");
        }
    }
    if let (Some(frost), Some(overheat)) = (zone.frost, zone.overheat)
        && frost + 1.0 > overheat
    {
        problems.error(
            places.of_key("frost"),
            format!("frost ({frost}) is not below overheat ({overheat})"),
            "write a lower one",
        );
    }
    if zone.sensor_lost == SensorLost::Frost && !heats {
        problems.error(
            places.of_key("sensor_lost"),
            "\"frost\" in a zone that does not warm",
            "write \"off\" or a percentage",
        );
    }
    unasked_heat(zone, checked, config, problems);
    if zone.sensor_lost == SensorLost::Frost && heats && zone.frost.is_none() {
        problems.error(
            places.of_key("sensor_lost"),
            "sensor_lost = \"frost\" beside frost = \"off\"",
            "write \"off\" or a percentage",
        );
    }
    weather(zone, checked, problems);
    times(zone, checked, problems);
    plan::check(zone, checked, problems);
    exercise(zone, checked, config, problems);
    coolers(zone, checked, config, problems);
    lost_sensors(zone, checked, config, problems);
    long_rests(zone, checked, config, problems);
    daily_hours(zone, checked, config, problems);
}

/// From here on what warms is no room for people: nobody expects it to go on by itself.
const HOT: f64 = 40.0;
/// Words of what is dangerous when it is on and nobody is there.
const DANGEROUS: [&str; 8] = ["sauna", "oven", "kiln", "stove", "hob", "grill", "iron", "welder"];

/// Frost protection works in every mode: a sauna in the cold would go on by itself.
fn unasked_heat(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    // Who wrote the key means it; water in a circuit is what frost protection is for.
    let curve = matches!(zone.control, Control::Curve { .. });
    let (None, Some(frost), false) = (checked.places.written("frost"), zone.frost, curve) else { return };
    let dangerous = |text: &str| {
        let text = text.to_lowercase();
        DANGEROUS.iter().any(|word| text.split(|c: char| !c.is_alphabetic()).any(|part| part == *word))
    };
    let named = |id: &str, name: &str| dangerous(id) || dangerous(name);
    for (name, output) in checked.heat.iter().zip(&zone.heat) {
        let output = &config[*output];
        let why = if named(&zone.id, &zone.name) || named(&output.id, &output.name) {
            "by its name it is dangerous when nobody is there".to_owned()
        } else if matches!(output.kind, OutputKind::Heater | OutputKind::Switch) && zone.highest_setpoint() > HOT {
            format!("it is made for {} °C", zone.highest_setpoint())
        } else {
            continue;
        };
        problems.warning(
            name.place.clone(),
            format!(
                "`{}` goes on by itself, also when the mode is off, where it is {frost} °C (`frost`): {why}",
                output.id
            ),
            "add frost = \"off\" to the zone, or frost = 5 if that is meant",
        );
    }
}

/// Reports what zones do to each other.
pub(in crate::config) fn check_all(zones: &[(Climate, Checked)], config: &Config, problems: &Problems) {
    for (index, (zone, checked)) in zones.iter().enumerate() {
        for (name, output) in checked.cool.iter().zip(&zone.cool) {
            let heats = |(other, _): &&(Climate, Checked)| other.heat.contains(output);
            if let Some((other, _)) = zones.iter().find(heats) {
                let id = &config[*output].id;
                let message = if zone.heat.contains(output) {
                    format!("`{id}` warms and cools the same zone")
                } else {
                    format!("`{id}` cools {} and warms {}", zone.id, other.id)
                };
                problems.error(name.place.clone(), message, "use two outputs");
            }
        }
        if zones[..index].iter().any(|(other, _)| other.id == zone.id) {
            return;
        }
    }
}

/// What the weather is needed for.
fn weather(zone: &Climate, checked: &Checked, problems: &Problems) {
    let places = &checked.places;
    if places.written("outdoor").is_some() {
        return;
    }
    let needs = match &zone.control {
        Control::Tpi { outside, .. } if *outside > 0.0 => Some("tpi"),
        Control::Curve { .. } => Some("curve"),
        _ if zone.heat_below.is_some() => Some("heat_below"),
        _ => None,
    };
    if let Some(key) = needs {
        let advice = match key {
            "tpi" => "add outdoor = \"garden.temperature\", or write outside = 0",
            _ => "add outdoor = \"garden.temperature\"",
        };
        problems.error(places.of_key(key), format!("`{key}` needs the temperature outside"), advice);
    }
}

/// The parts of a cycle fit into it.
fn times(zone: &Climate, checked: &Checked, problems: &Problems) {
    let shared = !matches!(zone.control, Control::Hysteresis | Control::Curve { flow: Some(_), .. });
    if shared && zone.min_on + zone.min_off > zone.cycle {
        let sum = duration::spell(zone.min_on + zone.min_off);
        problems.error(
            checked.places.of_key(if zone.min_on > zone.min_off { "min_on" } else { "min_off" }),
            format!("min_on and min_off ({sum}) do not fit into a cycle of {}", duration::spell(zone.cycle)),
            "write shorter ones, or a longer `cycle`",
        );
    }
}

fn exercise(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    let Some(exercise) = &zone.exercise else { return };
    for output in &exercise.outputs {
        let id = &config[*output].id;
        let place = checked
            .exercise
            .iter()
            .find(|name| *name.text == **id)
            .map_or(checked.id.place.clone(), |n| n.place.clone());
        if !zone.outputs().any(|other| other == *output) {
            problems.error(
                place,
                format!("`{id}` is not an output of this zone"),
                "name one of its `heat`, `cool` or `fan`",
            );
        } else if matches!(config[*output].kind, OutputKind::Heater | OutputKind::Cooler) {
            let kind = config[*output].kind.word();
            problems.error(
                place,
                format!("`{id}` is a {kind}: it would run for nothing"),
                "name pumps and valves only",
            );
        }
    }
}

/// A compressor that starts again at once may break.
fn coolers(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    for (name, output) in checked.cool.iter().zip(&zone.cool) {
        let output = &config[*output];
        if output.kind == OutputKind::Cooler && output.min_off.is_none() && zone.min_off.is_zero() {
            problems.warning(
                name.place.clone(),
                format!("`{}` may start again right after it stopped, which wears compressors", output.id),
                format!("add min_off = \"5m\" to [outputs.{}]", output.id),
            );
        }
    }
}

/// What warms goes off when the last temperature is stale: that must not take long, or something else must.
fn lost_sensors(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    let latest =
        zone.sensors.iter().map(|SensorId(sensor)| &config.sensors[*sensor]).max_by_key(|sensor| sensor.stale_after);
    let Some(sensor) = latest.filter(|sensor| sensor.stale_after > NOTICED_LATE) else { return };
    let unlimited = |(name, output): (&Name, &OutputId)| config[*output].max_on.is_none().then(|| name.place.clone());
    for place in checked.heat.iter().zip(&zone.heat).filter_map(unlimited) {
        problems.warning(
            place,
            format!("if {} fails, this stays on for up to {}", sensor.id, duration::spell(sensor.stale_after)),
            format!("add a shorter stale_after to [sensors.{}], or max_on to the output", sensor.id),
        );
    }
}

/// What rests for longer than it may be on gives less than half of its power on a cold day.
fn long_rests(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    let named = checked.heat.iter().zip(&zone.heat).chain(checked.cool.iter().zip(&zone.cool));
    for (name, output) in named {
        let output = &config[*output];
        let Some((limit, rest)) = output.max_on.zip(output.max_on_rest).filter(|(limit, rest)| limit < rest) else {
            continue;
        };
        let (limit, rest) = (duration::spell(limit), duration::spell(rest));
        problems.warning(
            name.place.clone(),
            format!("after {limit} (its max_on) `{}` rests for {rest}, also on the coldest day", output.id),
            format!("write a longer max_on or a shorter max_on_rest to [outputs.{}]", output.id),
        );
    }
}

/// What a zone drives has no other hours than the zone's.
fn daily_hours(zone: &Climate, checked: &Checked, config: &Config, problems: &Problems) {
    let named = checked.heat.iter().zip(&zone.heat).chain(checked.cool.iter().zip(&zone.cool));
    for (name, output) in named.filter(|(_, output)| config[**output].min_on_daily.is_some()) {
        problems.error(
            name.place.clone(),
            format!("`{}` has min_on_daily, and the zone alone decides when it is on", config[*output].id),
            format!("remove min_on_daily from [outputs.{}]", config[*output].id),
        );
    }
}
