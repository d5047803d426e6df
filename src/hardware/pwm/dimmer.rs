//! An output on a PWM channel: levels become shares of the time, and changes take their time.

use super::PwmPort;
use crate::{
    hardware::{HardwareError, board::OutputLine},
    model::{ActiveLevel, Dimming, Level, Output},
    threads::Worker,
};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A transition is made of steps of this length: finer than the eye sees.
const STEP: Duration = Duration::from_millis(20);

/// An output on a PWM channel. Dropped on the way to a level, it goes there at once.
pub(in crate::hardware) struct Dimmer {
    shared: Arc<Shared>,
    /// Makes the steps; none for an output without transition, nor if the system has no thread left.
    worker: Option<Worker>,
}

#[derive(Default)]
struct Shared {
    ramp: Mutex<Option<Ramp>>,
    changed: Condvar,
}

/// A level on its way.
struct Ramp {
    port: Box<dyn PwmPort>,
    dimming: Dimming,
    active: ActiveLevel,
    /// Levels from 0.0 to 1.0.
    at: f64,
    target: f64,
    /// What went wrong on the way.
    failure: Option<HardwareError>,
}

impl Dimmer {
    /// Takes over a channel and sets `level` at once.
    pub fn start(port: Box<dyn PwmPort>, output: &Output, level: Level) -> Result<Dimmer, HardwareError> {
        let at = share(level);
        let mut ramp = Ramp { port, dimming: output.dimming, active: output.active, at, target: at, failure: None };
        ramp.set(at)?;
        let shared = Arc::new(Shared { ramp: Mutex::new(Some(ramp)), changed: Condvar::new() });
        let with_steps = !output.dimming.transition.is_zero();
        let worker = with_steps
            .then(|| {
                let shared = shared.clone();
                Worker::spawn(&format!("dimmer {}", output.id), move || make_steps(&shared))
            })
            .flatten();
        Ok(Dimmer { shared, worker })
    }
}

impl OutputLine for Dimmer {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        let mut guard = self.shared.ramp();
        let Some(ramp) = guard.as_mut() else { return Ok(()) };
        ramp.target = share(level);
        ramp.failure = None;
        let result = if self.worker.is_some() { ramp.step() } else { ramp.jump() };
        drop(guard);
        self.shared.changed.notify_one();
        result
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        self.shared.ramp().as_mut().and_then(|ramp| ramp.failure.take()).map_or(Ok(()), Err)
    }
}

impl Drop for Dimmer {
    fn drop(&mut self) {
        if let Some(mut ramp) = self.shared.ramp().take()
            && let Err(error) = ramp.jump()
        {
            tracing::warn!("a PWM line was left on its way: {error}");
        }
        self.shared.changed.notify_one();
        if let Some(worker) = self.worker.take() {
            worker.join();
        }
    }
}

