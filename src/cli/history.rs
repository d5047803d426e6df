//! `hearthd history`: what became of a point, as a table, a chart, CSV or JSON.

use super::{
    console::{Shown, ask},
    places,
};
use anyhow::Context;
use axum::http::Method;
use hearthd::{
    clock::{Clock, Moment},
    files,
    history::{self, FILE, look},
    house::{Ask, Change, Course, NoCourse, Span},
    http::client::{Error, point_path, query},
    model::{ClockTrust, duration, number},
    report::NOTHING,
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Rows of a table that one sees at a glance.
const ROWS: usize = 24;
/// Columns and lines of a chart.
const CHART: (usize, usize) = (72, 10);
/// The largest table that is imported: some ten million lines.
const IMPORT_MAX: u64 = 512 << 20;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is asked, and how it is shown.
#[derive(clap::Args)]
pub struct Arguments {
    /// For example living.temperature or hall_light; notices: what rules had to say
    point: String,
    /// 2026-11-23T21:00, a date, yesterday, today, or how long ago, such as 7d [default: 24h]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// As --from [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How long each line stands for, such as 5m, 1h or 1d
    #[arg(long, value_name = "DURATION")]
    every: Option<String>,
    /// Print CSV
    #[arg(long, group = "form")]
    csv: bool,
    /// Print JSON
    #[arg(long, group = "form")]
    json: bool,
    /// Draw a chart
    #[arg(long, group = "form")]
    plot: bool,
    /// Where the daemon keeps its state, when it does not run [default: where it usually does]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
}

/// What is added to which history.
#[derive(clap::Args)]
pub struct ImportArguments {
    /// For example living.temperature
    point: String,
    /// Lines such as 2026-11-23T21:00,20.5
    file: PathBuf,
    /// Where the daemon keeps its state [default: where it usually does]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
}

/// Adds a table to the history of a point.
pub fn import(arguments: &ImportArguments, config: &Path) -> anyhow::Result<()> {
    let ImportArguments { point, file, state } = arguments;
    let text = files::read_text(file, IMPORT_MAX).with_context(|| format!("cannot read {}", file.display()))?;
    let database = database(state.as_deref(), config).context("there is no history yet: `hearthd run` begins one")?;
    let now = Clock::system(Moment::START, ClockTrust::Always).now();
    let count =
        history::import(&database, point, &text, now).map_err(|why| anyhow::anyhow!("{}: {why}", file.display()))?;
    Ok(writeln!(io::stdout(), "{point}: {count} values were added to its history")?)
}

/// The file of the history, if there is one.
pub(super) fn database(state: Option<&Path>, config: &Path) -> Option<PathBuf> {
    let folder = state.map(Path::to_owned).or_else(|| places::known_state(config))?;
    Some(folder.join(FILE)).filter(|file| file.exists())
}

/// Asks the running daemon, or looks into the file that it left.
pub fn run(arguments: &Arguments, sockets: &[PathBuf], config: &Path) -> anyhow::Result<()> {
    let spans = match arguments {
        Arguments { csv: true, .. } | Arguments { json: true, .. } => None,
        Arguments { plot: true, .. } => Some(CHART.0),
        _ => Some(ROWS),
    };
    let Arguments { point, from, to, every, .. } = arguments;
    let ask = Ask { point: point.clone(), from: from.clone(), to: to.clone(), every: every.clone(), spans };
    let course = course(&ask, sockets, || database(arguments.state.as_deref(), config))?;
    let mut out = io::stdout().lock();
    if arguments.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&course)?)?);
    }
    let tells_changes = course.kind == "word" || (course.kind == "switch" && every.is_none());
    match arguments {
        Arguments { plot: true, .. } => plot(&mut Shown(out), &course),
        Arguments { csv: true, .. } if tells_changes => csv_of_changes(&mut out, &course.changes),
        Arguments { csv: true, .. } => csv(&mut out, &course),
        _ => {
            let mut out = Shown(out);
            writeln!(out, "{}", title(&course, tells_changes))?;
            if tells_changes { print_changes(&mut out, &course) } else { print_spans(&mut out, &course) }
        }
    }
}

/// What is asked of the history, of many points.
pub(super) struct Records<'r> {
    sockets: &'r [PathBuf],
    file: Option<PathBuf>,
    /// Something was told.
    pub is_told: bool,
    /// Why nothing is told of some.
    why_not: Option<anyhow::Error>,
}

