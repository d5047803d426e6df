//! What comes next by itself: the engine run ahead on a copy, while nothing happens in the house.

use super::{EffectQueue, Engine};
use crate::{
    almanac::sun,
    clock::Now,
    model::{
        Ahead, ClimateFacet, ClimateId, Effect, Event, Expected, Explanation, Level, Outlook, OutputId, Point,
        PointState, Quality, RoomId, RuleAhead, Slot, SunTimes, Truth, Upcoming, Value,
    },
};
use chrono::{DateTime, Utc};
use std::{ops::ControlFlow, time::Duration};

/// How far ahead it looks.
const HORIZON: Duration = Duration::from_secs(24 * 3600);
/// The most steps it takes: a house that changes more often than that says nothing of tomorrow.
const STEPS_MAX: usize = 4000;
/// The most changes that an outlook tells.
const CHANGES_MAX: usize = 500;

/// The next change of what an output is asked to be or why, if all inputs and readings stay as they are and every wire
/// does as it is told; nothing, if there is none within a day.
pub(super) fn next_of_output(engine: &Engine, output: OutputId, now: Now) -> Ahead {
    let mut first = None;
    next_change(engine, now, |copy, then| {
        let explanation = copy.outputs[output.0].explanation.as_ref()?;
        let first = first.get_or_insert_with(|| explanation.clone());
        let (value, line) = (copy.config.level_text(output, explanation.level), explanation.line.clone());
        differs(first, explanation).then_some(Upcoming { at: then.wall, value, line })
    })
}

/// The next change of whether a room is occupied, or somebody sleeps there, on the same terms.
pub(super) fn next_of_room(engine: &Engine, room: RoomId, asleep: bool, now: Now) -> Ahead {
    let mut first = None;
    next_change(engine, now, |copy, then| {
        let state = &copy.rooms[room.0];
        let truth = if asleep { state.asleep } else { state.occupied };
        let first = *first.get_or_insert(truth);
        let value = match truth {
            Truth::Unknown => "unknown".into(),
            known => Level::from_on(known.is_true()).to_string(),
        };
        let line = state.cause.as_ref().map(|cause| cause.describe(room, &copy.config)).unwrap_or_default();
        (truth != first).then_some(Upcoming { at: then.wall, value, line })
    })
}

/// The next change of these points of a zone or of why the first of them is as it is, on the same terms.
pub(super) fn next_of_zone(engine: &Engine, zone: ClimateId, facets: &[ClimateFacet], now: Now) -> Ahead {
    let mut first = None;
    next_change(engine, now, |copy, then| {
        let states: Vec<_> = facets.iter().map(|facet| copy.point_state(Point::Climate(zone, *facet), then)).collect();
        let text = |(facet, state): (&ClimateFacet, &PointState)| {
            let unit = if facet.is_temperature() { " °C" } else { "" };
            Some(format!("{}{unit}", state.text()?))
        };
        let value = facets.iter().zip(&states).filter_map(text).collect::<Vec<_>>().join(", ");
        let line = states.first().and_then(|state| state.why()).unwrap_or_default().to_owned();
        let first = first.get_or_insert_with(|| (value.clone(), line.clone()));
        ((&value, &line) != (&first.0, &first.1)).then_some(Upcoming { at: then.wall, value, line })
    })
}

