//! `hearthd simulate`: the real engine on a virtual clock.

use super::{
    admit, complain,
    history::{Records, database},
};
use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use hearthd::{
    almanac::written::{date, date_or_time},
    clock::{Clock, Moment},
    config::{Report, Source, nearest_name},
    daemon::InForce,
    files,
    house::past::Time,
    http::shape::{self, Why},
    model::{Config, duration},
    simulator::{
        house::House,
        play::{self, Play, Witness},
        replay,
        report::{self, Keep, Recording},
        scenario::{self, Scenario},
        watch::Change,
        world::{Measured, PEOPLE, VirtualWorld},
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
    /// Instead of a world, what really happened by the history, and what would have been different [default: the last 7 days]
    #[arg(long, conflicts_with_all = ["scenario", "weather"])]
    replay: bool,
    /// Where the daemon keeps its state, when it does not run, for --replay [default: where it usually does]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
    /// Play this scenario file, with its own house or with the configuration; a log in it must come true
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Temperatures outside: lines of a local time and °C, such as 2026-01-01 00:00,3.5 [default: a climate by latitude]
    #[arg(long, value_name = "FILE.csv")]
    weather: Option<PathBuf>,
    /// Another number makes other people and other weather
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many are at home of the two who live there, 0 to 2 [default: 2]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=PEOPLE as i64), conflicts_with_all = ["scenario", "replay"])]
    people: Option<u8>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report as a page with a chart of each day
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// In a page about more than a week: a day to draw; may be repeated [default: the first, the coldest, the warmest]
    #[arg(long, value_name = "DATE", value_parser = date, requires = "html")]
    day: Vec<NaiveDate>,
    /// Instead of a report, say why this point is as it is at the time of --at
    #[arg(long, value_name = "POINT", requires = "at", conflicts_with = "html")]
    why: Option<String>,
    /// The local time of --why, for example 2026-11-23T21:00
    #[arg(long, value_name = "TIME", value_parser = date_or_time, requires = "why")]
    at: Option<NaiveDateTime>,
}

/// The largest file of temperatures: a century of them, an hour a line.
const MEASURED: u64 = 32 << 20;
/// Ten years are enough for anybody.
const LONGEST: Duration = Duration::from_secs(3_653 * 86_400);

