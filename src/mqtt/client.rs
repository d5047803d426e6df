//! The client library, as far as the adapter needs it: only this file, `dial` and `loss` know its types.

use super::dial::{self, Progress};
use super::inbox::Asked;
use super::topics::Topics;
use crate::model::MqttSettings;
use rumqttc::{
    AsyncClient, Broker, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet, PublishOptions,
    QoS, SubscribeFilter, SubscribeReasonCode,
};
use std::sync::Arc;

/// A message as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was published.
    pub topic: String,
    /// What was published.
    pub payload: Vec<u8>,
    /// The broker kept it from before.
    pub retain: bool,
    /// How it was sent, which tells what its packet id means.
    pub qos: Qos,
    /// The broker has sent it before, as it says.
    pub dup: bool,
    /// Its packet id; 0 at QoS 0.
    pub packet: u16,
}

/// How often a message may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qos {
    /// Once or not at all.
    AtMostOnce,
    /// Once or several times.
    AtLeastOnce,
    /// Once.
    ExactlyOnce,
}

/// What happened on a connection.
#[derive(Debug, PartialEq)]
pub(super) enum Happened {
    /// The broker has accepted us.
    Accepted,
    /// A message came in.
    Came(Delivery),
    /// The broker will not send the message of this packet id again.
    Released(u16),
    /// A message was written, as this packet.
    Written(u16),
    /// The broker has this packet.
    Acknowledged(u16),
    /// We asked for topics, with this packet.
    Asking(u16),
    /// The broker's answers to it: whether we may read each.
    Answered(u16, Vec<bool>),
    /// We took leave.
    Closed,
    /// What is the library's own business.
    Nothing,
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotTaken;

/// Hands requests to a connection, none of which waits.
#[derive(Debug)]
pub(super) struct Client(AsyncClient);

/// Drives a connection.
pub(super) struct Driver {
    library: EventLoop,
    pub(super) progress: Progress,
}

/// How a connection is to be.
pub(super) struct Limits {
    /// Requests that wait to be written.
    pub(super) queue: usize,
    /// The largest packets that are read and written, in bytes.
    pub(super) incoming: usize,
    pub(super) outgoing: usize,
}

/// A connection to be made: nothing happens before [`Driver::next`].
pub(super) fn connection(settings: &MqttSettings, limits: &Limits) -> (Client, Driver) {
    prepare(options(settings), settings, limits)
}

/// As [`connection`], beside that of the hub: without a last will, which is the hub's, and as the client that these settings
/// name.
pub(super) fn connection_beside(settings: &MqttSettings, limits: &Limits) -> (Client, Driver) {
    prepare(access(settings), settings, limits)
}

fn prepare(mut options: MqttOptions, settings: &MqttSettings, limits: &Limits) -> (Client, Driver) {
    options.set_max_packet_size(limits.incoming, limits.outgoing);
    // What waits goes out together.
    options.set_max_request_batch(limits.queue);
    let (progress, dialled) = (Progress::default(), Arc::new(settings.clone()));
    let shared = progress.clone();
    options.set_socket_connector(move |_, network| dial::dial(dialled.clone(), network, shared.clone()));
    let (client, mut library) = AsyncClient::builder(options).capacity(limits.queue).build();
    // Small packets must not wait for each other (Nagle's algorithm).
    library.network_options.set_tcp_nodelay(true);
    library.network_options.set_connection_timeout(settings.connect_timeout.as_secs().max(1));
    (Client(client), Driver { library, progress })
}

fn options(settings: &MqttSettings) -> MqttOptions {
    let mut options = access(settings);
    options.set_last_will(LastWill::new(
        Topics::new(&settings.prefix).availability(),
        "offline",
        QoS::AtLeastOnce,
        true,
    ));
    options
}

/// How the broker is reached.
fn access(settings: &MqttSettings) -> MqttOptions {
    // What the connection goes over is our own business (`dial.rs`).
    let broker = Broker::tcp(&settings.host, settings.port);
    let mut options = MqttOptions::new(&settings.client_id, broker);
    options.set_keep_alive(keep_alive_s(settings));
    options.set_clean_session(true);
    if let Some(username) = &settings.username {
        options.set_credentials(username, settings.password.clone().unwrap_or_default());
    }
    options
}

/// What the protocol can say, in whole seconds; never 0, which would mean never.
pub(super) fn keep_alive_s(settings: &MqttSettings) -> u16 {
    u16::try_from(settings.keep_alive.as_secs()).unwrap_or(u16::MAX).max(1)
}

impl Client {
    /// Asks for messages. [`Happened::Asking`] and [`Happened::Answered`] follow.
    pub(super) fn subscribe(&self, asked: &[Asked]) -> Result<(), NotTaken> {
        let filters = asked.iter().map(|asked| SubscribeFilter::new(asked.filter.clone(), to_library(asked.qos())));
        self.0.try_subscribe_many(filters).map_err(|_| NotTaken)
    }

