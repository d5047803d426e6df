//! From a message to the message that follows it: hearthd and the bare echo, and, where they are installed, programs that
//! people have for the same. A flow of Node-RED commands a light for motion, as a rule of hearthd does; mqtt-io has no rules,
//! so its command to state stands beside hearthd's.

use crate::{broker::Broker, measure::quantiles, now, probe::Probe, report::median};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Between two messages: what changes some hundred times a second is broken, and hearthd says so.
const PAUSE: Duration = Duration::from_millis(15);
/// A program that has just started is slower.
const WARM_UP: usize = 100;
/// Node-RED takes some seconds to start.
const START_TRIES: usize = 300;
const START_STEP: Duration = Duration::from_millis(100);
const WORDS: [&str; 2] = ["ON", "OFF"];

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
    Way {
        what: COMMAND,
        name: "hearthd",
        asks: "hearthd/bench/lamp/set",
        tells: "hearthd/bench/lamp/state",
        program: hearthd,
    },
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
    let middle =
        |figures: &[[f64; 2]]| [0, 1].map(|end| median(&figures.iter().map(|run| run[end]).collect::<Vec<_>>()));
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
        let serves = self.serves(&mut probe).await?;
        ensure!(serves, "it does not answer; its last words:\n{}", fs::read_to_string(folder.path().join("log"))?);
        let mut times_ms = Vec::new();
        for (count, word) in WORDS.into_iter().cycle().take(WARM_UP + messages).enumerate() {
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

    /// Asks until it is answered; the last word is then OFF.
    async fn serves(&self, probe: &mut Probe) -> Result<bool> {
        let mut answered = 0;
        for word in WORDS.into_iter().cycle().take(START_TRIES) {
            probe.send(self.asks, word)?;
            while let Some(message) = probe.next(START_STEP).await {
                answered += usize::from(message.payload == word);
            }
            if answered > 1 && word == "OFF" {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Ends with its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bare_echo(_: &Path, port: u16) -> Result<Option<Command>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["relay", &port.to_string(), MOTION, LIGHT]);
    Ok(Some(command))
}

fn hearthd(folder: &Path, port: u16) -> Result<Option<Command>> {
    // It is switched more often than any rule should.
    let house = format!(
        "[hub]\nid = \"bench\"\n[hardware]\nbackend = \"simulated\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
         [inputs.motion]\nkind = \"motion\"\nmqtt = \"{MOTION}\"\nmax_rate = 1000\n\
         [outputs.light]\nkind = \"light\"\nmqtt = \"{LIGHT}\"\nmax_rate = 100\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\nmax_rate = 100\n\
         [[rules]]\nname = \"Motion\"\nwhile = \"motion is on\"\nset = {{ light = \"on\" }}\n"
    );
    fs::create_dir(folder.join("house"))?;
    fs::write(folder.join("house/config.toml"), house)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    command.arg("run").arg("--config").arg(folder.join("house/config.toml"));
    command.arg("--socket").arg(folder.join("socket")).arg("--state").arg(folder.join("state"));
    Ok(Some(command))
}

/// As light as it can be: what comes in goes out.
fn node_red(folder: &Path, port: u16) -> Result<Option<Command>> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodered");
    let program = place.join("node_modules/node-red/red.js");
    if !program.exists() {
        return Ok(None);
    }
    let flow = json!([
        { "id": "flow", "type": "tab", "label": "Motion" },
        { "id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": port, "autoConnect": true,
          "protocolVersion": "4", "keepalive": "60", "cleansession": true },
        { "id": "motion", "type": "mqtt in", "z": "flow", "topic": MOTION, "qos": "1", "datatype": "utf8",
          "broker": "broker", "inputs": 0, "wires": [["light"]] },
        { "id": "light", "type": "mqtt out", "z": "flow", "topic": LIGHT, "qos": "1", "retain": "false",
          "broker": "broker", "wires": [] },
    ]);
    fs::write(folder.join("flows.json"), flow.to_string())?;
    let mut command = Command::new("node");
    command.arg(program).arg("--settings").arg(place.join("settings.js")).arg("--userDir").arg(folder.join("node-red"));
    command.env("FLOWS", folder.join("flows.json")).env("HTTP_PORT", "0");
    Ok(Some(command))
}

/// On pins that are none, as hearthd's are.
fn mqtt_io(folder: &Path, port: u16) -> Result<Option<Command>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !program.exists() {
        return Ok(None);
    }
    let settings = json!({
        "mqtt": { "host": "127.0.0.1", "port": port, "topic_prefix": "bench" },
        "gpio_modules": [{ "name": "pins", "module": "mock" }],
        "digital_outputs": [{ "name": "lamp", "module": "pins", "pin": 1 }],
    });
    // JSON is YAML.
    fs::write(folder.join("mqtt-io.yml"), settings.to_string())?;
    let mut command = Command::new(program);
    command.args(["-m", "mqtt_io"]).arg(folder.join("mqtt-io.yml"));
    Ok(Some(command))
}