impl<'r> Records<'r> {
    pub fn new(sockets: &'r [PathBuf], file: Option<PathBuf>) -> Records<'r> {
        Records { sockets, file, is_told: false, why_not: None }
    }

    /// What became of a point; None: nothing was recorded of it.
    pub fn course(&mut self, ask: &Ask) -> anyhow::Result<Option<Course>> {
        match course(ask, self.sockets, || self.file.clone()) {
            Ok(course) => {
                self.is_told = true;
                Ok(Some(course))
            }
            // The others may have been recorded.
            Err(error) if error.downcast_ref().is_some_and(NoCourse::is_of_one_point) => {
                self.why_not = Some(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Why nothing is told at all.
    pub fn nothing(self) -> anyhow::Error {
        self.why_not.unwrap_or_else(|| anyhow::anyhow!(NOTHING))
    }
}

/// What became of a point: the running daemon is asked, or else its file.
fn course(ask: &Ask, sockets: &[PathBuf], file: impl FnOnce() -> Option<PathBuf>) -> anyhow::Result<Course> {
    let spans = ask.spans.map(|spans| spans.to_string());
    let fields = [
        ("from", ask.from.as_deref()),
        ("to", ask.to.as_deref()),
        ("every", ask.every.as_deref()),
        ("spans", spans.as_deref()),
    ];
    let path = point_path("history", &ask.point) + &query(&fields);
    let not_running = match super::block_on(self::ask(sockets, Method::GET, &path, None)) {
        Ok(course) => return Ok(course),
        Err(error) => match error.downcast() {
            Ok(Error::NotFound(why)) => return Err(NoCourse::UnknownPoint(why).into()),
            Ok(error @ Error::NotRunning { .. }) => error.into(),
            Ok(error) => return Err(error.into()),
            Err(error) => return Err(error),
        },
    };
    match file() {
        Some(file) => Ok(look(&file, ask, Clock::system(Moment::START, ClockTrust::Always).now())?),
        None => Err(not_running),
    }
}

/// `Living room temperature (living.temperature, °C), 2026-11-23 21:00 to 2026-11-24 21:00, each 1h`
fn title(course: &Course, tells_changes: bool) -> String {
    let unit = course.unit.as_ref().map(|unit| format!(", {unit}")).unwrap_or_default();
    let every = duration::spell(Duration::from_secs_f64(course.every_s));
    let every = if tells_changes { String::new() } else { format!(", each {every}") };
    format!("{} ({}{unit}), {} to {}{every}", course.name, course.id, minute(&course.from), minute(&course.to))
}

fn print_changes(out: &mut impl Write, course: &Course) -> anyhow::Result<()> {
    if course.changes.is_empty() {
        writeln!(out, "  nothing changed, or nothing was recorded")?;
    }
    if course.more {
        writeln!(out, "  (older ones are left out; ask for an earlier time with --to)")?;
    }
    let width = course.changes.iter().map(|change| change.value.chars().count()).max().unwrap_or(0);
    for Change { time, value, why } in &course.changes {
        let line = format!("  {}  {value:width$}  {}", second(time), why.as_deref().unwrap_or_default());
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn print_spans(out: &mut impl Write, course: &Course) -> anyhow::Result<()> {
    if course.spans.is_empty() {
        return Ok(writeln!(out, "  nothing was recorded")?);
    }
    let columns = columns(course);
    let rows: Vec<Vec<String>> =
        course.spans.iter().map(|span| columns.iter().map(|column| (column.shown)(course, span)).collect()).collect();
    let width = |place: usize| {
        let cells = rows.iter().map(|row| row[place].chars().count());
        cells.chain([columns[place].name.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    writeln!(out, "  {:16}  {}", "", line(&names))?;
    for (span, row) in course.spans.iter().zip(&rows) {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        writeln!(out, "  {:16}  {}", minute(&span.time), line(&cells))?;
    }
    Ok(())
}

/// A column of a table, and of CSV under another name.
struct Column {
    name: &'static str,
    field: &'static str,
    shown: fn(&Course, &Span) -> String,
    plain: fn(&Span) -> Option<f64>,
}

/// Those that say something of what is shown.
fn columns(course: &Course) -> Vec<&'static Column> {
    let has = |column: &&Column| course.spans.iter().any(|span| (column.plain)(span).is_some());
    // Of what is on or off, the mean is how long it is on.
    let is_told = |column: &&Column| course.kind != "switch" || !matches!(column.field, "min" | "mean" | "max");
    COLUMNS.iter().filter(has).filter(is_told).collect()
}

const COLUMNS: [Column; 7] = [
    Column { name: "least", field: "min", shown: |course, span| text(course, span.min), plain: |span| Some(span.min) },
    Column {
        name: "mean",
        field: "mean",
        shown: |course, span| text(course, span.mean),
        plain: |span| Some(span.mean),
    },
    Column { name: "most", field: "max", shown: |course, span| text(course, span.max), plain: |span| Some(span.max) },
    Column {
        name: "on",
        field: "on_s",
        shown: |_, span| duration::spell(Duration::from_secs(span.on_s.unwrap_or(0.0) as u64)),
        plain: |span| span.on_s,
    },
    Column {
        name: "switched on",
        field: "starts",
        shown: |_, span| span.starts.unwrap_or(0).to_string(),
        plain: |span| span.starts.map(|starts| starts as f64),
    },
    Column {
        name: "more by",
        field: "grew",
        shown: |course, span| text(course, span.grew.unwrap_or(0.0)),
        plain: |span| span.grew,
    },
    Column {
        name: "kWh",
        field: "energy_kwh",
        shown: |_, span| number::fixed(span.energy_kwh.unwrap_or(0.0), 3),
        plain: |span| span.energy_kwh,
    },
];

/// A value of the point, as it is shown.
fn text(course: &Course, value: f64) -> String {
    number::fixed(value, course.decimals.unwrap_or(2))
}

fn csv(out: &mut impl Write, course: &Course) -> anyhow::Result<()> {
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|column| course.spans.iter().any(|span| (column.plain)(span).is_some())).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.field).collect();
    writeln!(out, "time,{},known_s", names.join(","))?;
    for span in &course.spans {
        let cells = columns.iter().map(|column| (column.plain)(span).map(number::shortest).unwrap_or_default());
        let cells: Vec<String> = cells.collect();
        writeln!(out, "{},{},{}", span.time, cells.join(","), number::shortest(span.known_s))?;
    }
    Ok(())
}

fn csv_of_changes(out: &mut impl Write, changes: &[Change]) -> anyhow::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    writeln!(out, "time,value,why")?;
    for Change { time, value, why } in changes {
        writeln!(out, "{time},{},{}", quoted(value), quoted(why.as_deref().unwrap_or_default()))?;
    }
    Ok(())
}

/// A chart of blocks: of the mean, of how much of the time it was on, or of how much it grew.
fn plot(out: &mut impl Write, course: &Course) -> anyhow::Result<()> {
    let value = |span: &Span| match &*course.kind {
        "switch" => span.mean * 100.0,
        "total" => span.grew.unwrap_or(0.0),
        _ => span.mean,
    };
    anyhow::ensure!(course.kind != "word", "{} has words, which cannot be drawn; leave out --plot", course.id);
    let what = match &*course.kind {
        "switch" => "% of the time on",
        "total" => "more by",
        _ => "mean",
    };
    writeln!(out, "{}: {what}", title(course, false))?;
    let values: Vec<f64> = course.spans.iter().map(value).collect();
    let (Some(low), Some(high)) = (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max))
    else {
        return Ok(writeln!(out, "  nothing was recorded")?);
    };
    // What is counted from nothing is drawn from nothing.
    let low = if course.kind == "switch" || course.kind == "total" { 0.0 } else { low };
    let high = if course.kind == "switch" { 100.0 } else { high };
    let scale = if high > low { high - low } else { 1.0 };
    let (width, height) = CHART;
    let (begin, seconds) = (time(&course.from), (time(&course.to) - time(&course.from)).max(1.0));
    let mut cells = vec![None; width];
    for (span, value) in course.spans.iter().zip(values) {
        let place = |at: f64| ((at - begin) / seconds * width as f64) as usize;
        let (first, last) = (place(time(&span.time)), place(time(&span.time) + course.every_s));
        (first..last.max(first + 1).min(width)).for_each(|column| cells[column] = Some(value));
    }
    let decimals = if course.kind == "switch" { 0 } else { course.decimals.unwrap_or(2) };
    let labels = [number::fixed(high, decimals), number::fixed(low, decimals)];
    let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    for line in (0..height).rev() {
        let label = if line == height - 1 {
            &*labels[0]
        } else if line == 0 {
            &*labels[1]
        } else {
            ""
        };
        let blocks = cells.iter().map(|cell| {
            let Some(value) = cell else { return ' ' };
            // Even the lowest is to be seen.
            let eighths = ((value - low) / scale * (height * 8 - 1) as f64).round() as usize + 1;
            EIGHTHS[eighths.saturating_sub(line * 8).min(8)]
        });
        let line = format!("{label:>margin$} │{}", blocks.collect::<String>());
        writeln!(out, "{}", line.trim_end())?;
    }
    let (from, to) = (minute(&course.from), minute(&course.to));
    let gap = width.saturating_sub(from.len() + to.len());
    Ok(writeln!(out, "{:margin$} └{}\n{:margin$}  {from}{:gap$}{to}", "", "─".repeat(width), "", "")?)
}

/// Seconds since 1970.
fn time(text: &str) -> f64 {
    chrono::DateTime::parse_from_rfc3339(text).map_or(0.0, |time| time.timestamp_millis() as f64 / 1e3)
}

/// `2026-11-23 21:00`, of an RFC 3339 time.
fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}

/// `2026-11-23 21:00:00`
fn second(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}
