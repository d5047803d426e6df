//! Home Assistant as a clock: one client is asked for the time, the first that came; when it goes or says nothing, the next.
//! Only where `hub.clock` asks for it, which needs a key: see `config/hub.rs`.

use crate::{
    clock::{Clock, Moment, Told},
    house::House,
    model::Event,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Ticks of a connection until it is asked again: an hour.
const AGAIN: u32 = 360;
/// Ticks in which it is to answer; then somebody else is asked.
const ANSWERED_WITHIN: u32 = 3;
/// Ticks until somebody is asked again after an answer that cannot be, or that the clock forgot: a minute.
const SOON: u32 = 6;
/// Ticks until it is asked whether it is really the time that is new here: ten minutes.
const SURE: u32 = 60;
/// An answer that took longer tells what time it was.
const FRESH: Duration = Duration::from_secs(2);

/// Where clients wait to be asked. Clones are of the same.
#[derive(Clone)]
pub struct Door {
    clock: Clock,
    events: mpsc::Sender<Event>,
    turn: Arc<Semaphore>,
    /// What was wrong with the last answer, which is logged.
    complaint: Arc<Mutex<Option<Complaint>>>,
}

/// Why an answer does not count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Complaint {
    Impossible,
    Doubted,
}

impl Door {
    /// The one of this house.
    pub fn new(house: &House) -> Door {
        let (clock, events) = (house.clock.clone(), house.events.clone());
        Door { clock, events, turn: Arc::new(Semaphore::new(1)), complaint: Arc::default() }
    }

    /// Whether this is another complaint than the last; None: there is nothing to complain of.
    fn complains(&self, complaint: Option<Complaint>) -> bool {
        let mut last = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, complaint) != complaint
    }

    /// Waits until nobody else is asked; for ever where nobody is.
    pub async fn turn(&self) -> Option<Turn> {
        if !self.clock.is_told() {
            return std::future::pending().await;
        }
        let one = self.turn.clone().acquire_owned().await.ok()?;
        Some(Turn { door: self.clone(), asking: Asking::Due, ticks: 0, _one: one })
    }
}

/// The client that has it is the one that is asked.
pub struct Turn {
    door: Door,
    asking: Asking,
    /// Since it was asked, or has to be.
    ticks: u32,
    _one: OwnedSemaphorePermit,
}

/// How far the asking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// It is to be asked.
    Due,
    /// It was.
    Since(Moment),
    /// It has answered: it is asked again after so many ticks.
    Answered(u32),
    /// It has answered what does not count: after so many ticks somebody is asked again, another one if there is one.
    InVain(u32),
}

/// Who is to be asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The same.
    Same,
    /// Somebody else, if there is somebody.
    Other,
}

impl Turn {
    /// Whether it is to be asked now; then it has been.
    pub fn asks(&mut self) -> bool {
        let is_due = self.asking == Asking::Due;
        if is_due {
            (self.asking, self.ticks) = (Asking::Since(self.door.clock.now().moment), 0);
        }
        is_due
    }

    /// Time has passed.
    pub fn tick(&mut self) -> Next {
        self.ticks += 1;
        match self.asking {
            Asking::Answered(ticks) if self.ticks >= ticks => self.asking = Asking::Due,
            // The machine knew the time for a while, and does not any more.
            Asking::Answered(_) if self.ticks >= SOON && !self.door.clock.now().wall_known => self.asking = Asking::Due,
            Asking::Since(_) if self.ticks >= ANSWERED_WITHIN => return Next::Other,
            Asking::InVain(ticks) if self.ticks >= ticks => return Next::Other,
            Asking::Due | Asking::Answered(_) | Asking::Since(_) | Asking::InVain(_) => {}
        }
        Next::Same
    }

