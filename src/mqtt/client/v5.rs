//! MQTT 5: what a broker thinks of our packets it says, and commands tell where their answer is to go.

use super::{
    super::{
        dial::{self, Watched},
        loss::{self, Loss, LossKind},
        reply::{Answer, ReplyTo},
        timer::{Timer, ring, timer},
    },
    ALLOW, About, Allowed, Delivery, Denied, Happened, NotTaken, Qos, Terms,
};
use crate::model::{MqttSettings, Password, shown};
use rumqttc_v5::mqttbytes::Error as PacketError;
use rumqttc_v5::{
    AsyncClient, Broker, ConnAck, ConnectReturnCode, ConnectionError, DisconnectReasonCode, Event, EventLoop, LastWill,
    MqttOptions, Outgoing, Packet, PubAck, PubAckReason, PublishOptions, PublishProperties, QoS, StateError,
    SubscribeFilter, SubscribeReasonCode,
};
use std::{sync::atomic::Ordering, time::Duration};

/// The beginning of a CONNACK of MQTT 3.1.1: of one of MQTT 5 at least three bytes follow.
const CONNACK_OF_3: [u8; 2] = [0x20, 2];

/// So many messages at most are on their way unacknowledged, as by MQTT 3.1.1.
const IN_FLIGHT: u16 = 100;

#[derive(Debug)]
pub(super) struct Client(AsyncClient);

pub(super) struct Library {
    events: EventLoop,
    client: AsyncClient,
    probe: Option<Probe>,
}

/// A broker that wants to hear of us seldom or never is asked as often as we would have it hear of us: else nobody would
/// notice that it is gone.
struct Probe {
    every: Duration,
    next: Timer,
    /// It was asked, and nothing was heard of it since.
    is_owed: bool,
}

/// Nobody reads this. That it is no more to be read, each broker has to acknowledge.
const PROBE: &str = "hearthd-asks-whether-you-are-there";

pub(super) fn connection(about: &About) -> (Client, Library) {
    let mut options = options(about);
    let (settings, progress, is_carried) = (about.settings.clone(), about.progress.clone(), about.is_carried.clone());
    options.set_socket_connector(move |_, network| {
        let (settings, progress, is_carried) = (settings.clone(), progress.clone(), is_carried.clone());
        async move {
            let stream = dial::dial(settings.clone(), network, progress).await?;
            is_carried.store(true, Ordering::Relaxed);
            // The library would wait for the rest of it.
            Ok(Watched::new(stream, settings, |begin, _| (begin == CONNACK_OF_3).then(speaks_no_5)))
        }
    });
    let (client, library) = AsyncClient::builder(options).capacity(about.limits.queue).build();
    (Client(client.clone()), Library { events: library, client, probe: None })
}

pub(super) fn options(about: &About) -> MqttOptions {
    let settings = &about.settings;
    // What the connection goes over is our own business (`dial.rs`).
    let mut options = MqttOptions::new(&settings.client_id, Broker::tcp(&settings.host, settings.port));
    options.set_keep_alive(super::keep_alive_s(settings));
    // And the session ends with the connection, which is so where nothing else is asked for.
    options.set_clean_start(true);
    if let Some(username) = &settings.username {
        options.set_credentials(username, settings.password.clone().map(|Password(word)| word).unwrap_or_default());
    }
    if let Some((topic, payload)) = about.will.clone() {
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true, None));
    }
    // The broker is told, and keeps what is larger to itself.
    options.set_max_packet_size(Some(u32::try_from(about.limits.incoming).unwrap_or(u32::MAX)));
    // The library keeps a place for each: without a limit, 16 MB.
    options.set_outgoing_inflight_upper_limit(IN_FLIGHT);
    // What waits goes out together.
    options.set_max_request_batch(about.limits.queue);
    options.set_connect_timeout(settings.connect_timeout.max(Duration::from_secs(1)));
    // Small packets must not wait for each other (Nagle's algorithm).
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
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

    pub(super) fn publish_for(&self, topic: &str, payload: Vec<u8>, seconds: u32) -> Result<(), NotTaken> {
        let properties = PublishProperties { message_expiry_interval: Some(seconds), ..PublishProperties::default() };
        let options = PublishOptions::at_least_once().properties(properties);
        self.0.try_publish(topic, payload, options).map_err(|_| NotTaken)
    }

    pub(super) fn answer(&self, answer: &Answer) -> Result<(), NotTaken> {
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("application/json".into()),
            correlation_data: answer.to.correlation.clone().map(Into::into),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().properties(properties);
        self.0.try_publish(&*answer.to.topic, answer.payload.clone(), options).map_err(|_| NotTaken)
    }

    pub(super) fn close(&self) -> Result<(), NotTaken> {
        self.0.try_disconnect_now().map_err(|_| NotTaken)
    }
}

