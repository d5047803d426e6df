//! The API for Home Assistant beside MQTT: the same commands to the same daemon, and what two clients take.

use crate::{
    broker::Broker,
    candidate::{Candidate, Kind},
    house::{self, House},
    measure::{COMMANDED, commands, quantiles},
    now,
    peers::Running,
    report::{self, Column, Row, Target, row},
    usage,
};
use anyhow::{Context, Result, ensure};
use prost::Message;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command as Program, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here takes; then the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries to get in.
const AGAIN: Duration = Duration::from_millis(20);
/// Before memory is looked at, whatever is still to be done is done.
const SETTLE: Duration = Duration::from_secs(2);

/// Where a program of ESPHome listens, as esphome.yaml says.
const ESPHOME: u16 = 6053;

/// The numbers of messages, and their fields, as in `src/homeassistant`.
const HELLO: u32 = 1;
const PING: u32 = 7;
const PONG: u32 = 8;
const LIST: u32 = 11;
const LISTED: u32 = 19;
const LIGHT: u32 = 15;
const STATES: u32 = 20;
const STATE: u32 = 24;
const COMMAND: u32 = 32;

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

#[derive(Clone, PartialEq, Message)]
struct Hello {
    #[prost(string, tag = "1")]
    client: String,
}

#[derive(Clone, PartialEq, Message)]
struct Light {
    #[prost(string, tag = "1")]
    object_id: String,
    #[prost(fixed32, tag = "2")]
    key: u32,
    /// What ESPHome gives newer clients alone.
    #[prost(string, tag = "3")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct State {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    is_on: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Command {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(bool, tag = "2")]
    has_state: bool,
    #[prost(bool, tag = "3")]
    is_on: bool,
}

/// What was measured one way; None: it has no such figure.
#[derive(Default)]
struct Figures {
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    resident_mb: Option<f64>,
}

const ROWS: [Row<Figures>; 3] = [
    row("command to state, p50", "ms", |f| f.p50_ms, Target::None),
    row("command to state, p99", "ms", |f| f.p99_ms, Target::None),
    row("resident without and with two clients", "MB", |f| f.resident_mb, Target::None),
];

/// A client that is connected, in the clear: what encryption costs is not the daemon's doing alone.
struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    lights: BTreeMap<String, u32>,
}

/// Measures, and prints the table; beside a program of ESPHome, if there is one.
pub async fn compare(runs: usize, count: usize, esphome: Option<&Path>) -> Result<()> {
    let mut columns = ["by MQTT", "by this API", "ESPHome"].map(|name| Column { name: name.into(), runs: vec![] });
    for run in 1..=runs {
        eprintln!("Run {run} of {runs} ...");
        let port = crate::broker::free_port()?;
        let house = House { hub: "native", homeassistant: Some(port), ..crate::SMALL };
        let broker = Broker::start()?;
        let mut candidate = Candidate::start(Kind::Hearthd, house, &broker).await?;
        let (mut by_mqtt, mut by_api) = (Figures::default(), Figures::default());
        tokio::time::sleep(SETTLE).await;
        by_mqtt.resident_mb = Some(usage::resident_mb(candidate.id())?);
        let (mut client, _other) = (Client::connect(port).await?, Client::connect(port).await?);
        tokio::time::sleep(SETTLE).await;
        by_api.resident_mb = Some(usage::resident_mb(candidate.id())?);
        // In this order: nobody reads the broker's messages while the API is measured.
        let [p50, p99] = quantiles(commands(&mut candidate, count).await?);
        (by_mqtt.p50_ms, by_mqtt.p99_ms) = (Some(p50), Some(p99));
        // What it was told of those commands answers none of its own.
        tokio::time::sleep(SETTLE).await;
        client.catch_up().await?;
        let [p50, p99] = quantiles(client.commands(candidate.commands, count).await?);
        (by_api.p50_ms, by_api.p99_ms) = (Some(p50), Some(p99));
        columns[0].runs.push(by_mqtt);
        columns[1].runs.push(by_api);
        drop(candidate);
        if let Some(program) = esphome {
            columns[2].runs.push(of_esphome(program, count).await.context("ESPHome")?);
        }
    }
    report::print(&ROWS, &columns);
    println!(
        "Medians of {runs} runs of {count} commands one by one, with two clients of the API that are not encrypted."
    );
    Ok(())
}

