//! The commands of `hearthd`. Exit codes: 0 good, 1 a problem found, 2 wrong usage.

mod admit;
mod backup;
mod broker;
mod console;
mod demo;
mod detect;
mod devices;
mod generate;
mod history;
mod homeassistant;
mod http;
mod logging;
mod modbus;
mod places;
mod report;
mod safe;
mod simulate;
mod test;

use anyhow::Context;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use clap::{Args, CommandFactory, Parser, Subcommand};
use hearthd::{
    almanac::written::date_and_time,
    clock::{Clock, Moment, Now},
    config,
    daemon::{self, InForce},
    hardware,
    history::{FILE, Place},
    model::{Backend, ClockTrust, Config, Hold},
};
use logging::Log;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

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
    /// Simulate days in seconds and print what the house does
    Simulate(simulate::Arguments),
    /// Try what you expect of the house, written down in config.test.toml
    Test {
        /// Files to try instead of the one beside the configuration
        files: Vec<PathBuf>,
    },
    /// Show all points of the running daemon
    Status(Shape),
    /// Say why an output, a room or a thermostat is as it is
    Why {
        /// For example hall_light
        point: String,
        #[command(flatten)]
        shape: Shape,
    },
    /// Show what became of a point, and why
    History(history::Arguments),
    /// Tell what the past comes to: use, energy and its cost, comfort, and what was other than usual
    Report(report::Arguments),
    /// Add what a table with times and values (CSV) tells of a point to its history
    Import(history::ImportArguments),
    /// Save configuration, state and history in one file, also while the daemon runs
    Backup(backup::Arguments),
    /// Put a house from a backup in place; the daemon must not run
    Restore(backup::Arguments),
    /// Say what a changed configuration would change in the running house
    Plan {
        /// The changed configuration
        file: PathBuf,
        #[command(flatten)]
        shape: Shape,
    },
    /// Command a point by hand: an output, target, mode, lock or scene (on simulated hardware also an input or a reading)
    Set {
        /// For example hall_light
        point: String,
        /// ON, OFF, TOGGLE, AUTO or a word of the point; a level such as 40, or +10 for more; speed 2; for a counter's total, the
        /// number on the meter
        #[arg(required = true, num_args = 1.., allow_negative_numbers = true)]
        value: Vec<String>,
        /// How long it holds, for example 2h, or room_empty: until its room is empty; then automatic control goes on
        #[arg(long = "for", value_name = "DURATION", value_parser = Hold::parse)]
        hold: Option<Hold>,
    },
    /// Give an output, or a climate zone, back to automatic control
    Auto {
        /// For example hall_light
        point: String,
    },
    /// Drive every output to its safe state and exit
    Safe {
        /// Where the daemon keeps its state, and what was in force [default: where it usually does]
        #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
        state: Option<PathBuf>,
    },
    /// Find out what is wired to this machine, and print it as TOML to paste
    Detect(detect::Arguments),
    /// Make what the configuration knows passwords and tokens of HTTP by
    #[command(subcommand)]
    Http(http::Command),
    /// Show or make the key by which Home Assistant gets in without a broker
    #[command(subcommand)]
    Homeassistant(homeassistant::Command),
    /// Set mosquitto up on this machine, with passwords for hearthd and for apps
    Broker(broker::Arguments),
    /// Print the JSON schema of the configuration
    Schema,
    /// Write manual pages and completions of shells into a folder, laid out like /usr/share
    #[command(hide = true)]
    Generate {
        /// It is made if it does not exist
        folder: PathBuf,
    },
}