/// The first that `look` finds, which is shown a copy of the engine as it is, then as it becomes.
fn next_change(engine: &Engine, now: Now, mut look: impl FnMut(&Engine, Now) -> Option<Upcoming>) -> Ahead {
    let mut found = None;
    let until = run_ahead(engine, now, |copy, then| {
        found = look(copy, then);
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match found {
        Some(found) => Ahead::Change(found),
        None if until < now.wall_at(now.moment + HORIZON) => Ahead::NothingUntil(until),
        None => Ahead::Nothing,
    }
}

/// All that changes of outputs, of what zones are to hold, and of the mode, on the same terms.
pub(super) fn outlook(engine: &Engine, now: Now) -> Outlook {
    let is_told = |point: &Point| match point {
        Point::Output(_) | Point::Mode => true,
        Point::Climate(_, facet) => matches!(facet, ClimateFacet::Target | ClimateFacet::CoolTarget),
        _ => false,
    };
    let points: Vec<Point> = engine.config.points().filter(is_told).collect();
    let (mut changes, mut before) = (Vec::new(), Vec::<PointState>::new());
    let mut rules = RulesAhead::default();
    let until = run_ahead(engine, now, |copy, then| {
        rules.look(copy, then);
        let states: Vec<_> = points.iter().map(|point| copy.plain_state(*point, then)).collect();
        for (state, before) in states.iter().zip(&before) {
            if let Some(value) = state.text().filter(|_| shows_another(state, before)) {
                let (point, percent) = (state.point, percent(copy, state.point, then));
                let line = copy.point_state(point, then).why().unwrap_or_default().to_owned();
                changes.push(Expected { point, percent, next: Upcoming { at: then.wall, value, line } });
            }
        }
        before = states;
        if changes.len() < CHANGES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    Outlook { sun: sun_times(engine, now), changes, rules: rules.found, until }
}

/// What rules do next.
#[derive(Default)]
struct RulesAhead {
    /// Whether each with `while` is active as it was first; None: what it does next is found.
    active: Option<Vec<Option<Truth>>>,
    /// How often each with `on` acted, in the same way.
    acted: Option<Vec<Option<u64>>>,
    found: Vec<RuleAhead>,
}

impl RulesAhead {
    fn look(&mut self, engine: &Engine, now: Now) {
        let truths = || engine.rules.iter().map(|state| state.truth);
        let counts = || engine.events.iter().map(|state| state.used.acted);
        let active = self.active.get_or_insert_with(|| truths().map(Some).collect());
        let acted = self.acted.get_or_insert_with(|| counts().map(Some).collect());
        for ((rule, before), is) in engine.config.rules.iter().zip(active).zip(truths()) {
            // What was made of other keys is told with what it sets.
            if before.take_if(|before| *before != is).is_some() && rule.made_by().is_none() {
                self.found.push(RuleAhead { name: rule.name.clone(), at: now.wall, active: Some(is) });
            }
        }
        for ((rule, before), count) in engine.config.events.iter().zip(acted).zip(counts()) {
            if before.take_if(|before| *before != count).is_some() {
                self.found.push(RuleAhead { name: rule.name.clone(), at: now.wall, active: None });
            }
        }
    }
}

/// Whether a point says something else than before. A zone moves its levels all the time: of those only on and off count.
fn shows_another(state: &PointState, before: &PointState) -> bool {
    let is_moved = || matches!(state.value, Some(Value::Level(_)));
    let is_of_zone = || state.explanation.as_ref().is_some_and(|explanation| explanation.winner == Slot::Climate);
    // Texts take longer to make, and most values stay.
    state.value != before.value && (is_moved() && !is_of_zone() || state.text() != before.text())
}

/// How far an output with levels is on, or a cover is open.
fn percent(engine: &Engine, point: Point, now: Now) -> Option<u8> {
    let Point::Output(id) = point else { return None };
    let level = engine.config.facets(id).map(|facet| Point::OutputFacet(id, facet)).find(|point| point.is_level())?;
    match engine.plain_state(level, now).value {
        Some(Value::Level(level)) => Some(level.percent()),
        _ => None,
    }
}

fn sun_times(engine: &Engine, now: Now) -> Vec<SunTimes> {
    let hub = &engine.config.hub;
    if !hub.is_placed() || !now.wall_known {
        return Vec::new();
    }
    let today = now.wall.with_timezone(&hub.timezone).date_naive();
    let of = |date| {
        let sun::SunDay { dawn, sunrise, sunset, dusk, .. } =
            sun::day(date, hub.latitude, hub.longitude, hub.timezone)?;
        Some(SunTimes { dawn, sunrise, sunset, dusk })
    };
    [today.pred_opt(), Some(today), today.succ_opt()].into_iter().flatten().filter_map(of).collect()
}

/// Runs a copy of the engine ahead and shows it, first as it is, then after each step, until that is enough. Returns up to
/// when it was looked.
fn run_ahead(engine: &Engine, now: Now, mut look: impl FnMut(&Engine, Now) -> ControlFlow<()>) -> DateTime<Utc> {
    let mut copy = engine.clone();
    let end = now.moment + HORIZON;
    for (sensor, state) in engine.config.sensors.iter().zip(&mut copy.sensors) {
        for quantity in sensor.quantities() {
            // What is stale stays so.
            let is_good = state.quality(sensor, quantity, now.moment).0 == Quality::Good;
            if let Some(reading) = state.readings.get_mut(&quantity).filter(|_| is_good) {
                reading.at = end;
            }
        }
    }
    copy.still_counters();
    copy.holds_phases = true;
    for state in &mut copy.outputs {
        state.door.look_ahead();
        state.mover.look_ahead();
    }
    // What is read from here on is another thing than what it last decided by.
    copy.forget_decisions();
    settle(&mut copy, now, Event::Wake);
    let mut last = now;
    let mut is_enough = look(&copy, now).is_break();
    for _ in 0..STEPS_MAX {
        if is_enough {
            return last.wall;
        }
        let Some(moment) = copy.next_wakeup().filter(|next| *next <= end) else { return now.wall_at(end) };
        last = Now { moment, wall: now.wall_at(moment), wall_known: now.wall_known };
        settle(&mut copy, last, Event::Wake);
        is_enough = look(&copy, last).is_break();
    }
    last.wall
}

fn differs(one: &Explanation, other: &Explanation) -> bool {
    one.level != other.level || one.winner != other.winner || one.line != other.line
}

impl Engine {
    /// The engine as it would be after this event, if every wire did as it is told. Nothing is done to this one.
    #[must_use]
    pub fn rehearse(&self, now: Now, event: Event) -> Engine {
        let mut copy = self.clone();
        settle(&mut copy, now, event);
        copy
    }
}

/// One event, and every wire takes what it is driven to, or was before.
fn settle(engine: &mut Engine, now: Now, event: Event) {
    let driven = |drive| Event::Driven { drive, result: Ok(()) };
    let mut queue = EffectQueue::default();
    for drive in engine.drives.ids() {
        queue.add(engine.handle(now, driven(drive)));
    }
    queue.add(engine.handle(now, event));
    while let Some(effect) = queue.next(engine) {
        if let Effect::Drive { drive, .. } = effect {
            queue.add(engine.handle(now, driven(drive)));
        }
    }
}
