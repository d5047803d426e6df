//! Gives the engine the days of the past that lights repeat while nobody is there.

use crate::{
    house::{Ask, Course, House, NoCourse, Past, past},
    model::{Event, PastDay, Snapshot, Zone},
};
use chrono::NaiveDate;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};

/// What is not told, as of a history that has just begun, is asked for again so often.
const AGAIN: Duration = Duration::from_secs(3_600);

/// What is to be looked for: these lights on that day.
type Wanted = (NaiveDate, Arc<[Arc<str>]>);

/// Looks into the history once for each day of which lights may need it, until the house is stopping.
pub fn repeat_lights(house: &House) -> impl Future<Output = ()> + use<> {
    let (mut house, mut stopping) = (house.clone(), house.clone());
    async move {
        // Whether it was found.
        let mut looked = BTreeMap::<Wanted, bool>::new();
        let mut again = interval(AGAIN);
        // The first one would be now.
        again.reset();
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let snapshot = house.snapshots.borrow_and_update().clone();
            let wanted: Vec<Wanted> = wanted(&snapshot);
            looked.retain(|known, _| wanted.contains(known));
            let next = wanted.into_iter().find(|wanted| !looked.contains_key(wanted));
            match next {
                Some(wanted) => {
                    let (past, zone, (date, lights)) =
                        (house.past.clone(), snapshot.config.hub.timezone, wanted.clone());
                    let looking = tokio::task::spawn_blocking(move || look(&past, &lights, date, zone));
                    let found = tokio::select! {
                        () = stopping.stopping() => return,
                        found = looking => found,
                    };
                    looked.insert(wanted, matches!(found, Ok(Ok(Some(_)))));
                    if let Ok(Ok(Some(day))) = found
                        && house.events.send(Event::Remembered(day)).await.is_err()
                    {
                        return;
                    }
                }
                None => tokio::select! {
                    () = stopping.stopping() => return,
                    _ = again.tick() => looked.retain(|_, found| *found),
                    changed = house.snapshots.changed() => if changed.is_err() { return },
                },
            }
        }
    }
}

/// Those of today, and those of tomorrow, so that they are there at midnight.
fn wanted(snapshot: &Snapshot) -> Vec<Wanted> {
    let (config, now) = (&snapshot.config, snapshot.now);
    if config.history.is_none() || !now.wall_known {
        return Vec::new();
    }
    let lights: Arc<[Arc<str>]> = config.simulated_lights().into_iter().map(|id| config[id].id.clone()).collect();
    if lights.is_empty() {
        return Vec::new();
    }
    let today = now.wall.with_timezone(&config.hub.timezone).date_naive();
    let days = [Some(today), today.succ_opt()].into_iter().flatten().filter_map(PastDay::before);
    days.map(|date| (date, lights.clone())).collect()
}

/// Waits for the answers.
fn look(
    past: &mpsc::Sender<Past>,
    lights: &[Arc<str>],
    date: NaiveDate,
    zone: Zone,
) -> Result<Option<PastDay>, NoCourse> {
    let gone = || NoCourse::Trouble("the history has no time".into());
    let mut source = |ask: &Ask| -> Result<Option<Course>, NoCourse> {
        let (answer, told) = oneshot::channel();
        past.blocking_send(Past { ask: ask.clone(), answer }).map_err(|_| gone())?;
        match told.blocking_recv().map_err(|_| gone())? {
            Ok(course) => Ok(Some(course)),
            Err(NoCourse::UnknownPoint(_)) => Ok(None),
            Err(why) => Err(why),
        }
    };
    past::lit(&mut source, lights, date, zone)
}
