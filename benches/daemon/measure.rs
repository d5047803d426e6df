//! All figures of one candidate.

use crate::{
    burst::{self, Burst},
    candidate::{Candidate, Idle, Kind, OUTPUTS},
    now,
};
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// How much is measured.
pub struct Limits {
    pub commands: usize,
    pub burst: usize,
    pub idle_s: u64,
}

/// How often motion comes and goes.
const MOTIONS: usize = 200;

pub struct Figures {
    pub start_ms: f64,
    pub idle: Idle,
    pub command: Latency,
    /// Only of one that has rules.
    pub motion: Option<Latency>,
    pub burst: Burst,
    /// After all of the above.
    pub resident_mb: f64,
    /// Of hearthd only: the echo's is the bench's.
    pub binary_mb: Option<f64>,
}

pub struct Latency {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Figures {
    pub async fn measure(candidate: &mut Candidate, start_ms: f64, idle: Idle, limits: &Limits) -> Result<Figures> {
        eprintln!("Commands to {} ...", candidate.kind.name());
        let command = command_to_state(candidate, limits.commands).await.context("command to state")?;
        let (mut motion, mut binary_mb) = (None, None);
        if candidate.kind == Kind::Hearthd {
            motion = Some(motion_to_light(candidate).await.context("motion to light")?);
            binary_mb = Some(std::fs::metadata(candidate.kind.program()?)?.len() as f64 / 1e6);
        }
        let burst = burst::run(candidate, limits.burst).await.context("burst")?;
        let resident_mb = candidate.resident_mb()?;
        Ok(Figures { start_ms, idle, command, motion, burst, resident_mb, binary_mb })
    }
}

/// Commands one after the other, round the outputs; each turns its output over, so each has an answer.
async fn command_to_state(candidate: &mut Candidate, count: usize) -> Result<Latency> {
    let mut times_ms = Vec::new();
    for command in 0..count {
        let output = command % OUTPUTS;
        let payload = if (command / OUTPUTS).is_multiple_of(2) { "ON" } else { "OFF" };
        let (set, state) = (candidate.topic(output, "set"), candidate.topic(output, "state"));
        let begin = now();
        candidate.probe.send(&set, payload)?;
        let arrived = candidate.probe.wait_for(&state, payload).await?;
        times_ms.push((arrived - begin).as_secs_f64() * 1e3);
    }
    Latency::of(times_ms)
}

/// The simulated motion input is moved by the console; a rule switches the light; its state comes by MQTT.
async fn motion_to_light(candidate: &mut Candidate) -> Result<Latency> {
    let (set, state) = (candidate.topic(0, "set"), candidate.topic(0, "state"));
    // Off first, whatever the commands before left; then the rule may have it.
    candidate.probe.send(&set, "OFF")?;
    candidate.probe.send(&set, "AUTO")?;
    while candidate.probe.next(Duration::from_millis(300)).await.is_some() {}

    let mut times_ms = Vec::new();
    for step in 0..2 * MOTIONS {
        let value = if step % 2 == 0 { "ON" } else { "OFF" };
        let mut console = UnixStream::connect(candidate.socket()).await?;
        let body = format!(r#"{{"value":"{value}"}}"#);
        let request = format!(
            "PUT /api/v1/points/hall_motion HTTP/1.1\r\nHost: hearthd\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let begin = now();
        console.write_all(request.as_bytes()).await?;
        let arrived = candidate.probe.wait_for(&state, value).await?;
        times_ms.push((arrived - begin).as_secs_f64() * 1e3);
        let mut answer = String::new();
        console.read_to_string(&mut answer).await?;
        ensure!(answer.starts_with("HTTP/1.1 2"), "the console answers {answer}");
    }
    Latency::of(times_ms)
}

impl Latency {
    fn of(mut times_ms: Vec<f64>) -> Result<Latency> {
        ensure!(!times_ms.is_empty(), "nothing was measured");
        times_ms.sort_by(f64::total_cmp);
        let quantile = |q: f64| times_ms[((times_ms.len() as f64 * q) as usize).min(times_ms.len() - 1)];
        Ok(Latency { p50_ms: quantile(0.50), p99_ms: quantile(0.99) })
    }
}
