//! A report, not a test: hearthd beside a bare `rumqttc` echo, in one run on one mosquitto. `scripts/bench` starts it.
//!
//! Both serve 16 lights and another value of each of 16 sensors every second, under the same topics. The echo answers each
//! command with a state and does nothing else: what it needs is what MQTT costs, and the rest of hearthd's figure is
//! hearthd. A house of 200 entities stands beside them.

mod broker;
mod burst;
mod candidate;
mod echo;
mod engine;
#[path = "../house/mod.rs"]
mod house;
mod measure;
mod moving;
mod native;
mod peers;
mod probe;
mod report;
mod usage;
mod web;

use anyhow::{Context, Result, ensure};
use broker::Broker;
use candidate::{Candidate, Kind};
use clap::{Parser, Subcommand, ValueEnum};
use house::House;
use measure::{Figures, Limits};
use report::Column;
use std::{path::PathBuf, process::Command, time::Duration, time::Instant};
use usage::Wear;

const SMALL: House = House {
    hub: "bench",
    lights: 16,
    heaters: 0,
    sensors: 16,
    motions: 1,
    rooms: 0,
    is_recorded: false,
    http: None,
    homeassistant: None,
};
/// An hour passes in half a minute.
const HOUR_SPEED: u32 = 120;
const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Parser)]
#[command(about = "Measures hearthd beside a bare MQTT echo")]
struct Arguments {
    /// Of so many runs the medians are told.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How long all are watched doing nothing but publishing readings; 0: they are not.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// How many commands are sent one after the other, each when the last was answered.
    #[arg(long, default_value_t = 2_000)]
    commands: usize,
    /// How many commands are sent at once.
    #[arg(long, default_value_t = 10_000)]
    burst: usize,
    /// How many messages are sent one by one to each program that follows messages; 0: that is not measured.
    #[arg(long, default_value_t = 1_000)]
    messages: usize,
    /// How many changes readers of events are told one by one.
    #[arg(long, default_value_t = 200)]
    changes: usize,
    /// Measure nothing but this.
    #[arg(long)]
    only: Option<Part>,
    /// What ESPHome made of esphome.yaml: it stands beside the API for Home Assistant.
    #[arg(long, value_name = "PROGRAM")]
    esphome: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    child: Option<Child>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// The daemon beside the echo.
    Daemon,
    /// From message to message, beside other programs.
    Messages,
    /// History and HTTP.
    Web,
    /// The API for Home Assistant beside MQTT.
    Native,
}

#[derive(Subcommand)]
enum Child {
    /// What hearthd is compared with.
    #[command(hide = true)]
    Echo { port: u16, prefix: String, sensors: usize },
    /// Passes messages on.
    #[command(hide = true)]
    Relay { port: u16, from: String, to: String },
    /// hearthd with readings that change.
    #[command(hide = true)]
    Moving {
        config: PathBuf,
        state: PathBuf,
        #[arg(long)]
        speed: u32,
    },
    /// Prints how long a light takes after motion.
    #[command(hide = true)]
    Motion { config: PathBuf },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.child {
            Some(Child::Echo { port, prefix, sensors }) => echo::run(port, &prefix, sensors).await,
            Some(Child::Relay { port, from, to }) => echo::relay(port, &from, &to).await,
            Some(Child::Moving { config, state, speed }) => moving::run(&config, state, speed).await,
            Some(Child::Motion { config }) => {
                let [p50, p99] = moving::motion_to_light(&config).await?;
                println!("{p50} {p99}");
                Ok(())
            }
            None => {
                let is_wanted = |part| arguments.only.is_none_or(|only| only == part);
                if is_wanted(Part::Daemon) {
                    compare(&arguments).await?;
                }
                if is_wanted(Part::Messages) && arguments.messages > 0 {
                    peers::compare(arguments.runs, arguments.messages).await?;
                }
                if is_wanted(Part::Web) {
                    web::compare(arguments.runs, arguments.seconds, arguments.changes).await?;
                }
                if is_wanted(Part::Native) {
                    native::compare(arguments.runs, arguments.commands, arguments.esphome.as_deref()).await?;
                }
                Ok(())
            }
        }
    })
}