    /// It says what time it is, since 1970. What nobody asked for is nothing.
    pub async fn told(&mut self, seconds: u32) {
        let Asking::Since(asked) = self.asking else { return };
        let now = self.door.clock.now();
        if now.moment.since(asked) > FRESH {
            self.asking = Asking::Due;
            return;
        }
        let answer = self.door.clock.tell(seconds, now.moment);
        let (asking, complaint) = match answer {
            Ok(Told::Agrees) => (Asking::Answered(AGAIN), None),
            // The first to tell it may itself have just started.
            Ok(Told::Other) => (Asking::Answered(SURE), None),
            Ok(Told::Doubted) => (Asking::InVain(SURE), Some(Complaint::Doubted)),
            Err(_) => (Asking::InVain(SOON), Some(Complaint::Impossible)),
        };
        self.asking = asking;
        let complains = self.door.complains(complaint);
        match answer {
            Ok(Told::Agrees) => {}
            Ok(Told::Other) => {
                let then = self.door.clock.now();
                let is_other = !now.wall_known || (then.wall - now.wall).abs() > chrono::TimeDelta::seconds(1);
                if is_other {
                    let wall = then.wall.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                    tracing::info!("Home Assistant told the time: it is {wall}");
                }
                // What waits for a time looks again. With the house gone, nobody does.
                let _ = self.door.events.send(Event::Wake).await;
            }
            Ok(Told::Doubted) if complains => tracing::warn!(
                "Home Assistant told a time that is more than a minute from what it told before: it counts when it is told again in \
                 ten minutes"
            ),
            Err(why) if complains => tracing::warn!("Home Assistant told a time: {why}"),
            Ok(Told::Doubted) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::Engine,
        model::{ClockTrust, Config},
    };
    use tokio::sync::Notify;

    const NOON: u32 = 1_796_040_000;

    fn house(trust: ClockTrust) -> (House, crate::house::Ends) {
        let clock = Clock::system(Moment::START, trust);
        let first = Engine::new(Arc::new(Config::empty("h")), None, clock.now()).snapshot(clock.now());
        House::new(Arc::new(first), clock)
    }

    #[tokio::test]
    async fn one_client_is_asked_each_hour_and_when_it_says_nothing_another() {
        let (house, mut ends) = house(ClockTrust::HomeAssistant);
        let door = Door::new(&house);
        let mut first = door.turn().await.unwrap();
        // Nobody asked yet.
        first.told(NOON).await;
        assert!(ends.events.try_recv().is_err());
        assert!(first.asks() && !first.asks());
        first.told(1).await;
        assert!(ends.events.try_recv().is_err(), "nobody believes that");
        // It is asked no sooner than in a minute, and whoever else is there is asked first.
        for _ in 1..SOON {
            assert_eq!(first.tick(), Next::Same);
            assert!(!first.asks());
        }
        assert_eq!(first.tick(), Next::Other);
        drop(first);
        let mut first = door.turn().await.unwrap();
        assert!(first.asks());
        first.told(NOON).await;
        assert_eq!(ends.events.try_recv().unwrap(), Event::Wake);
        // Once is enough, and once more is not asked for.
        first.told(NOON + 5_000).await;
        assert!(ends.events.try_recv().is_err());
        (0..SURE).for_each(|_| assert_eq!(first.tick(), Next::Same));
        assert!(first.asks(), "whether it is still so");
        first.told(NOON).await;
        (0..AGAIN).for_each(|_| assert_eq!(first.tick(), Next::Same));
        assert!(first.asks());
        let (other, waits) = (door.clone(), Arc::new(Notify::new()));
        let begins = waits.clone();
        let second = tokio::spawn(async move {
            begins.notify_one();
            other.turn().await.unwrap().asks()
        });
        waits.notified().await;
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        assert_eq!([first.tick(), first.tick(), first.tick()], [Next::Same, Next::Same, Next::Other]);
        drop(first);
        assert!(second.await.unwrap());
    }

    #[tokio::test]
    async fn what_is_far_from_what_was_told_is_asked_again_ten_minutes_later() {
        let (house, mut ends) = house(ClockTrust::HomeAssistant);
        // Where the kernel that runs this test knows the time, what is told is forgotten.
        if house.clock.now().wall_known {
            return;
        }
        let door = Door::new(&house);
        let mut turn = door.turn().await.unwrap();
        assert!(turn.asks());
        turn.told(NOON).await;
        assert_eq!(ends.events.try_recv().unwrap(), Event::Wake);
        (0..SURE).for_each(|_| assert_eq!(turn.tick(), Next::Same));
        assert!(turn.asks());
        let before = house.clock.now();
        turn.told(NOON - 86_400).await;
        assert!(ends.events.try_recv().is_err() && house.clock.now().wall >= before.wall);
        (1..SURE).for_each(|_| assert_eq!(turn.tick(), Next::Same));
        assert_eq!((turn.tick(), turn.asks()), (Next::Other, false));
    }

    #[tokio::test]
    async fn nobody_is_asked_where_the_file_does_not_say_so() {
        for trust in [ClockTrust::Auto, ClockTrust::Always] {
            let (house, _ends) = house(trust);
            let door = Door::new(&house);
            tokio::select! {
                biased;
                _ = door.turn() => panic!("it is"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
}
