//! Authorities and the certificates that they sign, made for each test.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

/// A certificate and its key.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Valid {
    Now,
    /// Until long ago.
    NoMore,
    /// From a day in the far future.
    NotYet,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new([name.replace(' ', "-")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate of a broker with these names.
    pub fn broker(&self, names: &[&str], valid: Valid) -> Pair {
        self.sign(names, valid, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Its own certificate, with its key.
    pub fn own(&self) -> Pair {
        Pair { certificate: self.pem.clone(), key: self.issuer.key().serialize_pem() }
    }

    /// A certificate of a client.
    pub fn client(&self, name: &str) -> Pair {
        self.sign(&[name], Valid::Now, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, names: &[&str], valid: Valid, purpose: ExtendedKeyUsagePurpose) -> Pair {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![purpose];
        let year = |year| date_time_ymd(year, 1, 1);
        (params.not_before, params.not_after) = match valid {
            Valid::Now => (year(2000), year(2200)),
            Valid::NoMore => (year(2000), year(2001)),
            Valid::NotYet => (year(2190), year(2200)),
        };
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

impl Pair {
    /// Writes both as `NAME.crt` and `NAME.key`.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let paths = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        fs::write(&paths.0, &self.certificate).unwrap();
        fs::write(&paths.1, &self.key).unwrap();
        paths
    }
}
