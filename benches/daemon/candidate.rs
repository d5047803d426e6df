//! What is measured: a running process that serves lights under a prefix.

use crate::{
    broker::Broker,
    house::{self, House},
    now,
    probe::Probe,
};
use anyhow::{Result, bail};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// How often it is started to find out how long that takes.
const STARTS: usize = 7;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// The bare echo.
    Echo,
    /// The program.
    Hearthd,
    /// The daemon as a library, in a process of the bench that moves its sensors: the program's own stay as they are.
    Moving {
        /// How fast its clock runs.
        speed: u32,
    },
}

pub struct Candidate {
    pub kind: Kind,
    pub house: House,
    pub probe: Probe,
    pub port: u16,
    pub start_ms: f64,
    /// Sent one by one so far.
    pub commands: usize,
    process: Child,
    dir: TempDir,
}

impl Candidate {
    /// Starts it several times, leaves the last running, and notes the middle of the times to `online`.
    pub async fn start(kind: Kind, house: House, broker: &Broker) -> Result<Candidate> {
        let dir = TempDir::new()?;
        fs::create_dir(dir.path().join("log"))?;
        fs::write(dir.path().join("config.toml"), house.configuration(Some(broker.port)))?;
        let prefix = kind.prefix(&house);
        let mut probe = Probe::connect(broker.port, &client_id(&prefix, "probe"), &lights(&prefix)).await?;
        let mut times_ms = Vec::new();
        loop {
            let begin = now();
            let mut process = kind.spawn(&house, broker.port, dir.path())?;
            let online = probe.wait_for(&format!("{prefix}/availability"), "online").await;
            let Ok(online) = online else {
                let _ = process.kill();
                let _ = process.wait();
                let log = fs::read_to_string(log(dir.path())).unwrap_or_default();
                let last_lines: Vec<_> = log.lines().rev().take(10).collect();
                bail!("it did not come online; its last words, newest first:\n{}", last_lines.join("\n"));
            };
            times_ms.push((online - begin).as_secs_f64() * 1e3);
            if times_ms.len() == STARTS || matches!(kind, Kind::Moving { .. }) {
                let start_ms = crate::report::median(&times_ms);
                return Ok(Candidate { kind, house, probe, port: broker.port, start_ms, commands: 0, process, dir });
            }
            process.kill()?;
            process.wait()?;
            probe.wait_for(&format!("{prefix}/availability"), "offline").await?;
        }
    }

    pub fn prefix(&self) -> String {
        self.kind.prefix(&self.house)
    }

    /// Of a light, round all that are commanded.
    pub fn topic(&self, light: usize, end: &str) -> String {
        format!("{}/{}/{end}", self.prefix(), house::light(light))
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where it keeps its state. Only hearthd has such a place.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Its log: not beside the configuration, or each line would be a change of that folder, which hearthd looks at.
fn log(dir: &Path) -> PathBuf {
    dir.join("log").join("log")
}

/// Of a client that looks on.
pub fn client_id(prefix: &str, role: &str) -> String {
    format!("{}_{role}", prefix.replace('/', "_"))
}

/// Filters of the states of lights, and of nothing that is published by itself.
pub fn lights(prefix: &str) -> [String; 2] {
    ["+/state", "availability"].map(|leaf| format!("{prefix}/{leaf}"))
}

impl Kind {
    pub fn prefix(self, house: &House) -> String {
        let first = if self == Kind::Echo { "echo" } else { "hearthd" };
        format!("{first}/{}", house.hub)
    }

    pub fn program(self) -> Result<PathBuf> {
        Ok(match self {
            Kind::Echo | Kind::Moving { .. } => std::env::current_exe()?,
            Kind::Hearthd => env!("CARGO_BIN_EXE_hearthd").into(),
        })
    }

    fn spawn(self, house: &House, port: u16, dir: &Path) -> Result<Child> {
        let mut command = Command::new(self.program()?);
        match self {
            Kind::Echo => command.args(["echo", &port.to_string(), &self.prefix(house), &house.sensors.to_string()]),
            Kind::Moving { speed } => command
                .arg("moving")
                .arg(dir.join("config.toml"))
                .arg(dir.join("state"))
                .args(["--speed", &speed.to_string()]),
            Kind::Hearthd => command
                .args(["run", "--config"])
                .arg(dir.join("config.toml"))
                .arg("--socket")
                .arg(dir.join("socket"))
                .arg("--state")
                .arg(dir.join("state")),
        };
        let log = File::create(log(dir))?;
        Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
    }
}
