//! What conditions look at: the house as it is at one instant, and a note of when it will look different by itself.

use super::{
    climate::{points, state::ZoneState},
    history::Readings,
    state::{InputState, ModeState, OutputState, RoomState, RuleState, SensorState},
    today::{Seen, Today},
    view::View,
    wakeup::NextWakeup,
};
use crate::{
    almanac::{Calendar, Day, Held},
    clock::{Moment, Now},
    model::{
        ClimateFacet, ClimateId, Config, InputId, Method, OutputFacet, OutputId, PastDay, Point, Quality, Quantity,
        SensorId, SeriesId, Summary, Truth,
    },
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::time::Duration;

/// How often a condition on the height of the sun is looked at: it moves by at most a quarter of a degree in this time.
const LOOK_AT_THE_SUN: Duration = Duration::from_secs(60);
/// How often a condition on the calendar is looked at, at the least.
const LOOK_AT_THE_CALENDAR: Duration = Duration::from_secs(6 * 3600);

/// An output that makes up for what is missing today goes on with it when its clock is adjusted by less than this.
const CLOCK_ADJUSTED: TimeDelta = TimeDelta::minutes(1);

/// The house at one instant.
pub(super) struct Facts<'a> {
    pub config: &'a Config,
    pub now: Now,
    pub outputs: &'a [OutputState],
    pub inputs: &'a [InputState],
    pub sensors: &'a [SensorState],
    pub rooms: &'a [RoomState],
    /// Empty while they are being worked out.
    pub climates: &'a [ZoneState],
    pub mode: Option<&'a ModeState>,
    pub series: &'a [Readings],
    /// In the order of the points.
    pub today: &'a [(Point, Today)],
    /// Days of the past that lights repeat.
    pub past_days: &'a [PastDay],
    pub dark: Option<&'a RuleState>,
    /// What this process has not read since then is unknown.
    pub read_since: Option<Moment>,
    pub calendar: &'a mut Calendar,
    pub wakeup: &'a mut NextWakeup,
}

/// The house of an engine as it is now. A macro, so that all else of the engine can be changed meanwhile.
macro_rules! facts {
    ($engine:expr, $config:expr, $now:expr, $calendar:expr, $wakeup:expr) => {
        $crate::engine::facts::Facts {
            config: $config,
            now: $now,
            outputs: &$engine.outputs,
            inputs: &$engine.inputs,
            sensors: &$engine.sensors,
            rooms: &$engine.rooms,
            climates: &$engine.climates,
            mode: $engine.mode.as_ref(),
            series: &$engine.series,
            today: &$engine.today,
            past_days: &$engine.past_days,
            dark: $engine.dark.as_ref(),
            read_since: None,
            calendar: $calendar,
            wakeup: $wakeup,
        }
    };
}
pub(super) use facts;

