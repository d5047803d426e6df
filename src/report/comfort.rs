//! How well a zone was kept at its target, and whether what warms it does.

use super::{COMFORT_K, Comfort};
use crate::{
    house::past::{LONG_BEFORE, Piece, Source, Time, changes, pieces},
    model::{Climate, ClimateMode, Config, Owner, Role},
};
use chrono::{DateTime, FixedOffset};
use std::{collections::BTreeMap, time::Duration};

const HALF_HOUR: Duration = Duration::from_secs(1_800);
/// Of less there is nothing to tell, hours.
const LEAST_H: f64 = 1.0;
/// What warms so long without a break
const LONG: usize = 6;
/// and by so little, K, does not warm.
const LITTLE_K: f64 = 0.2;
/// It is on all the time when it is so for this share of it.
const ALL_THE_TIME: f64 = 0.95;

/// What is known of a zone in half an hour.
struct Half {
    at: DateTime<FixedOffset>,
    measured: f64,
    target: f64,
    hours: f64,
    /// Whether all of it was warmed.
    is_warmed: bool,
}

/// How a zone was, and in words how long it was warmed in vain; None: nothing is known of it.
///
/// # Errors
/// Those of the source.
pub(super) fn of_zone<E>(
    config: &Config,
    zone: &Climate,
    time: Time,
    source: Source<'_, E>,
) -> Result<Option<(Comfort, Option<String>)>, E> {
    let mut course = |facet: &str| pieces(source, &format!("{}.{facet}", zone.id), time, HALF_HOUR);
    let measured = course("measured")?;
    let targets = by_time(course("target")?);
    let upper = if zone.does_both() { by_time(course("cool_target")?) } else { BTreeMap::new() };
    let mut warmed: BTreeMap<DateTime<FixedOffset>, bool> = BTreeMap::new();
    for id in &zone.heat {
        // What has levels is on at the least of them; at full power it warms.
        let level = config.specs().iter().find(|spec| spec.owner == Owner::Output(*id) && spec.role == Role::Level);
        let name = level.map_or(&*config[*id].id, |level| &level.name);
        for piece in pieces(source, name, time, HALF_HOUR)? {
            let share = match level {
                Some(_) => piece.span.mean / 100.0,
                None => piece.span.on_s.unwrap_or(0.0) / HALF_HOUR.as_secs_f64(),
            };
            *warmed.entry(piece.at).or_default() |= share >= ALL_THE_TIME;
        }
    }
    let since = Time { from: time.from - LONG_BEFORE, to: time.to };
    let modes = changes(source, &format!("{}.mode", zone.id), since)?;
    let can = |at: DateTime<FixedOffset>, mode: ClimateMode| {
        let was = modes.iter().rev().find(|(from, _)| *from <= at).map(|(_, change)| &*change.value);
        was.is_none_or(|was| was == mode.word() || was == ClimateMode::HeatCool.word())
    };
    let halves = measured.iter().filter_map(|piece| {
        Some(Half {
            at: piece.at,
            measured: piece.span.mean,
            target: targets.get(&piece.at)?.span.mean,
            hours: piece.span.known_s / 3_600.0,
            is_warmed: warmed.get(&piece.at).copied().unwrap_or(false),
        })
    });
    // While it is off, nothing is held.
    let is_held = |half: &Half| can(half.at, ClimateMode::Heat) || can(half.at, ClimateMode::Cool);
    let halves: Vec<Half> = halves.filter(is_held).collect();
    let known_h: f64 = halves.iter().map(|half| half.hours).sum();
    if known_h < LEAST_H {
        return Ok(None);
    }
    let apart = COMFORT_K.max(zone.deadband);
    let most = |half: &Half| {
        if zone.does_both() { upper.get(&half.at).map(|piece| piece.span.mean) } else { Some(half.target) }
    };
    let is_cold =
        |half: &&Half| !zone.heat.is_empty() && can(half.at, ClimateMode::Heat) && half.measured < half.target - apart;
    let is_warm = |half: &&Half| {
        let is_above = most(half).is_some_and(|most| half.measured > most + apart);
        !zone.cool.is_empty() && can(half.at, ClimateMode::Cool) && is_above
    };
    let comfort = Comfort {
        id: zone.id.to_string(),
        name: zone.name.to_string(),
        known_h,
        cold_h: halves.iter().filter(is_cold).map(|half| half.hours).sum(),
        warm_h: halves.iter().filter(is_warm).map(|half| half.hours).sum(),
        coldest_k: halves.iter().filter(is_cold).map(|half| half.target - half.measured).fold(0.0, f64::max),
    };
    Ok(Some((comfort, in_vain(zone, &halves))))
}

fn by_time(pieces: Vec<Piece>) -> BTreeMap<DateTime<FixedOffset>, Piece> {
    pieces.into_iter().map(|piece| (piece.at, piece)).collect()
}

/// The longest time for which a zone was warmed without becoming warmer, while it was too cold.
fn in_vain(zone: &Climate, halves: &[Half]) -> Option<String> {
    let follows = |one: &Half, next: &Half| (next.at - one.at).to_std().is_ok_and(|apart| apart <= HALF_HOUR);
    let runs = halves.chunk_by(|one, next| one.is_warmed && next.is_warmed && follows(one, next));
    let is_in_vain = |run: &&[Half]| {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        run.len() >= LONG
            && first.is_warmed
            && last.measured - first.measured < LITTLE_K
            && last.measured < last.target - zone.deadband.max(COMFORT_K / 2.0)
    };
    // Of several, the first.
    let run = runs.filter(is_in_vain).rev().max_by_key(|run| run.len())?;
    let (first, last) = (&run[0], &run[run.len() - 1]);
    Some(format!(
        "{} was warmed from {} for {} hours and went from {:.1} to {:.1} °C, with a target of {:.1} °C: look at its heater, its valve and its windows",
        zone.name,
        first.at.format("%a %-d %b %H:%M"),
        run.len().div_euclid(2),
        first.measured,
        last.measured,
        last.target,
    ))
}