    /// Asks for topics at QoS 1, as [`Client::subscribe`].
    pub(super) fn listen(&self, topics: &[Arc<str>]) -> Result<(), NotTaken> {
        let filters = topics.iter().map(|topic| SubscribeFilter::new(topic.to_string(), QoS::AtLeastOnce));
        self.0.try_subscribe_many(filters).map_err(|_| NotTaken)
    }

    /// Publishes at QoS 1. [`Happened::Written`], in the order of these calls, and [`Happened::Acknowledged`] follow.
    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), NotTaken> {
        let options = PublishOptions::at_least_once().retain(retain);
        self.0.try_publish(topic, payload, options).map_err(|_| NotTaken)
    }

    /// Takes leave of the broker, so that it does not publish the last will. [`Happened::Closed`] follows.
    pub(super) fn close(&self) -> Result<(), NotTaken> {
        self.0.try_disconnect_now().map_err(|_| NotTaken)
    }
}

impl Driver {
    /// What happens next. Must not be given up half-way, and not be called again after [`Happened::Closed`] or an error.
    pub(super) async fn next(&mut self) -> Result<Happened, ConnectionError> {
        Ok(match self.library.poll().await? {
            Event::Incoming(Packet::ConnAck(_)) => Happened::Accepted,
            Event::Incoming(Packet::Publish(message)) => Happened::Came(Delivery {
                // The library has looked whether it is UTF-8.
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload.into(),
                retain: message.retain,
                qos: from_library(message.qos),
                dup: message.dup,
                packet: message.pkid,
            }),
            Event::Incoming(Packet::PubRel(release)) => Happened::Released(release.pkid),
            Event::Incoming(Packet::PubAck(ack)) => Happened::Acknowledged(ack.pkid),
            Event::Incoming(Packet::SubAck(ack)) => {
                let allowed = ack.return_codes.iter().map(|code| *code != SubscribeReasonCode::Failure);
                Happened::Answered(ack.pkid, allowed.collect())
            }
            Event::Outgoing(Outgoing::Publish(packet)) => Happened::Written(packet),
            Event::Outgoing(Outgoing::Subscribe(packet)) => Happened::Asking(packet),
            Event::Outgoing(Outgoing::Disconnect) => Happened::Closed,
            _ => Happened::Nothing,
        })
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
impl Delivery {
    /// A message at QoS 1, sent for the first time.
    pub(super) fn new(topic: &str, payload: impl Into<Vec<u8>>) -> Delivery {
        let payload = payload.into();
        Delivery { topic: topic.into(), payload, retain: false, qos: Qos::AtLeastOnce, dup: false, packet: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;
    use std::time::Duration;

    #[test]
    fn a_keep_alive_is_what_the_protocol_can_say() {
        for (asked, said) in [(0, 1), (30, 30), (1_000_000, 65_535)] {
            let settings = MqttSettings { keep_alive: Duration::from_secs(asked), ..house::settings() };
            assert_eq!(options(&settings).keep_alive(), Duration::from_secs(said));
        }
    }

    #[test]
    fn the_will_says_offline_and_is_retained() {
        let will = options(&house::settings()).last_will().unwrap();
        assert_eq!((&*will.topic, &*will.message), ("hearthd/cottage/availability", &b"offline"[..]));
        assert!(will.retain);
        assert_eq!(will.qos, QoS::AtLeastOnce);
    }
}
