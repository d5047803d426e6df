//! MQTT 3.1.1.

use super::{
    super::{
        dial,
        loss::{self, Loss, LossKind},
    },
    ALLOW, About, Delivery, Denied, Happened, NotTaken, Qos, Terms,
};
use crate::model::{Password, shown};
use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{
    AsyncClient, Broker, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet,
    PublishOptions, QoS, StateError, SubscribeFilter, SubscribeReasonCode,
};

#[derive(Debug)]
pub(super) struct Client(AsyncClient);

pub(super) struct Library(EventLoop);

pub(super) fn connection(about: &About) -> (Client, Library) {
    let mut options = options(about);
    let (settings, progress) = (about.settings.clone(), about.progress.clone());
    options.set_socket_connector(move |_, network| dial::dial(settings.clone(), network, progress.clone()));
    let (client, mut library) = AsyncClient::builder(options).capacity(about.limits.queue).build();
    // Small packets must not wait for each other (Nagle's algorithm).
    library.network_options.set_tcp_nodelay(true);
    library.network_options.set_connection_timeout(about.settings.connect_timeout.as_secs().max(1));
    (Client(client), Library(library))
}

pub(super) fn options(about: &About) -> MqttOptions {
    let settings = &about.settings;
    // What the connection goes over is our own business (`dial.rs`).
    let mut options = MqttOptions::new(&settings.client_id, Broker::tcp(&settings.host, settings.port));
    options.set_keep_alive(super::keep_alive_s(settings));
    options.set_clean_session(true);
    if let Some(username) = &settings.username {
        options.set_credentials(username, settings.password.clone().map(|Password(word)| word).unwrap_or_default());
    }
    if let Some((topic, payload)) = about.will.clone() {
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true));
    }
    options.set_max_packet_size(about.limits.incoming, about.limits.outgoing);
    // What waits goes out together.
    options.set_max_request_batch(about.limits.queue);
    options
}

impl Client {
    pub(super) fn subscribe(&self, filters: impl Iterator<Item = (String, Qos)>) -> Result<(), NotTaken> {
        let filters = filters.map(|(filter, qos)| SubscribeFilter::new(filter, to_library(qos)));
        self.0.try_subscribe_many(filters).map_err(|_| NotTaken)
    }

    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, qos: Qos, retain: bool) -> Result<(), NotTaken> {
        let options = PublishOptions::new(to_library(qos)).retain(retain);
        self.0.try_publish(topic, payload, options).map_err(|_| NotTaken)
    }

    pub(super) fn close(&self) -> Result<(), NotTaken> {
        self.0.try_disconnect_now().map_err(|_| NotTaken)
    }
}

impl Library {
    pub(super) async fn next(&mut self, about: &About) -> Result<Happened, Loss> {
        let event = self.0.poll().await.map_err(|error| explain(&error, about))?;
        Ok(match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                Happened::Accepted(Terms { version: "3.1.1", outgoing: about.limits.outgoing })
            }
            Event::Incoming(Packet::Publish(message)) => Happened::Came(Delivery {
                // The library has looked whether it is UTF-8.
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload.into(),
                retain: message.retain,
                qos: from_library(message.qos),
                dup: message.dup,
                packet: message.pkid,
                reply: None,
            }),
            Event::Incoming(Packet::PubRel(release)) => Happened::Released(release.pkid),
            Event::Incoming(Packet::PubAck(ack)) => Happened::Acknowledged(ack.pkid, Ok(())),
            Event::Incoming(Packet::SubAck(ack)) => {
                let allowed =
                    |code| if code == SubscribeReasonCode::Failure { Err(Denied::new(ALLOW)) } else { Ok(()) };
                Happened::Answered(ack.pkid, ack.return_codes.into_iter().map(allowed).collect())
            }
            Event::Outgoing(Outgoing::Publish(packet)) => Happened::Written(packet),
            Event::Outgoing(Outgoing::Subscribe(packet)) => Happened::Asking(packet),
            Event::Outgoing(Outgoing::Disconnect) => Happened::Closed,
            _ => Happened::Nothing,
        })
    }
}

/// What happened and what to look at.
fn explain(error: &ConnectionError, about: &About) -> Loss {
    let settings = &about.settings;
    if let Some(loss) = loss::within(error, settings) {
        return loss;
    }
    match error {
        ConnectionError::NetworkTimeout => loss::no_answer(settings, &about.progress),
        ConnectionError::ConnectionRefused(code) => refused(*code, about),
        ConnectionError::Io(error) => Loss::io(error),
        ConnectionError::FlushTimeout => Loss::wrong("the broker stopped taking our messages"),
        ConnectionError::NotConnAck(_) => Loss::no_broker(),
        ConnectionError::SessionStateMismatch { .. } => Loss::old_session(),
        ConnectionError::MqttState(error) => match error {
            StateError::ConnectionAborted => Loss::closed(),
            StateError::AwaitPingResp => Loss::away("the broker stopped answering"),
            StateError::Io(error) | StateError::Deserialization(PacketError::Io(error)) => Loss::io(error),
            StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(size)) => {
                loss::too_large(*size, about.limits.incoming, settings)
            }
            error => Loss::not_the_protocol(&error.to_string()),
        },
        error => Loss::wrong(shown(&error.to_string())),
    }
}

fn refused(code: ConnectReturnCode, about: &About) -> Loss {
    let settings = &about.settings;
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => loss::login_refused(settings),
        ConnectReturnCode::BadClientId => loss::client_id_refused(settings),
        ConnectReturnCode::ServiceUnavailable => Loss::wrong("the broker says that it is not available now"),
        ConnectReturnCode::RefusedProtocolVersion => Loss {
            reason:
                "the broker refuses the connection, since it does not speak MQTT 3.1.1: write version = \"5\" in [mqtt]"
                    .into(),
            kind: LossKind::OtherVersion,
        },
        code => Loss::wrong(format!("the broker refuses the connection: {code:?}")),
    }
}

fn to_library(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}

fn from_library(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MqttSettings;
    use crate::mqtt::house;
    use std::io;

    fn loss(error: &ConnectionError, settings: MqttSettings) -> Loss {
        explain(error, &super::super::tests::about(settings))
    }

    #[test]
    fn a_refused_login_says_what_to_check() {
        let reason =
            |settings| loss(&ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized), settings).reason;
        assert!(reason(house::settings()).contains("without a user name"));
        assert!(reason(MqttSettings { username: Some("hub".into()), ..house::settings() }).contains("user hub"));
    }

    #[test]
    fn a_broker_that_is_away_is_told_from_one_that_is_wrong() {
        let kind = |error| loss(&error, house::settings()).kind;
        let io = |kind| ConnectionError::Io(io::Error::from(kind));
        assert_eq!(kind(io(io::ErrorKind::ConnectionRefused)), LossKind::Away);
        assert_eq!(kind(io(io::ErrorKind::ConnectionReset)), LossKind::Closed);
        assert_eq!(kind(ConnectionError::NetworkTimeout), LossKind::Away);
        assert_eq!(kind(ConnectionError::MqttState(StateError::Unsolicited(3))), LossKind::Wrong);
        assert_eq!(kind(ConnectionError::FlushTimeout), LossKind::Wrong);
        let large = StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(9));
        assert_eq!(kind(ConnectionError::MqttState(large)), LossKind::TooLarge);
    }
}
