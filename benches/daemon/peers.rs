//! From a message to the message that follows it: hearthd and the bare echo, and, where they are installed, programs that
//! people have for the same. A flow of Node-RED commands a light for motion, as a rule of hearthd does; mqtt-io has no rules,
//! so its command to state stands beside hearthd's.

use crate::{broker::Broker, echo, measure::quantiles, now, probe::Probe, report::median};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Between two messages: what changes some hundred times a second is broken, and hearthd says so.
const PAUSE: Duration = Duration::from_millis(15);
/// A program that has just started is slower.
const WARM_UP: usize = 100;
/// In steps of a tenth of a second: Node-RED takes some seconds.
const START_TRIES: usize = 300;

const MOTION: &str = "bench/motion";
const LIGHT: &str = "bench/light";

/// A message, the message that follows it, and who does that.
struct Way {
    what: &'static str,
    name: &'static str,
    asks: &'static str,
    tells: &'static str,
    /// None: it is not installed.
    program: fn(&Path, u16) -> Result<Option<Command>>,
}

const RULE: &str = "MQTT motion to MQTT light";
const COMMAND: &str = "command to state";
/// The first of each sort is what the others are compared with.
const WAYS: [Way; 5] = [
    Way { what: RULE, name: "hearthd", asks: MOTION, tells: LIGHT, program: hearthd },
    Way { what: RULE, name: "bare echo", asks: MOTION, tells: LIGHT, program: bare_echo },
    Way { what: RULE, name: "Node-RED", asks: MOTION, tells: LIGHT, program: node_red },
    Way { what: COMMAND, name: "hearthd", asks: "bench/lamp/set", tells: "bench/lamp/state", program: hearthd },
    Way { what: COMMAND, name: "mqtt-io", asks: "bench/output/lamp/set", tells: "bench/output/lamp", program: mqtt_io },
];

/// Measures all in turn, so that whatever else goes on meets each of them, and prints the medians.
pub async fn compare(runs: usize, messages: usize) -> Result<()> {
    let mut figures: [Vec<[f64; 2]>; WAYS.len()] = Default::default();
    for run in 1..=runs {
        eprintln!("Messages, run {run} of {runs} ...");
        for (way, figures) in WAYS.iter().zip(&mut figures) {
            figures.extend(way.measure(messages).await.with_context(|| format!("{}, {}", way.name, way.what))?);
        }
    }
    let middle = |figures: &[[f64; 2]]| {
        [0, 1].map(|end| median(&figures.iter().map(|run| run[end]).collect::<Vec<_>>()))
    };
    println!("{:<28}{:<12}{:>10}{:>10}   times hearthd's", "", "", "p50, ms", "p99, ms");
    let mut ours = [0.0; 2];
    for (way, figures) in WAYS.iter().zip(&figures).filter(|(_, figures)| !figures.is_empty()) {
        let [p50, p99] = middle(figures);
        if way.name == "hearthd" {
            ours = [p50, p99];
        }
        let times = format!("{:.2}, {:.2}", p50 / ours[0], p99 / ours[1]);
        println!("{:<28}{:<12}{p50:>10.3}{p99:>10.3}   {times}", way.what, way.name);
    }
    println!("Medians of {runs} runs, {messages} messages one by one, {} ms apart, QoS 1.\n", PAUSE.as_millis());
    Ok(())
}

impl Way {
    /// p50 and p99 in ms; None: it is not installed.
    async fn measure(&self, messages: usize) -> Result<Option<[f64; 2]>> {
        let (broker, folder) = (Broker::start()?, TempDir::new()?);
        let Some(mut command) = (self.program)(folder.path(), broker.port)? else { return Ok(None) };
        let log = File::create(folder.path().join("log"))?;
        let _running = Running(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        let mut probe = Probe::connect(broker.port, "bench_probe", &[self.tells.to_owned()]).await?;
        if let Err(silent) = self.starts(&probe_words(), &mut probe).await {
            bail!("{silent}; its last words:\n{}", fs::read_to_string(folder.path().join("log")).unwrap_or_default());
        }
        let mut times_ms = Vec::new();
        for (count, word) in probe_words().cycle().take(WARM_UP + messages).enumerate() {
            tokio::time::sleep(PAUSE).await;
            probe.take_count();
            let begin = now();
            probe.send(self.asks, word)?;
            let arrived = probe.wait_for(self.tells, word).await?;
            if count >= WARM_UP {
                times_ms.push((arrived - begin).as_secs_f64() * 1e3);
            }
        }
        Ok(Some(quantiles(times_ms)))
    }
}
