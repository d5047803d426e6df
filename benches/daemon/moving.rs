//! The daemon as a library, and a thread at the other end of its simulated wires.

use crate::{house, measure::temperature};
use anyhow::{Context, Result, ensure};
use hearthd::{
    clock::{Clock, Moment},
    config,
    daemon::{self, Attached, InForce},
    hardware::simulated::Wires,
    history::{FILE, Place},
    model::{ClockTrust, Level, Quantity},
};
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

/// The thread that moves the wires: its time is not the daemon's.
pub const THREAD: &str = "world";

/// How often motion comes and goes.
const MOTIONS: usize = 500;
/// Longer than any light takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs until it is killed; each sensor shows another value in each second of a clock that runs `speed` times as fast.
pub async fn run(file: &Path, state: PathBuf, speed: u32) -> Result<()> {
    // Three or four times a second: a clock that is not quite in step with the reading leaves no value out.
    let step = Duration::from_millis(300) / speed;
    attended(file, Some(state), speed, move |attached| {
        let sensors = attached.house.snapshots.borrow().config.sensors.clone();
        let Some(wires) = attached.wires else { return };
        for count in 0.. {
            let value = temperature(count);
            for sensor in &sensors {
                wires.set_reading(&sensor.id, Quantity::Temperature, value);
            }
            std::thread::sleep(step);
        }
    })
    .await
}

/// From the edge of a motion wire to the level of a light's, p50 and p99 in ms: the control loop and the engine, without a
/// console or a broker.
pub async fn motion_to_light(file: &Path) -> Result<[f64; 2]> {
    let (sender, times) = mpsc::channel();
    attended(file, None, 1, move |attached| {
        let _ = sender.send(attached.wires.context("no simulated wires").and_then(|wires| watch(&wires)));
        attached.stop.notify_one();
    })
    .await?;
    times.recv()?
}

fn watch(wires: &Wires) -> Result<[f64; 2]> {
    let mut times_ms = Vec::new();
    for step in 0..2 * MOTIONS {
        let is_on = step % 2 == 0;
        // In a house at rest; more often, the wire would be taken for a disturbed one.
        std::thread::sleep(Duration::from_millis(2));
        let begin = crate::now();
        wires.set_input(&house::motion(0), is_on);
        while wires.output(&house::light(0)).is_some_and(Level::is_on) != is_on {
            ensure!(begin.elapsed() < PATIENCE, "motion {step} moves no light");
            // Whoever drives it needs the wires more.
            (0..100).for_each(|_| std::hint::spin_loop());
        }
        times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(crate::measure::quantiles(times_ms))
}

async fn attended(
    file: &Path,
    state: Option<PathBuf>,
    speed: u32,
    attend: impl FnOnce(Attached) + Send + 'static,
) -> Result<()> {
    let in_force = InForce::from(config::load(file)?);
    let clock = if speed == 1 {
        Clock::system(Moment::START, ClockTrust::Always)
    } else {
        Clock::accelerated(Moment::START, "2026-01-01T00:00:00Z".parse()?, speed.into())
    };
    let attach = move |attached| {
        // Without the thread, nothing is measured, which is seen.
        let _ = std::thread::Builder::new().name(THREAD.into()).spawn(move || attend(attached));
    };
    let (clock, attach) = (Box::new(move |_| (clock, true)), Some(Box::new(attach) as Box<dyn FnOnce(Attached)>));
    let history = state.as_ref().map_or(Place::Nowhere, |folder| Place::File(folder.join(FILE)));
    daemon::run(daemon::Options { in_force, watched: None, state, history, socket: None, clock, attach }).await
}
