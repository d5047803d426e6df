//! The keys of `[mqtt]` that are about TLS.

use super::super::{
    diagnostic::Problems,
    pem_files::{FileName, FindPem, Named, PemFiles},
    shape::{Shape, Wrong},
    table::Table,
};
use crate::model::{ClientCertificate, TlsSettings};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

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
    let mut files = PemFiles::new(find, problems);
    let ca_file = draft.ca.map(|ca| files.certificates(&ca).path);
    let client = draft.client.map(|(cert, key)| {
        let (cert_file, key_file) = files.pair(&cert, &key);
        ClientCertificate { cert_file, key_file }
    });
    TlsSettings { ca_file, client, server_name: draft.server_name, mark: files.mark() }
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
