//! A report, not a test: how long `hearthd simulate` takes for a year of a house, on one core. `scripts/bench` starts it.
//!
//! Beside the house of the benchmark stand a hub without anything, which is what a start and a report cost, and the house
//! that hearthd comes with.

use anyhow::{Context, Result, ensure};
use hearthd::{
    config,
    model::Config,
    simulator::{
        play::{self, Play, Witness},
        report::{Keep, Recording},
        world::VirtualWorld,
    },
};
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

const HOUSES: [(&str, &str); 3] = [
    ("an empty hub", "benches/simulate/empty.toml"),
    ("config.toml", "config.toml"),
    ("the benchmark's house", "benches/simulate/house.toml"),
];
/// Of so many runs the fastest counts: whatever else the machine does only makes one slower.
const RUNS: usize = 5;
const TARGET_S: f64 = 2.0;

fn main() -> Result<()> {
    println!();
    println!(
        "{:<24}{:>8}{:>8}{:>12}{:>12}{:>14}",
        "a year of", "points", "rules", "time, s", "decisions", "µs for each"
    );
    let mut last_s = f64::INFINITY;
    for (name, file) in HOUSES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).with_context(|| file.to_owned())?;
        let config = Arc::new(config::parse(&path, &text)?.config);
        let mut times_s = Vec::new();
        for _ in 0..RUNS {
            times_s.push(simulate(&path)?);
        }
        last_s = times_s.into_iter().fold(f64::INFINITY, f64::min);
        let decisions = decisions(&config)?;
        let (points, rules) = (config.points().count(), config.rules.len() + config.events.len());
        let each_us = last_s * 1e6 / decisions as f64;
        println!("{name:<24}{points:>8}{rules:>8}{last_s:>12.3}{decisions:>12}{each_us:>14.1}");
    }
    println!();
    println!("The last one: at most {TARGET_S} s: {}", if last_s <= TARGET_S { "met" } else { "MISSED" });
    println!("The fastest of {RUNS} runs of the program, on one core, with its start and the report.");
    Ok(())
}

/// The seconds that the program takes for a year.
#[expect(clippy::disallowed_methods, reason = "the daemon's clock counts milliseconds")]
fn simulate(config: &Path) -> Result<f64> {
    let begin = Instant::now();
    let status = Command::new("taskset")
        .args([
            "-c",
            "0",
            env!("CARGO_BIN_EXE_hearthd"),
            "simulate",
            "--from",
            "2026-01-01",
            "--for",
            "365d",
            "--config",
        ])
        .arg(config)
        .stdout(Stdio::null())
        .status()
        .context("taskset, of util-linux")?;
    ensure!(status.success(), "{} is not simulated: {status}", config.display());
    Ok(begin.elapsed().as_secs_f64())
}

/// How often the engine decides in that year.
fn decisions(config: &Arc<Config>) -> Result<u64> {
    let from = "2025-12-31T23:00:00Z".parse()?;
    let until = "2026-12-31T23:00:00Z".parse()?;
    let mut recording = Recording::new(config, from, until, Keep::Sums);
    let config = play::paced(config, play::least_interval(until - from));
    let world = Some(VirtualWorld::new(&config, from, 1, None));
    let witness: &mut dyn Witness = &mut recording;
    Ok(play::play(Play { config, from, until, happenings: Vec::new(), world }, witness))
}
