//! The two-point thermostat: rest, heat, cool, with deadband, overrun and minimum times.

use crate::{clock::Moment, engine::wakeup::NextWakeup, model::Climate};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which way a zone is going, and when it last went each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Thermostat {
    pub direction: Direction,
    since: Option<Moment>,
    heat_ended: Option<Moment>,
    cool_ended: Option<Moment>,
}

/// Which way a zone is going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Direction {
    #[default]
    Rest,
    Heat,
    Cool,
}

/// What is to be held now, °C. A way that is nothing is not gone, whatever a minimum time says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Goals {
    pub heat: Option<f64>,
    pub cool: Option<f64>,
    /// So far below `heat` it begins.
    pub deadband: f64,
}

impl Thermostat {
    /// Goes on by what is measured. Returns whether it would go but waits for a minimum time.
    pub fn step(&mut self, current: f64, goals: Goals, zone: &Climate, now: Moment, wakeup: &mut NextWakeup) -> bool {
        let done = match (self.direction, goals.heat, goals.cool) {
            (Direction::Rest, ..) => false,
            (Direction::Heat, None, _) | (Direction::Cool, _, None) => true,
            (Direction::Heat, Some(goal), _) => current >= goal + zone.overrun && self.may_stop(zone, now, wakeup),
            (Direction::Cool, _, Some(goal)) => current <= goal - zone.overrun && self.may_stop(zone, now, wakeup),
        };
        if done {
            self.turn(Direction::Rest, now);
        }
        if self.direction != Direction::Rest {
            return false;
        }
        let wanted = if goals.heat.is_some_and(|goal| current <= goal - goals.deadband) {
            Direction::Heat
        } else if goals.cool.is_some_and(|goal| current >= goal + zone.deadband) {
            Direction::Cool
        } else {
            return false;
        };
        let may = self.may_go(wanted, zone, now, wakeup);
        if may {
            self.turn(wanted, now);
        }
        !may
    }

    /// Goes this way from now on.
    pub fn turn(&mut self, direction: Direction, now: Moment) {
        if direction == self.direction {
            return;
        }
        match self.direction {
            Direction::Rest => {}
            Direction::Heat => self.heat_ended = Some(now),
            Direction::Cool => self.cool_ended = Some(now),
        }
        (self.direction, self.since) = (direction, Some(now));
    }

    /// Whether the minimum times let it go this way; it is resting.
    pub fn may_go(&self, direction: Direction, zone: &Climate, now: Moment, wakeup: &mut NextWakeup) -> bool {
        let (same, other) = match direction {
            Direction::Heat => (self.heat_ended, self.cool_ended),
            Direction::Cool | Direction::Rest => (self.cool_ended, self.heat_ended),
        };
        let over = |ended: Option<Moment>, minimum: Duration| ended.map(|ended| ended + minimum);
        match over(same, zone.min_off).max(over(other, zone.min_idle)).filter(|end| now < *end) {
            Some(end) => {
                wakeup.at(end);
                false
            }
            None => true,
        }
    }

    /// Whatever ran ended now.
    pub fn rested_from(&mut self, now: Moment) {
        *self =
            Thermostat { direction: Direction::Rest, since: Some(now), heat_ended: Some(now), cool_ended: Some(now) };
    }

    fn may_stop(&self, zone: &Climate, now: Moment, wakeup: &mut NextWakeup) -> bool {
        let Some(end) = self.since.map(|since| since + zone.min_on).filter(|end| now < *end) else { return true };
        wakeup.at(end);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::climate::tests::zone;

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    fn goals(heat: Option<f64>, cool: Option<f64>) -> Goals {
        Goals { heat, cool, deadband: 0.5 }
    }

    #[test]
    fn it_heats_from_the_deadband_to_the_overrun() {
        let (zone, mut thermostat, mut wakeup) = (zone(), Thermostat::default(), NextWakeup::default());
        let mut directions = Vec::new();
        for (second, current) in [19.6, 19.5, 20.4, 20.5, 19.6, 19.5].into_iter().enumerate() {
            thermostat.step(current, goals(Some(20.0), None), &zone, at(second as i64), &mut wakeup);
            directions.push(thermostat.direction);
        }
        use Direction::{Heat, Rest};
        assert_eq!(directions, [Rest, Heat, Heat, Rest, Rest, Heat]);
    }

    #[test]
    fn between_heating_and_cooling_it_idles() {
        let zone = Climate { min_idle: Duration::from_secs(600), ..zone() };
        let (mut thermostat, mut wakeup) = (Thermostat::default(), NextWakeup::default());
        let both = goals(Some(20.0), Some(24.0));
        thermostat.step(19.0, both, &zone, at(0), &mut wakeup);
        assert_eq!(thermostat.direction, Direction::Heat);
        assert!(thermostat.step(25.0, both, &zone, at(60), &mut wakeup), "it waits");
        assert_eq!(thermostat.direction, Direction::Rest);
        assert!(thermostat.step(25.0, both, &zone, at(659), &mut wakeup));
        assert!(!thermostat.step(25.0, both, &zone, at(660), &mut wakeup));
        assert_eq!(thermostat.direction, Direction::Cool);
    }

    #[test]
    fn minimum_times_hold_unless_the_goal_is_gone() {
        let minimum = Duration::from_secs(300);
        let zone = Climate { min_on: minimum, min_off: minimum, ..zone() };
        let (mut thermostat, mut wakeup) = (Thermostat::default(), NextWakeup::default());
        let heat = goals(Some(20.0), None);
        thermostat.step(19.0, heat, &zone, at(0), &mut wakeup);
        thermostat.step(21.0, heat, &zone, at(299), &mut wakeup);
        assert_eq!(thermostat.direction, Direction::Heat, "not yet");
        assert_eq!(wakeup.earliest(), Some(at(300)));
        thermostat.step(21.0, goals(None, None), &zone, at(299), &mut wakeup);
        assert_eq!(thermostat.direction, Direction::Rest);
        assert!(thermostat.step(19.0, heat, &zone, at(598), &mut wakeup));
        assert!(!thermostat.step(19.0, heat, &zone, at(599), &mut wakeup));
        assert_eq!(thermostat.direction, Direction::Heat);
    }
}
