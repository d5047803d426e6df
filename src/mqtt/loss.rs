//! Why a connection ended, or none was made, in words for people.

use super::dial::Progress;
use super::{tls, websocket};
use crate::model::{MqttSettings, in_shell, shown};
use async_tungstenite::tungstenite;
use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{ConnectReturnCode, ConnectionError, StateError};
use std::{error::Error, io};
use tokio_rustls::rustls;

/// Why a connection ended. It travels through the client library as an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Loss {
    /// One line for people.
    pub(super) reason: String,
    pub(super) kind: LossKind,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LossKind {
    /// The broker is not there, or went away: it may be back in a moment.
    Away,
    /// The broker closed the connection, without saying why.
    Closed,
    /// It is there, and does not do what a broker does, or not for us: to hurry helps nobody.
    Wrong,
    /// A message came in that is too large to be read.
    TooLarge,
}

impl Loss {
    /// The broker is not there.
    pub(super) fn away(reason: impl Into<String>) -> Loss {
        Loss { reason: reason.into(), kind: LossKind::Away }
    }

    /// The broker does not do what a broker does.
    pub(super) fn wrong(reason: impl Into<String>) -> Loss {
        Loss { reason: reason.into(), kind: LossKind::Wrong }
    }

    pub(super) fn closed() -> Loss {
        Loss { reason: "the broker closed the connection".into(), kind: LossKind::Closed }
    }

    /// The other end hung up when TLS was begun.
    pub(super) fn hung_up_on_tls(settings: &MqttSettings) -> Loss {
        let no_tls = tls::no_tls(settings).reason;
        // Also what takes connections for a broker that is away.
        Loss::away(format!("the broker hung up when TLS was begun; probably {no_tls}"))
    }

    /// What may be the cause of it, if it ended before the broker accepted us.
    pub(super) fn before_we_were_accepted(mut self, settings: &MqttSettings) -> Loss {
        if self.kind == LossKind::Closed {
            self.reason.push_str(match &settings.tls {
                Some(tls) if tls.client.is_none() => {
                    "; it may ask for a certificate of ours (mqtt.cert_file, mqtt.key_file)"
                }
                Some(_) => "; it may not accept our certificate (mqtt.cert_file)",
                None => "",
            });
        }
        self
    }

    pub(super) fn io(error: &io::Error) -> Loss {
        use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, InvalidData, Other, UnexpectedEof};
        match error.kind() {
            ConnectionReset | BrokenPipe | UnexpectedEof => Loss::closed(),
            ConnectionRefused => Loss::away(
                "connection refused: no broker listens there; check that it runs, and the host and port of mqtt.url",
            ),
            InvalidData => Loss::wrong(shown(&error.to_string())),
            // The client library's word for it.
            Other if error.to_string() == "bytes remaining on stream" => {
                Loss { reason: "the broker closed the connection in the middle of a message".into(), ..Loss::closed() }
            }
            _ => Loss::away(shown(&error.to_string())),
        }
    }

    /// What happened and what to look at. No more than `largest` bytes are read.
    pub(super) fn explain(
        error: &ConnectionError,
        settings: &MqttSettings,
        progress: &Progress,
        largest: usize,
    ) -> Loss {
        // What our own connecting found out, and TLS at any time: the library only passes it on.
        if let Some(loss) = within::<Loss>(error) {
            return loss.clone();
        }
        if let Some(error) = within::<rustls::Error>(error) {
            return tls::explain(error, settings);
        }
        if let Some(error) = within::<tungstenite::Error>(error) {
            return websocket::explain(error, settings);
        }
        match error {
            ConnectionError::NetworkTimeout if progress.is_shaking_hands() => Loss::wrong(format!(
                "the broker did not begin TLS within {} s: give the port of its TLS listener, often 8883, or more time with \
                 mqtt.connect_timeout",
                settings.connect_timeout.as_secs()
            )),
            ConnectionError::NetworkTimeout => {
                Loss::away(format!("no answer within {} s", settings.connect_timeout.as_secs()))
            }
            ConnectionError::ConnectionRefused(code) => Loss::wrong(refusal(*code, settings)),
            ConnectionError::Io(error) => Loss::io(error),
            ConnectionError::FlushTimeout => Loss::wrong("the broker stopped taking our messages"),
            ConnectionError::NotConnAck(_) => Loss::wrong("what answers there is no MQTT broker"),
            ConnectionError::SessionStateMismatch { .. } => {
                Loss::wrong("the broker does not keep to the protocol: it goes on with a session that never was")
            }
            ConnectionError::MqttState(error) => match error {
                StateError::ConnectionAborted => Loss::closed(),
                StateError::AwaitPingResp => Loss::away("the broker stopped answering"),
                StateError::Io(error) | StateError::Deserialization(PacketError::Io(error)) => Loss::io(error),
                StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(size)) => Loss {
                    reason: format!(
                        "a message of {size} bytes came in, more than the {largest} that are read; if it is a retained one, \
                         find it with mosquitto_sub -v{} and delete it",
                        topics_read(settings)
                    ),
                    kind: LossKind::TooLarge,
                },
                error => {
                    Loss::wrong(format!("the broker does not keep to the protocol: {}", shown(&error.to_string())))
                }
            },
            error => Loss::wrong(shown(&error.to_string())),
        }
    }
}

/// The first error of a type among an error and its causes. What an I/O error carries counts as a cause.
fn within<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn refusal(code: ConnectReturnCode, settings: &MqttSettings) -> String {
    match (code, &settings.username) {
        (ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized, None) => {
            "the broker refuses us without a user name: give it a user name and password in [mqtt]".into()
        }
        (ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized, Some(user)) => format!(
            "the broker refuses user {}: check the user name and password in [mqtt], and what the broker allows them",
            shown(user)
        ),
        (ConnectReturnCode::BadClientId, _) => {
            format!("the broker refuses the client id {}: choose another in [mqtt]", shown(&settings.client_id))
        }
        (ConnectReturnCode::ServiceUnavailable, _) => "the broker says that it is not available now".into(),
        (code, _) => format!("the broker refuses the connection: {code:?}"),
    }
}

/// The arguments of `mosquitto_sub` for all that is read.
fn topics_read(settings: &MqttSettings) -> String {
    let home_assistant = settings.discovery_prefix.iter();
    let prefixes = std::iter::once(&settings.prefix).chain(home_assistant);
    prefixes.map(|prefix| format!(" -t {}", in_shell(&format!("{prefix}/#")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    #[test]
    fn a_refused_login_says_what_to_check() {
        let reason = |settings: &MqttSettings| {
            let refused = ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized);
            Loss::explain(&refused, settings, &Progress::default(), 1).reason
        };
        assert!(reason(&house::settings()).contains("without a user name"));
        assert!(reason(&MqttSettings { username: Some("hub".into()), ..house::settings() }).contains("user hub"));
    }

    #[test]
    fn a_broker_that_is_away_is_told_from_one_that_is_wrong() {
        let kind = |error| Loss::explain(&error, &house::settings(), &Progress::default(), 1).kind;
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
