//! The commands of `hearthd`. Exit codes: 0 good, 1 a problem found, 2 wrong usage.

/// Prints a line; that nobody reads any further (`hearthd status | head`) is an error like others, which [`run`] knows.
macro_rules! say {
    ($($text:tt)*) => {
        std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($text)*)))?
    };
}

mod console;
mod demo;
mod logging;
mod places;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use clap::{Args, Parser, Subcommand};
use hearthd::{
    clock::Clock,
    config::{self, Loaded},
    daemon, hardware,
    model::{Backend, Config, duration},
};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

/// The options that every command has.
const COMMON: &str = "Common options";

/// Home automation daemon for a Raspberry Pi: relays, sensors, rules and MQTT in one binary.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// The configuration file [default: /etc/hearthd/config.toml, else ./config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "HEARTHD_CONFIG", help_heading = COMMON)]
    config: Option<PathBuf>,

    /// The control socket [default: /run/hearthd/hearthd.sock, else one of this user]
    #[arg(long, global = true, value_name = "PATH", env = "HEARTHD_SOCKET", help_heading = COMMON)]
    socket: Option<PathBuf>,

    /// Log more
    #[arg(short, long, global = true, help_heading = COMMON)]
    verbose: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    Run(RunArguments),
    /// Watch a simulated house live through an accelerated day; needs nothing installed
    Demo(demo::Arguments),
    /// Check a configuration and print all its problems
    Check {
        /// The file to check instead of the configuration file
        file: Option<PathBuf>,
    },
    /// Show all points of the running daemon
    Status(Shape),
    /// Say why an output is as it is
    Why {
        /// For example hall_light
        point: String,
        #[command(flatten)]
        shape: Shape,
    },
    /// Switch an output by hand (on simulated hardware also an input or a reading)
    Set {
        /// For example hall_light
        point: String,
        /// ON, OFF, TOGGLE or AUTO
        value: String,
        /// How long it holds, for example 2h; then automatic control goes on
        #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
        hold: Option<Duration>,
    },
    /// Give an output back to automatic control
    Auto {
        /// For example hall_light
        point: String,
    },
    /// Drive every output to its safe state and exit
    Safe,
    /// Print the JSON schema of the configuration
    Schema,
}

#[derive(Args)]
struct RunArguments {
    /// Where state is kept over restarts [default: $STATE_DIRECTORY, else a folder of this user]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
    /// On simulated hardware: the local time to begin at, for example 2026-11-23T21:00
    #[arg(long, value_name = "TIME", value_parser = local_time_of)]
    from: Option<NaiveDateTime>,
    /// On simulated hardware: how many times faster than real time the house lives
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speed: Option<f64>,
}

#[derive(Args)]
struct Shape {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does what the arguments say.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.dispatch() {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn dispatch(self) -> anyhow::Result<ExitCode> {
        let sockets = places::sockets(self.socket.as_deref());
        let file = || self.config.clone().unwrap_or_else(places::config);
        match self.command {
            Command::Run(run) => {
                logging::start(self.verbose);
                let file = file();
                let Some(config) = load(&file)? else { return Ok(ExitCode::FAILURE) };
                let socket = places::free_socket(self.socket.as_deref())?;
                let state = run.state.or_else(|| places::state(&file, &config.hub.id));
                let clock = run_clock(&config, run.from, run.speed)?;
                let options = daemon::Options { config, file: Some(file), state, socket, clock, attach: None };
                block_on(daemon::run(options))?;
            }
            Command::Demo(demo) => {
                let Some(config) = demo_house(self.config.as_deref())? else { return Ok(ExitCode::FAILURE) };
                demo::run(demo, config, self.verbose)?;
            }
            Command::Check { file: other } => {
                let file = other.unwrap_or_else(file);
                let Some(config) = load(&file)? else { return Ok(ExitCode::FAILURE) };
                let count = |count: usize, noun| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
                let counts = [
                    count(config.outputs.len(), "output"),
                    count(config.inputs.len(), "input"),
                    count(config.sensors.len(), "sensor"),
                    count(config.rooms.len(), "room"),
                    count(config.rules.len(), "rule"),
                ];
                say!("{}: good ({})", file.display(), counts.join(", "));
            }
            Command::Status(shape) => block_on(console::status(&sockets, shape.json))?,
            Command::Why { point, shape } => block_on(console::why(&sockets, &point, shape.json))?,
            Command::Set { point, value, hold } => block_on(console::set(&sockets, &point, &value, hold))?,
            Command::Auto { point } => block_on(console::auto(&sockets, &point))?,
            Command::Safe => {
                logging::start(self.verbose);
                let Some(config) = load(&file())? else { return Ok(ExitCode::FAILURE) };
                return Ok(safe(&config));
            }
            Command::Schema => say!("{:#}", config::schema()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether whoever read our output has gone away.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Reads a configuration; prints its problems and returns nothing if it has any.
fn load(file: &std::path::Path) -> anyhow::Result<Option<Arc<Config>>> {
    match config::load(file) {
        Ok(Loaded { config, warnings }) => {
            for warning in warnings {
                eprintln!("{warning}");
            }
            Ok(Some(Arc::new(config)))
        }
        Err(report) => {
            eprintln!("{report}");
            Ok(None)
        }
    }
}

/// The given or usual configuration; where there is none, the one that hearthd comes with.
fn demo_house(given: Option<&std::path::Path>) -> anyhow::Result<Option<Arc<Config>>> {
    let file = given.map_or_else(places::config, Into::into);
    if given.is_some() || file.exists() {
        return load(&file);
    }
    let shipped = config::parse(&file, include_str!("../../config.toml"));
    Ok(Some(Arc::new(shipped.map_err(|report| anyhow::anyhow!("{report}"))?.config)))
}

type MakeClock = Box<dyn FnOnce(hearthd::clock::Moment) -> Clock>;

fn run_clock(config: &Config, from: Option<NaiveDateTime>, speed: Option<f64>) -> anyhow::Result<MakeClock> {
    let trust = config.hub.clock;
    if from.is_none() && speed.is_none() {
        return Ok(Box::new(move |base| Clock::system(base, trust)));
    }
    anyhow::ensure!(
        config.hardware.backend == Backend::Simulated,
        "--from and --speed are for simulated hardware only: write backend = \"simulated\" in [hardware]"
    );
    let from = match from {
        Some(local) => local_time(config, local)?,
        None => Clock::system(hearthd::clock::Moment::START, trust).now().wall,
    };
    Ok(Box::new(move |base| Clock::accelerated(base, from, speed.unwrap_or(1.0))))
}

fn local_time(config: &Config, local: NaiveDateTime) -> anyhow::Result<DateTime<Utc>> {
    let zone = config.hub.timezone;
    let instant = zone.from_local_datetime(&local).earliest();
    instant.map(|instant| instant.to_utc()).with_context(|| format!("{local} does not exist in {zone}"))
}

fn local_time_of(text: &str) -> Result<NaiveDateTime, String> {
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let time = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    time.ok_or_else(|| "write a date and a time such as 2026-11-23T21:00".into())
}

fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "write a date such as 2026-07-15".into())
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("write a number from 0.001 to 100000".into()),
    }
}

fn safe(config: &Config) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (output, result) in hardware::drive_safe(config) {
        match result {
            Ok(()) => println!("{output}: safe"),
            Err(error) => {
                eprintln!("error: {output}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// One thread runs everything that waits; what blocks has threads of its own.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
