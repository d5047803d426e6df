//! TLS: what a connection needs of files, and what went wrong in words for people.

use super::loss::{Loss, LossKind};
use crate::files;
use crate::model::{ClientCertificate, MqttSettings, PemFault, PemKind, TlsSettings, pem, shown};
use chrono::DateTime;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{io, path::Path, sync::Arc};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, ConfigBuilder, Error, OtherError, RootCertStore, WantsVerifier,
    client::Resumption, crypto,
};

/// Reads what a connection needs: each one does, so certificates may be renewed meanwhile.
///
/// # Errors
/// Which file is wrong, and how.
pub(super) fn client_config(tls: &TlsSettings) -> Result<ClientConfig, Loss> {
    let roots = match &tls.ca_file {
        Some(file) => roots(file)?,
        None => system_roots()?,
    };
    let builder = builder()?.with_root_certificates(roots);
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(ClientCertificate { cert_file, key_file }) => {
            let pair = pem::pair(&read(cert_file)?, &read(key_file)?, cert_file);
            let (chain, key) = pair.map_err(|(kind, fault)| match kind {
                PemKind::Certificates => at_fault(cert_file, &fault),
                PemKind::Key => at_fault(key_file, &fault),
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let (cert, key) = (cert_file.display(), key_file.display());
                let why = error.to_string();
                Loss::wrong(format!("our certificate {cert} cannot be used with {key}: {}", shown(&why)))
            })?
        }
    };
    // Each connection begins anew, with files that may be others.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// For a connection that comes to nothing, to see whether the other end speaks TLS.
pub(super) fn config_that_trusts_nobody() -> Result<ClientConfig, Loss> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Loss> {
    ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Loss::wrong(format!("TLS cannot be used: {error}")))
}

/// The name that the broker's certificate must have.
pub(super) fn server_name(settings: &MqttSettings) -> Result<ServerName<'static>, Loss> {
    let name = settings.tls.as_ref().and_then(|tls| tls.server_name.as_ref()).unwrap_or(&settings.host);
    ServerName::try_from(name.clone()).map_err(|_| {
        Loss::wrong(format!("no certificate can have the name {}: give the broker's in mqtt.server_name", shown(name)))
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Loss> {
    files::read(file, files::WRITTEN).map_err(|error| {
        let cause = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".into(),
            io::ErrorKind::PermissionDenied => {
                "permission denied: let hearthd read it (chgrp hearthd, chmod 640)".into()
            }
            _ => error.to_string(),
        };
        Loss::wrong(format!("cannot read {}: {cause}", file.display()))
    })
}

fn at_fault(file: &Path, PemFault { fault, cure }: &PemFault) -> Loss {
    Loss::wrong(format!("{} {fault}: {cure}", file.display()))
}

fn roots(file: &Path) -> Result<RootCertStore, Loss> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in
        pem::certificates(&read(file)?).map_err(|fault| at_fault(file, &fault))?.into_iter().enumerate()
    {
        roots.add(certificate).map_err(|error| {
            let (number, error) = (index + 1, shown(&error.to_string()).into_owned());
            Loss::wrong(format!("certificate {number} in {} cannot be used: {error}", file.display()))
        })?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, Loss> {
    let mut roots = RootCertStore::empty();
    let found: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
    if roots.add_parsable_certificates(found).0 == 0 {
        return Err(Loss::wrong(
            "this system has no certificates of authorities: sudo apt install ca-certificates, or name those of the \
             broker in mqtt.ca_file",
        ));
    }
    Ok(roots)
}

/// What an error of TLS means.
pub(super) fn explain(error: &Error, settings: &MqttSettings) -> Loss {
    match error {
        Error::InvalidCertificate(wrong) => certificate(wrong, settings),
        Error::AlertReceived(alert) => Loss::wrong(alert_received(*alert, settings)),
        Error::InvalidMessage(_) => no_tls(settings),
        Error::PeerIncompatible(_) => Loss::wrong("the broker speaks neither TLS 1.2 nor TLS 1.3 as we do"),
        error => Loss::wrong(format!("TLS: {}", shown(&error.to_string()))),
    }
}

/// What answers is not TLS.
pub(super) fn no_tls(settings: &MqttSettings) -> Loss {
    let (port, plain) = (settings.port, if settings.address().starts_with("wss") { "ws" } else { "mqtt" });
    Loss::wrong(format!(
        "what answers on port {port} does not speak TLS, and nothing was sent in the clear: give the port of the broker's \
         TLS listener, often 8883, or write {plain}:// in mqtt.url if nobody else can listen on the way"
    ))
}

/// What is not to speak TLS does.
pub(super) fn speaks_tls(settings: &MqttSettings) -> Loss {
    let secure = if settings.address().starts_with("ws") { "wss" } else { "mqtts" };
    Loss::wrong(format!("the broker speaks TLS on port {}: write {secure}:// in mqtt.url", settings.port))
}

fn certificate(wrong: &CertificateError, settings: &MqttSettings) -> Loss {
    use CertificateError as Wrong;
    let authorities = match settings.tls.as_ref().and_then(|tls| tls.ca_file.as_ref()) {
        Some(file) => format!("is in {} (mqtt.ca_file)", file.display()),
        None => "this system knows: name its certificate in mqtt.ca_file".into(),
    };
    let text = match wrong {
        Wrong::UnknownIssuer => format!("the broker's certificate is not from an authority that {authorities}"),
        Wrong::BadSignature => {
            format!("the broker's certificate only seems to be from an authority that {authorities}")
        }
        Wrong::Expired => "the broker's certificate has expired: renew it at the broker".into(),
        Wrong::ExpiredContext { time, not_after } => format!(
            "the broker's certificate has expired on {}: renew it at the broker (for this machine it is {})",
            date(*not_after),
            date(*time)
        ),
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => return not_valid_yet(wrong),
        Wrong::NotValidForName => "the broker's certificate is for another name than the host of mqtt.url".into(),
        Wrong::NotValidForNameContext { expected, presented } => {
            let names: Vec<String> = presented.iter().take(5).map(|name| shown(&name_in(name)).into_owned()).collect();
            let names = match &names[..] {
                [] => "names no host (it needs a subjectAltName)".into(),
                names => format!("is for {}", names.join(", ")),
            };
            format!(
                "the broker's certificate {names}, not for {}: write the host in mqtt.url as the certificate has it, or the \
                 certificate's name in mqtt.server_name",
                shown(&expected.to_str())
            )
        }
        Wrong::Revoked => "the broker's certificate is revoked".into(),
        // For what rustls has no word, it passes on that of the library below.
        other => match inner(other) {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the broker shows the certificate of an authority (CA:TRUE), which no server may: make one for the broker \
                 that is signed by it, see docs/mqtt.md"
                    .into()
            }
            Some(webpki::Error::UnsupportedCertVersion) => {
                "the broker's certificate is of an old version (X.509 v1): make one of version 3, see docs/mqtt.md".into()
            }
            _ => format!("the broker's certificate cannot be accepted: {}", shown(&other.to_string())),
        },
    };
    Loss::wrong(text)
}

fn inner(wrong: &CertificateError) -> Option<&webpki::Error> {
    match wrong {
        CertificateError::Other(OtherError(inner)) => inner.downcast_ref(),
        _ => None,
    }
}

/// A machine without a battery for its clock starts in the past, so it may be right in a moment.
fn not_valid_yet(wrong: &CertificateError) -> Loss {
    let (from, now) = match wrong {
        CertificateError::NotValidYetContext { time, not_before } => {
            (format!(" before {}", date(*not_before)), format!("is set to {}", date(*time)))
        }
        _ => (" yet".into(), "tells another time".into()),
    };
    let reason = format!(
        "the broker's certificate is not valid{from}, and the clock of this machine {now}: it may not be set yet (see \
         timedatectl)"
    );
    Loss { reason, kind: LossKind::Away }
}

/// As the library has it: `DnsName("broker")`.
fn name_in(presented: &str) -> String {
    let inner = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(presented);
    inner.trim_matches('"').to_owned()
}

/// To the day, so that one cause has one text.
fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, 0).map_or_else(|| "?".into(), |time| time.format("%Y-%m-%d").to_string())
}

