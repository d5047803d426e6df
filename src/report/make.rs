//! Asks the history for all that a report tells.

use super::{
    DegreeDays, Longest, Meter, MeterDay, Number, NumberDay, Occupancy, Report, Used, UsedDay, WHOLE_DAY_H, comfort,
    covers,
    unusual::{self, Both},
};
use crate::{
    house::{
        Ask,
        past::{Piece, Source, Stretch, Time, pieces, read, stretches},
    },
    model::{Config, Kind, Owner, PointSpec, Quantity, Role, Tariff},
};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `2026-11-23`, `yesterday`, or a duration: that long ago; days are told whole. None: a week ago.
    #[schemars(with = "String")]
    pub from: Option<String>,
    /// As `from`; None: now.
    #[schemars(with = "String")]
    pub to: Option<String>,
}

/// The report of a house over some time; None: nothing was recorded of it.
///
/// # Errors
/// Those of the source.
pub fn make<E>(config: &Config, time: Time, source: Source<'_, E>) -> Result<Option<Report>, E> {
    let mut report = Report {
        hub: config.hub.name.to_string(),
        from: time.from,
        to: time.to,
        currency: config.energy.as_ref().map(|tariff| tariff.currency.clone()),
        numbers: Vec::new(),
        outputs: Vec::new(),
        inputs: Vec::new(),
        covers: Vec::new(),
        meters: Vec::new(),
        zones: Vec::new(),
        rooms: Vec::new(),
        degree_days: Vec::new(),
        unusual: Vec::new(),
    };
    for spec in config.specs() {
        match (spec.role, &spec.kind) {
            (Role::Output | Role::Input, Kind::Switch(_)) => used(config, spec, time, &mut report, source)?,
            (Role::Output, Kind::Word(_)) => report.covers.extend(covers::moved(spec, time, source)?),
            (Role::Reading, Kind::Number(_)) => reading(config, spec, time, &mut report, source)?,
            (Role::Occupied, _) => report.rooms.extend(occupancy(spec, config, time, source)?),
            _ => {}
        }
    }
    for zone in &config.climates {
        if let Some((comfort, slow)) = comfort::of_zone(config, zone, time, source)? {
            report.zones.push(comfort);
            report.unusual.extend(slow);
        }
    }
    let is_empty = report.numbers.is_empty() && report.outputs.is_empty() && report.inputs.is_empty();
    Ok((!is_empty || !report.meters.is_empty() || !report.covers.is_empty()).then_some(report))
}

/// The time that is asked for: whole days, as whoever answers reads what was written; nothing is known of later than `now`.
/// None: nothing was recorded.
///
/// # Errors
/// Those of the source.
pub fn time<E>(config: &Config, wanted: &Wanted, now: DateTime<Utc>, source: Source<'_, E>) -> Result<Option<Time>, E> {
    for spec in config.specs() {
        let ask = |from: String, every: &str| Ask {
            point: spec.name.clone(),
            from: Some(from),
            to: wanted.to.clone(),
            every: Some(every.into()),
            spans: None,
        };
        // However long ago it begins, it is not of too many years; the last of them tells the day on which it ends.
        let Some(years) = source(&ask(wanted.from.clone().unwrap_or_else(|| "7d".into()), "365d"))? else { continue };
        let Some((from, end)) = read(&years.from).zip(read(&years.to)) else { return Ok(None) };
        let last = from.max(end - TimeDelta::days(366));
        let Some(days) = source(&ask(last.to_rfc3339(), "1d"))? else { continue };
        return Ok(read(&days.to).map(|to| Time { from, to: to.min(now.with_timezone(to.offset())) }));
    }
    Ok(None)
}

/// What is told of, and a time before, by which it is seen what is usual.
fn both<E>(point: &str, time: Time, before: TimeDelta, every: Duration, source: Source<'_, E>) -> Result<Both, E> {
    let today = time.to.date_naive();
    let before = Time { from: time.from - before, to: time.from };
    Ok(Both { today, before: pieces(source, point, before, every)?, now: pieces(source, point, time, every)? })
}

fn known_h(piece: &Piece) -> f64 {
    piece.span.known_s / 3_600.0
}

