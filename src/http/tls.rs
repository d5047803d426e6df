//! TLS of the service: the certificate that we show, read again now and then, since it may be renewed.

use crate::{
    clock::{Clock, Moment},
    files,
    model::{ClockTrust, HttpTls, PemFault, pem, shown},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto},
};

/// The files are not read more often, however many connect.
const READ_EVERY: Duration = Duration::from_secs(60);

/// The certificate and its key.
pub(super) struct Certificates {
    tls: HttpTls,
    config: Arc<ServerConfig>,
    clock: Clock,
    read_at: Moment,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub async fn read(tls: &HttpTls) -> Result<Certificates, String> {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        Ok(Certificates { tls: tls.clone(), config: config(tls.clone()).await?, read_at: clock.now().moment, clock })
    }

    /// For one connection. Files that are wrong by now change nothing.
    pub async fn acceptor(&mut self) -> TlsAcceptor {
        let now = self.clock.now().moment;
        if now.since(self.read_at) >= READ_EVERY {
            self.read_at = now;
            match config(self.tls.clone()).await {
                Ok(config) => self.config = config,
                Err(why) => tracing::warn!("HTTP goes on with the certificate of before: {why}"),
            }
        }
        TlsAcceptor::from(self.config.clone())
    }
}

/// Off the control loop's thread.
async fn config(tls: HttpTls) -> Result<Arc<ServerConfig>, String> {
    let config = tokio::task::spawn_blocking(move || server_config(&tls)).await;
    config.map_err(|error| error.to_string())?.map(Arc::new)
}

fn server_config(HttpTls { cert_file, key_file, .. }: &HttpTls) -> Result<ServerConfig, String> {
    let read = |file: &Path| {
        files::read(file, files::WRITTEN).map_err(|error| format!("cannot read {}: {error}", file.display()))
    };
    let wrong = |file: &Path, PemFault { fault, cure }| format!("{} {fault}: {cure}", file.display());
    let chain = pem::certificates(&read(cert_file)?).map_err(|fault| wrong(cert_file, fault))?;
    let key = pem::private_key(&read(key_file)?).map_err(|fault| wrong(key_file, fault))?;
    pem::fits(&key, &chain, cert_file).map_err(|fault| wrong(key_file, fault))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(|error| {
        let (cert, key) = (cert_file.display(), key_file.display());
        format!("the certificate {cert} cannot be used with {key}: {}", shown(&error.to_string()))
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
