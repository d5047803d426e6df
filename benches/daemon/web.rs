//! The house remembers and shows itself: what history and HTTP cost beside a house without them, and how fast they answer.

use crate::{
    broker::Broker,
    candidate::{Candidate, Kind},
    house::{self, House},
    measure::{Figures as Idle, quantiles, temperature},
    now,
    report::{self, Column, Row, Target, row},
    usage,
};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use hearthd::{
    clock::{Clock, Moment},
    history,
    model::ClockTrust,
};
use serde::Deserialize;
use std::{collections::BTreeSet, fmt::Write, fs, path::Path, process::Command, time::Duration, time::Instant};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::mpsc,
};

/// Each of its sensors has another value every second.
const PLAIN: House = House {
    hub: "plain",
    lights: 16,
    heaters: 0,
    sensors: 200,
    motions: 1,
    rooms: 0,
    is_recorded: false,
    http: None,
    homeassistant: None,
};
/// So many pages, or programs, read events.
const READERS: usize = 100;
/// An hour passes in a minute.
const DAY_SPEED: u32 = 60;
/// Of so many hours a day's writing is told: after each, what was recorded is packed.
const HOURS: u32 = 2;
/// How often each question about the year is asked.
const QUESTIONS: usize = 9;
/// Longer than events are held together, so that each change has an event of its own.
const APART: Duration = Duration::from_millis(80);
/// Longer than anything here takes; then the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was measured of a house; None: it has no such figure.
#[derive(Default)]
struct Figures {
    idle_cpu_s: Option<f64>,
    resident_mb: Option<f64>,
    written_mb: Option<f64>,
    year_by_day_ms: Option<f64>,
    month_by_minutes_ms: Option<f64>,
    day_as_read_ms: Option<f64>,
    year_mb: Option<f64>,
    one_p50_ms: Option<f64>,
    one_p99_ms: Option<f64>,
    all_p50_ms: Option<f64>,
    all_p99_ms: Option<f64>,
    all_cpu_us: Option<f64>,
    readers_mb: Option<f64>,
    page: Page,
}

/// Of the page in a browser.
#[derive(Default, Deserialize)]
struct Page {
    paint_ms: Option<f64>,
    house_ms: Option<f64>,
    kb: Option<f64>,
    requests: Option<f64>,
    change_ms: Option<f64>,
}

const ROWS: [Row<Figures>; 18] = [
    row("200 values a second: processor", "s/min", |f| f.idle_cpu_s, Target::None),
    row("200 values a second: written", "MB/day", |f| f.written_mb, Target::None),
    row("resident with that", "MB", |f| f.resident_mb, Target::AtMost(20.0)),
    row("a year of a 10 s sensor, by day", "ms", |f| f.year_by_day_ms, Target::AtMost(50.0)),
    row("a month of it, by 10 minutes", "ms", |f| f.month_by_minutes_ms, Target::None),
    row("ten hours of it, by 10 seconds", "ms", |f| f.day_as_read_ms, Target::None),
    row("that year on the disk", "MB", |f| f.year_mb, Target::None),
    row("command to event, p50", "ms", |f| f.one_p50_ms, Target::None),
    row("command to event, p99", "ms", |f| f.one_p99_ms, Target::None),
    row("command to the last of 100 readers, p50", "ms", |f| f.all_p50_ms, Target::None),
    row("command to the last of 100 readers, p99", "ms", |f| f.all_p99_ms, Target::None),
    row("a change for 100 readers: processor", "µs", |f| f.all_cpu_us, Target::None),
    row("resident with 100 readers", "MB", |f| f.readers_mb, Target::AtMost(20.0)),
    row("page on a slow phone: first paint", "ms", |f| f.page.paint_ms, Target::None),
    row("page on a slow phone: the house is shown", "ms", |f| f.page.house_ms, Target::None),
    row("page: loaded", "kB", |f| f.page.kb, Target::AtMost(150.0)),
    row("page: requests", "count", |f| f.page.requests, Target::None),
    row("command to screen", "ms", |f| f.page.change_ms, Target::None),
];

/// Measures both houses and prints the medians.
pub async fn compare(runs: usize, seconds: u64, commands: usize) -> Result<()> {
    let mut columns = ["without", "history, http"].map(|name| Column { name: name.into(), runs: vec![] });
    for run in 1..=runs {
        eprintln!("Run {run} of {runs} ...");
        let (mut plain, mut whole) = Default::default();
        idle(seconds, &mut plain, &mut whole).await?;
        answers(commands, &mut whole).await?;
        columns[0].runs.push(plain);
        columns[1].runs.push(whole);
    }
    eprintln!("{HOURS} hours ...");
    let (plain, whole) = tokio::try_join!(written_mb(PLAIN), written_mb(recorded()?))?;
    columns[0].runs.push(Figures { written_mb: Some(plain), ..Figures::default() });
    columns[1].runs.push(Figures { written_mb: Some(whole), ..Figures::default() });
    report::print(&ROWS, &columns);
    println!(
        "Medians of {runs} runs. {} sensors with another value each second, for {seconds} s; {commands} commands one by one, \
         over TCP; each question about the past {QUESTIONS} times, the middle counts.",
        PLAIN.sensors
    );
    Ok(())
}