fn used<E>(config: &Config, spec: &PointSpec, time: Time, report: &mut Report, source: Source<'_, E>) -> Result<(), E> {
    let both = both(&spec.name, time, unusual::before(time), DAY, source)?;
    if both.now.is_empty() {
        return Ok(());
    }
    let energy = match spec.owner {
        Owner::Output(id) if config[id].power.is_some() => {
            energy(&format!("{}.energy", spec.name), config.energy.as_ref(), time, source)?
        }
        _ => BTreeMap::new(),
    };
    let day = |piece: &Piece| {
        let date = piece.at.date_naive();
        let energy = energy.get(&date);
        UsedDay {
            date,
            known_h: known_h(piece),
            on_h: piece.span.on_s.unwrap_or(0.0) / 3_600.0,
            starts: piece.span.starts.unwrap_or(0),
            energy_kwh: energy.map(|energy| energy.kwh),
            cost: energy.and_then(|energy| energy.cost),
        }
    };
    let days: Vec<UsedDay> = both.now.iter().map(day).collect();
    let (mut on, mut said) = (Vec::new(), unusual::running(spec, &both));
    if unusual::is_opening(spec) {
        let since = Time { from: time.from - unusual::BEFORE, to: time.to };
        on = stretches(source, &spec.name, since)?;
        let before: Vec<Stretch> = on.extract_if(.., |stretch| stretch.to <= time.from).collect();
        said = unusual::open(spec, &before, &on);
    } else {
        on.extend(stretches(source, &spec.name, time)?);
    }
    report.unusual.extend(said);
    let longest = on.iter().max_by_key(|stretch| stretch.length());
    let used = Used {
        id: spec.name.clone(),
        name: spec.title.clone(),
        known_h: days.iter().map(|day| day.known_h).sum(),
        on_h: days.iter().map(|day| day.on_h).sum(),
        starts: days.iter().map(|day| day.starts).sum(),
        longest: longest
            .map(|longest| Longest { from: longest.from, hours: longest.length().num_seconds() as f64 / 3_600.0 }),
        energy_kwh: sum(energy.values().map(|energy| Some(energy.kwh))),
        cost: sum(energy.values().map(|energy| energy.cost)),
        days,
    };
    if spec.role == Role::Output {
        report.outputs.push(used)
    } else {
        report.inputs.push(used)
    }
    Ok(())
}

fn reading<E>(
    config: &Config,
    spec: &PointSpec,
    time: Time,
    report: &mut Report,
    source: Source<'_, E>,
) -> Result<(), E> {
    let Kind::Number(number) = &spec.kind else { return Ok(()) };
    let now = pieces(source, &spec.name, time, DAY)?;
    if now.is_empty() {
        return Ok(());
    }
    let (id, name, unit) = (spec.name.clone(), spec.title.clone(), number.unit.sign().to_owned());
    let decimals = number.shown_decimals.or(number.decimals).unwrap_or(2);
    if now.iter().any(|piece| piece.span.grew.is_some()) {
        let costs = match &config.energy {
            Some(tariff) if unit == "kWh" => energy(&spec.name, Some(tariff), time, source)?,
            _ => BTreeMap::new(),
        };
        let day = |piece: &Piece| {
            let date = piece.at.date_naive();
            let cost = costs.get(&date).and_then(|energy| energy.cost);
            MeterDay { date, grew: millionths(piece.span.grew.unwrap_or(0.0)), cost }
        };
        let days: Vec<MeterDay> = now.iter().map(day).collect();
        report.meters.push(Meter {
            id,
            name,
            unit,
            decimals,
            grew: millionths(days.iter().map(|day| day.grew).sum()),
            cost: sum(costs.values().map(|energy| energy.cost)),
            days,
        });
        return Ok(());
    }
    let days: Vec<NumberDay> = now.iter().map(number_day).collect();
    let is_outdoor = config.climates.iter().any(|zone| Some(spec.owner) == zone.outdoor.map(Owner::Sensor));
    if is_outdoor && number.quantity == Some(Quantity::Temperature) {
        // Today is not over.
        let is_over = |day: &&NumberDay| day.date < time.to.date_naive();
        report.degree_days.push(degree_days(spec, &days.iter().filter(is_over).collect::<Vec<_>>()));
    }
    if unusual::is_of_air(spec) {
        let before = Time { from: time.from - unusual::BEFORE, to: time.from };
        let before = pieces(source, &spec.name, before, DAY)?;
        let days = Both { today: time.to.date_naive(), before, now };
        report.unusual.extend(unusual::stuck(spec, &days, decimals));
        let hours = both(&spec.name, time, unusual::BEFORE, HOUR, source)?;
        report.unusual.extend(unusual::noisy(spec, &hours, decimals));
    }
    let known: f64 = days.iter().map(|day| day.known_h).sum();
    report.numbers.push(Number {
        id,
        name,
        unit,
        decimals,
        min: days.iter().map(|day| day.min).fold(f64::INFINITY, f64::min),
        mean: days.iter().map(|day| day.mean * day.known_h).sum::<f64>() / known.max(f64::MIN_POSITIVE),
        max: days.iter().map(|day| day.max).fold(f64::NEG_INFINITY, f64::max),
        known_h: known,
        days,
    });
    Ok(())
}

