//! The shapes of what tables say of Modbus.

use crate::{
    config::{
        address::host_and_port,
        nearest,
        shape::{Shape, Wrong, is_word, one_of, shorten},
    },
    model::{ModbusLink, ModbusUnit},
};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// The port of Modbus TCP.
const TCP_PORT: u16 = 502;

/// A device file.
pub(in crate::config) struct Port;

impl Shape for Port {
    type Value = String;

    fn noun(&self) -> String {
        "the path of a serial port".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"/dev/ttyUSB0\" or \"/dev/serial/by-id/usb-FTDI_FT232R-if00-port0\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if !text.starts_with('/') || text.len() > 200 || text.chars().any(char::is_control) {
            let message = format!("\"{}\" is no path of a device", shorten(text));
            return Err(Wrong::new(message, format!("write {}", self.example())));
        }
        Ok(Some(text.to_owned()))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^/", "maxLength": 200 })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// `"tcp://192.168.1.20:502"`
pub(super) struct Url;

impl Shape for Url {
    type Value = ModbusLink;

    fn noun(&self) -> String {
        "an address".into()
    }

    fn example(&self) -> String {
        "it as in \"tcp://192.168.1.20:502\" or \"rtu+tcp://192.168.1.20:4001\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<ModbusLink>, Wrong> {
        value.as_str().map(link).transpose()
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^(rtu[+])?tcp://" })
    }

    fn show(&self, _: &ModbusLink) -> Json {
        Json::Null
    }
}

fn link(text: &str) -> Result<ModbusLink, Wrong> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    // Converters have no usual port.
    let (rtu, usual, example) = match scheme {
        "tcp" => (false, Some(TCP_PORT), "tcp://192.168.1.20:502"),
        "rtu+tcp" => (true, None, "rtu+tcp://192.168.1.20:4001"),
        _ => {
            let message = format!("\"{}\" is no address of Modbus", shorten(text));
            return Err(Wrong::new(message, format!("write {}", Url.example())));
        }
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if let Some((address, device)) = rest.split_once('/') {
        let message = format!("\"/{}\" behind the address of a bus", shorten(device));
        let advice = format!(
            "write \"{scheme}://{}\": its points say which device they are, as in modbus = \"rs485/5\"",
            shorten(address)
        );
        return Err(Wrong::new(message, advice));
    }
    let (host, port) = host_and_port(rest, usual, example)?;
    Ok(ModbusLink::Tcp { host: host.into(), port, rtu })
}

/// A device, and which of its relays or inputs.
pub(super) struct At {
    pub unit: ModbusUnit,
    /// Counted from 1.
    pub channel: Option<u16>,
}

/// `"rs485/5"`, or `"rs485/1/3"`.
pub(super) struct AtShape;

impl Shape for AtShape {
    type Value = At;

    fn noun(&self) -> String {
        "a device by its bus and address".into()
    }

    fn example(&self) -> String {
        "bus and address of the device, such as \"rs485/5\", and with a profile the number of its relay or input, such as \
         \"rs485/1/3\""
            .into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<At>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let wrong = |message: String| Wrong::new(message, format!("write {}", self.example()));
        let mut parts = text.split('/');
        let (bus, address) = (parts.next().unwrap_or_default(), parts.next());
        let (channel, more) = (parts.next(), parts.next());
        if !is_word(bus) || more.is_some() {
            return Err(wrong(format!("\"{}\" is no device on a bus", shorten(text))));
        }
        let Some(address) = address else { return Err(wrong(format!("no address of a device behind \"{bus}\""))) };
        let Some(address) = address.parse().ok().filter(|address| *address > 0) else {
            return Err(wrong(format!("\"{}\" is no address of a device: they go from 1 to 255", shorten(address))));
        };
        let channel = match channel.map(|channel| channel.parse().ok().filter(|channel| (1..=256).contains(channel))) {
            None => None,
            Some(Some(channel)) => Some(channel),
            Some(None) => return Err(wrong(format!("\"{}\": relays and inputs count from 1", shorten(text)))),
        };
        Ok(Some(At { unit: ModbusUnit { bus: bus.into(), address }, channel }))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9_]+/[0-9]+(/[0-9]+)?$" })
    }

    fn show(&self, _: &At) -> Json {
        Json::Null
    }
}

/// The name of a profile.
pub(super) struct ProfileWord;

impl Shape for ProfileWord {
    type Value = &'static super::Profile;

    fn noun(&self) -> String {
        "the name of a known device".into()
    }

    fn example(&self) -> String {
        one_of(super::profile::words().map(|word| format!("\"{word}\"")).collect())
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        super::find(text).map(Some).ok_or_else(|| {
            let advice = match nearest::name(text, super::profile::words()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("write {}; or say its registers, see docs/modbus.md", self.example()),
            };
            Wrong::new(format!("the device \"{}\" is not known", shorten(text)), advice)
        })
    }

    fn schema(&self) -> Json {
        json!({ "enum": super::profile::words().collect::<Vec<_>>() })
    }

    fn show(&self, _: &Self::Value) -> Json {
        Json::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_where_they_say() {
        let place = |text| link(text).ok().map(|link| link.place());
        assert_eq!(place("tcp://192.168.1.20").as_deref(), Some("192.168.1.20:502"));
        assert_eq!(place("tcp://[fe80::1]:1502/").as_deref(), Some("[fe80::1]:1502"));
        assert_eq!(place("rtu+tcp://gate:4001").as_deref(), Some("gate:4001"));
        for wrong in ["gate", "rtu+tcp://gate", "http://gate", "tcp://", "tcp://a b", "tcp://gate:0", "tcp://[::1]x"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
        let wrong = link("tcp://gate:502/1").err().unwrap();
        assert_eq!(wrong.message, "\"/1\" behind the address of a bus");
        assert!(wrong.advice.starts_with("write \"tcp://gate:502\": its points say"), "{}", wrong.advice);
    }
}
