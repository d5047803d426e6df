//! Virtual time: it goes from one happening, wire or wake-up to the next, and somebody watches.

use super::{house::House, scenario::Timed, watch::Change, world::VirtualWorld};
use crate::model::{Config, SensorId};
use chrono::{DateTime, TimeDelta, Utc};
use std::{sync::Arc, time::Duration};

/// What is to be played.
pub struct Play {
    /// The house.
    pub config: Arc<Config>,
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it ends; that instant does not belong to it.
    pub until: DateTime<Utc>,
    /// What happens, in order of time.
    pub happenings: Vec<Timed>,
    /// The weather and the people; None: only what the happenings say.
    pub world: Option<VirtualWorld>,
}

/// Somebody who watches.
pub trait Witness {
    /// Time goes on to `house.time()`; what was decided there is now to be seen.
    fn look(&mut self, house: &mut House, world: Option<&VirtualWorld>);

    /// Something that the house has not even heard of.
    fn note(&mut self, at: DateTime<Utc>, change: Change);

    /// Whether it is to be given up.
    fn has_enough(&self) -> bool {
        false
    }
}

/// Plays it to the end, or until the witness has enough. Returns how often the engine decided.
pub fn play(mut play: Play, witness: &mut dyn Witness) -> u64 {
    let mut house = House::new(play.config.clone(), play.from);
    let mut happenings = play.happenings.into_iter().peekable();
    // What is said of the first instant was so before hearthd started.
    while let Some(timed) = happenings.next_if(|timed| timed.at == play.from && timed.what.is_of_the_world()) {
        timed.what.play(&mut house);
    }
    if let Some(world) = &mut play.world {
        house.measure(|sensor| world.measure(sensor));
        house.move_inputs(&world.moves(play.from));
    }
    house.wake();
    witness.look(&mut house, play.world.as_ref());
    loop {
        let happens = happenings.peek().map(|timed| timed.at);
        let moves = play.world.as_mut().and_then(VirtualWorld::next_move);
        let next = [house.next(), happens, moves].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next < play.until) else { break };
        house.pass(next);
        let mut moved = Vec::new();
        if let Some(world) = &mut play.world {
            moved = world.moves(next);
            if house.reads_by(next) {
                world.run(next);
                house.measure(|sensor: SensorId| world.measure(sensor));
            }
        }
        if happens == Some(next) {
            while let Some(timed) = happenings.next_if(|timed| timed.at <= next) {
                if let Some(change) = timed.what.play(&mut house) {
                    witness.note(next, change);
                }
                witness.look(&mut house, play.world.as_ref());
            }
        }
        if !moved.is_empty() {
            house.move_inputs(&moved);
        } else if happens != Some(next) {
            house.wake();
        }
        if let Some(world) = &mut play.world {
            world.power(next, |output| f64::from(house.wire(output).percent()) / 100.0);
        }
        for button in house.take_pressed() {
            play.world.iter_mut().for_each(|world| world.press(next, button));
        }
        witness.look(&mut house, play.world.as_ref());
        if witness.has_enough() {
            return house.passes();
        }
    }
    house.pass(play.until);
    witness.look(&mut house, play.world.as_ref());
    house.passes()
}

/// How often sensors are read in a run of this length: as configured, or seldom enough that a year takes a moment.
pub fn least_interval(length: TimeDelta) -> Duration {
    Duration::from_secs(match length.num_days() {
        0..=2 => 0,
        3..=31 => 60,
        _ => 300,
    })
}

/// The same house, its sensors read at most so often; their limits of staleness wait for three readings at least.
pub fn paced(config: &Arc<Config>, interval: Duration) -> Arc<Config> {
    if config.sensors.iter().all(|sensor| sensor.every >= interval) {
        return config.clone();
    }
    let mut config = Config::clone(config);
    for sensor in &mut config.sensors {
        sensor.every = sensor.every.max(interval);
        sensor.stale_after = sensor.stale_after.max(sensor.every * 3);
    }
    Arc::new(config)
}
