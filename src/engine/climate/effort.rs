//! Whether warming warms and cooling cools, judged by what is needed.
//!
//! Full power that only holds the temperature is no failure: on a cold day a heater may have no more to give. What it
//! does is the difference to what happens without it, so it fails
//! - where the temperature goes on as it does at rest, or, while that is not known, goes away fast or far,
//! - where it does not change at all, far from the target, and there is no cold that it could hold out against: nothing was
//!   lost at rest, or it never had an effect yet.

use super::thermostat::Direction;
use crate::{clock::Moment, engine::wakeup::NextWakeup};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Power from this percentage on is full power.
pub(super) const FULL: u8 = 90;
/// So many degrees are an effect.
const EFFECT: f64 = 0.3;
/// So far from the target is far, degrees: of what lost nothing at rest, and of what never had an effect yet.
const FAR: f64 = 2.0;
const VERY_FAR: f64 = 3.0;
/// Away from the best that there was by this much is a failure, however slowly.
const AWAY: f64 = 3.5;
/// Degrees an hour that are fast, where nobody knows how fast it goes at rest.
const FAST: f64 = 1.0;
/// With less than this, degrees an hour, nothing is lost at rest.
const STILL: f64 = 0.1;
/// This share of what is lost at rest is lost although it is on: it does nothing. But less than this, degrees an hour, the
/// weather alone may take.
const SHARE: f64 = 0.6;
const SLOW: f64 = 0.4;
/// What is lost at rest is seen after this time, and looked at anew after some hours.
const REST: Duration = Duration::from_secs(1800);
const REST_ANEW: Duration = Duration::from_secs(2 * 3600);
/// What gets better too slowly may go on for so many times as long.
const PATIENCE: u32 = 3;

/// How hard a zone works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Work {
    /// Nothing is on.
    Rests,
    /// A part of its power, or what somebody else wants.
    Other,
    /// All its power, this way, so many degrees from the target.
    Full(Direction, f64),
}

/// What full power has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Effort {
    run: Option<Run>,
    /// This way did not work when it was last tried.
    failed: Option<Direction>,
    /// It had an effect since it last failed.
    proven: bool,
    /// Since when it rests, and what was measured then.
    rest: Option<(Moment, f64)>,
    /// How the temperature last changed at rest, degrees an hour.
    drift: Option<f64>,
}

/// Full power without a break.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    way: Direction,
    /// Since when it is judged, and from which temperature.
    since: Moment,
    from: f64,
    /// The worst and the best temperature since it began.
    worst: f64,
    best: f64,
    /// It is judged since it began.
    first: bool,
}

impl Effort {
    /// Takes note of what is measured. Returns which way fails; `after`: this long without effect.
    pub(super) fn update(
        &mut self,
        work: Work,
        current: f64,
        after: Duration,
        now: Moment,
        wakeup: &mut NextWakeup,
    ) -> Option<Direction> {
        let Work::Full(way, lack) = work else {
            self.run = None;
            if work == Work::Rests {
                self.note_rest(current, now, wakeup)
            } else {
                self.rest = None
            }
            return self.failed;
        };
        self.rest = None;
        // Seen so that warmer is better.
        let sign = if way == Direction::Cool { -1.0 } else { 1.0 };
        let better = |one: f64, other: f64| sign * (one - other) > 0.0;
        let fresh = Run { way, since: now, from: current, worst: current, best: current, first: true };
        let run = self.run.filter(|run| run.way == way).unwrap_or(fresh);
        let run = self.run.insert(Run {
            best: if better(current, run.best) { current } else { run.best },
            worst: if better(run.worst, current) { current } else { run.worst },
            ..run
        });
        if sign * (current - run.worst) >= EFFECT {
            *run = Run { best: run.best, ..fresh };
            self.proven = true;
            self.failed = self.failed.filter(|failed| *failed != way);
        }
        let (run, end) = (*run, run.since + after);
        if self.failed == Some(way) {
            return self.failed;
        }
        if now < end {
            wakeup.at(end);
            return self.failed;
        }
        let hours = hours(run.since, now);
        let fell = sign * (run.from - current);
        let loss = self.drift.map(|drift| -sign * drift);
        let at_rest = loss.filter(|loss| *loss >= STILL).map_or(FAST, |loss| (SHARE * loss).max(SLOW)) * hours;
        let falls = fell >= EFFECT && fell >= at_rest || sign * (run.best - current) >= AWAY;
        let lost_nothing = run.first && loss.is_some_and(|loss| loss < STILL);
        let stands = lack >= FAR && lost_nothing || lack >= VERY_FAR && !self.proven;
        let last = run.since + after * PATIENCE;
        let rises = -fell >= EFFECT / 3.0 && now < last;
        if falls || stands && !rises {
            (self.failed, self.proven) = (Some(way), false);
        } else if stands {
            wakeup.at(last);
        } else {
            self.run = Some(Run { since: now, from: current, first: false, ..run });
            wakeup.at(now + after);
        }
        self.failed
    }

    /// How the temperature changes by itself.
    fn note_rest(&mut self, current: f64, now: Moment, wakeup: &mut NextWakeup) {
        let (since, from) = *self.rest.get_or_insert((now, current));
        // At set times, so that it comes to the same however often it is looked at.
        let due = since + if self.drift.is_none() { REST } else { REST_ANEW };
        if now >= due {
            self.drift = Some((current - from) / hours(since, now));
            self.rest = Some((now, current));
            wakeup.at(now + REST_ANEW);
        } else {
            wakeup.at(due);
        }
    }

