//! The figures of one candidate, in one run.

use crate::{
    burst,
    candidate::{Candidate, Kind, client_id},
    now,
    probe::Probe,
    usage::{self, Wear},
};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// How much is measured.
pub struct Limits {
    pub commands: usize,
    pub burst: usize,
    pub idle_s: u64,
}

/// So many lights are commanded, in every house.
pub const COMMANDED: usize = 16;
/// What a sensor shows after so many steps, in °C: after one, three or four of them another value.
pub fn temperature(step: usize) -> f64 {
    20.0 + (step % 7) as f64 * 0.25
}

/// So many commands go to the state file when that is looked at: less than one file takes.
const KEPT: usize = 200;
/// After a start or a load, whatever is still to be done is done.
const SETTLE: Duration = Duration::from_secs(2);

/// What was measured; None: this candidate has no such figure.
#[derive(Default)]
pub struct Figures {
    pub start_ms: Option<f64>,
    pub resident_mb: Option<f64>,
    pub resident_after_mb: Option<f64>,
    pub idle_cpu_s: Option<f64>,
    pub idle_values: Option<f64>,
    pub idle_kb: Option<f64>,
    pub command_p50_ms: Option<f64>,
    pub command_p99_ms: Option<f64>,
    pub command_cpu_us: Option<f64>,
    pub command_main_us: Option<f64>,
    pub command_publisher_us: Option<f64>,
    pub command_bytes: Option<f64>,
    pub motion_p50_ms: Option<f64>,
    pub motion_p99_ms: Option<f64>,
    pub burst_s: Option<f64>,
    pub burst_cpu_us: Option<f64>,
    /// 1: they are.
    pub burst_right: Option<f64>,
    pub engine_readings: Option<f64>,
    pub engine_commands: Option<f64>,
    pub binary_mb: Option<f64>,
}

impl Figures {
    /// Of a candidate that does nothing but publish what its sensors show.
    pub async fn idle(&mut self, candidate: &Candidate, seconds: u64) -> Result<()> {
        tokio::time::sleep(SETTLE).await;
        let spent = |candidate: &Candidate| -> Result<f64> {
            let threads = usage::cpu_s(candidate.id())?;
            Ok(threads.iter().filter(|(name, _)| *name != crate::moving::THREAD).map(|(_, cpu_s)| cpu_s).sum())
        };
        let all = [format!("{}/+/+/state", candidate.prefix())];
        let mut values = Probe::connect(candidate.port, &client_id(&candidate.prefix(), "values"), &all).await?;
        // What is retained.
        while values.next(Duration::from_millis(100)).await.is_some() {
            values.take_count();
        }
        let (begin, before) = (now(), spent(candidate)?);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let (took_s, after) = (begin.elapsed().as_secs_f64(), spent(candidate)?);
        self.idle_cpu_s = Some((after - before) * 60.0 / took_s);
        self.idle_values = Some(values.take_count() as f64 / took_s);
        Ok(())
    }

    /// Of a candidate that takes commands.
    pub async fn commanded(&mut self, candidate: &mut Candidate, limits: &Limits) -> Result<()> {
        self.start_ms = Some(candidate.start_ms);
        tokio::time::sleep(SETTLE).await;
        self.resident_mb = Some(usage::resident_mb(candidate.id())?);

        let before = usage::cpu_s(candidate.id())?;
        let [p50, p99] = quantiles(commands(candidate, limits.commands).await.context("command to state")?);
        let after = usage::cpu_s(candidate.id())?;
        let us_of = |wanted: &dyn Fn(&str) -> bool| {
            let sum = |threads: &std::collections::BTreeMap<String, f64>| -> f64 {
                threads.iter().filter(|(name, _)| wanted(name)).map(|(_, cpu_s)| cpu_s).sum()
            };
            (sum(&after) - sum(&before)) * 1e6 / limits.commands as f64
        };
        (self.command_p50_ms, self.command_p99_ms) = (Some(p50), Some(p99));
        self.command_cpu_us = Some(us_of(&|_| true));

        if candidate.kind == Kind::Hearthd {
            // A thread without a name of its own has the program's.
            self.command_main_us = Some(us_of(&|name| name == "hearthd"));
            self.command_publisher_us = Some(us_of(&|name| name == "publisher"));
            let mut wear = Wear::begin(&candidate.state());
            commands(candidate, KEPT).await.context("commands that are kept")?;
            wear.look(&candidate.state());
            self.command_bytes = Some(wear.bytes as f64 / KEPT as f64);
            self.binary_mb = Some(std::fs::metadata(candidate.kind.program()?)?.len() as f64 / 1e6);
        }

        let spent = |candidate: &Candidate| -> Result<f64> { Ok(usage::cpu_s(candidate.id())?.values().sum()) };
        let before = spent(candidate)?;
        let burst = burst::run(candidate, limits.burst).await.context("burst")?;
        self.burst_cpu_us = Some((spent(candidate)? - before) * 1e6 / limits.burst as f64);
        (self.burst_s, self.burst_right) = (Some(burst.took_s), Some(f64::from(u8::from(burst.right))));
        self.resident_after_mb = Some(usage::resident_mb(candidate.id())?);
        Ok(())
    }
}

/// Commands one after the other, round the lights; each turns its light over, so each has an answer. How long each took,
/// in ms.
pub async fn commands(candidate: &mut Candidate, count: usize) -> Result<Vec<f64>> {
    ensure!(count > 0, "nothing is measured");
    let mut times_ms = Vec::new();
    for command in candidate.commands..candidate.commands + count {
        let light = command % COMMANDED;
        let payload = if (command / COMMANDED).is_multiple_of(2) { "ON" } else { "OFF" };
        let (set, state) = (candidate.topic(light, "set"), candidate.topic(light, "state"));
        let begin = now();
        candidate.probe.send(&set, payload)?;
        let arrived = candidate.probe.wait_for(&state, payload).await?;
        times_ms.push((arrived - begin).as_secs_f64() * 1e3);
    }
    candidate.commands += count;
    Ok(times_ms)
}

/// p50 and p99.
pub fn quantiles(mut times: Vec<f64>) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    [0.50, 0.99].map(|q| times[((times.len() as f64 * q) as usize).min(times.len() - 1)])
}
