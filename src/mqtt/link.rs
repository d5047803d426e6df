//! One connection to the broker, from its first packet to its end. A new one is made for every try, because the client
//! library keeps half-finished business of an old connection and loses or repeats it on the next.

use super::Told;
use super::inbox::{Inbox, Incoming};
use super::outbox::Message;
use super::topics::Topics;
use crate::model::{Command, MqttSettings};
use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Outgoing,
    Packet, QoS, StateError, SubscribeFilter, SubscribeReasonCode,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// So many messages are on their way unacknowledged; enough to hide the round trip.
const WINDOW: usize = 20;
/// The client library's queue: the window, the subscription, the farewell, and room to spare.
const QUEUE: usize = 2 * WINDOW;
const LARGEST_INCOMING: usize = 16 << 20;
const LARGEST_OUTGOING: usize = 1 << 20;
/// Fixed header, topic length and packet id of a publication, at most.
const OVERHEAD: usize = 16;
/// To connect, and to have the broker accept us or a packet.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that is being made or is made.
#[derive(Debug)]
pub(super) struct Link {
    client: AsyncClient,
    news: mpsc::Receiver<News>,
    /// Given to the client library, in this order, and not yet numbered by it.
    handed: VecDeque<Option<Told>>,
    /// Written, by packet id.
    unacknowledged: BTreeMap<u16, Option<Told>>,
    /// Ends with the link.
    _polling: JoinSet<()>,
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum News {
    /// The broker has accepted us.
    Up,
    /// Something came in that is not a command.
    Came(Incoming),
    /// A message was written, as this packet.
    Written(u16),
    /// The broker has this packet.
    Acknowledged(u16),
    /// The broker does not let us read some of our topics.
    NotSubscribed,
    /// We took leave; the last.
    Closed,
    /// The connection ended, or none was made; the last.
    Lost(Loss),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// One line for people.
    pub(super) reason: String,
    /// The broker closed it, without saying why.
    pub(super) closed_by_broker: bool,
}

impl Link {
    /// Begins to connect. Commands that come in go to `commands`, which may make the connection wait.
    pub(super) fn open(settings: &MqttSettings, inbox: Inbox, commands: mpsc::Sender<Command>) -> Link {
        let (client, mut event_loop) = AsyncClient::new(options(settings), QUEUE);
        let mut network = NetworkOptions::new();
        // Small packets must not wait for each other (Nagle's algorithm).
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(PATIENCE.as_secs());
        event_loop.set_network_options(network);
        let (sender, news) = mpsc::channel(4 * WINDOW);
        let mut polling = JoinSet::new();
        polling.spawn(poll(event_loop, inbox, commands, sender, settings.clone()));
        Link { client, news, handed: VecDeque::new(), unacknowledged: BTreeMap::new(), _polling: polling }
    }

    /// Waits for news. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> News {
        let news = self.news.recv().await;
        self.account(news.unwrap_or_else(|| News::Lost(Loss::of("the connection ended"))))
    }

    /// News that need not be waited for.
    pub(super) fn try_next(&mut self) -> Option<News> {
        let news = self.news.try_recv().ok()?;
        Some(self.account(news))
    }

    /// Asks for messages on these topics.
    pub(super) fn subscribe(&self, filters: Vec<String>) {
        let filters = filters.into_iter().map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce));
        if self.client.try_subscribe_many(filters).is_err() {
            tracing::error!("cannot subscribe: the topic prefix or the birth topic is not a valid MQTT topic");
        }
    }

    /// Whether another message may be published now.
    pub(super) fn has_room(&self) -> bool {
        self.handed.len() + self.unacknowledged.len() < WINDOW
    }

    /// Whether the broker has everything that was published.
    pub(super) fn is_idle(&self) -> bool {
        self.handed.is_empty() && self.unacknowledged.is_empty()
    }

    /// Publishes, if the message is one that can be.
    pub(super) fn publish(&mut self, message: Message) {
        let Message { topic, payload, retain, told } = message;
        let size = topic.len() + payload.len() + OVERHEAD;
        if size > LARGEST_OUTGOING {
            tracing::error!("not published: the message for {topic} has {size} bytes, more than {LARGEST_OUTGOING}");
        } else if self.client.try_publish(&*topic, QoS::AtLeastOnce, retain, payload).is_err() {
            tracing::error!("not published: {topic} is not a topic that can be published to");
        } else {
            self.handed.push_back(told);
        }
    }

    /// Takes leave of the broker, so that it does not publish the last will. [`News::Closed`] follows.
    pub(super) fn close(&self) {
        if self.client.try_disconnect().is_err() {
            tracing::debug!("the connection ended before its end");
        }
    }

    /// The answers that the broker may not have got, oldest first.
    pub(super) fn unanswered(self) -> impl DoubleEndedIterator<Item = Told> {
        self.unacknowledged.into_values().chain(self.handed).flatten()
    }

    fn account(&mut self, news: News) -> News {
        match &news {
            News::Written(packet) => {
                // The library numbers messages in the order in which they were handed over.
                if let Some(told) = self.handed.pop_front() {
                    self.unacknowledged.insert(*packet, told);
                }
            }
            News::Acknowledged(packet) => drop(self.unacknowledged.remove(packet)),
            _ => {}
        }
        news
    }
}

