//! A certificate that hearthd makes for itself, where the configuration names none. No authority vouches for it, so whoever
//! connects compares its fingerprint once. It is kept with the state: its key for ever, itself until it needs other names.

use crate::{files, model::pem};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::{io, path::Path};
use webpki::EndEntityCert;

/// A certificate and its key.
pub(super) type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The one for these names, host names or addresses, from the state folder; as long as hearthd runs, without one.
///
/// # Errors
/// When none can be made.
pub(super) fn pair(state: Option<&Path>, names: &[String]) -> Result<Pair, String> {
    let kept = |name: &str| files::read_text(&state?.join(name), files::SYSTEM).ok();
    let keep = |name: &str, text: &str| {
        let Some(folder) = state else { return };
        if let Err(error) = files::replace(&folder.join(name), text.as_bytes(), |_| Ok(())) {
            tracing::warn!(
                "the certificate of HTTP lasts until the next start: {}",
                complaint(&folder.join(name), &error)
            );
        }
    };
    let broken = |error: rcgen::Error| format!("no certificate can be made: {error}");
    let known = kept("http.key").and_then(|text| KeyPair::from_pem(&text).ok());
    let (key, is_new) = match known {
        Some(key) => (key, false),
        None => (KeyPair::generate().map_err(broken)?, true),
    };
    if is_new {
        keep("http.key", &key.serialize_pem());
    }
    let certificate = kept("http.crt").filter(|text| !is_new && is_for(text, names));
    let certificate = match certificate {
        Some(text) => text,
        None => {
            let mut params = CertificateParams::new(names).map_err(broken)?;
            // No clock is needed to make it, and nobody has to trust another one in ten years.
            (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2049, 12, 31));
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, "hearthd");
            let text = params.self_signed(&key).map_err(broken)?.pem();
            keep("http.crt", &text);
            text
        }
    };
    pem::pair(certificate.as_bytes(), key.serialize_pem().as_bytes(), Path::new("http.crt"))
        .map_err(|(_, fault)| fault.fault)
}

fn complaint(file: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", file.display())
}

/// Whether a certificate has all these names.
fn is_for(text: &str, names: &[String]) -> bool {
    let Ok(chain) = pem::certificates(text.as_bytes()) else { return false };
    let Some(certificate) = chain.first().and_then(|der| EndEntityCert::try_from(der).ok()) else { return false };
    let has = |name: &String| {
        let name = ServerName::try_from(name.as_str()).ok();
        name.is_some_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
    };
    names.iter().all(has)
}

/// By what people know a certificate: SHA-256, as browsers and `openssl x509 -fingerprint` show it.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    let bytes: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn it_stays_until_it_needs_other_names_and_its_key_stays_then() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = Some(folder.path());
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (first, key) = pair(state, &names(&["localhost", "192.168.1.5"])).unwrap();
        let mode = fs::metadata(folder.path().join("http.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (again, _) = pair(state, &names(&["localhost"])).unwrap();
        assert_eq!(fingerprint(&first[0]), fingerprint(&again[0]));
        let (other, same_key) = pair(state, &names(&["localhost", "hearth.local"])).unwrap();
        assert_ne!(fingerprint(&first[0]), fingerprint(&other[0]));
        assert_eq!(key.secret_der(), same_key.secret_der());
        for damaged in ["http.key", "http.crt"] {
            fs::write(folder.path().join(damaged), "-----BEGIN").unwrap();
            pair(state, &names(&["hearth.local"])).unwrap();
            let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
            pem::pair(&read("http.crt"), &read("http.key"), Path::new("http.crt")).unwrap();
        }
    }
}
