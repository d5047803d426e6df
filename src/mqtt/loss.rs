//! Why a connection ended, or none was made, in words for people.

use crate::model::{MqttSettings, in_shell, shown};
use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{ConnectReturnCode, ConnectionError, StateError};
use std::io;

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    fn closed() -> Loss {
        Loss { reason: "the broker closed the connection".into(), kind: LossKind::Closed }
    }

    fn io(error: &io::Error) -> Loss {
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

    /// What happened and what to look at. To connect takes `patience_s` at most; no more than `largest` bytes are read.
    pub(super) fn explain(error: &ConnectionError, settings: &MqttSettings, patience_s: u64, largest: usize) -> Loss {
        match error {
            ConnectionError::NetworkTimeout => Loss::away(format!("no answer within {patience_s} s")),
            ConnectionError::ConnectionRefused(code) => Loss::wrong(refusal(*code, settings)),
            ConnectionError::Io(error) => Loss::io(error),
            ConnectionError::FlushTimeout => Loss::wrong("the broker stopped taking our messages"),
            ConnectionError::NotConnAck(_) => Loss::wrong("what answers there is no MQTT broker"),
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
            Loss::explain(&refused, settings, 5, 1).reason
        };
        assert!(reason(&house::settings()).contains("without a user name"));
        assert!(reason(&MqttSettings { username: Some("hub".into()), ..house::settings() }).contains("user hub"));
    }

    #[test]
    fn a_broker_that_is_away_is_told_from_one_that_is_wrong() {
        let kind = |error| Loss::explain(&error, &house::settings(), 5, 1).kind;
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
