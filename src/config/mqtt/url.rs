//! The address of a broker, and how it is spoken to.

use super::super::{
    address::host_and_port,
    shape::{Shape, Wrong, shorten},
};
use crate::model::Carrier;
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// Where `url` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
    pub carrier: Carrier,
    pub with_tls: bool,
}

impl Default for Address {
    fn default() -> Address {
        Address { host: String::new(), port: 1883, carrier: Carrier::Tcp, with_tls: false }
    }
}

/// The address of a broker.
pub(super) struct Url;

/// Where brokers listen for WebSockets, unless the address says so; mosquitto takes any.
const WEBSOCKET_PATH: &str = "/mqtt";

impl Shape for Url {
    type Value = Address;

    fn noun(&self) -> String {
        "the address of a broker".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"mqtt://localhost:1883\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Address>, Wrong> {
        value.as_str().map(address).transpose()
    }

    fn schema(&self) -> Json {
        let examples = ["mqtt://localhost:1883", "mqtts://broker.example:8883", "wss://broker.example/mqtt"];
        json!({ "type": "string", "pattern": "^(mqtts?|wss?)://", "examples": examples })
    }

    fn show(&self, address: &Address) -> Json {
        let Address { host, port, carrier, with_tls } = address;
        json!(match (carrier, with_tls) {
            (Carrier::Tcp, false) => format!("mqtt://{host}:{port}"),
            (Carrier::Tcp, true) => format!("mqtts://{host}:{port}"),
            (Carrier::WebSocket { path }, false) => format!("ws://{host}:{port}{path}"),
            (Carrier::WebSocket { path }, true) => format!("wss://{host}:{port}{path}"),
        })
    }
}

fn address(url: &str) -> Result<Address, Wrong> {
    let wrong = |message: String, advice: String| Err(Wrong::new(message, advice));
    let Some((scheme, rest)) = url.split_once("://") else {
        return wrong("no mqtt:// before the host".into(), "write it as in \"mqtt://localhost:1883\"".into());
    };
    let (is_websocket, with_tls, usual_port) = match scheme {
        "mqtt" | "tcp" => (false, false, 1883),
        "mqtts" | "ssl" | "tls" => (false, true, 8883),
        "ws" => (true, false, 80),
        "wss" => (true, true, 443),
        _ => {
            let advice = "write mqtt://, mqtts:// (TLS), ws:// or wss:// (WebSockets, with TLS)";
            return wrong(format!("unknown scheme \"{}\"", shorten(scheme)), advice.into());
        }
    };
    let example = format!("{scheme}://broker.example:{usual_port}");
    let (rest, path) = match rest.find('/') {
        Some(at) if is_websocket => rest.split_at(at),
        _ => (rest.strip_suffix('/').unwrap_or(rest), ""),
    };
    if rest.contains('@') {
        return wrong(
            "user and password do not belong in the address".into(),
            "write username = ... and password_file = ... on lines of their own".into(),
        );
    }
    let (host, port) = host_and_port(rest, Some(usual_port), &example)?;
    let is_in_path = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
    if let Some(other) = path.chars().find(|c| !is_in_path(*c)) {
        return wrong(
            format!("`{}` cannot stand in the path of a WebSocket", shorten(&other.to_string())),
            "write only the path after the host, such as /mqtt".into(),
        );
    }
    let carrier = match (is_websocket, path) {
        (false, _) => Carrier::Tcp,
        (true, "" | "/") => Carrier::WebSocket { path: WEBSOCKET_PATH.into() },
        (true, path) => Carrier::WebSocket { path: path.into() },
    };
    Ok(Address { host, port, carrier, with_tls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_has_its_port_and_its_way() {
        for (url, shown) in [
            ("mqtt://b", "mqtt://b:1883"),
            ("tcp://b:1884/", "mqtt://b:1884"),
            ("mqtts://b", "mqtts://b:8883"),
            ("ssl://b:1", "mqtts://b:1"),
            ("ws://b", "ws://b:80/mqtt"),
            ("ws://b:9001/", "ws://b:9001/mqtt"),
            ("wss://b/a/b%20c", "wss://b:443/a/b%20c"),
        ] {
            let read = address(url).map_err(|wrong| wrong.message).unwrap();
            assert_eq!(Url.show(&read), shown, "{url}");
        }
        assert_eq!(address("wss://[fe80::1]:9001/x").map_err(|_| ()).unwrap().host, "fe80::1");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in
            ["http://b", "ws://b/a?token=1", "ws://b/a b", "wss://", "mqtts://u:p@b", "mqtts://b/path", "ws://b:x"]
        {
            assert!(address(url).is_err(), "{url}");
        }
    }
}