/// Simulates; exit code 1 when a log did not come true.
pub fn run(arguments: &Arguments, config: Option<&Path>, sockets: &[PathBuf]) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.scenario {
        let Some(scenario) = read(file, config)? else { return Ok(ExitCode::FAILURE) };
        return play_scenario(arguments, file, &scenario);
    }
    let file = config.map_or_else(super::places::config, Into::into);
    let Some(InForce { config, .. }) = admit::load_to_try(&file) else { return Ok(ExitCode::FAILURE) };
    if arguments.replay {
        return replay(arguments, &config, &file, sockets);
    }
    let from = match arguments.from {
        Some(local) => super::local_time(&config, local)?,
        None => midnight(&config)?,
    };
    let length = arguments.length(86_400)?;
    let until = from.checked_add_signed(length).context("--for: this is beyond the calendar")?;
    let Some(measured) = measured(arguments, &config)? else { return Ok(ExitCode::FAILURE) };
    if let Some((first, last)) = measured.as_ref().map(Measured::span)
        && (first > from || last < until - TimeDelta::days(1))
    {
        complain("warning: --weather does not have all of this time; before and after, it stays as at the ends\n");
    }
    let config = play::paced(&config, play::least_interval(length));
    let people = arguments.people.map_or(PEOPLE, usize::from);
    let world = Some(VirtualWorld::new(&config, from, arguments.seed, measured).with_people(people));
    let play = Play { config, from, until, happenings: Vec::new(), world };
    if let Some((point, at)) = arguments.question() {
        explain(play, point, at, arguments.json)?;
    } else {
        tell(arguments, record(play, arguments.keeps()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets happen again what happened, to this configuration.
fn replay(arguments: &Arguments, config: &Arc<Config>, file: &Path, sockets: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let now = Clock::system(Moment::START, config.hub.clock).now().wall;
    let length = arguments.length(7 * 86_400)?;
    let from = match arguments.from {
        Some(local) => super::local_time(config, local)?,
        None => now.checked_sub_signed(length).context("--for: this is beyond the calendar")?,
    };
    let until = from.checked_add_signed(length).context("--for: this is beyond the calendar")?.min(now);
    anyhow::ensure!(from < until, "--from: nothing has happened yet; write an earlier time");
    let offset = |at: DateTime<Utc>| at.with_timezone(&config.hub.timezone).fixed_offset();
    let time = Time { from: offset(from), to: offset(until) };
    let mut records = Records::new(sockets, database(arguments.state.as_deref(), file));
    let settles = Time { from: time.from - replay::SETTLES, to: time.to };
    let happenings = replay::happenings(config, settles, &mut |ask| records.course(ask))?;
    anyhow::ensure!(records.is_told, records.nothing());
    let paced = play::paced(config, play::least_interval(until - from));
    let play = Play { config: paced, from: settles.from.to_utc(), until, happenings, world: None };
    if let Some((point, at)) = arguments.question() {
        explain(play, point, at, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let recording = record(play, Keep::Everything);
    if arguments.json || arguments.html.is_some() {
        tell(arguments, recording)?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = replay::compare(&recording, time, &mut |ask| records.course(ask))?;
    let mut out = io::stdout().lock();
    replay::lines(config, time, &differences).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// How long is played; so many seconds when nobody says.
    fn length(&self, usual_s: u64) -> anyhow::Result<TimeDelta> {
        let length = self.length.unwrap_or(Duration::from_secs(usual_s));
        anyhow::ensure!(!length.is_zero() && length <= LONGEST, "--for: write a duration from 1s to ten years");
        Ok(TimeDelta::from_std(length)?)
    }

    /// Which point is to be explained, and at what time.
    fn question(&self) -> Option<(&str, NaiveDateTime)> {
        Some((self.why.as_deref()?, self.at?))
    }

    /// What its report needs.
    fn keeps(&self) -> Keep {
        match (&self.html, self.json) {
            (Some(_), _) => Keep::Everything,
            (None, true) => Keep::Words,
            (None, false) => Keep::Sums,
        }
    }
}

/// Lives up to a time and prints why a point is as it is then, as `hearthd why` does.
fn explain(play: Play, point: &str, at: NaiveDateTime, as_json: bool) -> anyhow::Result<()> {
    let config = play.config.clone();
    let is_scene = point.strip_prefix("scene.").is_some_and(|name| config.find_scene(name).is_some());
    if !is_scene && config.find_point(point).is_none() && config.find_climate(point).is_none() {
        let points: Vec<String> = config.points().map(|point| config.point_name(point)).collect();
        let near = nearest_name(point, points.iter().map(String::as_str));
        let advice =
            near.map_or_else(|| "`hearthd status` lists them".into(), |near| format!("did you mean `{near}`?"));
        anyhow::bail!("--why: no such point: {point}; {advice}");
    }
    let local = |time: DateTime<Utc>| time.with_timezone(&config.hub.timezone).format("%Y-%m-%dT%H:%M");
    let (from, until, at) = (play.from, play.until, super::local_time(&config, at)?);
    anyhow::ensure!(
        (from..until).contains(&at),
        "--at: {} is not simulated; write a time from {} and before {}, or another --from and --for",
        local(at),
        local(from),
        local(until)
    );
    // What happens at that instant has happened.
    let until = at + TimeDelta::milliseconds(1);
    let mut asker = Asker { point, at: until, why: None };
    play::play(Play { until, ..play }, &mut asker);
    let why = asker.why.with_context(|| format!("hearthd does not run at {}", local(at)))?;
    super::console::print_why(why, as_json)
}

/// Asks why a point is as it is when its time has come; there is no answer while hearthd does not run.
struct Asker<'a> {
    point: &'a str,
    at: DateTime<Utc>,
    why: Option<Why>,
}

impl Witness for Asker<'_> {
    fn look(&mut self, house: &mut House, _: Option<&VirtualWorld>) {
        if house.time() >= self.at && house.ended_by().is_none() {
            let (engine, now) = (house.engine(), house.now());
            let reasons = engine.reasons_of(self.point, now);
            self.why = reasons.and_then(|reasons| shape::why(&engine.snapshot(now), self.point, &reasons));
        }
    }

    fn note(&mut self, _: DateTime<Utc>, _: Change) {}
}

/// Prints the log, its difference from the expected one, or a report of it.
fn play_scenario(arguments: &Arguments, file: &Path, scenario: &Scenario) -> anyhow::Result<ExitCode> {
    if let Some((point, at)) = arguments.question() {
        let Some(measured) = measured(arguments, &scenario.config)? else { return Ok(ExitCode::FAILURE) };
        explain(scenario.play(arguments.seed, measured), point, at, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let log = scenario::log(scenario);
    if arguments.json || arguments.html.is_some() || scenario.has_world() {
        let Some(measured) = measured(arguments, &scenario.config)? else { return Ok(ExitCode::FAILURE) };
        tell(arguments, record(scenario.play(arguments.seed, measured), arguments.keeps()))?;
    } else if scenario.difference(&log).is_none() {
        let mut out = io::stdout().lock();
        log.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    let Some(difference) = scenario.difference(&log) else { return Ok(ExitCode::SUCCESS) };
    let place = file.display();
    complain(&format!("{difference}error: {place}: the log did not come true (- expected, + what happened)\n"));
    Ok(ExitCode::FAILURE)
}

fn record(play: Play, keeps: Keep) -> Recording {
    let mut recording = Recording::new(&play.config, play.from, play.until, keeps);
    play::play(play, &mut recording);
    recording
}

fn tell(arguments: &Arguments, recording: Recording) -> anyhow::Result<()> {
    if let Some(file) = &arguments.html {
        let page = report::html::page(&recording, &arguments.day);
        fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", report::json::report(&recording))?;
    } else {
        report::text::lines(&recording).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    // The end of the process gives a year back at once.
    std::mem::forget(recording);
    Ok(())
}

/// The beginning of today.
fn midnight(config: &Config) -> anyhow::Result<DateTime<Utc>> {
    let now = Clock::system(Moment::START, config.hub.clock).now().wall.with_timezone(&config.hub.timezone);
    hearthd::almanac::local_instant(now.date_naive(), 0, config.hub.timezone).context("today is beyond the calendar")
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
        usual = admit::load_to_try(&config.map_or_else(super::places::config, Into::into)).map(|usual| usual.config);
        if usual.is_none() {
            return Ok(None);
        }
    }
    Ok(good(scenario::read(&source, usual.as_ref())))
}

fn source(file: &Path) -> anyhow::Result<Source> {
    let text = files::read_text(file, MEASURED).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Source { path: file.into(), text })
}

fn good<T>(result: Result<T, Report>) -> Option<T> {
    result.inspect_err(|report| complain(&format!("{report}\n"))).ok()
}
