//! Many commands at once, written to the broker as fast as a socket takes them.

use crate::{
    candidate::{Candidate, client_id, lights},
    measure::COMMANDED,
    now,
    probe::Probe,
};
use anyhow::{Result, ensure};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// When nothing came for so long, nothing more will.
const QUIET: Duration = Duration::from_millis(750);

pub struct Burst {
    /// From the first command to the last state.
    pub took_s: f64,
    /// Whether the last state of each output is what its last command asked.
    pub right: bool,
}

/// Sends `count` commands round the lights, each turning its light over.
pub async fn run(candidate: &mut Candidate, count: usize) -> Result<Burst> {
    let payload =
        |command: usize| if (command / COMMANDED + command % COMMANDED).is_multiple_of(2) { "ON" } else { "OFF" };
    let mut expected = BTreeMap::new();
    let mut packets = Vec::new();
    for command in 0..count {
        let output = command % COMMANDED;
        let packet_id = (command % 65_535 + 1) as u16;
        packets.extend(publish_packet(&candidate.topic(output, "set"), payload(command), packet_id));
        expected.insert(candidate.topic(output, "state"), payload(command).to_owned());
    }

    let port = candidate.port;
    let begin = now();
    let publisher = std::thread::spawn(move || publish(port, &packets, count));
    let mut last = begin;
    loop {
        match candidate.probe.next(QUIET).await {
            Some(message) => last = message.at,
            None if publisher.is_finished() => break,
            None => ensure!(begin.elapsed() < Duration::from_secs(60), "the broker does not take the burst"),
        }
    }
    publisher.join().map_err(|_| anyhow::anyhow!("the publisher panicked"))??;

    // What the broker retained is what a program that starts now believes.
    let mut newcomer =
        Probe::connect(port, &client_id(&candidate.prefix(), "newcomer"), &lights(&candidate.prefix())).await?;
    let mut retained = BTreeMap::new();
    while let Some(message) = newcomer.next(QUIET).await {
        retained.insert(message.topic, message.payload);
    }
    let right = expected.iter().all(|(topic, payload)| retained.get(topic) == Some(payload));
    Ok(Burst { took_s: (last - begin).as_secs_f64(), right })
}

/// Sends the packets by a connection of their own and waits until the broker has acknowledged them all.
fn publish(port: u16, packets: &[u8], count: usize) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(&connect_packet("bench_burst"))?;
    let mut connack = [0; 4];
    stream.read_exact(&mut connack)?;
    ensure!(connack[3] == 0, "the broker refuses the connection: {connack:?}");

    let mut acknowledgements = stream.try_clone()?;
    let reader = std::thread::spawn(move || acknowledgements.read_exact(&mut vec![0; 4 * count]));
    stream.write_all(packets)?;
    reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
    Ok(())
}

/// MQTT 3.1.1 CONNECT with a clean session.
fn connect_packet(client_id: &str) -> Vec<u8> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60];
    push_text(&mut body, client_id);
    packet(0x10, &body)
}

/// MQTT 3.1.1 PUBLISH with QoS 1.
fn publish_packet(topic: &str, payload: &str, packet_id: u16) -> Vec<u8> {
    let mut body = Vec::new();
    push_text(&mut body, topic);
    body.extend(packet_id.to_be_bytes());
    body.extend(payload.as_bytes());
    packet(0x32, &body)
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend((text.len() as u16).to_be_bytes());
    body.extend(text.as_bytes());
}

/// For bodies below 128 bytes, whose length is one byte.
fn packet(first_byte: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128, "a packet of the bench is short");
    [&[first_byte, body.len() as u8], body].concat()
}
