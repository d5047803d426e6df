//! WebSockets (RFC 6455): the broker's packets in binary messages of a web server.

use super::loss::{Loss, LossKind};
use crate::model::{Carrier, MqttSettings, shown};
use async_tungstenite::{
    ByteReader, ByteWriter,
    tokio::client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        error::ProtocolError,
        handshake::client::Request,
        http::{HeaderValue, StatusCode},
        protocol::WebSocketConfig,
    },
};
use futures_util::{TryStreamExt, future};
use tokio::io::{AsyncRead, AsyncWrite};

/// The largest message that is taken into memory; packets that are read are smaller.
const LARGEST: usize = 8 << 20;

/// Has the web server at the other end take over to WebSockets, and gives what is read and written through them.
///
/// # Errors
/// When it does not.
pub(super) async fn take_over<S: AsyncRead + AsyncWrite + Send + Unpin>(
    stream: S,
    settings: &MqttSettings,
    path: &str,
) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<S>, Error> {
    let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let (socket, _) = client_async_with_config(request(settings, path)?, stream, Some(limits)).await?;
    let (sender, messages) = socket.split();
    // Pings and closes are the WebSocket's own business: what they carry is no packet, and an empty one is no end.
    let is_packet = |message: &Message| matches!(message, Message::Binary(bytes) if !bytes.is_empty());
    let packets = messages.try_filter(move |message| future::ready(is_packet(message)));
    Ok(tokio::io::join(ByteReader::new(packets), ByteWriter::new(sender)))
}

fn request(settings: &MqttSettings, path: &str) -> Result<Request, Error> {
    // Whether there is TLS below is not its business.
    let mut request = format!("ws://{}{path}", settings.host_and_port()).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    Ok(request)
}

/// What went wrong, in words for people.
pub(super) fn explain(error: &Error, settings: &MqttSettings) -> Loss {
    match error {
        Error::Io(error) => Loss::io(error),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete) => {
            Loss::closed()
        }
        Error::Capacity(error) => Loss { reason: shown(&error.to_string()).into(), kind: LossKind::TooLarge },
        Error::Http(answer) => match answer.status() {
            status @ (StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) => {
                Loss::away(format!("the web server there answers {status}: the broker behind it may be away"))
            }
            status => {
                let path = match &settings.carrier {
                    Carrier::WebSocket { path } => path,
                    Carrier::Tcp => "/",
                };
                let path = shown(path);
                Loss::wrong(format!("the web server there answers {status} to {path}: check the path in mqtt.url"))
            }
        },
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            Loss::wrong("the web server there speaks WebSockets, and no MQTT over them: check the path in mqtt.url")
        }
        error => Loss::wrong(format!("what answers there speaks no WebSockets: {}", shown(&error.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    #[test]
    fn any_host_can_be_asked() {
        for (host, place) in
            [("::1", "[::1]:1883"), ("127.0.0.1", "127.0.0.1:1883"), ("broker.local", "broker.local:1883")]
        {
            let settings = MqttSettings { host: host.into(), ..house::settings() };
            assert_eq!(settings.host_and_port(), place);
            let request = request(&settings, "/mqtt").unwrap();
            assert_eq!(request.uri().to_string(), format!("ws://{place}/mqtt"));
            assert_eq!(request.headers()["host"], place);
        }
    }
}