/// The same house with history and HTTP.
fn recorded() -> Result<House> {
    Ok(House { hub: "recorded", is_recorded: true, http: Some(crate::broker::free_port()?), ..PLAIN })
}

/// Both at once, so that the machine is the same for both.
async fn idle(seconds: u64, plain: &mut Figures, whole: &mut Figures) -> Result<()> {
    let broker = Broker::start()?;
    let kind = Kind::Moving { speed: 1 };
    let one = Candidate::start(kind, PLAIN, &broker).await?;
    let other = Candidate::start(kind, recorded()?, &broker).await?;
    let (mut of_one, mut of_other) = (Idle::default(), Idle::default());
    tokio::try_join!(of_one.idle(&one, seconds), of_other.idle(&other, seconds))?;
    for (figures, idle, candidate) in [(plain, of_one, &one), (whole, of_other, &other)] {
        figures.idle_cpu_s = idle.idle_cpu_s;
        figures.resident_mb = Some(usage::resident_mb(candidate.id())?);
    }
    Ok(())
}

/// What a day gives to the disk, in MB.
async fn written_mb(house: House) -> Result<f64> {
    let broker = Broker::start()?;
    let candidate = Candidate::start(Kind::Moving { speed: DAY_SPEED }, house, &broker).await?;
    // What a start writes is not of the day.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = usage::written_mb(candidate.id())?;
    tokio::time::sleep(Duration::from_secs(3_600) * HOURS / DAY_SPEED).await;
    Ok((usage::written_mb(candidate.id())? - before) * 24.0 / f64::from(HOURS))
}

/// Of questions about the past, and of events.
async fn answers(commands: usize, figures: &mut Figures) -> Result<()> {
    let broker = Broker::start()?;
    let house = House { sensors: 16, ..recorded()? };
    let candidate = Candidate::start(Kind::Hearthd, house, &broker).await?;
    let address = format!("127.0.0.1:{}", house.http.context("it has no port")?);
    let mut first = Client::connect(&address).await?;

    let file = candidate.state().join(history::FILE);
    let point = format!("{}.temperature", house::sensor(0));
    let path = format!("/api/v1/history/{point}");
    // It is recorded from the first question on, at the latest.
    first.until_it_answers(&format!("{path}?from=1h")).await?;
    let before_mb = megabytes(&file)?;
    import_year(&file, &point)?;
    // Meanwhile the other was silent for longer than hearthd waits.
    let mut client = Client::connect(&address).await?;
    for (figure, query) in [
        (&mut figures.year_by_day_ms, "from=365d&every=1d"),
        (&mut figures.month_by_minutes_ms, "from=30d&every=10m"),
        (&mut figures.day_as_read_ms, "from=10h&every=10s"),
    ] {
        let mut times_ms = Vec::new();
        for _ in 0..QUESTIONS {
            let begin = now();
            let answer = client.get(&format!("{path}?{query}")).await?;
            times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
            let spans = answer.matches("\"known_s\"").count();
            ensure!(spans > 300, "{query}: {spans} spans are told");
        }
        *figure = Some(report::median(&times_ms));
    }
    figures.year_mb = Some(megabytes(&file)? - before_mb);

    let mut readers = Readers::connect(&address, 1).await?;
    let [p50, p99] = quantiles(readers.commands(&mut client, commands).await.context("one reader")?);
    (figures.one_p50_ms, figures.one_p99_ms) = (Some(p50), Some(p99));
    let mut readers = Readers::connect(&address, READERS).await?;
    let spent = || -> Result<f64> { Ok(usage::cpu_s(candidate.id())?.values().sum()) };
    let before = spent()?;
    let [p50, p99] = quantiles(readers.commands(&mut client, commands).await.context("all readers")?);
    figures.all_cpu_us = Some((spent()? - before) * 1e6 / commands as f64);
    (figures.all_p50_ms, figures.all_p99_ms) = (Some(p50), Some(p99));
    figures.readers_mb = Some(usage::resident_mb(candidate.id())?);
    drop(readers);
    figures.page = page(&address)?;
    Ok(())
}

