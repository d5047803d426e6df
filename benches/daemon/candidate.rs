//! What is measured: a running process that serves 16 outputs under a prefix, and how much of the machine it uses.

use crate::{broker::Broker, now, probe::Probe};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// How many outputs, and how many sensors.
pub const OUTPUTS: usize = 16;

/// How often it is started to find out how long that takes.
const STARTS: usize = 7;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Echo,
    Hearthd,
}

pub struct Candidate {
    pub kind: Kind,
    pub probe: Probe,
    pub port: u16,
    process: Child,
    dir: TempDir,
}

/// What it uses while it only reads its sensors.
pub struct Idle {
    pub resident_mb: f64,
    pub cpu_s_per_minute: f64,
}

impl Candidate {
    /// Starts it several times; leaves the last running and tells the middle of the times to `online`, in ms.
    pub async fn start(kind: Kind, broker: &Broker) -> Result<(Candidate, f64)> {
        let dir = TempDir::new()?;
        fs::write(dir.path().join("config.toml"), configuration(broker.port))?;
        let availability = format!("{}/availability", kind.prefix());
        let mut probe = Probe::connect(broker.port, &format!("{}_probe", kind.name()), kind.prefix()).await?;
        let mut times_ms = Vec::new();
        loop {
            let begin = now();
            let mut process = kind.spawn(broker.port, dir.path())?;
            let online = probe.wait_for(&availability, "online").await;
            let Ok(online) = online else {
                let _ = process.kill();
                let _ = process.wait();
                let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
                let last_lines: Vec<_> = log.lines().rev().take(10).collect();
                bail!("it did not come online; its last words, newest first:\n{}", last_lines.join("\n"));
            };
            times_ms.push((online - begin).as_secs_f64() * 1e3);
            if times_ms.len() == STARTS {
                times_ms.sort_by(f64::total_cmp);
                return Ok((Candidate { kind, probe, port: broker.port, process, dir }, times_ms[STARTS / 2]));
            }
            process.kill()?;
            process.wait()?;
            probe.wait_for(&availability, "offline").await?;
        }
    }

    pub fn topic(&self, output: usize, end: &str) -> String {
        format!("{}/{}/{end}", self.kind.prefix(), output_id(output))
    }

    /// The console's socket. Only hearthd has one.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    /// Leaves it alone for `seconds`, after a pause in which it may settle.
    pub async fn idle(&self, seconds: u64) -> Result<Idle> {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (begin, cpu_before) = (now(), self.cpu_s()?);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let cpu_s = self.cpu_s()? - cpu_before;
        let cpu_s_per_minute = cpu_s * 60.0 / begin.elapsed().as_secs_f64();
        Ok(Idle { resident_mb: self.resident_mb()?, cpu_s_per_minute })
    }

    /// Time on a processor so far, of all its threads. `utime` and `stime` count in steps of 10 ms: too coarse here.
    fn cpu_s(&self) -> Result<f64> {
        let mut total_ns = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            total_ns += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(total_ns as f64 / 1e9)
    }

    pub fn resident_mb(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("it has ended")?;
        let kb: f64 = line.split_whitespace().nth(1).context("no number in VmRSS")?.parse()?;
        Ok(kb / 1024.0)
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Echo => "echo",
            Kind::Hearthd => "hearthd",
        }
    }

    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Echo => "echo/bench",
            Kind::Hearthd => "hearthd/bench",
        }
    }

    pub fn program(self) -> Result<PathBuf> {
        Ok(match self {
            Kind::Echo => std::env::current_exe()?,
            Kind::Hearthd => env!("CARGO_BIN_EXE_hearthd").into(),
        })
    }

    fn spawn(self, port: u16, dir: &Path) -> Result<Child> {
        let mut command = Command::new(self.program()?);
        match self {
            Kind::Echo => command.args(["echo", &port.to_string(), self.prefix()]),
            Kind::Hearthd => command
                .args(["run", "--config"])
                .arg(dir.join("config.toml"))
                .arg("--socket")
                .arg(dir.join("socket"))
                .arg("--state")
                .arg(dir.join("state")),
        };
        let log = File::create(dir.join("log"))?;
        Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
    }
}

/// The first is the light that a rule switches on for motion.
pub fn output_id(output: usize) -> String {
    if output == 0 { "hall_light".into() } else { format!("out_{output}") }
}

fn configuration(port: u16) -> String {
    let mut text = format!(
        r#"
[hub]
id = "bench"
latitude = 52.37
longitude = 4.89

[mqtt]
url = "mqtt://127.0.0.1:{port}"

[hardware]
backend = "simulated"

[inputs.hall_motion]
kind = "motion"
gpio = 4
debounce = "0s"
# The benchmark moves it faster than any wire that is in order.
max_rate = 1000

[[rules]]
name = "Hall light for motion"
while = "hall_motion"
set = {{ hall_light = "on" }}
"#
    );
    for i in 0..OUTPUTS {
        let (id, gpio) = (output_id(i), i + 5);
        let (bus, address) = (i / 8, 0x48 + i % 8);
        let _ = write!(
            text,
            r#"
[outputs.{id}]
kind = "light"
gpio = {gpio}

[sensors.sensor_{i}]
chip = "lm75"
bus = {bus}
address = {address}
every = "1s"
"#
        );
    }
    text
}