fn number_day(piece: &Piece) -> NumberDay {
    let span = &piece.span;
    NumberDay { date: piece.at.date_naive(), min: span.min, mean: span.mean, max: span.max, known_h: known_h(piece) }
}

/// What a meter of energy counted on a day.
#[derive(Clone, Copy, Default)]
struct Energy {
    kwh: f64,
    /// What it cost, if it has a price.
    cost: Option<f64>,
}

/// The energy of each day of which something is known.
fn energy<E>(
    point: &str,
    tariff: Option<&Tariff>,
    time: Time,
    source: Source<'_, E>,
) -> Result<BTreeMap<NaiveDate, Energy>, E> {
    let every = tariff.map_or(DAY, |tariff| Duration::from_secs(tariff.step_s().into()));
    let mut days: BTreeMap<NaiveDate, Energy> = BTreeMap::new();
    for piece in pieces(source, point, time, every)? {
        let (day, kwh) = (days.entry(piece.at.date_naive()).or_default(), piece.span.grew.unwrap_or(0.0));
        day.kwh += kwh;
        day.cost = tariff.map(|tariff| day.cost.unwrap_or(0.0) + kwh * tariff.price_at(&piece.at));
    }
    for day in days.values_mut() {
        *day = Energy { kwh: millionths(day.kwh), cost: day.cost.map(millionths) };
    }
    Ok(days)
}

/// None: none of them is known.
fn sum(numbers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    numbers.flatten().reduce(|one, other| one + other).map(millionths)
}

/// Without the last digits, which come of adding.
fn millionths(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn degree_days(spec: &PointSpec, days: &[&NumberDay]) -> DegreeDays {
    let whole = || days.iter().filter(|day| day.known_h >= WHOLE_DAY_H);
    DegreeDays {
        id: spec.name.clone(),
        name: spec.title.clone(),
        heating: whole().filter(|day| day.mean <= 15.0).fold(0.0, |sum, day| sum + 18.0 - day.mean),
        cooling: whole().filter(|day| day.mean >= 24.0).fold(0.0, |sum, day| sum + day.mean - 21.0),
        days: whole().count(),
    }
}

fn occupancy<E>(spec: &PointSpec, config: &Config, time: Time, source: Source<'_, E>) -> Result<Option<Occupancy>, E> {
    let Owner::Room(room) = spec.owner else { return Ok(None) };
    let hours = pieces(source, &spec.name, time, HOUR)?;
    if hours.is_empty() {
        return Ok(None);
    }
    let mut sums = [[(0.0, 0.0); 24]; 7];
    for piece in &hours {
        let day = piece.at.weekday().num_days_from_monday() as usize;
        let (on, known) = &mut sums[day][piece.at.hour() as usize];
        *on += piece.span.on_s.unwrap_or(0.0);
        *known += piece.span.known_s;
    }
    let share = |(on, known): (f64, f64)| (known > 0.0).then(|| on / known);
    Ok(Some(Occupancy {
        id: config[room].id.to_string(),
        name: config[room].name.to_string(),
        occupied_h: sums.map(|day| day.iter().map(|(on, _)| on).sum::<f64>() / 3_600.0),
        week: sums.map(|day| day.map(share)),
    }))
}
