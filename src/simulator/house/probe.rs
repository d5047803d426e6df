//! The end of a sensor: what it measures, and when and with what success it is read.

use crate::model::{Quantity, ReadFailure};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// As the daemon reads: so many failures one after the other are a fault.
const FAULT_AFTER: u32 = 3;
/// A sensor in trouble is tried again after its `every`, then after twice as long each time, and at least this often.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What is wrong with a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Each try to read it fails.
    Lost,
    /// Nothing is heard of it any more, not even a failure.
    Silent,
}

/// One sensor, seen from its other end. Until something is said of its quantities, it is not read at all.
pub(super) struct Probe {
    every: Duration,
    courses: Vec<(Quantity, Course)>,
    /// How many of them, the first ones, were set by somebody.
    set: usize,
    trouble: Trouble,
    failures: u32,
    due: Option<DateTime<Utc>>,
}

/// A value on its way.
struct Course {
    from: (DateTime<Utc>, f64),
    to: (DateTime<Utc>, f64),
}

impl Probe {
    pub(super) fn new(every: Duration) -> Probe {
        Probe { every, courses: Vec::new(), set: 0, trouble: Trouble::None, failures: 0, due: None }
    }

    /// When it is read the next time.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.due.filter(|_| self.trouble != Trouble::Silent)
    }

    pub(super) fn set(&mut self, quantity: Quantity, value: f64, over: Duration, now: DateTime<Utc>) {
        let before = self.courses.iter().position(|(there, _)| *there == quantity);
        let start = before.map_or(value, |index| self.courses[index].1.at(now));
        let until = now + TimeDelta::from_std(over).unwrap_or_default();
        let course = Course { from: (now, start), to: (until, value) };
        if let Some(index) = before.filter(|index| *index >= self.set) {
            self.courses.remove(index);
        }
        match before.filter(|index| *index < self.set) {
            Some(index) => self.courses[index].1 = course,
            None => {
                self.courses.insert(self.set, (quantity, course));
                self.set += 1;
            }
        }
        if over.is_zero() || before.is_none() {
            self.read_at(now);
        }
    }

    /// Takes over what the world measures, but for what somebody has set.
    pub(super) fn follow(&mut self, values: &[(Quantity, f64)], now: DateTime<Utc>) {
        self.courses.truncate(self.set);
        for &(quantity, value) in values {
            if self.courses[..self.set].iter().all(|(there, _)| *there != quantity) {
                self.courses.push((quantity, Course { from: (now, value), to: (now, value) }));
            }
        }
    }

    pub(super) fn trouble(&mut self, trouble: Trouble, now: DateTime<Utc>) {
        self.trouble = trouble;
        self.read_at(now);
    }

    /// It is read at this time, and on from there.
    pub(super) fn read_at(&mut self, time: DateTime<Utc>) {
        let known = !self.courses.is_empty() || self.trouble == Trouble::Lost;
        self.due = known.then_some(time);
    }

    /// What reading it gives, if it is due.
    pub(super) fn read(&mut self, now: DateTime<Utc>) -> Option<Result<Vec<(Quantity, f64)>, ReadFailure>> {
        self.due().filter(|due| *due <= now)?;
        let result = if self.trouble == Trouble::Lost {
            self.failures = self.failures.saturating_add(1);
            Err(ReadFailure { text: "no answer".into(), fault: self.failures >= FAULT_AFTER })
        } else {
            self.failures = 0;
            Ok(self.courses.iter().map(|(quantity, course)| (*quantity, course.at(now))).collect())
        };
        let pause = match self.failures.checked_sub(1) {
            None => self.every,
            Some(doublings) => self.every.saturating_mul(2u32.saturating_pow(doublings)).min(RETRY_MAX),
        };
        self.due = Some(now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(1)));
        Some(result)
    }
}

impl Course {
    fn at(&self, now: DateTime<Utc>) -> f64 {
        let ((from, start), (until, end)) = (self.from, self.to);
        if now >= until {
            return end;
        }
        let part = (now - from).num_milliseconds() as f64 / (until - from).num_milliseconds() as f64;
        start + (end - start) * part
    }
}
