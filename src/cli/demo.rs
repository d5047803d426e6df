//! `hearthd demo`: the real daemon on simulated wires, with a world at their other end and an accelerated day.

use super::logging::Log;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc, Weekday};
use hearthd::{
    almanac::sun,
    clock::{Clock, Moment},
    config,
    daemon::{self, Attached, InForce},
    history,
    house::Request,
    model::{Backend, Config, MqttSettings, Snapshot},
    simulator::{
        journal::Journal,
        view::{Key, Look, Panes, Scene, Terminal, render},
        world::{Stimulus, World},
    },
};
use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Between two pictures, in real time.
const PICTURE_EVERY: Duration = Duration::from_millis(40);
/// Between two steps of the world, in its own time: the same at any speed, so that the same happens.
const WORLD_STEP: TimeDelta = TimeDelta::seconds(10);
/// Longer than a system takes to give an address, or to refuse it.
const LISTENS_WITHIN: Duration = Duration::from_secs(2);
/// In real time, the shortest wait for the next step of the world.
const STEP_MIN: Duration = Duration::from_millis(1);
/// In real time, what the daemon has to notice what moved before time goes on.
const SETTLE: Duration = Duration::from_millis(2);
/// The speeds between which keys choose.
const SPEEDS: std::ops::RangeInclusive<f64> = 1.0..=6_000.0;
/// People come home.
const BEGINS_AT: (u32, u32) = (17, 0);
/// A demo's sensors need not keep up with a day in a minute.
const SENSOR_EVERY: Duration = Duration::from_secs(60);
const SENSOR_STALE: Duration = Duration::from_secs(1800);

/// How the demo runs.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many times faster than real time the house lives [default: 600 in the live view, else 1440: a day in a minute]
    #[arg(long, value_name = "FACTOR", value_parser = super::speed)]
    speed: Option<f64>,
    /// The local date to begin at, at five in the afternoon [default: today, or the Monday after a weekend]
    #[arg(long, value_name = "DATE", value_parser = hearthd::almanac::written::date)]
    date: Option<NaiveDate>,
    /// End after so many days [default: 1, or never on a terminal]
    #[arg(long)]
    days: Option<u16>,
    /// Also publish to this broker, for example mqtt://localhost:1883
    #[arg(long, value_name = "URL")]
    mqtt: Option<String>,
    /// Print a line for each change instead of the live view
    #[arg(long)]
    plain: bool,
    /// Another number makes other people and other weather
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the demo of a house until its days are over, or somebody ends it.
pub fn run(arguments: Arguments, house: InForce, verbose: bool) -> anyhow::Result<()> {
    let live = !arguments.plain && Terminal::is_available();
    let _log = if live { None } else { Some(Log::start_quiet(verbose)) };
    let mqtt = arguments.mqtt.as_deref().map(|url| broker(&house.config, url)).transpose()?;
    let config = Arc::new(simulated(&house.config, mqtt));
    let zone = config.hub.timezone;
    let today = || Clock::system(Moment::START, config.hub.clock).now().wall.with_timezone(&zone).date_naive();
    let date = arguments.date.unwrap_or_else(|| workday(today()));
    let from = super::local_time(&config, date.and_hms_opt(BEGINS_AT.0, BEGINS_AT.1, 0).unwrap_or_default())?;
    let speed = arguments.speed.unwrap_or(if live { 600.0 } else { 1440.0 });
    let (attach, attached) = oneshot::channel();
    let options = daemon::Options {
        in_force: InForce { config, sources: house.sources },
        watched: None,
        state: None,
        history: history::Place::Memory,
        socket: None,
        clock: Box::new(move |_| (Clock::accelerated(Moment::START, from, speed), true)),
        attach: Some(Box::new(|attached| {
            let _ = attach.send(attached);
        })),
    };
    super::block_on(async {
        let show = tokio::spawn(async move {
            let Ok(attached) = attached.await else { return Ok(Journal::default()) };
            let stop = attached.stop.clone();
            let shown = show(attached, &arguments, speed, from, live).await;
            // A house that nobody can see any more (a closed pipe or terminal) ends as well.
            stop.notify_one();
            shown
        });
        daemon::run(options).await?;
        let journal = show.await??;
        let mut out = io::stdout().lock();
        writeln!(out)?;
        Ok(journal.summary().iter().try_for_each(|line| writeln!(out, "{line}"))?)
    })
}

