//! TLS of the service: the certificate that we show, read again now and then, since it may be renewed; and what those are told
//! who speak without.

use super::self_made::{self, Pair};
use crate::{
    clock::{Clock, Moment},
    files,
    model::{ClockTrust, HttpTls, PemFault, PemKind, pem, shown},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto},
    server::TlsStream,
};

/// The files are not read more often, however many connect.
const READ_EVERY: Duration = Duration::from_secs(60);

/// So much of a request without TLS is taken in.
const UNREAD_MAX: u64 = 64 << 10;

/// Opens a connection. None: it is not by TLS, or that fails; one by plain HTTP was told so.
pub(super) async fn open(acceptor: TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    // A request begins with its method, TLS with the byte 22.
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_uppercase() {
        // Whether it is heard is the client's affair.
        let _ = refuse_plain(stream).await;
        return None;
    }
    acceptor.accept(stream).await.ok()
}

/// Says what to do instead, and nothing of the house or of what was sent. It is no redirect: with one, a page or program that is
/// told the wrong address would seem to work, and send its cookies and tokens in the clear each time.
async fn refuse_plain(mut stream: TcpStream) -> io::Result<()> {
    let text = "This port speaks TLS: ask for https:// instead of http://.\n";
    let head = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Hung up on while bytes are unread, the system would throw the answer away.
    io::copy(&mut stream.take(UNREAD_MAX), &mut io::sink()).await.map(drop)
}

/// Who we show ourselves to be.
#[derive(Clone)]
pub(super) struct Identity {
    pub tls: HttpTls,
    /// Names and addresses by which we are asked for.
    pub names: Vec<String>,
    /// Where state is kept.
    pub state: Option<PathBuf>,
}

/// The certificate and its key.
pub(super) struct Certificates {
    identity: Identity,
    config: Arc<ServerConfig>,
    clock: Clock,
    read_at: Moment,
    /// Of one that nobody vouches for.
    pub fingerprint: Option<String>,
}

impl Certificates {
    /// Reads the files, or makes the certificate.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub async fn read(identity: Identity) -> Result<Certificates, String> {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let (config, fingerprint) = config(identity.clone()).await?;
        Ok(Certificates { identity, config, read_at: clock.now().moment, clock, fingerprint })
    }

    /// For one connection. Files that are wrong by now change nothing.
    pub async fn acceptor(&mut self) -> TlsAcceptor {
        let now = self.clock.now().moment;
        if matches!(self.identity.tls, HttpTls::Files { .. }) && now.since(self.read_at) >= READ_EVERY {
            self.read_at = now;
            match config(self.identity.clone()).await {
                Ok((config, _)) => self.config = config,
                Err(why) => tracing::warn!("HTTP goes on with the certificate of before: {why}"),
            }
        }
        TlsAcceptor::from(self.config.clone())
    }
}

type Loaded = (Arc<ServerConfig>, Option<String>);

/// Off the control loop's thread.
async fn config(identity: Identity) -> Result<Loaded, String> {
    let loaded = tokio::task::spawn_blocking(move || load(&identity)).await;
    loaded.map_err(|error| error.to_string())?
}

/// What TLS needs, and the fingerprint of what hearthd made.
fn load(Identity { tls, names, state }: &Identity) -> Result<Loaded, String> {
    let (name, (chain, key)) = match tls {
        HttpTls::Files { cert_file, key_file, .. } => (cert_file.display().to_string(), read(cert_file, key_file)?),
        HttpTls::SelfMade => ("that hearthd made".to_owned(), self_made::pair(state.as_deref(), names)?),
    };
    let made = chain.first().filter(|_| *tls == HttpTls::SelfMade).map(self_made::fingerprint);
    let config = server_config(chain, key).map_err(|why| format!("the certificate {name} cannot be used: {why}"))?;
    Ok((Arc::new(config), made))
}

fn read(cert_file: &Path, key_file: &Path) -> Result<Pair, String> {
    let read = |file: &Path| {
        files::read(file, files::WRITTEN).map_err(|error| format!("cannot read {}: {error}", file.display()))
    };
    pem::pair(&read(cert_file)?, &read(key_file)?, cert_file).map_err(|(kind, PemFault { fault, cure })| {
        let file = if kind == PemKind::Certificates { cert_file } else { key_file };
        format!("{} {fault}: {cure}", file.display())
    })
}

fn server_config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|error| shown(&error.to_string()).to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
