//! `[http]`: the web page and the API, for others than those on the Unix socket.

use super::{
    shape::{Shape, Wrong, shorten},
    table::Table,
};
use crate::model::HttpSettings;
use core::net::SocketAddr;
use serde_json::{Value as Json, json};
use toml::de::DeValue;

pub(super) fn read(table: &mut Table<'_>) -> HttpSettings {
    let listen = table.defaulted(
        "listen",
        "The address and the port; 127.0.0.1 and [::1] are reached from this machine only.",
        Address,
        HttpSettings::LISTEN,
    );
    let names = table.defaulted(
        "names",
        "Host names by which browsers may ask for it, besides localhost and the address.",
        HostNames,
        Vec::new(),
    );
    if !listen.ip().is_loopback() {
        table.error_at(
            "listen",
            "others than this machine would reach the house, and nobody would have to say who they are",
            "write listen = \"127.0.0.1:8480\"",
        );
    }
    HttpSettings { listen, names }
}

/// An IP address with a port.
struct Address;

impl Shape for Address {
    type Value = SocketAddr;

    fn noun(&self) -> String {
        "an address with a port".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"127.0.0.1:8480\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<SocketAddr>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let port = HttpSettings::LISTEN.port();
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() > 0 => Ok(Some(address)),
            Ok(_) => Err(Wrong::new("nobody can find port 0", format!("write a port from 1 to 65535, such as {port}"))),
            Err(_) => {
                let host = text.trim_start_matches("http://").trim_end_matches('/');
                let host = host.strip_prefix("localhost").map_or(host.to_owned(), |rest| format!("127.0.0.1{rest}"));
                let meant = [host.clone(), format!("{host}:{port}"), format!("[{host}]:{port}")];
                let meant = meant.iter().find(|text| text.parse::<SocketAddr>().is_ok());
                let advice =
                    meant.map_or_else(|| format!("write {}", self.example()), |meant| format!("write \"{meant}\""));
                Err(Wrong::new(format!("\"{}\" is not an IP address with a port", shorten(text)), advice))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[0-9a-fA-F:.]+\\]):\\d+$" })
    }

    fn show(&self, value: &SocketAddr) -> Json {
        json!(value.to_string())
    }
}

/// Names that a browser may have in its address line.
struct HostNames;

impl Shape for HostNames {
    type Value = Vec<String>;

    fn noun(&self) -> String {
        "a list of host names".into()
    }

    fn example(&self) -> String {
        "names in square brackets, such as [\"hearth.local\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<String>>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let name = |item: &toml::Spanned<DeValue<'_>>| {
            let Some(text) = item.get_ref().as_str() else {
                return Err(Wrong::new("host names are words in double quotes", format!("write {}", self.example())));
            };
            // As `rustls` reads the names of certificates: a DNS name or an IP address.
            match rustls_pki_types::ServerName::try_from(text) {
                Ok(_) => Ok(text.to_ascii_lowercase()),
                Err(_) => Err(Wrong::new(
                    format!("\"{}\" is not a host name", shorten(text)),
                    "write only the name, without scheme and port, such as \"hearth.local\"",
                )),
            }
        };
        items.iter().map(name).collect::<Result<_, _>>().map(Some)
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9._:-]+$" }, "uniqueItems": true })
    }

    fn show(&self, value: &Vec<String>) -> Json {
        json!(value)
    }
}