#[derive(Args)]
struct RunArguments {
    /// Where state is kept over restarts [default: $STATE_DIRECTORY, else a folder of this user]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
    /// On simulated hardware: the local time to begin at, for example 2026-11-23T21:00
    #[arg(long, value_name = "TIME", value_parser = date_and_time)]
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
        // Whoever read the output has seen enough: `hearthd status | head -1`.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard error, as far as anybody listens there.
fn complain(text: &str) {
    let text = hearthd::model::without_error_numbers(text);
    let _ = io::stderr().write_all(hearthd::model::shown_lines(&text).as_bytes());
}

impl Arguments {
    fn dispatch(self) -> anyhow::Result<ExitCode> {
        let sockets = places::sockets(self.socket.as_deref());
        let file = || self.config.clone().unwrap_or_else(places::config);
        match self.command {
            Command::Run(run) => {
                let _log = Log::start(self.verbose);
                let file = file();
                let Some((in_force, watched)) = admit::load_to_run(&file, run.state.as_deref()) else {
                    return Ok(ExitCode::FAILURE);
                };
                let config = &in_force.config;
                let socket = places::free_socket(self.socket.as_deref())?;
                let state = run.state.or_else(|| places::state(&file, &config.hub.id));
                if state.is_none() {
                    tracing::warn!(
                        "no place to keep the state ($HOME is not set): a restart loses commands and timers (give it \
                         one with --state)"
                    );
                }
                let history = state.as_ref().map_or(Place::Nowhere, |folder| Place::File(folder.join(FILE)));
                let clock = run_clock(config, run.from, run.speed)?;
                let watched = Some(watched);
                let options = daemon::Options { in_force, watched, state, history, socket, clock, attach: None };
                block_on(daemon::run(options))?;
            }
            Command::Demo(demo) => {
                let Some(house) = demo_house(self.config.as_deref())? else { return Ok(ExitCode::FAILURE) };
                demo::run(demo, house, self.verbose)?;
            }
            Command::Check { file: other } => {
                let file = other.unwrap_or_else(file);
                let Some(InForce { config, .. }) = admit::load(&file) else { return Ok(ExitCode::FAILURE) };
                writeln!(io::stdout(), "{}: good ({})", file.display(), config.contents())?;
            }
            Command::Simulate(simulate) => return simulate::run(&simulate, self.config.as_deref(), &sockets),
            Command::Test { files } => {
                let config_file = file();
                let Some(config) = test::house(&config_file) else { return Ok(ExitCode::FAILURE) };
                return test::run(&files, &config, &config_file);
            }
            Command::Status(shape) => block_on(console::status(&sockets, shape.json))?,
            Command::Why { point, shape } => block_on(console::why(&sockets, &point, shape.json))?,
            Command::History(history) => history::run(&history, &sockets, &file())?,
            Command::Report(report) => {
                let file = file();
                report::run(&report, &sockets, &file)?;
            }
            Command::Import(import) => history::import(&import, &file())?,
            Command::Backup(backup) => backup::backup(&backup, &file())?,
            Command::Restore(restore) => backup::restore(&restore, &file())?,
            Command::Plan { file, shape } => {
                let Some(InForce { sources, .. }) = admit::load_again(&file) else { return Ok(ExitCode::FAILURE) };
                block_on(console::plan(&sockets, &sources, shape.json))?;
            }
            Command::Set { point, value, hold } => block_on(console::set(&sockets, &point, &value.join(" "), hold))?,
            Command::Auto { point } => block_on(console::auto(&sockets, &point))?,
            Command::Safe { state } => {
                let _log = Log::start(self.verbose);
                return safe::run(&file(), state.as_deref());
            }
            Command::Detect(detect) if detect.mqtt => devices::run(&file())?,
            Command::Detect(detect::Arguments { modbus: Some(bus), addresses, .. }) => {
                modbus::run(&file(), &bus, addresses)?;
            }
            Command::Detect(detect) => detect::run(&detect)?,
            Command::Http(command) => http::run(&command)?,
            Command::Homeassistant(command) => homeassistant::run(&command, &file())?,
            Command::Broker(broker) => broker::run(&broker, self.config.as_deref())?,
            Command::Schema => writeln!(io::stdout(), "{:#}", config::schema())?,
            Command::Generate { folder } => generate::run(&Arguments::command(), &folder)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The given or usual configuration; where there is none, the one that hearthd comes with.
fn demo_house(given: Option<&std::path::Path>) -> anyhow::Result<Option<InForce>> {
    let file = given.map_or_else(places::config, Into::into);
    if given.is_some() || file.exists() {
        return Ok(admit::load_to_try(&file));
    }
    let shipped = config::parse(&file, include_str!("../../config.toml"));
    Ok(Some(shipped.map_err(|report| anyhow::anyhow!("{report}"))?.into()))
}

type MakeClock = Box<dyn FnOnce(Option<Now>) -> (Clock, bool)>;

fn run_clock(config: &Config, from: Option<NaiveDateTime>, speed: Option<f64>) -> anyhow::Result<MakeClock> {
    let simulated = hardware::resolve(&config.hardware) == Backend::Simulated;
    let trust = match config.hub.clock {
        // That it is to be told the time can be tried without wires.
        told @ ClockTrust::HomeAssistant => told,
        // A machine that plays a house has a clock of its own, whether or not the kernel vouches for it.
        _ if simulated => ClockTrust::Always,
        trust => trust,
    };
    if from.is_none() && speed.is_none() {
        return Ok(Box::new(move |saved| match saved {
            Some(saved) => Clock::resumed(saved, trust),
            None => (Clock::system(Moment::START, trust), true),
        }));
    }
    anyhow::ensure!(
        simulated,
        "--from and --speed are for simulated hardware only: write backend = \"simulated\" in [hardware]"
    );
    let from = match from {
        Some(local) => local_time(config, local)?,
        None => Clock::system(Moment::START, trust).now().wall,
    };
    // Its wall time begins anew each time, so it tells nothing of the pause.
    Ok(Box::new(move |saved| {
        let base = saved.map_or(Moment::START, |saved| saved.moment);
        (Clock::accelerated(base, from, speed.unwrap_or(1.0)), saved.is_none())
    }))
}

fn local_time(config: &Config, local: NaiveDateTime) -> anyhow::Result<DateTime<Utc>> {
    let zone = config.hub.timezone;
    let instant = zone.from_local_datetime(&local).earliest();
    instant.map(|instant| instant.to_utc()).with_context(|| format!("{local} does not exist in {zone}"))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("write a number from 0.001 to 100000".into()),
    }
}

const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// One thread runs everything that waits; what blocks has threads of its own.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // The first thread for what blocks stays for ever: where there are no more, work waits for it, and without any tokio
    // would panic.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_keep_alive(FOR_EVER).build();
    let runtime = runtime.context("cannot start")?;
    let thread = std::thread::Builder::new().spawn(|| ()).context("cannot start: the system gives no thread")?;
    let _ = thread.join();
    let first = || drop(runtime.spawn_blocking(|| ()));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(first))
        .map_err(|_| anyhow::anyhow!("cannot start: the system gives no thread"))?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