impl Library {
    pub(super) async fn next(&mut self, about: &About) -> Result<Happened, Loss> {
        Ok(match self.event(about).await? {
            Event::Incoming(Packet::ConnAck(ack)) => {
                self.probe = probes(&ack, about).then(|| Probe::new(super::keep_alive(&about.settings)));
                Happened::Accepted(terms(&ack, about)?)
            }
            Event::Incoming(Packet::Publish(message)) => Happened::Came(Delivery {
                // The library has looked whether it is UTF-8.
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload.into(),
                retain: message.retain,
                qos: from_library(message.qos),
                dup: message.dup,
                packet: message.pkid,
                reply: message.properties.and_then(|properties| {
                    Some(ReplyTo::new(properties.response_topic?, properties.correlation_data.map(Into::into)))
                }),
            }),
            Event::Incoming(Packet::PubRel(release)) => Happened::Released(release.pkid),
            Event::Incoming(Packet::PubAck(ack)) => Happened::Acknowledged(ack.pkid, taken(&ack)),
            Event::Incoming(Packet::SubAck(ack)) => {
                let said = ack.properties.as_ref().and_then(|properties| properties.reason_string.as_deref());
                let allowed = |code: &SubscribeReasonCode| {
                    Err(match code {
                        SubscribeReasonCode::Success(_) => return Ok(()),
                        SubscribeReasonCode::NotAuthorized => Denied::new(with(ALLOW, said)),
                        SubscribeReasonCode::QuotaExceeded => Denied::for_now(with(QUOTA, said)),
                        SubscribeReasonCode::WildcardSubscriptionsNotSupported => Denied::new(with(
                            "it passes on no topics with wildcards (+, #): hearthd needs a broker that does",
                            said,
                        )),
                        code => Denied::new(with(&format!("{code:?}"), said)),
                    })
                };
                Happened::Answered(ack.pkid, ack.return_codes.iter().map(allowed).collect())
            }
            Event::Outgoing(Outgoing::Publish(packet)) => Happened::Written(packet),
            Event::Outgoing(Outgoing::Subscribe(packet)) => Happened::Asking(packet),
            Event::Outgoing(Outgoing::Disconnect) => Happened::Closed,
            _ => Happened::Nothing,
        })
    }

    /// What the library tells next, while the broker is there.
    async fn event(&mut self, about: &About) -> Result<Event, Loss> {
        let Some(probe) = &mut self.probe else {
            return self.events.poll().await.map_err(|error| explain(&error, about));
        };
        probe.go_on();
        let mut next = std::pin::pin!(self.events.poll());
        loop {
            tokio::select! {
                biased;
                event = &mut next => {
                    let event = event.map_err(|error| explain(&error, about))?;
                    if matches!(event, Event::Incoming(_)) {
                        *probe = Probe::new(probe.every);
                    }
                    return Ok(event);
                }
                // Given up half-way, the library is not asked again.
                () = ring(&mut probe.next) => {
                    if probe.is_owed {
                        return Err(Loss::away("the broker stopped answering"));
                    }
                    (probe.is_owed, probe.next) = (true, timer(probe.every));
                    // Where it cannot be asked because too much waits, something should be heard of it all the more.
                    let _ = self.client.try_unsubscribe(PROBE);
                }
            }
        }
    }
}

impl Probe {
    fn new(every: Duration) -> Probe {
        Probe { every, next: timer(every), is_owed: false }
    }

    /// Where nobody listened meanwhile, that was not the broker.
    fn go_on(&mut self) {
        if self.next.as_ref().is_none_or(|next| next.is_elapsed()) {
            *self = Probe::new(self.every);
        }
    }
}

/// Whether the broker wants to hear of us more seldom than we asked for.
fn probes(ack: &ConnAck, about: &About) -> bool {
    let wanted = ack.properties.as_ref().and_then(|properties| properties.server_keep_alive);
    wanted.is_some_and(|seconds| seconds == 0 || seconds > super::keep_alive_s(&about.settings))
}

/// So many letters of what a broker says are told.
const LONGEST_SAID: usize = 200;
/// What a quota that is used up means.
const QUOTA: &str = "its quota is used up: raise it there";

