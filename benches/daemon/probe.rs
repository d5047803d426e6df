//! The measuring MQTT client.

use crate::now;
use anyhow::{Context, Result, bail};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Longer than anything here takes; then the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Probe {
    client: AsyncClient,
    messages: mpsc::UnboundedReceiver<Message>,
}

pub struct Message {
    /// When it came.
    pub at: Instant,
    pub topic: String,
    pub payload: String,
}

impl Probe {
    /// A client that sees what matches these filters, what is retained first.
    pub async fn connect(port: u16, client_id: &str, filters: &[String]) -> Result<Probe> {
        let options = MqttOptions::new(client_id, ("127.0.0.1", port));
        let (client, mut connection) = AsyncClient::builder(options).capacity(100).build();
        connection.network_options.set_tcp_nodelay(true);
        for filter in filters {
            client.try_subscribe(filter.as_str(), QoS::AtLeastOnce)?;
        }
        let (sender, messages) = mpsc::unbounded_channel();
        let (subscribed, mut acknowledgements) = mpsc::channel(filters.len().max(1));
        tokio::spawn(async move {
            while let Ok(event) = connection.poll().await {
                match event {
                    Event::Incoming(Packet::Publish(message)) => {
                        let payload = String::from_utf8_lossy(&message.payload).into_owned();
                        let topic = String::from_utf8_lossy(&message.topic).into_owned();
                        if sender.send(Message { at: now(), topic, payload }).is_err() {
                            return;
                        }
                    }
                    Event::Incoming(Packet::SubAck(_)) => drop(subscribed.try_send(())),
                    _ => {}
                }
            }
        });
        for _ in filters {
            tokio::time::timeout(PATIENCE, acknowledgements.recv()).await.context("the broker does not answer")?;
        }
        Ok(Probe { client, messages })
    }

    pub fn send(&self, topic: &str, payload: &str) -> Result<()> {
        Ok(self.client.try_publish(topic, payload.to_owned(), PublishOptions::at_least_once())?)
    }

    /// When this message came; passes over others.
    pub async fn wait_for(&mut self, topic: &str, payload: &str) -> Result<Instant> {
        let arrived = async {
            loop {
                match self.messages.recv().await {
                    Some(message) if message.topic == topic && message.payload == payload => return Ok(message.at),
                    Some(_) => {}
                    None => bail!("the broker ended the connection"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, arrived)
            .await
            .unwrap_or_else(|_| bail!("no {payload} on {topic} within {} s", PATIENCE.as_secs()))
    }

    /// How many messages came since the last one that was taken.
    pub fn take_count(&mut self) -> usize {
        std::iter::from_fn(|| self.messages.try_recv().ok()).count()
    }

    /// The next message; none after `quiet` of silence.
    pub async fn next(&mut self, quiet: Duration) -> Option<Message> {
        tokio::time::timeout(quiet, self.messages.recv()).await.ok().flatten()
    }
}
