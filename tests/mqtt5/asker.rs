//! A client of MQTT 5 that commands, and is answered.

use crate::support::{LOOK, PATIENCE, free_port};
use rumqttc_v5::{Client, Event, MqttOptions, Packet, PublishOptions, PublishProperties, QoS};
use serde_json::Value as Json;
use std::{
    sync::mpsc::{self, Receiver},
    thread,
};

/// An answer as it came in.
#[derive(Debug)]
pub struct Answer {
    pub topic: String,
    pub retained: bool,
    pub correlation: Option<Vec<u8>>,
    pub content_type: Option<String>,
    pub body: Json,
}

pub struct Asker {
    client: Client,
    answers: Receiver<Answer>,
}

impl Asker {
    /// Hears what is published on `filter`; connected and subscribed when it returns.
    pub fn start(port: u16, id: &str, filter: &str) -> Asker {
        let options = MqttOptions::new(format!("{id}-{}", free_port()), ("127.0.0.1", port));
        let (client, mut connection) = Client::builder(options).capacity(1000).build();
        client.subscribe(filter, QoS::AtLeastOnce).unwrap();
        let ((ready_in, ready), (sender, answers)) = (mpsc::channel(), mpsc::channel());
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::SubAck(_))) => drop(ready_in.send(())),
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        let properties = message.properties.unwrap_or_default();
                        let answer = Answer {
                            topic: String::from_utf8_lossy(&message.topic).into_owned(),
                            retained: message.retain,
                            correlation: properties.correlation_data.map(Into::into),
                            content_type: properties.content_type,
                            body: serde_json::from_slice(&message.payload).unwrap_or_default(),
                        };
                        if sender.send(answer).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => thread::sleep(LOOK),
                }
            }
        });
        ready.recv_timeout(PATIENCE).expect("the asker subscribes");
        Asker { client, answers }
    }

    /// Publishes a command, and asks for its answer on a topic.
    pub fn ask(&self, topic: &str, payload: impl Into<Vec<u8>>, answer_to: &str, correlation: &[u8]) {
        let properties = PublishProperties {
            response_topic: Some(answer_to.into()),
            correlation_data: Some(correlation.to_vec().into()),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().properties(properties);
        self.client.publish(topic, payload.into(), options).unwrap();
    }

    pub fn next(&self) -> Answer {
        self.answers.recv_timeout(PATIENCE).expect("an answer")
    }
}
