//! A report, not a test: how long `hearthd simulate` takes for a year of a house, and for some days of houses of several
//! sizes, on one core. `scripts/bench` starts it.
//!
//! Beside the house of the benchmark stand a hub without anything, which is what a start and a report cost, and the house
//! that hearthd comes with.

#[path = "../house/mod.rs"]
mod house;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use hearthd::{
    config,
    model::Config,
    simulator::{
        play::{self, Play, Witness},
        report::{Keep, Recording},
        world::VirtualWorld,
    },
};
use house::House;
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
/// Houses of so many points, all in proportion,
const SIZES: [usize; 4] = [10, 40, 200, 1_000];
/// for so many days.
const SIZED_DAYS: u32 = 7;
/// Of so many runs the median counts.
const RUNS: usize = 5;
const TARGET_S: f64 = 2.0;

fn main() -> Result<()> {
    let target = format!("the last one at most {TARGET_S} s");
    let last = table("a year of", &year()?, 365)?.pop().unwrap_or(f64::INFINITY);
    println!("\n{target}: {}\n", if last <= TARGET_S { "met" } else { "MISSED" });

    let days_s = table("some days of", &sizes()?, SIZED_DAYS)?;
    // A start and a report are not of the days.
    let of_a_day = |place: usize| (days_s[place] - days_s[0]) / SIZED_DAYS as f64;
    for place in 2..days_s.len() {
        let (size, before) = (SIZES[place - 1], SIZES[place - 2]);
        let (times, larger) = (of_a_day(place) / of_a_day(place - 1), size as f64 / before as f64);
        let verdict = if times <= larger { "met" } else { "MISSED" };
        println!("a day of {size} points: {times:.1} times that of {before}; at most {larger:.1} times: {verdict}");
    }
    println!("\nMedians of {RUNS} runs of the program, on one core, with its start and the report.");
    Ok(())
}

/// A name and a configuration.
type Named = (String, String);

fn year() -> Result<Vec<Named>> {
    let read = |(name, file): &(&str, &str)| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Ok((name.to_string(), std::fs::read_to_string(&path).with_context(|| (*file).to_owned())?))
    };
    HOUSES.iter().map(read).collect()
}

fn sizes() -> Result<Vec<Named>> {
    let empty = year()?.swap_remove(0);
    let sized =
        SIZES.iter().map(|points| (format!("{points} points"), House::of(*points, "bench").configuration(None)));
    Ok(std::iter::once(empty).chain(sized).collect())
}

/// Simulates so many days of each, prints that, and returns the seconds that each took.
fn table(title: &str, houses: &[Named], days: u32) -> Result<Vec<f64>> {
    println!(
        "\n{title:<24}{:>8}{:>8}{:>8}{:>12}{:>12}{:>14}",
        "days", "points", "rules", "time, s", "decisions", "µs for each"
    );
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("config.toml");
    let mut medians_s = Vec::new();
    for (name, text) in houses {
        std::fs::write(&path, text)?;
        let config = Arc::new(config::parse(&path, text)?.config);
        let mut times_s = (0..RUNS).map(|_| simulate(&path, days)).collect::<Result<Vec<f64>>>()?;
        times_s.sort_by(f64::total_cmp);
        let median_s = times_s[RUNS / 2];
        let decisions = decisions(&config, days)?;
        let (points, rules) = (config.points().count(), config.rules.len() + config.events.len());
        let each_us = median_s * 1e6 / decisions as f64;
        println!("{name:<24}{days:>8}{points:>8}{rules:>8}{median_s:>12.3}{decisions:>12}{each_us:>14.1}");
        medians_s.push(median_s);
    }
    Ok(medians_s)
}

/// The seconds that the program takes for so many days.
#[expect(clippy::disallowed_methods, reason = "the daemon's clock counts milliseconds")]
fn simulate(config: &Path, days: u32) -> Result<f64> {
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
            &format!("{days}d"),
            "--config",
        ])
        .arg(config)
        .stdout(Stdio::null())
        .status()
        .context("taskset, of util-linux")?;
    ensure!(status.success(), "{} is not simulated: {status}", config.display());
    Ok(begin.elapsed().as_secs_f64())
}

/// How often the engine decides in these days.
fn decisions(config: &Arc<Config>, days: u32) -> Result<u64> {
    let from: DateTime<Utc> = "2025-12-31T23:00:00Z".parse()?;
    let until = from + TimeDelta::days(days.into());
    let mut recording = Recording::new(config, from, until, Keep::Sums);
    let config = play::paced(config, play::least_interval(until - from));
    let world = Some(VirtualWorld::new(&config, from, 1, None));
    let witness: &mut dyn Witness = &mut recording;
    Ok(play::play(Play { config, from, until, happenings: Vec::new(), world }, witness))
}