async fn show(
    attached: Attached,
    arguments: &Arguments,
    speed: f64,
    from: DateTime<Utc>,
    live: bool,
) -> anyhow::Result<Journal> {
    let page = page(&attached).await;
    if !live {
        writeln!(io::stdout(), "{page}")?;
    }
    Show::new(attached, page, arguments, speed, from, live)?.run().await
}

/// Where the demo is to be seen in a browser, or why it is not.
async fn page(attached: &Attached) -> String {
    let mut web = attached.web.clone();
    let told = tokio::time::timeout(LISTENS_WITHIN, web.wait_for(Option::is_some)).await;
    match told.ok().and_then(|told| told.ok()?.clone()) {
        Some(Ok(address)) => format!("http://{address}/"),
        Some(Err(text)) => text,
        None => "no HTTP yet".into(),
    }
}

/// The date, or the Monday after it at a weekend.
fn workday(date: NaiveDate) -> NaiveDate {
    let days = match date.weekday() {
        Weekday::Sat => 2,
        Weekday::Sun => 1,
        _ => 0,
    };
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// The same house on simulated wires, with a page and a history that it can show.
fn simulated(config: &Config, mqtt: Option<MqttSettings>) -> Config {
    let http = Some(config.http.clone().unwrap_or_default());
    let history = Some(config.history.unwrap_or_default());
    let mut config = Config { mqtt, http, history, ..config.clone() };
    config.hardware.backend = Backend::Simulated;
    // Nobody's plug is switched by a demo.
    config.hardware.plays_remote = true;
    for sensor in &mut config.sensors {
        sensor.every = sensor.every.max(SENSOR_EVERY);
        sensor.stale_after = sensor.stale_after.max(SENSOR_STALE);
    }
    config
}

/// The settings that a configuration would have with this URL.
fn broker(config: &Config, url: &str) -> anyhow::Result<MqttSettings> {
    let text = format!("[mqtt]\nurl = {}\n[hub]\nid = \"{}\"\n", toml::Value::String(url.into()), config.hub.id);
    match config::parse(Path::new("--mqtt"), &text) {
        Ok(loaded) => loaded.config.mqtt.ok_or_else(|| anyhow::anyhow!("--mqtt: no broker in {url:?}")),
        Err(report) => anyhow::bail!("{}", report.to_string().trim_start_matches("error: ")),
    }
}

/// The world at the other end of the wires, and whoever watches.
struct Show {
    attached: Attached,
    /// Where it is to be seen in a browser.
    page: String,
    world: World,
    journal: Journal,
    screen: Option<(Terminal, mpsc::Receiver<Key>)>,
    speed: f64,
    /// What the view shows beside the house.
    panes: Panes,
    started: DateTime<Utc>,
    /// Up to where the world has lived.
    lived: DateTime<Utc>,
    ends: Option<DateTime<Utc>>,
}

impl Show {
    fn new(
        attached: Attached,
        page: String,
        arguments: &Arguments,
        speed: f64,
        started: DateTime<Utc>,
        live: bool,
    ) -> anyhow::Result<Show> {
        let world = World::new(&attached.house.snapshots.borrow().config, started, arguments.seed);
        let screen = if live {
            let terminal = Terminal::enter()?;
            let (keys_in, keys) = mpsc::channel(16);
            terminal.watch_keys(move |key| keys_in.blocking_send(key).is_ok())?;
            Some((terminal, keys))
        } else {
            None
        };
        let days = arguments.days.or_else(|| (!live).then_some(1));
        let ends = days.map(|days| started + TimeDelta::days(days.into()));
        let (journal, panes) = (Journal::default(), Panes::default());
        attached.house.clock.run_to(started);
        Ok(Show { attached, page, world, journal, screen, speed, panes, started, lived: started - WORLD_STEP, ends })
    }

    async fn run(mut self) -> anyhow::Result<Journal> {
        let mut last: Option<Arc<Snapshot>> = None;
        let mut pictures = tokio::time::interval(PICTURE_EVERY);
        pictures.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let next_step = self.until_next_step();
            tokio::select! {
                changed = self.attached.house.snapshots.changed() => match changed {
                    Ok(()) => {
                        let snapshot = self.attached.house.snapshots.borrow_and_update().clone();
                        let entries = self.journal.note(last.as_deref(), &snapshot);
                        if self.screen.is_none() {
                            let mut out = io::stdout().lock();
                            entries.iter().try_for_each(|entry| writeln!(out, "{entry}"))?;
                            out.flush()?;
                        }
                        last = Some(snapshot);
                    }
                    // The daemon has ended.
                    Err(_) => return Ok(self.journal),
                },
                () = tokio::time::sleep(next_step) => self.step().await,
                _ = pictures.tick() => {
                    let quit = self.keys().await;
                    self.draw()?;
                    if quit || self.ends.is_some_and(|ends| self.attached.house.clock.now().wall >= ends) {
                        self.attached.stop.notify_one();
                    }
                }
            }
        }
    }

    /// How long to wait, in real time, before the world goes on.
    fn until_next_step(&self) -> Duration {
        let left = (self.lived + self.world.step() - self.attached.house.clock.now().wall).to_std().unwrap_or_default();
        self.attached.house.clock.real_time(left).clamp(STEP_MIN, PICTURE_EVERY)
    }

    /// Lets the world live one step, if it is time for it. The clock waits meanwhile, so that a busy machine or another speed
    /// changes nothing of what happens when.
    async fn step(&mut self) {
        let Some(wires) = self.attached.wires.clone() else { return };
        let next = self.lived + self.world.step();
        if self.attached.house.clock.now().wall < next {
            return;
        }
        self.lived = next;
        let power = |id: &str| wires.output(id).map_or(0.0, |level| f64::from(level.percent()) / 100.0);
        self.world.press_buttons(|button| wires.take_rises(button));
        let mut moved = false;
        for stimulus in self.world.advance(next, &power) {
            moved |= matches!(stimulus, Stimulus::Input { .. });
            match stimulus {
                Stimulus::Input { id, active } => wires.set_input(&id, active),
                Stimulus::Reading { sensor, quantity, value } => wires.set_reading(&sensor, quantity, value),
            };
        }
        if moved {
            tokio::time::sleep(SETTLE).await;
        }
        self.attached.house.clock.run_to(next + self.world.step());
    }

    /// Does what was asked by keys; true: to quit.
    async fn keys(&mut self) -> bool {
        let mut quit = false;
        while let Some(key) = self.screen.as_mut().and_then(|(_, keys)| keys.try_recv().ok()) {
            let config = self.attached.house.snapshots.borrow().config.clone();
            match key {
                Key::Quit => quit = true,
                Key::Motion => {
                    // The next step of the world moves the wire.
                    self.world.walk_through_hall();
                }
                Key::Toggle(index) => {
                    if let Some(id) = config.visible_outputs().nth(index) {
                        self.command(&config[id].id, "TOGGLE").await;
                    }
                }
                Key::Auto => {
                    for id in config.visible_outputs() {
                        self.command(&config[id].id, "AUTO").await;
                    }
                }
                Key::Pause => {
                    self.panes.paused = !self.panes.paused;
                    self.pace();
                }
                Key::Faster | Key::Slower => {
                    let factor = if key == Key::Faster { 2.0 } else { 0.5 };
                    let slowest = self.speed.min(*SPEEDS.start());
                    self.speed = (self.speed * factor).clamp(slowest, self.speed.max(*SPEEDS.end()));
                    self.pace();
                }
                Key::Help => self.panes.help = !self.panes.help,
                Key::Scroll(rows) => self.panes.scroll = self.panes.scroll.saturating_add_signed(rows),
                Key::Top => self.panes.scroll = 0,
                Key::Resized => {}
            }
        }
        quit
    }

    /// Lets time run as the keys say.
    fn pace(&self) {
        self.attached.house.clock.set_speed(if self.panes.paused { 0.0 } else { self.speed });
    }

    async fn command(&self, point: &str, payload: &str) {
        // What becomes of it is seen on the screen.
        let (request, _) = Request::new(point, payload, None);
        let _ = self.attached.house.requests.send(request).await;
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let snapshot = self.attached.house.snapshots.borrow().clone();
        let now = self.attached.house.clock.now().wall;
        let hub = &snapshot.config.hub;
        let Some((terminal, _)) = &mut self.screen else { return Ok(()) };
        let day = sun::day(now.with_timezone(&hub.timezone).date_naive(), hub.latitude, hub.longitude, hub.timezone);
        let scene = Scene {
            sunrise: day.map(|day| day.sunrise),
            sunset: day.map(|day| day.sunset),
            elevation_deg: sun::elevation(now, hub.latitude, hub.longitude).unwrap_or_default(),
            outdoor_c: self.world.outdoor_c(),
            people: self.world.describe_people(),
            speed: self.speed,
            started: self.started,
            page: self.page.clone(),
        };
        let (width, height) = terminal.size()?;
        let look = Look::from_environment();
        terminal.draw(&render(&snapshot, &scene, &self.journal, &mut self.panes, look, width, height))?;
        Ok(())
    }
}
