//! The bare echo: the least that a program under these topics can do.

use crate::{house, measure::temperature};
use anyhow::Result;
use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use std::time::Duration;

/// Answers each `set` with the same `state`, and publishes another reading for each of its sensors every second; until it
/// is killed.
pub async fn run(port: u16, prefix: &str, sensors: usize) -> Result<()> {
    let availability = format!("{prefix}/availability");
    let mut options = MqttOptions::new("bench_echo", ("127.0.0.1", port));
    options.set_last_will(LastWill::new(&availability, "offline", QoS::AtLeastOnce, true));
    // Room for the whole burst: whoever polls the connection must not wait for it.
    let (client, mut connection) = AsyncClient::builder(options).capacity(1 << 16).build();
    connection.network_options.set_tcp_nodelay(true);
    let publish = |topic: String, payload: Vec<u8>| {
        client.try_publish(topic, payload, PublishOptions::at_least_once().retained())
    };

    tokio::spawn(read_sensors(client.clone(), prefix.to_owned(), sensors));
    loop {
        match connection.poll().await? {
            Event::Incoming(Packet::ConnAck(_)) => {
                client.try_subscribe(format!("{prefix}/+/set"), QoS::AtLeastOnce)?;
                publish(availability.clone(), b"online".to_vec())?;
            }
            Event::Incoming(Packet::Publish(command)) => {
                let topic = String::from_utf8_lossy(&command.topic);
                if let Some(point) = topic.strip_suffix("/set") {
                    publish(format!("{point}/state"), command.payload.to_vec())?;
                }
            }
            _ => {}
        }
    }
}

/// Passes on what comes on a topic, until it is killed.
pub async fn relay(port: u16, from: &str, to: &str) -> Result<()> {
    let options = MqttOptions::new("bench_relay", ("127.0.0.1", port));
    let (client, mut connection) = AsyncClient::builder(options).capacity(100).build();
    connection.network_options.set_tcp_nodelay(true);
    client.try_subscribe(from, QoS::AtLeastOnce)?;
    loop {
        if let Event::Incoming(Packet::Publish(message)) = connection.poll().await? {
            client.try_publish(to, message.payload.to_vec(), PublishOptions::at_least_once())?;
        }
    }
}

async fn read_sensors(client: AsyncClient, prefix: String, sensors: usize) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0.. {
        second.tick().await;
        for sensor in 0..sensors {
            let topic = format!("{prefix}/{}/temperature/state", house::sensor(sensor));
            let reading = format!("{:.2}", temperature(count));
            if client.try_publish(topic, reading, PublishOptions::at_least_once().retained()).is_err() {
                return;
            }
        }
    }
}
