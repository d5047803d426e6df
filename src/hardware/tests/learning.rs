//! Chips that learn, or whose drivers do: kept through disturbances, and over restarts.

use super::*;
use crate::model::Learnt;

/// A chip that learns, or one that does not, with a bus that fails as it is told.
#[derive(Clone, Default)]
struct School {
    log: Arc<Mutex<Vec<String>>>,
    failures: Arc<Mutex<Vec<HardwareError>>>,
}

struct Pupil {
    school: School,
    learns: bool,
    read: u32,
}

impl SensorDriver for Pupil {
    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        self.read += 1;
        match self.school.failures.lock().unwrap().pop() {
            Some(error) => Err(error),
            None => Ok([(Quantity::Temperature, f64::from(self.read))].into()),
        }
    }

    fn goes_on(&self) -> bool {
        self.learns
    }

    fn learnt(&mut self) -> Option<Vec<u32>> {
        Some(vec![self.read]).filter(|_| self.learns)
    }

    fn recall(&mut self, learnt: &[u32], age: Duration) -> Result<(), HardwareError> {
        self.school.log.lock().unwrap().push(format!("recalls {learnt:?} within a minute: {}", age.as_secs() < 60));
        Ok(())
    }
}

impl Board for School {
    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        Ok((self.claim_output(line, output, Level::OFF)?, Level::OFF))
    }

    fn claim_output(&self, _: &Line, _: &Output, _: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        panic!("there is none")
    }

    fn claim_input(&self, _: &Input, _: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        panic!("there is none")
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        self.log.lock().unwrap().push("starts".into());
        Ok(Box::new(Pupil { school: self.clone(), learns: &*sensor.id == "air", read: 0 }))
    }
}

/// The next that is no news of what was learnt.
fn next_reading(events: &mut Receiver<Event>) -> Option<Event> {
    loop {
        match next(events) {
            Some(Event::SensorLearnt { .. }) => {}
            event => return event,
        }
    }
}

#[test]
fn a_chip_that_learns_is_kept_through_single_disturbances_and_goes_on_after_a_fault() {
    let school = School::default();
    let checksum = || HardwareError::Checksum { address: 0x59 };
    let silence = || HardwareError::NothingAnswers { bus: 1, address: 0x59 };
    let (events, mut news) = channel(64);
    let mut buses = Buses::start(Arc::new(school.clone()), fast(), events);
    buses.read(&house(&[], &[], &[sensor("air")]));
    wait_for(&mut news, celsius("air", 1.0));
    *school.failures.lock().unwrap() = vec![silence(), checksum()];
    while !matches!(next_reading(&mut news), Some(Event::SensorRead { result: Err(_), .. })) {}
    assert!(matches!(next_reading(&mut news), Some(Event::SensorRead { result: Err(_), .. })));
    assert_eq!(*school.log.lock().unwrap(), ["starts"], "two disturbed transfers are no reason to start anew");
    assert!(matches!(next_reading(&mut news), Some(Event::SensorRead { result: Ok(_), .. })));

    *school.failures.lock().unwrap() = vec![silence(), silence(), silence()];
    while !school.failures.lock().unwrap().is_empty() {
        next_reading(&mut news);
    }
    while !matches!(next_reading(&mut news), Some(Event::SensorRead { result: Ok(_), .. })) {}
    while school.log.lock().unwrap().len() < 3 {
        next_reading(&mut news);
    }
    let log = school.log.lock().unwrap().clone();
    assert!(log[1] == "starts" && log[2].starts_with("recalls ["), "{log:?}");
}

#[test]
fn a_chip_that_would_not_notice_its_loss_of_power_starts_anew_after_each_failure() {
    let school = School::default();
    *school.failures.lock().unwrap() = vec![HardwareError::Checksum { address: 0x48 }];
    let (events, mut news) = channel(64);
    let mut buses = Buses::start(Arc::new(school.clone()), fast(), events);
    buses.read(&house(&[], &[], &[sensor("room")]));
    wait_for(&mut news, celsius("room", 1.0));
    assert_eq!(*school.log.lock().unwrap(), ["starts", "starts"]);
}

#[test]
fn what_was_learnt_before_a_restart_is_told_to_the_driver_of_the_same_chip() {
    for (chip, log) in [("lm75", vec!["starts", "recalls [7, 8] within a minute: true"]), ("sgp40", vec!["starts"])] {
        let school = School::default();
        let (events, mut news) = channel(64);
        let mut buses = Buses::start(Arc::new(school.clone()), slow(), events);
        buses.read(&house(&[], &[], &[Sensor { every: Duration::from_secs(3_600), ..sensor("quiet") }]));
        let learnt = Learnt { chip: chip.into(), numbers: vec![7, 8], at: Moment::START };
        wait_for(&mut news, celsius("quiet", 1.0));
        buses.recall(&[("quiet".into(), learnt)]);
        drop(buses);
        assert_eq!(*school.log.lock().unwrap(), log, "{chip}");
    }
}
