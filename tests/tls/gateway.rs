//! A web server that passes WebSockets on to a broker, with TLS or without, as a reverse proxy does; Debian's mosquitto
//! speaks none.

use super::authority::Pair;
use async_tungstenite::tungstenite::{
    Message,
    handshake::server::{ErrorResponse, Request, Response},
    http::{HeaderValue, StatusCode},
};
use futures_util::StreamExt;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{net::TcpListener, sync::Arc, thread};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto},
};

pub struct Gateway {
    pub port: u16,
}

impl Gateway {
    /// Until the test ends, passes what asks for `/house/mqtt` on to the broker on this port.
    pub fn start(broker: u16, pair: Option<&Pair>) -> Gateway {
        let tls = pair.map(|pair| {
            let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            TlsAcceptor::from(Arc::new(config))
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => pass_on(socket, broker).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(stream) => pass_on(stream, broker).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        thread::spawn(move || runtime.block_on(serve));
        Gateway { port }
    }
}

/// Until one end hangs up.
async fn pass_on<S: AsyncRead + AsyncWrite + Unpin>(stream: S, broker: u16) -> Option<()> {
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        if request.uri().path() != "/house/mqtt" {
            let mut refused = ErrorResponse::new(None);
            *refused.status_mut() = StatusCode::NOT_FOUND;
            return Err(refused);
        }
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
        Ok(response)
    };
    let socket = async_tungstenite::tokio::accept_hdr_async(stream, look).await.ok()?;
    let (mut out, mut messages) = socket.split();
    // As servers do now and then: what pings carry is no packet.
    for payload in [&b""[..], b"\x30\xff\xff\xff\x7fping"] {
        out.send(Message::Ping(payload.to_vec().into())).await.ok()?;
    }
    let (mut from_broker, mut to_broker) = TcpStream::connect(("127.0.0.1", broker)).await.ok()?.into_split();
    let mut buffer = vec![0; 1 << 16];
    loop {
        tokio::select! {
            message = messages.next() => match message?.ok()? {
                Message::Binary(bytes) => to_broker.write_all(&bytes).await.ok()?,
                Message::Close(_) => return None,
                _ => {}
            },
            read = from_broker.read(&mut buffer) => match read.ok()? {
                0 => return None,
                read => out.send(Message::binary(buffer[..read].to_vec())).await.ok()?,
            },
        }
    }
}