fn alert_received(alert: AlertDescription, settings: &MqttSettings) -> String {
    use AlertDescription as Alert;
    let ours = settings.tls.as_ref().and_then(|tls| tls.client.as_ref());
    match (alert, ours) {
        (Alert::CertificateRequired | Alert::HandshakeFailure | Alert::NoCertificate, None) => {
            "the broker asks for a certificate of ours: name it and its key in mqtt.cert_file and mqtt.key_file".into()
        }
        (
            Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::UnsupportedCertificate
            | Alert::DecryptError
            | Alert::AccessDenied
            | Alert::CertificateRequired,
            Some(ClientCertificate { cert_file, .. }),
        ) => {
            let what = match alert {
                Alert::UnknownCA => "it is not from an authority that the broker knows",
                Alert::CertificateExpired => "it has expired",
                Alert::CertificateRevoked => "it is revoked",
                _ => "the broker does not say more",
            };
            format!("the broker refuses our certificate {} ({what})", cert_file.display())
        }
        (Alert::UnrecognisedName, _) => {
            "the broker knows no host of this name: give the name in its certificate in mqtt.server_name".into()
        }
        (Alert::ProtocolVersion, _) => "the broker speaks neither TLS 1.2 nor TLS 1.3".into(),
        (alert, _) => format!("the broker ended TLS: {alert:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    /// That rustls passes on this very type, `tests/tls.rs` shows of a certificate of an authority.
    #[test]
    fn what_rustls_has_no_word_for_is_said_by_the_type_below() {
        let told = |error: webpki::Error| {
            let wrong = CertificateError::Other(OtherError(Arc::new(error)));
            explain(&Error::InvalidCertificate(wrong), &house::settings()).reason.to_string()
        };
        assert!(told(webpki::Error::CaUsedAsEndEntity).contains("(CA:TRUE)"));
        assert!(told(webpki::Error::UnsupportedCertVersion).contains("(X.509 v1)"));
        let other = told(webpki::Error::BadDer);
        assert!(other.starts_with("the broker's certificate cannot be accepted: "), "{other}");
    }
}
