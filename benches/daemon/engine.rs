//! The engine alone: how many decisions of a kind it makes in a second.

use crate::{
    house::{self, House},
    measure::temperature,
    now,
};
use anyhow::Result;
use hearthd::{
    clock::{Moment, Now},
    config,
    engine::{EffectQueue, Engine},
    model::{Command, Effect, Event, Quantity, Source},
};
use std::{path::Path, sync::Arc};

const DECISIONS: usize = 20_000;

/// Thousands of decisions a second: for readings that change, and for commands, each with its answer from the wire.
pub struct Speed {
    pub readings: f64,
    pub commands: f64,
}

pub fn measure(house: &House) -> Result<Speed> {
    let readings = |i: usize| {
        let value = temperature(i / house.sensors);
        let sensor = house::sensor(i % house.sensors).into();
        Event::SensorRead { sensor, result: Ok(vec![(Quantity::Temperature, value)]) }
    };
    let commands = |i: usize| {
        let payload = if (i / house.lights).is_multiple_of(2) { "ON" } else { "OFF" };
        let point = house::light(i % house.lights);
        let command = Command { source: Source::Mqtt, point, payload: payload.into(), hold: None };
        Event::Command { command, request: None }
    };
    Ok(Speed { readings: thousands_a_second(house, readings)?, commands: thousands_a_second(house, commands)? })
}

fn thousands_a_second(house: &House, event: impl Fn(usize) -> Event) -> Result<f64> {
    let config = Arc::new(config::parse(Path::new("house.toml"), &house.configuration(None))?.config);
    let wall = "2026-01-01T12:00:00Z".parse()?;
    let mut time = Now { moment: Moment::START, wall, wall_known: true };
    let mut engine = Engine::new(config, None, time);
    let mut effects = EffectQueue::default();
    let mut handle = |time, event| {
        let mut decisions = 1;
        effects.add(engine.handle(time, event));
        while let Some(effect) = effects.next(&engine) {
            if let Effect::Drive { drive, .. } = effect {
                decisions += 1;
                effects.add(engine.handle(time, Event::Driven { drive, result: Ok(()) }));
            }
        }
        decisions
    };
    handle(time, Event::Wake);
    let begin = now();
    let mut decisions = 0;
    for i in 0..DECISIONS {
        time.moment = Moment::from_millis(i as i64 * 10);
        time.wall = wall + std::time::Duration::from_millis(i as u64 * 10);
        decisions += handle(time, event(i));
    }
    Ok(f64::from(decisions) / begin.elapsed().as_secs_f64() / 1e3)
}