    /// What is worth a write: which way did not work, and since when it is judged.
    pub fn marks(&self) -> (Option<Direction>, Option<Moment>) {
        (self.failed, self.run.map(|run| run.since))
    }

    /// What was measured before does not count any more.
    pub fn begin_anew(&mut self) {
        (self.run, self.rest) = (None, None);
    }

    /// Nothing is tried: there is no failure either.
    pub fn clear(&mut self) {
        *self = Effort::default();
    }
}

fn hours(from: Moment, to: Moment) -> f64 {
    (to.as_millis() - from.as_millis()) as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::Heat;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_never_warmed_fails_in_an_hour_until_it_does() {
        let (mut effort, mut wakeup) = (Effort::default(), NextWakeup::default());
        let mut at = |minute: i64, full: bool, current: f64| {
            let work = if full { Work::Full(Heat, 22.0 - current) } else { Work::Rests };
            effort.update(work, current, HOUR, Moment::from_millis(minute * 60_000), &mut wakeup)
        };
        assert_eq!(at(0, true, 18.0), None);
        assert_eq!(at(30, true, 17.5), None);
        assert_eq!(at(59, true, 17.7), None);
        assert_eq!(at(60, true, 17.7), Some(Heat));
        assert_eq!(at(70, false, 17.7), Some(Heat), "it is not mended by resting");
        assert_eq!(at(80, true, 17.7), Some(Heat));
        assert_eq!(at(90, true, 18.0), None);
        assert_eq!(at(140, true, 18.4), None);
        assert_eq!(at(205, true, 18.4), None, "held against the cold");
    }

    /// A room with a heater that can just about hold it, in weather that is now too cold and now not.
    struct House {
        /// Hours in which the room follows the weather.
        tau: f64,
        /// Degrees that the heater can hold the room above the weather.
        power: f64,
        mean: f64,
        swing: f64,
        noise: f64,
        target: f64,
        after: Duration,
    }

    impl House {
        /// The hours at which an alarm begins, within `hours`; the heater dies at `dies`.
        fn alarms(&self, hours: i64, dies: Option<i64>) -> Vec<i64> {
            let (mut effort, mut wakeup) = (Effort::default(), NextWakeup::default());
            let (mut room, mut on, mut failed, mut alarms) = (self.target - 0.3, false, None, Vec::new());
            for minute in 0..hours * 60 {
                let outside = self.mean + self.swing * (minute as f64 / 1440.0 * std::f64::consts::TAU).sin();
                let works = dies.is_none_or(|hour| minute < hour * 60);
                let level = outside + if on && works { self.power } else { 0.0 };
                room += (level - room) / self.tau / 60.0;
                let read = room + self.noise * (minute as f64 * 1.7).sin();
                on = if on { read < self.target + 0.5 } else { read <= self.target - 0.5 };
                let work = if on { Work::Full(Heat, self.target - read) } else { Work::Rests };
                let fails = effort.update(work, read, self.after, Moment::from_millis(minute * 60_000), &mut wakeup);
                if fails.is_some() && failed.is_none() {
                    alarms.push(minute / 60);
                }
                failed = fails;
            }
            alarms
        }
    }

    fn houses() -> impl Iterator<Item = House> {
        let taus = [5.0, 12.0, 30.0, 70.0].into_iter();
        let swings = taus.flat_map(|tau| [0.0, 3.0, 6.0].into_iter().map(move |swing| (tau, swing)));
        let means = swings.flat_map(|(tau, swing)| [-12.0, -5.0, 2.0].into_iter().map(move |mean| (tau, swing, mean)));
        let sized = means.flat_map(|house| [0.95, 1.0, 1.1].into_iter().map(move |share| (house, share)));
        // What follows the weather by more than that is not held at all.
        let held = sized
            .filter(|((tau, swing, _), _)| swing / (1.0 + (tau / 24.0 * std::f64::consts::TAU).powi(2)).sqrt() < 1.5);
        let noisy = held.flat_map(|house| [0.0, 0.1].into_iter().map(move |noise| (house, noise)));
        noisy.flat_map(|(((tau, swing, mean), share), noise)| {
            [1, 3].into_iter().map(move |hours| House {
                tau,
                power: (21.0 - mean) * share,
                mean,
                swing,
                noise,
                target: 21.0,
                after: HOUR * hours,
            })
        })
    }

    #[test]
    fn a_barely_sized_heater_that_holds_out_against_the_cold_is_no_failure() {
        for house in houses() {
            let alarms = house.alarms(48, None);
            let House { tau, power, mean, swing, noise, .. } = house;
            assert!(alarms.is_empty(), "tau {tau} power {power} mean {mean} swing {swing} noise {noise}: {alarms:?}");
        }
    }

    #[test]
    fn a_heater_that_dies_is_found() {
        for house in houses() {
            let alarms = house.alarms(72, Some(24));
            let House { tau, power, mean, swing, noise, .. } = house;
            let found = alarms.first().copied().unwrap_or(i64::MAX);
            // A room that takes days to cool down says so later.
            let most = 24 + if tau > 20.0 { 36 } else { 12 };
            assert!(
                (24..=most).contains(&found),
                "tau {tau} power {power} mean {mean} swing {swing} noise {noise}: {alarms:?}"
            );
        }
    }

    #[test]
    fn a_heater_that_never_worked_is_found() {
        for house in houses() {
            let House { tau, mean, swing, .. } = house;
            let found = house.alarms(72, Some(0)).first().copied();
            assert!(
                found.is_some_and(|hour| hour <= if tau > 20.0 { 36 } else { 12 }),
                "tau {tau} mean {mean} swing {swing}: {found:?}"
            );
        }
    }
}
