//! `hearthd simulate`: the real engine on a virtual clock.

use super::complain;
use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use hearthd::{
    clock::{Clock, Moment},
    config::{Report, Source},
    daemon::InForce,
    model::{Config, duration},
    simulator::{
        play::{self, Play},
        report::{self, Recording},
        scenario::{self, Scenario},
        world::{Measured, VirtualWorld},
    },
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

/// What to simulate, and what to make of it.
#[derive(clap::Args)]
pub struct Arguments {
    /// The local date, or date and time, to begin at [default: today at midnight]
    #[arg(long, value_name = "TIME", value_parser = date_or_time, conflicts_with = "scenario")]
    from: Option<NaiveDateTime>,
    /// How long, for example 1d or 365d [default: 1d]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse, conflicts_with = "scenario")]
    length: Option<Duration>,
    /// Play this scenario file, with its own house or with the configuration; a log in it must come true
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Temperatures outside: lines of a local time and °C, such as 2026-01-01 00:00,3.5 [default: a climate by latitude]
    #[arg(long, value_name = "FILE.csv")]
    weather: Option<PathBuf>,
    /// Another number makes other people and other weather
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report as a page with a chart of each day
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// In a page about more than a week: a day to draw; may be repeated [default: the first, the coldest, the warmest]
    #[arg(long, value_name = "DATE", value_parser = super::date, requires = "html")]
    day: Vec<NaiveDate>,
}

/// A date alone is its midnight.
fn date_or_time(text: &str) -> Result<NaiveDateTime, String> {
    let midnight = || super::date(text).ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    super::date_and_time(text).or_else(|wrong| midnight().ok_or(wrong))
}

/// Ten years are enough for anybody.
const LONGEST: Duration = Duration::from_secs(3_653 * 86_400);

/// Simulates; exit code 1 when a log did not come true.
pub fn run(arguments: &Arguments, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.scenario {
        let Some(scenario) = read(file, config)? else { return Ok(ExitCode::FAILURE) };
        return play_scenario(arguments, file, &scenario);
    }
    let file = config.map_or_else(super::places::config, Into::into);
    let Some(InForce { config, .. }) = super::load(&file)? else { return Ok(ExitCode::FAILURE) };
    let from = match arguments.from {
        Some(local) => super::local_time(&config, local)?,
        None => midnight(&config)?,
    };
    let length = arguments.length.unwrap_or(Duration::from_secs(86_400));
    anyhow::ensure!(!length.is_zero() && length <= LONGEST, "--for: write a duration from 1s to ten years");
    let length = TimeDelta::from_std(length)?;
    let until = from.checked_add_signed(length).context("--for: this is beyond the calendar")?;
    let Some(measured) = measured(arguments, &config)? else { return Ok(ExitCode::FAILURE) };
    if let Some((first, last)) = measured.as_ref().map(Measured::span)
        && (first > from || last < until - TimeDelta::days(1))
    {
        complain("warning: --weather does not have all of this time; before and after, it stays as at the ends\n");
    }
    let config = play::paced(&config, play::least_interval(length));
    let world = Some(VirtualWorld::new(&config, from, arguments.seed, measured));
    let play = Play { config, from, until, happenings: Vec::new(), world };
    tell(arguments, &record(play))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the log, its difference from the expected one, or a report of it.
fn play_scenario(arguments: &Arguments, file: &Path, scenario: &Scenario) -> anyhow::Result<ExitCode> {
    let log = scenario::log(scenario);
    if arguments.json || arguments.html.is_some() || scenario.has_world() {
        let Some(measured) = measured(arguments, &scenario.config)? else { return Ok(ExitCode::FAILURE) };
        tell(arguments, &record(scenario.play(arguments.seed, measured)))?;
    } else if scenario.difference(&log).is_none() {
        let mut out = io::stdout().lock();
        log.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    let Some(difference) = scenario.difference(&log) else { return Ok(ExitCode::SUCCESS) };
    let place = file.display();
    complain(&format!("{difference}error: {place}: the log did not come true (- expected, + what happened)\n"));
    Ok(ExitCode::FAILURE)
}

fn record(play: Play) -> Recording {
    let mut recording = Recording::new(&play.config, play.from, play.until);
    play::play(play, &mut recording);
    recording
}

fn tell(arguments: &Arguments, recording: &Recording) -> anyhow::Result<()> {
    if let Some(file) = &arguments.html {
        let page = report::html::page(recording, &arguments.day);
        fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", report::json::report(recording))?;
    } else {
        report::text::lines(recording).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// The beginning of today.
fn midnight(config: &Config) -> anyhow::Result<DateTime<Utc>> {
    let now = Clock::system(Moment::START, config.hub.clock).now().wall.with_timezone(&config.hub.timezone);
    hearthd::engine::local_instant(now.date_naive(), 0, config.hub.timezone).context("today is beyond the calendar")
}

/// The temperatures of `--weather`, if it is given; prints the problems of the file and returns nothing if it has any.
#[expect(clippy::option_option, reason = "no file, and a file that cannot be used")]
fn measured(arguments: &Arguments, config: &Config) -> anyhow::Result<Option<Option<Measured>>> {
    let Some(file) = &arguments.weather else { return Ok(Some(None)) };
    Ok(good(Measured::read(&source(file)?, config.hub.timezone)).map(Some))
}

/// Reads a scenario; prints its problems and returns nothing if it has any.
fn read(file: &Path, config: Option<&Path>) -> anyhow::Result<Option<Scenario>> {
    let source = source(file)?;
    let mut usual: Option<Arc<Config>> = None;
    if !scenario::has_house(&source.text) {
        usual = super::load(&config.map_or_else(super::places::config, Into::into))?.map(|usual| usual.config);
        if usual.is_none() {
            return Ok(None);
        }
    }
    Ok(good(scenario::read(&source, usual.as_ref())))
}

fn source(file: &Path) -> anyhow::Result<Source> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Source { path: file.into(), text })
}

fn good<T>(result: Result<T, Report>) -> Option<T> {
    result.inspect_err(|report| complain(&format!("{report}\n"))).ok()
}
