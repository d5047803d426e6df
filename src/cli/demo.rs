//! `hearthd demo`: the real daemon on simulated wires, with a world at their other end and an accelerated day.

use super::logging::Log;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use hearthd::{
    clock::{Clock, Moment},
    config,
    daemon::{self, Attached, InForce},
    engine::sun,
    http::Request,
    model::{Backend, Config, MqttSettings, Snapshot},
    simulator::{
        journal::Journal,
        view::{Key, Look, Scene, Terminal, render},
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

/// Between two steps of the world, and two looks at it, in real time.
const STEP: Duration = Duration::from_millis(40);
/// A demo's sensors need not keep up with a day in a minute.
const SENSOR_EVERY: Duration = Duration::from_secs(60);
const SENSOR_STALE: Duration = Duration::from_secs(1800);

/// How the demo runs.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many times faster than real time the house lives [default: 600 in the live view, else 1440: a day in a minute]
    #[arg(long, value_name = "FACTOR", value_parser = super::speed)]
    speed: Option<f64>,
    /// The local date to begin at, at six in the morning [default: today]
    #[arg(long, value_name = "DATE", value_parser = super::date)]
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
    let _log = if live { None } else { Some(Log::start_quiet(verbose)?) };
    let mqtt = arguments.mqtt.as_deref().map(|url| broker(&house.config, url)).transpose()?;
    let config = Arc::new(simulated(&house.config, mqtt));
    let zone = config.hub.timezone;
    let today = || Clock::system(Moment::START, config.hub.clock).now().wall.with_timezone(&zone).date_naive();
    let date = arguments.date.unwrap_or_else(today);
    let from = super::local_time(&config, date.and_hms_opt(6, 0, 0).unwrap_or_default())?;
    let speed = arguments.speed.unwrap_or(if live { 600.0 } else { 1440.0 });
    let (attach, attached) = oneshot::channel();
    let options = daemon::Options {
        in_force: InForce { config, text: house.text },
        file: None,
        rehearse: None,
        state: None,
        socket: None,
        clock: Box::new(move |_| (Clock::accelerated(Moment::START, from, speed), true)),
        attach: Some(Box::new(|house| {
            let _ = attach.send(house);
        })),
    };
    super::block_on(async {
        let show = tokio::spawn(async move {
            let Ok(house) = attached.await else { return Ok(Journal::default()) };
            let stop = house.stop.clone();
            let shown = show(house, &arguments, speed, from, live).await;
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
    house: Attached,
    arguments: &Arguments,
    speed: f64,
    from: DateTime<Utc>,
    live: bool,
) -> anyhow::Result<Journal> {
    Show::new(house, arguments, speed, from, live)?.run().await
}

/// The same house on simulated wires.
fn simulated(config: &Config, mqtt: Option<MqttSettings>) -> Config {
    let mut config = Config { mqtt, ..config.clone() };
    config.hardware.backend = Backend::Simulated;
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
    house: Attached,
    world: World,
    journal: Journal,
    screen: Option<(Terminal, mpsc::Receiver<Key>)>,
    speed: f64,
    started: DateTime<Utc>,
    ends: Option<DateTime<Utc>>,
}

impl Show {
    fn new(
        house: Attached,
        arguments: &Arguments,
        speed: f64,
        started: DateTime<Utc>,
        live: bool,
    ) -> anyhow::Result<Show> {
        let world = World::new(&house.snapshots.borrow().config, started, arguments.seed);
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
        Ok(Show { house, world, journal: Journal::default(), screen, speed, started, ends })
    }

    async fn run(mut self) -> anyhow::Result<Journal> {
        let mut last: Option<Arc<Snapshot>> = None;
        let mut steps = tokio::time::interval(STEP);
        steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                changed = self.house.snapshots.changed() => match changed {
                    Ok(()) => {
                        let snapshot = self.house.snapshots.borrow_and_update().clone();
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
                _ = steps.tick() => {
                    self.step();
                    let quit = self.keys().await;
                    self.draw()?;
                    if quit || self.ends.is_some_and(|ends| self.house.clock.now().wall >= ends) {
                        self.house.stop.notify_one();
                    }
                }
            }
        }
    }

    /// Lets the world run on to now.
    fn step(&mut self) {
        let Some(wires) = self.house.wires.clone() else { return };
        let power = |id: &str| wires.output(id).map_or(0.0, |level| f64::from(level.percent()) / 100.0);
        for stimulus in self.world.advance(self.house.clock.now().wall, &power) {
            match stimulus {
                Stimulus::Input { id, active } => wires.set_input(&id, active),
                Stimulus::Reading { sensor, quantity, value } => wires.set_reading(&sensor, quantity, value),
            };
        }
    }

    /// Does what was asked by keys; true: to quit.
    async fn keys(&mut self) -> bool {
        let mut quit = false;
        while let Some(key) = self.screen.as_mut().and_then(|(_, keys)| keys.try_recv().ok()) {
            let config = self.house.snapshots.borrow().config.clone();
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
                Key::Resized => {}
            }
        }
        quit
    }

    async fn command(&self, point: &str, payload: &str) {
        // What becomes of it is seen on the screen.
        let (request, _) = Request::new(point, payload, None);
        let _ = self.house.requests.send(request).await;
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let snapshot = self.house.snapshots.borrow().clone();
        let now = self.house.clock.now().wall;
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
        };
        let (width, height) = terminal.size()?;
        terminal.draw(&render(&snapshot, &scene, &self.journal, Look::from_environment(), width, height))?;
        Ok(())
    }
}