/// How the broker takes us in, if it can carry a house.
fn terms(ack: &ConnAck, about: &About) -> Result<Terms, Loss> {
    let needs = |what: &str| Loss::wrong(format!("the broker takes no {what}, which hearthd needs: allow it there"));
    let Some(properties) = &ack.properties else {
        return Ok(Terms { version: "5", outgoing: about.limits.outgoing });
    };
    if properties.retain_available == Some(0) {
        return Err(needs("retained messages"));
    }
    if properties.max_qos == Some(0) {
        return Err(needs("messages at QoS 1"));
    }
    let outgoing = properties.max_packet_size.and_then(|size| usize::try_from(size).ok());
    Ok(Terms { version: "5", outgoing: outgoing.unwrap_or(usize::MAX).min(about.limits.outgoing) })
}

/// Whether the broker passes on what we published.
fn taken(ack: &PubAck) -> Allowed {
    let said = ack.properties.as_ref().and_then(|properties| properties.reason_string.as_deref());
    Err(match ack.reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => return Ok(()),
        PubAckReason::NotAuthorized => Denied::new(with(ALLOW, said)),
        PubAckReason::QuotaExceeded => Denied::for_now(with(QUOTA, said)),
        reason => Denied::new(with(&format!("{reason:?}"), said)),
    })
}

/// A reason, and what the broker says itself.
fn with(reason: &str, said: Option<&str>) -> String {
    match said {
        Some(said) => {
            let said: String = said.chars().take(LONGEST_SAID).collect();
            format!("{reason} (it says: {})", shown(&said))
        }
        None => reason.to_owned(),
    }
}

fn speaks_no_5() -> Loss {
    Loss {
        reason: "the broker does not speak MQTT 5: remove mqtt.version, or write version = \"3.1.1\"".into(),
        kind: LossKind::OtherVersion,
    }
}

/// What happened and what to look at.
fn explain(error: &ConnectionError, about: &About) -> Loss {
    let settings = &about.settings;
    if let Some(loss) = loss::within(error, settings) {
        return loss;
    }
    match error {
        ConnectionError::Timeout(_) => loss::no_answer(settings, &about.progress),
        ConnectionError::ConnectionRefused(code) => refused(*code, settings),
        ConnectionError::Io(error) => Loss::io(error),
        ConnectionError::NotConnAck(_) => Loss::no_broker(),
        ConnectionError::SessionStateMismatch { .. } => Loss::old_session(),
        ConnectionError::MqttState(error) => match error {
            StateError::ConnectionAborted => Loss::closed(),
            StateError::AwaitPingResp => Loss::away("the broker stopped answering"),
            StateError::Io(error) | StateError::Deserialization(PacketError::Io(error)) => {
                // The library does not name it as a cause.
                loss::within(error, settings).unwrap_or_else(|| Loss::io(error))
            }
            StateError::Deserialization(PacketError::PayloadSizeLimitExceeded { pkt_size, .. }) => {
                loss::too_large(*pkt_size, about.limits.incoming, settings)
            }
            // Messages are looked at before they are sent: it is what we ask to read.
            StateError::OutgoingPacketTooLarge { pkt_size, max }
            | StateError::Deserialization(PacketError::OutgoingPacketTooLarge { pkt_size, max }) => {
                Loss::wrong(format!(
                    "a packet of ours has {pkt_size} bytes, more than the {max} that the broker takes: raise its limit"
                ))
            }
            StateError::ServerDisconnect { reason_code, reason_string } => {
                let Loss { reason, kind } = thrown_out(*reason_code, settings);
                Loss { reason: with(&reason, reason_string.as_deref()), kind }
            }
            // Before we are accepted, it may be one of 3.1.1 that does not know better.
            StateError::Deserialization(error) => {
                Loss { kind: LossKind::OtherVersion, ..Loss::not_the_protocol(&error.to_string()) }
            }
            error => Loss::not_the_protocol(&error.to_string()),
        },
        error => Loss::wrong(shown(&error.to_string())),
    }
}

/// Why the broker does not take us in.
fn refused(code: ConnectReturnCode, settings: &MqttSettings) -> Loss {
    use ConnectReturnCode as Code;
    match code {
        Code::BadUserNamePassword | Code::NotAuthorized => loss::login_refused(settings),
        Code::ClientIdentifierNotValid => loss::client_id_refused(settings),
        Code::ServerUnavailable => Loss::wrong("the broker says that it is not available now"),
        Code::ServerBusy => Loss::wrong("the broker says that it is too busy"),
        Code::Banned => Loss::wrong("the broker has banned us: its administrator knows why"),
        Code::QuotaExceeded => Loss::wrong(format!("the broker refuses the connection: {QUOTA}")),
        Code::ConnectionRateExceeded => Loss::wrong("the broker says that too many connect to it"),
        Code::UseAnotherServer | Code::ServerMoved => {
            Loss::wrong("the broker says that another one is to be used: give its address in mqtt.url")
        }
        Code::UnsupportedProtocolVersion => speaks_no_5(),
        // What it finds wrong is our packet.
        Code::UnspecifiedError | Code::MalformedPacket | Code::ProtocolError | Code::ImplementationSpecificError => {
            let reason = format!("the broker refuses the connection: {code:?}");
            Loss { reason, kind: LossKind::OtherVersion }
        }
        code => Loss::wrong(format!("the broker refuses the connection: {code:?}")),
    }
}