async fn compare(arguments: &Arguments) -> Result<()> {
    let limits = Limits { commands: arguments.commands, burst: arguments.burst, idle_s: arguments.seconds };
    let large = House::of(200, "bench200");
    let houses = [(Kind::Echo, SMALL), (Kind::Hearthd, SMALL), (Kind::Hearthd, large)];
    let mut columns = ["bare echo", "hearthd", "200 entities"].map(|name| Column { name: name.into(), runs: vec![] });
    for run in 1..=arguments.runs {
        eprintln!("Run {run} of {} ...", arguments.runs);
        let broker = Broker::start()?;
        let mut figures: [Figures; 3] = Default::default();
        if limits.idle_s > 0 {
            idle(&houses, &mut figures, limits.idle_s, &broker).await?;
        }
        for ((kind, house), figures) in houses.iter().zip(&mut figures) {
            let mut candidate = Candidate::start(*kind, *house, &broker).await?;
            figures.commanded(&mut candidate, &limits).await.with_context(|| candidate.prefix())?;
            if *kind == Kind::Hearthd {
                let speed = engine::measure(house)?;
                (figures.engine_readings, figures.engine_commands) = (Some(speed.readings), Some(speed.commands));
            }
        }
        [figures[1].motion_p50_ms, figures[1].motion_p99_ms] = motion_to_light()?.map(Some);
        columns.iter_mut().zip(figures).for_each(|(column, figures)| column.runs.push(figures));
    }
    if limits.idle_s > 0 {
        eprintln!("An hour at rest ...");
        let hours = tokio::try_join!(idle_hour(SMALL), idle_hour(large))?;
        columns[1].runs.push(Figures { idle_kb: Some(hours.0), ..Figures::default() });
        columns[2].runs.push(Figures { idle_kb: Some(hours.1), ..Figures::default() });
    }
    report::print(&report::DAEMON, &columns);
    println!(
        "Medians of {} runs. 16 lights, 16 sensors with another value each second; 200 entities: 40 each of lights, heaters, \
         sensors, motion inputs and rooms. At rest for {} s, {} commands one by one, a burst of {}; QoS 1, one mosquitto.",
        arguments.runs, limits.idle_s, limits.commands, limits.burst
    );
    Ok(())
}

/// All at once, so that the machine is the same for each.
async fn idle(houses: &[(Kind, House); 3], figures: &mut [Figures; 3], seconds: u64, broker: &Broker) -> Result<()> {
    let kind = |kind| if kind == Kind::Echo { kind } else { Kind::Moving { speed: 1 } };
    let mut candidates = Vec::new();
    for (of, house) in houses {
        candidates.push(Candidate::start(kind(*of), *house, broker).await?);
    }
    let [echo, small, large] = &candidates[..] else { anyhow::bail!("three are measured") };
    let [for_echo, for_small, for_large] = figures;
    tokio::try_join!(for_echo.idle(echo, seconds), for_small.idle(small, seconds), for_large.idle(large, seconds))?;
    Ok(())
}

/// What an hour at rest writes to the state file, in KB.
async fn idle_hour(house: House) -> Result<f64> {
    let broker = Broker::start()?;
    let candidate = Candidate::start(Kind::Moving { speed: HOUR_SPEED }, house, &broker).await?;
    // What a start writes is not of the hour.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut wear = Wear::begin(&candidate.state());
    let begin = now();
    while begin.elapsed() < HOUR / HOUR_SPEED {
        tokio::time::sleep(Duration::from_millis(250)).await;
        wear.look(&candidate.state());
    }
    Ok(wear.bytes as f64 / 1e3)
}

fn motion_to_light() -> Result<[f64; 2]> {
    let dir = tempfile::TempDir::new()?;
    let config = dir.path().join("config.toml");
    std::fs::write(&config, SMALL.configuration(None))?;
    let output = Command::new(std::env::current_exe()?).arg("motion").arg(config).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    ensure!(
        output.status.success() && figures.len() == 2,
        "motion to light: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok([figures[0], figures[1]])
}

#[expect(clippy::disallowed_methods, reason = "latencies are microseconds; the daemon's clock counts milliseconds")]
fn now() -> Instant {
    Instant::now()
}
