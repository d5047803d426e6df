//! A PID controller that moves with the readings: between two of them nothing changes but the target.
//!
//! Standard form: `kp · (error + ∫error/ti - td · slope)`. The derivative is of the measurement, so that a new target does
//! not kick, and filtered with `td / 8`. The integral is kept as a percentage, so that other gains do not jump; it stops
//! while the sum is beyond what can be given (anti-windup by conditional integration).

use crate::{clock::Moment, model::Gains};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Readings further apart than this are not of one stretch of time.
const GAP: Duration = Duration::from_secs(900);
/// The derivative is filtered by at least this.
const FILTER_LEAST_S: f64 = 10.0;

/// What a PID controller remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::engine) struct Pid {
    /// Percent.
    integral: f64,
    /// Degrees a second, towards the target's side: falling error is positive.
    slope: f64,
    last: Option<(Moment, f64)>,
}

impl Pid {
    /// Takes in a reading of `at`: the error now (positive: power is needed) and the value that fell or rose to it, with
    /// the sign that makes power raise it.
    pub fn sample(&mut self, at: Moment, error: f64, value: f64, gains: Gains) {
        if let Some((last, _)) = self.last
            && at <= last
        {
            return;
        }
        let before = self.last.replace((at, value)).filter(|(last, _)| at.since(*last) <= GAP);
        let Some((last, last_value)) = before else {
            self.slope = 0.0;
            return;
        };
        let elapsed_s = at.since(last).as_secs_f64();
        let filter_s = (gains.td.as_secs_f64() / 8.0).max(FILTER_LEAST_S);
        self.slope += elapsed_s / (filter_s + elapsed_s) * ((value - last_value) / elapsed_s - self.slope);
        if gains.ti.is_zero() {
            return;
        }
        let step = gains.kp * error * elapsed_s / gains.ti.as_secs_f64();
        let sum = self.sum(error, gains);
        if (step > 0.0 && sum < 100.0) || (step < 0.0 && sum > 0.0) {
            self.integral = (self.integral + step).clamp(0.0, 100.0);
        }
    }

    /// Percent of full power, 0 to 100.
    pub fn power(&self, error: f64, gains: Gains) -> f64 {
        self.sum(error, gains).clamp(0.0, 100.0)
    }

    /// Goes on from this percentage, where the error is about zero.
    pub fn begin_at(&mut self, percent: f64) {
        self.integral = percent.clamp(0.0, 100.0);
    }

    /// The next reading is the first of a stretch; what was learnt stays.
    pub fn forget_sample(&mut self) {
        (self.last, self.slope) = (None, 0.0);
    }

    fn sum(&self, error: f64, gains: Gains) -> f64 {
        gains.kp * (error - gains.td.as_secs_f64() * self.slope) + self.integral
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAINS: Gains = Gains { kp: 30.0, ti: Duration::from_secs(1_800), td: Duration::from_secs(120) };

    /// A room that loses half a degree an hour for each degree above the air outside (5 °C) and gains up to 10 degrees an
    /// hour from the heater, read every 10 s. Returns the temperatures.
    fn room(pid: &mut Pid, mut room: f64, target: f64, seconds: i64, from: i64) -> Vec<f64> {
        let mut temperatures = Vec::new();
        for second in (from..from + seconds).step_by(10) {
            pid.sample(Moment::from_millis(second * 1000), target - room, room, GAINS);
            let power = pid.power(target - room, GAINS);
            room += (power / 100.0 * 10.0 - 0.5 * (room - 5.0)) * 10.0 / 3600.0;
            temperatures.push(room);
        }
        temperatures
    }

    #[test]
    fn it_arrives_at_the_target_and_stays_there() {
        let mut pid = Pid::default();
        let day = room(&mut pid, 15.0, 20.0, 86_400, 0);
        let highest = day.iter().copied().fold(f64::MIN, f64::max);
        assert!(highest < 20.6, "overshoot to {highest}");
        assert!(day[day.len() / 2..].iter().all(|room| (room - 20.0).abs() < 0.05));
    }

    #[test]
    fn the_integral_does_not_wind_up() {
        let mut pid = Pid::default();
        // A target out of reach for a day, then one that is far below.
        room(&mut pid, 15.0, 40.0, 86_400, 0);
        assert_eq!(pid.power(20.0 - 24.0, GAINS), 0.0, "it gives nothing at once");
        let after = room(&mut pid, 24.0, 20.0, 43_200, 86_400);
        let lowest = after.iter().copied().fold(f64::MAX, f64::min);
        assert!(lowest > 18.5, "undershoot to {lowest}");
        assert!((after[after.len() - 1] - 20.0).abs() < 0.05);
    }

    #[test]
    fn a_new_target_has_no_kick_of_the_derivative_and_a_reading_twice_counts_once() {
        let mut pid = Pid::default();
        room(&mut pid, 19.0, 20.0, 3_600, 0);
        let mut again = pid;
        again.sample(Moment::from_millis(3_590_000), 10.0, 12.0, GAINS);
        assert_eq!(again, pid);
        let difference = pid.power(0.1, GAINS) - pid.power(0.0, GAINS);
        assert!((difference - 3.0).abs() < 1e-9, "{difference}");
    }
}