/// Why the broker ended the connection.
fn thrown_out(code: DisconnectReasonCode, settings: &MqttSettings) -> Loss {
    use DisconnectReasonCode as Code;
    match code {
        Code::ServerShuttingDown => Loss::away("the broker is shutting down"),
        Code::KeepAliveTimeout => Loss::away("the broker has not heard of us for too long"),
        // A client that fights for its place is told by how often this happens.
        Code::SessionTakenOver => Loss {
            reason: format!("another client has connected as {}", shown(&settings.client_id)),
            kind: LossKind::Closed,
        },
        Code::AdministrativeAction => {
            Loss { reason: "the broker's administrator ended the connection".into(), kind: LossKind::Closed }
        }
        Code::NormalDisconnection => Loss::closed(),
        Code::NotAuthorized => Loss::wrong(format!("the broker ended the connection, for want of a right: {ALLOW}")),
        Code::QuotaExceeded | Code::MessageRateTooHigh => {
            Loss::wrong(format!("the broker ended the connection: {QUOTA}"))
        }
        Code::PacketTooLarge => Loss::wrong(
            "a message of ours is larger than the broker takes: raise its limit, or try discovery = \"single\" in [mqtt]",
        ),
        code => Loss::wrong(format!("the broker ended the connection: {code:?}")),
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
    use crate::mqtt::house;
    use std::io;

    fn loss(error: &ConnectionError) -> Loss {
        explain(error, &super::super::tests::about(house::settings()))
    }

    fn thrown_out(reason_code: DisconnectReasonCode, said: Option<&str>) -> Loss {
        let reason_string = said.map(str::to_owned);
        loss(&ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, reason_string }))
    }

    #[test]
    fn why_the_broker_ended_it_is_said_with_its_own_words() {
        let taken_over = thrown_out(DisconnectReasonCode::SessionTakenOver, None);
        assert_eq!(taken_over.reason, "another client has connected as hearthd_cottage");
        assert_eq!(taken_over.kind, LossKind::Closed);
        assert_eq!(thrown_out(DisconnectReasonCode::ServerShuttingDown, None).kind, LossKind::Away);
        let quota = thrown_out(DisconnectReasonCode::QuotaExceeded, Some("10 a day\n"));
        assert_eq!(quota.kind, LossKind::Wrong);
        assert!(quota.reason.ends_with("(it says: 10 a day\\n)"), "{}", quota.reason);
    }

    #[test]
    fn a_broker_that_is_away_is_told_from_one_that_is_wrong_and_from_an_older_one() {
        let kind = |error| loss(&error).kind;
        let io = |kind| ConnectionError::Io(io::Error::from(kind));
        assert_eq!(kind(io(io::ErrorKind::ConnectionRefused)), LossKind::Away);
        assert_eq!(kind(io(io::ErrorKind::ConnectionReset)), LossKind::Closed);
        let older = || io::Error::other(speaks_no_5());
        assert_eq!(kind(ConnectionError::Io(older())), LossKind::OtherVersion);
        let read = StateError::Deserialization(PacketError::Io(older()));
        assert_eq!(kind(ConnectionError::MqttState(read)), LossKind::OtherVersion);
        assert_eq!(kind(ConnectionError::MqttState(StateError::Unsolicited(3))), LossKind::Wrong);
        let refused = |code| kind(ConnectionError::ConnectionRefused(code));
        assert_eq!(refused(ConnectReturnCode::UnsupportedProtocolVersion), LossKind::OtherVersion);
        assert_eq!(refused(ConnectReturnCode::MalformedPacket), LossKind::OtherVersion, "it may read 3.1.1");
        let read = StateError::Deserialization(PacketError::InvalidConnectReturnCode(1));
        assert_eq!(kind(ConnectionError::MqttState(read)), LossKind::OtherVersion);
        assert_eq!(refused(ConnectReturnCode::NotAuthorized), LossKind::Wrong);
        let large = StateError::Deserialization(PacketError::PayloadSizeLimitExceeded { pkt_size: 9, max: 1 });
        assert_eq!(kind(ConnectionError::MqttState(large)), LossKind::TooLarge);
    }
}
