//! The keys of `[mqtt]` that are about TLS.

use super::super::{
    diagnostic::Problems,
    shape::{Shape, Wrong},
    table::Table,
};
use crate::model::{ClientCertificate, PemKind, TlsSettings};
use serde_json::{Value as Json, json};
use std::{hash::Hasher, ops::Range, path::PathBuf};
use toml::de::DeValue;

/// Where certificates and keys stand that the configuration names.
pub(in crate::config) struct PemFile {
    pub path: PathBuf,
    /// Tells this content from another; 0: it was not read.
    pub mark: u64,
}

/// Finds the file of a name, and looks whether it holds what it should.
pub(in crate::config) type FindPem<'f> = dyn Fn(&str, PemKind) -> Result<PemFile, Wrong> + 'f;

/// A name of a file, and where the configuration has it.
type Named = (String, Range<usize>);

/// What the file alone tells.
pub(super) struct Draft {
    ca: Option<Named>,
    client: Option<(Named, Named)>,
    server_name: Option<String>,
}

/// The keys of TLS; None without it.
pub(super) fn read(table: &mut Table<'_>, with_tls: bool) -> Option<Draft> {
    let ca = table.optional(
        "ca_file",
        "Certificates of the authorities that may vouch for the broker (PEM), beside this file; the system's when absent.",
        FileName,
    );
    let cert = table.optional("cert_file", "Our certificate (PEM), if the broker asks for one.", FileName);
    let key = table.optional(
        "key_file",
        "The private key of cert_file (PEM): beside this file, or a systemd credential of this name.",
        FileName,
    );
    let server_name = table.optional(
        "server_name",
        "The name in the broker's certificate, if it is not the host of url.",
        ServerName,
    );
    if !with_tls && table.is_real() {
        // A broken `url` is reported already.
        let has_url = table.text_of("url").is_some_and(|url| url.contains("://"));
        for key in
            ["ca_file", "cert_file", "key_file", "server_name"].into_iter().filter(|key| has_url && table.has(key))
        {
            let advice = "begin url with mqtts:// or wss://, or remove this line";
            table.error_at(key, format!("`{key}` is about TLS, and `url` is without it"), advice);
        }
        return None;
    }
    for (key, other, advice) in [
        ("cert_file", "key_file", "add key_file = ..., its private key"),
        ("key_file", "cert_file", "add cert_file = ..., the certificate of this key"),
    ] {
        if table.has(key) && !table.has(other) {
            table.error_at(key, format!("`{key}` without `{other}`"), advice);
        }
    }
    let named = |key: &str, name: String| (name, table.place_of(key));
    Some(Draft {
        ca: ca.map(|name| named("ca_file", name)),
        client: cert.zip(key).map(|(cert, key)| (named("cert_file", cert), named("key_file", key))),
        server_name,
    })
}

/// The settings, with the files where `find` finds them.
pub(super) fn resolve(draft: Draft, find: &FindPem<'_>, problems: &Problems) -> TlsSettings {
    let mut marks = std::hash::DefaultHasher::new();
    let mut path = |(name, place): Named, kind: PemKind| match find(&name, kind) {
        Ok(PemFile { path, mark }) => {
            marks.write_u64(mark);
            path
        }
        Err(wrong) => {
            problems.error(place, wrong.message, wrong.advice);
            PathBuf::new()
        }
    };
    let ca_file = draft.ca.map(|ca| path(ca, PemKind::Certificates));
    let client = draft.client.map(|(cert, key)| ClientCertificate {
        cert_file: path(cert, PemKind::Certificates),
        key_file: path(key, PemKind::Key),
    });
    TlsSettings { ca_file, client, server_name: draft.server_name, mark: marks.finish() }
}

/// The name of a file, not what should be in it.
pub(in crate::config) struct FileName;

impl Shape for FileName {
    type Value = String;

    fn noun(&self) -> String {
        "the name of a file".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"ca.crt\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.contains("-----BEGIN") {
            let advice = "write it into a file beside this one, and the name of that file here";
            Err(Wrong::new("this is what should stand in the file, not its name", advice))
        } else if text.trim().is_empty() {
            Err(Wrong::new("empty text", "write the name of a file, or remove the line"))
        } else if text.chars().any(char::is_control) || text.len() > 1_000 {
            Err(Wrong::new("this is not the name of a file", "write a name such as \"ca.crt\""))
        } else {
            Ok(Some(text.to_owned()))
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": 1000 })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// A host name or an IP address, as certificates have them.
struct ServerName;

impl Shape for ServerName {
    type Value = String;

    fn noun(&self) -> String {
        "a host name".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"broker.example\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        match rustls_pki_types::ServerName::try_from(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(_) => Err(Wrong::new(
                "this is not a host name",
                "write only the name that stands in the broker's certificate, without scheme and port",
            )),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]+$" })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}
