//! Certificates and keys as files hold them, in PEM form: `check` and the connection to the broker read them alike.

use super::shown;
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{Error, PemObject, SectionKind},
};
use std::path::Path;
use tokio_rustls::rustls::{self, InconsistentKeys, crypto::ring::sign::any_supported_type, sign::CertifiedKey};

/// What is wrong with the content of a file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFault {
    /// After the name of the file: `holds no certificate`.
    pub fault: String,
    /// What to do.
    pub cure: &'static str,
}

/// What a file is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemKind {
    /// One certificate or more.
    Certificates,
    /// A private key.
    Key,
}

impl PemKind {
    /// Whether `bytes` are what they should be.
    ///
    /// # Errors
    /// What they are instead.
    pub fn check(self, bytes: &[u8]) -> Result<(), PemFault> {
        match self {
            PemKind::Certificates => certificates(bytes).map(drop),
            PemKind::Key => private_key(bytes).map(drop),
        }
    }
}

/// The certificates in a file, in their order; there is one at least.
///
/// # Errors
/// When there is none, or something there is damaged.
pub fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let found =
        CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>().map_err(|error| damaged(&error))?;
    if !found.is_empty() {
        return Ok(found);
    }
    let (fault, cure) = match what(bytes) {
        Some(SectionKind::Csr) => {
            ("holds a request for a certificate, not the certificate", "have it signed, and name what comes of it")
        }
        Some(SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey) => {
            ("holds a private key and no certificate", "name the file of the certificate, often *.crt or *.pem")
        }
        _ if bytes.first() == Some(&DER_SEQUENCE) => (
            "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)",
            "convert it with openssl x509 -inform der -in OLD -out NEW",
        ),
        _ => (
            "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)",
            "name the file of a certificate, often *.crt or *.pem",
        ),
    };
    Err(PemFault { fault: fault.into(), cure })
}

/// The first private key in a file.
///
/// # Errors
/// When there is none, it is damaged, or only a passphrase opens it.
pub fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, PemFault> {
    let is_encrypted = || {
        let has = |words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
        has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
    };
    if is_encrypted() {
        let fault = "holds a key that only a passphrase opens".into();
        return Err(PemFault { fault, cure: "take the passphrase off: openssl pkey -in OLD -out NEW, mode 640" });
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match (error, what(bytes)) {
        (Error::NoItemsFound, Some(SectionKind::Certificate)) => PemFault {
            fault: "holds a certificate and no private key".into(),
            cure: "name the file of the private key, often *.key",
        },
        (Error::NoItemsFound, _) => PemFault {
            fault: "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)".into(),
            cure: "name the file of the private key, often *.key",
        },
        (error, _) => damaged(&error),
    })
}

/// The certificates in one file, ours first, and its private key in another. `cert_file` is what messages call the first.
///
/// # Errors
/// Which of the two is wrong, and how; also when each is good and they do not belong together.
pub fn pair(
    cert: &[u8],
    key: &[u8],
    cert_file: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), (PemKind, PemFault)> {
    let chain = certificates(cert).map_err(|fault| (PemKind::Certificates, fault))?;
    let key = private_key(key).map_err(|fault| (PemKind::Key, fault))?;
    let wrong = |kind, fault: String, cure| Err((kind, PemFault { fault, cure }));
    let Ok(signing) = any_supported_type(&key) else {
        let cure = "make one: RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
        return wrong(PemKind::Key, "holds a key of a kind that TLS does not use".into(), cure);
    };
    let matches = |chain: &[CertificateDer<'static>]| CertifiedKey::new(chain.to_vec(), signing.clone()).keys_match();
    match matches(&chain) {
        // Not every kind of key tells what it would have to be.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok((chain, key)),
        Err(rustls::Error::InconsistentKeys(_)) if (1..chain.len()).any(|at| matches(&chain[at..]).is_ok()) => {
            let fault = "does not begin with the certificate of this key".into();
            wrong(PemKind::Certificates, fault, "put it first, and then those between it and its authority")
        }
        Err(rustls::Error::InconsistentKeys(_)) => {
            let fault = format!("is not the key of the certificate {}", cert_file.display());
            wrong(PemKind::Key, fault, "name those that belong together")
        }
        Err(error) => {
            let fault = format!("holds a certificate that cannot be used: {}", shown(&error.to_string()));
            wrong(
                PemKind::Certificates,
                fault,
                "make another, of X.509 version 3 (openssl x509 -req needs -extfile for that)",
            )
        }
    }
}

/// The first byte of what is in DER form.
const DER_SEQUENCE: u8 = 0x30;

/// What comes first in a file.
fn what(bytes: &[u8]) -> Option<SectionKind> {
    <(SectionKind, Vec<u8>)>::from_pem_slice(bytes).ok().map(|(kind, _)| kind)
}

/// Says nothing of what is there: it may be a key.
fn damaged(error: &Error) -> PemFault {
    let fault = match error {
        Error::MissingSectionEnd { .. } => "ends before its -----END line",
        Error::IllegalSectionStart { .. } => "has a -----BEGIN line that does not end with -----",
        _ => "is damaged: what stands between its -----BEGIN and -----END lines is not base64",
    };
    PemFault { fault: fault.into(), cure: "copy the file again" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

    fn fault(kind: PemKind, text: &str) -> String {
        kind.check(text.as_bytes()).unwrap_err().fault
    }

    #[test]
    fn both_may_stand_in_one_file_among_other_text() {
        let both = format!("subject=CN = broker\n{KEY}{CERTIFICATE}{CERTIFICATE}");
        assert_eq!(certificates(both.as_bytes()).unwrap().len(), 2);
        assert!(private_key(both.as_bytes()).is_ok());
        for kind in ["RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert!(private_key(KEY.replace("PRIVATE KEY", kind).as_bytes()).is_ok(), "{kind}");
        }
    }

    #[test]
    fn what_is_something_else_is_called_so() {
        let request = CERTIFICATE.replace("CERTIFICATE", "CERTIFICATE REQUEST");
        for (kind, text, expected) in [
            (PemKind::Certificates, "", "no certificate in PEM form"),
            (PemKind::Certificates, "0\u{2}", "no certificate in PEM form"),
            (PemKind::Certificates, KEY, "a private key and no certificate"),
            (PemKind::Certificates, &request, "a request for a certificate"),
            (PemKind::Certificates, &CERTIFICATE.replace("MAA=", "?"), "is damaged"),
            (PemKind::Certificates, &CERTIFICATE.replace("-----END", "END"), "ends before"),
            (PemKind::Key, "", "no private key in PEM form"),
            (PemKind::Key, CERTIFICATE, "a certificate and no private key"),
            (PemKind::Key, &KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "passphrase"),
            (PemKind::Key, &KEY.replace("MAA=", "geheim!"), "is damaged"),
        ] {
            let fault = fault(kind, text);
            assert!(fault.contains(expected) && !fault.contains("geheim"), "{text}: {fault}");
        }
    }
}
