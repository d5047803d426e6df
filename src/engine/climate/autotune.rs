//! Finding PID numbers with a relay: full power below the target, none above it, and the swing that results tells.
//!
//! Åström and Hägglund, "Automatic tuning of simple regulators with specifications on phase and amplitude margins",
//! Automatica 20(5), 1984: a relay of amplitude `d` and hysteresis `ε` makes a loop swing with amplitude `a` and period
//! `Tu`; its ultimate gain is `4d / (π·√(a² - ε²))`. The numbers are those of Tyreus and Luyben (Ind. Eng. Chem. Res.
//! 31(11), 1992), which overshoot little: `kp = Ku/2.2`, `ti = 2.2·Tu`, `td = Tu/6.3`.

use crate::{clock::Moment, engine::wakeup::NextWakeup, model::Gains};
use serde::{Deserialize, Serialize};
use std::{f64::consts::PI, sync::Arc, time::Duration};

/// So many swings are measured, after a first one that does not count.
const SWINGS: usize = 3;
/// A loop that does not swing in this time is not tuned so.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The relay gives 0 or 100 percent: 50 up and down.
const AMPLITUDE: f64 = 50.0;

/// How far the search is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Tuning {
    #[default]
    Idle,
    Running(Box<Search>),
    /// Why there is no result.
    Failed(Arc<str>),
}

/// A search that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Search {
    /// What it swings around, °C.
    pub target: f64,
    begun: Moment,
    on: bool,
    /// When full power began, each time, and how long it lasted in all since the first that counts.
    begins: Vec<Moment>,
    on_ms: u64,
    since: Moment,
    lowest: f64,
    highest: f64,
    /// The lowest and the highest of each swing that counts.
    swings: Vec<(f64, f64)>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Found {
    pub gains: Gains,
    /// The power that held the target, percent.
    pub holding: f64,
}

/// What a step of the search comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) enum Step {
    /// Full power, or none.
    Power(bool),
    Found(Found),
    TooLong,
    /// It swings no more than the relay's own hysteresis.
    TooLittle,
}

impl Search {
    pub fn begin(target: f64, now: Moment) -> Search {
        Search {
            target,
            begun: now,
            on: false,
            begins: Vec::new(),
            on_ms: 0,
            since: now,
            lowest: f64::MAX,
            highest: f64::MIN,
            swings: Vec::new(),
        }
    }

    /// When it last switched.
    pub fn progress(&self) -> Option<Moment> {
        Some(self.since)
    }

    /// Goes on by what is needed: positive is too cold (of a zone that cools: too warm), in degrees.
    pub fn step(&mut self, error: f64, hysteresis: f64, now: Moment, wakeup: &mut NextWakeup) -> Step {
        let end = self.begun + LONGEST;
        if now >= end {
            return Step::TooLong;
        }
        wakeup.at(end);
        (self.lowest, self.highest) = (self.lowest.min(error), self.highest.max(error));
        if self.on && error <= -hysteresis {
            if self.counts() {
                self.on_ms += u64::try_from(now.since(self.since).as_millis()).unwrap_or(0);
            }
            (self.on, self.since) = (false, now);
        } else if !self.on && error >= hysteresis {
            // A swing is from one beginning to the next; what was before the first and the first itself do not count.
            if self.begins.len() >= 2 {
                self.swings.push((self.lowest, self.highest));
            }
            self.begins.push(now);
            (self.on, self.since, self.lowest, self.highest) = (true, now, error, error);
            if self.swings.len() == SWINGS {
                return self.result(hysteresis);
            }
        }
        Step::Power(self.on)
    }

    /// Whether the first swing is over.
    fn counts(&self) -> bool {
        self.begins.len() >= 2
    }

    fn result(&self, hysteresis: f64) -> Step {
        let count = self.swings.len() as f64;
        let amplitude = self.swings.iter().map(|(low, high)| (high - low) / 2.0).sum::<f64>() / count;
        let length = self.begins.last().zip(self.begins.get(1)).map(|(last, first)| last.since(*first));
        let period_s = length.unwrap_or_default().as_secs_f64() / count;
        let square = amplitude.powi(2) - hysteresis.powi(2);
        if square <= 0.0 || period_s < 1.0 {
            return Step::TooLittle;
        }
        let ultimate = 4.0 * AMPLITUDE / (PI * square.sqrt());
        let seconds = |seconds: f64| Duration::from_secs(seconds.round() as u64);
        let gains = Gains {
            kp: (ultimate / 2.2 * 100.0).round() / 100.0,
            ti: seconds(2.2 * period_s),
            td: seconds(period_s / 6.3),
        };
        Step::Found(Found { gains, holding: self.on_ms as f64 / 10.0 / (period_s * count) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A room with a dead time of five minutes: integrates 6 °C/h at full power against a loss of 2 °C/h.
    fn tune(limit: usize) -> (Step, usize) {
        let mut search = Search::begin(20.0, Moment::START);
        let mut pipe = VecDeque::from(vec![false; 30]);
        let (mut room, mut wakeup) = (19.0, NextWakeup::default());
        for index in 0..limit {
            let now = Moment::from_millis(index as i64 * 10_000);
            let step = search.step(20.0 - room, 0.1, now, &mut wakeup);
            let Step::Power(on) = step else { return (step, index) };
            pipe.push_back(on);
            let warm = pipe.pop_front().unwrap();
            room += (if warm { 4.0 } else { -2.0 }) * 10.0 / 3600.0;
        }
        (Step::Power(false), limit)
    }

    #[test]
    fn the_swing_of_a_known_room_gives_its_numbers() {
        let (Step::Found(found), _) = tune(100_000) else { panic!("nothing found") };
        // On for ε/4 + dead time and so on: up and down 0.1 °C to the switch and 5 minutes more each.
        // Up: 4 °C/h, down: 2 °C/h. Swing: 0.1 + 4/12 above, 0.1 + 2/12 below: half of 0.7 °C.
        let ku = 4.0 * 50.0 / (PI * (0.35f64.powi(2) - 0.01).sqrt());
        assert!((found.gains.kp - ku / 2.2).abs() / (ku / 2.2) < 0.05, "{found:?}");
        // Up 0.7 °C at 4 °C/h and down again at 2 °C/h: 10.5 + 21 minutes.
        let period = 31.5 * 60.0;
        assert!((found.gains.ti.as_secs_f64() - 2.2 * period).abs() < 120.0, "{found:?}");
        assert!((found.gains.td.as_secs_f64() - period / 6.3).abs() < 15.0, "{found:?}");
        assert!((found.holding - 33.3).abs() < 2.0, "a third of the power holds it: {found:?}");
    }

    #[test]
    fn what_does_not_swing_ends_after_a_day() {
        let mut search = Search::begin(20.0, Moment::START);
        let mut wakeup = NextWakeup::default();
        assert_eq!(search.step(2.0, 0.1, Moment::START, &mut wakeup), Step::Power(true));
        let late = Moment::START + LONGEST;
        assert_eq!(wakeup.earliest(), Some(late));
        assert_eq!(search.step(2.0, 0.1, late, &mut wakeup), Step::TooLong);
    }
}
