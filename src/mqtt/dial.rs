//! Connects to the broker: TCP, and over it TLS if that is wanted; then never without it.

use super::loss::Loss;
use super::{tls, websocket};
use crate::model::{Carrier, MqttSettings};
use rumqttc::{NetworkOptions, default_socket_connect};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

/// What a connection reads and writes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The first byte of an alert of TLS. No packet that a broker may begin with has it, nor has a web server's answer.
const ALERT: u8 = 0x15;

/// How far a connection has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// The other end accepted the connection, and TLS is being spoken about.
    pub(super) fn is_shaking_hands(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes the connection that packets travel on.
///
/// # Errors
/// A [`Loss`] within the error, if there is more to say than the system does.
pub(super) async fn dial(
    settings: Arc<MqttSettings>,
    network: NetworkOptions,
    progress: Progress,
) -> io::Result<Box<dyn Stream>> {
    let stream = connect(settings.clone(), network, progress).await?;
    match &settings.carrier {
        Carrier::Tcp => Ok(stream),
        Carrier::WebSocket { path } => match websocket::take_over(stream, &settings, path).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(io::Error::other(error)),
        },
    }
}

/// TCP, and TLS if it is wanted.
async fn connect(
    settings: Arc<MqttSettings>,
    network: NetworkOptions,
    progress: Progress,
) -> io::Result<Box<dyn Stream>> {
    let address = settings.host_and_port();
    let Some(tls) = settings.tls.clone() else {
        let tcp = default_socket_connect(address, network).await?;
        let speaks_tls = |begin: &[u8], settings: &MqttSettings| (begin == [ALERT]).then(|| tls::speaks_tls(settings));
        return Ok(Box::new(Watched::new(tcp, settings, speaks_tls)));
    };
    // The system has a hundred and more certificates to read: not on the thread of the control loop.
    let config = tokio::task::spawn_blocking(move || tls::client_config(&tls)).await.map_err(io::Error::other)?;
    let (config, name) = (config.map_err(io::Error::other)?, tls::server_name(&settings).map_err(io::Error::other)?);
    let tcp = default_socket_connect(address, network).await?;
    progress.0.store(true, Ordering::Relaxed);
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|error| match error.kind() {
        // A broker without TLS takes our first message for nonsense, and hangs up.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            io::Error::other(Loss::hung_up_on_tls(&settings))
        }
        _ => error,
    })?;
    progress.0.store(false, Ordering::Relaxed);
    Ok(Box::new(stream))
}

/// Whether a broker that hung up without a word expects TLS. It hears nothing but the beginning of a handshake.
pub(super) async fn expects_tls(settings: &MqttSettings) -> bool {
    let (Ok(config), Ok(name)) = (tls::config_that_trusts_nobody(), tls::server_name(settings)) else { return false };
    let connect = async {
        let tcp = TcpStream::connect((&*settings.host, settings.port)).await?;
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await
    };
    match tokio::time::timeout(settings.connect_timeout, connect).await {
        // It came to a certificate, or at least to an answer of TLS.
        Ok(Err(error)) => error
            .get_ref()
            .and_then(|error| error.downcast_ref::<rustls::Error>())
            .is_some_and(|error| !matches!(error, rustls::Error::InvalidMessage(_))),
        Ok(Ok(_)) => true,
        Err(_) => false,
    }
}

/// A connection at whose other end may be one who was to be spoken to otherwise, which shows in how it begins.
pub(super) struct Watched<T> {
    stream: T,
    settings: Arc<MqttSettings>,
    /// Its first bytes.
    begin: Vec<u8>,
    what_is_wrong: Judge,
}

/// What is wrong with a connection that begins so.
type Judge = fn(&[u8], &MqttSettings) -> Option<Loss>;

/// So many bytes of the beginning are judged.
const BEGIN: usize = 2;

impl<T> Watched<T> {
    /// Judges each of the first bytes as it comes, together with those before it.
    pub(super) fn new(stream: T, settings: Arc<MqttSettings>, what_is_wrong: Judge) -> Watched<T> {
        Watched { stream, settings, begin: Vec::new(), what_is_wrong }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let missing = BEGIN - self.begin.len();
        for byte in buffer.filled().iter().skip(before).take(missing) {
            self.begin.push(*byte);
            if let Some(loss) = (self.what_is_wrong)(&self.begin, &self.settings) {
                return Poll::Ready(Err(io::Error::other(loss)));
            }
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