fn options(settings: &MqttSettings) -> MqttOptions {
    // The library puts host and port together with a colon.
    let bare_ipv6 = settings.host.contains(':') && !settings.host.starts_with('[');
    let host = if bare_ipv6 { format!("[{}]", settings.host) } else { settings.host.clone() };
    let mut options = MqttOptions::new(&settings.client_id, host, settings.port);
    options.set_keep_alive(keep_alive(settings));
    options.set_clean_session(true);
    options.set_max_packet_size(LARGEST_INCOMING, LARGEST_OUTGOING);
    options.set_last_will(LastWill::new(
        Topics::new(&settings.prefix).availability(),
        "offline",
        QoS::AtLeastOnce,
        true,
    ));
    if let Some(username) = &settings.username {
        options.set_credentials(username, settings.password.clone().unwrap_or_default());
    }
    options
}

/// What the protocol can say, in whole seconds; never 0, which would mean never.
fn keep_alive(settings: &MqttSettings) -> Duration {
    Duration::from_secs(settings.keep_alive.as_secs().clamp(1, u16::MAX.into()))
}

/// Polls a connection until it ends. `poll` must not be cancelled half-way, hence a task of its own.
async fn poll(
    mut event_loop: EventLoop,
    mut inbox: Inbox,
    commands: mpsc::Sender<Command>,
    news: mpsc::Sender<News>,
    settings: MqttSettings,
) {
    // Something happens on a good connection in every keep-alive time; a full socket can hang the library for ever.
    let longest_silence = keep_alive(&settings) + 2 * PATIENCE;
    loop {
        let item = match tokio::time::timeout(longest_silence, event_loop.poll()).await {
            Err(_) => News::Lost(Loss::of("the broker stopped taking our messages")),
            Ok(Err(error)) => News::Lost(explain(&error, &settings)),
            Ok(Ok(Event::Incoming(Packet::Publish(message)))) => match inbox.sort(&message) {
                Incoming::Nothing => continue,
                Incoming::Command(command) => {
                    if commands.send(command).await.is_err() {
                        return;
                    }
                    continue;
                }
                incoming => News::Came(incoming),
            },
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => News::Up,
            Ok(Ok(Event::Incoming(Packet::PubAck(ack)))) => News::Acknowledged(ack.pkid),
            Ok(Ok(Event::Incoming(Packet::SubAck(ack))))
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) =>
            {
                News::NotSubscribed
            }
            Ok(Ok(Event::Outgoing(Outgoing::Publish(packet)))) => News::Written(packet),
            // To poll on would connect again.
            Ok(Ok(Event::Outgoing(Outgoing::Disconnect))) => News::Closed,
            Ok(Ok(_)) => continue,
        };
        let last = matches!(item, News::Closed | News::Lost(_));
        if news.send(item).await.is_err() || last {
            return;
        }
    }
}

impl Loss {
    fn of(reason: impl Into<String>) -> Loss {
        Loss { reason: reason.into(), closed_by_broker: false }
    }
}

/// What happened and what to look at.
fn explain(error: &ConnectionError, settings: &MqttSettings) -> Loss {
    let closed = || Loss { reason: "the broker closed the connection".into(), closed_by_broker: true };
    Loss::of(match error {
        ConnectionError::NetworkTimeout => format!("no answer within {} s", PATIENCE.as_secs()),
        ConnectionError::ConnectionRefused(code) => return Loss::of(refusal(*code, settings)),
        ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused: no broker listens there; check that it runs, and the host and port of mqtt.url".into()
        }
        ConnectionError::Io(error) => error.to_string(),
        ConnectionError::FlushTimeout => "the broker stopped taking our messages".into(),
        ConnectionError::MqttState(StateError::ConnectionAborted) => return closed(),
        ConnectionError::MqttState(StateError::AwaitPingResp) => "the broker stopped answering".into(),
        ConnectionError::MqttState(StateError::Deserialization(PacketError::Io(error)))
        | ConnectionError::MqttState(StateError::Io(error)) => match error.kind() {
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => return closed(),
            _ => error.to_string(),
        },
        ConnectionError::MqttState(StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(size))) => {
            format!(
                "a message of {size} bytes came in, more than the {LARGEST_INCOMING} that are read; if it happens at \
                 every connection, it is a retained one: find it with mosquitto_sub -v -t '{}/+/set' and delete it",
                settings.prefix
            )
        }
        error => error.to_string(),
    })
}

fn refusal(code: ConnectReturnCode, settings: &MqttSettings) -> String {
    match (code, &settings.username) {
        (ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized, None) => {
            "the broker refuses us without a user name: give it a user name and password in [mqtt]".into()
        }
        (ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized, Some(user)) => format!(
            "the broker refuses user {user}: check the user name and password in [mqtt], and what the broker allows them"
        ),
        (ConnectReturnCode::BadClientId, _) => {
            format!("the broker refuses the client id {}: choose another in [mqtt]", settings.client_id)
        }
        (ConnectReturnCode::ServiceUnavailable, _) => "the broker says that it is not available now".into(),
        (code, _) => format!("the broker refuses the connection: {code:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    #[test]
    fn an_ipv6_address_is_put_in_brackets() {
        let settings = MqttSettings { host: "::1".into(), ..house::settings() };
        assert_eq!(options(&settings).broker_address().0, "[::1]");
        assert_eq!(options(&house::settings()).broker_address().0, "127.0.0.1");
    }

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

    #[test]
    fn a_refused_login_says_what_to_check() {
        let refused = ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized);
        assert!(explain(&refused, &house::settings()).reason.contains("without a user name"));
        let settings = MqttSettings { username: Some("hub".into()), ..house::settings() };
        assert!(explain(&refused, &settings).reason.contains("user hub"));
    }
}