impl<'a> Facts<'a> {
    /// Its outputs.
    pub fn view(&self) -> View<'_> {
        View { config: self.config, outputs: self.outputs, now: self.now }
    }

    /// Whether a binary point is on.
    pub fn is_on(&self, point: Point) -> Truth {
        match point {
            _ if !self.counts(point) => Truth::Unknown,
            Point::Output(id) => self.view().is_on(id),
            Point::OutputFacet(id, OutputFacet::Lock) => self.outputs[id.0].locked.into(),
            Point::OutputFacet(..) => Truth::Unknown,
            Point::Input(id) => self.inputs[id.0].truth(),
            Point::Occupied(id) => self.rooms[id.0].occupied,
            Point::Asleep(id) => self.rooms[id.0].asleep,
            Point::Reading(..) | Point::Climate(..) | Point::Mode | Point::Event(_) | Point::Setting(_) => {
                Truth::Unknown
            }
        }
    }

    /// A number of an output, while its wire is in order.
    pub fn of_output(&self, id: OutputId, facet: OutputFacet) -> Option<f64> {
        self.view().number(id, facet)
    }

    /// Whether a point is looked at: not one that was not read since [`Facts::read_since`].
    fn counts(&self, point: Point) -> bool {
        self.read_since.is_none_or(|since| self.is_heard(point, since))
    }

    /// Whether this process, which began at `started`, has heard of a point by itself.
    pub fn is_heard(&self, point: Point, started: Moment) -> bool {
        let input = |id: InputId| self.inputs[id.0].seen;
        match point {
            Point::Input(id) => input(id),
            Point::Occupied(id) | Point::Asleep(id) => {
                let room = &self.config[id];
                let asked = [&room.occupied_while, &room.asleep_while].into_iter().flatten();
                room.motion.iter().chain(&room.doors).all(|its| input(*its))
                    && asked
                        .flat_map(|rule| rule.condition.points(self.config))
                        .all(|point| self.is_heard(point, started))
            }
            Point::Reading(sensor, quantity) => {
                self.sensors[sensor.0].readings.get(&quantity).is_some_and(|reading| reading.at >= started)
            }
            Point::Output(_)
            | Point::OutputFacet(..)
            | Point::Climate(..)
            | Point::Mode
            | Point::Event(_)
            | Point::Setting(_) => true,
        }
    }

    /// Whether nothing good is known of a point.
    pub fn is_lost(&mut self, point: Point) -> bool {
        let quality = match point {
            Point::Reading(id, quantity) => return self.reading(id, quantity).is_none(),
            Point::Output(id) => self.view().quality(id),
            Point::OutputFacet(id, facet) => self.view().facet(id, facet).quality,
            Point::Input(id) | Point::Event(id) => self.inputs[id.0].quality(),
            Point::Climate(id, facet) => {
                let state = self.climates.get(id.0);
                return !state.is_some_and(|state| points::is_known(&self.config[id], state, facet));
            }
            Point::Occupied(_) | Point::Asleep(_) => return self.is_on(point) == Truth::Unknown,
            Point::Mode | Point::Setting(_) => Quality::Good,
        };
        quality != Quality::Good
    }

    /// Whether the house is in one of these modes.
    pub fn mode(&self, modes: &[usize]) -> Truth {
        self.mode.map_or(Truth::Unknown, |mode| modes.contains(&mode.place).into())
    }

    /// Whether a point became another less than `within` ago. That is not known where it was not known for so long.
    pub fn changed(&mut self, point: Point, within: Duration) -> Truth {
        let (turned, unsure, is_known) = match point {
            Point::Output(id) if matches!(self.config[id].method, Method::Door(_) | Method::Mover(_)) => {
                let turned = self.outputs[id.0].turned;
                (turned.at, turned.known, self.view().is_on(id) != Truth::Unknown)
            }
            Point::Output(id) => {
                let output = &self.outputs[id.0];
                // What is decided and not driven yet turns now.
                let decided = self.view().decided(id);
                let turns =
                    output.explanation.is_some() && output.shown(self.now.moment).is_some_and(|shown| shown != decided);
                let turned = if turns { Some(self.now.moment) } else { output.changed };
                (turned, None, output.failure().is_none())
            }
            Point::OutputFacet(id, OutputFacet::Lock) => (self.outputs[id.0].lock_changed, None, true),
            Point::Input(id) => {
                let input = &self.inputs[id.0];
                (input.turned.at, input.turned.known, input.truth() != Truth::Unknown)
            }
            Point::Occupied(id) => {
                let room = &self.rooms[id.0];
                (room.turned.at, room.turned.known, room.occupied != Truth::Unknown)
            }
            Point::Asleep(id) => {
                let room = &self.rooms[id.0];
                (room.asleep_turned.at, room.asleep_turned.known, room.asleep != Truth::Unknown)
            }
            Point::Mode => (self.mode.and_then(|mode| mode.turned), None, self.mode.is_some()),
            Point::Reading(..) | Point::Event(_) | Point::OutputFacet(..) | Point::Climate(..) | Point::Setting(_) => {
                (None, None, false)
            }
        };
        let is_known = is_known && self.counts(point);
        let mut lasts = |since: Option<Moment>| {
            let end = since.map(|since| since + within).filter(|end| self.now.moment < *end);
            if let Some(end) = end {
                self.wakeup.at(end);
            }
            end.is_some()
        };
        match (is_known, lasts(turned), lasts(unsure)) {
            (true, true, _) => Truth::True,
            (true, false, false) => Truth::False,
            (true, false, true) | (false, ..) => Truth::Unknown,
        }
    }

    /// Whether it is dark: by what the hub says, and while that is not known by the sun.
    pub fn dark(&mut self) -> Truth {
        match self.dark.map(|dark| dark.truth) {
            Some(truth @ (Truth::True | Truth::False)) => truth,
            Some(Truth::Unknown) | None => self.on_the_clock(|calendar, now| calendar.dark(now.wall)),
        }
    }

    /// What a reading was over a while, as long as the reading itself is good.
    pub fn over(&mut self, summary: Summary, id: SeriesId) -> Option<f64> {
        let series = self.config[id];
        self.reading(series.sensor, series.quantity)?;
        self.series[id.0].summary(summary, series.window)
    }

    /// The local day, while the time is known.
    pub fn day(&mut self) -> Option<Day> {
        let day = self.now.wall_known.then(|| self.calendar.day_of(self.now.wall))??;
        self.wake_at_time(Some(day.end));
        Some(day)
    }

    /// Today, and when a light was on two weeks before, if that is known.
    pub fn past_day(&mut self, light: OutputId) -> Option<(NaiveDate, &'a [(i32, i32)])> {
        let today = self.day()?.date;
        let before = PastDay::before(today)?;
        let day = self.past_days.iter().find(|day| day.date == before)?;
        Some((today, day.on.get(&self.config[light].id)?.as_slice()))
    }

    /// What became of a point today, as long as the time is known, and of a meter what it shows.
    pub fn today(&mut self, point: Point) -> Option<Seen> {
        let place = self.today.binary_search_by_key(&point, |(point, _)| *point).ok()?;
        if self.config.grows_in(point).is_some() {
            self.total(point)?;
        }
        self.today[place].1.seen(self.now)
    }

    /// What a meter shows, while it is good.
    pub fn total(&mut self, point: Point) -> Option<f64> {
        match point {
            Point::Reading(id, quantity) => self.reading(id, quantity),
            Point::OutputFacet(id, facet) => self.of_output(id, facet),
            _ => None,
        }
    }

    /// Whether an output must be on from now on, to have been on for so long when the day is over.
    pub fn due(&mut self, output: OutputId, least: Duration) -> Truth {
        let Some(seen) = self.today(Point::Output(output)) else { return Truth::Unknown };
        let Some(end) = self.calendar.end_of(seen.date) else { return Truth::Unknown };
        let missing = TimeDelta::milliseconds(((least.as_secs_f64() - seen.value) * 1000.0).round() as i64);
        if missing <= TimeDelta::zero() {
            return Truth::False;
        }
        let spare = end - self.now.wall - missing;
        let (is_due, changes) = match seen.runs {
            // What is missing and what is left become less alike.
            true if spare <= CLOCK_ADJUSTED => (true, Some(self.now.moment + millis(missing))),
            true => (false, None),
            false if spare <= TimeDelta::zero() => (true, None),
            false => (false, Some(self.now.moment_at(self.now.wall + spare))),
        };
        changes.into_iter().for_each(|changes| self.wakeup.at(changes));
        is_due.into()
    }

    /// A reading that is good.
    pub fn reading(&mut self, id: SensorId, quantity: Quantity) -> Option<f64> {
        let sensor = &self.sensors[id.0];
        let (quality, stale) = sensor.quality(&self.config[id], quantity, self.now.moment);
        if let Some(stale) = stale {
            self.wakeup.at(stale);
        }
        let quality = if self.counts(Point::Reading(id, quantity)) { quality } else { Quality::Unknown };
        (quality == Quality::Good).then(|| sensor.readings.get(&quantity).map(|reading| reading.value))?
    }

    /// Whether a point of a climate zone has this word.
    pub fn climate_is(&self, zone: ClimateId, facet: ClimateFacet, word: &str) -> Truth {
        let state = self.climates.get(zone.0);
        state.map_or(Truth::Unknown, |state| points::is_word(&self.config[zone], state, facet, word))
    }

    /// A temperature of a climate zone, °C.
    pub fn climate_number(&self, zone: ClimateId, facet: ClimateFacet) -> Option<f64> {
        points::number(&self.config[zone], self.climates.get(zone.0)?, facet)
    }

    /// The height of the sun, degrees, while the time is known.
    pub fn sun_elevation(&mut self) -> Option<f64> {
        self.wakeup.at(self.now.moment + LOOK_AT_THE_SUN);
        self.now.wall_known.then(|| self.calendar.sun_elevation(self.now.wall))?
    }

    /// A condition on the time: unknown while the time is.
    pub fn on_the_clock(&mut self, ask: impl FnOnce(&mut Calendar, Now) -> Option<Held>) -> Truth {
        if !self.now.wall_known {
            return Truth::Unknown;
        }
        let Some(held) = ask(self.calendar, self.now) else { return Truth::Unknown };
        self.wake_at_time(held.changes);
        held.holds.into()
    }

    /// What does not change within a day or so is asked for again.
    fn wake_at_time(&mut self, changes: Option<DateTime<Utc>>) {
        let ask_again = self.now.moment + LOOK_AT_THE_CALENDAR;
        self.wakeup.at(changes.map_or(ask_again, |changes| self.now.moment_at(changes).min(ask_again)));
    }
}

fn millis(length: TimeDelta) -> Duration {
    length.to_std().unwrap_or_default()
}
