//! Where a service listens.

use super::{Shape, Wrong, shorten};
use core::net::SocketAddr;
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// An IP address with a port, such as this one.
pub(in crate::config) struct Address(pub SocketAddr);

impl Shape for Address {
    type Value = SocketAddr;

    fn noun(&self) -> String {
        "an address with a port".into()
    }

    fn example(&self) -> String {
        format!("it in double quotes, such as \"{}\"", self.0)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<SocketAddr>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let port = self.0.port();
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
