//! Host and port, as the addresses of brokers and of gateways have them.

use super::shape::{Wrong, shorten};

/// Reads `host`, `host:port` or, of an IPv6 address, `[fe80::1]:port`. `usual` is the port where none is written; `example` a whole
/// address.
pub(super) fn host_and_port(text: &str, usual: Option<u16>, example: &str) -> Result<(String, u16), Wrong> {
    // An IPv6 address stands in brackets, because it contains colons itself.
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, port.strip_prefix(':').or(Some(""))),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(Wrong::new("no host", format!("write a name or address: \"{example}\"")));
    }
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')) {
        let message = format!("\"{}\" is not a host name", shorten(host));
        return Err(Wrong::new(message, format!("write only host and port: \"{example}\"")));
    }
    let port = match (port, usual) {
        (Some(port), _) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            let usual = usual.map_or(String::new(), |usual| format!(", usually {usual}"));
            let message = format!("\"{}\" is not a port", shorten(port));
            Wrong::new(message, format!("write a number from 1 to 65535{usual}"))
        })?,
        (None, Some(usual)) => usual,
        (None, None) => return Err(Wrong::new("no port", format!("write it behind the host: \"{example}\""))),
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_port_or_the_usual_one() {
        let read = |text, usual| host_and_port(text, usual, "tcp://host:1").map_err(|wrong| wrong.message);
        assert_eq!(read("b", Some(1883)), Ok(("b".into(), 1883)));
        assert_eq!(read("192.168.1.20:502", None), Ok(("192.168.1.20".into(), 502)));
        assert_eq!(read("[fe80::1]", Some(502)), Ok(("fe80::1".into(), 502)));
        assert_eq!(read("[fe80::1]:1502", Some(502)), Ok(("fe80::1".into(), 1502)));
        for (wrong, message) in [
            ("", "no host"),
            (":1", "no host"),
            ("b", "no port"),
            ("a b:1", "\"a b\" is not a host name"),
            ("b:0", "\"0\" is not a port"),
            ("b:65536", "\"65536\" is not a port"),
            ("[::1]x", "\"\" is not a port"),
        ] {
            assert_eq!(read(wrong, None), Err(message.to_owned()), "{wrong}");
        }
    }
}
