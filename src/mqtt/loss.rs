//! Why a connection ended, or none was made, in words for people.

use super::dial::Progress;
use super::{tls, websocket};
use crate::model::{MqttSettings, in_shell, shown};
use async_tungstenite::tungstenite;
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
    /// It does not speak the version of MQTT that we do.
    OtherVersion,
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

    /// What answers is something else.
    pub(super) fn no_broker() -> Loss {
        Loss::wrong("what answers there is no MQTT broker")
    }

    /// The broker speaks of a session, and we have asked for none.
    pub(super) fn old_session() -> Loss {
        Loss::wrong("the broker does not keep to the protocol: it goes on with a session that never was")
    }

    /// The broker sends what it must not, in the words of the client library.
    pub(super) fn not_the_protocol(error: &str) -> Loss {
        Loss::wrong(format!("the broker does not keep to the protocol: {}", shown(error)))
    }
}

/// What our own connecting found out, and TLS at any time: the library only passes it on.
pub(super) fn within(error: &(dyn Error + 'static), settings: &MqttSettings) -> Option<Loss> {
    if let Some(loss) = first::<Loss>(error) {
        return Some(loss.clone());
    }
    if let Some(error) = first::<rustls::Error>(error) {
        return Some(tls::explain(error, settings));
    }
    first::<tungstenite::Error>(error).map(|error| websocket::explain(error, settings))
}

/// The first error of a type among an error and its causes. What an I/O error carries counts as a cause.
fn first<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
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

/// The broker did not take us in in time.
pub(super) fn no_answer(settings: &MqttSettings, progress: &Progress) -> Loss {
    let seconds = settings.connect_timeout.as_secs();
    if !progress.is_shaking_hands() {
        return Loss::away(format!("no answer within {seconds} s"));
    }
    Loss::wrong(format!(
        "the broker did not begin TLS within {seconds} s: give the port of its TLS listener, often 8883, or more time with \
         mqtt.connect_timeout"
    ))
}

/// A message of so many bytes came in; no more than `largest` are read.
pub(super) fn too_large(size: usize, largest: usize, settings: &MqttSettings) -> Loss {
    Loss {
        reason: format!(
            "a message of {size} bytes came in, more than the {largest} that are read; if it is a retained one, find it with \
             mosquitto_sub -v{} and delete it",
            topics_read(settings)
        ),
        kind: LossKind::TooLarge,
    }
}

/// The broker does not know us.
pub(super) fn login_refused(settings: &MqttSettings) -> Loss {
    Loss::wrong(match &settings.username {
        None => "the broker refuses us without a user name: give it a user name and password in [mqtt]".into(),
        Some(user) => format!(
            "the broker refuses user {}: check the user name and password in [mqtt], and what the broker allows them",
            shown(user)
        ),
    })
}

/// The broker does not like our name.
pub(super) fn client_id_refused(settings: &MqttSettings) -> Loss {
    Loss::wrong(format!("the broker refuses the client id {}: choose another in [mqtt]", shown(&settings.client_id)))
}

/// The arguments of `mosquitto_sub` for all that is read.
fn topics_read(settings: &MqttSettings) -> String {
    let home_assistant = settings.discovery_prefix.iter();
    let prefixes = std::iter::once(&settings.prefix).chain(home_assistant);
    prefixes.map(|prefix| format!(" -t {}", in_shell(&format!("{prefix}/#")))).collect()
}