async fn of_esphome(program: &Path, count: usize) -> Result<Figures> {
    let mut command = Program::new(program);
    let running = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let (mut client, _other) = (Client::connect(ESPHOME).await?, Client::connect(ESPHOME).await?);
    tokio::time::sleep(SETTLE).await;
    let resident_mb = Some(usage::resident_mb(running.0.id())?);
    client.catch_up().await?;
    let [p50, p99] = quantiles(client.commands(0, count).await?);
    Ok(Figures { p50_ms: Some(p50), p99_ms: Some(p99), resident_mb })
}

impl Client {
    /// As soon as it is let in.
    async fn connect(port: u16) -> Result<Client> {
        let connect = async {
            loop {
                match TcpStream::connect(("127.0.0.1", port)).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::time::sleep(AGAIN).await,
                }
            }
        };
        let stream = timeout(PATIENCE, connect).await.context("nobody listens for Home Assistant")?;
        stream.set_nodelay(true)?;
        let mut client = Client { stream, received: Vec::new(), lights: BTreeMap::new() };
        client.send(HELLO, &Hello { client: "bench".into() }).await?;
        client.send(LIST, &Nothing {}).await?;
        loop {
            match client.next().await? {
                (LISTED, _) => break,
                (LIGHT, body) => {
                    let light = Light::decode(&*body)?;
                    let id = if light.object_id.is_empty() { light.name } else { light.object_id };
                    client.lights.insert(id, light.key);
                }
                _ => {}
            }
        }
        client.send(STATES, &Nothing {}).await?;
        Ok(client)
    }

    /// Reads all that it was told so far.
    async fn catch_up(&mut self) -> Result<()> {
        self.send(PING, &Nothing {}).await?;
        while self.next().await?.0 != PONG {}
        Ok(())
    }

    /// As those over MQTT, of which there were so many before.
    async fn commands(&mut self, before: usize, count: usize) -> Result<Vec<f64>> {
        ensure!(count > 0, "nothing is measured");
        let mut times_ms = Vec::new();
        for command in before..before + count {
            let is_on = (command / COMMANDED).is_multiple_of(2);
            let key = *self.lights.get(&house::light(command % COMMANDED)).context("a light is not listed")?;
            let begin = now();
            self.send(COMMAND, &Command { key, has_state: true, is_on }).await?;
            while !matches!(self.next().await?, (STATE, body) if State::decode(&*body)? == State { key, is_on }) {}
            times_ms.push((now() - begin).as_secs_f64() * 1e3);
        }
        Ok(times_ms)
    }

    async fn send(&mut self, id: u32, message: &impl Message) -> Result<()> {
        let mut frame = vec![0];
        let body = message.encode_to_vec();
        prost::encoding::encode_varint(body.len() as u64, &mut frame);
        prost::encoding::encode_varint(id.into(), &mut frame);
        frame.extend(body);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next message: its number and what is in it.
    async fn next(&mut self) -> Result<(u32, Vec<u8>)> {
        loop {
            if let Some(message) = self.taken() {
                return Ok(message);
            }
            let size =
                timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await.context("it says nothing")??;
            ensure!(size > 0, "it hung up");
        }
    }

    fn taken(&mut self) -> Option<(u32, Vec<u8>)> {
        let mut rest = self.received.get(1..)?;
        let size = usize::try_from(prost::encoding::decode_varint(&mut rest).ok()?).ok()?;
        let id = u32::try_from(prost::encoding::decode_varint(&mut rest).ok()?).ok()?;
        let body = rest.get(..size)?.to_vec();
        let used = self.received.len() - rest.len() + size;
        self.received.drain(..used);
        Some((id, body))
    }
}