/// In a browser, if there is one: `npm ci --prefix tests/page` and chromium.
fn page(address: &str) -> Result<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let Some(chromium) = chromium.into_iter().find(|program| Path::new(program).exists()) else {
        return Ok(Page::default());
    };
    if !folder.join("node_modules").exists() {
        return Ok(Page::default());
    }
    let script = folder.join("speed.mjs");
    let output = Command::new("node").arg(script).arg(format!("http://{address}/")).arg(chromium).output()?;
    ensure!(output.status.success(), "the browser: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// With what was written and is not in it yet.
fn megabytes(database: &Path) -> Result<f64> {
    let log = database.with_extension("db-wal");
    let size = |path: &Path| fs::metadata(path).map(|file| file.len() as f64 / 1e6);
    Ok(size(database)? + size(&log).unwrap_or(0.0))
}

/// A reading each ten seconds for a year that ends now: days and nights, and some noise.
fn import_year(file: &Path, point: &str) -> Result<()> {
    let now = Clock::system(Moment::START, ClockTrust::Always).now();
    let (seconds, step) = (365 * 86_400, 10);
    let begin: DateTime<Utc> = now.wall - TimeDelta::seconds(seconds);
    let mut text = String::new();
    for second in (step..seconds).step_by(step as usize) {
        let at = begin + TimeDelta::seconds(second);
        let day = (second as f64 / 86_400.0 * std::f64::consts::TAU).sin();
        let value = 3.0 * day + temperature(second as usize / 10);
        writeln!(text, "{},{value:.2}", at.format("%Y-%m-%dT%H:%M:%SZ"))?;
    }
    let lines = history::import(file, point, &text, now).map_err(anyhow::Error::msg)?;
    ensure!(lines as i64 > seconds / step - 10, "{lines} lines were imported");
    Ok(())
}

/// One connection over which one request follows the other.
struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Client {
    async fn connect(address: &str) -> Result<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::new(stream), address: address.into() })
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<()> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", self.address);
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        Ok(self.stream.write_all(request.as_bytes()).await?)
    }

    /// The status.
    async fn head(&mut self) -> Result<(u16, usize)> {
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the connection was closed");
            let lower = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).context("no status")?;
            } else if let Some(rest) = lower.strip_prefix("content-length:") {
                length = rest.trim().parse()?;
            } else if lower.is_empty() {
                return Ok((status, length));
            }
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        self.send(method, path, body).await?;
        let (status, length) = tokio::time::timeout(PATIENCE, self.head()).await.context(path.to_owned())??;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        Ok((status, String::from_utf8(answer)?))
    }

    async fn get(&mut self, path: &str) -> Result<String> {
        let (status, answer) = self.ask("GET", path, "").await?;
        ensure!(status == 200, "{path}: {status}: {answer}");
        Ok(answer)
    }

    async fn until_it_answers(&mut self, path: &str) -> Result<()> {
        let begin = now();
        while self.get(path).await.is_err() {
            ensure!(begin.elapsed() < PATIENCE, "{path} is not answered");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// Those who read events.
struct Readers {
    count: usize,
    /// Who read it, when, and what.
    events: mpsc::UnboundedReceiver<(usize, Instant, String)>,
}

impl Readers {
    async fn connect(address: &str, count: usize) -> Result<Readers> {
        let (sender, events) = mpsc::unbounded_channel();
        for reader in 0..count {
            let mut client = Client::connect(address).await?;
            client.send("GET", "/api/v1/events", "").await?;
            let (status, _) = client.head().await?;
            ensure!(status == 200, "reader {reader} is refused: {status}");
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut lines = client.stream.lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if sender.send((reader, now(), line)).is_err() {
                        return;
                    }
                }
            });
        }
        let mut readers = Readers { count, events };
        // Each is told first how the house is.
        readers.all_read("event: snapshot").await?;
        Ok(readers)
    }

    /// When the last of them had read a line that contains this.
    async fn all_read(&mut self, text: &str) -> Result<Instant> {
        let mut waiting: BTreeSet<usize> = (0..self.count).collect();
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await.with_context(|| text.to_owned())?;
            let (reader, at, line) = event.context("no reader is left")?;
            if line.contains(text) && waiting.remove(&reader) && waiting.is_empty() {
                return Ok(at);
            }
        }
    }

    /// Commands round the lights, each turning its light over, and how long each took to the last reader, in ms.
    async fn commands(&mut self, client: &mut Client, count: usize) -> Result<Vec<f64>> {
        let lights = PLAIN.lights;
        let mut times_ms = Vec::new();
        for command in 0..count {
            tokio::time::sleep(APART).await;
            let light = house::light(command % lights);
            let value = if (command / lights).is_multiple_of(2) { "ON" } else { "OFF" };
            let begin = now();
            client.send("PUT", &format!("/api/v1/points/{light}"), &format!("{{\"value\":\"{value}\"}}")).await?;
            let read = self.all_read(&format!("\"id\":\"{light}\"")).await?;
            times_ms.push((read - begin).as_secs_f64() * 1e3);
            let (status, length) = client.head().await?;
            ensure!(status == 200, "{light} is refused: {status}");
            client.stream.read_exact(&mut vec![0; length]).await?;
        }
        // The next readers find them as these did.
        for light in 0..lights {
            client.ask("DELETE", &format!("/api/v1/points/{}", house::light(light)), "").await?;
        }
        Ok(times_ms)
    }
}