impl Shared {
    fn ramp(&self) -> MutexGuard<'_, Option<Ramp>> {
        self.ramp.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ramp {
    fn is_there(&self) -> bool {
        self.at == self.target
    }

    fn jump(&mut self) -> Result<(), HardwareError> {
        self.at = self.target;
        self.set(self.at)
    }

    fn step(&mut self) -> Result<(), HardwareError> {
        let step = STEP.as_secs_f64() / self.dimming.transition.as_secs_f64().max(STEP.as_secs_f64());
        let distance = self.target - self.at;
        // What is left of rounding is no step of its own.
        self.at = if distance.abs() < step * 1.001 { self.target } else { self.at + step.copysign(distance) };
        self.set(self.at)
    }

    fn set(&mut self, level: f64) -> Result<(), HardwareError> {
        let on = self.dimming.duty(level);
        self.port.set(if self.active == ActiveLevel::High { on } else { 1.0 - on })
    }
}

/// Returns when the dimmer is dropped.
fn make_steps(shared: &Shared) {
    let mut guard = shared.ramp();
    while let Some(ramp) = guard.as_mut() {
        guard = if ramp.is_there() || ramp.failure.is_some() {
            shared.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
        } else {
            // Not before its time, however often it is woken.
            let waited = shared.changed.wait_timeout(guard, STEP).unwrap_or_else(PoisonError::into_inner);
            let (mut guard, elapsed) = (waited.0, waited.1.timed_out());
            if let Some(ramp) = guard.as_mut().filter(|_| elapsed) {
                ramp.failure = ramp.step().err();
            }
            guard
        };
    }
}

fn share(level: Level) -> f64 {
    f64::from(level.percent()) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::tests::output;
    use std::thread::sleep;

    /// Writes down what it is set to, and fails as long as it is told to.
    #[derive(Clone, Default)]
    struct Recorder {
        log: Arc<Mutex<Vec<f64>>>,
        broken: Arc<Mutex<bool>>,
    }

    impl PwmPort for Recorder {
        fn set(&mut self, high: f64) -> Result<(), HardwareError> {
            if *self.broken.lock().unwrap() {
                return Err(HardwareError::Simulated("broken".into()));
            }
            self.log.lock().unwrap().push(high);
            Ok(())
        }
    }

    fn dimmed(dimming: Dimming, active: ActiveLevel) -> Output {
        Output { dimming, active, ..output("lamp", 18) }
    }

    #[test]
    fn without_a_transition_each_level_is_set_at_once_through_its_curve() {
        let port = Recorder::default();
        let dimming = Dimming { gamma: 2.0, ..Dimming::PLAIN };
        let lamp = dimmed(dimming, ActiveLevel::High);
        let mut dimmer = Dimmer::start(Box::new(port.clone()), &lamp, Level::OFF).unwrap();
        dimmer.drive(Level::new(50).unwrap()).unwrap();
        dimmer.drive(Level::ON).unwrap();
        assert_eq!(*port.log.lock().unwrap(), [0.0, 0.25, 1.0]);
    }

    #[test]
    fn active_low_is_high_when_off() {
        let port = Recorder::default();
        let lamp = dimmed(Dimming::PLAIN, ActiveLevel::Low);
        let mut dimmer = Dimmer::start(Box::new(port.clone()), &lamp, Level::OFF).unwrap();
        dimmer.drive(Level::new(25).unwrap()).unwrap();
        assert_eq!(*port.log.lock().unwrap(), [1.0, 0.75]);
    }

    #[test]
    fn a_transition_goes_step_by_step_and_an_end_is_not_waited_for() {
        let port = Recorder::default();
        let slow = Dimming { transition: Duration::from_millis(200), ..Dimming::PLAIN };
        let lamp = dimmed(slow, ActiveLevel::High);
        let mut dimmer = Dimmer::start(Box::new(port.clone()), &lamp, Level::OFF).unwrap();
        dimmer.drive(Level::ON).unwrap();
        for _ in 0..500 {
            if port.log.lock().unwrap().last() == Some(&1.0) {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        let log = port.log.lock().unwrap().clone();
        assert_eq!(log.len(), 11, "ten steps of 20 ms: {log:?}");
        assert!(log.windows(2).all(|pair| pair[0] < pair[1]), "{log:?}");

        dimmer.drive(Level::OFF).unwrap();
        drop(dimmer);
        assert_eq!(port.log.lock().unwrap().last(), Some(&0.0), "it is left in its safe state");
    }

    #[test]
    fn what_fails_on_the_way_is_told_and_driving_again_goes_on() {
        let port = Recorder::default();
        let slow = Dimming { transition: Duration::from_secs(60), ..Dimming::PLAIN };
        let lamp = dimmed(slow, ActiveLevel::High);
        let mut dimmer = Dimmer::start(Box::new(port.clone()), &lamp, Level::OFF).unwrap();
        dimmer.drive(Level::ON).unwrap();
        *port.broken.lock().unwrap() = true;
        let mut told = Ok(());
        for _ in 0..500 {
            told = dimmer.verify();
            if told.is_err() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        assert_eq!(told.unwrap_err().to_string(), "broken");
        assert!(dimmer.drive(Level::ON).is_err());
        *port.broken.lock().unwrap() = false;
        dimmer.drive(Level::ON).unwrap();
    }
}
